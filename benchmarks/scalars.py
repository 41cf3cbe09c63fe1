"""What one operation of `GoldenExact` costs, beside two additions of bare mpz.

    python -m benchmarks.scalars [--json PATH] [--rounds 75]

Two additions of mpz are the least that a sum in the field takes, and they measure the machine as
well: multiples of them hold where times do not. Each round times every operation once, so that a
busy moment is everybody's; the medians are printed, over the denominator 1 and with denominators.
"""

from __future__ import annotations

import argparse
from math import floor
from statistics import median
from timeit import Timer
from typing import Any

from gmpy2 import mpz

from benchmarks.measure import Result, machine, write
from syntonic import GoldenExact

UNIT = "two mpz additions"

STATEMENTS = (
    "x + y", "x - y", "x * y", "x / y", "x // y", "divmod(x, y)", "x + 3", "3 * x", "x ** 2",
    "x ** 10", "-x", "x == y", "x == 3", "x < y", "x < 3", "x < 0.5", "hash(x)", "float(x)",
    "floor(x)", "int(x)", "round(x)", "str(x)", "repr(x)", "x.inverse()", "x.norm()",
    "GoldenExact(3, -5)",
)  # fmt: skip
"""What is timed."""

GOALS = {
    "x + y": 0.4e-6,
    "x * y": 0.6e-6,
    "x / y": 1.0e-6,
    "GoldenExact(3, -5)": 0.6e-6,
    "float(x)": 0.8e-6,
}
"""Seconds over the denominator 1, on a machine that adds two mpz twice in 0.07 us."""

OPERANDS = {
    "denominator 1": {"x": GoldenExact(3, -5), "y": GoldenExact(-7, 11)},
    "denominators": {"x": GoldenExact("3/2", -5), "y": GoldenExact("7/3", "11/4")},
}


def measured(rounds: int, calls: int = 200) -> list[Result]:
    """Return the median time of every operation, and of the unit in the same rounds."""
    integers = {"p": mpz(3), "q": mpz(-5), "r": mpz(-7), "s": mpz(11)}
    timers = {("", UNIT): Timer("p + r; q + s", globals=integers)}
    for kind, values in OPERANDS.items():
        names: dict[str, Any] = {"GoldenExact": GoldenExact, "floor": floor, **values}
        for statement in STATEMENTS:
            timers[kind, statement] = Timer(statement, globals=names)
    samples: dict[tuple[str, str], list[float]] = {key: [] for key in timers}
    for turn in range(rounds + 1):
        for key, timer in timers.items():
            seconds = timer.timeit(calls) / calls
            if turn:  # the first warms up
                samples[key].append(seconds)
    medians = {key: median(times) for key, times in samples.items()}
    unit = medians.pop(("", UNIT))
    return [
        Result(
            f"{operation}, {kind}",
            "call",
            {"syntonic": seconds, UNIT: unit},
            GOALS.get(operation) if kind == "denominator 1" else None,
        )
        for (kind, operation), seconds in medians.items()
    ]


def table(results: list[Result]) -> str:
    """Lay the times out, a line for each operation, and what misses its goal."""
    by_task = {result.task: result for result in results}
    unit = results[0].seconds[UNIT]
    head = "".join(f"{kind:>24s}" for kind in OPERANDS)
    lines = [f"{UNIT}: {unit * 1e9:.0f} ns", "", f"{'':20s}{head}   goal"]
    for operation in STATEMENTS:
        cells, goal = "", ""
        for kind in OPERANDS:
            result = by_task[f"{operation}, {kind}"]
            ours = result.seconds["syntonic"]
            cells += f"{ours * 1e9:12.0f} ns{ours / unit:7.1f} x"
            if result.goal is not None:
                goal = f"{result.goal * 1e9:.0f} ns: {'met' if ours <= result.goal else 'missed'}"
        lines.append(f"{operation:20s}{cells}   {goal}".rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", metavar="PATH", help="write the medians there as well")
    parser.add_argument("--rounds", type=int, default=75)
    options = parser.parse_args()
    print(machine(), end="\n\n")
    results = measured(options.rounds)
    print(table(results))
    write(options.json, results)


if __name__ == "__main__":
    main()

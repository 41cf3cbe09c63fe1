"""Cliffs: how much slower a call is than its neighbour, which looks as hard.

    python -m benchmarks.cliffs [--group NAME] [--match TEXT] [--size N] [--json PATH]

Each row times two calls in turns in one process, so the ratio of their times holds on a busy
machine where the times do not. A ratio above the row's bound is a cliff: the caller cannot
foresee it. Rows are in the tables of `TABLES`; a new table is a module with `ROWS`.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import argparse
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numba  # noqa: F401  loaded first, as in a process that has used a large array

from benchmarks import cliffs_fractions, cliffs_long, cliffs_matrices, cliffs_numpy
from benchmarks.cliff import Row
from benchmarks.measure import Result, pretty, write

TABLES: tuple[tuple[Row, ...], ...] = (
    cliffs_numpy.ROWS,
    cliffs_long.ROWS,
    cliffs_matrices.ROWS,
    cliffs_fractions.ROWS,
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", help="of the rows to run; all by default")
    parser.add_argument("--match", default="", help="a text in the names of the rows to run")
    parser.add_argument("--size", type=int, help="elements, instead of each row's own number")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--least", type=float, default=0.0005, help="seconds of one timing")
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args(arguments)
    results = []
    print(f"{'':56s}{'slow case':>10s}{'neighbour':>11s}{'ratio':>8s}{'bound':>7s}")
    for row in chosen(args.group, args.match):
        result = measured(row, args.size or row.size, args.rounds, args.least)
        results.append(result)
        print(line(row, result), flush=True)
    write(args.json, results)


def chosen(group: str | None, text: str) -> list[Row]:
    """Return the rows of a group, or of all, whose names hold a text."""
    rows = (row for table in TABLES for row in table)
    return [row for row in rows if group in (None, row.group) and text in row.name]


def measured(row: Row, size: int, rounds: int, least: float) -> Result:
    """Time both calls of a row on the same arguments, in turns.

    Of each the lower quartile counts: other processes take the processor in bursts, which hit
    long calls more often than short ones.
    """
    given = row.setup(size)
    calls = {"syntonic": row.slow, "neighbour": row.neighbour}
    repeats, samples = {}, {name: [] for name in calls}
    for name, call in calls.items():
        seconds_of(call, given, 1)  # compiles
        repeats[name] = max(1, int(least / max(seconds_of(call, given, 1), 1e-9)))
    for _ in range(rounds):
        for name, call in calls.items():
            samples[name].append(seconds_of(call, given, repeats[name]))
    quartiles = {name: sorted(times)[len(times) // 4] for name, times in samples.items()}
    return Result(f"{row.group}: {row.name}", "call", quartiles)


def seconds_of(call: Callable[..., Any], given: tuple[Any, ...], repeats: int) -> float:
    """Return the seconds of one call, the mean of several."""
    start = perf_counter()
    for _ in range(repeats):
        call(*given)
    return (perf_counter() - start) / repeats


def line(row: Row, result: Result) -> str:
    slow, neighbour = result.seconds["syntonic"], result.seconds["neighbour"]
    ratio = slow / neighbour
    mark = "  above" if ratio > row.bound else ""
    return (
        f"{row.group:14s}{row.name:42s}{pretty(slow):>10s}{pretty(neighbour):>11s}"
        f"{ratio:8.2f}{row.bound:7g}{mark}"
    )


if __name__ == "__main__":
    main()

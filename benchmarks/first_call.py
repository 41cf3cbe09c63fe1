"""What the first call of a process costs, with the compiled loops on disk.

    python -m benchmarks.first_call [--json PATH] [--processes 11]

Every timing is of a fresh process, from its first line to the result: the imports of NumPy and of
syntonic, of numba where a loop is needed, and the loading of compiled code. One process for each
task comes before all that are timed, and compiles what is not on disk.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.measure import Result, table, write

ROOT = Path(__file__).resolve().parent.parent

GOAL = 1.0
"""Seconds: what a first call may cost."""

START = "import time; start, used = time.perf_counter(), time.process_time()"
IMPORT = "import numpy as np; import syntonic"
END = "print(time.perf_counter() - start, time.process_time() - used)"
FLUX = "x = syntonic.ResonantTensor.from_flux(np.arange(64.0).reshape(8, 8))"
EXACT = "x = syntonic.ResonantTensor(np.eye(4, dtype=int)) * syntonic.PHI + 1"

TASKS: dict[str, dict[str, tuple[str, ...]]] = {
    "import": {"syntonic": (), "NumPy alone": ("import numpy",)},
    "sum in flux, 8x8": {"syntonic": (FLUX, "x + x")},
    "softmax 8x8": {"syntonic": (FLUX, "syntonic.syntonic_softmax(x)")},
    "layer norm 8x8": {"syntonic": (FLUX, "syntonic.golden_layer_norm(x)")},
    "snap of 1e5": {"syntonic": ("syntonic.snap(np.linspace(-50, 50, 100_000))",)},
    "exact 4x4: product, inverse, floats": {
        "syntonic": (EXACT, "x @ x, syntonic.linalg.inv(x), x.to_floats()")
    },
}
"""For each task what the contenders run; syntonic's programs begin with the imports."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="PATH")
    parser.add_argument("--processes", type=int, default=11, help="for each task")
    args = parser.parse_args()
    samples: dict[str, dict[str, list[float]]] = {task: {} for task in TASKS}
    for turn in range(args.processes + 1):
        for task, programs in TASKS.items():
            for who, lines in programs.items():
                took, used = seconds(lines if who != "syntonic" else (IMPORT, *lines))
                if turn:  # the first compiles
                    samples[task].setdefault(who, []).append(took)
                    if who == "syntonic":
                        samples[task].setdefault("its processor time", []).append(used)
    results = [
        Result(f"first call, {task}", "process", {w: median(t) for w, t in times.items()}, GOAL)
        for task, times in samples.items()
    ]
    print(table(results))
    write(args.json, results)


def seconds(lines: tuple[str, ...]) -> tuple[float, float]:
    """Return the seconds that the lines take in a process of their own, and the processor's.

    The latter are fewer where other processes have the cores.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", "\n".join((START, *lines, END))],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    took, used = map(float, done.stdout.split())
    return took, used


if __name__ == "__main__":
    main()

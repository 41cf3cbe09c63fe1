"""Exact tensors on a GPU: the seconds of each task, beside the CPU's and FLINT's.

    python -m benchmarks.gpu_exact --out FILE [--budget SECONDS] [--small] [--plan]

Needs an NVIDIA GPU, CuPy and the exact core; python-flint is measured beside if it is there.
`python -m benchmarks.gpu_session` runs this among its stages. `--plan` lists the tasks and needs no
GPU; `--small` runs them at small sizes.

A time is the median of a few calls, each waited for, after one that warms up; the way to the device
and back is timed apart, once each. Every result is compared with the CPU's, or those rows of it
that the CPU computes as well. Where a contender would take too long it gets a smaller size, which
stands beside its seconds: no time is for a size that did not run. FLINT's product is three of
integer matrices, (a + b)(c + d) - ac for the φ part. The results are written after every task.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.device import optional
from benchmarks.measure import machine, pretty
from syntonic.errors import BackendUnavailableError
from syntonic.flux.device import cuda_library

GOAL = 0.8  # of a copy's bandwidth, for element-wise operations
PAIR = 16  # bytes of an element
ROUNDS = 5

SIZES = {
    "elements": 10**8,
    "matmul": 2048,
    "matmul on the CPU, 40 bits": 1024,
    "matmul of FLINT": 256,
    "matrices": 1000,
    "order": 32,
}
SMALL = {**dict.fromkeys(SIZES, 24), "elements": 1000, "matrices": 6, "order": 5}
TASKS = ("add", "multiply", "matmul, 4 bits", "matmul, 40 bits", "det")


class Bench:
    """One run: what is measured, beside what, at which sizes."""

    def __init__(self, cupy: Any, sizes: dict[str, int], copy: float | None) -> None:
        self._finish = cupy.cuda.Device().synchronize
        self._sizes, self._copy = sizes, copy
        self._rng = np.random.default_rng(5)

    def tasks(self) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
        """Yield names and what measures them."""
        pair: list[Any] = []
        yield "add", lambda: self._elementwise("add", pair)
        yield "multiply", lambda: self._elementwise("multiply", pair)
        pair.clear()
        yield "matmul, 4 bits", lambda: self._matmul(4, "matmul")
        yield "matmul, 40 bits", lambda: self._matmul(40, "matmul on the CPU, 40 bits")
        yield "det", self._det

    def _elementwise(self, name: str, pair: list[Any]) -> dict[str, Any]:
        count = self._sizes["elements"]
        pair[:] = pair or [self._random((count,), 20), self._random((count,), 20)]
        function = getattr(np, name)
        entry = self._beside(function, pair, pair, [f"{count} elements"] * 2)
        if self._copy:
            seconds = entry["seconds"]["syntonic on the GPU"]
            entry |= {"of_copy": round(3 * PAIR * count / seconds / self._copy, 3), "goal": GOAL}
        return entry

    def _matmul(self, bits: int, on_cpu: str) -> dict[str, Any]:
        n, small = self._sizes["matmul"], self._sizes[on_cpu]
        pair = [self._random((n, n), bits), self._random((n, n), bits)]
        less = [x[:small, :small] for x in pair]
        entry = self._beside(np.matmul, pair, less, [f"order {n}", f"order {small}"])
        order = self._sizes["matmul of FLINT"]
        if (flint := optional("flint")) is not None:
            call = _flint_product(flint, *(x[:order, :order] for x in pair))
            entry["seconds"]["FLINT"] = _median(call, lambda: None, 3)
            entry["sizes"]["FLINT"] = f"order {order}"
        return entry

    def _det(self) -> dict[str, Any]:
        from syntonic import linalg

        count, n = self._sizes["matrices"], self._sizes["order"]
        x = [self._random((count, n, n), 4)]
        return self._beside(linalg.det, x, x, [f"{count} matrices of order {n}"] * 2)

    def _beside(
        self, function: Any, operands: list[Any], on_cpu: list[Any], sizes: list[str]
    ) -> dict[str, Any]:
        """Time a function on the GPU and on the CPU, and compare what both give."""
        began = time.perf_counter()
        there = [x.to_device("cuda") for x in operands]
        self._finish()
        sent = time.perf_counter() - began
        gpu = _median(lambda: function(*there), self._finish, ROUNDS)
        found = function(*there)
        began = time.perf_counter()
        back = found.to_device("cpu")
        fetched = time.perf_counter() - began
        cpu = _median(lambda: function(*on_cpu), lambda: None, 3)
        rows = slice(0, 32) if function is np.matmul else slice(None)
        expected = function(operands[0][rows], *operands[1:])
        if not back[rows].equals(expected):
            raise SystemExit(f"{function.__name__}: the GPU and the CPU disagree")
        return {
            "seconds": {"syntonic on the GPU": gpu, "syntonic on the CPU": cpu},
            "transfers": {"to the GPU": sent, "to the CPU": fetched},
            "sizes": dict(zip(("syntonic on the GPU", "syntonic on the CPU"), sizes, strict=True)),
        }

    def _random(self, shape: tuple[int, ...], bits: int) -> Any:
        from syntonic import ResonantTensor

        bound = 1 << (bits - 1)
        a, b = (self._rng.integers(-bound, bound, shape) for _ in range(2))
        return ResonantTensor.from_lattice(a, b)


def _flint_product(flint: Any, x: Any, y: Any) -> Callable[[], Any]:
    """Return a call of three products of integer matrices, without the conversions."""
    (a, b), (c, d) = (tuple(flint.fmpz_mat(p.tolist()) for p in z.numerators()[:2]) for z in (x, y))
    both, sums = a + b, c + d

    def call() -> Any:
        ac = a * c
        return ac + b * d, both * sums - ac

    return call


def _median(call: Callable[[], Any], finish: Callable[[], Any], rounds: int) -> float:
    call()
    finish()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        finish()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main(arguments: Sequence[str] | None = None) -> int | str:
    options = _parser().parse_args(arguments)
    sizes = SMALL if options.small else SIZES
    if options.plan:
        print("\n".join([*TASKS, *(f"{name}: {n}" for name, n in sizes.items())]))
        return 0
    if options.out is None:
        return "gpu_exact: --out FILE is missing"
    try:
        cupy = cuda_library("gpu_exact")
    except BackendUnavailableError as error:
        return str(error)
    return run(Bench(cupy, sizes, None if options.small else _copy()), options)


def run(bench: Bench, options: argparse.Namespace) -> int:
    """Measure each task while there is time, and write the results after each."""
    ends = time.monotonic() + options.budget
    record: dict[str, Any] = {"machine": machine(), "tasks": {}}
    failed = 0
    for name, measure in bench.tasks():
        if time.monotonic() > ends:
            entry = {"left out": "the budget is spent"}
        else:
            try:
                entry = measure()
            except Exception as error:  # the next task may do
                failed, entry = 1, {"error": f"{type(error).__name__}: {error}"}
        record["tasks"][name] = entry
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print("\n".join(_lines(name, entry)), flush=True)
    return failed


def _lines(name: str, entry: dict[str, Any]) -> list[str]:
    share = f", {entry['of_copy']:.0%} of a copy" if "of_copy" in entry else ""
    lines = [name + share + "".join(f": {entry[k]}" for k in ("left out", "error") if k in entry)]
    for contender, seconds in entry.get("seconds", {}).items():
        lines.append(f"  {contender:22s}{pretty(seconds):>12s}  {entry['sizes'][contender]}")
    for way, seconds in entry.get("transfers", {}).items():
        lines.append(f"  {way:22s}{pretty(seconds):>12s}")
    return lines


def _copy() -> float:
    from benchmarks.gpu.device import Gpu

    return Gpu().copy_bandwidth()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, metavar="FILE")
    parser.add_argument("--budget", type=float, default=60, metavar="SECONDS")
    parser.add_argument("--small", action="store_true", help="small sizes")
    parser.add_argument("--plan", action="store_true", help="list the tasks, and run none")
    return parser


if __name__ == "__main__":
    sys.exit(main())

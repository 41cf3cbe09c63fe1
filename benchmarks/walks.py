"""How far one call walks: Python calls inside the package, the files they are in, and how often
control passes from one file to another.

    python -m benchmarks.walks

Each call is warm. A ceiling is what the test holds the calls to; the way is short where a reader,
too, finds it so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numba  # noqa: F401  loaded first, as in a process that has used a large array
import numpy as np

import syntonic
from syntonic import ResonantTensor, linalg

PACKAGE = str(Path(syntonic.__file__).parent)


class Walk(NamedTuple):
    """What one call does inside the package."""

    calls: int
    files: int
    changes: int


def walk(call: Callable[[], Any]) -> Walk:
    """Return how far a call walks; it is called three times before."""
    for _ in range(3):
        call()
    path: list[str] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            path.append(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    changes = sum(a != b for a, b in pairwise(path))
    return Walk(len(path), len(set(path)), changes)


def calls() -> dict[str, tuple[Callable[[], Any], Walk]]:
    """Return the calls by name, each with its ceiling."""
    rng = np.random.default_rng(1)
    a, b = (ResonantTensor.from_lattice(*rng.integers(-99, 99, (2, 8, 8))) for _ in range(2))
    x, y = (ResonantTensor.from_flux(rng.standard_normal((4, 8))) for _ in range(2))
    image = ResonantTensor.from_flux(rng.standard_normal((2, 3, 4, 4)))
    floats = rng.standard_normal(4096)
    return {
        "t.sum()": (lambda: a.sum(), Walk(42, 5, 20)),
        "phi_residual": (lambda: syntonic.phi_residual(x, y), Walk(32, 8, 14)),
        "golden_batch_norm_2d": (lambda: syntonic.golden_batch_norm_2d(image), Walk(36, 8, 16)),
        "syntonic_softmax": (lambda: syntonic.syntonic_softmax(x), Walk(30, 7, 14)),
        "golden_layer_norm": (lambda: syntonic.golden_layer_norm(x), Walk(30, 8, 14)),
        "linalg.det 8x8": (lambda: linalg.det(a), Walk(50, 11, 22)),
        "A @ B": (lambda: a @ b, Walk(41, 5, 11)),
        "A + B": (lambda: a + b, Walk(22, 6, 9)),
        "snap of an array": (lambda: syntonic.snap(floats), Walk(22, 8, 11)),
        "snap of a float": (lambda: syntonic.snap(2.7), Walk(18, 5, 6)),
    }


def main() -> int:
    """Print the table."""
    print(f"{'call':<22}{'calls':>7}{'files':>7}{'changes':>9}   ceiling")
    for name, (call, ceiling) in calls().items():
        found = walk(call)
        print(f"{name:<22}{found.calls:>7}{found.files:>7}{found.changes:>9}   {tuple(ceiling)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

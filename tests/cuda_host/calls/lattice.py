"""Between floats and the golden lattice; the definition of the snap is the CPU's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cuda_host.calls.place import Float, Pairs, Place
from syntonic.constants import PHI_FLOAT as PHI

__all__ = ["golden_snap", "golden_snap_integers", "golden_snap_window", "golden_wake"]

COUNT = 2049
"""Two tiles of a block, and one value."""


def _need_the_exact_core() -> None:
    pytest.importorskip("gmpy2", reason="snap and wake need the exact core, and that gmpy2")


def _snap(at: Place, x: Float, denominator: int, **bound: Any) -> Pairs:
    _need_the_exact_core()
    from syntonic.flux.cuda import lattice
    from syntonic.rounding.snap import plan_of, snap

    right = snap(x, denominator=denominator, **bound)
    plan, d = plan_of(bound.get("precision"), bound.get("window"), denominator)
    for integers in (np.int64, np.int32):
        got = lattice.golden_snap(at.give(x), plan, d, integers)
        yield from zip(got, (right.a, right.b, np.zeros(3)), strict=True)


def golden_snap(at: Place) -> Pairs:
    yield from _snap(at, at.draw(COUNT), 1, precision=1000)
    yield from _snap(at, at.draw(COUNT), 7, precision=50)


def golden_snap_integers(at: Place) -> Pairs:
    quarters = np.rint(4 * at.draw(COUNT)) / 4  # many ties
    yield from _snap(at, quarters, 2, precision=0)


def golden_snap_window(at: Place) -> Pairs:
    yield from _snap(at, at.draw(COUNT), 1, window=0.01)


def golden_wake(at: Place) -> Pairs:
    _need_the_exact_core()
    from syntonic.flux.cuda import lattice
    from syntonic.rounding.wake import odd_and_scale

    a, b = at.random.integers(-1000, 1000, (2, COUNT))
    pairs = at.give(a, np.int64), at.give(b, np.int64)
    for denominator in (1, 12):
        parts = odd_and_scale(denominator)
        assert parts is not None
        got = lattice.golden_wake(*pairs, *parts, at.dtype)
        yield from zip(got, ((a + b * PHI) / denominator, np.zeros(3)), strict=True)

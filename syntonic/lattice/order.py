"""Exact order on lattice arrays: sign, comparison, rounding to integers, sorting, extremes.

Floats only filter. A sign or floor taken from float64 is used where the stated rounding bound
proves it; everything else is decided on integers. Sorting compares correctly rounded floats,
which are monotone in the exact values, and decides equal floats exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from math import floor as _floor
from typing import Any

import numpy as np

from syntonic.constants import PHI
from syntonic.exact import pairs
from syntonic.exact.golden import GoldenExact
from syntonic.lattice.arithmetic import (
    add,
    aligned,
    divide,
    multiply,
    negative,
    subtract,
)
from syntonic.lattice.array import LatticeArray, elementwise, int64s, objects
from syntonic.lattice.build import lattice_scalar
from syntonic.lattice.structure import where
from syntonic.lattice.wake import wake, wake_rational

__all__ = [
    "absolute",
    "argmax",
    "argmin",
    "argsort",
    "ceil",
    "compare",
    "equal",
    "floats",
    "floor",
    "floor_divide",
    "maximum",
    "minimum",
    "relu",
    "remainder",
    "round_half_even",
    "sign",
    "trunc",
]

_sign_golden = np.frompyfunc(GoldenExact.sign, 1, 1)
_sign_pair = np.frompyfunc(pairs.sign, 2, 1)
_floor_golden = np.frompyfunc(_floor, 1, 1)
_floor_pair = np.frompyfunc(pairs.floor_div, 3, 1)

# |fl(p + qφ) - (p + qφ)| <= 2u|p| + 6.6u|q| with u = 2^-53: one rounding each of p, q, φ, the
# product and the sum. 8u leaves room for the rounding of the bound itself.
_FILTER = 2.0**-50


def floats(x: LatticeArray, dtype: Any = np.float64) -> Any:
    """Return the correctly rounded floats of x."""
    if x.denominator is None:
        return wake_rational(x.a, x.b, dtype)
    return wake(x.a, x.b, x.denominator, dtype)


def sign(x: LatticeArray) -> Any:
    """Return the exact sign of each element: an int64 array of -1, 0, 1."""
    if x.denominator is None:
        return int64s(elementwise(_sign_golden, x.scalars()))
    p, q = x.a.astype(np.float64), x.b.astype(np.float64)
    value, error = p + q * PHI, (np.abs(p) + np.abs(q)) * _FILTER
    out = np.asarray(np.sign(value), dtype=np.int64)
    doubtful = np.abs(value) <= error
    if doubtful.any():
        out = np.array(out)
        out[doubtful] = int64s(
            _sign_pair(x.a[doubtful].astype(object), x.b[doubtful].astype(object))
        )
    return out


def relu(x: LatticeArray) -> LatticeArray:
    """Return max(x, 0)."""
    keep = sign(x) > 0
    return x.map(lambda part: np.where(keep, part, part * 0))


def absolute(x: LatticeArray) -> LatticeArray:
    """Return |x|."""
    signs = sign(x)
    return multiply(x, LatticeArray.packed(signs, np.zeros_like(signs), bound=1))


def equal(x: LatticeArray, y: LatticeArray) -> Any:
    """Return where x = y exactly, as a boolean array."""
    x, y = aligned(x, y)
    return np.asarray((x.a == y.a) & (x.b == y.b), dtype=bool)


def compare(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> Any:
    """Return ufunc(x, y) for an order comparison, decided exactly."""
    return np.asarray(ufunc(sign(subtract(x, y)), 0), dtype=bool)


def maximum(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return the larger of x and y, element-wise."""
    return _select(np.greater_equal, x, y)


def minimum(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return the smaller of x and y, element-wise."""
    return _select(np.less_equal, x, y)


def floor(x: LatticeArray) -> LatticeArray:
    """Return ⌊x⌋."""
    return _integers(_floors(x))


def ceil(x: LatticeArray) -> LatticeArray:
    """Return ⌈x⌉."""
    return negative(floor(negative(x)))


def trunc(x: LatticeArray) -> LatticeArray:
    """Return x rounded toward zero."""
    return where(sign(x) < 0, ceil(x), floor(x))


def round_half_even(x: LatticeArray, decimals: int = 0) -> LatticeArray:
    """Return x rounded to a multiple of 10^-decimals; exact ties go to the even multiple."""
    if decimals:
        unit = lattice_scalar(Fraction(10) ** -decimals)
        return multiply(round_half_even(divide(x, unit)), unit)
    raised = add(x, lattice_scalar(Fraction(1, 2)))
    rounded = _floors(raised)
    # ⌊x + 1/2⌋ is the nearest integer, and the upper of two when x + 1/2 is one itself.
    odd_tie = equal(raised, _integers(rounded)) & (rounded % 2 == 1)
    return _integers(rounded - odd_tie)


def floor_divide(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return ⌊x/y⌋."""
    return floor(divide(x, y, "floor_divide"))


def remainder(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return x - y⌊x/y⌋: of the sign of y as in Python."""
    return subtract(x, multiply(y, floor(divide(x, y, "remainder"))))


def argsort(x: LatticeArray, axis: int = -1) -> Any:
    """Return the indices that sort x exactly along an axis; stable."""
    if x.denominator is None:
        return np.argsort(x.scalars(), axis=axis, kind="stable")
    moved = x.map(lambda part: np.moveaxis(part, axis, -1))
    keys = floats(moved)
    order = np.argsort(keys, axis=-1, kind="stable")
    ranked = np.take_along_axis(keys, order, -1)
    tied_rows = (ranked[..., 1:] == ranked[..., :-1]).any(axis=-1)
    for row in map(tuple, np.argwhere(tied_rows)):
        order[row] = _settle_runs(moved[row], order[row], ranked[row])
    return np.moveaxis(order, -1, axis)


def argmax(x: LatticeArray, axis: int = -1) -> Any:
    """Return the index of the exact maximum along an axis, the first among equals."""
    return _argextreme(x, axis, np.argmax)


def argmin(x: LatticeArray, axis: int = -1) -> Any:
    """Return the index of the exact minimum along an axis, the first among equals."""
    return _argextreme(x, axis, np.argmin)


def _floors(x: LatticeArray) -> Any:
    """Return ⌊x⌋ as an integer array: int64, or objects where that may not fit."""
    if x.denominator is None:
        return elementwise(_floor_golden, x.scalars())
    p, q, d = x.a.astype(np.float64), x.b.astype(np.float64), float(x.denominator)
    value, error = (p + q * PHI) / d, (np.abs(p) + np.abs(q)) * (2 * _FILTER / d)
    low, high = np.floor(value - error), np.floor(value + error)
    doubtful = ((low != high) | (np.abs(low) >= 2.0**52)) & (x.b != 0)
    out = np.where(x.b == 0, x.a // x.denominator, np.where(doubtful, 0, low).astype(np.int64))
    if not doubtful.any():
        return int64s(out)
    out = objects(out.astype(object))
    out[doubtful] = _floor_pair(
        x.a[doubtful].astype(object), x.b[doubtful].astype(object), x.denominator
    )
    return out


def _integers(n: Any) -> LatticeArray:
    return LatticeArray.from_numerators(n, np.zeros_like(n))


def _select(better: np.ufunc, x: LatticeArray, y: LatticeArray) -> LatticeArray:
    return where(compare(x, y, better), x, y)


def _argextreme(x: LatticeArray, axis: int, arg: Callable[..., Any]) -> Any:
    if x.denominator is None:
        return np.asarray(arg(x.scalars(), axis=axis))
    moved = x.map(lambda part: np.moveaxis(part, axis, -1))
    keys = floats(moved)
    first = np.asarray(arg(keys, axis=-1))
    best = keys == np.take_along_axis(keys, first[..., None], -1)
    for row in map(tuple, np.argwhere(best.sum(axis=-1) > 1)):
        (rivals,) = np.nonzero(best[row])
        first[row] = rivals[arg(moved[row][rivals].scalars())]
    return first


def _settle_runs(x: LatticeArray, order: Any, ranked: Any) -> Any:
    """Sort a row's runs of equal floats exactly; stable, as `order` was."""
    edges = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1], [True]]))
    for start, stop in itertools.pairwise(edges):
        run = np.sort(order[start:stop])
        values = x[run]
        if (values.a != values.a[0]).any() or (values.b != values.b[0]).any():
            order[start:stop] = run[np.argsort(values.scalars(), kind="stable")]
    return order

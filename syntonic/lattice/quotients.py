"""Floats and the order of arrays whose elements have denominators of their own.

`floats` rounds correctly. `enclosures` are floats that need not: with a bound of their errors they
decide most comparisons, and what they leave open is decided on integers.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.exact.golden import GoldenExact
from syntonic.foreign import frozen
from syntonic.jit.policy import compiled_pays
from syntonic.lattice.array import LatticeArray, elementwise, int64s
from syntonic.lattice.rational_floats import compiled_enclosures, compiled_floats, readable
from syntonic.rounding.wake import float_type, wake, wake_exact, wake_rational, warn_overflow

__all__ = ["argextreme", "argsort", "difference_signs", "floats", "rational_signs"]

_sign = np.frompyfunc(GoldenExact.sign, 1, 1)

# Of the roundings of a, b, φ, the product and the sum, as in `order`; then as much again for the
# roundings of the bound, and something for what is below the normal range.
_ERROR, _LEAST = 2.0**-49, 2.0**-1000


def floats(x: LatticeArray, dtype: Any = np.float64) -> Any:
    """Return the correctly rounded floats of a fractional or rational array."""
    out_type = float_type(dtype)
    if x.is_rational:
        if compiled_pays(x.size) and readable():
            return compiled_floats(x, out_type)
        return wake_rational(x.a, x.b, out_type)
    if not compiled_pays(x.size):
        return wake_exact(x.a, x.b, x.denominator, out_type)
    from syntonic.lattice.quotient_loops import quotients

    a, b, d = (frozen(np.ascontiguousarray(part).ravel()) for part in (x.a, x.b, x.denominator))
    out, undecided = quotients(a, b, d, out_type)
    if undecided:
        open_ = np.flatnonzero(np.isnan(out))
        out[open_] = wake_exact(a[open_], b[open_], d[open_], out_type)
    if out_type == np.float16 and np.isinf(out).any():
        warn_overflow(out_type)
    return out.reshape(x.shape)


def enclosures(x: LatticeArray) -> tuple[Any, Any]:
    """Return floats of a rational array and bounds of their errors, infinite where they are."""
    if compiled_pays(x.size) and readable():
        return compiled_enclosures(x)
    a, b = _nearest(x.a), _nearest(x.b)
    with np.errstate(over="ignore", invalid="ignore"):
        value, error = a + b * PHI_FLOAT, (np.abs(a) + np.abs(b)) * _ERROR + _LEAST
    open_ = ~np.isfinite(value) | ~np.isfinite(error)
    return np.where(open_, 0.0, value), np.where(open_, np.inf, error)


def _nearest(part: Any) -> Any:
    try:
        return np.asarray(part, np.float64)
    except OverflowError:
        return np.asarray(elementwise(_float, part), np.float64)


def _float_or_infinity(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return inf


def difference_signs(x: LatticeArray, y: LatticeArray, equal: Callable[..., Any]) -> Any:
    """Return the exact signs of x - y without the differences, which may be long.

    `equal(x, y)` tells where two arrays are equal, sooner than differences of scalars do.
    """
    x, y = _broadcast(x, y)
    (p, e), (q, f) = _estimates(x), _estimates(y)
    difference, error = p - q, 2 * (e + f)
    signs = np.asarray((difference > error).astype(np.int64) - (difference < -error))
    open_ = np.asarray(np.abs(difference) <= error)
    if open_.any():
        signs[open_] = _exact_differences(x[open_], y[open_], equal)
    return signs


_float = np.frompyfunc(_float_or_infinity, 1, 1)


def rational_signs(x: LatticeArray) -> Any:
    """Return the exact signs of a rational array."""
    value, error = enclosures(x)
    signs = np.sign(value).astype(np.int64)
    open_ = np.asarray(np.abs(value) <= error)
    if open_.any():
        signs = np.asarray(signs)
        signs[open_] = int64s(elementwise(_sign, x[open_].scalars()))
    return signs


def argsort(x: LatticeArray, axis: int) -> Any:
    """Return the indices that sort a rational array exactly along an axis; stable."""
    moved = x.map(lambda part: np.moveaxis(part, axis, -1))
    value, error = enclosures(moved)
    order = np.argsort(value, axis=-1, kind="stable")
    low, high = (np.take_along_axis(v, order, -1) for v in (value - error, value + error))
    # What stands before a place is less than all behind it, where no enclosures overlap.
    lowest = np.flip(np.minimum.accumulate(np.flip(low, -1), axis=-1), -1)
    apart = np.maximum.accumulate(high, axis=-1)[..., :-1] < lowest[..., 1:]
    for row in map(tuple, np.argwhere(~apart.all(axis=-1))):
        edges = [0, *(np.flatnonzero(apart[row]) + 1).tolist(), order.shape[-1]]
        for start, stop in pairwise(edges):
            if stop - start > 1:
                run = np.sort(order[row][start:stop])
                ranks = np.argsort(moved[row][run].scalars(), kind="stable")
                order[row][start:stop] = run[ranks]
    return np.moveaxis(order, -1, axis)


def argextreme(x: LatticeArray, axis: int, arg: Callable[..., Any]) -> Any:
    """Return np.argmax or np.argmin of a rational array along an axis, decided exactly."""
    moved = x.map(lambda part: np.moveaxis(part, axis, -1))
    value, error = enclosures(moved)
    first = np.asarray(arg(value, axis=-1))
    if arg is np.argmax:
        rivals = value + error >= np.max(value - error, axis=-1, keepdims=True)
    else:
        rivals = value - error <= np.min(value + error, axis=-1, keepdims=True)
    for row in map(tuple, np.argwhere(rivals.sum(axis=-1) > 1)):
        (chosen,) = np.nonzero(rivals[row])
        first[row] = chosen[arg(moved[row][chosen].scalars())]
    return first


def _broadcast(x: LatticeArray, y: LatticeArray) -> tuple[LatticeArray, LatticeArray]:
    if x.shape == y.shape:
        return x, y
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = (z.map(lambda part: np.broadcast_to(part, shape)) for z in (x, y))
    return x, y


def _estimates(x: LatticeArray) -> tuple[Any, Any]:
    if not x.is_int64:
        return enclosures(x.unpacked())
    value = wake(x.a, x.b, x.denominator) if x.is_packed else floats(x)
    return value, np.abs(value) * 2.0**-53


def _exact_differences(x: LatticeArray, y: LatticeArray, equal: Callable[..., Any]) -> Any:
    signs = np.zeros(x.size, np.int64)
    (rest,) = np.nonzero(~equal(x, y))
    if rest.size:
        signs[rest] = elementwise(_sign, x[rest].scalars() - y[rest].scalars())
    return signs

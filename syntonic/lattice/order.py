"""Exact order on lattice arrays: sign, comparison, rounding to integers.

Floats only filter. A sign or floor taken from float64 is used where the stated rounding bound
proves it; everything else is decided on integers.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor as _floor
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.exact import pairs
from syntonic.exact.golden import GoldenExact
from syntonic.exact.limits import MAX_DIGITS, require_all_bits, require_digits
from syntonic.lattice import loops, quotients, wide
from syntonic.lattice.arithmetic import (
    add,
    aligned,
    divide,
    multiply,
    negative,
    parts,
    subtract,
    sum_fits,
)
from syntonic.lattice.array import INT64_MAX, LatticeArray, elementwise, int64s, objects
from syntonic.lattice.convert import as_lattice, lattice_scalar
from syntonic.lattice.joining import where
from syntonic.lattice.wide_floors import are_odd, wide_floor
from syntonic.rounding.search import residuals
from syntonic.rounding.wake import wake

__all__ = [
    "absolute",
    "ceil",
    "compare",
    "equal",
    "floats",
    "floats_from",
    "floor",
    "floor_divide",
    "maximum",
    "minimum",
    "nonzero",
    "relu",
    "remainder",
    "round_half_even",
    "sign",
    "trunc",
]

_INT64_DIGITS = 18

_round_golden = np.frompyfunc(GoldenExact.__round__, 2, 1)
_sign_pair = np.frompyfunc(pairs.sign, 2, 1)
_floor_golden = np.frompyfunc(_floor, 1, 1)
_floor_pair = np.frompyfunc(pairs.floor_div, 3, 1)

# |fl(p + qφ) - (p + qφ)| <= 2u|p| + 6.6u|q| with u = 2^-53: one rounding each of p, q, φ, the
# product and the sum. 8u leaves room for the rounding of the bound itself.
_FILTER = 2.0**-50


def floats(x: LatticeArray, dtype: Any = np.float64) -> Any:
    """Return the correctly rounded floats of x."""
    x = wide.leanest(x)
    if x.is_packed:
        return wake(x.a, x.b, x.denominator, dtype)
    if x.is_wide:
        return wide.floats(x, dtype)
    return quotients.floats(x, dtype)


def floats_from(x: LatticeArray, origin: Any) -> Any:
    """Return the correctly rounded floats of x - origin, an array of finite float64."""
    values = np.broadcast_to(origin, x.shape)
    if x.is_packed:
        return -residuals(values, x.a, x.b, x.denominator)
    exact = np.frompyfunc(lambda v: Fraction(*v.as_integer_ratio()), 1, 1)(values)
    return floats(subtract(x, as_lattice(np.asarray(exact, dtype=object))))


def sign(x: LatticeArray) -> Any:
    """Return the exact sign of each element: an int64 array of -1, 0, 1."""
    if x.is_rational:
        return quotients.rational_signs(x)
    if x.is_wide:
        return int64s(wide.sign(x))
    out = loops.sign(x)
    if out is None and x.bound <= _MOST_SQUARED:
        return int64s(_sign_by_squares(x.a, x.b))
    if out is None:
        p, q = x.a.astype(np.float64), x.b.astype(np.float64)
        value, error = p + q * PHI_FLOAT, (np.abs(p) + np.abs(q)) * _FILTER
        out = np.asarray(np.where(np.abs(value) <= error, loops.DOUBT, np.sign(value)))
    out = np.array(out, dtype=np.int64)
    doubtful = out == loops.DOUBT
    if doubtful.any():
        out[doubtful] = int64s(
            _sign_pair(x.a[doubtful].astype(object), x.b[doubtful].astype(object))
        )
    return out


def _sign_by_squares(a: Any, b: Any) -> Any:
    """Return the signs of 2(a + bφ) = u + b√5: those of u|u| + 5b|b|, for t|t| grows with t."""
    u = 2 * a + b
    return np.sign(u * abs(u) + 5 * (b * abs(b)))


_MOST_SQUARED = 1 << 29
"""Up to here int64 holds |u|² + 5|b|², at most 14 times the square of the larger of |a| and |b|."""


def nonzero(x: LatticeArray) -> Any:
    """Return where x is not 0, as a boolean array."""
    return x.nonzero()


def relu(x: LatticeArray) -> LatticeArray:
    """Return max(x, 0)."""
    return where(sign(x) > 0, x, lattice_scalar(0))


def absolute(x: LatticeArray) -> LatticeArray:
    """Return |x|."""
    return where(sign(x) < 0, negative(x), x)


def equal(x: LatticeArray, y: LatticeArray) -> Any:
    """Return where x = y exactly, as a boolean array."""
    x, y = aligned(x, y)
    if type(x.denominator) is np.ndarray:
        x, y = x.tight(), y.tight()  # lowest terms are unique
        same = (x.a == y.a) & (x.b == y.b) & (x.denominator == y.denominator)
        return np.asarray(same, dtype=bool)
    return np.asarray((x.a == y.a) & (x.b == y.b), dtype=bool)


def compare(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> Any:
    """Return ufunc(x, y) for an order comparison, decided exactly."""
    return np.asarray(ufunc(_difference_sign(x, y), 0), dtype=bool)


def _difference_sign(x: LatticeArray, y: LatticeArray) -> Any:
    if (
        x.is_packed
        and y.is_packed
        and x.denominator == y.denominator
        and x.bound + y.bound <= INT64_MAX
    ):
        signs = loops.compare(x, y)
        if signs is not None:
            doubtful = signs == loops.DOUBT
            if doubtful.any():
                signs[doubtful] = sign(subtract(x[doubtful], y[doubtful]))
            return signs
    if sum_fits(x, y):
        return sign(subtract(x, y))
    alike = x.is_packed and y.is_packed and x.denominator == y.denominator
    if x.is_wide or y.is_wide or alike:
        found = wide.widened(wide.rescaled_bound, x, y)
        if found is not None:
            return wide.compare(*wide.aligned(*found))
    return quotients.difference_signs(x, y, equal)


def maximum(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return the larger of x and y, element-wise."""
    return _select(np.greater_equal, x, y)


def minimum(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return the smaller of x and y, element-wise."""
    return _select(np.less_equal, x, y)


def floor(x: LatticeArray) -> LatticeArray:
    """Return ⌊x⌋."""
    found = wide_floor(x) if x.is_wide else None
    return _integers(_floors(x)) if found is None else found


def ceil(x: LatticeArray) -> LatticeArray:
    """Return ⌈x⌉."""
    return negative(floor(negative(x)))


def trunc(x: LatticeArray) -> LatticeArray:
    """Return x rounded toward zero."""
    return where(sign(x) < 0, ceil(x), floor(x))


def round_half_even(x: LatticeArray, decimals: int = 0) -> LatticeArray:
    """Return x rounded to a multiple of 10^-decimals; exact ties go to the even multiple.

    Raises
    ------
    TypeError
        decimals is not an integer.
    ValueError
        |decimals| is above 10^8.
    OverflowError
        The results could take more than 2^28 bits.
    """
    decimals = require_digits(decimals, -MAX_DIGITS, "round: decimals")
    if abs(decimals) > _INT64_DIGITS:
        require_all_bits([max(decimals, 0) * 10 // 3] * x.size, "round")
        return LatticeArray.rational(*parts(elementwise(_round_golden, x.scalars(), decimals)))
    if decimals:
        unit = lattice_scalar(Fraction(10) ** -decimals)
        return multiply(round_half_even(divide(x, unit)), unit)
    raised = add(x, lattice_scalar(Fraction(1, 2)))
    rounded = floor(raised)
    # ⌊x + 1/2⌋ is the nearest integer, and the upper of two when x + 1/2 is one itself.
    odd_tie = equal(raised, rounded) & are_odd(rounded)
    return subtract(rounded, as_lattice(odd_tie)) if odd_tie.any() else rounded


def floor_divide(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return ⌊x/y⌋."""
    return floor(divide(x, y, "floor_divide"))


def remainder(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return x - y⌊x/y⌋: of the sign of y as in Python."""
    return subtract(x, multiply(y, floor(divide(x, y, "remainder"))))


def _floors(x: LatticeArray) -> Any:
    """Return ⌊x⌋ as an integer array: int64, or objects where that may not fit."""
    if not x.is_int64:
        return elementwise(_floor_golden, x.scalars())
    out, doubtful = loops.floor(x) or _filtered_floors(x)
    if not doubtful.any():
        return int64s(out)
    d = np.broadcast_to(x.denominator, x.shape)
    out = objects(out.astype(object))
    out[doubtful] = _floor_pair(*(part[doubtful].astype(object) for part in (x.a, x.b, d)))
    return out


def _filtered_floors(x: LatticeArray) -> tuple[Any, Any]:
    """Return the floors that floats prove, and where they prove none."""
    p, q, d = (np.asarray(n, np.float64) for n in (x.a, x.b, x.denominator))
    value, error = (p + q * PHI_FLOAT) / d, (np.abs(p) + np.abs(q)) * (2 * _FILTER / d)
    low, high = np.floor(value - error), np.floor(value + error)
    doubtful = np.asarray(((low != high) | (np.abs(value) >= 2.0**52)) & (x.b != 0))
    proved = np.where(doubtful, 0, np.where(x.b == 0, 0, low)).astype(np.int64)
    return np.where(x.b == 0, x.a // x.denominator, proved), doubtful


def _integers(n: Any) -> LatticeArray:
    n = np.asarray(n)  # a 0-d difference is a scalar
    n = int64s(n) if n.dtype.kind == "i" else objects(n)
    return LatticeArray.from_numerators(n, np.zeros_like(n))


def _select(better: np.ufunc, x: LatticeArray, y: LatticeArray) -> LatticeArray:
    return where(compare(x, y, better), x, y)

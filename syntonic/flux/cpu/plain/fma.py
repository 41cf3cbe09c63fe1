"""The fused multiply-add in NumPy: x·c + z for a constant c, rounded once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["fma"]

Array = npt.NDArray[Any]

_HALF = np.int64(-1 << 27)
"""Keeps the upper 26 bits of a significand, sign and exponent included."""

_SAFE = (2.0**-900, 2.0**960)
"""Sizes between which no error term under- or overflows."""


def fma(x: Array, c: Any, z: Array) -> Array:
    """Return x·c + z for float32 or float64 arrays, correctly rounded.

    With x·c = u + v and z + u = s + t exactly, the rounded sum of s and of t + v rounded to odd
    is the correctly rounded total.

    References
    ----------
    S. Boldo, G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms
    using rounding to odd", IEEE Trans. Comput. 57 (2008), 462-471, algorithm 5.
    """
    if c == 1:
        return x + z
    with np.errstate(all="ignore"):
        if x.dtype == np.float32:  # the product is exact in double precision
            return _to_odd(x * np.float64(c), z.astype(np.float64)).astype(np.float32)
        total = _fused(x, float(c), z)
        odd = _outside(x) | _outside(z)
    for i in np.flatnonzero(odd & np.isfinite(x) & np.isfinite(z)):
        total.flat[i] = _exactly(x.flat[i], c, z.flat[i], total.flat[i])
    return total


def _outside(x: Array) -> Array:
    size = abs(x)
    return ~((size >= _SAFE[0]) & (size <= _SAFE[1]) | (size == 0))


def _fused(x: Array, c: float, z: Array) -> Array:
    u = x * c
    (x1, x2), (c1, c2) = _parts(x), _parts(np.float64(c))
    v = x2 * c2 - (((u - x1 * c1) - x2 * c1) - x1 * c2)
    low, low_rest = _two_sum(z, v)
    high, high_rest = _two_sum(u, low)
    total = high + _to_odd(low_rest, high_rest)
    # The plain sum is infinite where it should be, and has the sign of an exact zero.
    return np.where(np.isfinite(total) & (total != 0), total, u + z)


def _parts(x: Any) -> tuple[Any, Any]:
    high = (x.view(np.int64) & _HALF).view(np.float64)
    return high, x - high


def _two_sum(x: Array, y: Array) -> tuple[Array, Array]:
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)


def _to_odd(x: Array, y: Array) -> Array:
    """Return x + y rounded to odd: where it is inexact, to the neighbour whose last bit is 1."""
    s, rest = _two_sum(x, y)
    even = (s.view(np.int64) & 1) == 0
    toward = np.where(rest > 0, np.inf, -np.inf)
    return np.where(
        even & (rest != 0) & np.isfinite(s) & np.isfinite(rest), np.nextafter(s, toward), s
    )


def _exactly(x: float, c: float, z: float, otherwise: float) -> float:
    total = Fraction(x) * Fraction(float(c)) + Fraction(z)
    try:
        return float(total) if total else otherwise  # the sign of zero is the plain sum's
    except OverflowError:
        return np.inf if total > 0 else -np.inf

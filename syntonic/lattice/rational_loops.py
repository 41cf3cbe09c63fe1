"""Compiled floats of a + bφ for rationals of any length, from gmpy2's binary format of them.

A numerator and a denominator are cut to their leading 16 bytes, and everything is computed in sums
of two doubles with a proven error bound. Where that leaves the rounding open the result is NaN.
With u = 2^-53, the bounds are in the docstrings. Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.constants import PHI_WORDS
from syntonic.jit.compile import njit
from syntonic.jit.floats import fma, from_bits, two_product, two_sum
from syntonic.rounding.wake_loops import rounded

__all__ = ["BEFORE", "enclose", "round_enclosed"]

_P0, _P1 = PHI_WORDS[:2]
_RANGE = 800
"""Parts up to 2^808 in size, and down to the inverse, are far from the ends of doubles."""

BEFORE = 16
"""Bytes before the first number: so many are read of each, and cleared where it has fewer."""

_unsigned: Any = np.uint64
_HALF, _LOW = _unsigned(32), _unsigned((1 << 32) - 1)


@njit
def enclose(
    first: int,
    last: int,
    a: Any,
    a_ends: Any,
    b: Any,
    b_ends: Any,
    high: Any,
    low: Any,
    bound: Any,
) -> None:
    """Write high + low = a + bφ and bounds of the error, infinite out of range."""
    for i in range(first, last):
        high[i], low[i], bound[i] = _evaluated(
            a, a_ends[i], a_ends[i + 1], b, b_ends[i], b_ends[i + 1]
        )


@njit
def round_enclosed(
    first: int, last: int, high: Any, low: Any, bound: Any, out: Any, to_odd: bool
) -> None:
    """Write the rounded floats, or those rounded to odd; NaN where that stays open."""
    for i in range(first, last):
        known = bound[i] < np.inf
        out[i] = rounded(high[i], low[i], bound[i], False, to_odd) if known else np.nan


@njit
def _evaluated(
    a: Any, a_start: int, a_stop: int, b: Any, b_start: int, b_stop: int
) -> tuple[float, float, float]:
    """Return high + low = a + bφ and a bound of the error, infinite out of range.

    Let M = |a| + |bφ|. The parts are off by 2^-100 M together. Of φ and of the product with it
    4u²M are left out; the five sums and products of rests, at most 4uM in size, are rounded: less
    than 24u²M. So the error is below 2^-99 M.
    """
    a_high, a_low, fine = _quotient(a, a_start, a_stop)
    b_high, b_low, good = _quotient(b, b_start, b_stop)
    product, rest = two_product(b_high, _P0)
    total, lost = two_sum(a_high, product)
    high, low = two_sum(total, lost + ((a_low + rest) + (b_high * _P1 + b_low * _P0)))
    if not (fine and good):
        return 0.0, 0.0, np.inf
    return high, low, (abs(a_high) + abs(product)) * 2.0**-98


@njit
def _quotient(data: Any, start: int, stop: int) -> tuple[float, float, bool]:
    """Return high + low, within 2^-100 of the size of a rational, and whether it is in range.

    Of an mpq the format has a byte 3, one for the sign, four for the length of the numerator,
    numerator and denominator; of an mpz a byte 1, one for the sign, and the number. The bytes of a
    number are its magnitude, the lowest first. Nothing follows the sign of 0.
    """
    if data[start + 1] == 0:
        return 0.0, 0.0, True
    negative, over = data[start + 1] == 2, 1.0
    if data[start + 1] > 2:
        return 0.0, 0.0, False
    if data[start] == 1:
        high, low = _leading(data, start + 2, stop)
        rest, exponent = 0.0, 8 * (stop - start - 2 - BEFORE)
    else:
        middle: Any = start + 6 + np.int64(_word(data, start + 2, 4))
        high, low = _leading(data, start + 6, middle)
        over, rest = _leading(data, middle, stop)
        exponent = 8 * (2 * middle - start - 6 - stop)
    high, low = _divided(high, low, over, rest)
    scale = from_bits((min(max(exponent, -_RANGE), _RANGE) + 1023) << 52)
    scale = -scale if negative else scale
    return high * scale, low * scale, abs(exponent) <= _RANGE


@njit
def _leading(data: Any, start: int, stop: int) -> tuple[float, float]:
    """Return high + low, the leading 16 bytes of a number as an integer w >= 2^120, zeros below.

    What is cut off is below 1; the sum of the low words is rounded by 2^11, that with the rest of
    the high ones by at most 4u²w: within 2^-103 of the number.
    """
    top, bottom, size = _word(data, stop - 8, 8), _word(data, stop - 16, 8), stop - start
    if size < 16:
        top = top if size >= 8 else _cleared(top, size)
        bottom = _cleared(bottom, size - 8) if size > 8 else _unsigned(0)
    total, lost = two_sum((top >> _HALF) * 2.0**96, (top & _LOW) * 2.0**64)
    return two_sum(total, lost + ((bottom >> _HALF) * 2.0**32 + (bottom & _LOW) * 1.0))


@njit
def _cleared(word: int, size: int) -> int:
    """Return the word with all but its highest bytes set to 0; the size is 1 to 7."""
    shift = _unsigned(64 - 8 * size)
    return word >> shift << shift


@njit
def _word(data: Any, first: int, size: int) -> int:
    """Return the number of so many bytes, the lowest first."""
    out = _unsigned(0)
    for k in range(size):
        out |= _unsigned(data[first + k]) << _unsigned(8 * k)
    return out


@njit
def _divided(high: float, low: float, over: float, rest: float) -> tuple[float, float]:
    """Return the quotient of two sums of doubles.

    The first remainder is exact. It, low and q·rest are at most u|high| each; their three roundings
    are below 6u² of it, division by `over` alone and its rounding below 6u² of the quotient. With
    2^-103 of each operand that is less than 2^-101.
    """
    q = high / over
    correction = (fma(-q, over, high) + (low - q * rest)) / over
    return two_sum(q, correction)

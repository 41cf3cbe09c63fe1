"""Compiled floats of a + bφ for gmpy2's rationals of any length, read where they lie in memory.

An array of objects holds their addresses. A number is a struct that gmpy2.h lays down: behind the
head of all Python objects, whose last word is the type, a numerator and, of an mpq, a denominator;
each a word of how many limbs there are, with the sign in its upper half, and the address of the
limbs. `rational_floats` has made sure of that, and holds the array meanwhile.

A numerator and a denominator are cut to their leading 126 bits or more, and everything is computed
in sums of two doubles with a proven error bound. Where that leaves the rounding open the result is
NaN. With u = 2^-53, the bounds are in the docstrings. Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.constants import PHI_WORDS
from syntonic.jit.atomics import load
from syntonic.jit.compile import njit
from syntonic.jit.floats import fma, from_bits, to_bits, two_product, two_sum
from syntonic.rounding.wake_loops import rounded

__all__ = ["HEAD", "enclose", "round_enclosed"]

_P0, _P1 = PHI_WORDS[:2]
_RANGE = 800
"""Parts up to 2^802 in size, and down to the inverse, are far from the ends of doubles."""

HEAD = object.__basicsize__
"""Bytes of a Python object before what its type adds."""

_unsigned: Any = np.uint64
_HALF, _LOW = _unsigned(32), _unsigned((1 << 32) - 1)
_ONE, _ZERO = _unsigned(1), _unsigned(0)


@njit
def enclose(
    first: int, last: int, a: int, b: int, kinds: Any, high: Any, low: Any, bound: Any
) -> None:
    """Write high + low = a + bφ and bounds of the error, infinite out of range.

    `a` and `b` are where the arrays of objects begin; `kinds` the addresses of the types mpz and
    mpq. What is of another type counts as out of range.
    """
    for i in range(first, last):
        high[i], low[i], bound[i] = _evaluated(
            _rational(load(a + 8 * i), kinds), _rational(load(b + 8 * i), kinds)
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
    a: tuple[float, float, bool], b: tuple[float, float, bool]
) -> tuple[float, float, float]:
    """Return high + low = a + bφ and a bound of the error, infinite out of range.

    Let M = |a| + |bφ|. The parts are off by 2^-100 M together. Of φ and of the product with it
    4u²M are left out; the five sums and products of rests, at most 4uM in size, are rounded: less
    than 24u²M. So the error is below 2^-99 M.
    """
    a_high, a_low, fine = a
    b_high, b_low, good = b
    product, rest = two_product(b_high, _P0)
    total, lost = two_sum(a_high, product)
    high, low = two_sum(total, lost + ((a_low + rest) + (b_high * _P1 + b_low * _P0)))
    if not (fine and good):
        return 0.0, 0.0, np.inf
    return high, low, (abs(a_high) + abs(product)) * 2.0**-98


@njit
def _rational(number: int, kinds: Any) -> tuple[float, float, bool]:
    """Return high + low, within 2^-100 of the size of a rational, and whether it is in range."""
    kind, size = load(number + HEAD - 8), load(number + HEAD) >> 32
    if kind != kinds[0] and kind != kinds[1]:
        return 0.0, 0.0, False
    if size == 0:
        return 0.0, 0.0, True
    high, low, exponent = _leading(load(number + HEAD + 8), abs(size))
    over, rest, under = 1.0, 0.0, 0
    if kind == kinds[1]:
        count = load(number + HEAD + 16) >> 32
        over, rest, under = _leading(load(number + HEAD + 24), count)
    high, low = _divided(high, low, over, rest)
    exponent -= under
    scale = from_bits((min(max(exponent, -_RANGE), _RANGE) + 1023) << 52)
    scale = -scale if size < 0 else scale
    return high * scale, low * scale, abs(exponent) <= _RANGE


@njit
def _leading(limbs: int, count: int) -> tuple[float, float, int]:
    """Return high + low = w and e, where w 2^e is a number of so many limbs and 2^126 <= w < 2^128.

    Two limbs from its leading bit on make an integer w. What is cut off is below 1; the sum of the
    low words is rounded by 2^11, that with the rest of the high ones by at most 4u²w: within 2^-103
    of the number.
    """
    last = limbs + 8 * count - 8
    top = _unsigned(load(last))
    middle = _unsigned(load(last - 8)) if count > 1 else _ZERO
    below = _unsigned(load(last - 16)) if count > 2 else _ZERO
    bits = min((to_bits(float(top)) >> 52) - 1022, 64)  # of the top limb, or one more
    left, right = _unsigned(64 - bits), _unsigned(bits - 1)
    high = top << left | middle >> _ONE >> right
    low = middle << left | below >> _ONE >> right
    total, lost = two_sum((high >> _HALF) * 2.0**96, (high & _LOW) * 2.0**64)
    value, rest = two_sum(total, lost + ((low >> _HALF) * 2.0**32 + (low & _LOW) * 1.0))
    return value, rest, 64 * (count - 2) - (64 - bits)


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

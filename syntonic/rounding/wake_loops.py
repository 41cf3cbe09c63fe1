"""The compiled rounding of (a + bφ)/d: three-word φ, error-free sums, a rounding test.

The vector loop keeps v as an unevaluated sum of two doubles with a proven error bound and checks
that everything within the bound rounds alike (Ziv's test). What fails goes to `_careful`, which
holds v to 2^-96 of its size for any int64 pair; what fails there too comes back as NaN, for the
integers to decide.

float32 and float16 are rounded from v rounded to odd: v cut to 53 bits, the last bit set if
anything was cut off. That is exact enough for any later rounding to at most 51 bits.

References
----------
A. Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit",
ACM Trans. Math. Softw. 17 (1991), 410-423. S. Boldo, G. Melquiond, "Emulation of a FMA and
correctly rounded sums: proved algorithms using rounding to odd", IEEE Trans. Comput. 57 (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.constants import PHI_WORDS
from syntonic.jit.atomics import add_to
from syntonic.jit.compile import njit
from syntonic.jit.floats import distill, fma, from_bits, to_bits, to_float, two_product, two_sum
from syntonic.jit.threads import BLOCK, counted_over_elements

Floats = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

__all__ = [
    "TERMS",
    "Doubles",
    "Floats",
    "Ints",
    "carefully_evaluated",
    "divided",
    "divided_unless_one",
    "evaluated",
    "exact_terms",
    "rounded",
    "small",
    "split_sum",
    "wake_int64",
]

_P0, _P1, _P2 = PHI_WORDS[:3]

_VECTOR_LIMIT = 1 << 50
TERMS = 2 + 2 * 2 * len(PHI_WORDS)
"""How many doubles `exact_terms` writes."""


def wake_int64(
    a: Ints, b: Ints, odd: float, scale: float, dtype: np.dtype[Any]
) -> tuple[Floats, int]:
    """Round (a + bφ)·scale/odd for contiguous 1-d int64 arrays; NaN, counted, where undecided.

    `odd` < 2^53 keeps the division exact to test; `scale` is a power of two, at least 2^-900, so
    that doubles stay normal. NumPy rounds float16 from the round-to-odd values.
    """
    half = dtype == np.float16
    out = np.empty(a.size, np.float64 if half else dtype)
    undecided = counted_over_elements(_wake, (a, b, out), odd, scale, dtype != np.float64)
    if half:
        with np.errstate(over="ignore", under="ignore"):
            out = out.astype(np.float16)
    return out, int(undecided[0])


@njit
def _wake(
    first: int,
    last: int,
    a: Ints,
    b: Ints,
    out: Floats,
    found: Ints,
    odd: float,
    scale: float,
    to_odd: bool,
) -> None:
    terms = np.empty(TERMS)
    undecided = 0
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        a_block, b_block, out_block = a[start:stop], b[start:stop], out[start:stop]
        if to_odd:
            count = _odd_block(a_block, b_block, out_block, odd, scale)
        else:
            count = _nearest_block(a_block, b_block, out_block, odd, scale)
        if count:
            for i in range(stop - start):
                if np.isnan(out_block[i]):
                    value = _careful(a_block[i], b_block[i], odd, to_odd, terms)
                    out_block[i] = value * scale
                    undecided += np.isnan(value)
    add_to(found, 0, undecided)


@njit
def _nearest_block(a: Ints, b: Ints, out: Floats, odd: float, scale: float) -> int:
    """Round what is certain to nearest, leave NaN for the rest, and count it."""
    count = 0
    for i in range(a.size):
        high, low, error = _quotient(a[i], b[i], odd)
        value = high + (low + error)
        certain = value == high + (low - error) and small(a[i]) and small(b[i])
        out[i] = value * scale if certain else np.nan
        count += not certain
    return count


@njit
def _odd_block(a: Ints, b: Ints, out: Floats, odd: float, scale: float) -> int:
    """Do the same, rounding to odd; only then is the value rounded to the format of `out`."""
    count = 0
    for i in range(a.size):
        high, low, error = _quotient(a[i], b[i], odd)
        known = abs(low) > error or (low == 0.0 and b[i] == 0)
        certain = known and small(a[i]) and small(b[i])
        out[i] = _round_to_odd(high, low) * scale if certain else np.nan
        count += not certain
    return count


@njit
def small(n: int) -> bool:
    """Tell whether -2^50 <= n < 2^50."""
    return n + _VECTOR_LIMIT >> 51 == 0


@njit
def _quotient(a: int, b: int, odd: float) -> tuple[float, float, float]:
    """Return high + low = (a + bφ)/odd and a bound on the error, for |a|, |b| <= 2^50."""
    high, low, error = evaluated(a, b)
    return divided(high, low, error, odd)


@njit
def evaluated(a: int, b: int) -> tuple[float, float, float]:
    """Return high + low = a + bφ and a bound on the error, for |a|, |b| <= 2^50.

    Only b·_P2 and the last four sums are not exact. Their terms are at most 2^-52|v| or
    2^-104|b|; φ's three words leave 2^-163. Together less than 2^-103|v| + 2^-155|b|. If a and
    bφ cancel so far that `total` does, then the first sum is exact (Sterbenz). b = 0 gives a.
    """
    x, y = to_float(a), to_float(b)
    p, p_low = two_product(y, _P0)
    q, q_low = two_product(y, _P1)
    total, rest1 = two_sum(x, p)
    middle, rest2 = two_sum(p_low, q)
    total, rest3 = two_sum(total, middle)
    high, low = two_sum(total, (rest1 + rest3) + (rest2 + (q_low + y * _P2)))
    return high, low, fma(abs(y), 2.0**-150, abs(high) * 2.0**-100)


@njit
def divided(high: float, low: float, error: float, odd: float) -> tuple[float, float, float]:
    """Divide: the remainder of the first quotient is exact, the second adds 2^-104 of v."""
    q = high / odd
    quotient = q + (fma(-q, odd, high) + low) / odd
    return quotient, (q - quotient) + (fma(-q, odd, high) + low) / odd, error / odd


@njit
def divided_unless_one(
    high: float, low: float, error: float, odd: float
) -> tuple[float, float, float]:
    """Do the same outside of vectors, where a branch costs less than four divisions."""
    if odd == 1.0:
        return high, low, error
    return divided(high, low, error, odd)


@njit
def _round_to_odd(high: float, low: float) -> float:
    """Cut high + low, |low| at most half an ulp of high, to 53 bits; odd if anything is cut.

    Read as an integer, the bits of a double count magnitudes: one less is the next towards zero.
    """
    bits = to_bits(high)
    toward_zero = (low < 0.0) != (high < 0.0)
    step = (-1 if toward_zero else 1) if low != 0.0 and bits & 1 == 0 else 0
    return from_bits(bits + step)


@njit
def _careful(a: int, b: int, odd: float, to_odd: bool, terms: Doubles) -> float:
    """Round any int64 pair, or return NaN."""
    if b == 0 and odd == 1.0 and not to_odd:
        return float(a)
    high, low, error = _split_quotient(a, b, odd)
    value = rounded(high, low, error, b == 0, to_odd)
    if not np.isnan(value):
        return value
    high, low, error = carefully_evaluated(a, b, terms)
    high, low, error = divided_unless_one(high, low, error, odd)
    return rounded(high, low, error, b == 0, to_odd)


@njit
def carefully_evaluated(a: int, b: int, terms: Doubles) -> tuple[float, float, float]:
    """Return high + low = a + bφ and a bound on the error, for any int64 pair.

    The 22 terms sum to v within 2^-96|v| + 2^-235|b|, five words of φ leave 2^-265|b|, and v is
    at least 1/|v'| >= 2^-65 in size.
    """
    exact_terms(a, b, terms)
    high, low = distill(terms, 4)
    return high, low, abs(high) * 2.0**-94 + abs(float(b)) * 2.0**-230


@njit
def rounded(high: float, low: float, error: float, rational: bool, to_odd: bool) -> float:
    """Round high + low, off by `error` at most, or return NaN where that leaves it open."""
    up, down = low + error, low - error
    if to_odd:
        known = up * down > 0.0 or (low == 0.0 and rational)
        return _round_to_odd(high, low) if known else np.nan
    return high + up if high + up == high + down else np.nan


@njit
def _split_quotient(a: int, b: int, odd: float) -> tuple[float, float, float]:
    """Return high + low = (a + bφ)/odd and a bound on the error, for any int64 pair."""
    a_top, b_top = a >> 50, b >> 50
    a_low, b_low = float(a - (a_top << 50)), float(b - (b_top << 50))
    high, low, error = split_sum(float(a_top), a_low, float(b_top), b_low)
    return divided_unless_one(high, low, error, odd)


@njit
def split_sum(p1: float, p0: float, q1: float, q0: float) -> tuple[float, float, float]:
    """Return high + low = p + qφ, p = 2^50 p1 + p0 and q likewise, and a bound on the error.

    The parts are integers up to 2^50; let M be the sum of the sizes of 2^50 p1, p0, 2^50 q1, q0.
    Of the products with three words of φ, what is not exact or left out is below 2^-106 M. The
    five first sums lose nothing, and their rests, below 2^-51 M each, are added up with the small
    products in ten roundings: less than 2^-98 M.
    """
    p, q = p1 * 2.0**50, q1 * 2.0**50
    first, first_low = two_product(q, _P0)
    second, second_low = two_product(q, _P1)
    third, third_low = two_product(q0, _P0)
    total, rest1 = two_sum(p, first)
    total, rest2 = two_sum(total, third)
    total, rest3 = two_sum(total, p0)
    total, rest4 = two_sum(total, second)
    total, rest5 = two_sum(total, first_low)
    small = (second_low + third_low) + (q0 * _P1 + q * _P2)
    high, low = two_sum(total, (((rest1 + rest2) + rest3) + (rest4 + rest5)) + small)
    return high, low, ((abs(p) + abs(q)) + (abs(p0) + abs(q0))) * 2.0**-97


@njit
def exact_terms(a: int, b: int, terms: Doubles) -> None:
    """Write a + bφ as doubles into terms[:22]; a and b are cut in two to make them exact."""
    a_top, b_top = a >> 32, b >> 32
    terms[0], terms[1] = a_top * 2.0**32, float(a - (a_top << 32))
    b_high, b_low = b_top * 2.0**32, float(b - (b_top << 32))
    for i in range(len(PHI_WORDS)):
        terms[2 + 4 * i], terms[3 + 4 * i] = two_product(b_high, PHI_WORDS[i])
        terms[4 + 4 * i], terms[5 + 4 * i] = two_product(b_low, PHI_WORDS[i])

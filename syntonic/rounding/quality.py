"""Whether rounding explains what lies between floats and the lattice points they are snapped to.

Under a bound every float has a nearest lattice point, also the float of a number that is none.
Two lengths tell such a miss from a hit: ρ, the unit roundoff of the dtype times |x| (times 1/d
where |x| is smaller, as what is left of a sum that cancels), and h, half the least distance of two
admissible points.

A hit, correctly rounded or the result of some arithmetic, has a residual of a few ρ. A miss has
one of any size up to the distance of the points; by a number over the common denominator L with
|φ-coefficient| <= B, snapped under |b| <= P, it is at least 1/(√5 L²(B + P)), for L² times its norm
is an integer other than 0. So what is divided are a few ρ and lengths spread evenly up to h:

* A residual r is a miss if r³ > ρ²h, that is above the third root of h/ρ times ρ.
* Where that is not even 4ρ, because 64ρ >= h, floats do not tell hits from misses: everything is
  called a miss, except a float that is just woken, of which `woken_apart` has told.

In float64 under |b| <= 100 and for |x| <= 1 the limit is 2.7·10^-12, 24,000 ρ: no miss stays below
it as long as L²(B + P) < 10^11, and a float that is no lattice point at all does so in 1 of 10^9
cases. A number below the limit counts as what is left of a sum. By the second rule |x| stays below
2^38, in float32 below 2^9; float16 tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import frexp, inf, isfinite, ldexp
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from syntonic.exact.pairs import nearest_float
from syntonic.rounding.plans import Plan
from syntonic.rounding.search import Limits, residuals, search_within

Array = npt.NDArray[Any]

__all__ = [
    "Miss",
    "coarse_from",
    "half_gap",
    "half_ulp",
    "limits",
    "misses",
    "search_judged",
    "separates",
    "woken_apart",
]

_HUGE = 2.0**300
"""Larger sizes and residuals count as this: their powers are finite."""

_BITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}


@lru_cache(maxsize=64)
def _bits(dtype: np.dtype[Any]) -> int | None:
    """Return the bits of a significand, None for dtypes of exact numbers: integers, objects."""
    return _BITS.get(dtype.name)


@dataclass(frozen=True)
class Miss:
    """The elements that rounding does not explain."""

    count: int
    residual: float
    """The largest distance of any element from its float."""


def half_ulp(size: float, dtype: np.dtype[Any]) -> float:
    """Return half a unit in the last place of a normal number; 0 for dtypes of exact numbers."""
    bits = _bits(dtype)
    return 0.0 if bits is None else ldexp(0.5, frexp(size)[1] - bits)


@lru_cache(maxsize=256)
def half_gap(plan: Plan, d: int) -> float:
    """Return half the least distance of two admissible points of (1/d)Z[φ]."""
    gap = plan.least_gap()
    return inf if gap is None else nearest_float(*gap, 2 * d)


def separates(largest: float, dtype: np.dtype[Any], plan: Plan, d: int) -> bool:
    """Tell whether floats of a dtype up to a size tell the admissible points apart."""
    return half_ulp(largest, dtype) < half_gap(plan, d)


def coarse_from(dtype: np.dtype[Any], plan: Plan, d: int) -> float:
    """Return the least size from which floats of a dtype do not tell the points apart."""
    return _coarse_from(half_gap(plan, d), _BITS[dtype.name])


def limits(dtype: np.dtype[Any], plan: Plan, d: int, *, separate: bool = True) -> Limits:
    """Return what tells misses among floats of a dtype; see `search_judged`."""
    h, bits = half_gap(plan, d), _bits(dtype)
    if bits is None:
        return Limits(0.0, 1 / d, inf)
    return Limits(ldexp(h, -2 * bits), 1 / d, _coarse_from(h / 64, bits) if separate else inf)


def search_judged(
    values: Array, dtype: np.dtype[Any], plan: Plan, d: int, *, separate: bool = True
) -> tuple[Array, Array, Miss | None]:
    """Return a, b of the nearest elements, and what was missed if anything was.

    Parameters
    ----------
    values
        As for `search`.
    dtype
        That of the data before they became values.
    separate
        Whether floats that do not tell hits from misses count as missed.
    """
    found = limits(dtype, plan, d, separate=separate)
    a, b, suspect = search_within(values, plan, d, found)
    return a, b, misses(values, residuals(values, a, b, d), found) if suspect else None


def misses(values: Array, rest: Array, found: Limits) -> Miss | None:
    """Return what the residuals show to be missed, if anything."""
    rest = np.abs(rest)
    far = rest > 0
    if found.cube:
        sizes = np.minimum(np.abs(values), _HUGE).astype(np.float64)
        sizes = np.maximum(sizes, found.least)
        far = np.minimum(rest, _HUGE) ** 3 > found.cube * sizes**2
        far |= sizes >= found.coarse
    count = int(np.count_nonzero(far))
    return Miss(count, float(rest.max())) if count else None


class Crystallized(Protocol):
    """An exact array."""

    def numerators(self) -> tuple[Any, Any, int]:
        """Return a, b and their common denominator."""


def woken_apart(x: Crystallized, floats: Array, plan: Plan, d: int) -> Miss | None:
    """Return which elements are half the least distance of two points or more from their floats.

    All others are what a snap of the floats finds: any other point is farther away. Infinite
    floats, and all beside them, cannot be snapped at all.
    """
    values = floats.astype(np.float64)
    largest = float(np.abs(values).max(initial=0.0))
    if not isfinite(largest) or separates(largest, floats.dtype, plan, d):
        return None
    rest = np.abs(residuals(values, *x.numerators()))
    count = int(np.count_nonzero(rest >= half_gap(plan, d)))
    return Miss(count, float(rest.max())) if count else None


def _coarse_from(half_gap: float, bits: int) -> float:
    """Return the least size whose half ulp reaches half_gap: a power of two, or 0."""
    mantissa, exponent = frexp(half_gap)
    if mantissa == 0 or not isfinite(half_gap):
        return half_gap
    # 2^k, the least power of two from half_gap on, is the half ulp of [2^(k+bits), 2^(k+bits+1)).
    k = exponent - (mantissa == 0.5)
    return ldexp(1.0, min(k + bits, 1023))

"""Whether rounding explains what lies between floats and the lattice points they are snapped to.

Under a bound every float has a nearest lattice point, also the float of a number that is none.
Two lengths tell such a miss from a hit: ρ, half a unit in the last place of the largest |x| (of
1/d where all x are smaller, as what is left of a sum that cancels), and h, half the least distance
of two admissible points.

* ρ >= h: such floats do not tell the points apart; each has one within its own rounding.
* ρ < h: a hit has a residual of a few ρ. A miss by a number over the common denominator L with
  |φ-coefficient| <= B, snapped under |b| <= P, has one of at least 1/(√5 L²(B + P)), for L² times
  its norm is an integer other than 0. A residual above the geometric mean √(ρh) is a miss.

In float64 under |b| <= 100 and for |x| < 2 the mean is 4e-10, 3.7 million ρ: no miss stays below
it as long as L²(B + P) < 10^9, and a float that is no lattice point at all does so in 2 of 10^7
cases. Where ρ comes close to h, the mean comes close to both.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, inf, isfinite, ldexp, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from syntonic.exact.pairs import nearest_float
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.snap_exact import Plan
from syntonic.lattice.snap_search import residuals, search_within

Array = npt.NDArray[Any]

__all__ = [
    "Limits",
    "Miss",
    "half_gap",
    "half_ulp",
    "limits",
    "misses",
    "search_judged",
    "separates",
    "woken_apart",
]

# The bits of a significand; other dtypes (integers, objects) hold exact numbers.
_BITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}


class Limits(NamedTuple):
    """What a snap of given floats can tell."""

    half_gap: float
    """h; infinite if there is but one admissible point."""
    tolerance: float
    """√(ρh): larger residuals are misses."""
    separate: bool
    """ρ < h: the floats tell the points apart."""


@dataclass(frozen=True)
class Miss:
    """The elements that rounding does not explain."""

    count: int
    residual: float
    """The largest distance of any element from its float."""


def half_ulp(size: float, dtype: np.dtype[Any]) -> float:
    """Return half a unit in the last place of a normal number; 0 for dtypes of exact numbers."""
    bits = _BITS.get(dtype.name)
    return 0.0 if bits is None else ldexp(0.5, frexp(size)[1] - bits)


def half_gap(plan: Plan, d: int) -> float:
    """Return half the least distance of two admissible points of (1/d)Z[φ]."""
    gap = plan.least_gap()
    return inf if gap is None else nearest_float(*gap, 2 * d)


def separates(largest: float, dtype: np.dtype[Any], plan: Plan, d: int) -> bool:
    """Tell whether floats of a dtype up to a size tell the admissible points apart."""
    return half_ulp(largest, dtype) < half_gap(plan, d)


def limits(largest: float, dtype: np.dtype[Any], plan: Plan, d: int) -> Limits:
    """Return the limits for floats of a dtype up to a size."""
    h = half_gap(plan, d)
    rounding = half_ulp(max(largest, 1 / d), dtype)
    return Limits(h, sqrt(rounding) * sqrt(h), half_ulp(largest, dtype) < h)


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
        Whether floats that do not tell the points apart count as missed.
    """
    found = limits(_largest(values, dtype), dtype, plan, d)
    if not found.separate and not separate:
        found = found._replace(tolerance=inf, separate=True)
    a, b, suspect = search_within(values, plan, d, found.tolerance)
    if found.separate and not suspect:
        return a, b, None
    return a, b, misses(values, residuals(values, a, b, d), dtype, found)


def misses(values: Array, rest: Array, dtype: np.dtype[Any], found: Limits) -> Miss | None:
    """Return what the residuals show to be missed, if anything."""
    far = np.abs(rest) > found.tolerance
    if not found.separate:
        far = far | (np.abs(values) >= _coarse_from(found.half_gap, dtype)).astype(np.bool_)
    count = int(np.count_nonzero(far))
    return Miss(count, float(np.abs(rest).max())) if count else None


def woken_apart(x: LatticeArray, floats: Array, plan: Plan, d: int) -> Miss | None:
    """Return which elements are half the least distance of two points or more from their floats.

    All others are what a snap of the floats finds: any other point is farther away. Infinite
    floats, and all beside them, cannot be snapped at all.
    """
    values = floats.astype(np.float64)
    largest = _largest(values, values.dtype)
    if not isfinite(largest) or separates(largest, floats.dtype, plan, d):
        return None
    rest = np.abs(residuals(values, *x.numerators()))
    count = int(np.count_nonzero(rest >= half_gap(plan, d)))
    return Miss(count, float(rest.max())) if count else None


def _coarse_from(half_gap: float, dtype: np.dtype[Any]) -> float:
    """Return the least size whose half ulp reaches half_gap: a power of two."""
    mantissa, exponent = frexp(half_gap)
    # 2^k, the least power of two from half_gap on, is the half ulp of [2^(k+bits), 2^(k+bits+1)).
    k = exponent - (mantissa == 0.5)
    return ldexp(1.0, k + _BITS[dtype.name])


def _largest(values: Array, dtype: np.dtype[Any]) -> float:
    """Return the largest |value| that is no exact number."""
    if dtype.name not in _BITS or values.size == 0:
        return 0.0
    if values.dtype == object:
        return float(min(max(map(abs, values.ravel().tolist())), 2**1000))
    return max(float(values.max()), -float(values.min()))

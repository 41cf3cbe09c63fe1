"""The compiled search for |b| <= P: doubles with a proven error bound, four candidates, no branch.

Each block runs a loop that LLVM turns into vector code and that notes what it cannot decide;
`_resolve` then settles those one by one with exact sums. What is left even so (|X| >= 2^62, NaN)
is marked by UNDECIDED in b for the integers of `plans`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from syntonic.constants import PHI_WORDS
from syntonic.exact.pairs import fibonacci, phi_power, words
from syntonic.jit.atomics import add_to
from syntonic.jit.compile import njit
from syntonic.jit.floats import SIGN_TERMS, exact_sign, fma, to_int, two_product, two_sum
from syntonic.jit.threads import BLOCK, counted_over_elements
from syntonic.rounding.plans import BoundedPlan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

__all__ = ["UNDECIDED", "bounded_constants", "snap_bounded", "snap_bounded_within"]

UNDECIDED = -(1 << 63)
"""Stands in b where the integers must decide; no |b| <= P is that large."""

_P0, _P1 = PHI_WORDS[:2]
_VECTOR_LIMIT = 2.0**50
_RESOLVE_LIMIT = 2.0**62


class Bounded(NamedTuple):
    """The plan in doubles; U_k, U_(k+1), U_(k+2) as in `BoundedPlan`."""

    limit: float
    """P."""
    first: float
    second: float
    third: float
    """F_k, F_(k+1), F_(k+2): the b of the steps."""
    value1: float
    value2: float
    value3: float
    """The values of the steps, sφ^-k, -sφ^-(k+1), sφ^-(k+2)."""
    direction: float
    """s."""
    margin: float
    """Residuals closer to each other than this are not decided in doubles."""
    tie_a: float
    tie_b: float
    """The answer for X = 1/2."""


@lru_cache(maxsize=256)
def bounded_constants(plan: BoundedPlan) -> Bounded:
    """Return the plan in doubles."""
    # P >= 1 has k >= 2: the residual of the first candidate is below φ^-2 < 1/2 in size, so that
    # rounding finds its a.
    k, s = plan.level, float(plan.direction)
    unit = words(*phi_power(-k), 1, 1)[0]
    return Bounded(
        limit=float(plan.precision),
        first=float(fibonacci(k)),
        second=float(fibonacci(k + 1)),
        third=float(fibonacci(k + 2)),
        value1=s * unit,
        value2=-s * words(*phi_power(-k - 1), 1, 1)[0],
        value3=s * words(*phi_power(-k - 2), 1, 1)[0],
        direction=s,
        margin=2.0**-49 * unit + plan.precision * 2.0**-98,
        tie_a=float(plan.tie[0]),
        tie_b=float(plan.tie[1]),
    )


def snap_bounded(x: Floats, denominator: int, plan: BoundedPlan) -> tuple[Ints, Ints, int]:
    """Snap a contiguous 1-d array; return a, b and the number of UNDECIDED in b.

    The precision is at most MAX_PRECISION, the denominator below MAX_DENOMINATOR.
    """
    if plan.precision:
        return snap_bounded_within(x, denominator, plan, np.inf, np.inf)[:3]
    a, b = np.empty(x.size, np.int64), np.empty(x.size, np.int64)
    found = counted_over_elements(_snap_to_integers, (x, a, b), float(denominator))
    return a, b, int(found[0])


def snap_bounded_within(
    x: Floats, denominator: int, plan: BoundedPlan, cube: float, coarse: float
) -> tuple[Ints, Ints, int, int]:
    """Do the same for a precision of at least 1, and count the elements that may be misses.

    Those are X = denominator·x with |X - v|³ > cube·max(|X|, 1)², or |X| >= coarse. The residuals
    are those of the vector loop, right to `Bounded.margin` for |X| < 2^50.
    """
    a, b = np.empty(x.size, np.int64), np.empty(x.size, np.int64)
    rest = float(denominator), bounded_constants(plan), float(cube), float(coarse)
    undecided, far = map(int, counted_over_elements(_snap, (x, a, b), *rest, counts=2))
    return a, b, undecided, far


@njit
def _snap(
    first: int,
    last: int,
    x: Floats,
    a: Ints,
    b: Ints,
    found: Ints,
    d: float,
    plan: Bounded,
    cube: float,
    coarse: float,
) -> None:
    """Count undecided and far elements."""
    terms = np.empty(SIGN_TERMS)
    undecided, far = 0, 0
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        x_block, a_block, b_block = x[start:stop], a[start:stop], b[start:stop]
        left_open, far_here = _snap_block(x_block, a_block, b_block, d, plan, cube, coarse)
        far += far_here
        if left_open:
            for i in range(stop - start):
                if b_block[i] == UNDECIDED:
                    a_block[i], b_block[i] = _resolve(x_block[i], d, plan, terms)
                    undecided += b_block[i] == UNDECIDED
    add_to(found, 0, undecided)
    add_to(found, 1, far)


@njit
def _snap_block(
    x: Floats, a: Ints, b: Ints, d: float, plan: Bounded, cube: float, coarse: float
) -> tuple[int, int]:
    """Snap what is certain, mark the rest UNDECIDED in b, and count it and what is far.

    Error of a residual: that of the first candidate, r, has the exact part u - t (Sterbenz) and
    a rest of at most 2^-5 |b| 2^-46 computed to 2^-53 of its size; adding it and the steps
    rounds three numbers below φ^-(k-1). Hence the margin 2^-49 φ^-k + P 2^-98 for a difference.
    """
    count, far = 0, 0
    for i in range(x.size):
        high = x[i] * d
        n = np.rint(high)
        f, low = two_sum(high - n, fma(x[i], d, -high))
        b0, r0 = _first_candidate(f, low, plan)
        b1, b2, b3 = b0 + plan.first, b0 + plan.second, b0 + plan.third
        d0 = abs(r0) if abs(b0) <= plan.limit else np.inf
        d1 = abs(r0 - plan.value1) if abs(b1) <= plan.limit else np.inf
        d2 = abs(r0 - plan.value2) if abs(b2) <= plan.limit else np.inf
        d3 = abs(r0 - plan.value3) if abs(b3) <= plan.limit else np.inf
        b01, b23 = b1 if d1 < d0 else b0, b3 if d3 < d2 else b2
        d01, d23 = min(d0, d1), min(d2, d3)
        best = b23 if d23 < d01 else b01
        nearest = min(d01, d23)
        second = min(max(d01, d23), min(max(d0, d1), max(d2, d3)))
        a[i] = to_int(np.rint(fma(-best, _P0, f)) + n)
        certain = (second - nearest > plan.margin) and abs(high) < _VECTOR_LIMIT
        b[i] = to_int(best) if certain else UNDECIDED
        count += not certain
        size = max(abs(high), 1.0)
        far += (nearest * nearest * nearest > cube * (size * size)) or size >= coarse
    return count, far


@njit
def _first_candidate(f: float, low: float, plan: Bounded) -> tuple[float, float]:
    """Return b = iF_k + jF_(k+1) for the floors i, j of the coordinates, and its residual."""
    i = np.floor(plan.direction * plan.second * f)
    j = np.floor(-plan.direction * plan.first * f)
    # The products reach 2^91, but b itself is small: both sums are exact.
    product = i * plan.first
    b = fma(j, plan.second, product) + fma(i, plan.first, -product)
    t, t_low = two_product(b, _P0)
    a = np.rint(f - t)
    u = f - a
    return b, (u - t) + (fma(-b, _P1, (f - (u + a)) - t_low) + low)


@njit
def _resolve(x: float, d: float, plan: Bounded, terms: Floats) -> tuple[int, int]:
    """Snap one x with exact sums; b is UNDECIDED if even they do not settle it."""
    high = x * d
    if not abs(high) < _RESOLVE_LIMIT:
        return 0, UNDECIDED
    n, f, low = _split(x, d)
    if low == 0.0 and f == 0.0:
        return n, 0
    if low == 0.0 and abs(f) == 0.5:
        return _tie(n, f, high, plan)
    b0, r0 = _first_candidate(f, low, plan)
    best, rest = np.inf, np.inf  # the residuals of the two nearest
    b_best, b_rest = 0.0, 0.0
    for step, value in (
        (0.0, 0.0),
        (plan.first, plan.value1),
        (plan.second, plan.value2),
        (plan.third, plan.value3),
    ):
        if abs(b0 + step) <= plan.limit:
            r = r0 - value
            if abs(r) < abs(best):
                best, rest, b_best, b_rest = r, best, b0 + step, b_best
            elif abs(r) < abs(rest):
                rest, b_rest = r, b0 + step
    if abs(rest) - abs(best) <= plan.margin:
        a_sum = np.rint(fma(-b_best, _P0, f)) + np.rint(fma(-b_rest, _P0, f))
        side = exact_sign(2.0 * f, 2.0 * low, 0.0, -a_sum, -(b_best + b_rest), terms)
        if side == 0:
            return 0, UNDECIDED
        # Only elements on different sides of X come this close; the one with the smaller
        # residual is the larger, and the nearest if X is above the midpoint.
        if (side > 0) != (best < rest):
            b_best = b_rest
    return int(np.rint(fma(-b_best, _P0, f))) + n, int(b_best)


@njit
def _split(x: float, d: float) -> tuple[int, float, float]:
    """Return n, f, low with xd = n + f + low exactly, |f + low| <= 1/2 and low below f's ulp."""
    high = x * d
    n = np.rint(high)
    f, low = two_sum(high - n, fma(x, d, -high))
    m = np.rint(f)
    f, low = two_sum(f - m, low)
    if abs(f) == 0.5 and f * low > 0:
        m, f = m + 2.0 * f, -f
    return int(n) + int(m), f, low


@njit
def _tie(n: int, f: float, x: float, plan: Bounded) -> tuple[int, int]:
    a, b = int(plan.tie_a), int(plan.tie_b)
    if x > 0:
        return (n if f > 0 else n - 1) + a, b
    return (n if f < 0 else n + 1) - a, -b


@njit
def _snap_to_integers(
    first: int, last: int, x: Floats, a: Ints, b: Ints, found: Ints, d: float
) -> None:
    """Snap with P = 0: to the nearest integer, half-way toward zero."""
    undecided = 0
    for i in range(first, last):
        if abs(x[i] * d) < _RESOLVE_LIMIT:
            n, f, low = _split(x[i], d)
            # rint takes half-way to even: step back where that was away from zero.
            away = low == 0.0 and abs(f) == 0.5 and f * n < 0
            a[i], b[i] = n + int(2.0 * f) * away, 0
        else:
            a[i], b[i] = 0, UNDECIDED
            undecided += 1
    add_to(found, 0, undecided)

"""The compiled search for |v'| <= K: doubles with a proven error bound, four candidates.

Built as `snap_loops` is, with a second number per candidate, its conjugate. The window is
closed; its boundary ±K is met by at most two elements, the conjugates of ±K, known beforehand.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from syntonic.constants import PHI_WORDS
from syntonic.exact.pairs import phi_power, words
from syntonic.jit.atomics import add_to
from syntonic.jit.compile import njit
from syntonic.jit.floats import SIGN_TERMS, exact_sign, fma, to_int, two_product, two_sum
from syntonic.jit.threads import BLOCK, counted_over_elements
from syntonic.rounding.plans import WindowPlan
from syntonic.rounding.snap_loops import UNDECIDED

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

__all__ = ["Window", "inside", "snap_window", "window_constants"]

_P0, _P1 = PHI_WORDS[:2]
_NOWHERE = 2.0**62  # no a is that large


class Window(NamedTuple):
    """The plan in doubles; the steps are φ^-m, φ^(1-m) and their sum φ^(2-m)."""

    limit: float
    """|X| below this has coordinates and candidates within the bounds of the proof."""
    sure: float
    """|X| below this may use the vector loop."""
    reach: float
    near: float
    """The vector loop admits |v'| <= reach, and doubts what comes as near as this to K."""
    coordinate1: float
    coordinate2: float
    """φ^(m-1)/√5 and φ^m/√5."""
    a1: float
    b1: float
    a2: float
    b2: float
    """The first two steps as elements."""
    value1: float
    value2: float
    value3: float
    """Their values."""
    conjugate1: float
    conjugate2: float
    conjugate3: float
    """Their conjugates, (-1)^m times φ^m, -φ^(m-1), φ^(m-2)."""
    bound: float
    bound_low: float
    bound_rest: float
    """K as three words."""
    edge_a: float
    edge_b: float
    """The conjugate of K if it is in Z[φ]."""


@lru_cache(maxsize=256)
def window_constants(plan: WindowPlan) -> Window:
    """Return the plan in doubles."""
    m = plan.level
    (a1, b1), (a2, b2) = plan.steps
    sign = 1.0 if m % 2 == 0 else -1.0
    phi = [words(*phi_power(m - i), 1, 1)[0] for i in range(3)]
    p, q, d = plan.window
    k = words(p, q, d, 3)
    limit = min(2.0**50, 2.0**48 / phi[0])
    # Let K be the conjugate of an element e of Z[φ]. Norms are integers, so another v with
    # |v' - K| <= 2^-46 K has |v - e| >= 2^46/K: too far for the candidates of a moderate X. What
    # comes that near to the boundary is ±e itself, and is inside.
    e = (p + q) // d, -q // d
    integral = p % d == 0 and q % d == 0 and max(map(abs, e)) < 1 << 50
    sure = min(2.0**45, 2.0**45 / phi[0], 2.0**46 * k[0])
    edge_known = integral and abs(words(*e, 1, 1)[0]) + 8.0 / phi[2] < sure
    return Window(
        limit=limit,
        sure=sure if edge_known else limit,
        reach=k[0] * (1.0 + 2.0**-47) if edge_known else k[0],
        near=-np.inf if edge_known else 2.0**-48 * k[0],
        coordinate1=words(*plan.coordinates[0], 5, 1)[0],
        coordinate2=words(*plan.coordinates[1], 5, 1)[0],
        a1=float(a1),
        b1=float(b1),
        a2=float(a2),
        b2=float(b2),
        value1=words(a1, b1, 1, 1)[0],
        value2=words(a2, b2, 1, 1)[0],
        value3=words(a1 + a2, b1 + b2, 1, 1)[0],
        conjugate1=sign * phi[0],
        conjugate2=-sign * phi[1],
        conjugate3=sign * phi[2],
        bound=k[0],
        bound_low=k[1],
        bound_rest=k[2],
        edge_a=float(e[0]) if integral else _NOWHERE,
        edge_b=float(e[1]) if integral else 0.0,
    )


def snap_window(x: Floats, denominator: int, plan: WindowPlan) -> tuple[Ints, Ints, int]:
    """Snap a contiguous 1-d array; return a, b and the number of UNDECIDED in b.

    The level is at most MAX_LEVEL in size, so that the steps are doubles and all candidates of
    |X| < 2^50 stay below 2^51; the denominator is below MAX_DENOMINATOR.
    """
    a, b = np.empty(x.size, np.int64), np.empty(x.size, np.int64)
    found = counted_over_elements(_snap, (x, a, b), float(denominator), window_constants(plan))
    return a, b, int(found[0])


@njit
def _snap(
    first: int, last: int, x: Floats, a: Ints, b: Ints, found: Ints, d: float, plan: Window
) -> None:
    terms = np.empty(SIGN_TERMS)
    undecided = 0
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        x_block, a_block, b_block = x[start:stop], a[start:stop], b[start:stop]
        if _snap_block(x_block, a_block, b_block, d, plan):
            for i in range(stop - start):
                if b_block[i] == UNDECIDED:
                    a_block[i], b_block[i] = _resolve(x_block[i], d, plan, terms)
                    undecided += b_block[i] == UNDECIDED
    add_to(found, 0, undecided)


@njit
def _snap_block(x: Floats, a: Ints, b: Ints, d: float, plan: Window) -> int:
    """Snap what is certain, mark the rest UNDECIDED in b, and count it."""
    count = 0
    for i in range(x.size):
        high = x[i] * d
        a0, b0, r0, q0, spread = _first_candidate(high, fma(x[i], d, -high), plan)
        q1, q2, q3 = q0 + plan.conjugate1, q0 + plan.conjugate2, q0 + plan.conjugate3
        d0 = abs(r0) if abs(q0) <= plan.reach else np.inf
        d1 = abs(r0 - plan.value1) if abs(q1) <= plan.reach else np.inf
        d2 = abs(r0 - plan.value2) if abs(q2) <= plan.reach else np.inf
        d3 = abs(r0 - plan.value3) if abs(q3) <= plan.reach else np.inf
        use1, use3 = d1 < d0, d3 < d2
        d01, d23 = min(d0, d1), min(d2, d3)
        upper = d23 < d01
        step1 = 1.0 if (use3 if upper else use1) else 0.0
        step2 = 1.0 if upper else 0.0
        a[i] = to_int(a0 + step1 * plan.a1 + step2 * plan.a2)
        nearest = min(d01, d23)
        second = min(max(d01, d23), min(max(d0, d1), max(d2, d3)))
        # How near to the boundary the four conjugates come.
        near01 = min(abs(abs(q0) - plan.bound), abs(abs(q1) - plan.bound))
        near23 = min(abs(abs(q2) - plan.bound), abs(abs(q3) - plan.bound))
        certain = (
            abs(high) < plan.sure
            and second - nearest > 2.0**-49 * plan.value3 + spread
            and min(near01, near23) > plan.near + spread
        )
        b[i] = to_int(b0 + step1 * plan.b1 + step2 * plan.b2) if certain else UNDECIDED
        count += not certain
    return count


@njit
def _first_candidate(
    high: float, low: float, plan: Window
) -> tuple[float, float, float, float, float]:
    """Return a, b of the floors of the coordinates of X, the residual, the conjugate, an error.

    The products of the coordinates reach 2^97, but a and b stay below 2^51, so their sums are
    exact. |X - v| and |v'| may be much smaller than a and bφ: both come from exact sums and one
    rounding of terms below 2^-45(|b| + |n - a| + |X|).
    """
    n = np.rint(high)
    i, j = np.floor(plan.coordinate1 * high), np.floor(plan.coordinate2 * high)
    product = i * plan.a1
    a = fma(j, plan.a2, product) + fma(i, plan.a1, -product)
    product = i * plan.b1
    b = fma(j, plan.b2, product) + fma(i, plan.b1, -product)
    t, t_low = two_product(b, _P0)
    rest, rest_low = two_sum(n - a, -t)
    residual, residual_low = two_sum(rest, high - n)
    residual += fma(-b, _P1, (rest_low - t_low) + (residual_low + low))
    conjugate, conjugate_low = two_sum(a + b, -t)
    conjugate += fma(-b, _P1, conjugate_low - t_low)
    return a, b, residual, conjugate, (abs(b) + abs(n - a) + abs(high)) * 2.0**-98


@njit
def _resolve(x: float, d: float, plan: Window, terms: Floats) -> tuple[int, int]:
    """Snap one x with exact sums; b is UNDECIDED if even they do not settle it."""
    high = x * d
    low = fma(x, d, -high)
    if not abs(high) < plan.limit:
        return 0, UNDECIDED
    a0, b0, r0, q0, spread = _first_candidate(high, low, plan)
    best, rest = np.inf, np.inf  # the residuals of the two nearest
    a_best, b_best, q_best, a_rest, b_rest, q_rest = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for a, b, value, conjugate in (
        (0.0, 0.0, 0.0, 0.0),
        (plan.a1, plan.b1, plan.value1, plan.conjugate1),
        (plan.a2, plan.b2, plan.value2, plan.conjugate2),
        (plan.a1 + plan.a2, plan.b1 + plan.b2, plan.value3, plan.conjugate3),
    ):
        a, b, r, q = a0 + a, b0 + b, r0 - value, q0 + conjugate
        admitted = inside(a, b, q, spread, plan, terms)
        if admitted < 0:
            return 0, UNDECIDED
        if admitted and abs(r) < abs(best):
            best, a_rest, b_rest, q_rest, rest = r, a_best, b_best, q_best, best
            a_best, b_best, q_best = a, b, q
        elif admitted and abs(r) < abs(rest):
            rest, a_rest, b_rest, q_rest = r, a, b, q
    if abs(rest) - abs(best) <= 2.0**-49 * plan.value3 + spread:
        side = _midpoint_sign(high, low, a_best + a_rest, b_best + b_rest, terms)
        if side == 0:
            return 0, UNDECIDED
        # A tie goes to the smaller |v'|, see WindowPlan.nearest; otherwise as with |b| <= P.
        swap = (q_rest < q_best) == (high > 0) if side == 2 else (side > 0) != (best < rest)
        if swap:
            a_best, b_best = a_rest, b_rest
    return int(a_best), int(b_best)


@njit
def _midpoint_sign(high: float, low: float, a: float, b: float, terms: Floats) -> int:
    """Return the sign of 2X - a - bφ, or 2 if it is zero, or 0 if in doubt."""
    if b == 0.0:
        total, rest = two_sum(2.0 * high - a, 2.0 * low)
        if total == 0.0 and rest == 0.0:
            return 2
    return exact_sign(2.0 * high, 2.0 * low, 0.0, -a, -b, terms)


@njit
def inside(a: float, b: float, q: float, spread: float, plan: Window, terms: Floats) -> int:
    """Tell whether |v'| <= K for v' about q: 1, 0, or -1 if even exact sums do not tell."""
    room = plan.bound - abs(q)
    if abs(room) > 2.0**-48 * plan.bound + spread:
        return 1 if room > 0 else 0
    if (a == plan.edge_a and b == plan.edge_b) or (a == -plan.edge_a and b == -plan.edge_b):
        return 1
    side = 1.0 if q > 0 else -1.0
    sign = exact_sign(plan.bound, plan.bound_low, plan.bound_rest, -side * (a + b), side * b, terms)
    return -1 if sign == 0 else (sign + 1) // 2

"""The compiled passes over a finished snap: the residual x - v, and the proof of uniqueness.

Both start from r = X - (a + bφ), X = dx, as a sum of two doubles with a proven error bound. What
the bound does not settle comes back as NaN or MAYBE, for the integers to decide.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from syntonic.constants import PHI_WORDS
from syntonic.exact.pairs import fibonacci, phi_power, words
from syntonic.jit.atomics import add_to
from syntonic.jit.compile import njit
from syntonic.jit.floats import SIGN_TERMS, distill, fma, two_product, two_sum
from syntonic.jit.threads import counted_over_elements
from syntonic.rounding.plans import BoundedPlan, Element, WindowPlan
from syntonic.rounding.wake_loops import TERMS, divided, exact_terms
from syntonic.rounding.window_loops import Window, inside, window_constants

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Verdicts = npt.NDArray[np.uint8]

__all__ = ["MAYBE", "certify_bounded", "certify_window", "residuals"]

MAYBE = 2
"""Neither proved nor disproved in doubles."""

_P0, _P1, _P2 = PHI_WORDS[:3]
_SMALL = 2.0**50


class Bound(NamedTuple):
    """How far X may be from the true element, as two words, and whether they are all of it."""

    value: float
    low: float
    exact: bool


class Gaps(NamedTuple):
    """The three-distance theorem in doubles: see `BoundedPlan._gap`."""

    precision: int
    direction: int
    first: int
    second: int
    short: float
    middle: float
    long: float


def residuals(x: Doubles, a: Ints, b: Ints, denominator: int) -> tuple[Doubles, int]:
    """Return x - (a + bφ)/denominator rounded to nearest, and the number of undecided NaNs."""
    out = np.empty(x.size)
    found = counted_over_elements(_residuals, (x, a, b, out), float(denominator))
    return out, int(found[0])


def certify_bounded(
    x: Doubles, a: Ints, b: Ints, denominator: int, plan: BoundedPlan, bound: Element
) -> tuple[Verdicts, int]:
    """Tell where v is the one element with |b| <= P within the bound of X.

    Returns 0, 1 or MAYBE for each, and the number of MAYBE.
    """
    out = np.empty(x.size, np.uint8)
    constants = float(denominator), _gap_constants(plan), _bound_constants(bound)
    found = counted_over_elements(_certify_bounded, (x, a, b, out), *constants)
    return out, int(found[0])


def certify_window(
    x: Doubles, a: Ints, b: Ints, denominator: int, plan: WindowPlan, bound: Element
) -> tuple[Verdicts, int]:
    """Tell where v is the one element with |v'| <= K within the bound of X; returns likewise."""
    out = np.empty(x.size, np.uint8)
    constants = float(denominator), window_constants(plan), _bound_constants(bound)
    found = counted_over_elements(_certify_window, (x, a, b, out), *constants)
    return out, int(found[0])


@lru_cache(maxsize=256)
def _gap_constants(plan: BoundedPlan) -> Gaps:
    k = plan.level
    short, middle, long = (words(*phi_power(-n), 1, 1)[0] for n in (k + 1, k, k - 1))
    first, second = int(fibonacci(k)), int(fibonacci(k + 1))
    return Gaps(plan.precision, plan.direction, first, second, short, middle, long)


def _bound_constants(bound: Element) -> Bound:
    value, low = words(*bound, 2)
    p, q, d = bound
    return Bound(value, low, q == 0 and Fraction(value) + Fraction(low) == Fraction(p, d))


@njit
def _residuals(
    first: int, last: int, x: Doubles, a: Ints, b: Ints, out: Doubles, found: Ints, d: float
) -> None:
    terms = np.empty(TERMS + 2)
    undecided = 0
    for i in range(first, last):
        if a[i] == 0 and b[i] == 0:
            out[i] = x[i] + 0.0  # turns -0 into 0
            continue
        rounded, out[i] = False, np.nan
        if _is_small(x[i] * d, a[i], b[i]):
            rounded, out[i] = _rounded(_difference(x[i], a[i], b[i], d), d)
        if not rounded:
            rounded, out[i] = _rounded(_long_difference(x[i], a[i], b[i], d, terms), d)
        if not rounded:
            out[i] = np.nan
            undecided += 1
    add_to(found, 0, undecided)


@njit
def _is_small(x: float, a: int, b: int) -> bool:
    return abs(x) < _SMALL and abs(float(a)) < _SMALL and abs(float(b)) < _SMALL


@njit
def _rounded(r: tuple[float, float, float], d: float) -> tuple[bool, float]:
    """Divide by d and round, and tell whether everything within the error rounds alike."""
    high, low, error = divided(r[0], r[1], r[2], d)
    value = high + (low + error)
    return value == high + (low - error), value + 0.0


@njit
def _difference(x: float, a: int, b: int, d: float) -> tuple[float, float, float]:
    """Return high + low = X - a - bφ and a bound on its error, for sizes below 2^50.

    Exact sums in falling order of their terms; what they leave over is at most 2^-53 of the
    sums and of φ's lower words, and is added up in doubles.
    """
    large = x * d
    small = fma(x, d, -large)
    y = -float(b)
    p, p_low = two_product(y, _P0)
    q, q_low = two_product(y, _P1)
    total, rest1 = two_sum(large, -float(a))
    total, rest2 = two_sum(total, p)
    middle, rest3 = two_sum(p_low, q)
    total, rest4 = two_sum(total, middle)
    size = abs(total) + abs(rest1) + abs(rest2) + abs(small)
    total, rest1 = two_sum(total, rest1)
    total, rest2 = two_sum(total, rest2)
    total, small = two_sum(total, small)
    rest = (rest1 + rest2) + (small + rest4) + (rest3 + (q_low + y * _P2))
    high, low = two_sum(total, rest)
    return high, low, fma(abs(y), 2.0**-150, size * 2.0**-100)


@njit
def _long_difference(
    x: float, a: int, b: int, d: float, terms: Doubles
) -> tuple[float, float, float]:
    """Do the same for all int64 a and b, to 2^-94 of the result; an infinite X gives NaN."""
    large = x * d
    exact_terms(a, b, terms)
    terms[TERMS], terms[TERMS + 1] = -large, -fma(x, d, -large)
    high, low = distill(terms, 4)
    error = abs(high) * 2.0**-94 + (abs(float(b)) + abs(float(a)) + abs(large)) * 2.0**-228
    return -high, -low, error


@njit
def _certify_bounded(
    first: int,
    last: int,
    x: Doubles,
    a: Ints,
    b: Ints,
    out: Verdicts,
    found: Ints,
    d: float,
    gaps: Gaps,
    bound: Bound,
) -> None:
    terms = np.empty(TERMS + 2)
    undecided = 0
    for i in range(first, last):
        if _is_small(x[i] * d, a[i], b[i]):
            r = _difference(x[i], a[i], b[i], d)
        else:
            r = _long_difference(x[i], a[i], b[i], d, terms)
        exact = b[i] == 0 and fma(x[i], d, -(x[i] * d)) == 0.0
        right, left = _gap(b[i], gaps), _gap(-b[i], gaps)
        out[i] = _verdict(r, exact, right, left, bound)
        undecided += out[i] == MAYBE
    add_to(found, 0, undecided)


@njit
def _gap(b: int, gaps: Gaps) -> float:
    b = b * gaps.direction
    if b - gaps.second >= -gaps.precision:
        return gaps.short
    return gaps.middle if b + gaps.first <= gaps.precision else gaps.long


@njit
def _certify_window(
    first: int,
    last: int,
    x: Doubles,
    a: Ints,
    b: Ints,
    out: Verdicts,
    found: Ints,
    d: float,
    plan: Window,
    bound: Bound,
) -> None:
    terms = np.empty(SIGN_TERMS)
    undecided = 0
    for i in range(first, last):
        out[i] = MAYBE
        if _is_small(x[i] * d, a[i], b[i]):
            right = _window_gap(float(a[i]), float(b[i]), plan, terms)
            left = _window_gap(-float(a[i]), -float(b[i]), plan, terms)
            if right > 0.0 and left > 0.0:
                exact = b[i] == 0 and fma(x[i], d, -(x[i] * d)) == 0.0
                r = _difference(x[i], a[i], b[i], d)
                out[i] = _verdict(r, exact, right, left, bound)
        undecided += out[i] == MAYBE
    add_to(found, 0, undecided)


@njit
def _window_gap(a: float, b: float, plan: Window, terms: Doubles) -> float:
    """Return the first step that stays in the window, or 0 if in doubt."""
    t, t_low = two_product(b, _P0)
    q, q_low = two_sum(a + b, -t)
    q += fma(-b, _P1, q_low - t_low)
    spread = (abs(a) + abs(b)) * 2.0**-97
    first = inside(a + plan.a1, b + plan.b1, q + plan.conjugate1, spread, plan, terms)
    if first != 0:
        return plan.value1 if first == 1 else 0.0
    second = inside(a + plan.a2, b + plan.b2, q + plan.conjugate2, spread, plan, terms)
    if second < 0:
        return 0.0
    return plan.value2 if second == 1 else plan.value3


@njit
def _verdict(
    r: tuple[float, float, float], exact: bool, right: float, left: float, bound: Bound
) -> int:
    """Decide |r| <= bound < min(right - r, left + r); an exact r has an exact high + low."""
    high, low, error = r
    size = abs(high)
    room, rest = two_sum(bound.value, -size)
    room += rest + (bound.low - (low if high > 0 else -low))
    if room < -error - 2.0**-98 * (bound.value + size):
        return 0
    other = min(right - high, left + high) - bound.value
    margin = 2.0**-48 * (max(right, left) + size + bound.value) + error
    if other < -margin:
        return 0
    within = room > error + 2.0**-98 * (bound.value + size)
    within = within or (room == 0.0 and exact and bound.exact)
    return 1 if within and other > margin else MAYBE

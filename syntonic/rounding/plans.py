"""The searches behind snap in exact integers: the reference, and what decides every close call.

A target is a rational X = p/q, in practice a float64 times the denominator, so that q is a power
of two. Both plans find the nearest integral element v = a + bφ under their bound among four
candidates, whatever the bound: see `BoundedPlan` and `WindowPlan` for why four are enough. The
fast loops in `snap_loops` follow the same plans in doubles and come back here when in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import floor, log2
from typing import Protocol, TypeAlias

from syntonic.constants import PHI_FLOAT
from syntonic.exact.pairs import (
    Integer,
    fibonacci,
    floor_div,
    floor_log2,
    multiply,
    phi_power,
    sign,
    words,
)

Pair: TypeAlias = tuple[int, int]
"""Integers (a, b) that stand for a + bφ."""

Element: TypeAlias = tuple[int, int, int]
"""Integers (p, q, d), d > 0, that stand for (p + qφ)/d."""

__all__ = [
    "BoundedPlan",
    "Element",
    "Pair",
    "Plan",
    "WindowPlan",
    "ZeroPlan",
    "bounded_plan",
    "closer",
    "is_unique",
    "window_plan",
]


_MOST_FLOAT, _MOST_PRECISION = 2.0**50, 1 << 12
"""Below them all integers of `BoundedPlan.nearest_to_float` are exact, and doubles often tell."""

_CLOSE = 2.0**-49


class Plan(Protocol):
    """What a bound must offer: the nearest admissible element and its neighbours."""

    def __hash__(self) -> int: ...

    def nearest(self, p: int, q: int) -> Pair:
        """Return the admissible element nearest to p/q."""
        ...

    def gaps(self, v: Pair) -> tuple[Pair, ...]:
        """Return the distances from v to its right and left neighbours, none if v is alone."""
        ...

    def least_gap(self) -> Pair | None:
        """Return the least distance of two admissible elements, None if there is but one."""
        ...


@dataclass(frozen=True, slots=True)
class BoundedPlan:
    """Search |b| <= P. Build it with `bounded_plan`.

    Notes
    -----
    Let N = 2P + 1 and k >= 1 be least with N <= F_(k+2), s = (-1)^(k+1). The basis
    U_k = (-F_(k+1), F_k), U_(k+1) of Z[φ] has the values sφ^-k, -sφ^-(k+1). By the three-distance
    theorem the admissible values are nowhere more than φ^-(k-1) apart modulo 1, so the best
    element lies within φ^-(k-1)/2 of X and within P of b = 0. Its coordinates in the basis then
    differ from those of (f, 0), f = X - n, namely sF_(k+1)f and -sF_k f, by at most
    φ³/(2√5) = 0.947 < 1: each is a floor or a floor plus one.

    References
    ----------
    V. T. Sós, "On the distribution mod 1 of the sequence nα", Ann. Univ. Sci. Budapest. Eötvös
    Sect. Math. 1 (1958), 127-134 (the three-distance theorem).
    """

    precision: int
    level: int
    direction: int
    steps: tuple[int, int]
    """F_k and F_(k+1)."""
    tie: Pair
    """The answer for X = 1/2: the same distance to (a, b) and (1-a, -b), and |a| < |1-a|."""
    bits: int
    phi: int
    """⌊φ 2^bits⌋."""

    def nearest(self, p: int, q: int) -> Pair:
        """Return the nearest element; a tie goes to the smaller |b|, then to the smaller |a|."""
        n = (2 * p + q) // (2 * q)
        f = p - n * q
        if f == 0:
            return n, 0
        if 2 * abs(f) == q:
            a, b = self.tie
            # A tie shifts by integers away from zero, and snap(-X) = -snap(X).
            return (a + p // q, b) if p > 0 else (p // q + 1 - a, -b)
        if self.precision == 0:
            return n, 0
        a, b = self._nearest_fraction(f, q)
        return a + n, b

    def _nearest_fraction(self, f: int, q: int) -> Pair:
        """Search for f/q, |f/q| < 1/2, in fixed point with `bits` fractional bits."""
        first, second = self.steps
        i = self.direction * second * f // q
        j = -self.direction * first * f // q
        b = i * first + j * second
        target, half = (f << self.bits) // q, 1 << (self.bits - 1)
        found = []
        for b_candidate in (b, b + first, b + second, b + first + second):
            if abs(b_candidate) <= self.precision:
                rest = target - b_candidate * self.phi
                a = (rest + half) >> self.bits
                found.append((abs(rest - (a << self.bits)), a, b_candidate))
        found.sort()
        best, v = found[0][0], found[0][1:]
        # A distance is off by at most |b| + 1 units.
        margin = 2 * self.precision + 2
        for distance, a, b in found[1:]:
            if distance - best <= margin and closer((a, b), v, f, q) < 0:
                v = (a, b)
        return v

    def nearest_to_float(self, x: float) -> Pair | None:
        """Return the element nearest to x, or None where doubles leave it open.

        With f = x - n exact and t = fl(bφ) for the first candidate's b, an exact integer, the
        residual fl(fl(f - a) - t) is off by at most 2^-53(2|t| + |f - a|), |f - a| <= |t| + 1. The
        steps and what is left after them are below 2. So distances further apart than
        2^-49(|t| + 1) are in their true order.
        """
        if not -_MOST_FLOAT < x < _MOST_FLOAT or not 1 <= self.precision <= _MOST_PRECISION:
            return None
        n = round(x)
        f = x - n
        if f == 0.0:
            return n, 0
        first, second, steps = _steps_in_doubles(self.precision)
        b = floor(second * f) * abs(first) + floor(first * f) * abs(second)
        t = b * PHI_FLOAT
        r = (f - round(f - t)) - t
        limit = self.precision
        best, distance, rest = b, abs(r) if -limit <= b <= limit else 2.0, 2.0
        for step, value in steps:
            if -limit <= b + step <= limit:
                far = abs(r - value)
                if far < distance:
                    distance, rest, best = far, distance, b + step
                elif far < rest:
                    rest = far
        if rest - distance <= (abs(t) + 1.0) * _CLOSE:
            return None
        return n + round(f - best * PHI_FLOAT), int(best)

    def gaps(self, v: Pair) -> tuple[Pair, Pair]:
        """Return the distances to the neighbours of v with |b| <= P, each one of three units."""
        return self._gap(v[1]), self._gap(-v[1])

    def least_gap(self) -> Pair:
        """Return φ^-(k+1), as F_(k+1) <= 2P is the difference of two b; with P = 0 it is 1."""
        return _power(-self.level - 1) if self.precision else (1, 0)

    def _gap(self, b: int) -> Pair:
        """Return the gap to the right of b; the gap to its left is the gap to the right of -b."""
        k, b = self.level, b * self.direction
        if b - self.steps[1] >= -self.precision:
            return _power(-k - 1)
        if b + self.steps[0] <= self.precision:
            return _power(-k)
        return _power(1 - k)


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Search |v'| <= K for K in Q(φ). Build it with `window_plan`.

    Notes
    -----
    φ^m <= 2K < φ^(m+1). Multiplying by φ^m makes the window c = Kφ^-m lie in [1/2, φ/2), where
    the step to the right of z is 1 if z'+1 <= c, else φ if z'-1/φ >= -c, else φ². With
    y = Xφ^m the best z satisfies |z-y| <= step/2, and its coordinates in the basis (1, φ) differ
    from y/(φ√5) and y/√5 by |φz' + (z-y)/φ|/√5 and |(z-y) - z'|/√5, at most φ/√5 = 0.724 < 1 in
    each of the three cases. Four candidates are enough, and an answer always exists.
    """

    window: Element
    level: int
    steps: tuple[Pair, Pair]
    """φ^-m and φ^(1-m)."""
    coordinates: tuple[Pair, Pair]
    """5φ^(m-1)/√5 and 5φ^m/√5."""

    def contains(self, v: Pair) -> bool:
        """Tell whether |v'| <= K (the window is closed)."""
        a, b = v
        p, q, d = self.window
        trace_a, conjugate_b = d * (a + b), -d * b
        return sign(p - trace_a, q - conjugate_b) >= 0 and sign(p + trace_a, q + conjugate_b) >= 0

    def nearest(self, p: int, q: int) -> Pair:
        """Return the nearest element; a tie goes to the smaller |v'|."""
        i, j = (int(floor_div(p * r, p * s, 5 * q)) for r, s in self.coordinates)
        (e0, e1), (g0, g1) = self.steps
        a, b = i * e0 + j * g0, i * e1 + j * g1
        candidates = ((a, b), (a + e0, b + e1), (a + g0, b + g1), (a + e0 + g0, b + e1 + g1))
        inside = [v for v in candidates if self.contains(v)]
        best = inside[0]
        for v in inside[1:]:
            order = closer(v, best, p, q)
            # Equally far means v + best = 2X, hence v'² - best'² = (v' - best')2X.
            a, b = v[0] - best[0], v[1] - best[1]
            if order < 0 or (order == 0 and sign(a + b, -b) * p < 0):
                best = v
        return best

    def gaps(self, v: Pair) -> tuple[Pair, Pair]:
        """Return the distances to the neighbours of v inside the window."""
        return self._gap(v), self._gap((-v[0], -v[1]))

    def least_gap(self) -> Pair:
        """Return φ^-m: the window has room for two elements that far apart."""
        return self.steps[0]

    def _gap(self, v: Pair) -> Pair:
        (e0, e1), (g0, g1) = self.steps
        for a, b in ((e0, e1), (g0, g1)):
            if self.contains((v[0] + a, v[1] + b)):
                return a, b
        return e0 + g0, e1 + g1


@dataclass(frozen=True, slots=True)
class ZeroPlan:
    """The window K = 0, which holds 0 alone."""

    def nearest(self, p: int, q: int) -> Pair:
        """Return 0."""
        return 0, 0

    def gaps(self, v: Pair) -> tuple[Pair, ...]:
        """Return nothing: 0 has no neighbour."""
        return ()

    def least_gap(self) -> None:
        """Return nothing: there is no other element."""


@lru_cache(maxsize=256)
def bounded_plan(precision: int) -> BoundedPlan:
    """Return the plan for |b| <= precision."""
    k = 1
    while fibonacci(k + 2) < 2 * precision + 1:
        k += 1
    bits = 2 * precision.bit_length() + 128
    plan = BoundedPlan(
        precision=precision,
        level=k,
        direction=1 if k % 2 else -1,
        steps=(int(fibonacci(k)), int(fibonacci(k + 1))),
        tie=(0, 0),
        bits=bits,
        phi=int(floor_div(0, 1 << bits, 1)),
    )
    if precision == 0:
        return plan
    a, b = plan._nearest_fraction(1, 2)
    return replace(plan, tie=(a, b) if a <= 0 else (1 - a, -b))


@lru_cache(maxsize=256)
def _steps_in_doubles(
    precision: int,
) -> tuple[float, float, tuple[tuple[float, float], ...]]:
    """Return -sF_k, sF_(k+1), and b and value of the steps to the other three candidates."""
    plan = bounded_plan(precision)
    k, s = plan.level, float(plan.direction)
    first, second = map(float, plan.steps)
    values = (s * words(*phi_power(-k - i), 1, 1)[0] for i in range(3))
    signs = zip((first, second, first + second), (1, -1, 1), values, strict=True)
    steps = ((b, sign * value) for b, sign, value in signs)
    return -s * first, s * second, tuple(steps)


@lru_cache(maxsize=256)
def window_plan(window: Element) -> WindowPlan | ZeroPlan:
    """Return the plan for |v'| <= window, which is zero or positive."""
    p, q, d = window
    if sign(p, q) == 0:
        return ZeroPlan()
    m = floor(floor_log2(2 * p, 2 * q, d) / log2(PHI_FLOAT))
    while _compare(*_power(m), 1, (2 * p, 2 * q, d)) > 0:
        m -= 1
    while _compare(*_power(m + 1), 1, (2 * p, 2 * q, d)) <= 0:
        m += 1
    # √5 = 2φ - 1, so 5φ^n/√5 = φ^n (2φ - 1).
    first, second = (multiply(*phi_power(n), -1, 2) for n in (m - 1, m))
    return WindowPlan(
        window=window,
        level=m,
        steps=(_power(-m), _power(1 - m)),
        coordinates=((int(first[0]), int(first[1])), (int(second[0]), int(second[1]))),
    )


def closer(v: Pair, w: Pair, p: int, q: int) -> int:
    """Return the sign of |X - v| - |X - w| for X = p/q: (X-v)² - (X-w)² = (w-v)(2X-v-w)."""
    difference = sign(w[0] - v[0], w[1] - v[1])
    return difference * sign(2 * p - q * (v[0] + w[0]), -q * (v[1] + w[1]))


def is_unique(plan: Plan, v: Pair, p: int, q: int, bound: Element) -> bool:
    """Tell whether v is the one admissible element within the bound of p/q.

    Let r = X - v and g+, g- the gaps beside v. Every other admissible element is at least
    min(g+ - r, g- + r) away from X, so |r| <= bound < min(g+ - r, g- + r) decides.
    """
    a, b = p - q * v[0], -q * v[1]  # X - v = (a + bφ)/q
    if _compare(a, b, q, bound) > 0 or _compare(-a, -b, q, bound) > 0:
        return False
    sides = zip((1, -1), plan.gaps(v), strict=False)
    return all(_compare(g * q - s * a, h * q - s * b, q, bound) > 0 for s, (g, h) in sides)


def _compare(a: Integer, b: Integer, d: int, bound: tuple[Integer, Integer, int]) -> int:
    """Return the sign of (a + bφ)/d - bound."""
    p, q, e = bound
    return sign(a * e - p * d, b * e - q * d)


def _power(n: int) -> Pair:
    a, b = phi_power(n)
    return int(a), int(b)

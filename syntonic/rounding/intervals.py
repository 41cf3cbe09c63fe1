"""Exact searches for elements (a + bφ)/D in a closed interval with rational ends.

Every question is asked of Z[φ] after scaling by D. An interval of width W > 0 holds infinitely many
elements, so each search names what it makes small: |b|, or the Galois conjugate. Both find their
answer among four candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import islice
from math import gcd, lcm
from numbers import Rational
from typing import NamedTuple

from syntonic.errors import shown
from syntonic.exact.pairs import Integer, floor_div, floor_log_phi, multiply, phi_power, sign
from syntonic.foreign import ratio
from syntonic.rounding.plans import Pair, closer

__all__ = ["Interval", "least_coefficient", "least_conjugate", "walk"]


def least_coefficient(lo: Rational, hi: Rational, *, denominator: int = 1) -> Pair | None:
    """Find the element of (1/D)Z[φ] in [lo, hi] whose φ-coefficient is smallest.

    Parameters
    ----------
    lo, hi
        Rationals, lo <= hi.
    denominator
        D, positive.

    Returns
    -------
    tuple of int, or None
        (a, b) for (a + bφ)/D. Among equal |b| the element nearest to the middle of the interval
        wins, then the one with the smaller |a|. None if lo = hi is no multiple of 1/D.

    Raises
    ------
    TypeError
        lo or hi is no exact rational.
    ValueError
        lo is larger than hi, or the denominator is not positive.

    Notes
    -----
    Let φ^-k <= DW < φ^(1-k), k >= 1, and s = (-1)^(k+1). U_k = (-F_(k+1), F_k) has the value
    sφ^-k, and U_k, U_(k+1) are a basis of Z[φ]. Seen from an element inside, the next one with a
    larger b is the first of U_k, U_(k+1), U_(k+2) away that is inside: any other step of positive
    b < F_(k+2) mixes signs in this basis, and is then longer than φ^(1-k). Hence 2|b| of the
    answer is at most F_k, F_(k+1) or F_(k+2), according to the step to its neighbour on the other
    side of 0. With r its distance from the middle x, its coordinates in the basis differ from
    those of (x, 0), which are sF_(k+1)x and -sF_k x, by φ^(-k-1)b + sF_(k+1)r and
    φ^-k b - sF_k r. In each of the three cases both are at most 0.81 in size (the most at k = 1),
    so each coordinate is a floor or a floor plus one.

    Examples
    --------
    >>> from fractions import Fraction
    >>> least_coefficient(Fraction(30, 100), Fraction(31, 100), denominator=2)
    (-1, 1)
    """
    return _interval(lo, hi, denominator).least_coefficient()


def least_conjugate(lo: Rational, hi: Rational, *, denominator: int = 1) -> Pair | None:
    """Find the element of (1/D)Z[φ] in [lo, hi] whose Galois conjugate is smallest in size.

    Parameters
    ----------
    lo, hi
        Rationals, lo <= hi.
    denominator
        D, positive.

    Returns
    -------
    tuple of int, or None
        (a, b) for (a + bφ)/D; there are no ties. None if lo = hi is no multiple of 1/D.

    Raises
    ------
    TypeError
        lo or hi is no exact rational.
    ValueError
        lo is larger than hi, or the denominator is not positive.

    Notes
    -----
    This is the search of `WindowPlan` with value and conjugate changing places. With
    φ^-k <= DW < φ^(1-k), for any integer k, the coordinates of the answer in the basis
    U_k, U_(k+1) differ by at most φ/√5 = 0.724 from those of the point with the value x (the
    middle) and the conjugate 0, which are sφ^(k+1)x/√5 and -sφ^k x/√5. Multiplying the interval
    by a unit multiplies the answer by it.

    Two elements with conjugates ±v' are v and -v, and then 0 is inside as well: no ties.

    Examples
    --------
    >>> from fractions import Fraction
    >>> least_conjugate(Fraction(125, 100), Fraction(135, 100), denominator=2)
    (1, 1)
    """
    return _interval(lo, hi, denominator).least_conjugate()


def walk(
    lo: Rational, hi: Rational, max_coefficient: int, *, denominator: int = 1
) -> Iterator[Pair]:
    """Yield every element of (1/D)Z[φ] in [lo, hi] with bounded coefficients, by increasing |b|.

    Parameters
    ----------
    lo, hi
        Rationals, lo <= hi.
    max_coefficient
        The bound on |a| and |b|, zero or more.
    denominator
        D, positive.

    Yields
    ------
    tuple of int
        (a, b) for (a + bφ)/D. Of equal |b|, the two signs come in either order; of one b (where
        DW >= 1), the a come by increasing size.

    Raises
    ------
    TypeError
        lo or hi is no exact rational.
    ValueError
        lo is larger than hi, or the denominator is not positive.

    Notes
    -----
    See `least_coefficient` for the steps that meet every element of an interval narrower than
    1/D. Each costs a constant.

    Examples
    --------
    >>> from fractions import Fraction
    >>> list(walk(Fraction(60, 100), Fraction(70, 100), 20))
    [(-1, 1), (12, -7)]
    """
    return _interval(lo, hi, denominator).elements(max_coefficient)


@dataclass(frozen=True, slots=True)
class _Basis:
    """The basis U_k, U_(k+1) of Z[φ] and the coordinates of the two targets for x = 1."""

    up: tuple[Pair, Pair, Pair]
    """U_k, U_(k+1) and their sum U_(k+2): steps of increasing b > 0."""
    down: tuple[Pair, Pair, Pair]
    coefficient_target: Pair
    """sF_(k+1) and -sF_k."""
    conjugate_target: tuple[Pair, Pair]
    """5sφ^(k+1)/√5 and -5sφ^k/√5, as elements."""


@lru_cache(maxsize=4096)
def _basis_for(width: int, scale: int) -> _Basis:
    """Return the basis for an interval of the width `width/scale`, positive."""
    return _basis_at(-floor_log_phi(width, 0, scale))


@lru_cache(maxsize=256)
def _basis_at(k: int) -> _Basis:
    s = 1 if k % 2 else -1
    u, w = _times(phi_power(-k), s), _times(phi_power(-k - 1), -s)
    up = (u, w, _plus(u, w))
    # 5/√5 = √5 = 2φ - 1.
    first = _times(multiply(*phi_power(k + 1), -1, 2), s)
    second = _times(multiply(*phi_power(k), -1, 2), -s)
    return _Basis(
        up=up,
        down=(_times(u, -1), _times(w, -1), _times(up[2], -1)),
        coefficient_target=(s * w[1], -s * u[1]),
        conjugate_target=(first, second),
    )


class Interval(NamedTuple):
    """The interval [low/scale, high/scale], where elements of Z[φ] are looked for."""

    low: int
    high: int
    scale: int

    @property
    def is_wide(self) -> bool:
        """Tell whether every b has an a: the width is 1 at least."""
        return self.high - self.low >= self.scale

    def contains(self, v: Pair) -> bool:
        """Tell whether a + bφ is inside; the ends are."""
        a, b = self.scale * v[0], self.scale * v[1]
        return sign(a - self.low, b) >= 0 and sign(self.high - a, -b) >= 0

    def least_coefficient(self) -> Pair | None:
        """Return the element inside with the least |b|, then nearest to the middle."""
        if self.low == self.high:
            return self._point()
        if self.is_wide:
            # The integer nearest to the middle, half-way toward 0, is inside.
            middle = self.low + self.high  # of 2·scale
            n = (abs(middle) + self.scale - 1) // (2 * self.scale)
            return (n if middle > 0 else -n), 0
        return self._start(self._basis(), None)

    def least_conjugate(self) -> Pair | None:
        """Return the element inside with the least |v'|."""
        if self.low == self.high:
            return self._point()
        basis = self._basis()
        x, q = self.low + self.high, 10 * self.scale  # the targets are for 5, the middle for 2
        i, j = (int(floor_div(x * p, x * r, q)) for p, r in basis.conjugate_target)
        best: Pair | None = None
        for v in _corners(basis, i, j):
            if self.contains(v) and (best is None or _conjugate_is_less(v, best)):
                best = v
        return best

    def rows(self, limit: int) -> Iterator[tuple[int, int, int]]:
        """Yield (b, least a, largest a) for every b that has a + bφ inside.

        They come by increasing |b|, up to the limit.
        """
        if self.is_wide:
            return ((b, *self._ends(b)) for b in _by_size(-limit, limit))
        return ((b, a, a) for a, b in self._walk(limit))

    def elements(self, limit: int) -> Iterator[Pair]:
        """Yield every element inside with |a|, |b| <= limit, by increasing |b|, then |a|."""
        for b, least, most in self.rows(limit):
            for a in _by_size(max(least, -limit), min(most, limit)):
                yield a, b

    def _ends(self, b: int) -> Pair:
        q = self.scale
        return -int(floor_div(-self.low, b * q, q)), int(floor_div(self.high, -b * q, q))

    def _walk(self, limit: int) -> Iterator[Pair]:
        """Yield every element with |b| <= limit of an interval that is not wide."""
        if self.low == self.high:
            point = self._point()
            return iter(() if point is None else (point,))
        basis = self._basis()
        start = self._start(basis, limit)
        if start is None:
            return iter(())
        # From the least |b| on, both directions go away from b = 0.
        down = islice(self._hits(start, basis.down, limit), 1, None)
        return merge(self._hits(start, basis.up, limit), down, key=_coefficient)

    def _hits(self, v: Pair, steps: tuple[Pair, Pair, Pair], limit: int) -> Iterator[Pair]:
        """Yield v and what follows it in one direction."""
        while True:
            yield v
            for step in steps:
                w = _plus(v, step)
                if abs(w[1]) > limit:
                    return  # the steps grow
                if self.contains(w):
                    v = w
                    break

    def _start(self, basis: _Basis, limit: int | None) -> Pair | None:
        """Return the element with the least |b|, unless that exceeds the limit."""
        x, q = self.low + self.high, 2 * self.scale
        i, j = basis.coefficient_target
        best: Pair | None = None
        for v in _corners(basis, x * i // q, x * j // q):
            within = limit is None or abs(v[1]) <= limit
            if within and self.contains(v) and (best is None or self._before(v, best)):
                best = v
        return best

    def _before(self, v: Pair, w: Pair) -> bool:
        order = abs(v[1]) - abs(w[1])
        order = order or closer(v, w, self.low + self.high, 2 * self.scale)
        return (order or abs(v[0]) - abs(w[0])) < 0

    def _point(self) -> Pair | None:
        a, rest = divmod(self.low, self.scale)
        return None if rest else (a, 0)

    def _basis(self) -> _Basis:
        width = self.high - self.low
        common = gcd(width, self.scale)  # one width has one place in the cache
        return _basis_for(width // common, self.scale // common)


def _interval(lo: Rational, hi: Rational, denominator: int) -> Interval:
    try:
        (p, q), (r, t) = (map(int, ratio(x)) for x in (lo, hi))
    except AttributeError:
        raise TypeError(
            "tolerance: lo and hi must be exact rationals; pass Fraction(x) for the binary value "
            "of a float x"
        ) from None
    if denominator < 1:
        raise ValueError(f"tolerance: denominator must be at least 1, got {shown(denominator)}")
    scale = lcm(q, t)
    low, high = denominator * p * (scale // q), denominator * r * (scale // t)
    if low > high:
        raise ValueError("tolerance: lo must not be larger than hi; swap the two")
    return Interval(low, high, scale)


def _corners(basis: _Basis, i: int, j: int) -> tuple[Pair, Pair, Pair, Pair]:
    """Return the four elements whose coordinates are i or i+1, and j or j+1."""
    (u0, u1), (w0, w1), (s0, s1) = basis.up
    a, b = i * u0 + j * w0, i * u1 + j * w1
    return (a, b), (a + u0, b + u1), (a + w0, b + w1), (a + s0, b + s1)


def _conjugate_is_less(v: Pair, w: Pair) -> bool:
    """Tell whether |v'| < |w'|, by v'² - w'² = (v' - w')(v' + w')."""
    minus = sign(v[0] - w[0] + v[1] - w[1], w[1] - v[1])
    plus = sign(v[0] + w[0] + v[1] + w[1], -v[1] - w[1])
    return minus * plus < 0


def _by_size(least: int, most: int) -> Iterator[int]:
    """Yield the integers from least to most by increasing size."""
    start = max(least, min(0, most))
    return merge(range(start, most + 1), range(start - 1, least - 1, -1), key=abs)


def _coefficient(v: Pair) -> int:
    return abs(v[1])


def _plus(v: Pair, w: Pair) -> Pair:
    return v[0] + w[0], v[1] + w[1]


def _times(v: tuple[Integer, Integer], n: int) -> Pair:
    return int(v[0]) * n, int(v[1]) * n

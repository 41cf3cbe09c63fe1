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
from itertools import count, islice
from math import lcm
from numbers import Rational

from syntonic.exact.pairs import Integer, floor_div, floor_log_phi, multiply, phi_power, sign
from syntonic.lattice.snap_exact import Pair, closer

__all__ = ["least_coefficient", "least_conjugate", "walk"]


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
    ValueError
        lo is larger than hi.

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
    return _Interval.of(lo, hi, denominator).least_coefficient()


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
    ValueError
        lo is larger than hi.

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
    return _Interval.of(lo, hi, denominator).least_conjugate()


def walk(lo: Rational, hi: Rational, *, denominator: int = 1) -> Iterator[Pair]:
    """Yield elements of (1/D)Z[φ] in [lo, hi] by increasing |b|: for each b that has any, one.

    Parameters
    ----------
    lo, hi
        Rationals, lo <= hi.
    denominator
        D, positive.

    Yields
    ------
    tuple of int
        (a, b) for (a + bφ)/D. Where an interval wider than 1/D offers several a to one b, the
        smallest in size. Without end, unless lo = hi.

    Raises
    ------
    ValueError
        lo is larger than hi.

    Notes
    -----
    See `least_coefficient` for the steps that meet every element of an interval narrower than
    1/D. The cost of an element is constant.

    Examples
    --------
    >>> from fractions import Fraction
    >>> elements = walk(Fraction(60, 100), Fraction(70, 100))
    >>> list(islice(elements, 3))
    [(-1, 1), (-4, 3), (7, -4)]
    """
    return _Interval.of(lo, hi, denominator).walk()


@dataclass(frozen=True, slots=True)
class _Units:
    """The basis U_k, U_(k+1) of Z[φ] and the coordinates of the two targets for x = 1."""

    steps: tuple[Pair, Pair, Pair]
    """U_k, U_(k+1) and their sum U_(k+2)."""
    coefficient_target: tuple[Pair, Pair]
    """5sF_(k+1) and -5sF_k, as elements."""
    conjugate_target: tuple[Pair, Pair]
    """5sφ^(k+1)/√5 and -5sφ^k/√5."""


@lru_cache(maxsize=256)
def _units(k: int) -> _Units:
    s = 1 if k % 2 else -1
    u, w = _times(phi_power(-k), s), _times(phi_power(-k - 1), -s)
    # 5/√5 = √5 = 2φ - 1.
    first = _times(multiply(*phi_power(k + 1), -1, 2), s)
    second = _times(multiply(*phi_power(k), -1, 2), -s)
    return _Units(
        steps=(u, w, _plus(u, w)),
        coefficient_target=((5 * s * w[1], 0), (-5 * s * u[1], 0)),
        conjugate_target=(first, second),
    )


@dataclass(frozen=True, slots=True)
class _Interval:
    """The interval [low/scale, high/scale], where elements of Z[φ] are looked for."""

    low: int
    high: int
    scale: int

    @classmethod
    def of(cls, lo: Rational, hi: Rational, denominator: int) -> _Interval:
        (p, q), (r, t) = ((int(x.numerator), int(x.denominator)) for x in (lo, hi))
        scale = lcm(q, t)
        low, high = denominator * p * (scale // q), denominator * r * (scale // t)
        if low > high:
            raise ValueError("tolerance: lo must not be larger than hi; swap the two")
        return cls(low, high, scale)

    def contains(self, v: Pair) -> bool:
        a, b = self.scale * v[0], self.scale * v[1]
        return sign(a - self.low, b) >= 0 and sign(self.high - a, -b) >= 0

    def least_coefficient(self) -> Pair | None:
        width, middle = self.high - self.low, self.low + self.high  # of 2·scale
        if width == 0:
            return self._point()
        if width >= self.scale:
            # The integer nearest to the middle, half-way toward 0, is inside.
            n = (abs(middle) + self.scale - 1) // (2 * self.scale)
            return (n if middle > 0 else -n), 0
        units = self._basis()
        best: Pair | None = None
        for v in self._candidates(units, units.coefficient_target):
            if best is None or self._before(v, best):
                best = v
        return best

    def _before(self, v: Pair, w: Pair) -> bool:
        order = abs(v[1]) - abs(w[1])
        order = order or closer(v, w, self.low + self.high, 2 * self.scale)
        return (order or abs(v[0]) - abs(w[0])) < 0

    def least_conjugate(self) -> Pair | None:
        if self.low == self.high:
            return self._point()
        units = self._basis()
        best: Pair | None = None
        for v in self._candidates(units, units.conjugate_target):
            if best is None or _conjugate_is_less(v, best):
                best = v
        return best

    def walk(self) -> Iterator[Pair]:
        start = self.least_coefficient()
        if start is None or self.low == self.high:
            return iter(() if start is None else (start,))
        if self.high - self.low >= self.scale:
            return map(self._least_integer, _zigzag())
        steps = self._basis().steps
        down = tuple(_times(step, -1) for step in steps)
        # From the least |b| on, both directions go away from b = 0.
        return merge(
            self._hits(start, steps), islice(self._hits(start, down), 1, None), key=_coefficient
        )

    def _hits(self, v: Pair, steps: tuple[Pair, ...]) -> Iterator[Pair]:
        while True:
            yield v
            v = next(w for w in (_plus(v, step) for step in steps) if self.contains(w))

    def _least_integer(self, b: int) -> Pair:
        """Return the smallest a with a + bφ inside; the interval is at least 1 wide."""
        q = self.scale
        least, most = -floor_div(-self.low, b * q, q), floor_div(self.high, -b * q, q)
        return int(max(least, min(0, most))), b

    def _point(self) -> Pair | None:
        a, rest = divmod(self.low, self.scale)
        return None if rest else (a, 0)

    def _basis(self) -> _Units:
        return _units(-floor_log_phi(self.high - self.low, 0, self.scale))

    def _candidates(self, units: _Units, target: tuple[Pair, Pair]) -> Iterator[Pair]:
        x, q = self.low + self.high, 10 * self.scale  # the targets are for 5, the middle for 2
        i, j = (int(floor_div(x * p, x * r, q)) for p, r in target)
        u, w, both = units.steps
        v = i * u[0] + j * w[0], i * u[1] + j * w[1]
        return filter(self.contains, (v, _plus(v, u), _plus(v, w), _plus(v, both)))


def _conjugate_is_less(v: Pair, w: Pair) -> bool:
    """Tell whether |v'| < |w'|, by v'² - w'² = (v' - w')(v' + w')."""
    minus = sign(v[0] - w[0] + v[1] - w[1], w[1] - v[1])
    plus = sign(v[0] + w[0] + v[1] + w[1], -v[1] - w[1])
    return minus * plus < 0


def _zigzag() -> Iterator[int]:
    yield 0
    for b in count(1):
        yield b
        yield -b


def _coefficient(v: Pair) -> int:
    return abs(v[1])


def _plus(v: Pair, w: Pair) -> Pair:
    return v[0] + w[0], v[1] + w[1]


def _times(v: tuple[Integer, Integer], n: int) -> Pair:
    return int(v[0]) * n, int(v[1]) * n

"""Which denominator and window the printed decimals single out, and how likely by accident.

A printed value t stands for a real in [t - h, t + h]. For a denominator D, the window C is the
least one for which every such interval holds a point v of (1/D)Z[φ] with |v'| <= C. Two points of
that kind differ by at least 1/(2CD²), because their difference w ≠ 0 has |w w'| >= 1/D² and
|w'| <= 2C. Hence with κ = 4hCD² < 1 each interval holds exactly one.

Of all reals, the fraction κ/√5 lies within h of such a point: (1/D)Z[φ] is a plane lattice with
one point to every area √5/D², so a line meets 2C·D²/√5 of them per unit. That n independent
reals all do so has the probability (κ/√5)ⁿ. The weights 1/(D(D+1)) over all D sum to 1, so the
chance that unrelated reals fit *some* D this well is at most D(D+1)(κ/√5)ⁿ. The rounding that is
tried as number t pays with the factor t²: of all sets of unrelated reals at most the sum of all
0.02/t² is accepted, less than 3.3 in 100, however many roundings are tried.

The intervals may also differ in width. Then κ = 2WCD² with the largest width W, and an interval
of the width w contributes (w/W)κ/√5 to the product in place of κ/√5.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TypeAlias

from syntonic.exact.golden import SQRT5, GoldenExact
from syntonic.exact.pairs import sign
from syntonic.progress import shown
from syntonic.rounding.intervals import least_conjugate
from syntonic.rounding.plans import Pair

__all__ = [
    "LARGEST_DENOMINATOR",
    "LIKELY_DENOMINATOR",
    "MOST_CHANCE",
    "Ends",
    "Fit",
    "best_fit",
    "best_interval_fit",
    "fit",
]

LIKELY_DENOMINATOR = 12
"""Denominators up to here are tried first."""

LARGEST_DENOMINATOR = 1000
MOST_CHANCE = 0.02  # of an accident, in what is accepted

_ALONE = Fraction(1, 1000)  # the chance for n = 1 up to which an unlikely D is looked at

Ends: TypeAlias = tuple[Fraction, Fraction]
"""The two ends of a closed interval."""


@dataclass(frozen=True)
class Fit:
    """How well points of (1/D)Z[φ] fit the printed values.

    Attributes
    ----------
    denominator
        D.
    window
        C, the largest conjugate; a lower bound of it if the fit is not complete.
    kappa
        κ = 4hCD²; below 1 it proves the points, given D and C.
    evidence
        n, the number of distinct non-zero sizes among the points.
    chance
        The chance that unrelated reals fit this well: tries²·D(D+1)(κ/√5)ⁿ, at most 1.
    chance_scale
        The same with n = 1: for values that share one unknown scale.
    complete
        False if the search was given up because κ had reached √5, where any reals fit.
    points
        For each size |t| of a printed value, the numerators (a, b) of its point (a + bφ)/D.
    """

    denominator: int
    window: GoldenExact
    kappa: GoldenExact
    evidence: int
    chance: float
    chance_scale: float
    complete: bool
    points: dict[Fraction, Pair]

    @property
    def is_certain(self) -> bool:
        """Whether κ < 1: each rounding interval holds exactly one point."""
        return self.kappa < 1


def fit(sizes: Sequence[Fraction], h: Fraction, denominator: int, tries: int = 1) -> Fit:
    """Find the least window of a denominator and the points in it.

    Parameters
    ----------
    sizes
        The distinct absolute values that are printed. (The point of -t is minus that of t.)
    h
        Half the rounding interval, positive.
    denominator
        D.
    tries
        How many roundings h have been tried, for the chance.

    Examples
    --------
    >>> found = fit([Fraction(8, 10), Fraction(13, 10)], Fraction(1, 20), 2)
    >>> found.window, found.points[Fraction(13, 10)]
    (GoldenExact('-1/2', '1/2'), (1, 1))
    """
    return _fit({t: (t - h, t + h) for t in sizes}, denominator, _Terms(2 * h, tries))


def best_fit(
    sizes: Sequence[Fraction],
    h: Fraction,
    tries: int = 1,
    *,
    bound: int = LIKELY_DENOMINATOR,
    progress: bool = False,
) -> tuple[Fit, tuple[Fit, ...]]:
    """Return the fit with the least chance, and the fits of the denominators up to the bound.

    Those with κ < 1 come first; ties go to the smaller denominator. Above 12 only those
    are looked at whose chance for n = 1 is at most 0.001.
    """
    intervals = {t: (t - h, t + h) for t in sizes}
    return best_interval_fit(intervals, tries, bound=bound, progress=progress)


def best_interval_fit(
    intervals: Mapping[Fraction, Ends],
    tries: int = 1,
    *,
    bound: int = LIKELY_DENOMINATOR,
    least_window: int = 0,
    most_evidence: int | None = None,
    progress: bool = False,
) -> tuple[Fit, tuple[Fit, ...]]:
    """Return the same for values that are known to lie in given intervals.

    Parameters
    ----------
    intervals
        For each value, under a name of its own, an interval of positive width.
    tries
        How many roundings have been tried, for the chance.
    bound
        The largest D to try.
    least_window
        A lower bound of C that is known beforehand.
    most_evidence
        How many of the values are independent of each other; by default all.
    progress
        Show a progress bar on the standard error stream.
    """
    denominators: Iterable[int] = range(1, bound + 1)
    denominators = shown(denominators, "denominators", progress)
    widest = max((hi - lo for lo, hi in intervals.values()), default=Fraction(0))
    terms = _Terms(widest, tries, least_window, most_evidence)
    fits = tuple(_fits(intervals, denominators, terms))
    best = min(fits, key=lambda each: (not each.is_certain, each.chance, each.denominator))
    return best, fits


@dataclass(frozen=True)
class _Terms:
    """What is the same for all denominators; `widest` is W."""

    widest: Fraction
    tries: int
    least_window: int = 0
    most_evidence: int | None = None


def _fits(
    intervals: Mapping[Fraction, Ends], denominators: Iterable[int], terms: _Terms
) -> Iterator[Fit]:
    """Yield the fits of all likely denominators, and of the others those that one value proves.

    Beyond the likely ones, κ must be so small that the chance for n = 1 is at most 0.001. An
    element v ≠ 0 has |v'| >= 1/(D²|v|), which bounds κ from below, and so D from above. A value
    that was too much for one denominator is the first to be looked at for the next.
    """
    order = dict(intervals)
    farthest = max((max(abs(lo), abs(hi)) for lo, hi in intervals.values()), default=Fraction(0))
    for denominator in denominators:
        if denominator <= LIKELY_DENOMINATOR:
            yield _fit(intervals, denominator, terms)
            continue
        scale = 2 * denominator * terms.widest
        enough = SQRT5 * _ALONE / (terms.tries**2 * denominator * (denominator + 1))
        least = max(denominator * terms.least_window, 1 / (denominator * farthest or 1))
        if scale * least > enough:
            return
        points, largest = _search(order, denominator, scale, terms.least_window, enough)
        if scale * GoldenExact.from_numerators(*largest) < enough:
            yield _fit_of(intervals, denominator, terms, points, largest)
        elif points:
            last = next(reversed(points))
            order = {last: order.pop(last), **order}


def _fit(intervals: Mapping[Fraction, Ends], denominator: int, terms: _Terms) -> Fit:
    scale = 2 * denominator * terms.widest
    points, largest = _search(intervals, denominator, scale, terms.least_window)
    return _fit_of(intervals, denominator, terms, points, largest)


def _fit_of(
    intervals: Mapping[Fraction, Ends],
    denominator: int,
    terms: _Terms,
    points: dict[Fraction, Pair],
    largest: Pair,
) -> Fit:
    scale = 2 * denominator * terms.widest
    shares = _shares(intervals, points, terms.widest)[: terms.most_evidence]
    kappa = scale * GoldenExact.from_numerators(*largest)
    weight = terms.tries**2 * denominator * (denominator + 1)
    return Fit(
        denominator=denominator,
        window=GoldenExact.from_numerators(*largest, denominator),
        kappa=kappa,
        evidence=len(shares),
        chance=_chance(weight, kappa, shares),
        chance_scale=_chance(weight, kappa, shares[:1]),
        complete=kappa < SQRT5,
        points=points,
    )


def _search(
    intervals: Mapping[Fraction, Ends],
    denominator: int,
    scale: Fraction,
    least_window: int,
    enough: GoldenExact = SQRT5,
) -> tuple[dict[Fraction, Pair], Pair]:
    """Return the point of each interval and DC; give up when κ = scale·DC reaches √5, or less."""
    points: dict[Fraction, Pair] = {}
    largest: Pair = (least_window * denominator, 0)
    for name, (lo, hi) in intervals.items():
        point = least_conjugate(lo, hi, denominator=denominator)
        if point is None:
            raise ValueError("recover: h must be positive")
        points[name] = point
        size = _absolute((point[0] + point[1], -point[1]))
        if sign(size[0] - largest[0], size[1] - largest[1]) > 0:
            largest = size
            if scale * GoldenExact.from_numerators(*largest) >= enough:
                break
    return points, largest


def _shares(
    intervals: Mapping[Fraction, Ends], points: Mapping[Fraction, Pair], widest: Fraction
) -> list[float]:
    """Return w/W of each distinct non-zero size among the points, the largest first."""
    widths: dict[Pair, Fraction] = {}
    for name, point in points.items():
        lo, hi = intervals[name]
        size = _absolute(point)
        widths[size] = max(hi - lo, widths.get(size, Fraction(0)))
    widths.pop((0, 0), None)
    return sorted((float(width / widest) for width in widths.values()), reverse=True)


def _chance(weight: int, kappa: GoldenExact, shares: Sequence[float]) -> float:
    if kappa >= SQRT5 or not shares:
        return 1.0
    # Where the power underflows, an upper bound of it.
    power = float(kappa / SQRT5) ** len(shares) * prod(shares)
    return min(1.0, weight * (max(power, sys.float_info.min) if kappa else 0.0))


def _absolute(v: Pair) -> Pair:
    return v if sign(*v) >= 0 else (-v[0], -v[1])

"""Ratios of squared distances as intervals, and which of them are golden."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from syntonic.exact.golden import SQRT5, GoldenExact
from syntonic.recovery.certificate import LIKELY_DENOMINATOR, Ends, Fit, best_interval_fit
from syntonic.recovery.distances import DistanceClass, Distances
from syntonic.recovery.wording import told_classes
from syntonic.rounding.intervals import least_conjugate

__all__ = ["Ratios"]

_COUNTED = 500  # classes that are looked at one by one to tell what is golden in a refusal


@dataclass(frozen=True)
class GoldenPart:
    """The ratios that are golden each by itself, beyond chance.

    Attributes
    ----------
    denominator
        The D with the most of them.
    ratios
        The exact ratios, that of the unit among them, {value: number of pairs}.
    others
        The other classes by their approximate ratio, {value: number of pairs}.
    """

    denominator: int
    ratios: dict[GoldenExact, int]
    others: dict[Fraction, int]

    def told(self) -> str:
        """Return the finding as a clause."""
        classes, pairs = len(self.ratios), sum(self.ratios.values())
        text = (
            f"{classes} of {classes + len(self.others)} classes of distances, {pairs} of "
            f"{pairs + sum(self.others.values())} pairs, are golden each by itself beyond chance, "
            f"over D = {self.denominator}: the ratios {told_classes(self.ratios)}"
        )
        if not self.others:
            return text
        first = next(iter(self.others))
        return f"{text}; the first of the others is {GoldenExact(first):.7g} ({self.others[first]})"


@dataclass(frozen=True)
class Ratios:
    """The distance classes of printed points in units of one of them.

    Attributes
    ----------
    distances
        The squared distances and their classes.
    unit
        The number of the class that is the unit.
    """

    distances: Distances
    unit: int

    @classmethod
    def of(cls, distances: Distances, edges: list[int]) -> Ratios | None:
        """Take the nearest of the given classes as the unit, of all if there are none.

        Classes that may have the distance 0, or that cannot have one distance, are passed over.
        None if no class is left.
        """
        suitable = (
            k
            for k in sorted(set(edges)) or range(len(distances.classes))
            if distances.classes[k].widest[0] > 0 and distances.classes[k].is_single
        )
        unit = next(suitable, None)
        return None if unit is None else cls(distances, unit)

    @property
    def classes(self) -> tuple[DistanceClass, ...]:
        """The distance classes."""
        return self.distances.classes

    def interval(self, k: int) -> Ends:
        """Return the interval of the ratio of class k, which is single, to the unit."""
        one, unit = self.classes[k], self.classes[self.unit]
        if k != self.unit:
            return one.low / unit.high, one.high / unit.low
        low, high = one.widest  # of one pair to another
        return low / high, high / low

    def intervals(self) -> dict[Fraction, Ends]:
        """Return the intervals of all single classes that say something.

        The ratio of the unit is 1. It is evidence only if there are two distances that have it.
        """
        return {
            Fraction(k): self.interval(k)
            for k, one in enumerate(self.classes)
            if one.is_single and (k != self.unit or one.count > 1)
        }

    def best_fit(
        self, tries: int, most_evidence: int, bound: int, progress: bool
    ) -> tuple[Fit, tuple[Fit, ...]]:
        """Return the fit of least chance, and those of the denominators up to the bound."""
        return best_interval_fit(
            self.intervals(),
            tries,
            bound=bound,
            least_window=1,  # of the unit
            most_evidence=most_evidence,
            progress=progress,
        )

    def values(self, fit: Fit) -> list[GoldenExact]:
        """Return the exact ratio of each class."""
        found = []
        for k in range(len(self.classes)):
            a, b = (fit.denominator, 0) if k == self.unit else fit.points[Fraction(k)]
            found.append(GoldenExact.from_numerators(a, b, fit.denominator))
        return found

    def unit_square(self, values: list[GoldenExact]) -> tuple[GoldenExact, GoldenExact]:
        """Return bounds of the squared unit from all classes; the first is larger if none fits."""
        ends = [
            (GoldenExact(one.low) / value, GoldenExact(one.high) / value)
            for one, value in zip(self.classes, values, strict=True)
            if value
        ]
        return max(low for low, _ in ends), min(high for _, high in ends)

    def golden_part(self, most_chance: float) -> GoldenPart:
        """Find the denominator for which most classes are golden each by itself.

        A class is, if the chance that any unrelated ratio among as many would have so small a
        conjugate in its interval is at most `most_chance`.
        """
        numbers = [k for k, one in enumerate(self.classes) if one.is_single and k != self.unit]
        numbers = sorted(sorted(numbers, key=lambda k: -self.classes[k].count)[:_COUNTED])
        best: tuple[int, dict[int, GoldenExact]] = (1, {})
        for denominator in range(1, LIKELY_DENOMINATOR + 1):
            limit = _limit(most_chance, denominator, len(numbers))
            found = ((k, self._golden(k, denominator, limit)) for k in numbers)
            golden = {k: value for k, value in found if value is not None}
            if len(golden) > len(best[1]):
                best = denominator, golden
        denominator, golden = best
        golden[self.unit] = GoldenExact(1)
        ratios = {value: self.classes[k].count for k, value in sorted(golden.items())}
        return GoldenPart(denominator, ratios, self._others(golden))

    def _golden(self, k: int, denominator: int, limit: Fraction) -> GoldenExact | None:
        low, high = self.interval(k)
        point = least_conjugate(low, high, denominator=denominator)
        if point is None:
            return None
        value = GoldenExact.from_numerators(*point, denominator)
        size = abs(value.galois_conjugate())
        return value if 2 * (high - low) * denominator**2 * size <= limit * SQRT5 else None

    def spoiler(self, most_chance: float) -> int | None:
        """Return a vertex without which all classes would be golden each by itself.

        Only one is tried: that whose distances are shared by the fewest other pairs. None if it
        is not to blame, or too little is left to say so.
        """
        pairs, labels = self.distances.pairs, self.distances.labels
        rareness = np.tile(1 / np.bincount(labels)[labels], 2)
        vertex = int(np.bincount(np.concatenate([pairs.i, pairs.j]), rareness).argmax())
        rest = np.unique(labels[(pairs.i != vertex) & (pairs.j != vertex)]).tolist()
        without = Ratios.of(self.distances, rest) if rest else None
        if without is None or not all(self.classes[k].is_single for k in rest):
            return None
        numbers = [k for k in rest if k != without.unit]
        for denominator in range(1, LIKELY_DENOMINATOR + 1):
            limit = _limit(most_chance, denominator, len(numbers))
            found = (without._golden(k, denominator, limit) for k in numbers)
            if numbers and all(value is not None for value in found):
                return vertex
        return None

    def _others(self, golden: dict[int, GoldenExact]) -> dict[Fraction, int]:
        unit = self.classes[self.unit].low
        return {one.low / unit: one.count for k, one in enumerate(self.classes) if k not in golden}


def _limit(most_chance: float, denominator: int, numbers: int) -> Fraction:
    """Return the chance up to which one of so many classes is golden by itself, for this D."""
    return Fraction(most_chance) / (denominator * (denominator + 1) * max(1, numbers))

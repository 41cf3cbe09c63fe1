"""Squared distances of printed points as exact intervals, and which of them the digits tell apart.

A printed coordinate t stands for a real in [t - h, t + h]. So a printed difference δ stands for a
real of size max(0, |δ| - 2h) to |δ| + 2h, which bounds the squared distance of each pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, TypeAlias

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.recovery.tokens import Tokens
from syntonic.typing import IntArray

__all__ = [
    "DistanceClass",
    "Distances",
    "PairChoice",
    "axis_parallel",
    "far_apart",
    "squared_distances",
]

Pair: TypeAlias = tuple[int, int]

_MOST_PAIRS = 300_000


def squared_distances(
    tokens: Tokens, h: Fraction, i: IntArray, j: IntArray
) -> tuple[Any, Any, int]:
    """Return the bounds of the squared distances of the points i and j.

    Parameters
    ----------
    tokens
        The printed points.
    h
        Half the rounding interval.
    i, j
        Indices of points, of one shape.

    Returns
    -------
    tuple
        The lower bounds, the upper bounds (integers: int64 where they fit, else objects), and
        the integer that both are to be divided by.
    """
    table, slack, scale = _integers(tokens, h)
    gaps = np.abs(table[i] - table[j])
    least = np.maximum(gaps - slack, 0)
    return (least**2).sum(axis=-1), ((gaps + slack) ** 2).sum(axis=-1), scale**2


def axis_parallel(tokens: Tokens, h: Fraction, i: IntArray, j: IntArray) -> dict[int, Pair]:
    """Find, for each column, two of the points i and j that may differ in this column alone.

    Returns
    -------
    dict
        For each column that has such a pair, one of them: the larger coordinate, the smaller one.
    """
    table, slack, _ = _integers(tokens, h)
    gaps = table[i] - table[j]
    apart = (np.abs(gaps) > slack).astype(bool)
    lone = np.flatnonzero(apart.sum(axis=1) == 1)
    found: dict[int, Pair] = {}
    for column in range(table.shape[1]):
        along = lone[apart[lone, column]]
        if along.size:
            k = along[0]
            pair = int(i[k]), int(j[k])
            found[column] = pair if gaps[k, column] > 0 else pair[::-1]
    return found


def _integers(tokens: Tokens, h: Fraction) -> tuple[Any, int, int]:
    """Return the coordinates and 2h times a common denominator, and that denominator."""
    scale = lcm(h.denominator, *(value.denominator for value in tokens.values.values()))
    values = [int(value * scale) for value in tokens.values.values()]
    slack = int(2 * h * scale)
    largest = max(map(abs, values)) * 2 + slack
    fits = largest**2 * tokens.index.shape[1] <= INT64_MAX
    return np.array(values, dtype=np.int64 if fits else object)[tokens.index], slack, scale


@dataclass(frozen=True)
class DistanceClass:
    """Pairs whose distances the digits cannot tell apart.

    Attributes
    ----------
    low, high
        The ends of the interval that is common to the squared distances of all these pairs.
    widest
        The widest interval of any one pair.
    count
        How many pairs there are.
    """

    low: Fraction
    high: Fraction
    widest: tuple[Fraction, Fraction]
    count: int

    @property
    def is_single(self) -> bool:
        """Whether all the pairs can have one and the same distance, not just at one end."""
        return self.low < self.high


@dataclass(frozen=True)
class PairChoice:
    """Which pairs of points are looked at.

    Attributes
    ----------
    i, j
        The indices, i < j.
    complete
        Whether these are all the pairs.
    """

    i: IntArray
    j: IntArray
    complete: bool

    @classmethod
    def of(cls, count: int, base: Sequence[int], edges: Sequence[tuple[int, int]]) -> PairChoice:
        """Choose all pairs if there are at most 300,000, else edges and those with a base point."""
        if count * (count - 1) // 2 <= _MOST_PAIRS:
            return cls(*np.triu_indices(count, 1), True)
        spokes = ((min(p, v), max(p, v)) for p in base for v in range(count) if v != p)
        i, j = np.array(sorted({*spokes, *edges}), dtype=np.int64).T
        return cls(i, j, False)


@dataclass(frozen=True)
class Distances:
    """The squared distances of chosen pairs, and the classes of those that look equal.

    Parameters
    ----------
    tokens
        The printed points.
    h
        Half the rounding interval.
    pairs
        The pairs.
    """

    tokens: Tokens
    h: Fraction
    pairs: PairChoice

    @cached_property
    def _bounds(self) -> tuple[Any, Any, int]:
        return squared_distances(self.tokens, self.h, self.pairs.i, self.pairs.j)

    @cached_property
    def _runs(self) -> tuple[IntArray, IntArray]:
        """The order of the pairs by lower bounds, and where a new class begins in it.

        Two intervals that meet are in one class, and so is what they meet in turn.
        """
        low, high, _ = self._bounds
        order = np.argsort(low, kind="stable")
        if not order.size:
            return order, order
        reach = np.maximum.accumulate(high[order])
        breaks = np.flatnonzero((low[order][1:] > reach[:-1]).astype(bool)) + 1
        return order, np.concatenate([[0], breaks])

    @cached_property
    def classes(self) -> tuple[DistanceClass, ...]:
        """The classes, nearest pairs first."""
        low, high, square = self._bounds
        order, starts = self._runs
        low, high = low[order], high[order]
        ends = [*starts.tolist(), len(order)][1:]
        found = []
        for first, end in zip(starts.tolist(), ends, strict=True):
            lows, highs = low[first:end], high[first:end]
            widest = int(np.argmax(highs - lows))
            common = int(lows[-1]), int(highs.min())
            single = int(lows[widest]), int(highs[widest])
            ends_ = (Fraction(n, square) for n in (*common, *single))
            least, most, one, other = ends_
            found.append(DistanceClass(least, most, (one, other), end - first))
        return tuple(found)

    @cached_property
    def labels(self) -> IntArray:
        """For each pair, the index of its class."""
        order, starts = self._runs
        marks = np.zeros(len(order), dtype=np.int64)
        marks[starts[1:]] = 1
        labels = np.empty(len(order), dtype=np.int64)
        labels[order] = np.cumsum(marks)
        return labels


def far_apart(tokens: Tokens) -> list[int]:
    """Choose points, one more than coordinates, that span a large simplex.

    Each is the one farthest from the span of those before. This is only a choice; floats will do.
    """
    largest = max(tokens.sizes) or 1
    values = np.array([float(value / largest) for value in tokens.values.values()])
    points = values[tokens.index]
    rest = points - points.mean(axis=0)
    chosen = [int(np.argmax((rest**2).sum(axis=1)))]
    rest = points - points[chosen[0]]
    for _ in range(points.shape[1]):
        sizes = (rest**2).sum(axis=1)
        chosen.append(int(np.argmax(sizes)))
        if sizes[chosen[-1]] > 0:
            axis = rest[chosen[-1]] / sizes[chosen[-1]] ** 0.5
            rest = rest - np.outer(rest @ axis, axis)
    return chosen

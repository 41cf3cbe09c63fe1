"""Which points of a list are nearest to each other: the edges of a figure that lists none."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from syntonic.io.decimals import Rows, decimals_of
from syntonic.tensor import ResonantTensor

__all__ = ["nearest_pairs", "printed_points"]

_DOUBLE_DIGITS = 15


def printed_points(rows: Rows) -> tuple[ResonantTensor, Fraction]:
    """Return printed points as rationals, and how far a coordinate may be off.

    That is one unit of the last decimal of the longest coordinate, of 15 significant digits at
    most.

    Examples
    --------
    >>> printed_points((("0.5", "1"), ("-1.25", "0")))[1]
    Fraction(1, 100)
    """
    values = [[Fraction(token) for token in row] for row in rows]
    largest = max((abs(x) for row in values for x in row), default=Fraction(0))
    cap = _DOUBLE_DIGITS - len(str(int(largest)))
    decimals = max((decimals_of(token) for row in rows for token in row), default=0)
    exact = all(x.denominator <= 2 for row in values for x in row)
    slack = Fraction(0) if exact else Fraction(10) ** -min(decimals, cap)
    return ResonantTensor(values), slack


def nearest_pairs(points: ResonantTensor, slack: Fraction) -> tuple[tuple[int, int], ...]:
    """Return the pairs of different points that are no farther apart than any other.

    Parameters
    ----------
    points
        Exact points, shape (points, dimension).
    slack
        How far each coordinate may be off; 0 if they are exact. Pairs that could be the same
        point, or as near as the nearest, are taken for that.
    """
    off = 2 * slack * points.shape[1]  # of a distance
    least = min((row.min().item() for _, row in _rows(points, 4 * off * off)), default=None)
    if least is None:
        return ()
    reach = least + 4 * off * _root_above(least) + 4 * off * off
    pairs: list[tuple[int, int]] = []
    for i, squares in _rows(points, None):
        near = np.flatnonzero((squares > 4 * off * off) & (squares <= reach))
        pairs += [(i, i + 1 + int(j)) for j in near]
    return tuple(pairs)


def _rows(points: ResonantTensor, above: Fraction | None) -> Iterator[tuple[int, Any]]:
    """Yield, for each point, its squared distances from those after it, or those above a bound."""
    for i in range(points.shape[0] - 1):
        squares = ((points[i + 1 :] - points[i]) ** 2).sum(axis=1)
        if above is not None:
            squares = squares[squares > above]
        if squares.size:
            yield i, squares


def _root_above(square: Any) -> Fraction:
    """Return a rational above the square root of a positive number, within a billionth of it."""
    scale = 10**20
    size = Fraction(format(square, ".30g")) * (1 + Fraction(1, scale))
    return Fraction(
        isqrt(int(size.numerator * size.denominator * scale)) + 1, size.denominator * 10**10
    )

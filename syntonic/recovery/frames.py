"""Exact coordinates from exact squared distances.

Points whose squared distances lie in Q(φ) always have coordinates in Q(φ) along *some* orthogonal
axes, whose squared lengths lie in Q(φ) too: Gram and Schmidt need no root. Where axes of one
common length can be found, these are golden coordinates in the ordinary sense.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from math import prod
from typing import TypeAlias

from syntonic.exact.golden import GoldenExact

__all__ = ["Frame", "Vector", "gram_schmidt", "orthonormal"]

Vector: TypeAlias = tuple[GoldenExact, ...]

_ZERO = GoldenExact(0)
_LOOK_AT = 2000  # candidates for an axis that are looked at
_KEEP = 24  # of those, the ones of different lengths that are followed up
_FROM = 8  # points whose sums and differences are candidates for the first axis


@dataclass(frozen=True)
class Frame:
    """Points in coordinates along orthogonal axes.

    Attributes
    ----------
    points
        The coordinates of each point.
    axes
        The squared lengths of the axes, positive: the squared distance of x and y is the sum of
        axes[k]·(x[k] - y[k])².
    """

    points: tuple[Vector, ...]
    axes: Vector

    @property
    def is_orthonormal(self) -> bool:
        """Whether the axes have one and the same length."""
        return len(set(self.axes)) <= 1

    def inner(self, x: Vector, y: Vector) -> GoldenExact:
        """Return the scalar product of two vectors."""
        terms = (axis * p * q for axis, p, q in zip(self.axes, x, y, strict=True))
        return sum(terms, _ZERO)

    def centred(self) -> Frame:
        """Return the same with the centroid at the origin."""
        count = len(self.points)
        middle = [sum(column, _ZERO) / count for column in zip(*self.points, strict=True)]
        points = (tuple(x - m for x, m in zip(point, middle, strict=True)) for point in self.points)
        return Frame(tuple(points), self.axes)

    def along(self, axes: Sequence[Vector]) -> Frame:
        """Return the coordinates along other axes, which are orthogonal and complete."""
        lengths = tuple(self.inner(axis, axis) for axis in axes)
        duals = [
            tuple(x / length for x in axis) for axis, length in zip(axes, lengths, strict=True)
        ]
        points = (tuple(self.inner(point, dual) for dual in duals) for point in self.points)
        return Frame(tuple(points), lengths)

    def completed(self, axes: Sequence[Vector]) -> list[Vector]:
        """Add the axes that are missing, from the points, by Gram and Schmidt's method."""
        found = list(axes)
        for point in self.points:
            if len(found) == len(self.axes):
                break
            rest = point
            for axis in found:
                share = self.inner(point, axis) / self.inner(axis, axis)
                rest = tuple(x - share * y for x, y in zip(rest, axis, strict=True))
            if any(rest):
                found.append(rest)
        return found

    def scaled(self, factors: Sequence[GoldenExact]) -> Frame:
        """Multiply the coordinates by positive or negative factors and the axes to match."""
        points = (tuple(x * f for x, f in zip(p, factors, strict=True)) for p in self.points)
        axes = (axis / f**2 for axis, f in zip(self.axes, factors, strict=True))
        return Frame(tuple(points), tuple(axes))


def gram_schmidt(rows: Sequence[Sequence[GoldenExact]], base: Sequence[int]) -> Frame | None:
    """Find coordinates for exact squared distances, or None if no figure has them.

    Parameters
    ----------
    rows
        For each base point, its squared distances from all the points.
    base
        The base points: the first becomes the origin, the others span the space.

    Returns
    -------
    Frame or None
        At most one axis for each base point after the first. None if a squared length comes out
        negative, or if a point is outside the span of the base: then no figure of that dimension
        has these distances from the base.

    Notes
    -----
    This is the factorisation LDLᵀ of the Gram matrix G[v, w] = (|v|² + |w|² - |v - w|²)/2: it
    exists with positive D and as many columns as the dimension if and only if G, as far as it is
    known, is positive semidefinite and of that rank.
    """
    rest = list(rows[0])  # squared distances from the span so far
    columns: list[list[GoldenExact]] = []
    axes: list[GoldenExact] = []
    for row, p in zip(rows[1:], base[1:], strict=True):
        length = rest[p]
        if length < 0:
            return None
        if not length:
            continue
        column = []
        for v, (origin, here) in enumerate(zip(rows[0], row, strict=True)):
            inner = (origin + rows[0][p] - here) / 2
            for axis, other in zip(axes, columns, strict=True):
                inner -= axis * other[v] * other[p]
            share = inner / length
            rest[v] -= length * share**2
            column.append(share)
        axes.append(length)
        columns.append(column)
    if any(rest):
        return None
    return Frame(tuple(zip(*columns, strict=True)), tuple(axes))


def orthonormal(frame: Frame) -> Frame | None:
    """Look for axes of one common length, or return None.

    Parameters
    ----------
    frame
        Points about their centroid, in up to four dimensions.

    Notes
    -----
    With δ the product of the squared lengths of any orthogonal axes, which is fixed up to
    squares, the common squared length λ has λ^d = δ up to squares. So in an even dimension δ must
    be a square, and in three dimensions λ = δ up to squares. The axes are looked for among sums
    and differences of two points: the two-fold axes of a symmetric figure are among them. The
    last axis needs no search, because the product of all is known up to squares.
    """
    dimension = len(frame.axes)
    delta = prod(frame.axes, start=GoldenExact(1))
    if dimension > 4 or (dimension % 2 == 0 and not delta.is_square()):
        return None
    if frame.is_orthonormal:
        return frame
    wanted = delta if dimension == 3 else None
    if dimension < 3:
        found: list[Vector] | None = frame.completed([])
    else:
        found = _Search(frame).axes([], wanted)
    if found is None:
        return None
    turned = frame.along(frame.completed(found))
    first = turned.axes[0]
    # Lengths in the ratio of squares: √(axis/first) is golden, and so all become the first.
    return turned.scaled([(axis / first).sqrt() for axis in turned.axes])


class _Search:
    """Looks for orthogonal vectors whose squared lengths differ by squares of Q(φ)."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.squares: dict[GoldenExact, bool] = {}

    def axes(self, found: list[Vector], wanted: GoldenExact | None) -> list[Vector] | None:
        """Extend the axes to all but one, each of a squared length wanted·square, or give up."""
        if len(found) == len(self.frame.axes) - 1:
            return found
        for vector in self._candidates(found, wanted):
            length = self.frame.inner(vector, vector)
            more = self.axes([*found, vector], length if wanted is None else wanted)
            if more is not None:
                return more
        return None

    def _candidates(self, found: list[Vector], wanted: GoldenExact | None) -> Iterator[Vector]:
        """Yield vectors orthogonal to those found, one of each length that is wanted."""
        lengths = set()
        for vector in islice(self._orthogonal(found), _LOOK_AT):
            length = self.frame.inner(vector, vector)
            if length and length not in lengths and self._fits(length, wanted):
                lengths.add(length)
                yield vector
                if len(lengths) == _KEEP:
                    return

    def _fits(self, length: GoldenExact, wanted: GoldenExact | None) -> bool:
        if wanted is None:
            return True
        ratio = length / wanted
        if ratio not in self.squares:
            self.squares[ratio] = ratio.is_square()
        return self.squares[ratio]

    def _orthogonal(self, found: list[Vector]) -> Iterator[Vector]:
        """Yield the sums and differences of two points that are orthogonal to the axes found."""
        points = self.frame.points
        if not found:
            for x, y in product(points[:_FROM], points):
                yield from _differ_and_add(x, y)
            return
        # x - y is orthogonal to an axis if and only if both have one and the same product with it.
        groups: defaultdict[Vector, list[Vector]] = defaultdict(list)
        for point in points:
            groups[tuple(self.frame.inner(point, axis) for axis in found)].append(point)
        for key, group in groups.items():
            for x, y in combinations(group, 2):
                yield _combined(x, y, _minus)
            opposite = tuple(-p for p in key)
            for x, y in product(group, groups.get(opposite, ())):
                yield _combined(x, y, _plus)


def _differ_and_add(x: Vector, y: Vector) -> Iterator[Vector]:
    yield _combined(x, y, _minus)
    yield _combined(x, y, _plus)


def _combined(
    x: Vector, y: Vector, combine: Callable[[GoldenExact, GoldenExact], GoldenExact]
) -> Vector:
    return tuple(combine(p, q) for p, q in zip(x, y, strict=True))


def _minus(x: GoldenExact, y: GoldenExact) -> GoldenExact:
    return x - y


def _plus(x: GoldenExact, y: GoldenExact) -> GoldenExact:
    return x + y

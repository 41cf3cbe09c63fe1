"""Lattice points whose image falls into a window, all of them: floats sort out, exact signs decide.

A point has coordinates x = a + bφ in Z[φ]; its image has the conjugates x' = a + b - bφ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.exact.golden import PHI, SQRT5, GoldenExact
from syntonic.geometry.polytopes import Polytope
from syntonic.progress import DELAY, shown
from syntonic.tensor import ResonantTensor
from syntonic.typing import FloatArray, IntArray

__all__ = ["Cut", "Line", "line", "tensor_of"]

_CELLS = 1 << 20
_MOST_ON_A_LINE = 10**8
_MOST_CANDIDATES = 10**11
_LARGEST = 1 << 52


class Line(NamedTuple):
    """Numbers a + bφ of Z[φ]."""

    a: IntArray
    b: IntArray

    def take(self, chosen: Any) -> Line:
        return Line(self.a[chosen], self.b[chosen])

    @property
    def floats(self) -> tuple[FloatArray, FloatArray]:
        """The numbers and their conjugates."""
        return self.a + self.b * PHI_FLOAT, self.a + self.b * (1 - PHI_FLOAT)

    @property
    def size(self) -> float:
        """A bound of the numbers, of their conjugates and of their parts."""
        return float(2 * np.abs(self.a).max(initial=0) + 2 * np.abs(self.b).max(initial=0))


def line(
    window: tuple[GoldenExact, GoldenExact],
    region: tuple[GoldenExact, GoldenExact],
    closed: str = "both",
    region_closed: str = "both",
) -> ResonantTensor:
    """Return all x of Z[φ] in the region with x' in the window, by their b.

    Notes
    -----
    x - x' = b√5 bounds b, and for each b one exact rounding gives the first and the last a. A
    unit φ^k is multiplied first, so that the window is between 1 and φ wide, and there is about
    one a for each b.
    """
    power, window, region = _balanced(window, region)
    if power % 2:  # the conjugate of φ^k is negative: the ends have changed places
        closed = {"left": "right", "right": "left"}.get(closed, closed)
    (w0, w1), (low, high) = window, region
    numbers = range(_ceil((low - w1) / SQRT5), _floor((high - w0) / SQRT5) + 1)
    _require(max(numbers.stop - numbers.start, 0) <= _MOST_ON_A_LINE)
    b = _whole(numbers)
    rules = (region_closed, closed)
    starts = zip((low - PHI * b, w0 - b + PHI * b), rules, strict=True)
    ends = zip((high - PHI * b, w1 - b + PHI * b), rules, strict=True)
    first: Any = np.maximum(*(_first(x, rule in ("left", "both")) for x, rule in starts))
    last: Any = -np.maximum(*(_first(-x, rule in ("right", "both")) for x, rule in ends))
    counts = np.maximum((last - first + 1).to_floats().astype(np.int64), 0)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.repeat(np.arange(len(counts)), counts)
    return (first[rows] + _whole(offset) + PHI * b[rows]) * PHI**-power


def _first(x: ResonantTensor, closed: bool) -> Any:
    """Return the least integers from x on, or beyond x."""
    return np.ceil(x) if closed else np.floor(x) + 1


def _balanced(window: Any, region: Any) -> tuple[int, Any, Any]:
    """Return k and both intervals times φ^k, where the window is 1 to φ wide."""
    width, power = window[1] - window[0], 0
    while width >= PHI:
        width, power = width / PHI, power + 1
    while 0 < width < 1:
        width, power = width * PHI, power - 1
    scale = PHI**power
    turned = scale.galois_conjugate()
    ends = tuple(sorted(x * turned for x in window))
    return power, ends, tuple(x * scale for x in region)


def _require(few: bool) -> None:
    if not few:
        raise ValueError(
            f"a model set must have at most {_MOST_ON_A_LINE} numbers in a coordinate and "
            f"{_MOST_CANDIDATES} candidates, got more; take a smaller region or window"
        )


def _whole(numbers: Any) -> ResonantTensor:
    return ResonantTensor.from_lattice(
        np.asarray(numbers, dtype=np.int64), np.zeros(len(numbers), dtype=np.int64)
    )


def _floor(x: GoldenExact) -> int:
    return int(x.__floor__())


def _ceil(x: GoldenExact) -> int:
    return int(x.__ceil__())


@dataclass
class Cut:
    """A window in the space of the conjugates and a ball in that of the points.

    Attributes
    ----------
    window
        A convex polytope in the conjugates of the coordinates.
    metric
        Shape (d, d): |x|² is xᵀ metric x.
    radius
        Points at most so far from the origin.
    shift
        What is added to the conjugates.
    closed
        Whether a conjugate on the boundary of the window is in it.
    singular
        How many points of the ball had one there, so far.
    progress
        Show a progress bar on the standard error stream.
    """

    window: Polytope
    metric: ResonantTensor
    radius: GoldenExact
    shift: ResonantTensor
    closed: bool = False
    singular: int = 0
    progress: bool = False

    def __post_init__(self) -> None:
        if self.radius < 0:
            raise ValueError(f"a radius must be at least 0, got {self.radius}")
        self._normals = self.window.normals
        self._offsets = self.window.offsets - self._normals @ self.shift
        self._floats = (
            self._normals.to_floats(),
            self._offsets.to_floats(),
            self.metric.to_floats(),
            float(self.radius**2),
        )

    def reach(self, lengthening: GoldenExact) -> list[ResonantTensor]:
        """Return, for each coordinate, the numbers that points in the ball can have.

        `lengthening` times the radius bounds every coordinate.
        """
        corners = self.window.vertices - self.shift
        far = self.radius * lengthening
        ends: list[Any] = [(x.min().item(), x.max().item()) for x in corners.T]
        return [line(each, (-far, far)) for each in ends]

    def select(self, lines: list[Line]) -> tuple[IntArray, IntArray]:
        """Return the points with coordinates from two or three lines that are in the cut.

        Two arrays of shape (points, d): the parts a and b of their coordinates.
        """
        _require(prod(len(each.a) for each in lines) <= _MOST_CANDIDATES)
        first, second, *rest = lines
        fixed = [rest[0].take([k]) for k in range(len(rest[0].a))] if rest else [None]
        step = max(1, _CELLS // max(len(first.a), 1))
        grids = [*product(fixed, range(0, len(second.a), step))]
        found = [
            self._grid([first, second.take(slice(k, k + step)), *([third] if third else [])])
            for third, k in shown(grids, "points", self.progress, delay=DELAY)
        ]
        empty = np.empty((0, len(lines)), dtype=np.int64)
        parts = zip(*found, strict=True) if found else ((), ())
        a, b = (np.concatenate([empty, *part]) for part in parts)
        return a, b

    def _grid(self, lines: list[Line]) -> tuple[IntArray, IntArray]:
        inside, unsure = self._sorted(lines)
        sure, asked = (_points(lines, *np.nonzero(grid)) for grid in (inside, unsure))
        kept = self._exactly(*asked)
        a, b = (np.concatenate([x, y[kept]]) for x, y in zip(sure, asked, strict=True))
        return a, b

    def _sorted(self, lines: list[Line]) -> tuple[Any, Any]:
        """Return, for all points of a grid, which are in the cut, and which floats cannot tell.

        An operation here errs by 2^-52 of what goes in, which `size` bounds; there are fewer than
        30 one after the other, so that 2^-46 of these bounds is more than all errors.
        """
        certain = max(each.size for each in lines) <= _LARGEST
        inside = outside = None
        for height, size in self._heights(lines):
            error = size * 2.0**-46 if certain else np.inf
            above, below = height > error, height < -error
            inside = above if inside is None else inside & above
            outside = below if outside is None else outside | below
        told = np.asarray(inside) | np.asarray(outside)
        return inside, ~told

    def _heights(self, lines: list[Line]) -> Iterator[tuple[Any, float]]:
        """Yield what must be positive in the cut, and a bound of all numbers that went into it."""
        normals, offsets, metric, square = self._floats
        sizes = np.array([each.size for each in lines])
        shapes = [(1, -1), (-1, 1), (1, 1)]
        x, y = (
            [each.floats[k].reshape(shape) for each, shape in zip(lines, shapes, strict=False)]
            for k in (0, 1)
        )
        pairs = product(range(len(x)), repeat=2)
        distance = square - sum(metric[i, j] * x[i] * x[j] for i, j in pairs)
        yield distance, float(sizes @ np.abs(metric) @ sizes) + square
        for normal, offset in zip(normals, offsets, strict=True):
            height = offset - sum(c * each for c, each in zip(normal, y, strict=True))
            yield height, float(np.abs(normal) @ sizes) + abs(float(offset))

    def _exactly(self, a: IntArray, b: IntArray) -> Any:
        """Say which points are in the cut, and count those on its boundary."""
        if not len(a):
            return np.zeros(0, dtype=bool)
        x = tensor_of(a, b)
        near = np.asarray(np.sum((x @ self.metric) * x, axis=1) <= self.radius**2)
        heights = self._offsets - x.galois_conjugate() @ self._normals.T
        within = near & np.asarray((heights >= 0).all(axis=1))
        on = within & np.asarray((heights == 0).any(axis=1))
        self.singular += int(on.sum())
        return within if self.closed else within & ~on


def _points(lines: list[Line], row: Any, column: Any) -> tuple[IntArray, IntArray]:
    places = [column, row, np.zeros(len(row), dtype=np.intp)]
    a, b = (
        np.stack([each[k][p] for each, p in zip(lines, places, strict=False)], axis=1)
        for k in (0, 1)
    )
    return a, b


def tensor_of(a: IntArray, b: IntArray) -> ResonantTensor:
    """Return the tensor of a + bφ."""
    return ResonantTensor.from_lattice(a, b)

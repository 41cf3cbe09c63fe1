"""Exact geometric facts of a figure whose vertices are (a + bφ)/D, on the integer numerators.

int64 where the bounds, taken beforehand, prove that nothing overflows; Python integers otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Any

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.recovery.distances import squared_distances
from syntonic.recovery.tokens import Tokens
from syntonic.typing import IntArray

__all__ = ["Figure", "indistinguishable"]


Classes = dict[GoldenExact, int]


class Figure:
    """Exact vertices together with the edges, faces and cells of a model.

    Parameters
    ----------
    a, b
        Integer numerators, shape (vertices, dimension), int64 or objects.
    denominator
        D.
    model
        The edges, faces and cells.
    axes
        The squared lengths of the axes of coordinates, which are orthogonal; by default 1.
    """

    def __init__(
        self,
        a: Any,
        b: Any,
        denominator: int,
        model: Model,
        axes: Sequence[GoldenExact] | None = None,
    ) -> None:
        self.denominator = denominator
        self.model = model
        self.weights, share = _weights(axes or ())
        self.square = denominator**2 * share
        """The denominator of squared lengths."""
        self.a, self.b = _with_headroom(a, b, self.weights)

    def facts(self) -> dict[str, Any]:
        """Return the facts under plain names; values with their counts, smallest value first."""
        model = self.model
        facts: dict[str, Any] = {
            "dimension": int(self.a.shape[1]),
            "vertices": len(self.a),
            "distinct_vertices": len(set(zip(*map(_row_keys, (self.a, self.b)), strict=True))),
            "vertex_sum": self._vertex_sum(),
            "squared_norms": self._classes(*self._squares(self.a, self.b)),
        }
        if model.edges:
            facts["edges"] = len(model.edges)
            facts["squared_edge_lengths"] = self._classes(*self.edge_squares())
        if model.faces:
            groups = _by_size(model.faces)
            facts["faces"] = len(model.faces)
            facts["face_sizes"] = {size: len(groups[size]) for size in sorted(groups)}
            facts["squared_face_diagonals"] = self._diagonals(groups)
            facts["faces_per_edge"] = _faces_per_edge(model, groups)
        if model.cell_count:
            facts["cells"] = model.cell_count
        facts.update(_euler(model))
        return facts

    def edge_squares(self) -> tuple[Any, Any]:
        """Return the squared edge lengths as numerator pairs over `square`."""
        i, j = np.array(self.model.edges, dtype=np.int64).T
        return self.distances(i, j)

    def distances(self, i: IntArray, j: IntArray) -> tuple[Any, Any]:
        """Return the squared distances of vertices i and j as numerator pairs over `square`."""
        return self._squares(self.a[i] - self.a[j], self.b[i] - self.b[j])

    def _squares(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the sums of (x + yφ)², times the axes, over the last axis."""
        p, q = x * x + y * y, (2 * x + y) * y
        if self.weights is not None:
            r, s = self.weights
            p, q = p * r + q * s, p * s + q * (r + s)
        return p.sum(axis=-1), q.sum(axis=-1)

    def _vertex_sum(self) -> tuple[GoldenExact, ...]:
        sums = zip(self.a.sum(axis=0), self.b.sum(axis=0), strict=True)
        return tuple(GoldenExact.from_numerators(p, q, self.denominator) for p, q in sums)

    def _diagonals(self, groups: dict[int, IntArray]) -> Classes:
        counts: Counter[tuple[int, int]] = Counter()
        for size, faces in groups.items():
            for step in range(2, size // 2 + 1):
                # Opposite corners of an even face: each pair once, not from both ends.
                starts = size // 2 if 2 * step == size else size
                i = faces[:, :starts].ravel()
                j = np.roll(faces, -step, axis=1)[:, :starts].ravel()
                counts.update(_count_pairs(*self.distances(i, j)))
        return self._sorted(counts)

    def _classes(self, p: Any, q: Any) -> Classes:
        return self._sorted(_count_pairs(p, q))

    def _sorted(self, counts: dict[tuple[int, int], int]) -> Classes:
        values = {GoldenExact.from_numerators(*pair, self.square): n for pair, n in counts.items()}
        return {value: values[value] for value in sorted(values)}


def indistinguishable(
    figure: Figure, tokens: Tokens, h: Fraction
) -> tuple[GoldenExact, GoldenExact] | None:
    """Find two different squared edge lengths that the printed digits cannot tell apart.

    Parameters
    ----------
    figure
        The exact figure.
    tokens
        The printed vertices.
    h
        Half the rounding interval.

    Returns
    -------
    tuple of GoldenExact, or None
        Two squared lengths. Within the rounding, all edges that have the one or the other
        could have a single length.

    Notes
    -----
    A difference δ of two printed coordinates stands for a real of size max(0, |δ| - 2h) to
    |δ| + 2h, which bounds the squared length of each edge. All edges of one class could have any
    length in the intersection of their intervals; two classes are indistinguishable if and only
    if these intersections meet. Each holds its own exact value, so none is empty.
    """
    if not figure.model.edges:
        return None
    i, j = np.array(figure.model.edges, dtype=np.int64).T
    low, high, _ = squared_distances(tokens, h, i, j)
    ranges: dict[tuple[int, int], tuple[int, int]] = {}
    for pair, lo, hi in zip(_pairs(*figure.edge_squares()), low, high, strict=True):
        least, most = ranges.get(pair, (lo, hi))
        ranges[pair] = max(least, lo), min(most, hi)
    order = sorted(ranges, key=ranges.__getitem__)
    for one, other in pairwise(order):
        # By increasing lower ends: if any two meet, some two neighbours do.
        if ranges[other][0] <= ranges[one][1]:
            first, second = (GoldenExact.from_numerators(*v, figure.square) for v in (one, other))
            return (first, second) if first < second else (second, first)
    return None


def _weights(axes: Sequence[GoldenExact]) -> tuple[tuple[Any, Any] | None, int]:
    """Return the numerators of the axes and their common denominator."""
    if not axes:
        return None, 1
    parts = [tuple(map(int, axis.numerators())) for axis in axes]
    share = lcm(*(d for _, _, d in parts))
    scaled = [(p * (share // d), q * (share // d)) for p, q, d in parts]
    columns = np.array(scaled, dtype=object)
    return (columns[:, 0], columns[:, 1]), share


def _with_headroom(a: Any, b: Any, weights: tuple[Any, Any] | None) -> tuple[Any, Any]:
    """Return int64 arrays if all later sums fit in them, else arrays of Python ints."""
    most = max((abs(int(x)) for x in (a.min(), a.max(), b.min(), b.max())), default=0)
    count, dimension = a.shape
    # Squared distances: differences are at most 2·most, and (x + yφ)² = x² + y² + (2xy + y²)φ.
    fits = max(12 * dimension * most**2, count * most) <= INT64_MAX and weights is None
    return (a.astype(np.int64), b.astype(np.int64)) if fits else (_ints(a), _ints(b))


def _ints(x: Any) -> Any:
    return np.frompyfunc(int, 1, 1)(x)


def _pairs(p: Any, q: Any) -> Iterator[tuple[int, int]]:
    return zip(p.tolist(), q.tolist(), strict=True)


def _count_pairs(p: Any, q: Any) -> dict[tuple[int, int], int]:
    if p.dtype == object:
        return Counter(_pairs(p, q))
    order = np.lexsort((q, p))
    p, q = p[order], q[order]
    starts = np.flatnonzero(np.r_[True, (p[1:] != p[:-1]) | (q[1:] != q[:-1])][: len(p)])
    counts = np.diff(np.r_[starts, len(p)])
    return dict(zip(_pairs(p[starts], q[starts]), counts.tolist(), strict=True))


def _row_keys(x: Any) -> list[tuple[int, ...]]:
    return [tuple(row) for row in x.tolist()]


def _by_size(faces: tuple[tuple[int, ...], ...]) -> dict[int, IntArray]:
    groups: dict[int, list[tuple[int, ...]]] = {}
    for face in faces:
        groups.setdefault(len(face), []).append(face)
    return {size: np.array(group, dtype=np.int64) for size, group in groups.items()}


def _faces_per_edge(model: Model, groups: dict[int, IntArray]) -> dict[int, int]:
    """Return how many edges lie on 0, 1, 2, ... faces."""
    count = model.vertex_count
    sides = [(faces, np.roll(faces, -1, axis=1)) for faces in groups.values()]
    codes = np.concatenate(
        [(np.minimum(i, j) * count + np.maximum(i, j)).ravel() for i, j in sides]
    )
    found, times = np.unique(codes, return_counts=True)
    on_faces = dict(zip(found.tolist(), times.tolist(), strict=True))
    counts = Counter(on_faces.get(i * count + j, 0) for i, j in model.edges)
    return {n: counts[n] for n in sorted(counts)}


def _euler(model: Model) -> dict[str, int]:
    """Return V-E+F in three dimensions, V-E+F-C in four, if all the counts are there."""
    if not (model.edges and model.faces):
        return {}
    three = model.vertex_count - len(model.edges) + len(model.faces)
    if model.dimension == 3:
        return {"euler_characteristic": three}
    if model.dimension == 4 and model.cell_count:
        return {"euler_characteristic": three - model.cell_count}
    return {}

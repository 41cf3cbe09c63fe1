"""The convex hull by exact gift wrapping, without floats: slow, and never wrong.

References
----------
.. [1] G. Swart, "Finding the convex hull facet by facet", *Journal of Algorithms* 6 (1985), 17-48.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from syntonic import linalg
from syntonic.geometry.rows import stacked
from syntonic.progress import DELAY, shown
from syntonic.tensor import ResonantTensor
from syntonic.typing import IntArray

__all__ = ["independent_columns", "wrap"]

Facet = frozenset[int]
_FEW = 4


def wrap(
    points: ResonantTensor, start: Iterable[Facet] = (), *, progress: bool = False
) -> list[Facet]:
    """Return the points on each facet of the hull.

    Parameters
    ----------
    points
        Shape (n, d), different points that span their space; d at least 1.
    start
        Facets that are known already.
    progress
        Show a progress bar on the standard error stream.

    Notes
    -----
    A facet is turned about each of its ridges, which are the facets of its own hull, until it
    meets the next point. The facets of a polytope hang together by ridges, so this finds all.
    """
    dimension = points.shape[1]
    if dimension == 1:
        line = points[:, 0]
        return [frozenset({int(np.argmin(line))}), frozenset({int(np.argmax(line))})]
    if len(points) == dimension + 1:
        return [*map(frozenset, combinations(range(len(points)), dimension))]
    queue = [*dict.fromkeys(start)] or [_first(points)]
    ridges = {facet: _ridges(points, facet) for facet in queue}
    seen = Counter(ridge for each in ridges.values() for ridge in each)
    for facet in shown(_taken(queue), "facets", progress, delay=DELAY):
        for ridge in ridges[facet]:
            if seen[ridge] > 1:
                continue
            other = _turned(points, facet, ridge)
            ridges[other] = _ridges(points, other)
            seen.update(ridges[other])
            queue.append(other)
    return [*ridges]


def _taken(queue: list[Facet]) -> Iterator[Facet]:
    """Take facets from a queue that may grow meanwhile."""
    while queue:
        yield queue.pop()


def _ridges(points: ResonantTensor, facet: Facet) -> list[Facet]:
    """Return the facets of a facet."""
    members = np.array(sorted(facet))
    inside = points[members]
    columns = independent_columns(inside)
    flat = wrap(inside[:, columns])
    return [frozenset(members[[*ridge]].tolist()) for ridge in flat]


def independent_columns(points: ResonantTensor) -> IntArray:
    """Return coordinates that tell the points' affine span apart, as many as it has dimensions."""
    few = points[: _FEW * points.shape[1]]  # mostly these span the space
    if linalg.rank(few[1:] - few[0]) == points.shape[1]:
        return np.arange(points.shape[1])
    steps = np.asarray(linalg.echelon(points[1:] - points[0]) != 0)
    steps = steps[steps.any(axis=1)]
    return np.argmax(steps, axis=1)


def _first(points: ResonantTensor) -> Facet:
    """Return a facet: a plane that touches, turned about what it touches until it is held."""
    x = points[:, 0]
    on = np.flatnonzero(x == x.max())
    normal = ResonantTensor.eye(points.shape[1])[0]
    while linalg.rank(points[on[1:]] - points[on[0]]) < points.shape[1] - 1:
        base = points[on[0]]
        for axis in _across(points, on).T:
            side = (points - base) @ axis
            if bool((side != 0).any()) and linalg.rank(stacked([normal, axis])) == 2:
                break
        if not bool((side > 0).any()):
            axis, side = -axis, -side
        normal = _pivot((points - base) @ normal, side, normal, axis)
        on = np.flatnonzero((points - base) @ normal == 0)
    return frozenset(on.tolist())


def _across(points: ResonantTensor, on: IntArray) -> ResonantTensor:
    """Return a basis of what is orthogonal to the span of some points, in columns."""
    if len(on) == 1:
        return ResonantTensor.eye(points.shape[1])
    return linalg.nullspace(points[on[1:]] - points[on[0]])


def _turned(points: ResonantTensor, facet: Facet, ridge: Facet) -> Facet:
    """Return the other facet at a ridge."""
    on, inside = np.array(sorted(ridge)), np.array(sorted(facet))
    steps = points - points[on[0]]
    normal = linalg.nullspace(steps[inside])[:, 0]
    depth = steps @ normal
    if bool((depth > 0).any()):
        normal, depth = -normal, -depth
    off = min(facet - ridge)
    for axis in _across(points, on).T:
        side = steps @ axis
        if side[off].item():
            break
    if side[off].item() > 0:
        axis, side = -axis, -side
    turned = _pivot(depth, side, normal, axis)
    return frozenset(np.flatnonzero(steps @ turned == 0).tolist())


def _pivot(depth: Any, side: Any, normal: Any, axis: Any) -> ResonantTensor:
    """Return axis + t·normal with the least t for which no point is above the plane.

    All depths, heights over the plane of `normal`, are at most 0, and `side` is the height over
    that of `axis`.
    """
    below = np.flatnonzero(depth < 0)
    t = np.max(side[below] / -depth[below])
    return axis + t * normal

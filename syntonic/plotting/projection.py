"""Points of 2, 3 or 4 dimensions in the plane, and what stands in front of what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from syntonic.constants import PHI_FLOAT
from syntonic.errors import ShapeError

__all__ = ["Floats", "Indices", "Sight", "pairs_of", "points_of", "project", "rings_of"]

Floats: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.intp]

# Right, up, towards the viewer and along the fourth axis. The view in space is tilted so that no
# vertex of a golden figure in its usual frame falls near an edge; the one in four dimensions is
# along a five-fold axis of the icosahedral group.
_VIEWS = {
    2: ((1.0, 0.0), (0.0, 1.0)),
    3: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.56, 0.51, 1.0)),
    4: (
        (0.0, 1.0, 0.0, 0.0),
        (1.0, 0.0, 0.0, 0.0),
        (0.0, 1.0, PHI_FLOAT, 0.0),
        (0.0, 0.0, 0.0, 1.0),
    ),
}
_DISTANCES = {2: math.inf, 3: 5.0, 4: 1.2}


@dataclass(frozen=True)
class Sight:
    """Points as an eye sees them.

    Attributes
    ----------
    centred
        The points from their centroid, along the axes of the view, shape (n, d).
    reach
        How far the eye is from the centroid on the last axis; infinite without perspective.
    """

    centred: Floats
    reach: float

    @classmethod
    def of(cls, points: Floats, view: npt.ArrayLike | None, distance: float | None) -> Sight:
        """Look at points, shape (n, d), with the arguments of `project`."""
        dimension = points.shape[1]
        if distance is None:
            distance = _DISTANCES[dimension]
        if not distance > 1:
            raise ValueError(f"project: distance must be above 1, got {distance}")
        axes = _orthonormal(_VIEWS[dimension] if view is None else view, dimension)
        centred = (points - points.sum(axis=0) / max(len(points), 1)) @ axes.T
        radius = np.linalg.norm(centred, axis=1).max(initial=0.0) or 1.0
        return cls(centred, math.inf if dimension == 2 else float(distance * radius))

    def flat(self, points: Floats) -> Floats:
        """Return where points, along the axes of the view, fall in the plane."""
        return points[:, :2] / (1 - points[:, -1] / self.reach)[:, None]

    @property
    def depth(self) -> Floats:
        """How near the points are to the eye along the last axis, from 0 to 1."""
        last = self.centred[:, -1]
        if self.centred.shape[1] == 2 or not len(last) or last.max() == last.min():
            return np.ones(len(last))
        depth: Floats = (last - last.min()) / (last.max() - last.min())
        return depth


def project(
    vertices: npt.ArrayLike, *, view: npt.ArrayLike | None = None, distance: float | None = None
) -> tuple[Floats, Floats]:
    """Project points of 2, 3 or 4 dimensions to the plane.

    Parameters
    ----------
    vertices
        Shape (n, d) with d = 2, 3 or 4: real numbers.
    view
        Shape (d, d): the directions that point right, up, towards the viewer and along the
        fourth axis. They need be neither unit vectors nor orthogonal: they are made so, the last
        one first. By default a tilted view in space, and in four dimensions one that shows the
        five-fold symmetry of an icosahedral figure in its usual frame.
    distance
        How far the eye stands from the centre, on the last axis, in units of the largest
        distance of a point from the centre; above 1. Infinity gives an orthographic picture.
        By default 1.2 in four dimensions, 5 in space.

    Returns
    -------
    flat : ndarray, shape (n, 2)
        Where the points fall.
    depth : ndarray, shape (n,)
        Their nearness to the eye along the last axis, from 0 to 1.

    Raises
    ------
    ShapeError
        If the shapes are not as above.
    ValueError
        If a coordinate is not finite, the directions are dependent, or the distance is not
        above 1.

    See Also
    --------
    plot_model, view : draw what is projected.

    Notes
    -----
    Let c be the coordinates of a point in the orthonormal view, from the centroid, and R the
    largest |c|. In space and beyond, the point falls to (c₁, c₂)/(1 - c_d/(distance·R)): from
    four dimensions the eye sees a solid shadow, and that is seen from straight in front.

    Examples
    --------
    >>> flat, depth = project([[0, 0], [2, 0], [0, 2], [2, 2]])
    >>> flat.tolist()
    [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]
    """
    sight = Sight.of(points_of(vertices), view, distance)
    return sight.flat(sight.centred), sight.depth


def points_of(vertices: Any) -> Floats:
    """Return vertices as floats, shape (n, d)."""
    floats = vertices.to_floats() if hasattr(vertices, "to_floats") else vertices
    points = np.asarray(floats, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] not in _VIEWS:
        raise ShapeError(
            "plotting: vertices must have shape (n, 2), (n, 3) or (n, 4), "
            f"got {points.shape}; select coordinates first"
        )
    if not np.isfinite(points).all():
        k = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise ValueError(f"plotting: vertices must be finite, the first that is not is row {k}")
    return points


def pairs_of(edges: Any, count: int) -> Indices:
    """Return edges between so many vertices, shape (edges, 2)."""
    pairs = np.asarray(edges)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.intp)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ShapeError(
            f"plotting: edges must be pairs of integers, got shape {pairs.shape}; "
            "a file to write is given by target="
        )
    _require_range("edges", pairs, count)
    return pairs.astype(np.intp)


def rings_of(faces: Sequence[Sequence[int]], count: int) -> list[Indices]:
    """Return faces on so many vertices, each as the indices of its corners."""
    rings = []
    for k, face in enumerate(faces):
        ring = np.asarray(face)
        if ring.ndim != 1 or len(ring) < 3 or ring.dtype.kind not in "iu":
            raise ShapeError(
                f"plotting: faces must be rows of three or more integers, got faces[{k}] of shape "
                f"{ring.shape}"
            )
        rings.append(ring.astype(np.intp))
    if rings:
        _require_range("faces", np.concatenate(rings), count)
    return rings


def _require_range(what: str, indices: Any, count: int) -> None:
    if indices.min() < 0 or indices.max() >= count:
        raise IndexError(
            f"plotting: {what} must name vertices from 0 to {count - 1}, "
            f"got {indices.min()} to {indices.max()}"
        )


def _orthonormal(view: npt.ArrayLike, dimension: int) -> Floats:
    """Make the rows orthonormal, the last one keeping its direction, and none changing side."""
    rows = np.asarray(view, dtype=np.float64)
    if rows.shape != (dimension, dimension):
        raise ShapeError(
            f"project: view must have shape {(dimension, dimension)}, got {rows.shape}"
        )
    if not np.isfinite(rows).all() or np.linalg.matrix_rank(rows) < dimension:
        raise ValueError("project: view must hold finite, linearly independent directions")
    q, r = np.linalg.qr(rows[::-1].T)
    axes: Floats = (q * np.sign(np.diag(r))).T[::-1]
    return axes

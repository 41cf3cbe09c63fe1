"""The exact convex hull: floats propose facets, exact signs decide, a certificate proves.

References
----------
.. [1] C. B. Barber, D. P. Dobkin, H. Huhdanpaa, "The Quickhull algorithm for convex hulls", *ACM
   Transactions on Mathematical Software* 22 (1996), 469-483.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic import linalg
from syntonic.errors import PhaseError, PrecisionError, ShapeError
from syntonic.geometry.polytopes import Polytope, from_incidence
from syntonic.geometry.rows import distinct, integer_rows, stacked
from syntonic.geometry.wrapping import independent_columns, wrap
from syntonic.io import Model
from syntonic.progress import DELAY, shown
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike, IntArray

__all__ = ["as_polytope", "exact_points", "hull"]

_DIGITS = 7
_CELLS = 1 << 22


def hull(
    points: ExactArrayLike | Model, *, fallback: bool = True, progress: bool = False
) -> Polytope:
    """Return the convex hull of exact points, with all its faces, proved.

    Parameters
    ----------
    points : ResonantTensor, Model or exact array-like, shape (n, d)
        Equal points count once. They may span less than the space.
    fallback : bool
        Where the floats' proposal is wrong: complete it exactly, which takes longer. Otherwise it
        is refused.
    progress : bool
        Show a progress bar on the standard error stream.

    Returns
    -------
    Polytope

    Raises
    ------
    ShapeError
        The points have not two axes, or are all the same.
    PhaseError
        The points are in flux.
    PrecisionError
        The floats' proposal is wrong, and there is no fallback.

    See Also
    --------
    polar : the dual.
    volume : of the hull.
    identify_solid : which figure it is.

    Notes
    -----
    SciPy's qhull proposes simplices from floats; each is turned into an exact plane, and the sign
    of every point to every plane is computed exactly. The faces are then intersections of facets,
    and `Polytope.certify` proves that none is missing. Without SciPy the facets are found by exact
    gift wrapping.

    Examples
    --------
    >>> hull([[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9], [1, 1, 1]]).f_vector
    (4, 6, 4)
    """
    given = exact_points(points, "hull")
    chosen, _ = distinct(integer_rows(given)[0])
    different = given[chosen]
    if len(different) < 2:
        raise ShapeError(f"hull: there must be two different points, got {len(different)}")
    columns = independent_columns(different)
    made = _proved(different, columns, fallback, progress)
    made.indices = chosen[made.indices]
    return made


def exact_points(points: Any, where: str) -> ResonantTensor:
    """Return the exact points of a model, a tensor or nested sequences."""
    if isinstance(points, Polytope):
        return points.vertices
    if isinstance(points, Model):
        if points.tensor is None:
            raise PhaseError(
                f"{where}: the model must have exact vertices, got decimals; recover them first"
            )
        points = points.tensor
    x = points if isinstance(points, ResonantTensor) else ResonantTensor(points)
    if not x.is_crystallized:
        raise PhaseError(f"{where}: points must be crystallized, got flux; call .crystallize()")
    if x.ndim != 2 or 0 in x.shape:
        raise ShapeError(f"{where}: points must have shape (n, d), got {x.shape}")
    return x


def as_polytope(figure: Any, where: str) -> Polytope:
    """Return a polytope as it is, and the hull of anything else."""
    return figure if isinstance(figure, Polytope) else hull(exact_points(figure, where))


def _proved(points: ResonantTensor, columns: IntArray, fallback: bool, progress: bool) -> Polytope:
    flat = points[:, columns]
    if len(columns) == 1:
        return _made(points, columns, *_ends(flat))
    planes = _bounding(flat, _proposed(flat), progress)
    fault: str | None = "no facet was proposed"
    if len(planes[0]):
        made = _made(points, columns, *planes)
        fault = made.lattice.fault()
        if fault is None:
            return made
    if not fallback:
        raise PrecisionError(
            f"hull: the facets found in floats are not all ({fault}); pass fallback=True"
        )
    known = [frozenset(np.flatnonzero(row).tolist()) for row in planes[2]]
    facets = wrap(flat, known, progress=progress)
    made = _made(points, columns, *_planes(flat, facets))
    made.certify()
    return made


def _made(
    points: ResonantTensor, columns: IntArray, normals: Any, offsets: Any, on: IntArray
) -> Polytope:
    """Make the polytope in the space around it, from planes in independent coordinates."""
    around = ResonantTensor.eye(points.shape[1])[columns]
    return from_incidence(points, normals @ around, offsets, on, len(columns))


def _ends(line: ResonantTensor) -> tuple[ResonantTensor, ResonantTensor, IntArray]:
    normals = ResonantTensor([[-1], [1]])
    offsets = np.max(line @ normals.T, axis=0)
    return normals, offsets, np.asarray(line @ normals.T == offsets).T


def _proposed(points: ResonantTensor) -> IntArray:
    """Return simplices that may lie in facets, shape (m, d); none if floats cannot tell."""
    try:
        from scipy.spatial import ConvexHull, QhullError
    except ImportError:
        return np.empty((0, points.shape[1]), dtype=np.intp)
    centred = points - np.mean(points, axis=0)
    floats = (centred / np.max(np.abs(centred), axis=0)).to_floats()
    try:
        found = ConvexHull(floats, qhull_options="Qt")
    except (QhullError, ValueError):
        return np.empty((0, points.shape[1]), dtype=np.intp)
    return _fattest(floats, found.simplices, found.equations)


def _fattest(floats: Any, simplices: IntArray, equations: Any) -> IntArray:
    """Return one simplex for each plane: the one that tells the plane best.

    Triangulated facets have flat simplices, whose planes are noise.
    """
    edges = floats[simplices[:, 1:]] - floats[simplices[:, :1]]
    size = np.linalg.det(edges @ edges.transpose(0, 2, 1))
    order = np.argsort(-size, kind="stable")
    planes = np.round(equations[order], _DIGITS) + 0.0
    _, first = np.unique(planes, axis=0, return_index=True)
    return simplices[order[np.sort(first)]]


def _bounding(
    points: ResonantTensor, simplices: IntArray, progress: bool = False
) -> tuple[ResonantTensor, ResonantTensor, IntArray]:
    """Return the exact planes of simplices that have all points on one side, each once."""
    if not len(simplices):
        empty = ResonantTensor.zeros((0, points.shape[1]))
        return empty, empty[:, 0], np.empty((0, len(points)), dtype=bool)
    corners = points[simplices]
    normals = minors(corners[:, 1:] - corners[:, :1])
    offsets = np.sum(normals * corners[:, 0], axis=1)
    above, below, on = _sides(points, normals, offsets, progress)
    good = np.flatnonzero(above != below)
    flip = ResonantTensor(np.where(above[good], -1, 1))
    on = on[good]
    _, first = np.unique(np.packbits(on, axis=1), axis=0, return_index=True)
    return (flip[:, None] * normals[good])[first], (flip * offsets[good])[first], on[first]


def _sides(
    points: ResonantTensor, normals: ResonantTensor, offsets: ResonantTensor, progress: bool
) -> tuple[Any, Any, Any]:
    """Return which planes have a point above and below them, and which points lie on which.

    By blocks of planes: all heights at once might not fit into memory.
    """
    step = max(1, _CELLS // len(points))
    parts = []
    for k in shown(range(0, len(normals), step), "facets", progress, delay=DELAY):
        signs: Any = np.sign(normals[k : k + step] @ points.T - offsets[k : k + step, None])
        whole = np.asarray(signs.numerators()[0])
        parts.append(((whole > 0).any(axis=1), (whole < 0).any(axis=1), whole == 0))
    above, below, on = (np.concatenate(part) for part in zip(*parts, strict=True))
    return above, below, on


def minors(edges: ResonantTensor) -> ResonantTensor:
    """Return the vectors orthogonal to d - 1 others, shape (m, d - 1, d) to (m, d)."""
    d = edges.shape[-1]
    columns = [[k for k in range(d) if k != j] for j in range(d)]
    parts = [(-1) ** j * linalg.det(edges[:, :, columns[j]]) for j in range(d)]
    return stacked(parts, axis=-1)


def _planes(
    points: ResonantTensor, facets: list[frozenset[int]]
) -> tuple[ResonantTensor, ResonantTensor, IntArray]:
    """Return the planes of facets that are known by their points."""
    on = np.zeros((len(facets), len(points)), dtype=bool)
    for k, facet in enumerate(facets):
        on[k, [*facet]] = True
    chosen = []
    for facet in facets:
        members = np.array(sorted(facet))
        steps = (points[members[1:]] - points[members[0]]).T
        pivots = np.asarray(linalg.echelon(steps) != 0)
        rows = pivots[pivots.any(axis=1)]
        chosen.append([members[0], *members[1 + np.argmax(rows, axis=1)]])
    normals, offsets, found = _bounding(points, np.array(chosen))
    return normals, offsets, found

"""Exact measures of figures, and their polars.

Lengths and areas are square roots more often than not; what is in Q(φ) are their squares.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.geometry.convexity import as_polytope, exact_points
from syntonic.geometry.faces import FaceLattice
from syntonic.geometry.polytopes import Figure, Polytope
from syntonic.io import Model
from syntonic.tensor import ResonantTensor

__all__ = [
    "area_squared",
    "circumradius_squared",
    "edge_length_squared",
    "polar",
    "volume",
    "volume_squared_per_edge",
]


def polar(figure: Figure) -> Polytope:
    """Return the polar polytope: a vertex for each facet, a facet for each vertex.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like
        Convex; of a model, the hull of its vertices.

    Returns
    -------
    Polytope
        Its vertices are normal / offset of the facets, in the order of these. The origin is the
        mean of the vertices of `figure`, whether or not that was the origin before.

    Raises
    ------
    ShapeError
        The figure is flat.

    See Also
    --------
    hull : makes a polytope of points.
    identify_solid : which figure it is.

    Examples
    --------
    >>> polar([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]).f_vector
    (8, 12, 6)
    """
    given = as_polytope(figure, "polar")
    around = given.vertices.shape[1]
    if given.dimension != around:
        raise ShapeError(
            f"polar: the figure must span its space of {around} dimensions, got "
            f"{given.dimension}; drop coordinates first"
        )
    distances = given.offsets - given.normals @ given.centroid
    vertices = given.normals / distances[:, None]
    facets = given.lattice.levels[-1].inverse
    normals = given.vertices - given.centroid
    ones = ResonantTensor.ones((len(normals),))
    lattice = FaceLattice(facets, given.dimension)
    return Polytope(vertices, np.arange(len(vertices)), normals, ones, lattice)


def volume(figure: Figure) -> GoldenExact:
    """Return the volume: the area in the plane, the content in four dimensions.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like
        Convex; of a model, the hull of its vertices.

    Returns
    -------
    GoldenExact

    Raises
    ------
    ShapeError
        The figure is flat.

    See Also
    --------
    volume_squared_per_edge : does not depend on the size.
    area_squared, edge_length_squared : other measures.

    Notes
    -----
    The sum of |det| / d! over a triangulation that takes its vertices from the figure.

    Examples
    --------
    >>> volume([[0, 0], [2, 0], [0, 1]])
    GoldenExact(1)
    """
    return as_polytope(figure, "volume").volume


def edge_length_squared(figure: Figure) -> GoldenExact:
    """Return the square of the length that all edges have.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like
        A model has its own edges, or those of the hull of its vertices if it has none.

    Returns
    -------
    GoldenExact

    Raises
    ------
    ValueError
        The edges have different lengths.

    See Also
    --------
    circumradius_squared, area_squared : other measures.

    Examples
    --------
    >>> from syntonic.geometry import solid
    >>> edge_length_squared(solid("dodecahedron"))
    GoldenExact(8, -4)
    """
    points, edges = _edges(figure, "edge_length_squared")
    pairs = np.array(edges)
    steps = points[pairs[:, 0]] - points[pairs[:, 1]]
    return _single(np.sum(steps * steps, axis=1), "edge_length_squared: the edges", "lengths")


def circumradius_squared(figure: Figure) -> GoldenExact:
    """Return the square of the distance that all vertices have from their mean.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like

    Returns
    -------
    GoldenExact

    Raises
    ------
    ValueError
        The distances are different.

    See Also
    --------
    edge_length_squared, area_squared : other measures.

    Examples
    --------
    >>> from syntonic.geometry import solid
    >>> circumradius_squared(solid("600-cell"))
    GoldenExact(1)
    """
    points = exact_points(figure, "circumradius_squared")
    steps = points - np.mean(points, axis=0)
    return _single(np.sum(steps * steps, axis=1), "circumradius_squared: the vertices", "distances")


def volume_squared_per_edge(figure: Figure) -> GoldenExact:
    """Return the square of the volume that a figure of equal edges has at edge length 1.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like

    Returns
    -------
    GoldenExact
        volume² / edge^2d in d dimensions.

    Raises
    ------
    ValueError
        The edges have different lengths.
    ShapeError
        The figure is flat.

    See Also
    --------
    volume : the exact volume itself.
    edge_length_squared : the edge.

    Examples
    --------
    >>> from syntonic.geometry import solid
    >>> volume_squared_per_edge(solid("tetrahedron"))
    GoldenExact('1/72')
    """
    given = as_polytope(figure, "volume_squared_per_edge")
    return given.volume**2 / edge_length_squared(given) ** given.dimension


def area_squared(figure: Figure) -> ResonantTensor:
    """Return the square of the area of each face, of rank 2.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like
        A model has its own faces, or those of the hull of its vertices if it has none.

    Returns
    -------
    ResonantTensor, shape (faces,)

    See Also
    --------
    edge_length_squared, circumradius_squared, volume_squared_per_edge : other measures.
    volume : the exact volume itself.

    Notes
    -----
    Half the sum of x ∧ y over the sides (x, y) of a face is its area as a bivector. A star counts
    its parts as often as it winds around them.

    Examples
    --------
    >>> area_squared([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2]]).tolist()[0]
    GoldenExact(4)
    """
    model = figure if isinstance(figure, Model) else None
    if model is None or not model.faces:
        model = as_polytope(figure, "area_squared").model
    points = exact_points(model, "area_squared")
    left, right = np.triu_indices(points.shape[1], 1)
    squares: list[GoldenExact] = [GoldenExact(0)] * len(model.faces)
    sizes = np.array([len(face) for face in model.faces])
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size)
        x = points[np.array([model.faces[k] for k in chosen])]
        y = np.roll(x, -1, axis=1)
        wedge = np.sum(x[:, :, left] * y[:, :, right] - x[:, :, right] * y[:, :, left], axis=1)
        for k, value in zip(chosen, (np.sum(wedge * wedge, axis=1) / 4).tolist(), strict=True):
            squares[k] = value
    return ResonantTensor(squares)


def _edges(figure: Any, where: str) -> tuple[ResonantTensor, Any]:
    if isinstance(figure, Model) and figure.edges:
        return exact_points(figure, where), figure.edges
    given = as_polytope(figure, where)
    return given.vertices, given.model.edges


def _single(values: ResonantTensor, what: str, kind: str) -> GoldenExact:
    different = np.unique(values)
    if len(different) != 1:
        raise ValueError(f"{what} must have equal {kind}, got {len(different)} different ones")
    return different[0].item()

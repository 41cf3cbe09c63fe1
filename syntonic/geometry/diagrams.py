"""Schlegel diagrams: a figure of four dimensions seen through one of its cells, exactly.

References
----------
.. [1] G. M. Ziegler, *Lectures on Polytopes*, Springer 1995, chapter 5.
"""

from __future__ import annotations

import numpy as np

from syntonic.errors import ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.geometry.convexity import as_polytope
from syntonic.geometry.polytopes import Polytope
from syntonic.geometry.rows import stacked
from syntonic.io import Model
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

__all__ = ["schlegel"]


def schlegel(figure: Polytope | Model | ExactArrayLike, cell: int = 0) -> Model:
    """Return what an eye just outside one cell of a figure of four dimensions sees: all others.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like
        Convex, of four dimensions; of a model, the hull of its vertices.
    cell : int
        The number of the cell to look through, in the order of the facets.

    Returns
    -------
    Model
        In space: the vertices and edges, the faces, and the cells but for the one, which is
        outside and filled by them. It is exact, and of the right shape: the axes are orthogonal
        and of one length.

    Raises
    ------
    ShapeError
        The figure has not four dimensions, or does not span its space.
    IndexError
        There is no such cell.

    See Also
    --------
    polytope : the figures of four dimensions.
    syntonic.plotting.plot_model, syntonic.plotting.view : draw it.

    Notes
    -----
    The eye stands over the middle c of the cell, at c + tn for its normal n, half as high as the
    next other cell would show its outer side, or as high over the cell as this is over the middle
    of the figure, whichever is less. Points are projected into the space of the cell. As
    quaternions, in, jn and kn are orthogonal to n and to each other, and as long.

    Examples
    --------
    >>> from syntonic.geometry import polytope
    >>> diagram = schlegel(polytope("120-cell"))
    >>> diagram.dimension, diagram.vertex_count, len(diagram.cells)
    (3, 600, 119)
    """
    given = as_polytope(figure, "schlegel")
    if given.dimension != 4 or given.vertices.shape[1] != 4:
        raise ShapeError(
            "schlegel: the figure must span four dimensions, got dimension "
            f"{given.dimension} in a space of {given.vertices.shape[1]}"
        )
    count = len(given.lattice.levels[-1])
    if not 0 <= cell < count:
        raise IndexError(f"schlegel: cell must be from 0 to {count - 1}, got {cell}")
    normal = given.normals[cell]
    middle = np.mean(given.vertices[[*given.faces(3)[cell]]], axis=0)
    eye = middle + _height(given, cell, normal, middle) * normal
    steps = given.vertices - eye
    share = ((middle - eye) @ normal).item() / (steps @ normal)
    flat = eye + share[:, None] * steps - middle
    model = given.model
    inner = tuple(each for k, each in enumerate(model.cells) if k != cell)
    return Model.from_exact(
        flat @ _across(normal).T, edges=model.edges, faces=model.faces, cells=inner
    )


def _height(
    given: Polytope, cell: int, normal: ResonantTensor, middle: ResonantTensor
) -> GoldenExact:
    """Return how many normals the eye is above the middle of the cell."""
    depth = (middle - given.centroid) @ normal / (normal @ normal)
    slopes = given.normals @ normal
    heights = given.offsets - given.normals @ middle
    others = np.asarray(slopes > 0) & (np.arange(len(slopes)) != cell)
    limits = [depth.item(), *(heights[others] / slopes[others] / 2).tolist()]
    return min(limits)


def _across(normal: ResonantTensor) -> ResonantTensor:
    """Return i, j and k times a quaternion."""
    a, b, c, d = normal
    return stacked([stacked(row) for row in ((-b, a, -d, c), (-c, d, a, -b), (-d, -c, b, a))])

"""Which figures are similar, what maps a figure onto itself, and which solid it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from syntonic import linalg
from syntonic.errors import ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.geometry.convexity import as_polytope, exact_points
from syntonic.geometry.polytopes import Figure
from syntonic.geometry.rows import common_rows, distinct
from syntonic.geometry.solids import solid, solid_names
from syntonic.io import Model
from syntonic.tensor import ResonantTensor
from syntonic.typing import IntArray

__all__ = ["identify_solid", "similarity_squared", "symmetry_group"]

_MOST = 1 << 62
_CHUNK = 1 << 20


class _Figure(NamedTuple):
    """Vertices from their mean, their neighbours along edges, and the sets they form by rank."""

    points: ResonantTensor
    near: list[list[int]]
    ranks: tuple[list[IntArray], ...]
    """Edges, faces, and the vertices of the faces of each cell, one after the other."""


def symmetry_group(figure: Figure) -> ResonantTensor:
    """Return all matrices that map a figure onto itself, about the mean of its vertices.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like
        Convex; of a model, the hull of its vertices.

    Returns
    -------
    ResonantTensor, shape (elements, d, d)
        Orthogonal matrices that act on columns: a vertex x goes to c + g @ (x - c).

    Raises
    ------
    ShapeError
        The figure is flat.

    See Also
    --------
    rotations : the half of it that turns.
    reflection_group : groups by name.

    Notes
    -----
    A vertex and d - 1 others along edges, linearly independent, are mapped in all ways that keep
    inner products; each way is kept if it takes the set of all vertices to itself, which is asked
    by exact inner products. So the list is complete, and every element is proved.

    Examples
    --------
    >>> len(symmetry_group([[0, 0], [1, 0], [0, 1], [1, 1]]))
    8
    """
    own = _figure(as_polytope(figure, "symmetry_group"), "symmetry_group")
    base = _base(own)
    if len(base) != own.points.shape[1]:
        raise ShapeError(
            f"symmetry_group: the figure must span its space of {own.points.shape[1]} dimensions, "
            f"got {len(base)}; drop coordinates first"
        )
    gram, same = _grams(own.points, own.points)
    images = _images(own, base, gram, own, same)
    return own.points[images].transpose(0, 2, 1) @ linalg.inv(own.points[base].T)


def similarity_squared(figure: Figure, other: Figure) -> GoldenExact | None:
    """Return the square of the ratio of two similar figures, or None if they are not similar.

    Parameters
    ----------
    figure, other : Polytope, Model, ResonantTensor or exact array-like
        A model with faces is compared with its edges and faces, anything else as the hull of its
        vertices.

    Returns
    -------
    GoldenExact or None
        Squared distances in `figure` over those in `other`; mirror images are similar.

    See Also
    --------
    identify_solid : which figure it is.
    symmetry_group : the congruences of a figure with itself.

    Examples
    --------
    >>> from syntonic import PHI
    >>> similarity_squared([[0, 0], [PHI, 0], [0, PHI]], [[1, 1], [0, 1], [1, 0]])
    GoldenExact(1, 1)
    """
    return _similarity(_figure(figure, "similarity_squared"), _figure(other, "similarity_squared"))


def identify_solid(figure: Figure) -> str | None:
    """Return the name of the solid that a figure is, of any size and in any position.

    Parameters
    ----------
    figure : Polytope, Model, ResonantTensor or exact array-like
        A model with faces is compared with its edges and faces, so that a star is told from the
        hull of its vertices; anything else is the hull of its vertices.

    Returns
    -------
    str or None
        A name of `solid_names()`, or None if it is none of these.

    See Also
    --------
    solid, polytope : the figures by name.
    similarity_squared : whether two figures are similar.

    Notes
    -----
    A name is a proof: there is a bijection of the vertices that keeps all inner products from the
    mean, up to one factor, and edges and faces.

    Examples
    --------
    >>> from syntonic import PHI
    >>> identify_solid([[0, 0, 0], [PHI, 0, 0], [0, PHI, 0], [0, 0, PHI],
    ...                 [0, PHI, PHI], [PHI, 0, PHI], [PHI, PHI, 0], [PHI, PHI, PHI]])
    'cube'
    """
    own = _figure(figure, "identify_solid")
    counts = (len(own.points), len(_base(own)), *map(len, own.ranks))
    for name in solid_names():
        model = solid(name)
        if _counts(model) != counts:
            continue
        if _similarity(own, _figure(model, "identify_solid")) is not None:
            return name
    return None


def _counts(model: Model) -> tuple[int, ...]:
    known = len(model.edges), len(model.faces), len(model.cells)
    return model.vertex_count, model.dimension, *known


def _figure(figure: Figure, where: str) -> _Figure:
    model = figure if isinstance(figure, Model) else None
    if model is None or not model.faces:
        model = as_polytope(figure, where).model
    points = exact_points(model, where)
    near: list[list[int]] = [[] for _ in range(len(points))]
    for i, j in model.edges:
        near[i].append(j)
        near[j].append(i)
    faces = [np.array(face) for face in model.faces]
    cells = [np.concatenate([faces[k] for k in cell]) for cell in model.cells]
    ranks = [np.array(edge) for edge in model.edges], faces, cells
    return _Figure(points - np.mean(points, axis=0), near, ranks)


def _similarity(own: _Figure, other: _Figure) -> GoldenExact | None:
    if len(own.points) != len(other.points):
        return None
    mine, theirs = (np.sum(f.points * f.points).item() for f in (own, other))
    if not theirs or not mine:
        return None
    ratio = mine / theirs
    gram, compared = _grams(own.points, other.points, ratio)
    if _looks(own, gram) != _looks(other, compared):
        return None
    base = _base(own)
    goal = _formed(other, np.arange(len(other.points)))
    for image in _images(own, base, gram, other, compared):
        place = {tuple(row): k for k, row in enumerate(compared[image].T.tolist())}
        to = np.array([place[tuple(row)] for row in gram[base].T.tolist()])
        if _formed(own, to) == goal:
            return ratio
    return None


def _looks(figure: _Figure, gram: IntArray) -> list[Counter[tuple[int, ...]]]:
    """Return, for each rank, how often which inner products occur between corners."""
    return [
        Counter(tuple(np.sort(gram[np.ix_(each, each)], axis=None).tolist()) for each in sets)
        for sets in figure.ranks
    ]


def _formed(figure: _Figure, to: IntArray) -> tuple[set[Any], ...]:
    """Return the sets of each rank after the vertices have gone elsewhere.

    A cell is the multiset of the corners of its faces.
    """
    edges, faces, cells = ([to[each].tolist() for each in sets] for sets in figure.ranks)
    return {frozenset(e) for e in edges}, {*map(_sorted, faces)}, {*map(_sorted, cells)}


def _sorted(corners: list[int]) -> tuple[int, ...]:
    return tuple(sorted(corners))


def _grams(
    points: ResonantTensor, others: ResonantTensor, ratio: GoldenExact | int = 1
) -> tuple[IntArray, IntArray]:
    """Return the inner products of two figures, the second ones times a ratio, as numbers.

    Equal numbers stand for equal products.
    """
    products = [points @ points.T, ratio * (others @ others.T)]
    rows = common_rows(*(each.reshape(-1, 1) for each in products))
    labels = distinct(np.concatenate(rows))[1]
    n = len(points)
    return labels[: n * n].reshape(n, n), labels[n * n :].reshape(n, n)


def _base(figure: _Figure) -> list[int]:
    """Return vertices that span the figure, neighbours of one before where there are such."""
    points = figure.points
    full = linalg.rank(points)
    base: list[int] = []
    for vertex in _walk(figure.near):
        if len(base) == full:
            break
        if linalg.rank(points[[*base, vertex]]) > len(base):
            base.append(vertex)
    return base


def _walk(near: list[list[int]]) -> Iterator[int]:
    """Go through all vertices, breadth first along edges."""
    seen: set[int] = set()
    for start in range(len(near)):
        queue = [] if start in seen else [start]
        seen.add(start)
        for vertex in queue:
            yield vertex
            queue.extend(x for x in near[vertex] if x not in seen)
            seen.update(near[vertex])


def _images(
    own: _Figure, base: list[int], gram: IntArray, other: _Figure, compared: IntArray
) -> IntArray:
    """Return all images of the base under which the other figure's vertices are those of this one.

    Shape (images, vertices of the base).
    """
    n = len(other.points)
    fits = np.flatnonzero(np.diag(compared) == gram[base[0], base[0]])
    images = fits[:, None]
    for k in range(1, len(base)):
        before = [j for j in range(k) if base[k] in own.near[base[j]]]
        images = _extended(images, base, k, before, gram, other, compared)
    step = max(1, _CHUNK // n)
    parts = [images[i : i + step] for i in range(0, len(images), step)]
    kept = [part[_same_set(gram[base], compared, part)] for part in parts]
    return np.concatenate([images[:0], *kept])


def _extended(
    images: IntArray,
    base: list[int],
    k: int,
    before: list[int],
    gram: IntArray,
    other: _Figure,
    compared: IntArray,
) -> IntArray:
    """Add an image of base[k] to partial images, in all ways that keep inner products."""
    if before:  # among the neighbours of the image of a neighbour
        around = images[:, before[0]]
        counts = np.array([len(x) for x in other.near])[around]
        candidates = np.array([x for v in around.tolist() for x in other.near[v]], dtype=np.intp)
    else:
        counts = np.full(len(images), len(other.points))
        candidates = np.tile(np.arange(len(other.points)), len(images))
    rows = np.repeat(images, counts, axis=0)
    fits = compared[candidates, candidates] == gram[base[k], base[k]]
    for j in range(k):
        fits &= compared[candidates, rows[:, j]] == gram[base[k], base[j]]
    return np.concatenate([rows, candidates[:, None]], axis=1)[fits]


def _same_set(wanted: IntArray, compared: IntArray, images: IntArray) -> IntArray:
    """Say which images see the vertices of the other figure as the base sees those of its own.

    A vertex is what its inner products with the base are; these are compared as sets, as one
    integer for each vertex.
    """
    labels, codes = np.unique(wanted, return_inverse=True)
    codes = codes.reshape(wanted.shape)
    table = np.full(int(compared.max()) + 1, len(labels))
    table[labels[labels < len(table)]] = np.flatnonzero(labels < len(table))
    own = np.zeros(wanted.shape[1], dtype=np.int64)
    theirs = np.zeros((len(images), compared.shape[1]), dtype=np.int64)
    base, size = len(labels) + 1, 1
    for k, code in enumerate(codes):
        if size * base > _MOST:
            own, theirs = _renumbered(own, theirs)
            size = int(max(own.max(), theirs.max(initial=0))) + 1
        own = own * base + code
        theirs = theirs * base + table[compared[images[:, k]]]
        size *= base
    return (np.sort(theirs, axis=1) == np.sort(own)).all(axis=1)


def _renumbered(own: IntArray, theirs: IntArray) -> tuple[IntArray, IntArray]:
    together = np.concatenate([own[None], theirs])
    numbers = np.unique(together, return_inverse=True)[1].reshape(together.shape)
    return numbers[0], numbers[1:]

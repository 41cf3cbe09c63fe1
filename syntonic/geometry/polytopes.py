"""`Polytope`: a convex figure with exact vertices, facet planes and all its faces, certified."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from syntonic import linalg
from syntonic.errors import PrecisionError, ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.geometry.faces import FaceLattice
from syntonic.geometry.rows import stacked
from syntonic.geometry.sets import Sets
from syntonic.io import Model
from syntonic.io.notebook import facts_html
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike, IntArray

__all__ = ["Figure", "Polytope", "from_incidence", "supporting"]

Figure: TypeAlias = "Polytope | Model | ExactArrayLike"
"""A figure by its points, or with its faces."""


class Polytope:
    """A convex polytope over Q(φ), with the proof that its faces are all there.

    Made by `hull` and by the named solids; not by hand.

    Attributes
    ----------
    vertices : ResonantTensor, shape (n, d)
    indices : ndarray, shape (n,)
        The row of each vertex among the points whose hull this is.
    normals, offsets : ResonantTensor, shapes (facets, d) and (facets,)
        The facet planes: normal · x <= offset for all points, with equality on the facet.
    lattice : FaceLattice
        The faces of all ranks.

    See Also
    --------
    hull, polytope : what make one.
    polar, volume, symmetry_group : functions of one.

    Examples
    --------
    >>> from syntonic.geometry import hull
    >>> square = hull([[0, 0], [2, 0], [0, 2], [2, 2], [1, 1]])
    >>> square.f_vector, square.indices.tolist()
    ((4, 4), [0, 1, 2, 3])
    """

    def __init__(
        self,
        vertices: ResonantTensor,
        indices: IntArray,
        normals: ResonantTensor,
        offsets: ResonantTensor,
        lattice: FaceLattice,
    ) -> None:
        self.vertices, self.indices, self.lattice = vertices, indices, lattice
        self.normals, self.offsets = normals, offsets

    def __repr__(self) -> str:
        return f"Polytope(dimension={self.dimension}, f_vector={self.f_vector})"

    def _repr_html_(self) -> str:
        return facts_html(repr(self), [], self.model)

    @property
    def dimension(self) -> int:
        """The dimension of the polytope, not of the space around it."""
        return self.lattice.dimension

    @property
    def f_vector(self) -> tuple[int, ...]:
        """The numbers of vertices, edges, faces, and so on, up to facets."""
        return self.lattice.f_vector

    @property
    def euler(self) -> int:
        """V - E + F - ..., which is 1 - (-1)^dimension."""
        return sum((-1) ** k * n for k, n in enumerate(self.f_vector))

    def faces(self, rank: int) -> tuple[tuple[int, ...], ...]:
        """Return the vertices of all faces of a rank; those of rank 2 in cyclic order.

        Examples
        --------
        >>> from syntonic.geometry import polytope
        >>> len(polytope("cube").faces(2)), len(polytope("cube").faces(2)[0])
        (6, 4)
        """
        if not 0 <= rank < self.dimension:
            raise ValueError(
                f"Polytope.faces: rank must be from 0 to {self.dimension - 1}, got {rank}"
            )
        if rank == 2:
            return self._rings
        return tuple(map(tuple, self.lattice.levels[rank].lists()))

    @cached_property
    def _rings(self) -> tuple[tuple[int, ...], ...]:
        rings = self.lattice.rings
        if self.dimension != 3 or self.vertices.shape[1] != 3 or not rings:
            return rings
        corners = [self.vertices[np.array([ring[k] for ring in rings])] for k in range(3)]
        frame = stacked([corners[1] - corners[0], corners[2] - corners[1], self.normals], axis=1)
        outward = np.asarray(linalg.det(frame) > 0)
        turned = zip(rings, outward, strict=True)
        return tuple(ring if out else (ring[0], *ring[:0:-1]) for ring, out in turned)

    @cached_property
    def centroid(self) -> ResonantTensor:
        """The mean of the vertices."""
        return np.mean(self.vertices, axis=0)

    @cached_property
    def model(self) -> Model:
        """The vertices, edges, faces and, in four dimensions, cells, for files and pictures."""
        edges: Any = self.faces(1) if self.dimension > 1 else ((0, 1),)
        faces: Any = self.lattice.rings if self.dimension == 2 else ()
        if self.dimension > 2:
            faces = self._rings
        cells = self.lattice.below[3].lists() if self.dimension == 4 else ()
        return Model.from_exact(
            self.vertices, edges=edges, faces=faces, cells=tuple(map(tuple, cells))
        )

    @cached_property
    def volume(self) -> GoldenExact:
        """The exact volume: the area in the plane, the content in four dimensions.

        Raises
        ------
        ShapeError
            The polytope is flat in the space around it.
        """
        around = self.vertices.shape[1]
        if around != self.dimension:
            raise ShapeError(
                f"volume: the points must span their space of {around} dimensions, got "
                f"{self.dimension}; drop coordinates first"
            )
        corners = self.vertices[self.lattice.simplices()]
        contents = np.abs(linalg.det(corners[:, 1:] - corners[:, :1]))
        return np.sum(contents).item() / _factorial(self.dimension)

    def certify(self) -> None:
        """Prove again that all points lie below the planes, and that no face is missing.

        Raises
        ------
        PrecisionError
            The faces are not those of a polytope.

        Notes
        -----
        `FaceLattice.fault` has the proof.

        Examples
        --------
        >>> from syntonic.geometry import polytope
        >>> polytope("dodecahedron").certify()
        """
        fault = self._plane_fault() or self.lattice.fault()
        if fault is not None:
            raise PrecisionError(f"Polytope.certify: {fault}")

    def _plane_fault(self) -> str | None:
        heights = self.vertices @ self.normals.T - self.offsets
        if bool((heights > 0).any()):
            return "no vertex may lie above a facet plane"
        on = np.asarray(heights == 0).T
        if not np.array_equal(Sets.where(on).members, self.lattice.levels[-1].members):
            return "a facet must have exactly the vertices on its plane"
        if not bool((heights < 0).any(axis=0).all()):
            return "a facet must not have all vertices"
        return None


def _factorial(n: int) -> int:
    return 1 if n < 2 else n * _factorial(n - 1)


def from_incidence(
    points: ResonantTensor,
    normals: ResonantTensor,
    offsets: ResonantTensor,
    on: IntArray,
    dimension: int,
) -> Polytope:
    """Make the polytope of points and bounding planes; `on` says which points lie on which.

    The certificate is not asked here.
    """
    corners = _corners(on)
    on = on[:, corners]
    order = np.lexsort(on.T[::-1])[::-1] if len(corners) else np.arange(len(on))
    lattice = FaceLattice(Sets.where(on[order]), dimension)
    return Polytope(points[corners], corners, normals[order], offsets[order], lattice)


def _corners(on: IntArray) -> IntArray:
    """Return the points on facets that no other point shares and exceeds: the vertices."""
    packed = np.packbits(on.T, axis=1)
    padded = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))
    words = np.ascontiguousarray(padded).view(np.uint64)
    _, first, counts = np.unique(words, axis=0, return_index=True, return_counts=True)
    somewhere = on[:, first].any(axis=0)
    first, counts = first[somewhere], counts[somewhere]
    holders = Sets.where(on[:, first].T)
    i, j = holders.within(holders)
    inner = np.zeros(len(first), dtype=bool)
    inner[i[i != j]] = True
    return np.sort(first[~inner & (counts == 1)])


def supporting(points: ResonantTensor, normals: ResonantTensor) -> Polytope:
    """Make the polytope of points that has its facets among planes with given normals.

    Parameters
    ----------
    points
        Shape (n, d), different points that span the space.
    normals
        Shape (m, d); those that bound no facet are left out.

    Raises
    ------
    PrecisionError
        Facets have other normals.
    """
    heights = points @ normals.T
    offsets = np.max(heights, axis=0)
    on = np.asarray(heights == offsets).T
    d = points.shape[1]
    kept = np.flatnonzero(_ranks(points, on) == d - 1)
    made = from_incidence(points, normals[kept], offsets[kept], on[kept], d)
    made.certify()
    return made


def _ranks(points: ResonantTensor, on: IntArray) -> IntArray:
    """Return the dimensions that the points on each plane span, by batches of as many points."""
    sizes = on.sum(axis=1)
    ranks = np.zeros(len(on), dtype=np.int64)
    for size in np.unique(sizes[sizes >= points.shape[1]]):
        chosen = np.flatnonzero(sizes == size)
        corners = points[np.nonzero(on[chosen])[1].reshape(-1, size)]
        ranks[chosen] = linalg.rank(corners[:, 1:] - corners[:, :1])
    return ranks

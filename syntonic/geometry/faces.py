"""All faces of a polytope from those of the highest rank, and the proof that none is missing.

References
----------
.. [1] G. M. Ziegler, *Lectures on Polytopes*, Springer 1995, chapter 2.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from syntonic.geometry.sets import Sets
from syntonic.typing import IntArray

__all__ = ["FaceLattice"]


class FaceLattice:
    """All faces of a polytope as sets of vertices, by rank: vertices 0, edges 1, and so on.

    Parameters
    ----------
    facets
        The vertices on each facet; the faces of rank `dimension` - 1.
    dimension
        Of the polytope, at least 1.

    Notes
    -----
    The faces of rank k are the maximal intersections of two faces of rank k + 1 with more than k
    vertices, because every face lies in two of the next rank and is their intersection.
    """

    def __init__(self, facets: Sets, dimension: int) -> None:
        self.dimension = dimension
        levels = [facets]
        for rank in range(dimension - 2, 0, -1):
            levels.append(levels[-1].intersections(rank + 1).maximal())
        if dimension > 1:
            every = np.arange(facets.universe)
            levels.append(Sets(every, every, facets.universe, facets.universe))
        self.levels = levels[::-1]

    @property
    def f_vector(self) -> tuple[int, ...]:
        """The numbers of faces of rank 0, 1, ..., dimension - 1."""
        return tuple(map(len, self.levels))

    @cached_property
    def below(self) -> list[Sets]:
        """Which faces of rank k - 1 a face of rank k has; for rank 0 none."""
        first = self.levels[0]
        nothing = np.array([], dtype=np.intp)
        steps = zip(self.levels[1:], self.levels, strict=False)
        return [
            Sets(nothing, nothing, len(first), 1),
            *(upper.holding(lower) for upper, lower in steps),
        ]

    @cached_property
    def rings(self) -> tuple[tuple[int, ...], ...]:
        """The faces of rank 2, their vertices in cyclic order."""
        ends = self.levels[1].lists()
        return tuple(_ring([ends[e] for e in edges]) for edges in self._sides)

    @property
    def _sides(self) -> list[list[int]]:
        if self.dimension > 2:
            return self.below[2].lists()
        return [[*range(len(self.levels[1]))]]  # the polygon itself

    def fault(self) -> str | None:
        """Say what is wrong if these are not all faces of a polytope, or return None.

        Notes
        -----
        Given that each facet is the set of all vertices on a plane that bounds the polytope:
        sets of one rank hold sets of the rank below, strictly, so that a face of rank k has
        dimension k. An edge has its two vertices. If the faces below a face F have all their
        faces, and each of these lies in two of them, then what is found of F is closed under
        going from a facet to its neighbours; and the facets of a polytope hang together. So
        nothing of F is missing, and last nothing of the polytope.
        """
        if self.dimension == 1:
            return None if len(self.levels[0]) == 2 else "a segment must have two ends"
        if (self.levels[1].sizes != 2).any():
            return "an edge must have two vertices"
        for rank in range(1, self.dimension):
            if not self.below[rank].sizes.all():
                return f"a face of rank {rank} must have faces of rank {rank - 1}"
            if not self.below[rank].inverse.sizes.all():
                return f"a face of rank {rank - 1} must lie in a face of rank {rank}"
        for rank in range(2, self.dimension):
            if (self._between(rank) != 2).any():
                return (
                    f"between faces of rank {rank} and {rank - 2} there must be two faces, as "
                    "often as there is one"
                )
        if (self.below[-1].inverse.sizes != 2).any():
            return f"a face of rank {self.dimension - 2} must lie in two facets"
        return None

    def _between(self, rank: int) -> IntArray:
        """Return how many faces lie between a face of this rank and one two ranks below."""
        return self.below[rank].meetings(self.below[rank - 1].inverse)[2]

    def simplices(self) -> IntArray:
        """Return a triangulation without new vertices, shape (simplices, dimension + 1).

        Each face is cut into the pyramids from its first vertex over its faces without it.
        """
        first = np.arange(len(self.levels[0]))
        owners, corners = first, self.levels[0].members[:, None]
        for rank in range(1, self.dimension):
            sets = self.below[rank]
            apex = self.levels[rank].members[self.levels[rank].starts[:-1]]
            owners, corners = _pyramids(sets, apex, owners, corners, self.levels[rank - 1])
        facets = self.levels[-1]
        away = facets.members[facets.starts[:-1]] != 0  # the first vertex is number 0
        chosen = corners[away[owners]]
        return np.concatenate([np.zeros((len(chosen), 1), dtype=np.intp), chosen], axis=1)


def _pyramids(
    sets: Sets, apex: IntArray, owners: IntArray, corners: IntArray, lower: Sets
) -> tuple[IntArray, IntArray]:
    """Put the apex of each face over the simplices of its faces that do not have it.

    `owners` says to which lower face each simplex of `corners` belongs, in order.
    """
    # The apex is the least vertex of its face: a face below has it iff it is its least one, too.
    least = lower.members[lower.starts[:-1]]
    far = least[sets.members] != apex[sets.owners]
    upper, under = sets.owners[far], sets.members[far]
    counts = np.bincount(owners, minlength=len(lower))
    starts = np.cumsum(counts) - counts
    repeats = counts[under]
    offset = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    chosen = np.repeat(starts[under], repeats) + offset
    owner = np.repeat(upper, repeats)
    return owner, np.concatenate([apex[owner][:, None], corners[chosen]], axis=1)


def _ring(edges: list[list[int]]) -> tuple[int, ...]:
    """Return the vertices of a closed walk along edges, from the least to its lesser neighbour."""
    near: dict[int, list[int]] = {}
    for i, j in edges:
        near.setdefault(i, []).append(j)
        near.setdefault(j, []).append(i)
    start = min(near)
    walk, here = [start], min(near[start])
    while here != start:
        walk.append(here)
        here = next(x for x in near[here] if x != walk[-2])
    return tuple(walk)

"""The Penrose tiling and the icosahedral Ammann tiling as model sets, every vertex proved.

References
----------
.. [1] N. G. de Bruijn, "Algebraic theory of Penrose's non-periodic tilings of the plane",
   *Indagationes Mathematicae* 84 (1981), 39-66.
.. [2] P. Kramer and R. Neri, "On periodic and non-periodic space fillings of E^m obtained by
   projection", *Acta Crystallographica A* 40 (1984), 580-587.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations, product
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.exact.golden import PHI, GoldenExact
from syntonic.geometry.algebras import CYCLOTOMIC5, embed, multiply
from syntonic.geometry.convexity import hull
from syntonic.geometry.cuts import Cut, Line, tensor_of
from syntonic.geometry.modelsets import METRIC5, REACH5, lines_of, require_regular
from syntonic.geometry.polytopes import Polytope
from syntonic.geometry.rows import RowTable, joined, stacked
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike, ExactScalar, FloatArray, IntArray

__all__ = ["Tiling", "ammann", "ammann_window", "penrose", "penrose_windows", "powers"]

_PENROSE_SHIFT = ("1/7", "1/11")
_AMMANN_SHIFT = ("1/7", "1/11", "1/13")


@dataclass(frozen=True, eq=False)
class Tiling:
    """A patch of a tiling: exact vertices, and the edges and tiles that have all their vertices.

    Attributes
    ----------
    points : ResonantTensor, shape (n, d)
        In the plane pairs (u, v) for u + vζ, ζ = e^(2πi/5); in space coordinates.
    conjugates : ResonantTensor, shape (n, d)
        Where each point falls in the space of the windows, with the shift: in the plane pairs for
        u + vζ².
    classes : ndarray, shape (n,)
        Which window each conjugate falls into; 0 where there is only one.
    steps : ResonantTensor, shape (k, d)
        The edges as vectors.

    See Also
    --------
    penrose, ammann : what make one.
    plot_tiling, plot_window : draw one.

    Examples
    --------
    >>> from syntonic.geometry import penrose
    >>> patch = penrose(3)
    >>> patch.points.shape[1], patch.tiles.shape[1]
    (2, 4)
    """

    points: ResonantTensor
    conjugates: ResonantTensor
    classes: IntArray
    steps: ResonantTensor

    @property
    def positions(self) -> FloatArray:
        """The vertices in floats, shape (n, d), for pictures and diffraction."""
        return embed(self.points) if self.points.shape[1] == 2 else self.points.to_floats()

    @cached_property
    def _table(self) -> RowTable:
        return RowTable(self.points)

    @cached_property
    def _next(self) -> IntArray:
        """The vertex one step further, or -1: shape (steps, n)."""
        rows = [self._table.find(self.points + step) for step in self.steps]
        return np.array(rows, dtype=np.intp)

    @cached_property
    def edges(self) -> IntArray:
        """Pairs of vertices, shape (edges, 2)."""
        step, start = np.nonzero(self._next >= 0)
        return np.stack([start, self._next[step, start]], axis=1)

    @cached_property
    def tiles(self) -> IntArray:
        """The rhombi, shape (tiles, 4), in cyclic order."""
        return self._rhombi[0]

    @cached_property
    def kinds(self) -> IntArray:
        """The two steps of each rhombus, shape (tiles, 2)."""
        return self._rhombi[1]

    @property
    def thick(self) -> IntArray:
        """Whether each rhombus of a Penrose tiling has the angle 72°, not 36°."""
        apart = np.diff(self.kinds, axis=1)[:, 0]
        return (apart == 1) | (apart == 4)

    @cached_property
    def _rhombi(self) -> tuple[IntArray, IntArray]:
        tiles, kinds = [np.empty((0, 4), dtype=np.intp)], [np.empty((0, 2), dtype=np.intp)]
        for i, j in combinations(range(len(self.steps)), 2):
            corners = self._boxes([i, j])
            tiles.append(corners[:, [0, 1, 3, 2]])
            kinds.append(np.tile([i, j], (len(corners), 1)))
        return np.concatenate(tiles), np.concatenate(kinds)

    @cached_property
    def cells(self) -> IntArray:
        """The rhombohedra of a tiling of space, shape (cells, 8); none in the plane."""
        if self.points.shape[1] == 2:
            return np.empty((0, 8), dtype=np.intp)
        triples = combinations(range(len(self.steps)), 3)
        return np.concatenate([self._boxes([*triple]) for triple in triples])

    def _boxes(self, chosen: Sequence[int]) -> IntArray:
        """Return the corners of all boxes with given steps that have all their corners."""
        corners = np.arange(len(self.points))[:, None]
        for step in chosen:
            moved = np.where(corners >= 0, self._next[step][corners], -1)
            corners = np.concatenate([corners, moved], axis=1)
        return corners[(corners >= 0).all(axis=1)]

    @property
    def euler(self) -> int:
        """V - E + F in the plane, V - E + F - C in space: 1 for a patch without holes."""
        return len(self.points) - len(self.edges) + len(self.tiles) - len(self.cells)


@cache
def powers() -> ResonantTensor:
    """Return 1, ζ, ..., ζ⁴ as pairs."""
    powers = [ResonantTensor([1, 0])]
    for _ in range(4):
        powers.append(multiply(powers[-1], [0, 1], CYCLOTOMIC5))
    return stacked(powers)


@cache
def penrose_windows() -> tuple[Polytope, ...]:
    """Return the four pentagons of de Bruijn, for the classes 1 to 4.

    Returns
    -------
    tuple of Polytope
        P, -φP, φP and -P, where P has the corners ζ^2k; as pairs (u', v') for u' + v'ζ².

    See Also
    --------
    penrose : the tiling.
    plot_window : what falls into them.

    Examples
    --------
    >>> [window.f_vector for window in penrose_windows()]
    [(5, 5), (5, 5), (5, 5), (5, 5)]
    """
    pentagon = powers().galois_conjugate()
    return tuple(hull(scale * pentagon) for scale in (1, -PHI, PHI, -1))


def penrose(
    radius: ExactScalar, *, shift: ExactArrayLike = _PENROSE_SHIFT, progress: bool = False
) -> Tiling:
    """Return a disc of a Penrose tiling by rhombi with edges of length 1.

    Parameters
    ----------
    radius : exact number
        Of the disc around 0, which has its boundary.
    shift : pair of exact numbers
        What is added to the conjugates: another shift, another tiling. Strings such as "1/7" are
        numbers, too.
    progress : bool
        Show a progress bar on the standard error stream.

    Returns
    -------
    Tiling

    Raises
    ------
    ValueError
        A conjugate lies on the boundary of a window: the shift is singular.

    See Also
    --------
    penrose_inflated : the same tiles by inflation.
    penrose_windows : the windows.
    plot_tiling : the picture.

    Notes
    -----
    The vertices are the u + vζ of Z[ζ] whose class, the value at ζ → 1 modulo 5, is 1 to 4 and
    whose conjugate falls into the pentagon of this class; a generic shift meets no boundary.

    Examples
    --------
    >>> patch = penrose(10)
    >>> len(patch.points), patch.euler
    (386, 1)
    """
    moved = _shift(shift, 2, "penrose")
    found, classes = [], []
    for number, window in enumerate(penrose_windows(), 1):
        cut = Cut(window, METRIC5, GoldenExact(radius), moved, progress=progress)
        u, v = (_by_class(each) for each in lines_of(cut, REACH5))
        parts = [cut.select([u[k], v[(number - k) % 5]]) for k in range(5)]
        require_regular(cut, "penrose", "pass another shift")
        a, b = (np.concatenate(part) for part in zip(*parts, strict=True))
        found.append(tensor_of(a, b))
        classes.append(np.full(len(a), number))
    return _tiling(joined(*found), np.concatenate(classes), moved, powers())


def _by_class(numbers: Line) -> list[Line]:
    """Sort numbers by their values modulo 5, where φ is 3 because ζ is 1."""
    kind = (numbers.a + 3 * numbers.b) % 5
    return [numbers.take(np.flatnonzero(kind == k)) for k in range(5)]


def _tiling(
    points: ResonantTensor, classes: IntArray, shift: ResonantTensor, steps: ResonantTensor
) -> Tiling:
    return Tiling(points, points.galois_conjugate() + shift, classes, steps)


def _shift(shift: Any, dimension: int, where: str) -> ResonantTensor:
    numbers = [GoldenExact(x) for x in (shift if isinstance(shift, Sequence) else [*shift])]
    if len(numbers) != dimension:
        raise ShapeError(f"{where}: shift must be {dimension} numbers, got {len(numbers)}")
    return ResonantTensor(numbers)


# -- space -------------------------------------------------------------------------------------


@cache
def _ammann_steps() -> ResonantTensor:
    return ResonantTensor(
        [(0, 1, PHI), (0, -1, PHI), (1, PHI, 0), (-1, PHI, 0), (PHI, 0, 1), (PHI, 0, -1)]
    )


@cache
def ammann_window() -> Polytope:
    """Return the projection of the unit cube of Z⁶: a rhombic triacontahedron."""
    corners = ResonantTensor([*product((0, 1), repeat=6)])
    return hull(corners @ _ammann_steps().galois_conjugate())


def ammann(
    radius: ExactScalar, *, shift: ExactArrayLike = _AMMANN_SHIFT, progress: bool = False
) -> Tiling:
    """Return a ball of the icosahedral tiling by two rhombohedra, after Ammann and Kramer.

    Parameters
    ----------
    radius : exact number
        Of the ball around 0, where an edge has the length √(2 + φ).
    shift : three exact numbers
        What is added to the conjugates; the default one is generic.
    progress : bool
        Show a progress bar on the standard error stream.

    Returns
    -------
    Tiling

    Raises
    ------
    ValueError
        A conjugate lies on the boundary of the window: the shift is singular.

    See Also
    --------
    penrose : of the plane.
    model_set : points in any window.

    Notes
    -----
    Z⁶ goes to the combinations of (0, ±1, φ), (±1, φ, 0), (φ, 0, ±1): of the points of Z[φ]³, with
    coordinates x = a + bφ, those with a₁ + b₂, a₂ + b₃ and a₃ + b₁ even.

    Examples
    --------
    >>> patch = ammann(5)
    >>> len(patch.points), patch.euler
    (123, 1)
    """
    moved = _shift(shift, 3, "ammann")
    size = GoldenExact(radius)
    cut = Cut(ammann_window(), ResonantTensor.eye(3), size, moved, progress=progress)
    x, y, z = (_by_parity(each) for each in lines_of(cut, GoldenExact(1)))
    # The parities p = a₁ = b₂, q = a₂ = b₃, r = a₃ = b₁ are free.
    parts = [cut.select([x[p, r], y[q, p], z[r, q]]) for p, q, r in product((0, 1), repeat=3)]
    require_regular(cut, "ammann", "pass another shift")
    a, b = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _tiling(tensor_of(a, b), np.zeros(len(a), dtype=np.int64), moved, _ammann_steps())


def _by_parity(numbers: Line) -> dict[tuple[int, int], Line]:
    return {
        (p, q): numbers.take(np.flatnonzero((numbers.a % 2 == p) & (numbers.b % 2 == q)))
        for p, q in product((0, 1), repeat=2)
    }

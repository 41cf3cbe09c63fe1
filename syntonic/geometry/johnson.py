"""The Johnson solids over Q(φ): parts of icosahedral solids, mirrored, turned and put together.

All have the five-fold axis (0, 1, φ), except the bilunabirotunda. Their faces come from `hull`.

References
----------
.. [1] N. W. Johnson, "Convex polyhedra with regular faces", *Canadian Journal of Mathematics* 18
   (1966), 169-200.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from syntonic.exact.golden import PHI, PHI_INV, GoldenExact
from syntonic.geometry.convexity import hull
from syntonic.geometry.polytopes import Polytope
from syntonic.geometry.rows import joined
from syntonic.geometry.uniform import uniform
from syntonic.tensor import ResonantTensor

__all__ = ["JOHNSON", "johnson"]

AXIS = ResonantTensor([0, 1, PHI])
_LENGTH = 2 + PHI  # of the axis, squared


def johnson(name: str) -> Polytope:
    """Return a solid of the table below by its name."""
    return hull(JOHNSON[name]())


def _vertices(name: str) -> ResonantTensor:
    return uniform(name).vertices


def _levels(points: ResonantTensor) -> list[GoldenExact]:
    """Return the different heights along the axis, the highest first."""
    return np.unique(points @ AXIS)[::-1].tolist()


def _cap(points: ResonantTensor, levels: int) -> ResonantTensor:
    """Return the points on the highest levels."""
    return points[np.flatnonzero(points @ AXIS >= _levels(points)[levels - 1])]


def _without(points: ResonantTensor, chosen: list[int]) -> ResonantTensor:
    return points[np.setdiff1d(np.arange(len(points)), chosen)]


def _doubled(points: ResonantTensor, *, turned: bool = False) -> ResonantTensor:
    """Add the mirror image in the lowest level, turned by 36° if asked for."""
    below = points @ AXIS - _levels(points)[-1]
    base = np.flatnonzero(below == 0)
    image = points - (2 * below / _LENGTH)[:, None] * AXIS
    if turned:  # by 180°, which is as much as 36° where there are five of everything
        middle = np.mean(points[base], axis=0)
        image = 2 * middle - points
    return joined(points, _without(image, base.tolist()))


def _turn(points: ResonantTensor) -> ResonantTensor:
    """Turn by 36° about the axis: sin 36° / |axis| = 1/(2φ), so that this is golden."""
    x, y, z = AXIS.tolist()
    across = ResonantTensor([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    along = AXIS[:, None] * AXIS / _LENGTH
    matrix = PHI / 2 * ResonantTensor.eye(3) + PHI_INV / 2 * across + (1 - PHI / 2) * along
    return points @ matrix.T


def _diminished(count: int) -> ResonantTensor:
    """Return the icosahedron without vertices that are pairwise neither neighbours nor opposite."""
    points = _vertices("icosahedron")
    inner = (points @ points.T).tolist()
    gone: list[int] = []
    for k, row in enumerate(inner):
        if len(gone) < count and all(row[j] == -PHI for j in gone):
            gone.append(k)
    return _without(points, gone)


def _augmented_dodecahedron() -> ResonantTensor:
    points = _vertices("dodecahedron")
    # The pyramid of edge 2 is 2/(2 + φ) axes high, and these edges are 2/φ.
    apex = (_levels(points)[0] + 2 * PHI_INV) / _LENGTH * AXIS
    return joined(points, apex[None])


def _gyrate() -> ResonantTensor:
    points = _vertices("rhombicosidodecahedron")
    top = np.flatnonzero(points @ AXIS == _levels(points)[0])
    return joined(_turn(points[top]), _without(points, top.tolist()))


def _diminished_rhombicosidodecahedron() -> ResonantTensor:
    points = _vertices("rhombicosidodecahedron")
    return points[np.flatnonzero(points @ AXIS < _levels(points)[0])]


def _bilunabirotunda() -> ResonantTensor:
    half = GoldenExact("1/2")
    zero = GoldenExact(0)
    rows = [(zero, zero, PHI / 2), (PHI / 2, half, half), (half, PHI**2 / 2, zero)]
    signs = product((1, -1), repeat=3)
    points = [
        tuple(s * x for s, x in zip(sign, row, strict=True)) for sign in signs for row in rows
    ]
    return ResonantTensor([list(row) for row in dict.fromkeys(points)])


def _pyramid() -> ResonantTensor:
    return _cap(_vertices("icosahedron"), 2)


def _cupola() -> ResonantTensor:
    return _cap(_vertices("rhombicosidodecahedron"), 2)


def _rotunda() -> ResonantTensor:
    return _cap(_vertices("icosidodecahedron"), 3)


JOHNSON: dict[str, Callable[[], ResonantTensor]] = {
    "pentagonal pyramid": _pyramid,
    "pentagonal cupola": _cupola,
    "pentagonal rotunda": _rotunda,
    "gyroelongated pentagonal pyramid": lambda: _diminished(1),
    "pentagonal dipyramid": lambda: _doubled(_pyramid()),
    "pentagonal orthobicupola": lambda: _doubled(_cupola()),
    "pentagonal gyrobicupola": lambda: _doubled(_cupola(), turned=True),
    "pentagonal orthobirotunda": lambda: _doubled(_rotunda()),
    "augmented dodecahedron": _augmented_dodecahedron,
    "metabidiminished icosahedron": lambda: _diminished(2),
    "tridiminished icosahedron": lambda: _diminished(3),
    "gyrate rhombicosidodecahedron": _gyrate,
    "diminished rhombicosidodecahedron": _diminished_rhombicosidodecahedron,
    "bilunabirotunda": _bilunabirotunda,
}

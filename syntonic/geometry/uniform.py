"""Uniform convex figures: one vertex, multiplied by a reflection group.

A vertex is given by its inner products with the simple roots; the facets lie across the corners of
the group's chamber, so that their planes are orbits, too.

References
----------
.. [1] H. S. M. Coxeter, M. S. Longuet-Higgins, J. C. P. Miller, "Uniform polyhedra",
   *Philosophical Transactions of the Royal Society A* 246 (1954), 401-450.
.. [2] J. H. Conway, M. J. T. Guy, "Four-dimensional Archimedean polytopes", Copenhagen 1965.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from syntonic import linalg
from syntonic.exact.golden import PHI, PHI_INV, GoldenExact
from syntonic.geometry.groups import icosians, orbit, reflection, simple_roots
from syntonic.geometry.polytopes import Polytope, supporting
from syntonic.geometry.rows import joined, stacked
from syntonic.tensor import ResonantTensor

__all__ = ["SPECIAL", "UNIFORM", "uniform"]

_H = GoldenExact("1/2")
_Q = PHI_INV / 2

# Inner products with the simple roots of the group; half the length of an edge where the roots are
# of unit length.
UNIFORM: dict[str, tuple[str, tuple[Any, ...]]] = {
    "tetrahedron": ("A3", (2, 0, 0)),
    "truncated tetrahedron": ("A3", (2, 2, 0)),
    "octahedron": ("B3", (1, 0, 0)),
    "cuboctahedron": ("B3", (0, 1, 0)),
    "cube": ("B3", (0, 0, 1)),
    "truncated octahedron": ("B3", (1, 1, 0)),
    "dodecahedron": ("H3", (PHI_INV, 0, 0)),
    "icosidodecahedron": ("H3", (0, _H, 0)),
    "icosahedron": ("H3", (0, 0, 1)),
    "truncated dodecahedron": ("H3", (PHI_INV, PHI_INV, 0)),
    "rhombicosidodecahedron": ("H3", (1, 0, 1)),
    "truncated icosahedron": ("H3", (0, 1, 1)),
    "truncated icosidodecahedron": ("H3", (PHI_INV, PHI_INV, PHI_INV)),
    "5-cell": ("A4", (1, 0, 0, 0)),
    "16-cell": ("B4", (1, 0, 0, 0)),
    "tesseract": ("B4", (0, 0, 0, 1)),
    "24-cell": ("F4", (1, 0, 0, 0)),
    "120-cell": ("H4", (PHI_INV**2, 0, 0, 0)),
    "rectified 120-cell": ("H4", (0, 1, 0, 0)),
    "rectified 600-cell": ("H4", (0, 0, _Q / 2, 0)),
    "600-cell": ("H4", (0, 0, 0, _Q)),
    "truncated 120-cell": ("H4", (1, 1, 0, 0)),
    "truncated 600-cell": ("H4", (0, 0, 1, 1)),
}


@cache
def uniform(name: str) -> Polytope:
    """Return a figure of the tables here by its name."""
    if name in SPECIAL:
        return supporting(SPECIAL[name](), _axes("H4"))
    group, inner = UNIFORM[name]
    roots = simple_roots(group)
    vertex = ResonantTensor(inner) @ linalg.inv(roots).T
    return supporting(orbit(vertex, reflection(roots)), _axes(group))


@cache
def _axes(group: str) -> ResonantTensor:
    """Return the images of the corners of the chamber."""
    roots = simple_roots(group)
    mirrors = reflection(roots)
    return joined(*(orbit(corner, mirrors) for corner in linalg.inv(roots).T))


def _snub_24_cell() -> ResonantTensor:
    """Return the icosians that are not rational."""
    points = icosians()
    return points[[any(x.b for x in row) for row in points.tolist()]]


def _grand_antiprism() -> ResonantTensor:
    """Return the icosians without two decagons in orthogonal planes."""
    points = icosians()
    tenth = int(np.flatnonzero(points[:, 0] == PHI / 2)[0])  # a turn by 36°
    plane = points[[0, tenth]]
    across = np.asarray(points @ plane.T == 0).all(axis=1)
    within = linalg.rank(stacked(stacked([*plane, p]) for p in points)) == 2
    return points[np.flatnonzero(~(across | within))]


SPECIAL = {"snub 24-cell": _snub_24_cell, "grand antiprism": _grand_antiprism}

"""Distinct elements of lattice arrays, decided exactly."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from syntonic.lattice.array import LatticeArray
from syntonic.lattice.joining import join
from syntonic.lattice.order import equal
from syntonic.lattice.sorting import argsort

__all__ = ["Distinct", "distinct", "isin", "present", "ranks", "values"]


class Distinct(NamedTuple):
    """The distinct elements in increasing order, and where they stand in the flat array."""

    values: LatticeArray
    indices: Any
    inverse: Any
    counts: Any


def values(x: LatticeArray) -> LatticeArray:
    """Return the distinct elements of the flattened x in increasing order."""
    return _runs(x.map(np.ravel))[0]


def distinct(x: LatticeArray) -> Distinct:
    """Find the distinct elements of the flattened x."""
    found, order, new = _runs(x.map(np.ravel))
    inverse = np.empty(x.size, dtype=np.int64)
    inverse[order] = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, x.size))
    return Distinct(found, order[starts], inverse.reshape(x.shape), counts)


def ranks(*arrays: LatticeArray) -> tuple[LatticeArray, list[Any]]:
    """Return the distinct elements of all arrays, and each array as ranks among them.

    Ranks are integers in the order of the elements, equal where these are.
    """
    both = distinct(join(lambda *parts: np.concatenate([p.ravel() for p in parts]), *arrays))
    edges = np.cumsum([x.size for x in arrays])[:-1]
    parts = np.split(both.inverse, edges)
    return both.values, [r.reshape(x.shape) for r, x in zip(parts, arrays, strict=True)]


def isin(x: LatticeArray, y: LatticeArray) -> Any:
    """Return where the elements of x are among those of y, as a boolean array."""
    found, (of_x, of_y) = ranks(x, y)
    return present(found, of_y)[of_x]


def present(found: LatticeArray, ranks: Any) -> Any:
    """Return which of the distinct elements an array of ranks holds."""
    out = np.zeros(found.size, dtype=bool)
    out[ranks] = True
    return out


def _runs(flat: LatticeArray) -> tuple[LatticeArray, Any, Any]:
    """Return the distinct elements, the order that sorts all, and where in it each comes first."""
    order = argsort(flat)
    ranked = flat[order]
    new = np.ones(flat.size, dtype=bool)
    new[1:] = ~equal(ranked[1:], ranked[:-1])
    return ranked[new], order, new

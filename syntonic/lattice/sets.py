"""Distinct elements of lattice arrays, decided exactly."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from syntonic.lattice.array import LatticeArray
from syntonic.lattice.joining import join
from syntonic.lattice.order import argsort, equal

__all__ = ["Distinct", "distinct", "isin"]


class Distinct(NamedTuple):
    """The distinct elements in increasing order, and where they stand in the flat array."""

    values: LatticeArray
    indices: Any
    inverse: Any
    counts: Any


def distinct(x: LatticeArray) -> Distinct:
    """Find the distinct elements of the flattened x."""
    flat = x.map(np.ravel)
    order = argsort(flat)
    ranked = flat[order]
    new = np.ones(flat.size, dtype=bool)
    new[1:] = ~equal(ranked[1:], ranked[:-1])
    inverse = np.empty(flat.size, dtype=np.int64)
    inverse[order] = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, flat.size))
    return Distinct(ranked[new], order[starts], inverse.reshape(x.shape), counts)


def isin(x: LatticeArray, y: LatticeArray) -> Any:
    """Return where the elements of x are among those of y, as a boolean array."""
    both = distinct(join(lambda p, q: np.concatenate([p.ravel(), q.ravel()]), x, y))
    inverse = both.inverse
    present = np.zeros(both.counts.size, dtype=bool)
    present[inverse[x.size :]] = True
    return present[inverse[: x.size]].reshape(x.shape)

"""The exact forms of NumPy's functions of sets: of distinct elements in increasing order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.lattice import joining, sets
from syntonic.lattice.array import LatticeArray

__all__ = [
    "intersect1d",
    "isin",
    "setdiff1d",
    "setxor1d",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def unique(
    ar: LatticeArray,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    if not (return_index or return_inverse or return_counts) and axis is None:
        return sets.values(ar)
    found = sets.distinct(ar)
    values, extra = found.values, [found.indices, found.inverse, found.counts]
    if axis is not None:  # the ranks of the elements are integers in the same order
        _, *extra = np.unique(found.inverse, True, True, True, axis=axis)
        values = ar.map(lambda part: np.take(part, extra[0], axis))
    wanted = (return_index, return_inverse, return_counts)
    chosen = [x for x, yes in zip(extra, wanted, strict=True) if yes]
    return (values, *chosen) if chosen else values


def _named(function: Callable[..., Any], *fields: Any) -> Any:
    """Return the named tuple that a NumPy function returns, with these fields."""
    return type(function(np.zeros(0)))(*fields)


def unique_all(x: LatticeArray) -> Any:
    found = sets.distinct(x)
    return _named(np.unique_all, found.values, found.indices, found.inverse, found.counts)


def unique_counts(x: LatticeArray) -> Any:
    found = sets.distinct(x)
    return _named(np.unique_counts, found.values, found.counts)


def unique_inverse(x: LatticeArray) -> Any:
    found = sets.distinct(x)
    return _named(np.unique_inverse, found.values, found.inverse)


def unique_values(x: LatticeArray) -> LatticeArray:
    return sets.values(x)


def isin(element: LatticeArray, test_elements: LatticeArray, *, invert: bool = False) -> Any:
    found = sets.isin(element, test_elements)
    return ~found if invert else found


def union1d(ar1: LatticeArray, ar2: LatticeArray) -> LatticeArray:
    return sets.values(joining.join(lambda p, q: np.append(p, q), ar1, ar2))


def intersect1d(
    ar1: LatticeArray,
    ar2: LatticeArray,
    assume_unique: bool = False,
    return_indices: bool = False,
) -> Any:
    found, (first, second) = sets.ranks(ar1, ar2)
    if assume_unique:
        out = np.intersect1d(first, second, True, return_indices=True)
        return (found[out[0]], *out[1:]) if return_indices else found[out[0]]
    common = np.flatnonzero(sets.present(found, first) & sets.present(found, second))
    if not return_indices:
        return found[common]
    return found[common], *(_first_places(found, x)[common] for x in (first, second))


def _first_places(found: LatticeArray, ranks: Any) -> Any:
    """Return where each rank first stands in an array of them, anything where it does not."""
    places = np.zeros(found.size, dtype=np.int64)
    places[ranks.ravel()[::-1]] = np.arange(ranks.size)[::-1]
    return places


def setdiff1d(ar1: LatticeArray, ar2: LatticeArray, assume_unique: bool = False) -> LatticeArray:
    found, (first, second) = sets.ranks(ar1, ar2)
    taken = sets.present(found, second)
    if assume_unique:
        first = first.ravel()
        return found[first[~taken[first]]]
    return found[sets.present(found, first) & ~taken]


def setxor1d(ar1: LatticeArray, ar2: LatticeArray, assume_unique: bool = False) -> LatticeArray:
    found, (first, second) = sets.ranks(ar1, ar2)
    if assume_unique:
        return found[np.setxor1d(first, second, True)]
    return found[sets.present(found, first) ^ sets.present(found, second)]

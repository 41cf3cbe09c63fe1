"""The exact forms of NumPy's functions that move elements of several arrays: append, block, pad.

NumPy's own code moves the places of the elements, which are integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from syntonic.lattice import joining, order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.tensor.exact_joining import ZERO

__all__ = [
    "append",
    "block",
    "choose",
    "diag_indices_from",
    "insert",
    "ix_",
    "meshgrid",
    "moved",
    "piecewise",
    "select",
    "tril_indices_from",
    "trim_zeros",
    "triu_indices_from",
]


def moved(function: Callable[..., Any], *arrays: LatticeArray) -> LatticeArray:
    """Return what a function that moves elements makes of arrays.

    It is called with an array of places for each; place 0 holds a zero, for what it fills in.
    """
    places, start = [], 1
    for x in arrays:
        places.append(np.arange(start, start + x.size).reshape(x.shape))
        start += x.size
    chosen = function(*places)
    flat = joining.join(
        lambda *parts: np.concatenate([part.ravel() for part in parts]), ZERO, *arrays
    )
    return flat.map(lambda part: part[chosen])


def append(arr: LatticeArray, values: LatticeArray, axis: int | None = None) -> LatticeArray:
    return joining.join(lambda p, q: np.append(p, q, axis), arr, values)


def insert(
    arr: LatticeArray, obj: Any, values: LatticeArray, axis: int | None = None
) -> LatticeArray:
    return joining.join(lambda p, q: np.insert(p, obj, q, axis), arr, values)


def block(arrays: Any) -> LatticeArray:
    """Return np.block of nested lists of arrays."""

    def placed(tree: Any, parts: Iterator[Any]) -> Any:
        if isinstance(tree, list):
            return [placed(x, parts) for x in tree]
        return next(parts)

    return joining.join(lambda *parts: np.block(placed(arrays, iter(parts))), *_leaves(arrays))


def _leaves(tree: Any) -> Iterator[LatticeArray]:
    if not isinstance(tree, list):
        yield tree
        return
    for x in tree:
        yield from _leaves(x)


def choose(a: Any, choices: Sequence[LatticeArray], *, mode: Any = "raise") -> LatticeArray:
    return moved(lambda *places: np.choose(a, places, mode=mode), *choices)


def select(
    condlist: Any, choicelist: Sequence[LatticeArray], default: LatticeArray = ZERO
) -> LatticeArray:
    return moved(lambda other, *places: np.select(condlist, places, other), default, *choicelist)


def piecewise(
    x: LatticeArray, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any
) -> LatticeArray:
    if not any(map(callable, funclist)):
        return moved(lambda p, *pieces: np.piecewise(p, condlist, pieces), x, *funclist)
    pieces = [f if callable(f) else f.scalars()[()] for f in funclist]
    # The caller's functions take object arrays.
    out: Any = np.piecewise(x.scalars(), condlist, pieces, *args, **kw)
    return as_lattice(out, "np.piecewise")


def meshgrid(*xi: LatticeArray, sparse: bool = False, indexing: Any = "xy") -> Any:
    return _each(lambda *places: np.meshgrid(*places, sparse=sparse, indexing=indexing), xi)


def ix_(*args: LatticeArray) -> Any:
    return _each(np.ix_, args)


def _each(function: Callable[..., Any], arrays: Sequence[LatticeArray]) -> Any:
    """Return what a function makes of arrays, each result from the elements of one."""
    places = function(*(np.arange(x.size).reshape(x.shape) for x in arrays))
    flat = (x.map(np.ravel) for x in arrays)
    return type(places)(x[p] for x, p in zip(flat, places, strict=True))


def trim_zeros(filt: LatticeArray, trim: Any = "fb", axis: Any = None) -> LatticeArray:
    """Return the part of an array that NumPy keeps of 1, 2, ... in place of what is not zero."""
    places = np.arange(1, filt.size + 1).reshape(filt.shape) * order.nonzero(filt)
    options = {} if axis is None else {"axis": axis}
    kept = np.asarray(np.trim_zeros(places, trim, **options))
    inner = np.argwhere(kept)
    start = np.zeros(filt.ndim, int)
    if inner.size:
        first = tuple(inner[0])
        start = np.array(np.unravel_index(kept[first] - 1, filt.shape)) - first
    slices = tuple(slice(i, i + n) for i, n in zip(start, kept.shape, strict=True))
    return filt[slices]


def diag_indices_from(arr: LatticeArray) -> Any:
    return np.diag_indices_from(np.broadcast_to(0, arr.shape))


def tril_indices_from(arr: LatticeArray, k: int = 0) -> Any:
    return np.tril_indices_from(np.broadcast_to(0, arr.shape), k)


def triu_indices_from(arr: LatticeArray, k: int = 0) -> Any:
    return np.triu_indices_from(np.broadcast_to(0, arr.shape), k)

"""The exact forms of NumPy's functions that join, cut, choose and fill arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod as product
from typing import Any

import numpy as np

from syntonic.lattice import joining, reductions
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.lattice.reductions import Axis

__all__ = [
    "ONE",
    "ZERO",
    "atleast",
    "broadcast_arrays",
    "compress",
    "extract",
    "full_like",
    "joiner",
    "lengths",
    "ones_like",
    "size",
    "split",
    "splitter",
    "where",
    "zeros_like",
]

ZERO, ONE = lattice_scalar(0), lattice_scalar(1)


def joiner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function of a sequence of arrays (concatenate, stack, ...)."""

    def joined(arrays: Sequence[LatticeArray], *args: Any, **kwargs: Any) -> LatticeArray:
        if not arrays:
            function((), *args, **kwargs)  # NumPy says what it needs
        return joining.join(lambda *parts: function(parts, *args, **kwargs), *arrays)

    return joined


def where(condition: Any, x: LatticeArray | None = None, y: LatticeArray | None = None) -> Any:
    if (x is None) != (y is None):
        raise ValueError("where: x and y are both given or both left out, got one")
    if x is None or y is None:
        return np.nonzero(condition)
    return joining.where(condition, x, y)


def full_like(a: LatticeArray, fill_value: LatticeArray, *, shape: Any = None) -> LatticeArray:
    shape = a.shape if shape is None else shape
    return fill_value.map(lambda part: np.array(np.broadcast_to(part, shape)))


def zeros_like(a: LatticeArray, *, shape: Any = None) -> LatticeArray:
    return full_like(a, ZERO, shape=shape)


def ones_like(a: LatticeArray, *, shape: Any = None) -> LatticeArray:
    return full_like(a, ONE, shape=shape)


def compress(condition: Any, a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return a.map(lambda part: np.compress(condition, part, axis))


def extract(condition: Any, arr: LatticeArray) -> LatticeArray:
    return arr.map(lambda part: np.extract(condition, part))


def lengths(a: LatticeArray, axis: Axis) -> int:
    """Return how many elements are reduced into one."""
    return product(a.shape[i] for i in reductions.normalized_axes(axis, a.ndim))


def size(a: LatticeArray, axis: Axis = None) -> int:
    return lengths(a, axis)


def atleast(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return np.atleast_1d and its kin, of one array or several."""

    def raised(*arrays: LatticeArray) -> Any:
        out = tuple(x.map(function) for x in arrays)
        return out[0] if len(out) == 1 else out

    return raised


def broadcast_arrays(*args: LatticeArray) -> tuple[LatticeArray, ...]:
    shape = np.broadcast_shapes(*(x.shape for x in args))
    return tuple(x.map(lambda part: np.broadcast_to(part, shape)) for x in args)


def splitter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function that cuts an array into a sequence of arrays."""

    def cut(ary: LatticeArray, *args: Any, **kwargs: Any) -> Any:
        positions = function(np.arange(ary.size).reshape(ary.shape), *args, **kwargs)
        flat = ary.map(np.ravel)
        return type(positions)(flat[p] for p in positions)

    return cut


def split(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return np.split or np.array_split."""
    along = splitter(function)

    def cut(ary: LatticeArray, indices_or_sections: Any, axis: int = 0) -> Any:
        np.lib.array_utils.normalize_axis_index(axis, ary.ndim)
        return along(ary, indices_or_sections, axis)

    return cut

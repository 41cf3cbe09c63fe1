"""The exact forms of NumPy's functions of truth: where elements are zero, equal or infinite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray

__all__ = ["array_equal", "array_equiv", "as_type", "everywhere", "nowhere", "on_truth"]


def on_truth(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function of truth values, taking a lattice array."""
    return lambda a, *args, **kwargs: function(order.nonzero(a), *args, **kwargs)


def nowhere(x: LatticeArray) -> Any:
    """Return what holds of no exact number, such as to be infinite."""
    return np.zeros(x.shape, dtype=bool)


def everywhere(x: LatticeArray) -> Any:
    """Return what holds of every exact number, such as to be real."""
    return np.ones(x.shape, dtype=bool)[()]


def array_equal(a1: LatticeArray, a2: LatticeArray) -> bool:
    return a1.shape == a2.shape and bool(order.equal(a1, a2).all())


def array_equiv(a1: LatticeArray, a2: LatticeArray) -> bool:
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(order.equal(a1, a2).all())


def as_type(x: LatticeArray, dtype: Any = object, where: str = "astype") -> Any:
    """Return elements as objects (x itself), as truth values or as integers, which they must be."""
    kind = np.dtype(dtype)
    if kind.kind == "O":
        return x
    if kind.kind == "b":
        return order.nonzero(x)
    flat = x.map(np.ravel)
    whole = order.floor(flat)
    wrong = np.flatnonzero(~order.equal(flat, whole))
    if wrong.size:
        raise ValueError(
            f"{where}: dtype {kind} holds integers only, got another number at flat "
            f"index {wrong[0]}; round() it first, or use dtype=object"
        )
    integers = whole.numerators()[0]
    if integers.dtype != kind:  # Python's integers, which NumPy checks
        integers = list(map(int, integers.tolist()))
    return np.array(integers, kind).reshape(x.shape)

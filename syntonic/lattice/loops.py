"""Compiled loops for element-wise packed arithmetic, where they pay.

Each function returns None where NumPy's own loops serve better: small arrays, broadcasting,
strided views, or numba not yet imported and not worth its import.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.policy import compiled_pays
from syntonic.lattice.array import LatticeArray

__all__ = ["DOUBT", "SMALLEST", "add", "compare", "cross", "dot", "floor", "multiply", "sign"]

DOUBT = 2
"""What `compare` returns where floats and int64 leave the sign open."""

SMALLEST = 4096
"""Below this size calling the loops costs more than they save."""


def add(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> tuple[Any, Any] | None:
    """Return the parts of x + y or x - y, one packed denominator."""
    if not _alike(x, y):
        return None
    from syntonic.lattice import elementwise_loops as kernels

    return kernels.add(x, y) if ufunc is np.add else kernels.subtract(x, y)


def multiply(x: LatticeArray, y: LatticeArray) -> tuple[Any, Any] | None:
    """Return the parts of xy over the product of the denominators."""
    if _alike(x, y):
        from syntonic.lattice import elementwise_loops as kernels

        return kernels.multiply(x, y)
    for many, one in ((x, y), (y, x)):
        if one.a.ndim == 0 and one.is_int64 and _serves(many):
            from syntonic.lattice import elementwise_loops as kernels

            return kernels.multiply_by(many, int(one.a), int(one.b))
    return None


def compare(x: LatticeArray, y: LatticeArray) -> Any:
    """Return the signs of x - y over one packed denominator, int8, DOUBT where they are open."""
    if not _alike(x, y):
        return None
    from syntonic.lattice import elementwise_loops as kernels

    return kernels.compare(x, y)


def cross(x: LatticeArray, y: LatticeArray) -> tuple[Any, Any] | None:
    """Return the parts of x × y, vectors of three along the last axis, likewise."""
    if not _alike(x, y):
        return None
    from syntonic.lattice import elementwise_loops as kernels

    return kernels.cross(x, y)


def dot(x: LatticeArray, y: LatticeArray) -> tuple[int, int] | None:
    """Return the parts of the dot product of two vectors over the product of denominators."""
    if not (_alike(x, y) and x.ndim == 1):
        return None
    from syntonic.lattice import elementwise_loops as kernels

    return kernels.dot(x, y)


def sign(x: LatticeArray) -> Any:
    """Return the signs of x, int8, DOUBT where they are open."""
    if not _serves(x):
        return None
    from syntonic.lattice import elementwise_loops as kernels

    return kernels.sign(x)


def floor(x: LatticeArray) -> tuple[Any, Any] | None:
    """Return the floors of a packed array and where they are open."""
    if not (x.is_packed and _serves(x)):
        return None
    from syntonic.lattice import elementwise_loops as kernels

    return kernels.floor(x)


def _alike(x: LatticeArray, y: LatticeArray) -> bool:
    return x.a.size >= SMALLEST and x.a.shape == y.a.shape and _serves(x) and _serves(y)


def _serves(x: LatticeArray) -> bool:
    """Tell whether x is large enough, int64 and contiguous."""
    return (
        x.a.size >= SMALLEST
        and x.is_int64
        and x.a.flags.c_contiguous
        and x.b.flags.c_contiguous
        and compiled_pays(x.a.size)
    )

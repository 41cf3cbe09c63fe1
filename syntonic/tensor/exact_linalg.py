"""The exact forms of np.linalg's functions, apart so that they load at their first call."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.errors import ShapeError, shown
from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.linalg import solve as linalg
from syntonic.lattice.linalg.solve import det, matrix_power
from syntonic.lattice.linalg.solve import inverse as inv

__all__ = ["det", "inv", "matrix_power", "matrix_rank", "solve", "tensorinv", "tensorsolve"]


def matrix_rank(A: LatticeArray) -> Any:
    if A.ndim < 2:
        return int(order.nonzero(A).any())
    return linalg.rank(A)[()]


def solve(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    return linalg.solve(a, b)


def poly(seq_of_zeros: LatticeArray) -> LatticeArray:
    if seq_of_zeros.ndim == 2:
        return linalg.charpoly(seq_of_zeros)
    if seq_of_zeros.ndim != 1:
        raise ShapeError(
            "poly: seq_of_zeros must be a sequence of zeros or a square matrix, got shape "
            f"{seq_of_zeros.shape}"
        )
    zeros = seq_of_zeros
    diagonal = zeros.map(lambda part: np.diag(part))
    return linalg.charpoly(diagonal)


def tensorsolve(a: LatticeArray, b: LatticeArray, axes: Any = None) -> LatticeArray:
    x, y = a, b
    moved = () if axes is None else np.lib.array_utils.normalize_axis_tuple(axes, x.ndim)
    kept = tuple(i for i in range(x.ndim) if i not in moved)
    x = x.map(lambda part: np.transpose(part, kept + moved))
    shape = x.shape[y.ndim :]
    x = x.map(lambda part: part.reshape(y.size, -1))
    out = linalg.solve(x, y.map(np.ravel), "tensorsolve")
    return out.map(lambda part: part.reshape(shape))


def tensorinv(a: LatticeArray, ind: int = 2) -> LatticeArray:
    if ind < 1:
        raise ValueError(f"tensorinv: ind must be at least 1, got {shown(ind)}")
    shape = a.shape[ind:] + a.shape[:ind]
    rows = int(np.prod(a.shape[:ind], dtype=object))
    out = linalg.inverse(a.map(lambda part: part.reshape(rows, -1)), "tensorinv")
    return out.map(lambda part: part.reshape(shape))

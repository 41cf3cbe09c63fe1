"""The exact forms of NumPy's products: dot, outer, cross, tensordot, einsum and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from functools import reduce as fold_left
from math import prod as product
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.lattice import arithmetic, products
from syntonic.lattice.array import LatticeArray

__all__ = [
    "cross",
    "dot",
    "einsum",
    "inner",
    "kron",
    "linalg_cross",
    "linalg_outer",
    "multi_dot",
    "outer",
    "tensordot",
    "vdot",
    "vecdot",
]


def dot(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    if a.ndim == 0 or b.ndim == 0:
        return arithmetic.multiply(a, b)
    _match(a.shape[-1], b.shape[-2 if b.ndim > 1 else -1], "dot", a, b)
    return products.contract(np.dot, a, b, a.shape[-1])


def inner(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    if a.ndim == 0 or b.ndim == 0:
        return arithmetic.multiply(a, b)
    _match(a.shape[-1], b.shape[-1], "inner", a, b)
    return products.contract(np.inner, a, b, a.shape[-1])


def vdot(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    return dot(a.map(np.ravel), b.map(np.ravel))


def vecdot(x1: LatticeArray, x2: LatticeArray, *, axis: int = -1) -> LatticeArray:
    if x1.ndim == 0 or x2.ndim == 0:
        raise ShapeError("vecdot: both arrays must have at least one axis, got a 0-d one")
    x, y = (z.map(lambda part: np.moveaxis(part, axis, -1)) for z in (x1, x2))
    _match(x.shape[-1], y.shape[-1], "vecdot", x, y)
    return products.contract(np.vecdot, x, y, x.shape[-1])


def outer(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    return arithmetic.bilinear(np.outer, a, b, 1)


def linalg_outer(x1: LatticeArray, x2: LatticeArray) -> LatticeArray:
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(
            f"linalg.outer: both arrays must have one axis, got shapes {x1.shape} and {x2.shape}"
        )
    return outer(x1, x2)


def linalg_cross(x1: LatticeArray, x2: LatticeArray, *, axis: int = -1) -> LatticeArray:
    ends = [np.lib.array_utils.normalize_axis_index(axis, x.ndim) for x in (x1, x2)]
    lengths = [x.shape[i] for x, i in zip((x1, x2), ends, strict=True)]
    if lengths != [3, 3]:
        raise ShapeError(f"linalg.cross: both vectors must have length 3, got {lengths}")
    return cross(x1, x2, axis=axis)


def cross(
    a: LatticeArray,
    b: LatticeArray,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> LatticeArray:
    if axis is not None:
        axisa = axisb = axisc = axis
    if not (_of_three(a, axisa) and _of_three(b, axisb)):
        return arithmetic.bilinear(lambda p, q: np.cross(p, q, axisa, axisb, axisc), a, b, 2)
    ndim = max(a.ndim, b.ndim)
    if {axisa, axisb, axisc} <= {-1, ndim - 1} and (found := arithmetic.cross(a, b)) is not None:
        return found
    x, y = _round_in_front(a, axisa, ndim), _round_in_front(b, axisb, ndim)
    out = arithmetic.subtract(
        arithmetic.multiply(x[1:4], y[2:5]), arithmetic.multiply(x[2:5], y[1:4])
    )
    place = np.lib.array_utils.normalize_axis_index(axisc, ndim)
    return out.map(lambda part: np.ascontiguousarray(np.moveaxis(part, 0, place)))


def _of_three(x: LatticeArray, axis: int) -> bool:
    return x.ndim > 0 and x.shape[np.lib.array_utils.normalize_axis_index(axis, x.ndim)] == 3


def _round_in_front(x: LatticeArray, axis: int, ndim: int) -> LatticeArray:
    """Return x with one axis as the first of `ndim`, the others as the last ones.

    The first axis goes round: its elements are numbers 0, 1, 2, 0, 1 of those of x.
    """

    if x.is_int64:
        _ = x.bound  # looked for once: its views know it

    def fronted(part: Any) -> Any:
        part = np.moveaxis(part, axis, 0)
        out = np.empty((5, *part.shape[1:]), part.dtype)
        out[:3], out[3:] = part, part[:2]
        return out.reshape(5, *(1,) * (ndim - part.ndim), *part.shape[1:])

    return x.map(fronted)


def kron(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    return arithmetic.bilinear(np.kron, a, b, 1)


def tensordot(a: LatticeArray, b: LatticeArray, axes: Any = 2) -> LatticeArray:
    summed, others = _summed(axes, a.ndim, b.ndim)
    lengths = [a.shape[i] for i in summed]
    if lengths != [b.shape[i] for i in others]:
        raise ShapeError(
            f"tensordot: the summed axes must have one length, got {summed} of shape {a.shape} "
            f"and {others} of shape {b.shape}"
        )
    function = partial(np.tensordot, axes=(summed, others))
    return products.contract(function, a, b, product(lengths), (tuple(summed), tuple(others)))


def _summed(axes: Any, m: int, n: int) -> tuple[list[int], list[int]]:
    """Return the axes that tensordot sums, of arrays of m and n axes, as non-negative integers."""
    if isinstance(axes, int):
        axes = range(m - axes, m), range(axes)
        if len(axes[0]) > min(m, n):
            raise np.exceptions.AxisError(
                f"axes must be at most {min(m, n)} for arrays of {m} and {n} axes"
            )
    checked = (
        [np.lib.array_utils.normalize_axis_index(i, ndim) for i in those]
        for those, ndim in zip(axes, (m, n), strict=True)
    )
    first, second = checked
    return first, second


def einsum(subscripts: Any, *operands: LatticeArray) -> LatticeArray:
    if not isinstance(subscripts, str):
        raise TypeError(
            "einsum: on crystallized tensors the subscripts must be text such as 'ij,jk->ik', "
            f"got {type(subscripts).__name__}"
        )
    return products.einsum(subscripts, *operands)


def multi_dot(arrays: Sequence[LatticeArray]) -> LatticeArray:
    return fold_left(dot, arrays)


def _match(m: int, n: int, name: str, x: LatticeArray, y: LatticeArray) -> None:
    if m != n:
        raise ShapeError(
            f"{name}: the summed axes must have one length, got shapes {x.shape} and {y.shape}"
        )

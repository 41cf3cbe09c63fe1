"""The exact forms of norms: those that need no root, and square roots that the field has."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from syntonic.errors import shown
from syntonic.lattice import arithmetic, order, reductions
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.reductions import Axis
from syntonic.lattice.roots import square_root
from syntonic.tensor.exact_joining import ZERO
from syntonic.tensor.exact_order import amax, amin

__all__ = ["hypot", "matrix_norm", "norm", "sqrt", "vector_norm"]

Reduction = Callable[[LatticeArray, Axis, bool], LatticeArray]


def sqrt(x: LatticeArray) -> LatticeArray:
    return square_root(x, "np.sqrt")


def hypot(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    return square_root(arithmetic.add(arithmetic.square(x), arithmetic.square(y)), "np.hypot")


def norm(
    x: LatticeArray, ord: Any = None, axis: Axis = None, keepdims: bool = False
) -> LatticeArray:
    where = "np.linalg.norm"
    if ord is None and axis is None:
        return _euclidean(x, None, keepdims, where)
    axes = range(x.ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    if len(axes) == 1:
        return _vector(x, axes[0], keepdims, 2 if ord is None else ord, where)
    if len(axes) == 2:
        return _matrix(x, tuple(axes), keepdims, "fro" if ord is None else ord, where)
    raise ValueError(f"{where}: a norm is taken along one axis or two, got {len(axes)}; name them")


def vector_norm(
    x: LatticeArray, axis: Axis = None, keepdims: bool = False, ord: Any = 2
) -> LatticeArray:
    return _vector(x, axis, keepdims, ord, "np.linalg.vector_norm")


def matrix_norm(x: LatticeArray, keepdims: bool = False, ord: Any = "fro") -> LatticeArray:
    return _matrix(x, (-2, -1), keepdims, ord, "np.linalg.matrix_norm")


def _euclidean(x: LatticeArray, axis: Axis, keepdims: bool, where: str) -> LatticeArray:
    return square_root(reductions.sum(arithmetic.square(x), axis, keepdims), where)


def _vector(x: LatticeArray, axis: Axis, keepdims: bool, ord: Any, where: str) -> LatticeArray:
    if _is(ord, 2):
        return _euclidean(x, axis, keepdims, where)
    if _is(ord, 0):
        counts = np.count_nonzero(order.nonzero(x), axis=axis, keepdims=keepdims)
        whole = np.asarray(counts, dtype=np.int64)
        return LatticeArray.packed(whole, np.zeros_like(whole))
    known: dict[float, Reduction] = {1: reductions.sum, inf: _largest, -inf: amin}
    for value, reduction in known.items():
        if _is(ord, value):
            return reduction(order.absolute(x), axis, keepdims)
    raise _unknown(where, "0, 1, 2, inf or -inf", ord)


def _matrix(
    x: LatticeArray, axes: tuple[int, ...], keepdims: bool, ord: Any, where: str
) -> LatticeArray:
    if isinstance(ord, str) and ord in ("f", "fro"):
        return _euclidean(x, axes, keepdims, where)
    rows, columns = (axis % x.ndim for axis in axes)
    for value, (along, over), extreme in (
        (1, (rows, columns), _largest),
        (-1, (rows, columns), amin),
        (inf, (columns, rows), _largest),
        (-inf, (columns, rows), amin),
    ):
        if _is(ord, value):
            sums = extreme(reductions.sum(order.absolute(x), along, True), over, True)
            return sums if keepdims else sums.map(lambda part: np.squeeze(part, (rows, columns)))
    raise _unknown(where, "'fro', 1, -1, inf or -inf", ord)


def _largest(x: LatticeArray, axis: Axis, keepdims: bool) -> LatticeArray:
    return amax(x, axis, keepdims, initial=ZERO)


def _is(ord: Any, value: float) -> bool:
    return not isinstance(ord, str) and bool(ord == value)


def _unknown(where: str, known: str, ord: Any) -> Exception:
    text = f"{where}: ord must be {known} for an exact norm, got {shown(ord)}"
    if isinstance(ord, str) and ord != "nuc":
        return ValueError(text)
    return TypeError(f"{text}, which leaves the field Q(φ); wake_flux() computes it in floats")

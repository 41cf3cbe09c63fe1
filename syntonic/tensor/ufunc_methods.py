"""The methods of NumPy ufuncs on tensors: reduce, accumulate, reduceat and outer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.errors import shown
from syntonic.flux import cupy_forms
from syntonic.lattice import arithmetic, joining, order, reductions, scans
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.tensor import exact_order, exact_reductions
from syntonic.tensor.operands import (
    carried_by,
    exact_operand,
    flux_operand,
    single_phase,
    tensors_in,
    wrap,
)
from syntonic.tensor.options import axis_errors, require_everywhere, ufunc_options
from syntonic.tensor.ufuncs import EXACT, called, exact

__all__ = ["apply_method"]

# Those that may reduce several axes at once, by loops over whole arrays.
_REDUCTIONS: dict[str, Callable[..., LatticeArray]] = {
    "add": exact_reductions.sum_,
    "fmax": exact_order.amax,
    "fmin": exact_order.amin,
    "maximum": exact_order.amax,
    "minimum": exact_order.amin,
    "multiply": exact_reductions.prod,
}


def apply_method(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Return a ufunc's reduce, accumulate, reduceat or outer on tensors.

    Exactly, the options are those of `reduce` (axis, keepdims, initial, where), of `accumulate`
    and `reduceat` (axis) and of a call (outer).
    """
    where = f"{ufunc.__name__}.{method}"
    if method == "at":
        raise TypeError(
            f"{where}: tensors are immutable; t.at[index].set(value) returns a changed one"
        )
    tensors = list(tensors_in(inputs))
    first, carried = tensors[0], carried_by(tensors)
    arrays = 2 if method == "outer" else 1
    if not single_phase(tensors, where):
        flux = tuple([flux_operand(x, first, where) for x in inputs[:arrays]])
        flux += inputs[arrays:]
        if method == "outer":
            require_everywhere(ufunc, kwargs)
        out = cupy_forms.call_ufunc(ufunc, method, first._data, flux, kwargs)
        return wrap(first, out, carried)
    exact(ufunc)
    first._require_there(where)
    operands = [exact_operand(x, where) for x in inputs[:arrays]]
    if method != "outer":
        kwargs = ufunc_options(ufunc, method, kwargs)
    with axis_errors(f"np.{where}"):
        out = _EXACT_METHODS[method](ufunc, *operands, *inputs[arrays:], **kwargs)
    return wrap(first, out, carried)


def _reduce(
    ufunc: np.ufunc,
    x: LatticeArray,
    axis: reductions.Axis = 0,
    keepdims: bool = False,
    **options: Any,
) -> Any:
    name = ufunc.__name__
    if name in _REDUCTIONS:
        return _REDUCTIONS[name](x, axis, keepdims, **options)
    if name in _LOGICAL:
        if options.get("initial") is not None:
            options["initial"] = bool(order.nonzero(options["initial"]))
        return ufunc.reduce(order.nonzero(x), axis=axis, keepdims=keepdims, **options)
    axes = reductions.normalized_axes(axis, x.ndim)
    if len(axes) > 1:
        raise ValueError(
            f"{name}.reduce: the order of axes matters, so axis must be one of them, got "
            f"{len(axes)}"
        )
    for i in axes:
        x = _folded(ufunc, x, i, **options)
    return x.map(lambda part: np.expand_dims(part, axes)) if keepdims else x


def _folded(
    ufunc: np.ufunc,
    x: LatticeArray,
    axis: int,
    initial: LatticeArray | None = None,
    where: Any = None,
) -> LatticeArray:
    """Return the fold of an operation without identity along one axis."""
    _require_binary(ufunc, "reduce")
    name = f"{ufunc.__name__}.reduce"
    if initial is None and where is not None:
        raise ValueError(f"{name}: there is no identity, so where= needs initial= to start from")
    if initial is None and x.shape[axis] == 0:
        raise ValueError(f"{name}: the reduced axis must not be empty, got shape {x.shape}")
    mask = None if where is None else np.broadcast_to(where, x.shape)
    if ufunc.__name__ in _INVERSES:
        return _inverted(ufunc, x, axis, initial, mask)
    return reductions.fold(EXACT[ufunc.__name__], x, axis, initial, mask)


def _inverted(
    ufunc: np.ufunc, x: LatticeArray, axis: int, initial: LatticeArray | None, mask: Any
) -> LatticeArray:
    """Return the fold of subtract or divide: from the start, once, the sum or product of all."""
    total = _REDUCTIONS[_INVERSES[ufunc.__name__]]
    if initial is None:
        rows = x.map(lambda part: np.moveaxis(part, axis, 0))
        return EXACT[ufunc.__name__](rows[0], total(rows[1:], 0))
    return EXACT[ufunc.__name__](initial, total(x, axis, where=mask))


def _accumulate(ufunc: np.ufunc, x: LatticeArray, axis: reductions.Axis = 0) -> Any:
    name = ufunc.__name__
    if x.ndim == 0:
        raise TypeError(f"{name}.accumulate: the tensor must have an axis, got a 0-d one")
    axes = reductions.normalized_axes(axis, x.ndim)
    if len(axes) != 1:
        raise ValueError(f"{name}.accumulate: axis must be one axis, got {len(axes)}")
    if name in _LOGICAL:
        return ufunc.accumulate(order.nonzero(x), axis=axes[0])
    _require_binary(ufunc, "accumulate")
    if name == "add":
        return reductions.cumsum(x, axes[0])
    if name in _EXTREMES:
        return exact_order.running(_EXTREMES[name], x, axes[0])
    if name == "multiply":
        return scans.cumprod(x, axes[0])
    if name in _INVERSES and x.size:
        return _running_inverses(ufunc, x, axes[0])
    return reductions.accumulate(EXACT[name], x, axes[0])


def _running_inverses(ufunc: np.ufunc, x: LatticeArray, axis: int) -> LatticeArray:
    rows = x.map(lambda part: np.moveaxis(part, axis, 0))
    unit = lattice_scalar(0 if ufunc is np.subtract else 1)
    run = reductions.cumsum if ufunc is np.subtract else scans.cumprod
    totals = run(joining.assign(rows, 0, unit), 0)
    out = EXACT[ufunc.__name__](rows[0], totals)
    return out.map(lambda part: np.moveaxis(part, 0, axis))


def _reduceat(ufunc: np.ufunc, x: LatticeArray, indices: Any, axis: int = 0) -> Any:
    where = f"{ufunc.__name__}.reduceat"
    if x.ndim == 0:
        raise TypeError(f"{where}: the tensor must have an axis, got a 0-d one")
    axis = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
    starts = _starts(indices, x.shape[axis], where)
    if ufunc.__name__ in _LOGICAL:
        return ufunc.reduceat(order.nonzero(x), starts, axis)
    _require_binary(ufunc, "reduceat")
    if not starts:
        return x.map(lambda part: np.take(part, np.array([], np.intp), axis))
    if ufunc.__name__ in _EXTREMES:
        return exact_order.by_ranks(_EXTREMES[ufunc.__name__].reduceat, x, starts, axis)
    if ufunc is np.add:
        return scans.segment_sums(x, starts, axis)
    rows = x.map(lambda part: np.moveaxis(part, axis, 0))
    return _folds(ufunc, rows, starts).map(lambda part: np.moveaxis(part, 0, axis))


def _folds(ufunc: np.ufunc, rows: LatticeArray, starts: list[int]) -> LatticeArray:
    """Return the folds of segments along the first axis."""
    if ufunc is np.multiply:
        return scans.segment_products(rows, starts)
    first = rows[starts]
    if ufunc is np.divide:
        return arithmetic.divide(first, scans.segment_products(rows, starts, skip=1))
    if ufunc is np.subtract:
        return arithmetic.subtract(
            arithmetic.add(first, first), scans.segment_sums(rows, starts, 0)
        )
    stops = [*starts[1:], rows.shape[0]]
    parts = [
        _reduce(ufunc, rows[start : max(stop, start + 1)])
        for start, stop in zip(starts, stops, strict=True)
    ]
    return joining.join(lambda *p: np.stack(p), *parts)


def _starts(indices: Any, length: int, where: str) -> list[int]:
    """Return the indices of reduceat as ints; none counts from the end, as in NumPy."""
    array = np.asarray(indices)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{where}: indices must be a sequence of integers, got {indices!r}")
    starts: list[int] = array.tolist()
    for start in starts:
        if not 0 <= start < length:
            raise IndexError(f"{where}: indices must be from 0 to {length - 1}, got {shown(start)}")
    return starts


def _outer(ufunc: np.ufunc, x: LatticeArray, y: LatticeArray, **options: Any) -> Any:
    if ufunc.signature is not None:
        raise TypeError(f"{ufunc.__name__}.outer: the operation must be one of pairs of elements")
    column = x.map(lambda part: part.reshape(x.shape + (1,) * y.ndim))
    return called(ufunc, column, y, options=options)


_EXACT_METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "outer": _outer,
}

# Folds that end in one operation on the start and the fold of another.
_INVERSES = {"divide": "multiply", "subtract": "add"}
_LOGICAL = frozenset(("logical_and", "logical_or", "logical_xor"))
_EXTREMES = {"fmax": np.maximum, "fmin": np.minimum, "maximum": np.maximum, "minimum": np.minimum}

# The binary operations whose fold along an axis is again a lattice array.
_FOLDABLE = {
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod",
    "maximum", "minimum", "fmax", "fmin",
}  # fmt: skip


def _require_binary(ufunc: np.ufunc, method: str) -> None:
    if ufunc.__name__ not in _FOLDABLE:
        raise TypeError(
            f"{ufunc.__name__}.{method}: not defined on crystallized tensors; it has no exact "
            "running form"
        )

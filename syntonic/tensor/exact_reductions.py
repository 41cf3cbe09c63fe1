"""The exact forms of NumPy's reductions, running and along axes: sums, products, means.

`initial` is a 0-d lattice array; None means that there is nothing to start from. `where` is a
boolean mask, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod as product
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.lattice import arithmetic, joining, order, products, reductions, scans
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice, lattice_scalar
from syntonic.lattice.reductions import Axis
from syntonic.tensor.exact_joining import ONE, ZERO, full_like, lengths

__all__ = [
    "average",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "ediff1d",
    "kept",
    "linalg_trace",
    "line",
    "masked",
    "mean",
    "prod",
    "rows_of",
    "sum_",
    "trace",
    "var",
]


def _folding(
    total: Callable[[LatticeArray, Axis, bool], LatticeArray],
    join: Callable[[LatticeArray, LatticeArray], LatticeArray],
    unit: LatticeArray,
    name: str,
) -> Callable[..., LatticeArray]:
    """Return a reduction whose empty result is `unit`, with a mask and a start."""

    def reduced(
        a: LatticeArray,
        axis: Axis = None,
        keepdims: bool = False,
        initial: LatticeArray | None = unit,
        where: Any = None,
    ) -> LatticeArray:
        if initial is None and lengths(a, axis) == 0:
            raise ValueError(f"{name}: initial=None needs at least one element, got {a.shape}")
        out = total(masked(a, where, unit), axis, keepdims)
        return out if initial is None or initial is unit else join(out, initial)

    return reduced


sum_ = _folding(reductions.sum, arithmetic.add, ZERO, "sum")
prod = _folding(reductions.prod, arithmetic.multiply, ONE, "prod")


def masked(a: LatticeArray, where: Any, fill: LatticeArray) -> LatticeArray:
    """Return a with `fill` where a mask does not hold."""
    return a if where is None else joining.where(_spread(where, a), a, fill)


def _spread(where: Any, a: LatticeArray) -> Any:
    try:
        return np.broadcast_to(where, a.shape)
    except ValueError:
        raise ShapeError(
            f"where= must broadcast to the array's shape {a.shape}, got {np.shape(where)}"
        ) from None


def mean(
    a: LatticeArray, axis: Axis = None, keepdims: bool = False, *, where: Any = None
) -> LatticeArray:
    if where is None:
        return reductions.mean(a, axis, keepdims)
    count = _counted(a, axis, keepdims, where, 0, "mean")
    return arithmetic.divide(sum_(a, axis, keepdims, where=where), count)


def var(
    a: LatticeArray,
    axis: Axis = None,
    ddof: Any = None,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: LatticeArray | None = None,
    correction: Any = None,
) -> LatticeArray:
    if ddof is not None and correction is not None:
        raise ValueError("var: ddof and correction are two names for one number; drop one")
    fewer = (ddof or 0) if correction is None else correction
    if where is None and mean is None:
        return reductions.var(a, axis, keepdims, fewer)
    where = True if where is None else where
    count = _counted(a, axis, keepdims, where, fewer, "var")
    if mean is None:
        every = _counted(a, axis, True, where, 0, "var")
        mean = arithmetic.divide(sum_(a, axis, True, where=where), every)
    squares = arithmetic.square(arithmetic.subtract(a, mean))
    return arithmetic.divide(sum_(squares, axis, keepdims, where=where), count)


def _counted(
    a: LatticeArray, axis: Axis, keepdims: bool, where: Any, fewer: Any, name: str
) -> LatticeArray:
    """Return how many elements each mean is over, less `fewer`; every one must be positive."""
    axes = reductions.normalized_axes(axis, a.ndim)
    counts = np.asarray(np.count_nonzero(_spread(where, a), axis=axes, keepdims=keepdims))
    if counts.size and counts.min() <= fewer:
        raise ValueError(
            f"{name}: more than {fewer} elements must be averaged, got {int(counts.min())} where "
            "the mask holds"
        )
    return arithmetic.subtract(as_lattice(counts), lattice_scalar(fewer))


def average(
    a: LatticeArray,
    axis: Axis = None,
    weights: LatticeArray | None = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    if weights is None and not returned:
        return mean(a, axis, keepdims)
    weights = _weights(a, axis, weights)
    total = sum_(weights, axis, keepdims)
    if not order.nonzero(total).all():
        raise ZeroDivisionError("average: the weights sum to zero")
    out = arithmetic.divide(sum_(arithmetic.multiply(a, weights), axis, keepdims), total)
    return (out, total) if returned else out


def _weights(a: LatticeArray, axis: Axis, weights: LatticeArray | None) -> LatticeArray:
    """Return one weight for each element, from all of them or from those along the axes."""
    if weights is None:
        return full_like(a, ONE)
    if weights.shape == a.shape:
        return weights
    axes = reductions.normalized_axes(axis, a.ndim)
    along = tuple(a.shape[i] for i in axes)
    if axis is None or weights.shape != along:
        raise ShapeError(
            f"average: weights must have the array's shape {a.shape}"
            + ("" if axis is None else f" or that along the axis {along}")
            + f", got {weights.shape}"
        )
    shape = tuple(n if i in axes else 1 for i, n in enumerate(a.shape))
    ranks = np.argsort(axes)
    return weights.map(
        lambda part: np.broadcast_to(np.transpose(part, ranks).reshape(shape), a.shape)
    )


def rows_of(a: LatticeArray, axis: Axis) -> tuple[LatticeArray, tuple[int, ...]]:
    """Return a with the reduced axes as one last axis, and which those are."""
    axes = reductions.normalized_axes(axis, a.ndim)
    kept = tuple(i for i in range(a.ndim) if i not in axes)
    shape = (*(a.shape[i] for i in kept), product(a.shape[i] for i in axes))
    return a.map(lambda part: np.transpose(part, kept + axes).reshape(shape)), axes


def kept(out: LatticeArray, axes: tuple[int, ...], keepdims: bool) -> LatticeArray:
    """Put axes of length 1 where the reduced ones were, if they are to be kept."""
    return out.map(lambda part: np.expand_dims(part, axes)) if keepdims else out


def cumsum(a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return reductions.cumsum(*line(a, axis))


def cumprod(a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return scans.cumprod(*line(a, axis))


def line(a: LatticeArray, axis: int | None) -> tuple[LatticeArray, int]:
    """Return an array and an axis of it, for NumPy's None: all elements in one axis."""
    if axis is None or a.ndim == 0:
        reductions.normalized_axes(axis, a.ndim)
        return a.map(np.ravel), 0
    return a, axis


def _cumulative(
    run: Callable[[LatticeArray, int], LatticeArray], unit: LatticeArray, name: str
) -> Callable[..., LatticeArray]:
    """Return np.cumulative_sum or np.cumulative_prod."""

    def cumulative(
        x: LatticeArray, /, *, axis: int | None = None, include_initial: bool = False
    ) -> LatticeArray:
        if axis is None and x.ndim > 1:
            raise ValueError(f"{name}: an array of {x.ndim} axes needs axis=")
        x, axis = x.map(np.atleast_1d), 0 if axis is None else axis
        out = run(x, axis)
        if not include_initial:
            return out
        first = full_like(out, unit, shape=_replaced(out.shape, axis, 1))
        return joining.join(lambda *parts: np.concatenate(parts, axis), first, out)

    return cumulative


def _replaced(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    axis = range(len(shape))[axis]
    return (*shape[:axis], n, *shape[axis + 1 :])


cumulative_sum = _cumulative(cumsum, ZERO, "cumulative_sum")
cumulative_prod = _cumulative(cumprod, ONE, "cumulative_prod")


def trace(a: LatticeArray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> LatticeArray:
    return products.trace(a, offset, axis1, axis2)


def linalg_trace(x: LatticeArray, *, offset: int = 0) -> LatticeArray:
    return products.trace(x, offset, -2, -1)


def diff(
    a: LatticeArray,
    n: int = 1,
    axis: int = -1,
    prepend: LatticeArray | None = None,
    append: LatticeArray | None = None,
) -> LatticeArray:
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}")
    if a.ndim == 0:
        raise ShapeError("diff: the array must have at least one axis, got a 0-d one")
    axis = np.lib.array_utils.normalize_axis_index(axis, a.ndim)
    ends = [None if x is None else _end(x, _replaced(a.shape, axis, 1)) for x in (prepend, append)]
    parts = [x for x in (ends[0], a, ends[1]) if x is not None]
    a = joining.join(lambda *p: np.concatenate(p, axis), *parts)
    n = min(n, a.shape[axis])  # what is longer leaves nothing either
    return arithmetic.linear(
        a, 2**n, lambda p, q: (np.diff(p, n=n, axis=axis), np.diff(q, n=n, axis=axis))
    )


def ediff1d(
    ary: LatticeArray, to_end: LatticeArray | None = None, to_begin: LatticeArray | None = None
) -> LatticeArray:
    steps = diff(ary.map(np.ravel))
    parts = [x.map(np.ravel) for x in (to_begin, steps, to_end) if x is not None]
    return joining.join(lambda *p: np.concatenate(p), *parts)


def _end(x: LatticeArray, shape: tuple[int, ...]) -> LatticeArray:
    """Return what is joined to one end of an array: a number stands for a slice of it."""
    return x.map(lambda part: np.broadcast_to(part, shape)) if x.ndim == 0 else x

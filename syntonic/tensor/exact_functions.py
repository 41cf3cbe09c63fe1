"""The exact forms of NumPy's array functions, with NumPy's signatures.

Each takes lattice arrays where NumPy takes arrays, and returns lattice arrays or plain arrays.
Their options are those that `options` passes on: what changes nothing or has no exact meaning is
dealt with there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce as fold_left
from math import prod as product
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.lattice import arithmetic, joining, order, products, reductions, sets
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice, lattice_scalar
from syntonic.lattice.reductions import Axis

_ZERO, _ONE = lattice_scalar(0), lattice_scalar(1)

# -- reductions ---------------------------------------------------------------------------
#
# `initial` is a 0-d lattice array; None means that there is nothing to start from. `where` is a
# boolean mask, or None.


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
        if initial is None and _lengths(a, axis) == 0:
            raise ValueError(f"{name}: initial=None needs at least one element, got {a.shape}")
        out = total(_masked(a, where, unit), axis, keepdims)
        return out if initial is None or initial is unit else join(out, initial)

    return reduced


sum_ = _folding(reductions.sum, arithmetic.add, _ZERO, "sum")
prod = _folding(reductions.prod, arithmetic.multiply, _ONE, "prod")


def _masked(a: LatticeArray, where: Any, fill: LatticeArray) -> LatticeArray:
    """Return a with `fill` where a mask does not hold."""
    return a if where is None else joining.where(_spread(where, a), a, fill)


def _spread(where: Any, a: LatticeArray) -> Any:
    try:
        return np.broadcast_to(where, a.shape)
    except ValueError:
        raise ShapeError(
            f"where= must broadcast to the array's shape {a.shape}, got {np.shape(where)}"
        ) from None


def _lengths(a: LatticeArray, axis: Axis) -> int:
    """Return how many elements are reduced into one."""
    return product(a.shape[i] for i in reductions.normalized_axes(axis, a.ndim))


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
        return full_like(a, _ONE)
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


def median(a: LatticeArray, axis: Axis = None, keepdims: bool = False) -> LatticeArray:
    rows, axes = _rows(a, axis)
    count = rows.shape[-1]
    if count == 0:
        raise ValueError(f"median: at least one element is needed, got shape {a.shape}")
    middle = sort(rows)[..., (count - 1) // 2 : count // 2 + 1]
    return _kept(reductions.mean(middle, -1), axes, keepdims)


def _rows(a: LatticeArray, axis: Axis) -> tuple[LatticeArray, tuple[int, ...]]:
    """Return a with the reduced axes as one last axis, and which those are."""
    axes = reductions.normalized_axes(axis, a.ndim)
    kept = tuple(i for i in range(a.ndim) if i not in axes)
    shape = (*(a.shape[i] for i in kept), product(a.shape[i] for i in axes))
    return a.map(lambda part: np.transpose(part, kept + axes).reshape(shape)), axes


def _kept(out: LatticeArray, axes: tuple[int, ...], keepdims: bool) -> LatticeArray:
    """Put axes of length 1 where the reduced ones were, if they are to be kept."""
    return out.map(lambda part: np.expand_dims(part, axes)) if keepdims else out


def cumsum(a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return reductions.cumsum(*_line(a, axis))


def cumprod(a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return reductions.accumulate(arithmetic.multiply, *_line(a, axis))


def _line(a: LatticeArray, axis: int | None) -> tuple[LatticeArray, int]:
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


cumulative_sum = _cumulative(cumsum, _ZERO, "cumulative_sum")
cumulative_prod = _cumulative(cumprod, _ONE, "cumulative_prod")


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


def _end(x: LatticeArray, shape: tuple[int, ...]) -> LatticeArray:
    """Return what is joined to one end of an array: a number stands for a slice of it."""
    return x.map(lambda part: np.broadcast_to(part, shape)) if x.ndim == 0 else x


# -- order --------------------------------------------------------------------------------


def _chooser(
    pick: Callable[[LatticeArray, int], Any],
    better: Callable[[LatticeArray, LatticeArray], LatticeArray],
    name: str,
) -> tuple[Any, Any]:
    """Return argpick and pick (say argmax and max) with NumPy's conventions."""

    def argpick(a: LatticeArray, axis: int | None = None, *, keepdims: bool = False) -> Any:
        rows, axes = _rows(a, axis)
        if rows.shape[-1] == 0:
            raise ValueError(f"arg{name}: the array must not be empty, got shape {a.shape}")
        found = np.asarray(pick(rows, -1))
        return np.expand_dims(found, axes) if keepdims else found[()]

    def value(
        a: LatticeArray,
        axis: Axis = None,
        keepdims: bool = False,
        initial: LatticeArray | None = None,
        where: Any = None,
    ) -> LatticeArray:
        if where is not None and initial is None:
            raise ValueError(
                f"{name}: a mask may leave out every element, so where= needs initial="
            )
        rows, axes = _rows(a if initial is None else _masked(a, where, initial), axis)
        if rows.shape[-1]:
            index = np.asarray(pick(rows, -1))[..., None]
            out = rows.map(lambda part: np.take_along_axis(part, index, -1)[..., 0])
            out = out if initial is None else better(out, initial)
        elif initial is not None:
            out = full_like(a, initial, shape=rows.shape[:-1])
        else:
            raise ValueError(
                f"{name}: at least one element is needed, got shape {a.shape}; initial= stands "
                "in for none"
            )
        return _kept(out, axes, keepdims)

    return argpick, value


argmax, amax = _chooser(order.argmax, order.maximum, "max")
argmin, amin = _chooser(order.argmin, order.minimum, "min")


def running(ufunc: np.ufunc, a: LatticeArray, axis: int) -> LatticeArray:
    """Return the running maxima or minima along an axis: those of the ranks, which are integers."""
    found = sets.distinct(a)
    ranks = ufunc.accumulate(found.inverse, axis=axis)
    return found.values.map(lambda part: part[ranks])


def ptp(a: LatticeArray, axis: Axis = None, keepdims: bool = False) -> LatticeArray:
    return arithmetic.subtract(amax(a, axis, keepdims), amin(a, axis, keepdims))


def argsort(a: LatticeArray, axis: int | None = -1, *, descending: bool = False) -> Any:
    a, axis = _line(a, axis)
    keys = arithmetic.negative(a) if descending else a  # equal elements stay in order both ways
    return order.argsort(keys, np.lib.array_utils.normalize_axis_index(axis, a.ndim))


def sort(a: LatticeArray, axis: int | None = -1, *, descending: bool = False) -> LatticeArray:
    if axis is None:
        a, axis = a.map(np.ravel), 0
    axis = np.lib.array_utils.normalize_axis_index(axis, a.ndim)
    ranks = argsort(a, axis, descending=descending)
    return a.map(lambda part: np.take_along_axis(part, ranks, axis))


def argpartition(a: LatticeArray, kth: Any, axis: int | None = -1) -> Any:
    _require_places(a, kth, axis)
    return argsort(a, axis)  # a full sort partitions everywhere


def partition(a: LatticeArray, kth: Any, axis: int | None = -1) -> LatticeArray:
    _require_places(a, kth, axis)
    return sort(a, axis)


def _require_places(a: LatticeArray, kth: Any, axis: int | None) -> None:
    """Raise what NumPy raises unless every kth is a place along the axis."""
    np.argpartition(np.zeros(a.shape, np.int8), kth, axis)


def round_(a: LatticeArray, decimals: int = 0) -> LatticeArray:
    return order.round_half_even(a, decimals)


def clip(
    a: LatticeArray,
    a_min: LatticeArray | None = None,
    a_max: LatticeArray | None = None,
    *,
    min: LatticeArray | None = None,
    max: LatticeArray | None = None,
) -> LatticeArray:
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("clip: a_min and a_max are min and max; use the names of one pair")
    low, high = a_min if min is None else min, a_max if max is None else max
    out = a if low is None else order.maximum(a, low)
    return out if high is None else order.minimum(out, high)


def unique(
    ar: LatticeArray,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
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
    return sets.distinct(x).values


def digitize(x: LatticeArray, bins: LatticeArray, right: bool = False) -> Any:
    if bins.ndim != 1:
        raise ShapeError(f"digitize: bins must have one axis, got shape {bins.shape}")
    steps = order.sign(arithmetic.subtract(bins[1:], bins[:-1]))
    rising, falling = bool((steps >= 0).all()), bool((steps <= 0).all())
    if not (rising or falling):
        raise ValueError("digitize: bins must be in increasing or decreasing order")
    edges, side = bins if rising else bins[::-1], "left" if right else "right"
    below = np.searchsorted(edges.scalars(), x.scalars(), side=side)  # type: ignore[call-overload]
    return below if rising else bins.size - below


def isin(element: LatticeArray, test_elements: LatticeArray, *, invert: bool = False) -> Any:
    found = sets.isin(element, test_elements)
    return ~found if invert else found


# -- truth --------------------------------------------------------------------------------


def on_truth(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function of truth values, taking a lattice array."""
    return lambda a, *args, **kwargs: function(order.nonzero(a), *args, **kwargs)


def nowhere(x: LatticeArray) -> Any:
    """Return what holds of no exact number, such as to be infinite."""
    return np.zeros(x.shape, dtype=bool)


def array_equal(a1: LatticeArray, a2: LatticeArray) -> bool:
    return a1.shape == a2.shape and bool(order.equal(a1, a2).all())


def array_equiv(a1: LatticeArray, a2: LatticeArray) -> bool:
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(order.equal(a1, a2).all())


# -- joining ------------------------------------------------------------------------------


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


# -- products -----------------------------------------------------------------------------


def dot(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    if a.ndim == 0 or b.ndim == 0:
        return arithmetic.multiply(a, b)
    match(a.shape[-1], b.shape[-2 if b.ndim > 1 else -1], "dot", a, b)
    return products.contract(np.dot, a, b, a.shape[-1])


def inner(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    if a.ndim == 0 or b.ndim == 0:
        return arithmetic.multiply(a, b)
    match(a.shape[-1], b.shape[-1], "inner", a, b)
    return products.contract(np.inner, a, b, a.shape[-1])


def vdot(a: LatticeArray, b: LatticeArray) -> LatticeArray:
    return dot(a.map(np.ravel), b.map(np.ravel))


def vecdot(x1: LatticeArray, x2: LatticeArray, *, axis: int = -1) -> LatticeArray:
    if x1.ndim == 0 or x2.ndim == 0:
        raise ShapeError("vecdot: both arrays must have at least one axis, got a 0-d one")
    x, y = (z.map(lambda part: np.moveaxis(part, axis, -1)) for z in (x1, x2))
    match(x.shape[-1], y.shape[-1], "vecdot", x, y)
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
    x, y = (z.map(lambda part: np.moveaxis(part, axis, -1)) for z in (x1, x2))

    def turned(z: LatticeArray, steps: int) -> LatticeArray:
        return z.map(lambda part: np.roll(part, -steps, -1))

    out = arithmetic.subtract(
        arithmetic.multiply(turned(x, 1), turned(y, 2)),
        arithmetic.multiply(turned(x, 2), turned(y, 1)),
    )
    return out.map(lambda part: np.moveaxis(part, -1, axis))


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
    return products.contract(
        lambda p, q: np.tensordot(p, q, (summed, others)), a, b, product(lengths)
    )


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


def match(m: int, n: int, name: str, x: LatticeArray, y: LatticeArray) -> None:
    if m != n:
        raise ShapeError(
            f"{name}: the summed axes must have one length, got shapes {x.shape} and {y.shape}"
        )


# -- like ---------------------------------------------------------------------------------


def full_like(a: LatticeArray, fill_value: LatticeArray, *, shape: Any = None) -> LatticeArray:
    shape = a.shape if shape is None else shape
    return fill_value.map(lambda part: np.array(np.broadcast_to(part, shape)))


def zeros_like(a: LatticeArray, *, shape: Any = None) -> LatticeArray:
    return full_like(a, _ZERO, shape=shape)


def ones_like(a: LatticeArray, *, shape: Any = None) -> LatticeArray:
    return full_like(a, _ONE, shape=shape)


def compress(condition: Any, a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return a.map(lambda part: np.compress(condition, part, axis))


def extract(condition: Any, arr: LatticeArray) -> LatticeArray:
    return arr.map(lambda part: np.extract(condition, part))


def size(a: LatticeArray, axis: Axis = None) -> int:
    return _lengths(a, axis)


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

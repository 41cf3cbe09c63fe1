"""The exact forms of NumPy's array functions, with NumPy's signatures.

Each takes lattice arrays where NumPy takes arrays, converts other exact operands itself, and
returns lattice arrays or plain arrays. Options that have no exact meaning (dtype, out, where)
are absent, so Python itself refuses them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce as fold_left
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.lattice import arithmetic, order, products, reduce, sets, structure
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.build import as_lattice
from syntonic.lattice.reduce import Axis

# -- reductions ---------------------------------------------------------------------------


def sum_(a: LatticeArray, axis: Axis = None, *, keepdims: bool = False) -> LatticeArray:
    return reduce.sum(a, axis, keepdims)


def prod(a: LatticeArray, axis: Axis = None, *, keepdims: bool = False) -> LatticeArray:
    return reduce.prod(a, axis, keepdims)


def mean(a: LatticeArray, axis: Axis = None, *, keepdims: bool = False) -> LatticeArray:
    return reduce.mean(a, axis, keepdims)


def var(
    a: LatticeArray,
    axis: Axis = None,
    ddof: int = 0,
    keepdims: bool = False,
    *,
    correction: int | None = None,
) -> LatticeArray:
    return reduce.var(a, axis, keepdims, ddof if correction is None else correction)


def cumsum(a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return reduce.cumsum(a, axis)


def cumprod(a: LatticeArray, axis: int | None = None) -> LatticeArray:
    flat = a.map(np.ravel) if axis is None else a
    return reduce.accumulate(arithmetic.multiply, flat, axis or 0)


def trace(a: LatticeArray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> LatticeArray:
    return products.trace(a, offset, axis1, axis2)


def linalg_trace(x: LatticeArray, *, offset: int = 0) -> LatticeArray:
    return products.trace(x, offset, -2, -1)


def diff(a: LatticeArray, n: int = 1, axis: int = -1) -> LatticeArray:
    return arithmetic.linear(
        a, 2**n, lambda p, q: (np.diff(p, n=n, axis=axis), np.diff(q, n=n, axis=axis))
    )


# -- order --------------------------------------------------------------------------------


def _chooser(pick: Callable[[LatticeArray, int], Any], name: str) -> tuple[Any, Any]:
    """Return argpick and pick (say argmax and max) with NumPy's axis conventions."""

    def argpick(a: LatticeArray, axis: int | None = None, *, keepdims: bool = False) -> Any:
        if a.size == 0:
            raise ValueError(f"{name}: the array must not be empty, got shape {a.shape}")
        if axis is None:
            found = pick(a.map(np.ravel), 0)
            return found.reshape((1,) * a.ndim) if keepdims else found[()]
        found = pick(a, axis)
        return np.expand_dims(found, axis) if keepdims else found

    def value(a: LatticeArray, axis: Axis = None, *, keepdims: bool = False) -> LatticeArray:
        axes = reduce.normalized_axes(axis, a.ndim)
        kept = tuple(i for i in range(a.ndim) if i not in axes)
        rest = tuple(a.shape[i] for i in kept)
        rows = a.map(lambda part: np.transpose(part, kept + axes).reshape(*rest, -1))
        index = np.asarray(argpick(rows, -1))[..., None]
        out = rows.map(lambda part: np.take_along_axis(part, index, -1)[..., 0])
        return out.map(lambda part: np.expand_dims(part, axes)) if keepdims else out

    return argpick, value


argmax, amax = _chooser(order.argmax, "max")
argmin, amin = _chooser(order.argmin, "min")


def ptp(a: LatticeArray, axis: Axis = None, *, keepdims: bool = False) -> LatticeArray:
    return arithmetic.subtract(amax(a, axis, keepdims=keepdims), amin(a, axis, keepdims=keepdims))


def argsort(
    a: LatticeArray, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None
) -> Any:
    return order.argsort(a.map(np.ravel), 0) if axis is None else order.argsort(a, axis)


def sort(
    a: LatticeArray, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None
) -> LatticeArray:
    if axis is None:
        a, axis = a.map(np.ravel), 0
    ranks = order.argsort(a, axis)
    return a.map(lambda part: np.take_along_axis(part, ranks, axis))


def argpartition(a: LatticeArray, kth: Any, axis: int | None = -1) -> Any:
    return argsort(a, axis)  # a full sort partitions everywhere


def partition(a: LatticeArray, kth: Any, axis: int | None = -1) -> LatticeArray:
    return sort(a, axis)


def round_(a: LatticeArray, decimals: int = 0) -> LatticeArray:
    return order.round_half_even(a, decimals)


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    out = as_lattice(a, "clip")
    if low is not None:
        out = order.maximum(out, as_lattice(low, "clip"))
    return out if high is None else order.minimum(out, as_lattice(high, "clip"))


def unique(
    ar: LatticeArray,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    found = sets.distinct(ar)
    wanted = ((found.indices, return_index), (found.inverse, return_inverse))
    extra = [x for x, yes in (*wanted, (found.counts, return_counts)) if yes]
    return (found.values, *extra) if extra else found.values


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


def isin(element: Any, test_elements: Any, *, invert: bool = False) -> Any:
    found = sets.isin(as_lattice(element, "isin"), as_lattice(test_elements, "isin"))
    return ~found if invert else found


# -- truth --------------------------------------------------------------------------------


def nonzero_mask(x: LatticeArray) -> Any:
    """Return where x is not zero."""
    return np.asarray((x.a != 0) | (x.b != 0), dtype=bool)


def on_truth(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function of truth values, taking a lattice array."""
    return lambda a, *args, **kwargs: function(nonzero_mask(a), *args, **kwargs)


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    x, y = as_lattice(a1, "array_equal"), as_lattice(a2, "array_equal")
    return x.shape == y.shape and bool(order.equal(x, y).all())


def array_equiv(a1: Any, a2: Any) -> bool:
    x, y = as_lattice(a1, "array_equiv"), as_lattice(a2, "array_equiv")
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return bool(order.equal(x, y).all())


# -- joining ------------------------------------------------------------------------------


def joiner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function of a sequence of arrays (concatenate, stack, ...)."""

    def joined(arrays: Sequence[Any], *args: Any, **kwargs: Any) -> LatticeArray:
        operands = [as_lattice(x, function.__name__) for x in arrays]
        return structure.join(lambda *parts: function(parts, *args, **kwargs), *operands)

    return joined


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if isinstance(condition, LatticeArray):
        condition = nonzero_mask(condition)
    if x is None or y is None:
        return np.nonzero(condition)
    return structure.where(condition, as_lattice(x, "where"), as_lattice(y, "where"))


# -- products -----------------------------------------------------------------------------


def pair(a: Any, b: Any, where: str) -> tuple[LatticeArray, LatticeArray]:
    return as_lattice(a, where), as_lattice(b, where)


def dot(a: Any, b: Any) -> LatticeArray:
    x, y = pair(a, b, "dot")
    if x.ndim == 0 or y.ndim == 0:
        return arithmetic.multiply(x, y)
    match(x.shape[-1], y.shape[-2 if y.ndim > 1 else -1], "dot", x, y)
    return products.contract(np.dot, x, y, x.shape[-1])


def inner(a: Any, b: Any) -> LatticeArray:
    x, y = pair(a, b, "inner")
    if x.ndim == 0 or y.ndim == 0:
        return arithmetic.multiply(x, y)
    match(x.shape[-1], y.shape[-1], "inner", x, y)
    return products.contract(np.inner, x, y, x.shape[-1])


def vdot(a: Any, b: Any) -> LatticeArray:
    x, y = pair(a, b, "vdot")
    return dot(x.map(np.ravel), y.map(np.ravel))


def vecdot(x1: Any, x2: Any, *, axis: int = -1) -> LatticeArray:
    x, y = pair(x1, x2, "vecdot")
    x, y = (z.map(lambda part: np.moveaxis(part, axis, -1)) for z in (x, y))
    match(x.shape[-1], y.shape[-1], "vecdot", x, y)
    return products.contract(np.vecdot, x, y, x.shape[-1])


def matmul(x1: Any, x2: Any) -> LatticeArray:
    return products.matmul(*pair(x1, x2, "matmul"))


def outer(a: Any, b: Any) -> LatticeArray:
    return arithmetic.bilinear(np.outer, *pair(a, b, "outer"), 1)


def kron(a: Any, b: Any) -> LatticeArray:
    return arithmetic.bilinear(np.kron, *pair(a, b, "kron"), 1)


def tensordot(a: Any, b: Any, axes: Any = 2) -> LatticeArray:
    x, y = pair(a, b, "tensordot")
    summed = range(x.ndim - axes, x.ndim) if isinstance(axes, int) else np.atleast_1d(axes[0])
    terms = int(np.prod([x.shape[int(i)] for i in summed], dtype=object))
    return products.contract(lambda p, q: np.tensordot(p, q, axes), x, y, terms)


def einsum(subscripts: Any, *operands: Any, optimize: Any = True) -> LatticeArray:
    if not isinstance(subscripts, str):
        raise TypeError(
            "einsum: on crystallized tensors the subscripts must be text such as 'ij,jk->ik', "
            f"got {type(subscripts).__name__}"
        )
    return products.einsum(subscripts, *(as_lattice(x, "einsum") for x in operands))


def multi_dot(arrays: Sequence[Any]) -> LatticeArray:
    return fold_left(dot, arrays)


def match(m: int, n: int, name: str, x: LatticeArray, y: LatticeArray) -> None:
    if m != n:
        raise ShapeError(
            f"{name}: the summed axes must have one length, got shapes {x.shape} and {y.shape}"
        )


# -- like ---------------------------------------------------------------------------------


def full_like(a: LatticeArray, fill_value: Any, *, shape: Any = None) -> LatticeArray:
    value = as_lattice(fill_value, "full_like")
    return value.map(lambda part: np.array(np.broadcast_to(part, shape or a.shape)))


def zeros_like(a: LatticeArray, *, shape: Any = None) -> LatticeArray:
    return full_like(a, 0, shape=shape)


def ones_like(a: LatticeArray, *, shape: Any = None) -> LatticeArray:
    return full_like(a, 1, shape=shape)


def compress(condition: Any, a: LatticeArray, axis: int | None = None) -> LatticeArray:
    return a.map(lambda part: np.compress(condition, part, axis))


def extract(condition: Any, arr: LatticeArray) -> LatticeArray:
    return arr.map(lambda part: np.extract(condition, part))


def atleast(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return np.atleast_1d and its kin, of one array or several."""

    def raised(*arrays: Any) -> Any:
        out = tuple(as_lattice(x, function.__name__).map(function) for x in arrays)
        return out[0] if len(out) == 1 else out

    return raised


def broadcast_arrays(*args: Any) -> tuple[LatticeArray, ...]:
    operands = [as_lattice(x, "broadcast_arrays") for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in operands))
    return tuple(x.map(lambda part: np.broadcast_to(part, shape)) for x in operands)


def splitter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function that cuts an array into a sequence of arrays."""

    def cut(ary: LatticeArray, *args: Any, **kwargs: Any) -> Any:
        positions = function(np.arange(ary.size).reshape(ary.shape), *args, **kwargs)
        flat = ary.map(np.ravel)
        return type(positions)(flat[p] for p in positions)

    return cut

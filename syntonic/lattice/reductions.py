"""Exact reductions: sums, products, means and variances along axes.

Sums are integer sums under a bound, hence independent of order, chunking and thread count.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod as _prod
from typing import Any, TypeAlias

import numpy as np

from syntonic.errors import shown
from syntonic.lattice import wide
from syntonic.lattice.arithmetic import linear, multiply, square, subtract
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.lattice.fraction_sums import sum_apart
from syntonic.lattice.guards import require_products
from syntonic.lattice.joining import join, where

Axis: TypeAlias = "int | tuple[int, ...] | None"

__all__ = ["Axis", "accumulate", "cumsum", "fold", "mean", "normalized_axes", "prod", "sum", "var"]


def normalized_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the reduced axes as non-negative integers; 0 and -1 are none of a 0-d array."""
    if axis is None:
        return tuple(range(ndim))
    if ndim == 0 and axis in (0, -1):
        return ()
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, ndim))


def sum(x: LatticeArray, axis: Axis = None, keepdims: bool = False) -> LatticeArray:
    """Return the sum along axes; an empty sum is 0."""
    axes = normalized_axes(axis, x.ndim)
    if not x.is_packed:
        out = sum_apart(x, axes)
        lengths = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        return out.map(lambda part: part.reshape(lengths)) if keepdims else out
    terms = max(1, _prod(x.shape[i] for i in axes))

    def added(a: Any, b: Any) -> tuple[Any, Any]:
        return _add_up(a, axes, keepdims), _add_up(b, axes, keepdims)

    return linear(x, terms, added, wide_form=lambda w: wide.sum(w, axes, keepdims))


def cumsum(x: LatticeArray, axis: int | None = None) -> LatticeArray:
    """Return the running sums along an axis, of the flattened array by default."""
    if axis is not None:
        axis = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
    terms = max(1, x.size if axis is None else x.shape[axis])

    def run(a: Any, b: Any) -> tuple[Any, Any]:
        return np.cumsum(a, axis=axis), np.cumsum(b, axis=axis)

    return linear(x, terms, run, wide_form=lambda w: wide.cumsum(w, axis))


def mean(x: LatticeArray, axis: Axis = None, keepdims: bool = False) -> LatticeArray:
    """Return the exact mean along axes.

    Raises
    ------
    ValueError
        No elements are averaged.
    """
    return _over(sum(x, axis, keepdims), _count(x, axis, "mean"))


def var(x: LatticeArray, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> LatticeArray:
    """Return the exact variance along axes: sum of (x - mean)² over n - ddof.

    Raises
    ------
    ValueError
        n - ddof is not positive.
    """
    count = _count(x, axis, "var")
    if count - ddof <= 0:
        raise ValueError(
            f"var: ddof must be less than the {count} elements averaged, got {shown(ddof)}; "
            "lower ddof or reduce over more elements"
        )
    if not x.is_packed:  # the mean may be long, but need not meet each element
        total = sum(x, axis, keepdims)
        squares = sum(square(x), axis, keepdims)
        return _over(subtract(squares, _over(square(total), count)), count - ddof)
    centred = subtract(x, mean(x, axis, keepdims=True))
    return _over(sum(square(centred), axis, keepdims), count - ddof)


def prod(x: LatticeArray, axis: Axis = None, keepdims: bool = False) -> LatticeArray:
    """Return the product along axes, in a balanced tree; an empty product is 1."""
    axes = normalized_axes(axis, x.ndim)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    shape = tuple(x.shape[i] for i in kept)
    count = _prod(x.shape[i] for i in axes)
    factors = x.map(lambda part: np.transpose(part, axes + kept).reshape(count, *shape))
    if require_products(x, axes, "prod", running=False):
        factors = factors.in_gmp()
    while factors.shape[0] > 1:
        half = factors.shape[0] // 2
        product = multiply(factors[:half], factors[half : 2 * half])
        rest = factors[2 * half :]
        factors = join(lambda p, r: np.concatenate([p, r]), product, rest)
    out = factors[0] if count else _ones(shape)
    final = tuple(1 if i in axes else n for i, n in enumerate(x.shape)) if keepdims else shape
    return out.map(lambda part: part.reshape(final))


def fold(
    function: Callable[[LatticeArray, LatticeArray], LatticeArray],
    x: LatticeArray,
    axis: int,
    initial: LatticeArray | None = None,
    mask: Any = None,
) -> LatticeArray:
    """Return the left fold of a binary function along an axis.

    Without `initial` it starts at the first element, which there must be. Elements where the
    boolean `mask` does not hold are passed over.
    """
    rows = x.map(lambda part: np.moveaxis(part, axis, 0))
    kept = None if mask is None else np.moveaxis(mask, axis, 0)
    out = rows[0] if initial is None else initial
    for i in range(initial is None, rows.shape[0]):
        if kept is None:
            out = function(out, rows[i])
        elif kept[i].any():
            row = where(kept[i], rows[i], lattice_scalar(1))
            out = where(kept[i], function(out, row), out)
    shape = rows.shape[1:]
    return out.map(lambda part: np.broadcast_to(part, shape))


def accumulate(
    function: Callable[[LatticeArray, LatticeArray], LatticeArray], x: LatticeArray, axis: int
) -> LatticeArray:
    """Return the running left folds of a binary function along an axis."""
    axis = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
    rows = x.map(lambda part: np.moveaxis(part, axis, 0))
    if rows.shape[0] == 0:
        return x
    out = [rows[0]]
    for i in range(1, rows.shape[0]):
        out.append(function(out[-1], rows[i]))
    return join(lambda *parts: np.stack(parts, axis=axis), *out)


def _add_up(part: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if part.dtype == object:
        return np.sum(part, axis=axes, keepdims=keepdims, initial=0)
    return np.sum(part, axis=axes, keepdims=keepdims, dtype=np.int64)


def _count(x: LatticeArray, axis: Axis, name: str) -> int:
    count = _prod(x.shape[i] for i in normalized_axes(axis, x.ndim))
    if count == 0:
        raise ValueError(
            f"{name}: at least one element must be averaged, got shape {x.shape} over axis "
            f"{shown(axis)}"
        )
    return count


def _over(x: LatticeArray, n: int) -> LatticeArray:
    return multiply(x, lattice_scalar(Fraction(1, n)))


def _ones(shape: tuple[int, ...]) -> LatticeArray:
    return LatticeArray.packed(np.ones(shape, np.int64), np.zeros(shape, np.int64), bound=1)

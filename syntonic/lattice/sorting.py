"""Exact sorting, extremes and searching in sorted arrays.

Correctly rounded floats are monotone in the exact values, so they order all elements but those
with equal floats. These are told apart exactly, all at once: first by the floats of what rounding
left over, then as integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import copysign, inf
from typing import Any

import numpy as np

from syntonic.exact import pairs
from syntonic.lattice import quotients
from syntonic.lattice.arithmetic import aligned, negative
from syntonic.lattice.array import LatticeArray, elementwise
from syntonic.lattice.order import compare, equal, floats, floats_from

__all__ = ["argmax", "argmin", "argsort", "lexsort", "running_extremes", "searchsorted"]

_SORTED_AT_ONCE = 1 << 19
_MOST_BITS = 1000  # numerators so long have floats
_FEW = 256
"""Below this size NumPy's stable sort is quicker than the steps around an integer sort."""

_floor_pair = np.frompyfunc(lambda a, b: pairs.floor_div(a, b, 1), 2, 1)


def argsort(x: LatticeArray, axis: int = -1) -> Any:
    """Return the indices that sort x exactly along an axis; stable."""
    if x.is_rational:
        return quotients.argsort(x, axis)
    (moved,) = _soon_rounded(x.map(lambda part: np.moveaxis(part, axis, -1)))
    order = _settled(moved, *_order_of_floats(_keys(moved)))
    return np.moveaxis(order, -1, axis)


def argmax(x: LatticeArray, axis: int = -1) -> Any:
    """Return the index of the exact maximum along an axis, the first among equals."""
    return _argextreme(x, axis, np.argmax, negative)


def argmin(x: LatticeArray, axis: int = -1) -> Any:
    """Return the index of the exact minimum along an axis, the first among equals."""
    return _argextreme(x, axis, np.argmin, lambda rivals: rivals)


def running_extremes(x: LatticeArray, axis: int, ufunc: np.ufunc) -> LatticeArray | None:
    """Return the running maxima or minima along an axis, None where floats leave them open."""
    rows = x.map(lambda part: np.moveaxis(part, axis, -1))
    keys = _keys(*_soon_rounded(rows))
    best = ufunc.accumulate(keys, axis=-1)
    new = np.ones(keys.shape, dtype=bool)
    new[..., 1:] = best[..., 1:] != best[..., :-1]
    places = np.where(new, np.arange(keys.shape[-1]), 0)
    np.maximum.accumulate(places, axis=-1, out=places)
    again = np.nonzero((keys == best) & ~new)
    if not equal(rows[again], rows[(*again[:-1], places[again])]).all():
        return None
    return rows.map(lambda part: np.moveaxis(np.take_along_axis(part, places, -1), -1, axis))


def searchsorted(edges: LatticeArray, x: LatticeArray, side: str = "left") -> Any:
    """Return how many of the sorted edges are below x, or with "right" not above it."""
    if edges.is_wide or x.is_wide:
        edges, x = _soon_rounded(*aligned(edges, x))
    keys, flat = _keys(edges), x.map(np.ravel)
    order, sought = _order_of_floats(_keys(flat))  # NumPy finds sorted ones much sooner
    low = np.searchsorted(keys, sought, "left")
    places = np.flatnonzero(np.append(keys, np.nan)[low] == sought)
    high = np.searchsorted(keys, sought[places], "right")
    _bisect(edges, flat[order[places]], low, places, high, side)
    out = np.empty(x.size, dtype=np.int64)
    out[order] = low
    return out.reshape(x.shape)


def _bisect(
    edges: LatticeArray, x: LatticeArray, low: Any, places: Any, high: Any, side: str
) -> None:
    """Raise low at these places, of elements x, to what is right: at most to high."""
    below = np.less if side == "left" else np.less_equal
    least = low[places]
    end, side_end = (least, least) if side == "left" else (high - 1, high)
    beyond = compare(edges[end], x, below) == (side == "left")
    least[~beyond] = side_end[~beyond]  # most often all edges of one float are equal
    open_ = np.flatnonzero(beyond)
    while open_.size:
        middle = (least[open_] + high[open_]) // 2
        beyond = compare(edges[middle], x[open_], below)
        least[open_[beyond]] = middle[beyond] + 1
        high[open_[~beyond]] = middle[~beyond]
        open_ = open_[least[open_] < high[open_]]
    low[places] = least


def lexsort(keys: Sequence[Any], axis: int = -1) -> Any:
    """Return what `numpy.lexsort` does of floats or of integers below 2^53, sooner."""
    first, *others = (np.moveaxis(np.asarray(key, np.float64), axis, -1) for key in keys)
    order, _ = _order_of_floats(first)
    for key in others:
        step, _ = _order_of_floats(np.take_along_axis(key, order, -1))
        order = np.take_along_axis(order, step, -1)
    return np.moveaxis(order, -1, axis)


def _soon_rounded(*arrays: LatticeArray) -> tuple[LatticeArray, ...]:
    """Return arrays that compare alike: wide ones, of one denominator, over a power of two.

    So their floats are soon found, and finite.
    """
    if not all(x.is_wide for x in arrays):
        return arrays
    d = 1 << max(0, *(x.bound.bit_length() - _MOST_BITS for x in arrays))
    return tuple(LatticeArray(x.a, x.b, d, x.bound) for x in arrays)


def _keys(x: LatticeArray) -> Any:
    """Return the correctly rounded floats of x, infinite beyond their range."""
    if x.is_rational:
        return elementwise(np.frompyfunc(_nearest, 1, 1), x.scalars()).astype(np.float64)
    return floats(x)


def _nearest(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return copysign(inf, x.sign())


# -- the order of floats ------------------------------------------------------------------


def _order_of_floats(keys: Any) -> tuple[Any, Any]:
    """Return the stable order along the last axis, and the keys in it.

    It is that of blocks, which the stable sort then merges. Between blocks Ctrl-C can come, and
    they fit a cache: it is quicker than one sort.
    """
    starts = range(0, keys.shape[-1], _SORTED_AT_ONCE)
    if len(starts) < 2:
        return _finished(keys, _order_of_block(keys))
    blocks = (keys[..., i : i + _SORTED_AT_ONCE] for i in starts)
    orders = [
        _finished(block, _order_of_block(block))[0] + i
        for i, block in zip(starts, blocks, strict=True)
    ]
    return _finished(keys, np.concatenate(orders, axis=-1))


def _order_of_block(keys: Any) -> Any:
    """Return nearly the stable order, by one sort of integers: a float's cell and its place.

    The cell, ⌊2^k (key - least)/(largest - least)⌋ as computed, is monotone in the key, since
    each rounding is; keys of one cell stay in their order. NumPy sorts integers in vector
    registers.
    """
    count = keys.shape[-1]
    if count < _FEW:
        return np.argsort(keys, axis=-1, kind="stable")
    bits = count.bit_length()
    least = keys.min(axis=-1, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scale = 2.0 ** (62 - bits) / (keys.max(axis=-1, keepdims=True) - least)
    if not (scale > 0).all() or np.isinf(scale).any():  # of one key, or of none that is finite
        return np.argsort(keys, axis=-1, kind="stable")
    cells = keys - least
    cells *= scale
    sortable = cells.astype(np.int64)
    sortable <<= bits
    sortable |= np.arange(count)
    sortable.sort(axis=-1)
    sortable &= (1 << bits) - 1
    return sortable


def _finished(keys: Any, order: Any) -> tuple[Any, Any]:
    """Return the stable order and the keys in it, from one that is stable and nearly sorts."""
    ranked = np.take_along_axis(keys, order, -1)
    if not (ranked[..., 1:] < ranked[..., :-1]).any():
        return order, ranked
    step = np.argsort(ranked, axis=-1, kind="stable")  # quick on what is nearly sorted
    return np.take_along_axis(order, step, -1), np.take_along_axis(ranked, step, -1)


# -- what floats leave open ---------------------------------------------------------------


def _settled(x: LatticeArray, order: Any, ranked: Any) -> Any:
    """Return the order that sorts x exactly, from the one that sorts its floats; both stable."""
    places = np.nonzero(ranked[..., 1:] == ranked[..., :-1])
    *rows, column = places
    if not column.size:
        return order
    one, next_ = order[places], order[(*rows, column + 1)]
    if equal(x[(*rows, one)], x[(*rows, next_)]).all():
        return order
    count = order.shape[-1]
    same = np.zeros(order.shape, dtype=bool)
    same[(*rows, column + 1)] = True
    starts = np.arange(order.size // count)[:, None] * count
    at = (order.reshape(-1, count) + starts).ravel()
    _settle(x.map(np.ravel), at, same.ravel(), ranked.ravel())
    return (at % count).reshape(order.shape)


def _settle(x: LatticeArray, at: Any, same: Any, origin: Any) -> None:
    """Sort places `at` in x within runs: `same` tells which continue the run before them.

    `origin` has the float that the elements of a run share.
    """
    fitting = (floats_from, _integer_keys) if x.is_packed else (_scalar_keys,)
    for finer in (_integer_keys,) if x.is_wide else fitting:
        later = np.flatnonzero(same)
        differ = ~equal(x[at[later]], x[at[later - 1]])
        if not differ.any():
            return
        runs = np.cumsum(~same)
        mixed = np.zeros(runs[-1] + 1, dtype=bool)
        mixed[runs[later[differ]]] = True
        chosen = np.flatnonzero(mixed[runs])
        places, run = at[chosen], runs[chosen]
        keys = finer(x[places], origin[chosen])
        ranks = lexsort([keys, run])  # stable, as `at` was
        at[chosen], keys = places[ranks], keys[ranks]
        same = np.zeros_like(same)
        same[chosen[1:]] = (run[1:] == run[:-1]) & (keys[1:] == keys[:-1])


def _integer_keys(x: LatticeArray, origin: Any) -> Any:
    """Return integers in the order of packed or wide elements, different for different ones.

    A difference v = p + qφ of numerators, |p|, |q| <= 2B, has |v| >= 1/|v'| > 1/4B.
    """
    shift, x = (4 * x.bound).bit_length(), x.lengthened()
    a, b = (part << shift for part in (x.a, x.b))
    return _ranked(elementwise(_floor_pair, a, b))


def _scalar_keys(x: LatticeArray, origin: Any) -> Any:
    return _ranked(x.scalars())


def _ranked(values: Any) -> Any:
    """Return the ranks of exact scalars as integers."""
    ranks = {value: rank for rank, value in enumerate(sorted(set(values.tolist())))}
    return np.array([ranks[value] for value in values.tolist()], dtype=np.int64)


def _argextreme(
    x: LatticeArray,
    axis: int,
    arg: Callable[..., Any],
    as_least: Callable[[LatticeArray], LatticeArray],
) -> Any:
    if x.is_rational:  # enclosing takes less than rounding
        return quotients.argextreme(x, axis, arg)
    (moved,) = _soon_rounded(x.map(lambda part: np.moveaxis(part, axis, -1)))
    keys = floats(moved)
    first = np.asarray(arg(keys, axis=-1))
    best = keys == np.take_along_axis(keys, first[..., None], -1)
    if np.count_nonzero(best) == first.size:
        return first
    rows = moved.map(lambda part: part.reshape(first.size, -1))
    row, column = np.nonzero(best.reshape(rows.shape))
    differ = ~equal(rows[row, column], rows[row, first.ravel()[row]])
    if differ.any():
        mixed = np.unique(row[differ])
        first.ravel()[mixed] = argsort(as_least(rows[mixed]))[:, 0]
    return first

"""The exact forms of NumPy's functions of order: extremes, sorting, searching, rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.lattice import arithmetic, order, reductions, sets, sorting
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.reductions import Axis
from syntonic.tensor.exact_joining import full_like
from syntonic.tensor.exact_reductions import kept, line, masked, rows_of

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "by_ranks",
    "clip",
    "digitize",
    "lexsort",
    "median",
    "partition",
    "ptp",
    "round_",
    "running",
    "searchsorted",
    "sort",
]


def median(a: LatticeArray, axis: Axis = None, keepdims: bool = False) -> LatticeArray:
    rows, axes = rows_of(a, axis)
    count = rows.shape[-1]
    if count == 0:
        raise ValueError(f"median: at least one element is needed, got shape {a.shape}")
    middle = sort(rows)[..., (count - 1) // 2 : count // 2 + 1]
    return kept(reductions.mean(middle, -1), axes, keepdims)


def _chooser(
    pick: Callable[[LatticeArray, int], Any],
    better: Callable[[LatticeArray, LatticeArray], LatticeArray],
    name: str,
) -> tuple[Any, Any]:
    """Return argpick and pick (say argmax and max) with NumPy's conventions."""

    def argpick(a: LatticeArray, axis: int | None = None, *, keepdims: bool = False) -> Any:
        rows, axes = rows_of(a, axis)
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
        rows, axes = rows_of(a if initial is None else masked(a, where, initial), axis)
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
        return kept(out, axes, keepdims)

    return argpick, value


argmax, amax = _chooser(sorting.argmax, order.maximum, "max")
argmin, amin = _chooser(sorting.argmin, order.minimum, "min")


def running(ufunc: np.ufunc, a: LatticeArray, axis: int) -> LatticeArray:
    """Return the running maxima or minima along an axis."""
    found = sorting.running_extremes(a, axis, ufunc)
    return by_ranks(ufunc.accumulate, a, axis) if found is None else found


def by_ranks(function: Callable[..., Any], a: LatticeArray, *args: Any) -> LatticeArray:
    """Return what a function that only compares makes of a: what it makes of the ranks."""
    found, (ranks,) = sets.ranks(a)
    return found[function(ranks, *args)]


def ptp(a: LatticeArray, axis: Axis = None, keepdims: bool = False) -> LatticeArray:
    return arithmetic.subtract(amax(a, axis, keepdims), amin(a, axis, keepdims))


def argsort(a: LatticeArray, axis: int | None = -1, *, descending: bool = False) -> Any:
    a, axis = line(a, axis)
    keys = arithmetic.negative(a) if descending else a  # equal elements stay in order both ways
    return sorting.argsort(keys, np.lib.array_utils.normalize_axis_index(axis, a.ndim))


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


def digitize(x: LatticeArray, bins: LatticeArray, right: bool = False) -> Any:
    if bins.ndim != 1:
        raise ShapeError(f"digitize: bins must have one axis, got shape {bins.shape}")
    steps = order.sign(arithmetic.subtract(bins[1:], bins[:-1]))
    rising, falling = bool((steps >= 0).all()), bool((steps <= 0).all())
    if not (rising or falling):
        raise ValueError("digitize: bins must be in increasing or decreasing order")
    edges, side = bins if rising else bins[::-1], "left" if right else "right"
    below = sorting.searchsorted(edges, x, side)
    return below if rising else bins.size - below


def searchsorted(a: LatticeArray, v: LatticeArray, side: Any = "left", sorter: Any = None) -> Any:
    np.searchsorted(np.zeros(a.shape), 0, side, sorter)  # NumPy says what it needs
    edges = a if sorter is None else a[np.asarray(sorter)]
    return sorting.searchsorted(edges, v, "right" if side[0] in "rR" else "left")[()]


def lexsort(keys: Sequence[LatticeArray], axis: int = -1) -> Any:
    places = np.lexsort([np.zeros(x.shape, np.int8) for x in keys], axis)
    if np.size(places) < 2:  # NumPy has said what it needs
        return places
    return sorting.lexsort([sets.distinct(x).inverse for x in keys], axis)

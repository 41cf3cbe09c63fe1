"""The exact form of np.pad: most modes move elements, by their places or their ranks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from syntonic.lattice import arithmetic, joining, reductions
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.tensor.exact_moving import moved
from syntonic.tensor.exact_order import by_ranks, median

__all__ = ["pad"]

_STATISTICS: dict[Any, Callable[..., LatticeArray]] = {"mean": reductions.mean, "median": median}


def pad(array: LatticeArray, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> LatticeArray:
    if callable(mode):
        return _by_function(array, pad_width, mode, kwargs)
    if mode in _STATISTICS:
        return _with_statistics(array, pad_width, mode, **kwargs)
    if mode in ("maximum", "minimum"):
        return by_ranks(partial(np.pad, **kwargs), array, pad_width, mode)
    if kwargs.get("reflect_type") == "odd":
        return _reflected(array, pad_width, mode, **kwargs)
    fill = kwargs.pop("constant_values", None)
    if fill is None:
        return moved(lambda p: np.pad(p, pad_width, mode, **kwargs), array)
    return moved(lambda p, q: np.pad(p, pad_width, mode, constant_values=q, **kwargs), array, fill)


def _by_function(array: LatticeArray, pad_width: Any, mode: Any, kwargs: Any) -> LatticeArray:
    """Pad by the caller's function, which takes rows of object arrays."""
    given = {k: x.scalars()[()] if isinstance(x, LatticeArray) else x for k, x in kwargs.items()}
    return as_lattice(np.pad(array.scalars(), pad_width, mode, **given), "np.pad")


def _reflected(array: LatticeArray, pad_width: Any, mode: Any, **kwargs: Any) -> LatticeArray:
    """Pad by 2·edge - x: each time that the array is reflected, numbers grow threefold."""
    widths = _pairs(pad_width, array.ndim)
    times = sum(-(-max(w) // max(n - 1, 1)) for w, n in zip(widths, array.shape, strict=True))

    def padded(part: Any) -> Any:
        return np.pad(part, pad_width, mode, **kwargs)

    return arithmetic.linear(array, 3**times, lambda a, b: (padded(a), padded(b)))


def _with_statistics(
    array: LatticeArray, pad_width: Any, mode: Any, stat_length: Any = None, **kwargs: Any
) -> LatticeArray:
    """Pad each axis by the mean or median of its ends, of what earlier axes have added too."""
    np.pad(np.zeros(array.shape), pad_width, "maximum", stat_length=stat_length, **kwargs)
    widths, lengths = _pairs(pad_width, array.ndim), _pairs(stat_length, array.ndim)
    for axis, (width, length) in enumerate(zip(widths, lengths, strict=True)):
        count = array.shape[axis]
        first, last = (count if n is None else min(int(n), count) for n in length)
        parts = [array, array]
        if width[0]:
            parts[0] = _statistic(mode, array, axis, slice(first))
        if width[1]:
            whole = width[0] and first == last == count
            end = slice(count - last, None)
            parts[1] = parts[0] if whole else _statistic(mode, array, axis, end)
        array = _between(parts, array, axis, width)
    return array


def _statistic(mode: Any, array: LatticeArray, axis: int, places: slice) -> LatticeArray:
    rows = array[(slice(None),) * axis + (places,)]
    return _STATISTICS[mode](rows, axis, keepdims=True)


def _between(ends: list[LatticeArray], array: LatticeArray, axis: int, width: Any) -> LatticeArray:
    def joined(before: Any, middle: Any, after: Any) -> Any:
        outer = (
            np.repeat(part.take([0], axis), n, axis) if n else part.take([], axis)
            for part, n in zip((before, after), width, strict=True)
        )
        first, last = outer
        return np.concatenate([first, middle, last], axis)

    return joining.join(joined, ends[0], array, ends[1])


def _pairs(value: Any, ndim: int) -> Any:
    """Return what np.pad takes for all sides as pairs, one for each axis."""
    if isinstance(value, dict):
        value = [value.get(axis, value.get(axis - ndim, 0)) for axis in range(ndim)]
        value = [(x, x) if isinstance(x, int) else x for x in value]
    pairs = np.asarray(value, dtype=object)
    if pairs.shape == (1,):
        pairs = pairs.reshape(())
    return np.broadcast_to(pairs, (ndim, 2)).tolist()

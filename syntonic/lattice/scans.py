"""Running products, and sums and products of segments, in few operations on whole arrays."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from syntonic.lattice.arithmetic import linear, multiply
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.lattice.guards import require_products, require_segments
from syntonic.lattice.joining import join
from syntonic.lattice.reductions import accumulate

__all__ = ["cumprod", "segment_products", "segment_sums"]

_ONE = lattice_scalar(1)
_FEW = 16
"""So many steps are as quick one by one."""


def cumprod(x: LatticeArray, axis: int) -> LatticeArray:
    """Return the running products along an axis."""
    axis = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
    if require_products(x, (axis,), "cumprod", running=True):
        return accumulate(multiply, x.in_gmp(), axis)  # the next factor is short: step by step
    rows = x.map(lambda part: np.ascontiguousarray(np.moveaxis(part, axis, 0)))
    return _running_products(rows).map(lambda part: np.moveaxis(part, 0, axis))


def _running_products(rows: LatticeArray) -> LatticeArray:
    """Multiply within √n blocks, all at once; the blocks then by what comes before each."""
    count = rows.shape[0]
    if count <= _FEW:
        return accumulate(multiply, rows, 0)
    width = isqrt(count)
    blocks = _extended(rows, -count % width).map(
        lambda part: np.ascontiguousarray(
            part.reshape(-1, width, *part.shape[1:]).swapaxes(0, 1)  # blocks side by side
        )
    )
    within = accumulate(multiply, blocks, 0)
    before = _running_products(within[-1])[:-1]
    later = multiply(within[:, 1:], before.map(lambda part: part[None]))
    out = join(lambda p, q: np.concatenate([p, q], 1), within[:, :1], later)
    return out.map(lambda part: part.swapaxes(0, 1).reshape(-1, *part.shape[2:])[:count])


def _extended(rows: LatticeArray, more: int) -> LatticeArray:
    """Return rows with so many of ones after them."""
    ones = _ONE.map(lambda part: np.broadcast_to(part, (more, *rows.shape[1:])))
    return join(lambda p, q: np.concatenate([p, q]), rows, ones)


def segment_sums(x: LatticeArray, starts: Any, axis: int) -> LatticeArray:
    """Return the sums that `numpy.add.reduceat` defines."""
    longest = int(_lengths(starts, x.shape[axis]).max(initial=1))

    def sums(part: Any) -> Any:
        return np.add.reduceat(part, starts, axis)

    return linear(x, longest, lambda a, b: (sums(a), sums(b)))


def segment_products(rows: LatticeArray, starts: Any, skip: int = 0) -> LatticeArray:
    """Return the products that `numpy.multiply.reduceat` defines along the first axis.

    The first `skip` elements of each segment, 0 or 1, are left out.
    """
    lengths = _lengths(starts, rows.shape[0]) - skip
    starts = np.asarray(starts) + skip
    if require_segments(rows, starts, lengths, "prod"):
        rows = rows.in_gmp()
    firsts = np.cumsum(lengths) - lengths
    factors = rows[np.arange(lengths.sum()) + np.repeat(starts - firsts, lengths)]
    while lengths.max(initial=0) > 1:
        factors, lengths = _halved(factors, lengths)
    if lengths.all():
        return factors
    places = np.where(lengths, np.cumsum(lengths) - 1, factors.shape[0])
    return _extended(factors, 1)[places]  # what is empty gives 1


def _halved(factors: LatticeArray, lengths: Any) -> tuple[LatticeArray, Any]:
    """Multiply the factors of each segment in pairs; a last one without a partner stays."""
    within = np.arange(factors.shape[0]) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    left = np.flatnonzero(within % 2 == 0)
    paired = within[left] + 1 < np.repeat(lengths, lengths)[left]
    products = multiply(factors[left[paired]], factors[left[paired] + 1])
    chosen = left.copy()
    chosen[paired] = factors.shape[0] + np.arange(products.shape[0])
    both = join(lambda p, q: np.concatenate([p, q]), factors, products)
    return both[chosen], (lengths + 1) // 2


def _lengths(starts: Any, count: int) -> Any:
    """Return how many elements each segment has: up to the next start, if that is later."""
    return np.maximum(np.diff(np.append(starts, count)), 1)

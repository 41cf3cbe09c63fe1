"""Products of many small square matrices with matrices or vectors, where int64 holds the result."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Any

import numpy as np

from syntonic.jit.thread_count import get_num_threads
from syntonic.lattice.array import INT64_MAX, LatticeArray

__all__ = ["in_threads", "serves", "small_product"]

_MOST = 8
"""Orders up to here have loops of their own: at 8 these take two to four times the time of NumPy's
float64 product of the same matrices, and above that three products through BLAS are no slower."""

_NARROW = 1 << 30
_LEAST_WORK = 1 << 21  # some milliseconds, ten times what starting threads takes


def serves(x: LatticeArray, y: LatticeArray) -> bool:
    """Tell whether the loops have these matrices, whose shapes fit, and int64 their product."""
    left, right = x.a.shape, y.a.shape
    n, m = right[-2:] if len(right) > 1 else (0, 0)
    shapes = 2 <= n <= _MOST and left[-2:] == (n, n) and m in (1, n)
    return shapes and x.is_packed and y.is_packed and 3 * n * x.bound * y.bound <= INT64_MAX


def small_product(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return x @ y, for operands that `serves` admits."""
    n, m = y.a.shape[-2:]
    most = x.bound, y.bound
    p, q = _products(x, y, n, m, max(most) < _NARROW)
    bound = 3 * n * most[0] * most[1]
    return LatticeArray.packed(p, q, x.denominator * y.denominator, bound=bound)


def _products(x: LatticeArray, y: LatticeArray, n: int, m: int, narrow: bool) -> tuple[Any, Any]:
    from syntonic.lattice import small_product_loops as kernels

    batch, factors, places = _batched(x, y)
    p, q = (np.empty((*batch, n, m), np.int64) for _ in range(2))
    count = prod(batch)
    loop = kernels.products_32 if narrow and m > 1 else kernels.products_64
    rows, cols = (0,) * n, (0,) * m
    flat = p.reshape(-1), q.reshape(-1), *factors
    in_threads(loop, count, count * n * n * m, *flat, places, rows, cols)
    return p, q


def _batched(x: LatticeArray, y: LatticeArray) -> tuple[tuple[int, ...], list[Any], Any]:
    """Return the shape of the batch, flat numerators, and where their matrices are.

    For each operand that is the place of the first, and how far on the next ones are.
    """
    shapes = x.a.shape[:-2], y.a.shape[:-2]
    batch = shapes[0] if shapes[0] == shapes[1] else np.broadcast_shapes(*shapes)
    factors, places = [], []
    for z, shape in zip((x, y), shapes, strict=True):
        parts: tuple[Any, Any] = z.a, z.b
        if shape != batch and prod(shape) != 1:
            whole = batch + z.a.shape[-2:]
            parts = np.broadcast_to(z.a, whole), np.broadcast_to(z.b, whole)
        step = z.a.shape[-2] * z.a.shape[-1]
        start = 0
        if all(_runs_back(part) for part in parts):
            parts = parts[0][::-1], parts[1][::-1]
            start, step = (parts[0].shape[0] - 1) * step, -step
        factors += [_flat(part) for part in parts]
        places.append((start, 0 if prod(shape) == 1 else step))
    return batch, factors, tuple(places)


def _runs_back(part: Any) -> bool:
    return bool(part.ndim == 3 and part.strides[0] < 0 and part[::-1].flags.c_contiguous)


def _flat(part: Any) -> Any:
    """Return numbers in a row, read-only as they all are: a loop is compiled for that alone."""
    out = np.ascontiguousarray(part).reshape(-1)  # that alone may step back through one matrix
    out.flags.writeable = False
    return out


def in_threads(loop: Callable[..., None], items: int, work: int, *arguments: Any) -> None:
    """Call loop(first, last, *arguments) over ranges that make up range(items)."""
    most = min(items, work // _LEAST_WORK)
    threads = min(most, get_num_threads()) if most > 1 else 1
    if threads <= 1:
        loop(0, items, *arguments)
        return
    ends = [items * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda i: loop(ends[i], ends[i + 1], *arguments), range(threads)))

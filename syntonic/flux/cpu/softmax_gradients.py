"""The gradients of softmax in compiled loops, in the layouts of `softmax`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.elementary import wide_vectors
from syntonic.flux.cpu.sums import dot, sum_of
from syntonic.jit.compile import njit
from syntonic.jit.thread_count import get_num_threads
from syntonic.jit.threads import in_threads
from syntonic.typing import FloatArray as Array

Doubles = npt.NDArray[np.float64]

__all__ = ["LONG", "gradient", "weight_gradients", "width_of"]

LONG = 1 << 16
"""Rows longer than this do not stay in the level-2 cache: threads share them."""

_BLOCKS = 32
"""Blocks of rows with their own sums by class: enough for any number of threads to share."""


def total(parts: Doubles, axis: int) -> Any:
    """Return the sums of parts along an axis; infinities are no reason to warn."""
    with np.errstate(all="ignore"):
        return parts.sum(axis=axis)


def width_of(outer: int, n: int, inner: int) -> int:
    """Return how many neighbouring columns of length n to treat at once, which no result shows.

    They are 2^16 elements, but not fewer than 512, as long runs of memory are read faster even
    where the block has left the cache; and not so many that a thread has nothing to do.
    """
    share = -(-outer * inner // (64 * get_num_threads())) * 64
    return min(inner, share, max(512, (1 << 16) // n // 64 * 64))


@njit
def _row_gradients(
    first: int, last: int, blocks: int, grad: Array, out: Array, dx: Array, sums: Any
) -> None:
    """Treat blocks first, ..., last - 1 of the rows; `sums` of dx are by block and class."""
    wide_vectors()
    rows = out.shape[0]
    for block in range(first, last):
        if sums is not None:
            sums[block, :] = 0.0
        for r in range(rows * block // blocks, rows * (block + 1) // blocks):
            g, p, target = grad[r], out[r], dx[r]
            along = dx.dtype.type(dot(g, p))
            for i in range(g.size):
                target[i] = p[i] * (g[i] - along)
            if sums is not None:
                by_class = sums[block]
                for i in range(g.size):
                    by_class[i] += np.float64(target[i])


@njit
def _chunk_dots(first: int, last: int, grad: Array, out: Array, dots: Doubles) -> None:
    wide_vectors()
    count = dots.shape[1]
    for item in range(first, last):
        r, k = item // count, item % count
        i, j = k * LONG, (k + 1) * LONG
        dots[r, k] = dot(grad[r][i:j], out[r][i:j])


@njit
def _chunk_gradients(
    first: int, last: int, count: int, grad: Array, out: Array, along: Array, dx: Array
) -> None:
    for item in range(first, last):
        r, i, j = item // count, item % count * LONG, (item % count + 1) * LONG
        g, p, target, share = grad[r][i:j], out[r][i:j], dx[r][i:j], along[r]
        for c in range(g.size):
            target[c] = p[c] * (g[c] - share)


@njit
def _column_gradients(
    first: int, last: int, width: int, grad: Array, out: Array, dx: Array
) -> None:
    wide_vectors()
    _, n, inner = out.shape
    blocks = -(-inner // width)
    dots, along = np.empty(width), np.empty(width, out.dtype)
    for item in range(first, last):
        o, i = item // blocks, item % blocks * width
        j = min(i + width, inner)
        dots[:] = 0.0
        whole = n // 4 * 4
        for k in range(0, whole, 4):
            p, q, r, s = out[o, k][i:j], out[o, k + 1][i:j], out[o, k + 2][i:j], out[o, k + 3][i:j]
            g, h = grad[o, k][i:j], grad[o, k + 1][i:j]
            u, v = grad[o, k + 2][i:j], grad[o, k + 3][i:j]
            for c in range(g.size):
                low, high = g[c] * p[c] + h[c] * q[c], u[c] * r[c] + v[c] * s[c]
                dots[c] += np.float64(low + high)
        for k in range(whole, n):
            g, p = grad[o, k][i:j], out[o, k][i:j]
            for c in range(g.size):
                dots[c] += np.float64(g[c] * p[c])
        for c in range(width):
            along[c] = dots[c]
        for k in range(n):
            g, p, target = grad[o, k][i:j], out[o, k][i:j], dx[o, k][i:j]
            for c in range(g.size):
                target[c] = p[c] * (g[c] - along[c])


@njit
def _class_sums(first: int, last: int, x: Array, sums: Doubles) -> None:
    """Write the sums over outer and inner for classes first, ..., last - 1."""
    wide_vectors()
    for k in range(first, last):
        total = 0.0
        for o in range(x.shape[0]):
            total += sum_of(x[o, k])
        sums[k] = total


@njit
def _weight_gradients(
    first: int, last: int, dx: Array, weights: Array, scale: Any, floor: Any, dw: Array
) -> None:
    dx, weights, dw = dx[first:last], weights[first:last], dw[first:last]
    for i in range(dx.size):
        dw[i] = scale * dx[i] / weights[i] if weights[i] > floor else 0


def gradient(grad: Array, out: Array, summed: bool) -> tuple[Array, Any]:
    """Return the gradient by x and, if asked for, its sums by class."""
    dx, (outer, n, inner) = np.empty_like(out), out.shape
    if out.size == 0:
        return dx, np.zeros(n) if summed else None
    if inner > 1:
        width = width_of(outer, n, inner)
        items = outer * -(-inner // width)
        in_threads(_column_gradients, items, 2 * out.size, width, grad, out, dx)
    else:
        rows = [v.reshape(outer, n) for v in (grad, out, dx)]
        if n <= LONG:
            blocks = min(outer, _BLOCKS) if summed else outer
            sums = np.empty((blocks, n)) if summed else None
            in_threads(_row_gradients, blocks, 2 * out.size, blocks, *rows, sums)
            return dx, None if sums is None else total(sums, 0)
        dots = np.empty((outer, -(-n // LONG)))
        in_threads(_chunk_dots, dots.size, out.size, *rows[:2], dots)
        along = total(dots, 1).astype(out.dtype)
        in_threads(_chunk_gradients, dots.size, out.size, dots.shape[1], *rows[:2], along, rows[2])
    if not summed:
        return dx, None
    by_class = np.empty(n)
    in_threads(_class_sums, n, out.size, dx, by_class)
    return dx, by_class


def weight_gradients(dx: Array, weights: Array, scale: float, floor: float) -> Array:
    """Return scale·dx/w where the weight is above the floor, 0 elsewhere."""
    dw, kind = np.empty_like(weights), weights.dtype.type
    flat = dx.reshape(-1), weights.reshape(-1)
    in_threads(_weight_gradients, dx.size, dx.size, *flat, kind(scale), kind(floor), dw.reshape(-1))
    return dw

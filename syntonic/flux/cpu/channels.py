"""Loops of batch norm over the two kinds of memory of (N, C, S).

Columns: a matrix (N, C·S), vector code going along its rows.
Runs: stretches of S neighbours, vector code going along them.

Statistics are those of `rows`: chunks in two passes, merged in the order of N by Chan's formula.
Loops treat items first, ..., last - 1; what an item is depends on the shape alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.elementary import fma, wide_vectors
from syntonic.flux.cpu.rows import CHUNK, deviations, merge, row_moments
from syntonic.flux.cpu.sums import sum_deviations, sum_of, sum_products
from syntonic.jit.compile import njit
from syntonic.typing import FloatArray as Array

Doubles = npt.NDArray[np.float64]

__all__ = [
    "BLOCK",
    "RUN",
    "SPLIT",
    "STRETCH",
    "apply_to_columns",
    "apply_to_runs",
    "column_gradients",
    "column_moments",
    "column_sums",
    "run_gradients",
    "run_moments",
    "run_sums",
]

RUN = 128
"""Elements of S from which on they are treated as runs."""

BLOCK = 1024
"""Columns of an item, read as whole pages."""

SPLIT = 128
"""Rows of an item."""

STRETCH = 1 << 15
"""Elements of an item of runs, at least."""

_FEW = 16


# -- columns ----------------------------------------------------------------------------------


@njit
def _add_rows(x: Array, start: int, i: int, j: int, pivot: Array, sums: Array) -> None:
    """Add x - pivot of _FEW rows to the sums."""
    for q in range(start, start + _FEW, 4):
        a, b, c, d = x[q][i:j], x[q + 1][i:j], x[q + 2][i:j], x[q + 3][i:j]
        for k in range(a.size):
            p = pivot[k]
            sums[k] += ((a[k] - p) + (b[k] - p)) + ((c[k] - p) + (d[k] - p))


@njit
def _add_squares(
    x: Array, start: int, i: int, j: int, pivot: Array, mean: Array, sums: Array
) -> None:
    """Add (x - pivot - mean)² of _FEW rows to the sums."""
    for q in range(start, start + _FEW, 4):
        a, b, c, d = x[q][i:j], x[q + 1][i:j], x[q + 2][i:j], x[q + 3][i:j]
        for k in range(a.size):
            p, m = pivot[k], mean[k]
            t, u, v, w = a[k] - p - m, b[k] - p - m, c[k] - p - m, d[k] - p - m
            sums[k] += (t * t + u * u) + (v * v + w * w)


@njit
def column_moments(
    first: int, last: int, x: Array, pivots: Array, means: Doubles, squares: Doubles
) -> None:
    """Write the mean, less the pivot, and M2 of each column over SPLIT rows.

    Within a chunk of _FEW rows float32 stays float32: near the pivot that costs no digits.
    """
    rows, cols = x.shape
    blocks = -(-cols // BLOCK)
    middle, more = np.empty(BLOCK, x.dtype), np.empty(BLOCK, x.dtype)
    for item in range(first, last):
        split, i = item // blocks, item % blocks * BLOCK
        j = min(i + BLOCK, cols)
        mean, m2, pivot = means[split][i:j], squares[split][i:j], pivots[i:j]
        mean[:] = 0.0
        m2[:] = 0.0
        stop = min((split + 1) * SPLIT, rows)
        for r in range(split * SPLIT, stop, _FEW):
            few, count = min(_FEW, stop - r), r - split * SPLIT
            share = few / (count + few)
            weight, part = count * share, x.dtype.type(1.0 / few)
            middle[:] = 0
            more[:] = 0
            if few == _FEW:
                _add_rows(x, r, i, j, pivot, middle)
            else:
                for q in range(r, stop):
                    row = x[q][i:j]
                    for k in range(row.size):
                        middle[k] += row[k] - pivot[k]
            for k in range(BLOCK):
                middle[k] *= part
            if few == _FEW:
                _add_squares(x, r, i, j, pivot, middle, more)
            else:
                for q in range(r, stop):
                    row = x[q][i:j]
                    for k in range(row.size):
                        d = row[k] - pivot[k] - middle[k]
                        more[k] += d * d
            for k in range(mean.size):
                d = np.float64(middle[k]) - mean[k]
                mean[k] += d * share
                m2[k] += np.float64(more[k]) + d * (d * weight)


@njit
def apply_to_columns(
    first: int, last: int, x: Array, mean: Array, scale: Array, beta: Array, out: Array
) -> None:
    """Write (x - mean)·scale + beta; items are blocks of columns by splits of rows."""
    wide_vectors()
    rows, cols = x.shape
    blocks = -(-cols // BLOCK)
    for item in range(first, last):
        split, i = item // blocks, item % blocks * BLOCK
        j = min(i + BLOCK, cols)
        m, s, b = mean[i:j], scale[i:j], beta[i:j]
        for r in range(split * SPLIT, min((split + 1) * SPLIT, rows)):
            row, target = x[r][i:j], out[r][i:j]
            for k in range(row.size):
                target[k] = fma(row[k] - m[k], s[k], b[k])


@njit
def column_sums(first: int, last: int, grad: Array, x: Array, mean: Array, sums: Doubles) -> None:
    """Write the sums of g and of g·(x - mean) over SPLIT rows, by split and column."""
    wide_vectors()
    rows, cols = x.shape
    blocks = -(-cols // BLOCK)
    for item in range(first, last):
        split, i = item // blocks, item % blocks * BLOCK
        j = min(i + BLOCK, cols)
        total, dot, m = sums[0, split][i:j], sums[1, split][i:j], mean[i:j]
        total[:] = 0.0
        dot[:] = 0.0
        stop = min((split + 1) * SPLIT, rows)
        whole = split * SPLIT + (stop - split * SPLIT) // 4 * 4
        for r in range(split * SPLIT, whole, 4):
            g, h, u, v = grad[r][i:j], grad[r + 1][i:j], grad[r + 2][i:j], grad[r + 3][i:j]
            a, b, c, d = x[r][i:j], x[r + 1][i:j], x[r + 2][i:j], x[r + 3][i:j]
            for k in range(m.size):
                t = g[k] * (a[k] - m[k]) + h[k] * (b[k] - m[k])
                total[k] += np.float64((g[k] + h[k]) + (u[k] + v[k]))
                dot[k] += np.float64(t + (u[k] * (c[k] - m[k]) + v[k] * (d[k] - m[k])))
        for r in range(whole, stop):
            g, a = grad[r][i:j], x[r][i:j]
            for k in range(m.size):
                total[k] += np.float64(g[k])
                dot[k] += np.float64(g[k] * (a[k] - m[k]))


@njit
def column_gradients(
    first: int,
    last: int,
    grad: Array,
    x: Array,
    mean: Array,
    scale: Array,
    along: Array,
    across: Array,
    dx: Array,
) -> None:
    """Write (g - along - (x - mean)·across)·scale."""
    wide_vectors()
    rows, cols = x.shape
    blocks = -(-cols // BLOCK)
    for item in range(first, last):
        split, i = item // blocks, item % blocks * BLOCK
        j = min(i + BLOCK, cols)
        m, s, a, b = mean[i:j], scale[i:j], along[i:j], across[i:j]
        for r in range(split * SPLIT, min((split + 1) * SPLIT, rows)):
            g, row, target = grad[r][i:j], x[r][i:j], dx[r][i:j]
            for k in range(row.size):
                target[k] = fma(m[k] - row[k], b[k], g[k] - a[k]) * s[k]


# -- runs -------------------------------------------------------------------------------------


@njit
def run_moments(
    first: int, last: int, per: int, x: Array, pivots: Array, means: Doubles, squares: Doubles
) -> None:
    """Write the mean, less the pivot, and M2 of `per` runs of a channel, by part and channel."""
    n, channels, inner = x.shape
    group = max(1, CHUNK // inner)
    for item in range(first, last):
        part, c = item // channels, item % channels
        start, stop = part * per, min((part + 1) * per, n)
        mean, m2 = 0.0, 0.0
        pivot: float = np.float64(pivots[c])
        for i in range(start, stop, group):
            j = min(i + group, stop)
            if inner > CHUNK:
                high, low, v = row_moments(x[i, c])
                u = (high - pivot) + low
            else:
                u, v = _group_moments(x, i, j, c, pivot)
            if i == start:
                mean, m2 = u, v
            else:
                mean, m2 = merge((i - start) * inner, mean, m2, (j - i) * inner, u, v)
        means[part, c], squares[part, c] = mean, m2


@njit
def _group_moments(x: Array, i: int, j: int, c: int, pivot: float) -> tuple[float, float]:
    wide_vectors()
    count, total = (j - i) * x.shape[2], 0.0
    for k in range(i, j):
        total += sum_of(x[k, c])
    mean: float = np.float64(x.dtype.type(total / count))
    rest, squares = 0.0, 0.0
    for k in range(i, j):
        u, v = sum_deviations(x[k, c], mean)
        rest += u
        squares += v
    if rest * (rest / count) * 2 > squares:  # as in `rows`: the rounded mean is too far off
        mean += rest / count
        rest, squares = 0.0, 0.0
        for k in range(i, j):
            u, v = deviations(x[k, c], mean)
            rest += u
            squares += v
    return (mean - pivot) + rest / count, squares - rest * (rest / count)


@njit
def apply_to_runs(
    first: int, last: int, x: Array, mean: Array, scale: Array, beta: Array, out: Array
) -> None:
    """Write (x - mean)·scale + beta; items are runs."""
    channels = mean.size
    for item in range(first, last):
        n, c = item // channels, item % channels
        row, target = x[n, c], out[n, c]
        m, s, b = mean[c], scale[c], beta[c]
        for k in range(row.size):
            target[k] = fma(row[k] - m, s, b)


@njit
def run_sums(
    first: int, last: int, per: int, grad: Array, x: Array, mean: Array, sums: Doubles
) -> None:
    """Write the sums of g and of g·(x - mean) over `per` runs, by part and channel."""
    wide_vectors()
    n, channels, _ = x.shape
    for item in range(first, last):
        part, c = item // channels, item % channels
        total, dot = 0.0, 0.0
        for k in range(part * per, min((part + 1) * per, n)):
            u, v = sum_products(grad[k, c], x[k, c], mean[c])
            total += u
            dot += v
        sums[0, part, c], sums[1, part, c] = total, dot


@njit
def run_gradients(
    first: int,
    last: int,
    grad: Array,
    x: Array,
    mean: Array,
    scale: Array,
    along: Array,
    across: Array,
    dx: Array,
) -> None:
    """Write (g - along - (x - mean)·across)·scale."""
    channels = mean.size
    for item in range(first, last):
        n, c = item // channels, item % channels
        g, row, target = grad[n, c], x[n, c], dx[n, c]
        m, s, a, b = mean[c], scale[c], along[c], across[c]
        for k in range(row.size):
            target[k] = fma(m - row[k], b, g[k] - a) * s

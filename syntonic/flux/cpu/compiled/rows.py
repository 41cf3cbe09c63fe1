"""Layer norm in compiled loops: of rows, and of the rows of a residual connection.

A row's mean and sum of squared deviations M2 come from chunks of CHUNK elements, each in two
passes while it is in the level-1 cache, merged in order by Chan's formula. The second pass also
sums the deviations, which corrects the first. For the order of all sums see `lanes`.

References
----------
T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance: analysis
and recommendations", The American Statistician 37 (1983), 242-247, eq. (1.7) and (2.1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.choice import Array
from syntonic.flux.cpu.compiled.lanes import sum_deviations, sum_of, sum_scaled
from syntonic.flux.cpu.compiled.vector import fma, inlined, wide_vectors
from syntonic.flux.cpu.modes import Factors
from syntonic.flux.cpu.threads import in_threads
from syntonic.lattice.jit import njit

Doubles = npt.NDArray[np.float64]

__all__ = [
    "CHUNK",
    "layer_norm_gradients",
    "layer_norm_of",
    "merge",
    "moments",
    "normalize_rows",
    "row_moments",
    "row_statistics",
]

CHUNK = 1 << 12

_BLOCKS = (2, 32)
"""Blocks of rows, each with its own sums by column, so that threads can share the work: the least
and the largest number."""

_FEW = 16
"""Rows whose terms are added up in the dtype of the array before float64 takes over. A block has
as many at least, if there are enough: its sums by column take time too."""


@inlined
def moments(x: Array, pivot: float) -> tuple[float, float]:
    """Return the mean, less the pivot, and M2 of a chunk.

    A mean rounded to float64 would spoil merged variances where it is much larger than they are:
    near the pivot it keeps its digits.
    """
    wide_vectors()
    share = 1.0 / x.size
    mean = x.dtype.type(sum_of(x) * share)
    rest, squares = sum_deviations(x, mean)
    return (np.float64(mean) - pivot) + rest * share, squares - rest * (rest * share)


@njit
def merge(
    n: float, mean: float, m2: float, n_more: float, mean_more: float, m2_more: float
) -> tuple[float, float]:
    """Return mean and M2 of n and n_more elements together, n_more > 0."""
    share = n_more / (n + n_more)
    d = mean_more - mean
    return mean + d * share, m2 + m2_more + d * (d * (n * share))


@njit
def _moments_of_chunks(x: Array, pivot: float) -> tuple[float, float]:
    mean, m2 = moments(x[:CHUNK], pivot)
    for start in range(CHUNK, x.size, CHUNK):
        part = x[start : start + CHUNK]
        mean_more, m2_more = moments(part, pivot)
        mean, m2 = merge(start, mean, m2, part.size, mean_more, m2_more)
    return mean, m2


@inlined  # a call takes a fifth of the time of a row of a thousand elements
def row_moments(x: Array, pivot: float) -> tuple[float, float]:
    """Return the mean, less the pivot, and M2 of a row of any length."""
    return moments(x, pivot) if x.size <= CHUNK else _moments_of_chunks(x, pivot)


@njit
def _layer_norm(
    first: int,
    last: int,
    x: Array,
    y: Any,
    by: Factors,
    root: float,
    eps: float,
    gamma: Array,
    beta: Array,
    out: Array,
    mean: Array,
    rstd: Array,
) -> None:
    """Normalise rows first, ..., last - 1 of x or, with y, of their residual connection."""
    wide_vectors()
    kind, share = out.dtype.type, 1.0 / x.shape[1]
    for r in range(first, last):
        row, target = x[r], out[r]
        if y is not None:
            other = y[r]
            for i in range(row.size):
                target[i] = fma(other[i], by.inner, row[i]) * by.outer
            row = target
        pivot = np.float64(row[0])
        m, m2 = row_moments(row, pivot)
        s = 1.0 / math.sqrt(m2 * share + eps)
        mean[r], rstd[r] = kind(m + pivot), kind(s)
        middle, scale = mean[r], kind(s * root)
        for i in range(row.size):
            target[i] = fma((row[i] - middle) * scale, gamma[i], beta[i])


@njit
def row_statistics(rows: Array) -> tuple[Array, Array]:
    """Return the mean and the variance of each row."""
    kind = rows.dtype.type
    mean, var = np.empty(rows.shape[0], rows.dtype), np.empty(rows.shape[0], rows.dtype)
    for r in range(rows.shape[0]):
        pivot = np.float64(rows[r, 0])
        m, m2 = row_moments(rows[r], pivot)
        mean[r], var[r] = kind(m + pivot), kind(m2 / rows.shape[1])
    return mean, var


@njit
def normalize_rows(
    rows: Array, mean: Array, var: Array, target: float, eps: float, gamma: Array, beta: Array
) -> None:
    """Normalise each row in place, with a gamma and a beta of its own."""
    kind = rows.dtype.type
    for r in range(rows.shape[0]):
        row, middle, shift = rows[r], mean[r], beta[r]
        scale = kind(math.sqrt(target / (np.float64(var[r]) + eps)) * gamma[r])
        for i in range(row.size):
            row[i] = fma(row[i] - middle, scale, shift)


@njit
def _flush(few: Array, sums: Doubles) -> None:
    """Add the sums of a few rows to those of a block."""
    for i in range(sums.size):
        sums[i] += np.float64(few[i])
        few[i] = 0


@njit
def _layer_norm_gradient(
    first: int,
    last: int,
    blocks: int,
    grad: Array,
    x: Array,
    y: Any,
    by: Factors,
    root: float,
    gamma: Array,
    mean: Array,
    rstd: Array,
    gi: Array,
    gr: Any,
    sums: Doubles,
) -> None:
    """Treat blocks first, ..., last - 1 of the rows; sums[0], sums[1] are by block and column."""
    wide_vectors()
    rows, cols = x.shape
    kind = gi.dtype.type
    dgamma, dbeta = np.zeros(cols, gi.dtype), np.zeros(cols, gi.dtype)
    for block in range(first, last):
        sums[:, block] = 0.0
        start, stop = rows * block // blocks, rows * (block + 1) // blocks
        for r in range(start, stop):
            g, row, target = grad[r], x[r], gi[r]
            if y is not None:
                other = y[r]
                for i in range(cols):
                    target[i] = fma(other[i], by.inner, row[i]) * by.outer
                row = target
            m, s = mean[r], np.float64(rstd[r])
            total, dot = sum_scaled(g, row, gamma, m)
            scale, along, across = kind(s * root), kind(total / cols), kind(dot * s * s / cols)
            for i in range(cols):
                d = row[i] - m
                dgamma[i] = fma(g[i] * scale, d, dgamma[i])
                dbeta[i] += g[i]
                t = fma(g[i], gamma[i], -along)
                target[i] = fma(-d, across, t) * scale * by.identity
            if gr is not None:
                more = gr[r]
                for i in range(cols):
                    more[i] = target[i] * by.residual
            if (r - start) % _FEW == _FEW - 1 or r == stop - 1:
                _flush(dgamma, sums[0, block])
                _flush(dbeta, sums[1, block])


def layer_norm_of(
    x: Array,
    y: Array | None,
    by: Factors,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> tuple[Array, Array, Array]:
    """Return out, mean and rstd for the rows of x, or of the residual connection of x and y."""
    rows, cols = x.shape
    out, mean, rstd = np.empty_like(x), np.empty(rows, x.dtype), np.empty(rows, x.dtype)
    if cols == 0:
        mean[:], rstd[:] = np.nan, np.nan
        return out, mean, rstd
    gamma = np.ones(cols, x.dtype) if gamma is None else gamma
    beta = np.zeros(cols, x.dtype) if beta is None else beta
    options = by, math.sqrt(target), float(eps), gamma, beta
    in_threads(_layer_norm, rows, x.size, x, y, *options, out, mean, rstd)
    return out, mean, rstd


def layer_norm_gradients(
    grad: Array,
    x: Array,
    y: Array | None,
    by: Factors,
    target: float,
    gamma: Array | None,
    mean: Array,
    rstd: Array,
) -> tuple[Array, Array | None, Array, Array]:
    """Return the gradients by identity, residual (None: the same), gamma and beta."""
    rows, cols = x.shape
    gi = np.empty_like(x)
    gr = None if by.identity == by.residual else np.empty_like(x)
    gamma = np.ones(cols, x.dtype) if gamma is None else gamma
    fewest, most = _BLOCKS
    blocks = max(1, min(rows, most, max(fewest, rows // _FEW)))
    sums = np.empty((2, blocks, cols))
    options = by, math.sqrt(target), gamma, mean, rstd
    in_threads(_layer_norm_gradient, blocks, 4 * x.size, blocks, grad, x, y, *options, gi, gr, sums)
    with np.errstate(all="ignore"):
        dgamma, dbeta = sums.sum(axis=1).astype(x.dtype)
    return gi, gr, dgamma, dbeta

"""Normalisations in compiled loops; see `syntonic.flux.cpu.norm` for the contract."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.choice import Array
from syntonic.flux.cpu.compiled import channels
from syntonic.flux.cpu.compiled.channels import BLOCK, RUN, SPLIT, STRETCH
from syntonic.flux.cpu.compiled.rows import (
    layer_norm_gradients,
    layer_norm_of,
    normalize_rows,
    row_statistics,
)
from syntonic.flux.cpu.modes import factors
from syntonic.flux.cpu.threads import in_threads

__all__ = [
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_backward",
    "batch_norm_stats",
    "layer_norm",
    "layer_norm_backward",
    "output_stats",
]

Doubles = npt.NDArray[np.float64]

SMALL = 1 << 10
"""Elements of an array whose channels are gathered as rows."""


# -- batch norm -------------------------------------------------------------------------------


def _per(n: int, inner: int) -> tuple[int, int]:
    """Return how many runs make an item, and how many items a channel has."""
    per = min(n, max(1, STRETCH // inner))
    return per, -(-n // per)


def _items(matrix: Array) -> int:
    rows, cols = matrix.shape
    return -(-rows // SPLIT) * -(-cols // BLOCK)


def _flat(part: Array) -> Array:
    return part.reshape(part.shape[0], -1)


def _moments(x: Array) -> tuple[Doubles, Doubles]:
    """Return the means and variances of the channels in float64."""
    n, count, inner = x.shape
    mean, m2 = np.empty((2, count))
    if x.size == 0:
        mean[:], m2[:] = np.nan, np.nan
        return mean, m2
    pivots, done = x[0, :, 0].copy(), 0
    if inner >= RUN:
        per, parts = _per(n, inner)
        tables = np.empty((2, parts, 1, count, 1))
        in_threads(
            channels.run_moments, parts * count, 2 * x.size, per, x, pivots,
            *tables.reshape(2, parts, count),
        )  # fmt: skip
        channels.merge_parts(0, per * inner, n * inner, tables[0], tables[1], mean, m2)
    else:
        for part in channels.matrices(x):
            matrix = _flat(part)
            rows, cols = matrix.shape
            tables = np.empty((2, -(-rows // SPLIT), *part.shape[1:]))
            arrays = matrix, *_by_column((pivots,), part.shape), *tables.reshape(2, -1, cols)
            in_threads(channels.column_moments, _items(matrix), 2 * matrix.size, *arrays)
            done = channels.merge_parts(done, SPLIT, rows, tables[0], tables[1], mean, m2)
    return mean + pivots, m2 / (n * inner)


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    if 0 < x.size <= SMALL:
        return row_statistics(_rows(x))
    with np.errstate(all="ignore"):
        mean, var = _moments(x)
        return mean.astype(x.dtype), var.astype(x.dtype)


def batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    if 0 < x.size <= SMALL:
        return _small_batch_norm(x, target, eps, gamma, beta)
    mean, var = batch_norm_stats(x)
    return batch_norm_apply(x, mean, var, target, eps, gamma, beta), mean, var


def _small_batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    """Return the same by rows: preparing the loops for large arrays would take longer."""
    n, count, inner = x.shape
    rows = _rows(x)
    gamma = np.ones(count, x.dtype) if gamma is None else gamma
    beta = np.zeros(count, x.dtype) if beta is None else beta
    mean, var = row_statistics(rows)
    normalize_rows(rows, mean, var, target, eps, gamma, beta)
    return np.array(rows.reshape(count, n, inner).swapaxes(0, 1), order="C"), mean, var


def _rows(x: Array) -> Array:
    """Return a copy of x with each channel as a row."""
    n, count, inner = x.shape
    return np.array(x.swapaxes(0, 1), order="C").reshape(count, n * inner)


def batch_norm_apply(
    x: Array,
    mean: Array,
    var: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> Array:
    out = np.empty_like(x)
    scale = _scale(var, target, eps, gamma)
    values = mean, scale, np.zeros_like(mean) if beta is None else beta
    if x.shape[2] >= RUN:
        in_threads(channels.apply_to_runs, x.shape[0] * x.shape[1], x.size, x, *values, out)
    elif x.size:
        for a, b in zip(channels.matrices(x), channels.matrices(out), strict=True):
            columns, matrix = _by_column(values, a.shape), _flat(a)
            work = _items(matrix), matrix.size
            in_threads(channels.apply_to_columns, *work, matrix, *columns, _flat(b))
    return out


def _scale(var: Array, target: float, eps: float, gamma: Array | None) -> Array:
    with np.errstate(all="ignore"):
        scale = np.sqrt(target / (var.astype(np.float64) + eps))
        return (scale if gamma is None else scale * gamma).astype(var.dtype)


def _by_column(values: tuple[Array, ...], shape: tuple[int, ...]) -> list[Array]:
    """Return the values of each channel for each column of a matrix (rows, fold, C, S)."""
    if shape[1] == shape[3] == 1:
        return list(values)
    return [np.broadcast_to(v[:, None], shape[1:]).reshape(-1) for v in values]


def batch_norm_backward(
    grad: Array,
    x: Array,
    mean: Array,
    var: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    training: bool,
) -> tuple[Array, Array, Array]:
    with np.errstate(all="ignore"):
        dbeta, dot = _sums(grad, x, mean)
        rstd = 1 / np.sqrt(var.astype(np.float64) + eps)
        n = x.shape[0] * x.shape[2] if training else np.inf  # constants: nothing to share
        shares = (dbeta / n).astype(x.dtype), (dot * rstd * rstd / n).astype(x.dtype)
        dgamma = dot * rstd * np.sqrt(target)
    values = mean, _scale(var, target, eps, gamma), *shares
    dx = np.empty_like(x)
    if x.shape[2] >= RUN:
        runs = x.shape[0] * x.shape[1]
        in_threads(channels.run_gradients, runs, x.size, grad, x, *values, dx)
    elif x.size:
        for g, a, b in zip(*map(channels.matrices, (grad, x, dx)), strict=True):
            columns, matrix = _by_column(values, a.shape), _flat(a)
            arrays = _flat(g), matrix, *columns, _flat(b)
            in_threads(channels.column_gradients, _items(matrix), matrix.size, *arrays)
    with np.errstate(all="ignore"):
        return dx, dgamma.astype(x.dtype), dbeta.astype(x.dtype)


def _sums(grad: Array, x: Array, mean: Array) -> tuple[Doubles, Doubles]:
    """Return the sums of g and of g·(x - mean) by channel."""
    n, count, inner = x.shape
    total = np.zeros((2, count))
    if x.size and inner >= RUN:
        per, parts = _per(n, inner)
        sums = np.empty((2, parts, count))
        in_threads(channels.run_sums, parts * count, 2 * x.size, per, grad, x, mean, sums)
        total = sums.sum(axis=1)
    elif x.size:
        for g, a in zip(channels.matrices(grad), channels.matrices(x), strict=True):
            matrix = _flat(a)
            sums = np.empty((2, -(-len(matrix) // SPLIT), matrix.shape[1]))
            (middle,) = _by_column((mean,), a.shape)
            work = _items(matrix), 2 * matrix.size
            in_threads(channels.column_sums, *work, _flat(g), matrix, middle, sums)
            total += sums.sum(axis=1).reshape(2, *a.shape[1:]).sum(axis=(1, 3))
    return total[0], total[1]


def output_stats(x: Array) -> Doubles:
    """Take all of x as the one channel of many runs."""
    size, inner = x.size, min(x.size, STRETCH)
    if size == 0:
        return np.full(2, np.nan)
    mean, m2, done, flat = np.empty(1), np.empty(1), 0, x.reshape(-1)
    whole = size // inner * inner
    for part in (flat[:whole].reshape(-1, 1, inner), flat[whole:].reshape(1, 1, -1)):
        if part.size:
            n, _, length = part.shape
            tables = np.empty((2, n, 1, 1, 1))
            arrays = part, flat[:1], *tables.reshape(2, n, 1)
            in_threads(channels.run_moments, n, 2 * part.size, 1, *arrays)
            done = channels.merge_parts(done, length, part.size, tables[0], tables[1], mean, m2)
    with np.errstate(all="ignore"):
        return np.array([mean[0] + np.float64(flat[0]), m2[0] / size])


# -- layer norm -------------------------------------------------------------------------------


def layer_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    return layer_norm_of(x, None, factors("standard", x.dtype), target, eps, gamma, beta)


def layer_norm_backward(
    grad: Array, x: Array, target: float, gamma: Array | None, mean: Array, rstd: Array
) -> tuple[Array, Array, Array]:
    by = factors("standard", x.dtype)
    dx, _, dgamma, dbeta = layer_norm_gradients(grad, x, None, by, target, gamma, mean, rstd)
    return dx, dgamma, dbeta

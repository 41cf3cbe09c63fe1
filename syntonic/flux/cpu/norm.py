"""Golden normalisations: batch norm over (N, C, S), layer norm over rows, forward and backward.

Arrays are C-contiguous and all float64 or all float32; callers have checked that. The variance
after normalisation, before gamma and beta, is the target: out = (x - mean)·√(target/(var + eps))
·gamma + beta. Variances are those of the population and never come from a sum of squares. Nothing
given is written to.

Statistics are float64. Those of channels have the shape (4, C): the mean in two parts, whose sum
it is, the variance, and its root, which stays a number where the variance does not. Those of rows
have the shape (3, rows): the mean in two parts, and √(var + eps).

Errors are within 8 ulp of |gamma|·(|x - mean|/deviation + 1)·√target + |beta|, for means up to 10^8
deviations and whatever scale, and in gradients within as much of the sums of their terms' sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu import channels
from syntonic.flux.cpu.channels import BLOCK, RUN, SPLIT, STRETCH
from syntonic.flux.cpu.factors import FACTORS
from syntonic.flux.cpu.rows import (
    fits,
    layer_norm_gradients,
    layer_norm_of,
    normalize_channels,
    power_below,
    power_outside,
    row_statistics,
)
from syntonic.jit.compile import njit
from syntonic.jit.floats import two_sum
from syntonic.jit.threads import in_threads, usual
from syntonic.typing import FloatArray as Array

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

quietly = np.errstate(all="ignore")

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


def _about(x: Array, pivots: Array) -> tuple[Doubles, Doubles]:
    """Return the means of the channels, less the pivots, and their variances."""
    n, count, inner = x.shape
    (mean, m2), done = np.empty((2, count)), 0
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
    return mean, m2 / (n * inner)


@quietly
def _statistics(x: Array, eps: float) -> Doubles:
    """Return the statistics of channels with at least one element.

    Squares that leave the range of the dtype are taken once more, of x times powers of two, and
    moments about a pivot that is far from the mean about one that is not.
    """
    wide, scale = x.itemsize // 8, None
    pivots = _near_the_mean(x)
    mean, var = _about(x, pivots)
    fit, far = _judged(mean, var, eps, wide)
    if not fit:
        scale = np.where(_fitting(var, eps, wide), 1.0, _powers_of_largest(x, eps))
        x = _times(x, scale)
        pivots = _near_the_mean(x)
        mean, var = _about(x, pivots)
        _, far = _judged(mean, var, eps, wide)
    if far:
        moved = np.where(mean * mean > 16 * var, pivots + mean, pivots)
        pivots = moved.astype(x.dtype)
        mean, var = _about(x, pivots)
    found: Doubles = _table(pivots, mean, var)
    if scale is not None:
        found /= scale
        found[2] /= scale
    return found


@njit
def _judged(mean: Doubles, var: Doubles, eps: float, wide: int) -> tuple[bool, bool]:
    """Tell whether all variances fit, and whether a mean is far from its pivot."""
    fit, far = True, False
    for c in range(mean.size):
        fit = fit and fits(var[c], eps, wide)
        far = far or mean[c] * mean[c] > 16 * var[c]
    return fit, far


@njit
def _fitting(var: Doubles, eps: float, wide: int) -> npt.NDArray[np.bool_]:
    out = np.empty(var.size, np.bool_)
    for c in range(var.size):
        out[c] = fits(var[c], eps, wide)
    return out


@njit
def _table(pivots: Array, mean: Doubles, var: Doubles) -> Doubles:
    """Return the statistics of channels whose means are less their pivots."""
    out = np.empty((4, mean.size))
    for c in range(mean.size):
        out[0, c], out[1, c] = two_sum(np.float64(pivots[c]), mean[c])
        out[2, c], out[3, c] = var[c], math.sqrt(var[c])
    return out


def _near_the_mean(x: Array) -> Array:
    return x[:16, :, 0].mean(axis=0, dtype=np.float64).astype(x.dtype)


def _powers_of_largest(x: Array, eps: float) -> Doubles:
    """Return for each channel a power of two that brings its largest element near 1."""
    largest = np.abs(x).max(axis=(0, 2)).astype(np.float64)
    sizes = np.where(largest < np.inf, np.maximum(largest, np.sqrt(eps)), 0)
    return np.array([power_below(size, x.itemsize // 8) for size in sizes])


def _times(x: Array, by_channel: Doubles) -> Array:
    return np.asarray(x * by_channel.astype(x.dtype)[:, None])


@dataclass
class _Affine:
    """What the loops need of given statistics, for a channel's x or for x·p.

    out = (x - middle)·scale + shift, and x - mean = (x - middle) - low.
    """

    x: Array
    power: Doubles | None
    middle: Array
    low: Doubles
    inverse: Doubles
    """1/√(var + eps)"""

    @classmethod
    def of(cls, x: Array, statistics: Doubles, eps: float) -> _Affine:
        middle, (low, inverse) = np.empty(x.shape[1], x.dtype), np.empty((2, x.shape[1]))
        if channels.near_one(usual(statistics), float(eps), x.itemsize // 8, middle, low, inverse):
            return cls(x, None, middle, low, inverse)
        mean, low, _, deviation = statistics
        deviation = np.hypot(deviation, np.sqrt(eps))
        power = np.array([power_outside(each, x.itemsize // 8) for each in deviation])
        x, mean, low, deviation = _times(x, power), mean * power, low * power, deviation * power
        middle = mean.astype(x.dtype)
        return cls(x, power, middle, (mean - middle) + low, 1 / deviation)


def batch_norm_stats(x: Array) -> Doubles:
    """Return the statistics of each channel of x, of shape (N, C, S)."""
    if x.size == 0:
        return np.full((4, x.shape[1]), np.nan)
    return row_statistics(_rows(x), 0.0) if x.size <= SMALL else _statistics(x, 0.0)


def batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Doubles]:
    """Normalise the channels of x, of shape (N, C, S); return out and their statistics."""
    if 0 < x.size <= SMALL:
        return _small_batch_norm(x, target, eps, gamma, beta)
    statistics = _statistics(x, eps) if x.size else batch_norm_stats(x)
    return batch_norm_apply(x, statistics, target, eps, gamma, beta), statistics


def _small_batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Doubles]:
    """Return the same by rows: preparing the loops for large arrays would take longer."""
    n, count, inner = x.shape
    rows = _rows(x)
    gamma = np.ones(count, x.dtype) if gamma is None else gamma
    beta = np.zeros(count, x.dtype) if beta is None else beta
    statistics: Doubles = normalize_channels(rows, target, float(eps), gamma, beta)
    return np.array(rows.reshape(count, n, inner).swapaxes(0, 1), order="C"), statistics


def _rows(x: Array) -> Array:
    """Return a copy of x with each channel as a row."""
    n, count, inner = x.shape
    return np.array(x.swapaxes(0, 1), order="C").reshape(count, n * inner)


@quietly
def batch_norm_apply(
    x: Array,
    statistics: Doubles,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> Array:
    """Normalise the channels of x by statistics that are given."""
    given, numbers = _Affine.of(x, statistics, eps), np.empty((2, x.shape[1]), x.dtype)
    gamma = np.ones(x.shape[1], x.dtype) if gamma is None else gamma
    beta = np.zeros(x.shape[1], x.dtype) if beta is None else beta
    channels.line(given.low, given.inverse, math.sqrt(target), usual(gamma), usual(beta), numbers)
    values = given.middle, *numbers
    x, out = given.x, np.empty_like(x)
    if x.shape[2] >= RUN:
        in_threads(channels.apply_to_runs, x.shape[0] * x.shape[1], x.size, x, *values, out)
    elif x.size:
        for a, b in zip(channels.matrices(x), channels.matrices(out), strict=True):
            columns, matrix = _by_column(values, a.shape), _flat(a)
            work = _items(matrix), matrix.size
            in_threads(channels.apply_to_columns, *work, matrix, *columns, _flat(b))
    return out


def _by_column(values: tuple[Array, ...], shape: tuple[int, ...]) -> list[Array]:
    """Return the values of each channel for each column of a matrix (rows, fold, C, S)."""
    if shape[1] == shape[3] == 1:
        return list(values)
    return [np.broadcast_to(v[:, None], shape[1:]).reshape(-1) for v in values]


@quietly
def batch_norm_backward(
    grad: Array,
    x: Array,
    statistics: Doubles,
    target: float,
    eps: float,
    gamma: Array | None,
    training: bool,
) -> tuple[Array, Array, Array]:
    """Return the gradients by x, gamma and beta.

    In training the statistics are functions of x; else they are constants.
    """
    given = _Affine.of(x, statistics, eps)
    x, dx = given.x, np.empty_like(x)
    dbeta, dot = _sums(grad, x, given.middle)
    n = x.shape[0] * x.shape[2] if training else math.inf  # constants: nothing to share
    gamma = np.ones(x.shape[1], x.dtype) if gamma is None else gamma
    numbers, sums = np.empty((3, x.shape[1]), x.dtype), np.empty((2, x.shape[1]), x.dtype)
    at = given.low, given.inverse, float(n), math.sqrt(target)
    channels.slopes(dbeta, dot, *at, usual(gamma), numbers, sums)
    values = given.middle, *numbers
    if x.shape[2] >= RUN:
        runs = x.shape[0] * x.shape[1]
        in_threads(channels.run_gradients, runs, x.size, grad, x, *values, dx)
    elif x.size:
        for g, a, b in zip(*map(channels.matrices, (grad, x, dx)), strict=True):
            columns, matrix = _by_column(values, a.shape), _flat(a)
            arrays = _flat(g), matrix, *columns, _flat(b)
            in_threads(channels.column_gradients, _items(matrix), matrix.size, *arrays)
    dx = dx if given.power is None else _times(dx, given.power)
    return dx, *sums


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


@quietly
def output_stats(x: Array) -> Doubles:
    """Return the mean and variance of all of x, as two float64 numbers."""
    if x.size == 0:
        return np.full(2, np.nan)
    flat, scale = x.reshape(-1), 1.0
    mean, var = _moments_of_all(flat)
    if not fits(var, 0.0, x.itemsize // 8):
        size = float(np.abs(flat).max())
        scale = power_below(size, x.itemsize // 8)
        mean, var = _moments_of_all(flat * x.dtype.type(scale))
    return np.array([mean, var / scale]) / scale


def _moments_of_all(flat: Array) -> tuple[float, float]:
    """Take all elements as the one channel of many runs."""
    size, inner = flat.size, min(flat.size, STRETCH)
    mean, m2, done = np.empty(1), np.empty(1), 0
    pivot = flat[:STRETCH].mean(dtype=np.float64, keepdims=True).astype(flat.dtype)
    whole = size // inner * inner
    for part in (flat[:whole].reshape(-1, 1, inner), flat[whole:].reshape(1, 1, -1)):
        if part.size:
            n, _, length = part.shape
            tables = np.empty((2, n, 1, 1, 1))
            arrays = part, pivot, *tables.reshape(2, n, 1)
            in_threads(channels.run_moments, n, 2 * part.size, 1, *arrays)
            done = channels.merge_parts(done, length, part.size, tables[0], tables[1], mean, m2)
    return float(mean[0] + np.float64(pivot[0])), float(m2[0] / size)


# -- layer norm -------------------------------------------------------------------------------


def layer_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Doubles]:
    """Normalise the rows of x; return out and the rows' statistics, without the target."""
    return layer_norm_of(x, None, FACTORS["standard", x.dtype], target, eps, gamma, beta)


def layer_norm_backward(
    grad: Array, x: Array, target: float, gamma: Array | None, statistics: Doubles
) -> tuple[Array, Array, Array]:
    """Return the gradients by x, gamma and beta."""
    by = FACTORS["standard", x.dtype]
    dx, _, dgamma, dbeta = layer_norm_gradients(grad, x, None, by, target, gamma, statistics)
    return dx, dgamma, dbeta

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

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu import channels, passes
from syntonic.flux.cpu.channels import STRETCH
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
from syntonic.jit.threads import crew, in_threads, usual
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


@njit
def _fitting(var: Doubles, eps: float, wide: int) -> npt.NDArray[np.bool_]:
    out = np.empty(var.size, np.bool_)
    for c in range(var.size):
        out[c] = fits(var[c], eps, wide)
    return out


def _statistics(x: Array, eps: float) -> Doubles:
    """Return the statistics of channels with at least one element.

    Squares that leave the range of the dtype are taken once more, of x times powers of two.
    """
    found: Doubles = np.empty((4, x.shape[1]))
    hands, x, eps = crew(2 * x.size, x.size), usual(x), float(eps)
    if not passes.statistics_of(hands, x, eps, False, found):
        with np.errstate(all="ignore"):
            fitting = _fitting(found[2], eps, x.itemsize // 8)
            scale = np.where(fitting, 1.0, _powers_of_largest(x, eps))
            passes.statistics_of(hands, _times(x, scale), eps, True, found)
            found /= scale
            found[2] /= scale
    return found


def _powers_of_largest(x: Array, eps: float) -> Doubles:
    """Return for each channel a power of two that brings its largest element near 1."""
    largest = np.abs(x).max(axis=(0, 2)).astype(np.float64)
    sizes = np.where(largest < np.inf, np.maximum(largest, np.sqrt(eps)), 0)
    return np.array([power_below(size, x.itemsize // 8) for size in sizes])


@quietly
def _times(x: Array, by_channel: Doubles) -> Array:
    return np.asarray(x * by_channel.astype(x.dtype)[:, None])


def _room(x: Array) -> tuple[Array, Doubles]:
    """Return room for the centre, which the passes make of statistics, for a channel's x or x·p.

    That is the mean in x's dtype; and in another array what it lacks, and 1/√(var + eps).
    """
    return np.empty(x.shape[1], x.dtype), np.empty((2, x.shape[1]))


@quietly
def _scaled(
    x: Array, statistics: Doubles, eps: float, middle: Array, rest: Doubles
) -> tuple[Array, Doubles]:
    """Return x·p and powers of two p that bring deviations near 1, and write the centre of x·p."""
    mean, low, _, deviation = statistics
    deviation = np.hypot(deviation, np.sqrt(eps))
    power = np.array([power_outside(each, x.itemsize // 8) for each in deviation])
    mean = mean * power
    middle[:] = mean
    rest[:] = (mean - middle) + low * power, 1 / (deviation * power)
    return _times(x, power), power


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


def batch_norm_apply(
    x: Array,
    statistics: Doubles,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> Array:
    """Normalise the channels of x by statistics that are given."""
    x, out, hands = usual(x), np.empty_like(x), crew(x.size, x.size)
    gamma = np.ones(x.shape[1], x.dtype) if gamma is None else usual(gamma)
    beta = np.zeros(x.shape[1], x.dtype) if beta is None else usual(beta)
    statistics, eps, root = usual(statistics), float(eps), math.sqrt(target)
    middle, rest = _room(x)

    def passed(x: Array, centred: bool) -> bool:
        return passes.apply(
            hands, x, statistics, eps, centred, middle, rest, root, gamma, beta, out
        )  # fmt: skip

    if not passed(x, False):
        passed(_scaled(x, statistics, eps, middle, rest)[0], True)
    return out


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
    grad, x, hands = usual(grad), usual(x), crew(2 * x.size, x.size)
    dx, sums = np.empty_like(x), np.empty((2, x.shape[1]), x.dtype)
    gamma = np.ones(x.shape[1], x.dtype) if gamma is None else usual(gamma)
    statistics, eps, root = usual(statistics), float(eps), math.sqrt(target)
    middle, rest = _room(x)
    n = float(x.shape[0] * x.shape[2]) if training else math.inf  # constants: nothing to share

    def passed(x: Array, centred: bool) -> bool:
        return passes.gradients(
            hands, grad, x, statistics, eps, centred, middle, rest, n, root, gamma, dx, sums
        )  # fmt: skip

    if not passed(x, False):
        scaled, power = _scaled(x, statistics, eps, middle, rest)
        passed(scaled, True)
        dx = _times(dx, power)
    return dx, *sums


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
            done = passes.merge_parts(done, length, part.size, tables[0], tables[1], mean, m2)
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

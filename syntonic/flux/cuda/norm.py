"""Golden normalizations on CUDA arrays: which kernels of `kernels/golden_batch_norm.cu`, and how.

Arrays are C-contiguous, on one device, of float64, float32, float16 or bfloat16; gamma and beta are
of the accumulation dtype: float64, or float32 for the narrower ones. Equal inputs give equal bits.

Statistics are float64, whatever the dtype: a mean is two numbers, its nearest float64 and what that
misses, and the variance of float32 may be no float32. Any finite input will do: where squares leave
the range of the accumulation dtype, a channel or row is read again, scaled by a power of two.
"""

from __future__ import annotations

import math

import numpy as np

from syntonic.flux.cuda.channels import BLOCK, BLOCKS, SHARE, Channels
from syntonic.flux.cuda.launch import Array, blocks_for
from syntonic.flux.cuda.layer_norm import layer_norm, layer_norm_backward
from syntonic.flux.cuda.moments import MOMENTS, SUMS, Call, moments
from syntonic.flux.cuda.plan import planned

__all__ = [
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_backward",
    "batch_norm_stats",
    "layer_norm",
    "layer_norm_backward",
    "output_stats",
]

_STATISTICS = 4
"""Numbers kept of a channel: the mean's two, variance and deviation."""

_AFFINE = 4
"""Numbers that normalize a channel: power, mean, scale, offset."""

_GRADIENT = 5
"""Numbers of a channel's gradient: power, mean, scale, offset, slope."""


@planned
def batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array]:
    """Normalize every channel to the target variance by its own statistics.

    Parameters
    ----------
    x
        Shape (N, C, S).
    target, eps
        Before gamma the output's variance is target·var/(var+eps).
    gamma, beta
        Shape (C,), or None for 1 and 0.

    Returns
    -------
    tuple
        The output, and the statistics of `batch_norm_stats`.

    Notes
    -----
    Kernels `golden_bn_{1d,2d}_compute_stats`, `golden_bn_finalize` and
    `golden_bn_{1d,2d}_normalize`; or, for channels that a block's cache holds,
    `golden_bn_{1d,2d}_fused` alone.
    """
    call, walk, whole = Call(x), Channels.of(x), Channels.whole(x)
    out, statistics = call.empty(x.shape), call.doubles(_STATISTICS, walk.c)
    constants = (gamma, beta, *call.numbers(math.sqrt(target), eps))
    if x.size and whole:
        arguments = (out, statistics, x, *constants, *whole.sizes)
        call(f"golden_bn_{whole.way}_fused", (whole.wide,), whole.block, *arguments)
    elif walk.c:
        affine, (partial, splits) = call.sums(walk.c, _AFFINE), moments(call, x, walk)
        arguments = (statistics, affine, partial, x, *constants)
        call.by_channel("golden_bn_finalize", walk, splits, *arguments)
        _normalize(call, walk, out, x, affine)
    return out, statistics


@planned
def batch_norm_stats(x: Array) -> Array:
    """Return the statistics of every channel, float64, shape (4, C): NaN without values.

    Parameters
    ----------
    x
        Shape (N, C, S).

    Returns
    -------
    array
        In rows: mean; what the mean has beyond that float64; variance of the population, inf or 0
        where it is no float64; and its root, which is one.

    Notes
    -----
    Kernels `golden_bn_{1d,2d}_compute_stats` and `golden_bn_finalize`.
    """
    call, walk = Call(x), Channels.of(x)
    statistics = call.doubles(_STATISTICS, walk.c)
    if walk.c:
        partial, splits = moments(call, x, walk)
        arguments = (statistics, None, partial, x, None, None, *call.numbers(1, 0))
        call.by_channel("golden_bn_finalize", walk, splits, *arguments)
    return statistics


@planned
def batch_norm_apply(
    x: Array,
    statistics: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> Array:
    """Return (x-mean)·gamma·sqrt(target/(var+eps))+beta by given statistics.

    Parameters
    ----------
    x
        Shape (N, C, S).
    statistics
        As of `batch_norm_stats`; the deviation counts, the variance is not read.
    gamma, beta
        Shape (C,), or None for 1 and 0.
    target, eps
        The target variance and what is added to the variance.

    Notes
    -----
    Kernels `golden_bn_scale` and `golden_bn_{1d,2d}_normalize`.
    """
    call, walk = Call(x), Channels.of(x)
    out, affine = call.empty(x.shape), call.sums(walk.c, _AFFINE)
    numbers = (*call.numbers(math.sqrt(target), eps), np.int64(walk.c))
    if x.size:
        grid, arguments = (blocks_for(walk.c, BLOCK // 2),), (affine, statistics, gamma, beta)
        call("golden_bn_scale", grid, BLOCK // 2, *arguments, *numbers)
    _normalize(call, walk, out, x, affine)
    return out


@planned
def batch_norm_backward(
    grad: Array,
    x: Array,
    statistics: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    training: bool,
) -> tuple[Array, Array, Array]:
    """Return the gradients of x, gamma and beta.

    Parameters
    ----------
    grad, x
        The output's gradient and the input, shape (N, C, S).
    statistics
        As of `batch_norm_stats`; the deviation counts, the variance is not read.
    gamma
        Shape (C,), or None for 1.
    target, eps
        As they were given to the normalization.
    training
        Whether the statistics are x's own, and not constants.

    Returns
    -------
    tuple
        The gradients, shapes (N, C, S), (C,) and (C,).

    Notes
    -----
    Kernels `golden_bn_{1d,2d}_backward_reduce`, `golden_bn_backward_finalize` and
    `golden_bn_{1d,2d}_backward`; or, for channels that a block's cache holds,
    `golden_bn_{1d,2d}_backward_fused` alone.
    """
    call, walk, whole = Call(x), Channels.of(x), Channels.whole(x, arrays=2)
    dx, dgamma, dbeta = call.empty(x.shape), call.sums(walk.c), call.sums(walk.c)
    gain, added = call.numbers(math.sqrt(target), eps)
    constants = (statistics, gamma, gain, added)
    trained = np.int32(training)
    if x.size and whole:
        arguments = (dx, dgamma, dbeta, grad, x, *constants, trained, *whole.sizes)
        call(f"golden_bn_{whole.way}_backward_fused", (whole.wide,), whole.block, *arguments)
    elif walk.c:
        gradient, splits = call.sums(walk.c, _GRADIENT), walk.splits if x.size else 0
        partial = call.sums(walk.c, splits, SUMS)
        name = f"golden_bn_{walk.way}_backward"
        if splits:
            arguments = (partial, grad, x, statistics, added, *walk.sizes, *walk.units)
            call(f"{name}_reduce", walk.grid, walk.block, *arguments)
        results = (dgamma, dbeta, gradient)
        call.by_channel("golden_bn_backward_finalize", walk, splits, *results, partial, *constants)
        if splits:
            arguments = (dx, grad, x, gradient, trained, *walk.sizes, *walk.units)
            call(name, walk.grid, walk.block, *arguments)
    return dx, dgamma, dbeta


@planned
def output_stats(x: Array) -> Array:
    """Return mean and population variance of a whole array, shape (2,), float64.

    Parameters
    ----------
    x
        Of any shape; NaN if it is empty.

    Notes
    -----
    Kernels `compute_output_stats` and `compute_output_stats_finalize`.
    """
    call = Call(x)
    packs, most = -(-x.nbytes // 16), blocks_for(x.nbytes, SHARE, BLOCKS // 4)
    share = max(1, -(-packs // most))
    splits = -(-packs // share)
    partial, stats = call.sums(splits, MOMENTS), call.doubles(2)
    if splits:
        sizes = (np.int64(x.size), np.int64(share))
        call("compute_output_stats", (1, splits), BLOCK, partial, x, *sizes)
    arguments = (stats, partial, x, np.int64(x.size), np.int32(splits))
    call("compute_output_stats_finalize", (1,), BLOCK, *arguments)
    return stats


def _normalize(call: Call, walk: Channels, out: Array, x: Array, affine: Array) -> None:
    if x.size:
        arguments = (out, x, affine, *walk.sizes, *walk.units)
        call(f"golden_bn_{walk.way}_normalize", walk.grid, walk.block, *arguments)

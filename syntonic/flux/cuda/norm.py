"""Golden normalizations on CUDA arrays: which kernels of `kernels/golden_batch_norm.cu`, and how.

Arrays are C-contiguous, on one device, of float64, float32, float16 or bfloat16; statistics, gamma
and beta are of the accumulation dtype: float64, or float32 for the narrower ones. Equal inputs give
equal bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.flux.cuda.channels import BLOCK, BLOCKS, SHARE, Channels
from syntonic.flux.cuda.launch import Array, blocks_for
from syntonic.flux.cuda.layer_norm import layer_norm, layer_norm_backward
from syntonic.flux.cuda.moments import MOMENTS, SUMS, Call, statistics

__all__ = [
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_backward",
    "batch_norm_stats",
    "layer_norm",
    "layer_norm_backward",
    "output_stats",
]

_GRADIENT = 4
"""Numbers of a channel's gradient: mean, scale, offset, slope."""


def batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
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
        The output, and mean and population variance, shape (C,): NaN where there are no values.

    Notes
    -----
    Kernels `golden_bn_{1d,2d}_compute_stats`, `golden_bn_finalize` and
    `golden_bn_{1d,2d}_normalize`; or, for channels that a block's cache holds,
    `golden_bn_{1d,2d}_fused` alone.
    """
    call, walk, whole = Call(x), Channels.of(x), Channels.whole(x)
    out, mean, var = call.empty(x.shape), call.stats(walk.c), call.stats(walk.c)
    numbers = call.numbers(target, eps)
    if x.size and whole:
        arguments = (out, mean, var, x, gamma, beta, *numbers, *whole.sizes)
        call(f"golden_bn_{whole.way}_fused", (whole.wide,), whole.block, *arguments)
    else:
        rest, scale = call.stats(walk.c), call.stats(walk.c)
        statistics(call, x, walk, (mean, var, rest, scale), gamma, numbers)
        _normalize(call, walk, out, x, mean, rest, scale, beta)
    return out, mean, var


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    """Return mean and population variance of every channel, shape (C,): NaN without values.

    Parameters
    ----------
    x
        Shape (N, C, S).

    Notes
    -----
    Kernels `golden_bn_{1d,2d}_compute_stats` and `golden_bn_finalize`.
    """
    call, walk = Call(x), Channels.of(x)
    mean, var = call.stats(walk.c), call.stats(walk.c)
    statistics(call, x, walk, (mean, var, None, None), None, call.numbers(1, 0))
    return mean, var


def batch_norm_apply(
    x: Array,
    mean: Array,
    var: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> Array:
    """Return (x-mean)·gamma·sqrt(target/(var+eps))+beta by given statistics, shape (C,).

    Parameters
    ----------
    x
        Shape (N, C, S).
    mean, var, gamma, beta
        Shape (C,); gamma and beta may be None.
    target, eps
        The target variance and what is added to the variance.

    Notes
    -----
    Kernels `golden_bn_scale` and `golden_bn_{1d,2d}_normalize`.
    """
    call, walk = Call(x), Channels.of(x)
    out, scale = call.empty(x.shape), call.stats(walk.c)
    arguments = (scale, var, gamma, *call.numbers(target, eps), np.int64(walk.c))
    if x.size:
        call("golden_bn_scale", (blocks_for(walk.c, BLOCK // 2),), BLOCK // 2, *arguments)
    _normalize(call, walk, out, x, mean, None, scale, beta)
    return out


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
    """Return the gradients of x, gamma and beta.

    Parameters
    ----------
    grad, x
        The output's gradient and the input, shape (N, C, S).
    mean, var, gamma
        Shape (C,); gamma may be None for 1.
    target, eps
        As they were given to the normalization.
    training
        Whether mean and var are x's own, and not constants.

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
    dx, dgamma, dbeta = call.empty(x.shape), call.stats(walk.c), call.stats(walk.c)
    constants = (mean, var, gamma, *call.numbers(target, eps))
    trained = np.int32(training)
    if x.size and whole:
        arguments = (dx, dgamma, dbeta, grad, x, *constants, trained, *whole.sizes)
        call(f"golden_bn_{whole.way}_backward_fused", (whole.wide,), whole.block, *arguments)
    elif walk.c:
        gradient, splits = call.stats(walk.c, _GRADIENT), walk.splits if x.size else 0
        partial = call.stats(walk.c, splits, SUMS)
        name = f"golden_bn_{walk.way}_backward"
        if splits:
            arguments = (partial, grad, x, mean, *walk.sizes, *walk.units)
            call(f"{name}_reduce", walk.grid, walk.block, *arguments)
        results = (dgamma, dbeta, gradient)
        call.by_channel("golden_bn_backward_finalize", walk, splits, *results, partial, *constants)
        if splits:
            arguments = (dx, grad, x, gradient, trained, *walk.sizes, *walk.units)
            call(name, walk.grid, walk.block, *arguments)
    return dx, dgamma, dbeta


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
    partial, stats = call.stats(splits, MOMENTS), call.empty((2,), np.float64)
    if splits:
        sizes = (np.int64(x.size), np.int64(share))
        call("compute_output_stats", (1, splits), BLOCK, partial, x, *sizes)
    arguments = (stats, partial, x, np.int64(x.size), np.int32(splits))
    call("compute_output_stats_finalize", (1,), BLOCK, *arguments)
    return stats


def _normalize(call: Call, walk: Channels, out: Array, x: Array, *coefficients: Any) -> None:
    if x.size:
        arguments = (out, x, *coefficients, *walk.sizes, *walk.units)
        call(f"golden_bn_{walk.way}_normalize", walk.grid, walk.block, *arguments)

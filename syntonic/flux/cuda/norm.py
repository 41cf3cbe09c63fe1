"""Golden normalizations on CUDA arrays: which kernels of `kernels/golden_batch_norm.cu`, and how.

Arrays are C-contiguous, on one device, of float64, float32, float16 or bfloat16; statistics, gamma
and beta are of the accumulation dtype: float64, or float32 for the narrower ones. Equal inputs give
equal bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from syntonic.flux.cuda.channels import BLOCK, BLOCKS, SHARE, Channels, row_team
from syntonic.flux.cuda.launch import WARP, Array, blocks_for, runtime_of
from syntonic.flux.cuda.source import acc_dtype, suffix

__all__ = ["batch_norm", "batch_norm_apply", "batch_norm_stats", "layer_norm", "output_stats"]

_ROW_PACKS = 4
"""Packs of 16 bytes that a thread holds of a row: SRT_ROW_PACKS of layer_norm.cuh."""

_MOMENTS = 3
"""Numbers of a partial: count, mean, sum of squared deviations."""


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
    call, walk, whole = _Call(x), Channels.of(x), Channels.whole(x)
    out, mean, var = call.empty(x.shape), call.stats(walk.c), call.stats(walk.c)
    numbers = call.numbers(target, eps)
    if x.size and whole:
        arguments = (out, mean, var, x, gamma, beta, *numbers, *whole.sizes)
        call(f"golden_bn_{whole.way}_fused", (whole.wide,), whole.block, *arguments)
    else:
        rest, scale = call.stats(walk.c), call.stats(walk.c)
        _statistics(call, x, walk, (mean, var, rest, scale), gamma, numbers)
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
    call, walk = _Call(x), Channels.of(x)
    mean, var = call.stats(walk.c), call.stats(walk.c)
    _statistics(call, x, walk, (mean, var, None, None), None, call.numbers(1, 0))
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
    call, walk = _Call(x), Channels.of(x)
    out, scale = call.empty(x.shape), call.stats(walk.c)
    arguments = (scale, var, gamma, *call.numbers(target, eps), np.int64(walk.c))
    if x.size:
        call("golden_bn_scale", (blocks_for(walk.c, BLOCK // 2),), BLOCK // 2, *arguments)
    _normalize(call, walk, out, x, mean, None, scale, beta)
    return out


def layer_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    """Normalize every row to the target variance by its own statistics.

    Parameters
    ----------
    x
        Shape (rows, cols).
    target, eps
        Before gamma the output's variance is target·var/(var+eps).
    gamma, beta
        Shape (cols,), or None for 1 and 0.

    Returns
    -------
    tuple
        The output, and mean and 1/sqrt(var+eps), shape (rows,): NaN where there are no columns.

    Notes
    -----
    Kernel `golden_layer_norm`, with the row in registers; for rows above 64 KiB, 32 KiB in half
    precision, `golden_bn_2d_compute_stats`, `golden_bn_finalize` and `golden_layer_norm_apply`.
    """
    call, (rows, cols) = _Call(x), x.shape
    out, mean, rstd = call.empty(x.shape), call.stats(rows), call.stats(rows)
    gain, small = call.numbers(math.sqrt(target), eps)
    shape = (np.int64(rows), np.int64(cols))
    team = row_team(cols * x.dtype.itemsize, _ROW_PACKS, call.most_team)
    if x.size and team:
        block = team if team > WARP else BLOCK
        arguments = (out, mean, rstd, x, gamma, beta, gain, small, *shape, np.int32(team))
        call("golden_layer_norm", (blocks_for(rows * team, block),), block, *arguments)
        return out, mean, rstd
    plane, rest, var = x.reshape(1, rows, cols), call.stats(rows), call.stats(rows)
    walk = Channels.of(plane)
    _statistics(call, plane, walk, (mean, var, rest, rstd), None, call.numbers(1, eps))
    if x.size:
        sizes = (*shape, np.int32(walk.lanes), walk.units[1])
        coefficients = (mean, rest, rstd, gamma, beta, gain)
        call("golden_layer_norm_apply", walk.grid, walk.block, out, x, *coefficients, *sizes)
    return out, mean, rstd


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
    call = _Call(x)
    packs, most = -(-x.nbytes // 16), blocks_for(x.nbytes, SHARE, BLOCKS // 4)
    share = max(1, -(-packs // most))
    splits = -(-packs // share)
    partial, stats = call.stats(splits, _MOMENTS), call.empty((2,), np.float64)
    if splits:
        sizes = (np.int64(x.size), np.int64(share))
        call("compute_output_stats", (1, splits), BLOCK, partial, x, *sizes)
    arguments = (stats, partial, x, np.int64(x.size), np.int32(splits))
    call("compute_output_stats_finalize", (1,), BLOCK, *arguments)
    return stats


class _Call:
    """The runtime, the kernels' dtype and the accumulation dtype of an array."""

    def __init__(self, x: Array) -> None:
        self._runtime, self._dtype = runtime_of(x), x.dtype
        self.acc = acc_dtype(x.dtype)

    def __call__(self, kernel: str, grid: tuple[int, ...], block: int, *arguments: Any) -> None:
        ending = suffix(self._dtype)
        symbol = f"{kernel}_{ending}"
        self._runtime.launch("golden_batch_norm", symbol, ending, grid, (block,), arguments)

    def empty(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        return self._runtime.empty(shape, self._dtype if dtype is None else np.dtype(dtype))

    def stats(self, *shape: int) -> Array:
        return self._runtime.empty(shape, self.acc)

    @property
    def most_team(self) -> int:
        """Threads that hold a row at most: SRT_ROW_TEAM of layer_norm.cuh."""
        return 1024 if self._dtype.itemsize >= 4 else 512

    def numbers(self, *values: float) -> tuple[Any, ...]:
        return tuple(self.acc.type(value) for value in values)


def _statistics(
    call: _Call,
    x: Array,
    walk: Channels,
    results: tuple[Array | None, ...],
    gamma: Array | None,
    numbers: tuple[Any, ...],
) -> None:
    """Write mean, var, rest and scale; the last two may be None."""
    if walk.c == 0:
        return
    splits = walk.splits if x.size else 0
    partial = call.stats(walk.c, splits, _MOMENTS)
    if splits:
        arguments = (partial, x, *walk.sizes, *walk.units)
        call(f"golden_bn_{walk.way}_compute_stats", walk.grid, walk.block, *arguments)
    sizes = (*map(np.int64, (walk.n, walk.c, walk.s)), np.int32(splits))
    grid = (blocks_for(walk.c * WARP, BLOCK // 2),)
    call("golden_bn_finalize", grid, BLOCK // 2, *results, partial, x, gamma, *numbers, *sizes)


def _normalize(call: _Call, walk: Channels, out: Array, x: Array, *coefficients: Any) -> None:
    if x.size:
        arguments = (out, x, *coefficients, *walk.sizes, *walk.units)
        call(f"golden_bn_{walk.way}_normalize", walk.grid, walk.block, *arguments)

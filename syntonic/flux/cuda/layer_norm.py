"""Golden layer normalization on CUDA arrays: teams of threads hold rows in registers.

Rows too long for that are one block's each, which has shared memory besides, or, as channels of a
single plane, split over blocks. Kernels of `kernels/layer_norm.cuh`, `layer_norm_wide.cuh`,
`layer_norm_backward.cuh` and `layer_norm_backward_wide.cuh`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from syntonic.flux.cuda import kept_rows
from syntonic.flux.cuda.channels import BLOCK, Channels, row_team
from syntonic.flux.cuda.launch import WARP, Array, blocks_for, shared_of
from syntonic.flux.cuda.moments import SUMS, Call, moments
from syntonic.flux.cuda.plan import planned

__all__ = ["layer_norm", "layer_norm_backward"]

_STATISTICS = 3
"""Numbers kept of a row: the mean's two and the deviation."""

_ROW_PACKS = 4
"""Packs of 16 bytes that a thread holds of a row: SRT_ROW_PACKS of layer_norm.cuh."""

_WIDE_PACKS = 8
"""The same of a row that takes the largest team: SRT_WIDE_PACKS of layer_norm_wide.cuh."""

_FUSED_TEAM, _FUSED_PACKS, _KEPT_PACKS = 512, 7, 28
"""Threads that hold a row with shared memory, and the packs of each: SRT_FUSED_PACKS in registers,
and as many in shared memory as an H100 or H200 has room for."""

_UNIT = 16 * _FUSED_TEAM
"""Bytes of a pack of each of them."""

_FEW = 64
"""Rows below which one block a row leaves the device idle."""

_STATIC = 2 << 10
"""Bytes of shared memory that a block has besides."""

_BACK_TEAM = 512
"""Threads that hold a row of grad and of x at most: SRT_BACK_TEAM of layer_norm_backward.cuh."""

_BACK_THREADS = 132 * 512
"""Threads that walk down the rows, adding up the gradients of gamma and beta: what an H100 or H200
holds at once of a kernel that takes 128 registers."""

_BACK_TURNS = 4
"""Rows that a team treats at least, where there are that many: each block's sums are written."""


@planned
def layer_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array]:
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
        The output, and float64 statistics, shape (3, rows), in rows: mean; what the mean has beyond
        that float64; and sqrt(var+eps). NaN where there are no columns.

    Notes
    -----
    Kernels `golden_layer_norm` and, for rows above 64 KiB (32 KiB in half precision),
    `golden_layer_norm_wide`, with the row in registers. For rows above twice that, if there are
    many and none is above 280 KiB, `golden_layer_norm_fused`, with the row in registers and shared
    memory, else `golden_bn_2d_compute_stats`, `golden_layer_norm_finalize` and
    `golden_layer_norm_apply`.
    """
    call, (rows, cols) = Call(x), x.shape
    out, statistics = call.empty(x.shape), call.doubles(_STATISTICS, rows)
    numbers = call.numbers(math.sqrt(target), eps)
    arguments = (out, statistics, x, gamma, beta, *numbers)
    team = row_team(cols * x.dtype.itemsize, _ROW_PACKS, _row_team(x))
    if x.size and team:
        block = team if team > WARP else BLOCK
        sizes = (np.int64(rows), np.int64(cols), np.int32(team))
        call("golden_layer_norm", (blocks_for(rows * team, block),), block, *arguments, *sizes)
    elif x.size and row_team(cols * x.dtype.itemsize, _WIDE_PACKS, _row_team(x)):
        call("golden_layer_norm_wide", (rows,), _row_team(x), *arguments, np.int64(cols))
    elif x.size and rows >= _FEW and _units(x) <= _FUSED_PACKS + _KEPT_PACKS:
        kept = min(_units(x) - _FUSED_PACKS, (shared_of(x) - _STATIC) // _UNIT)
        given, shared = (*arguments, np.int64(cols), np.int32(kept)), kept * _UNIT
        call("golden_layer_norm_fused", (rows,), _FUSED_TEAM, *given, shared=shared)
    elif rows:
        _split_rows(call, out, statistics, x, (gamma, beta), numbers)
    return out, statistics


def _split_rows(
    call: Call,
    out: Array,
    statistics: Array,
    x: Array,
    affine: tuple[Array | None, Array | None],
    numbers: tuple[Any, ...],
) -> None:
    """Write output and statistics, with every row split over blocks."""
    (rows, cols), (gain, eps) = x.shape, numbers
    plane = x.reshape(1, rows, cols)
    walk = Channels.of(plane)
    partial, splits = moments(call, plane, walk)
    call.by_channel("golden_layer_norm_finalize", walk, splits, statistics, partial, x, eps)
    if x.size:
        sizes = (np.int64(rows), np.int64(cols), np.int32(walk.lanes), walk.units[1])
        arguments = (out, x, statistics, *affine, gain, *sizes)
        call("golden_layer_norm_apply", walk.grid, walk.block, *arguments)


@planned
def layer_norm_backward(
    grad: Array, x: Array, target: float, gamma: Array | None, statistics: Array
) -> tuple[Array, Array, Array]:
    """Return the gradients of x, gamma and beta.

    Parameters
    ----------
    grad, x
        The output's gradient and the input, shape (rows, cols).
    target
        As it was given to the normalization.
    gamma
        Shape (cols,), or None for 1.
    statistics
        What the normalization returned, shape (3, rows).

    Returns
    -------
    tuple
        The gradients, shapes (rows, cols), (cols,) and (cols,).

    Notes
    -----
    Kernels `golden_layer_norm_backward`, with the rows in registers, and
    `golden_layer_norm_backward_finalize`. For longer rows, in place of the first,
    `golden_layer_norm_backward_kept`, with the row in shared memory, up to 16384 numbers, or 8192
    of float64; above that `golden_layer_norm_backward_{sums,means,columns}`.
    """
    call, cols = Call(x), x.shape[1]
    dx, dgamma, dbeta = call.empty(x.shape), call.sums(cols), call.sums(cols)
    (gain,) = call.numbers(math.sqrt(target))
    team = row_team(cols * x.dtype.itemsize, _back_packs(x), _BACK_TEAM)
    long = _backward_of_kept_rows if kept_rows.fits(x) else _backward_of_long_rows
    backward = _backward_by_teams if team else long
    partial = call.sums(0, 2, cols)
    if x.size:
        partial = backward(call, dx, (grad, x, gamma, statistics), gain, team)
    if cols:
        arguments = (dgamma, dbeta, partial, gain, np.int64(len(partial)), np.int64(cols))
        grid = (blocks_for(2 * cols, WARP),)
        call("golden_layer_norm_backward_finalize", grid, 4 * BLOCK, *arguments)
    return dx, dgamma, dbeta


def _backward_by_teams(
    call: Call, dx: Array, inputs: tuple[Any, ...], gain: Any, team: int
) -> Array:
    """Write dx; return the sums for gamma and beta of each block, shape (blocks, 2, cols)."""
    rows, cols = dx.shape
    block = team if team > WARP else BLOCK
    turns = blocks_for(rows * team, block)
    blocks = blocks_for(turns, _BACK_TURNS, _BACK_THREADS // block)
    partial = call.sums(blocks, 2, cols)
    arguments = (dx, partial, *inputs, gain, np.int64(rows), np.int64(cols), np.int32(team))
    call("golden_layer_norm_backward", (blocks,), block, *arguments)
    return partial


def _backward_of_kept_rows(
    call: Call, dx: Array, inputs: tuple[Any, ...], gain: Any, team: int
) -> Array:
    """The same, with a block to a row, which it keeps in shared memory."""
    rows, cols = dx.shape
    kept, shared = kept_rows.kept_of(dx)
    blocks = blocks_for(rows, 1, _BACK_THREADS // kept_rows.TEAM)
    partial = call.sums(blocks, 2, cols)
    arguments = (dx, partial, *inputs, gain, np.int64(rows), np.int64(cols), np.int32(kept))
    name = "golden_layer_norm_backward_kept"
    call(name, (blocks,), kept_rows.TEAM, *arguments, shared=shared)
    return partial


def _backward_of_long_rows(
    call: Call, dx: Array, inputs: tuple[Any, ...], gain: Any, team: int
) -> Array:
    """The same, with every row split over blocks for its sums, and then every column."""
    rows, cols = dx.shape
    x = inputs[1]
    along = Channels.of(x.reshape(1, rows, cols))
    sums, means = call.sums(rows, along.splits, SUMS), call.sums(rows, SUMS)
    sizes = (np.int64(rows), np.int64(cols), np.int32(along.lanes), along.units[1])
    call("golden_layer_norm_backward_sums", along.grid, along.block, sums, *inputs, *sizes)
    lengths = (np.int64(cols), np.int32(along.splits))
    call("golden_layer_norm_backward_means", (rows,), WARP, means, sums, *lengths)
    down = Channels.of(x.reshape(rows, cols, 1))
    partial = call.sums(down.splits, 2, cols)
    arguments = (dx, partial, *inputs, means, gain, *down.sizes, *down.units)
    call("golden_layer_norm_backward_columns", down.grid, down.block, *arguments)
    return partial


def _units(x: Array) -> int:
    """Return how many packs a thread has of a row that a block holds with shared memory."""
    return -(-x.shape[1] * int(x.dtype.itemsize) // _UNIT)


def _row_team(x: Array) -> int:
    """Return the threads that hold a row at most: SRT_ROW_TEAM of layer_norm.cuh."""
    return 1024 if x.dtype.itemsize >= 4 else 512


def _back_packs(x: Array) -> int:
    """Return the packs that a thread holds of grad, and of x: SRT_BACK_PACKS."""
    return 4 if x.dtype.itemsize >= 4 else 2

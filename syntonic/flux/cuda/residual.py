"""φ-residual connections on CUDA arrays, and what follows them: kernels/phi_residual.cu.

Each function launches and returns; nothing is waited for. The contract of arguments and results
is that of `syntonic.flux.cpu.residual`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.constants import RESIDUAL_MODES
from syntonic.errors import ShapeError
from syntonic.flux.cuda import kept_rows
from syntonic.flux.cuda.launch import WARP, Runtime, blocks_for, runtime_of, shared_of
from syntonic.flux.cuda.moments import MOMENTS
from syntonic.flux.cuda.plan import planned
from syntonic.flux.cuda.source import acc_dtype, suffix

__all__ = [
    "component_norms",
    "residual",
    "residual_backward",
    "residual_gelu",
    "residual_gelu_backward",
    "residual_layer_norm",
    "residual_layer_norm_backward",
    "residual_relu",
    "residual_relu_backward",
]

Array = Any

_SYMBOLS = {mode: f"mode_{mode.removeprefix('phi_')}" for mode in RESIDUAL_MODES}
_FACTORS = {
    mode: (PHI_INV**inner, PHI_INV**outer) for mode, (inner, outer) in RESIDUAL_MODES.items()
}
"""(inner, outer) of out = outer·(identity + inner·residual)."""

_BLOCK = 256
_MAP_BYTES = 32  # of one array, that a thread treats: SRT_MAP_UNITS packs
_FORWARD_BYTES, _BACKWARD_BYTES = 64, 32  # of a row in acc, that a thread holds
_LARGEST_TEAM = 512
_WIDE_BYTES = 128  # the same of wide rows, for the largest team
_FEW = 64  # rows below which one block a row leaves the device idle
_STATISTICS = 3  # numbers kept of a row: the mean's two and the deviation
_MOST_SEGMENTS = 65535  # of a row: CUDA's limit on a grid's second side
_RESIDENT = 132 * 512  # threads of persistent blocks: what an H100 or H200 holds at once
_BACK_RESIDENT = 640  # the same of one multiprocessor, of the gradient's kernel of 96 registers
_KEPT_BYTES = 224 << 10  # of shared memory: what an H100 or H200 has for a block
_STATIC = 2 << 10  # bytes of shared memory that a block has besides


@planned
def residual(identity: Array, residual: Array, mode: str) -> Array:
    """Return identity + residual/φ, (identity + residual)/φ or identity + residual."""
    out = _like(identity)
    _map(out, f"phi_residual_{_SYMBOLS[mode]}", (out, identity, residual))
    return out


@planned
def residual_backward(grad: Array, mode: str) -> tuple[Array, Array]:
    """Return the gradients of identity and residual; where two are equal, one array."""
    if mode == "standard":
        return grad, grad
    out = _like(grad)
    _map(out, f"phi_residual_{_SYMBOLS[mode]}_backward", (out, grad))
    return (grad, out) if mode == "phi" else (out, out)


@planned
def residual_relu(identity: Array, residual: Array, mode: str) -> Array:
    """Return max(·, 0) of the connection; NaN stays NaN."""
    out = _like(identity)
    _map(out, "phi_residual_relu", (out, identity, residual, *_factors(identity, mode)))
    return out


@planned
def residual_relu_backward(grad: Array, out: Array, mode: str) -> tuple[Array, Array]:
    """Return the gradients of identity and residual: zero where out <= 0."""
    gradients = _gradients(grad, mode)
    _map(grad, "phi_residual_relu_backward", (*gradients, grad, out, *_factors(grad, mode)))
    return _both(gradients)


@planned
def residual_gelu(identity: Array, residual: Array, mode: str) -> Array:
    """Return s·Φ(s) of the connection s, Φ the normal distribution function."""
    out = _like(identity)
    _map(out, "phi_residual_gelu", (out, identity, residual, *_factors(identity, mode)))
    return out


@planned
def residual_gelu_backward(
    grad: Array, identity: Array, residual: Array, mode: str
) -> tuple[Array, Array]:
    """Return the gradients of identity and residual: grad·(Φ(s) + s·Φ'(s)), times the factors."""
    gradients = _gradients(grad, mode)
    arguments = (*gradients, grad, identity, residual, *_factors(grad, mode))
    _map(grad, "phi_residual_gelu_backward", arguments)
    return _both(gradients)


@planned
def residual_layer_norm(
    identity: Array, residual: Array, gamma: Array, beta: Array, eps: float, mode: str
) -> tuple[Array, Array]:
    """Return the normalised rows of the connection, and their statistics as of `norm.layer_norm`.

    Arrays (rows, cols); gamma and beta (cols,) in the accumulator's dtype, or None. Rows that a
    block holds in registers are read once, and so are up to twice as long ones, and longer ones of
    which there are many, that shared memory helps to hold; others twice, split over blocks.

    Raises ShapeError for rows of more segments than a grid can have.
    """
    rows, cols = identity.shape
    acc, runtime = acc_dtype(identity.dtype), runtime_of(identity)
    team, segments = _team(identity, _FORWARD_BYTES)
    results = _like(identity), runtime.empty((_STATISTICS, rows), np.dtype(np.float64))
    inputs = (identity, residual, gamma, beta, acc.type(eps), *_factors(identity, mode))
    wide = _LARGEST_TEAM * _WIDE_BYTES // acc.itemsize
    kept, fits = _headed(identity)
    if segments == 1:
        block = max(team, _BLOCK if team <= WARP else 0)
        sizes = (np.int64(rows), np.int64(cols), np.int32(team))
        grid = (blocks_for(rows * team, block),)
        if rows:
            _launch(identity, "phi_residual_layernorm", grid, block, (*results, *inputs, *sizes))
    elif rows and 0 < cols <= wide:
        arguments = (*results, *inputs, np.int64(cols))
        _launch(identity, "phi_residual_layernorm_wide", (rows,), _LARGEST_TEAM, arguments)
    elif rows and fits and 0 < cols <= (2 * wide if rows < _FEW else cols):
        numbers = (np.int64(cols), np.int32(kept))
        shared = kept * _room(identity)
        name = "phi_residual_layernorm_widest"
        _launch(identity, name, (rows,), _LARGEST_TEAM, (*results, *inputs, *numbers), shared)
    elif rows:
        _by_segments(results, inputs, team, segments)
    return results


def _headed(x: Array) -> tuple[int, bool]:
    """Return the packs of a thread that shared memory keeps of a row, and if it could be all.

    How many are kept is the device's affair, and changes no bit.
    """
    acc, size = acc_dtype(x.dtype).itemsize, x.dtype.itemsize
    units = -(-x.shape[1] * size // (16 * _LARGEST_TEAM))
    head = units - (_WIDE_BYTES * size // (16 * acc) - 1)  # SRT_HEADED_PACKS are in registers
    kept = min(head, (shared_of(x) - _STATIC) // _room(x))
    return kept, head <= _KEPT_BYTES // _room(x)


def _room(x: Array) -> int:
    """Return the bytes of a pack of each thread, in acc."""
    return 16 * _LARGEST_TEAM * acc_dtype(x.dtype).itemsize // int(x.dtype.itemsize)


def _by_segments(
    results: tuple[Array, Array], inputs: tuple[Any, ...], team: int, segments: int
) -> None:
    """Write output and statistics of rows of so many segments, each held by a team."""
    identity, residual, gamma, beta, eps, *factors = inputs
    (rows, cols), name, (out, statistics) = identity.shape, "phi_residual_layernorm", results
    shape = (np.int64(rows), np.int64(cols))
    runtime, acc = runtime_of(identity), acc_dtype(identity.dtype)
    partial = runtime.empty((rows, segments, MOMENTS), acc)
    given, grid = (identity, residual), (rows, segments)
    arguments: tuple[Any, ...] = (partial, *given, *factors, *shape, np.int32(team))
    if segments:
        _launch(identity, f"{name}_partial", grid, team, arguments)
    arguments = (statistics, partial, *given, eps, *factors, *shape, np.int64(segments))
    _launch(identity, f"{name}_finalize", (rows,), WARP, arguments)
    arguments = (out, statistics, *given, gamma, beta, *factors, *shape, np.int32(team))
    if segments:
        _launch(identity, f"{name}_apply", grid, team, arguments)


@planned
def residual_layer_norm_backward(
    grad: Array, identity: Array, residual: Array, gamma: Array, statistics: Array, mode: str
) -> tuple[Array, Array, Array, Array]:
    """Return the gradients of identity, residual, gamma and beta; the last two (cols,) in acc.

    Raises ShapeError for rows of more segments than a grid can have.
    """
    rows, cols = grad.shape
    acc, runtime = acc_dtype(grad.dtype), runtime_of(grad)
    team, segments = _team(grad, _BACKWARD_BYTES)
    dgamma, dbeta = (runtime.empty((cols,), acc) for _ in range(2))
    gradients = _gradients(grad, mode)
    if not cols:
        return *_both(gradients), dgamma, dbeta
    block = max(team, _BLOCK if team <= WARP else 0)
    count = blocks_for(rows * team, block, 132 * (_BACK_RESIDENT // block)) if rows else 0
    partial = runtime.empty((count, 2, cols), acc)
    if rows:
        given = (grad, identity, residual, gamma, statistics)
        sizes = (*_factors(grad, mode), np.int64(rows), np.int64(cols))
        arguments, name = (*gradients, partial, *given), "phi_residual_layernorm_backward"
        if segments > 1 and kept_rows.fits(grad):
            kept, shared = kept_rows.kept_of(grad)
            numbers = (*sizes, np.int32(kept))
            _launch(grad, f"{name}_kept", (count,), kept_rows.TEAM, (*arguments, *numbers), shared)
        else:
            rest = (*sizes, np.int32(team))
            means = _long_row_means(runtime, given, rest, segments) if segments > 1 else None
            _launch(grad, name, (count, segments), block, (*arguments, means, *rest))
    _launch(
        grad,
        "phi_residual_layernorm_backward_finalize",
        (blocks_for(2 * cols, WARP),),
        4 * _BLOCK,
        (dgamma, dbeta, partial, np.int64(count), np.int64(cols)),
    )
    return *_both(gradients), dgamma, dbeta


def _long_row_means(
    runtime: Runtime, given: tuple[Array, ...], rest: tuple[Any, ...], segments: int
) -> Array:
    """Return the two means (rows, 2) that the gradient needs of rows longer than a block holds."""
    grad = given[0]
    (rows, cols), acc, team = grad.shape, acc_dtype(grad.dtype), int(rest[-1])
    partial = runtime.empty((rows, segments, 2), acc)
    means = runtime.empty((rows, 2), acc)
    name = "phi_residual_layernorm_backward"
    arguments: tuple[Any, ...] = (partial, *given, *rest)
    _launch(grad, f"{name}_partial", (rows, segments), team, arguments)
    arguments = (means, partial, np.int64(cols), np.int64(segments))
    _launch(grad, f"{name}_means", (rows,), WARP, arguments)
    return means


@planned
def component_norms(identity: Array, residual: Array, mode: str) -> Array:
    """Return the Euclidean norms of identity, residual and output, a float64 array (3,).

    No square overflows or underflows.
    """
    runtime = runtime_of(identity)
    per_block = _BLOCK * _MAP_BYTES // identity.dtype.itemsize
    count = blocks_for(identity.size, per_block, 2 * _RESIDENT // _BLOCK)
    partial, norms = runtime.empty((count, 3, 3), np.float64), runtime.empty((3,), np.float64)
    factors = _factors(identity, mode)
    arguments: tuple[Any, ...] = (partial, identity, residual, *factors, np.int64(identity.size))
    _launch(identity, "phi_residual_component_norm", (count,), _BLOCK, arguments)
    arguments = (norms, partial, np.int64(count))
    _launch(identity, "phi_residual_component_norm_finalize", (3,), _BLOCK, arguments)
    return norms


def _like(array: Array) -> Array:
    return runtime_of(array).empty(array.shape, array.dtype)


def _gradients(grad: Array, mode: str) -> tuple[Array, Array | None]:
    """Return new arrays for two gradients, the second None where it equals the first."""
    return _like(grad), _like(grad) if mode == "phi" else None


def _both(gradients: tuple[Array, Array | None]) -> tuple[Array, Array]:
    first, second = gradients
    return first, first if second is None else second


def _factors(array: Array, mode: str) -> tuple[Any, Any]:
    inner, outer = _FACTORS[mode]
    acc = acc_dtype(array.dtype).type
    return acc(inner), acc(outer)


def _team(array: Array, held_bytes: int) -> tuple[int, int]:
    """Return how many threads hold a row of a (rows, cols) array, and in how many segments.

    Up to a warp's 32 packs of 16 bytes a pack to a thread; then two; then all that it can hold.
    """
    cols, size = array.shape[1], array.dtype.itemsize
    held = held_bytes // acc_dtype(array.dtype).itemsize
    packs = -(-cols * size // 16)
    threads = packs if packs <= WARP else -(-packs // min(2, held * size // 16))
    team = min(1 << (threads - 1).bit_length(), _LARGEST_TEAM)
    segments = -(-cols // (team * held))
    if segments > _MOST_SEGMENTS:
        most = _MOST_SEGMENTS * team * held
        raise ShapeError(f"CUDA normalises rows of at most {most} {array.dtype.name}, not {cols}")
    return team, segments


def _map(like: Array, symbol: str, arguments: tuple[Any, ...]) -> None:
    """Launch an element-wise kernel on arrays of one size."""
    if like.size:
        grid = blocks_for(like.size, _BLOCK * _MAP_BYTES // like.dtype.itemsize)
        _launch(like, symbol, (grid,), _BLOCK, (*arguments, np.int64(like.size)))


def _launch(
    like: Array,
    symbol: str,
    grid: tuple[int, ...],
    block: int,
    arguments: tuple[Any, ...],
    shared: int = 0,
) -> None:
    dtype = suffix(like.dtype)
    launch = runtime_of(like).launch
    launch("phi_residual", f"{symbol}_{dtype}", dtype, grid, (block,), arguments, shared)

"""Syntonic softmax on CUDA arrays: the kernels of `syntonic_softmax*.cu`.

Arrays are (outer, n, inner), softmax along n. Which kernel runs on which grid depends on shapes
alone (`softmax_grids`), so results are the same to the bit on every run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT as PHI
from syntonic.flux.cuda.launch import WARP, Array, runtime_of
from syntonic.flux.cuda.plan import planned
from syntonic.flux.cuda.softmax_grids import (
    BLOCKS,
    ROW_BLOCK,
    SHARE,
    SHARE_BLOCK,
    grid_of,
    launch,
    pack_of,
    rows_with_sums,
)
from syntonic.flux.cuda.source import acc_dtype

__all__ = [
    "softmax_backward",
    "softmax_identity",
    "softmax_learned",
    "softmax_learned_backward",
    "softmax_provided",
    "softmax_provided_backward",
]


@planned
def softmax_identity(x: Array) -> Array:
    """Return the softmax of x along its middle axis.

    Parameters
    ----------
    x
        Logits (outer, n, inner), C-contiguous; float64, float32, float16 or bfloat16.

    Returns
    -------
    Array
        The probabilities, shaped as x and of its dtype.

    Notes
    -----
    A NaN or +inf in a slice makes the slice NaN, and so do logits that are all -inf.
    """
    return _forward("identity", x, ())


@planned
def softmax_learned(x: Array, mode_norms: Array, scale: float) -> Array:
    """Return the softmax of x - scale·norm/φ: weights exp(-norm/φ) of every class.

    Parameters
    ----------
    x
        Logits (outer, n, inner).
    mode_norms
        |n|² of every class (n,), of the accumulation dtype: float64 for float64, else float32.
    scale
        The syntony scale.

    Returns
    -------
    Array
        The probabilities, shaped as x and of its dtype.
    """
    return _forward("learned", x, (mode_norms, _acc(x, -scale / PHI)))


@planned
def softmax_provided(x: Array, weights: Array, scale: float, floor: float) -> Array:
    """Return the softmax of x + scale·log(max(weights, floor)).

    Parameters
    ----------
    x
        Logits (outer, n, inner).
    weights
        Shaped as x and of its dtype, or (n,) of the accumulation dtype; none negative.
    scale
        The syntony scale.
    floor
        The least weight; with 0, a weight 0 makes its probability exactly 0.

    Returns
    -------
    Array
        The probabilities, shaped as x and of its dtype.
    """
    if weights.ndim == 3:
        return _forward("provided", x, (weights, _acc(x, scale), _acc(x, floor)))
    if not x.size:
        return _forward("identity", x, ())
    runtime, n = runtime_of(x), x.shape[1]
    logs = runtime.empty((n,), acc_dtype(x.dtype))
    arguments = (logs, weights, _acc(x, scale), _acc(x, floor), np.int64(n))
    launch(x, "log_weights", (-(-n // 256),), 256, arguments)
    return _forward("learned", x, (logs, _acc(x, 1.0)))


@planned
def softmax_backward(grad: Array, out: Array) -> Array:
    """Return the gradient by x of a softmax: out·(grad - Σ grad·out).

    Parameters
    ----------
    grad, out
        The gradient by the probabilities, and the probabilities: (outer, n, inner).

    Returns
    -------
    Array
        The gradient by x, shaped as it and of its dtype.
    """
    dx = runtime_of(out).empty(out.shape, out.dtype)
    if out.size:
        grid_of(out, ROW_BLOCK, 2).launch(out, "identity", "_backward", (dx, grad, out), scratch=1)
    return dx


@planned
def softmax_learned_backward(grad: Array, out: Array, scale: float) -> tuple[Array, Array]:
    """Return the gradients by x and by the mode norms of `softmax_learned`.

    Parameters
    ----------
    grad, out
        The gradient by the probabilities, and the probabilities: (outer, n, inner).
    scale
        The syntony scale.

    Returns
    -------
    dx : Array
        Shaped as x and of its dtype.
    dnorms : Array
        -scale/φ · Σ dx over outer and inner, (n,) of the accumulation dtype; the sum is of what
        dx was before its rounding.
    """
    return _backward_by_class(grad, out, None, -scale / PHI, 0.0)


@planned
def softmax_provided_backward(
    grad: Array, out: Array, weights: Array, scale: float, floor: float
) -> tuple[Array, Array]:
    """Return the gradients by x and by the weights of `softmax_provided`.

    Parameters
    ----------
    grad, out
        The gradient by the probabilities, and the probabilities: (outer, n, inner).
    weights, scale, floor
        As given to `softmax_provided`.

    Returns
    -------
    dx : Array
        Shaped as x and of its dtype.
    dweights : Array
        scale·dx/weight where the weight is above the floor, else 0; shaped as the weights and of
        their dtype, for weights (n,) summed over outer and inner.
    """
    if weights.ndim == 1:
        return _backward_by_class(grad, out, weights, scale, floor)
    runtime = runtime_of(out)
    dx, dweights = (runtime.empty(out.shape, out.dtype) for _ in range(2))
    if out.size:
        scalars = _acc(out, scale), _acc(out, floor)
        arguments = (dx, dweights, grad, out, weights, *scalars)
        grid_of(out, ROW_BLOCK, 3).launch(out, "provided", "_backward", arguments, scratch=1)
    return dx, dweights


def _forward(mode: str, x: Array, parameters: tuple[Any, ...]) -> Array:
    out = runtime_of(x).empty(x.shape, x.dtype)
    if x.size:
        most, arrays = (ROW_BLOCK, 2) if mode == "provided" else (2 * ROW_BLOCK, 1)
        grid_of(x, most, arrays).launch(x, mode, "", (out, x, *parameters), scratch=2)
    return out


def _backward_by_class(
    grad: Array, out: Array, weights: Array | None, scale: float, floor: float
) -> tuple[Array, Array]:
    """Return dx, and its sums over outer and inner with a factor for each class."""
    runtime, n = runtime_of(out), out.shape[1]
    dx = runtime.empty(out.shape, out.dtype)
    if not n:
        return dx, runtime.empty((0,), acc_dtype(out.dtype))
    sums, rows = None, 0
    if out.size:
        grid = grid_of(out, ROW_BLOCK, 2) if out.shape[2] > 1 else rows_with_sums(out)
        if grid:
            sums, rows = runtime.empty((grid.sums, n), acc_dtype(out.dtype)), grid.sums
            grid.launch(out, "learned", "_backward", (dx, sums, grad, out), scratch=1)
        else:
            sums, rows = _long_rows(dx, grad, out)
    if rows > 2 * BLOCKS:  # more than one block should sum up for a class
        shares = min(BLOCKS // 8, -(-rows // BLOCKS))
        sums, rows = _class_sums(out, sums, rows, shares, None, 1.0, 0.0), shares
    return dx, _class_sums(out, sums, rows, 1, weights, scale, floor).reshape(n)


def _class_sums(
    x: Array, sums: Array, rows: int, shares: int, weights: Array, scale: float, floor: float
) -> Array:
    n = x.shape[1]
    out = runtime_of(x).empty((shares, n), acc_dtype(x.dtype))
    arguments = (out, sums, weights, _acc(x, scale), _acc(x, floor), np.int64(rows), np.int64(n))
    launch(x, "backward_class_sums", (-(-n // WARP), shares), 16 * WARP, arguments)
    return out


def _long_rows(dx: Array, grad: Array, out: Array) -> tuple[Array, int]:
    """Take the products of rows first, then columns of all rows; return the sums by class."""
    runtime, acc = runtime_of(out), acc_dtype(out.dtype)
    rows, n, _ = out.shape
    parts = max(1, min(BLOCKS // rows, n // SHARE))
    part = runtime.empty((rows * parts,), acc)
    arguments = (dx, grad, out, part, np.int64(n))
    launch(out, "identity_backward_part", (rows, parts), SHARE_BLOCK, arguments)
    width = 1 if n % pack_of(out.dtype) else pack_of(out.dtype)
    tiles = -(-n // (SHARE_BLOCK * width))
    groups = max(1, min(BLOCKS // tiles, rows // 4))
    sums = runtime.empty((groups, n), acc)
    name = "learned_backward_long" + ("_odd" if width == 1 else "")
    sizes = (np.int64(rows), np.int64(n), np.int32(parts))
    launch(out, name, (tiles, groups), SHARE_BLOCK, (dx, sums, grad, out, part, *sizes))
    return sums, groups


def _acc(x: Array, value: float) -> Any:
    return acc_dtype(x.dtype).type(value)

"""Syntonic softmax on CUDA arrays: which kernel of `syntonic_softmax*.cu`, on which grid.

Arrays are (outer, n, inner), softmax along n. Rows (inner = 1) go to lanes of a warp, to a block,
or, few and long, to several blocks; strided slices have lanes along inner. The choice depends on
shapes alone, so results are the same to the bit on every run. Only where a row begins within 16
bytes decides besides which thread adds what: a view that shifts rows may change the last place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT as PHI
from syntonic.flux.cuda.launch import WARP, Array, runtime_of, shared_of
from syntonic.flux.cuda.plan import planned
from syntonic.flux.cuda.source import acc_dtype, suffix

__all__ = [
    "softmax_backward",
    "softmax_identity",
    "softmax_learned",
    "softmax_learned_backward",
    "softmax_provided",
    "softmax_provided_backward",
]

_FAMILY = "syntonic_softmax"
_BLOCKS = 512  # enough to fill any device
_ROWS = 128  # with fewer, long rows are shared by several blocks
_SHARED_ROW = 1 << 14  # what is a long row
_SHARE = 1 << 11  # the least that is worth a block of its own
_LANE_BLOCK, _SHARE_BLOCK, _COLUMN_BLOCK, _ROW_BLOCK = 128, 256, 512, 512  # threads
_SINGLE = 4  # elements of a lane in a row that is not whole packs
_HALF = 96 << 10  # bytes of shared memory of which two blocks find room on an H100 or H200
_STATIC = 2 << 10  # bytes of it that a block has besides


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
    _launch(x, "log_weights", (-(-n // 256),), 256, arguments)
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
        _grid(out, _ROW_BLOCK, 2).launch(out, "identity", "_backward", (dx, grad, out), scratch=1)
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
        _grid(out, _ROW_BLOCK, 3).launch(out, "provided", "_backward", arguments, scratch=1)
    return dx, dweights


@dataclass(frozen=True)
class _Grid:
    """Which variant of a kernel, on what grid, and the integers that end its arguments."""

    variant: str
    grid: tuple[int, ...]
    block: int
    sizes: tuple[Any, ...]
    parts: int = 1  # blocks, or teams, that share a slice
    sums: int = 0  # rows of n sums that the gradients by class come in
    shared: int = 0  # bytes of shared memory

    def launch(
        self, x: Array, mode: str, way: str, arguments: tuple[Any, ...], scratch: int
    ) -> None:
        """Launch in one stage, or in two: parts of slices into scratch, then joined."""
        stem = mode + ("_strided" if x.shape[2] > 1 else "") + way
        if self.parts == 1:
            name, given = stem + self.variant, (*arguments, *self.sizes)
            _launch(x, name, self.grid, self.block, given, self.shared)
            return
        slices = x.shape[0] * x.shape[2]
        part = runtime_of(x).empty((slices * self.parts * scratch,), acc_dtype(x.dtype))
        for stage in ("part", "join"):
            _launch(x, f"{stem}_{stage}", self.grid, self.block, (*arguments, part, *self.sizes))


def _forward(mode: str, x: Array, parameters: tuple[Any, ...]) -> Array:
    out = runtime_of(x).empty(x.shape, x.dtype)
    if x.size:
        most, arrays = (_ROW_BLOCK, 2) if mode == "provided" else (2 * _ROW_BLOCK, 1)
        _grid(x, most, arrays).launch(x, mode, "", (out, x, *parameters), scratch=2)
    return out


def _grid(x: Array, most: int, arrays: int) -> _Grid:
    """Choose the kernel for a shape; `most` threads of a block hold rows of so many arrays."""
    outer, n, inner = x.shape
    if inner > 1:
        return _strided(outer, n, inner, x.dtype)
    values = _tile(x.dtype) // 2  # of a row, in the registers of a thread
    if n <= WARP * values:
        return _lanes(outer, n, x.dtype)
    if outer >= _ROWS or n < _SHARED_ROW:
        return _in_block(x, most, arrays)
    parts = min(_BLOCKS // outer, n // _SHARE)
    return _Grid("", (outer, parts), _SHARE_BLOCK, (np.int64(n),), parts)


def _in_block(x: Array, most: int, arrays: int) -> _Grid:
    """A block to a row: what its registers do not hold, its shared memory keeps, as far as it can.

    Two blocks to a multiprocessor, if both find room: one loads while the other stores. How much is
    kept is the device's affair, and changes no bit.
    """
    outer, n, _ = x.shape
    values, size = _tile(x.dtype) // 2, arrays * x.dtype.itemsize
    if n <= values * _ROW_BLOCK + _HALF // size:
        most = _ROW_BLOCK
    threads = min(most, -(-n // (values * WARP)) * WARP)
    tile = values * threads
    part = tile if arrays == 1 and x.dtype.itemsize < 8 else tile // 2  # of what is kept
    room = (shared_of(x) - _STATIC) // (part * size)
    whole = (n - 2 * _pack(x.dtype)) // part  # the edges of a row stand apart
    kept = max(0, min(room, whole, -(-(n - tile) // part)))
    sizes = np.int64(n), np.int32(kept)
    return _Grid("_block", (outer,), threads, sizes, shared=kept * part * size)


def _lanes(rows: int, n: int, dtype: Any) -> _Grid:
    """Rows that fit 1, 2, 4, ... 32 lanes of a warp."""
    values, pack = _tile(dtype) // 2, _pack(dtype)
    ragged = n % pack != 0
    if single := ragged and n <= WARP * _SINGLE:
        bits = _bits(-(-n // _SINGLE))
    else:  # a ragged row has up to 2 (pack - 1) elements outside of packs, one for a lane
        bits = max(_bits(-(-n // values)), _bits(2 * pack) if ragged else 0)
    blocks = -(-(rows << bits) // _LANE_BLOCK)
    sizes = (np.int64(rows), np.int64(n), np.int32(bits))
    return _Grid("_odd" if single else "", (blocks,), _LANE_BLOCK, sizes)


def _strided(outer: int, n: int, inner: int, dtype: Any) -> _Grid:
    """Lanes along inner, in packs where they fit, and the rest of a block along n."""
    pack = _pack(dtype)
    width = pack if inner % pack == 0 else 1
    lanes, ways, tiles = _team(n, inner, width, dtype)
    full = outer * tiles >= _ROWS or n < 8 * ways * _tile(dtype) // 4
    if not full:  # the kernels that share a slice take single elements
        width = 1
        lanes, ways, tiles = _team(n, inner, width, dtype)
    parts = 1 if full else max(1, min(_BLOCKS // (outer * tiles), n // (ways * 8)))
    block = max(lanes * ways, _LANE_BLOCK)
    # Teams of one warp that walk shares of different lengths would wait for each other in shuffles.
    assert parts == 1 or lanes * ways == block, "a share of a slice must be a whole block's"
    blocks = -(-outer * tiles * parts * lanes * ways // block)
    bits = (np.int32(_bits(lanes)), np.int32(_bits(ways)))
    sizes = (np.int64(outer), np.int64(n), np.int64(inner), *bits)
    if parts > 1:
        return _Grid("", (blocks,), block, (*sizes, np.int32(parts)), parts, outer * tiles)
    return _Grid("" if width > 1 else "_odd", (blocks,), block, sizes, 1, outer * tiles)


def _team(n: int, inner: int, width: int, dtype: Any) -> tuple[int, int, int]:
    """Return the lanes along inner, the ways along n, and the teams beside each other."""
    held = _tile(dtype) // (2 * width if width > 1 else 4)  # classes in a thread's registers
    fits = n <= held * _COLUMN_BLOCK // WARP
    # Eight packs are a cache line: fewer lanes hold more classes, and read a longer slice once.
    lanes = min(WARP if fits or width == 1 else 8, 1 << _bits(-(-inner // width)))
    ways = min(_COLUMN_BLOCK // lanes, 1 << _bits(-(-n // held)))
    return lanes, ways, -(-inner // (lanes * width))


def _backward_by_class(
    grad: Array, out: Array, weights: Array | None, scale: float, floor: float
) -> tuple[Array, Array]:
    """Return dx, and its sums over outer and inner with a factor for each class."""
    runtime, n = runtime_of(out), out.shape[1]
    dx = runtime.empty(out.shape, out.dtype)
    if not n:
        return dx, runtime.empty((0,), acc_dtype(out.dtype))
    sums, rows = None, 0
    if out.size and out.shape[2] == 1 and n > _most_with_sums(out):
        sums, rows = _long_rows(dx, grad, out)
    elif out.size:
        grid = _grid(out, _ROW_BLOCK, 2) if out.shape[2] > 1 else _rows_with_sums(out)
        sums, rows = runtime.empty((grid.sums, n), acc_dtype(out.dtype)), grid.sums
        grid.launch(out, "learned", "_backward", (dx, sums, grad, out), scratch=1)
    if rows > 2 * _BLOCKS:  # more than one block should sum up for a class
        shares = min(_BLOCKS // 8, -(-rows // _BLOCKS))
        sums, rows = _class_sums(out, sums, rows, shares, None, 1.0, 0.0), shares
    return dx, _class_sums(out, sums, rows, 1, weights, scale, floor).reshape(n)


def _class_sums(
    x: Array, sums: Array, rows: int, shares: int, weights: Array, scale: float, floor: float
) -> Array:
    n = x.shape[1]
    out = runtime_of(x).empty((shares, n), acc_dtype(x.dtype))
    arguments = (out, sums, weights, _acc(x, scale), _acc(x, floor), np.int64(rows), np.int64(n))
    _launch(x, "backward_class_sums", (-(-n // WARP), shares), 16 * WARP, arguments)
    return out


def _most_with_sums(x: Array) -> int:
    """Return the longest row whose sums a block keeps in registers."""
    ragged = x.shape[1] % _pack(x.dtype) != 0
    return _ROW_BLOCK * _tile(x.dtype) // (4 if ragged else 2)


def _rows_with_sums(x: Array) -> _Grid:
    """Teams that take many rows each and keep the sums over them in registers."""
    rows, n, _ = x.shape
    ragged = n % _pack(x.dtype) != 0
    if n <= WARP * (_SINGLE if ragged else _tile(x.dtype) // 2):
        grid = _lanes(rows, n, x.dtype)
        blocks = _few(grid.grid[0])
        warps = blocks * _LANE_BLOCK // WARP
        return _Grid(grid.variant, (blocks,), _LANE_BLOCK, grid.sizes, sums=warps)
    threads = -(-n // (_tile(x.dtype) // (4 if ragged else 2) * WARP)) * WARP
    variant, blocks = "_block_odd" if ragged else "_block", _few(rows)
    return _Grid(variant, (blocks,), threads, (np.int64(rows), np.int64(n)), sums=blocks)


def _few(blocks: int) -> int:
    """Return how many blocks share the work of so many: a device full, with 8 rounds if it can."""
    return min(max(blocks // 8, min(blocks, _BLOCKS // 2)), 2 * _BLOCKS)


def _long_rows(dx: Array, grad: Array, out: Array) -> tuple[Array, int]:
    """Take the products of rows first, then columns of all rows; return the sums by class."""
    runtime, acc = runtime_of(out), acc_dtype(out.dtype)
    rows, n, _ = out.shape
    parts = max(1, min(_BLOCKS // rows, n // _SHARE))
    part = runtime.empty((rows * parts,), acc)
    arguments = (dx, grad, out, part, np.int64(n))
    _launch(out, "identity_backward_part", (rows, parts), _SHARE_BLOCK, arguments)
    width = 1 if n % _pack(out.dtype) else _pack(out.dtype)
    tiles = -(-n // (_SHARE_BLOCK * width))
    groups = max(1, min(_BLOCKS // tiles, rows // 4))
    sums = runtime.empty((groups, n), acc)
    name = "learned_backward_long" + ("_odd" if width == 1 else "")
    sizes = (np.int64(rows), np.int64(n), np.int32(parts))
    _launch(out, name, (tiles, groups), _SHARE_BLOCK, (dx, sums, grad, out, part, *sizes))
    return sums, groups


def _tile(dtype: Any) -> int:
    return 128 // acc_dtype(dtype).itemsize


def _pack(dtype: Any) -> int:
    return 16 // int(dtype.itemsize)


def _bits(count: int) -> int:
    """Return the exponent of the least power of two that is not below count."""
    return (count - 1).bit_length()


def _acc(x: Array, value: float) -> Any:
    return acc_dtype(x.dtype).type(value)


def _launch(
    x: Array, name: str, grid: tuple[int, ...], block: int, arguments: Any, shared: int = 0
) -> None:
    dtype = suffix(x.dtype)
    symbol = f"{_FAMILY}_{name}_{dtype}"
    family = _FAMILY + "_backward" * ("backward" in name)
    runtime_of(x).launch(family, symbol, dtype, grid, (block,), arguments, shared)

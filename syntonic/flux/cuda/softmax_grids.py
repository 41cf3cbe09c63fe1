"""On which grid softmax runs: which variant of a kernel of `syntonic_softmax*.cu` suits a shape.

Arrays are (outer, n, inner), softmax along n. Rows (inner = 1) go to lanes of a warp, to a block,
or, few and long, to several blocks; strided slices have lanes along inner. The choice depends on
shapes alone, so results are the same to the bit on every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from syntonic.flux.cuda.launch import WARP, Array, runtime_of, shared_of
from syntonic.flux.cuda.source import acc_dtype, suffix

__all__ = [
    "BLOCKS",
    "ROW_BLOCK",
    "SHARE",
    "SHARE_BLOCK",
    "grid_of",
    "in_block",
    "launch",
    "pack_of",
    "rows_with_sums",
    "strided",
    "tile_of",
]

_FAMILY = "syntonic_softmax"
BLOCKS = 512  # enough to fill any device
_ROWS = 128  # with fewer, long rows are shared by several blocks
_SHARED_ROW = 1 << 14  # what is a long row
SHARE = 1 << 11  # the least that is worth a block of its own
_LANE_BLOCK, SHARE_BLOCK, _COLUMN_BLOCK, ROW_BLOCK = 128, 256, 512, 512  # threads
_SINGLE = 4  # elements of a lane in a row that is not whole packs
_HALF = 96 << 10  # bytes of shared memory of which two blocks find room on an H100 or H200
_STATIC = 2 << 10  # bytes of it that a block has besides
_WIDE = 144 << 10  # bytes of a row that a block with sums holds on an H100 or H200, in acc_t
_AT_ONCE = 132  # multiprocessors there


@dataclass(frozen=True)
class Grid:
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
            launch(x, name, self.grid, self.block, given, self.shared)
            return
        slices = x.shape[0] * x.shape[2]
        part = runtime_of(x).empty((slices * self.parts * scratch,), acc_dtype(x.dtype))
        for stage in ("part", "join"):
            launch(x, f"{stem}_{stage}", self.grid, self.block, (*arguments, part, *self.sizes))


def grid_of(x: Array, most: int, arrays: int) -> Grid:
    """Choose the kernel for a shape; `most` threads of a block hold rows of so many arrays."""
    outer, n, inner = x.shape
    if inner > 1:
        return strided(outer, n, inner, x.dtype)
    values = tile_of(x.dtype) // 2  # of a row, in the registers of a thread
    if n <= WARP * values:
        return _lanes(outer, n, x.dtype)
    if outer >= _ROWS or n < _SHARED_ROW:
        return in_block(x, most, arrays)
    parts = min(BLOCKS // outer, n // SHARE)
    return Grid("", (outer, parts), SHARE_BLOCK, (np.int64(n),), parts)


def in_block(x: Array, most: int, arrays: int) -> Grid:
    """A block to a row: what its registers do not hold, its shared memory keeps, as far as it can.

    Two blocks to a multiprocessor, if both find room: one loads while the other stores. How much is
    kept is the device's affair, and changes no bit: never what registers hold, which comes last.
    """
    outer, n, _ = x.shape
    values, size, pack = tile_of(x.dtype) // 2, arrays * x.dtype.itemsize, pack_of(x.dtype)
    if n <= values * ROW_BLOCK + _HALF // size:
        most = ROW_BLOCK
    threads = min(most, -(-n // (values * WARP)) * WARP)
    tile = values * threads
    part = tile if arrays == 1 and x.dtype.itemsize < 8 else tile // 2  # of what is kept
    room = (shared_of(x) - _STATIC) // (part * size)
    edges = 2 * (pack - 1) if n % pack else 0  # of a row, which stand apart, at most
    kept = max(0, min(room, -(-(n - edges - tile) // part)))
    sizes = np.int64(n), np.int32(kept)
    return Grid("_block", (outer,), threads, sizes, shared=kept * part * size)


def _lanes(rows: int, n: int, dtype: Any) -> Grid:
    """Rows that fit 1, 2, 4, ... 32 lanes of a warp."""
    values, pack = tile_of(dtype) // 2, pack_of(dtype)
    ragged = n % pack != 0
    if single := ragged and n <= WARP * _SINGLE:
        bits = _bits(-(-n // _SINGLE))
    else:  # a ragged row has up to 2 (pack - 1) elements outside of packs, one for a lane
        bits = max(_bits(-(-n // values)), _bits(2 * pack) if ragged else 0)
    blocks = -(-(rows << bits) // _LANE_BLOCK)
    sizes = (np.int64(rows), np.int64(n), np.int32(bits))
    return Grid("_odd" if single else "", (blocks,), _LANE_BLOCK, sizes)


def strided(outer: int, n: int, inner: int, dtype: Any) -> Grid:
    """Lanes along inner, in packs where they fit, and the rest of a block along n."""
    pack = pack_of(dtype)
    width = pack if inner % pack == 0 else 1
    lanes, ways, tiles = _team(n, inner, width, dtype)
    full = outer * tiles >= _ROWS or n < 8 * ways * tile_of(dtype) // 4
    if not full:  # the kernels that share a slice take single elements
        width = 1
        lanes, ways, tiles = _team(n, inner, width, dtype)
    parts = 1 if full else max(1, min(BLOCKS // (outer * tiles), n // (ways * 8)))
    block = max(lanes * ways, _LANE_BLOCK)
    # Teams of one warp that walk shares of different lengths would wait for each other in shuffles.
    assert parts == 1 or lanes * ways == block, "a share of a slice must be a whole block's"
    blocks = -(-outer * tiles * parts * lanes * ways // block)
    bits = (np.int32(_bits(lanes)), np.int32(_bits(ways)))
    sizes = (np.int64(outer), np.int64(n), np.int64(inner), *bits)
    if parts > 1:
        return Grid("", (blocks,), block, (*sizes, np.int32(parts)), parts, outer * tiles)
    return Grid("" if width > 1 else "_odd", (blocks,), block, sizes, 1, outer * tiles)


def _team(n: int, inner: int, width: int, dtype: Any) -> tuple[int, int, int]:
    """Return the lanes along inner, the ways along n, and the teams beside each other."""
    held = tile_of(dtype) // (2 * width if width > 1 else 4)  # classes in a thread's registers
    fits = n <= held * _COLUMN_BLOCK // WARP
    # Eight packs are a cache line: fewer lanes hold more classes, and read a longer slice once.
    lanes = min(WARP if fits or width == 1 else 8, 1 << _bits(-(-inner // width)))
    ways = min(_COLUMN_BLOCK // lanes, 1 << _bits(-(-n // held)))
    return lanes, ways, -(-inner // (lanes * width))


def rows_with_sums(x: Array) -> Grid | None:
    """Teams that take many rows each and keep the sums over them; None where rows are too long."""
    rows, n, _ = x.shape
    ragged = n % pack_of(x.dtype) != 0
    if n <= WARP * (_SINGLE if ragged else tile_of(x.dtype) // 2):
        grid = _lanes(rows, n, x.dtype)
        blocks = _few(grid.grid[0], 8, BLOCKS // 2)
        warps = blocks * _LANE_BLOCK // WARP
        return Grid(grid.variant, (blocks,), _LANE_BLOCK, grid.sizes, sums=warps)
    variant = "_odd" if ragged else ""
    values = tile_of(x.dtype) // (4 if ragged else 2)
    if n <= values * ROW_BLOCK:
        threads, blocks = -(-n // (values * WARP)) * WARP, _few(rows, 8, BLOCKS // 2)
        sizes: tuple[Any, ...] = np.int64(rows), np.int64(n)
        return Grid("_block" + variant, (blocks,), threads, sizes, sums=blocks)
    if n * acc_dtype(x.dtype).itemsize > _WIDE or (rows < _ROWS and n >= _SHARED_ROW):
        return None
    blocks = _few(rows, 16, _AT_ONCE)  # as many as one fills a multiprocessor
    *kept, shared = _kept_with_sums(x, values * ROW_BLOCK)
    sizes = np.int64(rows), np.int64(n), *map(np.int32, kept)
    return Grid("_wide" + variant, (blocks,), ROW_BLOCK, sizes, sums=blocks, shared=shared)


def _kept_with_sums(x: Array, held: int) -> tuple[int, int, int]:
    """Return how many tiles of a row a block keeps, of how many the sums, and the bytes of both.

    How many is the device's affair, and changes no bit. What is kept saves bytes of memory; sums,
    which a block has to itself, may be near in the cache.
    """
    tile, n, acc = held // 2, x.shape[1], acc_dtype(x.dtype).itemsize
    tiles, room = -(-(n - held) // tile), shared_of(x) - _STATIC
    both = 2 * tile * x.dtype.itemsize  # grad and out
    kept = max(0, min(tiles, room // both))
    summed = max(0, min(tiles, (room - kept * both) // (tile * acc)))
    return kept, summed, kept * both + summed * tile * acc


def _few(blocks: int, rounds: int, full: int) -> int:
    """Return how many blocks share the work of so many: `full`, each with `rounds` if it can."""
    return min(max(blocks // rounds, min(blocks, full)), 2 * BLOCKS)


def tile_of(dtype: Any) -> int:
    """Return how many values of a slice and what is summed up fill a thread's registers."""
    return 128 // acc_dtype(dtype).itemsize


def pack_of(dtype: Any) -> int:
    """Return how many values are read at once."""
    return 16 // int(dtype.itemsize)


def _bits(count: int) -> int:
    """Return the exponent of the least power of two that is not below count."""
    return (count - 1).bit_length()


def launch(
    x: Array, name: str, grid: tuple[int, ...], block: int, arguments: Any, shared: int = 0
) -> None:
    """Launch a kernel of x's dtype, and of the family that its name tells."""
    dtype = suffix(x.dtype)
    symbol = f"{_FAMILY}_{name}_{dtype}"
    family = _FAMILY + "_backward" * ("backward" in name)
    runtime_of(x).launch(family, symbol, dtype, grid, (block,), arguments, shared)

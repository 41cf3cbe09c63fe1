"""How an array of channels, shape (N, C, S), is shared out among blocks: from its shape alone.

With S = 1 a lane owns 16 bytes of adjacent channels and the block walks down the rows; else a block
owns a share of one channel's planes. A channel is split until the device is full, but not below
what a block reads in one go. What a block's cache holds is one block's whole, to be read twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from syntonic.flux.cuda.launch import WARP, Array, blocks_for

__all__ = ["BLOCK", "BLOCKS", "SHARE", "Channels", "row_team"]

BLOCK = 256
"""Threads of a block."""

BLOCKS = 4096
"""Blocks that fill a large device about four times, so that the last round costs little."""

_COLUMN_BLOCKS = 1024
"""The same where columns are summed: what a thread does once a share costs as much as many rows."""

SHARE = 16 << 10
"""Bytes that a block reads in one go: splitting a channel further brings nothing."""

_CACHED = 256 << 10
"""Bytes that a block reads twice from the cache, where channels enough keep the device busy."""

_SLAB_BYTES = 64 << 10
"""The same of a slab of columns, of which there are few."""

_FEW = 64
"""Channels below which one block a channel leaves the device idle."""

_PACK = 16
"""Bytes a thread loads at once."""

_DEPTH = 8
"""Rows a thread has in flight: SRT_DEPTH of norm.cuh."""

_SLAB = 8
"""Lanes of a slab of columns that is read twice: 128 bytes of each row."""


@dataclass(frozen=True)
class Channels:
    """A walk over an array of shape (n, c, s).

    Parameters
    ----------
    n, c, s
        The shape; one channel is taken as a single plane.
    lanes, block
        Threads side by side along a plane, or over columns, and threads in all.
    wide, splits
        The grid: blocks over the channels, and shares of a channel.
    units
        What the kernels need to find a share: rows; or planes, packs, and segments of a plane.
    """

    n: int
    c: int
    s: int
    lanes: int
    block: int
    wide: int
    splits: int
    units: tuple[Any, ...]

    @classmethod
    def of(cls, x: Array) -> Channels:
        """Return the walk over an array of shape (N, C, S), its channels split."""
        n, c, s = _shape(x)
        size = x.dtype.itemsize
        if s == 1:
            return _down_columns(n, c, size, WARP, BLOCK, _COLUMN_BLOCKS)
        return _along_planes(
            n, c, s, size, BLOCK, blocks_for(n * s * size, SHARE, _parts(BLOCKS, max(c, 1)))
        )

    @classmethod
    def whole(cls, x: Array, arrays: int = 1) -> Channels | None:
        """Return the walk with one block for all of a channel, if its cache holds that much.

        Parameters
        ----------
        x
            One of `arrays` arrays of shape (N, C, S) that are read twice.
        """
        n, c, s = _shape(x)
        size = x.dtype.itemsize
        if s == 1:
            if arrays * n * _SLAB * _PACK > _SLAB_BYTES:
                return None
            many = c * size >= _COLUMN_BLOCKS * _SLAB * _PACK
            return _down_columns(n, c, size, _SLAB, BLOCK // 2 if many else BLOCK, 1)
        most = _CACHED if c >= _FEW else 2 * SHARE
        fits = arrays * n * s * size <= most
        return _along_planes(n, c, s, size, 2 * BLOCK, 1) if fits else None

    @property
    def grid(self) -> tuple[int, int]:
        """The blocks: one for each share of each channel, or block of channels."""
        return self.wide, self.splits

    @property
    def way(self) -> str:
        """What the kernels' names call the walk."""
        return "1d" if self.s == 1 else "2d"

    @property
    def sizes(self) -> tuple[Any, ...]:
        """The kernels' arguments for the shape and the lanes."""
        shape = (self.n, self.c) if self.s == 1 else (self.n, self.c, self.s)
        return *map(np.int64, shape), np.int32(self.lanes)


def row_team(row: int, packs: int, most: int) -> int:
    """Return how many threads hold a row of so many bytes, some packs each; 0 for too many."""
    team = _power_of_two(_parts(row, packs * _PACK))
    return team if team <= most else 0


def _shape(x: Array) -> tuple[int, int, int]:
    n, c, s = x.shape
    return (1, 1, n * s) if c == 1 else (n, c, s)


def _down_columns(n: int, c: int, size: int, lanes: int, block: int, most: int) -> Channels:
    packs = _parts(c * size, _PACK)
    lanes = _power_of_two(_even(packs, lanes))
    wide = blocks_for(packs, lanes)
    chunk = _DEPTH * (block // lanes)  # shares are whole ones: a part of one costs as much
    rows = chunk * _parts(n, chunk * blocks_for(n, chunk, _parts(most, wide)))
    return Channels(n, c, 1, lanes, block, wide, _parts(n, max(rows, 1)), (np.int64(rows),))


def _along_planes(n: int, c: int, s: int, size: int, most: int, splits: int) -> Channels:
    packs = _parts(s * size, _PACK)
    planes = max(1, n // splits)
    share = max(1, _parts(packs, _parts(splits, max(n, 1))))
    segments = _parts(packs, share)
    lanes = max(1, _even(share, most))
    block = WARP * _parts(lanes * min(planes, most // lanes), WARP)
    units = (np.int64(planes), np.int64(share), np.int32(segments))
    return Channels(n, c, s, lanes, block, c, _parts(n, planes) * segments, units)


def _parts(n: int, size: int) -> int:
    return -(-n // size)


def _even(n: int, most: int) -> int:
    """Return the size of equal parts of n, none above `most`."""
    return _parts(n, max(1, _parts(n, most)))


def _power_of_two(n: int) -> int:
    return 1 << max(n - 1, 0).bit_length()

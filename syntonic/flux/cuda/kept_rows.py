"""Rows that a block keeps in shared memory for a gradient: kernels/kept_rows.cuh."""

from __future__ import annotations

from syntonic.flux.cuda.launch import Array, shared_of
from syntonic.flux.cuda.source import acc_dtype

__all__ = ["TEAM", "fits", "kept_of"]

TEAM = 512
"""Threads of a block: SRT_KEPT_TEAM."""

_QUAD = 16 * TEAM
"""Bytes of what a thread moves at once, of all threads."""

_SUMS = 2
"""Quads of a row whose sums by column lie in registers: SRT_KEPT_SUMS."""

_MOST = 8
"""Quads of a row at most: of so many an H100 or H200 keeps all but a few."""

_STATIC = 2 << 10
"""Bytes of shared memory that a block has besides."""


def fits(grad: Array) -> bool:
    """Tell whether rows of an array (rows, cols) are read once, where there is room for them."""
    return grad.shape[1] * acc_dtype(grad.dtype).itemsize <= _MOST * _QUAD


def kept_of(grad: Array) -> tuple[int, int]:
    """Return the units of a row that a block's shared memory keeps, and the bytes that takes.

    How many is the device's affair, and changes no bit.
    """
    quads = acc_dtype(grad.dtype).itemsize // grad.dtype.itemsize  # of a unit: a pack, in acc
    units = -(-grad.shape[1] * grad.dtype.itemsize // _QUAD)
    room = (shared_of(grad) - _STATIC) // _QUAD
    rooms = [2 * n * quads + 2 * max(0, n * quads - _SUMS) for n in range(units + 1)]
    kept = max(n for n, each in enumerate(rooms) if each <= room)
    return kept, rooms[kept] * _QUAD

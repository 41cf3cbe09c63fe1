"""What a launcher needs of the device that holds its arrays.

The launchers of this package (residual, norm, softmax, lattice) choose kernels, grids and scratch
arrays, and know nothing of CuPy: a `Runtime` allocates and launches. There is one for CuPy's
arrays; the tests have another, which runs the same kernels on the CPU.

Geometry comes from shapes alone, never from the device, so that results are bitwise the same on
every device of one compute capability. What a block keeps in shared memory changes no bit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, Protocol

from syntonic.errors import DeviceError

__all__ = [
    "SHARED",
    "WARP",
    "Array",
    "Runtime",
    "blocks_for",
    "check_geometry",
    "register_runtime",
    "runtime_of",
    "shared_of",
]

WARP = 32
"""Threads in a warp."""

SHARED = 48 << 10
"""Bytes of shared memory that a kernel may have without asking, on every device."""

_MOST_BLOCKS = (2**31 - 1, 65535, 65535)
_MOST_THREADS = 1024
_MOST_ALONG = (1024, 1024, 64)

Array = Any
"""An array of the runtime's library: shape, dtype, size, nbytes, reshape, C-contiguous."""


class Runtime(Protocol):
    """Allocates arrays beside an array, and launches kernels on its device.

    One that has `shared` tells with it how many bytes of shared memory a block may have.
    """

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised C-contiguous array."""

    def launch(
        self,
        family: str,
        symbol: str,
        dtype: str,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        arguments: tuple[Any, ...],
        shared: int = 0,
    ) -> None:
        """Launch a kernel on the current stream; nothing is waited for.

        `symbol` is the whole name, with its dtype; `dtype` the compiled variant of the family.
        Arguments are arrays, None for a null pointer, or NumPy scalars of exactly the kernel's
        types; `shared` is dynamic shared memory in bytes, above 48 KB too.
        """


_RUNTIMES: dict[type, Callable[[Array], Runtime]] = {}


def register_runtime(array_type: type, runtime: Callable[[Array], Runtime]) -> None:
    """Let `runtime(array)` serve arrays of a type."""
    _RUNTIMES[array_type] = runtime


def runtime_of(array: Array) -> Runtime:
    """Return the runtime of the device that holds an array."""
    if type(array) not in _RUNTIMES and "cupy" in sys.modules:
        from syntonic.flux.cuda import compile  # registers CuPy's

        _RUNTIMES.setdefault(sys.modules["cupy"].ndarray, compile.CudaRuntime.of)
    return _RUNTIMES[type(array)](array)


def shared_of(array: Array) -> int:
    """Return the bytes of shared memory that a block may have beside an array: 48 KiB or more."""
    return getattr(runtime_of(array), "shared", SHARED)


def blocks_for(threads: int, block: int, most: int = 1 << 30) -> int:
    """Return how many blocks hold this many threads, at least one and at most `most`."""
    return max(1, min(-(-threads // block), most))


def check_geometry(symbol: str, grid: tuple[int, ...], block: tuple[int, ...]) -> None:
    """Refuse a grid or a block that no CUDA device takes; every runtime asks before it launches.

    Raises
    ------
    DeviceError
        If there are not one to three sides, or one is not positive; if the grid exceeds 2^31 - 1,
        65535 or 65535 blocks along x, y or z, or the block 1024, 1024 or 64 threads, 1024 in all.
    """
    if reason := _refusal(grid, block):
        raise DeviceError(f"{symbol}: a grid of {grid} and a block of {block}: {reason}")


@lru_cache(maxsize=4096)  # a launch is a matter of microseconds, and shapes come again
def _refusal(grid: tuple[int, ...], block: tuple[int, ...]) -> str:
    """Return why no device takes them, or nothing."""
    if not (1 <= len(grid) <= 3 and 1 <= len(block) <= 3):
        return "each has one to three sides"
    if min(*grid, *block) < 1:
        return "all sides must be positive"
    if any(side > most for side, most in zip(grid, _MOST_BLOCKS, strict=False)):
        return f"CUDA's grids have at most {_MOST_BLOCKS} blocks along x, y and z"
    if any(side > most for side, most in zip(block, _MOST_ALONG, strict=False)):
        return f"CUDA's blocks have at most {_MOST_ALONG} threads along x, y and z"
    if prod(block) > _MOST_THREADS:
        return f"CUDA's blocks have at most {_MOST_THREADS} threads"
    return ""

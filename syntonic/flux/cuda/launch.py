"""What a launcher needs of the device that holds its arrays.

The launchers of this package (residual, norm, softmax, lattice) choose kernels, grids and scratch
arrays, and know nothing of CuPy: a `Runtime` allocates and launches. There is one for CuPy's
arrays; the tests have another, which runs the same kernels on the CPU.

Geometry comes from shapes alone, never from the device, so that results are bitwise the same on
every device of one compute capability.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["WARP", "Runtime", "blocks_for", "register_runtime", "runtime_of"]

WARP = 32
"""Threads in a warp."""

Array = Any
"""An array of the runtime's library: shape, dtype, size, nbytes, reshape, C-contiguous."""


class Runtime(Protocol):
    """Allocates arrays beside an array, and launches kernels on its device."""

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


def blocks_for(threads: int, block: int, most: int = 1 << 30) -> int:
    """Return how many blocks hold this many threads, at least one and at most `most`."""
    return max(1, min(-(-threads // block), most))

"""CUDA arrays on memory that is not there, and launches that do nothing: Python's share alone.

The arrays are CuPy's own, or PyTorch's on the CPU; what of a launcher runs on the CPU runs as it
does beside a GPU, up to the call of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

__all__ = ["CuPy", "launches", "pytorch"]


class CuPy:
    """What the launchers ask of CuPy; `allocated` counts arrays and scratch."""

    def __init__(self) -> None:
        import cupy

        memory = cupy.cuda.UnownedMemory(1 << 30, 1 << 40, None, 0)
        self._place = cupy.cuda.MemoryPointer(memory, 0)
        self.ndarray, self.allocated = cupy.ndarray, 0
        number = SimpleNamespace(
            getDevice=lambda: 0, deviceGetAttribute=lambda attribute, device: 227 << 10
        )
        self.cuda = SimpleNamespace(
            Device=lambda device: nullcontext(), runtime=number, alloc=self._room
        )

    def empty(self, shape: Any, dtype: Any) -> Any:
        """Return an array whose memory nobody may touch."""
        self.allocated += 1
        return self.ndarray(shape, dtype, memptr=self._place)

    def _room(self, nbytes: int) -> Any:
        self.allocated += 1
        return self._place


@contextmanager
def launches(library: Any, kernel: Any = None) -> Iterator[None]:
    """Let launchers ask `library` for CuPy, and start `kernel`, or nothing."""
    from syntonic.flux.cuda import compile as cuda_compile
    from syntonic.flux.cuda import plan

    def nothing(
        grid: Any, block: Any, passed: Any, shared_mem: int = 0, stream: Any = None
    ) -> None:
        pass

    cuda_compile._runtime.cache_clear()
    plan.forget()
    with (
        patch.object(cuda_compile, "_cupy", lambda: library),
        patch.object(cuda_compile, "_kernel", lambda *what: kernel or nothing),
    ):
        yield
    cuda_compile._runtime.cache_clear()
    plan.forget()


@contextmanager
def pytorch(library: Any) -> Iterator[None]:
    """Let `syntonic.torch` take tensors of the CPU for those of a device, and launch nothing."""
    import torch

    from syntonic.flux.cuda import launch
    from syntonic.torch import cuda, loops

    families = {
        name: import_module(f"syntonic.flux.cuda.{name}")
        for name in ("residual", "norm", "softmax")
    }
    with launches(library):
        runtime = cuda.TorchRuntime(0)
        runtime._place = torch.device("cpu")
        runtime._number = -1  # what a tensor of the CPU names
        library.cuda.runtime.getDevice = lambda: -1
        known = dict.fromkeys((torch.Tensor, torch.nn.Parameter), lambda array: runtime)
        with (
            patch.dict(launch._RUNTIMES, known),
            patch.object(cuda, "_stream", lambda address: None),
            patch.object(cuda, "_raw_stream", lambda device: 0),
            patch.object(loops, "family_of", lambda name, x: families[name]),
            patch.object(loops, "array_of", lambda x: x.contiguous()),
        ):
            yield

"""A tensor on a CUDA device as the launchers see it, and the runtime that serves it.

Memory comes from PyTorch's allocator, and kernels run on PyTorch's current stream, in the order of
what else runs there: forward on the caller's, backward on the one that autograd has chosen. Nothing
is waited for. CuPy loads the kernels, and none of its memory or streams is used.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from syntonic.flux.cuda.compile import CudaRuntime
from syntonic.flux.cuda.launch import register_runtime

__all__ = ["TorchArray", "TorchRuntime"]


@dataclass(frozen=True)
class _Bfloat16:
    """What the launchers ask of a dtype, for one that NumPy itself does not have."""

    name: str = "bfloat16"
    itemsize: int = 2


_TORCH = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
_DTYPES: dict[torch.dtype, Any] = {
    theirs: _Bfloat16() if name == "bfloat16" else np.dtype(name) for name, theirs in _TORCH.items()
}


class TorchArray:
    """A contiguous tensor, with the attributes that the launchers ask for."""

    __slots__ = ("dtype", "shape", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.shape = tuple(tensor.shape)
        self.dtype = _DTYPES[tensor.dtype]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * int(self.dtype.itemsize)

    def __len__(self) -> int:
        return self.shape[0]

    def reshape(self, *shape: Any) -> TorchArray:
        """Return the same memory in another shape; to autograd it is a tensor of its own."""
        return TorchArray(self.tensor.reshape(*shape).data)


class TorchRuntime(CudaRuntime):
    """Allocates by PyTorch, and launches on PyTorch's current stream of one device."""

    @classmethod
    def of(cls, array: TorchArray) -> TorchRuntime:
        """Return the runtime of the device that holds a tensor."""
        return _runtime(array.tensor.get_device())

    def empty(self, shape: tuple[int, ...], dtype: Any) -> TorchArray:
        """Return an uninitialised array, or raise PyTorch's error if the memory is full."""
        name = dtype.name if hasattr(dtype, "name") else np.dtype(dtype).name
        place = torch.device("cuda", self._number)
        return TorchArray(torch.empty(shape, dtype=_TORCH[name], device=place))

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
        """Launch a kernel on PyTorch's current stream; errors are those of CuPy's arrays."""
        stream = torch.cuda.current_stream(self._number).cuda_stream
        with self._device, _stream(stream):
            super().launch(family, symbol, dtype, grid, block, arguments, shared)

    def _checked(self, symbol: str, place: int, argument: Any) -> Any:
        if isinstance(argument, TorchArray):
            return np.uint64(argument.tensor.data_ptr())
        return super()._checked(symbol, place, argument)


@cache
def _runtime(device: int) -> TorchRuntime:
    return TorchRuntime(device)


class _CudaStream(NamedTuple):
    """A stream of PyTorch's in the protocol by which CuPy takes one."""

    address: int

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self.address  # the protocol's version


@lru_cache(maxsize=256)
def _stream(address: int) -> Any:
    cuda = sys.modules["cupy"].cuda
    if hasattr(cuda.Stream, "from_external"):
        return cuda.Stream.from_external(_CudaStream(address))
    return cuda.ExternalStream(address)  # before CuPy 14


register_runtime(TorchArray, TorchRuntime.of)

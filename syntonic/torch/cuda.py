"""Tensors on CUDA devices: the runtime by which the launchers take them.

Memory comes from PyTorch's allocator, and kernels run on PyTorch's current stream, in the order of
what else runs there: forward on the caller's, backward on the one that autograd has chosen. Nothing
is waited for. CuPy loads the kernels, and none of its memory or streams is used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from syntonic.errors import DeviceError
from syntonic.flux.cuda.compile import CudaRuntime
from syntonic.flux.cuda.launch import register_runtime
from syntonic.flux.cuda.plan import Plan, described

__all__ = ["TorchRuntime"]


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


class TorchRuntime(CudaRuntime):
    """Allocates by PyTorch, and launches on PyTorch's current stream of one device."""

    def __init__(self, device: int) -> None:
        super().__init__(device)
        self._place = torch.device("cuda", device)

    @classmethod
    def of(cls, array: Tensor) -> TorchRuntime:
        """Return the runtime of the device that holds a tensor."""
        return _runtime(array.get_device())

    def _new(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return an uninitialised tensor, or raise PyTorch's error if the memory is full."""
        return torch.empty(shape, dtype=dtype, device=self._place)

    def _dtype(self, dtype: Any) -> torch.dtype:
        return _TORCH[dtype.name]

    def _passed(self, arrays: tuple[Tensor, ...]) -> tuple[int, ...]:
        return tuple([array.data_ptr() for array in arrays])

    def _room(self, plan: Plan, workspace: Tensor | None) -> tuple[Tensor, int]:
        if workspace is None:
            room = torch.empty(plan.workspace, dtype=torch.uint8, device=self._place)
            return room, room.data_ptr()
        self._check(plan.name, (workspace,))
        plan.room(workspace, workspace.data_ptr())
        return workspace, workspace.data_ptr()

    def _options(self) -> dict[str, Any]:
        return {"stream": _stream(_raw_stream(self._number))}

    def _check(self, where: str, arrays: Sequence[Tensor], first: int = 0) -> None:
        for place, array in enumerate(arrays, first):
            if array.get_device() != self._number:
                raise DeviceError(
                    f"{where}: argument {place} is on {array.device}, not on {self._place}; "
                    f'call .to("{self._place}")'
                )
            if not array.is_contiguous():
                raise DeviceError(
                    f"{where}: argument {place} must be contiguous; call .contiguous()"
                )


_raw_stream = getattr(
    torch._C,
    "_cuda_getCurrentRawStream",
    lambda device: torch.cuda.current_stream(device).cuda_stream,
)
"""The address of PyTorch's current stream of a device."""


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


for _type in (Tensor, torch.nn.Parameter):
    register_runtime(_type, TorchRuntime.of)
described(_DTYPES)

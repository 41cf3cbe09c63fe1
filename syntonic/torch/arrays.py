"""Tensors of PyTorch as the arrays that loops and launchers take, and back; no copy where none is
needed.

On the CPU those are NumPy arrays of float32 or float64 that share the tensor's memory; halves go
through float32. On a CUDA device it is the tensor itself, see `cuda`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from syntonic.flux.device import cuda_library

__all__ = ["array_of", "channels_of", "family_of", "format_of", "tensor_of", "wide"]

_HALVES = frozenset((torch.float16, torch.bfloat16))


def wide(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype that the kernels compute with: float64, or float32 below it."""
    return torch.float64 if dtype is torch.float64 else torch.float32


def array_of(x: Tensor) -> Any:
    """Return a tensor as a C-contiguous array of the library that computes on its device."""
    if not x.is_cpu:
        return (x.resolve_neg() if x.is_neg() else x).contiguous()
    if x.dtype in _HALVES:
        x = x.float()
    return x.contiguous().numpy(force=True)  # detached, and with its signs, in one call


def tensor_of(array: Any, dtype: torch.dtype | None = None, shape: Any = None) -> Tensor:
    """Return what loops or launchers gave as a tensor, in the dtype and shape that are named.

    It is no view, which autograd would not let anybody change in place.
    """
    given = shape is None or array.shape == shape
    if type(array) is np.ndarray:
        out = torch.from_numpy(array if given else array.reshape(shape))
    else:
        out = array if given else array.resize_(shape)
    return out if dtype is None or out.dtype is dtype else out.to(dtype)


def family_of(name: str, x: Tensor) -> Any:
    """Return the module of a family of operations, "norm" and so on, for a tensor's device."""
    return _family(name, x.is_cpu)


@cache
def _family(name: str, on_cpu: bool) -> Any:
    if not on_cpu:
        _cuda()
    return import_module(f"syntonic.flux.{'cpu' if on_cpu else 'cuda'}.{name}")


@cache
def _cuda() -> Any:
    """Return the module of CUDA's views, which needs CuPy to compile and launch the kernels."""
    cuda_library("syntonic.torch")
    return import_module("syntonic.torch.cuda")


def format_of(x: Tensor) -> torch.memory_format:
    """Return the memory format of (N, C, *) that batch norm keeps."""
    if not x.is_contiguous():
        if x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last):
            return torch.channels_last
        if x.ndim == 5 and x.is_contiguous(memory_format=torch.channels_last_3d):
            return torch.channels_last_3d
    return torch.contiguous_format


def channels_of(x: Tensor, memory_format: torch.memory_format) -> Any:
    """Return (N, C, *) as an array (N, C, S) or, where channels are last in memory, (N·S, C, 1).

    Both share memory with a tensor of that format, if it is no half on the CPU.
    """
    n, c, *rest = x.shape
    size = prod(rest)
    if memory_format is torch.contiguous_format:
        return array_of(x).reshape(n, c, size)
    x = x.contiguous(memory_format=memory_format)
    return array_of(x.movedim(1, -1)).reshape(n * size, c, 1)

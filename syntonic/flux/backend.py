"""The backends of flux, and what they take: contiguous arrays, and on the CPU no half precision.

A backend is a package with one module for each family of operations, `norm`, `residual`,
`softmax`. A CPU has no arithmetic in float16 or bfloat16: there they are computed in float32 and
rounded once at the end, as the kernels of the GPU do.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from syntonic.flux.device import is_cuda, namespace

__all__ = ["backend", "contiguous", "narrowed"]

_LOADED: dict[tuple[bool, str], ModuleType] = {}


def backend(family: str, array: object) -> Any:
    """Return the module of a family of operations for an array's device; loads numba or CuPy's."""
    on_cpu = type(array) is np.ndarray or not is_cuda(array)
    found = _LOADED.get((on_cpu, family))
    if found is None:
        kind = "cpu" if on_cpu else "cuda"
        found = _LOADED[on_cpu, family] = import_module(f"syntonic.flux.{kind}.{family}")
    return found


def contiguous(array: Any) -> Any:
    """Return a C-contiguous array that the backend of its device computes with."""
    if type(array) is np.ndarray and array.itemsize > 2 and array.flags.c_contiguous:
        return array
    if array.dtype.itemsize == 2 and not is_cuda(array):
        return np.ascontiguousarray(array, dtype=np.float32)
    return namespace(array).ascontiguousarray(array).reshape(array.shape)


def narrowed(out: Any, dtype: np.dtype[Any]) -> Any:
    """Return a backend's result in the dtype of its input."""
    if out.dtype == dtype:
        return out
    with np.errstate(over="ignore"):  # beyond the range of a half: infinite, as on the GPU
        return out.astype(dtype)

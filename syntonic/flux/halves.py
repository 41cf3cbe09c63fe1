"""What the backends of flux take: contiguous arrays, and on the CPU no half precision.

A CPU has no arithmetic in float16 or bfloat16: there they are computed in float32 and rounded once
at the end, as the kernels of the GPU do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.flux.device import is_cuda, namespace

__all__ = ["contiguous", "narrowed"]


def contiguous(array: Any) -> Any:
    """Return a C-contiguous array that the backend of its device computes with."""
    if array.dtype.itemsize == 2 and not is_cuda(array):
        return np.ascontiguousarray(array, dtype=np.float32)
    return namespace(array).ascontiguousarray(array).reshape(array.shape)


def narrowed(out: Any, dtype: np.dtype[Any]) -> Any:
    """Return a backend's result in the dtype of its input."""
    if out.dtype == dtype:
        return out
    with np.errstate(over="ignore"):  # beyond the range of a half: infinite, as on the GPU
        return out.astype(dtype)

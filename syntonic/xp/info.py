"""What the arrays are: their dtypes, limits and devices."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from syntonic.xp.wrapping import as_tensors, there

__all__ = ["__array_namespace_info__", "astype", "finfo", "iinfo"]


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Return an array as another dtype: a tensor in flux where that is floating."""
    same = x.dtype == dtype and not copy
    return there(as_tensors(x if same else x.astype(dtype)), device, "astype")


def finfo(type: Any, /) -> Any:
    """Return the limits of a floating dtype, or of an array's."""
    return np.finfo(np.result_type(type))


def iinfo(type: Any, /) -> Any:
    """Return the limits of an integer dtype, or of an array's."""
    return np.iinfo(np.result_type(type))


class _Info:
    """What `__array_namespace_info__` of the standard returns; NumPy's, and the CUDA devices."""

    def capabilities(self) -> Any:
        return np.__array_namespace_info__().capabilities()

    def default_device(self) -> str:
        return "cpu"

    def default_dtypes(self, *, device: Any = None) -> Any:
        return np.__array_namespace_info__().default_dtypes()

    def devices(self) -> list[str]:
        return ["cpu", *_cuda_devices()]

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        return np.__array_namespace_info__().dtypes(kind=kind)


def _cuda_devices() -> list[str]:
    """Return the CUDA devices of a process that has loaded CuPy; none is loaded to count them."""
    cupy = sys.modules.get("cupy")
    try:
        return [f"cuda:{n}" for n in range(cupy.cuda.runtime.getDeviceCount())] if cupy else []
    except Exception:  # CuPy's own, where there is no driver
        return []


def __array_namespace_info__() -> _Info:
    """Return what is known of dtypes and devices, as the standard asks for it."""
    return _Info()

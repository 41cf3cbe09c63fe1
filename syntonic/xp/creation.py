"""Arrays from numbers and from other libraries' arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.flux.device import is_cuda
from syntonic.tensor import ResonantTensor
from syntonic.xp.wrapping import as_tensors, there

__all__ = [
    "arange",
    "asarray",
    "empty",
    "eye",
    "from_dlpack",
    "full",
    "linspace",
    "ones",
    "zeros",
]


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """Return numbers or an array as an array: floats in flux, exact numbers crystallized."""
    if isinstance(obj, ResonantTensor) or is_cuda(obj):
        tensor = as_tensors(obj)
        if dtype is not None and tensor.dtype != dtype:
            _require_copy(copy)
            return there(tensor.astype(dtype), device, "asarray")
        moved = there(tensor, device, "asarray")
        return moved.copy() if copy and moved is tensor else moved
    return there(as_tensors(np.asarray(obj, dtype=dtype, copy=copy)), device, "asarray")


def _require_copy(copy: bool | None) -> None:
    if copy is False:
        raise ValueError("asarray: another dtype needs a copy, got copy=False; use copy=None")


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """Return the array of another library, sharing its memory where copy is not True."""
    kind = getattr(x, "__dlpack_device__", lambda: (1, 0))()[0]
    if int(kind) != 1:
        tensor = ResonantTensor.from_flux(x)
        return there(tensor.copy() if copy else tensor, device, "from_dlpack")
    options: Any = {} if copy is None else {"copy": copy}
    return there(as_tensors(np.from_dlpack(x, **options)), device, "from_dlpack")


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> Any:
    """Return start, start + step and so on below stop; integers are a plain array."""
    limits = (0, start, step) if stop is None else (start, stop, step)
    return there(as_tensors(np.arange(*limits, dtype=dtype)), device, "arange")


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of any numbers."""
    return there(as_tensors(np.empty(shape, dtype)), device, "empty")


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    """Return ones on a diagonal, zeros beside it."""
    return there(as_tensors(np.eye(n_rows, n_cols, k, dtype or np.float64)), device, "eye")


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return one number everywhere."""
    return there(as_tensors(np.full(shape, fill_value, dtype)), device, "full")


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Any:
    """Return numbers in equal steps, in flux unless dtype is another."""
    out = np.linspace(start, stop, num, endpoint, dtype=dtype)
    return there(as_tensors(out), device, "linspace")


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return ones."""
    return there(as_tensors(np.ones(shape, dtype)), device, "ones")


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return zeros."""
    return there(as_tensors(np.zeros(shape, dtype)), device, "zeros")

"""Where flux lives: the CPU (NumPy arrays) or a CUDA device (CuPy arrays); explicit moves only.

CuPy is imported when a caller asks for a CUDA device, never before: an array that lives on one
proves that CuPy is loaded.
"""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import Any

import numpy as np

from syntonic.errors import BackendUnavailableError, DeviceError
from syntonic.foreign import native, require_unmasked

__all__ = [
    "CPU",
    "as_flux_array",
    "cuda_library",
    "device_of",
    "flux_result",
    "is_cuda",
    "is_flux_dtype",
    "move",
    "namespace",
    "parse_device",
    "to_host",
]

CPU = "cpu"

_NAME = re.compile(r"cuda(?::(\d+))?")
_DLPACK_CPU, _DLPACK_CUDA = 1, 2  # kDLCPU and kDLCUDA of dlpack.h
_DOCTOR = "`syntonic doctor` shows what is missing"


def is_flux_dtype(dtype: np.dtype[Any]) -> bool:
    """Tell whether flux can have a dtype: float64, float32, float16 or ml_dtypes' bfloat16."""
    return dtype.name in ("float64", "float32", "float16", "bfloat16")


def is_cuda(array: object) -> bool:
    """Tell whether an object is a CuPy array."""
    cupy = sys.modules.get("cupy")
    return cupy is not None and isinstance(array, cupy.ndarray)


def device_of(array: Any) -> str:
    """Return the device of an array: "cpu", or "cuda:0" and so on."""
    return f"cuda:{array.device.id}" if is_cuda(array) else CPU


def namespace(array: object) -> ModuleType:
    """Return the library of an array, `numpy` or `cupy`."""
    return sys.modules["cupy"] if is_cuda(array) else np


def parse_device(device: object, where: str) -> str:
    """Return the full name of an existing device: "cuda" means CuPy's current one.

    Raises
    ------
    DeviceError
        There is no device of that name.
    BackendUnavailableError
        A CUDA device is asked for, and CuPy or a working driver is missing.
    """
    if device == CPU:
        return CPU
    found = _NAME.fullmatch(device) if isinstance(device, str) else None
    if found is None:
        raise DeviceError(f'{where}: device must be "cpu", "cuda" or "cuda:0", got {device!r}')
    runtime = cuda_library(where).cuda
    number = runtime.Device().id if found[1] is None else int(found[1])
    count = runtime.runtime.getDeviceCount()
    if number >= count:
        raise DeviceError(
            f"{where}: device must be one of the {count} visible CUDA devices, cuda:0 to "
            f"cuda:{count - 1}, got {device!r}; CUDA_VISIBLE_DEVICES chooses which are visible"
        )
    return f"cuda:{number}"


def cuda_library(where: str) -> Any:
    """Return CuPy, with at least one working device, or raise BackendUnavailableError."""
    try:
        import cupy
    except ImportError as error:
        raise BackendUnavailableError(
            f"{where}: a CUDA device needs CuPy, which does not import ({error}); "
            f"pip install cupy-cuda12x or cupy-cuda13x; {_DOCTOR}"
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # CuPy's class for it is not importable everywhere
        raise BackendUnavailableError(
            f"{where}: no NVIDIA driver is visible to CUDA ({error}); {_DOCTOR}"
        ) from error
    if count == 0:
        raise BackendUnavailableError(f"{where}: no CUDA device is visible; {_DOCTOR}")
    return cupy


def move(array: Any, device: str, where: str) -> Any:
    """Return the array on a device of `parse_device`: itself if it is there, else a copy."""
    here = device_of(array)
    if device == here:
        return array
    if device == CPU:
        return array.get()
    cupy = cuda_library(where)
    with cupy.cuda.Device(int(device.removeprefix("cuda:"))):
        return cupy.array(array)


def flux_result(out: Any) -> Any:
    """Return what a NumPy function gave for arrays of flux as an array: its scalars are 0-d."""
    return out if is_cuda(out) else np.asarray(out)


def to_host(array: Any) -> np.ndarray[Any, Any]:
    """Return the array as NumPy's: itself, or a copy from its CUDA device."""
    return array.get() if is_cuda(array) else np.asarray(array)


def as_flux_array(source: Any, where: str) -> Any:
    """Return a NumPy or CuPy array that shares the memory of an array of any library.

    An array of another byte order is copied into this machine's.

    Parameters
    ----------
    source
        A NumPy or CuPy array, an object with `__dlpack__` on the CPU or a CUDA device, or one
        with `__cuda_array_interface__`; anything else goes through `numpy.asarray`.

    Raises
    ------
    TypeError
        The array is masked.
    DeviceError
        The memory is on a device of another kind.
    BackendUnavailableError
        The memory is on a CUDA device, and CuPy does not work.
    """
    require_unmasked(source, where)
    if is_cuda(source):
        return source
    if isinstance(source, (np.ndarray, np.generic)):
        return native(np.asarray(source))
    if hasattr(source, "__dlpack__") and hasattr(source, "__dlpack_device__"):
        kind = source.__dlpack_device__()[0]
        if kind == _DLPACK_CPU:
            return np.from_dlpack(source)
        if kind == _DLPACK_CUDA:
            return cuda_library(where).from_dlpack(source)
        raise DeviceError(
            f"{where}: the array must be on the CPU or a CUDA device, got DLPack device type "
            f"{int(kind)}; move it with its own library first"
        )
    if hasattr(source, "__cuda_array_interface__"):
        return cuda_library(where).asarray(source)
    return native(np.asarray(source))

"""The kernels on CuPy's arrays: compiled at their first use, launched on the current stream."""

from __future__ import annotations

import sys
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from syntonic.errors import BackendUnavailableError, DeviceError, KernelCompileError
from syntonic.flux.cuda import modules, nvrtc
from syntonic.flux.cuda.launch import Array, check_geometry

__all__ = ["CudaRuntime", "load"]

_DOCTOR = "run `syntonic doctor`"
_SHARED = 48 * 1024  # what a kernel may have without asking
_NULL = np.uint64(0)  # CuPy hands a None on as no argument at all, which is not a null pointer
_UNREADABLE = ("CUDA_ERROR_INVALID_IMAGE", "CUDA_ERROR_INVALID_SOURCE", "CUDA_ERROR_FILE_NOT_FOUND")
_NO_DEVICE = ("cudaErrorInsufficientDriver", "cudaErrorNoDevice", "CUDA_ERROR_NO_DEVICE")


class CudaRuntime:
    """Allocates and launches on one CUDA device; nothing is ever waited for.

    Parameters
    ----------
    device
        Its number, as CUDA counts the visible ones.
    """

    def __init__(self, device: int) -> None:
        self._number = device
        self._device = _cupy().cuda.Device(device)

    @classmethod
    def of(cls, array: Array) -> CudaRuntime:
        """Return the runtime of the device that holds a CuPy array."""
        return _runtime(array.data.device_id)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised C-contiguous array.

        Raises
        ------
        DeviceError
            If the device's memory is full; everything stays usable.
        """
        try:
            with self._device:
                return _cupy().empty(shape, dtype)
        except _errors() as error:
            wanted = prod(shape) * np.dtype(dtype).itemsize
            raise _explained(error, f"an array of shape {shape}", wanted) from error

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
        """Launch a kernel on the current stream, and compile it if this is its first launch.

        Raises
        ------
        KernelCompileError
            If it does not compile; the message ends with the compiler's, and what to run.
        BackendUnavailableError
            If there is no driver or no device, or the compiler is not installed.
        DeviceError
            If an argument is on another device or is not contiguous, or the launch is refused.
        """
        check_geometry(symbol, grid, block)
        passed = tuple(self._checked(symbol, place, x) for place, x in enumerate(arguments))
        try:
            with self._device:
                kernel = _kernel(self._number, family, symbol, dtype)
                if shared > _SHARED and kernel.max_dynamic_shared_size_bytes < shared:
                    kernel.max_dynamic_shared_size_bytes = shared
                kernel(grid, block, passed, shared_mem=shared)
        except _errors() as error:
            what = f"{symbol} on a grid of {grid} blocks of {block} threads"
            raise _explained(error, f"{what} with {shared} bytes of shared memory") from error

    def _checked(self, symbol: str, place: int, argument: Any) -> Any:
        """Return what CuPy is to be given; it checks no type and follows no strides."""
        if isinstance(argument, np.generic):  # first: a np.float64 is a float too
            return argument
        if argument is None:
            return _NULL
        where = f"{symbol}: argument {place}"
        if not isinstance(argument, _cupy().ndarray):
            kind = type(argument).__name__
            raise DeviceError(f"{where} must be a CuPy array, None or a NumPy scalar, got a {kind}")
        if argument.data.device_id != self._number:
            raise DeviceError(
                f"{where} is on device {argument.data.device_id}, not on {self._number}; "
                f"move it there first"
            )
        if not argument.flags.c_contiguous:
            raise DeviceError(f"{where} must be C-contiguous; use cupy.ascontiguousarray")
        return argument


@cache
def _runtime(device: int) -> CudaRuntime:
    return CudaRuntime(device)


def load(family: str, dtype: str) -> Any:
    """Return the `cupy.RawModule` of a family on the current device, compiled if it never was."""
    try:
        return _module(_cupy().cuda.Device().id, family, dtype)
    except _errors() as error:
        raise _explained(error, f"{family} in {dtype}") from error


@cache
def _module(device: int, family: str, dtype: str) -> Any:
    """Return the family's module; `device` is the current one, and each has modules of its own."""
    library = nvrtc.find(_cupy().cuda.runtime.runtimeGetVersion() // 1000)
    capability = int(_cupy().cuda.Device(device).compute_capability)
    architecture = modules.architecture_for(capability, library)
    path = modules.binary(family, dtype, architecture, library)
    try:
        return _loaded(path)
    except _cupy().cuda.driver.CUDADriverError as error:
        if not str(error).startswith(_UNREADABLE):
            raise
    modules.discard(path)
    return _loaded(modules.binary(family, dtype, architecture, library))


def _loaded(path: Path) -> Any:
    module = _cupy().RawModule(path=str(path))
    module.compile()  # loads it, which else would wait for its first function
    return module


@cache
def _kernel(device: int, family: str, symbol: str, dtype: str) -> Any:
    return _module(device, family, dtype).get_function(symbol)


def _cupy() -> Any:
    """Return CuPy, which whoever holds one of its arrays has imported."""
    return sys.modules["cupy"]


def _errors() -> tuple[type[Exception], ...]:
    """Return what CuPy raises; its CUDA errors, and those of a missing NVRTC, are RuntimeErrors."""
    return MemoryError, RuntimeError, ImportError


def _explained(error: Exception, what: str, wanted: int = 0) -> Exception:
    """Return our error for one of CuPy's."""
    cuda = _cupy().cuda
    if isinstance(error, KernelCompileError):
        return KernelCompileError(f"{what}: does not compile:\n{error}\n{_DOCTOR}")
    if isinstance(error, BackendUnavailableError):
        return BackendUnavailableError(f"{what}: {error}; {_DOCTOR}")
    if isinstance(error, MemoryError):
        free, total = cuda.runtime.memGetInfo()
        held = _cupy().get_default_memory_pool().free_bytes()
        return DeviceError(
            f"{what}: {wanted:,} bytes are wanted; of {total:,} bytes on the device {free:,} are "
            f"free, and CuPy holds {held:,} ready; free some arrays, or work in parts"
        )
    if str(error).startswith(_NO_DEVICE):
        seen = cuda.runtime.driverGetVersion()
        reason = str(error) if seen else "no NVIDIA driver is visible"
        return BackendUnavailableError(f"{what}: {reason}; {_DOCTOR}")
    if isinstance(error, (cuda.runtime.CUDARuntimeError, cuda.driver.CUDADriverError)):
        return DeviceError(f"{what}: {error}; {_DOCTOR}")
    # CuPy did not find or could not load a part of CUDA.
    return BackendUnavailableError(f"{what}: {error}; {_DOCTOR}")

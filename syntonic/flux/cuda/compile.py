"""The kernels on CuPy's arrays: compiled at their first use, launched on the current stream."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache, cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from syntonic.errors import BackendUnavailableError, DeviceError, KernelCompileError
from syntonic.flux.cuda import modules, nvrtc
from syntonic.flux.cuda.launch import SHARED, Array, check_geometry
from syntonic.flux.cuda.plan import Launch, Plan

__all__ = ["CudaRuntime", "load"]

_DOCTOR = "run `syntonic doctor`"
_SHARED_OPTIN = 97  # cudaDevAttrMaxSharedMemoryPerBlockOptin
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

    @cached_property
    def shared(self) -> int:
        """Bytes of shared memory that a block may ask for."""
        try:
            return int(_cupy().cuda.runtime.deviceGetAttribute(_SHARED_OPTIN, self._number))
        except _errors() as error:
            raise _explained(error, f"device {self._number}") from error

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
            raise _lacking(error, shape, dtype) from error

    def _new(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised array on the current device, which is ours."""
        try:
            return _cupy().empty(shape, dtype)
        except _errors() as error:
            raise _lacking(error, shape, dtype) from error

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
        this = Launch(family, symbol, dtype, grid, block, lambda values: passed, shared)
        try:
            with self._device:
                self._kernel(this)(grid, block, passed, shared_mem=shared)
        except _errors() as error:
            raise _explained(error, _told(this)) from error

    def follow(
        self, plan: Plan, arrays: list[Array], out: Any = None, workspace: Array = None
    ) -> Any:
        """Follow a launcher's plan on arrays of this device; return what the launcher returns.

        Parameters
        ----------
        out, workspace
            The results' arrays and the scratch, if the caller gives them: nothing is allocated.

        Raises
        ------
        ShapeError, DeviceError
            If an array is on another device, not contiguous, or does not fit; and all that `launch`
            and `empty` raise.
        """
        try:
            here = _cupy().cuda.runtime.getDevice() == self._number
        except _errors() as error:
            raise _explained(error, plan.name) from error
        if here:
            return self._followed(plan, arrays, out, workspace)
        with self._device:
            return self._followed(plan, arrays, out, workspace)

    def _followed(self, plan: Plan, arrays: list[Array], out: Any, workspace: Array) -> Any:
        launches, specs, constants = plan.bound.get(self) or self._bound(plan)
        if out is None:
            self._check(plan.name, arrays)
            both = *arrays, *[self._new(shape, dtype) for shape, dtype in specs]
        else:
            both = *arrays, *plan.given(out)
            self._check(plan.name, both)
        values = self._passed(both)
        if plan.scratch:
            _held, address = self._room(plan, workspace)  # held until all is launched
            values += tuple(address + spec.offset for spec in plan.scratch)
        values += constants
        options = self._options()
        for this, kernel, grid, block, pick, shared in launches:
            try:
                kernel(grid, block, pick(values), shared_mem=shared, **options)
            except _errors() as error:
                raise _explained(error, _told(this)) from error
        return plan.results(both)

    def _bound(self, plan: Plan) -> tuple[Any, ...]:
        """Load a plan's kernels, on the current device, which is ours."""
        launches = []
        for each in plan.launches:
            try:
                kernel = self._kernel(each)
            except _errors() as error:
                raise _explained(error, _told(each)) from error
            launches.append((each, kernel, each.grid, each.block, each.pick, each.shared))
        specs = [(spec.shape, self._dtype(spec.dtype)) for spec in plan.outputs]
        constants = tuple(_NULL if each is None else each for each in plan.constants)
        plan.bound[self] = launches, specs, constants
        return plan.bound[self]

    def _kernel(self, this: Launch) -> Any:
        """Return a launch's kernel, with the shared memory that it takes."""
        kernel = _kernel(self._number, this.family, this.symbol, this.dtype)
        if this.shared > SHARED and kernel.max_dynamic_shared_size_bytes < this.shared:
            kernel.max_dynamic_shared_size_bytes = this.shared
        return kernel

    def _checked(self, symbol: str, place: int, argument: Any) -> Any:
        """Return what CuPy is to be given; it checks no type and follows no strides."""
        if isinstance(argument, np.generic):  # first: a np.float64 is a float too
            return argument
        if argument is None:
            return _NULL
        if not isinstance(argument, _cupy().ndarray):
            raise DeviceError(
                f"{symbol}: argument {place} must be a CuPy array, None or a NumPy scalar, got a "
                f"{type(argument).__name__}"
            )
        self._check(symbol, (argument,), place)
        return argument

    def _check(self, where: str, arrays: Sequence[Array], first: int = 0) -> None:
        """Refuse arrays on another device, and those that are not contiguous."""
        for place, array in enumerate(arrays, first):
            if array.data.device_id != self._number:
                raise DeviceError(
                    f"{where}: argument {place} is on device {array.data.device_id}, not on "
                    f"{self._number}; move it there first"
                )
            if not array.flags.c_contiguous:
                raise DeviceError(
                    f"{where}: argument {place} must be C-contiguous; use cupy.ascontiguousarray"
                )

    # -- what differs where arrays are another library's --------------------------------------

    def _room(self, plan: Plan, workspace: Array) -> tuple[Any, int]:
        """Return memory for a plan's scratch, the caller's or new, and its address."""
        if workspace is None:
            try:
                room = _cupy().cuda.alloc(plan.workspace)
            except _errors() as error:
                raise _explained(error, f"scratch of {plan.name}", plan.workspace) from error
            return room, room.ptr
        self._check(plan.name, (workspace,))
        plan.room(workspace, workspace.data.ptr)
        return workspace, workspace.data.ptr

    def _dtype(self, dtype: Any) -> Any:
        """Return the library's dtype."""
        return dtype

    def _passed(self, arrays: tuple[Array, ...]) -> tuple[Any, ...]:
        """Return what CuPy is to be given for arrays."""
        return arrays

    def _options(self) -> dict[str, Any]:
        """Return what a launch takes besides: nothing, on CuPy's current stream."""
        return {}


def _lacking(error: Exception, shape: tuple[int, ...], dtype: Any) -> Exception:
    """Return our error where there is no room for an array."""
    wanted = prod(shape) * np.dtype(dtype).itemsize
    return _explained(error, f"an array of shape {shape}", wanted)


def _told(this: Launch) -> str:
    what = f"{this.symbol} on a grid of {this.grid} blocks of {this.block} threads"
    return f"{what} with {this.shared} bytes of shared memory"


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

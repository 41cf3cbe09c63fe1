"""Where a launcher's test runs: on the host harness in two thread orders, and on a GPU.

A test takes the fixture `device` (and `kernel_dtype`, when it runs in every dtype)::

    def test_relu(device, kernel_dtype):
        identity = device.array(numpy_array, kernel_dtype)  # copied, C-contiguous
        out = residual.residual_relu(identity, ...)
        compare(device.numpy(out), oracle)

and runs once with the threads in natural order, once shuffled, and, marked `gpu`, on a CUDA
device through CuPy. `pytest -m gpu` runs the last alone; without a GPU, and with no such marker,
they are left out. SYNTONIC_REQUIRE_GPU=1 makes a missing GPU a failure.

A result that must be bitwise the same over thread orders is asked for by
`device.same_bits(lambda: launcher(...))`, which returns what the call returned; for more, there
are `device.seeds` and `with device.order(seed): ...`.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import numpy as np
import pytest

from cuda_host.runtime import RUNTIME, to_host_array

__all__ = [
    "DTYPES",
    "ORDERS",
    "CudaDevice",
    "HostDevice",
    "device_for",
    "dtype_of",
    "gpu_is_missing",
    "host_is_missing",
]

ORDERS = {"natural": 0, "shuffled": 1}
"""The thread orders every test runs in, by the name in the test's id."""

DTYPES = ("f64", "f32", "f16", "bf16")
"""The dtypes every kernel is compiled for; ids for parametrisation, see `dtype_of`."""

T = TypeVar("T")


def dtype_of(suffix: str) -> np.dtype[Any]:
    """Return the dtype that symbols end in `suffix` for; skip where ml_dtypes is missing."""
    if suffix == "bf16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype({"f64": "float64", "f32": "float32", "f16": "float16"}[suffix])


class HostDevice:
    """The host harness; `seed` is the order of blocks and threads, 0 the natural one."""

    seeds = (0, 1, 2)

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def array(self, values: Any, dtype: Any = None) -> Any:
        """Copy values to the device, C-contiguous."""
        return to_host_array(np.asarray(values, dtype))

    def numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """Copy an array of the device to NumPy."""
        return np.array(array, copy=True, subok=False)

    @contextmanager
    def order(self, seed: int) -> Iterator[None]:
        """Run blocks and threads in the order drawn from `seed`."""
        before, RUNTIME.seed = RUNTIME.seed, seed
        try:
            yield
        finally:
            RUNTIME.seed = before

    def same_bits(self, call: Callable[[], T]) -> T:
        """Return what a call returns, after finding it bitwise the same in every order."""
        results = []
        for seed in self.seeds:
            with self.order(seed):
                results.append(call())
        for result in results[1:]:
            assert _bits(self, result) == _bits(self, results[0]), "depends on the thread order"
        return results[0]


class CudaDevice(HostDevice):
    """The current CUDA device, through CuPy; it orders threads as it likes."""

    seeds = (0, 1)

    def __init__(self) -> None:
        super().__init__()
        import cupy

        self._cupy = cupy

    def array(self, values: Any, dtype: Any = None) -> Any:
        host = np.asarray(values, dtype)
        if host.dtype.name == "bfloat16" and not self._has(host.dtype):
            pytest.skip("this CuPy has no bfloat16")
        return self._cupy.array(host, order="C")

    def _has(self, dtype: np.dtype[Any]) -> bool:
        try:
            self._cupy.empty(0, dtype)
        except (TypeError, ValueError):
            return False
        return True

    def numpy(self, array: Any) -> np.ndarray[Any, Any]:
        return self._cupy.asnumpy(array)

    @contextmanager
    def order(self, seed: int) -> Iterator[None]:
        yield


def _bits(device: HostDevice, result: Any) -> list[bytes]:
    several = result if isinstance(result, tuple) else (result,)
    return [b"" if each is None else device.numpy(each).tobytes() for each in several]


def device_for(where: str) -> HostDevice:
    """Return the device of a test's id ("natural", "shuffled" or "cuda"), or skip the test."""
    reason = gpu_is_missing() if where == "cuda" else host_is_missing()
    if reason:
        required = where == "cuda" and os.environ.get("SYNTONIC_REQUIRE_GPU") == "1"
        (pytest.fail if required else pytest.skip)(reason)
    return CudaDevice() if where == "cuda" else HostDevice(ORDERS[where])


@cache
def gpu_is_missing() -> str:
    """Return why no kernel can run on a GPU here, or nothing."""
    try:
        import cupy

        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # no wheel, no driver, no device: each raises its own
        return f"no GPU: {error}"
    return "" if count else "no GPU is visible"


@cache
def host_is_missing() -> str:
    """Return why the host harness cannot run here, or nothing."""
    if platform.machine() not in ("x86_64", "AMD64") or shutil.which("g++") is None:
        return "running kernels on the CPU needs x86-64 and g++"
    return ""

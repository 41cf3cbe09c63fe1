"""The GPU that is measured: its name, random arrays on it, its clock and its copy bandwidth."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

__all__ = ["Batch", "Gpu", "dtype_of", "optional"]

COPIED = 2 << 30  # bytes that the copy reads, and writes
PACKAGES = ("torch", "triton", "ml_dtypes")
SPIN = r"""
extern "C" __global__ void spin(long long cycles) {
    const long long start = clock64();
    while (clock64() - start < cycles) { }
}
"""
# A counter through MurmurHash3's last steps, then Box and Muller's formula; u is never 0.
NORMAL = r"""
extern "C" __global__ void normal(REAL *out, long long n, unsigned long long first) {
    const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= n) return;
    unsigned long long h = first + i;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdull;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ull;
    h ^= h >> 33;
    const double u = ((h >> 32) + 0.5) / 4294967296.0, v = (h & 0xffffffffu) / 4294967296.0;
    out[i] = (REAL)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}
"""


@dataclass(frozen=True)
class Batch:
    """A few launches in a row: seconds per launch on the device, and of Python to queue one.

    `ahead` tells that all were queued before the first began, so that nobody waited for Python.
    """

    device: float
    host: float
    ahead: bool


def dtype_of(suffix: str) -> np.dtype[Any]:
    """Return the dtype that symbols end in `suffix` for; bf16 needs ml_dtypes."""
    if suffix == "bf16":
        return np.dtype(import_module("ml_dtypes").bfloat16)
    return np.dtype({"f64": "float64", "f32": "float32", "f16": "float16"}[suffix])


def optional(name: str) -> Any:
    """Return a module, or None where it does not import, for whatever reason."""
    try:
        return import_module(name)
    except Exception:
        return None


class Gpu:
    """The current CUDA device, through CuPy.

    Everything runs on the legacy default stream, which CuPy, PyTorch and Triton share.
    """

    def __init__(self) -> None:
        self.xp = import_module("cupy")
        self._runtime = self.xp.cuda.runtime
        properties = self._runtime.getDeviceProperties(self.xp.cuda.Device().id)
        self.name = properties["name"].decode()
        self.capability = f"{properties['major']}.{properties['minor']}"
        self.processors = int(properties["multiProcessorCount"])
        self.l2 = int(properties["l2CacheSize"])
        self.memory = int(properties["totalGlobalMem"])
        self._start, self._stop = self.xp.cuda.Event(), self.xp.cuda.Event()
        self._kernel = self.xp.RawKernel(SPIN, "spin")
        self._normal = {
            real: self.xp.RawKernel(NORMAL, "normal", options=(f"-DREAL={real}",))
            for real in ("double", "float")
        }
        self._drawn = 1

    def describe(self) -> dict[str, Any]:
        """Name the device, the driver and the versions of what was measured."""
        versions = {"cupy": self.xp.__version__}
        for package in PACKAGES:
            try:
                versions[package] = version(package)
            except PackageNotFoundError:
                continue
        return {
            "name": self.name,
            "capability": self.capability,
            "multiprocessors": self.processors,
            "l2_bytes": self.l2,
            "memory_bytes": self.memory,
            "driver": _driver(),
            "cuda_driver": self._runtime.driverGetVersion(),
            "cuda_runtime": self._runtime.runtimeGetVersion(),
            "nvrtc": ".".join(map(str, self.xp.cuda.nvrtc.getVersion())),
            "packages": versions,
        }

    # -- arrays -------------------------------------------------------------------------------
    def normal(self, count: int, dtype: np.dtype[Any]) -> Any:
        """Return new random normal numbers; CuPy's own would need cuRAND."""
        wide = dtype.name == "float64"
        out = self.xp.empty(count, np.float64 if wide else np.float32)
        arguments = (out, np.int64(count), np.uint64(self._drawn))
        self._normal["double" if wide else "float"]((-(-count // 256),), (256,), arguments)
        self._drawn += count
        if dtype.name != "bfloat16":
            return out.astype(dtype, copy=False)
        # Cut off, not rounded: integers alone, whatever CuPy knows of bfloat16.
        return (out.view(np.uint32) >> 16).astype(np.uint16).view(dtype)

    def to_torch(self, array: Any) -> Any:
        """Return a tensor on an array's memory."""
        torch = import_module("torch")
        if array.dtype.name == "bfloat16":
            return torch.from_dlpack(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_dlpack(array)

    def free(self) -> int:
        """Give unused memory back, and return how many bytes are free."""
        self.xp.get_default_memory_pool().free_all_blocks()
        if (torch := optional("torch")) is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()
        return int(self._runtime.memGetInfo()[0])

    def unpool(self) -> None:
        """Give each new array memory of its own: a sanitizer then sees where it ends."""
        self.xp.cuda.set_allocator(None)

    def finish(self) -> None:
        """Wait for the device; an error of an earlier launch is raised here."""
        self.xp.cuda.Device().synchronize()

    # -- time ---------------------------------------------------------------------------------
    def batch(self, call: Callable[[], Any], launches: int, host: float) -> Batch:
        """Time a few calls in a row while the device, kept busy, lets Python run ahead.

        Parameters
        ----------
        call
            Queues one launch, or the few of one operation.
        launches
            How many; few enough for the device's queue of about a thousand kernels.
        host
            How many seconds Python is thought to take for a call.
        """
        wait = 2 * host * launches + 2e-5
        for _ in range(4):
            self._spin(int(min(wait, 1.0) * self.clock))
            self._start.record()
            began = time.perf_counter()
            for _ in range(launches):
                call()
            took = time.perf_counter() - began
            ahead = not self._start.done
            self._stop.record()
            self._stop.synchronize()
            if ahead:
                break
            wait = 2 * max(wait, took)
        elapsed = self.xp.cuda.get_elapsed_time(self._start, self._stop) / 1e3
        return Batch(elapsed / launches, took / launches, ahead)

    def copy_bandwidth(self) -> float:
        """Return the bytes per second of a copy within the device: read and written."""
        size = min(COPIED, self.memory // 8)
        source = self.normal(size // 4, np.dtype(np.float32))
        target = self.xp.empty_like(source)

        def copy() -> None:
            target.data.copy_from_device_async(source.data, source.nbytes)

        copy()
        times = [self.batch(copy, 4, 1e-4).device for _ in range(11)]
        return 2 * source.nbytes / statistics.median(times)

    def _spin(self, cycles: int) -> None:
        self._kernel((1,), (1,), (np.int64(cycles),))

    @cached_property
    def clock(self) -> float:
        """Cycles per second, once the clocks are awake."""
        for cycles in (10**8, 10**7):
            self._start.record()
            self._spin(cycles)
            self._stop.record()
            self._stop.synchronize()
        return 1e3 * cycles / self.xp.cuda.get_elapsed_time(self._start, self._stop)


def _driver() -> str:
    """Return the driver's version, as nvidia-smi prints it."""
    command = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return (done.stdout.split() or ["unknown"])[0]

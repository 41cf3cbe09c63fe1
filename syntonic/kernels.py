"""The CUDA kernels by name: load a family as a `cupy.RawModule`, or compile all ahead of use.

What is loaded here is what the operations of `syntonic` launch. `syntonic kernels list` names the
kernels; the comment above each in the sources tells its arguments and its launch geometry.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from syntonic.flux.cuda import modules, nvrtc, source
from syntonic.flux.device import cuda_library

__all__ = ["Module", "families", "load", "warm"]


class Module(NamedTuple):
    """One compilation: a family, a dtype ("f32") and an architecture ("sm_90")."""

    family: str
    dtype: str
    architecture: str


def families() -> tuple[str, ...]:
    """Return the families of kernels: what `load` takes.

    Examples
    --------
    >>> families()[0]
    'golden_batch_norm'
    """
    return source.families()


def load(family: str, dtype: Any) -> Any:
    """Return a family of kernels as a `cupy.RawModule` on the current device.

    It is compiled if it never was on this machine, which takes a few seconds; `warm` does so ahead.

    Parameters
    ----------
    family
        One of `families()`.
    dtype
        float64, float32, float16 or bfloat16: what the arrays hold, as NumPy or ml_dtypes name it,
        or the end of the kernels' names: "f64", "f32", "f16", "bf16".

    Returns
    -------
    cupy.RawModule
        Its `get_function(name)` gives a kernel, whose name ends in the dtype's.

    Raises
    ------
    ValueError
        There is no such family or dtype.
    BackendUnavailableError
        CuPy, a driver, a device or NVRTC is missing.
    KernelCompileError
        It does not compile.

    Examples
    --------
    >>> import cupy, numpy                                              # doctest: +SKIP
    >>> module = load("phi_residual", "float32")                        # doctest: +SKIP
    >>> kernel = module.get_function("phi_residual_mode_phi_f32")       # doctest: +SKIP
    >>> x, y = cupy.ones(1000, "f4"), cupy.ones(1000, "f4")             # doctest: +SKIP
    >>> out = cupy.empty_like(x)                                        # doctest: +SKIP
    >>> kernel((1,), (256,), (out, x, y, numpy.int64(1000)))            # doctest: +SKIP
    >>> float(out[999])                                                 # doctest: +SKIP
    1.6180340051651
    """
    if family not in families():
        raise ValueError(f"load: family must be one of {', '.join(families())}, got {family!r}")
    kind = _suffix(dtype)
    cuda_library("load")
    from syntonic.flux.cuda import compile as runtime  # of CuPy, which is imported by now

    return runtime.load(family, kind)


def warm(architectures: Sequence[str] = (), *, cores: int | None = None) -> Iterator[Path]:
    """Compile every family in every dtype into the cache, in as many processes as there are cores.

    The cache is CuPy's folder: $CUPY_CACHE_DIR, or ~/.cupy/kernel_cache. What is there already is
    not compiled again.

    Parameters
    ----------
    architectures
        Such as "sm_90"; no GPU is needed then. By default those of the visible devices.
    cores
        How many processes; by default one for each core that this process may use.

    Yields
    ------
    Path
        The file of a module, as soon as it is there: `len(planned(architectures))` of them.

    Raises
    ------
    BackendUnavailableError
        There is no NVRTC; or no architecture is given and no device is visible.
    KernelCompileError
        A family does not compile.
    """
    jobs = planned(architectures)
    where = get_context("spawn")  # a fork would share what CUDA keeps
    count = min(len(jobs), cores or _cores())
    major = _cuda_major()
    with ProcessPoolExecutor(count, mp_context=where) as pool:
        running = [pool.submit(_compiled, job, major) for job in jobs]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def planned(architectures: Iterable[str] = ()) -> list[Module]:
    """Return what `warm` compiles, the longest compilations first."""
    wanted = list(architectures) or _visible_architectures()
    jobs = (Module(f, d, a) for f, d, a in product(families(), source.DTYPES, wanted))
    return sorted(jobs, key=lambda job: -len(source.assemble(job.family)))


def _compiled(job: Module, major: int | None) -> Path:
    return modules.binary(*job, nvrtc.find(major))


def _visible_architectures() -> list[str]:
    cupy = cuda_library("warm")
    library = nvrtc.find(_cuda_major())
    devices = map(cupy.cuda.Device, range(cupy.cuda.runtime.getDeviceCount()))
    capabilities = sorted({int(device.compute_capability) for device in devices})
    return [modules.architecture_for(capability, library) for capability in capabilities]


def _cuda_major() -> int | None:
    """Return the CUDA of the CuPy that will load the code; None where there is no CuPy."""
    try:
        cupy: Any = import_module("cupy")
    except ImportError:
        return None
    return int(cupy.cuda.runtime.runtimeGetVersion()) // 1000


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _suffix(dtype: Any) -> str:
    if isinstance(dtype, str) and dtype in source.DTYPES:
        return dtype
    name = "bfloat16" if str(dtype) == "bfloat16" else np.dtype(dtype).name
    if name not in source.SUFFIXES:
        known = ", ".join(source.SUFFIXES)
        raise ValueError(f"load: dtype must be one of {known}, got {dtype!r}")
    return source.SUFFIXES[name]

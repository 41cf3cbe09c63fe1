"""The CUDA kernels by name: load a family as a `cupy.RawModule`, or compile all ahead of use.

What is loaded here is what the operations of `syntonic` launch. `syntonic kernels list` names the
kernels; the comment above each in the sources tells its arguments and its launch geometry.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from syntonic.errors import KernelCompileError
from syntonic.flux.cuda import modules, nvrtc, source
from syntonic.flux.device import cuda_library

__all__ = ["Module", "Warmed", "families", "load", "planned", "warm"]


def __dir__() -> list[str]:
    return [*__all__]


class Module(NamedTuple):
    """One compilation: a family, a dtype ("f32") and an architecture ("sm_90").

    See Also
    --------
    planned : those that a machine may want.
    warm : compiles them.

    Examples
    --------
    >>> Module("phi_residual", "f32", "sm_90").architecture
    'sm_90'
    """

    family: str
    dtype: str
    architecture: str


class Warmed(NamedTuple):
    """What became of a module: the file of its machine code, or the compiler's message.

    See Also
    --------
    warm : what yields it.

    Examples
    --------
    >>> done = Warmed(Module("phi_residual", "f32", "sm_90"), None, "line 7: expected a ;")
    >>> done.path is None, done.error
    (True, 'line 7: expected a ;')
    """

    module: Module
    path: Path | None
    error: str


def families() -> tuple[str, ...]:
    """Return the families of kernels: what `load` takes.

    See Also
    --------
    load : a family on a device.
    planned : what can be compiled.

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

    See Also
    --------
    warm : compiles ahead.
    families : the names.

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


def warm(wanted: Sequence[Module] | None = None, *, cores: int | None = None) -> Iterator[Warmed]:
    """Compile modules into the cache, in as many processes as there are cores.

    The cache is CuPy's folder: $CUPY_CACHE_DIR, or ~/.cupy/kernel_cache. What is there already is
    not compiled again. No GPU is needed where the modules are given. The processes are spawned: a
    script calls this below `if __name__ == "__main__":`.

    Parameters
    ----------
    wanted
        What to compile; by default `planned()`, every family in every dtype for the visible GPUs.
    cores
        How many processes; by default one for each core that this process may use.

    Yields
    ------
    Warmed
        What became of a module, as soon as that is known.

    Raises
    ------
    BackendUnavailableError
        There is no NVRTC; or no modules are given and no GPU is visible.

    See Also
    --------
    planned : what is compiled.
    load : takes what is compiled.

    Examples
    --------
    >>> for done in warm():                                   # doctest: +SKIP
    ...     print(done.module, done.error or "compiled")
    """
    jobs = planned() if wanted is None else wanted
    major = _cuda_major()
    nvrtc.find(major)  # or each process would fail
    where = get_context("spawn")  # a fork would share what CUDA keeps
    count = max(min(len(jobs), cores or available_cores()), 1)
    with ProcessPoolExecutor(count, mp_context=where) as pool:
        running = [pool.submit(_warmed, job, major) for job in jobs]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def planned(
    families: Sequence[str] = (), dtypes: Sequence[str] = (), architectures: Sequence[str] = ()
) -> list[Module]:
    """Return the modules of families, dtypes and architectures, the longest compilations first.

    A family that has no kernel for a dtype has no module there.

    Parameters
    ----------
    families, dtypes, architectures
        Such as "phi_residual", "f32" and "sm_90"; by default all families and dtypes, and the
        architectures of the visible GPUs.

    See Also
    --------
    warm : compiles them.

    Examples
    --------
    >>> planned(["phi_residual"], ["f32"], ["sm_90"])
    [Module(family='phi_residual', dtype='f32', architecture='sm_90')]
    """
    wanted = (
        _known("family", families, source.families()),
        _known("dtype", dtypes, source.DTYPES),
        architectures or _visible_architectures(),
    )
    jobs = [Module(*of) for of in product(*map(dict.fromkeys, wanted))]
    jobs = [job for job in jobs if source.symbols(job.family)[job.dtype]]
    return sorted(jobs, key=lambda job: -len(source.assemble(job.family)))


def _known(what: str, names: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in known:
            raise ValueError(f"{what} must be one of {', '.join(known)}, got {name!r}")
    return names or known


def _warmed(job: Module, major: int | None) -> Warmed:
    try:
        return Warmed(job, modules.binary(*job, nvrtc.find(major)), "")
    except KernelCompileError as error:
        return Warmed(job, None, str(error))


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


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _suffix(dtype: Any) -> str:
    """Return how the symbols for a dtype end."""
    if isinstance(dtype, str) and dtype in source.DTYPES:
        return dtype
    try:
        name = "bfloat16" if dtype == "bfloat16" else np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in source.SUFFIXES:
        known = ", ".join(source.SUFFIXES)
        raise ValueError(f"load: dtype must be one of {known}, got {dtype!r}")
    return source.SUFFIXES[name]

"""What `syntonic doctor` looks at: each probe is guarded, and an error becomes a value.

Only the standard library is used, and nothing of syntonic that needs more, so that a broken
installation can still be examined.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import platform
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TypeVar

from syntonic import __version__
from syntonic.doctor.loops import LoopCache, loop_caches
from syntonic.flux.cuda import modules, nvrtc, source

__all__ = ["Broken", "Driver", "Facts", "Gpu", "gather", "sample"]

REQUIRED = {
    "numpy": "numpy",
    "gmpy2": "gmpy2",
    "numba": "numba",
    "python-flint": "flint",
    "sympy": "sympy",
    "tqdm": "tqdm",
}
"""The packages syntonic needs, and what each is imported as."""

_OPTIONAL = ("torch", "jax", "ml_dtypes")
_CUPY = re.compile(r"cupy(-cuda\w+|-rocm[\w-]+)?$")
_LAUNCH_SECONDS = 300
T = TypeVar("T")


@dataclass(frozen=True)
class Broken:
    """A probe that raised."""

    error: str


@dataclass(frozen=True)
class Gpu:
    """One CUDA device: its name, compute capability as 90 for 9.0, and memory in bytes."""

    name: str
    capability: int
    memory: int


@dataclass(frozen=True)
class Driver:
    """The driver: its own version, the newest CUDA it runs as (12, 4), and the devices."""

    version: str
    cuda: tuple[int, int]
    gpus: tuple[Gpu, ...]


@dataclass(frozen=True)
class Facts:
    """All that was found out; None where there is nothing, `Broken` where asking failed."""

    python: str
    platform: str
    versions: dict[str, str | None]
    import_errors: dict[str, str]
    cupys: tuple[str, ...]
    cupy_import: str | Broken | None
    cupy_cuda: int | None
    torch_cuda: str | Broken | None
    driver: Driver | Broken | None
    compilers: tuple[nvrtc.Nvrtc, ...] | Broken
    kernels: tuple[str, int] | Broken
    cache: tuple[str, bool] | Broken
    loops: tuple[LoopCache, ...] | Broken | None
    compiled: str | Broken | None
    launched: str | Broken | None


def ask(probe: Callable[..., T], *arguments: object) -> T | Broken:
    """Return what a probe finds, or its error as a value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return probe(*arguments)
    except Exception as error:
        first = (str(error).strip() or "no message").splitlines()[0]
        return Broken(f"{type(error).__name__}: {first}")


def gather() -> Facts:
    """Ask every probe."""
    cupys = cupy_distributions()
    cuda = cupy_cuda(cupys)
    imported = ask(import_cupy) if cupys else None  # first, or it takes an NVRTC that we loaded
    driver = ask(find_driver)
    compilers = ask(nvrtc.installed)
    gpus = driver.gpus if isinstance(driver, Driver) else ()
    unusable = import_errors()
    return Facts(
        python=f"{platform.python_version()}, {sys.executable}",
        platform=f"{platform.system()} {platform.release()}, {platform.machine()}",
        versions={
            "syntonic": __version__,
            **{name: version_of(name) for name in (*REQUIRED, *_OPTIONAL)},
        },
        import_errors=unusable,
        cupys=cupys,
        cupy_import=imported,
        cupy_cuda=cuda,
        torch_cuda=ask(torch_cuda),
        driver=driver,
        compilers=compilers,
        kernels=ask(count_kernels),
        cache=ask(cache_folder),
        loops=None if unusable else ask(loop_caches),
        compiled=ask(sample, cuda, gpus[0].capability if gpus else None) if compilers else None,
        launched=ask(launch_elsewhere) if gpus and isinstance(imported, str) else None,
    )


def version_of(name: str) -> str | None:
    """Return the version of an installed distribution."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def import_errors() -> dict[str, str]:
    """Return, of the packages syntonic needs, those that do not import, and why."""
    found = {name: ask(importlib.import_module, module) for name, module in REQUIRED.items()}
    return {name: what.error for name, what in found.items() if isinstance(what, Broken)}


def cupy_distributions() -> tuple[str, ...]:
    """Return the name and version of every installed CuPy; there should be at most one."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = str(distribution.metadata["Name"]).lower().replace("_", "-")
        if _CUPY.match(name):
            found.setdefault(name, distribution.version)  # the first is the one imported
    return tuple(f"{name} {found[name]}" for name in sorted(found))


def cupy_cuda(cupys: tuple[str, ...]) -> int | None:
    """Return the CUDA that the first CuPy is built for, by its name: 12 for cupy-cuda12x."""
    found = re.search(r"-cuda(\d\d)", cupys[0]) if cupys else None
    return int(found[1]) if found else None


def import_cupy() -> str:
    """Import CuPy, and return the versions of the runtime and NVRTC that it loads."""
    cupy = importlib.import_module("cupy")
    runtime = cupy.cuda.runtime.runtimeGetVersion()
    compiler = ask(cupy.cuda.nvrtc.getVersion)  # CuPy loads NVRTC here, and may find none
    found = "none" if isinstance(compiler, Broken) else ".".join(map(str, compiler))
    return f"CUDA runtime {runtime // 1000}.{runtime % 1000 // 10}, NVRTC {found}"


def torch_cuda() -> str | None:
    """Return the CUDA torch is built for, from its files: importing it takes seconds."""
    found = util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    text = (Path(found.origin).parent / "version.py").read_text(encoding="utf-8")
    cuda = re.search(r"^cuda.*=\s*['\"]([\d.]+)", text, re.MULTILINE)
    return cuda[1] if cuda else None


def find_driver() -> Driver | None:
    """Ask the driver itself; None where none is visible."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
    except OSError:
        return None
    driver.cuGetErrorString.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]

    def call(function: str, *arguments: object) -> None:
        status = getattr(driver, function)(*arguments)
        if status:
            text = ctypes.c_char_p()
            driver.cuGetErrorString(status, ctypes.byref(text))
            raise OSError(f"{function}: {(text.value or b'unknown').decode()} ({status})")

    number, count = ctypes.c_int(), ctypes.c_int()
    call("cuInit", 0)
    call("cuDriverGetVersion", ctypes.byref(number))
    call("cuDeviceGetCount", ctypes.byref(count))
    cuda = (number.value // 1000, number.value % 1000 // 10)
    return Driver(_module_version(), cuda, tuple(_gpu(call, i) for i in range(count.value)))


def _gpu(call: Callable[..., None], ordinal: int) -> Gpu:
    device, memory = ctypes.c_int(), ctypes.c_size_t()
    name = ctypes.create_string_buffer(256)
    major, minor = ctypes.c_int(), ctypes.c_int()
    call("cuDeviceGet", ctypes.byref(device), ordinal)
    call("cuDeviceGetName", name, 256, device)
    call("cuDeviceGetAttribute", ctypes.byref(major), 75, device)  # COMPUTE_CAPABILITY_MAJOR
    call("cuDeviceGetAttribute", ctypes.byref(minor), 76, device)  # COMPUTE_CAPABILITY_MINOR
    call("cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    return Gpu(name.value.decode(), 10 * major.value + minor.value, memory.value)


def _module_version() -> str:
    """Return the driver's version as its kernel module tells it, on Linux."""
    try:
        text = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8")
    except OSError:
        return "of unknown version"
    found = re.search(r"\b\d+\.\d+(\.\d+)?\b", text)
    return found[0] if found else "of unknown version"


def count_kernels() -> tuple[str, int]:
    """Return the folder of the CUDA sources, and how many kernels it has."""
    families = [source.symbols(family) for family in source.families()]
    return str(source.folder()), len({s for f in families for names in f.values() for s in names})


def cache_folder() -> tuple[str, bool]:
    """Return where CuPy keeps compiled kernels, and whether it can write there."""
    folder = modules.cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return str(folder), there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def sample(cuda: int | None, capability: int | None) -> str:
    """Compile the shortest family with the NVRTC of a CUDA version, with and without headers."""
    library = nvrtc.find(cuda)
    architecture = f"sm_{capability or max(a for a in library.architectures() if a <= 90)}"
    there = [name for name in source.families() if source.symbols(name)["bf16"]]
    family = min(there, key=lambda name: len(source.assemble(name)))
    for dtype in ("f32", "bf16"):
        options = (*source.options(family, dtype), *source.added_options(architecture))
        library.compile(source.assemble(family), options, f"{family}.cu")
    return f"{family} for {architecture}"


def launch_elsewhere() -> str:
    """Launch a kernel in a process of its own: a broken driver may crash or never answer."""
    package = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from syntonic.doctor.probes import launch_one; print(launch_one())",
        ],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=_LAUNCH_SECONDS,
    )
    if done.returncode:
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise RuntimeError(last)
    return done.stdout.strip()


def launch_one() -> str:
    """Launch a kernel on the GPU, and check its numbers against float64 on the CPU."""
    import cupy
    import numpy as np

    from syntonic.constants import PHI_FLOAT
    from syntonic.flux.cuda import residual

    x = np.linspace(-1, 1, 1001, dtype=np.float32)
    out = residual.residual(cupy.asarray(x), cupy.asarray(x[::-1].copy()), "phi").get()
    exact = x.astype(np.float64) + x[::-1] / PHI_FLOAT
    # One rounding of the sum, and one of 1/phi, whose product is below 1/phi in size.
    error = float(np.abs(out - exact).max())
    if error > 2 * np.finfo(np.float32).eps:
        raise ArithmeticError(f"the residual of 1001 numbers is off by {error:.1e}")
    return f"the residual of 1001 numbers is right to {error:.1e}"

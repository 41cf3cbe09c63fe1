"""What the facts mean: OK, WARN or FAIL, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from syntonic.doctor.probes import Broken, Driver, Facts
from syntonic.flux.cuda.nvrtc import PACKAGES

__all__ = ["FAIL", "OK", "WARN", "Verdict", "judge"]

OK, WARN, FAIL = "OK", "WARN", "FAIL"

_PIP = "python -m pip install"
_DRIVER = (
    "install NVIDIA's driver (https://www.nvidia.com/drivers); start a container with --gpus all"
)

_EMPTY = "empty: first calls compile for seconds, `syntonic kernels warm --cpu` does so ahead"


@dataclass(frozen=True)
class Verdict:
    """One line: what was checked, what was found, and what to do unless it is OK."""

    status: str
    check: str
    found: str
    fix: str = ""


def judge(facts: Facts) -> list[Verdict]:
    """Judge all facts, in the order they are shown."""
    parts = (
        _python,
        _packages,
        _cupy,
        _torch,
        _driver,
        _compilers,
        _kernels,
        _cache,
        _loops,
        _trials,
    )
    return [verdict for part in parts for verdict in part(facts)]


def _python(facts: Facts) -> Iterator[Verdict]:
    yield Verdict(OK, "Python", facts.python)
    yield Verdict(OK, "platform", facts.platform)


def _packages(facts: Facts) -> Iterator[Verdict]:
    for name, version in facts.versions.items():
        fix = f"{_PIP} --force-reinstall {name}"
        if name in facts.import_errors:
            what = "is not installed" if version is None else f"{version} does not import"
            yield Verdict(FAIL, name, f"{what}: {facts.import_errors[name]}", fix)
        elif version is not None:
            yield Verdict(OK, name, version)


def _cupy(facts: Facts) -> Iterator[Verdict]:
    names = [cupy.split()[0] for cupy in facts.cupys]
    if not names:
        if _has_gpu(facts):
            fix = _install(_cuda_for(facts))
            yield Verdict(WARN, "CuPy", "not installed, so the GPU is idle", fix)
        else:
            yield Verdict(OK, "CuPy", "not installed: flux runs on the CPU")
        return
    if len(names) > 1:
        keep = f"cupy-cuda{_cuda_for(facts)}x"
        fix = f"python -m pip uninstall -y {' '.join(names)} && {_PIP} {keep}"
        found = f"{' and '.join(facts.cupys)} overwrite each other's files"
        yield Verdict(FAIL, "CuPy", found, fix)
    else:
        yield Verdict(OK, "CuPy", facts.cupys[0])
    if isinstance(facts.cupy_import, Broken):
        fix = f"{_PIP} --force-reinstall {names[0]}"
        yield Verdict(FAIL, "CuPy", f"does not import: {facts.cupy_import.error}", fix)
    elif facts.cupy_import is not None:
        yield Verdict(OK, "CuPy's CUDA", facts.cupy_import)


def _torch(facts: Facts) -> Iterator[Verdict]:
    if not (isinstance(facts.torch_cuda, str) and facts.cupy_cuda):
        return
    found = f"torch {facts.torch_cuda}, CuPy {facts.cupy_cuda}"
    if int(facts.torch_cuda.split(".")[0]) == facts.cupy_cuda:
        yield Verdict(OK, "torch's CUDA", found)
    else:
        fix = f"python -m pip uninstall -y {facts.cupys[0].split()[0]} && {_PIP} cupy-cuda"
        fix += f"{facts.torch_cuda.split('.')[0]}x"
        yield Verdict(WARN, "torch's CUDA", f"{found}: two CUDA versions in one process", fix)


def _driver(facts: Facts) -> Iterator[Verdict]:
    driver, missing = facts.driver, FAIL if facts.cupys else WARN
    if driver is None:
        consequence = "CuPy cannot work" if facts.cupys else "flux runs on the CPU"
        yield Verdict(missing, "driver", f"no NVIDIA driver visible: {consequence}", _DRIVER)
    elif isinstance(driver, Broken):
        fix = "run nvidia-smi; restart the machine, or reinstall the driver"
        yield Verdict(missing, "driver", driver.error, fix)
    else:
        yield from _working_driver(driver, facts, missing)


def _working_driver(driver: Driver, facts: Facts, missing: str) -> Iterator[Verdict]:
    able = f"{driver.version}, for CUDA up to {driver.cuda[0]}.{driver.cuda[1]}"
    if facts.cupy_cuda is not None and driver.cuda[0] < facts.cupy_cuda:
        found = f"{able}, but CuPy is built for CUDA {facts.cupy_cuda}"
        older = f"python -m pip uninstall -y {facts.cupys[0].split()[0]} && {_install(12)}"
        yield Verdict(FAIL, "driver", found, older if driver.cuda[0] >= 12 else _DRIVER)
    else:
        yield Verdict(OK, "driver", able)
    for number, gpu in enumerate(driver.gpus):
        capability = f"{gpu.capability // 10}.{gpu.capability % 10}"
        size = f"{gpu.memory / 2**30:.0f} GiB"
        yield Verdict(OK, f"cuda:{number}", f"{gpu.name}, {size}, compute capability {capability}")
    if not driver.gpus:
        fix = "unset CUDA_VISIBLE_DEVICES; start a container with --gpus all"
        yield Verdict(missing, "devices", "none visible to CUDA", fix)


def _compilers(facts: Facts) -> Iterator[Verdict]:
    wanted = facts.cupy_cuda
    missing = FAIL if facts.cupys else WARN
    fix = _compiler(wanted)
    if isinstance(facts.compilers, Broken):
        yield Verdict(missing, "NVRTC", facts.compilers.error, fix)
        return
    for compiler in facts.compilers:
        version = f"{compiler.version[0]}.{compiler.version[1]}, {compiler.path}"
        if compiler.include:
            yield Verdict(OK, "NVRTC", f"{version}; headers in {compiler.include[0]}")
        else:
            own = _compiler(compiler.version[0])
            yield Verdict(WARN, "NVRTC", f"{version}; no cuda_fp16.h and cuda_bf16.h for it", own)
    if not any(wanted in (None, compiler.version[0]) for compiler in facts.compilers):
        which = f"none for CUDA {wanted}" if wanted else "none: kernels cannot be compiled here"
        yield Verdict(missing, "NVRTC", which, fix)


def _kernels(facts: Facts) -> Iterator[Verdict]:
    fix = f"{_PIP} --force-reinstall --no-deps syntonic"
    if isinstance(facts.kernels, Broken):
        yield Verdict(FAIL, "kernels", facts.kernels.error, fix)
        return
    folder, kernels = facts.kernels
    found = f"{kernels} kernels in {folder}"
    yield Verdict(OK if kernels else FAIL, "kernels", found, fix)


def _cache(facts: Facts) -> Iterator[Verdict]:
    fix = "export CUPY_CACHE_DIR=/tmp/cupy"
    if isinstance(facts.cache, Broken):
        yield Verdict(WARN, "cache", facts.cache.error, fix)
        return
    folder, writable = facts.cache
    if writable:
        yield Verdict(OK, "cache", folder)
    else:
        status = FAIL if facts.cupys else WARN
        yield Verdict(status, "cache", f"{folder} is not writable: every run compiles anew", fix)


def _loops(facts: Facts) -> Iterator[Verdict]:
    fix = "export NUMBA_CACHE_DIR=/tmp/numba"
    if isinstance(facts.loops, Broken):
        yield Verdict(WARN, "loops", facts.loops.error, f"{_PIP} --force-reinstall numba")
        return
    if facts.loops == ():
        found = "no folder for compiled loops can be written: every process compiles anew"
        yield Verdict(WARN, "loops", found, fix)
    for cache in facts.loops or ():
        if cache.writable:
            filled = f"{cache.loops} compiled" if cache.loops else _EMPTY
            yield Verdict(OK, "loops", f"{cache.folder}: {filled}")
        else:
            found = f"{cache.folder} is not writable: {cache.loops} compiled, others are not kept"
            yield Verdict(WARN, "loops", found, fix)


def _trials(facts: Facts) -> Iterator[Verdict]:
    missing = FAIL if facts.cupys else WARN
    if isinstance(facts.compiled, Broken):
        fix = f"{_compiler(facts.cupy_cuda)} --upgrade"
        yield Verdict(missing, "compilation", facts.compiled.error, fix)
    elif facts.compiled is not None:
        yield Verdict(OK, "compilation", facts.compiled)
    if isinstance(facts.launched, Broken):
        fix = "mend what is above; then remove the cache folder and try again"
        yield Verdict(FAIL, "launch", facts.launched.error, fix)
    elif facts.launched is not None:
        yield Verdict(OK, "launch", facts.launched)


def _has_gpu(facts: Facts) -> bool:
    return isinstance(facts.driver, Driver) and bool(facts.driver.gpus)


def _cuda_for(facts: Facts) -> int:
    """Return the version of CUDA to install for: the newest of ours that the driver runs."""
    known = isinstance(facts.driver, Driver) and facts.driver.cuda[0] >= 13
    return 13 if known else 12


def _compiler(cuda: int | None) -> str:
    """Return the command that installs NVRTC and its headers."""
    return f"{_PIP} {PACKAGES.get(cuda or 12, PACKAGES[13])}"


def _install(cuda: int) -> str:
    return f"{_PIP} cupy-cuda{cuda}x"

"""CUDA C++ to a shared library, by g++.

A text goes through g++ -E alone, to find the kernels behind their macros and to rewrite what g++
has no words for; the result is compiled together with `include/cuda_shim.h`, which makes g++
understand the rest, and linked with the machine (machine.cpp and its neighbours). Libraries are
kept on disk by everything they were made from: SYNTONIC_CUDA_HOST_CACHE, by default
~/.cache/syntonic/cuda_host.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

try:
    import fcntl
except ImportError:  # on Windows, where nothing is built
    fcntl = None  # type: ignore[assignment]

__all__ = ["ARCHITECTURE", "THREAD_SANITIZER", "UNDEFINED", "BuildError", "build", "machine"]

HERE = Path(__file__).resolve().parent

ARCHITECTURE = 750
"""__CUDA_ARCH__: the oldest one served, so that kernels take their plainest path."""

UNDEFINED = (
    "-fsanitize=alignment,bounds,shift,signed-integer-overflow,integer-divide-by-zero,return",
    "-fno-sanitize-recover=all",
)
"""What g++ watches for by default. The rest of "undefined" costs a quarter more and finds nothing
that the guard pages do not."""

# Structures given to functions by value are seen only where -O1 takes them apart.
THREAD_SANITIZER = ("-fsanitize=thread", "-g1", "-O1")

# -Og compiles in two thirds of the time of -O1, and runs as fast. CUDA contracts no product and sum
# that were asked for apart by fma or -fmad=false; where it may contract, either result is right.
# Aliasing is CUDA's, lenient. Unique symbols would make one variable of a template's __shared__ in
# all libraries.
_COMMON = ("-std=c++17", "-Og", "-fPIC", "-w", "-ffp-contract=off", "-fno-strict-aliasing")
# A large frame must touch every page, or it would step over the guard of its stack.
_COMMON += ("-fno-gnu-unique", "-fstack-clash-protection")
_PREPROCESS = ("g++", "-std=c++17", "-E", "-x", "c++", f"-D__CUDA_ARCH__={ARCHITECTURE}")

_BOUNDS = r"(?:__launch_bounds__\s*\((?P<{}>[^()]*(?:\([^()]*\)[^()]*)*)\)\s*)?"
_KERNEL = re.compile(
    r'extern\s+"C"\s+__global__\s+'
    + _BOUNDS.format("before")
    + r"void\s+"
    + _BOUNDS.format("after")
    + r"(?P<name>\w+)\s*\("
)
_EXTERN_SHARED = re.compile(
    r"extern\s+__shared__\s+(?:__align__\s*\(\s*\d+\s*\)\s*)?"
    r"(?P<type>[\w:]+(?:\s+[\w:]+)*?)\s+(?P<name>\w+)\s*\[\s*\]\s*;"
)
_FORGET_AFTER = 14 * 24 * 3600.0
_LOCKS: dict[Path, Lock] = {}


class BuildError(RuntimeError):
    """What g++ said of a text it could not compile."""


def build(
    text: str,
    options: Sequence[str] = (),
    flags: Sequence[str] = UNDEFINED,
    only: Sequence[str] | None = None,
) -> tuple[Path, list[str]]:
    """Return a text's library and its kernels' names; `only` leaves the others out.

    Of the options for NVRTC the definitions count. Several threads and processes may build at once.
    """
    defines = [option for option in options if option.startswith("-D")]
    library = _folder() / f"{_key(text, defines, flags, only, _own_sources())}.so"
    names = library.with_suffix(".names")
    runner = machine()
    with _alone(library):
        if not library.exists():
            _compile(text, defines, flags, only, library)
    for file in (library, names, runner):
        os.utime(file)  # still in use: see _forget_old
    return library, names.read_text().split()


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Keep other threads and processes from making a file that one makes."""
    with _LOCKS.setdefault(file, Lock()), file.with_suffix(".lock").open("w") as held:
        if fcntl is not None:
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _compile(
    text: str,
    defines: Sequence[str],
    flags: Sequence[str],
    only: Sequence[str] | None,
    library: Path,
) -> None:
    include = ("-I", str(HERE / "include"))
    unit, names = _rewrite(_run([*_PREPROCESS, *include, *defines, "-"], text), only)
    library.with_suffix(".names").write_text(" ".join(names))
    made = library.with_suffix(f".{os.getpid()}.o")  # another process may build the same
    given = ("-include", str(_shim(flags)), "-x", "c++", "-")
    _run(["g++", "-c", *_COMMON, *flags, *include, *given, "-o", str(made)], unit)
    linked = made.with_suffix(".so")
    _run(["g++", "-shared", "-Wl,-Bsymbolic", str(made), str(machine()), "-o", str(linked)])
    made.unlink()
    linked.replace(library)


def _rewrite(text: str, only: Sequence[str] | None) -> tuple[str, list[str]]:
    """Return the text as g++ compiles it, and the kernels it has."""
    names, ends = [], []

    def kernel(found: re.Match[str]) -> str:
        name, lines = found["name"], "\n" * found[0].count("\n")
        if only is not None and name not in only:
            return f"static void {lines}{name}("  # compiled to nothing
        bounds = found["before"] or found["after"] or "1024"
        names.append(name)
        ends.append(_END.format(name=name, bounds=bounds))
        return f'extern "C" void {lines}{name}('

    text = _KERNEL.sub(kernel, text)
    text = _EXTERN_SHARED.sub(r"\g<type> *\g<name> = (\g<type> *)sim_dynamic_shared();", text)
    if "__global__" in text or re.search(r"extern\s+__shared__", text):
        raise BuildError(
            'not of the form `extern "C" __global__ void` or `extern __shared__ T x[];`'
        )
    return text + _TOUCH + "".join(ends), names


_TOUCH = """
thread_local volatile char sim_touched;
extern "C" void sim_touch() { sim_touched = 1; }  // now this thread has its thread-locals
"""
_END = """
extern "C" void sim_call_{name}(void **at) {{ sim_call(&{name}, at); }}
extern "C" const char *sim_signature_{name}() {{ return sim_signature(&{name}); }}
extern "C" int sim_bound_{name}() {{ return sim_first({bounds}); }}
"""


def _shim(flags: Sequence[str]) -> Path:
    """Return the header of every unit, precompiled beside it: that saves a third of small ones."""
    header = _folder() / f"shim-{_key(flags, _own_sources())}.h"
    compiled = header.with_suffix(".h.gch")
    with _alone(header):
        if not compiled.exists():
            header.write_text('#include "cuda_shim.h"\n')
            made = header.with_suffix(f".{os.getpid()}.gch")
            include = ("-I", str(HERE / "include"), "-x", "c++-header", str(header))
            _run(["g++", *_COMMON, *flags, *include, "-o", str(made)])
            made.replace(compiled)
    for file in (header, compiled):
        os.utime(file)
    return header


def machine() -> Path:
    """Return the library that runs threads; it is never instrumented."""
    library = _folder() / f"machine-{_key(_own_sources())}.so"
    with _alone(library):
        if not library.exists():
            sources = sorted(map(str, HERE.glob("*.cpp")))
            made = library.with_suffix(f".{os.getpid()}.so")
            _run(["g++", "-std=c++17", "-O2", "-fPIC", "-shared", *sources, "-o", str(made)])
            made.replace(library)
    return library


@cache
def _own_sources() -> str:
    files = sorted(
        [*HERE.glob("*.cpp"), *HERE.glob("*.h"), *HERE.glob("include/*"), HERE / "build.py"]
    )
    return "".join(file.read_text() for file in files) + _run(["g++", "--version"])


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


@cache
def _folder() -> Path:
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "syntonic/cuda_host"
    folder = Path(os.environ.get("SYNTONIC_CUDA_HOST_CACHE", default)).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    _forget_old(folder)
    return folder


def _forget_old(folder: Path) -> None:
    for file in folder.iterdir():
        try:
            if file.stat().st_mtime < time.time() - _FORGET_AFTER:
                file.unlink()
        except FileNotFoundError:  # another process was faster
            pass


def _run(command: Sequence[str], text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(done.stderr)
    return done.stdout

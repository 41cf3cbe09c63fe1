"""NVIDIA's run-time compiler through ctypes: no CuPy, no driver, no GPU.

It compiles the kernels where there is nothing to run them on: in `syntonic kernels compile`, in
continuous integration and in `syntonic doctor`. Several versions can be loaded side by side. Only
the standard library is used, so that the doctor can use it in a broken installation.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from syntonic.errors import BackendUnavailableError, KernelCompileError

__all__ = ["PACKAGES", "Compiled", "Nvrtc", "Usage", "find", "installed", "usage"]

PACKAGES = {
    12: "nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12",
    13: "'nvidia-cuda-nvrtc==13.*' 'nvidia-cuda-runtime==13.*'",
}
"""What pip installs the compiler and its headers by, for each version of CUDA."""

_LIBRARY = re.compile(r"(libnvrtc\.so\.(1[2-9])|nvrtc64_(1[2-9])0_0\.dll)")
_CUDA_VERSION = r"(?m)^#define CUDA_VERSION (\d+)"
_INVALID_OPTION, _COMPILATION = 5, 6


@dataclass(frozen=True)
class Usage:
    """What one kernel takes of a multiprocessor.

    Parameters
    ----------
    kernel
        Its symbol.
    registers
        Registers of a thread.
    shared
        Static shared memory of a block, in bytes.
    stack, spill_stores, spill_loads
        Local memory of a thread, and what of it the compiler spilled, in bytes.
    """

    kernel: str
    registers: int
    shared: int
    stack: int
    spill_stores: int
    spill_loads: int


@dataclass(frozen=True)
class Compiled:
    """A compiled text: PTX, machine code (empty where only PTX was asked for), and the log."""

    ptx: bytes
    cubin: bytes
    log: str

    @property
    def usage(self) -> tuple[Usage, ...]:
        """What each kernel takes; empty unless compiled for sm_* with -Xptxas=-v."""
        return usage(self.log)


class Nvrtc:
    """One loaded NVRTC.

    Parameters
    ----------
    path
        The shared library.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._library = ctypes.CDLL(str(path))
        self._library.nvrtcGetErrorString.restype = ctypes.c_char_p
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call("nvrtcVersion", ctypes.byref(major), ctypes.byref(minor))
        self.version = (major.value, minor.value)

    @property
    def include(self) -> tuple[Path, ...]:
        """The folder of this version's cuda_fp16.h and cuda_bf16.h; empty where there is none."""
        return _headers(self.path, self.version[0])

    @cache  # noqa: B019 - one object per library, for the life of the process
    def architectures(self) -> tuple[int, ...]:
        """Return the compute capabilities it compiles for, as 75 for sm_75."""
        count = ctypes.c_int()
        self._call("nvrtcGetNumSupportedArchs", ctypes.byref(count))
        found = (ctypes.c_int * count.value)()
        self._call("nvrtcGetSupportedArchs", found)
        return tuple(found)

    @cached_property
    def build(self) -> str:
        """The build of the compiler, as it signs what it compiles; two of a version may differ."""
        signed = self.compile("", name="empty.cu").ptx.decode()
        return "".join(line for line in signed.splitlines() if line.startswith("//"))

    def compile(
        self, text: str, options: tuple[str, ...] = (), name: str = "kernel.cu"
    ) -> Compiled:
        """Compile a text; the headers' folder is added to the options.

        Raises
        ------
        KernelCompileError
            If it does not compile; the message is the compiler's log.
        """
        program = ctypes.c_void_p()
        self._call(
            "nvrtcCreateProgram",
            ctypes.byref(program),
            text.encode(),
            name.encode(),
            0,
            None,
            None,
        )
        try:
            given = [*options, *(f"-I{folder}" for folder in self.include)]
            words = (ctypes.c_char_p * len(given))(*(word.encode() for word in given))
            status = self._library.nvrtcCompileProgram(program, len(given), words)
            log = self._read(program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
            if status in (_INVALID_OPTION, _COMPILATION):
                raise KernelCompileError(log.strip() or self._error(status))
            self._check("nvrtcCompileProgram", status)
            real = any("sm_" in word for word in given)
            cubin = self._read(program, "CUBIN") if real else b""
            return Compiled(self._read(program, "PTX").rstrip(b"\0"), cubin, log)
        finally:
            self._library.nvrtcDestroyProgram(ctypes.byref(program))

    def _read(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        self._call(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self._call(f"nvrtcGet{what}", program, buffer)
        return buffer.raw

    def _call(self, function: str, *arguments: object) -> None:
        self._check(function, getattr(self._library, function)(*arguments))

    def _check(self, function: str, status: int) -> None:
        if status:
            raise BackendUnavailableError(f"{self.path}: {function}: {self._error(status)}")

    def _error(self, status: int) -> str:
        text: bytes = self._library.nvrtcGetErrorString(status)
        return text.decode()


@cache
def installed() -> tuple[Nvrtc, ...]:
    """Return every NVRTC that loads, newest first, one of each version."""
    found: dict[tuple[int, int], Nvrtc] = {}
    for path in _libraries():
        try:
            library = Nvrtc(path)
        except (OSError, AttributeError, BackendUnavailableError):  # not for this machine
            continue
        found.setdefault(library.version, library)
    return tuple(found[version] for version in sorted(found, reverse=True))


def find(major: int | None = None) -> Nvrtc:
    """Return the newest NVRTC, or the newest of one CUDA version.

    Raises
    ------
    BackendUnavailableError
        If there is none; the message has the command that installs one.
    """
    for library in installed():
        if major in (None, library.version[0]):
            return library
    which = "" if major is None else f" {major}"
    packages = PACKAGES.get(major or 12, PACKAGES[13])
    raise BackendUnavailableError(f"no NVRTC{which} found; run: pip install {packages}")


def usage(log: str) -> tuple[Usage, ...]:
    """Read what each kernel takes from the log of a compilation with -Xptxas=-v."""
    out = []
    for part in log.split("Compiling entry function '")[1:]:
        stack, stores, loads = _numbers(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", part
        )
        (registers,) = _numbers(r"Used (\d+) registers", part)
        (shared,) = _numbers(r"(\d+) bytes smem", part) or (0,)
        out.append(Usage(part.split("'", 1)[0], registers, shared, stack, stores, loads))
    return tuple(out)


def _numbers(pattern: str, text: str) -> tuple[int, ...]:
    found = re.search(pattern, text)
    return tuple(map(int, found.groups())) if found else ()


def _libraries() -> Iterator[Path]:
    """Yield the files that may be an NVRTC, the likeliest first."""
    for folder in _folders():
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if _LIBRARY.fullmatch(path.name))


def _folders() -> Iterator[Path]:
    for root in _wheels():
        yield from (root / "lib", root / "bin", root / "bin" / "x86_64")
    for root in _toolkits():
        yield from (root / "lib64", root / "lib", root / "bin", root / "bin" / "x64")
    yield from map(Path, ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"))


def _wheels() -> Iterator[Path]:
    """Yield the folders of NVIDIA's pip packages: one a package for CUDA 12, one for all of 13."""
    for entry in sys.path:
        home = Path(entry or ".") / "nvidia"
        if home.is_dir():
            yield from sorted(path for path in home.iterdir() if path.is_dir())


def _toolkits() -> Iterator[Path]:
    yield from (Path(os.environ[name]) for name in ("CUDA_PATH", "CUDA_HOME") if name in os.environ)
    prefix = Path(sys.prefix)
    yield from (prefix, prefix / "targets" / "x86_64-linux", prefix / "Library")
    yield from sorted(Path("/usr/local").glob("cuda*"), reverse=True)


@cache
def _headers(library: Path, major: int) -> tuple[Path, ...]:
    roots = [*library.resolve().parents[1:3], *_wheels(), *_toolkits(), Path("/usr")]
    for folder in (root / "include" for root in roots):
        version, half = folder / "cuda.h", folder / "cuda_fp16.h"
        if version.is_file() and half.is_file():
            text = version.read_text(encoding="utf-8", errors="replace")
            if [number // 1000 for number in _numbers(_CUDA_VERSION, text)] == [major]:
                return (folder,)
    return ()

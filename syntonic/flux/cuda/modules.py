"""Compiled families on disk, in CuPy's cache folder: a key of contents, and of no path.

CuPy's own cache would do, but its key holds the folders of CUDA's headers, and so every environment
compiles anew. Ours is a digest of all that the machine code depends on: the text, the options,
the architecture, the build of the compiler, and the headers that the text includes. A cache
travels between checkouts, environments and machines.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import get_ident

from syntonic.errors import BackendUnavailableError
from syntonic.flux.cuda import nvrtc, source

__all__ = ["architecture_for", "binary", "cache_folder", "discard"]

_HEADERS = ("cuda_fp16.h", "cuda_fp16.hpp", "cuda_bf16.h", "cuda_bf16.hpp")


def cache_folder() -> Path:
    """Return where CuPy keeps compiled kernels: $CUPY_CACHE_DIR, or a folder at home."""
    return Path(os.environ.get("CUPY_CACHE_DIR") or Path.home() / ".cupy" / "kernel_cache")


def architecture_for(capability: int, library: nvrtc.Nvrtc) -> str:
    """Return what to compile for on a device: "sm_90", or PTX for one that is newer than NVRTC.

    Parameters
    ----------
    capability
        The device's compute capability, as 90 for 9.0.

    Raises
    ------
    BackendUnavailableError
        If the device is older than all that this NVRTC knows.
    """
    known = library.architectures()
    if capability in known:
        return f"sm_{capability}"
    older = [number for number in known if number < capability]
    if not older:
        version = ".".join(map(str, library.version))
        raise BackendUnavailableError(
            f"NVRTC {version} compiles for compute capability {min(known) / 10} and newer, "
            f"not for {capability / 10}; install an older CUDA, such as cupy-cuda12x"
        )
    return f"compute_{max(older)}"


def binary(family: str, dtype: str, architecture: str, library: nvrtc.Nvrtc) -> Path:
    """Return the file of a family's machine code, compiled first if there is none.

    Raises
    ------
    KernelCompileError
        If it does not compile; the message is the compiler's.
    """
    text = source.assemble(family)
    options = (*source.options(family, dtype), *source.added_options(architecture))
    headers = _headers(library) if dtype in ("f16", "bf16") else ()
    parts = (text, *options, library.build, *headers)
    key = sha256("\0".join(parts).encode()).hexdigest()[:32]
    path = cache_folder() / f"syntonic_{family}_{dtype}_{architecture}_{key}.bin"
    if path.is_file():
        return path
    compiled = library.compile(text, options, f"{family}.cu")
    code = compiled.cubin or compiled.ptx
    try:
        return _written(path, code)
    except OSError:  # a home that cannot be written: this process alone will know it
        return _written(Path(_own_folder().name) / path.name, code)


def discard(path: Path) -> None:
    """Forget a file that the driver could not load."""
    path.unlink(missing_ok=True)


@cache
def _headers(library: nvrtc.Nvrtc) -> tuple[str, ...]:
    """Return the digests of CUDA's headers for halves."""
    files = (folder / name for folder in library.include for name in _HEADERS)
    return tuple(sha256(file.read_bytes()).hexdigest() for file in files if file.is_file())


def _written(path: Path, code: bytes) -> Path:
    """Write a file whole or not at all, beside others who may be writing it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.{get_ident()}.part")
    try:
        part.write_bytes(code)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


@cache
def _own_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="syntonic-kernels-")

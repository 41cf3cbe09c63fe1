"""How many bytes of each array a launcher's kernels read and write, on the host harness.

    with counting() as counted:
        norm.layer_norm(x, ...)
    for launch in counted: launch.symbol, launch.arrays  # bytes read and written of each

The kernels are compiled as for ThreadSanitizer, whose functions count here (counter/counter.cpp).
"""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cuda_host import simulator
from cuda_host.build import THREAD_SANITIZER, machine
from cuda_host.memory import Region
from cuda_host.runtime import RUNTIME

__all__ = ["Launched", "Touched", "counting"]

_SOURCE = Path(__file__).resolve().parent / "counter" / "counter.cpp"


@dataclass(frozen=True)
class Touched:
    """An array of a launch: where it lies for the caller, its bytes, and what was touched of it."""

    at: int
    nbytes: int
    read: int
    written: int


@dataclass(frozen=True)
class Launched:
    """A launch, and what it touched: arrays that overlap are one."""

    symbol: str
    arrays: tuple[Touched, ...]


class _Range(ctypes.Structure):
    _fields_ = (
        ("low", ctypes.c_size_t),
        ("high", ctypes.c_size_t),
        ("read", ctypes.c_uint64),
        ("written", ctypes.c_uint64),
    )


@contextmanager
def counting(only: Sequence[str] | None = None) -> Iterator[list[Launched]]:
    """Launch counted kernels, and list them; `only` names the kernels to compile."""
    counter, launched = _counter(), list[Launched]()

    @contextmanager
    def watch(symbol: str, regions: Sequence[Region]) -> Iterator[None]:
        arrays = [r for r in regions if r.arguments[0].name.startswith("argument")]
        ranges = (_Range * len(arrays))(*((r.copy, r.copy + r.bytes, 0, 0) for r in arrays))
        counter.counter_watch(ranges, len(arrays))
        try:
            yield
        finally:
            counter.counter_watch(None, 0)
        touched = (
            Touched(region.low, region.bytes, each.read, each.written)
            for region, each in zip(arrays, ranges, strict=True)
        )
        launched.append(Launched(symbol, tuple(touched)))

    names = None if only is None else tuple(only)
    with simulator.watched(watch), RUNTIME.edited(str, THREAD_SANITIZER, names):
        yield launched


@cache
def _counter() -> ctypes.CDLL:
    """Load the counter where the kernels' libraries will look for ThreadSanitizer."""
    text = _SOURCE.read_bytes()
    library = machine().with_name(f"counter-{hashlib.sha256(text).hexdigest()[:24]}.so")
    if not library.exists():
        command = ["g++", "-std=c++17", "-O2", "-fPIC", "-shared", str(_SOURCE)]
        subprocess.run([*command, "-o", str(library)], check=True)
    return ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)

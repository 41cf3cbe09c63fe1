"""Run .cu kernels on the CPU through g++, with the interface of cupy.RawModule.

    module = SimModule(source.assemble("golden_batch_norm"), ("-DSRT_DTYPE=SRT_F32",))
    kernel = module.get_function("golden_bn_2d_normalize_f32")
    kernel((blocks,), (256,), (out, x, np.int64(n)), shared_mem=0)

Arrays are NumPy arrays. A Python int is 8 bytes and a float is a double, as in CuPy; a scalar or
an array of another type than the parameter's, whose bytes CuPy would pass on, is an error here,
and so is a launch that a GPU would refuse. Shared memory starts as NaN. What the machine finds is
told in a SimError: see machine.cpp.

Limits. Blocks run one after another: no grid barriers, no clusters. `-ftz=true` is ignored:
subnormal floats are kept. Functions are the C library's. Static __shared__ memory is not summed
up: ptxas does that when NVRTC compiles. Races between blocks show as results that depend on the
seed, or not at all.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from cuda_host.build import UNDEFINED, build, machine
from cuda_host.memory import Argument, Region, describe, guarded

__all__ = ["SimError", "SimKernel", "SimModule", "Watch", "watched"]

MOST_SHARED = 232_448
"""Shared memory a block can opt in to on the largest devices: 227 KiB."""

SHARED_BY_DEFAULT = 48 << 10
MOST_IN_BLOCK = (1024, 1024, 64)
MOST_IN_GRID = ((1 << 31) - 1, 65535, 65535)
MOST_THREADS = 1 << 28
"""More would take minutes here: a mistake in the grid, or a test for a GPU."""

_NOWHERE = (1 << 64) - 1
_LAUNCHING = threading.Lock()  # the machine runs one launch at a time


Watch = Callable[[str, Sequence[Region]], AbstractContextManager[Any]]
_WATCH: list[Watch] = [lambda symbol, regions: nullcontext()]


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Run every launch inside of what `watch` makes of its kernel and its memory."""
    _WATCH.append(watch)
    try:
        yield
    finally:
        _WATCH.pop()


class SimError(RuntimeError):
    """What a GPU would have refused, done silently wrong, or hung on."""


class SimModule:
    """The kernels of one text. `seed` draws the order of blocks and threads; 0 is the natural one.

    Arrays end at a guard page when the seed is even, and start at one when it is odd.
    """

    def __init__(
        self,
        text: str | Path,
        options: Sequence[str] = (),
        flags: Sequence[str] = UNDEFINED,
        seed: int = 0,
        only: Sequence[str] | None = None,
    ) -> None:
        text = text.read_text(encoding="utf-8") if isinstance(text, Path) else text
        path, self.names = build(text, options, flags, only)
        self.library = ctypes.CDLL(str(path))
        self.seed = seed

    def get_function(self, name: str) -> SimKernel:
        """Return the kernel of this name."""
        if name not in self.names:
            raise SimError(f"no kernel {name}; there are {', '.join(self.names)}")
        return SimKernel(self, name)


class SimKernel:
    """One kernel; a call launches it and waits for its end."""

    max_dynamic_shared_size_bytes = SHARED_BY_DEFAULT

    def __init__(self, module: SimModule, name: str) -> None:
        self.module, self.name = module, name
        library = module.library
        self._call = ctypes.cast(library[f"sim_call_{name}"], ctypes.c_void_p)
        signature = library[f"sim_signature_{name}"]
        signature.restype = ctypes.c_char_p
        self._parameters = signature().decode().split()
        self._bound = library[f"sim_bound_{name}"]()

    def __call__(
        self,
        grid: Sequence[int],
        block: Sequence[int],
        arguments: Sequence[Any],
        *,
        shared_mem: int = 0,
    ) -> None:
        """Launch, with the arguments' types and the limits of a GPU checked."""
        grid, block = _three(grid), _three(block)
        if reason := self._refusal(grid, block, shared_mem):
            raise SimError(f"{self.name}: {reason}")
        if len(arguments) != len(self._parameters):
            count = f"{len(arguments)} arguments for {len(self._parameters)} parameters"
            raise SimError(f"{self.name}: {count}")
        given = [self._argument(place, value) for place, value in enumerate(arguments)]
        arrays = [each for each in given if isinstance(each, Argument)]
        at_end = self.module.seed % 2 == 0
        shared = np.zeros(shared_mem, np.uint8)
        room = Argument("dynamic shared memory", shared, False)  # guarded as the arrays are
        with _LAUNCHING, guarded(_machine(), [*arrays, room], at_end) as regions:
            places = {id(a): region.address(a) for region in regions for a in region.arguments}
            cells = [_cell(each, places) for each in given]
            with _WATCH[-1](self.name, regions):
                where = places.get(id(room), 0), shared_mem
                message = self._run(grid, block, cells, where, regions)
            strays = [r for r in regions if not message and r.strayed()]
            for region in regions:
                region.take_back()
        if strays:
            message = f"wrote beside {strays[0].arguments[0].name}"
        if message:
            raise SimError(f"{self.name}: {message}")

    def _refusal(self, grid: tuple[int, ...], block: tuple[int, ...], shared: int) -> str:
        """Return why a GPU would refuse this launch, or nothing."""
        if any(not 1 <= n <= most for n, most in zip(grid, MOST_IN_GRID, strict=True)):
            return f"a grid of {grid}; each is at least 1 and at most {MOST_IN_GRID}"
        if any(not 1 <= n <= most for n, most in zip(block, MOST_IN_BLOCK, strict=True)):
            return f"a block of {block}; each is at least 1 and at most {MOST_IN_BLOCK}"
        if prod(block) > 1024:
            return f"{prod(block)} threads in a block; 1024 is the most"
        if prod(block) > self._bound:
            return f"{prod(block)} threads in a block; __launch_bounds__ says {self._bound}"
        if not 0 <= shared <= MOST_SHARED:
            return f"{shared} bytes of shared memory; {MOST_SHARED} is the most"
        if shared > self.max_dynamic_shared_size_bytes:
            opted = self.max_dynamic_shared_size_bytes
            return f"{shared} bytes of shared memory; max_dynamic_shared_size_bytes is {opted}"
        if prod(grid) * prod(block) > MOST_THREADS:
            return f"{prod(grid) * prod(block)} threads; the host runs at most {MOST_THREADS}"
        return ""

    def _argument(self, place: int, value: Any) -> Argument | bytes:
        """Return an array's place in memory, or a scalar's bytes; null is zeros."""
        parameter = self._parameters[place]
        if parameter[0] not in "PC":
            scalar = np.asarray(value)
            if scalar.ndim or _code(scalar.dtype) != parameter:
                what = f"an array of {scalar.dtype}" if scalar.ndim else f"a {scalar.dtype}"
                raise SimError(f"{self.name}: {what} for argument {place}, which is {parameter}")
            return scalar.tobytes()
        if value is None:
            return bytes(8)
        if reason := _array_refusal(value, parameter):
            raise SimError(f"{self.name}: argument {place} is {reason}")
        return Argument(f"argument {place}", value, parameter[0] == "C")

    def _run(
        self,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        cells: Sequence[ctypes.Array[ctypes.c_char]],
        shared: tuple[int, int],
        regions: Sequence[Region],
    ) -> str:
        """Return what went wrong, or nothing."""
        pointers = (ctypes.c_void_p * len(cells))(*map(ctypes.addressof, cells))
        launch = _Launch(self._call, pointers, grid, block, *shared, self.module.seed)
        self.module.library.sim_touch()
        fault = ctypes.c_void_p()
        message = _machine().sim_launch(ctypes.byref(launch), ctypes.byref(fault))
        if message is None:
            return ""
        touched = fault.value or 0  # ctypes gives None for null
        where = "" if touched == _NOWHERE else f" ({describe(touched, regions)})"
        return f"{message.decode()}{where}"


class _Launch(ctypes.Structure):
    _fields_ = (
        ("call", ctypes.c_void_p),
        ("arguments", ctypes.POINTER(ctypes.c_void_p)),
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared", ctypes.c_void_p),
        ("shared_bytes", ctypes.c_size_t),
        ("seed", ctypes.c_uint64),
    )


@cache
def _machine() -> ctypes.CDLL:
    library = ctypes.CDLL(str(machine()))
    library.sim_launch.restype = ctypes.c_char_p
    library.sim_map.restype = ctypes.c_void_p
    library.sim_map.argtypes = [ctypes.c_size_t]
    library.sim_unmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.sim_make_constant.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return library


def _three(sizes: Sequence[int]) -> tuple[int, ...]:
    return (*map(int, sizes), 1, 1, 1)[: max(3, len(sizes))]


def _cell(given: Argument | bytes, places: dict[int, int]) -> ctypes.Array[ctypes.c_char]:
    if isinstance(given, Argument):  # an empty array has an address too, though none may read it
        given = places.get(id(given), 0).to_bytes(8, "little")
    return (ctypes.c_char * len(given)).from_buffer_copy(given)


def _code(dtype: np.dtype[Any]) -> str:
    """Return how sim_signature in cuda_shim.h names a dtype."""
    return "B2" if dtype.name == "bfloat16" else f"{dtype.kind}{dtype.itemsize}"


def _array_refusal(value: Any, parameter: str) -> str:
    """Return what is wrong with an array for this parameter, or nothing."""
    if not isinstance(value, np.ndarray):
        return f"a {type(value).__name__} for a pointer"
    code = parameter[1:].replace("u", "i").replace("b", "i")  # signs and truth do no harm
    if code[0] != "V" and _code(value.dtype).replace("u", "i").replace("b", "i") != code:
        return f"an array of {value.dtype} for a pointer to {parameter[1:]}"
    if not value.flags.c_contiguous:
        return "not contiguous"
    if parameter[0] == "P" and not value.flags.writeable:
        return "read-only, and its parameter is not const"
    return ""

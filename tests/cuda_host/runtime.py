"""The host harness as a `Runtime`: launchers run unchanged on NumPy arrays of a marked type."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from cuda_host.build import UNDEFINED, build
from cuda_host.simulator import MOST_SHARED, SHARED_BY_DEFAULT, SimModule
from syntonic.flux.cuda import source
from syntonic.flux.cuda.launch import check_geometry, register_runtime

__all__ = ["RUNTIME", "HostArray", "HostRuntime", "families_of", "prebuild", "to_host_array"]


class HostArray(np.ndarray[Any, Any]):
    """An array that plays one in GPU memory: no arithmetic takes it together with NumPy's."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kw: Any) -> Any:
        for each in inputs:
            if isinstance(each, np.ndarray) and not isinstance(each, HostArray):
                raise TypeError(f"Unsupported type {type(each)}")
        if "out" in kw:
            kw["out"] = tuple(map(_plain, kw["out"]))
        result = getattr(ufunc, method)(*map(_plain, inputs), **kw)
        return result.view(HostArray) if isinstance(result, np.ndarray) else result


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, HostArray) else x


def to_host_array(array: Any) -> HostArray:
    """Return a contiguous copy as a HostArray."""
    return np.array(array, order="C", copy=True).view(HostArray)


class HostRuntime:
    """Launches on the CPU.

    `seed` draws the order of blocks and threads, 0 being the natural one; `launched` collects the
    symbols that ran.
    """

    seed = 1
    shared = MOST_SHARED

    def __init__(self) -> None:
        self.launched: set[str] = set()
        self._module: Callable[[str, str], SimModule] = _module

    def empty(self, shape: tuple[int, ...], dtype: Any) -> HostArray:
        """Return an array of NaN, or of -1: nobody may read it."""
        out = np.empty(shape, dtype)
        out.reshape(-1).view(np.uint8)[...] = 0xFF
        return out.view(HostArray)

    def launch(
        self,
        family: str,
        symbol: str,
        dtype: str,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        arguments: tuple[Any, ...],
        shared: int = 0,
    ) -> None:
        """Run a kernel to its end; raises SimError with what it did wrong."""
        check_geometry(symbol, grid, block)
        module = self._module(family, dtype)
        module.seed = self.seed
        kernel = module.get_function(symbol)
        kernel.max_dynamic_shared_size_bytes = max(shared, SHARED_BY_DEFAULT)
        kernel(grid, block, arguments, shared_mem=shared)
        self.launched.add(symbol)

    def prebuild_edited(
        self, edit: Callable[[str], str], flags: tuple[str, ...], only: tuple[str, ...]
    ) -> None:
        """Start to compile what `edited` will ask for."""
        for family, dtypes in families_of(only).items():
            text = edit(source.assemble(family))
            for dtype in dtypes:
                _pool().submit(build, text, source.options(family, dtype), flags, only)

    @contextmanager
    def edited(
        self,
        edit: Callable[[str], str],
        flags: tuple[str, ...] = UNDEFINED,
        only: tuple[str, ...] | None = None,
    ) -> Iterator[None]:
        """Launch from texts that `edit` was applied to; `only` names the kernels to compile."""

        @cache
        def module(family: str, dtype: str) -> SimModule:
            text = edit(source.assemble(family))
            return SimModule(text, source.options(family, dtype), flags, only=only)

        before, self._module = self._module, module
        try:
            yield
        finally:
            self._module = before


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count())


@cache
def _builds(family: str) -> dict[str, Future[Any]]:
    """Start to compile a family in every dtype: who asks for one soon asks for the others."""
    text = source.assemble(family)
    return {
        dtype: _pool().submit(build, text, source.options(family, dtype)) for dtype in source.DTYPES
    }


def prebuild() -> None:
    """Start to compile every family, beside the tests that come before they are needed."""
    for family in source.families():
        _builds(family)


@cache
def _module(family: str, dtype: str) -> SimModule:
    _builds(family)[dtype].result()
    return SimModule(source.assemble(family), source.options(family, dtype))


def families_of(symbols: Iterable[str]) -> dict[str, set[str]]:
    """Return the families that have these symbols, and the dtypes in which."""
    found: dict[str, set[str]] = {}
    for family in source.families():
        for dtype, names in source.symbols(family).items():
            if not set(names).isdisjoint(symbols):
                found.setdefault(family, set()).add(dtype)
    return found


RUNTIME = HostRuntime()
"""The one that HostArrays have."""
register_runtime(HostArray, lambda array: RUNTIME)

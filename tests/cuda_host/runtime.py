"""The host harness as a `Runtime`: launchers run unchanged on NumPy arrays of a marked type."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from cuda_host.simulator import SimModule
from syntonic.flux.cuda import source
from syntonic.flux.cuda.launch import register_runtime

__all__ = ["RUNTIME", "HostArray", "HostRuntime", "to_host_array"]


class HostArray(np.ndarray[Any, Any]):
    """An array that plays one in GPU memory."""


def to_host_array(array: Any) -> HostArray:
    """Return a contiguous copy as a HostArray."""
    return np.array(array, order="C", copy=True).view(HostArray)


class HostRuntime:
    """Launches on the CPU. `seed` draws the order of blocks and threads; 0 is the natural one."""

    seed = 1

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
        module = _module(source.assemble(family), source.options(family, dtype))
        module.seed = self.seed
        module.get_function(symbol)(grid, block, arguments, shared_mem=shared)


RUNTIME = HostRuntime()
register_runtime(HostArray, lambda array: RUNTIME)


@cache
def _module(text: str, options: tuple[str, ...]) -> SimModule:
    return SimModule(text, options)

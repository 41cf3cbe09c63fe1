"""The host harness as a `Runtime`: launchers run unchanged on NumPy arrays of a marked type."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from cuda_host.simulator import SimModule
from syntonic.flux.cuda import source
from syntonic.flux.cuda.launch import register_runtime

__all__ = ["HostArray", "HostRuntime", "to_host_array"]


class HostArray(np.ndarray):
    """An array that plays one in GPU memory."""


def to_host_array(array: Any) -> HostArray:
    """Return a contiguous copy as a HostArray."""
    return np.array(array, order="C", copy=True).view(HostArray)


class HostRuntime:
    """Launches on the CPU. `seed` draws the order of blocks and threads; 0 is the natural one."""

    seed = 1

    def empty(self, shape: tuple[int, ...], dtype: Any) -> HostArray:
        out = np.empty(shape, dtype)
        out.view(np.uint8).reshape(-1)[...] = 0xFF if out.size else 0  # NaN: nobody may read it
        return out.view(HostArray)

    def launch(self, family, symbol, dtype, grid, block, arguments, shared=0):
        module = _module(family, dtype, self.seed)
        module.get_function(symbol)(grid, block, arguments, shared_mem=shared)


RUNTIME = HostRuntime()
register_runtime(HostArray, lambda array: RUNTIME)


@cache
def _module(family: str, dtype: str, seed: int) -> SimModule:
    return SimModule(source.assemble(family), source.options(family, dtype), seed=seed)

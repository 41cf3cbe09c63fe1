"""The calls that golden normalizations share, and the moments of an array's channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.flux.cuda.channels import BLOCK, Channels
from syntonic.flux.cuda.launch import WARP, Array, blocks_for, runtime_of
from syntonic.flux.cuda.source import acc_dtype, suffix

__all__ = ["MOMENTS", "SUMS", "Call", "moments"]

MOMENTS = 3
"""Numbers of a part's moments: count, mean, sum of squared deviations."""

SUMS = 2
"""Numbers of a part's gradient: the sum of g, and of g times what it is weighed by."""


class Call:
    """Calls of the family's kernels for one array: its runtime, its dtype, what is added up in.

    Parameters
    ----------
    x
        An array of the device.
    """

    def __init__(self, x: Array) -> None:
        self._runtime, self._dtype = runtime_of(x), x.dtype
        self.acc = acc_dtype(x.dtype)

    def __call__(
        self, kernel: str, grid: tuple[int, ...], block: int, *arguments: Any, shared: int = 0
    ) -> None:
        ending = suffix(self._dtype)
        symbol = f"{kernel}_{ending}"
        launch = self._runtime.launch
        launch("golden_batch_norm", symbol, ending, grid, (block,), arguments, shared)

    def by_channel(self, kernel: str, walk: Channels, splits: int, *arguments: Any) -> None:
        """Launch with a team for each channel, up to a warp, which merges so many parts."""
        team = min(1 << max(splits - 1, 0).bit_length(), WARP)
        shape = map(np.int64, (walk.n, walk.c, walk.s))
        grid = (blocks_for(walk.c * team, BLOCK // 2),)
        self(kernel, grid, BLOCK // 2, *arguments, *shape, np.int32(splits), np.int32(team))

    def empty(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return an uninitialised array, of the array's dtype unless another is named."""
        return self._runtime.empty(shape, self._dtype if dtype is None else np.dtype(dtype))

    def doubles(self, *shape: int) -> Array:
        """Return an uninitialised array of float64, in which statistics are kept."""
        return self._runtime.empty(shape, np.dtype(np.float64))

    def sums(self, *shape: int) -> Array:
        """Return an uninitialised array of the accumulation dtype."""
        return self._runtime.empty(shape, self.acc)

    def numbers(self, *values: float) -> tuple[Any, ...]:
        """Return kernel arguments of the accumulation dtype."""
        return tuple(self.acc.type(value) for value in values)


def moments(call: Call, x: Array, walk: Channels) -> tuple[Array, int]:
    """Return the moments of each channel's parts, shape (c, splits, 3), and the splits."""
    splits = walk.splits if x.size else 0
    partial = call.sums(walk.c, splits, MOMENTS)
    if splits:
        arguments = (partial, x, *walk.sizes, *walk.units)
        call(f"golden_bn_{walk.way}_compute_stats", walk.grid, walk.block, *arguments)
    return partial, splits

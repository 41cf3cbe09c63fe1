"""What `syntonic doctor` finds of the compiled loops of the CPU: numba's code on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["LoopCache", "loop_caches"]


@dataclass(frozen=True)
class LoopCache:
    """A folder of compiled loops: whether it can be written, and how many calls can use."""

    folder: str
    writable: bool
    loops: int


def loop_caches() -> tuple[LoopCache, ...]:
    """Return the folders where numba keeps loops; none where it finds none that it can write."""
    from syntonic.flux.cpu.channels import merge_parts  # numba
    from syntonic.jit.compile import cache_of
    from syntonic.jit.floats import two_sum

    found = filter(None, map(cache_of, (two_sum, merge_parts)))
    return tuple(LoopCache(folder, _writable(folder), loops) for folder, loops in found)


def _writable(folder: str) -> bool:
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)

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
    from syntonic.flux.cpu.passes import merge_parts  # numba
    from syntonic.jit.compile import cache_of
    from syntonic.jit.floats import two_sum
    from syntonic.lattice.double_words import gcd
    from syntonic.lattice.linalg.bound_loops import det_bits
    from syntonic.rounding.wake_loops import exact_terms

    one_of_each_folder = two_sum, exact_terms, gcd, det_bits, merge_parts
    found = filter(None, map(cache_of, one_of_each_folder))
    return tuple(LoopCache(folder, _writable(folder), loops) for folder, loops in found)


def _writable(folder: str) -> bool:
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)

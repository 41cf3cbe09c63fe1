"""When compiled loops pay: importing numba costs as much as thousands of exact elements."""

from __future__ import annotations

import sys

__all__ = ["compiled_pays"]

LOADED_SIZE = 64
"""With numba loaded: calling a compiled loop takes as long as a few exact elements."""

COLD_SIZE = 1 << 16
"""Without: numba and the cached code take 0.3 s to load, as long as 2^16 exact elements."""


def compiled_pays(size: int) -> bool:
    """Tell whether an array of this many elements is worth the compiled loops."""
    return size >= (LOADED_SIZE if "numba" in sys.modules else COLD_SIZE)

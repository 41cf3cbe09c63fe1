"""When compiled loops pay: importing numba costs as much as thousands of exact elements.

Either way gives the same exact numbers, so the choice may follow what the process has done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

__all__ = ["LOADED_SIZE", "compiled_pays", "slow_way"]

P = ParamSpec("P")
R = TypeVar("R")

LOADED_SIZE = 64
"""With numba loaded: calling a compiled loop takes as long as a few exact elements."""

COLD_SIZE = 1 << 16
"""Without: numba and the cached code take 0.3 s to load, as long as 2^16 operations on scalars, or
four times as many on pairs of integers."""

PATIENCE = 0.3
"""Seconds that slow ways may take in a process, together, before numba is loaded for any call."""

_spent = {"seconds": 0.0}


def compiled_pays(size: int) -> bool:
    """Tell whether an array of this many elements is worth the compiled loops."""
    warm = "numba" in sys.modules or _spent["seconds"] >= PATIENCE
    return size >= (LOADED_SIZE if warm else COLD_SIZE)


def slow_way(function: Callable[P, R]) -> Callable[P, R]:
    """Count the time that a function takes while numba is not loaded."""

    @wraps(function)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        if "numba" in sys.modules:
            return function(*args, **kwargs)
        start = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            _spent["seconds"] += perf_counter() - start

    return counted

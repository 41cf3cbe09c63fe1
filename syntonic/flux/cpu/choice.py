"""Which of the two forms of the CPU backend serves an array."""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any

import numpy.typing as npt

from syntonic.lattice.compiled import COLD_SIZE

__all__ = ["Array", "implementation"]

Array = npt.NDArray[Any]
"""float64 or float32, C-contiguous."""

COLD_CALLS = 1 << 12
"""Calls for which NumPy takes as much longer, together, as loading numba and cached code takes."""

_cold_calls = count()


def implementation(family: str, size: int) -> ModuleType:
    """Return the module of a family that treats an array of this many elements fastest.

    The compiled one when numba is loaded: even a handful of elements take less time in it than
    in several NumPy calls. Without numba a small array does not wait until it is, unless there
    have been many.
    """
    pays = size >= COLD_SIZE or "numba" in sys.modules or next(_cold_calls) >= COLD_CALLS
    form = "compiled" if pays else "plain"
    return sys.modules.get(name := f"syntonic.flux.cpu.{form}.{family}") or import_module(name)

"""Which of the two forms of the CPU backend serves an array."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy.typing as npt

from syntonic.lattice.compiled import COLD_SIZE

__all__ = ["Array", "implementation"]

Array = npt.NDArray[Any]
"""float64 or float32, C-contiguous."""


def implementation(family: str, size: int) -> ModuleType:
    """Return the module of a family that treats an array of this many elements fastest.

    The compiled one when numba is loaded: even a handful of elements take less time in it than
    in several NumPy calls. Without numba a small array does not wait until it is.
    """
    form = "compiled" if size >= COLD_SIZE or "numba" in sys.modules else "plain"
    return sys.modules.get(name := f"syntonic.flux.cpu.{form}.{family}") or import_module(name)

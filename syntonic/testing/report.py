"""What the assertions have in common: reading their arguments, and the shape of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import methodcaller
from typing import Any

import numpy as np
from gmpy2 import mpz

from syntonic.exact.golden import GoldenExact
from syntonic.tensor import ResonantTensor

__all__ = [
    "Lines",
    "approximately",
    "as_exact",
    "as_tensor",
    "counted",
    "on_failure",
    "shown",
    "where",
]

Lines = Sequence[tuple[str, str]]

_LONGEST = 160

on_failure = methodcaller("errisinstance", AssertionError)
"""`__tracebackhide__` of the modules with assertions: pytest shows a failure at the caller's line,
and every frame of another error."""

__tracebackhide__ = on_failure


def as_tensor(x: Any) -> ResonantTensor:
    """Return tensors, scalars, arrays and nested sequences as a tensor on the CPU; floats in flux.

    Raises
    ------
    TypeError
        x holds something that is no real number, or exact numbers and floats together.
    ShapeError
        x is ragged.
    """
    if isinstance(x, ResonantTensor):
        return x.to_device("cpu")
    kind = x.dtype.kind if isinstance(x, (np.ndarray, np.generic)) else ""
    if kind:
        return ResonantTensor.from_flux(x) if kind == "f" else ResonantTensor(x)
    if _holds_floats(x):
        return ResonantTensor.from_flux(np.array(x, dtype=np.float64))
    return ResonantTensor(x)


def as_exact(x: Any, caller: str, name: str) -> ResonantTensor:
    """Return an exact argument as a crystallized tensor; AssertionError if it is in flux."""
    tensor = as_tensor(x)
    if not tensor.is_crystallized:
        raise AssertionError(
            f"{caller}: {name} must be exact, got floats of {tensor.dtype}; "
            "crystallize or snap them first"
        )
    return tensor


def _holds_floats(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return bool(x) and all(map(_holds_floats, x))
    return isinstance(x, (float, np.floating)) or getattr(x, "dtype", np.dtype("O")).kind == "f"


def shown(x: Any) -> str:
    """Return a value as text of bounded length."""
    if isinstance(x, int):
        x = mpz(x)  # which has no limit on its digits
    text = str(x) if isinstance(x, (GoldenExact, type(mpz()))) else repr(x)
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}...{text[-half:]} ({len(text)} characters)"


def approximately(x: GoldenExact) -> str:
    """Return an exact value with six digits after it, where that tells more."""
    if x.is_rational() and x.is_integral():
        return shown(x)
    return f"{shown(x)} ≈ {x.to_decimal(6)}"


def counted(wrong: int, total: int) -> str:
    """Return such as "2 of 6 elements (33.3%)"."""
    if total == 1:
        return "the only element"
    share = 100 * wrong / total
    return f"{wrong} of {total} elements ({share:.{max(1, 1 - math.floor(math.log10(share)))}f}%)"


def where(label: str, index: tuple[int, ...], lines: Lines) -> str:
    """Return one place of a report: a heading, and names with their values below it."""
    width = max(len(name) for name, _ in lines)
    place = f"{label} at index {index}:" if index else f"{label}:"
    return "\n".join([f"  {place}", *(f"    {name:<{width}} = {value}" for name, value in lines)])

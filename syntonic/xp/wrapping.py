"""NumPy's functions under the standard's signatures, with tensors where floats come out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import reduce
from typing import Any

import numpy as np

from syntonic.flux.device import is_flux_dtype, move, parse_device
from syntonic.tensor import ResonantTensor

__all__ = ["as_tensors", "binary", "is_function", "on_device", "there", "unary", "wrapped"]


def as_tensors(out: Any) -> Any:
    """Return floating arrays as flux and exact ones as crystallized tensors, others as they are."""
    if isinstance(out, (tuple, list)):
        made = map(as_tensors, out)
        return type(out)(*made) if hasattr(out, "_fields") else type(out)(made)
    dtype = getattr(out, "dtype", None)
    if dtype is None or isinstance(out, (ResonantTensor, type)):
        return out
    if is_flux_dtype(dtype):
        return ResonantTensor.from_flux(out)
    return ResonantTensor(out) if dtype.kind == "O" else out


def there(out: Any, device: Any, where: str) -> Any:
    """Return an array or tensor on a device; None leaves it where it is."""
    if device is None:
        return out
    if isinstance(out, ResonantTensor):
        return out.to_device(device)
    return move(out, parse_device(device, where), where)


def unary(name: str) -> Callable[[Any], Any]:
    """Return NumPy's function of one array."""
    function = getattr(np, name)

    def call(x: Any, /) -> Any:
        return as_tensors(function(x))

    return _named(call, name)


def binary(name: str) -> Callable[[Any, Any], Any]:
    """Return NumPy's function of two arrays."""
    function = getattr(np, name)

    def call(x1: Any, x2: Any, /) -> Any:
        return as_tensors(function(x1, x2))

    return _named(call, name)


def wrapped(name: str) -> Callable[..., Any]:
    """Return NumPy's function of any arguments; one that this NumPy lacks says so when called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return as_tensors(_numpys(name)(*args, **kwargs))

    return _with_signature(_named(call, name), name)


def on_device(name: str) -> Callable[..., Any]:
    """Return NumPy's function of numbers that makes an array, on a device."""

    def call(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        return there(as_tensors(_numpys(name)(*args, **kwargs)), device, name)

    return _with_signature(_named(call, name), name)


def is_function(name: str) -> bool:
    """Return whether NumPy has a function of the name."""
    found = getattr(np, name, None)
    return callable(found) and not isinstance(found, type)


def _numpys(name: str) -> Any:
    return reduce(getattr, name.split("."), np)


def _named(call: Any, name: str) -> Any:
    call.__name__ = call.__qualname__ = name.rpartition(".")[2]
    call.__module__ = "syntonic.xp"
    call.__doc__ = f"As `numpy.{name}`, with floating results in flux and exact ones crystallized."
    return call


def _with_signature(call: Any, name: str) -> Any:
    with suppress(AttributeError, ValueError):  # this NumPy has none, or hides it
        call.__signature__ = inspect.signature(_numpys(name))
    return call

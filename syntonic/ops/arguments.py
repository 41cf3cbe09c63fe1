"""What every operation checks and converts before any work: tensors, parameters, numbers."""

from __future__ import annotations

from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from syntonic.device.array import DeviceLattice
from syntonic.errors import DeviceError, ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.flux.device import as_flux_array, device_of, move
from syntonic.tensor import ResonantTensor

__all__ = ["integer", "number", "parameter", "require_tensor"]


def require_tensor(x: Any, name: str, where: str) -> ResonantTensor:
    """Return x if it is a tensor, or raise TypeError."""
    if isinstance(x, ResonantTensor):
        if type(x._data) is DeviceLattice:
            x._require_there(where)
        return x
    raise TypeError(
        f"{where}: {name} must be a ResonantTensor, got {type(x).__name__}; ResonantTensor(data) "
        "takes exact numbers in, ResonantTensor.from_flux(array) floats"
    )


def integer(value: Any, name: str, where: str, *, least: int | None = None) -> int:
    """Return an integer that is at least `least` as an int, or raise."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{where}: {name} must be an integer, got {type(value).__name__}")
    if least is not None and value < least:
        raise ValueError(f"{where}: {name} must be at least {least}, got {value}")
    return int(value)


def number(value: Any, name: str, where: str, *, positive: bool = False) -> float:
    """Return a finite real as a float, or raise; negative ones are refused too."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, np.number)):
        raise TypeError(f"{where}: {name} must be a real number, got {type(value).__name__}")
    out = float(value)
    if not isfinite(out) or out < 0 or (positive and out == 0):
        rule = "positive" if positive else "zero or more"
        raise ValueError(f"{where}: {name} must be finite and {rule}, got {value}")
    return out


def parameter(
    value: Any, x: ResonantTensor, shape: tuple[int, ...], name: str, where: str, hint: str
) -> Any:
    """Return a parameter of an operation on x as an array beside x, to compute with.

    Parameters
    ----------
    value
        An array-like of reals, or a tensor in either phase; None stays None.
    shape
        The one shape it may have, named with `hint` in the error.

    Returns
    -------
    array
        C-contiguous; float64 beside crystallized tensors and float64, else float32.
    """
    if value is None:
        return None
    array = _reals(value, name, where)
    if tuple(array.shape) != shape:
        raise ShapeError(
            f"{where}: {name} must have shape {shape}, got {tuple(array.shape)}; {hint}"
        )
    if device_of(array) != x.device:
        if not _travels(value):
            raise DeviceError(
                f"{where}: {name} must be on the device of x, {x.device}, got {device_of(array)}; "
                f'ResonantTensor.from_flux({name}).to_device("{x.device}") moves it'
            )
        array = move(array, x.device, where)
    dtype = np.float64 if x.dtype in (object, np.float64) else np.float32
    return array.astype(dtype, order="C", copy=False)


def _reals(value: Any, name: str, where: str) -> Any:
    if isinstance(value, ResonantTensor):
        return value.to_floats() if value.is_crystallized else value.flux_array
    array = as_flux_array(value, where)
    if array.dtype == object:
        return ResonantTensor(array).to_floats()
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        raise TypeError(f"{where}: {name} must hold real numbers, got {array.dtype}")
    return array


def _travels(value: Any) -> bool:
    """Tell whether a parameter has no device of its own: exact numbers, Python's numbers."""
    if isinstance(value, ResonantTensor):
        return value.is_crystallized
    return isinstance(value, (list, tuple, Real, GoldenExact)) or (
        isinstance(value, np.ndarray) and value.dtype == object
    )

"""What the functions refuse, before anything is traced or computed."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from syntonic.errors import DeviceError, ShapeError
from syntonic.jax.call import Array

__all__ = ["LAST", "affine", "array_of", "features", "pair_of", "parameter"]

_DTYPES = ("float64", "float32", "float16", "bfloat16")
LAST = "pass one value for each place of the last axis"


def array_of(value: Any, name: str, where: str) -> Array:
    """Return a value as an array of JAX on the CPU, or raise."""
    if not isinstance(value, (jax.Array, np.ndarray)):
        raise TypeError(
            f"{where}: {name} must be an array of JAX or NumPy, got {type(value).__name__}"
        )
    if value.dtype.name not in _DTYPES:
        raise TypeError(
            f"{where}: {name} must be {', '.join(_DTYPES[:-1])} or bfloat16, got {value.dtype}; "
            "convert it with .astype"
        )
    array = jax.numpy.asarray(value)
    if array.dtype != value.dtype:
        raise TypeError(
            f"{where}: {name} is {value.dtype}, which JAX would round to {array.dtype}; convert it "
            'with .astype, or set jax.config.update("jax_enable_x64", True)'
        )
    traced = isinstance(array, jax.core.Tracer)
    platform = jax.default_backend() if traced else next(iter(array.devices())).platform
    if platform != "cpu":
        raise DeviceError(
            f"{where}: {name} must be on the CPU, got {platform}; set "
            'jax.config.update("jax_platforms", "cpu"), or use syntonic.torch on a GPU'
        )
    return array


def pair_of(identity: Any, residual: Any, where: str) -> dict[str, Array]:
    found = {"identity": array_of(identity, "identity", where)}
    found["residual"] = array_of(residual, "residual", where)
    (shape, dtype), (other, kind) = ((x.shape, x.dtype) for x in found.values())
    if other != shape:
        raise ShapeError(
            f"{where}: residual must have the shape of identity, {shape}, got {other}; nothing is "
            "broadcast here"
        )
    if kind != dtype:
        raise TypeError(
            f"{where}: residual must have the dtype of identity, {dtype}, got {kind}; convert one "
            "of them with .astype"
        )
    return found


def parameter(
    value: Any, shapes: tuple[tuple[int, ...], ...], name: str, where: str, hint: str
) -> Array | None:
    """Return a parameter of one of these shapes as an array, or raise; None stays None."""
    if value is None:
        return None
    array = array_of(value, name, where)
    if array.shape not in shapes:
        rule = " or ".join(str(shape) for shape in shapes)
        raise ShapeError(f"{where}: {name} must have shape {rule}, got {array.shape}; {hint}")
    return array


def affine(gamma: Any, beta: Any, n: int, where: str, hint: str) -> dict[str, Any]:
    values = {"gamma": gamma, "beta": beta}
    return {name: parameter(v, ((n,),), name, where, hint) for name, v in values.items()}


def features(x: Array, name: str, where: str) -> int:
    if x.ndim == 0:
        raise ShapeError(f"{where}: {name} must have a last axis, got shape (); reshape it")
    n: int = x.shape[-1]
    return n

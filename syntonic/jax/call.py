"""An operation of flux as a function that JAX differentiates: a `custom_vjp` of host calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from syntonic import ops
from syntonic.tensor import ResonantTensor

__all__ = ["Array", "run"]

Array = Any
"""An array of JAX."""

Options = tuple[tuple[str, Any], ...]
"""Modes, numbers and axes by name: what JAX takes for static."""

_TENSORS = ("x", "identity", "residual")


def _on_host(arrays: dict[str, Array]) -> dict[str, Any]:
    """Return the arguments of an operation: tensors that share JAX's memory, and arrays."""
    found = {name: np.asarray(array) for name, array in arrays.items()}
    return {
        name: ResonantTensor.from_flux(value) if name in _TENSORS else value
        for name, value in found.items()
    }


def _forward(function: Callable[..., Any], options: Options, arrays: dict[str, Array]) -> Any:
    return function(**_on_host(arrays), **dict(options)).flux_array


def _backward(
    function: Callable[..., Any],
    options: Options,
    arrays: dict[str, Array],
    grad: Array,
) -> dict[str, Any]:
    _, pullback = ops.vjp(function, **_on_host(arrays), **dict(options))
    found = pullback(np.asarray(grad))
    return {
        name: getattr(found, name).flux_array.astype(array.dtype, copy=False)
        for name, array in arrays.items()
    }


# -- what JAX sees ----------------------------------------------------------------------------


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _differentiable(
    function: Callable[..., Any], options: Options, arrays: dict[str, Array]
) -> Array:
    """Compute an operation; a gradient is that of `syntonic.ops.vjp`."""
    first = next(arrays[name] for name in _TENSORS if name in arrays)
    shape = jax.ShapeDtypeStruct(first.shape, first.dtype)
    call = partial(_forward, function, options)
    return jax.pure_callback(call, shape, arrays, vmap_method="sequential")


def _kept(function: Any, options: Any, arrays: dict[str, Array]) -> tuple[Array, Any]:
    return _differentiable(function, options, arrays), arrays


def _pulled(function: Any, options: Any, arrays: dict[str, Array], grad: Array) -> tuple[Any]:
    shapes = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in arrays.items()}
    call = partial(_backward, function, options)
    return (jax.pure_callback(call, shapes, arrays, grad, vmap_method="sequential"),)


_differentiable.defvjp(_kept, _pulled)


def run(function: Callable[..., Any], arrays: dict[str, Any], **options: Any) -> Array:
    given = {name: array for name, array in arrays.items() if array is not None}
    return _differentiable(function, tuple(options.items()), given)

"""The operations on plain tensors, forward and backward: our loops on the CPU, our kernels on CUDA.

Callers have checked shapes, dtypes and devices. Nothing is differentiated here, nothing given is
written to, and what comes out is new memory. Gradients of parameters, and statistics, have the
dtype that they were added up in.

On the CPU a call takes as many threads as both syntonic and PyTorch allow, and of PyTorch's own
where that is possible.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from syntonic.jit.thread_count import at_most
from syntonic.torch.arrays import array_of, channels_of, family_of, format_of, tensor_of, wide
from syntonic.torch.threads import own_team

__all__ = ["LOOPS", "VALUES"]

LOOPS: dict[str, Callable[..., Any]] = {}
"""By the operator's name, with the operator's arguments."""

VALUES: dict[str, Callable[..., Any]] = {}
"""Likewise what has statistics, with None in their place, for who needs no gradient."""

_SMALL = 1 << 16
"""Elements from which on more threads than the caller's are asked for."""

_NARROW = 1 << 10
"""Columns or channels for which ones and zeros are kept."""


def _loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """List a function under its name, and let it obey PyTorch's number of threads."""

    @wraps(function)
    def obedient(x: Tensor, *rest: Any) -> Any:
        if x.numel() >= _SMALL and x.is_cpu:
            with at_most(torch.get_num_threads(), own_team()):
                return function(x, *rest)
        return function(x, *rest)

    LOOPS[function.__name__] = obedient
    return obedient


def _loop_with_statistics(function: Callable[..., Any]) -> Callable[..., Any]:
    """List a function that ends in an array of statistics, with them and without."""
    obedient = _loop(function)

    @wraps(function)
    def without(x: Tensor, *rest: Any) -> Any:
        return (obedient if x.numel() >= _SMALL else function)(x, *rest)[0], None

    @wraps(function)
    def complete(*arguments: Any) -> Any:
        out, statistics = obedient(*arguments)
        return out, tensor_of(statistics)

    LOOPS[function.__name__], VALUES[function.__name__] = complete, without
    return complete


def _parameter(value: Tensor | None, x: Tensor) -> Any:
    """Return a parameter in the dtype that is computed with."""
    if value is None:
        return None
    dtype = wide(x.dtype)
    return array_of(value if value.dtype is dtype else value.to(dtype))


def _affine(gamma: Tensor | None, beta: Tensor | None, x: Tensor, values: Any) -> Any:
    """Return scale and shift beside x, as the loops take x and them.

    Without any that is, on the CPU, the ones and zeros kept here.
    """
    if gamma is None and beta is None and type(values) is np.ndarray:
        n = values.shape[1]
        if n <= _NARROW:
            return _neutral(n, x.dtype is torch.float64)
    return _parameter(gamma, x), _parameter(beta, x)


@lru_cache(maxsize=64)
def _neutral(n: int, double: bool) -> Any:
    """Return n ones and zeros, which loops only read: making them takes as long as a small loop."""
    kind = np.float64 if double else np.float32
    return np.ones(n, kind), np.zeros(n, kind)


def _distinct(x: Tensor, first: Any, second: Any) -> tuple[Tensor, Tensor]:
    """Return two gradients in x's dtype and shape; what is one array becomes two tensors."""
    one = tensor_of(first, x.dtype, x.shape)
    return one, one.clone() if second is first else tensor_of(second, x.dtype, x.shape)


# -- residual connections ---------------------------------------------------------------------


@_loop
def residual(identity: Tensor, residual: Tensor, mode: str) -> Tensor:
    family = family_of("residual", identity)
    return tensor_of(family.residual(array_of(identity), array_of(residual), mode), identity.dtype)


@_loop
def residual_relu(identity: Tensor, residual: Tensor, mode: str) -> Tensor:
    family = family_of("residual", identity)
    out = family.residual_relu(array_of(identity), array_of(residual), mode)
    return tensor_of(out, identity.dtype)


@_loop
def residual_relu_backward(grad: Tensor, out: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    family = family_of("residual", grad)
    found = family.residual_relu_backward(array_of(grad), array_of(out), mode)
    return _distinct(grad, *found)


@_loop
def residual_gelu(identity: Tensor, residual: Tensor, mode: str) -> Tensor:
    family = family_of("residual", identity)
    out = family.residual_gelu(array_of(identity), array_of(residual), mode)
    return tensor_of(out, identity.dtype)


@_loop
def residual_gelu_backward(
    grad: Tensor, identity: Tensor, residual: Tensor, mode: str
) -> tuple[Tensor, Tensor]:
    arrays = map(array_of, (grad, identity, residual))
    return _distinct(grad, *family_of("residual", grad).residual_gelu_backward(*arrays, mode))


@_loop_with_statistics
def residual_layer_norm(
    identity: Tensor,
    residual: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    eps: float,
    mode: str,
) -> tuple[Tensor, Any]:
    x, y = _rows(identity), _rows(residual)
    affine = _parameter(gamma, identity), _parameter(beta, identity)
    family = family_of("residual", identity)
    out, statistics = family.residual_layer_norm(x, y, *affine, eps, mode)
    return tensor_of(out, identity.dtype, identity.shape), statistics


@_loop
def residual_layer_norm_backward(
    grad: Tensor,
    identity: Tensor,
    residual: Tensor,
    gamma: Tensor | None,
    statistics: Tensor,
    mode: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rows = map(_rows, (grad, identity, residual))
    given = _parameter(gamma, grad), array_of(statistics), mode
    family = family_of("residual", grad)
    first, second, *sums = family.residual_layer_norm_backward(*rows, *given)
    dgamma, dbeta = map(tensor_of, sums)
    return *_distinct(grad, first, second), dgamma, dbeta


# -- normalizations ---------------------------------------------------------------------------


def _rows(x: Tensor) -> Any:
    array = array_of(x)
    cols = array.shape[-1]
    if array.ndim == 2 and cols:
        return array
    return array.reshape(prod(array.shape[:-1]) if cols else 0, cols)


@_loop_with_statistics
def layer_norm(
    x: Tensor, gamma: Tensor | None, beta: Tensor | None, target: float, eps: float
) -> tuple[Tensor, Any]:
    rows = _rows(x)
    affine = _affine(gamma, beta, x, rows)
    out, statistics = family_of("norm", x).layer_norm(rows, target, eps, *affine)
    return tensor_of(out, x.dtype, x.shape), statistics


@_loop
def layer_norm_backward(
    grad: Tensor, x: Tensor, gamma: Tensor | None, statistics: Tensor, target: float
) -> tuple[Tensor, Tensor, Tensor]:
    given = _rows(grad), _rows(x), target, _parameter(gamma, x), array_of(statistics)
    dx, dgamma, dbeta = family_of("norm", x).layer_norm_backward(*given)
    return tensor_of(dx, x.dtype, x.shape), tensor_of(dgamma), tensor_of(dbeta)


def _unfolded(array: Any, x: Tensor, memory_format: torch.memory_format) -> Tensor:
    """Return what came out of `channels_of` in the shape, dtype and format of x."""
    if memory_format is torch.contiguous_format:
        return tensor_of(array, x.dtype, x.shape)
    n, c, *rest = x.shape
    return tensor_of(array, x.dtype, (n, *rest, c)).movedim(-1, 1).data


@_loop_with_statistics
def batch_norm(
    x: Tensor, gamma: Tensor | None, beta: Tensor | None, target: float, eps: float
) -> tuple[Tensor, Any]:
    layout = format_of(x)
    values = channels_of(x, layout)
    affine = _affine(gamma, beta, x, values)
    out, statistics = family_of("norm", x).batch_norm(values, target, eps, *affine)
    return _unfolded(out, x, layout), statistics


@_loop
def batch_norm_apply(
    x: Tensor,
    statistics: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    target: float,
    eps: float,
) -> Tensor:
    layout = format_of(x)
    given = channels_of(x, layout), array_of(statistics)
    affine = _parameter(gamma, x), _parameter(beta, x)
    out = family_of("norm", x).batch_norm_apply(*given, target, eps, *affine)
    return _unfolded(out, x, layout)


@_loop
def batch_norm_backward(
    grad: Tensor,
    x: Tensor,
    gamma: Tensor | None,
    statistics: Tensor,
    target: float,
    eps: float,
    training: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    layout = format_of(x)
    arrays = [channels_of(each, layout) for each in (grad, x)]
    given = array_of(statistics), target, eps, _parameter(gamma, x), training
    dx, dgamma, dbeta = family_of("norm", x).batch_norm_backward(*arrays, *given)
    return _unfolded(dx, x, layout), tensor_of(dgamma), tensor_of(dbeta)


# -- softmax ----------------------------------------------------------------------------------


def _by_class(x: Tensor, dim: int) -> Any:
    """Return a tensor as (outer, n, inner)."""
    array = array_of(x)
    shape = array.shape
    if len(shape) == 2 and dim:
        return array.reshape(*shape, 1)
    return array.reshape(prod(shape[:dim]), shape[dim], prod(shape[dim + 1 :]))


def _weights(weights: Tensor, x: Tensor, dim: int) -> Any:
    if weights.ndim == 1:
        return _parameter(weights, x)
    return _by_class(weights.to(x.dtype), dim)


@_loop
def softmax(x: Tensor, dim: int) -> Tensor:
    out = family_of("softmax", x).softmax_identity(_by_class(x, dim))
    return tensor_of(out, x.dtype, x.shape)


@_loop
def softmax_backward(grad: Tensor, out: Tensor, dim: int) -> Tensor:
    given = _by_class(grad, dim), _by_class(out, dim)
    dx = family_of("softmax", out).softmax_backward(*given)
    return tensor_of(dx, out.dtype, out.shape)


@_loop
def softmax_learned(x: Tensor, norms: Tensor, dim: int, scale: float) -> Tensor:
    given = _by_class(x, dim), _parameter(norms, x), scale
    out = family_of("softmax", x).softmax_learned(*given)
    return tensor_of(out, x.dtype, x.shape)


@_loop
def softmax_learned_backward(
    grad: Tensor, out: Tensor, dim: int, scale: float
) -> tuple[Tensor, Tensor]:
    given = _by_class(grad, dim), _by_class(out, dim), scale
    dx, dnorms = family_of("softmax", out).softmax_learned_backward(*given)
    return tensor_of(dx, out.dtype, out.shape), tensor_of(dnorms)


@_loop
def softmax_provided(x: Tensor, weights: Tensor, dim: int, scale: float, floor: float) -> Tensor:
    if x.is_cpu and bool((weights < 0).any()):  # a CUDA device would have to be waited for
        raise ValueError(
            "syntonic_softmax: syntony must not be negative; pass weights of 0 or more"
        )
    given = _by_class(x, dim), _weights(weights, x, dim), scale, floor
    out = family_of("softmax", x).softmax_provided(*given)
    return tensor_of(out, x.dtype, x.shape)


@_loop
def softmax_provided_backward(
    grad: Tensor, out: Tensor, weights: Tensor, dim: int, scale: float, floor: float
) -> tuple[Tensor, Tensor]:
    given = _by_class(grad, dim), _by_class(out, dim), _weights(weights, out, dim)
    dx, dweights = family_of("softmax", out).softmax_provided_backward(*given, scale, floor)
    return tensor_of(dx, out.dtype, out.shape), tensor_of(dweights, None, weights.shape)

"""Residual connections in NumPy; see `syntonic.flux.cpu.residual` for the contract."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.flux.cpu.choice import Array
from syntonic.flux.cpu.modes import Factors, factors
from syntonic.flux.cpu.plain import norm
from syntonic.flux.cpu.plain.fma import fma
from syntonic.flux.cpu.tail import TAIL_CENTRE as K
from syntonic.flux.cpu.tail import TAIL_F64

__all__ = [
    "component_norms",
    "residual",
    "residual_gelu",
    "residual_gelu_backward",
    "residual_layer_norm",
    "residual_layer_norm_backward",
    "residual_relu",
    "residual_relu_backward",
    "scaled",
]


def _sum(x: Array, y: Array, by: Factors) -> Array:
    with np.errstate(all="ignore"):
        total = fma(y.reshape(-1), by.inner, x.reshape(-1)) * by.outer
    return total.reshape(x.shape)


def residual(identity: Array, residual: Array, mode: str) -> Array:
    return _sum(identity, residual, factors(mode, identity.dtype))


def scaled(x: Array, factor: Any) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(x * factor)


def residual_relu(identity: Array, residual: Array, mode: str) -> Array:
    out = _sum(identity, residual, factors(mode, identity.dtype))
    out[out <= 0] = 0
    return out


def residual_gelu(identity: Array, residual: Array, mode: str) -> Array:
    x = _sum(identity, residual, factors(mode, identity.dtype)).astype(np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(x * _gelu_parts(x)[0], identity.dtype)


def _gelu_parts(x: Array) -> tuple[Array, Array]:
    """Return the normal distribution, see `tail`, and its density."""
    a = np.minimum(abs(x), 40.0)
    high = a.astype(np.float32).astype(np.float64)  # its square is exact
    bell = np.exp(-high * high / 2) * np.exp((high - a) * (high + a) / 2)
    tail = bell * np.polynomial.polynomial.polyval((a - K) / (a + K), TAIL_F64) / (a + K)
    return np.where(x > 0, 1 - tail, tail), bell * (2 * np.pi) ** -0.5


def _split(gradient: Array, by: Factors) -> tuple[Array, Array]:
    gi = np.asarray(gradient * by.identity)
    return gi, gi if by.identity == by.residual else np.asarray(gradient * by.residual)


def residual_relu_backward(grad: Array, out: Array, mode: str) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):
        return _split(np.where(out <= 0, 0, grad), factors(mode, grad.dtype))


def residual_gelu_backward(
    grad: Array, identity: Array, residual: Array, mode: str
) -> tuple[Array, Array]:
    by = factors(mode, grad.dtype)
    x = _sum(identity, residual, by).astype(np.float64)
    with np.errstate(all="ignore"):
        below, density = _gelu_parts(x)
        return _split(np.asarray(grad * (below + x * density), grad.dtype), by)


def residual_layer_norm(
    identity: Array,
    residual: Array,
    gamma: Array | None,
    beta: Array | None,
    eps: float,
    mode: str,
) -> tuple[Array, Array, Array]:
    x = _sum(identity, residual, factors(mode, identity.dtype))
    return norm.layer_norm(x, 1.0, eps, gamma, beta)


def residual_layer_norm_backward(
    grad: Array,
    identity: Array,
    residual: Array,
    gamma: Array | None,
    mean: Array,
    rstd: Array,
    mode: str,
) -> tuple[Array, Array, Array, Array]:
    by = factors(mode, grad.dtype)
    x = _sum(identity, residual, by)
    dx, dgamma, dbeta = norm.layer_norm_backward(grad, x, 1.0, gamma, mean, rstd)
    with np.errstate(all="ignore"):
        return *_split(dx, by), dgamma, dbeta


def component_norms(identity: Array, residual: Array, mode: str) -> Array:
    out = _sum(identity, residual, factors(mode, identity.dtype))
    return np.array([_norm(x) for x in (identity, residual, out)])


def _norm(x: Array) -> float:
    """Return the Euclidean norm; divided by a power of two the squares stay in range."""
    largest = float(np.max(abs(x), initial=0))
    if not 0 < largest < np.inf:
        return largest  # zero, infinite or NaN is the norm, too
    power = np.frexp(largest)[1]
    scaled = np.ldexp(x.reshape(-1).astype(np.float64), -power)
    with np.errstate(under="ignore"):
        return float(np.ldexp(np.sqrt(np.square(scaled).sum()), power))

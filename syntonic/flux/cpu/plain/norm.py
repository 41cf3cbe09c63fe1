"""Normalisations in NumPy; see `syntonic.flux.cpu.norm` for the contract."""

from __future__ import annotations

import numpy as np

from syntonic.flux.cpu.choice import Array

__all__ = [
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_backward",
    "batch_norm_stats",
    "layer_norm",
    "layer_norm_backward",
    "output_stats",
]

# Everything is computed in float64 and rounded at the end.


def _moments(rows: Array) -> tuple[Array, Array]:
    """Return mean and population variance of each row, as columns, in two passes.

    The deviations sum to almost nothing; what they do sum to corrects both. NumPy adds in pairs
    along contiguous rows alone, so errors do not grow with their length.
    """
    n = np.float64(rows.shape[1])
    mean = rows.sum(1, np.float64, keepdims=True) / n
    d = rows - mean
    rest = d.sum(1, keepdims=True) / n
    return mean + rest, np.square(d).sum(1, keepdims=True) / n - rest * rest


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):
        mean, var = _moments(x.swapaxes(0, 1).reshape(x.shape[1], x.shape[0] * x.shape[2]))
    return mean.reshape(-1).astype(x.dtype), var.reshape(-1).astype(x.dtype)


def batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    mean, var = batch_norm_stats(x)
    return batch_norm_apply(x, mean, var, target, eps, gamma, beta), mean, var


def batch_norm_apply(
    x: Array,
    mean: Array,
    var: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> Array:
    with np.errstate(all="ignore"):
        scale = _by_channel(np.sqrt(target / (np.float64(var) + eps)))
        scale = scale if gamma is None else scale * _by_channel(gamma)
        out = (x - _by_channel(mean)) * scale
        return (out if beta is None else out + _by_channel(beta)).astype(x.dtype)


def _by_channel(values: Array) -> Array:
    return values.astype(np.float64)[:, None]


def batch_norm_backward(
    grad: Array,
    x: Array,
    mean: Array,
    var: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    training: bool,
) -> tuple[Array, Array, Array]:
    with np.errstate(all="ignore"):
        rstd = 1 / np.sqrt(_by_channel(var) + eps)
        normed = (x - _by_channel(mean)) * rstd
        g = grad.astype(np.float64)
        dbeta, dot = g.sum((0, 2)), (g * normed).sum((0, 2))
        if training and x.size:
            n = x.shape[0] * x.shape[2]
            g = g - dbeta[:, None] / n - normed * (dot[:, None] / n)
        scale = rstd * np.sqrt(target)
        dx = g * (scale if gamma is None else scale * _by_channel(gamma))
        dgamma = dot * np.sqrt(target)
        return dx.astype(x.dtype), dgamma.astype(x.dtype), dbeta.astype(x.dtype)


def layer_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    with np.errstate(all="ignore"):
        mean, var = _moments(x)
        rstd = 1 / np.sqrt(var + eps)
        out = (x - mean) * (rstd * np.sqrt(target))
        out = out if gamma is None else out * gamma
        out = out if beta is None else out + beta
        mean, rstd = mean.reshape(-1).astype(x.dtype), rstd.reshape(-1).astype(x.dtype)
        return out.astype(x.dtype), mean, rstd


def layer_norm_backward(
    grad: Array, x: Array, target: float, gamma: Array | None, mean: Array, rstd: Array
) -> tuple[Array, Array, Array]:
    with np.errstate(all="ignore"):
        scale = rstd.astype(np.float64)[:, None]
        normed = (x - mean.astype(np.float64)[:, None]) * scale
        root = np.sqrt(target)
        g = grad if gamma is None else grad * gamma.astype(np.float64)
        n = max(1, x.shape[1])
        along = g.sum(1, np.float64, keepdims=True) / n
        dot = (g * normed).sum(1, keepdims=True) / n
        dx = (g - along - normed * dot) * (scale * root)
        dgamma, dbeta = (grad * normed).sum(0) * root, grad.sum(0, np.float64)
        return dx.astype(x.dtype), dgamma.astype(x.dtype), dbeta.astype(x.dtype)


def output_stats(x: Array) -> Array:
    with np.errstate(all="ignore"):
        mean, var = _moments(x.reshape(1, -1))
        return np.array([mean.item(), var.item()])

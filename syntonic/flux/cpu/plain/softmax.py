"""Softmax in NumPy; see `syntonic.flux.cpu.softmax` for the contract."""

from __future__ import annotations

import numpy as np

from syntonic.constants import PHI_INV
from syntonic.flux.cpu.choice import Array

__all__ = [
    "class_logits",
    "log_weights",
    "softmax_backward",
    "softmax_identity",
    "softmax_learned",
    "softmax_learned_backward",
    "softmax_provided",
    "softmax_provided_backward",
    "weight_gradient",
]


def log_weights(weights: Array, scale: float, floor: float) -> Array:
    """Return scale·log max(weights, floor), -inf for a weight of 0 whatever the scale."""
    with np.errstate(all="ignore"):
        w = np.where(weights < floor, floor, weights).astype(np.float64)  # a NaN stays
        return np.where(w == 0, -np.inf, scale * np.log(w)).astype(weights.dtype)


def class_logits(mode_norms: Array, scale: float) -> Array:
    with np.errstate(all="ignore"):
        return mode_norms * mode_norms.dtype.type(-scale * PHI_INV)


def softmax_identity(x: Array) -> Array:
    with np.errstate(all="ignore"):
        top = x.max(axis=1, keepdims=True, initial=-np.inf)
        e = np.exp(x.astype(np.float64) - np.where(top == -np.inf, 0, top))
        return (e / e.sum(axis=1, keepdims=True)).astype(x.dtype)


def _add(x: Array, logits: Array) -> Array:
    with np.errstate(all="ignore"):
        return x + (logits if logits.shape == x.shape else logits[:, None])


def softmax_learned(x: Array, mode_norms: Array, scale: float) -> Array:
    return softmax_identity(_add(x, class_logits(mode_norms, scale)))


def softmax_provided(x: Array, weights: Array, scale: float, floor: float) -> Array:
    return softmax_identity(_add(x, log_weights(weights, scale, floor)))


def softmax_backward(grad: Array, out: Array) -> Array:
    with np.errstate(all="ignore"):
        wide = out.astype(np.float64)
        return (wide * (grad - (wide * grad).sum(axis=1, keepdims=True))).astype(out.dtype)


def softmax_learned_backward(grad: Array, out: Array, scale: float) -> tuple[Array, Array]:
    dx = softmax_backward(grad, out)
    with np.errstate(all="ignore"):
        return dx, (dx.sum((0, 2), np.float64) * (-scale * PHI_INV)).astype(out.dtype)


def softmax_provided_backward(
    grad: Array, out: Array, weights: Array, scale: float, floor: float
) -> tuple[Array, Array]:
    dx = softmax_backward(grad, out)
    by_class = weights.shape != out.shape
    with np.errstate(all="ignore"):
        return dx, weight_gradient(
            dx.sum((0, 2), np.float64) if by_class else dx, weights, scale, floor
        )


def weight_gradient(dx: Array, weights: Array, scale: float, floor: float) -> Array:
    """Return scale·dx/w where w is above the floor, 0 elsewhere."""
    with np.errstate(all="ignore"):
        return np.where(weights > floor, scale * dx / weights, 0).astype(weights.dtype)

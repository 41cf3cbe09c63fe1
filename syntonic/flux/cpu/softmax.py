"""Softmax of logits x + scale·log w, forward and backward.

Arrays have the shape (outer, n, inner), are C-contiguous and all float64 or all float32; callers
have checked that. Softmax runs along n. NaN anywhere in a slice, +inf, and a slice of nothing but
-inf make the slice NaN, as in PyTorch. A weight of 0 makes an exact 0, for any scale. Nothing
given is written to.
"""

from __future__ import annotations

from syntonic.flux.cpu.choice import Array, implementation

__all__ = [
    "softmax_backward",
    "softmax_identity",
    "softmax_learned",
    "softmax_learned_backward",
    "softmax_provided",
    "softmax_provided_backward",
]

_FAMILY = "softmax"


def softmax_identity(x: Array) -> Array:
    """Return exp(x)/Σ exp(x)."""
    out: Array = implementation(_FAMILY, x.size).softmax_identity(x)
    return out


def softmax_learned(x: Array, mode_norms: Array, scale: float) -> Array:
    """Return the softmax with w = exp(-|n|²/φ), given the n values |n|²."""
    out: Array = implementation(_FAMILY, x.size).softmax_learned(x, mode_norms, scale)
    return out


def softmax_provided(x: Array, weights: Array, scale: float, floor: float) -> Array:
    """Return the softmax with w = max(weights, floor), one per class or one per element."""
    out: Array = implementation(_FAMILY, x.size).softmax_provided(x, weights, scale, floor)
    return out


def softmax_backward(grad: Array, out: Array) -> Array:
    """Return the gradient by x: out·(grad - Σ out·grad)."""
    dx: Array = implementation(_FAMILY, grad.size).softmax_backward(grad, out)
    return dx


def softmax_learned_backward(grad: Array, out: Array, scale: float) -> tuple[Array, Array]:
    """Return the gradients by x and by the norms, -scale/φ times the sums of the first."""
    form = implementation(_FAMILY, grad.size)
    gradients: tuple[Array, Array] = form.softmax_learned_backward(grad, out, scale)
    return gradients


def softmax_provided_backward(
    grad: Array, out: Array, weights: Array, scale: float, floor: float
) -> tuple[Array, Array]:
    """Return the gradients by x and by the weights, 0 where the floor replaced the weight."""
    form = implementation(_FAMILY, grad.size)
    gradients: tuple[Array, Array] = form.softmax_provided_backward(
        grad, out, weights, scale, floor
    )
    return gradients

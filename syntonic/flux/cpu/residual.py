"""Residual connections identity + residual/φ and their relatives, forward and backward.

Arrays are C-contiguous, of one shape, and all float64 or all float32; callers have checked that.
The modes are "phi", identity + residual/φ by one fused multiply-add, "phi_symmetric",
(identity + residual)/φ, and "standard", identity + residual. Nothing given is written to.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.choice import Array, implementation
from syntonic.flux.cpu.modes import factors

__all__ = [
    "component_norms",
    "residual",
    "residual_backward",
    "residual_gelu",
    "residual_gelu_backward",
    "residual_layer_norm",
    "residual_layer_norm_backward",
    "residual_relu",
    "residual_relu_backward",
]

_FAMILY = "residual"


def residual(identity: Array, residual: Array, mode: str) -> Array:
    """Return identity + residual/φ, or what else the mode says."""
    out: Array = implementation(_FAMILY, identity.size).residual(identity, residual, mode)
    return out


def residual_backward(grad: Array, mode: str) -> tuple[Array, Array]:
    """Return the gradients by identity and residual; `grad` itself where a factor is 1."""
    by = factors(mode, grad.dtype)
    if by.residual == 1:
        return grad, grad
    by_residual: Array = implementation(_FAMILY, grad.size).scaled(grad, by.residual)
    return (grad if by.identity == 1 else by_residual), by_residual


def residual_relu(identity: Array, residual: Array, mode: str) -> Array:
    """Return max(residual connection, 0); NaN stays NaN."""
    out: Array = implementation(_FAMILY, identity.size).residual_relu(identity, residual, mode)
    return out


def residual_relu_backward(grad: Array, out: Array, mode: str) -> tuple[Array, Array]:
    """Return the gradients by identity and residual: 0 where the output is not above 0."""
    form = implementation(_FAMILY, grad.size)
    gradients: tuple[Array, Array] = form.residual_relu_backward(grad, out, mode)
    return gradients


def residual_gelu(identity: Array, residual: Array, mode: str) -> Array:
    """Return xΦ(x) of the residual connection x; Φ is the normal distribution.

    Notes
    -----
    The error is at most 4 ulp in x wherever Φ(x) is a normal number, in the lower tail too,
    where 1 + erf(x/√2) has cancelled.
    """
    out: Array = implementation(_FAMILY, identity.size).residual_gelu(identity, residual, mode)
    return out


def residual_gelu_backward(
    grad: Array, identity: Array, residual: Array, mode: str
) -> tuple[Array, Array]:
    """Return the gradients by identity and residual: grad·(Φ(x) + x exp(-x²/2)/√(2π))."""
    form = implementation(_FAMILY, grad.size)
    gradients: tuple[Array, Array] = form.residual_gelu_backward(grad, identity, residual, mode)
    return gradients


def residual_layer_norm(
    identity: Array,
    residual: Array,
    gamma: Array | None,
    beta: Array | None,
    eps: float,
    mode: str,
) -> tuple[Array, Array, Array]:
    """Return the layer norm of the residual connection's rows, their means and 1/√(var + eps).

    Parameters
    ----------
    identity, residual
        Of shape (rows, cols).
    gamma, beta
        Of shape (cols,), or None for 1 and 0.
    """
    form = implementation(_FAMILY, identity.size)
    normed: tuple[Array, Array, Array] = form.residual_layer_norm(
        identity, residual, gamma, beta, eps, mode
    )
    return normed


def residual_layer_norm_backward(
    grad: Array,
    identity: Array,
    residual: Array,
    gamma: Array | None,
    mean: Array,
    rstd: Array,
    mode: str,
) -> tuple[Array, Array, Array, Array]:
    """Return the gradients by identity, residual, gamma and beta."""
    form = implementation(_FAMILY, grad.size)
    gradients: tuple[Array, Array, Array, Array] = form.residual_layer_norm_backward(
        grad, identity, residual, gamma, mean, rstd, mode
    )
    return gradients


def component_norms(identity: Array, residual: Array, mode: str) -> npt.NDArray[np.float64]:
    """Return the Euclidean norms of identity, residual and output, which do not overflow."""
    form = implementation(_FAMILY, identity.size)
    norms: npt.NDArray[np.float64] = form.component_norms(identity, residual, mode)
    return norms

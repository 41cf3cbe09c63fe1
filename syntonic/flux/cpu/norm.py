"""Golden normalisations: batch norm over (N, C, S), layer norm over rows, forward and backward.

Arrays are C-contiguous and all float64 or all float32; callers have checked that. The variance
after normalisation, before gamma and beta, is the target: out = (x - mean)·√(target/(var + eps))
·gamma + beta. Variances are those of the population and never come from a sum of squares.
Statistics have the dtype of x, rounded from float64. Nothing given is written to.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.choice import Array, implementation

__all__ = [
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_backward",
    "batch_norm_stats",
    "layer_norm",
    "layer_norm_backward",
    "output_stats",
]

_FAMILY = "norm"


def batch_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    """Normalise the channels of x, of shape (N, C, S); return out, means and variances."""
    normed: tuple[Array, Array, Array] = implementation(_FAMILY, x.size).batch_norm(
        x, target, eps, gamma, beta
    )
    return normed


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    """Return the mean and variance of each channel of x, of shape (N, C, S)."""
    stats: tuple[Array, Array] = implementation(_FAMILY, x.size).batch_norm_stats(x)
    return stats


def batch_norm_apply(
    x: Array,
    mean: Array,
    var: Array,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> Array:
    """Normalise the channels of x by statistics that are given."""
    out: Array = implementation(_FAMILY, x.size).batch_norm_apply(
        x, mean, var, target, eps, gamma, beta
    )
    return out


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
    """Return the gradients by x, gamma and beta.

    In training mean and variance are functions of x; else they are constants.
    """
    gradients: tuple[Array, Array, Array] = implementation(_FAMILY, x.size).batch_norm_backward(
        grad, x, mean, var, target, eps, gamma, training
    )
    return gradients


def layer_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    """Normalise the rows of x; return out, the means and 1/√(var + eps), without the target."""
    normed: tuple[Array, Array, Array] = implementation(_FAMILY, x.size).layer_norm(
        x, target, eps, gamma, beta
    )
    return normed


def layer_norm_backward(
    grad: Array, x: Array, target: float, gamma: Array | None, mean: Array, rstd: Array
) -> tuple[Array, Array, Array]:
    """Return the gradients by x, gamma and beta."""
    gradients: tuple[Array, Array, Array] = implementation(_FAMILY, x.size).layer_norm_backward(
        grad, x, target, gamma, mean, rstd
    )
    return gradients


def output_stats(x: Array) -> npt.NDArray[np.float64]:
    """Return the mean and variance of all of x, as two float64 numbers."""
    stats: npt.NDArray[np.float64] = implementation(_FAMILY, x.size).output_stats(x)
    return stats

"""Normalizations and softmax of arrays of JAX; see `syntonic.jax` for what holds of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from syntonic import ops
from syntonic.errors import ShapeError
from syntonic.jax.call import Array, run
from syntonic.jax.checks import LAST, affine, array_of, features, parameter
from syntonic.ops.arguments import integer, number
from syntonic.ops.softmax import softmax_mode

if TYPE_CHECKING:
    from syntonic.ops import GoldenNormMode, SyntonicSoftmaxMode
    from syntonic.typing import NormModeName, SoftmaxModeName

__all__ = [
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "syntonic_softmax",
]


def golden_layer_norm(
    x: Array,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: Array | None = None,
    beta: Array | None = None,
) -> Array:
    """Normalize over the last axis to a target variance.

    Parameters
    ----------
    x : jax.Array
        Of at least one axis.
    mode : GoldenNormMode or str, default "golden"
        The target variance t: 1/φ ("golden"), 1 ("standard"), or `GoldenNormMode.custom(t)`.
    eps : float, default 1e-5
        Added to the variance, zero or more.
    gamma, beta : jax.Array, optional
        Scale and shift for each place of the last axis, (features,).

    Returns
    -------
    jax.Array
        gamma·(x - mean)·sqrt(t/(var + eps)) + beta, population variance of each row.

    Raises
    ------
    ShapeError, TypeError, DeviceError
        x, gamma or beta does not fit, is no array of floats, or is not on the CPU.
    ValueError
        The mode is unknown, or eps is negative or not finite.

    See Also
    --------
    golden_batch_norm_1d, golden_batch_norm_2d : by channels.
    syntonic.golden_layer_norm : of tensors.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> golden_layer_norm(jnp.array([[1.0, 3.0]]), mode="standard", eps=0).tolist()
    [[-1.0, 1.0]]
    """
    where = "golden_layer_norm"
    mode, added = ops.GoldenNormMode.of(mode, where), number(eps, "eps", where)
    x = array_of(x, "x", where)
    values = affine(gamma, beta, features(x, "x", where), where, LAST)
    return run(ops.golden_layer_norm, {"x": x, **values}, mode=mode, eps=added)


def golden_batch_norm_1d(
    x: Array,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: Array | None = None,
    beta: Array | None = None,
) -> Array:
    """Normalize each column of (N, C) to a target variance.

    Parameters
    ----------
    x : jax.Array
        (N, C).
    mode, eps
        As for `golden_layer_norm`.
    gamma, beta : jax.Array, optional
        Scale and shift of each channel, (C,).

    Returns
    -------
    jax.Array
        gamma·(x - mean)·sqrt(t/(var + eps)) + beta, population variance of each channel.

    Raises
    ------
    ShapeError, TypeError, DeviceError, ValueError
        As for `golden_layer_norm`.

    See Also
    --------
    golden_batch_norm_2d : of images.
    golden_layer_norm : by rows.
    syntonic.golden_batch_norm_1d : of tensors.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> golden_batch_norm_1d(jnp.array([[1.0], [3.0]]), mode="standard", eps=0).tolist()
    [[-1.0], [1.0]]
    """
    return _batch_norm(ops.golden_batch_norm_1d, "(N, C)", x, mode, eps, gamma, beta)


def golden_batch_norm_2d(
    x: Array,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: Array | None = None,
    beta: Array | None = None,
) -> Array:
    """Normalize each channel of (N, C, H, W) to a target variance.

    Parameters
    ----------
    x : jax.Array
        (N, C, H, W).
    mode, eps, gamma, beta
        As for `golden_batch_norm_1d`.

    Returns
    -------
    jax.Array
        As `golden_batch_norm_1d`, with the statistics of each channel.

    Raises
    ------
    ShapeError, TypeError, DeviceError, ValueError
        As for `golden_layer_norm`.

    See Also
    --------
    golden_batch_norm_1d : of rows.
    golden_layer_norm : over the last axes.
    syntonic.golden_batch_norm_2d : of tensors.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> golden_batch_norm_2d(jnp.array([[[[1.0, 3.0]]]]), mode="standard", eps=0).tolist()
    [[[[-1.0, 1.0]]]]
    """
    return _batch_norm(ops.golden_batch_norm_2d, "(N, C, H, W)", x, mode, eps, gamma, beta)


def _batch_norm(
    function: Callable[..., Any], axes: str, x: Any, mode: Any, eps: Any, gamma: Any, beta: Any
) -> Array:
    where = function.__name__
    mode, added = ops.GoldenNormMode.of(mode, where), number(eps, "eps", where)
    x = array_of(x, "x", where)
    if x.ndim != axes.count(",") + 1:
        raise ShapeError(f"{where}: x must have shape {axes}, got {x.shape}; reshape it")
    values = affine(gamma, beta, x.shape[1], where, "pass one value per channel")
    return run(function, {"x": x, **values}, mode=mode, eps=added)


def syntonic_softmax(
    x: Array,
    dim: int = -1,
    mode_norms: Array | None = None,
    *,
    syntony: Array | None = None,
    syntony_scale: float = 1.0,
    mode: SyntonicSoftmaxMode | SoftmaxModeName | None = None,
    syntony_floor: float = 1e-10,
) -> Array:
    """Return the softmax of x + scale·log w along one axis.

    Parameters
    ----------
    x : jax.Array
        Logits, of at least one axis.
    dim : int, default -1
        The axis of the n classes.
    mode_norms : jax.Array, optional
        |n|² of each class, (n,): w = exp(-|n|²/φ), mode "learned".
    syntony : jax.Array, optional
        Weights, of the shape of x or (n,), zero or more: mode "provided".
    syntony_scale : float, default 1.0
        The power to which the weights count; zero or more.
    mode : SyntonicSoftmaxMode or str, optional
        By default the one whose argument is given, "identity" without either.
    syntony_floor : float, default 1e-10
        Smaller weights count as this, and have no gradient.

    Returns
    -------
    jax.Array
        Shaped as x; sums to 1 along dim.

    Raises
    ------
    ShapeError, TypeError, DeviceError
        As for `golden_layer_norm`.
    ValueError
        dim or mode is unknown, mode and arguments contradict each other, or a number is out of
        range. A negative weight is found in the computation, where JAX raises an error of its own
        with our text.

    See Also
    --------
    syntonic.syntonic_softmax : of tensors.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> syntonic_softmax(jnp.zeros(2), syntony=jnp.array([3.0, 1.0])).round(4)
    Array([0.75, 0.25], dtype=float32)
    """
    where = "syntonic_softmax"
    chosen = softmax_mode(mode, mode_norms, syntony, where)
    x = array_of(x, "x", where)
    features(x, "x", where)
    axis = integer(dim, "dim", where)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"{where}: dim must be from {-x.ndim} to {x.ndim - 1} for shape {x.shape}, got {dim}"
        )
    classes, hint = (x.shape[axis],), "pass one value for each class"
    norms = parameter(mode_norms, (classes,), "mode_norms", where, hint)
    shapes = (classes,) if x.ndim == 1 else (classes, x.shape)
    weights = parameter(syntony, shapes, "syntony", where, f"{hint}, or one for each element")
    numbers = {
        name: number(value, name, where)
        for name, value in (("syntony_scale", syntony_scale), ("syntony_floor", syntony_floor))
    }
    arrays = {"x": x, "mode_norms": norms, "syntony": weights}
    return run(ops.syntonic_softmax, arrays, dim=axis, mode=chosen, **numbers)

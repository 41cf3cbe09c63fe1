"""Golden operations on arrays of JAX; see `syntonic.jax` for what holds of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from syntonic import ops
from syntonic.errors import ShapeError
from syntonic.jax.call import Array, run
from syntonic.jax.checks import LAST, affine, array_of, features, pair_of, parameter
from syntonic.ops.arguments import integer, number
from syntonic.ops.softmax import softmax_mode
from syntonic.tensor.residual import residual_mode

if TYPE_CHECKING:
    from syntonic.ops import GoldenNormMode, PhiResidualMode, SyntonicSoftmaxMode
    from syntonic.typing import NormModeName, ResidualModeName, SoftmaxModeName

__all__ = [
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "phi_residual",
    "phi_residual_gelu",
    "phi_residual_layernorm",
    "phi_residual_relu",
    "syntonic_softmax",
]


def phi_residual(
    identity: Array, residual: Array, mode: PhiResidualMode | ResidualModeName = "phi"
) -> Array:
    """Join a residual to its identity: identity + residual/φ.

    Parameters
    ----------
    identity, residual : jax.Array
        Of one shape (nothing is broadcast) and dtype.
    mode : PhiResidualMode or str, default "phi"
        "phi": identity + residual/φ; "phi_symmetric": (identity + residual)/φ;
        "standard": identity + residual.

    Returns
    -------
    jax.Array
        Shaped as the inputs.

    Raises
    ------
    ShapeError, TypeError, DeviceError
        The arrays differ in shape or dtype, are no floats, or are not on the CPU.
    ValueError
        The mode is unknown.

    Examples
    --------
    >>> import jax
    >>> x = jax.numpy.ones(2)
    >>> jax.grad(lambda y: phi_residual(x, y).sum())(x)
    Array([0.618034, 0.618034], dtype=float32)
    """
    where = "phi_residual"
    mode = residual_mode(mode, where)
    return run(ops.phi_residual, pair_of(identity, residual, where), mode=mode)


def phi_residual_relu(
    identity: Array, residual: Array, mode: PhiResidualMode | ResidualModeName = "phi"
) -> Array:
    """Join a residual to its identity and take max(x, 0) of the sum.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors.

    Returns
    -------
    jax.Array
        Shaped as the inputs. The gradient at 0 is 0.

    Raises
    ------
    ShapeError, TypeError, DeviceError, ValueError
        As for `phi_residual`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> phi_residual_relu(jnp.array([1.0, -1.0]), jnp.array([0.0, 1.0])).tolist()
    [1.0, 0.0]
    """
    where = "phi_residual_relu"
    mode = residual_mode(mode, where)
    return run(ops.phi_residual_relu, pair_of(identity, residual, where), mode=mode)


def phi_residual_gelu(
    identity: Array, residual: Array, mode: PhiResidualMode | ResidualModeName = "phi"
) -> Array:
    """Join a residual to its identity and apply GELU, s(1 + erf(s/√2))/2, to the sum s.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors.

    Returns
    -------
    jax.Array
        Shaped as the inputs.

    Raises
    ------
    ShapeError, TypeError, DeviceError, ValueError
        As for `phi_residual`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> y = phi_residual_gelu(jnp.array([1.0, -1.0]), jnp.zeros(2))
    >>> [f"{v:.4f}" for v in y]
    ['0.8413', '-0.1587']
    """
    where = "phi_residual_gelu"
    mode = residual_mode(mode, where)
    return run(ops.phi_residual_gelu, pair_of(identity, residual, where), mode=mode)


def phi_residual_layernorm(
    identity: Array,
    residual: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    eps: float = 1e-5,
    mode: PhiResidualMode | ResidualModeName = "phi",
) -> Array:
    """Join a residual to its identity and normalize the sum over the last axis to variance 1.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors, and at least one axis.
    gamma, beta : jax.Array, optional
        Scale and shift for each place of the last axis, (features,).
    eps : float, default 1e-5
        Added to the variance, zero or more.

    Returns
    -------
    jax.Array
        Shaped as the inputs.

    Raises
    ------
    ShapeError, TypeError, DeviceError, ValueError
        As for `phi_residual`; gamma, beta or eps do not fit.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> x = jnp.array([[1.0, 3.0]])
    >>> phi_residual_layernorm(x, x, eps=0, mode="standard").tolist()
    [[-1.0, 1.0]]
    """
    where = "phi_residual_layernorm"
    mode, added = residual_mode(mode, where), number(eps, "eps", where)
    pair = pair_of(identity, residual, where)
    n = features(pair["identity"], "identity", where)
    arrays = pair | affine(gamma, beta, n, where, LAST)
    return run(ops.phi_residual_layernorm, arrays, eps=added, mode=mode)


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

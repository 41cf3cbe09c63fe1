"""Residual connections of arrays of JAX; see `syntonic.jax` for what holds of all operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syntonic import ops
from syntonic.jax.call import Array, run
from syntonic.jax.checks import LAST, affine, features, pair_of
from syntonic.ops.arguments import number
from syntonic.tensor.residual import residual_mode

if TYPE_CHECKING:
    from syntonic.ops import PhiResidualMode
    from syntonic.typing import ResidualModeName

__all__ = ["phi_residual", "phi_residual_gelu", "phi_residual_layernorm", "phi_residual_relu"]


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

    See Also
    --------
    phi_residual_relu, phi_residual_gelu, phi_residual_layernorm : with what follows it often.
    syntonic.phi_residual : of tensors.

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

    See Also
    --------
    phi_residual : the connection alone.
    syntonic.ops.phi_residual_relu : of tensors.

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

    See Also
    --------
    phi_residual : the connection alone.
    syntonic.ops.phi_residual_gelu : of tensors.

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

    See Also
    --------
    phi_residual : the connection alone.
    syntonic.ops.phi_residual_layernorm : of tensors.

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

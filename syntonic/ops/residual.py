"""Residual connections in golden proportion, plain and fused with what usually follows."""

from __future__ import annotations

import numpy as np

from syntonic.errors import ShapeError
from syntonic.flux.backend import backend, contiguous, narrowed
from syntonic.lattice import order
from syntonic.ops import cycle
from syntonic.ops._channels import normalized
from syntonic.ops.arguments import number, parameter
from syntonic.tensor import ResonantTensor
from syntonic.tensor.residual import (
    PhiResidualMode,
    exact_residual,
    pair_carried,
    phi_residual,
    phi_residual_relu,
    residual_mode,
)
from syntonic.typing import RealArrayLike, ResidualModeName

__all__ = [
    "PhiResidualMode",
    "phi_residual",
    "phi_residual_gelu",
    "phi_residual_layernorm",
    "phi_residual_relu",
]


def phi_residual_gelu(
    identity: ResonantTensor,
    residual: ResonantTensor,
    mode: PhiResidualMode | ResidualModeName = "phi",
) -> ResonantTensor:
    """Join a residual to its identity and apply GELU, s(1 + erf(s/√2))/2, to the sum s.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors.

    Returns
    -------
    ResonantTensor
        In the phase of the inputs. Crystallized: a cycle, the sum is exact, GELU is float64, and
        one snap follows.

    See Also
    --------
    phi_residual : the connection alone.
    phi_residual_relu, phi_residual_layernorm : followed by something else.

    Notes
    -----
    The erf form, not the one with tanh; the kernel is `phi_residual_gelu`.

    References
    ----------
    D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415, section 2.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> x = ResonantTensor.from_flux([1.0, -1.0])
    >>> phi_residual_gelu(x, ResonantTensor.from_flux([0.0, 0.0])).flux_array.round(6).tolist()
    [0.841345, -0.158655]
    """
    where = "phi_residual_gelu"
    chosen = residual_mode(mode, where)
    carried = pair_carried(identity, residual, where)
    if identity.is_crystallized:
        total = order.floats(exact_residual(identity._data, residual._data, chosen))
        values = backend("residual", total).residual_gelu(total, np.zeros_like(total), "standard")
        out = cycle.crystallized(identity, values, cycle.specification(identity, residual))
        return out._of(out._data, carried)
    x, y = contiguous(identity._data), contiguous(residual._data)
    out = backend("residual", x).residual_gelu(x, y, chosen.value)
    return identity._of(narrowed(out, identity._data.dtype), carried)


def phi_residual_layernorm(
    identity: ResonantTensor,
    residual: ResonantTensor,
    gamma: RealArrayLike | None = None,
    beta: RealArrayLike | None = None,
    eps: float = 1e-5,
    mode: PhiResidualMode | ResidualModeName = "phi",
) -> ResonantTensor:
    """Join a residual to its identity and normalize the sum over the last axis.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors, and at least one axis.
    gamma, beta : array_like of reals, optional
        Scale and shift for each place of the last axis, (features,).
    eps : float, default 1e-5
        Added to the variance.

    Returns
    -------
    ResonantTensor
        (s - mean)/sqrt(var + eps)·gamma + beta for the sum s, population variance, target
        variance 1. Crystallized: a cycle with exact statistics.

    See Also
    --------
    phi_residual : the connection alone.
    golden_layer_norm : the normalization alone.

    Notes
    -----
    The kernel `phi_residual_layernorm` reads both inputs once and writes once. Errors in flux are
    those of `golden_layer_norm`, for sums s that are finite themselves.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", arXiv:1607.06450, eq. (4).

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> x = ResonantTensor.from_flux([[1.0, 3.0]])
    >>> phi_residual_layernorm(x, x, eps=0, mode="standard").tolist()
    [[-1.0, 1.0]]
    """
    where = "phi_residual_layernorm"
    chosen = residual_mode(mode, where)
    carried = pair_carried(identity, residual, where).with_norms(None)
    if identity.ndim == 0:
        raise ShapeError(f"{where}: identity must have a last axis, got shape (); reshape it")
    features, added = identity.shape[-1], number(eps, "eps", where)
    hint = "pass one value for each place of the last axis"
    scale = parameter(gamma, identity, (features,), "gamma", where, hint)
    shift = parameter(beta, identity, (features,), "beta", where, hint)
    if identity.is_crystallized:
        total = exact_residual(identity._data, residual._data, chosen)
        values = normalized(total, (-1,), 1.0, added, scale, shift, where)
        return cycle.crystallized(identity, values, cycle.specification(identity, residual))
    rows = identity.size // features if features else 0
    x, y = (contiguous(t._data).reshape(rows, features) for t in (identity, residual))
    out, *_ = backend("residual", x).residual_layer_norm(x, y, scale, shift, added, chosen.value)
    return identity._of(narrowed(out.reshape(identity.shape), identity._data.dtype), carried)

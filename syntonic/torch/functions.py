"""Golden operations on tensors of PyTorch: checked, differentiable, compilable.

In float64, float32, float16 and bfloat16, on the CPU and on CUDA devices, with any strides, empty
tensors included. Halves are computed with in float32 and rounded once. Bits do not depend on
threads or streams. On CUDA, float32 and bfloat16 take numbers below 2^-126 for 0.

Every function has a gradient by every floating argument; gradients of gradients, forward mode and
`torch.func` go through PyTorch's own arithmetic in float64 and may differ in the last bits. Under
`torch.compile` and `torch.export` each call is one operator `torch.ops.syntonic.*`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from syntonic.errors import ShapeError
from syntonic.torch.addition import added
from syntonic.torch.autograd import run, run_for_values
from syntonic.torch.checks import (
    floats,
    number,
    pair,
    parameter,
    residual_mode_of,
    softmax_mode_of,
    widened,
)
from syntonic.typing import ResidualModeName, SoftmaxModeName

if TYPE_CHECKING:
    from syntonic.ops.residual import PhiResidualMode
    from syntonic.ops.softmax import SyntonicSoftmaxMode

__all__ = [
    "phi_residual",
    "phi_residual_gelu",
    "phi_residual_layernorm",
    "phi_residual_relu",
    "syntonic_softmax",
]


def phi_residual(
    identity: Tensor, residual: Tensor, mode: PhiResidualMode | ResidualModeName = "phi"
) -> Tensor:
    """Join a residual to its identity: identity + residual/φ.

    Parameters
    ----------
    identity, residual : Tensor
        Of one shape (nothing is broadcast), dtype and device. Under `torch.autocast` two dtypes
        become the wider one.
    mode : PhiResidualMode or str, default "phi"
        "phi": identity + residual/φ; "phi_symmetric": (identity + residual)/φ;
        "standard": identity + residual.

    Returns
    -------
    Tensor
        Shaped as the inputs, contiguous.

    Raises
    ------
    ShapeError, DeviceError
        The two tensors differ, or are on a device that is neither the CPU nor CUDA.
    TypeError
        An argument is no dense tensor of floats, or the dtypes differ.
    ValueError
        The mode is unknown.

    See Also
    --------
    PhiResidual : as a layer.

    Notes
    -----
    The mode "phi" is one fused multiply-add.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    >>> phi_residual(torch.zeros_like(x), x).sum().backward()
    >>> x.grad
    tensor([0.6180, 0.6180], dtype=torch.float64)
    """
    where = "phi_residual"
    chosen = residual_mode_of(mode, where)
    x, y = pair(identity, residual, where)
    out = added(x, y, chosen)
    return run("residual", x, y, chosen) if out is None else out


def phi_residual_relu(
    identity: Tensor, residual: Tensor, mode: PhiResidualMode | ResidualModeName = "phi"
) -> Tensor:
    """Join a residual to its identity and take max(x, 0) of the sum.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors.

    Returns
    -------
    Tensor
        Shaped as the inputs. NaN stays NaN.

    Raises
    ------
    ShapeError, DeviceError, TypeError, ValueError
        As for `phi_residual`.

    See Also
    --------
    phi_residual : the connection alone.
    PhiResidual : the module.
    syntonic.ops.phi_residual_relu : of tensors of this package.

    Notes
    -----
    One pass over memory. The gradient at 0 is 0.

    Examples
    --------
    >>> import torch
    >>> phi_residual_relu(torch.tensor([1.0, -1.0]), torch.tensor([0.0, 1.0]))
    tensor([1., 0.])
    """
    where = "phi_residual_relu"
    chosen = residual_mode_of(mode, where)
    return run("residual_relu", *pair(identity, residual, where), chosen)


def phi_residual_gelu(
    identity: Tensor, residual: Tensor, mode: PhiResidualMode | ResidualModeName = "phi"
) -> Tensor:
    """Join a residual to its identity and apply GELU, s(1 + erf(s/√2))/2, to the sum s.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors.

    Returns
    -------
    Tensor
        Shaped as the inputs.

    Raises
    ------
    ShapeError, DeviceError, TypeError, ValueError
        As for `phi_residual`.

    See Also
    --------
    phi_residual : the connection alone.
    PhiResidual : the module.
    syntonic.ops.phi_residual_gelu : of tensors of this package.

    Notes
    -----
    The erf form, not the one with tanh.

    References
    ----------
    D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415, section 2.

    Examples
    --------
    >>> import torch
    >>> phi_residual_gelu(torch.tensor([1.0, -1.0]), torch.zeros(2))
    tensor([ 0.8413, -0.1587])
    """
    where = "phi_residual_gelu"
    chosen = residual_mode_of(mode, where)
    return run("residual_gelu", *pair(identity, residual, where), chosen)


_LAST = "pass one value for each place of the last axis"


def phi_residual_layernorm(
    identity: Tensor,
    residual: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    eps: float = 1e-5,
    mode: PhiResidualMode | ResidualModeName = "phi",
) -> Tensor:
    """Join a residual to its identity and normalize the sum over the last axis.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors, and at least one axis.
    gamma, beta : Tensor, optional
        Scale and shift for each place of the last axis, (features,), of the dtype of the inputs,
        or float32 beside halves.
    eps : float, default 1e-5
        Added to the variance, zero or more.

    Returns
    -------
    Tensor
        (s - mean)/sqrt(var + eps)·gamma + beta for the sum s, population variance, target
        variance 1.

    Raises
    ------
    ShapeError, DeviceError, TypeError, ValueError
        As for `phi_residual`; gamma, beta or eps do not fit.

    See Also
    --------
    phi_residual : the connection alone.
    PhiResidual : the module.
    syntonic.ops.phi_residual_layernorm : of tensors of this package.

    Notes
    -----
    Both inputs are read once, in one call. Under CUDA's autocast halves become float32, as in
    `torch.nn.functional.layer_norm`.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[1.0, 3.0]])
    >>> phi_residual_layernorm(x, x, eps=0, mode="standard")
    tensor([[-1.,  1.]])
    """
    where = "phi_residual_layernorm"
    chosen, eps = residual_mode_of(mode, where), number(eps, "eps", where)
    identity, residual = pair(identity, residual, where)
    if identity.ndim == 0:
        raise ShapeError(f"{where}: identity must have a last axis, got shape (); reshape it")
    if identity.is_cuda:
        identity, residual, gamma, beta = widened(identity, residual, gamma, beta)
    if gamma is not None or beta is not None:
        features = identity.shape[-1:]
        gamma = parameter(gamma, identity, features, "gamma", where, _LAST)
        beta = parameter(beta, identity, features, "beta", where, _LAST)
    given = identity, residual, gamma, beta, eps, chosen
    return run_for_values("residual_layer_norm", *given)


def syntonic_softmax(
    x: Tensor,
    dim: int = -1,
    mode_norms: Tensor | None = None,
    *,
    syntony: Tensor | None = None,
    syntony_scale: float = 1.0,
    mode: SyntonicSoftmaxMode | SoftmaxModeName | None = None,
    syntony_floor: float = 1e-10,
) -> Tensor:
    """Return the softmax of x + scale·log w along one axis.

    Parameters
    ----------
    x : Tensor
        Logits, of at least one axis.
    dim : int, default -1
        The axis of the n classes.
    mode_norms : Tensor, optional
        |n|² of each class, (n,): w = exp(-|n|²/φ), mode "learned". Of the dtype of x, or float32
        beside halves.
    syntony : Tensor, optional
        Weights, of the shape of x or (n,), zero or more: mode "provided". Likewise.
    syntony_scale : float, default 1.0
        The power to which the weights count; zero or more.
    mode : SyntonicSoftmaxMode or str, optional
        By default the one whose argument is given, "identity" without either.
    syntony_floor : float, default 1e-10
        Smaller weights count as this, and have no gradient.

    Returns
    -------
    Tensor
        Shaped as x, contiguous; sums to 1 along dim.

    Raises
    ------
    ShapeError
        x has no axis, or mode_norms or syntony do not fit it.
    ValueError
        dim or mode is unknown, mode and arguments contradict each other, or (on the CPU alone,
        since it would make a CUDA device wait) a weight is negative.
    DeviceError, TypeError
        As for `golden_layer_norm`.

    See Also
    --------
    SyntonicSoftmax : as a layer.

    Notes
    -----
    Learned mode norms are biases of the classes: the result is the softmax of x - scale·|n|²/φ,
    and equal norms leave the plain softmax.

    Examples
    --------
    >>> import torch
    >>> syntonic_softmax(torch.zeros(2), syntony=torch.tensor([3.0, 1.0]))
    tensor([0.7500, 0.2500])
    """
    where = "syntonic_softmax"
    chosen = softmax_mode_of(mode, mode_norms, syntony, where)
    scale = number(syntony_scale, "syntony_scale", where)
    floor = number(syntony_floor, "syntony_floor", where)
    floats(x, "x", where)
    axis = _axis(x, dim, where)
    if chosen == "identity":
        if x.is_cuda:
            (x,) = widened(x)
        return run("softmax", x, axis)
    hint, classes = "pass one value for each class", x.shape[axis : axis + 1]
    if chosen == "learned":
        x, norms = widened(x, mode_norms)
        norms = parameter(norms, x, classes, "mode_norms", where, hint)
        return run("softmax_learned", x, norms, axis, scale)
    x, weights = widened(x, syntony)
    floats(weights, "syntony", where)
    shape = x.shape if weights.ndim > 1 else classes
    weights = parameter(weights, x, shape, "syntony", where, f"{hint}, or one for each element")
    return run("softmax_provided", x, weights, axis, scale, floor)


def _axis(x: Tensor, dim: int, where: str) -> int:
    ndim = x.ndim
    if ndim == 0:
        raise ShapeError(f"{where}: x must have an axis of classes, got shape (); reshape it")
    if not -ndim <= dim < ndim:
        raise ValueError(
            f"{where}: dim must be from {-ndim} to {ndim - 1} for shape {tuple(x.shape)}, got {dim}"
        )
    return dim + ndim if dim < 0 else dim

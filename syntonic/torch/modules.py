"""The residual connection and the softmax as modules; normalizations are in `norm_modules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from syntonic.torch.checks import number, residual_mode_of
from syntonic.torch.functions import (
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
    syntonic_softmax,
)
from syntonic.torch.norm_modules import as_rows, make_rows, row_parameters, rows_repr
from syntonic.typing import ResidualModeName, SoftmaxModeName

if TYPE_CHECKING:
    from syntonic.ops.residual import PhiResidualMode
    from syntonic.ops.softmax import SyntonicSoftmaxMode

__all__ = [
    "PhiResidual",
    "SyntonicSoftmax",
]


_SOFTMAX_MODES = ("learned", "provided", "identity")


class PhiResidual(nn.Module):
    """A residual connection in golden proportion, plain or fused with what follows it.

    Parameters
    ----------
    mode : PhiResidualMode or str, default "phi"
        "phi": identity + residual/φ; "phi_symmetric": (identity + residual)/φ;
        "standard": identity + residual.
    activation : str, optional
        What is done to the sum: nothing, "relu", "gelu" or "layernorm" (target variance 1).
    normalized_shape : int or sequence of int, optional
        The trailing axes of "layernorm", which needs it.
    eps, elementwise_affine, bias, device, dtype
        Of "layernorm", as of `torch.nn.LayerNorm`.

    Attributes
    ----------
    weight, bias : Parameter or None
        Scale and shift of "layernorm".

    Raises
    ------
    ValueError
        The mode or the activation is unknown, or normalized_shape does not go with it.

    See Also
    --------
    phi_residual, phi_residual_relu, phi_residual_gelu, phi_residual_layernorm : as functions.

    Examples
    --------
    >>> import torch
    >>> PhiResidual()(torch.tensor([1.0]), torch.tensor([1.0]))
    tensor([1.6180])
    >>> PhiResidual("standard", "relu")
    PhiResidual('standard', activation='relu')
    """

    eps: float

    def __init__(
        self,
        mode: PhiResidualMode | ResidualModeName = "phi",
        activation: str | None = None,
        normalized_shape: Any = None,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        where = type(self).__name__
        self.mode = residual_mode_of(mode, where)
        if activation not in (None, "relu", "gelu", "layernorm"):
            raise ValueError(
                f'{where}: activation must be None, "relu", "gelu" or "layernorm", got '
                f"{activation!r}"
            )
        if (activation == "layernorm") != (normalized_shape is not None):
            raise ValueError(
                f'{where}: normalized_shape goes with activation "layernorm", and with no other'
            )
        self.activation = activation
        if activation == "layernorm":
            make_rows(self, normalized_shape, eps, elementwise_affine, bias, device, dtype)

    def forward(self, identity: Tensor, residual: Tensor) -> Tensor:
        """Return the connection of two tensors of one shape; see `phi_residual` for errors."""
        if self.activation is None:
            return phi_residual(identity, residual, self.mode)
        if self.activation == "relu":
            return phi_residual_relu(identity, residual, self.mode)
        if self.activation == "gelu":
            return phi_residual_gelu(identity, residual, self.mode)
        gamma, beta = row_parameters(self)
        rows = as_rows(identity, self)
        if rows is identity:  # and its shape is the residual's, or the function says so
            return phi_residual_layernorm(identity, residual, gamma, beta, self.eps, self.mode)
        rows = rows, as_rows(residual, self)
        out = phi_residual_layernorm(*rows, gamma, beta, self.eps, self.mode)
        return out.reshape(identity.shape)

    def extra_repr(self) -> str:
        """Return the arguments as they were given."""
        text = repr(self.mode)
        if self.activation is not None:
            text += f", activation={self.activation!r}"
        if self.activation == "layernorm":
            text += f", {rows_repr(self)}"
        return text


# -- softmax ----------------------------------------------------------------------------------


class SyntonicSoftmax(nn.Module):
    """Softmax weighted by syntony, with mode norms that learn.

    Parameters
    ----------
    dim : int, default -1
        The axis of the classes.
    mode : SyntonicSoftmaxMode or str, default "learned"
        "learned" (needs num_features), "provided" (`forward` takes `syntony`) or "identity".
    num_features : int, optional
        The number n of classes.
    syntony_scale : float, default 1.0
        The power to which the weights count.
    init : str, default "ones"
        The mode norms at first: "ones", which is the plain softmax, or "index", |n_k|² = k², the
        golden profile, of which a few classes take nearly all.
    device, dtype
        Of the mode norms.

    Attributes
    ----------
    mode_norms : Parameter or None
        |n|² of each class, (n,), with mode "learned".

    Raises
    ------
    ValueError
        "learned" without num_features, or an unknown mode or init.

    See Also
    --------
    syntonic_softmax : as a function.

    Notes
    -----
    Mode norms are biases of the classes, times -scale/φ: equal ones change nothing, and their
    gradients sum to 0. They are not held to be positive; `canonical_mode_norms` are. After a layer
    with a bias of its own they add no function, and change the step by (scale/φ)².

    Examples
    --------
    >>> import torch
    >>> SyntonicSoftmax(num_features=2)(torch.zeros(2)).detach()
    tensor([0.5000, 0.5000])
    """

    mode_norms: nn.Parameter | None

    def __init__(
        self,
        dim: int = -1,
        mode: SyntonicSoftmaxMode | SoftmaxModeName = "learned",
        num_features: int | None = None,
        syntony_scale: float = 1.0,
        *,
        init: str = "ones",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        where = type(self).__name__
        if mode not in _SOFTMAX_MODES:
            names = ", ".join(f'"{m}"' for m in _SOFTMAX_MODES)
            raise ValueError(f"{where}: mode must be one of {names}, got {mode!r}")
        if init not in ("ones", "index"):
            raise ValueError(f'{where}: init must be "ones" or "index", got {init!r}')
        self.dim, self.mode, self.num_features = dim, str(mode), num_features
        self.syntony_scale = number(syntony_scale, "syntony_scale", where)
        self.init = init
        norms = None
        if self.mode == "learned":
            if num_features is None:
                raise ValueError(
                    f'{where}: num_features must be given with mode "learned"; '
                    "pass the number of classes"
                )
            norms = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
        self.register_parameter("mode_norms", norms)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the mode norms to what `init` says."""
        if self.mode_norms is None:
            return
        with torch.no_grad():
            if self.init == "ones":
                self.mode_norms.fill_(1)
            else:
                count = self.mode_norms.numel()
                self.mode_norms.copy_(torch.arange(count, device=self.mode_norms.device) ** 2)

    def canonical_mode_norms(self) -> Tensor:
        """Return the mode norms less their least, |n|² >= 0: the same softmax."""
        if self.mode_norms is None:
            where = type(self).__name__
            raise ValueError(f'{where}: there are mode norms with mode "learned" only')
        norms = self.mode_norms.detach()
        return norms - norms.min()

    def forward(self, x: Tensor, syntony: Tensor | None = None) -> Tensor:
        """Return `syntonic_softmax` of x, with `syntony` in mode "provided"."""
        mode: Any = self.mode if syntony is not None or self.mode == "provided" else None
        return syntonic_softmax(
            x, self.dim, self.mode_norms, syntony=syntony, syntony_scale=self.syntony_scale,
            mode=mode,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the arguments that matter for the mode."""
        text = f"dim={self.dim}, mode={self.mode!r}"
        if self.mode == "learned":
            text += f", num_features={self.num_features}"
        return text + f", syntony_scale={self.syntony_scale}"

"""The operations in PyTorch's own arithmetic, for what no loop of ours can be told.

PyTorch differentiates these any number of times, forward and backward, and vectorises them by
`vmap`. Arguments and results are the operators', but that statistics of rows, which only a gradient
needs, are left out. They compute in float64 and round once, and so differ from the loops in the
last bits alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from syntonic.constants import PHI_INV_FLOAT, RESIDUAL_MODES

__all__ = ["FORMULAS", "factors"]


@cache
def factors(mode: str, dtype: torch.dtype) -> tuple[float, float]:
    """Return the factors of the residual and of the sum, rounded as the loops have them."""
    kind = np.float64 if dtype is torch.float64 else np.float32
    inner, outer = (float(kind(PHI_INV_FLOAT**n)) for n in RESIDUAL_MODES[mode])
    return inner, outer


def _sum(identity: Tensor, residual: Tensor, mode: str) -> Tensor:
    inner, outer = factors(mode, identity.dtype)
    return (identity.double() + residual.double() * inner) * outer


def residual(identity: Tensor, residual: Tensor, mode: str) -> Tensor:
    return _sum(identity, residual, mode).to(identity.dtype)


def residual_relu(identity: Tensor, residual: Tensor, mode: str) -> Tensor:
    return torch.relu(_sum(identity, residual, mode)).to(identity.dtype)


def residual_gelu(identity: Tensor, residual: Tensor, mode: str) -> Tensor:
    return torch.nn.functional.gelu(_sum(identity, residual, mode)).to(identity.dtype)


def residual_layer_norm(
    identity: Tensor,
    residual: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    eps: float,
    mode: str,
) -> tuple[Tensor, None]:
    total = _sum(identity, residual, mode)
    return _normalized(total, (-1,), gamma, beta, 1.0, eps).to(identity.dtype), None


def _normalized(
    x: Tensor,
    over: tuple[int, ...],
    gamma: Tensor | None,
    beta: Tensor | None,
    target: float,
    eps: float,
) -> Tensor:
    mean = x.mean(over, keepdim=True)
    centred = x - mean
    var = (centred * centred).mean(over, keepdim=True)
    return _affine(centred * torch.sqrt(target / (var + eps)), gamma, beta)


def _affine(x: Tensor, gamma: Tensor | None, beta: Tensor | None) -> Tensor:
    x = x if gamma is None else x * gamma.double()
    return x if beta is None else x + beta.double()


def layer_norm(
    x: Tensor, gamma: Tensor | None, beta: Tensor | None, target: float, eps: float
) -> tuple[Tensor, None]:
    return _normalized(x.double(), (-1,), gamma, beta, target, eps).to(x.dtype), None


def _across(value: Tensor | None, ndim: int) -> Any:
    """Return values of channels so that they broadcast against (N, C, *)."""
    return None if value is None else value.reshape(-1, *(1,) * (ndim - 2))


def batch_norm(
    x: Tensor, gamma: Tensor | None, beta: Tensor | None, target: float, eps: float
) -> tuple[Tensor, Tensor]:
    """Return the output and the statistics of the channels as the loops have them, (4, C)."""
    over = (0, *range(2, x.ndim))
    wide = x.double()
    mean, var = wide.mean(over), wide.var(over, correction=0)
    affine = _across(gamma, x.ndim), _across(beta, x.ndim)
    out = _normalized(wide, over, *affine, target, eps).to(x.dtype)
    return out, torch.stack([mean, torch.zeros_like(mean), var, var.sqrt()]).detach()


def batch_norm_apply(
    x: Tensor,
    statistics: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    target: float,
    eps: float,
) -> Tensor:
    mean, var = (_across(statistics[row], x.ndim) for row in (0, 2))
    scaled = (x.double() - mean) * torch.sqrt(target / (var + eps))
    return _affine(scaled, _across(gamma, x.ndim), _across(beta, x.ndim)).to(x.dtype)


def softmax(x: Tensor, dim: int) -> Tensor:
    return torch.softmax(x.double(), dim).to(x.dtype)


def _along(values: Tensor, x: Tensor, dim: int) -> Tensor:
    """Return values, if one for each class, so that they broadcast along an axis of x."""
    return values if values.ndim > 1 else values.reshape(-1, *(1,) * (x.ndim - 1 - dim))


def softmax_learned(x: Tensor, norms: Tensor, dim: int, scale: float) -> Tensor:
    shift = _along(norms.double() * (-scale * PHI_INV_FLOAT), x, dim)
    return torch.softmax(x.double() + shift, dim).to(x.dtype)


def softmax_provided(x: Tensor, weights: Tensor, dim: int, scale: float, floor: float) -> Tensor:
    w: Any = weights.double()
    w = torch.where(w <= floor, torch.full_like(w, floor), w)
    zero = w == 0
    shift = torch.where(zero, -torch.inf, scale * torch.log(torch.where(zero, 1.0, w)))
    return torch.softmax(x.double() + _along(shift, x, dim), dim).to(x.dtype)


FORMULAS: dict[str, Callable[..., Any]] = {
    formula.__name__: formula
    for formula in (
        residual,
        residual_relu,
        residual_gelu,
        residual_layer_norm,
        layer_norm,
        batch_norm,
        batch_norm_apply,
        softmax,
        softmax_learned,
        softmax_provided,
    )
}
"""By the operator's name."""

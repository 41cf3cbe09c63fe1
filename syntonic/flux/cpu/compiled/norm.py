"""Normalisations in compiled loops; see `syntonic.flux.cpu.norm` for the contract."""

from __future__ import annotations

from syntonic.flux.cpu.choice import Array
from syntonic.flux.cpu.compiled.rows import layer_norm_gradients, layer_norm_of
from syntonic.flux.cpu.modes import factors


def layer_norm(
    x: Array, target: float, eps: float, gamma: Array | None, beta: Array | None
) -> tuple[Array, Array, Array]:
    return layer_norm_of(x, None, factors("standard", x.dtype), target, eps, gamma, beta)


def layer_norm_backward(
    grad: Array, x: Array, target: float, gamma: Array | None, mean: Array, rstd: Array
) -> tuple[Array, Array, Array]:
    by = factors("standard", x.dtype)
    dx, _, dgamma, dbeta = layer_norm_gradients(grad, x, None, by, target, gamma, mean, rstd)
    return dx, dgamma, dbeta

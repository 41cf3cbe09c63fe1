"""The operations that are measured: each launcher's arguments, and the bytes that it must move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["EPS", "FAMILIES", "FLOOR", "OPERATIONS", "SCALE", "Operation"]

EPS, SCALE, FLOOR = 1e-5, 1.0, 1e-10
TARGET = 1.0  # a factor that costs nothing; with 1 PyTorch computes the same
MODE = "phi"

FAMILIES = ("residual", "norm", "softmax", "lattice")


@dataclass(frozen=True)
class Operation:
    """A launcher with its arguments.

    Parameters
    ----------
    launch
        Calls the launcher on an input set, and returns what it returns.
    passes
        How often the bytes of x are read or written at least: the floor of its time.
    arrays
        The random arrays shaped as x.
    prepare
        Adds to an input set what follows from its arrays.
    """

    launch: Callable[[SimpleNamespace], Any]
    passes: float | Callable[[Any], float]
    arrays: str = "x"
    prepare: Callable[[SimpleNamespace], None] = lambda d: None


class _Launchers:
    """A family's launchers, imported at the first use: a plan needs none."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(f"syntonic.flux.cuda.{self._name}"), name)


residual, norm, softmax, lattice = map(_Launchers, FAMILIES)


# -- what follows from the random arrays ---------------------------------------------------------


def _relu_out(d: SimpleNamespace) -> None:
    d.out = residual.residual_relu(d.x, d.y, MODE)


def _affine(d: SimpleNamespace, axis: int = -1) -> None:
    d.gamma, d.beta = (d.vector(d.x.shape[axis]) for _ in range(2))


def _rows(d: SimpleNamespace) -> None:
    _affine(d)
    _, d.statistics = residual.residual_layer_norm(d.x, d.y, d.gamma, d.beta, EPS, MODE)


def _middle(d: SimpleNamespace) -> None:
    """Add x and grad as the launchers of batch norm and softmax take them: of three axes."""
    shape = (*d.x.shape[:2], prod(d.x.shape[2:]))
    d.x3 = d.x.reshape(shape)
    if hasattr(d, "grad"):
        d.grad3 = d.grad.reshape(shape)


def _channels(d: SimpleNamespace) -> None:
    _middle(d)
    _affine(d, 1)
    d.statistics = norm.batch_norm_stats(d.x3)


def _layer(d: SimpleNamespace) -> None:
    _affine(d)
    _, d.statistics = norm.layer_norm(d.x, TARGET, EPS, d.gamma, d.beta)


def _classes(d: SimpleNamespace) -> None:
    _middle(d)
    d.norms = d.vector(d.x.shape[1]) ** 2


def _identity_out(d: SimpleNamespace) -> None:
    _middle(d)
    d.out = softmax.softmax_identity(d.x3)


def _learned_out(d: SimpleNamespace) -> None:
    _classes(d)
    d.out = softmax.softmax_learned(d.x3, d.norms, SCALE)


def _weights(d: SimpleNamespace) -> None:
    """Add positive numbers of x's dtype: the probabilities of another array."""
    _middle(d)
    d.weights3 = softmax.softmax_identity(d.y.reshape(d.x3.shape))
    d.weights = d.weights3.reshape(d.x.shape)


def _provided_out(d: SimpleNamespace) -> None:
    _weights(d)
    d.out = softmax.softmax_provided(d.x3, d.weights3, SCALE, FLOOR)


def _plan(d: SimpleNamespace, window: int | None = None) -> None:
    from syntonic.rounding.snap import plan_of  # the exact core, which no other family needs

    d.plan = plan_of(None, window, 1)[0]


def _window(d: SimpleNamespace) -> None:
    _plan(d, 100)


def _pairs(d: SimpleNamespace) -> None:
    _plan(d)
    d.a, d.b, _ = lattice.golden_snap(d.x, d.plan)


# -- the floors: kernels that read twice what no block can keep have more passes ------------------


def _resident(case: Any) -> bool:
    """Tell whether the launcher lets a block keep its channel, so that it is read once."""
    from syntonic.flux.cuda.channels import Channels

    shape = (*case.shape[:2], prod(case.shape[2:]))
    dtype = SimpleNamespace(itemsize=case.size)  # of a plan: bfloat16 may not be installed
    return Channels.whole(SimpleNamespace(shape=shape, dtype=dtype)) is not None


def _batch_norm_passes(case: Any) -> int:
    return 2 if _resident(case) else 3


def _batch_norm_backward_passes(case: Any) -> int:
    return 3 if _resident(case) else 5


def _pairs_passes(integer: int) -> Callable[[Any], float]:
    """Return the floor of a float beside two integers of so many bytes."""
    return lambda case: 1 + 2 * integer / case.size


OPERATIONS: dict[str, dict[str, Operation]] = {
    "residual": {
        "phi": Operation(lambda d: residual.residual(d.x, d.y, "phi"), 3, "x y"),
        "symmetric": Operation(lambda d: residual.residual(d.x, d.y, "phi_symmetric"), 3, "x y"),
        "standard": Operation(lambda d: residual.residual(d.x, d.y, "standard"), 3, "x y"),
        "relu": Operation(lambda d: residual.residual_relu(d.x, d.y, MODE), 3, "x y"),
        "gelu": Operation(lambda d: residual.residual_gelu(d.x, d.y, MODE), 3, "x y"),
        "residual layer norm": Operation(
            lambda d: residual.residual_layer_norm(d.x, d.y, d.gamma, d.beta, EPS, MODE),
            3,
            "x y",
            _affine,
        ),
        "component norms": Operation(lambda d: residual.component_norms(d.x, d.y, MODE), 2, "x y"),
        "phi backward": Operation(
            lambda d: residual.residual_backward(d.grad, "phi"), 2, "x y grad"
        ),
        "symmetric backward": Operation(
            lambda d: residual.residual_backward(d.grad, "phi_symmetric"), 2, "x y grad"
        ),
        "relu backward": Operation(
            lambda d: residual.residual_relu_backward(d.grad, d.out, MODE), 4, "x y grad", _relu_out
        ),
        "gelu backward": Operation(
            lambda d: residual.residual_gelu_backward(d.grad, d.x, d.y, MODE), 5, "x y grad"
        ),
        "residual layer norm backward": Operation(
            lambda d: residual.residual_layer_norm_backward(
                d.grad, d.x, d.y, d.gamma, d.statistics, MODE
            ),
            5,
            "x y grad",
            _rows,
        ),
    },
    "norm": {
        "batch norm stats": Operation(lambda d: norm.batch_norm_stats(d.x3), 1, prepare=_channels),
        "batch norm apply": Operation(
            lambda d: norm.batch_norm_apply(d.x3, d.statistics, TARGET, EPS, d.gamma, d.beta),
            2,
            prepare=_channels,
        ),
        "batch norm": Operation(
            lambda d: norm.batch_norm(d.x3, TARGET, EPS, d.gamma, d.beta),
            _batch_norm_passes,
            prepare=_channels,
        ),
        "batch norm backward": Operation(
            lambda d: norm.batch_norm_backward(
                d.grad3, d.x3, d.statistics, TARGET, EPS, d.gamma, True
            ),
            _batch_norm_backward_passes,
            "x grad",
            _channels,
        ),
        "layer norm": Operation(
            lambda d: norm.layer_norm(d.x, TARGET, EPS, d.gamma, d.beta), 2, prepare=_affine
        ),
        "layer norm backward": Operation(
            lambda d: norm.layer_norm_backward(d.grad, d.x, TARGET, d.gamma, d.statistics),
            3,
            "x grad",
            _layer,
        ),
        "output stats": Operation(lambda d: norm.output_stats(d.x), 1),
    },
    "softmax": {
        "softmax": Operation(lambda d: softmax.softmax_identity(d.x3), 2, "x", _middle),
        "softmax learned": Operation(
            lambda d: softmax.softmax_learned(d.x3, d.norms, SCALE), 2, "x", _classes
        ),
        "softmax provided": Operation(
            lambda d: softmax.softmax_provided(d.x3, d.weights3, SCALE, FLOOR), 3, "x y", _weights
        ),
        "softmax backward": Operation(
            lambda d: softmax.softmax_backward(d.grad3, d.out), 3, "x grad", _identity_out
        ),
        "softmax learned backward": Operation(
            lambda d: softmax.softmax_learned_backward(d.grad3, d.out, SCALE),
            3,
            "x grad",
            _learned_out,
        ),
        "softmax provided backward": Operation(
            lambda d: softmax.softmax_provided_backward(d.grad3, d.out, d.weights3, SCALE, FLOOR),
            5,
            "x y grad",
            _provided_out,
        ),
    },
    "lattice": {
        "snap": Operation(lambda d: lattice.golden_snap(d.x, d.plan), _pairs_passes(8), "x", _plan),
        "snap to int32": Operation(
            lambda d: lattice.golden_snap(d.x, d.plan, 1, np.int32), _pairs_passes(4), "x", _plan
        ),
        "snap in a window": Operation(
            lambda d: lattice.golden_snap(d.x, d.plan), _pairs_passes(8), "x", _window
        ),
        "wake": Operation(
            lambda d: lattice.golden_wake(d.a, d.b, 1.0, 1.0, d.x.dtype),
            _pairs_passes(8),
            "x",
            _pairs,
        ),
    },
}

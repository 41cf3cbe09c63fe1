"""How each network operation is differentiated, backward (pull) and forward (push).

Jacobians of softmax and of normalizations before gamma are symmetric: forward mode is the backward
kernel on a tangent, and needs none of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from syntonic.constants import PHI_INV_FLOAT
from syntonic.flux.backend import backend, contiguous, narrowed
from syntonic.flux.device import namespace
from syntonic.ops.arguments import parameter
from syntonic.ops.norm import (
    GoldenNormMode,
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
)
from syntonic.ops.residual import (
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
)
from syntonic.ops.softmax import syntonic_softmax
from syntonic.tensor import ResonantTensor
from syntonic.tensor.residual import residual_mode

__all__ = ["RULES", "Arguments", "Array", "Gradients", "Rule", "as_tensor", "batch_gradients"]

Array = Any
Arguments = dict[str, Any]


class Gradients(NamedTuple):
    """The gradients by an operation's arguments, in flux; None where there is no such argument.

    Attributes
    ----------
    x, identity, residual, gamma, beta, mode_norms, syntony : ResonantTensor or None
        Shaped as the arguments; those of parameters have the dtype that they were computed in.

    See Also
    --------
    vjp, jvp : what return and take it.

    Examples
    --------
    >>> from syntonic import ResonantTensor, ops
    >>> x = ResonantTensor.from_flux([1.0, 2.0])
    >>> _, pullback = ops.vjp(ops.phi_residual, x, x, mode="phi_symmetric")
    >>> pullback([1.0, 0.0]).residual.flux_array.tolist()
    [0.6180339887498949, 0.0]
    """

    x: ResonantTensor | None = None
    identity: ResonantTensor | None = None
    residual: ResonantTensor | None = None
    gamma: ResonantTensor | None = None
    beta: ResonantTensor | None = None
    mode_norms: ResonantTensor | None = None
    syntony: ResonantTensor | None = None


class Rule(NamedTuple):
    """The two ways through an operation, given its arguments by name and its output."""

    pull: Callable[[Arguments, ResonantTensor, Array], Gradients]
    push: Callable[[Arguments, ResonantTensor, dict[str, Array]], Array]


def as_tensor(x: ResonantTensor, array: Array) -> ResonantTensor:
    """Return an array in the shape and dtype of a tensor, as a tensor."""
    return ResonantTensor.from_flux(narrowed(array, x._data.dtype).reshape(x.shape))


def _tensor(array: Array | None) -> ResonantTensor | None:
    return None if array is None else ResonantTensor.from_flux(array)


def _wide(x: ResonantTensor) -> Array:
    return contiguous(x._data)


# -- residual connections ---------------------------------------------------------------------


def _pair(a: Arguments) -> tuple[Array, Array, str]:
    return _wide(a["identity"]), _wide(a["residual"]), residual_mode(a["mode"], "vjp").value


def _by_pair(a: Arguments, first: Array, second: Array, **more: Any) -> Gradients:
    return Gradients(
        identity=as_tensor(a["identity"], first), residual=as_tensor(a["residual"], second), **more
    )


def _pull_residual(a: Arguments, out: ResonantTensor, grad: Array) -> Gradients:
    *_, mode = _pair(a)
    found = backend("residual", grad).residual_backward(grad, mode)
    first, second = (each.copy() if each is grad else each for each in found)
    return _by_pair(a, first, second)


def _pull_relu(a: Arguments, out: ResonantTensor, grad: Array) -> Gradients:
    *_, mode = _pair(a)
    return _by_pair(a, *backend("residual", grad).residual_relu_backward(grad, _wide(out), mode))


def _pull_gelu(a: Arguments, out: ResonantTensor, grad: Array) -> Gradients:
    return _by_pair(a, *backend("residual", grad).residual_gelu_backward(grad, *_pair(a)))


def _sum_tangent(a: Arguments, given: dict[str, Array]) -> Array:
    """Return the tangent of the sum that the activation is applied to."""
    x, _, mode = _pair(a)
    zeros = namespace(x).zeros_like(x)
    pair = given.get("identity", zeros), given.get("residual", zeros)
    return backend("residual", x).residual(*pair, mode)


def _push_residual(a: Arguments, out: ResonantTensor, given: dict[str, Array]) -> Array:
    return _sum_tangent(a, given)


def _push_relu(a: Arguments, out: ResonantTensor, given: dict[str, Array]) -> Array:
    tangent = _sum_tangent(a, given)
    return namespace(tangent).where(_wide(out) <= 0, 0, tangent).astype(tangent.dtype)


def _push_gelu(a: Arguments, out: ResonantTensor, given: dict[str, Array]) -> Array:
    x, y, mode = _pair(a)
    module = backend("residual", x)
    total, tangent = module.residual(x, y, mode), _sum_tangent(a, given)
    zeros = namespace(x).zeros_like(x)
    return module.residual_gelu_backward(tangent, total, zeros, "standard")[0]


# -- normalizations ---------------------------------------------------------------------------


def _values(a: Arguments, x: ResonantTensor, n: int) -> tuple[Array | None, Array | None]:
    """Return gamma and beta as they were checked by the operation."""
    gamma, beta = (parameter(a[name], x, (n,), name, "vjp", "") for name in ("gamma", "beta"))
    return gamma, beta


def _affine(gamma: Any, beta: Any, dgamma: Array, dbeta: Array) -> dict[str, Any]:
    return {
        "gamma": None if gamma is None else _tensor(dgamma),
        "beta": None if beta is None else _tensor(dbeta),
    }


def _rows(x: Array) -> Array:
    cols = x.shape[-1]
    return x.reshape(x.size // cols if cols else 0, cols)


def _pull_joined_rows(a: Arguments, out: ResonantTensor, grad: Array) -> Gradients:
    x, y, mode = _pair(a)
    x, y, grad = map(_rows, (x, y, grad))
    gamma, beta = _values(a, out, x.shape[1])
    module = backend("residual", x)
    _, statistics = module.residual_layer_norm(x, y, None, None, float(a["eps"]), mode)
    found = module.residual_layer_norm_backward(grad, x, y, gamma, statistics, mode)
    first, second, *sums = found
    return _by_pair(a, first, second, **_affine(gamma, beta, *sums))


def _push_joined_rows(a: Arguments, out: ResonantTensor, given: dict[str, Array]) -> Array:
    x, y, mode = _pair(a)
    total = backend("residual", x).residual(x, y, mode)
    return _push_rows(total, _sum_tangent(a, given), 1.0, a, out, given)


def _target(a: Arguments) -> float:
    return GoldenNormMode.of(a["mode"], "vjp").target_variance


def _pull_rows(a: Arguments, out: ResonantTensor, grad: Array) -> Gradients:
    rows, grad = _rows(_wide(a["x"])), _rows(grad)
    gamma, beta = _values(a, out, rows.shape[1])
    module, target = backend("norm", rows), _target(a)
    _, statistics = module.layer_norm(rows, target, float(a["eps"]), None, None)
    dx, *sums = module.layer_norm_backward(grad, rows, target, gamma, statistics)
    return Gradients(x=as_tensor(a["x"], dx), **_affine(gamma, beta, *sums))


def _push_layer_norm(a: Arguments, out: ResonantTensor, given: dict[str, Array]) -> Array:
    x = _wide(a["x"])
    tangent = given.get("x", namespace(x).zeros_like(x))
    return _push_rows(x, tangent, _target(a), a, out, given)


def _push_rows(
    x: Array, tangent: Array, target: float, a: Arguments, out: ResonantTensor,
    given: dict[str, Array],
) -> Array:  # fmt: skip
    rows, along = _rows(x), _rows(tangent)
    gamma, _ = _values(a, out, rows.shape[1])
    module = backend("norm", rows)
    plain, statistics = module.layer_norm(rows, target, float(a["eps"]), None, None)
    moved, *_ = module.layer_norm_backward(along, rows, target, None, statistics)
    return _affinely(moved, plain, gamma, given, lambda value: value)


def _affinely(
    moved: Array, plain: Array, gamma: Array | None, given: dict[str, Array],
    across: Callable[[Array], Array],
) -> Array:  # fmt: skip
    """Return the tangent of plain·gamma + beta, given that of plain."""
    out = moved if gamma is None else moved * across(gamma)
    if "gamma" in given:
        out = out + plain * across(given["gamma"])
    return out + across(given["beta"]) if "beta" in given else out


def _channels(x: Array) -> Array:
    n, c, *rest = x.shape
    return x.reshape(n, c, prod(rest))


def batch_gradients(
    x: ResonantTensor, grad: Array, statistics: Array | None, target: float, eps: float,
    gamma: Any, beta: Any,
) -> Gradients:  # fmt: skip
    """Return the gradients of batch norm, by given statistics or, without, by x's own."""
    values, grad = _channels(_wide(x)), _channels(grad)
    scale = parameter(gamma, x, (x.shape[1],), "gamma", "vjp", "")
    module, own = backend("norm", values), statistics is None
    if own:
        statistics = module.batch_norm_stats(values)
    dx, *sums = module.batch_norm_backward(grad, values, statistics, target, eps, scale, own)
    return Gradients(x=as_tensor(x, dx), **_affine(gamma, beta, *sums))


def _pull_channels(a: Arguments, out: ResonantTensor, grad: Array) -> Gradients:
    return batch_gradients(a["x"], grad, None, _target(a), float(a["eps"]), a["gamma"], a["beta"])


def _push_channels(a: Arguments, out: ResonantTensor, given: dict[str, Array]) -> Array:
    x, target, eps = _channels(_wide(a["x"])), _target(a), float(a["eps"])
    tangent = given.get("x", namespace(x).zeros_like(x)).reshape(x.shape)
    gamma, _ = _values(a, out, x.shape[1])
    module = backend("norm", x)
    plain, statistics = module.batch_norm(x, target, eps, None, None)
    moved, *_ = module.batch_norm_backward(tangent, x, statistics, target, eps, None, True)
    return _affinely(moved, plain, gamma, given, lambda value: value[:, None])


# -- softmax ----------------------------------------------------------------------------------


class _Softmax(NamedTuple):
    """A softmax with its axis in the middle."""

    out: Array
    shape: tuple[int, int, int]
    axis: int
    scale: float
    floor: float
    norms: Array | None
    weights: Array | None

    @classmethod
    def of(cls, a: Arguments, out: ResonantTensor) -> _Softmax:
        axis = a["dim"] % out.ndim
        shape, n = out.shape, out.shape[axis]
        middle = prod(shape[:axis]), n, prod(shape[axis + 1 :])
        norms = parameter(a["mode_norms"], out, (n,), "mode_norms", "vjp", "")
        weights = a["syntony"]
        if weights is not None:
            whole = np.shape(weights) == shape and out.ndim > 1
            weights = parameter(weights, out, shape if whole else (n,), "syntony", "vjp", "")
            weights = weights.reshape(middle) if whole else weights
        scale, floor = float(a["syntony_scale"]), float(a["syntony_floor"])
        return cls(_wide(out).reshape(middle), middle, axis, scale, floor, norms, weights)

    def along(self, values: Array) -> Array:
        """Return values of classes, or of elements, so that they broadcast against out."""
        return values[:, None] if values.ndim == 1 else values


def _pull_softmax(a: Arguments, out: ResonantTensor, grad: Array) -> Gradients:
    s = _Softmax.of(a, out)
    module, grad = backend("softmax", s.out), grad.reshape(s.shape)
    if s.norms is not None:
        dx, dnorms = module.softmax_learned_backward(grad, s.out, s.scale)
        return Gradients(x=as_tensor(a["x"], dx), mode_norms=_tensor(dnorms))
    if s.weights is not None:
        weights = s.weights if s.weights.ndim == 1 else s.weights.astype(s.out.dtype, copy=False)
        given = grad, s.out, weights, s.scale, s.floor
        dx, dweights = module.softmax_provided_backward(*given)
        shape = out.shape if s.weights.ndim > 1 else dweights.shape
        return Gradients(x=as_tensor(a["x"], dx), syntony=_tensor(dweights.reshape(shape)))
    return Gradients(x=as_tensor(a["x"], module.softmax_backward(grad, s.out)))


def _push_softmax(a: Arguments, out: ResonantTensor, given: dict[str, Array]) -> Array:
    s = _Softmax.of(a, out)
    xp = namespace(s.out)
    tangent = given["x"].reshape(s.shape) if "x" in given else xp.zeros_like(s.out)
    if "mode_norms" in given:
        tangent = tangent + s.along(given["mode_norms"] * (-s.scale * PHI_INV_FLOAT))
    if "syntony" in given:
        w = s.weights
        counted = w > s.floor  # type: ignore[operator]
        moved = given["syntony"].reshape(w.shape)  # type: ignore[union-attr]
        moved = xp.where(counted, s.scale * moved / xp.where(counted, w, 1), 0)
        tangent = tangent + s.along(moved)
    tangent = contiguous(tangent.astype(s.out.dtype, copy=False))
    return backend("softmax", s.out).softmax_backward(tangent, s.out)


RULES: dict[Callable[..., Any], Rule] = {
    phi_residual: Rule(_pull_residual, _push_residual),
    phi_residual_relu: Rule(_pull_relu, _push_relu),
    phi_residual_gelu: Rule(_pull_gelu, _push_gelu),
    phi_residual_layernorm: Rule(_pull_joined_rows, _push_joined_rows),
    golden_layer_norm: Rule(_pull_rows, _push_layer_norm),
    golden_batch_norm_1d: Rule(_pull_channels, _push_channels),
    golden_batch_norm_2d: Rule(_pull_channels, _push_channels),
    syntonic_softmax: Rule(_pull_softmax, _push_softmax),
}

"""The operators `torch.ops.syntonic.*`: what `torch.compile` and `torch.export` see of a function.

Each is a loop of `loops`, and a fake that tells shapes, dtypes and strides without computing. Both
check what would make a loop read beside an array; the functions of the package check more, and say
it better. Their gradients are in `autograd`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from syntonic.errors import ShapeError
from syntonic.torch.arrays import format_of, wide
from syntonic.torch.loops import LOOPS

__all__ = ["LIBRARY", "OPERATORS", "RULES", "call", "plain", "untraced"]

LIBRARY = torch.library.Library("syntonic", "DEF")

_PAIR = "Tensor identity, Tensor residual"
_AFFINE = "Tensor? gamma, Tensor? beta"
_SCHEMAS = {
    "residual": f"({_PAIR}, str mode) -> Tensor",
    "residual_relu": f"({_PAIR}, str mode) -> Tensor",
    "residual_relu_backward": "(Tensor grad, Tensor out, str mode) -> (Tensor, Tensor)",
    "residual_gelu": f"({_PAIR}, str mode) -> Tensor",
    "residual_gelu_backward": f"(Tensor grad, {_PAIR}, str mode) -> (Tensor, Tensor)",
    "residual_layer_norm": f"({_PAIR}, {_AFFINE}, float eps, str mode) -> (Tensor, Tensor)",
    "residual_layer_norm_backward": f"(Tensor grad, {_PAIR}, Tensor? gamma, Tensor statistics, "
    "str mode) -> (Tensor, Tensor, Tensor, Tensor)",
    "layer_norm": f"(Tensor x, {_AFFINE}, float target, float eps) -> (Tensor, Tensor)",
    "layer_norm_backward": "(Tensor grad, Tensor x, Tensor? gamma, Tensor statistics, "
    "float target) -> (Tensor, Tensor, Tensor)",
    "batch_norm": f"(Tensor x, {_AFFINE}, float target, float eps) -> (Tensor, Tensor)",
    "batch_norm_apply": f"(Tensor x, Tensor statistics, {_AFFINE}, float target, float eps) "
    "-> Tensor",
    "batch_norm_backward": "(Tensor grad, Tensor x, Tensor? gamma, Tensor statistics, "
    "float target, float eps, bool training) -> (Tensor, Tensor, Tensor)",
    "softmax": "(Tensor x, int dim) -> Tensor",
    "softmax_backward": "(Tensor grad, Tensor out, int dim) -> Tensor",
    "softmax_learned": "(Tensor x, Tensor norms, int dim, float scale) -> Tensor",
    "softmax_learned_backward": "(Tensor grad, Tensor out, int dim, float scale) "
    "-> (Tensor, Tensor)",
    "softmax_provided": "(Tensor x, Tensor weights, int dim, float scale, float floor) -> Tensor",
    "softmax_provided_backward": "(Tensor grad, Tensor out, Tensor weights, int dim, "
    "float scale, float floor) -> (Tensor, Tensor)",
}

# -- checks -----------------------------------------------------------------------------------


def _refuse(rule: str) -> None:
    raise ShapeError(f"torch.ops.syntonic: {rule}; the functions of syntonic.torch say more")


def _alike(x: Tensor, *others: Tensor) -> None:
    for other in others:
        if other.shape != x.shape or other.dtype != x.dtype or other.device != x.device:
            _refuse("shapes, dtypes and devices must be equal")


def _hold(x: Tensor, n: Any, *values: Tensor | None) -> None:
    """Check parameters beside x of n values each."""
    for value in values:
        if value is not None and (value.ndim != 1 or value.shape[0] != n):
            _refuse("a parameter must have one value for each channel, column or class")
        if value is not None and value.device != x.device:
            _refuse("a parameter must be on the device of the input")


def _table(x: Tensor, statistics: Tensor, rows: int, n: Any) -> None:
    if statistics.ndim != 2 or statistics.shape[0] != rows or statistics.shape[1] != n:
        _refuse(f"statistics must have {rows} rows")
    if statistics.dtype is not torch.float64 or statistics.device != x.device:
        _refuse("statistics must be float64, on the device of the input")


def _row_count(x: Tensor) -> Any:
    count = 1
    for length in x.shape[:-1]:
        count *= length
    return count if x.shape[-1] else 0


def _check_pair(*tensors_and_mode: Any) -> None:
    _alike(*tensors_and_mode[:-1])


def _check_joined_rows(identity: Tensor, residual: Tensor, gamma: Any, beta: Any, *_: Any) -> None:
    _alike(identity, residual)
    _hold(identity, identity.shape[-1], gamma, beta)


def _check_joined_rows_backward(grad: Tensor, x: Tensor, y: Tensor, *rest: Any) -> None:
    _alike(grad, x, y)
    _check_rows_backward(grad, x, *rest)


def _check_rows(x: Tensor, gamma: Any, beta: Any, *_: Any) -> None:
    _hold(x, x.shape[-1], gamma, beta)


def _check_rows_backward(grad: Tensor, x: Tensor, gamma: Any, statistics: Tensor, *_: Any) -> None:
    _alike(grad, x)
    _hold(x, x.shape[-1], gamma)
    _table(x, statistics, 3, _row_count(x))


def _check_channels(x: Tensor, gamma: Any, beta: Any, *_: Any) -> None:
    _hold(x, x.shape[1], gamma, beta)


def _check_applied(x: Tensor, statistics: Tensor, gamma: Any, beta: Any, *_: Any) -> None:
    _hold(x, x.shape[1], gamma, beta)
    _table(x, statistics, 4, x.shape[1])


def _check_channels_backward(
    grad: Tensor, x: Tensor, gamma: Any, statistics: Tensor, *_: Any
) -> None:
    _alike(grad, x)
    _check_applied(x, statistics, gamma, None)


def _check_axis(x: Tensor, dim: int) -> None:
    if not 0 <= dim < x.ndim:
        _refuse("dim must be an axis, from 0 on")


def _check_learned(x: Tensor, norms: Tensor, dim: int, scale: float) -> None:
    _check_axis(x, dim)
    _hold(x, x.shape[dim], norms)


def _check_provided(x: Tensor, weights: Tensor, dim: int, *_: float) -> None:
    _check_axis(x, dim)
    if weights.ndim == 1:
        _hold(x, x.shape[dim], weights)
    elif weights.shape != x.shape or weights.device != x.device:
        _refuse("weights must have the shape and the device of the logits")


def _check_softmax_backward(grad: Tensor, out: Tensor, dim: int, *_: float) -> None:
    _alike(grad, out)
    _check_axis(out, dim)


def _check_provided_backward(
    grad: Tensor, out: Tensor, weights: Tensor, dim: int, *_: float
) -> None:
    _alike(grad, out)
    _check_provided(out, weights, dim)


# -- what would come out ----------------------------------------------------------------------


def _new(x: Tensor, *_: Any) -> Tensor:
    return x.new_empty(x.shape)


def _two(x: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    return _new(x), _new(x)


def _sums(x: Tensor, n: Any) -> Tensor:
    return x.new_empty((n,), dtype=wide(x.dtype))


def _rows(x: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    return _new(x), x.new_empty((3, _row_count(x)), dtype=torch.float64)


def _rows_backward(x: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return _new(x), _sums(x, x.shape[-1]), _sums(x, x.shape[-1])


def _joined_rows_backward(x: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return _new(x), *_rows_backward(x)


def _applied(x: Tensor, *_: Any) -> Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device=x.device, memory_format=format_of(x))


def _channels(x: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    return _applied(x), x.new_empty((4, x.shape[1]), dtype=torch.float64)


def _channels_backward(grad: Tensor, x: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return _applied(x), _sums(x, x.shape[1]), _sums(x, x.shape[1])


def _learned_backward(grad: Tensor, out: Tensor, dim: int, *_: Any) -> tuple[Tensor, Tensor]:
    return _new(out), _sums(out, out.shape[dim])


def _provided_backward(
    grad: Tensor, out: Tensor, weights: Tensor, dim: int, *_: Any
) -> tuple[Tensor, Tensor]:
    if weights.ndim == 1:
        return _new(out), _sums(out, out.shape[dim])
    on_cpu = out.device.type == "cpu"  # where halves are computed with in float32
    return _new(out), out.new_empty(out.shape, dtype=wide(out.dtype) if on_cpu else out.dtype)


RULES: dict[str, tuple[Callable[..., None], Callable[..., Any]]] = {
    "residual": (_check_pair, _new),
    "residual_relu": (_check_pair, _new),
    "residual_relu_backward": (_check_pair, _two),
    "residual_gelu": (_check_pair, _new),
    "residual_gelu_backward": (_check_pair, _two),
    "residual_layer_norm": (_check_joined_rows, _rows),
    "residual_layer_norm_backward": (_check_joined_rows_backward, _joined_rows_backward),
    "layer_norm": (_check_rows, _rows),
    "layer_norm_backward": (_check_rows_backward, _rows_backward),
    "batch_norm": (_check_channels, _channels),
    "batch_norm_apply": (_check_applied, _applied),
    "batch_norm_backward": (_check_channels_backward, _channels_backward),
    "softmax": (_check_axis, _new),
    "softmax_backward": (_check_softmax_backward, _new),
    "softmax_learned": (_check_learned, _new),
    "softmax_learned_backward": (_check_softmax_backward, _learned_backward),
    "softmax_provided": (_check_provided, _new),
    "softmax_provided_backward": (_check_provided_backward, _provided_backward),
}
"""For each operator what it checks, and what it returns without computing."""


# -- registration -----------------------------------------------------------------------------


untraced: Callable[[Callable[..., Any]], Callable[..., Any]] = torch._disable_dynamo  # type: ignore[attr-defined]
"""Keeps `torch.compile` out of a function that it calls: it would trace the loop as NumPy's."""


def _implementation(name: str) -> Callable[..., Any]:
    loop, (check, _) = LOOPS[name], RULES[name]

    @untraced
    def operator(*arguments: Any) -> Any:
        check(*arguments)
        return loop(*arguments)

    return operator


def _fake(name: str) -> Callable[..., Any]:
    check, result = RULES[name]

    def fake(*arguments: Any) -> Any:
        check(*arguments)
        return result(*arguments)

    return fake


for _name, _schema in _SCHEMAS.items():
    LIBRARY.define(_name + _schema, tags=(torch.Tag.pt2_compliant_tag,))
    for _device in ("CPU", "CUDA"):
        LIBRARY.impl(_name, _implementation(_name), _device)
    torch.library.register_fake(f"syntonic::{_name}", _fake(_name), lib=LIBRARY)


_PLAIN = frozenset((Tensor, torch.nn.Parameter, str, int, float, bool, type(None)))
OPERATORS = {name: getattr(torch.ops.syntonic, name).default for name in _SCHEMAS}


def plain(arguments: Sequence[Any]) -> bool:
    """Tell whether a loop may be called: on tensors with memory, while nothing is traced."""
    return (
        _PLAIN.issuperset(map(type, arguments))
        and not torch._C._len_torch_dispatch_stack()
        and torch._C._get_tracing_state() is None
        and not arguments[0].is_meta
    )


def call(name: str, *arguments: Any) -> Any:
    """Compute without a gradient: by the loop or, where something is traced, the operator."""
    if plain(arguments):
        return LOOPS[name](*arguments)
    with torch._C._AutoDispatchBelowAutograd():
        return OPERATORS[name](*arguments)

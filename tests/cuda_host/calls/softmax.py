"""Syntonic softmax: its operations along rows, along columns, and in slices that blocks share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cuda_host.calls.place import Float, Pairs, Place
from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cuda import softmax

__all__ = ["CALLS"]

SCALE, FLOOR = 1.5, 0.75


def _softmax(z: Float) -> Float:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _logits(at: Place, shape: tuple[int, ...]) -> Float:
    """Logits that grow along the slice, so that a running maximum has to move, and stay low."""
    x = at.draw(*shape) + np.linspace(-40, -3, shape[1])[None, :, None]
    return x.astype(at.dtype).astype(np.float64)


def _weights(at: Place, shape: tuple[int, ...], dtype: Any) -> Float:
    """Weights on both sides of the floor."""
    return (np.abs(at.draw(*shape)) + 0.5).astype(dtype).astype(np.float64)


def _identity(at: Place, shape: tuple[int, ...]) -> Pairs:
    x = _logits(at, shape)
    yield softmax.softmax_identity(at.give(x)), _softmax(x)


def _learned(at: Place, shape: tuple[int, ...]) -> Pairs:
    x, norms = _logits(at, shape), np.abs(at.draw(shape[1], dtype=at.acc))
    expected = _softmax(x - SCALE * PHI_INV * norms[None, :, None])
    yield softmax.softmax_learned(at.give(x), at.give(norms, at.acc), SCALE), expected


def _provided(at: Place, shape: tuple[int, ...]) -> Pairs:
    x, weights = _logits(at, shape), _weights(at, shape, at.dtype)
    expected = _softmax(x + SCALE * np.log(np.maximum(weights, FLOOR)))
    yield softmax.softmax_provided(at.give(x), at.give(weights), SCALE, FLOOR), expected


def _provided_by_class(at: Place, shape: tuple[int, ...]) -> Pairs:
    x, weights = _logits(at, shape), _weights(at, shape[1:2], at.acc)
    expected = _softmax(x + SCALE * np.log(np.maximum(weights, FLOOR))[None, :, None])
    yield softmax.softmax_provided(at.give(x), at.give(weights, at.acc), SCALE, FLOOR), expected


def _gradient(at: Place, shape: tuple[int, ...]) -> tuple[tuple[Any, Any], Float]:
    """The arguments of a backward operation, and the gradient of the logits."""
    out = _softmax(at.draw(*shape)).astype(at.dtype).astype(np.float64)
    grad = at.draw(*shape)
    return (at.give(grad), at.give(out)), out * (grad - (grad * out).sum(1, keepdims=True))


def _identity_backward(at: Place, shape: tuple[int, ...]) -> Pairs:
    given, dx = _gradient(at, shape)
    yield softmax.softmax_backward(*given), dx


def _learned_backward(at: Place, shape: tuple[int, ...]) -> Pairs:
    given, dx = _gradient(at, shape)
    got = softmax.softmax_learned_backward(*given, SCALE)
    yield from zip(got, (dx, -SCALE * PHI_INV * dx.sum((0, 2))), strict=True)


def _provided_backward(at: Place, shape: tuple[int, ...]) -> Pairs:
    (given, dx), weights = _gradient(at, shape), _weights(at, shape, at.dtype)
    got = softmax.softmax_provided_backward(*given, at.give(weights), SCALE, FLOOR)
    dweights = np.where(weights > FLOOR, SCALE * dx / weights, 0)
    yield from zip(got, (dx, dweights), strict=True)


def _provided_by_class_backward(at: Place, shape: tuple[int, ...]) -> Pairs:
    (given, dx), weights = _gradient(at, shape), _weights(at, shape[1:2], at.acc)
    got = softmax.softmax_provided_backward(*given, at.give(weights, at.acc), SCALE, FLOOR)
    dweights = np.where(weights > FLOOR, SCALE * dx.sum((0, 2)) / weights, 0)
    yield from zip(got, (dx, dweights), strict=True)


OPERATIONS = (
    _identity,
    _learned,
    _provided,
    _provided_by_class,
    _identity_backward,
    _learned_backward,
    _provided_backward,
    _provided_by_class_backward,
)
SHAPES = {
    "rows": ((5, 64, 1), (50, 33, 1), (3, 1000, 1), (2, 1001, 1), (1, 15001, 1)),
    "columns": ((2, 20, 16), (3, 20, 5), (1, 2000, 16)),
    "shared_rows": ((2, 17003, 1), (5, 16384, 1)),
    "shared_columns": ((1, 4100, 5),),
}


def _call(operation: Callable[..., Pairs], shapes: tuple[tuple[int, ...], ...], at: Place) -> Pairs:
    for shape in shapes:
        yield from operation(at, shape)


WIDE = ((134, 8200, 1), (133, 8201, 1))  # more rows than blocks, which hold them in tiles
CALLS = {
    f"softmax{operation.__name__}_{where}": partial(_call, operation, shapes)
    for operation in OPERATIONS
    for where, shapes in SHAPES.items()
} | {"softmax_learned_backward_wide_rows": partial(_call, _learned_backward, WIDE)}
"""By operation and by the way of the slices."""

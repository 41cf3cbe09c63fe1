"""Softmax of logits x + scale·log w, forward and backward.

Arrays have the shape (outer, n, inner), are C-contiguous and all float64 or all float32; callers
have checked that. Softmax runs along n. NaN anywhere in a slice, +inf, and a slice of nothing but
-inf make the slice NaN, as in PyTorch. A weight of 0 makes an exact 0, for any scale. Nothing
given is written to.

Four layouts, chosen by the shape alone:

* tiles (inner < WIDE, and inner > 1 or n <= SHORT): copied to WIDE columns that are neighbours;
* rows (inner = 1): maximum, exponentials and their sum, quotient, the row in the cache;
* long rows: chunks with a maximum each, brought to the row's maximum at the end;
* columns (inner > 1): the same as for rows on blocks of neighbouring columns.

A slice's sum of exponentials is in float64: in the order of `sums` along rows, and in the order
of n along columns. NaN needs no care when the maximum is taken: it comes back with the sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cpu.elementary import (
    exp_below,
    inlined,
    log,
    wide_vectors,
)
from syntonic.flux.cpu.softmax_gradients import LONG, gradient, weight_gradients, width_of
from syntonic.flux.cpu.sums import largest, sum_of
from syntonic.jit.compile import njit
from syntonic.jit.threads import in_threads
from syntonic.typing import FloatArray as Array

__all__ = [
    "softmax_backward",
    "softmax_identity",
    "softmax_learned",
    "softmax_learned_backward",
    "softmax_provided",
    "softmax_provided_backward",
]

Doubles = npt.NDArray[np.float64]

CHUNK = 1 << 12
WIDE = 64
"""Columns that vector code needs to run well; fewer are gathered from several places."""

SHORT = 32
"""Rows up to this length are gathered as columns."""


@inlined
def _logit(x: Any, w: Any, scale: Any, floor: Any) -> Any:
    w = floor if w < floor else w  # in this form a NaN stays
    v = log(w)
    return x + (v if w == 0 else v * scale)


# -- forward ----------------------------------------------------------------------------------


@njit
def _exponentials(
    x: Array,
    shift: Any,
    weights: Any,
    scale: Any,
    floor: Any,
    out: Array,
) -> tuple[Any, float]:
    """Write exp(z - top) for the logits z of a slice; return top and the sum."""
    wide_vectors()
    z = x
    if shift is not None:
        for i in range(x.size):
            out[i] = x[i] + shift[i]
        z = out
    if weights is not None:
        for i in range(x.size):
            out[i] = _logit(x[i], weights[i], scale, floor)
        z = out
    top = largest(z)
    middle = out.dtype.type(0) if top == -np.inf else top  # nothing but -inf: the sum is 0
    total = 0.0
    for start in range(0, z.size, CHUNK):
        a, b = z[start : start + CHUNK], out[start : start + CHUNK]
        for i in range(a.size):
            b[i] = exp_below(a[i] - middle)
        total += sum_of(b)
    return top, total


@njit
def _rows(
    first: int,
    last: int,
    x: Array,
    shift: Any,
    weights: Any,
    scale: Any,
    floor: Any,
    out: Array,
) -> None:
    for r in range(first, last):
        target = out[r]
        w = weights[r] if weights is not None else None
        _, total = _exponentials(x[r], shift, w, scale, floor, target)
        inverse = out.dtype.type(1.0 / total)
        for i in range(target.size):
            target[i] *= inverse


@njit
def _chunks(
    first: int,
    last: int,
    x: Array,
    shift: Any,
    weights: Any,
    scale: Any,
    floor: Any,
    out: Array,
    tops_of: Array,
    sums_of: Doubles,
) -> None:
    """Treat chunks first, ..., last - 1 of all rows as if each were a row, but for the sum."""
    count = tops_of.shape[1]
    for item in range(first, last):
        r, k = item // count, item % count
        i, j = k * LONG, (k + 1) * LONG
        v = shift[i:j] if shift is not None else None
        w = weights[r][i:j] if weights is not None else None
        tops_of[r, k], sums_of[r, k] = _exponentials(x[r][i:j], v, w, scale, floor, out[r][i:j])


@njit
def _scale_chunks(first: int, last: int, out: Array, factors: Array) -> None:
    count = factors.shape[1]
    for item in range(first, last):
        r, k = item // count, item % count
        target, factor = out[r][k * LONG : (k + 1) * LONG], factors[r, k]
        for i in range(target.size):
            target[i] *= factor


@njit
def _columns(
    first: int,
    last: int,
    width: int,
    x: Array,
    shift: Any,
    weights: Any,
    scale: Any,
    floor: Any,
    out: Array,
) -> None:
    """Treat blocks first, ..., last - 1 of `width` neighbouring columns."""
    wide_vectors()
    _, n, inner = x.shape
    blocks = -(-inner // width)
    tops, sums = np.empty(width, out.dtype), np.empty(width)
    for item in range(first, last):
        o, i = item // blocks, item % blocks * width
        j = min(i + width, inner)
        tops[:] = -np.inf
        sums[:] = 0.0
        for k in range(n):
            z, target = x[o, k][i:j], out[o, k][i:j]
            if shift is not None:
                for c in range(z.size):
                    target[c] = z[c] + shift[k]
                z = target
            if weights is not None:
                w = weights[o, k][i:j]
                for c in range(z.size):
                    target[c] = _logit(z[c], w[c], scale, floor)
                z = target
            for c in range(z.size):
                tops[c] = z[c] if z[c] > tops[c] else tops[c]
        for k in range(n):
            z, target = x[o, k][i:j], out[o, k][i:j]
            if shift is not None or weights is not None:
                z = target
            for c in range(z.size):
                target[c] = exp_below(z[c] - tops[c])
            for c in range(z.size):
                sums[c] += np.float64(target[c])
        for c in range(width):
            tops[c] = out.dtype.type(1.0 / sums[c])
        for k in range(n):
            target = out[o, k][i:j]
            for c in range(target.size):
                target[c] *= tops[c]


@njit
def _tiles(
    first: int,
    last: int,
    per: int,
    x: Array,
    shift: Any,
    weights: Any,
    scale: Any,
    floor: Any,
    out: Array,
) -> None:
    """Treat tiles first, ..., last - 1: `per` neighbours along outer, laid side by side."""
    outer, n, inner = x.shape
    width = per * inner
    z, e = np.zeros((1, n, width), out.dtype), np.empty((1, n, width), out.dtype)
    w = np.ones((1, n, width), out.dtype) if weights is not None else None
    for item in range(first, last):
        start, stop = item * per, min((item + 1) * per, outer)
        _gather(x, start, stop, z)
        if weights is not None:
            _gather(weights, start, stop, w)
        _columns(0, 1, width, z, shift, w, scale, floor, e)
        for o in range(start, stop):
            at = (o - start) * inner
            for k in range(n):
                for c in range(inner):
                    out[o, k, c] = e[0, k, at + c]


@njit
def _gather(x: Array, start: int, stop: int, tile: Any) -> None:
    _, n, inner = x.shape
    for o in range(start, stop):
        at = (o - start) * inner
        for k in range(n):
            for c in range(inner):
                tile[0, k, at + c] = x[o, k, c]


def _softmax(x: Array, shift: Any, weights: Any, scale: Any, floor: Any) -> Array:
    out = np.empty_like(x)
    if x.size == 0:
        return out
    outer, n, inner = x.shape
    kind = x.dtype.type
    options = shift, weights, kind(scale), kind(floor)
    if inner < WIDE and n <= (SHORT if inner == 1 else CHUNK) and outer > 1:
        per = WIDE // inner
        in_threads(_tiles, -(-outer // per), 2 * x.size, per, x, *options, out)
        return out
    if inner > 1:
        width = width_of(outer, n, inner)
        in_threads(_columns, outer * -(-inner // width), 2 * x.size, width, x, *options, out)
        return out
    rows, options = x.reshape(outer, n), (shift, _as_rows(weights), *options[2:])
    target = out.reshape(outer, n)
    if n <= LONG:
        in_threads(_rows, outer, 2 * x.size, rows, *options, target)
    else:
        count = -(-n // LONG)
        tops, sums = np.empty((outer, count), x.dtype), np.empty((outer, count))
        in_threads(_chunks, outer * count, 2 * x.size, rows, *options, target, tops, sums)
        in_threads(_scale_chunks, outer * count, x.size, target, _to_the_top(tops, sums))
    return out


def _as_rows(weights: Array | None) -> Array | None:
    return None if weights is None else weights.reshape(weights.shape[:2])


def _to_the_top(tops: Array, sums: Doubles) -> Array:
    """Return the factors that make chunks with maxima and sums of their own parts of a row."""
    with np.errstate(all="ignore"):
        share = np.exp(tops.astype(np.float64) - tops.max(axis=1, keepdims=True))
        return (share / (share * sums).sum(axis=1, keepdims=True)).astype(tops.dtype)


def _class_logits(mode_norms: Array, scale: float) -> Array:
    """Return scale·log w of the learned weights w = exp(-|n|²/φ), one per class."""
    with np.errstate(all="ignore"):
        return mode_norms * mode_norms.dtype.type(-scale * PHI_INV)


def _log_weights(weights: Array, scale: float, floor: float) -> Array:
    """Return scale·log max(weights, floor), -inf for a weight of 0 whatever the scale."""
    with np.errstate(all="ignore"):
        w = np.where(weights < floor, floor, weights).astype(np.float64)  # a NaN stays
        return np.where(w == 0, -np.inf, scale * np.log(w)).astype(weights.dtype)


def softmax_identity(x: Array) -> Array:
    """Return exp(x)/Σ exp(x)."""
    return _softmax(x, None, None, 1, 0)


def softmax_learned(x: Array, mode_norms: Array, scale: float) -> Array:
    """Return the softmax with w = exp(-|n|²/φ), given the n values |n|²."""
    return _softmax(x, _class_logits(mode_norms, scale), None, 1, 0)


def softmax_provided(x: Array, weights: Array, scale: float, floor: float) -> Array:
    """Return the softmax with w = max(weights, floor), one per class or one per element."""
    if weights.shape != x.shape:
        return _softmax(x, _log_weights(weights, scale, floor), None, 1, 0)
    return _softmax(x, None, weights, scale, floor)


def softmax_backward(grad: Array, out: Array) -> Array:
    """Return the gradient by x: out·(grad - Σ out·grad)."""
    return gradient(grad, out, False)[0]


def softmax_learned_backward(grad: Array, out: Array, scale: float) -> tuple[Array, Array]:
    """Return the gradients by x and by the norms, -scale/φ times the sums of the first."""
    dx, sums = gradient(grad, out, True)
    with np.errstate(all="ignore"):
        return dx, (sums * (-scale * PHI_INV)).astype(out.dtype)


def softmax_provided_backward(
    grad: Array, out: Array, weights: Array, scale: float, floor: float
) -> tuple[Array, Array]:
    """Return the gradients by x and by the weights, 0 where the floor replaced the weight."""
    by_class = weights.shape != out.shape
    dx, sums = gradient(grad, out, by_class)
    if by_class:
        return dx, _class_weight_gradient(sums, weights, scale, floor)
    return dx, weight_gradients(dx, weights, scale, floor)


def _class_weight_gradient(dx: Array, weights: Array, scale: float, floor: float) -> Array:
    """Return scale·dx/w of each class where w is above the floor, 0 elsewhere."""
    with np.errstate(all="ignore"):
        return np.where(weights > floor, scale * dx / weights, 0).astype(weights.dtype)

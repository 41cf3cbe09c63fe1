"""φ-residual connections."""

from __future__ import annotations

import math

import numpy as np

from cuda_host.calls.place import (
    EPS,
    Float,
    Pairs,
    Place,
    kept,
    layer_norm_gradients,
    moments,
    row_statistics,
)
from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cuda import residual as residuals
from syntonic.flux.cuda.source import suffix

__all__ = [
    "component_norms",
    "residual",
    "residual_direct",
    "residual_gelu",
    "residual_layer_norm",
    "residual_layer_norm_kept",
    "residual_layer_norm_long",
    "residual_layer_norm_rounded_mean",
    "residual_layer_norm_skewed",
    "residual_layer_norm_wide",
    "residual_odd",
    "residual_relu",
]

MODES = {"phi": (1.0, PHI_INV), "phi_symmetric": (PHI_INV, PHI_INV), "standard": (1.0, 1.0)}


def _joined(identity: Float, residual: Float, mode: str) -> Float:
    a, b = MODES[mode]
    return a * identity + b * residual


def _cdf(x: Float) -> Float:
    return np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)))(x)


def residual(at: Place) -> Pairs:
    for n in (1000, 4113):
        x, y = at.draw(n), at.draw(n)
        for mode, (a, b) in MODES.items():
            yield residuals.residual(at.give(x), at.give(y), mode), _joined(x, y, mode)
            grads = residuals.residual_backward(at.give(x), mode)
            yield from zip(grads, (a * x, b * x), strict=True)


def residual_odd(at: Place) -> Pairs:
    x, y = at.draw(4002), at.draw(4002)
    views = at.give(x)[1:], at.give(y)[1:]
    yield residuals.residual(*views, "phi"), _joined(x, y, "phi")[1:]


def residual_direct(at: Place) -> Pairs:
    x, y = at.draw(4001), at.draw(4001)
    out = at.give(0 * x)
    family, size = "phi_residual", np.int64(4001)
    grid = -(-4001 * at.dtype.itemsize // (256 * 32))
    at.launch(family, "phi_residual_mode_standard_backward", grid, 256, out, at.give(x), size)
    yield out, x
    for symbol in ("phi_residual_mode_phi_vec2_f64", "phi_residual_mode_phi_vec4_f32"):
        if symbol.endswith(suffix(at.dtype)):
            out = at.give(0 * x)
            at.launch(family, symbol[:-4], grid, 256, out, at.give(x), at.give(y), size)
            yield out, _joined(x, y, "phi")


def residual_relu(at: Place) -> Pairs:
    x, y = at.draw(1003), at.draw(1003)
    for mode, (a, b) in MODES.items():
        out = np.maximum(_joined(x, y, mode), 0)
        yield residuals.residual_relu(at.give(x), at.give(y), mode), out
        grads = residuals.residual_relu_backward(at.give(y), at.give(out), mode)
        passed = np.where(out > 0, y, 0)
        yield from zip(grads, (a * passed, b * passed), strict=True)


def residual_gelu(at: Place) -> Pairs:
    x, y, grad = at.draw(1003), at.draw(1003), at.draw(1003)
    for mode, (a, b) in MODES.items():
        s = _joined(x, y, mode)
        yield residuals.residual_gelu(at.give(x), at.give(y), mode), s * _cdf(s)
        grads = residuals.residual_gelu_backward(at.give(grad), at.give(x), at.give(y), mode)
        g = grad * (_cdf(s) + s * np.exp(-s * s / 2) / math.sqrt(2 * math.pi))
        yield from zip(grads, (a * g, b * g), strict=True)


def _normalized(at: Place, x: Float, y: Float, mode: str, shift: float = 0.0) -> Pairs:
    s, (gamma, beta) = _joined(x, y, mode), at.draw(2, x.shape[1], dtype=at.acc)
    mean, rstd = moments(s)
    out = (s - mean[:, None]) * rstd[:, None] * gamma + beta
    affine = at.give(gamma, at.acc), at.give(beta, at.acc)
    got = residuals.residual_layer_norm(at.give(x + shift), at.give(y), *affine, EPS, mode)
    yield got[0], out
    yield from kept(got[1], row_statistics(s, shift))


def _residual_layer_norm(at: Place, rows: int, cols: int, mode: str) -> Pairs:
    x, y, grad = (at.draw(rows, cols) for _ in range(3))
    x = (x + 3 / MODES[mode][0]).astype(at.dtype).astype(np.float64)
    yield from _normalized(at, x, y, mode)
    s, (a, b), gamma = _joined(x, y, mode), MODES[mode], at.draw(cols, dtype=at.acc)
    given, weight = (at.give(x), at.give(y)), at.give(gamma, at.acc)
    stats = at.give(row_statistics(s), np.float64)
    got = residuals.residual_layer_norm_backward(at.give(grad), *given, weight, stats, mode)
    dx, dgamma, dbeta = layer_norm_gradients(grad, s, gamma)
    yield from zip(got, (a * dx, b * dx, dgamma, dbeta), strict=True)


def residual_layer_norm(at: Place) -> Pairs:
    yield from _residual_layer_norm(at, 9, 32, "phi")
    yield from _residual_layer_norm(at, 70, 333, "phi_symmetric")
    yield from _residual_layer_norm(at, 3, 1025, "standard")


def residual_layer_norm_kept(at: Place) -> Pairs:
    most = 8192 if at.acc == np.float64 else 16384  # numbers of a row; others go down many rows
    yield from _residual_layer_norm(at, 1, most, "phi")
    yield from _residual_layer_norm(at, 1, most - 1, "phi_symmetric")
    yield from _residual_layer_norm(at, 270, most // 4 + 8, "phi")


def residual_layer_norm_long(at: Place) -> Pairs:
    yield from _residual_layer_norm(at, 2, 33000, "phi")
    yield from _residual_layer_norm(at, 1, 33001, "phi")


def residual_layer_norm_rounded_mean(at: Place) -> Pairs:
    x = np.zeros((2, 34))
    x[:, ::2] = 2
    shift = 1 / float(np.finfo(at.acc).epsneg) if at.acc == at.dtype else 0
    yield from _normalized(at, x, 0 * x, "standard", shift)


def residual_layer_norm_skewed(at: Place) -> Pairs:
    """Rows that are packs, but for where the arrays begin."""
    x, y, cols = at.draw(1025, centre=2), at.draw(1025), 512
    views = [at.give(each)[1:].reshape(2, cols) for each in (x, y)]
    s = _joined(x, y, "phi")[1:].reshape(2, cols)
    mean, rstd = moments(s)
    out, stats = residuals.residual_layer_norm(*views, None, None, EPS, "phi")
    yield out, (s - mean[:, None]) * rstd[:, None]
    yield from kept(stats, row_statistics(s))


def residual_layer_norm_wide(at: Place) -> Pairs:
    half = 8192 if at.acc == np.float64 else 16384  # of the longest
    for cols in (half, half - 1, 2 * half, 2 * half - 1):
        yield from _normalized(at, at.draw(2, cols, centre=2), at.draw(2, cols), "phi")


def component_norms(at: Place) -> Pairs:
    for n, skew in ((33, 0), (9001, 0), (9001, 1)):
        x, y = at.draw(n), at.draw(n)
        parts = (x[skew:], y[skew:], _joined(x, y, "phi")[skew:])
        norms = [math.sqrt(math.fsum(v * v for v in part)) for part in parts]
        yield residuals.component_norms(at.give(x)[skew:], at.give(y)[skew:], "phi"), norms

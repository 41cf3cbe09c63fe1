"""Golden normalisations."""

from __future__ import annotations

import math
from typing import Any

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
from syntonic.flux.cuda import norm

__all__ = [
    "batch_norm_backward_columns",
    "batch_norm_backward_planes",
    "batch_norm_columns",
    "batch_norm_out_of_range",
    "batch_norm_planes",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_backward_kept",
    "layer_norm_long",
    "layer_norm_out_of_range",
    "layer_norm_rounded_mean",
    "layer_norm_wide",
    "output_stats",
]


def _per_channel(v: Float) -> Float:
    return v[None, :, None]


def _statistics(mean: Float, var: Float) -> Float:
    """Return what is kept of channels."""
    return np.array([mean, 0 * mean, var, np.sqrt(var)])


def _batch_norm(at: Place, *shape: int) -> Pairs:
    x, (gamma, beta) = at.draw(*shape, centre=2), at.draw(2, shape[1], dtype=at.acc)
    given, mean, var = at.give(x), x.mean((0, 2)), x.var((0, 2))
    xhat = (x - _per_channel(mean)) / np.sqrt(_per_channel(var) + EPS)
    out = xhat * math.sqrt(PHI_INV) * _per_channel(gamma) + _per_channel(beta)
    affine: tuple[Any, ...] = at.give(gamma, at.acc), at.give(beta, at.acc)
    expected = _statistics(mean, var)
    got = norm.batch_norm(given, PHI_INV, EPS, *affine)
    yield got[0], out
    for statistics in (got[1], norm.batch_norm_stats(given)):
        yield from kept(statistics, expected)
    stats = at.give(expected, np.float64)
    yield norm.batch_norm_apply(given, stats, PHI_INV, EPS, *affine), out


def _batch_norm_backward(at: Place, *shape: int) -> Pairs:
    x, grad = at.draw(*shape, centre=2), at.draw(*shape)
    gamma, mean, var = at.draw(shape[1], dtype=at.acc), x.mean((0, 2)), x.var((0, 2))
    rstd = 1 / np.sqrt(_per_channel(var) + EPS)
    gain = math.sqrt(PHI_INV)
    xhat, scale = (x - _per_channel(mean)) * rstd, rstd * gain * _per_channel(gamma)
    sums = (gain * (grad * xhat).sum((0, 2)), grad.sum((0, 2)))
    along = _per_channel(grad.mean((0, 2))) + xhat * _per_channel((grad * xhat).mean((0, 2)))
    given = (at.give(grad), at.give(x), at.give(_statistics(mean, var), np.float64))
    for training, dx in ((True, scale * (grad - along)), (False, scale * grad)):
        weight = at.give(gamma, at.acc)
        got = norm.batch_norm_backward(*given, PHI_INV, EPS, weight, training)
        yield from zip(got, (dx, *sums), strict=True)


def batch_norm_columns(at: Place) -> Pairs:
    for shape in ((40, 35, 1), (600, 32, 1), (1101, 5, 1)):
        yield from _batch_norm(at, *shape)


def batch_norm_planes(at: Place) -> Pairs:
    for shape in ((1, 5, 7), (3, 5, 49), (2, 3, 9000), (300, 2, 63)):
        yield from _batch_norm(at, *shape)


def batch_norm_backward_columns(at: Place) -> Pairs:
    for shape in ((40, 35, 1), (600, 32, 1), (1101, 5, 1)):
        yield from _batch_norm_backward(at, *shape)


def batch_norm_backward_planes(at: Place) -> Pairs:
    for shape in ((3, 5, 49), (2, 3, 9000), (300, 2, 63)):
        yield from _batch_norm_backward(at, *shape)


def _layer_norm(at: Place, x: Float, shift: float = 0.0) -> Pairs:
    (gamma, beta), (mean, rstd) = at.draw(2, x.shape[1], dtype=at.acc), moments(x)
    out = (x - mean[:, None]) * rstd[:, None] * math.sqrt(PHI_INV) * gamma + beta
    affine = at.give(gamma, at.acc), at.give(beta, at.acc)
    got = norm.layer_norm(at.give(x + shift), PHI_INV, EPS, *affine)
    yield got[0], out
    yield from kept(got[1], row_statistics(x, shift))


def layer_norm(at: Place) -> Pairs:
    for rows, cols in ((9, 32), (70, 333), (3, 1025)):
        yield from _layer_norm(at, at.draw(rows, cols, centre=2))


def layer_norm_rounded_mean(at: Place) -> Pairs:
    x = np.zeros((2, 34))
    x[:, ::2] = 2
    yield from _layer_norm(at, x, 1 / float(np.finfo(at.acc).epsneg) if at.acc == at.dtype else 0)


def layer_norm_wide(at: Place) -> Pairs:
    for cols in (12000, 12001) if at.dtype.itemsize == 8 else (20000, 20001):
        yield from _layer_norm(at, at.draw(2, cols, centre=2))


def layer_norm_long(at: Place) -> Pairs:
    for rows, cols in ((2, 33000), (64, 16386 if at.dtype.itemsize == 8 else 32772)):
        yield from _layer_norm(at, at.draw(rows, cols, centre=2))


def layer_norm_out_of_range(at: Place) -> Pairs:
    """Rows at the dtype's upper end, far from zero, with others between them."""
    half = at.dtype.name == "float16"
    size = 2.0**15 if half else 2.0 ** (np.finfo(at.acc).maxexp - 2)
    for rows, cols in ((9, 32), (3, 1025), (2, 33000), (64, 32772)):
        scale = np.where(np.arange(rows) % 2, 1.0, size)[:, None]
        x = (1 + at.draw(rows, cols) / 64).astype(at.dtype).astype(np.longdouble)
        mean, deviation = x.mean(1), x.std(1)
        out, statistics = norm.layer_norm(at.give(x * scale), 1.0, 0.0, None, None)
        yield out, (x - mean[:, None]) / deviation[:, None]
        yield at.device.numpy(statistics[0]) / scale[:, 0], mean
        yield at.device.numpy(statistics[2]) / scale[:, 0], deviation


def batch_norm_out_of_range(at: Place) -> Pairs:
    least = 2.0**-11 if at.dtype.name == "float16" else 2.0 ** (np.finfo(at.acc).minexp + 16)
    for shape in ((40, 3, 1), (1101, 3, 1), (1, 3, 40), (1, 3, 9000)):
        x = at.draw(*shape)
        x[:, 0] *= least
        x = x.astype(at.dtype).astype(np.float64)
        x[:, 1] = 3
        x[0, 1, 0], x[-1, 1, -1] = 2.0**15, 2.0**14
        scale = np.array([least, 1.0, 1.0])
        plain = (x / _per_channel(scale)).astype(np.longdouble)
        mean, deviation = plain.mean((0, 2)), plain.std((0, 2))
        xhat = (plain - _per_channel(mean)) / _per_channel(deviation)
        out, statistics = norm.batch_norm(at.give(x), 1.0, 0.0, None, None)
        yield out, xhat
        yield at.device.numpy(statistics[3]) / scale, deviation
        grad = at.draw(*shape)
        got = norm.batch_norm_backward(at.give(grad), at.give(x), statistics, 1.0, 0.0, None, True)
        along = _per_channel(grad.mean((0, 2))) + xhat * _per_channel((grad * xhat).mean((0, 2)))
        dx = at.device.numpy(got[0]).astype(np.float64) * _per_channel(scale)
        yield at.give(dx), (grad - along) / _per_channel(deviation)
        yield got[1], (grad * xhat).sum((0, 2))
        yield got[2], grad.sum((0, 2))


def layer_norm_backward(at: Place) -> Pairs:
    yield from _layer_norm_backward(at, (9, 32), (70, 333), (3, 1025), (2, 17000))


def layer_norm_backward_kept(at: Place) -> Pairs:
    most = 8192 if at.acc == np.float64 else 16384  # numbers of a row; others go down many rows
    yield from _layer_norm_backward(at, (1, most), (1, most - 1), (140, most // 2 + 8))


def _layer_norm_backward(at: Place, *shapes: tuple[int, int]) -> Pairs:
    gain = math.sqrt(PHI_INV)
    for rows, cols in shapes:
        x, grad = at.draw(rows, cols, centre=2), at.draw(rows, cols)
        gamma = at.draw(cols, dtype=at.acc)
        dx, dgamma, dbeta = layer_norm_gradients(grad, x, gamma * gain)
        stats, weight = at.give(row_statistics(x), np.float64), at.give(gamma, at.acc)
        got = norm.layer_norm_backward(at.give(grad), at.give(x), PHI_INV, weight, stats)
        yield from zip(got, (dx, gain * dgamma, dbeta), strict=True)


def output_stats(at: Place) -> Pairs:
    for n in (33, 40001):
        x = at.draw(n, centre=2)
        yield norm.output_stats(at.give(x)), [x.mean(), x.var()]

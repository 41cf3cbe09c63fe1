"""Whatever is finite comes out right: every normalisation of hard rows against exact statistics."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from effort import thinned
from normalization import (
    FORMATS,
    ExactRow,
    assert_within,
    constant_rows,
    exact_normalized,
    hard_rows,
    row_gradients_of,
)

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cpu import norm, residual

COLS = [2, 3, 31, 64, 1000, 4097, 10_000]
EPS = [0.0, 1e-5]


def affine(kind: type, cols: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    gamma, beta = np.random.default_rng(cols).normal(size=(2, cols))
    return gamma.astype(kind), beta.astype(kind), np.random.default_rng(1).normal(size=cols)


def assert_normalized(
    out: np.ndarray, x: np.ndarray, eps: float, gamma: np.ndarray, beta: np.ndarray
) -> None:
    """Against (x - mean)/√(var + eps) by rows, with gamma and beta that broadcast."""
    exact, _ = exact_normalized(x, eps)
    gain, wide = np.longdouble(math.sqrt(PHI_INV)), gamma.astype(np.longdouble)
    size = abs(wide) * gain * (abs(exact) + 1) + abs(beta)
    assert_within(out, exact * gain * wide + beta, size, x.dtype)


@pytest.mark.campaign
@pytest.mark.parametrize(("eps", "cols"), thinned(product(EPS, COLS), every=2))
def test_layer_norm(kind: type, cols: int, eps: float) -> None:
    x, (gamma, beta, _) = hard_rows(kind, cols), affine(kind, cols)
    out, statistics = norm.layer_norm(x, PHI_INV, eps, gamma, beta)
    assert_normalized(out, x, eps, gamma, beta)
    for row, (mean, low, deviation) in zip(x, statistics.T, strict=True):
        exact = ExactRow(row, eps)
        error = np.finfo(kind).eps * exact.deviation + np.finfo(kind).tiny
        assert abs(float(exact.mean - Fraction(mean) - Fraction(low))) <= 4 * error
        assert abs(deviation - exact.deviation) <= 8 * error


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("cols", COLS[1:5])
def test_layer_norm_backward(kind: type, cols: int, eps: float) -> None:
    x, (gamma, _, grad) = hard_rows(kind, cols), affine(kind, cols)
    grad = np.tile(grad, (len(x), 1)).astype(kind)
    _, statistics = norm.layer_norm(x, PHI_INV, eps, None, None)
    found = norm.layer_norm_backward(grad, x, PHI_INV, gamma, statistics)
    with np.errstate(all="ignore"):  # constant rows
        exact, sizes = row_gradients_of(grad, *exact_normalized(x, eps), PHI_INV, gamma)
    for f, e, size in zip(found, exact, sizes, strict=True):
        assert_within(f, e, size, np.dtype(kind))


SHAPES = ["columns", "folded", "short runs", "runs", "small"]


@pytest.mark.campaign
@pytest.mark.parametrize(("eps", "shape"), thinned(product(EPS, SHAPES), every=2))
def test_batch_norm(kind: type, shape: str, eps: float) -> None:
    """The hard rows are channels, in every layout."""
    n, inner = {"columns": (2000, 1), "folded": (5000, 1), "short runs": (50, 49),
                "runs": (5, 1000), "small": (30, 1)}[shape]  # fmt: skip
    channels = hard_rows(kind, n * inner)
    if shape == "folded":
        channels = channels[:3]
    if shape == "small":
        channels = channels[:9]
    x = np.ascontiguousarray(channels.reshape(-1, n, inner).swapaxes(0, 1))
    gamma, beta, _ = affine(kind, len(channels))
    out, statistics = norm.batch_norm(x, PHI_INV, eps, gamma, beta)
    by_row = lambda y: y.swapaxes(0, 1).reshape(channels.shape)  # noqa: E731
    assert_normalized(by_row(out), channels, eps, gamma[:, None], beta[:, None])
    again = norm.batch_norm_apply(x, statistics, PHI_INV, eps, gamma, beta)
    assert_normalized(by_row(again), channels, eps, gamma[:, None], beta[:, None])
    grad = np.random.default_rng(2).normal(size=x.shape).astype(kind)
    found = norm.batch_norm_backward(grad, x, statistics, PHI_INV, eps, gamma, True)
    exact, sizes = channel_gradients(by_row(grad), channels, eps, gamma)
    for f, e, size in zip((by_row(found[0]), *found[1:]), exact, sizes, strict=True):
        assert_within(f, e, size, np.dtype(kind))


@pytest.mark.parametrize("training", [True, False])
def test_gradients_beyond_the_range_are_no_warnings(kind: type, training: bool) -> None:
    draw, tiny = np.random.default_rng(3), np.finfo(kind).tiny
    x = (draw.normal(size=(700, 2, 1)) * tiny / 9).astype(kind)
    grad = draw.normal(size=x.shape).astype(kind)
    _, statistics = norm.batch_norm(x, 1.0, 0.0, None, None)
    dx, _, _ = norm.batch_norm_backward(grad, x, statistics, 1.0, 0.0, None, training)
    assert np.isinf(dx).any()


def channel_gradients(
    grad: np.ndarray, x: np.ndarray, eps: float, gamma: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    normalized, deviation = exact_normalized(x, eps)
    wide = np.tile(gamma[:, None], (1, x.shape[1]))
    with np.errstate(all="ignore"):  # constant channels
        (dx, *_), (size, *_) = row_gradients_of(grad, normalized, deviation, PHI_INV, wide)
    g, gain = grad.astype(np.longdouble), np.sqrt(np.longdouble(PHI_INV))
    terms = g * normalized
    return [dx, gain * terms.sum(1), g.sum(1)], [
        size, gain * (abs(terms) + abs(g)).sum(1), abs(g).sum(1),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["phi", "phi_symmetric", "standard"])
def test_residual_layer_norm(kind: type, mode: str) -> None:
    """Of the rounded sum, where that is a normal number: what `layer_norm` makes of it."""
    x = hard_rows(kind, 500)[1:] / 4  # without the row of least numbers
    y = x[:, ::-1].copy()
    total = residual.residual(x, y, mode)
    for eps in EPS:
        found = residual.residual_layer_norm(x, y, None, None, eps, mode)
        expected = norm.layer_norm(total, 1.0, eps, None, None)
        for f, e in zip(found, expected, strict=True):
            np.testing.assert_array_equal(f, e)


@pytest.mark.parametrize("mode", ["phi", "phi_symmetric", "standard"])
@pytest.mark.parametrize("cols", [2, 100, 5000])
def test_residual_layer_norm_of_sums_beyond_the_range(kind: type, mode: str, cols: int) -> None:
    """Powers of two scale everything, where a connection in range is the same but for them."""
    largest = np.finfo(kind).max
    rng = np.random.default_rng(cols)
    x, y = (rng.uniform(0.9, 1, size=(3, cols)) * float(largest) for _ in range(2))
    x, y = (np.array(v * np.where(rng.random(cols) < 0.5, 1, -1), kind) for v in (x, y))
    grad = rng.normal(size=x.shape).astype(kind)
    out, statistics = residual.residual_layer_norm(x, y, None, None, 0.0, mode)
    small, few = residual.residual_layer_norm(x / 16, y / 16, None, None, 0.0, mode)
    np.testing.assert_array_equal(out, small)
    if kind is np.float32:  # float64 has no room for a mean or a deviation beyond it
        np.testing.assert_array_equal(statistics, few * 16)
        found = residual.residual_layer_norm_backward(grad, x, y, None, statistics, mode)
        less = residual.residual_layer_norm_backward(grad, x / 16, y / 16, None, few, mode)
        for f, e, power in zip(found, less, (16, 16, 1, 1), strict=True):
            np.testing.assert_allclose(f * kind(power), e, rtol=1e-6, atol=1e-43)


@pytest.mark.parametrize("cols", [1, 7, 5000])
def test_constant_rows(kind: type, cols: int) -> None:
    x = constant_rows(kind, cols)
    beta = np.arange(cols).astype(kind)
    out, _ = norm.layer_norm(x, PHI_INV, 1e-5, None, beta)
    np.testing.assert_array_equal(out, np.broadcast_to(beta, x.shape))
    out, _ = norm.batch_norm(x.T.copy()[:, :, None], PHI_INV, 1e-5, None, None)
    np.testing.assert_array_equal(out, 0)


@pytest.mark.parametrize("size", [1, 5, 40_000, pytest.param(100_003, marks=pytest.mark.campaign)])
def test_output_stats(kind: type, size: int) -> None:
    for row in hard_rows(kind, size):
        exact = ExactRow(row)
        mean, variance = norm.output_stats(row)
        error = np.finfo(kind).eps * exact.deviation + 2e-16 * abs(np.longdouble(mean))
        assert abs(mean - np.longdouble(float(exact.mean))) <= 4 * error
        expected = float(exact.var) if exact.var < 2**1000 else variance
        assert variance == pytest.approx(expected, rel=float(8 * np.finfo(kind).eps), abs=1e-300)


@pytest.mark.parametrize("power", [40, 70, 110, -40, -70, -100])
def test_powers_of_two_change_no_bit(kind: type, power: int) -> None:
    """With eps along; float64 goes as far again as its exponents do."""
    power *= 1 if kind is np.float32 else 8
    x = np.random.default_rng(3).uniform(1, 2, size=(300, 50)).astype(kind)
    scaled = np.ldexp(x, power)
    for eps in (0.0, 2.0**-10) if abs(2 * power) < 1000 else (0.0,):
        more = math.ldexp(eps, 2 * power)
        for a, b in (
            (
                norm.layer_norm(x, 1.0, eps, None, None),
                norm.layer_norm(scaled, 1.0, more, None, None),
            ),
            (
                norm.batch_norm(x[:, :, None], 1.0, eps, None, None),
                norm.batch_norm(scaled[:, :, None], 1.0, more, None, None),
            ),
        ):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(np.ldexp(a[1][:2], power), b[1][:2])
            np.testing.assert_array_equal(np.ldexp(a[1][-1], power), b[1][-1])


def test_the_variance_of_float32_is_finite() -> None:
    """Wherever float32 can hold the numbers: so running statistics are, too."""
    largest = 2.0 ** FORMATS["float32"][1]
    x = np.array([largest, -largest] * 600, np.float32)[:, None, None]
    for statistics in (norm.batch_norm_stats(x), norm.batch_norm_stats(x[:100])):
        np.testing.assert_array_equal(statistics[:, 0], [0, 0, largest**2, largest])


def test_threads_do_not_matter(kind: type, threads: Callable[[int], None]) -> None:
    """Among rows that take other ways."""
    x = np.repeat(hard_rows(kind, 4097), 8, axis=0)
    channels = np.ascontiguousarray(x.T)[:, :, None]

    def everything() -> list[bytes]:
        arrays = (
            *norm.layer_norm(x, 1.0, 0.0, None, None),
            *norm.batch_norm(channels, 1.0, 0.0, None, None),
        )
        return [a.tobytes() for a in arrays]

    threads(1)
    alone = everything()
    threads(2)
    assert everything() == alone

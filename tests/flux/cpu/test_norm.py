"""Normalisations on the CPU: exact fractions, NIST's data, brute force, derivatives, torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cpu import norm

# Runs and columns, narrow matrices folded with and without rows left over, n = 1, primes.
BATCHES = [
    (1, 1, 1), (2, 1, 1), (1, 3, 2), (31, 1, 1), (1025, 1, 1), (1031, 3, 1), (33, 5, 7), (4, 67, 1),
    (5, 300, 1), (2, 3, 31), (3, 2, 32), (2, 3, 33), (7, 2, 49), (1, 3, 1023), (2, 1, 1025),
    (1, 1, 5000), (3, 2, 9001), (130, 2, 300), (2100, 70, 1),
]  # fmt: skip
ROWS = [(1, 1), (3, 2), (5, 31), (2, 33), (3, 64), (3, 1023), (40, 1025), (2, 4097), (1, 131_072)]
EMPTY = [(0, 3, 1), (2, 0, 5), (2, 3, 0), (0, 3, 64)]


def normal(kind: type, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(kind)


def exact_moments(x: np.ndarray) -> tuple[float, float]:
    """Return mean and population variance of the given floats, from exact fractions."""
    values = [Fraction(v) for v in x.ravel().tolist()]
    mean = sum(values, Fraction()) / len(values)
    return float(mean), float(sum(((v - mean) ** 2 for v in values), Fraction()) / len(values))


# -- statistics -------------------------------------------------------------------------------


def nist(centre: float, step: float, n: int) -> np.ndarray:
    """Return NumAcc2, 3 or 4 of NIST's StRD (univariate): centre, then centre ± step in turn."""
    return np.array([centre] + [centre - step, centre + step] * ((n - 1) // 2))


NIST = {
    "NumAcc1": (np.array([10000001.0, 10000003.0, 10000002.0]), 10000002, 1),
    "NumAcc2": (nist(1.2, 0.1, 1001), 1.2, 0.1),
    "NumAcc3": (nist(1000000.2, 0.1, 1001), 1000000.2, 0.1),
    "NumAcc4": (nist(10000000.2, 0.1, 1001), 10000000.2, 0.1),
}


def all_statistics(x: np.ndarray) -> list[tuple[float, float]]:
    """Return mean and variance of a vector by every way that leads to them."""
    out = []
    for shape in ((x.size, 1, 1), (1, 1, x.size), (1, x.size)):
        y = x.reshape(shape)
        if len(shape) == 3:
            mean, _, var, _ = norm.batch_norm_stats(y)
            out.append((float(mean[0]), float(var[0])))
        else:
            _, (mean, _, deviation) = norm.layer_norm(y, 1.0, 0.0, None, None)
            out.append((float(mean[0]), float(deviation[0] ** 2)))
    mean, var = norm.output_stats(x)
    return [*out, (mean, var)]


@pytest.mark.parametrize("name", NIST)
def test_nist(name: str) -> None:
    """The certified values hold for decimals; the floats nearest to them have their own."""
    x, mean, deviation = NIST[name]
    exact = exact_moments(x)
    assert exact[0] == pytest.approx(mean, rel=1e-15)
    certified = deviation**2 * (x.size - 1) / x.size
    assert exact[1] == pytest.approx(certified, rel=1e-7)  # NumAcc4's decimals are not floats
    for found in all_statistics(x):
        assert found[0] == pytest.approx(exact[0], rel=2e-16)
        assert found[1] == pytest.approx(exact[1], rel=1e-13)


@pytest.mark.parametrize("n", [1, 2, 31, 33, 1023, 1025, 20_011])
@pytest.mark.parametrize("centre", [0.0, 1e8, -3e12])
def test_noise_on_a_large_mean(n: int, centre: float) -> None:
    x = centre + normal(np.float64, n)
    exact = exact_moments(x)
    for found in all_statistics(x):
        assert found[0] == pytest.approx(exact[0], rel=4e-16, abs=1e-16)
        if n > 1 or np.isfinite(found[1]):
            assert found[1] == pytest.approx(exact[1], rel=1e-11, abs=1e-300)


@pytest.mark.campaign
@pytest.mark.parametrize("shape", [(40, 2, 300), (60, 3, 128), (2000, 2, 1), (3, 2, 9000)])
def test_noise_on_a_large_mean_in_channels(shape: tuple[int, int, int]) -> None:
    """However a channel is cut into chunks."""
    x = 1e8 + normal(np.float64, *shape)
    mean, _, var, _ = norm.batch_norm_stats(x)
    for c in range(shape[1]):
        exact = exact_moments(x[:, c])
        assert mean[c] == pytest.approx(exact[0], rel=2e-16)
        assert var[c] == pytest.approx(exact[1], rel=1e-12)


def test_noise_on_a_large_mean_in_float32() -> None:
    """Mean over deviation 10^4: float32 arithmetic would leave nothing of the variance."""
    x = (1e4 + normal(np.float64, 20_011)).astype(np.float32)
    exact = exact_moments(x)
    for found in all_statistics(x):
        assert found[0] == pytest.approx(exact[0], rel=1e-7)
        assert found[1] == pytest.approx(exact[1], rel=3e-7)


def test_a_constant_has_no_variance(kind: type) -> None:
    """But for the square of a rounding error of the mean."""
    for value in (0.1, 1e8 / 3, -PHI_INV):
        for n in (1, 3, 100, 5000):
            for _, var in all_statistics(np.full(n, value, kind))[:2]:
                assert var <= (2e-16 * value) ** 2


def test_a_wide_range_of_means() -> None:
    """Stretches a thousand apart, which merging brings together."""
    x = normal(np.float64, 50_000) + 1000 * (np.arange(50_000) // 777)
    exact = exact_moments(x)
    for found in all_statistics(x):
        assert found == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("shape", BATCHES)
def test_batch_statistics(kind: type, shape: tuple[int, int, int]) -> None:
    x = 1000 + normal(kind, *shape)
    statistics = norm.batch_norm_stats(x)
    assert (statistics.dtype, statistics.shape) == (np.float64, (4, shape[1]))
    mean, _, var, deviation = statistics
    np.testing.assert_array_equal(deviation, np.sqrt(var))
    eps = float(np.finfo(kind).eps)
    for c in range(min(shape[1], 5)):
        exact = exact_moments(x[:, c])
        assert float(mean[c]) == pytest.approx(exact[0], rel=eps)
        assert float(var[c]) == pytest.approx(exact[1], rel=max(eps, 1e-12), abs=1e-300)


# -- forward ----------------------------------------------------------------------------------


def batch_reference(x: np.ndarray, target: float, eps: float, gamma: Any, beta: Any) -> np.ndarray:
    z = x.astype(np.longdouble)
    mean = z.mean((0, 2), keepdims=True)
    out = (z - mean) * np.sqrt(target / (((z - mean) ** 2).mean((0, 2), keepdims=True) + eps))
    out = out if gamma is None else out * gamma[:, None]
    return out if beta is None else out + beta[:, None]


@pytest.mark.parametrize("shape", BATCHES)
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm(kind: type, shape: tuple[int, int, int], affine: bool) -> None:
    x = normal(kind, *shape) * 3 + 2
    gamma, beta = normal(kind, 2, shape[1], seed=4) if affine else (None, None)
    out, statistics = norm.batch_norm(x, PHI_INV, 1e-3, gamma, beta)
    assert out.dtype == kind
    # The mean and the scale are rounded to the dtype, relative to deviations of 3 and less.
    exact = batch_reference(x, PHI_INV, 1e-3, gamma, beta)
    np.testing.assert_allclose(out, exact, 16 * np.finfo(kind).eps, 30 * np.finfo(kind).eps)
    again = norm.batch_norm_apply(x, statistics, PHI_INV, 1e-3, gamma, beta)
    np.testing.assert_allclose(again, out, 4 * np.finfo(kind).eps, 16 * np.finfo(kind).eps)
    np.testing.assert_array_equal(statistics, norm.batch_norm_stats(x))


@pytest.mark.parametrize("shape", ROWS)
@pytest.mark.parametrize("affine", [False, True])
def test_layer_norm(kind: type, shape: tuple[int, int], affine: bool) -> None:
    x = normal(kind, *shape) * 3 + 2
    gamma, beta = normal(kind, 2, shape[1], seed=4) if affine else (None, None)
    out, statistics = norm.layer_norm(x, PHI_INV, 1e-3, gamma, beta)
    mean, _, deviation = statistics
    z = x.astype(np.longdouble)
    centre = z.mean(1, keepdims=True)
    factor = 1 / np.sqrt(((z - centre) ** 2).mean(1, keepdims=True) + 1e-3)
    exact = (z - centre) * factor * math.sqrt(PHI_INV)
    exact = exact * gamma + beta if affine else exact
    eps = np.finfo(kind).eps
    assert (out.dtype, statistics.dtype) == (kind, np.float64)
    np.testing.assert_allclose(out, exact, 16 * eps, 30 * eps)
    np.testing.assert_allclose(mean, centre[:, 0], 2 * eps, 1e-15)
    np.testing.assert_allclose(1 / deviation, factor[:, 0], 4 * eps)


def test_the_variance_becomes_the_target() -> None:
    """t·var/(var + eps), in real arithmetic exactly."""
    x, eps = 5 + 2 * normal(np.float64, 40, 6, 50), 1e-2
    for target in (PHI_INV, 1.0, 3.0):
        out, (_, _, var, _) = norm.batch_norm(x, target, eps, None, None)
        mean, _, found, _ = norm.batch_norm_stats(out)
        np.testing.assert_allclose(mean, 0, atol=1e-15)
        np.testing.assert_allclose(found, target * var / (var + eps), rtol=1e-14)


@pytest.mark.parametrize("shape", EMPTY)
def test_empty(kind: type, shape: tuple[int, int, int]) -> None:
    x, c = np.zeros(shape, kind), shape[1]
    out, statistics = norm.batch_norm(x, 1.0, 1e-5, None, None)
    assert (out.shape, statistics.shape) == (shape, (4, c))
    assert np.isnan(statistics).all()
    dx, dgamma, dbeta = norm.batch_norm_backward(x, x, statistics, 1.0, 1e-5, None, True)
    assert (dx.shape, dgamma.shape, dbeta.shape) == (shape, (c,), (c,))
    assert not dbeta.any()
    rows = x.reshape(shape[0], shape[1] * shape[2])
    out, statistics = norm.layer_norm(rows, 1.0, 1e-5, None, None)
    dx, dgamma, dbeta = norm.layer_norm_backward(rows, rows, 1.0, None, statistics)
    assert out.shape == dx.shape == rows.shape
    assert statistics.shape == (3, len(rows))
    assert dgamma.shape == dbeta.shape == rows.shape[1:]
    assert np.isnan(norm.output_stats(x)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(40, 5, 1), (7, 5, 4), (3, 5, 40), (2, 5, 5000)])
def test_nan_and_infinity_stay_in_their_channel(
    kind: type, value: float, shape: tuple[int, int, int]
) -> None:
    x = normal(kind, *shape)
    clean = norm.batch_norm(x, 1.0, 1e-5, None, None)
    x[-1, 2, -1] = value
    out, statistics = norm.batch_norm(x, 1.0, 1e-5, None, None)
    assert np.isnan(out[:, 2]).all()
    assert not np.isfinite(statistics[0, 2])
    assert np.isnan(statistics[2:, 2]).all()
    for found, before in zip((out, statistics), clean, strict=True):
        np.testing.assert_array_equal(np.delete(found, 2, 1), np.delete(before, 2, 1))
    dx, dgamma, _ = norm.batch_norm_backward(x, x, statistics, 1.0, 1e-5, None, True)
    assert np.isnan(dx[:, 2]).all()
    assert np.isnan(dgamma[2])
    assert np.isfinite(np.delete(dx, 2, 1)).all()
    row, good = np.array([[1, value, 2]], kind), np.array([[1, 2, 3]], kind)
    out = norm.layer_norm(np.concatenate([row, good]), 1.0, 1e-5, None, None)[0]
    assert np.isnan(out[0]).all()
    assert np.isfinite(out[1]).all()
    assert np.isnan(norm.output_stats(x)[1])


# -- backward ---------------------------------------------------------------------------------


def slopes(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, grad: np.ndarray) -> Any:
    """Return central differences of Σ grad·function; their error is of order h²."""
    result, h = np.empty_like(at), 1e-5
    for i in range(at.size):
        step = np.zeros_like(at)
        step.flat[i] = h
        result.flat[i] = ((function(at + step) - function(at - step)) * grad).sum() / (2 * h)
    return result


@pytest.mark.parametrize("shape", [(5, 3, 1), (4, 2, 3), (2, 2, 33), (6, 1, 1)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_backward(shape: tuple[int, int, int], training: bool) -> None:
    x, grad = normal(np.float64, *shape) + 3, normal(np.float64, *shape, seed=1)
    gamma, beta = normal(np.float64, 2, shape[1], seed=2)
    t, eps = PHI_INV, 0.01
    statistics = norm.batch_norm_stats(x)
    if not training:
        mean, low, var, _ = statistics
        statistics = np.stack([mean + 0.3, low, var * 2, np.sqrt(var * 2)])

    def forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
        if training:
            return norm.batch_norm(x, t, eps, gamma, beta)[0]
        return norm.batch_norm_apply(x, statistics, t, eps, gamma, beta)

    found = norm.batch_norm_backward(grad, x, statistics, t, eps, gamma, training)
    expected = (
        slopes(lambda v: forward(v, gamma, beta), x, grad),
        slopes(lambda v: forward(x, v, beta), gamma, grad),
        slopes(lambda v: forward(x, gamma, v), beta, grad),
    )
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, atol=1e-8)
    ones = np.ones_like(gamma)
    for f, e in zip(
        norm.batch_norm_backward(grad, x, statistics, t, eps, None, training),
        norm.batch_norm_backward(grad, x, statistics, t, eps, ones, training),
        strict=True,
    ):
        np.testing.assert_array_equal(f, e)


@pytest.mark.parametrize("shape", [(4, 5), (3, 33), (1, 2)])
def test_layer_norm_backward(shape: tuple[int, int]) -> None:
    x, grad = normal(np.float64, *shape) + 3, normal(np.float64, *shape, seed=1)
    gamma, beta = normal(np.float64, 2, shape[1], seed=2)
    _, statistics = norm.layer_norm(x, PHI_INV, 0.01, gamma, beta)
    found = norm.layer_norm_backward(grad, x, PHI_INV, gamma, statistics)
    forward = lambda *v: norm.layer_norm(v[0], PHI_INV, 0.01, v[1], v[2])[0]  # noqa: E731
    expected = (
        slopes(lambda v: forward(v, gamma, beta), x, grad),
        slopes(lambda v: forward(x, v, beta), gamma, grad),
        slopes(lambda v: forward(x, gamma, v), beta, grad),
    )
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, atol=1e-8)


@pytest.mark.parametrize("shape", BATCHES[3:])
def test_torch_agrees_on_batches(kind: type, shape: tuple[int, int, int]) -> None:
    """Values and gradients, from torch in float64; torch has the target in gamma."""
    torch = pytest.importorskip("torch")
    x, grad = normal(kind, *shape), normal(kind, *shape, seed=1)
    gamma, beta = normal(kind, 2, shape[1], seed=2)
    wide = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in (x, gamma, beta)]
    root = math.sqrt(PHI_INV)
    exact = torch.nn.functional.batch_norm(
        wide[0], None, None, wide[1] * root, wide[2], training=True, eps=1e-2
    )
    by = torch.autograd.grad(exact, wide, torch.tensor(grad.astype(np.float64)))
    out, statistics = norm.batch_norm(x, PHI_INV, 1e-2, gamma, beta)
    found = norm.batch_norm_backward(grad, x, statistics, PHI_INV, 1e-2, gamma, True)
    close_to_torch(kind, (out, *found), (exact.detach(), *by))


@pytest.mark.parametrize("shape", ROWS[1:])
def test_torch_agrees_on_rows(kind: type, shape: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    x, grad = normal(kind, *shape), normal(kind, *shape, seed=1)
    gamma, beta = normal(kind, 2, shape[1], seed=2)
    wide = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in (x, gamma, beta)]
    exact = torch.nn.functional.layer_norm(
        wide[0], shape[1:], wide[1] * math.sqrt(PHI_INV), wide[2], 1e-2
    )
    by = torch.autograd.grad(exact, wide, torch.tensor(grad.astype(np.float64)))
    out, statistics = norm.layer_norm(x, PHI_INV, 1e-2, gamma, beta)
    found = norm.layer_norm_backward(grad, x, PHI_INV, gamma, statistics)
    close_to_torch(kind, (out, *found), (exact.detach(), *by))


def close_to_torch(kind: type, found: tuple[Any, ...], exact: tuple[Any, ...]) -> None:
    """Compare relative to the largest element: sums over up to 10^5 terms cancel."""
    for f, e in zip(found, exact, strict=True):
        assert f.dtype == kind
        bound = 64 * np.finfo(kind).eps * max(1.0, abs(e.numpy()).max())
        np.testing.assert_allclose(f, e.numpy(), 0, bound)


# -- memory and threads -----------------------------------------------------------------------


@pytest.mark.campaign
def test_nothing_given_is_written(kind: type) -> None:
    for shape in ((6, 3, 1), (2, 3, 40)):
        x, grad = normal(kind, *shape), normal(kind, *shape, seed=1)
        gamma, beta = normal(kind, 2, 3)
        expected = norm.batch_norm(x, 1.0, 1e-5, gamma, beta)[0]
        for v in (x, grad, gamma, beta):
            v.flags.writeable = False
        out, statistics = norm.batch_norm(x, 1.0, 1e-5, gamma, beta)
        np.testing.assert_array_equal(out, expected)
        statistics.flags.writeable = False
        norm.batch_norm_backward(grad, x, statistics, 1.0, 1e-5, gamma, True)
        rows = x.reshape(-1, 3)
        _, statistics = norm.layer_norm(rows, 1.0, 1e-5, gamma, beta)
        statistics.flags.writeable = False
        norm.layer_norm_backward(grad.reshape(-1, 3), rows, 1.0, gamma, statistics)
        norm.output_stats(x)


SPLIT = [(5000, 70, 1), (60_001, 3, 1), (40, 30, 300), (3, 2, 60_000), (100, 60, 49)]


@pytest.mark.parametrize("shape", SPLIT)
def test_threads_do_not_change_a_bit(
    kind: type, threads: Callable[[int], None], shape: tuple[int, int, int]
) -> None:
    x, grad = normal(kind, *shape), normal(kind, *shape, seed=1)
    gamma, beta = normal(kind, 2, shape[1], seed=2)

    def everything() -> list[bytes]:
        out, statistics = norm.batch_norm(x, PHI_INV, 1e-5, gamma, beta)
        rows, g = x.reshape(-1, shape[1] * shape[2]), grad.reshape(-1, shape[1] * shape[2])
        normed, by_row = norm.layer_norm(rows, PHI_INV, 1e-5, None, None)
        arrays = [
            out, statistics, normed, by_row, norm.output_stats(x),
            *norm.batch_norm_backward(grad, x, statistics, 1.0, 1e-5, gamma, True),
            *norm.layer_norm_backward(g, rows, 1.0, None, by_row),
        ]  # fmt: skip
        return [v.tobytes() for v in arrays]

    threads(1)
    alone = everything()
    for n in (2, 5):
        threads(n)
        assert everything() == alone


def test_channels_do_not_depend_on_their_neighbours(kind: type) -> None:
    """A channel is bitwise the same among others and alone, where the layout is the same."""
    for shape in ((50, 300, 1), (4, 50, 64), (3, 9, 7)):
        x = normal(kind, *shape)
        out, statistics = norm.batch_norm(x, 1.0, 1e-5, None, None)
        part = np.ascontiguousarray(x[:, 1 : shape[1] // 2])
        alone = norm.batch_norm(part, 1.0, 1e-5, None, None)
        np.testing.assert_array_equal(out[:, 1 : shape[1] // 2], alone[0])
        np.testing.assert_array_equal(statistics[:, 1 : shape[1] // 2], alone[1])

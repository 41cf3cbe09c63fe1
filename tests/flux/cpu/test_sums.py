"""Reductions in lanes: bit by bit in the documented order, and nothing read outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from syntonic.flux.cpu import sums
from syntonic.jit.compile import njit

SIZES = [*range(36), 47, 63, 64, 65, 79, 127, 128, 129, 144, 200, 255, 256, 257, 1000]


@njit
def _sum_of(x: Any) -> Any:
    return sums.sum_of(x)


@njit
def _largest(x: Any) -> Any:
    return sums.largest(x)


@njit
def _dot(x: Any, y: Any) -> Any:
    return sums.dot(x, y)


@njit
def _sum_deviations(x: Any, mean: Any) -> Any:
    return sums.sum_deviations(x, mean)


@njit
def _sum_products(g: Any, x: Any, mean: Any) -> Any:
    return sums.sum_products(g, x, mean)


@njit
def _sum_scaled(g: Any, x: Any, gamma: Any, mean: Any) -> Any:
    return sums.sum_scaled(g, x, gamma, mean)


def in_order(terms: np.ndarray) -> float:
    """Add up in the order that the module documents."""
    total, n = np.zeros(16), terms.size
    most, full = n // 128 * 128, n // 16 * 16
    for i in range(0, most, 128):
        a, b, c, d, e, f, g, h = terms[i : i + 128].reshape(8, 16)
        total += ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(most, full, 16):
        total += terms[i : i + 16]
    rest = terms[full:]
    if rest.size:
        places = slice(0, n) if n < 16 else slice(16 - rest.size, 16)
        total[places] += rest
    for width in (8, 4, 2, 1):
        total = total[:width] + total[width : 2 * width]
    return total[0]


@pytest.fixture(params=SIZES)
def arrays(request: pytest.FixtureRequest, kind: type) -> Callable[[], np.ndarray]:
    """Return a function that gives random arrays with NaN on both sides."""
    rng = np.random.default_rng(request.param)

    def one() -> np.ndarray:
        x = np.full(request.param + 64, np.nan, kind)
        x[32:-32] = rng.normal(size=request.param)
        return x[32:-32]

    return one


def test_sums(arrays: Callable[[], np.ndarray], kind: type) -> None:
    x, g, gamma, mean = arrays(), arrays(), arrays(), kind(0.3)
    d = x - mean
    assert _sum_of(x) == in_order(x)
    assert _dot(x, g) == in_order(x * g)
    assert _sum_deviations(x, mean) == (in_order(d), in_order(d * d))
    assert _sum_products(g, x, mean) == (in_order(g), in_order(g * d))
    t = g * gamma
    assert _sum_scaled(g, x, gamma, mean) == (in_order(t), in_order(t * d))


def test_largest(arrays: Callable[[], np.ndarray]) -> None:
    x = arrays() - 100
    found = _largest(x)
    assert found == x.max(initial=-np.inf)
    for i in range(x.size):
        y = x.copy()
        y[i] = 5
        assert _largest(y) == 5


def test_nan_and_infinity(kind: type) -> None:
    """A sum with them is NaN or infinite; the maximum of infinities is one."""
    for n in (5, 16, 23, 70):
        for i in (0, n // 2, n - 1):
            x = np.zeros(n, kind)
            x[i] = np.nan
            assert np.isnan(_sum_of(x))
            x[i] = np.inf
            assert _sum_of(x) == np.inf
            assert _largest(x) == np.inf
        assert _largest(np.full(n, -np.inf, kind)) == -np.inf

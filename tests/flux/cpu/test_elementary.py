"""The compiled elementary functions against mpmath, in ulp, and their special values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from syntonic.flux.cpu import elementary
from syntonic.flux.cpu.normal_tail import TAIL_CENTRE, TAIL_F32, TAIL_F64
from syntonic.jit.compile import njit

RNG = np.random.default_rng(3)


@njit
def _exp_below(x: Any, out: Any) -> None:
    for i in range(x.size):
        out[i] = elementary.exp_below(x[i])


@njit
def _log(x: Any, out: Any) -> None:
    for i in range(x.size):
        out[i] = elementary.log(x[i])


@njit
def _gelu(x: Any, out: Any) -> None:
    for i in range(x.size):
        out[i] = elementary.gelu(x[i])


@njit
def _gelu_slope(x: Any, out: Any) -> None:
    for i in range(x.size):
        out[i] = elementary.gelu_slope(x[i])


def gelu(x: mpf) -> mpf:
    return x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def gelu_slope(x: mpf) -> mpf:
    return gelu(x) / x + x * mpmath.npdf(x) if x else mpf(0.5)


def apply(loop: Any, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    loop(x, out)
    return out


def errors(x: np.ndarray, out: np.ndarray, exact: Callable[[mpf], mpf]) -> np.ndarray:
    """Return the errors in ulp of the exact value."""
    with mpmath.workprec(180):
        values = [exact(mpf(v)) for v in x.tolist()]
        spacing = np.spacing(np.array([abs(float(v)) for v in values], x.dtype))
        rows = zip(values, out.tolist(), spacing.tolist(), strict=True)
        return np.array([float(abs(v - o) / s) for v, o, s in rows])


def spread(kind: type, low: float, high: float) -> np.ndarray:
    """Return numbers from [low, high], crowded around 0 and around ±1."""
    parts = [RNG.uniform(low, high, 1500), RNG.normal(size=1000), RNG.normal(0, 1e-3, 300)]
    x = np.concatenate([*parts, 1 + RNG.normal(0, 0.3, 300), np.linspace(low, high, 65)])
    return x.clip(low, high).astype(kind)


TAIL = {np.float32: (-12.8, 20), np.float64: (-37.3, 45)}  # Φ(x) is normal


@pytest.mark.campaign
def test_exp_below(kind: type) -> None:
    x = spread(kind, {np.float32: -87.2, np.float64: -708.2}[kind], 0)
    assert errors(x, apply(_exp_below, x), mpmath.exp).max() <= 1
    x = np.array([0, -0.0, -750, -np.inf, -1e30, np.nan], kind)
    np.testing.assert_array_equal(apply(_exp_below, x), [1, 1, 0, 0, 0, np.nan])


@pytest.mark.campaign
def test_log(kind: type) -> None:
    info = np.finfo(kind)
    small, large = np.log(float(info.smallest_subnormal)), np.log(float(info.max))
    wide = np.exp(RNG.uniform(small, large, 1500).clip(small, 0.999 * large))
    x = np.concatenate([wide, np.exp(RNG.normal(0, 0.4, 1500)), [info.tiny, info.max, 2, 1.5]])
    x = x.astype(kind)
    x = x[x > 0]
    assert errors(x, apply(_log, x), lambda v: mpmath.log(v) if v != 1 else v - 1).max() <= 2


def test_log_of_special_values(kind: type) -> None:
    x = np.array([0, -0.0, 1, np.inf, np.nan], kind)
    np.testing.assert_array_equal(apply(_log, x), [-np.inf, -np.inf, 0, np.inf, np.nan])


@pytest.mark.campaign
def test_gelu(kind: type) -> None:
    x = spread(kind, *TAIL[kind])
    assert errors(x, apply(_gelu, x), gelu).max() <= 4


def test_gelu_of_special_values(kind: type) -> None:
    x = np.array([0, -0.0, -50, 50, np.inf, -np.inf, np.nan], kind)
    out = apply(_gelu, x)
    np.testing.assert_array_equal(out, [0, -0.0, -0.0, 50, np.inf, np.nan, np.nan])
    assert np.signbit(out).tolist()[:4] == [False, True, True, False]


@pytest.mark.campaign
def test_gelu_slope(kind: type) -> None:
    """In ulp of 1: the slope has a root at -0.75."""
    x = spread(kind, *TAIL[kind])
    with mpmath.workprec(180):
        exact = np.array([float(gelu_slope(mpf(v))) for v in x.tolist()])
    error = abs(apply(_gelu_slope, x) - exact)
    assert (error <= 4 * np.finfo(kind).eps * np.maximum(abs(exact), 0.5)).all()


@pytest.mark.parametrize(("tail", "end"), [(TAIL_F32, 15), (TAIL_F64, 40)])
def test_tail_coefficients(tail: tuple[float, ...], end: int) -> None:
    """Interpolate F in Chebyshev's points again."""
    with mpmath.workdps(60):
        k, n = TAIL_CENTRE, len(tail)
        top = mpf(end - k) / (end + k)
        points = [mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * n)) for i in range(n)]
        ts = [(top - 1) / 2 + (top + 1) / 2 * p for p in points]
        powers = mpmath.matrix(n, n)
        values = mpmath.matrix(n, 1)
        for i, t in enumerate(ts):
            a = k * (1 + t) / (1 - t)
            values[i] = (a + k) * mpmath.exp(a * a / 2) * mpmath.erfc(a / mpmath.sqrt(2)) / 2
            for j in range(n):
                powers[i, j] = t**j
        solution = mpmath.lu_solve(powers, values)
        assert [float(c) for c in solution] == list(tail)

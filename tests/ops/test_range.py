"""Normalisations of exact and of extreme numbers: no scale and no mean is too large."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from syntonic import (
    GoldenBatchNormConfig,
    GoldenBatchNormState,
    GoldenExact,
    GoldenNormMode,
    ResonantTensor,
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
    phi_residual_layernorm,
)

SCALES = [10**n for n in (0, 150, 200, 400)] + [Fraction(1, 10**n) for n in (150, 200, 400)]
ROW = [1, -1, 2, 0]


def standardized(row: list[GoldenExact], eps: float = 0.0) -> list[float]:
    """The definition in 60 digits, by mpmath."""
    with mpmath.workdps(60):
        phi = (1 + mpmath.sqrt(5)) / 2
        values = []
        for x in row:
            a, b = Fraction(x.a), Fraction(x.b)
            values.append(
                mpmath.mpf(a.numerator) / a.denominator + phi * b.numerator / b.denominator
            )
        mean = sum(values) / len(values)
        var = sum((v - mean) ** 2 for v in values) / len(values)
        return [float((v - mean) / mpmath.sqrt(var + mpmath.mpf(eps))) for v in values]


def assert_near(found: ResonantTensor, expected: list[float]) -> None:
    """Within what a snap under precision 10^6 leaves."""
    np.testing.assert_allclose(found.to_floats().ravel(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("eps", [0.0, 1e-320])
def test_exact_rows_of_any_scale(scale: Fraction, eps: float) -> None:
    x = ResonantTensor([[n * GoldenExact(scale) for n in ROW]], precision=10**6)
    expected = standardized([GoldenExact(scale) * n for n in ROW], eps)
    options = {"mode": "standard", "eps": eps}
    assert_near(golden_layer_norm(x, **options), expected)
    assert_near(golden_batch_norm_1d(x.T, **options), expected)
    assert_near(golden_batch_norm_2d(x.reshape(1, 1, 2, 2), **options), expected)
    zero = ResonantTensor(x - x, precision=10**6)
    assert_near(phi_residual_layernorm(x, zero, eps=eps, mode="standard"), expected)


def test_eps_counts_where_it_is_larger_than_the_variance() -> None:
    tiny = GoldenExact(Fraction(1, 10**200))
    x = ResonantTensor([[n * tiny for n in ROW]], precision=10**6)
    assert_near(golden_layer_norm(x, eps=1e-5), [0] * 4)
    assert_near(
        golden_layer_norm(x, mode=GoldenNormMode(1.0), eps=0), standardized([tiny * n for n in ROW])
    )


def test_rows_of_several_scales_do_not_disturb_each_other() -> None:
    rows = [[n * GoldenExact(s) for n in ROW] for s in (10**400, 1, Fraction(1, 10**400))]
    together = golden_layer_norm(ResonantTensor(rows, precision=10**6), mode="standard", eps=0)
    for i, row in enumerate(rows):
        assert_near(together[i], standardized(row))


def test_only_a_constant_has_no_variance() -> None:
    tiny = GoldenExact(Fraction(3, 16 * 10**400))
    golden_layer_norm(ResonantTensor([[tiny, 0, 0, 0]]), eps=0)
    with pytest.raises(ValueError, match="1 constant slices"):
        golden_layer_norm(ResonantTensor([[tiny, 0], [tiny, tiny]]), eps=0)


@pytest.mark.parametrize("mean", [0, 10**8, 10**12, GoldenExact(10**15, 10**15)])
def test_running_statistics_of_a_large_mean(mean: GoldenExact) -> None:
    """x - running mean is exact: a difference of rounded numbers would lose its digits."""
    state = GoldenBatchNormState(GoldenBatchNormConfig(1, mode="standard", eps=0, affine=False))
    x = ResonantTensor([[mean + Fraction(n, 8)] for n in range(9)], precision=10**9)
    state.load_state_dict(
        {
            "running_mean": [float(mean)],
            "running_var": [0.25],
            "num_batches_tracked": 1,
        }
    )
    out = state.forward(x, training=False)
    error = GoldenExact.from_float_exact(float(mean)) - mean
    expected = [float((Fraction(n, 8) - error) * 2) for n in range(9)]
    np.testing.assert_allclose(out.to_floats().ravel(), expected, rtol=1e-15, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_statistics_stay_finite(dtype: type) -> None:
    """While the variance of the batch is a float64."""
    state = GoldenBatchNormState(2)
    size = float(np.finfo(np.float32).max)
    x = np.array([[size, 1e-38], [-size, -1e-38], [size, 1e-38], [-size, -1e-38]], dtype)
    for _ in range(3):
        out = state.forward(ResonantTensor.from_flux(x))
        assert np.isfinite(out.flux_array).all()
    assert np.isfinite(state.running_mean).all()
    assert np.isfinite(state.running_var).all()
    assert np.isfinite(state.forward(ResonantTensor.from_flux(x), training=False).flux_array).all()

"""Exact statistics of crystallized tensors as the oracle for those of flux, in ulp.

The inputs are integers and dyadic fractions, so that the floats are the exact numbers and every
difference is an error of the kernels.
"""

from fractions import Fraction

import numpy as np
import pytest

from syntonic import (
    GoldenBatchNormConfig,
    GoldenBatchNormState,
    ResonantTensor,
    component_norms,
    golden_layer_norm,
    output_stats,
    phi_residual,
)

SHAPES = [(2, 1), (31, 3), (1023, 2), (1025, 1), (4, 2, 33), (3, 2, 7, 19)]
OFFSETS = [0, 2**20, 10**8]
MEAN_ULP, VARIANCE_ULP = 1, 8


def exact_numbers(shape, offset, seed=0):
    """offset + k/64 with |k| < 2^10: below 2^43 in units of 1/64, so exact in float64."""
    k = np.random.default_rng(seed).integers(-1023, 1024, shape)
    return ResonantTensor(k) / 64 + offset


def ulps(found, exact):
    """How far floats are from exact rationals, in units in the last place of the exact ones."""
    errors = []
    for value, wanted in zip(np.ravel(found).tolist(), np.ravel(np.asarray(exact)), strict=True):
        true = Fraction(int(wanted.a.numerator), int(wanted.a.denominator))
        if true:
            errors.append(
                float(abs(Fraction(value) - true) / Fraction(np.spacing(float(abs(true)))))
            )
        else:
            assert abs(value) < 1e-9
    return max(errors, default=0.0)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_statistics(flux, shape, offset):
    x = exact_numbers(shape, offset)
    config = GoldenBatchNormConfig(shape[1], momentum=1.0, unbiased=False)
    state = GoldenBatchNormState(config)
    state.forward(flux(x.to_floats()))
    kept = state.state_dict()
    over = tuple(i for i in range(len(shape)) if i != 1)
    if offset:  # a mean near zero has no digits to be right in
        assert ulps(kept["running_mean"], x.mean(over)) <= MEAN_ULP
    assert ulps(kept["running_var"], x.var(over)) <= VARIANCE_ULP


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("shape", SHAPES)
def test_statistics_of_a_whole_tensor(flux, shape, offset):
    x = exact_numbers(shape, offset)
    found = output_stats(flux(x.to_floats()))
    if offset:
        assert ulps(found.mean, x.mean()) <= MEAN_ULP
    assert ulps(found.variance, x.var()) <= VARIANCE_ULP


@pytest.mark.parametrize("columns", [2, 31, 33, 1023, 1025])
@pytest.mark.parametrize("offset", OFFSETS)
def test_layer_norm_of_exact_rows(flux, columns, offset):
    """The cycle at a fine precision is the oracle: its statistics are exact."""
    x = exact_numbers((3, columns), offset)
    x = ResonantTensor(x, precision=10**9)
    wanted = golden_layer_norm(x).to_floats()
    found = golden_layer_norm(flux(x.to_floats())).to_device("cpu").flux_array
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-8)


def test_norms_and_residuals(flux):
    x, y = exact_numbers((77,), 3), exact_numbers((77,), -2, seed=1)
    exact = component_norms(x, y, "standard")
    found = component_norms(flux(x.to_floats()), flux(y.to_floats()), "standard")
    for mine, wanted in zip(found, exact, strict=True):
        assert abs(mine - wanted) <= 2 * np.spacing(wanted)
    for mode in ("phi", "phi_symmetric", "standard"):
        wanted = phi_residual(x, y, mode).to_floats()
        out = phi_residual(flux(x.to_floats()), flux(y.to_floats()), mode)
        scale = np.abs(x.to_floats()) + np.abs(y.to_floats())
        assert np.all(np.abs(out.to_device("cpu").flux_array - wanted) <= np.spacing(scale))

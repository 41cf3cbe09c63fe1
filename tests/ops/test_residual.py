"""Residual connections: exact laws, and flux against plain formulas in long double."""

import itertools
from fractions import Fraction
from math import erf, sqrt

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import syntonic
from syntonic import (
    PHI,
    PHI_INV,
    DeviceError,
    PhaseError,
    PhiResidualMode,
    ResonantTensor,
    ShapeError,
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
)
from syntonic.constants import RESIDUAL_MODES
from syntonic.testing import resonant_tensors

MODES = ["phi", "phi_symmetric", "standard"]
OPERATIONS = [phi_residual, phi_residual_relu, phi_residual_gelu, phi_residual_layernorm]


def coefficients(mode, one=1, inverse=PHI_INV):
    """(α, β) of α·identity + β·residual."""
    return {"phi": (one, inverse), "phi_symmetric": (inverse, inverse), "standard": (one, one)}[
        mode
    ]


def values(t):
    return t.to_device("cpu").flux_array


def draws(shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# -- exact --------------------------------------------------------------------------------


@given(data=st.data(), mode=st.sampled_from(MODES))
def test_exact_in_every_mode(data, mode):
    identity = data.draw(resonant_tensors())
    residual = identity * 3 - 1
    alpha, beta = coefficients(mode)
    out = phi_residual(identity, residual, mode)
    assert out.equals(identity * alpha + residual * beta)
    assert out.precision == identity.precision


def test_the_norm_ratio_of_equal_paths_is_exactly_half_of_phi():
    x = ResonantTensor([3, PHI, Fraction(-7, 5) + PHI])
    golden, standard = phi_residual(x, x), phi_residual(x, x, "standard")
    assert golden.equals(standard * PHI / 2)
    assert ((golden**2).sum() / (standard**2).sum()).item() == (PHI / 2) ** 2


def test_symmetric_is_golden_over_phi_for_equal_paths():
    x = ResonantTensor([1, PHI, -5])
    assert phi_residual(x, x, "phi_symmetric").equals(x * 2 / PHI)


def test_it_is_a_static_method_too():
    x = ResonantTensor([1, PHI])
    assert ResonantTensor.phi_residual(x, x).equals(x * PHI)
    assert ResonantTensor.phi_residual_relu is phi_residual_relu
    assert ResonantTensor.phi_residual_relu(x, x).equals((x * PHI).relu())
    assert x.phi_residual(x, x, "standard").equals(2 * x)


def test_relu_is_exact():
    x, y = ResonantTensor([1, -2, 0]), ResonantTensor([-PHI, PHI, 0])
    assert phi_residual_relu(x, y).equals(ResonantTensor([0, 0, 0]))
    near = phi_residual_relu(ResonantTensor([-1]), ResonantTensor([PHI + Fraction(1, 10**40)]))
    assert near.item() == PHI_INV * Fraction(1, 10**40)


@pytest.mark.parametrize("mode", MODES)
def test_gelu_cycles_once(mode):
    x, y = ResonantTensor([[1, -2], [0, 3]]), ResonantTensor([[PHI, 1], [-PHI, 2]], precision=500)
    out = phi_residual_gelu(x, y, mode)
    total = phi_residual(x, y, mode).to_floats()
    wanted = [0.5 * s * (1 + erf(s / sqrt(2))) for s in total.flat]
    assert np.abs(out.to_floats().ravel() - wanted).max() < 1 / 500
    assert out.precision == 500
    assert max(abs(b) for b in out.b.flat) <= 500


def test_layernorm_cycles_with_exact_statistics():
    # 10^15 and a unit of spread: float64 statistics of the floats would be noise.
    x = ResonantTensor([[10**15 + k for k in (0, 1, 2, 3)]], precision=1000)
    out = phi_residual_layernorm(x, x - x, eps=0, mode="standard")
    wanted = (np.arange(4) - 1.5) / np.sqrt(1.25)
    np.testing.assert_allclose(out.to_floats()[0], wanted, atol=1e-3)
    assert out.sum().item() == 0 or abs(float(out.sum().item())) < 1e-2


# -- flux ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (31,), (5, 7), (3, 1, 1025)])
def test_flux_to_the_last_bits(flux, mode, shape):
    x, y = draws(shape), draws(shape, 1)
    out = phi_residual(flux(x), flux(y), mode)
    alpha, beta = coefficients(mode, np.longdouble(1), 1 / ((1 + np.sqrt(np.longdouble(5))) / 2))
    wanted = (alpha * x + beta * y).astype(np.float64)
    scale = np.spacing(np.abs(x) + np.abs(y))
    assert out.shape == shape
    assert np.all(np.abs(values(out) - wanted) <= scale)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_dtype_device_and_metadata_stay(flux, operation, dtype):
    x, y = (flux(draws((4, 6), i), dtype) for i in (0, 1))
    out = operation(x, y)
    assert out.dtype == dtype
    assert out.device == x.device
    assert out.shape == (4, 6)
    assert not out.is_crystallized


def test_bfloat16(flux):
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x, y = draws(100), draws(100, 1)
    out = phi_residual(flux(x, bfloat16), flux(y, bfloat16))
    assert out.dtype == bfloat16
    exact = x.astype(bfloat16).astype(float) + y.astype(bfloat16).astype(float) * float(PHI_INV)
    assert np.all(np.abs(values(out).astype(float) - exact) <= 2.0**-8 * np.abs(exact) * 1.001)


@pytest.mark.parametrize("mode", MODES)
def test_relu_keeps_nan(flux, mode):
    x = flux([1.0, -1.0, np.nan, -np.inf, np.inf, 0.0])
    out = values(phi_residual_relu(x, flux(np.zeros(6)), mode))
    assert np.isnan(out[2])
    alpha = float(coefficients(mode)[0])
    assert out[[0, 1, 3, 4, 5]].tolist() == [alpha, 0.0, 0.0, np.inf, 0.0]


def test_gelu_against_mpmath(flux):
    s = np.concatenate([np.linspace(-9, 9, 181), [1e-300, -1e-8, 40.0, -40.0]])
    out = values(phi_residual_gelu(flux(s), flux(np.zeros_like(s)), "standard"))
    with mpmath.workdps(40):
        wanted = [float(x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2) for x in map(mpmath.mpf, s)]
    # 1 + erf cancels for negative s: the error is relative to |s|, not to the tiny result.
    assert np.all(np.abs(out - wanted) <= 4 * np.spacing(np.abs(s)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1,), (4, 3), (2, 3, 33), (5, 1025), (0, 4), (4, 0)])
def test_layernorm(flux, mode, shape):
    x, y = 3 + draws(shape), draws(shape, 1)
    gamma, beta = draws(shape[-1], 2), draws(shape[-1], 3)
    out = phi_residual_layernorm(flux(x), flux(y), gamma.tolist(), beta.tolist(), mode=mode)
    alpha, beta_ = (np.longdouble(float(c)) for c in coefficients(mode))
    s = alpha * x + beta_ * y
    if s.size:
        centred = s - s.mean(-1, keepdims=True)
        s = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + np.longdouble(1e-5))
    np.testing.assert_allclose(
        values(out), (s * gamma + beta).astype(float), rtol=1e-12, atol=1e-13
    )


def test_views_that_are_not_contiguous(flux):
    x, y = draws((6, 8)), draws((6, 8), 1)
    plain = phi_residual(flux(x), flux(y))
    turned = phi_residual(flux(x.T).T, flux(np.repeat(y, 2, axis=1))[:, ::2])
    assert np.array_equal(values(plain), values(turned))


def test_mode_norms_of_element_wise_results(flux):
    t = ResonantTensor([1, 2], mode_norm_sq=[0, 3])
    assert phi_residual(t, t).mode_norm_sq.tolist() == [0, 3]
    assert phi_residual(t.wake_flux(), t.wake_flux()).mode_norm_sq.tolist() == [0, 3]
    other = ResonantTensor([1, 2], mode_norm_sq=[1, 3])
    with pytest.raises(ValueError, match="different mode_norm_sq"):
        phi_residual(t, other)


def test_flux_crystallizes_as_the_cycle_does():
    x, y = ResonantTensor([[1, PHI]]), ResonantTensor([[Fraction(1, 2), 3]])
    cycle = phi_residual_gelu(x, y)
    by_hand = phi_residual_gelu(x.wake_flux(), y.wake_flux()).crystallize()
    assert cycle.equals(by_hand)


# -- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_does_not_fit_is_refused(operation):
    name = operation.__name__
    x = ResonantTensor([[1, 2]])
    with pytest.raises(ShapeError, match=rf"{name}: residual must have the shape .*\(2,\)"):
        operation(x, ResonantTensor([1, 2]))
    with pytest.raises(PhaseError, match=rf"{name}: all tensors must be in one phase"):
        operation(x, x.wake_flux())
    with pytest.raises(TypeError, match=rf"{name}: residual must have the dtype"):
        operation(x.wake_flux(), x.wake_flux(dtype=np.float32))
    with pytest.raises(ValueError, match=rf'{name}: mode must be one of "phi"'):
        operation(x, x, mode="golden")
    with pytest.raises(TypeError, match=rf"{name}: identity must be a ResonantTensor"):
        operation(np.ones((1, 2)), x)


def test_two_devices_are_refused(cupy):
    x = ResonantTensor([1, 2])
    with pytest.raises(DeviceError, match=r"must be on the device of identity, cuda:0, got cpu"):
        phi_residual(x.wake_flux("cuda"), x.wake_flux())
    with pytest.raises(DeviceError, match="gamma must be on the device of x"):
        phi_residual_layernorm(*itertools.repeat(x.wake_flux("cuda"), 2), gamma=np.ones(2))


def test_parameters_are_checked():
    x = ResonantTensor([[1.0, 2.0]] if False else [[1, 2]])
    with pytest.raises(ShapeError, match=r"gamma must have shape \(2,\), got \(3,\); pass one"):
        phi_residual_layernorm(x, x, gamma=[1, 1, 1])
    with pytest.raises(ValueError, match="eps must be finite and zero or more"):
        phi_residual_layernorm(x, x, eps=-1)
    with pytest.raises(TypeError, match="gamma must hold real numbers"):
        phi_residual_layernorm(x, x, gamma=np.array([1j, 2]))
    with pytest.raises(ShapeError, match="must have a last axis"):
        phi_residual_layernorm(ResonantTensor(1), ResonantTensor(1))


def test_modes_are_strings():
    assert PhiResidualMode("phi") == "phi"
    assert [str(m) for m in PhiResidualMode] == MODES
    assert syntonic.PhiResidualMode is PhiResidualMode


def test_every_mode_has_a_row_in_the_table():
    assert [mode.value for mode in PhiResidualMode] == list(RESIDUAL_MODES)

"""Golden normalization: the target variance, exact cycles, and flux against long double."""

import numpy as np
import pytest

from syntonic import (
    PHI,
    PHI_INV,
    DeviceError,
    GoldenNormMode,
    ResonantTensor,
    ShapeError,
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
)

CASES = [
    (golden_batch_norm_1d, (17, 5), (0,)),
    (golden_batch_norm_1d, (2, 1), (0,)),
    (golden_batch_norm_1d, (65, 33), (0,)),
    (golden_batch_norm_2d, (3, 4, 5, 7), (0, 2, 3)),
    (golden_batch_norm_2d, (1, 2, 31, 33), (0, 2, 3)),
    (golden_layer_norm, (7,), (-1,)),
    (golden_layer_norm, (4, 33), (-1,)),
    (golden_layer_norm, (2, 3, 1025), (-1,)),
]


def values(t):
    return t.to_device("cpu").flux_array


def draws(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def reference(x, axes, target, eps, gamma=1, beta=0):
    """The formula in long double."""
    x = np.asarray(x, np.longdouble)
    centred = x - x.mean(axes, keepdims=True)
    variance = (centred**2).mean(axes, keepdims=True)
    return centred * np.sqrt(target / (variance + np.longdouble(eps))) * gamma + beta


@pytest.mark.parametrize("mode", ["golden", "standard", GoldenNormMode.custom(2.5)])
@pytest.mark.parametrize(("operation", "shape", "axes"), CASES)
def test_flux_against_the_formula(flux, operation, shape, axes, mode):
    x = 5 + draws(shape)
    out = operation(flux(x), mode)
    target = GoldenNormMode.of(mode, "").target_variance
    wanted = reference(x, axes, np.longdouble(target), 1e-5).astype(float)
    np.testing.assert_allclose(values(out), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("operation", "shape", "axes"), CASES)
def test_affine(flux, operation, shape, axes):
    x = draws(shape)
    channels = shape[-1] if operation is golden_layer_norm else shape[1]
    gamma, beta = draws(channels, 1), draws(channels, 2)
    out = operation(flux(x), eps=1e-3, gamma=gamma.tolist(), beta=beta.tolist())
    place = (-1,) if operation is golden_layer_norm else (1, -1, *(1,) * (len(shape) - 2))
    g, b = (p.reshape(place) for p in (gamma, beta))
    wanted = reference(x, axes, np.longdouble(float(PHI_INV)), 1e-3, g, b).astype(float)
    np.testing.assert_allclose(values(out), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("operation", "shape", "axes"), CASES)
def test_the_variance_is_the_target(flux, operation, shape, axes):
    out = values(operation(flux(100 * draws(shape)), eps=0))
    np.testing.assert_allclose(out.var(axes), float(PHI_INV), rtol=1e-12)
    np.testing.assert_allclose(out.mean(axes), 0, atol=1e-13)


def test_noise_on_a_large_mean(flux):
    noise = draws((1000, 3))
    out = values(golden_batch_norm_1d(flux(1e8 + noise), eps=0))
    wanted = reference(1e8 + noise, (0,), np.longdouble(float(PHI_INV)), 0).astype(float)
    np.testing.assert_allclose(out, wanted, atol=1e-7)
    np.testing.assert_allclose(out.var(0), float(PHI_INV), rtol=1e-6)


def test_float32_keeps_its_digits(flux):
    noise = 1e4 + draws((4096, 2))
    out = values(golden_batch_norm_1d(flux(noise, np.float32), eps=0))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.astype(float).var(0), float(PHI_INV), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize(("operation", "shape", "axes"), CASES)
def test_other_dtypes(flux, operation, shape, axes, dtype):
    x = draws(shape).astype(dtype)
    out = operation(flux(x, dtype))
    assert out.dtype == dtype
    wanted = reference(x, axes, np.longdouble(float(PHI_INV)), 1e-5).astype(float)
    tolerance = 8 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(values(out).astype(float), wanted, rtol=tolerance, atol=tolerance)


def test_one_value_a_channel_gives_beta(flux):
    out = golden_batch_norm_1d(flux([[3.0, 4.0]]), beta=[1.0, 2.0])
    assert values(out).tolist() == [[1.0, 2.0]]
    assert values(golden_batch_norm_1d(flux([[3.0, 4.0]]))).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("operation", "shape"),
    [
        (golden_batch_norm_1d, (0, 3)),
        (golden_batch_norm_1d, (3, 0)),
        (golden_batch_norm_2d, (2, 3, 0, 4)),
        (golden_layer_norm, (0, 3)),
        (golden_layer_norm, (3, 0)),
    ],
)
def test_empty(flux, operation, shape):
    assert operation(flux(np.zeros(shape))).shape == shape
    assert operation(ResonantTensor(np.zeros(shape, np.int64))).shape == shape


def test_nan_stays_in_its_slice(flux):
    x = draws((6, 3))
    x[2, 1] = np.nan
    out = values(golden_batch_norm_1d(flux(x)))
    assert np.isnan(out).all(0).tolist() == [False, True, False]
    assert np.isnan(out).any(0).tolist() == [False, True, False]


# -- cycles -------------------------------------------------------------------------------


def test_cycles_have_exact_statistics():
    big = 10**15  # the floats of these numbers have lost their spread
    x = ResonantTensor([[big], [big + 1], [big + 3]], precision=10**4)
    out = golden_batch_norm_1d(x, eps=0)
    wanted = reference([[0], [1], [3]], (0,), np.longdouble(float(PHI_INV)), 0).astype(float)
    np.testing.assert_allclose(out.to_floats(), wanted, atol=2e-4)
    assert out.precision == 10**4


def test_cycles_of_equal_values():
    x = ResonantTensor([[PHI, 2], [PHI, 5]])
    out = golden_batch_norm_1d(x, beta=[7, 0])
    assert out[:, 0].tolist() == [7, 7]
    with pytest.raises(ValueError, match="eps must be positive where a variance is 0"):
        golden_batch_norm_1d(x, eps=0)


def test_cycles_of_every_shape():
    for operation, shape, axes in CASES:
        x = ResonantTensor.random_lattice(shape, bound=9, seed=3, precision=5000)
        out = operation(x, "standard", 1e-3)
        wanted = reference(x.to_floats(), axes, 1, 1e-3).astype(float)
        np.testing.assert_allclose(out.to_floats(), wanted, atol=1e-3)


def test_cycles_are_the_flux_crystallized():
    x = ResonantTensor.random_lattice((5, 4), bound=9, seed=4)
    assert golden_layer_norm(x).equals(golden_layer_norm(x.wake_flux()).crystallize())


# -- refusals -----------------------------------------------------------------------------


def test_shapes_are_checked():
    x = ResonantTensor([[1, 2], [3, 4]])
    with pytest.raises(ShapeError, match=r"golden_batch_norm_2d: x must have shape \(N, C, H, W\)"):
        golden_batch_norm_2d(x)
    with pytest.raises(ShapeError, match=r"golden_batch_norm_1d: x must have shape \(N, C\)"):
        golden_batch_norm_1d(ResonantTensor([1]))
    with pytest.raises(
        ShapeError,
        match=r"golden_batch_norm_1d: gamma must have shape \(2,\), got \(3,\); pass one",
    ):
        golden_batch_norm_1d(x, gamma=[1, 2, 3])
    with pytest.raises(ShapeError, match="must have a last axis"):
        golden_layer_norm(ResonantTensor(1))


def test_numbers_and_modes_are_checked():
    x = ResonantTensor([[1, 2], [3, 4]])
    for eps in (-1e-5, np.nan, np.inf):
        with pytest.raises(ValueError, match="eps must be finite and zero or more"):
            golden_layer_norm(x, eps=eps)
    with pytest.raises(TypeError, match="eps must be a real number"):
        golden_layer_norm(x, eps="1")
    with pytest.raises(ValueError, match='mode must be "golden"'):
        golden_layer_norm(x, "batch")
    with pytest.raises(ValueError, match="v must be finite and positive"):
        GoldenNormMode.custom(0)
    with pytest.raises(TypeError, match="x must be a ResonantTensor"):
        golden_layer_norm(np.ones((2, 2)))


def test_parameters_on_another_device_are_refused(cupy):
    x = ResonantTensor([[1, 2], [3, 4]]).wake_flux("cuda")
    with pytest.raises(DeviceError, match="beta must be on the device of x, cuda:0, got cpu"):
        golden_layer_norm(x, beta=np.ones(2))
    exact = golden_layer_norm(x, gamma=ResonantTensor([1, PHI]))  # exact numbers have no device
    beside = golden_layer_norm(x, gamma=ResonantTensor([1, PHI]).wake_flux("cuda"))
    assert exact.equals(beside)


@pytest.mark.parametrize("value", ["bogus", "", -1.0, 0.0, np.nan, np.inf, None, True, 1j, [1]])
def test_a_mode_is_checked_where_it_is_made(value):
    with pytest.raises((ValueError, TypeError), match="GoldenNormMode: target_variance must be"):
        GoldenNormMode(value)


def test_modes_by_name():
    assert GoldenNormMode("golden") == GoldenNormMode.GOLDEN
    assert GoldenNormMode("standard") == GoldenNormMode.STANDARD
    x = ResonantTensor([[1, 2], [3, PHI]]).wake_flux()
    assert golden_layer_norm(x, GoldenNormMode("golden")).equals(golden_layer_norm(x))


def test_modes_are_values():
    assert GoldenNormMode.custom(float(PHI_INV)) == GoldenNormMode.GOLDEN
    assert GoldenNormMode.STANDARD.target_variance == 1
    with pytest.raises(AttributeError):
        GoldenNormMode.GOLDEN.target_variance = 2

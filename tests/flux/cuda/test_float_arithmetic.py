"""What a GPU's floats do that this computer's do not: flushed subnormals, and CUDA's own erfc."""

from __future__ import annotations

from math import erfc

import numpy as np
import pytest
from cuda_host.devices import CudaDevice, HostDevice, device_for, dtype_of
from cuda_host.operands import EPS

from syntonic.flux.cuda import residual

LEAST = 2.0**-126
"""The smallest normal number of float32, and of bfloat16."""


# -- subnormals -----------------------------------------------------------------------------
@pytest.fixture(params=[pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request):
    return device_for(request.param)


@pytest.mark.parametrize("name", ["f32", "bf16"])
def test_subnormal_numbers_of_float32_are_taken_for_zero(gpu, name):
    """As operands, whatever they are added to, and as results of normal numbers."""
    identity = np.array([1, -1, 64, 1, 192, -192, 128, 1], np.float64) * LEAST / 128
    other = np.array([0, 0, 64, -1, -128, 128, 1, 128 * 2.0**20], np.float64) * LEAST / 128
    expected = np.array([0, 0, 0, 0, 0, 0, 128, 128 * 2.0**20]) * LEAST / 128
    np.testing.assert_array_equal(_joined(gpu, identity, other, dtype_of(name)), expected)


@pytest.mark.parametrize(("name", "least"), [("f64", 2.0**-1074), ("f16", 2.0**-24)])
def test_other_subnormal_numbers_are_kept(gpu, name, least):
    """Float64 has no such mode, and float16's are normal numbers of float32."""
    identity, other = np.array([1.0, -1, 3, 5]) * least, np.array([0.0, 0, 4, -4]) * least
    found = _joined(gpu, identity, other, dtype_of(name))
    np.testing.assert_array_equal(found, identity + other)


@pytest.mark.parametrize("name", ["f64", "f32", "f16", "bf16"])
def test_the_host_harness_keeps_them(name):
    least = {"f64": 2.0**-1074, "f32": 2.0**-149, "f16": 2.0**-24, "bf16": 2.0**-133}[name]
    identity, other = np.array([1.0, -1, 3, 5]) * least, np.array([0.0, 0, 4, -4]) * least
    found = _joined(device_for("natural"), identity, other, dtype_of(name))
    np.testing.assert_array_equal(found, identity + other)


def _joined(device: HostDevice, identity, other, dtype) -> np.ndarray:
    pair = (device.array(values, dtype) for values in (identity, other))
    return device.numpy(residual.residual(*pair, "standard")).astype(np.float64)


# -- erfc -----------------------------------------------------------------------------------
def _gelu(device: HostDevice, s: np.ndarray) -> np.ndarray:
    zero = device.array(np.zeros_like(s))
    return device.numpy(residual.residual_gelu(device.array(s), zero, "standard"))


def _bound(s: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Of the relative error: rounding s/√2 moves erfc by s²/2 ulps, and erfc itself errs by some.

    As `test_gelu_has_relative_accuracy_in_the_tail` has it.
    """
    return (8 + s * s) * EPS[dtype.name]


@pytest.mark.parametrize("name", ["f64", "f32"])
def test_gelu_where_erfc_bends(device, name):
    """A million points of -3 ≤ s ≤ -1, where gelu's bound is tightest; 20000 on the host."""
    count = 1_000_000 if isinstance(device, CudaDevice) else 20_000
    s = -np.random.default_rng(31).uniform(1, 3, count).astype(dtype_of(name))
    out = _gelu(device, s)
    # This computer's erfc errs by an ulp; what rounding its argument does is taken back.
    exact_argument = -s.astype(np.longdouble) * np.sqrt(np.longdouble(0.5))
    argument = exact_argument.astype(np.float64)
    left = (exact_argument - argument).astype(np.float64)
    tail = np.fromiter(map(erfc, argument.tolist()), np.float64, count)
    tail -= 2 / np.sqrt(np.pi) * np.exp(-argument * argument) * left
    wide = s.astype(np.float64)
    error = np.abs(out.astype(np.float64) / (0.5 * wide * tail) - 1)
    worst = int(np.argmax(error / _bound(wide, s.dtype)))
    assert error[worst] <= _bound(wide[worst], s.dtype) + 2 * EPS["float64"], (s[worst], out[worst])


def test_gelu_where_erfc_bends_against_mpmath(device):
    mpmath = pytest.importorskip("mpmath")
    count = 20_000 if isinstance(device, CudaDevice) else 500
    s = -np.random.default_rng(32).uniform(1, 3, count)
    out = _gelu(device, s)
    with mpmath.workdps(30):
        exact = [x * mpmath.ncdf(x) for x in map(mpmath.mpf, s.tolist())]
        error = np.array([float(abs(y / x - 1)) for x, y in zip(exact, out.tolist(), strict=True)])
    assert np.all(error <= _bound(s, s.dtype))
    assert np.all(error * np.abs(np.array(exact, float)) <= 6 * EPS["float64"] * np.abs(s))

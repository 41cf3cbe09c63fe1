"""φ-residual connections on CUDA: against exact fractions, mpmath and math.fsum.

Tolerances are in ulps of the dtype, at the size of the result or of what cancels in it. A kernel
computes in float64 or float32 and rounds once to what it stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import fsum, inf, nan, sqrt
from typing import Any

import numpy as np
import pytest
from cuda_host.operands import (
    EPS,
    MODES,
    assert_close,
    factors,
    half_ulp,
    joined,
    normal,
    pair,
    wide,
)

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cuda import residual as flux
from syntonic.flux.cuda.source import acc_dtype, suffix

SIZES = (0, 1, 2, 3, 5, 31, 33, 1023, 1025, 4099)


# -- the connection -------------------------------------------------------------------------
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("offset", [0, 1])
def test_connection(device, kernel_dtype, mode, offset):
    for size in SIZES:
        (i, di), (r, dr) = pair(device, size, kernel_dtype, offset)
        out = device.numpy(flux.residual(di, dr, mode))
        # One rounding, or two in symmetric; below float64 1/φ is rounded too.
        assert_close(out, joined(i, r, mode), kernel_dtype, 1.51, np.abs(wide(i)) + np.abs(wide(r)))
        assert out.dtype == kernel_dtype


@pytest.mark.parametrize("name", ["f64", "f32"])
def test_phi_is_one_fused_operation(device, name):
    dtype = np.dtype({"f64": np.float64, "f32": np.float32}[name])
    (i, di), (r, dr) = pair(device, 301, dtype)
    i[:150] = -r[:150] * dtype.type(PHI_INV)  # the product's low bits are all that is left
    di = device.array(i)
    out = device.numpy(flux.residual(di, dr, "phi"))
    factor = Fraction(float(dtype.type(PHI_INV)))
    exact = [Fraction(float(p)) + Fraction(float(q)) * factor for p, q in zip(i, r, strict=True)]
    if name == "f64":
        assert out.tolist() == [float(x) for x in exact]
    else:  # correctly rounded: within half an ulp of the exact value
        error = [abs(Fraction(float(x)) - y) for x, y in zip(out, exact, strict=True)]
        assert all(
            e <= Fraction(float(np.spacing(abs(x)))) / 2 for e, x in zip(error, out, strict=True)
        )


def test_modes_differ_by_exact_factors(device):
    (_, i), (_, r) = pair(device, 77, np.dtype(np.float64))
    standard = device.numpy(flux.residual(i, r, "standard"))
    assert (
        device.numpy(flux.residual(i, r, "phi_symmetric")).tolist() == (standard * PHI_INV).tolist()
    )


@pytest.mark.parametrize("name", ["f64", "f32"])
def test_literal_vector_kernels(device, name):
    dtype = np.dtype({"f64": np.float64, "f32": np.float32}[name])
    width = 16 // dtype.itemsize
    for size in (1, 2, 3, 5, 8, 4099):
        (_, i), (_, r) = pair(device, size, dtype)
        out = flux.runtime_of(i).empty(i.shape, dtype)
        symbol = f"phi_residual_mode_phi_vec{width}_{name}"
        blocks = -(-size // (256 * 2 * width))
        flux.runtime_of(i).launch(
            "phi_residual", symbol, name, (blocks,), (256,), (out, i, r, np.int64(size))
        )
        expected = device.numpy(flux.residual(i, r, "phi"))
        assert device.numpy(out).tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", MODES)
def test_special_values(device, kernel_dtype, mode):
    cases = [(nan, 1.0), (1.0, nan), (inf, 1.0), (1.0, -inf), (inf, -inf), (-0.0, -0.0), (0.0, 0.0)]
    i, r = (np.array(x, kernel_dtype) for x in zip(*cases, strict=True))
    out = wide(device.numpy(flux.residual(device.array(i), device.array(r), mode)))
    with np.errstate(invalid="ignore"):
        expected = joined(i, r, mode)
    np.testing.assert_array_equal(out, expected)
    assert np.signbit(out[5])
    assert not np.signbit(out[6])


@pytest.mark.parametrize("mode", MODES)
def test_connection_backward(device, kernel_dtype, mode):
    alpha, beta = factors(mode)
    for size in (0, 1, 5, 1025):
        (g, dg), _ = pair(device, size, kernel_dtype, size % 2)
        gi, gr = flux.residual_backward(dg, mode)
        assert_close(device.numpy(gi), alpha * wide(g), kernel_dtype, 1)
        assert_close(device.numpy(gr), beta * wide(g), kernel_dtype, 1)
        assert (gi is gr) == (alpha == beta)
        assert (gi is dg) == (alpha == 1)


def test_standard_backward_kernel_copies(device, kernel_dtype):
    (g, dg), _ = pair(device, 4099, kernel_dtype)
    out = flux.runtime_of(dg).empty(dg.shape, dg.dtype)
    name = suffix(kernel_dtype)
    arguments = (out, dg, np.int64(g.size))
    symbol = f"phi_residual_mode_standard_backward_{name}"
    blocks = -(-g.nbytes // (256 * 32))
    flux.runtime_of(dg).launch("phi_residual", symbol, name, (blocks,), (256,), arguments)
    assert device.numpy(out).tobytes() == g.tobytes()


# -- relu and gelu --------------------------------------------------------------------------
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("offset", [0, 1])
def test_relu(device, kernel_dtype, mode, offset):
    for size in SIZES:
        (_, di), (_, dr) = pair(device, size, kernel_dtype, offset)
        plain = wide(device.numpy(flux.residual(di, dr, mode)))
        out = flux.residual_relu(di, dr, mode)
        np.testing.assert_array_equal(wide(device.numpy(out)), np.maximum(plain, 0.0))
        (g, dg), _ = pair(device, size, kernel_dtype)
        found = flux.residual_relu_backward(dg, out, mode)
        for factor, got in zip(factors(mode), found, strict=True):
            expected = np.where(plain > 0, wide(g), 0.0) * factor
            assert_close(device.numpy(got), expected, kernel_dtype, 1)


def test_relu_keeps_nan_and_ends_gradients(device, kernel_dtype):
    i = np.array([nan, -1.0, 0.0, -0.0, inf, -inf, 2.0], kernel_dtype)
    r = np.zeros(7, kernel_dtype)
    out = flux.residual_relu(device.array(i), device.array(r), "phi")
    np.testing.assert_array_equal(wide(device.numpy(out)), [nan, 0, 0, 0, inf, 0, 2])
    g = device.array(np.full(7, 3.0), kernel_dtype)
    gi, _ = flux.residual_relu_backward(g, out, "phi")
    # As PyTorch: a NaN output hands its gradient on.
    np.testing.assert_array_equal(wide(device.numpy(gi)), [3, 0, 0, 0, 3, 0, 3])


@pytest.fixture
def mpmath() -> Iterator[Any]:
    """The module, at 30 digits."""
    module = pytest.importorskip("mpmath")
    with module.workdps(30):
        yield module


@pytest.mark.parametrize("mode", MODES)
def test_gelu(device, kernel_dtype, mode, mpmath):
    i = np.linspace(-6, 6, 203).astype(kernel_dtype)
    r = normal(203, kernel_dtype, 3, 0.3)
    di, dr = device.array(i), device.array(r)
    s = joined(i, r, mode)
    out = device.numpy(flux.residual_gelu(di, dr, mode))
    exact = np.array([float(x * mpmath.ncdf(x)) for x in s.tolist()])
    slope = np.array([float(mpmath.ncdf(x) + x * mpmath.npdf(x)) for x in s.tolist()])
    # s is off by an ulp of what it is the sum of, and the slope of gelu is below 1.13.
    size = np.abs(wide(i)) + np.abs(wide(r))
    acc = acc_dtype(kernel_dtype)
    assert np.all(np.abs(wide(out) - exact) <= 6 * EPS[acc.name] * size + half_ulp(exact, out))
    g = normal(203, kernel_dtype, 4)
    found = flux.residual_gelu_backward(device.array(g), di, dr, mode)
    for factor, got in zip(factors(mode), found, strict=True):
        expected = factor * wide(g) * slope
        near = 16 * EPS[acc.name] * np.abs(wide(g)) * (1 + size) + half_ulp(expected, got)
        assert np.all(np.abs(wide(device.numpy(got)) - expected) <= near)


def test_gelu_has_relative_accuracy_in_the_tail(device, mpmath):
    """1 + erf(s/√2) has lost every digit there; erfc has not."""
    s = -np.linspace(1, 30, 59)
    i, zero = device.array(s), device.array(np.zeros_like(s))
    out = device.numpy(flux.residual_gelu(i, zero, "phi"))
    exact = np.array([float(x * mpmath.ncdf(x)) for x in s.tolist()])
    # Rounding s/√2 moves erfc by s²/2 ulps; libm adds a few.
    assert np.all(np.abs(out / exact - 1) <= (8 + s * s) * 2.0**-52)


def test_gelu_special_values(device, kernel_dtype):
    s = np.array([nan, inf, 0.0, -0.0, 100.0, -100.0], kernel_dtype)
    out = device.numpy(
        flux.residual_gelu(device.array(s), device.array(np.zeros(6, kernel_dtype)), "phi")
    )
    np.testing.assert_array_equal(wide(out), [nan, inf, 0, 0, 100, 0])


# -- norms ----------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", MODES)
def test_component_norms(device, kernel_dtype, mode):
    for size in SIZES:
        (i, di), (r, dr) = pair(device, size, kernel_dtype, size % 2)
        norms = device.numpy(flux.component_norms(di, dr, mode))
        exact = [sqrt(fsum(wide(x) ** 2)) for x in (i, r, joined(i, r, mode))]
        assert norms.dtype == np.float64
        assert norms.shape == (3,)
        # The output is the accumulator's; the sums are doubles, a few dozen roundings deep.
        np.testing.assert_allclose(norms[:2], exact[:2], rtol=64 * 2.0**-53)
        eps = EPS[acc_dtype(kernel_dtype).name]
        np.testing.assert_allclose(norms[2], exact[2], rtol=max(eps, 64 * 2.0**-53))


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e308, 5e-324, 2.0**486, 2.0**-511])
def test_component_norms_neither_overflow_nor_underflow(device, scale, mpmath):
    i, r = np.full(4 * 37, scale / 8), np.zeros(4 * 37)
    i[3] = -scale / 8
    i[i == 0] = scale
    exact = float(mpmath.sqrt(mpmath.fsum(mpmath.mpf(x) ** 2 for x in i)))
    norms = device.numpy(flux.component_norms(device.array(i), device.array(r), "standard"))
    np.testing.assert_allclose(norms, [exact, 0.0, exact], rtol=2.0**-48)


def test_component_norms_of_mixed_sizes(device, mpmath):
    for values in ([1e200, 1.0, 1e-200], [1.0, 1e-170, 1e-160], [1e155, 1e150], [1e-150, 1e-156]):
        i = np.array(values * 50)
        exact = float(mpmath.sqrt(mpmath.fsum(mpmath.mpf(x) ** 2 for x in i)))
        norms = device.numpy(flux.component_norms(device.array(i), device.array(i), "phi"))
        np.testing.assert_allclose(norms[:2], exact, rtol=2.0**-48)


def test_component_norms_of_special_values(device, kernel_dtype):
    for value, expected in ((nan, nan), (inf, inf), (-inf, inf), (0.0, 0.0)):
        i = np.zeros(70).astype(kernel_dtype)
        i[67] = value
        zero = device.array(np.zeros_like(i))
        norms = device.numpy(flux.component_norms(device.array(i), zero, "phi"))
        np.testing.assert_array_equal(norms, [expected, 0.0, expected])


@pytest.mark.campaign
# -- determinism ----------------------------------------------------------------------------
def test_same_bits_in_every_order(device, kernel_dtype):
    for shape in ((40, 37), (3, 1025), (2, 9001)):
        (_, i), (_, r) = pair(device, shape, kernel_dtype)
        g = device.array(normal(shape, kernel_dtype, 3))
        device.same_bits(lambda i=i, r=r: flux.component_norms(i, r, "phi"))
        stats = device.same_bits(
            lambda i=i, r=r: flux.residual_layer_norm(i, r, None, None, 1e-5, "phi")
        )
        device.same_bits(
            lambda i=i, r=r, g=g, s=stats: flux.residual_layer_norm_backward(
                g, i, r, None, *s[1:], "phi"
            )
        )


def test_inputs_are_not_written(device, kernel_dtype):
    (i, di), (r, dr) = pair(device, (3, 37), kernel_dtype)
    g = normal((3, 37), kernel_dtype, 3)
    dg = device.array(g)
    out, statistics = flux.residual_layer_norm(di, dr, None, None, 1e-5, "phi")
    flux.residual_layer_norm_backward(dg, di, dr, None, statistics, "phi")
    flux.residual_gelu_backward(dg, di, dr, "phi_symmetric")
    flux.residual_relu_backward(dg, out, "standard")
    for array, original in ((di, i), (dr, r), (dg, g)):
        assert device.numpy(array).tobytes() == original.tobytes()

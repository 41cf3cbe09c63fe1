"""φ-residual connections on CUDA: against exact fractions, mpmath, math.fsum, and PyTorch if there.

Tolerances are in ulps of the dtype, at the size of the result or of what cancels in it. A kernel
computes in float64 or float32 and rounds once to what it stores.
"""

from __future__ import annotations

from fractions import Fraction
from math import fsum, inf, nan, sqrt
from typing import Any

import mpmath
import numpy as np
import pytest

from syntonic.constants import PHI_INV
from syntonic.flux.cuda import residual as flux
from syntonic.flux.cuda.source import acc_dtype, suffix

MODES = ("phi", "phi_symmetric", "standard")
SIZES = (0, 1, 2, 3, 5, 31, 33, 1023, 1025, 4099)
SHAPES = ((1, 1), (3, 2), (5, 31), (257, 3), (2, 33), (7, 128), (3, 1023), (2, 1024), (3, 1025))
LONG_SHAPES = ((2, 4096 + 8), (1, 9001), (2, 3 * 8192))  # more segments than one, ragged

_EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_LEAST = {"float64": 2.0**-1074, "float32": 2.0**-149, "float16": 2.0**-24, "bfloat16": 2.0**-133}


def assert_close(actual: Any, exact: Any, dtype: np.dtype, ulps: float, scale: Any = 0.0) -> None:
    """Compare with float64 values, within so many ulps of the larger of result and scale."""
    actual, exact = np.asarray(actual, np.float64), np.asarray(exact, np.float64)
    size = np.maximum(np.abs(exact), np.abs(scale))
    allowed = ulps * np.maximum(size * _EPS[dtype.name], _LEAST[dtype.name])
    assert actual.shape == exact.shape
    wrong = ~((np.abs(actual - exact) <= allowed) | (np.isnan(actual) & np.isnan(exact)))
    wrong &= actual != exact  # infinities
    first = np.argwhere(wrong)[:1].tolist()
    assert not wrong.any(), (first, actual[wrong][:3], exact[wrong][:3], allowed[wrong][:3])


def normal(shape: Any, dtype: np.dtype, seed: int, scale: float = 1.0) -> np.ndarray:
    """Return normal numbers that the dtype holds."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(dtype)


def wide(x: Any) -> np.ndarray:
    return np.asarray(x).astype(np.float64)


def factors(mode: str) -> tuple[float, float]:
    """Return α and β of α·identity + β·residual."""
    return {"phi": (1.0, PHI_INV), "phi_symmetric": (PHI_INV, PHI_INV), "standard": (1.0, 1.0)}[
        mode
    ]


def joined(identity: Any, residual: Any, mode: str) -> np.ndarray:
    alpha, beta = factors(mode)
    return alpha * wide(identity) + beta * wide(residual)


def pair(device: Any, size: Any, dtype: np.dtype, offset: int = 0) -> list[tuple[Any, Any]]:
    """Return identity and residual, each as NumPy's and the device's, perhaps misaligned."""
    out = []
    for seed in (1, 2):
        x = normal(size, dtype, seed)
        buffer = device.array(np.concatenate([np.zeros(offset, dtype), x.ravel()]))
        out.append((x, buffer[offset:].reshape(x.shape)))
    return out


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


def _gelu(s: Any) -> mpmath.mpf:
    return mpmath.mpf(s) * mpmath.ncdf(s)


def _gelu_slope(s: Any) -> mpmath.mpf:
    return mpmath.ncdf(s) + mpmath.mpf(s) * mpmath.npdf(s)


@pytest.mark.parametrize("mode", MODES)
def test_gelu(device, kernel_dtype, mode):
    i = np.linspace(-6, 6, 203).astype(kernel_dtype)
    r = normal(203, kernel_dtype, 3, 0.3)
    di, dr = device.array(i), device.array(r)
    s = joined(i, r, mode)
    out = device.numpy(flux.residual_gelu(di, dr, mode))
    with mpmath.workdps(30):
        exact = np.array([float(_gelu(x)) for x in s])
        slope = np.array([float(_gelu_slope(x)) for x in s])
    # s is off by an ulp of what it is the sum of, and the slope of gelu is below 1.13.
    size = np.abs(wide(i)) + np.abs(wide(r))
    acc = acc_dtype(kernel_dtype)
    assert np.all(np.abs(wide(out) - exact) <= 6 * _EPS[acc.name] * size + half_ulp(exact, out))
    g = normal(203, kernel_dtype, 4)
    found = flux.residual_gelu_backward(device.array(g), di, dr, mode)
    for factor, got in zip(factors(mode), found, strict=True):
        expected = factor * wide(g) * slope
        near = 16 * _EPS[acc.name] * np.abs(wide(g)) * (1 + size) + half_ulp(expected, got)
        assert np.all(np.abs(wide(device.numpy(got)) - expected) <= near)


def half_ulp(exact: np.ndarray, like: Any) -> np.ndarray:
    """Return half an ulp, and a little, of the stored dtype."""
    name = like.dtype.name
    return 0.51 * np.maximum(np.abs(exact) * _EPS[name], _LEAST[name])


def test_gelu_has_relative_accuracy_in_the_tail(device):
    """1 + erf(s/√2) has lost every digit there; erfc has not."""
    s = -np.linspace(1, 30, 59)
    i, zero = device.array(s), device.array(np.zeros_like(s))
    out = device.numpy(flux.residual_gelu(i, zero, "phi"))
    with mpmath.workdps(30):
        exact = np.array([float(_gelu(x)) for x in s])
    # Rounding s/√2 moves erfc by s²/2 ulps; libm adds a few.
    assert np.all(np.abs(out / exact - 1) <= (8 + s * s) * 2.0**-52)


def test_gelu_special_values(device, kernel_dtype):
    s = np.array([nan, inf, 0.0, -0.0, 100.0, -100.0], kernel_dtype)
    out = device.numpy(
        flux.residual_gelu(device.array(s), device.array(np.zeros(6, kernel_dtype)), "phi")
    )
    np.testing.assert_array_equal(wide(out), [nan, inf, 0, 0, 100, 0])


@pytest.mark.parametrize("mode", MODES)
def test_gradients_by_finite_differences(device, mode):
    dtype = np.dtype(np.float64)
    i, r, g = (normal((4, 9), dtype, seed) for seed in (5, 6, 7))
    gamma, beta = normal(9, dtype, 8), normal(9, dtype, 9)
    step = 1e-6

    def gelu(a, b):
        return device.numpy(flux.residual_gelu(device.array(a), device.array(b), mode))

    def layer_norm(a, b, c=gamma, d=beta):
        arrays = (device.array(x) for x in (a, b, c, d))
        return device.numpy(flux.residual_layer_norm(*arrays, 1e-5, mode)[0])

    di, dr, dg = (device.array(x) for x in (i, r, g))
    _, mean, rstd = flux.residual_layer_norm(di, dr, None, None, 1e-5, mode)
    found = {
        gelu: flux.residual_gelu_backward(dg, di, dr, mode),
        layer_norm: flux.residual_layer_norm_backward(
            dg, di, dr, device.array(gamma), mean, rstd, mode
        ),
    }
    for function, gradients in found.items():
        given = [i, r, gamma, beta][: len(gradients)]
        for k, gradient in enumerate(gradients):
            for at in np.ndindex(given[k].shape):
                above, below = ([x.copy() for x in given] for _ in range(2))
                above[k][at] += step
                below[k][at] -= step
                slope = np.sum(g * (function(*above) - function(*below))) / (2 * step)
                # The third derivative times step², and 2^-52/step of cancellation.
                assert abs(slope - device.numpy(gradient)[at]) < 2e-8


# -- layer normalisation --------------------------------------------------------------------
def layer_norm_oracle(s: np.ndarray, gamma: Any, beta: Any, eps: float) -> tuple[Any, Any, Any]:
    """Sum each row without error."""
    mean = np.array([fsum(row) / len(row) for row in s])
    var = np.array([fsum((row - m) ** 2) / len(row) for row, m in zip(s, mean, strict=True)])
    rstd = 1 / np.sqrt(var + eps)
    out = (s - mean[:, None]) * rstd[:, None]
    return out * (1 if gamma is None else gamma) + (0 if beta is None else beta), mean, rstd


@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm(device, kernel_dtype, affine):
    acc = acc_dtype(kernel_dtype)
    for shape in (*SHAPES, *LONG_SHAPES):
        offset = shape[0] % 2  # the odd ones misaligned
        (i, di), (r, dr) = pair(device, shape, kernel_dtype, offset)
        gamma, beta = (normal(shape[1], acc, k) if affine else None for k in (3, 4))
        dgamma, dbeta = (None if x is None else device.array(x) for x in (gamma, beta))
        mode = MODES[shape[1] % 3]
        out, mean, rstd = flux.residual_layer_norm(di, dr, dgamma, dbeta, 1e-5, mode)
        exact = layer_norm_oracle(joined(i, r, mode), gamma, beta, 1e-5)
        # Statistics: a dozen roundings on the way of a number through the tree of sums.
        assert_close(device.numpy(mean), exact[1], acc, 8, 1.0)
        assert_close(device.numpy(rstd), exact[2], acc, 12)
        scale = 4.0 if gamma is None else 4.0 * np.abs(gamma).max()
        assert np.all(
            np.abs(wide(device.numpy(out)) - exact[0])
            <= 16 * _EPS[acc.name] * scale + half_ulp(exact[0], out)
        )


@pytest.mark.parametrize(("name", "mean"), [("f64", 1e8), ("f32", 1e4)])
def test_layer_norm_far_from_zero(device, name, mean):
    dtype = np.dtype({"f64": np.float64, "f32": np.float32}[name])
    for cols in (31, 1024, 20000):
        i = (mean + normal((2, cols), np.dtype(np.float64), 1)).astype(dtype)
        zero = device.array(np.zeros_like(i))
        out, _, rstd = flux.residual_layer_norm(device.array(i), zero, None, None, 0.0, "phi")
        shifted = wide(i) - mean
        exact = layer_norm_oracle(shifted, None, None, 0.0)
        np.testing.assert_allclose(device.numpy(rstd), exact[2], rtol=1e-6)
        # The rounding of the mean, 1e4 times larger than this or more, is made good.
        assert np.abs(wide(device.numpy(out)) - exact[0]).max() < 32 * _EPS[dtype.name]


def test_layer_norm_of_constant_and_strange_rows(device, kernel_dtype):
    i = np.full((5, 33), 3.0).astype(kernel_dtype)
    i[1, 5], i[2, 7], i[3, 9] = nan, inf, -inf
    i[4, 0] = 4.0
    zero = device.array(np.zeros_like(i))
    gamma, beta = (device.array(np.full(33, v), acc_dtype(kernel_dtype)) for v in (2.0, 0.5))
    out, mean, rstd = flux.residual_layer_norm(device.array(i), zero, gamma, beta, 1e-5, "phi")
    out = wide(device.numpy(out))
    assert np.all(out[0] == 0.5)
    assert np.isnan(out[1:4]).all()
    assert np.isfinite(out[4]).all()
    assert device.numpy(mean)[0] == 3.0
    assert device.numpy(rstd)[0] == pytest.approx(1 / sqrt(1e-5), rel=1e-6)


def layer_norm_gradients(g, s, gamma, eps, mode):
    """Return the gradients from the definition, in float64."""
    _, mean, rstd = layer_norm_oracle(s, None, None, eps)
    xhat = (s - mean[:, None]) * rstd[:, None]
    h = g * gamma
    ds = rstd[:, None] * (h - h.mean(1, keepdims=True) - xhat * (h * xhat).mean(1, keepdims=True))
    alpha, beta = factors(mode)
    return alpha * ds, beta * ds, (g * xhat).sum(0), g.sum(0)


@pytest.mark.parametrize("mode", MODES)
def test_layer_norm_backward(device, kernel_dtype, mode):
    acc = acc_dtype(kernel_dtype)
    for shape in (*SHAPES, *LONG_SHAPES):
        offset = shape[0] % 2
        (i, di), (r, dr) = pair(device, shape, kernel_dtype, offset)
        g, gamma = normal(shape, kernel_dtype, 5), normal(shape[1], acc, 6)
        if shape[1] == 33:
            gamma[...] = 1
        given = None if shape[1] == 33 else device.array(gamma)
        _, mean, rstd = flux.residual_layer_norm(di, dr, None, None, 1e-2, mode)
        found = flux.residual_layer_norm_backward(device.array(g), di, dr, given, mean, rstd, mode)
        exact = layer_norm_gradients(wide(g), joined(i, r, mode), wide(gamma), 1e-2, mode)
        largest = max(1.0, np.abs(gamma).max()) * np.abs(wide(g)).max() * device.numpy(rstd).max()
        for k in range(2):
            error = np.abs(wide(device.numpy(found[k])) - exact[k])
            assert np.all(error <= 24 * _EPS[acc.name] * largest + half_ulp(exact[k], found[k])), (
                shape
            )
        for k in range(2, 4):
            # Sums over rows: each term is off by x̂'s error, a few ulps of 4.
            bound = 8 * shape[0] * 4 * np.abs(wide(g)).max() * _EPS[acc.name]
            assert np.abs(device.numpy(found[k]) - exact[k]).max() <= bound, shape
            assert found[k].dtype == acc
        assert (found[0] is found[1]) == (mode != "phi")


def test_layer_norm_against_pytorch(device):
    torch = pytest.importorskip("torch")
    dtype = np.dtype(np.float64)
    (i, di), (r, dr) = pair(device, (6, 300), dtype)
    g, gamma, beta = normal((6, 300), dtype, 3), normal(300, dtype, 4), normal(300, dtype, 5)
    given = [torch.tensor(x, requires_grad=True) for x in (i, r, gamma, beta)]
    expected = torch.nn.functional.layer_norm(
        given[0] + given[1] * PHI_INV, (300,), given[2], given[3], 1e-5
    )
    expected.backward(torch.tensor(g))
    arrays = device.array(gamma), device.array(beta)
    out, mean, rstd = flux.residual_layer_norm(di, dr, *arrays, 1e-5, "phi")
    found = flux.residual_layer_norm_backward(device.array(g), di, dr, arrays[0], mean, rstd, "phi")
    assert_close(device.numpy(out), expected.detach().numpy(), dtype, 32, 4.0)
    for got, tensor in zip(found, given, strict=True):
        assert_close(device.numpy(got), tensor.grad.numpy(), dtype, 64, 8.0)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_layer_norm_of_nothing(device, kernel_dtype, shape):
    x = device.array(np.zeros(shape), kernel_dtype)
    out, mean, rstd = flux.residual_layer_norm(x, x, None, None, 1e-5, "phi")
    assert out.shape == shape
    assert mean.shape == rstd.shape == shape[:1]
    gi, gr, dgamma, dbeta = flux.residual_layer_norm_backward(x, x, x, None, mean, rstd, "phi")
    assert gi.shape == gr.shape == shape
    assert device.numpy(dgamma).tolist() == device.numpy(dbeta).tolist() == [0.0] * shape[1]


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
        eps = _EPS[acc_dtype(kernel_dtype).name]
        np.testing.assert_allclose(norms[2], exact[2], rtol=max(eps, 64 * 2.0**-53))


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e308, 5e-324, 2.0**486, 2.0**-511])
def test_component_norms_neither_overflow_nor_underflow(device, scale):
    i, r = np.full(4 * 37, scale / 8), np.zeros(4 * 37)
    i[3] = -scale / 8
    i[i == 0] = scale
    with mpmath.workdps(30):
        exact = float(mpmath.sqrt(mpmath.fsum(mpmath.mpf(x) ** 2 for x in i)))
    norms = device.numpy(flux.component_norms(device.array(i), device.array(r), "standard"))
    np.testing.assert_allclose(norms, [exact, 0.0, exact], rtol=2.0**-48)


def test_component_norms_of_mixed_sizes(device):
    for values in ([1e200, 1.0, 1e-200], [1.0, 1e-170, 1e-160], [1e155, 1e150], [1e-150, 1e-156]):
        i = np.array(values * 50)
        with mpmath.workdps(30):
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
    out, mean, rstd = flux.residual_layer_norm(di, dr, None, None, 1e-5, "phi")
    flux.residual_layer_norm_backward(dg, di, dr, None, mean, rstd, "phi")
    flux.residual_gelu_backward(dg, di, dr, "phi_symmetric")
    flux.residual_relu_backward(dg, out, "standard")
    for array, original in ((di, i), (dr, r), (dg, g)):
        assert device.numpy(array).tobytes() == original.tobytes()

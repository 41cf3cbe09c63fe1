"""Layer normalisation of φ-residual connections on CUDA: against exact sums, differences, PyTorch.

Tolerances are in ulps of what the kernels compute with, and half an ulp of what they store.
"""

from __future__ import annotations

from itertools import product
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
from cuda_host.runtime import RUNTIME, to_host_array

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.errors import ShapeError
from syntonic.flux.cuda import residual as flux
from syntonic.flux.cuda.source import acc_dtype

SHAPES = ((1, 1), (3, 2), (5, 31), (257, 3), (2, 33), (7, 128), (3, 1023), (2, 1024), (3, 1025))
LONG_SHAPES = ((2, 4096 + 8), (1, 9001), (2, 3 * 8192))  # more segments than one, ragged
WIDE_SHAPES = ((2, 8192), (2, 8193), (1, 16384), (2, 16385), (2, 32768), (1, 32769))


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
    _, kept = flux.residual_layer_norm(di, dr, None, None, 1e-5, mode)
    found = {
        gelu: flux.residual_gelu_backward(dg, di, dr, mode),
        layer_norm: flux.residual_layer_norm_backward(dg, di, dr, device.array(gamma), kept, mode),
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
    for shape in (*SHAPES, *LONG_SHAPES, *WIDE_SHAPES):
        offset = shape[0] % 2  # the odd ones misaligned
        (i, di), (r, dr) = pair(device, shape, kernel_dtype, offset)
        gamma, beta = (normal(shape[1], acc, k) if affine else None for k in (3, 4))
        dgamma, dbeta = (None if x is None else device.array(x) for x in (gamma, beta))
        mode = MODES[shape[1] % 3]
        out, statistics = flux.residual_layer_norm(di, dr, dgamma, dbeta, 1e-5, mode)
        exact = layer_norm_oracle(joined(i, r, mode), gamma, beta, 1e-5)
        mean, _, deviation = device.numpy(statistics)
        # Statistics: a dozen roundings on the way of a number through the tree of sums.
        assert_close(mean, exact[1], acc, 8, 1.0)
        assert_close(1 / deviation, exact[2], acc, 12)
        scale = 4.0 if gamma is None else 4.0 * np.abs(gamma).max()
        assert np.all(
            np.abs(wide(device.numpy(out)) - exact[0])
            <= 16 * EPS[acc.name] * scale + half_ulp(exact[0], out)
        )


@pytest.mark.parametrize(("name", "mean"), [("f64", 1e8), ("f32", 1e4)])
def test_layer_norm_far_from_zero(device, name, mean):
    dtype = np.dtype({"f64": np.float64, "f32": np.float32}[name])
    for cols in (31, 1024, 5000, 10000, 20000, 40000):
        i = (mean + normal((2, cols), np.dtype(np.float64), 1)).astype(dtype)
        zero = device.array(np.zeros_like(i))
        out, kept = flux.residual_layer_norm(device.array(i), zero, None, None, 0.0, "phi")
        shifted = wide(i) - mean
        exact = layer_norm_oracle(shifted, None, None, 0.0)
        np.testing.assert_allclose(1 / device.numpy(kept)[2], exact[2], rtol=1e-6)
        # The rounding of the mean, 1e4 times larger than this or more, is made good.
        assert np.abs(wide(device.numpy(out)) - exact[0]).max() < 32 * EPS[dtype.name]


@pytest.mark.parametrize("name", ["f64", "f32"])
def test_a_mean_between_two_numbers_is_not_in_the_variance(device, name):
    """Around the mean that is rounded to one of the two numbers the variance is 2, or more."""
    dtype = np.dtype({"f64": np.float64, "f32": np.float32}[name])
    for cols in (2, 32, 1000, 5000, 10000, 20000, 40000):
        i = np.full((2, cols), 2 / EPS[dtype.name], dtype)
        i[:, 1::2] += 2
        zero = device.array(np.zeros_like(i))
        out, kept = flux.residual_layer_norm(device.array(i), zero, None, None, 0.0, "standard")
        assert np.all(np.abs(device.numpy(kept)[2] - 1) <= 8 * EPS[dtype.name])
        sign = np.where(np.arange(cols) % 2, 1, -1)
        assert np.all(np.abs(device.numpy(out) * sign - 1) <= 16 * EPS[dtype.name])


MANY_LONG_ROWS = [pytest.param((64, n), marks=pytest.mark.campaign) for n in (34817, 35840, 69632)]


@pytest.mark.parametrize("shape", [(2, 9000), (2, 16384), (2, 20000), (1, 32768), *MANY_LONG_ROWS])
def test_neither_alignment_nor_shared_memory_changes_a_bit_of_a_wide_row(
    device, kernel_dtype, shape, monkeypatch
):
    """As much as an H100 has, a T4, or nearly none: what is not kept is read again."""
    acc, found = acc_dtype(kernel_dtype), set()
    if kernel_dtype == np.float64 and shape[0] == 64:
        shape = shape[0], shape[1] // 2
    gamma, beta = (device.array(normal(shape[1], acc, k)) for k in (3, 4))
    for offset, kilobytes in ((0, 227), (1, 227), (0, 64), (1, 64), (0, 9)):
        monkeypatch.setattr(RUNTIME, "shared", kilobytes << 10)  # a GPU has what it has
        (i, di), (r, dr) = pair(device, shape, kernel_dtype, offset)
        got = flux.residual_layer_norm(di, dr, gamma, beta, 1e-5, "phi")
        found.add(b"".join(device.numpy(each).tobytes() for each in got))
    assert len(found) == 1
    if shape[0] == 64:
        exact = layer_norm_oracle(joined(i, r, "phi"), *map(device.numpy, (gamma, beta)), 1e-5)
        assert_close(1 / device.numpy(got[1])[2], exact[2], acc, 12)
        scale = 16 * EPS[acc.name] * 4.0 * np.abs(device.numpy(gamma)).max()
        error = np.abs(wide(device.numpy(got[0])) - exact[0])
        assert np.all(error <= scale + half_ulp(exact[0], got[0]))


KEPT_SHAPES = ((2, 4097), (1, 8192), (2, 9001), (1, 16384))


@pytest.mark.parametrize("shape", KEPT_SHAPES)
def test_neither_alignment_nor_shared_memory_changes_a_bit_of_a_kept_row(
    device, kernel_dtype, shape, monkeypatch
):
    """As much as an H100 has, an RTX 4090, a T4, or nearly none: what is not kept is read again."""
    if kernel_dtype == np.float64:
        shape = shape[0], (shape[1] + 1) // 2
    gamma = device.array(normal(shape[1], acc_dtype(kernel_dtype), 6))
    grad = device.array(normal(shape, kernel_dtype, 5))
    (_, i), (_, r) = pair(device, shape, kernel_dtype)
    _, kept = flux.residual_layer_norm(i, r, None, None, 1e-2, "phi")
    found = set()
    for offset, kilobytes in product((0, 1), (227, 99, 64, 48, 8)):
        monkeypatch.setattr(RUNTIME, "shared", kilobytes << 10)  # a GPU has what it has
        (_, i), (_, r) = pair(device, shape, kernel_dtype, offset)
        got = flux.residual_layer_norm_backward(grad, i, r, gamma, kept, "phi")
        found.add(b"".join(device.numpy(each).tobytes() for each in got))
    assert len(found) == 1


def test_a_row_of_too_many_segments():
    x = np.broadcast_to(to_host_array(np.zeros(1, np.float32)), (1, 600_000_000), subok=True)
    with pytest.raises(ShapeError, match=r"at most \d+ float32, not 600000000"):
        flux.residual_layer_norm(x, x, None, None, 1e-5, "phi")
    with pytest.raises(ShapeError, match=r"at most \d+ float32, not 600000000"):
        flux.residual_layer_norm_backward(x, x, x, None, None, "phi")


@pytest.mark.parametrize("cols", [33, 10001, 20000])
def test_layer_norm_of_constant_and_strange_rows(device, kernel_dtype, cols):
    i = np.full((5, cols), 3.0).astype(kernel_dtype)
    i[1, 5], i[2, 7], i[3, 9] = nan, inf, -inf
    i[4, 0] = 4.0
    zero = device.array(np.zeros_like(i))
    gamma, beta = (device.array(np.full(cols, v), acc_dtype(kernel_dtype)) for v in (2.0, 0.5))
    out, kept = flux.residual_layer_norm(device.array(i), zero, gamma, beta, 1e-5, "phi")
    out = wide(device.numpy(out))
    assert np.all(out[0] == 0.5)
    assert np.isnan(out[1:4]).all()
    assert np.isfinite(out[4]).all()
    assert device.numpy(kept)[0, 0] == 3.0
    assert device.numpy(kept)[2, 0] == pytest.approx(sqrt(1e-5), rel=1e-6)


def layer_norm_gradients(g, s, gamma, eps, mode):
    """Return the gradients from the definition, in float64."""
    _, mean, rstd = layer_norm_oracle(s, None, None, eps)
    xhat = (s - mean[:, None]) * rstd[:, None]
    h = g * gamma
    ds = rstd[:, None] * (h - h.mean(1, keepdims=True) - xhat * (h * xhat).mean(1, keepdims=True))
    alpha, beta = factors(mode)
    return alpha * ds, beta * ds, (g * xhat).sum(0), g.sum(0)


def assert_gradients(device, found, exact, g, gamma, kept, acc):
    largest = max(1.0, np.abs(gamma).max()) * np.abs(wide(g)).max() / device.numpy(kept)[2].min()
    for k in range(2):
        error = np.abs(wide(device.numpy(found[k])) - exact[k])
        assert np.all(error <= 24 * EPS[acc.name] * largest + half_ulp(exact[k], found[k])), g.shape
    for k in range(2, 4):
        # Sums over rows: each term is off by x̂'s error, a few ulps of 4.
        bound = 8 * len(g) * 4 * np.abs(wide(g)).max() * EPS[acc.name]
        assert np.abs(device.numpy(found[k]) - exact[k]).max() <= bound, g.shape
        assert found[k].dtype == acc


@pytest.mark.parametrize(
    "shapes",
    [SHAPES, pytest.param(LONG_SHAPES, marks=pytest.mark.campaign)],
    ids=["short", "long"],
)
@pytest.mark.parametrize("mode", MODES)
def test_layer_norm_backward(device, kernel_dtype, mode, shapes):
    acc = acc_dtype(kernel_dtype)
    for shape in shapes:
        offset = shape[0] % 2
        (i, di), (r, dr) = pair(device, shape, kernel_dtype, offset)
        g, gamma = normal(shape, kernel_dtype, 5), normal(shape[1], acc, 6)
        if shape[1] == 33:
            gamma[...] = 1
        given = None if shape[1] == 33 else device.array(gamma)
        _, kept = flux.residual_layer_norm(di, dr, None, None, 1e-2, mode)
        found = flux.residual_layer_norm_backward(device.array(g), di, dr, given, kept, mode)
        exact = layer_norm_gradients(wide(g), joined(i, r, mode), wide(gamma), 1e-2, mode)
        assert_gradients(device, found, exact, g, gamma, kept, acc)
        assert (found[0] is found[1]) == (mode != "phi")


@pytest.mark.campaign
@pytest.mark.parametrize("mode", MODES)
def test_layer_norm_backward_down_many_kept_rows(device, kernel_dtype, mode):
    """More rows than blocks, some of which have one row more than others."""
    acc, shape = (
        acc_dtype(kernel_dtype),
        (2 * 132 + 7, 4099 if kernel_dtype != np.float64 else 2052),
    )
    (i, di), (r, dr) = pair(device, shape, kernel_dtype, 1)
    g, gamma = normal(shape, kernel_dtype, 5), normal(shape[1], acc, 6)
    _, kept = flux.residual_layer_norm(di, dr, None, None, 1e-2, mode)
    given = device.array(g), di, dr, device.array(gamma), kept, mode
    found = device.same_bits(lambda: flux.residual_layer_norm_backward(*given))
    exact = layer_norm_gradients(wide(g), joined(i, r, mode), wide(gamma), 1e-2, mode)
    assert_gradients(device, found, exact, g, gamma, kept, acc)


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
    out, kept = flux.residual_layer_norm(di, dr, *arrays, 1e-5, "phi")
    found = flux.residual_layer_norm_backward(device.array(g), di, dr, arrays[0], kept, "phi")
    assert_close(device.numpy(out), expected.detach().numpy(), dtype, 32, 4.0)
    for got, tensor in zip(found, given, strict=True):
        assert_close(device.numpy(got), tensor.grad.numpy(), dtype, 64, 8.0)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_layer_norm_of_nothing(device, kernel_dtype, shape):
    x = device.array(np.zeros(shape), kernel_dtype)
    out, kept = flux.residual_layer_norm(x, x, None, None, 1e-5, "phi")
    assert out.shape == shape
    assert kept.shape == (3, shape[0])
    assert np.isnan(device.numpy(kept)).all()
    gi, gr, dgamma, dbeta = flux.residual_layer_norm_backward(x, x, x, None, kept, "phi")
    assert gi.shape == gr.shape == shape
    assert device.numpy(dgamma).tolist() == device.numpy(dbeta).tolist() == [0.0] * shape[1]

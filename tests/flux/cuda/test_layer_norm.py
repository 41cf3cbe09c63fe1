"""Golden layer normalization on the device: exact sums, PyTorch, and laws."""

import math

import numpy as np
import pytest
from cuda_host.runtime import RUNTIME
from normalization import (
    EPS,
    TARGET,
    assert_output,
    inputs,
    last_place,
    moments,
    normalized,
    on,
    row_statistics,
)

from syntonic.flux.cuda import norm
from syntonic.flux.cuda.source import acc_dtype

RANDOM = np.random.default_rng(618)

ROWS = [(5, 1), (7, 2), (70, 31), (9, 33), (3, 200), (2, 1023), (3, 1025), (2, 4096)]


WIDE = [(2, 8193), (1, 16384), (2, 16385), (2, 20001), (1, 32768), (2, 32769)]


@pytest.mark.parametrize("shape", ROWS + WIDE, ids=str)
def test_layer_norm_is_its_definition(device, kernel_dtype, shape):
    x, gamma, beta = inputs(RANDOM, shape, kernel_dtype)
    got = norm.layer_norm(device.array(x), TARGET, EPS, *on(device, gamma, beta))
    assert_layer_norm(device, x, gamma, beta, *got)


@pytest.mark.campaign
@pytest.mark.parametrize("size", [131073, 163840, 286720])
def test_many_rows_that_a_block_holds_with_shared_memory(device, kernel_dtype, size, monkeypatch):
    """Of so many bytes: as much as an H100 has, a T4, or nearly none changes no bit."""
    shape = 64, size // max(4, kernel_dtype.itemsize)
    x, gamma, beta = inputs(RANDOM, shape, kernel_dtype)
    affine, found = on(device, gamma, beta), set()
    for offset, kilobytes in ((0, 227), (1, 227), (0, 64), (1, 64), (0, 9)):
        monkeypatch.setattr(RUNTIME, "shared", kilobytes << 10)  # a GPU has what it has
        buffer = device.array(np.concatenate([np.zeros(offset, kernel_dtype), x.ravel()]))
        got = norm.layer_norm(buffer[offset:].reshape(shape), TARGET, EPS, *affine)
        found.add(b"".join(device.numpy(each).tobytes() for each in got))
    assert len(found) == 1
    assert_layer_norm(device, x, gamma, beta, *got)


def assert_layer_norm(device, x, gamma, beta, out, statistics):
    eps, (mean, deviation) = last_place(acc_dtype(x.dtype)), row_statistics(x, EPS)
    got = device.numpy(statistics)
    assert got.dtype == np.float64
    error = np.abs(got[0].astype(np.longdouble) + got[1] - mean)
    assert np.all(error <= 8 * eps * deviation + np.abs(mean) * np.longdouble(2) ** -62)
    assert np.all(np.abs(got[2] / deviation - 1) <= 8 * eps)
    plain = normalized(x[None], mean, deviation**2 - EPS, TARGET, EPS)[0]
    expected = (plain * gamma + beta).T[None]
    assert_output(device, out.T[None], expected, gamma, beta, x.dtype)


def test_a_row_of_131072(device):
    x, gamma, beta = inputs(RANDOM, (1, 131072), np.dtype(np.float32))
    got = norm.layer_norm(device.array(x), TARGET, EPS, *on(device, gamma, beta))
    assert_layer_norm(device, x, gamma, beta, *got)


@pytest.mark.parametrize("cols", [31, 1000, 20000, 40000])
def test_layer_norm_without_gamma_and_beta_has_the_golden_variance(device, cols):
    x, _, _ = inputs(RANDOM, (2, cols), np.float64, affine=False)
    out, _ = norm.layer_norm(device.array(x), TARGET, EPS, None, None)
    mean, var = moments(device.numpy(out)[None])
    before = moments(x[None])[1]
    assert np.all(np.abs(mean) <= 1e-15)
    assert np.all(np.abs(var / (TARGET * before / (before + EPS)) - 1) <= 1e-14)


@pytest.mark.parametrize("cols", [31, 1000, 5000, 10000, 20000, 40000])
@pytest.mark.parametrize(("dtype", "mean"), [("float64", 1e8), ("float32", 1e4)])
def test_a_row_with_a_mean_far_above_the_deviation(device, cols, dtype, mean):
    x = (RANDOM.normal(size=(2, cols)) + mean).astype(dtype)
    out, statistics = norm.layer_norm(device.array(x), TARGET, EPS, None, None)
    x -= x.dtype.type(mean)  # exact
    exact = row_statistics(x, EPS)
    expected = normalized(x[None], exact[0], exact[1] ** 2 - EPS, TARGET, EPS)[0]
    deviation = device.numpy(statistics)[2]
    assert np.all(np.abs(deviation / exact[1] - 1) <= 16 * last_place(x.dtype))
    assert np.all(np.abs(device.numpy(out) - expected) <= 64 * last_place(x.dtype))


@pytest.mark.parametrize("cols", [2, 32, 1000, 5000, 10000, 20000, 40000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_mean_between_two_numbers_is_not_in_the_variance(device, cols, dtype):
    """Around the mean that is rounded to one of the two numbers the variance is 2, or more."""
    x = np.full((2, cols), 1 / np.finfo(dtype).epsneg, dtype)
    x[:, 1::2] += 2
    out, statistics = norm.layer_norm(device.array(x), 1.0, EPS, None, None)
    exact, eps = math.sqrt(1 + EPS), last_place(x.dtype)
    assert np.all(np.abs(device.numpy(statistics)[2] / exact - 1) <= 8 * eps)
    sign = np.where(np.arange(cols) % 2, 1, -1)
    assert np.all(np.abs(device.numpy(out) * sign * exact - 1) <= 16 * eps)


@pytest.mark.parametrize("cols", [5, 1025, 20000, 33000])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_in_its_row(device, kernel_dtype, cols, bad):
    x, _, _ = inputs(RANDOM, (3, cols), kernel_dtype, affine=False)
    x[1, cols - 1] = bad
    out, statistics = norm.layer_norm(device.array(x), TARGET, EPS, None, None)
    out = device.numpy(out).astype(np.float64)
    assert np.isnan(out[1]).all()
    assert np.isnan(device.numpy(statistics)[2, 1])
    assert np.isfinite(out[[0, 2]]).all()


@pytest.mark.parametrize("cols", [1, 5, 1025, 20000, 33000])
def test_a_constant_row_gives_beta(device, kernel_dtype, cols):
    x = np.full((2, cols), 12345.678).astype(kernel_dtype)
    beta = RANDOM.normal(size=cols).astype(acc_dtype(kernel_dtype))
    out, _ = norm.layer_norm(device.array(x), TARGET, EPS, None, device.array(beta))
    assert np.all(device.numpy(out) == beta.astype(kernel_dtype))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0)], ids=str)
def test_empty_rows(device, kernel_dtype, shape):
    x = device.array(np.empty(shape), kernel_dtype)
    out, statistics = norm.layer_norm(x, TARGET, EPS, None, None)
    assert out.shape == shape
    assert statistics.shape == (3, shape[0])
    assert np.isnan(device.numpy(statistics)).all()


@pytest.mark.parametrize(
    "shape", [(9, 16), (3, 33), (2, 2000), (2, 16384), (2, 32768), (1, 40000)], ids=str
)
@pytest.mark.parametrize("offset", [1, 2])
def test_alignment_changes_no_bit_of_a_row(device, kernel_dtype, shape, offset):
    x, _, _ = inputs(RANDOM, shape, kernel_dtype, affine=False)
    gamma = RANDOM.normal(size=shape[1] + 1).astype(acc_dtype(kernel_dtype))
    base = device.array(np.concatenate([np.zeros(offset, kernel_dtype), x.reshape(-1)]))
    skew = base[offset:].reshape(shape)
    straight = norm.layer_norm(device.array(x), TARGET, EPS, device.array(gamma[1:]), None)
    skewed = norm.layer_norm(skew, TARGET, EPS, device.array(gamma)[1:], None)
    for got, expected in zip(skewed, straight, strict=True):
        assert device.numpy(got).tobytes() == device.numpy(expected).tobytes()


@pytest.mark.parametrize(
    "shape", [(70, 33), (3, 1025), (2, 20000), (1, 20001), (2, 40000)], ids=str
)
def test_the_order_of_threads_changes_no_bit_of_a_row(device, shape):
    x, gamma, beta = on(device, *inputs(RANDOM, shape, np.float32))
    device.same_bits(lambda: norm.layer_norm(x, TARGET, EPS, gamma, beta))


@pytest.mark.parametrize("shape", [(31, 5), (3, 1025), (2, 20000)], ids=str)
def test_layer_norm_is_pytorchs(device, shape):
    torch = pytest.importorskip("torch")
    x, gamma, beta = inputs(RANDOM, shape, np.float64)
    out, _ = norm.layer_norm(device.array(x), 1.0, EPS, *on(device, gamma, beta))
    expected = torch.nn.functional.layer_norm(
        torch.tensor(x), shape[1:], torch.tensor(gamma), torch.tensor(beta), EPS
    )
    np.testing.assert_allclose(device.numpy(out), expected.numpy(), rtol=1e-13, atol=1e-13)

"""Golden batch normalization on the device: exact sums, NIST's data, PyTorch, and laws."""

import math

import numpy as np
import pytest
from normalization import (
    EPS,
    TARGET,
    assert_moments,
    assert_output,
    inputs,
    last_place,
    moments,
    normalized,
    on,
    statistics_of,
)

from syntonic.flux.cuda import norm
from syntonic.flux.cuda.source import acc_dtype

RANDOM = np.random.default_rng(618)

SHAPES = [
    (1, 1, 1),
    (2, 1, 1),
    (5, 3, 1),
    (31, 33, 1),
    (700, 35, 1),
    (600, 8, 1),
    (1025, 1, 1),
    pytest.param((3, 65544, 1), marks=pytest.mark.campaign),
    (2, 3, 2),
    (1, 3, 31),
    (8, 67, 49),
    (3, 5, 16),
    (33, 2, 1023),
    (1, 2, 9000),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_is_its_definition(device, kernel_dtype, shape):
    x, gamma, beta = inputs(RANDOM, shape, kernel_dtype)
    out, statistics = norm.batch_norm(device.array(x), TARGET, EPS, *on(device, gamma, beta))
    exact = moments(x)
    assert_moments(device, statistics, x, exact)
    expected = normalized(x, *exact, TARGET, EPS, gamma, beta)
    assert_output(device, out, expected, gamma, beta, kernel_dtype)


@pytest.mark.parametrize("shape", [(5, 3, 1), (700, 35, 1), (8, 67, 49), (1, 2, 9000)], ids=str)
def test_statistics_and_application_apart(device, kernel_dtype, shape):
    x, gamma, beta = inputs(RANDOM, shape, kernel_dtype)
    assert_moments(device, norm.batch_norm_stats(device.array(x)), x, moments(x))
    given = RANDOM.uniform(1, 2, size=(2, shape[1]))
    statistics = device.array(statistics_of(*given))
    out = norm.batch_norm_apply(device.array(x), statistics, TARGET, EPS, *on(device, gamma, beta))
    expected = normalized(x, *given, TARGET, EPS, gamma, beta)
    assert_output(device, out, expected, gamma, beta, kernel_dtype)


@pytest.mark.parametrize("shape", [(64, 6, 1), (3000, 6, 1), (16, 4, 25), (64, 4, 1024)], ids=str)
@pytest.mark.parametrize("target", [TARGET, 1.0, 2.5])
def test_the_golden_target(device, shape, target):
    """Before gamma and beta the output's variance is target·var/(var+eps), its mean 0."""
    x, _, _ = inputs(RANDOM, shape, np.float64, affine=False)
    out, _ = norm.batch_norm(device.array(x), target, EPS, None, None)
    mean, var = moments(device.numpy(out))
    before = moments(x)[1]
    assert np.all(np.abs(mean) <= 1e-15)
    assert np.all(np.abs(var / (target * before / (before + EPS)) - 1) <= 1e-14)


@pytest.mark.parametrize("shape", [(512, 4, 1), (4000, 4, 1), (16, 3, 100), (40, 3, 1000)], ids=str)
@pytest.mark.parametrize(("dtype", "mean"), [("float64", 1e8), ("float32", 1e4)])
def test_a_mean_far_above_the_deviation(device, shape, dtype, mean):
    """A sum of squares would leave no digit of the variance; the output keeps all of its own."""
    x = (RANDOM.normal(size=shape) + mean).astype(dtype)
    out, statistics = norm.batch_norm(device.array(x), TARGET, EPS, None, None)
    x -= x.dtype.type(mean)  # exact, and long doubles have digits to spare again
    exact = moments(x)
    var = device.numpy(statistics)[2]
    assert np.all(np.abs(var / exact[1] - 1) <= 16 * last_place(x.dtype))
    expected = normalized(x, *exact, TARGET, EPS)
    assert np.all(np.abs(device.numpy(out) - expected) <= 64 * last_place(x.dtype))


def test_an_outlier_first(device):
    """No such element is what the others are taken relative to."""
    x = RANDOM.normal(size=(4000, 1, 3)).astype(np.float32)
    x[0] = 1e6
    assert_moments(device, norm.batch_norm_stats(device.array(x)), x, moments(x))


def nist_numacc(which):
    """Values, mean and sample standard deviation of NIST's StRD NumAcc1 to 4, by definition."""
    if which == 1:
        return [10000001.0, 10000003.0, 10000002.0], 10000002.0, 1.0
    base, low, high = {2: (1, 1, 3), 3: (1000000, 1, 3), 4: (10000000, 1, 3)}[which]
    first, step = base + 0.2, 0.1
    values = [first] + [base + step * (low if i % 2 else high) for i in range(1, 1001)]
    return values, first, 0.1


@pytest.mark.parametrize("which", [1, 2, 3, 4])
@pytest.mark.parametrize("form", ["1d", "2d"])
def test_nist_numerical_accuracy(device, which, form):
    """What is left is the rounding of the data themselves: 10000000.2 is not a double."""
    values, mean, deviation = nist_numacc(which)
    n = len(values)
    x = np.array(values).reshape((n, 1, 1) if form == "1d" else (1, 1, n))
    x = np.concatenate([x, x], axis=1)
    got = device.numpy(norm.batch_norm_stats(device.array(x)))
    assert np.all(np.abs(got[0] - mean) <= 4e-16 * mean)
    sample = np.sqrt(got[2] * n / (n - 1))
    assert np.all(np.abs(sample / deviation - 1) <= {1: 1e-15, 2: 1e-15, 3: 1e-9, 4: 1e-8}[which])


@pytest.mark.parametrize("shape", [(40, 3, 1), (900, 3, 1), (4, 3, 9), (2, 3, 9000)], ids=str)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_in_its_channel(device, kernel_dtype, shape, bad):
    x, _, _ = inputs(RANDOM, shape, kernel_dtype, affine=False)
    x[-1, 1, -1] = bad
    out, statistics = norm.batch_norm(device.array(x), TARGET, EPS, None, None)
    out, statistics = device.numpy(out).astype(np.float64), device.numpy(statistics)
    assert np.isnan(out[:, 1]).all()
    assert np.isnan(statistics[2:, 1]).all()
    assert not np.isfinite(statistics[0, 1])
    assert np.isfinite(out[:, [0, 2]]).all()


@pytest.mark.parametrize("shape", [(40, 3, 1), (900, 3, 1), (4, 3, 9), (2, 3, 9000)], ids=str)
def test_a_constant_channel_gives_beta(device, kernel_dtype, shape):
    acc = acc_dtype(kernel_dtype)
    x, beta = np.full(shape, 12345.678).astype(kernel_dtype), np.arange(3).astype(acc)
    out, statistics = norm.batch_norm(device.array(x), TARGET, EPS, None, device.array(beta))
    assert np.all(device.numpy(out).astype(acc) == beta[:, None])
    statistics = device.numpy(statistics)
    assert np.all(statistics[0] == x.reshape(-1)[0].astype(acc))
    assert np.all(statistics[1:] == 0)


@pytest.mark.parametrize("shape", [(0, 3, 1), (0, 3, 4), (2, 3, 0), (2, 0, 4), (0, 0, 1)], ids=str)
def test_empty(device, kernel_dtype, shape):
    x = device.array(np.empty(shape), kernel_dtype)
    out, statistics = norm.batch_norm(x, TARGET, EPS, None, None)
    assert out.shape == shape
    for each in (statistics, norm.batch_norm_stats(x)):
        assert each.shape == (4, shape[1])
        assert np.isnan(device.numpy(each)).all()
    assert norm.batch_norm_apply(x, statistics, TARGET, EPS, None, None).shape == shape
    assert np.isnan(device.numpy(norm.output_stats(x))).all()


@pytest.mark.parametrize("shape", [(40, 16, 1), (900, 16, 1), (3, 5, 16), (2, 2, 9000)], ids=str)
@pytest.mark.parametrize("offset", [1, 2, 3])
def test_alignment_changes_no_bit(device, kernel_dtype, shape, offset):
    x, _, _ = inputs(RANDOM, shape, kernel_dtype, affine=False)
    base = device.array(np.concatenate([np.zeros(offset, kernel_dtype), x.reshape(-1)]))
    skew = base[offset:].reshape(shape)
    straight = norm.batch_norm(device.array(x), TARGET, EPS, None, None)
    for got, expected in zip(norm.batch_norm(skew, TARGET, EPS, None, None), straight, strict=True):
        assert device.numpy(got).tobytes() == device.numpy(expected).tobytes()
    assert np.array_equal(
        device.numpy(norm.output_stats(skew)), device.numpy(norm.output_stats(device.array(x)))
    )


@pytest.mark.parametrize("shape", [(900, 33, 1), (40, 33, 1), (2, 2, 9000), (9, 66, 7)], ids=str)
def test_the_order_of_threads_changes_no_bit(device, shape):
    x, gamma, beta = on(device, *inputs(RANDOM, shape, np.float32))
    device.same_bits(lambda: norm.batch_norm(x, TARGET, EPS, gamma, beta))
    device.same_bits(lambda: norm.batch_norm_stats(x))
    device.same_bits(lambda: norm.output_stats(x))


@pytest.mark.parametrize("size", [1, 2, 31, 33, 1023, 1025, 70001])
def test_output_stats(device, kernel_dtype, size):
    x = (RANDOM.normal(size=size) + 3).astype(kernel_dtype)
    stats = device.numpy(norm.output_stats(device.array(x)))
    mean, var = moments(x.reshape(1, 1, -1))
    eps = last_place(acc_dtype(kernel_dtype))
    assert stats.dtype == np.float64
    assert abs(stats[0] - mean[0]) <= 8 * eps * (abs(mean[0]) + 1)
    assert abs(stats[1] - var[0]) <= 16 * eps * var[0]


@pytest.mark.parametrize("shape", [(31, 5, 1), (700, 5, 1), (6, 5, 49), (3, 65, 1025)], ids=str)
def test_batch_norm_is_pytorchs(device, shape):
    torch = pytest.importorskip("torch")
    x, gamma, beta = inputs(RANDOM, shape, np.float64)
    out, _ = norm.batch_norm(device.array(x), 1.0, EPS, *on(device, gamma, beta))
    expected = torch.nn.functional.batch_norm(
        torch.tensor(x), None, None, torch.tensor(gamma), torch.tensor(beta), True, 0.1, EPS
    )
    np.testing.assert_allclose(device.numpy(out), expected.numpy(), rtol=1e-13, atol=1e-13)

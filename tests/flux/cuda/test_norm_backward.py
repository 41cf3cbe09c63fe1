"""Gradients of golden normalizations on the device.

The oracle is the closed form in long double; the closed form is held against differences of the
definition. A sum may err by 32 eps of the sum of its absolute terms, a gradient of x by as much of
the absolute terms it is made of, and by half a place of its dtype. The mean comes in two numbers:
x - mean errs by eps of itself and of the deviation.
"""

import math
from functools import partial

import numpy as np
import pytest
from normalization import (
    EPS,
    TARGET,
    last_place,
    moments,
    normalized,
    on,
    row_statistics_of,
    statistics_of,
)

from syntonic.flux.cuda import norm
from syntonic.flux.cuda.source import acc_dtype

RANDOM = np.random.default_rng(618)

CHANNELS = [
    (2, 2, 1),
    (31, 3, 1),
    (700, 35, 1),
    (1025, 1, 1),
    pytest.param((3, 65544, 1), marks=pytest.mark.campaign),
    (2, 3, 31),
    (9, 67, 49),
    (33, 2, 1023),
    (1, 2, 9000),
]
ROWS = [(5, 3), (70, 33), (9, 600), (2, 1023), (3, 1025), (2, 4096), (2, 9000), (300, 20)]


def batch_gradients(grad, x, mean, var, gamma, training):
    """The closed form of (N, C, S), long double: dx, dgamma, dbeta; and the size of their terms."""
    grad, x, mean, var, gamma = (np.asarray(v, np.longdouble) for v in (grad, x, mean, var, gamma))
    deviation = np.sqrt(var + np.longdouble(EPS))[:, None]
    xhat, gain = (x - mean[:, None]) / deviation, np.sqrt(np.longdouble(TARGET))
    scale = gain * gamma[:, None] / deviation
    blurred = np.abs(xhat) + 1
    plain, weighed, axes = grad, grad * xhat, (0, 2)
    dx = scale * grad
    size = np.abs(dx)
    if training:
        means = (v.mean(axes, keepdims=True) for v in (plain, weighed))
        sizes = (np.abs(v).mean(axes, keepdims=True) for v in (plain, grad * blurred))
        first, second = means
        dx = scale * (grad - first - xhat * second)
        first, second = sizes
        size = np.abs(scale) * (np.abs(grad) + first + blurred * second)
    sums = (gain * weighed.sum(axes), plain.sum(axes))
    terms = (gain * np.abs(grad * blurred).sum(axes), np.abs(plain).sum(axes))
    return (dx, *sums), (size, *terms)


def row_gradients(grad, x, mean, var, gamma):
    """The closed form of (rows, cols): rows are channels, and gamma goes with the gradient."""
    ones = np.ones(len(x))
    weighed = np.asarray(grad, np.longdouble) * gamma
    (dx, _, _), (size, _, _) = batch_gradients(weighed[None], x[None], mean, var, ones, True)
    gain = np.sqrt(np.longdouble(TARGET))
    mean, deviation = mean[:, None], np.sqrt(var + np.longdouble(EPS))[:, None]
    xhat, grad = (x.astype(np.longdouble) - mean) / deviation, grad.astype(np.longdouble)
    blurred = np.abs(xhat) + 1
    sums = (gain * (grad * xhat).sum(0), grad.sum(0))
    return (dx[0], *sums), (size[0], gain * np.abs(grad * blurred).sum(0), np.abs(grad).sum(0))


def assert_gradients(device, got, expected, sizes, dtype):
    acc = acc_dtype(dtype)
    for array, exact, size, kind in zip(got, expected, sizes, (dtype, acc, acc), strict=True):
        assert array.dtype == kind
        error = np.abs(device.numpy(array).astype(np.longdouble) - exact)
        floor = 2.0**-24 if kind.name == "float16" else 0  # its subnormal numbers
        bound = 32 * last_place(acc) * size + last_place(kind) / 2 * np.abs(exact) + floor
        assert np.all(error <= bound)


def differences(loss, x, step=1e-5):
    """The gradient of a loss by central differences in long double."""
    x, out = x.astype(np.longdouble), np.empty(x.shape, np.longdouble)
    for at in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[at] += step
        down[at] -= step
        out[at] = (loss(up) - loss(down)) / (up[at] - down[at])
    return out


def channels(shape, dtype):
    """grad, x, mean, var and gamma of (N, C, S); the statistics are x's own."""
    x = (RANDOM.normal(size=shape) * 2 + 3).astype(dtype)
    grad = RANDOM.normal(size=shape).astype(dtype)
    acc = acc_dtype(np.dtype(dtype))
    mean, var = moments(x)
    return grad, x, mean, var, RANDOM.normal(size=shape[1]).astype(acc)


def rows_of(shape, dtype):
    """grad, x, mean, var and gamma of (rows, cols)."""
    x = (RANDOM.normal(size=shape) * 2 + 3).astype(dtype)
    grad = RANDOM.normal(size=shape).astype(dtype)
    acc = acc_dtype(np.dtype(dtype))
    mean, var = moments(x[None])
    return grad, x, mean, var, RANDOM.normal(size=shape[1]).astype(acc)


def batch_backward(device, grad, x, mean, var, gamma, training):
    arrays = on(device, grad, x, statistics_of(mean, var))
    return norm.batch_norm_backward(*arrays, TARGET, EPS, *on(device, gamma), training)


def row_backward(device, grad, x, mean, var, gamma):
    grad, x, kept, gamma = on(device, grad, x, row_statistics_of(mean, var, EPS), gamma)
    return norm.layer_norm_backward(grad, x, TARGET, gamma, kept)


@pytest.mark.parametrize("training", [True, False], ids=["training", "constant"])
@pytest.mark.parametrize("shape", CHANNELS, ids=str)
def test_batch_norm_backward_is_its_closed_form(device, kernel_dtype, shape, training):
    given = channels(shape, kernel_dtype)
    got = batch_backward(device, *given, training)
    assert_gradients(device, got, *batch_gradients(*given, training), kernel_dtype)


@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_layer_norm_backward_is_its_closed_form(device, kernel_dtype, shape):
    given = rows_of(shape, kernel_dtype)
    got = row_backward(device, *given)
    assert_gradients(device, got, *row_gradients(*given), kernel_dtype)


@pytest.mark.parametrize("shape", [(5, 2, 1), (2, 2, 3), (1, 1, 7)], ids=str)
def test_batch_norm_backward_is_the_slope_of_the_definition(device, shape):
    grad, x, mean, var, gamma = channels(shape, np.float64)

    def loss(x, gamma=gamma):
        centre = x.mean((0, 2))
        spread = ((x - centre[:, None]) ** 2).mean((0, 2))
        return (grad * normalized(x, centre, spread, TARGET, EPS, gamma)).sum()

    dx, dgamma, dbeta = batch_backward(device, grad, x, mean, var, gamma, True)
    np.testing.assert_allclose(device.numpy(dx), differences(loss, x), rtol=0, atol=1e-8)
    slope = differences(partial(loss, x.astype(np.longdouble)), gamma)
    np.testing.assert_allclose(device.numpy(dgamma), slope, rtol=0, atol=1e-10)
    np.testing.assert_allclose(device.numpy(dbeta), grad.sum((0, 2)), rtol=0, atol=1e-14)


@pytest.mark.parametrize("shape", [(3, 5), (1, 7)], ids=str)
def test_layer_norm_backward_is_the_slope_of_the_definition(device, shape):
    grad, x, mean, var, gamma = rows_of(shape, np.float64)

    def loss(x, gamma=gamma):
        centre = x.mean(1)
        spread = ((x - centre[:, None]) ** 2).mean(1)
        return (grad * normalized(x[None], centre, spread, TARGET, EPS)[0] * gamma).sum()

    dx, dgamma, _ = row_backward(device, grad, x, mean, var, gamma)
    np.testing.assert_allclose(device.numpy(dx), differences(loss, x), rtol=0, atol=1e-8)
    slope = differences(partial(loss, x.astype(np.longdouble)), gamma)
    np.testing.assert_allclose(device.numpy(dgamma), slope, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(40, 3, 1), (900, 3, 1), (4, 3, 9), (2, 3, 9000)], ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["training", "constant"])
def test_no_gamma_is_gamma_one(device, shape, training):
    *given, gamma = channels(shape, np.float64)
    without = batch_backward(device, *given, None, training)
    with_ones = batch_backward(device, *given, np.ones_like(gamma), training)
    for got, expected in zip(without, with_ones, strict=True):
        assert np.array_equal(device.numpy(got), device.numpy(expected))


@pytest.mark.parametrize("shape", [(40, 3), (3, 1025), (2, 9000)], ids=str)
def test_no_gamma_of_rows_is_gamma_one(device, shape):
    *given, gamma = rows_of(shape, np.float64)
    without = row_backward(device, *given, None)
    with_ones = row_backward(device, *given, np.ones_like(gamma))
    for got, expected in zip(without, with_ones, strict=True):
        assert np.array_equal(device.numpy(got), device.numpy(expected))


@pytest.mark.parametrize("shape", [(40, 3, 1), (900, 3, 1), (4, 3, 9), (2, 3, 9000)], ids=str)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_stays_in_its_channel(device, kernel_dtype, shape, bad):
    grad, x, mean, var, gamma = channels(shape, kernel_dtype)
    x[-1, 1, -1] = bad
    dx, dgamma, _ = batch_backward(device, grad, x, mean, var, gamma, True)
    assert np.isfinite(device.numpy(dx).astype(np.float64)[:, [0, 2]]).all()
    assert np.isfinite(device.numpy(dgamma)[[0, 2]]).all()
    assert not np.isfinite(device.numpy(dx).astype(np.float64)[:, 1]).any()
    dx, _, _ = batch_backward(device, grad, x, mean, var, gamma, False)
    assert np.isfinite(device.numpy(dx).astype(np.float64)).all()  # x takes no part


@pytest.mark.parametrize("cols", [5, 1025, 9000])
def test_what_is_not_finite_stays_in_its_row(device, kernel_dtype, cols):
    grad, x, mean, var, gamma = rows_of((3, cols), kernel_dtype)
    grad[1, cols - 1] = math.nan
    dx, dgamma, dbeta = row_backward(device, grad, x, mean, var, gamma)
    dx = device.numpy(dx).astype(np.float64)
    assert np.isnan(dx[1]).all()
    assert np.isfinite(dx[[0, 2]]).all()
    for each in (dgamma, dbeta):
        assert np.array_equal(np.isnan(device.numpy(each)), np.arange(cols) == cols - 1)


@pytest.mark.parametrize("shape", [(0, 3, 1), (0, 3, 4), (2, 3, 0), (2, 0, 4)], ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["training", "constant"])
def test_empty(device, kernel_dtype, shape, training):
    acc, x = acc_dtype(kernel_dtype), np.empty(shape, kernel_dtype)
    statistics = np.full((2, shape[1]), math.nan)
    got = batch_backward(device, x, x, *statistics, None, training)
    assert got[0].shape == shape
    for each in got[1:]:
        assert np.array_equal(device.numpy(each), np.zeros(shape[1], acc))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0)], ids=str)
def test_empty_rows(device, kernel_dtype, shape):
    acc, x = acc_dtype(kernel_dtype), np.empty(shape, kernel_dtype)
    got = row_backward(device, x, x, *np.full((2, shape[0]), math.nan), None)
    assert got[0].shape == shape
    for each in got[1:]:
        assert np.array_equal(device.numpy(each), np.zeros(shape[1], acc))


def skewed(device, array, offset):
    """The array on the device, `offset` elements off a boundary of 16 bytes."""
    base = np.concatenate([np.zeros(offset, array.dtype), array.reshape(-1)])
    return device.array(base)[offset:].reshape(array.shape)


def assert_same(device, got, expected):
    for one, other in zip(got, expected, strict=True):
        assert device.numpy(one).tobytes() == device.numpy(other).tobytes()


@pytest.mark.parametrize("shape", [(40, 16, 1), (900, 16, 1), (3, 5, 16), (2, 2, 9000)], ids=str)
def test_alignment_changes_no_bit(device, kernel_dtype, shape):
    grad, x, *rest = channels(shape, kernel_dtype)
    kept, gamma = on(device, statistics_of(*rest[:2]), rest[2])
    straight = batch_backward(device, grad, x, *rest, True)
    grad, x = skewed(device, grad, 1), skewed(device, x, 2)
    got = norm.batch_norm_backward(grad, x, kept, TARGET, EPS, gamma, True)
    assert_same(device, got, straight)


@pytest.mark.campaign
@pytest.mark.parametrize("shape", [(40, 16), (3, 2000), (2, 16384)], ids=str)
def test_alignment_changes_no_bit_of_a_row(device, kernel_dtype, shape):
    grad, x, *rest = rows_of(shape, kernel_dtype)
    kept = device.array(row_statistics_of(*rest[:2], EPS))
    straight = row_backward(device, grad, x, *rest)
    grad, x, gamma = skewed(device, grad, 1), skewed(device, x, 2), skewed(device, rest[2], 1)
    assert_same(device, norm.layer_norm_backward(grad, x, TARGET, gamma, kept), straight)


@pytest.mark.parametrize("shape", [(900, 33, 1), (40, 33, 1), (2, 2, 9000), (9, 66, 7)], ids=str)
def test_the_order_of_threads_changes_no_bit(device, shape):
    given = channels(shape, np.float32)
    device.same_bits(lambda: batch_backward(device, *given, True))


@pytest.mark.parametrize("shape", [(300, 33), (9, 1025), (3, 9000)], ids=str)
def test_the_order_of_threads_changes_no_bit_of_a_row(device, shape):
    given = rows_of(shape, np.float32)
    device.same_bits(lambda: row_backward(device, *given))


@pytest.mark.parametrize("shape", [(31, 5, 1), (700, 5, 1), (6, 65, 49), (3, 2, 3025)], ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["training", "constant"])
def test_batch_norm_backward_is_pytorchs(device, shape, training):
    torch = pytest.importorskip("torch")
    grad, x, mean, var, gamma = channels(shape, np.float64)
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, gamma, 0 * gamma)]
    statistics = statistics_of(mean, var)
    given = (None, None) if training else tuple(torch.tensor(statistics[k]) for k in (0, 2))
    arguments = (*leaves[1:], training, 0.1, EPS)
    torch.nn.functional.batch_norm(leaves[0], *given, *arguments).backward(torch.tensor(grad))
    arrays = on(device, grad, x, statistics)
    got = norm.batch_norm_backward(*arrays, 1.0, EPS, *on(device, gamma), training)
    for one, leaf in zip(got, leaves, strict=True):
        np.testing.assert_allclose(device.numpy(one), leaf.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(31, 5), (3, 1025), (2, 9000)], ids=str)
def test_layer_norm_backward_is_pytorchs(device, shape):
    torch = pytest.importorskip("torch")
    grad, x, mean, var, gamma = rows_of(shape, np.float64)
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, gamma, 0 * gamma)]
    out = torch.nn.functional.layer_norm(leaves[0], shape[1:], *leaves[1:], EPS)
    out.backward(torch.tensor(grad))
    grad, x, kept, gamma = on(device, grad, x, row_statistics_of(mean, var, EPS), gamma)
    got = norm.layer_norm_backward(grad, x, 1.0, gamma, kept)
    for one, leaf in zip(got, leaves, strict=True):
        np.testing.assert_allclose(device.numpy(one), leaf.grad.numpy(), rtol=1e-12, atol=1e-12)

"""Normalizations of whatever is finite, on the device: extreme ranges, far means, outliers.

The oracle is `normalization.ExactRow`, sums of integers. On the host, kernels that compute in
float32 run with subnormal numbers flushed to zero, as CuPy compiles them.
"""

import ctypes
import ctypes.util
import math
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest
from effort import thinned
from normalization import (
    TARGET,
    ExactRow,
    assert_within,
    constant_rows,
    exact_normalized,
    hard_rows,
    last_place,
    on,
    row_gradients_of,
)

from syntonic.flux.cuda import norm, residual
from syntonic.flux.cuda.source import acc_dtype

LENGTHS = (1, 2, 3, 33, 1025)
LONG = {"float64": (5000, 9000, 17000)}  # beyond what a team, a block, or no block holds
LONG_NARROWER = (9000, 17000, 33000)
EPSILONS = (0.0, 1e-5)


@pytest.fixture(params=["host", pytest.param("cuda", marks=pytest.mark.gpu)])
def place(request):
    from cuda_host.devices import device_for

    device = device_for("natural" if request.param == "host" else "cuda")
    with device.order(0):
        yield device


@contextmanager
def flushed(place, dtype):
    """Take subnormal numbers for 0, where this is not a GPU and no float64 is meant."""
    if type(place).__name__ != "HostDevice" or dtype.name == "float64":
        yield
        return
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    before, after = (ctypes.create_string_buffer(32) for _ in range(2))  # glibc's fenv_t
    library.fegetenv(before)
    after[:] = before[:]
    bits = int.from_bytes(before[28:32], "little") | 0x8040  # of MXCSR: flush results, operands
    after[28:32] = bits.to_bytes(4, "little")
    library.fesetenv(after)
    try:
        yield
    finally:
        library.fesetenv(before)


short_and_long = pytest.mark.parametrize(
    "long", [False, pytest.param(True, marks=pytest.mark.campaign)], ids=["short", "long"]
)


def lengths(dtype, long):
    return LONG.get(dtype.name, LONG_NARROWER) if long else LENGTHS


class Rows:
    """Hard rows, what they are to become, gradients and coefficients."""

    def __init__(self, dtype, cols, eps):
        self.dtype, self.acc = dtype, acc_dtype(dtype)
        self.eps = float(self.acc.type(eps))
        x = hard_rows(dtype, cols)
        if cols > 2000:  # a half of the list, and the other for other lengths
            x = x[cols // 1000 % 2 :: 2]
        if eps:
            x = np.concatenate([x, constant_rows(dtype, cols)])
        exact, deviation = exact_normalized(x, self.eps)
        self.x, self.exact, self.deviation, self.grad = x, exact, deviation, x
        self.keep(deviation > 0)
        random = np.random.default_rng(cols)
        self.grad = random.normal(size=self.x.shape).astype(dtype)
        self.gamma, self.beta = random.normal(size=(2, cols)).astype(self.acc)
        self.by_row = random.normal(size=(2, len(self.x))).astype(self.acc)

    def keep(self, here):
        """Forget the other rows."""
        self.x, self.grad = self.x[here], self.grad[here]
        self.exact, self.deviation = self.exact[here], self.deviation[here]

    def assert_output(self, out, gain, gamma, beta):
        exact, size = gain * self.exact * gamma + beta, gain * (np.abs(self.exact) + 1)
        assert_within(out, exact, size * np.abs(gamma) + np.abs(beta), self.dtype)

    def assert_deviation(self, got):
        assert np.all(np.abs(got / self.deviation - 1) <= 8 * last_place(self.acc))


@pytest.fixture(params=EPSILONS, ids=["eps0", "eps"])
def rows_of(request, kernel_dtype):
    return lambda cols: Rows(kernel_dtype, cols, request.param)


GAIN = np.sqrt(np.longdouble(TARGET))


@pytest.mark.campaign
@short_and_long
def test_layer_norm(place, kernel_dtype, rows_of, long):
    for cols in lengths(kernel_dtype, long):
        rows = rows_of(cols)
        if not len(rows.x):
            continue
        x, grad, gamma, beta = on(place, rows.x, rows.grad, rows.gamma, rows.beta)
        with flushed(place, kernel_dtype):
            out, statistics = norm.layer_norm(x, TARGET, rows.eps, gamma, beta)
            got = norm.layer_norm_backward(grad, x, TARGET, gamma, statistics)
        rows.assert_output(place.numpy(out), GAIN, rows.gamma, rows.beta)
        rows.assert_deviation(place.numpy(statistics)[2])
        exact, sizes = row_gradients_of(rows.grad, rows.exact, rows.deviation, TARGET, rows.gamma)
        kinds = (kernel_dtype, rows.acc, rows.acc)
        for one, right, size, kind in zip(got, exact, sizes, kinds, strict=True):
            assert_within(place.numpy(one), right, size, kind)


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("name", "cols"), thinned([("f64", 16386), ("f32", 32772), ("bf16", 32776)], every=3)
)
def test_many_rows_that_a_block_reads_twice(place, name, cols):
    from cuda_host.devices import dtype_of

    rows = Rows(dtype_of(name), cols, 1e-5)
    chosen = np.arange(0, len(rows.x), 3)
    x = np.tile(rows.x[chosen], (64 // len(chosen) + 1, 1))
    with flushed(place, rows.dtype):
        out, _ = norm.layer_norm(place.array(x), TARGET, rows.eps, None, None)
    out = place.numpy(out)
    rows.x, rows.exact = rows.x[chosen], rows.exact[chosen]
    for start in range(0, len(x), len(chosen)):
        rows.assert_output(out[start : start + len(chosen)], GAIN, 1, 0)


@pytest.mark.campaign
@short_and_long
@pytest.mark.parametrize("mode", ["phi", "phi_symmetric", "standard"])
def test_residual_layer_norm(place, kernel_dtype, rows_of, mode, long):
    """Where the residual is 0 the connection is the identity, or 1/φ times it and rounded."""
    inner, outer = residual._FACTORS[mode]
    for cols in lengths(kernel_dtype, long):
        rows = rows_of(cols)
        if not len(rows.x) or (mode != "phi" and cols > 1025):
            continue
        if mode == "phi_symmetric":
            joined = rows.x.astype(rows.acc) * rows.acc.type(outer)
            normal = np.abs(joined) >= np.finfo(rows.acc).tiny
            rows.keep((normal | (rows.x == 0)).all(1))
            joined = rows.x.astype(rows.acc) * rows.acc.type(outer)
            rows.exact, rows.deviation = exact_normalized(joined, rows.eps)
            rows.keep(rows.deviation > 0)
        x, grad, gamma, beta = on(place, rows.x, rows.grad, rows.gamma, rows.beta)
        zero = place.array(np.zeros_like(rows.x))
        with flushed(place, kernel_dtype):
            out, statistics = residual.residual_layer_norm(x, zero, gamma, beta, rows.eps, mode)
            got = residual.residual_layer_norm_backward(grad, x, zero, gamma, statistics, mode)
        rows.assert_output(place.numpy(out), 1, rows.gamma, rows.beta)
        rows.assert_deviation(place.numpy(statistics)[2])
        (dx, *sums), (size, *sizes) = row_gradients_of(
            rows.grad, rows.exact, rows.deviation, 1, rows.gamma
        )
        kinds = (kernel_dtype, kernel_dtype, rows.acc, rows.acc)
        exact = (outer * dx, inner * outer * dx, *sums)
        for one, right, each, kind in zip(got, exact, (size, size, *sizes), kinds, strict=True):
            assert_within(place.numpy(one), right, each, kind)


@pytest.mark.parametrize("cols", [2, 300, 9000, 17000, 33000])
@pytest.mark.parametrize("name", ["f64", "f32", "bf16"])
def test_operands_whose_connection_is_no_number(place, name, cols):
    """identity + residual overflows, but what it is normalized to does not."""
    from cuda_host.devices import dtype_of

    if name == "f64" and cols > 16384:
        pytest.skip("what is kept of a row between launches is float64, and has no such mean")

    dtype = dtype_of(name)
    x = hard_rows(dtype, cols)[[-1]] if cols == 2 else hard_rows(dtype, cols)[[6, 7]]
    exact, _ = exact_normalized(x, 0.0)
    with flushed(place, dtype):
        both = place.array(x)
        out, _ = residual.residual_layer_norm(both, both, None, None, 0.0, "standard")
    assert_within(place.numpy(out), exact, np.abs(exact) + 1, dtype)


FORMS = {
    "columns": lambda x: x.T[:, :, None],
    "plane": lambda x: x[None],
    "planes": lambda x: x.reshape(len(x), 3, -1).transpose(1, 0, 2),
}


def by_channel(out, form):
    """The rows again that such an array was made of."""
    channels = np.moveaxis(out, 1, 0)
    return channels.reshape(len(channels), -1)


@pytest.mark.campaign
@short_and_long
@pytest.mark.parametrize("form", FORMS)
def test_batch_norm(place, kernel_dtype, rows_of, form, long):
    longest = (17000,) if form == "plane" else (9000,)
    for cols in longest if long else (*LENGTHS, 300):
        rows = rows_of(cols)
        if not len(rows.x) or (form == "planes" and cols % 3):
            continue
        shaped = [np.ascontiguousarray(FORMS[form](v)) for v in (rows.x, rows.grad)]
        x, grad, gamma, beta = on(place, *shaped, *rows.by_row)
        with flushed(place, kernel_dtype):
            out, statistics = norm.batch_norm(x, TARGET, rows.eps, gamma, beta)
            again = norm.batch_norm_stats(x)
            applied = norm.batch_norm_apply(x, statistics, TARGET, rows.eps, gamma, beta)
            options = statistics, TARGET, rows.eps, gamma
            trained = norm.batch_norm_backward(grad, x, *options, True)
            constant = norm.batch_norm_backward(grad, x, *options, False)
        weight, offset = (v[:, None].astype(np.longdouble) for v in rows.by_row)
        for each in (out, applied):
            rows.assert_output(by_channel(place.numpy(each), form), GAIN, weight, offset)
        for each in (statistics, again):
            assert_statistics(rows, place.numpy(each))
        assert_channel_gradients(rows, *(map(place.numpy, v) for v in (trained, constant)), form)


def assert_statistics(rows, got):
    exact = [ExactRow(row) for row in rows.x]
    deviation = np.array([row.deviation for row in exact], np.longdouble)
    high = np.array([float(row.mean) for row in exact], np.longdouble)
    low = np.array([float(row.mean - Fraction(float(row.mean))) for row in exact])
    error = np.abs(got[0].astype(np.longdouble) + got[1] - high - low)
    place = last_place(rows.acc)
    assert np.all(error <= 8 * place * deviation + np.abs(high) * np.longdouble(2) ** -62)
    assert np.all(np.abs(got[3] - deviation) <= 8 * place * deviation)
    with np.errstate(all="ignore"):
        var = (deviation**2).astype(np.float64)
        assert np.all((np.abs(got[2] - var) <= 16 * place * var + 2.0**-1070) | (got[2] == var))


def assert_channel_gradients(rows, trained, constant, form):
    gamma, one = rows.by_row[0].astype(np.longdouble)[:, None], np.longdouble(1)
    (dx, *_), (size, *_) = row_gradients_of(rows.grad, rows.exact, rows.deviation, TARGET)
    grad = rows.grad.astype(np.longdouble)
    weighed = grad * rows.exact
    sums = (GAIN * weighed.sum(1), grad.sum(1))
    terms = (GAIN * (np.abs(weighed) + np.abs(grad)).sum(1), np.abs(grad).sum(1))
    plain = GAIN / rows.deviation[:, None] * grad
    for (found, *found_sums), right in ((trained, dx), (constant, plain)):
        assert_within(by_channel(found, form), gamma * right, np.abs(gamma) * size, rows.dtype)
        for got, exact, each in zip(found_sums, sums, terms, strict=True):
            assert_within(got, exact, each * one, rows.acc)


@pytest.mark.campaign
@pytest.mark.parametrize("size", [2, 33, 1025, 20000])
def test_output_stats(place, kernel_dtype, size):
    for row in hard_rows(kernel_dtype, size):
        exact = ExactRow(row)
        with flushed(place, kernel_dtype):
            stats = norm.output_stats(place.array(row))
        mean, var = place.numpy(stats)
        unit = last_place(acc_dtype(kernel_dtype))
        near = 8 * unit * exact.deviation + abs(float(exact.mean)) * 2.0**-52
        assert abs(np.longdouble(mean) - float(exact.mean)) <= near
        with np.errstate(over="ignore", under="ignore"):
            right = (exact.deviation**2).astype(np.float64)
            assert var == right or abs(var - right) <= 16 * unit * right + 2.0**-1070


def test_float32_beyond_its_squares(place):
    stats = norm.output_stats(place.array(np.array([1e30, -1e30], np.float32)))
    assert math.isclose(place.numpy(stats)[1], 1e60, rel_tol=1e-6)


@pytest.mark.parametrize("cols", [5, 1025, 9000])
def test_running_statistics_of_any_size(place, kernel_dtype, cols):
    """Given statistics need not be x's own: a frozen channel, a deviation of nothing, or huge."""
    x = np.full((2, 4, cols), 3.0).astype(kernel_dtype)
    deviation = np.array([0.0, 1e-200, 1e-3, 1e200])
    kept = place.array(np.array([np.full(4, 3.0), 0 * deviation, 0 * deviation, deviation]))
    with flushed(place, kernel_dtype):
        out = norm.batch_norm_apply(place.array(x), kept, 1.0, 1e-5, None, None)
    assert np.all(place.numpy(out).astype(np.float64) == 0)


def scaled(place, x, k, eps, operation):
    """The output for x times 2^k, the statistics brought back, as bytes."""
    small = place.array(np.ldexp(x.astype(np.float64), k).astype(x.dtype))
    with flushed(place, x.dtype):
        out, statistics = operation(small, math.ldexp(eps, 2 * k))
    return place.numpy(out).tobytes(), np.ldexp(place.numpy(statistics)[[0, 2]], -k).tobytes()


def plain_rows(dtype, cols):
    """Rows near zero, a thousand deviations from it, and of an outlier; nothing near the ends."""
    x = np.random.default_rng(cols).uniform(1, 2, size=(3, cols))
    x[1] += 1000 if dtype in (np.float64, np.float32) else 20
    x[2, cols // 2] = 5000
    return x.astype(dtype)


OPERATIONS = {
    "layer norm": lambda x, eps: norm.layer_norm(x, TARGET, eps, None, None),
    "residual": lambda x, eps: residual.residual_layer_norm(x, x, None, None, eps, "phi"),
}


@pytest.mark.campaign
@pytest.mark.parametrize("eps", [0.0, 2.0**-10])
@pytest.mark.parametrize("cols", [2, 33, 1025, 9000, 16384])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_power_of_two_changes_no_bit_of_a_row(place, kernel_dtype, operation, cols, eps):
    """Of one that a block holds, be its squares in range or not."""
    x, call = plain_rows(kernel_dtype, cols), OPERATIONS[operation]
    most = {"float64": 1000, "float16": 2}.get(kernel_dtype.name, 110)
    most = most // 2 - 8 if eps and most > 2 else most
    straight = scaled(place, x, 0, eps, call)
    for k in (-most, -most // 2, most // 2, most):
        assert scaled(place, x, k, eps, call) == straight, k


@pytest.mark.parametrize("cols", [300, 1025, 17000, 33000])
@pytest.mark.parametrize("form", FORMS)
def test_a_power_of_two_changes_no_bit_of_a_channel(place, form, cols):
    """Where squares stay in range; beyond, a channel is added up otherwise."""
    x = plain_rows(np.float32, cols)
    x = np.ascontiguousarray(FORMS[form](x[:, : cols // 3 * 3]))

    def call(x, eps):
        out, statistics = norm.batch_norm(x, TARGET, eps, None, None)
        return out, statistics[1:]  # low part, variance, deviation: the outer two scale

    straight = scaled(place, x, 0, 2.0**-10, call)
    for k in (-20, -1, 1, 20):
        assert scaled(place, x, k, 2.0**-10, call) == straight, k

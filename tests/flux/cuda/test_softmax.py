"""Syntonic softmax on the device: against its definition in long double, mpmath, PyTorch, and laws.

Bounds are in eps of what the kernels compute with. A probability is exp(z - m)/Σ: the difference
rounds by |z - m|/2 and exp by 2; the sum is a tree of 32 values a thread, of threads, and of a
compensated running sum, less than 12 together whatever n is; the quotient adds 2. So 16, and
|z - m|/2, and twice what the logit itself was rounded by, |x| + 2 |bias|; then half a place of the
dtype in memory, or of its subnormal numbers. m is at most 8 below the greatest logit.
"""

import math
from itertools import product

import numpy as np
import pytest
from cuda_host.devices import DTYPES, HostDevice, dtype_of
from cuda_host.runtime import RUNTIME

from syntonic.constants import PHI_FLOAT as PHI
from syntonic.flux.cuda import plan, softmax, source
from syntonic.flux.cuda import softmax_grids as grids
from syntonic.flux.cuda.launch import runtime_of
from syntonic.flux.cuda.source import acc_dtype, suffix

RANDOM = np.random.default_rng(1618)
SCALE, FLOOR = 0.7, 0.25

# One or more for every kernel: lanes (whole packs, ragged, single elements), a block in one tile
# and in several, rows shared by blocks; columns in packs, single ones, shared ones.
ROWS = [(6, 1, 1), (7, 2, 1), (5, 31, 1), (5, 33, 1), (3, 127, 1), (3, 128, 1), (3, 201, 1)]
ROWS += [(40, 10, 1), (3, 512, 1), (2, 1023, 1), (2, 1025, 1), (2, 4099, 1), (2, 9001, 1)]
COLUMNS = [(3, 5, 8), (2, 33, 31), (1, 1, 2), (70, 3, 2), (2, 100, 64), (1, 9, 1000), (1, 300, 5)]
LONG = [(2, 20000, 1), (1, 131072, 1), (1, 9001, 7), (2, 2000, 4)]
FEW = [(5, 31, 1), (3, 128, 1), (3, 201, 1), (2, 1025, 1), (1, 20000, 1), (3, 5, 8), (1, 300, 5)]


def last_place(dtype):
    """Relative spacing of a dtype's numbers, and the spacing of its subnormal ones."""
    return {
        "float64": (2.0**-52, 2.0**-1074),
        "float32": (2.0**-23, 2.0**-126),  # a GPU takes the subnormal ones for 0
        "float16": (2.0**-10, 2.0**-24),
        "bfloat16": (2.0**-7, 2.0**-126),
    }[dtype.name]


def by_class(values):
    return np.asarray(values, np.longdouble)[:, None]


def definition(z):
    """Softmax along the middle axis, in long double."""
    z = np.asarray(z, np.longdouble)
    with np.errstate(invalid="ignore", over="ignore"):
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)


def logarithm(weights, floor=FLOOR):
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(np.asarray(weights, np.longdouble), np.longdouble(floor)))


def draw(shape, dtype, spread=2.0):
    """Logits, mode norms, weights of x's shape, weights of classes."""
    acc = acc_dtype(np.dtype(dtype))
    x = (RANDOM.normal(size=shape) * spread).astype(dtype)
    norms = RANDOM.uniform(0, 3, shape[1]).astype(acc)
    weights = RANDOM.uniform(0, 2, shape).astype(dtype)
    return x, norms, weights, RANDOM.uniform(0, 2, shape[1]).astype(acc)


def modes(device, shape, dtype):
    """Each mode's name, its result, x and the bias that is added to it."""
    x, norms, weights, classes = draw(shape, dtype)
    dx, dn, dw, dc = map(device.array, (x, norms, weights, classes))
    floor = acc_dtype(dtype).type(FLOOR)
    scale = np.longdouble(SCALE)
    yield "identity", softmax.softmax_identity(dx), x, 0 * x
    yield "learned", softmax.softmax_learned(dx, dn, SCALE), x, -scale * by_class(norms) / PHI
    for name, given, values in (("weights", dw, weights), ("class weights", dc, by_class(classes))):
        bias = scale * logarithm(values, floor)
        yield name, softmax.softmax_provided(dx, given, SCALE, FLOOR), x, bias


def check(got, x, bias, dtype):
    """Compare probabilities with softmax(x + bias) within the bound of this file."""
    x, bias = (np.asarray(v, np.longdouble) for v in (x, bias))
    z = x + bias
    expected = definition(z)
    eps, tiny = last_place(np.dtype(dtype))
    acc = np.finfo(acc_dtype(np.dtype(dtype))).eps
    rounded = np.abs(x) + 2 * np.abs(bias) if np.any(bias) else np.zeros_like(z)
    rounded = np.where(np.isfinite(rounded), rounded, 0)
    behind = np.where(expected > 0, z.max(1, keepdims=True) - z, 0)
    units = 16 + (behind + 8) / 2 + rounded + rounded.max(1, keepdims=True)
    error = np.abs(got.astype(np.longdouble) - expected)
    assert np.all(error <= expected * (units * acc + eps / 2 * (acc != eps)) + tiny)


@pytest.mark.parametrize("shape", ROWS + COLUMNS, ids=str)
def test_softmax_is_its_definition(device, kernel_dtype, shape):
    for _, out, x, bias in modes(device, shape, kernel_dtype):
        assert out.shape == shape
        assert out.dtype == kernel_dtype
        check(device.numpy(out), x, bias, kernel_dtype)


@pytest.mark.campaign
@pytest.mark.parametrize("shape", LONG, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_long_slices(device, shape, dtype):
    for _, out, x, bias in modes(device, shape, np.dtype(dtype)):
        check(device.numpy(out), x, bias, dtype)


def test_a_block_of_many_tiles(device):
    x = RANDOM.normal(size=(128, 16400, 1)).astype(np.float32)  # enough rows not to share them
    x[1:] = x[0]
    out = device.numpy(softmax.softmax_identity(device.array(x)))
    check(out[:1], x[:1], 0 * x[:1], np.float32)
    assert np.all(out == out[0])


@pytest.mark.parametrize("shape", [(3, 40, 1), (1, 1000, 1), (2, 7, 3)], ids=str)
def test_double_against_mpmath(device, shape):
    mpmath = pytest.importorskip("mpmath")
    x, norms, _, _ = draw(shape, np.float64, spread=30.0)
    out = device.numpy(softmax.softmax_learned(device.array(x), device.array(norms), SCALE))
    with mpmath.workdps(40):
        golden, scale = (1 + mpmath.sqrt(5)) / 2, mpmath.mpf(SCALE)
        for o, i in np.ndindex(shape[0], shape[2]):
            pairs = zip(x[o, :, i], norms, strict=True)
            z = [mpmath.mpf(float(v)) - scale * float(n) / golden for v, n in pairs]
            e = [mpmath.exp(v) for v in z]
            total = mpmath.fsum(e)
            for got, one in zip(out[o, :, i], e, strict=True):
                # logits below 150 and their differences: 16 + 150 + 2 · 150 eps
                assert abs(float(got) * total / one - 1) < 466 * 2.0**-52


@pytest.mark.parametrize("shape", FEW, ids=str)
def test_softmax_is_pytorchs(device, shape):
    torch = pytest.importorskip("torch")
    x, norms, _, _ = draw(shape, np.float64)
    out = device.numpy(softmax.softmax_learned(device.array(x), device.array(norms), SCALE))
    logits = torch.from_numpy(x) - SCALE / PHI * torch.from_numpy(norms)[:, None]
    np.testing.assert_allclose(out, torch.softmax(logits, 1).numpy(), rtol=80 * 2.0**-52)


# -- edges -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [*FEW, (1, 9001, 1), (1, 9001, 7), (2, 1, 3)], ids=str)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_in_its_slice(device, kernel_dtype, shape, bad):
    x, _, _, _ = draw(shape, kernel_dtype)
    x[-1, shape[1] // 2, -1] = bad
    out = device.numpy(softmax.softmax_identity(device.array(x))).astype(np.float64)
    expected = definition(x)  # NaN, but for a -inf that leaves others: an exact 0
    assert np.array_equal(np.isnan(out), np.isnan(expected))
    if bad == -math.inf and shape[1] > 1:
        assert out[-1, shape[1] // 2, -1] == 0
        check(out, x, 0 * out, kernel_dtype)


@pytest.mark.parametrize("shape", [*FEW, (1, 9001, 1), (1, 9001, 7)], ids=str)
@pytest.mark.parametrize("fill", [-math.inf, math.inf])
def test_slices_that_are_all_infinite_are_nan(device, kernel_dtype, shape, fill):
    x, _, _, _ = draw(shape, kernel_dtype)
    x[-1, :, -1] = fill
    out = device.numpy(softmax.softmax_identity(device.array(x))).astype(np.float64)
    assert np.all(np.isnan(out[-1, :, -1]))
    assert np.isnan(out).sum() == shape[1]


@pytest.mark.parametrize("shape", [(1, 9001, 1), (1, 20000, 1), (1, 9001, 7)], ids=str)
@pytest.mark.parametrize("bad", [math.nan, math.inf, 1.0])
def test_one_value_after_many_infinite_ones(device, shape, bad):
    x = np.full(shape, -math.inf)
    for place in (0, 17, shape[1] - 1):
        x[...] = -math.inf
        x[:, place] = bad
        out = device.numpy(softmax.softmax_identity(device.array(x)))
        assert np.array_equal(out, definition(x).astype(np.float64), equal_nan=True)


@pytest.mark.parametrize("shape", FEW, ids=str)
def test_weights_of_zero(device, kernel_dtype, shape):
    x, _, weights, classes = draw(shape, kernel_dtype)
    weights[:, ::2] = 0
    classes[::2] = 0
    for given, values in ((weights, weights), (classes, by_class(classes))):

        def call(scale, floor, given=given):
            arrays = device.array(x), device.array(given)
            return device.numpy(softmax.softmax_provided(*arrays, scale, floor))

        out = call(SCALE, 0.0)
        bias = np.longdouble(SCALE) * logarithm(values, 0) + np.zeros(shape)
        assert np.all(out[:, ::2] == 0)
        check(out[:, 1::2], x[:, 1::2], bias[:, 1::2], kernel_dtype)
        check(call(SCALE, FLOOR), x, np.longdouble(SCALE) * logarithm(values), kernel_dtype)
        assert np.all(call(0.0, 0.0)[:, ::2] == 0)  # it removes its class, whatever the scale


@pytest.mark.parametrize("shape", FEW, ids=str)
def test_all_weights_zero_in_a_slice(device, kernel_dtype, shape):
    x, _, weights, _ = draw(shape, kernel_dtype)
    weights = np.maximum(weights, kernel_dtype.type(0.1))
    weights[-1, :, -1] = 0
    out = softmax.softmax_provided(device.array(x), device.array(weights), SCALE, 0.0)
    out = device.numpy(out).astype(np.float64)
    assert np.all(np.isnan(out[-1, :, -1]))
    assert np.isnan(out).sum() == shape[1]


@pytest.mark.parametrize("mode", ["weights", "class weights"])
def test_a_weight_that_is_nan(device, mode):
    x, _, weights, classes = draw((3, 40, 1), np.float32)
    weights[1, 7], classes[7] = math.nan, math.nan
    given = weights if mode == "weights" else classes
    out = device.numpy(softmax.softmax_provided(device.array(x), device.array(given), 1.0, FLOOR))
    bad = np.isnan(out).all(1).reshape(-1).tolist()
    assert bad == ([False, True, False] if mode == "weights" else [True] * 3)


@pytest.mark.parametrize("shape", FEW, ids=str)
@pytest.mark.parametrize("size", [1e6, -1e6, 3e38])
def test_large_logits(device, shape, size):
    x = np.float32(size) + (np.arange(shape[1]) % 3).astype(np.float32)[:, None]
    x = np.broadcast_to(x, shape).copy()
    x[:, 0] -= np.float32(abs(size) / 10)  # the difference must not overflow either
    out = device.numpy(softmax.softmax_identity(device.array(x)))
    check(out, x, 0 * x, np.float32)


def test_the_whole_range_of_float32(device):
    most = np.finfo(np.float32).max
    x = np.array([most, -most, most], np.float32).reshape(1, 3, 1)
    out = device.numpy(softmax.softmax_identity(device.array(x)))
    assert out.reshape(-1).tolist() == [0.5, 0, 0.5]


@pytest.mark.parametrize("shape", [(0, 5, 1), (3, 0, 1), (3, 5, 0), (0, 0, 0)], ids=str)
def test_empty(device, kernel_dtype, shape):
    x, norms, weights, classes = map(device.array, draw(shape, kernel_dtype))
    for out in (
        softmax.softmax_identity(x),
        softmax.softmax_learned(x, norms, SCALE),
        softmax.softmax_provided(x, weights, SCALE, FLOOR),
        softmax.softmax_provided(x, classes, SCALE, FLOOR),
        softmax.softmax_backward(x, x),
    ):
        assert out.shape == shape
        assert out.dtype == kernel_dtype
    _, dnorms = softmax.softmax_learned_backward(x, x, SCALE)
    _, dclasses = softmax.softmax_provided_backward(x, x, classes, SCALE, FLOOR)
    for sums in (dnorms, dclasses):
        assert sums.dtype == acc_dtype(kernel_dtype)
        assert np.array_equal(device.numpy(sums), np.zeros(shape[1]))
    _, dweights = softmax.softmax_provided_backward(x, x, weights, SCALE, FLOOR)
    assert dweights.shape == shape


@pytest.mark.parametrize("shape", [*FEW, (2, 512, 1), (3, 40, 1)], ids=str)
@pytest.mark.parametrize("offset", [1, 3])
def test_misaligned_views(device, kernel_dtype, shape, offset):
    def skewed(values):
        flat = np.concatenate([np.zeros(offset, values.dtype), values.reshape(-1)])
        return device.array(flat)[offset:].reshape(values.shape)

    x, norms, weights, _ = draw(shape, kernel_dtype)
    check(device.numpy(softmax.softmax_identity(skewed(x))), x, 0 * x, kernel_dtype)
    out = device.numpy(softmax.softmax_learned(device.array(x), skewed(norms), SCALE))
    check(out, x, -np.longdouble(SCALE) * by_class(norms) / PHI, kernel_dtype)
    out = device.numpy(softmax.softmax_provided(skewed(x), device.array(weights), SCALE, FLOOR))
    check(out, x, np.longdouble(SCALE) * logarithm(weights), kernel_dtype)
    probabilities = definition(x).astype(kernel_dtype)
    grad = RANDOM.normal(size=shape).astype(kernel_dtype)
    dx, dweights = softmax.softmax_provided_backward(
        skewed(grad), skewed(probabilities), device.array(weights), SCALE, FLOOR
    )
    check_gradient(device.numpy(dx), grad, probabilities)
    by_weight = np.where(weights > FLOOR, SCALE / weights.astype(np.longdouble), 0)
    check_gradient(device.numpy(dweights), grad, probabilities, by_weight)
    dx, dnorms = softmax.softmax_learned_backward(skewed(grad), device.array(probabilities), SCALE)
    check_gradient(device.numpy(dx), grad, probabilities)
    check_sums(device.numpy(dnorms), grad, probabilities, -SCALE / PHI)


# -- laws ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [0.0, 1e-3, -1e-3, 0.3, -0.3])
@pytest.mark.parametrize(
    "shape", [(1, 100, 1), (1, 20000, 1), (1, 131072, 1), (1, 9001, 7)], ids=str
)
def test_slices_sum_to_one_whatever_their_length(device, shape, slope):
    """Ramps make a running sum rescale again and again; 16 eps hold for every n."""
    x = np.broadcast_to((np.arange(shape[1]) * slope).astype(np.float32)[:, None], shape).copy()
    out = device.numpy(softmax.softmax_identity(device.array(x)))
    for column in np.moveaxis(out, 1, -1).reshape(-1, shape[1])[:2]:
        assert abs(math.fsum(map(float, column)) - 1) <= 16 * 2.0**-23


@pytest.mark.parametrize("step", [-0.3, -1.7])
def test_a_thread_of_many_tiles_loses_nothing(device, step):
    """One warp for a row of 2^20: without compensation equal terms round one way for 2000 tiles."""
    n = 1 << 20
    x = np.full((1, n, 1), step, np.float32)
    x[0, 0] = 0
    there = device.array(x)
    runtime = runtime_of(there)
    out = runtime.empty(x.shape, x.dtype)
    kernel = "syntonic_softmax", "syntonic_softmax_identity_block_f32", "f32"
    runtime.launch(*kernel, (1,), (32,), (out, there, np.int64(n), np.int32(0)))
    assert abs(math.fsum(map(float, device.numpy(out).reshape(-1))) - 1) <= 4 * 2.0**-23


KEPT = {"f64": (1, 12_305, 1), "f32": (1, 16_001, 1), "f16": (1, 16_001, 1), "bf16": (1, 16_001, 1)}


@pytest.mark.parametrize("offset", [0, 1])
def test_what_is_kept_in_shared_memory_changes_no_bit(device, kernel_dtype, offset, monkeypatch):
    """None of the row, some of it, all but what registers hold: a device has what it has."""
    if type(device) is not HostDevice:
        pytest.skip("a GPU has one size of shared memory")
    shape = KEPT[suffix(kernel_dtype)]
    values = draw((1, shape[1] + offset, 1), kernel_dtype)
    x, _, weights, _ = (device.array(v)[:, offset:] if v.ndim == 3 else v for v in values)
    results = []
    for shared in (2 << 10, 36 << 10, 227 << 10):
        monkeypatch.setattr(RUNTIME, "shared", shared)
        out = softmax.softmax_provided(x, weights, SCALE, FLOOR)
        results.append(
            [
                device.numpy(each).tobytes()
                for each in (
                    softmax.softmax_identity(x),
                    out,
                    softmax.softmax_backward(weights, out),
                    *softmax.softmax_provided_backward(weights, out, weights, SCALE, FLOOR),
                )
            ]
        )
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("n", [12_312, 12_313])
def test_where_sums_of_long_rows_are_kept_changes_no_bit(device, kernel_dtype, n, monkeypatch):
    """None of a row and of its sums, some, all: two blocks for five rows."""
    if type(device) is not HostDevice:
        pytest.skip("a GPU has one size of shared memory")
    out = definition(draw((5, n, 1), kernel_dtype)[0]).astype(kernel_dtype)
    grad = RANDOM.normal(size=out.shape).astype(kernel_dtype)
    monkeypatch.setattr(grids, "_AT_ONCE", 2)
    results, kept = set(), set()
    for shared in (2 << 10, 60 << 10, 99 << 10, 227 << 10):
        monkeypatch.setattr(RUNTIME, "shared", shared)
        grid = grids.rows_with_sums(device.array(out))
        assert grid.grid == (2,)
        kept.add(tuple(map(int, grid.sizes[2:])))
        given = device.array(grad), device.array(out), None, -SCALE / PHI, 0.0
        made = softmax._backward_by_class(*given)  # no plan is kept of it
        dx, dnorms = map(device.numpy, made)
        check_gradient(dx, grad, out)
        check_sums(dnorms, grad, out, -SCALE / PHI)
        results.add(dx.tobytes() + dnorms.tobytes())
    assert (0, 0) in kept
    assert len(kept) > 2
    assert len(results) == 1


@pytest.mark.parametrize("name", DTYPES)
def test_no_more_of_rows_with_sums_is_kept_than_there_is(name):
    dtype, acc, seen = dtype_of(name), acc_dtype(dtype_of(name)).itemsize, set()
    for n, shared in product(
        (*range(8193, 36_864, 499), 36_864), (48 << 10, 64 << 10, 99 << 10, 163 << 10, 227 << 10)
    ):
        x = plan.Slot(plan._Sketch(shared), 0, (200, n, 1), dtype)
        if (grid := grids.rows_with_sums(x)) is None:
            assert n * acc > 36_864 * 4
            continue
        held = grids.tile_of(dtype) // (4 if n % (16 // dtype.itemsize) else 2) * grid.block
        kept, summed = map(int, grid.sizes[2:])
        bytes_kept = held // 2 * (2 * kept * dtype.itemsize + summed * acc)
        assert grid.shared == bytes_kept <= shared - grids._STATIC
        assert held + (max(kept, summed) - 1) * (held // 2) < n
        if shared == 227 << 10 and not n % 8:
            assert held + kept * (held // 2) >= n  # what an H100 reads once
        seen.add((kept, summed))
    assert len(seen) > 4


@pytest.mark.parametrize("name", DTYPES)
def test_no_more_is_kept_than_comes_before_what_registers_hold(name):
    dtype, seen = dtype_of(name), set()
    pack = 16 // dtype.itemsize
    for n, most, arrays, shared in product(
        (*range(1, 70_000, 997), 8192, 8200, 16_384, 16_391, 65_536, 131_072, 1 << 20),
        (512, 1024),
        (1, 2, 3),
        (48 << 10, 99 << 10, 163 << 10, 227 << 10),
    ):
        x = plan.Slot(plan._Sketch(shared), 0, (1, n, 1), dtype)
        grid = grids.in_block(x, most, arrays)
        held = grids.tile_of(dtype) // 2 * grid.block
        part = held // (1 if arrays == 1 and name != "f64" else 2)
        kept = int(grid.sizes[1])
        assert grid.shared == kept * part * arrays * dtype.itemsize <= shared - grids._STATIC
        edges = 2 * (pack - 1) if n % pack else 0
        assert kept == 0 or (kept - 1) * part < n - edges - held
        assert grid.block == grids.in_block(x, most, arrays).block
        seen.add(kept)
    assert len(seen) > 4


@pytest.mark.parametrize("shape", FEW, ids=str)
def test_softmax_keeps_the_order(device, shape):
    x = np.sort(draw(shape, np.float32)[0], axis=1)
    x[:, 1::7] = x[:, :-1:7][:, : x[:, 1::7].shape[1]]  # ties, to stay ties
    x = np.sort(x, axis=1)
    out = device.numpy(softmax.softmax_identity(device.array(x)))
    steps = np.diff(out, axis=1)
    assert np.all(steps >= 0)
    assert np.all(steps[np.diff(x, axis=1) == 0] == 0)


@pytest.mark.parametrize("shape", FEW, ids=str)
def test_permuted_classes_and_shifted_logits(device, shape):
    x, norms, _, _ = draw(shape, np.float64)
    order = RANDOM.permutation(shape[1])
    out = device.numpy(softmax.softmax_learned(device.array(x), device.array(norms), SCALE))
    shuffled = device.array(x[:, order]), device.array(norms[order])
    permuted = device.numpy(softmax.softmax_learned(*shuffled, SCALE))
    np.testing.assert_allclose(permuted, out[:, order], rtol=24 * 2.0**-52)
    high = np.round(x * 1024) / 1024  # the shift is exact
    low = device.numpy(softmax.softmax_identity(device.array(high - 512)))
    straight = device.numpy(softmax.softmax_identity(device.array(high)))
    np.testing.assert_allclose(low, straight, rtol=24 * 2.0**-52)


@pytest.mark.parametrize("shape", [(2, 40, 6), (1, 1200, 3)], ids=str)
def test_strided_slices_are_rows_of_the_transpose(device, kernel_dtype, shape):
    x, _, weights, _ = draw(shape, kernel_dtype)
    strided = softmax.softmax_provided(device.array(x), device.array(weights), SCALE, FLOOR)
    rows = (np.moveaxis(v, 1, 2).reshape(shape[0] * shape[2], shape[1], 1) for v in (x, weights))
    straight = device.numpy(softmax.softmax_provided(*map(device.array, rows), SCALE, FLOOR))
    straight = np.moveaxis(straight.reshape(shape[0], shape[2], shape[1]), 2, 1)
    eps, tiny = last_place(kernel_dtype)
    error = np.abs(device.numpy(strided).astype(float) - straight.astype(float))
    assert np.all(error <= 24 * eps * straight.astype(float) + tiny)


@pytest.mark.campaign
@pytest.mark.parametrize("shape", [*FEW, (1, 9001, 7), (300, 601, 1), (134, 8200, 1)], ids=str)
def test_the_order_of_threads_changes_no_bit(device, shape):
    x, norms, weights, classes = map(device.array, draw(shape, np.float32))
    device.same_bits(lambda: softmax.softmax_identity(x))
    device.same_bits(lambda: softmax.softmax_learned(x, norms, SCALE))
    device.same_bits(lambda: softmax.softmax_provided(x, weights, SCALE, FLOOR))
    device.same_bits(lambda: softmax.softmax_learned_backward(x, weights, SCALE))
    device.same_bits(lambda: softmax.softmax_provided_backward(x, x, weights, SCALE, FLOOR))
    device.same_bits(lambda: softmax.softmax_provided_backward(x, x, classes, SCALE, FLOOR))


# -- gradients -------------------------------------------------------------------------------------

GRADIENTS = [(6, 1, 1), (40, 10, 1), (5, 33, 1), (2100, 8, 1), (3, 201, 1), (2, 1025, 1)]
GRADIENTS += [
    (300, 601, 1),
    (5, 9001, 1),
    (3, 9000, 1),
    (2, 16384, 1),
    (3, 5, 8),
    (1100, 3, 2),
    (1, 300, 5),
    (1, 40, 100),
]


def gradient(grad, out):
    """dx by definition, and the sizes of what cancels in it."""
    g, y = (np.asarray(v, np.longdouble) for v in (grad, out))
    size = y * (np.abs(g) + np.abs(g * y).sum(1, keepdims=True))
    return y * (g - (g * y).sum(1, keepdims=True)), size


def check_gradient(got, grad, out, factor=1.0):
    """12 eps for a product, a tree of sums, a difference and a product; one rounding."""
    expected, size = gradient(grad, out)
    eps, tiny = last_place(got.dtype)
    acc = np.finfo(acc_dtype(got.dtype)).eps
    error = np.abs(got.astype(np.longdouble) - factor * expected)
    bound = 12 * acc * size * np.abs(factor) + np.abs(factor * expected) * eps / 2
    assert np.all(error <= bound + tiny)


def check_sums(got, grad, out, factor):
    """As above before the rounding, and 12 eps more for the sum over slices."""
    expected, size = (v.sum((0, 2)) for v in gradient(grad, out))
    error = np.abs(got.astype(np.longdouble) - factor * expected)
    bound = 24 * np.finfo(got.dtype).eps * np.abs(factor) * size
    assert np.all(error <= bound + last_place(got.dtype)[1])


@pytest.mark.parametrize("shape", GRADIENTS, ids=str)
def test_gradients_are_their_definition(device, kernel_dtype, shape):
    x, _, weights, classes = draw(shape, kernel_dtype)
    out = definition(x).astype(kernel_dtype)
    grad = RANDOM.normal(size=shape).astype(kernel_dtype)
    d_grad, d_out = device.array(grad), device.array(out)
    check_gradient(device.numpy(softmax.softmax_backward(d_grad, d_out)), grad, out)

    dx, dnorms = softmax.softmax_learned_backward(d_grad, d_out, SCALE)
    assert dnorms.shape == shape[1:2]
    assert dnorms.dtype == acc_dtype(kernel_dtype)
    check_gradient(device.numpy(dx), grad, out)
    check_sums(device.numpy(dnorms), grad, out, -SCALE / PHI)

    backward = softmax.softmax_provided_backward
    dx, dweights = backward(d_grad, d_out, device.array(weights), SCALE, FLOOR)
    wide = np.maximum(weights.astype(np.longdouble), FLOOR)
    check_gradient(device.numpy(dx), grad, out)
    check_gradient(device.numpy(dweights), grad, out, np.where(wide > FLOOR, SCALE / wide, 0))

    dx, dclasses = backward(d_grad, d_out, device.array(classes), SCALE, FLOOR)
    wide = np.maximum(classes.astype(np.longdouble), FLOOR)
    check_gradient(device.numpy(dx), grad, out)
    check_sums(device.numpy(dclasses), grad, out, np.where(wide > FLOOR, SCALE / wide, 0))


@pytest.mark.campaign
def test_gradients_of_long_rows_that_are_not_shared(device):
    shape = (300, 2049, 1)
    out = definition(draw(shape, np.float64)[0]).astype(np.float64)
    grad = RANDOM.normal(size=shape)
    dx, dnorms = softmax.softmax_learned_backward(device.array(grad), device.array(out), SCALE)
    check_gradient(device.numpy(dx), grad, out)
    check_sums(device.numpy(dnorms), grad, out, -SCALE / PHI)


@pytest.mark.parametrize("shape", [(2, 5, 1), (1, 33, 1), (2, 4, 3)], ids=str)
def test_gradients_by_finite_differences(device, shape):
    x, norms, weights, classes = draw(shape, np.float64)
    weights, classes = (np.maximum(w, FLOOR + 0.1) for w in (weights, classes))
    weights[0, 0, 0] = classes[0] = FLOOR / 2  # below the floor: no gradient
    g = RANDOM.normal(size=shape)
    grad = device.array(g)

    def differences(function, values):
        """Central differences of Σ g·function; their error is below 1e-8 with this step."""
        slopes = np.empty(values.size)
        for i in range(values.size):
            ends = []
            for step in (1e-5, -1e-5):
                moved = values.copy()
                moved.reshape(-1)[i] += step
                ends.append(np.vdot(g, device.numpy(function(device.array(moved)))))
            slopes[i] = (ends[0] - ends[1]) / 2e-5
        return slopes.reshape(values.shape)

    def same(got, expected):
        np.testing.assert_allclose(device.numpy(got), expected, atol=1e-8)

    dx, dn, dw, dc = map(device.array, (x, norms, weights, classes))
    out = softmax.softmax_identity(dx)
    same(softmax.softmax_backward(grad, out), differences(softmax.softmax_identity, x))

    out = softmax.softmax_learned(dx, dn, SCALE)
    by_x, by_norms = softmax.softmax_learned_backward(grad, out, SCALE)
    same(by_x, differences(lambda v: softmax.softmax_learned(v, dn, SCALE), x))
    same(by_norms, differences(lambda v: softmax.softmax_learned(dx, v, SCALE), norms))

    provided = softmax.softmax_provided
    for given, values in ((dw, weights), (dc, classes)):
        out = softmax.softmax_provided(dx, given, SCALE, FLOOR)
        by_x, by_weights = softmax.softmax_provided_backward(grad, out, given, SCALE, FLOOR)
        same(by_x, differences(lambda v, w=given: provided(v, w, SCALE, FLOOR), x))
        same(by_weights, differences(lambda v: provided(dx, v, SCALE, FLOOR), values))


@pytest.mark.parametrize("shape", [(4, 31, 1), (2, 1025, 1), (2, 7, 9)], ids=str)
def test_gradients_are_pytorchs(device, shape):
    torch = pytest.importorskip("torch")
    x, _, weights, _ = draw(shape, np.float64)
    g = RANDOM.normal(size=shape)
    tx, tw = (torch.from_numpy(v).requires_grad_() for v in (x, weights))
    torch.softmax(tx + SCALE * torch.log(tw.clamp(min=FLOOR)), 1).backward(torch.from_numpy(g))
    dw = device.array(weights)
    out = softmax.softmax_provided(device.array(x), dw, SCALE, FLOOR)
    got = softmax.softmax_provided_backward(device.array(g), out, dw, SCALE, FLOOR)
    for mine, theirs in zip(got, (tx.grad, tw.grad), strict=True):
        np.testing.assert_allclose(device.numpy(mine), theirs.numpy(), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("shape", [(4, 31, 1), (2, 1025, 1), (1, 20000, 1), (2, 7, 9)], ids=str)
def test_a_gradient_that_is_nan_stays_in_its_slice(device, kernel_dtype, shape):
    out = definition(draw(shape, kernel_dtype)[0]).astype(kernel_dtype)
    grad = RANDOM.normal(size=shape).astype(kernel_dtype)
    grad[0, 2, 0] = math.nan
    dx = device.numpy(softmax.softmax_backward(device.array(grad), device.array(out)))
    dx = dx.astype(np.float64)
    assert np.all(np.isnan(dx[0, :, 0]))
    assert np.isnan(dx).sum() == shape[1]


@pytest.mark.parametrize("shape", [(3, 40, 1), (2, 1025, 1), (1, 9001, 1), (1, 300, 33)], ids=str)
@pytest.mark.parametrize("scale", [SCALE, 0.0, -1.3])
@pytest.mark.parametrize("floor", [FLOOR, 0.0])
def test_one_rule_with_the_cpu_for_what_is_not_finite(device, shape, scale, floor):
    from syntonic.flux.cpu import softmax as cpu  # not above: the other tests need no numba

    x, norms, weights, classes = draw(shape, np.float64)
    grad = RANDOM.normal(size=shape)
    out = definition(x).astype(np.float64)
    for values in (x, grad, norms):
        places = RANDOM.integers(0, values.size, 4)
        values.reshape(-1)[places] = RANDOM.choice([math.nan, math.inf, -math.inf, 0], 4)
    for values in (weights, classes):
        places = RANDOM.integers(0, values.size, 4)
        values.reshape(-1)[places] = RANDOM.choice([math.nan, math.inf, 1e300, 0], 4)
    for name, *given in (
        ("softmax_identity", x),
        ("softmax_learned", x, norms, scale),
        ("softmax_provided", x, weights, scale, floor),
        ("softmax_provided", x, classes, scale, floor),
        ("softmax_backward", grad, out),
        ("softmax_learned_backward", grad, out, scale),
        ("softmax_provided_backward", grad, out, weights, scale, floor),
        ("softmax_provided_backward", grad, out, classes, scale, floor),
    ):
        there = [device.array(v) if isinstance(v, np.ndarray) else v for v in given]
        got, expected = getattr(softmax, name)(*there), getattr(cpu, name)(*given)
        several = isinstance(got, tuple)
        for mine, other in zip(got, expected, strict=True) if several else [(got, expected)]:
            np.testing.assert_allclose(device.numpy(mine), other, rtol=1e-9, atol=1e-13)


def test_every_kernel_there_must_be():
    names = [
        f"syntonic_softmax_{mode}{strided}{way}"
        for mode in ("learned", "provided", "identity")
        for strided in ("", "_strided")
        for way in ("", "_backward")
    ]
    for dtype in source.DTYPES:
        families = ("syntonic_softmax", "syntonic_softmax_backward")
        found = {symbol for family in families for symbol in source.symbols(family)[dtype]}
        assert {f"{name}_{dtype}" for name in names} <= found

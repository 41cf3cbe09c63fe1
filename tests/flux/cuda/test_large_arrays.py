"""Arrays of more than 2^31 elements: every index is a 64-bit one.

An array repeats a table of P numbers, P a prime: an index that lost its high bits finds another
number, for no power of two is a multiple of P. So oracles in float64 need the table alone, and
what repeats in the output is compared to the bit over all of it. On the host harness the same
tests run on small arrays, as their rehearsal.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cuda_host.devices import HostDevice, device_for
from cuda_host.operands import EPS, assert_close, joined, wide
from normalization import EPS as ADDED
from normalization import TARGET

from syntonic.flux.cuda import norm, residual, softmax
from syntonic.flux.cuda.launch import runtime_of

P = 4099
PEAK = 12 << 30
"""Bytes on the device that a test may hold at once; these have two arrays of 4.3 GB."""

PATIENCE = 180.0
"""Seconds to wait until other processes have left that much free."""


@dataclass
class Place:
    """A device, how many elements are many there, and the dtype: bfloat16, or else float16."""

    device: HostDevice
    many: int
    dtype: np.dtype[Any]

    def table(self, scale: float = 1.0, centre: float = 0.0) -> np.ndarray[Any, Any]:
        numbers = np.random.default_rng(P).standard_normal(P) * scale + centre
        return numbers.astype(self.dtype)

    def repeated(self, table: np.ndarray[Any, Any], *shape: int) -> Any:
        """Return an array of the device that repeats a table; copies alone make it."""
        base = self.device.array(table).view(np.uint16)
        count = int(np.prod(shape, dtype=object))
        out = runtime_of(base).empty((count,), np.dtype(np.uint16))
        done = min(P, count)
        out[:done] = base[:done]
        while done < count:
            more = min(done, count - done)
            out[done : done + more] = out[:more]
            done += more
        # What is not written must not be right by chance: the next array of this size is NaN.
        runtime_of(base).empty((count,), np.dtype(np.uint16))[...] = 0xFFFF
        return out.view(self.dtype).reshape(shape)

    def windows(self, array: Any, length: int = 5000) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Indices of a flat array, and its values there as float64: about 2^31, and at the ends."""
        flat = array.reshape(-1)
        starts = [0, flat.size // 3, self.many - length // 2, flat.size - length]
        for start in starts:
            values = self.device.numpy(flat[start : start + length])
            yield np.arange(start, start + values.size), wide(values)

    def assert_repeats(self, array: Any, period: int) -> np.ndarray[Any, Any]:
        """Return the first period of an array, which all of it must repeat to the bit."""
        bits = array.reshape(-1).view(np.uint16)
        first = self.device.numpy(bits[:period])
        step = max(1, (1 << 25) // period) * period
        for start in range(0, bits.size, step):
            chunk = self.device.numpy(bits[start : start + step])
            whole, rest = divmod(chunk.size, period)
            same = chunk[: whole * period].reshape(whole, period) == first
            assert same.all(), (
                f"other bits in period {start // period + int(np.argmin(same.all(1)))}"
            )
            assert np.array_equal(chunk[whole * period :], first[:rest])
        return first.view(self.dtype)


@pytest.fixture(params=["host", pytest.param("cuda", marks=pytest.mark.gpu)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "host":
        device = device_for("natural")
        with device.order(0):
            yield Place(device, 1 << 18, _half(device))
        return
    device = device_for("cuda")
    import cupy

    pool, (_, total) = cupy.get_default_memory_pool(), cupy.cuda.runtime.memGetInfo()
    if total < PEAK + (4 << 30):
        pytest.skip(f"the device has {total >> 30} GiB of memory; {(PEAK >> 30) + 4} are wanted")
    with _one_at_a_time():
        pool.free_all_blocks()
        until = time.monotonic() + PATIENCE
        while cupy.cuda.runtime.memGetInfo()[0] < PEAK and time.monotonic() < until:
            time.sleep(0.5)
        try:
            yield Place(device, 1 << 31, _half(device))
        finally:
            gc.collect()
            pool.free_all_blocks()


def _half(device: Any) -> np.dtype[Any]:
    """Return bfloat16 where both sides have it, or float16."""
    try:
        import ml_dtypes
    except ImportError:
        return np.dtype(np.float16)
    bfloat16 = np.dtype(ml_dtypes.bfloat16)
    try:
        runtime_of(device.array(np.zeros(1))).empty((0,), bfloat16)
    except (TypeError, ValueError):  # CuPy's, if it has none
        return np.dtype(np.float16)
    return bfloat16


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock over processes: several of these tests at once would fill the device."""
    fcntl = pytest.importorskip("fcntl") if os.name == "posix" else None
    with (Path(tempfile.gettempdir()) / "syntonic-large-arrays.lock").open("w") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        yield


def sums(values: Any, first: Any, step: int, count: int) -> Any:
    """Sum values[(first + k·step) mod P] for k < count; for each of several `first`."""
    assert step % P
    whole, rest = divmod(count, P)
    first = np.asarray(first)[..., None] % P
    return whole * values.sum() + values[(first + step * np.arange(rest)) % P].sum(-1)


def statistics(table: Any, first: Any, step: int, count: int) -> tuple[Any, Any]:
    """Return mean and population variance of the elements that `sums` adds up."""
    mean = sums(wide(table), first, step, count) / count
    centre = wide(table).mean()
    square = sums((wide(table) - centre) ** 2, first, step, count) / count
    return mean, square - (mean - centre) ** 2


# -- residual connections -------------------------------------------------------------------
@pytest.mark.parametrize("shift", [0, 1], ids=["packs", "elements"])
def test_connection(place, shift):
    """The second operand is the first, eight numbers later; with `shift` none is aligned."""
    count = place.many + 5
    table = place.table()
    both = place.repeated(table, count + 8 + shift)
    pair = both[shift : count + shift], both[8 + shift :]
    first = place.assert_repeats(residual.residual(*pair, "phi"), P)
    i, r = np.roll(table, -shift), np.roll(table, -8 - shift)
    assert_close(
        wide(first), joined(i, r, "phi"), place.dtype, 1.51, np.abs(wide(i)) + np.abs(wide(r))
    )


def test_component_norms(place):
    count = place.many + 5
    table = place.table()
    both = place.repeated(table, count + 8)
    got = place.device.numpy(residual.component_norms(both[:count], both[8:], "phi"))
    parts = wide(table), np.roll(wide(table), -8)
    parts = *parts, joined(*parts, "phi")
    expected = [np.sqrt(sums(part**2, 0, 1, count)) for part in parts]
    np.testing.assert_allclose(got[:2], expected[:2], rtol=1e-12)
    np.testing.assert_allclose(got[2], expected[2], rtol=EPS["float32"])


# -- softmax --------------------------------------------------------------------------------
def assert_probabilities(place, got, exact, logits, greatest):
    """As the softmax tests bound them: an exponential's error grows with the logit's distance."""
    acc, tiny = EPS["float32"], 2.0**-24 if place.dtype.name == "float16" else 2.0**-126
    units = 20 + (greatest - logits + 8) / 2
    assert np.all(np.abs(got - exact) <= exact * (units * acc + EPS[place.dtype.name] / 2) + tiny)


@pytest.mark.parametrize("n", [24, 1032], ids=["lanes", "blocks"])
def test_softmax_of_many_rows(place, n):
    table, rows = place.table(2.0), place.many // n + 5
    out = softmax.softmax_identity(place.repeated(table, rows, n, 1))
    got = wide(place.assert_repeats(out, n * P if place.many > n * P else rows * n)).reshape(-1, n)
    logits = wide(table)[np.arange(got.size) % P].reshape(-1, n)
    e = np.exp(logits)
    assert_probabilities(place, got, e / e.sum(1, keepdims=True), logits, logits.max())


def test_softmax_of_one_row(place):
    table, n = place.table(2.0), place.many + 8
    out = softmax.softmax_identity(place.repeated(table, 1, n, 1))
    total = sums(np.exp(wide(table)), 0, 1, n)
    for at, got in place.windows(out):
        logits = wide(table)[at % P]
        assert_probabilities(place, got, np.exp(logits) / total, logits, wide(table).max())


@pytest.mark.parametrize("inner", [1032, 33], ids=["packs", "elements"])
def test_softmax_of_columns(place, inner):
    table, outer = place.table(2.0), 3
    n = place.many // (outer * inner) + 5
    out = softmax.softmax_identity(place.repeated(table, outer, n, inner))
    first = np.arange(outer)[:, None] * n * inner + np.arange(inner)
    total = sums(np.exp(wide(table)), first, inner, n)
    for at, got in place.windows(out):
        logits = wide(table)[at % P]
        exact = np.exp(logits) / total[at // (n * inner), at % inner]
        assert_probabilities(place, got, exact, logits, wide(table).max())


# -- normalizations -------------------------------------------------------------------------
def assert_statistics(mean, var, exact):
    """In eps of float32: a thread merges more parts than in smaller arrays."""
    sizes = np.abs(exact[0]) + np.sqrt(exact[1]), exact[1]
    for each, right, size, most in zip((mean, var), exact, sizes, (16, 64), strict=True):
        assert np.all(np.abs(each - right) <= most * EPS["float32"] * size)


def assert_normalized(place, got, x, mean, var):
    exact = (x - mean) * np.sqrt(TARGET / (var + ADDED))
    near = 64 * EPS["float32"] * (1 + np.abs(exact)) + EPS[place.dtype.name] / 2 * np.abs(exact)
    assert np.all(np.abs(got - exact) <= near + (2.0**-24 if place.dtype.name == "float16" else 0))


def test_batch_norm_down_columns(place):
    table, c = place.table(1.5, 0.5), 1032
    n = place.many // c + 5
    out, kept = norm.batch_norm(place.repeated(table, n, c, 1), TARGET, ADDED, None, None)
    exact, kept = statistics(table, np.arange(c), c, n), place.device.numpy(kept)
    assert_statistics(kept[0], kept[2], exact)
    for at, values in place.windows(out):
        assert_normalized(place, values, wide(table)[at % P], *(each[at % c] for each in exact))


def test_batch_norm_along_planes(place):
    table, n, c = place.table(1.5, 0.5), 3, 65
    s = place.many // (n * c) + 7
    out, kept = norm.batch_norm(place.repeated(table, n, c, s), TARGET, ADDED, None, None)
    first = (np.arange(n)[:, None] * c + np.arange(c)) * s  # of each plane
    mean = sums(wide(table), first, 1, s).sum(0) / (n * s)
    centre = wide(table).mean()
    var = sums((wide(table) - centre) ** 2, first, 1, s).sum(0) / (n * s) - (mean - centre) ** 2
    kept = place.device.numpy(kept)
    assert_statistics(kept[0], kept[2], (mean, var))
    for at, values in place.windows(out):
        channel = at // s % c
        assert_normalized(place, values, wide(table)[at % P], mean[channel], var[channel])


def test_layer_norm_of_many_rows(place):
    table, cols = place.table(1.5, 0.5), 1032
    rows = place.many // cols + 5
    out, _ = norm.layer_norm(place.repeated(table, rows, cols), TARGET, ADDED, None, None)
    period = cols * P if place.many > cols * P else rows * cols
    got = wide(place.assert_repeats(out, period)).reshape(-1, cols)
    x = wide(table)[np.arange(got.size) % P].reshape(-1, cols)
    assert_normalized(place, got, x, x.mean(1, keepdims=True), x.var(1, keepdims=True))


@pytest.mark.parametrize("odd", [0, 1], ids=["packs", "elements"])
def test_layer_norm_of_long_rows(place, odd):
    table, rows = place.table(1.5, 0.5), 5
    cols = (place.many // rows + 8) // 8 * 8 + odd
    out, kept = norm.layer_norm(place.repeated(table, rows, cols), TARGET, ADDED, None, None)
    exact = statistics(table, np.arange(rows) * cols, 1, cols)
    mean, _, deviation = place.device.numpy(kept)
    assert_statistics(mean, deviation**2 - ADDED, exact)
    for at, values in place.windows(out):
        assert_normalized(place, values, wide(table)[at % P], *(each[at // cols] for each in exact))

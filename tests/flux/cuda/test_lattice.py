"""Snapping and waking on CUDA: the CPU's bits, and the exact integers' answers."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from cuda_host.devices import device_for
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("gmpy2", reason="snap and wake need the exact core, and that gmpy2")

from syntonic.constants import PHI_FLOAT as PHI
from syntonic.constants import PHI_WORDS, multi_double
from syntonic.exact.pairs import nearest_float, words
from syntonic.flux.cuda import lattice as flux
from syntonic.rounding.search import search_exact
from syntonic.rounding.snap import plan_of, snap
from syntonic.rounding.snap_loops import UNDECIDED, snap_bounded
from syntonic.rounding.wake import odd_and_scale, wake, wake_exact
from syntonic.rounding.wake_loops import wake_int64
from syntonic.rounding.window_loops import snap_window

BOUNDS = [
    {"precision": 0},
    {"precision": 1},
    {"precision": 2},
    {"precision": 100},
    {"precision": 2**45},
    {"window": 1},
    {"window": 0.3},
    {"window": 1000.0},
    {"window": Fraction(1, 10**9)},
]
DENOMINATORS = (1, 2, 7, 2**52, 2**53 - 1)
INT64 = np.iinfo(np.int64)


def awkward_floats(denominator: int, seed: int) -> np.ndarray:
    """Return ties, near ties, lattice points and their neighbours, borders, and random sizes."""
    rng = np.random.default_rng(seed)
    halves = np.arange(-40, 41) / 2
    a, b = rng.integers(-(10**6), 10**6, (2, 300))
    points = (a + b * PHI) / denominator
    midpoints = points + np.roll(points, 1) / 2
    borders = 2.0 ** np.array([45, 46, 48, 49, 50, 51, 52, 53, 61, 62, 63, 64])
    borders = np.concatenate([borders, -borders, borders - 0.5, borders / denominator])
    tiny = np.array([0.0, -0.0, 5e-324, -5e-324, 1e-300, 1e300, -1e300, 1.7e308])
    sizes = rng.standard_normal(600) * 10.0 ** rng.integers(-12, 17, 600)
    x = np.concatenate([halves, halves / denominator, points, midpoints, borders, sizes])
    with np.errstate(under="ignore"):
        return np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf), tiny])


def raw_on_cpu(x: np.ndarray, plan: Any, d: int) -> tuple[Any, Any, int]:
    """Return what the CPU's loops leave, UNDECIDED among it."""
    loop = snap_bounded if type(plan).__name__ == "BoundedPlan" else snap_window
    with np.errstate(all="ignore"):
        return loop(x, d, plan)


def test_constants_are_those_of_the_loops():
    assert len(PHI_WORDS) == 5
    assert multi_double(sum(map(Fraction, PHI_WORDS)), 5) == PHI_WORDS == words(0, 1, 1, 5)


@pytest.mark.parametrize("bound", BOUNDS, ids=str)
@pytest.mark.parametrize("denominator", DENOMINATORS)
def test_snap_kernels_give_the_bits_of_the_loops(device, bound, denominator):
    x = np.concatenate([awkward_floats(denominator, 1), [np.nan, np.inf, -np.inf]])
    plan, d = plan_of(bound.get("precision"), bound.get("window"), denominator)
    *pairs, undecided = flux.golden_snap(device.array(x), plan, d)
    a, b, count = raw_on_cpu(x, plan, d)
    np.testing.assert_array_equal([device.numpy(each) for each in pairs], [a, b])
    tiles = np.add.reduceat(b == UNDECIDED, np.arange(0, x.size, 1024))
    np.testing.assert_array_equal(device.numpy(undecided) > 0, tiles > 0)
    assert count >= 3


@pytest.mark.parametrize("bound", [*BOUNDS, {"precision": 2**46}, {"window": 0}], ids=str)
def test_snap_is_that_of_the_cpu(device, bound):
    for denominator in DENOMINATORS:
        x = awkward_floats(denominator, 2)[:1500].reshape(3, 500)
        a, b = flux.snap_on_device(device.array(x), denominator=denominator, **bound)
        expected = snap(x, denominator=denominator, **bound)
        assert a.shape == b.shape == x.shape
        assert (a.dtype, b.dtype) == (expected.a.dtype, expected.b.dtype)
        np.testing.assert_array_equal(a, expected.a)
        np.testing.assert_array_equal(b, expected.b)


def test_snap_is_exact(device):
    """Against the integers, which share nothing with the kernels."""
    for bound in ({"precision": 55}, {"window": 2.5}):
        x = awkward_floats(3, 3)[::7]
        plan, d = plan_of(bound.get("precision"), bound.get("window"), 3)
        a, b = flux.snap_on_device(device.array(x), denominator=3, **bound)
        exact = search_exact(x, plan, d)
        np.testing.assert_array_equal(a, exact[0])
        np.testing.assert_array_equal(b, exact[1])


def test_snap_of_many_values(device):
    x = np.random.default_rng(12).standard_normal(200_001) * 1000
    for bound in ({"precision": 1000}, {"window": 0.75}):
        found = flux.snap_on_device(device.array(x), denominator=5, **bound)
        expected = snap(x, denominator=5, **bound)
        np.testing.assert_array_equal(found, [expected.a, expected.b])


def test_snap_widens_every_dtype_exactly(device, kernel_dtype):
    rng = np.random.default_rng(4)
    for size in (0, 1, 2, 31, 1023, 1024, 1025, 4099):
        x = (rng.standard_normal(size) * 50).astype(kernel_dtype)
        for bound in ({"precision": 100}, {"window": 1.0}, {"precision": 0}):
            a, b = flux.snap_on_device(device.array(x), denominator=2, **bound)
            expected = snap(x.astype(np.float64), denominator=2, **bound)
            np.testing.assert_array_equal(a, expected.a)
            np.testing.assert_array_equal(b, expected.b)


def test_narrow_pairs_until_one_does_not_fit(device):
    x = np.zeros(3000)
    plan, _ = plan_of(10, None, 1)
    edges = 2.0**31 - 1, 2.0**31, -(2.0**31), -(2.0**31) - 1
    for value, fits in zip(edges, (True, False, True, False), strict=True):
        x[2000] = value
        a, b, undecided = flux.golden_snap(device.array(x), plan, 1, np.int32)
        assert a.dtype == b.dtype == np.int32
        assert (device.numpy(undecided) == 0).tolist() == [True, fits, True]
        if fits:
            assert (device.numpy(a)[2000], device.numpy(b)[2000]) == (value, 0)
        a, b = flux.snap_on_device(device.array(x), precision=10)
        assert (a[2000], b[2000]) == (value, 0)
        assert a.dtype == b.dtype == np.int64


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "bound", [{"precision": 9}, {"precision": 0}, {"window": 1}, {"window": 0}], ids=str
)
def test_values_that_are_not_finite_are_refused_alike(device, kernel_dtype, bad, bound):
    x = np.zeros((3, 50), kernel_dtype)
    x[1, 7] = x[2, 3] = bad
    with pytest.raises(ValueError, match="must be finite") as expected:
        snap(x.astype(np.float64), **bound)
    with pytest.raises(ValueError, match="must be finite") as found:
        flux.snap_on_device(device.array(x), **bound)
    assert str(found.value) == str(expected.value)


def test_bounds_are_checked_alike(device):
    x = device.array(np.zeros(3))
    for arguments in ({"precision": -1}, {"window": -1}, {"denominator": 0}):
        with pytest.raises(ValueError, match="snap: "):
            flux.snap_on_device(x, **arguments)
    with pytest.raises(ValueError, match="two bounds"):
        flux.snap_on_device(x, precision=1, window=1)


def test_window_border_between_doubles(device):
    """Conjugates on the border of the window, and 2^-70 beside it: only exact sums tell."""
    rng = np.random.default_rng(13)
    for a, b in rng.integers(-40, 40, (12, 2)).tolist():
        conjugate = abs(Fraction(nearest_float(a + b, -b, 1)))
        for window in (conjugate, conjugate + Fraction(1, 2**70), conjugate - Fraction(1, 2**70)):
            x = nearest_float(a, b, 1) + np.arange(-50, 50) / 1024
            found = flux.snap_on_device(device.array(x), window=abs(window))
            expected = snap(x, window=abs(window))
            np.testing.assert_array_equal(found, [expected.a, expected.b])


# -- wake -----------------------------------------------------------------------------------
def awkward_pairs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs that cancel, borders of int64 and of the loops, small ones and random ones."""
    rng = np.random.default_rng(seed)
    fibonacci = [0, 1]
    while fibonacci[-1] < 2**62:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    f = np.array(fibonacci[:-1])
    edges = [0, 1, -1, 2**50 - 1, 2**50, -(2**50), -(2**50) - 1, 2**53, 2**53 + 1, 2**62]
    edges = np.array([*edges, INT64.max, INT64.min, INT64.min + 1, 3 * (2**53 + 1)])
    a, b = (x.ravel() for x in np.meshgrid(edges, edges))
    bits = rng.integers(0, 63, (2, 700))
    wide = rng.integers(INT64.min, INT64.max, (2, 700), endpoint=True) >> bits
    small = rng.integers(-30, 30, (2, 300))
    # Half-way between floats but for a unit of the 53rd bit and for a power of 1/φ.
    half_way = ((2 * rng.integers(2**23, 2**24, 60) + 1) << 28) + rng.integers(-1, 2, 60)
    sign = rng.choice([-1, 1], 60)
    a = np.concatenate([a, f[1:], -f[1:], wide[0], small[0], edges, half_way - sign * f[30]])
    b = np.concatenate([b, -f[:-1], f[:-1], wide[1], small[1], 0 * edges, sign * f[29]])
    return a, b


WAKE_DENOMINATORS = (1, 2, 3, 5, 7 * 2**40, 2**53 - 1, 3 * 2**140, 2**152, 2**900, 11 * 2**60)


@pytest.mark.parametrize("denominator", WAKE_DENOMINATORS)
def test_wake_is_that_of_the_cpu(device, denominator):
    a, b = awkward_pairs(5)
    da, db = device.array(a), device.array(b)
    parts = odd_and_scale(denominator)
    for dtype in map(np.dtype, (np.float64, np.float32, np.float16)):
        raw, undecided = flux.golden_wake(da, db, *parts, dtype)
        with np.errstate(all="ignore"):
            expected, count = wake_int64(a, b, *parts, dtype)
        assert device.numpy(raw).tobytes() == _plain_nan(expected, device.numpy(raw)).tobytes()
        assert bool(device.numpy(undecided).any()) == bool(count)
        out = device.numpy(flux.wake_on_device(da, db, denominator, dtype))
        assert out.tobytes() == wake_quietly(a, b, denominator, dtype).tobytes()


def _plain_nan(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Let the payload of a NaN be that found."""
    return np.where(np.isnan(expected) & np.isnan(found), found, expected)


def wake_quietly(a: Any, b: Any, denominator: int, dtype: Any) -> np.ndarray:
    """Wake on the CPU; float16 may overflow there with a warning."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return wake(a, b, denominator, dtype)


def test_wake_counts_what_it_leaves_undecided(device):
    a = np.zeros(3000, np.int64)
    a[1029] = 3 * (2**53 + 1)  # a tie once divided by 3
    da, zero = device.array(a), device.array(0 * a)
    out, undecided = flux.golden_wake(da, zero, 3.0, 1.0, np.dtype(np.float64))
    assert device.numpy(undecided).tolist() == [0, 1, 0]
    assert np.flatnonzero(np.isnan(device.numpy(out))).tolist() == [1029]
    out = device.numpy(flux.wake_on_device(da, zero, 3))
    assert out[1029] == 2.0**53


def test_wake_is_exact(device):
    """Against the integers, which share nothing with the kernels."""
    a, b = (x[::5] for x in awkward_pairs(6))
    for denominator in (1, 3, 3 * 2**140, 3**40 * 2, 2**1100):
        for dtype in (np.float64, np.float32):
            out = flux.wake_on_device(device.array(a), device.array(b), denominator, dtype)
            exact = wake_exact(a, b, denominator, np.dtype(dtype))
            assert device.numpy(out).tobytes() == exact.tobytes()


def test_wake_rounds_once_to_half_precisions(device, kernel_dtype):
    """Round-to-odd on the way: a second rounding to nearest would show here."""
    if kernel_dtype.name not in ("float16", "bfloat16"):
        pytest.skip("a half precision is wanted")
    bits, least = {"float16": (11, -24), "bfloat16": (8, -133)}[kernel_dtype.name]
    rng = np.random.default_rng(7)
    half_way = (2 * rng.integers(2 ** (bits - 1), 2**bits, 400) + 1) << rng.integers(8, 15, 400)
    a = np.concatenate([half_way + rng.integers(-1, 2, 400), -half_way, half_way << 20])
    a = np.concatenate([a, np.arange(-70, 70), 2 * a[:100] + 1])
    b = np.concatenate([np.zeros(a.size // 2, np.int64), np.ones(a.size - a.size // 2, np.int64)])
    for denominator in (2**20, 3, 2**45, 2**157, 3 * 2**135, 1):
        parts = odd_and_scale(denominator)
        out, _ = flux.golden_wake(device.array(a), device.array(b), *parts, kernel_dtype)
        exact = [
            nearest_float(int(p), int(q), denominator, bits=bits, least_exponent=least)
            for p, q in zip(a, b, strict=True)
        ]
        with np.errstate(over="ignore"):
            expected = np.array(exact).astype(kernel_dtype)
        assert device.numpy(out).tobytes() == expected.tobytes()


def test_wake_of_nothing_and_one(device, kernel_dtype):
    for size in (0, 1, 1023, 1025):
        a, b = np.arange(size), np.arange(size)[::-1].copy()
        out, undecided = flux.golden_wake(device.array(a), device.array(b), 1.0, 1.0, kernel_dtype)
        assert out.shape == (size,)
        assert out.dtype == kernel_dtype
        assert undecided.shape == (-(-size // 1024),)
        exact = wake(a, b, 1).astype(kernel_dtype)  # of these sizes none is near a tie
        np.testing.assert_array_equal(device.numpy(out), exact)


def test_wake_refuses_other_dtypes(device):
    a = device.array(np.arange(3))
    with pytest.raises(TypeError, match="wake: dtype must be"):
        flux.wake_on_device(a, a, 1, np.int64)


def test_round_trip(device):
    a, b = np.random.default_rng(8).integers(-(10**5), 10**5, (2, 4099))
    woken = flux.wake_on_device(device.array(a), device.array(b), 2)
    p, q = flux.snap_on_device(woken, precision=10**5, denominator=2)
    np.testing.assert_array_equal(p, a)
    np.testing.assert_array_equal(q, b)


def test_same_bits_in_every_order(device):
    x = device.array(awkward_floats(2, 9))
    a, b = (device.array(each) for each in awkward_pairs(10))
    for bound in BOUNDS:
        plan, d = plan_of(bound.get("precision"), bound.get("window"), 2)
        device.same_bits(lambda plan=plan, d=d: flux.golden_snap(x, plan, d))
    device.same_bits(lambda: flux.golden_wake(a, b, 3.0, 0.5, np.dtype(np.float32)))


# -- searched by Hypothesis, in one order: what a value gives depends on no other ------------
@given(
    x=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=40),
    bound=st.one_of(
        st.fixed_dictionaries({"precision": st.integers(0, 2**46)}),
        st.fixed_dictionaries({"window": st.fractions(0, 10**6)}),
    ),
    denominator=st.integers(1, 2**54),
)
def test_snap_of_any_floats(x, bound, denominator):
    x = np.array(x)
    found = flux.snap_on_device(device_for("shuffled").array(x), denominator=denominator, **bound)
    expected = snap(x, denominator=denominator, **bound)
    assert [each.tolist() for each in found] == [expected.a.tolist(), expected.b.tolist()]


@given(
    x=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=40),
    ulps=st.integers(-3, 3),
    precision=st.integers(1, 10**4),
    denominator=st.integers(1, 9),
)
def test_snap_near_ties(x, ulps, precision, denominator):
    """Midpoints of neighbours of the lattice, and what lies a few ulps beside them."""
    points = snap(np.array(x) / 1e4, precision=precision, denominator=denominator)
    a, b = points.a.tolist(), points.b.tolist()
    middle = [
        nearest_float(p + r, q + s, 2 * denominator)
        for p, q, r, s in zip(a, b, a[1:] + a[:1], b[1:] + b[:1], strict=True)
    ]
    middle = np.array(middle) + ulps * np.spacing(np.abs(middle))
    bound = {"precision": precision, "denominator": denominator}
    found = flux.snap_on_device(device_for("shuffled").array(middle), **bound)
    expected = snap(middle, **bound)
    assert [each.tolist() for each in found] == [expected.a.tolist(), expected.b.tolist()]


@given(
    pairs=st.lists(st.tuples(*[st.integers(INT64.min, INT64.max)] * 2), min_size=1, max_size=40),
    denominator=st.integers(1, 2**60),
    dtype=st.sampled_from([np.float64, np.float32, np.float16]),
)
def test_wake_of_any_pairs(pairs, denominator, dtype):
    device = device_for("shuffled")
    a, b = np.array(pairs, np.int64).T
    out = device.numpy(flux.wake_on_device(device.array(a), device.array(b), denominator, dtype))
    assert out.tobytes() == wake_quietly(a, b, denominator, dtype).tobytes()

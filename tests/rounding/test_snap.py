"""The public face of snap: what it accepts, what it refuses, what it returns."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from gmpy2 import mpq

from syntonic.constants import PHI_FLOAT as PHI
from syntonic.exact.golden import GoldenExact
from syntonic.jit import policy
from syntonic.rounding.snap import snap


def test_scalars_give_zero_dimensional_arrays():
    result = snap(PHI)
    assert (int(result.a), int(result.b)) == (0, 1)
    assert result.a.shape == result.b.shape == result.residual.shape == ()
    assert result.a.dtype == result.b.dtype == np.int64
    assert result.unique is None
    assert snap(PHI, error_bound=1e-6).unique.shape == ()


@pytest.mark.parametrize("size", [6, 6000])
def test_shapes_and_strides(size):
    x = np.random.default_rng(0).uniform(-5, 5, (2, 3, size))
    for view in (x, x[:, ::2, ::-1], x.T, np.asfortranarray(x), x[..., :0], x[0, 0, 0]):
        result = snap(view, error_bound=1e-4)
        flat = snap(np.ascontiguousarray(view).ravel(), error_bound=1e-4)
        for name in ("a", "b", "residual", "unique"):
            assert getattr(result, name).shape == view.shape
            assert np.array_equal(getattr(result, name).ravel(), getattr(flat, name))
    assert snap([]).a.dtype == np.int64
    assert snap([[1.5, 2.5]]).a.shape == (1, 2)


@pytest.mark.parametrize("kind", [np.float32, np.float16, ">f8", np.int8, np.uint16])
def test_narrow_numbers_mean_their_exact_value(kind):
    x = (np.arange(-60, 60) if np.dtype(kind).kind != "u" else np.arange(120)).astype(kind)
    if np.dtype(kind).kind == "f":
        x = x / np.dtype(kind).type(7)
    for bound in ({}, {"window": 3}):
        result, wide = snap(x, **bound), snap(x.astype(np.float64), **bound)
        assert np.array_equal(result.a, wide.a)
        assert np.array_equal(result.b, wide.b)
        assert np.array_equal(result.residual, wide.residual)


def test_large_integers_are_not_rounded():
    big = 2**53 + 1
    for x in (big, np.array(big), [0.5, big], [big, Fraction(1, 2)], np.uint64(big)):
        assert big in snap(x, precision=3).a.ravel().tolist()
    result = snap(np.array([2**63 - 1, -(2**63)]), denominator=3)
    assert result.a.dtype == object
    assert result.a.tolist() == [3 * (2**63 - 1), -3 * 2**63]
    assert not result.residual.any()
    assert snap(np.array([2**64 - 1], np.uint64)).a.tolist() == [2**64 - 1]
    assert snap(2**53 + 1, window=2**53 + 1).a == 2**53 + 1


@pytest.mark.parametrize("n", [1, 5000])
def test_beyond_int64_all_of_the_result_is_python_integers(n):
    x = np.concatenate([np.linspace(0, 1, n), [2.0**63, -1e300, 2.0**62]])
    result = snap(x)
    assert result.a.dtype == result.b.dtype == object
    assert result.a[-3:].tolist() == [2**63, int(-1e300), 2**62]
    assert {type(v) for v in result.a.tolist()} == {int}
    assert not result.b[-3:].any()
    assert snap(np.full(n, 2.0**62)).a.dtype == np.int64


def test_rationals_are_taken_exactly():
    x = [Fraction(1, 3), mpq(2, 3), 0.25, 4]
    result = snap(x, precision=0, denominator=3)
    assert result.a.tolist() == [1, 2, 1, 12]
    assert result.residual.tolist() == [0.0, 0.0, float(Fraction(1, 4) - Fraction(1, 3)), 0.0]


@pytest.mark.parametrize("n", [0, 3, 5000])
def test_not_finite(n):
    x = np.zeros((n + 2, 3))
    x[n, 2], x[n + 1, 0], x[n + 1, 1] = np.nan, np.inf, -np.inf
    with pytest.raises(ValueError, match=rf"snap: x must be finite, got 3 .* index \({n}, 2\)"):
        snap(x)
    with pytest.raises(ValueError, match=rf"got 3 non-finite values, the first at .*{n}, 2"):
        snap(x, window=0)
    with pytest.raises(ValueError, match="got 3 non-finite"):
        snap(x, window=1)
    with pytest.raises(ValueError, match="got 3 non-finite"):
        snap(x, precision=0)


def test_not_finite_scalars_and_lists():
    with pytest.raises(ValueError, match=r"got 1 non-finite values, the first at index \(\)"):
        snap(float("nan"))
    with pytest.raises(ValueError, match=r"first at index \(1,\)"):
        snap([2**70, float("inf")])


@pytest.mark.parametrize(
    "x",
    [
        *(1j, np.array([1j]), np.longdouble(1), np.datetime64(0, "s"), "1.5", [1.5, "2"]),
        *(True, [True], None, [None], Decimal("0.5"), GoldenExact(1, 1), [GoldenExact(1)]),
    ],
    ids=repr,
)
def test_what_is_not_a_float_is_refused(x):
    with pytest.raises(TypeError, match="snap: x must"):
        snap(x)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"precision": 3, "window": 2}, ValueError, "two bounds"),
        ({"precision": -1}, ValueError, "precision must be at least 0, got -1"),
        ({"precision": 1.0}, TypeError, "precision must be an integer, got float"),
        ({"denominator": 0}, ValueError, "denominator must be at least 1, got 0"),
        ({"denominator": 2.0}, TypeError, "denominator must be an integer"),
        ({"window": "wide"}, TypeError, "window must be a real number, got str"),
        ({"window": 1j}, TypeError, "window must be a real number, got complex"),
        ({"error_bound": -1e-9}, ValueError, "error_bound must not be negative"),
        ({"error_bound": float("nan")}, ValueError, "error_bound must be finite"),
    ],
)
def test_options_out_of_range(options, error, text):
    with pytest.raises(error, match=f"snap: .*{text}"):
        snap(0.5, **options)


def test_kinds_of_exact_options():
    x = np.linspace(-2, 2, 41)
    for window in (2, 2.0, np.float32(2), np.int64(2), Fraction(2), mpq(2), GoldenExact(2)):
        assert np.array_equal(snap(x, window=window).b, snap(x, window=2).b)
    for bound in (0.125, Fraction(1, 8), mpq(1, 8), GoldenExact("1/8"), np.float16(0.125)):
        assert np.array_equal(
            snap(x, precision=2, error_bound=bound).unique,
            snap(x, precision=2, error_bound=0.125).unique,
        )
    assert snap(0.5, precision=np.int64(3), denominator=np.uint8(2)).denominator == 2


@pytest.mark.parametrize("bound", [5e-324, 1e300, Fraction(10**400), Fraction(1, 10**400)])
def test_extreme_error_bounds(bound):
    x = np.concatenate([np.zeros(300), np.linspace(0.1, 1, 300)])
    unique = snap(x, error_bound=bound).unique
    assert unique.tolist() == [bound < 1] * 300 + [False] * 299 + [bound < 1]


def test_the_array_may_change_after_the_snap():
    x = np.linspace(0, 1, 500)
    result, expected = snap(x), snap(x.copy()).residual
    x[:] = 7
    assert np.array_equal(result.residual, expected)


def test_small_and_large_arrays_agree(monkeypatch):
    x = np.random.default_rng(3).uniform(-9, 9, 700)
    for options in ({"precision": 10**6}, {"window": 4.5}, {"denominator": 6}):
        results = []
        for threshold in (1, 10**9):
            monkeypatch.setattr(policy, "LOADED_SIZE", threshold)
            monkeypatch.setattr(policy, "COLD_SIZE", threshold)
            results.append(snap(x, error_bound=0.01, **options))
        one, other = results
        for name in ("a", "b", "residual", "unique"):
            assert np.array_equal(getattr(one, name), getattr(other, name))


def test_threads_see_all_of_the_array():
    x = np.random.default_rng(3).uniform(-9, 9, 700_001)
    result = snap(x)
    for part in (slice(0, 1000), slice(349_000, 351_500), slice(-1000, None)):
        assert np.array_equal(result.b[part], snap(x[part]).b)


def test_a_short_script_does_not_wait_for_numba():
    code = (
        "import sys; from syntonic.rounding.snap import snap;"
        "from syntonic.rounding.wake import wake;"
        "r = snap([0.5] * 1000, error_bound=0.1); r.residual; wake(r.a, r.b, 1);"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""assert_exact_equal: what passes, what fails, and what the report says."""

import re
from fractions import Fraction

import numpy as np
import pytest
from gmpy2 import mpq, mpz
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, GoldenExact, ResonantTensor, ShapeError
from syntonic.testing import assert_exact_equal, golden_numbers, resonant_tensors

TINY = PHI**-400  # far below the spacing of doubles


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (PHI**2, PHI + 1),
        (3, GoldenExact(3)),
        (Fraction(1, 3), mpq(1, 3)),
        (2**80, mpz(2) ** 80),
        (ResonantTensor([PHI, 1]), [PHI, 1]),
        (ResonantTensor(PHI), PHI),
        ([[1, 2], [3, 4]], np.arange(1, 5).reshape(2, 2)),
        ([ResonantTensor([1, PHI]), ResonantTensor([2, 3])], [[1, PHI], [2, 3]]),
        (ResonantTensor.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)),
        ([], ResonantTensor.zeros(0)),
        (0.5, np.float32(0.5)),
        ([0.25, float("nan")], np.array([0.25, np.nan], dtype=np.float16)),
        (ResonantTensor([PHI]).wake_flux(), np.array([float(PHI)])),
        (0.0, -0.0),
        (np.inf, float("inf")),
        (ResonantTensor([1], precision=5), ResonantTensor([1], mode_norm_sq=[4])),
    ],
)
def test_equal(x, y):
    assert_exact_equal(x, y)
    assert_exact_equal(y, x)


def failure(x, y):
    with pytest.raises(AssertionError) as caught:
        assert_exact_equal(x, y)
    return str(caught.value)


def test_the_report():
    x = ResonantTensor([[1, 2, PHI], [3, PHI, 5]])
    y = ResonantTensor([[1, 2, 2], [0, PHI, 5 + TINY]])
    assert failure(x, y).splitlines() == [
        "assert_exact_equal: x and y differ in 3 of 6 elements (50.0%)",
        "  first at index (0, 2):",
        "    x     = φ",
        "    y     = 2",
        "    x - y = -2 + φ ≈ -0.381966",
        "  worst at index (1, 0):",
        "    x     = 3",
        "    y     = 0",
        "    x - y = 3",
    ]


def test_first_is_worst():
    report = failure([1, 5, 4], [1, 2, 3])
    assert "2 of 3 elements (66.7%)\n  first and worst at index (1,):" in report
    assert report.count("x - y") == 1
    assert "differ in the only element\n  there:\n    x     = φ" in failure(PHI, 1)


def test_what_no_float_can_tell_apart():
    assert float(1 + TINY) == 1.0
    report = failure(1 + TINY, 1)
    assert f"≈ {TINY.to_decimal(6)}" in report


def test_the_worst_is_found_exactly():
    """Differences that agree to 80 digits: only their exact order tells the larger."""
    assert "worst at index (1,)" in failure([1, 1 + TINY], [0, 0])
    assert "first and worst at index (0,)" in failure([1, TINY - 1], [0, 0])
    assert "worst at index (1,)" in failure([1, -1 - TINY], [0, 0])


def test_shares_of_large_arrays():
    x = np.zeros(30_000, dtype=np.int64)
    y = x.copy()
    y[17] = 1
    assert "differ in 1 of 30000 elements (0.0033%)" in failure(x, y)


def test_long_numbers_are_cut():
    report = failure(7**40_000, 0)
    assert len(report) < 1000
    assert f"({len(str(GoldenExact(7**40_000)))} characters)" in report


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [[1, 2]], "one shape, got (2,) and (1, 2)"),
        (1, [1], "one shape, got () and (1,)"),
        (np.zeros((0, 2), int), np.zeros((2, 0), int), "one shape"),
        (1.0, 1, "x in flux (float64) and y crystallized"),
        (ResonantTensor([1]), np.ones(1, np.float32), "y in flux (float32)"),
        ([0.5, np.nan], [0.5, 1.0], "not finite"),
        ([1.0, np.inf], [2.0, -np.inf], "worst at index (1,)"),
        (0.1 + 0.2, 0.3, f"x - y = 1/{2**54}"),
    ],
)
def test_unequal(x, y, message):
    assert message in failure(x, y)


@pytest.mark.parametrize("bad", ["1", 1j, None, [1, 0.5], [object()]])
def test_no_real_numbers(bad):
    with pytest.raises(TypeError):
        assert_exact_equal(bad, bad)


def test_ragged():
    with pytest.raises(ShapeError):
        assert_exact_equal([[1, 2], [3]], [1])


@given(resonant_tensors(shape=(2, 3)), golden_numbers().filter(bool), st.integers(0, 5))
def test_any_single_difference_is_found(t, difference, k):
    index = divmod(k, 3)
    report = failure(t.at[index].add(difference), t)
    assert f"1 of 6 elements (16.7%)\n  there at index {index}:" in report
    assert re.search(r"x - y = ", report)
    assert_exact_equal(t, t.tolist())

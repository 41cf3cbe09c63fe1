"""assert_ulp_equal, against mpmath and at the edges of the formats."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, SQRT5, GoldenExact, ResonantTensor
from syntonic.testing import assert_ulp_equal, golden_numbers
from syntonic.testing.floats import _error

BITS = {np.float16: (11, -14), np.float32: (24, -126), np.float64: (53, -1022)}


def failure(*arguments):
    with pytest.raises(AssertionError) as caught:
        assert_ulp_equal(*arguments)
    return str(caught.value)


@given(golden_numbers(bound=2**40), st.integers(-3, 3), st.sampled_from(sorted(BITS, key=str)))
def test_the_error_against_mpmath(v, steps, dtype):
    with np.errstate(over="ignore"):
        x = np.float64(v).astype(dtype)
    for _ in range(abs(steps)):
        x = np.nextafter(x, dtype(np.inf * steps))
    if not np.isfinite(x):
        return
    bits, least = BITS[dtype]
    with mpmath.workprec(400):
        p, q, d = (int(n) for n in v.numerators())
        value = (p + q * mpmath.phi) / d
        exponent = max(int(mpmath.floor(mpmath.log(abs(value), 2))), least) if v else least
        expected = abs(mpmath.mpf(float(x)) - value) / mpmath.mpf(2) ** (exponent - bits + 1)
        found = mpmath.mpf(_error(x, v, np.finfo(dtype)).to_decimal(60))
        assert abs(found - expected) <= expected * mpmath.mpf(10) ** -50


@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")
@given(st.lists(golden_numbers(bound=2**70), min_size=1, max_size=6))
def test_waking_is_correctly_rounded(values):
    t = ResonantTensor(values)
    assert_ulp_equal(t.wake_flux(), t)
    assert_ulp_equal(t.to_floats(), values, Fraction(1, 2))
    assert_ulp_equal(t.wake_flux(dtype=np.float32), t)


def test_a_neighbour_is_not_correctly_rounded():
    near = np.nextafter(float(PHI), 2)
    assert "above 0.5 ulp (float64) in the only element" in failure(near, PHI)
    assert_ulp_equal(near, PHI, ulps=1.5)


def test_the_limit_is_exact():
    tie = 1 + Fraction(1, 2**53)  # half an ulp above 1
    assert_ulp_equal(1.0, tie)
    assert_ulp_equal(1.0 + 2**-52, tie)
    assert "0.5" in failure(1.0, tie + Fraction(1, 10**200))


def test_just_below_a_power_of_two():
    """The ulp is that of the exact value, half as large below 2 as above."""
    below = 2 - Fraction(1, 2**53)  # between the floats 2 - 2^-52 and 2
    assert_ulp_equal(2.0, below)
    assert "error  = 2.50000 ulp" in failure(2.0 + 2**-51, below)
    assert "error  = 1.00000 ulp" in failure(2.0 + 2**-51, 2)
    assert "error  = 1.00000 ulp" in failure(2.0, 2 - Fraction(1, 2**52))


def test_subnormals_and_zero():
    least = 2.0**-1074
    assert_ulp_equal(least, Fraction(3, 2**1075), ulps=0.5)
    assert_ulp_equal(0.0, Fraction(1, 2**1075))
    assert_ulp_equal(-0.0, 0)
    assert "error  = 1.00000 ulp" in failure(least, 0)
    assert "error  = 1.00000 ulp" in failure(np.float16(2**-24), 0)


@pytest.mark.parametrize(
    ("dtype", "bits", "top"), [("f2", 11, 16), ("f4", 24, 128), ("f8", 53, 1024)]
)
def test_overflow(dtype, bits, top):
    limit = (2 - Fraction(1, 2**bits)) * 2 ** (top - 1)
    infinity = np.array(np.inf, dtype=dtype)
    assert_ulp_equal(infinity, limit)
    assert_ulp_equal(-infinity, -limit - 1)
    assert "infinite" in failure(infinity, limit - Fraction(1, 10**9))
    assert "infinite" in failure(-infinity, limit)
    assert_ulp_equal(np.finfo(dtype).max.reshape(()), limit - Fraction(1, 10**9))
    assert_ulp_equal(np.array(np.finfo(dtype).max), limit - PHI**-50)


def test_the_report():
    actual = np.array([[1.0, 2.0], [float(SQRT5), np.nan]], dtype=np.float32)
    exact = [[1, 2 + Fraction(3, 2**22)], [SQRT5, 7]]
    assert failure(actual, exact).splitlines() == [
        "assert_ulp_equal: the error is above 0.5 ulp (float32) in 2 of 4 elements (50.0%)",
        "  first at index (0, 1):",
        "    actual = 2.0",
        f"    exact  = {GoldenExact(exact[0][1])}",
        "    error  = 3.00000 ulp",
        "  worst at index (1, 1):",
        "    actual = nan",
        "    exact  = 7",
        "    error  = infinite",
    ]


def test_refusals():
    assert "one shape, got (1,) and ()" in failure([1.0], 1)
    assert "exact must be exact, got floats" in failure([1.0], [1.0])
    with pytest.raises(TypeError, match="must be in floating point, got int64"):
        assert_ulp_equal([1], [1])
    with pytest.raises(TypeError):
        assert_ulp_equal(ResonantTensor([1]), [1])
    for bad in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="ulps must be finite"):
            assert_ulp_equal(1.0, 1, bad)


def test_empty():
    assert_ulp_equal(np.zeros((0, 2)), ResonantTensor.zeros((0, 2)))

"""Near means within the tolerance, at the exact values of all numbers."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.testing import approx, golden_numbers


@given(
    golden_numbers(bound=1000), golden_numbers(bound=1000), st.fractions(0, 2), st.fractions(0, 9)
)
def test_the_definition(x, y, rel, absolute):
    near = abs(x - y) <= max(rel * abs(y), GoldenExact(absolute))
    assert (x == approx(y, rel, absolute)) == near
    assert (approx(y, rel, absolute) == x) == near
    assert (x != approx(y, rel, absolute)) == (not near)


def test_the_boundary_is_near():
    step = Fraction(1, 10**30)
    assert GoldenExact(1 + step) == approx(1, rel=0, abs=step)
    assert GoldenExact(1 + step) != approx(1, rel=0, abs=step - step**2)
    assert GoldenExact("11/10") != approx(1, rel=0, abs=0.1 - 2**-50)
    assert GoldenExact("11/10") == approx(1, rel=0, abs=0.1)  # the float is above 1/10


@pytest.mark.parametrize(
    "actual",
    [1.618, Fraction("1.618"), Decimal("1.618"), np.float32(1.618), GoldenExact("809/500")],
)
def test_kinds_of_numbers(actual):
    assert actual == approx(PHI, rel=1e-4)
    assert approx(PHI, rel=1e-4) == actual
    assert actual != approx(PHI, rel=1e-5)
    assert approx(actual, rel=1e-4) == PHI


def test_arrays_and_tensors():
    t = ResonantTensor([[1, PHI], [2, 3]])
    for actual in (t, t.wake_flux(), t.to_floats(), np.asarray(t), t.tolist()):
        assert actual == approx(t)
        assert approx(t) == actual
        assert actual == approx(t.to_floats())
        assert actual != approx(t + GoldenExact("1/1000"))
        assert actual != approx(t[0])
        assert actual != approx(1)
    assert ResonantTensor([]) == approx([])


def test_what_is_not_finite():
    assert math.inf == approx(math.inf)
    assert math.inf != approx(-math.inf)
    assert math.inf != approx(1e308)
    assert math.nan != approx(math.nan)
    assert [1.0, math.nan] != approx([1, 2])


def test_what_is_no_number_is_not_near():
    for other in ("1", None, object(), 1j, {1: 2}, [[1], [2, 3]]):
        assert other != approx(1)


def test_refusals():
    for bad in (-1, math.nan, math.inf, [1]):
        for name in ("rel", "abs"):
            with pytest.raises(ValueError, match=f"approx: {name} must be"):
                approx(1, **{name: bad})
    with pytest.raises(TypeError):
        approx("1")
    with pytest.raises(TypeError):
        hash(approx(1))


def test_text():
    assert repr(approx(PHI, rel=0, abs=Fraction(1, 8))) == "φ ± 0.125"
    assert repr(approx([1])) == "approx([GoldenExact(1)])"

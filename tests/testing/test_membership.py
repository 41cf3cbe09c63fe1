"""assert_on_lattice, against the snap that makes lattice points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, GoldenExact, ResonantTensor, snap
from syntonic.testing import assert_on_lattice, golden_numbers


def failure(*arguments, **options):
    with pytest.raises(AssertionError) as caught:
        assert_on_lattice(*arguments, **options)
    return str(caught.value)


@given(
    st.lists(st.floats(-1e6, 1e6), max_size=5),
    st.integers(1, 12),
    st.integers(0, 50),
    st.booleans(),
)
def test_what_snap_finds_is_there(values, denominator, precision, windowed):
    bound = {"window": precision / 7} if windowed else {"precision": precision}
    if windowed and not precision:
        return
    found = snap(np.array(values, dtype=float), denominator=denominator, **bound)
    t = ResonantTensor.from_lattice(found.a, found.b, denominator=denominator)
    assert_on_lattice(t, denominator=denominator, **bound)


@given(golden_numbers(), st.integers(1, 100))
def test_membership_is_integrality_of_the_multiple(x, denominator):
    if (denominator * x).is_integral():
        assert_on_lattice(x, denominator=denominator)
    else:
        assert "must divide" in failure(x, denominator=denominator)


def test_precision_counts_numerators():
    assert_on_lattice([PHI / 2, 7], denominator=2, precision=1)
    assert "|b| = 3 must be at most the precision, 2" in failure(
        PHI / 2, denominator=6, precision=2
    )
    assert_on_lattice(-3 * PHI, precision=3)
    assert "|b| = 3" in failure(-3 * PHI, precision=2)


def test_the_window_is_closed_and_exact():
    assert_on_lattice(PHI**5, window=PHI**-5)
    report = failure([1, PHI**5], window=PHI**-5 - PHI**-300)
    assert "2 of 2 elements (100.0%) off Z[φ] or its bounds\n  first at index (0,):" in report
    assert_on_lattice(PHI, window=float(PHI) - 1)


def test_refusals():
    assert "x must be exact" in failure([0.5])
    with pytest.raises(ValueError, match="denominator must be a positive"):
        assert_on_lattice(1, denominator=0)
    with pytest.raises(TypeError):
        assert_on_lattice(1, denominator=0.5)
    for bad in ({"precision": -1}, {"window": -1}, {"window": float("nan")}):
        with pytest.raises(ValueError, match="must not be negative"):
            assert_on_lattice(1, **bad)


def test_empty_and_scalar():
    assert_on_lattice(ResonantTensor.zeros((0,)), precision=0)
    assert "  there:\n    x    = 1/2" in failure(GoldenExact("1/2"))

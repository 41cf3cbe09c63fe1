"""Exact roots and norms: where the field has them, by squares; elsewhere refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, SQRT5, GoldenExact, PhaseError, ResonantTensor, linalg
from syntonic.testing import golden_numbers, resonant_tensors

ELEMENTS = st.one_of(
    golden_numbers(bound=9, denominators=[1, 2, 3]),
    golden_numbers(bound=10**30, denominators=[1, 7, 10**20 + 39]),
)


@given(resonant_tensors(elements=ELEMENTS))
def test_the_root_of_a_square_is_the_absolute_value(t):
    assert np.sqrt(t * t).equals(abs(t))
    assert np.hypot(3 * t, 4 * t).equals(5 * abs(t))


@given(resonant_tensors(elements=golden_numbers(bound=20, denominators=[1, 2])))
def test_every_element_is_a_square_or_the_first_that_is_none_is_named(t):
    squares = [v.is_square() for v in np.asarray(t).ravel()]
    if all(squares):
        root = np.sqrt(t)
        assert (root * root).equals(t)
        assert root.equals(abs(root))
    else:
        index = tuple(map(int, np.unravel_index(squares.index(False), t.shape)))
        with pytest.raises(ValueError, match=r"np\.sqrt: an exact square root") as caught:
            np.sqrt(t)
        assert (f"at index {index}" in str(caught.value)) == bool(index)


def test_norms_of_figures():
    edges = ResonantTensor([[PHI, 2 * PHI, 2 * PHI], [3, 0, -4], [0, 0, 0]])
    assert linalg.norm(edges, axis=1).tolist() == [3 * PHI, 5, 0]
    assert linalg.norm([SQRT5, 2 * SQRT5]).item() == 5
    assert linalg.norm([[1, -PHI], [2, 0]], 1).item() == 3
    assert linalg.norm([[1, -PHI], [2, 0]], math.inf).item() == 1 + PHI
    assert linalg.norm([1, -PHI, 0], 0).item() == 2
    assert linalg.norm([1, -PHI], math.inf).item() == PHI
    assert linalg.norm([1, -PHI], -math.inf, keepdims=True).tolist() == [1]
    assert linalg.norm([]).item() == 0
    assert linalg.norm(GoldenExact(-2)).item() == 2


@pytest.mark.parametrize(
    ("x", "options", "error", "text"),
    [
        ([1, 1], {}, ValueError, "must lie in Q"),
        ([[1, 1], [3, 4]], {"axis": 1}, ValueError, r"at index \(0,\)"),
        ([1, 1], {"ord": 3}, TypeError, "must be 0, 1, 2, inf or -inf for an exact norm, got 3"),
        ([1, 1], {"ord": 0.5}, TypeError, "got 0.5"),
        ([1, 1], {"ord": "fro"}, ValueError, "got 'fro'"),
        ([[1, 1]], {"ord": 2}, TypeError, "must be 'fro', 1, -1, inf or -inf"),
        ([[1, 1]], {"ord": "nuc"}, TypeError, "leaves the field"),
        ([[1, 1]], {"ord": "l2"}, ValueError, "got 'l2'"),
        ([[[1]]], {"ord": 1}, ValueError, "one axis or two, got 3"),
        ([1], {"axis": 1}, ValueError, "axis 1 is out of bounds"),
        ([1.5], {}, TypeError, "exact"),
    ],
)
def test_refusals(x, options, error, text):
    with pytest.raises(error, match=text):
        linalg.norm(x, **options)


def test_flux():
    t = ResonantTensor([3, 4]).wake_flux()
    assert float(np.linalg.norm(t)) == 5.0
    assert np.sqrt(t).flux_array.tolist() == [math.sqrt(3), 2.0]
    with pytest.raises(PhaseError, match=r"linalg\.norm"):
        linalg.norm(t)

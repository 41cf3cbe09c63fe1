"""Ways for few elements, where loops do not pay, against Python's integers and other layouts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.exact.pairs import sign
from syntonic.lattice import arithmetic, order
from syntonic.lattice.array import INT64_MAX, LatticeArray

EDGES = [0, 1, 2, 2**28, 2**29 - 1, 2**29, 2**29 + 1, 2**31, 2**62, INT64_MAX]
NUMBERS = sorted({s * n for n in EDGES for s in (1, -1)})


def _fibonacci(most):
    a, b = 0, 1
    while b <= most:
        yield a, b
        a, b = b, a + b


def test_signs_where_terms_cancel():
    """Of the pairs that are nearest to 0, and of pairs beside them."""
    near = [
        (s * b + i, -s * a + j)
        for a, b in _fibonacci(2**31)
        for s, i, j in itertools.product((1, -1), (-1, 0, 1), (-1, 0, 1))
    ]
    for pairs in (near, [*itertools.product(NUMBERS, NUMBERS)]):
        for p, q in pairs:
            part = LatticeArray.packed(np.array([p]), np.array([q]))
            assert order.sign(part).tolist() == [sign(p, q)]
            alone = LatticeArray.packed(np.array(p), np.array(q))
            assert order.sign(alone).tolist() == sign(p, q)


def test_the_bound_of_squares_is_enough():
    most = order._MOST_SQUARED
    for p, q in itertools.product((most, most - 1, -most), repeat=2):
        assert abs((2 * p + q) ** 2) + 5 * q * q <= INT64_MAX


@pytest.mark.parametrize("d", [1, 2, 3, 10**18, INT64_MAX])
def test_quotients_by_one_number(d):
    for p, q in itertools.product(
        (0, 1, -1, 3, 2**31, -(2**62), INT64_MAX, -INT64_MAX - 1), repeat=2
    ):
        x = LatticeArray.packed(np.array(p), np.array(q), d)
        number = GoldenExact(p, q) / d
        if not number:
            with pytest.raises(ZeroDivisionError, match="reciprocal: no element"):
                arithmetic.reciprocal(x)
            continue
        (found,) = ResonantTensor._of(arithmetic.reciprocal(x), ResonantTensor(1)._carried).ravel()
        assert found == 1 / number
        tensor = ResonantTensor([1, PHI, -7]) / number
        assert tensor.tolist() == [1 / number, PHI / number, -7 / number]

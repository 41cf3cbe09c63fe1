"""To FLINT and back."""

import random
from fractions import Fraction

import flint
import numpy as np
import pytest

from syntonic import PHI, GoldenExact, PhaseError, ResonantTensor, ShapeError, linalg
from syntonic.interop.flint import from_flint, to_flint

RANDOM = random.Random(2)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (0, 3), (2, 0)])
@pytest.mark.parametrize(("bits", "denominators"), [(5, [1]), (40, [6]), (300, [1, 7, 10**30])])
def test_round_trip(shape, bits, denominators):
    numbers = [
        GoldenExact(
            *(Fraction(RANDOM.getrandbits(bits) - 9, RANDOM.choice(denominators)) for _ in "ab")
        )
        for _ in range(shape[0] * shape[1])
    ]
    t = ResonantTensor(np.array(numbers, object).reshape(shape))
    a, b, d = to_flint(t)
    assert (type(a), type(b), type(d)) == (flint.fmpz_mat, flint.fmpz_mat, int)
    assert from_flint(a, b, d).equals(t)
    for i, j in np.ndindex(shape):
        assert t[i, j].item() == (GoldenExact(int(a[i, j]), int(b[i, j]))) / d


def test_products_by_flint():
    x, y = (ResonantTensor.random_lattice((4, 4), bound=9, seed=s) for s in (1, 2))
    (a, b, _), (c, d, _) = to_flint(x), to_flint(y)
    assert from_flint(a * c + b * d, a * d + b * c + b * d).equals(x @ y)
    assert linalg.det(a).item() == int(a.det())


def test_parts():
    assert from_flint(flint.fmpq_mat([[flint.fmpq(1, 2)]])).tolist() == [[Fraction(1, 2)]]
    assert (
        from_flint(flint.fmpz_mat([[0]]), flint.fmpz_mat([[3]]), flint.fmpq(3, 2)).item() == 2 * PHI
    )


def test_refusals():
    with pytest.raises(ShapeError, match=r"to_flint: t must be one matrix, got shape \(2,\)"):
        to_flint(ResonantTensor([1, 2]))
    with pytest.raises(PhaseError, match="to_flint: the tensor must be crystallized"):
        to_flint(ResonantTensor.from_flux([[1.0]]))
    with pytest.raises(TypeError, match="to_flint: t must be a ResonantTensor, got list"):
        to_flint([[1]])
    with pytest.raises(TypeError, match="from_flint: b must be an fmpz_mat or fmpq_mat, got list"):
        from_flint(flint.fmpz_mat([[1]]), [[1]])
    with pytest.raises(ShapeError, match="from_flint: a and b must have one shape"):
        from_flint(flint.fmpz_mat([[1]]), flint.fmpz_mat([[1, 2]]))
    with pytest.raises(ZeroDivisionError):
        from_flint(flint.fmpz_mat([[1]]), None, 0)

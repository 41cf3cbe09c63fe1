"""Enough points: the matrix of all allowed monomials at them is invertible, by FLINT."""

from itertools import product

import pytest
from flint import fmpq, fmpq_mat

from syntonic import ShapeError
from syntonic.testing.points import Degree, beyond


def exponents(degree):
    top = max(degree.each or (degree.total,)) + 1
    return [e for e in product(range(top), repeat=degree.arity) if degree.allows(e)]


@pytest.mark.parametrize(
    "degree",
    [Degree(n, d) for n, d in [(1, 0), (1, 6), (2, 5), (3, 3), (4, 2)]]
    + [Degree(len(e), None, e) for e in [(0,), (4,), (3, 2), (1, 0, 3), (1, 1, 1, 1)]],
    ids=str,
)
def test_no_other_polynomial_vanishes_there(degree):
    """Over Q(φ), as a matrix of 2 by 2 blocks over Q: x = p + qφ acts on (1, φ)."""
    points, allowed = list(degree.points()), exponents(degree)
    assert len(points) == len(set(points)) == degree.count == len(allowed)
    size = 2 * len(points)
    blocks = fmpq_mat(size, size)
    for i, point in enumerate(points):
        for j, powers in enumerate(allowed):
            value = 1
            for x, e in zip(point, powers, strict=True):
                value = value * x**e
            p, q, _ = (value + 0 * point[0]).numerators()
            for r, row in enumerate(((p, q), (q, p + q))):
                for c, entry in enumerate(row):
                    blocks[2 * i + r, 2 * j + c] = fmpq(int(entry))
    assert blocks.det() != 0


def test_the_further_point_is_on_no_grid():
    for n in range(1, 5):
        coordinates = {x for d in (Degree(n, 20), Degree(n, None, (9,) * n)) for x in nodes(d)}
        assert not coordinates & set(beyond(n))
        assert len(set(beyond(n))) == n


def nodes(degree):
    top = max(degree.each or (degree.total,))
    return [p[0] for p in Degree(1, top).points()]


def test_reading_a_degree():
    assert Degree.stated(3, "xy") == Degree(2, 3)
    assert Degree.stated([1, 2], "xy") == Degree.stated({"y": 2, "x": 1}, "xy")
    with pytest.raises(ShapeError, match="one integer or 2, one for each variable, got 3"):
        Degree.stated([1, 2, 3], "xy")
    with pytest.raises(ValueError, match="keys x, y, got x"):
        Degree.stated({"x": 1}, "xy")
    for bad in (-1, [0, -2]):
        with pytest.raises(ValueError, match="must not be negative"):
            Degree.stated(bad, "xy")
    with pytest.raises(TypeError):
        Degree.stated(1.5, "xy")

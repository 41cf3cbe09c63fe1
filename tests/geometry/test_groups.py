"""Orders of groups, closure, and one frame for all figures."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, ResonantTensor, linalg
from syntonic.errors import ShapeError, SingularMatrixError
from syntonic.geometry import (
    closure,
    icosians,
    orbit,
    reflection,
    reflection_group,
    rotations,
    simple_roots,
    solid,
    solid_names,
)
from syntonic.geometry import rows as keyed
from syntonic.geometry.rows import RowTable, distinct, integer_rows, member

ORDERS = {"A3": 24, "B3": 48, "H3": 120, "A4": 120, "B4": 384, "F4": 1152, "H4": 14400}


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_order_of_reflection_groups(name, order):
    group = reflection_group(name)
    assert len(group) == order
    assert len(rotations(group)) == order // 2
    assert len({*map(tuple, integer_rows(group)[0].tolist())}) == order


@pytest.mark.parametrize("name", ORDERS)
def test_elements_are_orthogonal_and_closed_under_the_generators(name):
    group = reflection_group(name)
    identity = ResonantTensor.eye(group.shape[1])
    assert bool((group @ group.transpose(0, 2, 1) == identity).all())
    n = group.shape[1]
    table = RowTable(group)
    for mirror in reflection(simple_roots(name)):
        assert (table.find((group @ mirror).reshape(-1, n, n)) >= 0).all()


@pytest.mark.parametrize(("name", "count"), [("H3", 15), ("H4", 60), ("B3", 9), ("F4", 24)])
def test_number_of_reflections(name, count):
    """A reflection has trace n - 2 and determinant -1: counted among all elements."""
    group = reflection_group(name)
    n = group.shape[1]
    eye = ResonantTensor.eye(n)
    involutions = (group @ group == eye).all(axis=(1, 2))
    found = np.asarray(involutions) & np.asarray(linalg.trace(group) == n - 2)
    assert found.sum() == count


def test_gram_determinant_of_h4():
    roots = simple_roots("H4")
    assert linalg.det(roots @ roots.T).item() == GoldenExact("5/16", "-3/16")


def test_icosians_are_a_group_of_quaternions():
    """By Hamilton's rules on pairs of Fractions, not by the package's algebra."""
    units = [tuple((x.a, x.b) for x in row) for row in icosians().tolist()]
    known = {*units}
    for x, y in product(units[::7], units):
        assert hamilton(x, y) in known


def hamilton(x, y):
    def times(p, q):
        (a, b), (c, d) = p, q
        return a * c + b * d, a * d + b * c + b * d

    signs = ((0, 0, 1), (1, 1, -1), (2, 2, -1), (3, 3, -1)), (
        (0, 1, 1), (1, 0, 1), (2, 3, 1), (3, 2, -1)), (
        (0, 2, 1), (2, 0, 1), (3, 1, 1), (1, 3, -1)), (
        (0, 3, 1), (3, 0, 1), (1, 2, 1), (2, 1, -1))  # fmt: skip
    out = []
    for terms in signs:
        parts = [(s, times(x[i], y[j])) for i, j, s in terms]
        out.append((sum(s * p for s, (p, _) in parts), sum(s * q for s, (_, q) in parts)))
    return tuple(out)


FULL = (
    "icosahedron", "dodecahedron", "icosidodecahedron", "truncated icosahedron",
    "truncated dodecahedron", "rhombicosidodecahedron", "truncated icosidodecahedron",
    "rhombic triacontahedron", "pentakis dodecahedron", "triakis icosahedron",
    "deltoidal hexecontahedron", "disdyakis triacontahedron", "small stellated dodecahedron",
    "great dodecahedron", "great stellated dodecahedron", "great icosahedron",
)  # fmt: skip


@pytest.mark.parametrize("name", FULL)
def test_all_icosahedral_solids_have_the_same_120_symmetries(name):
    points = solid(name).tensor
    images = (points @ reflection_group("H3").transpose(0, 2, 1)).reshape(-1, 3)
    assert (RowTable(points).find(images) >= 0).all()


@pytest.mark.parametrize("name", [n for n in solid_names() if "0-cell" in n])
def test_all_figures_of_h4_have_the_same_mirrors(name):
    points = solid(name).tensor
    images = (points @ reflection(simple_roots("H4"))).reshape(-1, 4)
    assert (RowTable(points).find(images) >= 0).all()


def test_closure_adds_inverses_and_grows_denominators():
    turn = ResonantTensor([[PHI / 2, GoldenExact("-1/2"), 0], [0, 0, 1], [1, 0, 0]])
    with pytest.raises(ValueError, match=r"closure: there are more than 50 elements"):
        closure(turn, limit=50)
    fifth = reflection(simple_roots("H3")[:2])
    assert len(closure(fifth[0] @ fifth[1])) == 5
    shift = ResonantTensor([[1, GoldenExact("1/3")], [0, -1]])
    assert len(closure(shift)) == 2


def test_refusals():
    with pytest.raises(ShapeError, match=r"closure: generators must have shape"):
        closure([[1, 0]])
    with pytest.raises(SingularMatrixError):
        closure([[0, 0], [0, 1]])
    with pytest.raises(ZeroDivisionError):
        reflection([0, 0])
    with pytest.raises(ValueError, match=r"name must be one of A3, A4, .*got 'E8'"):
        reflection_group("E8")
    with pytest.raises(ValueError, match=r"orbit: there are more than 10"):
        orbit([0, 1, PHI], reflection(simple_roots("H3")), limit=10)


# -- keys --------------------------------------------------------------------------------------
def test_distinct_and_member_agree_with_tuples():
    rng = np.random.default_rng(5)
    for width in (1, 3, 70):
        rows = rng.integers(-2, 3, size=(200, width))
        first, inverse = distinct(rows)
        tuples = [*map(tuple, rows.tolist())]
        assert [tuples[k] for k in first] == [*dict.fromkeys(tuples)]
        assert (rows[first][inverse] == rows).all()
        assert sorted(first) == first.tolist()
        found = member(rows[:50], rows[50:100])
        for row, place in zip(tuples[:50], found.tolist(), strict=True):
            assert place == (tuples[50:100].index(row) if row in tuples[50:100] else -1)


def test_equal_keys_of_different_rows_do_no_harm(monkeypatch):
    monkeypatch.setattr(keyed, "_keys", lambda rows: rows[:, 0].view(np.uint64) & np.uint64(1))
    rows = np.array([[0, 1], [2, 5], [0, 1], [4, 4], [1, 0]])
    first, inverse = distinct(rows)
    assert first.tolist() == [0, 1, 3, 4]
    assert inverse.tolist() == [0, 1, 0, 2, 3]


def test_long_numerators_and_different_denominators():
    table = ResonantTensor([[PHI**200, 1], [Fraction(1, 3), 2]])
    asked = ResonantTensor([[Fraction(2, 6), 2], [PHI**200, 2], [PHI**200, 1]])
    assert RowTable(table).find(asked).tolist() == [1, -1, 0]

"""Sorting, extremes and searching against Python's sort of `GoldenExact`, with every tie."""

from bisect import bisect_left, bisect_right
from fractions import Fraction

import numpy as np
import pytest
from gmpy2 import mpq

from syntonic.exact import pairs
from syntonic.exact.golden import PHI, GoldenExact
from syntonic.lattice import sets, sorting
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice

RNG = np.random.default_rng(5)


def shuffled(values, repeat=3):
    """Several copies of each value, in any order."""
    values = [*values] * repeat
    return [values[i] for i in RNG.permutation(len(values))]


def vanishing(n):
    """Numbers p + qφ from large to tiny, positive and negative, of numerators up to the n-th."""
    return [GoldenExact(*pairs.phi_power(-k)) * s for k in range(n) for s in (1, -1)]


TINY = vanishing(80)  # of numerators up to 2^54
HUGE = GoldenExact(2**61, -(2**59))
CASES = {
    "integers": shuffled(range(-9, 9)),
    "golden": shuffled([GoldenExact(p, q) for p in range(-4, 4) for q in range(-4, 4)]),
    "vanishing": shuffled(TINY),
    "one float": shuffled([1000 + x for x in TINY[100:]]),
    "huge, one float": shuffled([HUGE + x for x in TINY[:140]], 1),
    "int64 extremes": shuffled(
        [GoldenExact(p, q) for p in (-(2**63) + 1, 0, 2**63 - 1) for q in (-(2**62), 1, 2**62)]
    ),
    "halves": shuffled([x / 2 for x in TINY[20:]]),
    "denominators": shuffled([PHI / n + Fraction(m, n + 1) for n in range(1, 9) for m in range(4)]),
    "denominators, one float": shuffled(
        [10**9 + (x + Fraction(1, n)) / 10**15 for n in range(1, 9) for x in TINY[90:100]], 1
    ),
    "long": shuffled([PHI * 10**30 + x for x in TINY[:50]]),
    "beyond floats": shuffled([s * (10**400 + x) for s in (1, -1) for x in TINY[:20]] + [0, 1]),
    "below floats": shuffled([x / 10**400 for x in TINY[:20]]),
    "an outlier": shuffled([10**15, *TINY[:60]]),
    "one value": [PHI] * 40,
}  # fmt: skip


@pytest.fixture(params=[2, 10**6], ids=["cells", "floats"])
def few(request, monkeypatch):
    """Sort by integers of cells, and by floats alone."""
    monkeypatch.setattr(sorting, "_FEW", request.param)


def placed(values):
    """The places that sort values, stably."""
    return sorted(range(len(values)), key=[GoldenExact(v) for v in values].__getitem__)


@pytest.mark.parametrize("name", CASES)
def test_argsort(name, few):
    values = CASES[name]
    assert sorting.argsort(as_lattice(values)).tolist() == placed(values)


@pytest.mark.parametrize("name", CASES)
def test_rows_and_columns(name, few):
    values = CASES[name]
    count = len(values) // 4
    x = as_lattice(values[: 4 * count]).map(lambda part: part.reshape(4, count))
    rows = [values[i * count : (i + 1) * count] for i in range(4)]
    assert sorting.argsort(x).tolist() == [placed(row) for row in rows]
    columns = x.map(np.transpose)
    assert sorting.argsort(columns, 0).T.tolist() == [placed(row) for row in rows]


@pytest.mark.parametrize("name", CASES)
def test_in_blocks(name, few, monkeypatch):
    monkeypatch.setattr(sorting, "_SORTED_AT_ONCE", 7)
    values = CASES[name]
    assert sorting.argsort(as_lattice(values)).tolist() == placed(values)


@pytest.mark.parametrize("name", CASES)
def test_extremes(name):
    values = [GoldenExact(v) for v in CASES[name]]
    x = as_lattice(values)
    assert sorting.argmax(x) == values.index(max(values))
    assert sorting.argmin(x) == values.index(min(values))
    rows = x.map(lambda part: part[: len(values) // 2 * 2].reshape(-1, 2))
    twos = [values[i : i + 2] for i in range(0, len(values) // 2 * 2, 2)]
    assert sorting.argmax(rows).tolist() == [row.index(max(row)) for row in twos]
    assert sorting.argmin(rows.map(np.transpose), 0).tolist() == [r.index(min(r)) for r in twos]


@pytest.mark.parametrize("name", CASES)
def test_searchsorted(name):
    values = [GoldenExact(v) for v in CASES[name]]
    edges = sorted(values[::2])
    found = {side: sorting.searchsorted(as_lattice(edges), as_lattice(values), side)
             for side in ("left", "right")}  # fmt: skip
    assert found["left"].tolist() == [bisect_left(edges, v) for v in values]
    assert found["right"].tolist() == [bisect_right(edges, v) for v in values]


@pytest.mark.parametrize("name", CASES)
def test_sets(name):
    values = [GoldenExact(v) for v in CASES[name]]
    ordered = sorted(set(values))
    found = sets.distinct(as_lattice(values))
    assert found.values.scalars().tolist() == ordered
    assert sets.values(as_lattice(values)).scalars().tolist() == ordered
    assert [ordered[i] for i in found.inverse] == values
    assert found.indices.tolist() == [values.index(v) for v in ordered]
    assert found.counts.tolist() == [values.count(v) for v in ordered]
    some = as_lattice(values[:7])
    both, (first, second) = sets.ranks(some, as_lattice(values))
    assert [both.scalars()[i] for i in first] == values[:7]
    assert [both.scalars()[i] for i in second] == values
    assert sets.isin(as_lattice(values), some).tolist() == [v in values[:7] for v in values]


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 300), (1,), (1, 1), (2, 1, 3)])
def test_shapes(shape):
    x = as_lattice(np.zeros(shape, int))
    assert sorting.argsort(x).tolist() == np.argsort(np.zeros(shape), kind="stable").tolist()
    found = sorting.searchsorted(as_lattice([1, 2]), x)
    assert found.tolist() == np.zeros(shape).tolist()


def test_the_order_does_not_depend_on_the_layout():
    p, q = RNG.integers(-50, 50, (2, 400))
    packed = LatticeArray.packed(p, q, 6)
    a, b = ([mpq(int(n), 6) for n in part] for part in (p, q))
    rational = LatticeArray(np.array(a, dtype=object), np.array(b, dtype=object), None, None)
    split = packed.split()
    order = sorting.argsort(packed).tolist()
    assert order == placed(packed.scalars())
    assert sorting.argsort(rational).tolist() == sorting.argsort(split).tolist() == order

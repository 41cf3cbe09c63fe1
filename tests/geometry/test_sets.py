"""Families of sets, against Python's own sets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from syntonic.geometry.sets import Sets


def draw(seed, count=25, universe=9):
    rng = np.random.default_rng(seed)
    return [
        {*rng.choice(universe, size=rng.integers(0, universe), replace=False).tolist()}
        for _ in range(count)
    ]


def back(family):
    return [{*row} for row in family.lists()]


@pytest.mark.parametrize("seed", range(6))
def test_all_operations(seed):
    mine, others = draw(seed), draw(seed + 100, count=17)
    family, other = Sets.of(mine, 9), Sets.of(others, 9)
    assert back(family) == mine
    assert family.sizes.tolist() == [*map(len, mine)]
    holders = [{k for k, each in enumerate(mine) if x in each} for x in range(9)]
    assert back(family.inverse) == holders
    assert back(family.take(np.array([3, 1, 3]))) == [mine[3], mine[1], mine[3]]
    met = {
        (i, j): n for i, j, n in zip(*map(np.ndarray.tolist, family.meetings(other)), strict=True)
    }
    assert met == {
        (i, j): len(x & y) for i, x in enumerate(mine) for j, y in enumerate(others) if x & y
    }
    inside = {*zip(*map(np.ndarray.tolist, family.within(other)), strict=True)}
    assert inside == {
        (i, j) for i, x in enumerate(mine) for j, y in enumerate(others) if x and x <= y
    }
    held = [{j for j, y in enumerate(others) if y and y <= x} for x in mine]
    assert back(family.holding(other)) == held


@pytest.mark.parametrize("least", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_intersections_and_maximal_ones(seed, least):
    mine = [*map(set, {frozenset(each) for each in draw(seed)})]
    family = Sets.of(mine, 9)
    expected = {frozenset(x & y) for x, y in combinations(mine, 2) if len(x & y) >= least}
    found = [frozenset(each) for each in back(family.intersections(least))]
    assert len(found) == len(expected)
    assert {*found} == expected
    largest = {x for x in expected if not any(x < y for y in expected)}
    assert {frozenset(x) for x in back(family.intersections(least).maximal())} == largest


def test_a_table():
    table = np.random.default_rng(1).random((7, 5)) < 0.4
    assert back(Sets.where(table)) == [{*np.flatnonzero(row).tolist()} for row in table]
    none = Sets.of([], 4)
    assert (len(none), len(none.distinct()), len(none.maximal()), len(none.intersections(1))) == (
        0,
    ) * 4

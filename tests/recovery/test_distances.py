"""Intervals of squared distances, and their classes, against plain loops over fractions."""

import random
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from syntonic.recovery import distances
from syntonic.recovery.distances import (
    Distances,
    PairChoice,
    axis_parallel,
    far_apart,
    squared_distances,
)
from syntonic.recovery.tokens import Tokens


def tokens_of(points, decimals):
    return Tokens(tuple(tuple(f"{x:.{decimals}f}" for x in point) for point in points))


def random_tokens(rng, count, dimension, decimals, size=2.0):
    points = [[rng.uniform(-size, size) for _ in range(dimension)] for _ in range(count)]
    return tokens_of(points, decimals)


def interval(tokens, h, i, j):
    """The least and the largest squared distance of two boxes."""
    low = high = Fraction(0)
    for x, y in zip(tokens.rows[i], tokens.rows[j], strict=True):
        gap = abs(Fraction(x) - Fraction(y))
        low += max(gap - 2 * h, 0) ** 2
        high += (gap + 2 * h) ** 2
    return low, high


# Below and above the sizes where int64 ends.
@pytest.mark.parametrize("decimals", [1, 4, 8, 9, 10, 30])
@pytest.mark.parametrize("dimension", [1, 3, 4])
def test_bounds_against_fractions(decimals, dimension):
    rng = random.Random(decimals)
    tokens = random_tokens(rng, 9, dimension, decimals)
    h = Fraction(1, 2 * 10**decimals)
    i, j = np.triu_indices(9, 1)
    low, high, square = squared_distances(tokens, h, i, j)
    for k, (p, q) in enumerate(combinations(range(9), 2)):
        assert (Fraction(int(low[k]), square), Fraction(int(high[k]), square)) == interval(
            tokens, h, p, q
        )


def test_the_bounds_change_to_big_integers_in_time():
    most = 10**9  # its square fits, that of the sum of two does not
    tokens = Tokens(((str(most), "0.4"), (str(-most), "-0.4")))
    low, high, square = squared_distances(tokens, Fraction(1, 2), np.array([0]), np.array([1]))
    assert Fraction(int(low[0]), square) == (2 * most - 1) ** 2
    assert Fraction(int(high[0]), square) == (2 * most + 1) ** 2 + Fraction(9, 5) ** 2


def brute_force_classes(intervals):
    """The connected components of intervals that meet."""
    groups = []
    for name, (low, high) in intervals.items():
        touching = [g for g in groups if any(a <= high and low <= b for a, b in g.values())]
        merged = {name: (low, high)}
        for group in touching:
            merged |= group
            groups.remove(group)
        groups.append(merged)
    return sorted(groups, key=lambda g: min(g.values()))


@pytest.mark.parametrize("decimals", [0, 1, 2, 3])
def test_classes_against_brute_force(decimals):
    rng = random.Random(decimals)
    for _ in range(10):
        tokens = random_tokens(rng, 8, 2, decimals, size=3)
        h = Fraction(1, 2 * 10**decimals)
        pairs = PairChoice.of(8, [0], ())
        found = Distances(tokens, h, pairs)
        names = list(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))
        groups = brute_force_classes({pair: interval(tokens, h, *pair) for pair in names})
        assert len(groups) == len(found.classes)
        for k, (one, group) in enumerate(zip(found.classes, groups, strict=True)):
            ends = list(group.values())
            assert one.count == len(group)
            assert (one.low, one.high) == (max(a for a, _ in ends), min(b for _, b in ends))
            assert one.widest in ends
            assert one.widest[1] - one.widest[0] == max(b - a for a, b in ends)
            assert one.is_single == (one.low < one.high)
            assert {names[n] for n in np.flatnonzero(found.labels == k)} == set(group)


def test_no_pairs():
    found = Distances(Tokens((("0.1", "2"),)), Fraction(1, 20), PairChoice.of(1, [0, 0], ()))
    assert found.classes == ()
    assert found.labels.shape == (0,)


def test_the_pairs_of_large_models(monkeypatch):
    monkeypatch.setattr(distances, "_MOST_PAIRS", 10)
    whole = PairChoice.of(5, [0, 1], ())
    assert whole.complete
    assert len(whole.i) == 10
    some = PairChoice.of(6, [0, 5], ((2, 3), (0, 4)))
    assert not some.complete
    pairs = list(zip(some.i.tolist(), some.j.tolist(), strict=True))
    assert pairs == sorted({(0, k) for k in range(1, 6)} | {(k, 5) for k in range(5)} | {(2, 3)})


def test_pairs_along_the_axes():
    tokens = Tokens((("0.31", "1.0"), ("0.32", "-1.0"), ("2.0", "1.01"), ("5.1", "5.2")))
    i, j = np.triu_indices(4, 1)
    assert axis_parallel(tokens, Fraction(1, 200), i, j) == {0: (2, 0), 1: (0, 1)}
    assert axis_parallel(tokens, Fraction(1, 2000), i, j) == {}


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_the_base_spans_the_space(dimension):
    rng = random.Random(dimension)
    tokens = random_tokens(rng, 30, dimension, 3)
    base = far_apart(tokens)
    assert len(set(base)) == dimension + 1
    rows = np.array([[float(x) for x in tokens.rows[p]] for p in base])
    assert abs(np.linalg.det(rows[1:] - rows[0])) > 1

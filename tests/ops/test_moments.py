"""Moments of parts merged, against exact rationals."""

from __future__ import annotations

from fractions import Fraction
from math import ulp

import numpy as np
import pytest

from syntonic import ShapeError
from syntonic.ops.moments import merge_moments

SCALES = [(0.0, 1.0), (1e4, 1.0), (1e8, 1.0), (-3e8, 1e-3), (1e-150, 1e-150), (1e120, 1e110)]


def exact(values):
    """Count, mean and M2 as rationals."""
    fractions = [Fraction(v) for v in values]
    mean = sum(fractions, Fraction(0)) / max(len(fractions), 1)
    return len(fractions), mean, sum(((v - mean) ** 2 for v in fractions), Fraction(0))


def moments(values):
    """The four numbers of a part, each correctly rounded; of an empty one, nothing that counts."""
    n, mean, m2 = exact(values)
    if not n:
        return [0.0, np.nan, np.inf, np.nan]
    return [float(n), float(mean), float(mean - Fraction(float(mean))), float(m2)]


def assert_merged(got, values, ulps):
    n, mean, m2 = exact(values)
    deviation = float(m2 / n) ** 0.5
    assert got[0] == n
    assert abs(Fraction(float(got[3])) - m2) <= ulps * Fraction(ulp(float(m2)))
    missed = abs(Fraction(float(got[1])) + Fraction(float(got[2])) - mean)
    assert missed <= Fraction(1e-15) * Fraction(deviation) + abs(mean) / 2**100
    assert got[1] == got[1] + got[2], "the first number is the nearest one"


@pytest.mark.parametrize(("mean", "deviation"), SCALES)
@pytest.mark.parametrize(
    "sizes", [(1, 1), (0, 5), (5, 0), (7, 0, 12), (1, 300, 2, 0), (0, 0, 1, 60, 0, 3)], ids=str
)
def test_the_whole_is_within_4_ulp(mean, deviation, sizes):
    random = np.random.default_rng((7, *sizes))
    values = mean + deviation * random.standard_normal(sum(sizes))
    parts = np.split(values, np.cumsum(sizes)[:-1])
    assert_merged(merge_moments([moments(part) for part in parts]), values, 4)


def test_errors_do_not_grow_with_the_number_of_parts():
    values = 1e8 + np.random.default_rng(3).standard_normal(6000)
    got = merge_moments([moments(part) for part in np.split(values, 2000)])
    assert_merged(got, values, 4)
    tenths = merge_moments([[3, 0, 0, 0.1]] * 10_000)
    assert abs(Fraction(float(tenths[3])) - 10_000 * Fraction(0.1)) <= Fraction(ulp(1000.0))
    twice = [merge_moments([moments(p) for p in np.split(half, 10)]) for half in (values[:3000],
             values[3000:])]  # fmt: skip
    assert_merged(merge_moments(twice), values, 8)


@pytest.mark.parametrize("outlier", [1e9, -1e12])
@pytest.mark.parametrize("first", [True, False])
def test_a_pivot_far_from_the_rest(outlier, first):
    rest = np.random.default_rng(5).standard_normal((4, 50))
    parts = [[outlier], *rest] if first else [*rest, [outlier]]
    assert_merged(merge_moments([moments(p) for p in parts]), np.concatenate(parts), 4)


def test_channels_are_on_their_own():
    random = np.random.default_rng(2)
    table = np.array([[moments(random.standard_normal(n)) for n in row] for row in
                      ((3, 0, 5), (0, 0, 2))])  # fmt: skip
    table = np.swapaxes(table, 1, 2)
    got = merge_moments(table)
    assert got.shape == (4, 3)
    for channel in range(3):
        np.testing.assert_array_equal(got[:, channel], merge_moments(table[:, :, channel]))
    np.testing.assert_array_equal(got[:, 1], np.zeros(4))
    assert merge_moments(np.zeros((2, 4, 0))).shape == (4, 0)


def test_an_empty_part_changes_no_bit_and_what_is_no_number_stays():
    part, nothing = moments([0.1, 0.7, 1e-3]), moments([])
    np.testing.assert_array_equal(merge_moments([nothing, part, nothing]), merge_moments([part]))
    np.testing.assert_array_equal(merge_moments([part])[[0, 1, 3]], np.array(part)[[0, 1, 3]])
    lost = [2.0, np.nan, np.nan, np.nan]
    assert np.isnan(merge_moments([part, lost])[1:]).all()


@pytest.mark.parametrize("shape", [(4,), (0, 4), (2, 3), (2, 3, 4), ()], ids=str)
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match=r"merge_moments: parts must have shape"):
        merge_moments(np.zeros(shape))

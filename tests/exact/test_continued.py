"""Continued fractions, back to numbers."""

import random
from fractions import Fraction

import pytest

from syntonic import PHI, SQRT5, GoldenExact, NotGoldenError

RANDOM = random.Random(8)
value = GoldenExact.from_continued_fraction


def eventual_period(x: GoldenExact) -> tuple[list[int], list[int]]:
    """Complete quotients until one comes again."""
    seen: dict[GoldenExact, int] = {}
    quotients: list[int] = []
    while x not in seen:
        seen[x] = len(quotients)
        k = int(x // 1)
        quotients.append(k)
        x = 1 / (x - k)
    start = seen[x]
    return quotients[:start], quotients[start:]


def test_numbers_come_back():
    for _ in range(150):
        x = GoldenExact(*(Fraction(RANDOM.randrange(-9, 9), RANDOM.randrange(1, 5)) for _ in "ab"))
        if x.b:
            first, period = eventual_period(x)
            assert value(first, period) == x
            assert value(first + period, period) == value(first, 2 * period) == x
        else:
            assert value(x.continued_fraction(50)) == x


def test_known_values():
    assert value([1], [1]) == value([], [1]) == PHI
    assert value([2], [4]) == SQRT5
    assert value([-2]) == -2
    assert value([-1, 1, 1]) == Fraction(-1, 2)
    assert value([0]) == 0
    assert value([0, 10**30]) == Fraction(1, 10**30)
    assert value(iter([0]), iter([1])) == 1 / PHI


@pytest.mark.parametrize("period", [[2], [1, 2], [3], [1, 1, 1, 2], [10**20]])
def test_other_fields(period):
    with pytest.raises(NotGoldenError, match=r"must give a number of Q\(√5\).*5 times a square"):
        value([1], period)


@pytest.mark.parametrize("given", [([1, 0],), ([1, -2],), ([1], [0]), ([], [-1]), ([], [])])
def test_what_is_no_continued_fraction(given):
    with pytest.raises(ValueError, match=r"from_continued_fraction: (quotients|period) must"):
        value(*given)


def test_types():
    with pytest.raises(TypeError, match="from_continued_fraction: quotients takes exact"):
        value([1.5])
    with pytest.raises(ValueError, match="from_continued_fraction: period must be a rational int"):
        value([1], [PHI])

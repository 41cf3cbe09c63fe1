"""`least_coefficient`, `least_conjugate` and `walk` against exhaustive searches and laws.

The oracle replaces φ by a rational within 10^-60. Whatever it compares here is either equal for
every φ (two elements as far from the middle, an end hit by a rational integer) or differs by far
more than that.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from math import ceil, floor, isqrt

import pytest
from effort import examples
from gmpy2 import mpq, mpz
from hypothesis import assume, given
from hypothesis import strategies as st

from syntonic import GoldenExact, snap
from syntonic.exact.pairs import fibonacci
from syntonic.rounding.intervals import least_coefficient, least_conjugate, walk

Pair = tuple[int, int]

PHI = Fraction(10**60 + isqrt(5 * 10**120), 2 * 10**60)


def value(v: Pair) -> Fraction:
    return v[0] + v[1] * PHI


def conjugate(v: Pair) -> Fraction:
    return v[0] + v[1] * (1 - PHI)


def elements(lo: Fraction, hi: Fraction, most_b: int) -> Iterator[Pair]:
    """Every element of Z[φ] in [lo, hi] with |b| <= most_b."""
    for b in range(-most_b, most_b + 1):
        for a in range(ceil(lo - b * PHI), floor(hi - b * PHI) + 1):
            yield a, b


def brute_least_coefficient(lo: Fraction, hi: Fraction, most_b: int) -> Pair:
    middle = (lo + hi) / 2
    return min(
        elements(lo, hi, most_b), key=lambda v: (abs(v[1]), abs(value(v) - middle), abs(v[0]))
    )


def brute_least_conjugate(lo: Fraction, hi: Fraction, hint: Pair) -> Pair:
    # An element with a smaller conjugate than the hint has |b| = |v - v'|/√5 below this.
    most_b = (max(abs(lo), abs(hi)) + abs(conjugate(hint))) * Fraction(9, 20)
    return min(elements(lo, hi, ceil(most_b)), key=lambda v: abs(conjugate(v)))


# Widths on both sides of the powers of φ, where the basis changes, and of 1.
convergents = st.builds(
    lambda n, k, up: Fraction(int(fibonacci(n + up)), int(fibonacci(n + 1 - up))) ** k,
    st.integers(2, 20),
    st.integers(0, 8),
    st.booleans(),
)
widths = st.one_of(
    convergents.map(lambda w: min(w, 1 / w)),
    st.fractions(Fraction(1, 50), 4, max_denominator=1000),
)
ends = st.one_of(
    st.integers(-40, 40).map(lambda n: Fraction(n, 2)),
    st.fractions(-40, 40, max_denominator=10**6),
)


@given(ends, widths, st.booleans())
def test_least_coefficient_is_the_brute_force_one(end: Fraction, width: Fraction, up: bool) -> None:
    lo, hi = (end, end + width) if up else (end - width, end)
    found = least_coefficient(lo, hi)
    assert found == brute_least_coefficient(lo, hi, ceil(3 / width) + 3)


@given(ends, widths, st.booleans())
def test_least_conjugate_is_the_brute_force_one(end: Fraction, width: Fraction, up: bool) -> None:
    lo, hi = (end, end + width) if up else (end - width, end)
    found = least_conjugate(lo, hi)
    assert found is not None
    assert found == brute_least_conjugate(lo, hi, found)


@given(ends, widths, st.integers(0, 60))
def test_walk_meets_every_element(lo: Fraction, width: Fraction, most: int) -> None:
    hi = lo + width
    found = list(walk(lo, hi, most))
    assert sorted(found) == sorted(v for v in elements(lo, hi, most) if abs(v[0]) <= most)
    assert [abs(b) for _, b in found] == sorted(abs(b) for _, b in found)
    for row in range(-most, most + 1):
        sizes = [abs(a) for a, b in found if b == row]
        assert sizes == sorted(sizes)


@pytest.mark.parametrize("k", range(2, 40))
@pytest.mark.parametrize("end", [0, 1, -1, Fraction(1, 3), Fraction(-7, 2), 10**6 + Fraction(1, 7)])
def test_least_coefficient_at_every_level(k: int, end: Fraction) -> None:
    """The |b| of narrow intervals, by a scan of b in increasing size."""
    width = Fraction(int(fibonacci(k)), int(fibonacci(k + 1))) ** (k // 3)
    lo, hi = Fraction(end), end + width
    found = least_coefficient(lo, hi)
    assert found is not None
    assert lo <= value(found) <= hi
    if abs(found[1]) < 3000:
        assert found == brute_least_coefficient(lo, hi, abs(found[1]))


@given(
    st.integers(-(10**40), 10**40),
    st.integers(-(10**40), 10**40),
    st.integers(1, 10**6),
    st.integers(1, 80),
)
def test_least_conjugate_beside_large_elements(a: int, b: int, d: int, digits: int) -> None:
    """Nothing in the interval has a conjugate smaller than the answer's, says `snap`."""
    x = Fraction(round(value((a, b)) * 10**30), d * 10**30)
    h = Fraction(1, 10**digits)
    found = least_conjugate(x - h, x + h, denominator=d)
    assert found is not None
    v = GoldenExact.from_numerators(*found, d)
    assert x - h <= v <= x + h
    below = abs(v.galois_conjugate()) * Fraction(2**60 - 1, 2**60)
    inside = snap(x, window=below, denominator=d)
    nearest = GoldenExact.from_numerators(int(inside.a), int(inside.b), d)
    assert abs(nearest - x) > h or v == 0


@given(
    st.integers(-(10**30), 10**30), st.integers(-(10**9), 10**9), st.integers(1, 12),
    st.integers(12, 40),
)  # fmt: skip
def test_a_narrow_interval_around_an_element_gives_it_back(
    a: int, b: int, d: int, digits: int
) -> None:
    """Two elements with conjugates of at most C differ by 1/(2CD²) at least."""
    h = Fraction(1, 10**digits)
    x = Fraction(round(value((a, b)) / d / h), 1) * h
    assume(4 * h * abs(conjugate((a, b)) / d) * d * d < 1)
    assert least_conjugate(x - h, x + h, denominator=d) == (a, b)


@given(ends, widths, st.integers(1, 12))
def test_the_denominator_scales_the_interval(lo: Fraction, width: Fraction, d: int) -> None:
    hi = lo + width
    for search in (least_coefficient, least_conjugate):
        assert search(lo, hi, denominator=d) == search(d * lo, d * hi)
    assert list(walk(lo, hi, 9, denominator=d)) == list(walk(d * lo, d * hi, 9))


@given(ends, widths)
def test_negation(lo: Fraction, width: Fraction) -> None:
    hi = lo + width
    for search in (least_coefficient, least_conjugate):
        a, b = search(lo, hi) or (0, 0)
        assert search(-hi, -lo) == (-a, -b)


@pytest.mark.parametrize("n", [-3, 0, 1, 10**30])
@pytest.mark.parametrize("width", [Fraction(1, 10**9), Fraction(1, 3), Fraction(1), Fraction(5)])
def test_the_interval_is_closed(n: int, width: Fraction) -> None:
    assert (n, 0) in islice(walk(n, n + width, abs(n)), 10)
    assert (n, 0) in islice(walk(n - width, n, abs(n)), 10)
    if width < 1:
        assert least_coefficient(n, n + width) == least_coefficient(n - width, n) == (n, 0)
        sliver = width / 10**9
        for lo, hi in ((n + sliver, n + width), (n - width, n - sliver)):
            assert least_coefficient(lo, hi) != (n, 0)
    assert least_conjugate(0, width) == least_conjugate(-width, 0) == (0, 0)


def test_ties_go_toward_zero() -> None:
    half = Fraction(1, 2)
    assert least_coefficient(0, 1) == least_coefficient(-1, 0) == (0, 0)
    assert least_coefficient(3, 6) == (4, 0)
    assert least_coefficient(-6, -3) == (-4, 0)
    # A tie of two elements (a, b) and (1-a, -b), as far from 1/2.
    h = Fraction(13, 100)
    a, b = least_coefficient(half - h, half + h) or (0, 0)
    assert b != 0
    assert (1 - a, -b) in set(walk(half - h, half + h, 30))
    assert abs(a) < abs(1 - a)


def test_an_interval_of_width_zero_holds_a_rational_or_nothing() -> None:
    for search in (least_coefficient, least_conjugate):
        assert search(7, 7) == (7, 0)
        assert search(Fraction(-7, 2), Fraction(-7, 2)) is None
        assert search(Fraction(-7, 2), Fraction(-7, 2), denominator=4) == (-14, 0)
    assert list(walk(7, 7, 10)) == [(7, 0)]
    assert list(walk(7, 7, 6)) == []
    assert list(walk(Fraction(1, 3), Fraction(1, 3), 10)) == []


def test_walk_bounds_both_coefficients() -> None:
    assert list(walk(10, 11, 0)) == []
    assert list(walk(-1, 1, 0)) == [(0, 0)]
    assert set(walk(-5, 5, 1)) == {(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)}
    assert [abs(a) for a, b in walk(-3, 3, 3) if b == 0] == [0, 1, 1, 2, 2, 3, 3]


def test_every_exact_rational_is_taken() -> None:
    expected = least_conjugate(Fraction(3, 10), Fraction(31, 100), denominator=2)
    assert least_conjugate(mpq(3, 10), mpq(31, 100), denominator=2) == expected
    assert least_coefficient(mpz(3), mpz(3)) == least_coefficient(3, 3) == (3, 0)
    assert all(type(n) is int for n in least_conjugate(mpq(3, 10), mpq(31, 100)) or ())


def test_what_is_refused() -> None:
    for search in (least_coefficient, least_conjugate, lambda lo, hi: walk(lo, hi, 5)):
        with pytest.raises(ValueError, match="lo must not be larger"):
            search(1, 0)
        with pytest.raises(TypeError, match="exact rationals"):
            search(0.5, 1)
    with pytest.raises(ValueError, match="denominator must be at least 1, got 0"):
        least_conjugate(0, 1, denominator=0)


@examples(20)
@given(st.integers(2, 2000))
def test_extreme_widths(digits: int) -> None:
    third, h = Fraction(1, 3), Fraction(1, 10**digits)
    for search in (least_coefficient, least_conjugate):
        v = search(third - h, third + h)
        assert v is not None
        assert third - h <= GoldenExact(*v) <= third + h
    assert least_conjugate(-(10**digits), 10**digits) == (0, 0)

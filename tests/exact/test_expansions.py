"""Expansions in Fibonacci numbers and powers of φ against greedy brute force and uniqueness."""

import random
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact import expansions, pairs
from syntonic.exact.golden import GoldenExact

FIBONACCI = [1, 2]
while len(FIBONACCI) < 5000:
    FIBONACCI.append(FIBONACCI[-1] + FIBONACCI[-2])

naturals = st.one_of(st.integers(0, 1000), st.integers(0, 10**60))
coefficients = st.one_of(st.integers(-30, 30), st.integers(-(10**50), 10**50))


def greedy(n):
    """The Zeckendorf numbers of n by search through the table."""
    out = []
    for number in reversed(FIBONACCI):
        if number <= n:
            out.append(number)
            n -= number
    return out


def value(exponents):
    a = b = 0
    for m in exponents:
        p, q = pairs.phi_power(m)
        a, b = a + p, b + q
    return a, b


def check_zeckendorf(n):
    terms = list(expansions.zeckendorf(n))
    assert [number for _, number in terms] == greedy(n)
    assert [FIBONACCI[k - 2] for k, _ in terms] == greedy(n)


@pytest.mark.campaign
def test_zeckendorf_of_small_numbers():
    for n in range(3000):
        check_zeckendorf(n)


@given(naturals)
def test_zeckendorf(n):
    check_zeckendorf(n)


@pytest.mark.parametrize("k", [2, 3, 50, 999, 4000])
def test_zeckendorf_beside_fibonacci_numbers(k):
    for n in range(-2, 3):
        check_zeckendorf(max(FIBONACCI[k] + n, 0))


def test_zeckendorf_of_a_large_number():
    check_zeckendorf(10**1000)
    check_zeckendorf(random.Random(1).getrandbits(3300))


def check_phi(p, q):
    """The value and the form are enough, for there is one expansion of this form."""
    exponents = expansions.phi_exponents(p, q)
    assert value(exponents) == (p, q)
    assert all(m > n + 1 for m, n in pairwise(exponents))
    return exponents


def test_phi_exponents_of_small_elements():
    for p in range(-60, 61):
        for q in range(-60, 61):
            if pairs.sign(p, q) >= 0:
                check_phi(p, q)


@given(coefficients, coefficients)
def test_phi_exponents(p, q):
    direction = pairs.sign(p, q)
    check_phi(direction * p, direction * q)


@given(st.integers(-400, 400), st.lists(st.integers(2, 150), max_size=12))
def test_phi_exponents_come_back(top, gaps):
    exponents = [top - below for below in accumulate(gaps, initial=0)]
    assert expansions.phi_exponents(*value(exponents)) == exponents


@pytest.mark.parametrize("n", [10**100, 10**1000, 2**400 - 1])
def test_phi_exponents_of_large_integers(n):
    exponents = check_phi(n, 0)
    # The leading term alone is at most n, and the next power above.
    assert GoldenExact(*pairs.phi_power(exponents[0])) <= n
    assert GoldenExact(*pairs.phi_power(exponents[0] + 1)) > n


def test_a_long_gap():
    a, b = pairs.phi_power(100_000)
    c, d = pairs.phi_power(-100_000)
    assert expansions.phi_exponents(a + c, b + d) == [100_000, -100_000]


@pytest.mark.parametrize(
    ("exponents", "text"),
    [
        ([], "0"),
        ([0], "1"),
        ([-1], "0.1"),
        ([-3], "0.001"),
        ([3], "1000"),
        ([2, 0, -2], "101.01"),
    ],
)
def test_digits(exponents, text):
    assert expansions.digits(exponents) == text

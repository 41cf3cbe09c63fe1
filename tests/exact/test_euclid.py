"""Euclid's algorithm in Z[φ] against PARI's ideals, brute force and ring laws."""

import math
import random
from fractions import Fraction

import pytest
from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact import euclid, pairs

cypari = pytest.importorskip("cypari", reason="PARI is the oracle")

FIELD = cypari.pari("bnfinit(t^2 - t - 1)")

small = st.integers(-30, 30)
coefficients = st.one_of(small, st.integers(-(10**40), 10**40))
elements = st.tuples(coefficients, coefficients)
# One embedding tiny beside the other: elements times high powers of φ.
skew = st.builds(
    lambda x, n: pairs.multiply(*x, *pairs.phi_power(n)), elements, st.integers(-300, 300)
)
elements = st.one_of(elements, skew)
nonzero = elements.filter(any)

ADVERSARIAL = [
    ((0, 0), (0, 0)),
    ((0, 0), (0, -1)),
    ((-7, 0), (0, 0)),
    ((3, 1), (11, 0)),  # the ring gcd of PARI answers 1 here
    ((3, 1), (4, -1)),
    ((-1, 2), (5, 0)),
    ((12, 18), (30, -12)),
    ((29, 0), (5, 1)),
    (pairs.phi_power(500), pairs.phi_power(-499)),
    (pairs.power(-1, 2, 41), (5**30, 0)),
    (pairs.power(3, 1, 60), pairs.power(4, -1, 60)),
    ((10**400 + 1, -(10**399)), (10**400 - 1, 3)),
]


def ideal(*generators):
    """The ideal that pairs generate, as PARI's Hermite normal form."""
    total = cypari.pari("[;]")
    for p, q in generators:
        one = cypari.pari.idealhnf(FIELD, cypari.pari(f"{p} + ({q})*t"))
        total = cypari.pari.idealadd(FIELD, total, one)
    return total


def is_canonical(x):
    return 0 <= x[1] < x[0] or tuple(x) == (0, 0)


@given(elements)
def test_canonical_is_the_element_without_its_unit(x):
    associate, sign, n = euclid.canonical(*x)
    assert is_canonical(associate)
    assert sign in (1, -1)
    back = pairs.multiply(*associate, *pairs.phi_power(n))
    assert (sign * back[0], sign * back[1]) == x


def test_one_associate_is_canonical():
    for p in range(-12, 13):
        for q in range(-12, 13):
            orbit = [pairs.multiply(p, q, *pairs.phi_power(n)) for n in range(-20, 21)]
            orbit += [(-a, -b) for a, b in orbit]
            candidates = {x for x in orbit if 0 <= x[1] < x[0]}
            assert candidates == ({euclid.canonical(p, q).associate} if p or q else set())


@given(elements, nonzero)
def test_division(x, y):
    (a, b), rest = euclid.divide(x, y)
    product = pairs.multiply(a, b, *y)
    assert (product[0] + rest[0], product[1] + rest[1]) == x
    assert 16 * abs(pairs.norm(*rest)) <= 5 * abs(pairs.norm(*y))


def test_division_bound_is_attained():
    for x in ((-2, -1), (1, -2)):
        rest = euclid.divide(x, (4, 0))[1]
        assert Fraction(abs(int(pairs.norm(*rest))), 16) == Fraction(5, 16)


@given(nonzero, nonzero)
def test_exact_quotient(x, y):
    assert euclid.exact_quotient(pairs.multiply(*x, *y), y) == x
    assert euclid.divide(pairs.multiply(*x, *y), y) == (x, (0, 0))


def test_division_by_zero():
    for function in (euclid.divide, euclid.exact_quotient):
        with pytest.raises(ZeroDivisionError):
            function((1, 0), (0, 0))


def check_gcd(x, y):
    g = euclid.gcd(x, y)
    assert is_canonical(g)
    assert ideal(g) == ideal(x, y)
    assert euclid.gcd(y, x) == g
    again, s, t = euclid.xgcd(x, y)
    assert again == g
    left, right = pairs.multiply(*s, *x), pairs.multiply(*t, *y)
    assert (left[0] + right[0], left[1] + right[1]) == g
    if any(y):
        # g = 0 only with x = y = 0.
        cofactor = euclid.exact_quotient(y, g)
        assert 16 * abs(pairs.norm(*s)) <= 5 * abs(pairs.norm(*cofactor))


@pytest.mark.parametrize(("x", "y"), ADVERSARIAL)
def test_gcd_of_adversarial_pairs(x, y):
    check_gcd(x, y)
    check_gcd(y, x)


@given(elements, elements)
def test_gcd_generates_the_ideal_of_both(x, y):
    check_gcd(x, y)


@given(elements, elements, nonzero)
def test_gcd_takes_out_a_common_factor(x, y, z):
    g = euclid.gcd(pairs.multiply(*x, *z), pairs.multiply(*y, *z))
    assert g == euclid.canonical(*pairs.multiply(*euclid.gcd(x, y), *z)).associate


def test_gcd_of_rational_integers():
    source = random.Random(7)
    for _ in range(200):
        m, n, k = (mpz(source.randint(-(10**9), 10**9)) for _ in range(3))
        assert euclid.gcd((m * k, 0), (n * k, 0)) == (math.gcd(m * k, n * k), 0)

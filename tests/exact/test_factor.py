"""Primes and factorisation in Z[φ] against PARI, FLINT and a sieve."""

import math
from itertools import pairwise

import flint
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact import euclid, factor, flint_calls, pairs

cypari = pytest.importorskip("cypari", reason="PARI is the oracle")

FIELD = cypari.pari("bnfinit(t^2 - t - 1)")

coefficients = st.one_of(st.integers(-40, 40), st.integers(-(10**9), 10**9))
elements = st.tuples(coefficients, coefficients)
skew = st.builds(
    lambda x, n: pairs.multiply(*x, *pairs.phi_power(n)), elements, st.integers(-200, 200)
)
nonzero = st.one_of(elements, skew).filter(any)

PRIMES = [p for p in range(2000) if flint.fmpz(p).is_prime()]


def ideal(p, q):
    """The principal ideal of p + qφ, as the text of PARI's Hermite normal form."""
    return str(cypari.pari.idealhnf(FIELD, cypari.pari(f"{p} + ({q})*t")))


def pari_factors(p, q):
    """The prime ideals that divide p + qφ, with exponents."""
    table = cypari.pari.idealfactor(FIELD, cypari.pari(f"{p} + ({q})*t"))
    primes, exponents = table
    return {
        str(cypari.pari.idealhnf(FIELD, prime)): int(exponent)
        for prime, exponent in zip(primes, exponents, strict=True)
    }


def product(factors):
    total = (1, 0)
    for prime, exponent in factors:
        total = pairs.multiply(*total, *pairs.power(*prime, exponent))
    return total


def check(p, q):
    found = factor.prime_factors(p, q)
    assert {ideal(*prime): exponent for prime, exponent in found} == pari_factors(p, q)
    assert all(0 <= b < a and factor.is_prime(a, b) for (a, b), _ in found)
    assert euclid.canonical(*product(found)).associate == euclid.canonical(p, q).associate
    keys = [(pairs.norm(*prime), prime[1]) for prime, _ in found]
    assert all(x < y for x, y in pairwise(keys))
    return found


@given(nonzero)
@examples(60)
def test_factors_are_those_of_pari(x):
    check(*x)


@pytest.mark.parametrize(
    "x",
    [
        (1, 0),
        (-1, 0),
        pairs.phi_power(3001),
        pairs.power(-1, 2, 31),  # odd power of √5
        (5**12, 0),
        (2**70, 0),
        (11**9, 0),  # a conjugate pair
        pairs.multiply(*pairs.power(3, 1, 20), *pairs.power(3, 2, 7)),
        pairs.multiply(*pairs.power(3, 1, 20), 11**3 * 7, 0),
        (math.factorial(40), 0),
        (-math.factorial(25), math.factorial(24)),
        (10**30 + 57, 10**29 + 9),
    ],
)
def test_adversarial_factors(x):
    check(*x)


@given(nonzero, nonzero)
@examples(40)
def test_factors_of_a_product_merge(x, y):
    merged = dict(factor.prime_factors(*x))
    for prime, exponent in factor.prime_factors(*y):
        merged[prime] = merged.get(prime, 0) + exponent
    assert dict(factor.prime_factors(*pairs.multiply(*x, *y))) == merged


def test_norm_of_sixty_digits():
    chosen = [flint.fmpz(10) ** 9 * k for k in (1, 2, 3, 5, 6, 8)]
    wanted = {}
    total = pairs.phi_power(-17)
    for start in chosen:
        p = int(start) + 1
        while p % 5 not in (1, 4) or not flint.fmpz(p).is_prime():
            p += 1
        prime = factor.primes_above(p)[p % 2]
        wanted[prime] = 1
        total = pairs.multiply(*total, *prime)
    assert len(str(abs(pairs.norm(*total)))) >= 57
    assert dict(factor.prime_factors(*total)) == wanted


@pytest.mark.parametrize(
    "prime", [*PRIMES, 10**9 + 7, 10**9 + 9, 2**89 - 1, 2**107 - 1, 10**40 + 121]
)
def test_primes_above(prime):
    assert flint.fmpz(prime).is_prime()
    above = factor.primes_above(prime)
    decomposition = cypari.pari.idealprimedec(FIELD, prime)
    assert {ideal(*x) for x in above} == {
        str(cypari.pari.idealhnf(FIELD, ideal)) for ideal in decomposition
    }
    assert len(above) == len(decomposition) == {1: 2, 4: 2}.get(prime % 5, 1)
    assert all(0 <= q < p for p, q in above)
    assert above == sorted(above, key=lambda x: x[1])


def test_primes_against_a_sieve():
    bound = 400
    # Of norm n, q < p and p² + pq - q² = n give p <= √n.
    ring = [
        (p, q)
        for p in range(1, math.isqrt(bound) + 1)
        for q in range(p)
        if 1 < pairs.norm(p, q) <= bound
    ]
    products = {
        euclid.canonical(*pairs.multiply(*x, *y)).associate
        for x in ring
        for y in ring
        if pairs.norm(*x) * pairs.norm(*y) <= bound
    }
    assert all(factor.is_prime(*x) == (x not in products) for x in ring)


def test_prime_is_a_property_of_the_ideal():
    for x, expected in [((3, 1), True), ((7, 0), True), ((11, 0), False), ((5, 0), False)]:
        for n in range(-40, 41):
            a, b = pairs.phi_power(n)
            assert factor.is_prime(*pairs.multiply(*x, a, b)) == expected
            assert factor.is_prime(*pairs.multiply(*x, -a, -b)) == expected
            assert not factor.is_prime(a, b)
    assert not factor.is_prime(0, 0)


@pytest.mark.parametrize("n", [-7, 0, 1, 25, 561, 3215031751, 3317044064679887385961981])
def test_what_is_no_prime_number(n):
    assert not flint_calls.is_prime(n)


def test_strong_pseudoprimes_are_not_prime_elements():
    assert not factor.is_prime(3215031751, 0)
    assert not factor.is_prime(3317044064679887385961981, 0)
    assert factor.is_prime(-7, 0)


@pytest.mark.campaign
def test_hard_numbers_are_factored_and_proved_elsewhere(monkeypatch):
    p, q = 2**89 - 1, 2**107 - 1
    for n in (p * q, 2**40 * p * q, p**2, 3**200 * q, 10**1300):
        wanted = [(int(prime), e) for prime, e in flint.fmpz(n).factor()]
        assert flint_calls.factor(n) == wanted
    assert flint_calls.is_prime(2**521 - 1)
    assert not flint_calls.is_prime((2**521 - 1) * (2**607 - 1))
    monkeypatch.setattr(flint_calls.sys, "executable", "")  # embedded in another program
    assert flint_calls.factor(p * q) == [(p, 1), (q, 1)]


def test_an_interrupt_ends_a_factorisation(monkeypatch):
    started = []

    class Interrupted(flint_calls.subprocess.Popen):
        def communicate(self, *arguments, **options):
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(flint_calls.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        factor.prime_factors((10**49 + 9) * (10**50 + 151), 0)
    assert [child.returncode for child in started] == [-9]

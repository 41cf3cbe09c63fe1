"""Field operations against PARI, FLINT's matrices, mpmath and Python's own rationals."""

import math
import operator
import random
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
from gmpy2 import mpq, mpz
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact.golden import PHI, PHI_INV, SQRT5, GoldenExact

cypari = pytest.importorskip("cypari", reason="PARI is the oracle")

rationals = st.fractions(max_denominator=60).filter(lambda x: abs(x) < 10**6)
huge = st.builds(Fraction, st.integers(-(10**40), 10**40), st.integers(1, 10**12))
coefficients = st.one_of(st.integers(-9, 9), rationals, huge)
# a + bφ with heavy cancellation: small multiples of φ^-n, alone or beside a small number.
tiny = st.builds(
    lambda n, k, c: PHI**-n * k + c, st.integers(20, 250), st.integers(-9, 9), rationals
)
goldens = st.one_of(st.builds(GoldenExact, coefficients, coefficients), tiny)

X = GoldenExact("3/2", -5)


def pari(x):
    """x in PARI's own number field arithmetic."""
    return cypari.pari(f"Mod({x.a} + ({x.b})*t, t^2 - t - 1)")


def from_pari(value):
    lifted = cypari.pari.lift(value)
    return GoldenExact(*(str(cypari.pari.polcoef(lifted, k)) for k in (0, 1)))


def matrix(x):
    """The matrix of multiplication by x, in FLINT."""
    a, b = (flint.fmpq(int(c.numerator), int(c.denominator)) for c in (x.a, x.b))
    return flint.fmpq_mat([[a, b], [b, a + b]])


def samples(count, seed=1, size=10**30):
    source = random.Random(seed)

    def rational():
        bound = source.choice([3, 100, size])
        return Fraction(source.randint(-bound, bound), source.choice([1, 1, 2, 12, 10**9 + 7]))

    return [GoldenExact(rational(), rational()) for _ in range(count)]


@given(goldens, goldens.filter(bool))
def test_floor_division(x, y):
    quotient, rest = divmod(x, y)
    assert type(quotient) is int
    assert (quotient, rest) == (x // y, x % y)
    assert quotient * y + rest == x
    assert 0 <= rest / y < 1
    assert quotient == math.floor(x / y)


def test_arithmetic_against_pari():
    for x, y in zip(samples(60), samples(60, seed=2), strict=True):
        for operation in (operator.add, operator.sub, operator.mul, operator.truediv):
            assert operation(x, y) == from_pari(operation(pari(x), pari(y)))


def test_arithmetic_against_flint_matrices():
    for x, y in zip(samples(40, seed=3), samples(40, seed=4), strict=True):
        assert matrix(x) + matrix(y) == matrix(x + y)
        assert matrix(x) * matrix(y) == matrix(x * y)
        assert matrix(y).inv() == matrix(y.inverse())
        for n in (-7, -1, 0, 1, 2, 13):
            if n < 0:
                assert matrix(x**n) == matrix(x**-n).inv()
            else:
                power = matrix(GoldenExact(1))
                for _ in range(n):
                    power *= matrix(x)
                assert matrix(x**n) == power


def test_results_are_in_lowest_terms():
    values = [*samples(30, seed=5), SQRT5 / 5, GoldenExact(0)]
    for x in values:
        for y in values:
            for z in (x + y, x - y, x * y, x**3, -x, abs(x), x.galois_conjugate()):
                p, q, d = z.numerators()
                assert math.gcd(p, q, d) == 1
                assert d > 0
    assert ((SQRT5 / 5) ** 2).numerators() == (1, 0, 5)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 100, 1000])
def test_powers_of_phi(n):
    assert PHI**n * PHI_INV**n == 1
    assert PHI**-n == PHI_INV**n
    assert PHI**n == from_pari(pari(PHI) ** n)
    assert (2 * PHI / 3) ** n == PHI**n * Fraction(2, 3) ** n
    assert ((1 + PHI) / 3) ** n == PHI ** (2 * n) / 3**n


def test_exponents():
    for two in (2, mpz(2), np.int64(2), Fraction(2), mpq(2), GoldenExact(2)):
        assert X**two == X * X
    assert 2 ** GoldenExact(-3) == Fraction(1, 8)
    assert mpq(2, 3) ** GoldenExact(2) == Fraction(4, 9)
    assert GoldenExact(0) ** 0 == X**0 == 1
    assert GoldenExact(-1) ** (10**40 + 1) == -1
    assert GoldenExact(1) ** -(10**40) == 1
    assert GoldenExact(0) ** 10**40 == 0
    with pytest.raises(ZeroDivisionError):
        GoldenExact(0) ** -1
    for bad in (Fraction(1, 2), PHI, GoldenExact("1/2")):
        with pytest.raises(ValueError, match=r"integer exponent.*sqrt"):
            X**bad
    with pytest.raises(OverflowError, match="bits"):
        PHI**10**12
    with pytest.raises(OverflowError, match="bits"):
        X ** -(10**10)


@given(goldens, st.integers(-3, 30))
def test_round_to_decimals(x, n):
    rounded = round(x, n)
    scale = Fraction(10) ** n
    assert isinstance(rounded, GoldenExact)
    assert rounded.is_rational()
    assert math.gcd(*rounded.numerators()) == 1
    assert rounded == round(x * scale) / scale
    assert abs(rounded - x) <= 1 / (2 * scale)


@given(coefficients, st.integers(-3, 6))
def test_rationals_round_like_fractions(r, n):
    x, r = GoldenExact(r), Fraction(r)
    for function in (round, math.floor, math.ceil, math.trunc, int, float, bool, complex, abs):
        assert function(x) == function(r)
    assert round(x, n) == round(r, n)
    assert round(x, np.int8(n)) == round(r, n)


@pytest.mark.parametrize("halves", range(-7, 8))
def test_ties_round_to_even(halves):
    assert round(GoldenExact(Fraction(halves, 2))) == round(halves / 2)
    assert round(GoldenExact(Fraction(halves, 200)), 2) == round(Fraction(halves, 200), 2)


@given(goldens)
def test_square_root_of_a_square(x):
    square = x * x
    assert square.sqrt() == abs(x)
    assert square.is_square()
    for twist in (2, 5 * PHI, -1, PHI, SQRT5):
        if x:
            assert not (square * twist).is_square()


def test_squares_against_pari():
    field = cypari.pari("nfinit(t^2 - t - 1)")
    for a in range(-6, 7):
        for b in range(-6, 7):
            x = GoldenExact(a, b) / (1 + (a + b) % 3)
            polynomial = cypari.pari(f"x^2 - ({x.a} + ({x.b})*t)")
            roots = len(cypari.pari.nfroots(field, polynomial))
            assert x.is_square() == (roots > 0), x


@pytest.mark.parametrize("x", [2, -1, 3 - PHI, PHI, -SQRT5, GoldenExact("1/2"), SQRT5, 5 * PHI])
def test_no_square_root(x):
    with pytest.raises(ValueError, match=r"not a square in Q\(φ\)"):
        GoldenExact(x).sqrt()


def test_minimal_polynomial_against_pari():
    for x in [*samples(40, seed=6), GoldenExact(0), GoldenExact("-2/3"), SQRT5, PHI / 2]:
        expected = cypari.pari.minpoly(pari(x))
        expected = expected / cypari.pari.content(expected)
        got = x.minpoly()
        assert got == [int(c) for c in cypari.pari.Vec(expected)]
        assert all(type(c) is int for c in got)
        assert sum(c * x**k for k, c in enumerate(reversed(got))) == 0


def test_continued_fraction():
    assert PHI.continued_fraction(50) == [1] * 50
    assert GoldenExact("415/93").continued_fraction(10) == [4, 2, 6, 7]
    assert GoldenExact("-415/93").continued_fraction(10) == [-5, 1, 1, 6, 7]
    assert GoldenExact(0).continued_fraction(3) == [0]
    assert PHI.continued_fraction(0) == []
    with pytest.raises(ValueError, match="n must not be negative"):
        PHI.continued_fraction(-1)


@mpmath.workdps(400)
def test_continued_fraction_against_high_precision():
    for x in filter(lambda x: not x.is_rational(), samples(30, seed=7, size=10**6)):
        a, b = (mpmath.mpf(int(c.numerator)) / int(c.denominator) for c in (x.a, x.b))
        value, expected = a + b * mpmath.phi, []
        for _ in range(40):
            expected.append(int(mpmath.floor(value)))
            value = value - expected[-1]
            value = 1 / value
        assert x.continued_fraction(40) == expected

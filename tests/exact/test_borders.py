"""Numbers of other libraries beside ours: what they make of each other, or why not."""

from __future__ import annotations

import operator
import statistics
from decimal import Decimal
from fractions import Fraction

import flint
import gmpy2
import mpmath
import numpy as np
import pytest

from syntonic import PHI, SQRT5, GoldenExact, ResonantTensor, identify, linalg

HALF = GoldenExact("1/2")
RATIONALS = {
    "int": 3,
    "Fraction": Fraction(3, 7),
    "mpz": gmpy2.mpz(-3),
    "mpq": gmpy2.mpq(3, 7),
    "fmpz": flint.fmpz(3),
    "fmpq": flint.fmpq(-3, 7),
    "int64": np.int64(5),
}
ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.truediv)
ORDER = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)


def plain(x: object) -> Fraction:
    if isinstance(x, flint.fmpq):
        return Fraction(int(x.p), int(x.q))
    return Fraction(int(x)) if isinstance(x, flint.fmpz) else Fraction(str(x))


@pytest.mark.parametrize("kind", RATIONALS)
def test_exact_numbers_on_either_side(kind):
    other = RATIONALS[kind]
    for x in (PHI, HALF, GoldenExact("-3/7"), GoldenExact(3)):
        for f in ARITHMETIC:
            assert f(x, other) == f(x, plain(other))
            assert type(f(x, other)) is GoldenExact
            assert f(other, x) == f(plain(other), x)
        for f in ORDER:
            assert bool(f(x, other)) == f(x, plain(other))
            assert bool(f(other, x)) == f(plain(other), x)
        if x == other:
            assert hash(x) == hash(other)
    assert GoldenExact(other).a == plain(other)
    t = ResonantTensor([other, PHI])
    assert t.tolist() == [plain(other), PHI]
    assert (t * other).tolist() == [plain(other) ** 2, PHI * plain(other)]


def test_flint_matrices():
    integers, rationals = flint.fmpz_mat([[1, 2], [3, 4]]), flint.fmpq_mat([[1, 2]]) / 3
    assert ResonantTensor(integers).tolist() == [[1, 2], [3, 4]]
    assert ResonantTensor(rationals).tolist() == [[Fraction(1, 3), Fraction(2, 3)]]
    assert linalg.det(integers).item() == -2
    assert ResonantTensor(flint.fmpz_mat(0, 3)).shape == (0, 3)
    huge = flint.fmpz_mat([[2**100]])
    assert ResonantTensor(huge).item() == 2**100


# -- mpmath ----------------------------------------------------------------------------------


def test_correctly_rounded_mpf():
    for x in (PHI, PHI**-200, 1 - PHI**100, HALF, GoldenExact(0), GoldenExact("1/3"), -SQRT5 / 7):
        with mpmath.workprec(3000):
            exact = mpmath.mpf(int(x.a.numerator)) / int(x.a.denominator)
            exact += mpmath.phi * int(x.b.numerator) / int(x.b.denominator)
        for bits in (5, 24, 53, 64, 200, 700):
            with mpmath.workprec(bits):
                assert mpmath.mpf(x) == +exact


@pytest.mark.parametrize("rounding", ["n", "f", "c", "d", "u"])
def test_every_rounding_of_mpmath(rounding):
    for x in (PHI, -PHI, GoldenExact(2**70 + 1), HALF - 2**60, GoldenExact("-1/3")):
        with mpmath.workprec(2000):
            exact = mpmath.mpf(int(x.a.numerator)) / int(x.a.denominator) + mpmath.phi * int(x.b)
        for bits in (7, 53):
            expected = mpmath.libmp.mpf_pos(exact._mpf_, bits, rounding)
            assert x._mpmath_(bits, rounding)._mpf_ == expected


def test_mpmath_computes_with_them():
    with mpmath.workdps(50):
        assert mpmath.sqrt(PHI) == mpmath.sqrt(mpmath.phi)
        assert PHI + mpmath.mpf(2) == mpmath.mpf(2) + PHI == mpmath.phi + 2
        assert PHI < mpmath.mpf(2) < PHI + 1
        assert mpmath.matrix([[PHI, 1]])[0, 0] == mpmath.phi


# -- fractions, statistics ------------------------------------------------------------------


def test_ratios():
    assert GoldenExact("-6/4").as_integer_ratio() == (-3, 2)
    assert statistics.mean([HALF, GoldenExact(1)]) == Fraction(3, 4)
    for call in (PHI.as_integer_ratio, lambda: statistics.mean([PHI, PHI + 1])):
        with pytest.raises(TypeError, match=r"irrational; numerators\(\) gives"):
            call()


def test_order_beside_decimals():
    assert Decimal("1.618") < PHI < Decimal("1.6181")
    assert sorted([Decimal(2), PHI, Fraction(1, 2)]) == [Fraction(1, 2), PHI, Decimal(2)]


# -- identify --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.809", PHI / 2),
        ("-0.62", 1 - PHI),
        ("1.618e0", PHI),
        (" 2.5 ", GoldenExact("5/2")),
        ("1618e-3", PHI),
        (".5", HALF),
        ("3", 2 * PHI),
        ("1e2", None),
    ],
)
def test_texts_of_decimals(text, found):
    digits = Decimal(text.strip())
    half = Fraction(10) ** digits.as_tuple().exponent / 2
    assert found is None or identify(text) == found
    assert abs(identify(text) - Fraction(digits)) <= half


def test_floats_have_their_own_tolerance():
    for x in (PHI, SQRT5, PHI / 2, 3 * PHI - 2):
        assert identify(float(x)) == x
        assert identify(np.float32(float(x))) == x
        assert identify(np.array([float(x)], np.float32))[0] == x
    assert identify(Fraction(1, 3)) == Fraction(1, 3)
    assert identify(7) == 7
    assert identify(Fraction(1, 13)) is None
    assert identify(["0.809", "0.618"]).tolist() == [PHI / 2, PHI - 1]
    assert identify(float(PHI) * (1 + 2**-40)) != PHI


@pytest.mark.parametrize("text", ["", "phi", "1/2", "0x1", "nan", "inf", "1e99999", "1_0", "١"])
def test_what_is_no_decimal(text):
    with pytest.raises(ValueError, match="identify: a text must be a decimal"):
        identify(text)

"""GoldenExact against PARI, FLINT, mpmath, Python's own rationals, and the laws of a field."""

import copy
import math
import numbers
import operator
import pickle
import random
from decimal import Decimal
from fractions import Fraction

import cypari
import flint
import mpmath
import numpy as np
import pytest
from gmpy2 import mpfr, mpq, mpz
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact.golden import PHI, PHI_INV, SQRT5, GoldenExact
from syntonic.exact.operands import FLOATS

rationals = st.fractions(max_denominator=60).filter(lambda x: abs(x) < 10**6)
huge = st.builds(Fraction, st.integers(-(10**40), 10**40), st.integers(1, 10**12))
coefficients = st.one_of(st.integers(-9, 9), rationals, huge)
# a + bφ with heavy cancellation: small multiples of φ^-n, alone or beside a small number.
tiny = st.builds(
    lambda n, k, c: PHI**-n * k + c, st.integers(20, 250), st.integers(-9, 9), rationals
)
goldens = st.one_of(st.builds(GoldenExact, coefficients, coefficients), tiny)
nonzero = goldens.filter(bool)

X = GoldenExact("3/2", -5)

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv]
OPERATORS = [*ARITHMETIC, operator.mod, divmod]
ORDER = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
THREE = [3, Fraction(3), mpz(3), mpq(3), np.int64(3), np.uint8(3), np.int16(3)]
HALF = [Fraction(-1, 2), mpq(-1, 2)]
INEXACT = [0.5, 2.0, math.inf, math.nan, np.float64(0.5), np.float32(0.5), np.float16(2), 1j]
INEXACT += [np.longdouble(0.5), np.complex64(1), np.complex128(1j), mpfr("0.5")]


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


def real(x, digits=400):
    """x as a high-precision mpmath number."""
    mpmath.mp.dps = digits
    return mpmath.mpf(int(x.a.numerator)) / int(x.a.denominator) + mpmath.phi * int(
        x.b.numerator
    ) / int(x.b.denominator)


def samples(count, seed=1, size=10**30):
    source = random.Random(seed)

    def rational():
        bound = source.choice([3, 100, size])
        return Fraction(source.randint(-bound, bound), source.choice([1, 1, 2, 12, 10**9 + 7]))

    return [GoldenExact(rational(), rational()) for _ in range(count)]


# Construction


@pytest.mark.parametrize("three", [*THREE, "3", " +6/2 ", GoldenExact(3), np.int8(3)])
def test_constructor_accepts_every_exact_type(three):
    assert GoldenExact(three).numerators() == (3, 0, 1)
    if not isinstance(three, GoldenExact):
        assert GoldenExact(1, three).numerators() == (1, 3, 1)


def test_constructor_reduces_to_one_positive_denominator():
    assert GoldenExact("3/2", "-5/3").numerators() == (9, -10, 6)
    assert GoldenExact("2/4", "6/4").numerators() == (1, 3, 2)
    assert GoldenExact("1/-2").numerators() == (-1, 0, 2)
    assert GoldenExact(True, np.True_).numerators() == (1, 1, 1)
    assert GoldenExact(GoldenExact(1, 2), "1/2").numerators() == (2, 5, 2)
    assert GoldenExact().numerators() == (0, 0, 1)
    assert GoldenExact.from_numerators(2, -4, -6).numerators() == (-1, 2, 3)
    assert GoldenExact.from_numerators(0, 0, -6).numerators() == (0, 0, 1)
    assert all(
        type(n) is type(mpz())
        for n in GoldenExact.from_numerators(1, True, np.int8(2)).numerators()
    )
    assert (X.a, X.b, type(X.a)) == (Fraction(3, 2), -5, type(mpq()))


@pytest.mark.parametrize("x", INEXACT)
def test_constructor_refuses_floats(x):
    for arguments in ((x,), (0, x)):
        with pytest.raises(TypeError, match=r"snap .*GoldenExact\.from_float_exact"):
            GoldenExact(*arguments)
    with pytest.raises(TypeError):
        GoldenExact.from_numerators(x, 1)


@pytest.mark.parametrize("x", [None, b"1", [1], Decimal(1), object(), np.array(1)])
def test_constructor_refuses_other_types(x):
    with pytest.raises(TypeError, match="GoldenExact: a must be an int"):
        GoldenExact(x)
    with pytest.raises(TypeError, match="GoldenExact: b must be an int"):
        GoldenExact(0, x)


@pytest.mark.parametrize(
    "text", ["", "x", "1.5", "1/2/3", "1e3", "0x1", "½", "٣", "1 2", "9" * 99 + "!"]
)
def test_constructor_refuses_other_strings(text):
    with pytest.raises(
        ValueError, match="a as a string must be an integer or a fraction"
    ) as caught:
        GoldenExact(text)
    assert len(str(caught.value)) < 250


def test_constructor_refuses_zero_denominators():
    with pytest.raises(ZeroDivisionError):
        GoldenExact("1/0")
    with pytest.raises(ZeroDivisionError):
        GoldenExact.from_numerators(1, 1, 0)


def test_b_must_be_rational():
    with pytest.raises(TypeError, match="b must be an int"):
        GoldenExact(0, PHI)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_from_float_exact(x):
    value = GoldenExact.from_float_exact(x)
    assert (value.a, value.b) == (Fraction(x), 0)
    assert float(value) == x


def test_from_float_exact_of_other_floats():
    assert GoldenExact.from_float_exact(np.float32(0.1)).a == Fraction(float(np.float32(0.1)))
    assert GoldenExact.from_float_exact(mpfr("0.25")) == Fraction(1, 4)
    wide = np.longdouble(1) + np.finfo(np.longdouble).eps
    assert GoldenExact.from_float_exact(wide) == Fraction(*wide.as_integer_ratio())
    for bad in (math.inf, -math.inf, math.nan, np.float32("nan"), mpfr("inf")):
        with pytest.raises(ValueError, match="x must be finite"):
            GoldenExact.from_float_exact(bad)
    for bad in (3, "0.5", 1j, None):
        with pytest.raises(TypeError, match="x must be a float"):
            GoldenExact.from_float_exact(bad)


def test_is_a_real_number_and_nothing_narrower():
    assert isinstance(PHI, numbers.Real)
    assert not isinstance(PHI, numbers.Rational)
    assert (PHI.real, PHI.imag, PHI.conjugate()) == (PHI, 0, PHI)
    assert complex(PHI) == complex(float(PHI))


def test_immutable():
    for name in ("a", "b", "c", "p", "__dict__"):
        with pytest.raises(AttributeError):
            setattr(X, name, 1)
    y = X
    y += 1
    assert X == GoldenExact("3/2", -5) != y


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_and_copy(protocol):
    for x in (X, GoldenExact(0), PHI**-40_000 / 7):
        again = pickle.loads(pickle.dumps(x, protocol))
        assert again == x
        assert again.numerators() == x.numerators()
        assert type(again) is GoldenExact
        assert copy.copy(x) == copy.deepcopy([x])[0] == x


# Arithmetic


@given(goldens, goldens, goldens)
def test_field_axioms(x, y, z):
    assert (x + y) + z == x + (y + z)
    assert (x * y) * z == x * (y * z)
    assert x + y == y + x
    assert x * y == y * x
    assert x * (y + z) == x * y + x * z
    assert x - y == x + -y
    assert x + 0 == x * 1 == +x == x
    assert x - x == 0 == x * 0


@given(nonzero, nonzero)
def test_division_inverts_multiplication(x, y):
    assert x / y * y == x
    assert x.inverse() * x == 1
    assert 1 / x == x.inverse() == x**-1


@given(goldens, nonzero)
def test_floor_division(x, y):
    quotient, rest = divmod(x, y)
    assert type(quotient) is int
    assert (quotient, rest) == (x // y, x % y)
    assert quotient * y + rest == x
    assert 0 <= rest / y < 1
    assert quotient == math.floor(x / y)


def test_arithmetic_against_pari():
    for x, y in zip(samples(60), samples(60, seed=2), strict=True):
        for operation in ARITHMETIC[:4]:
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
    with pytest.raises(TypeError):
        pow(X, 2, 3)


@pytest.mark.parametrize("three", THREE, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("operation", [*OPERATORS, *ORDER])
def test_integers_of_every_type_on_either_side(operation, three):
    for x in (X, PHI, GoldenExact(3)):
        for result, expected in (
            (operation(x, three), operation(x, GoldenExact(3))),
            (operation(three, x), operation(GoldenExact(3), x)),
        ):
            assert result == expected
            assert isinstance(result, np.bool_ if type(result) is np.bool_ else type(expected))


@pytest.mark.parametrize("half", HALF, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("operation", [*OPERATORS, *ORDER])
def test_rationals_of_every_type_on_either_side(operation, half):
    exact = GoldenExact("-1/2")
    for x in (X, PHI, exact):
        assert operation(x, half) == operation(x, exact)
        assert operation(half, x) == operation(exact, x)


@pytest.mark.parametrize("x", INEXACT, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("operation", [*OPERATORS, operator.pow])
def test_arithmetic_refuses_floats_on_either_side(operation, x):
    with pytest.raises(TypeError, match="from_float_exact"):
        operation(PHI, x)
    with pytest.raises(
        TypeError, match=None if isinstance(x, type(mpfr())) else "from_float_exact"
    ):
        operation(x, PHI)


def test_arithmetic_refuses_other_types():
    for bad in ("1", None, [1], Decimal(1)):
        for operation in (operator.add, operator.truediv, operator.mod, operator.pow):
            with pytest.raises(TypeError, match="unsupported operand"):
                operation(PHI, bad)
            with pytest.raises(TypeError):
                operation(bad, PHI)


class Other:
    """A foreign type that knows golden numbers."""

    __array_ufunc__ = None

    def answer(self, *_):
        return "other"

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = answer
    __rdivmod__ = __rpow__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = answer
    __hash__ = None


@pytest.mark.parametrize("operation", [*ARITHMETIC, operator.mod, operator.pow, *ORDER])
def test_a_foreign_type_gets_its_turn(operation):
    assert operation(PHI, Other()) == "other"


def test_arrays():
    values = np.array([PHI, 2, Fraction(1, 2)], dtype=object)
    for product in (values * X, X * values):
        assert product.dtype == object
        assert product.tolist() == [PHI * X, 2 * X, X / 2]
    assert (X - values).tolist() == [X - PHI, X - 2, X - Fraction(1, 2)]
    assert (np.arange(3) * PHI).tolist() == [0, PHI, 2 * PHI]
    assert (np.arange(3) > PHI).tolist() == [False, False, True]
    assert (values == PHI).tolist() == [True, False, False]
    assert np.array([PHI, 1]).dtype == object
    assert np.sqrt(np.array([PHI + 1])).tolist() == [PHI]
    assert np.float64(PHI) == float(PHI)
    for floats in (
        np.array([0.5, 1]),
        np.array(0.5),
        np.zeros(2, np.float32),
        np.zeros(1, complex),
    ):
        with pytest.raises(TypeError, match="from_float_exact"):
            floats * PHI
        with pytest.raises(TypeError, match="from_float_exact"):
            PHI + floats


# Order and hash


@given(goldens, goldens)
def test_total_order(x, y):
    assert (x < y) + (x == y) + (x > y) == 1
    assert (x <= y) == (not x > y)
    assert (x >= y) == (not x < y)
    assert (x != y) is not (x == y)
    assert (x < y) == (y - x > 0) == ((y - x).sign() == 1)
    assert abs(x) == max(x, -x)
    assert x == y or (x < y) == (real(x) < real(y))


def test_order_under_cancellation():
    # Neighbouring convergents of φ: |F_n φ - F_(n+1)| = φ^-n, its sign alternating with n.
    before, here = 1, 1
    for n in range(2, 400):
        before, here = here, before + here
        assert (before * PHI > here) == (n % 2 == 1), n
        assert GoldenExact(0, before) != here


@given(goldens, st.floats(allow_nan=False, allow_infinity=False))
def test_order_against_floats(x, f):
    for g in (f, np.float64(f), float(x) if abs(x) < 10**300 else f):
        exact = GoldenExact.from_float_exact(float(g))
        for operation in ORDER:
            assert operation(x, g) == operation(x, exact)
            assert operation(g, x) == operation(exact, x)


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, np.float16, np.longdouble, mpfr])
def test_order_against_special_floats(kind):
    infinity, nan = kind("inf"), kind("nan")
    huge = PHI**100_000
    for x in (PHI, GoldenExact(0), huge, -huge):
        for operation in ORDER:
            below = operation in (operator.lt, operator.le, operator.ne)
            assert operation(x, infinity) == operation(-infinity, x) == below
            above = operation in (operator.gt, operator.ge, operator.ne)
            assert operation(infinity, x) == operation(x, -infinity) == above
        for operation in ORDER:
            assert operation(x, nan) == operation(nan, x) == (operation is operator.ne)
    half = kind(0.5)
    assert GoldenExact("1/2") == half
    assert half == GoldenExact("1/2")
    assert GoldenExact("1/2") <= half < PHI
    assert isinstance(half, FLOATS)


def test_a_wide_float_is_not_rounded_to_a_double():
    eps = np.finfo(np.longdouble).eps
    wide = np.longdouble(1) + eps
    if eps < np.finfo(float).eps:
        assert GoldenExact(1) < wide
        assert GoldenExact(1) != wide
        assert 10**4000 < GoldenExact(10**4001) < np.longdouble("1e4002") < math.inf


def test_equality_with_complex():
    assert GoldenExact(2) == 2 + 0j == GoldenExact(2)
    assert GoldenExact("1/2") == np.complex64(0.5)
    assert GoldenExact(2) != 2 + 1j
    assert complex(float(PHI)) != PHI
    assert GoldenExact(1) != complex(1, math.nan)
    assert GoldenExact(1) != complex(math.nan, 0)
    with pytest.raises(TypeError):
        operator.lt(PHI, 1j)


def test_equality_with_decimal_and_foreign_types():
    assert GoldenExact("1/2") == Decimal("0.5") == GoldenExact("1/2")
    assert Decimal("1.5") != PHI != Decimal("1e999999")
    assert GoldenExact(1) != Decimal("nan")
    for other in ("1", None, [1], object()):
        assert GoldenExact(1) != other
        with pytest.raises(TypeError):
            operator.lt(GoldenExact(1), other)


@given(coefficients)
def test_hash_agrees_with_every_rational_type(r):
    x = GoldenExact(r)
    assert hash(x) == hash(r) == hash(mpq(r))
    assert {r: "found"}[x] == "found"
    assert {x, r, mpq(r), Fraction(r)} == {x}
    assert len({x + PHI, r + PHI, PHI}) == 1 + (r != 0)


def test_hash_agrees_with_floats_and_integers():
    table = {GoldenExact("1/2"): "half", GoldenExact(-1): "minus one", PHI: "phi"}
    assert table[0.5] == table[np.float32(0.5)] == table[Decimal("0.5")] == "half"
    assert table[-1] == table[mpz(-1)] == table[-1.0] == table[np.int64(-1)] == "minus one"
    assert table[(1 + SQRT5) / 2] == "phi"
    assert math.nan not in table
    assert math.inf not in table
    assert float(PHI) not in table


@given(goldens)
def test_hash_of_an_irrational(x):
    if not x.is_rational():
        assert hash(x) == hash((x.a, x.b)) == hash(x * 3 / 3)


# Conversion


@given(goldens)
def test_integer_parts(x):
    for low in (math.floor(x), -math.ceil(-x)):
        assert type(low) is int
        assert low <= x < low + 1
    assert math.floor(x) == int(mpmath.floor(real(x)))
    assert math.trunc(x) == int(x) == (math.floor(x) if x >= 0 else math.ceil(x))
    nearest = round(x)
    assert type(nearest) is int
    assert abs(x - nearest) <= Fraction(1, 2)


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


def test_float_at_the_ends_of_the_range():
    assert 0 < float(PHI**-1500) < 2.0**-1022
    assert float(PHI**-1500) == float(mpmath.phi**-1500)
    assert 1.1e308 < float(PHI**1474) < math.inf
    assert str(float(-(PHI**-2000))) == "-0.0"
    for x in (PHI**1475, -(PHI**1475), PHI**10_000):
        with pytest.raises(OverflowError, match="beyond the range"):
            float(x)


@given(goldens)
def test_float_is_the_nearest(x):
    f = float(x)
    error = abs(x - GoldenExact.from_float_exact(f))
    for neighbour in (math.nextafter(f, math.inf), math.nextafter(f, -math.inf)):
        assert error <= abs(x - GoldenExact.from_float_exact(neighbour))


def test_truth():
    assert PHI
    assert GoldenExact("1/2")
    assert not GoldenExact(0)
    assert not PHI - PHI


# The field


@given(goldens, goldens)
def test_conjugation_norm_and_trace(x, y):
    conjugate = x.galois_conjugate()
    assert conjugate.galois_conjugate() == x
    assert (x * y).galois_conjugate() == conjugate * y.galois_conjugate()
    assert (x + y).galois_conjugate() == conjugate + y.galois_conjugate()
    assert x.norm() == x * conjugate
    assert x.trace() == x + conjugate
    assert type(x.norm()) is type(x.trace()) is type(mpq())
    assert (x - x.galois_conjugate()) == x.b * SQRT5


def test_minkowski():
    left, right = X.minkowski()
    assert (left, right) == (float(X), float(X.galois_conjugate()))
    assert PHI.minkowski() == (float(PHI), -float(PHI_INV))


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


def test_integral_rational_unit():
    assert all((s * PHI**n).is_unit() for n in range(-30, 31) for s in (1, -1))
    assert not any(x.is_unit() for x in (GoldenExact(0), GoldenExact(2), SQRT5, PHI / 2))
    # Norm 1, yet not an algebraic integer.
    x = GoldenExact("3/2", "1/2") / GoldenExact("3/2", "1/2").galois_conjugate()
    assert (x.norm(), x.is_integral(), x.is_unit()) == (1, False, False)
    assert PHI.is_integral()
    assert not (PHI / 2).is_integral()
    assert GoldenExact("1/2").is_rational()
    assert not PHI.is_rational()
    assert type(PHI.is_unit()) is type(PHI.is_square()) is type(PHI.is_rational()) is bool


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


def test_continued_fraction_against_high_precision():
    for x in filter(lambda x: not x.is_rational(), samples(30, seed=7, size=10**6)):
        value, expected = real(x), []
        for _ in range(40):
            expected.append(int(mpmath.floor(value)))
            value = value - expected[-1]
            value = 1 / value
        assert x.continued_fraction(40) == expected


def test_constants():
    assert PHI * PHI == PHI + 1
    assert PHI * PHI_INV == 1
    assert SQRT5 * SQRT5 == 5
    assert PHI > PHI_INV > 0

"""What GoldenExact accepts from other types, refuses, and leaves to them."""

import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from gmpy2 import mpfr, mpq, mpz, mul_2exp
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact.golden import PHI, SQRT5, GoldenExact
from syntonic.exact.operands import FLOATS

rationals = st.fractions(max_denominator=60).filter(lambda x: abs(x) < 10**6)
huge = st.builds(Fraction, st.integers(-(10**40), 10**40), st.integers(1, 10**12))
coefficients = st.one_of(st.integers(-9, 9), rationals, huge)
goldens = st.builds(GoldenExact, coefficients, coefficients)

X = GoldenExact("3/2", -5)

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv]
OPERATORS = [*ARITHMETIC, operator.mod, divmod]
ORDER = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
THREE = [3, Fraction(3), mpz(3), mpq(3), np.int64(3), np.uint8(3), np.int16(3)]
NUMPY_SCALARS = [np.dtype(code).type(3) for code in np.typecodes["AllInteger"]] + [np.True_]
HALF = [Fraction(-1, 2), mpq(-1, 2)]
INEXACT = [0.5, 2.0, math.inf, math.nan, np.float64(0.5), np.float32(0.5), np.float16(2), 1j]
INEXACT += [np.longdouble(0.5), np.complex64(1), np.complex128(1j), mpfr("0.5")]


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
    assert GoldenExact.from_numerators(2, 4).numerators() == (2, 4, 1)
    assert GoldenExact.from_numerators(0, 0, -6).numerators() == (0, 0, 1)
    assert all(
        type(n) is type(mpz())
        for n in GoldenExact.from_numerators(1, True, np.int8(2)).numerators()
    )
    assert (X.a, X.b, type(X.a)) == (Fraction(3, 2), -5, type(mpq()))


@pytest.mark.parametrize("x", INEXACT)
def test_constructor_refuses_floats(x):
    for arguments in ((x,), (0, x)):
        remedy = "" if np.iscomplexobj(x) else "snap .*"
        with pytest.raises(TypeError, match=rf"{remedy}GoldenExact\.from_float_exact"):
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
    assert len(str(caught.value)) < 220
    assert repr(text if len(text) <= 40 else text[:37] + "...") in str(caught.value)


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


def test_the_way_out_of_a_complex_number_is_not_snap():
    with pytest.raises(TypeError, match=r"takes its \.real") as caught:
        _ = PHI * 1j
    assert "snap" not in str(caught.value)


@pytest.mark.parametrize("scalar", NUMPY_SCALARS, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("operation", OPERATORS)
def test_numpy_scalars_leave_the_operation_to_us(operation, scalar):
    """Whatever NumPy can do with objects: before 2.1 it had no divmod of them."""
    for x in (X, PHI, GoldenExact(2)):
        for result in (operation(scalar, x), operation(x, scalar)):
            parts = result if operation is divmod else [result]
            assert {type(part) for part in parts} <= {int, GoldenExact}
        assert operation(scalar, x) == operation(int(scalar), x)
        assert operation(x, scalar) == operation(x, int(scalar))


def test_arithmetic_refuses_other_types():
    remedy = r"takes exact numbers, got Decimal; Fraction\(x\)"
    for bad in ("1", None, [1], Decimal(1)):
        message = remedy if isinstance(bad, Decimal) else "unsupported operand"
        for operation in (operator.add, operator.truediv, operator.mod, operator.pow):
            with pytest.raises(TypeError, match=message):
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
    for quotients, rests in (divmod(X, values), divmod(X, np.array([1, 2, -3]))):
        assert quotients.dtype == rests.dtype == object
        assert [type(n) for n in quotients] == [int] * 3
    assert (rests + np.array([1, 2, -3]) * quotients).tolist() == [X] * 3
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


@given(goldens, st.floats(allow_nan=False, allow_infinity=False))
def test_order_against_floats(x, f):
    for g in (f, np.float64(f), float(x) if abs(x) < 10**300 else f):
        exact = GoldenExact.from_float_exact(float(g))
        for operation in ORDER:
            assert operation(x, g) == operation(x, exact)
            assert operation(g, x) == operation(exact, x)


def test_order_against_the_floats_beside_a_number():
    """Its own nearest float, on either side of it, and the next ones; and floats out of reach."""
    values = [PHI, X, PHI**-300, PHI / 3**40, GoldenExact(2**53 + 1), GoldenExact("1/3"), SQRT5]
    for x in [*values, *(-x for x in values), PHI**1475, -(PHI**1475), PHI**-2000]:
        near = float(x) if abs(x) < PHI**1474 else math.copysign(1.7e308, x.sign())
        for f in (near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf), 0.0, -0.0):
            for relation in ORDER:
                assert relation(x, f) == relation(x, GoldenExact.from_float_exact(f))
                assert relation(f, x) == relation(GoldenExact.from_float_exact(f), x)


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
    assert GoldenExact(1) != Decimal("snan")
    for other in ("1", None, [1], object()):
        assert GoldenExact(1) != other
        with pytest.raises(TypeError):
            operator.lt(GoldenExact(1), other)


@given(goldens, st.decimals(allow_nan=False, allow_infinity=False))
def test_order_against_decimals(x, d):
    exact = GoldenExact(Fraction(d))
    for relation in ORDER:
        assert relation(x, d) == relation(x, exact)
        assert relation(d, x) == relation(exact, x)


def test_order_against_numbers_of_any_exponent():
    """Exponents that no integer could hold, against numbers that nothing but the sign decides."""
    large = mul_2exp(mpfr(1), 2**29)
    binary = [large, -large, 1 / large, -1 / large]
    decimal = map(Decimal, ("1e999999999", "-1e999999999", "1e-999999999", "-1e-999999999"))
    for top, deep, small, below in (binary, decimal):
        for x in (PHI, PHI**500, PHI**-500, GoldenExact(0)):
            assert deep < -x <= x < top
            assert top > x >= -x > deep
            assert (x > small, x < small, x > below) == (bool(x), not x, True)
            assert (-x < below, -x > below, -x < small) == (bool(x), not x, True)
            assert not {x, -x} & {top, deep, small, below}
    assert GoldenExact(0) == Decimal("0e999999999") == GoldenExact(0)
    for endless in (Decimal("inf"), mpfr("inf"), math.inf):
        assert -endless < PHI < endless
    for nan in (Decimal("nan"), Decimal("snan"), mpfr("nan"), math.nan):
        assert not any(relation(PHI, nan) for relation in ORDER if relation is not operator.ne)
    with pytest.raises(OverflowError, match="from_float_exact would give a number of about"):
        GoldenExact.from_float_exact(large)


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


def test_sympy_gets_the_exact_value():
    assert PHI + sympy.Integer(2) == GoldenExact(2, 1)
    exact = (1 + sympy.sqrt(5)) / 2
    for product in (sympy.pi * PHI, PHI * sympy.pi):
        assert sympy.expand(product - sympy.pi * exact) == 0
    assert sympy.expand(sympy.Integer(2) + X - (2 + sympy.Rational(3, 2) - 5 * exact)) == 0
    assert sympy.sympify(GoldenExact("1/3")) == sympy.Rational(1, 3)

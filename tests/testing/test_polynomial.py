"""Polynomials: evaluation is a ring homomorphism, and nothing but ring operations is known."""

import operator

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, GoldenExact
from syntonic.testing import golden_numbers
from syntonic.testing.polynomial import Polynomial, Quotient

NUMBERS = golden_numbers(bound=50, denominators=[1, 2, 3])
POLYNOMIALS = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), NUMBERS, max_size=5
).map(lambda terms: Polynomial(2, terms))


@given(POLYNOMIALS, POLYNOMIALS, st.tuples(NUMBERS, NUMBERS), NUMBERS, st.integers(0, 4))
def test_evaluation_is_a_homomorphism(f, g, point, c, n):
    for op in (operator.add, operator.sub, operator.mul):
        assert op(f, g)(point) == op(f(point), g(point))
        assert op(f, c)(point) == op(f(point), c)
        assert op(c, f)(point) == op(c, f(point))
    assert (f**n)(point) == f(point) ** n
    assert (-f)(point) == -f(point)
    assert (+f)(point) == f(point)
    if c:
        assert (f / c)(point) == f(point) / c


QUOTIENTS = st.tuples(POLYNOMIALS, POLYNOMIALS.filter(lambda f: f.terms)).map(
    lambda pair: Quotient(*pair)
)


@given(QUOTIENTS, QUOTIENTS | POLYNOMIALS, st.tuples(NUMBERS, NUMBERS), NUMBERS, st.integers(-3, 3))
def test_evaluation_of_quotients_is_a_homomorphism(f, g, point, c, n):
    """Wherever the denominators are not 0."""
    try:
        x, y = f(point), g(point)
    except ZeroDivisionError:
        return
    for op in (operator.add, operator.sub, operator.mul):
        assert op(f, g)(point) == op(x, y)
        assert op(g, f)(point) == op(y, x)
        assert op(f, c)(point) == op(x, c)
        assert op(c, f)(point) == op(c, x)
    assert (-f)(point) == -x
    assert (+f)(point) == x
    if y:
        assert (f / g)(point) == x / y
    if x:
        assert (g / f)(point) == y / x
        assert (c / f)(point) == c / x
        assert (f**n)(point) == x**n


def test_zero_is_no_denominator():
    x, y = Polynomial.variables(2)
    for act in (lambda: x / (y - y), lambda: (0 * x) / (y - y), lambda: 1 / (x / y - x / y)):
        with pytest.raises(ZeroDivisionError):
            act()


@given(POLYNOMIALS)
def test_zero_has_no_terms(f):
    assert (f - f).terms == {}
    assert (0 * f).terms == {}
    assert all(f.terms.values())


@pytest.mark.parametrize("c", [2, mpq(1, 2), np.int64(2), PHI, True])
def test_every_kind_of_exact_number_on_either_side(c):
    x, _ = Polynomial.variables(2)
    point = (GoldenExact(3), GoldenExact(0))
    for result in (c * x, x * c):
        assert isinstance(result, Polynomial)
        assert result(point) == 3 * GoldenExact(c)
    assert (c - x)(point) == GoldenExact(c) - 3


def test_constants_divide_and_take_negative_powers():
    two = Polynomial.constant(2, 1)
    assert (1 / two).value == GoldenExact("1/2")
    assert (two**-3).value == GoldenExact("1/8")
    assert Polynomial(1, {}).value == 0


@pytest.mark.parametrize(
    "act",
    [
        lambda x: x ** GoldenExact("1/2"),
        lambda x: x**x,
        lambda x: x + 0.5,
        lambda x: x if x else 0,
        lambda x: x == 0,
        lambda x: x != 0,
        lambda x: x < 1,
        lambda x: {x: 1},
        float,
        int,
        abs,
        lambda x: x // 2,
        lambda x: x % 2,
    ],
)
@pytest.mark.parametrize("kind", ["polynomial", "quotient"])
def test_nothing_else_is_known(act, kind):
    x = Polynomial.variables(1)[0]
    with pytest.raises(TypeError):
        act(x if kind == "polynomial" else 1 / x)

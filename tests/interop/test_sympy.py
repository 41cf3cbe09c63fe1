"""The bridge to SymPy: there and back, what the field has and what it has not."""

from fractions import Fraction
from math import gcd

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import GoldenRatio, I, Rational, cbrt, cos, exp, pi, sin, sqrt
from sympy.polys.matrices import DomainMatrix

from syntonic import PHI, SQRT5, GoldenExact, NotGoldenError, PhaseError, ResonantTensor
from syntonic.interop.sympy import (
    from_domain,
    from_sympy,
    golden_domain,
    lambdify,
    to_domain,
    to_domain_matrix,
    to_sympy,
)
from syntonic.testing import assert_exact_equal, golden_numbers, resonant_tensors

SMALL = golden_numbers(bound=30, denominators=[1, 2, 3])


@given(golden_numbers(), st.sampled_from(["sqrt5", "phi"]))
def test_scalars_there_and_back(x, form):
    expression = to_sympy(x, form=form)
    assert expression.has(sqrt(5)) == (form == "sqrt5" and not x.is_rational())
    assert expression.has(GoldenRatio) == (form == "phi" and not x.is_rational())
    assert from_sympy(expression) == x
    assert sympy.sympify(x) == to_sympy(x)


@given(resonant_tensors(bound=10**6), st.sampled_from(["sqrt5", "phi"]))
def test_tensors_there_and_back(t, form):
    there = to_sympy(t, form=form)
    if t.ndim == 2:
        assert isinstance(there, sympy.Matrix)
    elif t.ndim:
        assert isinstance(there, sympy.ImmutableDenseNDimArray)
        assert there.shape == t.shape
    assert_exact_equal(from_sympy(there), t)


@given(SMALL, SMALL)
def test_arithmetic_agrees(x, y):
    a, b = to_sympy(x), to_sympy(y, form="phi")
    assert from_sympy(a * b - a) == x * y - x
    assert from_sympy((a + b) ** 3) == (x + y) ** 3
    if y:
        assert from_sympy(a / b) == x / y
        assert from_sympy(b**-2) == y**-2


@given(SMALL.filter(bool))
def test_roots_of_squares(x):
    square = sympy.expand(to_sympy(x) ** 2)
    assert from_sympy(sqrt(square)) == abs(x)
    assert from_sympy(1 / sqrt(square)) == 1 / abs(x)
    assert from_sympy(square ** Rational(3, 2)) == abs(x) ** 3


@given(SMALL)
def test_roots_of_cubes(x):
    """Beyond square roots the minimal polynomial decides; the real root is the positive one's."""
    cube = sympy.expand(to_sympy(abs(x)) ** 3)
    assert from_sympy(cbrt(cube)) == abs(x)


@given(SMALL.filter(lambda x: x > 0 and not x.is_square()))
def test_other_square_roots_are_refused(x):
    with pytest.raises(NotGoldenError, match="must lie in Q"):
        from_sympy(sqrt(to_sympy(x)))


@pytest.mark.parametrize("n", range(1, 17))
def test_cosines(n):
    """2cos(2πk/n) has degree φ(n)/2; of degree 2 are n = 5, 8, 10, 12, golden only 5 and 10."""
    for k in range(n):
        m = n // gcd(k, n)
        value = cos(2 * pi * Rational(k, n))
        if m in (1, 2, 3, 4, 5, 6, 10):
            assert abs(float(from_sympy(value)) - float(value)) < 1e-15
        else:
            with pytest.raises(NotGoldenError):
                from_sympy(value)


def radians(text):
    """Read cos(3pi/5) and the like."""
    return sympy.sympify(text.replace("pi", "*pi").replace("(*", "("))


def test_facts(golden_facts):
    inside = [f for f in golden_facts if f["op"] == "trig_exact"]
    outside = [f for f in golden_facts if f["op"] == "trig_square_exact_but_not_in_field"]
    assert inside
    assert outside
    for f in inside:
        assert from_sympy(radians(f["expr"])) == GoldenExact(*f["expected"]), f["id"]
    for f in outside:
        expression = radians(f["expr"])
        assert from_sympy(expression**2) == GoldenExact(*f["expected_square"]), f["id"]
        with pytest.raises(NotGoldenError):
            from_sympy(expression)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (GoldenRatio, PHI),
        (sin(pi / 10), (PHI - 1) / 2),
        (sin(pi / 5) * sin(2 * pi / 5), SQRT5 / 4),
        (sin(pi / 5) ** 2, (3 - PHI) / 4),
        (exp(2 * I * pi / 5) + exp(-2 * I * pi / 5), PHI - 1),
        (cbrt(2 + sqrt(5)), PHI),
        (cbrt(2 + sqrt(5)) - cbrt(sqrt(5) - 2), 1),
        (cbrt(9 + 4 * sqrt(5)) + cbrt(9 - 4 * sqrt(5)), 3),
        (sqrt(2) * sqrt(3 - sqrt(5)), SQRT5 - 1),
        (sqrt(2) + sqrt(3) - sqrt(5 + 2 * sqrt(6)), 0),
        (-cbrt(2 + sqrt(5)) / 7, -PHI / 7),
        (1 - cbrt(2 + sqrt(5)), 1 - PHI),
        (sympy.rootof(sympy.Symbol("x") ** 5 - 5 * sympy.Symbol("x") + 4, 0) * 0 + 1, 1),
        (sqrt(GoldenRatio) ** 2, PHI),
        (I**2, -1),
        (sympy.fibonacci(10), 55),
        (sympy.Abs(1 - sqrt(5)), SQRT5 - 1),
        (sympy.AlgebraicNumber(sqrt(5), [1, 2]), SQRT5 + 2),
        (7, 7),
        (Fraction(1, 3), Fraction(1, 3)),
        (PHI, PHI),
    ],
)
def test_expressions(expression, value):
    assert from_sympy(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        sympy.TribonacciConstant,
        pi,
        sympy.E,
        sympy.oo,
        sympy.zoo,
        sympy.nan,
        I,
        sqrt(-5),
        sqrt(6),
        sqrt(5) + sqrt(2),
        sqrt(5) * I,
        GoldenRatio ** Rational(1, 3),
        2 ** sqrt(5),
        sympy.log(2),
        cos(1),
        cos(pi / 7),
        exp(2 * I * pi / 5),
        sympy.Integral(sympy.exp(-(sympy.Symbol("x") ** 2)), (sympy.Symbol("x"), 0, 1)),
        cbrt(2 + sqrt(5)) + Rational(1, 10**40) * sqrt(2),  # golden to 39 digits
    ],
    ids=str,
)
def test_refused(expression):
    with pytest.raises(NotGoldenError, match="from_sympy: the value must lie in Q"):
        from_sympy(expression)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (sympy.Symbol("x") + 1, "no free symbols, got x"),
        (sympy.Float("1.5") * sqrt(5), "got a Float"),
        (0.5, "got a Float"),
        ("sqrt(5)", "GoldenExact.parse reads text"),
        (sympy.true, "must be an expression"),
        (sympy.Matrix([sympy.Symbol("y")]), "got y"),
    ],
)
def test_what_is_no_exact_number(x, message):
    with pytest.raises(TypeError, match=message):
        from_sympy(x)


@pytest.mark.parametrize(
    "zero", [sqrt(6 - 2 * sqrt(5)) - sqrt(5) + 1, GoldenRatio - cbrt(2 + sqrt(5))]
)
def test_hidden_zeros(zero):
    assert from_sympy(zero) == from_sympy(sqrt(zero)) == from_sympy(sqrt(2) * zero) == 0
    with pytest.raises(ZeroDivisionError):
        from_sympy(1 / zero)


@given(golden_numbers())
def test_conjugates_are_told_apart(x):
    """Both roots of a quadratic come through the minimal polynomial, by an opaque cube root."""
    disguised = to_sympy(x) - to_sympy(PHI) + cbrt(2 + sqrt(5))
    assert from_sympy(disguised) == x


# -- domains and matrices -------------------------------------------------------------------


@given(golden_numbers(), golden_numbers())
def test_domain_elements(x, y):
    field = golden_domain()
    a, b = to_domain(x), to_domain(y)
    assert field.of_type(a)
    assert from_domain(a) == x
    assert from_domain(a * b + a) == x * y + x
    assert from_domain(a, field) == x
    assert field.from_sympy(to_sympy(x)) == a


def test_other_domains():
    other = sympy.QQ.algebraic_field((1 + sqrt(5)) / 2)
    assert from_domain(other.from_sympy(sqrt(5)), other) == SQRT5
    assert from_domain(sympy.ZZ(3), sympy.ZZ) == 3
    assert from_domain(sympy.QQ(1, 3), sympy.QQ) == GoldenExact("1/3")
    with pytest.raises(TypeError, match="belong to QQ<sqrt"):
        from_domain(sympy.QQ.algebraic_field(sqrt(2)).one)
    with pytest.raises(TypeError, match="pass its domain"):
        from_domain(sqrt(5))
    root = sympy.QQ.algebraic_field(sqrt(2))
    with pytest.raises(NotGoldenError):
        from_domain(root.from_sympy(sqrt(2)), root)


@given(resonant_tensors(shape=(3, 3), bound=20))
def test_determinants_by_sympy(t):
    matrix = to_domain_matrix(t)
    assert_exact_equal(from_sympy(matrix), t)
    assert from_domain(matrix.det()) == np.linalg.det(t).item()
    assert_exact_equal(from_sympy(matrix * matrix), t @ t)


def test_domain_matrices_over_other_domains():
    matrix = DomainMatrix.from_list_sympy(2, 2, [[sqrt(5), 1], [0, GoldenRatio.expand(func=True)]])
    assert_exact_equal(from_sympy(matrix), [[SQRT5, 1], [0, PHI]])
    integers = DomainMatrix([[sympy.ZZ(1), sympy.ZZ(2)]], (1, 2), sympy.ZZ)
    assert_exact_equal(from_sympy(integers), [[1, 2]])


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0,), (1, 0, 2)])
def test_empty(shape):
    assert_exact_equal(from_sympy(to_sympy(ResonantTensor.zeros(shape))), np.zeros(shape, int))


def test_refusals():
    flux = ResonantTensor([[1]]).wake_flux()
    for convert in (to_sympy, to_domain_matrix):
        with pytest.raises(PhaseError, match=r"call \.crystallize\(\)"):
            convert(flux)
    with pytest.raises(ValueError, match="form must be one of sqrt5, phi"):
        to_sympy(PHI, form="golden")
    with pytest.raises(ValueError, match="two axes, got shape"):
        to_domain_matrix(ResonantTensor([1, 2]))
    with pytest.raises(TypeError):
        to_sympy(0.5)


# -- functions -------------------------------------------------------------------------------


@given(SMALL, SMALL)
def test_expressions_as_functions_are_exact(a, b):
    x, y = sympy.symbols("x y")
    half = GoldenExact("1/2")
    cases = [
        (x / 2, a / 2),
        (-3 * x / 2 + x**2 * y, -3 * a / 2 + a**2 * b),
        (sqrt(5) * x - GoldenRatio / 3, SQRT5 * a - PHI / 3),
        ((x - y) / sqrt(5) + Rational(1, 2), (a - b) / SQRT5 + half),
        (sympy.Abs(x) + sympy.Max(x, y), abs(a) + max(a, b)),
        (sqrt(x**2 / 4), abs(a) / 2),
        (Rational(2, 3) + 0 * x, GoldenExact("2/3")),
    ]
    for expression, expected in cases:
        f = lambdify((x, y), expression)
        assert f(a, b) == expected
        tensor = f(ResonantTensor([a, 1]), ResonantTensor([b, 2]))
        if expression.free_symbols:
            assert tensor.is_crystallized
            assert tensor[0].item() == expected
    assert lambdify([x], [x / 3, Rational(1, 3)])(a) == [a / 3, GoldenExact("1/3")]


def test_functions_refuse_what_is_not_exact():
    x = sympy.Symbol("x")
    with pytest.raises(TypeError, match="got a Float"):
        lambdify(x, 0.5 * x)
    for expression in (sqrt(2) * x, pi * x, I * x, exp(1) + x):
        with pytest.raises(NotGoldenError):
            lambdify(x, expression)
    with pytest.raises(TypeError):
        lambdify(x, sin(x))(ResonantTensor([1]))

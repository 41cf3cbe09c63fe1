"""Polynomials from text and from SymPy, against each other."""

import pytest
import sympy

from syntonic import PHI, SQRT5, GoldenExact
from syntonic.testing.expressions import from_sympy_expression, from_text, is_sympy

TEXTS = [
    ("x^2 - phi*x*y", lambda x, y: x**2 - PHI * x * y),
    ("(x + y)**3/φ", lambda x, y: (x + y) ** 3 / PHI),
    ("-x^2", lambda x, y: -(x**2)),
    ("2^3^2*x", lambda x, y: 512 * x),
    ("x^-0 + (1/2)^-2", lambda x, y: GoldenExact(5)),
    ("0.1*x - 1e-2*y", lambda x, y: x / 10 - y / 100),
    ("sqrt(5)*x + sqrt5*y - sqrt(phi + 1)", lambda x, y: SQRT5 * (x + y) - PHI),
    (" phi^-3 + +x - -y ", lambda x, y: PHI**-3 + x + y),
    ("1/x + x^-2 - (x - y)/(x + phi*y)", lambda x, y: 1 / x + x**-2 - (x - y) / (x + PHI * y)),
    ("(x/y)^-3*(2 - y/x)", lambda x, y: (y / x) ** 3 * (2 - y / x)),
    ("1_000*x", lambda x, y: 1000 * x),
]


@pytest.mark.parametrize(("text", "function"), TEXTS)
def test_text(text, function):
    f = from_text(text, ["x", "y"])
    for point in [(GoldenExact(2), PHI), (SQRT5, GoldenExact("-1/3"))]:
        assert f(point) == function(*point)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x y", "does not parse"),
        ("2x", "does not parse"),
        ("", "does not parse"),
        ("z + 1", "'z' is not understood; the names are phi, φ, sqrt5, x, y"),
        ("__import__('os')", "is not understood"),
        ("x.real", "is not understood"),
        ("x if 1 else y", "is not understood"),
        ("x < y", "is not understood"),
        ("'x'", "is not understood"),
        ("True", "is not understood"),
        ("1j*x", "is not understood"),
        ("x // 2", "is not understood"),
        ("sqrt(2)", "not a square"),
        ("sqrt(x)", "must be a number"),
        ("1/(x - x)", "ivision by zero"),
        ("0/(x - x)", "ivision by zero"),
        ("(y/x - y/x)^-1", "ivision by zero"),
        ("x^y", "must be a number"),
        ("x^(1/2)", "whole powers"),
        ("1/0", "ivision by zero"),
    ],
)
def test_what_is_no_polynomial(text, problem):
    with pytest.raises(ValueError, match=problem):
        from_text(text, ["x", "y"])


def test_sympy():
    x, y = sympy.symbols("x y")
    side = (x + sympy.GoldenRatio * y) ** 3 - sympy.cos(sympy.pi / 5) * x
    f = from_sympy_expression(side, ["y", "x"])
    g = from_text("(x + phi*y)^3 - phi/2*x", ["y", "x"])
    assert f.terms == g.terms
    assert from_sympy_expression(sympy.sqrt(5), []).value == SQRT5
    assert is_sympy(side)
    assert not is_sympy("x")


@pytest.mark.parametrize("text", ["sqrt(x)", "sin(x)", "2**x", "x/sin(x)"])
def test_sympy_expressions_that_are_no_rational_functions(text):
    with pytest.raises((ValueError, TypeError)):
        from_sympy_expression(sympy.sympify(text), ["x"])


def test_quotients_of_sympy():
    x, y = sympy.symbols("x y")
    f = from_sympy_expression(1 / x + sympy.sqrt(5) * y / (x - y) ** 2, ["x", "y"])
    for point in [(GoldenExact(2), PHI), (SQRT5, GoldenExact("-1/3"))]:
        u, v = point
        assert f(point) == 1 / u + SQRT5 * v / (u - v) ** 2


def test_sympy_coefficients_outside_the_field():
    x = sympy.Symbol("x")
    with pytest.raises(ValueError, match="must lie in Q"):
        from_sympy_expression(sympy.sqrt(2) * x, ["x"])
    with pytest.raises(TypeError, match="free symbols, got y"):
        from_sympy_expression(x * sympy.Symbol("y"), ["x"])

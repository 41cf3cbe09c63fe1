"""assert_identity: truths proved, falsehoods refuted by a true counterexample."""

import re

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, SQRT5, GoldenExact, ResonantTensor
from syntonic.testing import assert_identity, golden_numbers
from syntonic.testing.polynomial import Polynomial

CONJUGATE = 1 - PHI


def failure(*arguments, **options):
    with pytest.raises(AssertionError) as caught:
        assert_identity(*arguments, **options)
    return str(caught.value)


def factors(x):
    return (x - 1) * (x**2 + PHI * x + 1) * (x**2 + CONJUGATE * x + 1)


def test_every_kind_of_side():
    x = sympy.Symbol("x")
    sides = [
        "x^5 - 1",
        x**5 - 1,
        sympy.expand((x - 1) * (x**2 + sympy.GoldenRatio * x + 1))
        * (x**2 + 2 * sympy.cos(3 * sympy.pi / 5) * x + 1),
        factors,
        lambda x: [x**5 - 1][0],
    ]
    for lhs in sides:
        for rhs in sides:
            proof = assert_identity(lhs, rhs, "x")
            assert (proof.method, proof.points, str(proof)) == (
                "expansion",
                0,
                "proved by expansion",
            )
    assert "the sides differ" in failure(x**5 + 1, factors, [x])


def test_evaluation_says_what_it_rests_on():
    proof = assert_identity(factors, "x^5 - 1", "x", degree=5)
    assert str(proof) == "proved by evaluation at 6 points, for polynomials of total degree <= 5"
    proof = assert_identity(
        lambda x, y: (x - PHI * y) * (x - CONJUGATE * y),
        lambda x, y: x**2 - x * y - y**2,
        "x, y",
        degree={"y": 2, "x": 2},
    )
    assert (proof.method, proof.points) == ("evaluation", 9)
    assert proof.assumption == "for polynomials of degrees <= (2, 2)"
    assert str(assert_identity(lambda x: 1, "1", "x", degree=0)).count("point,") == 1


def test_the_number_of_calls():
    calls = []

    def lhs(x, y, z):
        calls.append((x, y, z))
        return (x + y + z) ** 3

    proof = assert_identity(lhs, lambda *v: sum(v) ** 3, "x y z", degree=3)
    assert proof.points == 20  # binomial(6, 3)
    assert len(set(calls)) == len(calls) == 20 + 1


def test_a_callable_without_a_degree_is_called_once_with_polynomials():
    calls = []
    assert_identity(lambda *v: calls.append(v) or v[0], "x", "x y")
    assert len(calls) == 1
    assert all(type(v) is Polynomial for v in calls[0])


@pytest.mark.parametrize(
    "branching",
    [
        lambda x: 0 if x == 0 else x,
        lambda x: abs(x),
        lambda x: x.galois_conjugate(),
        lambda x: ResonantTensor([x]).sum().item(),
        lambda x: -x if x < 0 else x,
    ],
)
def test_what_cannot_be_expanded_needs_a_degree(branching):
    with pytest.raises(TypeError, match=r"lhs cannot be expanded: .*state the degree"):
        assert_identity(branching, "x", "x")


def test_tensors_by_evaluation():
    """The characteristic polynomial annihilates the matrix (Cayley and Hamilton)."""

    def annihilated(a, b, c, d):
        m = ResonantTensor([[a, b], [c, d]])
        return m @ m - (a + d) * m + (a * d - b * c) * ResonantTensor.eye(2)

    zero = ResonantTensor.zeros((2, 2))
    proof = assert_identity(annihilated, lambda *_: zero, "a b c d", degree=2)
    assert proof.points == 15
    wrong = failure(annihilated, lambda *_: zero.at[1, 0].set(1), "a b c d", degree=2)
    assert "counterexample, for the element at index (1, 0):" in wrong


def test_arrays_by_expansion():
    def rotation(x, y):
        return np.array([[x, -y], [y, x]], dtype=object)

    def square(x, y):
        return rotation(x, y) @ rotation(x, y)

    assert_identity(
        square, lambda x, y: [[x * x - y * y, -2 * x * y], [2 * x * y, x * x - y * y]], "x y"
    )
    assert "index (0, 1)" in failure(square, lambda x, y: rotation(x * x - y * y, x * y), "x y")
    assert "one shape, got (2, 2) and ()" in failure(square, "x", "x y")
    assert "one shape, got (2, 2) and ()" in failure(square, "x", "x y", degree=2)


COUNTER = re.compile(
    r"x += (.*)\n +y += (.*)\n +lhs += (.*)\n +rhs += (.*)\n +lhs - rhs = (.*?)( ≈|$)"
)


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(0, 3)),
        golden_numbers(bound=9).filter(bool),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([None, 6, (3, 3)]),
)
def test_every_counterexample_is_one(terms, degree):
    difference = Polynomial(2, terms)

    def lhs(x, y):
        return x * y + sum(c * x**i * y**j for (i, j), c in terms.items())

    report = failure(lhs, lambda x, y: x * y, ["x", "y"], degree)
    x, y, left, right, gap = map(GoldenExact.parse, COUNTER.search(report).groups()[:5])
    assert left == lhs(x, y) != x * y == right
    assert gap == difference((x, y)) == left - right


@pytest.mark.parametrize("degree", range(1, 7))
def test_a_polynomial_that_vanishes_on_a_smaller_grid(degree):
    """It is 0 at all points for a degree one lower; the true degree finds it out."""
    from syntonic.testing.points import Degree

    roots = [p[0] for p in Degree(1, degree - 1).points()]

    def vanishing(x):
        out = 1
        for r in roots:
            out = out * (x - r)
        return out

    assert "counterexample" in failure(vanishing, "0", "x", degree=degree)
    assert "counterexample" in failure(vanishing, "0", "x")
    # The further point finds an understated degree here, too.
    assert "counterexample" in failure(vanishing, "0", "x", degree=degree - 1)


def test_conjugation_does_not_pass_for_a_polynomial():
    assert "counterexample" in failure(lambda x: x.galois_conjugate(), "x", "x", degree=1)
    assert "counterexample" in failure(abs, "x", "x", degree=3)


def test_binet_cassini_docagne():
    """With x = φᵐ and so on; the product of a power and its conjugate is (-1)ᵐ."""

    def fibonacci(x, y):
        return (x - y) / SQRT5

    def after(x, y):
        return (PHI * x - CONJUGATE * y) / SQRT5

    def cassini(x, y):
        before = (x / PHI - y / CONJUGATE) / SQRT5
        return after(x, y) * before - fibonacci(x, y) ** 2

    assert assert_identity(cassini, "x*y", "x y").method == "expansion"
    assert assert_identity(
        lambda u, v, x, y: fibonacci(u, v) * after(x, y) - after(u, v) * fibonacci(x, y),
        "(u*y - v*x)/sqrt5",
        "u v x y",
    )
    assert "counterexample" in failure(cassini, "-x*y", "x y", degree=2)


RATIONAL = [
    ("1/(x - phi) - 1/(x - 1 + phi)", "sqrt5/(x^2 - x - 1)", "x"),
    ("x/(1 - x - x^2)", "(1/(1 - phi*x) - 1/(1 + x/phi))/sqrt5", "x"),  # of Fibonacci's numbers
    ("(x^3 - y^3)/(x - y)", "x^2 + x*y + y^2", "x y"),
    ("1/(1 + 1/(1 + 1/x))", "(x + 1)/(2*x + 1)", "x"),
    (lambda x: x / x, 1, "x"),
    (lambda x, y: [1 / x + 1 / y, x], lambda x, y: [(x + y) / (x * y), x], "x y"),
    (1 / sympy.Symbol("x") + 1, "(1 + x)/x", "x"),
]


@pytest.mark.parametrize(("lhs", "rhs", "variables"), RATIONAL)
def test_rational_functions(lhs, rhs, variables):
    proof = assert_identity(lhs, rhs, variables)
    assert str(proof) == "proved by expansion, where no denominator is 0"


@pytest.mark.parametrize(
    ("lhs", "rhs"), [("1/x", "1/(x + 1)"), ("x/(x - phi)", "1"), ("1/(x*(x - phi)*(x^2 - 1))", "0")]
)
def test_false_identities_of_rational_functions_fail_at_a_point_without_poles(lhs, rhs):
    text = failure(lhs, rhs, "x")
    shown = dict(re.findall(r"^ +(x|lhs|rhs) += (.+)", text, re.M))
    x = GoldenExact.parse(shown["x"])
    for name, side in (("lhs", lhs), ("rhs", rhs)):
        value = eval(side.replace("^", "**"), {"x": x, "phi": PHI})
        assert GoldenExact.parse(shown[name]) == value


def test_quotients_are_not_evaluated_beside_callables():
    with pytest.raises(ValueError, match="must have no denominator where a degree is stated"):
        assert_identity("1/x", lambda x: x, "x", degree=1)
    assert_identity("1/x", "x^-1", "x", degree=1)


def test_refusals():
    with pytest.raises(ValueError, match="rhs has a term beyond total degree <= 4"):
        assert_identity(factors, "x^5 - 1", "x", degree=4)
    with pytest.raises(TypeError, match="lhs must be a string"):
        assert_identity(None, "x", "x")
    with pytest.raises(TypeError, match="must give exact numbers, got float"):
        assert_identity(lambda x: 0.5, "x", "x", degree=1)
    with pytest.raises(TypeError, match="must give exact numbers, got float"):
        assert_identity(lambda x: 0.5, "x", "x")
    for bad in ("phi", "x x", "2x", ["a b"]):
        with pytest.raises(ValueError, match="variables must be different names"):
            assert_identity("1", "1", bad)


def test_errors_of_a_callable_say_where():
    with pytest.raises(ZeroDivisionError) as caught:
        assert_identity(lambda x: 1 / x, "x", "x", degree=1)
    assert caught.value.__notes__ == ["assert_identity: lhs was called at (0)"]


def test_no_variables():
    assert_identity("phi^2", sympy.GoldenRatio + 1, "")
    assert "lhs       = φ\n" in failure("phi", 1, [])

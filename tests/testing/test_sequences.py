"""Identities in n: the books' are proved, near misses fail where brute force says so."""

import re
from itertools import product

import pytest

from syntonic import PHI, SQRT5, GoldenExact
from syntonic.integers import fibonacci, lucas
from syntonic.testing import assert_identity, assert_sequence_identity

TRUE = [
    ("F(n)", "(phi^n - (-1/phi)^n)/sqrt5", "n"),  # Binet
    ("F(n)", "(phi^n - (1 - phi)^n)/sqrt5", "n"),
    ("L(n)", "phi^n + (1 - phi)^n", "n"),
    ("F(n-1)*F(n+1) - F(n)^2", "(-1)^n", "n"),  # Cassini
    ("F(n)^2 - F(n+r)*F(n-r)", "(-1)^(n-r)*F(r)^2", "n r"),  # Catalan
    ("F(m)*F(n+1) - F(m+1)*F(n)", "(-1)^n*F(m-n)", "m n"),  # d'Ocagne
    ("F(n+i)*F(n+j) - F(n)*F(n+i+j)", "(-1)^n*F(i)*F(j)", "n i j"),  # Vajda
    ("F(m+n)", "F(m)*F(n+1) + F(m-1)*F(n)", "m n"),
    ("L(n)^2", "5*F(n)^2 + 4*(-1)^n", "n"),
    ("F(2*n)", "F(n)*L(n)", "n"),
    ("F(3*n)", "F(n)*(L(2*n) + (-1)^n)", "n"),
    ("phi^n", "(L(n) + F(n)*sqrt5)/2", "n"),
    ("phi^n", "F(n)*phi + F(n-1)", "n"),
    ("F(-n)", "-(-1)^n*F(n)", "n"),
    ("L(2*n) - 2*(-1)^n", "5*F(n)^2", "n"),
    ("F(n+100)", "F(100)*F(n+1) + F(99)*F(n)", "n"),
    ("(n+1)*F(n+2) - n*F(n+1) - F(n+1)", "(n+1)*F(n)", "n"),
    ("(-1)^(2*n)", "1", "n"),
    ("phi^(-3*n+2)*phi^(3*n)", "phi + 1", "n"),
    ("(-phi^2)^n", "(-1)^n*phi^(2*n)", "n"),
    ("F(n)^3", "(F(3*n) - 3*(-1)^n*F(n))/5", "n"),
]
WITH_POLES = [
    ("F(2*n)/F(n)", "L(n)", "n"),
    ("F(n+1)/F(n) - F(n)/F(n-1)", "-(-1)^(n-1)/(F(n)*F(n-1))", "n"),
    ("1/n - 1/(n+1)", "1/(n*(n+1))", "n"),
]
FALSE = [
    ("F(n-1)*F(n+1) - F(n)^2", "1", "n"),  # for even n alone
    ("F(n)", "n", "n"),  # at 0, 1 and 5
    ("F(m+n)", "F(m)*F(n)", "m n"),
    ("L(n)", "phi^n", "n"),
    ("F(n)^2 - F(n+r)*F(n-r)", "(-1)^n*F(r)^2", "n r"),
    ("1/F(n)", "F(n)", "n"),  # and a pole at 0
    ("(n-1)*n*(n+1)*(n-2)*F(n)", "0", "n"),
    ("phi^n", "phi^m", "m n"),
]


def value(side, names, numbers):
    scope = {"F": fibonacci, "L": lucas, "phi": PHI, "sqrt5": SQRT5}
    scope |= {name: GoldenExact(n) for name, n in zip(names.split(), numbers, strict=True)}
    scope |= {key: (lambda f: lambda k: GoldenExact(f(int(k))))(scope[key]) for key in "FL"}
    # Whole numbers stay exact in a quotient, and so do powers of -1.
    text = re.sub(r"\b\d+\b", lambda match: f"G({match[0]})", side.replace("^", "**"))
    return eval(text, {**scope, "G": GoldenExact})


@pytest.mark.parametrize(("lhs", "rhs", "names"), TRUE + WITH_POLES)
def test_true_identities_are_proved_and_true(lhs, rhs, names):
    proof = str(assert_sequence_identity(lhs, rhs, names))
    assert proof.startswith("proved by expansion in φ^")
    assert proof.endswith("where no denominator is 0") == ((lhs, rhs, names) in WITH_POLES)
    for numbers in product(range(-4, 5), repeat=len(names.split())):
        try:
            assert value(lhs, names, numbers) == value(rhs, names, numbers)
        except ZeroDivisionError:
            assert (lhs, rhs, names) in WITH_POLES


@pytest.mark.parametrize(("lhs", "rhs", "names"), FALSE)
def test_false_identities_fail_at_integers(lhs, rhs, names):
    with pytest.raises(AssertionError, match="the sides differ") as caught:
        assert_sequence_identity(lhs, rhs, names)
    shown = dict(re.findall(r"^ +(\w+) += (.+?)(?: ≈ .*)?$", str(caught.value), re.M))
    numbers = [int(shown[name]) for name in names.split()]
    sides = [value(side, names, numbers) for side in (lhs, rhs)]
    assert sides[0] != sides[1]
    assert [GoldenExact.parse(shown[name]) for name in ("lhs", "rhs")] == sides


@pytest.mark.parametrize(
    ("side", "problem"),
    [
        ("2^n", "only units"),
        ("n^n", "only units"),
        ("phi^(n^2)", "must be a sum of indices and integers"),
        ("phi^(n*m)", "must be a sum"),
        ("F(phi*n)", "must be a sum"),
        ("F(n/2)", "must be a sum"),
        ("F(F(n))", "must be a sum"),
        ("F(1/n)", "must be a sum"),
        ("F(20000*n)", "multiples of at most 10000, got 20000"),
        ("F(n, m)", "is not understood"),
        ("F", "is not understood"),
        ("G(n)", "is not understood"),
        ("n^(1/2)", "whole powers"),
        ("F(n", "does not parse"),
        ("1/(n - n)", "division by zero"),
    ],
)
def test_what_is_no_side(side, problem):
    with pytest.raises(ValueError, match=f"must be built of F, L, powers.*{problem}"):
        assert_sequence_identity(side, "0", "n m")


def test_refusals():
    with pytest.raises(TypeError, match="lhs must be a string"):
        assert_sequence_identity(1, "1")
    for bad in ("F", "phi", "n n", "2n"):
        with pytest.raises(ValueError, match="variables must be different names"):
            assert_sequence_identity("1", "1", bad)
    for count in (0, 7):
        with pytest.raises(ValueError, match="there must be 1 to 6 indices"):
            assert_sequence_identity("1", "1", [f"n{k}" for k in range(count)])
    assert_identity("F", "F", "F")  # where it is a name as any other

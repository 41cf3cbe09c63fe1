"""Sage's numbers beside ours, and the way there and back, as docs/interchange.md has it.

Most needs no Sage: its rationals are played by a class of their manners, and the text that it would
evaluate is evaluated by SymPy, whose grammar of such expressions is the same but for ^.
"""

import numbers
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given

from syntonic import PHI, GoldenExact, ResonantTensor, identify, linalg, recover, snap
from syntonic.interop.sympy import from_sympy
from syntonic.testing import golden_numbers


class Rational:
    """A rational number whose numerator and denominator are methods, as Sage's are."""

    def __init__(self, value):
        self.value = Fraction(value)

    def numerator(self):
        return self.value.numerator

    def denominator(self):
        return self.value.denominator


numbers.Rational.register(Rational)


def test_rationals_with_methods():
    half, two = Rational("1/2"), Rational(2)
    assert GoldenExact(half, two) == GoldenExact("1/2", 2)
    assert PHI + half == half + PHI == GoldenExact("1/2", 1)
    assert two != PHI
    assert half < PHI < two
    t = ResonantTensor([half, PHI])
    assert t.tolist() == [Fraction(1, 2), PHI]
    assert (two * t).tolist() == [1, 2 * PHI]
    assert identify(half) == Fraction(1, 2)
    assert snap([half], window=half, denominator=2).tensor.tolist() == [Fraction(1, 2)]


def to_sage(x):
    """As docs/interchange.md has it."""
    return f"{x.a} + ({x.b})*phi"


@given(golden_numbers())
def test_there_and_back(x):
    there = sympy.sympify(to_sage(x), locals={"phi": sympy.GoldenRatio}, rational=True)
    assert from_sympy(there) == x
    assert GoldenExact.parse(to_sage(x)) == x


def test_what_sage_prints():
    """Powers of the generator first, 1*phi as phi."""
    for text, value in {
        "-5*phi + 3/2": GoldenExact("3/2", -5),
        "phi": PHI,
        "-phi - 1": -PHI - 1,
        "1/2*phi + 1": PHI / 2 + 1,
        "-7/3": GoldenExact("-7/3"),
        "0": GoldenExact(0),
    }.items():
        assert GoldenExact.parse(text) == value


@pytest.mark.campaign
def test_sage_itself():
    sage = pytest.importorskip("sage.all", reason="Sage is gigabytes, and seldom there")
    x = sage.polygen(sage.QQ)
    field = sage.NumberField(x**2 - x - 1, "phi", embedding=sage.RR(1.6))
    phi, one, half = field.gen(), sage.Integer(1), sage.QQ((1, 2))
    assert PHI + one == one + PHI == GoldenExact(1, 1)
    assert one < PHI != one
    assert ResonantTensor([half, one]).tolist() == [Fraction(1, 2), 1]
    square = [["0.500", "0.809"], ["-0.500", "0.809"], ["-0.500", "-0.809"]]
    assert recover(square, max_denominator=100 * one).denominator == 2
    for other in (lambda: PHI + phi, lambda: phi * PHI, lambda: GoldenExact(phi)):
        with pytest.raises(TypeError):
            other()
    draw = np.random.default_rng(1)
    for bound in (3, 10**6, 10**18):
        p, q, d, e = (int(n) for n in draw.integers(1, bound, 4))
        y = GoldenExact(Fraction(p, d), Fraction(-q, e))
        there = field([y.a, y.b])
        assert (
            there
            == sage.QQ((p, d)) - sage.QQ((q, e)) * phi
            == sage.sage_eval(to_sage(y), {"phi": phi})
        )
        assert GoldenExact(*there.list()) == GoldenExact.parse(str(there)) == y
    t = ResonantTensor.random_lattice((5, 5), bound=9, seed=1) / 3
    matrix = sage.matrix(field, [[field([y.a, y.b]) for y in row] for row in t.tolist()])
    for theirs, ours in ((matrix * matrix, t @ t), (matrix.inverse(), linalg.inv(t))):
        assert ours.tolist() == [[GoldenExact(*y.list()) for y in row] for row in theirs]

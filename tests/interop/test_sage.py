"""Numbers as Sage writes and reads them, with K.<phi> = NumberField(x^2 - x - 1): by their text.

Sage is not needed: what it would evaluate is evaluated here by SymPy, whose grammar of such
expressions is the same but for ^.
"""

import sympy
from hypothesis import given

from syntonic import PHI, GoldenExact
from syntonic.interop.sympy import from_sympy
from syntonic.testing import golden_numbers


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

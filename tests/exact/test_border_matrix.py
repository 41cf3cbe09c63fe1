"""Each operation × each foreign type × each side: an exact value, the other's, or a TypeError.

What other libraries compute by themselves is theirs, and listed; nothing becomes a float unseen.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import flint
import gmpy2
import mpmath
import numpy as np
import pytest
import sympy

from syntonic import PHI, SQRT5, GoldenExact, ResonantTensor

try:
    from cypari import pari
except ImportError:  # PARI is another library
    pari = Fraction

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "divmod": divmod,
    "**": operator.pow,
}
ORDER: dict[str, Callable[..., Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

EXACT = {
    "int": 3,
    "bool": True,
    "Fraction": Fraction(3, 2),
    "mpz": gmpy2.mpz(-3),
    "mpq": gmpy2.mpq(3, 2),
    "fmpz": flint.fmpz(3),
    "fmpq": flint.fmpq(-3, 2),
    "int8": np.int8(3),
    "uint64": np.uint64(3),
    "numpy.bool": np.True_,
}
FLOATS = {
    "float": 1.5,
    "float64": np.float64(1.5),
    "float32": np.float32(1.5),
    "float16": np.float16(1.5),
    "longdouble": np.longdouble(1.5),
    "mpfr": gmpy2.mpfr(1.5),
    "Decimal": Decimal("1.5"),
}
COMPLEX = {"complex": 1.5 + 0j, "complex128": np.complex128(1.5), "mpc": gmpy2.mpc(1.5)}
UNKNOWN = {
    "str": "3", "None": None, "dict": {}, "object": object(), "arb": flint.arb(1.5),
    "PARI": pari("3/2") if pari is not Fraction else None,
}  # fmt: skip
SYMPY = {
    "Integer": sympy.Integer(3),
    "Rational": sympy.Rational(-3, 2),
    "sqrt": sympy.sqrt(5),
    "GoldenRatio": sympy.GoldenRatio,
}
NUMBERS = (PHI, GoldenExact("3/2"), GoldenExact(3), GoldenExact(-2, 1))
SIDES = ("left", "right")


def applied(f: Callable[..., Any], x: Any, other: Any, side: str) -> Any:
    return f(x, other) if side == "left" else f(other, x)


def fraction(x: Any) -> Fraction:
    if isinstance(x, flint.fmpq):
        return Fraction(int(x.p), int(x.q))
    return Fraction(int(x)) if isinstance(x, flint.fmpz | np.bool_) else Fraction(str(x).lower())


def outcome(f: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, or the kind of its error."""
    try:
        return f(*args)
    except Exception as error:
        return type(error)


def parts(x: Any) -> list[Any]:
    return [p for each in (x if isinstance(x, tuple) else (x,)) for p in np.ravel(np.asarray(each))]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", EXACT)
def test_exact_numbers_give_exact_numbers(kind, side):
    other = EXACT[kind]
    plain = Fraction(int(other)) if "bool" in kind else fraction(other)
    for x in NUMBERS:
        for symbol, f in {**ARITHMETIC, **ORDER}.items():
            known = f if symbol in ORDER else getattr(GoldenExact, f"__{f.__name__}__")
            value = outcome(applied, f, x, other, side)
            if symbol in ORDER:
                assert bool(value) == applied(known, x, plain, side)
            else:
                pair = (x, GoldenExact(plain)) if side == "left" else (GoldenExact(plain), x)
                expected = outcome(known, *pair)
                if symbol == "**" and side == "right" and kind == "Fraction":
                    assert value is TypeError or value == expected  # Fraction rounds its base
                    continue
                assert value == expected, (x, symbol)
                assert isinstance(value, (GoldenExact, int, tuple, type))
            t = ResonantTensor([x])
            there = outcome(applied, f, t, other, side)
            if not isinstance(there, type):
                assert parts(there) == parts(value), (x, symbol)
                assert isinstance(there, (ResonantTensor, tuple, np.ndarray))
        if x == other:
            assert hash(x) == hash(other)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", [*FLOATS, *COMPLEX])
@pytest.mark.parametrize("symbol", ARITHMETIC)
def test_floats_are_refused_with_a_remedy(kind, symbol, side):
    other = {**FLOATS, **COMPLEX}[kind]
    with pytest.raises(TypeError) as caught:
        applied(ARITHMETIC[symbol], PHI, other, side)
    if kind != "mpc":  # of which nothing is known here
        assert "takes exact numbers, got" in str(caught.value)
        assert any(word in str(caught.value) for word in ("from_float_exact", "Fraction(x)"))
    for t in (ResonantTensor([PHI]), ResonantTensor([PHI, 2]), ResonantTensor(PHI)):
        with pytest.raises(TypeError):
            applied(ARITHMETIC[symbol], t, other, side)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", FLOATS)
def test_floats_compare_at_their_exact_value(kind, side):
    other = FLOATS[kind]
    for x in NUMBERS:
        for f in ORDER.values():
            assert applied(f, x, other, side) == applied(f, x, Fraction(3, 2), side)
    assert hash(GoldenExact("3/2")) == hash(other)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", COMPLEX)
def test_complex_numbers_have_no_order(kind, side):
    for symbol in ("<", "<=", ">", ">="):
        with pytest.raises(TypeError):
            applied(ORDER[symbol], PHI, COMPLEX[kind], side)
    assert applied(operator.eq, PHI, COMPLEX[kind], side) is False


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_is_unknown_is_a_type_error_and_unequal(kind, side):
    other = UNKNOWN[kind]
    for x in (PHI, ResonantTensor([PHI]), ResonantTensor([PHI, 2])):
        for symbol, f in {**ARITHMETIC, **ORDER}.items():
            if symbol in ("==", "!="):
                assert applied(f, x, other, side) is (symbol == "!=")
            elif not (kind == "str" and symbol == "%" and side == "right"):  # formatting
                with pytest.raises(TypeError):
                    applied(f, x, other, side)


def test_what_pari_and_arb_know_of_equality():
    if pari is not Fraction:
        assert (pari("3/2") == GoldenExact("3/2")) in (True, False)  # PARI reads the text
    assert flint.arb(2) != GoldenExact(2)  # a ball is no number


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_mpmath_computes_at_its_precision(symbol, side):
    with mpmath.workdps(50):
        x, y = mpmath.phi, mpmath.mpf("1.5")
        expected = applied(ARITHMETIC[symbol], +x, y, side)
        assert mpmath.almosteq(applied(ARITHMETIC[symbol], PHI, y, side), expected, 1e-48)
        assert type(applied(ARITHMETIC[symbol], PHI, y, side)) is mpmath.mpf
        assert type(applied(ARITHMETIC[symbol], PHI, mpmath.mpc(y), side)) is mpmath.mpc
    with pytest.raises(TypeError):
        applied(ARITHMETIC[symbol], ResonantTensor([PHI]), mpmath.mpf(2), side)


def test_gmpy2_takes_none_of_them_for_its_own():
    """An object with __mpfr__ or __mpq__ would make ``mpz * PHI`` a float."""
    for call in (gmpy2.mpfr, gmpy2.mpq, gmpy2.sqrt):
        for x in (PHI, GoldenExact(4), ResonantTensor([4]), ResonantTensor(4)):
            assert outcome(call, x) is TypeError
    for x in (PHI, ResonantTensor([PHI])):
        assert not any(hasattr(x, f"__mp{kind}__") for kind in ("z", "q", "fr", "c"))


# -- SymPy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", SYMPY)
@pytest.mark.parametrize("symbol", ["+", "-", "*", "/"])
def test_sympy_is_exact_on_either_side(kind, symbol, side):
    """With its rationals on the right the result is ours, elsewhere an expression of SymPy's."""
    from syntonic.interop.sympy import from_sympy

    other = SYMPY[kind]
    for x in NUMBERS:
        value = applied(ARITHMETIC[symbol], x, other, side)
        assert isinstance(value, (GoldenExact, sympy.Expr))
        assert not (isinstance(value, sympy.Expr) and value.has(sympy.Float))
        assert (type(value) is GoldenExact) == (side == "left" and other.is_Rational)
        exact = value if isinstance(value, GoldenExact) else from_sympy(value)
        assert exact == applied(ARITHMETIC[symbol], x, from_sympy(other), side)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("symbol", [*ARITHMETIC, *ORDER])
@pytest.mark.parametrize("kind", [*SYMPY, "Float"])
def test_tensors_beside_sympy_are_exact_or_refused(kind, symbol, side):
    """One element, too, which SymPy would take for a float."""
    other = {**SYMPY, "Float": sympy.Float(1.5)}[kind]
    f = {**ARITHMETIC, **ORDER}[symbol]
    for t in (ResonantTensor([PHI]), ResonantTensor(PHI), ResonantTensor([PHI, 3])):
        value = outcome(applied, f, t, other, side)
        if symbol == "!=" and side == "right":
            continue  # SymPy's "not x == y", which asks an array for its truth
        if other.is_Rational and not isinstance(value, type):
            plain = Fraction(int(other.p), int(other.q))
            assert parts(value) == parts(applied(f, t, plain, side))
        else:
            refused = isinstance(value, type) and issubclass(value, TypeError)
            assert refused or value is (symbol == "!="), value
    with pytest.raises(sympy.SympifyError, match="to_sympy converts it"):
        sympy.sympify(ResonantTensor([PHI]))


def test_equal_means_equal_hashes_but_for_sympys_own():
    """SymPy's fractions equal Python's, and hash otherwise: nothing to mend on this side."""
    assert sympy.Rational(3, 2) == Fraction(3, 2) == GoldenExact("3/2")
    assert hash(sympy.Integer(3)) == hash(GoldenExact(3))
    assert sympy.sqrt(5) == SQRT5

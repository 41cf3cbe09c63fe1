"""Writing numbers: expressions, decimals against isqrt and against Python's own floats, LaTeX."""

import math
import sys
from fractions import Fraction
from math import isqrt

import mpmath
import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact.golden import PHI, PHI_INV, SQRT5, GoldenExact

small = st.fractions(max_denominator=99).filter(lambda x: abs(x) < 10**4)
huge = st.builds(Fraction, st.integers(-(10**60), 10**60), st.integers(1, 10**20))
goldens = st.builds(GoldenExact, st.one_of(small, huge), st.one_of(small, huge))
finite = st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)  # no -0.0

EXPRESSIONS = {
    "0": (0, 0),
    "-3/2": ("-3/2", 0),
    "φ": (0, 1),
    "-φ": (0, -1),
    "5φ": (0, 5),
    "-1/2φ": (0, "-1/2"),
    "1 + φ": (1, 1),
    "1 - φ": (1, -1),
    "3/2 - 5φ": ("3/2", -5),
    "-3/2 + 2/3φ": ("-3/2", "2/3"),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_str(text):
    x = GoldenExact(*EXPRESSIONS[text])
    assert str(x) == f"{x}" == text
    assert GoldenExact.parse(text) == x


@given(goldens)
def test_text_round_trips(x):
    assert GoldenExact.parse(str(x)) == x
    assert eval(repr(x), {"GoldenExact": GoldenExact}) == x


def test_repr():
    assert repr(GoldenExact("3/2", -5)) == "GoldenExact('3/2', -5)"
    assert repr(GoldenExact(3)) == "GoldenExact(3)"
    assert repr(GoldenExact("1/2")) == "GoldenExact('1/2')"
    assert repr(PHI) == "GoldenExact(0, 1)"
    assert repr(np.array([PHI], dtype=object)) == "array([GoldenExact(0, 1)], dtype=object)"


def test_numbers_beyond_pythons_limit_on_digits():
    x = PHI**100_000
    assert len(str(x)) > 4 * sys.get_int_max_str_digits()
    assert eval(repr(x), {"GoldenExact": GoldenExact}) == x
    assert len(f"{x:f}") == 20_899 + 7
    assert len(f"{PHI:.9000f}") == 9002


LATEX = {
    "0": (0, 0),
    r"\varphi": (0, 1),
    r"-\varphi": (0, -1),
    r"-\frac{3}{2}": ("-3/2", 0),
    r"\frac{3}{2} - 5\varphi": ("3/2", -5),
    r"-1 + \frac{2}{3}\varphi": (-1, "2/3"),
}


@pytest.mark.parametrize("text", LATEX)
def test_latex(text):
    x = GoldenExact(*LATEX[text])
    assert format(x, "latex") == text
    assert x._repr_latex_() == f"${text}$"


# Decimals


def digits_of_phi(places):
    """⌊φ·10^places⌋ from one integer square root."""
    return (10**places + isqrt(5 * 100**places)) // 2


def test_digits_of_phi():
    assert PHI.to_decimal(50) == "1.6180339887498948482045868343656381177203091798058"
    for digits in (1, 2, 10, 333, 1000):
        expected = str((digits_of_phi(digits) + 5) // 10)
        expected = expected[0] + "." * (digits > 1) + expected[1:]
        assert PHI.to_decimal(digits) == expected
        assert format(PHI, f".{digits - 1}f") == expected
    assert format(PHI_INV, ".50f") == "0" + format(PHI, ".50f")[1:]


@given(goldens.filter(bool), st.integers(1, 60))
def test_to_decimal_against_high_precision(x, digits):
    text = x.to_decimal(digits)
    with mpmath.workdps(300):
        a, b = (mpmath.mpf(int(c.numerator)) / int(c.denominator) for c in (x.a, x.b))
        unit = mpmath.mpf(10) ** (int(mpmath.floor(mpmath.log10(abs(a + b * mpmath.phi)))) + 1)
        error = abs(mpmath.mpf(text) - (a + b * mpmath.phi))
        assert error <= unit / mpmath.mpf(10) ** digits * (0.5 + 1e-30)
    mantissa = text.lstrip("-").partition("e")[0].replace(".", "").lstrip("0")
    assert len(mantissa) == digits


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        (GoldenExact(0), 1, "0"),
        (GoldenExact(0), 3, "0.00"),
        (GoldenExact("1/2"), 3, "0.500"),
        (GoldenExact("-1/2"), 3, "-0.500"),
        (GoldenExact(123), 3, "123"),
        (GoldenExact(123), 2, "1.2e+02"),
        (GoldenExact(125), 2, "1.2e+02"),
        (GoldenExact(135), 2, "1.4e+02"),
        (GoldenExact("19999/2"), 4, "1.000e+04"),
        (GoldenExact("9999/10000"), 3, "1.00"),
        (GoldenExact("1/1000000"), 2, "0.0000010"),
        (GoldenExact("1/10000000"), 2, "1.0e-07"),
        (PHI**-100, 5, "1.2625e-21"),
        (-(PHI**100), 5, "-7.9207e+20"),
        (PHI**1_000_000, 3, "4.37e+208987"),
    ],
)
def test_to_decimal(x, digits, text):
    assert x.to_decimal(digits) == text


def test_to_decimal_where_the_digits_hang_on_a_hair():
    # 1 ± φ^-400: the difference shows at the 84th digit.
    for direction, start in ((1, "1." + "0" * 83), (-1, "0." + "9" * 83)):
        x = 1 + direction * PHI**-400
        assert x.to_decimal(100).startswith(start)
        assert x.to_decimal(80) == "1." + "0" * 79


@pytest.mark.parametrize("digits", [0, -1, 10**9])
def test_to_decimal_refuses(digits):
    with pytest.raises(ValueError, match="digits must be between 1 and"):
        PHI.to_decimal(digits)


specifications = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "<", ">", "=", "^", "*<", "0>", "x=", "φ^", "<<"]),
        st.sampled_from(["", "+", "-", " "]),
        st.sampled_from(["", "z"]),
        st.sampled_from(["", "#"]),
        st.sampled_from(["", "0"]),
        st.sampled_from(["", "1", "7", "12", "13", "14", "15", "40"]),
        st.sampled_from(["", ",", "_"]),
        st.sampled_from(["", ".0", ".1", ".3", ".17", ".30"]),
        st.sampled_from("eEfFgG%"),
    ),
)


@given(st.one_of(finite, st.integers(-(10**6), 10**6).map(lambda n: n / 64)), specifications)
@examples(600)
def test_format_of_a_double_is_that_of_a_float(x, spec):
    if spec.endswith("%"):  # Python rounds 100x to a double first: take an x where it is one
        x = int(math.fmod(x, 2.0**30)) / 64
    assert format(GoldenExact.from_float_exact(x), spec) == format(x, spec)


def test_format_of_irrationals():
    assert f"{PHI:.50f}" == "1.61803398874989484820458683436563811772030917980576"
    assert f"{1000 * SQRT5:,.3f}" == "2,236.068"
    assert f"{-PHI_INV:.3e}" == "-6.180e-01"
    assert f"{PHI**1_000_000:.3g}" == "4.37e+208987"
    assert f"{-(PHI**-40):.3f}" == "-0.000"
    assert f"{-(PHI**-40):z.3f}" == "0.000"
    assert f"{PHI:.2%}" == "161.80%"
    assert f"{PHI:.3}" == "1.62"


def test_format_without_a_type_aligns_the_expression():
    x = GoldenExact(1, -2)
    assert f"{x:10}|" == "1 - 2φ    |"
    assert f"{x:*>10}" == "****1 - 2φ"
    assert f"{x:^9}" == " 1 - 2φ  "


@pytest.mark.parametrize(
    "spec", ["d", "x", "s", "n", "5.f", "latex2", ",", "+", "010", ".999999999f", "é", "٣f"]
)
def test_bad_formats(spec):
    with pytest.raises(ValueError, match='a format must be "latex"'):
        format(PHI, spec)


def test_doubles_agree_with_the_decimals():
    for n in range(-60, 60):
        x = PHI**n
        assert float(x.to_decimal(25)) == float(x) == math.copysign(float(f"{x:.20e}"), 1)

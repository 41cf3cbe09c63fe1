"""Reading numbers from text: the grammar, the errors, and hostile input."""

import random

import pytest
from effort import at_most
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact.golden import PHI, PHI_INV, SQRT5, GoldenExact
from syntonic.exact.parser import parse

GOOD = {
    "0": GoldenExact(0),
    "phi": PHI,
    " φ ": PHI,
    "ϕ": PHI,
    "5φ": 5 * PHI,
    "3/2 - 5phi": GoldenExact("3/2", -5),
    "φ^-3": PHI**-3,
    "φ**-3": PHI**-3,
    "φ⁻³": PHI**-3,
    "2φ²": 2 * PHI**2,
    "φ¹²": PHI**12,
    "(1+sqrt5)/2": PHI,
    "(1 + sqrt( 5 )) / 2": PHI,
    "(1+√5)/2": PHI,
    "2 + 3*√5": 2 + 3 * SQRT5,
    "2 + 3√5": 2 + 3 * SQRT5,
    "√5φ": SQRT5 * PHI,
    "√5^2": GoldenExact(5),
    "√(6 + 2√5)": 2 * PHI,
    "√√16": GoldenExact(2),
    "1/φ": PHI_INV,
    "1/2φ": PHI / 2,
    "1/(2φ)": 1 / (2 * PHI),
    "6/3/2": GoldenExact(1),
    "6/3*2": GoldenExact(4),
    "6/3(2)": GoldenExact(4),
    "10 - 4 - 3": GoldenExact(3),
    "2^3^2": GoldenExact(512),
    "-φ^2": -(PHI**2),
    "(-φ)^2": PHI**2,
    "2^-2": GoldenExact("1/4"),
    "2^(1+1)": GoldenExact(4),
    "2^φ^0": GoldenExact(2),
    "--3": GoldenExact(3),
    "+-+3": GoldenExact(-3),
    "2 - -3": GoldenExact(5),
    "2*-3": GoldenExact(-6),
    "12/-6": GoldenExact(-2),
    "− 3·φ × 2": -6 * PHI,
    "(φ)(φ)": PHI**2,
    "φ(1 + φ)": PHI**3,
    "φφ": PHI**2,
    "1.25": GoldenExact("5/4"),
    ".5φ": PHI / 2,
    "3.": GoldenExact(3),
    "1.50e-2": GoldenExact("3/200"),
    "2E3φ": 2000 * PHI,
    "0^0": GoldenExact(1),
    "(-1)^99999999999999999999": GoldenExact(-1),
    "\t1\n+\xa0φ\u2009": 1 + PHI,
    "0.1 + 0.2 - 0.3": GoldenExact(0),
    "3/2 - 5φ + φ^-3": GoldenExact("-3/2", -3),
    "½φ - ¾ + ⅒": GoldenExact("-13/20", "1/2"),
    "½^2": GoldenExact("1/4"),
    "τ + Φ + PHI": 3 * PHI,
}

# The text, the column (from 1) of the caret, and a word of the reason.
BAD = [
    ("", 1, "expected a number"),
    ("   ", 4, "expected a number"),
    ("3 + )", 5, "expected a number"),
    ("3 +", 4, "expected a number, φ, √ or"),
    ("(1 + φ", 1, "not closed"),
    ("2 * (1 + φ", 5, "not closed"),
    ("1)", 2, "expected an operator"),
    ("1 2", 3, "expected an operator"),
    ("phi5", 4, "expected an operator"),
    ("1.2.3", 4, "expected an operator"),
    ("3 * x", 5, "'x' has no meaning"),
    ("5e", 2, "'e' has no meaning"),
    ("tau", 1, "no meaning"),
    ("1,5", 2, "no meaning"),
    ("٣", 1, "no meaning"),
    ("1½", 2, "expected an operator"),
    ("Tau", 1, "no meaning"),
    ("__import__('os')", 1, "no meaning"),
    ("1 + 1/0", 6, "division by zero"),
    ("3/(φ - φ)", 2, "division by zero"),
    ("0^-1", 2, "division by zero"),
    ("0⁻¹", 2, "division by zero"),
    ("2^(1/2)", 2, "exponent must be an integer"),
    ("2^φ", 2, "exponent must be an integer"),
    ("1 + √2", 5, "square root is not in"),
    ("√-5", 2, "expected a number"),
    ("√(-5)", 1, "square root is not in"),
    ("2^", 3, "expected a number"),
    ("2²3", 3, "expected an operator"),
    ("1 */ 2", 4, "expected a number"),
    ("nan", 1, "no meaning"),
    ("1\x00", 2, "no meaning"),
]

HOSTILE = {
    "open parentheses": "(" * 90_000,
    "nested": "(" * 1000 + "1" + ")" * 1000,
    "four parentheses": "((((",
    "nested after others": "(1)+" * 100 + "(" * 51 + "1" + ")" * 51,
    "roots": "√" * 50_000 + "1",
    "exponents": "1^" * 40_000 + "1",
    "a million digits": "7" * 10**6,
    "tower": "9^9^9^9",
    "power": "φ^10000000000",
    "negative power": "(1+φ)^-99999999999999999999999",
    "huge exponent": "2^" + "9" * 90_000,
    "huge superscript": "φ" + "⁹" * 90_000,
    "decimal exponent": "1e999999999999",
    "negative decimal exponent": "1e-999999999999",
    "repeated powers": "9^99999*" * 10_000 + "1",
    "repeated sums of fractions": "1/(3^160000+φ)+" * 6000 + "1",
    "repeated quotients": "(9^160000+φ)/(7^160000+φ)/" * 3000 + "1",
    "repeated powers of powers": "((((2^9999)^9)^9)^9)^9",
    "long sum of fractions": "+".join(f"1/{n}" for n in range(3, 14_000)),
    "long words": "phi" * 30_000 + "x",
    "root of a large number": "√(9^80000+1)*" * 6000 + "1",
}


@pytest.mark.parametrize("text", GOOD)
def test_good(text):
    value = GoldenExact.parse(text)
    assert value == GOOD[text]
    assert value.numerators() == GOOD[text].numerators()


@pytest.mark.parametrize(("text", "column", "reason"), BAD)
def test_bad(text, column, reason):
    with pytest.raises(ValueError, match=r"^GoldenExact\.parse: ") as caught:
        GoldenExact.parse(text)
    first, shown, caret = str(caught.value).split("\n")
    assert reason in first
    assert first.endswith(f"at column {column}")
    assert shown[:4] == "    "
    assert caret == " " * (3 + column) + "^"
    if text.isprintable():
        assert shown[4:] == text


def test_a_long_text_is_shown_around_the_place():
    with pytest.raises(ValueError, match="column 2001") as caught:
        GoldenExact.parse("1+" * 1000 + "?" + "+1" * 1000)
    _, shown, caret = str(caught.value).split("\n")
    assert len(shown) < 90
    assert shown[caret.index("^")] == "?"


@pytest.mark.campaign
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_quickly(name):
    with pytest.raises(ValueError, match=r"^GoldenExact\.parse: ") as caught, at_most(calls=10**6):
        GoldenExact.parse(HOSTILE[name])
    assert len(str(caught.value)) < 400


@pytest.mark.campaign
def test_long_but_honest_input():
    assert GoldenExact.parse("1+" * 40_000 + "1") == 40_001
    assert GoldenExact.parse("-" * 90_000 + "1") == 1
    assert GoldenExact.parse("(1)+" * 100 + "(" * 50 + "φ" + ")" * 50) == 100 + PHI
    assert GoldenExact.parse("φ^100000") == PHI**100_000
    x = PHI**-100_000 / 7
    assert GoldenExact.parse(str(x)) == x
    digits = "".join(random.Random(1).choices("0123456789", k=20_000))
    assert GoldenExact.parse("0." + digits) * 10**20_000 == GoldenExact(digits)


@pytest.mark.parametrize("other", [None, 3, b"phi", ["phi"]])
def test_only_text_is_parsed(other):
    with pytest.raises(TypeError, match="text must be a str"):
        GoldenExact.parse(other)


@given(st.text(alphabet="0123456789.eφ√()+-*/^² ", max_size=25))
def test_any_text_gives_a_number_or_a_value_error(text):
    try:
        p, q, d = parse(text)
    except ValueError as error:
        assert str(error).startswith("GoldenExact.parse: ")  # noqa: PT017 (both outcomes are right)
    else:
        assert GoldenExact.from_numerators(p, q, d).numerators() == (p, q, d)


class Tracer:
    """An expression built both as text and as a value."""

    def __init__(self, text, value):
        self.text, self.value = text, value


leaves = st.one_of(
    st.integers(0, 99).map(lambda n: Tracer(str(n), GoldenExact(n))),
    st.decimals(0, 9, places=3).map(lambda d: Tracer(str(d), GoldenExact(f"{int(d * 1000)}/1000"))),
    st.sampled_from([Tracer("φ", PHI), Tracer("√5", SQRT5), Tracer("phi", PHI)]),
)


def combine(children):
    def binary(x, y, symbol):
        value = {
            "+": lambda: x.value + y.value,
            "-": lambda: x.value - y.value,
            "*": lambda: x.value * y.value,
            "/": lambda: x.value / (y.value or GoldenExact(1)),
            "": lambda: x.value * y.value,
        }[symbol]()
        right = "1" if symbol == "/" and not y.value else y.text
        return Tracer(f"(({x.text}){symbol}({right}))", value)

    return st.one_of(
        st.builds(binary, children, children, st.sampled_from(["+", "-", "*", "/", ""])),
        st.builds(lambda x: Tracer(f"-({x.text})", -x.value), children),
        st.builds(lambda x: Tracer(f"(({x.text})^3)", x.value**3), children),
    )


@given(st.recursive(leaves, combine, max_leaves=8))
def test_expressions_mean_what_they_say(expression):
    assert GoldenExact.parse(expression.text) == expression.value

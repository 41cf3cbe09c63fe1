"""How an element of Q(φ) is read from text.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/" | nothing) signed)*
    signed  = ("+" | "-")* power
    power   = atom (("^" | "**") signed | superscript)?
    atom    = number | "½" | "phi" | "φ" | ("sqrt" | "√") atom | "(" sum ")"

"^" groups to the right and binds tighter than a sign before it; a product may leave out its sign
before φ, √ or a parenthesis and still groups to the left, so that 3/2φ is (3/2)φ, as it is
printed. Numbers are decimal and read exactly.

The input is not trusted: length, nesting, the size of a number and the total work are limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn
from unicodedata import normalize

from gmpy2 import mpz

from syntonic.exact.field import bit_bound, lowest, power, quotient, square_root
from syntonic.exact.operands import Triple
from syntonic.exact.pairs import multiply

__all__ = ["parse"]

_MAX_LENGTH = 100_000  # characters
_MAX_NESTING = 50
_MAX_BITS = 1 << 19  # of one number: 158 thousand digits
_MAX_WORK = 1 << 23  # bits of all intermediate results together

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_SYMBOLS = {"−": "-", "×": "*", "·": "*", "⋅": "*", "**": "^", "sqrt": "√"}
_SYMBOLS |= dict.fromkeys(("ϕ", "Φ", "τ", "phi", "PHI"), "φ")
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<superscript>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    rf"|(?P<vulgar>[{_VULGAR}])"
    r"|(?P<symbol>phi|PHI|sqrt|\*\*|[φϕΦτ√+\-−*×·⋅/^()])"
    r"|(?P<space>\s+)"
)


class _Token(NamedTuple):
    kind: str  # "number", "vulgar", "superscript", "end", or the symbol itself
    text: str
    column: int


def parse(text: str) -> Triple:
    """Read an element of Q(φ), such as "3/2 - 5phi", "φ^-3", "(1+sqrt5)/2" or "2 + 3*√5".

    Returns
    -------
    tuple of mpz
        (p, q, d) in lowest terms, d > 0, for (p + qφ)/d.

    Raises
    ------
    TypeError
        The text is not a str.
    ValueError
        The text breaks the grammar, leaves the field (√2, φ^(1/2)), divides by zero, or asks for
        too large a number. The message shows the text with a caret under the place.

    Notes
    -----
    Accepted beside the ASCII spellings: φ, ϕ, Φ and τ, √, −, ×, ·, superscripts such as φ⁻¹, and
    fractions of one character such as ½.

    Examples
    --------
    >>> [int(n) for n in parse("(1 + sqrt5)/2 - 1.25")]
    [-5, 4, 4]
    """
    if not isinstance(text, str):
        raise TypeError(f"GoldenExact.parse: text must be a str, got {type(text).__name__}")
    return _Parser(text).run()


class _Parser:
    """A recursive-descent parser that evaluates as it reads."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.nesting = 0
        self.work = 0
        if len(text) > _MAX_LENGTH:
            self.fail(f"the text is longer than {_MAX_LENGTH} characters", _MAX_LENGTH)
        self.tokens = self.tokenize()
        self.place = 0

    def fail(self, problem: str, column: int) -> NoReturn:
        """Raise a ValueError that shows the text around a column, which counts from 0."""
        start = max(0, column - 40)
        shown = self.text[start : column + 30]
        shown = "".join(c if c.isprintable() else " " for c in shown)
        before, after = "..." * (start > 0), "..." * (column + 30 < len(self.text))
        caret = " " * (len(before) + column - start) + "^"
        raise ValueError(
            f"GoldenExact.parse: {problem}, at column {column + 1}\n"
            f"    {before}{shown}{after}\n    {caret}"
        )

    def tokenize(self) -> list[_Token]:
        tokens, column = [], 0
        while column < len(self.text):
            match = _TOKEN.match(self.text, column)
            if match is None:
                self.fail(f"{self.text[column]!r} has no meaning here", column)
            kind, found = str(match.lastgroup), match[0]
            if kind == "symbol":
                kind = _SYMBOLS.get(found, found)
            if kind != "space":
                tokens.append(_Token(kind, found, column))
            column = match.end()
        return [*tokens, _Token("end", "the end", column)]

    @property
    def token(self) -> _Token:
        return self.tokens[self.place]

    def next(self) -> _Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def run(self) -> Triple:
        value = self.sum()
        if self.token.kind != "end":
            self.fail(f"expected an operator, got {self.token.text[:40]}", self.token.column)
        return value

    def sum(self) -> Triple:
        value = self.product()
        while self.token.kind in ("+", "-"):
            operator = self.next()
            p, q, d = value
            r, s, e = self.product()
            if operator.kind == "-":
                r, s = -r, -s
            value = self.reduced((p * e + r * d, q * e + s * d, d * e), operator.column)
        return value

    def product(self) -> Triple:
        value = self.signed()
        while (kind := self.token.kind) in ("*", "/", "φ", "√", "("):
            column = self.next().column if kind in "*/" else self.token.column
            factor = self.signed()
            if kind == "/":
                value = self.reduced(self.guarded(quotient, value, factor, column=column), column)
            else:
                pair = multiply(*value[:2], *factor[:2])
                value = self.reduced((*pair, value[2] * factor[2]), column)
        return value

    def signed(self) -> Triple:
        negative = False
        while self.token.kind in ("+", "-"):
            negative ^= self.next().kind == "-"
        p, q, d = self.power()
        return (-p, -q, d) if negative else (p, q, d)

    def power(self) -> Triple:
        base, operator = self.atom(), self.token
        if operator.kind == "superscript":
            self.next()
            exponent = mpz(operator.text.translate(_SUPERSCRIPTS)), mpz(0), mpz(1)
        elif operator.kind == "^":
            self.next()
            exponent = self.nested(self.signed, operator.column)
            if exponent[1] or exponent[2] != 1:
                self.fail("an exponent must be an integer", operator.column)
        else:
            return base
        if bit_bound(base) * abs(exponent[0]) > _MAX_BITS:
            self.fail("the power is too large", operator.column)
        value = self.guarded(power, base, int(exponent[0]), column=operator.column)
        return self.reduced(value, operator.column)

    def atom(self) -> Triple:
        token = self.next()
        if token.kind == "number":
            return self.reduced(self.number(token), token.column)
        if token.kind == "vulgar":
            over, under = map(mpz, normalize("NFKC", token.text).split("\u2044"))
            return over, mpz(0), under
        if token.kind == "φ":
            return mpz(0), mpz(1), mpz(1)
        if token.kind == "√":
            return self.root(self.nested(self.atom, token.column), token.column)
        if token.kind != "(":
            self.fail(f'expected a number, φ, √ or "(", got {token.text[:40]}', token.column)
        value = self.nested(self.sum, token.column)
        if self.next().kind != ")":
            self.fail('this "(" is not closed', token.column)
        return value

    def number(self, token: _Token) -> Triple:
        """Return a decimal such as "1.25e-3" exactly."""
        digits, _, exponent = token.text.lower().partition("e")
        whole, _, rest = digits.partition(".")
        shift = mpz(exponent or 0) - len(rest)
        if abs(shift) > _MAX_LENGTH:
            self.fail("the number is too large or too small", token.column)
        scale = mpz(10) ** int(abs(shift))
        if shift >= 0:
            return mpz(whole + rest) * scale, mpz(0), mpz(1)
        return mpz(whole + rest), mpz(0), scale

    def root(self, x: Triple, column: int) -> Triple:
        value = square_root(x)
        if value is None:
            self.fail("the square root is not in Q(φ)", column)
        return self.reduced(value, column)

    def nested(self, rule: Callable[[], Triple], column: int) -> Triple:
        self.nesting += 1
        if self.nesting > _MAX_NESTING:
            self.fail(f"nested more than {_MAX_NESTING} deep", column)
        value = rule()
        self.nesting -= 1
        return value

    def guarded(self, operation: Callable[..., Triple], *operands: Any, column: int) -> Triple:
        try:
            return operation(*operands)
        except ZeroDivisionError:
            self.fail("division by zero", column)

    def reduced(self, x: Triple, column: int) -> Triple:
        """Return x in lowest terms, after charging it to the limits."""
        bits = bit_bound(x)
        self.work += bits
        if bits > _MAX_BITS or self.work > _MAX_WORK:
            self.fail("the numbers become too large", column)
        return lowest(x)

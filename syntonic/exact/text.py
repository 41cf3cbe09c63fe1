"""How an element of Q(φ) is written: as an expression, as decimals, in LaTeX.

Decimals are rounded once, from the exact value; only rational numbers can tie, and a tie goes to
the even digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gmpy2 import mpq, mpz

from syntonic.exact.field import scaled_round
from syntonic.exact.limits import MAX_DIGITS, require_digits
from syntonic.exact.operands import Triple
from syntonic.exact.pairs import floor_log2, sign

__all__ = ["constructor", "decimal", "expression", "formatted", "latex"]

_SPEC = re.compile(
    r"(?:(?P<fill>.)?(?P<align>[<>=^]))?(?P<sign>[-+ ]?)(?P<no_minus_zero>z?)(?P<alternate>#?)"
    r"(?P<zero>0?)(?P<width>\d*)(?P<group>[,_]?)(?:\.(?P<precision>\d+))?(?P<type>[eEfFgG%]?)",
    re.ASCII | re.DOTALL,
)


def constructor(x: Triple) -> str:
    """Return the call that builds x, such as "GoldenExact('3/2', -5)"."""
    p, q, d = x
    a = _argument(p, d)
    return f"GoldenExact({a}, {_argument(q, d)})" if q else f"GoldenExact({a})"


def _argument(p: mpz, d: mpz) -> str:
    if d == 1:
        # Python reads integer literals of a few thousand digits at most, strings of any length.
        return str(p) if p.bit_length() < 2000 else f"'{p}'"
    value = mpq(p, d)
    return f"'{value}'" if value.denominator != 1 else _argument(value.numerator, value.denominator)


def expression(x: Triple) -> str:
    """Return x as an expression, such as "3/2 - 5φ", which `parse` reads back."""
    return _join(x, _plain_rational, "φ")


def latex(x: Triple) -> str:
    r"""Return x in LaTeX, such as "\frac{3}{2} - 5\varphi"."""
    return _join(x, _latex_rational, r"\varphi")


def _join(x: Triple, write: Callable[[mpz, mpz], str], symbol: str) -> str:
    p, q, d = x
    if not q:
        return write(p, d)
    size = abs(q)
    term = symbol if size == d else write(size, d) + symbol
    if not p:
        return f"-{term}" if q < 0 else term
    return f"{write(p, d)} {'-' if q < 0 else '+'} {term}"


def _plain_rational(p: mpz, d: mpz) -> str:
    return str(p) if d == 1 else str(mpq(p, d))


def _latex_rational(p: mpz, d: mpz) -> str:
    value = mpq(p, d)
    if value.denominator == 1:
        return str(value)
    return rf"{'-' if value < 0 else ''}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def decimal(x: Triple, digits: int) -> str:
    """Return x to a number of significant digits; see `GoldenExact.to_decimal`."""
    places = require_digits(digits, 1, "GoldenExact.to_decimal: digits")
    minus, size = _magnitude(x)
    return minus + _general(size, places, lowest=-6, strip=False)


def formatted(x: Triple, spec: str) -> str:
    """Return x formatted as `format(x, spec)`.

    Parameters
    ----------
    x
        The number.
    spec
        "latex"; a specification as for floats, of type e, E, f, F, g, G or %; or one without a
        type and precision, which aligns the expression "3/2 - 5φ".

    Raises
    ------
    ValueError
        The specification is not one of these.
    """
    if spec == "latex":
        return latex(x)
    match = _SPEC.fullmatch(spec)
    if match is None or _too_long(match["precision"]) or _too_long(match["width"]):
        raise _bad_spec(spec)
    fields = match.groupdict(default="")
    if not (fields["type"] or fields["precision"]):
        if any(fields[name] for name in ("sign", "no_minus_zero", "alternate", "zero", "group")):
            raise _bad_spec(spec)
        return _aligned("", expression(x), fields)
    minus, size = _magnitude(x)
    body = _number(size, fields)
    if minus and fields["no_minus_zero"] and not any(c in "123456789" for c in body):
        minus = ""
    head = minus or fields["sign"].replace("-", "")
    fields["fill"] = fields["fill"] or fields["zero"]
    fields["align"] = fields["align"] or ("=" if fields["zero"] else ">")
    return _aligned(head, _grouped(head, body, fields), fields)


def _too_long(count: str | None) -> bool:
    digits = (count or "0").lstrip("0")
    return len(digits) > len(str(MAX_DIGITS)) or int(digits or 0) > MAX_DIGITS


def _bad_spec(spec: str) -> ValueError:
    return ValueError(
        'GoldenExact: a format must be "latex", or as for a float with type e, f, g or % '
        f"and at most {MAX_DIGITS} digits, got {spec[:40]!r}"
    )


def _magnitude(x: Triple) -> tuple[str, Triple]:
    p, q, d = x
    return ("-", (-p, -q, d)) if sign(p, q) < 0 else ("", (p, q, d))


def _number(size: Triple, fields: dict[str, str]) -> str:
    """Return the digits of x >= 0 in the format's type and precision, without sign and padding."""
    kind, places = fields["type"] or "g", int(fields["precision"] or 6)
    point = bool(fields["alternate"])
    if kind in "gG":
        body = _general(size, max(places, 1), lowest=-4, strip=not point)
    elif kind in "eE":
        body = _scientific(*_significant(size, places + 1))
    else:
        scale = 100 if kind == "%" else 1
        body = _fixed((size[0] * scale, size[1] * scale, size[2]), places)
    if point and "." not in body:
        body = body.replace("e", ".e") if "e" in body else body + "."
    return (body.upper() if kind.isupper() else body) + ("%" if kind == "%" else "")


def _fixed(size: Triple, places: int) -> str:
    digits = str(scaled_round(size, places)).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _general(size: Triple, digits: int, lowest: int, strip: bool) -> str:
    """Return x >= 0 to so many digits: plain if its exponent is in [lowest, digits)."""
    text, exponent = _significant(size, digits)
    if strip:
        text = text.rstrip("0") or "0"
    if not lowest <= exponent < digits:
        return _scientific(text, exponent)
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + text
    text = text.ljust(exponent + 1, "0")
    whole, rest = text[: exponent + 1], text[exponent + 1 :]
    return f"{whole}.{rest}" if rest else whole


def _scientific(digits: str, exponent: int) -> str:
    rest = f".{digits[1:]}" if digits[1:] else ""
    return f"{digits[0]}{rest}e{exponent:+03d}"


def _significant(size: Triple, digits: int) -> tuple[str, int]:
    """Return x >= 0 rounded to c·10^(e + 1 - digits) as (c, e), where c has so many digits."""
    p, q, d = size
    if not (p or q):
        return "0" * digits, 0
    exponent = floor_log2(p, q, d) * 30103 // 100000  # log10(2), to be corrected by the result
    while True:
        coefficient = str(scaled_round(size, digits - 1 - exponent))
        if len(coefficient) == digits:
            return coefficient, exponent
        exponent += 1 if len(coefficient) > digits else -1


def _grouped(head: str, body: str, fields: dict[str, str]) -> str:
    """Return the body with its integer part zero-padded and grouped by thousands."""
    length = next((i for i, c in enumerate(body) if not c.isdigit()), len(body))
    whole, rest = body[:length], body[length:]
    group = fields["group"]
    if fields["fill"] == "0" and fields["align"] == "=":
        room = int(fields["width"] or 0) - len(head) - len(rest)
        # n digits and their separators take n + (n - 1)//3 characters.
        whole = whole.zfill(room - (room - 1) // 4 if group else room)
    if group:
        first = (len(whole) - 1) % 3 + 1
        parts = [whole[i : i + 3] for i in range(first, len(whole), 3)]
        whole = group.join([whole[:first], *parts])
    return whole + rest


def _aligned(head: str, body: str, fields: dict[str, str]) -> str:
    missing = int(fields["width"] or 0) - len(head) - len(body)
    fill, align = fields["fill"] or " ", fields["align"] or "<"
    before = {"<": 0, "=": 0, "^": missing // 2, ">": missing}[align]
    inside = missing if align == "=" else 0
    after = missing - before - inside
    return fill * before + head + fill * inside + body + fill * after

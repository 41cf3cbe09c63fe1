"""How an element of Q(φ) is read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmpy2 import mpq

if TYPE_CHECKING:
    from syntonic.exact.golden import GoldenExact


def constructor(x: GoldenExact) -> str:
    """Return the call that builds x."""
    arguments = [_argument(x.a)] + ([_argument(x.b)] if x.b else [])
    return f"GoldenExact({', '.join(arguments)})"


def _argument(value: mpq) -> str:
    # Python refuses integer literals of more than a few thousand digits, but not strings.
    plain = value.denominator == 1 and value.numerator.bit_length() < 2000
    return str(value) if plain else f"'{value}'"


def plain(x: GoldenExact) -> str:
    """Return x as "3/2 - 5φ"."""
    a, b = x.a, x.b
    if not b:
        return str(a)
    size = "" if abs(b) == 1 else str(abs(b))
    if not a:
        return f"{'-' if b < 0 else ''}{size}φ"
    return f"{a} {'-' if b < 0 else '+'} {size}φ"

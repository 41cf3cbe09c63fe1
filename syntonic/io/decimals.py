"""Printed decimals: what is one, and those that are printed for vertices known exactly."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from syntonic.errors import FormatError

if TYPE_CHECKING:
    from syntonic.exact.golden import GoldenExact
    from syntonic.io.model import Model
    from syntonic.tensor import ResonantTensor

__all__ = [
    "Rows",
    "agreeing",
    "decimal",
    "decimal_fault",
    "decimals_of",
    "plain_minus",
    "printed",
    "printed_vertices",
    "sign_remedy",
]

Rows: TypeAlias = tuple[tuple[str, ...], ...]

# Every double is told apart from its neighbours by 17 significant digits.
_FORM = ".17g"
_LONGEST_TOKEN = 1000
# A short token such as 1e999999999 would be a number of a gigabyte once it is taken exactly,
# hence the three digits.
_MINUS_SIGNS = "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"
_EXACT = re.compile(r"[φϕΦτ√/]|phi|sqrt", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def decimal_fault(token: str) -> str | None:
    """Say why a token is no plain decimal number of bearable size, or return None.

    A sign, ASCII digits, a point and an exponent of at most three digits are allowed: no NaN, no
    infinity, no hexadecimal, no digit separators.

    Examples
    --------
    >>> decimal_fault("-1.25e-3") is None
    True
    >>> decimal_fault("nan")
    "a coordinate must be a finite decimal number, got 'nan'"
    """
    if len(token) > _LONGEST_TOKEN:
        return f"a number must have at most {_LONGEST_TOKEN} characters, got {len(token)}"
    if _DECIMAL.fullmatch(token) is None:
        remedy = sign_remedy(token) or _exact_remedy(token)
        return f"a coordinate must be a finite decimal number, got {token[:30]!r}{remedy}"
    return None


def decimals_of(token: str) -> int:
    """Return how many decimals a decimal number shows.

    Examples
    --------
    >>> decimals_of("-1.250"), decimals_of("1.25e-3"), decimals_of("1.25e3")
    (3, 5, 0)
    """
    mantissa, _, exponent = token.lower().partition("e")
    fraction = mantissa.partition(".")[2]
    return max(0, len(fraction) - int(exponent or 0))


def plain_minus(token: str) -> str:
    """Return a token with the minus sign of print, U+2212, as the one of ASCII.

    Examples
    --------
    >>> plain_minus("\u22121.5")
    '-1.5'
    """
    return token.replace("\u2212", "-")


def sign_remedy(token: str) -> str:
    """Say what to write for a minus sign that is not the one of ASCII; nothing without one."""
    sign = next((c for c in token if c in _MINUS_SIGNS), None)
    return "" if sign is None else f"; write the minus sign {sign} (U+{ord(sign):04X}) as -"


def _exact_remedy(token: str) -> str:
    if not _EXACT.search(token):
        return ""
    return "; exact numbers are read from VEF, or from exact_vertices in JSON"


def decimal(x: GoldenExact) -> str:
    """Return an exact number as a decimal of 17 significant digits, correctly rounded.

    Trailing zeros are left out.

    Raises
    ------
    FormatError
        If the number is not 0 and its exponent of ten has more than three digits.

    Examples
    --------
    >>> from syntonic import PHI
    >>> decimal(PHI), decimal(PHI / PHI)
    ('1.6180339887498948', '1')
    """
    token = format(x, _FORM)
    if decimal_fault(token) is not None:
        raise FormatError(
            f"an exact number must be 0 or of a size between 1e-999 and 1e999, got about {token}"
        )
    return token


def printed(tensor: ResonantTensor) -> Rows:
    """Return exact vertices as decimals; see `decimal`.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> printed(ResonantTensor([[0, PHI, PHI / 2]]))
    (('0', '1.6180339887498948', '0.80901699437494742'),)
    """
    rows = tensor.tolist()
    known = {x: decimal(x) for x in {x for row in rows for x in row}}
    return tuple(tuple(known[x] for x in row) for row in rows)


def printed_vertices(model: Model) -> Rows:
    """Return the printed decimals of a model; made from the exact vertices if it has no others."""
    if model.vertices or model.tensor is None:
        return model.vertices
    return printed(model.tensor)


def agreeing(rows: Rows, tensor: ResonantTensor) -> Rows:
    """Return printed vertices, printed afresh wherever a coordinate is not the exact one rounded.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> agreeing((("0.81", "1.6"), ("1.7", "0.0")), ResonantTensor([[PHI / 2, PHI], [PHI, 0]]))
    (('0.81', '1.6'), ('1.6180339887498948', '0'))
    """
    known: dict[tuple[str, GoldenExact], bool] = {}

    def agrees(pair: tuple[str, GoldenExact]) -> bool:
        if pair not in known:
            known[pair] = _is_rounding(*pair)
        return known[pair]

    return tuple(
        row if all(map(agrees, zip(row, exact, strict=True))) else tuple(map(decimal, exact))
        for row, exact in zip(rows, tensor.tolist(), strict=True)
    )


def _is_rounding(token: str, x: GoldenExact) -> bool:
    """Say whether a number may be printed so; without decimals the print is meant exactly."""
    decimals = decimals_of(token)
    half_a_unit = Fraction(1, 2 * 10**decimals) if decimals else 0
    return bool(abs(x - Fraction(token)) <= half_a_unit)

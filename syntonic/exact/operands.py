"""What the operations of `GoldenExact` accept from outside, as triples of integers.

A triple (p, q, d) of mpz stands for (p + qφ)/d with d > 0. Exact foreign numbers become triples;
floats are refused by name, and for anything else the answer is None, so that the caller can
return `NotImplemented` and the other operand's reflected method runs.
"""

from __future__ import annotations

import math
import numbers
import re
from decimal import Decimal
from fractions import Fraction
from operator import index
from typing import Any, TypeAlias

import numpy as np
from gmpy2 import mpfr, mpq, mpz

from syntonic.errors import shown
from syntonic.exact.limits import require_bits
from syntonic.exact.pairs import ONE, ZERO
from syntonic.foreign import ratio

__all__ = [
    "COMPLEX",
    "FLOATS",
    "WITH_EXPONENT",
    "Triple",
    "comparand",
    "flint_triple",
    "float_triple",
    "integer",
    "is_finite",
    "is_flint",
    "natural",
    "rational_parts",
    "rational_triple",
    "special_float",
]

Triple: TypeAlias = "tuple[mpz, mpz, mpz]"

FLOATS = (float, np.floating, type(mpfr()))
"""The types whose values are exact binary fractions, infinities and NaN."""

WITH_EXPONENT = (*FLOATS, Decimal)
"""With those that are decimal ones."""

COMPLEX = (complex, np.complexfloating)
"""The types with two such parts."""

_FLINT = ("flint.types.fmpz", "flint.types.fmpq")
_MPZ, _MPQ, _MPFR = type(mpz()), type(mpq()), type(mpfr())
_FRACTION_TEXT = re.compile(r"\s*([+-]?\d+)(?:/([+-]?\d+))?\s*", re.ASCII)
_FLOAT_REMEDY = (
    "use snap to take the nearest element of a lattice, or GoldenExact.from_float_exact for a "
    "float's exact binary value"
)


def integer(x: Any) -> mpz:
    """Return an integer of any kind as mpz; anything but an integer is a TypeError."""
    return x if type(x) is _MPZ else mpz(index(x))


def natural(x: Any, where: str) -> int:
    """Return an argument that counts something as an int, or raise."""
    try:
        n = index(x)
    except TypeError:
        raise TypeError(
            f"{where} must be an integer, got {type(x).__name__}; pass an int"
        ) from None
    if n < 0:
        raise ValueError(f"{where} must not be negative, got {shown(n)}")
    return n


def rational_triple(x: Any, where: str) -> Triple | None:
    """Return an exact rational number as a triple in lowest terms, None for an unknown type.

    Raises
    ------
    TypeError
        x is a float or a complex number.
    """
    kind = type(x)
    if kind is int or kind is _MPZ:
        return mpz(x), ZERO, ONE
    if kind is _MPQ:
        return x.numerator, ZERO, x.denominator
    if kind is Fraction or isinstance(x, numbers.Rational):
        top, bottom = ratio(x)
        return mpz(int(top)), ZERO, mpz(int(bottom))
    if isinstance(x, np.bool_):
        return mpz(bool(x)), ZERO, ONE
    if isinstance(x, COMPLEX):
        raise TypeError(
            f"{where} takes exact numbers, got {kind.__name__}, which lies in no real field; "
            "GoldenExact.from_float_exact takes its .real"
        )
    if isinstance(x, FLOATS):
        raise TypeError(f"{where} takes exact numbers, got {kind.__name__}; {_FLOAT_REMEDY}")
    return flint_triple(x) if is_flint(kind) else None


def is_flint(kind: type) -> bool:
    """Return whether a type is FLINT's of integers or rationals, without importing FLINT."""
    return kind.__module__ in _FLINT and kind.__name__ in ("fmpz", "fmpq")


def flint_triple(x: Any) -> Triple:
    """Return a number of FLINT's as a triple."""
    top, bottom = (x, 1) if type(x).__name__ == "fmpz" else (x.p, x.q)
    return mpz(int(top)), ZERO, mpz(int(bottom))


def rational_parts(x: Any, name: str) -> tuple[mpz, mpz]:
    """Return numerator and denominator, in lowest terms, of an argument of the constructor."""
    if isinstance(x, str):
        return _fraction_from_text(x, name)
    triple = rational_triple(x, f"GoldenExact: {name}")
    if triple is None:
        raise TypeError(
            f"GoldenExact: {name} must be an int, Fraction, mpz, mpq, NumPy integer or a string "
            f'such as "3/2", got {type(x).__name__}'
        )
    return triple[0], triple[2]


def _fraction_from_text(text: str, name: str) -> tuple[mpz, mpz]:
    match = _FRACTION_TEXT.fullmatch(text)
    if match is None:
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise ValueError(
            f'GoldenExact: {name} as a string must be an integer or a fraction such as "3/2", '
            f"got {shown!r}; GoldenExact.parse reads decimals and expressions"
        )
    top, bottom = mpz(match[1]), mpz(match[2] or 1)
    if bottom == 0:
        raise ZeroDivisionError(f"GoldenExact: {name} must not have denominator 0")
    value = mpq(top, bottom)
    return value.numerator, value.denominator


def is_finite(x: Any) -> bool:
    """Return whether a float or Decimal is finite, without rounding it to a double."""
    return bool(x.is_finite() if isinstance(x, (Decimal, _MPFR)) else abs(x) < math.inf)


def special_float(x: Any) -> float:
    """Return an infinity or NaN of any kind, a signalling one too, as a float."""
    return math.nan if isinstance(x, Decimal) and x.is_nan() else float(x)


def float_triple(x: Any) -> Triple:
    """Return the exact binary value of a finite float of any kind as a triple."""
    if not isinstance(x, FLOATS):
        raise TypeError(
            f"GoldenExact.from_float_exact: x must be a float, got {type(x).__name__}; "
            "exact numbers go to GoldenExact(...) directly"
        )
    if not is_finite(x):
        raise ValueError(f"GoldenExact.from_float_exact: x must be finite, got {x}")
    require_bits(abs(_exponent(x)), "GoldenExact.from_float_exact")  # an mpfr's has no end
    top, bottom = x.as_integer_ratio()
    return mpz(int(top)), ZERO, mpz(int(bottom))


def comparand(x: Any, other: Triple) -> Triple | None:
    """Return what stands for a real number beside another one; None for an unknown type.

    It is the exact value of a rational number, a finite float or Decimal; of one that its exponent
    alone puts above or below the other number in size, a number that compares alike.
    """
    if isinstance(x, WITH_EXPONENT):
        p, q, d = other
        bits = 2 * int((abs(p) + 2 * abs(q) + d).bit_length())  # 2^-bits < |other| < 2^bits, or 0
        if not -bits <= (size := _exponent(x)) <= bits:
            direction, far = mpz(1 if x > 0 else -1), mpz(1) << bits
            return (direction * far, ZERO, ONE) if size > 0 else (direction, ZERO, far)
        top, bottom = x.as_integer_ratio()
        return mpz(int(top)), ZERO, mpz(int(bottom))
    return None if isinstance(x, COMPLEX) else rational_triple(x, "comparison")


def _exponent(x: Any) -> int:
    """Return an integer: if it is n > 0 then |x| >= 2^n, if it is -n < 0 then |x| <= 2^-n."""
    if not x:
        return 0
    if isinstance(x, Decimal):
        e = x.adjusted()  # 10^e <= |x| < 10^(e+1), and 10 > 2^3
        return 3 * e if e >= 0 else 3 * (e + 1)
    if type(x) is _MPFR:
        mantissa, e = x.as_mantissa_exp()
        return int(e) + abs(mantissa).bit_length() - (e + abs(mantissa).bit_length() > 0)
    return 0

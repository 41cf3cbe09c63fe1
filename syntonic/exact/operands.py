"""What the operations of `GoldenExact` accept from outside, as triples of integers.

A triple (p, q, d) of mpz stands for (p + qφ)/d with d > 0. Exact foreign numbers become triples;
floats are refused by name, and for anything else the answer is None, so that the caller can
return `NotImplemented` and the other operand's reflected method runs.
"""

from __future__ import annotations

import math
import numbers
import re
from fractions import Fraction
from operator import index
from typing import Any, TypeAlias

import numpy as np
from gmpy2 import mpfr, mpq, mpz

__all__ = [
    "COMPLEX",
    "FLOATS",
    "Triple",
    "comparand",
    "float_triple",
    "integer",
    "is_finite",
    "rational_parts",
    "rational_triple",
]

Triple: TypeAlias = "tuple[mpz, mpz, mpz]"

FLOATS = (float, np.floating, type(mpfr()))
"""The types whose values are exact binary fractions, infinities and NaN."""

COMPLEX = (complex, np.complexfloating)
"""The types with two such parts."""

_ZERO, _ONE = mpz(0), mpz(1)
_MPZ, _MPQ = type(mpz()), type(mpq())
_INEXACT = (*FLOATS, *COMPLEX)
_FRACTION_TEXT = re.compile(r"\s*([+-]?\d+)(?:/([+-]?\d+))?\s*", re.ASCII)
_FLOAT_REMEDY = (
    "use snap to take the nearest element of a lattice, or GoldenExact.from_float_exact for a "
    "float's exact binary value"
)


def integer(x: Any) -> mpz:
    """Return an integer of any kind as mpz; anything but an integer is a TypeError."""
    return x if type(x) is _MPZ else mpz(index(x))


def rational_triple(x: Any, where: str) -> Triple | None:
    """Return an exact rational number as a triple in lowest terms, None for an unknown type.

    Raises
    ------
    TypeError
        x is a float or a complex number.
    """
    kind = type(x)
    if kind is int or kind is _MPZ:
        return mpz(x), _ZERO, _ONE
    if kind is _MPQ:
        return x.numerator, _ZERO, x.denominator
    if kind is Fraction or isinstance(x, numbers.Rational):
        return mpz(int(x.numerator)), _ZERO, mpz(int(x.denominator))
    if isinstance(x, np.bool_):
        return mpz(bool(x)), _ZERO, _ONE
    if isinstance(x, _INEXACT):
        raise TypeError(f"{where} takes exact numbers, got {kind.__name__}; {_FLOAT_REMEDY}")
    return None


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
    """Return whether a float of any kind is finite, without rounding it to a double."""
    return bool(abs(x) < math.inf)


def float_triple(x: Any) -> Triple:
    """Return the exact binary value of a finite float of any kind as a triple."""
    if not isinstance(x, FLOATS):
        raise TypeError(
            f"GoldenExact.from_float_exact: x must be a float, got {type(x).__name__}; "
            "exact numbers go to GoldenExact(...) directly"
        )
    if not is_finite(x):
        raise ValueError(f"GoldenExact.from_float_exact: x must be finite, got {x}")
    top, bottom = x.as_integer_ratio()
    return mpz(int(top)), _ZERO, mpz(int(bottom))


def comparand(x: Any) -> Triple | None:
    """Return the exact value of a rational number or a finite float, None for another type."""
    if isinstance(x, FLOATS):
        return float_triple(x)
    return None if isinstance(x, COMPLEX) else rational_triple(x, "comparison")

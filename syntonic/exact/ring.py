"""What the functions on Z[φ] take and return: numbers from outside as pairs, pairs as numbers."""

from __future__ import annotations

from typing import Any

from gmpy2 import mpz

from syntonic.errors import shown
from syntonic.exact import operands
from syntonic.exact.euclid import Pair
from syntonic.exact.golden import GoldenExact

__all__ = ["element", "golden", "integer"]


def golden(pair: Pair) -> GoldenExact:
    """Return p + qφ."""
    return GoldenExact.from_numerators(*pair)


def element(x: Any, where: str) -> Pair:
    """Return an argument from Z[φ] as a pair."""
    triple = x.numerators() if isinstance(x, GoldenExact) else operands.rational_triple(x, where)
    if triple is None:
        raise TypeError(
            f"{where} must be a GoldenExact or an integer, got {type(x).__name__}; "
            "GoldenExact.parse reads text"
        )
    p, q, d = triple
    if d != 1:
        raise ValueError(
            f"{where} must lie in Z[φ], got an element with denominator {shown(d)}; "
            "x.is_integral() tells, and multiplying by the denominator clears it"
        )
    return p, q


def integer(n: Any, where: str) -> mpz:
    """Return an argument from Z."""
    p, q = element(n, where)
    if q:
        raise ValueError(f"{where} must be a rational integer, got an element with φ-part")
    return p

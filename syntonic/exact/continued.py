"""Continued fractions read back: the number that quotients, and a period of them, stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gmpy2 import is_square, isqrt, mpz

from syntonic.errors import NotGoldenError, shown
from syntonic.exact import pairs, ring
from syntonic.exact.operands import Triple
from syntonic.exact.pairs import ONE, ZERO, Integer

__all__ = ["value"]

_WHERE = "GoldenExact.from_continued_fraction"


def value(quotients: Iterable[Any], period: Iterable[Any]) -> Triple:
    """Return (p + qφ)/d for [k₀; k₁, ...], the period repeated without end if there is one.

    A prefix stands for the map y to (Ay + B)/(Cy + D) of what follows it, the product of the
    matrices (k, 1; 1, 0); what follows is the period's own fixed point above 1, or infinity.
    """
    first, repeated = _checked(quotients, period)
    if not (first or repeated):
        raise ValueError(f"{_WHERE}: quotients must not be empty without a period; 0 is [0]")
    a, b, c, d = _matrix(first)
    if not repeated:
        return (a, ZERO, c) if c > 0 else (-a, ZERO, -c)
    p, q, e = _fixed_point(repeated)
    return pairs.quotient(a * p + b * e, a * q, c * p + d * e, c * q)


def _checked(quotients: Iterable[Any], period: Iterable[Any]) -> tuple[list[mpz], list[mpz]]:
    first = [ring.integer(k, f"{_WHERE}: quotients") for k in quotients]
    repeated = [ring.integer(k, f"{_WHERE}: period") for k in period]
    for name, positive in (("quotients", first[1:]), ("period", repeated)):
        for k in positive:
            if k < 1:
                raise ValueError(
                    f"{_WHERE}: {name} must be positive after the first of all, got {shown(k)}"
                )
    return first, repeated


def _matrix(quotients: list[mpz]) -> tuple[Integer, Integer, Integer, Integer]:
    a, b, c, d = ONE, ZERO, ZERO, ONE
    for k in quotients:
        a, b, c, d = a * k + b, a, c * k + d, c
    return a, b, c, d


def _fixed_point(period: list[mpz]) -> Triple:
    """Return y > 1 with y = (ay + b)/(cy + d): cy² + (d - a)y - b = 0."""
    a, b, c, d = _matrix(period)
    fifth, rest = divmod((a - d) ** 2 + 4 * b * c, 5)
    if rest or not is_square(fifth):
        raise NotGoldenError(
            f"{_WHERE}: period must give a number of Q(√5), but the discriminant of this one, "
            f"{shown(5 * fifth + rest)}, is not 5 times a square"
        )
    s = isqrt(fifth)
    return a - d - s, 2 * s, 2 * c

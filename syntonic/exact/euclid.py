"""Euclid's algorithm in Z[φ], on pairs (p, q) of integers that stand for p + qφ.

Z[φ] is a Euclidean ring under |norm|, so every ideal has one generator up to the units ±φⁿ. Of
the associates of an element one is canonical, that with 0 <= q < p. Proof that there is exactly
one: norm(φ) = -1 and φ > 0, so a sign and the parity of n make an element totally positive (it
and its conjugate above 0), and the units left are the powers of φ². They move the cone
{s + tφ²: s > 0, t >= 0} over the totally positive numbers, covering each once, for its edges
have x/x' = 1 and φ⁴, and φ² multiplies x/x' by φ⁴. In the cone s = p - q and t = q.
"""

from __future__ import annotations

from math import log2
from typing import NamedTuple, TypeAlias

from gmpy2 import mpz

from syntonic.constants import PHI_FLOAT
from syntonic.exact.pairs import Integer, multiply, norm, phi_power, sign

__all__ = ["Canonical", "Pair", "canonical", "divide", "exact_quotient", "gcd", "xgcd"]

Pair: TypeAlias = "tuple[Integer, Integer]"

_ZERO, _ONE = (mpz(0), mpz(0)), (mpz(1), mpz(0))


class Canonical(NamedTuple):
    """Hold a canonical associate and the unit taken out: x = sign·φ^exponent·associate."""

    associate: Pair
    sign: int
    exponent: int


def canonical(p: Integer, q: Integer) -> Canonical:
    """Return the associate with 0 <= q < p, and the unit; (0, 0) is its own.

    Examples
    --------
    >>> canonical(4, -1)
    Canonical(associate=(mpz(3), mpz(2)), sign=1, exponent=-2)
    """
    if 0 <= q < p or not (p or q):
        return Canonical((p, q), 1, 0)
    direction, size = sign(p, q), norm(p, q)
    p, q = direction * p, direction * q
    # 2p + q = x + x' and q√5 = x - x', so this is log₂ of the larger of |x/x'| and |x'/x|,
    # within 3 or so, and |x| > |x'| if both have the same sign.
    bits = 2 * (abs(2 * p + q) + 2 * abs(q)).bit_length() - 2 - abs(size).bit_length()
    # φ multiplies |x/x'| by φ². The guess is off by a step or two, the loops end exactly.
    n = round((bits if q * (2 * p + q) > 0 else -bits) / log2(PHI_FLOAT) / 2)
    n -= (size < 0) != n % 2
    p, q = multiply(p, q, *phi_power(-n))
    while q < 0:  # x < x'
        p, q, n = p + q, p + 2 * q, n - 2
    while q >= p:  # x >= φ⁴x'
        p, q, n = 2 * p - q, q - p, n + 2
    return Canonical((p, q), direction, n)


def divide(x: Pair, y: Pair) -> tuple[Pair, Pair]:
    """Return a quotient and a remainder of x by y, the norm of which is at most 5/16 of y's.

    The coefficients of x/y are rounded to integers, so remainder = y·(α + βφ) with
    |α|, |β| <= 1/2. The form α² + αβ - β² has a saddle as its one critical point, so it is
    extreme on the edge of that square: 1/4 + β/2 - β² <= 5/16 on α = ±1/2, where it is -1/4 or
    more, and the negative of that on β = ±1/2.

    Raises
    ------
    ZeroDivisionError
        y is 0.
    """
    top, bottom = _fraction(x, y)
    a, b = ((2 * c + bottom) // (2 * bottom) for c in top)
    product = multiply(a, b, *y)
    return (a, b), (x[0] - product[0], x[1] - product[1])


def exact_quotient(x: Pair, y: Pair) -> Pair:
    """Return x/y, where y divides x."""
    top, bottom = _fraction(x, y)
    return top[0] // bottom, top[1] // bottom


def _fraction(x: Pair, y: Pair) -> tuple[Pair, Integer]:
    """Return x/y = xy'/(yy') as a pair over a positive integer."""
    r, s = y
    bottom = norm(r, s)
    if bottom > 0:
        return multiply(*x, r + s, -s), bottom
    if bottom == 0:
        raise ZeroDivisionError("division by zero in Z[φ]")
    return multiply(*x, -r - s, s), -bottom


def gcd(x: Pair, y: Pair) -> Pair:
    """Return the canonical greatest common divisor; that of 0 and 0 is 0."""
    while y[0] or y[1]:
        x, y = y, divide(x, y)[1]
    return canonical(*x).associate


def xgcd(x: Pair, y: Pair) -> tuple[Pair, Pair, Pair]:
    """Return the canonical g = gcd(x, y) with s and t such that sx + ty = g.

    Only the multiplier of x is carried along. It counts modulo y/g: the remainder, y/g times a
    number α + βφ with |α|, |β| <= 1/2, is the one returned, and t follows.
    """
    divisor, rest = x, y
    s, following = _ONE, _ZERO
    while rest[0] or rest[1]:
        ratio, remainder = divide(divisor, rest)
        product = multiply(*ratio, *following)
        divisor, rest = rest, remainder
        s, following = following, (s[0] - product[0], s[1] - product[1])
    g, direction, exponent = canonical(*divisor)
    a, b = phi_power(-exponent)
    s = multiply(*s, direction * a, direction * b)
    if not (y[0] or y[1]):
        return g, s, _ZERO
    s = divide(s, exact_quotient(y, g))[1]
    product = multiply(*s, *x)
    return g, s, exact_quotient((g[0] - product[0], g[1] - product[1]), y)

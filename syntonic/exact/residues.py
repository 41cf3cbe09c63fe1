"""Arithmetic in Z[φ]/(m), on pairs (p, q) of integers that stand for p + qφ.

The ideal (m) is a lattice in Z², spanned by m and mφ. Its Hermite normal form is (d, 0) and (r, c)
with c the content of m, d = |norm(m)|/c and 0 <= r < d. Each class has therefore one member p + qφ
with 0 <= p < d and 0 <= q < c: the one that stands for it, whatever associate of m is given.
"""

from __future__ import annotations

from typing import NamedTuple

from gmpy2 import gcdext, mpz

from syntonic.exact import euclid
from syntonic.exact.euclid import Pair
from syntonic.exact.pairs import Integer, multiply, norm

__all__ = ["Ideal", "ideal"]


class Ideal(NamedTuple):
    """Hold the ideal of an element m, not 0, as m and as the Hermite form of its lattice."""

    generator: Pair
    d: Integer
    r: Integer
    c: Integer

    def residue(self, x: Pair) -> Pair:
        """Return the member of x's class that stands for it."""
        p, q = x
        k, q = divmod(q, self.c)
        return (p - k * self.r) % self.d, q

    def inverse(self, x: Pair) -> Pair | None:
        """Return the class y with xy = 1, or None where x and m have a divisor in common."""
        g, s, _ = euclid.xgcd(x, self.generator)
        return self.residue(s) if g == (1, 0) else None

    def power(self, x: Pair, n: int) -> Pair:
        """Return the class of xⁿ, n >= 0."""
        result, x = self.residue((mpz(1), mpz(0))), self.residue(x)
        for bit in bin(n)[2:]:
            result = self.residue(multiply(*result, *result))
            if bit == "1":
                result = self.residue(multiply(*result, *x))
        return result


def ideal(m: Pair) -> Ideal:
    """Return the ideal of an element that is not 0.

    Examples
    --------
    >>> ideal((mpz(3), mpz(1))).residue((mpz(0), mpz(1)))  # φ modulo 3 + φ is 8 modulo 11
    (mpz(8), mpz(0))
    """
    p, q = m
    c, u, v = gcdext(q, p + q)  # of the φ-coefficients of m and mφ
    d = abs(norm(p, q)) // c
    return Ideal(m, d, (u * p + v * q) % d, c)

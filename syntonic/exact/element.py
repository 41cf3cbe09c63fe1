"""What every part of `GoldenExact` stands on: the three integers, and how new ones are made.

An element (p + qφ)/d is held as three gmpy2 integers over one denominator d > 0, in lowest terms:
half the work of two separate fractions. The denominator 1 is one object, `ONE`, so that the most
common case is known by identity alone; an equal one is right too, only slower.
"""

from __future__ import annotations

import numbers
from decimal import Decimal
from typing import Any, Self, TypeVar

from gmpy2 import divexact, gcd, mpz

from syntonic.exact import limits, operands
from syntonic.exact.gmp import mpq
from syntonic.exact.operands import Triple
from syntonic.exact.pairs import ONE, ZERO

__all__ = ["ONE", "Element", "blank", "lowest", "operand", "reduced"]

E = TypeVar("E", bound="Element")

_MAX_BITS = limits.MAX_BITS

blank = object.__new__
"""Makes an element whose numbers are yet to be set; nothing is checked."""


def lowest(kind: type[E], p: mpz, q: mpz, d: mpz) -> E:
    """Return (p + qφ)/d, which is in lowest terms already."""
    x = blank(kind)
    x._p = p
    x._q = q
    x._d = d
    return x


def reduced(kind: type[E], p: mpz, q: mpz, d: mpz) -> E:
    """Return (p + qφ)/d for d > 0, brought to lowest terms."""
    if d is not ONE:
        if (bits := d.bit_length()) == 1:
            d = ONE
        else:
            if bits > _MAX_BITS:
                limits.require_bits(bits, "GoldenExact: the operation")
            if (common := gcd(p, q, d)) != 1:
                p, q, d = divexact(p, common), divexact(q, common), divexact(d, common)
                d = ONE if d == 1 else d
    x = blank(kind)
    x._p = p
    x._q = q
    x._d = d
    return x


def operand(kind: type[E], x: Any, symbol: str) -> E | None:
    """Return an exact number as an element, None for an unknown type; floats, Decimals raise."""
    if type(x) is kind:
        return x
    if type(x) is int:
        return lowest(kind, mpz(x), ZERO, ONE)
    triple = operands.rational_triple(x, f"GoldenExact: {symbol}")
    if triple is not None:
        return lowest(kind, *triple)
    if isinstance(x, Decimal):
        raise TypeError(
            f"GoldenExact: {symbol} takes exact numbers, got Decimal; Fraction(x) is its value"
        )
    return x if isinstance(x, kind) else None


class Element(numbers.Real):
    """Holds (p + qφ)/d in lowest terms, unchangeable."""

    __slots__ = ("_d", "_p", "_q")

    _d: mpz
    _p: mpz
    _q: mpz

    # Above NumPy's scalars, which leave their operators to this class then, and below its arrays.
    # Left to NumPy, divmod of a scalar and an object fails before NumPy 2.1.
    __array_priority__ = -999_999.0

    def numerators(self) -> Triple:
        """Return the three integers of self = (p + qφ)/d.

        Returns
        -------
        p, q, d : mpz
            In lowest terms, d > 0.

        See Also
        --------
        GoldenExact.from_numerators : the way back.
        GoldenExact.a : p/d.

        Examples
        --------
        >>> from syntonic import GoldenExact
        >>> GoldenExact("3/2", -5).numerators()
        (mpz(3), mpz(-10), mpz(2))
        """
        return self._p, self._q, self._d

    @property
    def a(self) -> mpq:
        """The rational part of a + bφ.

        Returns
        -------
        mpq

        See Also
        --------
        GoldenExact.b : the other coefficient.
        GoldenExact.numerators : both over one denominator.

        Examples
        --------
        >>> from syntonic import GoldenExact
        >>> GoldenExact("3/2", -5).a
        mpq(3,2)
        """
        return mpq(self._p, self._d)

    @property
    def b(self) -> mpq:
        """The coefficient of φ in a + bφ.

        Returns
        -------
        mpq

        See Also
        --------
        GoldenExact.a : the other coefficient.
        GoldenExact.is_rational : whether this is 0.

        Examples
        --------
        >>> from syntonic import GoldenExact
        >>> GoldenExact("3/2", -5).b
        mpq(-5,1)
        """
        return mpq(self._q, self._d)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

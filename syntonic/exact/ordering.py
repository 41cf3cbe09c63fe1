"""Equality, order and hash of `GoldenExact`: those of the real line, for numbers of any type."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any

from gmpy2 import invert, mpq, mpz

from syntonic.exact import operands, pairs
from syntonic.exact.element import ONE, Element
from syntonic.typing import ComparableScalar

__all__ = ["Ordering"]

_RATIONAL = frozenset({int, float, Fraction, type(mpz()), type(mpq())})
"""Types of which no number is irrational."""

_MODULUS = mpz(sys.hash_info.modulus)


def _compare(x: Element, other: Any) -> Any:
    """Return a number with the sign of x - other, NaN for NaN, NotImplemented if unordered."""
    kind = type(other)
    if kind is type(x):
        r, s, e = other._p, other._q, other._d
    elif kind is int:
        return pairs.sign(x._p - (other if x._d is ONE else other * x._d), x._q)
    elif kind is float and (gap := _rounded_gap(x, other)) != 0:
        return gap
    elif isinstance(other, operands.WITH_EXPONENT) and not operands.is_finite(other):
        return -operands.special_float(other)
    elif (triple := operands.comparand(other, x.numerators())) is not None:
        r, s, e = triple
    else:
        return NotImplemented
    d = x._d
    if d is e or d == e:
        return pairs.sign(x._p - r, x._q - s)
    return pairs.sign(x._p * e - r * d, x._q * e - s * d)


def _rounded_gap(x: Element, other: Any) -> float:
    """Return a float with the sign of x - other, or 0 where that is not known.

    Rounding is monotone and leaves a float as it is: where the rounded x is above it, x is.
    """
    try:
        return pairs.nearest_double(x._p, x._q, x._d) - other
    except OverflowError:
        return 0.0


class Ordering(Element):
    """Adds equality, order and hash."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return bool(self._p or self._q)

    def sign(self) -> int:
        """Return the sign of the number.

        Returns
        -------
        int
            -1, 0 or 1, decided in integers.

        See Also
        --------
        GoldenExact.norm : decides it.

        Notes
        -----
        Where a and b have opposite signs, the conjugate x' = a - b/φ has the sign of a, and so x
        has that of a·norm(x).

        Examples
        --------
        >>> from syntonic import PHI, integers
        >>> f = integers.fibonacci
        >>> [(f(n) * PHI - f(n + 1)).sign() for n in (100, 101)]  # -φ^-100 and φ^-101
        [-1, 1]
        """
        return pairs.sign(self._p, self._q)

    def __eq__(self, other: Any) -> bool:
        if type(other) is type(self):
            return bool(self._p == other._p and self._q == other._q and self._d == other._d)
        if self._q and type(other) in _RATIONAL:
            return False
        order = _compare(self, other)
        if order is not NotImplemented:
            return bool(order == 0)
        if isinstance(other, operands.COMPLEX):  # Fraction knows them
            return not self._q and bool(Fraction(int(self._p), int(self._d)) == other)
        return NotImplemented

    def __lt__(self, other: ComparableScalar) -> bool:
        order = _compare(self, other)
        return NotImplemented if order is NotImplemented else order < 0

    def __le__(self, other: ComparableScalar) -> bool:
        order = _compare(self, other)
        return NotImplemented if order is NotImplemented else order <= 0

    def __gt__(self, other: ComparableScalar) -> bool:
        order = _compare(self, other)
        return NotImplemented if order is NotImplemented else order > 0

    def __ge__(self, other: ComparableScalar) -> bool:
        order = _compare(self, other)
        return NotImplemented if order is NotImplemented else order >= 0

    # numbers.Complex declares itself unhashable to the type checker.
    def __hash__(self) -> int:  # type: ignore[override]
        """Return the hash of a if b is 0, else that of the pair (a, b).

        Python's hash of a fraction p/d is that of p·d⁻¹ modulo a prime number, which one inverse
        serves for both; where d has none, the fractions know what to do.
        """
        p, q, d = self._p, self._q, self._d
        if d is not ONE:
            try:
                inverse = invert(d, _MODULUS)
            except ZeroDivisionError:
                p, q = self.a, self.b
            else:
                p, q = p * inverse, q * inverse
        return hash((p, q)) if q else hash(p)

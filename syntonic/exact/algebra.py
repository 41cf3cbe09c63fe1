"""The field Q(φ) in a `GoldenExact`: conjugate, norm and trace, roots, integers, expansions."""

from __future__ import annotations

from typing import Self

from gmpy2 import mpq

from syntonic.errors import shown
from syntonic.exact import field, operands, pairs
from syntonic.exact.element import ONE, Element, lowest, reduced

__all__ = ["Algebra"]

_MAX_QUOTIENTS = 10**7


class Algebra(Element):
    """Adds what belongs to the field."""

    __slots__ = ()

    def galois_conjugate(self) -> Self:
        """Return the image under √5 → -√5, which sends a + bφ to (a + b) - bφ."""
        return lowest(type(self), self._p + self._q, -self._q, self._d)

    def norm(self) -> mpq:
        """Return the product with the Galois conjugate, a² + ab - b²."""
        return mpq(pairs.norm(self._p, self._q), self._d * self._d)

    def trace(self) -> mpq:
        """Return the sum with the Galois conjugate, 2a + b."""
        return mpq(2 * self._p + self._q, self._d)

    def inverse(self) -> Self:
        """Return 1/self; zero raises ZeroDivisionError."""
        return reduced(type(self), *field.reciprocal(self.numerators()))

    def sqrt(self) -> Self:
        """Return the non-negative square root within Q(φ).

        Raises
        ------
        ValueError
            The number is not a square in the field.

        Examples
        --------
        >>> from syntonic import PHI
        >>> (PHI + 1).sqrt()
        GoldenExact(0, 1)
        """
        root = field.square_root(self.numerators())
        if root is None:
            raise ValueError("GoldenExact.sqrt: the number is not a square in Q(φ)")
        return reduced(type(self), *root)

    def is_square(self) -> bool:
        """Return whether the number is the square of an element of Q(φ)."""
        return field.square_root(self.numerators()) is not None

    def is_integral(self) -> bool:
        """Return whether the number lies in Z[φ], the ring of integers of the field."""
        return self._d is ONE or bool(self._d == 1)

    def is_rational(self) -> bool:
        """Return whether b is 0."""
        return not self._q

    def is_unit(self) -> bool:
        """Return whether the number is a unit of Z[φ], that is ±φⁿ."""
        return bool(self.is_integral() and abs(pairs.norm(self._p, self._q)) == 1)

    def minpoly(self) -> list[int]:
        """Return the primitive integer polynomial of which the number is a root.

        Coefficients, highest power first, the first one positive: those of x² - trace·x + norm
        cleared of denominators and common factors, or two of them for a rational number.

        Examples
        --------
        >>> from syntonic import PHI
        >>> PHI.minpoly()
        [1, -1, -1]
        """
        return [int(c) for c in field.minimal_polynomial(self.numerators())]

    def continued_fraction(self, n: int) -> list[int]:
        """Return the first n partial quotients; fewer if the number is rational and they end.

        Raises
        ------
        TypeError
            n is not an integer.
        ValueError
            n is negative, or above 10^7 for an irrational number, whose quotients repeat.

        Examples
        --------
        >>> from syntonic import SQRT5
        >>> SQRT5.continued_fraction(5)
        [2, 4, 4, 4, 4]
        """
        count = operands.natural(n, "GoldenExact.continued_fraction: n")
        if self._q and count > _MAX_QUOTIENTS:
            raise ValueError(
                f"GoldenExact.continued_fraction: n must be at most {_MAX_QUOTIENTS}, got "
                f"{shown(count)}; the quotients of an irrational number repeat"
            )
        return [int(k) for k in field.partial_quotients(self.numerators(), count)]

    def minkowski(self) -> tuple[float, float]:
        """Return the number and its Galois conjugate as floats, each correctly rounded."""
        p, q, d = self._p, self._q, self._d
        return pairs.nearest_double(p, q, d), pairs.nearest_double(p + q, -q, d)

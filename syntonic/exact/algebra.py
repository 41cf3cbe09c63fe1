"""The field Q(φ) in a `GoldenExact`: conjugate, norm and trace, roots, integers, expansions."""

from __future__ import annotations

from typing import Self

from syntonic.errors import shown
from syntonic.exact import field, operands, pairs
from syntonic.exact.element import ONE, Element, lowest, reduced
from syntonic.exact.gmp import mpq

__all__ = ["Algebra"]

_MAX_QUOTIENTS = 10**7


class Algebra(Element):
    """Adds what belongs to the field."""

    __slots__ = ()

    def galois_conjugate(self) -> Self:
        """Return the image under √5 → -√5, which sends a + bφ to (a + b) - bφ.

        Returns
        -------
        GoldenExact
            (a + b) - bφ, the other root of `minpoly` where the number is irrational.

        See Also
        --------
        GoldenExact.norm : the product of both.
        GoldenExact.trace : their sum.
        GoldenExact.minkowski : both as floats.

        Notes
        -----
        It is not ``x.conjugate()``, which Python defines as x itself for every real number.

        Examples
        --------
        >>> from syntonic import PHI
        >>> PHI.galois_conjugate(), PHI.galois_conjugate() == -1 / PHI
        (GoldenExact(1, -1), True)
        """
        return lowest(type(self), self._p + self._q, -self._q, self._d)

    def norm(self) -> mpq:
        """Return the product with the Galois conjugate.

        Returns
        -------
        mpq
            a² + ab - b².

        See Also
        --------
        GoldenExact.trace : the sum with the conjugate.
        GoldenExact.is_unit : whether an integer of the field has norm 1 or -1.

        Notes
        -----
        The norm is multiplicative, norm(xy) = norm(x)·norm(y), and 0 for 0 alone.

        Examples
        --------
        >>> from syntonic import PHI, GoldenExact
        >>> PHI.norm(), GoldenExact(3, 1).norm()
        (mpq(-1,1), mpq(11,1))
        """
        return mpq(pairs.norm(self._p, self._q), self._d * self._d)

    def trace(self) -> mpq:
        """Return the sum with the Galois conjugate.

        Returns
        -------
        mpq
            2a + b.

        See Also
        --------
        GoldenExact.norm : the product with the conjugate.
        integers.lucas : the traces of the powers of φ.

        Examples
        --------
        >>> from syntonic import PHI
        >>> PHI.trace(), (PHI**10).trace()
        (mpq(1,1), mpq(123,1))
        """
        return mpq(2 * self._p + self._q, self._d)

    def inverse(self) -> Self:
        """Return 1/self.

        Returns
        -------
        GoldenExact
            The conjugate over the norm, ((a + b) - bφ) / (a² + ab - b²).

        Raises
        ------
        ZeroDivisionError
            The number is 0.

        See Also
        --------
        GoldenExact.galois_conjugate : the numerator.
        GoldenExact.norm : the denominator.

        Examples
        --------
        >>> from syntonic import PHI, GoldenExact
        >>> PHI.inverse(), GoldenExact(3, 1).inverse()
        (GoldenExact(-1, 1), GoldenExact('4/11', '-1/11'))
        """
        return reduced(type(self), *field.reciprocal(self.numerators()))

    def sqrt(self) -> Self:
        """Return the non-negative square root within Q(φ).

        Returns
        -------
        GoldenExact
            The y >= 0 with y·y == self.

        Raises
        ------
        ValueError
            The number is not a square in the field.

        See Also
        --------
        GoldenExact.is_square : tells beforehand.
        GoldenExact.to_decimal : digits, which every number has.

        Notes
        -----
        With n = ±√norm(x) rational, the root and its conjugate have the sum √(trace(x) + 2n) and
        the difference √(trace(x) - 2n), which must be rational and a rational multiple of √5.

        Examples
        --------
        >>> from syntonic import PHI
        >>> (PHI + 1).sqrt()
        GoldenExact(0, 1)
        >>> PHI.sqrt()
        Traceback (most recent call last):
            ...
        ValueError: GoldenExact.sqrt: the number is not a square in Q(φ)
        """
        root = field.square_root(self.numerators())
        if root is None:
            raise ValueError("GoldenExact.sqrt: the number is not a square in Q(φ)")
        return reduced(type(self), *root)

    def is_square(self) -> bool:
        """Return whether the number is the square of an element of Q(φ).

        Returns
        -------
        bool

        See Also
        --------
        GoldenExact.sqrt : the root.

        Examples
        --------
        >>> from syntonic import PHI, GoldenExact
        >>> (PHI**2 / 9).is_square(), GoldenExact(5).is_square(), GoldenExact(2).is_square()
        (True, True, False)
        """
        return field.square_root(self.numerators()) is not None

    def is_integral(self) -> bool:
        """Return whether the number lies in Z[φ], the ring of integers of the field.

        Returns
        -------
        bool
            a and b are both integers.

        See Also
        --------
        GoldenExact.is_unit : whether 1/x is integral too.
        GoldenExact.minpoly : the polynomial, which begins with 1 for these.

        Examples
        --------
        >>> from syntonic import PHI
        >>> PHI.is_integral(), (PHI / 2).is_integral()
        (True, False)
        """
        return self._d is ONE or bool(self._d == 1)

    def is_rational(self) -> bool:
        """Return whether b is 0.

        Returns
        -------
        bool

        See Also
        --------
        GoldenExact.is_integral : whether the denominator is 1.

        Examples
        --------
        >>> from syntonic import PHI, GoldenExact
        >>> GoldenExact("3/2").is_rational(), PHI.is_rational()
        (True, False)
        """
        return not self._q

    def is_unit(self) -> bool:
        """Return whether the number is a unit of Z[φ], that is ±φⁿ.

        Returns
        -------
        bool
            The number is integral and its norm 1 or -1.

        See Also
        --------
        integers.unit_log : the sign and the exponent n.

        Examples
        --------
        >>> from syntonic import PHI
        >>> (-(PHI**-7)).is_unit(), (PHI + 2).is_unit()
        (True, False)
        """
        return self.is_integral() and abs(pairs.norm(self._p, self._q)) == 1

    def minpoly(self) -> list[int]:
        """Return the primitive integer polynomial of which the number is a root.

        Returns
        -------
        list of int
            Coefficients, highest power first, the first one positive; three of them for an
            irrational number, two for a rational one.

        See Also
        --------
        GoldenExact.trace : minus the second coefficient over the first.
        GoldenExact.norm : the third coefficient over the first.

        Notes
        -----
        x² - trace·x + norm, cleared of denominators and common factors.

        Examples
        --------
        >>> from syntonic import PHI, GoldenExact
        >>> PHI.minpoly(), (PHI / 2).minpoly(), GoldenExact("3/2").minpoly()
        ([1, -1, -1], [4, -2, -1], [2, -3])
        """
        return [int(c) for c in field.minimal_polynomial(self.numerators())]

    def continued_fraction(self, n: int) -> list[int]:
        """Return the first n partial quotients.

        Parameters
        ----------
        n : int
            How many, 0 or more.

        Returns
        -------
        list of int
            Fewer than n if the number is rational and they end.

        Raises
        ------
        TypeError
            n is not an integer.
        ValueError
            n is negative, or above 10^7 for an irrational number, whose quotients repeat.

        See Also
        --------
        GoldenExact.from_continued_fraction : the way back.
        GoldenExact.to_decimal : decimal digits.

        Notes
        -----
        x = k₀ + 1/(k₁ + 1/(k₂ + ...)) with kᵢ the floor of the i-th complete quotient. The
        quotients of an irrational number of the field repeat from some place on (Lagrange).

        Examples
        --------
        >>> from syntonic import SQRT5, GoldenExact
        >>> SQRT5.continued_fraction(5), GoldenExact("7/3").continued_fraction(5)
        ([2, 4, 4, 4, 4], [2, 3])
        """
        count = operands.natural(n, "GoldenExact.continued_fraction: n")
        if self._q and count > _MAX_QUOTIENTS:
            raise ValueError(
                f"GoldenExact.continued_fraction: n must be at most {_MAX_QUOTIENTS}, got "
                f"{shown(count)}; the quotients of an irrational number repeat"
            )
        return [int(k) for k in field.partial_quotients(self.numerators(), count)]

    def minkowski(self) -> tuple[float, float]:
        """Return the number and its Galois conjugate as floats.

        Returns
        -------
        x, conjugate : float
            Each rounded once, to nearest even.

        Raises
        ------
        OverflowError
            One of them is beyond the range of float64.

        See Also
        --------
        GoldenExact.galois_conjugate : the conjugate, exact.

        Notes
        -----
        This is Minkowski's embedding of the field in the plane, in which Z[φ] is a lattice.

        Examples
        --------
        >>> from syntonic import PHI
        >>> PHI.minkowski()
        (1.618033988749895, -0.6180339887498949)
        """
        p, q, d = self._p, self._q, self._d
        return pairs.nearest_double(p, q, d), pairs.nearest_double(p + q, -q, d)

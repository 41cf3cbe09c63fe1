"""`GoldenExact` as floats, integers, decimals and text, each rounded once from the exact value.

There is no `__mpfr__` and no `__mpq__`: gmpy2 would take what has one for a number of that kind,
and compute ``mpz(3) * PHI`` in floats.
"""

from __future__ import annotations

from typing import Any, Self, overload

from syntonic.exact import field, limits, pairs, text
from syntonic.exact.element import Element, lowest

__all__ = ["Conversions"]


class Conversions(Element):
    """Adds what turns a number into one of another kind."""

    __slots__ = ()

    def __float__(self) -> float:
        return pairs.nearest_double(self._p, self._q, self._d)

    def __int__(self) -> int:
        return self.__trunc__()

    def __trunc__(self) -> int:
        p, q, d = self._p, self._q, self._d
        if pairs.sign(p, q) < 0:
            return -int(pairs.floor_div(-p, -q, d))
        return int(pairs.floor_div(p, q, d))

    def __floor__(self) -> int:
        return int(pairs.floor_div(self._p, self._q, self._d))

    def __ceil__(self) -> int:
        return -int(pairs.floor_div(-self._p, -self._q, self._d))

    @overload
    def __round__(self, ndigits: None = None) -> int: ...
    @overload
    def __round__(self, ndigits: Any) -> Self: ...
    def __round__(self, ndigits: Any = None) -> int | Self:
        if ndigits is None:
            return int(field.round_half_even(self._p, self._q, self._d))
        where = "GoldenExact: ndigits of round"
        places = limits.require_digits(ndigits, -limits.MAX_DIGITS, where)
        return lowest(type(self), *field.round_decimal(self.numerators(), places))

    def __repr__(self) -> str:
        return text.constructor(self.numerators())

    def __str__(self) -> str:
        return text.expression(self.numerators())

    def __format__(self, spec: str) -> str:
        return text.formatted(self.numerators(), spec)

    def _repr_latex_(self) -> str:
        return f"${text.latex(self.numerators())}$"

    def _sympy_(self) -> Any:  # without it SymPy would take the float
        from sympy import Rational, sqrt

        p, q, d = (int(n) for n in self.numerators())
        return Rational(2 * p + q, 2 * d) + Rational(q, 2 * d) * sqrt(5)

    def _mpmath_(self, prec: int, rounding: str) -> Any:  # likewise
        from mpmath import libmp, mp

        mantissa, exponent = pairs.sticky(*self.numerators(), prec)
        return mp.make_mpf(libmp.from_man_exp(libmp.MPZ(mantissa), exponent, prec, rounding))

    def as_integer_ratio(self) -> tuple[int, int]:
        """Return numerator and denominator of a rational number.

        Returns
        -------
        numerator, denominator : int
            In lowest terms; the denominator is positive.

        Raises
        ------
        TypeError
            The number is irrational.

        See Also
        --------
        GoldenExact.numerators : three integers, for any number of the field.

        Notes
        -----
        What `statistics` and `fractions` ask of a number.

        Examples
        --------
        >>> from syntonic import GoldenExact
        >>> GoldenExact("3/2").as_integer_ratio()
        (3, 2)
        """
        if self._q:
            raise TypeError(
                "GoldenExact.as_integer_ratio: the number is irrational; numerators() gives its "
                "three integers, float() the nearest double"
            )
        return int(self._p), int(self._d)

    def to_decimal(self, digits: int) -> str:
        """Return the decimal expansion to that many significant digits, correctly rounded.

        Parameters
        ----------
        digits : int
            From 1 to 10^8.

        Returns
        -------
        str
            Plain from 10^-6 up to so many digits, else with an exponent. A rational number midway
            between two candidates goes to the even digit.

        Raises
        ------
        TypeError
            digits is not an integer.
        ValueError
            digits is out of range.

        See Also
        --------
        GoldenExact.minkowski : correctly rounded floats.
        GoldenExact.parse : reads decimals, exactly.

        Notes
        -----
        Ctrl-C waits for the square root and for the conversion: for some seconds at 10^7 digits,
        about a minute at 10^8.

        Examples
        --------
        >>> from syntonic import PHI
        >>> PHI.to_decimal(50)
        '1.6180339887498948482045868343656381177203091798058'
        >>> (PHI**-50).to_decimal(3)
        '3.55e-11'
        """
        return text.decimal(self.numerators(), digits)

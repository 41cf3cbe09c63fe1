"""`GoldenExact`, an element of the golden field Q(φ), φ = (1+√5)/2.

Every operation is exact. Arithmetic refuses floats, comparison takes a float at its exact binary
value. Here is how a number is made; what it can do is in the four modules of its bases.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isfunction
from typing import Any, SupportsIndex

import numpy as np
from gmpy2 import mpz

from syntonic.exact import operands
from syntonic.exact.algebra import Algebra
from syntonic.exact.conversions import Conversions
from syntonic.exact.element import ONE, Element, blank, reduced
from syntonic.exact.operators import Operators
from syntonic.exact.ordering import Ordering
from syntonic.exact.pairs import ZERO
from syntonic.typing import ExactRational, ExactScalar

__all__ = ["PHI", "PHI_INV", "SQRT5", "GoldenExact", "golden_list"]


class GoldenExact(Operators, Ordering, Conversions, Algebra):
    """Hold an element a + bφ of Q(φ) exactly.

    Parameters
    ----------
    a, b : int, Fraction, mpz, mpq, NumPy integer or str
        A string is an integer or a fraction such as "3/2". a may also be a GoldenExact.

    Raises
    ------
    TypeError
        a or b is a float: `snap` takes the nearest element of a lattice,
        `GoldenExact.from_float_exact` the float's exact binary value. Or it is of another type.
    ValueError
        A string is no integer or fraction; `GoldenExact.parse` reads expressions.
    ZeroDivisionError
        A string has the denominator 0.

    See Also
    --------
    GoldenExact.from_numerators : three integers, of one denominator.
    identify : the simplest element near a float.
    ResonantTensor : arrays of such numbers.
    integers : number theory in Z[φ].

    Notes
    -----
    Equal numbers of other types are equal and hash alike: int, Fraction, mpz, mpq, and floats at
    their exact binary value. Order is the order of the real line. Arithmetic takes exact numbers
    on either side, ``//`` gives an int, ``**`` an exact power for integer exponents; `float` and
    `round` are correctly rounded. Numbers never change.

    Examples
    --------
    >>> x = GoldenExact("3/2", -5)
    >>> x, x * PHI, x < -6
    (GoldenExact('3/2', -5), GoldenExact(-5, '-7/2'), True)
    """

    __slots__ = ()

    def __new__(cls, a: ExactScalar | str = 0, b: ExactRational | str = 0) -> GoldenExact:
        if type(a) is type(b) is int:
            x = blank(GoldenExact)
            x._p = mpz(a)
            x._q = mpz(b)
            x._d = ONE
            return x
        if isinstance(a, GoldenExact):
            p, q, d = a.numerators()
        else:
            p, d = operands.rational_parts(a, "a")
            q = ZERO
        if type(b) is not int or b:
            s, e = operands.rational_parts(b, "b")
            p, q, d = p * e, q * e + s * d, d * e
        return reduced(GoldenExact, p, q, d)

    @classmethod
    def from_numerators(
        cls, p: SupportsIndex, q: SupportsIndex, d: SupportsIndex = 1
    ) -> GoldenExact:
        """Return (p + qφ)/d.

        Parameters
        ----------
        p, q, d : int, mpz or NumPy integer
            d of either sign, but not 0.

        Returns
        -------
        GoldenExact
            Brought to lowest terms.

        Raises
        ------
        TypeError
            One of them is not an integer.
        ZeroDivisionError
            d is 0.

        See Also
        --------
        GoldenExact.numerators : the way back.

        Examples
        --------
        >>> GoldenExact.from_numerators(2, -4, -6)
        GoldenExact('-1/3', '2/3')
        """
        top, phi, bottom = operands.integer(p), operands.integer(q), operands.integer(d)
        if not bottom:
            raise ZeroDivisionError("GoldenExact.from_numerators: d must not be 0")
        if bottom < 0:
            top, phi, bottom = -top, -phi, -bottom
        return reduced(GoldenExact, top, phi, bottom)

    @classmethod
    def from_float_exact(cls, x: float | np.floating[Any]) -> GoldenExact:
        """Return the exact binary value of a finite float, a rational number.

        Parameters
        ----------
        x : float, NumPy floating scalar or gmpy2 mpfr

        Returns
        -------
        GoldenExact
            m·2^e for the float's significand m and exponent e.

        Raises
        ------
        TypeError
            x is not a float.
        ValueError
            x is infinite or NaN.
        OverflowError
            The exponent of an mpfr is beyond 2^28.

        See Also
        --------
        snap : the nearest element of a lattice.
        identify : the simplest element within a tolerance.

        Examples
        --------
        >>> GoldenExact.from_float_exact(0.1)
        GoldenExact('3602879701896397/36028797018963968')
        """
        return reduced(GoldenExact, *operands.float_triple(x))

    @classmethod
    def parse(cls, text: str) -> GoldenExact:
        """Read an expression such as "3/2 - 5phi", "φ^-3" or "(1+√5)/2".

        Parameters
        ----------
        text : str
            Integers, decimals and fractions; φ, ϕ or phi; √5, sqrt5 or sqrt(5); + - * / and ^ or
            ** with integer exponents, raised digits, parentheses; 2φ is a product.

        Returns
        -------
        GoldenExact
            The exact value; a decimal such as 1.25 is 5/4.

        Raises
        ------
        TypeError
            text is not a string.
        ValueError
            text is not such an expression, or its numbers become too large; the message points at
            the column.

        See Also
        --------
        GoldenExact : takes a and b as numbers or as strings such as "3/2".

        Notes
        -----
        `syntonic.exact.parser` has the grammar. What `str` writes is read back.

        Examples
        --------
        >>> GoldenExact.parse("(1 + sqrt5)/2 - 1.25")
        GoldenExact('-5/4', 1)
        """
        from syntonic.exact import parser

        return reduced(GoldenExact, *parser.parse(text))

    @classmethod
    def from_continued_fraction(
        cls, quotients: Iterable[ExactScalar], period: Iterable[ExactScalar] = ()
    ) -> GoldenExact:
        """Return the value of a continued fraction, finite or periodic.

        Parameters
        ----------
        quotients : iterable of int, mpz or NumPy integers
            k₀, k₁, ...; all but the first of all are positive.
        period : iterable of int, mpz or NumPy integers, optional
            What follows, repeated without end; positive.

        Returns
        -------
        GoldenExact
            k₀ + 1/(k₁ + 1/(k₂ + ...)).

        Raises
        ------
        TypeError
            A quotient is no exact integer.
        ValueError
            A quotient is not positive where it must be, or there is none at all.
        NotGoldenError
            The period gives a number of another field, such as √2.

        See Also
        --------
        GoldenExact.continued_fraction : the way back.

        Examples
        --------
        >>> GoldenExact.from_continued_fraction([], [1])
        GoldenExact(0, 1)
        >>> GoldenExact.from_continued_fraction([2, 3])
        GoldenExact('7/3')
        """
        from syntonic.exact import continued

        return reduced(GoldenExact, *continued.value(quotients, period))

    def __reduce__(self) -> tuple[Any, ...]:
        return GoldenExact.from_numerators, self.numerators()


def _adopt_methods() -> None:
    """Let the methods from the bases go by the class's name, in pickles and Python's messages."""
    for base in (Operators, Ordering, Conversions, Algebra, Element):
        for name, member in vars(base).items():
            if isfunction(member):
                member.__module__, member.__qualname__ = __name__, f"GoldenExact.{name}"


_adopt_methods()

PHI = GoldenExact(0, 1)
"""The golden ratio φ = (1+√5)/2."""

PHI_INV = GoldenExact(-1, 1)
"""1/φ = φ - 1."""

SQRT5 = GoldenExact(-1, 2)
"""√5 = 2φ - 1."""


def golden_list(p: Iterable[mpz], q: Iterable[mpz], d: Iterable[mpz]) -> list[GoldenExact]:
    """Return (p + qφ)/d for integers in lowest terms with d > 0, many at once."""
    out, kind = [], GoldenExact
    for a, b, e in zip(p, q, d, strict=True):
        x = blank(kind)
        x._p, x._q, x._d = a, b, e
        out.append(x)
    return out

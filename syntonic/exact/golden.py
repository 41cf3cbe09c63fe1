"""`GoldenExact`, an element of the golden field Q(φ), φ = (1+√5)/2.

An element (p + qφ)/d is held as three gmpy2 integers over one denominator d > 0, in lowest terms:
half the work of two separate fractions. Every operation is exact. Arithmetic refuses floats,
comparison takes a float at its exact binary value.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

from gmpy2 import gcd, mpq, mpz

from syntonic.errors import shown
from syntonic.exact import field, limits, operands, pairs, text
from syntonic.exact.operands import Triple

__all__ = ["PHI", "PHI_INV", "SQRT5", "GoldenExact"]

_ZERO, _ONE = mpz(0), mpz(1)
_MAX_QUOTIENTS = 10**7
_MAX_BITS = limits.MAX_BITS

_Operator: TypeAlias = "Callable[[GoldenExact, Any], Any]"


def _new(p: mpz, q: mpz, d: mpz) -> GoldenExact:
    """Return (p + qφ)/d, which is in lowest terms already."""
    x: GoldenExact = object.__new__(GoldenExact)
    x._p = p
    x._q = q
    x._d = d
    return x


def _reduced(p: mpz, q: mpz, d: mpz) -> GoldenExact:
    """Return (p + qφ)/d for d > 0, brought to lowest terms."""
    if d != 1:
        if d.bit_length() > _MAX_BITS:
            limits.require_bits(d.bit_length(), "GoldenExact: the operation")
        if (common := gcd(p, q, d)) != 1:
            p, q, d = p // common, q // common, d // common
    x: GoldenExact = object.__new__(GoldenExact)
    x._p = p
    x._q = q
    x._d = d
    return x


def _operand(x: Any, symbol: str) -> GoldenExact | None:
    """Return an exact number as a GoldenExact, None for an unknown type; a float raises."""
    if isinstance(x, GoldenExact):
        return x
    triple = operands.rational_triple(x, f"GoldenExact: {symbol}")
    return None if triple is None else _new(*triple)


def _operators(
    symbol: str,
    operation: Callable[[Triple, Triple], Any],
    build: Callable[[mpz, mpz, mpz], GoldenExact] = _reduced,
) -> tuple[_Operator, ...]:
    """Return a binary operator and its reflection, for exact operands of any type."""

    def apply(left: GoldenExact, right: GoldenExact) -> Any:
        result = operation(left.numerators(), right.numerators())
        if not isinstance(result, tuple):
            return result
        limits.require_bits(result[0].bit_length(), f"GoldenExact: {symbol}")
        return build(*result)

    def forward(self: GoldenExact, other: Any) -> Any:
        right = _operand(other, symbol)
        return NotImplemented if right is None else apply(self, right)

    def reflected(self: GoldenExact, other: Any) -> Any:
        left = _operand(other, symbol)
        return NotImplemented if left is None else apply(left, self)

    return forward, reflected


def _compare(x: GoldenExact, other: object) -> Any:
    """Return a number with the sign of x - other, NaN for NaN, NotImplemented if unordered."""
    if type(other) is GoldenExact:
        r, s, e = other._p, other._q, other._d
    elif isinstance(other, operands.WITH_EXPONENT) and not operands.is_finite(other):
        return -operands.special_float(other)
    elif (triple := operands.comparand(other, x.numerators())) is not None:
        r, s, e = triple
    else:
        return NotImplemented
    d = x._d
    if d == e:
        return pairs.sign(x._p - r, x._q - s)
    return pairs.sign(x._p * e - r * d, x._q * e - s * d)


def _ordering(relation: Callable[[Any, Any], bool]) -> _Operator:
    def method(self: GoldenExact, other: Any) -> bool:
        order = _compare(self, other)
        return NotImplemented if order is NotImplemented else relation(order, 0)

    return method


class GoldenExact(numbers.Real):
    """Hold an element a + bφ of Q(φ) exactly.

    Parameters
    ----------
    a, b
        Each an int, Fraction, mpz, mpq, NumPy integer, or a string such as "3/2"; a may also be
        a GoldenExact.

    Raises
    ------
    TypeError
        a or b is a float: `snap` takes the nearest element of a lattice,
        `GoldenExact.from_float_exact` the float's exact binary value.

    Notes
    -----
    Equal numbers of other types are equal and hash alike: int, Fraction, mpz, mpq, and floats at
    their exact binary value. Order is the order of the real line.

    Examples
    --------
    >>> x = GoldenExact("3/2", -5)
    >>> x, x * PHI, x < -6
    (GoldenExact('3/2', -5), GoldenExact(-5, '-7/2'), True)
    """

    __slots__ = ("_d", "_p", "_q")

    _d: mpz
    _p: mpz
    _q: mpz

    # Above NumPy's scalars, which leave their operators to this class then, and below its arrays.
    # Left to NumPy, divmod of a scalar and an object fails before NumPy 2.1.
    __array_priority__ = -999_999.0

    def __new__(cls, a: Any = 0, b: Any = 0) -> GoldenExact:
        if isinstance(a, GoldenExact):
            p, q, d = a._p, a._q, a._d
        else:
            p, d = operands.rational_parts(a, "a")
            q = _ZERO
        if type(b) is not int or b:
            s, e = operands.rational_parts(b, "b")
            p, q, d = p * e, q * e + s * d, d * e
        return _reduced(p, q, d)

    @classmethod
    def from_numerators(cls, p: Any, q: Any, d: Any = 1) -> GoldenExact:
        """Return (p + qφ)/d from three integers of any kind, d of either sign but not 0.

        Examples
        --------
        >>> GoldenExact.from_numerators(2, -4, -6)
        GoldenExact('-1/3', '2/3')
        """
        p, q, d = operands.integer(p), operands.integer(q), operands.integer(d)
        if d <= 0:
            if d == 0:
                raise ZeroDivisionError("GoldenExact.from_numerators: d must not be 0")
            p, q, d = -p, -q, -d
        return _reduced(p, q, d)

    @classmethod
    def from_float_exact(cls, x: Any) -> GoldenExact:
        """Return the exact binary value of a finite float, a rational number.

        Parameters
        ----------
        x
            A float, a NumPy floating scalar or a gmpy2 mpfr.

        Raises
        ------
        TypeError
            x is not a float.
        ValueError
            x is infinite or NaN.

        Examples
        --------
        >>> GoldenExact.from_float_exact(0.1)
        GoldenExact('3602879701896397/36028797018963968')
        """
        return _reduced(*operands.float_triple(x))

    @classmethod
    def parse(cls, text: str) -> GoldenExact:
        """Read an expression such as "3/2 - 5phi", "φ^-3" or "(1+√5)/2".

        `syntonic.exact.parser` describes the grammar and the errors.

        Examples
        --------
        >>> GoldenExact.parse("(1 + sqrt5)/2 - 1.25")
        GoldenExact('-5/4', 1)
        """
        from syntonic.exact import parser

        return _new(*parser.parse(text))

    def numerators(self) -> Triple:
        """Return (p, q, d) with self = (p + qφ)/d in lowest terms, d > 0."""
        return self._p, self._q, self._d

    @property
    def a(self) -> mpq:
        """The rational part of a + bφ."""
        return mpq(self._p, self._d)

    @property
    def b(self) -> mpq:
        """The coefficient of φ in a + bφ."""
        return mpq(self._q, self._d)

    # Arithmetic. Only addition, subtraction and multiplication are written for speed.

    def __add__(self, other: Any) -> GoldenExact:
        if type(other) is not GoldenExact and (other := _operand(other, "+")) is None:
            return NotImplemented
        d, e = self._d, other._d
        if d == e:
            return _reduced(self._p + other._p, self._q + other._q, d)
        return _reduced(self._p * e + other._p * d, self._q * e + other._q * d, d * e)

    __radd__ = __add__

    def __sub__(self, other: Any) -> GoldenExact:
        if type(other) is not GoldenExact and (other := _operand(other, "-")) is None:
            return NotImplemented
        d, e = self._d, other._d
        if d == e:
            return _reduced(self._p - other._p, self._q - other._q, d)
        return _reduced(self._p * e - other._p * d, self._q * e - other._q * d, d * e)

    def __rsub__(self, other: Any) -> GoldenExact:
        left = _operand(other, "-")
        return NotImplemented if left is None else left - self

    def __mul__(self, other: Any) -> GoldenExact:
        if type(other) is not GoldenExact and (other := _operand(other, "*")) is None:
            return NotImplemented
        p, q, r, s = self._p, self._q, other._p, other._q
        qs = q * s
        a = p * r + qs
        if a.bit_length() > _MAX_BITS:  # one step of a long product: the next must not abort
            limits.require_bits(a.bit_length(), "GoldenExact: *")
        return _reduced(a, p * s + q * r + qs, self._d * other._d)

    __rmul__ = __mul__

    __truediv__, __rtruediv__ = _operators("/", field.quotient)
    __floordiv__, __rfloordiv__ = _operators("//", field.floor_quotient)
    __mod__, __rmod__ = _operators("%", field.remainder)
    __pow__, __rpow__ = _operators("**", field.power, _new)

    def __neg__(self) -> GoldenExact:
        return _new(-self._p, -self._q, self._d)

    def __pos__(self) -> GoldenExact:
        return self

    def __abs__(self) -> GoldenExact:
        return -self if pairs.sign(self._p, self._q) < 0 else self

    def __bool__(self) -> bool:
        return bool(self._p or self._q)

    # Order

    def __eq__(self, other: object) -> bool:
        if type(other) is GoldenExact:
            return bool(self._p == other._p and self._q == other._q and self._d == other._d)
        order = _compare(self, other)
        if order is not NotImplemented:
            return bool(order == 0)
        if isinstance(other, operands.COMPLEX):  # Fraction knows them
            return not self._q and bool(Fraction(int(self._p), int(self._d)) == other)
        return NotImplemented

    __lt__ = _ordering(operator.lt)
    __le__ = _ordering(operator.le)
    __gt__ = _ordering(operator.gt)
    __ge__ = _ordering(operator.ge)

    # numbers.Complex declares itself unhashable to the type checker.
    def __hash__(self) -> int:  # type: ignore[override]
        a, b = (self._p, self._q) if self._d == 1 else (self.a, self.b)
        return hash((a, b)) if b else hash(a)

    # Conversion

    def __float__(self) -> float:
        return pairs.nearest_float(self._p, self._q, self._d)

    def __int__(self) -> int:
        return math.trunc(self)

    def __trunc__(self) -> int:
        return math.floor(self) if pairs.sign(self._p, self._q) >= 0 else math.ceil(self)

    def __floor__(self) -> int:
        return int(pairs.floor_div(self._p, self._q, self._d))

    def __ceil__(self) -> int:
        return -int(pairs.floor_div(-self._p, -self._q, self._d))

    def __round__(self, ndigits: Any = None) -> Any:
        if ndigits is None:
            return int(field.round_half_even(self._p, self._q, self._d))
        where = "GoldenExact: ndigits of round"
        places = limits.require_digits(ndigits, -limits.MAX_DIGITS, where)
        return _new(*field.round_decimal(self.numerators(), places))

    def __reduce__(self) -> tuple[Any, ...]:
        return GoldenExact.from_numerators, self.numerators()

    __copy__ = __pos__

    def __deepcopy__(self, memo: Any) -> GoldenExact:
        return self

    # Text

    def __repr__(self) -> str:
        return text.constructor(self)

    def __str__(self) -> str:
        return text.expression(self)

    def __format__(self, spec: str) -> str:
        return text.formatted(self, spec)

    def _repr_latex_(self) -> str:
        return f"${text.latex(self)}$"

    def _sympy_(self) -> Any:  # without it SymPy would take the float
        from sympy import Rational, sqrt

        p, q, d = (int(n) for n in self.numerators())
        return Rational(2 * p + q, 2 * d) + Rational(q, 2 * d) * sqrt(5)

    def to_decimal(self, digits: int) -> str:
        """Return the decimal expansion to that many significant digits, correctly rounded.

        Parameters
        ----------
        digits
            From 1 to 10^8. A rational number midway between two candidates goes to the even digit.

        Raises
        ------
        TypeError
            digits is not an integer.
        ValueError
            digits is out of range.

        Notes
        -----
        Ctrl-C waits for the square root and for the conversion: for some seconds at 10^7 digits,
        about a minute at 10^8.

        Examples
        --------
        >>> PHI.to_decimal(50)
        '1.6180339887498948482045868343656381177203091798058'
        """
        return text.decimal(self, digits)

    # The field

    def galois_conjugate(self) -> GoldenExact:
        """Return the image under √5 → -√5, which sends a + bφ to (a + b) - bφ."""
        return _new(self._p + self._q, -self._q, self._d)

    def norm(self) -> mpq:
        """Return the product with the Galois conjugate, a² + ab - b²."""
        return mpq(pairs.norm(self._p, self._q), self._d * self._d)

    def trace(self) -> mpq:
        """Return the sum with the Galois conjugate, 2a + b."""
        return mpq(2 * self._p + self._q, self._d)

    def inverse(self) -> GoldenExact:
        """Return 1/self; zero raises ZeroDivisionError."""
        return _reduced(*field.quotient((_ONE, _ZERO, _ONE), self.numerators()))

    def sign(self) -> int:
        """Return -1, 0 or 1, decided in integers."""
        return pairs.sign(self._p, self._q)

    def sqrt(self) -> GoldenExact:
        """Return the non-negative square root within Q(φ).

        Raises
        ------
        ValueError
            The number is not a square in the field.

        Examples
        --------
        >>> (PHI + 1).sqrt()
        GoldenExact(0, 1)
        """
        root = field.square_root(self.numerators())
        if root is None:
            raise ValueError("GoldenExact.sqrt: the number is not a square in Q(φ)")
        return _reduced(*root)

    def is_square(self) -> bool:
        """Return whether the number is the square of an element of Q(φ)."""
        return field.square_root(self.numerators()) is not None

    def is_integral(self) -> bool:
        """Return whether the number lies in Z[φ], the ring of integers of the field."""
        return bool(self._d == 1)

    def is_rational(self) -> bool:
        """Return whether b is 0."""
        return not self._q

    def is_unit(self) -> bool:
        """Return whether the number is a unit of Z[φ], that is ±φⁿ."""
        return bool(self._d == 1 and abs(pairs.norm(self._p, self._q)) == 1)

    def minpoly(self) -> list[int]:
        """Return the primitive integer polynomial of which the number is a root.

        Coefficients, highest power first, the first one positive: those of x² - trace·x + norm
        cleared of denominators and common factors, or two of them for a rational number.

        Examples
        --------
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
        return float(self), float(self.galois_conjugate())


PHI = GoldenExact(0, 1)
"""The golden ratio φ = (1+√5)/2."""

PHI_INV = GoldenExact(-1, 1)
"""1/φ = φ - 1."""

SQRT5 = GoldenExact(-1, 2)
"""√5 = 2φ - 1."""

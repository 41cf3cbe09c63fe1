"""Arithmetic of `GoldenExact`: exact operands of any type, on either side; floats are refused.

Over the denominator 1 addition, subtraction and multiplication set the new element's numbers in
place: a call of `reduced` would cost a third as much as all the rest.
"""

from __future__ import annotations

from typing import Any, Self

from syntonic.exact import field, limits, pairs
from syntonic.exact.element import ONE, Element, blank, lowest, operand, reduced

__all__ = ["Operators"]

_MAX_BITS = limits.MAX_BITS


class Operators(Element):
    """Adds the operators."""

    __slots__ = ()

    def __add__(self, other: Any) -> Self:
        kind = type(self)
        if type(other) is not kind and (other := operand(kind, other, "+")) is None:
            return NotImplemented
        d, e = self._d, other._d
        if d is e is ONE:
            x = blank(kind)
            x._p = self._p + other._p
            x._q = self._q + other._q
            x._d = ONE
            return x
        if d == e:
            return reduced(kind, self._p + other._p, self._q + other._q, d)
        return reduced(kind, self._p * e + other._p * d, self._q * e + other._q * d, d * e)

    def __radd__(self, other: Any) -> Self:
        return self.__add__(other)

    def __sub__(self, other: Any) -> Self:
        kind = type(self)
        if type(other) is not kind and (other := operand(kind, other, "-")) is None:
            return NotImplemented
        d, e = self._d, other._d
        if d is e is ONE:
            x = blank(kind)
            x._p = self._p - other._p
            x._q = self._q - other._q
            x._d = ONE
            return x
        if d == e:
            return reduced(kind, self._p - other._p, self._q - other._q, d)
        return reduced(kind, self._p * e - other._p * d, self._q * e - other._q * d, d * e)

    def __rsub__(self, other: Any) -> Self:
        left = operand(type(self), other, "-")
        return NotImplemented if left is None else left.__sub__(self)

    def __mul__(self, other: Any) -> Self:
        kind = type(self)
        if type(other) is not kind and (other := operand(kind, other, "*")) is None:
            return NotImplemented
        p, q, r, s = self._p, self._q, other._p, other._q
        qs = q * s
        a = p * r + qs
        if a.bit_length() > _MAX_BITS:  # one step of a long product: the next must not abort
            limits.require_bits(a.bit_length(), "GoldenExact: *")
        d, e = self._d, other._d
        if d is not ONE or e is not ONE:
            return reduced(kind, a, p * s + q * r + qs, d * e)
        x = blank(kind)
        x._p = a
        x._q = p * s + q * r + qs
        x._d = ONE
        return x

    def __rmul__(self, other: Any) -> Self:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Self:
        kind = type(self)
        if type(other) is not kind and (other := operand(kind, other, "/")) is None:
            return NotImplemented
        p, q, n = pairs.quotient(self._p, self._q, other._p, other._q)
        d, e = self._d, other._d
        if d is not e:
            p, q, n = p * e, q * e, n * d
        if p.bit_length() > _MAX_BITS:
            limits.require_bits(p.bit_length(), "GoldenExact: /")
        return reduced(kind, p, q, n)

    def __rtruediv__(self, other: Any) -> Self:
        left = operand(type(self), other, "/")
        return NotImplemented if left is None else left.__truediv__(self)

    def __floordiv__(self, other: Any) -> int:
        right = operand(type(self), other, "//")
        if right is None:
            return NotImplemented
        return field.floor_quotient(self.numerators(), right.numerators())

    def __rfloordiv__(self, other: Any) -> int:
        left = operand(type(self), other, "//")
        return NotImplemented if left is None else left.__floordiv__(self)

    def __mod__(self, other: Any) -> Self:
        right = operand(type(self), other, "%")
        return NotImplemented if right is None else self._divided(right)[1]

    def __rmod__(self, other: Any) -> Self:
        left = operand(type(self), other, "%")
        return NotImplemented if left is None else left._divided(self)[1]

    def __divmod__(self, other: Any) -> tuple[int, Self]:
        right = operand(type(self), other, "divmod")
        return NotImplemented if right is None else self._divided(right)

    def __rdivmod__(self, other: Any) -> tuple[int, Self]:
        left = operand(type(self), other, "divmod")
        return NotImplemented if left is None else left._divided(self)

    def _divided(self, other: Self) -> tuple[int, Self]:
        """Return the quotient ⌊self/other⌋ and what it leaves."""
        x, y = self.numerators(), other.numerators()
        floor = field.floor_quotient(x, y)
        p, q, d = field.remainder(x, y, floor)
        limits.require_bits(p.bit_length(), "GoldenExact: %")
        return floor, reduced(type(self), p, q, d)

    def __pow__(self, exponent: Any) -> Self:
        if type(exponent) is not int:
            n = operand(type(self), exponent, "**")
            if n is None:
                return NotImplemented
            exponent = field.integer_exponent(n.numerators())
        return lowest(type(self), *field.power(self.numerators(), exponent))

    def __rpow__(self, base: Any) -> Self:
        left = operand(type(self), base, "**")
        return NotImplemented if left is None else left.__pow__(self)

    def __neg__(self) -> Self:
        return lowest(type(self), -self._p, -self._q, self._d)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return -self if pairs.sign(self._p, self._q) < 0 else self

"""Arithmetic of `GoldenExact`: exact operands of any type, on either side; floats are refused.

Over the denominator 1 addition, subtraction and multiplication set the new element's numbers in
place: a call of `reduced` would cost a third as much as all the rest.
"""

from __future__ import annotations

from typing import Any, Self, overload

import numpy.typing as npt

from syntonic.exact import field, limits, pairs
from syntonic.exact.element import ONE, Element, blank, lowest, operand, reduced
from syntonic.typing import ExactScalar, ObjectArray

__all__ = ["Operators"]

_MAX_BITS = limits.MAX_BITS


class Operators(Element):
    """Adds the operators."""

    __slots__ = ()

    @overload
    def __add__(self, other: ExactScalar) -> Self: ...
    @overload
    def __add__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __add__(self, other: Any) -> Any:
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

    @overload
    def __radd__(self, other: ExactScalar) -> Self: ...
    @overload
    def __radd__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __radd__(self, other: Any) -> Any:
        return self.__add__(other)

    @overload
    def __sub__(self, other: ExactScalar) -> Self: ...
    @overload
    def __sub__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __sub__(self, other: Any) -> Any:
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

    @overload
    def __rsub__(self, other: ExactScalar) -> Self: ...
    @overload
    def __rsub__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __rsub__(self, other: Any) -> Any:
        left: Any = operand(type(self), other, "-")
        return NotImplemented if left is None else left.__sub__(self)

    @overload
    def __mul__(self, other: ExactScalar) -> Self: ...
    @overload
    def __mul__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __mul__(self, other: Any) -> Any:
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

    @overload
    def __rmul__(self, other: ExactScalar) -> Self: ...
    @overload
    def __rmul__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other)

    @overload
    def __truediv__(self, other: ExactScalar) -> Self: ...
    @overload
    def __truediv__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __truediv__(self, other: Any) -> Any:
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

    @overload
    def __rtruediv__(self, other: ExactScalar) -> Self: ...
    @overload
    def __rtruediv__(self, other: npt.NDArray[Any]) -> ObjectArray: ...
    def __rtruediv__(self, other: Any) -> Any:
        left: Any = operand(type(self), other, "/")
        return NotImplemented if left is None else left.__truediv__(self)

    def __floordiv__(self, other: ExactScalar) -> int:
        right: Any = operand(type(self), other, "//")
        if right is None:
            return NotImplemented
        return field.floor_quotient(self.numerators(), right.numerators())

    def __rfloordiv__(self, other: ExactScalar) -> int:
        left: Any = operand(type(self), other, "//")
        return NotImplemented if left is None else left.__floordiv__(self)

    def __mod__(self, other: ExactScalar) -> Self:
        right: Any = operand(type(self), other, "%")
        return NotImplemented if right is None else self._divided(right)[1]

    def __rmod__(self, other: ExactScalar) -> Self:
        left: Any = operand(type(self), other, "%")
        return NotImplemented if left is None else left._divided(self)[1]

    # Arrays have // and % of objects, but no divmod: what is unknown goes there by these two.

    def __divmod__(self, other: ExactScalar) -> tuple[int, Self]:
        right: Any = operand(type(self), other, "//")
        by_two: Any = super().__divmod__
        return by_two(other) if right is None else self._divided(right)

    def __rdivmod__(self, other: ExactScalar) -> tuple[int, Self]:
        left: Any = operand(type(self), other, "//")
        by_two: Any = super().__rdivmod__
        return by_two(other) if left is None else left._divided(self)

    def _divided(self, other: Self) -> tuple[int, Self]:
        """Return the quotient ⌊self/other⌋ and what it leaves."""
        x, y = self.numerators(), other.numerators()
        floor = field.floor_quotient(x, y)
        p, q, d = field.remainder(x, y, floor)
        limits.require_bits(p.bit_length(), "GoldenExact: %")
        return floor, reduced(type(self), p, q, d)

    def __pow__(self, exponent: ExactScalar, modulus: ExactScalar | None = None) -> Self:
        if modulus is not None:
            from syntonic.exact.congruences import power_mod  # stands on the finished class

            return power_mod(self, exponent, modulus)  # type: ignore[arg-type, return-value]
        if type(exponent) is not int:
            n: Any = operand(type(self), exponent, "**")
            if n is None:
                return NotImplemented
            exponent = field.integer_exponent(n.numerators())
        return lowest(type(self), *field.power(self.numerators(), exponent))

    def __rpow__(self, base: ExactScalar) -> Self:
        left: Any = operand(type(self), base, "**")
        return NotImplemented if left is None else left.__pow__(self)

    def __neg__(self) -> Self:
        return lowest(type(self), -self._p, -self._q, self._d)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return -self if pairs.sign(self._p, self._q) < 0 else self

"""The oracle's numbers: a + bφ as a pair of Fractions, by φ² = φ + 1 and nothing else."""

from __future__ import annotations

from fractions import Fraction
from functools import total_ordering
from math import isqrt, lcm
from typing import Any

__all__ = ["Pair", "nearest_float"]


@total_ordering
class Pair:
    """a + bφ, with what NumPy's functions ask of the elements of an object array."""

    __slots__ = ("a", "b")

    def __init__(self, a: Any = 0, b: Any = 0) -> None:
        self.a, self.b = Fraction(a), Fraction(b)

    @classmethod
    def of(cls, x: Any) -> Pair:
        """Return any exact number as a pair."""
        if isinstance(x, Pair):
            return x
        a, b = (x.a, x.b) if hasattr(x, "minkowski") else (x, 0)
        return cls(_fraction(a), _fraction(b))

    def __repr__(self) -> str:
        return f"Pair({self.a}, {self.b})"

    def __hash__(self) -> int:
        return hash((self.a, self.b))

    def __eq__(self, other: object) -> bool:
        o = Pair.of(other)
        return (self.a, self.b) == (o.a, o.b)

    def __lt__(self, other: Any) -> bool:
        return (self - other).sign() < 0

    def __bool__(self) -> bool:
        return self != 0

    def sign(self) -> int:
        """Return the sign of (s + t√5)/2, from squares."""
        s, t = 2 * self.a + self.b, self.b
        if s * t >= 0:
            return (s + t > 0) - (s + t < 0)
        larger = s if s * s > 5 * t * t else t
        return 1 if larger > 0 else -1

    def __add__(self, other: Any) -> Pair:
        o = Pair.of(other)
        return Pair(self.a + o.a, self.b + o.b)

    def __sub__(self, other: Any) -> Pair:
        o = Pair.of(other)
        return Pair(self.a - o.a, self.b - o.b)

    def __mul__(self, other: Any) -> Pair:
        o = Pair.of(other)
        bd = self.b * o.b
        return Pair(self.a * o.a + bd, self.a * o.b + self.b * o.a + bd)

    def __truediv__(self, other: Any) -> Pair:
        o = Pair.of(other)
        norm = o.a * o.a + o.a * o.b - o.b * o.b
        return self * Pair((o.a + o.b) / norm, -o.b / norm)

    def __floordiv__(self, other: Any) -> Pair:
        return Pair((self / other).__floor__())

    def __mod__(self, other: Any) -> Pair:
        return self - self // other * other

    def __divmod__(self, other: Any) -> tuple[Pair, Pair]:
        return self // other, self % other

    def __pow__(self, n: Any) -> Pair:
        n = int(Pair.of(n).a)
        base, out = (self if n >= 0 else 1 / self), Pair(1)
        for _ in range(abs(n)):
            out = out * base
        return out

    def __radd__(self, other: Any) -> Pair:
        return self + other

    def __rsub__(self, other: Any) -> Pair:
        return Pair.of(other) - self

    def __rmul__(self, other: Any) -> Pair:
        return self * other

    def __rtruediv__(self, other: Any) -> Pair:
        return Pair.of(other) / self

    def __rfloordiv__(self, other: Any) -> Pair:
        return Pair.of(other) // self

    def __rmod__(self, other: Any) -> Pair:
        return Pair.of(other) % self

    def __neg__(self) -> Pair:
        return Pair(-self.a, -self.b)

    def __pos__(self) -> Pair:
        return self

    def __abs__(self) -> Pair:
        return -self if self < 0 else self

    def conjugate(self) -> Pair:
        """Return the complex conjugate: every element is real."""
        return self

    def galois(self) -> Pair:
        return Pair(self.a + self.b, -self.b)

    def __floor__(self) -> int:
        d = lcm(self.a.denominator, self.b.denominator) * 2
        s, t = int((2 * self.a + self.b) * d / 2), int(self.b * d / 2)
        root = isqrt(5 * t * t)  # the root is irrational unless t = 0
        return (s + (root if t >= 0 else -root - 1)) // d

    def __ceil__(self) -> int:
        return -(-self).__floor__()

    def __int__(self) -> int:
        return self.__floor__() if self > 0 else self.__ceil__()

    __trunc__ = __int__

    def rint(self) -> int:
        """Return the nearest integer, half to even."""
        return self.rounded(0).a.numerator

    def rounded(self, decimals: int) -> Pair:
        """Return the nearest multiple of 10^-decimals, half to even."""
        scale = Fraction(10) ** decimals
        x = self * scale
        low = x.__floor__()
        rest = x - low - Fraction(1, 2)
        up = rest > 0 or (rest == 0 and low % 2 == 1)
        return Pair(Fraction(low + up) / scale)


def nearest_float(x: Pair) -> float:
    """Return the nearest float: of two rationals that enclose x ever more narrowly."""
    bits = 256
    while True:
        root = isqrt(5 << (2 * bits))
        ends = {_to_float(x.a + x.b * (Fraction(r, 1 << bits) + 1) / 2) for r in (root, root + 1)}
        if len(ends) == 1 or x.b == 0:
            return ends.pop()
        bits *= 2


def _to_float(x: Fraction) -> float:
    return x.numerator / x.denominator  # Python rounds the quotient of integers correctly


def _fraction(x: Any) -> Fraction:
    return (
        Fraction(int(x.numerator), int(x.denominator))
        if hasattr(x, "numerator")
        else Fraction(int(x))
    )

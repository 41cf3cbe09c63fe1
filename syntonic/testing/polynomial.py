"""Polynomials over Q(φ) in several variables, and quotients of them: what a callable computes with.

They know the ring operations and division, and refuse comparison and truth: a function that
branched on them would compute different things in different places, and nothing would be proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NoReturn, TypeAlias

from syntonic.errors import shown
from syntonic.exact.field import bit_bound
from syntonic.exact.golden import GoldenExact
from syntonic.lattice.convert import is_exact_scalar

__all__ = ["Exponents", "Expression", "Polynomial", "Quotient"]

Exponents = tuple[int, ...]

_MAX_PRODUCTS = 1 << 18  # a second
_MAX_BITS = 1 << 19  # of a coefficient, as in `GoldenExact.parse`

_ZERO, _ONE = GoldenExact(0), GoldenExact(1)

Expression: TypeAlias = "Polynomial | Quotient"


def _operator(combine: Callable[[Any, Any], Expression], *, swap: bool = False) -> Any:
    def method(self: Expression, other: Any) -> Any:
        if is_exact_scalar(other):
            other = Polynomial.constant(other, self.arity)
        if type(other) is not type(self):
            if not (isinstance(self, Quotient) and isinstance(other, Polynomial)):
                return NotImplemented  # a quotient will know what to do with a polynomial
            other = Quotient(other, Polynomial.constant(1, self.arity))
        return combine(other, self) if swap else combine(self, other)

    return method


def _whole(n: Any) -> int:
    """Return an exponent, or raise."""
    if not is_exact_scalar(n) or n != int(n):
        raise TypeError(f"a polynomial takes whole powers only, got {shown(n)}")
    return int(n)


class _Incomparable:
    """Refuses what would let a function branch."""

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError("a polynomial has no truth value")

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a polynomial is not compared: its terms are")


class Polynomial(_Incomparable):
    """Hold a polynomial as its non-zero coefficients by their exponents."""

    __slots__ = ("arity", "terms")

    def __init__(self, arity: int, terms: dict[Exponents, GoldenExact]) -> None:
        self.arity = arity
        self.terms = {exponents: c for exponents, c in terms.items() if c}

    @classmethod
    def constant(cls, c: Any, arity: int) -> Polynomial:
        """Return an exact number as a polynomial."""
        return cls(arity, {(0,) * arity: GoldenExact(c)})

    @classmethod
    def variables(cls, arity: int) -> list[Polynomial]:
        """Return the variables as polynomials."""
        return [cls(arity, {tuple(int(i == k) for i in range(arity)): _ONE}) for k in range(arity)]

    @property
    def value(self) -> GoldenExact | None:
        """The value of a constant polynomial, None for another one."""
        if any(any(exponents) for exponents in self.terms):
            return None
        return next(iter(self.terms.values()), _ZERO)

    def __call__(self, point: Sequence[GoldenExact]) -> GoldenExact:
        """Return the value at a point."""
        return sum(
            (
                prod((x**e for x, e in zip(point, exponents, strict=True)), start=c)
                for exponents, c in self.terms.items()
            ),
            _ZERO,
        )

    def _plus(self, other: Polynomial) -> Polynomial:
        terms = dict(self.terms)
        for exponents, c in other.terms.items():
            terms[exponents] = terms.get(exponents, _ZERO) + c
        return Polynomial(self.arity, terms)

    def _times(self, other: Polynomial) -> Polynomial:
        if (work := len(self.terms) * len(other.terms)) > _MAX_PRODUCTS:
            raise OverflowError(
                f"the expansion takes {work} products of terms at one sign, and at most "
                f"{_MAX_PRODUCTS} are computed; pass a callable and its degree"
            )
        terms: dict[Exponents, GoldenExact] = {}
        for e, c in self.terms.items():
            for f, d in other.terms.items():
                exponents = tuple(i + j for i, j in zip(e, f, strict=True))
                terms[exponents] = terms.get(exponents, _ZERO) + c * d
        return Polynomial(self.arity, terms)

    def _over(self, other: Polynomial) -> Expression:
        if other.value is None:
            return Quotient(self, other)
        if not other.value:
            raise ZeroDivisionError("division by zero")
        return Polynomial(self.arity, {e: c / other.value for e, c in self.terms.items()})

    __add__ = __radd__ = _operator(_plus)
    __mul__ = __rmul__ = _operator(_times)
    __sub__ = _operator(lambda f, g: f._plus(-g))
    __rsub__ = _operator(lambda f, g: f._plus(-g), swap=True)
    __truediv__ = _operator(_over)
    __rtruediv__ = _operator(_over, swap=True)

    def __neg__(self) -> Polynomial:
        return Polynomial(self.arity, {exponents: -c for exponents, c in self.terms.items()})

    def __pos__(self) -> Polynomial:
        return self

    def __pow__(self, n: Any) -> Any:
        n = _whole(n)
        if self.value is None and n < 0:
            return Quotient(Polynomial.constant(1, self.arity), self**-n)
        if (bits := max(self._bits() * abs(n), n.bit_length())) > _MAX_BITS:
            raise OverflowError(
                f"the power would have a coefficient of about {bits} bits, and at most "
                f"{_MAX_BITS} are computed"
            )
        if len(self.terms) <= 1:  # whatever the exponent
            terms = {tuple(n * i for i in e): c**n for e, c in self.terms.items()}
            return Polynomial(self.arity, terms or {(0,) * self.arity: _ZERO**n})
        out = Polynomial.constant(1, self.arity)
        for bit in f"{n:b}":
            out = out._times(out)
            out = out._times(self) if bit == "1" else out
        return out

    def _bits(self) -> int:
        """Return an upper bound of the bits of a coefficient, 0 where its powers do not grow."""
        return max((bit_bound(c.numerators()) for c in self.terms.values()), default=0)


class Quotient(_Incomparable):
    """Hold a rational function as two polynomials, the lower one not 0; nothing is cancelled."""

    __slots__ = ("lower", "upper")

    def __init__(self, upper: Polynomial, lower: Polynomial) -> None:
        if not lower.terms:
            raise ZeroDivisionError("division by zero")
        self.upper, self.lower = upper, lower

    @property
    def arity(self) -> int:
        """The number of variables."""
        return self.upper.arity

    @property
    def value(self) -> None:
        """None: there are variables in it."""
        return None

    def __call__(self, point: Sequence[GoldenExact]) -> GoldenExact:
        """Return the value at a point; ZeroDivisionError where the denominator is 0."""
        return self.upper(point) / self.lower(point)

    def _plus(self, other: Quotient) -> Quotient:
        if self.lower.terms == other.lower.terms:
            return Quotient(self.upper + other.upper, self.lower)
        upper = self.upper * other.lower + other.upper * self.lower
        return Quotient(upper, self.lower * other.lower)

    def _times(self, other: Quotient) -> Quotient:
        return Quotient(self.upper * other.upper, self.lower * other.lower)

    def _over(self, other: Quotient) -> Quotient:
        return Quotient(self.upper * other.lower, self.lower * other.upper)

    __add__ = __radd__ = _operator(_plus)
    __mul__ = __rmul__ = _operator(_times)
    __sub__ = _operator(lambda f, g: f._plus(-g))
    __rsub__ = _operator(lambda f, g: f._plus(-g), swap=True)
    __truediv__ = _operator(_over)
    __rtruediv__ = _operator(_over, swap=True)

    def __neg__(self) -> Quotient:
        return Quotient(-self.upper, self.lower)

    def __pos__(self) -> Quotient:
        return self

    def __pow__(self, n: Any) -> Quotient:
        n = _whole(n)
        if n < 0:
            return Quotient(self.lower**-n, self.upper**-n)
        return Quotient(self.upper**n, self.lower**n)

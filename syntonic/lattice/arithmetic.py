"""Exact element-wise field arithmetic on lattice arrays.

Every packed operation first asks the operands' cached bounds whether int64 holds all its
intermediate numbers; if not, it runs on rationals and packs the result when that fits again.
Operands broadcast as in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import lcm
from typing import Any

import numpy as np
from gmpy2 import mpq

from syntonic.lattice.array import INT64_MAX, LatticeArray, elementwise

__all__ = [
    "add",
    "aligned",
    "bilinear",
    "conjugate",
    "divide",
    "linear",
    "multiply",
    "negative",
    "norm",
    "positive",
    "power",
    "reciprocal",
    "require_nonzero",
    "square",
    "subtract",
    "trace",
]

_invert = np.frompyfunc(lambda a, b: 1 / mpq(a * a + a * b - b * b), 2, 1)
_power = np.frompyfunc(lambda x, n: x ** int(n), 2, 1)
_parts = np.frompyfunc(lambda x: (x.a, x.b), 1, 2)


def positive(x: LatticeArray) -> LatticeArray:
    """Return x."""
    return x


def negative(x: LatticeArray) -> LatticeArray:
    """Return -x."""
    return linear(x, 1, lambda a, b: (-a, -b))


def conjugate(x: LatticeArray) -> LatticeArray:
    """Return the Galois conjugate (a + b) - bφ."""
    return linear(x, 2, lambda a, b: (a + b, -b))


def trace(x: LatticeArray) -> LatticeArray:
    """Return the field trace x + x' = 2a + b."""
    return linear(x, 3, lambda a, b: (2 * a + b, 0 * b))


def norm(x: LatticeArray) -> LatticeArray:
    """Return the field norm x·x' = a² + ab - b²."""
    return multiply(x, conjugate(x))


def square(x: LatticeArray) -> LatticeArray:
    """Return x²."""
    return multiply(x, x)


def add(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return x + y."""
    return _sum(x, y, np.add)


def subtract(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return x - y."""
    return _sum(x, y, np.subtract)


def multiply(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return xy, by (a + bφ)(c + dφ) = (ac + bd) + (ad + bc + bd)φ."""
    return bilinear(np.multiply, x, y, 1)


def divide(x: LatticeArray, y: LatticeArray, where: str = "divide") -> LatticeArray:
    """Return x/y.

    Raises
    ------
    ZeroDivisionError
        An element of y is zero; the message gives the first index.
    """
    return multiply(x, reciprocal(y, where))


def reciprocal(x: LatticeArray, where: str = "reciprocal") -> LatticeArray:
    """Return 1/x = x'/norm(x)."""
    require_nonzero(x, where)
    a, b = x.fractions()
    scale = elementwise(_invert, a, b)
    return LatticeArray.rational((a + b) * scale, -b * scale)


def power(x: LatticeArray, n: Any) -> LatticeArray:
    """Return x to integer powers n, a Python int or an integer array.

    Square and multiply on whole arrays for one exponent, element by element for several.
    """
    if isinstance(n, int):
        return _integer_power(x, n)
    exponents = np.asarray(n)
    if exponents.size and (exponents == exponents.flat[0]).all():
        out = _integer_power(x, int(exponents.flat[0]))
        shape = np.broadcast_shapes(x.shape, exponents.shape)
        return out.map(lambda part: np.broadcast_to(part, shape))
    if (exponents < 0).any():
        base = x.map(lambda part: np.broadcast_arrays(part, exponents)[0])
        require_nonzero(base[np.broadcast_to(exponents < 0, base.shape)], "power")
    values = elementwise(_power, x.scalars(), exponents)
    return LatticeArray.rational(*_parts(values))


def require_nonzero(x: LatticeArray, where: str) -> None:
    """Raise ZeroDivisionError naming the first zero element of x, if there is one."""
    zero = np.asarray((x.a == 0) & (x.b == 0))
    if zero.any():
        first = tuple(int(i) for i in np.argwhere(zero)[0])
        raise ZeroDivisionError(
            f"{where}: no element of the divisor may be zero, got {int(zero.sum())} zero(s), "
            f"the first at index {first}"
        )


def aligned(
    *arrays: LatticeArray, combine: Callable[[Iterable[int]], int] = max
) -> tuple[LatticeArray, ...]:
    """Return the arrays in one layout: all packed over one denominator, or all rational.

    `combine` tells how an operation's result is bounded by its operands' bounds: `max` where
    elements only move, `sum` where they add up.
    """

    def needed(*packed: LatticeArray) -> int:
        d = _common_denominator(packed)
        return max(d, combine(x.bound * (d // _denominator(x)) for x in packed))

    arrays = _settle(needed, *arrays)
    if any(x.denominator is None for x in arrays):
        return arrays
    d = _common_denominator(arrays)
    return tuple(_rescaled(x, d) for x in arrays)


def linear(x: LatticeArray, growth: int, function: Callable[[Any, Any], Any]) -> LatticeArray:
    """Apply an integer-linear map of the pair (a, b), element-wise or along axes.

    `growth` bounds the factor by which `function`, and each of its intermediate numbers, may
    exceed the operand's bound.
    """
    x = _settle(lambda p: p.bound * growth, x)[0]
    if x.denominator is None:
        return LatticeArray.rational(*function(x.a, x.b))
    a, b = function(x.a, x.b)
    return LatticeArray.packed(a, b, x.denominator, bound=x.bound * growth)


def bilinear(
    function: Callable[[Any, Any], Any], x: LatticeArray, y: LatticeArray, terms: int
) -> LatticeArray:
    """Lift a bilinear function of real arrays (product, matmul, einsum, ...) to Q(φ).

    f(a + bφ, c + dφ) = f(a, c) + f(b, d) + (f(a, d) + f(b, c) + f(b, d))φ. `terms` is the number
    of products that `function` adds up in one element of its result.
    """

    def growth(p: LatticeArray, q: LatticeArray) -> int:
        return max(3 * terms * p.bound * q.bound, _denominator(p) * _denominator(q))

    x, y = _settle(growth, x, y)
    bd = function(x.b, y.b)
    a = function(x.a, y.a) + bd
    b = function(x.a, y.b) + function(x.b, y.a) + bd
    if x.denominator is None or y.denominator is None:
        return LatticeArray.rational(a, b)
    bound = 3 * terms * x.bound * y.bound
    return LatticeArray.packed(a, b, x.denominator * y.denominator, bound=bound)


def _sum(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> LatticeArray:
    x, y = aligned(x, y, combine=sum)
    a, b = ufunc(x.a, y.a), ufunc(x.b, y.b)
    if x.denominator is None:
        return LatticeArray.rational(a, b)
    return LatticeArray.packed(a, b, x.denominator, bound=x.bound + y.bound)


def _settle(needed: Callable[..., int], *arrays: LatticeArray) -> tuple[LatticeArray, ...]:
    """Return the arrays packed, if the largest number an operation needs fits int64.

    `needed` computes that number from packed operands; it is asked again with least denominators
    and exact bounds before giving up. Otherwise all come back rational.
    """
    if all(x.is_packed for x in arrays):
        if needed(*arrays) <= INT64_MAX:
            return arrays
        arrays = tuple(x.tight() for x in arrays)
        if needed(*arrays) <= INT64_MAX:
            return arrays
    return tuple(x.unpacked() for x in arrays)


def _rescaled(x: LatticeArray, d: int) -> LatticeArray:
    scale = d // _denominator(x)
    if scale == 1:
        return x
    return LatticeArray.packed(x.a * scale, x.b * scale, d, bound=x.bound * scale)


def _denominator(x: LatticeArray) -> int:
    return x.denominator or 1


def _common_denominator(arrays: Iterable[LatticeArray]) -> int:
    return lcm(*map(_denominator, arrays))


def _integer_power(x: LatticeArray, n: int) -> LatticeArray:
    if n < 0:
        return _integer_power(reciprocal(x, "power"), -n)
    ones = np.ones(x.shape, dtype=np.int64)
    out = LatticeArray.packed(ones, np.zeros_like(ones), bound=1)
    while n:
        if n & 1:
            out = multiply(out, x)
        n >>= 1
        if n:
            x = square(x)
    return out

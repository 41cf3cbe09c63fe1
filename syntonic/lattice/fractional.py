"""Sums and products of arrays with denominators of their own, where bounds alone do not do.

First in compiled loops with intermediate numbers of 128 bits, then on Python's integers: one
common denominator for an element's two parts, and lowest terms once, at the end.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from gmpy2 import lcm, mpq

from syntonic.foreign import frozen
from syntonic.jit.policy import compiled_pays, slow_way
from syntonic.lattice.array import LatticeArray, objects
from syntonic.lattice.parts import ratios

__all__ = ["int64_total", "numerators", "product", "quotient", "reciprocal", "total"]


def total(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> LatticeArray | None:
    """Return x + y or x - y, by the ufunc; None for small arrays of int64."""
    if not (x.is_int64 and y.is_int64):
        return _long_sum(x, y, ufunc)
    if not compiled_pays(prod(np.broadcast_shapes(x.shape, y.shape))):
        return None
    return int64_total(x, y, ufunc) or _long_sum(x, y, ufunc)


def int64_total(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> LatticeArray | None:
    """Return x + y or x - y of int64 layouts; None for small arrays and where int64 is short."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    if not compiled_pays(prod(shape)):
        return None
    from syntonic.lattice import fraction_loops

    sign = 1 if ufunc is np.add else -1
    parts = fraction_loops.total(_columns(x, shape), _columns(y, shape), sign)
    return _wrapped(parts, shape) if parts else None


def product(x: LatticeArray, y: LatticeArray) -> LatticeArray | None:
    """Return xy; None for small arrays of int64."""
    if not (x.is_int64 and y.is_int64):
        return _long_product(x, y)
    shape = np.broadcast_shapes(x.shape, y.shape)
    if not compiled_pays(prod(shape)):
        return None
    from syntonic.lattice import fraction_loops

    parts = fraction_loops.product(_columns(x, shape), _columns(y, shape))
    return _wrapped(parts, shape) if parts else _long_product(x, y)


def quotient(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return x/y on rationals; y has no zeros."""
    x, y = (z.in_gmp() if z.is_wide else z.unpacked() for z in (x, y))
    return LatticeArray.rational(*_divided(x.a, x.b, y.a, y.b))


def reciprocal(x: LatticeArray) -> LatticeArray:
    """Return 1/x of a rational array without zeros."""
    return LatticeArray.rational(*_inverted(x.a, x.b))


@slow_way
def _long_sum(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> LatticeArray:
    """Return x + y or x - y, by the ufunc, whatever the sizes."""
    if x.is_rational and y.is_rational:
        return LatticeArray.rational(ufunc(x.a, y.a), ufunc(x.b, y.b))
    (a, b, d), (p, q, e) = numerators(x), numerators(y)
    # As arrays: the ufunc would take bare Python integers for int64.
    a, b = ufunc(objects(a * e), objects(p * d)), ufunc(objects(b * e), objects(q * d))
    return _over(a, b, d * e)


@slow_way
def _long_product(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return xy, whatever the sizes."""
    if x.is_rational and y.is_rational:
        return LatticeArray.rational(*_times(x.a, x.b, y.a, y.b))
    (a, b, d), (p, q, e) = numerators(x), numerators(y)
    bq = b * q
    return _over(a * p + bq, a * q + b * p + bq, d * e)


def _columns(x: LatticeArray, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    parts = x.a, x.b, np.int64(x.denominator) if x.is_packed else x.denominator
    rows = (np.ascontiguousarray(np.broadcast_to(part, shape)).ravel() for part in parts)
    a, b, d = map(frozen, rows)  # as the arrays themselves: each loop is compiled for one type
    return a, b, d


def _wrapped(parts: Any, shape: tuple[int, ...]) -> LatticeArray:
    return LatticeArray.fractional(*(part.reshape(shape) for part in parts))


def numerators(x: LatticeArray) -> tuple[Any, Any, Any]:
    """Return object arrays of integers, numerators a and b over denominators."""
    if x.is_rational:
        a, b, d = _common(x.a, x.b)
    else:
        x = x.lengthened() if x.is_wide else x
        a, b, d = (part.astype(object) for part in (x.a, x.b, np.asarray(x.denominator)))
    return objects(a), objects(b), objects(d)


def _parts(a: Any, b: Any) -> tuple[Any, Any, Any]:
    d, e = a.denominator, b.denominator
    if d == e:
        return a.numerator, b.numerator, d
    common = lcm(d, e)
    return a.numerator * (common // d), b.numerator * (common // e), common


def _pair_product(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, Any]:
    (p, q, m), (r, s, n) = _parts(a, b), _parts(c, d)
    qs = q * s
    # Two common divisors with short numbers take less time than one with their product.
    return mpq(p * r + qs, m) / n, mpq(p * s + q * r + qs, m) / n


def _pair_quotient(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, Any]:
    """Return the parts of (p + qφ)/m over (r + sφ)/n, by the conjugate r + s - sφ."""
    (p, q, m), (r, s, n) = _parts(a, b), _parts(c, d)
    norm = (r * (r + s) - s * s) * m
    return mpq((p * (r + s) - q * s) * n, norm), mpq((q * r - p * s) * n, norm)


def _pair_reciprocal(a: Any, b: Any) -> tuple[Any, Any]:
    p, q, m = _parts(a, b)
    norm = p * (p + q) - q * q
    return mpq(m * (p + q), norm), mpq(-m * q, norm)


_common = np.frompyfunc(_parts, 2, 3)
_times = np.frompyfunc(_pair_product, 4, 2)
_divided = np.frompyfunc(_pair_quotient, 4, 2)
_inverted = np.frompyfunc(_pair_reciprocal, 2, 2)


def _over(a: Any, b: Any, d: Any) -> LatticeArray:
    return LatticeArray.rational(*ratios(a, b, d))

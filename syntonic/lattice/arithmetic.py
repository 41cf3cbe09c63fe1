"""Exact element-wise field arithmetic on lattice arrays.

Every packed operation first asks the operands' cached bounds whether int64 holds all its
intermediate numbers; if not, it runs on rationals and packs the result when that fits again.
Operands broadcast as in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm
from typing import Any

import numpy as np

from syntonic.jit.policy import slow_way
from syntonic.lattice import fractional, loops, wide
from syntonic.lattice.array import INT64_MAX, LatticeArray, int64s, objects

__all__ = [
    "add",
    "aligned",
    "bilinear",
    "conjugate",
    "cross",
    "divide",
    "linear",
    "multiply",
    "negative",
    "norm",
    "parts",
    "positive",
    "reciprocal",
    "require_nonzero",
    "square",
    "subtract",
    "sum_fits",
    "trace",
]

_INT64 = np.dtype(np.int64)

parts = np.frompyfunc(lambda x: (x.a, x.b), 1, 2)


def positive(x: LatticeArray) -> LatticeArray:
    """Return x."""
    return x


def negative(x: LatticeArray) -> LatticeArray:
    """Return -x."""
    return linear(x, 1, lambda a, b: (-a, -b), elementwise=True, wide_form=wide.negative)


def conjugate(x: LatticeArray) -> LatticeArray:
    """Return the Galois conjugate (a + b) - bφ."""
    return linear(x, 2, lambda a, b: (a + b, -b), elementwise=True, wide_form=wide.conjugate)


def trace(x: LatticeArray) -> LatticeArray:
    """Return the field trace x + x' = 2a + b."""
    return linear(x, 3, lambda a, b: (2 * a + b, 0 * b), elementwise=True, wide_form=wide.trace)


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
    if _are_small(x, y):
        bound = 3 * (x._bound or x.bound) * (y._bound or y.bound)
        over = x.denominator * y.denominator
        if bound <= INT64_MAX >= over:
            a, b, c, d = x.a, x.b, y.a, y.b
            bd, p, q = b * d, a * c, a * d
            p += bd
            q += b * c
            q += bd
            return LatticeArray.fresh(p, q, over, bound)
    if not (x.is_packed and y.is_packed and _product_need(x, y) <= INT64_MAX):
        if _apart(x, y, _product_need) and (apart := fractional.product(x, y)):
            return apart
        x, y = _settle(_product_need, x, y, fractional=_product_need, limbs=True, long=True)
    if x.is_wide:
        return wide.multiply(x, y)
    if _is_long(x):
        return LatticeArray.from_numerators(*_long_product(x, y), x.over * y.over)
    if x.is_rational:
        return LatticeArray.rational(*_product(x, y))
    a, b = loops.multiply(x, y) or _product(x, y)
    bound, over = 3 * x.bound * y.bound, x.over * y.over
    if x.is_packed:
        return LatticeArray.packed(a, b, over, bound=bound)
    return LatticeArray.fractional(a, b, x.denominator * y.denominator, bound=bound, over=over)


def cross(x: LatticeArray, y: LatticeArray) -> LatticeArray | None:
    """Return the products of vectors of three along the last axis; None where no loop has them."""
    if not (x.is_packed and y.is_packed):
        return None
    bound, over = 6 * x.bound * y.bound, x.over * y.over
    parts = loops.cross(x, y) if max(bound, over) <= INT64_MAX else None
    return LatticeArray.packed(*parts, over, bound=bound) if parts else None


def divide(x: LatticeArray, y: LatticeArray, where: str = "divide") -> LatticeArray:
    """Return x/y.

    Raises
    ------
    ZeroDivisionError
        An element of y is zero; the message gives the first index.
    """
    if x.is_rational or not y.is_int64:
        require_nonzero(y, where)
        return fractional.quotient(x, y)
    return multiply(x, reciprocal(y, where))


def reciprocal(x: LatticeArray, where: str = "reciprocal") -> LatticeArray:
    """Return 1/x = x'/norm(x)."""
    if x.ndim == 0 and x.is_packed and (one := _reciprocal_of_one(x)):
        return one
    require_nonzero(x, where)
    if x.is_int64 and x.bound <= INT64_MAX and not x.b.any():  # which has no need of a norm
        a, b, d = np.sign(x.a) * x.denominator, np.zeros_like(x.b), np.abs(x.a)
        return LatticeArray.fractional(a, b, d, bound=x.over, over=x.bound)
    x = _settle(_reciprocal_need, x, fractional=_reciprocal_need)[0]
    if x.is_rational:
        return fractional.reciprocal(x)
    n = x.a * (x.a + x.b) - x.b * x.b
    d = np.sign(n) * x.denominator
    bound, over = 2 * x.bound * x.over, 3 * x.bound**2
    return LatticeArray.fractional((x.a + x.b) * d, -x.b * d, np.abs(n), bound=bound, over=over)


def _reciprocal_of_one(x: LatticeArray) -> LatticeArray | None:
    """Return 1/x of one number, in Python's integers; None for 0, and where int64 is too short."""
    a, b, d = int(x.a), int(x.b), x.denominator
    p, q, n = (a + b) * d, -b * d, a * (a + b) - b * b
    common = gcd(p, q, n) if n > 0 else -gcd(p, q, n)
    if not n or max(abs(p), abs(q), abs(n)) > INT64_MAX * abs(common):
        return None
    p, q, n = p // common, q // common, n // common
    return LatticeArray.fresh(np.array(p, np.int64), np.array(q, np.int64), n, max(abs(p), abs(q)))


def require_nonzero(x: LatticeArray, where: str) -> None:
    """Raise ZeroDivisionError naming the first zero element of x, if there is one."""
    zero = ~x.nonzero()
    if zero.any():
        first = tuple(int(i) for i in np.argwhere(zero)[0])
        place = f", got {int(zero.sum())} zero(s), the first at index {first}" if first else ""
        raise ZeroDivisionError(f"{where}: no element of the divisor may be zero{place}")


def aligned(*arrays: LatticeArray) -> tuple[LatticeArray, ...]:
    """Return the arrays in one layout, packed and wide ones over one denominator."""
    arrays = _settle(wide.rescaled_bound, *arrays, fractional=lambda *x: 0, limbs=True)
    if arrays[0].is_wide:
        return wide.aligned(*arrays)
    return _over_one_denominator(arrays) if all(x.is_packed for x in arrays) else arrays


def linear(
    x: LatticeArray,
    growth: int,
    function: Callable[[Any, Any], Any],
    *,
    elementwise: bool = False,
    wide_form: Callable[[LatticeArray], LatticeArray] | None = None,
) -> LatticeArray:
    """Apply an integer-linear map of the pair (a, b), element-wise or along axes.

    `growth` bounds the factor by which `function`, and each of its intermediate numbers, may
    exceed the operand's bound. `wide_form` is the same map on the wide layout, if it has one
    that is quicker than the map of digits.
    """
    if type(x.denominator) is int and x.a.dtype is _INT64 and x.bound * growth <= INT64_MAX:
        a, b = function(x.a, x.b)
        return LatticeArray.fresh(a, b, x.denominator, x.bound * growth)

    def needed(p: LatticeArray) -> int:
        return p.bound * growth

    form = needed if elementwise else None
    digits = wide_form is not None or growth <= wide.MOST_TERMS
    x = _settle(needed, x, fractional=form, limbs=digits, long=True)[0]
    if x.is_wide:
        return wide_form(x) if wide_form else wide.linear(x, growth, function)
    a, b = function(x.a, x.b)
    if x.is_rational:
        return LatticeArray.rational(a, b)
    if _is_long(x):
        return LatticeArray.from_numerators(objects(a), objects(b), x.denominator)
    if x.is_packed:
        return LatticeArray.packed(a, b, x.denominator, bound=needed(x))
    return LatticeArray(int64s(a), int64s(b), x.denominator, needed(x), x._over)


def bilinear(
    function: Callable[[Any, Any], Any], x: LatticeArray, y: LatticeArray, terms: int
) -> LatticeArray:
    """Lift a bilinear function of real arrays (matmul, einsum, ...) to Q(φ).

    f(a + bφ, c + dφ) = f(a, c) + f(b, d) + (f(a, d) + f(b, c) + f(b, d))φ. `terms` is the number
    of products that `function` adds up in one element of its result.
    """

    def needed(p: LatticeArray, q: LatticeArray) -> int:
        return max(3 * terms * p.bound * q.bound, p.over * q.over)

    if terms == 1 and not (x.is_packed and y.is_packed):  # the function only moves elements
        left, right = (np.ones(z.shape, np.int64) for z in (x, y))
        x = _moved(x, lambda part: function(part, right))
        return multiply(x, _moved(y, lambda part: function(left, part)))
    x, y = _settle(needed, x, y, long=True)
    a, b = _product(x, y, function)
    if x.is_rational:
        return LatticeArray.rational(a, b)
    if _is_long(x):
        return LatticeArray.from_numerators(a, b, x.over * y.over)
    return LatticeArray.packed(a, b, x.over * y.over, bound=3 * terms * x.bound * y.bound)


def _moved(x: LatticeArray, function: Callable[[Any], Any]) -> LatticeArray:
    """Apply a function that only moves elements, though it computes: limbs go by their places."""
    if not x.is_wide or x.size == 0:
        return x.unpacked().map(function) if x.is_wide else x.map(function)
    places = function(np.arange(x.size).reshape(x.shape))
    return x.map(lambda part: part.ravel()[places])


def _product(
    x: LatticeArray, y: LatticeArray, function: Callable[[Any, Any], Any] = np.multiply
) -> tuple[Any, Any]:
    bd = function(x.b, y.b)
    a, b = function(x.a, y.a) + bd, function(x.a, y.b) + function(x.b, y.a) + bd
    return (objects(a), objects(b)) if x.a.dtype == object else (a, b)


_long_product = slow_way(_product)


def _product_need(x: LatticeArray, y: LatticeArray) -> int:
    return max(3 * x.bound * y.bound, x.over * y.over)


def _reciprocal_need(x: LatticeArray) -> int:
    return max(3 * x.bound**2, 2 * x.bound * x.over)


def _apart(x: LatticeArray, y: LatticeArray, needed: Callable[..., int]) -> bool:
    """Tell whether neither int64 nor limbs over one denominator are proved to do."""
    if x.is_int64 and y.is_int64:
        return not (x.is_packed and y.is_packed) and needed(x, y) > INT64_MAX
    return wide.widened(needed, x, y) is None


def _are_small(x: LatticeArray, y: LatticeArray) -> bool:
    """Tell whether NumPy's loops serve best: few int64 pairs over shared denominators."""
    a, c = x.a, y.a
    return (
        type(x.denominator) is int
        and type(y.denominator) is int
        and a.size < loops.SMALLEST > c.size
        and a.dtype is _INT64 is c.dtype
    )


def _sum(x: LatticeArray, y: LatticeArray, ufunc: np.ufunc) -> LatticeArray:
    if x.denominator is y.denominator and _are_small(x, y):
        bound = (x._bound or x.bound) + (y._bound or y.bound)
        if bound <= INT64_MAX:
            a, b = ufunc(x.a, y.a), ufunc(x.b, y.b)
            return LatticeArray.fresh(a, b, x.denominator, bound)
    if not _added_as_they_are(x, y):
        if _apart(x, y, _fractional_sum_need) and (apart := fractional.total(x, y, ufunc)):
            return apart
        x, y = _settle(_sum_need, x, y, fractional=_fractional_sum_need, limbs=True)
        if x.is_wide:
            return wide.add(x, y, subtracted=ufunc is np.subtract)
        if x.is_packed and y.is_packed:
            x, y = _over_one_denominator((x, y))
    if x.is_rational:
        return LatticeArray.rational(ufunc(x.a, y.a), ufunc(x.b, y.b))
    d, e = x.denominator, y.denominator
    if x.is_packed or d is e:
        a, b = loops.add(x, y, ufunc) or (ufunc(x.a, y.a), ufunc(x.b, y.b))
        return LatticeArray(int64s(a), int64s(b), d, x.bound + y.bound, x._over)
    a, b = ufunc(x.a * e, y.a * d), ufunc(x.b * e, y.b * d)
    bound = x.bound * y.over + y.bound * x.over
    return LatticeArray.fractional(a, b, d * e, bound=bound, over=x.over * y.over)


def sum_fits(x: LatticeArray, y: LatticeArray) -> bool:
    """Tell whether the cached bounds prove that sums and differences are of int64."""
    if not (x.is_int64 and y.is_int64):
        return False
    needed = _sum_need if x.is_packed and y.is_packed else _fractional_sum_need
    return needed(x, y) <= INT64_MAX


def _added_as_they_are(x: LatticeArray, y: LatticeArray) -> bool:
    alike = x.denominator is y.denominator
    fits = x.is_int64 and y.is_int64 and x.bound + y.bound <= INT64_MAX
    return alike and (x.is_rational or fits)


def _sum_need(x: LatticeArray, y: LatticeArray) -> int:
    d = lcm(x.denominator, y.denominator)
    return max(d, x.bound * (d // x.denominator) + y.bound * (d // y.denominator))


def _fractional_sum_need(x: LatticeArray, y: LatticeArray) -> int:
    return max(x.bound * y.over + y.bound * x.over, x.over * y.over)


def _settle(
    needed: Callable[..., int],
    *arrays: LatticeArray,
    fractional: Callable[..., int] | None = None,
    limbs: bool = False,
    long: bool = False,
) -> tuple[LatticeArray, ...]:
    """Return the arrays in the leanest layout in which an operation's numbers fit.

    `needed` computes the largest of these numbers from packed operands, `fractional` from
    fractional ones, where the operation has such a form; each is asked again with least
    denominators and exact bounds before the next layout is tried. With `limbs`, operands over
    one denominator that nothing fits come back wide if that holds and pays; with `long`, on
    Python ints, which are several times faster than mpq.
    """
    if fractional is None:
        arrays = tuple(x.common() for x in arrays)
    if all(x.is_packed for x in arrays):
        if needed(*arrays) <= INT64_MAX:
            return arrays
        arrays = tuple(x.tight() for x in arrays)
        if needed(*arrays) <= INT64_MAX:
            return arrays
    if limbs and (widened := wide.widened(needed, *arrays)) is not None:
        return widened
    lengthen = long and all(x.is_packed or x.is_wide for x in arrays)
    if fractional is not None and not lengthen and all(x.is_int64 for x in arrays):
        arrays = tuple(x.split() for x in arrays)
        if fractional(*arrays) <= INT64_MAX:
            return arrays
        arrays = tuple(x.tight() for x in arrays)
        if fractional(*arrays) <= INT64_MAX:
            return arrays
    if lengthen:
        return tuple(x.lengthened() for x in arrays)
    return tuple(x.unpacked() for x in arrays)


def _is_long(x: LatticeArray) -> bool:
    return type(x.denominator) is int and x.a.dtype == object


def _over_one_denominator(packed: tuple[LatticeArray, ...]) -> tuple[LatticeArray, ...]:
    d = lcm(*(x.denominator for x in packed))
    return tuple(_rescaled(x, d // x.denominator) for x in packed)


def _rescaled(x: LatticeArray, scale: int) -> LatticeArray:
    if scale == 1:
        return x
    bound = x.bound * scale
    return LatticeArray.packed(x.a * scale, x.b * scale, x.denominator * scale, bound=bound)

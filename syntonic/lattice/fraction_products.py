"""Products of arrays with denominators of their own: matmul, dot, einsum and their kin.

Where the least common denominator of all elements has a few words, they are taken over it, as
residues. Else that is done for the elements that one sum runs over: a row of the left matrix over
its own, a column of the right one over its own. Integers are then multiplied, and one division is
left for each element of the result. Where sums are so long that such denominators are too, and for
vectors, products of elements are added up in trees instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from gmpy2 import lcm

from syntonic.lattice.arithmetic import bilinear, multiply
from syntonic.lattice.array import INT64_MAX, LatticeArray, int64s, objects
from syntonic.lattice.fraction_sums import sum_apart
from syntonic.lattice.fractional import numerators
from syntonic.lattice.joining import join
from syntonic.lattice.long_products import fraction_product
from syntonic.lattice.parts import ratios

__all__ = ["Axes", "contract_apart", "integer_rows", "quotient"]

Bilinear: TypeAlias = Callable[[Any, Any], Any]
Axes: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""The axes of the left and of the right operand that a product sums over."""

_MOST_BITS = 1 << 12
"""Up to here rows over one denominator outrun trees of elements: measured on square matrices."""

_lcm = np.frompyfunc(lcm, 2, 1)


def contract_apart(
    function: Bilinear,
    x: LatticeArray,
    y: LatticeArray,
    axes: Axes | None,
    terms: int,
    integers: Callable[[Bilinear, LatticeArray, LatticeArray, int], LatticeArray],
) -> LatticeArray:
    """Lift a bilinear function that sums so many terms over axes, known for NumPy's own products.

    `integers` lifts it for arrays of integers.
    """
    axes = axes or _summed(function, x, y)
    if not (axes[0] or axes[1]):
        return bilinear(function, x, y, 1)
    if vectors := _vectors(function, x, y):
        product = multiply(*vectors)
        return sum_apart(product, (product.ndim - 1,))
    if (short := fraction_product(function, x, y, terms)) is not None:
        return short
    over, under = (_common(z, places) for z, places in zip((x, y), axes, strict=True))
    if function in (np.matmul, np.dot) and y.ndim == 2 and _longest(over, under) > _MOST_BITS:
        rows = [contract_apart(function, x[i], y, None, terms, integers) for i in range(x.shape[0])]
        return join(lambda *parts: np.stack(parts), *rows)
    out = integers(function, _scaled(x, over), _scaled(y, under), terms)
    return quotient(out, function(over, under))


def integer_rows(x: LatticeArray) -> tuple[LatticeArray, Any] | None:
    """Return matrices of integers and what their rows are to be divided by, to be x.

    None if one denominator serves all of x in a layout, and for integers of any length.
    """
    if x.is_packed or x.is_wide or x.shared():
        return None
    over = _common(x, (x.ndim - 1,))
    return None if (over == 1).all() else (_scaled(x, over), over)


def _summed(function: Bilinear, x: LatticeArray, y: LatticeArray) -> Axes:
    if function in (np.matmul, np.dot):
        return (x.ndim - 1,), (max(y.ndim - 2, 0),)
    if function in (np.inner, np.vecdot):
        return (x.ndim - 1,), (y.ndim - 1,)
    raise TypeError(f"contract: axes must be given for {function}, which is not NumPy's own")


def _vectors(
    function: Bilinear, x: LatticeArray, y: LatticeArray
) -> tuple[LatticeArray, LatticeArray] | None:
    """Return what to multiply and sum along the last axis, if an operand is a vector."""
    if function is np.vecdot:
        return x, y
    if function not in (np.matmul, np.dot, np.inner) or min(x.ndim, y.ndim) > 1:
        return None
    if y.ndim > 1 and function is not np.inner:
        y = y.map(lambda part: np.swapaxes(part, -1, -2))
    return x, y


def _common(x: LatticeArray, axes: tuple[int, ...]) -> Any:
    """Return the least common denominators along axes, which are kept with length 1."""
    d = numerators(x)[2] if x.is_rational else np.asarray(x.denominator).astype(object)
    d = np.broadcast_to(objects(d), x.shape)
    for axis in axes:
        d = objects(_lcm.reduce(d, axis=axis, keepdims=True))
    return d


def _longest(*denominators: Any) -> int:
    return max(int(d).bit_length() for each in denominators for d in each.flat)


def _scaled(x: LatticeArray, over: Any) -> LatticeArray:
    """Return x times multiples of its denominators: integers."""
    a, b, d = numerators(x)
    scale = over // d
    return LatticeArray.from_numerators(objects(a * scale), objects(b * scale))


def quotient(x: LatticeArray, over: Any) -> LatticeArray:
    """Return integers over denominators."""
    over = np.broadcast_to(objects(over), x.shape)
    if x.is_packed and over.max(initial=1) <= INT64_MAX:
        return LatticeArray.fractional(x.a, x.b, int64s(over))
    x = x.lengthened() if x.is_wide else x
    a, b = (objects(part.astype(object)) for part in (x.a, x.b))
    return LatticeArray.rational(*ratios(a, b, over))

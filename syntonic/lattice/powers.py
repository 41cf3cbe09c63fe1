"""Powers in as many operations as the exponents have bits: of one exponent, or one an element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.exact.limits import MAX_BITS, are_short
from syntonic.lattice.arithmetic import multiply, parts, reciprocal, require_nonzero, square
from syntonic.lattice.array import LatticeArray, elementwise
from syntonic.lattice.convert import lattice_scalar
from syntonic.lattice.guards import most_bits, require_power
from syntonic.lattice.joining import join, where

__all__ = ["by_squaring", "power"]

_MOST_BITS = (1 << 15) - 1
_power = np.frompyfunc(lambda x, n: x ** int(n), 2, 1)
_bits = np.frompyfunc(lambda n: int(n).bit_length(), 1, 1)
_WHERE = "ResonantTensor: **"
_ONE = lattice_scalar(1)
_SMALL = 64
"""Up to so many exponents have each a group of their own."""


def power(x: LatticeArray, exponents: Any) -> LatticeArray:
    """Return x to integer powers, an array of int64 or of integers.

    Raises
    ------
    OverflowError
        The results could take more than 2^28 bits.
    ZeroDivisionError
        An element is zero and its exponent negative.
    """
    least, most = (int(exponents.min()), int(exponents.max())) if exponents.size else (0, 0)
    largest = max(most, -least)
    long = not are_short(most_bits(x) * largest) and require_power(x, exponents, _WHERE)
    if least == most or long:
        return by_squaring(x, exponents)
    shape = np.broadcast_shapes(x.shape, exponents.shape)
    base, n = x.map(lambda part: np.broadcast_to(part, shape)), np.broadcast_to(exponents, shape)
    if largest >> 62:
        n = n.astype(object)  # |-2^63| has no int64
    if least < 0:
        require_nonzero(base[n < 0], "power")
    raised = _by_exponent if largest <= _SMALL else _by_length
    return raised(base.map(np.ravel), n.ravel()).map(lambda part: part.reshape(shape))


def _by_exponent(base: LatticeArray, n: Any) -> LatticeArray:
    return _in_groups(base, n, n, lambda x, same: by_squaring(x, int(same[0])))


def _by_length(base: LatticeArray, n: Any) -> LatticeArray:
    """Raise elements together whose exponents have one sign and number of bits.

    So none is squared beyond its need, and short results stay short beside long ones.
    """
    bits = _bits(n) if n.dtype == object else np.frexp(n.astype(np.float64))[1]
    kinds = np.minimum(bits, _MOST_BITS) * np.where(n < 0, -1, 1)

    def raised(x: LatticeArray, m: Any) -> LatticeArray:
        return _raised(reciprocal(x), -m) if m[0] < 0 else _raised(x, m)

    return _in_groups(base, n, kinds, raised)


def _in_groups(
    base: LatticeArray, n: Any, kinds: Any, raised: Callable[[LatticeArray, Any], LatticeArray]
) -> LatticeArray:
    """Raise the elements of each kind together."""
    kinds = kinds.astype(np.int16)  # which NumPy sorts by digits
    ranks = np.argsort(kinds, kind="stable")
    edges = np.flatnonzero(np.diff(kinds[ranks])) + 1
    parts = [raised(base[chosen], n[chosen]) for chosen in np.split(ranks, edges)]

    def back(part: Any) -> Any:
        out = np.empty_like(part)
        out[ranks] = part
        return out

    return join(lambda *p: np.concatenate(p), *parts).map(back)


def _raised(base: LatticeArray, n: Any) -> LatticeArray:
    """Square and multiply, by the bits that each exponent has."""
    odd = n & 1 == 1
    out = base if odd.all() else where(odd, base, _ONE)
    while (n := n >> 1).any():
        base = square(base)
        if (odd := n & 1 == 1).any():
            product = multiply(out, base)
            out = product if odd.all() else where(odd, product, out)
    return out


def by_squaring(x: LatticeArray, n: Any) -> LatticeArray:
    """Return x to integer powers n, a Python int or an integer array.

    Square and multiply on whole arrays for one exponent; element by element for several, and
    where the results are long.

    Raises
    ------
    OverflowError
        The results could take more than 2^28 bits.
    ZeroDivisionError
        An element is zero and its exponent negative.
    """
    long = require_power(x, n, "ResonantTensor: **")
    if isinstance(n, int) and not long:
        return _integer_power(x, n)
    exponents = np.asarray(n)
    if long:
        return _power_apart(x, exponents)
    if exponents.size and (exponents == exponents.flat[0]).all():
        out = _integer_power(x, int(exponents.flat[0]))
        shape = np.broadcast_shapes(x.shape, exponents.shape)
        return out.map(lambda part: np.broadcast_to(part, shape))
    return _power_apart(x, exponents)


def _power_apart(x: LatticeArray, exponents: Any) -> LatticeArray:
    if (exponents < 0).any():
        base = x.map(lambda part: np.broadcast_arrays(part, exponents)[0])
        require_nonzero(base[np.broadcast_to(exponents < 0, base.shape)], "power")
    values = elementwise(_power, x.scalars(), exponents)
    return LatticeArray.rational(*parts(values))


def _integer_power(x: LatticeArray, n: int) -> LatticeArray:
    if n < 0:
        return _integer_power(reciprocal(x, "power"), -n)
    if n > MAX_BITS:  # every element is 0 or ±1, or n would have been refused
        n = 2 - n % 2
    if n == 0:
        ones = np.ones(x.shape, dtype=np.int64)
        return LatticeArray.packed(ones, np.zeros_like(ones), bound=1)
    while n % 2 == 0:
        x, n = square(x), n >> 1
    out = x
    while n := n >> 1:
        x = square(x)
        if n & 1:
            out = multiply(out, x)
    return out

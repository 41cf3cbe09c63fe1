"""The limit on results of `syntonic.exact.limits`, before operations that could break it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from syntonic.exact.field import bit_bound
from syntonic.exact.golden import GoldenExact
from syntonic.exact.limits import are_short, require_all_bits
from syntonic.lattice.array import LatticeArray, elementwise, objects

__all__ = ["most_bits", "require_power", "require_products", "require_segments"]

_bits = np.frompyfunc(lambda x: bit_bound(GoldenExact.numerators(x)), 1, 1)


def element_bits(x: LatticeArray) -> Any:
    """Return upper bounds of the bits of each element's numbers, 0 for 0 and ±1.

    The bound of a product is at most the sum of its factors' bounds: see `field.bit_bound`.
    """
    if not x.is_int64:
        return elementwise(_bits, x.scalars())
    a, b = (np.abs(part.astype(np.float64)) for part in (x.a, x.b))
    size = np.maximum(a + 2 * b, x.denominator)
    return np.where(size <= 1, 0, np.frexp(size)[1])


def require_power(x: LatticeArray, n: Any, where: str) -> bool:
    """Refuse x to integer powers n whose elements could be too large; tell whether any is long.

    Raises
    ------
    OverflowError
        The elements could take more than 2^28 bits together.
    """
    if isinstance(n, int) and are_short(most_bits(x) * abs(n)):
        return False
    exponents = elementwise(np.absolute, objects(n))
    if are_short(most_bits(x) * max(map(int, exponents.flat), default=0)):
        return False
    bits = elementwise(np.multiply, objects(element_bits(x)), exponents)
    return require_all_bits(bits.ravel().tolist(), where)


def require_products(x: LatticeArray, axes: tuple[int, ...], where: str, running: bool) -> bool:
    """Refuse products along axes, or all the running ones, that could be too large.

    Tell whether any is long.

    Raises
    ------
    OverflowError
        They could take more than 2^28 bits together.
    """
    if are_short(most_bits(x) * prod(x.shape[i] for i in axes)):
        return False
    bits = element_bits(x)
    sums = np.cumsum(bits, axis=axes[0]) if running else np.sum(bits, axis=axes)
    return _require_all(np.asarray(sums), where)


def require_segments(x: LatticeArray, starts: Any, lengths: Any, where: str) -> bool:
    """Do the same for products of segments along the first axis."""
    if are_short(most_bits(x) * int(lengths.max(initial=0))):
        return False
    sums = np.cumsum(element_bits(x), axis=0)
    sums = np.concatenate([np.zeros_like(sums[:1]), sums])
    return _require_all(sums[starts + lengths] - sums[starts], where)


def _require_all(bits: Any, where: str) -> bool:
    if are_short(int(np.max(bits, initial=0))):
        return False
    return require_all_bits(bits.ravel().tolist(), where)


def most_bits(x: LatticeArray) -> int:
    """Return an upper bound of `element_bits`, from cached bounds where there are some."""
    if x.is_rational:
        return int(np.max(element_bits(x), initial=0))
    return max(3 * x.bound, x.over).bit_length()

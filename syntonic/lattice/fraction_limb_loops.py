"""Compiled sums of a/d over a common multiple of a few words: Σ a·(multiple/d), exactly.

Divisions without remainder need no division: by an odd number they are products by its reciprocal
modulo 2^64, word by word from the lowest, and a last carry tells whether there was a remainder.
Importing this module imports numba.

References
----------
T. Jebelean, "An algorithm for exact division", J. Symb. Comput. 15 (1993), 169-180.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.compile import njit
from syntonic.lattice.double_words import high_product, magnitude, trailing_zeros

__all__ = ["add_by_denominator", "add_up", "first_other"]

_ONE, _ZERO = np.uint64(1), np.uint64(0)


@njit
def first_other(d: Any, multiple: Any, start: int) -> int:
    """Return the first place from start on whose d does not divide the multiple, or the size."""
    quotient = np.empty_like(multiple)
    for i in range(start, d.size):
        if not _divide(multiple, np.uint64(d[i]), quotient):
            return i
    return d.size


@njit
def add_up(a: Any, b: Any, d: Any, start: int, multiple: Any, sums: Any) -> int:
    """Add a·(multiple/d) and b·(multiple/d) to the sums; all d divide the multiple.

    The elements, from number `start` on, go round the columns. `sums` has for each column four
    rows of two words more than the multiple: of positive and of negative a's, then of b's.
    """
    quotient, width = np.empty_like(multiple), sums.shape[0] // 4
    for i in range(a.size):
        row = 4 * ((start + i) % width)
        _divide(multiple, np.uint64(d[i]), quotient)
        _add_product(sums, row + (a[i] < 0), quotient, magnitude(a[i]))
        _add_product(sums, row + 2 + (b[i] < 0), quotient, magnitude(b[i]))
    return 0


@njit
def add_by_denominator(a: Any, b: Any, d: Any, p: Any, q: Any) -> int:
    """Add each a to p[d, its column] and b to q; the elements go round the columns."""
    column, width = 0, p.shape[1]
    for i in range(a.size):
        p[d[i], column] += a[i]
        q[d[i], column] += b[i]
        column = column + 1 if column + 1 < width else 0
    return 0


@njit
def _divide(multiple: Any, d: Any, quotient: Any) -> bool:
    """Write multiple/d, words from the lowest, and tell whether d divides it."""
    shift = trailing_zeros(d)
    if multiple[0] & ((_ONE << shift) - _ONE) != _ZERO:  # d < 2^63
        return False
    d >>= shift
    inverse = d * np.uint64(3) ^ np.uint64(2)  # to 5 bits, which each step doubles
    for _ in range(4):
        inverse *= np.uint64(2) - d * inverse
    carry, last = _ZERO, multiple.size - 1
    for k in range(multiple.size):
        above = multiple[k + 1] if k < last else _ZERO
        word = multiple[k] >> shift | above << _ONE << np.uint64(63) - shift
        quotient[k] = (word - carry) * inverse
        carry = high_product(quotient[k], d) + (_ONE if word < carry else _ZERO)
    return carry == _ZERO


@njit
def _add_product(sums: Any, row: int, x: Any, n: Any) -> None:
    """Add x·n to a row, which is two words longer than x and does not overflow."""
    carry, size = _ZERO, x.size
    for k in range(size):
        low = x[k] * n + carry
        high = high_product(x[k], n) + (_ONE if low < carry else _ZERO)
        sums[row, k] += low
        carry = high + (_ONE if sums[row, k] < low else _ZERO)
    sums[row, size] += carry
    if sums[row, size] < carry:
        sums[row, size + 1] += _ONE

"""Compiled loops over all numbers of an array of limbs: the largest one, quotients by one divisor.

Numbers are flat uint64 limbs, n a number, in two's complement. Importing this module imports numba.

References
----------
T. Jebelean, "An algorithm for exact division", J. Symb. Comput. 15 (1993), 169-180.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.compile import njit
from syntonic.lattice.limb_code import multiply_add
from syntonic.lattice.limb_loops import extension

__all__ = ["divide", "floor_quotients", "place_of_largest"]

_ONE: Any = np.uint64(1)
_ZERO: Any = np.uint64(0)
_LAST: Any = np.uint64(63)
_HALF: Any = np.uint64(32)
_LOW: Any = np.uint64((1 << 32) - 1)


@njit
def place_of_largest(x: Any, n: int) -> int:
    """Return which number is the largest in size, the first of several."""
    best = 0
    for i in range(n, x.size, n):
        if _is_larger(x, i, x, best, n):
            best = i
    return best // n


@njit
def divide(x: Any, n: int, twos: int, inverse: Any, limit: Any, out: Any) -> int:
    """Write x/d for d = odd·2^twos; return the first place where that is no integer, or the count.

    `inverse` is that of odd modulo M = 2^64n, and `limit` = ⌊(M/2 - 1)/odd⌋. For y = x/2^twos the
    product of y and the inverse is y/odd, where odd divides y. Else it is modulo M some q, and
    q·odd ≠ y equals y modulo M: then q·odd is not between -M/2 and M/2, so |q| is above the limit.
    """
    number, count = np.empty(n, np.uint64), x.size // n
    for i in range(count):
        o = i * n
        if not _shift(x, o, n, twos, number):
            return i
        out[o : o + n] = _ZERO
        for k in range(n):
            carry, factor = _ZERO, number[k]
            for t in range(n - k):
                out[o + k + t], carry = multiply_add(factor, inverse[t], out[o + k + t], carry)
        if _is_larger(out, o, limit, 0, n):
            return i
    return count


@njit
def floor_quotients(x: Any, n: int, d: int, out: Any) -> None:
    """Write ⌊x/d⌋ for 0 < d < 2^32, by digits of 32 bits, the highest first.

    Of a negative x the complement -x - 1 is divided: ⌊x/d⌋ is the quotient's complement.
    """
    divisor = np.uint64(d)
    for i in range(0, x.size, n):
        flip, rest = extension(x[i + n - 1]), _ZERO
        for k in range(i + n - 1, i - 1, -1):
            limb = x[k] ^ flip
            upper = rest << _HALF | limb >> _HALF
            high = upper // divisor
            lower = (upper - high * divisor) << _HALF | limb & _LOW
            low = lower // divisor
            rest = lower - low * divisor
            out[k] = (high << _HALF | low) ^ flip


@njit
def _shift(x: Any, i: int, n: int, twos: int, out: Any) -> bool:
    """Write x/2^twos, rounded down, and tell whether that is all of it."""
    skipped, shift = twos >> 6, np.uint64(twos & 63)
    above, lost = extension(x[i + n - 1]), _ZERO
    for k in range(min(skipped, n)):
        lost |= x[i + k]
    for k in range(n):
        low = x[i + k + skipped] if k + skipped < n else above
        high = x[i + k + skipped + 1] if k + skipped + 1 < n else above
        lost |= low & ((_ONE << shift) - _ONE) if k == 0 else _ZERO
        out[k] = low >> shift | high << _ONE << (_LAST - shift)
    return lost == _ZERO


@njit
def _is_larger(x: Any, i: int, y: Any, j: int, n: int) -> bool:
    """Tell whether |x| > |y|; the complement of a negative number is one less than its size."""
    x_flip, y_flip = extension(x[i + n - 1]), extension(y[j + n - 1])
    for k in range(n - 1, -1, -1):
        u, v = x[i + k] ^ x_flip, y[j + k] ^ y_flip
        if u != v:
            return u > v
    return x_flip > y_flip

"""The compiled rounding of (a + bφ)/d for numerators of limbs, by their leading 100 bits.

Importing this module imports numba. A pair is cut below the leading 100 bits of its larger part,
and rounded by the test of `wake_loops`: it fails, and leaves NaN, where a and bφ cancel in some
40 bits, or where the exact value is a tie or as good as one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.compile import njit
from syntonic.jit.floats import from_bits, to_bits
from syntonic.lattice.limb_loops import extension, in_pieces
from syntonic.rounding.wake_loops import divided_unless_one, rounded, split_sum

__all__ = ["round_limbs"]

_ZERO, _ONE, _LAST, _WORD, _FIELD = (np.uint64(n) for n in (0, 1, 63, 64, 50))
_MASK: Any = np.uint64((1 << 50) - 1)
_unsigned: Any = np.uint64


def round_limbs(a: Any, b: Any, n: int, odd: float, shift: int, dtype: np.dtype[Any]) -> Any:
    """Round (a + bφ)/(odd 2^shift) for flat limbs, n a number; NaN where that stays open.

    `odd` and `shift` are as from `wake.odd_and_scale`.
    """
    half = dtype == np.float16
    out = np.empty(a.size // n, np.float64 if half else dtype)
    in_pieces(_round, out.size, a, b, n, odd, shift, dtype != np.float64, out)
    if half:
        with np.errstate(over="ignore", under="ignore"):
            out = out.astype(np.float16)
    return out


@njit
def _round(
    first: int, last: int, start: int,
    a: Any, b: Any, n: int, odd: float, shift: int, to_odd: bool, out: Any,
) -> None:  # fmt: skip
    for e in range(start + first, start + last):
        i = e * n
        a_flip, b_flip = extension(a[i + n - 1]), extension(b[i + n - 1])
        k = n - 1
        while k > 0 and a[i + k] == a_flip and b[i + k] == b_flip:
            k -= 1
        cut = max(0, 64 * k + _bits((a[i + k] ^ a_flip) | (b[i + k] ^ b_flip)) - 100)
        p1, p0 = _leading(a, i, n, a_flip, cut)
        q1, q0 = _leading(b, i, n, b_flip, cut)
        high, low, error = split_sum(p1, p0, q1, q0)
        rational = q1 == 0.0 and q0 == 0.0 and cut == 0
        error = 0.0 if rational else error + (3.0 if cut else 0.0)
        high, low, error = divided_unless_one(high, low, error, odd)
        value = rounded(high, low, error, rational and odd == 1.0, to_odd)
        out[e] = value * from_bits((cut - shift + 1023) << 52)


@njit
def _bits(limb: int) -> int:
    """Return how many bits a limb has, or one more."""
    return (to_bits(float(limb)) >> 52) - 1022 if limb else 0


@njit
def _leading(x: Any, i: int, n: int, flip: int, cut: int) -> tuple[float, float]:
    """Return 2^50 high + low, the number over 2^cut to within 1, or exactly if cut is 0.

    Of a negative x the complement is cut, which is 1 less than its size.
    """
    limb, shift = cut >> 6, _unsigned(cut & 63)
    first = x[i + limb] ^ flip
    second = x[i + limb + 1] ^ flip if limb + 1 < n else _ZERO
    third = x[i + limb + 2] ^ flip if limb + 2 < n else _ZERO
    word = (first >> shift) | ((second << _ONE) << (_LAST - shift))
    next_word = (second >> shift) | ((third << _ONE) << (_LAST - shift))
    low = float(word & _MASK)
    high = float(((word >> _FIELD) | (next_word << (_WORD - _FIELD))) & _MASK)
    return (-high, -(low + 1.0)) if flip else (high, low)

"""Sums of fractions whose least common denominator is of a few words."""

from __future__ import annotations

from typing import Any

import numpy as np
from gmpy2 import lcm, mpz

from syntonic.foreign import frozen
from syntonic.jit.policy import compiled_pays
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.lattice.parts import ratios

__all__ = ["least_multiple", "short_sums"]

_MOST_BITS = 512
_AT_ONCE = 1 << 18  # elements; Ctrl-C can come between

_TAKEN = 64


def short_sums(rows: LatticeArray) -> LatticeArray | None:
    """Return the sums along the first of two axes of a fractional array.

    None for small arrays and where the least common denominator is longer than 512 bits.
    """
    if not compiled_pays(rows.a.size):
        return None
    a, b, d = _by_denominator(rows) or _columns(rows)
    multiple = least_multiple(d)
    if multiple is None:
        return None
    from syntonic.lattice.fraction_limb_loops import add_up

    words = _words(multiple)
    sums = np.zeros((4 * rows.shape[1], words.size + 2), np.uint64)
    for start in range(0, a.size, _AT_ONCE):
        a_part, b_part, d_part = (x[start : start + _AT_ONCE] for x in (a, b, d))
        add_up(a_part, b_part, d_part, start, words, sums)
    p, q = (_differences(sums[i::4], sums[i + 1 :: 4]) for i in (0, 2))
    return LatticeArray.rational(*ratios(p, q, multiple))


def least_multiple(d: Any) -> mpz | None:
    """Return the least common multiple of flat int64 numbers; None beyond 512 bits."""
    from syntonic.lattice.fraction_limb_loops import first_other

    multiple, place = mpz(1), 0
    while place < d.size:
        # Some at once: those after the first that does not divide most often do not, either.
        multiple = lcm(multiple, *set(d[place : place + _TAKEN].tolist()))
        if multiple.bit_length() > _MOST_BITS:
            return None
        place = first_other(d, _words(multiple), place)
    return multiple


def _columns(x: LatticeArray) -> tuple[Any, Any, Any]:
    a, b, d = (frozen(np.ascontiguousarray(part).ravel()) for part in (x.a, x.b, x.denominator))
    return a, b, d


def _by_denominator(rows: LatticeArray) -> tuple[Any, Any, Any] | None:
    """Return fewer fractions with the same sums: in each column one of each denominator.

    None where there are more denominators up to the largest than elements.
    """
    count, width = rows.shape
    most = int(rows.denominator.max())
    if (most + 1) * width > rows.a.size or count * rows.bound > INT64_MAX:
        return None
    from syntonic.lattice.fraction_limb_loops import add_by_denominator

    a, b = np.zeros((2, most + 1, width), np.int64)
    add_by_denominator(*_columns(rows), a, b)
    (d,) = np.nonzero((a | b).any(axis=1))
    return tuple(map(frozen, (a[d].ravel(), b[d].ravel(), np.repeat(d, width))))


def _words(n: mpz) -> Any:
    count = -(-n.bit_length() // 64)
    return np.frombuffer(int(n).to_bytes(8 * count, "little"), "<u8").astype(np.uint64)


def _differences(x: Any, y: Any) -> Any:
    """Return x - y, numbers in rows of words, as an object array of integers."""
    return _numbers(x) - _numbers(y)


def _numbers(words: Any) -> Any:
    rows = words.astype("<u8").view(f"V{8 * words.shape[1]}").ravel().tolist()
    values = (mpz(int.from_bytes(row, "little")) for row in rows)
    return np.fromiter(values, object, len(rows))

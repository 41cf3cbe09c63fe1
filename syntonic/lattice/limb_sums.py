"""Fractions whose least common denominator is of a few words: over it, and their sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from gmpy2 import lcm, mpq, mpz

from syntonic.foreign import frozen
from syntonic.jit.policy import compiled_pays
from syntonic.lattice.array import INT64_MAX, LatticeArray, elementwise
from syntonic.lattice.limbs import MOST_LIMBS, limbs_for, wrapped

__all__ = ["over_least", "short_sums"]

_MOST_BITS = 512
_AT_ONCE = 1 << 18  # elements; Ctrl-C can come between

_TAKEN = 64

_make_mpq = np.frompyfunc(mpq, 2, 1)


def short_sums(rows: LatticeArray) -> LatticeArray | None:
    """Return the sums along the first of two axes of a fractional array.

    None for small arrays and where the least common denominator is longer than 512 bits.
    """
    if not compiled_pays(rows.a.size):
        return None
    a, b, d = _by_denominator(rows) or _columns(rows)
    multiple = _least_multiple(d)
    if multiple is None:
        return None
    from syntonic.lattice.fraction_limb_loops import add_up

    words = _words(multiple)
    sums = np.zeros((4 * rows.shape[1], words.size + 2), np.uint64)
    for start in range(0, a.size, _AT_ONCE):
        a_part, b_part, d_part = (x[start : start + _AT_ONCE] for x in (a, b, d))
        add_up(a_part, b_part, d_part, start, words, sums)
    p, q = (_differences(sums[i::4], sums[i + 1 :: 4]) for i in (0, 2))
    return LatticeArray.rational(
        elementwise(_make_mpq, p, multiple), elementwise(_make_mpq, q, multiple)
    )


def over_least(x: LatticeArray) -> LatticeArray | None:
    """Return a fractional array over its least common denominator, in limbs: maybe in too many.

    None for small arrays, and where the denominator or numerators are too long.
    """
    if not compiled_pays(x.size):
        return None
    a, b, d = _columns(x)
    multiple = _least_multiple(d)
    if multiple is None or limbs_for(bound := x.bound * int(multiple)) > MOST_LIMBS:
        return None
    from syntonic.lattice.fraction_limb_loops import scale
    from syntonic.lattice.limb_loops import in_pieces

    words = _words(multiple)
    count = words.size + 1
    p, q = np.empty((2, count * x.size), np.uint64)
    in_pieces(scale, x.size, a, b, d, words, p, q, count)
    p, q = (wrapped(part, count, x.shape) for part in (p, q))
    return LatticeArray(p, q, int(multiple), bound)


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


def _least_multiple(d: Any) -> mpz | None:
    from syntonic.lattice.fraction_limb_loops import first_other

    multiple, place = mpz(1), 0
    while place < d.size:
        # Some at once: those after the first that does not divide most often do not, either.
        multiple = lcm(multiple, *set(d[place : place + _TAKEN].tolist()))
        if multiple.bit_length() > _MOST_BITS:
            return None
        place = first_other(d, _words(multiple), place)
    return multiple


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

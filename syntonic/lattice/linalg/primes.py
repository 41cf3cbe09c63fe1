"""Primes that split in Z[φ], for multimodular algebra in floating point.

For p ≡ ±1 (mod 5), x² - x - 1 has two roots t, t' modulo p, and a + bφ maps to a + bt and a + bt'
in F_p. These two images determine a and b modulo p: b = (v - v')/(t - t'), a = v - bt.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from gmpy2 import invert, is_prime, powmod

__all__ = ["PRIME_BITS", "fields"]

PRIME_BITS = 49.999
"""A lower bound of log2 p; 2^50 (1 - 2^-0.001) is 10^11 away, so no list gets there."""

_SPLIT_AND_3_MOD_4 = (11, 19)  # modulo 20: ±1 mod 5, and 5^((p+1)/4) is a root of 5

_lists: dict[int, list[tuple[int, int, int, int]]] = {}


@lru_cache(maxsize=256)
def fields(stop: int, start: int = 0, width: int = 50) -> tuple[tuple[int, ...], Any]:
    """Return the primes start..stop below 2^width and, for the loops, rows of what they need.

    Returns
    -------
    primes : tuple of int
        Descending from below 2^width, all different.
    table : ndarray, shape (stop - start, 4), float64
        For each prime: p, the roots t and t', and 1/(t - t') modulo p.
    """
    rows = _lists.setdefault(width, [])
    while len(rows) < stop:
        rows.append(_field_below(rows[-1][0] if rows else 1 << width))
    chosen = rows[start:stop]
    table = np.array(chosen, dtype=np.float64)
    table.flags.writeable = False
    return next(zip(*chosen, strict=True)), table


def _field_below(p: int) -> tuple[int, int, int, int]:
    p -= 1
    while p % 20 not in _SPLIT_AND_3_MOD_4 or not is_prime(p):
        p -= 1
    root5 = int(powmod(5, (p + 1) // 4, p))
    half = (p + 1) // 2
    t, conjugate = (1 + root5) * half % p, (1 - root5) * half % p
    return p, t, conjugate, int(invert(t - conjugate, p))

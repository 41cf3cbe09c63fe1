"""Integers from their residues modulo golden primes."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import gmpy2
import numpy as np
from gmpy2 import invert

from syntonic.lattice.linalg.primes import PRIME_BITS

__all__ = ["integers"]


def integers(primes: tuple[int, ...], residues: Any) -> Any:
    """Return the integers of least size with these residues.

    Parameters
    ----------
    primes
        Different primes below 2^50, descending.
    residues : ndarray, shape (primes, numbers), float64
        Integral, |r| < p. They are overwritten.

    Returns
    -------
    ndarray, shape (numbers,)
        int64 if all fit, else an object array of mpz; each is below half the product of the
        primes in size.
    """
    from syntonic.lattice.linalg.residue_loops import mixed_radix, to_limbs

    moduli, inverses, shift, half = _tables(primes)
    residues += shift[:, None]
    mixed_radix(residues, moduli, inverses)
    out = np.empty((residues.shape[1], half.size), np.uint32)
    negative = np.empty(out.shape[0], bool)
    to_limbs(residues, moduli, half, out, negative)
    return _from_limbs(out, negative)


def _from_limbs(limbs: Any, negative: Any) -> Any:
    """Convert by gmpy2's binary format: a byte 1 for mpz, 1 or 2 for the sign, the magnitude."""
    count, width = limbs.shape
    if width > 1 and not (limbs[:, 1] >> 31).any() and not limbs[:, 2:].any():
        short = limbs[:, 1].astype(np.int64) << 32 | limbs[:, 0]
        return np.where(negative, -short, short)
    record = np.ones((count, 2 + 4 * width), np.uint8)
    record[:, 1] += negative
    record[:, 2:] = limbs.astype("<u4", copy=False).view(np.uint8)
    rows = record.view(f"V{record.shape[1]}").ravel().tolist()
    return np.fromiter(map(gmpy2.from_binary, rows), dtype=object, count=count)


@lru_cache(maxsize=256)
def _tables(primes: tuple[int, ...]) -> tuple[Any, Any, Any, Any]:
    """Return primes, Garner's reciprocals, half the product modulo each and in limbs."""
    inverses, product = [], 1
    for p in primes:
        inverses.append(int(invert(product % p, p)))
        product *= p
    half = prod(primes) // 2
    limbs = int(len(primes) * (PRIME_BITS + 0.001)) // 32 + 1
    return (
        np.array(primes, np.float64),
        np.array(inverses, np.float64),
        np.array([half % p for p in primes], np.float64),
        np.frombuffer(half.to_bytes(4 * limbs, "little"), "<u4").astype(np.uint64),
    )

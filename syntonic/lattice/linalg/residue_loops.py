"""Compiled loops of the Chinese remainder theorem: residues modulo many primes to integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.compile import njit
from syntonic.lattice.linalg.modular_loops import less_product

__all__ = ["mixed_radix", "to_limbs"]

_MASK = 0xFFFFFFFF


@njit
def mixed_radix(residues: Any, primes: Any, inverses: Any) -> None:
    """Replace residues by the digits of x = d_0 + d_1 p_0 + d_2 p_0 p_1 + ..., 0 <= d_k < p_k.

    Garner's algorithm, for residues of shape (primes, numbers). inverses[k] is the reciprocal of
    p_0 ... p_{k-1} modulo p_k.
    """
    block = 128  # numbers at a time: independent, and together in the level-1 cache
    value = np.empty(block)
    for start in range(0, residues.shape[1], block):
        for k in range(primes.size):
            p, inverse = primes[k], 1.0 / primes[k]
            digits = residues[k, start : start + block]
            v = value[: digits.size]
            v[:] = 0.0
            for i in range(k - 1, -1, -1):
                # The primes descend from 2^50 and stay close: |p_i - p_k| < p_k.
                step, lower = primes[i] - p, residues[i, start : start + block]
                for j in range(v.size):
                    v[j] = less_product(lower[j], -v[j], step, p, inverse)
            for j in range(v.size):
                x = less_product(digits[j], v[j], 1.0, p, inverse)
                x = less_product(0.0, -x, inverses[k], p, inverse)
                digits[j] = x + p if x < 0.0 else x


@njit
def to_limbs(digits: Any, primes: Any, half: Any, out: Any, negative: Any) -> None:
    """Write |x - half| in limbs of 32 bits, and where x < half, from mixed-radix digits of x.

    digits has shape (primes, numbers), out (numbers, limbs), half is an array of limbs.
    """
    mask, shift, zero = np.uint64(_MASK), np.uint64(32), np.uint64(0)
    x = np.empty(out.shape[1], np.uint64)
    for n in range(out.shape[0]):
        x[:] = zero
        used = 0
        for k in range(primes.size - 1, -1, -1):
            used = min(used + 2, x.size)
            times_plus(x[:used], np.uint64(primes[k]), np.uint64(digits[k, n]))
        borrow = zero
        for j in range(x.size):
            t = x[j] - half[j] - borrow
            x[j], borrow = t & mask, t >> np.uint64(63)
        negative[n] = borrow != zero
        for j in range(x.size):  # the complement of x - 2^(32 limbs), plus the borrow, is -x
            t = (x[j] ^ mask) + borrow if negative[n] else x[j]
            out[n, j] = t & mask
            borrow = t >> shift if negative[n] else zero


@njit
def times_plus(x: Any, p: Any, digit: Any) -> None:
    """Do x := x·p + digit for a number x in limbs of 32 bits; p and digit have 50."""
    mask, shift = np.uint64(_MASK), np.uint64(32)
    low, high = p & mask, p >> shift
    carry, over, last = digit & mask, digit >> shift, np.uint64(0)
    for j in range(x.size):
        t = x[j] * low + carry
        s = last * high + (t & mask)  # below 2^50 + 2^33: the high half of p, one limb later
        if j > 0:
            s += over
            over = s >> shift
        carry, last, x[j] = t >> shift, x[j], s & mask

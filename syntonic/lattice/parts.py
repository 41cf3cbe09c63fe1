"""Arrays of numerators: how large they are, what their denominators have in common."""

from __future__ import annotations

from math import gcd, lcm
from sys import getsizeof
from typing import Any

import numpy as np
from gmpy2 import lcm as long_lcm
from gmpy2 import mpq, mpz

from syntonic.constants import INT64_MAX
from syntonic.lattice import limbs
from syntonic.typing import IntArray, ObjectArray

__all__ = [
    "as_mpq",
    "as_mpz",
    "common_divisor",
    "denominators",
    "divisors_apart",
    "elementwise",
    "extent_apart",
    "fits_int64",
    "held_bytes",
    "in_gmp",
    "int64s",
    "largest",
    "least_denominator",
    "make_mpq",
    "moved",
    "objects",
    "over",
    "ratios",
    "scaled",
    "shared_denominator",
]

_GLANCE = 64
"""So many often tell of all that nothing short serves them."""

as_mpq = np.frompyfunc(mpq, 1, 1)
as_mpz = np.frompyfunc(mpz, 1, 1)
make_mpq = np.frompyfunc(mpq, 2, 1)

in_gmp = np.frompyfunc(lambda x: mpz(x) if type(x) is int else x, 1, 1)
"""Python's integers as GMP's, and other numbers as they are."""

scaled = np.frompyfunc(lambda e, d: e.numerator * (d // e.denominator), 2, 1)
"""The numerators of rationals e over a multiple d of their denominators."""


def objects(x: Any) -> ObjectArray:
    """Return x as an object array; NumPy turns 0-d object results into bare scalars."""
    return np.asarray(x, dtype=object)


def elementwise(function: np.ufunc, *operands: Any) -> ObjectArray:
    """Apply a `np.frompyfunc` ufunc and keep 0-d results arrays."""
    return objects(function(*operands))


def moved(denominators: IntArray) -> IntArray:
    """Return denominators that a function has only moved; zeros that it filled in become 1.

    Raises
    ------
    ValueError
        One is negative: the function computes, and its other results are as wrong.
    """
    if np.min(denominators, initial=0) < 0:
        raise ValueError("a function that was to move elements changed them")
    return np.maximum(denominators, 1)


def int64s(x: Any) -> IntArray:
    """Return x as an int64 array: NumPy turns 0-d results into scalars."""
    return np.asarray(x, dtype=np.int64)


def largest(a: Any, b: Any) -> int:
    """Return the largest size of an integer of either array: int64, objects or limbs."""
    if limbs.is_limbs(a):
        return max(limbs.largest(a), limbs.largest(b))
    if a.size == 0:
        return 0
    # As Python ints: |-2^63| does not fit int64.
    return max(int(a.max()), -int(a.min()), int(b.max()), -int(b.min()))


def fits_int64(x: Any) -> bool:
    """Tell whether int64 holds the integers."""
    if x.dtype == np.int64 or x.size == 0:
        return True
    return bool(x.min() >= -INT64_MAX - 1 and x.max() <= INT64_MAX)


def common_divisor(a: IntArray, b: IntArray, d: int) -> int:
    """Return the greatest common divisor of d and all int64 numerators."""
    twos = d & -d
    odd = d // twos
    for x in (a, b):
        if odd == 1:
            break
        # Reduce modulo it first: |-2^63| has no int64 for np.gcd to return.
        odd = gcd(odd, int(np.gcd.reduce(x % odd, axis=None))) if x.size else odd
    if twos > 1:  # the lowest bit that is set in any number
        bits = (
            twos | int(np.bitwise_or.reduce(a, axis=None)) | int(np.bitwise_or.reduce(b, axis=None))
        )
        twos = bits & -bits
    return odd * twos


def divisors_apart(a: IntArray, b: IntArray, d: IntArray) -> IntArray:
    """Return for each pair its greatest common divisor with its denominator."""
    # Modulo d first: |-2^63| has no int64 for np.gcd to return.
    return int64s(np.gcd(np.gcd(a % d, b % d), d))


def denominators(x: Any) -> set[int]:
    """Return the denominators of rationals."""
    return {e.denominator for e in x.flat}


def held_bytes(*arrays: Any) -> int:
    """Return the bytes of the arrays among these, objects included."""
    held = [x for x in arrays if type(x) is np.ndarray]
    objects_of = (map(getsizeof, x.flat) for x in held if x.dtype == object)
    return sum(x.nbytes for x in held) + sum(map(sum, objects_of))


def least_denominator(*arrays: Any) -> int:
    """Return the least common denominator of arrays of rationals."""
    return int(long_lcm(*(d for x in arrays for d in denominators(x))))


def over(a: ObjectArray, b: ObjectArray, d: int) -> tuple[ObjectArray, ObjectArray]:
    """Return the numerators of rationals over a multiple d of their denominators."""
    return elementwise(scaled, a, mpz(d)), elementwise(scaled, b, mpz(d))


def ratios(a: Any, b: Any, d: Any) -> tuple[ObjectArray, ObjectArray]:
    """Return a/d and b/d as rationals."""
    return elementwise(make_mpq, a, d), elementwise(make_mpq, b, d)


def shared_denominator(most: int, *arrays: Any) -> int | None:
    """Return the least common denominator of arrays of rationals if it is at most `most`."""
    d = 1
    for x in arrays:
        flat, start, step = x.reshape(-1), 0, _GLANCE
        while start < flat.size:
            for e in denominators(flat[start : start + step]):
                if e > most or (d := lcm(d, int(e))) > most:
                    return None
            start, step = start + step, 2 * step
    return d


def extent_apart(b: IntArray, denominators: IntArray) -> tuple[int, int]:
    """Return the largest |b| over the least common denominator, and the latter."""
    ranks = np.argsort(denominators, axis=None)
    over, b = denominators.ravel()[ranks], b.ravel()[ranks]
    starts = np.flatnonzero(np.diff(over, prepend=0))
    d = lcm(*(int(e) for e in over[starts]))
    highs, lows = np.maximum.reduceat(b, starts), np.minimum.reduceat(b, starts)
    sizes = (max(int(h), -int(n)) for h, n in zip(highs, lows, strict=True))
    return max(n * (d // int(e)) for n, e in zip(sizes, over[starts], strict=True)), d

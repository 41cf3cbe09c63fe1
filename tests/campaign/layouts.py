"""One array of values in every layout a lattice array may have."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from gmpy2 import mpq, mpz

from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.lattice.limbs import limbs_for, resized

__all__ = ["LAYOUTS", "values_of"]

INT64_MIN = -INT64_MAX - 1


def _numerators(values: Any, over: list[int]) -> tuple[list[int], list[int]] | None:
    """Return the numerators over given denominators, if int64 holds them all."""
    columns = tuple(
        [int(getattr(v, part) * d) for v, d in zip(values.flat, over, strict=True)] for part in "ab"
    )
    fits = all(INT64_MIN <= n <= INT64_MAX for column in (*columns, over) for n in column)
    return columns if fits else None


def _own(values: Any) -> list[int]:
    return [lcm(v.a.denominator, v.b.denominator) for v in values.flat]


def _int64(column: list[int], shape: tuple[int, ...]) -> Any:
    return np.array(column, np.int64).reshape(shape)


def packed(values: Any, rng: random.Random) -> LatticeArray | None:
    """One denominator for all, at times a multiple of the least, and a bound that may be loose."""
    least = lcm(*_own(values))
    for d in (least * rng.choice([1, 1, 2, 3, 12]), least):
        columns = _numerators(values, [d] * values.size)
        if columns is not None:
            a, b = (_int64(column, values.shape) for column in columns)
            bound = rng.choice([None, INT64_MAX + 1])
            return LatticeArray.packed(a, b, d, bound=bound)
    return None


def fractional(values: Any, rng: random.Random) -> LatticeArray | None:
    """A denominator for each element, at times a multiple of the least, not all the same."""
    least = _own(values)
    for over in ([d * rng.choice([1, 2, 3, 5]) for d in least], least):
        columns = _numerators(values, over)
        if columns is not None:
            return LatticeArray.fractional(*(_int64(c, values.shape) for c in (*columns, over)))
    return None


def rational(values: Any, rng: random.Random) -> LatticeArray:
    """Objects of gmpy2's rationals."""
    return _objects(values, lambda x: mpq(x.numerator, x.denominator))


def wide(values: Any, rng: random.Random) -> LatticeArray | None:
    """Limbs over one denominator, at times more limbs than the numbers need, and a loose bound."""
    x = rational(values, rng).widened()
    if x is None or rng.random() < 0.5:
        return x
    count = limbs_for(x.bound) + 1
    a, b = (resized(part, count) for part in (x.a, x.b))
    return LatticeArray(a, b, x.denominator, x.bound * rng.choice([1, 2, 1 << 40]))


def assorted(values: Any, rng: random.Random) -> LatticeArray:
    """Objects of each kind that is allowed: rationals, and integers of two makes."""

    def exact(x: Any) -> Any:
        whole = x.denominator == 1
        return rng.choice([mpz, int])(x) if whole else mpq(x.numerator, x.denominator)

    return _objects(values, exact)


def _objects(values: Any, kind: Callable[[Any], Any]) -> LatticeArray:
    parts = []
    for name in "ab":
        part = np.empty(values.size, object)
        part[:] = [kind(getattr(v, name)) for v in values.flat]
        parts.append(part.reshape(values.shape))
    return LatticeArray(*parts, None, None)


LAYOUTS: dict[str, Callable[[Any, random.Random], LatticeArray | None]] = {
    "packed": packed,
    "fractional": fractional,
    "wide": wide,
    "rational": rational,
    "assorted": assorted,
}
"""Each takes an object array of pairs, and returns None where the layout cannot hold them."""


def values_of(x: LatticeArray) -> list[tuple[Fraction, Fraction]]:
    """Return (a, b) of each element, read from the layout itself."""
    if x.is_rational:
        return [(_fraction(a), _fraction(b)) for a, b in zip(x.a.flat, x.b.flat, strict=True)]
    x = x.lengthened() if x.is_wide else x
    over = np.broadcast_to(x.denominator, x.shape).ravel().tolist()
    columns = x.a.ravel().tolist(), x.b.ravel().tolist(), over
    return [(Fraction(a, d), Fraction(b, d)) for a, b, d in zip(*columns, strict=True)]


def _fraction(x: Any) -> Fraction:
    return Fraction(int(x.numerator), int(x.denominator))

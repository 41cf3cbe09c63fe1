"""Compiled residues of (a + bφ)·(L/d) modulo small primes, in floats: see `residue_products`.

A residue of least size is at most (p + 1)/2 < 2^25 + 1, so each product of one with a sum of two
is an integer below 2^53. Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.compile import njit

__all__ = ["images", "quotients"]


@njit
def images(
    first: int, last: int,
    a: Any, b: Any, places: Any, factors: Any, p: Any, roots: Any, out: Any,
) -> None:  # fmt: skip
    """Write (a + bt)·f for both roots t of each prime, and f = factors[prime, place].

    What is looked up comes first: the loop behind it takes several elements at a time.
    """
    for j in range(p.size):
        one, other, row = out[j, 0, first:last], out[j, 1, first:last], factors[j]
        for i in range(first, last):
            one[i - first] = row[places[i]]
        _write_images(a[first:last], b[first:last], p[j], roots[j, 0], roots[j, 1], one, other)


@njit
def _write_images(a: Any, b: Any, p: float, t: float, u: float, one: Any, other: Any) -> None:
    inverse = 1.0 / p
    for i in range(a.size):
        x, y, factor = _residue(a[i], p, inverse), _residue(b[i], p, inverse), one[i]
        one[i] = _least((x + _least(y * t, p, inverse)) * factor, p, inverse)
        other[i] = _least((x + _least(y * u, p, inverse)) * factor, p, inverse)


@njit
def quotients(p: Any, multiple: Any, d: Any, out: Any) -> None:
    """Write multiple/d modulo each prime, given the multiple modulo it, where d is not 0.

    One inverse, of the product of all d, makes those of each: with a product of those before it
    and one of those behind.
    """
    for j in range(p.size):
        prime, inverse, row = p[j], 1.0 / p[j], out[j]
        before = 1.0
        for i in range(d.size):
            row[i] = before
            factor = _residue(d[i], prime, inverse)
            if factor != 0.0:
                before = _least(before * factor, prime, inverse)
        behind = _least(multiple[j] * _inverse(before, prime, inverse), prime, inverse)
        for i in range(d.size - 1, -1, -1):
            factor = _residue(d[i], prime, inverse)
            if factor != 0.0:
                row[i] = _least(row[i] * behind, prime, inverse)
                behind = _least(behind * factor, prime, inverse)


@njit
def _least(x: float, p: float, inverse: float) -> float:
    return x - np.rint(x * inverse) * p


@njit
def _residue(n: int, p: float, inverse: float) -> float:
    """Return an int64 modulo p: the quotient in floats is off by less than 1/2 + 2^-13."""
    return float(n - np.int64(np.rint(float(n) * inverse)) * np.int64(p))


@njit
def _inverse(x: float, p: float, inverse: float) -> float:
    """Return x^(p - 2)."""
    out, power, exponent = 1.0, x, np.int64(p) - 2
    while exponent:
        if exponent & 1:
            out = _least(out * power, p, inverse)
        power = _least(power * power, p, inverse)
        exponent >>= 1
    return out

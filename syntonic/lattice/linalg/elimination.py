"""The scalar twin of `multimodular`, for what is too small to load compiled loops.

Importing numba takes longer than eliminating a few small matrices number by number. Functions and
results are those of `multimodular`; all intermediate numbers stay in Z[φ] (each is a minor).

References
----------
E. H. Bareiss, "Sylvester's identity and multistep integer-preserving Gaussian elimination",
Math. Comp. 22 (1968), 565-578.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gmpy2 import divexact, mpz

from syntonic.jit.policy import slow_way
from syntonic.lattice import arithmetic, products
from syntonic.lattice.array import LatticeArray

__all__ = ["SLOW_BITS", "charpoly", "det", "pivots", "solve"]

Pair = tuple[Any, Any]

SLOW_BITS = 1024
"""Minors of so many bits take twice the time of short ones: an entry takes a step of 0.7 to 1.3 µs
while the last minors have 100 bits, 1.4 to 2 at 1000 bits, 7 at 4000, 16 at 8000."""


@slow_way
def det(a: Any, b: Any) -> Pair:
    """Return the determinants of a + bφ, integer arrays of shape (batch, n, n)."""
    return _pair((_eliminate(*m, a.shape[1]).det for m in _matrices(a, b)), (a.shape[0],))


@slow_way
def solve(a: Any, b: Any, *, inverse: bool = False) -> tuple[Pair, Pair]:
    """Return det A and adj(A) B for augmented matrices [A | B], of shape (batch, n, n + m)."""
    batch, n, width = a.shape
    done = [_eliminate(*m, n) for m in _matrices(a, b)]
    right = (
        (e.sign * p, e.sign * q)
        for e in done
        for row in zip(e.a, e.b, strict=True)
        for p, q in zip(row[0][n:], row[1][n:], strict=True)
    )
    return _pair((e.det for e in done), (batch,)), _pair(right, (batch, n, width - n))


@slow_way
def pivots(a: Any, b: Any, *, rank_only: bool = False) -> tuple[Any, list[Any]]:
    """Return which columns start a row of the echelon forms, and for each matrix its rows."""
    done = [_eliminate(*m, a.shape[2]) for m in _matrices(a, b)]
    starts = np.zeros((a.shape[0], a.shape[2]), bool)
    for i, e in enumerate(done):
        starts[i, e.columns] = True
    return starts, [np.array(e.order[: len(e.columns)], np.int64) for e in done]


@slow_way
def charpoly(a: Any, b: Any) -> Pair:
    """Return the coefficients of det(xI - A), highest first, by Faddeev and LeVerrier."""
    batch, n = a.shape[:2]
    m = LatticeArray.from_numerators(a, b)
    one = np.eye(n, dtype=np.int64)
    eye = LatticeArray.packed(one, np.zeros_like(one))
    power = eye
    out = np.zeros((2, batch, n + 1), object)
    out[0, :, 0] = 1
    for k in range(1, n + 1):
        power = products.matmul(m, power)
        p, q, _ = products.trace(power, 0, -2, -1).numerators()
        c = [-(part.astype(object) // k) for part in (p, q)]  # k divides it
        out[0, :, k], out[1, :, k] = c
        shift = LatticeArray.from_numerators(*(part[:, None, None] for part in c))
        power = arithmetic.add(power, arithmetic.multiply(shift, eye))
    return out[0], out[1]


@dataclass
class _Elimination:
    """Rows of the parts a and b of an echelon form, and how it came about."""

    a: list[list[Any]]
    b: list[list[Any]]
    columns: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    sign: int = 1
    det: tuple[Any, Any] = (mpz(0), mpz(0))

    def swap(self, i: int, j: int) -> None:
        if i != j:
            for rows in (self.a, self.b):
                rows[i], rows[j] = rows[j], rows[i]
            self.order[i], self.order[j] = self.order[j], self.order[i]
            self.sign = -self.sign


def _eliminate(a: list[list[Any]], b: list[list[Any]], width: int) -> _Elimination:
    """Clear the columns below `width` above and below their pivots, without fractions.

    After each step every pivot is the same number: the minor of the pivots' rows and columns.
    """
    e = _Elimination(a, b, order=list(range(len(a))))
    previous, full = (mpz(1), mpz(0)), True
    for c in range(width):
        rank = len(e.columns)
        k = next((i for i in range(rank, len(a)) if a[i][c] or b[i][c]), None)
        if k is None:
            full = False
            continue
        e.swap(k, rank)
        pivot = a[rank][c], b[rank][c]
        _step(a, b, rank, c, previous)
        e.columns.append(c)
        previous = pivot
    if full:
        e.det = e.sign * previous[0], e.sign * previous[1]
    return e


def _step(a: list[list[Any]], b: list[list[Any]], rank: int, c: int, last: Pair) -> None:
    """Make the rows but that of the pivot (pivot·row - row_c·top)/last, which is integral."""
    # 1/(u + vφ) = (u + v - vφ)/(u² + uv - v²)
    u, v = last
    norm, inverse = u * u + u * v - v * v, (u + v, -v)
    p, q = _times(a[rank][c], b[rank][c], *inverse)
    top_a, top_b = a[rank], b[rank]
    for i in range(len(a)):
        if i == rank:
            continue
        r, s = _times(a[i][c], b[i][c], *inverse)
        entries = list(zip(a[i], b[i], top_a, top_b, strict=True))
        a[i] = [divexact(p * w + q * x - r * y - s * z, norm) for w, x, y, z in entries]
        b[i] = [divexact(p * x + q * (w + x) - r * z - s * (y + z), norm) for w, x, y, z in entries]


def _times(a: Any, b: Any, c: Any, d: Any) -> Pair:
    """Return (a + bφ)(c + dφ)."""
    bd = b * d
    return a * c + bd, a * d + b * c + bd


def _matrices(a: Any, b: Any) -> Iterable[Pair]:
    """Yield the matrices as lists of rows of GMP's integers."""
    for pair in zip(a.tolist(), b.tolist(), strict=True):
        first, second = ([[mpz(x) for x in row] for row in rows] for rows in pair)
        yield first, second


def _pair(values: Iterable[Pair], shape: tuple[int, ...]) -> Pair:
    """Return integers a + bφ as a pair of object arrays."""
    first, second = zip(*values, strict=True)
    a, b = (np.fromiter(part, object, len(part)).reshape(shape) for part in (first, second))
    return a, b

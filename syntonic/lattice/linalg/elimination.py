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
from dataclasses import dataclass
from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.jit.policy import slow_way

__all__ = ["charpoly", "det", "pivots", "solve"]

Pair = tuple[Any, Any]

_golden = np.frompyfunc(GoldenExact, 2, 1)


@slow_way
def det(a: Any, b: Any) -> Pair:
    """Return the determinants of a + bφ, integer arrays of shape (batch, n, n)."""
    return _pair([_eliminate(m, m.shape[0]).det for m in _golden(a, b)], (a.shape[0],))


@slow_way
def solve(a: Any, b: Any, *, inverse: bool = False) -> tuple[Pair, Pair]:
    """Return det A and adj(A) B for augmented matrices [A | B], of shape (batch, n, n + m)."""
    batch, n, width = a.shape
    done = [_eliminate(m, n) for m in _golden(a, b)]
    right = (e.sign * x for e in done for row in e.rows for x in row[n:])
    return _pair((e.det for e in done), (batch,)), _pair(right, (batch, n, width - n))


@slow_way
def pivots(a: Any, b: Any, *, rank_only: bool = False) -> tuple[Any, list[Any]]:
    """Return which columns start a row of the echelon forms, and for each matrix its rows."""
    done = [_eliminate(m, m.shape[1]) for m in _golden(a, b)]
    starts = np.zeros((a.shape[0], a.shape[2]), bool)
    for i, e in enumerate(done):
        starts[i, e.columns] = True
    return starts, [np.array(e.order[: len(e.columns)], np.int64) for e in done]


@slow_way
def charpoly(a: Any, b: Any) -> Pair:
    """Return the coefficients of det(xI - A), highest first, by Faddeev and LeVerrier."""
    n = a.shape[1]
    eye = np.eye(n, dtype=np.int64)
    out = []
    for m in _golden(a, b):
        power, c = eye, GoldenExact(1)
        out.append(c)
        for k in range(1, n + 1):
            power = m @ power
            c = -np.trace(power) / k
            power = power + c * eye
            out.append(c)
    return _pair(out, (a.shape[0], n + 1))


@dataclass
class _Elimination:
    rows: list[list[GoldenExact]]
    columns: list[int]
    order: list[int]
    sign: int
    det: GoldenExact


def _eliminate(matrix: Any, width: int) -> _Elimination:
    """Clear the columns below `width` above and below their pivots, without fractions.

    After each step every pivot is the same number: the minor of the pivots' rows and columns.
    """
    rows: list[list[GoldenExact]] = matrix.tolist()
    e = _Elimination(rows, [], list(range(len(rows))), 1, GoldenExact(1))
    previous = GoldenExact(1)
    for c in range(width):
        rank = len(e.columns)
        k = next((i for i in range(rank, len(rows)) if rows[i][c]), None)
        if k is None:
            e.det = GoldenExact(0)
            continue
        if k != rank:
            rows[k], rows[rank] = rows[rank], rows[k]
            e.order[k], e.order[rank] = e.order[rank], e.order[k]
            e.sign = -e.sign
        pivot, top = rows[rank][c], rows[rank]
        for i, row in enumerate(rows):
            if i != rank:
                rows[i] = [
                    (pivot * x - row[c] * y) / previous for x, y in zip(row, top, strict=True)
                ]
        e.columns.append(c)
        previous = pivot
    e.det = e.det and e.sign * previous
    return e


def _pair(values: Iterable[GoldenExact], shape: tuple[int, ...]) -> Pair:
    """Return integers a + bφ as a pair of object arrays."""
    parts = [x.numerators() for x in values]
    a, b = (np.empty(len(parts), object) for _ in range(2))
    a[:], b[:] = [p[0] for p in parts], [p[1] for p in parts]
    return a.reshape(shape), b.reshape(shape)

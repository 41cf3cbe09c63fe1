"""Exact pairs and residues; the definition is Python's integers. There is one dtype, f64."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest

from cuda_host.calls.place import Pairs, Place

__all__ = [
    "golden_exact_det",
    "golden_exact_images",
    "golden_exact_integers",
    "golden_exact_multiply",
    "golden_exact_reduce",
    "golden_exact_solve",
]

COUNT = 2049
"""Two tiles of a block, and one element."""

_ENDS = [0, 1, -1, 2**63 - 1, -(2**63), 2**62, 2**53 + 1]


def _fields(count: int) -> Any:
    pytest.importorskip("gmpy2", reason="lists of primes need the exact core, and that gmpy2")
    from syntonic.lattice.linalg.primes import fields

    return fields(count, 0, 22)[1].astype(np.int64)


def _centred(x: Any, p: int) -> Any:
    return (x + p // 2) % p - p // 2


def _is_ours(at: Place) -> bool:
    return at.dtype.name == "float64"


def golden_exact_multiply(at: Place) -> Pairs:
    if not _is_ours(at):
        return
    from syntonic.flux.cuda import exact

    bound = 2**30
    a, b, c, d = at.random.integers(-bound, bound, (4, COUNT))
    got = exact.multiply(*(at.give(x, np.int64) for x in (a, b, c, d)))
    yield from zip(got, (a * c + b * d, a * d + b * c + b * d), strict=True)


def golden_exact_images(at: Place) -> Pairs:
    if not _is_ours(at):
        return
    from syntonic.flux.cuda import exact

    table = _fields(3)
    a, b = at.random.integers(-(2**63), 2**63 - 1, (2, COUNT), endpoint=True)
    a[: len(_ENDS)], b[: len(_ENDS)] = _ENDS, _ENDS[::-1]
    got = exact.images(*(at.give(x, np.int64) for x in (a, b, table[:, :3])))
    x, y = a.astype(object), b.astype(object)
    right = [[_centred(x + y * int(t), int(p)) for t in roots] for p, *roots, _ in table]
    yield got, np.array(right, np.int64)


def golden_exact_reduce(at: Place) -> Pairs:
    if not _is_ours(at):
        return
    from syntonic.flux.cuda import exact

    table = _fields(3)
    x = at.random.integers(-(2**53) + 1, 2**53, (3, COUNT))
    for row, p in zip(x, table[:, 0], strict=True):
        row[:6] = [p // 2, -(p // 2), p // 2 + 1, 2**53 - 1, p * 2**30, 0]
        multiples = p * (2**31 - np.arange(1, 401))
        row[6:406], row[406:806] = multiples + p // 2, -multiples - p // 2  # just below a half
    got = exact.reduce(at.give(x, np.float64), at.give(table[:, :3], np.int64))
    yield got, np.array([_centred(row, p) for row, p in zip(x, table[:, 0], strict=True)])


def golden_exact_integers(at: Place) -> Pairs:
    if not _is_ours(at):
        return
    from syntonic.flux.cuda import exact

    for count in (1, 3, 8):
        table = _fields(count)
        primes = [int(p) for p in table[:, 0]]
        half = min(reduce(lambda x, y: x * y, primes) // 2, 2**63 - 2**22)
        numbers = at.random.integers(-half, half, (2, COUNT), endpoint=True)
        numbers[:, :4] = [[half, -half, 0, 1], [-half, half, -1, 0]]
        a, b = numbers.astype(object)
        residues = [[_centred(a + b * int(t), int(p)) for t in roots] for p, *roots, _ in table]
        inverses = [[pow(p, -1, q) if p != q else 0 for q in primes] for p in primes]
        given = at.give(np.array(residues, np.int64), np.int32)
        tables = (at.give(t, np.int64) for t in (table[:, :3], table[:, 3], np.array(inverses)))
        yield from zip(exact.integers(given, *tables), numbers, strict=True)


def _modular(matrix: Any, p: int) -> tuple[int, Any]:
    """Return det A and adj(A)B of [A | B] modulo p by fractions, 0 where det A is 0."""
    rows = [[int(x) % p for x in row] for row in matrix]
    n, det = len(rows), 1
    for k in range(n):
        found = next((i for i in range(k, n) if rows[i][k]), None)
        if found is None:
            return 0, [[0] * (len(rows[0]) - n) for _ in rows]
        if found > k:
            rows[k], rows[found], det = rows[found], rows[k], -det
        det = det * rows[k][k] % p
        inverse = pow(rows[k][k], -1, p)
        rows[k] = [x * inverse % p for x in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [(x - rows[i][k] * y) % p for x, y in zip(rows[i], rows[k], strict=True)]
    return det, [[det * x for x in row[n:]] for row in rows]


def _matrices(at: Place, n: int, width: int) -> tuple[Any, Any]:
    """Return residues of three matrices: random, with a pivot that vanishes, and singular."""
    table = _fields(2)
    x = at.random.integers(-(2**20), 2**20, (2, 2, 3, n, width))
    x[:, :, 1, 0, 0] = 0
    x[:, :, 2, -1] = x[:, :, 2, 0] if n > 1 else 0
    return table, x


def golden_exact_det(at: Place) -> Pairs:
    if not _is_ours(at):
        return
    from syntonic.flux.cuda import exact

    for n in (1, 2, 9, 33):
        table, x = _matrices(at, n, n)
        got = exact.determinants(at.give(x, np.int32), at.give(table[:, :3], np.int64))
        right = [
            [[_centred(_modular(matrix, int(p))[0], int(p)) for matrix in batch] for batch in pair]
            for pair, p in zip(x, table[:, 0], strict=True)
        ]
        yield got, np.array(right)


def golden_exact_solve(at: Place) -> Pairs:
    if not _is_ours(at):
        return
    from syntonic.flux.cuda import exact

    for n, width in ((1, 2), (3, 6), (9, 10), (33, 70)):
        table, x = _matrices(at, n, width)
        got = exact.solutions(at.give(x, np.int32), at.give(table[:, :3], np.int64))
        found = [
            [[_modular(matrix, int(p)) for matrix in batch] for batch in pair]
            for pair, p in zip(x, table[:, 0], strict=True)
        ]
        p = table[:, 0].reshape(-1, 1, 1)
        dets = np.array([[[det for det, _ in b] for b in pair] for pair in found])
        above = np.array([[[out for _, out in b] for b in pair] for pair in found])
        yield got[0], _centred(dets, p)
        yield got[1], _centred(above, p[..., None, None])

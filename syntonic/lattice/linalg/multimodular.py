"""Multimodular linear algebra over Z[φ]: determinants, solutions, characteristic polynomials, rank.

The work is done modulo primes at both roots of x² - x - 1 and put together by Chinese remainders.
How many primes are enough follows from proven bounds at the two real embeddings (Hadamard's
inequality |det A| <= Π|row|), never from results that stopped changing.

References
----------
J. von zur Gathen, J. Gerhard, *Modern Computer Algebra*, 3rd ed., sections 5.5 and 16.6.
H. Cohen, *A Course in Computational Algebraic Number Theory*, section 2.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.lattice.linalg.bounds import coefficient_bits, log_norms, paired_limbs, rough_bits
from syntonic.lattice.linalg.primes import PRIME_BITS, fields
from syntonic.lattice.linalg.residues import integers

__all__ = ["charpoly", "det", "pivots", "prime_count", "solve"]

Pair = tuple[Any, Any]


def prime_count(bits: float) -> int:
    """Return how many primes have a product above 2^bits."""
    return max(1, int(bits / PRIME_BITS) + 1)


def det(a: Any, b: Any) -> Pair:
    """Return the determinants of a + bφ, integer arrays of shape (batch, n, n)."""
    from syntonic.lattice.linalg.bound_loops import det_bits
    from syntonic.lattice.linalg.modular_loops import det_residues

    short = a.dtype == np.int64
    bits = det_bits(a, b, 2.0**-48) if short else coefficient_bits(_log_det(a, b))
    primes, table = fields(prime_count(bits))
    residues = np.empty((len(primes), 2, a.shape[0]))
    det_residues(*paired_limbs(a, b), table, residues)
    return _integers(primes, residues)


def charpoly(a: Any, b: Any) -> Pair:
    """Return the coefficients of det(xI - A), highest first, as arrays of shape (batch, n + 1).

    The coefficient of x^(n-k) is a sum of the principal k-rowed minors, so each is at most
    Π(1 + |row|) at either embedding.
    """
    from syntonic.lattice.linalg.modular_loops import charpoly_residues

    batch, n = a.shape[:2]
    bits = coefficient_bits(np.logaddexp2(0.0, log_norms(a, b)).sum(axis=-1))
    primes, table = fields(prime_count(bits))
    residues = np.empty((len(primes), 2, batch, n + 1))
    charpoly_residues(*paired_limbs(a, b), table, residues)
    return _integers(primes, residues)


def solve(a: Any, b: Any, *, inverse: bool = False) -> tuple[Pair, Pair]:
    """Return det A and adj(A) B for augmented matrices [A | B], of shape (batch, n, n + m).

    Where det A is 0, the second result is arbitrary. `inverse` says that B is the identity.
    """
    from syntonic.jit.threads import in_threads
    from syntonic.lattice.linalg.modular_loops import solve_residues

    batch, n, width = a.shape
    needed = prime_count(_solution_bits(a, b, inverse))
    primes, table = fields(needed)
    parts = paired_limbs(a, b)
    dets = np.empty((needed, 2, batch))
    residues = np.empty((needed, 2, batch, n * (width - n)))
    work = 8 * needed * batch * n * n * width
    in_threads(solve_residues, batch, work, *parts, table, dets, residues)
    missing = np.isnan(residues[:, 0, :, 0]).any(axis=0)
    det_a, det_b = _integers(primes, dets)
    again = np.flatnonzero(missing & ((det_a != 0) | (det_b != 0)))
    residues[:, :, missing] = 0.0
    num_a, num_b = _integers(primes, residues)
    if again.size:
        num_a, num_b = num_a.astype(object), num_b.astype(object)
    for i in again:  # a prime divides the norm of this determinant
        one = _solve_avoiding(parts[0][:, i : i + 1], parts[1][:, i : i + 1], needed)
        num_a[i], num_b[i] = one[0][0], one[1][0]
    shape = (batch, n, width - n)
    return (det_a, det_b), (num_a.reshape(shape), num_b.reshape(shape))


def _solution_bits(a: Any, b: Any, inverse: bool) -> float:
    from syntonic.lattice.linalg.bound_loops import adjugate_bits, cramer_bits

    bits = rough_bits(a, b)
    if bits < PRIME_BITS:  # soon known, and one prime is the least
        return bits
    if a.dtype == np.int64:
        return (adjugate_bits if inverse else cramer_bits)(a, b, a.shape[1], 2.0**-48)
    return coefficient_bits(_log_adjugate(a, b) if inverse else _log_cramer(a, b))


def _solve_avoiding(a: Any, b: Any, needed: int) -> Pair:
    """Return adj(A) B for one matrix from primes that do not divide norm(det A), which is not 0."""
    from syntonic.jit.threads import in_threads
    from syntonic.lattice.linalg.modular_loops import solve_residues

    n, width = a.shape[2:]
    primes: list[int] = []
    found: list[Any] = []
    start = 0
    while len(primes) < needed:
        stop = start + needed - len(primes)
        more, table = fields(stop, start)
        residues = np.empty((len(more), 2, 1, n * (width - n)))
        in_threads(solve_residues, 1, 1, a, b, table, np.empty((len(more), 2, 1)), residues)
        good = ~np.isnan(residues[:, 0, 0, 0])
        primes += [p for p, ok in zip(more, good, strict=True) if ok]
        found.append(residues[good])
        start = stop
    return _integers(tuple(primes), np.concatenate(found))


def pivots(a: Any, b: Any, *, rank_only: bool = False) -> tuple[Any, list[Any]]:
    """Return the rank profile of integer matrices of shape (batch, n, m).

    Returns
    -------
    starts : ndarray, shape (batch, m), bool
        Whether a column is independent of those before it. With `rank_only`, it is some set of
        columns as large as the rank.
    rows : list of ndarray
        For each matrix, rows that are independent on these columns (empty with `rank_only`).

    Notes
    -----
    Modulo a prime ideal the rank of the first c columns never exceeds the true one. A minor of
    that size which is not 0 does not vanish at both roots of all primes, once their product
    exceeds twice its coefficients. So the greatest rank seen, for each c, is the true one.
    """
    from syntonic.lattice.linalg.modular_loops import pivot_profiles

    batch, n, m = a.shape
    parts = paired_limbs(a, b)
    log_minor = _least(*(np.maximum(x, 0.0).sum(axis=-1) for x in _row_and_column_norms(a, b)))
    needed = prime_count(coefficient_bits(log_minor))
    ranks = np.zeros((batch, m), np.int64)
    rows: list[Any] = [None] * batch
    k = 0
    while k < needed or (not rank_only and any(r is None for r in rows)):
        _, table = fields(k + 1, k)
        columns, order = np.empty((2, 2, batch, n), np.int64)
        pivot_profiles(*parts, table, columns[None], order[None])
        for r in range(2):
            seen = _prefix_ranks(columns[r], m)
            greater = (seen > ranks).any(axis=1)
            ranks = np.maximum(ranks, seen)
            if rank_only:
                continue
            attained = (seen == ranks).all(axis=1)
            for i in range(batch):
                if greater[i] or rows[i] is None:
                    rows[i] = order[r, i, : ranks[i, -1]] if attained[i] else None
        k += 1
        if (ranks[:, -1] == (min(n, m) if rank_only else m)).all():
            break
    return np.diff(ranks, axis=1, prepend=0) > 0, rows


def _prefix_ranks(columns: Any, m: int) -> Any:
    """Return how many pivots lie among the first c columns, for c = 1 .. m."""
    starts = np.zeros((columns.shape[0], m + 1), np.int64)
    np.put_along_axis(starts, columns, 1, axis=1)  # -1, for no pivot, is the last place
    return np.cumsum(starts[:, :m], axis=1)


def _integers(primes: tuple[int, ...], residues: Any) -> Pair:
    """Return the integers a and b from residues of shape (primes, 2, ...), |r| < p."""
    if len(primes) == 1:
        p, r = primes[0], residues[0].astype(np.int64)
        a, b = r - p * (r > p // 2) + p * (r < -(p // 2))
        return a, b
    out = integers(primes, residues.reshape(len(primes), -1))
    a, b = out.reshape(residues.shape[1:])
    return a, b


def _row_and_column_norms(a: Any, b: Any) -> Pair:
    return log_norms(a, b), log_norms(a.swapaxes(1, 2), b.swapaxes(1, 2))


def _least(x: Any, y: Any) -> Any:
    return np.minimum(x, y)


def _log_det(a: Any, b: Any) -> Any:
    rows, columns = _row_and_column_norms(a, b)
    return _least(rows.sum(axis=-1), columns.sum(axis=-1))


def _log_adjugate(a: Any, b: Any) -> Any:
    """Bound the determinant and its minors of n - 1 rows, which leave out at least one norm."""
    n = a.shape[1]
    both = _row_and_column_norms(a[..., :n], b[..., :n])
    return _least(*(x.sum(axis=-1) - np.minimum(x.min(axis=-1), 0.0) for x in both))


def _log_cramer(a: Any, b: Any) -> Any:
    """Bound det A and the determinants with a column of B in the place of one of A."""
    batch, n, width = a.shape
    rows, columns = _row_and_column_norms(a[..., :n], b[..., :n])
    right_a, right_b = a[..., n:], b[..., n:]
    shape = batch, -1, 1
    largest = log_norms(right_a.reshape(shape), right_b.reshape(shape), width - n)
    by_rows = (0.5 * np.logaddexp2(2 * rows, 2 * largest) + 2.0**-30).sum(axis=-1)
    right = log_norms(right_a.swapaxes(1, 2), right_b.swapaxes(1, 2)).max(axis=-1)
    replaced = np.maximum(right - columns.min(axis=-1), 0.0)
    return _least(by_rows, columns.sum(axis=-1) + replaced)

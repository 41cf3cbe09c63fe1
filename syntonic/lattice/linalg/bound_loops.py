"""Compiled bounds of determinants, by Hadamard's inequality at the two real embeddings.

The proofs of their roundings are in `bounds.log_norms`. Importing this module imports numba.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT, PHI_INV_FLOAT
from syntonic.jit.compile import njit

__all__ = ["adjugate_bits", "cramer_bits", "det_bits", "squared_norms"]


@njit
def squared_norms(a: Any, b: Any, slack: float, relative: float, out: Any) -> None:
    """Write the rows' squared norms at both embeddings to out, shape (2, batch, n).

    Each |entry| counts as larger by slack + relative·(|a| + 2|b|).
    """
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            x, y = 0.0, 0.0
            for j in range(a.shape[2]):
                p, q = float(a[i, k, j]), float(b[i, k, j])
                more = slack + relative * (abs(p) + 2.0 * abs(q))
                x += (abs(p + PHI_FLOAT * q) + more) ** 2
                y += (abs(p - PHI_INV_FLOAT * q) + more) ** 2
            out[0, i, k], out[1, i, k] = x, y


@njit
def norms(a: Any, b: Any, k: int, relative: float, first: int, rows: Any, columns: Any) -> None:
    """Write the squared norms of matrix k's rows and columns, from a column on, at the embeddings.

    `rows` and `columns` have shape (2, ...). Each |entry| counts as larger by `relative`·(|a| +
    2|b|).
    """
    rows[:], columns[:] = 2.0**-200, 2.0**-200
    for i in range(a.shape[1]):
        for j in range(columns.shape[1]):
            p, q = float(a[k, i, first + j]), float(b[k, i, first + j])
            more = relative * (abs(p) + 2.0 * abs(q))
            x = (abs(p + PHI_FLOAT * q) + more) ** 2
            y = (abs(p - PHI_INV_FLOAT * q) + more) ** 2
            rows[0, i] += x
            rows[1, i] += y
            columns[0, j] += x
            columns[1, j] += y


@njit
def log_product(squares: Any) -> float:
    """Return an upper bound of log2 of the product of norms, from their squares."""
    out = 0.0
    for x in squares:
        out += 0.5 * math.log2(x) + 2.0**-30
    return out


@njit
def det_bits(a: Any, b: Any, relative: float) -> float:
    """Return bits for the determinants of int64 matrices (batch, n, n), by Hadamard's bound.

    What `coefficient_bits` makes of `log_norms` by rows or by columns, if that is less, at once.
    """
    n, most = a.shape[1], 0.0
    rows, columns = np.empty((2, n)), np.empty((2, n))
    for k in range(a.shape[0]):
        norms(a, b, k, relative, 0, rows, columns)
        for e in range(2):
            most = max(most, min(log_product(rows[e]), log_product(columns[e])))
    return most + 1.0


@njit
def adjugate_bits(a: Any, b: Any, n: int, relative: float) -> float:
    """Return bits for the determinants of the first n columns and their minors of n - 1 rows.

    A minor leaves out one norm of a row, and one of a column.
    """
    most = 0.0
    rows, columns = np.empty((2, n)), np.empty((2, n))
    for k in range(a.shape[0]):
        norms(a, b, k, relative, 0, rows, columns)
        for e in range(2):
            by_rows = log_product(rows[e]) - min(0.5 * math.log2(rows[e].min()), 0.0)
            by_columns = log_product(columns[e]) - min(0.5 * math.log2(columns[e].min()), 0.0)
            most = max(most, min(by_rows, by_columns))
    return most + 1.0


@njit
def cramer_bits(a: Any, b: Any, n: int, relative: float) -> float:
    """Return bits for det A and for those with a column of B in the place of one of A.

    The matrices are [A | B] with n rows. A row's norm is at most that of its part in A and of its
    largest entry in B; a column of A, the shortest at worst, may become the longest one of B.
    """
    most, width = 0.0, a.shape[2] - n
    rows, columns = np.empty((2, n)), np.empty((2, n))
    more, right = np.empty((2, n)), np.empty((2, width))
    one, largest = np.empty((2, n)), np.empty((2, n))
    for k in range(a.shape[0]):
        norms(a, b, k, relative, 0, rows, columns)
        norms(a, b, k, relative, n, more, right)
        largest[:] = 0.0
        for j in range(width):
            norms(a, b, k, relative, n + j, one, right[:, j : j + 1])
            largest = np.maximum(largest, one)
        for e in range(2):
            replaced = 0.5 * math.log2(right[e].max()) - 0.5 * math.log2(columns[e].min())
            by_columns = log_product(columns[e]) + max(replaced + 2.0**-29, 0.0)
            most = max(most, min(log_product(rows[e] + largest[e]), by_columns))
    return most + 1.0

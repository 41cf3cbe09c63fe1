"""Hermite's and Smith's forms of matrices over Z[φ], as lists of rows of pairs (p, q).

Z[φ] is Euclidean, so that rows are reduced by one another as integers are: the pivot is the entry
of least norm, the others leave smaller remainders, and what stays divides all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from gmpy2 import mpz

from syntonic.exact import euclid
from syntonic.exact.euclid import Pair
from syntonic.exact.pairs import multiply, norm, phi_power
from syntonic.exact.residues import ideal

__all__ = ["Matrix", "hermite", "identity", "smith", "transposed"]

Matrix: TypeAlias = "list[list[Pair]]"

_ZERO, _ONE = (mpz(0), mpz(0)), (mpz(1), mpz(0))


def identity(n: int) -> Matrix:
    """Return the identity of order n."""
    return [[_ONE if i == j else _ZERO for j in range(n)] for i in range(n)]


def transposed(rows: Matrix, columns: int) -> Matrix:
    """Return the columns, of which there may be some though there is no row."""
    return [[row[j] for row in rows] for j in range(columns)]


def hermite(rows: Matrix, columns: int, others: Matrix) -> list[int]:
    """Bring rows to Hermite's form in place, do the same to `others`; return the pivots' columns.

    Echelon form; pivots are canonical associates; what stands above a pivot is the residue modulo
    it. Each choice is unique, and so is the form of the module that the rows span.
    """
    pivots: list[int] = []
    for column in range(columns):
        top = len(pivots)
        if top == len(rows):
            break
        if not _clear_below(rows, others, top, column):
            continue
        pivot = _normalized(rows, others, top, column)
        modulus = ideal(pivot)
        for i in range(top):
            x = rows[i][column]
            r = modulus.residue(x)
            factor = euclid.exact_quotient((x[0] - r[0], x[1] - r[1]), pivot)
            _subtract(rows, others, i, factor, top)
        pivots.append(column)
    return pivots


def smith(rows: Matrix, left: Matrix, right: Matrix) -> None:
    """Bring rows to Smith's form in place; rows of left and right follow its rows and columns.

    `right` is the transposed of what multiplies from the right.
    """
    width = len(rows[0]) if rows else 0
    for k in range(min(len(rows), width)):
        place = _least(rows, k)
        if place is None:
            return
        _swap(rows, left, k, place[0])
        _swap_columns(rows, right, k, place[1])
        while True:
            _clear_below(rows, left, k, k)
            columns = transposed(rows, width)
            if any(any(x) for x in (column[k] for column in columns[k + 1 :])):
                _clear_below(columns, right, k, k)
                rows[:] = transposed(columns, len(rows))
                continue
            bad = _undivided(rows, k)
            if bad is None:
                break
            _subtract(rows, left, k, (mpz(-1), mpz(0)), bad)
        _normalized(rows, left, k, k)


def _clear_below(rows: Matrix, others: Matrix, top: int, column: int) -> bool:
    """Make the entries below (top, column) 0 and that one their divisor; tell if it is not 0."""
    while True:
        left = [i for i in range(top, len(rows)) if any(rows[i][column])]
        if not left:
            return False
        best = min(left, key=lambda i: abs(norm(*rows[i][column])))
        _swap(rows, others, top, best)
        if left == [best]:
            return True
        for i in range(top + 1, len(rows)):
            if any(rows[i][column]):
                factor, _ = euclid.divide(rows[i][column], rows[top][column])
                _subtract(rows, others, i, factor, top)


def _normalized(rows: Matrix, others: Matrix, i: int, column: int) -> Pair:
    """Multiply a row by the unit that makes its pivot canonical, and return that."""
    pivot, sign, exponent = euclid.canonical(*rows[i][column])
    p, q = phi_power(-exponent)
    unit = (sign * p, sign * q)
    for matrix in (rows, others):
        matrix[i] = [multiply(*unit, *x) for x in matrix[i]]
    return pivot


def _subtract(rows: Matrix, others: Matrix, i: int, factor: Pair, j: int) -> None:
    """Subtract a multiple of row j from row i."""
    if not any(factor):
        return
    for matrix in (rows, others):
        matrix[i] = list(_differences(matrix[i], factor, matrix[j]))


def _differences(x: list[Pair], factor: Pair, y: list[Pair]) -> Iterator[Pair]:
    for (p, q), other in zip(x, y, strict=True):
        r, s = multiply(*factor, *other)
        yield p - r, q - s


def _swap(rows: Matrix, others: Matrix, i: int, j: int) -> None:
    for matrix in (rows, others):
        matrix[i], matrix[j] = matrix[j], matrix[i]


def _swap_columns(rows: Matrix, right: Matrix, i: int, j: int) -> None:
    for row in rows:
        row[i], row[j] = row[j], row[i]
    right[i], right[j] = right[j], right[i]


def _least(rows: Matrix, k: int) -> tuple[int, int] | None:
    """Return where the entry of least norm is, not 0, from row and column k on."""
    width = len(rows[0])
    places = [(i, j) for i in range(k, len(rows)) for j in range(k, width) if any(rows[i][j])]
    return min(places, key=lambda ij: abs(norm(*rows[ij[0]][ij[1]])), default=None)


def _undivided(rows: Matrix, k: int) -> int | None:
    """Return a row below k with an entry that pivot k does not divide."""
    pivot = rows[k][k]
    for i in range(k + 1, len(rows)):
        if any(any(euclid.divide(x, pivot)[1]) for x in rows[i][k + 1 :]):
            return i
    return None

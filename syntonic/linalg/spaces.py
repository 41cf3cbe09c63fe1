"""Decompositions over the field, of one matrix at a time, and the spaces that they show."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.lattice.linalg import solve as field
from syntonic.linalg.fields import exact
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

__all__ = ["column_space", "lu", "require_one", "row_space", "rref"]


def rref(x: ExactArrayLike) -> tuple[ResonantTensor, list[int]]:
    """Return the reduced row echelon form of a matrix, and the columns of its pivots.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (n, m)

    Returns
    -------
    form : ResonantTensor, shape (n, m)
        As `echelon` returns it.
    pivots : list of int
        The columns of the leading ones, ascending; as many as the rank.

    Raises
    ------
    ShapeError
        x is not one matrix.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    echelon : the form alone, of batches too.

    Examples
    --------
    >>> from syntonic import PHI
    >>> form, pivots = rref([[1, PHI, 0], [PHI, PHI + 1, 1]])
    >>> form.tolist() == [[1, PHI, 0], [0, 0, 1]], pivots
    (True, [0, 2])
    """
    form = exact("rref", field.echelon, require_one(x, "rref"))
    leading = np.asarray(form != 0).argmax(1) if form.size else np.zeros(0, int)
    there = np.asarray(form != 0).any(1)
    return form, [int(j) for j in leading[there]] if form.size else []


def row_space(x: ExactArrayLike) -> ResonantTensor:
    """Return a basis of the space that the rows of a matrix span.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (n, m)

    Returns
    -------
    ResonantTensor, shape (rank, m)
        The rows of the reduced echelon form that are not 0. Matrices have equal row spaces exactly
        if these are equal.

    Raises
    ------
    ShapeError
        x is not one matrix.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    column_space, nullspace : the other spaces of a matrix.
    hermite_form : of the module over Z[φ] that rows span.

    Examples
    --------
    >>> row_space([[2, 4], [1, 2]]).tolist() == [[1, 2]]
    True
    """
    form, pivots = rref(require_one(x, "row_space"))
    return form[: len(pivots)]


def column_space(x: ExactArrayLike) -> ResonantTensor:
    """Return a basis of the space that the columns of a matrix span.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (n, m)

    Returns
    -------
    ResonantTensor, shape (n, rank)
        Those columns of x that do not depend on the ones before them.

    Raises
    ------
    ShapeError
        x is not one matrix.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    row_space, nullspace : the other spaces of a matrix.

    Examples
    --------
    >>> column_space([[1, 2, 3], [2, 4, 5]]).tolist() == [[1, 3], [2, 5]]
    True
    """
    matrix = require_one(x, "column_space")
    return matrix[:, rref(matrix)[1]]


def lu(x: ExactArrayLike) -> tuple[ResonantTensor, ResonantTensor, ResonantTensor]:
    """Return p, l and u with x = p @ l @ u.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (n, m)
        Of any rank.

    Returns
    -------
    p : ResonantTensor, shape (n, n)
        A permutation.
    l : ResonantTensor, shape (n, n)
        Lower triangular with ones on the diagonal.
    u : ResonantTensor, shape (n, m)
        In echelon form, and so upper triangular.

    Raises
    ------
    ShapeError
        x is not one matrix.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    solve, det : do not need it, and are faster.

    Notes
    -----
    A pivot is the first entry of its column that is not 0: where x allows it, p is the identity.
    Elimination runs on scalars, n²m steps of it.

    Examples
    --------
    >>> from syntonic import PHI
    >>> p, l, u = lu([[0, 1], [PHI, 2]])
    >>> (p @ l @ u).tolist() == [[0, 1], [PHI, 2]], u.tolist() == [[PHI, 2], [0, 1]]
    (True, True)
    """
    matrix = require_one(x, "lu")
    n, width = matrix.shape
    rows, order, top = matrix.tolist(), list(range(n)), 0
    factors: list[list[GoldenExact]] = []
    for column in range(width):
        found = next((i for i in range(top, n) if rows[i][column]), None)
        if found is None:
            continue
        moved: list[list[Any]] = [rows, order, *factors]
        for each in moved:
            each[top], each[found] = each[found], each[top]
        factors.append(_eliminated(rows, top, column))
        top += 1
    lower = [list(each) for each in zip(*factors, strict=True)] or [[] for _ in range(n)]
    lower = [[*row, *([GoldenExact(0)] * (n - top))] for row in lower]
    for i in range(n):
        lower[i][i] = GoldenExact(1)
    permutation = np.zeros((n, n), int)
    permutation[order, np.arange(n)] = 1
    return (
        ResonantTensor(permutation),
        ResonantTensor(np.array(lower, object).reshape(n, n)),
        ResonantTensor(np.array(rows, object).reshape(n, width)),
    )


def _eliminated(rows: list[list[GoldenExact]], top: int, column: int) -> list[GoldenExact]:
    """Clear a column below row `top`, and return by how much of that row, 0 at and above it."""
    pivot = rows[top]
    factors = [GoldenExact(0)] * len(rows)
    for i in range(top + 1, len(rows)):
        if rows[i][column]:
            factor = factors[i] = rows[i][column] / pivot[column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], pivot, strict=True)]
    return factors


def require_one(x: Any, where: str) -> ResonantTensor:
    """Return x as a crystallized tensor of two axes."""
    matrix: ResonantTensor = exact(where, lambda a: a, x)
    if matrix.ndim != 2:
        raise ShapeError(
            f"linalg.{where}: x must be one matrix, got shape {matrix.shape}; batches go one by one"
        )
    return matrix

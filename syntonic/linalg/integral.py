"""Matrices over the ring Z[φ]: the modules that their rows span."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from gmpy2 import mpz

from syntonic.exact import normal_forms
from syntonic.exact.normal_forms import Matrix
from syntonic.lattice.linalg import solve as field
from syntonic.linalg.fields import exact
from syntonic.linalg.spaces import require_one
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

__all__ = ["hermite_form", "lll", "smith_form"]


@overload
def hermite_form(x: ExactArrayLike, *, transform: Literal[False] = False) -> ResonantTensor: ...
@overload
def hermite_form(
    x: ExactArrayLike, *, transform: Literal[True]
) -> tuple[ResonantTensor, ResonantTensor]: ...
def hermite_form(x: ExactArrayLike, *, transform: bool = False) -> Any:
    """Return Hermite's normal form of a matrix over Z[φ].

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (n, m)
        Elements of Z[φ].
    transform : bool, default False
        Whether to return u too.

    Returns
    -------
    h : ResonantTensor, shape (n, m)
        In echelon form. A pivot is a canonical associate p + qφ, 0 <= q < p; what stands above it
        is the residue of `integers.mod` modulo the pivot; rows of zeros are last. Matrices of one
        shape have equal forms exactly if their rows span the same module over Z[φ].
    u : ResonantTensor, shape (n, n)
        Invertible over Z[φ], with u @ x = h.

    Raises
    ------
    ShapeError
        x is not one matrix.
    ValueError
        An element has a denominator.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    smith_form : by operations on columns too.
    rref, row_space : over the field.
    integers.xgcd : the case of one column.

    Notes
    -----
    Z[φ] is Euclidean: rows are subtracted from each other until one entry of a column is left. The
    numbers between can be much longer than those of the result, those of u above all.

    Examples
    --------
    >>> from syntonic import PHI
    >>> hermite_form([[4, 2 * PHI], [6, PHI]])
    ResonantTensor([[2, 3φ],
                    [0, 4]])
    >>> h, u = hermite_form([[11], [3 + PHI]], transform=True)
    >>> h.tolist() == [[3 + PHI], [0]], (u @ [[11], [3 + PHI]]).equals(h)
    (True, True)
    """
    rows, shape = _rows(x, "hermite_form")
    others = normal_forms.identity(shape[0]) if transform else [[] for _ in rows]
    normal_forms.hermite(rows, shape[1], others)
    form = _tensor(rows, shape)
    return (form, _tensor(others, (shape[0], shape[0]))) if transform else form


@overload
def smith_form(x: ExactArrayLike, *, transform: Literal[False] = False) -> ResonantTensor: ...
@overload
def smith_form(
    x: ExactArrayLike, *, transform: Literal[True]
) -> tuple[ResonantTensor, ResonantTensor, ResonantTensor]: ...
def smith_form(x: ExactArrayLike, *, transform: bool = False) -> Any:
    """Return Smith's normal form of a matrix over Z[φ].

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (n, m)
        Elements of Z[φ].
    transform : bool, default False
        Whether to return u and v too.

    Returns
    -------
    s : ResonantTensor, shape (n, m)
        0 outside the diagonal, on which each element divides the next: the elementary divisors,
        canonical associates p + qφ with 0 <= q < p, then zeros.
    u : ResonantTensor, shape (n, n)
    v : ResonantTensor, shape (m, m)
        Invertible over Z[φ], with u @ x @ v = s.

    Raises
    ------
    ShapeError
        x is not one matrix.
    ValueError
        An element has a denominator.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    hermite_form : by operations on rows alone.

    Notes
    -----
    The module Z[φ]^m over what the rows of x span is the direct sum of the rings Z[φ]/s[k, k].

    Examples
    --------
    >>> from syntonic import PHI
    >>> smith_form([[2, 0], [0, 3 + PHI]])
    ResonantTensor([[1, 0],
                    [0, 6 + 2φ]])
    """
    rows, (n, m) = _rows(x, "smith_form")
    left, right = normal_forms.identity(n), normal_forms.identity(m)
    normal_forms.smith(rows, left, right)
    form = _tensor(rows, (n, m))
    if not transform:
        return form
    return form, _tensor(left, (n, n)), _tensor(normal_forms.transposed(right, m), (m, m))


def lll(x: ExactArrayLike) -> ResonantTensor:
    """Return a reduced basis of the lattice that rows span over Z[φ].

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (n, m)
        n rows of elements of Z[φ], independent over the field.

    Returns
    -------
    ResonantTensor, shape (2n, m)
        A basis over Z of all sums of multiples of the rows by elements of Z[φ], reduced in the
        sense of Lenstra, Lenstra and Lovász (δ = 0.99) for the length Σ v² + v'²: the first
        row is short.

    Raises
    ------
    ShapeError
        x is not one matrix.
    ValueError
        An element has a denominator, or the rows are dependent.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    hermite_form : a basis over Z[φ], and the way to independent rows.

    Notes
    -----
    The basis x, φx has the Gram matrix of tr(Σ vw) = Σ vw + v'w', integers; FLINT reduces it.

    References
    ----------
    .. [1] A. K. Lenstra, H. W. Lenstra, L. Lovász, "Factoring polynomials with rational
       coefficients", Mathematische Annalen 261 (1982).

    Examples
    --------
    >>> from syntonic import PHI
    >>> lll([[1, 100 + 60 * PHI], [0, 199]]).shape
    (4, 2)
    >>> lll([[PHI**9]])  # the ring itself
    ResonantTensor([[1],
                    [φ]])
    """
    from flint import fmpz_mat

    rows, (n, m) = _rows(x, "lll")
    matrix = _tensor(rows, (n, m))
    if n and int(exact("lll", field.rank, matrix)) < n:
        raise ValueError(
            "linalg.lll: the rows of x must be independent over the field; the rows of "
            "hermite_form(x) that are not 0 span the same module"
        )
    basis = [each for row in rows for each in (row, [(q, p + q) for p, q in row])]
    if not n:
        return _tensor(basis, (0, m))
    gram = fmpz_mat([[_trace_form(v, w) for w in basis] for v in basis])
    change = gram.lll(True, 0.99, 0.51, "gram", "exact")[1]
    factors = np.array([[int(k) for k in row] for row in change.tolist()], object)
    return ResonantTensor(factors) @ _tensor(basis, (2 * n, m))


def _trace_form(v: list[Any], w: list[Any]) -> int:
    """Return Σ vw + v'w': the trace of (p + qφ)(r + sφ) is 2pr + ps + qr + 3qs."""
    terms = (2 * p * r + p * s + q * r + 3 * q * s for (p, q), (r, s) in zip(v, w, strict=True))
    return int(sum(terms))


def _rows(x: Any, where: str) -> tuple[Matrix, tuple[int, int]]:
    """Return the elements of a matrix over Z[φ] as pairs."""
    matrix = require_one(x, where)
    rows: Matrix = []
    for i, row in enumerate(matrix.tolist()):
        triples = [v.numerators() for v in row]
        for j, (_, _, d) in enumerate(triples):
            if d != 1:
                raise ValueError(
                    f"linalg.{where}: the elements of x must lie in Z[φ], got one with denominator "
                    f"{d} at ({i}, {j}); multiply by the denominators first"
                )
        rows.append([(p, q) for p, q, _ in triples])
    n, m = matrix.shape
    return rows, (n, m)


def _tensor(rows: Matrix, shape: tuple[int, int]) -> ResonantTensor:
    a, b = np.empty(shape, object), np.empty(shape, object)
    for i, row in enumerate(rows):
        for j, (p, q) in enumerate(row):
            a[i, j], b[i, j] = mpz(p), mpz(q)
    return ResonantTensor.from_lattice(a, b)

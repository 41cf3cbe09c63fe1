"""To and from FLINT's matrices: A + Bφ over one denominator.

FLINT's integers, rationals and matrices of them are exact numbers to every function of this
library, and need no conversion on the way in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syntonic.errors import PhaseError, ShapeError
from syntonic.exact.golden import PHI
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactRational

if TYPE_CHECKING:
    from flint import fmpq_mat, fmpz_mat

__all__ = ["from_flint", "to_flint"]


def __dir__() -> list[str]:
    return [*__all__]


def to_flint(t: ResonantTensor) -> tuple[fmpz_mat, fmpz_mat, int]:
    """Return the numerators of a matrix as FLINT's, with their common denominator.

    Parameters
    ----------
    t : ResonantTensor, shape (n, m)
        Crystallized.

    Returns
    -------
    a, b : flint.fmpz_mat, shape (n, m)
    denominator : int
        t = (a + bφ)/denominator, in lowest terms.

    Raises
    ------
    TypeError
        t is no tensor.
    ShapeError
        t is not one matrix.
    PhaseError
        t is in flux.

    See Also
    --------
    from_flint : the way back.

    Examples
    --------
    >>> from syntonic import PHI
    >>> a, b, d = to_flint(ResonantTensor([[1, PHI / 2]]))
    >>> a.tolist(), b.tolist(), d
    ([[2, 0]], [[0, 1]], 2)
    """
    from flint import fmpz_mat

    if not isinstance(t, ResonantTensor):
        raise TypeError(
            f"to_flint: t must be a ResonantTensor, got {type(t).__name__}; "
            "ResonantTensor(t) makes one"
        )
    if not t.is_crystallized:
        raise PhaseError("to_flint: the tensor must be crystallized, got flux; call .crystallize()")
    if t.ndim != 2:
        raise ShapeError(f"to_flint: t must be one matrix, got shape {t.shape}; reshape it")
    a, b, denominator = t._data.numerators()
    n, m = t.shape
    entries = [[int(x) for x in part.ravel().tolist()] for part in (a, b)]
    return fmpz_mat(n, m, entries[0]), fmpz_mat(n, m, entries[1]), int(denominator)


def from_flint(
    a: fmpz_mat | fmpq_mat, b: fmpz_mat | fmpq_mat | None = None, denominator: ExactRational = 1
) -> ResonantTensor:
    """Return (a + bφ)/denominator.

    Parameters
    ----------
    a, b : flint.fmpz_mat or flint.fmpq_mat, shape (n, m)
        b is 0 by default.
    denominator : int, Fraction, mpz, mpq, fmpz or fmpq, default 1
        Not 0.

    Returns
    -------
    ResonantTensor, shape (n, m)

    Raises
    ------
    TypeError
        a or b is no matrix of FLINT's over the integers or rationals.
    ShapeError
        a and b differ in shape.
    ZeroDivisionError
        The denominator is 0.

    See Also
    --------
    to_flint : the way back.

    Examples
    --------
    >>> from flint import fmpz_mat
    >>> from_flint(fmpz_mat([[1, 2]]), fmpz_mat([[0, 1]]), 3)
    ResonantTensor([[1/3, 2/3 + 1/3φ]])
    """
    x = _tensor(a, "a")
    if b is not None:
        y = _tensor(b, "b")
        if x.shape != y.shape:
            raise ShapeError(
                f"from_flint: a and b must have one shape, got {x.shape} and {y.shape}"
            )
        x = x + y * PHI
    return x / denominator


def _tensor(matrix: Any, name: str) -> ResonantTensor:
    if type(matrix).__name__ not in ("fmpz_mat", "fmpq_mat"):
        raise TypeError(
            f"from_flint: {name} must be an fmpz_mat or fmpq_mat, got {type(matrix).__name__}; "
            "ResonantTensor takes arrays and sequences"
        )
    return ResonantTensor(matrix)

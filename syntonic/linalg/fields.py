"""Linear algebra over the field, batched over leading axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syntonic.constants import DEFAULT_PRECISION
from syntonic.errors import PhaseError
from syntonic.lattice.convert import as_lattice
from syntonic.lattice.linalg import solve as field
from syntonic.tensor import ResonantTensor, on_device
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import carried_by, tensors_in
from syntonic.tensor.specification import Carried
from syntonic.typing import ExactArrayLike, IntArray

__all__ = [
    "charpoly",
    "det",
    "echelon",
    "exact",
    "inv",
    "nullspace",
    "rank",
    "solve",
    "trace",
]


def det(x: ExactArrayLike) -> ResonantTensor:
    """Return the determinants.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, n)

    Returns
    -------
    ResonantTensor, shape (...)
        A 0-d tensor for one matrix; 1 for a 0 × 0 one.

    Raises
    ------
    ShapeError
        The matrices are not square.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    inv, solve : by the same algorithms.
    rank : of matrices that need not be square.

    Notes
    -----
    For det = a + bφ and Hadamard's bounds H, H' at the two real embeddings, |a| and |b| are at
    most max(H, H'). So the residues of a and b modulo primes of product above 2 max(H, H')
    determine them.

    Examples
    --------
    >>> from syntonic import PHI
    >>> det([[1, PHI], [PHI, 1]]).item()
    GoldenExact(0, -1)
    """
    return exact("det", field.det, x)


def inv(x: ExactArrayLike) -> ResonantTensor:
    """Return the inverse matrices.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, n)

    Returns
    -------
    ResonantTensor, shape (..., n, n)

    Raises
    ------
    SingularMatrixError
        A determinant is zero; the message gives the index in the batch.
    ShapeError
        The matrices are not square.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    solve : inv(x) @ y without the inverse.
    det : zero where there is no inverse.

    Notes
    -----
    X⁻¹ = adj(X)·det(X)'/norm(det X), with the adjugate and the determinant from Chinese remainders.

    Examples
    --------
    >>> from syntonic import PHI
    >>> inv([[PHI, 1], [1, PHI]]).tolist()
    [[GoldenExact(1), GoldenExact(1, -1)], [GoldenExact(1, -1), GoldenExact(1)]]
    """
    return exact("inv", field.inverse, x)


def solve(x: ExactArrayLike, y: ExactArrayLike) -> ResonantTensor:
    """Return the tensor z with x @ z = y.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, n)
    y : ResonantTensor or exact array-like, shape (n,) or (..., n, m)
        One vector, or matrices whose leading axes broadcast with those of x, as in NumPy 2.

    Returns
    -------
    ResonantTensor, shape (..., n) or (..., n, m)

    Raises
    ------
    SingularMatrixError
        A determinant is zero; the message gives the index in the batch.
    ShapeError
        The matrices are not square, or y does not fit.
    PhaseError
        A tensor is in flux.

    See Also
    --------
    inv : the inverse itself.
    det : zero where the solution is not unique.
    nullspace : what may be added to one.

    Examples
    --------
    >>> from syntonic import PHI
    >>> solve([[PHI, 1], [0, 1]], [PHI, 1]).tolist()
    [GoldenExact(2, -1), GoldenExact(1)]
    """
    return exact("solve", field.solve, x, y)


def rank(x: ExactArrayLike) -> int | IntArray:
    """Return the ranks.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, m)

    Returns
    -------
    int or ndarray, shape (...), int64
        An int for one matrix.

    Raises
    ------
    ShapeError
        x has fewer than two axes.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    nullspace : what is sent to 0.
    echelon : the pivots.

    Notes
    -----
    Modulo a prime the rank can only fall; the greatest one modulo primes whose product exceeds
    the bound of every minor is the rank.

    Examples
    --------
    >>> from syntonic import PHI
    >>> rank([[1, PHI], [PHI, PHI + 1]])
    1
    """
    out = exact("rank", field.rank, x)
    return int(out) if out.ndim == 0 else out


def charpoly(x: ExactArrayLike) -> ResonantTensor:
    """Return the coefficients of the characteristic polynomials det(tI - x).

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, n)

    Returns
    -------
    ResonantTensor, shape (..., n + 1)
        The highest coefficient, 1, first.

    Raises
    ------
    ShapeError
        The matrices are not square.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    det : its last coefficient, up to sign.
    syntonic.polynomials.roots : the eigenvalues in the field.

    Notes
    -----
    Modulo each prime by Hessenberg's form, in O(n³); the coefficients are at most Π(1 + |row|).

    Examples
    --------
    >>> from syntonic import PHI
    >>> charpoly([[1, PHI], [PHI, 1]]).tolist()
    [GoldenExact(1), GoldenExact(-2), GoldenExact(0, -1)]
    """
    return exact("charpoly", field.charpoly, x)


def nullspace(x: ExactArrayLike) -> ResonantTensor:
    """Return bases of the kernels, as columns.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, m)

    Returns
    -------
    ResonantTensor, shape (..., m, m - rank)
        N with x @ N = 0. Each free variable has a column, with 1 in its own row and 0 in those
        of the other free variables.

    Raises
    ------
    ShapeError
        x has fewer than two axes, or a batch has kernels of different dimensions.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    rank : the number of columns is this plus that of the kernel.
    solve : the one solution of a regular system.

    Examples
    --------
    >>> from syntonic import PHI
    >>> nullspace([[1, PHI], [PHI, PHI + 1]]).tolist()
    [[GoldenExact(0, -1)], [GoldenExact(1)]]
    """
    return exact("nullspace", field.nullspace, x)


def echelon(x: ExactArrayLike) -> ResonantTensor:
    """Return the reduced row echelon forms.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, m)

    Returns
    -------
    ResonantTensor, shape (..., n, m)
        Each row starts with a 1, further right than the row above, alone in its column; zero
        rows last.

    Raises
    ------
    ShapeError
        x has fewer than two axes.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    rref : the reduced form of one matrix.
    rank : how many pivots there are.

    Notes
    -----
    The pivot columns J and independent rows I are proven modulo primes, as the rank is; then the
    form is M_J⁻¹ M with M the rows I of x, solved exactly.

    Examples
    --------
    >>> from syntonic import PHI
    >>> echelon([[PHI, 1], [PHI + 1, PHI]]).tolist()
    [[GoldenExact(1), GoldenExact(-1, 1)], [GoldenExact(0), GoldenExact(0)]]
    """
    return exact("echelon", field.echelon, x)


def trace(x: ExactArrayLike) -> ResonantTensor:
    """Return the sums of the diagonals.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, n)

    Returns
    -------
    ResonantTensor, shape (...)

    Raises
    ------
    ShapeError
        The matrices are not square.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    charpoly : the other invariants.

    Examples
    --------
    >>> from syntonic import PHI
    >>> trace([[1, 5], [7, PHI]]).item()
    GoldenExact(1, 1)
    """
    return exact("trace", field.trace, x)


def exact(where: str, function: Callable[..., Any], *operands: Any) -> Any:
    """Apply a function of lattice arrays to tensors or exact array-likes."""
    tensors: list[TensorBase] = []
    for x in operands:
        tensors.extend((x,) if isinstance(x, TensorBase) else tensors_in(x))
    there = False
    for t in tensors:
        there = there or t._is_exact_on_device
        if not t.is_crystallized:
            raise PhaseError(
                f"linalg.{where}: the tensor must be crystallized, got flux; call .crystallize() "
                f"first, or np.linalg.{where} for floats where NumPy has it"
            )
    if there:
        return _on_device(where, tensors, operands)
    arrays = []
    for x in operands:
        arrays.append(x._data if isinstance(x, TensorBase) else as_lattice(x, f"linalg.{where}"))
    out = function(*arrays)
    return ResonantTensor._of(out, _carried(tensors)) if hasattr(out, "numerators") else out


def _on_device(where: str, tensors: list[TensorBase], operands: tuple[Any, ...]) -> ResonantTensor:
    out = on_device.called(f"linalg.{where}", operands, {}, f"linalg.{where}")
    return ResonantTensor._of(out, _carried(tensors))


def _carried(tensors: list[TensorBase]) -> Carried:
    if len(tensors) == 1 and tensors[0]._carried.mode_norm_sq is None:
        return tensors[0]._carried  # no snap is remembered where no tensor is in flux
    return carried_by(tensors) if tensors else Carried(DEFAULT_PRECISION)

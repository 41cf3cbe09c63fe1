"""Products of matrices over the field."""

from __future__ import annotations

from syntonic.lattice import products
from syntonic.lattice.linalg import solve as field
from syntonic.linalg.fields import exact
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

__all__ = ["chain_product", "matmul", "matrix_power"]


def matmul(x: ExactArrayLike, y: ExactArrayLike) -> ResonantTensor:
    """Return the matrix product x @ y.

    Parameters
    ----------
    x, y : ResonantTensor or exact array-like
        Shapes (..., n, k) and (..., k, m), or vectors, broadcast as by `numpy.matmul`.

    Returns
    -------
    ResonantTensor, shape (..., n, m)

    Raises
    ------
    ShapeError
        The shapes do not fit.
    PhaseError
        An operand is in flux.

    See Also
    --------
    chain_product : the product of many matrices.
    matrix_power : of one matrix with itself.

    Examples
    --------
    >>> from syntonic import PHI
    >>> matmul([[1, PHI]], [[PHI], [1]]).tolist()
    [[GoldenExact(0, 2)]]
    """
    return exact("matmul", products.matmul, x, y)


def matrix_power(x: ExactArrayLike, n: int) -> ResonantTensor:
    """Return the n-th matrix powers.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., n, n)
    n : int
        0 gives the identity, a negative n powers of the inverse. The time is in the size of the
        result: entries that take 2^28 bits together are the limit.

    Returns
    -------
    ResonantTensor, shape (..., n, n)

    Raises
    ------
    SingularMatrixError
        n is negative and a determinant zero.
    OverflowError
        The result would be beyond the limit.
    TypeError
        n is not an integer.
    ShapeError
        The matrices are not square.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    chain_product : the product of different matrices.

    Examples
    --------
    >>> matrix_power([[1, 1], [1, 0]], -2).tolist()
    [[GoldenExact(1), GoldenExact(-1)], [GoldenExact(-1), GoldenExact(2)]]
    """
    return exact("matrix_power", lambda a: field.matrix_power(a, n), x)


def chain_product(x: ExactArrayLike) -> ResonantTensor:
    """Return the product x[0] @ x[1] @ ... of all matrices along the first axis.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (k, ..., n, n)
        For k = 0 the product is the identity.

    Returns
    -------
    ResonantTensor, shape (..., n, n)

    Raises
    ------
    ShapeError
        x has fewer than three axes, or the matrices are not square.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    matrix_power : of equal matrices.

    Notes
    -----
    Neighbours are multiplied in batches, as a balanced tree: long integers come up in the last
    products only, while one after the other they would in all.

    Examples
    --------
    >>> chain_product([[[1, 1], [0, 1]]] * 5).tolist()[0]
    [GoldenExact(1), GoldenExact(5)]
    """
    return exact("chain_product", field.chain_product, x)

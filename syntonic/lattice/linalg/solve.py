"""Exact linear algebra on lattice arrays of shape (..., n, m), batched over the leading axes."""

from __future__ import annotations

from math import prod
from operator import index
from typing import Any

import numpy as np
from gmpy2 import mpz

from syntonic.errors import ShapeError
from syntonic.exact.limits import are_short, require_all_bits
from syntonic.jit.policy import compiled_pays
from syntonic.lattice import arithmetic, products
from syntonic.lattice.array import INT64_MAX, LatticeArray, objects
from syntonic.lattice.convert import as_lattice
from syntonic.lattice.fraction_products import integer_rows
from syntonic.lattice.fraction_products import quotient as over_denominators
from syntonic.lattice.guards import most_bits
from syntonic.lattice.joining import join
from syntonic.lattice.linalg import cofactors, elimination, multimodular
from syntonic.lattice.linalg.bounds import Integral, integral, max_size
from syntonic.lattice.linalg.cofactors import DIRECT_ORDER
from syntonic.lattice.linalg.quotients import quotient

__all__ = [
    "chain_product",
    "charpoly",
    "det",
    "echelon",
    "inverse",
    "matrix_power",
    "nullspace",
    "rank",
    "solve",
    "trace",
]


def det(x: LatticeArray) -> LatticeArray:
    """Return the determinants; of a 0 × 0 matrix it is 1."""
    n = _order(x, "det")
    batch = x.a.shape[:-2]
    if x.a.size == 0:
        return as_lattice(np.full(batch, int(n == 0), np.int64))
    if n <= DIRECT_ORDER and (small := cofactors.admitted(x)) is not None:
        return cofactors.det(small)
    if not x.is_packed and (found := integer_rows(x)):
        rows, over = found
        return over_denominators(det(rows), np.multiply.reduce(over[..., 0], axis=-1))
    m = integral(x)
    a, b = _engine(m.a, m.b, n).det(m.a, m.b)
    if m.content is not None:
        content = np.multiply.reduce(m.content.astype(object), axis=-1)
        a, b = a * content, b * content
    a, b, over = a.reshape(batch), b.reshape(batch), m.denominator**n
    if a.dtype == np.int64 and over <= INT64_MAX:
        return LatticeArray.fresh(a, b, over)
    return LatticeArray.from_numerators(a, b, over)


def inverse(x: LatticeArray, where: str = "inv") -> LatticeArray:
    """Return the inverse matrices.

    Raises
    ------
    SingularMatrixError
        A determinant is zero.
    """
    n = _order(x, where)
    if x.size == 0:
        return x
    if n <= DIRECT_ORDER and (small := cofactors.admitted(x)) is not None:
        return cofactors.inverse(small, where)
    rows, over = integer_rows(x) or (x, None)
    m = integral(rows)
    eye = np.broadcast_to(np.eye(n, dtype=np.int64), m.a.shape)
    dets, adjugate = _engine(m.a, m.b, 2 * n).solve(
        np.concatenate([m.a, eye], axis=-1),
        np.concatenate([m.b, 0 * eye], axis=-1),
        inverse=True,
    )
    below = 1 if m.content is None else m.content[:, None, :]  # the rows' contents go to columns
    scale = m.denominator  # and those of rows, as those of a matrix of rows do, to columns
    if over is not None:
        scale = scale * over.reshape(-1, 1, n)
    return quotient(adjugate, dets, scale, below, x.shape, where)


def solve(x: LatticeArray, y: LatticeArray, where: str = "solve") -> LatticeArray:
    """Return z with x @ z = y, for square x; y is one vector or a stack of matrices, as in NumPy.

    Raises
    ------
    SingularMatrixError
        A determinant is zero.
    """
    n = _order(x, where)
    shape = y.a.shape
    vector = len(shape) == 1
    if not shape or shape[0 if vector else -2] != n:
        raise ShapeError(
            f"{where}: the right-hand side must have {n} rows, got shapes {x.shape} and {shape}"
        )
    right = y.map(lambda part: part[:, None]) if vector else y
    out = _solve_matrices(x, right, where)
    return out.map(lambda part: part[..., 0]) if vector else out


def rank(x: LatticeArray) -> Any:
    """Return the ranks, an integer array of shape (...)."""
    _require_matrix(x, "rank")
    if x.size == 0:
        return np.zeros(x.shape[:-2], np.int64)
    m = integral(_rows(x))
    starts, _ = _engine(m.a, m.b, min(m.a.shape[1:])).pivots(m.a, m.b, rank_only=True)
    return starts.sum(axis=-1).reshape(x.shape[:-2])


def echelon(x: LatticeArray) -> LatticeArray:
    """Return the reduced row echelon forms: pivots 1, zeros above and below them."""
    _require_matrix(x, "echelon")
    if x.size == 0:
        return x
    m = integral(_rows(x))
    starts, rows = _engine(m.a, m.b, min(m.a.shape[1:])).pivots(m.a, m.b)
    parts = [_reduced(m, i, starts[i], np.sort(np.asarray(rows[i]))) for i in range(m.a.shape[0])]
    out = join(lambda *p: np.stack(p), *parts)
    return out.map(lambda part: part.reshape(x.shape))


def nullspace(x: LatticeArray) -> LatticeArray:
    """Return matrices whose columns are a basis of the kernel: x @ nullspace(x) = 0.

    The column of the free variable j has 1 at j, 0 at the other free variables.

    Raises
    ------
    ShapeError
        The matrices of the batch have kernels of different dimensions.
    """
    _require_matrix(x, "nullspace")
    width = x.shape[-1]
    form = echelon(x).map(lambda part: part.reshape(prod(x.shape[:-2]), *x.shape[-2:]))
    nonzero = form.nonzero()
    free = np.ones((form.shape[0], width), bool)
    for i, matrix in enumerate(nonzero):
        free[i, [int(row.argmax()) for row in matrix if row.any()]] = False
    counts = set(free.sum(axis=1).tolist())
    if len(counts) > 1:
        raise ShapeError(
            f"nullspace: all kernels of a batch must have one dimension, got {sorted(counts)}; "
            "pass the matrices one by one"
        )
    dimension = counts.pop() if counts else width
    parts = [_kernel(form[i], free[i]) for i in range(form.shape[0])]
    shape = (*x.shape[:-2], width, dimension)
    if not parts:
        return as_lattice(np.zeros(shape, np.int64))
    out = join(lambda *p: np.stack(p), *parts)
    return out.map(lambda part: part.reshape(shape))


def charpoly(x: LatticeArray) -> LatticeArray:
    """Return the coefficients of det(tI - x), highest first, along a last axis of length n + 1."""
    n = _order(x, "charpoly")
    shape = (*x.shape[:-2], n + 1)
    if x.size == 0:
        leading = np.zeros(shape, np.int64)
        leading[..., :1] = 1
        return as_lattice(leading)
    m = integral(x, contents=False)
    a, b = (part.reshape(shape) for part in _engine(m.a, m.b, n * n).charpoly(m.a, m.b))
    if m.denominator > 1:  # the coefficient k from the left is over d^k
        scale = objects([mpz(m.denominator) ** (n - k) for k in range(n + 1)])
        a, b = a * scale, b * scale
    return LatticeArray.from_numerators(a, b, m.denominator**n)


def trace(x: LatticeArray) -> LatticeArray:
    """Return the sums of the diagonals."""
    _order(x, "trace")
    return products.trace(x, 0, -2, -1)


def matrix_power(x: LatticeArray, n: int) -> LatticeArray:
    """Return the n-th powers; a negative n inverts.

    How large they become is seen on the way. Powers of a rotation stay as they are, those of
    unipotent matrices grow as powers of n do. But where the length of the entries doubles with
    the exponent, at exponents above the order (which outlast what is nilpotent), it goes on so.

    Raises
    ------
    OverflowError
        The powers would take more than 2^28 bits.
    """
    order = _order(x, "matrix_power")
    try:
        n = index(n)
    except TypeError:
        raise TypeError(
            f"matrix_power: n must be an integer, got {type(n).__name__}; other powers of a "
            "matrix leave the field"
        ) from None
    if n < 0:
        x, n = inverse(x, "matrix_power"), -n
    out = as_lattice(np.broadcast_to(np.eye(order, dtype=np.int64), x.shape))
    exponent, bits = 1, most_bits(x)
    while n:
        out = products.matmul(out, x) if n & 1 else out
        n >>= 1
        if n:
            x = products.matmul(x, x)
            exponent, before, bits = 2 * exponent, bits, most_bits(x)
            doubles = exponent > order and bits > 1.9 * before and not are_short(bits)
            if require_all_bits([bits * (n if doubles else 1)] * x.size, "matrix_power"):
                x = x.in_gmp()
    return out


def chain_product(x: LatticeArray) -> LatticeArray:
    """Return the product of the matrices along the first axis, by a balanced tree."""
    _order(x, "chain_product")
    if x.ndim < 3:
        raise ShapeError(
            f"chain_product: x must have shape (k, ..., n, n), got {x.shape}; "
            "one matrix is no chain"
        )
    if x.shape[0] == 0:
        return as_lattice(np.broadcast_to(np.eye(x.shape[-1], dtype=np.int64), x.shape[1:]))
    while (count := x.shape[0]) > 1:
        last = x[count - count % 2 :]
        x = products.matmul(x[: count - count % 2 : 2], x[1::2])
        if count % 2:
            x = join(lambda *parts: np.concatenate(parts), x, last)
    return x[0]


# -- shapes -------------------------------------------------------------------------------


def _require_matrix(x: LatticeArray, where: str) -> None:
    if x.ndim < 2:
        raise ShapeError(f"{where}: a matrix has at least two axes, got shape {x.shape}")


def _order(x: LatticeArray, where: str) -> int:
    shape = x.a.shape
    if len(shape) < 2:
        _require_matrix(x, where)
    if shape[-1] != shape[-2]:
        raise ShapeError(f"{where}: the matrix must be square, got shape {shape}")
    return int(shape[-1])


def _rows(x: LatticeArray) -> LatticeArray:
    """Return the same matrices, but for factors of the rows that make short integers of them."""
    found = integer_rows(x)
    return found[0] if found else x


def _engine(a: Any, b: Any, steps: int) -> Any:
    """Return the module that soonest does so many steps on all entries of a + bφ."""
    operations = a.size * steps
    if compiled_pays(operations):
        return multimodular
    bits = steps * max_size(a, b).bit_length()  # of the last minors, at most
    long = compiled_pays(operations * (1 + bits // elimination.SLOW_BITS))
    return multimodular if long else elimination


# -- parts --------------------------------------------------------------------------------


def _solve_matrices(x: LatticeArray, y: LatticeArray, where: str) -> LatticeArray:
    n = x.shape[-1]
    left, right = x.a.shape[:-2], y.a.shape[:-2]
    try:
        batch = left if left == right else np.broadcast_shapes(left, right)
    except ValueError as error:
        raise ShapeError(
            f"{where}: the batches must broadcast, got shapes {x.shape} and {y.shape}"
        ) from error
    shape = (*batch, n, y.a.shape[-1])
    if prod(shape) == 0:
        return as_lattice(np.zeros(shape, np.int64))
    if left != batch:
        x = x.map(lambda part: np.broadcast_to(part, (*batch, n, n)))
    if right != batch:
        y = y.map(lambda part: np.broadcast_to(part, shape))
    if n <= DIRECT_ORDER and (small := cofactors.admitted(x)) is not None:
        out = cofactors.solve(small, y, where)
        if out is not None:
            return out
    joined = join(lambda p, q: np.concatenate([p, q], axis=-1), x, y)
    m = integral(_rows(joined))  # multiplying rows of [A | B] changes nothing
    dets, numerators = _engine(m.a, m.b, n).solve(m.a, m.b)
    return quotient(numerators, dets, 1, 1, shape, where)


def _reduced(m: Integral, i: int, starts: Any, rows: Any) -> LatticeArray:
    """Return the echelon form of one matrix from its pivot columns and independent rows.

    The chosen rows span the row space, so with J the pivot columns the form is M_J^-1 M.
    """
    columns, rest = np.flatnonzero(starts), np.flatnonzero(~starts)
    height, width = m.a.shape[1:]
    a, b = np.zeros((2, height, width), np.int64)
    a[np.arange(columns.size), columns] = 1
    if columns.size == 0 or rest.size == 0:
        return LatticeArray.packed(a, b)
    order = np.concatenate([columns, rest])
    dets, numerators = _engine(m.a[i], m.b[i], rows.size).solve(
        *(part[i][np.ix_(rows, order)][None] for part in (m.a, m.b))
    )
    size = (1, rows.size, rest.size)
    right = quotient(numerators, dets, 1, 1, size, "echelon")

    def placed(identity: Any, part: Any) -> Any:
        out = identity.astype(part.dtype)
        out[: rows.size, rest] = part[0]
        return out

    return join(placed, LatticeArray.packed(a, b), right)


def _kernel(form: LatticeArray, free: Any) -> LatticeArray:
    """Return a basis of the kernel of one reduced echelon form, as columns."""
    where = np.flatnonzero(free)
    held = np.flatnonzero(~free)
    unit = np.zeros((free.size, where.size), np.int64)
    unit[where, np.arange(where.size)] = 1

    def placed(identity: Any, part: Any) -> Any:
        out = identity.astype(part.dtype)
        out[held] = part[: held.size, where]
        return out

    return join(placed, as_lattice(unit), arithmetic.negative(form))

"""Linear algebra of small matrices by cofactors, where int64 holds them: no primes, no divisions.

Of order up to 3 in NumPy's loops, of order 4, and of all where numba is loaded, in compiled ones.
"""

from __future__ import annotations

from math import factorial, prod
from typing import Any

import numpy as np

from syntonic.foreign import frozen
from syntonic.jit.policy import LOADED_SIZE, compiled_pays
from syntonic.lattice import arithmetic, products, reductions
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.lattice.linalg.quotients import compiled_quotient, require_regular
from syntonic.lattice.small_products import in_threads

__all__ = ["DIRECT_ORDER", "admitted", "det", "inverse", "solve"]

DIRECT_ORDER = 4
"""Up to here cofactors are quicker than elimination modulo primes: at order 4, 0.4 to 5 µs for an
inverse. At order 5 they take 400 products against 125 steps."""

_NUMPY_ORDER = 3
"""Up to here in NumPy's loops too: above, the views of all minors cost more than elimination."""

_NONE = np.empty((0, 0, 0), np.int64)
_NONE.flags.writeable = False


def admitted(x: LatticeArray) -> LatticeArray | None:
    """Return square matrices, not empty, where their cofactors are to be had in int64, or None."""
    n = x.a.shape[-1]
    if not (n <= DIRECT_ORDER and x.is_packed and (n <= _NUMPY_ORDER or _is_compiled(x))):
        return None
    if _fits(x):
        return x
    x = x.tight()
    return x if _fits(x) else None


def _fits(x: LatticeArray) -> bool:
    n = x.a.shape[-1]
    return max(_growth(n) * x.bound**n, x.denominator**n) <= INT64_MAX


def _growth(n: int) -> int:
    """Return what bounds a minor, times X^n: a product of n elements has up to 3^(n-1) X^n."""
    return factorial(n) * 3 ** (n - 1)


def _is_compiled(x: LatticeArray) -> bool:
    n = x.a.shape[-1]
    return compiled_pays(max(x.a.size * (1 if n <= _NUMPY_ORDER else n**2), LOADED_SIZE))


def det(x: LatticeArray) -> LatticeArray:
    """Return the determinants of matrices that are `admitted`."""
    if not _is_compiled(x):
        return _det(x, _adjugate(x))
    from syntonic.lattice.linalg.cofactor_loops import dets

    batch, n = x.a.shape[:-2], x.a.shape[-1]
    out = np.empty((2, prod(batch)), np.int64)
    in_threads(dets, out.shape[1], n**2 * x.a.size, *_stacked(x), out)
    a, b = out.reshape(2, *batch)
    return LatticeArray.fresh(a, b, x.denominator**n, _growth(n) * x.bound**n)


def inverse(x: LatticeArray, where: str) -> LatticeArray:
    """Return the inverses of matrices that are `admitted`."""
    if _is_compiled(x):
        return _solved(x, None, where)
    adjugate = _adjugate(x)
    return _divided(adjugate, _det(x, adjugate), where)


def solve(x: LatticeArray, y: LatticeArray, where: str) -> LatticeArray | None:
    """Return z with xz = y, for matrices x that are `admitted` and y of the same batch.

    None, if y is too long.
    """
    n = x.a.shape[-1]
    fits = y.is_packed and _growth(n) * x.bound ** (n - 1) * y.bound <= INT64_MAX
    if fits and _is_compiled(x):
        return _solved(x, y, where)
    if n > _NUMPY_ORDER:
        return None
    adjugate = _adjugate(x)
    return _divided(products.matmul(adjugate, y), _det(x, adjugate), where)


# -- in compiled loops --------------------------------------------------------------------


def _solved(x: LatticeArray, y: LatticeArray | None, where: str) -> LatticeArray:
    from syntonic.lattice.linalg.cofactor_loops import solutions

    shape = x.a.shape if y is None else y.a.shape
    n, m = shape[-2:]
    count, below = prod(shape[:-2]), 1 if y is None else y.denominator
    adjugate, dets = np.empty((2, count, n, n), np.int64), np.empty((2, count), np.int64)
    right = (_NONE, _NONE) if y is None else _stacked(y)
    out = adjugate if y is None else np.empty((2, count, n, m), np.int64)
    work = n**3 * (n + m) * count
    in_threads(solutions, count, work, *_stacked(x), *right, adjugate, out, dets)
    return compiled_quotient(out, dets, x.denominator, below, shape, where)


def _stacked(x: LatticeArray) -> tuple[Any, Any]:
    """Return the numerators as contiguous arrays of three axes, read-only as they all are."""
    shape = (-1, *x.a.shape[-2:])
    return _contiguous(x.a).reshape(shape), _contiguous(x.b).reshape(shape)


def _contiguous(part: Any) -> Any:
    return part if part.flags.c_contiguous else frozen(np.ascontiguousarray(part))


# -- in NumPy's loops ---------------------------------------------------------------------


def _adjugate(x: LatticeArray) -> LatticeArray:
    n = x.shape[-1]
    if n == 1:
        return as_lattice(np.ones(x.shape, np.int64))
    if n == 2:
        turned = x.map(lambda part: part[..., ::-1, ::-1].swapaxes(-1, -2))
        return arithmetic.multiply(turned, as_lattice(np.array([[1, -1], [-1, 1]])))
    # adj[i, j] = x[j+1, i+1] x[j+2, i+2] - x[j+1, i+2] x[j+2, i+1], the indices modulo 3
    i, j = np.ogrid[:3, :3]
    (p, q), (r, s) = ((j + 1) % 3, (j + 2) % 3), ((i + 1) % 3, (i + 2) % 3)
    return arithmetic.subtract(
        arithmetic.multiply(x[..., p, r], x[..., q, s]),
        arithmetic.multiply(x[..., p, s], x[..., q, r]),
    )


def _det(x: LatticeArray, adjugate: LatticeArray) -> LatticeArray:
    return reductions.sum(arithmetic.multiply(x[..., 0, :], adjugate[..., :, 0]), -1)


def _divided(x: LatticeArray, dets: LatticeArray, where: str) -> LatticeArray:
    require_regular(dets.a, dets.b, where)
    return arithmetic.divide(x, dets.map(lambda part: part[..., None, None]))

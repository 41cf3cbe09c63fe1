"""Quotients of integers a + bφ by determinants: the last step of inverses and solutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from gmpy2 import gcd

from syntonic.errors import SingularMatrixError
from syntonic.jit.policy import LOADED_SIZE, compiled_pays
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.lattice.linalg.bounds import max_size
from syntonic.lattice.parts import as_mpz, ratios

__all__ = ["compiled_quotient", "quotient", "require_regular"]

_common = np.frompyfunc(gcd, 2, 1)


def compiled_quotient(
    x: Any, y: Any, scale: int, below: int, shape: tuple[int, ...], where: str
) -> LatticeArray:
    """Return scale·x/(y·below) by compiled loops, for int64 x and y.

    Their shapes are (2, batch, n, m), contiguous, and (2, batch); x is overwritten.

    Raises
    ------
    SingularMatrixError
        A y is 0.
    """
    from syntonic.lattice.linalg.cofactor_loops import FITS, quotients

    count = y.shape[1]
    norms = np.empty(count, np.int64)
    found = quotients(x, y, scale, below, norms)
    if found != FITS:
        return _long_quotient((x[0], x[1]), (y[0], y[1]), scale, below, shape, where)
    a, b = x.reshape(2, *shape)
    if count == 1:
        return LatticeArray.fresh(a, b, int(norms[0]))
    over = np.broadcast_to(norms.reshape(*shape[:-2], 1, 1), shape)
    return LatticeArray.fractional(a, b, over)


def quotient(
    x: tuple[Any, Any], y: tuple[Any, Any], scale: Any, below: Any, shape: Any, where: str
) -> LatticeArray:
    """Return scale·x/(y·below) for integer pairs of shapes (batch, n, m) and (batch,).

    `scale` and `below` are integers or arrays that broadcast with x.
    """
    short = all(part.dtype == np.int64 for part in (*x, *y))
    single = type(below) is int and type(scale) is int and scale <= INT64_MAX
    if short and single and compiled_pays(LOADED_SIZE):
        return compiled_quotient(np.stack(x), np.stack(y), scale, below, shape, where)
    return _long_quotient(x, y, scale, below, shape, where)


def require_regular(a: Any, b: Any, where: str) -> None:
    """Raise SingularMatrixError naming the first zero among determinants of shape (...)."""
    zero = np.asarray((a == 0) & (b == 0), bool)
    if not zero.any():
        return
    first = tuple(int(i) for i in np.argwhere(zero)[0])
    place = f" for {int(zero.sum())} of them, the first at index {first}" if first else ""
    raise SingularMatrixError(
        f"{where}: the matrix must have an inverse, got the determinant 0 exactly{place}; "
        "linalg.nullspace gives the kernel"
    )


def _long_quotient(
    x: tuple[Any, Any], y: tuple[Any, Any], scale: Any, below: Any, shape: Any, where: str
) -> LatticeArray:
    """Do what `quotient` does in NumPy's loops, on int64 where it holds all."""
    (a, b), (c, d) = x, y
    require_regular(c.reshape(shape[:-2]), d.reshape(shape[:-2]), where)
    c, d = c[:, None, None], d[:, None, None]
    small = _quotient_fits_int64(a, b, c, d, scale, below)
    if not small:
        c, d = as_mpz(c), as_mpz(d)
        common = _common(c, d)  # once for all, instead of in the gcd of each entry
        c, d, below = c // common, d // common, below * common
    # 1/(c + dφ) = (c + d - dφ)/(c² + cd - d²)
    norm = np.broadcast_to((c * c + c * d - d * d) * below, a.shape).reshape(shape)
    c, d = c * scale, d * scale
    a, b = (a * (c + d) - b * d).reshape(shape), (b * c - a * d).reshape(shape)
    if small:
        sign = np.sign(norm)
        return LatticeArray.fractional(a * sign, b * sign, np.abs(norm))
    return LatticeArray.rational(*ratios(a, b, norm))


def _quotient_fits_int64(a: Any, b: Any, c: Any, d: Any, scale: Any, below: Any) -> bool:
    if any(part.dtype != np.int64 for part in (a, b, c, d, np.asarray(below))):
        return False
    x, y = max_size(a, b), max_size(c, d)
    return max(3 * x * y * int(np.max(scale)), 3 * y * y * int(np.max(below))) <= INT64_MAX

"""Elimination modulo split primes, of all matrices of a batch together.

Rows are multiplied by the pivot instead of divided by it, and the powers of the pivots that this
puts into the determinant are divided out at the end, once. Where a pivot vanishes the first row
below that has none is added, which changes no determinant.

On a CUDA device a kernel eliminates each matrix in shared memory. Larger matrices, and NumPy's
arrays, are eliminated step by step in float64: residues are below 2^21 in size, so that
pivot·x - y·z is an integer below 2^43.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.device.fields import Primes, least
from syntonic.flux.backend import contiguous
from syntonic.flux.cuda import exact
from syntonic.flux.device import is_cuda, namespace

__all__ = ["determinants", "solutions"]


def determinants(residues: Any, primes: Primes) -> Any:
    """Return the determinants modulo the primes, of least size.

    Parameters
    ----------
    residues
        int32, of shape (primes, 2, batch, n, n).

    Returns
    -------
    array
        int32, of shape (primes, 2, batch).
    """
    if _by_kernel(residues):
        return exact.determinants(contiguous(residues), primes.table(residues))
    return _determinants(residues.astype(np.float64), primes).astype(np.int32)


def solutions(residues: Any, primes: Primes) -> tuple[Any, Any]:
    """Return det A and adj(A)B of [A | B] modulo the primes, of least size.

    Parameters
    ----------
    residues
        int32, of shape (primes, 2, batch, n, width).

    Returns
    -------
    determinants, numerators
        int32, of shapes (primes, 2, batch) and (primes, 2, batch, n, width - n); where det A is 0
        modulo a prime, the numerators are arbitrary.
    """
    if _by_kernel(residues):
        return exact.solutions(contiguous(residues), primes.table(residues))
    det, above = _solutions(residues.astype(np.float64), primes)
    return det.astype(np.int32), above.astype(np.int32)


def _by_kernel(residues: Any) -> bool:
    return is_cuda(residues) and exact.takes(*residues.shape[-2:])


class _Modulus:
    """The primes and their reciprocals beside arrays of shape (primes, 2, ...)."""

    def __init__(self, like: Any, primes: Primes) -> None:
        self._p = primes.column(like, 1).astype(np.float64)
        self._primes = primes

    def least(self, x: Any) -> Any:
        """Return x, below 2^44 in size and overwritten, as residues of least size."""
        p = self._p.reshape(-1, *(1,) * (x.ndim - 1))
        return least(x, p, 1.0 / p)

    def reciprocal(self, x: Any) -> Any:
        """Return x^(p-2), which is 1/x, or 0 for 0."""
        xp = namespace(x)
        out, power = xp.ones_like(x), x
        for bit in range(max(self._primes.numbers).bit_length()):
            chosen = np.array([(p - 2) >> bit & 1 for p in self._primes.numbers], bool)
            where = xp.asarray(chosen).reshape(-1, *(1,) * (x.ndim - 1))
            out = xp.where(where, self.least(out * power), out)
            power = self.least(power * power)
        return out


def _with_pivot(work: Any, k: int, modulus: _Modulus) -> Any:
    """Return row k from column k on, with a row below added where its first entry is 0."""
    xp = namespace(work)
    below = work[..., k:, k:]
    rank = (below[..., 0] != 0).argmax(axis=-1)[..., None, None]
    found = xp.take_along_axis(below, rank, -2)[..., 0, :]
    return modulus.least(below[..., 0, :] + found * (rank[..., 0] > 0))


def _determinants(work: Any, primes: Primes) -> Any:
    """Return the determinants of float64 residues, which are overwritten.

    After k steps rows have got the factors e_0 ... e_{k-1}, the pivots. So the product of the
    pivots is det·Π_{k<n-1} e_0 ... e_k.
    """
    modulus, n = _Modulus(work, primes), work.shape[-1]
    product: Any = None
    excess: Any = None
    for k in range(n):
        row = _with_pivot(work, k, modulus)
        pivot = row[..., 0]
        if k + 1 < n:
            rest, column = work[..., k + 1 :, k + 1 :], work[..., k + 1 :, k, None]
            new = rest * pivot[..., None, None]
            new -= column * row[..., None, 1:]
            work[..., k + 1 :, k + 1 :] = modulus.least(new)
        if k:
            excess = product if excess is None else modulus.least(excess * product)
            pivot = modulus.least(product * pivot)
        product = pivot
    return product if excess is None else modulus.least(product * modulus.reciprocal(excess))


def _solutions(work: Any, primes: Primes) -> tuple[Any, Any]:
    """Return det A and adj(A)B of float64 residues, which are overwritten.

    By Gauss and Jordan: A becomes diagonal.
    """
    modulus, n = _Modulus(work, primes), work.shape[-2]
    diagonal = work[..., :n, 0] * 0 + 1
    product: Any = None
    excess: Any = None
    for k in range(n):
        row = _with_pivot(work, k, modulus)
        pivot = row[..., 0]
        work[..., k, k:] = row
        rest, column = work[..., k + 1 :], work[..., k, None].copy()
        column[..., k, :] = 0
        factor = pivot[..., None, None] + 0 * column
        factor[..., k, :] = 1
        new = rest * factor
        new -= column * row[..., None, 1:]
        work[..., k + 1 :] = modulus.least(new)
        diagonal = modulus.least(diagonal * factor[..., 0])
        diagonal[..., k] = pivot
        if k:
            excess = product if excess is None else modulus.least(excess * product)
            pivot = modulus.least(product * pivot)
        product = pivot
    det = product if excess is None else modulus.least(product * modulus.reciprocal(excess))
    scale = modulus.least(modulus.reciprocal(diagonal) * det[..., None])
    return det, modulus.least(work[..., n:] * scale[..., None])

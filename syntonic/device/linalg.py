"""Batched determinants, inverses and solutions on a device, by elimination modulo split primes.

Every matrix is eliminated modulo each prime at both roots of x² - x - 1, all together, step by
step. How many primes are enough follows from Hadamard's inequality at the two real embeddings
(see `lattice.linalg.bounds`). Rows are multiplied by the pivot instead of divided by it, and the
powers of the pivots that this puts into the determinant are divided out at the end, once. Where a
pivot vanishes a row below that has none is added, which changes no determinant.

Residues are below 2^21 in size, so that pivot·x - y·z is an integer below 2^43: exact in float64.
"""

from __future__ import annotations

from math import ceil, gcd, log2, prod
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.device.arithmetic import multiply
from syntonic.device.array import DeviceLattice
from syntonic.device.fields import Primes, count_for, digits, evaluated, first, least, parts_of
from syntonic.device.moves import to_device, to_lattice
from syntonic.errors import ShapeError
from syntonic.flux.device import namespace, to_host
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.linalg.quotients import require_regular

__all__ = ["det", "inverse", "solve"]

_RELATIVE = 2.0**-40


def det(x: DeviceLattice) -> DeviceLattice:
    """Return the determinants; of a 0 × 0 matrix it is 1."""
    n = _order(x, "det")
    batch, xp = x.shape[:-2], x.xp
    if x.size == 0:
        ones = xp.full(batch, int(n == 0), np.int64)
        return DeviceLattice.packed(ones, 0 * ones, 1, (1, 0))
    x = _measured(x, "det")
    bound = 1 << ceil(_log_bound(x))
    primes = first(count_for(bound, "det"))
    found = _determinants(_floats(x.images(len(primes))), primes)
    residues = found.astype(np.int32).reshape(len(primes), 2, *batch)
    return DeviceLattice.wide(residues, x.divisor**n, (bound, bound)).least("det")


def inverse(x: DeviceLattice, where: str = "inv") -> DeviceLattice:
    """Return the inverse matrices.

    Raises
    ------
    SingularMatrixError
        A determinant is zero.
    """
    n = _order(x, where)
    if x.size == 0:
        return x
    eye = x.xp.zeros(x.shape, np.int64)
    eye[...] = x.xp.eye(n, dtype=np.int64)
    return solve(x, DeviceLattice.packed(eye, 0 * eye, 1, (1, 0)), where)


def solve(x: DeviceLattice, y: DeviceLattice, where: str = "solve") -> DeviceLattice:
    """Return z with x @ z = y, for square x; y is one vector or a stack of matrices.

    Raises
    ------
    SingularMatrixError
        A determinant is zero.
    """
    n = _order(x, where)
    vector = y.ndim == 1
    if not y.shape or y.shape[0 if vector else -2] != n:
        raise ShapeError(
            f"{where}: the right-hand side must have {n} rows, got shapes {x.shape} and {y.shape}"
        )
    right = y.map(lambda part: part[:, None]) if vector else y
    batch = _batch(x, right, where)
    shape = (*batch, n, right.shape[-1])
    if prod(shape) == 0:
        zeros = x.xp.zeros(shape, np.int64)
        out = DeviceLattice.packed(zeros, zeros, 1, (0, 0))
    else:
        left, right = _measured(x, where), _measured(right, where)
        left = left.map(lambda part: x.xp.broadcast_to(part, (*batch, n, n)))
        right = right.map(lambda part: x.xp.broadcast_to(part, shape))
        out = _solved(left, right, where)
    return out.map(lambda part: part[..., 0]) if vector else out


def _order(x: DeviceLattice, where: str) -> int:
    if x.ndim < 2:
        raise ShapeError(f"{where}: a matrix has at least two axes, got shape {x.shape}")
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{where}: the matrix must be square, got shape {x.shape}")
    return x.shape[-1]


def _batch(x: DeviceLattice, y: DeviceLattice, where: str) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise ShapeError(
            f"{where}: the batches must broadcast, got shapes {x.shape} and {y.shape}"
        ) from None


def _measured(x: DeviceLattice, where: str) -> DeviceLattice:
    return x.common(where).measured().least(where)


# -- bounds ---------------------------------------------------------------------------------


def _log_bound(*blocks: DeviceLattice) -> float:
    """Return a bound of log2 of both coefficients of determinants and of adjugates' entries.

    Of determinants of any columns of the rows [A | B], without any row: Π|row| at both embeddings,
    rows below 1 left out. Coefficients are below the larger one, see
    `lattice.linalg.bounds.coefficient_bits`.
    """
    if blocks[0].size == 0:
        return 0.0
    xp = blocks[0].xp
    squares = _log_squares(blocks[0])
    for block in blocks[1:]:
        squares = xp.logaddexp2(squares, _log_squares(block))
    logs = xp.maximum(0.5 * squares, 0.0) + 2.0**-30
    return float(to_host(logs.sum(axis=-1).max()))


def _log_squares(x: DeviceLattice) -> Any:
    """Return upper bounds of log2 of the rows' squared norms at both embeddings, (2, ..., n).

    With u = 2^-53 an embedding a + bφ or a - b/φ comes out within 4u(|a| + 2|b|), and sums of m
    squares lose less than (m + 3)u of themselves: 2^-40 covers both, many times over.
    """
    xp = x.xp
    if x.pair is None:  # every entry as large as any may be
        a, b = x.bounds
        top = 2 * log2(a + 2 * b) + log2(x.shape[-1]) + _RELATIVE
        return xp.full((2, *x.shape[:-1]), top)
    a, b = (part.astype(np.float64) for part in x.pair)
    slack = (abs(a) + 2 * abs(b)) * _RELATIVE
    sizes = xp.stack([abs(a + b * PHI_FLOAT), abs(a - b * (PHI_FLOAT - 1))]) + slack
    squares = (sizes * sizes).sum(axis=-1) * (1 + _RELATIVE)
    return xp.log2(xp.maximum(squares, 2.0**-200))


# -- elimination ------------------------------------------------------------------------------


def _floats(residues: Any) -> Any:
    """Return residues as float64, shape (primes, 2, batch, rows, columns)."""
    shape = residues.shape
    batch = prod(shape[2:-2])
    return residues.astype(np.float64).reshape(*shape[:2], batch, *shape[-2:])


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
    """Return det modulo the primes, of least size; shape (primes, 2, batch). work is overwritten.

    After k steps rows have got the factors e_0 ... e_{k-1}, the pivots. So the product of the
    pivots is det·Π_{k<n-1} e_0 ... e_k.
    """
    modulus, n = _Modulus(work, primes), work.shape[-1]
    product = excess = None
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
    """Return det A and adj(A)B for [A | B], modulo the primes; work is overwritten.

    By Gauss and Jordan: A becomes diagonal. Where det A = 0 the second result is arbitrary.
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


# -- solutions --------------------------------------------------------------------------------


def _solved(x: DeviceLattice, y: DeviceLattice, where: str) -> DeviceLattice:
    """Return z = adj(x)·y/det(x) for x and y of equal leading axes."""
    batch, n = y.shape[:-2], y.shape[-2]
    x, y = (z.map(lambda part: part.reshape(-1, *part.shape[-2:])) for z in (x, y))
    bound = 1 << ceil(_log_bound(x, y))
    primes = first(count_for(bound, where))
    dets, found = _solutions(_joined(x, y, primes), primes)
    det = DeviceLattice.wide(dets.astype(np.int32), 1, (bound, bound))
    a, b, _ = to_lattice(det).numerators()
    require_regular(a.reshape(batch), b.reshape(batch), where)
    for i in np.flatnonzero(to_host((dets == 0).any(axis=(0, 1)))):
        one, right = x[i : i + 1], y[i : i + 1]
        found[:, :, i] = _avoiding(one, right, dets[:, :, i], found[:, :, i], primes, bound)
    above = DeviceLattice.wide(found.astype(np.int32), 1, (bound, bound))
    out = _divided(above, a.tolist(), b.tolist(), x.divisor, y.divisor)
    return out.map(lambda part: part.reshape(*batch, n, -1))


def _joined(x: DeviceLattice, y: DeviceLattice, primes: Primes) -> Any:
    return _floats(x.xp.concatenate([x.modulo(primes), y.modulo(primes)], axis=-1))


def _avoiding(
    x: DeviceLattice, y: DeviceLattice, dets: Any, found: Any, primes: Primes, bound: int
) -> Any:
    """Return adj(A)B of one matrix modulo the primes, some of which divide norm(det A).

    It comes from others: its numbers are known from primes that do not, of product enough.
    """
    places = np.flatnonzero(to_host((dets != 0).all(axis=1))).tolist()
    kept, start = [found[places]], len(primes)
    while prod(Primes(0, start, places).numbers) <= 2 * bound:
        more = Primes(start, start + len(primes) - len(places) + 1)
        dets, found = _solutions(_joined(x, y, more), more)
        good = np.flatnonzero(to_host((dets != 0).all(axis=(1, 2)))).tolist()
        kept.append(found[good][:, :, 0])
        places += [start + i for i in good]
        start += len(more)
    chosen = Primes(0, start, places)
    residues = x.xp.concatenate(kept).astype(np.int32)
    return evaluated(digits(parts_of(residues, chosen), chosen), chosen, primes)


def _divided(
    above: DeviceLattice, a: list[Any], b: list[Any], over: Any, below: Any
) -> DeviceLattice:
    """Return above/(a + bφ), for each matrix, times over/below."""
    factors, norms = [], []
    for c, d in zip(map(int, a), map(int, b), strict=True):
        # 1/(c + dφ) = (c + d - dφ)/(c² + cd - d²)
        norm = (c * c + c * d - d * d) * below
        c, d = (c + d) * over, -d * over
        common = gcd(c, d, norm) * (1 if norm > 0 else -1)
        factors.append((c // common, d // common))
        norms.append(norm // common)
    p, q = np.array(factors, object).T.reshape(2, -1, 1, 1)
    inverses = to_device(LatticeArray.from_numerators(p, q), above.device)
    return multiply(above, inverses).over(np.array(norms, object).reshape(-1, 1, 1))

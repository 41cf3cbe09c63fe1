"""Batched determinants, inverses and solutions on a device, by elimination modulo split primes.

Every matrix is eliminated modulo each prime at both roots of x² - x - 1 (see `elimination`). How
many primes are enough follows from Hadamard's inequality at the two real embeddings (see
`lattice.linalg.bounds`). The inverses of a batch have a denominator each.
"""

from __future__ import annotations

from math import ceil, gcd, log2, prod
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.device.arithmetic import multiply
from syntonic.device.array import DeviceLattice
from syntonic.device.elimination import determinants, solutions
from syntonic.device.fields import Primes, count_for, digits, evaluated, first, parts_of
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
    found = determinants(_flat(x.images(len(primes))), primes)
    residues = found.reshape(len(primes), 2, *batch)
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


def _flat(residues: Any) -> Any:
    """Return residues of matrices in a batch of one axis."""
    shape = residues.shape
    return residues.reshape(*shape[:2], prod(shape[2:-2]), *shape[-2:])


# -- solutions --------------------------------------------------------------------------------


def _solved(x: DeviceLattice, y: DeviceLattice, where: str) -> DeviceLattice:
    """Return z = adj(x)·y/det(x) for x and y of equal leading axes."""
    batch, n = y.shape[:-2], y.shape[-2]
    x, y = (z.map(lambda part: part.reshape(-1, *part.shape[-2:])) for z in (x, y))
    bound = 1 << ceil(_log_bound(x, y))
    primes = first(count_for(bound, where))
    dets, found = solutions(_joined(x, y, primes), primes)
    det = DeviceLattice.wide(dets, 1, (bound, bound))
    a, b, _ = to_lattice(det).numerators()
    require_regular(a.reshape(batch), b.reshape(batch), where)
    for i in np.flatnonzero(to_host((dets == 0).any(axis=(0, 1)))):
        one, right = x[i : i + 1], y[i : i + 1]
        found[:, :, i] = _avoiding(one, right, dets[:, :, i], found[:, :, i], primes, bound)
    above = DeviceLattice.wide(found, 1, (bound, bound))
    out = _divided(above, a.tolist(), b.tolist(), x.divisor, y.divisor)
    return out.map(lambda part: part.reshape(*batch, n, -1))


def _joined(x: DeviceLattice, y: DeviceLattice, primes: Primes) -> Any:
    return _flat(x.xp.concatenate([x.modulo(primes), y.modulo(primes)], axis=-1))


def _avoiding(
    x: DeviceLattice, y: DeviceLattice, dets: Any, found: Any, primes: Primes, bound: int
) -> Any:
    """Return adj(A)B of one matrix modulo the primes, some of which divide norm(det A).

    It comes from others: its numbers are known from primes that do not, of product enough.
    """
    places = np.flatnonzero(to_host((dets != 0).all(axis=1))).tolist()
    kept, start = [_taken(found, places)], len(primes)
    while prod(Primes(0, start, places).numbers) <= 2 * bound:
        more = Primes(start, start + len(primes) - len(places) + 1)
        dets, found = solutions(_joined(x, y, more), more)
        good = np.flatnonzero(to_host((dets != 0).all(axis=(1, 2)))).tolist()
        kept.append(_taken(found[:, :, 0], good))
        places += [start + i for i in good]
        start += len(more)
    chosen = Primes(0, start, places)
    residues = x.xp.concatenate(kept)
    return evaluated(digits(parts_of(residues, chosen), chosen), chosen, primes)


def _taken(x: Any, places: list[int]) -> Any:
    return x.take(namespace(x).asarray(np.array(places, np.int64)), 0)


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

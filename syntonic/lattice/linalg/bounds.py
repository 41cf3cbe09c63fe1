"""Integral matrices over Z[φ] for multimodular algebra: row contents, limbs, proven bounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, log2
from typing import Any

import numpy as np

from syntonic.lattice.array import LatticeArray

__all__ = [
    "Integral",
    "coefficient_bits",
    "integral",
    "log_norms",
    "max_size",
    "paired_limbs",
    "rough_bits",
]

_LIMB_BITS = 48
_SMALL = 1 << 15  # row contents are not worth a gcd for each entry below this
_SHIFTED_BITS = 60


@dataclass(frozen=True)
class Integral:
    """Matrices diag(content)·(a + bφ)/denominator, their leading axes flattened to one."""

    a: Any
    b: Any
    content: Any
    denominator: int


def integral(x: LatticeArray, *, contents: bool = True) -> Integral:
    """Return x, of shape (..., n, m), over its least denominator.

    With `contents`, each row comes divided by the greatest common divisor of its numerators; else,
    and where numbers are small, content is None.
    """
    a, b, denominator = x.numerators()
    size, shape = a.size, a.shape
    shape = (-1 if size else int(np.prod(shape[:-2])), *shape[-2:])
    a, b = a.reshape(shape), b.reshape(shape)
    if not contents or size == 0 or (denominator == 1 and max_size(a, b) < _SMALL):
        return Integral(a, b, None, denominator)
    content = _contents(a, b)
    if (content == 1).all():
        return Integral(a, b, None, denominator)
    return Integral(a // content, b // content, content[..., 0], denominator)


def _limbs(x: Any) -> Any:
    """Return integers as float64 limbs of 48 bits, the lowest first; the highest is signed."""
    if x.dtype == np.int64:
        if max_size(x, x) < 1 << _LIMB_BITS:
            return x.astype(np.float64)[None]
        return np.stack([x & ((1 << _LIMB_BITS) - 1), x >> _LIMB_BITS]).astype(np.float64)
    largest = max_size(x, x)
    count = int(largest).bit_length() // _LIMB_BITS + 1
    width = count * _LIMB_BITS // 8
    data = b"".join(int(v).to_bytes(width, "little", signed=True) for v in x.flat)
    parts = np.frombuffer(data, "<u2").reshape(*x.shape, count, 3)
    out = parts @ np.array([1.0, 2.0**16, 2.0**32])
    top = out[..., -1]
    top -= 2.0**_LIMB_BITS * (top >= 2.0 ** (_LIMB_BITS - 1))
    return np.ascontiguousarray(np.moveaxis(out, -1, 0))


def paired_limbs(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the limbs of a and of b, equally many."""
    if a.dtype == b.dtype == np.int64 and max_size(a, b) < 1 << _LIMB_BITS:
        return a.astype(np.float64)[None], b.astype(np.float64)[None]
    both = _limbs(np.stack([a, b]))
    return both[:, 0], both[:, 1]


def log_norms(a: Any, b: Any, together: int = 1) -> Any:
    """Return upper bounds of log2 of the rows' norms at the two real embeddings.

    Parameters
    ----------
    a, b : ndarray, shape (batch, n, m)
        Integers.
    together
        How many rows in succession get one bound, that of the longest.

    Returns
    -------
    ndarray, shape (2, batch, n/together)

    Notes
    -----
    With u = 2^-53, an embedding a + bφ or a - b/φ comes out within 4u(|a| + 2|b|): the roundings of
    a, b, φ, the product and the sum. The allowance added is eight times as large, which covers
    its own rounding. The sum of squares loses at most (m + 3)u of itself and the logarithm a few
    units in its last place; 2^-30 covers both for m < 2^22.
    """
    from syntonic.lattice.linalg.bound_loops import squared_norms

    shift, slack = 0.0, 0.0
    if a.dtype != np.int64:
        a, b, shift = _shifted(a, b)
        slack = 3.0  # 1 + φ and its rounding
    squares = np.empty((2, *a.shape[:2]))
    squared_norms(a, b, slack, 2.0**-48, squares)
    groups = 2, a.shape[0], -1, together
    if slack == 0.0:
        squares = squares.reshape(groups).max(axis=-1)
        return 0.5 * np.log2(np.maximum(squares, 2.0**-200)) + 2.0**-30
    out = 0.5 * np.log2(np.maximum(squares, 2.0**-200)) + (shift + 2.0**-30)
    return out.reshape(groups).max(axis=-1)


def coefficient_bits(log_sizes: Any) -> float:
    """Return bits that hold twice the coefficients of a + bφ, from log2 bounds at the embeddings.

    Let |v| <= H and |v'| <= H for v = a + bφ and its conjugate v' = a - b/φ. Then b = (v - v')/√5
    and a = (v/φ + φv')/√5, so that 2|b| <= 4H/√5 < 2H and, by 1/φ + φ = √5, 2|a| <= 2H. An odd
    product of primes above 2H is above both, and the residues of least size are the numbers.

    Parameters
    ----------
    log_sizes : ndarray, shape (2, ...)
        Upper bounds of log2|v| and log2|v'|.
    """
    return max(0.0, float(np.max(log_sizes, initial=0.0))) + 1.0


def rough_bits(a: Any, b: Any) -> float:
    """Return bits for the determinants of n of the columns, and fewer, of matrices of n rows.

    An entry is below 2.7 times the largest coefficient M at both embeddings, a row of n entries
    below 2.7 M √n: 2.62 would do, which leaves room for roundings. To the determinants' bits
    comes one, as in `coefficient_bits`.
    """
    n = a.shape[-2]
    return n * (0.5 * log2(max(n, 1)) + log2(2.7) + log2(max(1, max_size(a, b)))) + 1.0


def max_size(a: Any, b: Any) -> int:
    """Return the largest |a| or |b| of integer arrays, as a Python int."""
    if a.size == 0:
        return 0
    return max(int(a.max()), int(b.max()), -int(a.min()), -int(b.min()))


def _contents(a: Any, b: Any) -> Any:
    """Return the rows' greatest common divisors, 1 for zero rows, with an axis of length 1."""
    joined = np.concatenate([a, b], axis=-1)
    if joined.dtype == np.int64 and int(joined.min()) > -(1 << 63):
        out = np.gcd.reduce(joined, axis=-1, keepdims=True)
    else:
        rows = joined.reshape(-1, joined.shape[-1])
        out = np.array([gcd(*map(int, row)) for row in rows], object)
        out = out.reshape(*joined.shape[:-1], 1)
    return np.where(out == 0, 1, out)


def _shifted(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Return numerators below 2^60 with a shift for each row: within 1 of x / 2^shift, below."""
    sizes = np.frompyfunc(lambda x: int(x).bit_length(), 1, 1)
    longest = np.maximum(sizes(a), sizes(b)).max(axis=-1, keepdims=True)
    shift = np.maximum(longest - _SHIFTED_BITS, 0)
    down = np.frompyfunc(lambda x, k: int(x) >> k, 2, 1)
    return (
        down(a, shift).astype(np.int64),
        down(b, shift).astype(np.int64),
        shift[..., 0].astype(np.float64),
    )

"""Exact elements on CUDA arrays: kernels/golden_exact.cu.

Integers come out, whatever the device: they are the only right ones. Arrays are C-contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.flux.cuda.launch import runtime_of

__all__ = [
    "MOST_DIGITS",
    "determinants",
    "images",
    "integers",
    "multiply",
    "reduce",
    "solutions",
    "takes",
]

Array = Any

MOST_DIGITS = 8
"""Primes that `integers` takes: a thread keeps a digit of both numbers for each."""

_MOST_ROWS, _MOST_ENTRIES = 64, 4096
"""Of a matrix in shared memory: SRT_EXACT_ROWS, SRT_EXACT_ENTRIES."""

_BLOCK, _TILE = 256, 1024
"""Threads and elements of a block: SRT_EXACT_BLOCK, SRT_EXACT_TILE."""


def multiply(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    """Return (a + bφ)(c + dφ) of int64 arrays of one shape, where int64 holds all terms."""
    out_a, out_b = (runtime_of(a).empty(a.shape, np.int64) for _ in range(2))
    _launch(a, "multiply", (out_a, out_b, a, b, c, d, np.int64(a.size)), a.size)
    return out_a, out_b


def images(a: Array, b: Array, fields: Array) -> Array:
    """Return a + bφ at both roots modulo each prime, of least size: int32 (primes, 2, *a.shape).

    Parameters
    ----------
    a, b
        int64, of one shape.
    fields
        int64, of shape (primes, 3): primes below 2^22 and the two roots of x² - x - 1.
    """
    count = fields.shape[0]
    out = runtime_of(a).empty((count, 2, *a.shape), np.int32)
    _launch(a, "images", (out, a, b, fields, np.int64(a.size)), a.size, count)
    return out


def reduce(x: Array, fields: Array) -> Array:
    """Return float64 integers below 2^53, of shape (primes, ...), modulo each, as int32."""
    out = runtime_of(x).empty(x.shape, np.int32)
    count = fields.shape[0]
    each = x.size // count
    _launch(x, "reduce", (out, x, fields, np.int64(each)), each, count)
    return out


def integers(x: Array, fields: Array, slopes: Array, inverses: Array) -> tuple[Array, Array]:
    """Return the integers a, b of least size with residues x, int32 of shape (primes, 2, ...).

    int64 must hold them, but for the last 2^22 of its range.

    Parameters
    ----------
    slopes
        1/(t - t') modulo each prime.
    inverses
        At i, j, i < j: 1/p_i modulo p_j.
    """
    count, shape = x.shape[0], x.shape[2:]
    out_a, out_b = (runtime_of(x).empty(shape, np.int64) for _ in range(2))
    size = np.int64(out_a.size)
    arguments = (out_a, out_b, x, fields, slopes, inverses, np.int32(count), size)
    _launch(x, "integers", arguments, out_a.size)
    return out_a, out_b


def takes(rows: int, columns: int) -> bool:
    """Tell whether `determinants` and `solutions` take matrices of this size."""
    return 0 < rows <= _MOST_ROWS and rows * columns <= _MOST_ENTRIES


def determinants(x: Array, fields: Array) -> Array:
    """Return the determinants of residues, int32 of shape (primes, 2, batch, n, n), as int32."""
    out = runtime_of(x).empty(x.shape[:-2], np.int32)
    _eliminate(x, "det", (out, x, fields, np.int32(x.shape[-1])))
    return out


def solutions(x: Array, fields: Array) -> tuple[Array, Array]:
    """Return det A and adj(A)B of residues of [A | B], as int32; 0 where det A is 0.

    x is int32 of shape (primes, 2, batch, n, width).
    """
    *leading, n, width = x.shape
    det = runtime_of(x).empty(tuple(leading), np.int32)
    out = runtime_of(x).empty((*leading, n, width - n), np.int32)
    _eliminate(x, "solve", (det, out, x, fields, np.int32(n), np.int32(width)))
    return det, out


def _eliminate(x: Array, name: str, arguments: Any) -> None:
    primes, roots, batch = x.shape[:3]
    if batch:
        grid, symbol = (batch, primes * roots), f"golden_exact_{name}_f64"
        runtime_of(x).launch("golden_exact", symbol, "f64", grid, (_BLOCK,), arguments)


def _launch(like: Array, name: str, arguments: Any, count: int, rows: int = 0) -> None:
    if count:
        grid = (-(-count // _TILE), rows) if rows else (-(-count // _TILE),)
        symbol = f"golden_exact_{name}_f64"
        runtime_of(like).launch("golden_exact", symbol, "f64", grid, (_BLOCK,), arguments)

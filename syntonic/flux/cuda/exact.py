"""Exact elements on CUDA arrays: kernels/golden_exact.cu.

Integers come out, whatever the device: they are the only right ones. Arrays are C-contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.flux.cuda.launch import runtime_of

__all__ = ["MOST_DIGITS", "images", "integers", "multiply", "reduce"]

Array = Any

MOST_DIGITS = 8
"""Primes that `integers` takes: a thread keeps a digit of both numbers for each."""

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


def _launch(like: Array, name: str, arguments: Any, count: int, rows: int = 0) -> None:
    if count:
        grid = (-(-count // _TILE), rows) if rows else (-(-count // _TILE),)
        symbol = f"golden_exact_{name}_f64"
        runtime_of(like).launch("golden_exact", symbol, "f64", grid, (_BLOCK,), arguments)

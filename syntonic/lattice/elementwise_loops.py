"""Compiled element-wise loops on packed pairs; the callers have proved that int64 holds all.

Importing this module imports numba.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.jit.atomics import add_to
from syntonic.jit.compile import njit
from syntonic.jit.threads import counted_over_elements, in_threads, over_elements
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.loops import DOUBT
from syntonic.typing import IntArray

__all__ = ["add", "compare", "cross", "dot", "floor", "multiply", "multiply_by", "sign", "subtract"]

_SMALL = 1 << 30  # the norm of a pair up to here fits int64
_FILTER = 2.0**-50  # see `order.sign`


def add(x: LatticeArray, y: LatticeArray) -> tuple[IntArray, IntArray]:
    """Return the parts of x + y."""
    return _run(_add, x, y)


def subtract(x: LatticeArray, y: LatticeArray) -> tuple[IntArray, IntArray]:
    """Return the parts of x - y."""
    return _run(_subtract, x, y)


def multiply(x: LatticeArray, y: LatticeArray) -> tuple[IntArray, IntArray]:
    """Return the parts of xy."""
    return _run(_multiply, x, y)


def multiply_by(x: LatticeArray, c: int, d: int) -> tuple[IntArray, IntArray]:
    """Return the parts of x(c + dφ)."""
    a, b = np.empty(x.a.size, np.int64), np.empty(x.a.size, np.int64)
    over_elements(_multiply_by, (x.a.ravel(), x.b.ravel(), a, b), np.int64(c), np.int64(d))
    return a.reshape(x.a.shape), b.reshape(x.a.shape)


def compare(x: LatticeArray, y: LatticeArray) -> Any:
    """Return the sign of x - y for each pair, DOUBT where it stays open."""
    out = np.empty(x.a.size, np.int8)
    over_elements(_compare, (x.a.ravel(), x.b.ravel(), y.a.ravel(), y.b.ravel(), out))
    return out.reshape(x.a.shape)


def sign(x: LatticeArray) -> Any:
    """Return the sign of each pair, DOUBT where it stays open."""
    out = np.empty(x.a.size, np.int8)
    over_elements(_sign, (x.a.ravel(), x.b.ravel(), out))
    return out.reshape(x.a.shape)


def floor(x: LatticeArray) -> tuple[IntArray, Any]:
    """Return the floors of a packed array, and where they stay open."""
    out, open_ = np.empty(x.a.size, np.int64), np.empty(x.a.size, np.bool_)
    d = np.int64(x.denominator)
    over_elements(_floor, (x.a.ravel(), x.b.ravel(), out, open_), d)
    return out.reshape(x.a.shape), open_.reshape(x.a.shape)


def cross(x: LatticeArray, y: LatticeArray) -> tuple[IntArray, IntArray]:
    """Return the parts of x × y, vectors of three along the last axis."""
    a, b, c, d = (part.reshape(-1, 3) for part in (x.a, x.b, y.a, y.b))
    p, q = np.empty(a.shape, np.int64), np.empty(a.shape, np.int64)
    in_threads(_cross, a.shape[0], 4 * a.size, a, b, c, d, p, q)
    return p.reshape(x.a.shape), q.reshape(x.a.shape)


def dot(x: LatticeArray, y: LatticeArray) -> tuple[int, int]:
    """Return the parts of the sum of the products of two vectors."""
    p, q = counted_over_elements(_dot, (x.a, x.b, y.a, y.b), counts=2)
    return int(p), int(q)


def _run(loop: Callable[..., None], x: LatticeArray, y: LatticeArray) -> tuple[IntArray, IntArray]:
    a, b = np.empty(x.a.size, np.int64), np.empty(x.a.size, np.int64)
    over_elements(loop, (x.a.ravel(), x.b.ravel(), y.a.ravel(), y.b.ravel(), a, b))
    return a.reshape(x.a.shape), b.reshape(x.a.shape)


@njit
def _add(first: int, last: int, a: Any, b: Any, c: Any, d: Any, p: Any, q: Any) -> None:
    a, b, c, d, p, q = (
        a[first:last],
        b[first:last],
        c[first:last],
        d[first:last],
        p[first:last],
        q[first:last],
    )
    for i in range(a.size):
        p[i] = a[i] + c[i]
        q[i] = b[i] + d[i]


@njit
def _subtract(first: int, last: int, a: Any, b: Any, c: Any, d: Any, p: Any, q: Any) -> None:
    a, b, c, d, p, q = (
        a[first:last],
        b[first:last],
        c[first:last],
        d[first:last],
        p[first:last],
        q[first:last],
    )
    for i in range(a.size):
        p[i] = a[i] - c[i]
        q[i] = b[i] - d[i]


@njit
def _multiply(first: int, last: int, a: Any, b: Any, c: Any, d: Any, p: Any, q: Any) -> None:
    a, b, c, d, p, q = (
        a[first:last],
        b[first:last],
        c[first:last],
        d[first:last],
        p[first:last],
        q[first:last],
    )
    for i in range(a.size):
        bd = b[i] * d[i]
        p[i] = a[i] * c[i] + bd
        q[i] = a[i] * d[i] + b[i] * c[i] + bd


@njit
def _cross(first: int, last: int, a: Any, b: Any, c: Any, d: Any, p: Any, q: Any) -> None:
    """Sums on the way may wrap where the results do not."""
    for i in range(first, last):
        for k, u, v in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            bd = b[i, u] * d[i, v] - b[i, v] * d[i, u]
            ad = a[i, u] * d[i, v] - a[i, v] * d[i, u]
            p[i, k] = a[i, u] * c[i, v] - a[i, v] * c[i, u] + bd
            q[i, k] = b[i, u] * c[i, v] - b[i, v] * c[i, u] + ad + bd


@njit
def _multiply_by(first: int, last: int, a: Any, b: Any, p: Any, q: Any, c: int, d: int) -> None:
    a, b, p, q = a[first:last], b[first:last], p[first:last], q[first:last]
    for i in range(a.size):
        bd = b[i] * d
        p[i] = a[i] * c + bd
        q[i] = a[i] * d + b[i] * c + bd


@njit
def _sign_of(p: int, q: int) -> int:
    value = p + q * PHI_FLOAT
    error = (abs(float(p)) + abs(float(q))) * _FILTER
    if value > error:
        return 1
    if value < -error:
        return -1
    if abs(p) > _SMALL or abs(q) > _SMALL:
        return DOUBT
    norm = p * (p + q) - q * q
    if norm == 0:
        return 0
    # Opposite signs, or the filter had decided: see `pairs.sign`.
    return 1 if (norm > 0) == (p > 0) else -1


@njit
def _dot(first: int, last: int, a: Any, b: Any, c: Any, d: Any, sums: Any) -> None:
    a, b, c, d = a[first:last], b[first:last], c[first:last], d[first:last]
    p = q = 0
    for i in range(a.size):
        bd = b[i] * d[i]
        p += a[i] * c[i] + bd
        q += a[i] * d[i] + b[i] * c[i] + bd
    add_to(sums, 0, p)
    add_to(sums, 1, q)


@njit
def _compare(first: int, last: int, a: Any, b: Any, c: Any, d: Any, out: Any) -> None:
    a, b, c, d, out = a[first:last], b[first:last], c[first:last], d[first:last], out[first:last]
    for i in range(a.size):
        out[i] = _sign_of(a[i] - c[i], b[i] - d[i])


@njit
def _sign(first: int, last: int, a: Any, b: Any, out: Any) -> None:
    a, b, out = a[first:last], b[first:last], out[first:last]
    for i in range(a.size):
        out[i] = _sign_of(a[i], b[i])


@njit
def _floor(first: int, last: int, a: Any, b: Any, out: Any, open_: Any, d: int) -> None:
    a, b, out, open_ = a[first:last], b[first:last], out[first:last], open_[first:last]
    over = float(d)
    for i in range(a.size):
        p, q = float(a[i]), float(b[i])
        value = (p + q * PHI_FLOAT) / over
        error = (abs(p) + abs(q)) * (2 * _FILTER / over)
        low, high = math.floor(value - error), math.floor(value + error)
        if b[i] == 0:
            out[i] = a[i] // d
            open_[i] = False
        else:
            open_[i] = low != high or abs(value) >= 2.0**52
            out[i] = 0 if open_[i] else int(low)

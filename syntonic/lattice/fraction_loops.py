"""Compiled sums and products of (a + bφ)/d, each element with a denominator of its own.

The intermediate numbers have 128 bits, and an element is reduced where int64 does not hold it as
it comes. A loop that finds an element which int64 cannot hold at all counts it and stops.
Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.atomics import add_to
from syntonic.jit.compile import njit
from syntonic.jit.threads import counted_over_elements
from syntonic.lattice.double_words import (
    divided,
    fits,
    gcd,
    magnitude,
    remainder,
    two_products,
)
from syntonic.typing import IntArray

__all__ = ["Parts", "product", "total"]

Parts = tuple[IntArray, IntArray, IntArray]
"""Numerators a and b and denominators d: contiguous and of one length."""

_HALF = np.int64(1 << 62)
_ONE = np.uint64(1)


def total(x: Parts, y: Parts, sign: Any) -> Parts | None:
    """Return x + y, or x - y for sign = -1; None if int64 does not hold all of it."""
    out = _empty(x)
    return None if counted_over_elements(_total, (*x, *y, *out), np.int64(sign))[0] else out


def product(x: Parts, y: Parts) -> Parts | None:
    """Return xy; None if int64 does not hold all of it."""
    out = _empty(x)
    return None if counted_over_elements(_product, (*x, *y, *out))[0] else out


def _empty(x: Parts) -> Parts:
    a, b, d = (np.empty(x[0].size, np.int64) for _ in range(3))
    return a, b, d


@njit
def _total(
    first: int,
    last: int,
    a: Any,
    b: Any,
    d: Any,
    p: Any,
    q: Any,
    e: Any,
    r: Any,
    s: Any,
    f: Any,
    found: Any,
    sign: Any,
) -> None:
    for i in range(first, last):
        ok, r[i], s[i], f[i] = _sum(a[i], b[i], d[i], p[i], q[i], e[i], sign)
        if not ok:
            add_to(found, 0, 1)
            return


@njit
def _sum(a: Any, b: Any, d: Any, p: Any, q: Any, e: Any, sign: Any) -> Any:
    ok, x, y, z = _joined(a, b, d, p, q, e, sign * d, _ONE)
    if ok:
        return ok, x, y, z
    g = gcd(np.uint64(d), np.uint64(e))
    k, m = np.int64(np.uint64(e) // g), np.int64(np.uint64(d) // g)
    ok, x, y, z = _joined(a, b, d, p, q, k, sign * m, _ONE)
    if ok or g == _ONE:
        return ok, x, y, z
    # What the sum has in common with its denominator d·k divides g (Knuth, 4.5.1).
    h = gcd(g, remainder(two_products(a, k, p, sign * m), g))
    h = gcd(h, remainder(two_products(b, k, q, sign * m), h))
    return _joined(a, b, d, p, q, k, sign * m, h)


@njit
def _joined(a: Any, b: Any, d: Any, p: Any, q: Any, k: Any, m: Any, h: Any) -> Any:
    """Return ((ak + pm) + (bk + qm)φ)/(dk), all divided by h, and whether that is of int64."""
    ok, x = _reduced(two_products(a, k, p, m), h)
    fine, y = _reduced(two_products(b, k, q, m), h)
    over = np.int64(np.uint64(d) // h)  # h divides g, which divides d
    z = two_products(over, k, np.int64(0), np.int64(0))
    return ok and fine and fits(z), x, y, z[1]


@njit
def _reduced(n: Any, h: Any) -> Any:
    if h == _ONE:
        return fits(n), n[1]
    return divided(n, h)


@njit
def _product(
    first: int,
    last: int,
    a: Any,
    b: Any,
    d: Any,
    p: Any,
    q: Any,
    e: Any,
    r: Any,
    s: Any,
    f: Any,
    found: Any,
) -> None:
    for i in range(first, last):
        ok, r[i], s[i], f[i] = _times(a[i], b[i], d[i], p[i], q[i], e[i])
        if not ok:
            add_to(found, 0, 1)
            return


@njit
def _times(a: Any, b: Any, d: Any, p: Any, q: Any, e: Any) -> Any:
    if _small(a) and _small(b) and _small(p) and _small(q):
        ok, x, y, z = _multiplied(a, b, d, p, q, e, False)
        if ok:
            return ok, x, y, z
    a, b, e = _without_common(a, b, e)
    p, q, d = _without_common(p, q, d)
    if _small(a) and _small(b) and _small(p) and _small(q):
        return _multiplied(a, b, d, p, q, e, True)
    return False, a, b, d


@njit
def _small(n: Any) -> Any:
    """Tell whether two such numbers have a sum, and three products a sum of 128 bits."""
    return -_HALF < n < _HALF


@njit
def _without_common(a: Any, b: Any, d: Any) -> tuple[int, int, int]:
    g = gcd(gcd(np.uint64(d), magnitude(a)), magnitude(b))
    if g == _ONE:
        return a, b, d
    n = np.int64(g)
    return a // n, b // n, d // n


@njit
def _multiplied(a: Any, b: Any, d: Any, p: Any, q: Any, e: Any, reduce: bool) -> Any:
    z = two_products(d, e, np.int64(0), np.int64(0))
    over = z[1]
    if not fits(z):
        return False, a, b, d
    x, y = two_products(a, p, b, q), two_products(a, q, b, p + q)
    if not reduce:
        return fits(x) and fits(y), x[1], y[1], over
    h = gcd(np.uint64(over), remainder(x, np.uint64(over)))
    h = gcd(h, remainder(y, h))
    ok, p = _reduced(x, h)
    fine, q = _reduced(y, h)
    return ok and fine, p, q, np.int64(np.uint64(over) // h)

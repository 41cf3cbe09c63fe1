"""Compiled loops: determinants, inverses and solutions of orders 1 to 4 by cofactors, in int64.

Without divisions, what wraps on the way is right at the end where int64 holds the result; the
callers have proved that it does.

Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

from syntonic.jit.compile import njit

__all__ = ["FITS", "LONG", "ZERO", "dets", "quotients", "solutions"]

FITS, ZERO, LONG = 0, 1, 2

_SAFE = 9.2e18  # below 2^63 by more than the roundings of three products


@njit
def times(a: int, b: int, c: int, d: int) -> tuple[int, int]:
    """Return (a + bφ)(c + dφ)."""
    ac = a * c
    return ac + b * d, (a + b) * (c + d) - ac


@njit
def minor_2(a: Any, b: Any, r: int, s: int, u: int, v: int) -> tuple[int, int]:
    """Return the minor of rows r, s and columns u, v."""
    p, q = times(a[r, u], b[r, u], a[s, v], b[s, v])
    x, y = times(a[r, v], b[r, v], a[s, u], b[s, u])
    return p - x, q - y


@njit
def minor_3(a: Any, b: Any, r: int, s: int, t: int, u: int, v: int, w: int) -> tuple[int, int]:
    """Return the minor of rows r, s, t and columns u, v, w, along row r."""
    p, q = times(a[r, u], b[r, u], *minor_2(a, b, s, t, v, w))
    x, y = times(a[r, v], b[r, v], *minor_2(a, b, s, t, u, w))
    m, n = times(a[r, w], b[r, w], *minor_2(a, b, s, t, u, v))
    return p - x + m, q - y + n


@njit
def cofactor(a: Any, b: Any, i: int, j: int) -> tuple[int, int]:
    """Return (-1)^(i+j) times the minor without row i and column j."""
    n = a.shape[0]
    r, s, t = int(i == 0), 1 + int(i <= 1), 2 + int(i <= 2)  # the rows but i
    u, v, w = int(j == 0), 1 + int(j <= 1), 2 + int(j <= 2)
    p, q = 1, 0
    if n == 2:
        p, q = a[r, u], b[r, u]
    elif n == 3:
        p, q = minor_2(a, b, r, s, u, v)
    elif n == 4:
        p, q = minor_3(a, b, r, s, t, u, v, w)
    return (-p, -q) if (i + j) % 2 else (p, q)


@njit
def dets(first: int, last: int, a: Any, b: Any, out: Any) -> None:
    """Write the determinants of matrices (batch, n, n) to out, shape (2, batch)."""
    for k in range(first, last):
        out[0, k], out[1, k] = 0, 0
        for j in range(a.shape[1]):
            p, q = cofactor(a[k], b[k], 0, j)
            x, y = times(p, q, a[k, 0, j], b[k, 0, j])
            out[0, k] += x
            out[1, k] += y


@njit
def solutions(
    first: int, last: int, a: Any, b: Any, c: Any, d: Any, adjugate: Any, out: Any, det: Any
) -> None:
    """Write adj(A), adj(A) C and det A, of shapes (2, batch, n, n), (2, batch, n, m), (2, batch).

    Where C is empty, out is not looked at.
    """
    n = a.shape[1]
    for k in range(first, last):
        left_a, left_b = adjugate[0, k], adjugate[1, k]
        for i in range(n):
            for j in range(n):
                left_a[j, i], left_b[j, i] = cofactor(a[k], b[k], i, j)
        det[0, k], det[1, k] = row_times_column(a[k], b[k], 0, left_a, left_b, 0)
        if c.size:
            for i in range(n):
                for j in range(c.shape[2]):
                    p, q = row_times_column(left_a, left_b, i, c[k], d[k], j)
                    out[0, k, i, j], out[1, k, i, j] = p, q


@njit
def row_times_column(a: Any, b: Any, i: int, c: Any, d: Any, j: int) -> tuple[int, int]:
    """Return an entry of the product of two matrices."""
    x, y = 0, 0
    for t in range(a.shape[1]):
        p, q = times(a[i, t], b[i, t], c[t, j], d[t, j])
        x += p
        y += q
    return x, y


@njit
def largest(x: Any, k: int) -> float:
    """Return the largest |x[:, k]|, as a float that is rounded."""
    out = 0.0
    for part in range(2):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                out = max(out, abs(float(x[part, k, i, j])))
    return out


@njit
def quotients(x: Any, y: Any, scale: int, below: int, norms: Any) -> int:
    """Replace x, of shape (2, batch, n, m), by the numerators of scale·x/(y·below) over norms.

    Returns FITS, or else leaves x as it is and returns ZERO where a y is 0, LONG where int64 does
    not hold a result.
    """
    for k in range(norms.size):
        if y[0, k] == 0 and y[1, k] == 0:
            return ZERO
    for k in range(norms.size):
        size = max(abs(float(y[0, k])), abs(float(y[1, k])))
        if 3.0 * size * max(size * float(below), largest(x, k) * float(scale)) > _SAFE:
            return LONG
    for k in range(norms.size):
        # 1/(c + dφ) = (c + d - dφ)/(c² + cd - d²)
        c, d = y[0, k], y[1, k]
        norm = c * c + c * d - d * d
        factor = scale if norm > 0 else -scale
        norms[k] = abs(norm) * below
        p, q = factor * (c + d), -factor * d
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                x[0, k, i, j], x[1, k, i, j] = times(x[0, k, i, j], x[1, k, i, j], p, q)
    return FITS

"""Compiled loops: linear algebra modulo primes p < 2^50, in doubles with fused multiply-add.

A residue is a double with an integral value r, |r| < p. One operation does everything:

    x - yz mod p:   h = fl(yz),  l = yz - h (exact, by fma),  q = the integer nearest to
                    fl(x - h)·fl(1/p),  result = (-h - qp) + (x - l).

Proof, for |x| <= 2^51 and |y|, |z| < p < 2^50. Let u = 2^-53. The real quotient w = (x - yz)/p has
|w| <= 2^50 + 3. The computed one errs by the rounding of h, of x - h and of 1/p, each at most
u|w| (1 + 2u): less than 3/8 + 2^-50; its product with 1/p is rounded only together with the
addition of 3·2^51, to the nearest integer. So |w - q| < 7/8 + 2^-49 and the result,
(x - yz) - qp, is below 0.88 p in size. The fma computes -h - qp exactly: that is the result minus
x - l, an integer (h is one) below 2^52. x - l is an integer too, exact, and so is their sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.compile import njit
from syntonic.jit.floats import fma

__all__ = [
    "charpoly_residues",
    "det_residues",
    "less_product",
    "pivot_profiles",
    "solve_residues",
]

_ROUND = 6755399441055744.0  # 3·2^51: adding it rounds to an integer
_LIMB = 281474976710656.0  # 2^48, the base of the entries' limbs
_SMALL_ORDER = 16


@njit
def less_product(x: float, y: float, z: float, p: float, inverse: float) -> float:
    """Return x - yz modulo p."""
    h = y * z
    low = fma(y, z, -h)
    q = fma(x - h, inverse, _ROUND) - _ROUND
    return fma(-q, p, -h) + (x - low)


@njit
def subtract_multiple(x: Any, y: float, z: Any, p: float, inverse: float) -> None:
    """Do x -= yz modulo p, for rows x and z."""
    for j in range(x.size):
        x[j] = less_product(x[j], y, z[j], p, inverse)


@njit
def reciprocal(x: float, p: float) -> float:
    """Return 1/x modulo p, for x not 0, by Euclid's algorithm."""
    r, s = int(p), int(x)
    if s < 0:
        s += r
    m, n = 0, 1
    while s != 0:
        q = r // s
        r, s = s, r - q * s
        m, n = n, m - q * n
    return float(m)


@njit
def load(out: Any, a: Any, b: Any, root: float, p: float, inverse: float) -> None:
    """Write a + b·root modulo p, for entries in limbs of 48 bits, the lowest first."""
    top = a.shape[0] - 1
    for i in range(out.shape[0]):
        row = out[i]
        over, under = a[top, i], b[top, i]
        for j in range(row.size):
            row[j] = less_product(over[j], -under[j], root, p, inverse)
        for k in range(top - 1, -1, -1):
            over, under = a[k, i], b[k, i]
            for j in range(row.size):
                high = less_product(over[j], -row[j], _LIMB, p, inverse)
                row[j] = less_product(high, -under[j], root, p, inverse)


@njit
def swap(m: Any, i: int, j: int) -> None:
    """Exchange two rows."""
    for k in range(m.shape[1]):
        m[i, k], m[j, k] = m[j, k], m[i, k]


@njit
def eliminate(
    m: Any, width: int, reduced: bool, columns: Any, order: Any, scale: Any, p: float
) -> float:
    """Bring m to echelon form with pivots among its first `width` columns.

    `columns` receives the pivot columns (-1 after the last), `order` the rows as they end up,
    `scale` the reciprocals of the pivots. `reduced` clears above the pivots too. Returns the
    determinant of the first columns, if m has `width` rows.
    """
    inverse, det, rank = 1.0 / p, 1.0, 0
    rows = m.shape[0]
    columns[:] = -1
    for i in range(rows):
        order[i] = i
    for c in range(width):
        pivot = rank
        while pivot < rows and m[pivot, c] == 0.0:
            pivot += 1
        if pivot >= rows:
            det = 0.0
            continue
        if pivot != rank:
            swap(m, pivot, rank)
            order[pivot], order[rank] = order[rank], order[pivot]
            det = -det
        det = less_product(0.0, -det, m[rank, c], p, inverse)
        scale[rank] = reciprocal(m[rank, c], p)
        columns[rank] = c
        tail = m[rank, c + 1 :]
        for i in range(0 if reduced else rank + 1, rows):
            if i != rank and m[i, c] != 0.0:
                y = less_product(0.0, -m[i, c], scale[rank], p, inverse)
                subtract_multiple(m[i, c + 1 :], y, tail, p, inverse)
        rank += 1
    return det


@njit
def small_determinant(m: Any, p: float) -> float:
    """Return det m with a single reciprocal, multiplying rows up: the quicker way if m is small."""
    n, inverse = m.shape[0], 1.0 / p
    det, over = 1.0, 1.0
    for c in range(n):
        pivot = c
        while pivot < n and m[pivot, c] == 0.0:
            pivot += 1
        if pivot == n:
            return 0.0
        if pivot != c:
            swap(m, pivot, c)
            det = -det
        x, top = m[c, c], m[c, c + 1 :]
        det = less_product(0.0, -det, x, p, inverse)
        for i in range(c + 1, n):
            y, row = m[i, c], m[i, c + 1 :]
            if y != 0.0:
                over = less_product(0.0, -over, x, p, inverse)
                for j in range(row.size):
                    scaled = less_product(0.0, -row[j], x, p, inverse)
                    row[j] = less_product(scaled, y, top[j], p, inverse)
    return less_product(0.0, -det, reciprocal(over, p), p, inverse)


@njit
def combine(out: Any, v: Any, w: Any, field: Any) -> None:
    """Write the residues of a and b to out[0], out[1], from the images at the two roots."""
    p, root, slope = field[0], field[1], field[3]
    inverse = 1.0 / p
    for j in range(v.size):
        b = less_product(0.0, -v[j], slope, p, inverse)
        b = less_product(b, w[j], slope, p, inverse)
        out[0, j] = less_product(v[j], b, root, p, inverse)
        out[1, j] = b


@njit
def det_residues(a: Any, b: Any, table: Any, out: Any) -> None:
    """Write the determinants' residues to out, shape (primes, 2, batch).

    a, b are limbs of shape (limbs, batch, n, n).
    """
    batch, n = a.shape[1], a.shape[2]
    work, images = np.empty((n, n)), np.empty((2, 1))
    columns, order = np.empty(n, np.int64), np.empty(n, np.int64)
    scale = np.empty(n)
    for k in range(table.shape[0]):
        p = table[k, 0]
        for i in range(batch):
            for r in range(2):
                load(work, a[:, i], b[:, i], table[k, 1 + r], p, 1.0 / p)
                if n <= _SMALL_ORDER:
                    images[r, 0] = small_determinant(work, p)
                else:
                    images[r, 0] = eliminate(work, n, False, columns, order, scale, p)
            combine(out[k, :, i : i + 1], images[0], images[1], table[k])


@njit
def solve_residues(first: int, last: int, a: Any, b: Any, table: Any, dets: Any, out: Any) -> None:
    """Write the residues of det A and of adj(A) B for augmented matrices [A | B], first to last.

    a, b are limbs of shape (limbs, batch, n, n + m); dets has shape (primes, 2, batch), out
    (primes, 2, batch, n·m). Where A is singular at a root, out is NaN.
    """
    n, width = a.shape[2], a.shape[3]
    work, images = np.empty((n, width)), np.empty((2, n * (width - n)))
    columns, order = np.empty(n, np.int64), np.empty(n, np.int64)
    scale, det = np.empty(n), np.empty((2, 1))
    for k in range(table.shape[0]):
        p = table[k, 0]
        for i in range(first, last):
            for r in range(2):
                load(work, a[:, i], b[:, i], table[k, 1 + r], p, 1.0 / p)
                if n <= _SMALL_ORDER:
                    det[r, 0] = small_solution(images[r], work, scale, p)
                else:
                    det[r, 0] = eliminate(work, n, True, columns, order, scale, p)
                    solution(images[r], work, scale, det[r, 0], p)
            combine(dets[k, :, i : i + 1], det[0], det[1], table[k])
            if det[0, 0] == 0.0 or det[1, 0] == 0.0:
                out[k, :, i] = np.nan
            else:
                combine(out[k, :, i], images[0], images[1], table[k])


@njit
def solution(out: Any, work: Any, scale: Any, det: float, p: float) -> None:
    """Write det·X, row by row, from the reduced [D | DX] with the pivots' reciprocals."""
    n, m = work.shape[0], work.shape[1] - work.shape[0]
    out[:] = 0.0
    if det != 0.0:
        for i in range(n):
            y = less_product(0.0, -det, scale[i], p, 1.0 / p)
            subtract_multiple(out[i * m : i * m + m], -y, work[i, n:], p, 1.0 / p)


@njit
def small_solution(out: Any, m: Any, pivots: Any, p: float) -> float:
    """Write det·X, row by row, from [D | DX], and return det, with a single reciprocal.

    Each step multiplies the rows but its own by its pivot x_c. So x_c is the pivot of the
    elimination that divides times s_c = x_0 ... x_{c-1}, and det = ±Π x_c/Π s_c. In the end row i
    is X's times x_i ... x_{n-1}, which is s_n/s_i.
    """
    n, width, inverse = m.shape[0], m.shape[1], 1.0 / p
    det, over, product = 1.0, 1.0, 1.0  # ±Π x_c, Π s_c, s_c
    for c in range(n):
        pivot = c
        while pivot < n and m[pivot, c] == 0.0:
            pivot += 1
        if pivot == n:
            out[:] = 0.0
            return 0.0
        if pivot != c:
            swap(m, pivot, c)
            det = -det
        x, top = m[c, c], m[c, c + 1 :]
        pivots[c] = product
        det = less_product(0.0, -det, x, p, inverse)
        over = less_product(0.0, -over, product, p, inverse)
        product = less_product(0.0, -product, x, p, inverse)
        for i in range(n):
            y, row = m[i, c], m[i, c + 1 :]
            if i != c:
                for j in range(row.size):
                    scaled = less_product(0.0, -row[j], x, p, inverse)
                    row[j] = less_product(scaled, y, top[j], p, inverse)
    both = reciprocal(less_product(0.0, -over, product, p, inverse), p)
    det = less_product(0.0, -det, less_product(0.0, -both, product, p, inverse), p, inverse)
    last = less_product(0.0, -both, over, p, inverse)  # 1/s_n
    last = less_product(0.0, -det, last, p, inverse)
    for i in range(n):
        y, start = less_product(0.0, -last, pivots[i], p, inverse), i * (width - n)
        for j in range(width - n):
            out[start + j] = less_product(0.0, -y, m[i, n + j], p, inverse)
    return det


@njit
def pivot_profiles(a: Any, b: Any, table: Any, columns: Any, order: Any) -> None:
    """Write the pivot columns (-1 after the last) and the row order at each root.

    a, b are limbs of shape (limbs, batch, n, m); columns and order (primes, 2, batch, n).
    """
    work, scale = np.empty(a.shape[2:]), np.empty(a.shape[2])
    for k in range(table.shape[0]):
        p = table[k, 0]
        for r in range(2):
            for i in range(a.shape[1]):
                load(work, a[:, i], b[:, i], table[k, 1 + r], p, 1.0 / p)
                eliminate(work, a.shape[3], False, columns[k, r, i], order[k, r, i], scale, p)


@njit
def charpoly_residues(a: Any, b: Any, table: Any, out: Any) -> None:
    """Write the residues of det(xI - A), highest first, to out, (primes, 2, batch, n + 1)."""
    batch, n = a.shape[1], a.shape[2]
    work, images = np.empty((n, n)), np.empty((2, n + 1))
    for k in range(table.shape[0]):
        p = table[k, 0]
        for i in range(batch):
            for r in range(2):
                load(work, a[:, i], b[:, i], table[k, 1 + r], p, 1.0 / p)
                to_hessenberg(work, p)
                hessenberg_charpoly(images[r], work, p)
            combine(out[k, :, i], images[0], images[1], table[k])


@njit
def to_hessenberg(m: Any, p: float) -> None:
    """Make m zero below its subdiagonal, by similarities."""
    n, inverse = m.shape[0], 1.0 / p
    for c in range(n - 2):
        pivot = c + 1
        while pivot < n and m[pivot, c] == 0.0:
            pivot += 1
        if pivot == n:
            continue
        if pivot != c + 1:
            swap(m, pivot, c + 1)
            swap(m.T, pivot, c + 1)
        scale = reciprocal(m[c + 1, c], p)
        for i in range(c + 2, n):
            if m[i, c] != 0.0:
                y = less_product(0.0, -m[i, c], scale, p, inverse)
                subtract_multiple(m[i, c:], y, m[c + 1, c:], p, inverse)
                m[i, c] = y
        # The inverse of these row operations, from the right: column c+1 gains y_i times column i.
        for i in range(c + 2, n):
            subtract_multiple(m[:, c + 1], -m[i, c], m[:, i], p, inverse)
            m[i, c] = 0.0


@njit
def hessenberg_charpoly(out: Any, h: Any, p: float) -> None:
    """Write the characteristic polynomial of a Hessenberg matrix, highest coefficient first.

    With f_k that of the leading k rows and columns, from 0: f_0 = 1 and
    f_{k+1} = (x - h_kk) f_k - Σ_{i<k} h_ik (Π_{i<j<=k} h_{j,j-1}) f_i.
    """
    n, inverse = h.shape[0], 1.0 / p
    f = np.zeros((n + 1, n + 1))  # f[k, j] is the coefficient of x^(n-j)
    f[0, n] = 1.0
    for k in range(n):
        f[k + 1, :n] = f[k, 1:]
        subtract_multiple(f[k + 1], h[k, k], f[k], p, inverse)
        product = 1.0
        for i in range(k - 1, -1, -1):
            product = less_product(0.0, -product, h[i + 1, i], p, inverse)
            y = less_product(0.0, -product, h[i, k], p, inverse)
            subtract_multiple(f[k + 1], y, f[i], p, inverse)
    out[:] = f[n]

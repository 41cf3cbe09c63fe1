"""Values by other means: elimination on pairs, FLINT, PARI, and words for what NumPy lacks."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any

import flint
import numpy as np

from .pairs import Pair, nearest_float

try:
    import cypari
except ImportError:
    cypari = None

__all__ = ["FUNCTIONS", "LINALG", "METHODS", "UFUNCS"]


def each(function: Callable[..., Any], kind: Any = object) -> Callable[..., Any]:
    """Return a function of numbers, element by element on broadcast object arrays."""

    def applied(*arrays: Any) -> Any:
        parts = np.broadcast_arrays(*(np.asarray(x, object) for x in arrays))
        out = np.empty(parts[0].shape, kind)
        for i in np.ndindex(out.shape):
            out[i] = function(*(Pair.of(p[i]) for p in parts))
        return out

    return applied


def constant(value: bool) -> Callable[..., Any]:
    return lambda x: np.full(np.shape(x), value)


def same(x: Any, *args: Any, **kwargs: Any) -> Any:
    return x


# -- linear algebra by elimination on pairs ---------------------------------------------------


def batched(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Apply a function of one matrix to the matrices of a batch."""

    def applied(x: Any) -> Any:
        out = [function(x[i]) for i in np.ndindex(x.shape[:-2])]
        shape = np.shape(out[0])
        flat = np.empty((len(out), int(np.prod(shape))), object)
        for row, value in zip(flat, out, strict=True):
            row[:] = np.asarray(value, object).ravel()
        return flat.reshape(x.shape[:-2] + shape)

    return applied


def reduced(matrix: Any) -> tuple[Any, list[int]]:
    """Return the reduced row echelon form by Gauss and Jordan, and its pivot columns."""
    m, pivots = np.array(matrix, object), []
    for column in range(m.shape[1]):
        row = len(pivots)
        below = [i for i in range(row, len(m)) if m[i, column] != 0]
        if not below:
            continue
        m[[row, below[0]]] = m[[below[0], row]]
        m[row] = m[row] / m[row, column]
        for i in range(len(m)):
            if i != row:
                m[i] = m[i] - m[row] * m[i, column]
        pivots.append(column)
    return m, pivots


def determinant(matrix: Any) -> Pair:
    """Return the determinant by expanding along the first row."""
    if len(matrix) == 0:
        return Pair(1)
    out = Pair(0)
    for j, x in enumerate(matrix[0]):
        minor = np.delete(matrix[1:], j, axis=1)
        out = out + (-1) ** j * x * determinant(minor)
    return out


def solved(a: Any, b: Any) -> Any:
    right = b[:, None] if b.ndim == 1 else b
    form, pivots = reduced(np.hstack([a, right]))
    if pivots[: len(a)] != list(range(len(a))):
        raise ZeroDivisionError("singular")
    out = form[:, len(a) :]
    return out[:, 0] if b.ndim == 1 else out


def unit(n: int) -> Any:
    return np.array([[Pair(i == j) for j in range(n)] for i in range(n)], object)


def inverse(x: Any) -> Any:
    return batched(lambda m: solved(m, unit(len(m))))(x)


def kernel(matrix: Any) -> Any:
    form, pivots = reduced(matrix)
    free = [j for j in range(matrix.shape[1]) if j not in pivots]
    out = np.full((matrix.shape[1], len(free)), Pair(0), object)
    for k, j in enumerate(free):
        out[j, k] = Pair(1)
        for i, pivot in enumerate(pivots):
            out[pivot, k] = -form[i, j]
    return out


def characteristic(matrix: Any) -> Any:
    """Return the coefficients of det(t - matrix) by Faddeev and LeVerrier."""
    n = len(matrix)
    out, m = [Pair(1)], unit(n)
    for k in range(1, n + 1):
        m = matrix @ m
        out.append(sum(np.diagonal(m), Pair(0)) * Fraction(-1, k))
        m = m + unit(n) * out[-1]
    return out


def power(x: Any, n: int) -> Any:
    base = inverse(x) if n < 0 else x
    out = np.broadcast_to(unit(x.shape[-1]), x.shape)
    for _ in range(abs(n)):
        out = out @ base
    return out


def rank(x: Any) -> Any:
    if x.ndim < 2:
        return int(any(v != 0 for v in np.ravel(x)))
    out = np.array([len(reduced(x[i])[1]) for i in np.ndindex(x.shape[:-2])])
    return out.reshape(x.shape[:-2])


# -- the same by FLINT, over the rational matrix of order 2n in which φ is a block --------------


def to_flint(matrix: Any) -> Any:
    out = flint.fmpq_mat(2 * matrix.shape[0], 2 * matrix.shape[1])
    for i, j in np.ndindex(matrix.shape):
        a, b = (flint.fmpq(v.numerator, v.denominator) for v in (matrix[i, j].a, matrix[i, j].b))
        out[2 * i, 2 * j], out[2 * i, 2 * j + 1] = a, b
        out[2 * i + 1, 2 * j], out[2 * i + 1, 2 * j + 1] = b, a + b
    return out


def from_flint(matrix: Any) -> Any:
    def entry(i: int, j: int) -> Pair:
        parts = matrix[2 * i, 2 * j], matrix[2 * i, 2 * j + 1]
        return Pair(*(Fraction(int(v.p), int(v.q)) for v in parts))

    rows, columns = matrix.nrows() // 2, matrix.ncols() // 2
    return np.array([[entry(i, j) for j in range(columns)] for i in range(rows)], object).reshape(
        rows, columns
    )


def flint_solved(a: Any, b: Any) -> Any:
    right = b[:, None] if b.ndim == 1 else b
    out = from_flint(to_flint(a).solve(to_flint(right)))
    return out[:, 0] if b.ndim == 1 else out


def flint_product(a: Any, b: Any) -> Any:
    if a.ndim > 2:
        return np.array([flint_product(x, y) for x, y in zip(a, b, strict=True)], object)
    x, y = a if a.ndim == 2 else a[None], b if b.ndim == 2 else b[:, None]
    out = from_flint(to_flint(x) * to_flint(y))
    out = out if a.ndim == 2 else out[0]
    return out if b.ndim == 2 else out[..., 0]


# -- and by PARI, over Q[y]/(y² - y - 1) ---------------------------------------------------------


def to_pari(matrix: Any) -> Any:
    rows = (",".join(f"Mod({x.a}+({x.b})*y,y^2-y-1)" for x in row) for row in np.atleast_2d(matrix))
    return cypari.pari(f"[{';'.join(rows)}]")


def from_pari(x: Any) -> Pair:
    parts = [cypari.pari(f"(x)->polcoeff(lift(Mod(x,y^2-y-1)),{k})")(x) for k in (0, 1)]
    return Pair(*(Fraction(str(v)) for v in parts))


def pari_determinant(matrix: Any) -> Pair:
    return from_pari(to_pari(matrix).matdet())


def pari_characteristic(matrix: Any) -> list[Pair]:
    polynomial = to_pari(matrix).charpoly()
    n = len(matrix)
    return [from_pari(cypari.pari("polcoeff")(polynomial, n - k)) for k in range(n + 1)]


def pari_inverse(matrix: Any) -> Any:
    out = cypari.pari("(m)->m^-1")(to_pari(matrix))
    n = len(matrix)
    return np.array([[from_pari(out[i, j]) for j in range(n)] for i in range(n)], object)


def if_pari(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    return [batched(function)] if cypari is not None else []


# -- the tables: for each name all the oracles there are ------------------------------------------

LINALG: dict[str, list[Callable[..., Any]]] = {
    "chain_product": [lambda x: reduce(np.matmul, x)],
    "rref": [lambda m: tuple(reduced(m)[:2])],
    "charpoly": [batched(characteristic), *if_pari(pari_characteristic)],
    "det": [batched(determinant), *if_pari(pari_determinant)],
    "echelon": [
        batched(lambda m: reduced(m)[0]),
        batched(lambda m: from_flint(to_flint(m).rref()[0])),
    ],
    "inv": [inverse, batched(lambda m: from_flint(to_flint(m).inv())), *if_pari(pari_inverse)],
    "matmul": [np.matmul, flint_product],
    "matrix_power": [power],
    "nullspace": [batched(kernel)],
    "rank": [rank, batched(lambda m: to_flint(m).rank() // 2)],
    "solve": [solved, flint_solved],
    "trace": [lambda x: np.trace(x, axis1=-2, axis2=-1)],
}


def sorted_stably(x: Any, *args: Any, axis: Any = -1, **kwargs: Any) -> Any:
    return np.argsort(x, axis=axis, kind="stable")


def tensor_solved(a: Any, b: Any) -> Any:
    return solved(a.reshape(b.size, -1), b.ravel()).reshape(a.shape[b.ndim :])


def tensor_inverse(a: Any, ind: int) -> Any:
    rows = int(np.prod(a.shape[:ind]))
    return inverse(a.reshape(rows, -1)).reshape(a.shape[ind:] + a.shape[:ind])


def digitized(x: Any, bins: Any, right: bool = False) -> Any:
    return np.searchsorted(bins, x, side="left" if right else "right")


FUNCTIONS: dict[str, list[Callable[..., Any]]] = {
    **{name: [same] for name in (
        "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "nan_to_num", "real",
        "real_if_close", "require",
    )},
    **{f"nan{f.__name__}": [f] for f in (
        np.argmax, np.argmin, np.cumprod, np.cumsum, np.max, np.mean, np.median, np.min, np.prod,
        np.sum, np.var,
    )},
    "around": [lambda x, decimals=0: each(lambda v: v.rounded(decimals))(x)],
    "argpartition": [sorted_stably],
    "astype": [lambda x, dtype: x],
    "digitize": [digitized],
    "empty_like": [np.zeros_like],
    "fix": [each(int)],
    "imag": [np.zeros_like],
    "iscomplex": [constant(False)],
    "isneginf": [constant(False)],
    "isposinf": [constant(False)],
    "isreal": [constant(True)],
    "linalg.det": LINALG["det"],
    "linalg.inv": LINALG["inv"],
    "linalg.matrix_power": LINALG["matrix_power"],
    "linalg.matrix_rank": [rank],
    "linalg.solve": LINALG["solve"],
    "linalg.tensorinv": [tensor_inverse],
    "linalg.tensorsolve": [tensor_solved],
    "partition": [lambda x, kth: np.sort(x)],
    "round": [lambda x, decimals=0: each(lambda v: v.rounded(decimals))(x)],
    "unique_values": [np.unique],
}  # fmt: skip

UFUNCS: dict[str, list[Callable[..., Any]]] = {
    "clip": [each(lambda x, low, high: min(max(x, low), high))],
    "copysign": [each(lambda x, y: -abs(x) if y < 0 else abs(x))],
    "divmod": [lambda x, y: (x // y, x % y)],
    "fabs": [abs],
    "fmod": [each(lambda x, y: x - y * int(x / y))],
    "hypot": [],  # no roots of these pairs: tests/tensor/test_norms.py squares the results
    "sqrt": [],
    "heaviside": [each(lambda x, y: y if x == 0 else Pair(x > 0))],
    "imag": [np.zeros_like],
    "isfinite": [constant(True)],
    "isinf": [constant(False)],
    "isnan": [constant(False)],
    "ldexp": [each(lambda x, n: x * Fraction(2) ** int(n))],
    "logical_and": [each(lambda x, y: bool(x) and bool(y), bool)],
    "logical_not": [each(lambda x: not x, bool)],
    "logical_or": [each(lambda x, y: bool(x) or bool(y), bool)],
    "logical_xor": [each(lambda x, y: bool(x) != bool(y), bool)],
    "matvec": [lambda x, y: x @ y],
    "modf": [lambda x: (x - each(int)(x), each(int)(x))],
    "real": [same],
    "sign": [each(Pair.sign)],
    "signbit": [each(lambda x: x < 0, bool)],
    "trunc": [each(int)],
    "vecdot": [lambda x, y: (x * y).sum(axis=-1)],
    "vecmat": [lambda x, y: x @ y],
}


def numerators(x: Any) -> tuple[Any, Any, int]:
    d = lcm(*(part.denominator for v in x.flat for part in (v.a, v.b)))
    return each(lambda v: v.a * d)(x), each(lambda v: v.b * d)(x), d


METHODS: dict[str, list[Callable[..., Any]]] = {
    "ceil": [each(Pair.__ceil__)],
    "field_norm": [each(lambda x: x * x.galois())],
    "field_trace": [each(lambda x: x + x.galois())],
    "floor": [each(Pair.__floor__)],
    "galois_conjugate": [each(Pair.galois)],
    "relu": [each(lambda x: max(x, Pair(0)))],
    "round": FUNCTIONS["round"],
    "sign": UFUNCS["sign"],
    "to_floats": [each(nearest_float, float)],
}

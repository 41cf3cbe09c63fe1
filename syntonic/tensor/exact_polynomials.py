"""The exact forms of NumPy's functions of polynomials, and of convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.lattice import arithmetic, joining, products, scans
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.tensor.exact_joining import ONE, full_like, zeros_like
from syntonic.tensor.exact_moving import trim_zeros

__all__ = [
    "convolve",
    "correlate",
    "polyadd",
    "polyder",
    "polygrid2d",
    "polymul",
    "polysub",
    "polyval",
    "polyval2d",
    "polyvalnd",
    "vander",
]


def convolve(a: LatticeArray, v: LatticeArray, mode: Any = "full") -> LatticeArray:
    return _sliding(partial(np.convolve, mode=mode), a, v)


def correlate(a: LatticeArray, v: LatticeArray, mode: Any = "valid") -> LatticeArray:
    return _sliding(partial(np.correlate, mode=mode), a, v)


def _sliding(function: Callable[[Any, Any], Any], a: LatticeArray, v: LatticeArray) -> LatticeArray:
    return products.contract(function, a, v, min(a.size, v.size), ((0,), (0,)))


# -- coefficients from the highest power down, as np.polyval takes them ---------------------


def polyadd(a1: LatticeArray, a2: LatticeArray) -> LatticeArray:
    return arithmetic.add(*_of_one_degree(a1, a2))


def polysub(a1: LatticeArray, a2: LatticeArray) -> LatticeArray:
    return arithmetic.subtract(*_of_one_degree(a1, a2))


def _of_one_degree(*polynomials: LatticeArray) -> list[LatticeArray]:
    lines = [p.map(np.atleast_1d) for p in polynomials]
    longest = max(p.shape[0] for p in lines)

    def padded(part: Any) -> Any:
        missing = np.zeros((longest - part.shape[0], *part.shape[1:]), part.dtype)
        return np.concatenate([missing, part])

    return [p.map(padded) for p in lines]


def polymul(a1: LatticeArray, a2: LatticeArray) -> LatticeArray:
    factors = [p.map(np.atleast_1d) for p in (a1, a2)]
    for p in factors:
        if p.ndim > 1:
            raise ShapeError(f"polymul: a polynomial must have one axis, got shape {p.shape}")
    trimmed = [trim_zeros(p, "f") for p in factors]
    return convolve(*(p if p.size else zeros_like(p, shape=(1,)) for p in trimmed))


def polyder(p: LatticeArray, m: int = 1) -> LatticeArray:
    if m < 0:
        raise ValueError(f"polyder: m must not be negative, got {m}")
    if p.ndim == 0:
        raise ShapeError("polyder: a polynomial must have an axis, got a 0-d array")
    for _ in range(min(m, p.shape[0])):
        powers = np.arange(p.shape[0] - 1, 0, -1)
        p = arithmetic.multiply(p[:-1], as_lattice(powers))
    return p


def polyval(p: LatticeArray, x: LatticeArray) -> LatticeArray:
    if p.ndim == 0:
        raise ShapeError("polyval: a polynomial must have an axis, got a 0-d array")
    return _horner(x, [p[i] for i in range(p.shape[0])])


def _horner(x: LatticeArray, coefficients: Sequence[LatticeArray]) -> LatticeArray:
    """Return the polynomial with these coefficients, from the highest power down, at x."""
    out = zeros_like(x)
    for i, c in enumerate(coefficients):
        out = arithmetic.add(arithmetic.multiply(out, x) if i else out, c)
    return out


def vander(x: LatticeArray, N: int | None = None, increasing: bool = False) -> LatticeArray:
    if x.ndim != 1:
        raise ShapeError(f"vander: x must have one axis, got shape {x.shape}")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise ValueError(f"vander: N must not be negative, got {count}")
    if count == 0:
        return zeros_like(x, shape=(x.shape[0], 0))
    factors = x.map(lambda part: np.broadcast_to(part[:, None], (x.shape[0], count - 1)))
    ones = full_like(x, ONE, shape=(x.shape[0], 1))
    powers = scans.cumprod(factors, 1)
    out = joining.join(lambda *parts: np.concatenate(parts, 1), ones, powers)
    return out if increasing else out[:, ::-1]


# -- coefficients from the constant up, as numpy.polynomial takes them ----------------------


def polyval2d(x: LatticeArray, y: LatticeArray, c: LatticeArray) -> LatticeArray:
    return polyvalnd((x, y), c)


def polyvalnd(pts: Sequence[LatticeArray], c: LatticeArray) -> LatticeArray:
    shapes = [x.shape for x in pts]
    if len(set(shapes)) != 1:
        raise ShapeError(f"polyvalnd: the coordinates must have one shape, got {shapes}")
    out = _at(c, pts[0])
    for x in pts[1:]:
        out = _horner(x, _descending(out))
    return out


def polygrid2d(x: LatticeArray, y: LatticeArray, c: LatticeArray) -> LatticeArray:
    return _at(_at(c, x), y)


def _at(c: LatticeArray, x: LatticeArray) -> LatticeArray:
    """Return the polynomials whose coefficients stand along the first axis of c, all at all x."""
    tail = (1,) * x.ndim
    return _horner(x, _descending(c.map(lambda part: part.reshape(part.shape + tail))))


def _descending(c: LatticeArray) -> list[LatticeArray]:
    c = c.map(np.atleast_1d)
    if c.shape[0] == 0:
        raise ShapeError(f"a polynomial must have a coefficient, got shape {c.shape}")
    return [c[i] for i in range(c.shape[0] - 1, -1, -1)]

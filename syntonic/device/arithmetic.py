"""Element-wise arithmetic and sums of exact arrays on a device."""

from __future__ import annotations

from math import lcm, prod
from typing import Any

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.device.array import Bounds, DeviceLattice, fits
from syntonic.device.fields import count_for, first, reduced
from syntonic.flux.backend import contiguous
from syntonic.flux.cuda import exact
from syntonic.flux.device import is_cuda

__all__ = ["add", "aligned", "multiply", "negative", "product_bounds", "subtract", "sum"]


def add(x: DeviceLattice, y: DeviceLattice) -> DeviceLattice:
    """Return x + y."""
    return _sum(x, y, 1, "add")


def subtract(x: DeviceLattice, y: DeviceLattice) -> DeviceLattice:
    """Return x - y."""
    return _sum(x, y, -1, "subtract")


def negative(x: DeviceLattice) -> DeviceLattice:
    """Return -x."""
    if x.pair is not None:
        x = x if fits(x.bounds) else x.measured()
        if fits(x.bounds):
            a, b = x.pair
            return DeviceLattice.packed(-a, -b, x.divisor, x.bounds)
    count = count_for(max(x.bounds), "negative")
    return DeviceLattice.wide(-x.images(count), x.divisor, x.bounds)


def multiply(x: DeviceLattice, y: DeviceLattice) -> DeviceLattice:
    """Return xy, by (a + bφ)(c + dφ) = (ac + bd) + (ad + bc + bd)φ, or residue by residue."""
    divisor = x.divisor * y.divisor
    if not (packed := x.pair is not None and y.pair is not None) or not fits(_bounds(x, y)):
        x, y = x.measured(), y.measured()
    bounds = _bounds(x, y)
    if packed and fits(bounds):
        return DeviceLattice.packed(*_product(x.pair, y.pair), divisor, bounds)
    primes = first(count_for(max(bounds), "multiply"))
    v, w = aligned(x, y, len(primes))
    out = reduced(v.astype(np.int64) * w, primes)
    return DeviceLattice.wide(out, divisor, bounds).least("multiply")


def sum(x: DeviceLattice, axes: tuple[int, ...], keepdims: bool = False) -> DeviceLattice:
    """Return the sum along axes, given from 0 on."""
    if not axes:
        return x
    x, terms = x.common("sum"), max(1, prod(x.shape[i] for i in axes))
    if x.pair is not None and not fits(_times(x.bounds, terms)):
        x = x.measured()
    bounds = _times(x.bounds, terms)
    if x.pair is not None and fits(bounds):
        a, b = (part.sum(axis=axes, dtype=np.int64, keepdims=keepdims) for part in x.pair)
        return DeviceLattice.packed(a, b, x.divisor, bounds)
    primes = first(count_for(max(bounds), "sum"))
    shifted = tuple(i + 2 for i in axes)
    # Fewer than 2^42 residues below 2^21.
    total = x.images(len(primes)).sum(axis=shifted, dtype=np.int64, keepdims=keepdims)
    return DeviceLattice.wide(reduced(total, primes), x.divisor, bounds).least("sum")


def product_bounds(x: Bounds, y: Bounds, terms: int = 1) -> Bounds:
    """Return the bounds of sums of so many products."""
    (a, b), (c, d) = x, y
    return terms * (a * c + b * d), terms * (a * d + b * c + b * d)


def aligned(x: DeviceLattice, y: DeviceLattice, count: int) -> tuple[Any, Any]:
    """Return the residues of both with equally many axes, so that they broadcast."""
    ndim = max(x.ndim, y.ndim)
    v, w = (_padded(z.images(count), ndim) for z in (x, y))
    return v, w


def _padded(residues: Any, ndim: int) -> Any:
    shape = residues.shape
    return residues.reshape(*shape[:2], *(1,) * (ndim + 2 - len(shape)), *shape[2:])


def _bounds(x: DeviceLattice, y: DeviceLattice) -> Bounds:
    return product_bounds(x.bounds, y.bounds)


def _times(bounds: Bounds, n: int) -> Bounds:
    return bounds[0] * n, bounds[1] * n


def _product(x: Any, y: Any) -> tuple[Any, Any]:
    (a, b), (c, d) = x, y
    if is_cuda(a) and a.shape == c.shape:
        return exact.multiply(*map(contiguous, (a, b, c, d)))
    bd = b * d
    return a * c + bd, a * d + b * c + bd


def _sum(x: DeviceLattice, y: DeviceLattice, sign: int, where: str) -> DeviceLattice:
    x, y = x.common(where), y.common(where)
    divisor = lcm(x.divisor, y.divisor)
    s, t = divisor // x.divisor, divisor // y.divisor
    packed = x.pair is not None and y.pair is not None and max(s, t) <= INT64_MAX
    if not packed or not fits(_sum_bounds(x, y, s, t)):
        x, y = x.measured(), y.measured()
    bounds = _sum_bounds(x, y, s, t)
    if packed and fits(bounds):
        parts = zip(x.pair, y.pair, strict=True)
        a, b = (_combined(p, q, s, t, sign) for p, q in parts)
        return DeviceLattice.packed(a, b, divisor, bounds)
    primes = first(count_for(max(bounds), where))
    v, w = aligned(x, y, len(primes))
    v, w = (_scaled(z, n, primes) for z, n in ((v, s), (w, sign * t)))
    return DeviceLattice.wide(reduced(v + w, primes), divisor, bounds).least(where)


def _sum_bounds(x: DeviceLattice, y: DeviceLattice, s: int, t: int) -> Bounds:
    (a, b), (c, d) = x.bounds, y.bounds
    return s * a + t * c, s * b + t * d


def _combined(p: Any, q: Any, s: int, t: int, sign: int) -> Any:
    p, q = (p if s == 1 else p * s), (q if t == 1 else q * t)
    return p + q if sign > 0 else p - q


def _scaled(residues: Any, n: int, primes: Any) -> Any:
    """Return residues times an integer, below 2^43 in size, as int64."""
    if abs(n) == 1:
        return residues.astype(np.int64) * n
    return residues * primes.modulo(residues, n, residues.ndim)

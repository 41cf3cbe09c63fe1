"""Matrix products of exact arrays on a device, through float64 products that are exact.

Small numbers are multiplied as they are: three products of matrices, whose sums stay below 2^53.
Others are multiplied modulo split primes: two products a prime, of residues so small that the sums
stay below 2^53, too. Below that bound additions in any order, and fused ones, are exact; that the
device's float64 products are plain ones is tried once, on a worst case.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from syntonic.device.arithmetic import product_bounds
from syntonic.device.array import DeviceLattice
from syntonic.device.fields import TERMS, Primes, count_for, first, remainders
from syntonic.errors import DeviceError, ShapeError
from syntonic.flux.device import namespace, to_host

__all__ = ["matmul", "require_exact_products"]

_EXACT = 1 << 53
_AT_ONCE = 1 << 26  # float64 numbers of an operand: 512 MB

_tried: set[tuple[ModuleType, str]] = set()


def matmul(x: DeviceLattice, y: DeviceLattice) -> DeviceLattice:
    """Return the matrix product x @ y, batched and broadcast as `np.matmul`."""
    terms = _terms(x, y)
    x, y = (_over_batches(z) for z in (x, y))
    require_exact_products(x)
    divisor = x.divisor * y.divisor
    if type(divisor) is not int and 1 in (x.ndim, y.ndim):
        divisor = divisor[..., 0]
    packed = x.pair is not None and y.pair is not None
    if not (packed and _direct(x, y, terms)):
        x, y = x.measured(), y.measured()
    bounds = product_bounds(x.bounds, y.bounds, max(terms, 1))
    if packed and _direct(x, y, terms):
        return DeviceLattice.packed(*_in_floats(x.pair, y.pair), divisor, bounds)
    primes = first(count_for(max(bounds), "matmul"))
    left, right = x.ndim == 1, y.ndim == 1
    v, w = _matrices(x.images(len(primes)), y.images(len(primes)), left, right)
    out = _by_primes(v, w, primes)
    if left:
        out = out[..., 0, :]
    if right:
        out = out[..., 0]
    return DeviceLattice.wide(out, divisor, bounds).least("matmul")


def require_exact_products(x: DeviceLattice) -> None:
    """Multiply residues of the greatest size, as many as are ever added, once on each device.

    Raises
    ------
    DeviceError
        The result is wrong in some digit.
    """
    key = x.xp, x.device
    if key in _tried:
        return
    p = first(1).numbers[0]
    h = p // 2
    row = np.full((64, TERMS), float(h))
    row[:, 0] -= 1  # the sums are odd, and need all bits of a float64
    column = np.full((TERMS, 64), float(h))
    column[:, ::2] *= -1
    expected = float((TERMS - 1) * h * h + h * (h - 1))
    found = abs(to_host(x.xp.asarray(row) @ x.xp.asarray(column)))
    if expected >= _EXACT or not (found == expected).all():
        raise DeviceError(
            f"matmul: float64 matrix products on {x.device} are not exact below 2^53, which exact "
            "tensors rest on; turn off the emulation of float64 (CUBLAS_EMULATE_DOUBLE_PRECISION, "
            'CUBLAS_EMULATION_STRATEGY), or call .to_device("cpu")'
        )
    _tried.add(key)


def _terms(x: DeviceLattice, y: DeviceLattice) -> int:
    left, right = x.shape, y.shape
    if not (left and right):
        raise ShapeError("matmul: both operands must have at least one axis, got a 0-d one")
    if left[-1] != right[-2 if len(right) > 1 else -1]:
        raise ShapeError(
            f"matmul: the last axis of x must match the rows of y, got {left} and {right}"
        )
    try:
        np.broadcast_shapes(left[:-2], right[:-2])
    except ValueError:
        raise ShapeError(f"matmul: the batches must broadcast, got {left} and {right}") from None
    return left[-1]


def _over_batches(x: DeviceLattice) -> DeviceLattice:
    """Return x over denominators that are the same in each matrix."""
    varies = type(x.divisor) is not int and any(n > 1 for n in x.divisor.shape[-2:])
    return x.common("matmul") if varies else x


def _direct(x: DeviceLattice, y: DeviceLattice, terms: int) -> bool:
    """Tell whether three products of the numbers themselves stay below 2^53."""
    return terms * sum(x.bounds) * sum(y.bounds) < _EXACT


def _in_floats(x: Any, y: Any) -> tuple[Any, Any]:
    """Multiply by three products: (a + b)(c + d) - ac for the φ part."""
    a, b = (part.astype(np.float64) for part in x)
    c, d = (part.astype(np.float64) for part in y)
    ac = a @ c
    whole = ac + b @ d
    return whole.astype(np.int64), ((a + b) @ (c + d) - ac).astype(np.int64)


def _matrices(v: Any, w: Any, left: bool, right: bool) -> tuple[Any, Any]:
    """Return residues of vectors as those of matrices, with equally many axes."""
    v = v[..., None, :] if left else v
    w = w[..., None] if right else w
    ndim = max(v.ndim, w.ndim)
    shapes = [(*z.shape[:2], *(1,) * (ndim - z.ndim), *z.shape[2:]) for z in (v, w)]
    return v.reshape(shapes[0]), w.reshape(shapes[1])


def _by_primes(v: Any, w: Any, primes: Primes) -> Any:
    """Multiply residues of shapes (primes, 2, ..., n, k) and (primes, 2, ..., k, m)."""
    batch = np.broadcast_shapes(v.shape[1:-2], w.shape[1:-2])
    out = namespace(v).empty((len(primes), *batch, v.shape[-2], w.shape[-1]), np.int32)
    together = max(1, _AT_ONCE // max(v[0].size, w[0].size, out[0].size, 1))
    for i in range(0, len(primes), together):
        chosen = slice(i, i + together)
        out[chosen] = _product(v[chosen], w[chosen], primes.table(v)[chosen])
    return out


def _product(v: Any, w: Any, table: Any) -> Any:
    """Return the residues of least size of a product, as int32."""
    total = None
    for i in range(0, max(v.shape[-1], 1), TERMS):
        x = v[..., i : i + TERMS].astype(np.float64)
        y = w[..., i : i + TERMS, :].astype(np.float64)
        part = remainders(x @ y, table)
        total = part if total is None else remainders(total.astype(np.float64) + part, table)
    return total

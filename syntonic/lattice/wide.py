"""Arithmetic on the wide layout: numerators of a fixed number of limbs over one denominator.

The bounds of the operands tell how many limbs a result needs before it is computed; what then
needs fewer comes back in fewer, or packed. Each function takes arrays in the wide layout.
"""

from __future__ import annotations

from collections.abc import Callable
from math import lcm, prod
from typing import Any

import numpy as np

from syntonic.jit.policy import compiled_pays
from syntonic.lattice import limbs
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.limbs import MOST_LIMBS, limbs_for
from syntonic.rounding.wake import float_type, odd_and_scale, wake_exact, warn_overflow

__all__ = [
    "MOST_TERMS",
    "add",
    "aligned",
    "compare",
    "conjugate",
    "cumsum",
    "floats",
    "floor_range",
    "leanest",
    "linear",
    "multiply",
    "negative",
    "rescaled_bound",
    "sign",
    "sum",
    "trace",
    "widened",
]

_DIGIT_BITS = 32
MOST_TERMS = 1 << 30
"""So many digits of 32 bits add up in int64."""


def widened(need: Callable[..., int], *arrays: LatticeArray) -> tuple[LatticeArray, ...] | None:
    """Return the arrays in the wide layout if its loops pay and hold what an operation needs.

    `need` computes the largest number of an operation from the operands.
    """
    if not compiled_pays(max(x.size for x in arrays)) or any(_is_apart(x) for x in arrays):
        return None
    wide = tuple(y for x in arrays if (y := x.widened()) is not None)
    if len(wide) < len(arrays):
        return None
    if limbs_for(need(*wide)) <= MOST_LIMBS:
        return wide
    wide = tuple(x.tight() for x in wide)
    return wide if all(x.is_wide for x in wide) and limbs_for(need(*wide)) <= MOST_LIMBS else None


def leanest(x: LatticeArray) -> LatticeArray:
    """Return a rational array in the wide layout if that pays and holds it, others as they are."""
    found = widened(lambda p: p.bound, x) if x.is_rational else None
    return x if found is None else found[0]


def _is_apart(x: LatticeArray) -> bool:
    return not (x.is_packed or x.is_wide or x.is_rational)


def add(x: LatticeArray, y: LatticeArray, subtracted: bool = False) -> LatticeArray:
    """Return x + y, or x - y."""
    x, y = aligned(x, y)
    bound = x.bound + y.bound
    a = _added(x.a, y.a, subtracted, bound)
    return LatticeArray.wide(a, _added(x.b, y.b, subtracted, bound), x.denominator, bound=bound)


def _added(x: Any, y: Any, subtracted: bool, bound: int) -> Any:
    from syntonic.lattice import limb_loops as loops

    shape, (x, y) = _spread(x, y)
    n, m, r = limbs.limbs_of(x), limbs.limbs_of(y), limbs_for(bound)
    r = max(r, n, m)
    out = np.empty(prod(shape) * r, np.uint64)
    flip = np.uint64((1 << 64) - 1 if subtracted else 0)
    loops.in_pieces(
        loops.add, prod(shape), limbs.words(x), _step(x), limbs.words(y), _step(y), flip, out,
        loops.widths(n, m, r),
    )  # fmt: skip
    return limbs.wrapped(out, r, shape)


def _spread(x: Any, y: Any) -> tuple[tuple[int, ...], tuple[Any, Any]]:
    """Return the common shape, and the items of both in it, but a single item as it is."""
    if x.shape == y.shape:
        return x.shape, (x, y)
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = (part if part.ndim == 0 else np.broadcast_to(part, shape) for part in (x, y))
    return shape, (x, y)


def _step(x: Any) -> int:
    return limbs.limbs_of(x) if x.ndim else 0


def _width(x: LatticeArray) -> int:
    return limbs.limbs_of(x.a)


def multiply(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return xy."""
    a, b, bound = _products(x, y)
    return LatticeArray.wide(a, b, x.denominator * y.denominator, bound=bound)


def _products(x: LatticeArray, y: LatticeArray) -> tuple[Any, Any, int]:
    """Return the numerators of xy over the product of the denominators, and a bound of them."""
    from syntonic.lattice import limb_loops as loops

    if _width(x) < _width(y):
        x, y = y, x
    n, m = _width(x), _width(y)
    if m > 1 and n <= limbs.FEW_LIMBS:
        m = n  # loops are compiled for few pairs of widths
    bound = 3 * x.bound * y.bound
    r = max(limbs_for(bound), n + m - 1)
    shape, (a, c) = _spread(x.a, limbs.resized(y.a, m))
    _, (b, d) = _spread(x.b, limbs.resized(y.b, m))
    p, q = np.empty((2, prod(shape) * r), np.uint64)
    loop, widths = loops.multiplication(n, m, r, max(x.bound, y.bound))
    loops.in_pieces(
        loop, prod(shape), limbs.words(a), limbs.words(b), _step(a),
        limbs.words(c), limbs.words(d), _step(c), p, q, widths, work=n * m,
    )  # fmt: skip
    return limbs.wrapped(p, r, shape), limbs.wrapped(q, r, shape), bound


def floor_range(x: LatticeArray, one: int, phi: int) -> tuple[Any, Any]:
    """Return a·one + b·phi, and b more, in limbs; for phi < 2·one."""
    r, s = (limbs.from_objects(np.array(n, object), limbs_for(2 * one)) for n in (one, phi))
    below, _, bound = _products(x, LatticeArray(r, s, 1, 2 * one))
    above = _added(below, x.b, False, bound + x.bound)
    return limbs.resized(below, limbs.limbs_of(above)), above


def rescaled_bound(*arrays: LatticeArray) -> int:
    """Return a bound of the numerators over the common denominator of packed or wide arrays."""
    d = lcm(*(x.denominator for x in arrays))
    return max(d, *(x.bound * (d // x.denominator) for x in arrays))


def aligned(*arrays: LatticeArray) -> tuple[LatticeArray, ...]:
    """Return the arrays over one denominator, in equally many limbs."""
    d = lcm(*(x.denominator for x in arrays))
    arrays = tuple(_rescaled(x, d // x.denominator, d) for x in arrays)
    count = max(map(_width, arrays))
    return tuple(
        LatticeArray(limbs.resized(x.a, count), limbs.resized(x.b, count), d, x._bound)
        for x in arrays
    )


def _rescaled(x: LatticeArray, scale: int, d: int) -> LatticeArray:
    if scale == 1:
        return x
    zero, factor = (limbs.from_objects(np.array(n, object), limbs_for(scale)) for n in (0, scale))
    a, b, _ = _products(x, LatticeArray(factor, zero, 1, scale))
    return LatticeArray(a, b, d, x.bound * scale)


def negative(x: LatticeArray) -> LatticeArray:
    """Return -x."""
    a, b = (_added(_zero(x), part, True, x.bound) for part in (x.a, x.b))
    return LatticeArray.wide(a, b, x.denominator, bound=x.bound)


def _zero(like: LatticeArray) -> Any:
    return np.zeros((), like.a.dtype)


def conjugate(x: LatticeArray) -> LatticeArray:
    """Return the Galois conjugate (a + b) - bφ."""
    bound = 2 * x.bound
    a, b = _added(x.a, x.b, False, bound), _added(_zero(x), x.b, True, bound)
    return LatticeArray.wide(a, b, x.denominator, bound=bound)


def trace(x: LatticeArray) -> LatticeArray:
    """Return the field trace 2a + b."""
    bound = 3 * x.bound
    a = _added(_added(x.a, x.a, False, bound), x.b, False, bound)
    return LatticeArray.wide(a, np.zeros(x.shape, a.dtype), x.denominator, bound=bound)


def cumsum(x: LatticeArray, axis: int | None) -> LatticeArray:
    """Return the running sums along an axis, or of the flattened array."""
    x, axis = (x.map(np.ravel), 0) if axis is None else (x, axis)
    bound = max(1, x.shape[axis]) * x.bound
    a, b = (_running(np.moveaxis(part, axis, -1), bound) for part in (x.a, x.b))
    a, b = (np.moveaxis(part, -1, axis) for part in (a, b))
    return LatticeArray.wide(a, b, x.denominator, bound=bound)


def _running(x: Any, bound: int) -> Any:
    from syntonic.lattice import limb_loops as loops

    n = limbs.limbs_of(x)
    r = max(n, limbs_for(bound))
    out = np.empty(x.size * r, np.uint64)
    rows = prod(x.shape[:-1]) if x.size else 0
    loops.in_pieces(loops.cumsum, rows, limbs.words(x), x.shape[-1], out, loops.widths(n, r))
    return limbs.wrapped(out, r, x.shape)


def sum(x: LatticeArray, axes: tuple[int, ...], keepdims: bool) -> LatticeArray:
    """Return the sum along axes."""
    count = prod(x.shape[i] for i in axes)
    bound = max(1, count) * x.bound
    a, b = (_added_up(part, axes, count, bound) for part in (x.a, x.b))
    if keepdims:
        a, b = (np.expand_dims(part, axes) for part in (a, b))
    return LatticeArray.wide(a, b, x.denominator, bound=bound)


def _added_up(x: Any, axes: tuple[int, ...], count: int, bound: int) -> Any:
    from syntonic.lattice import limb_loops as loops

    kept = tuple(i for i in range(x.ndim) if i not in axes)
    shape = tuple(x.shape[i] for i in kept)
    n = limbs.limbs_of(x)
    r = max(n, limbs_for(bound))
    out = np.empty(prod(shape) * r, np.uint64)
    terms = limbs.words(np.transpose(x, kept + axes))
    loops.in_pieces(loops.add_up, prod(shape), terms, count, out, loops.widths(n, r))
    return limbs.wrapped(out, r, shape)


def sign(x: LatticeArray) -> Any:
    """Return the exact sign of each element, int8."""
    from syntonic.lattice import limb_loops as loops

    out = np.empty(x.size, np.int8)
    a, b = limbs.words(x.a), limbs.words(x.b)
    loops.in_pieces(loops.sign, x.size, a, b, _width(x), *_window(x.bound), out)
    return out.reshape(x.shape)


def compare(x: LatticeArray, y: LatticeArray) -> Any:
    """Return the exact sign of x - y for each pair, int8; the denominators must be the same."""
    from syntonic.lattice import limb_loops as loops

    shape, (a, c) = _spread(x.a, y.a)
    _, (b, d) = _spread(x.b, y.b)
    out = np.empty(prod(shape), np.int8)
    loops.in_pieces(
        loops.compare, prod(shape),
        limbs.words(a), limbs.words(b), _width(x), _step(a),
        limbs.words(c), limbs.words(d), _width(y), _step(c),
        *_window(max(x.bound, y.bound)), out,
    )  # fmt: skip
    return out.reshape(shape)


def floats(x: LatticeArray, dtype: Any) -> Any:
    """Return the correctly rounded floats of x."""
    out_type = float_type(dtype)
    scale = odd_and_scale(x.denominator)
    if scale is None:
        return wake_exact(*_integers(x), x.denominator, out_type)
    from syntonic.lattice.limb_floats import round_limbs

    odd, shift = scale[0], x.denominator.bit_length() - int(scale[0]).bit_length()
    out = round_limbs(limbs.words(x.a), limbs.words(x.b), _width(x), odd, shift, out_type)
    out = out.reshape(x.shape)
    open_, infinite = np.isnan(out), bool(np.isinf(out).any())
    if open_.any():
        out[open_] = rest = wake_exact(*_integers(x[open_]), x.denominator, out_type)
        infinite = infinite and not np.isinf(rest).any()  # of these it has warned
    if infinite:
        warn_overflow(out_type)
    return out


def _integers(x: LatticeArray) -> tuple[Any, Any]:
    return limbs.to_objects(x.a), limbs.to_objects(x.b)


def _window(bound: int) -> tuple[int, Any]:
    """Return by how many limbs and bits numbers up to a bound are shifted to be below 2^61."""
    shift = max(0, bound.bit_length() - 61)
    return shift // 64, np.uint64(shift % 64)


def linear(x: LatticeArray, growth: int, function: Callable[[Any, Any], Any]) -> LatticeArray:
    """Apply an integer-linear map of int64 pairs, as in `arithmetic.linear`, to digits of x.

    A number is the sum of digits of 32 bits, all but the highest without a sign, and so is what
    a linear map makes of it; their carries are settled then. `growth` is at most MOST_TERMS.
    """
    count = limbs_for(x.bound * growth)
    parts = [function(p, q) for p, q in zip(_digits(x.a), _digits(x.b), strict=True)]
    a, b = (_joined([part[k] for part in parts], count) for k in (0, 1))
    return LatticeArray.wide(a, b, x.denominator, bound=x.bound * growth)


def _digits(x: Any) -> list[Any]:
    """Return the digits as int64 arrays, the lowest first; the highest is signed."""
    rows = limbs.words(x).view(np.int64).reshape(*x.shape, limbs.limbs_of(x))
    mask = (1 << _DIGIT_BITS) - 1
    out = [rows[..., k // 2] >> _DIGIT_BITS * (k % 2) for k in range(2 * rows.shape[-1])]
    return [digit & mask for digit in out[:-1]] + out[-1:]


def _joined(digits: list[Any], count: int) -> Any:
    """Return Σ digit_k 2^32k as items of `count` limbs, for any int64 digits."""
    shape = np.shape(digits[0])
    out = np.empty((*shape, 2 * count), np.int64)
    carry: Any = np.zeros(shape, np.int64)
    for k in range(2 * count):
        total = carry + digits[k] if k < len(digits) else carry
        out[..., k] = total & ((1 << _DIGIT_BITS) - 1)
        carry = total >> _DIGIT_BITS
    words = out[..., ::2] | out[..., 1::2] << _DIGIT_BITS
    return limbs.wrapped(np.ascontiguousarray(words).view(np.uint64).reshape(-1), count, shape)

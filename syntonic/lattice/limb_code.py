"""LLVM code for arithmetic on limbs: sums and products that carry, and the product of two pairs.

Importing this module imports numba. A number is a list of values of 64 bits, the lowest first,
with a mask for its sign: all ones where the number is 2^64n less than the n limbs, as unsigned
integers, say. That is two's complement, and it covers the sum of two such numbers as well.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any, cast

from llvmlite import ir
from numba import types as _types
from numba.extending import intrinsic as _intrinsic

types: Any = _types  # untyped
intrinsic = cast(Callable[[Callable[..., Any]], Callable[..., Any]], _intrinsic)

__all__ = ["add3", "multiply_add", "multiply_pairs", "types"]

_WORD, _DOUBLE = ir.IntType(64), ir.IntType(128)
_ZERO, _ONES = ir.Constant(_WORD, 0), ir.Constant(_WORD, -1)

Limbs = list[Any]


@intrinsic
def add3(context: Any, x: Any, y: Any, z: Any) -> Any:
    """Return the limbs of x + y + z, the lower first."""

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        return ctx.make_tuple(b, sig.return_type, _halves(b, _total(b, *args)))

    return types.UniTuple(types.uint64, 2)(*[types.uint64] * 3), emit


@intrinsic
def multiply_add(context: Any, x: Any, y: Any, z: Any, w: Any) -> Any:
    """Return the limbs of xy + z + w, which is below 2^128."""

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        return ctx.make_tuple(b, sig.return_type, _fused(b, *args))

    return types.UniTuple(types.uint64, 2)(*[types.uint64] * 4), emit


@intrinsic
def multiply_pairs(
    context: Any, a: Any, b: Any, i: Any, c: Any, d: Any, j: Any,
    p: Any, q: Any, o: Any, widths: Any,
) -> Any:  # fmt: skip
    """Write the parts of (a + bφ)(c + dφ) at i, j and o; `widths` are three tuples of limbs."""
    n, m, r = (width.count for width in widths)

    def emit(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        def pointer(k: int) -> Any:
            return ctx.make_array(sig.args[k])(ctx, builder, args[k]).data

        x, y = (_loaded(builder, pointer(k), args[2], n) for k in (0, 1))
        z, w = (_loaded(builder, pointer(k), args[5], m) for k in (3, 4))
        for k, number in zip((6, 7), _pair_product(builder, x, y, z, w, r), strict=True):
            for t, limb in enumerate(number):
                builder.store(limb, _at(builder, pointer(k), args[8], t))
        return ctx.get_dummy_value()

    return types.void(a, b, i, c, d, j, p, q, o, widths), emit


def _at(b: Any, pointer: Any, start: Any, k: int) -> Any:
    return b.gep(pointer, [b.add(start, ir.Constant(_WORD, k))])


def _loaded(b: Any, pointer: Any, start: Any, count: int) -> tuple[Limbs, Any]:
    limbs = [b.load(_at(b, pointer, start, k)) for k in range(count)]
    return limbs, b.ashr(limbs[-1], ir.Constant(_WORD, 63))


def _halves(b: Any, double: Any) -> Limbs:
    high = b.lshr(double, ir.Constant(_DOUBLE, 64))
    return [b.trunc(double, _WORD), b.trunc(high, _WORD)]


def _total(b: Any, *words: Any) -> Any:
    total, *rest = (b.zext(word, _DOUBLE) for word in words)
    for word in rest:
        total = b.add(total, word)
    return total


def _fused(b: Any, x: Any, y: Any, z: Any, w: Any) -> Limbs:
    product = b.mul(b.zext(x, _DOUBLE), b.zext(y, _DOUBLE))
    return _halves(b, b.add(product, _total(b, z, w)))


def _sum(b: Any, x: Limbs, y: Limbs, carry: Any = _ZERO) -> tuple[Limbs, Any]:
    """Return x + y + carry in as many limbs as the longer has, and the carry out of them."""
    out = []
    for u, v in zip_longest(x, y, fillvalue=_ZERO):
        limb, carry = _halves(b, _total(b, u, v, carry))
        out.append(limb)
    return out, carry


def _difference(b: Any, x: Limbs, y: Limbs) -> Limbs:
    return _sum(b, x, [b.xor(limb, _ONES) for limb in y], ir.Constant(_WORD, 1))[0]


def _pair_product(b: Any, x: Any, y: Any, z: Any, w: Any, r: int) -> tuple[Limbs, Limbs]:
    """Return xz + yw and (x + y)(z + w) - xz in r limbs."""
    first = _product(b, x, z, r)
    p, _ = _sum(b, first, _product(b, y, w, r))
    return p, _difference(b, _product(b, _signed_sum(b, x, y), _signed_sum(b, z, w), r), first)


def _signed_sum(b: Any, x: Any, y: Any) -> Any:
    """Return x + y: the limb above the others would be 0 or all ones, the sign."""
    limbs, carry = _sum(b, x[0], y[0])
    return limbs, b.add(b.add(x[1], y[1]), carry)


def _product(b: Any, x: Any, y: Any, r: int) -> Limbs:
    """Return xy in r limbs.

    As unsigned numbers, a negative x is too large by N = 2^64n, and y by M = 2^64m. So their
    product is too large by N y, with y signed, and M x, with x unsigned.
    """
    (u, u_sign), (v, v_sign) = x, y
    out = _unsigned_product(b, u, v, r)
    for factor, rest, sign, above in ((v, len(u), u_sign, v_sign), (u, len(v), v_sign, _ZERO)):
        if r > rest:
            extended = [*factor, *[above] * r][: r - rest]
            masked = [b.and_(limb, sign) for limb in extended]
            out[rest:] = _difference(b, out[rest:], masked)
    return out


def _unsigned_product(b: Any, x: Limbs, y: Limbs, r: int) -> Limbs:
    out = [_ZERO] * r
    for k, factor in enumerate(x[:r]):
        carry: Any = _ZERO
        for t, limb in enumerate(y[: r - k], k):
            out[t], carry = _fused(b, factor, limb, out[t], carry)
        if k + len(y) < r:
            out[k + len(y)] = carry
    return out

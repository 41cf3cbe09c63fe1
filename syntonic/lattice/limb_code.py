"""LLVM code for arithmetic on limbs: sums and products that carry, and the product of two pairs.

Importing this module imports numba. A number is a list of values of 64 bits, the lowest first,
with a mask for its sign: all ones where the number is 2^64n less than the n limbs, as unsigned
integers, say. That is two's complement, and it covers the sum of two such numbers as well. Sums
are those of LLVM's long integers, which become chains of one instruction for each limb.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types as _types
from numba.extending import intrinsic as _intrinsic

types: Any = _types  # untyped
intrinsic = cast(Callable[[Callable[..., Any]], Callable[..., Any]], _intrinsic)

__all__ = ["add3", "add_numbers", "intrinsic", "multiply_add", "multiply_pairs", "types"]

_WORD, _DOUBLE = ir.IntType(64), ir.IntType(128)
_ZERO = ir.Constant(_WORD, 0)

Limbs = list[Any]
Number = tuple[Limbs, Any]
"""Limbs, and the mask of the sign."""


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
        return ctx.make_tuple(
            b, sig.return_type, _halves(b, b.add(_times(b, *args[:2]), _total(b, *args[2:])))
        )

    return types.UniTuple(types.uint64, 2)(*[types.uint64] * 4), emit


@intrinsic
def add_numbers(
    context: Any, x: Any, i: Any, y: Any, j: Any, flip: Any, out: Any, o: Any, widths: Any
) -> Any:
    """Write x + y, or x - y where `flip` is all ones; `widths` are three tuples of limbs."""
    n, m, r = (width.count for width in widths)

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        def pointer(k: int) -> Any:
            return ctx.make_array(sig.args[k])(ctx, b, args[k]).data

        u, v = (_signed(b, _loaded(b, pointer(k), args[k + 1], w), r) for k, w in ((0, n), (2, m)))
        carry = b.and_(args[4], ir.Constant(_WORD, 1))
        v = b.xor(v, b.sext(args[4], v.type))
        _stored(b, pointer(5), args[6], b.add(b.add(u, v), b.zext(carry, v.type)))
        return ctx.get_dummy_value()

    return types.void(x, i, y, j, flip, out, o, widths), emit


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
            _stored(builder, pointer(k), args[8], number)
        return ctx.get_dummy_value()

    return types.void(a, b, i, c, d, j, p, q, o, widths), emit


def _at(b: Any, pointer: Any, start: Any, k: int) -> Any:
    return b.gep(pointer, [b.add(start, ir.Constant(_WORD, k))])


def _loaded(b: Any, pointer: Any, start: Any, count: int) -> Number:
    limbs = [b.load(_at(b, pointer, start, k)) for k in range(count)]
    return limbs, b.ashr(limbs[-1], ir.Constant(_WORD, 63))


def _stored(b: Any, pointer: Any, start: Any, number: Any) -> None:
    for k, limb in enumerate(_split(b, number)):
        b.store(limb, _at(b, pointer, start, k))


def _halves(b: Any, double: Any) -> Limbs:
    high = b.lshr(double, ir.Constant(_DOUBLE, 64))
    return [b.trunc(double, _WORD), b.trunc(high, _WORD)]


def _total(b: Any, *words: Any) -> Any:
    total, *rest = (b.zext(word, _DOUBLE) for word in words)
    for word in rest:
        total = b.add(total, word)
    return total


def _times(b: Any, x: Any, y: Any) -> Any:
    return b.mul(b.zext(x, _DOUBLE), b.zext(y, _DOUBLE))


def _long(count: int) -> Any:
    return ir.IntType(64 * count)


def _joined(b: Any, limbs: Limbs, count: int) -> Any:
    """Return the unsigned number of these limbs, as a long integer of `count` limbs."""
    kind = _long(count)
    out = ir.Constant(kind, 0)
    for k, limb in enumerate(limbs[:count]):
        out = b.or_(out, _raised(b, _grown(b, limb, kind), k))
    return out


def _split(b: Any, number: Any) -> Limbs:
    places = range(0, number.type.width, 64)
    return [b.trunc(b.lshr(number, ir.Constant(number.type, k)), _WORD) for k in places]


def _raised(b: Any, number: Any, limbs: int) -> Any:
    return b.shl(number, ir.Constant(number.type, 64 * limbs))


def _grown(b: Any, number: Any, kind: Any, signed: bool = False) -> Any:
    if number.type == kind:
        return number
    return b.sext(number, kind) if signed else b.zext(number, kind)


def _signed(b: Any, x: Number, count: int) -> Any:
    """Return x, whose sign its mask tells, as a long integer of `count` limbs."""
    limbs, mask = x
    return _joined(b, [*limbs, *[mask] * count], count)


def _pair_product(b: Any, x: Any, y: Any, z: Any, w: Any, r: int) -> tuple[Any, Any]:
    """Return xz + yw and (x + y)(z + w) - xz in r limbs."""
    first = _product(b, x, z, r)
    both = _product(b, _signed_sum(b, x, y), _signed_sum(b, z, w), r)
    return b.add(first, _product(b, y, w, r)), b.sub(both, first)


def _signed_sum(b: Any, x: Number, y: Number) -> Number:
    """Return x + y: the limb above the others is 0 or all ones, the sign."""
    count = len(x[0]) + 1
    *limbs, above = _split(b, b.add(_signed(b, x, count), _signed(b, y, count)))
    return limbs, above


def _product(b: Any, x: Number, y: Number, r: int) -> Any:
    """Return xy in r limbs.

    As unsigned numbers, a negative x is too large by N = 2^64n, and y by M = 2^64m. So their
    product is too large by N y, with y signed, and M x, with x unsigned.
    """
    (u, u_sign), (v, v_sign) = x, y
    out = _unsigned_product(b, u, v, r)
    for factor, above, rest, sign in ((v, v_sign, len(u), u_sign), (u, _ZERO, len(v), v_sign)):
        if r > rest:
            excess = [b.and_(limb, sign) for limb in [*factor, *[above] * r][: r - rest]]
            out = b.sub(out, _joined(b, [_ZERO] * rest + excess, r))
    return out


def _unsigned_product(b: Any, x: Limbs, y: Limbs, r: int) -> Any:
    """Return xy in r limbs: for each limb of x the low words of its products, then the high."""
    out = [_ZERO] * r
    for k, factor in enumerate(x[:r]):
        words = [_halves(b, _times(b, factor, limb)) for limb in y[: r - k]]
        stop = min(r, k + len(y) + 1)
        total = _joined(b, out[k:stop], stop - k)
        for shift, half in enumerate(zip(*words, strict=True)):
            total = b.add(total, _joined(b, [*[_ZERO] * shift, *half], stop - k))
        out[k:stop] = _split(b, total)
    return _joined(b, out, r)

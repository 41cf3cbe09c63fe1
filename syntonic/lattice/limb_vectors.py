"""LLVM code for products of eight pairs of limbs at a time, one in each lane of its vectors.

Eight products of 32 bits take a processor as long as one of 64. So a number is Σ d_k 2^wk, with
0 <= d_k < 2^w but for the highest digit, which is signed and |d_k| <= 2^(w-1). Digits of sums of
two are at most 2^(w+1) in size, and have 32 bits. A column of xz + yw adds up at most two products
of digits for each place, one of (x + y)(z + w) - xz three: below 3·10·2^58 for ten digits of 29
bits, below 3·12·2^56 for twelve of 28, and with a carry, below 2^36, less than 2^63. Sums on the
way may wrap.

Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from syntonic.lattice.limb_code import intrinsic, types

__all__ = ["LANES", "digits_for", "multiply_lanes"]

LANES = 8
_COUNTS = (5, 7, 8, 9, 10, 12)
"""Digits of numbers of up to 145, 203, 232, 261, 290 and 336 bits: each has code of its own."""

_WORD, _INDEX = ir.IntType(64), ir.IntType(32)
_VECTOR = ir.VectorType(_WORD, LANES)

Vectors = list[Any]


def digits_for(bound: int) -> int:
    """Return how many digits hold every integer of at most this size; 0 for none."""
    bits = bound.bit_length() + 1
    return next((count for count in _COUNTS if count * _digit_bits(count) >= bits), 0)


def _digit_bits(count: int) -> int:
    return 29 if count <= 10 else 28


@intrinsic
def multiply_lanes(
    context: Any, a: Any, b: Any, i: Any, x_step: Any, c: Any, d: Any, j: Any, y_step: Any,
    p: Any, q: Any, o: Any, widths: Any,
) -> Any:  # fmt: skip
    """Write the parts of (a + bφ)(c + dφ) for the eight pairs from i, j and o on.

    `widths` are four tuples: as many limbs as operands and result have, and digits as operands.
    """
    n, m, r, count = (width.count for width in widths)

    def emit(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        def pointer(k: int) -> Any:
            return ctx.make_array(sig.args[k])(ctx, builder, args[k]).data

        x, y = (_digits(builder, pointer(k), args[2], args[3], n, count) for k in (0, 1))
        z, w = (_digits(builder, pointer(k), args[6], args[7], m, count) for k in (4, 5))
        for k, columns in zip((8, 9), _pair_columns(builder, x, y, z, w), strict=True):
            for t, limb in enumerate(_limbs(builder, columns, r, _digit_bits(count))):
                _scatter(builder, limb, pointer(k), args[10], r, t)
        return ctx.get_dummy_value()

    return types.void(a, b, i, x_step, c, d, j, y_step, p, q, o, widths), emit


def _splat(value: int) -> Any:
    return ir.Constant(_VECTOR, [value] * LANES)


def _places(b: Any, pointer: Any, start: Any, step: Any, k: int) -> list[Any]:
    first = b.add(start, ir.Constant(_WORD, k))
    offsets = (b.mul(step, ir.Constant(_WORD, lane)) for lane in range(LANES))
    return [b.gep(pointer, [b.add(first, offset)]) for offset in offsets]


def _digits(b: Any, pointer: Any, start: Any, step: Any, limbs: int, count: int) -> Vectors:
    """Return the digits of eight numbers, the lowest first."""
    words = []
    for k in range(limbs):
        word: Any = ir.Constant(_VECTOR, ir.Undefined)
        for lane, place in enumerate(_places(b, pointer, start, step, k)):
            word = b.insert_element(word, b.load(place), ir.Constant(_INDEX, lane))
        words.append(word)
    bits = _digit_bits(count)
    low = [b.and_(_window(b, words, bits * k), _splat((1 << bits) - 1)) for k in range(count - 1)]
    top, above = _window(b, words, bits * (count - 1)), _splat(64 - bits)
    return [*low, b.ashr(b.shl(top, above), above)]  # to say that it is as short, as it is


def _window(b: Any, words: Vectors, start: int) -> Any:
    """Return 64 bits of numbers from a bit on; above the highest word is its sign."""
    k, shift = divmod(start, 64)
    if k + 1 == len(words):
        return b.ashr(words[k], _splat(shift))
    if shift == 0:
        return words[k]
    return b.or_(b.lshr(words[k], _splat(shift)), b.shl(words[k + 1], _splat(64 - shift)))


def _pair_columns(
    b: Any, x: Vectors, y: Vectors, z: Vectors, w: Vectors
) -> tuple[Vectors, Vectors]:
    """Return the columns of xz + yw and of (x + y)(z + w) - xz, the lowest first."""
    left, right = (
        [b.add(*digits) for digits in zip(*two, strict=True)] for two in ((x, y), (z, w))
    )
    p, q = [], []
    for k in range(2 * len(x) - 1):
        first = _column(b, x, z, k)
        p.append(b.add(first, _column(b, y, w, k)))
        q.append(b.sub(_column(b, left, right, k), first))
    return p, q


def _column(b: Any, x: Vectors, y: Vectors, k: int) -> Any:
    """Return Σ x_i y_(k-i)."""
    places = range(max(0, k + 1 - len(y)), min(k + 1, len(x)))
    total, *rest = (b.mul(x[i], y[k - i]) for i in places)
    for product in rest:
        total = b.add(total, product)
    return total


def _limbs(b: Any, columns: Vectors, count: int, bits: int) -> Vectors:
    """Return the limbs of Σ column_k 2^(bits k), in two's complement."""
    out: Vectors = [_splat(0)] * count
    carry = _splat(0)
    for k, column in enumerate(columns):
        total = b.add(column, carry)
        _place(b, out, b.and_(total, _splat((1 << bits) - 1)), bits * k)
        carry = b.ashr(total, _splat(bits))
    _place(b, out, carry, bits * len(columns))
    return out


def _place(b: Any, limbs: Vectors, value: Any, start: int) -> None:
    """Add int64 numbers to limbs that are 0 from a bit on."""
    first, shift = divmod(start, 64)
    for k in range(first, len(limbs)):
        back = min(64 * k - start, 63)
        part = b.shl(value, _splat(shift)) if k == first else b.ashr(value, _splat(back))
        limbs[k] = b.or_(limbs[k], part)


def _scatter(b: Any, vector: Any, pointer: Any, start: Any, step: int, k: int) -> None:
    places = _places(b, pointer, start, ir.Constant(_WORD, step), k)
    for lane, place in enumerate(places):
        b.store(b.extract_element(vector, ir.Constant(_INDEX, lane)), place)

"""Integers of 128 bits for compiled loops, as pairs (high, low) of int64, and gcds of uint64.

A number is high·2^64 + low with the bits of low read as unsigned. Importing this module imports
numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types as _types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

from syntonic.jit.compile import njit

types: Any = _types  # untyped
cgutils: Any = _cgutils

__all__ = [
    "divided",
    "fits",
    "gcd",
    "high_product",
    "magnitude",
    "remainder",
    "trailing_zeros",
    "two_products",
]

_ONE, _ZERO = np.uint64(1), np.uint64(0)
_LEAST = np.int64(-(1 << 63))


@intrinsic
def _two_products(context: Any, x: Any, y: Any, z: Any, w: Any) -> Any:
    word = types.int64

    def build(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        long = ir.IntType(128)
        x, y, z, w = (builder.sext(arg, long) for arg in args)
        total = builder.add(builder.mul(x, y), builder.mul(z, w))
        high = builder.ashr(total, ir.Constant(long, 64))
        parts = [builder.trunc(part, ir.IntType(64)) for part in (high, total)]
        return cgutils.pack_array(builder, parts)

    return types.UniTuple(word, 2)(word, word, word, word), build


@intrinsic
def _high_product(context: Any, x: Any, y: Any) -> Any:
    word = types.uint64

    def build(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        long = ir.IntType(128)
        x, y = (builder.zext(arg, long) for arg in args)
        high = builder.lshr(builder.mul(x, y), ir.Constant(long, 64))
        return builder.trunc(high, ir.IntType(64))

    return word(word, word), build


@intrinsic
def _trailing_zeros(context: Any, x: Any) -> Any:
    return types.uint64(types.uint64), lambda ctx, builder, sig, args: builder.cttz(
        args[0], ir.Constant(ir.IntType(1), 0)
    )


high_product = cast(Callable[..., Any], _high_product)
"""The high word of xy of two uint64."""

trailing_zeros = cast(Callable[..., Any], _trailing_zeros)

two_products = cast(Callable[..., Any], _two_products)
"""xy + zw of four int64; less than 2^127 in size, unless all are -2^63."""


@njit
def fits(n: Any) -> Any:
    """Tell whether the number and its negative are of int64."""
    return n[0] == n[1] >> 63 and n[1] != _LEAST


@njit
def magnitude(n: Any) -> Any:
    """Return |n| as uint64."""
    return np.uint64(-n) if n < 0 else np.uint64(n)


@njit
def gcd(x: Any, y: Any) -> Any:
    """Return the greatest common divisor of two uint64; gcd(x, 0) = x. Stein's algorithm."""
    if x == _ZERO or y == _ZERO:
        return x | y
    shift: Any = trailing_zeros(x | y)
    x >>= trailing_zeros(x)
    while y != _ZERO:
        y >>= trailing_zeros(y)
        x, y = min(x, y), max(x, y)
        y -= x
    return x << shift


@njit
def remainder(n: Any, d: Any) -> Any:
    """Return the size of the number modulo d, a uint64 below 2^63."""
    return _divide(n[0], n[1], d)[2]


@njit
def divided(n: Any, d: Any) -> Any:
    """Return whether the quotient by a divisor d fits int64, and the quotient."""
    over, quotient, _ = _divide(n[0], n[1], d)
    if over != _ZERO or quotient >> np.uint64(63) != _ZERO:
        return False, np.int64(0)
    return True, -np.int64(quotient) if n[0] < 0 else np.int64(quotient)


@njit
def _divide(high: Any, low: Any, d: Any) -> Any:
    """Divide the size by d < 2^63 bit by bit: return the quotient's words and the remainder."""
    top, bottom = np.uint64(high), np.uint64(low)
    if high < 0:
        bottom = ~bottom + _ONE
        top = ~top + (_ONE if bottom == _ZERO else _ZERO)
    over, rest, quotient = top // d, top % d, _ZERO
    if rest == _ZERO:
        return over, bottom // d, bottom % d
    for i in range(64):
        rest = (rest << _ONE) | ((bottom >> np.uint64(63 - i)) & _ONE)
        quotient <<= _ONE
        if rest >= d:
            rest -= d
            quotient |= _ONE
    return over, quotient, rest

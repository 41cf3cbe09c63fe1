"""Compiled loops: products of many small matrices over Z[φ], in int64.

Their order is part of the type of an argument, so each order has code of its own without inner
loops, in LLVM's vectors: a row of the right-hand factor is one vector. With three products,
(a + bφ)(c + dφ) = (ac + bd) + ((a + b)(c + d) - ac)φ. int64 wraps, so sums on the way may leave it
where the result does not.

Importing this module imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from syntonic.jit.compile import njit

__all__ = ["products_32", "products_64"]

_I64 = ir.IntType(64)


def _row(builder: Any, pointer: Any, index: int, width: int) -> Any:
    """Return a pointer to the vector of `width` numbers from an index on."""
    at = builder.gep(pointer, [ir.Constant(_I64, index)])
    return builder.bitcast(at, ir.VectorType(_I64, width).as_pointer())


def _load(builder: Any, pointer: Any, index: int, width: int) -> Any:
    return builder.load(_row(builder, pointer, index, width), align=8)


def _splat(builder: Any, x: Any, width: int) -> Any:
    kind = ir.VectorType(_I64, width)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), x, ir.Constant(_I64, 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros)


def _narrow(builder: Any, x: Any) -> Any:
    """Say that x, a scalar or a vector, fits 32 bits: its products then take one instruction."""
    half = 32 if isinstance(x.type, ir.IntType) else [32] * x.type.count
    return builder.ashr(builder.shl(x, ir.Constant(x.type, half)), ir.Constant(x.type, half))


def _emit(builder: Any, pointers: Any, n: int, m: int, fit: Callable[..., Any]) -> None:
    """Emit the product of an n × n and an n × m matrix at these places, as a function of bits."""
    p, q, a, b, c, d = pointers
    right = []
    for k in range(n):
        u, v = (_load(builder, part, k * m, m) for part in (c, d))
        right.append([fit(builder, x) for x in (u, v, builder.add(u, v))])
    for i in range(n):
        sums: list[Any] = [None] * 3
        for k in range(n):
            at = ir.Constant(_I64, i * n + k)
            u, v = (builder.load(builder.gep(part, [at])) for part in (a, b))
            for j, (x, y) in enumerate(zip((u, v, builder.add(u, v)), right[k], strict=True)):
                term = builder.mul(_splat(builder, fit(builder, x), m), y)
                sums[j] = term if sums[j] is None else builder.add(sums[j], term)
        ac, bd, both = sums
        builder.store(builder.add(ac, bd), _row(builder, p, i * m, m), align=8)
        builder.store(builder.sub(both, ac), _row(builder, q, i * m, m), align=8)


def _intrinsic(fit: Callable[..., Any]) -> Any:
    @intrinsic
    def product(
        context: Any, p: Any, q: Any, a: Any, b: Any, c: Any, d: Any, at: Any, rows: Any, cols: Any
    ) -> Any:
        arrays = p, q, a, b, c, d

        def codegen(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
            pointers = []
            for k, kind in enumerate(arrays):
                data = ctx.make_array(kind)(ctx, builder, args[k]).data
                pointers.append(builder.gep(data, [builder.extract_value(args[6], k // 2)]))
            _emit(builder, pointers, rows.count, cols.count, fit)
            return ctx.get_dummy_value()

        return types.none(*arrays, at, rows, cols), codegen

    return product


_product_32 = _intrinsic(_narrow)
_product_64 = _intrinsic(lambda builder, x: x)


@njit
def products_32(
    first: int,
    last: int,
    p: Any,
    q: Any,
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    places: Any,
    rows: Any,
    cols: Any,
) -> None:
    """Write products of matrices to p and q; |a|, |b|, |c|, |d| < 2^30, so that sums of two fit 32.

    The arrays are flat. `rows` and `cols` are tuples as long as the order of the left-hand
    factors and the columns of the right-hand ones, `places` where the first of their matrices is,
    and how far on the next ones are.
    """
    for i in range(first, last):
        left, right = places
        at = i * len(rows) * len(cols), left[0] + i * left[1], right[0] + i * right[1]
        _product_32(p, q, a, b, c, d, at, rows, cols)


@njit
def products_64(
    first: int,
    last: int,
    p: Any,
    q: Any,
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    places: Any,
    rows: Any,
    cols: Any,
) -> None:
    """Do what `products_32` does, for any entries."""
    for i in range(first, last):
        left, right = places
        at = i * len(rows) * len(cols), left[0] + i * left[1], right[0] + i * right[1]
        _product_64(p, q, a, b, c, d, at, rows, cols)

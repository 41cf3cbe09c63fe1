"""Sums and maxima along contiguous arrays, in LANES lanes that live in vector registers.

LLVM may not reorder a sum of floats, so the loops are written with vectors, and the order depends
on the length alone. Row i of an array is elements 16i, ..., 16i + 15, one for each lane. Eight
rows at a time are added by pairs, and the pairs by pairs, in the array's own type, and that to
the lanes, which are float64; then single rows; at last the elements that fill no row, in the last
lanes (in the first if they are all there are). The lanes become one by halves, the upper added to
the lower.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

cgutils: Any = _cgutils  # untyped

__all__ = ["dot", "largest", "sum_deviations", "sum_of", "sum_products", "sum_scaled"]

LANES = 16
_ROWS = 8

_NUMBERS = ir.VectorType(ir.IntType(64), LANES)
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)


class _Reduction(NamedTuple):
    """How rows become one."""

    neutral: float
    merge: Callable[[Any, Any, Any], Any]
    lanes: Any
    """The type of the lanes, None for that of the array."""


def _larger(b: Any, x: Any, y: Any) -> Any:
    return b.select(b.fcmp_ordered(">", x, y), x, y)


_SUM = _Reduction(0.0, lambda b, x, y: b.fadd(x, y), _DOUBLES)
_MAXIMUM = _Reduction(float("-inf"), _larger, None)


def _spread(b: Any, scalar: Any) -> Any:
    """Return a row that holds the scalar in each lane."""
    none = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = b.insert_element(none, scalar, ir.Constant(ir.IntType(32), 0))
    return b.shuffle_vector(first, none, _lane_numbers([0] * LANES))


def _lane_numbers(numbers: Any) -> Any:
    numbers = list(numbers)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


class _Loop:
    """Emits the loops of one reduction.

    `term` turns a row of each array and the scalars into the rows to be reduced.
    """

    def __init__(self, b: Any, term: Any, by: _Reduction, pointers: list[Any], scalars: Any):
        self.b, self.term, self.by, self.pointers = b, term, by, pointers
        self.row = ir.VectorType(pointers[0].type.pointee, LANES)
        self.bytes = 8 if self.row.element == ir.DoubleType() else 4
        self.scalars = [_spread(b, s) for s in scalars]
        self.neutral = ir.Constant(self.row, [by.neutral] * LANES)
        self.lanes: list[Any] = []

    def _load(self, pointer: Any) -> Any:
        return self.b.load(self.b.bitcast(pointer, self.row.as_pointer()), align=self.bytes)

    def _terms(self, i: Any) -> Any:
        rows = [self._load(self.b.gep(p, [i])) for p in self.pointers]
        return self.term(self.b, rows, self.scalars)

    def _absorb(self, terms: Any) -> None:
        b, kind = self.b, self.by.lanes or self.row
        for lanes, term in zip(self.lanes, terms, strict=True):
            wide = term if term.type == kind else b.fpext(term, kind)
            b.store(self.by.merge(b, b.load(lanes), wide), lanes)

    def _several(self, i: Any) -> None:
        """Treat eight rows as ((a + b) + (c + d)) + ((e + f) + (g + h))."""
        step = ir.Constant(i.type, LANES)
        places = reduce(lambda p, _: [*p, self.b.add(p[-1], step)], range(_ROWS - 1), [i])
        rows = list(zip(*[self._terms(p) for p in places], strict=True))
        while len(rows[0]) > 1:
            rows = [self._halve(r) for r in rows]
        self._absorb([r[0] for r in rows])

    def _halve(self, rows: Any) -> Any:
        pairs = zip(rows[::2], rows[1::2], strict=True)
        return [self.by.merge(self.b, x, y) for x, y in pairs]

    def _masked(self, terms: Any, from_lane: Any, to_lane: Any) -> None:
        b = self.b
        numbers = ir.Constant(_NUMBERS, list(range(LANES)))
        inside = b.and_(
            b.icmp_signed(">=", numbers, _spread(b, from_lane)),
            b.icmp_signed("<", numbers, _spread(b, to_lane)),
        )
        self._absorb([b.select(inside, t, self.neutral) for t in terms])

    def _rest(self, size: Any, rest: Any) -> None:
        """Treat the elements that fill no row: as the end of a row, or copied if there is none."""
        b, whole = self.b, ir.Constant(size.type, LANES)
        zero = ir.Constant(size.type, 0)
        with b.if_else(b.icmp_signed(">=", size, whole)) as (enough, too_few):
            with enough:
                self._masked(self._terms(b.sub(size, whole)), b.sub(whole, rest), whole)
            with too_few:
                copies = [self._copied(p, size) for p in self.pointers]
                self._masked(self.term(b, copies, self.scalars), zero, size)

    def _copied(self, pointer: Any, size: Any) -> Any:
        b = self.b
        row = cgutils.alloca_once(b, self.row)
        b.store(ir.Constant(self.row, [0.0] * LANES), row)
        place = b.bitcast(row, pointer.type)
        with cgutils.for_range(b, size) as loop:
            b.store(b.load(b.gep(pointer, [loop.index])), b.gep(place, [loop.index]))
        return b.load(row)

    def run(self, size: Any, count: int) -> list[Any]:
        """Emit everything; return `count` scalars."""
        b, kind = self.b, self.by.lanes or self.row
        start = ir.Constant(kind, [self.by.neutral] * LANES)
        self.lanes = [cgutils.alloca_once_value(b, start) for _ in range(count)]
        zero, row, several = (ir.Constant(size.type, k) for k in (0, LANES, _ROWS * LANES))
        most = b.and_(size, b.neg(several))
        full = b.and_(size, b.neg(row))
        with cgutils.for_range_slice(b, zero, most, several) as (i, _):
            self._several(i)
        with cgutils.for_range_slice(b, most, full, row) as (i, _):
            self._absorb(self._terms(i))
        rest = b.sub(size, full)
        with b.if_then(b.icmp_signed(">", rest, zero)):
            self._rest(size, rest)
        return [self._one(b.load(lanes)) for lanes in self.lanes]

    def _one(self, lanes: Any) -> Any:
        b, width = self.b, LANES
        while width > 1:
            width //= 2
            lower = b.shuffle_vector(lanes, lanes, _lane_numbers(range(width)))
            upper = b.shuffle_vector(lanes, lanes, _lane_numbers(range(width, 2 * width)))
            lanes = self.by.merge(b, lower, upper)
        return b.extract_element(lanes, ir.Constant(ir.IntType(32), 0))


def _build(arrays: int, outputs: int, term: Any, by: _Reduction = _SUM) -> Any:
    """Return the code generator for a function of some arrays, then scalars of their type."""

    def build(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        structs = [
            ctx.make_array(t)(ctx, b, v)
            for t, v in zip(sig.args[:arrays], args[:arrays], strict=True)
        ]
        kind = sig.args[0].dtype
        scalars = [
            ctx.cast(b, v, t, kind) for t, v in zip(sig.args[arrays:], args[arrays:], strict=True)
        ]
        loop = _Loop(b, term, by, [s.data for s in structs], scalars)
        out = loop.run(structs[0].nitems, outputs)
        return out[0] if outputs == 1 else ctx.make_tuple(b, sig.return_type, out)

    return build


def _pair() -> Any:
    kind: Any = types.UniTuple
    return kind(types.float64, 2)


def _deviation_terms(b: Any, rows: Any, scalars: Any) -> list[Any]:
    d = b.fsub(rows[0], scalars[0])
    return [d, b.fmul(d, d)]


def _product_terms(b: Any, rows: Any, scalars: Any) -> list[Any]:
    return [rows[0], b.fmul(rows[0], b.fsub(rows[1], scalars[0]))]


def _scaled_terms(b: Any, rows: Any, scalars: Any) -> list[Any]:
    return _product_terms(b, [b.fmul(rows[0], rows[2]), rows[1]], scalars)


@intrinsic
def _sum_of(context: Any, x: Any) -> Any:
    return types.float64(x), _build(1, 1, lambda b, rows, _: rows)


@intrinsic
def _largest(context: Any, x: Any) -> Any:
    return x.dtype(x), _build(1, 1, lambda b, rows, _: rows, _MAXIMUM)


@intrinsic
def _dot(context: Any, x: Any, y: Any) -> Any:
    return types.float64(x, y), _build(2, 1, lambda b, rows, _: [b.fmul(*rows)])


@intrinsic
def _sum_deviations(context: Any, x: Any, mean: Any) -> Any:
    return _pair()(x, mean), _build(1, 2, _deviation_terms)


@intrinsic
def _sum_products(context: Any, g: Any, x: Any, mean: Any) -> Any:
    return _pair()(g, x, mean), _build(2, 2, _product_terms)


@intrinsic
def _sum_scaled(context: Any, g: Any, x: Any, gamma: Any, mean: Any) -> Any:
    return _pair()(g, x, gamma, mean), _build(3, 2, _scaled_terms)


sum_of = cast(Callable[[Any], float], _sum_of)
"""Σ x."""

largest = cast(Callable[[Any], Any], _largest)
"""The largest element, -inf of none, anything if one is NaN."""

dot = cast(Callable[[Any, Any], float], _dot)
"""Σ xy."""

sum_deviations = cast(Callable[[Any, Any], tuple[float, float]], _sum_deviations)
"""Σ (x - mean) and Σ (x - mean)²."""

sum_products = cast(Callable[[Any, Any, Any], tuple[float, float]], _sum_products)
"""Σ g and Σ g(x - mean)."""

sum_scaled = cast(Callable[[Any, Any, Any, Any], tuple[float, float]], _sum_scaled)
"""Σ gγ and Σ gγ(x - mean)."""

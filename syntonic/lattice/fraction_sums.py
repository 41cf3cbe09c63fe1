"""Sums of fractions with denominators of their own.

What has one denominator is added up first, as integers. What is then left is joined in balanced
trees, so that long numbers meet numbers as long, and is brought to lowest terms once, at the end.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from gmpy2 import gcd, mpz

from syntonic.jit.policy import slow_way
from syntonic.lattice import wide
from syntonic.lattice.arithmetic import add
from syntonic.lattice.array import INT64_MAX, LatticeArray, objects
from syntonic.lattice.fractional import int64_total, numerators
from syntonic.lattice.joining import join
from syntonic.lattice.limb_sums import short_sums
from syntonic.lattice.parts import as_mpz, ratios

__all__ = ["sum_apart"]

_HALVES = 32  # bits: sums of so long halves of int64 fit int64

_FEW = 32
"""Up to so many elements sums of mpq take less time than finding equal denominators."""


class _Term(NamedTuple):
    """Numerators, integers or object arrays of them, over an integer."""

    a: Any
    b: Any
    d: Any


def sum_apart(x: LatticeArray, axes: tuple[int, ...]) -> LatticeArray:
    """Return the sum along axes of an array that no shared denominator of int64 serves.

    Over one denominator of any length limbs are added up, where they hold the sum.
    """
    if x.size <= _FEW:
        a, b = (np.sum(part, axis=axes, initial=0) for part in x.fractions())
        return LatticeArray.rational(a, b)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    count, shape = prod(x.shape[i] for i in axes), tuple(x.shape[i] for i in kept)
    if x.is_wide:
        found = wide.widened(lambda w: max(count, 1) * w.bound, x)
        if found is not None:
            return wide.sum(found[0], axes, keepdims=False)
        x = x.unpacked()
    rows = x.map(lambda part: np.transpose(part, axes + kept).reshape(count, prod(shape)))
    out = _rows_summed(rows)
    return out.map(lambda part: part.reshape(shape))


def _rows_summed(rows: LatticeArray) -> LatticeArray:
    count, width = rows.shape
    if min(count, width) == 0:
        return LatticeArray.packed(*np.zeros((2, width), np.int64))
    if rows.is_rational:
        return _total(list(map(_Term, *numerators(rows[:, 0])))) if width == 1 else _in_halves(rows)
    if (short := short_sums(rows)) is not None:
        return short
    values, places = np.unique(rows.denominator, return_inverse=True)
    if 4 * values.size <= count:
        return _grouped(rows, values, places.reshape(rows.shape))
    half = count // 2
    total = int64_total(rows[:half], rows[half : 2 * half], np.add) if half else None
    if total is not None:
        rest = rows[2 * half :]
        return _rows_summed(join(lambda p, r: np.concatenate([p, r]), total, rest).split())
    return _grouped(rows, values, places.reshape(rows.shape)) if width == 1 else _in_halves(rows)


def _in_halves(rows: LatticeArray) -> LatticeArray:
    """Add one half of the rows to the other until one row is left."""
    while rows.shape[0] > 1:
        half = rows.shape[0] // 2
        total = add(rows[:half], rows[half : 2 * half])
        rows = join(lambda p, r: np.concatenate([p, r]), total, rows[2 * half :])
    return rows[0]


def _grouped(rows: LatticeArray, values: Any, places: Any) -> LatticeArray:
    """Add up the numerators over each of the few denominators, then the sums in a tree."""
    a, b = (_group_sums(part, places, values.size, rows) for part in (rows.a, rows.b))
    terms = [_Term(*term) for term in zip(a, b, map(mpz, values.tolist()), strict=True)]
    return _total(terms)


def _group_sums(part: Any, places: Any, count: int, rows: LatticeArray) -> list[Any]:
    """Return the sums of an int64 array over the rows of each group, in object arrays."""
    shape = (count, part.shape[1])
    flat = places * shape[1] + np.arange(shape[1])

    def added(x: Any) -> Any:
        out = np.zeros(prod(shape), np.int64)
        np.add.at(out, flat.ravel(), x.ravel())
        return out.reshape(shape)

    if part.shape[0] * rows.bound <= INT64_MAX:
        sums = as_mpz(added(part))
    else:
        high, low = (as_mpz(added(x)) for x in (part >> _HALVES, part & ((1 << _HALVES) - 1)))
        sums = (high << _HALVES) + low
    return list(sums[:, 0]) if shape[1] == 1 else list(sums)


@slow_way
def _total(terms: list[_Term]) -> LatticeArray:
    """Return the sum in lowest terms: one number or, of arrays, their sum."""
    while len(terms) > 1:
        join_pair = _over_least if _shortens(terms[0], terms[1]) else _over_product
        pairs = list(map(join_pair, terms[::2], terms[1::2]))
        terms = pairs + terms[2 * len(pairs) :]
    a, b, d = (objects(part) for part in terms[0])
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    return LatticeArray.rational(*ratios(a, b, d))


def _shortens(x: _Term, y: _Term) -> bool:
    """Tell whether a least common denominator is shorter than the product by a tenth or more.

    Less is not worth the greatest common divisors of a level of the tree.
    """
    bits = x.d.bit_length() + y.d.bit_length()
    return 10 * gcd(x.d, y.d).bit_length() > bits


def _over_least(x: _Term, y: _Term) -> _Term:
    common = gcd(x.d, y.d)
    k, m = y.d // common, x.d // common
    return _Term(x.a * k + y.a * m, x.b * k + y.b * m, x.d * k)


def _over_product(x: _Term, y: _Term) -> _Term:
    a, b, d = x
    p, q, e = y
    return _Term(a * e + p * d, b * e + q * d, d * e)

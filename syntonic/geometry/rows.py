"""Rows of exact arrays as keys: which of them are equal, and where a row stands in a table.

Rows are compared as integers, their numerators over one denominator. A key of 64 bits sorts them,
and rows of equal keys are compared in full: no answer rests on a key alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import lcm, prod
from typing import Any

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.tensor import ResonantTensor
from syntonic.typing import IntArray

__all__ = ["RowTable", "common_rows", "distinct", "integer_rows", "joined", "member", "stacked"]

_SEED = 20
_weights: list[Any] = [np.random.default_rng(_SEED).integers(1 << 62, size=64, dtype=np.uint64)]


def joined(*parts: ResonantTensor) -> ResonantTensor:
    """Return the rows of tensors one after the other."""
    out: Any = np.concatenate(parts)
    return out


def stacked(parts: Iterable[ResonantTensor], axis: int = 0) -> ResonantTensor:
    """Return tensors of one shape along a new axis."""
    out: Any = np.stack([*parts], axis=axis)
    return out


def integer_rows(points: ResonantTensor, denominator: int | None = None) -> tuple[Any, int]:
    """Return the numerators of each row, shape (rows, 2·numbers), and their denominator.

    A given denominator must be a multiple of the tensor's. int64, or Python integers.
    """
    a, b, least = points.numerators()
    width = prod(points.shape[1:])
    rows = np.concatenate([part.reshape(len(points), width) for part in (a, b)], axis=1)
    scale = 1 if denominator is None else denominator // int(least)
    if scale != 1:
        if rows.dtype == np.int64 and _largest(rows) * scale > INT64_MAX:
            rows = rows.astype(object)
        rows = rows * scale
    return rows, int(least) * scale


def _largest(rows: Any) -> int:
    return max(int(rows.max(initial=0)), -int(rows.min(initial=0)))


def common_rows(*points: ResonantTensor) -> list[Any]:
    """Return the integer rows of several tensors, over one and the same denominator."""
    shared = lcm(*(int(each.numerators()[2]) for each in points))
    return [integer_rows(each, shared)[0] for each in points]


def _keys(rows: IntArray) -> Any:
    count = rows.shape[1]
    if len(_weights[0]) < count:  # the first weights stay as they are
        rng = np.random.default_rng(_SEED)
        _weights[0] = rng.integers(1 << 62, size=2 * count, dtype=np.uint64)
    odd = 2 * _weights[0][:count] + np.uint64(1)
    return np.ascontiguousarray(rows).view(np.uint64) @ odd


def distinct(rows: Any) -> tuple[IntArray, IntArray]:
    """Return where each different row first stands, in order, and which of these each row is."""
    if rows.dtype == np.int64:
        _, first, inverse = np.unique(_keys(rows), return_index=True, return_inverse=True)
        if (rows[first][inverse] == rows).all():
            order = np.argsort(first, kind="stable")
            place = np.empty_like(order)
            place[order] = np.arange(len(order))
            return first[order], place[inverse]
    known: dict[tuple[int, ...], int] = {}
    labels = [known.setdefault(tuple(row), len(known)) for row in rows.tolist()]
    inverse = np.array(labels, dtype=np.intp)
    return np.unique(inverse, return_index=True)[1], inverse


def member(rows: Any, table: Any) -> IntArray:
    """Return where each row stands in the table, or -1. Both hold integers."""
    if rows.dtype != np.int64 or table.dtype != np.int64:
        rows, table = rows.astype(object), table.astype(object)
    first, inverse = distinct(np.concatenate([table, rows]))
    found = first[inverse[len(table) :]]
    return np.where(found < len(table), found, -1)


class RowTable:
    """Exact rows, to be looked up many times.

    Parameters
    ----------
    points
        Shape (rows, ...), crystallized.
    """

    def __init__(self, points: ResonantTensor) -> None:
        self._points = points

    def find(self, points: ResonantTensor) -> IntArray:
        """Return where each row of other points stands here, or -1."""
        table, rows = common_rows(self._points, points)
        return member(rows, table)

"""Rows of the table of cliffs: products of long entries, and batches of small matrices."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cliff import Row
from benchmarks.cliffs_long import pair
from syntonic import ResonantTensor, linalg


def _order(size: int, most: int) -> int:
    return min(most, max(2, int(size**0.5)))


def _product(order: int, bits: int) -> Row:
    def setup(size: int) -> tuple[Any, ...]:
        n = _order(size, order)
        return *pair((n, n), bits), *pair((n, n), 40)

    return Row(
        name=f"matmul of order {order}, {bits} bits beside 40",
        group="matrices",
        setup=setup,
        slow=lambda a, b, c, d: a @ b,
        neighbour=lambda a, b, c, d: c @ d,
        bound=20,
    )


def _regular(count: int, n: int, bound: int) -> ResonantTensor:
    a, b = np.random.default_rng(0).integers(-bound, bound + 1, (2, count, n, n))
    while (singular := linalg.det(ResonantTensor.from_lattice(a, b)).to_floats() == 0).any():
        a[singular] += np.eye(n, dtype=int)
    return ResonantTensor.from_lattice(a, b)


def _batch(n: int) -> Callable[[int], tuple[Any, ...]]:
    def setup(size: int) -> tuple[Any, ...]:
        x = _regular(max(1, size // 20), n, 9 if n < 6 else 3)
        return x, x[::-1], x.to_floats(), x.to_floats()[::-1]

    return setup


def _beside_numpy(name: str, n: int, bound: float) -> Row:
    ours: Callable[..., Any] = operator.matmul if name == "matmul" else getattr(linalg, name)
    theirs: Callable[..., Any] = operator.matmul if name == "matmul" else getattr(np.linalg, name)
    two = name in ("matmul", "solve")
    return Row(
        name=f"batched {name} of order {n} beside NumPy's float64",
        group="matrices",
        setup=_batch(n),
        slow=lambda x, y, p, q: ours(x, y) if two else ours(x),
        neighbour=lambda x, y, p, q: theirs(p, q) if two else theirs(p),
        bound=bound,
    )


ROWS = (
    *(_product(order, bits) for order in (64, 128) for bits in (62, 64, 128, 256)),
    *(_beside_numpy("matmul", n, 1.5 if n <= 4 else 4) for n in (2, 3, 4, 8)),
    *(_beside_numpy(name, n, 5) for n in (2, 3, 4, 5, 6, 8) for name in ("det", "inv", "solve")),
)

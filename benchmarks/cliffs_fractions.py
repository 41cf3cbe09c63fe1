"""Rows of the table of cliffs: a denominator for each element beside one for all.

Two rows stand beside a balanced tree of pairs of gmpy2's mpq, and beside NumPy on scalars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cliff import Row
from benchmarks.cliffs_long import pair
from syntonic import ResonantTensor

Maker = Callable[[int], tuple[ResonantTensor, ResonantTensor]]


def _drawn(size: int, bits: int, least: int, most: int) -> tuple[ResonantTensor, ResonantTensor]:
    rng = np.random.default_rng(1)
    x, y = (
        ResonantTensor.from_lattice(*rng.integers(-1 << bits, 1 << bits, (2, size))) for _ in "xy"
    )
    d, e = (ResonantTensor(rng.integers(least, most, size)) for _ in "de")
    return x / d, y / e


def whole(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    return _drawn(size, 20, 1, 2)


def apart(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    """Denominators of 24 bits: the least common one has as many digits as there are elements."""
    return _drawn(size, 19, 1 << 23, 1 << 24)


def short(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    """Denominators up to 100: the least common one has 136 bits."""
    return _drawn(size, 19, 1, 101)


def beyond(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    """Numerators of 100 bits over denominators of 62 bits, which no layout of fixed width holds."""
    rng = np.random.default_rng(1)
    d, e = (ResonantTensor(rng.integers(1 << 61, 1 << 62, size)) for _ in "de")
    x, y = pair((size,), 100)
    return x / d, y / e


def tree(values: list[Any]) -> Any:
    """Return the sum by a balanced tree."""
    while len(values) > 1:
        half = len(values) // 2
        pairs = zip(values[:half], values[half : 2 * half], strict=True)
        values = [u + v for u, v in pairs] + values[2 * half :]
    return values[0]


def _beside_packed(
    name: str, make: Maker, kind: str, call: Callable[..., Any], bound: float
) -> Row:
    return Row(
        name=f"{name}, denominators {kind}, beside one for all",
        group="fractions",
        setup=lambda size: (make(size), whole(size)),
        slow=lambda x, p: call(*x),
        neighbour=lambda x, p: call(*p),
        bound=bound,
    )


def _square_beside_packed(order: int) -> Row:
    return Row(
        name=f"matmul of order {order}, denominators up to 100, beside one for all",
        group="fractions",
        setup=lambda size: tuple(
            x.reshape(order, order) for x in short(order**2) + whole(order**2)
        ),
        slow=lambda x, y, p, q: x @ y,
        neighbour=lambda x, y, p, q: p @ q,
        bound=50,
    )


def _with_pairs(size: int) -> tuple[Any, ...]:
    x, _ = apart(size)
    return x, x.a.tolist(), x.b.tolist()


def _square(size: int) -> tuple[Any, ...]:
    n = min(16, max(2, int(size**0.5)))
    x, y = (z.reshape(n, n) for z in apart(n * n))
    return x, y, np.array(x.tolist()), np.array(y.tolist())


ORDER: dict[str, Callable[..., Any]] = {
    "to_floats": lambda x, y: x.to_floats(),
    "argsort": lambda x, y: x.argsort(),
    "argmax": lambda x, y: x.argmax(),
    "less": lambda x, y: x < y,
    "maximum": np.maximum,
}
ALWAYS: dict[str, Callable[..., Any]] = {  # of a new array each time, as if it were the first
    "to_floats": lambda x, y: x[:].to_floats(),
    "sort": lambda x, y: np.sort(x[:]),
    "argsort": lambda x, y: x[:].argsort(),
    "less": lambda x, y: x[:] < y[:],
}
SUMS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sum": lambda x, y: x.sum(),
    "dot": np.dot,
}
ROWS = (
    *(_beside_packed(name, apart, "of 24 bits", call, 50) for name, call in ORDER.items()),
    *(_beside_packed(name, short, "up to 100", call, 50) for name, call in (ORDER | SUMS).items()),
    *(_beside_packed(name, beyond, "of 62 bits", call, 50) for name, call in ALWAYS.items()),
    *(_square_beside_packed(order) for order in (16, 64, 128)),
    Row(
        name="sum, denominators of 24 bits, beside a tree of pairs of mpq",
        group="fractions",
        setup=_with_pairs,
        slow=lambda x, a, b: x.sum(),
        neighbour=lambda x, a, b: (tree(a), tree(b)),
        bound=2,
    ),
    Row(
        name="matmul of order 16, denominators of 24 bits, beside NumPy on scalars",
        group="fractions",
        setup=_square,
        slow=lambda x, y, p, q: x @ y,
        neighbour=lambda x, y, p, q: p @ q,
        bound=1.01,
    ),
)

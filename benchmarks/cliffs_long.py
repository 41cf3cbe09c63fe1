"""Rows of the table of cliffs: numerators beyond int64 beside short ones, element by element."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cliff import Row
from syntonic import ResonantTensor

SHORT = 20
LONG = (63, 64, 128, 192, 256)

Pair = tuple[ResonantTensor, ResonantTensor]


def pair(shape: tuple[int, ...], bits: int) -> Pair:
    """Return two tensors with numerators of up to so many bits."""
    draw = random.Random(f"{shape} {bits}")
    parts = np.empty((4, *shape), object)
    parts.ravel()[:] = [draw.getrandbits(bits + 1) - (1 << bits) for _ in range(parts.size)]
    if bits < 63:
        parts = parts.astype(np.int64)
    return ResonantTensor.from_lattice(*parts[:2]), ResonantTensor.from_lattice(*parts[2:])


OPERATIONS: dict[str, Callable[[Pair], Any]] = {
    "add": lambda p: p[0] + p[1],
    "subtract": lambda p: p[0] - p[1],
    "multiply": lambda p: p[0] * p[1],
    "negate": lambda p: -p[0],
    "abs": lambda p: abs(p[0]),
    "less": lambda p: p[0] < p[1],
    "equal": lambda p: p[0] == p[1],
    "maximum": lambda p: np.maximum(*p),
    "minimum": lambda p: np.minimum(*p),
    "sum": lambda p: p[0].sum(),
    "cumsum": lambda p: p[0].cumsum(),
    "to_floats": lambda p: p[0].to_floats(),
    "argsort": lambda p: p[0].argsort(),
}


def _row(name: str, call: Callable[[Pair], Any], bits: int) -> Row:
    return Row(
        name=f"{name} of {bits} bits beside {SHORT}",
        group="long",
        setup=lambda size: (pair((size,), bits), pair((size,), SHORT)),
        slow=lambda long, short: call(long),
        neighbour=lambda long, short: call(short),
        bound=20,
    )


ROWS = (
    *(_row(name, call, bits) for name, call in OPERATIONS.items() for bits in LONG),
    Row(
        name="multiply of 32 bits beside 30",
        group="long",
        setup=lambda size: (pair((size,), 32), pair((size,), 30)),
        slow=lambda long, short: operator.mul(*long),
        neighbour=lambda long, short: operator.mul(*short),
        bound=20,
    ),
)

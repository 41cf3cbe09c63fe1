"""Lattice arrays to compute with, and what Python's integers say of them."""

from __future__ import annotations

import random
from math import prod
from typing import Any

import numpy as np

from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray

__all__ = ["BITS", "array", "of", "same"]

BITS = (2, 20, 31, 40, 62, 63, 64, 100, 300)
"""Of numerators: small, at the edge of int64 for them, their sums and products, and beyond."""


def array(seed: int, shape: tuple[int, ...], bits: int, denominator: int = 1) -> LatticeArray:
    """Return random numerators from -2^bits to 2^bits - 1, the ends among them."""
    rng, count = random.Random(seed), prod(shape)
    ends = [-(2**bits), 2**bits - 1, 0, 1, -1]
    a, b = (
        [rng.choice(ends) if rng.random() < 0.2 else rng.randrange(-(2**bits), 2**bits) for _ in x]
        for x in (range(count), range(count))
    )
    return of(np.array(a, object).reshape(shape), np.array(b, object).reshape(shape), denominator)


def of(a: Any, b: Any, denominator: int = 1) -> LatticeArray:
    """Return (a + bφ)/denominator."""
    a, b = (np.asarray(x, dtype=object) for x in (a, b))
    return LatticeArray.from_numerators(a, b, denominator)


def same(x: LatticeArray, y: LatticeArray) -> bool:
    """Tell whether shapes and values are the same."""
    return x.shape == y.shape and bool(order.equal(x, y).all())

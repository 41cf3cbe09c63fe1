"""The arguments of constructors: shapes, bounds, and numbers brought into a shape."""

from __future__ import annotations

from math import prod
from operator import index
from typing import Any

import numpy as np

from syntonic.errors import ShapeError, shown
from syntonic.exact.golden import PHI
from syntonic.lattice import arithmetic
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.typing import Shape

__all__ = ["checked_bound", "checked_shape", "combine", "reshaped"]


def combine(a: LatticeArray, b: LatticeArray, denominator: int) -> LatticeArray:
    """Return (a + bφ)/denominator."""
    if all(x.is_packed and x.denominator == 1 for x in (a, b)):
        return LatticeArray.from_numerators(a.a, b.a, denominator)
    total = arithmetic.add(a, arithmetic.multiply(b, lattice_scalar(PHI)))
    return arithmetic.divide(total, lattice_scalar(denominator))


def reshaped(x: LatticeArray, shape: Shape | None, where: str) -> LatticeArray:
    if shape is None:
        return x
    wanted = checked_shape(shape, where, least=-1)
    if prod(wanted) != x.size and -1 not in wanted:
        raise ShapeError(
            f"{where}: shape must hold the {x.size} elements of the data, got {shown(wanted)}"
        )
    return x.map(lambda part: part.reshape(wanted))


def checked_shape(shape: Any, where: str, least: int = 0) -> tuple[int, ...]:
    """Return a shape as a tuple of ints, from one length or several."""
    try:
        single = isinstance(shape, (int, np.integer))
        wanted = (int(shape),) if single else tuple(map(index, shape))
    except TypeError:
        raise TypeError(
            f"{where}: shape must be an integer or a tuple of integers, got {type(shape).__name__}"
        ) from None
    if not all(least <= n < 1 << 63 for n in wanted):
        raise ShapeError(
            f"{where}: shape must hold lengths from {least} to 2^63 - 1, got {shown(wanted)}"
        )
    return wanted


def checked_bound(bound: Any, where: str) -> int:
    try:
        largest = index(bound)
    except TypeError:
        raise TypeError(f"{where}: bound must be an integer, got {type(bound).__name__}") from None
    if not 0 <= largest < 1 << 63:
        raise ValueError(f"{where}: bound must be from 0 to 2^63 - 1, got {shown(largest)}")
    return largest

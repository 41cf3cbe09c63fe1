"""Rounding the wide layout down to integers, in limbs.

With F = ⌊2^k φ⌋ the number 2^k (a + bφ) lies between t = 2^k a + Fb and t + b. Where both have the
same digits from bit k on, these are those of ⌊a + bφ⌋, and ⌊x/d⌋ = ⌊⌊x⌋/d⌋. With k twenty bits
above those of b, one element in a million stays open, and goes to integers.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from syntonic.exact import pairs
from syntonic.lattice import limbs, wide
from syntonic.lattice.array import LatticeArray, elementwise
from syntonic.lattice.limbs import MOST_LIMBS, limbs_for

__all__ = ["are_odd", "wide_floor"]

_ROOM = 20

_floor_pair = np.frompyfunc(pairs.floor_div, 3, 1)


def wide_floor(x: LatticeArray) -> LatticeArray | None:
    """Return ⌊x⌋ of a wide array; None where limbs are too few for that."""
    cut = limbs_for(x.bound << _ROOM)
    one = 1 << 64 * cut
    if limbs_for(4 * x.bound * one) > MOST_LIMBS:
        return None
    floors = limbs.floor_quotients(_floors(x, cut, one), x.denominator)
    bound = 3 * x.bound // x.denominator + 1
    return LatticeArray.wide(floors, np.zeros_like(floors), 1, bound=bound)


def _floors(x: LatticeArray, cut: int, one: int) -> Any:
    """Return ⌊a + bφ⌋ as limbs."""
    below, above = wide.floor_range(x, one, (one + isqrt(5 * one * one)) // 2)
    down, up = (limbs.without_lowest(part, cut) for part in (below, above))
    open_ = np.asarray(down != up)
    if open_.any():
        chosen = x[open_].lengthened()
        exact = elementwise(_floor_pair, chosen.a, chosen.b, 1)
        down[open_] = limbs.from_objects(exact, limbs.limbs_of(down))
    return down


def are_odd(x: LatticeArray) -> Any:
    """Return which of integers without φ are odd."""
    a = limbs.lowest(x.a) if x.is_wide else x.a
    return np.asarray(a % 2 == 1, dtype=bool)

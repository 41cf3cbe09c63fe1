"""Joining lattice arrays and choosing between them: elements move, none changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.lattice.arithmetic import aligned
from syntonic.lattice.array import LatticeArray, moved

__all__ = ["assign", "join", "where"]


def join(function: Callable[..., Any], *arrays: LatticeArray) -> LatticeArray:
    """Apply to the a's and to the b's a function that merges arrays without arithmetic."""
    arrays = aligned(*arrays)
    first = arrays[0]
    a, b = function(*(x.a for x in arrays)), function(*(x.b for x in arrays))
    if first.is_rational:
        return LatticeArray.rational(a, b)
    bound = max(x.bound for x in arrays)
    if first.is_wide:
        return LatticeArray.wide(a, b, first.denominator, bound=bound)
    if first.is_packed:
        return LatticeArray.packed(a, b, first.denominator, bound=bound)
    over = moved(function(*(x.denominator for x in arrays)))
    return LatticeArray.fractional(a, b, over, bound=bound)


def where(condition: Any, x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return x where the boolean condition holds, else y."""
    return join(lambda p, q: np.where(condition, p, q), x, y)


def assign(x: LatticeArray, index: Any, value: LatticeArray) -> LatticeArray:
    """Return x with the elements at a NumPy index replaced by value, broadcast."""

    def assigned(part: Any, new: Any) -> Any:
        out = np.array(part)
        out[index] = new[()]  # a 0-d object array would itself become the element
        return out

    return join(assigned, x, value)

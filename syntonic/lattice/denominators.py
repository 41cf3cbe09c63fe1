"""Int64 numerators over int64 denominators, one for each element or one for all, where they fit."""

from __future__ import annotations

from math import lcm
from operator import attrgetter
from typing import Any

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.typing import IntArray, ObjectArray

__all__ = ["of_rationals", "over_one"]


def of_rationals(a: ObjectArray, b: ObjectArray) -> tuple[IntArray, IntArray, IntArray] | None:
    """Return (p, q, d) in lowest terms with a = p/d and b = q/d element by element, or None."""
    columns = []
    for part in (a, b):
        values = part.ravel().tolist()
        if values and not all(map(_fits, (values[0], values[-1], values[len(values) // 2]))):
            return None  # soon known, as it mostly is
        for name in ("denominator", "numerator"):
            try:
                columns.append(np.fromiter(map(attrgetter(name), values), np.int64, len(values)))
            except OverflowError:
                return None
    d, p, e, q = columns
    k = e // np.gcd(d, e)
    if (d > INT64_MAX // k).any():
        return None
    over = d * k
    scaled = _scaled(p, k), _scaled(q, over // e)
    if scaled[0] is None or scaled[1] is None:
        return None
    return scaled[0].reshape(a.shape), scaled[1].reshape(a.shape), over.reshape(a.shape)


def over_one(a: IntArray, b: IntArray, d: IntArray) -> tuple[IntArray, IntArray, int] | None:
    """Return numerators over the least common multiple of the denominators, or None."""
    least = 1
    for e in np.unique(d).tolist():
        least = lcm(least, e)
        if least > INT64_MAX:
            return None
    p, q = _scaled(a, least // d), _scaled(b, least // d)
    return None if p is None or q is None else (p, q, least)


def _fits(x: Any) -> bool:
    return x.denominator <= INT64_MAX and -INT64_MAX - 1 <= x.numerator <= INT64_MAX


def _scaled(x: IntArray, scale: IntArray) -> IntArray | None:
    """Return x·scale, for scales of 1 and more, if int64 holds it."""
    most = INT64_MAX // scale
    inside = (x <= most) & ((x >= -most) | (scale == 1))
    return x * scale if inside.all() else None

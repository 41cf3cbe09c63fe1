"""The compiled rounding of (a + bφ)/d, each element with a denominator of its own.

As in `wake_loops`: a sum of two doubles with a proven error bound, Ziv's test, a careful second
way for what fails it, and NaN for what fails that too. Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.atomics import add_to
from syntonic.jit.compile import njit
from syntonic.jit.floats import fma, two_sum
from syntonic.jit.threads import BLOCK, counted_over_elements
from syntonic.rounding.wake_loops import (
    TERMS,
    Doubles,
    Floats,
    Ints,
    carefully_evaluated,
    evaluated,
    rounded,
    small,
)

__all__ = ["quotients"]


def quotients(a: Ints, b: Ints, d: Ints, dtype: np.dtype[Any]) -> tuple[Floats, int]:
    """Round (a + bφ)/d for contiguous 1-d int64 arrays, d > 0; NaN, counted, where undecided."""
    half = dtype == np.float16
    out = np.empty(a.size, np.float64 if half else dtype)
    found = counted_over_elements(_quotients, (a, b, d, out), dtype != np.float64)
    if half:  # NumPy rounds float16 from the round-to-odd values
        with np.errstate(over="ignore", under="ignore"):
            out = out.astype(np.float16)
    return out, int(found[0])


@njit
def _quotients(
    first: int, last: int, a: Ints, b: Ints, d: Ints, out: Floats, found: Ints, to_odd: bool
) -> None:
    terms = np.empty(TERMS)
    undecided = 0
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        if _block(a[start:stop], b[start:stop], d[start:stop], out[start:stop], to_odd):
            for i in range(start, stop):
                if np.isnan(out[i]):
                    out[i] = _careful(a[i], b[i], d[i], to_odd, terms)
                    undecided += np.isnan(out[i])
    add_to(found, 0, undecided)


@njit
def _block(a: Ints, b: Ints, d: Ints, out: Floats, to_odd: bool) -> int:
    count = 0
    for i in range(a.size):
        high, low, error = evaluated(a[i], b[i])
        high, low, error = _divided(high, low, error, d[i])
        value = rounded(high, low, error, b[i] == 0, to_odd)
        out[i] = value if small(a[i]) and small(b[i]) else np.nan
        count += np.isnan(out[i])
    return count


@njit
def _careful(a: int, b: int, d: int, to_odd: bool, terms: Doubles) -> float:
    if b == 0 and d == 1 and not to_odd:
        return float(a)
    high, low, error = carefully_evaluated(a, b, terms)
    high, low, error = _divided(high, low, error, d)
    return rounded(high, low, error, b == 0, to_odd)


@njit
def _divided(high: float, low: float, error: float, d: int) -> tuple[float, float, float]:
    """Divide by an int64, which is a sum of two doubles.

    With u = 2^-53 and q the first quotient, its remainder by `over` is exact. Together with low
    and q·rest it is at most 4u|high|, and its roundings, the division's and that by `over`
    instead of d are each at most 4u of it: less than 2^-98 of the quotient in all. Numbers are
    0 or at least 2^-65 / 2^63 in size, so nothing underflows.
    """
    over, rest = two_sum((d >> 32) * 2.0**32, float(d & 0xFFFFFFFF))
    q = high / over
    correction = (fma(-q, over, high) - q * rest + low) / over
    quotient = q + correction
    return quotient, (q - quotient) + correction, error / over + abs(quotient) * 2.0**-98

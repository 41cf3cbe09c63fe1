"""Floats of the rational layout, and enclosures of its elements, in compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from gmpy2 import mpq, to_binary

from syntonic.lattice.array import LatticeArray
from syntonic.rounding.wake import wake_rational, warn_overflow

__all__ = ["compiled_enclosures", "compiled_floats"]

_WORK = 64
"""An element takes as long as so many of int64."""


def compiled_floats(x: LatticeArray, out_type: np.dtype[Any]) -> Any:
    """Return the correctly rounded floats of a rational array."""
    from syntonic.jit.threads import over_elements
    from syntonic.lattice.rational_loops import round_enclosed

    half = out_type == np.float16
    out = np.empty(x.size, np.float64 if half else out_type)
    over_elements(round_enclosed, (*_enclosed(x), out), out_type != np.float64)
    if half:
        with np.errstate(over="ignore", under="ignore"):
            out = out.astype(np.float16)
    out = out.reshape(x.shape)
    open_, infinite = np.isnan(out), bool(np.isinf(out).any())
    if open_.any():
        out[open_] = rest = wake_rational(x.a[open_], x.b[open_], out_type)
        infinite = infinite and not np.isinf(rest).any()  # of these it has warned
    if infinite:
        warn_overflow(out_type)
    return out


def compiled_enclosures(x: LatticeArray) -> tuple[Any, Any]:
    """Return floats of a rational array and bounds of their errors, infinite where they are."""
    high, low, bound = (part.reshape(x.shape) for part in _enclosed(x))
    return high, np.abs(low) + bound


def _enclosed(x: LatticeArray) -> Any:
    """Return sums of two floats and bounds of their errors, kept with x: objects take long."""
    if x._enclosed is None:
        from syntonic.jit.threads import in_threads
        from syntonic.lattice.rational_loops import BEFORE, enclose

        records = (part for numbers in (x.a, x.b) for part in _records(numbers, BEFORE))
        x._enclosed = np.empty((3, x.size))
        in_threads(enclose, x.size, _WORK * x.size, *records, *x._enclosed)
    return x._enclosed


def _records(part: Any, before: int) -> tuple[Any, Any]:
    """Return numbers in gmpy2's binary format, after so many zeros, and where each starts."""
    values = part.ravel().tolist()
    try:
        items = list(map(to_binary, values))
    except TypeError:  # of Python's integers
        items = [to_binary(mpq(value)) for value in values]
    ends = np.empty(part.size + 1, np.int64)
    ends[0] = before
    ends[1:] = np.fromiter(map(len, items), np.int64, part.size)
    return np.frombuffer(b"".join([bytes(before), *items]), np.uint8), np.cumsum(ends)

"""Floats of the rational layout, and enclosures of its elements, in compiled loops."""

from __future__ import annotations

import sys
from ctypes import c_int64
from functools import cache
from typing import Any

import numpy as np
from gmpy2 import mpq, mpz

from syntonic.foreign import frozen
from syntonic.lattice.array import LatticeArray
from syntonic.rounding.wake import wake_rational, warn_overflow

__all__ = ["compiled_enclosures", "compiled_floats", "readable"]

_WORK = 32
"""An element takes as long as so many of int64."""


@cache
def readable() -> bool:
    """Tell whether gmpy2's numbers lie in memory as its header says, of limbs of 64 bits.

    That is asked of a few numbers, each word before the next one: no address is followed that may
    not be one.
    """
    if (sys.implementation.name, sys.byteorder) != ("cpython", "little"):
        return False
    long = (1 << 64) + 5
    probes = mpz(long), mpz(-7), mpq(-long, 3), mpq(9, long), mpz(0)
    return all(map(_lies_as_expected, probes))


def _lies_as_expected(number: Any) -> bool:
    kind, head, at = type(number), object.__basicsize__, id(number)
    parts = [number.numerator, number.denominator] if kind is mpq else [number]
    if kind.__basicsize__ < head + 16 * len(parts) or _word(at + head - 8) != id(kind):
        return False
    return all(_is_number(at + head + 16 * i, int(part)) for i, part in enumerate(parts))


def _is_number(at: int, value: int) -> bool:
    """Tell whether at an address are the room and the number of limbs, and where they are."""
    word, limbs, size = _word(at), _word(at + 8), -(-abs(value).bit_length() // 64)
    if word >> 32 != (size if value >= 0 else -size) or not size <= word & 0xFFFFFFFF < 256:
        return False
    found = (_word(limbs + 8 * i) % (1 << 64) << 64 * i for i in range(size))
    return sum(found) == abs(value)


def _word(address: int) -> int:
    return c_int64.from_address(address).value


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
    """Return sums of two floats and bounds of their errors, kept with x."""
    if x._enclosed is None:
        found = _enclosed_numbers(x)
        # Python's integers may be among what was left open.
        x._enclosed = _enclosed_numbers(x.in_gmp()) if np.isinf(found[2]).any() else found
    return x._enclosed


def _enclosed_numbers(x: LatticeArray) -> Any:
    from syntonic.jit.threads import in_threads
    from syntonic.lattice.rational_loops import enclose

    parts = [np.ascontiguousarray(part) for part in (x.a, x.b)]
    kinds = frozen(np.array([id(mpz), id(mpq)]))
    out = np.empty((3, x.size))
    in_threads(enclose, x.size, _WORK * x.size, *map(_address, parts), kinds, *out)
    return out


def _address(x: Any) -> int:
    address: int = x.__array_interface__["data"][0]
    return address

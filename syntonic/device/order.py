"""Order of exact arrays on a device: doubles with a proven error, and integers for the rest.

Floats only filter. What their error leaves open, and it alone, travels to the host.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.device.arithmetic import subtract
from syntonic.device.array import DeviceLattice
from syntonic.device.fields import digits, first, parts_of
from syntonic.device.moves import to_lattice
from syntonic.lattice import order

__all__ = ["all_equal", "compare", "equal", "sign"]

# As in `lattice.order`: |fl(p + qφ) - (p + qφ)| <= 2u|p| + 6.6u|q| with u = 2^-53, below 8u.
_FILTER = 2.0**-50

_DOUBT = 2


def equal(x: DeviceLattice, y: DeviceLattice) -> Any:
    """Return where x = y, as a boolean array of the device.

    Residues tell: those of a number that is not 0 do not all vanish, under its bounds.
    """
    both = x.pair is not None and y.pair is not None
    if both and type(x.divisor) is int and x.divisor == y.divisor:
        (a, b), (c, d) = x.pair, y.pair
        return x.xp.asarray((a == c) & (b == d))
    return x.xp.asarray(_zero(subtract(x, y)))


def all_equal(x: DeviceLattice, y: DeviceLattice) -> bool:
    """Return whether shapes and all elements are the same; one bool travels."""
    return x.shape == y.shape and bool(equal(x, y).all())


def compare(x: DeviceLattice, y: DeviceLattice, name: str) -> Any:
    """Return less(x, y), or what else the name says, as a boolean array of the device."""
    return getattr(x.xp, name)(sign(subtract(x, y)), 0)


def sign(x: DeviceLattice) -> Any:
    """Return the exact signs -1, 0, 1, as int8."""
    xp, zero = x.xp, _zero(x)
    value, error = _packed_floats(x) if x.pair is not None else _wide_floats(x)
    out = xp.where(abs(value) <= error, np.int8(_DOUBT), xp.sign(value).astype(np.int8))
    out = xp.where(zero, np.int8(0), out)
    flat = out.reshape(-1)
    doubtful = xp.flatnonzero(flat == _DOUBT)
    if doubtful.size:
        few = to_lattice(x.integral().map(lambda part: part.reshape(-1)[doubtful]))
        flat[doubtful] = xp.asarray(order.sign(few).astype(np.int8))
    return flat.reshape(x.shape)


def _zero(x: DeviceLattice) -> Any:
    if x.pair is not None:
        return (x.pair[0] == 0) & (x.pair[1] == 0)
    return (x.residues == 0).all(axis=(0, 1))


def _packed_floats(x: DeviceLattice) -> tuple[Any, Any]:
    p, q = (part.astype(np.float64) for part in x.pair)
    return p + q * PHI_FLOAT, (abs(p) + abs(q)) * _FILTER


def _wide_floats(x: DeviceLattice) -> tuple[Any, Any]:
    """Return floats of x·d, over the product of all primes but one, and bounds of their error.

    With u = 2^-53, the weights W_k are within u of themselves (or 2^-1000), the digits exact: the
    sums of n of them come out within (n + 2)u Σ|d_k|W_k, and what follows adds 6.6u of that.
    """
    primes = first(x.residues.shape[0])
    found = digits(parts_of(x.residues, primes), primes)
    top = prod(primes.numbers[:-1])
    total: Any = 0.0
    size: Any = 0.0
    for k, digit in enumerate(found):
        weight = float(Fraction(prod(primes.numbers[:k]), top))
        total, size = total + digit * weight, size + abs(digit) * weight
    error = (size[0] + 2 * size[1]) * ((len(found) + 16) * 2.0**-52) + 2.0**-900
    return total[0] + total[1] * PHI_FLOAT, error

"""Bounds of exact coordinates in files: what is written keeps them, so that it can be read.

Small files can have a common denominator that is longer than all their numbers together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmpy2 import lcm, mpz

from syntonic.errors import FormatError
from syntonic.io.decimals import printed

if TYPE_CHECKING:
    from syntonic.tensor import ResonantTensor

__all__ = ["LONGEST_NUMBER", "common_denominator", "require_readable"]

LONGEST_NUMBER = 10_000
"""Characters of a number."""

_LARGEST_DENOMINATOR = mpz(10) ** 1000


def common_denominator(common: mpz, other: mpz) -> mpz:
    """Return the least common denominator of two.

    Raises
    ------
    FormatError
        If it is above 1e1000.
    """
    both = lcm(common, other)
    if both > _LARGEST_DENOMINATOR:
        raise FormatError("the common denominator of all coordinates must be at most 1e1000")
    return both


def require_readable(tensor: ResonantTensor) -> None:
    """Raise FormatError if a number or the common denominator is too large for a file."""
    try:
        printed(tensor)
        common = mpz(1)
        for x in (*tensor.a.flat, *tensor.b.flat):
            common = common_denominator(common, x.denominator)
    except FormatError as error:
        raise FormatError(f"write: {error}") from None

"""How large a number may become: one limit for every operation that could make one too large.

GMP ends the process, without an exception, when memory runs out. So an operation whose result is
not bounded by the size of its operands (a power, above all) asks here first, with an upper bound.
The limit leaves room for intermediate numbers: at it, every operation was seen to end within one
gigabyte of address space. It is also what one multiplication does in about a second, and between
multiplications Python looks for Ctrl-C.
"""

from __future__ import annotations

from operator import index
from typing import Any

from syntonic.errors import shown

__all__ = ["MAX_BITS", "MAX_DIGITS", "require_bits", "require_digits"]

MAX_BITS = 1 << 28
"""The most bits of a result, its elements together: 32 MiB, or 80 million decimal digits."""

MAX_DIGITS = 10**8
"""The most decimal digits of a result."""

_SMALL_BITS = 1 << 12
"""Elements up to here are never too large, in an array that is already there."""


def require_bits(bits: int, where: str, count: int = 1) -> None:
    """Refuse to compute `count` numbers of at most so many bits each, if these are too many.

    Raises
    ------
    OverflowError
        They take more than `MAX_BITS` together, and more than a few bytes each.

    Examples
    --------
    >>> require_bits(10**12, "phi_power")
    Traceback (most recent call last):
        ...
    OverflowError: phi_power would give a number of about 1000000000000 bits; the limit is 2^28
    """
    if bits <= _SMALL_BITS or bits * count <= MAX_BITS:
        return
    what = "a number" if count == 1 else f"{count} numbers"
    size = f"about {bits}" if bits < 10**60 else f"more than 2^{bits.bit_length() - 1}"
    raise OverflowError(f"{where} would give {what} of {size} bits; the limit is 2^28")


def require_digits(digits: Any, least: int, where: str) -> int:
    """Return a number of decimal digits as an int, or raise.

    Raises
    ------
    TypeError
        It is not an integer.
    ValueError
        It is not between `least` and `MAX_DIGITS`.
    """
    try:
        n = index(digits)
    except TypeError:
        raise TypeError(
            f"{where} must be an integer, got {type(digits).__name__}; pass an int"
        ) from None
    if not least <= n <= MAX_DIGITS:
        raise ValueError(f"{where} must be between {least} and {MAX_DIGITS}, got {shown(n)}")
    return n

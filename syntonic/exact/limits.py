"""How large a number may become: one limit for every operation that could make one too large.

GMP ends the process, without an exception, when memory runs out. So an operation whose result is
not bounded by the size of its operands (a power, above all) asks here first, with an upper bound.
The limit leaves room for intermediate numbers: at it, every operation was seen to end within one
gigabyte of address space. It is also what one multiplication does in about a second, and between
multiplications Python looks for Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

from syntonic.errors import shown

__all__ = [
    "MAX_BITS",
    "MAX_DIGITS",
    "are_short",
    "require_all_bits",
    "require_bits",
    "require_digits",
]

MAX_BITS = 1 << 28
"""The most bits of a result, of its elements together: 32 MiB, or 80 million decimal digits."""

MAX_DIGITS = 10**8
"""The most decimal digits of a result."""

_SMALL_BITS = 1 << 12
"""An element of so many bits takes hardly more than the objects around it, and is not counted."""


def require_bits(bits: int, where: str, what: str = "a number") -> None:
    """Refuse to compute what could take so many bits, if these are more than `MAX_BITS`.

    Raises
    ------
    OverflowError
        They are.

    Examples
    --------
    >>> require_bits(10**12, "phi_power")
    Traceback (most recent call last):
        ...
    OverflowError: phi_power would give a number of about 1000000000000 bits; the limit is 2^28
    """
    if bits > MAX_BITS:
        raise _too_large(bits, where, what)


def require_all_bits(bits: Sequence[int], where: str) -> bool:
    """Refuse numbers that could take so many bits each; tell whether any is long.

    Raises
    ------
    OverflowError
        They take more than `MAX_BITS` together, those up to 4096 bits left out.
    """
    largest = max(bits, default=0)
    require_bits(largest, where)
    if are_short(largest):
        return False
    if (total := sum(n for n in bits if not are_short(n))) > MAX_BITS:
        raise _too_large(total, where, "numbers")
    return True


def are_short(bits: int) -> bool:
    """Tell whether numbers of so many bits are allowed in any array."""
    return bits <= _SMALL_BITS


def _too_large(bits: int, where: str, what: str) -> OverflowError:
    size = f"about {bits}" if bits < 10**60 else f"more than 2^{bits.bit_length() - 1}"
    return OverflowError(f"{where} would give {what} of {size} bits; the limit is 2^28")


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

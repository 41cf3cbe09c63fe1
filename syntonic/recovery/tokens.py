"""Printed decimals as exact rationals, and how far they can be trusted.

A token is one coordinate as it is printed. It is read as the exact rational that its digits
name; a float never comes in between.
"""

from __future__ import annotations

import numbers
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from syntonic.errors import FormatError, ShapeError
from syntonic.io.decimals import decimal_fault, decimals_of, plain_minus
from syntonic.recovery.certificate import LIKELY_DENOMINATOR
from syntonic.typing import IntArray

__all__ = ["Tokens", "printed_rows"]

_DOUBLE_DIGITS = 15  # every decimal of 15 significant digits survives a trip through float64

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Tokens:
    """The printed coordinates of a set of points.

    Parameters
    ----------
    rows
        One row of decimal strings per point, all of one positive length.
    """

    rows: Rows

    @cached_property
    def counts(self) -> Counter[str]:
        """The distinct tokens, in order of appearance, and how often each one occurs."""
        return Counter(token for row in self.rows for token in row)

    @cached_property
    def values(self) -> dict[str, Fraction]:
        """The exact value of each distinct token."""
        return {token: Fraction(token) for token in self.counts}

    @cached_property
    def sizes(self) -> tuple[Fraction, ...]:
        """The distinct absolute values, in order of appearance."""
        return tuple(dict.fromkeys(abs(value) for value in self.values.values()))

    @cached_property
    def index(self) -> IntArray:
        """For each coordinate, the place of its token among the distinct ones."""
        place = {token: k for k, token in enumerate(self.counts)}
        return np.array([[place[token] for token in row] for row in self.rows], dtype=np.int64)

    @property
    def are_halves(self) -> bool:
        """Whether every value is a multiple of 1/2."""
        return all(2 % size.denominator == 0 for size in self.sizes)

    @property
    def decimals(self) -> int:
        """The most decimals of any token, capped at 15 significant digits of the largest value.

        Values too small to show at that cap, such as 6.1e-17 where 0 is meant, do not count.
        """
        told = (
            decimals_of(token)
            for token, value in self.values.items()
            if value == 0 or abs(value) >= self._noise
        )
        return min(max(told, default=0), self.cap)

    @property
    def cap(self) -> int:
        """The decimals that 15 significant digits leave the largest value."""
        return _DOUBLE_DIGITS - _integer_digits(max(self.sizes))

    @property
    def has_noise(self) -> bool:
        """Whether there is a value too small to show at the cap, which only a double can hold."""
        return any(0 < size < self._noise for size in self.sizes)

    def are_literal(self, decimals: int, denominator: int) -> bool:
        """Whether decimals of few digits may be meant where fractions over D are found.

        Such decimals fit some D up to 1000 whatever they round. They are taken for all that there
        is to know of a number up to D = 12 if so many decimals are printed, and if the library
        infers them from noise beside them, where all but the noise are multiples of 1/2.
        """
        if decimals <= self.decimals:
            return denominator > LIKELY_DENOMINATOR
        return any(size >= self._noise and 2 % size.denominator for size in self.sizes)

    @property
    def _noise(self) -> Fraction:
        return Fraction(10) ** -self.cap

    @property
    def significant_decimals(self) -> int:
        """The decimals of the largest value if all have as many significant digits as any has."""
        digits = max(_significant_digits(token) for token in self.counts)
        return max(0, digits - _integer_digits(max(self.sizes)))


def printed_rows(data: Any) -> Rows:
    """Convert nested sequences of decimals to rows of strings.

    Parameters
    ----------
    data
        One row per point. A coordinate is a decimal string, an integer, or a float, which
        stands for the shortest decimal that gives it back (its repr). NumPy arrays are rows too.

    Raises
    ------
    FormatError
        A coordinate is not a finite decimal number; the message gives its row and column.
    ShapeError
        There are no rows, or they are empty, of different lengths, or not sequences.

    Examples
    --------
    >>> printed_rows([["0.5", 1], [0.8, "-1.3"]])
    (('0.5', '1'), ('0.8', '-1.3'))
    """
    points = _listed(data, "tokens must be a sequence of rows, one per point")
    rows = tuple(_row(row, k) for k, row in enumerate(points))
    if not rows:
        raise ShapeError("recover: there must be at least one point, got none")
    for k, row in enumerate(rows):
        if len(row) != len(rows[0]) or not row:
            raise ShapeError(
                "recover: all rows must have one and the same positive number of coordinates, "
                f"got {len(rows[0])} in row 0 and {len(row)} in row {k}"
            )
    return rows


def _row(row: Any, k: int) -> tuple[str, ...]:
    coordinates = _listed(row, f"row {k} must be a sequence of coordinates")
    return tuple(_token(x, k, j) for j, x in enumerate(coordinates))


def _listed(data: Any, rule: str) -> tuple[Any, ...]:
    if not isinstance(data, (str, bytes)):
        try:
            return tuple(data)
        except TypeError:  # a number, or an array without dimensions
            pass
    raise ShapeError(f"recover: {rule}, got {type(data).__name__}; pass [[x, y, z], ...]")


def _token(x: Any, k: int, j: int) -> str:
    if isinstance(x, (numbers.Integral, np.integer)) and not isinstance(x, bool):
        return str(int(x))
    if isinstance(x, (str, float, np.floating, Decimal)):
        text = plain_minus(
            str(x).strip()
        )  # str of a float is the shortest decimal that gives it back
        fault = decimal_fault(text)
    else:
        fault = f"a coordinate must be a decimal string, a float or an int, got {type(x).__name__}"
    if fault is not None:
        raise FormatError(f"recover: row {k}, column {j}: {fault}")
    return text


def _significant_digits(token: str) -> int:
    mantissa = token.lower().partition("e")[0]
    return len(mantissa.lstrip("+-").replace(".", "").lstrip("0"))


def _integer_digits(size: Fraction) -> int:
    """Return the n with 10^(n-1) <= size < 10^n; 0 for 0."""
    if size == 0:
        return 0
    n = len(str(size.numerator)) - len(str(size.denominator)) + 1
    return n if size >= Fraction(10) ** (n - 1) else n - 1

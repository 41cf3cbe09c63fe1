"""What the public functions accept, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from syntonic.exact.golden import GoldenExact

__all__ = [
    "ComparableScalar",
    "ExactArrayLike",
    "ExactRational",
    "ExactScalar",
    "FloatArray",
    "IntArray",
    "ObjectArray",
    "Shape",
]


class ExactRational(Protocol):
    """A rational number: an int, Fraction, mpz, mpq or NumPy integer; not a float, not a string."""

    @property
    def numerator(self) -> Any:
        """The numerator in lowest terms."""

    @property
    def denominator(self) -> Any:
        """The denominator, above 0."""


ExactScalar: TypeAlias = "ExactRational | GoldenExact"
"""One exact number. A float is never one: name its value with `snap` or
`GoldenExact.from_float_exact` instead."""

ComparableScalar: TypeAlias = "ExactScalar | float | Decimal | np.floating[Any]"
"""What has a place on the real line, a float or Decimal at its exact value."""

ExactArrayLike: TypeAlias = "ExactScalar | npt.NDArray[Any] | Sequence[Any]"
"""A nested sequence, an integer or boolean array, or an object array of exact numbers."""

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
ObjectArray: TypeAlias = npt.NDArray[np.object_]
Shape: TypeAlias = "int | Sequence[int]"

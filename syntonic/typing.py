"""What the public functions accept, in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from flint import fmpq_mat, fmpz_mat

    from syntonic.exact.golden import GoldenExact

__all__ = [
    "Axis",
    "ComparableScalar",
    "ExactArrayLike",
    "ExactRational",
    "ExactScalar",
    "FloatArray",
    "IntArray",
    "NormModeName",
    "ObjectArray",
    "Real",
    "RealArrayLike",
    "ResidualModeName",
    "Shape",
    "SoftmaxModeName",
]

T_co = TypeVar("T_co", covariant=True)


class ExactRational(Protocol):
    """A rational number: an int, Fraction, mpz, mpq or NumPy integer; not a float, not a string."""

    @property
    def numerator(self) -> Any:
        """The numerator in lowest terms."""

    @property
    def denominator(self) -> Any:
        """The denominator, above 0."""


class _Nested(Protocol[T_co]):
    """A list, tuple or other sequence, but no text, which holds text alone."""

    def __contains__(self, value: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[T_co]: ...
    def __getitem__(self, index: int, /) -> T_co: ...


class _Array(Protocol):
    """An array of any library."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...


ExactScalar: TypeAlias = "ExactRational | GoldenExact"
"""One exact number. A float is never one: name its value with `snap` or
`GoldenExact.from_float_exact` instead."""

ComparableScalar: TypeAlias = "ExactScalar | float | Decimal | np.floating[Any]"
"""What has a place on the real line, a float or Decimal at its exact value."""

Real: TypeAlias = "ExactRational | float | np.floating[Any]"
"""A real number of Python's or NumPy's, a float at its exact value."""

ExactArrayLike: TypeAlias = "ExactScalar | _Array | _Nested[Any] | fmpz_mat | fmpq_mat"
"""A crystallized tensor, an integer, boolean or object array, a nested sequence of exact numbers,
or one of them."""

RealArrayLike: TypeAlias = "ComparableScalar | _Array | _Nested[Any]"
"""A tensor, an array of any library, a nested sequence of numbers, or one of them."""

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
ObjectArray: TypeAlias = npt.NDArray[np.object_]
Shape: TypeAlias = "int | Sequence[int]"
Axis: TypeAlias = "int | Sequence[int] | None"

ResidualModeName: TypeAlias = Literal["phi", "phi_symmetric", "standard"]
NormModeName: TypeAlias = Literal["golden", "standard"]
SoftmaxModeName: TypeAlias = Literal["learned", "provided", "identity"]

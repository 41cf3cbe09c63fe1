"""What the public functions accept, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq, mpz

if TYPE_CHECKING:
    from syntonic.exact.golden import GoldenExact

__all__ = ["ExactArrayLike", "ExactScalar", "FloatArray", "IntArray", "ObjectArray", "Shape"]

ExactScalar: TypeAlias = "int | Fraction | mpz | mpq | np.integer[Any] | GoldenExact"
"""One exact number. A float is never one: name its value with `snap` or
`GoldenExact.from_float_exact` instead."""

ExactArrayLike: TypeAlias = "ExactScalar | npt.NDArray[Any] | Sequence[Any]"
"""A nested sequence, an integer or boolean array, or an object array of exact numbers."""

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
ObjectArray: TypeAlias = npt.NDArray[np.object_]
Shape: TypeAlias = "int | Sequence[int]"

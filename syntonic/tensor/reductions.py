"""Reductions, sorting and products of tensors: each method is NumPy's function of its name."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.errors import shown
from syntonic.tensor import functions
from syntonic.tensor.base import TensorBase

__all__ = ["Reductions"]


class Reductions(TensorBase):
    """Adds reductions and sorting.

    Each method takes the keywords of NumPy's function of its name.
    """

    __slots__ = ()

    def sum(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the sum along axes, exact when crystallized, independent of order."""
        return self._reduced(np.sum, axis, keepdims, **options)

    def prod(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the product along axes."""
        return self._reduced(np.prod, axis, keepdims, **options)

    def mean(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the mean along axes; ValueError if nothing is averaged."""
        return self._reduced(np.mean, axis, keepdims, **options)

    def var(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the variance along axes, over n - ddof; ValueError unless n > ddof."""
        return self._reduced(np.var, axis, keepdims, **options)

    def min(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the least elements along axes."""
        return self._reduced(np.min, axis, keepdims, **options)

    def max(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the largest elements along axes."""
        return self._reduced(np.max, axis, keepdims, **options)

    def argmin(self, axis: int | None = None, **options: Any) -> Any:
        """Return the integer positions of the least elements, the first among equals."""
        return functions.call(np.argmin, (self, axis), options)

    def argmax(self, axis: int | None = None, **options: Any) -> Any:
        """Return the integer positions of the largest elements, the first among equals."""
        return functions.call(np.argmax, (self, axis), options)

    def cumsum(self, axis: int | None = None, **options: Any) -> Self:
        """Return the running sums along an axis, of the flattened tensor by default."""
        return functions.call(np.cumsum, (self, axis), options)

    def _reduced(self, function: Any, axis: Any, keepdims: bool, **options: Any) -> Self:
        options = {"axis": axis, "keepdims": keepdims, **options}
        if not self.is_crystallized and self.size == 0 and function in (np.mean, np.var):
            raise ValueError(
                f"{function.__name__}: at least one element must be averaged, got shape "
                f"{self.shape} over axis {shown(axis)}"
            )
        return functions.call(function, (self,), options)

    def sort(self, axis: int | None = -1, **options: Any) -> Self:
        """Return the elements in increasing order along an axis, decided exactly."""
        return functions.call(np.sort, (self, axis), options)

    def argsort(self, axis: int | None = -1, **options: Any) -> Any:
        """Return the integer positions that sort along an axis; stable."""
        if options.get("kind") is None:
            options.setdefault("stable", True)
        return functions.call(np.argsort, (self, axis), options)

    def unique(self, **options: Any) -> Any:
        """Return the distinct elements in increasing order."""
        return functions.call(np.unique, (self,), options)

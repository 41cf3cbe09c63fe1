"""Products and changes of shape."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.tensor import functions, ufuncs
from syntonic.tensor.base import TensorBase
from syntonic.typing import Shape

__all__ = ["Shapes"]


class Shapes(TensorBase):
    """Adds matrix products and changes of shape."""

    __slots__ = ()

    def dot(self, other: Any, **options: Any) -> Self:
        """Return the dot product, as `numpy.dot`."""
        return functions.call(np.dot, (self, other), options)

    def matmul(self, other: Any) -> Self:
        """Return the matrix product, as `numpy.matmul`."""
        return ufuncs.apply(np.matmul, (self, other))

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, **options: Any) -> Self:
        """Return the matrix trace: the sum along a diagonal of two axes."""
        return functions.call(np.trace, (self, offset, axis1, axis2), options)

    def reshape(self, *shape: Any, **options: Any) -> Self:
        """Return the elements in another shape, in row-major order or in ``order="F"``."""
        wanted: Shape = shape[0] if len(shape) == 1 else shape
        return functions.call(np.reshape, (self, wanted), options)

    def ravel(self, order: str = "C") -> Self:
        """Return the elements in one axis, in row-major order or in ``order="F"``."""
        return functions.call(np.ravel, (self, order), {})

    def transpose(self, *axes: Any) -> Self:
        """Return the tensor with its axes permuted, reversed by default."""
        order_: Any = (axes[0] if len(axes) == 1 else axes) if axes else None
        return functions.call(np.transpose, (self, order_), {})

    def squeeze(self, axis: Any = None) -> Self:
        """Return the tensor without axes of length 1."""
        return functions.call(np.squeeze, (self, axis), {})

    @property
    def T(self) -> Self:
        """The tensor with its axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Self:
        """The tensor with its last two axes swapped."""
        return functions.call(np.matrix_transpose, (self,), {})

"""Element-wise methods: field operations, rounding, signs."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.lattice import arithmetic, order
from syntonic.tensor import functions, ufuncs
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import single_phase
from syntonic.tensor.operators import Operators
from syntonic.typing import ExactScalar

__all__ = ["Elementwise"]


class Elementwise(Operators):
    """Adds the element-wise methods."""

    __slots__ = ()

    def scalar_mul_exact(self, g: ExactScalar) -> Self:
        """Return g times the tensor, for one exact number g."""
        self._lattice("scalar_mul_exact")
        return self * g

    def elementwise_add(self, t: Self) -> Self:
        """Return the sum with a tensor of the same shape."""
        return self + t

    def equals(self, other: Any) -> bool:
        """Return whether the shapes and all elements are equal, as one bool.

        Raises
        ------
        PhaseError
            One tensor is crystallized and the other in flux.
        """
        if isinstance(other, TensorBase):
            if other.shape != self.shape:
                return False
            single_phase((self, other), "equals")
        return bool(np.array_equal(self, other))

    def galois_conjugate(self) -> Self:
        """Return the Galois conjugates a + b - bφ. Crystallized only."""
        return self._mapped(arithmetic.conjugate, "galois_conjugate")

    def field_norm(self) -> Self:
        """Return the field norms x·x' = a² + ab - b², rational. Crystallized only."""
        return self._mapped(arithmetic.norm, "field_norm")

    def field_trace(self) -> Self:
        """Return the field traces x + x' = 2a + b, rational. Crystallized only."""
        return self._mapped(arithmetic.trace, "field_trace")

    def _mapped(self, function: Any, where: str) -> Self:
        return self._of(function(self._lattice(where)), self._carried)

    def relu(self) -> Self:
        """Return max(x, 0), exactly when crystallized. NaN stays NaN in flux."""
        if self.is_crystallized:
            return self._mapped(order.relu, "relu")
        return self._of(np.maximum(self._data, self._data.dtype.type(0)), self._carried)

    def floor(self) -> Self:
        """Return the largest integers not above the elements."""
        return ufuncs.apply(np.floor, (self,))

    def ceil(self) -> Self:
        """Return the least integers not below the elements."""
        return ufuncs.apply(np.ceil, (self,))

    def round(self, decimals: int = 0, **options: Any) -> Self:
        """Return the nearest multiples of 10^-decimals, ties to even."""
        return functions.call(np.round, (self, decimals), options)

    def sign(self) -> Self:
        """Return the signs -1, 0, 1 of the elements."""
        return ufuncs.apply(np.sign, (self,))

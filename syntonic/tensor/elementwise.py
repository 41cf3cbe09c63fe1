"""Element-wise methods: field operations, rounding, signs."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.lattice import arithmetic, order
from syntonic.tensor import functions, ufuncs
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import single_phase
from syntonic.tensor.operators import Operators
from syntonic.typing import ExactScalar, RealArrayLike

__all__ = ["Elementwise"]


class Elementwise(Operators):
    """Adds the element-wise methods."""

    __slots__ = ()

    def scalar_mul_exact(self, g: ExactScalar) -> Self:
        """Return g times the tensor, for one exact number g.

        Parameters
        ----------
        g : exact scalar
            An int, Fraction, mpz, mpq or GoldenExact.

        Returns
        -------
        ResonantTensor
            Crystallized.

        Raises
        ------
        PhaseError
            The tensor is in flux.
        TypeError
            g is not exact.

        See Also
        --------
        elementwise_add : with a tensor.
        galois_conjugate : of the elements.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI]).scalar_mul_exact(PHI)
        ResonantTensor([φ, 1 + φ])
        """
        self._lattice("scalar_mul_exact")
        return self * g

    def elementwise_add(self, t: Self) -> Self:
        """Return the sum with a tensor, as the operator +.

        Parameters
        ----------
        t : ResonantTensor
            Of the same phase, and of a shape that broadcasts.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        PhaseError
            One tensor is crystallized and the other in flux.

        See Also
        --------
        scalar_mul_exact : times one number.
        sum : of the elements of one tensor.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, 2]).elementwise_add(ResonantTensor([PHI, 0]))
        ResonantTensor([1 + φ, 2])
        """
        return self + t

    def equals(self, other: RealArrayLike) -> bool:
        """Return whether the shapes and all elements are equal, as one bool.

        Parameters
        ----------
        other : ResonantTensor or array-like
            Exact numbers beside a crystallized tensor.

        Returns
        -------
        bool

        Raises
        ------
        PhaseError
            One tensor is crystallized and the other in flux.

        See Also
        --------
        syntonic.testing.assert_exact_equal : the same in a test, and says where not.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> (ResonantTensor([PHI]) ** 2).equals([PHI + 1])
        True
        """
        if isinstance(other, TensorBase):
            if other.shape != self.shape:
                return False
            single_phase((self, other), "equals")
        values: Any = other
        return bool(np.array_equal(self, values))

    def galois_conjugate(self) -> Self:
        """Return the Galois conjugates a + b - bφ of the elements a + bφ.

        Returns
        -------
        ResonantTensor
            Crystallized, of the same shape.

        Raises
        ------
        PhaseError
            The tensor is in flux.

        See Also
        --------
        field_norm, field_trace : of elements and conjugates.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, 2]).galois_conjugate()
        ResonantTensor([1 - φ, 2])
        """
        return self._mapped(arithmetic.conjugate, "galois_conjugate")

    def field_norm(self) -> Self:
        """Return the field norms x·x' = a² + ab - b² of the elements.

        Returns
        -------
        ResonantTensor
            Crystallized and rational, of the same shape.

        Raises
        ------
        PhaseError
            The tensor is in flux.

        See Also
        --------
        galois_conjugate : the numbers x'.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, 2, 2 + PHI]).field_norm()
        ResonantTensor([-1, 4, 5])
        """
        return self._mapped(arithmetic.norm, "field_norm")

    def field_trace(self) -> Self:
        """Return the field traces x + x' = 2a + b of the elements.

        Returns
        -------
        ResonantTensor
            Crystallized and rational, of the same shape.

        Raises
        ------
        PhaseError
            The tensor is in flux.

        See Also
        --------
        galois_conjugate : the numbers x'.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, 2, 2 + PHI]).field_trace()
        ResonantTensor([1, 4, 5])
        """
        return self._mapped(arithmetic.trace, "field_trace")

    def _mapped(self, function: Any, where: str) -> Self:
        return self._of(function(self._lattice(where)), self._carried)

    def relu(self) -> Self:
        """Return max(x, 0) of the elements.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized. NaN stays NaN in flux.

        See Also
        --------
        clip : bounds on both sides.
        phi_residual_relu : that of a residual connection.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, 1 - PHI]).relu()
        ResonantTensor([φ, 0])
        """
        if self.is_crystallized:
            return self._mapped(order.relu, "relu")
        return self._of(np.maximum(self._data, self._data.dtype.type(0)), self._carried)

    def clip(
        self,
        min: RealArrayLike | None = None,
        max: RealArrayLike | None = None,
        **options: object,
    ) -> Self:
        """Return the elements, those below min or above max replaced by it.

        Parameters
        ----------
        min, max : array-like, optional
            The bounds, broadcast: exact numbers beside a crystallized tensor.
        **options
            None changes an exact result; out= is refused.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized.

        Raises
        ------
        TypeError
            The tensor is crystallized, and a bound is not exact.

        See Also
        --------
        relu : with the bound 0 below.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([0, PHI, 3]).clip(1, 2)
        ResonantTensor([1, φ, 2])
        """
        return functions.call(np.clip, (self, min, max), options)

    def floor(self) -> Self:
        """Return the largest integers not above the elements.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        See Also
        --------
        ceil, round : other integers near them.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, -PHI]).floor()
        ResonantTensor([1, -2])
        """
        return ufuncs.apply(np.floor, (self,))

    def ceil(self) -> Self:
        """Return the least integers not below the elements.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        See Also
        --------
        floor, round : other integers near them.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, -PHI]).ceil()
        ResonantTensor([2, -1])
        """
        return ufuncs.apply(np.ceil, (self,))

    def round(self, decimals: int = 0, **options: object) -> Self:
        """Return the nearest multiples of 10^-decimals, ties to even.

        Parameters
        ----------
        decimals : int, default 0
            How many decimal digits stay; negative for tens, hundreds and so on.
        **options
            None changes an exact result; out= is refused.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        TypeError
            decimals is no integer.
        ValueError
            decimals is beyond 10^8 in size.

        See Also
        --------
        floor, ceil : integers on one side.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, -PHI]).round(), ResonantTensor([PHI]).round(2)
        (ResonantTensor([2, -2]), ResonantTensor([81/50]))
        """
        return functions.call(np.round, (self, decimals), options)

    def sign(self) -> Self:
        """Return the signs -1, 0, 1 of the elements.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        See Also
        --------
        nonzero : the positions of those that are not zero.
        relu : the positive ones.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1 - PHI, 0, PHI]).sign()
        ResonantTensor([-1, 0, 1])
        """
        return ufuncs.apply(np.sign, (self,))

"""Products and changes of shape."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.tensor import functions, ufuncs
from syntonic.tensor.base import TensorBase
from syntonic.typing import Axis, RealArrayLike, Shape

__all__ = ["Shapes"]


class Shapes(TensorBase):
    """Adds matrix products and changes of shape."""

    __slots__ = ()

    def dot(self, other: RealArrayLike, **options: object) -> Self:
        """Return the dot product, as `numpy.dot`.

        Parameters
        ----------
        other : ResonantTensor or array-like
            Exact numbers beside a crystallized tensor; of shape (k,) or (..., k, m) beside
            (..., n, k).
        **options
            None; out= is refused.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        ShapeError
            The summed axes differ in length.
        PhaseError
            One tensor is crystallized and the other in flux.

        See Also
        --------
        matmul : batches of matrices.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI]).dot([PHI, 1])
        ResonantTensor(2φ)
        """
        return functions.call(np.dot, (self, other), options)

    def matmul(self, other: RealArrayLike) -> Self:
        """Return the matrix product, as the operator @.

        Parameters
        ----------
        other : ResonantTensor or array-like
            Shape (..., k, m) beside (..., n, k), or vectors, broadcast as by `numpy.matmul`.

        Returns
        -------
        ResonantTensor, shape (..., n, m)
            In the phase of the tensor.

        Raises
        ------
        ShapeError
            The shapes do not fit.
        PhaseError
            One tensor is crystallized and the other in flux.

        See Also
        --------
        syntonic.linalg.det, syntonic.linalg.inv, syntonic.linalg.solve : exact linear algebra.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([[1, PHI]]).matmul([[PHI], [1]])
        ResonantTensor([[2φ]])
        """
        return ufuncs.apply(np.matmul, (self, other))

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, **options: object) -> Self:
        """Return the matrix trace: the sum along a diagonal of two axes.

        Parameters
        ----------
        offset : int, default 0
            Which diagonal: above the main one if positive, below if negative.
        axis1, axis2 : int, default 0 and 1
            The rows and the columns.
        **options
            None changes an exact result; out= is refused.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, without these axes.

        Raises
        ------
        ShapeError
            The tensor has fewer than two axes.

        See Also
        --------
        syntonic.linalg.det, syntonic.linalg.inv, syntonic.linalg.solve : exact linear algebra.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([[PHI, 1], [1, 1]]).trace()
        ResonantTensor(1 + φ)
        """
        return functions.call(np.trace, (self, offset, axis1, axis2), options)

    def reshape(self, *shape: Shape, **options: object) -> Self:
        """Return the elements in another shape.

        Parameters
        ----------
        *shape : int or tuple of int
            The lengths of the axes; one may be -1, for what is left.
        **options
            `order`: "C" reads and fills row by row, "F" column by column.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        ValueError
            The shape has not as many elements.

        See Also
        --------
        ravel : in one axis.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2, 3, 4]).reshape(2, -1)
        ResonantTensor([[1, 2],
                        [3, 4]])
        """
        wanted: Any = shape[0] if len(shape) == 1 else shape
        return functions.call(np.reshape, (self, wanted), options)

    def ravel(self, order: str = "C") -> Self:
        """Return the elements in one axis.

        Parameters
        ----------
        order : str, default "C"
            "C" reads row by row, "F" column by column.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        ValueError
            The order is another letter.

        See Also
        --------
        reshape : in any shape.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2], [3, 4]]).ravel("F")
        ResonantTensor([1, 3, 2, 4])
        """
        return functions.call(np.ravel, (self, order), {})

    def transpose(self, *axes: Axis) -> Self:
        """Return the tensor with its axes permuted.

        Parameters
        ----------
        *axes : int or tuple of int
            Which axis comes where; reversed by default.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        ValueError
            The axes are no permutation.

        See Also
        --------
        T, mT : the common permutations.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[[1, 2]]]).transpose(2, 0, 1).shape
        (2, 1, 1)
        """
        order_: Any = (axes[0] if len(axes) == 1 else axes) if axes else None
        return functions.call(np.transpose, (self, order_), {})

    def squeeze(self, axis: Axis = None) -> Self:
        """Return the tensor without axes of length 1.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            Which of them; all by default.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        ValueError
            A given axis is longer.

        See Also
        --------
        reshape : any other shape.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[[1, 2]]]).squeeze().shape
        (2,)
        """
        return functions.call(np.squeeze, (self, axis), {})

    @property
    def T(self) -> Self:
        """The tensor with its axes reversed.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        See Also
        --------
        mT : for batches of matrices.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2]]).T.shape
        (2, 1)
        """
        return self.transpose()

    @property
    def mT(self) -> Self:
        """The tensor with its last two axes swapped.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        ValueError
            The tensor has fewer than two axes.

        See Also
        --------
        T : all axes reversed.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor.zeros((4, 2, 3)).mT.shape
        (4, 3, 2)
        """
        return functions.call(np.matrix_transpose, (self,), {})

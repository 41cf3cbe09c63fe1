"""Methods that move or copy elements, or change their type, as NumPy's arrays have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from syntonic.tensor import functions
from syntonic.tensor.base import TensorBase
from syntonic.tensor.exact_truth import as_type
from syntonic.tensor.operands import carried_by, wrap
from syntonic.tensor.options import ruled
from syntonic.typing import IntArray

__all__ = ["Copies"]


class Copies(TensorBase):
    """Adds what gives the same elements in other places, or as another type."""

    __slots__ = ()

    def astype(self, dtype: npt.DTypeLike, **options: object) -> Any:
        """Return the elements as another dtype, never losing exactness in silence.

        Parameters
        ----------
        dtype : dtype
            object beside a crystallized tensor, or a type of integers or truth values.
        **options
            order, casting, subok and copy, of which none changes an exact result.

        Returns
        -------
        ResonantTensor or ndarray
            A tensor for object (itself), and for floating types in flux; else a plain array.

        Raises
        ------
        TypeError
            The tensor is crystallized, and dtype is floating: `wake_flux` says how.
        ValueError
            Integers are asked for, and an exact element is none.

        See Also
        --------
        wake_flux, to_floats : the nearest floats.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI**2 - PHI]).astype(int)
        array([1, 1])
        """
        if not self.is_crystallized:
            return wrap(self, self._data.astype(dtype, **options), carried_by([self]))
        given = ruled("astype", "astype", {"dtype": dtype, **options})
        return wrap(self, as_type(self._lattice("astype"), **given), self._carried)

    def copy(self, order: str = "C") -> Self:
        """Return a tensor of the same elements; in flux with memory of its own.

        Parameters
        ----------
        order : str, default "C"
            The layout of flux: "C", "F", "A" or "K".

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
        view : the same memory.
        flatten : a copy of one axis.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2]).copy()
        ResonantTensor([1, 2])
        """
        return functions.call(np.copy, (self, order), {})

    def flatten(self, order: str = "C") -> Self:
        """Return the elements in one axis; in flux with memory of their own.

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
        ravel, reshape : without a copy.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2], [3, 4]]).flatten("F")
        ResonantTensor([1, 3, 2, 4])
        """
        out = functions.call(np.ravel, (self, order), {})
        return out if self.is_crystallized else functions.call(np.copy, (out,), {})

    def take(self, indices: npt.ArrayLike, axis: int | None = None, **options: object) -> Self:
        """Return the elements at integer positions along an axis.

        Parameters
        ----------
        indices : array-like of int
            The positions.
        axis : int or None, default None
            The axis; of the flattened tensor by default.
        **options
            mode, as of `numpy.take`: "raise", "wrap" or "clip".

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        IndexError
            There is no such position.

        See Also
        --------
        at : changed copies at such positions.
        repeat : each element several times.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI, 2]).take([1, 1])
        ResonantTensor([φ, φ])
        """
        return functions.call(np.take, (self, indices, axis), options)

    def repeat(self, repeats: int | Sequence[int] | IntArray, axis: int | None = None) -> Self:
        """Return each element several times.

        Parameters
        ----------
        repeats : int or array-like of int
            How often, of all or of each.
        axis : int or None, default None
            The axis; of the flattened tensor by default.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        ValueError
            A number is negative, or there are not as many as elements.

        See Also
        --------
        take : any positions, each any number of times.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2]).repeat(2)
        ResonantTensor([1, 1, 2, 2])
        """
        return functions.call(np.repeat, (self, repeats, axis), {})

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """Return the tensor with two axes exchanged.

        Parameters
        ----------
        axis1, axis2 : int
            The axes.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        Raises
        ------
        AxisError
            There is no such axis.

        See Also
        --------
        transpose : any permutation.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2]]).swapaxes(0, 1).shape
        (2, 1)
        """
        return functions.call(np.swapaxes, (self, axis1, axis2), {})

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Self:
        """Return a diagonal of two axes, as the last axis.

        Parameters
        ----------
        offset : int, default 0
            Which diagonal: above the main one if positive, below if negative.
        axis1, axis2 : int, default 0 and 1
            The rows and the columns.

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
        trace : its sum.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([[PHI, 1], [1, 2]]).diagonal()
        ResonantTensor([φ, 2])
        """
        return functions.call(np.diagonal, (self, offset, axis1, axis2), {})

    def nonzero(self) -> tuple[IntArray, ...]:
        """Return the positions of the elements that are not zero.

        Returns
        -------
        tuple of ndarray of int64
            One array of indices for each axis.

        See Also
        --------
        sign : which elements are positive.
        all, any : whether there are such.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([0, PHI, 0, 1]).nonzero()[0].tolist()
        [1, 3]
        """
        return functions.call(np.nonzero, (self,), {})

    @property
    def real(self) -> Self:
        """The tensor itself: every element is real.

        Returns
        -------
        ResonantTensor

        See Also
        --------
        imag, conj : what complex arrays have besides.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI]).real
        ResonantTensor([φ])
        """
        return self

    @property
    def imag(self) -> Self:
        """Zeros: every element is real.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor.

        See Also
        --------
        real : the tensor itself.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI]).imag
        ResonantTensor([0])
        """
        return functions.call(np.zeros_like, (self,), {})

    def conj(self) -> Self:
        """Return the complex conjugates, which are the elements: all are real.

        Returns
        -------
        ResonantTensor
            The tensor itself.

        See Also
        --------
        galois_conjugate : the other conjugates, a + b - bφ.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI]).conj()
        ResonantTensor([φ])
        """
        return self

    conjugate = conj

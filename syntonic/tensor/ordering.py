"""Extremes and sorting of tensors, decided exactly when crystallized."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from syntonic.tensor import functions
from syntonic.tensor.reductions import Reductions
from syntonic.typing import Axis, IntArray, RealArrayLike

__all__ = ["Ordering"]


class Ordering(Reductions):
    """Adds extremes and sorting.

    Each method takes the keywords of NumPy's function of its name.
    """

    __slots__ = ()

    def min(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Self:
        """Return the least elements along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.min` that have an exact meaning: initial, where.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized; of no axis if all are reduced.

        Raises
        ------
        AxisError
            There is no such axis.
        ValueError
            There is no element, and no initial.

        See Also
        --------
        argmin : where they stand.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI, 1 - PHI]).min()
        ResonantTensor(1 - φ)
        """
        return self._reduced(np.min, axis, keepdims, **options)

    def max(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Self:
        """Return the largest elements along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.max` that have an exact meaning: initial, where.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized; of no axis if all are reduced.

        Raises
        ------
        AxisError
            There is no such axis.
        ValueError
            There is no element, and no initial.

        See Also
        --------
        argmax : where they stand.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI, 1 - PHI]).max()
        ResonantTensor(φ)
        """
        return self._reduced(np.max, axis, keepdims, **options)

    @overload
    def argmin(self, axis: None = None) -> np.int64: ...
    @overload
    def argmin(self, axis: int) -> IntArray: ...
    @overload
    def argmin(self, axis: int | None = None, *, keepdims: bool) -> IntArray: ...
    def argmin(self, axis: int | None = None, **options: object) -> Any:
        """Return the positions of the least elements, the first among equals.

        Parameters
        ----------
        axis : int or None, default None
            The axis; of the flattened tensor by default.
        **options
            The other keywords of `numpy.argmin` that have an exact meaning: keepdims.

        Returns
        -------
        ndarray of int64
            Plain integers, in either phase; one integer if no axis is given.

        Raises
        ------
        AxisError
            There is no such axis.
        ValueError
            There is no element.

        See Also
        --------
        min : the elements.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> int(ResonantTensor([1, PHI, 1 - PHI]).argmin())
        2
        """
        return functions.call(np.argmin, (self, axis), options)

    @overload
    def argmax(self, axis: None = None) -> np.int64: ...
    @overload
    def argmax(self, axis: int) -> IntArray: ...
    @overload
    def argmax(self, axis: int | None = None, *, keepdims: bool) -> IntArray: ...
    def argmax(self, axis: int | None = None, **options: object) -> Any:
        """Return the positions of the largest elements, the first among equals.

        Parameters
        ----------
        axis : int or None, default None
            The axis; of the flattened tensor by default.
        **options
            The other keywords of `numpy.argmax` that have an exact meaning: keepdims.

        Returns
        -------
        ndarray of int64
            Plain integers, in either phase; one integer if no axis is given.

        Raises
        ------
        AxisError
            There is no such axis.
        ValueError
            There is no element.

        See Also
        --------
        max : the elements.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> int(ResonantTensor([1, PHI, 1 - PHI]).argmax())
        1
        """
        return functions.call(np.argmax, (self, axis), options)

    def sort(self, axis: int | None = -1, **options: object) -> Self:
        """Return the elements in increasing order along an axis, decided exactly.

        Parameters
        ----------
        axis : int or None, default -1
            The axis; None sorts the flattened tensor.
        **options
            The other keywords of `numpy.sort` that have an exact meaning: descending, where
            NumPy has it.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor; mode norms go along with their elements.

        Raises
        ------
        AxisError
            There is no such axis.

        See Also
        --------
        argsort : the positions.
        unique : without repetitions.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([2, PHI, 3 * PHI - 4]).sort()
        ResonantTensor([-4 + 3φ, φ, 2])
        """
        return functions.call(np.sort, (self, axis), options)

    def argsort(self, axis: int | None = -1, **options: object) -> IntArray:
        """Return the positions that sort along an axis; stable.

        Parameters
        ----------
        axis : int or None, default -1
            The axis; None sorts the flattened tensor.
        **options
            The other keywords of `numpy.argsort` that have an exact meaning: descending, where
            NumPy has it.

        Returns
        -------
        ndarray of int64
            Plain integers, in either phase.

        Raises
        ------
        AxisError
            There is no such axis.

        See Also
        --------
        sort : the elements.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([2, PHI, 3 * PHI - 4]).argsort().tolist()
        [2, 1, 0]
        """
        if options.get("kind") is None:
            options.setdefault("stable", True)
        return functions.call(np.argsort, (self, axis), options)

    def argpartition(
        self, kth: int | Sequence[int], axis: int | None = -1, **options: object
    ) -> IntArray:
        """Return positions that bring the kth element to its place, smaller ones before it.

        Parameters
        ----------
        kth : int or sequence of int
            The places that are to be right.
        axis : int or None, default -1
            The axis; None partitions the flattened tensor.
        **options
            kind, as of `numpy.argpartition`.

        Returns
        -------
        ndarray of int64
            Plain integers, in either phase.

        Raises
        ------
        ValueError
            There is no such place.

        See Also
        --------
        argsort : all in order.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> int(ResonantTensor([2, PHI, 3 * PHI - 4]).argpartition(0)[0])
        2
        """
        return functions.call(np.argpartition, (self, kth, axis), options)

    def searchsorted(
        self, v: RealArrayLike, side: str = "left", sorter: npt.ArrayLike | None = None
    ) -> IntArray:
        """Return where values belong in a sorted tensor, decided exactly.

        Parameters
        ----------
        v : ResonantTensor or array-like
            Exact numbers beside a crystallized tensor.
        side : str, default "left"
            Before equal elements, or "right": after them.
        sorter : array-like of int, optional
            The positions that sort the tensor, if it is not sorted.

        Returns
        -------
        ndarray of int64
            Plain integers, shaped as v.

        Raises
        ------
        ValueError
            The tensor has not one axis, or side is another word.

        See Also
        --------
        argsort : the sorter.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([0, PHI, 2]).searchsorted([PHI, 2]).tolist()
        [1, 2]
        """
        return functions.call(np.searchsorted, (self, v, side, sorter), {})

    def ptp(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        """Return the largest elements less the least along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized; of no axis if all are reduced.

        Raises
        ------
        ValueError
            There is no element.

        See Also
        --------
        max, min : the two.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI, 1 - PHI]).ptp()
        ResonantTensor(-1 + 2φ)
        """
        return functions.call(np.ptp, (self, axis), {"keepdims": keepdims})

    @overload
    def unique(self, *, axis: int | None = None) -> Self: ...
    @overload
    def unique(self, **options: object) -> Any: ...
    def unique(self, **options: object) -> Any:
        """Return the distinct elements in increasing order.

        Parameters
        ----------
        **options
            Those of `numpy.unique`: return_index, return_inverse, return_counts, and axis for
            distinct rows.

        Returns
        -------
        ResonantTensor, or tuple
            The elements in the phase of the tensor, then the integer arrays asked for.

        Raises
        ------
        AxisError
            There is no such axis.

        See Also
        --------
        sort : with repetitions.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> values, counts = ResonantTensor([PHI, 1, PHI]).unique(return_counts=True)
        >>> values, counts.tolist()
        (ResonantTensor([1, φ]), [1, 2])
        """
        return functions.call(np.unique, (self,), options)

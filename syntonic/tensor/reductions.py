"""Sums, products and means of tensors: each method is NumPy's function of its name."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.errors import shown
from syntonic.lattice import reductions
from syntonic.lattice.array import LatticeArray
from syntonic.tensor import exact_order, functions
from syntonic.tensor.base import TensorBase
from syntonic.typing import Axis

__all__ = ["Reductions"]


_EXACT = {
    np.sum: reductions.sum,
    np.prod: reductions.prod,
    np.mean: reductions.mean,
    np.var: reductions.var,
    np.min: exact_order.amin,
    np.max: exact_order.amax,
}


class Reductions(TensorBase):
    """Adds reductions.

    Each method takes the keywords of NumPy's function of its name.
    """

    __slots__ = ()

    def sum(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Self:
        """Return the sum along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.sum` that have an exact meaning: initial, where.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized; of no axis if all are reduced.

        Raises
        ------
        AxisError
            There is no such axis.

        See Also
        --------
        cumsum : the sums on the way.
        mean : divided by n.
        prod : of the elements.

        Notes
        -----
        Exact sums are independent of order and threads; an empty one is 0.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([[1, PHI], [2, PHI]]).sum(axis=0)
        ResonantTensor([3, 2φ])
        """
        return self._reduced(np.sum, axis, keepdims, **options)

    def prod(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Self:
        """Return the product along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.prod` that have an exact meaning: initial, where.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized; of no axis if all are reduced.

        Raises
        ------
        AxisError
            There is no such axis.
        OverflowError
            The exact products could take more than 2^28 bits.

        See Also
        --------
        cumprod : the products on the way.
        sum : of the elements.

        Notes
        -----
        An empty product is 1.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, PHI, 2]).prod()
        ResonantTensor(2 + 2φ)
        """
        return self._reduced(np.prod, axis, keepdims, **options)

    def mean(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Self:
        """Return the mean along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.mean` that have an exact meaning: where.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized; of no axis if all are reduced.

        Raises
        ------
        AxisError
            There is no such axis.
        ValueError
            Nothing is averaged.

        See Also
        --------
        sum : n times as much.
        var, std : how far from it the elements are.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI]).mean()
        ResonantTensor(1/2 + 1/2φ)
        """
        return self._reduced(np.mean, axis, keepdims, **options)

    def var(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Self:
        """Return the variance along axes, over n - ddof.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.var` that have an exact meaning: ddof or correction,
            mean, where.

        Returns
        -------
        ResonantTensor
            In the phase of the tensor, exact when crystallized; of no axis if all are reduced.

        Raises
        ------
        AxisError
            There is no such axis.
        ValueError
            n - ddof is not positive.

        See Also
        --------
        std : its root, in flux.
        mean : what it is measured from.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI]).var()
        ResonantTensor(1/2 - 1/4φ)
        """
        return self._reduced(np.var, axis, keepdims, **options)

    def std(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Self:
        """Return the standard deviation along axes, of flux alone: roots leave the field.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.std`: ddof or correction, mean, where, dtype.

        Returns
        -------
        ResonantTensor
            In flux; of no axis if all are reduced.

        Raises
        ------
        TypeError
            The tensor is crystallized.

        See Also
        --------
        var : its square, exact.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 3]).wake_flux().std().item()
        1.0
        """
        return self._reduced(np.std, axis, keepdims, **options)

    def any(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Any:
        """Return whether an element is not zero, along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.any` that have an exact meaning: where.

        Returns
        -------
        bool or ndarray of bool
            Plain truth values, in either phase.

        Raises
        ------
        AxisError
            There is no such axis.

        See Also
        --------
        all : whether none is zero.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> bool(ResonantTensor([0, PHI**2 - PHI - 1]).any())
        False
        """
        return functions.call(np.any, (self, axis), {"keepdims": keepdims, **options})

    def all(self, axis: Axis = None, *, keepdims: bool = False, **options: object) -> Any:
        """Return whether no element is zero, along axes.

        Parameters
        ----------
        axis : int, tuple of int or None, default None
            The axes reduced; all by default.
        keepdims : bool, default False
            Whether reduced axes stay, with length 1.
        **options
            The other keywords of `numpy.all` that have an exact meaning: where.

        Returns
        -------
        bool or ndarray of bool
            Plain truth values, in either phase.

        Raises
        ------
        AxisError
            There is no such axis.

        See Also
        --------
        any : whether one is not.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> bool(ResonantTensor([1, PHI]).all())
        True
        """
        return functions.call(np.all, (self, axis), {"keepdims": keepdims, **options})

    def cumprod(self, axis: int | None = None, **options: object) -> Self:
        """Return the running products along an axis.

        Parameters
        ----------
        axis : int or None, default None
            The axis; of the flattened tensor by default.
        **options
            The other keywords of `numpy.cumprod` that have an exact meaning, which is none.

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
        prod : the last of them.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([PHI, PHI, PHI]).cumprod()
        ResonantTensor([φ, 1 + φ, 1 + 2φ])
        """
        return functions.call(np.cumprod, (self, axis), options)

    def cumsum(self, axis: int | None = None, **options: object) -> Self:
        """Return the running sums along an axis.

        Parameters
        ----------
        axis : int or None, default None
            The axis; of the flattened tensor by default.
        **options
            The other keywords of `numpy.cumsum` that have an exact meaning, which is none.

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
        sum : the last of them.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI, PHI]).cumsum()
        ResonantTensor([1, 1 + φ, 1 + 2φ])
        """
        return functions.call(np.cumsum, (self, axis), options)

    def _reduced(self, function: Any, axis: Any, keepdims: bool, **options: object) -> Self:
        data, exact = self._data, _EXACT.get(function)
        if exact and type(data) is LatticeArray and type(keepdims) is bool and not options:
            ndim = data.ndim
            if axis is None or (type(axis) is int and -ndim <= axis < ndim):  # needs no checks
                carried = self._carried
                carried = carried if carried.mode_norm_sq is None else carried.with_norms(None)
                return self._of(exact(data, axis, keepdims), carried)
        options = {"axis": axis, "keepdims": keepdims, **options}
        if not self.is_crystallized and self.size == 0 and function in (np.mean, np.std, np.var):
            raise ValueError(
                f"{function.__name__}: at least one element must be averaged, got shape "
                f"{self.shape} over axis {shown(axis)}"
            )
        return functions.call(function, (self,), options)

"""What every tensor gives away: its elements, and the ways out to other systems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt

from syntonic.device.moves import one_element
from syntonic.errors import DeviceError
from syntonic.exact.golden import GoldenExact
from syntonic.flux.device import CPU, flux_result, to_host
from syntonic.foreign import frozen
from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.scalars import golden_item
from syntonic.tensor import display
from syntonic.tensor.exact_truth import as_type
from syntonic.tensor.memory import Memory
from syntonic.tensor.properties import IMMUTABLE
from syntonic.tensor.specification import Carried, syntony
from syntonic.typing import ObjectArray

__all__ = ["TensorBase", "plain_index"]


class TensorBase(Memory):
    """Adds the elements, as Python, NumPy and other libraries take them."""

    __slots__ = ()

    @property
    def syntony(self) -> float:
        """Σ v² exp(-|n|²/φ) / Σ v² over the modes n.

        Returns
        -------
        float
            In [0, 1]; 0 when all v are 0.

        See Also
        --------
        mode_norm_sq : the numbers |n|².

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 0, 0]).syntony
        1.0
        >>> round(ResonantTensor([0, 1]).syntony, 12)  # exp(-1/φ)
        0.539003082724
        """
        self._require_there("syntony")
        return syntony(self.to_floats(), self.mode_norm_sq)

    # -- data -----------------------------------------------------------------------------

    @property
    def a(self) -> ObjectArray:
        """The rational parts of the elements a + bφ.

        Returns
        -------
        ndarray of mpq objects
            Of the tensor's shape.

        Raises
        ------
        PhaseError
            The tensor is in flux.

        See Also
        --------
        b : the φ-coefficients.
        numerators : both as integers, over one denominator.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1 + 3 * PHI / 2]).a
        array([mpq(1,1)], dtype=object)
        """
        return self._lattice("a").fraction("a")

    @property
    def b(self) -> ObjectArray:
        """The φ-coefficients of the elements a + bφ.

        Returns
        -------
        ndarray of mpq objects
            Of the tensor's shape.

        Raises
        ------
        PhaseError
            The tensor is in flux.

        See Also
        --------
        a : the rational parts.
        numerators : both as integers, over one denominator.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1 + 3 * PHI / 2]).b
        array([mpq(3,2)], dtype=object)
        """
        return self._lattice("b").fraction("b")

    def numerators(self) -> tuple[Any, Any, int]:
        """Return (a, b, denominator): the elements are (a + bφ)/denominator, in lowest terms.

        Returns
        -------
        a, b : ndarray
            Read-only integer arrays of the tensor's shape: int64, or object arrays of integers
            where int64 cannot hold them.
        denominator : int
            The least common denominator.

        Raises
        ------
        PhaseError
            The tensor is in flux.

        See Also
        --------
        from_lattice : the tensor of these.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI / 2]).numerators()
        (array([2, 0]), array([0, 1]), 2)
        """
        return self._lattice("numerators").numerators()

    def to_floats(self) -> npt.NDArray[np.float64]:
        """Return the values as floats, correctly rounded.

        Returns
        -------
        ndarray of float64
            Of the tensor's shape, on the CPU; each exact element is rounded once, to nearest even.

        See Also
        --------
        wake_flux : the flux tensor of these, which finds the way back.
        from_floats : the lattice points nearest to floats.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI]).to_floats()
        array([1.        , 1.61803399])
        """
        if self.is_crystallized:
            return order.floats(self._lattice("to_floats"))
        return np.array(to_host(self._data), dtype=np.float64)

    @property
    def flux_array(self) -> Any:
        """The array of a flux tensor, without a copy. Writing into it changes the tensor.

        Returns
        -------
        ndarray or cupy.ndarray

        Raises
        ------
        PhaseError
            The tensor is crystallized.

        See Also
        --------
        from_flux : the tensor of an array.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2]).wake_flux().flux_array
        array([1., 2.])
        """
        return self._flux("flux_array")

    def item(self, *index: int) -> GoldenExact | float:
        """Return one element as a Python scalar, as `numpy.ndarray.item`.

        Parameters
        ----------
        *index : int
            One index for each axis, or one of the flattened tensor; none where there is one
            element.

        Returns
        -------
        GoldenExact or float
            Exact when crystallized, a float in flux.

        Raises
        ------
        ValueError
            No index is given, and there is not one element.
        IndexError
            There is no such element.

        See Also
        --------
        tolist : all of them.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> t = ResonantTensor([[1, PHI], [2, 3]])
        >>> t.item(0, 1), t.item(3), (t @ t)[0, 0].item()
        (GoldenExact(0, 1), GoldenExact(3), GoldenExact(1, 2))
        """
        if not self.is_crystallized:
            return self._data.item(*index)
        if self._is_exact_on_device:
            return golden_item(one_element(self._data, index), ())
        return golden_item(self._data, index)

    def tolist(self) -> Any:
        """Return the elements in nested lists.

        Returns
        -------
        list
            Of GoldenExact when crystallized, of floats in flux; one element of a 0-d tensor.

        See Also
        --------
        item : one element.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([[1, PHI]]).tolist()
        [[GoldenExact(1), GoldenExact(0, 1)]]
        """
        if self.is_crystallized:
            return self._lattice("tolist").scalars().tolist()
        return self._data.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self._require_cpu("np.asarray")
        if not self.is_crystallized:
            return np.array(self._data, dtype=dtype, copy=copy)
        if copy is False:
            raise ValueError(
                "np.asarray: a crystallized tensor has no array to share, got copy=False; "
                "use copy=None, or wake_flux() and flux_array"
            )
        kind = np.dtype(object if dtype is None else dtype)
        if kind.kind == "O":
            return self._data.scalars()
        if kind.kind == "f":
            return order.floats(self._data, kind)
        if kind.kind in "iu":
            return as_type(self._data, kind, "np.asarray")
        raise TypeError(
            f"np.asarray: a crystallized tensor becomes an object, floating or integer array, "
            f"got dtype {kind}"
        )

    def _require_cpu(self, where: str) -> None:
        if self.device != CPU:
            raise DeviceError(
                f'{where}: the tensor must be on the CPU, got {self.device}; call .to_device("cpu")'
            )

    # -- scalars and sequences ------------------------------------------------------------

    def _scalar(self, where: str) -> Any:
        if self.size != 1:
            raise TypeError(
                f"{where}: only a tensor of one element converts to a Python scalar, got shape "
                f"{self.shape}; index it first"
            )
        return self.item()

    def __float__(self) -> float:
        return float(self._scalar("float"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

    def __index__(self) -> NoReturn:
        raise TypeError(
            f"index: a tensor is no integer, got a {self.phase} one of shape {self.shape}; "
            "int(t) truncates one element, np.asarray(t, int) converts integers"
        )

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"bool: the truth of a tensor of shape {self.shape} is ambiguous; "
                "use .equals(), np.any or np.all"
            )
        return bool(self.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: a 0-d tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Self]:
        if self.ndim == 0:
            raise TypeError("iter: a 0-d tensor has no axis to iterate over; use .item()")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: object) -> bool:
        return bool(np.any(self == value))

    def __getitem__(self, index: Any) -> Self:
        """Return the elements at a NumPy index, as a tensor; a full index gives a 0-d one."""
        index = plain_index(index)
        norms, carried = self.mode_norm_sq, self._carried
        if norms is not None:
            carried = carried.with_norms(frozen(np.array(norms[index])))
        if self.is_crystallized:
            return self._of(self._data[index], carried)
        return self._of(flux_result(self._data[index]), carried)

    def __setitem__(self, index: object, value: object) -> NoReturn:
        raise TypeError(f"t[...] = value: {IMMUTABLE}")

    def __delitem__(self, index: object) -> NoReturn:
        raise TypeError(f"del t[...]: {IMMUTABLE}")

    # -- identity -------------------------------------------------------------------------

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self if self.is_crystallized else self._of(self._data.copy(), self._carried)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._state(), self._carried)

    def _state(self) -> Any:
        if not self.is_crystallized:
            return self._data
        a, b, denominator = self._lattice("pickle").numerators()
        if a.dtype == object:  # as Python ints: they pickle everywhere
            a, b = np.vectorize(int, otypes=[object])(a), np.vectorize(int, otypes=[object])(b)
        return np.array(a), np.array(b), denominator

    def __repr__(self) -> str:
        return display.text(self)

    def __format__(self, spec: str) -> str:
        return display.formatted(self, spec)

    def _repr_html_(self) -> str:
        return display.html(self)


def plain_index(index: Any) -> Any:
    """Replace tensors inside an index by integer arrays."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    return np.asarray(index, dtype=np.int64) if isinstance(index, TensorBase) else index


def _rebuild(cls: type[TensorBase], state: Any, carried: Carried) -> TensorBase:
    data = LatticeArray.from_numerators(*state) if isinstance(state, tuple) else state
    return cls._of(data, carried)

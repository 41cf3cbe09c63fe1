"""What every tensor is: its data in one phase, and what is known of them without looking."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from syntonic.device.array import DeviceLattice, not_there
from syntonic.errors import DeviceError, PhaseError
from syntonic.flux.device import CPU, device_of
from syntonic.lattice.array import LatticeArray
from syntonic.tensor.specification import Carried, ResonantPhase
from syntonic.typing import FloatArray

__all__ = ["IMMUTABLE", "Properties"]

IMMUTABLE = (
    "a ResonantTensor is immutable; t.at[index].set(value) returns a new tensor with the change"
)


class Properties:
    """Hold exact lattice elements or a flux array, never both, and never change them."""

    __slots__ = ("__weakref__", "_carried", "_data")

    # Comparison is element-wise, so a tensor cannot be a key.
    __hash__: ClassVar[None]  # type: ignore[assignment]

    _data: Any
    _carried: Carried

    @classmethod
    def _of(cls, data: Any, carried: Carried) -> Self:
        """Wrap a LatticeArray or DeviceLattice (crystallized) or an array of floats (flux)."""
        self = object.__new__(cls)
        _set_data(self, data)
        _set_carried(self, carried)
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot set {name!r}: {IMMUTABLE}")

    # -- phase ----------------------------------------------------------------------------

    @property
    def phase(self) -> ResonantPhase:
        """The phase: exact (CRYSTALLIZED) or floating point (FLUX).

        Returns
        -------
        ResonantPhase
            A string enum: "crystallized" or "flux".

        See Also
        --------
        wake_flux, crystallize : the other phase.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> str(ResonantTensor([1]).phase), str(ResonantTensor([1]).wake_flux().phase)
        ('crystallized', 'flux')
        """
        return ResonantPhase.CRYSTALLIZED if self.is_crystallized else ResonantPhase.FLUX

    @property
    def is_crystallized(self) -> bool:
        """Whether the tensor holds exact lattice elements.

        Returns
        -------
        bool

        See Also
        --------
        phase : the same as a word.
        toggle : to the other phase.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1]).is_crystallized
        True
        """
        return type(self._data) is LatticeArray or type(self._data) is DeviceLattice

    @property
    def _is_exact_on_device(self) -> bool:
        return type(self._data) is DeviceLattice

    def _require_there(self, where: str) -> None:
        """Refuse an exact operation that there is on the CPU alone."""
        if self._is_exact_on_device:
            raise DeviceError(not_there(where, self.device))

    def _lattice(self, where: str) -> LatticeArray:
        if not self.is_crystallized:
            raise PhaseError(
                f"{where}: the tensor must be crystallized, got flux; call .crystallize() first"
            )
        self._require_there(where)
        return self._data

    def _flux(self, where: str) -> Any:
        if self.is_crystallized:
            raise PhaseError(
                f"{where}: the tensor must be in flux, got a crystallized one; "
                "call .wake_flux() first"
            )
        return self._data

    # -- properties -----------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes.

        Returns
        -------
        tuple of int

        See Also
        --------
        ndim : the number of axes.
        reshape : other lengths.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2, 3]]).shape
        (1, 3)
        """
        return self._data.shape

    @property
    def ndim(self) -> int:
        """The number of axes.

        Returns
        -------
        int

        See Also
        --------
        shape : the lengths of the axes.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2, 3]]).ndim
        2
        """
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of elements.

        Returns
        -------
        int

        See Also
        --------
        shape : the lengths of the axes.
        nbytes : the bytes of the numbers.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2, 3]]).size
        3
        """
        return self._data.size

    @property
    def nbytes(self) -> int:
        """The bytes of the numbers: of both numerators with what they point to, or of the floats.

        Returns
        -------
        int

        See Also
        --------
        size : how many elements.
        itemsize : the bytes of one in flux.

        Notes
        -----
        Views of one memory each count what they see of it.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2, 3]).nbytes  # two int64 for each
        48
        """
        return self._data.nbytes

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype: object when crystallized, the array's floating dtype in flux.

        Returns
        -------
        numpy.dtype

        See Also
        --------
        astype : other floats, or floats of exact elements.
        phase : crystallized or in flux.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> t = ResonantTensor([1, 2])
        >>> t.dtype, t.wake_flux().dtype
        (dtype('O'), dtype('float64'))
        """
        return np.dtype(object) if self.is_crystallized else self._data.dtype

    @property
    def device(self) -> str:
        """Where the numbers live: "cpu", or "cuda:0" and so on for a GPU.

        Returns
        -------
        str

        See Also
        --------
        to_device : the tensor on another device.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2]).device
        'cpu'
        """
        if type(self._data) is DeviceLattice:
            return self._data.device
        return CPU if self.is_crystallized else device_of(self._data)

    @property
    def precision(self) -> int:
        """The bound on the φ-coefficient that a snap of this tensor obeys.

        Returns
        -------
        int
            100 where nobody chose one.

        See Also
        --------
        crystallize : the snap.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2], precision=7).precision
        7
        """
        return self._carried.precision

    @property
    def mode_norm_sq(self) -> FloatArray | None:
        """The squared mode norms |n|²; None means the flat index squared.

        Returns
        -------
        ndarray of float64 or None
            Read-only, of the tensor's shape.

        See Also
        --------
        syntony : what they weigh.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2], mode_norm_sq=[0, 3]).mode_norm_sq
        array([0., 3.])
        """
        return self._carried.mode_norm_sq


_set_data, _set_carried = (vars(Properties)[name].__set__ for name in ("_data", "_carried"))

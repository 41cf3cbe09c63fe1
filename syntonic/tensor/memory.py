"""The memory of a tensor, as other libraries ask for it.

Flux lies in one array and shares it; exact elements have no layout to promise. So what asks for one
is an attribute of flux alone: a library that looks for it finds none on a crystallized tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar, NoReturn

import numpy as np

from syntonic.errors import PhaseError
from syntonic.flux.device import is_cuda
from syntonic.lattice.array import LatticeArray
from syntonic.tensor.properties import Properties

__all__ = ["Memory", "parts_of"]

_VERSIONS = (None, "2021.12", "2022.12", "2023.12", "2024.12", "2025.12")


class NotShared(PhaseError, AttributeError):
    """A crystallized tensor is asked for memory: the wrong phase, and an attribute it has not."""


def parts_of(data: Any) -> list[Any]:
    """Return the arrays that a tensor's data lie in, whatever they mean."""
    if not isinstance(data, LatticeArray):
        return [data]
    return [x for x in (data.a, data.b, data.denominator) if type(x) is np.ndarray]


class _FluxMethod(property):
    """A property that gives a function.

    On the class it is that function of a tensor: before 2.1 NumPy looks for `__dlpack__` there.
    """

    def __get__(self, tensor: Any, owner: type | None = None) -> Any:
        if tensor is not None:
            return super().__get__(tensor, owner)
        return lambda tensor, **options: self.__get__(tensor)(**options)


class Memory(Properties):
    """Adds what is known of the memory, and the ways in which others share it."""

    __slots__ = ()

    # Before NumPy's own arrays (0) and masked ones, where a library asks whose function to call.
    __array_priority__: ClassVar[int] = 1000

    @property
    def itemsize(self) -> int:
        """The bytes of an element, without those of long integers that it points to.

        Returns
        -------
        int
            16 for two int64, the usual case of exact elements.

        See Also
        --------
        nbytes : all bytes, with those of long integers.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2]).itemsize, ResonantTensor([1, 2]).wake_flux().itemsize
        (16, 8)
        """
        held = parts_of(self._data) if not self._is_exact_on_device else list(self._data.pair or ())
        return sum(part.dtype.itemsize for part in held)

    @property
    def flat(self) -> Iterator[Any]:
        """The elements one after the other, row by row, to read.

        Returns
        -------
        iterator
            Of GoldenExact when crystallized; NumPy's, of floats, in flux.

        See Also
        --------
        ravel : a tensor of them.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> [x + 1 for x in ResonantTensor([[1, PHI]]).flat]
        [GoldenExact(2), GoldenExact(1, 1)]
        """
        if self.is_crystallized:
            return iter(self._lattice("flat").scalars().ravel())
        return _read_only(self._data).flat

    @property
    def strides(self) -> tuple[int, ...]:
        """The steps in bytes along the axes of flux; exact elements have no layout to promise.

        Returns
        -------
        tuple of int

        See Also
        --------
        flux_array : the floats themselves.
        tobytes : the floats in order.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([[1, 2, 3]]).wake_flux().strides
        (24, 8)
        """
        return self._shared("strides").strides

    @property
    def view(self) -> Callable[[Any], Any]:
        """The memory of flux as an array of another dtype, read-only and without a copy.

        Returns
        -------
        callable
            Takes the dtype and returns the array.

        See Also
        --------
        flux_array : the array itself.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor([1, 2]).wake_flux().view("u8").dtype
        dtype('uint64')
        """
        return _read_only(self._shared("view")).view

    @property
    def tobytes(self) -> Callable[..., bytes]:
        """The bytes of flux, in the order of its elements; exact elements have none to promise.

        Returns
        -------
        callable
            Takes the order, as `numpy.ndarray.tobytes`, and returns bytes.

        See Also
        --------
        numerators : the integers of exact elements.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> len(ResonantTensor([1, 2]).wake_flux().tobytes())
        16
        """
        return self._shared("tobytes").tobytes

    @_FluxMethod
    def __dlpack__(self) -> Callable[..., Any]:
        """Export the memory of a flux tensor, for `from_dlpack` of PyTorch, JAX, CuPy, NumPy.

        Whoever imports it sees, and can change, the tensor's own memory.
        """
        array = self._shared("__dlpack__")

        def exported(
            *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
        ) -> Any:
            wanted = {
                "stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy,
            }  # fmt: skip
            return array.__dlpack__(**{key: x for key, x in wanted.items() if x is not None})

        return exported

    @_FluxMethod
    def __dlpack_device__(self) -> Callable[[], tuple[int, int]]:
        return self._shared("__dlpack_device__").__dlpack_device__

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """The memory of a flux tensor on a CUDA device; other tensors have no such attribute."""
        if self.is_crystallized or not is_cuda(self._data):
            raise AttributeError("only flux on a CUDA device has a __cuda_array_interface__")
        return self._data.__cuda_array_interface__

    @property
    def __array_namespace__(self) -> Callable[..., ModuleType]:
        """The functions of the array API standard for flux: `syntonic.xp`."""
        self._shared("__array_namespace__")
        return _namespace

    def _shared(self, name: str) -> Any:
        """Return the array of flux; a crystallized tensor has no attribute of the name."""
        if self.is_crystallized:
            raise NotShared(
                f"{name}: only flux has it, and the tensor is crystallized; wake_flux() gives "
                "floats, np.asarray(t) an object array"
            )
        return self._data


def _namespace(*, api_version: str | None = None) -> ModuleType:
    if api_version not in _VERSIONS:
        _unknown_version(api_version)
    return import_module("syntonic.xp")  # which stands above the tensors


def _unknown_version(version: Any) -> NoReturn:
    known = ", ".join(f'"{each}"' for each in _VERSIONS if each)
    raise ValueError(f"__array_namespace__: api_version must be None or {known}, got {version!r}")


def _read_only(array: Any) -> Any:
    if not isinstance(array, np.ndarray):  # CuPy's have no such flag
        return array
    out = array.view()
    out.flags.writeable = False
    return out

"""The two crossings: wake (exact to floats) and crystallize (floats to exact)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.errors import DeviceError, PhaseError, PrecisionError
from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.snap import snap
from syntonic.tensor.base import TensorBase
from syntonic.tensor.specification import Carried, SnapSpecification, check_precision

__all__ = ["Phases", "check_device", "check_flux_dtype"]


class Phases(TensorBase):
    """Adds the changes of phase; each returns a new tensor."""

    __slots__ = ()

    def wake_flux(self, device: str = "cpu", dtype: Any = np.float64) -> Self:
        """Return the flux tensor of the nearest floats.

        Parameters
        ----------
        device
            Where the floats live: "cpu".
        dtype
            float64, float32 or float16.

        Returns
        -------
        ResonantTensor
            Flux. Each element is rounded once, to nearest even, from the exact value; what
            exceeds the dtype's range is infinite, with a RuntimeWarning. The tensor remembers a
            snap specification (precision = the larger of its precision and the largest numerator
            of a φ-coefficient, and the least common denominator), so that `crystallize` undoes
            this call for numerators up to 2^23.

        Raises
        ------
        PhaseError
            The tensor is in flux already.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> t = ResonantTensor([[1, PHI], [PHI**2, -PHI]])
        >>> t.wake_flux().crystallize().equals(t)
        True
        """
        x = self._lattice("wake_flux")
        check_device(device, "wake_flux")
        kind = check_flux_dtype(dtype, "wake_flux")
        specification = SnapSpecification.of(x, self.precision)
        carried = Carried(self.precision, self.mode_norm_sq, specification)
        return self._of(order.floats(x, kind), carried)

    def crystallize(
        self,
        precision: int | None = None,
        *,
        denominator: int | None = None,
        window: Any = None,
        error_bound: Any = None,
    ) -> Self:
        """Return the crystallized tensor of the nearest lattice points under a bound.

        Parameters
        ----------
        precision
            Bound on the numerator of the φ-coefficient.
        denominator
            Snap to (1/denominator)ℤ[φ].
        window
            Bound the Galois conjugate instead of the φ-coefficient.
        error_bound
            Demand a proof: the exact values are known to lie within error_bound of the floats,
            and each snapped point must be the only admissible one that does.

        Returns
        -------
        ResonantTensor
            Crystallized. Without arguments the remembered snap specification is used, and a
            crystallized tensor returns itself; arguments override its parts.

        Raises
        ------
        PhaseError
            The tensor is crystallized and arguments are given.
        PrecisionError
            error_bound does not prove every element; the message counts them.
        ValueError
            NaN or infinity is among the values, or both precision and window are given.
        """
        given = (precision, denominator, window, error_bound) != (None, None, None, None)
        if self.is_crystallized:
            if given:
                raise PhaseError(
                    "crystallize: snapping needs a flux tensor, got a crystallized one; "
                    "call .wake_flux() first, or crystallize() without arguments"
                )
            return self
        remembered = self._carried.snap or SnapSpecification(self.precision)
        if precision is None and window is None:
            precision = remembered.precision
        result = snap(
            self._data,
            precision=precision,
            window=window,
            denominator=remembered.denominator if denominator is None else denominator,
            error_bound=error_bound,
        )
        if result.unique is not None and not result.unique.all():
            raise PrecisionError(
                f"crystallize: error_bound={error_bound} must single out one lattice point for "
                f"each element, got {int((~result.unique).sum())} unproved of {self.size}; "
                "lower error_bound or tighten precision, window or denominator"
            )
        x = LatticeArray.from_numerators(result.a, result.b, result.denominator)
        kept = self.precision if precision is None or not given else precision
        return self._of(x, Carried(int(kept), self.mode_norm_sq))

    def toggle(self, device: str = "cpu") -> Self:
        """Return the tensor in the other phase."""
        return self.wake_flux(device) if self.is_crystallized else self.crystallize()

    def to_device(self, device: str) -> Self:
        """Return the flux tensor on a device: "cpu".

        Raises
        ------
        PhaseError
            The tensor is crystallized; lattice pairs live on the CPU.
        DeviceError
            The device is unknown.
        """
        self._flux("to_device")
        check_device(device, "to_device")
        return self


def check_device(device: str, where: str) -> None:
    """Raise DeviceError unless the device is one that flux can live on."""
    if device != "cpu":
        raise DeviceError(f'{where}: device must be "cpu", got {device!r}')


def check_flux_dtype(dtype: Any, where: str) -> np.dtype[Any]:
    """Return a floating dtype that flux can have, or raise TypeError."""
    kind = np.dtype(dtype)
    if kind not in (np.float64, np.float32, np.float16):
        raise TypeError(
            f"{where}: flux is float64, float32 or float16, got {kind}; "
            "convert the array with .astype(np.float64)"
        )
    return kind


def flux_specification(precision: Any, where: str) -> Carried:
    """Return the metadata of flux that was not woken from a tensor."""
    checked = check_precision(precision, where)
    return Carried(checked, None, SnapSpecification(checked))

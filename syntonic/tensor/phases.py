"""The two crossings: wake (exact to floats) and crystallize (floats to exact)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from syntonic.errors import DeviceError, PhaseError, PrecisionError
from syntonic.flux.device import CPU, is_cuda, move, parse_device, to_host
from syntonic.flux.halves import contiguous
from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.snap import snap
from syntonic.lattice.wake import warn_overflow
from syntonic.tensor.base import TensorBase
from syntonic.tensor.specification import Carried, SnapSpecification, check_precision

__all__ = ["Phases", "flux_specification"]


class Phases(TensorBase):
    """Adds the changes of phase; each returns a new tensor."""

    __slots__ = ()

    def wake_flux(self, device: str = "cpu", dtype: Any = np.float64) -> Self:
        """Return the flux tensor of the nearest floats.

        Parameters
        ----------
        device
            Where the floats live: "cpu", or "cuda" or "cuda:0" for a GPU through CuPy.
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
        DeviceError
            There is no such device.
        BackendUnavailableError
            A GPU is asked for, and CuPy or a driver is missing. Nothing falls back to the CPU.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> t = ResonantTensor([[1, PHI], [PHI**2, -PHI]])
        >>> t.wake_flux().crystallize().equals(t)
        True
        """
        x = self._lattice("wake_flux")
        there = parse_device(device, "wake_flux")
        kind = _wake_dtype(dtype)
        specification = SnapSpecification.of(x, self.precision)
        carried = Carried(self.precision, self.mode_norm_sq, specification)
        return self._of(_woken(x, there, kind), carried)

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
        bounds = {
            "precision": precision,
            "window": window,
            "denominator": remembered.denominator if denominator is None else denominator,
        }
        x = _snapped(self._data, bounds, error_bound)
        kept = self.precision if precision is None or not given else precision
        return self._of(x, Carried(int(kept), self.mode_norm_sq))

    def toggle(self, device: str = "cpu") -> Self:
        """Return the tensor in the other phase.

        Parameters
        ----------
        device
            Where a crystallized tensor wakes. Flux crystallizes on the CPU.

        Raises
        ------
        DeviceError
            There is no such device; or flux is asked to crystallize on another than the CPU.
        """
        if self.is_crystallized:
            return self.wake_flux(device)
        if (there := parse_device(device, "toggle")) != CPU:
            raise DeviceError(
                f"toggle: a crystallized tensor lives on the CPU, got {there}; leave device out"
            )
        return self.crystallize()

    def to_device(self, device: str) -> Self:
        """Return the flux tensor on a device: "cpu", "cuda", or "cuda:0" and so on.

        A tensor that is there already returns itself; another is copied.

        Raises
        ------
        PhaseError
            The tensor is crystallized; lattice pairs live on the CPU.
        DeviceError
            There is no such device.
        BackendUnavailableError
            A GPU is asked for, and CuPy or a driver is missing.
        """
        data = self._flux("to_device")
        there = parse_device(device, "to_device")
        return (
            self
            if there == self.device
            else self._of(move(data, there, "to_device"), self._carried)
        )


def _woken(x: LatticeArray, device: str, dtype: np.dtype[Any]) -> Any:
    """Return the floats of x on a device; pairs of int64 travel and are rounded there."""
    if device == CPU or not x.is_packed or x.size == 0:
        return move(order.floats(x, dtype), device, "wake_flux")
    from syntonic.flux.cuda.lattice import wake_on_device

    a, b = (move(np.ascontiguousarray(part), device, "wake_flux") for part in (x.a, x.b))
    out = wake_on_device(a, b, x.denominator, dtype)
    if dtype == np.float16 and bool(np.isinf(out).any()):  # int64 pairs overflow no other
        warn_overflow(dtype)
    return out


def _snapped(data: Any, bounds: dict[str, Any], error_bound: Any) -> LatticeArray:
    """Return the lattice points nearest to flux; on a GPU they are found there.

    A certificate is made on the CPU.
    """
    if is_cuda(data) and error_bound is None:
        from syntonic.flux.cuda.lattice import snap_on_device

        a, b = snap_on_device(contiguous(data), **bounds)
        return LatticeArray.from_numerators(a, b, int(bounds["denominator"]))
    values = to_host(data)
    if values.dtype.name == "bfloat16":
        values = values.astype(np.float32)  # which keeps its values
    result = snap(values, **bounds, error_bound=error_bound)
    if result.unique is not None and not result.unique.all():
        raise PrecisionError(
            f"crystallize: error_bound={error_bound} must single out one lattice point for "
            f"each element, got {int((~result.unique).sum())} unproved of {values.size}; "
            "lower error_bound or tighten precision, window or denominator"
        )
    return LatticeArray.from_numerators(result.a, result.b, result.denominator)


def _wake_dtype(dtype: Any) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind not in (np.float64, np.float32, np.float16):
        raise TypeError(
            f"wake_flux: exact numbers wake to float64, float32 or float16, got {kind}; "
            "wake to float32 and convert the flux_array"
        )
    return kind


def flux_specification(precision: Any, where: str) -> Carried:
    """Return the metadata of flux that was not woken from a tensor."""
    checked = check_precision(precision, where)
    return Carried(checked, None, SnapSpecification(checked))

"""The two crossings: wake (exact to floats) and crystallize (floats to exact)."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from syntonic.device import moves
from syntonic.device.array import DeviceLattice
from syntonic.errors import DeviceError, PhaseError, SnapWarning, warn_caller
from syntonic.flux.device import CPU, move, parse_device, to_host
from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray
from syntonic.rounding.quality import coarse_from, separates, woken_apart
from syntonic.rounding.snap import plan_of
from syntonic.rounding.wake import warn_overflow
from syntonic.tensor.base import TensorBase
from syntonic.tensor.nearest import (
    Bounds,
    certified,
    checked_maximum,
    judged,
    over_least_denominator,
    snapped,
)
from syntonic.tensor.specification import Carried, Origin, SnapSpecification, carried_with
from syntonic.typing import ComparableScalar, Real

__all__ = ["Phases", "flux_carried"]

_NO_WAY_BACK = (
    "wake_flux: not all floats are near enough to their exact numbers for crystallize() to find "
    "the way back; use a wider dtype, or keep the crystallized tensor"
)


class Phases(TensorBase):
    """Adds the changes of phase; each returns a new tensor."""

    __slots__ = ()

    def wake_flux(self, device: str = "cpu", dtype: npt.DTypeLike = np.float64) -> Self:
        """Return the flux tensor of the nearest floats.

        Parameters
        ----------
        device : str, default "cpu"
            Where the floats live: "cpu", or "cuda" or "cuda:0" for a GPU through CuPy.
        dtype : dtype_like, default float64
            float64, float32 or float16.

        Returns
        -------
        ResonantTensor
            Flux. Each element is rounded once, to nearest even, from the exact value; what
            exceeds the dtype's range is infinite, with a RuntimeWarning. The tensor remembers a
            snap specification (precision = the larger of its precision and the largest numerator
            of a φ-coefficient, and the least common denominator), so that `crystallize` undoes
            this call.

        Raises
        ------
        PhaseError
            The tensor is in flux already.
        DeviceError
            There is no such device; or the tensor is on a CUDA device, with numerators that int64
            does not hold.
        BackendUnavailableError
            A GPU is asked for, and CuPy or a driver is missing. Nothing falls back to the CPU.

        Warns
        -----
        SnapWarning
            `crystallize` is not sure to undo this call: an element is h or more away from its
            float, h being half the least distance of two points under the specification, about
            0.11/(precision·denominator). None is where half a unit in the last place of the
            largest element is below h: over denominator 1 for all numerators up to 2^24 in
            float64 and 1291 in float32; and under precision 100, whatever a, for all elements
            below 2^44 in float64, 2^15 in float32 and 4 in float16. The warning's `count` says
            how many elements are that far away, `residual` how far the farthest is.

        See Also
        --------
        to_floats : the same numbers as an array.
        crystallize : the way back.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> t = ResonantTensor([[1, PHI], [PHI**2, -PHI]])
        >>> t.wake_flux().crystallize().equals(t)
        True
        """
        if self._is_exact_on_device:
            return self._woken_there(device, dtype)
        x = self._lattice("wake_flux")
        there = parse_device(device, "wake_flux")
        kind = _wake_dtype(dtype)
        specification = SnapSpecification.of(x, self.precision)
        carried = self._carried._replace(snap=specification._replace(origin=Origin.WOKEN))
        floats = _woken(x, there, kind)
        _warn_without_way_back(x, floats, specification)
        return self._of(floats, carried)

    def _woken_there(self, device: str, dtype: Any) -> Self:
        """Wake exact elements on their CUDA device, and move the floats if they are to."""
        there, kind = parse_device(device, "wake_flux"), _wake_dtype(dtype)
        x = self._data
        with x.located():
            floats = moves.wake(x, kind)
            largest, denominator = moves.extent(x)
            specification = SnapSpecification(max(self.precision, largest), denominator)
            if kind == np.float16 and bool(np.isinf(floats).any()):
                warn_overflow(kind)
            _warn_of_coarse(x, floats, specification)
        carried = self._carried._replace(snap=specification._replace(origin=Origin.WOKEN))
        return self._of(move(floats, there, "wake_flux"), carried)

    def crystallize(
        self,
        precision: int | None = None,
        *,
        denominator: int | Literal["auto"] | None = None,
        window: ComparableScalar | None = None,
        error_bound: Real | None = None,
        max_denominator: int | None = None,
    ) -> Self:
        """Return the crystallized tensor of the nearest lattice points under a bound.

        Parameters
        ----------
        precision : int, optional
            Bound on the numerator of the φ-coefficient.
        denominator : int or "auto", optional
            Snap to (1/denominator)ℤ[φ]. "auto": the least common denominator, up to
            `max_denominator`, under which rounding explains all that the snap changes; a
            precision that is not given here then grows with it.
        window : real number, optional
            Bound the Galois conjugate instead of the φ-coefficient.
        error_bound : real number, optional
            Demand a proof: the exact values are known to lie within error_bound of the floats,
            and each snapped point must be the only admissible one that does.
        max_denominator : int, default 12
            How far "auto" looks.

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

        Warns
        -----
        SnapWarning
            Nobody named a bound, neither here nor where the tensor was made, or "auto" finds no
            denominator; and lattice points are farther from the floats than rounding explains, or
            floats are too coarse to tell. Its `count` says how many are, `residual` how far the
            farthest is.

        See Also
        --------
        syntonic.snap : the same for arrays, with residuals and certificates.
        syntonic.identify : the simplest element near one float, without a bound.
        syntonic.recover : the exact points of a figure from rounded ones.
        wake_flux : the way back.

        Notes
        -----
        Let ρ be the unit roundoff of the dtype (2^-53, 2^-24, 2^-11) times an element's size, or
        times 1/denominator where that is larger; and h half the least distance of two admissible
        points, 1.5·10^-3 under precision 100. Right results of arithmetic are a few ρ from their
        lattice points; numbers that are no admissible points are anywhere up to about h. The
        warning is given for distances r with r³ > ρ²h, and for results of arithmetic with
        64ρ >= h, where that would be no more than 4ρ. Under precision 100 and for elements below
        1 the limit is 2.7·10^-12 in float64 and 1.8·10^-6 in float32, and elements may grow to
        2^38 and 2^9. Smaller numbers than the limit count as what is left of sums that cancel.
        What golden network operations return is near lattice points by chance alone: its snap
        does not warn.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> x = ResonantTensor([1, PHI]).wake_flux() / 2
        >>> x.crystallize(denominator=2)
        ResonantTensor([1/2, 1/2φ])
        >>> x.crystallize(denominator="auto").equals(x.crystallize(denominator=2))
        True
        """
        where = "crystallize"
        given = (precision, denominator, window, error_bound) != (None, None, None, None)
        if self.is_crystallized:
            if given or max_denominator is not None:
                raise PhaseError(
                    "crystallize: snapping needs a flux tensor, got a crystallized one; "
                    "call .wake_flux() first, or crystallize() without arguments"
                )
            return self
        maximum = checked_maximum(denominator, max_denominator, where)
        remembered = self._carried.snap or SnapSpecification(self.precision)
        bounds = Bounds(
            remembered.precision if precision is None and window is None else precision,
            window,
            remembered.denominator if denominator is None or maximum else denominator,
        )
        if maximum:
            grow = precision is None
            x, bounds = over_least_denominator(self._data, bounds, maximum, grow, where)
        elif given or self._carried.named or remembered.origin is Origin.APPROXIMATE:
            x = snapped(self._data, bounds)
        else:
            separate = remembered.origin is not Origin.WOKEN
            x = judged(self._data, bounds, where, separate=separate)
        if error_bound is not None:
            x = certified(self._data, bounds, error_bound)
        changed = given and not maximum and bounds.precision is not None
        kept = bounds.precision if changed else self.precision
        named = self._carried.named or precision is not None
        return self._of(x, Carried(int(kept), self.mode_norm_sq, None, named))

    def toggle(self, device: str = "cpu") -> Self:
        """Return the tensor in the other phase.

        Parameters
        ----------
        device : str, default "cpu"
            Where a crystallized tensor wakes. Flux crystallizes on the CPU.

        Returns
        -------
        ResonantTensor
            In the other phase.

        Raises
        ------
        DeviceError
            There is no such device; or flux is asked to crystallize on another than the CPU.

        See Also
        --------
        wake_flux, crystallize : the two ways, with their options.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor([1, PHI]).toggle().toggle()
        ResonantTensor([1, φ])
        """
        if self.is_crystallized:
            return self.wake_flux(device)
        if (there := parse_device(device, "toggle")) != CPU:
            raise DeviceError(
                f"toggle: a crystallized tensor lives on the CPU, got {there}; leave device out"
            )
        return self.crystallize()

    def to_device(self, device: str, *, stream: None = None) -> Self:
        """Return the tensor on a device, in its phase.

        Parameters
        ----------
        device : str
            "cpu", "cuda", or "cuda:0" and so on.
        stream : None
            None, as the array API has it; `cupy.cuda.Stream` as a context chooses one.

        Returns
        -------
        ResonantTensor
            A tensor that is there already returns itself; another is copied.

        Raises
        ------
        DeviceError
            There is no such device; or exact numerators over their common denominator are longer
            than 4096 bits, and asked to leave the CPU.
        BackendUnavailableError
            A GPU is asked for, and CuPy or a driver is missing.
        ValueError
            A stream is given.

        See Also
        --------
        device : where the tensor is.

        Notes
        -----
        Crystallized tensors on a CUDA device are exact there: pairs of int64 under proven bounds,
        and beyond these residues modulo primes that split in the field, as many as the bound of
        the numbers asks for. There are ``+ - *``, ``@``, `sum`, comparisons, indexing and what
        moves elements, `wake_flux`, and `det`, `inv` and `solve` of `syntonic.linalg`; anything
        else raises DeviceError. Products of matrices run as float64 under a proven bound of 2^53.
        Comparisons give boolean arrays of CuPy; elements whose order doubles leave open travel to
        the CPU, and they alone.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> flux = ResonantTensor([1, 2]).wake_flux()
        >>> flux.to_device("cpu") is flux
        True
        """
        if stream is not None:
            raise ValueError(
                f"to_device: stream must be None, got {type(stream).__name__}; a context of "
                "cupy.cuda.Stream chooses one"
            )
        there = parse_device(device, "to_device")
        return self if there == self.device else self._of(_moved(self._data, there), self._carried)


def _moved(data: Any, device: str) -> Any:
    if isinstance(data, LatticeArray):
        return moves.to_device(data, device)
    if not isinstance(data, DeviceLattice):
        return move(data, device, "to_device")
    return moves.to_lattice(data) if device == CPU else moves.moved(data, device, "to_device")


def _warn_of_coarse(x: DeviceLattice, floats: Any, specification: SnapSpecification) -> None:
    """Warn as `_warn_without_way_back`; only elements so large that floats may miss travel."""
    plan, d = plan_of(specification.precision, None, specification.denominator)
    if separates(3 * max(x.bounds) / x.divisor, floats.dtype, plan, d):
        return
    large = np.abs(floats) >= coarse_from(floats.dtype, plan, d)
    if not bool(large.any()):
        return
    few = moves.to_lattice(x[large])
    if (miss := woken_apart(few, to_host(floats[large]), plan, d)) is not None:
        warn_caller(SnapWarning(_NO_WAY_BACK, count=miss.count, residual=miss.residual))


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


def _warn_without_way_back(x: LatticeArray, floats: Any, specification: SnapSpecification) -> None:
    """Warn unless each element is nearer to its float than half the least distance of two.

    Infinite floats have been warned of, and do not crystallize.
    """
    plan, d = plan_of(specification.precision, None, specification.denominator)
    if x.is_packed and separates(3 * x.bound / x.denominator, floats.dtype, plan, d):
        return
    if (miss := woken_apart(x, to_host(floats), plan, d)) is not None:
        warn_caller(SnapWarning(_NO_WAY_BACK, count=miss.count, residual=miss.residual))


def _wake_dtype(dtype: Any) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind not in (np.float64, np.float32, np.float16):
        raise TypeError(
            f"wake_flux: exact numbers wake to float64, float32 or float16, got {kind}; "
            "wake to float32 and convert the flux_array"
        )
    return kind


def flux_carried(precision: Any, where: str) -> Carried:
    """Return the metadata of flux that was not woken from a tensor."""
    carried = carried_with(precision, where)
    return carried._replace(snap=SnapSpecification(carried.precision))

"""What a tensor carries beside its numbers: precision, mode norms, the remembered snap."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from syntonic.constants import DEFAULT_PRECISION, PHI_FLOAT
from syntonic.errors import ShapeError, shown
from syntonic.lattice.array import LatticeArray
from syntonic.typing import FloatArray

__all__ = [
    "Carried",
    "Origin",
    "ResonantPhase",
    "SnapSpecification",
    "carried_with",
    "check_mode_norms",
    "elementwise_norms",
    "merged",
    "syntony",
]


class ResonantPhase(StrEnum):
    """The two phases of a tensor: exact lattice elements, or floats on a device.

    See Also
    --------
    ResonantTensor.phase : that of a tensor.
    ResonantTensor.wake_flux, ResonantTensor.crystallize : from one into the other.

    Examples
    --------
    >>> from syntonic import ResonantPhase, ResonantTensor
    >>> ResonantTensor([1]).phase is ResonantPhase.CRYSTALLIZED
    True
    >>> ResonantTensor([1]).wake_flux().phase == "flux"
    True
    """

    CRYSTALLIZED = "crystallized"
    FLUX = "flux"


class Origin(StrEnum):
    """Where the floats of a flux tensor come from: what a snap of them should find."""

    WOKEN = "woken"
    """from lattice points, each rounded once, and only moved since"""

    COMPUTED = "computed"
    """from arithmetic, or from outside: lattice points if the bounds are right"""

    APPROXIMATE = "approximate"
    """from a golden network operation: near lattice points, and no more"""


class SnapSpecification(NamedTuple):
    """Snap to (1/denominator)ℤ[φ] with |φ-coefficient numerator| <= precision."""

    precision: int
    denominator: int = 1
    origin: Origin = Origin.COMPUTED

    @classmethod
    def of(cls, x: LatticeArray, precision: int) -> SnapSpecification:
        """Return the specification under which waking x and snapping back returns x."""
        largest, denominator = x.extent()
        return cls(max(precision, largest), denominator)

    def joined(self, other: SnapSpecification) -> SnapSpecification:
        """Return the larger specification, whose lattice points include those of both."""
        d = lcm(self.denominator, other.denominator)
        scaled = (s.precision * (d // s.denominator) for s in (self, other))
        approximate = Origin.APPROXIMATE in (self.origin, other.origin)
        origin = Origin.APPROXIMATE if approximate else Origin.COMPUTED
        return SnapSpecification(max(scaled), d, origin)


class Carried(NamedTuple):
    """The metadata of a tensor; `snap` is set in flux alone, `named` where the caller chose."""

    precision: int
    mode_norm_sq: FloatArray | None = None
    snap: SnapSpecification | None = None
    named: bool = False
    """Whether somebody chose the precision of this tensor, or of one it was made from."""

    def with_norms(self, mode_norm_sq: FloatArray | None) -> Carried:
        """Return the same metadata with other mode norms."""
        if mode_norm_sq is self.mode_norm_sq:
            return self
        return Carried(self.precision, mode_norm_sq, self.snap, self.named)

    def computed(self) -> Carried:
        """Return the same metadata for what arithmetic makes of the numbers."""
        if self.snap is None or self.snap.origin is not Origin.WOKEN:
            return self
        return self._made(Origin.COMPUTED, self.mode_norm_sq)

    def approximate(self) -> Carried:
        """Return the same metadata for what a golden network operation makes of the numbers."""
        return self._made(Origin.APPROXIMATE, self.mode_norm_sq)

    def normalized(self) -> Carried:
        """Return the same for what mixes elements: without mode norms."""
        return self._made(Origin.APPROXIMATE, None)

    def _made(self, origin: Origin, mode_norm_sq: FloatArray | None) -> Carried:
        snap = self.snap
        if snap is not None and snap.origin is not origin:
            snap = SnapSpecification(snap.precision, snap.denominator, origin)
        elif mode_norm_sq is self.mode_norm_sq:
            return self
        return Carried(self.precision, mode_norm_sq, snap, self.named)


_UNNAMED = Carried(DEFAULT_PRECISION)


def carried_with(precision: Any, where: str, mode_norm_sq: FloatArray | None = None) -> Carried:
    """Return the metadata of a new tensor; without a precision it is 100, which nobody chose."""
    if precision is None:
        return _UNNAMED.with_norms(mode_norm_sq)
    return Carried(check_precision(precision, where), mode_norm_sq, named=True)


def merged(carried: Iterable[Carried]) -> Carried:
    """Combine operands' metadata: the larger precision and specification, no mode norms."""
    first, *rest = carried
    out = first.with_norms(None).computed()
    for other in rest:
        if other is first:
            continue
        same = other.precision == out.precision and other.snap == out.snap
        if same and other.named == out.named:
            continue
        snap = out.snap
        if snap is not None and other.snap is not None:
            snap = snap.joined(other.snap)
        precision, named = max(out.precision, other.precision), out.named or other.named
        out = Carried(precision, None, snap, named)
    return out


def check_precision(precision: Any, where: str, name: str = "precision") -> int:
    """Return a bound on the φ-coefficient as an int, or raise."""
    if isinstance(precision, bool) or not isinstance(precision, (int, np.integer)):
        raise TypeError(
            f"{where}: {name} must be a non-negative integer, the bound on the "
            f"φ-coefficient, got {type(precision).__name__}"
        )
    if precision < 0:
        raise ValueError(f"{where}: {name} must not be negative, got {shown(precision)}")
    return int(precision)


def check_mode_norms(norms: Any, shape: tuple[int, ...], where: str) -> FloatArray | None:
    """Return mode norms as a read-only float64 array of the given shape, or raise."""
    if norms is None:
        return None
    out = np.array(norms, dtype=np.float64)
    if out.shape != shape and out.size == int(np.prod(shape)) and out.ndim == 1:
        out = out.reshape(shape)
    if out.shape != shape:
        raise ShapeError(
            f"{where}: mode_norm_sq must have shape {shape}, got {out.shape}; "
            "pass one |n|² for each element"
        )
    if not np.isfinite(out).all() or (out < 0).any():
        raise ValueError(
            f"{where}: mode_norm_sq must be finite and not negative; pass |n|² for each element"
        )
    out.flags.writeable = False
    return out


def elementwise_norms(tensors: Iterable[Any], shape: tuple[int, ...], where: str) -> Any:
    """Return the mode norms of an element-wise result: the leftmost set ones.

    Raises
    ------
    ValueError
        Two operands carry different mode norms.
    """
    kept = None
    for tensor in tensors:
        norms = tensor._carried.mode_norm_sq
        if norms is None:
            continue
        norms = np.broadcast_to(norms, shape)
        if kept is not None and not np.array_equal(kept, norms):
            raise ValueError(
                f"{where}: the operands carry different mode_norm_sq; rebuild one of them with "
                "the other's, or without"
            )
        kept = norms if kept is None else kept
    return kept


def syntony(values: FloatArray, mode_norm_sq: FloatArray | None) -> float:
    """Return Σ v² exp(-|n|²/φ) / Σ v², 0 when all v are 0; |n|² is the flat index squared."""
    v = np.asarray(values, dtype=np.float64).ravel()
    norms = np.arange(v.size) ** 2.0 if mode_norm_sq is None else np.ravel(mode_norm_sq)
    largest = np.abs(v).max(initial=0.0)
    if largest == 0:
        return 0.0
    energy = (v / largest) ** 2  # scaled, so that squares neither overflow nor vanish
    return float(np.sum(energy * np.exp(-norms / PHI_FLOAT)) / np.sum(energy))

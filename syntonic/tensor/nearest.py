"""The nearest lattice elements of floats, and a warning where nobody's bound makes them miss."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from syntonic.errors import PrecisionError, SnapWarning, warn_caller
from syntonic.flux.backend import contiguous
from syntonic.flux.device import is_cuda, to_host
from syntonic.lattice.array import LatticeArray
from syntonic.rounding.quality import Miss
from syntonic.rounding.snap import least_denominator, snap, snap_judged

__all__ = [
    "Bounds",
    "certified",
    "checked_maximum",
    "judged",
    "over_least_denominator",
    "snapped",
]

MAX_DENOMINATOR = 12
"""How far denominator="auto" looks when nobody says."""

_MISSED = (
    "{}: not all numbers are near a lattice point under the default bounds, so that some of the "
    "result may not be what was computed; name the precision, denominator or window that is "
    'meant, or let denominator="auto" find the least common denominator'
)
_NOT_FOUND = (
    "{}: no common denominator up to max_denominator brings all numbers to lattice points, so "
    "that some of the result may not be what was computed; raise max_denominator or precision"
)


class Bounds(NamedTuple):
    """The bounds of a snap, as `syntonic.snap` takes them: a precision or a window."""

    precision: Any
    window: Any
    denominator: Any

    def over(self, denominator: int, grow: bool) -> Bounds:
        """Return the bounds over another denominator.

        A precision that grows bounds b/denominator as before, another the numerator b.
        """
        precision = self.precision
        if precision is not None and grow:
            precision = -(-precision * denominator // self.denominator)
        return Bounds(precision, self.window, denominator)


def snapped(data: Any, bounds: Bounds) -> LatticeArray:
    """Return the lattice points nearest to numbers; those on a GPU are found there."""
    if is_cuda(data):
        from syntonic.flux.cuda.lattice import snap_on_device

        a, b = snap_on_device(contiguous(data), **bounds._asdict())
    else:
        result = snap(_readable(data), **bounds._asdict())
        a, b = result.a, result.b
    return LatticeArray.from_numerators(a, b, bounds.denominator)


def judged(data: Any, bounds: Bounds, where: str, *, separate: bool = True) -> LatticeArray:
    """Do the same, and warn at the caller's line if rounding does not explain the distances."""
    return _judged(data, bounds, _MISSED.format(where), separate)


def over_least_denominator(
    data: Any, bounds: Bounds, maximum: int, grow: bool, where: str
) -> tuple[LatticeArray, Bounds]:
    """Do the same over the least denominator, up to a maximum, that needs no warning.

    Without any it is the denominator of the bounds, and there is a warning if it needs one.
    """
    values = _readable(to_host(data) if is_cuda(data) else data)
    tried = [bounds.over(d, grow) for d in range(1, maximum + 1)]
    found = least_denominator(values, tried, _dtype(data))
    if found is None:
        return _judged(data, bounds, _NOT_FOUND.format(where), True), bounds
    return snapped(data, tried[found - 1]), tried[found - 1]


def checked_maximum(denominator: Any, maximum: Any, where: str) -> int:
    """Return how far to look for a denominator: 0 unless denominator is "auto"."""
    auto = isinstance(denominator, str) and denominator == "auto"
    if isinstance(denominator, str) and not auto:
        raise ValueError(f'{where}: denominator must be an integer or "auto", got {denominator!r}')
    if maximum is None:
        return MAX_DENOMINATOR if auto else 0
    if not auto:
        raise TypeError(f'{where}: max_denominator goes with denominator="auto" only; drop it')
    if isinstance(maximum, bool) or not isinstance(maximum, (int, np.integer)):
        raise TypeError(
            f"{where}: max_denominator must be a positive integer, got {type(maximum).__name__}"
        )
    if maximum < 1:
        raise ValueError(f"{where}: max_denominator must be positive, got {maximum}")
    return int(maximum)


def certified(data: Any, bounds: Bounds, error_bound: Any) -> LatticeArray:
    """Return the nearest lattice points, each proved by an error bound; on the CPU."""
    result = snap(_readable(to_host(data)), **bounds._asdict(), error_bound=error_bound)
    if result.unique is not None and not result.unique.all():
        raise PrecisionError(
            f"crystallize: error_bound={error_bound} must single out one lattice point for "
            f"each element, got {int((~result.unique).sum())} unproved of {result.unique.size}; "
            "lower error_bound or tighten precision, window or denominator"
        )
    return LatticeArray.from_numerators(result.a, result.b, result.denominator)


def _judged(data: Any, bounds: Bounds, text: str, separate: bool) -> LatticeArray:
    miss: Miss | None
    options = bounds._asdict() | {"separate": separate}
    if is_cuda(data):
        from syntonic.flux.cuda.lattice import snap_judged_on_device

        a, b, miss = snap_judged_on_device(contiguous(data), **options)
    else:
        a, b, miss = snap_judged(_readable(data), **options, dtype=_dtype(data))
    if miss is not None:
        warn_caller(SnapWarning(text, count=miss.count, residual=miss.residual))
    return LatticeArray.from_numerators(a, b, bounds.denominator)


def _readable(data: Any) -> Any:
    """Return what `snap` reads: bfloat16 as float32, which keeps its values."""
    return data.astype(np.float32) if _dtype(data) is not None else data


def _dtype(data: Any) -> Any:
    """Return the dtype of bfloat16 data, which `snap` does not know."""
    return data.dtype if data.dtype.kind == "V" and data.dtype.name == "bfloat16" else None

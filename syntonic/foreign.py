"""Arrays and numbers at the doors: what each refuses, brings into the form that is computed with,
freezes.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["frozen", "native", "ratio", "require_unmasked"]


def require_unmasked(x: object, where: str) -> None:
    """Refuse a masked array: what is masked would count.

    Raises
    ------
    TypeError
        x is a `numpy.ma.MaskedArray`.
    """
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(x, masked.MaskedArray):
        raise TypeError(
            f"{where}: a masked array has no meaning here, its mask would be lost; fill it with "
            "x.filled(value), or take what is not masked with x.compressed()"
        )


def ratio(x: Any) -> tuple[Any, Any]:
    """Return numerator and denominator of a rational number; they are methods of Sage's."""
    top, bottom = x.numerator, x.denominator
    return (int(top()), int(bottom())) if callable(top) else (top, bottom)


def native(array: Any) -> Any:
    """Return an array in this machine's byte order: itself, or a copy."""
    dtype = array.dtype
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def frozen(x: Any) -> Any:
    """Return x with writing switched off, in the owner of its memory too: it never changes.

    The memory must be ours: what a caller has given is copied before.
    """
    x.setflags(write=False)
    base = x.base
    if base is not None and isinstance(base, np.ndarray):
        base.setflags(write=False)
    return x

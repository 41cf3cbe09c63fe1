"""Floats of binary files as the shortest decimals of their type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from syntonic.errors import FormatError
from syntonic.io.decimals import Rows

__all__ = ["shortest_rows"]


def shortest_rows(points: Any, path: Path) -> Rows:
    """Return the shortest decimal that gives each number back in its own type.

    Parameters
    ----------
    points
        Shape (points, dimension), integers or floats of up to eight bytes.
    path
        The file, for the error.

    Raises
    ------
    FormatError
        If a number is not finite.
    """
    if points.size and not np.isfinite(points).all():
        row = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise FormatError(
            f"a coordinate must be finite, got NaN or infinity in row {row}", path=path
        )
    values, places = np.unique(points + points.dtype.type(0), return_inverse=True)  # -0.0 is 0.0
    tokens = [str(value) for value in values]  # of NumPy's scalars: the shortest decimal
    rows = places.reshape(points.shape).tolist()
    return tuple(tuple(tokens[k] for k in row) for row in rows)

"""NPY files of points: an array of numbers of shape (points, dimension).

Coordinates are the shortest decimals of the array's own type, as NumPy prints them.
"""

from __future__ import annotations

from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from syntonic.errors import FormatError
from syntonic.io.files import read_bytes
from syntonic.io.model import Model
from syntonic.io.shortest import shortest_rows
from syntonic.io.tables import Columns, taken

__all__ = ["looks_like_npy", "npy_header", "read_npy"]

_MAGIC = b"\x93NUMPY"
_LONGEST_FLOAT = 8


def looks_like_npy(head: bytes) -> bool:
    """Say whether the file begins as NumPy writes arrays."""
    return head.startswith(_MAGIC)


def read_npy(path: Path, columns: Columns | None = None) -> Model:
    """Read a list of points from an array.

    Parameters
    ----------
    path
        The file.
    columns
        The numbers from 1 of the columns to take, in order.

    Returns
    -------
    Model
        The points, without edges and faces.

    Raises
    ------
    FormatError
        If it is no array of real numbers with two axes, or one is not finite.
    """
    points = _array(path)
    width = points.shape[1]
    notes: tuple[str, ...] = ()
    if columns is not None:
        where = taken(columns, None, width, path)
        points = points[:, where]
        notes = (f"{len(where)} of {width} columns: {', '.join(str(k + 1) for k in where)}",)
    return Model(shortest_rows(points, path), path=str(path), notes=notes)


def _array(path: Path) -> Any:
    data = read_bytes(path)
    shape, order, dtype, start = npy_header(data, path)
    if len(shape) != 2 or not shape[1]:
        raise FormatError(f"the array must have shape (points, dimension), got {shape}", path=path)
    if dtype.kind not in "iuf" or dtype.itemsize > _LONGEST_FLOAT:
        raise FormatError(
            f"the array must hold integers or floats of up to 8 bytes, got {dtype}", path=path
        )
    if len(data) - start != prod(shape) * dtype.itemsize:
        raise FormatError(
            "the array must be whole, and nothing may follow; is it cut off?", path=path
        )
    flat = np.frombuffer(data, dtype, offset=start).astype(dtype.newbyteorder("="))
    return flat.reshape(shape[::-1]).T if order else flat.reshape(shape)


def npy_header(data: bytes, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return the shape, whether columns come first, the dtype, and where the numbers begin."""
    file = BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, order, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, order, dtype = np.lib.format.read_array_header_2_0(file)
    except Exception as error:  # whatever NumPy's reader makes of a damaged text
        raise FormatError("must be an array as NumPy writes it", path=path) from error
    return shape, order, dtype, file.tell()

"""Files: `read` and `write` for points, edges, faces and cells, `load` and `save` for tensors.

A format is one module with a reader and perhaps a writer, and one row in the table of `formats`.
"""

from __future__ import annotations

import os
from pathlib import Path

from syntonic.errors import FormatError
from syntonic.io.files import replacing
from syntonic.io.formats import format_of, writer_of
from syntonic.io.model import Model
from syntonic.io.npz import load, save
from syntonic.io.out_of_core import snap_file
from syntonic.io.tables import Columns
from syntonic.tensor import ResonantTensor

__all__ = ["Model", "load", "read", "save", "snap_file", "write"]


def __dir__() -> list[str]:
    return [*__all__]


def read(path: str | os.PathLike[str], *, columns: Columns | None = None) -> Model:
    """Read a model from a file, by the extension of its name, else by how it begins.

    Parameters
    ----------
    path
        The file. The OFF family (OFF, COFF, NOFF, STOFF, nOFF, 4OFF), VEF, JSON and mesh JSON,
        OBJ, PLY, STL, NPY, XYZ, CSV and other tables are read; the modules of this package say
        what each one may hold.
    columns
        Which columns of a table (XYZ, CSV, NPY) are the coordinates: names of the first line, or
        numbers from 1. By default those with names of coordinates; `Model.notes` says which.

    Returns
    -------
    Model
        The vertices as they are printed, and as a tensor where they are exact; edges, faces and
        cells.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If no reader knows the format, or the file breaks its rules; with the line.

    See Also
    --------
    write : the other way.
    syntonic.recover : proves what printed decimals stand for.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "triangle.off")
    ...     _ = path.write_text("nOFF\\n2\\n3 1 3\\n0 0\\n1.0 0\\n0.5 0.9\\n3 0 1 2\\n")
    ...     read(path).edges
    ((0, 1), (0, 2), (1, 2))
    """
    path = Path(path)
    form = format_of(path)
    if columns is None:
        return form.read(path)
    if not form.is_table:
        raise FormatError(f"{form.name} has no columns to choose; leave columns out", path=path)
    return form.read(path, columns=_column_names(columns))


def _column_names(columns: Columns) -> Columns:
    if isinstance(columns, str) or not all(isinstance(each, (str, int)) for each in columns):
        raise TypeError('read: columns must be names and numbers, such as ("x", "y", "z")')
    return columns


def write(model: Model | ResonantTensor, path: str | os.PathLike[str]) -> None:
    """Write a model to a file, by the extension of its name.

    The file appears whole or not at all: after an error, whatever stood there is untouched. A
    pipe or a device is written into.

    Parameters
    ----------
    model
        The model, or a tensor of exact points, shape (points, dimension). Exact vertices are
        written exactly by VEF, JSON and mesh JSON, and as decimals by the others and JSON; see
        `Model` for which.
    path
        The file; the extension .off gives OFF, 4OFF or nOFF by the dimension, .vef gives VEF,
        which needs exact vertices, as .mesh.json does, and .json, .obj, .ply and .stl what they
        say.

    Raises
    ------
    FormatError
        If no writer knows the extension, or the format cannot hold the model.
    OSError
        If the file cannot be written.
    TypeError
        If it is no model, and no crystallized tensor.
    ShapeError
        If it is a tensor that has not two axes.

    See Also
    --------
    read : the other way.
    save : one tensor, without loss.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from syntonic.geometry import solid
    >>> with TemporaryDirectory() as folder:
    ...     write(solid("cube"), Path(folder, "cube.off"))
    ...     read(Path(folder, "cube.off")).vertex_count
    8
    """
    if isinstance(model, ResonantTensor):
        model = Model.from_exact(model)
    if not isinstance(model, Model):
        raise TypeError(
            f"write: model must be a Model or a tensor of points, got {type(model).__name__}; "
            "Model.from_exact(tensor, faces=...) makes one"
        )
    writer = writer_of(path)
    with replacing(path) as file:
        writer(model, file)

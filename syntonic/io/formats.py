"""The formats of points, edges, faces and cells: one row each, and how a file finds its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from syntonic.errors import FormatError
from syntonic.io.files import read_bytes
from syntonic.io.jsonfile import looks_like_json, read_json, write_json, write_mesh_json
from syntonic.io.model import Model
from syntonic.io.npy import looks_like_npy, read_npy
from syntonic.io.obj import looks_like_obj, read_obj, write_obj
from syntonic.io.off import looks_like_off, read_off, write_off
from syntonic.io.ply import looks_like_ply, read_ply, write_ply
from syntonic.io.points import read_xyz
from syntonic.io.stl import looks_like_stl, read_stl, write_stl
from syntonic.io.tables import looks_like_table, read_csv
from syntonic.io.vef import looks_like_vef, read_vef, write_vef

__all__ = ["Format", "format_of", "writer_of"]


class Format(NamedTuple):
    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes], bool] | None  # None: by the extension only
    read: Callable[..., Model]
    write: Callable[[Model, BinaryIO], None] | None
    is_table: bool = False


_FORMATS = (
    Format("OFF", (".off", ".4off", ".noff"), looks_like_off, read_off, write_off),
    Format("VEF", (".vef",), looks_like_vef, read_vef, write_vef),
    Format("mesh JSON", (".mesh.json",), None, read_json, write_mesh_json),
    Format("JSON", (".json",), looks_like_json, read_json, write_json),
    Format("PLY", (".ply",), looks_like_ply, read_ply, write_ply),
    Format("STL", (".stl",), looks_like_stl, read_stl, write_stl),
    Format("OBJ", (".obj",), looks_like_obj, read_obj, write_obj),
    Format("NPY", (".npy",), looks_like_npy, read_npy, None, is_table=True),
    Format("XYZ", (".xyz",), None, read_xyz, None, is_table=True),
    Format("CSV", (".csv", ".tsv"), looks_like_table, read_csv, None, is_table=True),
)
_HEAD = 4096


def format_of(path: Path) -> Format:
    """Return the format of a file that is to be read, by its name, else by how it begins.

    Raises
    ------
    FormatError
        If no format has this extension or this beginning.
    """
    form = _by_suffix(path) or _by_content(path)
    if form is None:
        raise FormatError(
            f"the format is not known, by {path.suffix or 'no extension'} or by the first bytes; "
            f"readable are {_listing(_FORMATS)}",
            path=path,
        )
    return form


def writer_of(path: str | os.PathLike[str]) -> Callable[[Model, BinaryIO], None]:
    """Return the writer for a file, by its name.

    Raises
    ------
    FormatError
        If no format that can be written has this extension.
    """
    form = _by_suffix(Path(path))
    if form is None or form.write is None:
        writable = tuple(each for each in _FORMATS if each.write is not None)
        raise FormatError(
            f"this extension cannot be written; writable are {_listing(writable)}", path=path
        )
    return form.write


def _by_suffix(path: Path) -> Format | None:
    name = path.name.lower()
    return next((form for form in _FORMATS if name.endswith(form.suffixes)), None)


def _by_content(path: Path) -> Format | None:
    head = read_bytes(path, first=_HEAD)
    return next((form for form in _FORMATS if form.recognises and form.recognises(head)), None)


def _listing(forms: tuple[Format, ...]) -> str:
    return ", ".join(f"{form.name} ({' '.join(form.suffixes)})" for form in forms)

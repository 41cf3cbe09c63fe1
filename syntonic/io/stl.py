"""STL: triangles in space, as text or binary.

A text file is `solid`, triangles, `endsolid`; a triangle is

    facet normal 0 0 1
      outer loop
        vertex 0 1 1.618034     three of these
      endloop
    endfacet

A binary file is 80 bytes, a count, and 50 bytes for each triangle: normal, corners, two more bytes.
Every triangle has corners of its own; those that are equal as printed become one vertex. Triangles
of which two corners are one are left out. Numbers of binary files are the shortest decimals of
their type, float32. Normals are read over.

References
----------
.. [1] 3D Systems, "StereoLithography Interface Specification", 1988.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from syntonic.errors import FormatError
from syntonic.io.decimals import Rows, printed_vertices
from syntonic.io.files import Line, coordinates, read_bytes, split_lines
from syntonic.io.model import Model
from syntonic.io.shortest import shortest_rows

__all__ = ["looks_like_stl", "read_stl", "write_stl"]

_HEADER = 84
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_FACET = ("facet", "outer loop", "vertex", "vertex", "vertex", "endloop", "endfacet")
_SOLID = re.compile(rb"\s*solid\b[^\r\n]*[\r\n]\s*(?:facet\s+normal|endsolid)\b", re.IGNORECASE)


def looks_like_stl(head: bytes) -> bool:
    """Say whether the file begins as a text of triangles."""
    return _SOLID.match(head) is not None


def read_stl(path: Path) -> Model:
    """Read an STL file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Model
        The different corners as printed, the triangles as faces, and their sides as edges.

    Raises
    ------
    FormatError
        If the file breaks the rules; with the line, if it is text.
    """
    data = read_bytes(path)
    count = int.from_bytes(data[_HEADER - 4 : _HEADER], "little")
    if len(data) == _HEADER + count * _TRIANGLE.itemsize and len(data) >= _HEADER:
        triangles = np.frombuffer(data, _TRIANGLE, offset=_HEADER)
        return _merged(shortest_rows(triangles["corners"].reshape(-1, 3), path), path)
    if b"\0" in data:
        raise FormatError(
            f"must be text, or binary with {_HEADER} bytes and 50 for each of its triangles; "
            "is it cut off?",
            path=path,
        )
    lines = split_lines(data, path)
    if not lines:
        raise FormatError("must not be empty", path=path)
    return _merged(tuple(_corners(lines)), path)


def _corners(lines: list[Line]) -> Iterator[tuple[str, ...]]:
    """Yield the corners of the triangles of a text, which may hold several solids."""
    place, inside = 0, False
    for line in lines:
        words = [word.lower() for word in line.tokens]
        if place == 0 and words[0] == ("endsolid" if inside else "solid"):
            inside = not inside
            continue
        wanted = _FACET[place] if inside else "solid"
        if words[: len(wanted.split())] != wanted.split():
            line.fail(f"{wanted} must come here, got {line.tokens[0][:30]!r}")
        if wanted == "vertex":
            if len(words) != 4:
                line.fail(f"a vertex must have 3 coordinates, got {len(words) - 1}")
            yield coordinates(line, line.tokens[1:])
        place = (place + 1) % len(_FACET)
    if place or inside:
        lines[-1].fail("endsolid must follow, got the end of the file; is it cut off?")


def _merged(corners: Rows, path: Path) -> Model:
    """Make one vertex of equal corners; three in a row are a triangle."""
    values = {token: Fraction(token) for token in {t for row in corners for t in row}}
    vertices: dict[tuple[Fraction, ...], tuple[str, ...]] = {}
    places: dict[tuple[Fraction, ...], int] = {}
    indices = []
    for row in corners:
        key = tuple(values[token] for token in row)
        vertices.setdefault(key, row)
        indices.append(places.setdefault(key, len(places)))
    triangles = list(zip(*[iter(indices)] * 3, strict=True))
    faces = tuple(face for face in triangles if len(set(face)) == 3)
    lost = len(triangles) - len(faces)
    notes = (f"left out: {lost} triangles with fewer than three different corners",) * (lost > 0)
    return Model(tuple(vertices.values()), faces=faces, path=str(path), notes=notes)


def write_stl(model: Model, file: BinaryIO) -> None:
    """Write the faces of a model as triangles, as text, from the first corner of each.

    Exact vertices are printed with 17 significant digits. Edges that no face has, cells and
    vertices without a face have no place in this format. Normals are left to the reader: 0 0 0.

    Parameters
    ----------
    model
        The model, of dimension 3, with faces.
    file
        A file open for writing bytes.

    Raises
    ------
    FormatError
        If the model is not in space or has no faces.
    """
    if model.dimension != 3 or not model.faces:
        raise FormatError(
            f"write: STL holds faces in space, got {len(model.faces)} faces in dimension "
            f"{model.dimension}"
        )
    vertices = printed_vertices(model)
    rows = ["solid syntonic"]
    for face in model.faces:
        for j, k in pairwise(face[1:]):
            rows += ["facet normal 0 0 0", "outer loop"]
            rows += [f"vertex {' '.join(vertices[corner])}" for corner in (face[0], j, k)]
            rows += ["endloop", "endfacet"]
    file.writelines(f"{row}\n".encode("ascii") for row in [*rows, "endsolid syntonic"])

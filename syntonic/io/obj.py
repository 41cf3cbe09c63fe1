"""Wavefront OBJ: vertices, faces and lines.

    v 0 1 1.618034      three coordinates; a weight of 1, or a colour, may follow
    f 1 2 3             vertices counted from 1, or from the last one backwards by -1, -2, ...
    f 1/1 2/2/2 3//3    with numbers of texture coordinates and normals, which are read over
    l 1 2 3             a line: its parts are edges

Groups, materials, normals and texture coordinates are read over; curves and surfaces are refused.
A backslash at the end of a line carries it on.

References
----------
.. [1] Wavefront Technologies, "Appendix B1. Object Files (.obj)", Advanced Visualizer Manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from syntonic.errors import FormatError
from syntonic.io.decimals import Rows, printed_vertices
from syntonic.io.files import Line, coordinates, read_lines, split_lines
from syntonic.io.model import Model, edge_fault, edges_of, face_fault

__all__ = ["looks_like_obj", "read_obj", "write_obj"]

_INDEX = re.compile(r"(-?[0-9]{1,18})(?:/[-0-9]*){0,2}")
_READ_OVER = frozenset(
    "vt vn vp g s o p mg usemtl mtllib usemap maplib lod bevel c_interp d_interp shadow_obj "
    "trace_obj".split()
)
_COLOURS = (6, 7)


def looks_like_obj(head: bytes) -> bool:
    """Say whether the first statement that matters is a vertex."""
    lines = (line.tokens[0] for line in split_lines(head, Path()))
    first = next((word for word in lines if word not in _READ_OVER), None)
    return first == "v"


def read_obj(path: Path) -> Model:
    """Read an OBJ file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Model
        The vertices as printed, the faces, and as edges their sides and the parts of lines.

    Raises
    ------
    FormatError
        If the file breaks the rules; with the line.
    """
    vertices, walks, coloured = _statements(_joined(read_lines(path)))
    faces, edges = [], set()
    for line, walk in walks:
        if line.tokens[0] == "f":
            line.require(face_fault(walk, len(vertices)))
            faces.append(walk)
            continue
        for pair in pairwise(walk):
            line.require(edge_fault(pair, len(vertices)))
            edges.add((min(pair), max(pair)))
    return Model(
        vertices,
        edges=tuple({*edges_of(faces), *edges}),
        faces=tuple(faces),
        path=str(path),
        notes=("3 coordinates a vertex; left out: the colours of the vertices",) * coloured,
    )


def _joined(lines: list[Line]) -> Iterator[Line]:
    """Yield lines with those that carry them on."""
    held: list[str] = []
    for line in lines:
        tokens = [*held, *line.tokens]
        held = []
        if tokens[-1] == "\\":
            held = tokens[:-1]
        else:
            yield Line(tokens, line.number, line.path)
    if held:
        lines[-1].fail("a line must follow the backslash, got the end of the file")


def _statements(
    lines: Iterator[Line],
) -> tuple[Rows, list[tuple[Line, tuple[int, ...]]], bool]:
    """Return the vertices, faces and lines as indices from 0, and whether colours were there."""
    vertices: list[tuple[str, ...]] = []
    walks = []
    coloured = False
    for line in lines:
        kind = line.tokens[0]
        if kind == "v":
            vertices.append(_vertex(line))
            coloured |= len(line.tokens) - 1 in _COLOURS
        elif kind in ("f", "l"):
            walk = tuple(_index(line, token, len(vertices)) for token in line.tokens[1:])
            if len(walk) < 2:
                line.fail(f"{kind} must be followed by vertices, got {len(walk)}")
            walks.append((line, walk))
        elif kind not in _READ_OVER:
            line.fail(f"a statement must be v, f, l or another of polygons, got {kind[:30]!r}")
    return tuple(vertices), walks, coloured


def _vertex(line: Line) -> tuple[str, ...]:
    words = coordinates(line, line.tokens[1:])
    if len(words) == 4 and float(words[3]) != 1:
        line.fail(f"the weight of a vertex must be 1, got {words[3][:30]!r}")
    if len(words) not in (3, 4, *_COLOURS):
        line.fail(f"a vertex must have 3 coordinates, got {len(words)}")
    return words[:3]


def _index(line: Line, token: str, count: int) -> int:
    match = _INDEX.fullmatch(token)
    if match is None or not int(match[1]):
        line.fail(f"a vertex must be a whole number from 1, or from -1 down, got {token[:30]!r}")
    index = int(match[1])
    if index < -count:
        line.fail(f"a vertex must be one of the {count} before this line, got {index}")
    return index - 1 if index > 0 else count + index


def write_obj(model: Model, file: BinaryIO) -> None:
    """Write a model as OBJ: vertices, faces, and as lines the edges that no face has.

    Exact vertices are printed with 17 significant digits. Cells have no place in this format.

    Parameters
    ----------
    model
        The model, of dimension 3.
    file
        A file open for writing bytes.

    Raises
    ------
    FormatError
        If the model is not in space, or an exact coordinate is too large or too small.
    """
    if model.dimension not in (0, 3):
        raise FormatError(f"write: OBJ holds points of dimension 3, got {model.dimension}")
    rows = [("v", *row) for row in printed_vertices(model)]
    rows += [("f", *(str(k + 1) for k in face)) for face in model.faces]
    segments = sorted({*model.edges} - {*edges_of(model.faces)})
    rows += [("l", str(i + 1), str(j + 1)) for i, j in segments]
    file.writelines((" ".join(row) + "\n").encode("ascii") for row in rows)

"""The OFF family: OFF, COFF, NOFF, STOFF, nOFF and 4OFF, one element per line.

A file is a keyword, a line of counts, then one line for each vertex, each face and, in a file
with four counts, each cell. A face is the number of its vertices, their indices and perhaps a
colour; a cell is the number of its faces and their indices. The counts are V F E, or V F E C
with cells; E is often wrong in the wild, is not needed, and is not looked at. Where C is 0, the
cells are taken to be left out.

Colours, normals and texture coordinates are read over. A "4OFF" file holds points of
four-dimensional space, as programs for polychora write it, not homogeneous coordinates.

References
----------
.. [1] Geomview manual, "OFF Files", The Geometry Center, University of Minnesota.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from syntonic.io.decimals import decimal_fault, printed_vertices
from syntonic.io.files import Line, read_lines, split_lines
from syntonic.io.model import Model, cell_fault, edge_fault, edges_of, face_fault

__all__ = ["looks_like_off", "read_off", "write_off"]

# The first word of a file: what every vertex carries besides its place, then the space.
_KEYWORD = re.compile(r"(?P<extras>(?:ST)?C?N?)(?P<space>[4n]?)OFF")
_COUNT = re.compile(r"[0-9]{1,18}")
_COLOUR_LENGTHS = (0, 1, 3, 4)


class _Header(NamedTuple):
    dimension: int
    extras: bool
    vertices: int
    faces: int
    cells: int | None


def looks_like_off(head: bytes) -> bool:
    """Say whether the first word of the file is a keyword of the family."""
    lines = split_lines(head, Path())
    return bool(lines) and _KEYWORD.fullmatch(lines[0].tokens[0]) is not None


def read_off(path: Path) -> Model:
    """Read a file of the OFF family.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Model
        The vertices as printed, the faces and the cells. The edges are the sides of the faces
        and the "faces" of two vertices, as which wire frames are written.

    Raises
    ------
    FormatError
        If the file is not of the OFF family or breaks its rules; with the line.
    """
    lines = read_lines(path)
    header, body = _read_header(lines)
    v, f = header.vertices, header.faces
    vertices = tuple(_read_vertex(line, header) for line in body[:v])
    faces, segments = _read_faces(body[v : v + f], v)
    if header.cells and segments:
        _require_last(segments, body[v : v + f])
    return Model(
        vertices,
        edges=tuple({*edges_of(faces), *segments.values()}),
        faces=faces,
        cells=tuple(_read_cell(line, len(faces)) for line in body[v + f :]),
        cell_count=header.cells,
        path=str(path),
    )


def _read_header(lines: list[Line]) -> tuple[_Header, list[Line]]:
    """Return what the head of the file says, and the lines after it, as many as it promises."""
    first = lines[0]
    keyword = _KEYWORD.fullmatch(first.tokens[0])
    if keyword is None:
        first.fail(
            "the first word must be OFF, nOFF or 4OFF, with ST, C or N before it where vertices "
            f"carry more than coordinates, got {first.tokens[0][:30]!r}"
        )
    rest = Line(first.tokens[1:], first.number, first.path)
    body = [rest, *lines[1:]] if rest.tokens else lines[1:]
    dimension = 4 if keyword["space"] == "4" else 3
    if keyword["space"] == "n":
        dimension, body = _read_dimension(body, first)
    counts, body = _read_counts(body, dimension, first)
    header = _Header(dimension, bool(keyword["extras"]), *counts)
    _require_length(header, body, lines[-1])
    return header, body


def _read_dimension(body: list[Line], first: Line) -> tuple[int, list[Line]]:
    line = body[0] if body else first
    if line is first or len(line.tokens) != 1 or _integer(line, 0) == 0:
        line.fail("nOFF must be followed by the dimension, a positive number on its own line")
    return _integer(line, 0), body[1:]


def _read_counts(
    body: list[Line], dimension: int, first: Line
) -> tuple[tuple[int, int, int | None], list[Line]]:
    """Return (V, F, C), C being None if there are three counts, and the lines after them.

    Some files leave the counts out. In space a vertex is then told from a face by its length,
    and a vertex whose every coordinate shows a point cannot be meant as counts.
    """
    if not body:
        first.fail("a line of counts must follow the keyword, got the end of the file")
    line = body[0]
    if dimension == 3 and len(line.tokens) == 3 and all("." in token for token in line.tokens):
        v = next((k for k, each in enumerate(body) if len(each.tokens) != 3), len(body))
        return (v, len(body) - v, None), body
    if len(line.tokens) not in (3, 4):
        line.fail(f"the counts must be V F E or V F E C, got {len(line.tokens)} words")
    v, f, _, *c = (_integer(line, k) for k in range(len(line.tokens)))
    return (v, f, c[0] if c else None), body[1:]


def _require_length(header: _Header, body: list[Line], last: Line) -> None:
    """Compare the counts with what the file holds before anything of their size is made."""
    promised = header.vertices + header.faces + (header.cells or 0)
    if len(body) < promised:
        last.fail(
            f"the counts promise {promised} lines of vertices, faces and cells, but only "
            f"{len(body)} are there; the file is cut off or the counts are wrong"
        )
    if len(body) > promised:
        body[promised].fail(f"nothing may follow the {promised} lines that the counts promise")


def _read_vertex(line: Line, header: _Header) -> tuple[str, ...]:
    count = len(line.tokens)
    if count < header.dimension or (count > header.dimension and not header.extras):
        line.fail(f"a vertex must have {header.dimension} coordinates, got {count}")
    for token in line.tokens:
        line.require(decimal_fault(token))
    return tuple(line.tokens[: header.dimension])


def _read_faces(
    lines: list[Line], vertices: int
) -> tuple[tuple[tuple[int, ...], ...], dict[int, tuple[int, int]]]:
    """Return the faces, and the edges that are written as faces of two vertices, by position."""
    faces = []
    segments = {}
    for k, line in enumerate(lines):
        walk = _read_indices(line)
        if len(walk) == 2:
            line.require(edge_fault(walk, vertices))
            segments[k] = (min(walk), max(walk))
        else:
            line.require(face_fault(walk, vertices))
            faces.append(walk)
    return tuple(faces), segments


def _require_last(segments: dict[int, tuple[int, int]], lines: list[Line]) -> None:
    # Cells count the faces; an edge between two faces would shift that count.
    first = min(segments)
    if first < len(lines) - len(segments):
        lines[first].fail("in a file with cells, faces of two vertices must follow all others")


def _read_cell(line: Line, faces: int) -> tuple[int, ...]:
    cell = _read_indices(line)
    line.require(cell_fault(cell, faces))
    return cell


def _read_indices(line: Line) -> tuple[int, ...]:
    """Return the k indices of a line "k i1 ... ik", which a colour may follow."""
    k = _integer(line, 0)
    colour = line.tokens[k + 1 :]
    if len(line.tokens) <= k:
        line.fail(f"{k} indices must follow the number {k}, got {len(line.tokens) - 1}")
    if len(colour) not in _COLOUR_LENGTHS:
        line.fail(
            f"{k} indices and a colour of 1, 3 or 4 numbers may follow the number {k}, "
            f"got {len(line.tokens) - 1} words"
        )
    for token in colour:
        line.require(decimal_fault(token))
    return tuple(_integer(line, position) for position in range(1, k + 1))


def _integer(line: Line, position: int) -> int:
    token = line.tokens[position]
    if _COUNT.fullmatch(token) is None:
        line.fail(f"a count or an index must be a whole number from 0, got {token[:30]!r}")
    return int(token)


def write_off(model: Model, file: BinaryIO) -> None:
    """Write a model as OFF, 4OFF or nOFF, by its dimension.

    Vertices that are only given exactly are printed with 17 significant digits. Edges that no
    face has are written after the faces, as faces of two vertices. The field, the exact vertices,
    and a count of cells without the cells have no place in this format.

    Parameters
    ----------
    model
        The model.
    file
        A file open for writing bytes.

    Raises
    ------
    FormatError
        If an exact coordinate is too large or too small for an exponent of three digits.
    """
    vertices = printed_vertices(model)
    sides = {*edges_of(model.faces)}
    segments = sorted({*model.edges} - sides)
    polygons = [*model.faces, *segments]
    head = _keyword(model)
    counts = [len(vertices), len(polygons), len(sides) + len(segments)]
    if head != "OFF":
        counts.append(len(model.cells))
    rows: list[Sequence[object]] = [[head], counts, *vertices]
    rows += [(len(row), *row) for row in (*polygons, *model.cells)]
    file.writelines((" ".join(map(str, row)) + "\n").encode("ascii") for row in rows)


def _keyword(model: Model) -> str:
    if model.dimension in (0, 3) and not model.cells:
        return "OFF"
    return "4OFF" if model.dimension == 4 else f"nOFF\n{model.dimension}"

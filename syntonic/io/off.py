"""The OFF family: OFF, COFF, NOFF, STOFF, nOFF and 4OFF.

A file is a keyword, a line of counts, then one line for each vertex, each face and, in a file
with four counts, each cell. A face is the number of its vertices, their indices and perhaps a
colour; a cell is the number of its faces and their indices. The counts are V F, V F E, or V F E C
with cells; E is often wrong in the wild, is not needed, and is not looked at. Where C is 0, the
cells are taken to be left out. The first count may be joined to the keyword, as ModelNet has it.

Line ends may also stand elsewhere (see `syntonic.io.off_words`).

Colours, normals and texture coordinates are read over: their letters C, N and ST stand before
OFF in any order, and a colour may stand at all vertices without a letter. "Faces" of two vertices
are edges; those of one vertex, by which Antiprism colours it, are left out. A "4OFF" file holds
points of four-dimensional space, as programs for polychora write it, not homogeneous coordinates.

References
----------
.. [1] Geomview manual, "OFF Files", The Geometry Center, University of Minnesota.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from syntonic.errors import FormatError
from syntonic.io.decimals import decimal_fault, printed_vertices
from syntonic.io.files import Line, coordinates, read_lines, split_lines
from syntonic.io.model import Model, cell_fault, edge_fault, edges_of, face_fault, vertex_fault
from syntonic.io.off_words import COLOUR_LENGTHS, Header, regrouped

__all__ = ["looks_like_off", "read_off", "write_off"]

# The first word of a file: what every vertex carries besides its place, then the space, and
# perhaps the first of the numbers.
_KEYWORD = re.compile(r"(?P<extras>(?:ST|C|N){0,3})(?P<space>[4n]?)OFF(?P<number>[0-9]*)")
_COUNT = re.compile(r"[0-9]{1,18}")
_VERTEX_COLOURS = (3, 4)


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
    try:
        return _read_body(header, body, lines[-1])
    except FormatError:
        if (model := _read_words(header, body, lines[-1])) is not None:
            return model
        raise  # what the file has against one element on each line


def _read_words(header: Header, body: list[Line], last: Line) -> Model | None:
    """Read the elements wherever their line ends are, if that can mean one thing only."""
    models = []
    for rows in regrouped(header, body):
        with suppress(FormatError):
            models.append(_read_body(header, rows, last))
    return models[0] if models and all(model == models[0] for model in models) else None


def _read_header(lines: list[Line]) -> tuple[Header, list[Line]]:
    """Return what the head of the file says, and the lines after it."""
    first = lines[0]
    keyword = _KEYWORD.fullmatch(first.tokens[0])
    if keyword is None:
        first.fail(
            "the first word must be OFF, nOFF or 4OFF, with ST, C or N before it where vertices "
            f"carry more than coordinates, got {first.tokens[0][:30]!r}"
        )
    joined = [keyword["number"]] if keyword["number"] else []
    rest = Line([*joined, *first.tokens[1:]], first.number, first.path)
    body = [rest, *lines[1:]] if rest.tokens else lines[1:]
    dimension = 4 if keyword["space"] == "4" else 3
    if keyword["space"] == "n":
        dimension, body = _read_dimension(body, first)
    counts, body = _read_counts(body, dimension, first)
    return Header(dimension, bool(keyword["extras"]), *counts), body


def _read_body(header: Header, body: list[Line], last: Line) -> Model:
    """Read the elements, which stand on one line each."""
    _require_length(header, body, last)
    v, f = header.vertices, header.faces
    extra = _extra_words(header, body[:v])
    vertices = tuple(_read_vertex(line, header, extra) for line in body[:v])
    faces, others = _read_faces(body[v : v + f], v)
    if header.cells and others:
        _require_last(others, body[v : v + f])
    segments = {walk for walk in others.values() if len(walk) == 2}
    return Model(
        vertices,
        edges=tuple({*edges_of(faces), *segments}),
        faces=faces,
        cells=tuple(_read_cell(line, len(faces)) for line in body[v + f :]),
        cell_count=header.cells,
        path=str(last.path),
        notes=_notes(header, body[:v], sum(len(walk) == 1 for walk in others.values())),
    )


def _notes(header: Header, vertices: list[Line], singles: int) -> tuple[str, ...]:
    """Say what is left out of the file."""
    notes = []
    if any(len(line.tokens) > header.dimension for line in vertices):
        kind = "what vertices carry besides" if header.extras else "the colours of the vertices"
        notes.append(f"{header.dimension} coordinates a vertex; left out: {kind}")
    if singles:
        notes.append(f"left out: {singles} element{'s' * (singles != 1)} of a single vertex")
    return tuple(notes)


def _read_dimension(body: list[Line], first: Line) -> tuple[int, list[Line]]:
    line = body[0] if body else first
    if line is first or len(line.tokens) != 1 or _integer(line, 0) == 0:
        line.fail("nOFF must be followed by the dimension, a positive number on its own line")
    return _integer(line, 0), body[1:]


def _read_counts(
    body: list[Line], dimension: int, first: Line
) -> tuple[tuple[int, int, int | None], list[Line]]:
    """Return (V, F, C), C being None unless there are four counts, and the lines after them.

    Some files leave the counts out. In space a vertex is then told from a face by its length,
    and a vertex whose every coordinate shows a point cannot be meant as counts.
    """
    if not body:
        first.fail("a line of counts must follow the keyword, got the end of the file")
    body = _with_line_of_counts(body, dimension)
    line = body[0]
    if dimension == 3 and len(line.tokens) == 3 and all("." in token for token in line.tokens):
        v = next((k for k, each in enumerate(body) if len(each.tokens) != 3), len(body))
        return (v, len(body) - v, None), body
    if len(line.tokens) not in (2, 3, 4):
        line.fail(f"the counts must be V F E or V F E C, got {len(line.tokens)} words")
    v, f, *rest = (_integer(line, k) for k in range(len(line.tokens)))
    return (v, f, rest[1] if len(rest) > 1 else None), body[1:]


def _with_line_of_counts(body: list[Line], dimension: int) -> list[Line]:
    """Return the lines with the counts V F E on a line of their own, where they are not."""
    first = body[0]
    if len(first.tokens) == 1 and all(len(line.tokens) == 1 for line in body[:3]):
        counts = [line.tokens[0] for line in body[:3]]
        return [Line(counts, first.number, first.path), *body[3:]]
    if dimension == 3 and len(first.tokens) >= 6:
        counts, rest = first.tokens[:3], first.tokens[3:]
        return [
            Line(counts, first.number, first.path),
            Line(rest, first.number, first.path),
            *body[1:],
        ]
    return body


def _require_length(header: Header, body: list[Line], last: Line) -> None:
    """Compare the counts with what the file holds before anything of their size is made."""
    promised = header.vertices + header.faces + (header.cells or 0)
    if len(body) < promised:
        last.fail(
            f"the counts promise {promised} lines of vertices, faces and cells, but only "
            f"{len(body)} are there; the file is cut off or the counts are wrong"
        )
    if len(body) > promised:
        body[promised].fail(f"nothing may follow the {promised} lines that the counts promise")


def _extra_words(header: Header, lines: list[Line]) -> int | None:
    """Return how many words may follow the coordinates of each vertex; None for any number."""
    if header.extras:
        return None
    widths = {len(line.tokens) - header.dimension for line in lines}
    extra = widths.pop() if len(widths) == 1 else 0
    return extra if extra in _VERTEX_COLOURS else 0


def _read_vertex(line: Line, header: Header, extra: int | None) -> tuple[str, ...]:
    count, dimension = len(line.tokens), header.dimension
    if count < dimension or extra not in (None, count - dimension):
        remedy = (
            "; points of four dimensions stand under 4OFF" if (dimension, count) == (3, 4) else ""
        )
        line.fail(f"a vertex must have {dimension} coordinates, got {count}{remedy}")
    return coordinates(line, line.tokens)[:dimension]


def _read_faces(
    lines: list[Line], vertices: int
) -> tuple[tuple[tuple[int, ...], ...], dict[int, tuple[int, ...]]]:
    """Return the faces, and the elements of one or two vertices by position."""
    faces = []
    others: dict[int, tuple[int, ...]] = {}
    for k, line in enumerate(lines):
        walk = _read_indices(line)
        if len(walk) == 1:
            line.require(vertex_fault(walk[0], vertices))
            others[k] = walk
        elif len(walk) == 2:
            line.require(edge_fault(walk, vertices))
            others[k] = (min(walk), max(walk))
        else:
            line.require(face_fault(walk, vertices))
            faces.append(walk)
    return tuple(faces), others


def _require_last(others: dict[int, tuple[int, ...]], lines: list[Line]) -> None:
    # Cells count the faces; another element between two faces would shift that count.
    first = min(others)
    if first < len(lines) - len(others):
        lines[first].fail(
            "in a file with cells, faces of one or two vertices must follow all others"
        )


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
    if len(colour) not in COLOUR_LENGTHS:
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

"""PLY, the Stanford polygon format, as text or binary.

The head lists elements and their properties. Of `vertex` the properties x, y, z (and w) are taken
and the others left out, of `face` the list vertex_indices (or vertex_index), of `edge` vertex1 and
vertex2; other elements are read over. Coordinates of a text are kept as they are printed; those of
binary files are the shortest decimals of their type, float or double.

References
----------
.. [1] G. Turk, "The PLY Polygon File Format", Stanford University, 1994.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from syntonic.errors import FormatError
from syntonic.io.decimals import printed_vertices
from syntonic.io.files import Line, coordinates, read_bytes, split_lines
from syntonic.io.model import Model, edge_fault, edges_of, face_fault
from syntonic.io.ply_body import Element, Property, binary_rows

__all__ = ["looks_like_ply", "read_ply", "write_ply"]

_AXES = ("x", "y", "z", "w")
_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_FORMS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_COUNT = re.compile(r"[0-9]{1,18}")
_END = re.compile(rb"^end_header[ \t]*(?:\r\n|\n|\r)", re.MULTILINE)


def looks_like_ply(head: bytes) -> bool:
    """Say whether the file begins with the line ply."""
    return re.match(rb"ply[ \t]*[\r\n]", head) is not None


def read_ply(path: Path) -> Model:
    """Read a PLY file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Model
        The vertices as printed, the faces, and as edges their sides and the edges of the file.

    Raises
    ------
    FormatError
        If the file breaks the rules; with the line, if it is text.
    """
    data = read_bytes(path)
    end = _END.search(data)
    if not looks_like_ply(data) or end is None:
        raise FormatError('must begin with the line "ply" and have "end_header"', path=path)
    head = split_lines(data[: end.start()], path)
    order, elements = _read_head(head[1:], path)
    if order:
        rows = binary_rows(data[end.end() :], order, elements, path)
    else:
        rows = _text_rows(split_lines(data, path)[len(head) + 1 :], elements, head[-1])
    return _model(elements, rows, path)


def _read_head(lines: list[Line], path: Path) -> tuple[str, list[Element]]:
    """Return the order of bytes, none for text, and the elements."""
    order = None
    elements: list[Element] = []
    for line in lines:
        kind, *words = line.tokens
        if kind == "format" and len(words) == 2 and words[0] in _FORMS:
            order = _FORMS[words[0]]
        elif kind == "element" and len(words) == 2 and _COUNT.fullmatch(words[1]):
            elements.append(Element(words[0], int(words[1]), []))
        elif kind == "property" and elements and (found := _property(words)) is not None:
            elements[-1].properties.append(found)
        elif kind not in ("comment", "obj_info"):
            line.fail(f"the head must have format, element and property, got {kind[:30]!r}")
    if order is None or not any(element.name == "vertex" for element in elements):
        raise FormatError("the head must name a format and the element vertex", path=path)
    if len({element.name for element in elements}) < len(elements):
        raise FormatError("the elements must have different names", path=path)
    return order, elements


def _property(words: list[str]) -> Property | None:
    if len(words) == 2 and words[0] in _TYPES:
        return Property(words[1], _TYPES[words[0]], None)
    if len(words) == 4 and words[0] == "list" and {*words[1:3]} <= _TYPES.keys():
        counts = _TYPES[words[1]]
        return None if counts[0] == "f" else Property(words[3], _TYPES[words[2]], counts)
    return None


def _text_rows(
    lines: list[Line], elements: list[Element], last: Line
) -> dict[str, list[tuple[Line, list[list[str]]]]]:
    """Return, for each element, its lines with the words of each property."""
    promised = sum(element.number for element in elements)
    if len(lines) != promised:
        (lines or [last])[-1].fail(f"{promised} lines must follow the head, got {len(lines)}")
    rows: dict[str, list[tuple[Line, list[list[str]]]]] = {}
    place = 0
    for element in elements:
        mine = lines[place : place + element.number]
        rows[element.name] = [(line, _words(line, element)) for line in mine]
        place += element.number
    return rows


def _words(line: Line, element: Element) -> list[list[str]]:
    """Return the words of each property."""
    found, place = [], 0
    for each in element.properties:
        size = 1
        if each.counts is not None:
            word = line.tokens[place] if place < len(line.tokens) else ""
            if _COUNT.fullmatch(word) is None:
                line.fail(f"the length of {each.name} must be a whole number, got {word[:30]!r}")
            size, place = int(word), place + 1
        if size > len(line.tokens) - place:
            line.fail(
                f"a {element.name} must have all its properties, got {len(line.tokens)} words"
            )
        found.append(line.tokens[place : place + size])
        place += size
    if place != len(line.tokens):
        line.fail(f"a {element.name} must have {place} words, got {len(line.tokens)}")
    return found


def _model(
    elements: list[Element], rows: dict[str, list[tuple[Line, list[list[str]]]]], path: Path
) -> Model:
    by_name = {element.name: element for element in elements}
    vertex = by_name["vertex"]
    where = [vertex.place(name) for name in _AXES if vertex.place(name) >= 0]
    if where != [vertex.place(name) for name in _AXES[: len(where)]] or not where:
        raise FormatError("a vertex must have the properties x, y and z", path=path)
    vertices = tuple(
        coordinates(line, [words[k][0] for k in where]) for line, words in rows["vertex"]
    )
    faces = tuple(_faces(by_name, rows, len(vertices), path))
    edges = {*edges_of(faces), *_edges(by_name, rows, len(vertices), path)}
    rest = [each.name for each in vertex.properties if each.name not in _AXES]
    notes = (f"columns of a vertex left out: {', '.join(rest)[:200]}",) * bool(rest)
    return Model(vertices, edges=tuple(edges), faces=faces, path=str(path), notes=notes)


def _faces(
    by_name: dict[str, Element],
    rows: dict[str, list[tuple[Line, list[list[str]]]]],
    count: int,
    path: Path,
) -> list[tuple[int, ...]]:
    if "face" not in by_name:
        return []
    face = by_name["face"]
    k = max(face.place("vertex_indices"), face.place("vertex_index"))
    if k < 0 or face.properties[k].counts is None:
        raise FormatError("a face must have the list vertex_indices", path=path)
    found = []
    for line, words in rows["face"]:
        walk = tuple(_index(line, word) for word in words[k])
        line.require(face_fault(walk, count))
        found.append(walk)
    return found


def _edges(
    by_name: dict[str, Element],
    rows: dict[str, list[tuple[Line, list[list[str]]]]],
    count: int,
    path: Path,
) -> set[tuple[int, int]]:
    if "edge" not in by_name:
        return set()
    where = [by_name["edge"].place(name) for name in ("vertex1", "vertex2")]
    if min(where) < 0:
        raise FormatError("an edge must have the properties vertex1 and vertex2", path=path)
    found = set()
    for line, words in rows["edge"]:
        i, j = (_index(line, words[k][0]) for k in where)
        line.require(edge_fault((i, j), count))
        found.add((min(i, j), max(i, j)))
    return found


def _index(line: Line, word: str) -> int:
    if _COUNT.fullmatch(word) is None:
        line.fail(f"an index must be a whole number from 0, got {word[:30]!r}")
    return int(word)


def write_ply(model: Model, file: BinaryIO) -> None:
    """Write a model as a text in PLY: vertices, faces, and the edges that no face has.

    Exact vertices are printed with 17 significant digits. Cells have no place in this format.

    Parameters
    ----------
    model
        The model, of dimension 1 to 4.
    file
        A file open for writing bytes.

    Raises
    ------
    FormatError
        If the dimension is larger, or an exact coordinate is too large or too small.
    """
    if model.dimension > len(_AXES):
        raise FormatError(f"write: PLY holds points of dimension 1 to 4, got {model.dimension}")
    axes = _AXES[: model.dimension or 3]
    segments = sorted({*model.edges} - {*edges_of(model.faces)})
    rows = ["ply", "format ascii 1.0", f"element vertex {model.vertex_count}"]
    rows += [f"property double {axis}" for axis in axes]
    rows += [f"element face {len(model.faces)}", "property list int int vertex_indices"]
    if segments:
        rows += [f"element edge {len(segments)}", "property int vertex1", "property int vertex2"]
    rows.append("end_header")
    rows += [" ".join(row) for row in printed_vertices(model)]
    rows += [" ".join(map(str, (len(face), *face))) for face in model.faces]
    rows += [f"{i} {j}" for i, j in segments]
    file.writelines(f"{row}\n".encode("ascii") for row in rows)

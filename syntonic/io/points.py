"""XYZ files: the number of points, a line of comment, and a line for each point.

A point is its three coordinates, perhaps with the symbol or the atomic number of an element
before them, and with other columns after them, which are left out. In extended XYZ the comment
says where the columns are, `Properties=species:S:1:pos:R:3:...`. A file without the two lines at
the head may hold rows of coordinates alone.

Coordinates are kept as they are printed.

References
----------
.. [1] J. Kermode et al., extxyz, https://github.com/libAtoms/extxyz.
"""

from __future__ import annotations

import re
from pathlib import Path

from syntonic.io.cells import expression, is_decimal
from syntonic.io.files import Line, coordinates, text_lines
from syntonic.io.model import Model
from syntonic.io.tables import Columns, read_csv, taken

__all__ = ["read_xyz"]

_COUNT = re.compile(r"[0-9]{1,18}")
_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9_.+\-*']{0,30}")
_PROPERTIES = re.compile(r"""properties\s*=\s*["']?([A-Za-z0-9_:]+)""", re.IGNORECASE)


def read_xyz(path: Path, columns: Columns | None = None) -> Model:
    """Read an XYZ file.

    Parameters
    ----------
    path
        The file.
    columns
        The numbers from 1 of the columns to take, in order.

    Returns
    -------
    Model
        The vertices as printed, without edges and faces.

    Raises
    ------
    FormatError
        If the file breaks the rules of XYZ; with the line.
    """
    first, *lines = text_lines(path)
    if len(first.tokens) != 1 or _COUNT.fullmatch(first.tokens[0]) is None:
        return _read_rows(path, [first, *lines], columns)
    points = lines[1:]
    while points and not points[-1].tokens:
        points.pop()
    _require_count(first, lines, points)
    if not points:
        return Model((), path=str(path))
    start = _start(points[0], " ".join(lines[0].tokens))
    return _read_points(path, points, start, columns)


def _read_rows(path: Path, lines: list[Line], columns: Columns | None) -> Model:
    """Read rows without a head: of numbers, three or fewer, or each with an element before."""
    first = lines[0]
    if first.tokens and all(is_decimal(x) or expression(x) is not None for x in first.tokens):
        return read_csv(path, columns or ((1, 2, 3) if len(first.tokens) > 3 else None))
    is_named = len(first.tokens) > 3 and _SYMBOL.fullmatch(first.tokens[0])
    if not is_named or not all(map(is_decimal, first.tokens[1:4])):
        first.fail("the first line must be the number of points, and nothing else")
    return _read_points(path, [line for line in lines if line.tokens], 1, columns)


def _require_count(first: Line, lines: list[Line], points: list[Line]) -> None:
    count = int(first.tokens[0])
    if len(points) < count:
        (points or lines or [first])[-1].fail(
            f"{count} lines of points must follow the comment, but only {len(points)} are there"
        )
    if len(points) > count:
        points[count].fail(f"nothing may follow the {count} points; several frames are not read")


def _start(line: Line, comment: str) -> int:
    """Return the column where the coordinates begin."""
    properties = _PROPERTIES.search(comment)
    if properties is not None:
        kinds = properties[1].split(":")
        place = 0
        for name, width in zip(kinds[::3], kinds[2::3], strict=False):
            if name == "pos" and width == "3":
                return place
            place += int(width) if _COUNT.fullmatch(width) and len(width) < 5 else 1
    if len(line.tokens) < 3:
        line.fail(
            "a point must have 3 words, or 4 words with an element before them, got "
            f"{len(line.tokens)}"
        )
    return 0 if len(line.tokens) == 3 else 1


def _read_points(path: Path, lines: list[Line], start: int, columns: Columns | None) -> Model:
    width = len(lines[0].tokens)
    for line in lines:
        if len(line.tokens) != width:
            line.fail(f"a point must have {width} words as before, got {len(line.tokens)}")
        _require_element(line, start)
    where = list(range(start, start + 3))
    if columns is not None:
        where = taken(columns, None, width, path)
    elif width < start + 3:
        lines[0].fail(f"a point must have {start + 3} words, got {width}")
    rows = tuple(coordinates(line, [line.tokens[k] for k in where]) for line in lines)
    return Model(rows, path=str(path), notes=_notes(where, start, width))


def _require_element(line: Line, start: int) -> None:
    word = line.tokens[0]
    if start and not (_SYMBOL.fullmatch(word) or _COUNT.fullmatch(word)):
        line.fail(
            "the first word must be the symbol or the atomic number of an element, got "
            f"{word[:30]!r}"
        )


def _notes(where: list[int], start: int, width: int) -> tuple[str, ...]:
    rest = [k + 1 for k in range(width) if k not in where and (k or not start)]
    if not rest:
        return ()
    taken_ = ", ".join(str(k + 1) for k in where)
    return (
        f"{len(where)} columns: numbers {taken_} of {width}; left out: {rest[0]}"
        + (f" to {rest[-1]}" if len(rest) > 1 else ""),
    )

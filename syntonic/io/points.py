"""Lists of points: XYZ, and CSV with commas, semicolons, tabs or blanks.

An XYZ file is a line with the number of points, a line of comment, and a line for each point:
its three coordinates, perhaps with the symbol or the atomic number of an element before them.

A CSV file is a line for each point. The first line may hold names instead. The separator is the
tab if that line has one, else the semicolon, else the comma, else blanks. Spaces around a cell and
quotation marks around it do not belong to it. Blank lines and lines that begin with # are passed
over. A first column without a name, or named index or id, tells the rows apart, as pandas and R
write it; it is no coordinate and left out.

Coordinates are kept as they are printed.
"""

from __future__ import annotations

import re
from pathlib import Path

from syntonic.errors import FormatError
from syntonic.io.decimals import Rows, decimal_fault
from syntonic.io.files import Line, decoded, read_bytes
from syntonic.io.model import Model

__all__ = ["read_csv", "read_xyz"]

_SHOWN = 12  # names of columns
_COUNT = re.compile(r"[0-9]{1,18}")
_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9_.+\-*']{0,30}")
_ROW_LABELS = re.compile(r"|index|id|unnamed: 0", re.IGNORECASE)
_NAMED_NUMBERS = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def read_xyz(path: Path) -> Model:
    """Read an XYZ file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Model
        The vertices as printed, without edges and faces.

    Raises
    ------
    FormatError
        If the file breaks the rules of XYZ; with the line.
    """
    first, *lines = _text_lines(path)
    if len(first.tokens) != 1 or _COUNT.fullmatch(first.tokens[0]) is None:
        first.fail("the first line must be the number of points, and nothing else")
    count = int(first.tokens[0])
    points = lines[1:]
    while points and not points[-1].tokens:
        points.pop()
    if len(points) < count:
        (points or lines or [first])[-1].fail(
            f"{count} lines of points must follow the comment, but only {len(points)} are there"
        )
    if len(points) > count:
        points[count].fail(f"nothing may follow the {count} points; several frames are not read")
    if points and len(points[0].tokens) not in (3, 4):
        points[0].fail(
            "a point must have 3 words, or 4 words with an element before them, got "
            f"{len(points[0].tokens)}"
        )
    named = bool(points) and len(points[0].tokens) == 4
    return Model(tuple(_xyz_point(line, named) for line in points), path=str(path))


def _xyz_point(line: Line, named: bool) -> tuple[str, ...]:
    tokens = line.tokens
    if len(tokens) != 3 + named:
        line.fail(f"a point must have {3 + named} words as on the first line, got {len(tokens)}")
    if named and not (_SYMBOL.fullmatch(tokens[0]) or _COUNT.fullmatch(tokens[0])):
        line.fail(
            "the first of four words must be the symbol or the atomic number of an element, got "
            f"{tokens[0][:30]!r}"
        )
    return _coordinates(line, tokens[named:])


def read_csv(path: Path) -> Model:
    """Read a list of points, one per line, with the same separator between all coordinates.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Model
        The vertices as printed, without edges and faces; its notes say which columns they are.

    Raises
    ------
    FormatError
        If a coordinate is no decimal number or the lines differ in length; with the line.
    """
    text = [line for line in _text_lines(path, split=False) if not _is_passed_over(line)]
    if not text:
        raise FormatError("must hold at least one point", path=path)
    head = text[0].tokens[0]
    separator = next((each for each in "\t;," if each in head), None)  # None: blanks
    lines = [Line(_cells(line.tokens[0], separator), line.number, path) for line in text]
    width = len(lines[0].tokens)
    for line in lines:
        if len(line.tokens) != width:
            line.fail(f"each line must have {width} cells as the first one, got {len(line.tokens)}")
    names = lines.pop(0) if _are_names(lines[0].tokens) else None
    labelled = names is not None and _ROW_LABELS.fullmatch(names.tokens[0]) is not None
    if names is not None and labelled and width == 1:
        names.fail("there must be columns of coordinates, got row labels only")
    rows = tuple(_coordinates(line, line.tokens[labelled:]) for line in lines)
    notes = (_columns_note(names, labelled, width), *_counting_note(rows))
    return Model(rows, path=str(path), notes=notes)


def _columns_note(names: Line | None, labelled: bool, width: int) -> str:
    """Say which columns are taken for coordinates."""
    count = f"{width - labelled} column{'s' * (width - labelled != 1)}"
    if names is None:
        return f"{count} without names"
    shown = [name[:20] or "(no name)" for name in names.tokens]
    taken = ", ".join(shown[labelled:][:_SHOWN]) + ", ..." * (width - labelled > _SHOWN)
    return f"{count}: {taken}" + f"; left out as row labels: {shown[0]}" * labelled


def _counting_note(rows: Rows) -> tuple[str, ...]:
    """Warn of a first column that looks like row numbers; few rows look so by chance."""
    if len(rows) < 4 or len(rows[0]) < 3:
        return ()
    first = [row[0] for row in rows]
    counts = any(first == [str(k + start) for k in range(len(rows))] for start in (0, 1))
    return ("the first column counts the rows; if it is no coordinate, take it out",) * counts


def _is_passed_over(line: Line) -> bool:
    text = line.tokens[0].strip()
    return not text or text.startswith("#")


def _cells(text: str, separator: str | None) -> list[str]:
    cells = (cell.strip() for cell in text.split(separator))
    return [cell[1:-1].strip() if _is_quoted(cell) else cell for cell in cells]


def _is_quoted(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "\"'"


def _are_names(cells: list[str]) -> bool:
    """Say whether no cell is a number, nor one of the words that stand for numbers.

    Columns that pandas was given no names for are called 0, 1, 2 and so on, after an empty cell.
    """
    if cells[0] == "" and cells[1:] == [str(k) for k in range(len(cells) - 1)]:
        return True
    return all(
        decimal_fault(cell) is not None
        and not _NAMED_NUMBERS.fullmatch(cell)
        and not cell[:2].lstrip("+-.")[:1].isdigit()
        for cell in cells
    )


def _coordinates(line: Line, tokens: list[str]) -> tuple[str, ...]:
    for token in tokens:
        line.require(decimal_fault(token))
    return tuple(tokens)


def _text_lines(path: Path, *, split: bool = True) -> list[Line]:
    """Return all lines, blank ones too, as their words, or each as a single word."""
    data = read_bytes(path).removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        raise FormatError("must be a text file, got binary data (a NUL byte)", path=path)
    if not data.strip():
        raise FormatError("must not be empty", path=path)
    text = map(decoded, data.splitlines())
    return [
        Line(row.split() if split else [row], number, path) for number, row in enumerate(text, 1)
    ]

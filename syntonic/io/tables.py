"""Tables of points: CSV, and text with semicolons, tabs or blanks between the columns.

A line is a point. The first line may hold names instead. The separator is the tab if that line
has one, else the semicolon, else the comma, else blanks. Spaces around a cell and quotation marks
around it do not belong to it. Blank lines and lines that begin with # are passed over.

Names say which columns are coordinates: x, y, z and w, or x1, x2 and so on, with a unit or not
("X (mm)"), stand for themselves, and the others are left out. Where none of these is there, all
columns are taken but those without a name, or named index, id, no, #, n, name, label or vertex,
which tell the rows apart, as pandas and R write it. `columns` overrules the names.

Cells may be expressions (see `syntonic.io.cells`), and lines lists with ± and permutations (see
`syntonic.io.signs`). Printed coordinates are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from syntonic.errors import FormatError
from syntonic.io.cells import expression, is_decimal, points
from syntonic.io.decimals import Rows
from syntonic.io.files import Line, split_lines, text_lines
from syntonic.io.model import Model
from syntonic.io.signs import expanded, looks_like_list
from syntonic.tensor import ResonantTensor

__all__ = ["Columns", "looks_like_table", "read_csv", "taken"]

Columns: TypeAlias = Sequence[str | int]

_SHOWN = 12  # names of columns
_ROW_LABELS = re.compile(r"|index|id|no\.?|nr\.?|#|n|name|label|vertex|unnamed: 0", re.IGNORECASE)
_UNIT = r"(?:\s*(?:\([^()]*\)|\[[^\[\]]*\]))?"
_LETTER = re.compile(rf"([xyzw]){_UNIT}", re.IGNORECASE)
_NUMBERED = re.compile(rf"(?:x|points)[_: ]?([0-9]{{1,4}}){_UNIT}", re.IGNORECASE)
_NAMED_NUMBERS = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_SYMBOL = re.compile(r"[^\W\d]+")


def looks_like_table(head: bytes) -> bool:
    """Say whether the first line is a row of coordinates, a list of them, or their names."""
    lines = [line for line in split_lines(head, Path()) if not _is_passed_over(line)]
    if not lines:
        return False
    text = " ".join(lines[0].tokens)
    if looks_like_list(text):
        return True
    names = _cells(text, _separator(text))
    return bool(_by_name(names)) or all(is_decimal(x) or expression(x) is not None for x in names)


def read_csv(path: Path, columns: Columns | None = None) -> Model:
    """Read a list of points, one per line, with the same separator between all coordinates.

    Parameters
    ----------
    path
        The file.
    columns
        The names, or the numbers from 1, of the columns to take, in order.

    Returns
    -------
    Model
        The vertices as printed, and exactly where a cell is an expression; its notes say which
        columns they are.

    Raises
    ------
    FormatError
        If a coordinate is no number or the lines differ in length; with the line.
    """
    text = [line for line in text_lines(path, split=False) if not _is_passed_over(line)]
    if not text:
        raise FormatError("must hold at least one point", path=path)
    if columns is None and any(looks_like_list(line.tokens[0]) for line in text):
        return _read_list(text)
    separator = _separator(text[0].tokens[0])
    lines = [Line(_cells(line.tokens[0], separator), line.number, path) for line in text]
    width = len(lines[0].tokens)
    for line in lines:
        if len(line.tokens) != width:
            line.fail(f"each line must have {width} cells as the first one, got {len(line.tokens)}")
    names = lines.pop(0) if _are_names(lines[0].tokens) else None
    where, is_known = _chosen(names, width, columns, path)
    rows, tensor = _points([_picked(line, where) for line in lines])
    notes = (_columns_note(names, where, width), *(() if is_known else _counting_note(rows)))
    return Model(rows, tensor=tensor, path=str(path), notes=notes)


def _read_list(text: list[Line]) -> Model:
    lines = expanded(text)
    width = len(lines[0].tokens) if lines else 0
    for line in lines:
        if len(line.tokens) != width:
            line.fail(
                f"each vector must have {width} coordinates as the first, got {len(line.tokens)}"
            )
    rows, tensor = _points(lines)
    note = f"{len(rows)} points of {len(text)} lines, by their signs and permutations"
    return Model(rows, tensor=tensor, path=str(text[0].path), notes=(note,))


def _points(lines: list[Line]) -> tuple[Rows, ResonantTensor | None]:
    return points([line.tokens for line in lines], lambda k, rule: lines[k].fail(rule))


def _picked(line: Line, where: Sequence[int]) -> Line:
    return Line([line.tokens[k] for k in where], line.number, line.path)


def _chosen(
    names: Line | None, width: int, columns: Columns | None, path: Path
) -> tuple[list[int], bool]:
    """Return the places of the columns to take, and whether something says that it is these."""
    if columns is not None:
        return taken(columns, names.tokens if names else None, width, path), True
    if names is None:
        return list(range(width)), False
    named = _by_name(names.tokens)
    if len({order for order, _ in named}) < len(named):
        names.fail("a coordinate must have one column, got several; say which with columns")
    if named:
        return [k for _, k in named], True
    rest = [k for k, name in enumerate(names.tokens) if not _ROW_LABELS.fullmatch(name)]
    if not rest:
        names.fail("there must be columns of coordinates, got row labels only")
    return rest, False


def taken(columns: Columns, names: Sequence[str] | None, width: int, path: Path) -> list[int]:
    """Return the places of columns that are given by name or number.

    Raises
    ------
    FormatError
        If there is no such column.
    """
    where = []
    for column in columns:
        text = str(column)
        if names is not None and names.count(text) == 1:
            where.append(names.index(text))
        elif text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= width:
            where.append(int(text) - 1)
        else:
            there = f"numbers from 1 to {width}"
            if names is not None:
                there = f"{', '.join(name[:20] for name in names[:_SHOWN])}, or {there}"
            raise FormatError(f"columns must be among {there}, got {text[:30]!r}", path=path)
    if not where or len(set(where)) < len(where):
        raise FormatError("columns must name at least one column, and none twice", path=path)
    return where


def _by_name(names: Sequence[str]) -> list[tuple[int, int]]:
    """Return order and place of the columns that are named as coordinates: letters, or numbers."""
    for pattern in (_LETTER, _NUMBERED):
        found = [(pattern.fullmatch(name), k) for k, name in enumerate(names)]
        orders = [(_order(match[1]), k) for match, k in found if match]
        if orders:
            return sorted(orders)
    return []


def _order(name: str) -> int:
    return "xyzw".find(name.lower()) if name.isalpha() else int(name)


def _columns_note(names: Line | None, where: Sequence[int], width: int) -> str:
    """Say which columns are taken for coordinates, and which are not."""
    count = f"{len(where)} column{'s' * (len(where) != 1)}"
    if names is None:
        count += " without names"
        return (
            count if len(where) == width else f"{count}: numbers {_listed(where, None)} of {width}"
        )
    rest = [k for k in range(width) if k not in where]
    left = f"; left out: {_listed(rest, names)}" if rest else ""
    return f"{count}: {_listed(where, names)}{left}"


def _listed(where: Sequence[int], names: Line | None) -> str:
    shown = [str(k + 1) if names is None else names.tokens[k][:20] or "(no name)" for k in where]
    return ", ".join(shown[:_SHOWN]) + ", ..." * (len(shown) > _SHOWN)


def _counting_note(rows: Rows) -> tuple[str, ...]:
    """Warn of a first column that looks like row numbers; few rows look so by chance."""
    if len(rows) < 4 or len(rows[0]) < 3:
        return ()
    first = [row[0] for row in rows]
    counts = any(first == [str(k + start) for k in range(len(rows))] for start in (0, 1))
    note = "the first column counts the rows; if it is no coordinate, leave it out with columns"
    return (f"{note} (--columns)",) * counts


def _is_passed_over(line: Line) -> bool:
    text = line.tokens[0].strip()
    return not text or text.startswith("#")


def _separator(text: str) -> str | None:
    return next((each for each in "\t;," if each in text), None)  # None: blanks


def _cells(text: str, separator: str | None) -> list[str]:
    cells = (cell.strip() for cell in text.split(separator))
    return [cell[1:-1].strip() if _is_quoted(cell) else cell for cell in cells]


def _is_quoted(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "\"'"


def _are_names(cells: list[str]) -> bool:
    """Say whether no cell is a number, nor one of the words that stand for numbers.

    Columns that pandas was given no names for are called 0, 1, 2 and so on, after an empty cell.
    A symbol such as φ is a name among names, and a number among numbers.
    """
    if cells[0] == "" and cells[1:] == [str(k) for k in range(len(cells) - 1)]:
        return True
    if any(is_decimal(cell) or _stands_for_a_number(cell) for cell in cells):
        return False
    values = [expression(cell) is not None for cell in cells]
    return not all(values) and not any(
        value and not _SYMBOL.fullmatch(cell) for cell, value in zip(cells, values, strict=True)
    )


def _stands_for_a_number(cell: str) -> bool:
    return bool(_NAMED_NUMBERS.fullmatch(cell)) or cell[:2].lstrip("+-.\u2212")[:1].isdigit()

"""OFF files whose line ends stand anywhere: the same words, one element on each line again.

Geomview's format takes line ends for blanks, and some programs write one number on each line, or
all on one. Files are read line by line first, which finds faults in their place; what that
refuses is read here, word by word, with the counts of the header, and accepted only if the words
come out even, in one way.
"""

from __future__ import annotations

from typing import NamedTuple

from syntonic.io.files import Line

__all__ = ["COLOUR_LENGTHS", "Header", "regrouped"]

COLOUR_LENGTHS = (0, 1, 3, 4)
"""Words of a colour."""


class Header(NamedTuple):
    """What the head of an OFF file says."""

    dimension: int
    extras: bool
    vertices: int
    faces: int
    cells: int | None


def regrouped(header: Header, body: list[Line]) -> list[list[Line]]:
    """Put each element on a line of its own, in every way that uses up the words.

    There are two at most: faces have no colour, or one that ends with its line. A table whose
    rows are too long is another dimension or something left unsaid, and no matter of line ends;
    nor are letters before OFF, as what these stand for has no fixed length.

    Parameters
    ----------
    header
        The dimension and the counts.
    body
        What follows the counts.
    """
    if header.extras or _is_wide_table(header, body):
        return []
    found = (_rows(header, body, coloured) for coloured in (False, True))
    return [rows for rows in found if rows is not None]


def _is_wide_table(header: Header, body: list[Line]) -> bool:
    widths = {len(line.tokens) for line in body[: header.vertices]}
    return len(body) > 1 and len(widths) == 1 and widths.pop() > header.dimension


def _rows(header: Header, body: list[Line], coloured: bool) -> list[Line] | None:
    """Return one line for each element, or None if the words do not come out even."""
    words = [(token, line) for line in body for token in line.tokens]
    ends = _line_ends(body)
    place = header.vertices * header.dimension
    if place > len(words):
        return None
    spans = [(k, k + header.dimension) for k in range(0, place, header.dimension)]
    for _ in range(header.faces + (header.cells or 0)):
        if place >= len(words) or not words[place][0].isdecimal() or len(words[place][0]) > 9:
            return None
        end = place + 1 + int(words[place][0])
        if end > len(words):
            return None
        if coloured and ends[end - 1] - end in COLOUR_LENGTHS:
            end = ends[end - 1]
        spans.append((place, end))
        place = end
    if place != len(words):
        return None
    return [_line(words[start:end]) for start, end in spans]


def _line_ends(body: list[Line]) -> list[int]:
    """Return, for each word, the place after the last word of its line."""
    ends: list[int] = []
    for line in body:
        ends += [len(ends) + len(line.tokens)] * len(line.tokens)
    return ends


def _line(words: list[tuple[str, Line]]) -> Line:
    first = words[0][1]
    return Line([token for token, _ in words], first.number, first.path)

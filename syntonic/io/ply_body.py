"""The elements of binary PLY files, as rows of words like those of the text."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from syntonic.errors import FormatError
from syntonic.io.files import Line
from syntonic.io.shortest import shortest_rows

__all__ = ["Element", "Property", "binary_rows"]

Rows = list[tuple[Line, list[list[str]]]]

_WANTED = frozenset(["x", "y", "z", "w", "vertex1", "vertex2"])
_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "f4": "f", "f8": "d"}


class Property(NamedTuple):
    """A number, or a list of numbers with the type of its length."""

    name: str
    kind: str
    counts: str | None


class Element(NamedTuple):
    """So many things with the same properties."""

    name: str
    number: int
    properties: list[Property]

    def place(self, name: str) -> int:
        """Return the place of a property, -1 if it is not there."""
        return next((k for k, each in enumerate(self.properties) if each.name == name), -1)

    @property
    def has_lists(self) -> bool:
        return any(each.counts is not None for each in self.properties)


def binary_rows(data: bytes, order: str, elements: list[Element], path: Path) -> dict[str, Rows]:
    """Return the rows of each element; floats as the shortest decimals of their type.

    Parameters
    ----------
    data
        What follows the head.
    order
        "<" or ">".
    elements
        What the head says.
    path
        The file, for errors.

    Raises
    ------
    FormatError
        If the data end too early or too late, or a float is not finite.
    """
    rows: dict[str, Rows] = {}
    place = 0
    for element in elements:
        if not element.properties and element.number:
            raise FormatError(f"a {element.name} must have properties", path=path)
        read = _with_lists if element.has_lists else _plain
        rows[element.name], place = read(data, place, order, element, path)
    if place != len(data):
        raise FormatError(
            f"nothing may follow the elements, got {len(data) - place} bytes", path=path
        )
    return rows


def _plain(data: bytes, place: int, order: str, element: Element, path: Path) -> tuple[Rows, int]:
    """Read elements of one length at once."""
    fields = [(f"f{k}", order + each.kind) for k, each in enumerate(element.properties)]
    dtype = np.dtype(fields)
    end = place + element.number * dtype.itemsize
    if end > len(data):
        raise FormatError(_cut_off(element), path=path)
    table = np.frombuffer(data[place:end], dtype)
    columns = [
        _tokens(table[name], path) if each.name in _WANTED else [""] * element.number
        for (name, _), each in zip(fields, element.properties, strict=True)
    ]
    return [
        (Line([], None, path), [[word] for word in words]) for words in zip(*columns, strict=True)
    ], end


def _tokens(column: np.ndarray, path: Path) -> list[str]:
    native = column.astype(column.dtype.newbyteorder("="))
    return [row[0] for row in shortest_rows(native[:, None], path)]


def _with_lists(
    data: bytes, place: int, order: str, element: Element, path: Path
) -> tuple[Rows, int]:
    """Read elements one by one."""
    rows: Rows = []
    try:
        for _ in range(element.number):
            words: list[list[str]] = []
            for each in element.properties:
                size = 1
                if each.counts is not None:
                    (size,) = struct.unpack_from(order + _CODES[each.counts], data, place)
                    place += struct.calcsize(order + _CODES[each.counts])
                if size < 0 or size > len(data):
                    raise FormatError(_cut_off(element), path=path)
                form = f"{order}{size}{_CODES[each.kind]}"
                short = np.float32 if each.kind == "f4" else None
                found = struct.unpack_from(form, data, place)
                words.append([str(short(x) if short else x) for x in found])
                place += struct.calcsize(form)
            rows.append((Line([], None, path), words))
    except struct.error:
        raise FormatError(_cut_off(element), path=path) from None
    return rows, place


def _cut_off(element: Element) -> str:
    return f"the file must hold {element.number} elements {element.name[:30]}; is it cut off?"

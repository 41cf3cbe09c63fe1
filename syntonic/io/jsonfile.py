"""JSON objects with "vertices", and perhaps "edges", "faces", "cells" and "field".

"vertices" is a list of lists of numbers, "edges" and "faces" are lists of lists of vertices
counted from 0, "cells" of faces. Other keys are not looked at. Numbers are kept as they are
printed: no float ever comes in between.

References
----------
.. [1] RFC 8259, "The JavaScript Object Notation (JSON) Data Interchange Format", 2017.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from syntonic.errors import FormatError
from syntonic.io.decimals import printed_vertices
from syntonic.io.files import read_bytes
from syntonic.io.model import Model, cell_fault, decimal_fault, edge_fault, face_fault

__all__ = ["looks_like_json", "read_json", "write_json"]

_COUNT = re.compile(r"[0-9]{1,18}")
_PARTS = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?((?:[eE].*)?)")


class _Number(str):
    """A number as it is printed; a plain str is a string of the file."""

    __slots__ = ()


def looks_like_json(head: bytes) -> bool:
    """Say whether the file begins with a brace."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read_json(path: Path) -> Model:
    """Read a JSON object with the key "vertices".

    Parameters
    ----------
    path
        The file, in UTF-8.

    Returns
    -------
    Model
        The vertices as printed, the edges (or, where there are none, the sides of the faces),
        the faces and the cells.

    Raises
    ------
    FormatError
        If the file is not JSON (with the line), or the object breaks the rules (with the place).
    """
    reader = _Reader(path)
    data = reader.parse(read_bytes(path))
    if not isinstance(data, dict) or "vertices" not in data:
        reader.fail('the file must hold an object with the key "vertices"')
    vertices = reader.vertices(data["vertices"])
    edges = reader.indices(data, "edges", edge_fault, len(vertices))
    faces = reader.indices(data, "faces", face_fault, len(vertices))
    cells = reader.indices(data, "cells", cell_fault, len(faces))
    field = data.get("field")
    if field not in ("golden", "rational", None):
        reader.fail(f'"field" must be golden or rational, got {str(field)[:30]!r}')
    pairs = tuple((i, j) for i, j in edges)
    return Model(vertices, pairs, faces, cells, field=field, path=str(path))


class _Reader:
    """Reads the parts of one file; knows its name for the errors."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, rule: str, line: int | None = None) -> NoReturn:
        raise FormatError(rule, path=self.path, line=line)

    def parse(self, text: bytes) -> Any:
        """Return the data of a JSON text, its numbers as `_Number`."""
        try:
            return json.loads(
                text.decode("utf-8-sig"),
                parse_float=_Number,
                parse_int=_Number,
                parse_constant=self._constant,
            )
        except UnicodeDecodeError as error:
            self.fail("must be UTF-8", text.count(b"\n", 0, error.start) + 1)
        except json.JSONDecodeError as error:
            self.fail(f"must be JSON: {error.msg}, column {error.colno}", error.lineno)
        except RecursionError:
            self.fail("must not be nested as deeply as this")

    def _constant(self, name: str) -> NoReturn:
        self.fail(f"a number must be finite, got {name}")

    def vertices(self, data: Any) -> tuple[tuple[str, ...], ...]:
        rows = self.rows(data, "vertices")
        for k, row in enumerate(rows):
            if not row or len(row) != len(rows[0]):
                self.fail(
                    "all vertices must have one and the same positive number of coordinates, got "
                    f"{len(rows[0])} in vertices[0] and {len(row)} in vertices[{k}]"
                )
            for token in row:
                if (fault := decimal_fault(token)) is not None:
                    self.fail(f"vertices[{k}]: {fault}")
        return tuple(tuple(map(str, row)) for row in rows)

    def indices(
        self,
        data: dict[str, Any],
        key: str,
        fault: Callable[[Sequence[int], int], str | None],
        count: int,
    ) -> tuple[tuple[int, ...], ...]:
        out = []
        for k, row in enumerate(self.rows(data.get(key, []), key)):
            bad = next((token for token in row if _COUNT.fullmatch(token) is None), None)
            if bad is not None:
                self.fail(f"{key}[{k}]: an index must be a whole number from 0, got {bad[:30]!r}")
            out.append(tuple(map(int, row)))
            if (broken := fault(out[-1], count)) is not None:
                self.fail(f"{key}[{k}]: {broken}")
        return tuple(out)

    def rows(self, data: Any, key: str) -> list[list[_Number]]:
        """Return the data after the check that they are a list of lists of numbers."""
        if not isinstance(data, list):
            self.fail(f'"{key}" must be a list of lists of numbers')
        for k, row in enumerate(data):
            if not isinstance(row, list) or not all(isinstance(x, _Number) for x in row):
                self.fail(f"{key}[{k}] must be a list of numbers")
        return data


def write_json(model: Model, file: BinaryIO) -> None:
    """Write a model as a JSON object; each vertex, edge, face and cell stands on its own line.

    Numbers are written as they are printed, but for signs, zeros and points that JSON does not
    allow, as in "+.50", which becomes 0.50. Vertices that are only given exactly are printed with
    17 significant digits. A count of cells without the cells has no place in this format.

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
    parts: dict[str, Sequence[Sequence[object]]] = {
        "vertices": [[_json_number(token) for token in row] for row in printed_vertices(model)],
        "edges": model.edges,
        "faces": model.faces,
        "cells": model.cells,
    }
    texts = [f'  "field": "{model.field}"'] if model.field else []
    for key, rows in parts.items():
        if rows or key == "vertices":
            lines = ",\n".join(f"    [{', '.join(map(str, row))}]" for row in rows)
            texts.append(f'  "{key}": [\n{lines}\n  ]')
    file.write(("{\n" + ",\n".join(texts) + "\n}\n").encode("ascii"))


def _json_number(token: str) -> str:
    match = _PARTS.fullmatch(token)
    if match is None:  # no token of a Model
        raise FormatError(f"write: a coordinate must be a decimal number, got {token[:30]!r}")
    sign, whole, fraction, exponent = match.groups(default="")
    point = f".{fraction}" if fraction else ""
    return f"{sign.removeprefix('+')}{whole or '0'}{point}{exponent}"

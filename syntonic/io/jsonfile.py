"""JSON objects with "vertices", and perhaps "exact_vertices", "edges", "faces", "cells", "field".

"vertices" is a list of lists of numbers, "edges" and "faces" are lists of lists of vertices
counted from 0, "cells" of faces. Other keys are not looked at. Numbers are kept as they are
printed: no float ever comes in between.

"exact_vertices" has a list [p, q, d] of integers, of any size, for each number of "vertices",
which is (p + qφ)/d, d > 0, rounded.

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

import numpy as np
from gmpy2 import mpz

from syntonic.errors import FormatError
from syntonic.exact.golden import GoldenExact
from syntonic.io.decimals import Rows, decimal_fault, printed_vertices
from syntonic.io.exact import LONGEST_NUMBER, common_denominator, require_readable
from syntonic.io.files import read_bytes
from syntonic.io.model import Model, cell_fault, edge_fault, face_fault
from syntonic.tensor import ResonantTensor

__all__ = ["looks_like_json", "read_json", "write_json"]

_COUNT = re.compile(r"[0-9]{1,18}")
_INTEGER = re.compile(r"-?[0-9]+")
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
        The vertices as printed, and as a tensor where they are given exactly, the edges (or,
        where there are none, the sides of the faces), the faces and the cells.

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
    exact = reader.exact(data["exact_vertices"], vertices) if "exact_vertices" in data else None
    model = Model(vertices, pairs, faces, cells, field=field, tensor=exact, path=str(path))
    for k, row in enumerate(vertices):
        if row != model.vertices[k]:
            reader.fail(
                f"vertices[{k}] must be exact_vertices[{k}] rounded to the digits it has; "
                "drop what is out of date"
            )
    return model


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

    def vertices(self, data: Any) -> Rows:
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

    def exact(self, data: Any, vertices: Rows) -> ResonantTensor | None:
        """Return the exact vertices, which must be as many and as long as the printed ones."""
        width = len(vertices[0]) if vertices else 0
        if not isinstance(data, list) or len(data) != len(vertices):
            self.fail(f'"exact_vertices" must be a list of {len(vertices)} rows, as "vertices" is')
        known: dict[tuple[_Number, ...], GoldenExact] = {}
        common = mpz(1)
        values = []
        for k, row in enumerate(data):
            place = f"exact_vertices[{k}]"
            if not isinstance(row, list) or len(row) != width:
                self.fail(f"{place} must be a list of {width} numbers [p, q, d]")
            for triple in row:
                parts = self.integers(triple, place)
                if parts not in known:
                    known[parts] = GoldenExact.from_numerators(*map(mpz, parts))
                    try:
                        common = common_denominator(common, known[parts].numerators()[2])
                    except FormatError as error:
                        self.fail(f"{place}: {error}")
                values.append(known[parts])
        if not vertices:
            return None
        return ResonantTensor(np.array(values, dtype=object).reshape(len(vertices), width))

    def integers(self, triple: Any, place: str) -> tuple[_Number, ...]:
        """Return p, q and d as they are printed."""
        if (
            not isinstance(triple, list)
            or len(triple) != 3
            or not all(isinstance(x, _Number) and _INTEGER.fullmatch(x) for x in triple)
            or not triple[2].strip("0")
            or triple[2].startswith("-")
        ):
            self.fail(f"{place}: a number must be [p, q, d], three integers and d > 0")
        if (longest := max(map(len, triple))) > LONGEST_NUMBER:
            self.fail(
                f"{place}: an integer must have at most {LONGEST_NUMBER} digits, got {longest}"
            )
        return tuple(triple)

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
    allow, as in "+.50", which becomes 0.50. Exact vertices are written beside them; those that
    are only given exactly are printed with 17 significant digits. A count of cells without the
    cells has no place in this format.

    Parameters
    ----------
    model
        The model.
    file
        A file open for writing bytes.

    Raises
    ------
    FormatError
        If an exact coordinate is too large or too small for an exponent of three digits, or
        too long.
    """
    parts: dict[str, Sequence[Sequence[object]]] = {
        "vertices": [[_json_number(token) for token in row] for row in printed_vertices(model)],
        "exact_vertices": _exact_rows(model.tensor),
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


def _exact_rows(tensor: ResonantTensor | None) -> list[list[str]]:
    if tensor is None:
        return []
    require_readable(tensor)
    return [[_triple(x) for x in row] for row in tensor.tolist()]


def _triple(x: GoldenExact) -> str:
    parts = [str(mpz(part)) for part in x.numerators()]
    if max(map(len, parts)) > LONGEST_NUMBER:
        raise FormatError(f"write: an exact number must have at most {LONGEST_NUMBER} digits")
    return f"[{', '.join(parts)}]"


def _json_number(token: str) -> str:
    match = _PARTS.fullmatch(token)
    if match is None:  # no token of a Model
        raise FormatError(f"write: a coordinate must be a decimal number, got {token[:30]!r}")
    sign, whole, fraction, exponent = match.groups(default="")
    point = f".{fraction}" if fraction else ""
    return f"{sign.removeprefix('+')}{whole or '0'}{point}{exponent}"

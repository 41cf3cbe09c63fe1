"""JSON objects with "vertices", and perhaps "exact_vertices", "edges", "faces", "cells", "field".

"vertices" is a list of lists of numbers, "edges" and "faces" are lists of lists of vertices
counted from 0, "cells" of faces. Other keys are not looked at. Numbers are kept as they are
printed: no float ever comes in between. In place of numbers there may be strings, which may hold
expressions such as "φ/2" (see `syntonic.io.cells`).

In mesh JSON, vZome's exact format, each coordinate is a list [p, q, d] for (p + qφ)/d, whose parts
are integers or strings of digits.

"exact_vertices" has a list [p, q, d] of integers, of any size, for each number of "vertices",
which is (p + qφ)/d, d > 0, rounded.

References
----------
.. [1] RFC 8259, "The JavaScript Object Notation (JSON) Data Interchange Format", 2017.
.. [2] S. Vorthmann and D. Hall, vZome, https://vzome.com: `SimpleMeshJson`.
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
from syntonic.io.cells import exact_tensor, points
from syntonic.io.decimals import Rows, printed_vertices
from syntonic.io.exact import LONGEST_NUMBER, common_denominator, require_readable
from syntonic.io.files import read_bytes
from syntonic.io.model import Model, cell_fault, edge_fault, face_fault
from syntonic.tensor import ResonantTensor

__all__ = ["looks_like_json", "read_json", "write_json", "write_mesh_json"]

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
    vertices, exact = reader.vertices(data["vertices"])
    edges = reader.indices(data, "edges", edge_fault, len(vertices))
    faces = reader.indices(data, "faces", face_fault, len(vertices))
    cells = reader.indices(data, "cells", cell_fault, len(faces))
    field = data.get("field")
    if field not in ("golden", "rational", None):
        reader.fail(f'"field" must be golden or rational, got {str(field)[:30]!r}')
    pairs = tuple((i, j) for i, j in edges)
    if "exact_vertices" in data:
        if exact is not None:
            reader.fail('"exact_vertices" must not stand beside exact "vertices"; drop one')
        exact = reader.exact(data["exact_vertices"], vertices)
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

    def vertices(self, data: Any) -> tuple[Rows, ResonantTensor | None]:
        """Return the vertices as printed, and exactly if triples or expressions stand there."""
        rows = self.rows(data, "vertices", (str, list))
        for k, row in enumerate(rows):
            if not row or len(row) != len(rows[0]):
                self.fail(
                    "all vertices must have one and the same positive number of coordinates, got "
                    f"{len(rows[0])} in vertices[0] and {len(row)} in vertices[{k}]"
                )
        if any(isinstance(x, list) for row in rows for x in row):
            values = self.triples(rows, "vertices", (str,))
            return exact_tensor(values, self.fail_at)
        return points([list(map(str.strip, row)) for row in rows], self.fail_at)

    def fail_at(self, k: int, rule: str) -> NoReturn:
        """Raise FormatError for a vertex."""
        self.fail(f"vertices[{k}]: {rule}")

    def exact(self, data: Any, vertices: Rows) -> ResonantTensor | None:
        """Return the exact vertices, which must be as many and as long as the printed ones."""
        width = len(vertices[0]) if vertices else 0
        if not isinstance(data, list) or len(data) != len(vertices):
            self.fail(f'"exact_vertices" must be a list of {len(vertices)} rows, as "vertices" is')
        for k, row in enumerate(data):
            if not isinstance(row, list) or len(row) != width:
                self.fail(f"exact_vertices[{k}] must be a list of {width} numbers [p, q, d]")
        values = [x for row in self.triples(data, "exact_vertices", (_Number,)) for x in row]
        if not vertices:
            return None
        return ResonantTensor(np.array(values, dtype=object).reshape(len(vertices), width))

    def triples(
        self, data: list[list[Any]], key: str, kinds: tuple[type[str], ...]
    ) -> list[list[GoldenExact]]:
        """Return rows of numbers [p, q, d], whose parts are of these kinds."""
        known: dict[tuple[str, ...], GoldenExact] = {}
        common = mpz(1)
        for k, row in enumerate(data):
            for triple in row:
                parts = self.integers(triple, f"{key}[{k}]", kinds)
                if parts not in known:
                    known[parts] = GoldenExact.from_numerators(*map(mpz, parts))
                    try:
                        common = common_denominator(common, known[parts].numerators()[2])
                    except FormatError as error:
                        self.fail(f"{key}[{k}]: {error}")
        return [[known[tuple(triple)] for triple in row] for row in data]

    def integers(self, triple: Any, place: str, kinds: tuple[type[str], ...]) -> tuple[str, ...]:
        """Return p, q and d as they are printed."""
        if (
            not isinstance(triple, list)
            or len(triple) != 3
            or not all(isinstance(x, kinds) and _INTEGER.fullmatch(x) for x in triple)
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

    def rows(self, data: Any, key: str, kinds: tuple[type, ...] = (_Number,)) -> list[list[Any]]:
        """Return the data after the check that they are a list of lists of numbers."""
        if not isinstance(data, list):
            self.fail(f'"{key}" must be a list of lists of numbers')
        for k, row in enumerate(data):
            if not isinstance(row, list) or not all(isinstance(x, kinds) for x in row):
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
    texts += [_text(key, rows) for key, rows in parts.items() if rows or key == "vertices"]
    file.write(("{\n" + ",\n".join(texts) + "\n}\n").encode("ascii"))


def write_mesh_json(model: Model, file: BinaryIO) -> None:
    """Write a model with exact vertices as vZome's mesh JSON, whose integers are strings.

    Cells have no place in this format.

    Parameters
    ----------
    model
        The model.
    file
        A file open for writing bytes.

    Raises
    ------
    FormatError
        If the model has no exact vertices, or a number is too long or too large to be read back.
    """
    if model.tensor is None:
        raise FormatError(
            "write: mesh JSON needs exact vertices, got printed decimals only; recover them first"
        )
    parts: dict[str, Sequence[Sequence[object]]] = {
        "vertices": [
            [re.sub("-?[0-9]+", '"\\g<0>"', triple) for triple in row]
            for row in _exact_rows(model.tensor)
        ],
        "edges": model.edges,
        "faces": model.faces,
    }
    texts = ['  "field": "golden"', *(_text(key, rows) for key, rows in parts.items())]
    file.write(("{\n" + ",\n".join(texts) + "\n}\n").encode("ascii"))


def _text(key: str, rows: Sequence[Sequence[object]]) -> str:
    """Return a list of rows, each on its own line."""
    lines = ",\n".join(f"    [{', '.join(map(str, row))}]" for row in rows)
    return f'  "{key}": [\n{lines}\n  ]' if rows else f'  "{key}": []'


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

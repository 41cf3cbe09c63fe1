"""VEF, the exact models of vZome.

A file is a sequence of words; line ends mean no more than spaces::

    vZome VEF 6 field golden     may be missing, or in part
    actual                       no meaning for the coordinates
    dimension 4                  4 unless given
    scale (1/2,0)                or: scale vector, then one number for each coordinate
    offset (0,0) (0,0) (0,0) (0,0)
    2                            vertices
    (0,0) (1,0) (0,1/2) 3/-4
    (0,0) (0,0) (0,0) (0,0)
    1                            edges
    0 1
    0                            faces: the number of vertices, and these
    2                            balls
    0 1

A number is (p,q), which means q + pφ (the irrational part comes first), or (q) or q, which leave
out the zero. Parts are integers or fractions, whose denominator may be negative. In the field
"rational" parentheses are not allowed. In four dimensions, w comes first.

A vertex is its numbers times the scale plus the offset, coordinate by coordinate. On top of that,
vZome lets its user pick a size when a file is imported, which once was switched off by "actual";
no such choice is part of the file, so the word changes nothing here.

Edges, faces and balls may be missing from the end. What follows the balls (tip, middle, ...) is
about struts and not read, and neither are the balls.

References
----------
.. [1] S. Vorthmann and D. Hall, vZome, https://vzome.com.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from gmpy2 import mpq, mpz

from syntonic.errors import FormatError
from syntonic.exact.golden import GoldenExact
from syntonic.io.decimals import decimal, plain_minus, sign_remedy
from syntonic.io.exact import LONGEST_NUMBER, common_denominator, require_readable
from syntonic.io.files import Line, read_lines, split_lines
from syntonic.io.model import Model, edge_fault, face_fault

if TYPE_CHECKING:
    from syntonic.tensor import ResonantTensor

__all__ = ["looks_like_vef", "read_vef", "write_vef"]

_FIELDS = ("golden", "rational")
_LARGEST_DIMENSION = 1000
_COUNT = re.compile(r"[0-9]{1,18}")
_FRACTION = r"([+-]?[0-9]+)(?:/([+-]?[0-9]+))?"
_RATIONAL = re.compile(_FRACTION)
_PAIR = re.compile(rf"\((?:{_FRACTION},)?{_FRACTION}\)")


class _Words:
    """The words of a file, one after the other; `line` is where the last one stood."""

    def __init__(self, lines: list[Line]) -> None:
        self._words = ((word, line) for line in lines for word in line.tokens)
        self.line = lines[0]
        self._ahead = next(self._words, None)

    @property
    def at_end(self) -> bool:
        return self._ahead is None

    def next(self, what: str) -> str:
        """Return the next word; fail at the end of the file."""
        if self._ahead is None:
            self.line.fail(f"{what} must follow, got the end of the file; is it cut off?")
        word, self.line = self._ahead
        self._ahead = next(self._words, None)
        return word

    def take(self, keyword: str) -> bool:
        """Go past the next word if it is the keyword, and say whether it was."""
        if self._ahead is None or self._ahead[0] != keyword:
            return False
        self.next(keyword)
        return True

    def whole(self, what: str) -> int:
        """Return the next word as a count or an index."""
        word = self.next(what)
        if _COUNT.fullmatch(word) is None:
            self.line.fail(f"{what} must be a whole number from 0, got {word[:30]!r}")
        return int(word)


@dataclass(frozen=True)
class _Header:
    """What the head of a file says. A vertex is its numbers times `scale` plus `offset`."""

    field: str
    scale: tuple[GoldenExact, ...]
    offset: tuple[GoldenExact, ...]


def looks_like_vef(head: bytes) -> bool:
    """Say whether the file begins as VEF does, with its header or a count and a pair (p,q)."""
    words = [word for line in split_lines(head, Path())[:2] for word in line.tokens][:2]
    return words == ["vZome", "VEF"] or (
        len(words) == 2
        and _COUNT.fullmatch(words[0]) is not None
        and _PAIR.fullmatch(words[1]) is not None
    )


def read_vef(path: Path) -> Model:
    """Read a VEF file of the golden or the rational field.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Model
        The exact vertices as `tensor`, and as decimals of 17 significant digits; the edges (or,
        where the file lists none, the sides of the faces) and the faces.

    Raises
    ------
    FormatError
        If the file breaks the rules of VEF, or has another field; with the line.
    """
    words = _Words(read_lines(path))
    header = _read_header(words)
    tensor, decimals = _read_vertices(words, header)
    count = len(decimals)
    edges = () if words.at_end else _read_edges(words, count)
    faces = () if words.at_end else _read_faces(words, count)
    if not words.at_end:
        _check_balls(words, count)
    return Model(decimals, edges, faces, field=header.field, tensor=tensor, path=str(path))


def _read_header(words: _Words) -> _Header:
    if words.take("vZome"):
        if not words.take("VEF"):
            words.line.fail("the word VEF must follow vZome")
        words.whole("the version")
    field = words.next("the field") if words.take("field") else "golden"
    if field not in _FIELDS:
        words.line.fail(f"the field must be golden or rational, got {field[:30]!r}")
    words.take("actual")
    dimension = words.whole("the dimension") if words.take("dimension") else 4
    if not 1 <= dimension <= _LARGEST_DIMENSION:
        words.line.fail(f"the dimension must be from 1 to {_LARGEST_DIMENSION}, got {dimension}")
    scale, offset = (GoldenExact(1),) * dimension, (GoldenExact(0),) * dimension
    if words.take("scale"):
        if words.take("vector"):
            scale = _read_vector(words, field, dimension)
        else:
            scale = (_read_number(words, field),) * dimension
    if words.take("offset"):
        offset = _read_vector(words, field, dimension)
    return _Header(field, scale, offset)


def _read_vector(words: _Words, field: str, dimension: int) -> tuple[GoldenExact, ...]:
    return tuple(_read_number(words, field) for _ in range(dimension))


def _read_number(words: _Words, field: str) -> GoldenExact:
    word = words.next("a number")
    return _number(word, field, words.line)


def _number(word: str, field: str, line: Line) -> GoldenExact:
    if len(word) > LONGEST_NUMBER:
        line.fail(f"a number must have at most {LONGEST_NUMBER} characters, got {len(word)}")
    plain = plain_minus(word)
    match = _RATIONAL.fullmatch(plain) or (field == "golden" and _PAIR.fullmatch(plain))
    if not match:
        form = "3/4" if field == "rational" else "(1/2,-3), which has two factors, or 3/4"
        line.fail(f"a {field} number must be like {form}, got {word[:30]!r}{sign_remedy(word)}")
    *rest, numerator, denominator = (mpz(part or "1") for part in match.groups())
    if not denominator or (rest and not rest[1]):
        line.fail(f"a denominator must not be 0, got {word[:30]!r}")
    irrational = mpq(*rest) if rest and match[1] else 0
    return GoldenExact(mpq(numerator, denominator), irrational)


def _read_vertices(
    words: _Words, header: _Header
) -> tuple[ResonantTensor, tuple[tuple[str, ...], ...]]:
    """Return the vertices exactly, and as decimals."""
    from syntonic.tensor import ResonantTensor

    count = words.whole("the number of vertices")
    axes = tuple(enumerate(zip(header.scale, header.offset, strict=True)))
    # Few of the words are different, and arithmetic costs more than a look-up.
    known: dict[tuple[int, str], tuple[GoldenExact, str]] = {}
    common = mpz(1)
    rows = []
    for _ in range(count):
        row = []
        for axis, (scale, offset) in axes:
            word = words.next("a coordinate")
            if (axis, word) not in known:
                x = _number(word, header.field, words.line) * scale + offset
                try:
                    known[axis, word] = x, decimal(x)
                    common = common_denominator(common, x.numerators()[2])
                except FormatError as error:
                    words.line.fail(str(error))
            row.append(known[axis, word])
        rows.append(row)
    values = np.array([x for row in rows for x, _ in row], dtype=object)
    decimals = tuple(tuple(token for _, token in row) for row in rows)
    return ResonantTensor(values.reshape(count, len(axes))), decimals


def _read_edges(words: _Words, vertices: int) -> tuple[tuple[int, int], ...]:
    edges = []
    for _ in range(words.whole("the number of edges")):
        edge = words.whole("a vertex of an edge"), words.whole("a vertex of an edge")
        words.line.require(edge_fault(edge, vertices))
        edges.append(edge)
    return tuple(edges)


def _read_faces(words: _Words, vertices: int) -> tuple[tuple[int, ...], ...]:
    faces = []
    for _ in range(words.whole("the number of faces")):
        size = words.whole("the number of vertices of a face")
        face = tuple(words.whole("a vertex of a face") for _ in range(size))
        words.line.require(face_fault(face, vertices))
        faces.append(face)
    return tuple(faces)


def _check_balls(words: _Words, vertices: int) -> None:
    for _ in range(words.whole("the number of balls")):
        ball = words.whole("a ball")
        if ball >= vertices:
            words.line.fail(f"a ball must name one of the {vertices} vertices, got {ball}")


def write_vef(model: Model, file: BinaryIO) -> None:
    """Write a model with exact vertices as VEF, without a scale, so that numbers stand as they are.

    The field is golden, or rational if the model says so and has rational vertices only. The
    dimension is written out unless it is 4. Cells have no place in this format. No balls are
    listed, which means that every vertex has one.

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
            "write: VEF needs exact vertices, got printed decimals only; recover them first"
        )
    require_readable(model.tensor)
    rational = model.field == "rational" and not any(model.tensor.b.flat)
    dimension = model.dimension
    if not 1 <= dimension <= _LARGEST_DIMENSION:
        raise FormatError(
            f"write: the dimension of VEF must be from 1 to {_LARGEST_DIMENSION}, got {dimension}"
        )
    version = 9 if dimension != 4 else 7 if rational else 6
    rows = [f"vZome VEF {version} field {'rational' if rational else 'golden'}", "actual"]
    if dimension != 4:
        rows.append(f"dimension {dimension}")
    rows += ["", str(model.vertex_count), *_vertex_rows(model.tensor, rational), ""]
    rows += [str(len(model.edges)), *(f"{i} {j}" for i, j in model.edges), ""]
    rows += [str(len(model.faces)), *(" ".join(map(str, (len(f), *f))) for f in model.faces)]
    file.writelines(f"{row}\n".encode("ascii") for row in rows)


def _vertex_rows(tensor: ResonantTensor, rational: bool) -> Iterator[str]:
    for ones, irrational in zip(tensor.a, tensor.b, strict=True):
        words = [
            str(p) if rational else f"({q},{p})" for p, q in zip(ones, irrational, strict=True)
        ]
        if max(map(len, words)) > LONGEST_NUMBER:
            raise FormatError(f"write: a VEF number must have at most {LONGEST_NUMBER} characters")
        yield " ".join(words)

"""What a geometry file says: vertices as they are printed, edges, faces and cells."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from syntonic.errors import FormatError, PhaseError, ShapeError
from syntonic.io.decimals import Rows, agreeing, decimal_fault
from syntonic.io.nearest import nearest_pairs, printed_points
from syntonic.io.notebook import model_html
from syntonic.tensor import ResonantTensor

__all__ = ["Model", "cell_fault", "edge_fault", "edges_of", "face_fault", "vertex_fault"]

_FIELDS = ("golden", "rational", None)


@dataclasses.dataclass(frozen=True)
class Model:
    """A polytope, or any other figure of points, edges, faces and cells.

    Two models are equal when everything but `tensor` and `path` is.

    Parameters
    ----------
    vertices
        The printed decimals of each vertex, as strings: one row per vertex, rows of equal length.
        May be empty when `tensor` holds the vertices, or be that tensor.
    edges
        Pairs of vertex indices; kept as (i, j) with i < j, sorted, each once. Derived from the
        faces when none are given.
    faces
        The vertex indices of each face in cyclic order, at least three.
    cells
        The face indices of each cell.
    cell_count
        The number of cells, which some formats give without the cells; None (or 0) when nothing
        is known.
    field
        "golden", "rational", or None when the file does not say.
    tensor
        The exact vertices, shape (number of vertices, dimension), when they are known. Where both
        are given, printed vertices stand if they are the exact ones, rounded to the decimals they
        have (without decimals they must be equal); others are printed afresh, with 17 significant
        digits.
    path
        Where the model was read from.
    notes
        What its reader left out of the file, or took for granted, in words.

    Raises
    ------
    ShapeError
        If the rows differ in length, or in number or length from those of the tensor.
    TypeError
        If the vertices are not rows of strings, or the tensor is no tensor, or not crystallized.
    FormatError
        If a coordinate is not a decimal number, an index is out of range, a face or a cell is
        degenerate, or a count disagrees.

    See Also
    --------
    read, write : from and to files.
    syntonic.recover : exact vertices from decimals.
    syntonic.geometry.solid : figures by name.

    Examples
    --------
    >>> square = Model((("0", "0"), ("1", "0"), ("1", "1"), ("0", "1")), faces=((0, 1, 2, 3),))
    >>> square.dimension, square.edges
    (2, ((0, 1), (0, 3), (1, 2), (2, 3)))

    Exact vertices alone, and beside what was printed:

    >>> from syntonic import PHI, ResonantTensor
    >>> exact = ResonantTensor([[0, 0], [PHI, 0], [0, 1]])
    >>> Model(exact, faces=((0, 1, 2),)).vertex_count
    3
    >>> Model((("0", "0"), ("1.618", "0"), ("0", "0.9")), tensor=exact).vertices
    (('0', '0'), ('1.618', '0'), ('0', '1'))
    """

    vertices: Rows
    edges: tuple[tuple[int, int], ...] = ()
    faces: tuple[tuple[int, ...], ...] = ()
    cells: tuple[tuple[int, ...], ...] = ()
    cell_count: int | None = None
    field: str | None = None
    tensor: ResonantTensor | None = dataclasses.field(default=None, compare=False)
    path: str | None = dataclasses.field(default=None, compare=False)
    notes: tuple[str, ...] = dataclasses.field(default=(), compare=False)

    def __post_init__(self) -> None:
        self._take_vertices(self.vertices)
        self._check_vertices()
        if self.vertices and self.tensor is not None:
            object.__setattr__(self, "vertices", agreeing(self.vertices, self.tensor))
        count = self.vertex_count
        for name in ("faces", "cells"):
            object.__setattr__(self, name, tuple(map(tuple, getattr(self, name))))
        for k, edge in enumerate(self.edges):
            _require(edge_fault(edge, count), f"edges[{k}]")
        for k, face in enumerate(self.faces):
            _require(face_fault(face, count), f"faces[{k}]")
        for k, cell in enumerate(self.cells):
            _require(cell_fault(cell, len(self.faces)), f"cells[{k}]")
        edges = tuple(sorted({(min(e), max(e)) for e in self.edges})) or edges_of(self.faces)
        object.__setattr__(self, "edges", edges)
        self._check_header()

    @classmethod
    def from_exact(
        cls,
        tensor: ResonantTensor,
        *,
        edges: tuple[tuple[int, int], ...] = (),
        faces: tuple[tuple[int, ...], ...] = (),
        cells: tuple[tuple[int, ...], ...] = (),
    ) -> Model:
        """Return a model of exact vertices, whose decimals are printed afresh where it is written.

        Parameters
        ----------
        tensor
            Shape (number of vertices, dimension), crystallized.
        edges, faces, cells
            As in `Model`.

        Examples
        --------
        What `recover` found, with the edges and faces of the file:

        >>> from syntonic.recovery import recover
        >>> rows = (("0.500", "0.809"), ("-0.500", "0.809"), ("-0.500", "-0.809"))
        >>> read = Model(rows, faces=((0, 1, 2),))
        >>> exact = Model.from_exact(recover(read).tensor, edges=read.edges, faces=read.faces)
        >>> exact.tensor[0]
        ResonantTensor([1/2, 1/2φ])
        """
        return cls((), edges, faces, cells, tensor=tensor)

    @property
    def dimension(self) -> int:
        """Number of coordinates of a vertex; 0 when there are no vertices."""
        if self.vertices:
            return len(self.vertices[0])
        return 0 if self.tensor is None else int(self.tensor.shape[-1])

    @property
    def vertex_count(self) -> int:
        """Number of vertices, printed or exact."""
        if self.vertices or self.tensor is None:
            return len(self.vertices)
        return int(self.tensor.shape[0])

    def with_shortest_edges(self) -> Model:
        """Return the same vertices with the pairs at the shortest distance as edges.

        Notes
        -----
        Exact vertices are compared exactly. Printed ones may be off by a unit of their last
        decimal, of 15 significant digits at most: all pairs are edges that could be as near as
        the nearest, and points that could be one are not joined. Faces and cells stay. The cost
        is that of all pairs.

        Examples
        --------
        >>> from itertools import product
        >>> cube = Model(tuple(product(("0.5", "-0.5"), repeat=3)))
        >>> len(cube.with_shortest_edges().edges)
        12
        """
        points, slack = self.tensor, Fraction(0)
        if points is None and self.vertices:
            points, slack = printed_points(self.vertices)
        pairs = () if points is None else nearest_pairs(points, slack)
        note = f"edges: the {len(pairs)} pairs at the shortest distance"
        return dataclasses.replace(self, edges=pairs, notes=(*self.notes, note))

    def _repr_html_(self) -> str:
        return model_html(self)

    def _take_vertices(self, given: Any) -> None:
        """Keep a tensor as the tensor, and rows as tuples."""
        exact = isinstance(given, ResonantTensor)
        if exact and self.tensor is not None:
            raise TypeError("Model: vertices and tensor must not both be tensors; drop one")
        if exact:
            object.__setattr__(self, "tensor", given)
        if self.tensor is not None and not isinstance(self.tensor, ResonantTensor):
            raise TypeError(
                f"Model: tensor must be a ResonantTensor, got {type(self.tensor).__name__}"
            )
        if self.tensor is not None and not self.tensor.is_crystallized:
            raise PhaseError("Model: tensor must be crystallized, got flux; call .crystallize()")
        object.__setattr__(self, "vertices", () if exact else _rows(given))

    def _check_vertices(self) -> None:
        width = len(self.vertices[0]) if self.vertices else 0
        for k, row in enumerate(self.vertices):
            if len(row) != width or not row:
                raise ShapeError(
                    "Model: all vertices must have one and the same positive number of "
                    f"coordinates, got {width} in vertices[0] and {len(row)} in vertices[{k}]"
                )
            for token in row:
                _require(decimal_fault(token), f"vertices[{k}]")
        shape = (len(self.vertices), width) if self.tensor is None else tuple(self.tensor.shape)
        if len(shape) != 2 or (self.vertices and shape != (len(self.vertices), width)):
            raise ShapeError(
                "Model: tensor must have shape (vertices, dimension), "
                f"got {shape} beside {len(self.vertices)} printed vertices of dimension {width}"
            )

    def _check_header(self) -> None:
        count = self.cell_count or len(self.cells)
        if count < 0 or (self.cells and count != len(self.cells)):
            raise FormatError(
                f"Model: cell_count must be the number of cells, {len(self.cells)}, got {count}"
            )
        object.__setattr__(self, "cell_count", count or None)
        if self.field not in _FIELDS:
            raise FormatError(f"Model: field must be one of {_FIELDS}, got {self.field!r}")


def _rows(given: Any) -> Rows:
    remedy = "pass rows of decimals as strings, or exact vertices as a ResonantTensor"
    if not _is_sequence(given):
        raise TypeError(f"Model: vertices must be rows, got {type(given).__name__}; {remedy}")
    for k, row in enumerate(given):
        if not _is_sequence(row):
            raise TypeError(
                f"Model: vertices[{k}] must be a row, got {type(row).__name__}; {remedy}"
            )
        for token in row:
            if not isinstance(token, str):
                kind = type(token).__name__
                raise TypeError(f"Model: vertices[{k}] must hold strings, got {kind}; {remedy}")
    return tuple(map(tuple, given))


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, (str, bytes))


def edges_of(faces: Iterable[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    """Return the sides of all faces as sorted pairs, in order, each once.

    Examples
    --------
    >>> edges_of([(0, 1, 2), (2, 1, 3)])
    ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3))
    """
    sides = set()
    for face in faces:
        for k, i in enumerate(face):
            j = face[k - 1]
            sides.add((i, j) if i < j else (j, i))
    return tuple(sorted(sides))


# Each *_fault below returns the rule that is broken, in words, or None. The caller knows the
# place (an argument, a line of a file) and raises.


def edge_fault(edge: Sequence[int], vertices: int) -> str | None:
    """Say why a pair is no edge between two of the vertices, or return None."""
    if len(edge) != 2 or edge[0] == edge[1]:
        return "an edge must join two different vertices"
    return _range_fault("an edge", "vertices", edge, vertices)


def face_fault(face: Sequence[int], vertices: int) -> str | None:
    """Say why a sequence is no closed walk over three or more of the vertices, or return None."""
    if len(face) < 3:
        return f"a face must have at least 3 vertices, got {len(face)}"
    if any(face[k] == face[k - 1] for k in range(len(face))):
        return "a face must not name the same vertex twice in a row"
    return _range_fault("a face", "vertices", face, vertices)


def vertex_fault(vertex: int, vertices: int) -> str | None:
    """Say why an index names none of the vertices, or return None."""
    return _range_fault("an element", "vertices", (vertex,), vertices)


def cell_fault(cell: Sequence[int], faces: int) -> str | None:
    """Say why a sequence is no non-empty set of the faces, or return None."""
    if not cell or len(set(cell)) != len(cell):
        return "a cell must name at least one face, and none twice"
    return _range_fault("a cell", "faces", cell, faces)


def _range_fault(what: str, things: str, indices: Sequence[int], count: int) -> str | None:
    bad = next((i for i in indices if not 0 <= i < count), None)
    if bad is None:
        return None
    return f"{what} must name {things} counted from 0, of which there are {count}, got {bad}"


def _require(fault: str | None, where: str) -> None:
    if fault is not None:
        raise FormatError(f"Model: {where}: {fault}")

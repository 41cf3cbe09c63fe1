"""Regular figures by their Schläfli symbols, convex and starry, from the orbits of reflections.

References
----------
.. [1] H. S. M. Coxeter, *Regular Polytopes*, 3rd ed., Dover 1973, chapters 6 and 14.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from syntonic import linalg
from syntonic.geometry.groups import chain, orbit, reflection, simple_roots
from syntonic.geometry.rows import RowTable
from syntonic.io import Model
from syntonic.tensor import ResonantTensor

__all__ = ["regular"]

Permutation = list[int]

_TABLED = {
    ("3", "3"): ("A3", 1),
    ("3", "4"): ("B3", 1),
    ("4", "3"): ("B3", -1),
    ("3", "3", "4"): ("B4", 1),
    ("4", "3", "3"): ("B4", -1),
    ("3", "4", "3"): ("F4", 1),
}


def regular(*symbol: int | str) -> Model:
    """Return the regular figure {p, q} or {p, q, r}, in golden or rational coordinates.

    Parameters
    ----------
    *symbol : int or str
        Two or three of 3, 4, 5 and "5/2".

    Returns
    -------
    Model
        Vertices, edges, faces and, in four dimensions, cells. A face is the walk along its edges:
        that of {5/2, 5} is a pentagram. Golden figures have edges of length 2.

    Raises
    ------
    ValueError
        There is no such finite figure, or none over this field.

    See Also
    --------
    solid : figures by name.
    solid_names : these names.

    Notes
    -----
    Wythoff's construction: with reflections r0, r1, ... whose mirrors meet at the angles π/p,
    π/q, ..., and a vertex v on all mirrors but the first, the faces of rank j are the images of
    what r0, ..., r(j-1) make of v.

    Examples
    --------
    >>> star = regular("5/2", 5)
    >>> star.vertex_count, len(star.edges), len(star.faces)
    (12, 30, 12)
    """
    words = tuple(map(str, symbol))
    if len(words) not in (2, 3) or not {*words} <= {"3", "4", "5", "5/2"}:
        raise ValueError(
            f'regular: symbol must be two or three of 3, 4, 5 and "5/2", got {symbol!r}'
        )
    return _made(words)


@cache
def _made(symbol: tuple[str, ...]) -> Model:
    roots = _roots(symbol)
    mirrors = reflection(roots)
    first = linalg.inv(roots).T[0] * (roots[0] @ roots[0])
    vertices = orbit(first, mirrors, limit=14_400)
    table = RowTable(vertices)
    turns = [table.find(vertices @ mirror.T).tolist() for mirror in mirrors]
    edges = _images(frozenset({0, turns[0][0]}), turns)
    walks = [_canonical(walk) for walk in _walks(_polygon(turns), turns)]
    number = {walk: k for k, walk in enumerate(dict.fromkeys(walks))}
    cells = _cells(list(number), number, turns) if len(symbol) == 3 else []
    return Model.from_exact(
        vertices,
        edges=tuple(sorted((min(e), max(e)) for e in edges)),
        faces=tuple(number),
        cells=tuple(tuple(sorted(cell)) for cell in cells),
    )


def _roots(symbol: tuple[str, ...]) -> ResonantTensor:
    if symbol in _TABLED:
        name, step = _TABLED[symbol]
        return simple_roots(name)[::step]
    if "4" in symbol:
        raise ValueError(f"regular: there is no finite regular figure {{{', '.join(symbol)}}}")
    return chain(symbol)


def _polygon(turns: list[Permutation]) -> tuple[int, ...]:
    """Return the walk v, gv, g²v, ... with g = r0 r1 around the first face."""
    walk, here = [0], turns[0][turns[1][0]]
    while here != 0:
        walk.append(here)
        here = turns[0][turns[1][here]]
    return tuple(walk)


def _canonical(walk: tuple[int, ...]) -> tuple[int, ...]:
    """Start a closed walk at its least vertex and go to its lesser neighbour."""
    k = walk.index(min(walk))
    turned = walk[k:] + walk[:k]
    return turned if turned[1] < turned[-1] else (turned[0], *turned[:0:-1])


def _walks(first: tuple[int, ...], turns: list[Permutation]) -> list[tuple[int, ...]]:
    found = {_canonical(first): None}
    queue = [*found]
    for walk in queue:
        for turn in turns:
            image = _canonical(tuple(turn[x] for x in walk))
            if image not in found:
                found[image] = None
                queue.append(image)
    return queue


def _cells(
    walks: list[tuple[int, ...]], number: dict[tuple[int, ...], int], turns: list[Permutation]
) -> list[frozenset[int]]:
    """Return the cells as sets of faces: the images of what r0, r1, r2 make of the first face."""
    moved = [[number[_canonical(tuple(turn[x] for x in w))] for w in walks] for turn in turns]
    first: Any = frozenset(x for face in _images(frozenset({0}), moved[:3]) for x in face)
    return _images(first, moved)


def _images(first: frozenset[int], turns: list[Permutation]) -> list[frozenset[int]]:
    """Return all images of a set under permutations."""
    found = {first: None}
    queue = [first]
    for each in queue:
        for turn in turns:
            image = frozenset(turn[x] for x in each)
            if image not in found:
                found[image] = None
                queue.append(image)
    return queue

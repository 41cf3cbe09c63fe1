"""Build the 120-cell exactly, prove its counts, and write it with ONE decimal a coordinate.

The 120 unit icosians (quaternions over the golden field) are the vertices of the 600-cell. The
120-cell is its dual: one vertex for each of the 600 tetrahedra, one edge for each of the 1200
triangles between two of them, one pentagon for each of the 720 edges, around which five of them
stand, and one dodecahedron for each of the 120 vertices, at which twenty of them meet.

With the icosians taken twice as long, half the sum of the corners of a tetrahedron is a vertex of
the 120-cell with edge length exactly 1 and squared circumradius exactly 4 + 6φ.

Run:  python examples/make_120cell.py [OUTPUT.off]
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations, permutations, product
from math import floor
from pathlib import Path

from syntonic import PHI, PHI_INV, GoldenExact
from syntonic.io import Model, write

OUTPUT = Path(__file__).resolve().parent / "data" / "120cell-one-decimal.off"

Vector = tuple[GoldenExact, ...]


def main(argv: list[str]) -> None:
    icosians = doubled_icosians()
    neighbours = adjacency(icosians)
    tetrahedra = cliques(neighbours)
    points = {t: centre([icosians[i] for i in t]) for t in tetrahedra}
    tetrahedra.sort(key=points.__getitem__)  # by the exact coordinates, the first one first
    vertices = [points[t] for t in tetrahedra]
    faces, cells = dual_faces(tetrahedra)
    verify(vertices, faces, cells)
    printed = tuple(tuple(one_decimal(x) for x in vertex) for vertex in vertices)
    model = Model(printed, faces=tuple(faces), cells=tuple(cells))
    path = Path(argv[1]) if len(argv) > 1 else OUTPUT
    write(model, path)
    print(
        f"{len(vertices)} vertices, {len(model.edges)} edges, {len(faces)} pentagons and "
        f"{len(cells)} dodecahedra, proved exactly; written with one decimal to {path.name}"
    )


def doubled_icosians() -> list[Vector]:
    """Return the 120 icosians of norm 1, times 2: 8 + 16 + 96 vectors of squared length 4."""
    zero, one = GoldenExact(0), GoldenExact(1)
    signs = (1, -1)
    found = {tuple(s * one for s in choice) for choice in product(signs, repeat=4)}
    for k, s in product(range(4), signs):
        found.add(tuple(2 * s * one if i == k else zero for i in range(4)))
    for order in filter(is_even, permutations(range(4))):
        for s in product(signs, repeat=3):
            entries = (s[0] * PHI, s[1] * one, s[2] * PHI_INV, zero)
            found.add(tuple(entries[i] for i in order))
    return sorted(found)


def is_even(order: tuple[int, ...]) -> bool:
    return sum(a > b for a, b in combinations(order, 2)) % 2 == 0


def dot(u: Vector, v: Vector) -> GoldenExact:
    return sum((x * y for x, y in zip(u, v, strict=True)), GoldenExact(0))


def distance_squared(u: Vector, v: Vector) -> GoldenExact:
    return sum(((x - y) ** 2 for x, y in zip(u, v, strict=True)), GoldenExact(0))


def adjacency(icosians: list[Vector]) -> list[set[int]]:
    """Join icosians at the least distance: 2/φ when doubled, so their inner product is 2φ."""
    neighbours: list[set[int]] = [set() for _ in icosians]
    for i, j in combinations(range(len(icosians)), 2):
        if dot(icosians[i], icosians[j]) == 2 * PHI:
            neighbours[i].add(j)
            neighbours[j].add(i)
    return neighbours


def cliques(neighbours: list[set[int]]) -> list[tuple[int, ...]]:
    """Return all sets of four icosians that are neighbours of each other: the tetrahedra."""
    found = []
    for i, near in enumerate(neighbours):
        for j in near:
            for k, m in combinations(sorted(near & neighbours[j]), 2):
                if i < j < k and m in neighbours[k]:
                    found.append((i, j, k, m))
    return found


def centre(corners: list[Vector]) -> Vector:
    """Return half the sum of four vectors."""
    return tuple(sum(column, GoldenExact(0)) / 2 for column in zip(*corners, strict=True))


def dual_faces(
    tetrahedra: list[tuple[int, ...]],
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the pentagons, each in cyclic order, and the dodecahedra, as lists of pentagons."""
    around: dict[tuple[int, int], list[int]] = {}
    for index, t in enumerate(tetrahedra):
        for edge in combinations(t, 2):
            around.setdefault(edge, []).append(index)
    corners = [set(t) for t in tetrahedra]
    ring = {edge: cycle(group, corners) for edge, group in around.items()}
    faces = sorted(ring.values())
    number = {face: k for k, face in enumerate(faces)}
    cells: dict[int, list[int]] = {}
    for edge, face in ring.items():
        for icosian in edge:
            cells.setdefault(icosian, []).append(number[face])
    return faces, sorted(tuple(sorted(cell)) for cell in cells.values())


def cycle(group: list[int], corners: list[set[int]]) -> tuple[int, ...]:
    """Order tetrahedra around their common edge: successive ones share three corners."""
    walk = [min(group)]
    left = set(group) - {walk[0]}
    while left:
        walk.append(min(k for k in left if len(corners[k] & corners[walk[-1]]) == 3))
        left.remove(walk[-1])
    return tuple(walk)


def verify(
    vertices: list[Vector], faces: list[tuple[int, ...]], cells: list[tuple[int, ...]]
) -> None:
    """Prove, in exact arithmetic, that this is the 120-cell of edge length 1."""
    edges = {frozenset((f[k - 1], f[k])) for f in faces for k in range(5)}
    demand("600 different vertices", len(set(vertices)) == 600)
    demand("1200 edges", len(edges) == 1200)
    demand("720 pentagons", len({*map(frozenset, faces)}) == 720 and {*map(len, faces)} == {5})
    demand("120 cells of 12 faces", len({*cells}) == 120 and {*map(len, cells)} == {12})
    demand("Euler characteristic 0", 600 - 1200 + 720 - 120 == 0)
    demand("squared radius 4 + 6φ", all(dot(v, v) == 4 + 6 * PHI for v in vertices))
    demand(
        "edges of length 1, diagonals of length φ: regular pentagons",
        all(
            distance_squared(vertices[f[k]], vertices[f[k - 1]]) == 1
            and distance_squared(vertices[f[k]], vertices[f[k - 2]]) == PHI**2
            for f in faces
            for k in range(5)
        ),
    )
    demand("4 edges at every vertex", degrees(edges) == {4})
    demand("3 pentagons at every edge", degrees([sides(f) for f in faces]) == {3})
    demand("2 cells at every pentagon", degrees(cells) == {2})
    for cell in cells:
        inside = [sides(faces[k]) for k in cell]
        corners = {i for k in cell for i in faces[k]}
        # Twelve pentagons, two at each of 30 edges, on 20 vertices: V - E + F = 2.
        demand(
            "dodecahedral cells",
            len(corners) == 20 and len(set().union(*inside)) == 30 and degrees(inside) == {2},
        )


def sides(face: tuple[int, ...]) -> set[frozenset[int]]:
    return {frozenset((face[k - 1], face[k])) for k in range(len(face))}


def degrees(collections: Iterable[Iterable[object]]) -> set[int]:
    """Return in how many of the collections an element lies: every number that occurs."""
    return set(Counter(element for each in collections for element in each).values())


def demand(claim: str, holds: bool) -> None:
    if not holds:
        raise SystemExit(f"not the 120-cell: {claim} fails")


def one_decimal(x: GoldenExact) -> str:
    """Round to the nearest tenth, exactly. No tie can come up: the rational x are halves."""
    tenths = floor(10 * abs(x) + Fraction(1, 2))
    sign = "-" if x < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10}"


if __name__ == "__main__":
    main(sys.argv)

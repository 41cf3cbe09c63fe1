"""Exact facts of figures, against plain loops over GoldenExact."""

import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from syntonic import GoldenExact
from syntonic.io import Model
from syntonic.recovery.geometry import Figure, indistinguishable
from syntonic.recovery.tokens import Tokens

SQUARE = ((0, 0), (1, 0), (1, 1), (0, 1))


def figure(points, denominator=1, **parts):
    """Build a figure from vertices whose coordinates are pairs (a, b)."""
    array = np.array(points, dtype=object)
    model = Model(tuple(("0",) * len(point) for point in points), **parts)
    return Figure(array[..., 0], array[..., 1], denominator, model)


def plain(points):
    return [[(x, 0) for x in point] for point in points]


def squared(points, denominator, i, j=None):
    total = GoldenExact(0)
    for k, (a, b) in enumerate(points[i]):
        p, q = (0, 0) if j is None else points[j][k]
        total += GoldenExact.from_numerators(a - p, b - q, denominator) ** 2
    return total


@pytest.mark.parametrize("bits", [4, 28, 31, 62, 63, 64, 200])
def test_facts_against_plain_loops(bits):
    """Below, at and above the sizes where int64 ends."""
    rng = random.Random(bits)
    most = 2**bits
    for denominator, dimension in product((1, 2, 6), (1, 3, 4)):
        count = 9
        points = [
            [(rng.choice((-most, most, rng.randint(-most, most))), rng.randint(-most, most))]
            * dimension
            for _ in range(count)
        ]
        points[-1] = points[0]
        faces = tuple(
            tuple(rng.sample(range(count), rng.randint(3, count))) for _ in range(rng.randint(1, 7))
        )
        found = figure(points, denominator, faces=faces)
        facts = found.facts()
        edges = found.model.edges
        norms = Counter(squared(points, denominator, i) for i in range(count))
        lengths = Counter(squared(points, denominator, i, j) for i, j in edges)
        diagonals = Counter(
            squared(points, denominator, i, j)
            for face in faces
            for (m, i), (n, j) in combinations(enumerate(face), 2)
            if n - m not in (1, len(face) - 1)
        )
        sides = Counter(tuple(sorted((f[k - 1], f[k]))) for f in faces for k in range(len(f)))
        assert facts["squared_norms"] == norms
        assert facts["squared_edge_lengths"] == lengths
        assert facts["squared_face_diagonals"] == diagonals
        assert facts["faces_per_edge"] == Counter(sides[edge] for edge in edges)
        assert facts["face_sizes"] == Counter(map(len, faces))
        assert facts["distinct_vertices"] == len({tuple(point) for point in points})
        assert facts["vertex_sum"] == tuple(
            sum((GoldenExact.from_numerators(*p[k], denominator) for p in points), GoldenExact(0))
            for k in range(dimension)
        )
        for name in ("squared_norms", "squared_edge_lengths", "squared_face_diagonals"):
            assert list(facts[name]) == sorted(facts[name])


def test_a_square_and_its_parts():
    facts = figure(plain(SQUARE), 2, faces=(tuple(range(4)),)).facts()
    assert facts == {
        "dimension": 2,
        "vertices": 4,
        "distinct_vertices": 4,
        "vertex_sum": (1, 1),
        "squared_norms": {GoldenExact(0): 1, GoldenExact("1/4"): 2, GoldenExact("1/2"): 1},
        "edges": 4,
        "squared_edge_lengths": {GoldenExact("1/4"): 4},
        "faces": 1,
        "face_sizes": {4: 1},
        "squared_face_diagonals": {GoldenExact("1/2"): 2},
        "faces_per_edge": {1: 4},
    }


def test_points_alone():
    facts = figure(plain([(3,), (-3,)])).facts()
    assert set(facts) == {
        "dimension", "vertices", "distinct_vertices", "vertex_sum", "squared_norms",
    }  # fmt: skip
    assert facts["squared_norms"] == {GoldenExact(9): 2}


def test_edges_on_no_face_are_counted():
    facts = figure(
        plain(SQUARE), edges=((0, 1), (1, 2), (0, 2), (2, 3)), faces=((0, 1, 2),)
    ).facts()
    assert facts["faces_per_edge"] == {0: 1, 1: 3}


def test_euler_in_three_and_four_dimensions():
    simplex = [tuple(int(i == k) for k in range(3)) for i in range(3)] + [(1, 1, 1)]
    faces = tuple(combinations(range(4), 3))
    assert figure(plain(simplex), faces=faces).facts()["euler_characteristic"] == 2
    five = [(*tuple(int(i == k) for k in range(4)),) for i in range(4)] + [(1, 1, 1, 1)]
    faces = tuple(combinations(range(5), 3))
    assert figure(plain(five), faces=faces, cell_count=5).facts()["euler_characteristic"] == 0
    # Without the number of cells nothing is claimed.
    assert "euler_characteristic" not in figure(plain(five), faces=faces).facts()


def clash_by_pairs(points, rows, h, edges):
    """Two classes of equal exact length clash if all their edges have one length in common."""
    ranges = {}
    for i, j in edges:
        low = high = Fraction(0)
        for s, t in zip(rows[i], rows[j], strict=True):
            gap = abs(Fraction(s) - Fraction(t))
            low += max(gap - 2 * h, Fraction(0)) ** 2
            high += (gap + 2 * h) ** 2
        ranges.setdefault(squared(points, 1, i, j), []).append((low, high))
    return {
        (u, v)
        for u, v in combinations(sorted(ranges), 2)
        if max(x[0] for x in ranges[u] + ranges[v]) <= min(x[1] for x in ranges[u] + ranges[v])
    }


def test_indistinguishable_against_all_pairs():
    rng = random.Random(9)
    seen = Counter()
    for _ in range(300):
        points = plain([(rng.randint(0, 9), rng.randint(0, 3)) for _ in range(4)])
        edges = tuple(combinations(range(4), 2))
        h = Fraction(1, rng.choice((1, 2, 4, 8, 20, 100)))
        rows = tuple(
            tuple(str(float(x + Fraction(rng.randint(-8, 8), 8) * h)) for x, _ in point)
            for point in points
        )
        array = np.array(points)
        found = indistinguishable(
            Figure(array[..., 0], array[..., 1], 1, Model(rows, edges=edges)), Tokens(rows), h
        )
        clashes = clash_by_pairs(points, rows, h, edges)
        seen[bool(clashes)] += 1
        assert (found in clashes) if clashes else found is None
    assert min(seen[True], seen[False]) > 20


def test_a_gap_below_the_rounding_can_be_none():
    # With h = 1 the lengths of (0, 9) and (4.8, 0) are from 49 and up to 6.8² + 2² = 50.24.
    rows = (("0", "0"), ("0", "9"), ("4.8", "0"))
    points = plain([(0, 0), (0, 9), (5, 0)])
    model = Model(rows, edges=((0, 1), (0, 2)))
    array = np.array(points)
    found = indistinguishable(
        Figure(array[..., 0], array[..., 1], 1, model), Tokens(rows), Fraction(1)
    )
    assert found == (25, 81)


def test_no_edges_nothing_to_tell_apart():
    points = plain(SQUARE)
    rows = tuple(tuple(map(str, point)) for point in SQUARE)
    assert indistinguishable(figure(points), Tokens(rows), Fraction(5)) is None


def test_axes_of_different_lengths():
    rng = random.Random(12)
    axes = (GoldenExact(2), GoldenExact("1/3", "1/2"), GoldenExact(0, "5/6"))
    points = [[(rng.randint(-9, 9), rng.randint(-9, 9)) for _ in range(3)] for _ in range(6)]
    array = np.array(points, dtype=object)
    model = Model((("0",) * 3,) * 6, faces=((0, 1, 2, 3), (2, 3, 4, 5)))
    found = Figure(array[..., 0], array[..., 1], 6, model, axes)

    def length(i, j):
        total = GoldenExact(0)
        for axis, (a, b), (p, q) in zip(axes, points[i], points[j], strict=True):
            total += axis * GoldenExact.from_numerators(a - p, b - q, 6) ** 2
        return total

    facts = found.facts()
    assert facts["squared_edge_lengths"] == Counter(length(i, j) for i, j in model.edges)
    assert facts["squared_face_diagonals"] == Counter(
        length(*pair) for pair in ((0, 2), (1, 3), (2, 4), (3, 5))
    )
    p, q = found.distances(np.array([0, 1]), np.array([5, 4]))
    assert GoldenExact.from_numerators(p[1], q[1], found.square) == length(1, 4)

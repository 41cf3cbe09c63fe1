"""Exact coordinates from exact squared distances."""

import random
from itertools import product

import pytest

from syntonic import PHI, GoldenExact
from syntonic.recovery.frames import Frame, gram_schmidt, orthonormal

ZERO, ONE = GoldenExact(0), GoldenExact(1)


def squared(frame, x, y):
    return sum((a * (p - q) ** 2 for a, p, q in zip(frame.axes, x, y, strict=True)), ZERO)


def golden_points(rng, count, dimension):
    def entry():
        return GoldenExact(rng.randint(-3, 3), rng.randint(-3, 3)) / rng.randint(1, 3)

    return [tuple(entry() for _ in range(dimension)) for _ in range(count)]


def rows_of(points, base, axes=None):
    frame = Frame(tuple(points), axes or (ONE,) * len(points[0]))
    return [[squared(frame, points[p], x) for x in points] for p in base]


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 6])
def test_coordinates_have_the_distances(dimension):
    rng = random.Random(dimension)
    points = golden_points(rng, dimension + 6, dimension)
    frame = gram_schmidt(rows_of(points, range(dimension + 1)), range(dimension + 1))
    given = Frame(tuple(points), (ONE,) * dimension)
    assert len(frame.axes) == dimension
    assert all(axis > 0 for axis in frame.axes)
    for x, y in product(range(len(points)), repeat=2):
        expected = squared(given, points[x], points[y])
        assert squared(frame, frame.points[x], frame.points[y]) == expected
    centred = frame.centred()
    assert all(not sum(column, ZERO) for column in zip(*centred.points, strict=True))


def test_distances_without_a_figure():
    square = [tuple(map(GoldenExact, p)) for p in product((0, 1), repeat=2)]
    rows = rows_of(square, [0, 1, 2])
    assert gram_schmidt(rows, [0, 1, 2]) is not None
    # The fourth corner a little farther away, or only to one side.
    for k in range(3):
        wrong = [list(row) for row in rows]
        wrong[k][3] += PHI**-20
        assert gram_schmidt(wrong, [0, 1, 2]) is None
    # Points in space, of which only a plane is spanned.
    cube = [tuple(map(GoldenExact, p)) for p in product((0, 1), repeat=3)]
    assert gram_schmidt(rows_of(cube, [0, 1, 2]), [0, 1, 2]) is None
    # The triangle inequality fails.
    sides = [[ZERO, ONE, GoldenExact(9)], [ONE, ZERO, ONE], [GoldenExact(9), ONE, ZERO]]
    assert gram_schmidt(sides, [0, 1, 2]) is None


def test_points_in_a_plane_have_two_axes():
    flat = [(x, y, x + y) for x, y in golden_points(random.Random(3), 6, 2)]
    frame = gram_schmidt(rows_of(flat, [0, 1, 2, 3]), [0, 1, 2, 3])
    assert len(frame.axes) == 2


def icosahedron():
    for s, t in product((ONE, -ONE), repeat=2):
        point = (ZERO, s, t * PHI)
        yield from (point[k:] + point[:k] for k in range(3))


def figures():
    cube = [tuple(map(GoldenExact, p)) for p in product((1, -1), repeat=3)]
    yield "icosahedron", list(icosahedron())
    yield "tetrahedron", [p for p in cube if p[0] * p[1] * p[2] == 1]
    yield "cube", cube
    yield "rectangle", [(x, PHI * y) for x, y in product((ONE, -ONE), repeat=2)]
    signs = product((1, 0, -1), repeat=4)
    yield "24-cell", [tuple(map(GoldenExact, p)) for p in signs if sum(map(abs, p)) == 2]
    yield "line", [(ZERO,), (ONE,), (PHI,)]


@pytest.mark.parametrize(("name", "points"), list(figures()))
def test_golden_axes_are_found(name, points):
    base = list(range(len(points)))  # all points: more than are needed
    frame = gram_schmidt(rows_of(points, base), base).centred()
    found = orthonormal(frame)
    assert found is not None, name
    assert found.is_orthonormal
    given = Frame(tuple(points), (ONE,) * len(points[0]))
    for x, y in product(range(len(points)), repeat=2):
        expected = squared(given, points[x], points[y])
        assert squared(found, found.points[x], found.points[y]) == expected


def test_where_there_are_no_golden_axes():
    # √3 is not golden: no equilateral triangle and no regular simplex in four dimensions.
    for count in (3, 5):
        simplex = [tuple(ONE * (i == j) for j in range(count)) for i in range(count)]
        base = list(range(count))
        assert orthonormal(gram_schmidt(rows_of(simplex, base), base).centred()) is None
    # In five dimensions nothing is looked for.
    cube = Frame(tuple(tuple(map(GoldenExact, p)) for p in product((1, -1), repeat=5)), (ONE,) * 5)
    assert orthonormal(cube) is None


def test_other_axes_keep_the_distances():
    rng = random.Random(9)
    frame = Frame(tuple(golden_points(rng, 7, 3)), (ONE, PHI, GoldenExact(3)))
    turned = frame.along(frame.completed([(ONE, ONE, ZERO)]))
    scaled = turned.scaled([PHI, GoldenExact(-2), ONE])
    for x, y in product(range(7), repeat=2):
        expected = squared(frame, frame.points[x], frame.points[y])
        assert squared(turned, turned.points[x], turned.points[y]) == expected
        assert squared(scaled, scaled.points[x], scaled.points[y]) == expected

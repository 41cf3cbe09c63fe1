"""Symmetry groups, similar figures, and the names of solids."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from effort import thinned

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.errors import ShapeError
from syntonic.geometry import (
    hull,
    identify_solid,
    polytope,
    reflection,
    reflection_group,
    similarity_squared,
    solid,
    solid_names,
    symmetry_group,
)
from syntonic.geometry.rows import RowTable
from syntonic.io import Model

ORDERS = {
    "tetrahedron": 24, "cube": 48, "icosahedron": 120, "truncated icosahedron": 120,
    "truncated dodecahedron": 120, "rhombicosidodecahedron": 120,
    "truncated icosidodecahedron": 120, "disdyakis triacontahedron": 120,
    "pentagonal pyramid": 10, "pentagonal dipyramid": 20, "pentagonal gyrobicupola": 20,
    "gyrate rhombicosidodecahedron": 10, "bilunabirotunda": 8, "augmented dodecahedron": 10,
    "metabidiminished icosahedron": 4, "tridiminished icosahedron": 6, "5-cell": 120,
    "tesseract": 384, "24-cell": 1152, "snub 24-cell": 576, "grand antiprism": 400,
    "600-cell": 14400, "120-cell": 14400,
}  # fmt: skip


@pytest.mark.parametrize("name", thinned(ORDERS, every=3))
def test_orders(name):
    group = symmetry_group(polytope(name))
    assert len(group) == ORDERS[name]
    identity = ResonantTensor.eye(group.shape[1])
    assert bool((group @ group.transpose(0, 2, 1) == identity).all())


@pytest.mark.parametrize("name", ["icosahedron", "gyrate rhombicosidodecahedron", "24-cell"])
def test_elements_permute_the_vertices_and_are_different(name):
    points = polytope(name).vertices - polytope(name).centroid
    group = symmetry_group(polytope(name))
    images = points @ group.transpose(0, 2, 1)
    found = RowTable(points).find(images.reshape(-1, points.shape[1])).reshape(images.shape[:2])
    assert (np.sort(found, axis=1) == np.arange(len(points))).all()
    assert len(np.unique(found, axis=0)) == len(group)


def test_the_group_of_h3_is_that_of_its_solids():
    group = symmetry_group(polytope("rhombicosidodecahedron"))
    assert (RowTable(group).find(reflection_group("H3")) >= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_polygon_by_brute_force(seed):
    points = hull(ResonantTensor.random_lattice((5, 2), bound=2, seed=seed)).vertices
    gram = points - np.mean(points, axis=0)
    inner = (gram @ gram.T).tolist()
    n = len(points)
    count = sum(
        all(inner[p[i]][p[j]] == inner[i][j] for i in range(n) for j in range(n))
        for p in permutations(range(n))
    )
    assert len(symmetry_group(points)) == count


NAMES = [n for n in solid_names() if "ated 1" not in n and "d 6" not in n]


@pytest.mark.campaign
@pytest.mark.parametrize("name", thinned(NAMES, every=4))
def test_every_name_is_found_again_elsewhere(name):
    """Moved, mirrored, scaled by a number whose square root is none of the field."""
    model = solid(name)
    d = model.dimension
    mirror = reflection(ResonantTensor([1, PHI, 3, 2][:d]))
    turned = reflection(ResonantTensor([2, 1, PHI, 1][:d]))
    points = 3 * PHI * model.tensor @ mirror.T @ turned.T + PHI
    order = np.random.default_rng(1).permutation(len(points))
    place = np.argsort(order)
    moved = Model.from_exact(
        points[order],
        edges=tuple((int(place[i]), int(place[j])) for i, j in model.edges),
        faces=tuple(tuple(int(place[k]) for k in face) for face in model.faces),
        cells=model.cells,
    )
    assert identify_solid(moved) == name


def test_a_scale_with_no_root_in_the_field():
    """Times 1 + i in two planes: squared ratio 2."""
    turn = ResonantTensor([[1, -1, 0, 0], [1, 1, 0, 0], [0, 0, 1, -1], [0, 0, 1, 1]])
    points = solid("16-cell").tensor @ turn
    assert similarity_squared(points, solid("16-cell")) == 2
    assert identify_solid(points) == "16-cell"


@pytest.mark.parametrize(
    ("star", "name"),
    thinned([("great dodecahedron", "icosahedron"), ("grand 600-cell", "600-cell")], every=2),
)
def test_points_alone_are_their_hull(star, name):
    assert identify_solid(solid(star).tensor) == name


def test_what_is_no_named_solid():
    box = ResonantTensor([*product((0, 1), (0, 1), (0, PHI))])
    assert identify_solid(box) is None
    hair = polytope("icosahedron").vertices.at[0, 0].set(PHI**-80)
    assert identify_solid(hair) is None
    assert identify_solid([[0, 0], [1, 0], [0, 1]]) is None


def test_a_solid_in_a_higher_space():
    flat = np.concatenate([solid("cube").tensor, ResonantTensor([[PHI]] * 8)], axis=1)
    assert identify_solid(flat) == "cube"
    with pytest.raises(ShapeError, match="symmetry_group: the figure must span"):
        symmetry_group(flat)


def test_similarity_is_symmetric_and_sees_stars():
    one, two = solid("icosahedron"), solid("great dodecahedron")
    assert similarity_squared(one, two) is None  # the same vertices and edges, other faces
    assert similarity_squared(one, one) == 1
    big = Model.from_exact(one.tensor * PHI, edges=one.edges, faces=one.faces)
    assert similarity_squared(big, one) == PHI**2
    assert similarity_squared(one, big) == 1 / PHI**2
    assert similarity_squared(solid("cube"), solid("octahedron")) is None
    triangle = [[0, 0], [1, 0], [0, GoldenExact("3/2")]]
    assert similarity_squared(triangle, [[0, 0], [1, 0], [0, 2]]) is None


def test_faces_apart_from_each_other():
    """Two triangles on the corners of a cube, opposite or side by side: alike, but not similar."""
    points = ResonantTensor([*product((0, 1), repeat=3)])
    opposite = Model.from_exact(points, faces=((0, 1, 2), (7, 6, 5)))
    beside = Model.from_exact(points, faces=((0, 1, 2), (4, 5, 6)))
    other = Model.from_exact(points, faces=((1, 3, 5), (2, 4, 6)))
    assert similarity_squared(opposite, beside) is None
    assert similarity_squared(beside, opposite) is None
    assert similarity_squared(opposite, other) == 1


def test_a_model_of_edges_alone_is_its_hull():
    """As a file without faces has it."""
    star = solid("great dodecahedron")
    assert identify_solid(Model.from_exact(star.tensor, edges=star.edges)) == "icosahedron"

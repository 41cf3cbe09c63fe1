"""Named figures: their coordinates, counts, edges and volumes, against tables of the literature."""

from __future__ import annotations

from itertools import permutations, product
from math import comb, isclose, sqrt

import numpy as np
import pytest

from syntonic import PHI, PHI_INV, SQRT5, GoldenExact, linalg
from syntonic.geometry import (
    area_squared,
    circumradius_squared,
    edge_length_squared,
    icosians,
    polar,
    polytope,
    regular,
    solid,
    solid_names,
    volume,
    volume_squared_per_edge,
)

parse = GoldenExact.parse
H = GoldenExact("1/2")


def even(order):
    return sum(a > b for k, a in enumerate(order) for b in order[k + 1 :]) % 2 == 0


def signed(row, all_orders=False, odd=False):
    """All signs of the even (or all, or odd) permutations of a row."""
    for order in permutations(range(len(row))):
        if all_orders or even(order) != odd:
            for signs in product((1, -1), repeat=len(row)):
                yield tuple(s * row[k] for s, k in zip(signs, order, strict=True))


# Coordinates; V, E, F; edge²; volume and R² at edge 1. The last five of the lists that follow
# have the five-fold axis (0, φ, 1), in the literature: their odd permutations have (0, 1, φ).
SOLIDS = {
    "icosahedron": (
        [(0, 1, PHI)], False, (12, 30, 20), "4", "5/6+5/6phi", "1/2+1/4phi"),
    "dodecahedron": (
        [(1, 1, 1), (0, PHI_INV, PHI)], True, (20, 30, 12), "8-4phi", "2+7/2phi", "3/4+3/4phi"),
    "icosidodecahedron": (
        [(PHI, 0, 0), (H, PHI / 2, PHI**2 / 2)],
        True, (30, 60, 32), "1", "14/3+17/3phi", "1+phi"),
    "truncated icosahedron": (
        [(0, 1, 3 * PHI), (1, 2 + PHI, 2 * PHI), (PHI, 2, 1 + 2 * PHI)],
        False, (60, 90, 32), "4", "41/2+43/2phi", "5/2+9/4phi"),
    "truncated dodecahedron": (
        [(0, PHI_INV, 2 + PHI), (PHI_INV, PHI, 2 * PHI), (PHI, 2, PHI**2)],
        True, (60, 90, 32), "8-4phi", "65/3+235/6phi", "11/4+15/4phi"),
    "rhombicosidodecahedron": (
        [(1, 1, PHI**3), (PHI**2, PHI, 2 * PHI), (2 + PHI, 0, PHI**2)],
        True, (60, 120, 62), "4", "31/3+58/3phi", "7/4+2phi"),
    "truncated icosidodecahedron": (
        [(PHI_INV, PHI_INV, 3 + PHI), (2 * PHI_INV, PHI, 1 + 2 * PHI),
         (PHI_INV, PHI**2, -1 + 3 * PHI), (2 * PHI - 1, 2, 2 + PHI), (PHI, 3, 2 * PHI)],
        True, (120, 180, 62), "8-4phi", "45+100phi", "19/4+6phi"),
}  # fmt: skip

JOHNSON = {
    "pentagonal pyramid": ((6, 10, 6), "1/6+1/12phi"),
    "pentagonal cupola": ((15, 25, 12), "1/6+4/3phi"),
    "pentagonal rotunda": ((20, 35, 17), "7/3+17/6phi"),
    "gyroelongated pentagonal pyramid": ((11, 25, 16), "2/3+3/4phi"),
    "pentagonal dipyramid": ((7, 15, 10), "1/3+1/6phi"),
    "pentagonal orthobicupola": ((20, 40, 22), "1/3+8/3phi"),
    "pentagonal gyrobicupola": ((20, 40, 22), "1/3+8/3phi"),
    "pentagonal orthobirotunda": ((30, 60, 32), "14/3+17/3phi"),
    "augmented dodecahedron": ((21, 35, 16), "13/6+43/12phi"),
    "metabidiminished icosahedron": ((10, 20, 12), "1/2+2/3phi"),
    "tridiminished icosahedron": ((9, 15, 8), "1/3+7/12phi"),
    "gyrate rhombicosidodecahedron": ((60, 120, 62), "31/3+58/3phi"),
    "diminished rhombicosidodecahedron": ((55, 105, 52), "61/6+18phi"),
    "bilunabirotunda": ((14, 26, 14), "2/3+3/2phi"),
}

STARS_4D = {
    (3, 5, "5/2"): (120, 720, 1200, 120, "2-phi"),
    ("5/2", 5, 3): (120, 1200, 720, 120, "1"),
    (5, "5/2", 5): (120, 720, 720, 120, "2-phi"),
    (5, 3, "5/2"): (120, 720, 720, 120, "2-phi"),
    ("5/2", 3, 5): (120, 720, 720, 120, "1+phi"),
    ("5/2", 5, "5/2"): (120, 720, 720, 120, "1+phi"),
    (5, "5/2", 3): (120, 1200, 720, 120, "1"),
    (3, "5/2", 5): (120, 720, 1200, 120, "1+phi"),
    (3, 3, "5/2"): (120, 720, 1200, 600, "1+phi"),
    ("5/2", 3, 3): (600, 1200, 720, 120, None),
}

STARS_3D = {
    ("5/2", 5): (12, 30, 12, "8/5+4/5phi"),
    (5, "5/2"): (12, 30, 12, "12/5-4/5phi"),
    ("5/2", 3): (20, 30, 12, "4/3+4/3phi"),
    (3, "5/2"): (12, 30, 20, "8/5+4/5phi"),
}

FOUR = {
    "600-cell": ((120, 720, 1200, 600), "2-phi", "25/4+25/2phi"),
    "120-cell": ((600, 1200, 720, 120), "20-12phi", "435/2+705/2phi"),
    "rectified 600-cell": ((720, 3600, 3600, 720), None, "100+375/2phi"),
    "snub 24-cell": ((96, 432, 480, 144), "2-phi", None),
    "grand antiprism": ((100, 500, 720, 320), "2-phi", None),
    "24-cell": ((24, 96, 96, 24), "2", "2"),
    "tesseract": ((16, 32, 24, 8), "4", "1"),
    "16-cell": ((8, 24, 32, 16), "2", "1/6"),
    "5-cell": ((5, 10, 10, 5), "4", "(2phi - 1)/96"),
}


def counts(model):
    return tuple(
        n for n in (model.vertex_count, len(model.edges), len(model.faces), len(model.cells)) if n
    )


@pytest.mark.parametrize("name", SOLIDS)
def test_icosahedral_solids(name):
    rows, odd, expected, edge, content, radius = SOLIDS[name]
    both = {"dodecahedron": [(1, 1, 1)], "icosidodecahedron": [(PHI, 0, 0)]}.get(name, [])
    known = {p for row in rows for p in signed(row, all_orders=row in both, odd=odd)}
    model = solid(name)
    assert {*map(tuple, model.tensor.tolist())} == known
    assert counts(model) == expected
    assert edge_length_squared(model) == parse(edge)
    length = parse(edge).sqrt()
    assert polytope(name).volume == parse(content) * length**3
    assert volume_squared_per_edge(polytope(name)) == parse(content) ** 2
    assert circumradius_squared(model) == parse(radius) * parse(edge)


@pytest.mark.parametrize("name", JOHNSON)
def test_johnson_solids(name):
    expected, content = JOHNSON[name]
    assert counts(solid(name)) == expected
    edge_length_squared(solid(name))  # all are equal, or it raises
    assert volume_squared_per_edge(polytope(name)) == parse(content) ** 2


@pytest.mark.parametrize("symbol", STARS_3D)
def test_kepler_poinsot(symbol):
    *expected, edge = STARS_3D[symbol]
    star = regular(*symbol)
    assert counts(star) == tuple(expected)
    assert edge_length_squared(star) / circumradius_squared(star) == parse(edge)


@pytest.mark.parametrize("symbol", STARS_4D)
def test_schlaefli_hess(symbol):
    *expected, edge = STARS_4D[symbol]
    star = regular(*symbol)
    assert counts(star) == tuple(expected)
    if edge is not None:
        assert edge_length_squared(star) / circumradius_squared(star) == parse(edge)
    sizes = {len(face) for face in star.faces}
    assert sizes == {3 if symbol[0] == 3 else 5}
    assert {len({*cell}) for cell in star.cells} == {len(regular(*symbol[:2]).faces)}


@pytest.mark.parametrize(("symbol", "name"), [
    ((3, 3), "tetrahedron"), ((3, 4), "octahedron"), ((4, 3), "cube"), ((5, 3), "dodecahedron"),
    ((3, 5), "icosahedron"), ((3, 3, 3), "5-cell"), ((3, 3, 4), "16-cell"),
    ((4, 3, 3), "tesseract"), ((3, 4, 3), "24-cell"), ((3, 3, 5), "600-cell"),
    ((5, 3, 3), "120-cell"),
])  # fmt: skip
def test_orbits_of_reflections_give_the_faces_that_the_planes_give(symbol, name):
    """Two ways to the same figure, compared by counts and by what meets at an edge."""
    star, convex = regular(*symbol), solid(name)
    assert counts(star) == counts(convex)
    for model in (star, convex):
        around = [0] * model.vertex_count
        for edge in model.edges:
            for end in edge:
                around[end] += 1
        assert len({*around}) == 1


@pytest.mark.parametrize("name", FOUR)
def test_four_dimensions(name):
    expected, edge, content = FOUR[name]
    figure = polytope(name)
    assert figure.f_vector == expected
    assert figure.euler == 0
    assert counts(figure.model) == expected
    if edge is not None:
        assert edge_length_squared(figure) == parse(edge)
    if content is not None:
        assert volume_squared_per_edge(figure) == parse(content) ** 2


def test_closed_forms_of_the_contents():
    cell, dual = (volume_squared_per_edge(polytope(n)).sqrt() for n in ("120-cell", "600-cell"))
    assert cell == GoldenExact("15/4") * (105 + 47 * SQRT5)
    assert dual == GoldenExact("25/4") * (2 + SQRT5)
    assert isclose(float(cell), 787.8569810)


def test_the_120_cell_is_its_list():
    rows = [(2, 2, 0, 0), (SQRT5, 1, 1, 1), (PHI, PHI, PHI, PHI_INV**2),
            (PHI_INV, PHI_INV, PHI_INV, PHI**2)]  # fmt: skip
    evens = [(PHI**2, PHI_INV**2, 1, 0), (SQRT5, PHI_INV, PHI, 0), (2, 1, PHI, PHI_INV)]
    known = {p for row in rows for p in signed(row, all_orders=True)}
    points = solid("120-cell").tensor
    mine = {*map(tuple, points.tolist())}
    assert any(mine == known | {p for row in evens for p in signed(row, odd=odd)}
               for odd in (False, True))  # fmt: skip
    assert circumradius_squared(points) == 8


def test_snub_24_cell_and_grand_antiprism_have_their_cells():
    for name, most, size in (("snub 24-cell", 24, 12), ("grand antiprism", 20, 10)):
        cells = polytope(name).faces(3)
        assert sum(len(cell) == size for cell in cells) == most
        assert {len(cell) for cell in cells} == {4, size}


def test_the_600_cell_and_the_120_cell_are_dual_in_place():
    dual = polar(polytope("600-cell"))
    assert dual.f_vector == (600, 1200, 720, 120)
    assert len(np.unique(dual.vertices @ dual.vertices.T)) == 31
    cell = polytope("120-cell").vertices
    ratio = (np.max(dual.vertices) / np.max(cell)).item()
    assert {*map(tuple, dual.vertices.tolist())} == {*map(tuple, (ratio * cell).tolist())}


@pytest.mark.parametrize(("name", "faces", "corners"), [
    ("rhombic triacontahedron", 30, 4), ("pentakis dodecahedron", 60, 3),
    ("triakis icosahedron", 60, 3), ("deltoidal hexecontahedron", 60, 4),
    ("disdyakis triacontahedron", 120, 3), ("rhombic dodecahedron", 12, 4),
    ("tetrakis hexahedron", 24, 3), ("triakis tetrahedron", 12, 3),
])  # fmt: skip
def test_catalan_solids(name, faces, corners):
    figure = polytope(name)
    assert {len(face) for face in figure.faces(2)} == {corners}
    assert len(figure.faces(2)) == faces
    assert len(np.unique(area_squared(figure))) == 1  # all faces are alike
    figure.certify()


@pytest.mark.parametrize("name", [n for n in solid_names() if "truncated 1" not in n])
def test_every_figure_proves_its_identities(name):
    """Euler, edges and faces that fit together, flat faces; certificates of convex figures."""
    model = solid(name)
    sides = {frozenset((f[k - 1], f[k])) for f in model.faces for k in range(len(f))}
    assert sides == {*map(frozenset, model.edges)}
    points = model.tensor
    if model.dimension == 4:
        members = [face for cell in model.cells for face in cell]
        assert np.bincount(members).tolist() == [2] * len(model.faces)
    for size in {len(face) for face in model.faces}:
        corners = points[np.array([f for f in model.faces if len(f) == size])]
        ranks = np.asarray(linalg.rank(corners[:, 1:] - corners[:, :1]))
        assert (ranks == 2).all()
    try:
        figure = polytope(name)
    except ValueError:
        return
    figure.certify()
    assert figure.euler == 1 - (-1) ** figure.dimension


def test_areas_in_closed_form():
    assert {*area_squared(solid("icosahedron")).tolist()} == {3}
    assert {*area_squared(solid("cube")).tolist()} == {16}
    edge = edge_length_squared(solid("dodecahedron"))
    pentagon = GoldenExact("15/16", "20/16") * edge**2  # (25 + 10√5)/16
    assert {*area_squared(solid("dodecahedron")).tolist()} == {pentagon}
    assert isclose(float(pentagon), (25 + 10 * sqrt(5)) / 16 * float(edge) ** 2)


def test_faces_of_solids_turn_outwards():
    for name in ("icosahedron", "truncated icosidodecahedron", "pentagonal rotunda"):
        figure = polytope(name)
        points = figure.vertices.to_floats() - figure.centroid.to_floats()
        for face in figure.faces(2):
            a, b, c = (points[k] for k in face[:3])
            assert np.linalg.det([a, b, c]) > 0


def test_simplices_fill_a_cube_without_overlap():
    """The triangulation has at most as many simplices as vertices allow, and all are full."""
    cube = polytope("tesseract")
    corners = cube.vertices[cube.lattice.simplices()]
    contents = np.abs(linalg.det(corners[:, 1:] - corners[:, :1]))
    assert bool((contents > 0).all())
    assert len(contents) <= comb(16, 5)
    assert volume(cube) == 16


def test_icosians_are_the_600_cell():
    assert {*map(tuple, icosians().tolist())} == {*map(tuple, solid("600-cell").tensor.tolist())}


def test_names():
    assert solid(" Icosahedron ").vertex_count == 12
    assert solid("TRUNCATED   icosahedron").vertex_count == 60
    with pytest.raises(ValueError, match=r"no figure named 'icosahedrn'; did you mean icosahedron"):
        solid("icosahedrn")
    with pytest.raises(ValueError, match=r"solid_names\(\) lists them"):
        solid("qqqq")
    with pytest.raises(ValueError, match=r"great icosahedron is not convex"):
        polytope("great icosahedron")
    with pytest.raises(ValueError, match=r"regular: symbol must be two or three of"):
        regular(7, 3)
    with pytest.raises(ValueError, match=r"no finite regular figure \{4, 4\}"):
        regular(4, 4)
    with pytest.raises(ValueError, match=r"no golden reflections make \{5, 5\}"):
        regular(5, 5)

"""The exact hull: against qhull, against gift wrapping, on inputs that floats cannot tell apart."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations, product

import numpy as np
import pytest
from effort import thinned

from syntonic import PHI, GoldenExact, ResonantTensor, linalg
from syntonic.errors import PhaseError, PrecisionError, ShapeError
from syntonic.geometry import Polytope, convexity, hull, polar, polytope, solid, volume
from syntonic.geometry.faces import FaceLattice
from syntonic.geometry.sets import Sets
from syntonic.geometry.wrapping import wrap
from syntonic.io import Model

CUBE = [*product((0, 1), repeat=3)]
HAIR = PHI**-90


def needs_scipy():
    pytest.importorskip("scipy", reason="SciPy is not installed: qhull cannot be compared")


def brute_facets(points):
    """The facets by definition: planes through d points with all others on one side."""
    d, found = points.shape[1], set()
    for chosen in combinations(range(len(points)), d):
        steps = points[[*chosen[1:]]] - points[chosen[0]]
        if linalg.rank(steps) < d - 1:
            continue
        heights = (points - points[chosen[0]]) @ linalg.nullspace(steps)[:, 0]
        if bool((heights >= 0).all()) or bool((heights <= 0).all()):
            found.add(frozenset(np.flatnonzero(heights == 0).tolist()))
    return found


def facets(figure: Polytope, points):
    """The facets as sets of all points on them, to be compared with brute force."""
    heights = points @ figure.normals.T - figure.offsets
    return {frozenset(np.flatnonzero(column == 0).tolist()) for column in heights.T}


@pytest.fixture(params=["qhull", "wrapping"])
def way(request, monkeypatch):
    """Propose facets by qhull, or by nothing, so that all are wrapped."""
    if request.param == "qhull":
        needs_scipy()
    else:
        nothing = np.empty((0, 0), dtype=np.intp)
        monkeypatch.setattr(convexity, "_proposed", lambda points: nothing)
    return request.param


@pytest.mark.campaign
@pytest.mark.parametrize(("seed", "dimension"), thinned(product(range(3), [2, 3, 4]), every=4))
def test_small_integers_against_brute_force(way, seed, dimension):
    """Few values in each coordinate: many points on edges and facets."""
    rng = np.random.default_rng(seed)
    rows = np.unique(rng.integers(0, 3, size=(9 + dimension, 2 * dimension)), axis=0)
    points = ResonantTensor.from_lattice(rows[:, :dimension], rows[:, dimension:] % 2)
    points = points[np.unique(np.unique(points.numerators()[0] * 10 + points.numerators()[1],
                                        axis=0, return_index=True)[1])]  # fmt: skip
    if linalg.rank(points[1:] - points[0]) < dimension:
        pytest.skip("flat")
    figure = hull(points)
    figure.certify()
    assert facets(figure, points) == brute_facets(points)
    assert figure.euler == 1 - (-1) ** dimension


INPUTS = {
    "icosahedron": (lambda: polytope("icosahedron").vertices, (12, 30, 20)),
    "grid": (
        lambda: ResonantTensor([*product([0, 1, PHI, PHI**2, PHI**3], repeat=3)]), (8, 12, 6)),
    "24-cell": (lambda: polytope("24-cell").vertices, (24, 96, 96, 24)),
    "square in space": (lambda: ResonantTensor([[0, 0, 1], [1, PHI, 1], [1, 0, 1], [0, PHI, 1]]),
                        (4, 4)),
    "segment": (lambda: ResonantTensor([[0, 0], [1, PHI], [2, 2 * PHI], [1, PHI]]), (2,)),
    "numbers": (lambda: ResonantTensor([[1], [PHI], [3], [0]]), (2,)),
}  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
def test_known_f_vectors(way, name):
    make, expected = INPUTS[name]
    figure = hull(make())
    assert figure.f_vector == expected
    figure.certify()
    assert figure.dimension == len(expected)


@pytest.mark.parametrize("name", ["600-cell", "120-cell", "rectified 600-cell", "grand antiprism"])
def test_the_hull_of_a_named_figure_is_the_figure(name):
    """qhull's planes and the group's orbits: two ways to the same incidences."""
    needs_scipy()
    known = polytope(name)
    figure = hull(known.vertices, fallback=False)
    figure.certify()
    for rank in range(4):
        ranks = [{frozenset(f) for f in each.faces(rank)} for each in (figure, known)]
        assert ranks[0] == ranks[1]


def test_a_grid_in_four_dimensions():
    needs_scipy()
    figure = hull([*product([0, 1, PHI, PHI**2, PHI**3], repeat=4)], fallback=False)
    assert figure.f_vector == (16, 32, 24, 8)
    assert figure.volume == PHI**12


@pytest.mark.parametrize(("corner", "sign"), thinned(product(range(8), [1, -1]), every=5))
def test_a_corner_moved_by_a_hair(way, corner, sign):
    """Invisible to floats: a face of four corners is then two triangles, or one is cut off."""
    rows = [[GoldenExact(x) for x in row] for row in CUBE]
    rows[corner][0] += sign * HAIR
    points = ResonantTensor(rows)
    figure = hull(points)
    figure.certify()
    assert facets(figure, points) == brute_facets(points)
    assert figure.f_vector[1] > 12 or figure.f_vector[2] > 6
    if way == "qhull":
        with pytest.raises(PrecisionError, match=r"hull: the facets found in floats are not all"):
            hull(points, fallback=False)


@pytest.mark.parametrize("height", [HAIR, -HAIR, 0])
def test_a_point_a_hair_above_or_below_a_facet(way, height):
    points = ResonantTensor([*CUBE, (GoldenExact("1/2"), GoldenExact("1/3"), 1 + height)])
    figure = hull(points)
    assert len(figure.vertices) == (9 if height > 0 else 8)
    assert facets(figure, points) == brute_facets(points)


@pytest.mark.parametrize("change", [
    lambda x: x * PHI**700, lambda x: x * PHI**-700, lambda x: x + 10**9 * PHI,
    lambda x: x * ResonantTensor([1, PHI**-60, 1]), lambda x: x / 3 + PHI**300,
])  # fmt: skip
def test_scale_and_position_are_no_matter(way, change):
    cube = ResonantTensor(CUBE)
    figure = hull(change(cube))
    assert figure.f_vector == (8, 12, 6)
    figure.certify()


def test_equal_points_count_once_and_indices_name_rows(way):
    points = ResonantTensor([[1, 1], [0, 0], [0, 0], [2, 0], [1, GoldenExact("1/2")], [2, 0]])
    figure = hull(points)
    assert figure.indices.tolist() == [0, 1, 3]
    assert figure.vertices.equals(points[figure.indices])


@pytest.mark.parametrize("seed", range(4))
def test_against_qhull(seed):
    needs_scipy()
    from scipy.spatial import ConvexHull

    for count, dimension in ((60, 2), (100, 3), (40, 4), (20, 5)):
        points = ResonantTensor.random_lattice((count, dimension), bound=50, seed=seed)
        figure = hull(points)
        peer = ConvexHull(points.to_floats())
        assert sorted(figure.indices) == sorted(peer.vertices)
        assert abs(float(figure.volume) / peer.volume - 1) < 1e-9
        assert figure.f_vector[-1] <= len(peer.simplices)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", thinned(range(12), every=3))
def test_whatever_is_proposed_the_hull_is_right(seed, monkeypatch):
    """Random simplices, some of them true, instead of qhull's: nothing wrong is ever accepted."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, size=(14, 3))
    points = ResonantTensor(np.unique(rows, axis=0)) * PHI
    truth = brute_facets(points)
    chosen = [sorted(f)[:3] for f in truth if rng.random() < seed / 12]
    chosen += rng.integers(0, len(points), size=(6, 3)).tolist()
    monkeypatch.setattr(convexity, "_proposed", lambda points: np.array(chosen))
    figure = hull(points)
    assert facets(figure, points) == truth
    figure.certify()
    with suppress(PrecisionError):
        assert facets(hull(points, fallback=False), points) == truth


def test_blocks_of_planes_give_what_all_at_once_give(monkeypatch):
    points = ResonantTensor.random_lattice((60, 3), bound=40, seed=2)
    whole = hull(points)
    monkeypatch.setattr(convexity, "_CELLS", 100)
    parts = hull(points)
    assert parts.faces(2) == whole.faces(2)
    assert parts.normals.equals(whole.normals)


# -- the certificate ---------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["square", "icosahedron", "cuboctahedron", "24-cell", "600-cell"])
def test_a_missing_facet_is_found(name):
    figure = hull([*product((0, 1), repeat=2)]) if name == "square" else polytope(name)
    sets = figure.lattice.levels[-1]
    for k in (0, len(sets) // 2, len(sets) - 1):
        left = sets.take(np.delete(np.arange(len(sets)), k))
        assert FaceLattice(left, figure.dimension).fault() is not None


@pytest.mark.parametrize("name", ["icosahedron", "cuboctahedron", "24-cell"])
def test_a_facet_with_a_wrong_vertex_is_found(name):
    figure = polytope(name)
    rows = figure.lattice.levels[-1].lists()
    for change in (rows[0][1:], [*rows[0], next(x for x in range(99) if x not in rows[0])]):
        wrong = Sets.of([change, *rows[1:]], len(figure.vertices))
        made = Polytope(figure.vertices, figure.indices, figure.normals, figure.offsets,
                        FaceLattice(wrong, figure.dimension))  # fmt: skip
        with pytest.raises(PrecisionError, match=r"Polytope\.certify"):
            made.certify()


def test_a_moved_vertex_is_found():
    figure = polytope("dodecahedron")
    for move in (HAIR, -HAIR):
        points = figure.vertices.at[3, 0].set(figure.vertices[3, 0].item() + move)
        made = Polytope(points, figure.indices, figure.normals, figure.offsets, figure.lattice)
        with pytest.raises(PrecisionError, match=r"Polytope\.certify"):
            made.certify()


def test_two_separate_figures_are_no_polytope():
    """Every ridge lies in two facets, but a vertex lies above a plane."""
    one = polytope("tetrahedron")
    rows = one.lattice.levels[-1].lists()
    both = Sets.of([*rows, *([x + 4 for x in row] for row in rows)], 8)
    lattice = FaceLattice(both, 3)
    points = np.concatenate([one.vertices, one.vertices + 9])
    normals = np.concatenate([one.normals, one.normals])
    offsets = np.concatenate([one.offsets, one.offsets + 9 * np.sum(one.normals, axis=1)])
    made = Polytope(points, np.arange(8), normals, offsets, lattice)
    with pytest.raises(PrecisionError, match="no vertex may lie above a facet plane"):
        made.certify()


# -- polar and volume --------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(5))
def test_the_polar_of_the_polar(seed):
    points = ResonantTensor.random_lattice((12, 3), bound=9, seed=seed)
    figure = hull(points)
    dual = polar(figure)
    dual.certify()
    assert dual.f_vector == figure.f_vector[::-1]
    centred = hull(figure.vertices - figure.centroid)
    again = polar(polar(centred)) if bool((np.sum(dual.vertices, axis=0) == 0).all()) else None
    if again is not None:
        assert again.f_vector == figure.f_vector


def test_volume_of_a_polygon_by_the_shoelace():
    points = hull(ResonantTensor.random_lattice((30, 2), bound=30, seed=1))
    ring = points.vertices[[*points.model.faces[0]]]
    x, y = ring.T
    doubled = np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)).item()
    assert points.volume == abs(doubled) / 2


def test_volume_adds_up_and_scales():
    cube = ResonantTensor(CUBE)
    assert volume(cube) == 1
    assert volume(cube * PHI) == PHI**3
    lower = hull([row for row in CUBE if sum(row) <= 2 and row != (1, 1, 1)])
    assert volume(lower) == GoldenExact("5/6")


def test_wrapping_completes_what_it_is_given():
    points = polytope("cuboctahedron").vertices
    whole = {*wrap(points)}
    assert len(whole) == 14
    for known in ([*whole][:1], [*whole][3:9], [*whole]):
        assert {*wrap(points, known)} == whole


# -- refusals ----------------------------------------------------------------------------------
def test_refusals():
    with pytest.raises(ShapeError, match=r"hull: points must have shape \(n, d\), got \(3,\)"):
        hull([1, 2, 3])
    with pytest.raises(ShapeError, match=r"there must be two different points, got 1"):
        hull([[1, 2], [1, 2]])
    with pytest.raises(PhaseError, match="hull: points must be crystallized"):
        hull(ResonantTensor(CUBE).wake_flux())
    with pytest.raises(PhaseError, match="hull: the model must have exact vertices"):
        hull(Model((("0", "1"), ("1", "0"))))
    flat = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    with pytest.raises(ShapeError, match="volume: the points must span"):
        volume(flat)
    with pytest.raises(ShapeError, match="polar: the figure must span"):
        polar(flat)
    with pytest.raises(ValueError, match=r"Polytope.faces: rank must be from 0 to 2, got 3"):
        polytope("cube").faces(3)


def test_models_are_taken_as_their_exact_vertices():
    assert hull(solid("great dodecahedron")).f_vector == (12, 30, 20)

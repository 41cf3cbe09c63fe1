"""Shaded faces: what is painted last against the nearest face along rays, by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest

from syntonic.errors import ShapeError
from syntonic.geometry import hull, penrose, polytope, solid
from syntonic.io import Model
from syntonic.plotting import hidden, plot_model
from syntonic.plotting.hidden import Piece, far_to_near, plane_of
from syntonic.plotting.projection import Sight
from syntonic.plotting.solids import _pieces
from syntonic.recovery import recover


def winding(polygon, x):
    """How often a closed walk in the plane goes round a point."""
    spokes = polygon - x
    a, b = spokes, np.roll(spokes, -1, axis=0)
    cross = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return round(np.arctan2(cross, (a * b).sum(axis=1)).sum() / math.tau)


def nearest(faces, eye, ray):
    """The faces that a ray from the eye meets first; several where they meet each other."""
    hits = []
    for k, corners in enumerate(faces):
        plane = plane_of(corners)
        along = plane[:3] @ ray
        if abs(along) < 1e-12:
            continue
        t = -(plane[:3] @ eye + plane[3]) / along
        axes = np.linalg.svd(corners - corners.mean(axis=0))[2][:2]
        if winding(corners @ axes.T, (eye + t * ray) @ axes.T):
            hits.append((t, k))
    least = min(hits, default=(0, 0))[0]
    return {k for t, k in hits if t < least + 1e-6}


def painted(pieces, sight, x):
    """The face of the last piece that covers a point of the picture."""
    found = None
    for piece in pieces:
        if len(piece.corners) > 2 and winding(sight.flat(piece.corners), x):
            found = piece.face
    return found


def triangles(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(24, 3)), [[3 * k, 3 * k + 1, 3 * k + 2] for k in range(8)]


FIGURES = {
    **{f"triangles {seed}": lambda seed=seed: triangles(seed) for seed in range(6)},
    **{
        name: lambda name=name: (solid(name).tensor.to_floats(), solid(name).faces)
        for name in ("rhombicosidodecahedron", "small stellated dodecahedron", "great icosahedron")
    },
}


@pytest.mark.campaign
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("distance", [3.0, math.inf])
def test_what_is_painted_last_is_nearest(name, distance):
    points, faces = FIGURES[name]()
    sight = Sight.of(points, None, distance)
    rings = [np.array(face) for face in faces]
    corners = [sight.centred[ring] for ring in rings]
    eye = np.array([0, 0, 1.0, 0] if math.isinf(distance) else [0, 0, sight.reach, 1])
    pieces = far_to_near(_pieces(sight.centred, rings, np.empty((0, 2), int)), eye, 1.0)
    rng = np.random.default_rng(1)
    seen = set()
    for x in rng.uniform(-0.6, 0.6, size=(60, 2)) * np.abs(sight.centred).max():
        start, ray = eye[:3], np.array([*x, 0]) - eye[:3]
        if math.isinf(distance):
            start, ray = np.array([*x, 99.0]), np.array([0, 0, -1.0])
        expected = nearest(corners, start, ray)
        found = painted(pieces, sight, x)
        assert (found in expected) if expected else found is None
        seen.add(found)
    assert len(seen) > 3


def test_sides_of_cuts_are_no_edges():
    """Two squares through each other: eight halves of sides are cut, none is added."""
    first = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    faces = [first, first[:, [2, 1, 0]]]
    drawn = np.array([True, True, False, True])
    pieces = [Piece(corners, drawn, k) for k, corners in enumerate(faces)]
    pieces.append(Piece(np.array([[-2.0, 0.5, 0.1], [2, 0.5, 0.1]]), np.array([True, False]), -1))
    ordered = far_to_near(pieces, np.array([0.3, 0.2, 5, 1]), 1.0)
    lengths = {0: 0.0, 1: 0.0, -1: 0.0}
    for piece in ordered:
        sides = np.roll(piece.corners, -1, axis=0) - piece.corners
        lengths[piece.face] += np.linalg.norm(sides, axis=1)[piece.drawn].sum()
    assert lengths == pytest.approx({0: 6, 1: 6, -1: 4})


def test_many_faces_are_sorted_without_cuts(monkeypatch):
    points, faces = triangles(2)
    pieces = _pieces(points, [np.array(face) for face in faces], np.empty((0, 2), int))
    monkeypatch.setattr(hidden, "_MOST_CUT", 3)
    for eye in ([0.0, 0, 1, 0], [0.0, 0, 9, 1]):
        ordered = far_to_near(pieces, np.array(eye), 1.0)
        heights = [piece.corners.mean(axis=0) for piece in ordered]
        away = [h[2] if not eye[3] else -np.linalg.norm(h - eye[:3]) for h in heights]
        assert away == sorted(away)
        assert len(ordered) == len(pieces)


def colours_of(figure):
    return np.round(figure.axes[0].collections[0].get_facecolors(), 6)


def test_faces_differ_in_light_and_hide_what_is_behind(tmp_path):
    cube = solid("cube")
    figure = plot_model(cube)
    fills = [tuple(fill) for fill in colours_of(figure) if fill[3]]
    assert len(fills) == 6
    assert len(set(fills[-3:])) == 3  # those in front
    bare = plot_model(cube, faces=[])
    assert len(bare.axes[0].collections) > 10  # layers of a frame


@pytest.mark.parametrize("figure", [
    solid("icosahedron"), polytope("icosahedron"), hull(solid("cube")),
    Model(solid("cube").tensor, edges=solid("cube").edges),
    Model((("0", "0", "0"), ("1", "0", "0"), ("0", "1.5", "0")), faces=((0, 1, 2),)),
    recover([["0", "0"], ["1", "0"], ["0", "1"]]), solid("600-cell"),
], ids=lambda figure: type(figure).__name__)  # fmt: skip
def test_models_bring_their_edges_and_faces(figure):
    model = figure if isinstance(figure, Model) else figure.model
    points = model.tensor if model.tensor is not None else np.array(model.vertices, dtype=float)
    one, two = plot_model(figure), plot_model(points, model.edges, faces=model.faces)
    assert one._repr_png_() == two._repr_png_()


def test_edges_and_faces_that_are_given_replace_those_of_a_model():
    cube = solid("cube")
    assert len(plot_model(cube, faces=cube.faces[:2]).axes[0].collections) == 1
    assert len(plot_model(cube, [], faces=[]).axes[0].collections) == 1  # dots


def test_degenerate_faces_are_drawn(tmp_path):
    points = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]])
    plot_model(points, [], tmp_path / "a.png", faces=[(0, 1, 2), (0, 1, 3), (0, 1, 0)], size=1.0)
    plot_model(np.zeros((3, 3)), [(0, 1)], tmp_path / "a.png", faces=[(0, 1, 2)], size=1.0)


def test_light_backgrounds_have_dark_lines():
    square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    sides = [(0, 1), (1, 2), (2, 3), (3, 0)]
    for background in ("white", "#fff", "#F4F1EA", "#0b1020", "black"):
        figure = plot_model(square, sides, background=background)
        brightness = figure.axes[0].collections[-1].get_colors()[0][:3].mean()
        assert (brightness < 0.5) == (background not in ("#0b1020", "black"))
    chosen = plot_model(square, sides, background="white", colours=("#ffffff", "#ff0000"))
    assert np.allclose(chosen.axes[0].collections[-1].get_colors()[0], (1, 0, 0, 1))


@pytest.mark.parametrize(
    ("faces", "error", "words"),
    [
        ([(0, 1)], ShapeError, r"faces\[0\]"),
        ([(0, 1, 2), (0, 1, 0.5)], ShapeError, r"faces\[1\]"),
        ([(0, 1, 8)], IndexError, "faces must name vertices from 0 to 7"),
        ([(0, -1, 2)], IndexError, "faces must name vertices"),
    ],
)
def test_unusable_faces(faces, error, words):
    with pytest.raises(error, match=rf"plotting: .*{words}|plotting: {words}"):
        plot_model(solid("cube"), faces=faces)


def test_a_path_in_the_place_of_edges_is_told():
    with pytest.raises(ShapeError, match="target="):
        plot_model(solid("cube"), "cube.png")


def test_a_tiling_is_drawn_by_its_points():
    patch = penrose(3)
    assert plot_model(patch.positions, patch.edges)._repr_png_()[:4] == b"\x89PNG"

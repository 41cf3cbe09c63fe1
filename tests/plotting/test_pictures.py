"""Pictures: the projection against its formula, and files that hold a real picture."""

import math
import subprocess
import sys
from itertools import combinations, product
from types import SimpleNamespace

import numpy as np
import pytest

from syntonic.constants import PHI_FLOAT as PHI
from syntonic.errors import BackendUnavailableError, FormatError, ShapeError
from syntonic.plotting import plot_model, project


def cube(dimension):
    """Vertices (±1, ..., ±1) and the edges between those that differ in one place."""
    points = np.array(list(product((-1.0, 1.0), repeat=dimension)))
    pairs = combinations(range(len(points)), 2)
    return points, [(i, j) for i, j in pairs if np.abs(points[i] - points[j]).sum() == 2]


def icosahedron():
    golden = [(0, a, b * PHI) for a in (1, -1) for b in (1, -1)]
    return np.array([np.roll(point, k) for point in golden for k in range(3)])


def pixels(path):
    from matplotlib.image import imread

    return imread(path)[..., :3]


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_a_picture_is_written(tmp_path, dimension):
    points, edges = cube(dimension)
    target = tmp_path / "cube.png"
    figure = plot_model(points, edges, target, size=2.0, dpi=100)
    image = pixels(target)
    assert image.shape == (200, 200, 3)
    background = image[0, 0]
    drawn = np.abs(image - background).sum(axis=-1) > 0.1
    assert 0.02 < drawn.mean() < 0.7
    assert drawn.any(axis=0).sum() > 100
    assert drawn.any(axis=1).sum() > 80
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > (5 if dimension == 2 else 20)
    assert figure.get_size_inches().tolist() == [2.0, 2.0]
    assert [path.name for path in tmp_path.iterdir()] == ["cube.png"]


def test_a_symmetric_figure_gives_a_symmetric_picture(tmp_path):
    """The tesseract, seen along one axis and then another, has the mirrors of a square."""
    points, edges = cube(4)
    plot_model(points, edges, tmp_path / "a.png", view=np.eye(4), size=2.0, dpi=100)
    image = pixels(tmp_path / "a.png")
    for mirrored in (image[::-1], image[:, ::-1], image.swapaxes(0, 1)):
        assert np.abs(image - mirrored).mean() < 0.01
    assert np.abs(image - image.mean()).mean() > 0.02


def test_nearer_edges_are_brighter_and_wider(tmp_path):
    points = np.array([[-1.0, 0.5, 1], [1, 0.5, 1], [-1, -0.5, -1], [1, -0.5, -1]])
    plot_model(points, [(0, 1), (2, 3)], tmp_path / "a.png", view=np.eye(3), size=2.0, dpi=100)
    brightness = pixels(tmp_path / "a.png").sum(axis=-1).max(axis=1)
    assert brightness[:100].max() > 2 * brightness[100:].max()
    drawn = brightness > brightness[0] + 0.02
    assert drawn[:100].sum() > drawn[100:].sum() > 0


def test_a_near_edge_interrupts_a_far_one(tmp_path):
    """Beside the near edge the far one is covered by the background."""
    points = np.array([[-1.0, 0, 0], [1, 0, 0], [0, -1, 1], [0, 1, 1]])
    options = {"view": np.eye(3), "distance": math.inf, "width": 4.0, "size": 2.0, "dpi": 200}
    plot_model(points, [(0, 1), (2, 3)], tmp_path / "a.png", **options)
    row = pixels(tmp_path / "a.png")[200].sum(axis=-1)
    background, far = row[0], row[100]
    assert far > background + 0.2
    assert row[200] > far + 0.2
    assert np.abs(row[192:200] - background).min() < 0.05


def test_perspective_in_four_dimensions():
    points, _ = cube(4)
    flat, depth = project(points, view=np.eye(4), distance=2.0)
    # R = 2, so the near cube (last coordinate 1) is drawn 1/(1 - 1/4), the far one 1/(1 + 1/4).
    scale = np.where(points[:, 3] > 0, 4 / 3, 4 / 5)
    np.testing.assert_allclose(flat, points[:, :2] * scale[:, None], rtol=1e-14)
    np.testing.assert_array_equal(depth, points[:, 3] > 0)


def test_projection_centres_and_is_orthographic_at_infinity():
    rng = np.random.default_rng(5)
    for dimension in (2, 3, 4):
        points = rng.normal(size=(20, dimension))
        flat, depth = project(points + 7, view=np.eye(dimension), distance=math.inf)
        np.testing.assert_allclose(flat, (points - points.mean(axis=0))[:, :2], atol=1e-12)
        assert depth.min() >= 0
        assert depth.max() == 1


def test_views_are_made_orthonormal_from_the_last_row():
    points = np.eye(4) * [1, 2, 3, 4]
    rows = np.array([[2.0, 1, 1, 1], [0, 3, 1, 1], [0, 0, 0.5, 1], [0, 0, 0, 9]])
    skew = project(points, view=rows, distance=3.0)
    straight = project(points, view=np.eye(4), distance=3.0)
    np.testing.assert_allclose(skew[0], straight[0], atol=1e-12)
    np.testing.assert_allclose(skew[1], straight[1], atol=1e-12)


def test_the_default_view_shows_five_fold_symmetry():
    """An icosahedron in the fourth dimension's equator is seen along a five-fold axis."""
    points = np.column_stack([icosahedron(), np.zeros(12)])
    flat, _ = project(points)
    c, s = math.cos(math.tau / 5), math.sin(math.tau / 5)
    turned = flat @ np.array([[c, s], [-s, c]])
    gaps = np.linalg.norm(turned[:, None] - flat[None], axis=-1).min(axis=1)
    assert gaps.max() < 1e-12


def test_tensors_give_their_floats():
    points, edges = cube(3)
    tensor = SimpleNamespace(to_floats=lambda: points)
    assert plot_model(tensor, edges).axes


def test_drawing_into_axes():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    points, edges = cube(3)
    assert plot_model(points, edges, right) is figure
    assert right.collections
    assert not left.collections


def test_points_without_edges_and_degenerate_figures(tmp_path):
    for points in (np.eye(4), np.zeros((1, 3)), np.ones((5, 2)), np.empty((0, 3))):
        plot_model(points, [], tmp_path / "a.png", size=1.0)
    plot_model(np.zeros((2, 4)), [(0, 1)], tmp_path / "a.png", size=1.0)


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_vector_graphics(tmp_path, suffix):
    points, edges = cube(3)
    plot_model(points, edges, tmp_path / f"a{suffix}")
    head = (tmp_path / f"a{suffix}").read_bytes()[:400]
    assert b"svg" in head if suffix == ".svg" else head.startswith(b"%PDF")


@pytest.mark.parametrize("name", ["a.xyz", "a"])
def test_a_failed_picture_leaves_the_old_file(tmp_path, name):
    points, edges = cube(3)
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(FormatError, match=r"\.png"):
        plot_model(points, edges, tmp_path / name)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"precious"]


@pytest.mark.parametrize(
    ("points", "edges", "options", "error"),
    [
        (np.zeros((3, 5)), [], {}, ShapeError),
        (np.zeros((3, 1)), [], {}, ShapeError),
        (np.zeros(3), [], {}, ShapeError),
        ([[0.0, math.nan]], [], {}, ValueError),
        ([[0.0, math.inf]], [], {}, ValueError),
        (np.zeros((3, 3)), [(0, 3)], {}, IndexError),
        (np.zeros((3, 3)), [(0, -1)], {}, IndexError),
        (np.zeros((3, 3)), [(0, 1, 2)], {}, ShapeError),
        (np.zeros((3, 3)), [(0, 0.5)], {}, ShapeError),
        (np.zeros((3, 3)), [], {"view": np.eye(4)}, ShapeError),
        (np.zeros((3, 3)), [], {"view": np.ones((3, 3))}, ValueError),
        (np.zeros((3, 3)), [], {"view": np.full((3, 3), math.nan)}, ValueError),
        (np.zeros((3, 3)), [], {"distance": 1.0}, ValueError),
        (np.zeros((3, 3)), [], {"distance": math.nan}, ValueError),
    ],
)
def test_unusable_arguments(points, edges, options, error):
    with pytest.raises(error, match=r"^(plotting|project): "):
        plot_model(points, edges, **options)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(BackendUnavailableError, match="pip install matplotlib"):
        plot_model(*cube(2))


def test_no_window_no_global_state():
    code = (
        "import sys, syntonic.plotting as p\n"
        "assert 'matplotlib' not in sys.modules\n"
        "p.plot_model([[0, 0], [1, 1]], [(0, 1)])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

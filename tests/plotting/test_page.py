"""Interactive pages: one file that needs no network, and a browser that shows and turns it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import suppress
from html.parser import HTMLParser

import numpy as np
import pytest

from syntonic.errors import BackendUnavailableError, FormatError, ShapeError
from syntonic.geometry import penrose, polytope, solid
from syntonic.io import Model
from syntonic.plotting import project, view

plotly = pytest.importorskip("plotly", reason="could not import plotly: the extra view")

NETWORK = re.compile(
    r"https?:|//[a-z]|fetch\s*\(|import\s*\(|XMLHttpRequest|WebSocket|url\s*\(|@import"
)


class Parts(HTMLParser):
    """The attributes that name other files, the scripts and the rest of the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.named, self.scripts, self.text, self._script = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._script = tag == "script"
        if ("http-equiv", "Content-Security-Policy") in attributes:
            self.policy = dict(attributes)["content"]
        loading = ("src", "srcset", "href", "data", "poster", "action", "background")
        self.named += [(tag, *each) for each in attributes if each[0] in loading]

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        (self.scripts if self._script else self.text).append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "a<b & 'c'.html"
    view(solid("icosidodecahedron"), target=path)
    return path


def test_a_page_is_one_file_without_references(page):
    """The script of the library is the very one that Plotly ships; all else names no other file."""
    parts = Parts(page.read_text("utf-8"))
    assert [each.name for each in page.parent.iterdir()] == [page.name]
    assert parts.named == []
    assert "default-src 'none'" in parts.policy
    assert "connect-src" not in parts.policy
    library = plotly.offline.get_plotlyjs().strip()
    own = [script for script in parts.scripts if script.strip() != library]
    assert len(own) == len(parts.scripts) - 1
    for text in [*own, *parts.text]:
        assert not NETWORK.search(text), text[:200]
    assert "a&lt;b &amp; &#x27;c&#x27;" in page.read_text("utf-8")
    assert "".join(parts.text).count("a<b & 'c'") == 1


def test_the_caption_is_there_before_the_figure(page):
    """Plotly fills what is free when its script is read, and would cover what comes after."""
    text = page.read_text("utf-8")
    assert text.index("</p>") < text.index("<main>")


def test_the_patterns_see_references():
    for text in ('<script src="x.js">', '<link href="a.css">', '<img src="//cdn/x.png">'):
        assert Parts(text).named
    for text in ("https://cdn", "fetch('x')", "import('y')", "url(z)", "@import 'x'"):
        assert NETWORK.search(text)


def test_pages_are_made_again_byte_for_byte(page, tmp_path):
    again = tmp_path / page.name
    view(solid("icosidodecahedron"), target=again)
    assert again.read_bytes() == page.read_bytes()


def trace(figure, kind):
    return next((each for each in figure.data if each.type == kind), None)


@pytest.mark.parametrize("name", ["cube", "small stellated dodecahedron", "icosidodecahedron"])
def test_the_triangles_cover_the_faces(name):
    """Around the middle of each face, from side to side; a star is covered as often as it turns."""
    figure = solid(name)
    mesh = trace(view(figure), "mesh3d")
    corners = np.stack([mesh.x, mesh.y, mesh.z], axis=1)
    first, second, third = (corners[getattr(mesh, key)] for key in "ijk")
    area = np.linalg.norm(np.cross(second - first, third - first), axis=1).sum() / 2
    points = figure.tensor.to_floats()
    expected = 0.0
    for face in figure.faces:
        walk = points[[*face]] - points[[*face]].mean(axis=0)
        expected += np.linalg.norm(np.cross(walk, np.roll(walk, -1, axis=0)), axis=1).sum() / 2
    assert area == pytest.approx(expected)
    sizes = [len(face) for face in figure.faces]
    assert len(set(mesh.facecolor)) == len(set(sizes))
    assert len(mesh.facecolor) == sum(sizes)


def test_lines_are_the_edges_and_dots_have_exact_names():
    figure = solid("600-cell")
    page = view(figure)
    lines, dots = page.data
    ends = np.stack([lines.x, lines.y, lines.z], axis=1).reshape(-1, 3, 3)
    assert len(ends) == 720
    assert np.isnan(ends[:, 2]).all()
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    assert lengths.max() > 2 * lengths.min()  # perspective
    assert dots.text[5] == f"({', '.join(map(str, figure.tensor[5].tolist()))})"
    flat, depth = project(figure.tensor.to_floats())
    assert np.allclose(np.stack([dots.x, dots.y], axis=1), flat)
    assert np.allclose(np.reshape(lines.line.color, (-1, 3))[:, :2], depth[np.array(figure.edges)])


def test_points_polytopes_and_tilings():
    assert [each.type for each in view(polytope("cube")).data] == [
        "mesh3d",
        "scatter3d",
        "scatter3d",
    ]
    assert [each.mode for each in view(np.eye(3)).data] == ["markers"]
    assert [each.mode for each in view(solid("cube"), faces=[]).data] == ["lines", "markers"]
    patch = penrose(3)
    (flat,) = view(patch.positions, patch.edges).data
    assert not np.any(np.nan_to_num(flat.z))
    printed = Model((("0", "0", "0"), ("1", "0", "0"), ("0", "1.5", "0")), faces=((0, 1, 2),))
    assert [each.type for each in view(printed).data] == ["mesh3d", "scatter3d"]


def test_refusals(tmp_path):
    with pytest.raises(FormatError, match=r"\.html"):
        view(solid("cube"), target=tmp_path / "a.png")
    with pytest.raises(ShapeError, match="plotting: vertices"):
        view(np.zeros((3, 5)))
    with pytest.raises(OSError, match="folder"):
        view(solid("cube"), target=tmp_path / "no" / "a.html")
    (tmp_path / "a.html").write_text("precious")
    with pytest.raises(IndexError):
        view(solid("cube"), [(0, 99)], tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "precious"


def test_without_plotly(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(BackendUnavailableError, match=r"pip install plotly"):
        view(solid("cube"))


# -- a browser ---------------------------------------------------------------------------------
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DRAGGED = """
<script>
window.addEventListener("load", () => setTimeout(() => {
  const place = document.querySelector("#figure canvas"), send = (kind, x, y, buttons) =>
    place.dispatchEvent(new MouseEvent(kind, {
      clientX: x, clientY: y, buttons, button: 0, bubbles: true, view: window}));
  send("mousedown", 200, 200, 1);
  for (let k = 1; k < 20; k++) send("mousemove", 200 + 8 * k, 200 + 3 * k, 1);
  send("mouseup", 352, 257, 0);
}, 2000));
</script>
"""


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    """Return a function that takes a screenshot of a page: its pixels, and its complaints."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on PATH")
    folder = tmp_path_factory.mktemp("browser")

    def take(path):
        from matplotlib.image import imread

        picture = folder / "shot.png"
        options = [
            "--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
            "--hide-scrollbars", "--window-size=600,630", "--virtual-time-budget=8000",
            "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
            f"--screenshot={picture}", path.as_uri(),
        ]  # fmt: skip
        for k in range(5):  # on a busy machine a browser may hang as it starts
            with suppress(subprocess.TimeoutExpired):
                done = subprocess.run(
                    [browser, f"--user-data-dir={folder / f'profile{k}'}", *options],
                    check=True, capture_output=True, timeout=90,
                )  # fmt: skip
                break
        else:
            pytest.fail("the browser hangs")
        complaints = [line for line in done.stderr.decode().splitlines() if "CONSOLE" in line]
        return imread(picture)[..., :3], complaints

    return take


@pytest.mark.campaign
def test_a_browser_shows_a_page_that_turns(shot, page, tmp_path):
    still, complaints = shot(page)
    assert [line for line in complaints if "Content Security Policy" in line] == []
    middle = still[50:550, 50:550].reshape(-1, 3)
    drawn = np.abs(middle - still[2, 2]).sum(axis=1) > 0.1
    assert 0.4 < drawn.mean() < 0.95
    assert len(np.unique(middle.round(1), axis=0)) > 8
    turned = tmp_path / "turned.html"
    turned.write_text(page.read_text("utf-8").replace("</body>", f"{DRAGGED}</body>"), "utf-8")
    after, _ = shot(turned)
    assert np.abs(after - still).mean() > 0.02

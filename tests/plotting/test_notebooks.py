"""What notebooks show: pictures, pages and tables, through a real kernel and by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from syntonic import PHI, ResonantTensor
from syntonic.geometry import hull, solid
from syntonic.io import Model
from syntonic.recovery import recover

ROOT = Path(__file__).resolve().parents[2]
NASTY = "<script>alert('x')</script> & \"more\""


class Text(HTMLParser):
    """The tags of a page, and its text as a reader sees it."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def pentagon():
    from math import cos, radians, sin

    angles = [radians(10 + 72 * k) for k in range(5)]
    return [[f"{3.7 * f(angle):.5f}" for f in (cos, sin)] for angle in angles]


RESULTS = {
    "model": lambda notes: Model(solid("cube").tensor, edges=solid("cube").edges, notes=notes),
    "printed model": lambda notes: Model((("0", "1.5"), ("1", "0")), path=NASTY, notes=notes),
    "recovery": lambda notes: recover(
        Model((("0.500", "0.809"), ("-0.500", "0.809"), ("-0.500", "-0.809")), notes=notes)),
    "scale-free": lambda notes: recover(Model(tuple(map(tuple, pentagon())), notes=notes),
                                        scale_free=True),
    "in five dimensions": lambda notes: Model(ResonantTensor.eye(5) * PHI, notes=notes),
    "beyond floats": lambda notes: Model(ResonantTensor.eye(3) * PHI**2000, notes=notes),
    "nothing": lambda notes: Model((), notes=notes),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_tables_are_escaped_and_have_pictures_where_there_can_be_some(name):
    html = RESULTS[name]((NASTY,))._repr_html_()
    page = Text(html)
    assert "script" not in page.tags
    assert NASTY in page.text
    drawn = name not in ("in five dimensions", "beyond floats", "nothing", "scale-free")
    assert ("img" in page.tags) == drawn
    if drawn:
        data = re.search(r'src="data:image/png;base64,([^"]*)"', html).group(1)
        assert b64decode(data)[:4] == b"\x89PNG"


def test_tables_say_what_the_summary_says():
    found = recover([["0.500", "0.809"], ["-0.500", "0.809"], ["-0.500", "-0.809"]])
    text = Text(found._repr_html_()).text
    for line in found.summary().splitlines():
        name, _, told = line.partition("  ")
        assert name.strip() in text
        assert told.strip() in text
    assert "8 vertices, 12 edges, 6 faces" in Text(solid("cube")._repr_html_()).text
    assert "f_vector=(8, 12, 6)" in Text(hull(solid("cube"))._repr_html_()).text


def test_no_picture_without_matplotlib_nor_of_what_takes_long(monkeypatch):
    from syntonic.io import notebook

    assert "<img" in solid("cube")._repr_html_()
    monkeypatch.setattr(notebook, "_MOST_DRAWN", 19)
    assert "<img" not in solid("cube")._repr_html_()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "<img" not in solid("cube")._repr_html_()


CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from syntonic.geometry import solid\n"
    "from syntonic.plotting import plot_model, view\n"
    "from syntonic.recovery import recover",
    "plot_model(solid('icosahedron'))",
    "solid('icosahedron')",
    "recover([['0.500', '0.809'], ['-0.500', '0.809']])",
    "view(solid('icosahedron'))",
    "%matplotlib inline\nplot_model(solid('cube'))",
]


RUN = """
import json, sys
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

book = new_notebook(cells=[new_code_cell(cell) for cell in json.load(sys.stdin)])
NotebookClient(book, timeout=300, kernel_name="python3").execute()
data = [[each["data"] for each in cell.outputs if "data" in each] for cell in book.cells]
print(json.dumps(data))
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the cells of a notebook show: for each the forms of its outputs."""
    for name in ("nbclient", "ipykernel", "plotly"):
        pytest.importorskip(name, reason=f"could not import {name}: the extra peers")
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(CELLS), capture_output=True, text=True,
        cwd=tmp_path_factory.mktemp("notebook"), timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("cell", "form"),
    [(1, "image/png"), (2, "text/html"), (3, "text/html"),
     (4, "application/vnd.plotly.v1+json"), (5, "image/png")],
)  # fmt: skip
def test_notebooks_show_it_once(shown, cell, form):
    (data,) = shown[cell]
    assert data[form]
    if form == "image/png":
        assert b64decode(data[form])[:4] == b"\x89PNG"

"""Schlegel diagrams: the cells fill the outer one, exactly, and keep its true shape."""

from __future__ import annotations

import numpy as np
import pytest

from syntonic import GoldenExact, ResonantTensor
from syntonic.errors import ShapeError
from syntonic.geometry import hull, identify_solid, polytope, schlegel, volume

SIMPLEX = ResonantTensor([[0, 0, 0, 0], [3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 3, 0], [1, 1, 1, 9]])
FIGURES = {
    "simplex": lambda: hull(SIMPLEX),
    "random": lambda: hull(ResonantTensor.random_lattice((14, 4), bound=9, seed=3)),
    **{name: lambda name=name: polytope(name) for name in ("tesseract", "24-cell")},
}


def corners(model, cell):
    return model.tensor[sorted({k for face in model.cells[cell] for k in model.faces[face]})]


@pytest.mark.campaign
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("cell", [0, 3])
def test_the_other_cells_fill_the_outer_one(name, cell):
    figure = FIGURES[name]()
    diagram = schlegel(figure, cell)
    outer = diagram.tensor[[*figure.faces(3)[cell]]]
    contents = [volume(corners(diagram, k)) for k in range(len(diagram.cells))]
    assert all(each > 0 for each in contents)
    assert sum(contents, GoldenExact(0)) == volume(outer)
    assert hull(diagram.tensor).f_vector == hull(outer).f_vector
    for face in diagram.faces:
        assert hull(diagram.tensor[[*face]]).dimension == 2


@pytest.mark.parametrize(("name", "solid"), [
    ("tesseract", "cube"), ("24-cell", "octahedron"), ("600-cell", "tetrahedron"),
    ("120-cell", "dodecahedron"), ("snub 24-cell", "tetrahedron")])  # fmt: skip
def test_the_outer_cell_has_its_true_shape(name, solid):
    figure = polytope(name)
    sizes = [len(each) for each in figure.faces(3)]
    cell = int(np.argmin(sizes))
    diagram = schlegel(figure, cell)
    assert identify_solid(diagram.tensor[[*figure.faces(3)[cell]]]) == solid


def test_refusals():
    with pytest.raises(ShapeError, match="schlegel: the figure must span four dimensions"):
        schlegel(polytope("cube"))
    with pytest.raises(IndexError, match="schlegel: cell must be from 0 to 4, got 5"):
        schlegel(SIMPLEX, 5)

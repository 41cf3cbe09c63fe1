"""Model: what it derives, what it refuses, and how it writes files whole or not at all."""

import os
import stat
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.errors import FormatError, ShapeError
from syntonic.io import Model, read, write
from syntonic.io.decimals import decimal_fault
from syntonic.io.files import replacing
from syntonic.io.model import edges_of

SQUARE = (("0", "0"), ("1", "0"), ("1", "1"), ("0", "1"))
PRINTED = (("0", "0"), ("0.0", "1.00"), ("1.618", "0.50"))
EXACT = ResonantTensor([[0, 0], [0, 1], [PHI, Fraction(1, 2)]])
CUBE = tuple((x, y, z) for x in "01" for y in "01" for z in "01")
CUBE_FACES = ((0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5))


def test_edges_come_from_the_faces_when_none_are_given():
    cube = Model(CUBE, faces=CUBE_FACES)
    brute = {(i, j) for i in range(8) for j in range(i) if (i ^ j).bit_count() == 1}
    assert set(cube.edges) == {(j, i) for i, j in brute}
    assert list(cube.edges) == sorted(cube.edges)


def test_given_edges_are_kept_sorted_and_once():
    model = Model(SQUARE, edges=((3, 1), (0, 2), (1, 3)), faces=((0, 1, 2, 3),))
    assert model.edges == ((0, 2), (1, 3))


def test_edges_of_counts_shared_sides_once():
    assert edges_of([(2, 1, 0), (0, 1, 3)]) == ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3))
    assert edges_of([]) == ()


def test_cell_count_is_the_header_s_or_the_number_of_cells():
    faces = CUBE_FACES
    assert Model(CUBE, faces=faces, cells=((0, 1, 2, 3, 4, 5),)).cell_count == 1
    assert Model(CUBE, faces=faces, cell_count=7).cell_count == 7
    assert Model(CUBE, faces=faces).cell_count is None
    assert Model(CUBE, faces=faces, cell_count=0).cell_count is None


def test_dimension_and_vertex_count():
    assert Model(()).dimension == 0
    assert Model(CUBE).dimension == 3
    assert Model(CUBE).vertex_count == 8
    exact = Model((), edges=((0, 4),), tensor=ResonantTensor.zeros((5, 4)))
    assert (exact.dimension, exact.vertex_count) == (4, 5)


def test_models_are_frozen_and_compare_without_their_path():
    model = Model(SQUARE, path="a.off")
    assert model == Model(SQUARE, path="b.off")
    assert hash(model) == hash(Model(SQUARE))
    with pytest.raises(FrozenInstanceError):
        model.path = "c.off"


@pytest.mark.parametrize(
    "vertices", [(("0", "0"), ("1",)), ((), ()), (("0",), ()), (("0",), ("1", "2"))]
)
def test_ragged_rows_are_refused(vertices):
    with pytest.raises(ShapeError, match=r"vertices\[\d\]"):
        Model(vertices)


@pytest.mark.parametrize("shape", [(3, 2), (4, 3), (8,), (4, 2, 1)])
def test_a_tensor_of_another_shape_is_refused(shape):
    with pytest.raises(ShapeError, match="tensor"):
        Model(SQUARE, tensor=ResonantTensor.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"vertices": 5}, "vertices must be rows, got int"),
        ({"vertices": "12"}, "vertices must be rows, got str"),
        ({"vertices": ("12", "34")}, r"vertices\[0\] must be a row, got str"),
        ({"vertices": (1.5, 2)}, r"vertices\[0\] must be a row, got float"),
        ({"vertices": np.zeros((2, 2))}, r"vertices\[0\] must hold strings, got float64"),
        ({"vertices": (("1",), (PHI,))}, r"vertices\[1\] must hold strings, got GoldenExact"),
        ({"vertices": (), "tensor": np.zeros((2, 2))}, "tensor must be a ResonantTensor, got nda"),
        ({"vertices": (), "tensor": EXACT.wake_flux()}, r"must be crystallized.*\.crystallize"),
        ({"vertices": EXACT, "tensor": EXACT}, "drop one"),
        ({"vertices": EXACT.wake_flux()}, "must be crystallized"),
    ],
)
def test_what_are_no_vertices(arguments, says):
    with pytest.raises(TypeError, match=f"^Model: .*{says}"):
        Model(**arguments)


def test_a_tensor_is_a_model_of_points(tmp_path):
    faces = ((0, 1, 2),)
    models = [Model(EXACT, faces=faces), Model.from_exact(EXACT, faces=faces)]
    models.append(Model((), faces=faces, tensor=EXACT))
    for model in models:
        assert model == models[0]
        assert model.tensor is EXACT
        assert (model.vertices, model.vertex_count, model.dimension) == ((), 3, 2)
    for suffix in ("off", "vef", "json", "mesh.json", "ply"):
        write(EXACT, tmp_path / f"a.{suffix}")
        write(Model(EXACT), tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    with pytest.raises(ShapeError, match=r"tensor must have shape \(vertices, dimension\)"):
        write(EXACT[0], tmp_path / "c.off")
    for thing in ([[0, 1]], np.zeros((2, 2)), None):
        with pytest.raises(TypeError, match="write: model must be a Model or a tensor of points"):
            write(thing, tmp_path / "c.off")


def numbers(model):
    """Return the vertices of a model as exact numbers, and whether they were given exactly."""
    if model.tensor is not None:
        return [x for row in model.tensor.tolist() for x in row], True
    return [Fraction(token) for row in model.vertices for token in row], False


@pytest.mark.parametrize("suffix", ["off", "vef", "json", "mesh.json", "ply"])
@pytest.mark.parametrize(
    ("rows", "tensor"),
    [
        (PRINTED, None),
        ((), EXACT),
        (PRINTED, EXACT),
        (PRINTED, EXACT * PHI**3),
        (PRINTED, EXACT - 1),
        (PRINTED, -EXACT),
        ((("0", "1e-17"), ("-0.0", "2"), ("1.62", "0.5e0")), EXACT),
        ((("0", "0"), ("0", "1"), ("1", "0")), EXACT * Fraction(6, 5)),
    ],
    ids=["printed", "exact", "both", "scaled", "moved", "mirrored", "noise", "integers"],
)
def test_what_is_written_is_what_the_model_says(tmp_path, suffix, rows, tensor):
    model = Model(rows or tensor, faces=((0, 1, 2),))
    if rows and tensor is not None:  # as after recover()
        model = replace(model, tensor=tensor)
    if suffix in ("vef", "mesh.json") and tensor is None:
        with pytest.raises(FormatError, match="recover them first"):
            write(model, tmp_path / f"a.{suffix}")
        return
    write(model, tmp_path / f"a.{suffix}")
    back = read(tmp_path / f"a.{suffix}")
    assert (back.edges, back.faces) == (model.edges, model.faces)
    found, is_exact = numbers(back)
    wanted = numbers(model)[0]
    assert is_exact == (suffix not in ("off", "ply") and tensor is not None)
    if is_exact or tensor is None:
        assert found == wanted
    for x, token in zip(wanted, (t for row in back.vertices for t in row), strict=True):
        half_a_unit = Fraction(10) ** -max(len(token.partition(".")[2].partition("e")[0]), 2) / 2
        assert abs(x - Fraction(token)) <= half_a_unit
    if model.vertices and suffix not in ("vef", "mesh.json"):
        assert back.vertices == model.vertices
    write(back, tmp_path / f"again.{suffix}")
    again = (tmp_path / f"again.{suffix}").read_bytes()
    assert again == (tmp_path / f"a.{suffix}").read_bytes()


def test_printed_digits_stand_where_they_are_the_exact_ones_rounded():
    assert replace(Model(PRINTED), tensor=EXACT).vertices == PRINTED
    one_moved = EXACT + ResonantTensor([[0, 0], [0, 0], [0, Fraction(1, 100)]])
    again = ("1.6180339887498948", "0.51")
    assert replace(Model(PRINTED), tensor=one_moved).vertices == (*PRINTED[:2], again)


@pytest.mark.parametrize(
    ("token", "x", "stands"),
    [
        ("1", 1, True),
        ("1", Fraction(11, 10), False),
        ("1.", Fraction(11, 10), False),
        ("1.0", Fraction(21, 20), True),
        ("1.0", Fraction(19, 20), True),
        ("1.0", Fraction(19, 20) - Fraction(1, 10**30), False),
        ("1.0", Fraction(21, 20) + PHI**-200, False),
        (".5", Fraction(1, 2), True),
        ("-1.618034", -PHI, True),
        ("+1.618034", PHI, True),
        ("1.618034", -PHI, False),
        ("1.618033", PHI, False),
        ("0.0", 0, True),
        ("-0.0", 0, True),
        ("6.1e-17", 0, False),
        ("1.6e0", PHI, True),
        ("16.18e-01", PHI, True),
        ("0.16E1", PHI, True),
        ("1.6e1", PHI, False),
        ("1e5", 10**5, True),
        ("1e5", 10**5 + 1, False),
        ("1.0e5", 10**5 + 1, False),
        ("16180e-4", PHI, True),
        ("16e-1", Fraction(166, 100), False),
    ],
)
def test_which_digits_stand(token, x, stands):
    model = Model(((token,),), tensor=ResonantTensor([[x]]))
    assert (model.vertices == ((token,),)) == stands
    if not stands:
        assert abs(Fraction(model.vertices[0][0]) - x) <= abs(GoldenExact(x)) / 10**16


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"edges": ((0, 4),)}, r"edges\[0\]"),
        ({"edges": ((0, 1), (0, -1))}, r"edges\[1\]"),
        ({"edges": ((2, 2),)}, r"edges\[0\]"),
        ({"edges": ((0, 1, 2),)}, r"edges\[0\]"),
        ({"faces": ((0, 1),)}, r"faces\[0\]"),
        ({"faces": ((0, 1, 2), (0, 1, 4))}, r"faces\[1\]"),
        ({"faces": ((-1, 1, 2),)}, r"faces\[0\]"),
        ({"faces": ((0, 1, 1, 2),)}, r"faces\[0\]"),
        ({"faces": ((0, 1, 2, 0),)}, r"faces\[0\]"),
        ({"faces": ((0, 1, 2),), "cells": ((0, 1),)}, r"cells\[0\]"),
        ({"faces": ((0, 1, 2),), "cells": ((),)}, r"cells\[0\]"),
        ({"faces": ((0, 1, 2),), "cells": ((0, 0),)}, r"cells\[0\]"),
        ({"faces": ((0, 1, 2),), "cells": ((0,),), "cell_count": 2}, "cell_count"),
        ({"cell_count": -1}, "cell_count"),
        ({"field": "rootTwo"}, "field"),
    ],
)
def test_broken_models_are_refused(options, place):
    with pytest.raises(FormatError, match=place):
        Model(SQUARE, **options)


@pytest.mark.parametrize("token", ["0", "-1", "+1.5", ".5", "5.", "1e5", "1E-05", "-2.50e+999"])
def test_decimals(token):
    assert decimal_fault(token) is None
    assert Model(((token,),)).vertices == ((token,),)


NO_DECIMALS = [
    ".",
    "-",
    "nan",
    "inf",
    "-Infinity",
    "0x1p3",
    "1_000",
    "1,5",
    "1e",
    "1e9999",
    "--1",
    "٣",
    "½",
    "1/2",
    "1e1.5",
    "e5",
    "+-1",
    "1.2.3",
    "1d5",
    "1j",
]


@pytest.mark.parametrize("token", [*NO_DECIMALS, "", "1 2", "1\n", " 1", "1" * 1001])
def test_what_is_no_decimal(token):
    assert decimal_fault(token) is not None
    with pytest.raises(FormatError, match=r"vertices\[1\]"):
        Model((("0",), (token,)))


def test_write_and_read_back(tmp_path):
    cube = Model(CUBE, faces=CUBE_FACES, cells=((0, 1, 2, 3, 4, 5),))
    write(cube, tmp_path / "cube.off")
    again = read(str(tmp_path / "cube.off"))
    assert again == cube
    assert again.path == str(tmp_path / "cube.off")
    assert os.listdir(tmp_path) == ["cube.off"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.off"
    target.write_bytes(b"precious")
    with pytest.raises(FormatError, match="1e999"):
        write(Model((), tensor=ResonantTensor([[1, 10**1000]])), target)
    with pytest.raises(TypeError), replacing(target) as file:
        file.writelines([b"half", "no bytes"])
    assert target.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["a.off"]


def test_writing_into_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(Model(SQUARE), tmp_path / "no" / "a.off")


def test_writing_follows_links_and_keeps_the_mode(tmp_path):
    target = tmp_path / "real.off"
    target.write_bytes(b"")
    target.chmod(0o640)
    link = tmp_path / "link.off"
    link.symlink_to(target)
    write(Model(SQUARE), link)
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert read(target) == Model(SQUARE)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.off.bak"])
def test_unknown_extensions_are_not_written(tmp_path, name):
    with pytest.raises(FormatError, match=r"OFF \(\.off"):
        write(Model(SQUARE), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_formats_are_known_by_content_when_not_by_name(tmp_path):
    for name in ("a.off", "a.OFF", "a.txt", "a"):
        write(Model(SQUARE), tmp_path / "a.off")
        (tmp_path / "a.off").rename(tmp_path / name)
        assert read(tmp_path / name) == Model(SQUARE)
    (tmp_path / "b.txt").write_text("# about OFF\n3.5\n")
    assert read(tmp_path / "b.txt") == Model((("3.5",),))
    (tmp_path / "b.txt").write_text("Once upon a time\n3.5\n")
    with pytest.raises(FormatError, match=r"readable are OFF \(\.off"):
        read(tmp_path / "b.txt")


def test_missing_files_directories_and_devices(tmp_path):
    for name in ("no.off", "no.txt"):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / name)
    for name in ("folder.off", "folder"):
        (tmp_path / name).mkdir()
        with pytest.raises(FormatError, match="regular file"):
            read(tmp_path / name)
    with pytest.raises(FormatError, match="regular file"):
        read(os.devnull)


def test_files_of_an_unbearable_size_are_not_loaded(tmp_path):
    with (tmp_path / "a.off").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FormatError, match="split it"):
        read(tmp_path / "a.off")


def test_replace_checks_again():
    with pytest.raises(FormatError):
        replace(Model(SQUARE, faces=((0, 1, 2, 3),)), faces=((0, 1, 9),))


# Named: vertices by signed even permutations, and how many pairs are nearest.
GOLDEN = ResonantTensor([[0, 1, PHI], [0, -1, PHI], [0, 1, -PHI], [0, -1, -PHI]])
ICOSAHEDRON = ResonantTensor(
    [[row[(k + j) % 3] for k in range(3)] for row in GOLDEN.tolist() for j in range(3)]
)


@pytest.mark.parametrize("scale", [1, PHI**40, PHI**-40, Fraction(1, 3)])
def test_edges_by_the_shortest_distance(scale):
    exact = Model(ICOSAHEDRON * scale).with_shortest_edges()
    brute = [[sum((x - y) ** 2 for x, y in zip(p, q, strict=True)) for q in ICOSAHEDRON.tolist()]
             for p in ICOSAHEDRON.tolist()]  # fmt: skip
    assert exact.edges == tuple(
        (i, j) for i in range(12) for j in range(i + 1, 12) if brute[i][j] == 4
    )
    assert len(exact.edges) == 30
    assert exact.notes == ("edges: the 30 pairs at the shortest distance",)
    assert exact.tensor.equals(ICOSAHEDRON * scale)


@pytest.mark.parametrize("decimals", [1, 2, 3, 7, 12, 15, 17])
def test_printed_edges_by_the_shortest_distance(decimals):
    rows = tuple(tuple(format(x, f".{decimals}f") for x in row) for row in ICOSAHEDRON.tolist())
    printed = Model((*rows, rows[0]))  # the same point once more is at no distance
    found = printed.with_shortest_edges()
    assert {(i, j) for i, j in found.edges if j < 12} == {
        *Model(ICOSAHEDRON).with_shortest_edges().edges
    }
    assert len(found.edges) == 35
    assert found.vertices == printed.vertices


def test_hardly_longer_edges_are_told_apart_where_they_are_exact():
    points = ResonantTensor([[0], [1], [2 + PHI**-90], [3 + PHI**-90]])
    assert Model(points).with_shortest_edges().edges == ((0, 1), (2, 3))
    assert Model(ResonantTensor([[PHI], [PHI]])).with_shortest_edges().edges == ()
    for model in (Model(()), Model((("1", "2"),)), Model(ResonantTensor([[PHI]]))):
        assert model.with_shortest_edges().edges == ()

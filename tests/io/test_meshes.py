"""OBJ, STL, PLY and NPY: printed digits are kept, binary floats become their shortest decimals."""

import re
import struct
from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, ResonantTensor, recover
from syntonic.errors import FormatError
from syntonic.io import Model, read, write

VERTICES = (("1.0", "1", "1"), ("1", "-1.0", "-1"), ("-1", "1", "-1"), ("-1", "-1", "1e0"))
FACES = ((0, 1, 2), (0, 3, 1), (0, 2, 3), (1, 3, 2))
SOLID = Model(VERTICES, faces=FACES)


@pytest.fixture
def parse(tmp_path):
    def parse(text, name):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return parse


def check_refusal(parse, text, name, line, rule):
    with pytest.raises(FormatError, match=re.escape(rule)) as caught:
        parse(text, name)
    assert caught.value.line == line
    assert name in str(caught.value)
    assert len(str(caught.value)) < 400


def values(model):
    return [[Fraction(token) for token in row] for row in model.vertices]


# -- OBJ --------------------------------------------------------------------------------------

OBJ = """\
# made by hand
mtllib a.mtl
o solid
v 1.0 1 1
v 1 -1.0 -1
v -1 1 -1
v -1 -1 1e0
vt 0 0
vn 0 0 1
usemtl gold
s off
f 1 2 3
f 1/1 4/1 2/1
f 1//1 3//1 4//1
f -3/1/1 -1/1/1 -2/1/1
"""


@pytest.mark.parametrize(
    "text",
    [
        OBJ,
        OBJ.replace("\n", "\r\n"),
        OBJ.replace("f 1 2 3", "f 1 \\\n 2 3"),
        OBJ.replace("v 1 -1.0 -1", "v 1 \u22121.0 \u22121 1.0"),
        OBJ.replace("v ", "v  ").replace(" 1\n", " 1\t\n"),
        re.sub("(?m)^(v .*)$", r"\1 0.5 0.5 1", OBJ),
    ],
)
def test_obj(parse, text):
    assert parse(text, "a.obj") == SOLID
    assert parse(text, "a.txt") == SOLID


def test_obj_says_what_it_leaves_out(parse):
    coloured = re.sub("(?m)^(v .*)$", r"\1 255 0 0 9", OBJ)
    note = "3 coordinates a vertex; left out: the colours of the vertices"
    assert parse(coloured, "a.obj").notes == (note,)
    assert parse(OBJ, "a.obj").notes == ()


def test_lines_of_obj_are_edges(parse):
    model = parse("v 0 0 0\nv 1 0 0\nv 2 0 0\nl 1 2/1 3\nl -1 1\n", "a.obj")
    assert (model.edges, model.faces) == (((0, 1), (0, 2), (1, 2)), ())


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "empty"),
        ("v 0 0\n", 1, "3 coordinates, got 2"),
        ("v 0 0 0 0 0\n", 1, "3 coordinates, got 5"),
        ("v 0 0 0 2\n", 1, "the weight of a vertex must be 1, got '2'"),
        ("v 0 0 nan\n", 1, "finite decimal"),
        ("v 0 0 φ\n", 1, "got 'φ'"),
        ("v 0 0 0\nf 0 1 1\n", 2, "whole number from 1, or from -1 down, got '0'"),
        ("v 0 0 0\nf 1 1.5 1\n", 2, "got '1.5'"),
        ("v 0 0 0\nf -1 -2 -3\n", 2, "one of the 1 before this line, got -2"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", 4, "got 3"),
        ("v 0 0 0\nf 1\n", 2, "must be followed by vertices, got 1"),
        ("v 0 0 0\nv 1 0 0\nf 1 2\n", 3, "at least 3"),
        ("v 0 0 0\nl 1 1\n", 2, "two different"),
        ("v 0 0 0\ncurv 0 1 1\n", 2, "a statement must be"),
        ("v 0 0 0\nf 1 " + "9" * 5000 + " 1\n", 2, "whole number from 1"),
        ("v 0 0 \\\n", 1, "must follow the backslash"),
        (b"v 0 0 \0", None, "binary"),
    ],
)
def test_broken_obj_files(parse, text, line, rule):
    check_refusal(parse, text, "a.obj", line, rule)


# -- STL --------------------------------------------------------------------------------------


def stl(solid=SOLID, indent="  "):
    rows = ["solid a name"]
    for face in solid.faces:
        rows += ["facet normal 0 0 1", f"{indent}outer loop"]
        rows += [f"{indent}vertex {' '.join(solid.vertices[k])}" for k in face]
        rows += [f"{indent}endloop", "endfacet"]
    return "\n".join([*rows, "endsolid a name", ""])


def binary_stl(triangles, header=b"solid of a kind"):
    out = header.ljust(80) + struct.pack("<I", len(triangles))
    for corners in triangles:
        out += struct.pack("<12fH", 0, 0, 1, *(x for corner in corners for x in corner), 7)
    return out


@pytest.mark.parametrize(
    "text",
    [
        stl(),
        stl().upper(),
        stl(indent="\t"),
        stl().replace("\n", "\r\n"),
        stl().replace("-", "\u2212"),
    ],
)
def test_stl(parse, text):
    for name in ("a.stl", "a.txt"):
        model = parse(text, name)
        assert values(model) == values(SOLID)
        assert (model.faces, model.edges) == (SOLID.faces, SOLID.edges)


def test_several_solids(parse):
    halves = [Model(VERTICES, faces=FACES[:2]), Model(VERTICES, faces=FACES[2:])]
    assert values(parse("".join(map(stl, halves)), "a.stl")) == values(SOLID)


def test_equal_corners_are_merged(parse):
    """By value, however they are printed, and no others, however near."""
    text = stl(Model((("0", "0", "0"), ("1", "0", "0"), ("0", "1", "0")), faces=((0, 1, 2),)))
    again = text.replace("vertex 0 0 0", "vertex -0.0 0e5 +0").replace("1", "1.00")
    near = text.replace("vertex 0 0 0", "vertex 1e-300 0 0")
    assert len(parse(text + again, "a.stl").vertices) == 3
    assert len(parse(text + again + near, "a.stl").vertices) == 4


def test_triangles_of_two_corners_are_left_out(parse):
    flat = Model(VERTICES, faces=(FACES[0],))
    text = stl(flat).replace(" ".join(VERTICES[1]), " ".join(VERTICES[0]))
    model = parse(stl() + text, "a.stl")
    assert model.faces == FACES
    assert model.notes == ("left out: 1 triangles with fewer than three different corners",)


def test_binary_stl(parse):
    phi = np.float32(1.618034)
    corners = [(0, 1, phi), (1, phi, 0), (phi, 0, 1)]
    for header in (b"", b"solid text", b"\xff" * 80):
        model = parse(binary_stl([corners, corners[::-1]], header), "a.stl")
        assert model.vertices[0] == ("0.0", "1.0", "1.618034")
        assert (len(model.vertices), model.faces) == (3, ((0, 1, 2), (2, 1, 0)))
    assert parse(binary_stl([]), "a.stl") == Model(())


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "empty"),
        ("solid\nfacet normal 0 0 1\n", 2, "is it cut off?"),
        ("solid\n", 1, "is it cut off?"),
        ("facet normal 0 0 1\n", 1, "solid must come here, got 'facet'"),
        (stl().replace("endloop", "vertex 0 0 0", 1), 7, "endloop must come here"),
        (stl().replace("vertex 1 -1.0 -1", "vertex 1 -1.0", 1), 5, "3 coordinates, got 2"),
        (stl().replace("1e0", "nan", 1), 12, "finite decimal"),
        (stl() + "more\n", 31, "solid must come here"),
        (b"\0" * 90, None, "is it cut off?"),
        (binary_stl([[(0, 0, float("nan"))] * 3]), None, "finite, got NaN or infinity in row 0"),
        (binary_stl([[(0, 0, 1)] * 3])[:-1], None, "is it cut off?"),
        (binary_stl([[(0, 0, 1)] * 3]) + b"1", None, "is it cut off?"),
    ],
)
def test_broken_stl_files(parse, text, line, rule):
    check_refusal(parse, text, "a.stl", line, rule)


# -- PLY --------------------------------------------------------------------------------------

PLY = """\
ply
format ascii 1.0
comment made by hand
element vertex 4
property float x
property float y
property float z
element face 4
property list uchar int vertex_indices
end_header
1.0 1 1
1 -1.0 -1
-1 1 -1
-1 -1 1e0
3 0 1 2
3 0 3 1
3 0 2 3
3 1 3 2
"""


@pytest.mark.parametrize(
    "text",
    [
        PLY,
        PLY.replace("\n", "\r\n"),
        PLY.replace("vertex_indices", "vertex_index"),
        PLY.replace("float", "float64").replace("uchar int", "uint8 int32"),
        PLY.replace("property float y\nproperty float z", "property float z\nproperty float y")
        .replace("1 -1.0 -1", "1 -1 -1.0").replace("-1 1 -1", "-1 -1 1", 1)
        .replace("-1 -1 1e0", "-1 1e0 -1"),
        re.sub("(?m)^((1.0|1|-1) .*)$", r"\1 9", PLY.replace("\nel", "\nproperty uchar r\nel"))
        .replace("property uchar r\n", "", 1),
        re.sub("(?m)^(3 .*)$", r"\1 0.5", PLY.replace("end_h", "property float q\nend_h")),
    ],
)  # fmt: skip
def test_ply(parse, text):
    assert parse(text, "a.ply") == SOLID
    assert parse(text, "a.txt") == SOLID


def test_ply_says_what_it_leaves_out(parse):
    head = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float nx\nproperty float x\n"
    model = parse(head + "property float y\nproperty uchar red\nend_header\n9 1 2 3\n", "a.ply")
    assert model.vertices == (("1", "2"),)
    assert model.notes == ("columns of a vertex left out: nx, red",)


def binary_ply(order, kind, extra=b""):
    """The tetrahedron times the golden number, with a colour, an edge, and something else."""
    name = {"<": "binary_little_endian", ">": "binary_big_endian"}[order]
    code = {"float": "f", "double": "d"}[kind]
    head = (
        f"ply\nformat {name} 1.0\nelement thing 2\nproperty list uchar float q\nproperty double r\n"
        f"element vertex 4\nproperty {kind} x\nproperty uchar red\nproperty {kind} y\n"
        f"property {kind} z\nelement face 4\nproperty uchar red\n"
        "property list ushort uint vertex_indices\nelement edge 1\nproperty int vertex1\n"
        "property int vertex2\nend_header\n"
    )
    body = 2 * struct.pack(f"{order}B2fd", 2, 1.5, float("nan"), 3.0)
    for row in VERTICES:
        x, y, z = (float(token) * float(PHI) for token in row)
        body += struct.pack(f"{order}{code}B2{code}", x, 200, y, z)
    for face in FACES:
        body += struct.pack(f"{order}BH3I", 9, 3, *face)
    return head.encode() + body + struct.pack(f"{order}2i", 3, 0) + extra


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "shown"), [("float", "1.618034"), ("double", "1.618033988749895")]
)
def test_binary_ply(parse, order, kind, shown):
    model = parse(binary_ply(order, kind), "a.ply")
    assert model.vertices[1] == (shown, f"-{shown}", f"-{shown}")
    assert (model.faces, model.edges) == (SOLID.faces, SOLID.edges)
    assert model.notes == ("columns of a vertex left out: red",)
    assert recover(model).tensor.equals(
        ResonantTensor([[*map(int, map(float, r))] for r in VERTICES]) * PHI
    )
    check_refusal(parse, binary_ply(order, kind)[:-1], "a.ply", None, "is it cut off?")
    check_refusal(parse, binary_ply(order, kind, b"1"), "a.ply", None, "got 1 bytes")
    with_nan = binary_ply(order, kind).replace(
        struct.pack(f"{order}{kind[0]}", -float(PHI)),
        struct.pack(f"{order}{kind[0]}", float("inf")),
        1,
    )
    check_refusal(parse, with_nan, "a.ply", None, "finite")


def test_floats_of_vertices_that_have_lists(parse):
    head = "ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\n"
    head += "property list uchar int q\nend_header\n"
    data = head.encode() + struct.pack("<fB2i", 0.1, 2, 5, 6)
    assert parse(data, "a.ply").vertices == (("0.1",),)


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, 'must begin with the line "ply"'),
        ("ply\n", None, "end_header"),
        ("ply\nend_header\n", None, "a format and the element vertex"),
        (PLY.replace("ascii", "binary"), 2, "must have format, element and property, got 'format'"),
        (PLY.replace("float x", "real x"), 5, "got 'property'"),
        (PLY.replace("element vertex 4", "element vertex -4"), 4, "got 'element'"),
        (PLY.replace("list uchar", "list float"), 9, "got 'property'"),
        (PLY.replace("element face", "element vertex"), None, "different names"),
        (PLY.replace("float x", "float u"), None, "x, y and z"),
        (PLY.replace("vertex_indices", "q"), None, "the list vertex_indices"),
        (PLY.replace("list uchar int vertex_indices", "int vertex_indices"), 15, "1 words, got 4"),
        (PLY.replace("vertex 4", "vertex 999999999999"), 18, "lines must follow the head"),
        (PLY.replace("3 1 3 2\n", ""), 17, "8 lines must follow the head, got 7"),
        (PLY.replace("1 -1.0 -1", "1 -1.0"), 12, "all its properties, got 2 words"),
        (PLY.replace("1 -1.0 -1", "1 -1.0 -1 1"), 12, "3 words, got 4"),
        (PLY.replace("1 -1.0 -1", "1 nan -1"), 12, "finite decimal"),
        (PLY.replace("3 0 1 2", "x 0 1 2"), 15, "the length of vertex_indices"),
        (PLY.replace("3 0 1 2", "4 0 1 2"), 15, "all its properties"),
        (PLY.replace("3 0 1 2", "3 0 1 4"), 15, "got 4"),
        (PLY.replace("3 0 1 2", "3 0 1 -1"), 15, "got '-1'"),
        (PLY.replace("face", "edge"), None, "vertex1 and vertex2"),
        ("ply\nformat binary_little_endian 1.0\nelement vertex 9999999999999999\nproperty float x\n"
         "end_header\n", None, "is it cut off?"),
        ("ply\nformat binary_big_endian 1.0\nelement vertex 9\nend_header\n", None, "properties"),
    ],
)  # fmt: skip
def test_broken_ply_files(parse, text, line, rule):
    check_refusal(parse, text, "a.ply", line, rule)


# -- NPY --------------------------------------------------------------------------------------


def npy(array, **options):
    file = BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8", "i1", "u2", "i8", ">i4"])
@pytest.mark.parametrize("order", "CF")
def test_npy(parse, dtype, order):
    array = np.array([[0, 1, 1.618034], [-2, 0.1, 100]]).astype(dtype, order=order)
    model = parse(npy(array), "a.npy")
    assert model == Model(tuple(tuple(str(x) for x in row) for row in array))
    assert parse(npy(array), "a.txt") == model
    back = np.array([[float(token) for token in row] for row in model.vertices], dtype)
    assert (back == array).all()


def test_columns_of_npy(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(npy(np.arange(8).reshape(2, 4)))
    assert read(path, columns=(3, "1")).vertices == (("2", "0"), ("6", "4"))
    assert read(path, columns=(3, "1")).notes == ("2 of 4 columns: 3, 1",)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "as NumPy writes it"),
        (b"\x93NUMPY", "as NumPy writes it"),
        (b"\x93NUMPY\x01\x00\x05\x00{'a':", "as NumPy writes it"),
        (npy(np.zeros(3)), "(points, dimension), got (3,)"),
        (npy(np.zeros((3, 0))), "(points, dimension), got (3, 0)"),
        (npy(np.zeros((3, 2), complex)), "integers or floats of up to 8 bytes, got complex128"),
        (npy(np.zeros((3, 2), bool)), "got bool"),
        (npy(np.array([[None]]), allow_pickle=True), "got object"),
        (npy(np.array([[0, np.nan]])), "finite, got NaN or infinity in row 0"),
        (npy(np.array([[0.0], [-np.inf]])), "in row 1"),
        (npy(np.zeros((3, 2)))[:-1], "is it cut off?"),
        (npy(np.zeros((3, 2))) + b"1", "is it cut off?"),
        (npy(np.zeros((1, 2))).replace(b"(1, 2)", b"(9**9,"), "as NumPy writes it"),
        (npy(np.zeros((1000000, 2)))[:200], "is it cut off?"),
    ],
)
def test_broken_npy_files(parse, data, rule):
    check_refusal(parse, data, "a.npy", None, rule)


def test_floats_are_proved_in_their_own_digits(parse):
    """Seven digits of float32 are no seventeen of float64."""
    golden = np.array([[0, 1, float(PHI)], [float(PHI), 0, 1]])
    for dtype, decimals in (("f4", 6), ("f8", 14)):
        found = recover(parse(npy(golden.astype(dtype)), "a.npy"))
        assert found.tensor.equals(ResonantTensor([[0, 1, PHI], [PHI, 0, 1]]))
        assert found.decimals == decimals


# -- writing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["obj", "ply", "stl"])
def test_what_is_written_is_read_back(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write(SOLID, path)
    assert read(path) == SOLID
    exact = Model(ResonantTensor([[PHI, 1, 0], [0, PHI / 3, 1], [1, 0, -PHI]]), faces=((0, 1, 2),))
    write(exact, path)
    assert read(path).vertices[1] == ("0", "0.53934466291663162", "1")
    assert read(path).faces == exact.faces


@pytest.mark.parametrize("suffix", ["obj", "ply"])
def test_edges_without_faces_are_written(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    frame = Model(VERTICES, edges=((0, 3), (0, 1), (0, 2), (1, 2)), faces=FACES[:1])
    for model in (frame, Model(VERTICES, edges=((1, 3),)), Model(VERTICES)):
        write(model, path)
        assert read(path) == model


def test_polygons_are_triangles_in_stl(tmp_path):
    square = Model((("0", "0", "0"), ("1", "0", "0"), ("1", "1", "0"), ("0", "1", "0")),
                   faces=((0, 1, 2, 3),))  # fmt: skip
    write(square, tmp_path / "a.stl")
    assert read(tmp_path / "a.stl").faces == ((0, 1, 2), (0, 2, 3))


def test_dimensions_that_formats_have(tmp_path):
    for dimension in range(1, 6):
        model = Model((("0",) * dimension, ("1",) * dimension), edges=((0, 1),))
        for suffix, most in (("ply", (1, 2, 3, 4)), ("obj", (3,)), ("stl", ())):
            path = tmp_path / f"a.{suffix}"
            if dimension in most:
                write(model, path)
                assert read(path) == model
            else:
                with pytest.raises(FormatError, match="write: "):
                    write(model, path)


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@examples(40)
@given(st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=1, max_size=5))
def test_shortest_decimals_give_the_floats_back(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "floats.npy"
    for dtype in ("f8", "f4"):
        with np.errstate(over="ignore"):
            array = np.array(rows, dtype=dtype)
        if not np.isfinite(array).all():
            continue
        path.write_bytes(npy(array))
        tokens = read(path).vertices
        assert (np.array(tokens, dtype=dtype) == array).all()
        zero = array.dtype.type(0)  # minus zero is zero
        assert tokens == tuple(tuple(str(x + zero) for x in row) for row in array)


def test_other_readers_agree(tmp_path):
    trimesh = pytest.importorskip("trimesh")
    for suffix in ("obj", "ply", "stl", "off"):
        path = tmp_path / f"a.{suffix}"
        write(SOLID, path)
        mesh = trimesh.load(path, process=False)
        ours = np.array(values(read(path)), dtype=float)
        assert {*map(tuple, mesh.triangles.reshape(-1, 3))} == {*map(tuple, ours)}

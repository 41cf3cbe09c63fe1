"""JSON: printed numbers are kept, what is refused with its place, and that nothing is lost."""

import json
import re
from fractions import Fraction
from math import floor

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, ResonantTensor
from syntonic.errors import FormatError
from syntonic.io import Model, read, write
from syntonic.io.decimals import decimal_fault

TEXT = """{
  "name": "square",
  "vertices": [[0.0, -0, 1.50], [1E0, 0.10, 1], [1, 1e-07, 1], [0.0, 1, 1]],
  "edges": [[2, 0]],
  "faces": [[0, 1, 2, 3]],
  "colours": {"red": [[1, "x", null]]}
}
"""


@pytest.fixture
def parse(tmp_path):
    def parse(text, name="a.json"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return parse


def test_numbers_are_kept_as_they_are_printed(parse):
    model = parse(TEXT)
    rows = (("0.0", "-0", "1.50"), ("1E0", "0.10", "1"), ("1", "1e-07", "1"), ("0.0", "1", "1"))
    assert model.vertices == rows
    assert {type(token) for row in model.vertices for token in row} == {str}
    assert (model.edges, model.faces) == (((0, 2),), ((0, 1, 2, 3),))
    assert (model.cells, model.field, model.tensor) == ((), None, None)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        "".join(TEXT.split()),
        TEXT.replace('"vertices"', '"vertices": [["double"]], "vertices"'),
        TEXT.replace("square", "nan NaN \\u03c6 φ"),
        TEXT.replace('"name"', '"field": null, "name"'),
    ],
)
def test_the_same_file_written_otherwise(parse, text):
    assert parse(text) == parse(TEXT)
    assert parse(text, "b.txt") == parse(TEXT)


def test_cells_and_field(parse):
    text = TEXT.replace('"name": "square"', '"cells": [[0]], "field": "golden"')
    model = parse(text)
    assert (model.cells, model.cell_count, model.field) == (((0,),), 1, "golden")
    assert parse(TEXT.replace("[[2, 0]]", "[]")).edges == ((0, 1), (0, 3), (1, 2), (2, 3))


def only(vertices="[[0, 0], [1, 0], [0, 1]]", **parts):
    more = "".join(f', "{key}": {value}' for key, value in parts.items())
    return f'{{"vertices": {vertices}{more}}}'


def exact(rows):
    return only("[[1.618], [0.5]]", exact_vertices=rows)


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", 1, "JSON"),
        ("{", 1, "JSON"),
        ('{"vertices":\n[[1, 2],\n[1, 2}', 3, "column 6"),
        (only() + "1", 1, "Extra data"),
        ("[[0, 0, 0]]", None, '"vertices"'),
        ("{}", None, '"vertices"'),
        (only("1"), None, "list of lists"),
        (only('{"0": [1]}'), None, "list of lists"),
        (only("[1, 2]"), None, r"vertices[0] must be a list of numbers"),
        (only('[[1, 2], ["x", 2]]'), None, "vertices[1]: a coordinate must be a finite decimal"),
        (only('[["φ", 2.3]]'), None, "vertices[0]: the file mixes exact and printed numbers, 'φ'"),
        (only('[["√2"]]'), None, "or one in Q(φ) such as φ, 1/2 or (1+sqrt5)/2, got '√2'"),
        (only('[["phi^99999"]]'), None, "vertices[0]: an exact number must be 0 or of a size"),
        (only("[[1, null]]"), None, r"vertices[0]"),
        (only("[[1, true]]"), None, r"vertices[0]"),
        (only("[[[0, 1, 0]]]"), None, "vertices[0]: a number must be [p, q, d]"),
        (only("[[[0, 1]]]"), None, "vertices[0]: a number must be [p, q, d]"),
        (only('[[[0, 1, "-1"]]]'), None, "vertices[0]: a number must be [p, q, d]"),
        (only('[[[0, "1.0", 1]]]'), None, "vertices[0]: a number must be [p, q, d]"),
        (only("[[[[0], 1, 1]]]"), None, "vertices[0]: a number must be [p, q, d]"),
        (only("[[[0, 1, 1], 1]]"), None, "vertices[0]: a number must be [p, q, d]"),
        (only("[[[0, 1, 1]], [[0, 1, 1], [0, 1, 1]]]"), None, "1 in vertices[0] and 2 in vert"),
        (only(f"[[[0, 1, {3**1500}]], [[1, 0, {7**1200}]]]"), None, "vertices[1]: the common"),
        (only("[[[0, 1, 1]]]", field='"rootTwo"'), None, "got 'rootTwo'"),
        (only("[[[0, 1, 1]]]", exact_vertices="[[[0, 1, 1]]]"), None, "drop one"),
        (only("[[1, 2], [1]]"), None, "2 in vertices[0] and 1 in vertices[1]"),
        (only("[[], []]"), None, "0 in vertices[0]"),
        (only("[[NaN, 1]]"), None, "finite, got NaN"),
        (only("[[1, -Infinity]]"), None, "finite, got -Infinity"),
        (only(name="NaN"), None, "finite, got NaN"),
        (only("[[1e99999, 1]]"), None, "vertices[0]: a coordinate must be a finite decimal"),
        (only("[[" + "1" * 10**6 + ", 1]]"), None, "1000 characters, got 1000000"),
        (only(edges="[[0, 1], [0, 3]]"), None, "edges[1]: an edge must name vertices"),
        (only(edges="[[0, 1, 2]]"), None, "edges[0]: an edge must join two"),
        (only(edges="[[1, 1]]"), None, "edges[0]"),
        (only(edges="[[0, 1.0]]"), None, "edges[0]: an index must be a whole number"),
        (only(edges="[[0, -1]]"), None, "edges[0]: an index must be a whole number"),
        (only(edges="[[0, " + "9" * 10**6 + "]]"), None, "edges[0]: an index"),
        (only(edges="null"), None, '"edges" must be a list'),
        (only(faces="[[0, 1]]"), None, "faces[0]: a face must have at least 3"),
        (only(faces="[[0, 1, 3]]"), None, "faces[0]: a face must name vertices"),
        (only(faces='[["0", 1, 2]]'), None, "faces[0] must be a list of numbers"),
        (only(cells="[[0]]"), None, "cells[0]: a cell must name faces"),
        (only(field='"rootTwo"'), None, "got 'rootTwo'"),
        (only(field="[]"), None, "golden or rational"),
        (exact("null"), None, '"exact_vertices" must be a list of 2 rows'),
        (exact("[[[0, 0, 1]]]"), None, '"exact_vertices" must be a list of 2 rows'),
        (exact("[1, 2]"), None, "exact_vertices[0] must be a list of 1 numbers [p, q, d]"),
        (exact("[[[0, 1, 1]], []]"), None, "exact_vertices[1] must be a list of 1"),
        (exact("[[0], [[1, 0, 2]]]"), None, "exact_vertices[0]: a number must be [p, q, d]"),
        (exact("[[[0, 1]], [[1, 0, 2]]]"), None, "exact_vertices[0]: a number must be"),
        (exact("[[[0, 1.0, 1]], [[1, 0, 2]]]"), None, "exact_vertices[0]: a number must be"),
        (exact('[[[0, "1", 1]], [[1, 0, 2]]]'), None, "exact_vertices[0]: a number must be"),
        (exact("[[[0, true, 1]], [[1, 0, 2]]]"), None, "exact_vertices[0]: a number must be"),
        (exact("[[[0, 1, 1]], [[1, 0, 0]]]"), None, "d > 0"),
        (exact("[[[0, 1, 1]], [[-1, 0, -2]]]"), None, "d > 0"),
        (exact("[[[0, 1, 1]], [[1, 0, " + "2" * 10**6 + "]]]"), None, "at most 10000 digits"),
        (exact(f"[[[0, 1, {3**1500}]], [[1, 0, {7**1200}]]]"), None, "at most 1e1000"),
        (exact("[[[0, 1, 1]], [[1, 1, 2]]]"), None, "vertices[1] must be exact_vertices[1] round"),
        ("[" * 10**6, None, "nested"),
        ('{"a":' * 10**5 + "1" + "}" * 10**5, None, "nested"),
        (b'{"vertices":\n [[0]], "name": "\xff"}', 2, "UTF-8"),
        (only().encode("utf-16"), 1, "UTF-8"),
        (bytes(range(256)), 2, "UTF-8"),
    ],
)
def test_broken_files_are_refused_with_their_place(parse, text, line, rule):
    with pytest.raises(FormatError, match=re.escape(rule)) as caught:
        parse(text)
    assert caught.value.line == line
    assert "a.json" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_real_files(shared_data, tmp_path):
    folder = shared_data / "polyhedra"
    for name, facts in json.loads((folder / "expected.json").read_text()).items():
        path = folder / f"{name}.json"
        model = read(path)
        sizes = (len(model.vertices), len(model.edges), len(model.faces))
        assert sizes == (facts["V"], facts["E"], facts["F"])
        part = re.search(r'"vertices"(.*?)"', path.read_text() + '"', re.DOTALL)[1]
        tokens = re.findall(r"[-0-9.eE]+", part)
        assert [token for row in model.vertices for token in row] == tokens
        write(model, tmp_path / "again.json")
        assert read(tmp_path / "again.json") == model


def test_what_is_written(tmp_path):
    path = tmp_path / "a.json"
    model = Model((("0.50", "-1"), ("1", "0"), ("0", "1")), faces=((0, 1, 2),), cells=((0,),))
    write(model, path)
    assert path.read_text() == (
        '{\n  "vertices": [\n    [0.50, -1],\n    [1, 0],\n    [0, 1]\n  ],\n'
        '  "edges": [\n    [0, 1],\n    [0, 2],\n    [1, 2]\n  ],\n'
        '  "faces": [\n    [0, 1, 2]\n  ],\n  "cells": [\n    [0]\n  ]\n}\n'
    )
    write(Model((), tensor=ResonantTensor([[PHI, 2]]), field="golden"), path)
    assert json.loads(path.read_text()) == {
        "vertices": [[float(PHI), 2]],
        "exact_vertices": [[[0, 1, 1], [2, 0, 1]]],
        "field": "golden",
    }
    assert read(path).tensor.equals(ResonantTensor([[PHI, 2]]))
    assert read(path).vertices == (("1.6180339887498948", "2"),)
    write(Model(()), path)
    assert read(path) == Model(())


def test_exact_vertices(parse):
    model = parse(exact("[[[-0, 1, 1]], [[-2, 0, 4]]]").replace("0.5", "-0.5"))
    assert model.vertices == (("1.618",), ("-0.5",))
    assert model.tensor.equals(ResonantTensor([[PHI], [Fraction(-1, 2)]]))
    assert parse(only("[]", exact_vertices="[]")) == Model(())


@pytest.mark.parametrize(
    "spelling", ['["0", "1", "1"]', "[0, 1, 1]", '["0", 1, "01"]', '["0","3","3"]']
)
def test_mesh_json(parse, spelling):
    """What vZome writes; the integers are numbers in old files, and strings in new ones."""
    text = only(f'[[{spelling}, ["-1", "-4", "2"]]]', field='"golden"', edges="[]", faces="[]")
    model = parse(text, "a.mesh.json")
    assert model.tensor.equals(ResonantTensor([[PHI, -2 * PHI - Fraction(1, 2)]]))
    assert (model.field, model.dimension) == ("golden", 2)
    assert parse(text, "b.json") == model
    assert parse(text, "b.txt") == model


def test_mesh_json_is_written(tmp_path):
    path = tmp_path / "a.mesh.json"
    tensor = ResonantTensor([[PHI / 2, 3**90], [-1, 0], [0, PHI**50]])
    model = Model(tensor, faces=((0, 1, 2),))
    write(model, path)
    assert json.loads(path.read_text()) == {
        "field": "golden",
        "vertices": [
            [["0", "1", "2"], [str(3**90), "0", "1"]],
            [["-1", "0", "1"], ["0", "0", "1"]],
            [["0", "0", "1"], ["7778742049", "12586269025", "1"]],
        ],
        "edges": [[0, 1], [0, 2], [1, 2]],
        "faces": [[0, 1, 2]],
    }
    assert read(path).tensor.equals(tensor)
    with pytest.raises(FormatError, match="recover them first"):
        write(Model((("0.8",),)), path)


def test_expressions_are_exact(parse):
    model = parse(only('[["φ", 1, "-1/2"], [0.5, "(1+sqrt5)/2", "0"]]'))
    assert model.tensor.equals(
        ResonantTensor([[PHI, 1, Fraction(-1, 2)], [Fraction(1, 2), PHI, 0]])
    )
    assert parse(only('[["0.80", " -1.5 "]]')).vertices == (("0.80", "-1.5"),)
    assert parse(only('[["−1.5"]]')).vertices == (("-1.5",),)


def below_one(n):
    """Return an element of Z[φ] from 0 to 1 with n digits and more."""
    return 10**n * PHI - floor(10**n * PHI)


@pytest.mark.parametrize("n", [1, 40, 900, 5000, 9990])
def test_exact_numbers_of_any_length(tmp_path, n):
    """Also of more digits than Python turns into text by itself."""
    path = tmp_path / "a.json"
    row = [below_one(n), -below_one(2 * n // 3), Fraction(-1, 7 ** min(n, 1000))]
    tensor = ResonantTensor([row])
    write(tensor, path)
    json.loads(path.read_text(), parse_int=str)
    assert read(path).tensor.equals(tensor)
    first = path.read_bytes()
    write(read(path), path)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("x", "rule"),
    [
        (10**1001, "1e999"),
        (PHI**-5000, "1e999"),
        (Fraction(10**6000, 10**6000 + 1), "at most 1e1000"),
        (below_one(10**4), "at most 10000 digits"),
    ],
    ids=range(4),
)
def test_exact_numbers_that_could_not_be_read(tmp_path, x, rule):
    with pytest.raises(FormatError, match=rule):
        write(ResonantTensor([[x]]), tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("token", "written"),
    [
        ("+.50", "0.50"),
        ("-007.", "-7"),
        ("00", "0"),
        ("-.5e+003", "-0.5e+003"),
        ("1.e5", "1e5"),
        ("-0.0", "-0.0"),
        ("100", "100"),
    ],
)
def test_what_json_does_not_allow_is_written_otherwise(tmp_path, token, written):
    assert decimal_fault(token) is None
    write(Model(((token,),)), tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["vertices"] == [[float(token)]]
    assert read(tmp_path / "a.json").vertices == ((written,),)


DIGITS = st.integers(0, 10**30).map(str)
TOKENS = st.tuples(
    st.sampled_from(["", "-"]),
    DIGITS,
    st.just("") | st.builds(".{}{}".format, st.sampled_from(["", "0", "000"]), DIGITS),
    st.sampled_from(["", "e5", "E-07", "e+999"]),
).map("".join)


@examples(60)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[TOKENS] * n), max_size=6)))
def test_round_trip_of_tokens(tmp_path_factory, vertices):
    path = tmp_path_factory.getbasetemp() / "round.json"
    model = Model(tuple(vertices))
    write(model, path)
    json.loads(path.read_text())
    assert read(path) == model

"""VEF: what the words mean, what is refused with its line, and that nothing is lost."""

import json
import re
import tracemalloc
from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.errors import FormatError
from syntonic.io import Model, read, write

SQUARE = """\
vZome VEF 6 field golden

4
(0,0) (0,0) (0,0) (0,0)
(0,0) (1,0) (0,0) (0,0)
(0,0) (1,0) (1,0) (0,0)
(0,0) (0,0) (1,0) (0,0)

1
0 2

1
4 0 1 2 3

2
0 3
"""


@pytest.fixture
def parse(tmp_path):
    def parse(text, name="a.vef"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return parse


def points(text, dimension=1, head=""):
    """A file of some points, and no more."""
    count = len(text.split()) // dimension
    return f"{head} dimension {dimension} {count} {text}"


def numbers(model):
    return [x for row in model.tensor.tolist() for x in row]


def test_a_whole_file(parse):
    model = parse(SQUARE)
    ones, zero = PHI, GoldenExact(0)
    corners = [[zero] * 4, [zero, ones, zero, zero], [zero, ones, ones, zero]]
    assert model.tensor.tolist() == [*corners, [zero, zero, ones, zero]]
    assert model.vertices[1] == ("0", "1.6180339887498948", "0", "0")
    assert (model.edges, model.faces) == (((0, 2),), ((0, 1, 2, 3),))
    assert (model.field, model.dimension, model.cells) == ("golden", 4, ())


@pytest.mark.parametrize(
    "text",
    [
        " ".join(SQUARE.split()),
        "\n".join(SQUARE.split()),
        "\r\n".join(SQUARE.split()),
        SQUARE.replace("6 field golden", "4"),
        SQUARE.replace("6 field golden", "5 field golden actual"),
        SQUARE.replace("6 field golden", "10 field golden\nactual\ndimension 4 scale 1"),
        SQUARE.replace("vZome VEF 6 field golden", ""),
        SQUARE.replace("vZome VEF 6 ", ""),
        SQUARE.replace("golden", "golden scale vector 1 1 (0,1) 1 offset (0) 0 (0,0) 0/7"),
        SQUARE.replace("(0,0)", "0").replace("(1,0)", "(4/4,0/3)"),
        SQUARE + "tip 3\nmiddle 1 2 (what,ever) \xe9",
        SQUARE.replace("\n2\n0 3", ""),
        "\ufeff" + SQUARE,
    ],
)
def test_the_same_file_written_otherwise(parse, text):
    model, same = parse(text), parse(SQUARE, "b.vef")
    assert model == same
    assert model.tensor.equals(same.tensor)


@pytest.mark.parametrize(
    ("word", "a", "b"),
    [
        ("(3/5,-7/5)", "-7/5", "3/5"),
        ("(0,1)", "1", "0"),
        ("(1,2)", "2", "1"),
        ("(-2,3)", "3", "-2"),
        ("(3)", "3", "0"),
        ("3", "3", "0"),
        ("12/-6", "-2", "0"),
        ("-12/-6", "2", "0"),
        ("(1/-2,+3/-4)", "-3/4", "-1/2"),
        ("0/-5", "0", "0"),
        ("(00012,-0)", "0", "12"),
        (f"({10**40}/{10**39 + 1},{7**60})", 7**60, Fraction(10**40, 10**39 + 1)),
    ],
)
def test_numbers(parse, word, a, b):
    assert numbers(parse(points(word))) == [GoldenExact(Fraction(a), Fraction(b))]


def test_facts_about_numbers(golden_facts, parse):
    facts = [fact for fact in golden_facts if fact.get("format", "").startswith("vZome VEF")]
    assert len(facts) >= 6
    for fact in facts:
        assert numbers(parse(points(fact["text"]))) == [GoldenExact(*fact["expected"])]


def test_scale_and_offset(parse):
    text = points("(0,1) (0,2) (1,0) (0,3)", 2, "vZome VEF 10 field golden actual")
    plain = numbers(parse(text))
    assert plain == [1, 2, PHI, 3]
    scaled = text.replace("dimension 2", "dimension 2 scale (1/2,0)")
    assert numbers(parse(scaled)) == [x * PHI / 2 for x in plain]
    each = text.replace("dimension 2", "dimension 2 scale vector 3 (1,1) offset (2,0) 1/2")
    assert numbers(parse(each)) == [
        x * (3, PHI + 1)[k % 2] + (2 * PHI, Fraction(1, 2))[k % 2] for k, x in enumerate(plain)
    ]


def test_actual_changes_nothing(parse):
    text = points("(0,1) (1,1)", 1, "vZome VEF 7 field golden @")
    without, with_ = parse(text.replace("@", "")), parse(text.replace("@", "actual"))
    assert without == with_
    assert without.tensor.equals(with_.tensor)


def test_the_rational_field(parse):
    model = parse(points("3 1/2 12/-6", 3, "vZome VEF 9 field rational"))
    assert model.field == "rational"
    assert numbers(model) == [3, Fraction(1, 2), -2]
    with pytest.raises(FormatError, match="a rational number must be like 3/4"):
        parse(points("3 (0,1)", 2, "vZome VEF 9 field rational"))


def test_edges_come_from_the_faces_where_none_are_listed(parse):
    assert parse(SQUARE.replace("1\n0 2", "0")).edges == ((0, 1), (0, 3), (1, 2), (2, 3))


def test_decimals_are_correctly_rounded(parse):
    words = ["(1,0)", "(-3/7,5)", f"(-1,{10**12})", "(987,-1597)", "(1/3,0)"]
    model = parse(points(" ".join(words)))
    with mp.workdps(60):
        phi = (1 + mp.sqrt(5)) / 2
        for row, x in zip(model.vertices, numbers(model), strict=True):
            true = mpf(x.a.numerator) / x.a.denominator + phi * x.b.numerator / x.b.denominator
            unit = mpf(10) ** (mp.floor(mp.log10(abs(true))) - 16)
            assert abs(mpf(row[0]) - true) <= unit / 2


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "empty"),
        ("vZome\n", 1, "VEF must follow"),
        ("vZome VEF\n", 1, "the version must follow"),
        ("vZome VEF six field golden\n1\n", 1, "version"),
        ("vZome VEF 6\nfield rootTwo\n0\n", 2, "got 'rootTwo'"),
        ("dimension 1 1\n(–1,0)", 2, "got '(–1,0)'; write the minus sign – (U+2013) as -"),
        ("dimension 1 1\n(−1,x)", 2, "got '(−1,x)'"),
        ("dimension 1 1\nφ", 2, "must be like (1/2,-3), which has two factors, or 3/4, got 'φ'"),
        ("vZome VEF 6 field sqrtPhi 0", 1, "got 'sqrtPhi'"),
        ("vZome VEF 6 field", 1, "the field must follow"),
        ("vZome VEF 6 field golden\nactual actual 0", 2, "the number of vertices"),
        ("dimension 0 1", 1, "the dimension must be from 1 to 1000, got 0"),
        ("dimension 1000000000000 scale 1 1 0", 1, "got 1000000000000"),
        ("dimension 2\nscale vector 1\n", 2, "a number must follow"),
        ("scale (1,2\n1 0 0 0 0", 1, "a golden number"),
        ("vZome VEF 6\n\n1000000000000\n(0,0) (0,0) (0,0) (0,0)\n", 4, "cut off"),
        ("dimension 1 1 (0,0)\n999999999999\n0 0", 3, "two different"),
        ("dimension 1 2 0 0\n999999999999\n0 1", 3, "cut off"),
        ("dimension 1 2 0 0 0\n1\n999999999999 0 1", 3, "cut off"),
        ("dimension 1 2 0 0 0 0\n999999999999 0 1", 2, "cut off"),
        ("9" * 5000, 1, "whole number"),
        ("dimension 1\n1\n(1,2,3)", 3, "has two factors"),
        ("dimension 1\n1\n(,3)", 3, "a golden number"),
        ("dimension 1\n1\n()", 3, "a golden number"),
        ("dimension 1\n2\n1 (1/0,1)", 3, "a denominator must not be 0"),
        ("dimension 1\n2\n1 (1,1/-0)", 3, "a denominator must not be 0"),
        ("dimension 1\n1\n1/0", 3, "a denominator must not be 0"),
        ("dimension 1\n1\n0.5", 3, "a golden number"),
        ("dimension 1\n1\nnan", 3, "a golden number"),
        ("dimension 1\n1\n1_0", 3, "a golden number"),
        ("dimension 1\n1\n٣", 3, "a golden number"),
        ("dimension 1\n1\n(1, 2)", 3, "a golden number"),
        ("dimension 1\n1\n" + "9" * 10**6, 3, "10000 characters, got 1000000"),
        ("dimension 1\n1\n1/" + "9" * 10**6, 3, "10000 characters"),
        ("dimension 1\n1\n" + "9" * 5000, 3, "1e999"),
        (points(" ".join(f"\n1/{10**99 + k}" for k in range(20))), 12, "at most 1e1000"),
        ("dimension 1\n2 0 0\n1\n0 2", 4, "got 2"),
        ("dimension 1\n2 0 0\n1\n0 -1", 4, "whole number"),
        ("dimension 1\n3 0 0 0\n0\n1\n2 0 1", 5, "at least 3 vertices"),
        ("dimension 1\n3 0 0 0\n0\n1\n3 0 1 3", 5, "got 3"),
        ("dimension 1\n3 0 0 0\n0\n1\n3 0 1", 5, "cut off"),
        ("dimension 1\n3 0 0 0\n0\n0\n1 3", 5, "one of the 3 vertices, got 3"),
        ("v\0Z", None, "binary"),
        (bytes(range(1, 256)), 1, "the number of vertices"),
    ],
)
def test_broken_files_are_refused_with_their_line(parse, text, line, rule):
    with pytest.raises(FormatError, match=re.escape(rule)) as caught:
        parse(text)
    assert caught.value.line == line
    assert "a.vef" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_hostile_count_costs_no_memory(parse):
    tracemalloc.start()
    try:
        for text in ("999999999999 0 0 0 0", "1 0 0 0 0 999999999999", "dimension 999999999 9"):
            with pytest.raises(FormatError):
                parse(text)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_vef_is_known_by_content(parse):
    for text in (SQUARE, SQUARE.replace("vZome VEF 6 field golden", "")):
        assert parse(text, "a.txt") == parse(text)


def pair(x):
    return [str(x.a), str(x.b)]


def classes(values):
    return sorted((pair(x), n) for x, n in Counter(values).items())


def test_real_files(shared_data, tmp_path):
    """Counts, sums, norms and lengths as they were found by others' means."""
    folder = shared_data / "vef"
    expected = json.loads((folder / "expected.json").read_text())
    assert {path.name for path in folder.glob("*.vef")} == set(expected)
    for name, facts in expected.items():
        if "rejected" in facts:
            with pytest.raises(FormatError, match=f"line 1: .*got '{facts['field']}'"):
                read(folder / name)
            continue
        model = read(folder / name)
        rows = model.tensor.tolist()
        norms = [sum(x * x for x in row) for row in rows]
        assert model.field == facts["field"]
        assert model.dimension == facts["dimension"]
        assert len(rows) == len(model.vertices) == facts["n_vertices"]
        assert len(model.faces) == (facts["n_faces"] or 0)
        if facts["n_edges"]:
            assert len(model.edges) == facts["n_edges"]
        assert model.tensor.numerators()[2] == facts["common_denominator"]
        assert [pair(x) for x in rows[0]] == facts["first_vertex_a_b"]
        assert [pair(x) for x in rows[-1]] == facts["last_vertex_a_b"]
        assert [pair(x) for x in map(sum, zip(*rows, strict=True))] == facts["vertex_sum_a_b"]
        assert len({tuple(row) for row in rows}) == facts["distinct_vertices"]
        assert classes(norms) == sorted((x, n) for x, n in facts["norm2_classes"])
        if facts["edge_length2_classes"]:
            pairs = [zip(rows[i], rows[j], strict=True) for i, j in model.edges]
            lengths = [sum((x - y) ** 2 for x, y in each) for each in pairs]
            assert classes(lengths) == sorted((x, n) for x, n in facts["edge_length2_classes"])
        text = (folder / name).read_text()
        assert ("actual" in text.split()) == facts["actual_keyword"]
        if (scale := facts["scale_token"]) is not None:
            unscaled = tmp_path / "unscaled.vef"
            unscaled.write_text(text.replace(f"scale {scale}", ""))
            factor = GoldenExact(*scale[1:-1].split(",")[::-1])
            assert (read(unscaled).tensor * factor).equals(model.tensor)
        write(model, tmp_path / name)
        assert_same(read(tmp_path / name), model)


def assert_same(again, model):
    assert again.tensor.equals(model.tensor)
    assert (again.edges, again.faces) == (model.edges, model.faces)
    assert again.dimension == model.dimension


def test_what_is_written(tmp_path):
    path = tmp_path / "a.vef"
    tensor = ResonantTensor([[0, 1, PHI, PHI / 2 - 3], [1, 2, 3, 4], [0, 0, 0, -7]])
    write(Model((), faces=((0, 1, 2),), tensor=tensor), path)
    assert path.read_text() == (
        "vZome VEF 6 field golden\nactual\n\n"
        "3\n(0,0) (0,1) (1,0) (1/2,-3)\n(0,1) (0,2) (0,3) (0,4)\n(0,0) (0,0) (0,0) (0,-7)\n\n"
        "3\n0 1\n0 2\n1 2\n\n1\n3 0 1 2\n"
    )
    write(Model((), tensor=tensor[:1, 1:]), path)
    head = "vZome VEF 9 field golden\nactual\ndimension 3\n\n1\n(0,1) (1,0) (1/2,-3)\n"
    assert path.read_text() == head + "\n0\n\n0\n"
    write(Model((), tensor=tensor[1:2], field="rational"), path)
    assert path.read_text().startswith("vZome VEF 7 field rational\nactual\n\n1\n1 2 3 4\n")
    assert read(path).field == "rational"
    write(Model((), tensor=tensor, field="rational"), path)
    assert read(path).field == "golden"


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (Model((("0.5", "1"),)), "recover them first"),
        (Model((), tensor=ResonantTensor([[10**1001]])), "1e999"),
        (Model((), tensor=ResonantTensor([[1, PHI**-5000]])), "1e999"),
        (Model((), tensor=ResonantTensor([[Fraction(10**6000, 10**6000 + 1)]])), "at most 1e1000"),
        (Model((), tensor=ResonantTensor([[3, 10**998 * PHI]]) ** 5), "1e999"),
        (Model((), tensor=ResonantTensor(np.zeros((2, 0), dtype=np.int64))), "dimension"),
    ],
)
def test_what_cannot_be_written(tmp_path, model, rule):
    with pytest.raises(FormatError, match=rule):
        write(model, tmp_path / "a.vef")
    assert list(tmp_path.iterdir()) == []


RATIONALS = st.builds(
    Fraction,
    st.integers(-99, 99) | st.integers(-(3**90), 3**90),
    st.sampled_from([1, 2, 12, 7**40]),
)


@examples(60)
@given(
    shape=st.tuples(st.integers(0, 5), st.integers(1, 6)), data=st.data(), rational=st.booleans()
)
def test_round_trip(tmp_path_factory, shape, data, rational):
    size = shape[0] * shape[1]
    columns = [data.draw(st.lists(RATIONALS, min_size=size, max_size=size)) for _ in "ab"]
    a, b = (np.array(column, dtype=object).reshape(shape) for column in columns)
    tensor = ResonantTensor.from_lattice(a, b * (not rational))
    pairs = [(i, j) for i, j in product(range(shape[0]), repeat=2) if i < j]
    edges = data.draw(st.sets(st.sampled_from(pairs))) if pairs else ()
    walk = st.permutations(range(shape[0])).map(tuple)
    faces = tuple(data.draw(st.lists(walk, max_size=3))) if shape[0] > 2 else ()
    field = "rational" if rational else None
    model = Model((), edges=tuple(edges), faces=faces, field=field, tensor=tensor)
    path = tmp_path_factory.getbasetemp() / "round.vef"
    write(model, path)
    again = read(path)
    assert_same(again, model)
    assert again.field == (field or "golden")
    first = path.read_bytes()
    write(again, path)
    assert path.read_bytes() == first

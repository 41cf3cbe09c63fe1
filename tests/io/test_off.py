"""The OFF family: what is read, what is refused with the line, and that nothing is lost."""

import json
import random
import re
import string
import tracemalloc
from io import BytesIO
from itertools import permutations

import pytest
from effort import at_most, examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic.errors import FormatError
from syntonic.io import Model, read, write
from syntonic.io.decimals import decimal_fault
from syntonic.io.model import edges_of
from syntonic.io.off import write_off

TETRAHEDRON = """\
OFF
4 4 6
1.0 1 1
1 -1.0 -1
-1 1 -1
-1 -1 1e0
3 0 1 2
3 0 3 1
3 0 2 3
3 1 3 2
"""
VERTICES = (("1.0", "1", "1"), ("1", "-1.0", "-1"), ("-1", "1", "-1"), ("-1", "-1", "1e0"))
FACES = ((0, 1, 2), (0, 3, 1), (0, 2, 3), (1, 3, 2))


COLOURED = "3 coordinates a vertex; left out: the colours of the vertices"


@pytest.fixture
def parse(tmp_path):
    def parse(text, name="a.off"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return parse


def test_plain_off(parse):
    model = parse(TETRAHEDRON)
    assert model.vertices == VERTICES
    assert model.faces == FACES
    assert model.edges == ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    assert (model.cells, model.cell_count, model.field, model.tensor) == ((), None, None, None)


@pytest.mark.parametrize(
    "text",
    [
        TETRAHEDRON.replace("\n", "\r\n"),
        TETRAHEDRON.replace("\n", "\r"),
        TETRAHEDRON.replace("\n", " # Grüße\n"),
        TETRAHEDRON.replace("\n", "\n\n   \n# φ\n"),
        TETRAHEDRON.replace("\n", "\t# \xe9\n").encode("latin-1"),
        "\ufeff# with a byte order mark\n" + TETRAHEDRON,
        TETRAHEDRON.replace("OFF\n", "OFF "),
        TETRAHEDRON.replace("4 4 6", "4 4 0"),
        TETRAHEDRON.replace(" ", " \t "),
        TETRAHEDRON.rstrip("\n"),
        TETRAHEDRON.replace("3 0 1 2", "3 0 1 2 7"),
        TETRAHEDRON.replace("3 0 1 2", "3 0 1 2 255 0 0"),
        TETRAHEDRON.replace("3 0 1 2", "3 0 1 2 0.5 0.5 1.0 1."),
        TETRAHEDRON.replace("OFF", "nOFF\n3"),
        TETRAHEDRON.replace("OFF", "nOFF 3"),
    ],
)
def test_the_same_file_written_otherwise(parse, text):
    assert parse(text) == parse(TETRAHEDRON, "b.off")


def test_what_vertices_carry_is_read_over(parse):
    lines = TETRAHEDRON.splitlines()
    for keyword, extra in [
        ("COFF", " 255 0 0 255"),
        ("NOFF", " 0 0 1"),
        ("STOFF", " 0.5 0.5"),
        ("STCNOFF", " 0 1 1 1 0 0 1 0.5 0.5"),
    ]:
        vertices = [line + extra for line in lines[2:6]]
        text = "\n".join([keyword, lines[1], *vertices, *lines[6:]])
        assert parse(text).vertices == VERTICES
        assert len(parse(text).notes) == 1
        without = text.replace(keyword, "OFF")
        if len(extra.split()) in (3, 4):  # a colour
            assert parse(without) == parse(text)
            assert parse(without).notes == (COLOURED,)
            continue
        with pytest.raises(FormatError, match="line 3: a vertex must have 3 coordinates"):
            parse(without)


def test_letters_stand_in_any_order(parse):
    lines = TETRAHEDRON.splitlines()
    extra = " 0 0 1 255 0 0 255 0.5 0.5"
    text = "\n".join([lines[1], *(line + extra for line in lines[2:6]), *lines[6:]])
    plain = parse(TETRAHEDRON)
    for letters in permutations(["ST", "C", "N"]):
        assert parse("".join(letters) + f"OFF\n{text}") == plain


TABLE = [line.split() for line in TETRAHEDRON.splitlines()[2:]]
COUNTS = "4 4 6"


@pytest.mark.parametrize("head", ["OFF\n4 4 6\n", "OFF4 4 6\n", "OFF 4 4 6\n", "OFF\n4\n4\n6\n"])
@pytest.mark.parametrize("colour", [(), ("7",), ("1", "0", "0"), ("1", "0", "0", "1")])
@pytest.mark.parametrize("seed", range(8))
def test_line_ends_stand_anywhere(parse, head, colour, seed):
    """Line ends between any two words, but for those of a colour, which ends with its line."""
    rng = random.Random(seed)
    share = rng.choice((0, 0.2, 0.8, 1))
    text = head
    for row in TABLE:
        text += "".join(word + (" " if rng.random() > share else "\n") for word in row)
        if colour and len(row) == 4:
            text = text[:-1] + " " + " ".join(colour) + "\n"
    assert parse(text) == parse(TETRAHEDRON, "b.off")


def test_a_whole_file_on_one_line(parse):
    assert parse(" ".join(TETRAHEDRON.split())) == parse(TETRAHEDRON)
    assert parse("\n".join(TETRAHEDRON.split())) == parse(TETRAHEDRON)
    assert parse("4OFF\n1 0 0\n1\n2\n3\n4\n").vertices == (("1", "2", "3", "4"),)


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("OFF\n3 1 0\n0 0\n0 1 0 0\n0 1 0\n3 0 1\n", 3, "3 coordinates, got 2"),  # cut off
        ("OFF\n3 1 0\n0 0\n0 1 0 0\n0 1 0\n3 0 1 2 9 9\n", 3, "3 coordinates, got 2"),
        ("OFF\n3 1 0\n0 0\n0 1 0 0\n0 1 0\n3 0 1 3\n", 3, "3 coordinates, got 2"),
        ("OFF\n3 1 0\n0 0\n0 1 0 0\n0 1 0\n3 0 1 2 2 1 0\n0 1", 7, "nothing may follow"),
        ("COFF\n2 0 0\n0 0\n0 9 1 0 0 9\n", 3, "3 coordinates, got 2"),
    ],
)
def test_words_that_do_not_come_out_even(parse, text, line, rule):
    with pytest.raises(FormatError, match=re.escape(rule)) as caught:
        parse(text)
    assert caught.value.line == line


def test_two_counts(parse):
    assert parse(TETRAHEDRON.replace("4 4 6", "4 4")) == parse(TETRAHEDRON)
    assert parse(TETRAHEDRON.replace("OFF\n4 4 6", "nOFF\n3\n4 4")) == parse(TETRAHEDRON)


def test_elements_of_one_vertex_are_left_out(parse):
    plain = parse(TETRAHEDRON)
    found = parse(TETRAHEDRON.replace("4 4 6", "4 6 6").replace("e0\n", "e0\n1 0 9\n1 3\n"))
    assert found == plain
    assert found.notes == ("left out: 2 elements of a single vertex",)
    shifted = "nOFF\n3\n3 2 0 1\n0 0 0\n1 0 0\n0 1 0\n1 2\n3 0 1 2\n1 0\n"
    with pytest.raises(FormatError, match=r"line 7: .*must follow all others"):
        parse(shifted)
    assert parse(shifted.replace("1 2\n3 0 1 2\n", "3 0 1 2\n1 2\n")).cells == ((0,),)


def test_the_minus_sign_of_print(parse):
    assert parse(TETRAHEDRON.replace("-", "\u2212")) == parse(TETRAHEDRON)


def test_counts_left_out(parse):
    text = "OFF\n0.0 0.0 0.0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 1 2 3\n"
    model = parse(text)
    assert (len(model.vertices), len(model.faces)) == (4, 2)
    assert parse("OFF\n0.5 0.5 1.\n").vertices == (("0.5", "0.5", "1."),)


def test_four_dimensions_with_cells_and_colours(parse):
    simplex = [f"{' '.join('1' if i == j else '0' for j in range(4))}" for i in range(4)]
    faces = ["3 0 1 2 1 0 0", "3 0 1 3", "3 0 2 3", "3 1 2 3"]
    text = "\n".join(["4OFF", "4 4 6 1", *simplex, *faces, "4 0 1 2 3 255 0 0"])
    model = parse(text)
    assert model.dimension == 4
    assert model.cells == ((0, 1, 2, 3),)
    assert model.cell_count == 1
    assert parse(text.replace("4OFF", "nOFF\n4")) == model
    without = parse(text.replace("4 4 6 1", "4 4 6").rsplit("\n", 1)[0])
    assert (without.cells, without.cell_count) == ((), None)


def test_faces_of_two_vertices_are_edges(parse):
    model = parse("OFF\n4 3 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n2 3 0\n3 0 1 2\n2 1 3\n")
    assert model.faces == ((0, 1, 2),)
    assert model.edges == ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3))
    shifted = "nOFF\n3\n4 2 0 1\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n2 3 0\n3 0 1 2\n1 0\n"
    with pytest.raises(FormatError, match=r"line 8: .*must follow all others"):
        parse(shifted)
    in_order = shifted.replace("2 3 0\n3 0 1 2\n", "3 0 1 2\n2 3 0\n")
    assert parse(in_order).cells == ((0,),)


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "empty"),
        ("\n# only a comment\n\n", None, "empty"),
        ("OFF", 1, "counts"),
        ("nOFF", 1, "dimension"),
        ("nOFF\n3 1 1 0\n0 0 0\n", 2, "dimension"),
        ("nOFF\n0\n1 0 0\n", 2, "dimension"),
        ("nOFF\n-3\n1 0 0\n", 2, "whole number"),
        ("nOFF\n1000000000000\n1 0 0\n0 0 0\n", 4, "1000000000000 coordinates, got 3"),
        ("8 6 12\n0 0 0\n", 1, "first word"),
        ("OFFENSIVE\n", 1, "first word"),
        ("PLY\nformat ascii\n", 1, "first word"),
        ("OFF BINARY\n", 1, "V F E"),
        ("OFF\n4\n", 2, "V F E"),
        ("OFF\n4 4\n", 2, "cut off"),
        ("OFF4x 4 6\n", 1, "first word"),
        ("NNNNOFF\n", 1, "first word"),
        ("OFF\n4 4 6 1 1\n", 2, "V F E"),
        ("OFF\n-4 4 6\n", 2, "whole number"),
        ("OFF\n4 4 -6\n", 2, "whole number"),
        ("OFF\n1e12 4 6\n", 2, "whole number"),
        ("OFF\n4.0 4 6\n", 2, "whole number"),
        ("OFF\n1000000000000 0 0\n0 0 0\n", 3, "cut off"),
        ("OFF\n1 1000000000000 0\n0 0 0\n", 3, "cut off"),
        ("4OFF\n1 0 0 1000000000000\n0 0 0 0\n", 3, "cut off"),
        ("OFF\n" + "9" * 5000 + " 0 0\n", 2, "whole number"),
        ("OFF\n1 0 0\n0 0 nan\n", 3, "finite decimal"),
        ("OFF\n1 0 0\n0 -inf 0\n", 3, "finite decimal"),
        ("OFF\n1 0 0\n0 0 0x10\n", 3, "finite decimal"),
        ("OFF\n1 0 0\n0 1_0 0\n", 3, "finite decimal"),
        ("OFF\n1 0 0\n0 1e99999 0\n", 3, "finite decimal"),
        ("OFF\n1 0 0\n0 0 ٣\n", 3, "finite decimal number, got '٣'"),
        ("OFF\n1 0 0\n0 0 −1.6x\n", 3, "got '−1.6x'"),
        ("OFF\n1 0 0\n0 0 –1.6\n", 3, "got '–1.6'; write the minus sign – (U+2013) as -"),
        ("OFF\n1 0 0\n0 0 φ/2\n", 3, "got 'φ/2'; exact numbers are read from VEF"),
        ("OFF\n1 0 0\n0 0 \xb9\n".encode("latin-1"), 3, "got '\xb9'"),
        ("OFF\n1 0 −\n0 0 1\n", 2, "got '−'"),
        ("OFF\n1 0 0\n0 0 " + "1" * 10**6 + "\n", 3, "1000 characters, got 1000000"),
        ("OFF\n1 0 0\n0 0\n", 3, "3 coordinates, got 2"),
        ("OFF\n1 0 0\n0 0 0 0\n", 3, "3 coordinates, got 4; points of four dimensions stand"),
        ("OFF\n3 1 0\n0 0 0 1\n0 0 1 2\n0 2 0 1\n", 5, "cut off"),
        ("OFF\n1 0 0\n0 0 0\n\n0 0 1\n", 5, "nothing may follow"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n", 6, "got 3"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 -1\n", 6, "whole number"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2.5\n", 6, "whole number"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1\n", 6, "3 indices"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n1000000000 0 1 2\n", 6, "1000000000 indices"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2 9 9\n", 6, "colour"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2 red\n", 6, "finite decimal"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 1\n", 6, "twice in a row"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n2 1 1\n", 6, "two different"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n1 3\n", 6, "an element must name vertices"),
        ("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n0\n", 6, "at least 3"),
        ("nOFF\n1\n3 1 0 1\n0\n1\n2\n3 0 1 2\n1 1\n", 8, "got 1"),
        ("nOFF\n1\n3 1 0 1\n0\n1\n2\n3 0 1 2\n0\n", 8, "at least one face"),
        ("O\0F\0F\0\n\0", None, "binary"),
        (bytes(range(1, 256)), 1, "first word"),
        (b"\xff\xfeO\0F\0F\0", None, "binary"),
    ],
)
def test_broken_files_are_refused_with_their_line(parse, text, line, rule):
    with pytest.raises(FormatError, match=re.escape(rule)) as caught:
        parse(text)
    assert caught.value.line == line
    assert caught.value.path.endswith("a.off")
    assert len(str(caught.value)) < 400


def test_every_truncation_is_noticed(parse):
    lines = TETRAHEDRON.splitlines(keepends=True)
    for k in range(len(lines)):
        with pytest.raises(FormatError):
            parse("".join(lines[:k]))
    with pytest.raises(FormatError, match="line 10: 3 indices"):
        parse(TETRAHEDRON.rstrip("\n")[:-1])


def test_what_is_written(tmp_path):
    path = tmp_path / "A.OFF"
    write(Model(VERTICES, faces=FACES), path)
    assert path.read_text() == TETRAHEDRON
    write(Model(VERTICES, faces=FACES[:1], edges=((0, 1), (0, 2), (1, 2), (2, 3))), path)
    assert path.read_text().splitlines()[1:2] == ["4 2 4"]
    assert path.read_text().splitlines()[6:] == ["3 0 1 2", "2 2 3"]
    flat = Model((("0", "0"), ("1", ".5")), edges=((0, 1),))
    write(flat, path)
    assert path.read_text() == "nOFF\n2\n2 1 1 0\n0 0\n1 .5\n2 0 1\n"
    write(Model(tuple((*v, "0") for v in VERTICES), faces=FACES, cells=((0, 1, 2, 3),)), path)
    assert path.read_text().startswith("4OFF\n4 4 6 1\n1.0 1 1 0\n")
    assert path.read_text().endswith("3 1 3 2\n4 0 1 2 3\n")


def test_a_hostile_count_costs_no_memory(parse):
    tracemalloc.start()
    try:
        for counts in ("999999999999 9 9", "9 999999999999 9", "9 9 999999999999"):
            with pytest.raises(FormatError):
                parse(f"OFF\n{counts}\n0 0 0\n999999999 1 2 3\n")
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_real_files(shared_data, tmp_path):
    folder = shared_data / "polychora"
    expected = json.loads((folder / "expected.json").read_text())
    for name, facts in expected.items():
        model = read(folder / name)
        v, f, e, c = facts.get("header_counts_V_F_E_C") or facts["counts"]
        assert (len(model.vertices), len(model.faces), len(model.edges)) == (v, f, e)
        assert len(model.cells) == model.cell_count == c
        assert v - e + f - c == 0
        assert model.dimension == 4
        text = (folder / name).read_text().splitlines()
        rows = [tuple(line.split()) for line in text if line and not line.startswith("#")]
        assert model.vertices == tuple(rows[2 : 2 + v])
        assert [(str(len(face)), *map(str, face)) for face in model.faces] == rows[2 + v : -c]
        assert [(str(len(cell)), *map(str, cell)) for cell in model.cells] == rows[-c:]
        write(model, tmp_path / name)
        assert read(tmp_path / name) == model


TOKENS = (
    st.tuples(
        st.sampled_from(["", "+", "-", "00"]),
        st.integers(0, 10**9).map(str) | st.just("."),
        st.sampled_from(["", "0", "25", "5e-3", "0E+07"]),
    )
    .map("".join)
    .filter(lambda token: decimal_fault(token) is None)
)


@st.composite
def models(draw):
    dimension = draw(st.integers(1, 6))
    vertices = draw(st.lists(st.tuples(*[TOKENS] * dimension), min_size=0, max_size=9))
    n = len(vertices)
    walks = st.lists(st.integers(0, max(n - 1, 0)), min_size=3, max_size=6)
    closed = walks.filter(lambda w: all(w[k] != w[k - 1] for k in range(len(w))))
    faces = draw(st.lists(closed.map(tuple), max_size=5)) if n >= 3 else []
    pairs = [(i, j) for j in range(n) for i in range(j)]
    more = draw(st.lists(st.sampled_from(pairs), max_size=5)) if pairs else []
    subsets = st.sets(st.integers(0, max(len(faces) - 1, 0)), min_size=1, max_size=4)
    cells = draw(st.lists(subsets.map(tuple), max_size=3)) if faces else []
    edges = (*edges_of(faces), *more)
    return Model(tuple(vertices), edges=edges, faces=tuple(faces), cells=tuple(cells))


@examples(100)
@given(models())
def test_round_trip(tmp_path_factory, model):
    path = tmp_path_factory.getbasetemp() / "round.off"
    write(model, path)
    first = path.read_bytes()
    again = read(path)
    assert again == model
    second = BytesIO()
    write_off(again, second)
    assert second.getvalue() == first


@pytest.mark.campaign
def test_mutated_files_are_read_or_refused_quickly(parse, tmp_path):
    """2000 damaged files: every one gives a valid Model or FormatError, none takes many calls."""
    rng = random.Random(20240612)
    simplex = "4OFF\n5 10 10 5\n" + "\n".join(
        [*(" ".join("1.5" if i == j else "0" for j in range(4)) for i in range(4)), "1 1 1 1"]
        + [f"3 {i} {j} {k}" for k in range(5) for j in range(k) for i in range(j)]
        + [f"4 {i} {i + 1} {i + 2} {i + 3}" for i in range(5)]
    )
    junk = ["nan", "1e12", "-1", "999999999999", "\0", "#", "\n", " ", "\r", "2", "3", "é", "."]
    outcomes = {"read": 0, "refused": 0}
    for _ in range(2000):
        text = list(rng.choice((TETRAHEDRON, simplex)))
        for _ in range(rng.randint(1, 3)):
            k = rng.randrange(len(text) or 1)
            match rng.randrange(5):
                case 0:
                    del text[k : k + rng.randint(1, 8)]
                case 1:
                    text[k:k] = rng.choice(junk)
                case 2:
                    text[k : k + 1] = rng.choice(string.printable)
                case 3:
                    text[k:k] = text[k : k + 20]
                case _:
                    del text[max(k, 1) :]
        try:
            with at_most(calls=20_000):
                model = parse("".join(text))
        except FormatError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            write(model, tmp_path / "again.off")
            assert read(tmp_path / "again.off") == model
    assert min(outcomes.values()) > 50

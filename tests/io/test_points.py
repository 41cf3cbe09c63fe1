"""XYZ and CSV: printed numbers are kept, and what is refused with its line."""

import re
import tracemalloc
from fractions import Fraction
from itertools import permutations, product

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, SQRT5, GoldenExact, ResonantTensor
from syntonic.errors import FormatError
from syntonic.io import Model, read, write

ICOSAHEDRON = [
    q
    for s, t in product((1, -1), repeat=2)
    for q in ((0, s, t * PHI), (s, t * PHI, 0), (t * PHI, 0, s))
]
ROWS = (("0.50", "-1", "2e-1"), ("1", ".25", "+3."), ("0", "0", "0.0"))
XYZ = "3\nwater, or # not\nO 0.50 -1 2e-1\nH1 1 .25 +3.\nH 0 0 0.0\n"


@pytest.fixture
def parse(tmp_path):
    def parse(text, name):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return parse


@pytest.mark.parametrize(
    "text",
    [
        XYZ,
        XYZ.replace("\n", "\r\n"),
        XYZ.replace(" ", "\t  "),
        XYZ.replace("water, or # not", ""),
        XYZ.replace("water", "\xe9").encode("latin-1"),
        "\ufeff" + XYZ,
        XYZ.rstrip("\n"),
        XYZ + "\n \n",
        XYZ.replace("O ", "8 ").replace("H1 ", "1 ").replace("H ", "1 "),
        XYZ.replace("O ", "").replace("H1 ", "").replace("H ", ""),
    ],
)
def test_xyz(parse, text):
    assert parse(text, "a.xyz") == Model(ROWS)


def test_an_xyz_file_without_points(parse):
    assert parse("0\n\n", "a.xyz") == Model(())
    assert parse("0", "a.xyz") == Model(())


@pytest.mark.parametrize("element", ["", "C ", "6 "])
@pytest.mark.parametrize("extra", [" -0.25", " 1 2 3 0.5", " H 7", ""])
def test_further_columns_of_xyz_are_left_out(parse, element, extra):
    """After the symbol, or where the comment of extended XYZ says."""
    rows = [" ".join(row) for row in ROWS]
    head = "3\ncharges\n" if element else "3\nProperties=pos:R:3:x:S:9\n"
    model = parse(head + "".join(f"{element}{row}{extra}\n" for row in rows), "a.xyz")
    assert model == Model(ROWS)
    left, width = bool(element), 3 + bool(element) + len(extra.split())
    taken = ", ".join(str(k + left) for k in (1, 2, 3))
    rest = "" if width - left == 4 else f" to {width}"
    note = f"3 columns: numbers {taken} of {width}; left out: {4 + left}{rest}"
    assert model.notes == ((note,) if extra else ())


def test_the_columns_of_extended_xyz(parse):
    comment = 'Lattice="1 0 0 0 1 0 0 0 1" Properties=charge:R:1:forces:R:3:pos:R:3:species:S:1'
    rows = [f"9 1 2 3 {' '.join(row)} H" for row in ROWS]
    model = parse("\n".join(["3", comment, *rows]), "a.xyz")
    assert model == Model(ROWS)
    assert model.notes == ("3 columns: numbers 5, 6, 7 of 8; left out: 2 to 8",)


def test_xyz_without_a_head(parse):
    rows = [" ".join(row) for row in ROWS]
    for text in ("\n".join(rows), "\n".join(f"H {row} 7" for row in rows)):
        assert parse(text, "a.xyz") == Model(ROWS)
    coloured = parse("\n".join(f"{row} 255 0 0" for row in rows), "a.xyz")
    assert coloured == Model(ROWS)
    assert coloured.notes == ("3 columns without names: numbers 1, 2, 3 of 6",)


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "empty"),
        (" \n", None, "empty"),
        ("x\n", 1, "number of points"),
        ("\n3\n", 1, "number of points"),
        ("3 x\n", 1, "number of points"),
        ("9" * 5000, 1, "number of points"),
        ("1000000000000\n\nC 0 0 0\n", 3, "only 1 are there"),
        ("2\n", 1, "only 0 are there"),
        ("2\ncomment\n", 2, "only 0 are there"),
        ("1\n\n0 0 0\n\n1\n\n0 0 1\n", 4, "several frames"),
        ("1\n\n0 0\n", 3, "3 words"),
        ("1\n\nC 0\n", 3, "must have 3 words, or 4 words with an element before them, got 2"),
        ("2\n\nC 0 0 0\n0 0 0\n", 4, "4 words"),
        ("2\n\n0 0 0\nC 0 0 0\n", 4, "3 words"),
        ("3\n\n0 0 0\n\n0 0 0", 4, "3 words"),
        ("1\n\n0.5 0 0 0\n", 3, "symbol"),
        ("1\nProperties=pos:R:3\n0 0\n", 3, "a point must have 3 words, got 2"),
        ("1\n\n0 0 nan\n", 3, "finite decimal"),
        ("1\n\nC 0 0 \u20131\n", 3, "got '\u20131'; write the minus sign"),
        ("C 0 0 x\n", 1, "number of points"),
        ("1 0 0\n1 0 x\n", 2, "got 'x'"),
        ("1\n\nC 0 0 φ\n", 3, "got 'φ'; exact numbers are read from VEF"),
        ("1\n\nC 0 0 1e9999\n", 3, "finite decimal"),
        ("1\n\nC 0 0 " + "1" * 10**6, 3, "1000 characters"),
        ("1\n\n0 0 \0", None, "binary"),
        (bytes(range(1, 256)), 1, "number of points"),
    ],
)
def test_broken_xyz_files(parse, text, line, rule):
    check_refusal(parse, text, "a.xyz", line, rule)


def check_refusal(parse, text, name, line, rule):
    with pytest.raises(FormatError, match=re.escape(rule)) as caught:
        parse(text, name)
    assert caught.value.line == line
    assert name in str(caught.value)
    assert len(str(caught.value)) < 400


CSV = "0.50,-1,2e-1\n1,.25,+3.\n0,0,0.0\n"


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "x,y,z\n" + CSV,
        '"x","y","z"\n' + CSV,
        "# made by hand\n" + CSV + "\n\n# the end",
        "φ,ψ,ξ\n" + CSV,
        CSV.replace("-", "\u2212"),
        CSV.replace(",", " , "),
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace(",", " "),
        CSV.replace(",", "   ").replace("0.50", "  0.50"),
        "x y z\n" + CSV.replace(",", " "),
        "p, at;q;r\n" + CSV.replace(",", ";"),
        "p;q,\tt\tr\n" + CSV.replace(",", "\t"),
        CSV.replace("\n", "\r\n"),
        "\ufeff" + CSV.rstrip("\n"),
        re.sub(r"([^,\n]+)", r'"\1"', CSV),
    ],
)
def test_csv(parse, text):
    assert parse(text, "a.csv") == Model(ROWS)
    assert parse(text, "a.TSV") == Model(ROWS)


LABELS = ["", '""', "index", "Index", "ID", "'id'", "Unnamed: 0", '"Unnamed: 0"', "#", "No", "NAME"]
HEADS = [[label, "x", "y", "z"] for label in LABELS] + [["", "0", "1", "2"]]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("labels", ["012", "123", "abc"])
def test_a_column_of_row_labels_is_left_out(parse, head, separator, labels):
    table = [head, *((label, *row) for label, row in zip(labels, ROWS, strict=True))]
    if head[0] == "#":  # at the beginning of a line it is a comment
        table = [[*row[1:], row[0]] for row in table]
    model = parse("\n".join(map(separator.join, table)), "a.csv")
    assert model == Model(ROWS)
    shown = head[0].strip("\"'") or "(no name)"
    assert model.notes == (f"3 columns: {', '.join(head[1:])}; left out: {shown}",)


@examples(40)
@given(
    rows=st.integers(1, 5).flatmap(
        lambda n: st.lists(st.tuples(*[st.integers(-99, 99).map(str)] * n), min_size=1)
    ),
    start=st.integers(0, 9),
    label=st.sampled_from([each for each in LABELS if each != "#"]),
)
def test_labels_make_no_difference(tmp_path_factory, rows, start, label):
    path = tmp_path_factory.getbasetemp() / "labels.csv"
    head = [f"c{k}" for k in range(len(rows[0]))]
    path.write_text("\n".join(",".join(row) for row in [head, *rows]))
    plain = read(path)
    table = [[label, *head], *([f"{start + k}", *row] for k, row in enumerate(rows))]
    path.write_text("\n".join(",".join(row) for row in table))
    assert read(path) == plain == Model(tuple(rows))


def test_columns_are_told(parse):
    def notes(text):
        return parse(text, "a.csv").notes

    assert notes("x,y\n1,2\n") == ("2 columns: x, y",)
    assert notes("1,2\n") == ("2 columns without names",)
    assert notes("height\n1\n") == ("1 column: height",)
    assert notes("a,,b\n1,2,3\n") == ("2 columns: a, b; left out: (no name)",)
    (many,) = notes(",".join(f"{k}" * 50 for k in "abcdefghijklmnop") + "\n" + ",".join("1" * 16))
    assert many.startswith(f"16 columns: {'a' * 20}, {'b' * 20}, ")
    assert many.endswith(f"{'l' * 20}, ...")
    counted = "the first column counts the rows; if it is no coordinate, leave it out with columns"
    counted += " (--columns)"
    for start in (0, 1):
        table = "".join(f"{start + k},0.5,{k % 2}\n" for k in range(4))
        assert notes(table)[1:] == (counted,)
        assert notes("k,u,v\n" + table)[1:] == (counted,)
        assert notes("n,u,v\n" + table) == ("2 columns: u, v; left out: n",)
        assert notes("x,y,z\n" + table)[1:] == ()
        assert notes(table.rsplit("\n", 2)[0])[1:] == ()  # three rows
        assert notes(table.replace("2,0.5", "2.0,0.5"))[1:] == ()
    assert notes("".join(f"{k},0.5\n" for k in range(9)))[1:] == ()


def test_csv_of_other_dimensions(parse):
    assert parse("0.5\n-1\n", "a.csv") == Model((("0.5",), ("-1",)))
    assert parse("1,2,3,4\n", "a.csv").dimension == 4
    assert parse("x,y\n", "a.csv") == Model(())


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "empty"),
        ("# nothing\n", None, "at least one point"),
        ("1,2\n1\n", 2, "2 cells"),
        ("x,y\n\n1,2,3\n", 3, "2 cells"),
        ("1,2,\n", 1, "finite decimal"),
        ("x,1\n", 1, "finite decimal"),
        ("nan,nan\n1,2\n", 1, "finite decimal"),
        ("-inf,+Infinity\n1,2\n", 1, "finite decimal"),
        ("1e9999,0x10\n", 1, "finite decimal"),
        ("x,y\nx,y\n", 2, "finite decimal"),
        ("1,2\nx,y\n", 2, "finite decimal"),
        ("1,5;2,5\n", 1, "finite decimal"),
        ("1,2 3\n", 1, "got '2 3'"),
        ("1 2 3\n1,2,3\n", 2, "3 cells"),
        ("0,1\n\u22121.618x,0\n", 2, "got '\u22121.618x'"),
        ("0,\u20131\n", 1, "got '\u20131'; write the minus sign \u2013 (U+2013) as -"),
        ("0,1\nψ,0\n", 2, "or one in Q(φ) such as φ, 1/2 or (1+sqrt5)/2, got 'ψ'"),
        ("0,1\nφ,√2\n", 2, "got '√2'"),
        ("0,1\nφ,1/0\n", 2, "got '1/0'"),
        ("1.618034,1\nφ,0\n", 1, "mixes exact and printed numbers, 'φ' and '1.618034'"),
        ("φ,0\n+-1,0\n", 2, "got '+-1'; write ± for both signs"),
        ("φ,2^99999\n", 1, "an exact number must be 0 or of a size between 1e-999 and 1e999"),
        ("1," + "(" * 2000, 1, "at most 1000 characters"),
        ("1,¹\n".encode("latin-1"), 1, "got '¹'"),
        ("index\n1\n2\n", 1, "row labels only"),
        (",0,2\n1,2,3\n", 1, "got ''"),
        ("1,1_0\n", 1, "finite decimal"),
        ("1,٣\n", 1, "finite decimal"),
        ("0," + "1" * 10**6, 1, "1000 characters"),
        ("0,0\n0,\0", None, "binary"),
        ("1,2".encode("utf-16"), None, "binary"),
    ],
)
def test_broken_csv_files(parse, text, line, rule):
    check_refusal(parse, text, "a.csv", line, rule)


@pytest.mark.parametrize("order", list(permutations("xyz")))
@pytest.mark.parametrize("spelling", ["{}", "{} (mm)", "{}[nm]"])
def test_names_say_which_columns_are_coordinates(parse, order, spelling):
    head = ["mass", *(spelling.format(name) for name in order), "comment"]
    table = [
        [*"9", *(dict(zip("xyz", row, strict=True))[name] for name in order), "é"] for row in ROWS
    ]
    model = parse("\n".join(map(",".join, [head, *table])), "a.csv")
    assert model == Model(ROWS)
    shown = ", ".join(spelling.format(name) for name in "xyz")
    assert model.notes == (f"3 columns: {shown}; left out: mass, comment",)


def test_other_names_of_coordinates(parse):
    def rows(text):
        return parse(text, "a.csv").vertices

    assert rows("x2,x1,t\n1,2,3\n") == (("2", "1"),)
    assert rows("X10,x2,x1\n1,2,3\n") == (("3", "2", "1"),)
    assert rows("Points:2,Points:0,Points:1\n1,2,3\n") == (("2", "3", "1"),)
    assert rows("w,z,y,x\n1,2,3,4\n") == (("4", "3", "2", "1"),)
    assert rows("y,mass\n1,2\n") == (("1",),)
    assert rows("a,b\n1,2\n") == (("1", "2"),)
    check_refusal(parse, "x,x,y\n1,2,3\n", "a.csv", 1, "a coordinate must have one column")


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (("z", "a"), (("4", "1"), ("8", "5"))),
        (("4", 1), (("4", "1"), ("8", "5"))),
        ((2,), (("2",), ("6",))),
        (["2"], (("2",), ("6",))),
    ],
)
def test_chosen_columns(tmp_path, columns, rows):
    path = tmp_path / "a.csv"
    path.write_text("a,x,y,z\n1,2,3,4\n5,6,,8\n")
    assert read(path, columns=columns) == Model(rows)
    for other in (("q",), (0,), (5,), (), ("z", 4), ("-1",)):
        with pytest.raises(FormatError, match=r"columns must .*"):
            read(path, columns=other)
    for other in ("xyz", (1.5,), 3):
        with pytest.raises(TypeError):
            read(path, columns=other)
    (tmp_path / "a.off").write_text("OFF\n1 0 0\n0 0 0\n")
    with pytest.raises(FormatError, match="OFF has no columns to choose"):
        read(tmp_path / "a.off", columns=(1,))
    (tmp_path / "a.xyz").write_text("1\n\nC 1 2 3 4\n")
    assert read(tmp_path / "a.xyz", columns=(5, 2)).vertices == (("4", "1"),)


def test_expressions_make_a_table_exact(parse):
    text = "0,1/2,φ\n-1.5,(1+sqrt5)/2,2φ-1\n½,\u22121,√5\n"
    half = Fraction(1, 2)
    exact = [[0, half, PHI], [-3 * half, PHI, SQRT5], [half, -1, SQRT5]]
    for name in ("a.csv", "a.txt", "a"):
        model = parse(text, name)
        assert model.tensor.equals(ResonantTensor(exact))
        assert model.vertices[0] == ("0", "0.5", "1.6180339887498948")
    assert parse("φ phi τ\n", "a.csv").tensor.equals(ResonantTensor([[PHI] * 3]))
    assert parse("φ,height\n1,2\n", "a.csv").vertices == (("1", "2"),)
    assert parse("1/3,0\n0,1\n", "a.csv").tensor is not None


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("(0, ±1, ±φ) and cyclic permutations\n", ICOSAHEDRON),
        ("Cyclic permutations of (0, ±1, ±φ).\n", ICOSAHEDRON),
        ("# of the icosahedron\nall cyclic permutations:\n0, ±1, ±φ\n", ICOSAHEDRON),
        ("even permutations of\n[0; ±1; ±PHI]\n", ICOSAHEDRON),
        ("(0, ±1, ±φ), (±1, ±φ, 0) and (±φ, 0, ±1)\n", ICOSAHEDRON),
        ("0 ±1 ±φ\n±1 ±φ 0\n±φ 0 ±1\n", ICOSAHEDRON),
        ("(0, ±1, ±φ) (odd permutations)\n", [(y, x, z) for x, y, z in ICOSAHEDRON]),
        ("(±1, ±1, ±1)\n", list(product((1, -1), repeat=3))),
        ("(±1, ±0, 0) permutations\n", [t for s in (1, -1) for t in permutations((s, 0, 0))]),
        ("(1, 2, 3) and all permutations\n(3, 2, 1)\n", list(permutations((1, 2, 3)))),
    ],
)
def test_lists_with_signs_and_permutations(parse, text, points):
    model = parse(text, "a.txt")
    found = list(zip(*[iter(x for row in numbers(model) for x in row)] * 3, strict=True))
    assert len(found) == len({*found}) == len({*points})
    assert {*found} == {tuple(map(GoldenExact, point)) for point in points}
    assert "by their signs and permutations" in model.notes[0]
    assert parse(text, "a.csv") == model


def numbers(model):
    if model.tensor is not None:
        return model.tensor.tolist()
    return [[GoldenExact(Fraction(token)) for token in row] for row in model.vertices]


def test_printed_lists_stay_printed(parse):
    model = parse("(0, ±1, ±1.618) and cyclic permutations\n", "a.txt")
    assert model.tensor is None
    assert len(model.vertices) == 12
    assert ("0", "-1", "1.618") in model.vertices


def test_the_600_cell_of_a_paper(parse):
    text = (
        "(±1/2, ±1/2, ±1/2, ±1/2)\n(±1, 0, 0, 0) and all permutations\n"
        "even permutations of (±φ/2, ±1/2, ±1/(2φ), 0)\n"
    )
    model = parse(text, "a.txt")
    inner = model.tensor @ model.tensor.T
    assert model.vertex_count == 120
    assert {inner[0, k].item() for k in range(120)} == {
        GoldenExact(x) for x in (1, -1, 0, Fraction(1, 2), Fraction(-1, 2))
    } | {s * x for s in (1, -1) for x in (PHI / 2, 1 / PHI / 2)}


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("(0, ±1, ±ψ)\n", 1, "got 'ψ'"),
        ("(0, 1±φ, 1)\n", 1, "± must stand at the beginning of a coordinate, got '1±φ'"),
        ("(0, ∓1, ±1)\n", 1, "got '∓1'"),
        ("(0, ±1, 1)\n(0, ±1)\n", 2, "each vector must have 3 coordinates"),
        ("(0, ±1, 1) and even sign changes\n", 1, "and nothing else, got 'and even sign changes'"),
        ("even and cyclic permutations of (0, 1, 2)\n", 1, "and nothing else, got 'even'"),
        ("even permutations of cyclic permutations of (0, 1, 2)\n", 1, "one kind"),
        ("(" + ", ".join("±1" for _ in range(18)) + ")\n", 1, "at most 200000 points"),
        ("(" + ", ".join("123456789") + ") and permutations\n", 1, "at most 200000 points"),
        ("(" + ", ".join("1" * 90) + ") and permutations\n", 1, "at most 200000 points"),
        ("±\n", 1, "got ''"),
    ],
)
def test_broken_lists(parse, text, line, rule):
    check_refusal(parse, text, "a.txt", line, rule)


def test_a_hostile_count_costs_no_memory(parse):
    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            parse("999999999999\n\n0 0 0\n", "a.xyz")
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.xyz", "a.csv", "a.tsv"])
def test_points_are_not_written(tmp_path, name):
    with pytest.raises(FormatError, match="writable are OFF"):
        write(Model(ROWS), tmp_path / name)
    assert list(tmp_path.iterdir()) == []

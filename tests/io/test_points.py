"""XYZ and CSV: printed numbers are kept, and what is refused with its line."""

import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic.errors import FormatError
from syntonic.io import Model, read, write

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


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "empty"),
        (" \n", None, "empty"),
        ("x\n", 1, "number of points"),
        ("\n3\n", 1, "number of points"),
        ("3 4\n", 1, "number of points"),
        ("-1\n\n", 1, "number of points"),
        ("9" * 5000, 1, "number of points"),
        ("1000000000000\n\nC 0 0 0\n", 3, "only 1 are there"),
        ("2\n", 1, "only 0 are there"),
        ("2\ncomment\n", 2, "only 0 are there"),
        ("1\n\n0 0 0\n\n1\n\n0 0 1\n", 4, "several frames"),
        ("1\n\n0 0\n", 3, "3 words"),
        ("1\n\nC 0 0 0 0\n", 3, "must have 3 words, or 4 words with an element before them, got 5"),
        ("2\n\nC 0 0 0\n0 0 0\n", 4, "4 words"),
        ("2\n\n0 0 0\nC 0 0 0\n", 4, "3 words"),
        ("3\n\n0 0 0\n\n0 0 0", 4, "3 words"),
        ("1\n\n0.5 0 0 0\n", 3, "symbol"),
        ("1\n\n0 0 nan\n", 3, "finite decimal"),
        ("1\n\nC 0 0 \u22121\n", 3, "got '\u22121'; write the minus sign"),
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
        "φ,,ξ\n" + CSV,
        CSV.replace(",", " , "),
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace(",", " "),
        CSV.replace(",", "   ").replace("0.50", "  0.50"),
        "x y z\n" + CSV.replace(",", " "),
        "x, at;y;z\n" + CSV.replace(",", ";"),
        "x;y,\tt\tz\n" + CSV.replace(",", "\t"),
        CSV.replace("\n", "\r\n"),
        "\ufeff" + CSV.rstrip("\n"),
        re.sub(r"([^,\n]+)", r'"\1"', CSV),
    ],
)
def test_csv(parse, text):
    assert parse(text, "a.csv") == Model(ROWS)
    assert parse(text, "a.TSV") == Model(ROWS)


LABELS = ["", '""', "index", "Index", "ID", "'id'", "Unnamed: 0", '"Unnamed: 0"']
HEADS = [[label, "x", "y", "z"] for label in LABELS] + [["", "0", "1", "2"]]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("labels", ["012", "123", "abc"])
def test_a_column_of_row_labels_is_left_out(parse, head, separator, labels):
    table = [head, *((label, *row) for label, row in zip(labels, ROWS, strict=True))]
    model = parse("\n".join(map(separator.join, table)), "a.csv")
    assert model == Model(ROWS)
    shown = head[0].strip("\"'") or "(no name)"
    assert model.notes == (f"3 columns: {', '.join(head[1:])}; left out as row labels: {shown}",)


@settings(max_examples=40)
@given(
    rows=st.integers(1, 5).flatmap(
        lambda n: st.lists(st.tuples(*[st.integers(-99, 99).map(str)] * n), min_size=1)
    ),
    start=st.integers(0, 9),
    label=st.sampled_from(LABELS),
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
    assert notes("a,,b\n1,2,3\n") == ("3 columns: a, (no name), b",)
    (many,) = notes(",".join(f"{k}" * 50 for k in "abcdefghijklmnop") + "\n" + ",".join("1" * 16))
    assert many.startswith(f"16 columns: {'a' * 20}, {'b' * 20}, ")
    assert many.endswith(f"{'l' * 20}, ...")
    counted = "the first column counts the rows; if it is no coordinate, take it out"
    for start in (0, 1):
        table = "".join(f"{start + k},0.5,{k % 2}\n" for k in range(4))
        assert notes(table)[1:] == (counted,)
        assert notes("n,x,y\n" + table)[1:] == (counted,)
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
        ("0,1\n\u22121.618,0\n", 2, "got '\u22121.618'; write the minus sign \u2212 (U+2212) as -"),
        ("0,\u20131\n", 1, "got '\u20131'; write the minus sign \u2013 (U+2013) as -"),
        ("0,1\nφ,0\n", 2, "got 'φ'; exact numbers are read from VEF"),
        ("0,1\n(1+sqrt5)/2,0\n", 2, "exact numbers are read from VEF"),
        ("1,½\n", 1, "got '½'"),
        ("1,½\n".encode("latin-1"), 1, "got '½'"),
        ("index\n1\n2\n", 1, "row labels only"),
        (",0,2\n1,2,3\n", 1, "finite decimal number, got ''"),
        ("1,1_0\n", 1, "finite decimal"),
        ("1,٣\n", 1, "finite decimal"),
        ("0," + "1" * 10**6, 1, "1000 characters"),
        ("0,0\n0,\0", None, "binary"),
        ("1,2".encode("utf-16"), None, "binary"),
    ],
)
def test_broken_csv_files(parse, text, line, rule):
    check_refusal(parse, text, "a.csv", line, rule)


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

"""XYZ and CSV: printed numbers are kept, and what is refused with its line."""

import re
import tracemalloc

import pytest

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
        ("1\n\nC 0 0 0 0\n", 3, "3 words"),
        ("2\n\nC 0 0 0\n0 0 0\n", 4, "4 words"),
        ("2\n\n0 0 0\nC 0 0 0\n", 4, "3 words"),
        ("3\n\n0 0 0\n\n0 0 0", 4, "3 words"),
        ("1\n\n0.5 0 0 0\n", 3, "symbol"),
        ("1\n\n0 0 nan\n", 3, "finite decimal"),
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
        ("1 2 3\n", 1, "finite decimal"),
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

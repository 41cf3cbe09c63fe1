"""The table of cliffs: every row runs, on few elements, and its two calls look as hard."""

import json

import pytest

pytest.importorskip("numba")

from benchmarks import cliffs

ROWS = [row for table in cliffs.TABLES for row in table]


def test_rows_have_names_of_their_own_and_bounds():
    names = [(row.group, row.name) for row in ROWS]
    assert len(set(names)) == len(names)
    assert all(row.bound > 1 and row.size > 1 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.group}: {row.name}")
def test_row(row):
    given = row.setup(60)
    row.slow(*given)
    row.neighbour(*given)


def test_the_table(capsys, tmp_path):
    path = tmp_path / "out.json"
    options = "--group sets --match in --size 50 --rounds 1 --least 0 --json".split()
    cliffs.main([*options, str(path)])
    head, *lines = capsys.readouterr().out.splitlines()
    chosen = cliffs.chosen("sets", "in")
    assert "ratio" in head
    assert [line.split()[1] for line in lines] == [row.name for row in chosen]
    results = json.loads(path.read_text())["results"]
    assert [r["task"] for r in results] == [f"sets: {row.name}" for row in chosen]
    assert all(r["ratios"]["neighbour"] > 0 for r in results)


def test_what_is_above_its_bound_is_marked():
    row = ROWS[0]
    result = cliffs.Result("x", "call", {"syntonic": 3.0, "neighbour": 1.0})
    assert cliffs.line(row._replace(bound=2), result).endswith("above")
    assert "above" not in cliffs.line(row._replace(bound=4), result)

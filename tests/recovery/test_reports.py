"""Files as other programs write them, with what reading and recovery must give."""

import json

import pytest

from syntonic import GoldenExact, NotGoldenError, recover
from syntonic.cli import main
from syntonic.io import read

OPTIONS = ("recover", "scale_free", "direct")


@pytest.fixture(scope="module")
def folder(shared_data):
    if not (shared_data / "reports").is_dir():
        pytest.skip("no folder reports")
    return shared_data / "reports"


def classes(listing):
    return {GoldenExact(*value): count for value, count in listing}


def check_reader(model, facts):
    found = {
        "dimension": model.dimension,
        "vertices": model.vertex_count,
        "faces": len(model.faces),
        "edges": len(model.edges),
        "field": model.field,
    }
    assert {key: found[key] for key in facts if key != "exact"} == {
        key: value for key, value in facts.items() if key != "exact"
    }
    if "exact" in facts:
        wanted = [[GoldenExact(*x) for x in row] for row in facts["exact"]]
        assert model.tensor.tolist() == wanted


def check_recovery(found, facts):
    told = {
        "basis": lambda: found.basis,
        "denominator": lambda: found.denominator,
        "left_out": lambda: [*found.left_out],
    }
    exact = {
        "squared_norms": lambda: found.checks["squared_norms"],
        "squared_edges": lambda: found.checks["squared_edge_lengths"],
        "ratios": lambda: found.ratios,
    }
    for key, value in facts.items():
        if key in told:
            assert told[key]() == value
        elif key in exact:
            assert exact[key]() == classes(value)
        elif key == "window":
            assert found.window == GoldenExact(*value)
        elif key == "decimals":
            assert value[0] <= found.decimals <= value[1]
        else:
            assert key in ("arguments", "exit")


def test_every_file_answers_as_expected(folder):
    cases = json.loads((folder / "expected.json").read_text("utf-8"))
    assert len(cases) > 10
    for name, case in cases.items():
        model = read(folder / name)
        check_reader(model, case["reader"])
        for option in OPTIONS:
            if option not in case:
                continue
            facts = case[option]
            scale_free = "--scale-free" in facts["arguments"]
            if facts["exit"]:
                with pytest.raises(NotGoldenError, match=r"--decimals N"):
                    recover(model, scale_free=scale_free)
            else:
                check_recovery(recover(model, scale_free=scale_free), facts)


def test_the_command_line_says_what_was_left_out(folder, capsys):
    for name, words in (
        ("icosahedron-index-column.csv", "3 columns: x, y, z; left out: (no name)"),
        ("two-points-charge-column.xyz", "left out: 5"),
        ("icosahedron-ncoff.off", "left out: what vertices carry besides"),
    ):
        assert main(["recover", str(folder / name)]) == 0
        assert words in capsys.readouterr().out

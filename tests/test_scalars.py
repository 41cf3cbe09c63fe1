"""The benchmark of scalars: what it times is what the table calls it, and every goal is judged."""

import json

import pytest

from benchmarks import scalars


def test_a_short_run(monkeypatch, tmp_path, capsys):
    path = tmp_path / "out.json"
    monkeypatch.setattr("sys.argv", ["scalars", "--rounds", "1", "--json", str(path)])
    scalars.main()
    results = {r["task"]: r for r in json.loads(path.read_text())["results"]}
    assert set(results) == {f"{o}, {kind}" for o in scalars.STATEMENTS for kind in scalars.OPERANDS}
    assert all(r["seconds"]["syntonic"] > 0 < r["ratios"][scalars.UNIT] for r in results.values())
    lines = capsys.readouterr().out.splitlines()
    for operation in scalars.STATEMENTS:
        (line,) = [line for line in lines if line.startswith(f"{operation} ")]
        assert line.count(" ns ") + line.endswith("x") >= 2
        assert ("met" in line or "missed" in line) == (operation in scalars.GOALS)


@pytest.mark.parametrize("kind", scalars.OPERANDS)
def test_the_operands_are_what_they_are_called(kind):
    integral = [x.is_integral() for x in scalars.OPERANDS[kind].values()]
    assert integral == [kind == "denominator 1"] * 2
    assert not any(x.is_rational() for x in scalars.OPERANDS[kind].values())

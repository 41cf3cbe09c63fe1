"""The benchmark of first calls: its processes run, and what they are asked for is what they do."""

import json

import pytest

from benchmarks import first_call

pytest.importorskip("numba")
pytestmark = pytest.mark.campaign


def test_two_tasks_in_fresh_processes(monkeypatch, tmp_path, capsys):
    short = {name: first_call.TASKS[name] for name in ("import", "sum in flux, 8x8")}
    monkeypatch.setattr(first_call, "TASKS", short)
    path = tmp_path / "out.json"
    monkeypatch.setattr("sys.argv", ["first_call", "--processes", "1", "--json", str(path)])
    first_call.main()
    results = json.loads(path.read_text())["results"]
    assert [r["task"] for r in results] == [f"first call, {name}" for name in short]
    assert all(s > 0 for r in results for s in r["seconds"].values())
    assert "NumPy alone" in results[0]["ratios"]
    assert "first call, import, per process" in capsys.readouterr().out


@pytest.mark.parametrize("task", first_call.TASKS)
def test_numba_is_loaded_where_a_loop_runs_and_nowhere_else(task):
    """So the task measures what it is called: loops for softmax, layer norm and large snaps."""
    lines = (first_call.IMPORT, *first_call.TASKS[task]["syntonic"])
    loaded = "import sys; assert ('numba' in sys.modules) is {}"
    loops = any(word in task for word in ("softmax", "norm", "snap"))
    assert first_call.seconds((*lines, loaded.format(loops)))[0] > 0

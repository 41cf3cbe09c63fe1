"""The benchmark of exact tensors on a GPU: run at small sizes on the stand-in for CuPy."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import gpu_exact
from benchmarks.gpu.stages import STAGES, Session


@pytest.fixture
def waited(cupy, monkeypatch):
    """The stand-in with devices that can be waited for."""
    if not hasattr(cupy.cuda.Device, "synchronize"):
        monkeypatch.setattr(cupy.cuda.Device, "synchronize", lambda self: None, raising=False)
    return cupy


def test_every_task_runs_and_is_right(waited, tmp_path, capsys):
    out = tmp_path / "exact.json"
    assert gpu_exact.main(["--small", "--out", str(out)]) == 0
    tasks = json.loads(out.read_text())["tasks"]
    assert tuple(tasks) == gpu_exact.TASKS
    for name, entry in tasks.items():
        assert set(entry["seconds"]) == set(entry["sizes"]) >= {"syntonic on the GPU"}, name
        assert set(entry["transfers"]) == {"to the GPU", "to the CPU"}
    printed = capsys.readouterr().out
    assert "6 matrices of order 5" in printed
    assert "order 24" in printed


def test_a_wrong_result_is_a_failure(waited, tmp_path, monkeypatch):
    from syntonic.device import products

    right = products._in_floats
    monkeypatch.setattr(products, "_in_floats", lambda x, y: (right(x, y)[0] + 1, right(x, y)[1]))
    with pytest.raises(SystemExit, match="matmul: the GPU and the CPU disagree"):
        gpu_exact.main(["--small", "--out", str(tmp_path / "exact.json")])


def test_a_spent_budget_leaves_tasks_out(waited, tmp_path):
    out = tmp_path / "exact.json"
    assert gpu_exact.main(["--small", "--budget", "-1", "--out", str(out)]) == 0
    tasks = json.loads(out.read_text())["tasks"]
    assert {name: {*entry} for name, entry in tasks.items()} == {
        name: {"left out"} for name in gpu_exact.TASKS
    }


def test_an_error_stops_no_other_task(waited, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_exact.Bench, "_det", lambda self: 1 / 0)
    out = tmp_path / "exact.json"
    assert gpu_exact.main(["--small", "--out", str(out)]) == 1
    tasks = json.loads(out.read_text())["tasks"]
    assert tasks["det"] == {"error": "ZeroDivisionError: division by zero"}
    assert "seconds" in tasks["add"]


def test_without_a_gpu(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert "CuPy" in str(gpu_exact.main(["--out", str(tmp_path / "exact.json")]))
    assert gpu_exact.main(["--plan"]) == 0
    assert capsys.readouterr().out.splitlines()[: len(gpu_exact.TASKS)] == [*gpu_exact.TASKS]


def test_its_stage_of_a_session(tmp_path):
    stage = next(stage for stage in STAGES if stage.name == "exact")
    session = Session(tmp_path, tmp_path)
    command = stage.command(session, 75.0)
    assert command[1:] == [
        *("-m", "benchmarks.gpu_exact", "--out", str(tmp_path / "exact.json")),
        *("--budget", "63.0"),
    ]
    assert stage.rehearsal(session, 75.0)[1:] == ["-m", "benchmarks.gpu_exact", "--plan"]

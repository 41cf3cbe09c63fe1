"""The session on a GPU, without one: its stages, its limits, its record, and going on from it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gpu_session
from benchmarks.gpu import bench, reports
from benchmarks.gpu.stages import GPU_TESTS, STAGES, Session, Stage

ROOT = Path(__file__).resolve().parent.parent


def stage(name: str, code: str, limit: float | None = 20.0) -> Stage:
    """A stage that runs some Python, with a GPU and without."""

    def command(session: Session, limit: float) -> list[str]:
        return [sys.executable, "-c", code.replace("OUT", repr(str(session.out)))]

    return Stage(name, limit, command, command)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run stages as if there were a GPU, or with a reason why there is none."""

    def made(*stages: Stage, missing: str = "", budget: float = 60, more: tuple[str, ...] = ()):
        monkeypatch.setattr(gpu_session, "STAGES", stages)
        monkeypatch.setattr(gpu_session.Run, "_missing", lambda self: missing)
        out = tmp_path / "out"
        status = gpu_session.main(["--out", str(out), "--budget", str(budget), *more])
        return status, json.loads((out / "session.json").read_text())

    return made


def states(record: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["state"] for each in record["stages"]}


def test_all_pass(run, tmp_path):
    status, record = run(stage("one", "print('here')"), stage("two", "print('there')"))
    assert status == record["status"] == 0
    assert states(record) == {"one": "passed", "two": "passed"}
    assert record["stages"][0]["tail"] == ["here"]
    log = (tmp_path / "out" / "session.log").read_text()
    assert log.index("here") < log.index("there")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"session.json", "session.log"}


@pytest.mark.campaign
def test_a_failure_and_a_stage_that_never_ends_stop_no_other(run):
    status, record = run(
        stage("fails", "raise SystemExit(3)"),
        stage("hangs", "import time; time.sleep(99)", 3.0 - 20),  # and what the first leaves
        stage("last", "print('still here')"),
    )
    assert status == 1
    assert states(record) == {"fails": "failed", "hangs": "timed out", "last": "passed"}
    assert record["stages"][0]["status"] == 3


@pytest.mark.campaign
def test_what_ignores_an_interrupt_is_ended_with_all_it_started(run, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu_session, "GRACE", 1)
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "open(OUT + '/child', 'w').write(str(child.pid))\n"
        "print('begun', flush=True)\n"
        "time.sleep(99)\n"
    )
    status, record = run(stage("deaf", code, 8.0), stage("last", "pass"))
    assert status == 1
    assert states(record) == {"deaf": "timed out", "last": "passed"}
    assert record["stages"][0]["tail"] == ["begun"]
    child = (tmp_path / "out" / "child").read_text()
    for _ in range(50):
        status_file = Path(f"/proc/{child}/status")
        if not status_file.exists() or "zombie" in status_file.read_text():
            break
        time.sleep(0.1)
    else:
        pytest.fail("a process that the stage started is still there")


@pytest.mark.campaign
def test_an_interrupted_stage_may_write_what_it_has(run, tmp_path):
    code = (
        "import time\n"
        "try: print('begun', flush=True); time.sleep(99)\n"
        "except KeyboardInterrupt: open(OUT + '/kept', 'w').write('what it has')\n"
    )
    _, record = run(stage("cut", code, 6.0))
    assert states(record) == {"cut": "timed out"}
    assert (tmp_path / "out" / "kept").read_text() == "what it has"


def test_what_is_left_of_a_limit_goes_to_the_next(run):
    _, record = run(stage("one", "pass", 20), stage("two", "pass", 5), budget=600)
    assert 20 < record["stages"][1]["limit"] <= 25


def test_a_spent_budget_leaves_the_rest_out(run):
    _, record = run(stage("one", "pass"), budget=0.5)
    assert states(record) == {"one": "left out"}
    assert record["stages"][0]["reason"] == "the budget is spent"


def test_a_cut_loses_one_stage(run, tmp_path):
    code = "import json; print(json.load(open(OUT + '/session.json'))['stages'][0]['state'])"
    _, record = run(stage("one", "pass"), stage("two", code))
    assert record["stages"][1]["tail"] == ["passed"]


def test_without_a_gpu_all_is_rehearsed(run):
    status, record = run(stage("one", "pass"), missing="no NVIDIA driver is visible")
    assert status == record["status"] == 4
    assert record["reason"] == "no NVIDIA driver is visible"
    assert states(record) == {"one": "rehearsed"}
    status, _ = run(stage("one", "raise SystemExit(1)"), missing="no NVIDIA driver is visible")
    assert status == 1


def test_a_file_of_tests_that_cannot_be_collected_is_no_failure(run):
    def command(session: Session, limit: float) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit(5)", "-m", "pytest"]

    status, record = run(Stage("tests", 9.0, command, command))
    assert states(record) == {"tests": "left out"}
    assert status == 0


# -- going on ------------------------------------------------------------------------------------
FORMER = {
    "kernels": bench.fingerprint(),
    "stages": [{"name": "one", "state": "passed"}, {"name": "two", "state": "failed"}],
    "tests": {"complete": True, "failures": [{"id": "tests/test_a.py::test_b[1]", "line": "x"}]},
    "cases": {"gpu": {"name": "H"}, "results": []},
    "environment": {"gpu": {"name": "H"}},
}


def test_resume_repeats_nothing_that_passed(run, tmp_path):
    former = tmp_path / "elsewhere.json"
    former.write_text(json.dumps(FORMER))
    again = stage("one", "raise SystemExit(1)"), stage("two", "print('again')")
    status, record = run(*again, more=("--resume", str(former)))
    assert status == 0
    assert record["stages"][0] == {"name": "one", "state": "passed", "former": True}
    assert states(record)["two"] == "passed"
    assert json.loads((tmp_path / "out" / "cases.json").read_text()) == FORMER["cases"]
    assert record["cases"] == FORMER["cases"]
    assert record["environment"] == FORMER["environment"]
    assert record["tests"] == FORMER["tests"]  # until others have run


def test_resume_repeats_all_where_kernels_have_changed(run, tmp_path):
    former = tmp_path / "elsewhere.json"
    former.write_text(json.dumps({**FORMER, "kernels": "others"}))
    _, record = run(stage("one", "print('anew')"), more=("--resume", str(former)))
    assert record["stages"][0]["tail"] == ["anew"]


def test_resume_on_another_card_begins_anew(tmp_path, monkeypatch):
    former = tmp_path / "elsewhere.json"
    former.write_text(json.dumps(FORMER))

    def another(self: Any) -> str:
        self._card = "another"
        return ""

    monkeypatch.setattr(gpu_session, "STAGES", (stage("one", "print('anew')"),))
    monkeypatch.setattr(gpu_session.Run, "_missing", another)
    out = tmp_path / "out"
    words = ["--out", str(out), "--budget", "60", "--resume", str(former)]
    assert gpu_session.main(words) == 0
    record = json.loads((out / "session.json").read_text())
    assert record["stages"][0]["tail"] == ["anew"]
    assert record["cases"] == {}


def test_a_former_session_that_cannot_be_read_is_one_line(tmp_path, capsys):
    for text in (None, "no json"):
        former = tmp_path / "former.json"
        if text is not None:
            former.write_text(text)
        words = ["--out", str(tmp_path / "out"), "--budget", "9", "--resume", str(former)]
        with pytest.raises(SystemExit) as ended:
            gpu_session.main(words)
        assert ended.value.code == 2
        assert f"--resume {former}: " in capsys.readouterr().err


def test_resume_runs_first_what_failed(tmp_path):
    by_name = {each.name: each for each in STAGES}
    session = Session(tmp_path, tmp_path, ("tests/test_a.py::test_b[1]",), settled=True)
    assert by_name["failed before"].command(session, 60)[-1] == "tests/test_a.py::test_b[1]"
    assert by_name["suite"].command(session, 60) == "the former session ran all tests"
    unsettled = Session(tmp_path, tmp_path, session.failed)
    assert list(by_name["suite"].command(unsettled, 60)[-len(GPU_TESTS) :]) == [*GPU_TESTS]
    names = [each.name for each in STAGES]
    assert names.index("failed before") < names.index("suite")


# -- the record ----------------------------------------------------------------------------------
@pytest.mark.campaign
def test_tests_are_counted_and_named_as_pytest_runs_them(tmp_path):
    tests = tmp_path / "tests" / "deep"
    tests.mkdir(parents=True)
    (tests / "test_some.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('x', ['a.b', 'c'])\n"
        "def test_x(x): assert x == 'c', 'not c\\nat all'\n"
        "def test_skipped(): pytest.skip('no')\n"
        "@pytest.fixture\n"
        "def broken(): raise ValueError('broken')\n"
        "def test_error(broken): pass\n"
    )
    session = Session(tmp_path, tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={session.junit('suite')}"]
    command += ["-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir", str(tmp_path)]
    subprocess.run([*command, "tests"], cwd=tmp_path, capture_output=True, check=False)
    assert not reports.tests_of(session, whole=False)["complete"]
    found = reports.tests_of(session, whole=True)
    assert found["counts"] == {"passed": 1, "failure": 1, "error": 1, "skipped": 1}
    assert found["complete"]
    ids = {failure["id"]: failure["line"] for failure in found["failures"]}
    assert set(ids) == {
        "tests/deep/test_some.py::test_x[a.b]",
        "tests/deep/test_some.py::test_error",
    }
    assert "not c" in ids["tests/deep/test_some.py::test_x[a.b]"]
    again = subprocess.run(
        [*command, *ids], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "1 failed, 1 error" in again.stdout


def test_headlines_come_first_in_the_file(run):
    _, record = run(stage("one", "pass"))
    assert list(record)[:4] == ["schema", "status", "reason", "headlines"]
    entry = {
        "case": "residual: phi",
        "headline": True,
        "seconds": {"syntonic": 1e-3},
        "of_copy": 0.95,
        "goal": 0.9,
        "ratios": {"torch": 1.5},
    }
    results = [entry, {**entry, "case": "another", "headline": False}]
    assert reports.headlines({"results": results}) == {
        "residual: phi": {
            "seconds": 1e-3,
            "of_copy": 0.95,
            "goal": 0.9,
            "peers": {"torch": 1.5},
        }
    }
    assert reports.headlines({}) == {}


@pytest.mark.campaign
def test_no_test_for_a_gpu_stands_elsewhere():
    """A session collects these paths alone."""
    words = "-m pytest -m gpu --collect-only -q -p no:cacheprovider tests".split()
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    marked = {line.split("::")[0] for line in done.stdout.splitlines() if "::" in line}
    assert len(marked) > 10
    assert [path for path in sorted(marked) if not path.startswith(GPU_TESTS)] == []

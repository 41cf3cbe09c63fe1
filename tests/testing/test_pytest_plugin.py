"""A failed test shows the user's line and what differs, and no line of this library."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

HEAD = """
from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.testing import *
T, U = ResonantTensor([1, PHI, 3]), ResonantTensor([1, 2, 3])
def given(x):
    return x
"""
DIFFERENCE = r"x and y differ in 1 of 3 elements .*\n.*index \(1,\):\n.*x     = φ\n.*y     = 2\n"
CASES = {
    "T == U": DIFFERENCE,
    "given(T) == given(U)": DIFFERENCE,
    "T + 1 == U + 1": DIFFERENCE.replace("φ", "1 \\+ φ").replace("= 2", "= 3"),
    "T == [1, 2, 3]": DIFFERENCE,
    "T == T": r"element by element: write assert x\.equals\(y\)",
    "T.equals(U)": DIFFERENCE,
    "T.equals([1, 2, 3])": DIFFERENCE,
    "T[0:].equals(given(U))": DIFFERENCE,
    "T.equals(U[:2])": r"one shape, got \(3,\) and \(2,\)",
    "T.wake_flux().equals(U.wake_flux())": "x and y differ in 1 of 3 elements",
    "PHI == 2": r"assert φ == 2:\n.*\n.*\n.*\n.*\n.*x - y = -2 \+ φ ≈ -0.381966",
    "T[1] == 2": r"x     = φ",
    "T == approx(U)": r"1 of 3 elements .* beyond the tolerance",
    "approx(2) == PHI": r"difference = 0.381966",
}
CALLS = {
    "assert_exact_equal(T, U)": DIFFERENCE,
    "assert_identity('x^2', 'x', 'x')": "counterexample",
    "assert_identity(lambda x: x, lambda x: 0, 'x', degree=1)": "counterexample",
    "assert_sequence_identity('F(n)', 'L(n)')": "counterexample",
    "assert_on_lattice([PHI/2])": "must divide",
    "assert_ulp_equal([1.5], [PHI])": "error is above",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What pytest prints for a file with one test for each case, the plugin found as installed."""
    folder = tmp_path_factory.mktemp("plugin")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["pytest11"]
    info = folder / "syntonic-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: syntonic\nVersion: 0\n")
    lines = [f"{name} = {target}" for name, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    tests = [f"def test_{k}():\n    assert {case}\n" for k, case in enumerate(CASES)]
    tests += [f"def test_call_{k}():\n    {call}\n" for k, call in enumerate(CALLS)]
    (folder / "test_user.py").write_text("\n".join([HEAD, *tests]), encoding="utf-8")
    path = os.pathsep.join((str(folder), str(ROOT)))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rN", "test_user.py"]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert f"{len(CASES) + len(CALLS)} failed" in done.stdout, done.stdout + done.stderr
    return dict(re.findall(r"^_+ (test_\w+) _+$(.*?)(?=^_+ test_|\Z)", done.stdout, re.M | re.S))


@pytest.mark.parametrize("case", CASES)
def test_assertions_explain_themselves(report, case):
    text = report[f"test_{list(CASES).index(case)}"]
    assert re.search(CASES[case], text), text


@pytest.mark.parametrize("call", CALLS)
def test_failures_hide_the_librarys_frames(report, call):
    text = report[f"test_call_{list(CALLS).index(call)}"]
    assert re.search(CALLS[call], text), text
    assert re.findall(r"^\S+\.py:\d+", text, re.M) == re.findall(r"^test_user\.py:\d+", text, re.M)


def test_the_plugin_imports_nothing():
    script = (
        "import sys, syntonic.testing.pytest_plugin\n"
        "names = ('numpy', 'gmpy2', 'hypothesis', 'pytest', 'syntonic.tensor', 'syntonic.exact')\n"
        "print([m for m in names if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"

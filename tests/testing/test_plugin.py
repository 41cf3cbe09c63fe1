"""Hypothesis finds the strategies by itself, and syntonic.testing costs what it must."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from effort import thinned

import syntonic.testing

ROOT = Path(__file__).resolve().parent.parent.parent


def run(script, *extra):
    """Run Python elsewhere, with this source tree and further folders on its path."""
    path = os.pathsep.join([str(ROOT), *map(str, extra)])
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def installed(tmp_path):
    """What an installer leaves behind of the entry points in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [f"{name} = {target}" for name, target in project["entry-points"]["hypothesis"].items()]
    folder = tmp_path / "syntonic-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: syntonic\nVersion: 0\n")
    (folder / "entry_points.txt").write_text("\n".join(["[hypothesis]", *lines, ""]))
    return tmp_path


@pytest.mark.parametrize(
    "first",
    thinned(["import syntonic", "import hypothesis", "import syntonic.testing.strategies"], 3),
)
def test_from_type_without_importing_the_strategies(installed, first):
    script = f"""
{first}
from hypothesis import HealthCheck, given, settings, strategies as st
from syntonic import GoldenExact, ResonantTensor

seen = []

@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is
@given(st.from_type(GoldenExact), st.from_type(ResonantTensor), st.from_type(list[GoldenExact]))
def check(x, t, xs):
    seen.append(x.is_rational())
    assert isinstance(x, GoldenExact) and isinstance(t, ResonantTensor) and t.is_crystallized
    assert all(isinstance(y, GoldenExact) for y in xs)

check()
print(sorted(set(seen)))
"""
    assert run(script, installed) == "[False, True]"


def test_the_assertions_import_neither_hypothesis_nor_sympy():
    script = (
        "import sys, syntonic; assert 'syntonic.testing' not in sys.modules\n"
        "import syntonic.testing as t, syntonic.interop.sympy\n"
        "t.assert_exact_equal([1], [1]); t.assert_identity('x', 'x', 'x')\n"
        "print([m for m in ('hypothesis', 'sympy', 'numba', 'matplotlib') if m in sys.modules])"
    )
    assert run(script) == "[]"


def test_names():
    assert set(syntonic.testing.__all__) <= set(dir(syntonic.testing))
    with pytest.raises(AttributeError, match="no attribute 'golden_rationals'"):
        _ = syntonic.testing.golden_rationals

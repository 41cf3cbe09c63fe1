"""What type checkers say about a user's program, and how much of the interface tells nothing."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import get_overloads

import pytest
from test_public_names import public_functions

ROOT = Path(__file__).parent.parent
USER = ROOT / "tests" / "typing" / "user.py"


def test_a_users_program_is_typed_as_it_runs(tmp_path, monkeypatch):
    """Strictly, so that an unneeded `type: ignore` is an error: each bad line is reported."""
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    monkeypatch.chdir(ROOT)
    out, problems, status = api.run(
        ["--config-file", "pyproject.toml", "--cache-dir", str(tmp_path), str(USER)]
    )
    assert (status, problems) == (0, ""), out


PYRIGHT = {
    "include": [str(USER)],
    "extraPaths": [str(ROOT)],
    "reportUnnecessaryTypeIgnoreComment": "error",
    "reportUnusedExpression": "none",
}


def test_pyright_says_the_same(tmp_path):
    if find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    settings = tmp_path / "pyrightconfig.json"
    settings.write_text(json.dumps(PYRIGHT))
    command = [sys.executable, "-m", "pyright", "-p", str(settings), "--pythonpath", sys.executable]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stdout + out.stderr


def test_few_annotations_say_nothing():
    """A bare Any accepts everything: fewer than 3 in 100, of what checkers see of a function."""
    seen = {
        (name, number, key): kind
        for name, function in public_functions()
        for number, form in enumerate(get_overloads(function) or [function])
        for key, kind in form.__annotations__.items()
    }
    bare = sorted(place for place, kind in seen.items() if kind == "Any")
    assert len(seen) > 700
    assert len(bare) < 0.03 * len(seen), bare

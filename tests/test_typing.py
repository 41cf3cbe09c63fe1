"""What a type checker says about a user's program."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_a_users_program_is_typed_as_it_runs(tmp_path, monkeypatch):
    """Strictly, so that an unneeded `type: ignore` is an error: each bad line is reported."""
    api = pytest.importorskip("mypy.api", reason="the type checker is not installed")
    monkeypatch.chdir(ROOT)
    out, problems, status = api.run(
        ["--config-file", "pyproject.toml", "--cache-dir", str(tmp_path), "tests/typing/user.py"]
    )
    assert (status, problems) == (0, ""), out

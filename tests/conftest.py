"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Fixed seeds, and no deadlines: a first call may compile.
settings.register_profile("syntonic", deadline=None, derandomize=True)
settings.load_profile("syntonic")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of external cases: $SYNTONIC_SHARED_DATA, by default ../shared/data."""
    folder = Path(os.environ.get("SYNTONIC_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no external cases at {folder}; set SYNTONIC_SHARED_DATA")
    return folder

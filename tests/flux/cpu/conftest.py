"""Both forms of the CPU backend run the same tests."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

Load = Callable[[str], ModuleType]


@pytest.fixture(params=["plain", "compiled"])
def form(request: pytest.FixtureRequest) -> Load:
    """Return a function that imports a family of one form."""
    return lambda family: import_module(f"syntonic.flux.cpu.{request.param}.{family}")


@pytest.fixture(params=[np.float32, np.float64], ids=["f32", "f64"])
def kind(request: pytest.FixtureRequest) -> type:
    return request.param


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets the number of threads for the test."""
    import numba  # not above: where it is missing, the tests are to be skipped

    return lambda n: monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", n)

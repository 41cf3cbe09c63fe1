"""What the tests of the CPU backend share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(params=[np.float32, np.float64], ids=["f32", "f64"])
def kind(request: pytest.FixtureRequest) -> type:
    return request.param


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets the number of threads for the test."""
    import numba  # not above: where it is missing, the tests are to be skipped

    return lambda n: monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", n)

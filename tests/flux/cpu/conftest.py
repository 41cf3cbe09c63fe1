"""What the tests of the CPU backend share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import syntonic


@pytest.fixture(params=[np.float32, np.float64], ids=["f32", "f64"])
def kind(request: pytest.FixtureRequest) -> type:
    return request.param


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Return a function that sets the number of threads for the test."""
    before = syntonic.get_num_threads()
    yield syntonic.set_num_threads
    syntonic.set_num_threads(before)

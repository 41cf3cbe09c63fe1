"""What the tests of the CPU backend share."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(params=[np.float32, np.float64], ids=["f32", "f64"])
def kind(request: pytest.FixtureRequest) -> type:
    return request.param

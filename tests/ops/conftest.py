"""Where operations on flux run: the CPU, a stand-in for CuPy on the host harness, a GPU."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture(params=["cpu", "host", pytest.param("cuda", marks=pytest.mark.gpu)])
def flux(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that makes a flux tensor of an array, on one of the devices."""
    from syntonic import ResonantTensor  # not above: without gmpy2 these tests are to be skipped

    if request.param == "host":
        import sys

        from cuda_host.cupy_on_host import cupy_on_host

        monkeypatch.setitem(sys.modules, "cupy", cupy_on_host())
    elif request.param == "cuda":
        from cuda_host.devices import device_for

        device_for("cuda")
    device = "cpu" if request.param == "cpu" else "cuda"

    def made(values: Any, dtype: Any = np.float64) -> Any:
        return ResonantTensor.from_flux(np.array(values, dtype)).to_device(device)

    return made

"""Where exact arrays lie: NumPy in the place of CuPy, the strict stand-in for CuPy, and a GPU."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from syntonic.flux.device import parse_device, to_host


@pytest.fixture(params=["numpy", "host", pytest.param("cuda", marks=pytest.mark.gpu)])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Functions that send arrays there and bring them back."""
    library: Any = np
    if request.param == "host":
        from cuda_host.cupy_on_host import cupy_on_host

        library = cupy_on_host()
        monkeypatch.setitem(sys.modules, "cupy", library)
    if request.param == "cuda":
        from cuda_host.devices import device_for

        device_for("cuda")
        import cupy as library
    from syntonic.device import moves

    name = "cpu" if library is np else parse_device("cuda", "test")
    scope = nullcontext() if library is np else library.cuda.Device(int(name[5:]))
    with scope:
        yield SimpleNamespace(
            library=library,
            name=name,
            send=lambda x: moves.to_device(x, name),
            fetch=moves.to_lattice,
            numpy=to_host,
        )

"""The bytes that kernels move: how often each operation reads or writes an array shaped as x.

The floor is what must be read and written once. What is made above it is written here with the
reason, and falls with the change that lowers it; caches are not modelled, so that a part of a row
that is read again while it may still be near counts in full. Scratch arrays are not counted, as the
sums of columns that blocks leave for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from effort import thinned

from benchmarks.gpu.cases import Case
from benchmarks.gpu.operations import OPERATIONS
from cuda_host.bytes import counting
from cuda_host.devices import HostDevice, device_for

ONCE = "at the floor"
PIVOT = "each thread reads the pivot of its channel, which is one number"
SPLIT = "rows are few: blocks share each, and meet its parts twice"
LONG = "a row is longer than a block keeps"

FLAT, ROWS, MIDDLE, FEW, MANY = (1 << 15,), (16, 1024), (8, 8192), (3, 40_000), (128, 20_000)

MADE: dict[tuple[str, str, tuple[int, ...]], tuple[float, str]] = {
    **{
        ("residual", name, FLAT): (OPERATIONS["residual"][name].passes, ONCE)
        for name in OPERATIONS["residual"]
        if "layer norm" not in name
    },
    **{
        ("softmax", name, shape): (OPERATIONS["softmax"][name].passes, ONCE)
        for name in OPERATIONS["softmax"]
        for shape in (ROWS, MIDDLE, (4, 256, 64))
    },
    **{
        ("norm", name, shape): (OPERATIONS["norm"][name].passes, ONCE)
        for name in ("layer norm", "layer norm backward")
        for shape in (ROWS, MIDDLE)
    },
    ("norm", "layer norm", (2, 32_768)): (2, ONCE),
    ("norm", "layer norm", (64, 40_000)): (2, ONCE),
    ("norm", "layer norm", (2, 131_072)): (3.19, SPLIT),
    ("norm", "layer norm backward", (3, 16_384)): (3, ONCE),
    ("norm", "layer norm backward", (16, 40_000)): (5, LONG),
    ("residual", "residual layer norm", ROWS): (3, ONCE),
    ("residual", "residual layer norm", (2, 32_768)): (3, ONCE),
    ("residual", "residual layer norm", (64, 40_000)): (3, ONCE),
    ("residual", "residual layer norm", (2, 40_000)): (5.39, SPLIT),
    ("residual", "residual layer norm backward", ROWS): (5, ONCE),
    ("residual", "residual layer norm backward", MIDDLE): (5, ONCE),
    ("residual", "residual layer norm backward", (3, 16_384)): (5, ONCE),
    ("residual", "residual layer norm backward", (2, 20_000)): (8, LONG),
    **{
        ("softmax", name, MANY): (OPERATIONS["softmax"][name].passes, ONCE)
        for name in OPERATIONS["softmax"]
    },
    ("softmax", "softmax learned backward", (128, 20_001)): (3, ONCE),
    ("softmax", "softmax learned backward", (128, 36_864)): (3, ONCE),
    ("softmax", "softmax learned backward", (128, 40_000)): (5, LONG),
    ("softmax", "softmax backward", (128, 40_000)): (3.2, LONG),
    ("softmax", "softmax", FEW): (3, SPLIT),
    ("softmax", "softmax backward", FEW): (5, SPLIT),
    ("softmax", "softmax provided", FEW): (5, SPLIT),
    ("softmax", "softmax provided backward", FEW): (8, SPLIT),
    ("softmax", "softmax learned backward", FEW): (5, LONG),
    ("norm", "batch norm stats", (32, 4, 56, 56)): (1.21, PIVOT),
    ("norm", "batch norm apply", (32, 4, 56, 56)): (2, ONCE),
    ("norm", "batch norm", (32, 4, 56, 56)): (3.21, PIVOT),
    ("norm", "batch norm backward", (32, 4, 56, 56)): (5, ONCE),
    ("norm", "batch norm", (512, 64)): (3.19, "a block reads its columns twice, from the cache"),
    ("norm", "output stats", FLAT): (1.21, PIVOT),
}
"""Family, operation and shape; how often x's bytes are moved, and why."""


def arrays_like_x(given: SimpleNamespace, results: Any) -> Iterator[np.ndarray[Any, Any]]:
    several = results if isinstance(results, tuple) else (results,)
    for each in (*vars(given).values(), *several):
        if isinstance(each, np.ndarray) and each.size == given.x.size:
            yield each


@pytest.mark.parametrize(("family", "operation", "shape"), thinned(MADE, every=5), ids=str)
def test_bytes_moved(family, operation, shape):
    device, random = device_for("natural"), np.random.default_rng(0)
    case = Case(family, operation, "f32", shape)

    def normal(size: Any, dtype: Any = np.float32) -> Any:
        return device.array(random.standard_normal(size), dtype)

    arrays = [normal(shape) for _ in case.does.arrays.split()]
    given = case.inputs(SimpleNamespace(normal=normal), arrays)
    with counting() as counted:
        results = case.launch(given)
    known = {each.ctypes.data for each in arrays_like_x(given, results)}
    touched = [each for launch in counted for each in launch.arrays if each.at in known]
    moved = sum(each.read + each.written for each in touched) / given.x.nbytes
    made, reason = MADE[family, operation, shape]
    assert moved == pytest.approx(made, abs=0.006), [launch.symbol for launch in counted]
    assert (reason == ONCE) == (made == case.passes)
    assert made >= case.passes


def test_what_is_read_twice_counts_twice():
    from syntonic.flux.cuda import residual

    device = device_for("natural")
    assert isinstance(device, HostDevice)
    x = device.array(np.ones(1024, np.float32))
    with counting() as counted:
        out = residual.residual(x, x, "standard")
    (launch,) = counted
    found = {each.at: (each.nbytes, each.read, each.written) for each in launch.arrays}
    assert found == {x.ctypes.data: (4096, 8192, 0), out.ctypes.data: (4096, 0, 4096)}

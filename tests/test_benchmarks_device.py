"""The benchmark's GPU: beside a CuPy that notes what it is asked for, and on a real one."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cuda_host.devices import DTYPES, device_for, dtype_of
from cuda_host.simulator import SimModule

from benchmarks import flux_gpu
from benchmarks.gpu import bench, cases
from benchmarks.gpu import device as gpu_device


class Event:
    """An event whose first queries find the device done already: Python was too slow."""

    late = 2

    def __init__(self) -> None:
        self.recorded = 0

    def record(self) -> None:
        self.recorded += 1

    def synchronize(self) -> None:
        pass

    @property
    def done(self) -> bool:
        Event.late -= 1
        return Event.late >= 0


class Pointer:
    def copy_from_device_async(self, source: Any, nbytes: int) -> None:
        pass


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Gpu on NumPy; `spins` holds the cycles of every wait."""
    spins: list[int] = []

    def raw_kernel(text: str, name: str, options: tuple[str, ...] = ()) -> Any:
        def launch(grid: Any, block: Any, arguments: Any) -> None:
            if name == "spin":
                spins.append(int(arguments[0]))
            else:
                SimModule(text, options).get_function(name)(grid, block, arguments)

        return launch

    properties = {
        "name": b"Noted",
        "major": 9,
        "minor": 0,
        "multiProcessorCount": 132,
        "l2CacheSize": 50 << 20,
        "totalGlobalMem": 1 << 23,
    }
    runtime = SimpleNamespace(
        getDeviceProperties=lambda number: properties,
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 12090,
        memGetInfo=lambda: (7, 8),
    )
    cuda = SimpleNamespace(
        runtime=runtime,
        Device=lambda: SimpleNamespace(id=0, synchronize=lambda: None),
        Event=Event,
        nvrtc=SimpleNamespace(getVersion=lambda: (13, 0)),
        get_elapsed_time=lambda start, stop: 4.0,
    )
    pool = SimpleNamespace(free_all_blocks=lambda: None)
    numpy = SimpleNamespace(
        RawKernel=raw_kernel,
        cuda=cuda,
        empty=np.empty,
        empty_like=lambda a: SimpleNamespace(data=Pointer()),
        get_default_memory_pool=lambda: pool,
        __version__="14.0",
    )
    monkeypatch.setitem(sys.modules, "cupy", numpy)
    monkeypatch.setattr(Event, "late", 0)
    found = gpu_device.Gpu()
    found.spins = spins
    return found


def test_a_batch_waits_until_python_is_ahead(noted):
    assert noted.clock == 10**7 / 4e-3
    called = []
    Event.late = 2
    batch = noted.batch(lambda: called.append(1), 5, 1e-3)
    assert batch.ahead
    assert batch.device == 4e-3 / 5
    assert len(called) == 3 * 5
    waits = noted.spins[2:]
    assert waits == sorted(set(waits))
    Event.late = 99
    assert not noted.batch(lambda: called.append(1), 1, 1e-3).ahead


def test_the_device_is_described(noted):
    about = json.loads(json.dumps(noted.describe()))
    assert about["name"] == "Noted"
    assert about["nvrtc"] == "13.0"
    assert about["packages"]["cupy"] == "14.0"
    assert noted.free() == 7
    assert flux_gpu._default(noted).name == "gpu_noted.json"


def test_copy_bandwidth(noted):
    device_for("natural")
    assert noted.copy_bandwidth() == 2 * (1 << 20) / (4e-3 / 4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_random_numbers_are_normal_and_new(noted, dtype):
    device_for("natural")
    x, y = (np.asarray(noted.normal(20000, dtype_of(dtype)), np.float64) for _ in range(2))
    for z in (x, y):
        assert abs(z.mean()) < 0.03  # 4 of its standard deviations
        assert abs(z.var() - 1) < 0.04
        assert abs((z**4).mean() - 3) < 0.3
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.03
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 0.03


@pytest.mark.parametrize("real", ["double", "float"])
def test_its_own_kernels_compile(real):
    nvrtc = pytest.importorskip("syntonic.flux.cuda.nvrtc").find()
    options = ("-arch=sm_90", f"-DREAL={real}")
    assert b"spin" in nvrtc.compile(gpu_device.SPIN, options).ptx
    assert b"normal" in nvrtc.compile(gpu_device.NORMAL, options).ptx


@pytest.mark.gpu
def test_on_a_gpu(tmp_path):
    device_for("cuda")
    found, path = gpu_device.Gpu(), tmp_path / "gpu.json"
    operations = ("phi", "gelu backward", "batch norm", "softmax learned backward", "wake")
    chosen = [case for case in cases.small(dtypes=["f32", "bf16"]) if case.operation in operations]
    assert flux_gpu.run(found, chosen, bench.Peers.found(found, compiled=False), path, None) == 0
    data = json.loads(path.read_text())
    assert 1e10 < data["copy_bytes_per_second"] < 1e14
    for entry in data["results"]:
        assert not entry["failures"]
        assert not entry["behind_python"]
        assert 0 < entry["seconds"]["syntonic"] < 1e-2
        assert all(isinstance(apart, float) for apart in entry["differences"].values())

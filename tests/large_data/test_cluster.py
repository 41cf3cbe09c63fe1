"""A cluster of processes: exact results whatever dies, sizes as the scheduler sees them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

distributed = pytest.importorskip("distributed", reason="needs Dask: it is in the extra dask")

import dask.array as da  # noqa: E402

import syntonic.dask as sd  # noqa: E402
from syntonic import ResonantTensor, golden_batch_norm_1d, golden_layer_norm, snap  # noqa: E402
from syntonic.io import load  # noqa: E402
from syntonic.io.stores import Store  # noqa: E402

pytestmark = [
    pytest.mark.campaign,  # processes that start, die and start anew
    pytest.mark.filterwarnings("ignore"),  # of Dask and its event loops, which close late
    pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does"),
]

ROOT = Path(__file__).resolve().parents[2]
WHOLE = ResonantTensor.random_lattice((400, 6), bound=10**6, seed=1)


@pytest.fixture(scope="module")
def client():
    """Two processes of one thread each, which find this source tree."""
    before = {key: os.environ.get(key) for key in ("PYTHONPATH", "OMP_NUM_THREADS")}
    os.environ.update(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        distributed.LocalCluster(**options, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
    for key, value in before.items():
        os.environ.pop(key) if value is None else os.environ.update({key: value})


def array():
    return da.from_array(WHOLE, chunks=(10, 3))


def slow(block, seconds=0.1):
    time.sleep(seconds)
    return block


def killed_while_working(client, future):
    """Kill a worker by its process in the middle; return what the future gives."""
    pid = min(client.run(os.getpid).values())
    time.sleep(1)  # of four that the blocks take
    assert not future.done()
    os.kill(pid, signal.SIGKILL)
    return future.result(timeout=60)


@pytest.mark.parametrize(
    ("of_dask", "of_tensor"),
    [
        (lambda x: x.sum(axis=0), lambda t: t.sum(axis=0)),
        (lambda x: x.max(axis=1), lambda t: t.max(axis=1)),
        (lambda x: x.sum(), lambda t: t.sum()),
        (lambda x: sd.golden_batch_norm_1d(x), golden_batch_norm_1d),
    ],
    ids=["sum of rows", "max of columns", "total", "batch norm"],
)
def test_a_killed_worker_changes_nothing(client, of_dask, of_tensor):
    client.wait_for_workers(2)
    future = client.compute(of_dask(array().map_blocks(slow, dtype=object, meta=array()._meta)))
    assert killed_while_working(client, future).equals(of_tensor(WHOLE))


def test_workers_compute_what_the_whole_gives(client):
    x = array()
    for found, expected in (
        (x.T @ x, WHOLE.T @ WHOLE),
        (sd.var(x, 0), WHOLE.var(axis=0)),
        (sd.golden_layer_norm(x), golden_layer_norm(WHOLE)),
        (sd.crystallize(sd.wake(x)), WHOLE),
    ):
        assert client.compute(found).result(timeout=120).equals(expected)
    assert client.compute(sd.syntony(x)).result() == pytest.approx(WHOLE.syntony, rel=1e-12)
    assert set(client.run(threads).values()) == {1}


def threads():
    from syntonic import get_num_threads

    return get_num_threads()


@pytest.mark.parametrize("scale", [1, 10**40])
def test_the_scheduler_sees_the_sizes(client, scale):
    t = ResonantTensor.random_lattice((2000, 100), bound=10**8, seed=1) * scale
    x = client.persist(da.from_array(t, chunks=(500, 100)).map_blocks(lambda b: b + 0))
    distributed.wait(x)
    futures = distributed.futures_of(x)
    seen = client.run_on_scheduler(total, keys=[each.key for each in futures])
    assert seen == pytest.approx(sum(b.nbytes for b in client.gather(futures)), rel=0.1)


def total(keys, dask_scheduler=None):
    return sum(dask_scheduler.tasks[key].nbytes for key in keys)


SCRIPT = """
import sys, time, numpy as np, dask.array as da, distributed, syntonic.dask as sd
def slow(x):
    time.sleep(0.1)
    return x
if __name__ == "__main__":
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as c:
        with distributed.Client(c):
            x = da.from_array(np.load(sys.argv[1]), chunks=25, name="floats").map_blocks(
                slow, name="slow")
            sd.to_zarr(sd.snap(x, precision=80).tensor.map_blocks(lambda b: b, name="snapped"),
                       sys.argv[2], denominator=1, resume=True)
"""


def test_a_killed_scheduler_leaves_a_store_that_goes_on(tmp_path):
    """The process that holds scheduler and workers is killed; another one goes on."""
    floats = np.random.default_rng(1).standard_normal(1000)
    np.save(tmp_path / "x.npy", floats)
    (tmp_path / "run.py").write_text(SCRIPT)
    path = tmp_path / "x.zarr"
    command = [sys.executable, tmp_path / "run.py", tmp_path / "x.npy", path]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    while process.poll() is None and done(path) < 5:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 5 <= done(path) < 40
    subprocess.run(command, env=environment, check=True, timeout=300)
    assert load(path).equals(snap(floats, precision=80).tensor)


def done(path):
    return int((Store.open(path).done > 0).sum()) if path.exists() else 0

"""Arrays on the disk: exact stores, and snaps of what is larger than the memory they may take."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.out_of_core import most_resident
from syntonic import PHI, FormatError, GoldenExact, ResonantTensor, snap
from syntonic.cli import main
from syntonic.io import load, save, snap_file
from syntonic.io.out_of_core import bytes_of
from syntonic.io.stores import Store, blocks_of, chunks_of

zarr = pytest.importorskip("zarr", reason="needs zarr: it is in the extra dask")

ROOT = Path(__file__).resolve().parents[2]
SPREAD = np.random.default_rng(7)


def saved(path, x):
    np.save(path / "x.npy", x)
    return path / "x.npy"


# -- blocks ------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(7,), (5, 6), (3, 4, 5), (1, 9, 1), (0, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("size", [1, 2, 7, 20, 1000])
def test_blocks_follow_each_other_in_memory(shape, size):
    chunks = chunks_of(shape, size)
    assert np.prod(chunks) <= size
    flat, order = np.arange(np.prod(shape)).reshape(shape), []
    for _, region in blocks_of(shape, chunks):
        part = flat[region].ravel().tolist()
        assert part == list(range(part[0], part[0] + len(part)))
        order += part
    assert order == list(range(flat.size))


# -- stores of tensors --------------------------------------------------------------------------
TENSORS = {
    "packed": ResonantTensor([[1, PHI], [2, -PHI]]),
    "rational": ResonantTensor([1, PHI / 3, GoldenExact("2/7")]),
    "int64": ResonantTensor([2**40, -(2**62), PHI * 2**50]),
    "ends of int32": ResonantTensor([2**31 - 1, -(2**31)]),
    "long": ResonantTensor([[PHI * 10**60 - 7, 1], [-(10**80), 2**63]]),
    "empty": ResonantTensor.zeros((0, 3)),
    "precision": ResonantTensor([1, 2], precision=10**20),
    "default precision, chosen": ResonantTensor([1, 2], precision=100),
    "beyond its precision": ResonantTensor([1000 * PHI], precision=7),
    "mode norms": ResonantTensor([1, 2], mode_norm_sq=[0, 5]),
}


@pytest.mark.parametrize("name", TENSORS)
def test_round_trip(name, tmp_path):
    t = TENSORS[name]
    save(t, tmp_path / "t.zarr")
    again = load(tmp_path / "t.zarr")
    assert again.equals(t)
    assert again.shape == t.shape
    assert (again.precision, again._carried.named) == (t.precision, t._carried.named)
    assert (again.mode_norm_sq is None) == (t.mode_norm_sq is None)
    if t.mode_norm_sq is not None:
        assert np.array_equal(again.mode_norm_sq, t.mode_norm_sq)


@pytest.mark.parametrize("carried", [100, ["100"], [100, True], ["-1", True], ["1", "yes"], None])
def test_damaged_attributes_are_refused(carried, tmp_path):
    save(TENSORS["packed"], tmp_path / "t.zarr")
    zarr.open_group(tmp_path / "t.zarr", mode="r+").attrs["carried"] = carried
    with pytest.raises(FormatError, match="carried must be the text of a precision and a boolean"):
        load(tmp_path / "t.zarr")


def test_stores_of_before_have_the_precision_of_their_columns(tmp_path):
    save(TENSORS["precision"], tmp_path / "t.zarr")
    del zarr.open_group(tmp_path / "t.zarr", mode="r+").attrs["carried"]
    assert load(tmp_path / "t.zarr").precision == 10**20


def test_plain_zarr_reads_the_numerators(tmp_path):
    t = TENSORS["rational"]
    save(t, tmp_path / "t.zarr")
    group = zarr.open_group(tmp_path / "t.zarr", mode="r")
    a, b, d = t.numerators()
    assert group["a"][:].tolist() == a.tolist()
    assert group["b"][:].tolist() == b.tolist()
    assert int(group.attrs["denominator"]) == d
    assert group.attrs["field"] == "Q(phi)"
    assert (group["a"].dtype, group["b"].dtype) == (np.int32, np.int8)


def test_what_a_store_refuses(tmp_path):
    t = ResonantTensor([1, PHI])
    save(t, tmp_path / "t.zarr")
    with pytest.raises(FileExistsError):
        save(t, tmp_path / "t.zarr")
    with pytest.raises(FormatError, match="at least one axis"):
        save(ResonantTensor(1), tmp_path / "s.zarr")
    zarr.create_group(tmp_path / "other.zarr")
    with pytest.raises(FormatError, match="format"):
        load(tmp_path / "other.zarr")
    meta = tmp_path / "t.zarr" / "zarr.json"
    for key, value in (("version", 9), ("denominator", "0"), ("denominator", 3), ("field", "Q")):
        damaged = json.loads(meta.read_text())
        damaged["attributes"][key] = value
        before = meta.read_text()
        meta.write_text(json.dumps(damaged))
        with pytest.raises(FormatError, match=r"version|denominator|format"):
            load(tmp_path / "t.zarr")
        meta.write_text(before)


# -- snaps --------------------------------------------------------------------------------------
BOUNDS = [
    {},
    {"precision": 0},
    {"precision": 200},
    {"precision": 10**25},
    {"window": 0.5, "denominator": 3},
    {"window": PHI},
    {"denominator": 7, "precision": 5},
    {"error_bound": 1e-3},
]
FLOATS = [
    SPREAD.standard_normal((30, 7)),
    np.array([1e300, -1e10, 3.5, 1e25, -0.0, 5e-324]),
    SPREAD.standard_normal(100).astype(np.float32),
    SPREAD.standard_normal((4, 5)).astype(">f8"),
    np.zeros((0, 4)),
]


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("x", FLOATS, ids=lambda x: f"{x.dtype}{x.shape}")
def test_a_snap_in_blocks_is_that_of_the_whole(x, bounds, tmp_path, monkeypatch):
    monkeypatch.setattr("syntonic.io.out_of_core._LARGEST_BLOCK", 16)
    count = snap_file(saved(tmp_path, x), tmp_path / "out.zarr", **bounds)
    expected = snap(x, **bounds)
    assert load(tmp_path / "out.zarr").equals(expected.tensor)
    store = Store.open(tmp_path / "out.zarr")
    assert count == store.done.size == sum(1 for _ in store.blocks())
    if "error_bound" in bounds:
        assert np.array_equal(store.arrays["unique"][...].astype(bool), expected.unique)


def test_a_zarr_array_is_a_source(tmp_path):
    x = SPREAD.standard_normal((20, 3))
    zarr.save_array(tmp_path / "x.zarr", x)
    snap_file(tmp_path / "x.zarr", tmp_path / "out.zarr", precision=50)
    assert load(tmp_path / "out.zarr").equals(snap(x, precision=50).tensor)


def test_narrow_blocks_take_five_bytes_an_element(tmp_path):
    x = SPREAD.standard_normal(300_000)
    snap_file(saved(tmp_path, x), tmp_path / "out.zarr")
    files = [file for file in (tmp_path / "out.zarr").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 5 * x.size + 10_000


def test_what_was_done_is_not_done_again(tmp_path, monkeypatch):
    monkeypatch.setattr("syntonic.io.out_of_core._LARGEST_BLOCK", 10)
    x = SPREAD.standard_normal(100)
    x[55] = np.nan
    source, target = saved(tmp_path, x), tmp_path / "out.zarr"
    with pytest.raises(ValueError, match=r"1 numbers of block \(5,\).*index \(55,\), byte 568"):
        snap_file(source, target)
    assert Store.open(target).done.tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    with pytest.raises(FormatError, match="5 of 10 blocks are not written; snap with resume"):
        load(target)
    stat = source.stat()
    with source.open("r+b") as file:  # mended in place; the ends and the time are the same
        file.seek(568)
        file.write(np.float64(0.5).tobytes())
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    attributes = zarr.open_group(target).attrs
    attributes["source"] = attributes["source"] | {"token": _token(source)}
    with pytest.raises(FileExistsError, match="resume"):
        snap_file(source, target)
    assert snap_file(source, target, resume=True) == 5
    assert snap_file(source, target, resume=True) == 0
    x[55] = 0.5
    assert load(target).equals(snap(x).tensor)


def _token(path):
    from syntonic.io.out_of_core import NpyFloats

    return NpyFloats(path).identity()["token"]


@pytest.mark.parametrize(
    "change",
    [{"precision": 7}, {"denominator": 2}, {"window": 1}, {"error_bound": 1}, "touched", "other"],
    ids=str,
)
def test_a_store_of_another_call_is_refused(change, tmp_path):
    x = SPREAD.standard_normal(10)
    source, target = saved(tmp_path, x), tmp_path / "out.zarr"
    snap_file(source, target, precision=50)
    bounds = {"precision": 50}
    if change == "touched":
        os.utime(source, ns=(1, 1))
    elif change == "other":
        np.save(source, x + 1)
    else:
        bounds = change if "window" in change else bounds | change
    with pytest.raises(FormatError, match="of another"):
        snap_file(source, target, resume=True, **bounds)


@pytest.mark.parametrize(
    ("array", "rule"),
    [(np.arange(3), "float64"), (np.array(1.5), "at least one axis"),
     (np.asfortranarray(np.ones((3, 4))), "C order"), (np.ones(3, complex), "float64")],
)  # fmt: skip
def test_what_is_no_source(array, rule, tmp_path):
    with pytest.raises(FormatError, match=rule):
        snap_file(saved(tmp_path, array), tmp_path / "out.zarr")
    assert not (tmp_path / "out.zarr").exists()


def test_a_file_that_was_cut_off(tmp_path):
    source = saved(tmp_path, np.ones(100))
    source.write_bytes(source.read_bytes()[:-8])
    with pytest.raises(FormatError, match="must have 928 bytes"):
        snap_file(source, tmp_path / "out.zarr")


def test_memory():
    given = {"1GB": 10**9, "512 MiB": 2**29, "2.5k": 2500, "17": 17, 17: 17, "1TB": 10**12}
    assert {text: bytes_of(text) for text in given} == given
    for text in ("much", "1XB", "", True, 1.5):
        with pytest.raises(ValueError, match='such as "1GB"'):
            bytes_of(text)


def test_too_little_memory(tmp_path):
    with pytest.raises(ValueError, match="pass at least"):
        snap_file(saved(tmp_path, np.ones(10)), tmp_path / "out.zarr", memory="1MB")


# -- the command, killed and resumed ------------------------------------------------------------
def test_the_command(tmp_path, capsys):
    source, target = str(saved(tmp_path, np.array([0.5, PHI]).astype(float))), tmp_path / "o.zarr"
    assert main(["snap", source, str(target), "--window", "phi^2", "--denominator", "2"]) == 0
    assert "1 blocks" in capsys.readouterr().out
    assert load(target).equals(snap([0.5, float(PHI)], window=PHI**2, denominator=2).tensor)
    assert main(["snap", source, str(target)]) == 2
    assert main(["snap", source, str(target), "--resume"]) == 2
    assert "another" in capsys.readouterr().err
    assert main(["snap", f"{source}x", str(target)]) == 2


def run(source, target, *more):
    command = [sys.executable, "-m", "syntonic", "snap", str(source), str(target), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def written(target):
    try:
        return int((zarr.open_group(target, mode="r")["done"][...] > 0).sum())
    except (FileNotFoundError, KeyError, ValueError):
        return 0


@pytest.mark.skipif(sys.platform != "linux", reason="kills, and reads memory, as Linux does")
def test_killed_and_resumed_within_the_limit_of_memory(tmp_path):
    """A file of three times what blocks may take, killed after a few blocks, twice."""
    x = SPREAD.standard_normal(3_000_000)
    source, target = saved(tmp_path, x), tmp_path / "out.zarr"
    limit = 260
    for least in (2, 9):
        process = run(source, target, "--memory", f"{limit}MB", "--resume")
        while process.poll() is None and written(target) < least:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    process, peak = run(source, target, "--memory", f"{limit}MB", "--resume"), 0
    while process.poll() is None:  # the maximum that a parent is told holds its own share
        peak = max(peak, most_resident(process.pid))
        time.sleep(0.02)
    assert process.returncode == 0
    assert 0 < peak < limit * 10**6
    found, expected = load(target), snap(x)
    for part, other in zip(found.numerators(), (expected.a, expected.b), strict=False):
        assert np.array_equal(part, other)

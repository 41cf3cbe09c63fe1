"""The benchmark of the GPU without one: its plan, its floors, and every launcher and peer it calls.

A stand-in for the GPU keeps arrays on the host harness, and its clock is made up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cuda_host.devices import device_for
from cuda_host.runtime import to_host_array

from benchmarks import flux_gpu, report
from benchmarks.gpu import bench, cases, operations, peers
from benchmarks.gpu.device import Batch
from benchmarks.gpu.goals import MOST, Goal
from syntonic.rounding.snap import snap

ROOT = Path(__file__).resolve().parent.parent

ALL = ("f64", "f32", "f16", "bf16")
SUMS = ("component norms", "output stats", "batch norm stats")  # not compared in halves
# They launch what is measured, and then wait for the host.
WAITING = {"snap_on_device", "snap_judged_on_device", "wake_on_device"}
COPY = 2e9


class HostGpu:
    """What the benchmark asks of a GPU. A launch takes a second, by its clock."""

    name, l2, xp = "Host harness", 1 << 10, np
    processors, clock = 2, 1e9

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)
        self.freed = 0

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "driver": "none", "packages": {"numpy": "2.0"}}

    def normal(self, count: int, dtype: np.dtype[Any]) -> Any:
        return to_host_array(self.rng.standard_normal(count).astype(dtype))

    def to_torch(self, array: Any) -> Any:
        torch = pytest.importorskip("torch")
        array = np.ascontiguousarray(array).view(np.ndarray)
        if array.dtype.name == "bfloat16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    def batch(self, call: Any, launches: int, host: float) -> Batch:
        call()
        return Batch(1.0, 1e-5, ahead=True)

    def copy_bandwidth(self) -> float:
        return COPY

    def free(self) -> int:
        self.freed += 1
        return 1 << 30

    def finish(self) -> None:
        pass

    def unpool(self) -> None:
        pass


@pytest.fixture
def gpu() -> HostGpu:
    device_for("natural")  # skips where the harness does not run
    return HostGpu()


def case_of(operation: str, dtype: str = "f32", which: int = 0) -> cases.Case:
    return [case for case in cases.small(dtypes=[dtype]) if case.operation == operation][which]


# -- the plan ------------------------------------------------------------------------------------
def test_the_plan_has_every_operation_in_every_dtype():
    planned = {(case.operation, case.dtype) for case in cases.plan()}
    wanted = {
        (operation, dtype)
        for known in operations.OPERATIONS.values()
        for operation in known
        for dtype in cases.DTYPES
    }
    assert planned == wanted
    assert {case.operation for case in cases.plan(quick=True)} == {name for name, _ in wanted}


def test_no_case_is_planned_twice_and_headlines_come_first():
    planned = cases.plan()
    assert len({case.key for case in planned}) == len(planned)
    headlines = [case.headline for case in planned]
    assert headlines == sorted(headlines, reverse=True)
    assert all(case.headline for case in planned if case.compiled)


def test_every_launcher_is_measured():
    """A launcher that is added must be added to the benchmark, by the name it is called by."""
    text = (ROOT / "benchmarks/gpu/operations.py").read_text()
    for family in operations.FAMILIES:
        module = pytest.importorskip(f"syntonic.flux.cuda.{family}")
        for name in set(module.__all__) - WAITING:
            assert f"{family}.{name}(" in text, f"{family}.{name} is not measured"


@pytest.mark.parametrize("options", [[], ["--quick"], ["--family", "norm,softmax"]])
def test_plan_option(options, capsys):
    assert flux_gpu.main(["--plan", *options]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == f"{len(lines)} cases"
    assert all(line.endswith(" MB") for line in lines)


# -- the floors, beside counts of the arrays that an operation reads and writes --------------------
@pytest.mark.parametrize(
    ("operation", "arrays"),
    [
        ("phi", "identity residual out"),
        ("relu", "identity residual out"),
        ("gelu", "identity residual out"),
        ("residual layer norm", "identity residual out"),
        ("component norms", "identity residual"),
        ("phi backward", "grad residual's"),
        ("relu backward", "grad out identity's residual's"),
        ("gelu backward", "grad identity residual identity's residual's"),
        ("residual layer norm backward", "grad identity residual identity's residual's"),
        ("batch norm stats", "x"),
        ("batch norm apply", "x out"),
        ("layer norm", "x out"),
        ("layer norm backward", "grad x x's"),
        ("output stats", "x"),
        ("softmax", "x out"),
        ("softmax learned", "x out"),
        ("softmax provided", "x weights out"),
        ("softmax backward", "grad out x's"),
        ("softmax learned backward", "grad out x's"),
        ("softmax provided backward", "grad out weights x's weights'"),
    ],
)
@pytest.mark.parametrize(("dtype", "size"), [("f64", 8), ("f32", 4), ("f16", 2), ("bf16", 2)])
def test_floor(operation, arrays, dtype, size):
    if dtype == "bf16":
        pytest.importorskip("ml_dtypes")
    for case in cases.plan(dtypes=[dtype]):
        if case.operation == operation:
            assert case.floor == len(arrays.split()) * np.prod(case.shape) * size


@pytest.mark.parametrize(
    ("shape", "forward", "backward"),
    [((256, 100_000), 2, 3), ((32, 64, 28, 28), 2, 3), ((128, 256, 56, 56), 3, 5)],
)
def test_floor_of_batch_norm(shape, forward, backward):
    for operation, passes in (("batch norm", forward), ("batch norm backward", backward)):
        case = cases.Case("norm", operation, "f32", shape)
        assert case.floor == passes * np.prod(shape) * 4


@pytest.mark.parametrize(
    ("operation", "dtype", "nbytes"),
    [("snap", "f64", 24), ("snap to int32", "f64", 16), ("wake", "f64", 24), ("snap", "f32", 20)],
)
def test_floor_of_the_lattice(operation, dtype, nbytes):
    assert cases.Case("lattice", operation, dtype, (1000,)).floor == 1000 * nbytes


def test_goals():
    by_key = {case.key: case for case in cases.plan()}
    assert by_key["residual: phi f32 16777216"].goal == Goal(0.9)  # 64 MiB to the byte
    assert by_key["residual: phi bf16 16777216"].goal is None
    for case in by_key.values():
        if case.goal is not None and case.goal.share < MOST:
            assert case.goal.reason, case.key


def test_a_kernel_that_reads_again_has_its_share_of_the_floor():
    case = cases.Case("norm", "layer norm backward", "f32", (2048, 32768))
    assert case.goal == Goal(0.54, "5 passes over x where 3 would do")


def test_a_goal_that_instructions_bound_is_of_the_device():
    case = cases.Case("residual", "gelu", "f64", (10**8,))
    device = {"processors": 132, "clock": 1.755e9}
    assert case.goal.on(case, **device, copy=1e12) == (0.9, "")
    share, bound = case.goal.on(case, **device, copy=8e12)
    # elements a second that 132 * 64 lanes can start 66 instructions of; 24 bytes each
    assert share == pytest.approx(0.85 * 132 * 64 * 1.755e9 / 66 * 24 / 8e12)
    assert bound == "66 instructions an element"


@pytest.mark.campaign
# -- every launcher, with the benchmark's arguments, beside every peer ----------------------------
@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("operation", [name for f in operations.OPERATIONS.values() for name in f])
def test_operations_and_peers(gpu, operation, dtype):
    chosen = [case for case in cases.small(dtypes=[dtype]) if case.operation == operation]
    if dtype == "bf16":
        pytest.importorskip("ml_dtypes")
    for case in chosen:
        arrays = bench.Supply(gpu).arrays(case)
        assert len(arrays) >= 2
        data = case.inputs(gpu, arrays[0])
        results = {"syntonic": case.launch(data)}
        finite(results["syntonic"])
        beside_numpy(case, data, results["syntonic"])
        beside_the_cpu(case, data, results["syntonic"])
        beside_torch(gpu, case, data, results)


def finite(result: Any) -> None:
    for array in bench._several(result):
        assert np.isfinite(np.asarray(array, np.float64)).all()


def beside_numpy(case: cases.Case, data: SimpleNamespace, ours: Any) -> None:
    expression = peers.CUPY.get(case.operation)
    if expression is None or case.size == 2:
        return
    plain = {n: np.asarray(v) for n, v in vars(data).items() if isinstance(v, np.ndarray)}
    expected = expression(np, SimpleNamespace(**plain))
    tolerance = 1e-12 if case.dtype == "f64" else 1e-4
    for out, b in zip(bench._several(ours), bench._several(expected), strict=False):
        a = np.asarray(out)
        np.testing.assert_allclose(np.ravel(a), np.ravel(b), rtol=tolerance, atol=tolerance)


def beside_the_cpu(case: cases.Case, data: SimpleNamespace, ours: Any) -> None:
    if not case.operation.startswith("snap"):
        return
    bound = {"window": 100} if "window" in case.operation else {}
    expected = snap(np.asarray(data.x, np.float64), **bound)
    a, b, undecided = map(np.asarray, ours)
    assert not undecided.any()  # normal numbers are far from every tie
    np.testing.assert_array_equal(a, expected.a)
    np.testing.assert_array_equal(b, expected.b)


def beside_torch(gpu: HostGpu, case: cases.Case, data: Any, results: dict[str, Any]) -> None:
    try:
        import torch
    except ImportError:
        return
    if case.forward not in peers.torch_forms(torch):
        return
    t = peers.tensors(gpu, data)
    results["torch"] = peers.contender(torch, case, [t])[0]()
    found = bench.agreement(gpu, case, results)
    assert isinstance(found["torch"], float), found
    if case.size == 2 and case.operation in SUMS:
        return
    results["torch"] = tuple(2 * b for b in bench._several(results["torch"]))
    assert "disagrees" in bench.agreement(gpu, case, results)["torch"]


# -- a whole run -----------------------------------------------------------------------------------
def test_input_sets_exceed_the_caches(gpu):
    case = case_of("phi", which=1)
    arrays = bench.Supply(gpu).arrays(case)
    everything = [array for these in arrays for array in these]
    starts = [array.ctypes.data for array in everything]
    assert sum(array.nbytes for array in everything) >= bench.CACHES * gpu.l2
    assert len(set(starts)) == len(starts)
    assert all(
        b - a >= case.nbytes for a, b in zip(sorted(starts), sorted(starts)[1:], strict=False)
    )


def test_results_rotate():
    made = [bytearray(1) for _ in range(3)]
    turn = bench._Rotation([lambda m=m: m for m in made])
    for _ in range(4):
        turn()
    assert turn.results == made


def test_a_run_is_written_and_merged(gpu, tmp_path, capsys):
    path = tmp_path / "gpu.json"
    first, second = [case_of("phi")], [case_of("softmax"), case_of("phi")]
    beside = bench.Peers(cupy=np)
    assert flux_gpu.run(gpu, first, beside, path, None) == 0
    assert flux_gpu.run(gpu, second, beside, path, None) == 0
    data = json.loads(path.read_text())
    assert [entry["operation"] for entry in data["results"]] == ["phi", "softmax"]
    entry = data["results"][0]
    assert entry["seconds"] == {"syntonic": 1.0, "cupy": 1.0}
    assert entry["ratios"] == {"cupy": 1.0}
    assert entry["of_copy"] == pytest.approx(entry["bytes"] / COPY, rel=1e-3)
    assert entry["failures"] == {}
    out = capsys.readouterr().out
    assert "% of copy" in out
    assert "slower than a peer:\n  none" in out


def test_another_gpu_is_not_merged(gpu, tmp_path):
    path = tmp_path / "gpu.json"
    path.write_text(json.dumps({"gpu": {"name": "another"}, "results": []}))
    with pytest.raises(SystemExit, match="is of another, this is Host harness; use --out"):
        flux_gpu.run(gpu, [], bench.Peers(), path, None)


def test_a_spent_budget_keeps_what_was_measured(gpu, tmp_path, capsys):
    path = tmp_path / "gpu.json"
    assert flux_gpu.run(gpu, [case_of("phi")], bench.Peers(), path, None) == 0
    assert flux_gpu.run(gpu, [case_of("gelu")], bench.Peers(), path, -1) == 0
    assert "1 cases left" in capsys.readouterr().out
    assert len(json.loads(path.read_text())["results"]) == 1


def test_a_failure_is_a_value(gpu, tmp_path, capsys, monkeypatch):
    def fails(*_: Any) -> Any:
        raise MemoryError("no room\nat all")

    monkeypatch.setitem(peers.CUPY, "phi", fails)
    monkeypatch.setattr(cases.Case, "inputs", fails)
    entry = bench.measure(gpu, bench.Supply(gpu), case_of("phi"), bench.Peers(cupy=np), COPY)
    assert entry["failures"] == {"syntonic": "MemoryError: no room\nat all"}
    assert entry["of_copy"] is None
    monkeypatch.undo()
    monkeypatch.setitem(peers.CUPY, "phi", fails)
    path = tmp_path / "gpu.json"
    assert flux_gpu.run(gpu, [case_of("phi")], bench.Peers(cupy=np), path, None) == 0
    assert "cupy failed: MemoryError: no room" in capsys.readouterr().out
    assert "cupy" not in json.loads(path.read_text())["results"][0]["seconds"]


def test_what_does_not_fit_is_a_value(gpu):
    def full(*_: Any) -> Any:
        raise MemoryError("full")

    gpu.normal = full
    entry = bench.measure(gpu, bench.Supply(gpu), case_of("phi"), bench.Peers(cupy=np), COPY)
    assert entry["failures"] == {"syntonic": "MemoryError: full"}


def test_a_broken_device_ends_the_run(gpu, tmp_path):
    gpu.finish = lambda: (_ for _ in ()).throw(RuntimeError("illegal address"))
    path = tmp_path / "gpu.json"
    ended = flux_gpu.run(gpu, [case_of("phi"), case_of("gelu")], bench.Peers(), path, None)
    assert "the device failed: illegal address" in ended
    assert len(json.loads(path.read_text())["results"]) == 1


def test_what_is_missing_is_one_clear_line(monkeypatch):
    """Without CuPy, and with one that finds no driver: no traceback."""
    monkeypatch.setitem(sys.modules, "cupy", None)
    for options in (["--once"], ["--quick"]):
        said = flux_gpu.main(options)
        assert said.startswith("flux_gpu: a CUDA device needs CuPy")
        assert "\n" not in said

    def fails() -> int:
        raise RuntimeError("cudaErrorInsufficientDriver: version")

    runtime = SimpleNamespace(getDeviceCount=fails)
    broken = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    monkeypatch.setitem(sys.modules, "cupy", broken)
    assert flux_gpu.main(["--once"]).startswith("flux_gpu: no NVIDIA driver is visible")


@pytest.mark.parametrize("option", [["--family", "foo"], ["--dtype", "f32,f8"]])
def test_an_unknown_family_or_dtype_is_named(option, capsys):
    with pytest.raises(SystemExit) as ended:
        flux_gpu.main(["--plan", *option])
    assert ended.value.code == 2
    assert "is not one of" in capsys.readouterr().err


def test_options_given_twice_add_up(capsys):
    def planned(*options: str) -> list[str]:
        assert flux_gpu.main(["--plan", *options]) == 0
        return capsys.readouterr().out.splitlines()

    twice = planned("--family", "norm", "--family", "softmax", "--dtype", "f32", "--dtype", "f64")
    assert twice == planned("--family", "norm,softmax", "--dtype", "f32,f64")


def test_what_needs_a_missing_package_is_left_out_aloud(monkeypatch, capsys):
    monkeypatch.setattr(flux_gpu, "find_spec", lambda name: None)
    kept = flux_gpu._possible(cases.small())
    assert {case.family for case in kept} == {"residual", "norm", "softmax"}
    assert {case.dtype for case in kept} == {"f32", "f64"}
    out = capsys.readouterr().out
    assert "left out, for want of ml_dtypes: " in out
    assert "left out, for want of gmpy2: " in out


def test_new_cases_are_those_the_file_lacks(gpu, tmp_path):
    path = tmp_path / "gpu.json"
    known, other = case_of("phi"), case_of("gelu")
    assert flux_gpu.run(gpu, [known], bench.Peers(), path, None) == 0
    assert flux_gpu._new([known, other], path, gpu.name) == [other]
    path.write_text(path.read_text().replace(bench.fingerprint(), "older kernels"))
    assert flux_gpu._new([known, other], path, gpu.name) == [known, other]


def test_the_fingerprint_is_of_code_alone(monkeypatch):
    text = bench.source.assemble("golden_lattice")
    monkeypatch.setattr(bench.source, "families", lambda: ("golden_lattice",))

    def fingerprint(changed: str) -> str:
        monkeypatch.setattr(bench.source, "assemble", lambda family: changed)
        bench.fingerprint.cache_clear()
        return bench.fingerprint()

    assert fingerprint(text) == fingerprint("// said anew\n" + text.replace("// ", "// well, "))
    assert fingerprint(text) != fingerprint(text + "int more;\n")
    monkeypatch.undo()
    bench.fingerprint.cache_clear()


def test_once(gpu, capsys):
    assert flux_gpu.once(gpu, cases.small(["residual"], ["f32"])) == 0
    assert capsys.readouterr().out.strip().endswith("cases ran")


# -- the tables of the pages -----------------------------------------------------------------------
def test_the_committed_tables_are_what_the_results_say(monkeypatch):
    monkeypatch.setattr("sys.argv", ["report.py", "--check"])
    assert report.main() == 0


def test_a_gpu_has_a_table_of_its_own(gpu, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    assert report.table() == ""
    monkeypatch.setattr("benchmarks.gpu.goals.LARGE", 0)  # these arrays are small
    chosen = [case_of("phi"), case_of("phi", "f64"), case_of("gelu"), case_of("relu", "f64")]
    flux_gpu.run(gpu, chosen, bench.Peers(cupy=np), tmp_path / "gpu.json", None)
    lines = report.table().splitlines()
    assert lines[0].startswith("Host harness, driver none, numpy 2.0. Shares")
    assert lines[0].endswith("2 GB/s read and written:")
    assert lines[4:6] == [
        "| phi, 37 | 1 s | 0%, -, 0% | cupy ×1 |",
        "| gelu, 37 | 1 s | 0%, -, - | cupy ×1 |",
    ]

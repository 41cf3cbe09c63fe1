"""The kernels by name: what `load` refuses and gives, and what `warm` compiles."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from cuda_host.devices import device_for, dtype_of

from syntonic import kernels
from syntonic.cli import main
from syntonic.errors import BackendUnavailableError
from syntonic.flux.cuda import nvrtc, source

ONE = [kernels.Module("golden_lattice", "f32", "sm_90")]


@pytest.fixture
def compiler():
    try:
        return nvrtc.find()
    except BackendUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("dtype", "suffix"),
    [
        ("f32", "f32"),
        ("float64", "f64"),
        (np.float16, "f16"),
        (np.dtype("f8"), "f64"),
        ("f8", "f64"),
    ],
)
def test_dtypes_by_every_name(dtype, suffix):
    assert kernels._suffix(dtype) == suffix


def test_bfloat16_with_and_without_ml_dtypes():
    assert kernels._suffix("bfloat16") == "bf16"
    assert kernels._suffix(dtype_of("bf16")) == "bf16"
    assert kernels._suffix(dtype_of("bf16").type) == "bf16"


@pytest.mark.parametrize("dtype", ["int32", "complex64", object])
def test_a_dtype_that_no_kernel_has(dtype):
    with pytest.raises(ValueError, match="load: dtype must be one of float64, float32"):
        kernels.load("phi_residual", dtype)


def test_a_dtype_that_numpy_does_not_know():
    with pytest.raises(ValueError, match=r"load: dtype must be one of float64, .*, got 'f3'"):
        kernels.load("phi_residual", "f3")


def test_a_family_that_is_not_there():
    with pytest.raises(ValueError, match=r"load: family must be one of golden_batch_norm, .*'phi'"):
        kernels.load("phi", "f32")


def test_load_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(BackendUnavailableError, match="load: a CUDA device needs CuPy"):
        kernels.load("phi_residual", "f32")


@pytest.mark.gpu
def test_the_example_of_load():
    device_for("cuda")
    import cupy

    kernel = kernels.load("phi_residual", "float32").get_function("phi_residual_mode_phi_f32")
    x, y = cupy.ones(1000, "f4"), cupy.ones(1000, "f4")
    out = cupy.empty_like(x)
    kernel((1,), (256,), (out, x, y, np.int64(1000)))
    assert (out.get() == np.float32(1.6180340051651)).all()


def test_the_plan_has_every_module_once():
    planned = kernels.planned(architectures=["sm_90", "sm_80", "sm_90"])
    assert len(planned) == 2 * sum(
        bool(names) for family in source.families() for names in source.symbols(family).values()
    )
    assert len(set(planned)) == len(planned)
    lengths = [len(source.assemble(job.family)) for job in planned]
    assert lengths == sorted(lengths, reverse=True)
    with pytest.raises(ValueError, match="family must be one of"):
        kernels.planned(["phi"])
    with pytest.raises(ValueError, match="dtype must be one of"):
        kernels.planned(dtypes=["f8"])


def test_warm_compiles_and_finds_again(compiler, cache):
    (first,) = kernels.warm(ONE)
    assert first.module == ONE[0]
    assert first.error == ""
    assert first.path.read_bytes()[:4] == b"\x7fELF"
    stamp = first.path.stat().st_mtime_ns
    (again,) = kernels.warm(ONE)
    assert again == first
    assert again.path.stat().st_mtime_ns == stamp


def test_what_does_not_compile_is_said(compiler):
    (bad,) = kernels.warm([kernels.Module("golden_lattice", "f32", "sm_1")])
    assert bad.path is None
    assert "arch" in bad.error


def test_an_architecture_that_the_compiler_does_not_know(compiler, capsys):
    assert main(["kernels", "warm", "--arch", "sm_1", "--kernel", "golden_wake_f32"]) == 2
    assert "sm_90" in capsys.readouterr().err


def test_a_family_that_does_not_compile_ends_in_1(compiler, capsys, monkeypatch):
    failed = kernels.Warmed(ONE[0], None, "kernels/golden_lattice.cu(3): error: no")
    monkeypatch.setattr("syntonic.cli.kernels.warm", lambda jobs: [failed])
    assert main(["kernels", "warm", "--arch", "sm_90", "--kernel", "golden_wake_f32"]) == 1
    out = capsys.readouterr().out
    assert "golden_lattice.f32.sm_90 did not compile:\nkernels/golden_lattice.cu(3)" in out
    assert "0 of 1 modules in" in out


def test_the_architectures_are_those_of_the_visible_devices(compiler, monkeypatch):
    capabilities = ["90", "75", "90"]
    cuda = SimpleNamespace(
        runtime=SimpleNamespace(
            getDeviceCount=lambda: 3, runtimeGetVersion=lambda: compiler.version[0] * 1000
        ),
        Device=lambda number: SimpleNamespace(compute_capability=capabilities[number]),
    )
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda))
    planned = kernels.planned(["golden_lattice"], ["f32"])
    assert [job.architecture for job in planned] == ["sm_75", "sm_90"]


def test_warm_without_a_device_says_why(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert main(["kernels", "warm"]) == 2
    assert "a CUDA device needs CuPy" in capsys.readouterr().err

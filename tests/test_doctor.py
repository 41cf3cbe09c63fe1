"""`syntonic doctor`: healthy, half-broken and quite broken installations, real and pretended."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from syntonic.cli import main
from syntonic.doctor import examine, probes, verdicts
from syntonic.doctor.loops import LoopCache
from syntonic.doctor.probes import Broken, Driver, Facts, Gpu

ROOT = Path(probes.__file__).resolve().parents[2]
H100 = Gpu("NVIDIA H100", 90, 80 << 30)


def compiler(major, minor, include=True):
    where = Path(f"/nv{major}")
    return SimpleNamespace(
        version=(major, minor), path=where / "lib", include=(where / "include",) * include
    )


CPU = Facts(
    python="3.12.1, /usr/bin/python",
    platform="Linux",
    versions={"syntonic": "0.1.0", "numpy": "2.2.0", "torch": None},
    import_errors={},
    cupys=(),
    cupy_import=None,
    cupy_cuda=None,
    torch_cuda=None,
    driver=None,
    compilers=(),
    kernels=("/kernels", 120),
    cache=("/home/me/.cupy", True),
    loops=(LoopCache("/lattice", True, 49), LoopCache("/cpu", True, 0)),
    compiled=None,
    launched=None,
)
GPU = replace(
    CPU,
    cupys=("cupy-cuda12x 13.4.0",),
    cupy_import="CUDA runtime 12.4, NVRTC 12.4",
    cupy_cuda=12,
    driver=Driver("550.54", (12, 4), (H100,)),
    compilers=(compiler(12, 4),),
    compiled="phi_residual for sm_90",
    launched="right",
)


def judged(facts):
    """{check: (status, found, fix)} of what is not OK."""
    return {
        v.check: (v.status, v.found, v.fix)
        for v in verdicts.judge(facts)
        if v.status != verdicts.OK
    }


def test_a_healthy_gpu():
    assert judged(GPU) == {}
    shown = {v.check: v.found for v in verdicts.judge(GPU)}
    assert shown["cuda:0"] == "NVIDIA H100, 80 GiB, compute capability 9.0"
    assert shown["driver"] == "550.54, for CUDA up to 12.4"


def test_a_machine_without_gpu_and_cupy_has_no_fault():
    found = judged(CPU)
    assert {check: status for check, (status, _, _) in found.items()} == {
        "driver": "WARN",
        "NVRTC": "WARN",
    }
    assert "no NVIDIA driver visible" in found["driver"][1]


@pytest.mark.parametrize(
    ("change", "check", "status", "says", "fix"),
    [
        (
            {"cupys": ("cupy-cuda12x 13.4.0", "cupy-cuda13x 14.0.0")},
            "CuPy",
            "FAIL",
            "cupy-cuda12x 13.4.0 and cupy-cuda13x 14.0.0 overwrite",
            "python -m pip uninstall -y cupy-cuda12x cupy-cuda13x && "
            "python -m pip install cupy-cuda12x",
        ),
        (
            {"cupy_import": Broken("ImportError: libcupy"), "launched": None},
            "CuPy",
            "FAIL",
            "does not import: ImportError: libcupy",
            "python -m pip install --force-reinstall cupy-cuda12x",
        ),
        (
            {"cupys": (), "cupy_import": None, "cupy_cuda": None, "launched": None},
            "CuPy",
            "WARN",
            "not installed, so the GPU is idle",
            "python -m pip install cupy-cuda12x",
        ),
        ({"driver": None}, "driver", "FAIL", "no NVIDIA driver visible", "nvidia.com/drivers"),
        (
            {"driver": Broken("OSError: cuInit: system not yet initialized (802)")},
            "driver",
            "FAIL",
            "cuInit: system not yet initialized",
            "nvidia-smi",
        ),
        (
            {"driver": Driver("470.1", (11, 4), (H100,))},
            "driver",
            "FAIL",
            "CUDA up to 11.4, but CuPy is built for CUDA 12",
            "drivers",
        ),
        (
            {"cupy_cuda": 13, "cupys": ("cupy-cuda13x 14.0.0",)},
            "driver",
            "FAIL",
            "CUDA up to 12.4, but CuPy is built for CUDA 13",
            "python -m pip uninstall -y cupy-cuda13x && python -m pip install cupy-cuda12x",
        ),
        (
            {"driver": Driver("550.54", (12, 4), ())},
            "devices",
            "FAIL",
            "none visible",
            "unset CUDA_VISIBLE_DEVICES",
        ),
        (
            {"torch_cuda": "13.0"},
            "torch's CUDA",
            "WARN",
            "torch 13.0, CuPy 12",
            "python -m pip uninstall -y cupy-cuda12x && python -m pip install cupy-cuda13x",
        ),
        (
            {"compilers": (compiler(13, 1),)},
            "NVRTC",
            "FAIL",
            "none for CUDA 12",
            "python -m pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12",
        ),
        (
            {"compilers": (compiler(12, 4, include=False),)},
            "NVRTC",
            "WARN",
            "no cuda_fp16.h",
            "nvidia-cuda-runtime-cu12",
        ),
        ({"compilers": Broken("OSError: x")}, "NVRTC", "FAIL", "OSError: x", "nvidia-cuda-nvrtc"),
        ({"kernels": ("/kernels", 0)}, "kernels", "FAIL", "0 kernels in /kernels", "syntonic"),
        ({"kernels": Broken("OSError: gone")}, "kernels", "FAIL", "gone", "--force-reinstall"),
        ({"cache": ("/ro", False)}, "cache", "FAIL", "/ro is not writable", "CUPY_CACHE_DIR"),
        ({"cache": Broken("RuntimeError: no home")}, "cache", "WARN", "no home", "CUPY_CACHE_DIR"),
        (
            {"compiled": Broken("KernelCompileError: invalid value for -arch")},
            "compilation",
            "FAIL",
            "invalid value",
            "nvidia-cuda-runtime-cu12 --upgrade",
        ),
        ({"launched": Broken("ArithmeticError: off by 1")}, "launch", "FAIL", "off by 1", "mend"),
        (
            {"import_errors": {"numpy": "ImportError: DLL"}},
            "numpy",
            "FAIL",
            "2.2.0 does not import: ImportError: DLL",
            "python -m pip install --force-reinstall numpy",
        ),
        (
            {"import_errors": {"torch": "ModuleNotFoundError: x"}},
            "torch",
            "FAIL",
            "is not installed",
            "python -m pip install --force-reinstall torch",
        ),
    ],
)
def test_one_fault(change, check, status, says, fix):
    found = judged(replace(GPU, **change))
    assert found[check][0] == status
    assert says in found[check][1]
    assert fix in found[check][2]
    assert all(repair for _, _, repair in found.values())


def test_a_fault_elsewhere_is_no_fault_of_a_machine_without_cupy():
    facts = replace(CPU, compiled=Broken("x"), cache=("/ro", False), driver=Broken("cuInit: 999"))
    assert {status for status, _, _ in judged(facts).values()} == {"WARN"}


def test_torch_and_cupy_of_one_cuda():
    assert judged(replace(GPU, torch_cuda="12.8")) == {}


def test_this_installation(capsys):
    status = main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert status == any(line.startswith("FAIL") for line in lines)
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        assert re.match(r"(OK   |WARN |FAIL |     ) \S", line)
        assert after.startswith("      Fix: ") == (line[:4] in ("WARN", "FAIL"))
    shown = "\n".join(lines)
    for what in ("Python", "numpy", "gmpy2", "numba", "python-flint", "kernels", "cache", "loops"):
        assert re.search(rf"^OK +{what} ", shown, re.MULTILINE), what


def test_json(monkeypatch, capsys):
    monkeypatch.setattr("syntonic.doctor.gather", lambda: GPU)
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["healthy"] is True
    assert {"status": "OK", "check": "launch", "found": "right", "fix": ""} in report["checks"]
    monkeypatch.setattr("syntonic.doctor.gather", lambda: replace(GPU, driver=None))
    text, status = examine(as_json=True)
    assert (status, json.loads(text)["healthy"]) == (1, False)


def in_process(*before, modules=("syntonic", "doctor"), **environment):
    """Run the doctor in a process of its own, with folders before all others on the path."""
    path = os.pathsep.join([*map(str, before), str(ROOT)])
    env = {**os.environ, "PYTHONPATH": path, **environment}
    command = [sys.executable, "-m", *modules]
    return subprocess.run(command, env=env, capture_output=True, text=True, cwd="/")


LONG = pytest.mark.campaign


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("modules", "broken"),
    [
        (("syntonic", "doctor"), "raise ImportError('DLL load failed')"),
        pytest.param(("syntonic", "doctor"), "1/0", marks=LONG),
        pytest.param(("syntonic.doctor",), "raise ImportError('DLL load failed')", marks=LONG),
        pytest.param(("syntonic.doctor",), "1/0", marks=LONG),
    ],
)
def test_a_broken_numpy(tmp_path, modules, broken):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text(broken)
    out = in_process(tmp_path, modules=modules)
    assert out.returncode == 1, out.stderr
    assert re.search(
        r"^FAIL  numpy .*does not import: (Import|ZeroDivision)Error", out.stdout, re.M
    )
    assert "Fix: python -m pip install --force-reinstall numpy" in out.stdout
    assert re.search(r"^OK +kernels +\d+ kernels", out.stdout, re.M)


def distribution(folder, name, version):
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.campaign
def test_two_cupys_and_neither_works(tmp_path):
    distribution(tmp_path, "cupy-cuda12x", "13.0.0")
    distribution(tmp_path, "cupy-cuda13x", "14.0.0")
    distribution(tmp_path, "cupy-plugin", "1.0")
    (tmp_path / "cupy.py").write_text("raise ImportError('libcublas')")
    out = in_process(tmp_path)
    assert out.returncode == 1
    assert "cupy-cuda12x 13.0.0 and cupy-cuda13x 14.0.0 overwrite" in out.stdout
    assert "python -m pip uninstall -y cupy-cuda12x cupy-cuda13x && " in out.stdout
    assert "does not import: ImportError: libcublas" in out.stdout


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "file" / "below"))
    status, found, _ = judged(replace(GPU, cache=probes.ask(probes.cache_folder)))["cache"]
    assert status == "FAIL"
    assert found == f"{tmp_path / 'file' / 'below'} is not writable: every run compiles anew"


def test_the_loops_of_the_cpu_that_are_saved():
    shown = [v.found for v in verdicts.judge(CPU) if v.check == "loops"]
    assert shown[0] == "/lattice: 49 compiled"
    assert shown[1].startswith("/cpu: empty: ")
    assert "syntonic kernels warm --cpu" in shown[1]
    assert "loops" not in {v.check for v in verdicts.judge(replace(CPU, loops=None))}


@pytest.mark.parametrize(
    ("loops", "says", "fix"),
    [
        ((), "no folder for compiled loops can be written", "export NUMBA_CACHE_DIR=/tmp/numba"),
        (
            (LoopCache("/ro", False, 3),),
            "/ro is not writable: 3 compiled, others are not kept",
            "export NUMBA_CACHE_DIR=/tmp/numba",
        ),
        (Broken("OSError: x"), "OSError: x", "python -m pip install --force-reinstall numba"),
    ],
)
def test_loops_that_cannot_be_saved(loops, says, fix):
    status, found, mended = judged(replace(CPU, loops=loops))["loops"]
    assert status == "WARN"
    assert says in found
    assert mended == fix


@pytest.mark.campaign
def test_a_cache_of_loops_that_is_empty_filled_damaged_and_missing(tmp_path):
    pytest.importorskip("numba")

    def shown(**environment):
        out = in_process(modules=("syntonic.doctor",), **environment)
        assert out.returncode in (0, 1), out.stderr
        return re.findall(r"^(OK|WARN) +loops +(.*)", out.stdout, re.MULTILINE)

    def compiled():
        (status, first), *others = shown(NUMBA_CACHE_DIR=str(tmp_path))
        assert status == "OK"
        assert first.startswith(str(tmp_path / "jit_"))
        assert len(others) == 4
        assert all(": empty: " in other for _, other in others)
        return first.partition(": ")[2]

    assert compiled().startswith("empty: ")
    fill = "from syntonic.jit import floats; floats.two_sum(1.0, 2.0), floats.to_int(1.0)"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", fill], env=env, check=True, timeout=300)
    assert compiled() == "2 compiled"
    (index,) = tmp_path.rglob("floats.two_sum*.nbi")
    for damaged in (b"", b"\x80\x04.", index.read_bytes()[:-20], os.urandom(99)):
        index.write_bytes(damaged)
        assert compiled() == "1 compiled"
    index.unlink()
    index.mkdir()
    assert compiled() == "1 compiled"
    nowhere = "UserProvidedCacheLocator"
    ((status, found),) = shown(NUMBA_CACHE_DIR="", NUMBA_CACHE_LOCATOR_CLASSES=nowhere)
    assert status == "WARN"
    assert "can be written" in found


def test_torch_is_not_imported(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "torch" / "version.py").write_text("cuda: Optional[str] = '12.8'\n")
    path = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    script = path + "from syntonic.doctor.probes import torch_cuda; print(torch_cuda())"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert out.stdout.strip() == "12.8", out.stderr


def test_an_error_becomes_a_value():
    assert probes.ask(lambda: 1 / 0) == Broken("ZeroDivisionError: division by zero")
    assert probes.ask(lambda: [][1:].pop()) == Broken("IndexError: pop from empty list")
    assert probes.ask(int, "7") == 7


def pretended_driver(monkeypatch, status=0, devices=2):
    """A driver that answers as CUDA's would."""

    def write(reference, value):
        reference._obj.value = value

    class Library(SimpleNamespace):
        cuInit = staticmethod(lambda flags: status)

        @staticmethod
        def cuDriverGetVersion(version):
            write(version, 12080)
            return 0

        @staticmethod
        def cuDeviceGetCount(count):
            write(count, devices)
            return 0

        @staticmethod
        def cuDeviceGet(device, ordinal):
            write(device, ordinal)
            return 0

        @staticmethod
        def cuDeviceGetName(name, size, device):
            name.value = b"NVIDIA H100"
            return 0

        @staticmethod
        def cuDeviceGetAttribute(value, attribute, device):
            write(value, {75: 9, 76: 0}[attribute])
            return 0

        @staticmethod
        def cuDeviceTotalMem_v2(memory, device):
            write(memory, 80 << 30)
            return 0

        class cuGetErrorString:
            argtypes = None

            def __new__(cls, code, text):
                write(text, b"no CUDA-capable device is detected")
                return 0

    monkeypatch.setattr(probes.ctypes, "CDLL", lambda name: Library())


def test_a_driver_is_asked(monkeypatch):
    pretended_driver(monkeypatch)
    driver = probes.find_driver()
    assert driver.cuda == (12, 8)
    assert driver.gpus == (H100, H100)


def test_a_driver_that_refuses(monkeypatch):
    pretended_driver(monkeypatch, status=100)
    error = "OSError: cuInit: no CUDA-capable device is detected (100)"
    assert probes.ask(probes.find_driver) == Broken(error)


def test_a_launch_that_crashes_becomes_a_value(tmp_path, monkeypatch):
    """The launch runs elsewhere: the doctor outlives an abort of the driver."""
    (tmp_path / "cupy.py").write_text("import os; os.abort()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = probes.ask(probes.launch_elsewhere)
    assert isinstance(found, Broken)
    (tmp_path / "cupy.py").write_text("raise ImportError('libcublas')")
    assert probes.ask(probes.launch_elsewhere) == Broken("RuntimeError: ImportError: libcublas")


@pytest.mark.gpu
def test_the_gpu_computes_right():
    pytest.importorskip("cupy")
    if not isinstance(probes.find_driver(), Driver):
        pytest.skip("no GPU")
    assert "is right to" in probes.launch_elsewhere()

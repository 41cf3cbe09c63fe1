"""NVRTC through ctypes: where it is found, what it compiles, what it says of errors."""

import re

import pytest

from syntonic.errors import BackendUnavailableError, KernelCompileError
from syntonic.flux.cuda import nvrtc, source

LIBRARIES = nvrtc.installed()
each = pytest.mark.parametrize("library", LIBRARIES, ids=lambda x: f"nvrtc{x.version[0]}")
KERNEL = """
extern "C" __global__ void __launch_bounds__(128) many(double *out, const double *in) {
    __shared__ double part[128];
    part[threadIdx.x] = in[threadIdx.x];
    __syncthreads();
    out[threadIdx.x] = part[127 - threadIdx.x];
}
extern "C" __global__ void none() {}
"""
VERBOSE = ("-arch=sm_90", "-Xptxas=-v")


@each
def test_machine_code_and_what_it_takes(library):
    done = library.compile(KERNEL, VERBOSE)
    assert done.cubin.startswith(b"\x7fELF")
    assert b".target sm_90" in done.ptx
    assert not done.ptx.endswith(b"\0")
    many, none = sorted(done.usage, key=lambda usage: usage.kernel)
    assert (many.kernel, many.shared, many.stack) == ("many", 1024, 0)
    assert (none.kernel, none.shared, none.spill_stores + none.spill_loads) == ("none", 0, 0)
    assert 4 <= many.registers <= 512


@each
def test_ptx_alone(library):
    done = library.compile(KERNEL, ("-arch=compute_80",))
    assert done.cubin == b""
    assert b".target sm_80" in done.ptx
    assert done.usage == ()


@each
def test_spills_are_seen(library):
    text = """
    extern "C" __global__ void __launch_bounds__(1024, 2) greedy(double *a) {
        double x[96];
        for (int i = 0; i < 96; i++) x[i] = a[i];
        for (int k = 0; k < 3; k++)
            for (int i = 0; i < 96; i++) x[i] = x[(i * 7 + 1) % 96] * x[i] + x[(i * 5) % 96];
        for (int i = 0; i < 96; i++) a[i] = x[i];
    }"""
    (greedy,) = library.compile(text.replace("for", "\n#pragma unroll\nfor"), VERBOSE).usage
    assert greedy.registers <= 32  # 65536 registers for 2048 threads
    assert greedy.spill_stores > 0
    assert greedy.spill_loads > 0


@each
def test_headers_of_the_half_precisions_are_found(library):
    assert library.include
    text = "#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n__device__ __half h;\n"
    library.compile(text, ("-arch=sm_80",))


@each
@pytest.mark.parametrize("broken", ["phi_residual.cu", "scalar.cuh"])
def test_an_error_names_the_file_and_the_line(library, tmp_path, monkeypatch, broken):
    for path in source.folder().iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    lines = (tmp_path / broken).read_text().splitlines()
    where = max(number for number, line in enumerate(lines) if line.startswith("#include"))
    lines.insert(where + 1, "int planted = missing_name;")
    (tmp_path / broken).write_text("\n".join(lines))
    monkeypatch.setattr(source, "folder", lambda: tmp_path)
    text = source.assemble.__wrapped__("phi_residual")
    options = (*source.options("phi_residual", "bf16"), *source.added_options("sm_80"))
    place = re.escape(f"kernels/{broken}({where + 2}): error")
    with pytest.raises(KernelCompileError, match=f'{place}.*"missing_name"'):
        library.compile(text, options)


@each
def test_a_wrong_option_is_told(library):
    with pytest.raises(KernelCompileError, match="arch"):
        library.compile(KERNEL, ("-arch=sm_1",))


@each
def test_architectures(library):
    known = library.architectures()
    assert {75, 80, 86, 89, 90} <= set(known)
    assert library.architectures() is known


@each
def test_an_empty_text(library):
    assert library.compile("", VERBOSE).usage == ()


def test_two_versions_side_by_side():
    if len({library.version[0] for library in LIBRARIES}) < 2:
        pytest.skip("needs NVRTC 12 and 13")
    codes = [library.compile(KERNEL, VERBOSE).cubin for library in (*LIBRARIES, *LIBRARIES)]
    assert codes[: len(LIBRARIES)] == codes[len(LIBRARIES) :]  # and deterministic
    for library in LIBRARIES:
        assert nvrtc.find(library.version[0]).version[0] == library.version[0]
        text = (library.include[0] / "cuda.h").read_text()
        assert f"#define CUDA_VERSION {library.version[0]}0" in text


def test_none_found_says_what_to_install(monkeypatch):
    monkeypatch.setattr(nvrtc, "installed", lambda: ())
    with pytest.raises(BackendUnavailableError, match="pip install nvidia-cuda-nvrtc-cu12"):
        nvrtc.find()
    with pytest.raises(BackendUnavailableError, match=r"no NVRTC 13 found.*nvidia-cuda-nvrtc==13"):
        nvrtc.find(13)


def test_files_that_are_no_library_are_passed_over(tmp_path, monkeypatch):
    for root, name in (("cu13", "libnvrtc.so.13"), ("cuda_nvrtc", "libnvrtc.so.12")):
        (tmp_path / "nvidia" / root / "lib").mkdir(parents=True)
        (tmp_path / "nvidia" / root / "lib" / name).write_text("not a library")
    (tmp_path / "nvidia" / "note.txt").write_text("not a folder")
    monkeypatch.syspath_prepend(tmp_path)
    found = nvrtc.installed.__wrapped__()
    assert [x.version for x in found] == [x.version for x in LIBRARIES]


def test_headers_of_another_version_are_not_taken(tmp_path, monkeypatch):
    include = tmp_path / "nvidia" / "cuda_runtime" / "include"
    include.mkdir(parents=True)
    (include / "cuda_fp16.h").write_text("")
    (include / "cuda.h").write_text("#define CUDA_VERSION 11080\n")
    monkeypatch.syspath_prepend(tmp_path)
    library = tmp_path / "nvidia" / "cuda_nvrtc" / "lib" / "libnvrtc.so.12"
    assert include not in nvrtc._headers.__wrapped__(library, 12)
    assert nvrtc._headers.__wrapped__(library, 11) == (include,)


def test_cuda_path_is_searched(tmp_path, monkeypatch):
    (tmp_path / "lib64").mkdir()
    (tmp_path / "lib64" / "libnvrtc.so.12").write_text("")
    (tmp_path / "lib64" / "libnvrtc-builtins.so.12.9").write_text("")
    monkeypatch.setenv("CUDA_PATH", str(tmp_path))
    mine = [path for path in nvrtc._libraries() if tmp_path in path.parents]
    assert mine == [tmp_path / "lib64" / "libnvrtc.so.12"]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("libnvrtc.so.12", True),
        ("libnvrtc.so.13", True),
        ("nvrtc64_120_0.dll", True),
        ("nvrtc64_130_0.dll", True),
        ("libnvrtc.alt.so.12", False),
        ("libnvrtc-builtins.so.12.9", False),
        ("nvrtc-builtins64_129.dll", False),
        ("libnvrtc.so.11.2", False),
    ],
)
def test_names_of_libraries(name, taken):
    assert bool(nvrtc._LIBRARY.fullmatch(name)) is taken

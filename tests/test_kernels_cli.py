"""`syntonic kernels`: the tables, the files, the exit status."""

import pytest

from syntonic.cli import main
from syntonic.flux.cuda import nvrtc, source

needs_nvrtc = pytest.mark.skipif(not nvrtc.installed(), reason="needs NVRTC")
ONE = ["--kernel", "tiny", "--arch", "sm_80"]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with one family of two kernels, quick to compile."""
    (tmp_path / "tiny.cu").write_text(
        'extern "C" __global__ void copy_f32(float *o, const float *a) { *o = *a; }\n'
        'extern "C" __global__ void add_f32(float *o, const float *a) { *o += *a; }\n'
    )
    cached = (source.families, source.assemble, source.symbols)
    monkeypatch.setattr(source, "folder", lambda: tmp_path)
    for function in cached:
        function.cache_clear()
    yield tmp_path / "tiny.cu"
    monkeypatch.undo()
    for function in cached:
        function.cache_clear()


def run(capsys, *arguments):
    status = main(["kernels", *arguments])
    out = capsys.readouterr()
    return status, out.out, out.err


def test_list(capsys):
    status, out, _ = run(capsys, "list")
    assert status == 0
    headings, *rows = out.splitlines()
    assert headings.split() == ["family", "kernel", "dtypes"]
    listed = {f"{row.split()[1]}_{dtype}" for row in rows for dtype in row.split()[2:]}
    known = [source.symbols(family) for family in source.families()]
    assert listed == {name for family in known for names in family.values() for name in names}


@needs_nvrtc
def test_compile_writes_code_and_a_table(tiny, capsys, tmp_path):
    out = tmp_path / "made" / "here"
    status, text, _ = run(capsys, "compile", *ONE, "--dtype", "f32", "--out", str(out))
    assert status == 0
    first, headings, *rows, last = text.splitlines()
    assert first.startswith(f"NVRTC {nvrtc.installed()[0].version[0]}.")
    assert headings.split() == ["kernel", "arch", "registers", "shared", "stack", "spilled"]
    assert sorted(row.split()[0] for row in rows) == ["add_f32", "copy_f32"]
    assert all(row.split()[1] == "sm_80" and int(row.split()[2]) > 0 for row in rows)
    assert last == "1 of 1 compiled"
    assert sorted(path.name for path in out.iterdir()) == [
        "tiny_f32.sm_80.cubin",
        "tiny_f32.sm_80.ptx",
    ]
    assert (out / "tiny_f32.sm_80.cubin").read_bytes().startswith(b"\x7fELF")
    assert ".target sm_80" in (out / "tiny_f32.sm_80.ptx").read_text()


@needs_nvrtc
def test_one_kernel_of_a_family(tiny, capsys):
    status, text, _ = run(capsys, "compile", "--kernel", "copy", "--arch", "sm_80", "sm_90")
    assert status == 0
    assert text.count("copy_f32") == 2
    assert "add_f32" not in text


@needs_nvrtc
def test_a_failure_is_shown_and_the_rest_is_made(tiny, capsys, tmp_path):
    tiny.write_text(
        tiny.read_text() + "#ifdef __CUDA_ARCH__\n#if __CUDA_ARCH__ >= 900\nnonsense;\n"
        "#endif\n#endif\n"
    )
    source.assemble.cache_clear()
    out = tmp_path / "made"
    status, text, _ = run(
        capsys, "compile", "--arch", "sm_80", "sm_90", "--dtype", "f32", "--out", str(out)
    )
    assert status == 1
    assert "tiny_f32.sm_90 did not compile:" in text
    assert f"{tiny.as_posix()}(5): error" in text
    assert text.endswith("1 of 2 compiled\n")
    assert not list(out.glob("*sm_90*"))
    assert len(list(out.iterdir())) == 2


@needs_nvrtc
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--kernel", "gone"], "no kernel or family is called 'gone'; families: tiny"),
        (["--dtype", "f8"], "kernels know the dtypes f64, f32, f16, bf16, got 'f8'"),
        (["--cuda", "99"], "no NVRTC 99 found; run: pip install"),
    ],
)
def test_unusable_arguments(tiny, capsys, arguments, says):
    status, _, err = run(capsys, "compile", *arguments)
    assert status == 2
    assert says in err


def test_no_nvrtc(monkeypatch, capsys):
    monkeypatch.setattr(nvrtc, "installed", lambda: ())
    status, out, err = run(capsys, "compile")
    assert (status, out) == (2, "")
    assert "pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12" in err

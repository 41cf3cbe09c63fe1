"""`syntonic kernels`: the tables, the files, the exit status."""

import pytest

from syntonic.cli import kernels, main
from syntonic.cli.kernels import select
from syntonic.flux.cuda import nvrtc, source
from syntonic.flux.cuda.signatures import signatures

needs_nvrtc = pytest.mark.skipif(not nvrtc.installed(), reason="needs NVRTC")
ONE = ["--kernel", "tiny", "--arch", "sm_80"]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with one family of two kernels, quick to compile."""
    (tmp_path / "tiny.cu").write_text(
        'extern "C" __global__ void copy_f32(float *o, const float *a) { *o = *a; }\n'
        'extern "C" __global__ void add_f32(float *o, const float *a) { *o += *a; }\n'
    )
    cached = (source.families, source.assemble, source.symbols, signatures)
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


def test_list_of_some(capsys):
    arguments = ["--kernel", "phi_residual_relu", "--kernel", "golden_wake_f16", "golden_snap_f32"]
    status, out, _ = run(capsys, "list", *arguments)
    assert status == 0
    assert [row.split() for row in out.splitlines()[1:]] == [
        ["phi_residual", "phi_residual_relu", *source.DTYPES],
        ["golden_lattice", "golden_wake", "f16"],
        ["golden_lattice", "golden_snap", "f32"],
    ]
    status, out, _ = run(capsys, "list", "--dtype", "f32", "--dtype", "f64", "f32")
    rows = [row.split() for row in out.splitlines()[1:]]
    assert ["phi_residual", "phi_residual_mode_phi_vec4", "f32"] in rows
    assert ["phi_residual", "phi_residual_mode_phi_vec2", "f64"] in rows
    assert {tuple(row[2:]) for row in rows} == {("f32",), ("f64",), ("f32", "f64")}


def test_names_add_up_and_an_ending_is_a_dtype():
    assert select(["phi_residual_relu_f64"], None) == {
        ("phi_residual", "f64"): ("phi_residual_relu",)
    }
    assert select(["phi_residual_relu_f64", "phi_residual_gelu", "phi_residual_relu"], ["f64"]) == {
        ("phi_residual", "f64"): ("phi_residual_relu", "phi_residual_gelu")
    }
    assert select(["phi_residual_mode_phi_vec4"], None) == {
        ("phi_residual", "f32"): ("phi_residual_mode_phi_vec4",)
    }
    both = select(["golden_lattice_bf16", "golden_wake_f16"], None)
    assert list(both) == [("golden_lattice", "bf16"), ("golden_lattice", "f16")]
    assert len(both["golden_lattice", "bf16"]) > 1
    assert both["golden_lattice", "f16"] == ("golden_wake",)
    assert list(select(None, None)) == [
        (family, dtype)
        for family in source.families()
        for dtype, names in source.symbols(family).items()
        if names
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--kernel", "phi_residul_relu"],
            "no kernel or family is called 'phi_residul_relu'; did you mean phi_residual_relu?",
        ),
        (["--kernel", "golden_wack_f16"], "did you mean golden_wake_f16?"),
        (["--kernel", "phi_residuals"], "did you mean phi_residual?"),
        (["--kernel", "unheard-of"], "families: golden_batch_norm, "),
        (["--kernel", "golden_wake_f8"], "did you mean golden_wake?"),
        (["--dtype", "f8"], "kernels know the dtypes f64, f32, f16, bf16, got 'f8'"),
        (
            ["--kernel", "golden_wake_f64", "--dtype", "f32"],
            "'golden_wake_f64' is of dtype f64, and --dtype asks for f32 only",
        ),
        (
            ["--kernel", "phi_residual_mode_phi_vec4_f64"],
            "'phi_residual_mode_phi_vec4_f64' is there for f32, not for f64",
        ),
        (
            ["--kernel", "phi_residual_mode_phi_vec4", "--dtype", "f16", "f64"],
            "'phi_residual_mode_phi_vec4' is there for f32, not for f16, f64",
        ),
    ],
)
def test_what_is_not_there_is_named_with_what_is(capsys, arguments, says):
    status, out, err = run(capsys, "list", *arguments)
    assert (status, out) == (2, "")
    assert says in err


def test_show(capsys):
    status, out, _ = run(
        capsys, "show", "phi_residual_relu_f64", "phi_residual_relu", "golden_wake"
    )
    assert status == 0
    relu, wake, how = out.split("\n\n")
    comment, declaration = relu.rsplit("\n", 1)
    assert comment.startswith("out = max(outer * (identity + inner * residual), 0)")
    assert "\nLaunch: grid ceil(n / (512 V)), block 256." in comment
    assert declaration == (
        "void phi_residual_relu_f64(double *out, const double *identity, const double *residual, "
        "double inner, double outer, long long n);"
    )
    assert "const long long *b" in wake
    assert how.startswith("Arrays are C-contiguous")
    assert all(len(line) <= 100 for line in how.splitlines())
    assert run(capsys, "show", "golden_wack")[0] == 2


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
@pytest.mark.parametrize(
    "given",
    [
        ["--arch", "sm_90", "sm_80"],
        ["--arch", "sm_90", "--arch", "sm_80"],
        ["--arch", "sm_90", "sm_80", "--arch", "sm_90", "--arch", "sm_80"],
    ],
)
def test_options_given_several_times_add_up(tiny, capsys, given):
    names = ["--kernel", "copy_f32", "--kernel", "add", "copy"]
    status, text, _ = run(capsys, "compile", *names, *given, "--dtype", "f32", "--dtype", "f32")
    assert status == 0
    _, _, *rows, last = text.splitlines()
    assert [row.split()[1] for row in rows] == ["sm_90", "sm_90", "sm_80", "sm_80"]
    assert {row.split()[0] for row in rows} == {"copy_f32", "add_f32"}
    assert last == "2 of 2 compiled"


@needs_nvrtc
def test_an_architecture_with_an_ending(tiny, capsys):
    status, text, _ = run(capsys, "compile", "--arch", "sm_90a", "--kernel", "copy")
    assert status == 0
    assert "copy_f32  sm_90a" in text


@needs_nvrtc
def test_progress_is_on_the_error_stream_of_a_terminal(tiny, capsys, monkeypatch):
    arguments = ["compile", *ONE, "--arch", "sm_90"]
    quiet = run(capsys, *arguments)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    shown = run(capsys, *arguments)
    assert quiet[:2] == shown[:2]
    assert quiet[2] == ""
    assert "compiling" in shown[2]
    assert "/2 [" in shown[2]


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
    assert f"kernels/{tiny.name}(5): error" in text
    assert text.endswith("1 of 2 compiled\n")
    assert not list(out.glob("*sm_90*"))
    assert len(list(out.iterdir())) == 2


def test_where_the_code_goes_is_looked_at_first(tmp_path):
    jobs = [kernels.Job("tiny", "f32", "sm_90")]
    kernels._prepare(tmp_path / "new" / "folder", jobs)
    kernels._prepare(tmp_path / "new" / "folder", jobs)
    assert [*(tmp_path / "new" / "folder").iterdir()] == []
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="must be a folder, got a file"):
        kernels._prepare(tmp_path / "file", jobs)
    (tmp_path / "tiny_f32.sm_90.cubin").mkdir()
    with pytest.raises(IsADirectoryError, match=r"sm_90\.cubin"):
        kernels._prepare(tmp_path, jobs)


@needs_nvrtc
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--kernel", "gone"], "no kernel or family is called 'gone'; families: tiny"),
        (["--dtype", "f8"], "kernels know the dtypes f64, f32, f16, bf16, got 'f8'"),
        (["--cuda", "99"], "no NVRTC 99 found; run: pip install"),
        (["--arch", "sm_80", "--arch", "sm_42"], "compiles for no architecture 'sm_42', but for "),
        (["--arch", "90"], "compiles for no architecture '90', but for "),
        (["--arch", "compute_90"], "compiles for no architecture 'compute_90', but for "),
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

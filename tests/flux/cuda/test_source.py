"""The assembled text: headers once, true file and line, new text for an edited header."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from syntonic.flux.cuda import source

CACHES = (source.folder, source.families, source.assemble, source.symbols)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of sources of our own, in the layout of a checkout."""
    (tmp_path / "kernels").mkdir()
    monkeypatch.setattr(source, "__file__", str(tmp_path / "syntonic/flux/cuda/source.py"))
    clear()
    yield tmp_path / "kernels"
    clear()


def clear():
    for cached in CACHES:
        cached.cache_clear()


def write(folder, **texts):
    for name, text in texts.items():
        folder.joinpath(name.replace("_", ".")).write_text(text)
    clear()


def positions(text):
    """The (file, line) that a compiler gives each line of the text, and the line."""
    file, number, out = "", 0, {}
    for line in text.splitlines():
        mark = re.fullmatch(r'#line (\d+) "(.*)"', line)
        if mark:
            file, number = mark[2], int(mark[1])
        else:
            out.setdefault((file, number), []).append(line)
            number += 1
    return out


@pytest.mark.parametrize("family", source.families())
def test_every_line_stands_at_its_file_and_line(family):
    for (file, number), lines in positions(source.assemble(family)).items():
        folder, _, name = file.partition("/")
        assert folder == "kernels"
        original = (source.folder() / name).read_text().splitlines()[number - 1]
        assert lines in ([original], [""])
        if lines == [""] and original:
            assert original.startswith('#include "')


@pytest.mark.parametrize("family", source.families())
def test_every_header_is_there_exactly_once(family):
    text = source.assemble(family)
    starts = re.findall(r'^#line 1 "(.*)"$', text, re.MULTILINE)
    assert len(starts) == len(set(starts))
    assert starts[0].endswith(f"/{family}.cu")
    assert '#include "' not in text
    assert "#define SRT_PHI " in text


def test_a_header_of_a_header_and_a_diamond(place):
    write(
        place,
        f_cu='int f0;\n#include "a.h"\n#include "b.h"\nint f3;\n',
        a_h='#include "c.h"\nint a1;\n',
        b_h='int b0;\n#include "c.h"\nint b2;\n',
        c_h="int c0;",
    )
    found = positions(source.assemble("f"))
    where = {(file.rsplit("/", 1)[-1], n): lines for (file, n), lines in found.items()}
    assert where == {
        ("f.cu", 1): ["int f0;"],
        ("a.h", 2): ["int a1;"],
        ("b.h", 1): ["int b0;"],
        ("b.h", 2): [""],  # what is already there leaves its line empty
        ("b.h", 3): ["int b2;"],
        ("c.h", 1): ["int c0;"],
        ("f.cu", 4): ["int f3;"],
    }


def test_an_edited_header_changes_the_text(place):
    write(place, f_cu='#include "a.h"\n', a_h="int a;\n")
    before = source.assemble("f")
    write(place, a_h="int b;\n")
    assert source.assemble("f") != before


def test_a_system_header_stays_an_include(place):
    write(place, f_cu="#include <cuda_fp16.h>\n")
    assert "#include <cuda_fp16.h>\n" in source.assemble("f")


def test_a_missing_header_names_the_file(place):
    write(place, f_cu='#include "gone.h"\n')
    with pytest.raises(FileNotFoundError, match=r"gone\.h"):
        source.assemble("f")


def test_a_wheel_has_its_kernels_inside_the_package(place):
    assert source.folder() == place
    inside = place.parent / "syntonic" / "_kernels"
    inside.mkdir(parents=True)
    write(inside, f_cu="", g_cu="")
    assert source.folder() == inside
    assert source.families() == ("f", "g")


def test_symbols_of_every_form(place):
    write(
        place,
        f_cu="""
extern "C" __global__ void SRT_KERNEL(plain)(int n) {}
extern "C" __global__ void __launch_bounds__(256) SRT_KERNEL(bounded)(int n) {}
extern "C" __global__ void __launch_bounds__(WIDTH(8), 2)
    SRT_KERNEL(broken)(int n) {}
#if SRT_DTYPE == SRT_F32
extern "C" __global__ void only_f32(int n) {}
#endif
static __device__ void SRT_KERNEL(helper)(int n) {}
// extern "C" __global__ void SRT_KERNEL(commented)(int n) {}
""",
    )
    found = source.symbols("f")
    assert found["f32"] == ("plain_f32", "bounded_f32", "broken_f32", "only_f32")
    assert found["bf16"] == ("plain_bf16", "bounded_bf16", "broken_bf16")


@pytest.mark.parametrize("family", source.families())
def test_no_symbol_stands_twice(family):
    for dtype, names in source.symbols(family).items():
        assert len(names) == len(set(names))
        assert names or (family == "golden_exact" and dtype != "f64")


@pytest.mark.parametrize("family", source.families())
def test_the_text_is_ascii_and_the_same_wherever_it_lies(family, tmp_path, monkeypatch):
    text = source.assemble(family)
    assert text.isascii()
    shutil.copytree(source.folder(), tmp_path / "elsewhere" / "kernels")
    monkeypatch.setattr(
        source, "__file__", str(tmp_path / "elsewhere/syntonic/flux/cuda/source.py")
    )
    clear()
    assert source.folder() == tmp_path / "elsewhere" / "kernels"
    assert source.assemble(family) == text
    monkeypatch.undo()
    clear()


def test_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtypes = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
    assert tuple(source.suffix(np.dtype(d)) for d in dtypes) == source.DTYPES
    assert [source.acc_dtype(np.dtype(d)).name for d in dtypes] == ["float64"] + 3 * ["float32"]


def test_only_the_lattice_must_not_contract():
    assert "-fmad=false" in source.options("golden_lattice", "f64")
    assert "-fmad=false" not in source.options("phi_residual", "f64")
    assert "-DSRT_DTYPE=SRT_BF16" in source.options("phi_residual", "bf16")


def test_imports_without_numpy():
    script = (
        "import sys; sys.modules['numpy'] = None\n"
        "from syntonic.flux.cuda import nvrtc, source\n"
        "print(source.families())"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "phi_residual" in out.stdout

"""Compiled families on disk: what the key is made of, and what is written."""

import shutil

import pytest

from syntonic.errors import BackendUnavailableError, KernelCompileError
from syntonic.flux.cuda import modules, nvrtc, source

FAMILY = "golden_lattice"


class Library:
    """An NVRTC that counts its compilations."""

    version = (13, 0)

    def __init__(self, build="V13.0.88", include=()):
        self.build, self.include, self.compiled = build, include, 0

    def architectures(self):
        return 75, 90, 120

    def compile(self, text, options, name):
        self.compiled += 1
        return nvrtc.Compiled(b"ptx", b"cubin" if "sm_" in str(options) else b"", "")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "cache"))
    modules._headers.cache_clear()
    return tmp_path / "cache"


def headers(folder, text="half"):
    folder.mkdir(parents=True)
    for name in modules._HEADERS:
        (folder / name).write_text(text)
    return folder


def name_of(library, dtype="bf16", architecture="sm_90"):
    modules._headers.cache_clear()
    return modules.binary(FAMILY, dtype, architecture, library).name


def test_a_family_is_compiled_once(cache):
    library = Library()
    path = modules.binary(FAMILY, "f32", "sm_90", library)
    assert path.read_bytes() == b"cubin"
    assert path.parent == cache
    assert path.name.startswith("syntonic_golden_lattice_f32_sm_90_")
    assert modules.binary(FAMILY, "f32", "sm_90", library) == path
    assert library.compiled == 1
    assert list(cache.iterdir()) == [path]  # nothing is left of the writing


def test_the_key_knows_no_path(tmp_path, monkeypatch):
    """Another checkout and another environment, with the same contents, find the same file."""
    first = name_of(Library(include=(headers(tmp_path / "here" / "include"),)))
    shutil.copytree(source.folder(), tmp_path / "there" / "kernels")
    monkeypatch.setattr(source, "__file__", str(tmp_path / "there/syntonic/flux/cuda/source.py"))
    for cached in (source.folder, source.assemble):
        cached.cache_clear()
    again = Library(include=(headers(tmp_path / "there" / "include"),))
    assert name_of(again) == first
    assert again.compiled == 0
    monkeypatch.undo()
    for cached in (source.folder, source.assemble):
        cached.cache_clear()


@pytest.mark.campaign
@pytest.mark.parametrize("major", [12, 13])
def test_the_key_knows_no_path_of_a_real_compiler(major, tmp_path, monkeypatch):
    """Its headers copied elsewhere make another environment."""
    try:
        library = nvrtc.find(major)
    except BackendUnavailableError as error:
        pytest.skip(str(error))
    if not library.include:
        pytest.skip("no CUDA headers")
    first = modules.binary(FAMILY, "f16", "sm_90", library)
    shutil.copytree(library.include[0], tmp_path / "include")
    moved = Library(library.build, (tmp_path / "include",))
    modules._headers.cache_clear()
    assert modules.binary(FAMILY, "f16", "sm_90", moved) == first
    assert moved.compiled == 0


def test_all_else_is_in_the_key(tmp_path):
    one = headers(tmp_path / "one")
    other = headers(tmp_path / "other", "another half")
    names = [
        name_of(Library(include=(one,))),
        name_of(Library(include=(other,))),
        name_of(Library("V13.0.48", include=(one,))),
        name_of(Library(include=(one,)), "f16"),
        name_of(Library(include=(one,)), architecture="sm_75"),
    ]
    assert len(set(names)) == len(names)
    keys = {name.rpartition("_")[2] for name in names}
    assert len(keys) == len(names)
    # Floats include no header of CUDA's.
    assert name_of(Library(include=(one,)), "f32") == name_of(Library(include=(other,)), "f32")


def test_an_edited_kernel_is_compiled_anew(tmp_path, monkeypatch):
    first = name_of(Library())
    text = source.assemble(FAMILY)
    monkeypatch.setattr(source, "assemble", lambda family: text.replace("0.0", "1.0", 1))
    assert name_of(Library()) != first


def test_nothing_is_written_of_what_does_not_compile(cache):
    library = Library()
    library.compile = lambda *_: (_ for _ in ()).throw(KernelCompileError("no"))
    with pytest.raises(KernelCompileError):
        modules.binary(FAMILY, "f32", "sm_90", library)
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_serves_this_process(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "file"))
    library = Library()
    path = modules.binary(FAMILY, "f32", "sm_90", library)
    assert path.read_bytes() == b"cubin"
    assert tmp_path / "file" not in path.parents
    assert (tmp_path / "file").read_text() == ""


def test_a_failed_write_leaves_nothing(cache, monkeypatch):
    monkeypatch.setattr(modules.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        modules._written(cache / "x.bin", b"cubin")
    assert list(cache.iterdir()) == []


def test_devices_and_architectures():
    library = Library()
    assert modules.architecture_for(90, library) == "sm_90"
    assert modules.architecture_for(103, library) == "compute_90"  # PTX runs on what comes later
    assert modules.architecture_for(121, library) == "compute_120"
    with pytest.raises(
        BackendUnavailableError, match=r"compute capability 7\.5 and newer, not for 7"
    ):
        modules.architecture_for(70, library)


def test_a_newer_device_gets_ptx():
    assert modules.binary(FAMILY, "f32", "compute_120", Library()).read_bytes() == b"ptx"


def test_the_cache_is_where_cupy_has_it(monkeypatch, tmp_path):
    monkeypatch.delenv("CUPY_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert modules.cache_folder() == tmp_path / ".cupy" / "kernel_cache"


@pytest.mark.campaign
@pytest.mark.parametrize("where", ["C", "en_US.ISO-8859-1"])
def test_compiles_in_every_locale(where, tmp_path):
    """No encoding is asked of the locale: the text is ASCII."""
    import os
    import subprocess
    import sys

    try:
        nvrtc.find()
    except BackendUnavailableError as error:
        pytest.skip(str(error))
    command = "kernels warm --arch sm_90 --kernel golden_wake_f32 phi_residual_f32".split()
    environment = {**os.environ, "LC_ALL": where, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment["CUPY_CACHE_DIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "syntonic", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 of 2 modules" in done.stdout
    assert len(list(tmp_path.glob("syntonic_*.bin"))) == 2

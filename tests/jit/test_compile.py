"""Compiled code on disk: found again, and not after a change in any source of compiled code."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import Any

import pytest

from syntonic.jit import compile

SOURCE = """
from syntonic.jit.compile import njit

@njit
def f(x):
    return x + {number}
"""


def _load(folder: Path, number: int) -> Any:
    path, text = folder / "loops.py", SOURCE.format(number=number)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    spec = util.spec_from_file_location("loops", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def _hits(function: Any) -> int:
    function(1)
    return sum(function.stats.cache_hits.values())


def test_the_cache_is_void_when_a_source_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _hits(_load(tmp_path, 1)) == 0
    assert _hits(_load(tmp_path, 1)) == 1
    monkeypatch.setattr(compile, "_STAMP", "another version of the package")
    assert _hits(_load(tmp_path, 1)) == 0
    changed = _load(tmp_path, 20)
    assert _hits(changed) == 0
    assert changed(1) == 21


def test_code_of_another_signature_is_not_taken(tmp_path: Path) -> None:
    """Two processes at one time may leave the index of one and the code of the other."""
    both = _load(tmp_path, 1)
    assert (both(1), both(1.5)) == (2, 2.5)
    first, second = sorted(tmp_path.rglob("*.nbc"))
    code = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(code)
    again = _load(tmp_path, 1)
    assert (again(1.5), again(1)) == (2.5, 2)


def test_code_of_sources_changed_since_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    function = _load(tmp_path, 1)
    with monkeypatch.context() as patch:
        patch.setattr(compile, "_source_stamp", lambda: "edited meanwhile")
        assert function(1) == 2
    assert _hits(_load(tmp_path, 1)) == 0


def test_without_sources_nothing_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a zip file: there would be no telling whether they have changed."""
    monkeypatch.setattr(compile, "__file__", str(tmp_path / "jit" / "compile.py"))
    assert compile._source_stamp() == ""
    monkeypatch.setattr(compile, "_STAMP", "")
    assert _load(tmp_path, 1)(1) == 2
    assert not list(tmp_path.rglob("*.nb?"))


def test_the_stamp_sees_every_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = ("lattice/linalg", "rounding", "jit", "exact", "flux/cpu")
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(compile, "__file__", str(tmp_path / "jit" / "compile.py"))
    stamps = {compile._source_stamp()}
    for name in ("constants.py", *(f"{folder}/some.py" for folder in folders)):
        (tmp_path / name).write_text("x = 1")
        stamps.add(compile._source_stamp())
    assert len(stamps) == 2 + len(folders)


def test_every_file_of_loops_is_stamped() -> None:
    """Where one is not, code that was compiled before it changed would run."""
    package = Path(compile.__file__).parents[1]
    stamped = {file for name in compile._SOURCES for file in package.glob(name)}
    using = [f for f in package.rglob("*.py") if "syntonic.jit.compile import" in f.read_text()]
    doctor = package / "doctor"  # asks where the cache is
    assert len(using) > 10
    assert [f for f in using if doctor not in f.parents and f not in stamped] == []


def test_compiled_code_without_a_folder_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(self: Any, function: Any) -> None:
        raise RuntimeError("no locator available")

    monkeypatch.setattr(compile.caching.FunctionCache, "__init__", refuse)
    assert _load(tmp_path, 1)(1) == 2


DAMAGES = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "noise": lambda data: bytes(byte ^ 0x55 for byte in data),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_damaged_cache_is_compiled_again_and_heals(
    tmp_path: Path, damage: str, ending: str
) -> None:
    assert _hits(_load(tmp_path, 3)) == 0
    assert _hits(_load(tmp_path, 3)) == 1
    (file,) = (tmp_path / "__pycache__").glob(f"*.{ending}")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    again = _load(tmp_path, 3)
    assert again(4) == 7
    assert _hits(again) == 0
    assert _hits(_load(tmp_path, 3)) == 1


def test_a_cache_that_cannot_be_written_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compile.caching.IndexDataCacheFile, "save", full)
    assert _load(tmp_path, 3)(4) == 7

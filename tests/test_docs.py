"""What the pages print is what comes: sessions of Python, scripts and commands of the terminal.

A block of Python with `>>>` is a session, compared line by line; one without is a script, whose
test functions are called. In a `console` block the lines after `$ syntonic ...` are what it prints.
Notebooks are run where the site is built.
"""

import doctest
import os
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
from cuda_host.devices import device_for

import syntonic
from syntonic.cli import main

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))]
NEEDS = {
    "howto/pytorch.md": ("torch",),
    "howto/gpu.md": ("cupy",),
    "large_data.md": ("dask.array", "zarr"),
}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
OTHERS = ("pip ", "python ", "pytest", "cd ")  # commands that are for the reader to run


def name_of(page):
    return "README.md" if page.parent == ROOT else page.relative_to(DOCS).as_posix()


def parameters():
    for page in PAGES:
        marks = [pytest.mark.gpu] if "cupy" in NEEDS.get(name_of(page), ()) else []
        yield pytest.param(page, id=name_of(page), marks=marks)


every_page = pytest.mark.parametrize("page", [*parameters()])


@pytest.fixture
def folder(page, tmp_path, monkeypatch):
    """A folder to write to, with the examples in it."""
    for package in NEEDS.get(name_of(page), ()):
        if package == "cupy":
            device_for("cuda")  # or skips
        else:
            pytest.importorskip(package, reason=f"needs {package}")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)


def blocks(page, language):
    return re.findall(rf"(?ms)^ *```{language}\n(.*?)^ *```", page.read_text("utf-8"))


@every_page
@pytest.mark.usefixtures("folder")
def test_examples(page):
    failed, attempted = doctest.testfile(str(page), module_relative=False, optionflags=OPTIONS)
    assert failed == 0
    assert attempted == page.read_text("utf-8").count(">>> ")
    if page.name == "README.md":
        assert attempted > 10


@every_page
@pytest.mark.usefixtures("folder")
def test_scripts(page):
    for script in blocks(page, "python"):
        if ">>> " not in script and name_of(page) != "interchange.md":  # see test_docs_tables
            names = {}
            exec(compile(script, name_of(page), "exec"), names)
            for test in [names[name] for name in names if name.startswith("test_")]:
                test()


@every_page
@pytest.mark.usefixtures("folder")
def test_commands(page, capsys):
    for block in blocks(page, "console"):
        for line, printed in re.findall(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n)*)", block):
            if line.startswith(OTHERS):
                assert not printed, f"{line}: nobody compares what it prints"
                continue
            program, *arguments = shlex.split(line)
            assert program == "syntonic", line
            main(arguments)
            came = "".join(capsys.readouterr())
            assert doctest.OutputChecker().check_output(printed, came, OPTIONS), f"{line}\n{came}"


# -- the reference ---------------------------------------------------------------------------------
DIRECTIVE = re.compile(r"(?m)^\.\. (?:py:)?(auto\w+|data):: (syntonic[\w.]*)$")
MODULES = (
    "dask", "geometry", "geometry.anyons", "integers", "interop", "interop.arrow", "interop.einops",
    "interop.flint", "interop.hdf5", "interop.json", "interop.pari", "interop.polars",
    "interop.sympy", "io", "jax", "kernels", "linalg", "ops", "plotting", "polynomials", "recovery",
    "testing", "torch", "xp", "xp.fft", "xp.linalg",
)  # fmt: skip
NEEDED = {"syntonic.dask": "dask", "syntonic.jax": "jax", "syntonic.torch": "torch"}
"""Modules that cannot be imported where a package is missing."""


def shown():
    """The names that the reference shows one by one, and the modules that it shows whole."""
    text = "".join(page.read_text("utf-8") for page in DOCS.glob("reference/*.md"))
    found = DIRECTIVE.findall(text)
    whole = {name for kind, name in found if kind == "automodule"}
    return {name for kind, name in found if kind != "automodule"}, whole


def test_reference_has_every_module():
    assert shown()[1] == {f"syntonic.{name}" for name in MODULES}


def test_reference_has_every_name_of_the_package():
    names, whole = shown()
    here = [module for module in whole if module not in NEEDED or find_spec(NEEDED[module])]
    modules = [__import__(name, fromlist=["_"]) for name in here]
    for name in syntonic.__all__:
        member = getattr(syntonic, name)
        elsewhere = any(getattr(m, name, None) is member for m in modules if name in m.__all__)
        assert f"syntonic.{name}" in names | whole or elsewhere, name


def test_reference_names_nothing_else():
    for name in shown()[0]:
        assert name.removeprefix("syntonic.") in syntonic.__all__


def test_every_page_is_in_a_table_of_contents():
    listed = set()
    for page in DOCS.glob("**/*.md"):
        for tree in re.findall(r"(?ms)^```{toctree}\n(.*?)^```", page.read_text("utf-8")):
            for entry in re.findall(r"(?m)^[^:\n]+$", tree):
                pattern = os.path.relpath(page.parent / f"{entry}.md", DOCS)
                listed |= set(DOCS.glob(pattern))
    assert set(DOCS.glob("**/*.md")) - listed == {DOCS / "index.md"}

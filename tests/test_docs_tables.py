"""The tables of the pages name what there is, and blocks that need other packages run."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from test_public_names import signature

ROOT = Path(__file__).parent.parent


def page_of(name):
    """The text of a page of the repository; of an sdist, which has none, nothing."""
    path = ROOT / "docs" / name
    return path.read_text("utf-8") if path.exists() else ""


BLOCKS = re.findall(r"^```python\n(.*?)^```$", page_of("interchange.md"), re.M | re.S)


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_that_need_other_packages(block):
    package = re.search(r"^import (pyarrow|h5py|polars|pandas|matplotlib)$", block, re.M)[1]
    pytest.importorskip(package, reason=f"needs {package}: it is in the extra interchange")
    from syntonic import PHI, GoldenExact, ResonantTensor

    t = ResonantTensor([[1, PHI / 2], [2**60, -3]])
    exec(block, {"PHI": PHI, "GoldenExact": GoldenExact, "ResonantTensor": ResonantTensor, "t": t})


def calls(page, heading=None):
    """The calls in the first column of a page's tables, below a heading with a module's name."""
    text = page_of(page) or pytest.skip("needs the pages of the repository")
    if heading:
        text = re.search(rf"^## [^\n]*`{heading}`\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    rows = re.findall(r"^\| (`[^|]+`) \|", text, re.M)
    return [call for row in rows for call in re.findall(r"`([\w.]+)(\([^`]*\))`", row)]


MODULES = ("syntonic.integers", "syntonic.polynomials", "syntonic.linalg", "syntonic.testing")


@pytest.mark.parametrize("module", MODULES)
def test_signatures_of_the_page_of_number_theory(module):
    found = calls("number_theory.md", module)
    there = importlib.import_module(module)
    for name, listed in found:
        assert listed == signature(getattr(there, name)), name
    if module in MODULES[:2]:
        assert {name for name, _ in found} == set(there.__all__)


def test_signatures_of_the_page_of_interchange():
    found = calls("interchange.md")
    for path, listed in found:
        module, name = f"syntonic.{path}".rsplit(".", 1)
        assert listed == signature(getattr(importlib.import_module(module), name)), path
    named = {path for path, _ in found}
    for format_ in ("arrow", "flint", "hdf5", "json", "pari", "polars"):
        there = importlib.import_module(f"syntonic.interop.{format_}")
        public = {n for n in there.__all__ if inspect.isfunction(getattr(there, n))}
        assert {f"interop.{format_}.{n}" for n in public} <= named

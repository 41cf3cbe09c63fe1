"""The facade: names, import cost in modules, version."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import syntonic

HEAVY = ("cupy", "torch", "sympy", "numba", "flint", "hypothesis", "matplotlib", "dask")


def test_import_brings_no_heavy_module():
    script = f"import syntonic, sys; print([m for m in {HEAVY} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def modules():
    return [
        m.name
        for m in pkgutil.walk_packages(syntonic.__path__, "syntonic.")
        if "__main__" not in m.name
    ]


@pytest.mark.parametrize("name", ["syntonic", *modules()])
def test_all_is_complete_and_true(name):
    module = importlib.import_module(name)
    if not hasattr(module, "__all__"):
        assert name.rsplit(".", 1)[-1] in ("exact", "lattice", "exact_functions")
        return
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        assert hasattr(module, public), public


def test_public_names_have_docstrings():
    for name in syntonic.__all__:
        thing = getattr(syntonic, name)
        assert thing.__doc__, name
        if isinstance(thing, type):
            for method in (m for m in vars(thing) if not m.startswith("_")):
                assert getattr(thing, method).__doc__, f"{name}.{method}"


def test_version():
    assert syntonic.__version__

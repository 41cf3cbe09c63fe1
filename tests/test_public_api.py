"""The facade: names, import cost in modules, version."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

import syntonic

HEAVY = ("cupy", "torch", "sympy", "numba", "flint", "hypothesis", "matplotlib", "dask", "jax")


def test_import_brings_no_heavy_module():
    script = f"import syntonic, sys; print([m for m in {HEAVY} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


WITHOUT_NAMES = set(
    "exact jit rounding lattice lattice.linalg device flux flux.cpu flux.cuda".split()
)
ABSENT = tuple(f"syntonic.{name}" for name in ("torch", "jax", "dask") if find_spec(name) is None)


def modules():
    """The modules that can be imported here; those of CUDA's views need CuPy."""
    return [
        m.name
        for m in pkgutil.walk_packages(syntonic.__path__, "syntonic.", onerror=lambda name: None)
        if "__main__" not in m.name and not m.name.startswith(ABSENT)
    ]


@pytest.mark.parametrize("name", ["syntonic", *modules()])
def test_all_is_complete_and_true(name):
    module = importlib.import_module(name)
    if not hasattr(module, "__all__"):
        assert name.removeprefix("syntonic.") in WITHOUT_NAMES
        return
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        assert hasattr(module, public), public


# -- names between files -----------------------------------------------------------------------
ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("syntonic", "tests", "benchmarks", "examples")
PUBLIC = {"syntonic", *(f"syntonic.{name}" for name in (
    "dask", "geometry", "geometry.anyons", "integers", "interop", "interop.arrow",
    "interop.einops", "interop.flint", "interop.hdf5", "interop.json", "interop.pari",
    "interop.polars", "interop.sympy", "io", "jax", "kernels", "linalg", "ops", "plotting",
    "polynomials", "recovery", "testing", "torch", "xp", "xp.fft", "xp.linalg",
))}  # fmt: skip
# A submodule hides what its package exports under the same name, or is hidden by it.
SAME_NAME = {
    "syntonic": {"integers", "kernels", "linalg"},  # the modules themselves are exported
    "syntonic.geometry": {"anyons"},
    "syntonic.recovery": {"recover"},
}


@cache
def texts():
    """Every file of Python and header of CUDA here: its module, or its path, and its text."""
    files = [*ROOT.glob("kernels/*.cuh")]
    files += [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    return {
        ".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): f.read_text(
            encoding="utf-8"
        )
        for f in files
    }


@cache
def imported():
    """The names that the package's files take from each module of it, and who takes them."""
    known, out = {*modules(), "syntonic"}, defaultdict(dict)
    for name, text in texts().items():
        if name not in known:
            continue
        tree, aliases = ast.parse(text), {}
        for node in ast.walk(tree):
            for each in node.names if isinstance(node, ast.ImportFrom) else ():
                if f"{node.module}.{each.name}" in known:
                    aliases[each.asname or each.name] = f"{node.module}.{each.name}"
                elif node.module in known:
                    out[node.module].setdefault(each.name, name)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                out[aliases.get(node.value.id)].setdefault(node.attr, name)
    return out


@pytest.mark.parametrize("name", sorted({*modules()} - PUBLIC))
def test_what_other_files_take_is_listed(name):
    module = importlib.import_module(name)
    if not hasattr(module, "__all__"):
        return
    taken = {taken: by for taken, by in imported()[name].items() if hasattr(module, taken)}
    assert {taken: by for taken, by in taken.items() if taken not in module.__all__} == {}


@cache
def files_with():
    """In how many files each word stands."""
    return Counter(word for text in texts().values() for word in set(re.findall(r"\w+", text)))


@pytest.mark.parametrize("name", sorted({*modules()} - PUBLIC))
def test_what_is_listed_is_used_by_other_files(name):
    listed = getattr(importlib.import_module(name), "__all__", [])
    assert [each for each in listed if files_with()[each] < 2] == []


@pytest.mark.parametrize("name", ["syntonic", *modules()])
def test_no_submodule_has_the_name_of_an_export(name):
    package = importlib.import_module(name)
    inside = {m.name for m in pkgutil.iter_modules(getattr(package, "__path__", []))}
    assert inside & set(getattr(package, "__all__", ())) <= SAME_NAME.get(name, set())


def members(cls):
    """The public methods and properties that syntonic itself defines on a class."""
    for base in cls.__mro__:
        fields = getattr(base, "__dataclass_fields__", {})  # documented in the class
        if base.__module__.startswith("syntonic"):
            for name, member in vars(base).items():
                if not (name.startswith("_") or name in fields):
                    yield f"{cls.__name__}.{name}", member


def test_public_names_have_docstrings():
    things = {name: getattr(syntonic, name) for name in syntonic.__all__}
    for cls in [x for x in things.values() if isinstance(x, type)]:
        things |= dict(members(cls))
    assert [name for name, thing in things.items() if not thing.__doc__] == []


def test_version():
    assert syntonic.__version__


SUBMODULES = tuple(
    "geometry integers interop io kernels linalg ops plotting polynomials recovery "
    "testing xp".split()
)


def in_a_fresh_process(script, cwd=None):
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_submodules_resolve_on_first_use():
    script = (
        f"import syntonic\nfor name in {SUBMODULES}:\n"
        "    assert name in dir(syntonic), name\n"
        "    assert getattr(syntonic, name).__name__ == f'syntonic.{name}'"
    )
    out = in_a_fresh_process(script)
    assert out.returncode == 0, out.stderr


def test_dir_is_what_users_may_name_whatever_was_imported():
    script = (
        "import syntonic\nbefore = dir(syntonic)\nimport syntonic.doctor, syntonic.cli\n"
        "syntonic.ResonantTensor([1]), syntonic.linalg, syntonic.geometry\n"
        "assert dir(syntonic) == before\n"
        f"named = {{*syntonic.__all__, *{SUBMODULES}}}\n"
        "assert {name for name in before if not name.startswith('__')} == named"
    )
    out = in_a_fresh_process(script)
    assert out.returncode == 0, out.stderr


def test_help_begins_with_what_is_there():
    """The rest, in alphabetical order, is for who looks further."""
    text = syntonic.__doc__
    assert len(text.splitlines()) <= 24
    assert all(f"`{name}`" in text for name in {*SUBMODULES, "torch"} - {"recovery"})


def test_a_users_file_named_as_a_standard_module_gives_no_module_for_a_name(tmp_path):
    """Imported in a circle, a name is missing; it is not the module that will have it."""
    (tmp_path / "decimal.py").write_text("from syntonic import PHI\nkind = type(PHI).__name__\n")
    out = in_a_fresh_process("import decimal; print(decimal.kind)", cwd=tmp_path)
    assert "GoldenExact" in out.stdout or "ImportError" in out.stderr
    assert "module" not in out.stdout


def test_nothing_imports_torch_unasked():
    """Not even who looks at all names, or takes them: they may have a torch of their own."""
    script = (
        "import inspect, sys, syntonic\ninspect.getmembers(syntonic)\nfrom syntonic import *\n"
        "assert 'torch' not in sys.modules and 'torch' not in dir(syntonic)\n"
        "assert 'torch' not in globals()"
    )
    out = in_a_fresh_process(script)
    assert out.returncode == 0, out.stderr


@pytest.mark.parametrize("name", ["dask", "distributed", "zarr"])
def test_nothing_imports_dask_unasked(name):
    script = (
        "import inspect, sys, syntonic\ninspect.getmembers(syntonic)\nimport syntonic.io\n"
        f"assert {name!r} not in sys.modules and 'dask' not in dir(syntonic)"
    )
    out = in_a_fresh_process(script)
    assert out.returncode == 0, out.stderr


def test_without_dask_the_error_names_the_extra():
    script = (
        "import sys\nsys.modules['dask'] = None\nimport syntonic\n"
        "try:\n    syntonic.dask\n"
        "except syntonic.BackendUnavailableError as error:\n    print(error)"
    )
    out = in_a_fresh_process(script)
    assert "pip install dask" in out.stdout, out.stderr


def test_torch_is_reached_by_name():
    pytest.importorskip("torch", reason="needs PyTorch: pip install torch")
    script = (
        "import syntonic, sys\nassert syntonic.torch.__name__ == 'syntonic.torch'\n"
        "assert 'torch' in sys.modules and 'torch' not in dir(syntonic)"
    )
    out = in_a_fresh_process(script)
    assert out.returncode == 0, out.stderr


def test_torchs_layers_need_no_exact_arithmetic():
    """A machine with a GPU may have PyTorch and CuPy, and little else."""
    pytest.importorskip("torch", reason="needs PyTorch: pip install torch")
    script = (
        "import sys\nfor name in ('gmpy2', 'flint', 'numba', 'sympy'):\n"
        "    sys.modules[name] = None\n"
        "import syntonic.torch as st\nst.GoldenLayerNorm(3), st.SyntonicSoftmax(num_features=3)\n"
        "st.goldenize(st.GoldenBatchNorm1d(3)), st.PhiResidual('phi', 'layernorm', 3)"
    )
    out = in_a_fresh_process(script)
    assert out.returncode == 0, out.stderr


def test_without_torch_the_error_names_the_package():
    script = (
        "import sys\nsys.modules['torch'] = None\nimport syntonic\n"
        "try:\n    syntonic.torch\n"
        "except syntonic.BackendUnavailableError as error:\n    print(error)"
    )
    out = in_a_fresh_process(script)
    assert "pip install torch" in out.stdout, out.stderr

"""What CuPy offers under NumPy's names, and the arguments it takes: a table, and its script.

CuPy imports without a GPU, but only where its wheel is; the stand-in works from the table, and a
test compares the two where CuPy is installed. To write the table anew::

    PYTHONPATH=tests python -m cuda_host.cupy_signatures

Each entry is the text between the parentheses of a `def`, every default replaced by None.
"""

from __future__ import annotations

import inspect
import json
import re
from functools import cache, reduce
from pathlib import Path
from typing import Any

import numpy as np

from syntonic.tensor import creation, functions, questions, ufuncs

__all__ = ["TABLE", "from_cupy", "signature"]

_PATH = Path(__file__).with_suffix(".json")
_UFUNC_OPTIONS = "out=None, *, casting=None, dtype=None"

TABLE: dict[str, Any] = json.loads(_PATH.read_text()) if _PATH.exists() else {}
"""version; functions, ufuncs, methods and ufunc_methods by name; attributes, a list."""


@cache
def signature(text: str) -> inspect.Signature:
    """Return the signature that an entry of the table stands for."""
    return inspect.signature(eval(f"lambda {text}: None"))


def from_cupy(cupy: Any) -> dict[str, Any]:
    """Return the table of an installed CuPy."""
    tables = (functions.MOVES, functions.EXACT, functions.BY_OBJECTS, functions.REFUSED)
    names = sorted(set().union(*tables, questions.ANSWERS, creation.EXACT))
    array = cupy.ndarray
    public = [name for name in dir(array) if not name.startswith("_")]
    methods = [name for name in public if callable(getattr(array, name))]
    return {
        "version": cupy.__version__,
        "functions": _texts({name: _found(cupy, name) for name in names}),
        "ufuncs": _texts(
            {name: _found(cupy, name) for name in sorted({*ufuncs.EXACT, *ufuncs.REFUSED})}
        ),
        "methods": {name: _text(getattr(array, name)) for name in methods},
        "attributes": sorted(set(public) - set(methods)),
        "ufunc_methods": {
            name: _text(getattr(type(cupy.add), name))
            for name in ("accumulate", "at", "outer", "reduce", "reduceat")
        },
    }


def _found(cupy: Any, name: str) -> Any:
    """Return CuPy's function of a name, as its arrays find it; NumPy's own does not count."""
    found, theirs = (_attribute(module, name) for module in (cupy, np))
    return None if found is theirs or not callable(found) else found


def _attribute(module: Any, name: str) -> Any:
    return reduce(lambda x, part: getattr(x, part, None), name.split("."), module)


def _texts(found: dict[str, Any]) -> dict[str, str]:
    return {name: _text(f) for name, f in found.items() if f is not None}


def _text(function: Any) -> str:
    if hasattr(function, "nin") and type(function).__name__ == "ufunc":
        inputs = [f"x{i + 1}" for i in range(function.nin)]
        return ", ".join([*inputs, "/", _UFUNC_OPTIONS])
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return _from_docstring(function)
    plain = [
        p.replace(annotation=p.empty, default=p.empty if p.default is p.empty else None)
        for p in parameters
    ]
    return str(inspect.Signature(plain)).strip("()")


def _from_docstring(function: Any) -> str:
    """Return what Cython writes as the first line: `ndarray.sort(self, int axis=-1, kind=None)`."""
    first = function.__doc__.partition("\n")[0]
    inside = re.search(r"\((.*)\)", first)
    assert inside is not None, first
    return ", ".join(_untyped(part) for part in inside[1].split(", ") if part)


def _untyped(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return name.split()[-1] + ("=None" if equals else "")


if __name__ == "__main__":
    import cupy

    _PATH.write_text(json.dumps(from_cupy(cupy), indent=1) + "\n")

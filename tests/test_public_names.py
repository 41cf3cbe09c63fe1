"""Every public name with its signature, as listed in `public_names.txt`.

A change of the list is a change of the interface, to be told in CHANGELOG:
``python tests/test_public_names.py`` writes it anew.
"""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("public_names.txt")
MODULES = (
    "syntonic", "syntonic.integers", "syntonic.interop.arrow", "syntonic.interop.flint",
    "syntonic.interop.hdf5", "syntonic.interop.json", "syntonic.interop.pari",
    "syntonic.interop.polars", "syntonic.interop.sympy", "syntonic.io",
    "syntonic.kernels", "syntonic.linalg", "syntonic.ops",
    "syntonic.plotting", "syntonic.polynomials", "syntonic.recovery", "syntonic.testing",
    "syntonic.geometry", "syntonic.geometry.anyons", "syntonic.interop.einops", "syntonic.torch",
    "syntonic.jax", "syntonic.dask",
)  # fmt: skip
OPTIONAL = {"syntonic.torch": "torch", "syntonic.jax": "jax", "syntonic.dask": "dask"}
"""Modules that need a package that may be missing."""


def missing(module: str) -> bool:
    return module in OPTIONAL and find_spec(OPTIONAL[module]) is None


def names() -> Iterator[str]:
    """What there is; of a module whose package is missing here, what is listed."""
    for found in MODULES:
        if missing(found):
            yield from (line for line in listed() if line.startswith(f"{found}."))
            continue
        module = importlib.import_module(found)
        for name in sorted(module.__all__):
            thing = getattr(module, name)
            yield f"{module.__name__}.{name}{described(thing)}"
            if inspect.isclass(thing) and module.__name__ == "syntonic":
                yield from members(thing)


def members(cls: type) -> Iterator[str]:
    """The public members of a class that syntonic itself defines."""
    own = {
        name: inspect.getattr_static(cls, name)
        for base in cls.__mro__
        if base.__module__.startswith("syntonic")
        for name in vars(base)
        if not name.startswith("_")
    }
    for name in sorted(own):
        yield f"    {cls.__name__}.{name}{described(own[name])}"


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions of the public modules, and the methods and properties of their classes."""
    for module in (importlib.import_module(m) for m in MODULES if not missing(m)):
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(thing):
                yield f"{module.__name__}.{name}", thing
            for base in thing.__mro__ if inspect.isclass(thing) else ():
                if base.__module__.startswith("syntonic") and not issubclass(base, Exception):
                    for key, member in vars(base).items():
                        function = getattr(member, "fget", getattr(member, "__func__", member))
                        if inspect.isfunction(function) and not key.startswith("_"):
                            yield f"{base.__qualname__}.{key}", function


def described(thing: object) -> str:
    """What kind a thing is and, if it can be called, how."""
    if isinstance(thing, (staticmethod, classmethod)):
        return f"{described(thing.__func__)}  {type(thing).__name__}"
    if isinstance(thing, (property, functools.cached_property)):
        return "  property"
    if isinstance(thing, type):
        if issubclass(thing, BaseException):
            return f"  error, {', '.join(base.__name__ for base in thing.__bases__)}"
        if issubclass(thing, enum.Enum):
            return f"  {', '.join(f'{m.name}={m.value!r}' for m in thing)}"
        return f"  class{signature(thing)}"
    if inspect.isroutine(thing):
        return signature(thing)
    return f"  {'module' if inspect.ismodule(thing) else type(thing).__name__}"


def signature(thing: object) -> str:
    """The parameters with their defaults, without their types."""
    try:
        found = inspect.signature(thing)  # type: ignore[arg-type]
    except ValueError:
        return "(...)"
    bare = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    return str(found.replace(parameters=bare, return_annotation=found.empty))


def listed() -> list[str]:
    return LIST.read_text(encoding="utf-8").splitlines()


def test_public_names() -> None:
    assert list(names()) == listed()


if __name__ == "__main__":
    found = list(names())
    LIST.write_text("\n".join(found) + "\n", encoding="utf-8")

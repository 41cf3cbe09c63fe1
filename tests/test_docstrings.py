"""The sections that a public docstring has: what goes in, what comes out, what else there is.

`SUBJECTS` lists the classes and modules that are held to it; another one is added there.
"""

from __future__ import annotations

import builtins
import inspect
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import syntonic
from syntonic import GoldenExact, ResonantTensor, integers, polynomials

SUBJECTS: tuple[type | ModuleType, ...] = (
    ResonantTensor, GoldenExact, integers, polynomials,
)  # fmt: skip

ORDER = (
    "Parameters", "Returns", "Yields", "Raises", "Warns", "See Also", "Notes", "References",
    "Examples",
)  # fmt: skip


def public(subject: type | ModuleType) -> Iterator[tuple[str, Any]]:
    """The functions of a module, or the methods and properties of a class, bases of it included."""
    if inspect.ismodule(subject):
        short = subject.__name__.removeprefix("syntonic.")
        yield from ((f"{short}.{name}", getattr(subject, name)) for name in subject.__all__)
        return
    yield subject.__name__, subject
    names = {name for base in subject.__mro__ if ours(base) for name in vars(base)}
    for name in sorted(names):
        if not name.startswith("_") and documented(inspect.getattr_static(subject, name)):
            yield f"{subject.__name__}.{name}", inspect.getattr_static(subject, name)


def ours(cls: type) -> bool:
    return cls.__module__.startswith("syntonic")


def documented(member: object) -> bool:
    """A slot has no docstring of its own."""
    return not inspect.ismemberdescriptor(member)


CASES = [case for subject in SUBJECTS for case in public(subject)]
every_public_name = pytest.mark.parametrize(("name", "thing"), CASES, ids=[n for n, _ in CASES])


def sections(thing: Any) -> dict[str, str]:
    """The text under each heading, in order; that before the first one is under ''."""
    text = inspect.cleandoc(thing.__doc__)
    parts = re.split(r"(?m)^(\w[\w ]*)\n-{3,}\n", text)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def arguments(thing: Any) -> list[str]:
    """The names of the parameters, without self and cls."""
    if isinstance(thing, property):
        return []
    function = thing.__func__ if isinstance(thing, classmethod) else thing
    names = list(inspect.signature(function).parameters)
    return names[1:] if isinstance(thing, classmethod) or names[:1] == ["self"] else names


def entries(section: str) -> list[tuple[str, str]]:
    """The unindented lines of a section: "x, y : int" as ("x", "int") and ("y", "int")."""
    lines = [line for line in section.splitlines() if line and not line.startswith(" ")]
    parts = [line.partition(" : ") for line in lines]
    return [(name.strip(), kind) for names, _, kind in parts for name in names.split(",")]


@every_public_name
def test_sections_are_known_and_in_order(name: str, thing: Any) -> None:
    found = [heading for heading in sections(thing) if heading]
    assert found == [heading for heading in ORDER if heading in found]


@every_public_name
def test_the_first_line_says_it_all(name: str, thing: Any) -> None:
    first, _, rest = sections(thing)[""].partition("\n")
    assert first.endswith(".")
    assert not rest.strip() or rest.startswith("\n")


@every_public_name
def test_every_parameter_has_a_type(name: str, thing: Any) -> None:
    described = entries(sections(thing).get("Parameters", ""))
    assert [argument.strip("*") for argument, _ in described] == arguments(thing)
    assert all(kind or argument.startswith("**") for argument, kind in described)


@every_public_name
def test_what_comes_out(name: str, thing: Any) -> None:
    assert inspect.isclass(thing) or sections(thing)["Returns"].strip()


@every_public_name
def test_errors_of_what_takes_arguments(name: str, thing: Any) -> None:
    """They are told, and exist."""
    named = [error for error, _ in entries(sections(thing).get("Raises", ""))]
    assert named or not arguments(thing)
    for error in named:
        known = next(
            getattr(m, error) for m in (syntonic, np.exceptions, builtins) if hasattr(m, error)
        )
        assert issubclass(known, Exception)


@every_public_name
def test_an_example_runs(name: str, thing: Any) -> None:
    """The doctests of the package run it; here it is only said that there is one."""
    assert ">>> " in sections(thing)["Examples"]


@every_public_name
def test_see_also_names_what_exists(name: str, thing: Any) -> None:
    others = entries(sections(thing)["See Also"])
    assert others
    for other, why in others:
        assert why, other
        assert other != name
        assert found(other, name) or found(other, name.rpartition(".")[0])


def found(other: str, beside: str) -> bool:
    """Whether a name is one of the module or class that names it, one of syntonic, or whole."""
    if other.startswith("syntonic.torch") and find_spec("torch") is None:
        return True
    for start in (f"syntonic.{beside}.".replace("..", "."), "syntonic.", ""):
        with suppress(ImportError, AttributeError):
            pkgutil.resolve_name(f"{start}{other}")
            return True
    return False

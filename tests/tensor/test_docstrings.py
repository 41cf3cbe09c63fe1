"""Every public method and property of `ResonantTensor` says what it takes, gives and raises.

Its examples run with all others: the package's docstrings are collected as tests.
"""

import inspect

import pytest

from syntonic import ResonantTensor, identify, linalg, recover, snap

SEE_ALSO = [
    (snap, "identify crystallize recover"),
    (identify, "snap crystallize recover"),
    (ResonantTensor.crystallize, "snap identify recover wake_flux"),
    (recover, "snap crystallize identify"),
    (ResonantTensor.wake_flux, "to_floats crystallize"),
    (ResonantTensor.to_floats, "wake_flux from_floats"),
    (ResonantTensor.from_floats, "snap crystallize to_floats"),
    (linalg.det, "inv solve"),
    (linalg.inv, "det solve"),
    (linalg.solve, "det inv"),
]


def members(cls):
    """The public methods and properties that syntonic itself defines on a class, by name."""
    found = {
        name: inspect.getattr_static(cls, name)
        for base in cls.__mro__
        if base.__module__.startswith("syntonic")
        for name in vars(base)
        if not name.startswith("_")
    }
    return sorted(found.items())


def sections(thing):
    """A docstring's summary under "", and the text of each of its sections."""
    lines = inspect.cleandoc(thing.__doc__).splitlines()
    found, name = {"": []}, ""
    for line, rule in zip(lines, [*lines[1:], ""], strict=True):
        if rule and set(rule) == {"-"} and len(rule) == len(line):
            name = line
            found[name] = []
        elif set(line) != {"-"}:
            found[name].append(line)
    return {key: "\n".join(text).strip() for key, text in found.items()}


def function_of(member):
    return getattr(member, "__func__", getattr(member, "fget", member))


def parameters_of(function):
    """The names as a docstring has them, without those of the object or its class."""
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [
        marks.get(p.kind, "") + p.name
        for p in inspect.signature(function).parameters.values()
        if p.name not in ("self", "cls")
    ]


MEMBERS = members(ResonantTensor)
METHODS = [(name, member) for name, member in MEMBERS if not isinstance(member, property)]
METHODS = [(n, function_of(m)) for n, m in METHODS if parameters_of(function_of(m))]


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_a_member_is_documented(name, member):
    found = sections(function_of(member))
    summary = found[""].splitlines()[0]
    assert summary.endswith(".")
    assert summary[0].isupper()
    assert found.get("Returns"), f"{name} does not say what it returns"
    assert ">>> " in found.get("Examples", ""), f"{name} has no example"


@pytest.mark.parametrize(("name", "function"), METHODS)
def test_a_method_names_its_parameters_and_errors(name, function):
    found = sections(function)
    heads = [
        part.strip()
        for line in found["Parameters"].splitlines()
        if line and not line.startswith(" ")
        for part in line.partition(" : ")[0].split(",")
    ]
    assert sorted(heads) == sorted(parameters_of(function))
    assert found.get("Raises"), f"{name} does not say what it raises"


@pytest.mark.parametrize(("thing", "others"), SEE_ALSO)
def test_what_belongs_together_refers_to_each_other(thing, others):
    text = sections(thing)["See Also"]
    assert [name for name in others.split() if name not in text] == []

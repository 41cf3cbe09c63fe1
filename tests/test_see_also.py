"""What docstrings send the reader to is there, in every public module."""

import inspect
import pkgutil
import re
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec

EXTRAS = "dask jax torch".split()
PLACES = [
    "syntonic",
    *(
        f"syntonic.{place}"
        for place in (
            "geometry geometry.anyons integers interop.flint interop.pari interop.sympy io kernels "
            "linalg ops plotting polynomials recovery testing"
        ).split()
    ),
    *(f"syntonic.{place}" for place in EXTRAS if find_spec(place)),
]


def everything():
    """Each public thing, and each of a class, as module, name and docstring."""
    for place in PLACES:
        module = import_module(place)
        for name in module.__all__:
            thing = getattr(module, name)
            yield module, name, thing.__doc__
            if inspect.isclass(thing):
                yield from ((module, f"{name}.{n}", m.__doc__) for n, m in vars(thing).items())


def links(text):
    """The names that a See Also section names, several of them with one explanation, or none."""
    section = re.search(r"(?m)^See Also\n-+\n((?:.+\n?)+)", inspect.cleandoc(text or ""))
    for line in section[1].splitlines() if section else []:
        if not line.startswith(" "):
            yield from line.partition(" : ")[0].split(", ")


def is_there(name, module, owner):
    """Whether a name is one of the class, of the module, of the package, or whole."""
    if any(name.startswith(f"syntonic.{extra}") and not find_spec(extra) for extra in EXTRAS):
        return True
    holder = f"{module.__name__}.{owner.partition('.')[0]}"
    for start in (f"{holder}.", f"{module.__name__}.", "syntonic.", ""):
        with suppress(ImportError, AttributeError, ValueError):
            pkgutil.resolve_name(f"{start}{name}")
            return True
    return False


def test_see_also_leads_somewhere():
    named = [(name, *rest) for *rest, text in everything() for name in links(text)]
    assert len(named) > 200
    assert [
        (owner, name) for name, module, owner in named if not is_there(name, module, owner)
    ] == []


def test_every_public_name_has_an_example_and_neighbours():
    """Of an error the tree is the neighbourhood."""
    missing = []
    for place in PLACES:
        module = import_module(place)
        for name in module.__all__:
            thing, text = getattr(module, name), getattr(module, name).__doc__ or ""
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            error = inspect.isclass(thing) and issubclass(thing, Exception)
            wanted = ("Examples",) if error else ("See Also", "Examples")
            missing += [(place, name, each) for each in wanted if f"{each}\n" not in text]
    assert missing == []


def test_completion_shows_what_is_public_and_no_more():
    more = "syntonic.xp syntonic.xp.fft syntonic.xp.linalg".split()
    for place in [*PLACES[1:], *more]:
        module = import_module(place)
        assert set(module.__all__) <= set(dir(module)), place
        beside = {f"{place}.{name}" for name in set(dir(module)) - set(module.__all__)}
        assert {name for name in beside if ".__" not in name} <= {*PLACES, *more}, place

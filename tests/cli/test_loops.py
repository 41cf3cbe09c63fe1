"""Loops compiled ahead: none is forgotten, and nothing is compiled at a first use after it."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import syntonic
from syntonic.cli import loops, main

ROOMS = tuple(f"syntonic.{room}." for room in ("jit", "rounding", "lattice", "flux.cpu"))

numba = pytest.importorskip("numba")


def compiled_loops():
    """Every loop of the package, by the start of the names of its files in the cache."""
    from numba.core.registry import CPUDispatcher

    for found in pkgutil.walk_packages(syntonic.__path__, "syntonic.", onerror=lambda name: None):
        if found.name.startswith(ROOMS):
            module = importlib.import_module(found.name)
            for name, each in vars(module).items():
                own = isinstance(each, CPUDispatcher) and each.__module__ == module.__name__
                if own and each.stats.cache_path:  # one without is compiled into its callers
                    stem = f"{module.__name__.split('.')[-1]}.{name}"
                    yield f"{found.name}.{name}", Path(each.stats.cache_path), stem


@pytest.mark.campaign
def test_every_loop_is_compiled_ahead(capsys):
    assert main(["kernels", "warm", "--cpu"]) == 0
    assert f"{len(loops.JOBS)} groups of loops in" in capsys.readouterr().out
    every = list(compiled_loops())
    assert len(every) > 100
    forgotten = [name for name, folder, stem in every if not saved(folder, stem)]
    assert forgotten == []


def saved(folder, stem):
    """The files of a loop that is called by itself, or as part of what shares it among threads."""
    return [*folder.glob(f"{stem}-*.nbi"), *folder.glob(f"{stem}_in_threads-*.nbi")]


def test_a_choice_of_kernels_is_not_one_of_loops(capsys):
    assert main(["kernels", "warm", "--cpu", "--dtype", "f32"]) == 2
    assert "leave --kernel, --arch, --dtype out" in capsys.readouterr().err

"""Loops compiled ahead: none is forgotten, and nothing is compiled at a first use after it."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import syntonic
from syntonic.cli import loops, main

ROOMS = tuple(f"syntonic.{room}." for room in ("jit", "rounding", "lattice", "flux.cpu"))

numba = pytest.importorskip("numba")


def modules():
    for found in pkgutil.walk_packages(syntonic.__path__, "syntonic.", onerror=lambda name: None):
        if found.name.startswith(ROOMS):
            yield importlib.import_module(found.name)


PARTS = {
    *("jit.floats.two_sum", "jit.pool.run", "jit.pool.take_pieces"),
    *("lattice.limb_loops._add", "lattice.limb_loops._add_product"),
    *(f"flux.cpu.channels.{kind}" for kind in ("apply_to_columns", "apply_to_runs")),
    *(f"flux.cpu.channels.column_{kind}" for kind in ("gradients", "moments", "sums")),
    *(f"flux.cpu.channels.run_{kind}" for kind in ("gradients", "sums")),
}
"""Named by functions that look as if they were not compiled."""


def compiled_loops():
    """Every loop that Python calls, by the start of the names of its files in the cache.

    Others are parts of those that call them, without files of their own.
    """
    from numba.core.registry import CPUDispatcher

    called = {id(each) for module in modules() for each in used_in_python(module)}
    for module in modules():
        for name, each in vars(module).items():
            own = isinstance(each, CPUDispatcher) and each.__module__ == module.__name__
            if own and id(each) in called and each.stats.cache_path:
                stem = f"{module.__name__.split('.')[-1]}.{name}"
                whole = f"{module.__name__}.{name}".removeprefix("syntonic.")
                if whole not in PARTS:
                    yield whole, Path(each.stats.cache_path), stem


def used_in_python(module):
    """What the code of a module that is not compiled names, of its own or of other modules."""
    names = vars(module)
    tree = NotCompiled().visit(ast.parse(inspect.getsource(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = names.get(node.value.id)
            yield getattr(owner, node.attr, None) if inspect.ismodule(owner) else None


class NotCompiled(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        decorators = " ".join(map(ast.unparse, node.decorator_list))
        compiled = any(name in decorators for name in ("njit", "inlined", "overload"))
        return None if compiled else self.generic_visit(node)


@pytest.mark.campaign
def test_every_loop_is_compiled_ahead(capsys):
    assert main(["kernels", "warm", "--cpu"]) == 0
    assert f"{len(loops.JOBS)} groups of loops in" in capsys.readouterr().out
    every = list(compiled_loops())
    assert len(every) > 50
    forgotten = [name for name, folder, stem in every if not saved(folder, stem)]
    assert forgotten == []


def saved(folder, stem):
    """The files of a loop that is called by itself, or as part of what shares it among threads."""
    return [*folder.glob(f"{stem}-*.nbi"), *folder.glob(f"{stem}_in_threads-*.nbi")]


def test_a_choice_of_kernels_is_not_one_of_loops(capsys):
    assert main(["kernels", "warm", "--cpu", "--dtype", "f32"]) == 2
    assert "leave --kernel, --arch, --dtype out" in capsys.readouterr().err

"""The command `syntonic solid`: the named figures, their exact counts, and files of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from syntonic.errors import FormatError
from syntonic.geometry import edge_length_squared, solid, solid_names
from syntonic.io import Model, write

__all__ = ["counts", "run_solid"]

_DONE = 0
_RANKS = ("vertices", "edges", "faces", "cells")


def run_solid(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """List the names, or make one figure and write it to the files that are asked for."""
    if arguments.list:
        say("\n".join(solid_names()))
        return _DONE
    if arguments.name is None:
        raise ValueError("solid: NAME must be given, or --list")
    _require_targets(arguments)
    model = solid(arguments.name)
    for path in filter(None, (arguments.off, arguments.vef)):
        write(model, path)
    if arguments.plot is not None:
        from syntonic.plotting import plot_model

        plot_model(model, target=arguments.plot)
    if arguments.html is not None:
        from syntonic.plotting import view

        view(model, target=arguments.html)
    say(_described(model))
    return _DONE


def _require_targets(arguments: argparse.Namespace) -> None:
    """Refuse names that say something else than what would be written."""
    for path, suffix in ((arguments.off, ".off"), (arguments.vef, ".vef")):
        if path is not None and not path.lower().endswith(suffix):
            raise FormatError(
                f"the name must end in {suffix}, which is what --{suffix[1:]} writes", path=path
            )
    if arguments.plot is not None:
        from syntonic.plotting import require_picture

        require_picture(arguments.plot)
    if arguments.html is not None:
        from syntonic.plotting import require_page

        require_page(arguments.html)


def counts(model: Model) -> str:
    """Return how many vertices, edges, faces and cells there are, in words."""
    numbers = (model.vertex_count, len(model.edges), len(model.faces), len(model.cells))
    return ", ".join(f"{n} {what}" for n, what in zip(numbers, _RANKS, strict=True) if n)


def _described(model: Model) -> str:
    try:
        length = f"squared edge length {edge_length_squared(model)}"
    except ValueError:
        length = "edges of different lengths"
    return f"{counts(model)}; {length}"

"""The command `syntonic recover`: a file of decimals to a proof, exact files and pictures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from syntonic.cli.solid import counts
from syntonic.errors import FormatError, NotGoldenError
from syntonic.io import Model, read, write
from syntonic.io.files import is_same_file, is_stream, replacing, require_writable
from syntonic.io.formats import writer_of
from syntonic.io.vef import write_vef

if TYPE_CHECKING:
    from syntonic.recovery import Recovery, ScaleFreeRecovery

__all__ = ["run_recover"]

_DONE, _UNUSABLE, _REFUSED = 0, 2, 3
_NO_AXES = "no golden axes of one length are found"
_TARGETS = {"--report": ".json", "--vef": ".vef", "--out": None, "--plot": None, "--html": None}
"""Options that name a file to write, and the end that its name must have."""

Found: TypeAlias = "Recovery | ScaleFreeRecovery"


def run_recover(
    arguments: argparse.Namespace, say: Callable[[str], None], fail: Callable[[str, int], int]
) -> int:
    """Read, prove, tell, and write what is asked for."""
    _require_targets(arguments)
    columns = None if arguments.columns is None else arguments.columns.split(",")
    model = read(arguments.file, columns=columns)
    if model.tensor is not None and arguments.decimals is not None:
        return fail(f"{arguments.file} has exact coordinates; leave --decimals out", _UNUSABLE)
    from syntonic.recovery import recover

    try:
        found = recover(
            model,
            decimals=arguments.decimals,
            scale_free=bool(arguments.scale_free),
            progress=sys.stderr.isatty(),
            max_denominator=arguments.max_denominator,
        )
    except NotGoldenError as refusal:
        return fail(f"refused: {str(refusal).removeprefix('recover: ')}", _REFUSED)
    say(found.summary())
    if arguments.report is not None:
        _write_report(found, arguments.report)
    exact = _joined(found, arguments)
    if arguments.hull or arguments.shortest_edges:
        if exact is None:
            return fail(f"{_NO_AXES}, so there are no edges to find", _UNUSABLE)
        say(f"joined: {counts(exact)}")
    _draw(model, found, exact, arguments)
    for what, path in (("VEF", arguments.vef), ("exact figure", arguments.out)):
        if path is None:
            continue
        if exact is None:
            return fail(f"{_NO_AXES}, so there is no {what}", _UNUSABLE)
        _write_model(exact, path, is_vef=what == "VEF")
    return _DONE


def _joined(found: Found, arguments: argparse.Namespace) -> Model | None:
    """Return the exact figure with the edges and faces that are asked for."""
    if found.model is None or found.model.tensor is None:
        return None
    if arguments.shortest_edges:
        return replace(found.model, faces=(), cells=(), cell_count=None).with_shortest_edges()
    if arguments.hull:
        from syntonic.geometry import hull

        return hull(found.model, progress=sys.stderr.isatty()).model
    return found.model


def _draw(model: Model, found: Found, exact: Model | None, arguments: argparse.Namespace) -> None:
    """Draw the exact figure; without one, what was read, at the lengths that are proved."""
    from syntonic.plotting import plot_model, view
    from syntonic.recovery.unused import without

    vertices: Any = exact
    edges: Any = None
    faces: Any = None
    if vertices is None:
        kept = without(model, found.left_out) if found.left_out else model
        vertices = found.approximate() if found.tensor is None else found.tensor
        edges, faces = kept.edges, kept.faces
    if arguments.plot is not None:
        plot_model(vertices, edges, arguments.plot, faces=faces)
    if arguments.html is not None:
        view(vertices, edges, arguments.html, faces=faces)


def _require_targets(arguments: argparse.Namespace) -> None:
    """Refuse places that the results cannot go to, before there are results to lose."""
    taken = {"FILE": arguments.file}
    for option, suffix in _TARGETS.items():
        path = getattr(arguments, option.removeprefix("--"))
        if path is None:
            continue
        _require_kind(option, path)
        require_writable(path)
        if is_stream(path):
            continue  # takes whatever is written, one after the other
        if suffix is not None and Path(path).suffix.lower() not in ("", suffix):
            raise FormatError(
                f"the name must end in {suffix}, which is what {option} writes", path=path
            )
        for name, other in taken.items():
            if is_same_file(path, other):
                raise ValueError(f"{option} and {name} must be two files, got {path} for both")
        taken[option] = path


def _require_kind(option: str, path: str) -> None:
    """Refuse a name whose end says something that is not written."""
    if option == "--out":
        writer_of(path)
    if option in ("--plot", "--html"):
        from syntonic import plotting

        (plotting.require_picture if option == "--plot" else plotting.require_page)(path)


def _write_report(found: Found, path: str) -> None:
    report: dict[str, Any] = found.report()
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as file:
        file.write(f"{text}\n".encode())


def _write_model(model: Model, path: str, *, is_vef: bool) -> None:
    if not is_vef:
        write(model, path)
        return
    with replacing(path) as file:
        write_vef(model, file)

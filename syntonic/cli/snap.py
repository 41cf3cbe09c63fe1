"""The command ``snap``: an array on the disk to a store of exact numbers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["add_snap"]


def add_snap(
    commands: Any,
    natural: Callable[[str], int],
    say: Callable[[str], None],
) -> None:
    """Add the command to a parser's commands."""
    snap = commands.add_parser(
        "snap",
        help="snap a file of floats, larger than memory if need be, to a zarr store",
        description="Snap the floats of an array (.npy, or a zarr array) to the nearest points of "
        "the golden lattice under a bound, block by block, and write them to a zarr store. Exit "
        "status: 0 complete, 2 unusable input.",
    )
    snap.add_argument("source", metavar="IN.npy", help="the floats")
    snap.add_argument("target", metavar="OUT.zarr", help="the store, a new folder")
    bound = snap.add_mutually_exclusive_group()
    bound.add_argument(
        "--precision", type=natural, metavar="N", help="bound on the φ-coefficient, by default 100"
    )
    bound.add_argument(
        "--window", metavar="C", help="bound on the Galois conjugate instead, such as 1/2 or phi"
    )
    snap.add_argument("--denominator", type=natural, default=1, metavar="D", help="by default 1")
    snap.add_argument(
        "--memory", default="1GB", metavar="1GB", help="what the process may take; by default 1GB"
    )
    snap.add_argument(
        "--resume", action="store_true", help="go on where an interrupted run has stopped"
    )
    snap.set_defaults(run=lambda arguments: _run(arguments, say))


def _run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Snap, and say how many blocks were."""
    from syntonic.exact.golden import GoldenExact
    from syntonic.io.out_of_core import snap_file

    window = None if arguments.window is None else GoldenExact.parse(arguments.window)
    count = snap_file(
        arguments.source,
        arguments.target,
        precision=arguments.precision,
        window=window,
        denominator=arguments.denominator,
        memory=arguments.memory,
        resume=arguments.resume,
        progress=sys.stderr.isatty(),
    )
    say(f"{arguments.target}: {count} blocks snapped, all are there")
    return 0

"""Cliffs: how much slower a call is than its neighbour, which looks as hard.

    python -m benchmarks.cliffs [--group NAME] [--match TEXT] [--size N] [--json PATH]

Each row times two calls in turns in one process, so the ratio of their medians holds on a busy
machine where their times do not. A ratio above the row's bound is a cliff: the caller cannot
foresee it. Rows are in the tables of `TABLES`; a new table is a module with `ROWS`.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import argparse
from collections.abc import Sequence

import numba  # noqa: F401  loaded first, as in a process that has used a large array

from benchmarks import cliffs_numpy
from benchmarks.cliff import Row
from benchmarks.measure import Result, pretty, side_by_side, write

TABLES: tuple[tuple[Row, ...], ...] = (cliffs_numpy.ROWS,)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", help="of the rows to run; all by default")
    parser.add_argument("--match", default="", help="a text in the names of the rows to run")
    parser.add_argument("--size", type=int, help="elements, instead of each row's own number")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--least", type=float, default=0.002, help="seconds of one timing")
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args(arguments)
    results = []
    print(f"{'':56s}{'slow case':>10s}{'neighbour':>11s}{'ratio':>8s}{'bound':>7s}")
    for row in chosen(args.group, args.match):
        result = measured(row, args.size or row.size, args.rounds, args.least)
        results.append(result)
        print(line(row, result), flush=True)
    write(args.json, results)


def chosen(group: str | None, text: str) -> list[Row]:
    """Return the rows of a group, or of all, whose names hold a text."""
    rows = (row for table in TABLES for row in table)
    return [row for row in rows if group in (None, row.group) and text in row.name]


def measured(row: Row, size: int, rounds: int, least: float) -> Result:
    """Time both calls of a row on the same arguments."""
    given = row.setup(size)
    contenders = {
        "syntonic": (lambda: row.slow(*given), 1.0),
        "neighbour": (lambda: row.neighbour(*given), 1.0),
    }
    name = f"{row.group}: {row.name}"
    return side_by_side(name, contenders, rounds=rounds, least=least)


def line(row: Row, result: Result) -> str:
    slow, neighbour = result.seconds["syntonic"], result.seconds["neighbour"]
    ratio = slow / neighbour
    mark = "  above" if ratio > row.bound else ""
    return (
        f"{row.group:14s}{row.name:42s}{pretty(slow):>10s}{pretty(neighbour):>11s}"
        f"{ratio:8.2f}{row.bound:7g}{mark}"
    )


if __name__ == "__main__":
    main()

"""Exact geometry beside what its time is measured in: products, qhull, and a clock.

    python -m benchmarks.geometry [--json PATH] [--quick]

Three goals: the closure of H4, 14400 matrices, in at most 4 products of all elements with the
generators; the 120-cell's hull with its certificate in at most 5 times qhull's time, which needs
SciPy; a Penrose patch of a million vertices, every one proved, in less than 10 seconds. The
contenders of a task take turns, and results are checked before anything is timed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import argparse
from collections.abc import Callable
from typing import Any

import numba  # noqa: F401  # loaded first: compiled loops then serve small arrays too
import numpy as np

from benchmarks.measure import Result, machine, side_by_side, table, write
from benchmarks.peers import require
from syntonic import linalg
from syntonic.geometry import (
    anyons,
    closure,
    hull,
    penrose,
    polytope,
    reflection,
    simple_roots,
    symmetry_group,
)

MOST_PRODUCTS = 4
MOST_QHULLS = 5
PATCH = {"radius": 513, "vertices": 1_000_000, "seconds": 10}


def compared(task: str, contenders: dict[str, Callable[[], Any]], rounds: int = 9) -> Result:
    return side_by_side(task, {who: (call, 1.0) for who, call in contenders.items()}, rounds=rounds)


def group() -> Result:
    """Close the four reflections of H4."""
    mirrors = reflection(simple_roots("H4"))
    elements = closure(mirrors)
    require(len(elements) == 14400, "closure of H4")
    return compared(
        "closure of H4",
        {
            "syntonic": lambda: closure(mirrors),
            "one product, all by 4": lambda: elements[:, None] @ mirrors,
        },
    )


def hulls(names: tuple[str, ...]) -> list[Result]:
    """Hulls with certificates; none without SciPy."""
    try:
        from scipy.spatial import ConvexHull
    except ImportError:
        print("SciPy is not installed: hulls are not timed\n")
        return []
    results = []
    for name in names:
        points = polytope(name).vertices
        floats = points.to_floats()
        require(hull(points, fallback=False).f_vector == polytope(name).f_vector, name)
        results.append(
            compared(
                f"hull of the {name}",
                {
                    "syntonic": lambda points=points: hull(points, fallback=False).certify(),
                    "qhull": lambda floats=floats: ConvexHull(floats, qhull_options="Qt"),
                },
            )
        )
    return results


def others(quick: bool) -> list[Result]:
    """Tasks without a peer."""
    radius = 51 if quick else PATCH["radius"]
    least = 10_000 if quick else PATCH["vertices"]
    require(len(penrose(radius).points) >= least, "Penrose patch")
    cell = polytope("600-cell")
    require(len(symmetry_group(cell)) == 14400, "symmetry group")
    word = np.random.default_rng(0).choice([1, 2, -1, -2], size=2000).tolist()
    letters = anyons.real_form(np.stack([anyons.braid([k]) for k in word]))
    return [
        compared(f"Penrose disc of radius {radius}", {"syntonic": lambda: penrose(radius)}, 3),
        compared("symmetry group of the 600-cell", {"syntonic": lambda: symmetry_group(cell)}, 3),
        compared(
            "chain of 2000 braids",
            {
                "syntonic": lambda: linalg.chain_product(letters),
                "one after the other": lambda: in_a_row(letters),
            },
            3,
        ),
    ]


def in_a_row(letters: Any) -> Any:
    out = letters[0]
    for each in letters[1:]:
        out = out @ each
    return out


def verdicts(results: list[Result]) -> list[str]:
    """Say which goals are met, as ratios within this run."""
    by_task = {r.task: r for r in results}
    lines = []
    for task, peer, most in (
        ("closure of H4", "one product, all by 4", MOST_PRODUCTS),
        ("hull of the 120-cell", "qhull", MOST_QHULLS),
    ):
        if task in by_task:
            ratio = 1 / by_task[task].ratios[peer]
            lines.append(
                f"{task}: {ratio:.2f} times {peer}, {word(ratio <= most)} (at most {most})"
            )
    patch = by_task.get(f"Penrose disc of radius {PATCH['radius']}")
    if patch is not None:
        seconds = patch.seconds["syntonic"]
        met = word(seconds < PATCH["seconds"])
        lines.append(f"Penrose: {seconds:.2f} s, {met} (less than {PATCH['seconds']} s)")
    return lines


def word(met: bool) -> str:
    return "met" if met else "missed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="PATH", help="write the results there")
    parser.add_argument("--quick", action="store_true", help="the small sizes, for a first look")
    args = parser.parse_args()
    print(f"{machine()['processor']}, {machine()['cores']} cores\n")
    names = ("120-cell",) if args.quick else ("icosahedron", "120-cell", "600-cell")
    results = [group(), *hulls(names), *others(args.quick)]
    print(table(results))
    print("\n" + "\n".join(verdicts(results)))
    write(args.json, results)


if __name__ == "__main__":
    main()

"""Figures by name, a patch of a quasicrystal and a long braid, all exact.

Run:  python examples/figures.py [OUTPUT.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from syntonic import GoldenExact
from syntonic.geometry import (
    CYCLOTOMIC5,
    anyons,
    identify_solid,
    multiply,
    penrose,
    plot_tiling,
    polytope,
    solid,
    symmetry_group,
    volume_squared_per_edge,
)
from syntonic.io import read, write

OUTPUT = Path("penrose-patch.png")
LETTERS = 100_000


def main(argv: list[str]) -> None:
    cell()
    patch(Path(argv[1]) if len(argv) > 1 else OUTPUT)
    braid()


def cell() -> None:
    """Write the 120-cell for vZome, and read back what it is."""
    path = Path("120-cell.vef")
    write(solid("120-cell"), path)
    print(f"the file says: {identify_solid(read(path).tensor)}")
    path.unlink()
    figure = polytope("120-cell")
    content = volume_squared_per_edge(figure).sqrt()
    print(f"f-vector {figure.f_vector}, content at edge 1 {content} = {content.to_decimal(12)}")
    print(f"{len(symmetry_group(polytope('600-cell')))} symmetries of its dual, the 600-cell")


def patch(path: Path) -> None:
    """Draw a disc of a Penrose tiling; every vertex is proved by its window."""
    tiling = penrose(20)
    thick = int(tiling.thick.sum())
    thin = len(tiling.tiles) - thick
    print(
        f"{len(tiling.points)} vertices, {thick} thick and {thin} thin rhombi, "
        f"V - E + F = {tiling.euler}"
    )
    plot_tiling(tiling, path)
    print(f"drawn: {path.name}")


def braid() -> None:
    """Multiply a long word of braids of Fibonacci anyons; its determinant is a root of 1."""
    word = np.random.default_rng(0).choice([1, 2, -1, -2], size=LETTERS)
    (a, b), (c, d) = anyons.braid(word.tolist())
    determinant = multiply(a, d, CYCLOTOMIC5) - multiply(b, c, CYCLOTOMIC5)
    # Each letter has -ζ² or its inverse; (-ζ²)^10 = 1.
    power = [GoldenExact(1), GoldenExact(0)]
    for _ in range(int(np.sign(word).sum()) % 10):
        power = (-multiply(multiply(power, [0, 1], CYCLOTOMIC5), [0, 1], CYCLOTOMIC5)).tolist()
    if determinant.tolist() != power:
        raise SystemExit("the determinant of the braid is wrong")
    digits = len(str(max(abs(int(x.a)) for x in a.tolist())))
    print(f"a braid of {LETTERS} letters: entries of {digits} digits, determinant a root of 1")


if __name__ == "__main__":
    main(sys.argv)

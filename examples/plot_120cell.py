"""Recover the exact 120-cell from one decimal a coordinate, and draw it.

The eye stands in four dimensions, in front of one of the 120 dodecahedra and a little outside;
the solid shadow that it sees is then seen along a five-fold axis. Near edges are wide and bright.

Run:  python examples/plot_120cell.py [OUTPUT.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

from syntonic.io import read
from syntonic.plotting import plot_model
from syntonic.recovery import recover

ROOT = Path(__file__).resolve().parent.parent
INPUT = ROOT / "examples" / "data" / "120cell-one-decimal.off"
OUTPUT = ROOT / "docs" / "120cell.png"


def main(argv: list[str]) -> None:
    model = read(INPUT)
    found = recover(model)
    print(found.summary())
    path = Path(argv[1]) if len(argv) > 1 else OUTPUT
    plot_model(found.tensor, model.edges, path, dpi=110)
    print(f"drawn: {path.name}")


if __name__ == "__main__":
    main(sys.argv)

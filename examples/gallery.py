"""Eight exact figures in one picture: solids with shaded faces, a star, and a Schlegel diagram.

Run:  python examples/gallery.py [OUTPUT.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure

from syntonic.geometry import polytope, schlegel, solid
from syntonic.plotting import plot_model

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "gallery.png"
NIGHT = "#0b1020"
NAMES = (
    "icosahedron",
    "truncated icosahedron",
    "rhombicosidodecahedron",
    "disdyakis triacontahedron",
    "pentagonal rotunda",
    "small stellated dodecahedron",
    "great icosahedron",
)


def main(argv: list[str]) -> None:
    path = Path(argv[1]) if len(argv) > 1 else OUTPUT
    figure = Figure(figsize=(12, 6), facecolor=NIGHT)
    places = [figure.add_axes((k % 4 / 4, 0.5 - k // 4 / 2, 0.25, 0.5)) for k in range(8)]
    for name, axes in zip(NAMES, places, strict=False):
        plot_model(solid(name), target=axes, width=2)
    plot_model(schlegel(polytope("120-cell")), faces=[], target=places[-1], width=1.5)
    figure.savefig(path, dpi=90)
    print(f"drawn: {', '.join(NAMES)} and a Schlegel diagram of the 120-cell to {path.name}")


if __name__ == "__main__":
    main(sys.argv)

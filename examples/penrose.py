"""A Penrose tiling by exact inflation, and its acceptance window by Galois conjugation.

Points are z = u + vζ with ζ = exp(2πi/5) and u, v in Z[φ]: pairs of golden integers, and no sine
ever enters. Ten half-tiles around the origin are inflated by φ and cut into half-tiles of the
old size, again and again; each corner stays an exact pair.

Galois conjugation, φ to -1/φ and ζ to ζ², sends the corners, which are spread over the whole
plane, into four pentagons: the window. The script proves, exactly, that every corner of the
tiling falls into it, and that within a disc every point of Z[ζ] that falls into it is a corner.

Run:  python examples/penrose.py [OUTPUT.png]

N. G. de Bruijn, "Algebraic theory of Penrose's non-periodic tilings of the plane", Indagationes
Mathematicae 43 (1981).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from syntonic import PHI, PHI_INV, SQRT5, GoldenExact, ResonantTensor
from syntonic.integers import fibonacci
from syntonic.testing import assert_exact_equal

OUTPUT = Path("penrose.png")
STEPS = 8  # inflations; an odd number would turn the window around
SHOWN = 19  # radius of the disc that is drawn, in edges of a tile
COMPLETE = 44  # radius of a disc well inside the decagon, where no tile is missing
PROVED = 12  # radius of the disc in which the window is proved to give the corners

TURN = ResonantTensor([[0, 1], [-1, PHI_INV]])  # (u, v) @ TURN is ζ(u + vζ), as ζ² = ζ/φ - 1
WINDOWS = {0: PHI, 3: GoldenExact(1), 1: GoldenExact(-1), 4: -PHI}
"""The pentagon of each class: the regular one with a corner at this point, around 0."""


@dataclass(frozen=True)
class HalfTiles:
    """Hold isosceles triangles (apex, corner, corner) with equal sides 1, shape (n, 3, 2) each.

    Two thin ones, with 36 degrees at the apex, make a thin rhombus, two thick ones, with 108, a
    thick one; they meet in the base.
    """

    thin: ResonantTensor
    thick: ResonantTensor

    @property
    def all(self) -> ResonantTensor:
        return np.concatenate([self.thin, self.thick])


def main(argv: list[str]) -> None:
    tiles = sun()
    for _ in range(STEPS):
        tiles = inflated(tiles)
    corners = distinct(np.concatenate([*np.swapaxes(tiles.all, 0, 1), opposite(tiles.all)]))
    verify(tiles)
    verify_window(corners)
    path = Path(argv[1]) if len(argv) > 1 else OUTPUT
    draw(tiles, corners, path)
    print(f"drawn: {path.name}")


# -- The tiling -----------------------------------------------------------------------------


def sun() -> HalfTiles:
    """Return ten thin half-tiles around the origin, each the mirror image of its neighbours."""
    half_turn = -(TURN @ TURN @ TURN)  # -ζ³ = exp(iπ/5)
    rim = [ResonantTensor([1, 0])]
    for _ in range(10):
        rim.append(rim[-1] @ half_turn)
    pairs = [(rim[k], rim[k + 1]) if k % 2 else (rim[k + 1], rim[k]) for k in range(10)]
    thin = np.stack([np.stack([ResonantTensor([0, 0]), b, c]) for b, c in pairs])
    return HalfTiles(thin, thin[:0])


def inflated(tiles: HalfTiles) -> HalfTiles:
    """Return the tiles φ times as large, cut into two and three tiles of the old size."""
    a, b, c = (PHI * tiles.thin[:, k] for k in range(3))
    p = a + (b - a) / PHI
    d, e, f = (PHI * tiles.thick[:, k] for k in range(3))
    q, r = e + (d - e) / PHI, e + (f - e) / PHI
    thin = [(c, p, b), (r, q, d)]
    thick = [(p, c, a), (r, f, d), (q, r, e)]
    return HalfTiles(*(np.concatenate([np.stack(t, axis=1) for t in ts]) for ts in (thin, thick)))


def opposite(halves: ResonantTensor) -> ResonantTensor:
    """Return the fourth corner of the rhombus of each half-tile."""
    return halves[:, 1] + halves[:, 2] - halves[:, 0]


def distinct(points: ResonantTensor) -> ResonantTensor:
    """Return different points, sorted by their integers."""
    rows = np.unique(integers(points), axis=0)
    return ResonantTensor.from_lattice(rows[:, 0::2], rows[:, 1::2])


def integers(points: ResonantTensor) -> Any:
    """Return rows a, b, c, d for the points (a + bφ) + (c + dφ)ζ of Z[ζ]."""
    a, b, _ = points.numerators()
    return np.stack([a[:, 0], b[:, 0], a[:, 1], b[:, 1]], axis=1)


def square(points: ResonantTensor) -> ResonantTensor:
    """Return |u + vζ|² = u² + uv/φ + v², as 2cos(2π/5) = 1/φ."""
    u, v = points[..., 0], points[..., 1]
    return u * u + PHI_INV * u * v + v * v


def verify(tiles: HalfTiles) -> None:
    """Prove the shapes and the numbers of the half-tiles, and that they fill the decagon."""
    for halves, base in ((tiles.thin, PHI_INV), (tiles.thick, PHI)):
        for i, j, length in ((0, 1, 1), (0, 2, 1), (1, 2, base)):
            sides = square(halves[:, i] - halves[:, j])
            demand("sides of length 1, bases 1/φ and φ", bool((sides == length**2).all()))
    counts = [10 * fibonacci(2 * STEPS + k) for k in (-1, 0)]
    demand("Fibonacci numbers of tiles", [len(tiles.thin), len(tiles.thick)] == counts)
    # With bases 1/φ and φ, a thick one is φ times as large: areas in units of a thin one.
    area = len(tiles.thin) + PHI * len(tiles.thick)
    assert_exact_equal(area, 10 * PHI ** (2 * STEPS))
    thin, thick = (f"10 F_{2 * STEPS + k}" for k in (-1, 0))
    print(f"{counts[0]} thin and {counts[1]} thick half-tiles: {thin} and {thick}")
    print(f"their area is φ^{2 * STEPS} times that of the ten first ones, exactly")


# -- The window -----------------------------------------------------------------------------


def classes(points: ResonantTensor) -> Any:
    """Return the classes in Z[ζ]/(1 - ζ) = Z/5: ζ becomes 1 and φ = -ζ² - ζ³ becomes -2."""
    return integers(points) @ np.array([1, -2, 1, -2]) % 5


def depth(points: ResonantTensor) -> ResonantTensor:
    """Return how far inside its pentagon the conjugate of each point is: negative outside.

    The pentagon with a corner at c is the set of all s with Re(ωᵏ s/c) >= -φ/2 for all k, where
    ω = ζ² and 2Re(x + yω) = 2x - φy. Conjugated once more, that is an inequality in (u, v).
    """
    found = np.full(len(points), -1, dtype=object)
    kind = classes(points)
    for number, corner in WINDOWS.items():
        chosen = np.flatnonzero(kind == number)
        conjugates = points[chosen].galois_conjugate() / corner
        turn = TURN.galois_conjugate()
        least = None
        for _ in range(5):
            conjugates = conjugates @ turn
            reach = 2 * conjugates[:, 0] - PHI * conjugates[:, 1] + PHI
            least = reach if least is None else np.minimum(least, reach)
        found[chosen] = np.asarray(least)
    return ResonantTensor(found)


def verify_window(corners: ResonantTensor) -> None:
    """Prove that the corners of the tiling are the points in the window."""
    inside = depth(corners)
    demand("every corner falls into the window", bool((inside >= 0).all()))
    print(f"{len(corners)} corners, all of them in the window, {np.sum(inside == 0)} on its edge")
    near = corners[np.flatnonzero(square(corners) <= PROVED**2)]
    candidates = lattice_disc()
    accepted = candidates[np.flatnonzero(depth(candidates) >= 0)]
    assert_exact_equal(distinct(accepted), near)
    print(
        f"within {PROVED} edges of the centre, {len(candidates)} points of Z[ζ] have a conjugate "
        f"within φ of 0;\nthe window accepts {len(accepted)} of them: they are the corners"
    )


def lattice_disc() -> ResonantTensor:
    """Return all points of Z[ζ] with |z| <= PROVED and a conjugate of size at most φ."""
    # z = u + vζ: |v| sin(2π/5) <= |z| and |u| <= |z| + |v|; sines above 9/10 and 11/20.
    v = golden_integers(PROVED * GoldenExact("10/9"), PHI * GoldenExact("20/11"))
    u = golden_integers(PROVED * GoldenExact("19/9"), PHI * GoldenExact("31/11"))
    points = ResonantTensor(list(product(u, v)))
    conjugates = points.galois_conjugate()
    s, t = conjugates[:, 0], conjugates[:, 1]
    small = np.asarray(s * s - PHI * s * t + t * t <= PHI**2)
    return points[np.flatnonzero(small & np.asarray(square(points) <= PROVED**2))]


def golden_integers(bound: GoldenExact, window: GoldenExact) -> list[GoldenExact]:
    """Return all x in Z[φ] with |x| <= bound and |x'| <= window."""
    most = ceil((bound + window) / SQRT5)  # x - x' = b√5
    found = []
    for b in range(-most, most + 1):
        first = ceil(-bound - b * PHI)
        for a in range(first, first + ceil(2 * bound) + 1):
            x = GoldenExact(a, b)
            if abs(x) <= bound and abs(x.galois_conjugate()) <= window:
                found.append(x)
    return found


def demand(claim: str, holds: bool) -> None:
    if not holds:
        raise SystemExit(f"not a Penrose tiling: {claim} fails")


# -- The picture ----------------------------------------------------------------------------

DPI = 120
NIGHT, RIM = "#0b1020", "#fff3c4"
EMBER = ("#fff3c4", "#f6cf6e", "#e39a3f", "#b5592f", "#7a3030")
LAGOON = ("#d9f5e5", "#7fcdbb", "#3a9aa5", "#2a628f", "#1d3461")
BY_TILES = {3: "#3f7cac", 4: "#7fcdbb", 5: "#f6cf6e", 6: "#e0823d", 7: "#fff3c4"}
COLUMN = {3: 4.2, 4: 1.75, 0: -1.75, 1: -4.2}
"""Where the middle of each pentagon is drawn."""


def draw(tiles: HalfTiles, corners: ResonantTensor, path: Path) -> None:
    """Draw the tiles around the centre, coloured by their conjugates, beside the window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = 12.0, 8.8
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=NIGHT)
    FigureCanvasAgg(figure)
    plane = figure.add_axes((0.0, 0.0, height / width, 1.0), xlim=(-20, 20), ylim=(-20, 20))
    column = figure.add_axes(
        (height / width, 0.0, 1 - height / width, 1.0), xlim=(-1.92, 1.92), ylim=(-5.28, 5.28)
    )
    rhombi = [distinct_rhombi(halves) for halves in (tiles.thin, tiles.thick)]
    for each, colours in zip(rhombi, (LAGOON, EMBER), strict=True):
        draw_rhombi(plane, each, colours)
    draw_window(column, corners, tiles_around(corners, np.concatenate(rhombi)))
    for axes in (plane, column):
        axes.set_aspect("equal")
        axes.set_axis_off()
    save(figure, path)


def save(figure: Any, path: Path) -> None:
    """Write the picture with a palette of 128 colours: a quarter of the bytes."""
    from PIL import Image  # Matplotlib needs it, too

    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3])
    image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def distinct_rhombi(halves: ResonantTensor) -> ResonantTensor:
    """Return the rhombi of half-tiles, shape (n, 4, 2), with their corners in cyclic order."""
    _, first = np.unique(integers(halves[:, 1] + halves[:, 2]), axis=0, return_index=True)
    a, b, c = (halves[first, k] for k in range(3))
    return np.stack([a, b, b + c - a, c], axis=1)


def tiles_around(corners: ResonantTensor, rhombi: ResonantTensor) -> Any:
    """Return how many rhombi meet at each corner."""
    rows = integers(np.concatenate([corners, rhombi.reshape(-1, 2)]))
    return np.unique(rows, axis=0, return_counts=True)[1] - 1  # both are sorted


def floats(points: ResonantTensor, power: int) -> Any:
    """Return u + vζ^power as x and y, turned so that the positive real axis points up."""
    values = points.to_floats()
    z = 1j * (values[..., 0] + values[..., 1] * np.exp(0.4j * np.pi * power))
    return np.stack([z.real, z.imag], axis=-1)


def draw_rhombi(axes: Any, rhombi: ResonantTensor, colours: tuple[str, ...]) -> None:
    """Draw the rhombi within the disc, the darker the farther their conjugates are from 0."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LinearSegmentedColormap

    middles = (rhombi[:, 0] + rhombi[:, 2]) / 2
    near = np.flatnonzero(square(middles) <= SHOWN**2)
    size = np.linalg.norm(floats(middles[near].galois_conjugate(), 2), axis=-1)
    paint = LinearSegmentedColormap.from_list("window", colours)(size / size.max())
    tiles = floats(rhombi[near], 1)
    axes.add_collection(PolyCollection(tiles, facecolors=paint, edgecolors=NIGHT, linewidths=0.9))


def draw_window(axes: Any, corners: ResonantTensor, meeting: Any) -> None:
    """Draw the conjugates in their pentagons, coloured by how many tiles meet at the corner."""
    kind, conjugates = classes(corners), floats(corners.galois_conjugate(), 2)
    complete = np.asarray(square(corners) <= COMPLETE**2)
    for number, middle in COLUMN.items():
        place = np.array([0, middle])
        corner = ResonantTensor([[WINDOWS[number].galois_conjugate(), 0]])
        rim = [corner := corner @ TURN for _ in range(5)]
        star = floats(np.concatenate(rim).galois_conjugate(), 2) + place
        axes.fill(*star.T, facecolor="none", edgecolor=RIM, linewidth=0.6, zorder=3)
        axes.fill(
            *star[[0, 3, 1, 4, 2]].T, facecolor="none", edgecolor=RIM, linewidth=1.4, zorder=3
        )
        for count, colour in BY_TILES.items():
            chosen = (kind == number) & complete & (meeting == count)
            axes.scatter(*(conjugates[chosen] + place).T, s=5, color=colour, linewidths=0)


if __name__ == "__main__":
    main(sys.argv)

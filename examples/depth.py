"""How activations grow in a stack of residual blocks, mode by mode, beside what theory says.

A block is x to phi_residual(x, f(x)). Where the branch is aligned, f(x) = x, the norm grows by
1 + 1/φ = φ in mode "phi", 2/φ in "phi_symmetric" and 2 in "standard". Where f is a linear layer of
random weights, f(x) is as long as x on average and independent of it: sqrt(1 + 1/φ²), sqrt(2)/φ and
sqrt(2). A trained network lies somewhere between, and a normalization puts an end to either.

Run:  python examples/depth.py [--plot PICTURE.png] [--depth N] [--width N] [--stacks N]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from syntonic import PHI, ResonantTensor, phi_residual
from syntonic.constants import PHI_FLOAT, PHI_INV_FLOAT

MODES = ("phi", "phi_symmetric", "standard")
THEORY = {
    "aligned": (PHI_FLOAT, 2 * PHI_INV_FLOAT, 2.0),
    "independent": ((1 + PHI_INV_FLOAT**2) ** 0.5, 2**0.5 * PHI_INV_FLOAT, 2**0.5),
}
"""The factor of a block, for each mode."""

Branch = Callable[[np.random.Generator, Any], Any]


def main() -> None:
    asked = parsed()
    prove_aligned(asked.depth)
    found = {
        kind: [
            np.array([norms(branch, mode, seed, asked) for seed in range(asked.stacks)])
            for mode in MODES
        ]
        for kind, branch in (("aligned", aligned), ("independent", independent))
    }
    print_table(found, asked)
    if asked.plot:
        draw(found, asked.plot)
        print(f"drawn: {asked.plot.name}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Growth of activations in residual stacks.")
    parser.add_argument("--plot", type=Path, help="write a picture here")
    parser.add_argument("--depth", type=int, default=32, help="blocks of a stack")
    parser.add_argument("--width", type=int, default=256, help="elements of an activation")
    parser.add_argument("--stacks", type=int, default=24, help="stacks with other random weights")
    return parser.parse_args()


# -- The stacks -----------------------------------------------------------------------------


def aligned(random: np.random.Generator, x: Any) -> Any:
    return x


def independent(random: np.random.Generator, x: Any) -> Any:
    """Apply a linear layer whose weights nobody has seen before, of variance 1/width."""
    weights = random.standard_normal((len(x), len(x))) / len(x) ** 0.5
    return weights @ x


def norms(branch: Branch, mode: str, seed: int, asked: argparse.Namespace) -> Any:
    """Return the norm of the activations after 0, 1, ... blocks, the first one being 1."""
    random = np.random.default_rng(seed)
    x = random.standard_normal(asked.width)
    found = [np.linalg.norm(x)]
    for _ in range(asked.depth):
        out = phi_residual(
            ResonantTensor.from_flux(x), ResonantTensor.from_flux(branch(random, x)), mode=mode
        )
        x = np.asarray(out)
        found.append(np.linalg.norm(x))
    return np.array(found) / found[0]


def prove_aligned(depth: int) -> None:
    """Stop unless aligned blocks give exactly the powers of φ, 2/φ and 2, in the field."""
    start = ResonantTensor([1, -2, PHI])
    for mode, factor in zip(MODES, (PHI, 2 / PHI, 2), strict=True):
        x = start
        for _ in range(depth):
            x = phi_residual(x, x, mode=mode)
        if not x.equals(factor**depth * start):
            raise SystemExit(f"mode {mode}: an aligned stack is not a power")
    print(f"aligned stacks of {depth} blocks: φ^{depth}, (2/φ)^{depth} and 2^{depth}, exactly\n")


# -- What came out --------------------------------------------------------------------------


def factors(table: Any) -> Any:
    """Return the mean factor of a block, for each stack."""
    return table[:, -1] ** (1 / (table.shape[1] - 1))


def print_table(found: dict[str, list[Any]], asked: argparse.Namespace) -> None:
    print(f"growth of the norm per block: {asked.stacks} stacks of {asked.depth} blocks, "
          f"width {asked.width}")  # fmt: skip
    print(f"{'branches':12} {'mode':14} {'theory':>8} {'measured':>9} {'± deviation':>12} "
          f"{'whole stack':>12}")  # fmt: skip
    for kind, tables in found.items():
        for mode, theory, table in zip(MODES, THEORY[kind], tables, strict=True):
            each = factors(table)
            print(f"{kind:12} {mode:14} {theory:8.4f} {each.mean():9.4f} {each.std():12.4f} "
                  f"{np.exp(np.log(table[:, -1]).mean()):12.4g}")  # fmt: skip


# -- The picture ----------------------------------------------------------------------------

NIGHT, PALE = "#0b1020", "#cfd6e6"
COLOURS = {"phi": "#f6cf6e", "phi_symmetric": "#7fcdbb", "standard": "#e0823d"}
NAMES = {
    "phi": "x + f/φ",
    "phi_symmetric": "(x + f)/φ",
    "standard": "x + f",
}
KEY = "points: measured\nlines: theory\nbands: 95 % of the stacks"
FACTORS = {
    "aligned": ("φ", "2/φ", "2"),
    "independent": ("√(1 + 1/φ²)", "√2/φ", "√2"),
}


def draw(found: dict[str, list[Any]], path: Path) -> None:
    """Draw norms over blocks, measured as points over theory as lines, on one scale."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.8), dpi=110, facecolor=NIGHT, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2)
    for axes, kind in zip(panels, found, strict=True):
        style(axes, f"{kind} branches")
        for row in zip(MODES, THEORY[kind], FACTORS[kind], found[kind], strict=True):
            draw_mode(axes, *row)
    panels[0].set_ylabel("norm of the activations, from 1 on", color=PALE)
    panels[0].text(0.03, 0.97, KEY, color=PALE, va="top", transform=panels[0].transAxes)
    figure.savefig(path, facecolor=NIGHT)


def style(axes: Any, title: str) -> None:
    axes.set_facecolor(NIGHT)
    axes.set_yscale("log")
    axes.set_title(title, color=PALE, loc="left")
    axes.set_xlabel("blocks", color=PALE)
    axes.tick_params(colors=PALE, which="both")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)


def draw_mode(axes: Any, mode: str, theory: float, factor: str, table: Any) -> None:
    """Draw the geometric mean of the stacks, all of them as a band, and the power of theory."""
    blocks = np.arange(table.shape[1])
    colour = COLOURS[mode]
    axes.plot(blocks, theory**blocks, color=colour, linewidth=1.2)
    axes.fill_between(blocks, *np.percentile(table, (2.5, 97.5), axis=0), color=colour,
                      alpha=0.25, linewidth=0)  # fmt: skip
    axes.plot(blocks, np.exp(np.log(table).mean(axis=0)), "o", color=colour, markersize=3)
    axes.annotate(f"{NAMES[mode]}\n{factor} each block", (blocks[-1], table[:, -1].mean()),
                  xytext=(8, 0), textcoords="offset points", color=colour, va="center",
                  annotation_clip=False)  # fmt: skip


if __name__ == "__main__":
    main()

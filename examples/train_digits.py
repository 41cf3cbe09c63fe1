"""Digits, learned by one residual network in three modes: what a golden target is worth here.

The network is the same each time: eight by eight pixels, blocks of batch norm, linear layer, relu,
linear layer, and a residual connection around each. What differs:

* standard: x + f(x), variance 1: the usual network;
* golden: x + f(x)/φ, variance 1/φ;
* custom: x + 0.6 f(x), variance 0.6: a number near 1/φ = 0.618 that nobody calls golden.

For each seed the three share the split of the data, the first weights and the order of batches, so
that they can be compared in pairs; and all of it is done for two learning rates. Tables have means
and intervals of 95 % (Student's t) over seeds, and say of a difference whose interval holds 0 that
none is shown. All splits are of the same 1797 images, and no setting was tuned for any mode: what
comes out holds for these alone.

Run:  python examples/train_digits.py [--plot PICTURE.png] [--seeds N] [--epochs N] [--rate R ...]
Needs: pip install ".[torch,examples]"
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

from syntonic import GoldenNormMode
from syntonic.torch import GoldenBatchNorm1d, phi_residual

MODES = ("standard", "golden", "custom")
CUSTOM = 0.6
WIDTH, BLOCKS, BATCH = 48, 4, 96

Curves = dict[str, Any]
"""By mode what was measured after each epoch, (seeds, epochs)."""


def main() -> None:
    asked = parsed()
    torch.set_num_threads(1)  # such small layers gain nothing by more
    losses = {}
    for rate in asked.rate:
        losses[rate], error = curves(asked.seeds, asked.epochs, rate)
        print_table(losses[rate], error, rate)
    if asked.plot:
        draw(losses, asked.plot)
        print(f"drawn: {asked.plot.name}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train on digits in three modes.")
    parser.add_argument("--plot", type=Path, help="write a picture here")
    parser.add_argument("--seeds", type=int, default=8, help="trainings of each mode, 2 or more")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rate", type=float, nargs="+", default=[0.05, 0.01], metavar="R",
                        help="first learning rates")  # fmt: skip
    return parser.parse_args()


# -- The network ----------------------------------------------------------------------------


class Block(nn.Module):
    """x and f(x) joined as the mode says."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        target = GoldenNormMode.custom(CUSTOM) if mode == "custom" else mode
        self.mode = mode
        self.branch = nn.Sequential(
            GoldenBatchNorm1d(WIDTH, mode=target),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, WIDTH),
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "custom":
            return x + CUSTOM * self.branch(x)
        return phi_residual(x, self.branch(x), "phi" if self.mode == "golden" else "standard")


def network(mode: str, seed: int) -> nn.Module:
    torch.manual_seed(seed)  # the same weights for every mode
    blocks = [Block(mode) for _ in range(BLOCKS)]
    return nn.Sequential(nn.Linear(64, WIDTH), *blocks, nn.Linear(WIDTH, 10))


# -- Training -------------------------------------------------------------------------------


def curves(seeds: int, epochs: int, rate: float) -> tuple[Curves, Curves]:
    """Return test losses and test errors in percent after each epoch, (seeds, epochs) by mode."""
    runs = {
        mode: np.array([train(mode, seed, epochs, rate) for seed in range(seeds)]) for mode in MODES
    }
    return {m: r[..., 0] for m, r in runs.items()}, {m: r[..., 1] for m, r in runs.items()}


def data(seed: int) -> list[Tensor]:
    """Return images and digits to train by, and images and digits to test by."""
    pixels, digits = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(
        pixels / 16, digits, test_size=0.25, stratify=digits, random_state=seed
    )
    return [torch.tensor(x).float(), torch.tensor(y), torch.tensor(x_test).float(),
            torch.tensor(y_test)]  # fmt: skip


def train(mode: str, seed: int, epochs: int, rate: float) -> list[tuple[float, float]]:
    """Return test loss and test error after each epoch."""
    x, y, x_test, y_test = data(seed)
    module = network(mode, seed)
    optimizer = torch.optim.SGD(module.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    order = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(epochs):
        module.train()
        for batch in torch.randperm(len(x), generator=order).split(BATCH):
            if len(batch) > 1:
                optimizer.zero_grad()
                nn.functional.cross_entropy(module(x[batch]), y[batch]).backward()
                optimizer.step()
        schedule.step()
        found.append(tested(module.eval(), x_test, y_test))
    return found


@torch.no_grad()
def tested(module: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    out = module(x)
    wrong = (out.argmax(1) != y).double().mean()
    return float(nn.functional.cross_entropy(out, y)), 100 * float(wrong)


# -- What came out --------------------------------------------------------------------------


def interval(values: Any) -> tuple[Any, Any]:
    """Return means over seeds and half the widths of their intervals of 95 %."""
    n = len(values)
    half = student.ppf(0.975, n - 1) * values.std(axis=0, ddof=1) / n**0.5
    return values.mean(axis=0), half


def print_table(loss: Curves, error: Curves, rate: float) -> None:
    seeds, epochs = loss["golden"].shape
    print(f"learning rate {rate:g}, {seeds} seeds, {epochs} epochs: mean ± half an interval")
    print(f"{'mode':20} {'test error in %':>18} {'test loss':>18}")
    for mode in MODES:
        print(f"{mode:20} {shown(error[mode][:, -1], 2):>18} {shown(loss[mode][:, -1], 4):>18}")
    print("\nin pairs, seed by seed")
    for other in ("standard", "custom"):
        pairs = [c["golden"][:, -1] - c[other][:, -1] for c in (error, loss)]
        print(f"golden - {other:11} {shown(pairs[0], 2):>18} {shown(pairs[1], 4):>18}")
        for name, pair in zip(("error", "loss"), pairs, strict=True):
            print(f"    {name}: {verdict(pair)}")
    print()


def shown(values: Any, digits: int) -> str:
    mean, half = interval(values)
    return f"{round(mean, digits) + 0.0:.{digits}f} ± {half:.{digits}f}"  # no -0.00


def verdict(pairs: Any) -> str:
    mean, half = interval(pairs)
    if abs(mean) <= half:
        return "no difference is shown"
    return f"golden is {'lower' if mean < 0 else 'higher'}, on these data with these settings"


# -- The picture ----------------------------------------------------------------------------

NIGHT, PALE = "#0b1020", "#cfd6e6"
COLOURS = {"standard": "#e0823d", "golden": "#f6cf6e", "custom": "#7fcdbb"}
LABELS = {
    "standard": "standard: x + f, variance 1",
    "golden": "golden: x + f/φ, variance 1/φ",
    "custom": f"custom: x + {CUSTOM} f, variance {CUSTOM}",
}


def draw(losses: dict[float, Curves], path: Path) -> None:
    """Draw mean test losses over epochs with their intervals, a panel for each learning rate."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), dpi=110, facecolor=NIGHT, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(losses), sharey=True, squeeze=False)[0]
    for axes, (rate, found) in zip(panels, losses.items(), strict=True):
        style(axes, f"test loss, learning rate {rate:g}")
        for mode in MODES:
            draw_curve(axes, mode, found[mode])
    title = f"means of {len(found['golden'])} seeds, bands: 95 % intervals"
    legend = panels[-1].legend(title=title, frameon=False, labelcolor=PALE)
    legend.get_title().set_color(PALE)
    figure.savefig(path, facecolor=NIGHT)


def style(axes: Any, title: str) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    axes.set_facecolor(NIGHT)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(title, color=PALE, loc="left")
    axes.set_xlabel("epochs", color=PALE)
    axes.tick_params(colors=PALE, which="both")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)


def draw_curve(axes: Any, mode: str, values: Any) -> None:
    """Draw a mean with its band, which a log scale cuts off at a third of the mean."""
    mean, half = interval(values)
    epochs = np.arange(1, len(mean) + 1)
    low = np.maximum(mean - half, mean / 3)
    axes.fill_between(epochs, low, mean + half, color=COLOURS[mode], alpha=0.22, linewidth=0)
    axes.plot(epochs, mean, color=COLOURS[mode], linewidth=1.8, label=LABELS[mode])


if __name__ == "__main__":
    main()

"""A network whose weights are golden lattice points: trained so, then computed with exactly.

Digits of eight by eight pixels go through linear layers, relu and one residual connection in golden
proportion, x + f(x)/φ. None of these leaves Q(√5), so that with weights (a + bφ), |b| <= precision,
and pixels k/16 every number up to the logits is exact. Two ways lead to such weights:

* snapped: train as usual, put the nearest lattice point in place of each weight;
* trained: for the second half of the epochs take lattice points in the forward pass, and let the
  gradient pass straight through to the weights behind them.

Both keep the epoch that is best on a validation set, judged on the lattice, and are told by test
errors: means over seeds and intervals of 95 % (Student's t), the difference in pairs.

Then the trained network of the first seed goes through a file and predicts the test set exactly:
whole and in pieces, with one thread and with two, always the same numbers. --digest FILE tells the
digest of such a file's logits, which is the same on every machine.

Run:  python examples/lattice_network.py [--plot PICTURE.png] [--seeds N] [--epochs N]
                                         [--precision P ...] [--save FILE] [--digest FILE]
Needs: pip install ".[torch,examples]"
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.utils import parametrize

import syntonic
from syntonic import GoldenExact, ResonantTensor
from syntonic.torch import (
    CrystallizedLinear,
    LatticeParameter,
    crystallize_module,
    load,
    phi_residual,
    save,
)

WIDTH, BATCH, RATE = 32, 64, 4e-3

Exact = dict[str, ResonantTensor]
"""Parameters of the network by name."""


def main() -> None:
    asked = parsed()
    torch.set_num_threads(1)  # such small layers gain nothing by more
    if asked.digest:
        print(digest(logits(load(asked.digest), every_image())))
        return
    runs = [every_way(seed, asked.epochs, asked.precision) for seed in range(asked.seeds)]
    print_table(runs, asked.precision)
    largest = max(asked.precision)
    inference(*runs[0]["networks"][largest], runs[0]["split"], asked.save)
    if asked.plot:
        draw(runs, asked.precision, asked.plot)
        print(f"drawn: {asked.plot.name}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train on the golden lattice, predict exactly.")
    parser.add_argument("--plot", type=Path, help="write a picture here")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each kind, 2 or more")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--precision", type=int, nargs="+", default=[1, 2, 3, 5, 8], metavar="P",
                        help="bounds on |b|")  # fmt: skip
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the exact network here")
    parser.add_argument("--digest", type=Path, metavar="FILE",
                        help="tell the digest of a kept network's logits, no more")  # fmt: skip
    return parser.parse_args()


# -- The network, twice ---------------------------------------------------------------------


class Network(nn.Module):
    """In floats, as it is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(64, WIDTH), nn.Linear(WIDTH, 10)
        self.inner, self.outer = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        return self.last(phi_residual(x, self.outer(self.inner(x).relu())))


def logits(exact: Exact, x: ResonantTensor) -> ResonantTensor:
    """Return the same function in exact arithmetic."""
    names = ("first", "inner", "outer", "last")
    first, inner, outer, last = (
        CrystallizedLinear(exact[f"{name}.weight"], exact[f"{name}.bias"]) for name in names
    )
    x = first(x).relu()
    return last(syntonic.phi_residual(x, outer(inner(x).relu())))


def exactly(x: Any) -> ResonantTensor:
    """Return images as what they are, sixteenths."""
    sixteenths = (16 * np.asarray(x)).astype(np.int64)
    return ResonantTensor.from_lattice(sixteenths, 0 * sixteenths, denominator=16)


def every_image() -> ResonantTensor:
    return exactly(load_digits().data / 16)


# -- Training -------------------------------------------------------------------------------


def data(seed: int) -> list[Tensor]:
    """Return images and digits to train by, to choose by, and to test by."""
    pixels, digits = load_digits(return_X_y=True)
    x, x_rest, y, y_rest = train_test_split(
        pixels / 16, digits, test_size=0.4, stratify=digits, random_state=seed
    )
    x_valid, x_test, y_valid, y_test = train_test_split(
        x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=seed
    )
    parts = x, y, x_valid, y_valid, x_test, y_test
    return [torch.tensor(part, dtype=torch.float32 if i % 2 == 0 else torch.int64)
            for i, part in enumerate(parts)]  # fmt: skip


def every_way(seed: int, epochs: int, precisions: list[int]) -> dict[str, Any]:
    """Return test errors in percent of a float network and, by precision, of both ways."""
    split = data(seed)
    torch.manual_seed(seed)
    network = Network()
    plain, half = Best(split), network
    snapped = {p: Best(split, p) for p in precisions}
    for epoch, state in enumerate(training(network, split, epochs, seed)):
        for best in (plain, *snapped.values()):
            best.look(state)
        if epoch + 1 == epochs // 2:
            half = deepcopy(state)
    trained = {p: Best(split, p) for p in precisions}
    for p, best in trained.items():
        for state in training(on_lattice(half, p), split, epochs - epochs // 2, seed):
            best.look(state)
    return {
        "float": plain.test_error(),
        "snapped": [best.test_error() for best in snapped.values()],
        "trained": [best.test_error() for best in trained.values()],
        "networks": {p: best.kept for p, best in trained.items()},
        "split": split,
    }


def training(network: nn.Module, split: list[Tensor], epochs: int, seed: int) -> Iterator[Any]:
    """Train, and yield the network after each epoch."""
    x, y = split[:2]
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for batch in torch.randperm(len(x), generator=order).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
            optimizer.step()
        schedule.step()
        yield network


def on_lattice(network: nn.Module, precision: int) -> nn.Module:
    """Return a copy whose weights and biases are lattice points in every forward pass."""
    network = deepcopy(network)
    for layer in list(network.children()):
        for name in ("weight", "bias"):
            parametrize.register_parametrization(layer, name, LatticeParameter(precision))
    return network


def woken(network: nn.Module, exact: Exact) -> nn.Module:
    """Return a plain network with the floats of exact weights."""
    plain = Network()
    floats = {name: torch.from_numpy(t.to_floats()) for name, t in exact.items()}
    plain.load_state_dict(floats)
    return plain


class Best:
    """The network of the best epoch, judged with its weights on the lattice if there is one."""

    def __init__(self, split: list[Tensor], precision: int | None = None) -> None:
        self.split, self.precision = split, precision
        self.loss = float("inf")
        self.kept: Any = None

    def look(self, network: nn.Module) -> None:
        """Keep what the network is now, if it does better than before."""
        plain, exact = self._judged(network)
        x, y = self.split[2:4]
        with torch.no_grad():
            loss = float(nn.functional.cross_entropy(plain(x), y))
        if loss < self.loss:
            self.loss, self.kept = loss, (plain, exact)

    def _judged(self, network: nn.Module) -> tuple[nn.Module, Exact]:
        if self.precision is None:
            return deepcopy(network), {}
        behind = Network()
        state = {name.replace("parametrizations.", "").replace(".original", ""): value
                 for name, value in network.state_dict().items()}  # fmt: skip
        behind.load_state_dict(state)
        exact, _ = crystallize_module(behind, self.precision)
        return woken(behind, exact), exact

    @torch.no_grad()
    def test_error(self) -> float:
        x, y = self.split[4:]
        return 100 * float((self.kept[0](x).argmax(1) != y).double().mean())


# -- Exact inference ------------------------------------------------------------------------


def inference(network: nn.Module, exact: Exact, split: list[Tensor], keep: Path | None) -> None:
    """Predict exactly, in several ways that must not differ, and tell what floats do."""
    x, y = split[4:]
    with TemporaryDirectory() as folder:
        file = keep or Path(folder) / "network.safetensors"
        save(exact, file)
        exact, size = load(file), file.stat().st_size
    whole = logits(exact, exactly(x))
    a, b, _ = whole.numerators()
    bits = max(int(v).bit_length() for v in (*a.ravel().tolist(), *b.ravel().tolist()))
    print(f"exactly: {sum(t.size for t in exact.values())} weights through a file of {size} bytes;")
    print(f"  {len(x)} images give logits of numerators up to {bits} bits")
    ways = 0
    for threads in (1, 2):
        for piece in (1, 7, 100, len(x)):
            with syntonic.num_threads(threads):
                pieces = [logits(exact, exactly(part)) for part in x.split(piece)]
            if not np.concatenate(pieces).equals(whole):
                raise SystemExit(f"pieces of {piece} with {threads} thread(s) differ")
            ways += 1
    print(f"  {ways} ways, in pieces of any size with one thread and with two: the same numbers")
    compare(network, whole, x, y)
    print(f"  digest of the logits of all images: {digest(logits(exact, every_image()))}")


def compare(network: nn.Module, whole: ResonantTensor, x: Tensor, y: Tensor) -> None:
    """Tell how far floats go with the exact logits, and with themselves."""
    found = whole.argmax(axis=1)
    print(f"  test error in %: {100 * np.mean(found != y.numpy()):.2f}, without a rounding")
    with torch.no_grad():
        at_once, cut = network(x), torch.cat([network(part) for part in x.split(1)])
    missed = np.abs(at_once.numpy() - whole.to_floats()).max()
    same = int((at_once.argmax(1).numpy() == found).sum())
    print(f"in float32: {same} of {len(x)} predictions are the exact ones, logits are off by up to")
    print(f"  {missed:.1e}; {int((at_once != cut).sum())} of {cut.numel()} logits change with the "
          "size of a batch")  # fmt: skip


def digest(exact: ResonantTensor) -> str:
    """Return a short digest of numbers, which no layout or denominator has a part in."""
    lines = (f"{a} {b}" for a, b in zip(exact.a.ravel(), exact.b.ravel(), strict=True))
    return sha256("\n".join(lines).encode()).hexdigest()[:32]


# -- What came out --------------------------------------------------------------------------


def interval(values: Any) -> tuple[Any, Any]:
    """Return means over seeds and half the widths of their intervals of 95 %."""
    values = np.asarray(values)
    n = len(values)
    half = student.ppf(0.975, n - 1) * values.std(axis=0, ddof=1) / n**0.5
    return values.mean(axis=0), half


def print_table(runs: list[dict[str, Any]], precisions: list[int]) -> None:
    floats = shown([run["float"] for run in runs])
    print(f"{len(runs)} seeds, test errors in %: mean ± half an interval; in floats {floats}")
    print(f"{'precision':>9} {'snapped':>15} {'trained':>15} {'trained - snapped':>18}")
    for i, precision in enumerate(precisions):
        snapped, trained = (np.array([run[k][i] for run in runs]) for k in ("snapped", "trained"))
        cells = shown(snapped), shown(trained), shown(trained - snapped)
        print(f"{precision:>9} {cells[0]:>15} {cells[1]:>15} {cells[2]:>18}")
    print()


def shown(values: Any) -> str:
    mean, half = interval(values)
    return f"{mean:.2f} ± {half:.2f}"


# -- The picture ----------------------------------------------------------------------------

NIGHT, PALE = "#0b1020", "#cfd6e6"
COLOURS = {"snapped": "#e0823d", "trained": "#f6cf6e", "float": "#7fcdbb"}
LABELS = {
    "snapped": "snapped to the lattice after training",
    "trained": "trained on the lattice",
    "float": "any float32 for a weight",
}


def draw(runs: list[dict[str, Any]], precisions: list[int], path: Path) -> None:
    """Draw test errors over precisions, and the weights of a network in the lattice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), dpi=110, facecolor=NIGHT, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.set_facecolor(NIGHT)
        axes.tick_params(colors=PALE)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(PALE)
    draw_errors(left, runs, precisions)
    middle = precisions[len(precisions) // 2]
    draw_weights(right, runs[0]["networks"][middle][1], middle)
    figure.savefig(path, facecolor=NIGHT)


def draw_errors(axes: Any, runs: list[dict[str, Any]], precisions: list[int]) -> None:
    mean, half = interval([run["float"] for run in runs])
    bands = {"float": (np.full(len(precisions), mean), np.full(len(precisions), half))}
    bands |= {kind: interval([run[kind] for run in runs]) for kind in ("snapped", "trained")}
    for kind, (mean, half) in bands.items():
        band = mean - half, mean + half
        axes.fill_between(precisions, *band, color=COLOURS[kind], alpha=0.22, linewidth=0)
        marker = "" if kind == "float" else "o"
        axes.plot(precisions, mean, color=COLOURS[kind], marker=marker, label=LABELS[kind])
    axes.set_ylim(bottom=0)
    axes.set_xticks(precisions)
    axes.set_title("test error in %", color=PALE, loc="left")
    axes.set_xlabel("precision: the bound on |b| of weights a + bφ", color=PALE)
    title = f"means of {len(runs)} seeds, bands: 95 % intervals"
    legend = axes.legend(title=title, frameon=False, labelcolor=PALE)
    legend.get_title().set_color(PALE)


def draw_weights(axes: Any, exact: Exact, precision: int) -> None:
    """Draw each lattice point in use at (value, conjugate), larger where it is used more often."""
    counts: Counter[tuple[int, int]] = Counter()
    for tensor in exact.values():
        a, b, _ = tensor.numerators()
        counts.update(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    root = 5**0.5
    points = np.array([(a + b * (1 + root) / 2, a + b * (1 - root) / 2) for a, b in counts])
    areas = 900 * np.sqrt(np.array(list(counts.values())) / max(counts.values()))
    axes.scatter(*points.T, s=areas, color=COLOURS["trained"], alpha=0.75, linewidth=0)
    if len(counts) <= 15:
        for pair, point in zip(counts, points, strict=True):
            place = {"textcoords": "offset points", "xytext": (0, -26), "ha": "center"}
            axes.annotate(str(GoldenExact(*pair)), point, color=PALE, fontsize=9, **place)
    axes.margins(0.14)
    axes.set_title(f"weights in use, precision {precision}", color=PALE, loc="left")
    axes.set_xlabel("a + bφ", color=PALE)
    axes.set_ylabel("its conjugate, a + b(1 - φ)", color=PALE)


if __name__ == "__main__":
    main()

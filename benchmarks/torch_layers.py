"""Golden layers beside torch.nn's: overhead of a call, forward and backward, a training step.

    python -m benchmarks.torch_layers                      # on the CPU, with one thread and two
    python -m benchmarks.torch_layers --device cuda
    python -m benchmarks.torch_layers --threads 1 --only step --compile

Contenders take turns in one process, with the same number of threads; figures are medians. Each row
has torch's time over ours: above 1 the golden layer is faster. The overhead is our time over that
of `torch.add` instead. With one thread on the CPU its own time is taken, so that what else runs on
the machine counts less; else it is the time on the wall. Freed memory stays with the process.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

import syntonic
import syntonic.torch as st
from benchmarks.measure import keep_memory, machine, pretty

INV = (5**0.5 - 1) / 2
Call = Callable[[], Any]


@dataclass
class Row:
    """One comparison."""

    group: str
    name: str
    ours: Call
    theirs: Call
    goal: float | None = None
    """The least torch/ours; of the overhead, the most ours/torch."""


def clock(call: Call, repeats: int, device: str) -> float:
    """Return seconds of one call; a device is waited for at the end."""
    alone = device == "cpu" and torch.get_num_threads() == 1
    now = time.thread_time if alone else time.perf_counter
    start = now()
    for _ in range(repeats):
        call()
    if device == "cuda":
        torch.cuda.synchronize()
    return (now() - start) / repeats


def measured(row: Row, device: str, rounds: int, least: float) -> tuple[float, float]:
    """Return the medians of both, which take turns."""
    calls, times = (row.ours, row.theirs), ([], [])
    for call in calls:
        clock(call, 3, device)
    repeats = [max(1, int(least / max(clock(call, 2, device), 1e-7))) for call in calls]
    for _ in range(rounds):
        for call, repeat, found in zip(calls, repeats, times, strict=True):
            found.append(clock(call, repeat, device))
    ours, theirs = map(statistics.median, times)
    return ours, theirs


def leaf(*shape: int, device: str, grad: bool = True, dtype: Any = torch.float32) -> Any:
    return torch.randn(*shape, device=device, dtype=dtype, requires_grad=grad)


def overhead(device: str) -> Iterator[Row]:
    """Calls on 8 x 8: what is measured is Python."""
    x, y = leaf(8, 8, device=device, grad=False), leaf(8, 8, device=device, grad=False)
    p, q, g = leaf(8, 8, device=device), leaf(8, 8, device=device), torch.ones(8, 8, device=device)

    def add() -> Any:
        return torch.add(x, y, alpha=INV)

    def added() -> Any:
        return torch.add(p, q, alpha=INV)

    group = "overhead"
    yield Row(group, "residual", lambda: st.phi_residual(x, y), add, 7)
    yield Row(group, "layer norm", lambda: st.golden_layer_norm(x), add, 7)
    yield Row(group, "softmax", lambda: st.syntonic_softmax(x), add, 7)
    yield Row(group, "batch norm", lambda: st.golden_batch_norm(x, training=True), add, 7)
    yield Row(group, "residual, grad on", lambda: st.phi_residual(p, q), add, 9)
    yield Row(
        group, "residual, forward + backward",
        lambda: st.phi_residual(p, q).backward(g), lambda: added().backward(g), 2.5,
    )  # fmt: skip


def layers(device: str, dtype: Any) -> Iterator[Row]:
    """Forward and backward of large tensors, parameters included."""
    n = 1024
    x, y = leaf(n, n, device=device, dtype=dtype), leaf(n, n, device=device, dtype=dtype)
    weight, bias = leaf(n, device=device, dtype=dtype), leaf(n, device=device, dtype=dtype)
    grad = leaf(n, n, device=device, grad=False, dtype=dtype)
    images = leaf(128, 64, 28, 28, device=device, dtype=dtype)
    scale, shift = leaf(64, device=device, dtype=dtype), leaf(64, device=device, dtype=dtype)
    slope = leaf(128, 64, 28, 28, device=device, grad=False, dtype=dtype)

    def both(forward: Call, leaves: tuple[Any, ...], by: Any) -> Call:
        return lambda: torch.autograd.grad(forward(), leaves, by)

    def row(name: str, ours: Call, theirs: Call, leaves: Any, by: Any = grad) -> Row:
        return Row("layers", name, both(ours, leaves, by), both(theirs, leaves, by), 1.0)

    affine = (x, weight, bias)
    yield row(
        "layer norm 1024x1024",
        lambda: st.golden_layer_norm(x, gamma=weight, beta=bias),
        lambda: functional.layer_norm(x, (n,), weight, bias),
        affine,
    )
    yield row(
        "softmax 1024x1024",
        lambda: st.syntonic_softmax(x), lambda: torch.softmax(x, -1), (x,),
    )  # fmt: skip
    yield row(
        "residual 1024x1024",
        lambda: st.phi_residual(x, y), lambda: torch.add(x, y, alpha=INV), (x, y),
    )  # fmt: skip
    yield row(
        "residual + layer norm 1024x1024",
        lambda: st.phi_residual_layernorm(x, y, weight, bias),
        lambda: functional.layer_norm(torch.add(x, y, alpha=INV), (n,), weight, bias),
        (*affine, y),
    )
    yield row(
        "batch norm 1024x1024",
        lambda: st.golden_batch_norm(x, None, None, weight, bias, training=True),
        lambda: functional.batch_norm(x, None, None, weight, bias, training=True),
        affine,
    )
    yield row(
        "batch norm 128x64x28x28",
        lambda: st.golden_batch_norm(images, None, None, scale, shift, training=True),
        lambda: functional.batch_norm(images, None, None, scale, shift, training=True),
        (images, scale, shift),
        slope,
    )
    yield row(
        "softmax 128x64x28x28, channels",
        lambda: st.syntonic_softmax(images, 1), lambda: torch.softmax(images, 1), (images,), slope,
    )  # fmt: skip
    yield row(
        "residual 128x64x28x28",
        lambda: st.phi_residual(images, images),
        lambda: torch.add(images, images, alpha=INV), (images,), slope,
    )  # fmt: skip


class Blocks(nn.Module):
    """Three linear layers, each with a residual connection and a layer norm after it."""

    def __init__(self, width: int, golden: bool) -> None:
        super().__init__()
        self.golden = golden
        self.linear = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        made = (lambda: st.PhiResidual("phi", "layernorm", width)) if golden else (
            lambda: nn.LayerNorm(width)
        )  # fmt: skip
        self.norms = nn.ModuleList(made() for _ in range(3))

    def forward(self, x: Any) -> Any:
        for linear, norm in zip(self.linear, self.norms, strict=True):
            y = linear(x)
            x = norm(x, y) if self.golden else norm(torch.add(x, y, alpha=INV))
        return x


def step(width: int, golden: bool, device: str, compiled: bool) -> Call:
    torch.manual_seed(0)
    model = Blocks(width, golden).to(device)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x = torch.randn(width, width, device=device)
    forward = torch.compile(model, fullgraph=True) if compiled else model

    def once() -> None:
        optimizer.zero_grad()
        (forward(x) ** 2).sum().backward()
        optimizer.step()

    return once


def steps(device: str, compiled: bool) -> Iterator[Row]:
    """Training steps with Adam, of a batch as large as the width."""
    for width, goal in ((64, 1 / 1.5), (256, 1 / 1.05), (1024, 1 / 1.05)):
        golden, plain = (step(width, which, device, False) for which in (True, False))
        yield Row("step", f"width {width}", golden, plain, goal)
    if compiled:
        for width in (64, 256):
            eager, traced = (step(width, True, device, which) for which in (False, True))
            yield Row("step", f"width {width}, compiled / golden eager", traced, eager, 1.0)


def rows(options: argparse.Namespace) -> Iterator[Row]:
    groups = {
        "overhead": lambda: overhead(options.device),
        "layers": lambda: layers(options.device, getattr(torch, options.dtype)),
        "step": lambda: steps(options.device, options.compile),
    }
    for name, group in groups.items():
        if options.only in (None, name):
            yield from group()


def verdict(row: Row, ratio: float) -> str:
    if row.goal is None:
        return ""
    met = ratio <= row.goal if row.group == "overhead" else ratio >= row.goal
    return f"goal {row.goal:.2f}: {'met' if met else 'missed'}"


def report(options: argparse.Namespace, threads: int) -> None:
    torch.set_num_threads(threads)
    print(f"\n{options.device}, {options.dtype}, {threads} thread(s)")
    with syntonic.num_threads(threads):
        for row in rows(options):
            ours, theirs = measured(row, options.device, options.rounds, options.least)
            ratio = ours / theirs if row.group == "overhead" else theirs / ours
            times = f"{pretty(ours):>10s} {pretty(theirs):>10s}"
            print(f"{row.group:9s}{row.name:42s}{times} {ratio:8.2f}  {verdict(row, ratio)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", default="1,2", help="on the CPU: numbers, by commas")
    parser.add_argument("--only", choices=("overhead", "layers", "step"))
    parser.add_argument("--compile", action="store_true", help="steps under torch.compile too")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--least", type=float, default=0.02, help="seconds of one timing")
    options = parser.parse_args()
    print(machine())
    keep_memory()
    if options.device == "cuda":
        print(torch.cuda.get_device_name())
    print("name: ours, torch's, torch's / ours (overhead: ours / torch.add's)")
    for threads in [1] if options.device == "cuda" else map(int, options.threads.split(",")):
        report(options, threads)


if __name__ == "__main__":
    main()

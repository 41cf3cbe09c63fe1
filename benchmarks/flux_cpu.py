"""Flux on the CPU beside NumPy expressions and PyTorch, forward and backward.

    python -m benchmarks.flux_cpu [--json PATH] [--quick] [--more] [--threads N]

Arrays of a million elements and more, float32 and float64; PyTorch and the compiled
loops have the same number of threads (2), NumPy has one. Before anything is timed, the results are
compared. PyTorch's backward is `torch.autograd.grad` alone, its graph kept. For residual + layer
norm and the like PyTorch runs its own functions one after the other: `torch.add` and the next.
"""

from __future__ import annotations

import argparse
import os

# A thread that waits by spinning would take the core from the contender whose turn comes next.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import syntonic
from benchmarks.measure import Result, machine, side_by_side, table, write
from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cpu import norm, residual, softmax

try:
    import torch
    from torch.nn import functional
except ImportError:
    torch = functional = None

RNG = np.random.default_rng(30)
EPS = 1e-5
Calls = dict[str, Callable[[], Any]]


def normal(kind: type, *shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(kind)


def close(task: str, calls: Calls, kind: type) -> None:
    """Require that all contenders return the same, whatever they return besides."""
    ours, *others = ([np.asarray(v) for v in flat(call())] for call in calls.values())
    for other in others:
        for a, b in zip(ours, other, strict=False):
            scale = max(1.0, float(abs(b).max()))
            if not np.allclose(
                a.ravel(), b.ravel(), rtol=0, atol=2000 * np.finfo(kind).eps * scale
            ):
                raise SystemExit(f"{task}: the contenders disagree")


def squeezed(x: np.ndarray) -> np.ndarray:
    return x[..., 0] if x.ndim == 3 and x.shape[2] == 1 else x


def flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def task(name: str, size: int, kind: type, calls: Calls) -> Result:
    calls = {who: call for who, call in calls.items() if call is not None}
    close(name, calls, kind)
    contenders = {who: (call, size) for who, call in calls.items()}
    return side_by_side(f"{name}, {np.dtype(kind)}", contenders, unit="element", rounds=9)


def forward_and_backward(
    name: str,
    size: int,
    kind: type,
    ours: tuple[Callable[[], Any], Callable[[], Any]],
    numpy: tuple[Callable[[], Any] | None, Callable[[], Any] | None],
    theirs: Callable[..., Any],
    arrays: tuple[np.ndarray, ...],
    grad: np.ndarray,
) -> Iterator[Result]:
    """Time a function of PyTorch, without a graph and then only its derivative, and ours."""
    calls: list[Calls] = [{"syntonic": f, "NumPy": g} for f, g in zip(ours, numpy, strict=True)]
    if torch is not None:
        # PyTorch knows (N, C) better than (N, C, 1).
        arrays, grad = tuple(map(squeezed, arrays)), squeezed(grad)
        plain = [torch.from_numpy(v) for v in arrays]
        leaves = [v.clone().requires_grad_() for v in plain]
        value, by = theirs(*leaves), torch.from_numpy(grad)
        calls[0]["PyTorch"] = lambda: theirs(*plain)
        calls[1]["PyTorch"] = lambda: torch.autograd.grad(value, leaves, by, retain_graph=True)
    yield task(name, size, kind, calls[0])
    yield task(f"{name}, backward", size, kind, calls[1])


# -- families ---------------------------------------------------------------------------------


def residuals(kind: type, rows: int, cols: int) -> Iterator[Result]:
    x, y, grad = (normal(kind, rows, cols) for _ in range(3))
    gamma, beta = normal(kind, 2, cols)
    size, c, shape = x.size, kind(PHI_INV), f"{rows}x{cols}"
    out = residual.residual_relu(x, y, "phi")
    _, found = residual.residual_layer_norm(x, y, gamma, beta, EPS, "phi")

    def total(x: Any, y: Any) -> Any:
        return torch.add(x, y, alpha=PHI_INV)

    yield from forward_and_backward(
        f"residual {shape}", size, kind,
        (lambda: residual.residual(x, y, "phi"), lambda: residual.residual_backward(grad, "phi")),
        (lambda: x + y * c, lambda: (grad, grad * c)),
        total, (x, y), grad,
    )  # fmt: skip
    yield from forward_and_backward(
        f"residual + relu {shape}", size, kind,
        (lambda: residual.residual_relu(x, y, "phi"),
         lambda: residual.residual_relu_backward(grad, out, "phi")),
        (lambda: np.maximum(x + y * c, 0),
         lambda: ((g := np.where(out > 0, grad, kind(0))), g * c)),
        lambda x, y: torch.relu(total(x, y)), (x, y), grad,
    )  # fmt: skip
    yield from forward_and_backward(
        f"residual + gelu {shape}", size, kind,
        (lambda: residual.residual_gelu(x, y, "phi"),
         lambda: residual.residual_gelu_backward(grad, x, y, "phi")),
        (None, None),
        lambda x, y: functional.gelu(total(x, y)), (x, y), grad,
    )  # fmt: skip
    yield from forward_and_backward(
        f"residual + layer norm {shape}", size, kind,
        (lambda: residual.residual_layer_norm(x, y, gamma, beta, EPS, "phi"),
         lambda: residual.residual_layer_norm_backward(grad, x, y, gamma, found, "phi")),
        (lambda: numpy_layer_norm(x + y * c, gamma, beta), None),
        lambda x, y, g, b: functional.layer_norm(total(x, y), (cols,), g, b, EPS),
        (x, y, gamma, beta), grad,
    )  # fmt: skip


def numpy_layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    d = x - x.mean(axis=1, keepdims=True)
    return d / np.sqrt(np.square(d).mean(axis=1, keepdims=True) + EPS) * gamma + beta


def numpy_layer_norm_backward(
    grad: np.ndarray, x: np.ndarray, gamma: np.ndarray, mean: np.ndarray, rstd: np.ndarray
) -> tuple[np.ndarray, ...]:
    normed, g = (x - mean[:, None]) * rstd[:, None], grad * gamma
    along, dot = g.mean(axis=1, keepdims=True), (g * normed).mean(axis=1, keepdims=True)
    return (g - along - normed * dot) * rstd[:, None], (grad * normed).sum(0), grad.sum(0)


def layer_norms(kind: type, rows: int, cols: int) -> Iterator[Result]:
    x, grad = normal(kind, rows, cols), normal(kind, rows, cols)
    gamma, beta = normal(kind, 2, cols)
    _, found = norm.layer_norm(x, 1.0, EPS, gamma, beta)
    mean, rstd = found[0].astype(kind), (1 / found[2]).astype(kind)
    yield from forward_and_backward(
        f"layer norm {rows}x{cols}", x.size, kind,
        (lambda: norm.layer_norm(x, 1.0, EPS, gamma, beta),
         lambda: norm.layer_norm_backward(grad, x, 1.0, gamma, found)),
        (lambda: numpy_layer_norm(x, gamma, beta),
         lambda: numpy_layer_norm_backward(grad, x, gamma, mean, rstd)),
        lambda x, g, b: functional.layer_norm(x, (cols,), g, b, EPS), (x, gamma, beta), grad,
    )  # fmt: skip


def numpy_batch_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    d = x - x.mean(axis=(0, 2), keepdims=True)
    scale = gamma[:, None] / np.sqrt(np.square(d).mean(axis=(0, 2), keepdims=True) + EPS)
    return d * scale + beta[:, None]


def numpy_batch_norm_backward(
    grad: np.ndarray, x: np.ndarray, gamma: np.ndarray, mean: np.ndarray, var: np.ndarray
) -> tuple[np.ndarray, ...]:
    rstd = 1 / np.sqrt(var + x.dtype.type(EPS))[:, None]
    normed, n = (x - mean[:, None]) * rstd, x.shape[0] * x.shape[2]
    dgamma, dbeta = (grad * normed).sum((0, 2)), grad.sum((0, 2))
    dx = (grad - dbeta[:, None] / n - normed * (dgamma[:, None] / n)) * (rstd * gamma[:, None])
    return dx, dgamma, dbeta


def batch_norms(kind: type, *shape: int) -> Iterator[Result]:
    x, grad = normal(kind, *shape), normal(kind, *shape)
    gamma, beta = normal(kind, 2, shape[1])
    _, found = norm.batch_norm(x, 1.0, EPS, gamma, beta)
    mean, var = found[0].astype(kind), found[2].astype(kind)
    yield from forward_and_backward(
        f"batch norm {'x'.join(map(str, shape))}", x.size, kind,
        (lambda: norm.batch_norm(x, 1.0, EPS, gamma, beta),
         lambda: norm.batch_norm_backward(grad, x, found, 1.0, EPS, gamma, True)),
        (lambda: numpy_batch_norm(x, gamma, beta),
         lambda: numpy_batch_norm_backward(grad, x, gamma, mean, var)),
        lambda x, g, b: functional.batch_norm(x, None, None, g, b, training=True, eps=EPS),
        (x, gamma, beta), grad,
    )  # fmt: skip


def numpy_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmaxes(kind: type, *shape: int) -> Iterator[Result]:
    x, grad = normal(kind, *shape), normal(kind, *shape)
    out = softmax.softmax_identity(x)
    yield from forward_and_backward(
        f"softmax {'x'.join(map(str, shape))}", x.size, kind,
        (lambda: softmax.softmax_identity(x), lambda: softmax.softmax_backward(grad, out)),
        (lambda: numpy_softmax(x), lambda: out * (grad - (out * grad).sum(1, keepdims=True))),
        lambda x: torch.softmax(x, 1), (x,), grad,
    )  # fmt: skip


def small(kind: type) -> list[Result]:
    """Time whole calls on 8 x 8 elements: what a call costs that has nothing to do."""
    x, y = normal(kind, 8, 8), normal(kind, 8, 8)
    ones, cube = np.ones(8, kind), x.reshape(8, 8, 1)
    calls = {
        "residual": lambda: residual.residual(x, y, "phi"),
        "residual + gelu": lambda: residual.residual_gelu(x, y, "phi"),
        "layer norm": lambda: norm.layer_norm(x, 1.0, EPS, ones, ones),
        "batch norm": lambda: norm.batch_norm(cube, 1.0, EPS, ones, ones),
        "softmax": lambda: softmax.softmax_identity(cube),
    }
    return [
        side_by_side(f"{name} 8x8, {np.dtype(kind)}", {"syntonic": (call, 1)})
        for name, call in calls.items()
    ]


def everything(rows: int, more: bool) -> Iterator[Result]:
    """Time one shape of each family in both types, or several."""
    for kind in (np.float32, np.float64):
        yield from residuals(kind, rows, 1024)
        yield from layer_norms(kind, rows, 1024)
        yield from batch_norms(kind, rows, 1024, 1)
        yield from batch_norms(kind, rows // 8, 64, 784)
        yield from softmaxes(kind, rows, 1024, 1)
        if more:
            yield from residuals(kind, 4 * rows, 1024)
            for shape in ((16 * rows, 64), (rows // 4, 4096)):
                yield from layer_norms(kind, *shape)
            for batch in ((64 * rows, 16, 1), (rows // 8, 256, 49)):
                yield from batch_norms(kind, *batch)
            for cube in ((128 * rows, 10, 1), (1, 1024 * rows, 1), (8, rows // 8, 1024)):
                yield from softmaxes(kind, *cube)
    yield from small(np.float64)


def verdict(results: list[Result]) -> str:
    """Count the goals: as fast as PyTorch, three times as fast as NumPy."""
    lines = []
    for who, goal in (("PyTorch", 1.0), ("NumPy", 3.0)):
        ratios = [(r.ratios[who], r.task) for r in results if who in r.ratios]
        missed = sorted((x, name) for x, name in ratios if x < goal)
        lines.append(
            f"{who}, goal {goal:g} times: {len(ratios) - len(missed)} of {len(ratios)} met"
        )
        lines += [f"  missed: {name}: {x:.2f}" for x, name in missed]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", metavar="PATH", help="write the medians there as well")
    parser.add_argument("--quick", action="store_true", help="arrays four times smaller")
    parser.add_argument("--more", action="store_true", help="more shapes of each family")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    syntonic.set_num_threads(options.threads)
    if torch is not None:
        torch.set_num_threads(options.threads)
    print(machine())
    print(f"threads: {options.threads}\n")
    results = list(everything(256 if options.quick else 1024, options.more))
    print(table(results))
    print(verdict(results))
    write(options.json, results, threads=options.threads)


if __name__ == "__main__":
    main()

"""What a launch costs in Python, before the kernel: on a CPU, with launches that do nothing.

    python -m benchmarks.launch_overhead [--json PATH] [--repeats 600] [--torch]

Needs CuPy, and no GPU: arrays are CuPy's own on memory that is not there. A time is the least of
the repeats. "ours" is that less what CuPy takes to make the arrays that the call returns; CuPy's
share of a launch, 3 to 5 microseconds on a GPU, is in neither. With --torch tensors of the CPU
play those of a device, through the functions of `syntonic.torch`, gradients included; beside them
is PyTorch's own operation on the CPU, on 16 rows of 64, which its kernel hardly takes time for.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

from benchmarks.gpu.pretended import CuPy, launches, pytorch
from benchmarks.measure import machine

__all__ = ["GOAL", "calls"]

GOAL = 10.0
"""Microseconds of ours that a call may take."""

Call = Callable[[], Any]


def calls(cupy: Any) -> Iterator[tuple[str, Call]]:
    """Return a call of every launcher on arrays of float32, by its name and the rows."""
    from syntonic.flux.cuda import norm, residual, softmax

    def array(*shape: int, dtype: Any = np.float32) -> Any:
        return cupy.empty(shape, dtype)

    for rows, cols in ((4096, 1024), (4, 131_072)):
        x, wide, gamma = array(rows, cols), array(rows, cols, 1), array(cols)
        kept, where = array(3, rows, dtype=np.float64), f"{rows}x{cols}"
        yield f"residual {where}", lambda x=x: residual.residual(x, x, "phi")
        yield f"gelu {where}", lambda x=x: residual.residual_gelu(x, x, "phi")
        yield f"gelu backward {where}", lambda x=x: residual.residual_gelu_backward(x, x, x, "phi")
        yield (
            f"residual layer norm {where}",
            lambda x=x, g=gamma: residual.residual_layer_norm(x, x, g, g, 1e-5, "phi"),
        )
        yield (
            f"residual layer norm backward {where}",
            lambda x=x, g=gamma, s=kept: residual.residual_layer_norm_backward(
                x, x, x, g, s, "phi"
            ),
        )
        yield (
            f"layer norm {where}",
            lambda x=x, g=gamma: norm.layer_norm(x, 1.0, 1e-5, g, g),
        )
        yield (
            f"layer norm backward {where}",
            lambda x=x, g=gamma, s=kept: norm.layer_norm_backward(x, x, 1.0, g, s),
        )
        yield f"softmax {where}", lambda x=wide: softmax.softmax_identity(x)
        yield f"softmax backward {where}", lambda x=wide: softmax.softmax_backward(x, x)
        yield (
            f"softmax learned {where}",
            lambda x=wide, g=gamma: softmax.softmax_learned(x, g, 1.0),
        )
        yield (
            f"softmax learned backward {where}",
            lambda x=wide: softmax.softmax_learned_backward(x, x, 1.0),
        )
        yield (
            f"softmax provided {where}",
            lambda x=wide: softmax.softmax_provided(x, x, 1.0, 1e-10),
        )
        yield (
            f"softmax provided backward {where}",
            lambda x=wide: softmax.softmax_provided_backward(x, x, x, 1.0, 1e-10),
        )
    planes, gamma, kept = array(128, 256, 3136), array(256), array(4, 256, dtype=np.float64)
    yield "batch norm", lambda: norm.batch_norm(planes, 1.0, 1e-5, gamma, gamma)
    yield (
        "batch norm backward",
        lambda: norm.batch_norm_backward(planes, planes, kept, 1.0, 1e-5, gamma, True),
    )
    yield "output stats", lambda: norm.output_stats(planes)


def torch_calls() -> Iterator[tuple[str, Call]]:
    """Return calls of `syntonic.torch` and, after each, of PyTorch's own operation."""
    import torch
    import torch.nn.functional as F

    import syntonic.torch as st

    x, y, grad = (torch.randn(16, 64) for _ in range(3))
    leaf, gamma = x.clone().requires_grad_(), torch.nn.Parameter(torch.ones(64))

    def backward(call: Call) -> Call:
        return lambda: call().backward(grad)

    yield "residual", lambda: st.phi_residual(x, y)
    yield "x + y", lambda: x + y
    yield "layer norm", lambda: st.golden_layer_norm(leaf, gamma=gamma, beta=gamma)
    yield "F.layer_norm", lambda: F.layer_norm(leaf, (64,), gamma, gamma)
    yield "softmax", lambda: st.syntonic_softmax(leaf)
    yield "F.softmax", lambda: F.softmax(leaf, -1)
    yield (
        "layer norm and backward",
        backward(lambda: st.golden_layer_norm(leaf, gamma=gamma, beta=gamma)),
    )
    yield (
        "F.layer_norm and backward",
        backward(lambda: F.layer_norm(leaf, (64,), gamma, gamma)),
    )
    yield "softmax and backward", backward(lambda: st.syntonic_softmax(leaf))
    yield "F.softmax and backward", backward(lambda: F.softmax(leaf, -1))


def least(call: Call, repeats: int) -> float:
    """Return the least microseconds of a call."""
    for _ in range(20):
        call()
    times = []
    for _ in range(repeats):
        began = perf_counter_ns()
        call()
        times.append(perf_counter_ns() - began)
    return min(times) / 1000


def measured(repeats: int) -> Iterator[dict[str, Any]]:
    cupy = CuPy()
    with launches(cupy):
        for name, call in calls(cupy):
            result = call()
            returned = {id(each): each for each in (result if type(result) is tuple else (result,))}
            total = least(call, repeats)
            theirs = sum(
                least(lambda a=a: cupy.empty(a.shape, a.dtype), repeats) for a in returned.values()
            )
            yield {"call": name, "microseconds": total, "ours": total - theirs}


def measured_with_pytorch(repeats: int) -> Iterator[dict[str, Any]]:
    with pytorch(CuPy()):
        for name, call in torch_calls():
            yield {"call": f"torch: {name}", "microseconds": least(call, repeats)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--repeats", type=int, default=600)
    parser.add_argument("--torch", action="store_true", help="syntonic.torch besides")
    args = parser.parse_args()
    results = []
    for result in measured(args.repeats):
        over = "  over the goal" if result["ours"] > GOAL else ""
        print(
            f"{result['call']:42s}{result['microseconds']:7.1f} us, ours {result['ours']:.1f}{over}"
        )
        results.append(result)
    for result in measured_with_pytorch(args.repeats) if args.torch else ():
        print(f"{result['call']:42s}{result['microseconds']:7.1f} us")
        results.append(result)
    if args.json:
        record = {"machine": machine(), "goal": GOAL, "results": results}
        args.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

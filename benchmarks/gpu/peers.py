"""The same operations as others offer them: PyTorch, CuPy's array expressions, Triton.

PyTorch's forms are the fastest that its eager mode has for the formula, on tensors that share the
memory of our arrays. CuPy's are what a user would write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from types import SimpleNamespace
from typing import Any

from benchmarks.gpu.cases import Case
from benchmarks.gpu.device import optional
from benchmarks.gpu.operations import EPS, FLOOR, SCALE
from syntonic.constants import PHI_FLOAT as PHI
from syntonic.constants import PHI_INV_FLOAT as PHI_INV

SHARED = ("x", "y", "grad", "weights", "gamma", "beta", "norms")  # with PyTorch

__all__ = ["CUPY", "Form", "contender", "cupy_call", "tensors", "torch_forms", "triton_call"]


@dataclass(frozen=True)
class Form:
    """A function of the named tensors; the backward operation differentiates it by some."""

    function: Callable[..., Any]
    takes: str
    by: str = ""


def torch_forms(torch: Any) -> dict[str, Form]:
    """Return PyTorch's form of every forward operation that it has."""
    f = torch.nn.functional

    def connect(x: Any, y: Any) -> Any:
        return torch.add(x, y, alpha=PHI_INV)

    def after(function: Callable[[Any], Any]) -> Form:
        return Form(lambda x, y: function(connect(x, y)), "x y", "x y")

    def residual_layer_norm(x: Any, y: Any, gamma: Any, beta: Any) -> Any:
        return f.layer_norm(connect(x, y), gamma.shape, gamma, beta, EPS)

    def norms(x: Any, y: Any) -> Any:
        norm = torch.linalg.vector_norm
        return torch.stack([norm(x), norm(y), norm(connect(x, y))])

    def apply(x: Any, mean: Any, var: Any, gamma: Any, beta: Any) -> Any:
        return f.batch_norm(x, mean, var, gamma, beta, training=False, eps=EPS)

    def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
        return f.batch_norm(x, None, None, gamma, beta, training=True, eps=EPS)

    def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
        return f.layer_norm(x, gamma.shape, gamma, beta, EPS)

    def channel_stats(x: Any) -> Any:
        var, mean = torch.var_mean(x, [0, *range(2, x.ndim)], correction=0)
        return torch.stack([mean, torch.zeros_like(mean), var, var.sqrt()])

    def learned(x: Any, norms: Any) -> Any:
        return torch.softmax(x - norms * (SCALE * PHI_INV), 1)

    def provided(x: Any, weights: Any) -> Any:
        return torch.softmax(x + SCALE * torch.log(weights.clamp_min(FLOOR)), 1)

    return {
        "phi": after(lambda s: s),
        "symmetric": Form(lambda x, y: (x + y) * PHI_INV, "x y", "x y"),
        "standard": Form(torch.add, "x y"),
        "relu": after(torch.relu),
        "gelu": after(f.gelu),
        "residual layer norm": Form(
            residual_layer_norm, "x y gamma_x beta_x", "x y gamma_x beta_x"
        ),
        "component norms": Form(norms, "x y"),
        "batch norm stats": Form(channel_stats, "x"),
        "batch norm apply": Form(apply, "x mean var gamma beta"),
        "batch norm": Form(batch_norm, "x gamma beta", "x gamma beta"),
        "layer norm": Form(layer_norm, "x gamma_x beta_x", "x gamma_x beta_x"),
        "output stats": Form(lambda x: torch.stack(torch.var_mean(x, correction=0)[::-1]), "x"),
        "softmax": Form(lambda x: torch.softmax(x, 1), "x", "x"),
        "softmax learned": Form(learned, "x norms_x", "x norms_x"),
        "softmax provided": Form(provided, "x weights", "x weights"),
    }


def tensors(gpu: Any, data: SimpleNamespace) -> SimpleNamespace:
    """Return an input set as tensors; those named `_x` are vectors in x's own dtype."""
    t = SimpleNamespace(
        **{name: gpu.to_torch(value) for name, value in vars(data).items() if name in SHARED}
    )
    for name in ("gamma", "beta", "norms"):
        if hasattr(t, name):
            setattr(t, f"{name}_x", getattr(t, name).to(t.x.dtype))
    if len(getattr(data, "statistics", ())) == 4:  # of channels: mean, its low part, variance
        table = gpu.to_torch(data.statistics).to(t.gamma.dtype)
        t.mean, t.var = table[0], table[2]
    if hasattr(t, "norms"):  # along the classes
        t.norms_x = t.norms_x.reshape(-1, *(1,) * (t.x.ndim - 2))
    return t


def contender(
    torch: Any, case: Case, sets: list[Any], compiled: bool = False
) -> list[Callable[[], Any]]:
    """Return PyTorch's call for every set of tensors; for a backward operation, autograd alone."""
    form = torch_forms(torch)[case.forward]
    function = form.function
    if compiled:
        torch._dynamo.reset()  # each case anew, or the second shape would be a dynamic one
        function = torch.compile(function, dynamic=False)
    bind = _backward if case.backward else _forward
    return [bind(torch, function, form, t) for t in sets]


def _forward(torch: Any, function: Any, form: Form, t: Any) -> Callable[[], Any]:
    arguments = [getattr(t, name) for name in form.takes.split()]

    def call() -> Any:
        with torch.no_grad():
            return function(*arguments)

    return call


def _backward(torch: Any, function: Any, form: Form, t: Any) -> Callable[[], Any]:
    given = {name: getattr(t, name).detach() for name in form.takes.split()}
    by = [given[name].requires_grad_() for name in form.by.split()]
    out = function(*given.values())
    return lambda: torch.autograd.grad(out, by, t.grad, retain_graph=True)


# -- CuPy: `xp` is CuPy, or NumPy where the expressions are tested -------------------------------


def _normalized(x: Any, axis: Any, gamma: Any, beta: Any) -> Any:
    centred = x - x.mean(axis, keepdims=True)
    var = (centred * centred).mean(axis, keepdims=True)
    return centred / (var + EPS) ** 0.5 * gamma + beta


def _softmax(xp: Any, z: Any) -> Any:
    e = xp.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _gelu(xp: Any, s: Any) -> Any:
    erf = optional("cupyx.scipy.special").erf if xp.__name__ == "cupy" else _erf
    return s * (erf(s * sqrt(0.5)) + 1) / 2


def _erf(x: Any) -> Any:
    import math

    import numpy as np

    return np.vectorize(math.erf)(x)


def _along(v: Any, d: Any) -> Any:
    """Return a vector over the second axis as it broadcasts against x."""
    return v.reshape(-1, *(1,) * (d.x.ndim - 2))


def _batch_norm(d: Any) -> Any:
    axes = (0, *range(2, d.x.ndim))
    return _normalized(d.x, axes, _along(d.gamma, d), _along(d.beta, d))


CUPY: dict[str, Callable[[Any, Any], Any]] = {
    "phi": lambda xp, d: d.x + d.y * PHI_INV,
    "symmetric": lambda xp, d: (d.x + d.y) * PHI_INV,
    "standard": lambda xp, d: d.x + d.y,
    "relu": lambda xp, d: xp.maximum(d.x + d.y * PHI_INV, 0),
    "gelu": lambda xp, d: _gelu(xp, d.x + d.y * PHI_INV),
    "residual layer norm": lambda xp, d: _normalized(d.x + d.y * PHI_INV, -1, d.gamma, d.beta),
    "batch norm": lambda xp, d: _batch_norm(d),
    "layer norm": lambda xp, d: _normalized(d.x, -1, d.gamma, d.beta),
    "softmax": lambda xp, d: _softmax(xp, d.x),
    "softmax learned": lambda xp, d: _softmax(xp, d.x - _along(d.norms, d) * (SCALE * PHI_INV)),
    "softmax provided": lambda xp, d: _softmax(
        xp, d.x + SCALE * xp.log(xp.maximum(d.weights, FLOOR))
    ),
    "wake": lambda xp, d: (d.a + d.b * PHI).astype(d.x.dtype),  # not the nearest float
}
"""Array expressions by operation."""


def cupy_call(xp: Any, case: Case, sets: list[Any]) -> list[Callable[[], Any]]:
    """Return the expression's call for every input set."""
    expression = CUPY[case.operation]
    return [lambda d=d: expression(xp, d) for d in sets]


def triton_call(sets: list[Any]) -> list[Callable[[], Any]]:
    """Return the Triton batch norm's call for every set of tensors (N, C)."""
    from benchmarks.gpu.triton_norm import batch_norm

    return [lambda t=t: batch_norm(t.x, t.gamma, t.beta, EPS) for t in sets]

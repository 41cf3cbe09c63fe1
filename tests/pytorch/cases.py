"""Calls of every function in every mode, each with the tensors that it is differentiated by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import syntonic.torch as st

MODES = ("phi", "phi_symmetric", "standard")
FORWARD = 4e-15, 3e-6, 2e-3, 1.6e-2
"""What a result may miss, by dtype: some units in the last place of the largest element."""
DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def draw(*shape: int, seed: int = 0, dtype: Any = torch.float64, device: str = "cpu") -> Any:
    """Normal deviates, the same on every device."""
    values = np.random.default_rng((seed, *shape)).standard_normal(shape)
    return torch.tensor(values).to(device, dtype)


def positive(*shape: int, seed: int = 0) -> Any:
    return draw(*shape, seed=seed).abs() + 0.1


@dataclass(frozen=True)
class Case:
    """A function of tensors, and the same in PyTorch's own float64 arithmetic."""

    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    oracle: Callable[..., Any]

    def on(self, device: str, dtype: Any) -> tuple[Any, ...]:
        """Leaves of another device and dtype."""
        return tuple(x.to(device, dtype).detach().requires_grad_() for x in self.inputs)


INV = (5**0.5 - 1) / 2
F = torch.nn.functional


def joined(x: Any, y: Any, mode: str) -> Any:
    return {"phi": x + INV * y, "phi_symmetric": (x + y) * INV, "standard": x + y}[mode]


def normalized(x: Any, over: Any, gamma: Any = None, beta: Any = None, target: float = INV) -> Any:
    centred = x - x.mean(over, keepdim=True)
    var = (centred**2).mean(over, keepdim=True)
    out = centred * torch.sqrt(target / (var + 1e-5))
    out = out if gamma is None else out * gamma
    return out if beta is None else out + beta


def channelwise(value: Any, ndim: int) -> Any:
    return None if value is None else value.reshape(-1, *(1,) * (ndim - 2))


def batch_oracle(x: Any, gamma: Any = None, beta: Any = None) -> Any:
    over = (0, *range(2, x.ndim))
    return normalized(x, over, channelwise(gamma, x.ndim), channelwise(beta, x.ndim))


def running(x: Any) -> tuple[Any, Any]:
    c = x.shape[1]
    return (
        torch.linspace(-1, 1, c, device=x.device, dtype=torch.float64),
        torch.linspace(1, 2, c, device=x.device, dtype=torch.float64),
    )


def batch_eval(x: Any, gamma: Any = None, beta: Any = None) -> Any:
    return st.golden_batch_norm(x, *running(x), gamma, beta)


def batch_eval_oracle(x: Any, gamma: Any = None, beta: Any = None) -> Any:
    mean, var = (channelwise(v, x.ndim) for v in running(x))
    out = (x - mean) * torch.sqrt(INV / (var + 1e-5))
    out = out if gamma is None else out * channelwise(gamma, x.ndim)
    return out if beta is None else out + channelwise(beta, x.ndim)


def learned(x: Any, norms: Any) -> Any:
    return st.syntonic_softmax(x, -1, norms, syntony_scale=1.5)


def provided(x: Any, syntony: Any) -> Any:
    return st.syntonic_softmax(x, 1, syntony=syntony, syntony_scale=1.5, syntony_floor=0.2)


def learned_oracle(x: Any, norms: Any) -> Any:
    return torch.softmax(x - 1.5 * INV * norms, -1)


def provided_oracle(x: Any, syntony: Any) -> Any:
    w = torch.where(syntony > 0.2, syntony, 0.2)
    w = w if w.ndim > 1 else w.reshape(-1, 1)
    return torch.softmax(x + 1.5 * torch.log(w), 1)


X, Y = draw(3, 4, 5), draw(3, 4, 5, seed=1)
GAMMA, BETA = draw(5, seed=2), draw(5, seed=3)
BY_CHANNEL = draw(4, seed=4), draw(4, seed=5)

CASES = {
    "layer norm": Case(st.golden_layer_norm, (X,), lambda x: normalized(x, -1)),
    "layer norm, affine": Case(
        lambda x, g, b: st.golden_layer_norm(x, gamma=g, beta=b),
        (X, GAMMA, BETA),
        lambda x, g, b: normalized(x, -1, g, b),
    ),
    "batch norm": Case(
        lambda x: st.golden_batch_norm(x, training=True), (X,), batch_oracle
    ),
    "batch norm, affine": Case(
        lambda x, g, b: st.golden_batch_norm(x, None, None, g, b, training=True),
        (X, *BY_CHANNEL),
        batch_oracle,
    ),
    "batch norm, no bias": Case(
        lambda x, g: st.golden_batch_norm(x, weight=g), (X, BY_CHANNEL[0]), batch_oracle
    ),
    "batch norm, evaluation": Case(batch_eval, (X, *BY_CHANNEL), batch_eval_oracle),
    "softmax": Case(st.syntonic_softmax, (X,), lambda x: torch.softmax(x, -1)),
    "softmax, first axis": Case(
        lambda x: st.syntonic_softmax(x, 0), (X,), lambda x: torch.softmax(x, 0)
    ),
    "softmax, learned": Case(learned, (X, GAMMA), learned_oracle),
    "softmax, provided by class": Case(provided, (X, positive(4)), provided_oracle),
    "softmax, provided": Case(provided, (X, positive(3, 4, 5)), provided_oracle),
}  # fmt: skip

for _mode in MODES:
    CASES |= {
        f"residual {_mode}": Case(
            lambda x, y, m=_mode: st.phi_residual(x, y, m),
            (X, Y),
            lambda x, y, m=_mode: joined(x, y, m),
        ),
        f"residual relu {_mode}": Case(
            lambda x, y, m=_mode: st.phi_residual_relu(x, y, m),
            (X, Y),
            lambda x, y, m=_mode: torch.relu(joined(x, y, m)),
        ),
        f"residual gelu {_mode}": Case(
            lambda x, y, m=_mode: st.phi_residual_gelu(x, y, m),
            (X, Y),
            lambda x, y, m=_mode: F.gelu(joined(x, y, m)),
        ),
        f"residual layer norm {_mode}": Case(
            lambda x, y, g, b, m=_mode: st.phi_residual_layernorm(x, y, g, b, mode=m),
            (X, Y, GAMMA, BETA),
            lambda x, y, g, b, m=_mode: normalized(joined(x, y, m), -1, g, b, 1.0),
        ),
    }

every_case = pytest.mark.parametrize("case", list(CASES.values()), ids=list(CASES))
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: str(d).split(".")[-1])


def tolerance(dtype: Any) -> float:
    return FORWARD[DTYPES.index(dtype)]


def close(got: Any, wanted: Any, dtype: Any, times: float = 1.0) -> None:
    """Compare with a result in float64, by the size of its largest element."""
    wanted = wanted.detach()
    bound = times * tolerance(dtype) * float(wanted.abs().max().clamp(min=1))
    error = float((got.detach().double().cpu() - wanted.cpu()).abs().max())
    assert error <= bound, (error, bound)


def gradients(out: Any, inputs: tuple[Any, ...], seed: int = 9) -> tuple[Any, ...]:
    """The gradients by all inputs of an output times fixed deviates."""
    grad = draw(*out.shape, seed=seed).to(out.device, out.dtype)
    return torch.autograd.grad(out, inputs, grad)


def exact(case: Case, inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Output and gradients of the oracle in float64, for the very numbers of the inputs."""
    leaves = tuple(x.detach().double().cpu().requires_grad_() for x in inputs)
    out = case.oracle(*leaves)
    grad = draw(*out.shape, seed=9).to(inputs[0].dtype).double()
    return out, torch.autograd.grad(out, leaves, grad)

"""The residual connection as PyTorch's addition: the bits of the loop, or the loop."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import syntonic.torch as st
from pytorch.cases import draw
from syntonic.flux.cpu import rows
from syntonic.torch import addition
from syntonic.torch.autograd import Residual, ResidualLayerNorm
from syntonic.torch.loops import LOOPS

DTYPES = [torch.float32, torch.float64]
MODES = ["phi", "phi_symmetric", "standard"]
SIZES = [*range(70), 127, 1000, 65537, (1 << 18) + 5]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
def test_bits_of_the_loop(mode, dtype):
    for size in SIZES:
        for start in (0, 1, 3):  # at other places in the vectors of a processor
            x, y = (draw(size + start, seed=s, dtype=dtype)[start:] for s in (1, 2))
            assert torch.equal(st.phi_residual(x, y, mode), LOOPS["residual"](x, y, mode)), size


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
def test_hard_numbers(mode, dtype):
    info = torch.finfo(dtype)
    hard = [0.0, -0.0, 1.0, -1.0, info.max, info.tiny, info.tiny * info.eps, info.eps]
    numbers = torch.tensor([*hard, torch.inf, -torch.inf, torch.nan], dtype=dtype)
    x, y = (each.contiguous() for each in torch.cartesian_prod(numbers, numbers).T)
    got, wanted = st.phi_residual(x, y, mode), LOOPS["residual"](x, y, mode)
    np.testing.assert_array_equal(got.numpy(), wanted.numpy())
    np.testing.assert_array_equal(torch.signbit(got[got == 0]), torch.signbit(wanted[wanted == 0]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
def test_gradients_of_the_step(mode, dtype):
    x, y, grad = (draw(7, 33, seed=s, dtype=dtype) for s in (1, 2, 3))
    x.requires_grad_(), y.requires_grad_()
    found = torch.autograd.grad(st.phi_residual(x, y, mode), (x, y), grad)
    for got, wanted in zip(
        found, torch.autograd.grad(Residual.apply(x, y, mode), (x, y), grad), strict=True
    ):
        assert torch.equal(got, wanted)


def test_it_is_an_addition_where_that_is_fused():
    x = torch.ones(3, requires_grad=True)
    fused = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    if fused:
        assert "Add" in st.phi_residual(x, x).grad_fn.name()
    assert "Add" in st.phi_residual(x, x, "standard").grad_fn.name()
    assert "Residual" in st.phi_residual(x, x, "phi_symmetric").grad_fn.name()
    assert "Residual" in st.phi_residual(x.half(), x.half()).grad_fn.name()


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_roundings_are_noticed(dtype, monkeypatch):
    def rounds_twice(x, y, *, alpha):
        return x + y * alpha

    addition._fuses.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(addition.torch, "add", rounds_twice)
        assert not addition._fuses(dtype)
    addition._fuses.cache_clear()


DIGEST = """
import hashlib, numpy as np, torch, syntonic.torch as st
x, y = torch.tensor(np.random.default_rng(1).standard_normal((2, 4099)), dtype=torch.{dtype})
x.requires_grad_()
print(hashlib.sha256(st.phi_residual(x, y).detach().numpy().tobytes()).hexdigest())
print(st.phi_residual(x, y).grad_fn.name())
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_processor_without_fused_additions_has_the_bits_too(dtype):
    told = subprocess.run(
        [sys.executable, "-c", DIGEST.format(dtype=dtype)],
        env=os.environ | {"ATEN_CPU_CAPABILITY": "default"},
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    numbers = np.random.default_rng(1).standard_normal((2, 4099))
    x, y = torch.tensor(numbers, dtype=getattr(torch, dtype))
    assert told[0] == hashlib.sha256(st.phi_residual(x, y).numpy().tobytes()).hexdigest()
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        assert "Residual" in told[1]


# -- with a layer norm after it ---------------------------------------------------------------

LARGE = (300, 1000)


def joined(x, y, gamma, beta, eps, mode):
    """The loops that do both."""
    return ResidualLayerNorm.apply(x, y, gamma, beta, eps, mode)[0]


def of_both(x, y, gamma, beta, grad, eps=1e-5, mode="phi"):
    """Output and gradients of the function, and of the loops."""
    for function in (st.phi_residual_layernorm, joined):
        leaves = [each.clone().requires_grad_() for each in (x, y, gamma, beta)]
        out = function(*leaves, eps, mode)
        yield out.grad_fn.name(), [out, *torch.autograd.grad(out, leaves, grad)]


def same_bits(found, wanted):
    for got, right in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(got.detach().numpy(), right.detach().numpy())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
def test_two_steps_have_the_bits_of_one(mode, dtype):
    x, y, grad = (draw(*LARGE, seed=s, dtype=dtype) for s in (1, 2, 3))
    gamma, beta = (draw(LARGE[1], seed=s, dtype=dtype) for s in (4, 5))
    (name, found), (_, wanted) = of_both(x, y, gamma, beta, grad, mode=mode)
    assert ("ResidualLayerNorm" in name) is (mode == "phi_symmetric")
    same_bits(found, wanted)


@pytest.mark.parametrize("scale", ["beyond", "large", "tiny"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_at_the_ends_of_the_range(dtype, scale):
    """Sums that overflow, deviations whose products might, and eps beside which nothing counts."""
    info = torch.finfo(dtype)
    size = {"beyond": info.max / 4, "large": info.max**0.5, "tiny": info.tiny * 8}[scale]
    x, y, grad = (draw(*LARGE, seed=s, dtype=dtype) for s in (1, 2, 3))
    x[7], y[7] = x[7].clamp(-3, 3) * size, y[7].clamp(-3, 3) * size
    gamma, beta = (draw(LARGE[1], seed=s, dtype=dtype) for s in (4, 5))
    (name, found), (_, wanted) = of_both(x, y, gamma, beta, grad, 0.0 if scale == "tiny" else 1e-5)
    assert "ResidualLayerNorm" in name
    assert found[0].isfinite().all()
    same_bits(found, wanted)


def test_what_is_not_a_number():
    x, y, grad = (draw(*LARGE, seed=s, dtype=torch.float32) for s in (1, 2, 3))
    x[3, 5], y[9, 2] = torch.nan, torch.inf
    ones = torch.ones(LARGE[1])
    (_, found), (_, wanted) = of_both(x, y, ones, ones, grad)
    same_bits(found, wanted)


def test_the_range_is_that_of_the_loops():
    for dtype, wide in ((torch.float32, 0), (torch.float64, 1)):
        bound = rows.BOUND[wide]
        assert addition._RANGE[dtype] == (max(rows.LEAST[wide] * 2.0**60, bound**-2), bound)


@pytest.mark.parametrize("power", [-840, -801, -800, -700])
def test_tiny_deviations_beside_a_tiny_eps(power):
    integers = np.random.default_rng(power + 900).integers(-50, 50, (2, *LARGE))
    x, y = torch.tensor(integers * 5e-324)
    ones, grad = torch.ones(LARGE[1], dtype=torch.float64), draw(*LARGE, seed=3)
    (name, found), (_, wanted) = of_both(x, y, ones, ones, grad, 2.0**power)
    assert ("ResidualLayerNorm" in name) is (power < -800)
    same_bits(found, wanted)


DEFAULT_DEVICE = """
import torch, syntonic.torch as st
x = torch.ones(8, 64)
with torch.device("meta"):
    assert st.phi_residual(x, x).device.type == "cpu"
"""


def test_another_default_device():
    subprocess.run([sys.executable, "-c", DEFAULT_DEVICE], check=True)

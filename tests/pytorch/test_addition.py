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
from syntonic.torch import addition
from syntonic.torch.autograd import Residual
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


DEFAULT_DEVICE = """
import torch, syntonic.torch as st
x = torch.ones(8, 64)
with torch.device("meta"):
    assert st.phi_residual(x, x).device.type == "cpu"
"""


def test_another_default_device():
    subprocess.run([sys.executable, "-c", DEFAULT_DEVICE], check=True)

"""Loops run in PyTorch's own threads, with the bits of any others, and after a fork without."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import syntonic.torch as st
from syntonic.flux.cpu import residual
from syntonic.jit.thread_count import pool_here
from syntonic.torch import loops
from syntonic.torch.threads import own_team


@pytest.fixture
def two_threads(threads: Callable[[int], None]) -> Any:
    before = torch.get_num_threads()
    threads(2)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_pytorch_for_linux_lends_its_threads() -> None:
    openmp = "ATen parallel backend: OpenMP" in torch.__config__.parallel_info()
    if not (sys.platform == "linux" and openmp):
        pytest.skip("this PyTorch has other threads")
    assert own_team() is not None


def test_the_loops_of_a_call_are_lent_them(
    monkeypatch: pytest.MonkeyPatch, two_threads: None
) -> None:
    seen: list[Any] = []

    def watched(*arguments: Any) -> Any:
        seen.append(pool_here())
        return residual.residual(*arguments)

    monkeypatch.setattr(loops.family_of("residual", torch.ones(1)), "residual_relu", watched)
    st.phi_residual_relu(torch.ones(400, 400), torch.ones(400, 400))
    assert seen == [own_team()]
    assert pool_here() is None


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="no list of threads here")
def test_no_threads_are_made_beside_pytorchs(two_threads: None) -> None:
    x = torch.randn(1 << 19)
    (x + x).exp()
    st.phi_residual_relu(x, x)
    before = set(os.listdir("/proc/self/task"))
    for _ in range(5):
        (x + x).exp()
        st.phi_residual_relu(x, x)
    assert set(os.listdir("/proc/self/task")) == before


def test_fewer_threads_than_pytorchs_are_ours(threads: Callable[[int], None]) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        threads(2)
        assert own_team() is None
    finally:
        torch.set_num_threads(before)


def test_equal_bits_in_any_threads(two_threads: None) -> None:
    x, y = torch.randn(1 << 19), torch.randn(1 << 19)
    ours = residual.residual_gelu(x.numpy(), y.numpy(), "phi")
    for _ in range(20):
        np.testing.assert_array_equal(st.phi_residual_gelu(x, y).numpy(), ours)


_FORK = """
import os, torch, syntonic, syntonic.torch as st
torch.set_num_threads(2)
syntonic.set_num_threads(2)
x = torch.randn(1 << 19)
expected = st.phi_residual_gelu(x, x).numpy().tobytes()  # the parent has threads now
child = os.fork()
if child == 0:  # where PyTorch's own operations would wait for threads that are gone
    os._exit(0 if st.phi_residual_gelu(x, x).numpy().tobytes() == expected else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork here")
def test_a_forked_child_has_threads_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", _FORK], timeout=120, check=False)
    assert done.returncode == 0

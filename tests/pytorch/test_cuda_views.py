"""The CUDA path without a GPU: launchers take views of tensors, kernels run on the host harness.

CPU tensors play those of a device: the loops are told to take the launchers, and a runtime for
views runs their kernels on the memory of the tensors.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import syntonic.torch as st
from pytorch.cases import CASES, close, draw, every_case, every_dtype, exact, gradients
from syntonic.flux.cuda import compile as cuda_compile
from syntonic.flux.cuda import launch, source
from syntonic.torch import cuda, loops


def host_array(view):
    """The memory of a tensor as the harness takes it."""
    from cuda_host.runtime import HostArray

    tensor = view.tensor
    if tensor.dtype is torch.bfloat16:
        import ml_dtypes

        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16).view(HostArray)
    return tensor.numpy().view(HostArray)


class Recorder:
    """Notes what is launched, and leaves the memory as it is."""

    def __init__(self):
        self.launched = []

    def empty(self, shape, dtype):
        name = dtype.name if hasattr(dtype, "name") else np.dtype(dtype).name
        tensor = torch.zeros(shape, dtype=getattr(torch, name))
        return cuda.TorchArray(tensor)

    def launch(self, family, symbol, dtype, grid, block, arguments, shared=0):
        launch.check_geometry(symbol, grid, block)
        assert symbol in source.symbols(family)[dtype]
        for argument in arguments:
            assert argument is None or isinstance(argument, (cuda.TorchArray, np.generic))
            if isinstance(argument, cuda.TorchArray):
                assert argument.tensor.is_contiguous()
        self.launched.append(symbol)


class Host(Recorder):
    """Runs the kernels on the harness."""

    def launch(self, family, symbol, dtype, grid, block, arguments, shared=0):
        from cuda_host.runtime import RUNTIME

        super().launch(family, symbol, dtype, grid, block, arguments, shared)
        taken = [host_array(a) if isinstance(a, cuda.TorchArray) else a for a in arguments]
        RUNTIME.launch(family, symbol, dtype, grid, block, tuple(taken), shared)


def through_launchers(monkeypatch, runtime):
    monkeypatch.setitem(launch._RUNTIMES, cuda.TorchArray, lambda array: runtime)
    monkeypatch.setattr(
        loops, "family_of", lambda name, x: import_module(f"syntonic.flux.cuda.{name}")
    )
    monkeypatch.setattr(loops, "array_of", lambda x: cuda.TorchArray(x.detach().contiguous()))
    return runtime


@every_case
@every_dtype
def test_every_launcher_takes_views(case, dtype, monkeypatch):
    recorder = through_launchers(monkeypatch, Recorder())
    inputs = case.on("cpu", dtype)
    out = case.call(*inputs)
    assert out.dtype is dtype
    assert out.shape == case.oracle(*case.inputs).shape
    forward = len(recorder.launched)
    assert forward
    for got, x in zip(gradients(out, inputs), inputs, strict=True):
        assert (got.dtype, got.shape) == (x.dtype, x.shape)


@pytest.mark.parametrize("shape", [(2, 70_000), (1, 300_000), (200, 9000), (130, 40, 33)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_every_branch_of_the_launchers_takes_views(shape, dtype, monkeypatch):
    """Long rows and slices, few and many, go by kernels of their own."""
    recorder = through_launchers(monkeypatch, Recorder())
    x = torch.zeros(shape, dtype=dtype, requires_grad=True)
    weights = torch.zeros(shape[-1], dtype=dtype, requires_grad=True)
    channels = torch.zeros(shape[1], dtype=dtype, requires_grad=True)
    for out in (
        st.phi_residual_layernorm(x, x, weights, weights), st.phi_residual_gelu(x, x),
        st.golden_layer_norm(x, gamma=weights), st.golden_batch_norm(x, weight=channels),
        st.syntonic_softmax(x, -1, weights), st.syntonic_softmax(x, 0),
        st.syntonic_softmax(x, 1, syntony=x), st.syntonic_softmax(x, 1, syntony=channels),
    ):  # fmt: skip
        before = len(recorder.launched)
        out.sum().backward()
        assert len(recorder.launched) > before


def test_channels_last_and_empty_tensors(monkeypatch):
    recorder = through_launchers(monkeypatch, Recorder())
    x = draw(2, 5, 3, 4).contiguous(memory_format=torch.channels_last).requires_grad_()
    out = st.golden_batch_norm(x, training=True)
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert any("_1d_" in symbol for symbol in recorder.launched)
    out.sum().backward()
    count = len(recorder.launched)
    st.phi_residual(x[:0], x[:0])
    assert len(recorder.launched) == count


@pytest.mark.parametrize("protocol", [True, False], ids=["CuPy 14", "CuPy 13"])
def test_a_runtime_of_pytorchs(monkeypatch, protocol):
    """Launches are made on PyTorch's current stream, with addresses for views."""
    entered, calls = [], []

    class Stream:
        def __init__(self, address):
            self.address = address

        def __enter__(self):
            entered.append(self.address)

        def __exit__(self, *_):
            entered.append(None)

    class New:
        @staticmethod
        def from_external(stream):
            version, address = stream.__cuda_stream__()
            assert version == 0
            return Stream(address)

    class Device(Stream):
        def __enter__(self):
            pass

        def __exit__(self, *_):
            pass

    def kernel(grid, block, passed, shared_mem):
        calls.append((entered[-1], passed))

    streams = {"Stream": New} if protocol else {"Stream": Device, "ExternalStream": Stream}
    module = SimpleNamespace(
        cuda=SimpleNamespace(Device=Device, **streams), ndarray=type("ndarray", (), {})
    )
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(cuda_compile, "_kernel", lambda *what: kernel)
    current = SimpleNamespace(cuda_stream=1234)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: current)
    cuda._stream.cache_clear()
    tensor = torch.ones(3)
    arguments = cuda.TorchArray(tensor), None, np.int32(3)
    cuda.TorchRuntime(0).launch("family", "kernel_f32", "f32", (1,), (32,), arguments)
    cuda._stream.cache_clear()
    ((address, passed),) = calls
    assert address == 1234
    assert passed == (tensor.data_ptr(), 0, 3)
    assert isinstance(passed[0], np.uint64)
    assert entered[-1] is None


FAST = ["residual phi", "layer norm, affine", "softmax, learned"]
"""Cases of three families whose kernels the harness compiles in any case."""


@pytest.mark.parametrize("name", FAST)
def test_kernels_on_the_memory_of_tensors(name, monkeypatch):
    from cuda_host.devices import device_for

    device_for("natural")
    through_launchers(monkeypatch, Host())
    case = CASES[name]
    inputs = case.on("cpu", torch.float32)
    out = case.call(*inputs)
    wanted, slopes = exact(case, inputs)
    close(out, wanted, torch.float32)
    for got, slope in zip(gradients(out, inputs), slopes, strict=True):
        close(got, slope, torch.float32, times=4)


@pytest.mark.campaign
@every_case
@every_dtype
def test_every_kernel_on_the_memory_of_tensors(case, dtype, monkeypatch):
    from cuda_host.devices import device_for

    device_for("shuffled")
    through_launchers(monkeypatch, Host())
    inputs = case.on("cpu", dtype)
    out = case.call(*inputs)
    wanted, slopes = exact(case, inputs)
    close(out, wanted, dtype)
    for got, slope in zip(gradients(out, inputs), slopes, strict=True):
        close(got, slope, dtype, times=4)

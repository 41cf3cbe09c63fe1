"""The CUDA path without a GPU: launchers take tensors, kernels run on the host harness.

CPU tensors play those of a device: the loops are told to take the launchers, and a runtime for
tensors runs their kernels on the memory of the tensors.
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
from syntonic.errors import DeviceError
from syntonic.flux.cuda import compile as cuda_compile
from syntonic.flux.cuda import launch, norm, plan, source
from syntonic.torch import arrays, cuda, functions, loops


def host_array(tensor):
    """The memory of a tensor as the harness takes it."""
    from cuda_host.runtime import HostArray

    if tensor.dtype is torch.bfloat16:
        import ml_dtypes

        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16).view(HostArray)
    return tensor.numpy().view(HostArray)


class Recorder:
    """Notes what is launched, and leaves the memory as it is."""

    def __init__(self):
        self.launched = []

    def empty(self, shape, dtype):
        return torch.zeros(shape, dtype=getattr(torch, dtype.name))

    def launch(self, family, symbol, dtype, grid, block, arguments, shared=0):
        launch.check_geometry(symbol, grid, block)
        assert symbol in source.symbols(family)[dtype]
        for argument in arguments:
            assert argument is None or isinstance(argument, (torch.Tensor, np.generic))
            if isinstance(argument, torch.Tensor):
                assert argument.is_contiguous()
        self.launched.append(symbol)


class Host(Recorder):
    """Runs the kernels on the harness."""

    def launch(self, family, symbol, dtype, grid, block, arguments, shared=0):
        from cuda_host.runtime import RUNTIME

        super().launch(family, symbol, dtype, grid, block, arguments, shared)
        taken = [host_array(a.detach()) if isinstance(a, torch.Tensor) else a for a in arguments]
        RUNTIME.launch(family, symbol, dtype, grid, block, tuple(taken), shared)


def through_launchers(monkeypatch, runtime):
    for kind in (torch.Tensor, torch.nn.Parameter):
        monkeypatch.setitem(launch._RUNTIMES, kind, lambda array: runtime)
    monkeypatch.setattr(
        loops, "family_of", lambda name, x: import_module(f"syntonic.flux.cuda.{name}")
    )
    for module in (loops, arrays):
        monkeypatch.setattr(module, "array_of", lambda x: x.contiguous())
    monkeypatch.setattr(functions, "added", lambda *_: None)  # as on a device
    return runtime


@every_case
@every_dtype
def test_every_launcher_takes_tensors(case, dtype, monkeypatch):
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
def test_every_branch_of_the_launchers_takes_tensors(shape, dtype, monkeypatch):
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


class FakeStream:
    def __init__(self, address):
        self.ptr = address


class FromExternal:
    @staticmethod
    def from_external(stream):
        version, address = stream.__cuda_stream__()
        assert version == 0
        return FakeStream(address)


class Entered(list):
    """A device that notes how often it is entered."""

    def __enter__(self):
        self.append(None)

    def __exit__(self, *_):
        pass


@pytest.fixture(params=[True, False], ids=["CuPy 14", "CuPy 13"])
def torch_runtime(monkeypatch, request):
    """PyTorch's runtime of device 0, for CPU tensors, and what it asks of CuPy."""
    asked = SimpleNamespace(calls=[], entered=Entered(), device=0, allocated=[])

    def kernel(grid, block, passed, *, shared_mem, stream):
        asked.calls.append((stream.ptr, passed))

    def empty(*what, dtype, device):
        assert device == torch.device("cuda", 0)
        asked.allocated.append(torch.empty(*what, dtype=dtype))
        return asked.allocated[-1]

    streams = {"Stream": FromExternal} if request.param else {"ExternalStream": FakeStream}
    streams.setdefault("Stream", object)
    number = SimpleNamespace(
        getDevice=lambda: asked.device, deviceGetAttribute=lambda attribute, device: 227 << 10
    )
    module = SimpleNamespace(
        cuda=SimpleNamespace(Device=lambda _: asked.entered, runtime=number, **streams),
        ndarray=type("ndarray", (), {}),
    )
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(cuda_compile, "_kernel", lambda *what: kernel)
    monkeypatch.setattr(cuda, "_raw_stream", lambda device: 1234)
    monkeypatch.setattr(cuda, "torch", SimpleNamespace(empty=empty, **names(torch)))
    monkeypatch.setattr(torch.Tensor, "get_device", lambda tensor: 0)
    cuda._stream.cache_clear()
    asked.runtime = cuda.TorchRuntime(0)
    for kind in (torch.Tensor, torch.nn.Parameter):
        monkeypatch.setitem(launch._RUNTIMES, kind, lambda array: asked.runtime)
    yield asked
    cuda._stream.cache_clear()
    plan.forget()


def names(module):
    """What the runtime takes of PyTorch besides `empty`."""
    return {name: getattr(module, name) for name in ("device", "uint8")}


def test_launches_take_addresses_and_pytorchs_stream(torch_runtime):
    x, gamma = torch.ones(4, 6), torch.nn.Parameter(torch.ones(6))
    out, statistics = norm.layer_norm(x, 1.0, 1e-5, gamma, None)
    ((address, passed),) = torch_runtime.calls
    assert address == 1234
    assert passed[:5] == tuple(
        0 if t is None else t.data_ptr() for t in (out, statistics, x, gamma, None)
    )
    assert passed[4].dtype == np.uint64  # a null pointer, of eight bytes
    assert (out.shape, out.dtype) == ((4, 6), torch.float32)
    assert (statistics.shape, statistics.dtype) == ((3, 4), torch.float64)
    assert not torch_runtime.entered
    torch_runtime.device = 1  # another one is PyTorch's current device
    norm.layer_norm(x, 1.0, 1e-5, gamma, None)
    assert len(torch_runtime.entered) == 1


def test_what_is_given_is_all_that_is_used(torch_runtime):
    """A CUDA graph replays addresses: no launch may see memory of anybody else."""
    x = torch.ones(4, 131_072)
    known = norm.layer_norm.plan(x, 1.0, 1e-5, None, None)
    assert known.workspace
    out = torch.empty(4, 131_072), torch.empty(3, 4, dtype=torch.float64)
    room = torch.empty(known.workspace + 256, dtype=torch.uint8)
    room = room[-room.data_ptr() % 256 :]
    got = norm.layer_norm(x, 1.0, 1e-5, None, None, out=out, workspace=room)
    assert got[0] is out[0]
    assert got[1] is out[1]
    assert not torch_runtime.allocated
    ends = [(t.data_ptr(), t.data_ptr() + t.nbytes) for t in (x, *out, room)]
    for _, passed in torch_runtime.calls:
        for address in (p for p in passed if isinstance(p, int)):
            assert any(low <= address < high for low, high in ends)


def test_tensors_that_a_launch_would_misread_are_refused(torch_runtime, monkeypatch):
    x = torch.ones(4, 6)
    with pytest.raises(DeviceError, match=r"layer_norm: argument 0 must be contiguous"):
        norm.layer_norm(torch.ones(6, 4).t(), 1.0, 1e-5, None, None)
    monkeypatch.setattr(torch.Tensor, "get_device", lambda tensor: 1)
    with pytest.raises(DeviceError, match=r"argument 0 is on .*, not on cuda:0; call .to"):
        norm.layer_norm(x, 1.0, 1e-5, None, None)
    assert not torch_runtime.calls


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

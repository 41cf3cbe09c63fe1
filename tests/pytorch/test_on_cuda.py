"""Tensors on a CUDA device: the CPU's numbers, PyTorch's streams, memory, autocast and graphs."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import syntonic.torch as st
from pytorch.cases import (
    CASES,
    Case,
    F,
    batch_oracle,
    close,
    draw,
    every_case,
    every_dtype,
    exact,
    gradients,
    joined,
    normalized,
)
from syntonic.errors import DeviceError

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def cuda():
    from cuda_host.devices import device_for

    device_for("cuda")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")


@every_case
@every_dtype
def test_values_and_gradients(case, dtype):
    inputs = case.on("cuda", dtype)
    out = case.call(*inputs)
    wanted, slopes = exact(case, inputs)
    assert out.is_cuda
    assert out.dtype is dtype
    close(out, wanted, dtype)
    for got, slope, x in zip(gradients(out, inputs), slopes, inputs, strict=True):
        assert (got.dtype, got.device, got.shape) == (x.dtype, x.device, x.shape)
        close(got, slope, dtype, times=4)


@every_case
def test_derivatives_of_every_kind(case):
    inputs = case.on("cuda", torch.float64)
    assert gradcheck(case.call, inputs, check_forward_ad=True, fast_mode=True)
    assert gradgradcheck(case.call, inputs, fast_mode=True)


LARGER = {
    "residual gelu": (st.phi_residual_gelu, lambda x, y: F.gelu(joined(x, y, "phi"))),
    "residual layer norm": (
        st.phi_residual_layernorm,
        lambda x, y: normalized(joined(x, y, "phi"), -1, target=1.0),
    ),
    "layer norm": (lambda x, y: st.golden_layer_norm(x), lambda x, y: normalized(x, -1)),
    "batch norm": (
        lambda x, y: st.golden_batch_norm(x, training=True), lambda x, y: batch_oracle(x),
    ),
    "softmax": (lambda x, y: st.syntonic_softmax(x, 1), lambda x, y: torch.softmax(x, 1)),
    "provided": (
        lambda x, y: st.syntonic_softmax(x, syntony=y.abs()),
        lambda x, y: torch.softmax(x + torch.log(y.abs().clamp(min=1e-10)), -1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", [(200, 300), (3, 20_000), (2, 3, 40, 41)])
@pytest.mark.parametrize("name", LARGER)
@every_dtype
def test_larger_tensors(shape, name, dtype):
    call, oracle = LARGER[name]
    case = Case(call, (draw(*shape), draw(*shape, seed=1)), oracle)
    inputs = case.on("cuda", dtype)
    leaves = [x.detach().double().cpu().requires_grad_() for x in inputs]
    out, wanted = call(*inputs), oracle(*leaves)
    close(out, wanted, dtype, times=2)
    grad = draw(*shape, seed=9).to(dtype)
    found = torch.autograd.grad(out, inputs, grad.cuda(), allow_unused=True)
    slopes = torch.autograd.grad(wanted, leaves, grad.double(), allow_unused=True)
    for got, slope in zip(found, slopes, strict=True):
        if slope is not None:
            close(got, slope, dtype, times=8)


def test_the_bits_are_those_of_flux_on_cuda():
    pytest.importorskip("gmpy2")
    import cupy

    import syntonic
    from syntonic import ResonantTensor

    x, y = draw(60, 100).cuda(), draw(60, 100, seed=1).cuda()
    a, b = (ResonantTensor.from_flux(cupy.asarray(v)) for v in (x, y))
    pairs = [
        (st.phi_residual(x, y), syntonic.phi_residual(a, b)),
        (st.golden_layer_norm(x), syntonic.golden_layer_norm(a)),
        (st.syntonic_softmax(x), syntonic.syntonic_softmax(a)),
    ]
    torch.cuda.synchronize()
    for ours, flux in pairs:
        assert ours.cpu().numpy().tobytes() == flux.flux_array.get().tobytes()


@every_case
def test_kernels_wait_for_what_is_before_them_on_their_stream(case):
    """A stream that is busy first: on any other stream a kernel would read zeros."""
    inputs = case.on("cuda", torch.float32)
    wanted = case.call(*inputs)
    slopes = gradients(wanted, inputs)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    buffers = [torch.zeros_like(x).requires_grad_() for x in inputs]
    grad = draw(*wanted.shape, seed=9).to("cuda", torch.float32)
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(20_000_000)
        with torch.no_grad():
            for buffer, x in zip(buffers, inputs, strict=True):
                buffer.copy_(x)
        out = case.call(*buffers)
    assert not stream.query(), "the stream had nothing to wait for"
    found = torch.autograd.grad(out, buffers, grad)  # autograd's thread takes the same stream
    torch.cuda.synchronize()
    assert torch.equal(out, wanted)
    assert all(torch.equal(a, b) for a, b in zip(found, slopes, strict=True))


def test_memory_is_pytorchs():
    import cupy

    x = draw(1000, 1000, dtype=torch.float32).cuda()
    pool = cupy.get_default_memory_pool()
    before, held = pool.used_bytes(), torch.cuda.memory_allocated()
    out = st.golden_layer_norm(x)
    assert pool.used_bytes() == before
    assert torch.cuda.memory_allocated() >= held + out.nbytes


@every_case
def test_nothing_waits(case):
    inputs = case.on("cuda", torch.float32)
    gradients(case.call(*inputs), inputs)
    grad = torch.ones_like(case.call(*inputs))
    torch.cuda.synchronize()
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it does not see everything
        torch.cuda.set_sync_debug_mode("error")
    try:
        torch.autograd.grad(case.call(*inputs), inputs, grad)
    finally:
        torch.cuda.set_sync_debug_mode(before)


@pytest.mark.parametrize("shape", [(4, 5, 7, 9), (64, 32, 28, 28)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_channels_last(shape, dtype):
    x = draw(*shape, dtype=dtype).cuda()
    results = []
    for form in (torch.contiguous_format, torch.channels_last):
        leaf = x.clone(memory_format=form).requires_grad_()
        out = st.golden_batch_norm(leaf, training=True)
        assert out.is_contiguous(memory_format=form)
        out.backward(draw(*shape, seed=9).to("cuda", dtype))
        results.append((out, leaf.grad))
    for one, other in zip(*results, strict=True):
        close(other, one.double().cpu(), dtype, times=2)


def test_autocast_as_pytorchs_norms():
    x, y = draw(4, 6, dtype=torch.bfloat16).cuda(), draw(4, 6, seed=1, dtype=torch.float32).cuda()
    module = st.GoldenLayerNorm(6, device="cuda", dtype=torch.bfloat16)
    with torch.autocast("cuda", torch.bfloat16):
        assert st.golden_layer_norm(x).dtype is torch.nn.functional.layer_norm(x, (6,)).dtype
        assert st.syntonic_softmax(x).dtype is torch.softmax(x, -1).dtype
        assert st.phi_residual(x, y).dtype is torch.float32
        assert st.phi_residual_layernorm(x, x).dtype is torch.float32
        out = module(x)
        assert out.dtype is torch.float32
    out.sum().backward()
    assert module.weight.grad.dtype is torch.bfloat16


@every_case
def test_a_whole_graph(case):
    torch._dynamo.reset()
    inputs = case.on("cuda", torch.float32)
    compiled = torch.compile(case.call, fullgraph=True, backend="aot_eager")
    out, wanted = compiled(*inputs), case.call(*inputs)
    assert torch.equal(out, wanted)
    both = zip(gradients(out, inputs), gradients(wanted, inputs), strict=True)
    assert all(torch.equal(a, b) for a, b in both)


@pytest.mark.parametrize("name", ["layer norm, affine", "batch norm", "softmax", "residual phi"])
def test_a_cuda_graph_after_a_first_call(name):
    case = CASES[name]
    inputs = [x.detach() for x in case.on("cuda", torch.float32)]
    case.call(*inputs)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = case.call(*inputs)
    inputs[0].mul_(2)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(out, case.call(*inputs))


def test_modules_learn_as_on_the_cpu():
    pytest.importorskip("numba")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), st.GoldenBatchNorm2d(4), torch.nn.ReLU(inplace=True),
        torch.nn.Flatten(), st.GoldenLayerNorm(4 * 36), torch.nn.Linear(4 * 36, 3),
        st.SyntonicSoftmax(num_features=3),
    ).double()  # fmt: skip
    state = {k: v.clone() for k, v in model.state_dict().items()}
    x, results = draw(5, 1, 8, 8), []
    for device in ("cpu", "cuda"):
        model.load_state_dict(state)
        model.to(device).zero_grad()
        model(x.to(device))[:, 0].log().sum().backward()
        tensors = [*(p.grad for p in model.parameters()), *model.buffers()]
        results.append([t.cpu().clone() for t in tensors])
    for cpu, gpu in zip(*results, strict=True):
        torch.testing.assert_close(gpu, cpu, rtol=1e-9, atol=1e-9)


def test_two_devices_are_refused():
    x = torch.zeros(3)
    with pytest.raises(DeviceError, match=r'call \.to\("cuda:0"\)'):
        st.phi_residual(x.cuda(), x)

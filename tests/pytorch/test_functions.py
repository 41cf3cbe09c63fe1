"""The functions on the CPU: values in every dtype, layouts, refusals, threads."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import syntonic
import syntonic.torch as st
from pytorch.cases import INV, close, draw, every_case, every_dtype, exact, gradients
from syntonic import DeviceError, GoldenNormMode, ResonantTensor, ShapeError


@every_case
@every_dtype
def test_values_and_gradients(case, dtype):
    """Within some units in the last place of PyTorch's float64, of the very numbers given."""
    inputs = case.on("cpu", dtype)
    out = case.call(*inputs)
    wanted, slopes = exact(case, inputs)
    assert out.dtype is dtype
    assert out.is_contiguous()
    close(out, wanted, dtype)
    for got, slope, x in zip(gradients(out, inputs), slopes, inputs, strict=True):
        assert got.dtype is dtype
        assert got.shape == x.shape
        close(got, slope, dtype, times=4)


@every_case
def test_without_a_gradient_the_bits_are_the_same(case):
    inputs = case.on("cpu", torch.float32)
    with torch.no_grad():
        alone = case.call(*inputs)
    with torch.inference_mode():
        inference = case.call(*(x.detach().clone() for x in inputs))
    assert torch.equal(alone, case.call(*inputs))
    assert torch.equal(alone, inference)
    assert not alone.requires_grad


def test_the_bits_are_those_of_flux():
    x, y = draw(6, 10), draw(6, 10, seed=1)
    a, b = (ResonantTensor.from_flux(v.numpy()) for v in (x, y))
    pairs = [
        (st.phi_residual(x, y), syntonic.phi_residual(a, b)),
        (st.phi_residual_gelu(x, y), syntonic.phi_residual_gelu(a, b)),
        (st.phi_residual_layernorm(x, y), syntonic.phi_residual_layernorm(a, b)),
        (st.golden_layer_norm(x), syntonic.golden_layer_norm(a)),
        (st.golden_batch_norm(x, training=True), syntonic.golden_batch_norm_1d(a)),
        (st.syntonic_softmax(x, 0), syntonic.syntonic_softmax(a, 0)),
    ]
    for ours, flux in pairs:
        np.testing.assert_array_equal(ours.numpy(), flux.flux_array)


def variants(x):
    """The same numbers in memory laid out otherwise."""
    yield x.transpose(0, -1).contiguous().transpose(0, -1)
    yield torch.stack([x, x], -1)[..., 0]
    yield x.flip(0).contiguous().flip(0)
    yield torch.complex(x, -x).conj().imag  # has the negative bit


@every_case
def test_strides_change_no_bit(case):
    wanted = case.call(*case.inputs)
    first, *rest = case.inputs
    for other in variants(first):
        assert torch.equal(case.call(other, *rest), wanted)


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (0, 0)])
def test_empty_tensors(shape):
    x = torch.zeros(shape, requires_grad=True)
    for out in (
        st.phi_residual(x, x), st.phi_residual_relu(x, x), st.phi_residual_gelu(x, x),
        st.phi_residual_layernorm(x, x), st.golden_layer_norm(x), st.syntonic_softmax(x),
        st.syntonic_softmax(x, 0, torch.ones(shape[0])), st.golden_batch_norm(x),
    ):  # fmt: skip
        assert out.shape == shape
        out.sum().backward()
        assert x.grad.shape == shape


def test_no_axes():
    x = torch.tensor(2.0, requires_grad=True)
    st.phi_residual(x, x).backward()
    assert float(x.grad) == pytest.approx(1 + INV)
    for call in (
        st.golden_layer_norm,
        st.syntonic_softmax,
        lambda x: st.phi_residual_layernorm(x, x),
    ):
        with pytest.raises(ShapeError, match="axis"):
            call(x)


@pytest.mark.parametrize(
    ("shape", "layout"),
    [((2, 5, 3, 4), torch.channels_last), ((2, 5, 2, 3, 4), torch.channels_last_3d)],
)
@pytest.mark.parametrize("training", [True, False])
def test_channels_last_stays_and_changes_the_last_bits_alone(shape, layout, training):
    x = draw(*shape)
    mean, var = draw(5, seed=1), draw(5, seed=2).abs()
    gamma, beta = draw(5, seed=3).requires_grad_(), draw(5, seed=4).requires_grad_()
    results = []
    for form in (torch.contiguous_format, layout):
        leaf = x.contiguous(memory_format=form).requires_grad_()
        out = st.golden_batch_norm(leaf, mean.clone(), var.clone(), gamma, beta, training)
        assert out.is_contiguous(memory_format=form)
        results.append((out, *gradients(out, (leaf, gamma, beta))))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


def test_running_statistics_as_pytorch():
    x = draw(6, 4, 5)
    ours = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    theirs = tuple(v.clone() for v in ours)
    for training in (True, True, False):
        got = st.golden_batch_norm(x, *ours, training=training, momentum=0.3, mode="standard")
        wanted = torch.nn.functional.batch_norm(x, *theirs, training=training, momentum=0.3)
        torch.testing.assert_close(got, wanted, rtol=1e-13, atol=1e-13)
        torch.testing.assert_close(ours, theirs, rtol=1e-14, atol=1e-15)


def test_a_large_mean():
    """Statistics are kept in two parts: a mean of 10^8 deviations does no harm."""
    x = draw(64, 8) + 1e8
    wanted = st.golden_layer_norm(x - 1e8)
    torch.testing.assert_close(st.golden_layer_norm(x), wanted, rtol=0, atol=1e-7)


def test_float32_parameters_beside_halves():
    x = draw(3, 5, dtype=torch.bfloat16).requires_grad_()
    gamma = draw(5, seed=1, dtype=torch.float32).requires_grad_()
    out = st.golden_layer_norm(x, gamma=gamma)
    dx, dgamma = gradients(out, (x, gamma))
    assert out.dtype is dx.dtype is torch.bfloat16
    assert dgamma.dtype is torch.float32


def test_autocast_on_the_cpu_leaves_halves():
    x, y = draw(3, 5, dtype=torch.bfloat16), draw(3, 5, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        assert st.golden_layer_norm(x).dtype is torch.bfloat16
        assert st.syntonic_softmax(x).dtype is torch.bfloat16
        assert st.phi_residual(x, y).dtype is torch.float32
    with pytest.raises(TypeError, match="dtype of identity"):
        st.phi_residual(x, y)


def test_modes_by_name_and_by_value():
    x, y = draw(3, 5), draw(3, 5, seed=1)
    golden = st.golden_layer_norm(x)
    assert torch.equal(golden, st.golden_layer_norm(x, GoldenNormMode.GOLDEN))
    assert torch.equal(golden, st.golden_layer_norm(x, GoldenNormMode.custom(INV)))
    assert torch.equal(st.phi_residual(x, y), st.phi_residual(x, y, syntonic.PhiResidualMode.PHI))
    norms = torch.ones(5, dtype=torch.float64)
    learned = st.syntonic_softmax(x, mode_norms=norms, mode=syntonic.SyntonicSoftmaxMode.LEARNED)
    assert torch.equal(learned, st.syntonic_softmax(x, mode_norms=norms))


S = torch.zeros(3, 4)
REFUSED = {
    "an array": (lambda: st.phi_residual(np.zeros(3), S), TypeError, "identity must be a torch.T"),
    "integers": (lambda: st.golden_layer_norm(S.long()), TypeError, r"got torch\.int64"),
    "complex": (lambda: st.syntonic_softmax(S.cfloat()), TypeError, "convert it"),
    "sparse": (lambda: st.golden_layer_norm(S.to_sparse()), TypeError, "dense"),
    "shapes": (lambda: st.phi_residual(S, S[:1]), ShapeError, r"\(3, 4\), got \(1, 4\)"),
    "dtypes": (lambda: st.phi_residual(S, S.double()), TypeError, "got torch.float64"),
    "devices": (lambda: st.phi_residual(S, S.to("meta")), DeviceError, "got meta"),
    "gamma's shape": (
        lambda: st.golden_layer_norm(S, gamma=S[0, :3]), ShapeError, r"must have shape \(4,\)",
    ),
    "gamma's dtype": (
        lambda: st.golden_layer_norm(S, gamma=S[0].double()), TypeError, "must have the dtype",
    ),
    "weight's shape": (
        lambda: st.golden_batch_norm(S, weight=S[0, :3]), ShapeError, "one value per channel",
    ),
    "a mode": (lambda: st.phi_residual(S, S, "psi"), ValueError, '"phi_symmetric"'),
    "a norm's mode": (lambda: st.golden_layer_norm(S, "silver"), ValueError, "GoldenNormMode"),
    "eps": (lambda: st.golden_layer_norm(S, eps=-1), ValueError, "eps must be finite"),
    "an eps of text": (lambda: st.golden_layer_norm(S, eps="1"), TypeError, "eps must be a real"),
    "dim": (lambda: st.syntonic_softmax(S, 2), ValueError, "from -2 to 1"),
    "two weights": (
        lambda: st.syntonic_softmax(S, -1, S[0], syntony=S[0]), ValueError, "two weights",
    ),
    "negative weights": (
        lambda: st.syntonic_softmax(S, syntony=S[0] - 1), ValueError, "must not be negative",
    ),
    "norms' length": (lambda: st.syntonic_softmax(S, 0, S[0]), ShapeError, r"\(3,\), got \(4,\)"),
    "one value": (lambda: st.golden_batch_norm(S[:1], training=True), ValueError, "at least two"),
    "half a memory": (lambda: st.golden_batch_norm(S, S[0]), ValueError, "go together"),
    "an operator's shapes": (
        lambda: torch.ops.syntonic.residual(S, S[0], "phi"), ShapeError, "equal",
    ),
    "an operator's gamma": (
        lambda: torch.ops.syntonic.layer_norm(S, S[0, :3], None, 1.0, 0.0),
        ShapeError, "one value",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    call, error, text = REFUSED[name]
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("count", [1, 2])
def test_threads_change_no_bit(count, threads):
    """As many as both allow; what they compute is the same."""
    x = draw(300, 1000, dtype=torch.float32)
    wanted = st.golden_layer_norm(x), st.phi_residual_gelu(x, x), st.syntonic_softmax(x)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count)
        got = st.golden_layer_norm(x), st.phi_residual_gelu(x, x), st.syntonic_softmax(x)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(got, wanted, strict=True))


def test_pytorchs_number_of_threads_is_obeyed(monkeypatch):
    from syntonic.jit import thread_count
    from syntonic.torch import loops

    seen = []
    real = loops.family_of

    def noting(*arguments):
        seen.append(thread_count.get_num_threads())
        return real(*arguments)

    monkeypatch.setattr(loops, "family_of", noting)
    x, before = draw(400, 400, dtype=torch.float32), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with syntonic.num_threads(2):
            st.golden_layer_norm(x)
            assert thread_count.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1]

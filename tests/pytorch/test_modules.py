"""The modules: torch.nn's arguments, state dicts and rules; what the mode adds; learning."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

import syntonic.torch as st
from pytorch.cases import INV, draw
from syntonic import GoldenNormMode, ShapeError

PAIRS = {
    1: (st.GoldenBatchNorm1d, nn.BatchNorm1d, (6, 4)),
    "1, long": (st.GoldenBatchNorm1d, nn.BatchNorm1d, (6, 4, 5)),
    2: (st.GoldenBatchNorm2d, nn.BatchNorm2d, (3, 4, 5, 2)),
    3: (st.GoldenBatchNorm3d, nn.BatchNorm3d, (3, 4, 2, 2, 3)),
}
every_rank = pytest.mark.parametrize(("golden", "plain", "shape"), PAIRS.values())
SETTINGS = [
    {}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}, {"eps": 0.1},
    {"momentum": 0.3},
]  # fmt: skip


@every_rank
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_batch_norm_with_the_standard_target_is_pytorchs(golden, plain, shape, settings):
    ours = golden(4, dtype=torch.float64, mode="standard", **settings)
    theirs = plain(4, dtype=torch.float64, **settings)
    ours.load_state_dict(theirs.state_dict())
    for seed, training in ((1, True), (2, True), (3, False), (4, True)):
        x = draw(*shape, seed=seed)
        leaves = [x.clone().requires_grad_() for _ in range(2)]
        outs = [m.train(training)(leaf) for m, leaf in zip((ours, theirs), leaves, strict=True)]
        torch.testing.assert_close(*outs, rtol=1e-12, atol=1e-12)
        slopes = [torch.autograd.grad((o**2).sum(), v) for o, v in zip(outs, leaves, strict=True)]
        torch.testing.assert_close(*slopes, rtol=1e-10, atol=1e-11)
        both = ours.state_dict(), theirs.state_dict()
        assert list(both[0]) == list(both[1])
        torch.testing.assert_close(*map(dict, both), rtol=1e-12, atol=1e-13)


@every_rank
def test_state_dicts_go_both_ways_and_strictly(golden, plain, shape):
    ours, theirs = golden(4), plain(4)
    ours(draw(*shape, dtype=torch.float32))
    for one, other in ((ours, theirs), (theirs, golden(4))):
        other.load_state_dict(one.state_dict())
    assert ours.state_dict()._metadata[""]["version"] == 2


@every_rank
def test_an_untrained_evaluation_is_the_identity(golden, plain, shape):
    x = draw(*shape)
    module = golden(4, dtype=torch.float64).eval()
    assert module.running_var.tolist() == pytest.approx([INV] * 4)
    torch.testing.assert_close(module(x), x, rtol=1e-5, atol=1e-5)
    custom = golden(4, mode=GoldenNormMode.custom(2.0))
    assert custom.running_var.tolist() == [2.0] * 4
    custom.running_var.zero_()
    custom.reset_running_stats()
    assert custom.running_var.tolist() == [2.0] * 4


@every_rank
def test_the_variance_is_the_target(golden, plain, shape):
    x = draw(*shape) * 10
    out = golden(4, eps=0, dtype=torch.float64)(x)
    over = [0, *range(2, x.ndim)]
    torch.testing.assert_close(out.var(over, correction=0), torch.full((4,), INV).double())


def test_running_variance_is_over_n_minus_1():
    module = st.GoldenBatchNorm1d(3, momentum=1.0, dtype=torch.float64)
    x = draw(5, 3)
    module(x)
    torch.testing.assert_close(module.running_var, x.var(0))


def test_batch_norm_refuses():
    module = st.GoldenBatchNorm2d(4)
    with pytest.raises(ShapeError, match=r"\(N, 4, H, W\), got \(2, 4\)"):
        module(torch.zeros(2, 4))
    with pytest.raises(ShapeError, match=r"got \(2, 3, 1, 1\)"):
        module(torch.zeros(2, 3, 1, 1))
    with pytest.raises(ValueError, match="at least two values"):
        module(torch.zeros(1, 4, 1, 1))
    assert int(module.num_batches_tracked) == 0, "a refused batch is not counted"
    with pytest.raises(ValueError, match="mode must be"):
        st.GoldenBatchNorm2d(4, mode="silver")


@pytest.mark.parametrize("shape", [5, (5,), (4, 5), [3, 4, 5]])
@pytest.mark.parametrize("settings", [{}, {"bias": False}, {"elementwise_affine": False}], ids=str)
def test_layer_norm_with_the_standard_target_is_pytorchs(shape, settings):
    ours = st.GoldenLayerNorm(shape, dtype=torch.float64, mode="standard", **settings)
    theirs = nn.LayerNorm(shape, dtype=torch.float64, **settings)
    if theirs.weight is not None:
        with torch.no_grad():
            theirs.weight.copy_(draw(*theirs.weight.shape))
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = draw(2, 3, 4, 5)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-12, atol=1e-12)
    with pytest.raises(ShapeError, match="must end in the axes"):
        ours(draw(2, 3))


@pytest.mark.parametrize("mode", ["phi", "phi_symmetric", "standard"])
@pytest.mark.parametrize("activation", [None, "relu", "gelu", "layernorm"])
def test_residual(mode, activation):
    shape = (4, 5) if activation == "layernorm" else None
    module = st.PhiResidual(mode, activation, shape, dtype=torch.float64)
    x, y = draw(3, 4, 5), draw(3, 4, 5, seed=1)
    total = st.phi_residual(x, y, mode)
    after = {
        None: lambda v: v,
        "relu": torch.relu,
        "gelu": nn.functional.gelu,
        "layernorm": lambda v: nn.functional.layer_norm(v, (4, 5)),
    }[activation]
    torch.testing.assert_close(module(x, y), after(total), rtol=1e-12, atol=1e-12)
    assert sorted(module.state_dict()) == (["bias", "weight"] if shape else [])


def test_residual_refuses():
    for arguments in (("psi",), ("phi", "tanh"), ("phi", "layernorm"), ("phi", None, 5)):
        with pytest.raises(ValueError, match=r"must be|goes with"):
            st.PhiResidual(*arguments)


def test_softmax_starts_as_the_plain_one_and_learns():
    """Equal mode norms change nothing, and are no trap: their gradient is that of a bias."""
    torch.manual_seed(0)
    module = st.SyntonicSoftmax(num_features=4, dtype=torch.float64)
    x, bias = draw(200, 4), torch.tensor([2.0, -1.0, 0.0, 0.5]).double()
    torch.testing.assert_close(module(x), x.softmax(-1), rtol=1e-14, atol=1e-15)
    labels = torch.distributions.Categorical(logits=x + bias).sample()
    optimizer = torch.optim.Adam(module.parameters(), 0.1)

    def loss():
        return nn.functional.nll_loss(module(x).log(), labels)

    first = float(loss().detach())
    for _ in range(100):
        optimizer.zero_grad()
        loss().backward()
        assert abs(float(module.mode_norms.grad.sum())) < 1e-12
        optimizer.step()
    assert float(loss().detach()) < first - 0.1
    canonical = module.canonical_mode_norms()
    assert float(canonical.min()) == 0
    same = st.syntonic_softmax(x, mode_norms=canonical)
    torch.testing.assert_close(same, module(x), rtol=1e-12, atol=1e-14)


def test_softmax_modes():
    x, w = draw(3, 4), draw(4, seed=1).abs()
    golden = st.SyntonicSoftmax(num_features=4, init="index", dtype=torch.float64)
    assert golden.mode_norms.tolist() == [0, 1, 4, 9]
    assert torch.equal(st.SyntonicSoftmax(0, "identity")(x), st.syntonic_softmax(x, 0))
    provided = st.SyntonicSoftmax(mode="provided", syntony_scale=2.0)
    assert torch.equal(provided(x, w), st.syntonic_softmax(x, syntony=w, syntony_scale=2.0))
    for call in (lambda: provided(x), lambda: golden(x, w), lambda: st.SyntonicSoftmax(),
                 lambda: st.SyntonicSoftmax(mode="other"), lambda: st.SyntonicSoftmax(init="two"),
                 lambda: st.SyntonicSoftmax(mode="identity").canonical_mode_norms()):  # fmt: skip
        with pytest.raises(ValueError, match=r"must|does not fit|two weights|only"):
            call()


MODULES = {
    "GoldenBatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, "
    "mode='golden')": lambda: st.GoldenBatchNorm2d(4),
    "GoldenLayerNorm((4,), eps=1e-05, elementwise_affine=True, mode=GoldenNormMode.custom(2.0))":
        lambda: st.GoldenLayerNorm(4, mode=GoldenNormMode.custom(2.0)),
    "SyntonicSoftmax(dim=-1, mode='learned', num_features=4, syntony_scale=1.0)":
        lambda: st.SyntonicSoftmax(num_features=4),
    "SyntonicSoftmax(dim=1, mode='identity', syntony_scale=1.0)":
        lambda: st.SyntonicSoftmax(1, "identity"),
    "PhiResidual('phi')": st.PhiResidual,
    "PhiResidual('phi', activation='layernorm', (4,), eps=1e-05, elementwise_affine=True)":
        lambda: st.PhiResidual("phi", "layernorm", 4),
}  # fmt: skip


@pytest.mark.parametrize("text", MODULES)
def test_repr_copies_and_pickles(text):
    module = MODULES[text]()
    assert repr(module) == text
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert repr(other) == text
        assert str(other.state_dict()) == str(module.state_dict())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_modules_and_float32_statistics(dtype):
    x = draw(3, 4, 5, 2, dtype=dtype)
    for module in (st.GoldenBatchNorm2d(4), st.GoldenBatchNorm2d(4).to(dtype)):
        out = module(x.clone().requires_grad_())
        assert out.dtype is dtype
        out.sum().backward()
        assert module.weight.grad.dtype is module.weight.dtype


def test_relu_in_place_after_a_layer():
    """The commonest pair there is: the output of a layer is nobody's view."""
    for layer, x in (
        (st.GoldenBatchNorm2d(4), draw(3, 4, 5, 2)),
        (st.GoldenLayerNorm(4), draw(3, 4)),
    ):
        for form in (torch.contiguous_format, torch.channels_last):
            x = x.float()
            x = x.contiguous(memory_format=form) if x.ndim == 4 else x
            out = nn.Sequential(layer, nn.ReLU(inplace=True))(x.requires_grad_())
            out.sum().backward()
            x = x.detach()


def test_one_module_on_the_meta_device_and_materialised():
    module = st.GoldenBatchNorm1d(4, device="meta")
    assert module(torch.zeros(3, 4, device="meta")).is_meta
    real = module.to_empty(device="cpu")
    real.reset_parameters()
    assert real.running_var.tolist() == pytest.approx([INV] * 4)
    assert real.weight.tolist() == [1] * 4

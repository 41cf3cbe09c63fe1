"""goldenize and degoldenize: what changes, what stays, and that one undoes the other."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import syntonic.torch as st
from pytorch.cases import INV, draw
from syntonic import GoldenNormMode


def network() -> nn.Module:
    torch.manual_seed(0)
    shared = nn.LayerNorm(6)
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Flatten(),
        nn.Linear(12, 6), shared, nn.Linear(6, 6), shared, nn.BatchNorm1d(6, momentum=None),
        nn.Softmax(1),
    ).double()  # fmt: skip
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * draw(*p.shape))
    model(draw(5, 2, 4, 4))
    return model


def norms(model: nn.Module) -> list[str]:
    return [type(m).__name__ for m in model if "Norm" in type(m).__name__]


def test_what_is_replaced_and_what_is_told():
    model, report = st.goldenize(network())
    assert norms(model) == [
        "GoldenBatchNorm2d", "GoldenLayerNorm", "GoldenLayerNorm", "GoldenBatchNorm1d",
    ]  # fmt: skip
    assert [(c.name, c.before, c.after) for c in report.changed] == [
        ("1", "BatchNorm2d", "GoldenBatchNorm2d"),
        ("5", "LayerNorm", "GoldenLayerNorm"),
        ("8", "BatchNorm1d", "GoldenBatchNorm1d"),
        ("9", "Softmax", "SyntonicSoftmax"),
    ]
    assert report.kept == ()
    assert model[5] is model[7], "shared before, and so after"
    assert "5: LayerNorm -> GoldenLayerNorm" in str(report)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("mode", ["golden", GoldenNormMode.custom(3.0)], ids=str)
def test_outputs_preserved(training, mode):
    x, plain = draw(5, 2, 4, 4, seed=1), network().train(training)
    golden = st.goldenize(copy.deepcopy(plain), mode=mode, preserve=True).module
    assert all(m.training is training for m in golden.modules())
    torch.testing.assert_close(golden(x), plain(x), rtol=1e-11, atol=1e-12)


def test_outputs_before_the_bias_are_times_the_root_of_the_target():
    x, plain = draw(5, 6), nn.LayerNorm(6).double()
    golden = st.goldenize(copy.deepcopy(plain)).module
    torch.testing.assert_close(golden(x), plain(x) * INV**0.5, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("preserve", [True, False])
def test_back_again(preserve):
    x, plain = draw(5, 2, 4, 4, seed=1), network().eval()
    model, report = st.degoldenize(st.goldenize(copy.deepcopy(plain), preserve=preserve).module)
    assert len(report.changed) == 4
    assert repr(model) == repr(plain)
    torch.testing.assert_close(model.state_dict(), plain.state_dict(), rtol=1e-15, atol=0)
    torch.testing.assert_close(model(x), plain(x), rtol=1e-12, atol=1e-13)
    for one, other in zip(model.modules(), plain.modules(), strict=True):
        assert sorted(one.__dict__) == sorted(other.__dict__)


def test_parameters_hooks_and_buffers_are_the_same_objects():
    model, calls = network(), []
    model[5].register_forward_hook(lambda *_: calls.append("after"))
    before = dict(model.named_parameters()), dict(model.named_buffers())
    golden = st.goldenize(model).module
    assert golden is model
    assert all(p is before[0][name] for name, p in golden.named_parameters())
    assert all(b is before[1][name] for name, b in golden.named_buffers())
    golden(draw(5, 2, 4, 4))
    assert calls == ["after", "after"]


def test_a_model_that_is_itself_a_layer():
    golden = st.goldenize(nn.BatchNorm3d(2)).module
    assert type(golden) is st.GoldenBatchNorm3d
    assert type(st.degoldenize(golden).module) is nn.BatchNorm3d


@pytest.mark.parametrize("preserve", [True, False])
def test_batch_norms_across_processes(preserve):
    plain = nn.SyncBatchNorm(4, eps=0.1, momentum=None, process_group="some")
    golden = st.goldenize(plain, preserve=preserve).module
    assert type(golden) is st.SyncGoldenBatchNorm
    assert (golden.eps, golden.momentum, golden.process_group) == (0.1, None, "some")
    back = st.degoldenize(golden).module
    assert type(back) is nn.SyncBatchNorm
    assert vars(back).keys() == vars(plain).keys()
    assert back.weight.tolist() == pytest.approx([1] * 4)
    converted = st.SyncGoldenBatchNorm.convert(st.goldenize(nn.BatchNorm1d(4)).module)
    assert type(st.degoldenize(converted).module) is nn.SyncBatchNorm


def test_what_is_kept_and_why():
    class Own(nn.LayerNorm):
        pass

    model = nn.ModuleDict({
        "own": Own(4), "attention": nn.MultiheadAttention(4, 2),
        "free": nn.LayerNorm(4, elementwise_affine=False), "softmax": nn.Softmax(),
    })  # fmt: skip
    report = st.goldenize(model, preserve=True).report
    reasons = {c.name: c.reason for c in report.kept}
    assert reasons == {
        "own": "a subclass may do anything",
        "attention": "its softmax is a functional call",
        "free": "it has no weight to divide by the root of the target",
        "softmax": "its axis depends on the input",
    }
    assert report.changed == ()
    assert "own: Own kept, a subclass" in str(report)


def test_a_weight_of_two_layers_is_divided_once():
    one, other = nn.LayerNorm(4), nn.LayerNorm(4)
    other.weight = one.weight
    model = nn.Sequential(one, other)
    st.goldenize(model, preserve=True)
    assert one.weight.tolist() == pytest.approx([INV**-0.5] * 4)
    st.degoldenize(model)
    assert one.weight.tolist() == pytest.approx([1] * 4)


def test_softmax_with_classes_learns():
    model = st.goldenize(nn.Sequential(nn.Softmax(-1)), num_features=4).module
    x = draw(3, 4, dtype=torch.float32)
    torch.testing.assert_close(model(x), x.softmax(-1))
    assert len(list(model.parameters())) == 1
    kept = st.degoldenize(model).report.kept
    assert [c.reason for c in kept] == ['mode "learned" is no plain softmax']


def test_the_fast_way_of_an_encoder_layer_does_not_bypass_the_norms():
    """In evaluation it would take the weights of the norms, and know nothing of the target."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True).eval()
    encoder, x = nn.TransformerEncoder(layer, 2).eval(), draw(3, 5, 8, dtype=torch.float32)
    with torch.no_grad():
        plain = encoder(x)
        golden = st.goldenize(encoder).module
        slow = golden(x.requires_grad_()).detach()
        fast = golden(x.detach())
        torch.testing.assert_close(fast, slow)
        assert float((fast - plain).abs().max()) > 1e-2
        torch.testing.assert_close(st.degoldenize(golden).module(x.detach()), plain)
    assert layer.activation_relu_or_gelu


# -- residual additions -----------------------------------------------------------------------


class Block(nn.Module):
    """Sums of every kind."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4).double(), nn.Linear(4, 4).double()
        self.norm, self.unused = nn.LayerNorm(4).double(), nn.Linear(1, 1)

    def forward(self, x):
        x = x + self.first(x)
        y = self.second(x)
        y += x
        y = self.norm(torch.add(y, y.relu()))
        return self.first(y).add(self.second(y)) + 1.0


def test_residual_additions():
    torch.manual_seed(0)
    plain, x = Block(), draw(3, 4)
    names = list(plain.state_dict())
    wanted = plain(x)
    model, report = st.goldenize(copy.deepcopy(plain), residuals=True)
    changed = [c for c in report.changed if c.after == "PhiResidual"]
    assert [c.before for c in changed] == ["add", "iadd", "add"]
    assert [c.reason for c in report.kept] == ["neither operand comes from the other"]
    assert list(model.state_dict()) == names
    a = x + INV * plain.first(x)
    b = a + INV * plain.second(a)
    c = nn.functional.layer_norm(b + INV * b.relu(), (4,)) * INV**0.5
    torch.testing.assert_close(model(x), plain.first(c) + plain.second(c) + 1.0)
    back, report = st.degoldenize(model)
    assert [c.after for c in report.changed] == ["add", "add", "add", "LayerNorm"]
    torch.testing.assert_close(back(x), wanted)
    assert list(back.state_dict()) == names


def test_an_addition_in_place_that_shows_later_is_kept():
    class Shows(nn.Module):
        def forward(self, x):
            y = x.sin()
            z = y
            z += y.cos()
            return z * y

    x = draw(3)
    model, report = st.goldenize(Shows(), residuals=True)
    assert [c.reason for c in report.kept] == ["what it changes in place is used again"]
    torch.testing.assert_close(model(x), Shows()(x))

    class ShowsInAView(nn.Module):
        def forward(self, x):
            y = x.sin()
            z = y.view(-1)
            z += z.cos()
            return y

    model, report = st.goldenize(ShowsInAView(), residuals=True)
    assert [c.reason for c in report.kept] == ["what it changes in place is used again"]
    torch.testing.assert_close(model(x), ShowsInAView()(x))


def test_a_model_that_does_not_trace_is_refused_unchanged():
    class Chooses(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(4)

        def forward(self, x):
            return self.norm(x) if x.sum() > 0 else x

    model = Chooses()
    with pytest.raises(ValueError, match=r"torch\.fx can trace"):
        st.goldenize(model, residuals=True)
    assert type(model.norm) is nn.LayerNorm


def test_refusals():
    with pytest.raises(TypeError, match=r"torch\.nn\.Module"):
        st.goldenize(3)
    with pytest.raises(TypeError, match="degoldenize: module"):
        st.degoldenize(None)
    with pytest.raises(ValueError, match="mode must be"):
        st.goldenize(nn.LayerNorm(3), mode="silver")

"""Weights on the lattice: snapped, trained so, computed with exactly, kept in files."""

from __future__ import annotations

import json
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

import syntonic
import syntonic.torch as st
from pytorch.cases import draw
from syntonic import PHI, FormatError, PhaseError, ResonantTensor, ShapeError, snap


def trained() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


# -- snapping a module ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_parameters_are_the_nearest_points(dtype):
    model = trained().to(dtype)
    tensors, report = st.crystallize_module(model, precision=20, denominator=3)
    assert list(tensors) == [name for name, _ in model.named_parameters()]
    for (name, p), told in zip(model.named_parameters(), report, strict=True):
        values = p.detach().double().numpy()
        found = snap(values, precision=20, denominator=3)
        assert tensors[name].equals(found.tensor)
        missed = abs(values - tensors[name].to_floats())
        assert told.name == name
        assert told.largest_residual == pytest.approx(missed.max(), rel=1e-6)
        assert told.rms_residual == pytest.approx(np.sqrt((missed**2).mean()), rel=1e-6)
        assert told.largest_b == abs(found.b).max() <= 20
        assert told.largest_a == abs(found.a).max()


def test_an_empty_parameter():
    module = nn.ParameterList([nn.Parameter(torch.zeros(0))])
    tensors, (told,) = st.crystallize_module(module)
    assert tensors["0"].shape == (0,)
    assert told[1:] == (0.0, 0.0, 0, 0)


# -- training ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_lattice_parameter_has_lattice_values_and_the_identitys_gradient(dtype):
    layer = nn.Linear(4, 3).to(dtype)
    kept = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", st.LatticeParameter(5, 2))
    wanted = snap(kept.double().numpy(), precision=5, denominator=2).tensor.to_floats()
    assert torch.equal(layer.weight.detach(), torch.tensor(wanted).to(dtype))
    assert torch.equal(layer.parametrizations.weight.original, kept)
    grad = draw(3, 4, dtype=dtype)
    layer.weight.backward(grad)
    assert torch.equal(layer.parametrizations.weight.original.grad, grad)
    assert repr(layer.parametrizations.weight[0]) == "LatticeParameter(precision=5, denominator=2)"


def test_it_trains():
    torch.manual_seed(0)
    x, target = draw(64, 4), draw(64, 4) @ draw(4, 1, seed=1)
    layer = nn.Linear(4, 1, bias=False).double()
    parametrize.register_parametrization(layer, "weight", st.LatticeParameter(5))
    optimizer = torch.optim.Adam(layer.parameters(), 0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ((layer(x) - target) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses) < losses[0] / 5


def test_a_transform_is_refused_and_no_tangent_lost():
    with pytest.raises(RuntimeError, match="setup_context"):
        torch.func.jvp(st.LatticeParameter(5), (draw(3),), (draw(3),))
    for arguments in ((-1,), (5, 0), (1.5,)):
        with pytest.raises((ValueError, TypeError), match="LatticeParameter"):
            st.LatticeParameter(*arguments)


# -- exact layers -----------------------------------------------------------------------------


def exact(shape, bound, seed=0):
    return ResonantTensor.random_lattice(shape, bound=bound, seed=seed)


def by_hand(x, weight, bias):
    """x @ weight.T + bias in pairs of Fractions."""
    rows = []
    for row in x:
        out = []
        for w, c in zip(weight, bias, strict=True):
            total = [Fraction(int(c.a)), Fraction(int(c.b))]
            for u, v in zip(row, w, strict=True):
                a, b, p, q = (Fraction(int(n)) for n in (u.a, u.b, v.a, v.b))
                total[0] += a * p + b * q
                total[1] += a * q + b * p + b * q
            out.append(tuple(total))
        rows.append(out)
    return rows


def test_a_layer_is_the_sum_of_products():
    x, w, c = exact((5, 4), 50), exact((3, 4), 50, 1), exact((3,), 50, 2)
    out = st.CrystallizedLinear(w, c)(x)
    wanted = by_hand(x.tolist(), w.tolist(), c.tolist())
    assert [[(e.a, e.b) for e in row] for row in out.tolist()] == wanted
    assert st.CrystallizedLinear(w)(x).equals(x @ w.T)
    assert "in_features=4, out_features=3, bias=True" in repr(st.CrystallizedLinear(w, c))


@pytest.mark.parametrize("out_precision", [None, 30])
def test_the_same_numbers_for_any_threads_and_batches(out_precision, threads):
    x = exact((64, 40), 100)
    weights = [(exact((40, 40), 100, s), exact((40,), 9, s)) for s in (1, 2)]
    layers = [st.CrystallizedLinear(*each, out_precision=out_precision) for each in weights]

    def network(x):
        return layers[1](layers[0](x))

    results = []
    for count in (1, 2):
        threads(count)
        results += [network(x), network(x[:13]), network(x[13:])]
    whole, first, rest = results[:3]
    assert np.concatenate([first, rest]).equals(whole)
    assert all(a.equals(b) for a, b in zip(results[:3], results[3:], strict=True))
    if out_precision is not None:
        assert abs(whole.numerators()[1]).max() <= out_precision


def numbers(count, bound, start):
    """Integers from -bound to bound by a congruential generator, the same everywhere."""
    found, state = [], start
    for _ in range(count):
        state = (6364136223846793005 * state + 1442695040888963407) % 2**64
        found.append((state >> 33) % (2 * bound + 1) - bound)
    return found


def drawn(*shape, bound, start):
    parts = numbers(2 * int(np.prod(shape)), bound, start)
    a, b = np.array(parts[::2]).reshape(shape), np.array(parts[1::2]).reshape(shape)
    return ResonantTensor.from_lattice(a, b)


@pytest.mark.parametrize(
    ("out_precision", "wanted"),
    [(None, "f9cddd7a636398c7"), (30, "5297b0b8cb6ddb02")],
)
def test_the_same_numbers_on_every_machine(out_precision, wanted):
    """Three layers, relus and a residual connection; digests by integers of Python, one by one."""
    weights = [drawn(32, 32, bound=9, start=s) for s in (1, 2, 3)]
    first, inner, last = (
        st.CrystallizedLinear(w, drawn(32, bound=9, start=7), out_precision=out_precision)
        for w in weights
    )
    x = first(drawn(50, 32, bound=99, start=5)).relu()
    out = last(syntonic.phi_residual(x, inner(x).relu()))
    text = "\n".join(f"{a} {b}" for a, b in zip(out.a.ravel(), out.b.ravel(), strict=True))
    assert sha256(text.encode()).hexdigest()[:16] == wanted


def test_layers_refuse():
    w = exact((3, 4), 5)
    with pytest.raises(PhaseError, match="weight must be crystallized"):
        st.CrystallizedLinear(w.wake_flux())
    with pytest.raises(TypeError, match="x must be a ResonantTensor"):
        st.CrystallizedLinear(w)(torch.zeros(4))
    for call in (
        lambda: st.CrystallizedLinear(w[0]), lambda: st.CrystallizedLinear(w, w[0]),
        lambda: st.CrystallizedLinear(w)(exact((3,), 5)),
    ):  # fmt: skip
        with pytest.raises(ShapeError, match="must have shape"):
            call()


# -- files ------------------------------------------------------------------------------------

TENSORS = {
    "small": ResonantTensor([[1, PHI], [PHI / 3, -2]], precision=7),
    "wide": ResonantTensor.from_lattice([2**60, -(2**63)], [-(2**62), 2**63 - 1]),
    "long": ResonantTensor([2**200 + PHI, -(2**64), PHI * 2**63, 0]),
    "fractions": ResonantTensor([PHI / 7, Fraction(1, 2**80)]),
    "empty": ResonantTensor.zeros((0, 3)),
    "scalar": ResonantTensor(PHI),
}


def test_files_hold_the_very_numbers(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "model.safetensors"
    st.save(TENSORS, path)
    found = st.load(path)
    assert list(found) == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        assert found[name].equals(tensor), name
        assert found[name].shape == tensor.shape
        assert repr(found[name]) == repr(tensor), "with the precision, if one was chosen"


def test_another_loader_sees_plain_integers(tmp_path):
    torch_files = pytest.importorskip("safetensors.torch")
    path = tmp_path / "model.safetensors"
    st.save(TENSORS, path)
    found = torch_files.load_file(path)
    assert found["wide.a"].tolist() == [2**60, -(2**63)]
    assert found["small.b"].dtype is torch.int64
    with pytest.importorskip("safetensors").safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["fractions"])
    assert int(header["denominator"]) == 7 * 2**80


def test_files_refuse(tmp_path):
    files = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "x.safetensors"
    with pytest.raises(PhaseError, match="w must be crystallized"):
        st.save({"w": ResonantTensor([1]).wake_flux()}, path)
    assert not path.exists()
    with pytest.raises(FileNotFoundError):
        st.load(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(FormatError, match=r"x\.safetensors"):
        st.load(path)
    good = {"field": "Q(sqrt5), a + b*phi", "denominator": "1", "precision": 1, "limbs": 0}
    a = np.zeros(3, np.int64)
    for header, arrays in (
        ({**good, "field": "Q"}, {"w.a": a, "w.b": a}),
        (good, {"w.a": a}),
        (good, {"w.a": a, "w.b": a.astype(float)}),
        ({**good, "limbs": 2}, {"w.a": a, "w.b": a}),
        ({**good, "denominator": "0"}, {"w.a": a, "w.b": a}),
        ([], {"w.a": a, "w.b": a}),
    ):
        files.save_file(arrays, path, {"w": json.dumps(header)})
        with pytest.raises(FormatError, match=r"w must have int64 tensors w\.a"):
            st.load(path)


def test_a_trained_model_through_a_file_and_exact_layers(tmp_path):
    pytest.importorskip("safetensors")
    model = trained().double()
    tensors, _ = st.crystallize_module(model, precision=1000)
    st.save(tensors, tmp_path / "m.safetensors")
    t = st.load(tmp_path / "m.safetensors")
    first = st.CrystallizedLinear(t["0.weight"], t["0.bias"])
    second = st.CrystallizedLinear(t["2.weight"], t["2.bias"])
    x = draw(5, 4)
    exact_x = snap(x.numpy(), precision=1000).tensor
    out = second(syntonic.ResonantTensor.relu(first(exact_x)))
    np.testing.assert_allclose(out.to_floats(), model(x).detach().numpy(), atol=1e-2)

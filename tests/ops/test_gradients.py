"""vjp and jvp of the eight operations: central differences, and PyTorch's rules of refusal."""

from __future__ import annotations

import numpy as np
import pytest

from syntonic import (
    DeviceError,
    GoldenBatchNormState,
    PhaseError,
    ResonantTensor,
    ShapeError,
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
    syntonic_softmax,
)
from syntonic.ops import Gradients, jvp, vjp

STEP = 1e-6
TENSORS = ("x", "identity", "residual")


def draw(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


PAIR = {"identity": draw(3, 4, 5), "residual": draw(3, 4, 5, seed=1)}
ROW = {"gamma": draw(5, seed=2), "beta": draw(5, seed=3)}
CHANNEL = {"gamma": draw(4, seed=4), "beta": draw(4, seed=5)}
MODES = ("phi", "phi_symmetric", "standard")

CASES = {
    f"{function.__name__} {mode}": (function, PAIR | more, {"mode": mode})
    for mode in MODES
    for function, more in (
        (phi_residual, {}), (phi_residual_relu, {}), (phi_residual_gelu, {}),
        (phi_residual_layernorm, ROW),
    )
}  # fmt: skip
CASES |= {
    "layer norm": (golden_layer_norm, {"x": draw(3, 4, 5)}, {}),
    "layer norm, affine": (golden_layer_norm, {"x": draw(3, 4, 5), **ROW}, {"mode": "standard"}),
    "batch norm 1d": (golden_batch_norm_1d, {"x": draw(6, 4), **CHANNEL}, {}),
    "batch norm 2d": (golden_batch_norm_2d, {"x": draw(2, 4, 3, 2), **CHANNEL}, {"eps": 0.1}),
    "batch norm 2d, plain": (golden_batch_norm_2d, {"x": draw(2, 4, 3, 2)}, {}),
    "softmax": (syntonic_softmax, {"x": draw(3, 4, 5)}, {"dim": 1}),
    "softmax, learned": (
        syntonic_softmax, {"x": draw(3, 4, 5), "mode_norms": draw(4, seed=6)},
        {"dim": 1, "syntony_scale": 1.5},
    ),
    "softmax, provided by class": (
        syntonic_softmax, {"x": draw(3, 4, 5), "syntony": abs(draw(5, seed=6))},
        {"syntony_scale": 1.5, "syntony_floor": 0.3},
    ),
    "softmax, provided": (
        syntonic_softmax, {"x": draw(3, 4, 5), "syntony": abs(draw(3, 4, 5, seed=6))},
        {"dim": 0, "syntony_floor": 0.2},
    ),
}  # fmt: skip
every_case = pytest.mark.parametrize(("function", "given", "options"), CASES.values(), ids=CASES)


def arguments(flux, given):
    return {n: flux(v) if n in TENSORS else _parameter(flux, v) for n, v in given.items()}


def _parameter(flux, value):
    return flux(value).flux_array


def host(t):
    return t.to_device("cpu").flux_array


def differences(flux, function, given, options, name, tangent):
    """The derivative along a tangent of one argument, by central differences."""
    outs = []
    for sign in (1, -1):
        moved = given | {name: given[name] + sign * STEP * tangent}
        outs.append(host(function(**arguments(flux, moved), **options)))
    return (outs[0] - outs[1]) / (2 * STEP)


@every_case
def test_both_ways_are_the_central_differences(flux, function, given, options):
    out, pullback = vjp(function, **arguments(flux, given), **options)
    grad = draw(*out.shape, seed=9)
    found = pullback(flux(grad))
    assert isinstance(found, Gradients)
    present = {name for name, value in found._asdict().items() if value is not None}
    assert present == set(given)
    for name, value in given.items():
        tangent = draw(*value.shape, seed=10)
        wanted = differences(flux, function, given, options, name, tangent)
        same, forward = jvp(
            function, (), {name: _parameter(flux, tangent)}, **arguments(flux, given), **options
        )
        np.testing.assert_array_equal(host(same), host(out))
        np.testing.assert_allclose(host(forward), wanted, rtol=1e-6, atol=1e-8)
        gradient = host(getattr(found, name))
        assert gradient.shape == value.shape
        along = (gradient * tangent).sum()
        assert along == pytest.approx((grad * wanted).sum(), rel=1e-6, abs=1e-7)


@every_case
def test_tangents_add_up(flux, function, given, options):
    tangents = {n: _parameter(flux, draw(*v.shape, seed=11)) for n, v in given.items()}
    ready = arguments(flux, given)
    _, together = jvp(function, (), tangents, **ready, **options)
    parts = [jvp(function, (), {n: t}, **ready, **options)[1] for n, t in tangents.items()]
    np.testing.assert_allclose(host(together), sum(map(host, parts)), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@every_case
def test_narrow_dtypes(flux, function, given, options, dtype):
    narrow = {n: flux(v, dtype) if n in TENSORS else flux(v).flux_array for n, v in given.items()}
    out, pullback = vjp(function, **narrow, **options)
    grad = draw(*out.shape, seed=9).astype(dtype)
    found = pullback(flux(grad, dtype))
    wide = {n: v.astype(dtype).astype(float) if n in TENSORS else v for n, v in given.items()}
    wanted = vjp(function, **arguments(flux, wide), **options)[1](flux(grad))
    bound = 1e-5 if dtype is np.float32 else 2e-2
    for name in given:
        got, exact = host(getattr(found, name)), host(getattr(wanted, name))
        if name in TENSORS:
            assert got.dtype == dtype
        np.testing.assert_allclose(got, exact, rtol=bound, atol=bound * (1 + abs(exact).max()))


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_with_memory(flux, training):
    """Its gradients: by the batch in training, by constants in evaluation."""
    x, grad = draw(6, 4), draw(6, 4, seed=1)

    def state(gamma):
        out = GoldenBatchNormState(4)
        out.load_state_dict({
            "weight": gamma, "bias": CHANNEL["beta"], "running_mean": draw(4, seed=7),
            "running_var": abs(draw(4, seed=8)), "num_batches_tracked": 1,
        })  # fmt: skip
        return out

    one, other = state(CHANNEL["gamma"]), state(CHANNEL["gamma"])
    out, pullback = one.vjp(flux(x), training)
    np.testing.assert_array_equal(host(out), host(other.forward(flux(x), training)))
    assert one.num_batches_tracked == other.num_batches_tracked
    found = pullback(flux(grad))
    for name, value in (("x", x), ("gamma", CHANNEL["gamma"])):
        tangent = draw(*value.shape, seed=12)
        sides = []
        for sign in (1, -1):
            moved = {"x": x, "gamma": CHANNEL["gamma"]}
            moved[name] = value + sign * STEP * tangent
            sides.append(host(state(moved["gamma"]).forward(flux(moved["x"]), training)))
        wanted = (grad * (sides[0] - sides[1])).sum() / (2 * STEP)
        got = (host(getattr(found, name)) * tangent).sum()
        assert got == pytest.approx(wanted, rel=1e-6, abs=1e-7)
    np.testing.assert_allclose(host(found.beta), grad.sum(0), rtol=1e-13)


def test_batch_norm_with_memory_refuses_exact_numbers_before_it_learns():
    state = GoldenBatchNormState(1)
    with pytest.raises(PhaseError, match="only flux"):
        state.vjp(ResonantTensor([[1], [2]]))
    assert state.num_batches_tracked == 0


def test_primals_in_order(flux):
    x, y = flux(draw(3, 4)), flux(draw(3, 4, seed=1))
    _, by_order = jvp(phi_residual, (x, y), (None, flux(draw(3, 4, seed=2))))
    _, by_name = jvp(phi_residual, (x, y), {"residual": flux(draw(3, 4, seed=2))})
    np.testing.assert_array_equal(host(by_order), host(by_name))


def test_a_gradient_is_nobody_elses_memory():
    x, grad = ResonantTensor.from_flux(draw(3)), draw(3)
    found = vjp(phi_residual, x, x, "standard")[1](grad)
    grad[:] = 0
    assert host(found.identity).all()
    assert host(found.residual).all()


def test_empty_tensors(flux):
    x = flux(np.zeros((0, 4)))
    out, pullback = vjp(golden_layer_norm, x)
    assert pullback(flux(np.zeros((0, 4)))).x.shape == (0, 4)
    assert out.shape == (0, 4)


def test_refusals():
    x = ResonantTensor.from_flux(draw(3, 4))
    with pytest.raises(PhaseError, match="wake the input"):
        vjp(phi_residual, ResonantTensor([1]), ResonantTensor([1]))
    with pytest.raises(TypeError, match="one of phi_residual"):
        vjp(np.sin, x)
    with pytest.raises(TypeError, match="phi_residual does not take this"):
        vjp(phi_residual, x)
    pullback = vjp(phi_residual, x, x)[1]
    with pytest.raises(ShapeError, match=r"\(3, 4\), got \(3,\)"):
        pullback(np.zeros(3))
    with pytest.raises(PhaseError, match="only flux"):
        pullback(ResonantTensor.zeros((3, 4)))
    with pytest.raises(ShapeError, match="as many as primals"):
        jvp(phi_residual, (x, x), (None,))
    with pytest.raises(TypeError, match="mode has no tangent"):
        jvp(phi_residual, (x, x, "phi"), (None, None, 1.0))
    with pytest.raises(TypeError, match="gamma has no tangent"):
        jvp(golden_layer_norm, (x,), {"gamma": np.ones(4)})


def test_devices(cupy):
    x = ResonantTensor.from_flux(draw(3)).to_device("cuda")
    with pytest.raises(DeviceError, match="move it first"):
        vjp(phi_residual, x, x)[1](draw(3))

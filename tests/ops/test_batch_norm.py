"""Batch normalization with memory: PyTorch's and ONNX's rules, state, refusals."""

import numpy as np
import pytest

from syntonic import (
    PHI,
    PHI_INV,
    GoldenBatchNormConfig,
    GoldenBatchNormState,
    GoldenNormMode,
    ResonantTensor,
    ShapeError,
    golden_batch_norm_1d,
)


def values(t):
    return t.to_device("cpu").flux_array


def host(array):
    return array if isinstance(array, np.ndarray) else array.get()


def draws(shape, seed=0):
    return 2 + np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 2, 2)])
def test_training_then_evaluation_as_pytorch(flux, shape):
    torch = pytest.importorskip("torch")
    peer = torch.nn.functional.batch_norm
    mean, var = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    gamma, beta = draws(3, 5), draws(3, 6)
    state = GoldenBatchNormState(GoldenBatchNormConfig(3, mode="standard", momentum=0.3))
    state.gamma, state.beta = gamma, beta.tolist()
    for seed, training in ((1, True), (2, True), (3, False)):
        x = draws(shape, seed)
        out = state.forward(flux(x), training)
        wanted = peer(
            torch.tensor(x), mean, var, torch.tensor(gamma), torch.tensor(beta), training, 0.3, 1e-5
        )
        np.testing.assert_allclose(values(out), wanted.numpy(), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(host(state.running_mean), mean.numpy(), rtol=1e-13)
        np.testing.assert_allclose(host(state.running_var), var.numpy(), rtol=1e-13)
    assert state.num_batches_tracked == 2


def test_the_running_variance_may_be_biased(flux):
    x = draws((5, 2))
    for unbiased, ddof in ((True, 1), (False, 0)):
        state = GoldenBatchNormState(GoldenBatchNormConfig(2, momentum=1.0, unbiased=unbiased))
        state.forward(flux(x))
        np.testing.assert_allclose(host(state.running_var), x.var(0, ddof=ddof), rtol=1e-14)


def test_it_starts_at_the_target():
    golden = GoldenBatchNormState(2)
    assert golden.running_mean.tolist() == [0, 0]
    assert golden.running_var.tolist() == [float(PHI_INV)] * 2
    custom = GoldenBatchNormState(GoldenBatchNormConfig(1, mode=GoldenNormMode.custom(3)))
    assert custom.running_var.tolist() == [3]


def test_evaluation_applies_the_target_too(flux):
    state = GoldenBatchNormState(GoldenBatchNormConfig(1, eps=0))
    out = state.forward(flux([[2.0], [-1.0]]), training=False)
    # fresh statistics: mean 0, variance = target, so that nothing changes
    np.testing.assert_allclose(values(out), [[2.0], [-1.0]], rtol=1e-15)
    assert state.num_batches_tracked == 0


def test_evaluation_without_tracking_uses_the_batch(flux):
    config = GoldenBatchNormConfig(3, track_running_stats=False, affine=False)
    state, x = GoldenBatchNormState(config), flux(draws((6, 3)))
    assert state.running_mean is None
    assert state.gamma is None
    assert state.forward(x, training=False).equals(golden_batch_norm_1d(x))
    assert state(x).equals(golden_batch_norm_1d(x))


def test_crystallized_batches():
    x = ResonantTensor([[1, PHI], [3, 2 * PHI], [8, 0]], precision=10**6)
    state = GoldenBatchNormState(GoldenBatchNormConfig(2, momentum=1.0, eps=0))
    out = state.forward(x)
    assert out.is_crystallized
    assert out.equals(golden_batch_norm_1d(x, eps=0))
    assert state.running_mean.tolist() == [4.0, float(PHI)]
    assert state.running_var.tolist() == [13.0, float(PHI**2)]
    later = state.forward(x, training=False)
    wanted = (x.to_floats() - [4, float(PHI)]) * np.sqrt(
        float(PHI_INV) / np.array([13, float(PHI**2)])
    )
    np.testing.assert_allclose(later.to_floats(), wanted, atol=1e-5)


def test_statistics_follow_the_device(cupy):
    state = GoldenBatchNormState(1)
    x = ResonantTensor([[1], [3]])
    state.forward(x.wake_flux("cuda"))
    assert isinstance(state.running_mean, cupy.ndarray)
    state.forward(x.wake_flux())
    assert isinstance(state.running_mean, np.ndarray)
    assert state.num_batches_tracked == 2
    assert all(isinstance(v, (np.ndarray, int)) for v in state.state_dict().values())


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("track", [True, False])
def test_state_travels(affine, track):
    config = GoldenBatchNormConfig(2, affine=affine, track_running_stats=track)
    old, new = GoldenBatchNormState(config), GoldenBatchNormState(config)
    old.forward(ResonantTensor.from_flux(draws((5, 2))))
    if affine:
        old.gamma = [2, 3]
    new.load_state_dict(old.state_dict())
    for name, value in old.state_dict().items():
        assert np.array_equal(new.state_dict()[name], value)
    x = ResonantTensor.from_flux(draws((4, 2), 1))
    assert new.forward(x, training=False).equals(old.forward(x, training=False))


def test_states_of_before_load():
    """gamma and beta were the names of weight and bias."""
    state = GoldenBatchNormState(2)
    given = {**state.state_dict(), "gamma": [2, 3], "beta": [4, 5]}
    del given["weight"], given["bias"]
    state.load_state_dict(given)
    assert state.state_dict()["weight"].tolist() == state.gamma.tolist() == [2, 3]
    assert state.state_dict()["bias"].tolist() == state.beta.tolist() == [4, 5]
    with pytest.raises(ShapeError, match=r"load_state_dict: gamma must have shape \(2,\)"):
        state.load_state_dict({**given, "gamma": [1]})


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("track", [True, False])
def test_states_go_to_and_come_from_pytorch(affine, track):
    torch = pytest.importorskip("torch")
    options = {"affine": affine, "track_running_stats": track}
    old = torch.nn.BatchNorm1d(3, **options).double()
    if affine:
        torch.nn.init.uniform_(old.weight, 1, 2)
    x = draws((6, 3))
    old(torch.tensor(x))
    state = GoldenBatchNormState(GoldenBatchNormConfig(3, mode="standard", **options))
    state.load_state_dict(old.state_dict())
    y = draws((5, 3), 1)
    found = values(state.eval().forward(ResonantTensor.from_flux(y)))
    np.testing.assert_allclose(found, old.eval()(torch.tensor(y)).detach().numpy(), rtol=1e-12)
    back = torch.nn.BatchNorm1d(3, **options).double()
    back.load_state_dict({k: torch.as_tensor(v) for k, v in state.state_dict().items()})
    assert all(torch.equal(v, old.state_dict()[k]) for k, v in back.state_dict().items())


def test_train_and_eval_say_what_forward_is_not_told():
    x = ResonantTensor.from_flux(draws((6, 2)))
    state = GoldenBatchNormState(2)
    assert state.training
    assert state.eval() is state
    state.forward(x)
    assert state.num_batches_tracked == 0
    state.forward(x, training=True)
    state.vjp(x)
    assert state.num_batches_tracked == 1
    assert state.train() is state
    state.forward(x)
    state.vjp(x)
    assert state.num_batches_tracked == 3
    assert state.train(False).forward(x).equals(state.forward(x, training=False))


def test_reprs():
    assert repr(GoldenBatchNormState(3)) == (
        "GoldenBatchNormState(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, "
        "mode='golden', unbiased=True)"
    )
    custom = GoldenNormMode.custom(0.5)
    for mode, text in (("standard", "'standard'"), (custom, "GoldenNormMode.custom(0.5)")):
        assert f"mode={text}" in repr(GoldenBatchNormState(GoldenBatchNormConfig(1, mode=mode)))


def test_a_state_dict_is_a_copy():
    state = GoldenBatchNormState(1)
    state.state_dict()["running_mean"][0] = 9
    assert state.running_mean.tolist() == [0]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weight": [1, 2, 3]}, ShapeError, r"weight must have shape \(2,\)"),
        ({"gamma": [1, 2]}, ValueError, "the names must be"),
        ({"more": 1}, ValueError, "the names must be"),
        ({"running_var": [-1, 1]}, ValueError, "running_var must not be negative"),
    ],
)
def test_bad_states_change_nothing(change, error, message):
    state = GoldenBatchNormState(2)
    before = state.state_dict()
    with pytest.raises(error, match=message):
        state.load_state_dict({**before, "bias": [5, 5], **change})
    assert state.beta.tolist() == [0, 0]
    missing = {k: v for k, v in before.items() if k != "weight"}
    with pytest.raises(ValueError, match="the names must be"):
        state.load_state_dict(missing)


def test_one_value_a_channel_is_refused_in_training(flux):
    state = GoldenBatchNormState(2)
    with pytest.raises(ValueError, match="at least two values in training"):
        state.forward(flux([[1.0, 2.0]]))
    assert state.num_batches_tracked == 0
    assert state.forward(flux([[1.0, 2.0]]), training=False).shape == (1, 2)


def test_shapes_and_settings_are_checked():
    state = GoldenBatchNormState(2)
    for shape in ((2,), (4, 3), ()):
        with pytest.raises(ShapeError, match=r"x must have shape \(N, 2, ...\)"):
            state.forward(ResonantTensor.zeros(shape))
    with pytest.raises(ShapeError, match=r"gamma must have shape \(2,\), got \(3,\)"):
        state.gamma = [1, 2, 3]
    with pytest.raises(ValueError, match="affine=True only"):
        GoldenBatchNormState(GoldenBatchNormConfig(1, affine=False)).beta = [1]
    for bad in (
        {"num_features": 0},
        {"num_features": 1, "momentum": 1.5},
        {"num_features": 1, "momentum": -0.1},
        {"num_features": 1, "eps": -1},
        {"num_features": 1, "mode": "silver"},
    ):
        with pytest.raises(ValueError, match="GoldenBatchNormConfig"):
            GoldenBatchNormConfig(**bad)
    with pytest.raises(TypeError, match="num_features must be an integer"):
        GoldenBatchNormConfig(1.5)
    with pytest.raises(TypeError, match="x must be a ResonantTensor"):
        state.forward(np.ones((4, 2)))

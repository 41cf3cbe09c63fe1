"""Syntonic softmax: flux against long double, exact partitions of one, refusals."""

from fractions import Fraction

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic import (
    PHI,
    DeviceError,
    ResonantTensor,
    ShapeError,
    SyntonicSoftmaxMode,
    SyntonicSoftmaxState,
    syntonic_softmax,
)

SHAPES = [((7,), 0), ((3, 5), -1), ((3, 5), 0), ((2, 33, 3), 1), ((4, 1), 1), ((1, 1025), 1)]


def values(t):
    return t.to_device("cpu").flux_array


def draws(shape, seed=0):
    return 3 * np.random.default_rng(seed).standard_normal(shape)


def reference(x, axis, weights=None, scale=1.0):
    """softmax(x + scale·log w) in long double."""
    z = np.asarray(x, np.longdouble)
    if weights is not None:
        with np.errstate(divide="ignore"):
            z = z + scale * np.log(np.asarray(weights, np.longdouble))
    e = np.exp(z - z.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype(np.float64)


def on_axis(weights, x, axis):
    return weights.reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])


# -- flux ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_identity(flux, shape, axis):
    x = draws(shape)
    out = values(syntonic_softmax(flux(x), axis))
    np.testing.assert_allclose(out, reference(x, axis), rtol=1e-14)
    np.testing.assert_allclose(out.sum(axis), 1, rtol=1e-15 * shape[axis])


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_learned(flux, shape, axis):
    x, norms = draws(shape), np.arange(shape[axis]) ** 2.0 / 7 % 50
    out = values(syntonic_softmax(flux(x), axis, mode_norms=norms.tolist(), syntony_scale=0.5))
    weights = np.exp(-np.asarray(norms, np.longdouble) / ((1 + np.sqrt(np.longdouble(5))) / 2))
    np.testing.assert_allclose(out, reference(x, axis, on_axis(weights, x, axis), 0.5), rtol=3e-14)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("elementwise", [False, True])
def test_provided(flux, shape, axis, elementwise):
    x = draws(shape)
    weights = np.abs(draws(shape if elementwise else shape[axis], 1)) + 0.01
    beside = weights if elementwise else on_axis(weights, x, axis)
    out = values(syntonic_softmax(flux(x), axis, syntony=weights.tolist(), syntony_scale=2))
    np.testing.assert_allclose(out, reference(x, axis, beside, 2), rtol=3e-14)


def test_weights_below_the_floor_count_as_the_floor(flux):
    x = flux([0.0, 0.0])
    out = values(syntonic_softmax(x, syntony=[0, 1], syntony_floor=0.25))
    np.testing.assert_allclose(out, [0.2, 0.8], rtol=1e-15)
    default = values(syntonic_softmax(x, syntony=[0, 1]))
    np.testing.assert_allclose(default, [1e-10, 1], rtol=1e-9)
    assert values(syntonic_softmax(x, syntony=[0, 3], syntony_floor=0)).tolist() == [0, 1]


def test_extreme_logits(flux):
    out = values(syntonic_softmax(flux([1e6, 1e6 + 1, 1e6 + 2])))
    np.testing.assert_allclose(out, reference([0, 1, 2], 0), rtol=1e-15)
    assert values(syntonic_softmax(flux([-np.inf, 0.0]))).tolist() == [0, 1]
    for row in ([np.nan, 0.0], [-np.inf, -np.inf], [np.inf, 0.0]):
        x = flux([row, [0.0, 0.0]])
        out = values(syntonic_softmax(x))
        assert np.isnan(out[0]).all()
        assert out[1].tolist() == [0.5, 0.5]
    assert values(syntonic_softmax(flux([[5.0], [np.inf]])))[0].tolist() == [1.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_other_dtypes(flux, shape, axis, dtype):
    x = draws(shape).astype(dtype)
    out = syntonic_softmax(flux(x, dtype), axis)
    assert out.dtype == dtype
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(
        values(out).astype(float), reference(x, axis), rtol=16 * eps, atol=np.finfo(dtype).tiny
    )


@pytest.mark.parametrize(("shape", "axis"), [((0,), 0), ((0, 3), 1), ((3, 0), 1), ((2, 0, 3), 2)])
def test_empty(flux, shape, axis):
    assert syntonic_softmax(flux(np.zeros(shape)), axis).shape == shape
    assert syntonic_softmax(ResonantTensor(np.zeros(shape, np.int64)), axis).shape == shape


# -- exact partitions of one --------------------------------------------------------------


def check_partition(x, axis, out, precision):
    assert out.is_crystallized
    assert out.shape == x.shape
    total = out.sum(axis=axis)
    assert total.equals(ResonantTensor.ones(total.shape))
    assert not np.any(out < 0)
    assert all(abs(b) <= max(precision, 0) for b in out.b.flat)


@examples(60)
@given(
    n=st.integers(1, 40),
    precision=st.sampled_from([0, 1, 2, 3, 10, 100, 10**4, 10**9]),
    seed=st.integers(0, 10**6),
    spread=st.sampled_from([0.1, 1, 10, 200]),
)
def test_slices_sum_to_exactly_one(n, precision, seed, spread):
    logits = spread * np.random.default_rng(seed).standard_normal((3, n))
    x = ResonantTensor.from_floats(logits, precision=precision)
    for axis in (0, 1):
        out = syntonic_softmax(x, axis)
        check_partition(x, axis, out, precision)
        p = reference(x.to_floats(), axis)
        if precision > 1:
            assert np.abs(out.to_floats() - p).max() < 2 / precision
        # the order of the probabilities is kept, whatever happens among equal ones
        flux = syntonic_softmax(x.wake_flux(), axis).flux_array
        slices = (
            np.moveaxis(t, axis, -1).reshape(-1, x.shape[axis]) for t in (flux, out.to_floats())
        )
        for of_flux, exact in zip(*slices, strict=True):
            assert np.all(np.diff(exact[np.lexsort((exact, of_flux))]) >= 0)


@pytest.mark.parametrize("precision", [0, 1])
def test_without_precision_it_is_one_hot(precision):
    out = syntonic_softmax(ResonantTensor([[1, 3, 2], [0, 0, 9]], precision=precision))
    assert out.tolist() == [[0, 1, 0], [0, 0, 1]]


def test_permuting_the_classes_permutes_the_result():
    rng = np.random.default_rng(5)
    x = ResonantTensor.from_floats(rng.standard_normal(50), precision=300)
    order = rng.permutation(50)
    assert syntonic_softmax(x[order]).equals(syntonic_softmax(x)[order])


def test_weights_on_crystallized_logits():
    x = ResonantTensor([[0, 0], [PHI, 1]], precision=10**6)
    learned = syntonic_softmax(x, mode_norms=[0, PHI.__class__(0, 1)])
    np.testing.assert_allclose(learned.to_floats()[0], reference([0, -1], 0), atol=2e-6)
    provided = syntonic_softmax(x, syntony=ResonantTensor([3, 1]))
    np.testing.assert_allclose(provided.to_floats()[0], [0.75, 0.25], atol=2e-6)
    sparse = syntonic_softmax(x, syntony=[1, 0], syntony_floor=0)
    assert sparse.tolist() == [[1, 0], [1, 0]]
    with pytest.raises(ValueError, match="2 slices have no softmax"):
        syntonic_softmax(x, syntony=[0, 0], syntony_floor=0)
    for out in (learned, provided):
        check_partition(x, 1, out, 10**6)


def test_fractions_and_big_numbers():
    x = ResonantTensor([Fraction(1, 3), 10**30, -(10**30)])
    assert syntonic_softmax(x).tolist() == [0, 1, 0]


# -- state --------------------------------------------------------------------------------


def test_a_state_holds_mode_norms(flux):
    state = SyntonicSoftmaxState(num_features=3, syntony_scale=2.0)
    assert state.mode_norms.tolist() == [1, 1, 1]
    x = flux(draws((2, 3)))
    np.testing.assert_allclose(values(state.forward(x)), values(syntonic_softmax(x)), rtol=1e-14)
    state.mode_norms = [0, 1, 4]
    wanted = syntonic_softmax(x, mode_norms=[0, 1, 4], syntony_scale=2.0)
    assert state(x).equals(wanted)
    other = SyntonicSoftmaxState(num_features=3)
    other.load_state_dict(state.state_dict())
    assert other.mode_norms.tolist() == [0, 1, 4]


def test_states_of_the_other_modes(flux):
    x = flux(draws((2, 3)))
    assert SyntonicSoftmaxState(mode="identity").forward(x).equals(syntonic_softmax(x))
    provided = SyntonicSoftmaxState(mode="provided", dim=0)
    assert provided.forward(x, [1, 2]).equals(syntonic_softmax(x, 0, syntony=[1, 2]))
    with pytest.raises(ValueError, match='"provided" does not fit'):
        provided.forward(x)
    assert provided.state_dict() == {}


def test_what_follows_mode_norms_is_named():
    x = ResonantTensor([1, PHI])
    for unnamed in (([1.0, 1.0], 1.0), (None, 1.0), (None, [1, 2], 1.0, "provided")):
        with pytest.raises(TypeError, match=r"must be named, .* is syntony_scale="):
            syntonic_softmax(x, -1, *unnamed)
    for scalar in (1.0, PHI, np.float64(1)):
        with pytest.raises(ShapeError, match=r"one number; .* is syntony_scale="):
            syntonic_softmax(x, syntony=scalar)


def test_modes_say_what_they_need():
    x = ResonantTensor([1, PHI])
    with pytest.raises(ValueError, match=r"provided.*syntony is required, got neither"):
        SyntonicSoftmaxState(mode="provided").forward(x)
    with pytest.raises(ValueError, match=r"learned.*mode_norms is required, got syntony"):
        syntonic_softmax(x, syntony=[1, 2], mode="learned")
    with pytest.raises(ValueError, match=r"identity.*takes no weights, got mode_norms"):
        syntonic_softmax(x, mode_norms=[1, 2], mode="identity")


def test_states_are_checked():
    with pytest.raises(ValueError, match="num_features must be given"):
        SyntonicSoftmaxState()
    with pytest.raises(ValueError, match="at least 1"):
        SyntonicSoftmaxState(num_features=0)
    with pytest.raises(ValueError, match="mode must be one of"):
        SyntonicSoftmaxState(mode="silver")
    with pytest.raises(ShapeError, match=r"mode_norms must have shape \(2,\)"):
        SyntonicSoftmaxState(num_features=2).mode_norms = [1]
    with pytest.raises(ValueError, match='with mode "learned" only'):
        SyntonicSoftmaxState(mode="identity").mode_norms = [1]


# -- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dim": 2}, ValueError, r"dim must be from -2 to 1 for shape \(2, 3\), got 2"),
        ({"dim": 1.0}, TypeError, "dim must be an integer"),
        ({"mode_norms": [1, 2]}, ShapeError, r"mode_norms must have shape \(3,\), got \(2,\)"),
        ({"syntony": [[1, 2]]}, ShapeError, r"syntony must have shape \(3,\), got \(1, 2\)"),
        ({"syntony": [1, -1, 1]}, ValueError, "syntony must not be negative"),
        ({"syntony_scale": -1}, ValueError, "syntony_scale must be finite and zero or more"),
        ({"syntony_floor": np.nan}, ValueError, "syntony_floor must be finite"),
        ({"mode": "provided"}, ValueError, 'mode "provided" does not fit the arguments'),
        ({"mode": "golden"}, ValueError, 'mode must be one of "learned"'),
        ({"mode_norms": [1, 2, 3], "syntony": [1, 2, 3]}, ValueError, "got both; drop one"),
    ],
)
@pytest.mark.parametrize("phase", ["crystallized", "flux"])
def test_arguments_are_checked(options, error, message, phase):
    x = ResonantTensor([[1, 2, 3], [4, 5, 6]])
    x = x if phase == "crystallized" else x.wake_flux()
    with pytest.raises(error, match=f"syntonic_softmax: .*{message}"):
        syntonic_softmax(x, **options)


def test_scalars_have_no_classes():
    with pytest.raises(ShapeError, match="must have an axis of classes"):
        syntonic_softmax(ResonantTensor(1))


def test_weights_on_another_device_are_refused(cupy):
    x = ResonantTensor([1, 2]).wake_flux("cuda")
    with pytest.raises(DeviceError, match="mode_norms must be on the device of x"):
        syntonic_softmax(x, mode_norms=np.ones(2))


def test_modes_are_strings():
    assert [str(m) for m in SyntonicSoftmaxMode] == ["learned", "provided", "identity"]


@pytest.mark.parametrize("dim", ["x", 1.5, None, True])
def test_a_state_names_a_wrong_axis(dim):
    with pytest.raises(TypeError, match="SyntonicSoftmaxState: dim must be an integer"):
        SyntonicSoftmaxState(dim=dim, mode="identity")


@pytest.mark.parametrize("count", ["3", 2.5, 0, -1, True])
def test_a_state_names_a_wrong_number_of_classes(count):
    with pytest.raises((TypeError, ValueError), match="SyntonicSoftmaxState: num_features must"):
        SyntonicSoftmaxState(-1, "learned", count)


def test_a_state_shows_its_arguments():
    learned = SyntonicSoftmaxState(1, num_features=3, syntony_scale=2)
    text = "SyntonicSoftmaxState(dim=1, mode='learned', num_features=3, syntony_scale=2.0)"
    assert repr(learned) == text
    assert repr(SyntonicSoftmaxState(mode="identity")) == (
        "SyntonicSoftmaxState(dim=-1, mode='identity', syntony_scale=1.0)"
    )

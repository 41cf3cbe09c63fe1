"""Crystallized tensors on a CUDA device: what they do, and what they say of the rest."""

import pickle
import warnings

import numpy as np
import pytest

from syntonic import (
    PHI,
    DeviceError,
    PhaseError,
    ResonantTensor,
    ShapeError,
    SnapWarning,
    linalg,
    ops,
)
from syntonic.tensor import functions, on_device, ufuncs
from syntonic.testing import assert_exact_equal


def tensor(bound=10**6, shape=(3, 3), seed=1, denominator=6):
    return ResonantTensor.random_lattice(shape, bound=bound, seed=seed) / denominator


@pytest.fixture(params=[9, 10**6, 10**15, 10**30], ids=["small", "middle", "int64", "wide"])
def pair(request, cupy):
    x, y = (tensor(10**6, seed=i) * (request.param // 10**6 or 1) for i in (1, 2))
    return x, y, x.to_device("cuda"), y.to_device("cuda")


def same(found, expected):
    """Tell whether a tensor of the device holds what one of the CPU holds."""
    assert found.device == "cuda:0"
    assert found.is_crystallized
    return found.to_device("cpu").equals(expected)


def test_there_and_back(pair):
    x, _, there, _ = pair
    assert there.device == "cuda:0"
    assert there.phase == "crystallized"
    assert there.is_crystallized
    assert (there.shape, there.ndim, there.size, there.dtype) == (x.shape, 2, 9, x.dtype)
    assert there.nbytes >= 9 * 16
    assert same(there, x)
    assert there.to_device("cuda") is there
    assert there.to_device("cuda:0") is there
    assert x.to_device("cpu") is x
    assert there.crystallize() is there


@pytest.mark.parametrize(
    "compute",
    [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x @ y,
        lambda x, y: x @ y[0],
        lambda x, y: -x,
        lambda x, y: +x,
        lambda x, y: x + 1,
        lambda x, y: 2 - x,
        lambda x, y: PHI * x * ResonantTensor(PHI),
        lambda x, y: x.sum(),
        lambda x, y: x.sum(axis=0),
        lambda x, y: x.sum(axis=(0, -1), keepdims=True),
        lambda x, y: np.sum(x, 1),
        lambda x, y: np.sum(a=x, keepdims=True),
        lambda x, y: np.add(x, y) * np.square(x),
        lambda x, y: np.matmul(x, y),
        lambda x, y: x.matmul(y),
        lambda x, y: x.elementwise_add(y),
        lambda x, y: linalg.matmul(x, y),
        lambda x, y: linalg.det(x),
        lambda x, y: np.linalg.det(x),
        lambda x, y: linalg.inv(x),
        lambda x, y: np.linalg.inv(x @ y),
        lambda x, y: linalg.solve(x, y),
        lambda x, y: np.linalg.solve(x, y[0]),
        lambda x, y: x @ linalg.inv(x),
        lambda x, y: x[0] + y[:, 1],
        lambda x, y: x[1, 2] * y[[0, 2]],
        lambda x, y: x.T @ y.reshape(3, 3).mT,
        lambda x, y: np.flip(x, 0) + np.tril(y),
        lambda x, y: np.moveaxis(x[None], 0, -1),
        lambda x, y: (x[None] * y[:, None]).squeeze(),
        lambda x, y: sum(row for row in x),
    ],
)
def test_it_computes_what_the_cpu_computes(pair, compute):
    x, y, u, v = pair
    found, expected = compute(u, v), compute(x, y)
    assert same(found, expected)
    assert found.precision == expected.precision


@pytest.mark.parametrize(
    "compare",
    [
        lambda x, y: x == y,
        lambda x, y: x != y,
        lambda x, y: x < y,
        lambda x, y: x <= x[0],
        lambda x, y: x > PHI,
        lambda x, y: y <= 0,
        lambda x, y: np.less(x, y),
        lambda x, y: x == x * 1,
    ],
)
def test_comparisons_are_arrays_of_the_device(cupy, pair, compare):
    x, y, u, v = pair
    found = compare(u, v)
    assert isinstance(found, cupy.ndarray)
    assert found.dtype == bool
    assert np.array_equal(found.get(), compare(x, y))


def test_plain_answers(cupy, pair):
    x, _, u, v = pair
    assert u.equals(u * 1)
    assert not u.equals(v)
    assert not u.equals(v[0])
    assert u.item(1, 2) == x.item(1, 2)
    assert u.item(5) == u.item((1, 2)) == x.item(5)
    assert u[0, 0].item() == x[0, 0].item()
    assert float(u[0, 0]) == float(x[0, 0])
    assert bool(u[0, 0]) == bool(x[0, 0])
    assert len(u) == 3
    with pytest.raises((ValueError, IndexError)):
        u.item()
    with pytest.raises(IndexError):
        u.item(9)


def test_shapes_by_name(cupy, pair):
    _, _, u, _ = pair
    assert (np.shape(u), np.ndim(u)) == ((3, 3), 2)


def test_assertions_bring_tensors_to_the_cpu(cupy, pair):
    x, _, u, v = pair
    assert_exact_equal(u, x)
    assert_exact_equal(ResonantTensor([PHI]).wake_flux(), ResonantTensor([PHI]).wake_flux("cuda"))
    with pytest.raises(AssertionError, match="x and y differ in 9 of 9"):
        assert_exact_equal(u, v)


def test_the_repr_names_the_device(cupy):
    t = ResonantTensor([1, PHI]).to_device("cuda")
    assert repr(t) == "ResonantTensor([1, φ], device='cuda:0')"
    assert "cuda:0" in t._repr_html_()
    long = ResonantTensor.ones((2000,)).to_device("cuda")
    assert repr(long) == "ResonantTensor([1, 1, 1, ..., 1, 1, 1], device='cuda:0')"
    assert repr(ResonantTensor(PHI).to_device("cuda")) == "ResonantTensor(φ, device='cuda:0')"


def test_elements_picked_by_the_devices_own_mask(cupy, pair):
    x, _, u, _ = pair
    assert same(u[u > 0], x[x > 0])


def test_inverses_of_a_batch(cupy):
    x = tensor(50, (4, 3, 3))
    there = x.to_device("cuda")
    found = linalg.inv(there)
    assert same(found, linalg.inv(x))
    assert same(found[1], linalg.inv(x)[1])
    assert same(found.mT, linalg.inv(x).mT)
    assert same(found + there, linalg.inv(x) + x)
    assert same(found[found > 0], linalg.inv(x)[linalg.inv(x) > 0])


def test_metadata_is_carried_as_on_the_cpu(cupy):
    x = ResonantTensor([3, 1, 2], mode_norm_sq=[0, 1, 4], precision=7)
    there = x.to_device("cuda")
    for f in (lambda t: t, lambda t: t + 1, lambda t: t[::-1], lambda t: t * t, lambda t: -t):
        here, found = f(x), f(there)
        assert found.precision == here.precision == 7
        assert found.mode_norm_sq.tolist() == here.mode_norm_sq.tolist()
    assert there.sum().mode_norm_sq is None
    assert there.wake_flux("cuda").mode_norm_sq.tolist() == [0, 1, 4]


# -- waking ------------------------------------------------------------------------------------
@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("denominator", [1, 6, 2**40])
def test_waking_gives_the_floats_of_the_cpu(cupy, dtype, denominator):
    x = tensor(10**4, (57, 3), denominator=denominator)
    found = x.to_device("cuda").wake_flux("cuda", dtype)
    expected = x.wake_flux(dtype=dtype)
    assert found.device == "cuda:0"
    assert found.dtype == dtype
    assert np.array_equal(found.to_device("cpu").flux_array, expected.flux_array)
    assert found._carried == expected._carried
    home = x.to_device("cuda").wake_flux(dtype=dtype)
    assert home.device == "cpu"
    assert home.equals(expected)


def test_waking_finds_the_way_back(cupy):
    x = (tensor(100, (4, 4), denominator=2).to_device("cuda") * 3) @ ResonantTensor.eye(
        4
    ).to_device("cuda")
    assert x.wake_flux("cuda").crystallize().equals(x.to_device("cpu"))
    assert x.toggle().toggle().equals(x.to_device("cpu"))


def said(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SnapWarning)
        function()
    return [(w.message.count, w.message.residual) for w in caught]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("scale", [1, 10**3, 10**10])
def test_waking_warns_as_on_the_cpu(cupy, dtype, scale):
    if dtype == np.float16 and scale > 1000:
        pytest.skip("infinite")
    x = ResonantTensor([PHI, 1, 3 - PHI, 0]) * [scale, 1, scale // 7 + 1, 1]
    assert said(lambda: x.to_device("cuda").wake_flux("cuda", dtype)) == said(
        lambda: x.wake_flux(dtype=dtype)
    )


def test_waking_an_empty_tensor(cupy):
    empty = ResonantTensor.zeros((0, 3)).to_device("cuda")
    assert empty.wake_flux("cuda").shape == (0, 3)
    assert empty.sum().item() == 0


def test_waking_longer_numbers_is_refused(cupy):
    with pytest.raises(DeviceError, match=r'wake_flux: .*to_device\("cpu"\).wake_flux\("cuda:0"\)'):
        ResonantTensor([10**30]).to_device("cuda").wake_flux("cuda")


# -- refusals ----------------------------------------------------------------------------------
UNSUPPORTED = {
    "divide": lambda t: t / 2,
    "floor_divide": lambda t: t // 2,
    "power": lambda t: t**2,
    "absolute": abs,
    "exp": np.exp,
    "np.mean": lambda t: t.mean(),
    "np.prod": lambda t: t.prod(),
    "np.sort": lambda t: t.sort(),
    "np.max": lambda t: t.max(),
    "np.concatenate": lambda t: np.concatenate([t, t]),
    "np.where": lambda t: np.where(t > 0, t, 0),
    "add.reduce": np.add.reduce,
    "relu": lambda t: t.relu(),
    "galois_conjugate": lambda t: t.galois_conjugate(),
    "a": lambda t: t.a,
    "numerators": lambda t: t.numerators(),
    "tolist": lambda t: t.tolist(),
    "to_floats": lambda t: t.to_floats(),
    "syntony": lambda t: t.syntony,
    "pickle": pickle.dumps,
    "at.set": lambda t: t.at[0].set(1),
    "ResonantTensor": ResonantTensor,
    "phi_residual": lambda t: ResonantTensor.phi_residual(t, t),
    "phi_residual_gelu": lambda t: ops.phi_residual_gelu(t, t),
    "golden_layer_norm": ops.golden_layer_norm,
    "syntonic_softmax": ops.syntonic_softmax,
    "output_stats": ops.output_stats,
    "component_norms": lambda t: ops.component_norms(t, t),
    "linalg.rank": linalg.rank,
    "linalg.charpoly": linalg.charpoly,
    "np.linalg.matrix_rank": np.linalg.matrix_rank,
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_not_there_names_itself_and_the_way_out(cupy, name):
    t = tensor(5).to_device("cuda")
    with pytest.raises(
        DeviceError, match=rf'^{name}: .* on cuda:0; call .to_device\("cpu"\) first$'
    ):
        UNSUPPORTED[name](t)


def test_nothing_becomes_an_array_of_the_cpu(cupy):
    t = tensor(5).to_device("cuda")
    for f in (np.asarray, lambda x: np.asarray(x, float), np.array):
        with pytest.raises(DeviceError, match=r'on the CPU, got cuda:0; call .to_device\("cpu"\)'):
            f(t)
    with pytest.raises(PhaseError):
        t.__dlpack__()
    assert not hasattr(t, "__cuda_array_interface__")


@pytest.mark.parametrize("name", sorted(set(ufuncs.EXACT) - set(on_device.UFUNCS)))
def test_every_other_exact_ufunc_is_refused(cupy, name):
    t = tensor(5).to_device("cuda")
    ufunc = getattr(np, name, None)
    if not isinstance(ufunc, np.ufunc):
        pytest.skip("this NumPy has no such ufunc")
    with pytest.raises(DeviceError, match=rf'^{name}: .* call .to_device\("cpu"\) first'):
        ufunc(*[t] * ufunc.nin)


@pytest.mark.parametrize(
    "name", sorted({*functions.EXACT, *functions.REFUSED} - {*on_device.FUNCTIONS})
)
def test_every_other_function_is_refused(name):
    with pytest.raises(DeviceError, match=rf'^np.{name}: .* call .to_device\("cpu"\) first'):
        on_device.called(name, (), {})


def test_options_that_are_not_there(cupy):
    t = tensor(5).to_device("cuda")
    for f, option in (
        (lambda: np.sum(t, initial=1), "np.sum.*initial="),
        (lambda: np.sum(t, where=True), "np.sum.*where="),
        (lambda: np.add(t, t, where=True), "add.*where="),
        (lambda: np.linalg.matrix_rank(t, tol=1), "np.linalg.matrix_rank"),
    ):
        with pytest.raises(DeviceError, match=option):
            f()


def test_operands_from_elsewhere(cupy):
    t = tensor(5).to_device("cuda")
    for other in (tensor(5), np.ones((3, 3), int), [[1, 2, 3]] * 3):
        for f in (lambda x=other: t + x, lambda x=other: t @ x, lambda x=other: t == x):
            with pytest.raises(DeviceError, match=r'on one device, got cuda:0 and cpu.*"cuda:0"'):
                f()
    with pytest.raises(DeviceError, match="on one device"):
        tensor(5) + t
    with pytest.raises(DeviceError, match="on one device"):
        linalg.solve(t, tensor(5))
    for f in (lambda: t + 0.5, lambda: t * np.float64(2)):
        with pytest.raises(TypeError, match="float"):
            f()
    with pytest.raises(PhaseError, match="one phase"):
        t + t.wake_flux("cuda")
    with pytest.raises(PhaseError, match="crystallized"):
        linalg.det(t.wake_flux("cuda"))


def test_errors_of_shapes_and_axes(cupy):
    t = tensor(5).to_device("cuda")
    with pytest.raises(ShapeError, match=r"^matmul: "):
        t @ t[:2]
    with pytest.raises(np.exceptions.AxisError, match=r"^np.sum: axis 2"):
        t.sum(axis=2)
    with pytest.raises(DeviceError, match="device must be"):
        t.to_device("tpu")


def test_a_second_device(cupy):
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two devices")
    for x in (tensor(5), tensor(5) * 10**30):
        first, second = x.to_device("cuda:0"), x.to_device("cuda:1")
        assert second.device == (second * second @ second).device == "cuda:1"
        assert (second * second).to_device("cuda:0").equals(first * first)
        assert linalg.inv(second).to_device("cpu").equals(linalg.inv(x))
        with pytest.raises(DeviceError, match="one device, got cuda:0 and cuda:1"):
            first + second


def test_chains_stay_on_the_device(cupy, monkeypatch):
    """Only numbers that say how large arrays are travel, and the few that doubles leave open."""
    from syntonic.device import array, moves, order

    sizes = []
    for module in (array, moves, order):
        if hasattr(module, "to_host"):
            original = module.to_host
            monkeypatch.setattr(
                module, "to_host", lambda x, f=original: sizes.append(x.size) or f(x)
            )
    t = ResonantTensor.random_lattice((50, 50), bound=10**6, seed=4).to_device("cuda")
    u = (t @ t) * t - t
    u = u @ u + 1
    assert (u < t * 0).shape == (50, 50)
    assert (u == u).all()
    u.sum(axis=0)
    assert max(sizes) <= 64 * 64  # the worst case that products are tried on

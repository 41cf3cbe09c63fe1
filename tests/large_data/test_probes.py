"""What Dask and xarray do with tensors as their blocks: as the whole does, exact or in flux."""

import operator
import pickle

import numpy as np
import pytest

da = pytest.importorskip("dask.array", reason="needs Dask: it is in the extra dask")

import dask  # noqa: E402
from dask.sizeof import sizeof  # noqa: E402

from syntonic import ResonantTensor  # noqa: E402

EXACT = ResonantTensor.random_lattice((12, 8), bound=20, seed=1)
PHASES = {"exact": EXACT, "flux": EXACT.wake_flux()}


def total(block, axis, keepdims):
    return block.sum(axis=axis, keepdims=keepdims)


def halo(x):
    return da.map_overlap(lambda b: b * 2, x, depth=1, boundary="reflect")


# On a Dask array or on a tensor, by the same text where possible: (Dask's, the tensor's).
PROBES = {
    "add": (lambda x: x + x, lambda t: t + t),
    "scalar": (lambda x: 3 * x - 1, lambda t: 3 * t - 1),
    "negative": (operator.neg, operator.neg),
    "absolute": (abs, abs),
    "floor divide": (lambda x: x // 3, lambda t: t // 3),
    "compare": (lambda x: x > 0, lambda t: t > 0),
    "power": (lambda x: x**2, lambda t: t**2),
    "sum": (lambda x: x.sum(), lambda t: t.sum()),
    "sum of columns": (lambda x: x.sum(axis=0), lambda t: t.sum(axis=0)),
    "mean": (lambda x: x.mean(axis=1), lambda t: t.mean(axis=1)),
    "prod": (lambda x: x.prod(axis=1), lambda t: t.prod(axis=1)),
    "max": (lambda x: x.max(axis=1), lambda t: t.max(axis=1)),
    "min": (lambda x: x.min(), lambda t: t.min()),
    "cumsum": (lambda x: x.cumsum(axis=0), lambda t: t.cumsum(axis=0)),
    "cumprod": (lambda x: x.cumprod(axis=1), lambda t: t.cumprod(axis=1)),
    "argmax": (lambda x: x.argmax(axis=0), lambda t: t.argmax(axis=0)),
    "argmin": (lambda x: x.argmin(axis=1), lambda t: t.argmin(axis=1)),
    "matmul": (lambda x: x @ x.T, lambda t: t @ t.T),
    "dot": (lambda x: da.dot(x, x.T), lambda t: np.dot(t, t.T)),
    "tensordot": (
        lambda x: da.tensordot(x, x, axes=([0], [0])),
        lambda t: np.tensordot(t, t, axes=([0], [0])),
    ),
    "einsum": (
        lambda x: da.einsum("ij,kj->ik", x, x), lambda t: np.einsum("ij,kj->ik", t, t)
    ),
    "map_blocks": (lambda x: x.map_blocks(lambda b: b * 2), lambda t: t * 2),
    "map_overlap": (halo, lambda t: t * 2),
    "concatenate": (lambda x: da.concatenate([x, x], 1), lambda t: np.concatenate([t, t], 1)),
    "stack": (lambda x: da.stack([x, x]), lambda t: np.stack([t, t])),
    "rechunk": (lambda x: x.rechunk((4, 8)), lambda t: t),
    "transpose": (lambda x: x.T, lambda t: t.T),
    "reshape": (lambda x: x.rechunk((4, 8)).reshape(96), lambda t: t.reshape(96)),
    "ravel": (lambda x: x.ravel(), lambda t: t.ravel()),
    "index": (lambda x: x[2:9:2, [1, 0]], lambda t: t[2:9:2, [1, 0]]),
    "where": (lambda x: da.where(x > 0, x, 0), lambda t: np.where(t > 0, t, 0)),
    "pad": (lambda x: da.pad(x, 1, mode="constant"), lambda t: np.pad(t, 1)),
    "roll": (lambda x: da.roll(x, 2, axis=0), lambda t: np.roll(t, 2, axis=0)),
    "flip": (lambda x: da.flip(x, 0), lambda t: np.flip(t, 0)),
    "diff": (lambda x: da.diff(x, axis=0), lambda t: np.diff(t, axis=0)),
    "zeros_like": (lambda x: da.zeros_like(x), lambda t: np.zeros_like(t)),
    "full_like": (lambda x: da.full_like(x, 2.0 if x.dtype == float else 2),
                  lambda t: np.full_like(t, 2)),
    "clip": (lambda x: da.clip(x, 0, 5), lambda t: np.clip(t, 0, 5)),
    "diagonal": (lambda x: da.diagonal(x), lambda t: np.diagonal(t)),
    "round": (lambda x: x.round(), lambda t: t.round()),
    "reduction": (
        lambda x: da.reduction(x, chunk=total, aggregate=total, dtype=x.dtype),
        lambda t: t.sum(),
    ),
    "persist": (lambda x: x.persist(), lambda t: t),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", PROBES)
def test_dask_does_what_the_whole_does(name, phase):
    t = PHASES[phase]
    of_dask, of_tensor = PROBES[name]
    found = of_dask(da.from_array(t, chunks=(5, 3))).compute(scheduler="sync")
    expected = of_tensor(t)
    assert type(found) is type(expected)
    assert found.shape == expected.shape
    if phase == "exact" or not isinstance(expected, ResonantTensor):
        assert np.array_equal(found, expected)
    else:
        assert np.allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("phase", PHASES)
def test_store_writes_into_arrays_of_the_user(phase):
    t = PHASES[phase]
    out = np.empty(t.shape, t.dtype)
    da.store(da.from_array(t, chunks=(5, 3)), out)
    assert np.array_equal(out, np.asarray(t))


@pytest.mark.parametrize("operation", [lambda x: x.var(), lambda x: x.std(), da.linalg.norm])
def test_what_asks_for_floats_is_refused(operation):
    with pytest.raises(TypeError, match=r"wake_flux|from_floats"):
        operation(da.from_array(EXACT, chunks=5)).compute(scheduler="sync")


def test_meta_and_tokens():
    x = da.from_array(EXACT, chunks=5)
    assert isinstance(x._meta, ResonantTensor)
    assert x.dtype == object
    same = ResonantTensor(EXACT.tolist())
    strided = np.concatenate([EXACT, EXACT], axis=1)[:, :8]
    tokens = {dask.base.tokenize(t) for t in (EXACT, same, strided, pickle.loads(
        pickle.dumps(EXACT)))}  # fmt: skip
    assert len(tokens) == 1
    assert dask.base.tokenize(EXACT + 1) not in tokens


@pytest.mark.parametrize(
    "t", [EXACT, PHASES["flux"], EXACT * 10**50, EXACT / ResonantTensor([1, 2, 3, 4, 5, 6, 7, 8])]
)
def test_sizes(t):
    assert t.nbytes <= sizeof(t) <= t.nbytes + 200


# -- xarray -------------------------------------------------------------------------------------
LABELS = [0, 0, 1, 1, 0, 1]
SMALL = {name: t[:6, :4] for name, t in PHASES.items()}
OF_XARRAY = {
    "add": (lambda d: d + d, lambda t: t + t),
    "sum": (lambda d: d.sum("x"), lambda t: t.sum(axis=0)),
    "sum of all": (lambda d: d.sum(), lambda t: t.sum()),
    "prod": (lambda d: d.prod("x"), lambda t: t.prod(axis=0)),
    "mean": (lambda d: d.mean("x", skipna=False), lambda t: t.mean(axis=0)),
    "max": (lambda d: d.reduce(np.max, "y"), lambda t: t.max(axis=1)),
    "argmax": (lambda d: d.argmax("x", skipna=False), lambda t: t.argmax(axis=0)),
    "cumsum": (lambda d: d.cumsum("x"), lambda t: t.cumsum(axis=0)),
    "isel": (lambda d: d.isel(x=[0, 2]), lambda t: t[[0, 2]]),
    "transpose": (lambda d: d.transpose("y", "x"), lambda t: t.T),
    "where": (lambda d: d.where(d > 0, 0), lambda t: np.where(t > 0, t, 0)),
    "clip": (lambda d: d.clip(0, 5), lambda t: np.clip(t, 0, 5)),
    "roll": (lambda d: d.roll(x=1), lambda t: np.roll(t, 1, axis=0)),
    "diff": (lambda d: d.diff("x"), lambda t: np.diff(t, axis=0)),
    "pad": (lambda d: d.pad(x=1, constant_values=0), lambda t: np.pad(t, ((1, 1), (0, 0)))),
    "matmul": (lambda d: d @ d.rename(x="z"), lambda t: t @ t.T),
    "stack": (lambda d: d.stack(z=("x", "y")), lambda t: t.ravel()),
    "coarsen": (lambda d: d.coarsen(x=2).sum(), lambda t: t.reshape(3, 2, 4).sum(axis=1)),
    "chunk": (lambda d: d.chunk(x=4).sum("x").compute(), lambda t: t.sum(axis=0)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", OF_XARRAY)
def test_xarray_does_what_the_whole_does(name, phase):
    xarray = pytest.importorskip("xarray", reason="needs xarray")
    t = SMALL[phase]
    of_xarray, of_tensor = OF_XARRAY[name]
    found, expected = of_xarray(xarray.DataArray(t, dims=("x", "y"))).data, of_tensor(t)
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected) if phase == "exact" else np.allclose(found, expected)


@pytest.mark.parametrize("phase", PHASES)
def test_xarray_joins_groups_and_shows(phase):
    xarray = pytest.importorskip("xarray", reason="needs xarray")
    t = SMALL[phase]
    d = xarray.DataArray(t, dims=("x", "y"), coords={"x": range(6)})
    assert np.array_equal(xarray.concat([d, d], "x").data, np.concatenate([t, t]))
    labels = xarray.DataArray(LABELS, dims="x", coords={"x": range(6)}, name="g")
    groups = d.groupby(labels).sum().data
    assert isinstance(groups, ResonantTensor)
    assert groups[1].equals(t[2] + t[3] + t[5]) or phase == "flux"
    assert "array" in repr(d)
    assert d.equals(d.copy(deep=True))


@pytest.mark.parametrize(
    "operation",
    [lambda d: d.where(d > 0), lambda d: d.astype(float), lambda d: d.mean(), lambda d: d.std(),
     lambda d: d.shift(x=1), lambda d: d.max()],
)  # fmt: skip
def test_xarray_is_refused_floats_and_what_it_takes_for_the_least_object(operation):
    xarray = pytest.importorskip("xarray", reason="needs xarray")
    with pytest.raises(TypeError, match=r"wake_flux|from_floats|AlwaysLessThan"):
        operation(xarray.DataArray(SMALL["exact"], dims=("x", "y")))


# -- scikit-learn and matplotlib ------------------------------------------------------------------
@pytest.mark.parametrize("phase", PHASES)
def test_scikit_learn_takes_the_floats(phase):
    preprocessing = pytest.importorskip("sklearn.preprocessing", reason="needs scikit-learn")
    cluster = pytest.importorskip("sklearn.cluster", reason="needs scikit-learn")
    scaled = preprocessing.StandardScaler().fit_transform(PHASES[phase])
    assert np.allclose(scaled.mean(axis=0), 0)
    assert np.allclose(scaled.std(axis=0), 1)
    found = cluster.KMeans(2, n_init=1, random_state=0).fit(PHASES[phase]).labels_
    assert set(found) == {0, 1}


def test_scatter_in_three_dimensions(tmp_path):
    matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    axes = pyplot.figure().add_subplot(projection="3d")
    axes.scatter(*PHASES["flux"].T[:3])
    axes.figure.savefig(tmp_path / "points.png")
    pyplot.close(axes.figure)

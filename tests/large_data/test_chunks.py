"""Exact results do not depend on the chunks; `syntonic.dask` gives what the whole gives."""

import warnings

import numpy as np
import pytest

da = pytest.importorskip("dask.array", reason="needs Dask: it is in the extra dask")

import dask  # noqa: E402

import syntonic  # noqa: E402
import syntonic.dask as sd  # noqa: E402
from syntonic import (  # noqa: E402
    PHI,
    FormatError,
    GoldenNormMode,
    PhaseError,
    ResonantTensor,
    ShapeError,
)
from syntonic.io import load, snap_file  # noqa: E402
from syntonic.io.stores import Store  # noqa: E402

WHOLE = ResonantTensor.random_lattice((23, 17), bound=300, seed=3)
FRACTIONS = WHOLE / ResonantTensor(np.arange(1, 18))
LARGE = WHOLE * PHI**60 * 10**12
REDUCTIONS = ("sum", "mean", "max", "min", "prod")


def cuts(length, generator):
    """Random lengths of chunks that fill an axis."""
    inner = np.flatnonzero(generator.random(length - 1) < 0.25) + 1
    return tuple(int(n) for n in np.diff([0, *inner, length]))


def chunked(t, seed):
    generator = np.random.default_rng(seed)
    return da.from_array(t, chunks=tuple(cuts(n, generator) for n in t.shape))


@pytest.mark.parametrize("seed", range(20))
def test_320_results_are_those_of_the_whole(seed):
    """Of 20 chunkings, five reductions along both axes and over all, and a product."""
    x = chunked(WHOLE, seed)
    results = [(getattr(x, name)(axis=axis), getattr(WHOLE, name)(axis=axis))
               for name in REDUCTIONS for axis in (None, 0, 1)]  # fmt: skip
    results.append((x @ x.T, WHOLE @ WHOLE.T))
    for found, expected in results:
        found = found.compute(scheduler="sync")
        assert found.equals(expected)
        for part, other in zip(found.numerators(), expected.numerators(), strict=True):
            assert np.array_equal(part, other)


# -- statistics ---------------------------------------------------------------------------------
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1), -1])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("t", [WHOLE, FRACTIONS, LARGE], ids=["integers", "fractions", "large"])
def test_variances(t, axis, ddof):
    for seed in range(3):
        found = sd.var(chunked(t, seed), axis, ddof=ddof).compute()
        assert found.equals(t.var(axis=axis, ddof=ddof))


@pytest.mark.parametrize("offset", [0, 1e8])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_variances_of_flux_keep_their_digits(offset, axis, dtype):
    numbers = (np.random.default_rng(1).standard_normal((40, 9)) + offset).astype(dtype)
    x = chunked(ResonantTensor.from_flux(numbers), 5)
    found = sd.var(x, axis, keepdims=True).compute()
    assert found.dtype == dtype
    exact = numbers.astype(np.longdouble).var(axis=axis, keepdims=True)
    assert np.allclose(found, exact.astype(float), rtol=1e-12 if dtype == np.float64 else 1e-6)


def test_variances_without_enough_elements():
    x = da.from_array(WHOLE[:1], chunks=3)
    with pytest.raises(ValueError, match="n - ddof must be positive"):
        sd.var(x, 0, ddof=1)
    with pytest.raises(np.exceptions.AxisError):
        sd.var(x, 2)


def test_syntony_knows_the_index_in_the_whole():
    for t in (WHOLE, WHOLE.wake_flux(), WHOLE[::-1] * 10**200, WHOLE - WHOLE):
        for seed in range(4):
            found = sd.syntony(chunked(t, seed)).compute()
            assert found == pytest.approx(t.syntony, rel=1e-12)
    norms = np.random.default_rng(0).random(WHOLE.shape) * 5
    expected = ResonantTensor(WHOLE, mode_norm_sq=norms).syntony
    assert sd.syntony(chunked(WHOLE, 1), norms).compute() == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ShapeError, match="mode_norm_sq must have shape"):
        sd.syntony(chunked(WHOLE, 1), norms[0])


# -- operations ---------------------------------------------------------------------------------
GAMMA, BETA = np.linspace(0.5, 2, 17), np.linspace(-1, 1, 17)
OPERATIONS = {
    "layer norm": ("golden_layer_norm", {}),
    "layer norm, affine": ("golden_layer_norm", {"gamma": GAMMA, "beta": BETA, "mode": "standard"}),
    "softmax": ("syntonic_softmax", {}),
    "softmax of columns": ("syntonic_softmax", {"dim": 0}),
    "softmax, learned": ("syntonic_softmax", {"mode_norms": GAMMA}),
    "softmax, provided": ("syntonic_softmax", {"syntony": GAMMA, "syntony_scale": 0.5}),
    "batch norm": ("golden_batch_norm_1d", {}),
    "batch norm, affine": ("golden_batch_norm_1d", {"gamma": GAMMA, "beta": BETA, "eps": 1e-3}),
    "batch norm, custom": ("golden_batch_norm_1d", {"mode": GoldenNormMode.custom(2.0)}),
}


@pytest.mark.parametrize("t", [WHOLE, FRACTIONS], ids=["integers", "fractions"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_those_of_the_whole(name, t):
    operation, options = OPERATIONS[name]
    for seed in range(3):
        found = getattr(sd, operation)(chunked(t, seed), **options).compute(scheduler="sync")
        assert found.equals(getattr(syntonic, operation)(t, **options))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_in_flux_are_those_of_the_whole(name, dtype):
    operation, options = OPERATIONS[name]
    t = WHOLE.wake_flux(dtype=dtype)
    found = getattr(sd, operation)(chunked(t, 2), **options).compute(scheduler="sync")
    expected = getattr(syntonic, operation)(t, **options)
    assert found.dtype == dtype
    assert np.allclose(found, expected, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=1e-6)


def test_batch_norm_of_images():
    t = ResonantTensor.random_lattice((4, 3, 5, 2), bound=20, seed=1)
    x = da.from_array(t, chunks=(3, 2, 2, 2))
    assert sd.golden_batch_norm_2d(x).compute().equals(syntonic.golden_batch_norm_2d(t))
    woken = sd.golden_batch_norm_2d(sd.wake(x)).compute()
    assert np.allclose(woken, syntonic.golden_batch_norm_2d(t.wake_flux()), rtol=1e-12)


def test_the_blocks_would_have_said_something_else():
    x = da.from_array(WHOLE, chunks=(23, 5))
    apart = x.map_blocks(syntonic.golden_layer_norm).compute()
    assert not apart.equals(syntonic.golden_layer_norm(WHOLE))
    for operation in (sd.golden_layer_norm, sd.syntonic_softmax):
        with pytest.raises(ValueError, match=r"axis 1 must be in one chunk, got 4"):
            operation(x, rechunk=False)
        assert operation(x.rechunk((5, 17)), rechunk=False) is not None


# -- phases -------------------------------------------------------------------------------------
@pytest.mark.parametrize("denominators", [(1, 1), (3, 4)])
def test_waking_and_crystallizing_undo_each_other(denominators):
    p, q = (WHOLE / d for d in denominators)
    x = da.concatenate([sd.wake(chunked(p, 1)), sd.wake(chunked(q, 2))])
    assert sd.crystallize(x).compute().equals(np.concatenate([p, q]))
    chosen = da.where(x[:23] > x[23:], x[:23], x[23:])
    assert sd.crystallize(chosen).compute().equals(np.maximum(p, q))
    rechunked = sd.crystallize(x.rechunk((7, 17)))
    assert rechunked.compute().equals(np.concatenate([p, q]))


def test_precision_survives():
    t = ResonantTensor(WHOLE, precision=777)
    assert chunked(t, 1).compute().precision == 777
    assert sd.crystallize(sd.wake(chunked(t, 1))).compute().precision == 777


@pytest.mark.parametrize("bounds", [{}, {"precision": 7}, {"window": 2, "denominator": 3}])
def test_snaps(bounds):
    floats = np.random.default_rng(2).standard_normal((13, 6))
    x = da.from_array(floats, chunks=(4, 5))
    expected = syntonic.snap(floats, **bounds, error_bound=1e-2)
    found = sd.snap(x, **bounds, error_bound=1e-2)
    assert found.tensor.compute().equals(expected.tensor)
    assert found.denominator == expected.denominator
    assert np.array_equal(found.unique.compute(), expected.unique)
    assert sd.snap(x, **bounds).unique is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", syntonic.SnapWarning)
        assert sd.from_floats(x, **bounds).compute(scheduler="sync").equals(expected.tensor)


def test_from_lattice():
    a, b, _ = WHOLE.numerators()
    x = sd.from_lattice(da.from_array(a, chunks=6), da.from_array(b, chunks=6), 7)
    assert x.compute().equals(WHOLE / 7)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: sd.wake(sd.wake(x)), PhaseError, "got flux"),
        (lambda x: sd.crystallize(x), PhaseError, "in flux, got crystallized"),
        (lambda x: sd.wake(WHOLE), TypeError, "must be a Dask array"),
        (lambda x: sd.var(da.ones(3)), TypeError, "must be tensors, got ndarray"),
        (lambda x: sd.from_floats(x, denominator="auto"), ValueError, "must be an integer"),
        (lambda x: sd.from_lattice(x, x[0]), ShapeError, "one shape"),
        (lambda x: sd.golden_batch_norm_1d(x[0]), ShapeError, "must have shape"),
        (lambda x: sd.golden_batch_norm_1d(x, gamma=[1.0]), ShapeError, "gamma must have shape"),
        (lambda x: sd.golden_batch_norm_2d(x), ShapeError, "must have shape"),
        (lambda x: sd.golden_layer_norm(x.sum()), ShapeError, "last axis"),
        (lambda x: sd.golden_layer_norm(x, mode="copper"), ValueError, "mode must be"),
        (lambda x: sd.syntonic_softmax(x, dim=2), ValueError, "dim must be an axis"),
        (lambda x: sd.syntonic_softmax(x, syntony=np.ones((23, 17))), ShapeError, "each class"),
        (lambda x: sd.to_zarr(sd.wake(x), "nowhere"), PhaseError, "must be crystallized"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call(chunked(WHOLE, 1))


# -- stores -------------------------------------------------------------------------------------
@pytest.mark.parametrize("t", [WHOLE, FRACTIONS[:5, :5], LARGE, WHOLE[:0]], ids=str)
def test_stores(t, tmp_path):
    pytest.importorskip("zarr", reason="needs zarr: it is in the extra dask")
    x = chunked(t, 4) if t.size else da.from_array(t, chunks=(1, 17))
    sd.to_zarr(x, tmp_path / "x.zarr")
    assert load(tmp_path / "x.zarr").equals(t)
    again = sd.from_zarr(tmp_path / "x.zarr")
    assert again.compute().equals(t)
    if t.size:
        assert again.sum(axis=0).compute().equals(t.sum(axis=0))


def test_stores_go_on_where_they_were_left(tmp_path):
    pytest.importorskip("zarr", reason="needs zarr: it is in the extra dask")
    path = tmp_path / "x.zarr"
    x = da.from_array(WHOLE, chunks=(6, 9))
    seen = []

    def stopping(block):  # at the fifth, wherever in the array that is
        seen.append(block)
        if len(seen) == 5:
            raise RuntimeError("stop")
        return block

    with dask.config.set(scheduler="synchronous"), pytest.raises(RuntimeError, match="stop"):
        sd.to_zarr(x.map_blocks(stopping, dtype=object, meta=x._meta, name="same"), path,
                   denominator=1)  # fmt: skip
    before = int((Store.open(path).done > 0).sum())
    assert 0 < before < 8
    mended = x.map_blocks(lambda b: b, dtype=object, meta=x._meta, name="same")
    with pytest.raises(FileExistsError):
        sd.to_zarr(mended, path)
    sd.to_zarr(mended, path, resume=True)
    assert load(path).equals(WHOLE)
    with pytest.raises(FormatError, match="of another array"):
        sd.to_zarr(x + 1, path, resume=True)
    with pytest.raises(ValueError, match="denominator must serve all elements"):
        sd.to_zarr(chunked(FRACTIONS, 1), tmp_path / "y.zarr", denominator=2)


def test_a_store_of_a_file_is_a_dask_array(tmp_path):
    pytest.importorskip("zarr", reason="needs zarr: it is in the extra dask")
    floats = np.random.default_rng(3).standard_normal((50, 4))
    np.save(tmp_path / "x.npy", floats)
    snap_file(tmp_path / "x.npy", tmp_path / "x.zarr", precision=60)
    x = sd.from_zarr(tmp_path / "x.zarr")
    assert sd.var(x, 0).compute().equals(syntonic.snap(floats, precision=60).tensor.var(axis=0))
    assert x.compute().precision == 60

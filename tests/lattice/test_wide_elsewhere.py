"""Wide arrays in all that computes with arrays: products, sorting, scans, powers, files, items."""

import random
import warnings
from math import prod

import numpy as np
import pytest
from wide_arrays import drawn, ints, of

import syntonic
from syntonic import ResonantTensor
from syntonic.io.npz import load, save
from syntonic.lattice import array, powers, products, reductions, scans, sorting, wide
from syntonic.tensor.specification import carried_with


@pytest.fixture(autouse=True)
def _whatever_the_size(monkeypatch):
    monkeypatch.setattr(wide, "compiled_pays", lambda size: True)
    monkeypatch.setattr(array, "compiled_pays", lambda size: True)


@pytest.fixture(params=[(100, 1), (100, 12), (300, 3 << 70), (700, 1)], ids=str)
def pair(request):
    """Two wide arrays of shape (4, 6) and their scalars."""
    bits, d = request.param
    parts = [drawn(random.Random(k), 24, bits).reshape(4, 6) for k in range(4)]
    x, y = of(*parts[:2], d), of(*parts[2:], d)
    assert x.is_wide
    assert y.is_wide
    return x, y, x.scalars(), y.scalars()


def tensor(x):
    return ResonantTensor._of(x, carried_with(None, "test"))


def same(x, expected):
    assert x.shape == expected.shape
    assert x.scalars().tolist() == expected.tolist()


def test_products(pair):
    x, y, p, q = pair
    turned = y.map(np.transpose)
    same(products.matmul(x, turned), np.asarray(p @ q.T))
    same(products.matmul(x[0], turned), np.asarray(p[0] @ q.T))
    same(products.contract(np.dot, x[0], y[0], 6), np.asarray(p[0].dot(q[0]), object))
    same(products.einsum("ij,kj->ik", x, y), np.einsum("ij,kj->ik", p, q))
    same(products.einsum("ij,kl->ijkl", x, y), np.einsum("ij,kl->ijkl", p, q))
    same(products.einsum("ii->i", x[:, :4]), np.einsum("ii->i", p[:, :4]))
    same(products.einsum("ij->j", x), p.sum(0))
    same(products.trace(x), np.asarray(np.trace(p), object))


@pytest.mark.parametrize("axes", [0, 1, ([0], [1]), ([1, 0], [1, 0]), ([0], [0])])
def test_tensordot(pair, axes):
    x, y, p, q = (part[:4, :4] for part in pair)
    same(np.tensordot(tensor(x), tensor(y), axes)._data, np.asarray(np.tensordot(p, q, axes)))


def test_outer_products_and_scans(pair):
    x, y, p, q = pair
    same(np.outer(tensor(x), tensor(y))._data, np.outer(p, q))
    same(np.kron(tensor(x[:2]), tensor(y[1:3]))._data, np.kron(p[:2], q[1:3]))
    same(scans.cumprod(x, 0), np.multiply.accumulate(p, 0))
    same(scans.segment_sums(x, [0, 3, 1], 1), np.add.reduceat(p, [0, 3, 1], 1))
    same(reductions.prod(x, 0), np.multiply.reduce(p, 0))
    same(reductions.var(x, 0), np.asarray([_variance(column) for column in p.T]))


def _variance(values):
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / len(values)


def test_powers_and_quotients(pair):
    x, y, p, q = pair
    n = np.arange(-3, 3)
    same(powers.power(x, n), p**n)
    same((tensor(x) / tensor(y))._data, p / q)
    same((tensor(x) / 7)._data, p / 7)
    same((5 / tensor(x))._data, 5 / p)
    same((tensor(x) // tensor(y))._data, p // q)


@pytest.mark.parametrize("bits", [100, 900, 1023])
def test_sorting_with_ties_beyond_the_range_of_floats(bits):
    near = [(1 << bits) - k for k in (3, 1, 2, 1, 0, 3)]
    a, b = ints([*near, *(-n for n in near)]), ints([*near, *(-n for n in near)])
    x = of(a, b)
    scalars = x.scalars().tolist()
    ranks = sorted(range(12), key=scalars.__getitem__)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sorting.argsort(x).tolist() == ranks
        assert sorting.argmax(x) == scalars.index(max(scalars))
        assert sorting.argmin(x) == scalars.index(min(scalars))
        edges = x[ranks]
        for side in ("left", "right"):
            found = np.searchsorted([scalars[i] for i in ranks], scalars, side)
            assert sorting.searchsorted(edges, x, side).tolist() == found.tolist()
        for ufunc in (np.maximum, np.minimum):
            running = np.maximum.accumulate if ufunc is np.maximum else np.minimum.accumulate
            best = sorting.running_extremes(x, 0, ufunc)
            assert best is None or best.scalars().tolist() == running(x.scalars()).tolist()


def test_items_text_and_files(pair, tmp_path):
    x, _, p, _ = pair
    t = tensor(x)
    assert t.item(1, 2) == p[1, 2]
    assert t.item(7) == p.item(7)
    assert t[3, -1].item() == p[3, -1]
    assert t.tolist() == p.tolist()
    assert repr(t) == repr(ResonantTensor(p.tolist()))
    assert (t.a + syntonic.PHI * t.b == p).all()
    save(t, tmp_path / "t.npz")
    again = load(tmp_path / "t.npz")
    assert again.tolist() == p.tolist()
    assert prod(t.shape) == again.size


def test_what_becomes_short_needs_no_limbs():
    a = ints([(1 << 200) + k for k in range(6)])
    x = of(a, a * 0)
    assert reductions.sum(x[1:]).is_wide
    steps = np.diff(tensor(x))._data
    assert steps.is_packed
    assert x.tight() is x
    assert of(a * 0 + 3, a, 1 << 200).tight().is_wide
    small = of(ints([6, 12]), ints([0, -18]))
    assert small.shared().is_packed
    assert small.numerators()[0].dtype == np.int64


@pytest.mark.parametrize("size", [1, 100])
def test_zeros_over_long_powers_of_two(size):
    x = ResonantTensor(np.arange(1, size + 1)) / (1 << 100)
    for zero in ((x - x) * x, (x - x) / (1 << 100), x * x * (x - x), x * (x - x) + x - x):
        assert zero.equals(ResonantTensor.zeros(size))

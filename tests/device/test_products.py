"""Matrix products on a device: exact for every size of entries, at the bounds above all."""

import numpy as np
import pytest
from exact_arrays import BITS, array, of, same

from syntonic import DeviceError, ShapeError
from syntonic.device import products
from syntonic.device.fields import TERMS, first
from syntonic.lattice import products as host

SHAPES = [
    ((3, 4), (4, 5)),
    ((4,), (4,)),
    ((4,), (4, 2)),
    ((2, 4), (4,)),
    ((2, 3, 4), (4, 2)),
    ((4,), (2, 4, 3)),
    ((2, 1, 2, 3), (3, 3, 1)),
    ((1, 1), (1, 1)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
    ((0, 2, 2), (2, 2)),
]


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(("d", "e"), [(1, 1), (6, 10)])
def test_products(place, bits, d, e):
    for left, right in SHAPES:
        x, y = array(1, left, bits, d), array(2, right, bits, e)
        found, expected = products.matmul(place.send(x), place.send(y)), host.matmul(x, y)
        assert same(place.fetch(found), expected), (left, right)
        if len(found.shape) > 1 and found.shape[-1] == found.shape[-2]:
            again = host.matmul(expected, expected)
            assert same(place.fetch(products.matmul(found, found)), again), (left, right)


@pytest.mark.parametrize("terms", [TERMS - 1, TERMS, TERMS + 1, 2 * TERMS + 3])
def test_the_most_terms_and_the_worst_residues(place, terms):
    """At the roots of the first prime, numbers whose residues are ±(p - 1)/2 all along."""
    p = first(1).numbers[0]
    h = p // 2
    row = of(np.full((1, terms), h + p * 2**40), np.zeros((1, terms), int))
    column = of(
        np.where(np.arange(terms) % 2, h - p * 2**41, h)[:, None], np.zeros((terms, 1), int)
    )
    for x in (row, of(-row.a, row.b)):
        for y in (column, of(-column.a, column.b), of(abs(column.a) % p, column.b)):
            found = place.fetch(products.matmul(place.send(x), place.send(y)))
            expected = sum(int(u) * int(v) for u, v in zip(x.a[0], y.a[:, 0], strict=True))
            assert found.numerators()[0].item() == expected


@pytest.mark.parametrize("by", [-1, 0, 1])
def test_the_largest_entries_of_a_direct_product(place, by):
    """4·K·M·N at 2^53: the greatest product of floats, and the first that is not one."""
    terms, size = 8, 2**24 + by
    x = of(np.full((2, terms), size), np.full((2, terms), -size))
    y = of(np.full((terms, 2), size), np.full((terms, 2), size))
    for left, right in ((x, y), (y, x)):
        found = place.fetch(products.matmul(place.send(left), place.send(right)))
        assert same(found, host.matmul(left, right))


def test_results_at_the_edge_of_int64(place):
    for size, times in ((2**31, 1), (2**31, 2), (2**62, 1), (2**62, 2), (2**62 + 2**61, 2)):
        x = of([[size] * times], [[0] * times])
        y = of([[size >> 31 or 1]] * times, [[0]] * times)
        found = place.fetch(products.matmul(place.send(x), place.send(y)))
        assert found.numerators()[0].item() == times * size * (size >> 31 or 1)


@pytest.mark.parametrize("at_once", [1, 1 << 26])
def test_primes_one_by_one_and_together(place, monkeypatch, at_once):
    monkeypatch.setattr(products, "_AT_ONCE", at_once)
    x, y = array(3, (2, 5, 6), 80), array(4, (6, 3), 80)
    assert same(place.fetch(products.matmul(place.send(x), place.send(y))), host.matmul(x, y))


@pytest.mark.parametrize(
    ("left", "right"), [((), (2,)), ((2, 3), (2, 3)), ((3,), (2,)), ((2, 1, 1), (3, 1, 1))]
)
def test_shapes_that_do_not_fit(place, left, right):
    with pytest.raises(ShapeError, match=r"^matmul: "):
        products.matmul(place.send(array(1, left, 3)), place.send(array(1, right, 3)))


def test_a_device_that_rounds_products_is_refused(monkeypatch):
    from syntonic.device import moves

    x = moves.to_device(array(1, (2, 2), 3), "cpu")
    monkeypatch.setattr(products, "_tried", set())
    monkeypatch.setattr(products, "to_host", lambda found: found.astype(np.float32).astype(float))
    with pytest.raises(DeviceError, match=r"float64 matrix products on cpu are not exact"):
        products.matmul(x, x)
    monkeypatch.undo()
    products.require_exact_products(x)

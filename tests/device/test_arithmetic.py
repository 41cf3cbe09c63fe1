"""Sums and products on a device: the CPU's numbers, in whichever layout the bounds choose."""

from itertools import product

import numpy as np
import pytest
from effort import thinned
from exact_arrays import BITS, array, of, same

from syntonic import DeviceError
from syntonic.device import arithmetic, order
from syntonic.device.array import DeviceLattice
from syntonic.lattice import arithmetic as host
from syntonic.lattice import reductions
from syntonic.lattice.array import LatticeArray

PAIRS = [
    (arithmetic.add, host.add),
    (arithmetic.subtract, host.subtract),
    (arithmetic.multiply, host.multiply),
]
SHAPES = [
    ((), ()),
    ((3,), ()),
    ((3, 1), (1, 4)),
    ((2, 3), (2, 3)),
    ((0, 2), (1, 2)),
    ((2, 1, 3), (4, 1)),
]
MOST = 2**63 - 1


@pytest.mark.campaign
@pytest.mark.parametrize(("bits", "of"), thinned(product(BITS, [(1, 1), (6, 10), (7, 1)]), every=2))
def test_elementwise(place, bits, of):
    d, e = of
    for left, right in SHAPES:
        x, y = array(1, left, bits, d), array(2, right, bits, e)
        for there, here in PAIRS:
            found = there(place.send(x), place.send(y))
            assert same(place.fetch(found), here(x, y)), (left, right, there.__name__)
            assert same(place.fetch(arithmetic.multiply(found, found)), host.square(here(x, y)))
        assert same(place.fetch(arithmetic.negative(place.send(x))), host.negative(x))


@pytest.mark.parametrize("bits", BITS)
def test_sums(place, bits):
    cases = [
        ((), ()),
        ((5,), (0,)),
        ((2, 3, 4), (0, 2)),
        ((0, 3), (0,)),
        ((3, 0), (0, 1)),
        ((2, 2), ()),
    ]
    for shape, axes in cases:
        x = array(3, shape, bits, 6)
        for keepdims in (False, True):
            found = place.fetch(arithmetic.sum(place.send(x), axes, keepdims))
            assert same(found, reductions.sum(x, axes, keepdims)), (shape, axes)


# -- where int64 ends ------------------------------------------------------------------------
def test_the_last_sum_that_int64_holds(place):
    top, one = place.send(of([MOST - 1], [0])), place.send(of([1], [0]))
    fits = arithmetic.add(top, one)
    assert fits.pair is not None
    assert place.fetch(fits).numerators()[0].tolist() == [MOST]
    beyond = arithmetic.add(fits, one)
    assert beyond.pair is None
    assert place.fetch(beyond).numerators()[0].tolist() == [MOST + 1]
    lowest = arithmetic.negative(beyond)
    assert place.fetch(lowest).numerators()[0].tolist() == [-(2**63)]
    below = arithmetic.subtract(lowest, one)
    assert place.fetch(below).numerators()[0].tolist() == [-(2**63) - 1]


def test_the_smallest_int64_is_negated_and_multiplied(place):
    low = of([-(2**63)], [-(2**63)])
    there = place.send(low)
    assert same(place.fetch(arithmetic.negative(there)), host.negative(low))
    assert same(place.fetch(arithmetic.multiply(there, there)), host.square(low))
    assert same(place.fetch(arithmetic.subtract(there, there)), of([0], [0]))


@pytest.mark.parametrize("by", [-1, 0, 1])
def test_products_at_the_edge_of_int64(place, by):
    for n in (3, 7, 2**31):
        x, y = of([MOST // n + by], [0]), of([n], [0])
        found = arithmetic.multiply(place.send(x), place.send(y))
        assert place.fetch(found).numerators()[0].tolist() == [(MOST // n + by) * n]


def test_bounds_that_are_too_wide_are_measured(place):
    x = place.send(of([5, -7], [3, 2]))
    loose = DeviceLattice.packed(*x.pair, 1, (2**62, 2**62))
    assert (
        arithmetic.multiply(loose, loose).bounds
        == arithmetic.multiply(x.measured(), x.measured()).bounds
    )
    assert arithmetic.multiply(loose, loose).pair is not None


def test_residues_come_back_to_int64_where_their_bounds_allow(place):
    x, big = place.send(of([3], [4])), place.send(of([2**70], [1]))
    assert big.pair is None
    assert arithmetic.sum(big, ()).pair is None
    small = DeviceLattice.wide(x.images(4), 1, (3, 4)).least("test")
    assert small.pair is not None
    assert same(place.fetch(small), of([3], [4]))


@pytest.mark.campaign
@pytest.mark.parametrize("bits", [40, 63, 200])
def test_long_chains_lengthen_the_residues(place, bits):
    x = array(4, (3,), bits)
    there, here = place.send(x), x
    for _ in range(4):
        there, here = arithmetic.multiply(there, there), host.square(here)
        assert same(place.fetch(there), here)
        there, here = arithmetic.subtract(there, place.send(x)), host.subtract(here, x)
    assert same(place.fetch(there), here)


@pytest.mark.campaign
def test_what_grows_too_long_is_refused(place):
    x = place.send(of([2**2000], [1]))
    assert same(place.fetch(arithmetic.multiply(x, x)), host.square(of([2**2000], [1])))
    with pytest.raises(DeviceError, match=r"multiply: .* 4096 bits"):
        arithmetic.multiply(arithmetic.multiply(x, x), x)


@pytest.mark.parametrize("d", [2**62, 2**63 - 1, 3 * 2**63, 10**40])
def test_long_denominators(place, d):
    x, y = of([1, 5], [2, -3], d), of([7, 1], [0, 2], 5)
    for there, here in PAIRS:
        assert same(place.fetch(there(place.send(x), place.send(y))), here(x, y))


def test_a_denominator_for_each_element_becomes_a_shared_one(place):
    x = host.divide(array(5, (6,), 20), of([1, 2, 3, 4, 5, 6], [0] * 6))
    assert same(place.fetch(place.send(x)), x)
    many = host.divide(of([1] * 100, [2] * 100), of(list(range(1, 101)), [0] * 100))
    assert same(place.fetch(place.send(many)), many)


def test_denominators_of_each_matrix(place):
    x = array(6, (3, 2, 2), 20)
    over = np.array([2, 3, 2**70], object).reshape(3, 1, 1)
    each = place.send(x).over(over)
    here = host.divide(
        x, LatticeArray.from_numerators(np.broadcast_to(over, x.shape), np.zeros(x.shape, int))
    )
    assert same(place.fetch(each), here)
    assert same(place.fetch(each[1:, 0]), here[1:, 0])
    assert same(
        place.fetch(each.map(lambda part: part.reshape(-1))), here.map(lambda p: p.reshape(-1))
    )
    assert same(place.fetch(arithmetic.multiply(each, each)), host.square(here))
    assert same(place.fetch(arithmetic.add(each, place.send(x))), host.add(here, x))
    assert same(place.fetch(arithmetic.sum(each, (0, 2))), reductions.sum(here, (0, 2)))
    assert place.numpy(order.equal(each, each)).all()
    assert place.send(x).over(np.full((3, 1, 1), 4, object)).divisor == 4

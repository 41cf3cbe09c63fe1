"""Random calculations on a device and on the CPU, side by side: the same numbers all the way."""

import random

import numpy as np
import pytest
from effort import thinned
from exact_arrays import array, same

from syntonic.device import arithmetic, order, products
from syntonic.lattice import arithmetic as host
from syntonic.lattice import order as host_order
from syntonic.lattice import products as host_products
from syntonic.lattice import reductions

SIDE, STEPS, MOST = 10, 25, 900
PAIRS = (
    (arithmetic.add, host.add),
    (arithmetic.subtract, host.subtract),
    (arithmetic.multiply, host.multiply),
    (products.matmul, host_products.matmul),
)


def bits(x):
    a, b, d = x.numerators()
    return max(int(abs(n)).bit_length() for n in (*a.flat, *b.flat, d))


@pytest.mark.campaign
@pytest.mark.parametrize("seed", thinned([1, 0, 3, 2], every=2))
def test_a_walk(place, seed):
    """Each step is 100 elements: 10^4 of them, and as many comparisons."""
    rng = random.Random(seed)
    shelf = [array(i, (SIDE, SIDE), 5 * 4**i, d) for i, d in enumerate((1, 6, 5))]
    both = [(x, place.send(x)) for x in shelf]
    for step in range(STEPS):
        (x, u), (y, v) = rng.choice(both), rng.choice(both)
        there, here = rng.choice(PAIRS)
        found, expected = there(u, v), here(x, y)
        assert same(place.fetch(found), expected), step
        name = rng.choice(("less", "less_equal", "greater", "greater_equal"))
        assert np.array_equal(
            place.numpy(order.compare(found, u, name)),
            host_order.compare(expected, x, getattr(np, name)),
        )
        axis = rng.randrange(2)
        assert same(place.fetch(arithmetic.sum(found, (axis,))), reductions.sum(expected, axis))
        if bits(expected) < MOST:
            both[rng.randrange(3)] = expected, found

"""Order on a device: doubles decide what they can prove, integers the rest."""

import numpy as np
import pytest
from exact_arrays import BITS, array, of, same

from syntonic.device import order
from syntonic.device.fields import first
from syntonic.exact import pairs
from syntonic.integers import fibonacci
from syntonic.lattice import order as host

NAMES = ("less", "less_equal", "greater", "greater_equal")


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(("d", "e"), [(1, 1), (6, 10)])
def test_comparisons(place, bits, d, e):
    for left, right in (((), ()), ((20,), (20,)), ((3, 1), (4,)), ((0,), (1,))):
        x, y = array(1, left, bits, d), array(2, right, bits, e)
        u, v = place.send(x), place.send(y)
        for name in NAMES:
            found = place.numpy(order.compare(u, v, name))
            assert found.dtype == bool
            assert np.array_equal(found, host.compare(x, y, getattr(np, name))), (left, name)
        assert np.array_equal(place.numpy(order.equal(u, v)), host.equal(x, y))
        assert place.numpy(order.equal(u, u)).all()
        assert place.numpy(order.compare(u, u, "less_equal")).all()


@pytest.mark.parametrize("n", [10, 40, 80, 90, 91, 92, 93, 200, 1000])
def test_numbers_that_cancel_all_but_entirely(place, n):
    """F(n+1) - F(n)φ = (-1/φ)^n, far below the rounding of its parts; and neighbours of it."""
    p, q = fibonacci(n + 1), fibonacci(n)
    near = [
        (p, -q),
        (-p, q),
        (p + 1, -q),
        (p - 1, -q),
        (p, -q - 1),
        (2 * p, -2 * q),
        (0, 0),
        (1, 0),
    ]
    x = of([a for a, _ in near], [b for _, b in near])
    found = place.numpy(order.sign(place.send(x)))
    assert found.tolist() == [pairs.sign(a, b) for a, b in near]


@pytest.mark.parametrize("ends", [[-(2**63), 2**63 - 1], [2**63, -(2**63) - 1]])
def test_the_ends_of_int64(place, ends):
    a, b = (x.ravel() for x in np.meshgrid([*ends, 0], [*ends, 0]))
    x = of(a, b)
    assert place.numpy(order.sign(place.send(x))).tolist() == host.sign(x).tolist()
    for i in range(x.size):
        assert np.array_equal(
            place.numpy(order.compare(place.send(x), place.send(x[i]), "less")),
            host.compare(x, x[i], np.less),
        )


def test_only_doubtful_elements_travel(place, monkeypatch):
    seen = []
    monkeypatch.setattr(order, "to_lattice", lambda x: seen.append(x.size) or place.fetch(x))
    p, q = fibonacci(81), fibonacci(80)
    x = of([p, *range(1, 100)], [-q, *[0] * 99])
    assert place.numpy(order.sign(place.send(x))).tolist() == [1] * 100
    assert seen == [1]
    order.sign(place.send(of([0, 1], [0, 0])))  # zero is no doubt
    assert seen == [1]


def test_what_vanishes_at_one_root_alone_is_not_zero(place):
    """t - φ is 0 modulo the first prime at the root t, and not at the other."""
    p, t, conjugate, _ = first(1).rows[0]
    for a, b in ((t, -1), (conjugate, -1), (p, 0), (0, p), (p * t, -p)):
        x = of([a, 0], [b, 0])
        wide = of([a * 2**64, 0], [b * 2**64, 0])
        zero = of([0, 0], [0, 0])
        for y in (x, wide):
            assert place.numpy(order.equal(place.send(y), place.send(zero))).tolist() == [
                False,
                True,
            ]
        assert not order.all_equal(place.send(wide), place.send(x))


def test_a_product_of_many_primes_is_not_zero(place):
    for count in (1, 3, 10):
        n = np.prod(np.array(first(count).numbers, object))
        assert place.numpy(
            order.equal(place.send(of([n, 0], [0, 0])), place.send(of(0, 0)))
        ).tolist() == [
            False,
            True,
        ]


def test_equal_arrays(place):
    x, y = array(1, (3, 2), 70), array(2, (3, 2), 70)
    assert order.all_equal(place.send(x), place.send(x))
    assert not order.all_equal(place.send(x), place.send(y))
    assert not order.all_equal(place.send(x), place.send(x[:2]))
    assert order.all_equal(place.send(x[:0]), place.send(y[:0]))
    assert same(place.fetch(place.send(x)), x)

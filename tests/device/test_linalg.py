"""Determinants, inverses and solutions on a device, beside the CPU's."""

from itertools import product

import numpy as np
import pytest
from effort import thinned
from exact_arrays import array, of, same

from syntonic import DeviceError, ShapeError, SingularMatrixError
from syntonic.device import linalg, order, products
from syntonic.device.fields import first
from syntonic.lattice import arithmetic
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.linalg import solve as host

SHAPES = [(1, 1), (2, 2), (5, 5), (3, 4, 4), (2, 2, 3, 3), (9, 9), (0, 3, 3), (2, 0, 0), (0, 0)]
PRIMES = first(4).numbers
T = first(1).rows[0][1]


@pytest.mark.campaign
@pytest.mark.parametrize(("bits", "d"), thinned(product([2, 8, 40, 63, 100], [1, 6]), every=3))
def test_beside_the_cpu(place, bits, d):
    for shape in SHAPES:
        x = array(1, shape, bits, d)
        there, n = place.send(x), shape[-1]
        assert same(place.fetch(linalg.det(there)), host.det(x)), shape
        if n and (host.det(x).nonzero() == 0).any():
            continue
        assert same(place.fetch(linalg.inverse(there)), host.inverse(x)), shape
        for right in ((*shape[:-1], 3), (n,), (n, 2), (*shape[:-1], 0)):
            y = array(2, right, bits, 5)
            found = place.fetch(linalg.solve(there, place.send(y)))
            assert same(found, host.solve(x, y)), (shape, right)


def test_an_inverse_meets_its_matrix(place):
    x = place.send(array(3, (4, 3, 3), 20))
    one = place.send(of(np.eye(3, dtype=int), np.zeros((3, 3), int)))
    found = linalg.inverse(x)
    assert type(found.divisor) is not int  # one for each matrix
    assert place.numpy(order.equal(products.matmul(x, found), one)).all()
    assert place.numpy(order.equal(products.matmul(found, x), one)).all()
    again = linalg.inverse(found)
    assert place.numpy(order.equal(again, x)).all()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([[PRIMES[0], 1], [0, 1]], 0),
        ([[PRIMES[0] * PRIMES[1] * PRIMES[2], 1], [0, 1]], 0),
        ([[0, 1], [PRIMES[1], 0]], 0),
        ([[T, 1], [0, 1]], [[-1, 0], [0, 0]]),  # at one root alone
        ([[PRIMES[0], 3], [0, PRIMES[1]]], 0),
    ],
)
def test_determinants_that_primes_divide(place, a, b):
    x = of(a, np.broadcast_to(b, (2, 2)))
    regular = of([[1, 2], [3, 5]], [[0, 1], [1, 0]])
    y = array(4, (2, 2), 9)
    batch = LatticeArray.from_numerators(
        *(
            np.stack([p, q, p])
            for p, q in zip(x.numerators()[:2], regular.numerators()[:2], strict=True)
        )
    )
    for each in (x, batch):
        assert same(place.fetch(linalg.det(place.send(each))), host.det(each))
        assert same(place.fetch(linalg.inverse(place.send(each))), host.inverse(each))
        found = linalg.solve(place.send(each), place.send(y))
        assert same(place.fetch(found), host.solve(each, y))


@pytest.mark.parametrize("n", [1, 5, 16])
def test_without_the_kernels_of_small_matrices(place, monkeypatch, n):
    from syntonic.flux.cuda import exact

    monkeypatch.setattr(exact, "takes", lambda *shape: False)
    x, y = array(7, (3, n, n), 20), array(8, (n, 2), 20)
    assert same(place.fetch(linalg.det(place.send(x))), host.det(x))
    assert same(place.fetch(linalg.inverse(place.send(x))), host.inverse(x))
    assert same(place.fetch(linalg.solve(place.send(x), place.send(y))), host.solve(x, y))


@pytest.mark.parametrize(("n", "width"), [(64, 1), (65, 1), (33, 33)])
def test_as_large_as_the_kernels_take_and_larger(place, n, width):
    x, y = array(9, (n, n), 2), array(10, (n, width), 2)
    assert same(place.fetch(linalg.det(place.send(x))), host.det(x))
    z = linalg.solve(place.send(x), place.send(y))
    assert place.numpy(order.equal(products.matmul(place.send(x), z), place.send(y))).all()


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_determinant_zero(place, n):
    x = array(5, (3, n, n), 30)
    a, b, _ = x.numerators()
    a, b = np.array(a), np.array(b)
    a[1, -1], b[1, -1] = (a[1, 0], b[1, 0]) if n > 1 else (0, 0)
    singular = of(a, b)
    found = place.fetch(linalg.det(place.send(singular)))
    assert same(found, host.det(singular))
    assert (found.nonzero() == [True, False, True]).all()
    for call in (linalg.inverse, lambda z: linalg.solve(z, z)):
        with pytest.raises(SingularMatrixError, match=r"first at index \(1,\)"):
            call(place.send(singular))
    with pytest.raises(SingularMatrixError, match=r"^inv: "):
        linalg.inverse(place.send(of(a[1], b[1])))


def test_pivots_that_vanish_on_the_way(place):
    for a in (
        [[0, 1], [1, 0]],
        [[0, 0, 1], [0, 1, 0], [1, 0, 0]],
        [[1, 1, 1], [1, 1, 2], [1, 2, 1]],
    ):
        x = of(a, np.zeros_like(a))
        assert same(place.fetch(linalg.det(place.send(x))), host.det(x))
        assert same(place.fetch(linalg.inverse(place.send(x))), host.inverse(x))


def test_determinants_at_hadamards_bound(place):
    """Sylvester's matrices reach it: the fewest primes must do."""
    matrix = np.array([[1]])
    for n in (2, 4, 8, 16):
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
        for size in (1, 2**20, 2**62):
            x = of(matrix.astype(object) * size, matrix * 0)
            found = place.fetch(linalg.det(place.send(x))).numerators()[0].item()
            assert abs(found) == n ** (n // 2) * size**n


@pytest.mark.parametrize("call", [linalg.det, linalg.inverse, lambda z: linalg.solve(z, z)])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_shapes_that_do_not_fit(place, call, shape):
    with pytest.raises(ShapeError, match=r"matrix"):
        call(place.send(array(1, shape, 3)))


def test_right_hand_sides_that_do_not_fit(place):
    x = place.send(array(1, (2, 3, 3), 5))
    for shape in ((), (2,), (2, 2), (3, 3, 2)):
        with pytest.raises(ShapeError, match=r"^solve: "):
            linalg.solve(x, place.send(array(1, shape, 3)))


@pytest.mark.campaign
def test_bounds_beyond_the_longest_numbers_are_refused(place):
    x = place.send(array(1, (3, 3), 2000))
    with pytest.raises(DeviceError, match=r"det: .* 4096 bits"):
        linalg.det(x)
    y = array(2, (2, 2), 1000)
    assert same(place.fetch(linalg.det(place.send(y))), host.det(y))
    assert same(place.fetch(place.send(arithmetic.negative(y))), arithmetic.negative(y))

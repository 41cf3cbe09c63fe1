"""Residues modulo split primes: their list, the way to them, and back by Garner's algorithm."""

from math import prod

import numpy as np
import pytest

from syntonic import DeviceError
from syntonic.device import fields
from syntonic.device.fields import MOST_BITS, TERMS, WIDTH, Primes, count_for, first

INTS = [0, 1, -1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1]


def test_the_primes_split_and_their_products_add_up_exactly():
    primes = first(60)
    assert len(set(primes.numbers)) == 60
    for p, t, conjugate, slope in primes.rows:
        assert p % 5 in (1, 4)
        assert p < 2**WIDTH
        assert (t * t - t - 1) % p == (conjugate * conjugate - conjugate - 1) % p == 0
        assert t != conjugate
        assert slope * (t - conjugate) % p == 1
    assert TERMS * (primes.numbers[0] // 2) ** 2 < 2**53
    assert 2 * TERMS * (primes.numbers[0] // 2) ** 2 > 2**53  # no more would do


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_the_fewest_primes_that_determine_a_number(count):
    product = prod(first(count).numbers)
    assert count_for((product - 1) // 2, "test") == count
    assert count_for((product + 1) // 2, "test") == count + 1
    assert count_for(0, "test") == 1


def test_too_long_numbers_are_refused():
    count_for((1 << MOST_BITS) - 1, "test")
    with pytest.raises(DeviceError, match=rf'test: .* {MOST_BITS} bits.*{MOST_BITS + 1}.*"cpu"'):
        count_for(1 << MOST_BITS, "test")


def test_images_are_those_of_a_homomorphism(place):
    a, b = np.array(INTS), np.array(INTS[::-1])
    primes = first(3)
    found = place.numpy(fields.images(*map(place.library.asarray, (a, b)), primes))
    assert found.dtype == np.int32
    for k, (p, *roots, _) in enumerate(primes.rows):
        for j, root in enumerate(roots):
            expected = [(int(x) + int(y) * root) % p for x, y in zip(a, b, strict=True)]
            assert (found[k, j] % p).tolist() == expected
        assert abs(found[k]).max() <= p // 2


@pytest.mark.parametrize("count", [1, 2, 5, 12])
@pytest.mark.parametrize("shape", [(), (1,), (2, 0), (3, 2)])
def test_digits_give_the_numbers_back(place, count, shape):
    primes, size = first(count), int(np.prod(shape))
    half = prod(primes.numbers) // 2
    rng = np.random.default_rng(count)
    ends = [half, -half, 0, 1, -1, half - 1]
    numbers = [
        [(ends[(i + j) % 6], int(rng.integers(-9, 9)))[j] for i in range(size)] for j in (0, 1)
    ]
    pair = np.array(numbers, object).reshape(2, *shape)
    modulo = [
        ((pair[0] + pair[1] * t) % p, (pair[0] + pair[1] * u) % p) for p, t, u, _ in primes.rows
    ]
    residues = place.library.asarray(np.array(modulo).astype(np.int32).reshape(count, 2, *shape))
    digits = fields.digits(fields.parts_of(residues, primes), primes)
    assert len(digits) == count
    total = sum(
        place.numpy(d).astype(object) * prod(primes.numbers[:k]) for k, d in enumerate(digits)
    )
    assert np.array_equal(np.asarray(total, object), pair)
    for k, digit in enumerate(digits):
        assert not size or abs(place.numpy(digit)).max() <= primes.numbers[k] // 2
    others = Primes(count, count + 4)
    found = place.numpy(fields.evaluated(digits, primes, others)).astype(object)
    for k, (p, *roots, _) in enumerate(others.rows):
        for j, root in enumerate(roots):
            assert np.array_equal(
                found[k, j] % p, np.asarray((pair[0] + pair[1] * root) % p, object)
            )


@pytest.mark.parametrize("size", [2**43, 2**44])
def test_one_reduction_is_the_least_residue(place, size):
    p = first(1).numbers[0]
    near = [m * p + r for m in (0, 1, -1, size // p - 1) for r in (-(p // 2), 0, p // 2)]
    x = place.library.asarray(np.array(near, float))
    found = place.numpy(fields.least(x, float(p), 1.0 / p)).astype(int)
    assert found.tolist() == [n - p * round(n / p) for n in near]


def test_two_reductions_are_the_least_residue_below_2_to_the_53(place):
    p = first(1).numbers[0]
    top = (2**53 - 1) // p
    near = [m * p + r for m in range(top - 50, top) for r in (-(p // 2), p // 2, 1)]
    near += [-n for n in near]
    x = place.library.asarray(np.array(near, float))
    once = fields.least(x, float(p), 1.0 / p)
    assert abs(place.numpy(once)).max() <= p / 2 + 4
    found = place.numpy(fields.least(once, float(p), 1.0 / p)).astype(int)
    assert found.tolist() == [(n + p // 2) % p - p // 2 for n in near]

"""Integers of a fixed width: to objects and back, sizes, divisors, and rounding to floats."""

import itertools
import math
import warnings

import numpy as np
import pytest
from gmpy2 import mpz
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wide_arrays import EDGES, OPERANDS, ints, of

from syntonic.lattice import limbs, order
from syntonic.rounding import wake


@pytest.fixture(params=OPERANDS)
def operands(request):
    return OPERANDS[request.param]()


# -- conversions ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", EDGES)
def test_one_number_through_limbs(n):
    count = limbs.limbs_for(abs(n))
    for kind, more in itertools.product((int, mpz), (0, 1, 3)):
        x = limbs.from_objects(ints([kind(n)]), count + more)
        assert limbs.to_objects(x).tolist() == [n]
        assert type(limbs.to_objects(x)[0]) is int
        least = next(k for k in range(1, 9) if -(1 << 64 * k - 1) <= n < 1 << 64 * k - 1)
        assert limbs.needed(x) == least
        assert limbs.to_objects(limbs.resized(x, least)).tolist() == [n]
        assert limbs.largest(x) == abs(n)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 0), (1,), (6,), (2, 3), (1, 2, 3)])
def test_shapes_through_limbs(shape):
    n = math.prod(shape)
    numbers = ints([(-3) ** (50 + k) for k in range(n)], shape)
    x = limbs.from_objects(numbers, 2)
    assert x.shape == shape
    assert (limbs.to_objects(x) == numbers).all()
    assert (limbs.to_objects(limbs.resized(x, 4)) == numbers).all()
    assert limbs.largest(x) == max(map(abs, numbers.flat), default=0)
    small = np.arange(n).reshape(shape) - 3
    assert (limbs.to_int64(limbs.from_int64(small, 3)) == small).all()
    assert limbs.needed(limbs.from_int64(small, 3)) == 1


@given(st.lists(st.integers(-(1 << 300), 1 << 300), max_size=9))
def test_lists_through_limbs(numbers):
    x = limbs.from_objects(ints(numbers), 5)
    assert limbs.to_objects(x).tolist() == numbers
    assert limbs.largest(x) == max(map(abs, numbers), default=0)
    assert limbs.nonzero(x).tolist() == [n != 0 for n in numbers]


@given(
    st.integers(1, 10**30),
    st.lists(st.integers(-(10**30), 10**30), max_size=9),
    st.integers(1, 10**9),
)
def test_common_divisors_of_limbs(d, numbers, factor):
    x = limbs.from_objects(ints([n * factor for n in numbers]), 3)
    assert limbs.common_divisor(d, x) == math.gcd(d, *(n * factor for n in numbers))


@pytest.fixture(params=[True, False], ids=["compiled", "plain"])
def compiled(request, monkeypatch):
    monkeypatch.setattr(limbs, "compiled_pays", lambda size: request.param)


SIZES = st.integers(-(1 << 191), (1 << 191) - 1)
ENDS = st.sampled_from([0, 1, -1, 1 << 64, -(1 << 64), (1 << 191) - 1, -(1 << 191), 1 - (1 << 191)])


@given(st.lists(st.one_of(SIZES, ENDS, st.integers(-9, 9)), min_size=1, max_size=9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_largest_of_limbs(compiled, numbers):
    assert limbs.largest(limbs.from_objects(ints(numbers), 3)) == max(map(abs, numbers))


DIVISORS = st.one_of(
    st.integers(1, 1 << 150),
    st.integers(0, 150).map(lambda k: 1 << k),
    st.sampled_from([3, 6, (1 << 64) - 1, 1 << 64, 3 << 64, 3 << 63, (1 << 150) - 3]),
)


@pytest.mark.campaign
@given(st.data(), DIVISORS, DIVISORS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_limbs_over_least_denominators(compiled, data, factor, d):
    """Of multiples of a factor, of which none, one or all but a few are other numbers."""
    most = ((1 << 191) - 1) // factor
    few = st.lists(st.integers(-most, most).map(lambda n: n * factor), min_size=80, max_size=80)
    a, b = data.draw(few), data.draw(few)
    for _ in range(data.draw(st.integers(0, 2))):
        a[data.draw(st.integers(0, 79))] = data.draw(st.one_of(SIZES, ENDS))
    d *= factor
    common = math.gcd(d, *a, *b)
    p, q, over = limbs.reduced(*(limbs.from_objects(ints(x), 3) for x in (a, b)), d)
    assert over == d // common
    for found, numbers in ((p, a), (q, b)):
        assert limbs.to_objects(found).tolist() == [n // common for n in numbers]


@pytest.mark.parametrize("size", [0, 1, 80])
@pytest.mark.parametrize("number", [0, 1, -1, -(1 << 127)])
@pytest.mark.parametrize("twos", [63, 64, 127, 128, 129, 319])
def test_limbs_over_denominators_that_are_longer(compiled, size, number, twos):
    items, d = ints([number] * size), 3 << twos
    common = math.gcd(d, number if size else 0)
    p, q, over = limbs.reduced(limbs.from_objects(items, 2), limbs.from_objects(items, 2), d)
    assert over == d // common
    for found in (p, q):
        assert limbs.to_objects(found).tolist() == [number // common] * size


def test_the_largest_of_no_limbs(compiled):
    assert limbs.largest(limbs.from_objects(ints([]), 3)) == 0


@given(st.lists(st.one_of(SIZES, ENDS), min_size=1, max_size=9), st.data())
def test_floors_of_quotients_of_limbs(numbers, data):
    ends = st.sampled_from([1, 2, 3, (1 << 32) - 1, 1 << 32, (1 << 64) + 1])
    d = data.draw(st.one_of(ends, st.integers(1, 1 << 33)))
    found = limbs.floor_quotients(limbs.from_objects(ints(numbers), 3), d)
    assert limbs.to_objects(found).tolist() == [n // d for n in numbers]


# -- floats ---


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("d", [1, 2, 12, 3 << 60, (1 << 53) + 1, 10**40])
def test_correctly_rounded_floats(operands, dtype, d):
    a, b, *_ = (part[:200] for part in operands)
    b[:30] = 0
    a[30:40], b[30:40] = [(1 << k) + (k % 3) for k in range(60, 160, 10)], 0
    x = of(a, b, d)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = order.floats(x, dtype)
    with warnings.catch_warnings(record=True) as expected:
        warnings.simplefilter("always")
        exact = wake.wake_exact(a, b, d, np.dtype(dtype))
    assert out.dtype == exact.dtype
    assert out.tobytes() == exact.tobytes()
    assert [str(w.message) for w in caught] == [str(w.message) for w in expected]


@pytest.mark.parametrize("bits", [45, 60, 100, 300])
def test_floats_of_what_cancels_and_of_ties(bits):
    p, q = 1, 1
    while q.bit_length() <= bits:
        p, q = p + q, p
    cancelling = [
        (s * p + e, -s * (p + q) + f) for s in (1, -1) for e in (-1, 0, 1) for f in (0, 1)
    ]
    cancelling = [
        (s * q + e, -s * p + f) for s in (1, -1) for e in (-1, 0, 1) for f in (0, 1)
    ] + cancelling
    ties = [
        ((((1 << 53) + k) << t) + (1 << t) // 2 + e, 0)
        for k in (0, 1)
        for t in (1, 11, 60, bits)
        for e in (-1, 0, 1)
    ]
    a, b = (ints(column) for column in zip(*cancelling, *ties, strict=True))
    x = of(a, b)
    for dtype in (np.float64, np.float32) if bits <= 60 else (np.float64,):
        assert (
            order.floats(x, dtype).tobytes() == wake.wake_exact(a, b, 1, np.dtype(dtype)).tobytes()
        )

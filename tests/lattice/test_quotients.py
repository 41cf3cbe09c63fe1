"""The compiled loops on elements with denominators of their own, against integers and mpmath."""

import itertools
from fractions import Fraction
from math import gcd

import mpmath
import numpy as np
import pytest
from gmpy2 import mpq, mpz
from hypothesis import given
from hypothesis import strategies as st

from syntonic import GoldenExact
from syntonic.lattice import fraction_loops, order, quotient_loops, quotients, rational_floats
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.rounding.wake import wake_exact, wake_rational


@pytest.fixture(params=["compiled", "elsewhere", "plain"], autouse=True)
def way(request, monkeypatch):
    """Compiled loops; these where gmpy2's numbers lie in memory otherwise; none."""
    monkeypatch.setattr(quotients, "compiled_pays", lambda size: request.param != "plain")
    if request.param == "elsewhere":
        monkeypatch.setattr(quotients, "readable", lambda: False)
    return request.param


words = st.one_of(
    st.integers(-INT64_MAX, INT64_MAX), st.integers(-9, 9), st.sampled_from([2**62, -(2**62)])
)
divisors = st.one_of(
    st.integers(1, INT64_MAX), st.integers(1, 99), st.integers(0, 62).map(lambda k: 2**k)
)
element = st.tuples(words, words, divisors)


@pytest.mark.campaign
@given(st.lists(st.tuples(element, element), min_size=1, max_size=4))
def test_compiled_sums_and_products(pairs):
    """The loops give all that int64 holds of operands in lowest terms, and never anything else."""
    for (a, b, d), (p, q, e) in pairs:
        common = gcd(a, b, d), gcd(p, q, e)
        a, b, d = (n // common[0] for n in (a, b, d))
        p, q, e = (n // common[1] for n in (p, q, e))
        x, y = (tuple(np.array([n]) for n in triple) for triple in ((a, b, d), (p, q, e)))
        for sign in (1, -1):
            wanted = a * e + sign * p * d, b * e + sign * q * d, d * e
            check(fraction_loops.total(x, y, sign), wanted, must=True)
        check(fraction_loops.product(x, y), (a * p + b * q, a * q + b * p + b * q, d * e), False)


def check(found, wanted, must):
    common = gcd(*wanted)
    if found is None:
        assert not must or max(abs(n) // common for n in wanted) > INT64_MAX
        return
    r, s, f = (int(part[0]) for part in found)
    assert f > 0
    assert (r * wanted[2], s * wanted[2]) == (wanted[0] * f, wanted[1] * f)


@given(st.lists(element, min_size=1, max_size=30))
def test_floats_are_correctly_rounded(triples):
    a, b, d = (np.array(part, np.int64) for part in zip(*triples, strict=True))
    x = LatticeArray(a, b, d, None)
    with mpmath.workprec(400):
        values = [(p + q * mpmath.phi) / e for p, q, e in triples]
        signs = [v._mpf_ for v in values]
    wanted = [(-1) ** s * float(Fraction(int(m)) * Fraction(2) ** k) for s, m, k, _ in signs]
    assert quotients.floats(x).tolist() == wanted


@pytest.mark.filterwarnings("ignore:wake. overflow")
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@given(st.lists(element, min_size=1, max_size=30))
def test_short_floats_are_rounded_once(dtype, triples):
    x = LatticeArray(*(np.array(part, np.int64) for part in zip(*triples, strict=True)), None)
    one_by_one = [wake_exact(*np.array([[p], [q]]), d, np.dtype(dtype)) for p, q, d in triples]
    assert quotients.floats(x, dtype).tolist() == np.concatenate(one_by_one).tolist()


def test_few_floats_are_left_to_integers():
    rng = np.random.default_rng(3)
    for bits in (20, 49, 62):
        a, b = rng.integers(-(2**bits), 2**bits, (2, 5000))
        d = rng.integers(1, 2**bits, 5000)
        for dtype in (np.float64, np.float32):
            assert quotient_loops.quotients(a, b, d, np.dtype(dtype))[1] == 0


# -- rationals of any length --------------------------------------------------------------

LONG = [
    n * s
    for n in (1, 255, 256, 2**63, 2**64 - 1, 2**120, 2**128 - 1, 3**99, 7**999)
    for s in (1, -1)
]
rationals = st.builds(
    lambda n, d, k: mpq(n, d) * mpq(2) ** k,
    st.one_of(st.integers(-(2**200), 2**200), st.sampled_from([0, *LONG])),
    st.one_of(st.integers(1, 2**150), st.sampled_from([abs(n) for n in LONG])),
    st.one_of(st.just(0), st.integers(-900, 900)),
)
golden = st.tuples(rationals, rationals)


def rational(a, b):
    columns = (np.fromiter(part, object, len(part)) for part in (a, b))
    return LatticeArray(*columns, None, None)


@pytest.mark.filterwarnings("ignore:wake. overflow")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@given(st.lists(golden, min_size=1, max_size=12))
def test_rationals_are_rounded_once(dtype, parts):
    x = rational(*zip(*parts, strict=True))
    for _ in range(2):  # anew, and from what is kept
        out = quotients.floats(x, dtype)
        assert out.dtype == dtype
        assert out.tobytes() == wake_rational(x.a, x.b, dtype).tobytes()


@given(st.lists(golden, min_size=1, max_size=12))
def test_enclosures_enclose(parts):
    x = rational(*zip(*parts, strict=True))
    value, error = quotients.enclosures(x)
    with mpmath.workprec(12000):
        for v, e, (a, b) in zip(value.tolist(), error.tolist(), parts, strict=True):
            exact = [mpmath.mpf(int(q.numerator)) / int(q.denominator) for q in (a, b)]
            assert abs(v - (exact[0] + exact[1] * mpmath.phi)) <= e


@pytest.mark.parametrize("size", [1, 3, 15, 16, 17, 40])
def test_the_leading_limbs_of_numbers(size, way):
    """Of all lengths beside each other, with zeros, integers of Python and of GMP between."""
    ends = [(1 << 8 * size) - 1, 1 << 8 * size - 8, (1 << 8 * size) - (1 << max(0, 8 * size - 60))]
    numbers = [mpq(n, d) for n in (*ends, -ends[0]) for d in (1, 3, ends[0] + 2, ends[1] + 1)]
    mixed = [q for pair in itertools.product(numbers, (mpq(0), 5, mpz(-(10**40)))) for q in pair]
    x = rational(mixed, mixed[::-1])
    assert quotients.floats(x).tobytes() == wake_rational(x.a, x.b).tobytes()
    if way == "compiled":
        high, _, bound = rational_floats._enclosed(x)
        assert (bound <= (np.abs(high) + 1e42) * 2.0**-90).all()


def test_numbers_are_read_only_where_they_lie_as_expected():
    long = (1 << 64) + 5
    assert rational_floats.readable()
    for number in (mpz(0), mpz(-long), mpq(0), mpq(-long, 3), mpq(2, 7 * long)):
        assert rational_floats._lies_as_expected(number)
    for other in (5, long):  # Python's lie otherwise
        assert not rational_floats._lies_as_expected(other)
    number = mpz(long)
    at = id(number) + object.__basicsize__
    assert rational_floats._is_number(at, long)
    assert not any(rational_floats._is_number(at, n) for n in (0, 5, -long, long + 1, long << 64))


def test_views_in_any_order_are_read_in_theirs():
    a = np.array([[mpq(3 * i + j, 7**40) for j in range(20)] for i in range(8)])
    x = LatticeArray(a, a[::-1], None, None)
    for y in (x, x.map(np.transpose), x.map(lambda part: part[::-2, 1::3])):
        assert quotients.floats(y).tobytes() == wake_rational(y.a, y.b).tobytes()


def test_cancelling_rationals_and_ties():
    p, q, parts = 1, 1, []
    for k in range(300):
        p, q = p + q, p
        parts += [
            (mpq(p, 3**k), mpq(-q, 3**k)),
            (mpq(q, 7), mpq(p, 7)),
            (mpq(2 * p + 1, 2), mpq(0)),
        ]
    parts += [(mpq((1 << 53) + k, 1 << t), mpq(0)) for k in (1, 3) for t in (1, 200, 1000, 1074)]
    x = rational(*zip(*parts, strict=True))
    assert quotients.floats(x).tobytes() == wake_rational(x.a, x.b).tobytes()
    signs = [GoldenExact(a, b).sign() for a, b in parts]
    assert quotients.rational_signs(x).tolist() == signs
    assert quotients.argsort(x, 0).tolist() == np.argsort(x.scalars(), kind="stable").tolist()
    assert quotients.argextreme(x, 0, np.argmax) == np.argmax(x.scalars())
    for y in (x[::-1], x[:1]):
        less = (x.scalars() < y.scalars()).tolist()
        assert order.compare(x, y, np.less).tolist() == less

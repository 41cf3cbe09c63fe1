"""Integer pairs against rational brackets of φ and brute-force integers."""

from fractions import Fraction
from math import floor, inf, isqrt

import pytest
from effort import examples
from gmpy2 import fib2, mpz
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact import pairs

# φ lies strictly between these two, 2^-6001 apart.
LOW = Fraction((1 << 6000) + isqrt(5 << 12000), 2 << 6000)
HIGH = LOW + Fraction(1, 2 << 6000)

FORMATS = {"float64": (53, -1074), "float32": (24, -149), "float16": (11, -24), "bf16": (8, -133)}


def bracket(p, q, d=1):
    """The value as two rationals that agree on everything these tests ask."""
    return Fraction(p + q * LOW) / d, Fraction(p + q * HIGH) / d


def fibonacci_pair(n):
    """(F_(n-1), F_n) by plain addition."""
    before, here = 1, 0
    for _ in range(n):
        before, here = here, before + here
    return before, here


def power(n):
    """φⁿ as two rationals, rounded down and up."""
    low, high = bracket(*fibonacci_pair(abs(n)))
    return (low, high) if n >= 0 else (1 / high, 1 / low)


def floor_log2(x):
    """⌊log2 x⌋ of a positive rational."""
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if x >= Fraction(2) ** e else e - 1


def round_binary(x, bits, least_exponent):
    """x rounded to nearest even in a binary format, as a rational."""
    if x == 0:
        return Fraction(0)
    unit = Fraction(2) ** max(floor_log2(abs(x)) + 1 - bits, least_exponent)
    return round(x / unit) * unit


@st.composite
def cancelling(draw):
    """Pairs p + qφ far smaller than their terms: k·φ^-n plus, sometimes, a little."""
    n = draw(st.integers(1, 300))
    k = draw(st.integers(-50, 50))
    before, here = fibonacci_pair(n)
    sign = (-1) ** n
    p, q = sign * (before + here), -sign * here
    return k * p + draw(st.sampled_from([0, 0, 0, 1, -1])), k * q


small = st.integers(-9, 9)
large = st.integers(-(10**40), 10**40)
coordinates = st.one_of(st.tuples(small, small), st.tuples(large, large), cancelling())
denominators = st.one_of(st.just(1), st.integers(1, 99), st.integers(1, 10**30))


@given(coordinates)
def test_sign(pair):
    low, high = bracket(*pair)
    expected = 0 if pair == (0, 0) else (1 if low > 0 else -1)
    assert (low > 0) == (high > 0)
    assert pairs.sign(*pair) == expected
    assert type(pairs.sign(*pair)) is int


@given(coordinates, coordinates)
def test_norm_is_multiplicative(x, y):
    product = pairs.multiply(*x, *y)
    assert pairs.norm(*product) == pairs.norm(*x) * pairs.norm(*y)


@given(coordinates, coordinates)
def test_multiply_by_matrices(x, y):
    # p + qφ is the matrix p + q[[0, 1], [1, 1]]; its first row is (p, q).
    (p, q), (r, s) = x, y
    assert pairs.multiply(p, q, r, s) == (p * r + q * s, p * s + q * (r + s))


@given(coordinates, denominators)
def test_floor_div(pair, d):
    low, high = bracket(*pair, d)
    assert floor(low) == floor(high)
    assert pairs.floor_div(*pair, d) == floor(low)


@given(coordinates.filter(lambda pair: pair != (0, 0)), denominators)
def test_floor_log2(pair, d):
    low, high = (abs(x) for x in bracket(*pair, d))
    assert floor_log2(low) == floor_log2(high)
    assert pairs.floor_log2(*pair, d) == floor_log2(low)


@given(coordinates.filter(lambda pair: pair != (0, 0)), denominators)
def test_floor_log_phi(pair, d):
    m = pairs.floor_log_phi(*pair, d)
    low, high = sorted(abs(x) for x in bracket(*pair, d))
    assert power(m)[0] <= high
    assert low <= power(m + 1)[1]


@pytest.mark.parametrize("n", range(-60, 61, 4))
def test_floor_log_phi_at_powers(n):
    p, q = pairs.phi_power(n)
    assert pairs.floor_log_phi(p, q, 1) == pairs.floor_log_phi(-p, -q, 1) == n
    assert pairs.floor_log_phi(10**30 * p - 1, 10**30 * q, 10**30) == n - 1
    assert pairs.floor_log_phi(10**30 * p + 1, 10**30 * q, 10**30) == n


@pytest.mark.parametrize("name", FORMATS)
@given(pair=coordinates, d=denominators)
@examples(60)
def test_nearest_float(name, pair, d):
    bits, least = FORMATS[name]
    low, high = (round_binary(x, bits, least) for x in bracket(*pair, d))
    assert low == high
    assert Fraction(pairs.nearest_float(*pair, d, bits=bits, least_exponent=least)) == low


@pytest.mark.parametrize("n", [-1548, -1549, -1552, -1480, -1474, 100, 1474])
def test_nearest_float_at_the_ends_of_the_range(n):
    low, high = (round_binary(x, 53, -1074) for x in bracket(*pairs.phi_power(n)))
    assert low == high
    assert Fraction(pairs.nearest_float(*pairs.phi_power(n), 1)) == low


def test_nearest_float_near_ties():
    # 1 + 2^-53 ± φ^-n, for n so large that the last bit hangs on it.
    for n in (100, 400, 1000):
        p, q = pairs.phi_power(-n)
        scale = 1 << 53
        above = pairs.nearest_float(scale + 1 + scale * p, scale * q, scale)
        below = pairs.nearest_float(scale + 1 - scale * p, -scale * q, scale)
        assert (below, above) == (1.0, 1.0 + 2.0**-52)
    assert pairs.nearest_float(2**53 + 1, 0, 2**53) == 1.0
    assert pairs.nearest_float(2**53 + 3, 0, 2**53) == 1.0 + 2.0**-51


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("d", [1, 8, 3 << 20])
def test_nearest_float_of_ties_at_every_size(name, d):
    """A tie and its neighbours, of every exponent that float64 has, subnormal ones too."""
    bits, least = FORMATS[name]
    for exponent in range(-1080, 1024 - bits, 7):
        for odd in ((1 << bits) + 1, (1 << bits) + 3, (2 << bits) - 3):  # bits + 1 bits each
            for off in (0, 1, -1):
                value = Fraction(odd) * Fraction(2) ** exponent * (1 + Fraction(off, 1 << 200))
                p, over = value.numerator * d, value.denominator * d
                got = pairs.nearest_float(p, 0, over, bits=bits, least_exponent=least)
                assert Fraction(got) == round_binary(value, bits, least), (exponent, odd, off)


@pytest.mark.parametrize("pair", [pairs.phi_power(1475), (2**1024, 0), (2**1024 - 2**970, 0)])
def test_nearest_float_overflow(pair):
    p, q = pair
    with pytest.raises(OverflowError, match="beyond the range of float64"):
        pairs.nearest_float(p, q, 1)
    with pytest.raises(OverflowError):
        pairs.nearest_float(-p, -q, 1)


def test_nearest_float_just_below_overflow():
    greatest = 2**1024 - 2**971
    assert pairs.nearest_float(greatest, 0, 1) == float(greatest) < inf
    assert pairs.nearest_float(2**1024 - 2**970 - 1, 0, 1) == float(greatest)


def test_nearest_float_underflow_keeps_the_sign():
    p, q = pairs.phi_power(-2000)
    assert str(pairs.nearest_float(p, q, 1)) == "0.0"
    assert str(pairs.nearest_float(-p, -q, 1)) == "-0.0"
    assert str(pairs.nearest_float(0, 0, 7)) == "0.0"


def test_fibonacci_and_powers():
    for n in range(200):
        before, here = fibonacci_pair(n)
        assert pairs.phi_power(n) == (before, here)
        assert pairs.fibonacci(n) == here
        assert pairs.fibonacci(-n) == (here if n % 2 else -here)
        assert pairs.multiply(*pairs.phi_power(n), *pairs.phi_power(-n)) == (1, 0)


@pytest.mark.parametrize("n", [2**33 + 1, -(10**12), 10**30])
def test_a_power_beyond_memory_is_refused(n):
    with pytest.raises(OverflowError, match="2\\^28"):
        pairs.phi_power(n)


def test_powers_in_steps_are_those_of_one_call(monkeypatch):
    wanted = [(tuple(fib2(n)), [mpz(base) ** n for base in (-7, 0, 1, 2, 10)]) for n in range(300)]
    monkeypatch.setattr(pairs, "_ONE_CALL", 3)
    for n, (both, powers) in enumerate(wanted):
        assert pairs.phi_power(n) == both[::-1]
        assert [pairs.integer_power(base, n) for base in (-7, 0, 1, 2, 10)] == powers


@given(coordinates, denominators)
def test_nearest_double(pair, d):
    low, high = (round_binary(x, 53, -1074) for x in bracket(*pair, d))
    assert low == high
    assert Fraction(pairs.nearest_double(*map(mpz, (*pair, d)))) == low


@pytest.mark.parametrize("d", [1, 2, 3 << 20, 3**800, 1 << 1060])
def test_nearest_double_is_nearest_float(d):
    """Where both ends of the quick bracket round alike and where not, at every size, or none."""
    halves = [(2**53 + 1 + p, q) for n in (5, 60, 110, 130, 400) for p, q in [pairs.phi_power(-n)]]
    powers = [
        pairs.phi_power(n)
        for n in (-2000, -1548, -800, -170, -101, -100, -83, -1, 1, 83, 900, 1474)
    ]
    plain = [(0, 0), (1, 0), (0, 1), (2**53 + 1, 0), (2**1100, 0), (2**1100, 1), (3, 2**900)]
    for p, q in halves + powers + plain:
        for pair in ((p, q), (-p, -q)):
            assert outcome(pairs.nearest_double, *pair, d) == outcome(pairs.nearest_float, *pair, d)


def outcome(rounding, *triple):
    """What a rounding returns, its sign of zero told, or how it ends."""
    try:
        return repr(rounding(*map(mpz, triple)))
    except OverflowError as error:
        return str(error)

"""Snap under |b| <= P, by integers and by compiled loops, against two independent oracles.

`brute_force` tries every b. `euclid` finds the nearest element for any P by bisection over the
distance, deciding each distance with the Euclid-like search for the first multiple of a number
that falls into an interval. Both use big integers only and nothing of the library.
"""

import math
import random
from bisect import bisect
from fractions import Fraction
from itertools import product
from math import isqrt

import numpy as np
import pytest
from effort import thinned

from syntonic.rounding.certificate_loops import certify_bounded
from syntonic.rounding.plans import bounded_plan
from syntonic.rounding.search import (
    certify_compiled,
    certify_exact,
    residuals_compiled,
    residuals_exact,
    search_compiled,
    search_exact,
)
from syntonic.rounding.snap import snap
from syntonic.rounding.snap_loops import snap_bounded

BITS = 1600
PHI = (isqrt(5 << 2 * BITS) + (1 << BITS)) >> 1  # floor(φ 2^BITS) or one more
PHI_FLOAT = PHI / (1 << BITS)
DENOMINATORS = (1, 2, 3, 12, 10**6 + 3, 2**52 + 1)


def brute_force(x, precision, d=1):
    """Return the pair by trying all b; distances closer than the error of PHI must be ties."""
    p, q = (Fraction(x) * d).as_integer_ratio()
    error = q * (precision + 1) * 4
    best = None
    for b in range(-precision, precision + 1):
        rest = (p << BITS) - q * b * PHI
        up = (2 * rest + (q << BITS)) // (q << BITS + 1)
        half_way = 2 * (rest - (up * q << BITS)) == -(q << BITS)
        for a in (up, up - 1) if half_way else (up,):
            distance = abs(rest - (a * q << BITS))
            if best is None or distance < best[0] - error:
                best = (distance, abs(b), abs(a), a, b)
            elif distance <= best[0] + error:
                assert b == -best[4]
                assert q * (a + best[3]) == 2 * p
                best = min(best, (best[0], abs(b), abs(a), a, b), key=lambda t: t[1:])
    return best[3:]


FIBONACCI = [0, 1]
while FIBONACCI[-1] < 1 << 160:
    FIBONACCI.append(FIBONACCI[-1] + FIBONACCI[-2])


def first_multiple(a, m, low, high):
    """Return the least t >= 0 with low <= a·t mod m <= high, or None; 0 <= low <= high < m."""
    if low == 0:
        return 0
    a %= m
    if a == 0:
        return None
    t = -(-low // a)
    if a * t <= high:
        return t
    t = first_multiple(m, a, -high % a, -low % a)
    return None if t is None else -(-(low + m * t) // a)


def euclid(x, precision, d=1):
    """Return the pair for any P, with φ replaced by a convergent as good as 2^-300."""
    p, q = (Fraction(x) * d).as_integer_ratio()
    top, bottom = FIBONACCI[-1], FIBONACCI[-2]
    modulus, step, target = bottom * q, top * q, p * bottom
    start = (target + precision * step) % modulus  # b = -P + t and bφ = target modulo 1

    def hit(distance):
        low = (start - distance) % modulus
        if low + 2 * distance >= modulus:
            return 0
        return first_multiple(step, modulus, low, low + 2 * distance)

    low, high = -1, modulus // 2
    while high - low > 1:
        middle = (low + high) // 2
        t = hit(middle)
        low, high = (low, middle) if t is not None and t <= 2 * precision else (middle, high)
    # The convergent splits an exact tie by less than this.
    b = hit(high + 4 * q * (precision + 1) // bottom) - precision
    rest = Fraction(p, q) - b * Fraction(top, bottom)
    a = round(rest)
    if p * 2 % q == 0 and p % q:  # a tie, with (2X - a, -b)
        a, b = min((a, b), (2 * p // q - a, -b), key=lambda v: abs(v[0]))
    return a, b


def nearest_float(a, b, halves=False):
    """Return the float nearest to a + bφ, or to half of it."""
    return ((a << BITS) + b * PHI) / (1 << BITS + halves)


def both_neighbours(x):
    return np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf)])


def between(low, high, rng):
    return low + int(rng.integers(2**62)) * (high - low + 1) // 2**62


def adversarial(precision, n, rng):
    """Return floats on elements, between them, at ties, of all sizes, and at random."""
    signs = rng.choice([-1.0, 1.0], n)
    a = rng.integers(-300, 300, n).tolist()
    b = [between(-precision, precision, rng) for _ in range(n)]
    elements = [nearest_float(i, j) for i, j in zip(a, b, strict=True)]
    # b + c for elements whose b and c differ by a Fibonacci number, as neighbours' do.
    steps = FIBONACCI[2 : bisect(FIBONACCI, 2 * precision)][-3:] or [0]
    sums = [2 * between(k - precision, precision, rng) - k for k in rng.choice(steps, n).tolist()]
    middles = np.array([nearest_float(i, j, True) for i, j in zip(a, sums, strict=True)])
    # Near zero floats are dense, and come closest to the middles.
    shifts = rng.integers(-1, 3, n).tolist()
    small = [
        nearest_float(r - (j * PHI >> BITS), j, True) for j, r in zip(sums, shifts, strict=True)
    ]
    ties = rng.integers(-1000, 1000, n) + 0.5
    return np.concatenate(
        [
            both_neighbours(np.array(elements)),
            both_neighbours(middles),
            both_neighbours(np.array(small)),
            both_neighbours(ties),
            np.ldexp(rng.random(n) * signs, rng.integers(-1073, -40, n)),
            np.ldexp(rng.random(n) * signs, rng.integers(-40, 63, n)),
            rng.uniform(-1, 1, n),
            [0.0, -0.0, 5e-324, -5e-324, 2.0**50 - 0.125, 2.0**51 - 0.25, 2.0**52 - 0.5, 2.0**62],
            [-(2.0**52) + 0.5, 1e12 + 0.5, 0.5, -0.5, 1.5, -1.5, 2.0**-60, 1 - 2.0**-53, 2.0**51.5],
        ]
    )


def check(x, precision, d, oracle):
    plan = bounded_plan(precision)
    expected = [oracle(float(value), precision, d) for value in x]
    for search in (search_exact, search_compiled):
        a, b = search(x, plan, d)
        found = list(zip(a.tolist(), b.tolist(), strict=True))
        wrong = [i for i in range(x.size) if found[i] != expected[i]]
        assert not wrong, (
            search.__name__,
            x[wrong[0]].hex(),
            found[wrong[0]],
            expected[wrong[0]],
        )


@pytest.mark.parametrize("precision", [0, 1, 2, 3, 4, 5, 8, 10, 50])
def test_all_small_precisions(precision):
    rng = np.random.default_rng(precision)
    check(adversarial(precision, 25, rng), precision, 1, brute_force)


@pytest.mark.parametrize("d", DENOMINATORS[1:])
@pytest.mark.parametrize("precision", [0, 1, 5, 13])
def test_denominators(precision, d):
    rng = np.random.default_rng(precision + d)
    x = adversarial(precision, 6, rng)
    check(np.concatenate([x, x / d]), precision, d, brute_force)


@pytest.mark.parametrize(("precision", "n"), [(100, 12), (1000, 2)])
def test_larger_precisions_by_brute_force(precision, n):
    check(adversarial(precision, n, np.random.default_rng(n)), precision, 1, brute_force)


@pytest.mark.campaign
def test_hundred_thousand_by_brute_force():
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.uniform(-3, 3, 3), adversarial(10**5, 1, rng)[3:6]])
    check(x, 10**5, 1, brute_force)


def test_the_two_oracles_agree():
    x = adversarial(20, 10, np.random.default_rng(8))
    x = x[np.abs(x) > 1e-30]
    assert [euclid(v, 20) for v in x.tolist()] == [brute_force(v, 20) for v in x.tolist()]


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("precision", "d"), thinned(product([10**5, 10**9, 2**31, 2**45], [1, 7]), every=3)
)
def test_large_precisions(precision, d):
    x = adversarial(precision, 8, np.random.default_rng(precision)) / d
    check(x[(np.abs(x) > 1e-20) | (x == 0)], precision, d, euclid)


@pytest.mark.campaign
@pytest.mark.parametrize("precision", thinned([2**45 + 1, 10**18, 2**100], every=2))
def test_beyond_the_compiled_loops(precision):
    x = adversarial(precision, 3, np.random.default_rng(1))
    x = x[np.abs(x) > 1e-20]
    result = snap(np.tile(x, 20), precision=precision)
    expected = [euclid(v, precision) for v in x.tolist()]
    assert list(zip(result.a.tolist(), result.b.tolist(), strict=True)) == expected * 20


@pytest.mark.parametrize("side", [-1, 0])
def test_rationals_beside_the_middle_of_two_elements(side):
    """The fixed point of the search is far too short for these: only the exact comparison tells."""
    digits = 1000
    for b, c in ((3, 8), (-5, 8), (0, 5), (1, -4), (-8, -3)):
        middle = (b + c) * (PHI >> BITS - digits) + side * (b + c > 0) - side * (b + c < 0)
        x = Fraction(middle, 1 << digits + 1)
        assert snap(x, precision=8).b == brute_force(x, 8)[1]


def test_the_integers_are_seldom_asked():
    """Ties, elements and middles are settled in the compiled loops."""
    for precision in (0, 1, 100, 10**9, 2**45):
        x = adversarial(precision, 30, np.random.default_rng(2))
        x = x[np.abs(x) < 2.0**62]
        plan = bounded_plan(precision)
        a, b, undecided = snap_bounded(x, 1, plan)
        assert undecided == 0
        x, a, b = (y[np.abs(x) < 1e9] for y in (x, a, b))
        _, undecided = certify_bounded(x, a, b, 1, plan, (0, 0, 1))
        assert undecided == 0
        _, undecided = certify_bounded(x, a, b, 1, plan, (1, 0, 4))
        assert undecided == 0


@pytest.mark.parametrize("precision", [1, 3, 100, 10**9, 2**45])
def test_snap_is_odd_and_ties_go_to_the_smaller_a(precision):
    x = np.arange(0, 300) + 0.5
    up, down = snap(x, precision=precision), snap(-x, precision=precision)
    assert np.array_equal(up.a, -down.a)
    assert np.array_equal(up.b, -down.b)
    assert (np.abs(up.a) < np.abs(2 * x - up.a)).all()


def points_within(x, radius, precision, d):
    """Return all pairs with |x - (a + bφ)/d| <= radius, from their definition."""
    p, q = (Fraction(x) * d).as_integer_ratio()
    r, s = (radius * d).as_integer_ratio()
    found = []
    for b in range(-precision, precision + 1):
        rest, one = (p << BITS) - q * b * PHI, q << BITS
        for a in range((rest - one * r // s) // one - 1, (rest + one * r // s) // one + 2):
            # Exact where b = 0; elsewhere equality is impossible for these radii.
            if abs(rest - a * one) * s <= r * one:
                found.append((a, b))
    return found


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("precision", [0, 1, 2, 7, 40])
def test_unique_is_the_truth(precision, d):
    rng = np.random.default_rng(precision)
    x = np.concatenate([adversarial(precision, 2, rng), np.arange(-3, 3) / 4])
    x = x[np.abs(x) < 1e9]
    plan = bounded_plan(precision)
    a, b = search_exact(x, plan, d)
    scale = max(precision, 1) * d
    for radius in (Fraction(0), Fraction(1, 4), *(Fraction(k, 97) / scale for k in (1, 20, 43))):
        bound = (radius.numerator * d, 0, radius.denominator)
        expected = [
            points_within(v, radius, precision, d) == [pair]
            for v, pair in zip(x.tolist(), zip(a.tolist(), b.tolist(), strict=True), strict=True)
        ]
        assert certify_exact(x, a, b, plan, d, bound).tolist() == expected
        assert certify_compiled(x, a, b, plan, d, bound).tolist() == expected


def test_unique_holds_wherever_the_error_is_below_the_promise():
    rng = np.random.default_rng(4)
    for precision in (10, 100, 10**4):
        a, b = rng.integers(-9, 9, 200), rng.integers(-precision, precision + 1, 200)
        error = 0.11 / precision
        x = a + b * PHI_FLOAT + rng.uniform(-0.99, 0.99, 200) * error
        result = snap(x, precision=precision, error_bound=error)
        assert np.array_equal(result.a, a)
        assert np.array_equal(result.b, b)
        assert result.unique.all()


@pytest.mark.parametrize("d", DENOMINATORS)
@pytest.mark.parametrize("precision", [0, 3, 100, 10**9])
def test_residuals(precision, d):
    x = adversarial(precision, 5, np.random.default_rng(d))
    x = x[np.abs(x) < 2.0**62 / d]
    a, b = search_exact(x, bounded_plan(precision), d)
    expected = []
    for value, i, j in zip(x.tolist(), a.tolist(), b.tolist(), strict=True):
        p, q = value.as_integer_ratio()
        top = ((d * p - q * i) << BITS) - q * j * PHI
        expected.append(top / (q * d << BITS))
    assert residuals_exact(x, a, b, d).tolist() == expected
    assert residuals_compiled(x, a, b, d).tolist() == expected


def test_round_trip_through_floats():
    rng = np.random.default_rng(24)
    limit = 2**24
    a, b = rng.integers(-limit, limit + 1, (2, 300))
    corners = [(i, j) for i in (-limit, limit) for j in (-limit, limit)]
    pairs = [*zip(a.tolist(), b.tolist(), strict=True), *corners, (0, 0), (0, limit), (limit, 0)]
    result = snap([nearest_float(*pair) for pair in pairs], precision=limit)
    assert list(zip(result.a.tolist(), result.b.tolist(), strict=True)) == pairs


def test_round_trip_ends_where_documented():
    last, first_failure = 25_633_310, 25_633_311
    kept = snap(nearest_float(last, last), precision=last)
    lost = snap(nearest_float(first_failure, first_failure), precision=first_failure)
    assert (int(kept.a), int(kept.b)) == (last, last)
    assert (int(lost.a), int(lost.b)) != (first_failure, first_failure)


@pytest.mark.parametrize("precision", [1, 2, 3, 7, 20, 33, 34, 100, 1000, 1 << 12])
def test_single_floats_are_decided_in_doubles_only_where_they_tell(precision):
    """Lattice points, midpoints of two, ties, integers and small sizes: as in integers, or open."""
    plan, rng = bounded_plan(precision), random.Random(precision)

    def point():
        return rng.randint(-(10**5), 10**5) + rng.randint(-precision, precision) * PHI_FLOAT

    floats = [x for _ in range(300) for x in (point(), (point() + point()) / 2)]
    floats += [rng.uniform(-1, 1) * 10.0**k for k in range(-12, 15) for _ in range(20)]
    floats += [0.0, -0.0, 0.5, -0.5, 2.5, 5e-324, 1e-300, 1 - 2.0**-53, 2.0**50, 2.0**60]
    found = [plan.nearest_to_float(x) for x in floats]
    exact = [plan.nearest(*x.as_integer_ratio()) for x in floats]
    assert all(v in (None, w) for v, w in zip(found, exact, strict=True))
    assert sum(v is not None for v in found) > len(found) // 2
    assert plan.nearest_to_float(math.nan) is plan.nearest_to_float(math.inf) is None

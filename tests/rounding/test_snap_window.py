"""Snap under |v'| <= C, by integers and by compiled loops, against a search of the rectangle.

The oracle goes through every b that the strip allows and takes the a nearest to x inside it, in
big integers and without anything of the library.
"""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from gmpy2 import mpq

from syntonic.exact.golden import GoldenExact
from syntonic.rounding.certificate_loops import certify_window
from syntonic.rounding.plans import window_plan
from syntonic.rounding.search import (
    certify_compiled,
    certify_exact,
    search_compiled,
    search_exact,
)
from syntonic.rounding.snap import snap
from syntonic.rounding.window_loops import snap_window

BITS = 400
ONE = 1 << BITS  # fixed point: reals are integers in units of 2^-BITS
PHI = (isqrt(5 << 2 * BITS) + ONE) >> 1
SQRT5 = 2 * PHI - ONE
PHI_FLOAT = PHI / ONE
TINY = 1 << 100  # far above the rounding of PHI, far below what separates two elements


def fixed(x):
    p, q = Fraction(x).as_integer_ratio()
    return p * ONE // q


def size(window):
    """Return (p + qφ)/d for the window (p, q, d)."""
    p, q, d = window
    return (p * ONE + q * PHI) // d


def inside(a, b, window):
    """Tell whether |a + b - bφ| <= (p + qφ)/d; closer than TINY must mean equal."""
    p, q, d = window
    room = size(window) - abs((a + b) * ONE - b * PHI)
    if abs(room) > TINY:
        return room > 0
    assert ((a + b) * d, -b * d) in ((p, q), (-p, -q))
    return True


def elements(x, window, radius):
    """Yield every (distance, |v'|, a, b) of the strip within the radius of x."""
    k = size(window)
    centre, reach = x * ONE // SQRT5, (radius + k) * ONE // SQRT5
    for b in range((centre - reach) // ONE - 1, (centre + reach) // ONE + 2):
        low = max(b * PHI - b * ONE - k, x - radius - b * PHI)
        high = min(b * PHI - b * ONE + k, x + radius - b * PHI)
        for a in range(low // ONE - 1, high // ONE + 2):
            if inside(a, b, window) and (distance := abs(x - a * ONE - b * PHI)) <= radius:
                yield distance, abs((a + b) * ONE - b * PHI), a, b


def widest_step(window):
    """Return φ³/(2K), more than any step of the strip."""
    return (3 * ONE + 2 * SQRT5) * ONE // size(window)


def brute_force(x, window):
    """Return the nearest element of the strip; a tie goes to the smaller conjugate."""
    found = sorted(elements(x, window, widest_step(window)))
    ties = [e for e in found if e[0] <= found[0][0] + TINY]
    return min(ties, key=lambda e: e[1])[2:]


def as_window(window, d):
    """Return d times a window as integers (p, q, denominator)."""
    if isinstance(window, GoldenExact):
        p, q, e = map(int, window.numerators())
        return p * d, q * d, e
    p, q = map(int, Fraction(window).as_integer_ratio())
    return p * d, 0, q


def targets(window, n, rng):
    """Return floats on elements, half-way between neighbours, at ties, and of several sizes."""
    k = size(window)
    span = k / ONE + 10 * ONE / k
    some = [brute_force(fixed(x), window) for x in rng.uniform(-span, span, n)]
    points = sorted(a * ONE + b * PHI for a, b in some)
    middles = []
    for v in points:
        after = [e[0] for e in elements(v, window, widest_step(window))]
        middles.append(v + sorted(after)[1] // 2)
    x = np.array([v / ONE for v in [*points, *middles, k, -k]])
    return np.concatenate(
        [
            x,
            np.nextafter(x, np.inf),
            np.nextafter(x, -np.inf),
            rng.integers(-20, 20, n) / 2,
            rng.uniform(-span, span, n),
            rng.uniform(-1, 1, n),
            [0.0, -0.0, 0.5, -0.5, 5e-324, 1e-300, 3.0, 1e6 + 0.5, 1e10, -1e14 / 3],
        ]
    )


WINDOWS = [
    Fraction(1, 2),
    1,
    1.5,
    0.1,
    Fraction(7, 3),
    Fraction(1, 1000),
    mpq(22, 7),
    50,
    GoldenExact(0, 1),
    GoldenExact(-1, 1),
    GoldenExact(3, -1),
    GoldenExact("5/2", "-3/2"),
    GoldenExact(-8, 5),
]


@pytest.mark.parametrize("d", [1, 2, 12])
@pytest.mark.parametrize("c", WINDOWS, ids=str)
def test_nearest_of_the_strip(c, d):
    window = as_window(c, d)
    x = targets(window, 4, np.random.default_rng(d)) / d
    x = x[np.abs(x) < 1e15]
    expected = [brute_force(fixed(v) * d, window) for v in x.tolist()]
    plan = window_plan(window)
    for search in (search_exact, search_compiled):
        a, b = search(x, plan, d)
        found = list(zip(a.tolist(), b.tolist(), strict=True))
        wrong = [i for i in range(x.size) if found[i] != expected[i]]
        assert not wrong, (x[wrong[0]].hex(), found[wrong[0]], expected[wrong[0]])
    result = snap(x, window=c, denominator=d)
    assert list(zip(result.a.tolist(), result.b.tolist(), strict=True)) == expected


@pytest.mark.parametrize("c", [1e-9, 1e-6, 1e4, 1e6, 1e12, 2.0**-200, 1e150])
def test_integers_and_compiled_loops_agree_on_extreme_windows(c):
    rng = np.random.default_rng(7)
    x = np.concatenate(
        [rng.uniform(-1, 1, 50), rng.uniform(-1, 1, 200) * 10.0 ** rng.integers(-20, 25, 200)]
    )
    result = snap(x, window=c)
    exact = search_exact(x, window_plan(as_window(c, 1)), 1)
    assert result.a.tolist() == exact[0].tolist()
    assert result.b.tolist() == exact[1].tolist()
    for a, b in zip(*exact, strict=True):
        assert inside(int(a), int(b), as_window(c, 1))


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("c", [*WINDOWS[:6], *WINDOWS[-3:]], ids=str)
def test_unique_is_the_truth(c, d):
    window = as_window(c, d)
    x = targets(window, 3, np.random.default_rng(d)) / d
    x = x[((np.abs(x) > 1e-60) | (x == 0)) & (np.abs(x) < 1e9)]
    plan = window_plan(window)
    a, b = search_exact(x, plan, d)
    scale = Fraction(size(window), ONE).limit_denominator(10**6)
    for radius in (Fraction(0), Fraction(1, 4), Fraction(1, 9) / scale, Fraction(2, 3) / scale):
        bound = (radius.numerator, 0, radius.denominator)
        expected = []
        for v, pair in zip(x.tolist(), zip(a.tolist(), b.tolist(), strict=True), strict=True):
            within = [e[2:] for e in elements(fixed(v) * d, window, fixed(radius))]
            expected.append(within == [pair])
        assert certify_exact(x, a, b, plan, d, bound).tolist() == expected
        assert certify_compiled(x, a, b, plan, d, bound).tolist() == expected


def test_the_boundary_belongs_to_the_window():
    """1/φ has the conjugate -φ; floats just inside exclude it."""
    x = PHI_FLOAT - 1
    assert snap(x, window=GoldenExact(0, 1)).b == 1
    assert snap(x, window=PHI_FLOAT - 1e-9).b != 1
    result = snap(np.tile([0.5, -0.5], 200), window=Fraction(1, 2), denominator=2)
    assert set(result.a.tolist()) == {1, -1}
    assert not result.b.any()


def test_the_integers_are_seldom_asked():
    """Ties, elements and edges of the window are settled in the compiled loops."""
    plan = window_plan((1, 0, 1))
    x = np.concatenate([np.zeros(100), np.arange(-9, 10) / 2, [PHI_FLOAT, -PHI_FLOAT]])
    a, b, undecided = snap_window(x, 1, plan)
    assert undecided == 0
    _, undecided = certify_window(x, a, b, 1, plan, (0, 0, 1))
    assert undecided == 0


@pytest.mark.parametrize("d", [1, 2])
def test_floats_beside_the_size_of_a_conjugate(d):
    """The element lies just inside or just outside, by less than a double can tell."""
    for a, b in np.random.default_rng(d).integers(1, 30, (25, 2)).tolist():
        c = abs((a + b) * ONE - b * PHI) / (d * ONE)
        x = np.full(300, (a * ONE + b * PHI) / (d * ONE))
        for window in (c, np.nextafter(c, 0), np.nextafter(c, 100)):
            found = snap(x, window=window, denominator=d)
            expected = brute_force(fixed(x[0]) * d, as_window(window, d))
            assert set(zip(found.a.tolist(), found.b.tolist(), strict=True)) == {expected}


def test_window_zero_holds_zero_alone():
    result = snap(np.linspace(-2, 2, 9), window=0, error_bound=0.5)
    assert not result.a.any()
    assert not result.b.any()
    assert result.unique.tolist() == [False] * 3 + [True] * 3 + [False] * 3
    assert np.array_equal(result.residual, np.linspace(-2, 2, 9))


def test_a_tie_goes_to_the_smaller_conjugate():
    x = np.arange(-40, 41) + 0.5
    result = snap(x, window=100)
    mirrored = snap(-x, window=100)
    assert np.array_equal(result.a, -mirrored.a)
    conjugate = result.a + result.b - result.b * PHI_FLOAT
    assert (np.abs(conjugate) <= np.abs(2 * x - conjugate)).all()


def test_integers_need_their_own_conjugate_inside():
    inside_strip = snap(np.arange(-3, 4), window=3)
    assert inside_strip.a.tolist() == list(range(-3, 4))
    outside = snap(5, window=2)
    assert (int(outside.a), int(outside.b)) == brute_force(5 * ONE, (2, 0, 1))


@pytest.mark.parametrize("c", [-1, -0.5, float("nan"), float("inf"), Fraction(-1, 9)])
def test_windows_out_of_range(c):
    with pytest.raises(ValueError, match="snap: window must"):
        snap(0.5, window=c)


def test_a_120_cell_coordinate_needs_one_decimal():
    """C = 1/2, D = 2: elements are a quarter apart or more, so 0.05 determines them."""
    exact = snap(np.linspace(-3, 3, 400), window=Fraction(1, 2), denominator=2)
    x = (exact.a + exact.b * PHI_FLOAT) / 2
    printed = np.round(x, 1)
    again = snap(printed, window=Fraction(1, 2), denominator=2, error_bound=Fraction(1, 20))
    assert np.array_equal(again.a, exact.a)
    assert np.array_equal(again.b, exact.b)

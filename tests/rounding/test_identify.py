"""`identify` against an exhaustive search over every (p, q, D) in bounds, and facts of others.

The oracle replaces φ by a rational within 10^-60: a tolerance is met exactly only by rationals,
whose value it has exactly.
"""

import math
import random
from fractions import Fraction
from functools import cache
from itertools import product
from math import gcd, isqrt
from typing import Any

import numpy as np
import pytest
from gmpy2 import mpq, mpz
from hypothesis import example, given
from hypothesis import strategies as st

from syntonic import PHI, GoldenExact, identify

Triple = tuple[int, int, int]

PHI_FRACTION = Fraction(10**60 + isqrt(5 * 10**120), 2 * 10**60)


def value(v: Triple) -> Fraction:
    p, q, d = v
    return (p + q * PHI_FRACTION) / d


@cache
def candidates(max_denominator: int, max_coefficient: int) -> list[tuple[Triple, Fraction]]:
    """Everything admissible in lowest terms, in the order of simplicity, with its value."""
    coefficients = range(-max_coefficient, max_coefficient + 1)
    found = [
        (p, q, d)
        for p, q, d in product(coefficients, coefficients, range(1, max_denominator + 1))
        if gcd(p, q, d) == 1
    ]
    found.sort(key=lambda v: ((abs(v[0]) + 1) * (abs(v[1]) + 1) * v[2], v[2], abs(v[1])))
    return [(v, value(v)) for v in found]


def brute(
    x: Fraction, tol: Fraction, max_denominator: int, max_coefficient: int
) -> GoldenExact | None:
    for v, at in candidates(max_denominator, max_coefficient):
        if abs(x - at) <= tol:
            return GoldenExact.from_numerators(*v)
    return None


tolerances = st.one_of(
    st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1), Fraction(1, 10**9)]),
    st.fractions(0, 2, max_denominator=10**4),
    st.integers(1, 8).map(lambda n: Fraction(1, 10**n)),
)
numbers = st.one_of(
    st.fractions(-40, 40, max_denominator=10**4),
    st.floats(-40, 40).map(Fraction),
    st.integers(-200, 200).map(lambda n: Fraction(n, 60)),
    st.builds(
        lambda p, q, d, e: Fraction(round(value((p, q, d)) * 10**e), 10**e),
        st.integers(-13, 13),
        st.integers(-13, 13),
        st.integers(1, 7),
        st.integers(1, 12),
    ),
)


@given(numbers, tolerances, st.sampled_from([(1, 12), (6, 12), (7, 5), (3, 0), (2, 1)]))
def test_the_simplest_of_all(x: Fraction, tol: Fraction, bounds: tuple[int, int]) -> None:
    max_denominator, max_coefficient = bounds
    found = identify(x, tol=tol, max_denominator=max_denominator, max_coefficient=max_coefficient)
    assert found == brute(x, tol, max_denominator, max_coefficient)


@given(st.integers(-12, 12), st.integers(1, 6), st.fractions(0, 1, max_denominator=50))
@example(1, 2, Fraction(0))
def test_the_tolerance_is_closed(p: int, d: int, tol: Fraction) -> None:
    """A rational exactly on the border counts, one just outside does not."""
    for side in (-1, 1):
        x = Fraction(p, d) + side * tol
        found = identify(x, tol=tol, max_denominator=6, max_coefficient=12)
        assert found is not None
        assert found == brute(x, tol, 6, 12)
        if tol:
            less = tol * Fraction(10**12 - 1, 10**12)
            found = identify(x, tol=less, max_denominator=6, max_coefficient=12)
            assert found == brute(x, less, 6, 12)
            assert found != Fraction(p, d)


def test_the_border_in_binary() -> None:
    excess = Fraction(0.1) - Fraction(1, 10)  # positive
    assert identify(0.1, tol=excess, max_coefficient=1) == Fraction(1, 10)
    assert identify(0.1, tol=excess * (1 - excess), max_coefficient=1) is None
    assert identify(0.5, tol=0.5) == 0
    assert identify(0.5, tol=math.nextafter(0.5, 0)) == GoldenExact(-1, 1)  # neither 0 nor 1
    just_above = math.nextafter(1.0, 2.0)
    assert identify(just_above, tol=just_above - 1) == 1
    assert identify(just_above, tol=math.nextafter(just_above - 1, 0)) is None


@pytest.mark.parametrize(
    ("x", "tol", "expected"),
    [
        # 1 and φ have size 2 and D = 1: the smaller |q|.
        (Fraction(13, 10), Fraction(4, 10), GoldenExact(1)),
        # 1/2 and φ - 1 have size 4: the smaller D, though q = 0 and 1/2 is nearer.
        (Fraction(55, 100), Fraction(7, 100), GoldenExact(-1, 1)),
        # φ/2 (size 4) and 4/5 (size 25): the smaller size, though farther.
        (Fraction(8, 10), Fraction(1, 100), GoldenExact(0, Fraction(1, 2))),
        # 3 and φ + 1 and 3φ - 2 = 2.854: sizes 4, 4, 12; D = 1 for both, so q = 0.
        (Fraction(28, 10), Fraction(2, 10), GoldenExact(3)),
    ],
)
def test_the_order(x: Fraction, tol: Fraction, expected: GoldenExact) -> None:
    assert identify(x, tol=tol) == expected
    assert identify(-x, tol=tol) == -expected


@given(
    st.integers(-15, 15), st.integers(-15, 15), st.integers(1, 6), st.sampled_from([1e-9, 1e-12])
)
def test_small_elements_come_back_from_floats(p: int, q: int, d: int, tol: float) -> None:
    v = GoldenExact.from_numerators(p, q, d)
    assert identify(float(v), tol=tol) == v


def test_small_elements_come_back_from_four_digits() -> None:
    """Wherever in the tolerance the number is, every element of this box is recovered."""
    tol = Fraction(1, 10**4)
    rng = random.Random(5)
    for v, at in candidates(4, 5):
        for offset in (Fraction(-999, 1000), Fraction(rng.randint(-999, 999), 1000), 1):
            x = at + offset * tol * Fraction(10**40 - 1, 10**40)
            assert identify(x, tol=tol) == GoldenExact.from_numerators(*v)


def test_accidental_hits_are_as_rare_as_promised() -> None:
    """Random numbers meet an element of at most this size in about E of all cases."""
    rng = random.Random(11)
    tol, size = 1e-6, 40
    hits = 0
    for _ in range(3000):
        v = identify(rng.uniform(-2, 2), tol=tol, max_coefficient=40)
        if v is not None:
            p, q, d = v.numerators()
            hits += (abs(p) + 1) * (abs(q) + 1) * d <= size
    assert hits <= 3000 * 4 * tol * size * 12 + 10


def test_large_numbers() -> None:
    v = GoldenExact.from_numerators(1000, 1000, 1)
    assert identify(float(v), tol=1e-9) == v
    assert identify(float(v), tol=1e-9, max_coefficient=999) is None
    assert identify(1e300, tol=1.0) is None
    assert identify(1e300, tol=1e300) == 0
    assert identify(10**30 + Fraction(1, 2), tol=0, max_coefficient=10**31) == Fraction(
        2 * 10**30 + 1, 2
    )
    assert identify(5e-324, tol=5e-324) == 0
    assert identify(5e-324, tol=0) is None
    big = (10**12 + 7, -(10**11) - 3, 7)
    near = Fraction(round(value(big) * 10**45), 10**45)
    found = identify(near, tol=Fraction(1, 10**45), max_coefficient=10**13)
    assert found == GoldenExact.from_numerators(*big)


def test_the_largest_size_of_all_is_admissible() -> None:
    v = GoldenExact.from_numerators(5, -5, 7)
    assert identify(float(v), tol=1e-12, max_denominator=7, max_coefficient=5) == v
    assert identify(0.1, tol=1.0, max_denominator=1, max_coefficient=0) == 0


@pytest.mark.parametrize("max_denominator", [1, 12, 400])
def test_denominators_up_to_the_bound(max_denominator: int) -> None:
    x = Fraction(1, max_denominator)
    assert identify(x, tol=0, max_denominator=max_denominator) == x
    if max_denominator > 1:
        assert identify(x, tol=0, max_denominator=max_denominator - 1) is None
        v = GoldenExact.from_numerators(1, 1, max_denominator)
        x = Fraction(float(v))
        assert identify(x, tol=1e-12, max_denominator=max_denominator) == v


def test_zero_and_signs() -> None:
    for zero in (0, 0.0, -0.0, Fraction(0), mpq(0)):
        assert identify(zero, tol=0) == 0
    for x in (0.3, 1.309, 7.25, 100.1):
        v, w = identify(x, tol=1e-3), identify(-x, tol=1e-3)
        assert v is not None
        assert w == -v


SCALARS = [1.5, 1, Fraction(3, 2), mpq(3, 2), mpz(2)]
NUMPY_SCALARS = [
    np.float64(1.5), np.float32(0.375), np.float16(-0.625), np.int8(-3), np.uint64(2**63)
]  # fmt: skip


@pytest.mark.parametrize("x", SCALARS + NUMPY_SCALARS)
def test_scalars_of_every_kind(x: Any) -> None:
    exact = Fraction(x.item() if isinstance(x, np.generic) else x)
    found = identify(x, tol=0, max_coefficient=2**64)
    assert isinstance(found, GoldenExact)
    assert found == exact


def test_tolerances_of_every_kind() -> None:
    for tol in (0.25, Fraction(1, 4), mpq(1, 4), np.float32(0.25)):
        assert identify(0.75, tol=tol, max_denominator=1) == 1
    assert identify(0.75, tol=1) == 0


def test_arrays() -> None:
    x = np.array([[0.5, float(PHI), math.pi], [0.0, -1.25, 2.0]])
    found = identify(x, tol=1e-12, max_coefficient=50)
    assert isinstance(found, np.ndarray)
    assert found.dtype == object
    assert found.shape == (2, 3)
    expected = [Fraction(1, 2), PHI, None, 0, Fraction(-5, 4), 2]
    assert found.ravel().tolist() == expected
    assert identify(x.T[::-1], tol=1e-12, max_coefficient=50).tolist() == found.T[::-1].tolist()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 3), (7,)])
def test_shapes(shape: tuple[int, ...]) -> None:
    for dtype in (np.float64, np.float32, np.int64, object):
        found = identify(np.zeros(shape, dtype=dtype), tol=0)
        assert isinstance(found, np.ndarray)
        assert found.dtype == object
        assert found.shape == shape
        assert all(v == 0 for v in found.flat)


def test_lists_keep_their_own_values() -> None:
    # As a float64 array the first would be rounded.
    found = identify([2**60 + 1, 0.5, Fraction(1, 3)], tol=0, max_coefficient=2**61)
    assert found.tolist() == [2**60 + 1, Fraction(1, 2), Fraction(1, 3)]


@pytest.mark.parametrize(
    "x", [None, 1j, True, np.array([True]), [[1, 2], [3]], np.array([1j]), GoldenExact(1),
          [0.5, b"x"], np.longdouble(1)],
)  # fmt: skip
def test_what_has_no_exact_rational_value(x: Any) -> None:
    with pytest.raises(TypeError, match="identify: x must hold"):
        identify(x, tol=1e-9)


def test_non_finite_numbers_are_counted() -> None:
    for x in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match=r"got 1 non-finite values, the first at index \(\)"):
            identify(x, tol=1e-9)
    x = np.ones((2, 3))
    x[0, 2] = math.nan
    x[1] = math.inf
    with pytest.raises(ValueError, match=r"got 4 non-finite values, the first at index \(0, 2\)"):
        identify(x, tol=1e-9)


@pytest.mark.parametrize("tol", [-1e-9, -1, Fraction(-1, 3), math.nan, math.inf, -math.inf])
def test_bad_tolerances(tol: Any) -> None:
    with pytest.raises(ValueError, match="tol must be finite and not negative"):
        identify(0.5, tol=tol)


@pytest.mark.parametrize("tol", ["1e-9", 1j, True])
def test_tolerances_of_a_wrong_type(tol: Any) -> None:
    with pytest.raises(TypeError, match="tol must be a real number"):
        identify(0.5, tol=tol)


def test_bad_bounds() -> None:
    with pytest.raises(ValueError, match="max_denominator must be at least 1, got 0"):
        identify(0.5, tol=0, max_denominator=0)
    with pytest.raises(ValueError, match="max_coefficient must be at least 0, got -1"):
        identify(0.5, tol=0, max_coefficient=-1)
    with pytest.raises(TypeError, match="max_denominator must be an integer, got float"):
        identify(0.5, tol=0, max_denominator=2.0)


def test_decimals_of_facts(golden_facts: list[dict[str, Any]]) -> None:
    facts = [fact for fact in golden_facts if fact["op"] == "snap"]
    assert len(facts) > 10
    for fact in facts:
        dens = fact.get("denominators", [fact.get("max_den")])
        # Their bound is on the numerators over the largest denominator.
        bound = fact.get("max_abs_coeff_after_scaling", fact.get("max_coeff"))
        found = identify(
            Fraction(fact.get("value_20", fact["x"])),
            tol=Fraction(fact["tol"]),
            max_denominator=max(dens),
            max_coefficient=bound,
        )
        expected = fact["expected"]
        assert found == (None if expected is None else GoldenExact(*expected)), fact["id"]

"""What rounding explains: least distances and ulps by brute force, one verdict on every path."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from syntonic.constants import PHI_FLOAT
from syntonic.exact.golden import PHI
from syntonic.lattice.array import LatticeArray
from syntonic.rounding.quality import (
    half_gap,
    half_ulp,
    limits,
    misses,
    search_judged,
    separates,
    woken_apart,
)
from syntonic.rounding.search import residuals, search
from syntonic.rounding.snap import least_denominator, plan_of, snap_judged

F64, F32, F16 = (np.dtype(kind) for kind in ("f8", "f4", "f2"))


@pytest.mark.parametrize("precision", [0, 1, 2, 3, 7, 8, 20, 21, 33, 34, 100])
@pytest.mark.parametrize("d", [1, 3])
def test_least_distances_under_a_precision(precision, d):
    # Modulo 1 the points are b*phi, |b| <= P: the least gap on the circle.
    points = sorted((b * PHI) % 1 for b in range(-precision, precision + 1))
    gaps = [y - x for x, y in pairwise([*points, points[0] + 1])]
    assert half_gap(plan_of(precision, None, d)[0], d) == float(min(gaps) / (2 * d))


@pytest.mark.campaign
@pytest.mark.parametrize("window", [Fraction(3, 5), 1, 2, Fraction(7, 3)])
@pytest.mark.parametrize("d", [1, 2])
def test_least_distances_in_a_window(window, d):
    found = []
    for b in range(-60, 61):
        for a in range(-200, 201):
            v = (a + b * PHI) / d
            if abs(v.galois_conjugate()) <= window and abs(v) < 20:
                found.append(v)
    found.sort()
    least = min(y - x for x, y in pairwise(found))
    plan, over = plan_of(None, window, d)
    assert half_gap(plan, over) == float(least / 2)


@pytest.mark.parametrize("dtype", [F64, F32, F16])
def test_half_units_in_the_last_place(dtype):
    for size in (1.0, 1.5, 2.0, 3.999, 4.0, 1000.5, 0.1):
        x = dtype.type(size)
        assert half_ulp(float(x), dtype) == float(np.spacing(x)) / 2
    assert half_ulp(1e300, np.dtype(np.int64)) == 0


@pytest.mark.parametrize(("dtype", "largest"), [(F64, 2**24), (F32, 1291)])
def test_numerators_that_always_come_back(dtype, largest):
    # The documented ones of wake_flux, where it says nothing.
    for n in (1, 100, largest // 2, largest):
        plan, d = plan_of(max(n, 100), None, 1)
        assert separates(n * (1 + PHI_FLOAT), dtype, plan, d)
    assert not separates(32768.0, F32, *plan_of(100, None, 1))
    assert separates(32767.0, F32, *plan_of(100, None, 1))
    assert separates(2.0**44 * 0.999, F64, *plan_of(100, None, 1))
    assert not separates(2.0**44, F64, *plan_of(100, None, 1))
    assert not separates(4.0, F16, *plan_of(100, None, 1))


PATHS = {"compiled": 0, "integers": 1 << 62}


def judged(values, dtype, plan, d, path, monkeypatch):
    monkeypatch.setattr("syntonic.rounding.search.compiled_pays", lambda size: size >= PATHS[path])
    return search_judged(values, dtype, plan, d)[2]


@pytest.mark.parametrize("dtype", [F64, F32])
@pytest.mark.parametrize(
    "bounds", [(100, None, 1), (1000, None, 3), (2**23, None, 1), (0, None, 1)]
)
def test_compiled_loops_and_integers_give_one_verdict(dtype, bounds, monkeypatch):
    rng = np.random.default_rng(1)
    plan, d = plan_of(*bounds)
    b = rng.integers(-min(bounds[0], 999), min(bounds[0], 999) + 1, 300)
    exact = (rng.integers(-999, 1000, 300) + b * PHI_FLOAT) / d
    found = limits(dtype, plan, d)
    edge = np.cbrt(found.cube * np.maximum(np.abs(exact), found.least) ** 2)
    said = 0
    for scale in (0, 0.5, 0.999, 1.0, 1.001, 2, 1e3):
        values = exact.copy()
        values[7] += scale * edge[7]
        by_path = [judged(values, dtype, plan, d, path, monkeypatch) for path in PATHS]
        a, b = search(values, plan, d)
        assert by_path[0] == by_path[1] == misses(values, residuals(values, a, b, d), found)
        said += by_path[0] is not None
    assert said > 0


@pytest.mark.parametrize("path", PATHS)
def test_counts_and_residuals(path, monkeypatch):
    plan, d = plan_of(100, None, 1)
    values = np.array([0.5, 1.0, 1 / 3, PHI_FLOAT, 2.0**38, 7.0])
    miss = judged(values, F64, plan, d, path, monkeypatch)
    a, b = search(values, plan, d)
    assert miss.count == 3
    assert miss.residual == np.abs(residuals(values, a, b, d)).max()


@pytest.mark.parametrize("other", [2, 3, 7, 12, 100, 1001])
def test_no_miss_by_another_denominator_is_a_hit(other):
    # The bound of the module, and the verdict that follows from it.
    rng = np.random.default_rng(other)
    a, b = rng.integers(-300, 301, (2, 200))
    keep = (a % other != 0) | (b % other != 0)
    a, b = a[keep], b[keep]
    values = ((a + b * np.longdouble(2 * PHI_FLOAT - 1) / 2 + b / 2) / other).astype(float)
    p, q, miss = snap_judged(values)
    rest = np.abs(residuals(values, p, q, 1))
    largest = np.abs(b).max() / other
    assert rest.min() > 0.9 / (5**0.5 * other**2 * (largest + 100))
    assert miss.count == values.size


def test_exact_numbers_have_no_rounding():
    assert snap_judged(np.arange(5))[2] is None
    assert snap_judged([Fraction(3), Fraction(1, 2)])[2].count == 1
    assert snap_judged([Fraction(3), 1.0])[2] is None
    assert snap_judged(np.array([0.5, 1, PHI_FLOAT], object))[2].count == 1
    assert least_denominator([Fraction(1, 6), 2], [(100, None, d) for d in range(1, 13)]) == 6


def test_least_denominators():
    values = (np.array([3, 1, -7]) + np.array([1, 0, 5]) * PHI_FLOAT) / 4
    bounds = [(100 * d, None, d) for d in range(1, 13)]
    assert least_denominator(values, bounds) == 4
    assert least_denominator(values[1:2] * 2, bounds) == 2
    assert least_denominator(np.array([0.1234567891]), bounds) is None
    windows = [(None, 10, d) for d in range(1, 13)]
    assert least_denominator(values, windows) == 4


def test_woken_elements_that_are_far():
    a, b = np.array([10**10, 5, 1]), np.array([10**10, 0, 1])
    x = LatticeArray.from_numerators(a, b)
    plan, d = plan_of(10**10, None, 1)
    far = woken_apart(x, (a + b * PHI_FLOAT).astype(np.float64), plan, d)
    assert far.count == 1
    assert woken_apart(x, np.array([np.inf, 5, 1]), plan, d) is None

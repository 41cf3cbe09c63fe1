"""Fits of (1/D)Z[φ]: against brute force, and the chances against counted frequencies."""

import random
from fractions import Fraction
from math import isclose

import pytest

from syntonic import PHI, SQRT5, GoldenExact
from syntonic.recovery.certificate import LIKELY_DENOMINATOR, best_fit, best_interval_fit, fit

H = Fraction(1, 20)


def conjugate_size(p, q, d):
    return abs(GoldenExact.from_numerators(p, q, d).galois_conjugate())


def elements(t, h, d, window):
    """All elements of (1/d)Z[φ] in [t - h, t + h] with |conjugate| <= window, by brute force.

    (p + qφ)/d = v and its conjugate v' give q√5 = d(v - v').
    """
    most = int(d * (abs(t) + h + window) / SQRT5) + 1
    for q in range(-most, most + 1):
        x = d * t - q * PHI
        for p in range(int(x - d * h) - 1, int(x + d * h) + 2):
            v = GoldenExact.from_numerators(p, q, d)
            if abs(v - t) <= h and abs(v.galois_conjugate()) <= window:
                yield p, q


@pytest.mark.parametrize("denominator", [1, 2, 3, 5, 12])
def test_fit_against_brute_force(denominator):
    rng = random.Random(denominator)
    for _ in range(6):
        h = Fraction(1, rng.choice([3, 6, 20]))
        sizes = [Fraction(rng.randrange(400), 100) for _ in range(rng.randint(1, 3))]
        found = fit(sizes, h, denominator)
        windows = []
        for t in found.points:
            # A rounding interval always holds a point with 4hC'D² <= φ√5 (the longest gap is φ²).
            best = min(
                elements(t, h, denominator, Fraction(3, 2) / h / denominator**2),
                key=lambda v: conjugate_size(*v, denominator),
            )
            assert found.points[t] == best
            windows.append(conjugate_size(*best, denominator))
        assert found.window == max(windows)
        assert found.kappa == 4 * h * found.window * denominator**2
        assert found.complete is bool(found.kappa < SQRT5)
        assert not found.complete or set(found.points) == set(sizes)


def test_below_one_kappa_proves_uniqueness():
    rng = random.Random(7)
    proved = 0
    for _ in range(100):
        d = rng.randint(1, 6)
        sizes = [Fraction(rng.randrange(300), 100) for _ in range(2)]
        found = fit(sizes, Fraction(1, 40), d)
        if found.is_certain:
            proved += 1
            for t in sizes:
                assert list(elements(t, Fraction(1, 40), d, found.window)) == [found.points[t]]
    assert proved > 20


def test_kappa_counts_the_reals_near_a_point():
    # P(the least conjugate of a random real is at most C) = κ(C)/√5 for κ(C) <= 1.
    rng = random.Random(11)
    h, d, trials = Fraction(1, 1000), 3, 2000
    kappas = [fit([Fraction(rng.random() * 1000)], h, d).kappa for _ in range(trials)]
    for level in (0.1, 0.3, 0.6, 1.0):
        share = sum(kappa <= level for kappa in kappas) / trials
        expected = level / float(SQRT5)
        assert abs(share - expected) < 4 * (expected * (1 - expected) / trials) ** 0.5


def test_the_120_cell_at_one_decimal():
    values = [0, 5, 8, 13, 21, 26, 29, 34]
    found, fits = best_fit([Fraction(v, 10) for v in values], H)
    assert (found.denominator, found.window, found.evidence) == (2, Fraction(1, 2), 7)
    assert found.kappa == Fraction(2, 5)
    assert isclose(found.chance, 6 * (0.4 / float(SQRT5)) ** 7)
    assert isclose(found.chance_scale, min(1.0, 6 * 0.4 / float(SQRT5)))
    assert [each.denominator for each in fits] == list(range(1, LIKELY_DENOMINATOR + 1))


def test_the_smaller_denominator_wins():
    # Multiples of D contain the same points, at a higher price.
    sizes = [Fraction(n, 1000) for n in (809, 1309, 500, 309)]
    found, fits = best_fit(sizes, Fraction(1, 2000))
    assert found.denominator == 2
    for each in fits[3::2]:
        if each.denominator in (4, 6, 8):
            assert each.window == found.window
            assert each.chance > found.chance


def test_where_nothing_fits_the_least_denominator_stands():
    found, fits = best_fit([Fraction(n, 7) for n in range(1, 40)], Fraction(1, 3))
    assert not any(each.is_certain for each in fits)
    assert {each.chance for each in fits} == {1.0}
    assert found.denominator == 1


def test_a_hopeless_denominator_is_given_up_early():
    found = fit([Fraction(n, 997) for n in range(1, 4000)], Fraction(1, 10**6), 1)
    assert not found.complete
    assert len(found.points) < 400


def test_tries_multiply_the_chance():
    sizes = [Fraction(n, 1000) for n in (809, 1309, 500)]
    once, twice = (fit(sizes, Fraction(1, 2000), 2, tries) for tries in (1, 2))
    assert isclose(twice.chance, 4 * once.chance)
    assert isclose(twice.chance_scale, 4 * once.chance_scale)


def test_two_prints_of_one_number_are_one_piece_of_evidence():
    sizes = [Fraction(80901699, 10**8), Fraction(80901700, 10**8), Fraction(0)]
    found = fit(sizes, Fraction(1, 10**8), 2)
    assert found.points[sizes[0]] == found.points[sizes[1]] == (0, 1)
    assert found.points[Fraction(0)] == (0, 0)
    assert found.evidence == 1


def test_zeros_are_no_evidence():
    found, _ = best_fit([Fraction(0), Fraction(1, 1000)], Fraction(1, 100))
    assert (found.window, found.kappa, found.evidence) == (0, 0, 0)
    assert found.chance == found.chance_scale == 1.0


def test_chances_stay_probabilities_at_the_ends_of_floats():
    sizes = [Fraction(n, 1) + Fraction(1, 3) for n in range(200)]
    tiny = fit(sizes, Fraction(1, 10**900), 3)
    assert tiny.evidence == 200
    assert 0 < tiny.chance < 1e-300
    assert 0 < tiny.chance_scale < 1e-300
    huge = fit([Fraction(10) ** 400 + Fraction(1, 7)], Fraction(1, 10), 1)
    assert 0 < huge.chance <= 1
    vague = fit([Fraction(1, 7)], Fraction(10) ** 400, 1)
    assert vague.chance == 1.0


def test_intervals_of_different_widths():
    intervals = {
        Fraction(0): (Fraction(1617, 1000), Fraction(1619, 1000)),
        Fraction(1): (Fraction(499, 1000), Fraction(5005, 10000)),
        Fraction(2): (Fraction(4999, 10000), Fraction(501, 1000)),  # 1/2 once more
        Fraction(3): (Fraction(-1, 1000), Fraction(1, 1000)),  # 0 says nothing
    }
    found, _ = best_interval_fit(intervals)
    assert (found.denominator, found.window, found.evidence) == (2, PHI - 1, 2)
    assert found.points[Fraction(0)] == (0, 2)
    assert found.kappa == 2 * Fraction(2, 1000) * found.window * 4
    share = float(found.kappa / SQRT5)
    assert isclose(found.chance, 6 * share * (1.5 / 2 * share))
    assert isclose(found.chance_scale, 6 * share)
    one, _ = best_interval_fit(intervals, 2, most_evidence=1)
    assert (one.evidence, one.chance) == (1, one.chance_scale)
    assert isclose(one.chance, 4 * found.chance_scale)
    none, _ = best_interval_fit(intervals, most_evidence=0)
    assert (none.evidence, none.chance) == (0, 1.0)
    wide, _ = best_interval_fit(intervals, least_window=3)
    assert wide.window == 3

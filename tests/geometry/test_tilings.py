"""Model sets and tilings: against brute force and inflation, and by what a tiling must obey."""

from __future__ import annotations

import cmath
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from syntonic import PHI, PHI_INV, GoldenExact, ResonantTensor, integers
from syntonic.errors import ShapeError
from syntonic.geometry import (
    CYCLOTOMIC5,
    ammann,
    fibonacci_chain,
    hull,
    model_set,
    norm,
    penrose,
    penrose_inflated,
    penrose_windows,
    substitution,
    substitution_counts,
)

RULES = {
    "left": (True, False), "right": (False, True), "both": (True, True), "neither": (False, False),
}  # fmt: skip


def within(x, low, high, rule="left"):
    first, last = RULES[rule]
    return (low <= x if first else low < x) and (x <= high if last else x < high)


def brute_line(window, region, rule):
    """All a + bφ with |a|, |b| small, one at a time."""
    (w0, w1), (low, high) = window, region
    most = int(max(map(abs, (*window, *region))) * 2) + 3
    numbers = (GoldenExact(a, b) for a, b in product(range(-most, most + 1), repeat=2))
    return sorted(
        x for x in numbers
        if low <= x < high and within(x.galois_conjugate(), w0, w1, rule)
    )  # fmt: skip


def interval(rng):
    numbers = (GoldenExact(*map(int, rng.integers(-4, 5, 2))) / int(rng.integers(1, 3))
               for _ in range(20))  # fmt: skip
    return sorted([*dict.fromkeys(numbers)][:2])


# -- the line ----------------------------------------------------------------------------------
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(8))
def test_model_set_against_brute_force(rule, seed):
    """Ends are often conjugates of points, so that all four rules differ."""
    rng = np.random.default_rng(seed)
    window, region = interval(rng), interval(rng)
    assert model_set(window, region, closed=rule).tolist() == brute_line(window, region, rule)


@pytest.mark.parametrize(("window", "region", "count"), [
    ((-1, PHI_INV), (0, 10**5), 72361),
    ((0, Fraction(1, 1000)), (0, 10**7), 4472),
    ((0, 10**7), (0, Fraction(1, 1000)), 4472),
    ((-50, 50), (-50, 50), 4472),
])  # fmt: skip
def test_counts_by_density(window, region, count):
    """Length times width over √5, up to a few."""
    points = model_set(window, region)
    assert len(points) == count
    assert bool((points[1:] > points[:-1]).all())


def test_fibonacci_windows():
    """Half-open: gaps 1 and φ. Closed: one gap φ - 1 more, between the two ends' points."""
    points = model_set((-1, PHI_INV), (-100, 100))
    gaps = {*(points[1:] - points[:-1]).tolist()}
    assert gaps == {1, PHI}
    closed = model_set((-1, PHI_INV), (-100, 100), closed="both").tolist()
    assert [(x, y) for x, y in pairwise(closed) if y - x not in (1, PHI)] == [
        (-PHI, GoldenExact(-1))
    ]


def test_the_fibonacci_chain_by_inflation_is_the_model_set():
    for n in range(12):
        chain = fibonacci_chain(n)
        assert len(chain) == integers.fibonacci(n + 2) + 1
        assert chain[-1].item() == PHI ** (n + 1)
    inflated = {*chain.tolist()}
    windowed = {*model_set((-1, PHI_INV), (0, chain[-1].item()), closed="both").tolist()}
    assert inflated - {chain[-1].item()} <= windowed
    assert len(windowed - inflated) <= 1


def test_long_numbers():
    low = PHI**80
    points = model_set((0, 1), (low, low + 50))
    assert all(low <= x < low + 50 and 0 <= x.galois_conjugate() < 1 for x in points.tolist())
    assert abs(len(points) - 22) <= 1


# -- substitutions -----------------------------------------------------------------------------
def test_substitution_counts_its_letters():
    rules = [
        ({"L": "LS", "S": "L"}, "LS"),
        ({"a": "ab", "b": "ac", "c": "a"}, "a"),
        ({"x": ""}, "xx"),
    ]
    for rule, word in rules:
        for n in range(9):
            made, counts = substitution(rule, word, n), substitution_counts(rule, word, n)
            assert counts == {letter: made.count(letter) for letter in rule}


def test_substitution_refuses():
    with pytest.raises(ValueError, match="got none for b"):
        substitution({"a": "ab"}, "a", 2)
    with pytest.raises(ValueError, match="n must be at least 0, got -1"):
        substitution({"a": "a"}, "a", -1)
    with pytest.raises(ValueError, match="at most 100000000 letters"):
        fibonacci_chain(60)


# -- the plane ---------------------------------------------------------------------------------
def brute_plane(radius, corners, closed, box):
    """All u + vζ with small parts, one at a time; the polygon by complex cross products' signs.

    Corners go round counter-clockwise in the basis (1, ζ²), whose orientation is positive.
    """
    line = [GoldenExact(a, b) for a, b in product(range(-box, box + 1), repeat=2)]
    line = [x for x in line if abs(x) <= 2 * radius and abs(x.galois_conjugate()) <= 4]
    found = set()
    for u, v in product(line, repeat=2):
        if u * u + v * v + PHI_INV * u * v > radius**2:
            continue
        s, t = u.galois_conjugate(), v.galois_conjugate()
        signs = [
            (q[0] - p[0]) * (t - p[1]) - (q[1] - p[1]) * (s - p[0])
            for p, q in zip(corners, [*corners[1:], corners[0]], strict=True)
        ]
        if min(signs) > 0 or (closed and min(signs) == 0):
            found.add((u, v))
    return found


@pytest.mark.parametrize("closed", ["both", "neither"])
@pytest.mark.parametrize("corners", [
    [(1, 0), (0, 1), (-1, 0), (0, -1)],
    [(PHI_INV, 0), (1, 1), (0, 2)],
    [(2, 0), (PHI, 1), (-1, Fraction(1, 2)), (0, -1)],
])  # fmt: skip
def test_polygon_windows_against_brute_force(corners, closed):
    exact = [tuple(map(GoldenExact, corner)) for corner in corners]
    points = model_set(corners, 3, closed=closed)
    assert {*map(tuple, points.tolist())} == brute_plane(3, exact, closed == "both", 7)


def test_a_point_a_hair_outside_the_disc():
    corners = [(3, 0), (0, 3), (-3, -3)]
    for radius, there in ((1, True), (1 - PHI**-90, False), (1 + PHI**-90, True)):
        assert ([1, 0] in model_set(corners, radius, closed="both").tolist()) == there


def test_a_conjugate_a_hair_outside_the_window():
    for move, there in ((0, True), (PHI**-90, True), (-(PHI**-90), False)):
        corners = [(1 + move, -3), (1 + move, 3), (-4, 0)]  # (1, 0) is on a side, or near it
        assert ([1, 0] in model_set(corners, 2, closed="both").tolist()) == there


def test_model_set_refuses():
    with pytest.raises(ValueError, match=r"no conjugate must lie on the boundary of the window"):
        model_set([(1, 0), (0, 1), (-1, 0), (0, -1)], 3)
    with pytest.raises(ValueError, match='closed must be "both" or "neither" beyond the line'):
        model_set([(1, 0), (0, 1), (-1, 0)], 3, closed="left")
    with pytest.raises(ValueError, match="closed must be one of left, right"):
        model_set((0, 1), (0, 1), closed="open")
    with pytest.raises(ShapeError, match="model_set: window must be an interval"):
        model_set([1, 2, 3], 3)
    with pytest.raises(ShapeError, match="model_set: window must span 2 dimensions, got 1"):
        model_set([(0, 0), (1, 1), (2, 2)], 3)
    with pytest.raises(ShapeError, match="model_set: region must be a pair"):
        model_set((0, 1), 3)
    with pytest.raises(ValueError, match="window must be an interval of some length"):
        model_set((1, 1), (0, 1))
    with pytest.raises(ValueError, match="penrose: no conjugate must lie on the boundary"):
        penrose(14, shift=(0, 0))
    with pytest.raises(ShapeError, match="ammann: shift must be 3 numbers, got 2"):
        ammann(2, shift=(0, 0))

    with pytest.raises(ValueError, match="a radius must be at least 0, got -1"):
        penrose(-1)
    with pytest.raises(ValueError, match="at most 100000000 numbers in a coordinate"):
        model_set((0, 1), (0, 10**30))
    with pytest.raises(ValueError, match="100000000000 candidates, got more"):
        penrose(10**6)


def test_windows_and_regions_without_points():
    assert model_set((0, Fraction(1, 10**9)), (Fraction(1, 3), Fraction(1, 2))).shape == (0,)
    for patch in (penrose(0), ammann(0, shift=(9, 9, 9))):
        assert (len(patch.points), len(patch.edges), patch.euler) == (0, 0, 0)
    assert model_set([(1, 1), (2, 1), (1, 2)], 0, closed="both").shape == (0, 2)


SHIFTS = [(Fraction(1, 7 + 2 * k), Fraction(k - 4, 11 + k * k)) for k in range(10)]


@pytest.mark.parametrize("shift", SHIFTS)
def test_penrose_patches_have_no_holes(shift):
    """Ten generic shifts: V - E + F = 1, unit edges, and ratios near the golden ones."""
    patch = penrose(20, shift=shift)
    assert patch.euler == 1
    steps = patch.points[patch.edges[:, 0]] - patch.points[patch.edges[:, 1]]
    assert bool((norm(steps, CYCLOTOMIC5) == 1).all())
    counts = np.bincount(patch.classes, minlength=5)
    assert counts[0] == 0
    ratio = (counts[2] + counts[3]) / (counts[1] + counts[4])
    assert abs(ratio - float(PHI**2)) < 0.3
    assert abs(patch.thick.sum() / (~patch.thick).sum() - float(PHI)) < 0.1


def test_penrose_by_complex_floats():
    """De Bruijn's windows with a cross product of floats; the shift keeps off the boundary."""
    zeta, shift = cmath.exp(0.4j * cmath.pi), 1 / 7 + cmath.exp(0.8j * cmath.pi) / 11
    found = set()
    line = [(a, b) for a, b in product(range(-9, 10), repeat=2)]
    phi = (1 + 5**0.5) / 2
    line = [(a, b) for a, b in line if abs(a + b * phi) < 7 and abs(a + b - b * phi) < 4]
    for (a, b), (c, d) in product(line, repeat=2):
        kind = (a + 3 * b + c + 3 * d) % 5
        if kind == 0 or abs(a + b * phi + (c + d * phi) * zeta) > 6:
            continue
        star = a + b - b * phi + (c + d - d * phi) * zeta**2 + shift
        scale = {1: 1, 2: -phi, 3: phi, 4: -1}[kind]
        corners = [scale * zeta**k for k in range(5)]
        sides = [
            ((q - p).conjugate() * (star - p)).imag for p, q in pairwise([*corners, corners[0]])
        ]
        if min(sides) > 0:
            found.add(((a, b), (c, d)))
    points = {tuple((int(x.a), int(x.b)) for x in row) for row in penrose(6).points.tolist()}
    assert points == found


def test_frequencies_are_ratios_of_windows():
    """Exact areas: the classes 2 and 3 are φ² times as frequent as 1 and 4."""
    areas = [window.volume for window in penrose_windows()]
    assert areas[1] == areas[2] == PHI**2 * areas[0] == PHI**2 * areas[3]


def test_angles_of_rhombi():
    patch = penrose(10)
    corners = patch.positions[patch.tiles]
    u, v = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]
    cosines = np.abs((u * v).sum(axis=1))
    assert np.allclose(cosines, np.where(patch.thick, np.cos(0.4 * np.pi), np.cos(0.2 * np.pi)))


@pytest.mark.parametrize("n", range(1, 9))
def test_inflated_patches_fall_into_the_windows(n):
    """Every vertex does, on the boundary or inside: the same tiling by another way."""
    patch = penrose_inflated(n)
    assert patch.euler == 1
    assert patch.classes.min() > 0
    for kind, window in enumerate(penrose_windows(), 1):
        star = patch.conjugates[np.flatnonzero(patch.classes == kind)]
        assert bool((star @ window.normals.T <= window.offsets).all())


def test_inside_the_decagon_inflation_has_all_that_open_windows_accept():
    patch = penrose_inflated(6)
    reach = 10  # well within the decagon of radius φ⁶ · cos 18°
    near = patch.points[np.flatnonzero(norm(patch.points, CYCLOTOMIC5) <= reach**2)]
    inflated = {*map(tuple, near.tolist())}
    accepted = {True: set(), False: set()}
    for kind, window in enumerate(penrose_windows(), 1):
        for closed, found in accepted.items():
            rule = "both" if closed else "neither"
            points = model_set(window.vertices, reach, closed=rule)
            a, b, _ = points.numerators()
            right = ((a + 3 * b).sum(axis=1) + 3**7) % 5 == kind
            found.update(map(tuple, points[np.flatnonzero(right)].tolist()))
    assert accepted[False] <= inflated <= accepted[True]


def test_corners_of_inflated_patches_are_different():
    for n in range(1, 7):
        patch = penrose_inflated(n)
        assert len(np.unique(patch.positions.round(6), axis=0)) == len(patch.points)
    with pytest.raises(ValueError, match="n must be from 1 to 14, got 0"):
        penrose_inflated(0)


# -- space -------------------------------------------------------------------------------------
def test_the_window_of_ammann_is_a_triacontahedron():
    steps = [(0, 1, PHI), (0, -1, PHI), (1, PHI, 0), (-1, PHI, 0), (PHI, 0, 1), (PHI, 0, -1)]
    rows = ResonantTensor(steps).galois_conjugate()
    window = hull(ResonantTensor([*product((0, 1), repeat=6)]) @ rows)
    assert window.f_vector == (32, 60, 30)
    assert window.volume == 20


@pytest.mark.parametrize("closed", ["both", "neither"])
def test_windows_in_space_against_brute_force(closed):
    """A box, whose faces meet conjugates, is a product of intervals."""
    ends = [(-1, PHI_INV), (0, 1), (-PHI_INV, 1)]
    lines = [brute_line(window, (-3, 4), closed) for window in ends]
    expected = {p for p in product(*lines) if sum(x * x for x in p) <= 9}
    found = model_set([*product(*ends)], 3, closed=closed)
    assert {*map(tuple, found.tolist())} == expected
    assert len(found) == len(expected) > 4


def test_the_tiling_of_ammann_is_part_of_its_model_set():
    patch = ammann(4)
    corners = ResonantTensor([*product((0, 1), repeat=6)]) @ patch.steps.galois_conjugate()
    shift = ResonantTensor([Fraction(1, 7), Fraction(1, 11), Fraction(1, 13)])
    points = model_set(corners - shift, 4)
    a, b, _ = points.numerators()
    even = (a + np.roll(b, -1, axis=1)) % 2 == 0
    chosen = points[np.flatnonzero(even.all(axis=1))]
    assert {*map(tuple, chosen.tolist())} == {*map(tuple, patch.points.tolist())}


@pytest.mark.parametrize("shift", [("1/7", "1/11", "1/13"), ("1/3", "-1/17", "2/19")])
def test_ammann_patches_have_no_holes(shift):
    patch = ammann(7, shift=shift)
    assert patch.euler == 1
    steps = patch.points[patch.edges[:, 0]] - patch.points[patch.edges[:, 1]]
    assert bool((np.sum(steps * steps, axis=1) == 2 + PHI).all())
    # Two rhombohedra, obtuse and acute; volume per vertex is that of a cell.
    assert len(patch.cells) > 100


def test_ammann_against_brute_force():
    """Every point of Z⁶ near 0, projected; the window by its 30 planes."""
    steps = np.array([(0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1)])
    golden = np.array([(0, 0, 1), (0, 0, 1), (0, 1, 0), (0, 1, 0), (1, 0, 0), (1, 0, 0)])
    six = np.array([*product(range(-2, 3), repeat=6)])
    a, b = six @ steps, six @ golden
    phi = (1 + 5**0.5) / 2
    shift = np.array([1 / 7, 1 / 11, 1 / 13])
    star = a + b - b * phi + shift
    rows = steps + golden * (1 - phi)
    normals = np.array([np.cross(rows[i], rows[j]) for i in range(6) for j in range(i)])
    corners = np.array([*product((0, 1), repeat=6)]) @ rows
    heights, ends = star @ normals.T, corners @ normals.T
    inside = ((heights < ends.max(axis=0)) & (heights > ends.min(axis=0))).all(axis=1)
    near = np.linalg.norm(a + b * phi, axis=1) <= 3
    found = {
        (*x, *y) for x, y in zip(a[inside & near].tolist(), b[inside & near].tolist(), strict=True)
    }
    patch = ammann(3)
    x, y, _ = patch.points.numerators()
    assert {(*p, *q) for p, q in zip(x.tolist(), y.tolist(), strict=True)} == found

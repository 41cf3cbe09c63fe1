"""The 120-cell from one decimal, against coordinates built here from Coxeter's list.

H. S. M. Coxeter, "Regular Polytopes", 3rd ed. (1973), section 8.7: with edge length 2φ^-2, the
600 vertices are the permutations of (0, 0, ±2, ±2), (±1, ±1, ±1, ±√5), (±φ^-2, ±φ, ±φ, ±φ) and
(±φ^-1, ±φ^-1, ±φ^-1, ±φ²), and the even permutations of (0, ±φ^-2, ±1, ±φ²), (0, ±φ^-1, ±φ, ±√5)
and (±φ^-1, ±1, ±φ, ±2). Multiplied by φ²/2 they have edge length 1.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from itertools import combinations, permutations, product
from math import isqrt

import pytest

from syntonic import GoldenExact
from syntonic.io import Model, write
from syntonic.recovery import recover

# Elements a + bφ of Z[φ] as plain pairs of Python integers.
ZERO, ONE, TWO, PHI_, ROOT5 = (0, 0), (1, 0), (2, 0), (0, 1), (-1, 2)
INVERSE, INVERSE2, SQUARE = (-1, 1), (2, -1), (1, 1)
ALL = [
    (ZERO, ZERO, TWO, TWO),
    (ONE, ONE, ONE, ROOT5),
    (INVERSE2, PHI_, PHI_, PHI_),
    (INVERSE, INVERSE, INVERSE, SQUARE),
]
EVEN = [(ZERO, INVERSE2, ONE, SQUARE), (ZERO, INVERSE, PHI_, ROOT5), (INVERSE, ONE, PHI_, TWO)]


def times(x, y):
    return x[0] * y[0] + x[1] * y[1], x[0] * y[1] + x[1] * y[0] + x[1] * y[1]


def squared_distance(u, v):
    squares = [times(d, d) for d in ((x[0] - y[0], x[1] - y[1]) for x, y in zip(u, v, strict=True))]
    return sum(s[0] for s in squares), sum(s[1] for s in squares)


def is_even(order):
    return sum(i > j for i, j in combinations(order, 2)) % 2 == 0


def coxeter():
    """Return the vertices with edge length 1, doubled, as pairs of integers."""
    orders = list(permutations(range(4)))
    found = set()
    for family, allowed in ((ALL, orders), (EVEN, list(filter(is_even, orders)))):
        for entries, order, signs in product(family, allowed, product((1, -1), repeat=4)):
            signed = [(s * x[0], s * x[1]) for s, x in zip(signs, entries, strict=True)]
            found.add(tuple(times(SQUARE, signed[k]) for k in order))
    return sorted(found)


def printed(pair, decimals):
    """Round (a + bφ)/2 to decimals, half up, in integers."""
    a, b = pair
    scale = 10**decimals
    # (a + bφ)/2 = (2a + b + b√5)/4, and n = ⌊scale·x + 1/2⌋.
    root = isqrt(5 * (b * scale) ** 2)
    root = root if b >= 0 else -root - 1
    n = ((2 * a + b) * scale + root + 2) // 4
    text = str(abs(n)).rjust(decimals + 1, "0")
    return ("-" if n < 0 else "") + f"{text[:-decimals]}.{text[-decimals:]}"


@pytest.fixture(scope="module")
def cell():
    """Vertices, edges and pentagons: the five-cycles of the graph of least distances."""
    points = coxeter()
    near = [[j for j, v in enumerate(points) if squared_distance(u, v) == (4, 0)] for u in points]
    pentagons = {}
    for v, around in enumerate(near):
        for u, w in combinations(around, 2):
            for x, y in product(near[u], near[w]):
                if x != v and y != v and y in near[x]:
                    pentagons[frozenset((u, v, w, x, y))] = (u, v, w, y, x)
    return points, tuple(sorted(pentagons.values()))


def model_of(cell, decimals):
    points, pentagons = cell
    rows = tuple(tuple(printed(x, decimals) for x in point) for point in points)
    return Model(rows, faces=pentagons, cell_count=120)


def g(a, b=0):
    return GoldenExact(a, b)


def test_one_decimal_proves_the_120_cell(cell):
    points, pentagons = cell
    assert (len(points), len(pentagons)) == (600, 720)
    model = model_of(cell, 1)
    assert {token.lstrip("-") for row in model.vertices for token in row} == {
        "0.0", "0.5", "0.8", "1.3", "2.1", "2.6", "2.9", "3.4",
    }  # fmt: skip
    found = recover(model)
    assert found.denominator == 2
    assert found.window == g("1/2")
    assert found.separation == g("1/4")
    assert found.separation > found.rounding == g("1/10")
    assert found.decimals == 1
    assert found.accident < 1e-3
    assert not found.scale_proved
    a, b, d = found.tensor.numerators()
    assert d == 2
    assert [tuple(zip(p, q, strict=True)) for p, q in zip(a.tolist(), b.tolist(), strict=True)] == (
        points
    )
    facts = found.checks
    assert facts["squared_norms"] == {g(4, 6): 600}
    assert facts["squared_edge_lengths"] == {g(1): 1200}
    assert facts["face_sizes"] == {5: 720}
    assert facts["squared_face_diagonals"] == {g(1, 1): 3600}
    assert facts["faces_per_edge"] == {3: 1200}
    assert facts["euler_characteristic"] == 0
    assert facts["vertex_sum"] == (g(0),) * 4
    assert facts["distinct_vertices"] == 600


@pytest.mark.parametrize("decimals", [2, 5, 9, 12, 14])
def test_every_number_of_decimals_gives_the_same_solid(cell, decimals):
    found = recover(model_of(cell, decimals))
    assert (found.denominator, found.window, found.decimals) == (2, g("1/2"), decimals)
    assert found.checks["squared_norms"] == {g(4, 6): 600}
    assert found.scale_proved == (decimals > 4)


def test_a_wrong_digit_is_refused_or_shows(cell):
    """One coordinate off by more than the rounding: never the perfect solid."""
    rng = random.Random(4)
    model = model_of(cell, 2)
    for _ in range(6):
        rows = [list(row) for row in model.vertices]
        row, column = rng.randrange(600), rng.randrange(4)
        rows[row][column] = f"{float(rows[row][column]) + rng.choice((-0.3, 0.3)):.2f}"
        try:
            found = recover(Model(tuple(map(tuple, rows)), faces=model.faces, cell_count=120))
        except ValueError:
            continue
        assert len(found.checks["squared_edge_lengths"]) > 1


def test_the_whole_process_is_quick(cell, tmp_path):
    """From the start of the interpreter to the written report, with one decimal in the file."""
    path = tmp_path / "120cell.off"
    write(model_of(cell, 1), path)
    program = (
        "import json, sys; from syntonic.io import read; from syntonic.recovery import recover; "
        "print(json.dumps(recover(read(sys.argv[1])).report(), allow_nan=False))"
    )
    start = os.times()
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, check=True, text=True
    )
    end = os.times()  # of the processor, not of a clock that other processes run on
    seconds = end.children_user + end.children_system - start.children_user - start.children_system
    report = json.loads(done.stdout)
    assert report["denominator"] == 2
    # A stranger re-verifies: each printed token is its exact value, rounded to one decimal.
    for entry in report["tokens"]:
        exact = GoldenExact.parse(entry["exact"])
        assert abs(exact - GoldenExact.parse(entry["printed"])) <= GoldenExact("1/20")
        assert abs(exact.galois_conjugate()) <= GoldenExact.parse(report["window"])
        assert (exact * report["denominator"]).is_integral()
    counts = Counter()
    for entry in report["tokens"]:
        counts[GoldenExact.parse(entry["exact"])] += entry["count"]
    assert sum(counts.values()) == 2400
    assert seconds < 15

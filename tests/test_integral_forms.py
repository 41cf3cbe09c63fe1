"""Forms of matrices over Z[φ], and spaces over the field: laws, PARI, brute force."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, PhaseError, ResonantTensor, ShapeError, integers, linalg
from syntonic.linalg import (
    column_space,
    hermite_form,
    lll,
    lu,
    row_space,
    rref,
    smith_form,
)

RANDOM = random.Random(4)
SHAPES = [(1, 1), (1, 3), (3, 1), (2, 2), (3, 3), (2, 4), (4, 2), (5, 5), (0, 2), (2, 0), (0, 0)]


def drawn(shape: tuple[int, int], size: int = 6, rank: int | None = None) -> ResonantTensor:
    def matrix(n: int, m: int) -> ResonantTensor:
        numbers = [
            GoldenExact(*(RANDOM.randrange(-size, size + 1) for _ in "ab")) for _ in range(n * m)
        ]
        return ResonantTensor(np.array(numbers, object).reshape(n, m))

    n, m = shape
    return matrix(n, m) if rank is None else matrix(n, rank) @ matrix(rank, m)


def unimodular(n: int) -> ResonantTensor:
    u = ResonantTensor.eye(n)
    for _ in range(4 * n):
        i, j = RANDOM.sample(range(n), 2) if n > 1 else (0, 0)
        step = np.zeros((n, n), object)
        step[i, j] = GoldenExact(RANDOM.randrange(-2, 3), RANDOM.randrange(-2, 3)) if n > 1 else 0
        u = (ResonantTensor.eye(n) + ResonantTensor(step)) @ u
    scale = [PHI ** RANDOM.randrange(-3, 4) * RANDOM.choice([1, -1]) for _ in range(n)]
    return ResonantTensor(np.diag(np.array(scale, object))) @ u if n else u


def is_unimodular(u: ResonantTensor) -> bool:
    return (
        all(x.is_integral() for row in u.tolist() for x in row) and linalg.det(u).item().is_unit()
    )


CASES = [
    (shape, rank) for shape in SHAPES for rank in (None, 1, 2) if rank is None or min(shape) > rank
]


@pytest.mark.parametrize(("shape", "rank"), CASES)
def test_hermite_form(shape, rank):
    for _ in range(6):
        x = drawn(shape, rank=rank)
        h, u = hermite_form(x, transform=True)
        assert (u @ x).equals(h)
        assert is_unimodular(u)
        assert hermite_form(x).equals(h)
        assert hermite_form(unimodular(shape[0]) @ x).equals(h)  # of the module, not of the matrix
        above = -1
        for i, row in enumerate(h.tolist()):
            j = next((j for j, v in enumerate(row) if v), None)
            if j is None:
                assert not any(v for rest in h.tolist()[i:] for v in rest)
                break
            assert j > above
            above = j
            assert row[j] == integers.canonical_associate(row[j])
            assert all(h.tolist()[k][j] == integers.mod(h.tolist()[k][j], row[j]) for k in range(i))


@pytest.mark.parametrize(("shape", "rank"), CASES)
def test_smith_form(shape, rank):
    for _ in range(5):
        x = drawn(shape, rank=rank)
        s, u, v = smith_form(x, transform=True)
        assert (u @ x @ v).equals(s)
        assert is_unimodular(u)
        assert is_unimodular(v)
        assert smith_form(x).equals(s)
        assert smith_form(unimodular(shape[0]) @ x @ unimodular(shape[1])).equals(s)
        diagonal = [s.tolist()[k][k] for k in range(min(shape))]
        assert all(not v for i, row in enumerate(s.tolist()) for j, v in enumerate(row) if i != j)
        for d, e in pairwise(diagonal):
            assert (e / d).is_integral() if d else not e
        assert all(d == integers.canonical_associate(d) for d in diagonal)


def test_elementary_divisors_by_minors():
    """The product of the first k is the greatest common divisor of all minors of order k."""
    for _ in range(15):
        x = drawn((3, 3))
        s = smith_form(x).tolist()
        entries = [v for row in x.tolist() for v in row]
        pairs = [(0, 1), (0, 2), (1, 2)]
        minors = [linalg.det(x[list(r)][:, list(c)]).item() for r, c in product(pairs, repeat=2)]
        first, second = s[0][0], s[0][0] * s[1][1]
        assert integers.gcd(*entries) == first
        assert integers.gcd(*minors) == integers.canonical_associate(second)
        third = integers.canonical_associate(second * s[2][2])
        assert third == integers.canonical_associate(linalg.det(x).item())


def test_modules_by_pari():
    """PARI takes modules as pseudo-matrices: here with the ideal 1 beside each column."""
    pari = pytest.importorskip("cypari", reason="PARI is the oracle").pari
    field = pari("nfinit(w^2 - w - 1)")
    for n in (2, 3, 4):
        for _ in range(6):
            x = drawn((n, n), 9)
            if not linalg.det(x).item():
                continue
            text = ";".join(",".join(f"{v.a}+({v.b})*w" for v in row) for row in x.tolist())
            ideals = ",".join(["1"] * n)
            theirs = pari(f"nfsnf(nfinit(w^2-w-1), [[{text}], [{ideals}], [{ideals}]])")
            sizes = [int(pari.idealnorm(field, d)) for d in theirs]
            s = smith_form(x).tolist()
            assert sorted(sizes) == [int(s[k][k].norm()) for k in range(n)]


def gram(rows: list[list[GoldenExact]]) -> list[list[int]]:
    return [
        [int(sum(((x * y).trace() for x, y in zip(v, w, strict=True)), 0)) for w in rows]
        for v in rows
    ]


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 2), (3, 3), (2, 4)])
def test_reduced_bases(shape):
    for size in (5, 10**6, 10**30):
        x = drawn(shape, size)
        if linalg.rank(x) < shape[0]:
            continue
        found = lll(x).tolist()
        basis = [row for v in x.tolist() for row in (v, [PHI * e for e in v])]
        assert len(found) == 2 * shape[0]
        change = coordinates(found, basis)
        assert all(c.denominator == 1 for row in change for c in row)
        assert abs(determinant(change)) == 1
        assert_reduced(gram(found))


def coordinates(found, basis):
    """Solve for the rows of `found` in those of `basis` over Q."""
    flat = [[Fraction(int(p)) for v in row for p in (v.a, v.b)] for row in basis]
    out = []
    for row in found:
        target = [Fraction(int(p)) for v in row for p in (v.a, v.b)]
        out.append(solved(flat, target))
    return out


def solved(rows, target):
    n = len(rows)
    table = [[rows[i][j] for i in range(n)] + [target[j]] for j in range(len(target))]
    for k in range(n):
        pivot = next(i for i in range(k, len(table)) if table[i][k])
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [v / table[k][k] for v in table[k]]
        for i in range(len(table)):
            if i != k and table[i][k]:
                table[i] = [a - table[i][k] * b for a, b in zip(table[i], table[k], strict=True)]
    assert all(not any(row) for row in table[n:])
    return [table[k][n] for k in range(n)]


def determinant(rows):
    rows, out = [list(row) for row in rows], Fraction(1)
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return Fraction(0)
        if pivot != k:
            rows[k], rows[pivot], out = rows[pivot], rows[k], -out
        out *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return out


def assert_reduced(g: list[list[int]]) -> None:
    """Size-reduced within η = 0.51 and Lovász's condition for δ = 0.98, by Gram-Schmidt in Q."""
    n = len(g)
    mu = [[Fraction(0)] * n for _ in range(n)]
    length = [Fraction(0)] * n
    for i in range(n):
        for j in range(i + 1):
            dot = g[i][j] - sum(mu[i][k] * mu[j][k] * length[k] for k in range(j))
            if i == j:
                length[i] = Fraction(dot)
            else:
                mu[i][j] = dot / length[j]
                assert abs(mu[i][j]) <= Fraction(52, 100)
    for i in range(1, n):
        assert length[i] >= (Fraction(98, 100) - mu[i][i - 1] ** 2) * length[i - 1]


# -- over the field --------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "rank"), CASES)
def test_spaces(shape, rank):
    for _ in range(4):
        x = drawn(shape, rank=rank) / 3
        form, pivots = rref(x)
        assert form.equals(linalg.echelon(x))
        assert len(pivots) == linalg.rank(x)
        assert [form.tolist()[i][j] for i, j in enumerate(pivots)] == [1] * len(pivots)
        rows, columns = row_space(x), column_space(x)
        assert rows.shape == (len(pivots), shape[1])
        assert columns.shape == (shape[0], len(pivots))
        assert linalg.rank(columns) == len(pivots) if columns.size else True
        assert (columns @ rows).equals(x)  # the rank decomposition
        if shape[0]:
            assert row_space(unimodular(shape[0]) @ x).equals(rows)


@pytest.mark.parametrize(("shape", "rank"), CASES)
def test_lu(shape, rank):
    for _ in range(4):
        x = drawn(shape, rank=rank) / 2
        p, lower, upper = lu(x)
        assert (p @ lower @ upper).equals(x)
        assert p.shape == lower.shape == (shape[0], shape[0])
        entries = lower.tolist()
        assert all(entries[i][i] == 1 for i in range(shape[0]))
        assert not any(entries[i][j] for i in range(shape[0]) for j in range(i + 1, shape[0]))
        assert sorted(map(sorted, p.tolist())) == [[0] * (shape[0] - 1) + [1]] * shape[0]
        leading = [next((j for j, v in enumerate(r) if v), shape[1]) for r in upper.tolist()]
        assert all(a < b or a == b == shape[1] for a, b in pairwise(leading))


def test_what_is_refused():
    for function in (hermite_form, smith_form, lll, rref, lu, row_space, column_space):
        name = function.__name__
        with pytest.raises(
            ShapeError, match=rf"linalg.{name}: x must be one matrix, got shape \(2,"
        ):
            function(np.zeros((2, 1, 1), int))
        with pytest.raises(PhaseError, match=f"linalg.{name}: the tensor must be crystallized"):
            function(ResonantTensor.from_flux([[1.0]]))
    for function in (hermite_form, smith_form, lll):
        with pytest.raises(ValueError, match=r"got one with denominator 2 at \(0, 1\)"):
            function([[1, PHI / 2]])
    with pytest.raises(ValueError, match="lll: the rows of x must be independent"):
        lll([[1, PHI], [PHI, 1 + PHI]])

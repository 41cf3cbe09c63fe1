"""Exact linear algebra against FLINT, SymPy and fraction-free elimination, and against laws.

FLINT knows no Q(φ), so a matrix A + Bφ of order n enters as the rational one of order 2n that
multiplies coordinates: φ becomes the companion matrix of x² - x - 1.
"""

from fractions import Fraction

import flint
import numpy as np
import pytest
import sympy
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sympy.polys.matrices import DomainMatrix

from syntonic import PHI, GoldenExact, ResonantTensor, linalg
from syntonic.errors import SingularMatrixError
from syntonic.exact.pairs import phi_power
from syntonic.lattice.linalg import cofactors, quotients
from syntonic.lattice.linalg import solve as lattice_linalg
from syntonic.lattice.linalg.primes import fields

ZERO, ONE = GoldenExact(0), GoldenExact(1)
QQ_SQRT5 = sympy.QQ.algebraic_field(sympy.sqrt(5))


def lists(t):
    return np.asarray(t, dtype=object).tolist()


def random(shape, bound=9, seed=0, denominator=1):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-bound, bound, (2, *shape), endpoint=True)
    return ResonantTensor.from_lattice(a, b, denominator=denominator)


@pytest.fixture(params=["compiled", "scalar"], autouse=True)
def engine(request, monkeypatch):
    """Run everything on both engines."""
    for module in (lattice_linalg, cofactors, quotients):
        monkeypatch.setattr(module, "compiled_pays", lambda size: request.param == "compiled")


# -- oracles ------------------------------------------------------------------------------


def companion(rows):
    """The rational matrix of order 2n of a golden matrix, as FLINT's."""
    n, m = len(rows), len(rows[0])
    out = flint.fmpq_mat(2 * n, 2 * m)
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            a, b = (flint.fmpq(int(v.numerator), int(v.denominator)) for v in (x.a, x.b))
            out[2 * i, 2 * j], out[2 * i, 2 * j + 1] = a, b
            out[2 * i + 1, 2 * j], out[2 * i + 1, 2 * j + 1] = b, a + b
    return out


def from_companion(matrix):
    def golden(x, y):
        return GoldenExact(*(Fraction(int(v.p), int(v.q)) for v in (x, y)))

    return [
        [golden(matrix[i, j], matrix[i, j + 1]) for j in range(0, matrix.ncols(), 2)]
        for i in range(0, matrix.nrows(), 2)
    ]


def bareiss(rows):
    """The determinant by fraction-free elimination on scalars."""
    m, sign, previous = [list(row) for row in rows], 1, ONE
    for k in range(len(m) - 1):
        pivot = next((i for i in range(k, len(m)) if m[i][k] != 0), None)
        if pivot is None:
            return ZERO
        if pivot != k:
            m[k], m[pivot], sign = m[pivot], m[k], -sign
        for i in range(k + 1, len(m)):
            for j in range(k + 1, len(m)):
                m[i][j] = (m[i][j] * m[k][k] - m[i][k] * m[k][j]) / previous
        previous = m[k][k]
    return sign * m[-1][-1]


def gauss_jordan(rows):
    """The reduced row echelon form by elimination on scalars."""
    m, rank = [list(row) for row in rows], 0
    for c in range(len(m[0])):
        pivot = next((i for i in range(rank, len(m)) if m[i][c] != 0), None)
        if pivot is None:
            continue
        m[rank], m[pivot] = m[pivot], m[rank]
        m[rank] = [x / m[rank][c] for x in m[rank]]
        for i in range(len(m)):
            if i != rank:
                m[i] = [x - m[i][c] * y for x, y in zip(m[i], m[rank], strict=True)]
        rank += 1
    return m


def to_sympy(rows):
    def number(x):
        half_b = sympy.QQ(int(x.b.numerator), 2 * int(x.b.denominator))
        return QQ_SQRT5([half_b, sympy.QQ(int(x.a.numerator), int(x.a.denominator)) + half_b])

    return DomainMatrix(
        [[number(x) for x in row] for row in rows], (len(rows), len(rows[0])), QQ_SQRT5
    )


def from_sympy(x):
    c = [Fraction(int(v.numerator), int(v.denominator)) for v in x.to_list()]
    root, rest = ([0, 0, *c])[-2:]
    return GoldenExact(rest - root, 2 * root)


# -- the matrices that break things -------------------------------------------------------


def hilbert(n):
    return [[GoldenExact(Fraction(1, i + j + 1), Fraction(1, i + j + 2)) for j in range(n)]
            for i in range(n)]  # fmt: skip


def unit_rows(n):
    """Rows scaled by φ^±50: the two embeddings differ by twenty orders of magnitude."""
    powers = [GoldenExact(*phi_power(50 if i % 2 else -50)) for i in range(n)]
    return [[p * x for x in row] for p, row in zip(powers, lists(random((n, n))), strict=True)]


def prime_entries(n):
    """Entries that vanish modulo the first primes, at one root or both."""
    p = fields(n)[0]
    root = int(fields(1)[1][0, 1])
    m = lists(random((n, n)))
    for i in range(n):
        m[i] = [x * p[i] for x in m[i]]
    m[0][0] += GoldenExact(-root, 1)
    return m


def zero_at_one_root(n, which):
    """Regular, but singular at one root modulo the first prime."""
    m = lists(random((n, n), bound=1))
    root = GoldenExact(int(fields(1)[1][0, 1 + which]))
    m[0] = [(PHI - root) * x for x in m[0]]
    return m


def vanishing_minors(n):
    """Regular, with a determinant divisible by the first n primes, in small rows above it."""
    p = fields(n)[0]
    m = lists(ResonantTensor.eye(n))
    for i in range(n):
        m[i][i] = GoldenExact(p[i])
        m[i][(i + 1) % n] = ONE if i < n - 1 else ZERO
    return m


ADVERSARIAL = {
    "hilbert": hilbert(6),
    "unit rows": unit_rows(6),
    "huge": (random((5, 5)) * 10**200 + random((5, 5), seed=1)).tolist(),
    "tiny": (random((5, 5), seed=2) / (10**200 + 1) + random((5, 5), seed=3)).tolist(),
    "mixed": [[x * Fraction(10**40 + i, 7**i) for x in row]
              for i, row in enumerate(lists(random((5, 5), seed=4)))],
    "int64 edge": random((5, 5), bound=2**63 - 1, seed=5).tolist(),
    "int64 minimum": [[-(2**63) * (1 if i == j else x) for j, x in enumerate(row)]
                      for i, row in enumerate(lists(random((4, 4), bound=1)))],
    "limb edge": [[x * 2**48 for x in row] for row in lists(random((4, 4), bound=1, seed=9))],
    "multiples of our primes": prime_entries(5),
    "zero at the first root": zero_at_one_root(4, 0),
    "zero at the second root": zero_at_one_root(4, 1),
    "divisible determinant": vanishing_minors(5),
    "permutation": lists(np.eye(5, dtype=int)[[3, 0, 4, 1, 2]]),
    "large order": random((17, 17), seed=6).tolist(),
    "large denominator": random((6, 6), bound=99, seed=7, denominator=2**61 - 1).tolist(),
}  # fmt: skip
for _rows in ADVERSARIAL.values():
    for _row in _rows:
        _row[:] = [x if isinstance(x, GoldenExact) else GoldenExact(x) for x in _row]
REGULAR = pytest.mark.parametrize("rows", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())

entries = st.builds(
    GoldenExact.from_numerators, st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 12)
)


@st.composite
def matrices(draw, rows=None, columns=None):
    n = rows or draw(st.integers(1, 6))
    m = n if columns is None else draw(columns)
    return draw(st.lists(st.lists(entries, min_size=m, max_size=m), min_size=n, max_size=n))


# -- determinant --------------------------------------------------------------------------


@REGULAR
def test_det_agrees_with_fraction_free_elimination(rows):
    assert linalg.det(rows).item() == bareiss(rows)


@REGULAR
def test_norm_of_det_agrees_with_flint(rows):
    d = companion(rows).det()
    assert linalg.det(rows).item().norm() == Fraction(int(d.p), int(d.q))


@given(matrices())
@examples(60)
def test_det_agrees_with_sympy(rows):
    assert linalg.det(rows).item() == from_sympy(to_sympy(rows).det())


@given(matrices(rows=5), matrices(rows=5))
@examples(20)
def test_det_is_multiplicative(x, y):
    assert linalg.det(linalg.matmul(x, y)).item() == linalg.det(x).item() * linalg.det(y).item()


@pytest.mark.parametrize("n", range(1, 9))
def test_det_of_singular_is_exactly_zero(n):
    m = np.asarray(random((n, n), seed=n))
    m[-1] = sum((PHI * row for row in m[:-1]), start=m[0] * 0)
    assert linalg.det(m).item() == 0


def test_det_attains_the_bound():
    # Sylvester's Hadamard matrices attain |det| = Π|row|; scaled by φ^k at one embedding.
    h = np.array([[1]])
    for _ in range(4):
        h = np.block([[h, h], [h, -h]])
    for k in range(-3, 4):
        assert linalg.det(h * PHI**k).item() == PHI ** (16 * k) * 16**8


@given(matrices(), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_cofactors_and_engines_agree(monkeypatch, rows, wide):
    rows = [[x * 2**40 * wide + x for x in row] for row in rows[:4]]
    rows = [row[: len(rows)] for row in rows]
    direct = linalg.det(rows), linalg.rank(rows) == len(rows) and linalg.inv(rows)
    with monkeypatch.context() as m:
        m.setattr(cofactors, "DIRECT_ORDER", 0)
        assert linalg.det(rows).equals(direct[0])
        if direct[1] is not False:
            assert linalg.inv(rows).equals(direct[1])


# -- inverse and solutions ----------------------------------------------------------------


@REGULAR
def test_inverse(rows):
    x = ResonantTensor(rows)
    y = linalg.inv(x)
    assert (x @ y).equals(ResonantTensor.eye(len(rows)))
    assert y.tolist() == from_companion(companion(rows).inv())


@REGULAR
def test_solve_agrees_with_flint(rows):
    right = lists(random((len(rows), 2), seed=11, denominator=6))
    assert linalg.solve(rows, right).tolist() == from_companion(
        companion(rows).solve(companion(right))
    )


@given(matrices(), st.data())
@examples(40)
def test_solve_undoes_the_product(rows, data):
    n = len(rows)
    z = ResonantTensor(data.draw(st.lists(entries, min_size=n, max_size=n)))
    if linalg.det(rows).item() == 0:
        with pytest.raises(SingularMatrixError):
            linalg.solve(rows, z)
    else:
        assert linalg.solve(rows, linalg.matmul(rows, z)).equals(z)


@pytest.mark.parametrize("below", [1, 2**20])
@pytest.mark.parametrize("det_bits", [2, 20, 33, 48])
@pytest.mark.parametrize("bits", [2, 20, 44, 48])
def test_quotients_do_not_wrap(bits, det_bits, below):
    (a, b), (c, d) = (np.array([[2**k - 1], [3 - 2**k]]) for k in (bits, det_bits))
    x, y = (a[:, None, None], b[:, None, None]), (c, d)
    out = quotients.quotient(x, y, 5, below, (1, 1, 1), "")
    numerator, det = (GoldenExact(int(p[0]), int(q[0])) for p, q in ((a, b), (c, d)))
    assert out.scalars().item() == 5 * numerator / (det * below)


def test_singular_modulo_the_first_primes_in_a_batch():
    rows = np.array([random((5, 5)).tolist(), prime_entries(5), vanishing_minors(5)], object)
    out = linalg.inv(rows)
    for i in range(3):
        assert (ResonantTensor(rows[i]) @ out[i]).equals(ResonantTensor.eye(5))


# -- rank, echelon form, kernel -----------------------------------------------------------


def deficient(n, m, rank, seed=0):
    return linalg.matmul(random((n, rank), seed=seed), random((rank, m), seed=seed + 1))


@pytest.mark.parametrize(
    ("n", "m", "r"),
    [(6, 6, 3), (4, 9, 2), (9, 4, 3), (5, 5, 0), (7, 7, 6), (1, 1, 0), (1, 5, 1), (12, 8, 8)],
)
def test_rank_deficient(n, m, r):
    x = deficient(n, m, r) if r else ResonantTensor.zeros((n, m))
    assert linalg.rank(x) == r
    assert linalg.echelon(x).tolist() == gauss_jordan(lists(x))
    kernel = linalg.nullspace(x)
    assert kernel.shape == (m, m - r)
    assert (x @ kernel).equals(ResonantTensor.zeros((n, m - r)))
    assert linalg.rank(kernel) == m - r


@REGULAR
def test_echelon_of_what_is_hard_modulo_primes(rows):
    wide = [row + [x * PHI for x in row[:2]] + [ONE] for row in rows]
    wide.append([x - y for x, y in zip(wide[0], wide[1], strict=True)])
    assert linalg.rank(wide) == len(rows)
    assert linalg.rank(rows) == len(rows)
    if len(rows) < 10:
        assert linalg.echelon(wide).tolist() == gauss_jordan(wide)


@given(matrices(columns=st.integers(1, 6)))
@examples(60)
def test_echelon_agrees_with_elimination(rows):
    expected = gauss_jordan(rows)
    assert linalg.echelon(rows).tolist() == expected
    assert linalg.rank(rows) == sum(any(x != 0 for x in row) for row in expected)


def test_no_single_prime_has_the_whole_profile():
    # Each of the first primes hides another column: only later ones show every pivot at once.
    p = fields(3)[0]
    m = [[p[0] * p[2], 1, 0, 5], [0, 0, p[1] * p[2], 3], [0, p[0] * p[1], 0, 2], [0, 0, 0, 0]]
    m = [[GoldenExact(x) for x in row] for row in m]
    assert linalg.echelon(m).tolist() == gauss_jordan(m)
    assert linalg.rank(m) == 3


def test_a_later_prime_corrects_the_rows():
    m = [[fields(1)[0][0], 0, 1], [0, 0, 0], [0, 0, 1]]
    assert linalg.echelon(m).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert linalg.nullspace(m).tolist() == [[0], [1], [0]]


def test_two_primes_together_show_what_neither_does():
    # The first hides the first pivot and the second the second: the rows of neither are the rows.
    p, q = fields(2)[0]
    m = [[GoldenExact(x) for x in row] for row in ([p, 1, 0], [0, 0, 0], [p, 1, q])]
    assert linalg.echelon(m).tolist() == gauss_jordan(m)


def test_rank_of_multiples_of_our_primes():
    p = fields(4)[0]
    assert linalg.rank(np.eye(4, dtype=object) * int(np.prod(np.array(p, object)))) == 4
    assert linalg.rank(np.diag(np.array([int(x) for x in p], object))) == 4


# -- characteristic polynomial ---------------------------------------------


@REGULAR
def test_charpoly(rows):
    n, f = len(rows), linalg.charpoly(rows).tolist()
    assert f[0] == 1
    assert -f[1] == linalg.trace(rows).item()
    assert (-1) ** n * f[-1] == bareiss(rows)
    if n < 10:  # f(A) = 0, by Cayley and Hamilton
        x, value = ResonantTensor(rows), ResonantTensor.zeros((n, n))
        for c in f:
            value = value @ x + c * ResonantTensor.eye(n)
        assert value.equals(ResonantTensor.zeros((n, n)))


@given(matrices())
@examples(40)
def test_charpoly_agrees_with_sympy(rows):
    expected = [from_sympy(c) for c in to_sympy(rows).charpoly()]
    assert linalg.charpoly(rows).tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_charpoly_of_sparse_matrices(seed):
    # Zeros below the subdiagonal make the Hessenberg form exchange rows and skip columns.
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (7, 7)) * (rng.random((7, 7)) < 0.3)
    expected = sympy.Matrix(x).charpoly().all_coeffs()
    assert linalg.charpoly(x).tolist() == [int(c) for c in expected]

"""The two layouts: what is packed, what is not, and that nobody can tell."""

import itertools
import math

import flint
import numpy as np
import pytest
from gmpy2 import mpq, mpz
from hypothesis import given
from hypothesis import strategies as st

from syntonic import GoldenExact
from syntonic.lattice import (
    arithmetic,
    joining,
    loops,
    order,
    products,
    reductions,
    scans,
    sets,
    sorting,
)
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.lattice.convert import as_lattice

EDGES = [
    0,
    1,
    -1,
    INT64_MAX - 1,
    INT64_MAX,
    INT64_MAX + 1,
    -INT64_MAX,
    -INT64_MAX - 1,
    -INT64_MAX - 2,
]


def of(*pairs, denominator=1):
    a, b = (np.array(x, dtype=object) for x in zip(*pairs, strict=True))
    return LatticeArray.from_numerators(a, b, denominator)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(EDGES, EDGES)))
def test_packed_exactly_when_int64_holds_it(a, b):
    x = of((a, b))
    fits = all(-INT64_MAX - 1 <= n <= INT64_MAX for n in (a, b))
    assert x.is_packed is fits
    assert x.scalars()[0] == GoldenExact(a, b)
    p, q, d = x.numerators()
    assert (int(p[0]), int(q[0]), d) == (a, b, 1)


@given(
    st.lists(st.tuples(st.integers(-(2**64), 2**64), st.integers(-99, 99)), min_size=1, max_size=5),
    st.integers(1, 2**66),
)
def test_numerators_are_in_lowest_terms(pairs, denominator):
    x = of(*pairs, denominator=denominator)
    p, q, d = x.numerators()
    assert math.gcd(*map(int, p), *map(int, q), d) == 1
    for (a, b), n, m in zip(pairs, p, q, strict=True):
        assert GoldenExact(mpq(a, denominator), mpq(b, denominator)) == GoldenExact(
            mpq(int(n), d), mpq(int(m), d)
        )


def test_the_layout_is_invisible():
    packed = of((4, -6), (2, 0), denominator=2)
    rational = packed.unpacked()
    assert packed.is_packed
    assert not rational.is_packed
    assert rational.pack().is_packed
    assert order.equal(packed, rational).all()
    assert [x.tolist() for x in packed.numerators()[:2]] == [[2, 1], [-3, 0]]
    assert (packed.scalars() == rational.scalars()).all()
    assert (order.floats(packed) == order.floats(rational)).all()
    assert (order.sign(packed) == order.sign(rational)).all()
    assert (sorting.argsort(packed) == sorting.argsort(rational)).all()


def test_tight_finds_the_least_denominator_and_the_true_bound():
    x = LatticeArray.packed(np.array([4, 8]), np.array([-12, 0]), 60, bound=10**9)
    tight = x.tight()
    assert (tight.denominator, tight.bound) == (15, 3)
    assert tight.tight() is tight
    low = LatticeArray.packed(np.array([-(2**63)]), np.array([0]), 2**62)
    assert (low.tight().denominator, low.tight().bound) == (1, 2)


def test_bounds_overestimated_by_a_chain_do_not_promote():
    x = of((1, 1), denominator=2)
    for _ in range(200):
        x = arithmetic.subtract(arithmetic.add(x, x), x)
    assert x.is_packed
    assert x.scalars()[0] == GoldenExact("1/2", "1/2")


def test_arrays_are_read_only():
    x = as_lattice([[1, 2]])
    with pytest.raises(ValueError, match="read-only"):
        x.a[0, 0] = 5
    y = of((2**70, 1)).unpacked()
    with pytest.raises(ValueError, match="read-only"):
        y.b[0] = mpq(1)


def test_zero_dimensional_and_empty():
    for x in (as_lattice(3), as_lattice(mpz(2) ** 80), as_lattice(np.zeros((0, 2), int))):
        assert arithmetic.add(x, x).shape == x.shape
        assert arithmetic.multiply(x, x).shape == x.shape
        assert order.sign(x).shape == x.shape
        assert order.floor(x).shape == x.shape
        assert arithmetic.reciprocal(x).shape == x.shape
        assert x.pack().numerators()[0].shape == x.shape


@pytest.mark.parametrize("k", [0, 1, 5, 30, 60, 90])
def test_sign_under_cancellation(k):
    """F_(k+1) - F_k φ is (-1/φ)^k up to sign: its float cancels completely."""
    f = [0, 1]
    while len(f) < k + 3:
        f.append(f[-1] + f[-2])
    x = of((f[k + 1], -f[k]), (-f[k + 1], f[k]))
    assert order.sign(x).tolist() == [(-1) ** k, -((-1) ** k)]
    assert order.sign(x.unpacked()).tolist() == [(-1) ** k, -((-1) ** k)]


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=30))
def test_distinct_and_isin(pairs):
    x = of(*pairs)
    found = sets.distinct(x)
    scalars = list(x.scalars())
    assert list(found.values.scalars()) == sorted(set(scalars))
    assert list(found.values[found.inverse].scalars()) == scalars
    assert [scalars.index(v) for v in found.values.scalars()] == found.indices.tolist()
    assert [scalars.count(v) for v in found.values.scalars()] == found.counts.tolist()
    half = x[: len(pairs) // 2]
    assert sets.isin(x, half).tolist() == [v in list(half.scalars()) for v in scalars]


def test_assign_promotes():
    x = joining.assign(as_lattice([1, 2]), 0, as_lattice(2**80))
    assert x.scalars().tolist() == [2**80, 2]
    y = joining.assign(x, 0, as_lattice(5))
    assert y.is_packed


# -- one suite over all layouts -----------------------------------------------------------


def packed(pairs, d):
    return of(*pairs, denominator=d)


def fractional(pairs, d):
    """The same values, each over a denominator of its own multiple."""
    scale = np.arange(1, len(pairs) + 1)
    a, b = (np.array(x) * scale for x in zip(*pairs, strict=True))
    return LatticeArray.fractional(a, b, d * scale)


def rational(pairs, d):
    return of(*pairs, denominator=d).unpacked()


LAYOUTS = [packed, fractional, rational]
elements = st.lists(
    st.tuples(st.integers(-(2**20), 2**20), st.integers(-(2**20), 2**20)), min_size=2, max_size=6
)


@pytest.mark.parametrize(("left", "right"), list(itertools.product(LAYOUTS, LAYOUTS)))
@given(elements, st.integers(1, 10**6), st.integers(1, 10**6), st.data())
def test_every_layout_computes_the_same(left, right, pairs, d, e, data):
    others = data.draw(st.permutations(pairs))
    x, y = left(pairs, d), right(others, e)
    p, q = list(x.scalars()), list(y.scalars())
    assert p == [GoldenExact.from_numerators(a, b, d) for a, b in pairs]
    both = list(zip(p, q, strict=True))
    assert list(arithmetic.add(x, y).scalars()) == [u + v for u, v in both]
    assert list(arithmetic.subtract(x, y).scalars()) == [u - v for u, v in both]
    assert list(arithmetic.multiply(x, y).scalars()) == [u * v for u, v in both]
    assert list(arithmetic.conjugate(x).scalars()) == [u.galois_conjugate() for u in p]
    assert list(order.floor(x).scalars()) == [u.__floor__() for u in p]
    assert order.equal(x, y).tolist() == [u == v for u, v in both]
    assert order.compare(x, y, np.less).tolist() == [u < v for u, v in both]
    assert order.floats(x).tolist() == [float(u) for u in p]
    assert sorting.argsort(x).tolist() == sorted(range(len(p)), key=p.__getitem__)
    joined = joining.join(lambda s, t: np.concatenate([s, t]), x, y)
    assert list(joined.scalars()) == p + q
    assert reductions.sum(x).scalars().item() == sum(p)
    assert products.contract(np.dot, x, y, len(p)).scalars().item() == sum(u * v for u, v in both)
    if all(q):
        assert list(arithmetic.divide(x, y).scalars()) == [u / v for u, v in both]
    n, m, least = x.numerators()
    assert math.gcd(*map(int, n), *map(int, m), least) == 1
    assert x.extent() == (max(abs(int(k)) for k in m), least)


@pytest.mark.parametrize("slack", [-1, 0, 1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_products_at_the_bound_of_int64(layout, slack):
    root = math.isqrt(INT64_MAX // 3) + slack
    pairs = [(root, root), (-root, root - 1)]
    x = layout(pairs, 1)
    expected = [GoldenExact(a, b) ** 2 for a, b in pairs]
    assert list(arithmetic.multiply(x, x).scalars()) == expected


@pytest.mark.parametrize("bits", [20, 24, 25, 31, 40, 47, 52, 62])
@pytest.mark.parametrize("shape", [(3, 4, 5), (20, 30, 20)])
def test_matrix_products_at_every_width(bits, shape):
    n, m, k = shape
    rng = np.random.default_rng(bits)
    a, b = rng.integers(-(2**bits), 2**bits, (2, n, m))
    c, d = rng.integers(-(2**bits), 2**bits, (2, m, k))
    product = products.matmul(LatticeArray.packed(a, b), LatticeArray.packed(c, d))
    a, b, c, d = (flint.fmpz_mat(part.tolist()) for part in (a, b, c, d))
    bd = b * d
    p, q, _ = product.numerators()
    p, q = (flint.fmpz_mat([[int(x) for x in row] for row in part]) for part in (p, q))
    assert p == a * c + bd
    assert q == a * d + b * c + bd


@pytest.mark.parametrize("batch", [((), ()), ((2,), ()), ((2, 1), (3,)), ((0,), (1,))])
def test_products_of_big_matrices(batch):
    """Entries beyond every limb: FLINT, against sums of scalars."""
    rng = np.random.default_rng(7)
    left, right = (*batch[0], 7, 9), (*batch[1], 9, 8)
    x = of(
        *[(int(n) * 3**50, int(m) + 1) for n, m in rng.integers(-9, 9, (math.prod(left), 2))]
        or [(0, 0)]
    )
    y = of(*rng.integers(-9, 9, (math.prod(right), 2)).tolist(), denominator=7**40)
    x, y = x[: math.prod(left)].map(lambda p: p.reshape(left)), y.map(lambda p: p.reshape(right))
    product = products.matmul(x, y)
    assert np.array_equal(product.scalars(), np.matmul(x.scalars(), y.scalars()))
    rows, columns = x.map(np.atleast_2d), y
    assert order.equal(products.einsum("...ij,...jk->...ik", rows, columns), product).all()


def test_many_denominators_stay_small():
    """A shared denominator would have lcm(1..100), 136 bits."""
    d = np.arange(1, 101)
    x = LatticeArray.fractional(np.ones(100, int), d * 0 + 1, d)
    y = arithmetic.multiply(x, arithmetic.reciprocal(x))
    assert not x.is_rational
    assert set(y.scalars()) == {1}
    assert arithmetic.add(x, x).scalars()[2] == GoldenExact("2/3", "2/3")


@pytest.mark.parametrize("size", [5000, 100_000])
def test_compiled_loops_agree_with_numpy(size, monkeypatch):
    rng = np.random.default_rng(size)
    a, b, c, d = rng.integers(-(2**29), 2**29, (4, size))
    a[:9], b[:9] = [0, 1, -1, 2, 3, -3, 5, -5, 8], [0, -1, 1, -1, -2, 2, -3, 3, -5]
    c[:9] = d[:9] = 0

    def results():
        x, y = LatticeArray.packed(a, b), LatticeArray.packed(c, d)
        scalar = LatticeArray.packed(np.array(3), np.array(-2))
        yield from (arithmetic.add(x, y), arithmetic.subtract(x, y), arithmetic.multiply(x, y))
        yield from (arithmetic.multiply(x, scalar), order.floor(x), order.absolute(x))
        yield from (order.floor(arithmetic.multiply(x, scalar)), order.relu(y))
        yield order.compare(x, y, np.less)
        yield order.sign(x)

    monkeypatch.setattr(loops, "compiled_pays", lambda size: True)
    compiled = list(results())
    monkeypatch.setattr(loops, "compiled_pays", lambda size: False)
    for fast, plain in zip(compiled, results(), strict=True):
        if isinstance(fast, LatticeArray):
            assert order.equal(fast, plain).all()
        else:
            assert (fast == plain).all()


@pytest.mark.parametrize("denominator", [INT64_MAX, INT64_MAX + 1, 2**64, 3 << 70])
def test_a_packed_array_never_has_a_denominator_beyond_int64(denominator):
    a, b = np.array([1, 2, 1 << 40]), np.array([0, 3, -(1 << 41)])
    x = LatticeArray.packed(a, b, denominator)
    assert x.is_rational or x.denominator <= INT64_MAX
    p, q = x.fractions()
    assert [(u, v) for u, v in zip(p, q, strict=True)] == [
        (mpq(int(u), denominator), mpq(int(v), denominator)) for u, v in zip(a, b, strict=True)
    ]


@pytest.mark.parametrize("denominator", [0, -1, -(1 << 70)])
def test_a_denominator_that_is_not_positive_is_refused(denominator):
    with pytest.raises(ValueError, match="a denominator must be positive"):
        LatticeArray.packed(np.array([1]), np.array([0]), denominator)


def test_what_only_moves_elements_may_not_compute():
    x = LatticeArray.fractional(np.array([1, 2]), np.array([0, 1]), np.array([2, 3]))
    with pytest.raises(ValueError, match="was to move elements"):
        x.map(np.negative)
    with pytest.raises(ValueError, match="was to move elements"):
        joining.join(lambda p, q: np.concatenate([p, -q]), x, x)
    assert x.map(lambda part: np.pad(part, 1)).denominator.tolist() == [1, 2, 3, 1]


@pytest.mark.parametrize("denominators", [[1, 1, 1], [6, 6, 6], [2, 3, 4]])
def test_numbers_of_gmp_in_every_layout(denominators):
    a, b, d = np.array([1, -2, 3]), np.array([0, 5, 7]), np.array(denominators)
    x = LatticeArray.fractional(a, b, d)
    for same in (x, x.unpacked(), as_lattice(x.scalars())):
        found = same.in_gmp()
        assert found.scalars().tolist() == x.scalars().tolist()
        assert {type(e) for part in (found.a, found.b) for e in part} <= {type(mpz()), type(mpq())}


def test_long_products_of_elements_with_denominators_of_their_own():
    n = 600
    x = LatticeArray.fractional(np.full(n, 3), np.zeros(n, int), np.arange(1, n + 1))
    product = GoldenExact(mpq(3**n, math.factorial(n)))
    assert reductions.prod(x).scalars().item() == product
    assert scans.cumprod(x, 0)[-1].scalars().item() == product

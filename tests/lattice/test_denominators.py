"""Arrays whose elements have denominators of their own, against scalars and Fractions.

The families are the hard cases: coprime denominators, powers of two at the end of int64, equal
values that look different, values closer than floats, and sums that cancel.
"""

import itertools
from math import lcm

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpq

import syntonic
from syntonic import GoldenExact
from syntonic.lattice import (
    arithmetic,
    fraction_residues,
    fractional,
    joining,
    limb_sums,
    order,
    products,
    quotients,
    reductions,
    residue_products,
    sets,
    sorting,
)
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.lattice.fraction_residues import OverLeast
from syntonic.lattice.linalg import solve as linalg

SIZE = 90  # compiled loops serve it, where numba is loaded
RNG = np.random.default_rng(5)
SIGNS = RNG.choice([-1, 1], SIZE)
PRIMES = [p for p in range(2**31 - 2500, 2**31) if gmpy2.is_prime(p)][:SIZE]
FIBONACCI = [0, 1]
while len(FIBONACCI) < 90:
    FIBONACCI.append(sum(FIBONACCI[-2:]))


def integers(bits, size=SIZE):
    return RNG.integers(-(2**bits), 2**bits, size)


def family(a, b, d):
    return LatticeArray.fractional(
        *(np.resize(np.array(part, np.int64), SIZE) for part in (a, b, d))
    )


FAMILIES = {
    "coprime": family(integers(30), integers(30), PRIMES),
    "powers of two": family(integers(61), integers(61), [2**k for k in range(50, 63)]),
    "the end of int64": family(
        [INT64_MAX, -INT64_MAX, 1, 0, -INT64_MAX - 1], integers(62), [INT64_MAX, 2**62, 3, 2**31]
    ),
    "equal": family(
        np.arange(1, SIZE + 1) * 5, np.arange(1, SIZE + 1) * -3, np.arange(1, SIZE + 1) * 7
    ),
    "ties": family(
        [n * 2**20 + k for n, k in zip(range(SIZE), [0, 1, -1, 1, 0] * 18, strict=True)],
        [0],
        [max(n, 1) * 2**20 for n in range(SIZE)],
    ),
    "closer than floats": family(2**55 + RNG.integers(0, 3, SIZE), [1], RNG.integers(1, 3, SIZE)),
    "cancelling": family(FIBONACCI[1:], [-f for f in FIBONACCI[:-1]], RNG.integers(1, 99, SIZE)),
    "zeros": family([0, 1, 0, -1], [0, 0, 2, 0], [1, 2, 3, 4, 5, 6, 7]),
    "short": family(integers(20), integers(20), RNG.integers(1, 100, SIZE)),
    "telescoping": family(SIGNS * 0 + 1, [0], [n * (n + 1) for n in range(1, SIZE + 1)]),
    "opposite": family(SIGNS, -SIGNS, np.repeat(RNG.integers(1, 2**60, SIZE // 2), 2)),
}
PACKED = LatticeArray.packed(integers(20), integers(20), 6)
RATIONAL = arithmetic.multiply(FAMILIES["coprime"], FAMILIES["powers of two"])
LONG = LatticeArray.from_numerators(
    *(np.array([n**400 * int(s) for n, s in enumerate(SIGNS)], object) for _ in "ab"), 7**90
)
ARRAYS = {**FAMILIES, "packed": PACKED, "rational": RATIONAL, "long": LONG}
PAIRS = [*itertools.product(ARRAYS, FAMILIES), ("rational", "long"), ("long", "long")]


@pytest.fixture(params=[True, False], ids=["compiled", "plain"], autouse=True)
def compiled(request, monkeypatch):
    for module in (fraction_residues, fractional, limb_sums, quotients):
        monkeypatch.setattr(module, "compiled_pays", lambda size: request.param)
    return request.param


def resized(x, shape):
    return x.map(lambda part: np.resize(part, shape))


def scalars(x):
    return x.scalars().tolist()


def test_the_layouts_are_those_meant():
    assert all(not (x.is_packed or x.is_rational) for x in list(FAMILIES.values())[:3])
    assert all(x.is_rational for x in (RATIONAL, LONG))
    assert PACKED.is_packed


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_element_by_element(left, right):
    x, y = ARRAYS[left], ARRAYS[right]
    p, q = x.scalars(), y.scalars()
    assert scalars(arithmetic.add(x, y)) == (p + q).tolist()
    assert scalars(arithmetic.subtract(x, y)) == (p - q).tolist()
    assert scalars(arithmetic.multiply(x, y)) == (p * q).tolist()
    assert order.equal(x, y).tolist() == (p == q).tolist()
    for ufunc in (np.less, np.less_equal, np.greater, np.greater_equal):
        assert order.compare(x, y, ufunc).tolist() == ufunc(p, q).tolist()
    assert scalars(order.maximum(x, y)) == np.maximum(p, q).tolist()
    if np.all(q != 0):
        assert scalars(arithmetic.divide(x, y)) == (p / q).tolist()


@pytest.mark.parametrize("name", ARRAYS)
def test_one_array(name):
    x = ARRAYS[name]
    p = x.scalars()
    ranked = sorted(range(SIZE), key=p.tolist().__getitem__)
    assert sorting.argsort(x).tolist() == ranked
    assert sorting.argmax(x) == p.argmax()
    assert sorting.argmin(x) == p.argmin()
    assert order.sign(x).tolist() == [e.sign() for e in p]
    assert order.floor(x).scalars().tolist() == [e.__floor__() for e in p]
    assert scalars(order.absolute(x)) == abs(p).tolist()
    assert scalars(sets.distinct(x).values) == sorted(set(p.tolist()))
    if name != "long":
        assert order.floats(x).tolist() == [float(e) for e in p]
    shifted = x.map(lambda part: np.roll(part, 1))
    assert scalars(order.minimum(x, shifted)) == np.minimum(p, np.roll(p, 1)).tolist()


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, SIZE])
def test_sums(name, size):
    x = ARRAYS[name][:size]
    p = scalars(x)
    total = sum(p, GoldenExact(0))
    assert scalars(reductions.sum(x)) == total
    assert scalars(reductions.cumsum(x)) == list(itertools.accumulate(p))
    if size:
        assert scalars(reductions.mean(x)) == total / size
        spread = sum((e - total / size) ** 2 for e in p) / size
        assert scalars(reductions.var(x)) == spread


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (), (2, 0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_along_axes(name, axis, keepdims):
    x = ARRAYS[name].map(lambda part: part.reshape(3, 5, 6))
    total = reductions.sum(x, axis, keepdims)
    wanted = np.asarray(np.sum(x.scalars(), axis=axis, keepdims=keepdims), object)
    assert total.shape == wanted.shape
    assert scalars(total) == wanted.tolist()


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0)])
def test_sums_of_nothing(shape):
    x = RATIONAL[:0].map(lambda part: part.reshape(shape))
    for axis in (0, 1, None):
        assert scalars(reductions.sum(x, axis)) == np.sum(np.zeros(shape), axis=axis).tolist()


def test_numbers_without_axes():
    for x in (FAMILIES["coprime"][3], RATIONAL[3]):
        p = x.scalars().item()
        assert scalars(reductions.sum(x)) == p
        assert scalars(arithmetic.add(x, x)) == p + p
        assert scalars(arithmetic.subtract(x, RATIONAL[5])) == p - RATIONAL[5].scalars().item()
        assert order.compare(x, RATIONAL[4], np.less).item() is (p < RATIONAL[4].scalars().item())
        assert order.floats(x) == float(p)


def test_large_numbers_without_axes_do_not_wrap():
    """Python integers of int64's size, of which NumPy would make int64."""
    big = LatticeArray(np.array(mpq(2**62, 3)), np.array(mpq(2**62, 3)), None, None)
    one = LatticeArray.packed(np.array(2**62), np.array(2**62))
    assert scalars(arithmetic.add(big, one)) == big.scalars().item() + one.scalars().item()


def test_broadcasting():
    x = FAMILIES["coprime"].map(lambda part: part.reshape(9, 10))
    for y in (FAMILIES["powers of two"], RATIONAL, PACKED):
        row, column = y[:10], y[:9].map(lambda part: part[:, None])
        for z, function in itertools.product((row, column, y[4]), (np.add, np.multiply)):
            mine = {np.add: arithmetic.add, np.multiply: arithmetic.multiply}[function]
            assert scalars(mine(x, z)) == function(x.scalars(), z.scalars()).tolist()
            less = order.compare(x, z, np.less)
            assert less.tolist() == np.less(x.scalars(), z.scalars()).tolist()


@pytest.mark.parametrize(("left", "right"), [(x, y) for x, y in PAIRS if "long" not in (x, y)])
def test_products(left, right):
    x, y = ARRAYS[left], ARRAYS[right]
    p, q = x.scalars(), y.scalars()
    assert products.contract(np.dot, x, y, SIZE).scalars().item() == np.dot(p, q)
    x, y = resized(x, (6, 8)), resized(y, (8, 6))
    p, q = x.scalars(), y.scalars()
    assert scalars(products.matmul(x, y)) == np.matmul(p, q).tolist()
    assert scalars(products.matmul(x, y[:, 0])) == np.matmul(p, q[:, 0]).tolist()
    assert scalars(products.matmul(x[0], y)) == np.matmul(p[0], q).tolist()


PRODUCTS = {
    "ij,jk->ki": ((4, 5), (5, 3)),
    "ij,ji->": ((4, 5), (5, 4)),
    "ij,kl->jl": ((2, 3), (4, 2)),
    "ii,ij->j": ((4, 4), (4, 5)),
    "iij,jk->ik": ((3, 3, 4), (4, 2)),
    "ij,ij->ij": ((4, 5), (4, 5)),
    "ij,k->kij": ((2, 3), (4,)),
    "bij,bjk->bik": ((2, 3, 4), (2, 4, 3)),
    "...ij,jk": ((2, 3, 4), (4, 3)),
    "i,i": ((7,), (7,)),
}


@pytest.mark.parametrize("subscripts", PRODUCTS)
@pytest.mark.parametrize(("left", "right"), [("coprime", "short"), ("rational", "packed")])
def test_einsum(subscripts, left, right):
    x, y = map(resized, (ARRAYS[left], ARRAYS[right]), PRODUCTS[subscripts])
    wanted = np.einsum(subscripts, x.scalars(), y.scalars(), optimize=False)
    assert scalars(products.einsum(subscripts, x, y)) == np.asarray(wanted, object).tolist()


@pytest.mark.parametrize("subscripts", ["iij->j", "iij->ij", "ijk->ki", "iji->", "ijk->"])
@pytest.mark.parametrize("name", ["coprime", "short", "rational"])
def test_einsum_of_one(subscripts, name):
    x = ARRAYS[name].map(lambda part: part[:27].reshape(3, 3, 3))
    wanted = np.einsum(subscripts, x.scalars())
    assert scalars(products.einsum(subscripts, x)) == np.asarray(wanted, object).tolist()


@pytest.mark.parametrize("name", ["coprime", "short", "rational"])
def test_traces(name):
    x = ARRAYS[name].map(lambda part: part.reshape(3, 5, 6))
    for offset, axes in itertools.product((-1, 0, 2, 9), [(0, 1), (2, 0), (-1, -2)]):
        wanted = np.trace(x.scalars(), offset, *axes)
        found = products.trace(x, offset, *axes)
        assert [e or 0 for e in scalars(found)] == [e or 0 for e in np.asarray(wanted).tolist()]


def test_other_products():
    for x, y in itertools.permutations((FAMILIES["coprime"][:4], RATIONAL[:5], PACKED[:3]), 2):
        for function in (np.outer, np.kron):
            wanted = function(x.scalars(), y.scalars())
            assert scalars(arithmetic.bilinear(function, x, y, 1)) == wanted.tolist()
    m = FAMILIES["short"].map(lambda part: part[:24].reshape(4, 6))
    n = FAMILIES["coprime"].map(lambda part: part[:30].reshape(5, 6))
    wanted = np.inner(m.scalars(), n.scalars())
    assert scalars(products.contract(np.inner, m, n, 6)) == wanted.tolist()
    wanted = np.inner(m.scalars()[0], n.scalars())
    assert scalars(products.contract(np.inner, m[0], n, 6)) == wanted.tolist()
    assert (
        scalars(products.contract(np.vecdot, n, m[1], 6))
        == np.inner(n.scalars(), m.scalars()[1]).tolist()
    )


def test_long_rows_are_treated_one_by_one():
    """200 coprime denominators are beyond what a row is brought over."""
    d = np.array([p for p in range(2**29, 2**29 + 9000) if pow(2, p - 1, p) == 1][:200])
    x = LatticeArray.fractional(
        integers(20, (2, 200)), integers(20, (2, 200)), np.stack([d, d + 1])
    )
    y = x.map(lambda part: part.T)
    assert scalars(products.matmul(x, y)) == np.matmul(x.scalars(), y.scalars()).tolist()


@pytest.mark.parametrize("compiled", [True], indirect=True)
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(threads):
    before = syntonic.get_num_threads()
    n = 300_000
    rng = np.random.default_rng(2)
    a, b, c, e = rng.integers(-(2**30), 2**30, (4, n))
    d, f = rng.integers(1, 2**31, (2, n)) | 1
    x = LatticeArray.fractional(a, b, d << 1)
    y = LatticeArray.fractional(c, e, f << 9)
    try:
        syntonic.set_num_threads(threads)
        floats, signs = order.floats(x), order.compare(x, y, np.less)
        places = rng.integers(0, n, 50)
        p, q = x[places].scalars(), y[places].scalars()
        assert floats[places].tolist() == [float(v) for v in p]
        assert signs[places].tolist() == (p < q).tolist()
    finally:
        syntonic.set_num_threads(before)


@pytest.mark.parametrize("primes", [1, 2, 8, 9])
@pytest.mark.parametrize("twos", [0, 1, 62])
def test_sums_over_a_few_words(primes, twos, compiled):
    """Eight primes of 62 bits are as many as the compiled loop takes."""
    large = [2**62 - k for k in (57, 87, 117, 143, 153, 167, 171, 195, 203)][:primes]
    assert all(gmpy2.is_prime(p) for p in large)
    d = np.resize([*large, 1 << twos], (40, 3))
    a, b = RNG.integers(-INT64_MAX - 1, INT64_MAX, (2, 40, 3), endpoint=True)
    a[:5], b[:5] = -INT64_MAX - 1, [[0], [1], [INT64_MAX], [-1], [-INT64_MAX - 1]]
    x = LatticeArray.fractional(a, b, d)
    assert (limb_sums.short_sums(x) is not None) is (compiled and 62 * primes + twos <= 512)
    assert scalars(reductions.sum(x, 0)) == x.scalars().sum(axis=0).tolist()
    assert scalars(reductions.sum(x)) == x.scalars().sum()


@pytest.mark.parametrize("primes", [1, 2, 8, 9])
@pytest.mark.parametrize("twos", [0, 1, 62])
def test_elements_over_a_few_words(primes, twos, compiled):
    """As residues, over their least common denominator, and products of them."""
    large = [2**62 - k for k in (57, 87, 117, 143, 153, 167, 171, 195, 203)][:primes]
    d = np.resize([*large, 1 << twos], (11, 11))
    a, b = RNG.integers(-INT64_MAX - 1, INT64_MAX, (2, 11, 11), endpoint=True)
    a[0, :5], b[0, :5] = -INT64_MAX - 1, [0, 1, INT64_MAX, -1, -INT64_MAX - 1]
    x = LatticeArray.fractional(a, b, d)
    over = OverLeast.of(x)
    assert (over is not None) is (compiled and 62 * primes + twos <= 512)
    if over is not None:
        check_images(x, over)
    y = arithmetic.conjugate(FAMILIES["short"].map(lambda part: part[:77].reshape(11, 7)))
    for function, left, right in ((np.matmul, x, y), (np.dot, x, y), (np.inner, x, x)):
        p, q = left.scalars(), right.scalars()
        assert scalars(products.contract(function, left, right, 11)) == function(p, q).tolist()


def check_images(x, over):
    """Against integers: (a + bt)·(multiple/d) modulo each prime, for both roots t."""
    plan = residue_products.plan_of(11, 1000)
    multiple = lcm(*x.denominator.ravel().tolist())
    assert over.denominator == multiple
    a, b, d = (part.astype(object) for part in (x.a, x.b, x.denominator))
    assert max(np.abs(part * (multiple // d)).max() for part in (a, b)) <= over.bound
    for first, last in ((0, 8), (3, len(plan.primes))):
        found = over.images(plan, first, last)
        assert np.abs(found).max() <= plan.p[0] / 2 + 1
        for k, p in enumerate(plan.primes[first:last]):
            for r, t in enumerate(plan.roots[first + k].astype(int).tolist()):
                assert (t * t - t - 1) % p == 0
                rest = (a + b * t) * (multiple // d) - found[k, r].astype(int).astype(object)
                assert not (rest % p).any()


@pytest.mark.parametrize("most", [1, 7, 60, 120, 121, 130, 10**6])
def test_products_of_few_and_of_many_denominators(most, compiled):
    """As many up to the largest as elements, fewer, and more."""
    d = np.resize(RNG.integers(1, most + 1, 6), (11, 11))
    d[0, 0] = most
    a, b = RNG.integers(-(1 << 40), 1 << 40, (2, 11, 11))
    x, y = (LatticeArray.fractional(a[::s], b, d) for s in (1, -1))
    if most > 1 and compiled:
        check_images(x, OverLeast.of(x))
    assert scalars(products.matmul(x, y)) == (x.scalars() @ y.scalars()).tolist()


def test_products_over_primes_of_the_residues():
    """There multiples have no images as quotients, and the integers are taken."""
    bits = 600
    for p in residue_products.plan_of(11, bits).primes[:3]:
        d = np.resize([p, 1, 2, p, 3], (11, 11))
        a, b = RNG.integers(-(1 << 20), 1 << 20, (2, 11, 11))
        x = LatticeArray.fractional(a, b, d)
        assert scalars(products.matmul(x, x)) == (x.scalars() @ x.scalars()).tolist()


@pytest.mark.parametrize("width", [1, 2, 7])
@pytest.mark.parametrize("most", [1, 2, 12, 97, 300])
def test_sums_by_denominator(width, most):
    """Of as many elements as there are denominators up to the largest, of more, and of fewer."""
    for count in (most + 1, most + 2, most, 5 * most, 500):
        d = RNG.integers(1, most + 1, (count, width))
        d[0, 0] = most
        a, b = RNG.integers(-(1 << 20), 1 << 20, (2, count, width))
        long = RNG.choice([INT64_MAX, -INT64_MAX - 1], (count, width))
        for p, q in ((a, b), (a, 0 * b), (long, b), (long // count, -(long // count)), (0 * a, b)):
            x = LatticeArray.fractional(p, q, d)
            assert scalars(reductions.sum(x, 0)) == x.scalars().sum(axis=0).tolist()


def test_divisors_without_phi_keep_their_size():
    x = LatticeArray.packed(integers(30), integers(30), 7)
    for n in (np.arange(1, SIZE + 1) * SIGNS, integers(62) | 1, np.full(SIZE, -INT64_MAX - 1)):
        y = LatticeArray.packed(n, 0 * n, 3)
        assert scalars(arithmetic.divide(x, y)) == (x.scalars() / y.scalars()).tolist()
        assert scalars(arithmetic.reciprocal(y)) == (1 / y.scalars()).tolist()
        assert arithmetic.reciprocal(y).over <= max(map(abs, n.tolist()))
    y = FAMILIES["short"]
    y = LatticeArray(y.a | 1, 0 * y.b, y.denominator, None)
    assert scalars(arithmetic.divide(x, y)) == (x.scalars() / y.scalars()).tolist()


def test_sums_of_any_length_reduce_to_lowest_terms():
    for n in (5, 100, 3000):
        d = np.arange(1, n + 1)
        x = LatticeArray.fractional(np.ones(n, int), 0 * d, d * (d + 1))
        assert scalars(reductions.sum(x)) == GoldenExact(mpq(n, n + 1))
        harmonic = reductions.sum(LatticeArray.fractional(0 * d, np.ones(n, int), d))
        least = lcm(*range(1, n + 1))
        numerator = sum(least // k for k in range(1, n + 1))
        assert scalars(harmonic) == GoldenExact(0, mpq(numerator, least))


@pytest.mark.parametrize("name", ["coprime", "short", "rational", "long"])
@pytest.mark.parametrize("batch", [(), (2,), (1, 3)])
def test_linear_algebra(name, batch):
    """By laws, and the determinant by its expansion."""
    x = ARRAYS[name].map(lambda part: np.resize(np.roll(part, 1), (*batch, 4, 4)).copy())
    x = joining.assign(x, (..., range(4), range(4)), as_lattice([1, -2, 5, 7]))
    p = x.scalars()
    expansion = sum(
        parity(order) * np.prod([p[..., i, j] for i, j in enumerate(order)], axis=0)
        for order in itertools.permutations(range(4))
    )
    assert scalars(linalg.det(x)) == np.asarray(expansion, object).tolist()
    eye = np.broadcast_to(np.eye(4, dtype=int), p.shape)
    assert scalars(products.matmul(linalg.inverse(x), x)) == eye.tolist()
    y = FAMILIES["coprime"].map(lambda part: part[:8].reshape(4, 2))
    solved = products.matmul(x, linalg.solve(x, y))
    assert (solved.scalars() == y.scalars()).all()
    twice = joining.join(lambda s, t: np.concatenate([s, t], -2), x, x)
    assert np.all(linalg.rank(twice) == 4)
    half = linalg.echelon(x.map(lambda part: part[..., :2, :]))
    assert (half.scalars()[..., :, :2] == np.eye(2, dtype=int)).all()
    kernel = linalg.nullspace(half)
    product = products.matmul(x.map(lambda part: part[..., :2, :]), kernel)
    assert not order.nonzero(product).any()


def parity(order):
    return (-1) ** sum(i > j for i, j in itertools.combinations(order, 2))

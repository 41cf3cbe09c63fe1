"""Products whose sums no float64 holds: limbs, residues and FLINT against integers of Python.

The oracles are NumPy's own loops on object arrays, and FLINT's matrices with φ as [[0, 1], [1, 1]].
"""

import random
from fractions import Fraction

import flint
import numpy as np
import pytest

from syntonic import PHI, ResonantTensor
from syntonic.lattice import array, limbs, long_products
from syntonic.lattice import residue_products as rp
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.linalg.primes import fields
from syntonic.lattice.long_products import long_product
from syntonic.lattice.products import contract, matmul


@pytest.fixture(autouse=True, params=["objects", "limbs"])
def layout(request, monkeypatch):
    """How long numbers are held: without numba as objects, with it in limbs."""
    for module in (array, long_products, rp):
        monkeypatch.setattr(module, "compiled_pays", lambda size: request.param == "limbs")
    return request.param


def integers(shape, bits, seed=0):
    """Integers |n| < 2^bits, with both ends among them, as an object array."""
    draw = random.Random(f"{shape} {bits} {seed}")
    flat = [draw.getrandbits(bits + 1) - (1 << bits) for _ in range(int(np.prod(shape)))]
    for i, n in enumerate((1 - (1 << bits), (1 << bits) - 1)):
        if i < len(flat):
            flat[i] = n
    out = np.empty(len(flat), object)
    out[:] = [max(n, 1 - (1 << bits)) for n in flat]
    return out.reshape(shape)


def lattice(shape, bits, seed=0, denominator=1):
    a, b = integers(shape, bits, seed), integers(shape, bits, seed + 1)
    return LatticeArray.from_numerators(a, b, denominator)


_fraction = np.frompyfunc(lambda e: Fraction(int(e.numerator), int(e.denominator)), 1, 1)


def fractions(x):
    return [np.asarray(_fraction(part), object) for part in x.fractions()]


def expected(function, x, y):
    (a, b), (c, d) = fractions(x), fractions(y)
    return function(a, c) + function(b, d), function(a, d) + function(b, c) + function(b, d)


def check(function, x, y, terms, product=contract):
    out = product(function, x, y, terms)
    a, b = fractions(out)
    p, q = (np.asarray(part, object) for part in expected(function, x, y))
    assert (a.tolist(), b.tolist()) == (p.tolist(), q.tolist())
    assert a.shape == p.shape
    fits = all(-(1 << 63) <= n < 1 << 63 and n.denominator == 1 for n in (*a.flat, *b.flat))
    assert out.is_packed or not fits
    return out


BITS = (20, 23, 24, 30, 31, 40, 47, 48, 61, 62, 63, 64, 65, 79, 80, 128, 256, 700)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("shapes", [((12, 12), (12, 12)), ((3, 70), (70, 5)), ((1, 600), (600, 1))])
def test_matrices(bits, shapes):
    x, y = lattice(shapes[0], bits), lattice(shapes[1], bits, 2)
    check(np.matmul, x, y, shapes[0][1])


@pytest.mark.parametrize("bits", [(20, 60), (62, 3), (200, 1), (1, 300), (63, 63)])
def test_unequal_lengths(bits):
    x, y = lattice((11, 13), bits[0]), lattice((13, 9), bits[1], 2)
    check(np.matmul, x, y, 13)


@pytest.mark.parametrize("bits", [40, 62, 90])
@pytest.mark.parametrize(
    ("function", "first", "second", "terms"),
    [
        (np.matmul, (5, 1, 6, 6), (4, 6, 7), 6),
        (np.matmul, (600,), (600,), 600),
        (np.matmul, (30, 40), (40,), 40),
        (np.dot, (700,), (700,), 700),
        (np.dot, (4, 9, 10), (10, 8), 10),
        (np.inner, (20, 16), (30, 16), 16),
        (np.vecdot, (90, 12), (90, 12), 12),
        (lambda p, q: np.tensordot(p, q, 2), (24, 5, 6), (5, 6, 3), 30),
        (lambda p, q: np.einsum("aij,ajk->ik", p, q), (9, 8, 8), (9, 8, 8), 72),
    ],
)
def test_every_kind_of_product(bits, function, first, second, terms):
    check(function, lattice(first, bits), lattice(second, bits, 2), terms)


@pytest.mark.parametrize("bits", [40, 62, 90])
def test_views(bits):
    x, y = lattice((20, 30), bits), lattice((40, 20), bits, 2)
    turned = x.map(lambda part: part.T[::-1, ::2]), y.map(lambda part: part[::-2].T[::2])
    check(np.matmul, *turned, 10)


@pytest.mark.parametrize("ends", [(1 << 26, 1 << 26), (3, (1 << 51) // 3), (1, 1 << 51)])
@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_sums_at_the_limit_of_float64(ends, more, sign):
    """4·terms·|x|·|y| steps over 2^53 and the sum itself over 2^53 to 2^54."""
    terms = 12 * 12
    x = np.full((1, terms), ends[0]) * sign
    y = np.full((terms, 1), ends[1] + more)
    p, q = (LatticeArray.packed(n.copy(), n.copy()) for n in (x, y))
    check(np.matmul, p, q, terms)


@pytest.mark.parametrize("more", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("sign", [1, -1])
def test_sums_at_the_limit_of_int64(more, sign):
    terms = 1 << 10
    total = (1 << 63) + more
    x = np.ones((1, terms), np.int64) * sign
    y = np.full((terms, 1), total // terms)
    y[0] += total % terms
    zero = np.zeros_like
    out = check(np.matmul, LatticeArray.packed(x, zero(x)), LatticeArray.packed(y, zero(y)), terms)
    assert out.is_packed == (-(1 << 63) <= sign * total < 1 << 63)


@pytest.mark.parametrize("n", [0, 1, 1 << 62, (1 << 63) - 1, -(1 << 63)])
@pytest.mark.parametrize("bits", [9, 60])
def test_ends_of_int64_among_entries(n, bits):
    a = np.full((10, 10), n)
    check(np.matmul, LatticeArray.packed(a, a[::-1].copy()), lattice((10, 10), bits), 10)


@pytest.mark.parametrize("bits", [5000, 2100])
def test_longer_than_residues(bits):
    out = check(np.matmul, lattice((8, 9), bits), lattice((9, 8), bits, 2), 9)
    assert out.is_rational


@pytest.mark.parametrize("denominator", [2, 7, (1 << 61) - 1, 1 << 70])
@pytest.mark.parametrize("bits", [40, 62, 100])
def test_denominators(bits, denominator):
    x = lattice((9, 9), bits, denominator=denominator)
    check(np.matmul, x, lattice((9, 9), bits, 2, denominator=3), 9)


def test_denominators_of_each_element():
    x = ResonantTensor([[Fraction(i + 1, j + 2) + PHI for j in range(12)] for i in range(12)])
    y = x * (1 << 40)
    got = (x @ y).tolist()
    assert got == [
        [sum(p * q for p, q in zip(row, column, strict=True)) for column in y.T.tolist()]
        for row in x.tolist()
    ]


def test_wide_numbers_that_have_become_small():
    x = lattice((20, 20), 80).map(lambda part: part[2:, :])
    a, b, _ = x.numerators()
    small = LatticeArray(a % 5, b % 5, None, None)
    assert check(np.matmul, small, small.map(np.transpose), 20).is_packed


@pytest.mark.parametrize("bits", [40, 64, 256])
def test_flint_agrees(bits):
    x, y = lattice((16, 16), bits), lattice((16, 16), bits, 2)

    def companion(z):
        a, b, _ = z.numerators()
        blocks = np.kron(a, [[1, 0], [0, 1]]) + np.kron(b, [[0, 1], [1, 1]])
        return flint.fmpz_mat([[int(n) for n in row] for row in blocks])

    product = (companion(x) * companion(y)).tolist()
    a, b, _ = matmul(x, y).numerators()
    assert [[int(n) for n in row[::2]] for row in product[::2]] == a.tolist()
    assert [[int(n) for n in row[1::2]] for row in product[::2]] == b.tolist()


def test_empty_products():
    for bits in (40, 90):
        for shape in ((0, 5), (5, 0), (0, 0)):
            x = lattice(shape, bits)
            out = long_product(np.matmul, x, x.map(np.transpose), max(shape[1], 1))
            assert out.shape == (shape[0], shape[0])


@pytest.mark.parametrize("terms", [8, 9, 31, 32, 127, 128, 255])
@pytest.mark.parametrize("bits", [20, 21, 22, 23, 24, 25, 31, 40, 41, 42, 43, 44, 45, 46, 47, 62])
def test_sums_as_long_as_they_can_be(bits, terms):
    """Every product of the largest size: where floats hold the sums of limbs, and just do not."""
    most = (1 << bits) - 1
    for other in (bits, 20):
        short = (1 << other) - 1
        for signs in ((1, 1, 1, 1), (1, -1, -1, 1), (-1, -1, 1, 1), (1, 1, -1, 1)):
            a, b, c, d = (s * n for s, n in zip(signs, (most, most, short, short), strict=True))
            x = LatticeArray.from_numerators(*(np.full((9, terms), n) for n in (a, b)))
            y = LatticeArray.from_numerators(*(np.full((terms, 9), n) for n in (c, d)))
            found = fractions(long_product(np.matmul, x, y, terms))
            parts = terms * (a * c + b * d), terms * (a * d + b * c + b * d)
            assert [set(part.ravel().tolist()) for part in found] == [{n} for n in parts]


@pytest.mark.parametrize("bits", [64, 100, 128, 300, 1000])
def test_products_of_products_stay_in_their_layout(bits, layout):
    x, y = lattice((9, 9), bits, denominator=3), lattice((9, 9), 40, 2)
    assert x.is_wide == (layout == "limbs")
    out = check(np.matmul, check(np.matmul, x, y, 9), y, 9)
    assert out.is_wide == (layout == "limbs" and bits < 900)


# -- parts --------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [0, 1, 15, 16, 17, 31, 32, 47, 48, 63, 64, 65, 100, 4000])
def test_digits_are_the_numbers(bits):
    top = 1 << bits
    numbers = [n for n in (0, 1, -1, top - 1, 1 - top, top // 2, -top // 2) if abs(n) < top]
    x = np.array(numbers, object)
    forms = [x, *([x.astype(np.int64)] if bits <= 63 else [])]
    forms += [limbs.from_objects(x, bits // 64 + more) for more in (1, 2)]
    for form in forms:
        digits = rp.digits_of(form, bits)
        assert [sum(int(d) << (16 * i) for i, d in enumerate(c)) for c in digits.T] == numbers


@pytest.mark.parametrize("length", [4, 5, 6, 9])
def test_integers_are_those_of_their_digits(length):
    ends = [1 << k for k in (0, 15, 16, 47, 48, 62, 63, 16 * length - 1)]
    numbers = [s * n + m for n in ends for s in (1, -1) for m in (-1, 0, 1)]
    limit = 1 << (16 * length - 1)
    numbers = [n for n in numbers if -limit <= n < limit]
    for some in (numbers, [n for n in numbers if -(1 << 63) <= n < 1 << 63]):
        data = b"".join(n.to_bytes(2 * length, "little", signed=True) for n in some)
        digits = np.frombuffer(data, "<u2").reshape(-1, length)
        assert limbs.to_objects(limbs.from_digits(digits, (len(some), 1))).ravel().tolist() == some
        out = rp.integers_of(digits)
        assert out.tolist() == some
        assert (out.dtype == np.int64) == (some is not numbers or length == 4)


@pytest.mark.parametrize("width", [16, 17, 20, 24, 26])
def test_primes_split_and_leave_room(width):
    primes, table = fields(50, 0, width)
    assert list(primes) == sorted(set(primes), reverse=True)
    for p, (modulus, *rest) in zip(primes, table.tolist(), strict=True):
        root, conjugate, slope = map(int, rest)
        assert modulus == p < 1 << width
        assert flint.fmpz(p).is_prime()
        assert (root * root - root - 1) % p == 0 == (conjugate * conjugate - conjugate - 1) % p
        assert slope * (root - conjugate) % p == 1


@pytest.mark.parametrize("terms", [1, 2, 7, 8, 127, 128, 1 << 22])
def test_sums_of_residues_are_exact(terms):
    width = rp.prime_width(terms)
    p = fields(1, 0, width)[0][0]
    assert terms * ((p + 1) // 2) ** 2 <= 1 << 53
    assert rp.prime_width(1 << 23) is None


def test_there_are_primes_enough():
    width = rp.prime_width((1 << 23) - 1)
    assert width == 16
    assert len(rp._plan(width, rp.MOST_BITS).primes) > rp.MOST_BITS // 16
    for terms in (1, 100, 10**6):
        for bits in (10, 64, 500, rp.MOST_BITS):
            plan = rp._plan(rp.prime_width(terms), bits)
            assert int(np.prod(np.array(plan.primes, object))) > 1 << (bits + 2)
            # One fewer would not do.
            assert int(np.prod(np.array(plan.primes[:-1], object))) >> (bits + 2) == 0

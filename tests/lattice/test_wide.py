"""The wide layout against NumPy on object arrays of Python integers."""

import math
import operator
import random
from fractions import Fraction

import numpy as np
import pytest
from effort import thinned
from gmpy2 import mpq, mpz
from hypothesis import given
from hypothesis import strategies as st
from wide_arrays import EDGES, OPERANDS, ints, of, values

import syntonic
from syntonic.exact import pairs
from syntonic.jit import threads as jit_threads
from syntonic.lattice import (
    arithmetic,
    array,
    joining,
    limb_loops,
    limbs,
    order,
    powers,
    reductions,
    sets,
    sorting,
    wide,
    wide_floors,
)
from syntonic.lattice.array import LatticeArray


@pytest.fixture(autouse=True)
def _whatever_the_size(monkeypatch):
    monkeypatch.setattr(wide, "compiled_pays", lambda size: True)
    monkeypatch.setattr(array, "compiled_pays", lambda size: True)


def agrees(x, a, b, d=1):
    p, q, e = values(x)
    assert p.shape == np.shape(a)
    assert (np.asarray(p * d == np.asarray(a, object) * e)).all()
    assert (np.asarray(q * d == np.asarray(b, object) * e)).all()
    held = x.bound if not x.is_rational else None
    if held is not None:
        y = x.lengthened() if x.is_wide else x
        assert all(abs(int(n)) <= held for part in (y.a, y.b) for n in part.flat)
        assert not x.is_wide or max(limbs.needed(x.a), limbs.needed(x.b)) == limbs.limbs_of(x.a)
        assert not x.is_wide or limbs.limbs_of(x.a) > 1 or x.denominator > array.INT64_MAX


FEW = ("edges", "63", "100", "192")
"""Of one limb, two, three and all of them; each further width is compiled anew."""


@pytest.fixture(
    params=[
        name if name in FEW else pytest.param(name, marks=pytest.mark.campaign) for name in OPERANDS
    ]
)
def operands(request):
    return OPERANDS[request.param]()


# -- operations -------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_ring_operations(operands, threads, monkeypatch):
    monkeypatch.setattr(jit_threads, "LEAST_WORK", 16)
    monkeypatch.setattr(limb_loops, "_LONGEST", 100)
    a, b, c, d = operands
    x, y = of(a, b), of(c, d)
    before = syntonic.get_num_threads()
    syntonic.set_num_threads(threads)
    try:
        agrees(arithmetic.add(x, y), a + c, b + d)
        agrees(arithmetic.subtract(x, y), a - c, b - d)
        agrees(arithmetic.multiply(x, y), a * c + b * d, a * d + b * c + b * d)
    finally:
        syntonic.set_num_threads(before)
    agrees(arithmetic.negative(x), -a, -b)
    agrees(arithmetic.conjugate(x), a + b, -b)
    agrees(arithmetic.trace(x), 2 * a + b, 0 * b)
    agrees(arithmetic.norm(x), a * a + a * b - b * b, 0 * b)
    agrees(arithmetic.square(x), a * a + b * b, 2 * a * b + b * b)
    agrees(arithmetic.subtract(x, x), 0 * a, 0 * b)
    assert arithmetic.subtract(x, x).is_packed


def test_order(operands):
    a, b, c, d = operands
    a[40:60], b[40:60] = c[40:60], d[40:60]
    x, y = of(a, b), of(c, d)
    signs = np.array([pairs.sign(int(p), int(q)) for p, q in zip(a - c, b - d, strict=True)])
    for name in ("less", "less_equal", "greater", "greater_equal"):
        ufunc = getattr(np, name)
        assert (order.compare(x, y, ufunc) == ufunc(signs, 0)).all()
    assert (order.equal(x, y) == (signs == 0)).all()
    own = np.array([pairs.sign(int(p), int(q)) for p, q in zip(a, b, strict=True)])
    assert (order.sign(x) == own).all()
    agrees(order.absolute(x), np.where(own < 0, -a, a), np.where(own < 0, -b, b))
    agrees(order.relu(x), np.where(own > 0, a, 0), np.where(own > 0, b, 0))
    agrees(order.maximum(x, y), np.where(signs >= 0, a, c), np.where(signs >= 0, b, d))
    agrees(order.minimum(x, y), np.where(signs <= 0, a, c), np.where(signs <= 0, b, d))
    scalars = x.scalars()
    ranks = np.argsort(scalars, kind="stable")
    assert (sorting.argsort(x) == ranks).all()
    assert sorting.argmax(x) == np.argmax(scalars)
    assert sorting.argmin(x) == np.argmin(scalars)


@pytest.mark.parametrize("bits", [62, 70, 130, 256, 500, 1021])
def test_signs_where_everything_cancels(bits):
    """p/q runs through convergents of -φ and their neighbours: p + qφ is as small as can be."""
    pairs_ = []
    p, q = 1, 1
    while p.bit_length() <= bits:
        pairs_ += [
            (s * (p + e), -s * (q + f)) for s in (1, -1) for e in (-1, 0, 1) for f in (-1, 0, 1)
        ]
        p, q = p + q, p
    a, b = (ints(column) for column in zip(*pairs_, strict=True))
    expected = [pairs.sign(p, q) for p, q in pairs_]
    assert order.sign(of(a, b)).tolist() == expected
    shift = ints([random.Random(k).getrandbits(bits - 1) for k in range(len(pairs_))])
    x, y = of(a + shift, b - shift), of(shift, -shift)
    assert order.compare(x, y, np.less).tolist() == [s < 0 for s in expected]
    assert order.compare(y, x, np.less).tolist() == [s > 0 for s in expected]


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums(operands, axis, keepdims):
    a, b, *_ = (part.reshape(4, 5, -1) for part in operands)
    for x, p, q in (
        (of(a, b), a, b),
        (of(a, b)[::-1, ::2], a[::-1, ::2], b[::-1, ::2]),
        (of(a, b).map(lambda part: part.T), a.T, b.T),
        (of(a, b)[:0], a[:0], b[:0]),
    ):
        how = {"axis": axis, "keepdims": keepdims, "initial": 0}
        agrees(reductions.sum(x, axis, keepdims), np.sum(p, **how), np.sum(q, **how))


def test_running_sums_and_means(operands):
    a, b, *_ = operands
    x = of(a, b)
    agrees(reductions.cumsum(x), np.cumsum(a), np.cumsum(b))
    x, a, b = x.map(lambda part: part.reshape(3, -1)), a.reshape(3, -1), b.reshape(3, -1)
    agrees(reductions.cumsum(x, 1), np.cumsum(a, 1), np.cumsum(b, 1))
    agrees(reductions.cumsum(x[:, ::-2], 0), np.cumsum(a[:, ::-2], 0), np.cumsum(b[:, ::-2], 0))
    agrees(reductions.cumsum(x[:, :0], 1), a[:, :0], b[:, :0])
    agrees(reductions.mean(x, 0), a.sum(0), b.sum(0), 3)


def test_sums_of_int64_that_overflow():
    a = np.full((2, 300), (1 << 63) - 1)
    b = np.full((2, 300), -(1 << 63))
    x = LatticeArray.packed(a, b)
    long = a.astype(object), b.astype(object)
    agrees(reductions.sum(x), *(part.sum() for part in long))
    agrees(reductions.sum(x, 1), *(part.sum(1) for part in long))
    agrees(reductions.cumsum(x, 1), *(np.cumsum(part, 1) for part in long))
    agrees(
        arithmetic.multiply(x, x), long[0] ** 2 + long[1] ** 2, 2 * long[0] * long[1] + long[1] ** 2
    )
    agrees(arithmetic.negative(x), -long[0], -long[1])
    agrees(arithmetic.add(x, x), 2 * long[0], 2 * long[1])


@pytest.mark.parametrize("d", [2, 12, 1 << 40, 3 << 70, 10**90])
def test_denominators(operands, d):
    a, b, c, e = operands
    x, y = of(a, b, d), of(c, e, 10)
    agrees(arithmetic.add(x, y), a * 10 + c * d, b * 10 + e * d, 10 * d)
    agrees(arithmetic.multiply(x, y), a * c + b * e, a * e + b * c + b * e, 10 * d)
    signs = [
        pairs.sign(int(p), int(q)) for p, q in zip(a * 10 - c * d, b * 10 - e * d, strict=True)
    ]
    assert order.compare(x, y, np.greater).tolist() == [s > 0 for s in signs]
    assert order.equal(x, y).tolist() == [s == 0 for s in signs]
    assert order.equal(x, of(a * 3, b * 3, d * 3)).all()
    p, q, least = values(x)
    assert (p * d == a * least).all()
    assert (q * d == b * least).all()
    assert math.gcd(least, *map(int, p), *map(int, q)) == 1


def test_broadcasting(operands):
    a, b, c, d = operands
    left, right = of(a, b).map(lambda part: part[:, None]), of(c, d).map(lambda part: part[:7])
    long = a[:, None], b[:, None], c[:7], d[:7]
    for ufunc, form in ((np.add, arithmetic.add), (np.subtract, arithmetic.subtract)):
        agrees(form(left, right), ufunc(long[0], long[2]), ufunc(long[1], long[3]))
    agrees(
        arithmetic.multiply(right, left),
        long[0] * long[2] + long[1] * long[3],
        long[0] * long[3] + long[1] * long[2] + long[1] * long[3],
    )
    one = of(ints([c[0]]), ints([d[0]]))[0]
    agrees(arithmetic.add(left, one), long[0] + c[0], long[1] + d[0])
    agrees(
        arithmetic.multiply(one, right),
        c[0] * c[:7] + d[0] * d[:7],
        c[0] * d[:7] + d[0] * c[:7] + d[0] * d[:7],
    )
    assert (order.compare(left, right, np.less) == np.less(left.scalars(), right.scalars())).all()


def test_moving_elements(operands):
    a, b, c, d = (part.reshape(3, -1) for part in operands)
    x, y = of(a, b), of(c, d)
    for move in (
        lambda p: p[1],
        lambda p: p[::-1, ::-3],
        lambda p: p[1, 2],
        lambda p: p[p.shape[0] :],
        lambda p: p[[2, 0, 1]][:, [0, 0]],
        lambda p: p[np.arange(3) % 2 == 0],
        lambda p: np.transpose(p),
        lambda p: np.moveaxis(p, 0, 1),
        lambda p: p.reshape(-1, 3),
        lambda p: np.broadcast_to(p[0], (2, 4, p.shape[1])),
        lambda p: np.roll(p, 2, 1),
        lambda p: np.tile(p, 2),
        lambda p: np.repeat(p, 2, 0),
        lambda p: np.flip(p),
        lambda p: np.triu(p),
        lambda p: np.pad(p, 1),
        lambda p: np.diagonal(p),
        lambda p: np.take(p, [1, 0], 0),
    ):
        agrees_moved = x.map(move)
        assert agrees_moved.is_wide
        p, q, _ = values(agrees_moved)
        assert p.shape == np.shape(move(a))
        assert (p == move(a)).all()
        assert (q == move(b)).all()
    agrees(
        joining.join(lambda *p: np.concatenate(p, 1), x, y, x),
        np.concatenate([a, c, a], 1),
        np.concatenate([b, d, b], 1),
    )
    keep = a > c
    agrees(joining.where(keep, x, y), np.where(keep, a, c), np.where(keep, b, d))
    new = joining.assign(x, (1, slice(None)), y[0, 0])
    a, b = a.copy(), b.copy()
    a[1], b[1] = c[0, 0], d[0, 0]
    agrees(new, a, b)


def test_what_becomes_small_is_packed():
    n = 300
    big, one = ints([1 << 100] * n), ints([1] * n)
    x, y = of(big, big + 5), of(big - one, big)
    assert arithmetic.subtract(x, y).is_packed
    assert LatticeArray.from_numerators(big * 3, big * 6, 3 << 90).is_packed
    assert joining.where(np.arange(n) < 0, x, as_packed(one)).is_packed
    assert reductions.sum(arithmetic.add(x, arithmetic.negative(y))).is_packed
    product = arithmetic.multiply(of(big, 0 * big, 1 << 60), of(big, 0 * big, 1 << 60))
    agrees(product, big * big, 0 * big, 1 << 120)


def as_packed(a):
    return LatticeArray.packed(a.astype(np.int64), 0 * a.astype(np.int64))


def test_beyond_the_layout_are_objects():
    n = 100
    big = ints([(1 << 1022) + k for k in range(n)])
    x = of(big, -big)
    for y, a, b in (
        (arithmetic.add(x, x), 2 * big, -2 * big),
        (arithmetic.add(arithmetic.add(x, x), x), 3 * big, -3 * big),
        (arithmetic.multiply(x, x), 2 * big * big, -big * big),
    ):
        agrees(y, a, b)
    assert arithmetic.multiply(x, x).is_rational
    assert order.sign(x).tolist() == [-1] * n


def test_objects_come_back_wide():
    big = ints([(1 << 100) + k for k in range(100)])
    for x in (
        LatticeArray.from_numerators(big, big),
        LatticeArray.rational(
            *(np.frompyfunc(lambda n: mpq(n, 7), 1, 1)(part) for part in (big, big))
        ),
    ):
        assert x.is_wide
        agrees(x, big, big, x.denominator)
        assert x.unpacked().is_rational
        assert set(map(type, x.unpacked().a)) == {type(mpq())}
        assert set(map(type, x.in_gmp().a)) <= {type(mpz()), type(mpq())}


@pytest.mark.parametrize("function", [np.add, np.subtract, np.multiply, np.maximum])
def test_mixed_with_every_other_layout(function):
    form = getattr(arithmetic, function.__name__, None) or getattr(order, function.__name__)
    big = ints([(-1) ** k * ((1 << 90) + k) for k in range(80)])
    x = of(big, big[::-1])
    small = np.arange(80) - 40
    others = [
        as_packed(small),
        LatticeArray.fractional(small, small, np.arange(1, 81)),
        LatticeArray.rational(
            ints([mpq(k, k + 1) for k in range(80)]), ints([mpq(1, 10**40 + k) for k in range(80)])
        ),
        LatticeArray.from_numerators(np.array(10**40, object), np.array(1, object)),
        LatticeArray.packed(np.array(3), np.array(-2), 7),
    ]
    for y in others:
        for left, right in ((x, y), (y, x)):
            expected = function(left.scalars(), right.scalars())
            assert (form(left, right).scalars() == expected).all()
            assert (order.equal(left, right) == (left.scalars() == right.scalars())).all()
            assert (order.compare(left, right, np.less) == (left.scalars() < right.scalars())).all()


@pytest.mark.campaign
@pytest.mark.parametrize("d", [1, 3, 1 << 60, 10**30])
def test_floors(operands, d):
    a, b, c, _ = operands
    b[:20], b[20:40] = 0, c[:20] // 10**9
    x = of(a, b, d)
    scalars = x.scalars()
    floors = [math.floor(v) for v in scalars]
    agrees(order.floor(x), ints(floors), 0 * a)
    agrees(order.ceil(x), ints([math.ceil(v) for v in scalars]), 0 * a)
    agrees(order.trunc(x), ints([math.trunc(v) for v in scalars]), 0 * a)
    agrees(order.round_half_even(x), ints([round(v) for v in scalars]), 0 * a)
    halves = of(2 * a + 1, 0 * b, 2)
    agrees(order.round_half_even(halves), ints([round(v) for v in halves.scalars()]), 0 * a)


@pytest.mark.parametrize("room", [0, 20])
@pytest.mark.parametrize("bits", [62, 70, 130, 256, 500, 930, 1021])
def test_floors_of_what_is_near_integers(bits, room, monkeypatch):
    """p + qφ runs through what comes nearest to 0, from both sides; moved by long integers."""
    monkeypatch.setattr(wide_floors, "_ROOM", room)
    p, q, pairs_ = 1, 1, []
    while p.bit_length() < bits:
        p, q = p + q, p
        pairs_ += [(s * p, -s * (q + f)) for s in (1, -1) for f in (-1, 0, 1)]
    move = random.Random(bits).getrandbits(bits - 1)
    a, b = (ints(column) for column in zip(*pairs_, strict=True))
    for shift in (0, move, -move):
        moved = [int(n) + shift for n in a]
        floors = [pairs.floor_div(m, int(n), 1) for m, n in zip(moved, b, strict=True)]
        agrees(order.floor(of(a + shift, b)), ints(floors), 0 * a)


def test_other_functions_of_wide_arrays(operands):
    a, b, *_ = (part[:40] for part in operands)
    x = of(a, b, 3)
    scalars = x.scalars()
    assert (order.floats(x) == [float(v) for v in scalars]).all()
    assert (order.floor(x).scalars() == [math.floor(v) for v in scalars]).all()
    assert (order.round_half_even(x).scalars() == [round(v) for v in scalars]).all()
    assert (powers.by_squaring(x, 3).scalars() == scalars**3).all()
    nonzero = x[order.nonzero(x)]
    assert (arithmetic.reciprocal(nonzero).scalars() == 1 / nonzero.scalars()).all()
    found = sets.distinct(x)
    assert (found.values.scalars() == sorted(set(scalars))).all()
    assert reductions.prod(x[:9]).scalars().item() == math.prod(scalars[:9])
    assert x.extent() == (max(abs(int(n)) for n in x.numerators()[1]), x.numerators()[2])
    assert x.nbytes >= 2 * 8 * x.size
    assert repr(x) == "<LatticeArray (40,) wide>"
    with pytest.raises(ZeroDivisionError):
        arithmetic.reciprocal(arithmetic.multiply(x, as_packed(ints([0] * 40))))


numbers = st.one_of(st.integers(-9, 9), st.sampled_from(EDGES), st.integers(-(1 << 200), 1 << 200))
leaves = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=3)
BINARY = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
UNARY = {"negative": operator.neg, "absolute": abs, "square": lambda v: v * v}


def expression(name, *parts):
    return (name, *parts)


trees = st.recursive(
    st.tuples(st.just("leaf"), leaves, st.sampled_from([1, 1, 6, 1 << 62, 3 << 70]), st.booleans()),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(sorted(BINARY)), inner, inner),
        st.tuples(st.sampled_from(sorted(UNARY)), inner),
    ),
    max_leaves=5,
)


def evaluated(tree):
    """Return the lattice array and the scalars of an expression."""
    if tree[0] == "leaf":
        _, pairs_, d, as_limbs = tree
        a, b = (ints(column) for column in zip(*pairs_, strict=True))
        x = of(a, b, d)
        return x if as_limbs else LatticeArray.from_numerators(a, b, d), x.unpacked().scalars()
    parts = [evaluated(part) for part in tree[1:]]
    form = getattr(arithmetic, tree[0], None) or getattr(order, tree[0])
    plain = {**BINARY, **UNARY}[tree[0]]
    return form(*(x for x, _ in parts)), plain(*(v for _, v in parts))


@pytest.mark.campaign
@given(trees)
def test_any_expression_over_mixed_layouts(tree):
    x, expected = evaluated(tree)
    assert (x.scalars() == expected).all()
    assert (order.sign(x) == [v.sign() for v in expected]).all()
    p, q, d = x.numerators()
    assert [(Fraction(int(m), d), Fraction(int(n), d)) for m, n in zip(p, q, strict=True)] == [
        (
            Fraction(int(v.a.numerator), int(v.a.denominator)),
            Fraction(int(v.b.numerator), int(v.b.denominator)),
        )
        for v in expected
    ]


DIGIT_ENDS = (129, 144, 145, 191, 202, 203, 231, 232, 255, 256, 260, 261, 289, 290, 319)


@pytest.mark.parametrize("bits", thinned(DIGIT_ENDS, every=5))
def test_products_of_eight_pairs_at_a_time_and_of_the_rest(bits):
    """The ends of what 5, 7, 8, 9, 10 and 12 digits and 3, 4 and 5 limbs hold.

    One number has the largest digits of all, the highest one negative.
    """
    most = (1 << bits) - 1
    worst = (1 << bits - 28) - 1 - (1 << bits)
    draw = random.Random(bits)
    ends = [most, -most, worst, -(1 << (bits - 1)), (1 << 29) - 1, -(1 << 28), -1, 0, 1]
    drawn = [draw.randint(-most, most) for _ in range(12)]
    for count in (1, 7, 8, 9, 16, 23):
        a, b, c, d = (ints(draw.choices(ends + drawn, k=count)) for _ in "abcd")
        a[-1] = c[-1] = most
        agrees(arithmetic.multiply(of(a, b), of(c, d)), a * c + b * d, a * d + b * c + b * d)
        one = of(a, b), of(c[:1], d[:1]).map(lambda part: part.reshape(()))
        agrees(arithmetic.multiply(*one), a * c[0] + b * d[0], a * d[0] + b * c[0] + b * d[0])
    a, b, c = (ints([n] * 8) for n in (most, -most, worst))
    for x, y in ((a, a), (b, b), (a, b), (c, c), (a, c)):
        agrees(arithmetic.square(of(x, y)), x * x + y * y, 2 * x * y + y * y)

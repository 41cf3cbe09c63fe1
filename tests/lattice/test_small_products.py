"""Products of many small matrices against NumPy's own loops on Python's integers."""

import numpy as np
import pytest

from syntonic.jit.thread_count import num_threads
from syntonic.lattice import products, small_products
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.products import matmul

pytest.importorskip("numba")


@pytest.fixture(params=["compiled", "floats"], autouse=True)
def way(request, monkeypatch):
    """By the loops, however small the batch, and as where numba is not loaded."""
    monkeypatch.setattr(products, "compiled_pays", lambda _: request.param == "compiled")


def lattice(shape, bound=9, seed=0, denominator=1):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-bound, bound, (2, *shape), endpoint=True)
    return LatticeArray.packed(a, b, denominator)


def check(x, y, loop=True):
    """The product, and whether it is the loops' work."""
    a, b, c, d = (part.astype(object) for part in (x.a, x.b, y.a, y.b))
    p, q = a @ c + b @ d, a @ d + b @ c + b @ d
    assert small_products.serves(x, y) == loop
    out = matmul(x, y)
    for found in (out, small_products.small_product(x, y)) if loop else (out,):
        held = found.lengthened() if found.is_wide else found
        assert held.a.tolist() == p.tolist()
        assert held.b.tolist() == q.tolist()
        assert found.a.shape == p.shape
    if loop:
        assert out.denominator == x.denominator * y.denominator
        assert out.bound >= max(map(abs, (*p.flat, *q.flat)), default=0)


@pytest.mark.parametrize("n", range(2, 9))
@pytest.mark.parametrize("bound", [9, (1 << 30) - 1, 1 << 30])
def test_orders(n, bound):
    other = min(bound, ((1 << 63) - 1) // (3 * n * bound))
    for m in (1, n):
        check(lattice((7, n, n), bound, n), lattice((7, n, m), other, n + 1))


@pytest.mark.parametrize("n", [2, 3, 4, 8])
@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("first", [1, (1 << 30) - 1, 1 << 30, 1 << 40])
def test_the_last_bound_that_int64_holds(n, more, first):
    """All entries as large as can be, of one sign and of both: sums pass 2^63 and return."""
    second = ((1 << 63) - 1) // (3 * n * first) + more
    for signs in (1, -1, np.where(np.arange(n) % 2, 1, -1)):
        a, c = np.full((2, n, n), first) * signs, np.full((2, n, n), second)
        for b, d in ((a, c), (-a, c), (a[:, ::-1].copy(), -c), (0 * a, c)):
            x, y = LatticeArray.packed(a.copy(), b), LatticeArray.packed(c.copy(), d)
            check(x, y, loop=not more)


@pytest.mark.parametrize(
    ("first", "second"),
    [((5, 3, 3), (3, 3)), ((3, 3), (5, 3, 3)), ((1, 1, 3, 3), (4, 2, 3, 3)),
     ((4, 1, 3, 3), (2, 3, 3)), ((4, 1, 3, 3), (1, 2, 3, 1)), ((2, 1, 5, 4, 4), (3, 1, 4, 4)),
     ((1, 2, 2), (2, 2)), ((6, 3, 3), (3, 1)), ((3, 3), (2, 6, 3, 1))],
)  # fmt: skip
def test_batches_broadcast(first, second):
    check(lattice(first), lattice(second, seed=1))


def test_views():
    x, y = lattice((12, 4, 4)), lattice((12, 4, 4), seed=1)
    for turn in (
        lambda part: part.swapaxes(-1, -2),
        lambda part: part[::-2],
        lambda part: part[::-1],
        lambda part: part[:1][::-1],
        lambda part: part.reshape(3, 4, 4, 4)[::-1],
        lambda part: part.reshape(3, 4, 4, 4)[:1, ::-1],
        lambda part: part[:, ::-1, ::-1],
        lambda part: part[1:7:2, 1:3, ::2],
        lambda part: np.moveaxis(part, 0, -1)[:4, :, :4],
        lambda part: np.broadcast_to(part[0], (3, 4, 4)),
    ):
        check(x.map(turn), y.map(turn))
        check(x.map(turn)[:1], y.map(turn))
        if x.map(turn).shape == x.shape:
            check(x.map(turn), y)
            check(x, y.map(turn))
    for one, other in ((x.a[::-1], x.b[::-1].copy()), (x.a[::-1].copy(), x.b[::-1])):
        check(LatticeArray(one, other, 1, None), y)


def test_denominators():
    check(lattice((5, 3, 3), denominator=6), lattice((5, 3, 3), denominator=35))


@pytest.mark.parametrize(
    ("first", "second"),
    [((0, 3, 3), (0, 3, 3)), ((0, 3, 3), (3, 3)), ((2, 0, 4, 4), (2, 1, 4, 1))],
)
def test_empty_batches(first, second):
    check(lattice(first), lattice(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [((2, 9, 9), (2, 9, 9)), ((2, 1, 1), (2, 1, 1)), ((3, 2, 4), (3, 4, 2)), ((2, 3, 3), (2, 3, 2)),
     ((2, 3, 3), (3,)), ((3,), (2, 3, 3)), ((2, 0, 0), (2, 0, 0)), ((4, 3, 0), (4, 0, 3))],
)  # fmt: skip
def test_what_the_loops_leave(first, second):
    check(lattice(first), lattice(second), loop=False)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads(threads, monkeypatch):
    monkeypatch.setattr(small_products, "_LEAST_WORK", 100)
    with num_threads(threads):
        for count in (1, 2, 7, 50):
            check(lattice((count, 3, 3)), lattice((count, 3, 3), seed=1))
        check(lattice((3, 3)), lattice((31, 3, 3), seed=1))


def test_the_operands_stay_as_they_were():
    x = lattice((4, 3, 3))
    before = x.a.copy(), x.b.copy()
    check(x, x.map(lambda part: part[::-1]))
    assert (x.a == before[0]).all()
    assert (x.b == before[1]).all()

"""Determinants, inverses and solutions of small matrices against expansion, FLINT and products."""

import flint
import numpy as np
import pytest

from syntonic import GoldenExact, ResonantTensor, linalg
from syntonic.errors import SingularMatrixError
from syntonic.jit.thread_count import num_threads
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.linalg import cofactors, quotients
from syntonic.lattice.linalg import solve as lattice_linalg

ONE = GoldenExact(1)


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def way(request, monkeypatch):
    if request.param == "compiled":
        pytest.importorskip("numba")
    for module in (lattice_linalg, cofactors, quotients):
        monkeypatch.setattr(module, "compiled_pays", lambda size: request.param == "compiled")
    return request.param


def random(shape, bound=9, seed=0, denominator=1):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-bound, bound, (2, *shape), endpoint=True)
    return ResonantTensor.from_lattice(a, b, denominator=denominator)


def det_by_permutations(rows):
    """The sum along the first row, of scalars."""
    if not rows:
        return ONE
    minors = [[row[:j] + row[j + 1 :] for row in rows[1:]] for j in range(len(rows))]
    signs = (-1) ** np.arange(len(rows))
    return sum(int(s) * x * det_by_permutations(m)
               for s, x, m in zip(signs, rows[0], minors, strict=True))  # fmt: skip


def flint_inverse(rows):
    """The inverse by FLINT, φ being [[0, 1], [1, 1]]."""
    n = len(rows)
    big = flint.fmpq_mat(2 * n, 2 * n)
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            a, b = (flint.fmpq(int(v.numerator), int(v.denominator)) for v in (x.a, x.b))
            big[2 * i, 2 * j], big[2 * i, 2 * j + 1] = a, b
            big[2 * i + 1, 2 * j], big[2 * i + 1, 2 * j + 1] = b, a + b
    out = big.inv()
    return [[[str(out[2 * i, 2 * j + k]) for k in (0, 1)] for j in range(n)] for i in range(n)]


def texts(t):
    return [[[str(x.a), str(x.b)] for x in row] for row in t.tolist()]


def largest_entry(n):
    """The largest bound of entries whose minors int64 is known to hold."""
    low, high = 1, 1 << 63
    while high - low > 1:
        middle = (low + high) // 2
        fits = cofactors._growth(n) * middle**n < 1 << 63
        low, high = (middle, high) if fits else (low, middle)
    return low


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("denominator", [1, 6])
@pytest.mark.parametrize("bound", [1, 9, 1000])
def test_batches(n, denominator, bound):
    x = random((5, 2, n, n), bound, n, denominator)
    y = random((5, 2, n, 3), bound, n + 1, 35)
    dets = linalg.det(x)
    assert dets.shape == (5, 2)
    for i in np.ndindex(5, 2):
        assert dets[i] == det_by_permutations(x[i].tolist())
        if dets[i] == 0:
            x = x.at[i].set(ResonantTensor.eye(n) / denominator)
    inverses, solutions = linalg.inv(x), linalg.solve(x, y)
    for i in np.ndindex(5, 2):
        assert texts(inverses[i]) == flint_inverse(x[i].tolist())
        assert linalg.inv(x[i]).equals(inverses[i])
        assert (x[i] @ solutions[i]).equals(y[i])
        assert linalg.solve(x[i], y[i]).equals(solutions[i])


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("strided", [False, pytest.param(True, marks=pytest.mark.campaign)])
def test_entries_at_the_bound(n, more, strided, way):
    """All minors and the sums that lead to them, where int64 holds them only just.

    Arrays with strides have loops of their own.
    """
    most = largest_entry(n)
    full = np.full((n, n), most + more)
    signs = np.where(np.add.outer(np.arange(n), np.arange(n)) % 2, 1, -1)
    batch = [full, full * signs, full * (1 - 2 * np.eye(n, dtype=int)), full - np.diag(range(n))]
    for a in batch:
        for b in (a, -a, a.T[::-1] if strided else a.T[::-1].copy("C")):
            x = LatticeArray.packed(np.array(a), np.array(b))
            direct = cofactors.admitted(x) is not None
            assert direct == (not more and (n < 4 or way == "compiled"))
            t = ResonantTensor.from_lattice(a, b)
            expected = det_by_permutations(t.tolist())
            assert linalg.det(t).item() == expected
            if expected != 0:
                assert texts(linalg.inv(t)) == flint_inverse(t.tolist())
                y = ResonantTensor.from_lattice(a, b[::-1] if strided else b[::-1].copy("C"))
                assert (t @ linalg.solve(t, y)).equals(y)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("bits", [0, 20, 40, 62, 70])
def test_right_hand_sides_of_any_length(n, bits):
    x = random((3, n, n), 50, 7) + 60 * ResonantTensor.eye(n)
    for y in (random((3, n, 2), seed=1) * 2**bits, random((n,), seed=1, denominator=7) * 2**bits):
        z = linalg.solve(x, y)
        assert (x @ (z if y.ndim > 1 else z[..., None])).equals(
            y if y.ndim > 1 else np.broadcast_to(y[:, None], (3, n, 1))
        )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_the_first_singular_matrix_is_named(n):
    x = random((4, 3, n, n), 3, 5) + 40 * ResonantTensor.eye(n)
    for at in ((0, 0), (2, 1), (3, 2)):
        bad = x.at[(*at, -1)].set(0 if n == 1 else x[(*at, 0)] * 2)
        bad = bad.at[3, 2].set(ResonantTensor.zeros((n, n)))
        count = 1 if at == (3, 2) else 2
        message = rf"0 exactly for {count} of them, the first at index \({at[0]}, {at[1]}\); "
        for call in (linalg.inv, lambda m: linalg.solve(m, np.ones(n, int))):
            with pytest.raises(SingularMatrixError, match=message):
                call(bad)
            with pytest.raises(SingularMatrixError, match="determinant 0 exactly; "):
                call(bad[at])
        assert linalg.det(bad)[at] == 0


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 8])
def test_views_and_broadcast_batches(n):
    x = random((3, 1, n, n), 5, 1) + 20 * ResonantTensor.eye(n)
    y = random((4, n, n), 5, 2)
    for turned in (
        np.swapaxes(x, -1, -2),
        x[::-1],
        x[:, :, ::-1, ::-1],
        np.broadcast_to(x, (3, 2, n, n)),
    ):
        assert (turned @ linalg.inv(turned)).equals(
            np.broadcast_to(ResonantTensor.eye(n), turned.shape)
        )
    for right in (y, np.swapaxes(y, -1, -2)[::2], y[0], y[:, ::-1, :1]):
        z = linalg.solve(x, right)
        assert (x @ z).equals(np.broadcast_to(right, z.shape))


@pytest.mark.parametrize("n", [2, 4])
def test_empty_batches(n):
    x, y = ResonantTensor.zeros((0, n, n)), ResonantTensor.zeros((0, n, 2))
    assert linalg.det(x).shape == (0,)
    assert linalg.inv(x).shape == (0, n, n)
    assert linalg.solve(x, y).shape == (0, n, 2)
    assert linalg.solve(ResonantTensor.eye(n), np.zeros((n, 0), int)).shape == (n, 0)


def test_threads(monkeypatch):
    monkeypatch.setattr("syntonic.lattice.small_products._LEAST_WORK", 10)
    x = random((50, 4, 4), 5, 1) + 20 * ResonantTensor.eye(4)
    found = []
    for threads in (1, 2):
        with num_threads(threads):
            found.append([linalg.det(x), linalg.inv(x), linalg.solve(x, x[::-1])])
    assert all(p.equals(q) for p, q in zip(*found, strict=True))


@pytest.mark.parametrize("n", [4, 5, 8])
def test_long_results_of_short_entries(n):
    """Batches of which int64 holds some quotients and not others."""
    x = random((3, n, n), 3, 3) + 10 * ResonantTensor.eye(n)
    x = x.at[1].set(x[1] * 5**8 + ResonantTensor.eye(n))
    y = linalg.inv(x)
    assert (x @ y).equals(np.broadcast_to(ResonantTensor.eye(n), (3, n, n)))

"""What multimodular algebra rests on: primes, Chinese remainders, bounds."""

import subprocess
import sys

import flint
import gmpy2
import numpy as np
import pytest

from syntonic import PHI, ResonantTensor, linalg
from syntonic.lattice.convert import as_lattice
from syntonic.lattice.linalg import bounds, multimodular
from syntonic.lattice.linalg import solve as lattice_linalg
from syntonic.lattice.linalg.bound_loops import adjugate_bits, cramer_bits, det_bits
from syntonic.lattice.linalg.multimodular import prime_count
from syntonic.lattice.linalg.primes import PRIME_BITS, fields
from syntonic.lattice.linalg.residues import integers


def random(shape, bound=9, seed=0, denominator=1):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-bound, bound, (2, *shape), endpoint=True)
    return ResonantTensor.from_lattice(a, b, denominator=denominator)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30])
def test_remainders_recover_the_extremes(count):
    primes, _ = fields(count)
    product = int(np.prod(np.array(primes, object)))
    half = product // 2
    rng = np.random.default_rng(count)
    values = [0, 1, -1, half, -half, half - 1, 1 - half, primes[0], -primes[-1]]
    values += [int.from_bytes(rng.bytes(7 * count), "little") % product - half for _ in range(300)]
    values = [min(max(x, -half), half) for x in values]
    moduli = np.array(primes, np.float64)[:, None]
    residues = np.array([[x % p for x in values] for p in primes], np.float64)
    for largest in (0.5, 0.87):  # the loops leave any representative below 0.88 p
        signed = residues - moduli * (residues > largest * moduli)
        assert [int(x) for x in integers(primes, signed)] == values


def test_primes_split():
    primes, table = fields(50)
    assert sorted(set(primes), reverse=True) == list(primes)
    assert all(2**PRIME_BITS < p < 2**50 and flint.fmpz(p).is_prime() for p in primes)
    for p, (modulus, *rest) in zip(primes, table.tolist(), strict=True):
        root, conjugate, slope = map(int, rest)
        assert modulus == p
        assert (root + conjugate) % p == 1
        assert root * conjugate % p == p - 1
        assert slope * (root - conjugate) % p == 1
    assert prime_count(0.0) == 1
    assert prime_count(2 * PRIME_BITS) == 3


@pytest.mark.parametrize(
    "x",
    [
        random((5, 5)),
        random((5, 5), bound=2**63 - 1),
        random((4, 4)) * 10**200 + random((4, 4), seed=1),
        random((4, 4)) * PHI**50,
        random((4, 4)) * PHI**-400 + random((4, 4), seed=1),
        ResonantTensor([[-(2**63), 2**63 - 1], [2**48 - 1, -(2**48)]]) * PHI,
    ],
    ids=["small", "int64", "huge", "unit", "inverse unit", "edges"],
)
def test_norms_are_upper_bounds(x):
    m = bounds.integral(as_lattice(np.asarray(x)), contents=False)
    above_rows = bounds.log_norms(m.a, m.b)[:, 0]
    for row, above in zip(x * m.denominator, above_rows.T, strict=True):
        squares = (row * row).sum().item()
        exact = [
            float(gmpy2.log2(gmpy2.mpfr(v.to_decimal(40)))) / 2
            for v in (squares, squares.galois_conjugate())
        ]
        assert (above >= np.array(exact) - 1e-12).all()
        # The smaller of the two may owe its size to cancellation, and its bound does not see that.
        assert above.max() < max(exact) + 1e-6


def test_coefficients_obey_their_bound():
    for seed in range(20):
        m = bounds.integral(as_lattice(random((5, 5), bound=50, seed=seed)))
        bits = bounds.coefficient_bits(multimodular._log_det(m.a, m.b))
        a, b = linalg.det(random((5, 5), bound=50, seed=seed)).numerators()[:2]
        assert 2 * max(abs(int(a)), abs(int(b))) < 2**bits


@pytest.mark.parametrize(
    ("order", "steps", "bits", "loads"),
    [(8, 8, 10, False), (32, 32, 3, False), (41, 41, 3, True), (32, 64, 3, True),
     (16, 16, 500, False), (16, 16, 1024, True), (4, 4, 10000, False), (4, 4, 1 << 19, True)],
)  # fmt: skip
def test_what_takes_long_without_numba_loads_it(monkeypatch, order, steps, bits, loads):
    """The work of elimination grows with the number of steps and the length of the minors."""
    monkeypatch.setattr(lattice_linalg, "compiled_pays", lambda size: size >= 1 << 16)
    a = np.full((1, order, order), 2**bits - 1, np.int64 if bits < 63 else object)
    assert (lattice_linalg._engine(a, a, steps) is multimodular) == loads


FIRST_CALLS = """
import sys
from syntonic import PHI, linalg
x = [[PHI**i + j**3 + (i == j) for i in range(4)] for j in range(4)]
for name in ("det", "inv", "rank", "echelon", "nullspace", "charpoly", "trace"):
    getattr(linalg, name)(x)
linalg.solve(x, [1, 2, 3, 4])
print("numba" in sys.modules)
"""


def test_small_matrices_load_no_compiler():
    out = subprocess.run(
        [sys.executable, "-c", FIRST_CALLS], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "False"


def test_integers_that_fit_are_int64():
    primes = fields(3)[0]
    for count in (1, 2, 3):
        product = int(np.prod(np.array(primes[:count], object)))
        edge = min(product // 2, 2**63 - 1)
        numbers = [0, 1, -1, edge, -edge, 2**31, -(2**32), edge - 2**32]
        more = [
            n for n in (2**63, -(2**63), 2**64 + 1, -product // 2 + 1) if abs(n) <= product // 2
        ]
        for some in (numbers, [*numbers, *more]):
            residues = np.array([[n % p for n in some] for p in primes[:count]], np.float64)
            out = integers(primes[:count], residues)
            assert out.tolist() == some
            fits = all(abs(n) < 2**63 for n in some)
            assert (out.dtype == np.int64) == fits


@pytest.mark.campaign
def test_the_bounds_of_solutions_are_those_of_the_norms():
    """Compiled and not, of matrices beside one column, few and many, with zeros among them."""
    for n, width, bound in ((1, 1, 9), (2, 1, 2**62), (3, 7, 9), (5, 5, 9), (6, 2, 2**40)):
        x = np.asarray(random((9, n, n + width), bound, n))
        x[0] = x[1, 0] = x[2, :, 0] = x[3, :, n:] = 0
        x[4, :, :n] = np.eye(n, dtype=int)
        m = bounds.integral(as_lattice(x), contents=False)
        expected = bounds.coefficient_bits(multimodular._log_cramer(m.a, m.b))
        assert abs(cramer_bits(m.a, m.b, n, 2.0**-48) - expected) < 1e-6
        expected = bounds.coefficient_bits(multimodular._log_adjugate(m.a, m.b))
        assert abs(adjugate_bits(m.a, m.b, n, 2.0**-48) - expected) < 1e-6
        assert bounds.rough_bits(m.a, m.b) >= cramer_bits(m.a, m.b, n, 2.0**-48)
        one_by_one = [
            [cramer_bits(a[None], b[None], n, 2.0**-48) for a, b in zip(m.a, m.b, strict=True)],
            [bounds.coefficient_bits(multimodular._log_cramer(a[None], b[None]))
             for a, b in zip(m.a, m.b, strict=True)],
        ]  # fmt: skip
        assert np.abs(np.subtract(*one_by_one)).max() < 1e-6


def test_rough_bounds_are_bounds():
    for n in range(1, 9):
        for most in (1, 3, 10**6, 2**63 - 1, 10**400):
            signs = np.sign(np.fft.fft(np.eye(n)).real + 0.1).astype(int).astype(object)
            hardest = most * np.concatenate([signs, signs], axis=1)[None]
            hardest = hardest if most >> 63 else hardest.astype(np.int64)
            for a, b in ((hardest, hardest), (hardest, 0 * hardest), (-hardest, hardest)):
                norms = multimodular._log_cramer(a, b), multimodular._log_adjugate(a, b)
                assert bounds.rough_bits(a, b) >= max(map(bounds.coefficient_bits, norms))


def test_the_bound_of_determinants_is_that_of_the_norms():
    for n, bound in ((1, 9), (2, 2**62), (5, 9), (9, 2**40)):
        m = bounds.integral(as_lattice(np.asarray(random((7, n, n), bound, n))), contents=False)
        expected = bounds.coefficient_bits(multimodular._log_det(m.a, m.b))
        assert abs(det_bits(m.a, m.b, 2.0**-48) - expected) < 1e-9
    zero = np.zeros((2, 3, 3), np.int64)
    assert det_bits(zero, zero, 2.0**-48) == 1

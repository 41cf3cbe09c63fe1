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
from syntonic.lattice.linalg.primes import PRIME_BITS, fields, prime_count
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

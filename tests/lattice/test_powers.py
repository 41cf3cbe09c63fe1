"""Powers by an exponent for each element, against those of scalars."""

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.lattice import powers

RNG = np.random.default_rng(3)
N = 30
BASE = np.where(
    (t := ResonantTensor.random_lattice(N, bound=3, seed=1)) == 0, PHI, t
)  # none is zero
BASES = {
    "one denominator": BASE / 3,
    "denominators": BASE / ResonantTensor([*range(1, N + 1)]),
    "long": BASE * 10**20,
    "ones": ResonantTensor(np.where(BASE > 0, 1, -1)),
}
EXPONENTS = {
    "small": RNG.integers(0, 5, N),
    "of both signs": RNG.integers(-9, 9, N),
    "one other": np.array([2] * (N - 1) + [3]),
    "one long": np.array([2] * (N - 1) + [400]),
    "zero and one": np.arange(N) % 2,
    "powers of two": 2 ** (np.arange(N) % 8),
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("exponents", EXPONENTS)
def test_powers(base, exponents):
    t, n = BASES[base], EXPONENTS[exponents]
    assert (t**n).tolist() == [x ** int(k) for x, k in zip(t.tolist(), n, strict=True)]


def test_broadcast_powers():
    t, n = BASES["one denominator"][:6], np.array([[-1], [0], [3]])
    assert (t**n).tolist() == [[x ** int(k) for x in t.tolist()] for k in n.ravel()]
    assert (PHI ** ResonantTensor(n)).tolist() == [[PHI**k] for k in (-1, 0, 3)]
    assert np.power(t[:0], np.arange(0)).shape == (0,)
    assert (2 ** ResonantTensor([[1, 2], [3, -4]])).tolist() == [[2, 4], [8, GoldenExact("1/16")]]


def test_zero_to_a_negative_power():
    t = ResonantTensor([2, 0, PHI])
    assert (t ** [-1, 0, 5]).tolist() == [GoldenExact("1/2"), 1, PHI**5]
    with pytest.raises(ZeroDivisionError, match="power: no element of the divisor may be zero"):
        t ** [1, -1, 2]


def test_exponents_beyond_what_floats_hold():
    t = ResonantTensor([1, -1, 0, -1])
    assert (t ** [2**53 + 1, 2**53 + 1, 2**62, 2**61]).tolist() == [1, -1, 0, 1]
    assert (t ** [-(2**63), 1 - 2**63, 0, 5]).tolist() == [1, -1, 1, -1]
    for big in (10**30, 10**400, 10**2000):
        assert (t ** [big, big + 1, 3, -big]).tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize("shape", [(), (1,), (2, 1)])
@pytest.mark.parametrize("n", [1365, 2100, 5000, -2100])
def test_long_powers_of_any_shape(shape, n):
    for x in (5, PHI, -1, GoldenExact("1/3"), 2 - PHI):
        t = ResonantTensor(np.full(shape, x, object))
        for found in (t**n, np.power(t, n), t ** ResonantTensor(n)):
            assert found.equals(ResonantTensor(np.full(shape, GoldenExact(x) ** n, object)))


@pytest.mark.parametrize("shape", [(), (1,), (3,)])
@pytest.mark.parametrize("bits", [28, 31, 32, 60, 61, 62, 63, 64, 65, 127, 128])
def test_exponents_near_the_ends_of_integer_types(shape, bits):
    for n in (2**bits - 1, 2**bits, 2**bits + 1):
        for signed in (n, -n):
            for x in (5, PHI, GoldenExact("1/2"), 2**100):
                with pytest.raises(OverflowError, match=r"2\^28"):
                    ResonantTensor(np.full(shape, x, object)) ** signed
            for x in (1, -1):
                found = ResonantTensor(np.full(shape, x, object)) ** signed
                assert (found == x ** (n % 2)).all()


def test_long_results_go_element_by_element(monkeypatch):
    t = ResonantTensor([2, 3, PHI])
    assert (t ** [5000, 2, 3]).tolist() == [2**5000, 9, PHI**3]
    with pytest.raises(OverflowError, match="limit"):
        t ** [10**10, 2, 3]
    assert powers.by_squaring(t._data, 3).scalars().tolist() == [8, 27, PHI**3]

"""The compiled loops on elements with denominators of their own, against integers and mpmath."""

from fractions import Fraction
from math import gcd

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.lattice import fraction_loops, quotient_loops, quotients
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.rounding.wake import wake_exact


@pytest.fixture(params=[True, False], ids=["compiled", "plain"], autouse=True)
def compiled(request, monkeypatch):
    monkeypatch.setattr(quotients, "compiled_pays", lambda size: request.param)


words = st.one_of(
    st.integers(-INT64_MAX, INT64_MAX), st.integers(-9, 9), st.sampled_from([2**62, -(2**62)])
)
divisors = st.one_of(
    st.integers(1, INT64_MAX), st.integers(1, 99), st.integers(0, 62).map(lambda k: 2**k)
)
element = st.tuples(words, words, divisors)


@given(st.lists(st.tuples(element, element), min_size=1, max_size=4))
def test_compiled_sums_and_products(pairs):
    """The loops give all that int64 holds of operands in lowest terms, and never anything else."""
    for (a, b, d), (p, q, e) in pairs:
        common = gcd(a, b, d), gcd(p, q, e)
        a, b, d = (n // common[0] for n in (a, b, d))
        p, q, e = (n // common[1] for n in (p, q, e))
        x, y = (tuple(np.array([n]) for n in triple) for triple in ((a, b, d), (p, q, e)))
        for sign in (1, -1):
            wanted = a * e + sign * p * d, b * e + sign * q * d, d * e
            check(fraction_loops.total(x, y, sign), wanted, must=True)
        check(fraction_loops.product(x, y), (a * p + b * q, a * q + b * p + b * q, d * e), False)


def check(found, wanted, must):
    common = gcd(*wanted)
    if found is None:
        assert not must or max(abs(n) // common for n in wanted) > INT64_MAX
        return
    r, s, f = (int(part[0]) for part in found)
    assert f > 0
    assert (r * wanted[2], s * wanted[2]) == (wanted[0] * f, wanted[1] * f)


@given(st.lists(element, min_size=1, max_size=30))
def test_floats_are_correctly_rounded(triples):
    a, b, d = (np.array(part, np.int64) for part in zip(*triples, strict=True))
    x = LatticeArray(a, b, d, None)
    with mpmath.workprec(400):
        values = [(p + q * mpmath.phi) / e for p, q, e in triples]
        signs = [v._mpf_ for v in values]
    wanted = [(-1) ** s * float(Fraction(int(m)) * Fraction(2) ** k) for s, m, k, _ in signs]
    assert quotients.floats(x).tolist() == wanted


@pytest.mark.filterwarnings("ignore:wake. overflow")
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@given(st.lists(element, min_size=1, max_size=30))
def test_short_floats_are_rounded_once(dtype, triples):
    x = LatticeArray(*(np.array(part, np.int64) for part in zip(*triples, strict=True)), None)
    one_by_one = [wake_exact(*np.array([[p], [q]]), d, np.dtype(dtype)) for p, q, d in triples]
    assert quotients.floats(x, dtype).tolist() == np.concatenate(one_by_one).tolist()


def test_few_floats_are_left_to_integers():
    rng = np.random.default_rng(3)
    for bits in (20, 49, 62):
        a, b = rng.integers(-(2**bits), 2**bits, (2, 5000))
        d = rng.integers(1, 2**bits, 5000)
        for dtype in (np.float64, np.float32):
            assert quotient_loops.quotients(a, b, d, np.dtype(dtype))[1] == 0

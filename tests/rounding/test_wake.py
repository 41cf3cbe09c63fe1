"""Wake rounds the exact value once, whatever the size, the cancellation and the format.

Oracles: mpmath at 400 bits for float64, and gmpy2's mpfr, which knows the exponent range and the
subnormals of any format, for all three.
"""

import warnings
from fractions import Fraction

import gmpy2
import mpmath
import numpy as np
import pytest
from gmpy2 import mpq, mpz

from syntonic.rounding.snap import snap
from syntonic.rounding.wake import wake, wake_compiled, wake_exact, wake_rational

FORMATS = {np.float64: (53, -1074, 1024), np.float32: (24, -149, 128), np.float16: (11, -24, 16)}
INT64 = np.iinfo(np.int64)
DENOMINATORS = [1, 2, 3, 7, 12, 1024, 10**9 + 7, 2**53 - 1, 3 * 2**70]

FIBONACCI = [0, 1]
while len(FIBONACCI) < 93:
    FIBONACCI.append(FIBONACCI[-1] + FIBONACCI[-2])


def by_mpfr(a, b, d, dtype):
    """Return (a + bφ)/d at 2000 bits, then rounded to the format."""
    bits, least, most = FORMATS[dtype]
    with gmpy2.context(precision=2000) as ctx:
        phi = (1 + gmpy2.sqrt(5)) / 2
        value = (gmpy2.mpfr(a) + phi * b) / d
    with gmpy2.context(
        precision=bits, emin=least + 1, emax=most, subnormalize=True, round=gmpy2.RoundToNearest
    ) as ctx:
        return float(ctx.plus(value))


def by_mpmath(a, b, d):
    with mpmath.workprec(400):
        sign, mantissa, exponent, _ = ((a + b * mpmath.phi) / d)._mpf_
    return (-1) ** sign * float(Fraction(int(mantissa)) * Fraction(2) ** exponent)


def same(x, y):
    """Tell whether two arrays have the same bits, zeros of both signs being one."""
    return np.array_equal(np.asarray(x) + 0.0, np.asarray(y) + 0.0)


def check(a, b, d, dtype=np.float64):
    a, b = np.array(a, dtype=np.int64), np.array(b, dtype=np.int64)
    pairs = list(zip(a.tolist(), b.tolist(), strict=True))
    expected = np.array([by_mpfr(p, q, d, dtype) for p, q in pairs], dtype=dtype)
    out_type = np.dtype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        shift = (d & -d).bit_length() - 1
        results = [wake_exact(a, b, d, out_type), wake(a, b, d, dtype)]
        if d >> shift < 2**53:
            results.append(wake_compiled(a, b, d, float(d >> shift), 2.0**-shift, out_type))
    for result in results:
        assert result.dtype == dtype
        wrong = np.flatnonzero(result != expected)
        assert not wrong.size, (pairs[wrong[0]], d, result[wrong[0]], expected[wrong[0]])


def of_size(rng, bits, n):
    return rng.integers(-(2**bits), 2**bits, n, endpoint=bits < 63)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("d", DENOMINATORS)
def test_random_numerators_of_all_sizes(d, dtype):
    rng = np.random.default_rng(d % 1000)
    a = np.concatenate([of_size(rng, bits, 30) for bits in (2, 8, 30, 49, 50, 53, 63)])
    b = rng.permutation(a)
    check(a, b, d, dtype)
    check(a, np.zeros_like(a), d, dtype)
    check(np.zeros_like(a), b, d, dtype)


def test_random_numerators_by_mpmath():
    rng = np.random.default_rng(1)
    for bits in (10, 40, 60):
        a, b = of_size(rng, bits, 200), of_size(rng, bits, 200)
        for d in (1, 6):
            expected = [by_mpmath(p, q, d) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
            assert wake(a, b, d).tolist() == expected


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_cancelling_numerators(d, dtype):
    """(F_(k+1), -F_k) is φ^-k up to its sign; plain float arithmetic has no digit left at 39."""
    k = np.arange(1, 91)
    fib = np.array(FIBONACCI)
    check(fib[k + 1], -fib[k], d, dtype)
    check(-fib[k + 1] * 2 + 1, fib[k] * 2, d, dtype)
    check(fib[k + 1] + np.arange(90) % 3, -fib[k], d, dtype)


def test_much_cancellation():
    """Small elements times φ^-66: of 50-bit numerators only the last bits of 100 remain."""
    m, n = np.random.default_rng(66).integers(-400, 400, (2, 20_000))
    p, q = FIBONACCI[67], -FIBONACCI[66]
    check(m * p + n * q, m * q + n * (p + q), 1)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("d", [1, 5, 16])
def test_near_the_midpoints_of_the_format(d, dtype):
    """Snapped midpoints come within 2^-48 of half-way: rounding twice takes the wrong side."""
    bits = FORMATS[dtype][0]
    rng = np.random.default_rng(bits)
    odd = 2 * rng.integers(2 ** (bits - 1), 2**bits, 40) + 1
    midpoints = [Fraction(int(n), 2**bits) for n in odd]
    for precision in (10**6, 2**45, 2**49, 2**60):
        near = snap(midpoints, precision=precision, denominator=d)
        check(near.a, near.b, d, dtype)
        check(-near.a, -near.b, d, dtype)


@pytest.mark.parametrize("dtype", FORMATS)
def test_exact_midpoints_go_to_even(dtype):
    bits = FORMATS[dtype][0]
    n = np.arange(2**bits - 20, 2**bits + 60)
    for scale in (1, 2, 4):
        check(n * scale + scale // 2, np.zeros_like(n), 1, dtype)
        check(3 * n * scale, np.zeros_like(n), 3 * 2 * scale, dtype)


@pytest.mark.parametrize("dtype", FORMATS)
def test_int64_extremes(dtype):
    ends = [INT64.min, INT64.min + 1, INT64.max, INT64.max - 1, 0, 1, -1, 2**50, -(2**50), 2**62]
    a, b = (v.ravel() for v in np.meshgrid(ends, ends))
    for d in (1, 3, INT64.max, 2**200, 3**50):
        check(np.tile(a, 2), np.tile(b, 2), d, dtype)


def test_float32_is_not_rounded_through_float64():
    """Just above the midpoint of 1 and its successor, by too little for float64 to see."""
    midpoint = Fraction(2**24 + 1, 2**24)
    found = 0
    for bits in range(52, 72):
        near = snap([midpoint], precision=2**bits)
        if -(2.0**-54) < near.residual[0] < 0:
            found += 1
            assert np.float32(wake(near.a, near.b, 1)[0]) == 1
            assert wake(near.a, near.b, 1, np.float32)[0] == np.nextafter(np.float32(1), 2)
    assert found


@pytest.mark.parametrize("n", [1, 300])
@pytest.mark.parametrize("dtype", FORMATS)
def test_zero_is_positive(n, dtype):
    zero = wake(np.zeros(n, np.int64), np.zeros(n, np.int64), 3, dtype)
    assert not np.signbit(zero).any()
    assert not np.signbit(wake_rational(*[np.array([mpq(0)] * n)] * 2, dtype)).any()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (20, 5, 4)])
def test_shapes(shape):
    a = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    assert wake(a, a, 1).shape == shape
    assert wake(a.T, a.T, 1).tolist() == wake(a, a, 1).T.tolist()
    assert wake(a.astype(object), a.astype(object), 1).tolist() == wake(a, a, 1).tolist()


@pytest.mark.parametrize(("dtype", "largest"), [(np.float64, 1024), (np.float32, 128)])
def test_overflow_warns_once(dtype, largest):
    edge = 2**largest - 2 ** (largest - FORMATS[dtype][0] - 1)  # half an ulp above the maximum
    a = np.array([edge, -edge, edge - 1, mpz(1), 10**500], dtype=object)
    b = np.array([0, 0, 0, 1, -1], dtype=object)
    with pytest.warns(RuntimeWarning, match="beyond the range") as caught:
        out = wake(a, b, 1, dtype)
    assert len(caught) == 1
    assert out[:3].tolist() == [np.inf, -np.inf, float(np.finfo(dtype).max)]
    assert np.isfinite(out[3])
    assert out[4] == np.inf


@pytest.mark.parametrize("n", [1, 200])
def test_float16_overflows_at_its_own_edge(n):
    a = np.tile([65519, 65520, -65520, 2**62], n)
    with pytest.warns(RuntimeWarning, match="range of float16") as caught:
        out = wake(a, np.zeros_like(a), 1, np.float16)
    assert len(caught) == 1
    assert out[:4].tolist() == [65504.0, np.inf, -np.inf, np.inf]


def test_rationals():
    rng = np.random.default_rng(5)
    a = [mpq(int(p), int(q)) for p, q in rng.integers(1, 10**9, (200, 2))]
    b = [mpq(int(-p), int(q)) for p, q in rng.integers(1, 10**9, (200, 2))]
    for dtype in FORMATS:
        expected = []
        for r, s in zip(a, b, strict=True):
            d = gmpy2.lcm(r.denominator, s.denominator)
            expected.append(by_mpfr(mpz(r * d), mpz(s * d), d, dtype))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            out = wake_rational(np.array(a), np.array(b), dtype)
        assert out.dtype == dtype
        assert out.tolist() == expected
    # φ^-2000 as a pair of 1400-bit integers, and over a denominator that makes it subnormal.
    p, q = gmpy2.fib2(2001)
    tiny = wake_rational(np.array([mpq(p), mpq(p, 2**60)]), np.array([mpq(-q), mpq(-q, 2**60)]))
    assert same(np.abs(tiny), [abs(by_mpfr(p, -q, d, np.float64)) for d in (1, 2**60)])


def test_other_formats_are_refused():
    one = np.ones(1, np.int64)
    for dtype in (np.int64, np.complex128, np.longdouble):
        with pytest.raises(TypeError, match="wake: dtype must be float64, float32 or float16"):
            wake(one, one, 1, dtype)

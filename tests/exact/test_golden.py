"""GoldenExact: the laws of an ordered field, conversions, and what Python asks of a number."""

import copy
import math
import numbers
import pickle
from fractions import Fraction

import mpmath
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from syntonic.exact.golden import PHI, PHI_INV, SQRT5, GoldenExact
from syntonic.exact.pairs import ONE

rationals = st.fractions(max_denominator=60).filter(lambda x: abs(x) < 10**6)
huge = st.builds(Fraction, st.integers(-(10**40), 10**40), st.integers(1, 10**12))
coefficients = st.one_of(st.integers(-9, 9), rationals, huge)
# a + bφ with heavy cancellation: small multiples of φ^-n, alone or beside a small number.
tiny = st.builds(
    lambda n, k, c: PHI**-n * k + c, st.integers(20, 250), st.integers(-9, 9), rationals
)
goldens = st.one_of(st.builds(GoldenExact, coefficients, coefficients), tiny)
nonzero = goldens.filter(bool)

X = GoldenExact("3/2", -5)


def real(x):
    """x to 400 digits, without any code of this project's."""
    with mpmath.workdps(400):
        a, b = (mpmath.mpf(int(c.numerator)) / int(c.denominator) for c in (x.a, x.b))
        return a + b * mpmath.phi


def test_is_a_real_number_and_nothing_narrower():
    assert isinstance(PHI, numbers.Real)
    assert not isinstance(PHI, numbers.Rational)
    assert (PHI.real, PHI.imag, PHI.conjugate()) == (PHI, 0, PHI)
    assert complex(PHI) == complex(float(PHI))


def test_immutable():
    for name in ("a", "b", "c", "p", "__dict__"):
        with pytest.raises(AttributeError):
            setattr(X, name, 1)
    y = X
    y += 1
    assert X == GoldenExact("3/2", -5) != y


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_and_copy(protocol):
    for x in (X, GoldenExact(0), PHI**-40_000 / 7):
        again = pickle.loads(pickle.dumps(x, protocol))
        assert again == x
        assert again.numerators() == x.numerators()
        assert type(again) is GoldenExact
        assert copy.copy(x) == copy.deepcopy([x])[0] == x


# As written before the class had its methods from other modules.
OLD_PICKLE = (
    b"\x80\x03cbuiltins\ngetattr\nq\x00csyntonic.exact.golden\nGoldenExact\nq\x01X\x0f\x00\x00\x00"
    b"from_numeratorsq\x02\x86q\x03Rq\x04cgmpy2.gmpy2\nfrom_binary\nq\x05C\x03\x01\x01\x03q\x06\x85"
    b"q\x07Rq\x08h\x05C\x03\x01\x02\nq\t\x85q\nRq\x0bh\x05C\x03\x01\x01\x02q\x0c\x85q\rRq\x0e\x87"
    b"q\x0fRq\x10."
)


def test_an_old_pickle_is_read_and_written():
    assert pickle.loads(OLD_PICKLE).numerators() == X.numerators()
    assert pickle.dumps(X, 3) == OLD_PICKLE
    assert (GoldenExact.__module__, GoldenExact.__name__) == (
        "syntonic.exact.golden",
        "GoldenExact",
    )


def test_methods_go_by_the_name_of_the_class():
    """Wherever they are written: in pickles of methods, and where Python counts arguments."""
    for method in (GoldenExact.norm, GoldenExact.__add__, GoldenExact.to_decimal, GoldenExact.sign):
        assert method.__qualname__ == f"GoldenExact.{method.__name__}"
        assert pickle.loads(pickle.dumps(method)) is method
    with pytest.raises(TypeError, match=r"^GoldenExact\.norm\(\) takes 1 positional argument"):
        PHI.norm(1)


def test_a_subclass_makes_golden_numbers():
    class Named(GoldenExact):
        pass

    for x in (Named(1, 2), Named("1/2"), Named.from_numerators(1, 2), Named.parse("φ")):
        assert type(x) is GoldenExact


ONE_HALF = GoldenExact("1/2")


@pytest.mark.parametrize(
    "x",
    [
        GoldenExact(3), GoldenExact("3"), GoldenExact(Fraction(3)), GoldenExact(mpq(3), mpq(2)),
        GoldenExact(3, "2"), GoldenExact.parse("3"), GoldenExact.parse("1/2 * 2"),
        GoldenExact.from_float_exact(2.0), GoldenExact.from_numerators(4, 2, 2),
        GoldenExact.from_numerators(4, 2, 1), GoldenExact.from_numerators(4, 2, -1),
        pickle.loads(pickle.dumps(PHI)), copy.copy(PHI), -PHI, abs(-PHI), PHI.galois_conjugate(),
        ONE_HALF + ONE_HALF, PHI / 3 - PHI / 3, PHI / 3 * 3, mpq(3) * PHI, Fraction(3) + PHI,
        PHI - mpq(3), PHI / PHI, (PHI / 3) / (PHI / 3), 1 / (PHI / 2), PHI.inverse(),
        1 / (PHI / 2) ** 2, PHI**0, (PHI / 2) ** 0, PHI**-3, GoldenExact(2) ** 5, PHI % 1,
        divmod(PHI / 2, ONE_HALF)[1] * 2, round(PHI, 0), round(GoldenExact(3), 2),
        round(GoldenExact(30), -1), (PHI**2).sqrt(), (PHI**2 / 4).sqrt() * 2,
    ],
)  # fmt: skip
def test_the_denominator_one_is_one_object(x):
    """The quick ways of the operators know it by identity."""
    assert x.is_integral()
    assert x.numerators()[2] is ONE


@given(goldens, goldens, goldens)
def test_field_axioms(x, y, z):
    assert (x + y) + z == x + (y + z)
    assert (x * y) * z == x * (y * z)
    assert x + y == y + x
    assert x * y == y * x
    assert x * (y + z) == x * y + x * z
    assert x - y == x + -y
    assert x + 0 == x * 1 == +x == x
    assert x - x == 0 == x * 0


@given(nonzero, nonzero)
def test_division_inverts_multiplication(x, y):
    assert x / y * y == x
    assert x.inverse() * x == 1
    assert 1 / x == x.inverse() == x**-1


@given(goldens, goldens)
def test_total_order(x, y):
    assert (x < y) + (x == y) + (x > y) == 1
    assert (x <= y) == (not x > y)
    assert (x >= y) == (not x < y)
    assert (x != y) is not (x == y)
    assert (x < y) == (y - x > 0) == ((y - x).sign() == 1)
    assert abs(x) == max(x, -x)
    assert x == y or (x < y) == (real(x) < real(y))


def test_order_under_cancellation():
    # Neighbouring convergents of φ: |F_n φ - F_(n+1)| = φ^-n, its sign alternating with n.
    before, here = 1, 1
    for n in range(2, 400):
        before, here = here, before + here
        assert (before * PHI > here) == (n % 2 == 1), n
        assert GoldenExact(0, before) != here


@given(goldens)
def test_hash_of_an_irrational(x):
    if not x.is_rational():
        assert hash(x) == hash((x.a, x.b)) == hash(x * 3 / 3)


@pytest.mark.parametrize("d", [1, 2, 2**61, 2**61 - 1, 7 * (2**61 - 1), (2**61 - 1) ** 2])
def test_hash_of_every_denominator(d):
    """Python's hashes are residues modulo 2^61 - 1, and have another rule where that divides d."""
    for p in (0, 1, -1, 5, -5, d, 2**61 - 2, -(2**61) + 2, 2**61 - 1, 10**40):
        assert hash(GoldenExact(Fraction(p, d))) == hash(Fraction(p, d)) == hash(mpq(p, d))
        for q in (1, -1, d, -d, 10**40):
            assert hash(GoldenExact.from_numerators(p, q, d)) == hash((mpq(p, d), mpq(q, d)))


@given(goldens)
def test_integer_parts(x):
    for low in (math.floor(x), -math.ceil(-x)):
        assert type(low) is int
        assert low <= x < low + 1
    with mpmath.workdps(400):
        assert math.floor(x) == int(mpmath.floor(real(x)))
    assert math.trunc(x) == int(x) == (math.floor(x) if x >= 0 else math.ceil(x))
    nearest = round(x)
    assert type(nearest) is int
    assert abs(x - nearest) <= Fraction(1, 2)


def test_float_at_the_ends_of_the_range():
    assert 0 < float(PHI**-1500) < 2.0**-1022
    with mpmath.workdps(50):
        assert float(PHI**-1500) == float(mpmath.phi**-1500)
    assert 1.1e308 < float(PHI**1474) < math.inf
    assert str(float(-(PHI**-2000))) == "-0.0"
    for x in (PHI**1475, -(PHI**1475), PHI**10_000):
        with pytest.raises(OverflowError, match="beyond the range"):
            float(x)


@given(goldens)
def test_float_is_the_nearest(x):
    f = float(x)
    error = abs(x - GoldenExact.from_float_exact(f))
    for neighbour in (math.nextafter(f, math.inf), math.nextafter(f, -math.inf)):
        assert error <= abs(x - GoldenExact.from_float_exact(neighbour))


def test_truth():
    assert PHI
    assert GoldenExact("1/2")
    assert not GoldenExact(0)
    assert not PHI - PHI


@given(goldens, goldens)
def test_conjugation_norm_and_trace(x, y):
    conjugate = x.galois_conjugate()
    assert conjugate.galois_conjugate() == x
    assert (x * y).galois_conjugate() == conjugate * y.galois_conjugate()
    assert (x + y).galois_conjugate() == conjugate + y.galois_conjugate()
    assert x.norm() == x * conjugate
    assert x.trace() == x + conjugate
    assert type(x.norm()) is type(x.trace()) is type(mpq())
    assert (x - x.galois_conjugate()) == x.b * SQRT5


def test_minkowski():
    left, right = X.minkowski()
    assert (left, right) == (float(X), float(X.galois_conjugate()))
    assert PHI.minkowski() == (float(PHI), -float(PHI_INV))


def test_integral_rational_unit():
    assert all((s * PHI**n).is_unit() for n in range(-30, 31) for s in (1, -1))
    assert not any(x.is_unit() for x in (GoldenExact(0), GoldenExact(2), SQRT5, PHI / 2))
    # Norm 1, yet not an algebraic integer.
    x = GoldenExact("3/2", "1/2") / GoldenExact("3/2", "1/2").galois_conjugate()
    assert (x.norm(), x.is_integral(), x.is_unit()) == (1, False, False)
    assert PHI.is_integral()
    assert not (PHI / 2).is_integral()
    assert GoldenExact("1/2").is_rational()
    assert not PHI.is_rational()
    assert type(PHI.is_unit()) is type(PHI.is_square()) is type(PHI.is_rational()) is bool


def test_constants():
    assert PHI * PHI == PHI + 1
    assert PHI * PHI_INV == 1
    assert SQRT5 * SQRT5 == 5
    assert PHI > PHI_INV > 0


@given(goldens, st.sampled_from([1, SQRT5, SQRT5 / 5, GoldenExact(3, 1) / 11]), st.integers(-9, 9))
def test_powers_and_roundings_are_in_lowest_terms(x, unit, n):
    """They are not reduced as other results are: the square of √5/5 has a factor 5 less."""
    x = x * unit
    if x or n >= 0:
        product = GoldenExact(1)
        for _ in range(abs(n)):
            product = product * x
        product = product if n >= 0 else 1 / product
        assert (x**n).numerators() == product.numerators()
    rounded = round(x, n)
    assert rounded.numerators() == GoldenExact(rounded.a).numerators()

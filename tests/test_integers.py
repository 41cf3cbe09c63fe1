"""Number theory in Z[φ], as users call it: values, types, errors, external facts."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from gmpy2 import mpq, mpz

import syntonic
from syntonic import PHI, SQRT5, GoldenExact, integers
from syntonic.integers import (
    base_phi,
    canonical_associate,
    crt,
    divisors,
    divmod_euclid,
    elements_of_norm,
    factor,
    fibonacci,
    from_base_phi,
    from_zeckendorf,
    gcd,
    inverse_mod,
    is_prime,
    lcm,
    lucas,
    mod,
    phi_power,
    power_mod,
    primes_above,
    totient,
    unit_log,
    xgcd,
    zeckendorf,
)

OF_ONE = [base_phi, canonical_associate, divisors, factor, is_prime, totient, unit_log]
OF_TWO = [divmod_euclid, gcd, lcm, xgcd]
OF_AN_INTEGER = [elements_of_norm, fibonacci, lucas, phi_power, primes_above, zeckendorf]
MODULO = [crt, inverse_mod, mod, power_mod]
INVERSES = [from_base_phi, from_zeckendorf]


def test_is_an_attribute_of_the_package():
    assert syntonic.integers.gcd is gcd
    assert {f.__name__ for f in OF_ONE + OF_TWO + OF_AN_INTEGER + MODULO + INVERSES} == set(
        integers.__all__
    )


@pytest.mark.parametrize("kind", [int, mpz, np.int64, np.uint8, Fraction, mpq, GoldenExact])
def test_exact_integers_of_any_type(kind):
    n, k = kind(12), kind(7)
    assert gcd(n, kind(18)) == 6
    assert xgcd(n, k)[0] == 1
    assert divmod_euclid(n, k) == (2, -2)
    assert factor(n) == (1, [(2, 2), (3, 1)])
    assert is_prime(k)
    assert primes_above(k) == [7]
    assert unit_log(kind(1)) == (1, 0)
    assert base_phi(k) == "10000.0001"
    assert zeckendorf(n) == [8, 3, 1]
    assert (fibonacci(n), lucas(n)) == (144, 322)
    assert phi_power(n) == GoldenExact(89, 144)
    assert canonical_associate(n) == 12


def test_types_of_results():
    assert type(gcd(4, 6)) is GoldenExact
    assert {type(part) for part in (*xgcd(4, 6), *divmod_euclid(7, 2))} == {GoldenExact}
    unit, ((prime, exponent), *_) = factor(PHI * 8)
    assert (type(unit), type(prime), type(exponent)) == (GoldenExact, GoldenExact, int)
    assert {type(n) for n in (fibonacci(9), lucas(9), *zeckendorf(10**30), *unit_log(PHI))} == {int}
    assert type(is_prime(7)) is bool
    assert {type(prime) for p in (2, 5, 11) for prime in primes_above(p)} == {GoldenExact}


def test_division_with_remainder():
    assert divmod_euclid(GoldenExact(100, 7), GoldenExact(3, -2)) == (GoldenExact(-114, -221), 0)
    for x in (GoldenExact(17, -4), 10**50 * PHI - 1, GoldenExact(0)):
        for y in (GoldenExact(3, 2), 4 * SQRT5, GoldenExact(-1), phi_power(90)):
            quotient, remainder = divmod_euclid(x, y)
            assert quotient * y + remainder == x
            assert 16 * abs(remainder.norm()) <= 5 * abs(y.norm())


def test_greatest_common_divisor():
    x, y = GoldenExact(12, 18), GoldenExact(30, -12)
    g, s, t = xgcd(x, y)
    assert g == gcd(x, y) == s * x + t * y == 6
    assert gcd(0, 0) == 0
    assert gcd(0, SQRT5) == gcd(5 * SQRT5, 25) / 5 == canonical_associate(SQRT5)


@pytest.mark.parametrize("n", [0, 1, -1, 2, 3, -50, 1001, -1000, 10**6, -(10**6)])
def test_logarithm_of_a_unit(n):
    unit = phi_power(n)
    assert unit_log(unit) == (1, n)
    assert unit_log(-unit) == (-1, n)


def test_factors_multiply_back():
    for x in (GoldenExact(-360, 77), -SQRT5, phi_power(33), 11 * phi_power(-200), 10**20 + PHI):
        unit, primes = factor(x)
        assert unit.is_unit()
        assert unit * math.prod((prime**exponent for prime, exponent in primes)) == x
        assert all(is_prime(prime) for prime, _ in primes)
        assert primes == sorted(primes, key=lambda item: (item[0].norm(), item[0].b))


def test_fibonacci_and_lucas_numbers():
    f, g = 0, 1
    for n in range(200):
        assert fibonacci(n) == f
        assert fibonacci(-n) == (-1) ** (n + 1) * f
        assert lucas(n) == 2 * g - f
        assert lucas(-n) == (-1) ** n * (2 * g - f)
        f, g = g, f + g
    assert fibonacci(5000) == int(flint.fmpz.fib_ui(5000))


@pytest.mark.parametrize("n", [0, 1, -1, 2, 40, -41, 300, -301])
def test_powers_of_phi(n):
    assert phi_power(n) == PHI**n
    assert phi_power(n).numerators() == (fibonacci(n - 1), fibonacci(n), 1)


def evaluate(digits):
    whole, _, fraction = digits.partition(".")
    return sum(
        (PHI ** (len(whole) - 1 - k) for k, digit in enumerate(whole + fraction) if digit == "1"),
        GoldenExact(0),
    )


@pytest.mark.parametrize("x", [0, 1, 2, 100, PHI, 1 / PHI, 3 / PHI**7, 5 * PHI - 8, 9 * SQRT5 - 20])
def test_base_phi(x):
    digits = base_phi(x)
    assert set(digits) <= set("01.")
    assert evaluate(digits) == x
    assert "11" not in digits.replace(".", "")
    assert digits == "0" or not digits.startswith("00")
    assert "." not in digits or digits.endswith("1")
    assert base_phi(-x) == ("-" + digits if x else "0")


# Errors


@pytest.mark.parametrize("function", OF_ONE + OF_AN_INTEGER)
@pytest.mark.parametrize("x", [1.0, np.float32(2), 1j])
def test_floats_are_refused(function, x):
    with pytest.raises(
        TypeError, match=rf"{function.__name__}: \w takes exact numbers.*from_float"
    ):
        function(x)


@pytest.mark.parametrize("function", OF_TWO)
def test_each_argument_is_checked(function):
    for arguments, name in (((2.0, 1), "x"), ((1, 2.0), "y")):
        with pytest.raises(TypeError, match=f"{function.__name__}: {name} takes exact"):
            function(*arguments)
    for arguments, name in (((PHI / 2, 1), "x"), ((1, Fraction(1, 3)), "y")):
        with pytest.raises(ValueError, match=rf"{function.__name__}: {name} must lie.*is_integral"):
            function(*arguments)


@pytest.mark.parametrize("function", OF_ONE + OF_AN_INTEGER)
def test_other_types_and_fractions_are_refused(function):
    with pytest.raises(TypeError, match=f"{function.__name__}: . must be a GoldenExact.*got str"):
        function("3")
    with pytest.raises(
        ValueError, match=rf"{function.__name__}: . must lie in Z\[φ\].*denominator 2"
    ):
        function(Fraction(7, 2))


@pytest.mark.parametrize("function", OF_AN_INTEGER)
def test_rational_integers_are_required(function):
    with pytest.raises(ValueError, match=f"{function.__name__}: . must be a rational integer"):
        function(PHI)


@pytest.mark.parametrize("p", [-7, 0, 1, 4, 25, 561, 3317044064679887385961981])
def test_primes_above_what_is_no_prime(p):
    with pytest.raises(ValueError, match="primes_above: p must be a prime number, got"):
        primes_above(p)


def test_refusals():
    with pytest.raises(ZeroDivisionError, match="divmod_euclid: y must not be 0"):
        divmod_euclid(1, 0)
    with pytest.raises(ValueError, match="factor: x must not be 0"):
        factor(0)
    for x in (0, 2, SQRT5, -PHI - 2):
        with pytest.raises(ValueError, match="unit_log: u must be a unit"):
            unit_log(x)
    with pytest.raises(ValueError, match="zeckendorf: n must not be negative, got -1"):
        zeckendorf(-1)
    with pytest.raises(OverflowError, match=r"phi_power would give.*limit is 2\^28"):
        phi_power(10**12)
    # A message states the size of a long number, not its digits.
    with pytest.raises(ValueError, match="got an integer of 3322 bits"):
        primes_above(10**1000)


# Facts by PARI


def golden(pair):
    return GoldenExact(*pair)


def check_gcd(f):
    g = gcd(golden(f["x"]), golden(f["y"]))
    assert g.norm() == f["expected_ideal_norm"]
    assert canonical_associate(golden(f.get("one_representative", ["1", "0"]))) == g


def check_splitting(f):
    primes = primes_above(f["p"])
    kind = "split" if len(primes) == 2 else "ramified" if primes[0].b else "inert"
    assert kind == f["expected"]
    if "an_element_of_norm_pm_p" in f:
        assert canonical_associate(golden(f["an_element_of_norm_pm_p"])) in primes


def check_euclid(f):
    x, y = golden(f["x"]), golden(f["y"])
    quotient, remainder = divmod_euclid(x, y)
    assert x == quotient * y + remainder
    assert abs(remainder.norm()) < abs(y.norm())


def check_wythoff(f):
    """The lower Wythoff numbers have Zeckendorf expansions that end in an F_k of even k."""
    cases = [(f["n"], f["expected"])]
    if f["n"] == "1..25":
        cases = list(enumerate(f["expected"], start=1))
    for n, expected in cases:
        assert math.floor(n * PHI) == expected
        even = {fibonacci(k) for k in range(2, 400, 2)}
        assert zeckendorf(expected)[-1] in even


CHECKS = {
    "gcd_up_to_unit": check_gcd,
    "prime_splitting": check_splitting,
    "euclid_step": check_euclid,
    "wythoff_lower": check_wythoff,
    "zeckendorf": lambda f: zeckendorf(f["n"]) == f["expected"],
    "base_phi": lambda f: base_phi(f["n"]) == f["expected"],
}


@pytest.mark.parametrize("operation", CHECKS)
def test_facts(golden_facts, operation):
    mine = [f for f in golden_facts if f["op"] == operation]
    assert mine
    for f in mine:
        assert CHECKS[operation](f) in (None, True), f["id"]

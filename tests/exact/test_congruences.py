"""Congruences and divisors in Z[φ] against brute force and PARI."""

from __future__ import annotations

import random
from itertools import product
from math import gcd as integer_gcd

import pytest

cypari = pytest.importorskip("cypari", reason="PARI is the oracle")

from syntonic import PHI, SQRT5, GoldenExact  # noqa: E402
from syntonic.integers import (  # noqa: E402
    base_phi,
    canonical_associate,
    crt,
    divisors,
    elements_of_norm,
    factor,
    from_base_phi,
    from_zeckendorf,
    gcd,
    inverse_mod,
    lcm,
    lucas,
    mod,
    power_mod,
    primes_above,
    totient,
    zeckendorf,
)

pari = cypari.pari
FIELD = pari("bnfinit(w^2 - w - 1)")
SMALL = [GoldenExact(p, q) for p, q in product(range(-4, 5), repeat=2)]
MODULI = [m for m in SMALL if m]
RANDOM = random.Random(5)


def drawn(bits: int) -> GoldenExact:
    return GoldenExact(*(RANDOM.randrange(-(1 << bits), 1 << bits) for _ in range(2)))


def ideal(x: GoldenExact) -> object:
    return pari.idealhnf(FIELD, pari(f"{x.a} + ({x.b})*w"))


def integral(x: GoldenExact) -> bool:
    return x.is_integral()


# -- residues --------------------------------------------------------------------------------


@pytest.mark.parametrize("m", MODULI, ids=str)
def test_one_residue_for_each_class(m):
    """Classes by brute force: x and y are congruent if (x - y)/m is in the ring."""
    residues = {mod(x, m) for x in SMALL}
    for x in SMALL:
        assert integral((x - mod(x, m)) / m)
        assert mod(mod(x, m), m) == mod(x, m) == mod(x, -PHI * m) == mod(x + m * (2 + PHI), m)
    for x, y in product(residues, repeat=2):
        assert (x == y) == integral((x - y) / m)
    assert len({mod(GoldenExact(p, q), m) for p in range(40) for q in range(40)}) == abs(m.norm())


def test_the_box_of_residues():
    for _ in range(200):
        x, m = drawn(90), drawn(RANDOM.choice([2, 10, 64]))
        if not m:
            continue
        c = integer_gcd(int(m.a), int(m.b))
        r = mod(x, m)
        assert 0 <= r.b < c
        assert 0 <= r.a < abs(m.norm()) // c
        form = [[int(e) for e in row] for row in pari.mattranspose(ideal(m))]
        assert (form[0][0], form[1][1]) == (abs(m.norm()) // c, c)


@pytest.mark.parametrize("m", [m for m in MODULI if abs(m.norm()) > 1], ids=str)
def test_inverses_are_where_they_can_be(m):
    units = 0
    for x in {mod(GoldenExact(p, q), m) for p in range(32) for q in range(32)}:
        if gcd(x, m) == 1:
            assert mod(inverse_mod(x, m) * x, m) == 1
            assert power_mod(x, totient(m), m) == 1 == pow(x, totient(m), m)
            assert power_mod(x, -1, m) == pow(x, -1, m) == inverse_mod(x, m)
            units += 1
        else:
            for call in (lambda x=x: inverse_mod(x, m), lambda x=x: pow(x, -2, m)):
                with pytest.raises(ValueError, match="x has no inverse modulo m, both are mult"):
                    call()
    assert units == totient(m)


def test_powers():
    for _ in range(100):
        x, m, n = drawn(20), drawn(12), RANDOM.randrange(40)
        if m:
            assert power_mod(x, n, m) == mod(x**n, m) == pow(x, n, m)
    assert power_mod(PHI, 10**1000, 1000) == power_mod(PHI, 10**1000 % 1500, 1000)  # Pisano
    for p in (11, 19, 7, 13, 10**9 + 7):
        assert mod(2 * power_mod(PHI, 5 * p, p).a + power_mod(PHI, 5 * p, p).b, p) == lucas(5) % p
    assert power_mod(5, 0, 1) == 0
    assert pow(GoldenExact(3), 4, 7) == 4


@pytest.mark.parametrize("m", [0, GoldenExact(0)])
def test_modulo_zero(m):
    for call in (mod, inverse_mod, lambda x, m: power_mod(x, 2, m), lambda x, m: crt([x], [m])):
        with pytest.raises(ZeroDivisionError, match="must not be 0"):
            call(PHI, m)


def test_fractions_and_floats_modulo():
    with pytest.raises(ValueError, match="mod: x must lie in"):
        mod(PHI / 2, 3)
    with pytest.raises(TypeError, match="mod: m takes exact"):
        mod(1, 2.0)
    with pytest.raises(ValueError, match="power_mod: n must be a rational integer"):
        pow(PHI, PHI, 3)


# -- Chinese remainders ----------------------------------------------------------------------


def test_chinese_remainders_of_any_moduli():
    solved = 0
    for _ in range(400):
        moduli = [m for m in (drawn(3) for _ in range(3)) if m]
        secret = drawn(30) if RANDOM.random() < 0.7 else None
        residues = [drawn(4) if secret is None else mod(secret, m) for m in moduli]
        possible = all(
            integral((r - s) / gcd(m, n))
            for (r, m), (s, n) in product(zip(residues, moduli, strict=True), repeat=2)
        )
        if not possible:
            with pytest.raises(ValueError, match=r"crt: there is no solution, residue \d"):
                crt(residues, moduli)
            continue
        x, m = crt(residues, moduli)
        assert all(integral((x - r) / n) for r, n in zip(residues, moduli, strict=True))
        assert m == lcm(1, 1, *moduli)
        assert x == mod(x, m)
        assert secret is None or x == mod(secret, m)
        solved += 1
    assert solved > 250
    assert crt([], []) == (0, 1)
    with pytest.raises(ValueError, match="equally many, got 2 and 1"):
        crt([1, 2], [3])


# -- divisors --------------------------------------------------------------------------------


def test_divisors_by_brute_force():
    small = {canonical_associate(GoldenExact(p, q)) for p in range(90) for q in range(60)}
    for x in (1, PHI, 2, 11, 12, SQRT5, GoldenExact(12, 18), GoldenExact(30, 7)):
        found = divisors(x)
        assert found == sorted(found, key=lambda d: (d.norm(), d.b))
        assert set(found) == {d for d in small if d and integral(x / d)}
    assert len(divisors(2**7 * 11**3)) == 8 * 4 * 4
    with pytest.raises(OverflowError, match=r"divisors would give \d+ elements, the limit is"):
        divisors(11**1000)
    for function in (divisors, totient):
        with pytest.raises(ValueError, match=rf"{function.__name__}: x must not be 0"):
            function(0)


def test_orders_by_pari():
    for _ in range(60):
        x = drawn(25)
        if x:
            assert totient(x) == int(pari.idealstar(FIELD, ideal(x)).getattr("no"))


def test_least_common_multiples():
    for _ in range(200):
        x, y, z = (drawn(6) for _ in range(3))
        multiple = lcm(x, y)
        assert multiple == canonical_associate(multiple)
        if x and y:
            assert integral(multiple / x)
            assert integral(multiple / y)
            assert canonical_associate(multiple * gcd(x, y)) == canonical_associate(x * y)
        assert lcm(x, y, z) == lcm(multiple, z) == lcm(z, y, x)
        assert gcd(x, y, z) == gcd(gcd(x, y), z)
    assert lcm(0, 3) == lcm(3, 0) == lcm(0, 0) == 0


# -- norms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
def test_norm_equations_by_pari(sign):
    for n in [*range(1, 700), 11**4 * 19**2 * 5 * 49, 2**61 - 1, 10**18 + 9]:
        found = elements_of_norm(sign * n)
        assert all(x.norm() == sign * n for x in found)
        solutions = pari.bnfisintnorm(FIELD, sign * n)
        assert len(found) == len(solutions)
        mine = {canonical_associate(x) for x in found}
        assert mine == {canonical_associate(of_pari(s)) for s in solutions}
        assert len(mine) == len(found)
    assert elements_of_norm(49) == [7]
    with pytest.raises(ValueError, match="elements_of_norm: n must not be 0"):
        elements_of_norm(0)


def of_pari(x: object) -> GoldenExact:
    return GoldenExact(int(pari.polcoef(x, 0, "w")), int(pari.polcoef(x, 1, "w")))


def test_primes_have_their_norms():
    for p in (11, 19, 5):
        assert set(map(canonical_associate, elements_of_norm(p))) == set(primes_above(p))
    assert factor(elements_of_norm(11**2)[0])[1][0][1] in (1, 2)


# -- expansions ------------------------------------------------------------------------------


def test_expansions_come_back():
    for _ in range(300):
        x = drawn(RANDOM.choice([3, 60, 400]))
        assert from_base_phi(base_phi(x)) == x
        n = RANDOM.randrange(1 << RANDOM.choice([4, 200]))
        assert from_zeckendorf(zeckendorf(n)) == n == from_zeckendorf(zeckendorf(n)[::-1])
    assert from_base_phi("0.11") == from_base_phi("1") == from_base_phi("1.") == 1
    assert from_base_phi(".1") == 1 / PHI
    assert from_base_phi("11") == PHI**2
    assert from_zeckendorf([]) == 0


@pytest.mark.parametrize("text", ["", ".", "-", "2", "1.0.1", "+1", "1e3", "١", "1\n"])
def test_what_is_no_base_phi(text):
    with pytest.raises(ValueError, match="from_base_phi: digits must be 0 and 1 with at most one"):
        from_base_phi(text)


@pytest.mark.parametrize("numbers", [[1, 2], [4], [3, 3], [-1], [0], [1, 1], [5, 8]])
def test_what_is_no_zeckendorf_expansion(numbers):
    with pytest.raises(ValueError, match="from_zeckendorf: numbers must be Fibonacci numbers, no"):
        from_zeckendorf(numbers)


def test_other_types_of_expansions():
    with pytest.raises(TypeError, match="from_base_phi: digits must be a str, got int"):
        from_base_phi(101)
    with pytest.raises(TypeError, match="from_zeckendorf: numbers takes exact"):
        from_zeckendorf([1.0])

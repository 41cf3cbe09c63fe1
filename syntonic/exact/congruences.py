"""Congruences in Z[φ]: residues, inverses, powers, and the Chinese remainder theorem.

Public as members of `syntonic.integers`.
"""

from __future__ import annotations

from collections.abc import Iterable

from gmpy2 import mpz

from syntonic.exact import euclid, pairs, ring
from syntonic.exact.euclid import Pair
from syntonic.exact.golden import GoldenExact
from syntonic.exact.residues import Ideal, ideal
from syntonic.typing import ExactScalar

__all__ = ["crt", "inverse_mod", "mod", "power_mod"]


def mod(x: ExactScalar, m: ExactScalar) -> GoldenExact:
    """Return the element that stands for the class of x modulo the ideal of m.

    Parameters
    ----------
    x, m : GoldenExact, int, mpz or NumPy integer
        Elements of Z[φ]; m not 0.

    Returns
    -------
    GoldenExact
        The one p + qφ of the class with 0 <= q < c and 0 <= p < |norm(m)|/c, where c is the
        greatest integer that divides m. Elements are congruent exactly if these are equal.

    Raises
    ------
    TypeError
        x or m is not an exact number.
    ValueError
        x or m has a denominator.
    ZeroDivisionError
        m is 0.

    See Also
    --------
    divmod_euclid : the remainder of small norm.
    power_mod, inverse_mod : arithmetic of classes.
    crt : classes of several moduli.

    Notes
    -----
    Modulo a rational integer the coefficients are reduced one by one; modulo a prime of norm p the
    residues are 0, ..., p - 1, as Z[φ]/m is the field of p elements.

    Examples
    --------
    >>> mod(GoldenExact(-1, 9), 7), mod(GoldenExact(0, 1), GoldenExact(3, 1))
    (GoldenExact(6, 2), GoldenExact(8))
    """
    return ring.golden(_ideal(m, "mod: m").residue(ring.element(x, "mod: x")))


def inverse_mod(x: ExactScalar, m: ExactScalar) -> GoldenExact:
    """Return the inverse of x modulo the ideal of m.

    Parameters
    ----------
    x, m : GoldenExact, int, mpz or NumPy integer
        Elements of Z[φ] without a common divisor; m not 0.

    Returns
    -------
    GoldenExact
        y with xy = 1 modulo m, as `mod` returns it.

    Raises
    ------
    TypeError
        x or m is not an exact number.
    ValueError
        x or m has a denominator, or they have a common divisor that is no unit.
    ZeroDivisionError
        m is 0.

    See Also
    --------
    xgcd : the greatest common divisor with its multipliers.

    Examples
    --------
    >>> y = inverse_mod(GoldenExact(2, 1), 7)
    >>> y, mod(y * GoldenExact(2, 1), 7)
    (GoldenExact(2, 4), GoldenExact(1))
    """
    modulus = _ideal(m, "inverse_mod: m")
    return ring.golden(_inverse(ring.element(x, "inverse_mod: x"), modulus, "inverse_mod"))


def power_mod(x: ExactScalar, n: ExactScalar, m: ExactScalar) -> GoldenExact:
    """Return xⁿ modulo the ideal of m, for n of any size; the same as ``pow(x, n, m)``.

    Parameters
    ----------
    x : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ].
    n : int, mpz, NumPy integer or GoldenExact
        A rational integer; where it is negative, x and m have no common divisor.
    m : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ], not 0.

    Returns
    -------
    GoldenExact
        As `mod` returns it.

    Raises
    ------
    TypeError
        An argument is not an exact number.
    ValueError
        x or m has a denominator, n is no rational integer, or n is negative and x has no inverse.
    ZeroDivisionError
        m is 0.

    See Also
    --------
    totient : xⁿ = 1 for this n, where x and m have no common divisor.
    phi_power : powers of φ, not reduced.

    Examples
    --------
    >>> from syntonic import PHI
    >>> power_mod(PHI, 10**100, 1000)  # the last digits of F_(n-1) and F_n for n = 10^100
    GoldenExact(626, 875)
    >>> pow(PHI, -1, 11)
    GoldenExact(10, 1)
    """
    base, exponent = ring.element(x, "power_mod: x"), ring.integer(n, "power_mod: n")
    modulus = _ideal(m, "power_mod: m")
    if exponent < 0:
        base, exponent = _inverse(base, modulus, "power_mod"), -exponent
    return ring.golden(modulus.power(base, exponent))


def crt(
    residues: Iterable[ExactScalar], moduli: Iterable[ExactScalar]
) -> tuple[GoldenExact, GoldenExact]:
    """Return the solution of several congruences, x = residue modulo each modulus.

    Parameters
    ----------
    residues, moduli : iterables of GoldenExact, int, mpz or NumPy integer
        Equally many elements of Z[φ]; moduli not 0. Moduli may have common divisors.

    Returns
    -------
    x, m : GoldenExact
        All solutions are congruent to x modulo m, the canonical least common multiple of the
        moduli; x as `mod` returns it. 0 and 1 for no congruences.

    Raises
    ------
    TypeError
        An argument is not an exact number.
    ValueError
        There is no solution, a number has a denominator, or there are not equally many.
    ZeroDivisionError
        A modulus is 0.

    See Also
    --------
    lcm : the modulus of the result.

    Examples
    --------
    >>> from syntonic import PHI
    >>> x, m = crt([PHI, 1], [7, 2 + PHI])
    >>> x, m, mod(x, 7), mod(x - 1, 2 + PHI)
    (GoldenExact(28, 1), GoldenExact(14, 7), GoldenExact(0, 1), GoldenExact(0))
    """
    values = [ring.element(r, "crt: residues") for r in residues]
    ideals = [_ideal(m, "crt: moduli") for m in moduli]
    if len(values) != len(ideals):
        raise ValueError(
            f"crt: residues and moduli must be equally many, got {len(values)} and {len(ideals)}"
        )
    x, m = (mpz(0), mpz(0)), (mpz(1), mpz(0))
    for k, (value, modulus) in enumerate(zip(values, ideals, strict=True)):
        x, m = _merged(x, m, value, modulus.generator, k)
    return ring.golden(ideal(m).residue(x)), ring.golden(m)


def _ideal(m: ExactScalar, where: str) -> Ideal:
    pair = ring.element(m, where)
    if not any(pair):
        raise ZeroDivisionError(f"{where} must not be 0")
    return ideal(pair)


def _inverse(x: Pair, modulus: Ideal, where: str) -> Pair:
    found = modulus.inverse(x)
    if found is None:
        common = ring.golden(euclid.gcd(x, modulus.generator))
        raise ValueError(
            f"{where}: x has no inverse modulo m, both are multiples of {common}; "
            "divide it out, or take another modulus"
        )
    return found


def _merged(x: Pair, m: Pair, y: Pair, n: Pair, place: int) -> tuple[Pair, Pair]:
    """Return z and l = lcm(m, n) with z = x modulo m and z = y modulo n.

    With g = sm + tn the gcd, x + m·s·(y - x)/g is y modulo n, if g divides y - x; else none is.
    """
    g, s, _ = euclid.xgcd(m, n)
    quotient, remainder = euclid.divide((y[0] - x[0], y[1] - x[1]), g)
    if any(remainder):
        raise ValueError(
            f"crt: there is no solution, residue {place} contradicts those before it modulo "
            f"{ring.golden(g)}, which divides both moduli"
        )
    step = pairs.multiply(*pairs.multiply(*m, *s), *quotient)
    least = euclid.canonical(*pairs.multiply(*m, *euclid.exact_quotient(n, g))).associate
    return ideal(least).residue((x[0] + step[0], x[1] + step[1])), least

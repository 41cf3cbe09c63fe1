"""Number theory in Z[φ], the ring of integers of the golden field.

Arguments are exact integers of the ring: `GoldenExact` with denominator 1, int, mpz, NumPy
integers. Greatest common divisors and primes are defined up to a unit ±φⁿ; what is returned is
the **canonical associate**, the one p + qφ with 0 <= q < p (every non-zero element has exactly
one; a positive integer is its own). Ideals of Z[φ] are its canonical elements and 0.

Examples
--------
>>> from syntonic import GoldenExact, integers
>>> integers.gcd(GoldenExact(12, 18), GoldenExact(30, -12))
GoldenExact(6)
>>> unit, primes = integers.factor(1001)
>>> [(str(prime), exponent) for prime, exponent in primes]
[('3 + φ', 1), ('3 + 2φ', 1), ('7', 1), ('13', 1)]
"""

from __future__ import annotations

from syntonic.errors import shown
from syntonic.exact import euclid, flint_calls, pairs, ring
from syntonic.exact import factor as factorisation
from syntonic.exact.congruences import crt, inverse_mod, mod, power_mod
from syntonic.exact.divisors import divisors, elements_of_norm, gcd, lcm, totient
from syntonic.exact.euclid import Pair
from syntonic.exact.golden import GoldenExact
from syntonic.exact.sequences import (
    base_phi,
    fibonacci,
    from_base_phi,
    from_zeckendorf,
    lucas,
    phi_power,
    zeckendorf,
)
from syntonic.typing import ExactScalar

__all__ = [
    "base_phi",
    "canonical_associate",
    "crt",
    "divisors",
    "divmod_euclid",
    "elements_of_norm",
    "factor",
    "fibonacci",
    "from_base_phi",
    "from_zeckendorf",
    "gcd",
    "inverse_mod",
    "is_prime",
    "lcm",
    "lucas",
    "mod",
    "phi_power",
    "power_mod",
    "primes_above",
    "totient",
    "unit_log",
    "xgcd",
    "zeckendorf",
]


def __dir__() -> list[str]:
    return [*__all__]


def divmod_euclid(x: ExactScalar, y: ExactScalar) -> tuple[GoldenExact, GoldenExact]:
    """Divide with a remainder of smaller norm.

    Parameters
    ----------
    x, y : GoldenExact, int, mpz or NumPy integer
        Elements of Z[φ]; y not 0.

    Returns
    -------
    quotient, remainder : GoldenExact
        x = quotient·y + remainder with |norm(remainder)| <= 5/16·|norm(y)|.

    Raises
    ------
    TypeError
        x or y is not an exact number.
    ValueError
        x or y has a denominator.
    ZeroDivisionError
        y is 0.

    See Also
    --------
    gcd : repeats the division.

    Notes
    -----
    The coefficients of x/y are rounded to the nearest integers, halves up. This is another
    division than ``divmod(x, y)``, whose quotient is the rational integer ⌊x/y⌋.

    Examples
    --------
    >>> divmod_euclid(GoldenExact(7, 3), GoldenExact(2, 1))
    (GoldenExact(4), GoldenExact(-1, -1))
    """
    dividend, divisor = ring.element(x, "divmod_euclid: x"), ring.element(y, "divmod_euclid: y")
    if not any(divisor):
        raise ZeroDivisionError("divmod_euclid: y must not be 0")
    quotient, remainder = euclid.divide(dividend, divisor)
    return ring.golden(quotient), ring.golden(remainder)


def canonical_associate(x: ExactScalar) -> GoldenExact:
    """Return the one associate p + qφ of x with 0 <= q < p; 0 for 0.

    Parameters
    ----------
    x : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ].

    Returns
    -------
    GoldenExact
        ±φⁿx for the one sign and n that fit.

    Raises
    ------
    TypeError
        x is not an exact number.
    ValueError
        x has a denominator.

    See Also
    --------
    unit_log : the sign and exponent of a unit.
    gcd : returns canonical associates.

    Notes
    -----
    Elements of Z[φ] divide each other, and generate the same ideal, exactly if these are equal.

    Examples
    --------
    >>> canonical_associate(GoldenExact(-1, 2))  # √5
    GoldenExact(2, 1)
    """
    return ring.golden(euclid.canonical(*ring.element(x, "canonical_associate: x")).associate)


def xgcd(x: ExactScalar, y: ExactScalar) -> tuple[GoldenExact, GoldenExact, GoldenExact]:
    """Return the greatest common divisor and its multipliers.

    Parameters
    ----------
    x, y : GoldenExact, int, mpz or NumPy integer
        Elements of Z[φ].

    Returns
    -------
    g, s, t : GoldenExact
        g = gcd(x, y) = s·x + t·y. If y is not 0, |norm(s)| <= 5/16·|norm(y/g)|.

    Raises
    ------
    TypeError
        x or y is not an exact number.
    ValueError
        x or y has a denominator.

    See Also
    --------
    gcd : the divisor alone.

    Examples
    --------
    >>> g, s, t = xgcd(GoldenExact(3, 1), 7)
    >>> g, s * GoldenExact(3, 1) + t * 7
    (GoldenExact(1), GoldenExact(1))
    """
    g, s, t = euclid.xgcd(ring.element(x, "xgcd: x"), ring.element(y, "xgcd: y"))
    return ring.golden(g), ring.golden(s), ring.golden(t)


def unit_log(u: ExactScalar) -> tuple[int, int]:
    """Return the sign and the exponent n of a unit u = sign·φⁿ.

    Parameters
    ----------
    u : GoldenExact, int, mpz or NumPy integer
        A unit of Z[φ].

    Returns
    -------
    sign, n : int
        The sign is 1 or -1.

    Raises
    ------
    TypeError
        u is not an exact number.
    ValueError
        u is not a unit of Z[φ].

    See Also
    --------
    phi_power : the way back.
    GoldenExact.is_unit : tells beforehand.

    Examples
    --------
    >>> unit_log(-phi_power(-40))
    (-1, -40)
    """
    p, q = ring.element(u, "unit_log: u")
    if abs(norm := pairs.norm(p, q)) != 1:
        raise ValueError(
            f"unit_log: u must be a unit ±φⁿ of Z[φ], got an element of norm {shown(norm)}; "
            "factor(u) takes the unit out of any element"
        )
    _, sign, exponent = euclid.canonical(p, q)
    return sign, exponent


def is_prime(x: ExactScalar) -> bool:
    """Return whether x is a prime element of Z[φ], proved; 0 and units are not.

    Parameters
    ----------
    x : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ].

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        x is not an exact number.
    ValueError
        x has a denominator.

    See Also
    --------
    factor : the primes that divide an element.
    primes_above : those that divide a rational prime.

    Notes
    -----
    The primes are, up to units, √5, the rational primes ±2 mod 5, and the elements of norm ±p
    for a rational prime p = ±1 mod 5. FLINT proves primality by APR-CL where it is large:
    512 bits take some seconds. Ctrl-C ends it, where Python can start another process.

    Examples
    --------
    >>> [n for n in range(20) if is_prime(n)], is_prime(GoldenExact(3, 1))
    ([2, 3, 7, 13, 17], True)
    """
    return factorisation.is_prime(*ring.element(x, "is_prime: x"))


def primes_above(p: ExactScalar) -> list[GoldenExact]:
    """Return the canonical primes of Z[φ] that divide a rational prime.

    Parameters
    ----------
    p : int, mpz, NumPy integer or GoldenExact
        A rational prime.

    Returns
    -------
    list of GoldenExact
        Two conjugate primes (up to a unit) if p = ±1 mod 5, else one: p itself if p = ±2 mod 5,
        and 2 + φ = φ√5 for 5.

    Raises
    ------
    TypeError
        p is not an exact number.
    ValueError
        p is not a prime number.

    See Also
    --------
    is_prime : whether an element is one of these, up to a unit.
    factor : the primes that divide any element.

    Notes
    -----
    The prime p splits if 5 is a square modulo p, by quadratic reciprocity if p is one modulo 5.

    Examples
    --------
    >>> primes_above(11), primes_above(2), primes_above(5)
    ([GoldenExact(3, 1), GoldenExact(3, 2)], [GoldenExact(2)], [GoldenExact(2, 1)])
    """
    prime = ring.integer(p, "primes_above: p")
    if not flint_calls.is_prime(prime):
        raise ValueError(
            f"primes_above: p must be a prime number, got {shown(prime)}; "
            "factor(p) takes any integer apart"
        )
    return [ring.golden(pair) for pair in factorisation.primes_above(prime)]


def factor(x: ExactScalar) -> tuple[GoldenExact, list[tuple[GoldenExact, int]]]:
    """Return the factorisation of an element of Z[φ] into a unit and primes.

    Parameters
    ----------
    x : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ], not 0.

    Returns
    -------
    unit : GoldenExact
        ±φⁿ; `unit_log` tells which.
    primes : list of (GoldenExact, int)
        Canonical primes and exponents, with x = unit·Π prime^exponent. Sorted by norm; of two
        conjugate primes p + qφ the one with the smaller q first.

    Raises
    ------
    TypeError
        x is not an exact number.
    ValueError
        x is 0 or has a denominator.

    See Also
    --------
    is_prime : whether there is one factor.
    unit_log : the sign and exponent of the unit.

    Notes
    -----
    The time is that of factoring the norm, a rational integer, with FLINT: for a product of two
    primes of 100 bits each some 40 seconds, and about four times that for every 20 bits more.
    Ctrl-C ends it, where Python can start another process.

    Examples
    --------
    >>> factor(GoldenExact(12, 18))
    (GoldenExact(2, 3), [(GoldenExact(2), 1), (GoldenExact(3), 1)])
    """
    p, q = ring.element(x, "factor: x")
    if not (p or q):
        raise ValueError("factor: x must not be 0, which every prime divides")
    found = factorisation.prime_factors(p, q)
    rest: Pair = (p, q)
    for prime, exponent in found:
        rest = euclid.exact_quotient(rest, pairs.power(*prime, exponent))
    return ring.golden(rest), [(ring.golden(prime), exponent) for prime, exponent in found]

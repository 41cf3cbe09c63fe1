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

from typing import Any

from gmpy2 import mpz

from syntonic.errors import shown
from syntonic.exact import euclid, expansions, flint_calls, operands, pairs
from syntonic.exact import factor as factorisation
from syntonic.exact.euclid import Pair
from syntonic.exact.golden import GoldenExact
from syntonic.exact.limits import require_bits

__all__ = [
    "base_phi",
    "canonical_associate",
    "divmod_euclid",
    "factor",
    "fibonacci",
    "gcd",
    "is_prime",
    "lucas",
    "phi_power",
    "primes_above",
    "unit_log",
    "xgcd",
    "zeckendorf",
]


def divmod_euclid(x: Any, y: Any) -> tuple[GoldenExact, GoldenExact]:
    """Divide with a remainder of smaller norm.

    Parameters
    ----------
    x, y
        Elements of Z[φ]; y not 0.

    Returns
    -------
    quotient, remainder : GoldenExact
        x = quotient·y + remainder with |norm(remainder)| <= 5/16·|norm(y)|.

    Raises
    ------
    ZeroDivisionError
        y is 0.

    Notes
    -----
    The coefficients of x/y are rounded to the nearest integers, halves up. This is another
    division than ``divmod(x, y)``, whose quotient is the rational integer ⌊x/y⌋.

    Examples
    --------
    >>> divmod_euclid(GoldenExact(7, 3), GoldenExact(2, 1))
    (GoldenExact(4), GoldenExact(-1, -1))
    """
    dividend, divisor = _element(x, "divmod_euclid: x"), _element(y, "divmod_euclid: y")
    if not any(divisor):
        raise ZeroDivisionError("divmod_euclid: y must not be 0")
    quotient, remainder = euclid.divide(dividend, divisor)
    return _golden(quotient), _golden(remainder)


def canonical_associate(x: Any) -> GoldenExact:
    """Return the one associate p + qφ of x with 0 <= q < p; 0 for 0.

    Elements of Z[φ] divide each other, and generate the same ideal, exactly if these are equal.

    Examples
    --------
    >>> canonical_associate(GoldenExact(-1, 2))  # √5
    GoldenExact(2, 1)
    """
    return _golden(euclid.canonical(*_element(x, "canonical_associate: x")).associate)


def gcd(x: Any, y: Any) -> GoldenExact:
    """Return the greatest common divisor of two elements of Z[φ].

    Parameters
    ----------
    x, y
        Elements of Z[φ].

    Returns
    -------
    GoldenExact
        The generator p + qφ of the ideal (x, y) with 0 <= q < p; 0 if x and y are 0.

    Examples
    --------
    >>> gcd(GoldenExact(3, 1), 11)
    GoldenExact(3, 1)
    """
    return _golden(euclid.gcd(_element(x, "gcd: x"), _element(y, "gcd: y")))


def xgcd(x: Any, y: Any) -> tuple[GoldenExact, GoldenExact, GoldenExact]:
    """Return the greatest common divisor and its multipliers.

    Parameters
    ----------
    x, y
        Elements of Z[φ].

    Returns
    -------
    g, s, t : GoldenExact
        g = gcd(x, y) = s·x + t·y. If y is not 0, |norm(s)| <= 5/16·|norm(y/g)|.

    Examples
    --------
    >>> g, s, t = xgcd(GoldenExact(3, 1), 7)
    >>> g, s * GoldenExact(3, 1) + t * 7
    (GoldenExact(1), GoldenExact(1))
    """
    g, s, t = euclid.xgcd(_element(x, "xgcd: x"), _element(y, "xgcd: y"))
    return _golden(g), _golden(s), _golden(t)


def unit_log(u: Any) -> tuple[int, int]:
    """Return the sign and the exponent n of a unit u = sign·φⁿ.

    Raises
    ------
    ValueError
        u is not a unit of Z[φ].

    Examples
    --------
    >>> unit_log(-phi_power(-40))
    (-1, -40)
    """
    p, q = _element(u, "unit_log: u")
    if abs(norm := pairs.norm(p, q)) != 1:
        raise ValueError(
            f"unit_log: u must be a unit ±φⁿ of Z[φ], got an element of norm {shown(norm)}; "
            "factor(u) takes the unit out of any element"
        )
    _, sign, exponent = euclid.canonical(p, q)
    return sign, exponent


def is_prime(x: Any) -> bool:
    """Return whether x is a prime element of Z[φ], proved; 0 and units are not.

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
    return factorisation.is_prime(*_element(x, "is_prime: x"))


def primes_above(p: Any) -> list[GoldenExact]:
    """Return the canonical primes of Z[φ] that divide a rational prime.

    Parameters
    ----------
    p
        A rational prime.

    Returns
    -------
    list of GoldenExact
        Two conjugate primes (up to a unit) if p = ±1 mod 5, else one: p itself if p = ±2 mod 5,
        and 2 + φ = φ√5 for 5.

    Raises
    ------
    ValueError
        p is not a prime number.

    Examples
    --------
    >>> primes_above(11), primes_above(2), primes_above(5)
    ([GoldenExact(3, 1), GoldenExact(3, 2)], [GoldenExact(2)], [GoldenExact(2, 1)])
    """
    prime = _integer(p, "primes_above: p")
    if not flint_calls.is_prime(prime):
        raise ValueError(
            f"primes_above: p must be a prime number, got {shown(prime)}; "
            "factor(p) takes any integer apart"
        )
    return [_golden(pair) for pair in factorisation.primes_above(prime)]


def factor(x: Any) -> tuple[GoldenExact, list[tuple[GoldenExact, int]]]:
    """Return the factorisation of an element of Z[φ] into a unit and primes.

    Parameters
    ----------
    x
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
    ValueError
        x is 0.

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
    p, q = _element(x, "factor: x")
    if not (p or q):
        raise ValueError("factor: x must not be 0, which every prime divides")
    found = factorisation.prime_factors(p, q)
    rest: Pair = (p, q)
    for prime, exponent in found:
        rest = euclid.exact_quotient(rest, pairs.power(*prime, exponent))
    return _golden(rest), [(_golden(prime), exponent) for prime, exponent in found]


def fibonacci(n: Any) -> int:
    """Return the Fibonacci number F_n for any integer n; F_-n = (-1)^(n+1) F_n.

    Raises
    ------
    OverflowError
        |n| is above 2^28: a number may take 2^28 bits.

    Examples
    --------
    >>> [fibonacci(n) for n in range(-4, 9)]
    [-3, 2, -1, 1, 0, 1, 1, 2, 3, 5, 8, 13, 21]
    """
    return int(pairs.fibonacci(int(_integer(n, "fibonacci: n")), "fibonacci"))


def lucas(n: Any) -> int:
    """Return the Lucas number L_n, the trace of φⁿ, for any integer n; L_-n = (-1)^n L_n.

    Raises
    ------
    OverflowError
        |n| is above 2^28: a number may take 2^28 bits.

    Examples
    --------
    >>> [lucas(n) for n in range(-4, 9)]
    [7, -4, 3, -1, 2, 1, 3, 4, 7, 11, 18, 29, 47]
    """
    p, q = pairs.phi_power(int(_integer(n, "lucas: n")), "lucas")
    return int(2 * p + q)


def phi_power(n: Any) -> GoldenExact:
    """Return φⁿ = F_(n-1) + F_n φ for any integer n, by fast doubling.

    Raises
    ------
    OverflowError
        |n| is above 2^28: a number may take 2^28 bits.

    Examples
    --------
    >>> phi_power(10), phi_power(-2)
    (GoldenExact(34, 55), GoldenExact(2, -1))
    """
    return _golden(pairs.phi_power(int(_integer(n, "phi_power: n")), "phi_power"))


def zeckendorf(n: Any) -> list[int]:
    """Return the Fibonacci numbers, no two consecutive, that sum to n.

    Parameters
    ----------
    n
        An integer, not negative.

    Returns
    -------
    list of int
        Descending; empty for 0. There is one such list (Zeckendorf's theorem).

    Raises
    ------
    ValueError
        n is negative.
    OverflowError
        n has more than 27 thousand bits: the numbers could take 2^28 together.

    Examples
    --------
    >>> zeckendorf(100)
    [89, 8, 3]
    """
    total = _integer(n, "zeckendorf: n")
    if total < 0:
        raise ValueError(f"zeckendorf: n must not be negative, got {shown(total)}; expand -n")
    # Of n < 2^bits at most the 0.72 bits Fibonacci numbers of odd index, half as long on average.
    require_bits(9 * total.bit_length() ** 2 // 25, "zeckendorf", "numbers")
    return [int(number) for _, number in expansions.zeckendorf(total)]


def base_phi(x: Any) -> str:
    """Return the digits of x in base φ, without two adjacent ones.

    Parameters
    ----------
    x
        An element of Z[φ], of either sign. Each has a finite expansion.

    Returns
    -------
    str
        Digits 0 and 1; those after a point belong to φ⁻¹, φ⁻², ... A negative element gives the
        digits of -x after a minus sign.

    References
    ----------
    .. [1] G. Bergman, "A number system with an irrational base", Mathematics Magazine 31 (1957).

    Examples
    --------
    >>> base_phi(4), base_phi(GoldenExact(2, -1)), base_phi(-2)
    ('101.01', '0.01', '-10.01')
    """
    p, q = _element(x, "base_phi: x")
    if pairs.sign(p, q) < 0:
        return "-" + expansions.digits(expansions.phi_exponents(-p, -q))
    return expansions.digits(expansions.phi_exponents(p, q))


def _golden(pair: Pair) -> GoldenExact:
    return GoldenExact.from_numerators(*pair)


def _element(x: Any, where: str) -> Pair:
    """Return an argument from Z[φ] as a pair."""
    triple = x.numerators() if isinstance(x, GoldenExact) else operands.rational_triple(x, where)
    if triple is None:
        raise TypeError(
            f"{where} must be a GoldenExact or an integer, got {type(x).__name__}; "
            "GoldenExact.parse reads text"
        )
    p, q, d = triple
    if d != 1:
        raise ValueError(
            f"{where} must lie in Z[φ], got an element with denominator {shown(d)}; "
            "x.is_integral() tells, and multiplying by the denominator clears it"
        )
    return p, q


def _integer(n: Any, where: str) -> mpz:
    """Return an argument from Z."""
    p, q = _element(n, where)
    if q:
        raise ValueError(f"{where} must be a rational integer, got an element with φ-part")
    return p

"""Divisors in Z[φ] and elements of a given norm.

Public as members of `syntonic.integers`.
"""

from __future__ import annotations

from itertools import product
from math import prod

from gmpy2 import mpz

from syntonic.errors import shown
from syntonic.exact import euclid, factor, flint_calls, pairs, ring
from syntonic.exact.euclid import Pair
from syntonic.exact.golden import GoldenExact
from syntonic.typing import ExactScalar

__all__ = ["divisors", "elements_of_norm", "gcd", "lcm", "totient"]

_ONE = (mpz(1), mpz(0))
_PHI = (mpz(0), mpz(1))
_MOST = 10**6  # elements of a list


def gcd(x: ExactScalar, y: ExactScalar, *more: ExactScalar) -> GoldenExact:
    """Return the greatest common divisor of two or more elements of Z[φ].

    Parameters
    ----------
    x, y, *more : GoldenExact, int, mpz or NumPy integer
        Elements of Z[φ].

    Returns
    -------
    GoldenExact
        The generator p + qφ of the ideal (x, y, ...) with 0 <= q < p; 0 if all are 0.

    Raises
    ------
    TypeError
        An argument is not an exact number.
    ValueError
        An argument has a denominator.

    See Also
    --------
    xgcd : its multipliers too.
    lcm : the least common multiple.
    factor : the primes of one element.

    Notes
    -----
    Euclid's algorithm with the division of `divmod_euclid`, which divides the norm by 3.2 or more
    in each step.

    Examples
    --------
    >>> gcd(GoldenExact(3, 1), 11), gcd(12, 18, 27)
    (GoldenExact(3, 1), GoldenExact(3))
    """
    found, *others = _elements("gcd", x, y, *more)
    for other in others:
        found = euclid.gcd(found, other)
    return ring.golden(found)


def lcm(x: ExactScalar, y: ExactScalar, *more: ExactScalar) -> GoldenExact:
    """Return the least common multiple of two or more elements of Z[φ].

    Parameters
    ----------
    x, y, *more : GoldenExact, int, mpz or NumPy integer
        Elements of Z[φ].

    Returns
    -------
    GoldenExact
        The canonical generator p + qφ, 0 <= q < p, of the ideal of all common multiples; 0 if an
        argument is 0.

    Raises
    ------
    TypeError
        An argument is not an exact number.
    ValueError
        An argument has a denominator.

    See Also
    --------
    gcd : the greatest common divisor.

    Examples
    --------
    >>> lcm(GoldenExact(3, 1), GoldenExact(3, 2)), lcm(4, 6, 10)
    (GoldenExact(11), GoldenExact(60))
    """
    found, *others = _elements("lcm", x, y, *more)
    for other in others:
        if not (any(found) and any(other)):
            return ring.golden((mpz(0), mpz(0)))
        cofactor = euclid.exact_quotient(other, euclid.gcd(found, other))
        found = pairs.multiply(*found, *cofactor)
    return ring.golden(euclid.canonical(*found).associate)


def divisors(x: ExactScalar) -> list[GoldenExact]:
    """Return the divisors of an element of Z[φ], one of each class of associates.

    Parameters
    ----------
    x : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ], not 0.

    Returns
    -------
    list of GoldenExact
        Canonical divisors p + qφ, 0 <= q < p, by norm and then q; from 1 to x's own associate.

    Raises
    ------
    TypeError
        x is not an exact number.
    ValueError
        x is 0 or has a denominator.
    OverflowError
        There are more than 10^6.

    See Also
    --------
    factor : the primes that they are made of.
    totient : counts the residues that are prime to x.

    Examples
    --------
    >>> [str(d) for d in divisors(11)], len(divisors(GoldenExact(12, 18)))
    (['1', '3 + φ', '3 + 2φ', '11'], 4)
    """
    found = _factors(x, "divisors")
    _require_few(prod(exponent + 1 for _, exponent in found), "divisors")
    return _sorted(_products([_powers(prime, exponent) for prime, exponent in found]))


def totient(x: ExactScalar) -> int:
    """Return how many classes modulo x have an inverse (Euler's function of Z[φ]).

    Parameters
    ----------
    x : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ], not 0.

    Returns
    -------
    int
        The order of the group (Z[φ]/x)*.

    Raises
    ------
    TypeError
        x is not an exact number.
    ValueError
        x is 0 or has a denominator.

    See Also
    --------
    power_mod : its power is 1 for this exponent.

    Notes
    -----
    The product of N^(k-1)(N - 1) over the primes of x, with norm N and exponent k.

    Examples
    --------
    >>> totient(7), totient(GoldenExact(3, 1)), totient(1)
    (48, 10, 1)
    """
    sizes = ((abs(pairs.norm(*prime)), k) for prime, k in _factors(x, "totient"))
    return int(prod(size ** (k - 1) * (size - 1) for size, k in sizes))


def elements_of_norm(n: ExactScalar) -> list[GoldenExact]:
    """Solve the norm equation p² + pq - q² = n in integers, up to units of norm 1.

    Parameters
    ----------
    n : int, mpz, NumPy integer or GoldenExact
        A rational integer, not 0, of either sign.

    Returns
    -------
    list of GoldenExact
        Elements p + qφ of norm n, one of each class; all others are ±φ^(2k) times these. For n > 0
        they are canonical, 0 <= q < p; for n < 0 they are φ times those of norm -n. Sorted by q.

    Raises
    ------
    TypeError
        n is not an exact number.
    ValueError
        n is 0 or no rational integer.
    OverflowError
        There are more than 10^6.

    See Also
    --------
    GoldenExact.norm : of one element.
    primes_above : the elements of prime norm.

    Notes
    -----
    There are none if a prime ±2 mod 5 divides n an odd number of times; else their number is the
    product of k + 1 over the primes ±1 mod 5, k being the exponent.

    Examples
    --------
    >>> elements_of_norm(11), elements_of_norm(-1), elements_of_norm(2)
    ([GoldenExact(3, 1), GoldenExact(3, 2)], [GoldenExact(0, 1)], [])
    """
    norm = ring.integer(n, "elements_of_norm: n")
    if norm == 0:
        raise ValueError("elements_of_norm: n must not be 0, the norm of 0 alone")
    choices = [_of_norm(prime, k) for prime, k in flint_calls.factor(abs(norm))]
    _require_few(prod(map(len, choices)), "elements_of_norm")
    found = _products(choices)
    if norm < 0:
        found = [pairs.multiply(*each, *_PHI) for each in found]
    return sorted(map(ring.golden, found), key=lambda each: each.b)


def _of_norm(prime: int, exponent: int) -> list[Pair]:
    """Return the elements of norm prime^exponent, up to units, for a rational prime."""
    above = factor.primes_above(mpz(prime))
    if len(above) == 2:
        first, second = (_powers(each, exponent) for each in above)
        return [pairs.multiply(*a, *b) for a, b in zip(first, reversed(second), strict=True)]
    degree = 2 if prime % 5 in (2, 3) else 1
    return [] if exponent % degree else [pairs.power(*above[0], exponent // degree)]


def _elements(where: str, *numbers: ExactScalar) -> list[Pair]:
    names = ("x", "y", *("more",) * (len(numbers) - 2))
    given = zip(numbers, names, strict=True)
    return [ring.element(number, f"{where}: {name}") for number, name in given]


def _factors(x: ExactScalar, where: str) -> list[tuple[Pair, int]]:
    pair = ring.element(x, f"{where}: x")
    if not any(pair):
        raise ValueError(f"{where}: x must not be 0, which every element divides")
    return factor.prime_factors(*pair)


def _powers(prime: Pair, most: int) -> list[Pair]:
    powers = [_ONE]
    for _ in range(most):
        powers.append(pairs.multiply(*powers[-1], *prime))
    return powers


def _products(choices: list[list[Pair]]) -> list[Pair]:
    """Return the canonical products of one of each."""
    found = [_ONE]
    for several in choices:
        found = [pairs.multiply(*a, *b) for a, b in product(found, several)]
    return [euclid.canonical(*each).associate for each in found]


def _sorted(found: list[Pair]) -> list[GoldenExact]:
    return [ring.golden(pair) for pair in sorted(found, key=lambda x: (pairs.norm(*x), x[1]))]


def _require_few(count: int, where: str) -> None:
    if count > _MOST:
        raise OverflowError(
            f"{where} would give {shown(count)} elements, the limit is {_MOST}; factor gives the "
            "primes that they are made of"
        )

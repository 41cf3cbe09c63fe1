"""Primes and factorisation in Z[φ], on pairs (p, q) of integers that stand for p + qφ.

A rational prime l is inert (stays prime) if l = ±2 mod 5, splits into two conjugate primes of norm
l if l = ±1 mod 5, and 5 is, up to a unit, the square of a prime. Rational integers are factored
and proved prime by FLINT, which is imported when first needed: see `flint_calls`.
"""

from __future__ import annotations

from gmpy2 import gcd as integer_gcd
from gmpy2 import invert, jacobi, lucasv_mod, mpz

from syntonic.exact import euclid, flint_calls
from syntonic.exact.euclid import Pair
from syntonic.exact.pairs import Integer, norm

__all__ = ["is_prime", "prime_factors", "primes_above"]


def is_prime(p: Integer, q: Integer) -> bool:
    """Return whether p + qφ is a prime element: its norm is ± a prime, or it is inert.

    An inert prime's associates are lφⁿ: those with the canonical associate l.
    """
    (p, q), _, _ = euclid.canonical(p, q)
    if q == 0:
        return p % 5 in (2, 3) and flint_calls.is_prime(p)
    return flint_calls.is_prime(norm(p, q))


def primes_above(prime: Integer) -> list[Pair]:
    """Return the canonical primes that divide a rational prime, by increasing q.

    If l splits, φ is a root r of t² - t - 1 modulo a prime above l, which is gcd(l, φ - r). The
    conjugate of p + qφ, times φ², is p + (p - q)φ, canonical again.
    """
    if prime % 5 in (2, 3):
        return [(prime, mpz(0))]
    if prime == 5:
        return [(mpz(2), mpz(1))]
    root = (1 + _square_root_of_5(prime)) * invert(2, prime) % prime
    p, q = euclid.gcd((prime, mpz(0)), (-root, mpz(1)))
    return [(p, min(q, p - q)), (p, max(q, p - q))]


def _square_root_of_5(prime: Integer) -> mpz:
    """Return √5 modulo a prime = ±1 mod 5, by Cipolla's algorithm.

    If P² - 20 is not a square, the roots α, β of t² - Pt + 5 are conjugate over the prime field:
    β = α^l. With k = (l + 1)/2, (α^k)² = αβ = 5, and 5 has its roots in the prime field, so
    α^k = β^k is one of them, half the Lucas number V_k(P, 5) = α^k + β^k.
    """
    parameter = 1
    while jacobi(parameter * parameter - 20, prime) != -1:
        parameter += 1
    doubled = lucasv_mod(parameter, 5, (prime + 1) // 2, prime)
    return doubled * invert(2, prime) % prime


def prime_factors(p: Integer, q: Integer) -> list[tuple[Pair, int]]:
    """Return the canonical primes that divide p + qφ, not zero, with exponents; by norm, then q.

    Write x = c·y with c = gcd(p, q). No rational prime divides y. So no inert prime does, and of
    the two primes above a split l at most one, gcd(y, l), whose exponent is that of l in norm(y).
    """
    content = integer_gcd(p, q)
    p, q = p // content, q // content
    found: dict[Pair, int] = {}
    for rational, exponent in flint_calls.factor(abs(norm(p, q))):
        found[euclid.gcd((p, q), (rational, mpz(0)))] = exponent
    for rational, exponent in flint_calls.factor(content):
        for prime in primes_above(rational):
            found[prime] = found.get(prime, 0) + exponent * (2 if rational == 5 else 1)
    return sorted(found.items(), key=lambda item: (norm(*item[0]), item[0][1]))

"""Greedy expansions: integers in Fibonacci numbers, elements of Z[φ] in powers of φ."""

from __future__ import annotations

from collections.abc import Iterator

from gmpy2 import fib2, mpz

from syntonic.exact.pairs import Integer, multiply, phi_power

__all__ = ["digits", "phi_exponents", "value", "zeckendorf"]


def zeckendorf(n: Integer) -> Iterator[tuple[int, mpz]]:
    """Yield (k, F_k) of the Fibonacci numbers that sum to n >= 0: k descending to 2, none adjacent.

    Greedy: after F_k is taken, less than F_(k+1) - F_k = F_(k-1) is left. The next k is reached
    by steps, over a long gap at once.
    """
    k = 0
    here = before = mpz(0)
    while n:
        top = _phi_exponent(n.bit_length()) + 2  # F_top >= φ^(top-2) > n
        if k == 0 or k > top + 100:
            k, (here, before) = top, fib2(top)
        while here > n:
            k, here, before = k - 1, before, here - before
        yield k, here
        n -= here


def phi_exponents(p: Integer, q: Integer) -> list[int]:
    """Return descending exponents, no two adjacent, whose powers of φ sum to x = p + qφ >= 0.

    There is one such expansion at most: times a high φᵏ, all its exponents e are 2 or more, and
    as φᵉ = F_(e-1) + F_e φ they are the Zeckendorf indices of the coefficient of φ in xφᵏ.

    It exists, and k >= 3 + log |x'|/log φ is high enough, |x'| <= |p| + |q| being the conjugate.
    Take away from x the powers of φ that fit, down to the exponent m <= -log |x'|/log φ, and let
    y = rφ^-m for what is left: 0 <= y < 1. As φ'ᵉ = (-1/φ)ᵉ and no two exponents are adjacent,
    |y'| < |x'|φᵐ + 1 + φ⁻² + φ⁻⁴ + ... <= 1 + φ = φ². Now y - y' = t√5 with an integer t, and
    |t|√5 < 1 + φ², hence |t| <= 1. In [0, 1) lie of these only 0, 1/φ and φ⁻², the last with
    y' = φ², which is excluded. So r is 0 or φ^(m-1), and m - 1 the least exponent.
    """
    shift = _phi_exponent((abs(p) + abs(q)).bit_length()) + 4
    coefficient = multiply(p, q, *phi_power(shift))[1]
    return [k - shift for k, _ in zeckendorf(coefficient)]


def _phi_exponent(bits: int) -> int:
    """Return an integer m with φᵐ >= 2^bits, not much larger: log 2/log φ is below 13/9."""
    return -(-13 * bits // 9)


def digits(exponents: list[int]) -> str:
    """Return the digits 0 and 1 with ones at the exponents, and a point before exponent -1."""
    top, bottom = max(exponents, default=0), min(exponents, default=0)
    top, bottom = max(top, 0), min(bottom, 0)
    line = bytearray(b"0" * (top - bottom + 1))
    for m in exponents:
        line[top - m] = ord("1")
    whole, fraction = line[: top + 1].decode(), line[top + 1 :].decode()
    return f"{whole}.{fraction}" if fraction else whole


def value(line: str, places: int) -> tuple[mpz, mpz]:
    """Return the number of a line of digits 0 and 1 in base φ, `places` of them after the point."""
    p = q = mpz(0)
    for digit in line:
        p, q = q, p + q
        if digit == "1":
            p += 1
    return multiply(p, q, *phi_power(-places))

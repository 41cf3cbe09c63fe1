"""Greedy expansions: integers in Fibonacci numbers, elements of Z[φ] in powers of φ."""

from __future__ import annotations

from syntonic.exact.pairs import Integer, fibonacci, floor_log_phi, phi_power

__all__ = ["digits", "phi_exponents", "zeckendorf"]


def zeckendorf(n: Integer) -> list[int]:
    """Return the Fibonacci numbers, descending and no two consecutive, that sum to n >= 0.

    F_k > 2^bits > n for the first k, because F_k >= φ^(k-2) and log 2/log φ < 13/9. Greedy: after
    F_k is taken, less than F_(k+1) - F_k = F_(k-1) is left.
    """
    k = 13 * n.bit_length() // 9 + 3
    here, before = fibonacci(k), fibonacci(k - 1)
    out = []
    while n:
        if here <= n:
            out.append(int(here))
            n -= here
        here, before = before, here - before
    return out


def phi_exponents(p: Integer, q: Integer) -> list[int]:
    """Return descending exponents, no two consecutive, whose powers of φ sum to p + qφ >= 0.

    Greedy: what is left of x < φ^(m+1) after φᵐ is taken is below φ^(m-1), so it skips m - 1. It
    ends: let r be left after exponent m, and y = r·φ^-m, which lies in [0, 1/φ). Its conjugate
    has |y'| <= |x'|φᵐ + (1 + φ⁻² + φ⁻⁴ + ...) = |x'|φᵐ + φ. Once m < 0, finitely many y in Z[φ]
    meet these bounds, so they keep a fixed distance below 1/φ; as m falls, |norm y| = |yy'|
    drops below 1, and y = 0.

    References
    ----------
    .. [1] G. Bergman, "A number system with an irrational base", Mathematics Magazine 31 (1957).
    """
    out = []
    while p or q:
        m = floor_log_phi(p, q, 1)
        a, b = phi_power(m)
        p, q = p - a, q - b
        out.append(m)
    return out


def digits(exponents: list[int]) -> str:
    """Return the digits 0 and 1 with ones at the exponents, and a point before exponent -1."""
    top, bottom = max(exponents, default=0), min(exponents, default=0)
    top, bottom = max(top, 0), min(bottom, 0)
    line = bytearray(b"0" * (top - bottom + 1))
    for m in exponents:
        line[top - m] = ord("1")
    whole, fraction = line[: top + 1].decode(), line[top + 1 :].decode()
    return f"{whole}.{fraction}" if fraction else whole

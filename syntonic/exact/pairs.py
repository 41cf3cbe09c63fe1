"""Exact decisions about (p + qφ)/d with integers p, q and d > 0.

The pure-integer ground under `GoldenExact`, snap and wake. Every function takes Python ints or
gmpy2 mpz, of any size, and never touches a float on the way to a decision. The Galois conjugate
of v = p + qφ is v' = (p + q) - qφ, its norm v·v' = p² + pq - q².
"""

from __future__ import annotations

from math import copysign, floor, ldexp, log2
from typing import TypeAlias

from gmpy2 import fib2, isqrt, mpz

from syntonic.constants import PHI_FLOAT
from syntonic.exact.limits import require_bits

Integer: TypeAlias = "int | mpz"

_ONE_CALL = 1 << 22
"""Results up to so many bits come from one call of GMP; longer ones in steps, between which Python
looks for Ctrl-C."""

ZERO, ONE = mpz(0), mpz(1)

_PHI_119 = int((isqrt(5 << 238) + (1 << 119)) >> 1)
"""⌊φ·2^119⌋: four digits of Python's integers."""

_UNIT_119 = 2.0**-119

__all__ = [
    "ONE",
    "ZERO",
    "Integer",
    "fibonacci",
    "floor_div",
    "floor_log2",
    "floor_log_phi",
    "integer_power",
    "multiply",
    "nearest_double",
    "nearest_float",
    "norm",
    "phi_power",
    "power",
    "quotient",
    "sign",
    "sticky",
    "words",
]


def norm(p: Integer, q: Integer) -> Integer:
    """Return the norm p² + pq - q² of p + qφ."""
    return p * (p + q) - q * q


def multiply(p: Integer, q: Integer, r: Integer, s: Integer) -> tuple[Integer, Integer]:
    """Return (p + qφ)(r + sφ) as a pair, using φ² = φ + 1."""
    qs = q * s
    return p * r + qs, p * s + q * r + qs


def quotient(p: Integer, q: Integer, r: Integer, s: Integer) -> tuple[Integer, Integer, Integer]:
    """Return (t, u, n) with (p + qφ)/(r + sφ) = (t + uφ)/n and n > 0, not in lowest terms.

    The conjugate makes the denominator rational: x/y = xy'/(yy').

    Raises
    ------
    ZeroDivisionError
        The divisor is 0.
    """
    if s:
        total = r + s  # y' = total - sφ
        p, q, n = p * total - q * s, q * r - p * s, r * total - s * s
    elif r:
        n = r
    else:
        raise ZeroDivisionError("GoldenExact: division by zero")
    return (p, q, n) if n > 0 else (-p, -q, -n)


def power(p: Integer, q: Integer, n: int) -> tuple[Integer, Integer]:
    """Return (p + qφ)ⁿ as a pair, for n >= 0, by repeated squaring."""
    out: tuple[Integer, Integer] = (mpz(1), mpz(0))
    while n:
        if n & 1:
            out = multiply(*out, p, q)
        n >>= 1
        if n:
            p, q = multiply(p, q, p, q)
    return out


def sign(p: Integer, q: Integer) -> int:
    """Return the sign of p + qφ: -1, 0 or 1."""
    up = p > 0
    if not q:
        return 1 if up else -1 if p else 0
    right = q > 0
    if up == right or not p:
        return 1 if right else -1
    # Opposite signs: v' = p - q/φ has the sign of p, so v has the sign of p·(v v').
    return 1 if (norm(p, q) > 0) == up else -1


def floor_div(p: Integer, q: Integer, d: Integer) -> mpz:
    """Return ⌊(p + qφ)/d⌋ for d > 0.

    (p + qφ)/d = (2p + q + q√5)/2d, and ⌊(n + x)/m⌋ = ⌊(n + ⌊x⌋)/m⌋ for integers n and m > 0.
    """
    if not q:
        return mpz(p) // d
    root = isqrt(5 * q * q)  # q√5 is irrational, hence strictly between root and root+1
    return (2 * p + q + (root if q > 0 else -root - 1)) // (2 * d)


def floor_log2(p: Integer, q: Integer, d: Integer) -> int:
    """Return ⌊log₂|(p + qφ)/d|⌋ of a non-zero element."""
    p, q, d = _absolute(p, q, d)
    shift = _guard_shift(p, q, d)
    return _scaled_floor(p, q, d, shift).bit_length() - 1 - shift


def floor_log_phi(p: Integer, q: Integer, d: Integer) -> int:
    """Return ⌊log|v|/log φ⌋ of v = (p + qφ)/d, not zero: the largest m with φᵐ <= |v|.

    Examples
    --------
    >>> floor_log_phi(3, 0, 1), floor_log_phi(-1, 1, 2)
    (2, -3)
    """
    p, q, d = _absolute(p, q, d)
    m = floor(floor_log2(p, q, d) / log2(PHI_FLOAT))  # a guess, off by two or so

    def reaches(m: int) -> bool:
        a, b = phi_power(m)
        return sign(p - d * a, q - d * b) >= 0

    while not reaches(m):
        m -= 1
    while reaches(m + 1):
        m += 1
    return m


def nearest_float(
    p: Integer, q: Integer, d: Integer, *, bits: int = 53, least_exponent: int = -1074
) -> float:
    """Return (p + qφ)/d rounded once, to nearest even, to a binary format.

    Parameters
    ----------
    p, q, d
        The element; d > 0.
    bits
        Significand bits: 53 for float64, 24 for float32, 11 for float16, 8 for bfloat16.
    least_exponent
        The exponent of the least subnormal: -1074, -149, -24, -133.

    Returns
    -------
    float
        The rounded value, exactly representable in float64. A negative element that underflows
        gives -0.0.

    Raises
    ------
    OverflowError
        The result is beyond the range of float64. (Narrower formats: the caller compares.)
    """
    direction = sign(p, q)
    if direction == 0:
        return 0.0
    p, q, d = _absolute(p, q, d)
    shift = _guard_shift(p, q, d)
    scaled = _scaled_floor(p, q, d, shift)
    # The sticky bit: set unless scaled * 2^-shift is the value itself. Irrationals never tie.
    exact = q == 0 and scaled * (d << max(-shift, 0)) == p << max(shift, 0)
    scaled = 2 * scaled + (not exact)
    unit = max(scaled.bit_length() - 1 - shift - bits, least_exponent)
    significand = int(_shift_to_even(scaled, unit + shift + 1))
    if significand.bit_length() + unit > 1024:
        raise OverflowError("the golden number is beyond the range of float64")
    return copysign(ldexp(significand, unit), direction)


def sticky(p: Integer, q: Integer, d: Integer, bits: int) -> tuple[mpz, int]:
    """Return m and e so that m·2^e rounds to `bits` bits as (p + qφ)/d does, in any direction.

    m has two bits more, or one more still; the last is set where something is cut off.
    """
    direction = sign(p, q)
    if direction == 0:
        return ZERO, 0
    p, q, d = _absolute(p, q, d)
    shift = bits + 1 - floor_log2(p, q, d)
    scaled = _scaled_floor(p, q, d, shift)
    exact = q == 0 and scaled * (d << max(-shift, 0)) == p << max(shift, 0)
    return direction * (2 * scaled + (not exact)), -shift - 1


def nearest_double(p: mpz, q: mpz, d: mpz) -> float:
    """Return (p + qφ)/d, for d > 0, rounded once to float64, to nearest even.

    `nearest_float` in a quarter of its time: φ·2^119 lies between two integers k and k + 1, hence
    p + qφ between (p·2^119 + qk)/2^119 and (p·2^119 + qk + q)/2^119. Python rounds integers and
    their quotients correctly, and rounding is monotone: where both ends round to one float, it is
    the answer. The ends are no less than 2^-119 and d is bounded, so nothing underflows.

    Raises
    ------
    OverflowError
        The result is beyond the range of float64.
    """
    try:
        if not q:
            return int(p) / int(d)
        end = int(q)
        low = (int(p) << 119) + end * _PHI_119
        if d == 1:
            if (nearest := float(low)) == float(low + end):
                return nearest * _UNIT_119
        elif d.bit_length() < 800:
            scale = int(d) << 119
            if (nearest := low / scale) == (low + end) / scale:
                return nearest
    except OverflowError:
        pass
    return nearest_float(p, q, d)


def words(p: Integer, q: Integer, d: Integer, count: int) -> tuple[float, ...]:
    """Return (p + qφ)/d as a sum of `count` doubles, each the nearest to what is left."""
    out = []
    for _ in range(count):
        out.append(nearest_float(p, q, d))
        top, bottom = out[-1].as_integer_ratio()
        p, q, d = p * bottom - top * d, q * bottom, d * bottom
    return tuple(out)


def integer_power(base: Integer, n: int) -> mpz:
    """Return baseⁿ for n >= 0, in steps that Ctrl-C can come between."""
    base = mpz(base)
    if base.bit_length() * n <= _ONE_CALL:
        return base**n
    half = integer_power(base, n // 2)
    square = half * half
    return square * base if n % 2 else square


def fibonacci(n: int, where: str = "fibonacci") -> mpz:
    """Return the Fibonacci number F_n for any integer n, by fast doubling; F_-n = (-1)^(n+1) F_n.

    Examples
    --------
    >>> [int(fibonacci(n)) for n in range(-4, 5)]
    [-3, 2, -1, 1, 0, 1, 1, 2, 3]
    """
    return phi_power(n, where)[1]


def phi_power(n: int, where: str = "φⁿ") -> tuple[mpz, mpz]:
    """Return φⁿ = F_(n-1) + F_n φ as a pair, for any integer n.

    Raises
    ------
    OverflowError
        |n| is above 2^28: see `syntonic.exact.limits`.

    Examples
    --------
    >>> phi_power(-2)
    (mpz(2), mpz(-1))
    """
    require_bits(abs(n), where)
    here, before = _fibonacci_pair(abs(n))
    if n >= 0:
        return before, here
    # φ⁻ⁿ = (-1)ⁿ (φ')ⁿ, and the conjugate of F_(n-1) + F_n φ is F_(n+1) - F_n φ.
    return (here + before, -here) if n % 2 == 0 else (-here - before, here)


def _fibonacci_pair(n: int) -> tuple[mpz, mpz]:
    """Return F_n and F_(n-1), for n >= 0.

    F_(2k+1) = 4F_k² - F_(k-1)² + 2(-1)ᵏ and F_(2k-1) = F_k² + F_(k-1)² differ by F_2k.
    """
    if n <= _ONE_CALL:
        here, before = fib2(n)
        return here, before
    k = n // 2
    here, before = (x * x for x in _fibonacci_pair(k))
    after, before = 4 * here - before + (-2 if k % 2 else 2), here + before
    here = after - before
    return (after, here) if n % 2 else (here, before)


def _absolute(p: Integer, q: Integer, d: Integer) -> tuple[mpz, mpz, mpz]:
    if sign(p, q) < 0:
        p, q = -p, -q
    return mpz(p), mpz(q), mpz(d)


def _guard_shift(p: mpz, q: mpz, d: mpz) -> int:
    """Return a shift so that v·2^shift, for v = (p + qφ)/d > 0, has 60 to 70 bits."""
    if (p >= 0) == (q >= 0):
        bits = (abs(p) + 2 * abs(q)).bit_length()
    else:  # v = norm/v' does not cancel, and |v'| = |p| + |q|/φ
        bits = abs(norm(p, q)).bit_length() - (abs(p) + abs(q)).bit_length()
    return 65 - (bits - d.bit_length())


def _scaled_floor(p: mpz, q: mpz, d: mpz, shift: int) -> mpz:
    if shift >= 0:
        return floor_div(p << shift, q << shift, d)
    return floor_div(p, q, d << -shift)


def _shift_to_even(n: mpz, drop: int) -> mpz:
    """Return n / 2^drop rounded to nearest, ties to even; drop >= 1."""
    kept, rest = n >> drop, n & ((1 << drop) - 1)
    half = mpz(1) << (drop - 1)
    return kept + (rest > half or (rest == half and kept & 1))

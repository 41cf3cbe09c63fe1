"""Field operations on triples (p, q, d) of integers, which stand for (p + qφ)/d with d > 0.

Results are not reduced to lowest terms: `GoldenExact` does that once, when it stores them.
"""

from __future__ import annotations

from collections.abc import Iterator

from gmpy2 import bit_scan1, gcd, is_square, isqrt, mpz, remove

from syntonic.exact import pairs
from syntonic.exact.limits import MAX_BITS, require_bits
from syntonic.exact.operands import Triple
from syntonic.exact.pairs import (
    ONE,
    ZERO,
    Integer,
    floor_div,
    integer_power,
    multiply,
    norm,
    phi_power,
)

__all__ = [
    "bit_bound",
    "floor_quotient",
    "integer_exponent",
    "lowest",
    "minimal_polynomial",
    "partial_quotients",
    "power",
    "quotient",
    "reciprocal",
    "remainder",
    "round_decimal",
    "round_half_even",
    "scaled_round",
    "square_root",
]


def quotient(x: Triple, y: Triple) -> Triple:
    """Return x/y.

    Raises
    ------
    ZeroDivisionError
        y is 0.
    """
    (p, q, d), (r, s, e) = x, y
    p, q, n = pairs.quotient(p, q, r, s)
    return (p, q, n) if d is e else (p * e, q * e, n * d)


def reciprocal(y: Triple) -> Triple:
    """Return 1/y, the conjugate of y over its norm.

    Raises
    ------
    ZeroDivisionError
        y is 0.
    """
    r, s, e = y
    top, n = (r + s, norm(r, s)) if s else (ONE, r)
    if not n:
        raise ZeroDivisionError("GoldenExact: division by zero")
    return (e * top, -e * s, n) if n > 0 else (-e * top, e * s, -n)


def floor_quotient(x: Triple, y: Triple) -> int:
    """Return ⌊x/y⌋."""
    return int(floor_div(*quotient(x, y)))


def remainder(x: Triple, y: Triple, floor: int) -> Triple:
    """Return x - ⌊x/y⌋y, which lies between 0 and y."""
    (p, q, d), (r, s, e) = x, y
    if d is e:
        return p - floor * r, q - floor * s, d
    return p * e - floor * r * d, q * e - floor * s * d, d * e


def integer_exponent(exponent: Triple) -> int:
    """Return the exponent of a power as an int, or raise ValueError."""
    n, rest, d = exponent
    if rest or d != 1:
        raise ValueError(
            "GoldenExact: ** takes an integer exponent; x.sqrt() is the exact square root where "
            "the field has one"
        )
    return int(n)


def power(x: Triple, n: int) -> Triple:
    """Return xⁿ for x in lowest terms and any integer n, in lowest terms.

    By repeated squaring; (qφ)ⁿ = qⁿφⁿ by Fibonacci doubling. Greatest common divisors of numbers
    as long as the result would take ten times as long as all the rest, and are not needed. Let
    z/d be in lowest terms. A prime number l divides zⁿ if all primes of Z[φ] above l divide z; if
    l is not 5, then l itself divides z, and so not d. That leaves l = 5 = √5², where √5 divides z
    and 5 divides d: z²/5 over d²/5 is in lowest terms, as are its powers, and so is z/d times one.

    Raises
    ------
    ZeroDivisionError
        x is 0 and n negative.
    OverflowError
        The result could take more than 2^28 bits.
    """
    if n == 0:
        return ONE, ZERO, ONE
    if n < 0:
        x, n = lowest(reciprocal(x)), -n
    p, q, d = x
    # These bits are quick to know, and no fewer than those that decide.
    if n * (p.bit_length() + q.bit_length() + d.bit_length() + 2) > MAX_BITS:
        bits = bit_bound(x)
        require_bits(bits * n, "GoldenExact: **")
        if bits == 0:  # x is 0, 1 or -1, where only the parity of n counts
            n = min(n, 2 - n % 2)
    if d is ONE:
        return (*_pair_power(p, q, n), ONE)
    if d % 5 or norm(p, q) % 5 or n < 2:
        return _triple_power(x, n)
    r, s = multiply(p, q, p, q)
    r, s, e = _triple_power((r // 5, s // 5, d * d // 5), n // 2)
    return (*multiply(r, s, p, q), e * d) if n % 2 else (r, s, e)


def lowest(x: Triple) -> Triple:
    """Return x in lowest terms."""
    p, q, d = x
    if (common := gcd(p, q, d)) != 1:
        p, q, d = p // common, q // common, d // common
    return p, q, ONE if d == 1 else d


def bit_bound(x: Triple) -> int:
    """Return 0 for 0 and ±1, whose powers do not grow, else the bits that numerators need."""
    p, q, d = x
    return int((max(abs(p) + 2 * abs(q), d) - 1).bit_length())


def _triple_power(x: Triple, n: int) -> Triple:
    p, q, d = x
    return (*_pair_power(p, q, n), integer_power(d, n))


def _pair_power(p: mpz, q: mpz, n: int) -> tuple[Integer, Integer]:
    if not q:
        return integer_power(p, n), q
    if not p:
        scale, (before, here) = q if q == 1 else integer_power(q, n), phi_power(n)
        return scale * before, scale * here
    r, s = p, q
    for bit in bin(n)[3:]:  # below the highest
        r, s = r * r + s * s, s * (2 * r + s)
        if bit == "1":
            r, s = multiply(r, s, p, q)
    return r, s


def round_half_even(p: Integer, q: Integer, d: Integer) -> mpz:
    """Return the integer nearest to (p + qφ)/d, the even one of two equally near.

    ⌊x + 1/2⌋ is the nearest integer, and a tie, which needs q = 0, goes up: one too far when odd.
    """
    nearest = floor_div(2 * p + d, 2 * q, 2 * d)
    tie = q == 0 and 2 * p + d == 2 * d * nearest
    return nearest - 1 if tie and nearest % 2 else nearest


def scaled_round(x: Triple, places: int) -> mpz:
    """Return x·10^places rounded to an integer, ties to even."""
    (p, q, d), scale = x, integer_power(10, abs(places))
    if places < 0:
        return round_half_even(p, q, d * scale)
    return round_half_even(p * scale, q * scale, d)


def round_decimal(x: Triple, places: int) -> Triple:
    """Return x rounded to a multiple of 10^-places, ties to even, in lowest terms."""
    nearest = scaled_round(x, places)
    if places <= 0:
        return nearest * integer_power(10, -places), ZERO, ONE
    # 10^places has the primes 2 and 5: taking them out is much quicker than a common divisor.
    twos, fives = places, places
    if nearest:
        twos = min(bit_scan1(nearest), places)
        fives = min(remove(nearest, 5)[1], places)
    top = (nearest >> twos) // integer_power(5, fives)
    bottom = integer_power(5, places - fives) << (places - twos)
    return top, ZERO, ONE if bottom == 1 else bottom


def square_root(x: Triple) -> Triple | None:
    """Return the non-negative square root of x within Q(φ), or None if there is none.

    Let X = dx = P + Qφ, scaled by d once more so that √x = √(dp + dqφ)/d. A root y = u + vφ of an
    element of Z[φ] lies in Z[φ], which is integrally closed. With n = yy' = ±√norm(X) and
    T = trace(X), (y + y')² = T + 2n and (y - y')² = 5v² = T - 2n, so both roots must be integers.
    """
    p, q, d = x
    p, q = p * d, q * d
    square = norm(p, q)
    if not is_square(square):  # as no negative number is
        return None
    root = isqrt(square)
    for n in (root, -root):
        total, rest = 2 * p + q + 2 * n, 2 * p + q - 2 * n
        if total < 0 or rest < 0 or rest % 5:
            continue
        t, v = isqrt(total), isqrt(rest // 5)
        u = (t - (v := v if q >= 0 else -v)) // 2
        if multiply(u, v, u, v) == (p, q):
            # y = (t + v√5)/2 with t >= 0; the root with v√5 dominating may be negative.
            return (u, v, d) if t * t >= 5 * v * v or v > 0 else (-u, -v, d)
    return None


def minimal_polynomial(x: Triple) -> tuple[Integer, ...]:
    """Return the primitive integer polynomial of x, highest coefficient first and positive.

    x² - trace(x) x + norm(x) times d², divided by the common factor; dx - p if x = p/d.
    """
    p, q, d = x
    if q == 0:
        return d, -p
    coefficients = d * d, -d * (2 * p + q), norm(p, q)
    common = gcd(*coefficients)
    return tuple(c // common for c in coefficients)


def partial_quotients(x: Triple, count: int) -> Iterator[mpz]:
    """Yield the first partial quotients of the continued fraction of x; they end if x is rational.

    Each complete quotient is reduced to lowest terms, so that its size stays bounded.
    """
    p, q, d = x
    for _ in range(count):
        floor = floor_div(p, q, d)
        yield floor
        p -= floor * d
        if not (p or q):
            return
        p, q, d = lowest(reciprocal((p, q, d)))

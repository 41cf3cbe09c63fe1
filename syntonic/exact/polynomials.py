"""Polynomials over Q(φ) as pairs (A, B) of FLINT's polynomials over Q, for A + Bφ.

Factors are found by Trager's method: the norm of f, the product of f and its conjugate, is a
polynomial over Q, which FLINT factors. If it has no double root, the factors of f are its greatest
common divisors with those. Where it has one, f(x - sφ) in place of f has none, for all but a few s.

B. M. Trager, "Algebraic factoring and rational function integration", SYMSAC 1976.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, TypeAlias

from flint import fmpq, fmpq_poly
from gmpy2 import mpq

from syntonic.exact.pairs import Integer

__all__ = [
    "Poly",
    "coefficients",
    "degree",
    "derivative",
    "factors",
    "from_triples",
    "gcd",
    "monic",
]

Poly: TypeAlias = "tuple[fmpq_poly, fmpq_poly]"

_X = fmpq_poly([0, 1])
_ZERO = fmpq_poly([])


def from_triples(triples: list[tuple[Integer, Integer, Integer]]) -> Poly:
    """Return the polynomial of coefficients (p + qφ)/d, lowest power first."""
    a = [fmpq(int(p), int(d)) for p, _, d in triples]
    b = [fmpq(int(q), int(d)) for _, q, d in triples]
    return fmpq_poly(a), fmpq_poly(b)


def coefficients(f: Poly) -> list[tuple[mpq, mpq]]:
    """Return the pairs (a, b) of the coefficients a + bφ, lowest power first."""
    return [(_mpq(f[0][k]), _mpq(f[1][k])) for k in range(degree(f) + 1)]


def _mpq(x: Any) -> mpq:
    return mpq(int(x.p), int(x.q))


def degree(f: Poly) -> int:
    """Return the degree, -1 for 0."""
    return max(f[0].degree(), f[1].degree())


def _multiply(f: Poly, g: Poly) -> Poly:
    (a, b), (c, d) = f, g
    bd = b * d
    return a * c + bd, a * d + b * c + bd


def _scaled(f: Poly, c: tuple[Any, Any]) -> Poly:
    a, b = f
    bd = b * c[1]
    return a * c[0] + bd, a * c[1] + b * c[0] + bd


def _leading(f: Poly) -> tuple[Any, Any]:
    n = degree(f)
    return f[0][n], f[1][n]


def monic(f: Poly) -> Poly:
    """Return f, not 0, over its leading coefficient."""
    a, b = _leading(f)
    norm = a * a + a * b - b * b
    return _scaled(f, ((a + b) / norm, -b / norm))


def _remainder(f: Poly, g: Poly) -> Poly:
    """Return what a monic g leaves of f."""
    return _divided(f, g)[1]


def _divided(f: Poly, g: Poly) -> tuple[Poly, Poly]:
    """Return quotient and remainder of f by a monic g."""
    n, quotient = degree(g), (_ZERO, _ZERO)
    while (m := degree(f)) >= n:
        a, b = _leading(f)
        power = _X ** (m - n)
        step = (power * a, power * b)
        product = _multiply(step, g)
        quotient = (quotient[0] + step[0], quotient[1] + step[1])
        f = (f[0] - product[0], f[1] - product[1])
    return quotient, f


def gcd(f: Poly, g: Poly) -> Poly:
    """Return the monic greatest common divisor; 0 if both are 0."""
    while degree(g) >= 0:
        g = monic(g)
        f, g = g, _remainder(f, g)
    return monic(f) if degree(f) >= 0 else f


def derivative(f: Poly) -> Poly:
    """Return f'."""
    return f[0].derivative(), f[1].derivative()


def _norm(f: Poly) -> Any:
    a, b = f
    return a * a + a * b - b * b


def _shifted(f: Poly, s: int) -> Poly:
    """Return f(x + sφ)."""
    out: Poly = (_ZERO, _ZERO)
    point = (_X, fmpq_poly([s]))
    for k in range(degree(f), -1, -1):
        out = _multiply(out, point)
        out = (out[0] + f[0][k], out[1] + f[1][k])
    return out


def factors(f: Poly) -> list[tuple[Poly, int]]:
    """Return the monic irreducible factors of f, not 0, and how often each divides it."""
    rest = monic(f)
    core = _divided(rest, gcd(rest, derivative(rest)))[0]  # each factor once
    found = []
    for factor in _of_squarefree(core):
        times = 0
        while degree(rest) >= degree(factor):
            quotient, remainder = _divided(rest, factor)
            if degree(remainder) >= 0:
                break
            rest, times = quotient, times + 1
        found.append((factor, times))
    return found


def _of_squarefree(f: Poly) -> Iterator[Poly]:
    """Yield the irreducible factors of a monic f that has no double root."""
    if degree(f) < 1:
        return
    for s in count():
        shifted = _shifted(f, -s)
        norm = _norm(shifted)
        if norm.gcd(norm.derivative()).degree() == 0:
            break
    for rational, _ in norm.factor()[1]:
        yield _shifted(gcd(shifted, (rational, _ZERO)), s)

"""Polynomials over the field against PARI and products of known factors."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest

import syntonic
from syntonic import PHI, SQRT5, GoldenExact, PhaseError, ResonantTensor, ShapeError, linalg
from syntonic.polynomials import factor, gcd, roots

RANDOM = random.Random(6)


def number(size: int = 5) -> GoldenExact:
    parts = (Fraction(RANDOM.randrange(-size, size + 1), RANDOM.choice([1, 1, 2, 3])) for _ in "ab")
    return GoldenExact(*parts)


def polynomial(degree: int) -> list[GoldenExact]:
    return [GoldenExact(1), *(number() for _ in range(degree))]


def product(polynomials: list[list[GoldenExact]]) -> list[GoldenExact]:
    def times(f: list[GoldenExact], g: list[GoldenExact]) -> list[GoldenExact]:
        out = [GoldenExact(0)] * (len(f) + len(g) - 1)
        for i, a in enumerate(f):
            for j, b in enumerate(g):
                out[i + j] += a * b
        return out

    return reduce(times, polynomials, [GoldenExact(1)])


def rebuilt(leading: GoldenExact, found: list[tuple[ResonantTensor, int]]) -> list[GoldenExact]:
    return product([[leading], *(f.tolist() for f, times in found for _ in range(times))])


def test_is_an_attribute_of_the_package():
    assert syntonic.polynomials.factor is factor


def test_products_of_known_factors():
    for _ in range(40):
        parts = [polynomial(RANDOM.choice([1, 1, 2])) for _ in range(RANDOM.randrange(1, 4))]
        p = product([[number(3) or PHI], *parts, *parts[:1]])
        leading, found = factor(p)
        assert leading == p[0]
        assert rebuilt(leading, found) == p
        assert all(f.tolist()[0] == 1 for f, _ in found)
        assert sum(times * (f.size - 1) for f, times in found) == len(p) - 1
        for root, times in roots(p):
            value = reduce(lambda v, c, x=root: v * x + c, p, GoldenExact(0))
            assert value == 0
            assert times == sum(n for f, n in found if f.tolist() == [1, -root])
        assert {-part[1] for part in parts if len(part) == 2} <= {root for root, _ in roots(p)}


def test_factors_are_irreducible_by_pari():
    pari = pytest.importorskip("cypari", reason="PARI is the oracle").pari
    field = pari("nfinit(w^2 - w - 1)")

    def theirs(p: list[GoldenExact]) -> object:
        terms = (f"({c.a} + ({c.b})*w)*x^{len(p) - 1 - k}" for k, c in enumerate(p))
        return pari.nffactor(field, pari("+".join(terms)))

    cases = [polynomial(6) for _ in range(10)]
    cases += [product([polynomial(2), polynomial(3)]) for _ in range(15)]
    cases += [
        [1, 0, 0, 0, 0, -1],
        [1] * 11,
        [1, 0, 0, 0, -5],
        [1, 0, -1, 0, -1],
        [1, *[0] * 14, -1],
    ]
    for p in cases:
        p = [GoldenExact(c) for c in p]
        _, found = factor(p)
        matrix = theirs(p)
        degrees = [int(pari.poldegree(g)) for g in matrix[0]]
        exponents = [int(e) for e in matrix[1]]
        mine = sorted((f.size - 1, times) for f, times in found)
        assert mine == sorted(zip(degrees, exponents, strict=True))
        assert rebuilt(GoldenExact(1), found) == p


def test_common_divisors():
    for _ in range(40):
        common, f, g = (polynomial(RANDOM.randrange(3)) for _ in range(3))
        found = gcd(product([[number() or 1], common, f]), product([common, g]))
        assert found.tolist()[0] == 1
        rest = gcd(f, g).tolist()
        assert found.tolist() == product([common, rest])
    assert gcd([0], [0, 0]).tolist() == [0]
    assert gcd([0, 0, 2, 4], [0]).tolist() == [1, 2]
    assert gcd([3], [1, 1]).tolist() == [1]


def test_known_polynomials():
    assert roots([1, -1, -1]) == [(1 - PHI, 1), (PHI, 1)]
    assert roots([1, 0, -5]) == [(-SQRT5, 1), (SQRT5, 1)]
    assert roots([4, -2, -1]) == [((1 - PHI) / 2, 1), (PHI / 2, 1)]
    assert roots([1, 0, 0]) == [(0, 2)]
    assert roots([7]) == []
    assert factor([PHI]) == (PHI, [])
    leading, [(linear, times)] = factor([0, 0, 2, 2 * PHI])
    assert (leading, linear.tolist(), times) == (2, [1, PHI], 1)
    fifth, cyclotomic = factor([1, 1, 1, 1, 1]), [[1, PHI, 1], [1, 1 - PHI, 1]]
    assert sorted(f.tolist() for f, _ in fifth[1]) == sorted(cyclotomic)


def test_eigenvalues_in_the_field():
    a = np.array([[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 2, 1], [0, 0, 1, 3]])  # Fibonacci's, and one
    values = [root for root, _ in roots(linalg.charpoly(a))]
    assert values == sorted([PHI, 1 - PHI, 2 + PHI, 3 - PHI])
    for value in values:
        assert linalg.det(ResonantTensor(a) - value * ResonantTensor.eye(4)).item() == 0


def test_what_is_no_polynomial():
    for function in (factor, roots):
        with pytest.raises(ValueError, match=rf"polynomials.{function.__name__}: p must not be 0"):
            function([0, 0])
        with pytest.raises(
            ShapeError, match=r"p must be one row of coefficients, got shape \(1, 2"
        ):
            function([[1, 2]])
        with pytest.raises(PhaseError, match="p must be crystallized"):
            function(ResonantTensor.from_flux([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"polynomials.gcd: q"):
        gcd([1], [0.5])
    with pytest.raises(ShapeError, match="got shape"):
        gcd([], [1])

"""Arithmetic on a trailing axis, against complex floats, Hamilton's rules and the table of E8."""

from __future__ import annotations

import cmath
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, ResonantTensor, linalg
from syntonic.errors import ShapeError
from syntonic.geometry import (
    COMPLEX,
    CYCLOTOMIC5,
    QUATERNION,
    conjugate,
    e8_form,
    e8_roots,
    embed,
    icosians,
    inverse,
    left_matrix,
    multiply,
    norm,
    star_map,
)
from syntonic.geometry.rows import RowTable

ALGEBRAS = [QUATERNION, CYCLOTOMIC5, COMPLEX]
ZETA = cmath.exp(0.4j * cmath.pi)
every = pytest.mark.parametrize("algebra", ALGEBRAS, ids=[a.name for a in ALGEBRAS])


def draw(algebra, count, seed=0):
    d = len(algebra.table)
    return ResonantTensor.random_lattice((count, d), bound=9, seed=seed)


def floats(x, algebra):
    """As complex numbers, by the definition of the basis; quaternions as 2 × 2 matrices."""
    v = x.to_floats()
    if algebra is QUATERNION:
        w, i, j, k = v.T
        return np.array([[w + 1j * i, j + 1j * k], [-j + 1j * k, w - 1j * i]]).transpose(2, 0, 1)
    return v[:, 0] + v[:, 1] * (ZETA if algebra is CYCLOTOMIC5 else 1j)


@every
def test_products_are_those_of_complex_numbers_and_matrices(algebra):
    x, y = draw(algebra, 40), draw(algebra, 40, seed=1)
    a, b = floats(x, algebra), floats(y, algebra)
    expected = a @ b if algebra is QUATERNION else a * b
    assert np.allclose(floats(multiply(x, y, algebra), algebra), expected)


@every
def test_laws(algebra):
    x, y, z = (draw(algebra, 30, seed=k) for k in range(3))
    one = ResonantTensor.eye(len(algebra.table))[0]

    def times(*factors):
        out = factors[0]
        for f in factors[1:]:
            out = multiply(out, f, algebra)
        return out

    assert times(x, one).equals(x)
    assert times(one, x).equals(x)
    assert times(times(x, y), z).equals(times(x, times(y, z)))
    assert times(x, y + z).equals(times(x, y) + times(x, z))
    assert conjugate(times(x, y), algebra).equals(
        times(conjugate(y, algebra), conjugate(x, algebra))
    )
    assert norm(times(x, y), algebra).equals(norm(x, algebra) * norm(y, algebra))
    whole = times(x, conjugate(x, algebra))
    assert bool((whole[:, 1:] == 0).all())
    units = x[np.flatnonzero(norm(x, algebra))]
    assert bool((times(units, inverse(units, algebra)) == one).all())
    assert (left_matrix(x, algebra) @ y[..., None])[..., 0].equals(times(x, y))


def test_icosians_are_closed_and_all_ways_agree():
    units = icosians()
    table = multiply(units[:, None], units)
    assert table.shape == (120, 120, 4)
    assert (RowTable(units).find(table.reshape(-1, 4)) >= 0).all()
    assert table.equals(np.einsum("mi,nj,ijk->mnk", units, units, QUATERNION.table))
    assert bool((norm(units) == 1).all())
    assert (RowTable(units).find(inverse(units)) >= 0).all()


def test_powers_of_zeta():
    zeta = ResonantTensor([0, 1])
    powers = [ResonantTensor([1, 0])]
    for _ in range(5):
        powers.append(multiply(powers[-1], zeta, CYCLOTOMIC5))
    assert powers[5].equals(powers[0])
    assert bool((sum(powers[1:5], powers[0]) == 0).all())
    assert powers[2].equals(ResonantTensor([-1, PHI - 1]))
    assert powers[3].equals(ResonantTensor([1 - PHI, 1 - PHI]))
    assert powers[4].equals(ResonantTensor([PHI - 1, -1]))


def test_star_map_is_a_ring_homomorphism_of_order_four():
    x, y = draw(CYCLOTOMIC5, 30), draw(CYCLOTOMIC5, 30, seed=1)
    assert star_map(multiply(x, y, CYCLOTOMIC5)).equals(
        multiply(star_map(x), star_map(y), CYCLOTOMIC5)
    )
    assert star_map(star_map(x)).equals(conjugate(x, CYCLOTOMIC5))
    assert norm(star_map(x), CYCLOTOMIC5).equals(norm(x, CYCLOTOMIC5).galois_conjugate())
    other = x.galois_conjugate().to_floats()
    z = other[:, 0] + other[:, 1] * ZETA**2
    assert np.allclose(embed(star_map(x)), np.stack([z.real, z.imag], axis=1))


def test_embed():
    x = draw(CYCLOTOMIC5, 50)
    z = floats(x, CYCLOTOMIC5)
    assert np.allclose(embed(x), np.stack([z.real, z.imag], axis=1), rtol=1e-15, atol=1e-14)


def test_e8_has_its_inner_products():
    roots = e8_roots()
    inner = e8_form(roots[:, None], roots)
    assert Counter(map(int, inner.reshape(-1).tolist())) == {
        -2: 240, -1: 13440, 0: 30240, 1: 13440, 2: 240
    }  # fmt: skip


def test_e8_is_even_and_unimodular():
    """Four icosians times 1 and φ are a basis of the lattice."""
    units = icosians()
    chosen = combinations(range(1, 120), 3)
    bases = (units[[0, *each]] for each in chosen)
    four = next(each for each in bases if (4 * linalg.det(each).item()).is_unit())
    basis = np.concatenate([four, PHI * four])
    gram = e8_form(basis[:, None], basis)
    assert linalg.det(gram).item() == 1
    assert all(int(gram[k, k].item()) % 2 == 0 for k in range(8))
    coordinates = linalg.solve(four.T, units.T)
    assert coordinates.numerators()[2] == 1


def test_refusals():
    with pytest.raises(ShapeError, match=r"multiply: an element of QUATERNION has 4 coordinates"):
        multiply([1, 2, 3, 4], [1, 2])
    with pytest.raises(ShapeError, match=r"norm|conjugate"):
        norm([1, 2, 3], CYCLOTOMIC5)
    with pytest.raises(ZeroDivisionError):
        inverse([0, 0], COMPLEX)
    assert multiply([GoldenExact(1), 0], [PHI, 2], COMPLEX).tolist() == [PHI, 2]

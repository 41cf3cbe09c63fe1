"""Fibonacci anyons: every identity of the theory, exactly."""

from __future__ import annotations

import cmath
from itertools import product

import numpy as np
import pytest

from syntonic import PHI_INV, GoldenExact, ResonantTensor, linalg
from syntonic.errors import ShapeError
from syntonic.geometry import CYCLOTOMIC5, anyons, conjugate, multiply, norm
from syntonic.geometry.anyons import (
    FORM,
    F,
    R,
    braid,
    f_symbol,
    fuses,
    pairs,
    r_symbol,
    real_form,
)

ZETA = cmath.exp(0.4j * cmath.pi)
ONE = ResonantTensor([[[1, 0], [0, 0]], [[0, 0], [1, 0]]])


def floats(x):
    v = x.to_floats()
    return v[..., 0] + v[..., 1] * ZETA


def times(*matrices):
    out = real_form(matrices[0])
    for each in matrices[1:]:
        out = out @ real_form(each)
    return pairs(out)


def admissible():
    """The labels of two ways around the pentagon, from ((ab)c)d to a(b(cd)) with charge e."""
    for a, b, c, d, e, f, g, k, x in product((0, 1), repeat=9):
        if (
            fuses(a, b, f) and fuses(f, c, g) and fuses(g, d, e)
            and fuses(c, d, x) and fuses(b, x, k) and fuses(a, k, e)
        ):  # fmt: skip
            yield a, b, c, d, e, f, g, k, x


def pentagon(symbol, labels):
    a, b, c, d, e, f, g, k, x = labels
    left = symbol(f, c, d, e, g, x) * symbol(a, b, x, e, f, k)
    right = sum(
        symbol(a, b, c, g, f, h) * symbol(a, h, d, e, g, k) * symbol(b, c, d, k, h, x)
        for h in (0, 1)
    )
    return left == right


def test_the_pentagon_holds_for_all_50_labels():
    labels = [*admissible()]
    assert len(labels) == 50
    assert all(pentagon(f_symbol, each) for each in labels)


@pytest.mark.parametrize("entry", [*product((0, 1), repeat=2)])
def test_a_sign_changed_in_f_breaks_pentagons(entry):
    def wrong(*labels):
        return -f_symbol(*labels) if labels == (1, 1, 1, 1, *entry) else f_symbol(*labels)

    assert not all(pentagon(wrong, each) for each in admissible())


def test_the_hexagon():
    phases = ResonantTensor([[[1, 0], [0, 0]], [[0, 0], r_symbol(1, 1, 1).tolist()]])
    assert times(R, F, R).equals(times(F, phases, F))


def test_f_squares_to_one_and_r_has_order_ten():
    assert times(F, F).equals(ONE)
    powers = [R]
    for _ in range(9):
        powers.append(times(powers[-1], R))
    assert [p.equals(ONE) for p in powers] == [False] * 9 + [True]
    assert np.allclose(
        floats(R), np.diag([cmath.exp(-0.8j * cmath.pi), cmath.exp(0.6j * cmath.pi)])
    )


def test_braid_relations():
    assert braid([1, 2, 1]).equals(braid([2, 1, 2]))
    assert braid([]).equals(ONE)
    assert braid([1, -1, -2, 2]).equals(ONE)
    zeta = ResonantTensor([[[0, 1], [0, 0]], [[0, 0], [0, 1]]])
    assert braid([1, 2] * 3).equals(zeta)
    for letter in (1, 2):
        (a, b), (c, d) = braid([letter])
        det = multiply(a, d, CYCLOTOMIC5) - multiply(b, c, CYCLOTOMIC5)
        assert det.equals(-multiply([0, 1], [0, 1], CYCLOTOMIC5))  # -ζ²


def test_braids_keep_the_form_and_no_other():
    def keeps(matrix, form):
        adjoint = conjugate(np.swapaxes(matrix, 0, 1), CYCLOTOMIC5)
        whole = np.stack([form, 0 * form], axis=-1)
        return times(adjoint, whole, matrix).equals(whole)

    for word in ([1], [2], [1, 2, -1, 2, 2]):
        assert keeps(braid(word), FORM)
        for k in (0, 1, 2, -2):
            other = ResonantTensor([[1, 0], [0, PHI_INV**-k]])
            assert not keeps(braid([2]), other)
    assert keeps(F, FORM)


def test_real_form_has_denominator_and_determinant_one():
    word = np.random.default_rng(1).choice([1, 2, -1, -2], size=60).tolist()
    matrix = real_form(braid(word))
    assert matrix.numerators()[2] == 1
    assert linalg.det(matrix).item() == 1


@pytest.mark.parametrize("length", [1, 7, 64, 301])
def test_long_words_against_one_after_the_other(length):
    word = np.random.default_rng(length).choice([1, 2, -1, -2], size=length).tolist()
    matrix = np.eye(2)
    for letter in word:
        matrix = matrix @ floats(braid([letter]))
    assert np.allclose(floats(braid(word)), matrix)
    exact = real_form(braid([]))
    for letter in word:
        exact = exact @ real_form(braid([letter]))
    assert real_form(braid(word)).equals(exact)


def test_phases_have_length_one():
    assert norm(r_symbol(1, 1, 0), CYCLOTOMIC5).item() == 1
    assert norm(r_symbol(1, 1, 1), CYCLOTOMIC5).item() == 1
    assert r_symbol(0, 1, 1).equals(ResonantTensor([1, 0]))
    assert r_symbol(0, 1, 0).equals(ResonantTensor([0, 0]))
    assert f_symbol(1, 0, 0, 0, 1, 0) == 0
    assert f_symbol(1, 1, 1, 0, 1, 1) == 1


def test_refusals():
    with pytest.raises(ValueError, match=r"braid: letters must be 1, 2, -1 or -2, got 3 at 1"):
        braid([1, 3])
    with pytest.raises(ShapeError, match="real_form: x must have shape"):
        real_form(ResonantTensor([1, 2]))
    with pytest.raises(ShapeError, match="pairs: x must have shape"):
        pairs(ResonantTensor([[GoldenExact(1)]]))


@pytest.mark.parametrize("label", [-1, 2, 0.5])
def test_other_labels_are_refused(label):
    for function, count in ((anyons.fuses, 3), (anyons.r_symbol, 3), (anyons.f_symbol, 6)):
        for place in range(count):
            labels = [0] * count
            labels[place] = label
            with pytest.raises(ValueError, match="labels must be 0"):
                function(*labels)

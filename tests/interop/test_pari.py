"""To PARI and back."""

import random
from fractions import Fraction

import pytest

cypari = pytest.importorskip("cypari", reason="PARI is another library")

from syntonic import PHI, SQRT5, GoldenExact, NotGoldenError, PhaseError, ResonantTensor  # noqa: E402
from syntonic.interop.pari import from_pari, to_pari  # noqa: E402

pari = cypari.pari
RANDOM = random.Random(3)


def number() -> GoldenExact:
    sizes = (3, 10**6, 10**40)
    parts = (
        Fraction(RANDOM.randrange(-(n := RANDOM.choice(sizes)), n), RANDOM.choice([1, 4, 7]))
        for _ in "ab"
    )
    return GoldenExact(*parts)


@pytest.mark.parametrize("form", ["quadgen", "mod"])
def test_round_trip_and_arithmetic(form):
    for _ in range(100):
        x, y = number(), number()
        a, b = to_pari(x, form=form), to_pari(y, form=form)
        assert from_pari(a) == x
        assert from_pari(a + b) == x + y
        assert from_pari(a * b) == x * y
        if y:
            assert from_pari(a / b) == x / y
        assert Fraction(str(pari.norm(a))) == x.norm()


def test_other_writings():
    assert from_pari(pari("7")) == 7
    assert from_pari(pari("-2/3")) == Fraction(-2, 3)
    assert from_pari(pari("Mod(z,z^2-z-1)")) == PHI
    assert from_pari(pari("Mod(1+x, x^2-5)")) == 1 + SQRT5
    assert from_pari(pari("Mod(5, y^2-y-1)")) == 5
    assert from_pari(pari("0*quadgen(5)")) == 0


def test_vectors_and_matrices():
    t = ResonantTensor([[1, PHI, 2], [PHI / 2, 0, -1]])
    for form in ("quadgen", "mod"):
        assert from_pari(to_pari(t, form=form)).equals(t)
        assert from_pari(to_pari(t[0], form=form)).equals(t[0])
    assert from_pari(to_pari(t[0, 1])) == PHI
    assert from_pari(to_pari(t @ t.T)).equals(t @ t.T)
    assert from_pari(to_pari(t) * to_pari(t.T)).equals(t @ t.T)
    assert from_pari(to_pari(ResonantTensor.zeros((0, 0)))).shape == (0, 0)
    assert from_pari(pari("[1, quadgen(5)]~")).tolist() == [1, PHI]


@pytest.mark.parametrize("text", ["quadgen(8)", "quadgen(-4)", "Mod(y,y^2-2)", "Mod(y,y^3-y-1)"])
def test_other_fields(text):
    with pytest.raises(NotGoldenError, match=r"from_pari: a (quadratic number|residue) must"):
        from_pari(pari(text))


@pytest.mark.parametrize("text", ["1.5", "x^2", "I", "Mod(2,5)", '"a"'])
def test_what_is_no_exact_number(text):
    with pytest.raises(TypeError, match=r"from_pari: x must be an exact number of Q\(√5\)"):
        from_pari(pari(text))


def test_refusals():
    with pytest.raises(ValueError, match=r'form must be "quadgen" or "mod", got .x.'):
        to_pari(PHI, form="x")
    with pytest.raises(ValueError, match="at most two axes"):
        to_pari(ResonantTensor.zeros((1, 1, 1)))
    with pytest.raises(PhaseError, match="to_pari: the tensor must be crystallized"):
        to_pari(ResonantTensor.from_flux([1.0]))

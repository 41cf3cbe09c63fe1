"""The ways to build a tensor, and what they refuse."""

from fractions import Fraction

import gmpy2
import numpy as np
import pytest

from syntonic import PHI, GoldenExact, PhaseError, ResonantTensor, ShapeError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (3, 3),
        ([1, 2], [1, 2]),
        ([[True, 0]], [[1, 0]]),
        ([Fraction(1, 2), gmpy2.mpq(1, 3), gmpy2.mpz(4), np.int8(-1), PHI], None),
        (np.arange(4, dtype=np.uint8).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array([2**64 - 1], np.uint64), [2**64 - 1]),
        ([2**63, -1], [2**63, -1]),
        (np.array([2**100, PHI], object), [2**100, PHI]),
        ((), []),
        ([[], []], [[], []]),
        (PHI, PHI),
        (np.int64(-(2**63)), -(2**63)),
    ],
)
def test_exact_data(data, expected):
    expected = data if expected is None else expected
    t = ResonantTensor(data)
    assert t.is_crystallized
    assert t.tolist() == expected
    assert t.shape == np.shape(expected)


@pytest.mark.parametrize(
    "data",
    [0.5, [1, 0.5], np.array([1.0]), np.float32(1), [[1, PHI], [2, 1j]], np.array([1j]), [None],
     ["1/2"], np.array(["a"]), [{}]],
)  # fmt: skip
def test_what_is_not_exact_is_refused(data):
    with pytest.raises(TypeError, match="exact numbers"):
        ResonantTensor(data)


def test_float_errors_name_the_place_and_the_remedy():
    with pytest.raises(TypeError, match=r"float at index \(1, 0\).*from_floats"):
        ResonantTensor([[1, 2], [0.5, 3]])


@pytest.mark.parametrize("data", [[[1, 2], [3]], [1, [2]], [[1], 2, [3, [4]]]])
def test_ragged_data(data):
    with pytest.raises(ShapeError, match="ragged"):
        ResonantTensor(data)


def test_tensors_copy_tensors():
    t = ResonantTensor([1, PHI])
    assert ResonantTensor(t, precision=5).precision == 5
    assert ResonantTensor([t[0], t[1]]).equals(t)
    with pytest.raises(PhaseError):
        ResonantTensor(t.wake_flux())


def test_the_source_array_stays_the_users():
    a = np.array([1, 2])
    t, u = ResonantTensor(a), ResonantTensor.from_lattice(a, a)
    a[0] = 99
    assert t.tolist() == [1, 2]
    assert u.tolist() == [1 + PHI, 2 + 2 * PHI]


def test_from_lattice():
    t = ResonantTensor.from_lattice([1, 2, 3, 4], [0, 1, 0, 1], denominator=2, shape=(2, 2))
    assert t.tolist()[0] == [GoldenExact("1/2"), 1 + PHI / 2]
    assert ResonantTensor.from_lattice(t.a, t.b).equals(t)
    big = ResonantTensor.from_lattice([2**80], [-(2**90)], denominator=2**70)
    assert big.item() == 2**10 - 2**20 * PHI
    assert ResonantTensor.from_lattice([5], [0], denominator=2**64).item() == Fraction(5, 2**64)
    with pytest.raises(ShapeError, match="one shape"):
        ResonantTensor.from_lattice([1], [1, 2])
    with pytest.raises(ValueError, match="positive"):
        ResonantTensor.from_lattice([1], [1], denominator=0)
    with pytest.raises(TypeError, match="denominator"):
        ResonantTensor.from_lattice([1], [1], denominator=Fraction(1, 2))
    with pytest.raises(ShapeError, match="hold the 1 elements"):
        ResonantTensor.from_lattice([1], [1], shape=(2,))


def test_lattice_coordinates_are_rational():
    for a, b, name in (([PHI], [1], "a"), ([PHI / 3, 1], [2, 1], "a"), ([2, 1], [0, -PHI], "b")):
        with pytest.raises(ValueError, match=rf"{name} must hold rational.*Tensor\(list"):
            ResonantTensor.from_lattice(a, b)
    mixed = ResonantTensor.from_lattice([Fraction(1, 2), 3], [1, Fraction(-1, 3)], denominator=5)
    assert mixed.tolist() == [(Fraction(1, 2) + PHI) / 5, (3 - PHI / 3) / 5]


@pytest.mark.parametrize(
    "name", ["zeros", "ones", "full", "randn", "random_lattice", "from_f64_vec", "from_lattice"]
)
@pytest.mark.parametrize("shape", ["3", 2.5, (2, 1.5), [None]])
def test_shapes_are_integers(name, shape):
    make = getattr(ResonantTensor, name)
    given = {
        "full": lambda: make(shape, 1),
        "random_lattice": lambda: make(shape, bound=1),
        "from_f64_vec": lambda: make([1.0], shape),
        "from_lattice": lambda: make([1], [1], shape=shape),
    }
    where = name.replace("f64_vec", "floats")
    with pytest.raises(TypeError, match=f"{where}: shape must be an integer or a tuple"):
        given.get(name, lambda: make(shape))()


LONG = 10**5000


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ResonantTensor([1], precision=-LONG), "precision must not be negative"),
        (lambda: ResonantTensor.zeros(1, -LONG), "zeros: precision must not be negative"),
        (lambda: ResonantTensor.from_flux([1.0], precision=-LONG), "from_flux: precision"),
        (lambda: ResonantTensor.random_lattice(1, bound=-LONG), "bound must be from 0"),
        (lambda: ResonantTensor.from_lattice([1], [1], denominator=-LONG), "denominator must be"),
        (lambda: ResonantTensor.from_floats([1.0], denominator=-LONG), "denominator must be"),
        (lambda: ResonantTensor([1]).wake_flux().crystallize(-LONG), "precision must be"),
    ],
)
def test_long_integers_are_named_by_their_size(call, text):
    with pytest.raises(ValueError, match=f"{text}.*, got an integer of 16610 bits"):
        call()
    assert repr(ResonantTensor([1], precision=LONG)).endswith("precision=an integer of 16610 bits)")


def test_from_floats():
    t = ResonantTensor.from_floats([[float(PHI), 1.0]], precision=8)
    assert t.tolist() == [[PHI, 1]]
    assert t.precision == 8
    assert ResonantTensor.from_f64_vec([0.5, 2.0], (2, 1), precision=0).tolist() == [[0], [2]]
    assert ResonantTensor.from_floats([0.5], denominator=2).item() == Fraction(1, 2)
    assert ResonantTensor.from_floats([1, 2, 3, 4], (2, 2)).shape == (2, 2)
    with pytest.raises(ValueError, match=r"2 .*\(0, 1\)"):
        ResonantTensor.from_floats([[1.0, np.nan], [np.inf, 0]])
    with pytest.raises(ShapeError):
        ResonantTensor.from_floats([1.0], (3,))
    with pytest.raises(ValueError, match="negative"):
        ResonantTensor.from_floats([1.0], precision=-1)
    with pytest.raises(TypeError, match="precision"):
        ResonantTensor.from_floats([1.0], precision=2.5)


def test_filled():
    assert ResonantTensor.zeros(3).tolist() == [0, 0, 0]
    assert ResonantTensor.ones((1, 2)).tolist() == [[1, 1]]
    assert ResonantTensor.full((2,), PHI / 3).tolist() == [PHI / 3] * 2
    assert ResonantTensor.eye(2).tolist() == [[1, 0], [0, 1]]
    assert ResonantTensor.eye(2, 3, 1).tolist() == [[0, 1, 0], [0, 0, 1]]


def test_random():
    x, y = (ResonantTensor.randn((4, 5), precision=30, seed=7) for _ in "xy")
    assert x.equals(y)
    assert np.abs(x.numerators()[1]).max() <= 30
    assert not ResonantTensor.randn((4, 5), seed=8).equals(x)
    z = ResonantTensor.random_lattice((50, 50), bound=3, seed=1)
    a, b, d = z.numerators()
    assert {*a.ravel().tolist()} == {*b.ravel().tolist()} == set(range(-3, 4))
    assert d == 1


@pytest.mark.parametrize(
    "build",
    [
        ResonantTensor.zeros,
        ResonantTensor.ones,
        lambda shape: ResonantTensor.full(shape, PHI),
        ResonantTensor.randn,
        lambda shape: ResonantTensor.random_lattice(shape, bound=3),
        lambda shape: ResonantTensor.from_lattice([1, 2], [0, 0], shape=shape),
        lambda shape: ResonantTensor.from_floats([1.0, 2.0], shape),
        lambda shape: ResonantTensor.from_f64_vec([1.0, 2.0], shape),
    ],
)
def test_shapes(build):
    for shape in (2, (2,), [2], np.int64(2), np.array([2]), (1, np.int32(2))):
        assert build(shape).size == 2
    for wrong in ("3", 1.5, (2, "1"), (2, 0.5), 1j, {}.keys):
        with pytest.raises(TypeError, match="shape must be an integer or a tuple of integers"):
            build(wrong)
    for wrong in (-7, (2, -7), 10**5000, (1, -(10**5000))):
        with pytest.raises(ValueError, match="shape must hold lengths"):
            build(wrong)


def test_bounds_of_random_tensors():
    assert ResonantTensor.random_lattice(4, bound=0).tolist() == [0] * 4
    assert ResonantTensor.random_lattice(4, bound=2**63 - 1).shape == (4,)
    for wrong, kind in ((-1, ValueError), (2**63, ValueError), (1.5, TypeError), ("1", TypeError)):
        with pytest.raises(kind, match="random_lattice: bound must be"):
            ResonantTensor.random_lattice(4, bound=wrong)


def test_flux_tells_complex_numbers_the_way():
    flux = ResonantTensor([1, PHI]).wake_flux()
    for other in (1j, np.array([1j, 2])):
        with pytest.raises(TypeError, match=r"flux meets real numbers.*flux_array"):
            flux * other
    with pytest.raises(TypeError, match=r"^equals: all tensors must be in one phase"):
        flux.equals(ResonantTensor([1, PHI]))

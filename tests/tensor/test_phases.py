"""The two phases: wake, crystallize, what flux does, what a tensor remembers."""

import copy
import pickle
import warnings
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic import (
    PHI,
    DeviceError,
    GoldenExact,
    PhaseError,
    PrecisionError,
    ResonantPhase,
    ResonantTensor,
    ShapeError,
    SnapWarning,
)


def exact_float(x, dtype=np.float64):
    """Round a golden number with 400 bits of mpmath."""
    with mpmath.workprec(2000):
        p, q, d = (int(n) for n in x.numerators())
        return dtype(float((p + q * mpmath.phi) / d)) if dtype is np.float64 else None


@given(
    st.lists(st.tuples(st.integers(-(2**23), 2**23), st.integers(-(2**23), 2**23)), max_size=20),
    st.sampled_from([1, 2, 3, 5, 12]),
)
def test_wake_then_crystallize_is_the_identity(numerators, denominator):
    a, b = [n[0] for n in numerators], [n[1] for n in numerators]
    t = ResonantTensor.from_lattice(a, b, denominator=denominator)
    assert t.wake_flux().crystallize().equals(t)
    assert t.toggle().toggle().equals(t)


@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")
@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62)), max_size=9))
def test_wake_is_correctly_rounded(numerators):
    t = ResonantTensor.from_lattice([n[0] for n in numerators], [n[1] for n in numerators])
    assert t.wake_flux().tolist() == [exact_float(x) for x in t.tolist()]


def test_wake_dtypes_round_once():
    # 1 + 2^-24 + 2^-60: float64 drops the last bit, and rounding that again would tie to even.
    t = ResonantTensor([1 + Fraction(1, 2**24) + Fraction(1, 2**60)])
    with pytest.warns(SnapWarning, match="way back"):
        assert t.wake_flux(dtype=np.float32).item() == 1 + 2.0**-23
    assert ResonantTensor([1]).wake_flux(dtype=np.float16).dtype == np.float16
    with pytest.raises(TypeError, match="float64, float32 or float16"):
        t.wake_flux(dtype=np.int64)


def test_wake_overflow_is_infinite_with_a_warning():
    t = ResonantTensor([PHI**1475, -(PHI**1475), PHI])
    with pytest.warns(RuntimeWarning):
        assert t.wake_flux().tolist() == [np.inf, -np.inf, float(PHI)]


def test_phases_and_their_errors():
    t = ResonantTensor([1, PHI])
    f = t.wake_flux()
    assert t.phase is ResonantPhase.CRYSTALLIZED
    assert f.phase is ResonantPhase.FLUX
    assert (t.dtype, f.dtype, f.device) == (np.dtype(object), np.float64, "cpu")
    assert t.crystallize() is t
    for bad in (lambda: t.crystallize(5), lambda: t.crystallize(error_bound=0.1)):
        with pytest.raises(PhaseError, match="wake_flux"):
            bad()
    for bad in (f.wake_flux, f.numerators, f.galois_conjugate, lambda: f.a):
        with pytest.raises(PhaseError, match="crystallize"):
            bad()
    with pytest.raises(PhaseError, match="wake_flux"):
        _ = t.flux_array
    assert t.to_device("cpu") is t
    with pytest.raises(DeviceError, match="tpu"):
        t.wake_flux("tpu")
    with pytest.raises(DeviceError, match="tpu"):
        f.to_device("tpu")
    assert f.to_device("cpu") is f


def test_the_larger_specification_survives_flux_operations():
    x = ResonantTensor.from_lattice([3, 5], [5000, -7], denominator=2)
    y = ResonantTensor.from_lattice([1, 1], [-1, 2], denominator=3)
    assert (x.wake_flux() + y.wake_flux()).crystallize().equals(x + y)
    assert (x.wake_flux() - 1).crystallize().equals(x - 1)
    assert x.wake_flux()[1:].crystallize().equals(x[1:])


def test_crystallize_arguments_override():
    f = ResonantTensor.from_flux(np.array([0.8090169943749475, 2.5]))
    assert f.crystallize(denominator=2).tolist() == [PHI / 2, GoldenExact("5/2")]
    assert f.crystallize(0).tolist() == [1, 2]
    assert f.crystallize(3).precision == 3
    windowed = f.crystallize(window=Fraction(1, 2), denominator=2)
    assert all(abs(x.galois_conjugate()) <= Fraction(1, 2) for x in windowed.tolist())
    with pytest.raises(ValueError, match="precision"):
        f.crystallize(3, window=1)


def test_error_bound_proves_or_raises():
    f = ResonantTensor.from_flux(np.array([1.618, 0.5]))
    assert f[:1].crystallize(10, error_bound=1e-3).tolist() == [PHI]
    with pytest.raises(PrecisionError, match="2 unproved of 2"):
        f.crystallize(10**6, error_bound=1e-3)


def test_flux_follows_numpy_dtypes():
    f32 = ResonantTensor.from_flux(np.array([1, 2], np.float32))
    assert (f32 + 1).dtype == np.float32
    assert (f32 + PHI).dtype == np.float32
    assert (f32 + np.ones(2)).dtype == np.float64
    assert (f32 + np.ones(2, np.float16)).dtype == np.float32
    assert (f32 + f32).flux_array.tolist() == [2, 4]
    assert np.exp(f32).dtype == np.float32
    assert isinstance(f32 < 2, np.ndarray)
    assert np.std(f32).item() == 0.5
    with pytest.raises(TypeError):
        f32 + 1j


def test_exact_scalars_are_rounded_once_into_flux():
    f = ResonantTensor.from_flux(np.zeros(1, np.float32))
    assert (f + (1 + Fraction(1, 2**24) + Fraction(1, 2**60))).item() == 1 + 2.0**-23
    assert (f + GoldenExact(0, 1)).item() == np.float32(float(PHI))


def test_from_flux_aliases():
    array = np.arange(3.0)
    f = ResonantTensor.from_flux(array)
    assert f.flux_array is array
    assert np.shares_memory(ResonantTensor.from_flux(Foreign(array)).flux_array, array)
    for bad in (np.arange(3), np.array([1j]), np.array([1, PHI], object)):
        with pytest.raises(TypeError, match="flux is"):
            ResonantTensor.from_flux(bad)


class Foreign:
    """An array of another library: DLPack is all it has."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_set_returns_a_new_tensor():
    t = ResonantTensor([[1, 2], [3, 4]])
    u = t.at[0, 1].set(PHI)
    assert (t.tolist(), u.tolist()) == ([[1, 2], [3, 4]], [[1, PHI], [3, 4]])
    assert t.at[:, 0].add(PHI / 2).tolist() == [[1 + PHI / 2, 2], [3 + PHI / 2, 4]]
    assert t.at[t > 2].multiply(0).tolist() == [[1, 2], [0, 0]]
    f = t.wake_flux()
    assert f.at[1].set(0.5).tolist() == [[1, 2], [0.5, 0.5]]
    assert f.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(TypeError, match="exact"):
        t.at[0].set(0.5)


def test_precision_is_the_larger():
    x, y = ResonantTensor([1], precision=7), ResonantTensor([2], precision=50)
    assert (x + y).precision == np.concatenate([x, y]).precision == 50
    assert (x * 2).precision == x[0].precision == 7


def test_mode_norms_travel_by_the_rules():
    norms = np.array([3.0, 1.0, 2.0])
    t = ResonantTensor([PHI, 2, 1], mode_norm_sq=norms)
    u = ResonantTensor([1, 1, 1])
    assert (t + u).mode_norm_sq.tolist() == (u + t).mode_norm_sq.tolist() == norms.tolist()
    assert t[::-1].mode_norm_sq.tolist() == [2, 1, 3]
    assert t.reshape(3, 1).T.mode_norm_sq.tolist() == [[3, 1, 2]]
    assert t.sort().mode_norm_sq.tolist() == [2, 3, 1]
    assert t.wake_flux().sort().crystallize().mode_norm_sq.tolist() == [2, 3, 1]
    assert t.sum().mode_norm_sq is None
    assert np.concatenate([t, t]).mode_norm_sq is None
    assert u.mode_norm_sq is None
    with pytest.raises(ValueError, match="different mode_norm_sq"):
        t + ResonantTensor([1, 2, 3], mode_norm_sq=[0, 0, 1])
    with pytest.raises(ShapeError, match=r"\(3,\), got \(2,\)"):
        ResonantTensor([1, 2, 3], mode_norm_sq=[0, 0])
    with pytest.raises(ValueError, match="finite"):
        ResonantTensor([1, 2], mode_norm_sq=[0, np.nan])


def test_syntony():
    with mpmath.workprec(200):
        w = [mpmath.exp(-(n**2) / mpmath.phi) for n in range(3)]
        expected = float((w[0] + 4 * w[1] + 9 * w[2]) / 14)
    assert ResonantTensor([1, 2, 3]).syntony == pytest.approx(expected, rel=1e-15)
    assert ResonantTensor([1, 2, 3]).wake_flux().syntony == pytest.approx(expected, rel=1e-15)
    assert ResonantTensor([0, 0]).syntony == 0
    assert ResonantTensor([5, 7], mode_norm_sq=[0, 0]).syntony == 1
    assert ResonantTensor([2**600, 0]).syntony == 1


@pytest.mark.parametrize("make", [lambda t: t, lambda t: t.wake_flux(), lambda t: t * 2**70 / 3])
def test_pickle_and_copy(make):
    t = make(ResonantTensor([[1, PHI]], precision=9, mode_norm_sq=[[1, 2]]))
    for twin in (pickle.loads(pickle.dumps(t)), copy.copy(t), copy.deepcopy(t)):
        assert twin.equals(t)
        assert twin.precision == 9
        assert twin.mode_norm_sq.tolist() == [[1, 2]]
        assert twin.phase is t.phase
    if not t.is_crystallized:
        again = pickle.loads(pickle.dumps(t)).crystallize()
        assert again.equals(t.crystallize())


def test_looks():
    t = ResonantTensor([[1, PHI], [GoldenExact("3/2", -5), 0]])
    assert repr(t).startswith("ResonantTensor([[")
    assert "3/2 - 5φ" in repr(t)
    assert repr(t).endswith("0]])")
    assert repr(ResonantTensor([1, PHI], precision=9)) == "ResonantTensor([1, φ], precision=9)"
    assert repr(ResonantTensor([1], precision=100)) == "ResonantTensor([1], precision=100)"
    assert repr(ResonantTensor([1]).wake_flux()).endswith("device='cpu', precision=100)")
    assert "<td>3/2 - 5φ</td>" in t._repr_html_()
    assert "dtype=float64" in repr(t.wake_flux())
    assert "<table>" in ResonantTensor(1)._repr_html_()
    assert "..." in repr(ResonantTensor.zeros(5000))
    assert "<pre>" in ResonantTensor.zeros((2, 2, 2))._repr_html_()


def test_numpy_conversions():
    t = ResonantTensor([[1, PHI]])
    assert np.asarray(t).dtype == object
    assert np.asarray(t)[0, 1] == PHI
    assert np.asarray(t, np.float64).tolist() == [[1.0, float(PHI)]]
    assert np.asarray(ResonantTensor([2, 3]), np.int8).tolist() == [2, 3]
    with pytest.raises(ValueError, match="integers only"):
        np.asarray(t, int)
    with pytest.raises(ValueError, match="copy"):
        np.asarray(t, copy=False)
    assert float(t[0, 1]) == float(PHI)
    assert int(t[0, 1]) == 1
    assert bool(t[0, 0])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(t)
    with pytest.raises(TypeError, match="one element"):
        float(t)
    with pytest.raises(TypeError, match="unhashable"):
        hash(t)


def test_indexing_is_numpys():
    t = ResonantTensor.random_lattice((3, 4, 5), bound=9, seed=3)
    x = np.asarray(t)
    for index in (
        0,
        (1, 2),
        (..., -1),
        slice(None, None, -2),
        (None, 1),
        [2, 0],
        x > 3,
        (0, [1, 1]),
    ):
        assert np.array_equal(t[index], ResonantTensor(np.asarray(x[index], object)))
    assert t[0, 0, 0].shape == ()
    assert t[0, 0, 0].item() == x[0, 0, 0]
    assert [r.shape for r in t] == [(4, 5)] * 3
    assert len(t) == 3
    assert x[1, 2, 3] in t
    assert 10 + PHI not in t
    with pytest.raises(IndexError):
        t[7]


def test_wake_of_plain_tensors_never_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ResonantTensor.zeros((0, 3)).wake_flux().crystallize()
        ResonantTensor([2**62, -(2**63)]).wake_flux()

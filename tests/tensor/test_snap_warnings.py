"""What comes back from floats is the exact number, or a warning says that it may not be."""

import pickle
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest

from syntonic import (
    PHI,
    GoldenExact,
    ResonantTensor,
    SnapWarning,
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
    snap,
    syntonic_softmax,
)
from syntonic.io import load, save

X = ResonantTensor([1, PHI, 7 + 3 * PHI, 50 * PHI])


def said(function):
    """Return the result, or None if it raises, and the snap warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            out = function()
        except ValueError:  # infinite
            return None, []
    return out, [w for w in caught if w.category is SnapWarning]


# -- equal, or warned ---------------------------------------------------------------------

FUNCTIONS = {
    "x": lambda x: x,
    "x*x": lambda x: x * x,
    "x**4": lambda x: x**4,
    "x*phi": lambda x: x * PHI,
    "1000x": lambda x: x * 1000,
    "x/2": lambda x: x / 2,
    "x/3": lambda x: x / 3,
    "x/1001": lambda x: x / 1001,
    "x + 1/2": lambda x: x + Fraction(1, 2),
    "3x - 2": lambda x: 3 * x - 2,
    "x - reversed x": lambda x: x - x[::-1],
    "mean": lambda x: x.mean() * np.ones(4, np.int64) - x,
    "cumsum": lambda x: x.cumsum(),
    "outer": lambda x: np.outer(x, x),
}
SIZES = {np.float64: 2.0**36, np.float32: 2.0**18, np.float16: 2.0**9}


@pytest.mark.parametrize("dtype", SIZES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_equal_or_warned(name, dtype):
    rng, f = np.random.default_rng(len(name)), FUNCTIONS[name]
    for _ in range(50):
        bound = int(SIZES[dtype] ** rng.random())
        denominator = int(rng.choice([1, 1, 2, 3, 5, 12, rng.integers(1, 1002)]))
        t = ResonantTensor.from_lattice(
            *rng.integers(-bound, bound + 1, (2, 4)), denominator=denominator
        )
        got, warned = said(lambda t=t: f(t.wake_flux(dtype=dtype)).crystallize())
        assert got is None or warned or got.equals(f(t)) or tiny(f(t), dtype), (t, got)


def tiny(exact, dtype):
    """Tell whether some element is as small as what is left of a sum that cancels."""
    sizes = np.abs(exact.to_floats())
    return bool((sizes[sizes > 0] < {np.float64: 3e-12, np.float32: 2e-6}[dtype]).any())


@pytest.mark.parametrize("denominator", [1, 2, 3, 7, 12, 360, 1001])
def test_from_floats_is_equal_or_warns(denominator):
    rng = np.random.default_rng(denominator)
    for bound in (5, 50, 100, 10**4, 10**9, 10**14):
        t = ResonantTensor.from_lattice(
            *rng.integers(-bound, bound + 1, (2, 5)), denominator=denominator
        )
        for kind in (np.float64, np.float32):
            floats = np.asarray(t, kind)
            got, warned = said(lambda x=floats: ResonantTensor.from_floats(x))
            assert warned or got.equals(t)


def test_bfloat16_has_a_rounding_of_its_own():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    rng = np.random.default_rng(2)
    for bound in (1, 3, 100):
        t = ResonantTensor.from_lattice(*rng.integers(-bound, bound + 1, (2, 6)))
        floats = np.asarray(t, np.float32).astype(bfloat16)
        for make in (
            lambda x: ResonantTensor.from_flux(x).crystallize(),
            lambda x: ResonantTensor.from_floats(x),
            lambda x: (ResonantTensor.from_flux(x) / 2).crystallize(),
        ):
            _, warned = said(lambda make=make, x=floats: make(x))
            assert warned
    whole = ResonantTensor.from_flux(np.array([1.0, 2.0, 64.0], bfloat16))
    assert whole.crystallize(0).tolist() == [1, 2, 64]


def test_right_results_are_silent():
    rng = np.random.default_rng(3)
    for bound in (3, 10, 100):
        t = ResonantTensor.from_lattice(*rng.integers(-bound, bound + 1, (2, 8, 8)))
        for f in (
            lambda x: x + x.T,
            lambda x: x - x,
            lambda x: x.T[::-1] * 2,
            lambda x: x.relu(),
            lambda x: x.sum(axis=0),
            lambda x: x[0] - x[1],
            lambda x: np.concatenate([x, x]),
        ):
            exact = f(t)
            if np.abs(exact.numerators()[1]).max() <= 100:
                assert f(t.wake_flux()).crystallize().equals(exact)


def test_what_cancels_is_silent():
    turn = ResonantTensor([[1, PHI, 1 - PHI], [-PHI, PHI - 1, -1], [1 - PHI, 1, PHI]]) / 2
    flux = turn.wake_flux()
    for _ in range(50):
        flux = flux @ turn.wake_flux()
    product = flux @ flux.T
    assert product.crystallize(denominator=4).equals(ResonantTensor.eye(3))
    assert product.crystallize().equals(ResonantTensor.eye(3))
    assert (product - np.eye(3)).crystallize().equals(ResonantTensor.zeros((3, 3)))


# -- what the warning says ----------------------------------------------------------------


def test_the_warning_counts_and_measures():
    flux = X.wake_flux() / 2
    got, (warning,) = said(flux.crystallize)
    rest = np.abs(snap(flux.flux_array).residual)
    assert got.tolist()[0] == -116 + 72 * PHI
    assert warning.message.count == np.count_nonzero(rest > 1e-9)
    assert warning.message.residual == rest.max()
    twin = pickle.loads(pickle.dumps(warning.message))
    assert (str(twin), twin.count, twin.residual) == (
        str(warning.message), warning.message.count, warning.message.residual
    )  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        lambda: (X.wake_flux() / 2).crystallize(),
        lambda: (X.wake_flux() / 2).toggle(),
        lambda: ResonantTensor.from_floats([0.5, 0.25]),
        lambda: ResonantTensor.from_f64_vec([0.5, 0.25], (2, 1)),
        lambda: ResonantTensor([10**10 + PHI * 10**10]).wake_flux(),
        lambda: X.wake_flux(dtype=np.float16),
        lambda: X.toggle().at[0].set(0.5).crystallize(),
    ],
    ids=range(7),
)
def test_it_points_at_the_callers_line_once_a_place(call):
    _, (warning,) = said(call)
    assert warning.filename == __file__
    assert warning.lineno == call.__code__.co_firstlineno
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            call()
    assert len(caught) == 1


def test_one_text_for_all_data():
    texts = {str(said((X.wake_flux() / n).crystallize)[1][0].message) for n in (2, 3, 7)}
    assert len(texts) == 1
    assert 'denominator="auto"' in texts.pop()


# -- silence ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda x: (ResonantTensor(x, precision=100).wake_flux() / 2).crystallize(),
        lambda x: (ResonantTensor(x).wake_flux() / 2).crystallize(100),
        lambda x: (ResonantTensor(x).wake_flux() / 2).crystallize(denominator=1),
        lambda x: (ResonantTensor(x).wake_flux() / 2).crystallize(window=20),
        lambda x: (ResonantTensor(x).wake_flux() / 2).crystallize(error_bound=0.002),
        lambda x: (ResonantTensor(x).wake_flux() + ResonantTensor(x, precision=9).wake_flux() / 2)
        .crystallize(),
        lambda x: ((ResonantTensor(x) + ResonantTensor(x, precision=100)).wake_flux() / 3)
        .crystallize(),
        lambda x: ResonantTensor.from_flux(x.to_floats() / 2, precision=5).crystallize(),
        lambda x: ResonantTensor.from_floats(x.to_floats() / 2, precision=100),
        lambda x: ResonantTensor.from_floats(x.to_floats() / 2, denominator=1),
        lambda x: ResonantTensor.from_floats(x.to_floats() / 2, window=9),
        lambda x: ResonantTensor.from_f64_vec(x.to_floats() / 2, (2,), 100),
        lambda x: (ResonantTensor.from_floats([1.0], precision=100).wake_flux() / 3).crystallize(),
        lambda x: (x.wake_flux() / 2).crystallize(100).wake_flux().__truediv__(3).crystallize(),
        lambda x: ResonantTensor.randn((50,), seed=1),
        lambda x: snap(x.to_floats() / 2).tensor,
    ],
    ids=range(16),
)  # fmt: skip
def test_a_bound_that_is_named_is_meant(call):
    assert said(lambda: call(ResonantTensor([1, PHI]) / 1))[1] == []


CYCLES = {
    "phi_residual": lambda x: phi_residual(x, x),
    "relu": lambda x: phi_residual_relu(x, x),
    "gelu": lambda x: phi_residual_gelu(x, x),
    "residual layer norm": lambda x: phi_residual_layernorm(x, x),
    "layer norm": golden_layer_norm,
    "batch norm 1d": golden_batch_norm_1d,
    "batch norm 2d": lambda x: golden_batch_norm_2d(x.reshape(2, 3, 2, 1)),
    "softmax": syntonic_softmax,
    "learned softmax": lambda x: syntonic_softmax(x, mode_norms=[1, 2, 3]),
}


@pytest.mark.parametrize("name", CYCLES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_golden_network_operations_are_silent(name, dtype):
    f, t = CYCLES[name], ResonantTensor(np.arange(12).reshape(4, 3) + PHI)
    assert f(t).is_crystallized
    out = f(t.wake_flux(dtype=dtype))
    assert out.crystallize().shape == out.shape
    assert (out + out).reshape(-1)[1:].crystallize().is_crystallized
    floats = ResonantTensor.from_flux(np.random.default_rng(1).standard_normal((4, 3)))
    assert f(floats).crystallize().is_crystallized


# -- waking -------------------------------------------------------------------------------


def test_waking_that_leads_back_is_silent_both_ways():
    for numbers, dtype in (
        ([2**62, -(2**63)], np.float64),
        ([2**24 + 2**24 * PHI, 5 - 2**24 * PHI], np.float64),
        ([1291 + 1291 * PHI, 500], np.float32),
        ([30000 + 100 * PHI, 2**60], np.float32),
        ([2**100, 0], np.float32),
        ([1, PHI, 2048, -65504], np.float16),
        ([PHI / 7, 1 / (7 * PHI)], np.float64),
    ):
        t = ResonantTensor(numbers)
        flux = t.wake_flux(dtype=dtype)
        assert flux.crystallize().equals(t)
        assert flux[::-1][:1].crystallize().equals(t[::-1][:1])


def test_waking_counts_what_is_far():
    t = ResonantTensor([10**10 + 10**10 * PHI, 1, 3 * 10**9 + 7, -(10**10) * PHI])
    flux, (warning,) = said(t.wake_flux)
    assert warning.message.count == 2
    exact = [abs(GoldenExact.from_float_exact(x) - y) for x, y in zip(flux.tolist(), t.tolist(), strict=True)]  # fmt: skip # noqa: E501
    assert warning.message.residual == float(max(exact))


def test_marks_survive_pickles_and_files(tmp_path):
    named = ResonantTensor([1, PHI], precision=100)
    big = ResonantTensor([2**62])
    for make in (
        lambda t: pickle.loads(pickle.dumps(t)),
        lambda t: (save(t, tmp_path / "t.npz"), load(tmp_path / "t.npz"))[1],
    ):
        assert (make(named).wake_flux() / 2).crystallize() is not None
        assert make(big.wake_flux()).crystallize().equals(big)
        normed = golden_layer_norm(X.wake_flux())
        assert make(normed).crystallize().size == 4
        with pytest.warns(SnapWarning):
            (make(X).wake_flux() / 2).crystallize()


# -- denominators -------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(1, 13))
def test_auto_finds_the_least_common_denominator(n):
    t = X / n
    flux = X.wake_flux() / n
    assert flux.crystallize(denominator="auto").equals(t)
    assert ResonantTensor.from_floats(flux.flux_array, denominator="auto").equals(t)
    assert flux.crystallize(denominator="auto").precision == 100


def test_auto_up_to_a_maximum():
    flux = X.wake_flux() / 35
    got, (warning,) = said(lambda: flux.crystallize(denominator="auto"))
    assert "max_denominator" in str(warning.message)
    assert got.numerators()[2] == 1
    assert flux.crystallize(denominator="auto", max_denominator=35).equals(X / 35)
    again = ResonantTensor.from_floats(flux.flux_array, denominator="auto", max_denominator=40)
    assert again.equals(X / 35)
    # What the tensor remembers need not be looked for.
    seventeenths = (X / 17).wake_flux()
    assert seventeenths.crystallize(denominator="auto").equals(X / 17)


def test_auto_with_other_bounds():
    flux = X.wake_flux() / 2
    assert said(lambda: flux.crystallize(10, denominator="auto"))[1] != []
    assert flux.crystallize(50, denominator="auto").equals(X / 2)
    assert flux.crystallize(denominator="auto", window=50).equals(X / 2)
    assert flux.crystallize(denominator="auto", error_bound=1e-12).equals(X / 2)
    halves = ResonantTensor.from_floats([0.5, 0.25], denominator="auto")
    assert halves.tolist() == [Fraction(1, 2), Fraction(1, 4)]


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"denominator": "all"}, ValueError, 'an integer or "auto"'),
        ({"max_denominator": 5}, TypeError, 'goes with denominator="auto" only'),
        ({"denominator": 2, "max_denominator": 5}, TypeError, "drop it"),
        ({"denominator": "auto", "max_denominator": 0}, ValueError, "must be positive"),
        ({"denominator": "auto", "max_denominator": 2.5}, TypeError, "positive integer"),
    ],
)
def test_denominators_are_checked(options, kind, text):
    with pytest.raises(kind, match=f"crystallize: .*{text}"):
        X.wake_flux().crystallize(**options)
    with pytest.raises(kind, match=f"from_floats: .*{text}"):
        ResonantTensor.from_floats([1.0], **options)


# -- the result of snap, sizes ------------------------------------------------------------


def test_snap_gives_a_tensor_and_its_residual():
    result = snap([[0.5, 1.618]], precision=9, denominator=2)
    assert result.tensor.tolist() == [[Fraction(1, 2), PHI]]
    assert result.tensor.precision == 9
    assert snap(0.5).tensor.precision == 100
    assert result.residual.shape == (1, 2)


@pytest.mark.parametrize(
    ("tensor", "least"),
    [
        (ResonantTensor.from_lattice(np.arange(10**4), np.arange(10**4)), 16 * 10**4),
        (ResonantTensor([Fraction(1, n) for n in (2**61 - 1, 2**62 - 57, 3)]), 3 * 24),
        (ResonantTensor([10**1000, PHI]), 400),
        (ResonantTensor.from_flux(np.zeros(1000, np.float32)), 4000),
        (ResonantTensor.zeros((0, 3)), 0),
    ],
)
def test_sizes_count_the_numbers(tensor, least):
    assert tensor.nbytes >= least
    assert sys.getsizeof(tensor) > tensor.nbytes
    assert tensor.nbytes <= 2 * least + 1500

"""Each reason for a refusal is a claim, and each claim is checked on NumPy itself."""

import inspect
import sys
from fractions import Fraction as F

import numpy as np
import numpy.char  # the functions of these modules are known once they are loaded
import numpy.fft
import numpy.strings
import pytest
from mpmath import mp
from numpy.testing import overrides

from syntonic import PHI, ResonantTensor, linalg
from syntonic.tensor import functions, ufuncs
from syntonic.tensor.reasons import Claim

DIGITS = 60
FUNCTIONS = {functions.name_of(f): f for f in overrides.get_overridable_numpy_array_functions()}
UFUNCS = {u.__name__: u for u in overrides.get_overridable_numpy_ufuncs()}
SUPPORTED = {*functions.MOVES, *functions.EXACT, *functions.BY_OBJECTS, *functions.ANSWERS}
SUPPORTED |= functions.CREATED - set(functions.REFUSED)
REASONS = {
    **{("ufunc", name): ufuncs.REFUSED[name] for name in UFUNCS if name in ufuncs.REFUSED},
    **{("function", name): functions.reason_of(name) for name in FUNCTIONS
       if name not in {*SUPPORTED, "in1d"}},
}  # fmt: skip


def numpys(kind, name):
    return UFUNCS[name] if kind == "ufunc" else FUNCTIONS[name]


def claimed(claim):
    """Parametrize by everything refused with a claim."""
    return pytest.mark.parametrize(
        ("kind", "name"), sorted(key for key, reason in REASONS.items() if reason.claim is claim)
    )


# -- values outside the field -------------------------------------------------------------

# An exact input, and one number of the result (None: the largest imaginary part).
with mp.workdps(DIGITS):
    ROOT2, LOG2, PI = +mp.sqrt(2), +mp.log(2), +mp.pi
    HALF = F(1, 2)
    OUTSIDE = {
        "angle": ((-1,), PI),
        "arccos": ((0,), PI / 2),
        "arccosh": ((2,), mp.acosh(2)),
        "arcsin": ((1,), PI / 2),
        "arcsinh": ((1,), mp.asinh(1)),
        "arctan": ((1,), PI / 4),
        "arctan2": ((1, 1), PI / 4),
        "arctanh": ((HALF,), mp.atanh(HALF)),
        "cbrt": ((2,), mp.cbrt(2)),
        "corrcoef": (([0, 0, 1], [0, 1, 2]), mp.sqrt(3) / 2),
        "cos": ((1,), mp.cos(1)),
        "cosh": ((1,), mp.cosh(1)),
        "deg2rad": ((180,), PI),
        "degrees": ((1,), 180 / PI),
        "exp": ((1,), mp.e),
        "exp2": ((HALF,), ROOT2),
        "expm1": ((1,), mp.e - 1),
        "float_power": ((2, HALF), ROOT2),
        "hypot": ((1, 1), ROOT2),
        "i0": ((1,), mp.besseli(0, 1)),
        "lib.scimath.arccos": ((0,), PI / 2),
        "lib.scimath.arcsin": ((1,), PI / 2),
        "lib.scimath.arctanh": ((HALF,), mp.atanh(HALF)),
        "lib.scimath.log": ((2,), LOG2),
        "lib.scimath.log10": ((2,), mp.log10(2)),
        "lib.scimath.log2": ((3,), mp.log(3, 2)),
        "lib.scimath.logn": ((2, 3), mp.log(3, 2)),
        "lib.scimath.power": ((2, HALF), ROOT2),
        "lib.scimath.sqrt": ((2,), ROOT2),
        "linalg.cholesky": (([[2]],), ROOT2),
        "linalg.cond": (([[1, 2], [0, 1]],), 3 + 2 * ROOT2),
        "linalg.eig": (([[0, 2], [1, 0]],), ROOT2),
        "linalg.eigh": (([[0, 1], [1, 2]],), 1 + ROOT2),
        "linalg.eigvals": (([[0, 2], [1, 0]],), ROOT2),
        "linalg.eigvalsh": (([[0, 1], [1, 2]],), 1 + ROOT2),
        "linalg.matrix_norm": (([[1, 1]],), ROOT2),
        "linalg.norm": (([1, 1],), ROOT2),
        "linalg.qr": (([[1], [1]],), -ROOT2),
        "linalg.slogdet": (([[2]],), LOG2),
        "linalg.svd": (([[1], [1]],), ROOT2),
        "linalg.svdvals": (([[1], [1]],), ROOT2),
        "linalg.vector_norm": (([1, 1],), ROOT2),
        "log": ((2,), LOG2),
        "log10": ((2,), mp.log10(2)),
        "log1p": ((1,), LOG2),
        "log2": ((3,), mp.log(3, 2)),
        "logaddexp": ((0, 0), LOG2),
        "logaddexp2": ((0, 1), mp.log(3, 2)),
        "nanstd": (([0, 0, 1],), ROOT2 / 3),
        "rad2deg": ((1,), 180 / PI),
        "radians": ((180,), PI),
        "roots": (([1, 0, -2],), ROOT2),
        "sin": ((1,), mp.sin(1)),
        "sinc": ((HALF,), 2 / PI),
        "sinh": ((1,), mp.sinh(1)),
        "sqrt": ((2,), ROOT2),
        "std": (([0, 0, 1],), ROOT2 / 3),
        "tan": ((1,), mp.tan(1)),
        "tanh": ((1,), mp.tanh(1)),
        "unwrap": (([0, 4],), 4 - 2 * PI),
        **dict.fromkeys(("fft.fft", "fft.fftn", "fft.rfft", "fft.rfftn"), (([0, 1, 0],), None)),
        **dict.fromkeys(("fft.ifft", "fft.ifftn", "fft.ihfft"), (([0, 1, 0],), None)),
        **dict.fromkeys(("fft.fft2", "fft.ifft2", "fft.rfft2"), (([[0, 1, 0]],), None)),
        "fft.hfft": (([0, 1, 0, 0], 7), 2 * mp.cos(2 * PI / 7)),
        "fft.irfft": (([0, 1, 0, 0], 7), 2 * mp.cos(2 * PI / 7) / 7),
        "fft.irfftn": (([0, 1, 0, 0], (7,), (0,)), 2 * mp.cos(2 * PI / 7) / 7),
        "fft.irfft2": (([[0, 1, 0, 0]], (1, 7)), 2 * mp.cos(2 * PI / 7) / 7),
    }


def in_field(x):
    """Return whether integers below 10^8 with p + q√5 = r x exist; by the digits, x has more."""
    with mp.workdps(DIGITS):
        return mp.pslq([x, mp.mpf(1), mp.sqrt(5)], maxcoeff=10**8, maxsteps=10**5) is not None


def floats(x):
    return np.asarray(x, dtype=float) if isinstance(x, (list, F)) else x


def numbers(result):
    """Return all numbers of a result in one array."""
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(np.asarray(part)) for part in parts])


def test_the_field_is_told_from_the_rest():
    with mp.workdps(DIGITS):
        assert in_field(mp.phi**7 / 3 - 2)
        assert in_field(mp.mpf(5) / 7)


@claimed(Claim.LEAVES_FIELD)
def test_an_exact_input_has_a_value_outside_the_field(kind, name):
    args, value = OUTSIDE[name]
    found = numbers(numpys(kind, name)(*map(floats, args)))
    if value is None:
        assert np.abs(found.imag).max() > 0.1
    else:
        assert np.abs(found - float(value)).min() < 1e-12
        assert not in_field(value)


# -- values in the field ------------------------------------------------------------------

LINE = ([0, 1, 2, 4], [1, 2, 2, 5])
TALL = [[1, 2], [3, 5], [1, 1]]
INSIDE = {
    "cov": (LINE, [F(35, 12), F(17, 6), F(17, 6), 3]),
    "frexp": ((3,), [F(3, 4), 2]),
    "gradient": (([0, 1, 4, 9],), [1, 2, 4, 5]),
    "histogram": (([0, 1, 1, 2], 2), [1, 3, 0, 1, 2]),
    "histogram2d": (([0, 1], [0, 1], 1), [2, 0, 1, 0, 1]),
    "histogram_bin_edges": (([0, 1, 3], 2), [0, F(3, 2), 3]),
    "histogramdd": (([[HALF], [1]], 1), [2, HALF, 1]),
    "interp": ((HALF, [0, 1], [1, 2]), [F(3, 2)]),
    "linalg.lstsq": ((TALL, [1, 2, 3]), None),
    "linalg.pinv": ((TALL,), None),
    "nanpercentile": (([0, 1, 3], 25), [HALF]),
    "nanquantile": (([0, 1, 3], HALF), [1]),
    "percentile": (([0, 1, 3], 25), [HALF]),
    "polydiv": (([1, 0, 1], [2, 1]), [HALF, F(-1, 4), F(5, 4)]),
    "polyfit": ((*LINE, 1), [F(34, 35), F(4, 5)]),
    "polyint": (([1, 2, 4],), [F(1, 3), 1, 4, 0]),
    "quantile": (([0, 1, 3], HALF), [1]),
    "trapezoid": (([0, 1, 4],), [3]),
}


@claimed(Claim.NOT_WRITTEN)
def test_exact_inputs_have_values_in_the_field(kind, name):
    args, values = INSIDE[name]
    if values is None:
        return  # the remedies below are exact
    given = [x if isinstance(x, int) and i else floats(x) for i, x in enumerate(args)]
    result = numpys(kind, name)(*given)
    parts = result if isinstance(result, tuple) else (result,)
    flat = numbers(tuple(y for x in parts for y in (x if isinstance(x, (list, tuple)) else [x])))
    assert np.allclose(flat, [float(x) for x in values])


def test_the_remedies_of_least_squares():
    x = ResonantTensor([[1, 2], [PHI, 5], [1, 1]])
    y = ResonantTensor([1, PHI, 3])
    best = linalg.solve(x.T @ x, x.T @ y)
    assert (x.T @ (x @ best - y)).equals(ResonantTensor.zeros(2))
    inverse = linalg.inv(x.T @ x) @ x.T
    assert (x @ inverse @ x).equals(x)
    assert (inverse @ x @ inverse).equals(inverse)
    assert (x @ inverse).equals((x @ inverse).T)


# -- the other claims ---------------------------------------------------------------------


def parameters_of(name):
    try:
        return inspect.signature(FUNCTIONS[name]).parameters
    except ValueError:
        pytest.skip("this NumPy hides the signature")


HALVES = np.array([0.5, 1.5])


def refuses_floats(kind, name):
    """Return whether NumPy refuses floats for every operand."""
    function = numpys(kind, name)
    if kind == "ufunc":
        return not any("d" in types.partition("->")[0] for types in function.types)
    wanted = sum(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in parameters_of(name).values()
    )
    try:
        function(*[HALVES] * max(wanted, 1))
    except (TypeError, ValueError, AttributeError):
        return True
    return False


@claimed(Claim.INTEGERS)
def test_the_definition_names_integers(kind, name):
    assert refuses_floats(kind, name)


@claimed(Claim.DATES)
def test_it_works_on_dates(kind, name):
    assert refuses_floats(kind, name)


@claimed(Claim.TEXT)
def test_it_works_on_text(kind, name):
    if not name.startswith("char."):  # NumPy's comparisons of text take anything
        assert refuses_floats(kind, name)


@claimed(Claim.RECORDS)
def test_it_works_on_records(kind, name):
    assert any(word in FUNCTIONS[name].__doc__ for word in ("field", "recarray", "join"))


@claimed(Claim.FLOAT_FORMAT)
def test_the_format_of_floats_shows(kind, name):
    count = UFUNCS[name].nin
    narrow, wide = (UFUNCS[name](*(dtype(2), dtype(4))[:count]) for dtype in (np.float32, float))
    assert float(narrow) != float(wide)


@claimed(Claim.COMPLEX)
def test_it_gives_complex_floats(kind, name):
    assert FUNCTIONS[name](HALVES).dtype.kind == "c"


@claimed(Claim.TOLERANCE)
def test_it_takes_a_tolerance(kind, name):
    assert {"rtol", "atol"} <= parameters_of(name).keys()


@claimed(Claim.WRITES)
def test_it_writes_into_its_argument(kind, name):
    x = np.zeros((2, 2))
    args = {
        "copyto": (1,), "fill_diagonal": (1,), "place": (np.ones((2, 2), bool), [1]),
        "put": ([0], [1]), "put_along_axis": (np.zeros((1, 2), int), 1, 0),
        "putmask": (np.ones((2, 2), bool), [1]),
    }  # fmt: skip
    assert FUNCTIONS[name](x, *args[name]) is None
    assert x.any()


@claimed(Claim.FILES)
def test_it_writes_a_file(kind, name):
    assert next(iter(parameters_of(name))) in ("file", "fname")


@claimed(Claim.CREATES)
def test_it_creates_arrays(kind, name):
    parameters = parameters_of(name)
    assert "like" in parameters or next(iter(parameters)) == "start"


def test_replaced_names():
    assert all(name.startswith("_") for (_, name), r in REASONS.items()
               if r.claim is Claim.REPLACED)  # fmt: skip


def test_each_claim_has_a_check():
    source = inspect.getsource(sys.modules[__name__])
    assert [c.name for c in Claim if f"Claim.{c.name}" not in source] == []
    assert {r.claim for r in REASONS.values()} == set(Claim)


def test_refusals_name_the_function_and_a_remedy():
    t = ResonantTensor([[1, PHI], [PHI, 3]])
    for call, words in (
        (lambda: np.linalg.lstsq(t, t), r"no exact form yet.*linalg\.solve\(x\.T @ x, x\.T @ y\)"),
        (lambda: np.linalg.pinv(t), r"no exact form yet.*linalg\.inv\(x\.T @ x\) @ x\.T"),
        (lambda: np.histogram(t), r"no exact form yet.*np\.digitize"),
        (lambda: np.fft.fft(t), r"np\.fft\.fft: .*leave the field.*wake_flux"),
        (lambda: np.poly(t), None),
    ):
        if words is None:
            assert call().equals(linalg.charpoly(t))
            continue
        with pytest.raises(TypeError, match=words):
            call()

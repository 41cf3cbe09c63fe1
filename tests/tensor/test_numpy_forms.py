"""The exact forms of NumPy's functions on every layout, against NumPy on object arrays."""

import numpy as np
import numpy.polynomial.polynomial as P
import pytest
from numpy.testing import overrides
from numpy_calls import plain, same

from syntonic import PHI, GoldenExact, ResonantTensor

N = 12


def golden(seed, count=N, bound=3):
    return ResonantTensor.random_lattice(count, bound=bound, seed=seed)


DIVISORS = ResonantTensor([*range(1, N + 1)])
PAIRS = {
    "one denominator": (golden(1), golden(2)),
    "denominators": (golden(1) / DIVISORS, golden(2) / DIVISORS[::-1]),
    "long": (golden(1) * 10**30 / 7, golden(2) + 10**25),
    "mixed": (golden(1), golden(2) / DIVISORS + 10**20 * golden(3)),
    "one float": (10**15 + golden(1) * PHI**-50, 10**15 + golden(2) * PHI**-51),
    "zeros": (np.where(golden(1) > 0, golden(1), 0), ResonantTensor.zeros(N)),
}
MASK = np.arange(N) % 3 == 0
PLACES = np.arange(N) % 2

# Calls of two arrays of one axis, exact tensors or object arrays.
VECTORS = {
    "append": lambda t, u: np.append(t, u),
    "append a number": lambda t, u: np.append(t, PHI),
    "append rows": lambda t, u: np.append(t.reshape(3, 4), u.reshape(3, 4), axis=1),
    "block": lambda t, u: np.block([[t.reshape(3, 4), u.reshape(3, 4)], [u[:8].reshape(1, 8)]]),
    "block of one": lambda t, u: np.block(t),
    "choose": lambda t, u: np.choose(PLACES, [t, u]),
    "choose, broadcast": lambda t, u: np.choose(PLACES + 5, [t, u[0]], mode="wrap"),
    "convolve": lambda t, u: np.convolve(t, u[:3]),
    "convolve same": lambda t, u: np.convolve(t, u, "same"),
    "convolve valid": lambda t, u: np.convolve(t[:4], u, "valid"),
    "correlate": lambda t, u: np.correlate(t, u[:3]),
    "correlate full": lambda t, u: np.correlate(t, u, "full"),
    "cross": lambda t, u: np.cross(t.reshape(4, 3), u.reshape(4, 3)),
    "cross, broadcast": lambda t, u: np.cross(t[:3], u.reshape(4, 3)),
    "cross, axes": lambda t, u: np.cross(
        t.reshape(3, 2, 2), u.reshape(2, 3, 2), axisa=0, axisb=1, axisc=0
    ),
    "cross, axis": lambda t, u: np.cross(t.reshape(3, 4), u.reshape(3, 4), axis=0),
    "ediff1d": lambda t, u: np.ediff1d(t, to_end=u[:2], to_begin=u[2]),
    "ediff1d of rows": lambda t, u: np.ediff1d(t.reshape(3, 4)),
    "insert": lambda t, u: np.insert(t, [1, 5, 5], u[:3]),
    "insert a number": lambda t, u: np.insert(t, slice(0, 9, 3), PHI),
    "insert a row": lambda t, u: np.insert(t.reshape(3, 4), 1, u[:4], axis=0),
    "insert a column": lambda t, u: np.insert(t.reshape(3, 4), -1, u[:3], axis=1),
    "intersect1d": lambda t, u: np.intersect1d(t, u),
    "intersect1d, places": lambda t, u: np.intersect1d(np.append(t, u), u, return_indices=True),
    "intersect1d of rows": lambda t, u: np.intersect1d(np.append(t, u).reshape(4, 6), u),
    "intersect1d, unique": lambda t, u: np.intersect1d(
        np.unique(t), np.unique(u), assume_unique=True, return_indices=True
    ),
    "ix_": lambda t, u: np.ix_(t, u[:2]),
    "lexsort": lambda t, u: np.lexsort((t, u)),
    "lexsort of rows": lambda t, u: np.lexsort(np.append(t, u).reshape(4, 6)),
    "meshgrid": lambda t, u: np.meshgrid(t[:3], u[:2]),
    "meshgrid, options": lambda t, u: np.meshgrid(t[:3], u[:2], sparse=True, indexing="ij"),
    "piecewise": lambda t, u: np.piecewise(t, [MASK], [1, PHI]),
    "piecewise, else 0": lambda t, u: np.piecewise(t, [MASK, ~MASK & (PLACES > 0)], [PHI, 2]),
    "piecewise, functions": lambda t, u: np.piecewise(t, [MASK], [lambda x: x * x, 3]),
    "polyadd": lambda t, u: np.polyadd(t, u[:3]),
    "polysub": lambda t, u: np.polysub(t[:2], u),
    "polyder": lambda t, u: np.polyder(t, 3),
    "polyder of more": lambda t, u: np.polyder(t[:3], 9),
    "polymul": lambda t, u: np.polymul(np.append([0, 0], t), u),
    "polyval": lambda t, u: np.polyval(t[:5], u),
    "polyval at numbers": lambda t, u: np.polyval(t[:4], u.reshape(2, 6)),
    "polyval of rows": lambda t, u: np.polyval(t.reshape(3, 4), u[:4]),
    "polyval of none": lambda t, u: np.polyval(t[:0], u),
    "searchsorted": lambda t, u: np.searchsorted(np.sort(t), np.append(t, u)),
    "searchsorted right": lambda t, u: np.searchsorted(np.sort(t), t.reshape(3, 4), "right"),
    "searchsorted sorter": lambda t, u: np.searchsorted(t, u, sorter=np.argsort(t, kind="stable")),
    "searchsorted one": lambda t, u: np.searchsorted(np.sort(t), u[3]),
    "searchsorted of none": lambda t, u: np.searchsorted(t[:0], u),
    "select": lambda t, u: np.select([MASK, PLACES > 0], [t, u]),
    "select default": lambda t, u: np.select([MASK, PLACES > 0], [t, u], PHI),
    "setdiff1d": lambda t, u: np.setdiff1d(np.append(t, u), u),
    "setdiff1d, unique": lambda t, u: np.setdiff1d(np.append(t, u), u, assume_unique=True),
    "setxor1d": lambda t, u: np.setxor1d(t, np.append(u, t[:5])),
    "setxor1d, unique": lambda t, u: np.setxor1d(np.unique(t), np.unique(u), assume_unique=True),
    "trim_zeros": lambda t, u: np.trim_zeros(np.concatenate([u * 0, t, u * 0])),
    "trim_zeros front": lambda t, u: np.trim_zeros(np.concatenate([u * 0, t, u * 0]), "f"),
    "trim_zeros of zeros": lambda t, u: np.trim_zeros(t * 0, "b"),
    "union1d": lambda t, u: np.union1d(t, u),
    "union1d of rows": lambda t, u: np.union1d(t.reshape(3, 4), u[:2]),
    "vander": lambda t, u: np.vander(t, 5),
    "vander, increasing": lambda t, u: np.vander(t[:4], increasing=True),
    "vander of none": lambda t, u: np.vander(t, 0),
    "vander of ones": lambda t, u: np.vander(t, 1),
    "diag_indices_from": lambda t, u: np.diag_indices_from(t[:9].reshape(3, 3)),
    "tril_indices_from": lambda t, u: np.tril_indices_from(t.reshape(3, 4), 1),
    "triu_indices_from": lambda t, u: np.triu_indices_from(t.reshape(3, 4), -1),
}


@pytest.mark.parametrize("layout", PAIRS)
@pytest.mark.parametrize("name", VECTORS)
def test_agrees_with_numpy_on_objects(name, layout):
    call, pair = VECTORS[name], PAIRS[layout]
    assert same(plain(call(*pair)), plain(call(*map(np.asarray, pair))))


MODES = {
    **{mode: {} for mode in ("constant", "edge", "reflect", "symmetric", "wrap")},
    **{mode: {} for mode in ("maximum", "minimum", "mean")},
}
WIDTHS = [0, 2, (1, 3), ((0, 2), (5, 1)), ((2,), (1,)), ((7, 9), (0, 0))]


@pytest.mark.parametrize("layout", PAIRS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", WIDTHS, ids=str)
def test_pad(mode, layout, width):
    t = PAIRS[layout][0].reshape(3, 4)
    assert same(plain(np.pad(t, width, mode)), np.pad(np.asarray(t), width, mode))


@pytest.mark.parametrize("layout", PAIRS)
@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("reflect", {"reflect_type": "odd"}),
        ("symmetric", {"reflect_type": "odd"}),
        ("maximum", {"stat_length": 2}),
        ("minimum", {"stat_length": ((1, 2), (3, 9))}),
        ("mean", {"stat_length": ((1, 2), (3, 9))}),
        ("constant", {"constant_values": PHI}),
        ("constant", {"constant_values": ((1, PHI), (GoldenExact("1/3"), 10**30))}),
        (lambda row, widths, axis, options: row.__setitem__(slice(widths[0]), options["with_"]),
         {"with_": 7}),
    ],
)  # fmt: skip
def test_options_of_pad(mode, options, layout):
    t = PAIRS[layout][0].reshape(3, 4)
    for width in (2, (1, 9), ((3, 1), (0, 8))):
        expected = np.pad(np.asarray(t), width, mode, **options)
        assert same(plain(np.pad(t, width, mode, **options)), expected)


@pytest.mark.parametrize("layout", PAIRS)
def test_padding_by_medians(layout):
    """NumPy has none of object arrays: here the median of each end, axis by axis."""
    t = PAIRS[layout][0].reshape(3, 4)
    out = np.pad(t, ((1, 0), (0, 2)), "median", stat_length=((2, 2), (3, 3)))
    taller = np.concatenate([np.median(t[:2], axis=0)[None], t])
    column = np.median(taller[:, 1:], axis=1)[:, None]
    assert out.equals(np.concatenate([taller, column, column], axis=1))


def test_padding_of_nothing():
    t = ResonantTensor.zeros((0, 2))
    assert np.pad(t, 1).equals(ResonantTensor.zeros((2, 4)))
    for mode in ("edge", "mean", "maximum", "reflect"):
        with pytest.raises(ValueError, match="empty axis"):
            np.pad(t, 1, mode)
        assert np.pad(t, ((0, 0), (1, 1)), mode).shape == (0, 4)


DISPATCHED = P.polyval2d in overrides.get_overridable_numpy_array_functions()


@pytest.mark.skipif(not DISPATCHED, reason="this NumPy computes these itself")
@pytest.mark.parametrize("layout", PAIRS)
def test_polynomials_in_several_variables(layout):
    t, u = PAIRS[layout]
    x, y, c = t[:4].reshape(2, 2), u[:4].reshape(2, 2), u[:6].reshape(2, 3)
    plain_x, plain_y, plain_c = map(np.asarray, (x, y, c))
    assert same(plain(P.polyval2d(x, y, c)), P.polyval2d(plain_x, plain_y, plain_c))
    assert same(plain(P.polygrid2d(x, t, c)), P.polygrid2d(plain_x, np.asarray(t), plain_c))


def test_a_function_says_what_it_needs():
    t = PAIRS["one denominator"][0]
    for call, words in (
        (lambda: np.polymul(t.reshape(3, 4), t), "polymul: .* one axis"),
        (lambda: np.polyder(t, -1), "polyder: m must not be negative"),
        (lambda: np.polyder(t[0]), "polyder: .* axis"),
        (lambda: np.polyval(t[0], t), "polyval: .* axis"),
        (lambda: np.vander(t.reshape(3, 4)), "vander: x must have one axis"),
        (lambda: np.vander(t, -1), "vander: N must not be negative"),
        (lambda: np.searchsorted(t, 1, "middle"), "side"),
        (lambda: np.pad(t, -1, "mean"), "negative"),
        (lambda: np.pad(t, 1, "nonsense"), "nonsense"),
        (lambda: np.pad(t, 1, "mean", constant_values=1), "constant_values"),
        (lambda: np.convolve(t[:0], t), "empty"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


@pytest.mark.skipif(not DISPATCHED, reason="this NumPy computes these itself")
def test_polynomials_in_several_variables_say_what_they_need():
    t = PAIRS["one denominator"][0]
    with pytest.raises(ValueError, match="one shape"):
        P.polyval2d(t, t[:3], t.reshape(3, 4))
    with pytest.raises(ValueError, match="coefficient"):
        P.polyval2d(t, t, t[:0].reshape(0, 2))

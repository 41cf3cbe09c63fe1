"""What is shown of a tensor: NumPy's layout of all elements, of which only a few are made."""

from itertools import product

import numpy as np
import pytest
from effort import thinned

from syntonic import PHI, ResonantTensor, ShapeError
from syntonic.lattice.array import LatticeArray

SHAPES = [(), (0,), (5,), (999,), (1000,), (1001,), (5000,), (40, 30), (3, 500), (2000, 1),
          (1, 2, 700), (12, 11, 10), (7, 0), (6, 7, 40), (4, 4, 4, 20)]  # fmt: skip
OPTIONS = [
    {},
    {"threshold": 10},
    {"threshold": 1, "edgeitems": 1},
    {"threshold": 20, "edgeitems": 0},
    {"threshold": 5000},
    {"edgeitems": 8, "linewidth": 40},
    {"threshold": 3, "legacy": "1.25"},
]


def written(t):
    """The elements of a tensor as NumPy lays all of them out."""
    if t.is_crystallized:
        elements, formatter = np.asarray(t), {"object": str}
    else:
        elements, formatter = t.flux_array, None
    return np.array2string(elements, separator=", ", prefix="ResonantTensor(", formatter=formatter)


@pytest.mark.campaign
@pytest.mark.parametrize(("shape", "options"), thinned(product(SHAPES, OPTIONS), every=4), ids=str)
def test_repr_is_that_of_all_elements(shape, options):
    t = ResonantTensor.random_lattice(shape, bound=10**6, seed=4)
    with np.printoptions(**options):
        for x in (t, t / 7, t * 10**20):
            assert repr(x) == f"ResonantTensor({written(x)})"
            for function in (np.array2string, np.array_repr, np.array_str):
                assert function(x) == function(np.asarray(x))
        flux = t.wake_flux()
        assert repr(flux).startswith(f"ResonantTensor({written(flux)}, flux, ")
    given = {"threshold": 7, "edgeitems": 2, "separator": ";"}
    assert np.array2string(t, **given) == np.array2string(np.asarray(t), **given)


def test_one_element_where_none_is_shown_whole():
    with np.printoptions(threshold=0):
        assert repr(ResonantTensor(PHI)) == "ResonantTensor(φ)"
        assert repr(ResonantTensor([PHI])) == "ResonantTensor([φ])"


def test_few_elements_are_made(monkeypatch):
    made = []
    scalars = LatticeArray.scalars
    monkeypatch.setattr(LatticeArray, "scalars", lambda x: made.append(x.size) or scalars(x))
    t = ResonantTensor.random_lattice((200, 300), bound=9, seed=1)
    for call in (repr, str, np.array2string, np.array_repr, np.array_str, t.__class__._repr_html_):
        call(t)
        assert 0 < sum(made) <= 64
        made.clear()
    assert t.item(7) == t[0, 7].item()
    assert sum(made) <= 2


def test_items():
    t = ResonantTensor.random_lattice((3, 4), bound=9, seed=2) / 3
    x = np.asarray(t)
    for index in ((5,), (-1,), (1, 2), ((2, -1),), (-3, 0), (np.int64(4),)):
        assert t.item(*index) == x.item(*index)
    for index in ((), (12,), (-13,), (1, 4), (1, 2, 3), ("x",)):
        with pytest.raises((ValueError, IndexError, TypeError)) as caught:
            x.item(*index)
        with pytest.raises(caught.type):
            t.item(*index)
    assert t[1, 1].item() == t[1, 1].item(()) == x[1, 1]
    assert ResonantTensor([[PHI]]).item() == PHI


@pytest.mark.parametrize("divisor", [1, 6, ResonantTensor([*range(1, 101)]), 10**30])
def test_lists_and_parts(divisor):
    t = ResonantTensor.random_lattice(100, bound=9, seed=3)
    out = t / divisor
    parts = zip(t.tolist(), ResonantTensor(np.full(100, 1)) * divisor, strict=True)
    expected = [x / d.item() for x, d in parts]
    assert out.tolist() == expected
    assert [hash(x) for x in out.tolist()] == [hash(x) for x in expected]  # in lowest terms
    assert out.a.tolist() == [x.a for x in expected]
    assert out.b.tolist() == [x.b for x in expected]


def test_integers():
    t = ResonantTensor([3, -(2**62), 0])
    for x in (t, t / 1, ResonantTensor([6, -(2**63), 0]) / 2):
        assert np.asarray(x, np.int64).tolist() == [3, -(2**62), 0]
    assert np.asarray(t / ResonantTensor([3, 2, 5]), int).tolist() == [1, -(2**61), 0]
    assert np.asarray(ResonantTensor([2**63]), np.uint64).tolist() == [2**63]
    with pytest.raises(OverflowError):
        np.asarray(ResonantTensor([300]), np.int8)
    for wrong in ([1, PHI], [1, PHI / 2], ResonantTensor([1, 1]) / ResonantTensor([1, 2])):
        with pytest.raises(ValueError, match="integers only, got another number at flat index 1"):
            np.asarray(ResonantTensor(wrong), int)


# -- format(t, "latex") ----------------------------------------------------------------------------
LATEX = [
    (ResonantTensor(PHI / 2), r"\frac{1}{2}\varphi"),
    (ResonantTensor([1, -PHI]), r"\begin{bmatrix} 1 & -\varphi \end{bmatrix}"),
    (
        ResonantTensor([[1, PHI / 2], [3 - PHI, 0]]),
        r"\begin{bmatrix} 1 & \frac{1}{2}\varphi \\ 3 - \varphi & 0 \end{bmatrix}",
    ),
    (ResonantTensor.zeros(0), r"\begin{bmatrix}  \end{bmatrix}"),
    (ResonantTensor.zeros((2, 0)), r"\begin{bmatrix}  \\  \end{bmatrix}"),
    (
        ResonantTensor.from_flux(np.array([0.1, 1e-9, np.nan, np.inf, -np.inf], np.float32)),
        r"\begin{bmatrix} 0.1 & 1 \cdot 10^{-9} & \mathrm{nan} & \infty & -\infty \end{bmatrix}",
    ),
    (ResonantTensor.from_flux(np.array(2.5)), "2.5"),
]


@pytest.mark.parametrize(("t", "text"), LATEX, ids=[text for _, text in LATEX])
def test_latex(t, text):
    assert format(t, "latex") == f"{t:latex}" == text


def test_other_specifications():
    t = ResonantTensor([1, PHI])
    assert format(t) == f"{t}" == str(t)
    assert format(t[1], ".3f") == "1.618"
    assert format(t.wake_flux()[1], ".3f") == "1.618"
    with pytest.raises(TypeError, match=r'format: .* takes the specification "latex" or none'):
        format(t, ".3f")
    with pytest.raises(ShapeError, match="at most 2 axes, got shape"):
        format(t.reshape(1, 1, 2), "latex")

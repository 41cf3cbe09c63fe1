"""A bounded part of the campaign: every operation on the arrays of a few seeds."""

import inspect

import numpy as np
import pytest

from campaign import layouts
from campaign.check import check
from campaign.draws import SHAPES, arrays
from campaign.invariants import assert_invariants
from campaign.operations import OPERATIONS, WITHOUT_A_CALL
from syntonic import ResonantTensor, linalg
from syntonic.lattice.array import LatticeArray
from syntonic.tensor import ufuncs
from syntonic.tensor.specification import Carried

FEW, SEEDS = range(1), range(16)

# Of the public methods, those that no layout can change, or that other tests have.
ELSEWHERE = set(
    "crystallize eye from_f64_vec from_floats from_flux from_lattice full ones randn "
    "random_lattice std to_device toggle zeros".split()  # std is of flux
)


@pytest.mark.parametrize(
    "seeds",
    [FEW, pytest.param(SEEDS[len(FEW) :], marks=pytest.mark.campaign)],
    ids=["few", "more"],
)
@pytest.mark.parametrize("name", OPERATIONS)
def test_layouts_and_oracles_agree(name, seeds):
    for seed in seeds:
        try:
            check(name, seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from None


def test_no_row_of_the_tables_is_left_out():
    assert set() == WITHOUT_A_CALL
    here = {name for name in ufuncs.EXACT if isinstance(getattr(np, name, None), np.ufunc)}
    assert {f"ufunc {name}" for name in here} <= set(OPERATIONS)
    assert {f"linalg.{name}" for name in linalg.__all__} <= set(OPERATIONS)
    methods = {
        name
        for name, value in inspect.getmembers(ResonantTensor, callable)
        if not name.startswith("_")
    }
    assert methods - {n.removeprefix("method ") for n in OPERATIONS} == ELSEWHERE


@pytest.mark.campaign
@pytest.mark.parametrize("name", SHAPES)
def test_the_layouts_are_what_they_are_called_and_equal(name):
    """Else the campaign compares an array with itself."""
    seen = set()
    for seed in SEEDS:
        values = getattr(arrays(seed), name)
        for layout in layouts.LAYOUTS:
            tensor = getattr(arrays(seed, layout), name)
            assert_invariants(tensor)
            lattice = tensor._data
            assert layouts.values_of(lattice) == [(v.a, v.b) for v in values.flat]
            if layout == "rational":
                assert lattice.is_rational
            seen.add((layout, lattice.is_packed, lattice.is_rational))
    assert {("packed", True, False), ("rational", False, True)} <= seen
    assert values.size == 1 or ("fractional", False, False) in seen


def broken(a=(1, 2), b=(3, 4), denominator=1, bound=None, kind=np.int64):
    x = LatticeArray(np.array(a, kind), np.array(b, kind), denominator, bound)
    return ResonantTensor._of(x, Carried(100))


def writable(part):
    t = broken(denominator=np.array([1, 2]))
    setattr(t._data, part, np.array([1, 2]))
    return t


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: broken(b=(3,)), "two shapes"),
        (lambda: broken(kind=np.int32), "int32"),
        (lambda: broken(kind=object), "object"),
        (lambda: broken(denominator=0), "denominator 0"),
        (lambda: broken(denominator=2**63), "denominator 9223372036854775808"),
        (lambda: broken(denominator=np.array([1, -1])), "below 1"),
        (lambda: broken(denominator=np.array([1])), "another shape"),
        (lambda: broken(denominator=None, kind=float), "no objects"),
        (lambda: broken((True, 1.5), denominator=None, kind=object), "rational parts of"),
        (lambda: broken(bound=3), "bound 3 of numerators up to 4"),
        *[(lambda p=p: writable(p), "can be written") for p in ("a", "b", "denominator")],
    ],
)
def test_broken_tensors_are_told(make, says):
    with pytest.raises(AssertionError, match=says):
        assert_invariants(make())
    assert_invariants(broken())

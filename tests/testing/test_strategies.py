"""The strategies: bounds kept, edge values reached, simplest failures found."""

from fractions import Fraction

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.testing import assert_on_lattice, golden_integers, golden_numbers, resonant_tensors

# Without explanations: they vary the found example, and `find` would return the variation.
SEARCH = settings(
    max_examples=3000,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


def simplest(strategy, condition):
    return find(strategy, condition, settings=SEARCH)


@given(st.integers(0, 2**70).flatmap(lambda n: st.tuples(st.just(n), golden_integers(bound=n))))
def test_bounds_of_integers(drawn):
    bound, x = drawn
    assert x.is_integral()
    p, q, _ = x.numerators()
    assert max(abs(p), abs(q)) <= bound


@given(st.integers(0, 40), st.integers(1, 40), st.data())
def test_bounds_of_numbers(bound, d, data):
    x = data.draw(golden_numbers(bound=bound, denominators=d))
    assert_on_lattice(x, denominator=d, precision=bound)
    assert abs(d * x.a) <= bound


@given(golden_numbers(denominators=st.sampled_from([3, 7])))
def test_denominators_from_a_strategy(x):
    assert 21 % x.numerators()[2] == 0


@given(golden_numbers(denominators=[2, 5]))
def test_denominators_from_a_list(x):
    assert x.numerators()[2] in (1, 2, 5)


@given(resonant_tensors(shape=(2, 3), bound=7, denominators=4, precision=9))
def test_tensors(t):
    assert (t.shape, t.precision, t.is_crystallized) == ((2, 3), 9, True)
    assert_on_lattice(t, denominator=4, precision=7)


@given(resonant_tensors())
def test_default_shapes(t):
    assert t.ndim <= 3
    assert all(n <= 4 for n in t.shape)


@given(resonant_tensors(shape=st.integers(0, 3), elements=st.integers(0, 1)))
def test_shapes_and_elements_from_strategies(t):
    assert t.ndim == 1
    assert set(t.tolist()) <= {0, 1}


def test_everything_shrinks_to_zero():
    assert simplest(golden_integers(), lambda x: True) == 0
    assert simplest(golden_numbers(), lambda x: True) == 0
    t = simplest(resonant_tensors(shape=(2, 2)), lambda t: True)
    assert t.equals(ResonantTensor.zeros((2, 2)))
    assert simplest(resonant_tensors(), lambda t: True).shape == ()


def test_failures_shrink_to_simple_ones():
    assert simplest(golden_numbers(), lambda x: not x.is_rational()) == PHI
    assert simplest(golden_integers(), lambda x: x > 1000) == 1001
    assert simplest(golden_numbers(), lambda x: not x.is_integral()) in (
        Fraction(1, 2),
        Fraction(-1, 2),
    )
    t = simplest(resonant_tensors(), lambda t: t.size and bool((t != 0).any()))
    assert (t.size, abs(t).max().item()) == (1, 1)


@pytest.mark.parametrize(
    "edge",
    [
        lambda x: x.is_unit() and x > 10**6,
        lambda x: x.numerators()[0] == 2**63 - 1,
        lambda x: x.numerators()[1] == -(2**63),
        lambda x: x.numerators()[0] == 2**53 + 1,
        lambda x: x.is_unit() and 0 < x < Fraction(1, 10**9),
        lambda x: x.numerators()[2] == 2 and x.is_rational(),
    ],
    ids="unit largest least double cancelling tie".split(),
)
def test_edges_are_reached(edge):
    no_shrinking = settings(SEARCH, phases=[Phase.generate])
    assert edge(find(golden_numbers(), edge, settings=no_shrinking))


@pytest.mark.parametrize("d", [10**6, st.just(10**6), [10**6]])
def test_ties_are_drawn_on_purpose(d):
    """By chance one number in many millions is halfway between integers."""
    t = find(golden_numbers(denominators=d), lambda x: x.numerators()[2] == 2, settings=SEARCH)
    assert t.is_rational()


@pytest.mark.parametrize("sign", [1, -1])
def test_tensors_have_equal_and_opposite_elements(sign):
    def holds(t):
        x, y = t.tolist()
        return x == sign * y and not x.is_rational() and not x.is_integral()

    once = settings(SEARCH, max_examples=2000, phases=[Phase.generate])
    assert holds(find(resonant_tensors(shape=2), holds, settings=once))


def test_refusals():
    with pytest.raises(ValueError, match="bound must not be negative"):
        golden_integers(bound=-1)
    for bad in (0, [], [1, -2]):
        with pytest.raises(ValueError, match="positive integers"):
            golden_numbers(denominators=bad)
    with pytest.raises(TypeError):
        golden_numbers(denominators=0.5)
    with pytest.raises(ValueError, match="leave them out"):
        resonant_tensors(elements=st.just(GoldenExact(1)), bound=3)

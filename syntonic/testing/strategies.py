"""Hypothesis strategies for exact numbers and tensors, which shrink towards 0.

Beside numbers drawn evenly they give the values at which exact code breaks: units φⁿ, of which
the two terms cancel when n is negative; the edges of int64 and of the integers that doubles hold;
numbers halfway between two integers; and, in tensors, equal and opposite elements.

`syntonic.testing.plugin` registers them with Hypothesis, so that `from_type(GoldenExact)` and
`from_type(ResonantTensor)` work wherever syntonic is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from operator import index
from typing import Any

from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from syntonic.exact.golden import GoldenExact
from syntonic.exact.pairs import phi_power
from syntonic.tensor import ResonantTensor

__all__ = ["golden_integers", "golden_numbers", "resonant_tensors"]

# F_92 is the last Fibonacci number that fits int64; a few units beyond it overflow.
_LARGEST_UNIT = 96
_INT_EDGES = (2**31, 2**53, 2**62, 2**63, 2**64)
_EVEN = (2, 4, 6, 12, 2**32, 2**62)


def golden_integers(*, bound: int | None = None) -> st.SearchStrategy[GoldenExact]:
    """Return a strategy for elements a + bφ of Z[φ], as GoldenExact.

    Parameters
    ----------
    bound
        If given, |a| <= bound and |b| <= bound.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(golden_integers())
    ... def test_norm_is_an_integer(x):
    ...     assert x.norm().denominator == 1
    >>> test_norm_is_an_integer()
    """
    if bound is not None and index(bound) < 0:
        raise ValueError(f"golden_integers: bound must not be negative, got {bound}")
    part = st.integers() if bound is None else st.integers(-bound, bound)
    return st.builds(GoldenExact, part, part) | st.sampled_from(_edges(bound))


def golden_numbers(
    *, bound: int | None = None, denominators: Any = None
) -> st.SearchStrategy[GoldenExact]:
    """Return a strategy for elements (a + bφ)/d of Q(φ), as GoldenExact.

    Parameters
    ----------
    bound
        If given, |a| <= bound and |b| <= bound for the numerators over the drawn d.
    denominators
        The d: a positive integer, a sequence or a strategy of them. By default mostly small.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(golden_numbers(bound=10, denominators=[1, 2, 5]))
    ... def test_ten_times(x):
    ...     assert (10 * x).is_integral()
    >>> test_ten_times()
    """
    whole = golden_integers(bound=bound)
    drawn, even = _denominators(denominators)
    numbers = st.builds(lambda x, d: x / d, whole, drawn)
    reachable = [d for d in even if bound is None or d // 2 <= bound]
    return numbers | _ties(bound, reachable) if reachable else numbers


def resonant_tensors(
    *,
    shape: Any = None,
    elements: st.SearchStrategy[Any] | None = None,
    bound: int | None = None,
    denominators: Any = None,
    precision: int = 100,
) -> st.SearchStrategy[ResonantTensor]:
    """Return a strategy for crystallized tensors.

    Parameters
    ----------
    shape
        An integer, a tuple, or a strategy of these. By default up to three axes of length 0 to 4.
    elements
        A strategy of exact numbers. By default `golden_numbers(bound=..., denominators=...)`,
        and elements repeat and cancel more often than chance would have it.
    bound, denominators
        As in `golden_numbers`; not together with `elements`.
    precision
        The precision of the tensors.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(resonant_tensors(shape=(2, 3), bound=9))
    ... def test_conjugating_twice(t):
    ...     assert t.galois_conjugate().galois_conjugate().equals(t)
    >>> test_conjugating_twice()
    """
    if elements is None:
        elements = golden_numbers(bound=bound, denominators=denominators)
    elif bound is not None or denominators is not None:
        raise ValueError(
            "resonant_tensors: bound and denominators shape the default elements; leave them out "
            "when elements is given"
        )
    if shape is None:
        shape = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    shapes = shape if isinstance(shape, st.SearchStrategy) else st.just(shape)
    return _tensors(shapes, elements, precision)


@st.composite
def _tensors(
    draw: st.DrawFn, shapes: Any, elements: st.SearchStrategy[Any], precision: int
) -> ResonantTensor:
    shape = draw(shapes)
    shape = tuple(shape) if isinstance(shape, Sequence) else (index(shape),)
    values: list[Any] = []
    for _ in range(prod(shape)):
        again = draw(st.sampled_from((0, 0, 0, 0, 0, 0, 1, -1))) if values else 0
        values.append(again * draw(st.sampled_from(values)) if again else draw(elements))
    return ResonantTensor(values, precision=precision).reshape(shape)


@st.composite
def _ties(draw: st.DrawFn, bound: int | None, denominators: Sequence[int]) -> GoldenExact:
    """Draw k + 1/2, of which the numerator over an allowed denominator is within the bound."""
    d = draw(st.sampled_from(denominators))
    if bound is None:
        return GoldenExact.from_numerators(2 * draw(st.integers()) + 1, 0, 2)
    most = (bound // (d // 2) - 1) // 2  # (2k + 1)·d/2 <= bound
    return GoldenExact.from_numerators(2 * draw(st.integers(-most - 1, most)) + 1, 0, 2)


def _denominators(given: Any) -> tuple[st.SearchStrategy[int], Sequence[int]]:
    """Return a strategy of denominators, and the even ones among them as far as they are known."""
    if given is None:
        return st.integers(1, 12) | st.integers(1, 10**6) | st.sampled_from((2**31, 2**62)), _EVEN
    if isinstance(given, st.SearchStrategy):
        return given, ()
    listed = [index(d) for d in (given if isinstance(given, Sequence) else [given])]
    if not listed or min(listed) <= 0:
        raise ValueError(
            f"golden_numbers: denominators must be positive integers, got {listed or 'none'}"
        )
    return st.sampled_from(listed), [d for d in listed if d % 2 == 0]


@lru_cache
def _edges(bound: int | None) -> list[GoldenExact]:
    """Return the values at which exact code breaks, within the bound, small ones first."""
    units = {phi_power(n) for n in range(-_LARGEST_UNIT, _LARGEST_UNIT + 1)}
    ends = {0, 1, *(e + k for e in _INT_EDGES for k in (-1, 0, 1))}
    if bound is not None:
        ends |= {bound}
    pairs = units | {(a, 0) for a in ends} | {(0, b) for b in ends} | {(a, -a) for a in ends}
    pairs |= {(-a, -b) for a, b in pairs}
    inside = [p for p in pairs if bound is None or max(map(abs, p)) <= bound]
    inside.sort(key=lambda p: (max(map(abs, p)), p[0] < 0, p))
    return [GoldenExact(a, b) for a, b in inside]

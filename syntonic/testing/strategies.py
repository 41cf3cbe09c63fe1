"""Hypothesis strategies for exact numbers and tensors, which shrink towards 0.

Beside numbers drawn evenly they give the values at which exact code breaks: units φⁿ, of which
the two terms cancel when n is negative; the edges of int64 and of the integers that doubles hold;
numbers halfway between two integers; and, in tensors, equal and opposite elements.

`syntonic.testing.plugin` registers them with Hypothesis, so that `from_type(GoldenExact)` and
`from_type(ResonantTensor)` work wherever syntonic is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod
from operator import index
from typing import Any

from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from syntonic.constants import DEFAULT_PRECISION
from syntonic.exact.golden import GoldenExact
from syntonic.exact.pairs import Integer, phi_power
from syntonic.tensor import ResonantTensor
from syntonic.typing import Shape

__all__ = ["golden_integers", "golden_numbers", "resonant_tensors"]

Pair = tuple[Integer, Integer]

# F_92 is the last Fibonacci number that fits int64; a few units beyond it overflow.
_LARGEST_UNIT = 96
_INT_EDGES = (2**31, 2**53, 2**62, 2**63, 2**64)
_DENOMINATORS = (*range(1, 13), 60, 97, 10**6, 2**31, 2**62)


def golden_integers(*, bound: int | None = None) -> st.SearchStrategy[GoldenExact]:
    """Return a strategy for elements a + bφ of Z[φ], as GoldenExact.

    Parameters
    ----------
    bound
        If given, |a| <= bound and |b| <= bound.

    See Also
    --------
    golden_numbers : with denominators.
    resonant_tensors : whole tensors.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(golden_integers())
    ... def test_norm_is_an_integer(x):
    ...     assert x.norm().denominator == 1
    >>> test_norm_is_an_integer()
    """
    _check_bound(bound, "golden_integers")
    return _numbers(bound, st.just(1))


def golden_numbers(
    *, bound: int | None = None, denominators: Iterable[int] | st.SearchStrategy[int] | None = None
) -> st.SearchStrategy[GoldenExact]:
    """Return a strategy for elements (a + bφ)/d of Q(φ), as GoldenExact.

    Parameters
    ----------
    bound
        If given, |a| <= bound and |b| <= bound for the numerators over the drawn d.
    denominators
        The d: a positive integer, a sequence or a strategy of them. By default mostly small.

    See Also
    --------
    golden_integers : without denominators.
    resonant_tensors : whole tensors.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(golden_numbers(bound=10, denominators=[1, 2, 5]))
    ... def test_ten_times(x):
    ...     assert (10 * x).is_integral()
    >>> test_ten_times()
    """
    _check_bound(bound, "golden_numbers")
    return _numbers(bound, _denominators(denominators))


def resonant_tensors(
    *,
    shape: Shape | st.SearchStrategy[Any] | None = None,
    elements: st.SearchStrategy[Any] | None = None,
    bound: int | None = None,
    denominators: Iterable[int] | st.SearchStrategy[int] | None = None,
    precision: int = DEFAULT_PRECISION,
) -> st.SearchStrategy[ResonantTensor]:
    """Return a strategy for crystallized tensors.

    Parameters
    ----------
    shape
        An integer, a tuple, or a strategy of these. By default up to three axes of length 0 to 4.
    elements
        A strategy of exact numbers. By default `golden_numbers(bound=..., denominators=...)`,
        and then elements cancel more often than chance would have it. All repeat more often.
    bound, denominators
        As in `golden_numbers`; not together with `elements`.
    precision
        The precision of the tensors.

    See Also
    --------
    golden_numbers : their elements.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(resonant_tensors(shape=(2, 3), bound=9))
    ... def test_conjugating_twice(t):
    ...     assert t.galois_conjugate().galois_conjugate().equals(t)
    >>> test_conjugating_twice()
    """
    cancelling = elements is None
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
    return _tensors(shapes, elements, precision, (0,) * 6 + (1, -1 if cancelling else 1))


# Hypothesis takes fewer choices for simpler, so the kinds of a number take equally many, and the
# plain one comes first.


@st.composite
def _numbers(
    draw: st.DrawFn, bound: int | None, denominators: st.SearchStrategy[int]
) -> GoldenExact:
    part = st.integers() if bound is None else st.integers(-bound, bound)
    kind = draw(st.sampled_from(("plain", "plain", "plain", "unit", "end", "tie")))
    if kind in ("plain", "tie"):
        b, a = draw(part), draw(part)  # b first: rational numbers are the simpler ones
    else:
        a, b = draw(st.sampled_from(_units(bound) if kind == "unit" else _ends(bound)))
        if draw(st.booleans()):
            a, b = -a, -b
    d = draw(denominators)
    if kind == "tie":  # halfway between integers, if the denominator and the bound allow it
        half = (2 * a + 1) * (d // 2)
        a, b = (half if d % 2 == 0 and (bound is None or abs(half) <= bound) else a), 0
    return GoldenExact.from_numerators(a, b, d)


@st.composite
def _tensors(
    draw: st.DrawFn,
    shapes: Any,
    elements: st.SearchStrategy[Any],
    precision: int,
    repeats: tuple[int, ...],
) -> ResonantTensor:
    """Draw elements: with a repeat of 1 or -1 an earlier one or its negative, else a fresh one."""
    shape = draw(shapes)
    shape = tuple(shape) if isinstance(shape, Sequence) else (index(shape),)
    values: list[Any] = []
    for _ in range(prod(shape)):
        sign = draw(st.sampled_from(repeats)) if values else 0
        values.append(sign * draw(st.sampled_from(values)) if sign else draw(elements))
    return ResonantTensor(values, precision=precision).reshape(shape)


def _check_bound(bound: int | None, where: str) -> None:
    if bound is not None and index(bound) < 0:
        raise ValueError(f"{where}: bound must not be negative, got {bound}")


def _denominators(given: Any) -> st.SearchStrategy[int]:
    if given is None:
        return (
            st.sampled_from((1, 1, 1, 2)) | st.sampled_from(_DENOMINATORS) | st.integers(1, 10**9)
        )
    if isinstance(given, st.SearchStrategy):
        return given
    listed = [index(d) for d in (given if isinstance(given, Sequence) else [given])]
    if not listed or min(listed) <= 0:
        raise ValueError(
            f"golden_numbers: denominators must be positive integers, got {listed or 'none'}"
        )
    return st.sampled_from(listed)


@lru_cache
def _units(bound: int | None) -> list[Pair]:
    """Return the powers of φ within the bound as pairs, or 0 if there are none."""
    exponents = sorted(range(-_LARGEST_UNIT, _LARGEST_UNIT + 1), key=abs)
    return _within(bound, [phi_power(n) for n in exponents])


@lru_cache
def _ends(bound: int | None) -> list[Pair]:
    """Return pairs with parts at or next to the ends of integer types, or of the bound."""
    numbers = [e + k for e in _INT_EDGES for k in (-1, 0, 1)]
    if bound is not None:
        numbers = [*(n for n in numbers if n < bound), bound]
    return _within(bound, [p for n in numbers for p in ((n, 0), (0, n), (n, n), (n, -n), (1, -n))])


def _within(bound: int | None, pairs: list[Pair]) -> list[Pair]:
    inside = [(a, b) for a, b in pairs if bound is None or max(abs(a), abs(b)) <= bound]
    return inside or [(0, 0)]

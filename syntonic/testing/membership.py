"""`assert_on_lattice`: membership of a golden lattice, within bounds."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from syntonic.errors import shown as integer_shown
from syntonic.exact.golden import GoldenExact
from syntonic.testing.report import approximately, as_exact, counted, on_failure, shown, where
from syntonic.typing import ComparableScalar, ExactArrayLike

__all__ = ["assert_on_lattice"]

__tracebackhide__ = on_failure


def assert_on_lattice(
    x: ExactArrayLike,
    *,
    denominator: int = 1,
    precision: int | None = None,
    window: ComparableScalar | None = None,
) -> None:
    """Check that exact numbers lie in (1/denominator)ℤ[φ], and within bounds.

    Parameters
    ----------
    x
        A crystallized tensor or other exact numbers, of any shape.
    denominator
        A positive integer D.
    precision
        If given, |b| <= precision for each element (a + bφ)/D with integers a and b.
    window
        If given, |v'| <= window for the Galois conjugate of each element v; a float at its exact
        binary value. These are the bounds of `syntonic.snap`.

    Raises
    ------
    AssertionError
        x holds floats, or elements break a rule. The report counts them and shows the first.
    ValueError
        The denominator is not positive, or a bound is negative or NaN.

    See Also
    --------
    syntonic.snap : takes floats to numbers that hold these bounds.

    Examples
    --------
    >>> from syntonic import PHI
    >>> assert_on_lattice([PHI / 2, 3], denominator=2, precision=1)
    >>> assert_on_lattice([1, PHI / 3], denominator=2)
    Traceback (most recent call last):
        ...
    AssertionError: assert_on_lattice: 1 of 2 elements (50.0%) off (1/2)Z[φ] or its bounds
      there at index (1,):
        x    = 1/3φ
        rule = the least denominator, 3, must divide 2
    """
    if index(denominator) <= 0:
        raise ValueError(
            f"assert_on_lattice: denominator must be a positive integer, got {denominator}"
        )
    bounds: dict[str, Any] = {"precision": precision, "window": window}
    for name, bound in bounds.items():
        if bound is not None and not bound >= 0:
            raise ValueError(f"assert_on_lattice: {name} must not be negative, got {bound}")
    values: Any = np.asarray(as_exact(x, "assert_on_lattice", "x"))
    broken = {
        i: rule
        for i in np.ndindex(values.shape)
        if (rule := _broken_rule(values[i], index(denominator), precision, window))
    }
    if broken:
        first = next(iter(broken))
        lines = [("x", shown(values[first])), ("rule", broken[first])]
        lattice = "Z[φ]" if denominator == 1 else f"(1/{denominator})Z[φ]"
        raise AssertionError(
            f"assert_on_lattice: {counted(len(broken), values.size)} off {lattice} or its bounds\n"
            + where("first" if len(broken) > 1 else "there", first, lines)
        )


def _broken_rule(x: GoldenExact, denominator: int, precision: Any, window: Any) -> str | None:
    _, q, d = x.numerators()
    if denominator % d:  # (p + qφ)/d is in lowest terms
        return f"the least denominator, {shown(int(d))}, must divide {integer_shown(denominator)}"
    b = abs(q) * (denominator // d)
    if precision is not None and b > precision:
        return f"|b| = {shown(int(b))} must be at most the precision, {integer_shown(precision)}"
    conjugate = abs(x.galois_conjugate())
    if window is not None and conjugate > window:
        return f"|x'| = {approximately(conjugate)} must be at most the window, {window}"
    return None

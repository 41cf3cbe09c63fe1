"""`assert_exact_equal`: equality without a tolerance, and a report that says what differs."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.tensor import ResonantTensor
from syntonic.testing.report import (
    Lines,
    approximately,
    as_tensor,
    counted,
    on_failure,
    shown,
    where,
)
from syntonic.typing import RealArrayLike

__all__ = ["assert_exact_equal"]

__tracebackhide__ = on_failure


def assert_exact_equal(x: RealArrayLike, y: RealArrayLike) -> None:
    """Check that two tensors, scalars, arrays or nested sequences are exactly equal.

    Parameters
    ----------
    x, y
        Exact numbers (crystallized tensors, GoldenExact, int, Fraction, mpz, mpq, integer and
        object arrays, nested sequences of these), or both of them floats (flux tensors, floating
        arrays, floats), which are compared at their exact binary values, whatever their dtypes.

    Raises
    ------
    AssertionError
        The shapes differ; one is exact and the other in floats; or values differ. Then the
        report counts them, and shows the first one and the one of the largest difference.
    TypeError
        x or y holds something that is no real number.

    See Also
    --------
    assert_identity : of polynomials, for all values.
    assert_ulp_equal : of floats with exact values.

    Notes
    -----
    Nothing is broadcast; a scalar and a 0-d tensor have the same shape. NaN equals NaN, and -0.0
    equals 0.0. Precision and mode norms are not compared, nor devices: all is brought to the CPU.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> assert_exact_equal(ResonantTensor([PHI**2, 1]), [1 + PHI, 1])
    >>> assert_exact_equal([1, PHI, 4], [1, 2, 3])
    Traceback (most recent call last):
        ...
    AssertionError: assert_exact_equal: x and y differ in 2 of 3 elements (66.7%)
      first at index (1,):
        x     = φ
        y     = 2
        x - y = -2 + φ ≈ -0.381966
      worst at index (2,):
        x     = 4
        y     = 3
        x - y = 1
    """
    left, right = as_tensor(x), as_tensor(y)
    if left.shape != right.shape:
        raise AssertionError(
            f"assert_exact_equal: x and y must have one shape, got {left.shape} and {right.shape}"
        )
    if left.is_crystallized != right.is_crystallized:
        raise AssertionError(
            f"assert_exact_equal: x and y must be in one phase, got x {_phase(left)} and y "
            f"{_phase(right)}; assert_ulp_equal measures floats against exact values"
        )
    unequal = _unequal(left, right)
    if unequal.any():
        raise AssertionError(_report(left, right, unequal))


def _phase(x: ResonantTensor) -> str:
    return "crystallized" if x.is_crystallized else f"in flux ({x.dtype})"


def _unequal(x: ResonantTensor, y: ResonantTensor) -> Any:
    if x.is_crystallized:
        return np.asarray(x != y)
    left, right = x.to_floats(), y.to_floats()
    return np.asarray((left != right) & ~(np.isnan(left) & np.isnan(right)))


def _report(x: ResonantTensor, y: ResonantTensor, unequal: Any) -> str:
    places = [tuple(map(int, index)) for index in np.argwhere(unequal)]
    left, right = (np.asarray(t)[unequal].tolist() for t in (x, y))
    differences = [_difference(u, v) for u, v in zip(left, right, strict=True)]
    # max returns the first among equals; what has no finite difference is worse than all.
    worst = max(range(len(places)), key=lambda k: _badness(differences[k]))

    def lines(k: int) -> Lines:
        difference = differences[k]
        return [
            ("x", shown(left[k])),
            ("y", shown(right[k])),
            ("x - y", "not finite" if difference is None else approximately(difference)),
        ]

    head = f"assert_exact_equal: x and y differ in {counted(len(places), unequal.size)}"
    if worst == 0:
        label = "first and worst" if len(places) > 1 else "there"
        return f"{head}\n{where(label, places[0], lines(0))}"
    first = where("first", places[0], lines(0))
    return "\n".join([head, first, where("worst", places[worst], lines(worst))])


def _difference(x: Any, y: Any) -> GoldenExact | None:
    """Return x - y exactly, None if one of them is infinite or NaN."""
    if isinstance(x, float):
        if not (np.isfinite(x) and np.isfinite(y)):
            return None
        return GoldenExact.from_float_exact(x) - GoldenExact.from_float_exact(y)
    return x - y


def _badness(difference: GoldenExact | None) -> tuple[bool, GoldenExact]:
    return difference is None, GoldenExact(0) if difference is None else abs(difference)

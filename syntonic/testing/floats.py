"""`assert_ulp_equal`: the error of floats, measured exactly in units in the last place."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.exact.pairs import floor_log2
from syntonic.tensor import ResonantTensor
from syntonic.testing.report import Lines, as_exact, counted, on_failure, shown, where
from syntonic.typing import ComparableScalar, ExactArrayLike, RealArrayLike

__all__ = ["assert_ulp_equal"]

__tracebackhide__ = on_failure


def assert_ulp_equal(
    actual: RealArrayLike, exact: ExactArrayLike, ulps: ComparableScalar = 0.5
) -> None:
    """Check that floats are within a number of ulps of exact values.

    Parameters
    ----------
    actual
        Floats: a flux tensor, a floating array of any NumPy dtype, a float or a nested sequence
        of floats (float64).
    exact
        The true values, of the same shape: a crystallized tensor or other exact numbers.
    ulps
        The largest error allowed, at its exact value; 0.5 is correct rounding, but for the choice
        in a tie.

    Raises
    ------
    AssertionError
        The shapes differ, `exact` holds floats, or an error is larger. The report counts these
        and shows the first and the worst.
    TypeError
        `actual` is not in floating point.
    ValueError
        `ulps` is negative or not finite.

    See Also
    --------
    assert_exact_equal : of exact numbers.

    Notes
    -----
    With p bits of significand and least normal exponent e₀, an ulp of v is
    2^(max(⌊log₂|v|⌋, e₀) - p + 1), that of the exact value [1]_; for v = 0 the least subnormal.
    NaN is infinitely far from everything, and so is an infinity, except of the sign of v where
    rounding to nearest overflows: there its error is 0. The sign of a zero is not compared.

    References
    ----------
    .. [1] J.-M. Muller et al., "Handbook of Floating-Point Arithmetic", 2nd edition, 2018,
       section 2.3.2.

    Examples
    --------
    >>> from syntonic import PHI
    >>> assert_ulp_equal(float(PHI), PHI)
    >>> assert_ulp_equal([1.0, 1.6], [1, PHI], ulps=1)
    Traceback (most recent call last):
        ...
    AssertionError: assert_ulp_equal: the error is above 1 ulp (float64) in 1 of 2 elements (50.0%)
      there at index (1,):
        actual = 1.6
        exact  = φ
        error  = 8.12179e+13 ulp
    """
    limit = _limit(ulps)
    array = _floats(actual)
    truth = as_exact(exact, "assert_ulp_equal", "exact")
    if array.shape != truth.shape:
        raise AssertionError(
            f"assert_ulp_equal: actual and exact must have one shape, got {array.shape} and "
            f"{truth.shape}"
        )
    values: Any = np.asarray(truth)
    form = np.finfo(array.dtype)
    errors = ((i, _error(array[i], values[i], form)) for i in np.ndindex(array.shape))
    wrong = {i: error for i, error in errors if error is None or error > limit}
    if wrong:
        raise AssertionError(_report(array, values, wrong, f"{ulps} ulp ({array.dtype})"))


def _limit(ulps: Any) -> GoldenExact:
    floating = isinstance(ulps, (float, np.floating))
    if (floating and not np.isfinite(ulps)) or ulps < 0:
        raise ValueError(f"assert_ulp_equal: ulps must be finite and not negative, got {ulps}")
    return GoldenExact.from_float_exact(ulps) if floating else GoldenExact(ulps)


def _floats(actual: Any) -> Any:
    array = np.asarray(actual.flux_array if isinstance(actual, ResonantTensor) else actual)
    if array.dtype.kind != "f":
        raise TypeError(
            f"assert_ulp_equal: actual must be in floating point, got {array.dtype}; "
            "assert_exact_equal compares exact numbers"
        )
    return array


def _error(x: Any, v: GoldenExact, form: np.finfo[Any]) -> GoldenExact | None:
    """Return |x - v| in ulps of v, None if x is infinitely far."""
    if not np.isfinite(x):
        # Half an ulp above the largest float, and beyond, the nearest is infinity.
        limit = (2 - Fraction(1, 2 << form.nmant)) * 2 ** (int(form.maxexp) - 1)
        overflows = abs(v) >= limit and bool(x == v.sign() * np.inf)
        return GoldenExact(0) if overflows else None
    least = int(form.minexp)
    exponent = (max(floor_log2(*v.numerators()), least) if v else least) - int(form.nmant)
    error = abs(GoldenExact.from_float_exact(x) - v)
    return error * (1 << -exponent) if exponent < 0 else error / (1 << exponent)


def _report(array: Any, values: Any, wrong: dict[tuple[int, ...], Any], allowed: str) -> str:
    first = next(iter(wrong))
    worst = max(wrong, key=lambda i: (wrong[i] is None, wrong[i] or GoldenExact(0)))

    def lines(index: tuple[int, ...]) -> Lines:
        error = wrong[index]
        return [
            ("actual", str(array[index])),
            ("exact", shown(values[index])),
            ("error", "infinite" if error is None else f"{error.to_decimal(6)} ulp"),
        ]

    head = f"assert_ulp_equal: the error is above {allowed} in {counted(len(wrong), array.size)}"
    if first == worst:
        label = "first and worst" if len(wrong) > 1 else "there"
        return f"{head}\n{where(label, first, lines(first))}"
    return "\n".join(
        [head, where("first", first, lines(first)), where("worst", worst, lines(worst))]
    )

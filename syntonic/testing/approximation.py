"""`approx`: what is near an expected value, decided exactly."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.testing.report import as_tensor, counted, shown, where
from syntonic.typing import ComparableScalar, RealArrayLike

__all__ = ["Approximation", "approx"]


def approx(
    expected: RealArrayLike,
    rel: ComparableScalar = Fraction(1, 10**6),
    abs: ComparableScalar = Fraction(1, 10**12),
) -> Approximation:
    """Return what equals every number near the expected one, as `pytest.approx` does for floats.

    Parameters
    ----------
    expected
        Exact numbers or floats: a scalar, tensor, array or nested sequence.
    rel, abs
        The tolerance is the larger of rel·\\|expected\\| and abs, by default 10^-6 and 10^-12. A
        float means its exact value.

    Returns
    -------
    Approximation
        To be compared with == or !=, on either side, with numbers of the same shape: a GoldenExact,
        Fraction, float, tensor of either phase, array or nested sequence.

    Raises
    ------
    TypeError
        expected holds something that is no real number.
    ValueError
        A tolerance is negative or not finite.

    See Also
    --------
    assert_exact_equal : without a tolerance.
    assert_ulp_equal : the error of floats in units in the last place.

    Notes
    -----
    All are compared at their exact values: a number at exactly the tolerance is near. An infinity
    is near itself alone, NaN near nothing.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> PHI == approx(1.618, rel=1e-3), PHI == approx(1.618)
    (True, False)
    >>> ResonantTensor([1, PHI]) == approx([1.0, 1.6180339])
    True
    """
    return Approximation(expected, _tolerance(rel, "rel"), _tolerance(abs, "abs"))


class Approximation:
    """Equals what is within a tolerance; made by `approx`."""

    __array_ufunc__ = None  # arrays leave comparison to this
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expected: Any, rel: GoldenExact, abs_: GoldenExact) -> None:
        self._values = _values(expected)
        self._rel, self._abs = rel, abs_

    def __eq__(self, actual: object) -> bool:
        try:
            values = _values(actual)
        except (TypeError, ValueError):
            return False
        return values.shape == self._values.shape and not self._far(values)

    def _far(self, values: Any) -> list[tuple[int, ...]]:
        return [i for i in np.ndindex(values.shape) if not self._near(values[i], self._values[i])]

    def _near(self, x: Any, expected: Any) -> bool:
        if isinstance(x, float) or isinstance(expected, float):  # infinite or NaN
            return bool(x == expected)
        return bool(abs(x - expected) <= self._tolerance(expected))

    def _tolerance(self, expected: GoldenExact) -> GoldenExact:
        return max(self._rel * abs(expected), self._abs)

    def __repr__(self) -> str:
        if self._values.ndim:
            return f"approx({self._values.tolist()})"
        value = self._values.item()
        if isinstance(value, float):
            return f"approx({value})"
        return f"{shown(value)} ± {self._tolerance(value).to_decimal(3)}"

    def report(self, actual: object) -> list[str]:
        """Return the lines that say how something differs."""
        try:
            values = _values(actual)
        except (TypeError, ValueError) as error:
            return [f"not comparable: {error}"]
        if values.shape != self._values.shape:
            return [f"the shapes differ: {values.shape} and {self._values.shape}"]
        far = self._far(values)
        first = far[0]
        x, expected = values[first], self._values[first]
        lines = [("actual", _text(x)), ("expected", _text(expected))]
        if not (isinstance(x, float) or isinstance(expected, float)):
            lines.append(("difference", _text(abs(x - expected))))
            lines.append(("tolerance", _text(self._tolerance(expected))))
        head = f"{counted(len(far), values.size)} beyond the tolerance"
        return [head, *where("first" if len(far) > 1 else "there", first, lines).splitlines()]


def _text(x: Any) -> str:
    return str(x) if isinstance(x, float) else x.to_decimal(6)


def _values(x: Any) -> Any:
    """Return an object array of exact values; what is not finite stays a float."""
    if isinstance(x, Decimal):
        x = Fraction(x) if x.is_finite() else float(x)
    tensor = as_tensor(x)
    if tensor.is_crystallized:
        return np.asarray(tensor)
    out = np.empty(tensor.shape, dtype=object)
    floats: Any = np.asarray(tensor.flux_array)
    for i in np.ndindex(out.shape):
        finite = np.isfinite(floats[i])
        out[i] = GoldenExact.from_float_exact(floats[i]) if finite else float(floats[i])
    return out


def _tolerance(x: Any, name: str) -> GoldenExact:
    if isinstance(x, (float, np.floating)) and not math.isfinite(x):
        raise ValueError(f"approx: {name} must be finite, got {x}")
    value = _values(x)
    if value.ndim or isinstance(value.item(), float) or value.item() < 0:
        raise ValueError(f"approx: {name} must be a finite number, not negative, got {shown(x)}")
    return value.item()

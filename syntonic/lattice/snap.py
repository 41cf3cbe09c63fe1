"""`snap`: the golden element nearest to a float, under a stated bound, correct for every input.

Q(φ) is dense in the reals, so "nearest" needs a bound; there are two, |b| <= precision and
|v'| <= window. The searches are in `snap_exact` (integers, always right) and `snap_kernels`
(doubles with a proven error bound, which pass what they cannot decide to the integers).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from numbers import Rational
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.exact.pairs import sign
from syntonic.foreign import native, require_unmasked
from syntonic.lattice.array import frozen
from syntonic.lattice.snap_exact import Element, Pair, Plan, bounded_plan, window_plan
from syntonic.lattice.snap_search import certify, require_finite, residuals, search

__all__ = ["DEFAULT_PRECISION", "SnapResult", "plan_of", "snap"]

DEFAULT_PRECISION = 100
"""The bound on |b| when the caller names none."""


@dataclass(frozen=True, eq=False)
class SnapResult:
    """Hold the elements (a + bφ)/denominator that `snap` found.

    Attributes
    ----------
    a, b : ndarray, read-only
        Integer numerators, shaped as the snapped array: int64 if all of them fit, else object
        arrays of Python ints.
    denominator : int
        The shared denominator.
    unique : ndarray of bool or None
        Where the error bound proves the element; None if `snap` got no error bound.
    """

    a: npt.NDArray[Any]
    b: npt.NDArray[Any]
    denominator: int
    unique: npt.NDArray[np.bool_] | None
    _values: npt.NDArray[Any] = field(repr=False)

    def __post_init__(self) -> None:
        for part in (self.a, self.b, self.unique):
            if part is not None:
                frozen(part)

    @cached_property
    def residual(self) -> npt.NDArray[np.float64]:
        """Return x - (a + bφ)/denominator, correctly rounded to float64."""
        return residuals(self._values, self.a, self.b, self.denominator)


def snap(
    x: npt.ArrayLike,
    *,
    precision: int | None = None,
    window: Any = None,
    denominator: int = 1,
    error_bound: Any = None,
) -> SnapResult:
    """Find the element v = (a + bφ)/denominator nearest to each x, under a bound.

    Parameters
    ----------
    x : array_like
        Finite reals of any shape: float64, float32, float16 or integers, each meaning its exact
        value. Object arrays may hold ints, floats, Fractions and other rationals.
    precision : int, optional
        Bound |b| <= precision on the integer b, zero or more. The default, 100, if there is no
        window either.
    window : real, optional
        Bound |v'| <= window on the Galois conjugate of the element, zero or more; a float means
        its binary value, rationals and GoldenExact are exact. The window is closed.
    denominator : int, default 1
        The shared denominator, positive.
    error_bound : real, optional
        How far x may be from the true element; asks for `unique`.

    Returns
    -------
    SnapResult
        `a`, `b`, `denominator`, `residual` and `unique`. It keeps a copy of x for `residual`.

    Raises
    ------
    TypeError
        x holds complex numbers, long doubles or anything without an exact rational value.
    ValueError
        x is not finite somewhere, or a bound is out of range, or there are two bounds.

    Notes
    -----
    The result is the nearest element for every input. Ties occur only where
    2·denominator·x is an odd integer. With a precision they go to the smaller |b|, then to the
    smaller |a|, so that snap(-x) = -snap(x); with a window to the smaller |v'|.

    `unique` is True where |x - v| <= error_bound and every other admissible element is farther
    than error_bound from x: if the true element is admissible and x is within error_bound of it,
    then it is v. Two elements with |b| <= P differ by about 1/(2√5 P) at least, so a precision P
    tolerates errors below 0.11/P. From a correctly rounded float every element with |a|, |b| at
    most 25,633,310 comes back (precision 2^24 is always enough for numerators up to 2^24).

    The cost is the same for every precision: four candidates per element, in vectorised loops
    for large arrays (in `syntonic.get_num_threads()` threads), in integers for small ones.

    References
    ----------
    The candidates and their proof are in `syntonic.lattice.snap_exact`: the three-distance
    theorem of V. T. Sós (1958) for |b|, the steps of a cut-and-project strip for |v'|.

    Examples
    --------
    >>> result = snap([0.618033988749895, 4.23606797749979])
    >>> result.a.tolist(), result.b.tolist()
    ([-1, 1], [1, 2])
    >>> int(snap(0.3, precision=10, denominator=2).b)
    1
    >>> snap(0.6180, error_bound=5e-5).unique
    array(True)

    Coordinates of a 120-cell, (a + bφ)/2 with conjugates up to 1/2, from one decimal:

    >>> result = snap([1.3, 0.8, -0.5], window=0.5, denominator=2, error_bound=0.05)
    >>> result.a.tolist(), result.b.tolist(), result.unique.tolist()
    ([1, 0, -1], [1, 1, 0], [True, True, True])
    """
    values = _exact_array(x)
    plan, d = plan_of(precision, window, denominator)
    bound = None if error_bound is None else _scaled(error_bound, "error_bound", d)
    a, b = search(values, plan, d)
    unique = None if bound is None else certify(values, a, b, plan, d, bound)
    return SnapResult(a, b, d, unique, values)


def plan_of(precision: int | None, window: Any, denominator: int) -> tuple[Plan, int]:
    """Return the plan of a bound and the denominator, both checked; see `snap`."""
    d = _integer(denominator, "denominator", 1)
    if window is None:
        precision = DEFAULT_PRECISION if precision is None else precision
        return bounded_plan(_integer(precision, "precision", 0)), d
    if precision is not None:
        raise ValueError("snap: precision and window are two bounds, got both; drop one of them")
    return window_plan(_scaled(window, "window", d)), d


def _integer(value: Any, name: str, least: int) -> int:
    try:
        n = index(value)
    except TypeError:
        raise TypeError(
            f"snap: {name} must be an integer, got {type(value).__name__}; pass an int"
        ) from None
    if n < least:
        raise ValueError(f"snap: {name} must be at least {least}, got {n}")
    return n


def _scaled(value: Any, name: str, d: int) -> Element:
    """Return d·value as an element; a float means its binary value."""
    try:
        if hasattr(value, "numerators"):  # GoldenExact
            p, q, e = map(int, value.numerators())
        else:
            (p, e), q = _ratio(value), 0
    except (AttributeError, TypeError):
        raise TypeError(
            f"snap: {name} must be a real number, got {type(value).__name__}; "
            "pass a float, an int, a Fraction or a GoldenExact"
        ) from None
    except (ValueError, OverflowError):
        raise ValueError(f"snap: {name} must be finite, got {value}") from None
    if sign(p, q) < 0:
        raise ValueError(f"snap: {name} must not be negative, got {value}")
    return p * d, q * d, e


def _ratio(value: Any) -> Pair:
    if isinstance(value, Rational):
        return int(value.numerator), int(value.denominator)
    p, q = value.as_integer_ratio()
    return int(p), int(q)


def _exact_array(x: Any) -> npt.NDArray[Any]:
    """Return a C-contiguous copy of x with its exact values: float64, integers or Fractions."""
    require_unmasked(x, "snap")
    array = native(np.asarray(x))
    kind = array.dtype.kind
    if kind in "iu":
        return array.copy(order="C")
    if kind == "f" and array.dtype.itemsize <= 8:
        if isinstance(x, (list, tuple)) and np.abs(array).max(initial=0.0) >= 2.0**53:
            # NumPy rounds large ints beside floats; take the list's own values instead.
            return _fractions(np.array(x, dtype=object))
        return np.array(array, dtype=np.float64, order="C")
    if kind == "O":
        return _fractions(array)
    raise TypeError(
        f"snap: x must be float64, float32, float16 or integers, got dtype {array.dtype}; "
        "convert it where no digit is lost"
    )


def _fractions(array: npt.NDArray[np.object_]) -> npt.NDArray[Any]:
    items = array.ravel().tolist()
    for item in items:
        if isinstance(item, (bool, np.bool_)) or not isinstance(item, (float, Rational)):
            raise TypeError(
                f"snap: x must hold floats, ints or rationals, got {type(item).__name__}; "
                "an exact golden number needs no snap"
            )
    require_finite(
        np.array([i if isinstance(i, float) else 0.0 for i in items]).reshape(array.shape)
    )
    out = np.empty(len(items), dtype=object)
    out[:] = [Fraction(*_ratio(item)) for item in items]
    return out.reshape(array.shape)

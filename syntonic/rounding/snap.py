"""`snap`: the golden element nearest to a float, under a stated bound, correct for every input.

Q(φ) is dense in the reals, so "nearest" needs a bound; there are two, |b| <= precision and
|v'| <= window. The searches are in `plans` (integers, always right) and `snap_loops`
(doubles with a proven error bound, which pass what they cannot decide to the integers).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from numbers import Rational
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.constants import DEFAULT_PRECISION
from syntonic.errors import shown
from syntonic.exact.pairs import sign
from syntonic.foreign import frozen, native, ratio, require_unmasked
from syntonic.rounding.plans import Element, Pair, Plan, bounded_plan, window_plan
from syntonic.rounding.quality import Miss, search_judged
from syntonic.rounding.search import certify, require_finite, residuals, search

Array = npt.NDArray[Any]

__all__ = ["SnapResult", "least_denominator", "plan_of", "snap", "snap_judged", "snapped"]


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

    See Also
    --------
    syntonic.snap : what returns it.

    Examples
    --------
    >>> from syntonic import snap
    >>> found = snap([1.618034, 0.5], denominator=2, error_bound=1e-6)
    >>> found.a.tolist(), found.b.tolist(), found.unique.tolist()
    ([0, 1], [2, 0], [True, True])
    """

    a: npt.NDArray[Any]
    b: npt.NDArray[Any]
    denominator: int
    unique: npt.NDArray[np.bool_] | None
    _values: npt.NDArray[Any] = field(repr=False)

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
    """Find the element (a + bφ)/denominator nearest to each x, under a bound: see `syntonic.snap`.

    Examples
    --------
    >>> result = snap([0.618033988749895, 4.23606797749979])
    >>> result.a.tolist(), result.b.tolist()
    ([-1, 1], [1, 2])
    """
    return SnapResult(*snapped(x, precision, window, denominator, error_bound))


def snapped(
    x: npt.ArrayLike, precision: int | None, window: Any, denominator: int, error_bound: Any
) -> tuple[Array, Array, int, Array | None, Array]:
    """Return the fields of a `SnapResult`, read-only."""
    values = np.array(x) if type(x) is float else _exact_array(x)
    plan, d = plan_of(precision, window, denominator)
    a, b = search(values, plan, d)
    frozen(a), frozen(b)
    if error_bound is None:
        return a, b, d, None, values
    unique = certify(values, a, b, plan, d, _scaled(error_bound, "error_bound", d))
    return a, b, d, frozen(unique), values


def snap_judged(
    x: npt.ArrayLike,
    *,
    precision: int | None = None,
    window: Any = None,
    denominator: int = 1,
    dtype: Any = None,
    separate: bool = True,
) -> tuple[Array, Array, Miss | None]:
    """Return a and b of `snap`, and what is farther from x than rounding explains, if anything.

    Parameters
    ----------
    dtype
        That of the floats before they became x, by default x's own.
    separate
        Whether floats too coarse to tell lattice points apart count as misses.
    """
    values, own = _exact_array(x, copy=False), _dtype_of(x)
    plan, d = plan_of(precision, window, denominator)
    kind = own if dtype is None else np.dtype(dtype)
    return search_judged(values, kind, plan, d, separate=separate)


def least_denominator(
    x: npt.ArrayLike,
    bounds: Iterable[tuple[int | None, Any, int]],
    dtype: Any = None,
) -> int | None:
    """Return the first denominator under which rounding explains all that is left of x.

    Parameters
    ----------
    bounds
        (precision, window, denominator), in the order in which they are tried.
    dtype
        As for `snap_judged`.
    """
    values, own = _exact_array(x, copy=False), _dtype_of(x)
    kind = own if dtype is None else np.dtype(dtype)
    for bound in bounds:
        plan, d = plan_of(*bound)
        if search_judged(values, kind, plan, d)[-1] is None:
            return d
    return None


def _dtype_of(x: Any) -> np.dtype[Any]:
    """Return the dtype that says how far the numbers of x are rounded."""
    array = np.asarray(x)
    if array.dtype == object and any(isinstance(item, float) for item in array.ravel().tolist()):
        return np.dtype(np.float64)
    return array.dtype


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
        raise ValueError(f"snap: {name} must be at least {least}, got {shown(n)}")
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
        raise ValueError(f"snap: {name} must be finite, got {shown(value)}") from None
    if sign(p, q) < 0:
        raise ValueError(f"snap: {name} must not be negative, got {shown(value)}")
    return p * d, q * d, e


def _ratio(value: Any) -> Pair:
    p, q = ratio(value) if isinstance(value, Rational) else value.as_integer_ratio()
    return int(p), int(q)


def _exact_array(x: Any, copy: bool = True) -> Array:
    """Return x C-contiguous with its exact values, a copy or not: float64, integers, Fractions."""
    require_unmasked(x, "snap")
    array = native(np.asarray(x))
    kind = array.dtype.kind
    if kind in "iu":
        return np.array(array, order="C", copy=copy or None)
    if kind == "f" and array.dtype.itemsize <= 8:
        if isinstance(x, (list, tuple)) and np.abs(array).max(initial=0.0) >= 2.0**53:
            # NumPy rounds large ints beside floats; take the list's own values instead.
            return _fractions(np.array(x, dtype=object))
        return np.array(array, dtype=np.float64, order="C", copy=copy or None)
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

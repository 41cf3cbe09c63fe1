"""`identify`: the simplest golden element within a tolerance, as `Fraction.limit_denominator`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from math import isfinite
from numbers import Rational
from operator import index
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from syntonic.errors import shown
from syntonic.exact.golden import GoldenExact
from syntonic.foreign import ratio
from syntonic.rounding.intervals import Interval
from syntonic.rounding.plans import Pair
from syntonic.typing import ObjectArray, Real

__all__ = ["identify"]


@overload
def identify(
    x: Real | str,
    *,
    tol: Real | None = None,
    max_denominator: int = 12,
    max_coefficient: int = 1000,
) -> GoldenExact | None: ...
@overload
def identify(
    x: npt.NDArray[Any] | list[Any] | tuple[Any, ...],
    *,
    tol: Real | None = None,
    max_denominator: int = 12,
    max_coefficient: int = 1000,
) -> ObjectArray: ...
def identify(
    x: Any,
    *,
    tol: Real | None = None,
    max_denominator: int = 12,
    max_coefficient: int = 1000,
) -> GoldenExact | ObjectArray | None:
    """Find the simplest element of Q(φ) within a tolerance of each number.

    Parameters
    ----------
    x : scalar or array_like
        Finite reals: floats, each meaning its exact binary value, exact rationals, or text of
        decimals such as "0.809".
    tol : real, optional
        The tolerance, zero or more; a float means its binary value, rationals are exact. By
        default, of each number its own: 8 units in the last place of a float, half a unit of the
        last digit of a text, 0 for a rational.
    max_denominator : int, default 12
        Bound on D of (p + qφ)/D in lowest terms, positive.
    max_coefficient : int, default 1000
        Bound on |p| and |q|, zero or more.

    Returns
    -------
    GoldenExact or None, or ndarray of object
        The simplest element v with |x - v| <= tol (closed, decided exactly); None where there is
        none. For an array, an object array of its shape.

    Raises
    ------
    TypeError
        x or tol has no exact rational value (complex numbers).
    ValueError
        x is not finite somewhere, a text is no decimal, tol is not finite or negative, or a bound
        is too small.

    See Also
    --------
    syntonic.snap : the nearest element under a bound, for whole arrays of floats.
    syntonic.ResonantTensor.crystallize : the same for a flux tensor.
    syntonic.recover : the exact points of a figure from rounded ones.

    Notes
    -----
    The simplest element has the least size (|p|+1)(|q|+1)D, then the least D, then the least |q|.
    This leaves no ties: between two elements of equal D, |p| and |q| lies a simpler one.

    Most reals are near *some* admissible element. About 4·tol·size·min(max_denominator, size)
    elements at least as simple as v are expected within tol of x by accident; believe v while
    this is below 0.01 or so. The cost is about max_denominator + the number of elements met.

    Examples
    --------
    >>> print(identify(1.309, tol=1e-3))
    1/2 + 1/2φ
    >>> identify(0.7071067811865476, tol=1e-12, max_coefficient=100) is None
    True
    >>> print(identify([0.5, 2.118], tol=1e-3)[1])
    1/2 + φ
    >>> print(identify("0.809"), identify(0.8090169943749475))
    1/2φ 1/2φ
    """
    items, values, shape = _ratios(x)
    tolerances = _own_tolerances(x, items) if tol is None else repeat(_tolerance(tol))
    search = _Search(
        _bound(max_denominator, "max_denominator", 1),
        _bound(max_coefficient, "max_coefficient", 0),
    )
    found = [search.simplest(*pair) for pair in zip(values, tolerances, strict=False)]
    if shape == () and not isinstance(x, np.ndarray):
        return found[0]
    out = np.empty(len(found), dtype=object)
    out[:] = found
    return out.reshape(shape)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is asked of every number."""

    max_denominator: int
    max_coefficient: int

    def simplest(self, value: Pair, tolerance: Pair) -> GoldenExact | None:
        """Search near p/q, the value: every D, and for each D by increasing |b|.

        So of equal sizes the first one met is the simplest. Two elements of equal D, |a| and |b|
        have 0, a/D or bφ/D in the middle, which is smaller. A pair that is not in lowest terms
        need not be told apart: its reduced form is met as well, at a smaller D, and is smaller.
        """
        (p, q), (radius, scale) = value, tolerance
        x, radius, scale = p * scale, radius * q, q * scale  # over one denominator
        most = self.max_coefficient
        reach = 3 * most * scale  # |a + bφ| <= φ² most, and φ² < 3
        least_size, best = (most + 1) ** 2 * self.max_denominator + 1, None
        for d in range(1, self.max_denominator + 1):
            if d >= least_size or d * (abs(x) - radius) > reach:
                break
            interval = Interval(d * (x - radius), d * (x + radius), scale)
            for b, low, high in interval.rows(min(most, (least_size - 1) // d - 1)):
                if (abs(b) + 1) * d >= least_size:
                    break
                a = max(low, min(0, high))  # the least in size
                size = (abs(a) + 1) * (abs(b) + 1) * d
                if size < least_size and abs(a) <= most:
                    least_size, best = size, (a, b, d)
        return None if best is None else GoldenExact.from_numerators(*best)


def _ratios(x: Any) -> tuple[list[Any], list[Pair], tuple[int, ...]]:
    """Return the items of x, their exact values as numerators and denominators, and its shape."""
    array = np.array(x, dtype=object)  # of the items themselves: no int is rounded beside a float
    items = array.ravel().tolist()
    values = [_ratio(item) for item in items]
    strange = [item for item, value in zip(array.flat, values, strict=True) if value is None]
    if strange:
        raise TypeError(
            "identify: x must hold float64, float32 or float16, integers or rationals, got "
            f"{type(strange[0]).__name__}; convert it where no digit is lost"
        )
    bad = [place for place, value in enumerate(values) if value == _NOT_FINITE]
    if bad:
        first = tuple(map(int, np.unravel_index(bad[0], array.shape)))
        raise ValueError(
            f"identify: x must be finite, got {len(bad)} non-finite values, the first at index "
            f"{first}; drop or replace them"
        )
    return items, [value for value in values if value is not None], array.shape


_NOT_FINITE = (0, 0)
_DECIMAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?", re.ASCII)


def _ratio(x: Any) -> Pair | None:
    """Return the exact value of a real, 0/0 for NaN and infinities, None for anything else."""
    if isinstance(x, (float, np.float32, np.float16)):
        return x.as_integer_ratio() if isfinite(x) else _NOT_FINITE
    if isinstance(x, Rational) and not isinstance(x, bool):
        p, q = ratio(x)
        return int(p), int(q)
    return _decimal(x).as_integer_ratio() if isinstance(x, str) else None


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text.strip()):
        raise ValueError(
            f"identify: a text must be a decimal such as '0.809', got {shown(text[:40])}; "
            "GoldenExact.parse reads expressions"
        )
    return Decimal(text.strip())


def _own_tolerances(x: Any, items: list[Any]) -> Iterator[Pair]:
    """Yield 8 ulp of a float, half a unit of the last digit of a text, 0 of a rational."""
    narrow = x.dtype.type if isinstance(x, np.ndarray) and x.dtype.kind == "f" else None
    for item in items:
        if isinstance(item, str):
            last = int(_decimal(item).as_tuple().exponent)
            yield (5 * 10 ** (last - 1), 1) if last > 0 else (1, 2 * 10**-last)
        elif isinstance(item, Rational):
            yield 0, 1
        else:
            size = abs(narrow(item) if narrow else item)  # an array's items are Python's floats
            top, bottom = np.spacing(size).as_integer_ratio()
            yield 8 * top, bottom


def _tolerance(tol: Any) -> Pair:
    value = None if isinstance(tol, str) else _ratio(tol)
    if value is None:
        raise TypeError(
            f"identify: tol must be a real number, got {type(tol).__name__}; "
            "pass a float, an int or a Fraction"
        )
    if value == _NOT_FINITE or value[0] < 0:
        raise ValueError(f"identify: tol must be finite and not negative, got {shown(tol)}")
    return value


def _bound(value: Any, name: str, least: int) -> int:
    try:
        n = index(value)
    except TypeError:
        raise TypeError(
            f"identify: {name} must be an integer, got {type(value).__name__}; pass an int"
        ) from None
    if n < least:
        raise ValueError(f"identify: {name} must be at least {least}, got {shown(n)}")
    return n

"""`identify`: the simplest golden element within a tolerance, as `Fraction.limit_denominator`."""

from __future__ import annotations

from math import isfinite
from numbers import Rational
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from syntonic.exact.golden import GoldenExact
from syntonic.lattice.snap_exact import Pair, closer
from syntonic.lattice.tolerance import walk

__all__ = ["identify"]


def identify(
    x: Any, *, tol: Any, max_denominator: int = 12, max_coefficient: int = 1000
) -> GoldenExact | npt.NDArray[np.object_] | None:
    """Find the simplest element of Q(φ) within a tolerance of each number.

    Parameters
    ----------
    x : scalar or array_like
        Finite reals: floats, each meaning its exact binary value, or exact rationals.
    tol : real
        The tolerance, zero or more; a float means its binary value, rationals are exact.
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
        x or tol has no exact rational value (complex numbers, text).
    ValueError
        x is not finite somewhere, tol is not finite or negative, or a bound is too small.

    See Also
    --------
    syntonic.snap : the nearest element under a bound, for whole arrays of floats.

    Notes
    -----
    The simplest element has the least size (|p|+1)(|q|+1)D, then the least D, then the least |q|,
    then the least |x - v|: a total order, in which no two admissible elements are equal.

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
    """
    values = _exact_values(x)
    radius = _tolerance(tol)
    most_d = _bound(max_denominator, "max_denominator", 1)
    most = _bound(max_coefficient, "max_coefficient", 0)
    found = [_simplest(value, radius, most_d, most) for value in values.ravel().tolist()]
    if np.ndim(x) == 0:
        return found[0]
    out = np.empty(len(found), dtype=object)
    out[:] = found
    return out.reshape(values.shape)


def _simplest(x: mpq, tol: mpq, max_denominator: int, max_coefficient: int) -> GoldenExact | None:
    """Search every D by increasing |q|, for as long as (0+1)(|q|+1)D is not too large already.

    A pair that is not in lowest terms need not be told apart: its reduced form is met as well,
    at a smaller D, and has a smaller size.
    """
    best: tuple[int, int, int] | None = None  # size, D, |q|
    v: Pair = (0, 0)
    for d in range(1, max_denominator + 1):
        if best is not None and d > best[0]:
            break
        for p, q in walk(x - tol, x + tol, denominator=d):
            if abs(q) > max_coefficient or (best is not None and (abs(q) + 1) * d > best[0]):
                break
            if abs(p) > max_coefficient:
                continue
            rank = ((abs(p) + 1) * (abs(q) + 1) * d, d, abs(q))
            if (
                best is None
                or rank < best
                or (rank == best and closer((p, q), v, d * x.numerator, x.denominator) < 0)
            ):
                best, v = rank, (p, q)
    return None if best is None else GoldenExact.from_numerators(*v, best[1])


def _exact_values(x: Any) -> npt.NDArray[np.object_]:
    """Return the exact values of x as an object array of mpq."""
    array = np.array(x, dtype=object)
    values = [_rational(item) for item in array.ravel().tolist()]
    strange = next((i for i, v in zip(array.flat, values, strict=True) if v is None), None)
    if strange is not None:
        raise TypeError(
            f"identify: x must hold floats, ints or Fractions, got {type(strange).__name__}"
        )
    out = np.empty(len(values), dtype=object)
    out[:] = values
    out = out.reshape(array.shape)
    bad = [place for place, value in np.ndenumerate(out) if isinstance(value, float)]
    if bad:
        raise ValueError(
            f"identify: x must be finite, got {len(bad)} non-finite values, the first at index "
            f"{bad[0]}; drop or replace them"
        )
    return out


def _rational(x: Any) -> mpq | float | None:
    """Return the exact value of a real, NaN or infinity as a float, anything else as None."""
    if isinstance(x, Rational) and not isinstance(x, bool):
        return mpq(int(x.numerator), int(x.denominator))
    if not isinstance(x, (float, np.floating)):
        return None
    return mpq(*map(int, x.as_integer_ratio())) if isfinite(x) else float(x)


def _tolerance(tol: Any) -> mpq:
    value = _rational(tol)
    if value is None:
        raise TypeError(
            f"identify: tol must be a real number, got {type(tol).__name__}; "
            "pass a float, an int or a Fraction"
        )
    if isinstance(value, float) or value < 0:
        raise ValueError(f"identify: tol must be finite and not negative, got {tol}")
    return value


def _bound(value: Any, name: str, least: int) -> int:
    try:
        n = index(value)
    except TypeError:
        raise TypeError(
            f"identify: {name} must be an integer, got {type(value).__name__}; pass an int"
        ) from None
    if n < least:
        raise ValueError(f"identify: {name} must be at least {least}, got {n}")
    return n

"""`wake`: the float nearest to an exact element, correctly rounded whatever its size.

float(a) + float(b)·φ is wrong in the last bit for a third of random pairs and loses every digit
where a and bφ cancel. `wake_loops` computes in doubles with a proven error bound and a rounding
test; what the test cannot decide goes to integers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from itertools import repeat
from math import copysign, inf
from typing import Any

import numpy as np
import numpy.typing as npt
from gmpy2 import lcm

from syntonic.exact.pairs import Integer, nearest_float, sign
from syntonic.jit.policy import compiled_pays, slow_way

__all__ = [
    "float_type",
    "odd_and_scale",
    "wake",
    "wake_exact",
    "wake_rational",
    "warn_overflow",
]

# Significand bits and exponent of the least subnormal.
_FORMATS = {
    np.dtype(np.float64): (53, -1074),
    np.dtype(np.float32): (24, -149),
    np.dtype(np.float16): (11, -24),
}


def wake(
    a: npt.NDArray[Any],
    b: npt.NDArray[Any],
    denominator: int,
    dtype: npt.DTypeLike = np.float64,
) -> npt.NDArray[Any]:
    """Round (a + bφ)/denominator once, to nearest even.

    Parameters
    ----------
    a, b : ndarray of int64 or object
        Numerators of equal shape; object arrays hold Python ints or mpz.
    denominator : int
        The shared denominator, positive, of any size.
    dtype : float64, float32 or float16
        The result's format. Each is rounded from the exact value, never from another format.

    Returns
    -------
    ndarray
        Shaped as a. An element beyond the format's range becomes an infinity, with one
        RuntimeWarning; zero is +0.0.

    Examples
    --------
    >>> import numpy as np
    >>> wake(np.array([0, 165580141]), np.array([1, -102334155]), 1)
    array([1.61803399e+00, 4.37013034e-09])
    """
    out_type = float_type(dtype)
    if a.dtype == b.dtype == np.int64 and compiled_pays(a.size):
        parts = odd_and_scale(denominator)
        if parts is not None:
            return wake_compiled(a, b, denominator, *parts, out_type)
    return wake_exact(a, b, denominator, out_type)


@slow_way
def wake_exact(
    a: npt.NDArray[Any], b: npt.NDArray[Any], denominator: Any, out_type: np.dtype[Any]
) -> npt.NDArray[Any]:
    """Round in integers, whatever the sizes; the denominator may be an array of them."""
    each = isinstance(denominator, np.ndarray)
    over = _items(denominator) if each else repeat(denominator, a.size)
    return _rounded(zip(_items(a), _items(b), over, strict=True), a.shape, out_type)


def wake_compiled(
    a: npt.NDArray[np.int64],
    b: npt.NDArray[np.int64],
    denominator: int,
    odd: float,
    scale: float,
    out_type: np.dtype[Any],
) -> npt.NDArray[Any]:
    """Round in the compiled loops, then in integers where they leave it open."""
    from syntonic.rounding.wake_loops import wake_int64

    out, undecided = wake_int64(a.ravel(), b.ravel(), odd, scale, out_type)
    if undecided:
        where = np.flatnonzero(np.isnan(out))
        out[where] = wake_exact(a.ravel()[where], b.ravel()[where], denominator, out_type)
    if out_type == np.float16 and np.isinf(out).any():
        warn_overflow(out_type)
    return out.reshape(a.shape)


def odd_and_scale(d: int) -> tuple[float, float] | None:
    """Return (odd, scale) with 1/d = scale/odd, scale a power of two; None if d is too large."""
    shift = (d & -d).bit_length() - 1
    odd = d >> shift
    return (float(odd), 2.0**-shift) if odd < 1 << 53 and shift <= 900 else None


def wake_rational(
    a: npt.NDArray[np.object_], b: npt.NDArray[np.object_], dtype: npt.DTypeLike = np.float64
) -> npt.NDArray[Any]:
    """Round a + bφ once, to nearest even, for object arrays of mpq.

    Parameters
    ----------
    a, b : ndarray of object
        Rationals (mpq, Fraction) of equal shape.
    dtype : float64, float32 or float16
        The result's format.

    Returns
    -------
    ndarray
        As from `wake`.

    Examples
    --------
    >>> import numpy as np
    >>> from gmpy2 import mpq
    >>> wake_rational(np.array([mpq(1, 3)]), np.array([mpq(0)]), np.float32)
    array([0.33333334], dtype=float32)
    """
    out_type = float_type(dtype)
    elements = (_common(r, s) for r, s in zip(_items(a), _items(b), strict=True))
    return _rounded(elements, a.shape, out_type)


def _common(r: Any, s: Any) -> tuple[Integer, Integer, Integer]:
    d = lcm(r.denominator, s.denominator)
    return r.numerator * (d // r.denominator), s.numerator * (d // s.denominator), d


def _items(array: npt.NDArray[Any]) -> list[Any]:
    items: list[Any] = array.ravel().tolist()
    return items


def float_type(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the dtype if `wake` rounds to it; raise TypeError if not."""
    out_type = np.dtype(dtype)
    if out_type not in _FORMATS:
        raise TypeError(
            f"wake: dtype must be float64, float32 or float16, got {out_type}; "
            "round to one of these and convert"
        )
    return out_type


def _rounded(
    elements: Iterable[tuple[Integer, Integer, Integer]],
    shape: tuple[int, ...],
    out_type: np.dtype[Any],
) -> npt.NDArray[Any]:
    """Round each (p + qφ)/d exactly; warn once if any overflows."""
    bits, least_exponent = _FORMATS[out_type]
    largest = float(np.finfo(out_type).max)
    out, overflow = [], False
    for p, q, d in elements:
        try:
            value = nearest_float(p, q, d, bits=bits, least_exponent=least_exponent)
        except OverflowError:
            value = copysign(inf, sign(p, q))
        if abs(value) > largest:
            value, overflow = copysign(inf, value), True
        out.append(value)
    if overflow:
        warn_overflow(out_type)
    return np.array(out, dtype=out_type).reshape(shape)


def warn_overflow(out_type: np.dtype[Any]) -> None:
    """Warn that an element is beyond the range of the format."""
    warnings.warn(
        f"wake: overflow, an element is beyond the range of {out_type} and became infinite",
        RuntimeWarning,
        stacklevel=4,
    )

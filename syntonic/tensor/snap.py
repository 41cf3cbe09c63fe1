"""`snap` with a result that becomes a tensor; the search is `syntonic.rounding.snap`."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import index

import numpy.typing as npt

from syntonic.lattice.array import LatticeArray
from syntonic.rounding.snap import SnapResult as Snapped
from syntonic.rounding.snap import snapped
from syntonic.tensor.resonant import ResonantTensor
from syntonic.tensor.specification import carried_with
from syntonic.typing import ComparableScalar, Real

__all__ = ["SnapResult", "snap"]


@dataclass(frozen=True, eq=False)
class SnapResult(Snapped):
    __doc__ = Snapped.__doc__

    _precision: int | None = field(default=None, repr=False)

    @property
    def tensor(self) -> ResonantTensor:
        """Return the elements as a crystallized tensor of the precision of the snap."""
        x = LatticeArray.from_numerators(self.a, self.b, self.denominator)
        return ResonantTensor._of(x, carried_with(self._precision, "tensor"))


def snap(
    x: npt.ArrayLike,
    *,
    precision: int | None = None,
    window: ComparableScalar | None = None,
    denominator: int = 1,
    error_bound: Real | None = None,
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
        `a`, `b`, `denominator`, `residual`, `unique` and `tensor`. It keeps a copy of x for
        `residual`.

    Raises
    ------
    TypeError
        x holds complex numbers, long doubles or anything without an exact rational value.
    ValueError
        x is not finite somewhere, or a bound is out of range, or there are two bounds.

    See Also
    --------
    identify : the simplest element near one float, without a bound.
    ResonantTensor.crystallize : the same for a flux tensor, by what it remembers.
    recover : the exact points of a figure from rounded ones.

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
    The candidates and their proof are in `syntonic.rounding.plans`: the three-distance
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
    >>> snap([0.618, 4.236], precision=2).tensor
    ResonantTensor([-1 + φ, 1 + 2φ], precision=2)

    Coordinates of a 120-cell, (a + bφ)/2 with conjugates up to 1/2, from one decimal:

    >>> result = snap([1.3, 0.8, -0.5], window=0.5, denominator=2, error_bound=0.05)
    >>> result.a.tolist(), result.b.tolist(), result.unique.tolist()
    ([1, 0, -1], [1, 1, 0], [True, True, True])
    """
    result = object.__new__(SnapResult)  # __init__ of a frozen class takes longer than the search
    fields = result.__dict__
    fields["a"], fields["b"], fields["denominator"], fields["unique"], fields["_values"] = snapped(
        x, precision, window, denominator, error_bound
    )
    fields["_precision"] = None if precision is None else index(precision)
    return result

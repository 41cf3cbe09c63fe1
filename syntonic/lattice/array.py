"""`LatticeArray`: an immutable n-d array of exact elements of Q(φ), in one of three layouts.

packed
    int64 numerators `a`, `b` over one shared positive int64 `denominator`, with a cached upper
    bound on their size, so that an operation decides from bounds, before it runs, whether int64
    holds its result. The common case: snapped values, lattice points, roots, rotations.
fractional
    The same with an int64 array of denominators, one for each element, for what division and
    mixed denominators make: a shared denominator would explode (lcm(1..100) has 136 bits).
    Elements are brought to lowest terms only when a bound demands it.
rational
    Object arrays `a`, `b` of exact numbers, gmpy2 `mpq` or integers, unbounded; `denominator` is
    None. What does not fit goes here, and what fits again comes back.

Which layout an array has is nobody's business but this package's: values, equality and files
never depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm
from sys import getsizeof
from typing import Any

import numpy as np
from gmpy2 import lcm as long_lcm
from gmpy2 import mpq, mpz

from syntonic.constants import INT64_MAX
from syntonic.errors import shown
from syntonic.foreign import frozen
from syntonic.lattice.denominators import of_rationals, over_one
from syntonic.lattice.scalars import golden_array
from syntonic.typing import IntArray, ObjectArray

__all__ = ["INT64_MAX", "LatticeArray", "elementwise", "int64s", "moved", "objects"]


_SAMPLE = 64
"""Elements that often tell of all that no shared denominator of int64 serves them."""

_in_gmp = np.frompyfunc(lambda x: mpz(x) if type(x) is int else x, 1, 1)
_as_mpq = np.frompyfunc(mpq, 1, 1)
_make_mpq = np.frompyfunc(mpq, 2, 1)


def objects(x: Any) -> ObjectArray:
    """Return x as an object array; NumPy turns 0-d object results into bare scalars."""
    return np.asarray(x, dtype=object)


def elementwise(function: np.ufunc, *operands: Any) -> ObjectArray:
    """Apply a `np.frompyfunc` ufunc and keep 0-d results arrays."""
    return objects(function(*operands))


_new = object.__new__


class LatticeArray:
    """Hold a + bφ element-wise, exactly.

    Use the constructors `packed`, `rational` and `from_numerators`; they establish the layout's
    invariants. The operations live in the other modules of this package.

    Attributes
    ----------
    a, b
        The numerators (int64) or values (rational: objects). Read-only.
    denominator
        The shared denominator (packed), an int64 array of them (fractional) or None (rational).
        Not necessarily the least; see `tight`.
    """

    __slots__ = ("_bound", "_over", "_tight", "a", "b", "denominator")

    a: Any
    b: Any
    denominator: Any
    _bound: int | None
    _over: int | None
    _tight: LatticeArray | None

    def __init__(
        self, a: Any, b: Any, denominator: Any, bound: int | None, over: int | None = None
    ) -> None:
        self.a = frozen(a)
        self.b = frozen(b)
        self.denominator = frozen(denominator) if type(denominator) is np.ndarray else denominator
        self._bound = bound
        self._over = over
        self._tight = None

    # -- construction ---------------------------------------------------------------------

    @classmethod
    def fresh(cls, a: IntArray, b: IntArray, denominator: int, bound: int) -> LatticeArray:
        """Wrap int64 arrays, not 0-d, that an operation has just made, with a proven bound."""
        self = _new(cls)
        a.setflags(write=False)
        b.setflags(write=False)
        self.a, self.b, self.denominator, self._bound = a, b, denominator, bound
        self._over = self._tight = None
        return self

    @classmethod
    def packed(
        cls, a: IntArray, b: IntArray, denominator: int = 1, *, bound: int | None = None
    ) -> LatticeArray:
        """Wrap int64 arrays (or 0-d results) of one shape, owned by the caller until now.

        `bound` is an upper bound of all |numerators|, when one is known for free. A denominator
        beyond int64 is reduced, or makes the array rational.
        """
        if not 1 <= denominator <= INT64_MAX:
            return cls.from_numerators(int64s(a), int64s(b), denominator)
        return cls(int64s(a), int64s(b), denominator, bound)

    @classmethod
    def fractional(
        cls,
        a: IntArray,
        b: IntArray,
        denominators: IntArray,
        *,
        bound: int | None = None,
        over: int | None = None,
    ) -> LatticeArray:
        """Wrap int64 arrays of one shape; packed if the denominators are all the same.

        `bound` and `over` are upper bounds of the numerators and of the denominators.
        """
        d = int64s(denominators)
        if d.size == 0:
            return cls.packed(a, b, 1, bound=0)
        first = int(d.flat[0])
        if (d == first).all():
            return cls.packed(a, b, first, bound=bound)
        return cls(int64s(a), int64s(b), d, bound, over)

    @classmethod
    def rational(cls, a: ObjectArray, b: ObjectArray) -> LatticeArray:
        """Wrap object arrays of rationals; in an int64 layout if they fit."""
        return cls(objects(a), objects(b), None, None).pack()

    @classmethod
    def from_numerators(cls, a: Any, b: Any, denominator: int = 1) -> LatticeArray:
        """Build (a + bφ)/denominator from integer arrays of one shape, int64 or objects."""
        if denominator < 1:
            raise ValueError(f"a denominator must be positive, got {shown(denominator)}")
        fits = _fits_int64(a) and _fits_int64(b)
        if fits and denominator <= INT64_MAX:
            return cls.packed(int64s(a), int64s(b), denominator)
        if denominator == 1:  # no reduction can make it fit
            return cls(objects(a), objects(b), None, None, 1)
        over = objects(mpz(denominator))
        return cls.rational(elementwise(_make_mpq, a, over), elementwise(_make_mpq, b, over))

    # -- views of the value ---------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.a.shape

    @property
    def ndim(self) -> int:
        return self.a.ndim

    @property
    def size(self) -> int:
        return self.a.size

    @property
    def nbytes(self) -> int:
        """The bytes of the numerators and of denominators for each element, objects included."""
        parts = self.a, self.b, *(() if self.is_packed or self.is_rational else (self.denominator,))
        objects_of = (map(getsizeof, x.flat) for x in parts if x.dtype == object)
        return sum(x.nbytes for x in parts) + sum(map(sum, objects_of))

    @property
    def is_packed(self) -> bool:
        return type(self.denominator) is int

    @property
    def is_rational(self) -> bool:
        return self.denominator is None

    @property
    def has_long_integers(self) -> bool:
        """Whether these are integers of Z[φ] that the rational layout holds for their length."""
        return self.denominator is None and self._over == 1

    @property
    def bound(self) -> int:
        """An upper bound of the numerators' size, from when the array was made."""
        if self._bound is None:
            self._bound = _largest(self.a, self.b)
        return self._bound

    @property
    def over(self) -> int:
        """An upper bound of the denominators."""
        if self._over is None:
            d = self.denominator
            self._over = d if type(d) is int else int(d.max(initial=1))
        return self._over

    def tight(self) -> LatticeArray:
        """Return the same values over the least denominators, with exact bounds."""
        if self._tight is None:
            self._tight = self._tightened()
        return self._tight

    def _tightened(self) -> LatticeArray:
        if self.is_rational:
            return self
        d = self.denominator
        common = _common_divisor(self.a, self.b, d) if self.is_packed else self._divisors()
        if self.is_packed and common == 1:
            self._bound = _largest(self.a, self.b)
            return self
        a, b = int64s(self.a // common), int64s(self.b // common)
        over = d // common if self.is_packed else int64s(d // common)
        out = LatticeArray(a, b, over, _largest(a, b))
        out._tight = out
        return out

    def _divisors(self) -> IntArray:
        # Modulo d first: |-2^63| has no int64 for np.gcd to return.
        d = self.denominator
        return int64s(np.gcd(np.gcd(self.a % d, self.b % d), d))

    def split(self) -> LatticeArray:
        """Return a packed array in the fractional layout, any other one as it is."""
        if not self.is_packed:
            return self
        d = np.broadcast_to(np.int64(self.denominator), self.shape)
        return LatticeArray(self.a, self.b, d, self._bound, self.denominator)

    def widened(self) -> LatticeArray:
        """Return a packed array on Python ints, for one operation that int64 cannot hold."""
        return LatticeArray(
            objects(self.a.astype(object)),
            objects(self.b.astype(object)),
            self.denominator,
            self._bound,
        )

    def common(self) -> LatticeArray:
        """Return the same values packed if one denominator serves them all, else rational."""
        return self.shared() or self.unpacked()

    def shared(self) -> LatticeArray | None:
        """Return the same values packed if one denominator serves them all, else None."""
        if self.is_packed or self.is_rational:
            out = self.pack(shared=True)
            return out if out.is_packed else None
        some = self.map(lambda part: part.ravel()[:_SAMPLE])
        if self.size > _SAMPLE and not some.shared():
            return None
        x = self.tight()
        found = over_one(x.a, x.b, x.denominator)
        return LatticeArray.packed(*found) if found else None

    def fractions(self) -> tuple[ObjectArray, ObjectArray]:
        """Return a and b as object arrays of mpq."""
        return self.fraction("a"), self.fraction("b")

    def fraction(self, name: str) -> ObjectArray:
        """Return one of a and b as an object array of mpq."""
        part = getattr(self, name)
        if self.is_rational or (self.is_packed and self.denominator == 1):
            return elementwise(_as_mpq, part)
        return elementwise(_make_mpq, part, self.denominator)

    def numerators(self) -> tuple[Any, Any, int]:
        """Return integer arrays (a, b) and the least common denominator.

        The arrays are int64 where they fit, else object arrays of integers.
        """
        if self.has_long_integers:
            return self.a, self.b, 1
        x = self if self.is_packed else self.common()
        if x.is_packed:
            tight = x.tight()
            return tight.a, tight.b, tight.denominator
        d = long_lcm(*_denominators(x.a), *_denominators(x.b))
        scale = np.frompyfunc(lambda e: e.numerator * (d // e.denominator), 1, 1)
        return frozen(elementwise(scale, x.a)), frozen(elementwise(scale, x.b)), int(d)

    def extent(self) -> tuple[int, int]:
        """Return the largest |b| numerator over the least common denominator, and the latter."""
        if self.is_packed or self.is_rational or self.size == 0:
            _, b, d = self.numerators()
            return max(int(b.max()), -int(b.min())) if b.size else 0, d
        x = self.tight()
        ranks = np.argsort(x.denominator, axis=None)
        over, b = x.denominator.ravel()[ranks], x.b.ravel()[ranks]
        starts = np.flatnonzero(np.diff(over, prepend=0))
        d = lcm(*(int(e) for e in over[starts]))
        highs, lows = np.maximum.reduceat(b, starts), np.minimum.reduceat(b, starts)
        sizes = (max(int(h), -int(n)) for h, n in zip(highs, lows, strict=True))
        return max(n * (d // int(e)) for n, e in zip(sizes, over[starts], strict=True)), d

    def scalars(self) -> ObjectArray:
        """Return an object array of GoldenExact."""
        return golden_array(self)

    def unpacked(self) -> LatticeArray:
        """Return the same values in the rational layout."""
        return self if self.is_rational else LatticeArray(*self.fractions(), None, None)

    def in_gmp(self) -> LatticeArray:
        """Return the same values on GMP's numbers, which outrun Python's where they are long."""
        if self.is_rational or (self.is_packed and self.denominator == 1):
            a, b = (elementwise(_in_gmp, part.astype(object)) for part in (self.a, self.b))
            return LatticeArray(a, b, None, None)
        return self.unpacked()

    def pack(self, shared: bool = False) -> LatticeArray:
        """Return rational values packed if int64 holds them, else fractional, else as they are.

        With `shared` the fractional layout is not tried.
        """
        if not self.is_rational or self.has_long_integers:
            return self
        apart = of_rationals(self.a, self.b)
        if apart is None:
            return self
        if found := over_one(*apart):
            return LatticeArray.packed(*found)
        return self if shared else LatticeArray.fractional(*apart)

    def map(self, function: Callable[[Any], Any]) -> LatticeArray:
        """Apply to the parts a function that only moves elements (or fills with zeros)."""
        a, b, d = function(self.a), function(self.b), self.denominator
        if type(d) is int:
            return LatticeArray.packed(a, b, d, bound=self._bound)
        if d is None:
            return LatticeArray(objects(a), objects(b), None, None)
        return LatticeArray.fractional(a, b, moved(function(d)), bound=self._bound, over=self._over)

    def __getitem__(self, index: Any) -> LatticeArray:
        return self.map(lambda x: x[index])

    def __repr__(self) -> str:
        layout = "packed" if self.is_packed else "rational" if self.is_rational else "fractional"
        return f"<LatticeArray {self.shape} {layout}>"


def moved(denominators: IntArray) -> IntArray:
    """Return denominators that a function has only moved; zeros that it filled in become 1.

    Raises
    ------
    ValueError
        One is negative: the function computes, and its other results are as wrong.
    """
    if np.min(denominators, initial=0) < 0:
        raise ValueError("a function that was to move elements changed them")
    return np.maximum(denominators, 1)


def int64s(x: Any) -> IntArray:
    """Return x as an int64 array: NumPy turns 0-d results into scalars."""
    return np.asarray(x, dtype=np.int64)


def _largest(a: IntArray, b: IntArray) -> int:
    if a.size == 0:
        return 0
    # As Python ints: |-2^63| does not fit int64.
    return max(int(a.max()), -int(a.min()), int(b.max()), -int(b.min()))


def _fits_int64(x: Any) -> bool:
    if x.dtype == np.int64 or x.size == 0:
        return True
    return bool(x.min() >= -INT64_MAX - 1 and x.max() <= INT64_MAX)


def _common_divisor(a: IntArray, b: IntArray, d: int) -> int:
    for x in (a, b):
        if d == 1:
            break
        # Reduce modulo d first: |-2^63| has no int64 for np.gcd to return.
        d = gcd(d, int(np.gcd.reduce(x % d, axis=None))) if x.size else d
    return d


def _denominators(x: Any) -> set[int]:
    return {e.denominator for e in x.flat}

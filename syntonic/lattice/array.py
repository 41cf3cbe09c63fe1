"""`LatticeArray`: an immutable n-d array of exact elements of Q(φ), in one of two layouts.

packed
    int64 numerators `a`, `b` over one shared positive int64 `denominator`, with a cached upper
    bound on their size, so that an operation decides from bounds, before it runs, whether int64
    holds its result. The common case: snapped values, lattice points, roots, rotations.
rational
    Object arrays `a`, `b` of gmpy2 `mpq`, unbounded; `denominator` is None. What does not fit
    goes here, and what fits again comes back.

Which layout an array has is nobody's business but this package's: values, equality and files
never depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm
from typing import Any

import numpy as np
from gmpy2 import mpq, mpz

from syntonic.exact.golden import GoldenExact
from syntonic.typing import IntArray, ObjectArray

__all__ = ["INT64_MAX", "LatticeArray", "elementwise", "frozen", "objects"]

INT64_MAX = (1 << 63) - 1

_as_mpq = np.frompyfunc(mpq, 1, 1)
_make_mpq = np.frompyfunc(mpq, 2, 1)
_golden = np.frompyfunc(GoldenExact, 2, 1)
_golden_packed = np.frompyfunc(GoldenExact.from_numerators, 3, 1)


def objects(x: Any) -> ObjectArray:
    """Return x as an object array; NumPy turns 0-d object results into bare scalars."""
    return np.asarray(x, dtype=object)


def elementwise(function: np.ufunc, *operands: Any) -> ObjectArray:
    """Apply a `np.frompyfunc` ufunc and keep 0-d results arrays."""
    return objects(function(*operands))


def frozen(x: Any) -> Any:
    """Return x with writing switched off: a lattice array never changes."""
    x.flags.writeable = False
    return x


class LatticeArray:
    """Hold a + bφ element-wise, exactly.

    Use the constructors `packed`, `rational` and `from_numerators`; they establish the layout's
    invariants. The operations live in the other modules of this package.

    Attributes
    ----------
    a, b
        The numerators (packed, int64) or values (rational, object arrays of mpq). Read-only.
    denominator
        The shared denominator (packed) or None (rational). Not necessarily the least; see
        `tight`.
    """

    __slots__ = ("_bound", "_tight", "a", "b", "denominator")

    a: Any
    b: Any
    denominator: int | None
    _bound: int | None
    _tight: LatticeArray | None

    def __init__(self, a: Any, b: Any, denominator: int | None, bound: int | None) -> None:
        self.a = frozen(a)
        self.b = frozen(b)
        self.denominator = denominator
        self._bound = bound
        self._tight = None

    # -- construction ---------------------------------------------------------------------

    @classmethod
    def packed(
        cls, a: IntArray, b: IntArray, denominator: int = 1, *, bound: int | None = None
    ) -> LatticeArray:
        """Wrap int64 arrays (or 0-d results) of one shape, owned by the caller until now.

        `bound` is an upper bound of all |numerators|, when one is known for free.
        """
        return cls(int64s(a), int64s(b), denominator, bound)

    @classmethod
    def rational(cls, a: ObjectArray, b: ObjectArray) -> LatticeArray:
        """Wrap object arrays of mpq; pack them if they fit."""
        return cls(objects(a), objects(b), None, None).pack()

    @classmethod
    def from_numerators(cls, a: Any, b: Any, denominator: int = 1) -> LatticeArray:
        """Build (a + bφ)/denominator from integer arrays of one shape, int64 or objects."""
        if denominator <= INT64_MAX and a.dtype == np.int64 and b.dtype == np.int64:
            return cls.packed(a, b, denominator)
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
    def is_packed(self) -> bool:
        return self.denominator is not None

    @property
    def bound(self) -> int:
        """An upper bound of |a| and |b| of a packed array, from when it was made."""
        if self._bound is None:
            self._bound = _largest(self.a, self.b)
        return self._bound

    def tight(self) -> LatticeArray:
        """Return the same values packed over the least denominator, with the exact bound."""
        if self._tight is None:
            self._tight = self._tightened()
        return self._tight

    def _tightened(self) -> LatticeArray:
        d = self.denominator
        if d is None:
            return self
        common = _common_divisor(self.a, self.b, d)
        if common == 1:
            self._bound = _largest(self.a, self.b)
            return self
        a, b = self.a // common, self.b // common
        out = LatticeArray.packed(a, b, d // common, bound=_largest(a, b))
        out._tight = out
        return out

    def fractions(self) -> tuple[ObjectArray, ObjectArray]:
        """Return a and b as object arrays of mpq."""
        if self.denominator is None:
            return self.a, self.b
        over = mpz(self.denominator)
        return elementwise(_make_mpq, self.a, over), elementwise(_make_mpq, self.b, over)

    def numerators(self) -> tuple[Any, Any, int]:
        """Return integer arrays (a, b) and the least common denominator.

        The arrays are int64 when packed, else object arrays of mpz.
        """
        if self.denominator is not None:
            tight = self.tight()
            return tight.a, tight.b, int(tight.denominator or 1)
        d = lcm(*_denominators(self.a), *_denominators(self.b))
        scale = np.frompyfunc(lambda x: x.numerator * (d // x.denominator), 1, 1)
        return elementwise(scale, self.a), elementwise(scale, self.b), int(d)

    def scalars(self) -> ObjectArray:
        """Return an object array of GoldenExact."""
        if self.denominator is None:
            return elementwise(_golden, self.a, self.b)
        return elementwise(_golden_packed, self.a, self.b, self.denominator)

    def unpacked(self) -> LatticeArray:
        """Return the same values in the rational layout."""
        return self if self.denominator is None else LatticeArray(*self.fractions(), None, None)

    def pack(self) -> LatticeArray:
        """Return the same values packed if int64 holds them, else in the rational layout."""
        if self.denominator is not None:
            return self
        d = 1
        for x in (self.a, self.b):
            for e in _denominators(x):
                d = lcm(d, e)
                if d > INT64_MAX:
                    return self
        a, b = _scaled_int64(self.a, d), _scaled_int64(self.b, d)
        return self if a is None or b is None else LatticeArray.packed(a, b, int(d))

    def map(self, function: Callable[[Any], Any]) -> LatticeArray:
        """Apply to a and b a function that only moves elements (or fills with zeros)."""
        a, b = function(self.a), function(self.b)
        if self.denominator is None:
            # NumPy fills new places with the int 0.
            return LatticeArray(elementwise(_as_mpq, a), elementwise(_as_mpq, b), None, None)
        return LatticeArray.packed(a, b, self.denominator, bound=self._bound)

    def __getitem__(self, index: Any) -> LatticeArray:
        return self.map(lambda x: x[index])

    def __repr__(self) -> str:
        layout = "rational" if self.denominator is None else f"packed /{self.denominator}"
        return f"<LatticeArray {self.shape} {layout}>"


def int64s(x: Any) -> IntArray:
    """Return x as an int64 array: NumPy turns 0-d results into scalars."""
    return np.asarray(x, dtype=np.int64)


def _largest(a: IntArray, b: IntArray) -> int:
    if a.size == 0:
        return 0
    # As Python ints: |-2^63| does not fit int64.
    return max(int(a.max()), -int(a.min()), int(b.max()), -int(b.min()))


def _common_divisor(a: IntArray, b: IntArray, d: int) -> int:
    for x in (a, b):
        if d == 1:
            break
        # Reduce modulo d first: |-2^63| has no int64 for np.gcd to return.
        d = gcd(d, int(np.gcd.reduce(x % d, axis=None))) if x.size else d
    return d


def _denominators(x: Any) -> set[int]:
    return {e.denominator for e in x.flat}


def _scaled_int64(x: Any, d: int) -> IntArray | None:
    values = [int(e.numerator) * (d // e.denominator) for e in x.flat]
    if values and (min(values) < -INT64_MAX - 1 or max(values) > INT64_MAX):
        return None
    return np.array(values, dtype=np.int64).reshape(x.shape)

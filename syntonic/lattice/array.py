"""`LatticeArray`: an immutable n-d array of exact elements of Q(φ), in one of four layouts.

packed
    int64 numerators `a`, `b` over one shared positive int64 `denominator`, with a cached upper
    bound on their size, so that an operation decides from bounds, before it runs, whether int64
    holds its result. The common case: snapped values, lattice points, roots, rotations.
fractional
    The same with an int64 array of denominators, one for each element, for what division and
    mixed denominators make: a shared denominator would explode (lcm(1..100) has 136 bits).
    Elements are brought to lowest terms only when a bound demands it.
wide
    Numerators of a fixed number of limbs (see `limbs`) over one shared positive denominator, with
    a bound as if packed: what int64 no longer holds, up to 1024 bits, where compiled loops pay.
rational
    Object arrays `a`, `b` of exact numbers, gmpy2 `mpq` or integers, unbounded; `denominator` is
    None. What does not fit goes here, and what fits again comes back.

Which layout an array has is nobody's business but this package's: values, equality and files
never depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gmpy2 import mpz

from syntonic.constants import INT64_MAX
from syntonic.errors import shown
from syntonic.foreign import frozen
from syntonic.jit.policy import compiled_pays
from syntonic.lattice import limbs, parts
from syntonic.lattice.denominators import of_rationals, over_one
from syntonic.lattice.parts import elementwise, int64s, moved, objects
from syntonic.lattice.scalars import golden_array
from syntonic.typing import IntArray, ObjectArray

__all__ = ["INT64_MAX", "LatticeArray", "elementwise", "int64s", "moved", "objects"]

_LONGEST = (1 << 64 * limbs.MOST_LIMBS - 1) - 1
"""The largest number of the wide layout."""

_SAMPLE = 64
"""Elements that often tell of all that no shared denominator of int64 serves them."""

_new = object.__new__


class LatticeArray:
    """Hold a + bφ element-wise, exactly.

    Use the constructors `packed`, `rational` and `from_numerators`; they establish the layout's
    invariants. The operations live in the other modules of this package.

    Attributes
    ----------
    a, b
        The numerators (int64, wide: limbs) or values (rational: objects). Read-only.
    denominator
        The shared denominator (packed, wide), an int64 array of them (fractional) or None
        (rational). Not necessarily the least; see `tight`.
    """

    __slots__ = ("_bound", "_enclosed", "_over", "_tight", "_widened", "a", "b", "denominator")

    a: Any
    b: Any
    denominator: Any
    _bound: int | None
    _enclosed: Any
    _over: int | None
    _tight: LatticeArray | None
    _widened: tuple[LatticeArray | None] | None

    def __init__(
        self, a: Any, b: Any, denominator: Any, bound: int | None, over: int | None = None
    ) -> None:
        self.a = frozen(a)
        self.b = frozen(b)
        self.denominator = frozen(denominator) if type(denominator) is np.ndarray else denominator
        self._bound = bound
        self._over = over
        self._tight = self._widened = self._enclosed = None

    # -- construction ---------------------------------------------------------------------

    @classmethod
    def fresh(cls, a: Any, b: Any, denominator: int, bound: int | None = None) -> LatticeArray:
        """Wrap int64 arrays or scalars that an operation has just made, maybe with a bound."""
        if type(a) is not np.ndarray:
            a, b = np.asarray(a), np.asarray(b)
        self = _new(cls)
        a.setflags(False)  # as `frozen` does, without a walk to it: this is each sum's way
        b.setflags(False)
        if a.base is not None:
            a.base.setflags(False)
        if b.base is not None:
            b.base.setflags(False)
        self.a, self.b, self.denominator, self._bound = a, b, denominator, bound
        self._over = self._tight = self._widened = self._enclosed = None
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
        cls, a: Any, b: Any, denominators: Any, *, bound: int | None = None, over: int | None = None
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
    def wide(cls, a: Any, b: Any, denominator: int, *, bound: int) -> LatticeArray:
        """Wrap arrays of equally many limbs; in fewer, or packed, if these hold the numbers.

        `bound` is an upper bound of all |numerators|.
        """
        count = max(limbs.needed(a), limbs.needed(b))
        bound = min(bound, 1 << (64 * count - 1))
        a, b = limbs.resized(a, count), limbs.resized(b, count)
        if count == 1 and denominator <= INT64_MAX:
            return cls(limbs.to_int64(a), limbs.to_int64(b), denominator, None)
        out = cls(a, b, denominator, bound)
        if denominator > INT64_MAX:
            out = out.tight()
        return out.unpacked().pack() if out.is_wide and out.denominator > _LONGEST else out

    @classmethod
    def _in_limbs(cls, a: Any, b: Any, denominator: int, bound: int) -> LatticeArray:
        a, b = (limbs.from_objects(objects(part), limbs.limbs_for(bound)) for part in (a, b))
        return cls(a, b, denominator, bound)

    @classmethod
    def rational(cls, a: ObjectArray, b: ObjectArray) -> LatticeArray:
        """Wrap object arrays of rationals; in an int64 layout if they fit."""
        return cls(objects(a), objects(b), None, None).pack()

    @classmethod
    def from_numerators(cls, a: Any, b: Any, denominator: int = 1) -> LatticeArray:
        """Build (a + bφ)/denominator from integer arrays of one shape, int64 or objects."""
        if denominator < 1:
            raise ValueError(f"a denominator must be positive, got {shown(denominator)}")
        fits = parts.fits_int64(a) and parts.fits_int64(b)
        if fits and denominator <= INT64_MAX:
            return cls.packed(int64s(a), int64s(b), denominator)
        if compiled_pays(a.size) and (bound := max(parts.largest(a, b), denominator)) <= _LONGEST:
            return cls._in_limbs(a, b, denominator, bound).tight()
        if denominator == 1:  # no reduction can make it fit
            return cls(objects(a), objects(b), None, None, 1)
        return cls.rational(*parts.ratios(a, b, mpz(denominator)))

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
        return parts.held_bytes(self.a, self.b, self.denominator)

    @property
    def is_packed(self) -> bool:
        return type(self.denominator) is int and self.is_int64

    @property
    def is_wide(self) -> bool:
        return limbs.is_limbs(self.a)

    @property
    def is_rational(self) -> bool:
        return self.denominator is None

    @property
    def is_int64(self) -> bool:
        """Whether the array is packed or fractional."""
        return bool(self.a.dtype == np.int64)

    @property
    def has_long_integers(self) -> bool:
        """Whether these are integers of Z[φ] that the rational layout holds for their length."""
        return self.denominator is None and self._over == 1

    @property
    def bound(self) -> int:
        """An upper bound of the numerators' size, from when the array was made."""
        if self._bound is None:
            self._bound = parts.largest(self.a, self.b)
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
            self._tight = out = self._tightened()
            out._tight = out
        return self._tight

    def _tightened(self) -> LatticeArray:
        if self.is_rational:
            return self
        if self.is_wide:
            return self._wide_tightened()
        d = self.denominator
        divisor: Any = parts.common_divisor if self.is_packed else parts.divisors_apart
        common = divisor(self.a, self.b, d)
        if self.is_packed and common == 1:
            self._bound = parts.largest(self.a, self.b)
            return self
        a, b = int64s(self.a // common), int64s(self.b // common)
        over = d // common if self.is_packed else int64s(d // common)
        return LatticeArray(a, b, over, parts.largest(a, b))

    def _wide_tightened(self) -> LatticeArray:
        a, b, d = limbs.reduced(self.a, self.b, self.denominator)
        bound = parts.largest(a, b)
        if max(bound, d) <= INT64_MAX:
            return LatticeArray(limbs.to_int64(a), limbs.to_int64(b), d, bound)
        if d == self.denominator:
            self._bound = bound
            return self
        a, b = (limbs.resized(part, limbs.limbs_for(bound)) for part in (a, b))
        return LatticeArray(a, b, d, bound)

    def split(self) -> LatticeArray:
        """Return a packed array in the fractional layout, any other one as it is."""
        if not self.is_packed:
            return self
        d = np.broadcast_to(np.int64(self.denominator), self.shape)
        return LatticeArray(self.a, self.b, d, self._bound, self.denominator)

    def widened(self) -> LatticeArray | None:
        """Return the same values in the wide layout, if it holds them; int64 serves as it is."""
        if self.is_wide:
            return self
        if self.is_packed:
            a, b = (part.view(limbs.ONE_LIMB) for part in (self.a, self.b))
            return LatticeArray(a, b, self.denominator, self._bound)
        if self._widened is None:
            self._widened = (self._over_one() if self.is_rational else None,)
        return self._widened[0]

    def _over_one(self) -> LatticeArray | None:
        d = parts.shared_denominator(_LONGEST, self.a, self.b)
        if d is None:
            return None
        a, b = parts.over(self.a, self.b, d)
        bound = parts.largest(a, b)
        return LatticeArray._in_limbs(a, b, d, bound) if bound <= _LONGEST else None

    def lengthened(self) -> LatticeArray:
        """Return a packed or wide array on Python ints, for one operation nothing else holds."""
        to_objects = limbs.to_objects if self.is_wide else lambda part: part.astype(object)
        a, b = (objects(to_objects(part)) for part in (self.a, self.b))
        return LatticeArray(a, b, self.denominator, self._bound)

    def common(self) -> LatticeArray:
        """Return the values over one denominator, packed or wide, if it is short, else rational."""
        return self if self.is_wide else self.shared() or self.unpacked()

    def shared(self) -> LatticeArray | None:
        """Return the same values packed if one denominator serves them all, else None."""
        if type(self.denominator) is not np.ndarray:
            out = self.tight() if self.is_wide else self.pack(shared=True)
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
        part, d = getattr(self, name), self.denominator
        part = limbs.to_objects(part) if self.is_wide else part
        if d is None or (type(d) is int and d == 1):
            return elementwise(parts.as_mpq, part)
        return elementwise(parts.make_mpq, part, d)

    def numerators(self) -> tuple[Any, Any, int]:
        """Return integer arrays (a, b) and the least common denominator.

        The arrays are int64 where they fit, else object arrays of integers.
        """
        if self.has_long_integers:
            return self.a, self.b, 1
        x = (self if self.is_packed else self.common()).tight()
        if x.is_packed:
            return x.a, x.b, x.denominator
        x = x.lengthened() if x.is_wide else x
        if not x.is_rational:
            return x.a, x.b, x.denominator
        d = parts.least_denominator(x.a, x.b)
        return *map(frozen, parts.over(x.a, x.b, d)), d

    def extent(self) -> tuple[int, int]:
        """Return the largest |b| numerator over the least common denominator, and the latter."""
        if type(self.denominator) is not np.ndarray or self.size == 0:
            _, b, d = self.numerators()
            return max(int(b.max()), -int(b.min())) if b.size else 0, d
        x = self.tight()
        return parts.extent_apart(x.b, x.denominator)

    def scalars(self) -> ObjectArray:
        """Return an object array of GoldenExact."""
        return golden_array(self)

    def unpacked(self) -> LatticeArray:
        """Return the same values in the rational layout."""
        return self if self.is_rational else LatticeArray(*self.fractions(), None, None)

    def in_gmp(self) -> LatticeArray:
        """Return the same values on GMP's numbers, which outrun Python's where they are long."""
        x = self.lengthened() if self.is_wide else self
        if x.is_rational or (type(x.denominator) is int and x.denominator == 1):
            a, b = (elementwise(parts.in_gmp, part.astype(object)) for part in (x.a, x.b))
            return LatticeArray(a, b, None, None)
        return self.unpacked()

    def pack(self, shared: bool = False) -> LatticeArray:
        """Return rational values packed, fractional or wide: the first that holds them.

        With `shared`, packed or as they are.
        """
        if not self.is_rational:
            return self
        apart = None if self.has_long_integers else of_rationals(self.a, self.b)
        if apart and (found := over_one(*apart)):
            return LatticeArray.packed(*found)
        if shared:
            return self
        if apart:
            return LatticeArray.fractional(*apart)
        return (self.widened() if compiled_pays(self.size) else None) or self

    def map(self, function: Callable[[Any], Any]) -> LatticeArray:
        """Apply to the parts a function that only moves elements (or fills with zeros)."""
        a, b, d = function(self.a), function(self.b), self.denominator
        if type(d) is int:
            return LatticeArray(np.asarray(a), np.asarray(b), d, self._bound)
        if d is None:
            return LatticeArray(objects(a), objects(b), None, None)
        return LatticeArray.fractional(a, b, moved(function(d)), bound=self._bound, over=self._over)

    def nonzero(self) -> Any:
        """Return where an element is not 0, as a boolean array."""
        if self.is_wide:
            return limbs.nonzero(self.a) | limbs.nonzero(self.b)
        return np.asarray((self.a != 0) | (self.b != 0), dtype=bool)

    def __getitem__(self, index: Any) -> LatticeArray:
        return self.map(lambda x: x[index])

    def __repr__(self) -> str:
        kinds = ("packed", "wide", "rational")
        layout = next((n for n in kinds if getattr(self, f"is_{n}")), "fractional")
        return f"<LatticeArray {self.shape} {layout}>"

"""Fractions over their least common denominator, as residues: an operand of `residue_products`.

The numbers themselves, longer than int64 by that denominator, are never made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from syntonic.foreign import frozen
from syntonic.jit.policy import compiled_pays
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.limb_sums import least_multiple
from syntonic.lattice.residue_products import Plan

__all__ = ["OverLeast"]


@dataclass(frozen=True)
class OverLeast:
    """A fractional array, all of it over one denominator of a few words."""

    array: LatticeArray
    denominator: int

    @classmethod
    def of(cls, x: LatticeArray) -> OverLeast | None:
        """Return x so; None for few elements, and where the denominator is longer than 512 bits."""
        if not compiled_pays(x.size):
            return None
        multiple = least_multiple(_flat(x.denominator))
        return None if multiple is None else cls(x, int(multiple))

    @property
    def bound(self) -> int:
        """An upper bound of the numerators."""
        return self.array.bound * self.denominator

    def images(self, plan: Plan, first: int, last: int) -> Any:
        """Return the images for some primes, none of which divides the denominator."""
        from syntonic.jit.threads import in_threads
        from syntonic.lattice import fraction_residue_loops as loops

        size, p = self.array.size, plan.p[first:last]
        multiple = np.array([self.denominator % n for n in plan.primes[first:last]], np.float64)
        divisors, places = self._divisors
        factors, out = np.empty((p.size, divisors.size)), np.empty((p.size, 2, size))
        loops.quotients(p, multiple, divisors, factors)
        in_threads(
            loops.images, size, 8 * p.size * size,
            *self._parts, places, factors, p, plan.roots[first:last], out,
        )  # fmt: skip
        return out.reshape(p.size, 2, *self.array.shape)

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        return _flat(self.array.a), _flat(self.array.b)

    @cached_property
    def _divisors(self) -> tuple[Any, Any]:
        """Return numbers that are to divide the denominator, and the place of each element's.

        All up to the largest, if these are fewer than elements.
        """
        d = _flat(self.array.denominator)
        if (most := int(d.max())) < d.size:
            return frozen(np.arange(most + 1)), d
        return d, frozen(np.arange(d.size))


def _flat(part: Any) -> Any:
    return frozen(np.ascontiguousarray(part).ravel())

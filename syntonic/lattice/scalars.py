"""Exact scalars from lattice arrays, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gmpy2 import mpz

from syntonic.exact.golden import GoldenExact, golden_list
from syntonic.typing import IntArray, ObjectArray

if TYPE_CHECKING:
    from syntonic.lattice.array import LatticeArray

__all__ = ["golden_array", "golden_item"]

_FEW = 16
"""So many are made as soon one by one."""

_from_parts = np.frompyfunc(GoldenExact, 2, 1)
_from_numerators = np.frompyfunc(GoldenExact.from_numerators, 3, 1)


def golden_array(x: LatticeArray) -> ObjectArray:
    """Return the elements of x as an object array of GoldenExact."""
    if x.is_rational:
        return np.asarray(_from_parts(x.a, x.b), dtype=object)
    x = x.lengthened() if x.is_wide else x
    if x.a.dtype == object or x.size < _FEW:
        return np.asarray(_from_numerators(x.a, x.b, x.denominator), dtype=object)
    x = x if x.over == 1 else x.split().tight()  # each in lowest terms
    d = np.broadcast_to(x.denominator, x.shape)
    values = golden_list(*map(_long, (x.a, x.b, d)))
    # NumPy, given a list to assign, would look at each element for a sequence.
    return np.fromiter(values, object, x.size).reshape(x.shape)


def golden_item(x: LatticeArray, index: tuple[Any, ...]) -> GoldenExact:
    """Return one element, by an index as `numpy.ndarray.item` takes it."""
    if x.is_wide:
        one = x.map(lambda part: np.array(part.item(*index), part.dtype))
        return one.scalars().item()
    a, b = x.a.item(*index), x.b.item(*index)
    if x.is_rational:
        return GoldenExact(a, b)
    d = x.denominator if x.is_packed else x.denominator.item(*index)
    return GoldenExact.from_numerators(a, b, d)


def _long(x: IntArray) -> list[Any]:
    """Return a flat list of mpz, one for all equal ones where these are many."""
    x = x.ravel()
    least, most = int(x.min()), int(x.max())
    if most - least >= x.size:
        return list(map(mpz, x.tolist()))
    table = np.fromiter(map(mpz, range(least, most + 1)), object, most - least + 1)
    return table[x - least].tolist()

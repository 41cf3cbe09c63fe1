"""Square roots of lattice arrays, where the field has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.exact import field
from syntonic.exact.golden import GoldenExact
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.lattice.sets import distinct

__all__ = ["square_root"]


def square_root(x: LatticeArray, where: str) -> LatticeArray:
    """Return the square roots that are not negative; equal elements are looked at once.

    Raises
    ------
    ValueError
        An element is no square in Q(φ).
    """
    found, _, inverse, _ = distinct(x)
    triples = [field.square_root(v.numerators()) for v in found.scalars().tolist()]
    wrong = np.array([root is None for root in triples], dtype=bool)
    if wrong.any():
        raise ValueError(_no_square(x, wrong[inverse], where))
    roots = [GoldenExact.from_numerators(*root) for root in triples if root is not None]
    values = np.fromiter(roots, dtype=object, count=len(roots))
    return as_lattice(values, where).map(lambda part: part[inverse])


def _no_square(x: LatticeArray, wrong: Any, where: str) -> str:
    first = np.unravel_index(int(np.argmax(wrong)), x.shape)
    index = tuple(map(int, first))
    at = f" at index {index}" if index else ""
    return (
        f"{where}: an exact square root must lie in Q(φ), got an element{at} that is no square; "
        "wake_flux() computes roots in floats"
    )

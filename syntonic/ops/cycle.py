"""The end of a cycle: floats go back onto the golden lattice, with one snap."""

from __future__ import annotations

from typing import Any

from syntonic.lattice.array import LatticeArray
from syntonic.rounding.snap import snap
from syntonic.tensor import ResonantTensor
from syntonic.tensor.specification import SnapSpecification

__all__ = ["crystallized", "specification"]


def specification(*tensors: ResonantTensor) -> SnapSpecification:
    """Return the snap specification that waking crystallized tensors and combining them gives."""
    first, *rest = (SnapSpecification.of(t._data, t.precision) for t in tensors)
    for other in rest:
        first = first.joined(other)
    return first


def crystallized(like: ResonantTensor, values: Any, snap_to: SnapSpecification) -> ResonantTensor:
    """Return the tensor of the lattice points nearest to float64 values."""
    found = snap(values, precision=snap_to.precision, denominator=snap_to.denominator)
    x = LatticeArray.from_numerators(found.a, found.b, found.denominator)
    return like._of(x, like._carried.with_norms(None))

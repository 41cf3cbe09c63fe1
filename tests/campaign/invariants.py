"""What holds inside of every tensor, whatever operation made it."""

from __future__ import annotations

from typing import Any

import numpy as np
from gmpy2 import mpq, mpz

from syntonic import ResonantTensor
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.lattice.limbs import to_objects

__all__ = ["assert_invariants"]

_EXACT = (int, type(mpz()), type(mpq()))


def assert_invariants(t: ResonantTensor) -> None:
    """Check dtypes, denominators, bounds, and that no memory behind the tensor can be written."""
    norms = t.mode_norm_sq
    if norms is not None:
        assert norms.shape == t.shape
        assert not norms.flags.writeable, "mode norms can be written"
    if t.is_crystallized:
        _check(t._data)


def _check(x: LatticeArray) -> None:
    assert type(x.a) is type(x.b) is np.ndarray, "a part is no array"
    assert x.a.shape == x.b.shape, "parts of two shapes"
    _check_read_only(x.a)
    _check_read_only(x.b)
    if x.is_rational:
        kinds = {type(e) for part in (x.a, x.b) for e in part.flat}
        assert x.a.dtype == x.b.dtype == object, "rational parts that are no objects"
        assert kinds <= set(_EXACT), f"rational parts of {kinds}"
        return
    if x.is_wide:
        assert x.a.dtype == x.b.dtype, f"parts of {x.a.dtype} and {x.b.dtype}"
        assert type(x.denominator) is int, "a wide array without one denominator"
        assert x.denominator >= 1, f"denominator {x.denominator}"
        largest = max([abs(int(e)) for p in (x.a, x.b) for e in to_objects(p).flat], default=0)
        assert x.bound >= largest, f"bound {x.bound} of numerators up to {largest}"
        return
    assert x.a.dtype == x.b.dtype == np.int64, f"parts of {x.a.dtype} and {x.b.dtype}"
    largest = max([abs(int(e)) for part in (x.a, x.b) for e in part.flat], default=0)
    assert x.bound >= largest, f"bound {x.bound} of numerators up to {largest}"
    if x.is_packed:
        assert 1 <= x.denominator <= INT64_MAX, f"denominator {x.denominator}"
        over = x.denominator
    else:
        assert x.denominator.dtype == np.int64, "denominators that are not int64"
        assert x.denominator.shape == x.shape, "denominators of another shape"
        assert x.denominator.min(initial=1) >= 1, "a denominator below 1"
        _check_read_only(x.denominator)
        over = int(x.denominator.max(initial=1))
    assert x.over >= over, f"over {x.over} of denominators up to {over}"


def _check_read_only(part: Any) -> None:
    while isinstance(part, np.ndarray):
        assert not part.flags.writeable, "memory that can be written"
        part = part.base

"""Powers by an exponent for each element, in as many operations as the exponents have bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.lattice import arithmetic
from syntonic.lattice.arithmetic import multiply, reciprocal, require_nonzero, square
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.lattice.guards import require_power
from syntonic.lattice.joining import join, where

__all__ = ["power"]

_ONE = lattice_scalar(1)


def power(x: LatticeArray, exponents: Any) -> LatticeArray:
    """Return x to integer powers, an array of int64 or of integers.

    Raises
    ------
    OverflowError
        The results could take more than 2^28 bits.
    ZeroDivisionError
        An element is zero and its exponent negative.
    """
    alike = exponents.size == 0 or bool((exponents == exponents.flat[0]).all())
    if alike or require_power(x, exponents, "ResonantTensor: **"):
        return arithmetic.power(x, exponents)
    shape = np.broadcast_shapes(x.shape, exponents.shape)
    base, n = x.map(lambda part: np.broadcast_to(part, shape)), np.broadcast_to(exponents, shape)
    if (n < 0).any():
        require_nonzero(base[n < 0], "power")
    signs = np.where(n < 0, -1, 1)
    return _by_length(base.map(np.ravel), (n * signs).ravel(), signs.ravel()).map(
        lambda part: part.reshape(shape)
    )


def _by_length(base: LatticeArray, n: Any, signs: Any) -> LatticeArray:
    """Raise elements whose exponents have one sign and as many bits together.

    So none is squared beyond its need, and short results stay short beside long ones.
    """
    lengths = np.frexp(n.astype(np.float64))[1] * signs
    ranks = np.argsort(lengths, kind="stable")
    edges = np.flatnonzero(np.diff(lengths[ranks])) + 1
    parts = []
    for chosen in np.split(ranks, edges):
        negative = signs[chosen[0]] < 0
        factors = reciprocal(base[chosen]) if negative else base[chosen]
        parts.append(_raised(factors, n[chosen]))
    back = np.empty_like(ranks)
    back[ranks] = np.arange(ranks.size)
    return join(lambda *p: np.concatenate(p), *parts)[back]


def _raised(base: LatticeArray, n: Any) -> LatticeArray:
    """Square and multiply, by the bits that each exponent has."""
    out = _ONE.map(lambda part: np.broadcast_to(part, base.shape))
    while True:
        odd = n % 2 == 1
        out = multiply(out, base) if odd.all() else where(odd, multiply(out, base), out)
        n = n // 2
        if not n.any():
            return out
        base = square(base)

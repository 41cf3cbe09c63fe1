"""What the normalizations share: axes and parameters of channels, and the exact half of a cycle."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.flux.backend import contiguous
from syntonic.lattice import arithmetic, order, reductions
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.ops.arguments import parameter
from syntonic.tensor import ResonantTensor
from syntonic.typing import FloatArray

__all__ = [
    "across_channels",
    "all_but_channels",
    "binary_exponent",
    "by_channel",
    "channel_parameters",
    "normalized",
    "normalized_by",
    "scaled",
]


def by_channel(x: ResonantTensor) -> Any:
    """Return the flux of (N, C, *) as the backends take it, (N, C, S)."""
    data = contiguous(x._data)
    n, c, *rest = data.shape
    return data.reshape(n, c, prod(rest))


def channel_parameters(x: ResonantTensor, gamma: Any, beta: Any, where: str) -> tuple[Any, Any]:
    """Return gamma and beta of (N, C, *), each None or of shape (C,)."""
    shape, hint = (x.shape[1],), "pass one value per channel"
    return (
        parameter(gamma, x, shape, "gamma", where, hint),
        parameter(beta, x, shape, "beta", where, hint),
    )


def all_but_channels(ndim: int) -> tuple[int, ...]:
    """Return the axes of (N, C, *) that statistics are taken over."""
    return tuple(i for i in range(ndim) if i != 1)


def across_channels(values: Any, ndim: int) -> Any:
    """Return values for each channel so that they broadcast against (N, C, *)."""
    return None if values is None else values.reshape(1, -1, *(1,) * (ndim - 2))


def normalized(
    x: LatticeArray,
    axes: tuple[int, ...],
    target: float,
    eps: float,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    where: str,
) -> FloatArray:
    """Return (x - mean)·sqrt(target/(var + eps))·gamma + beta as float64.

    Mean, variance and x - mean are exact elements of the field; each is rounded once, divided by
    a power of two where it would leave the range of floats.
    """
    if x.size == 0:
        return np.zeros(x.shape)
    mean, variance = (f(x, axes, keepdims=True) for f in (reductions.mean, reductions.var))
    return normalized_by(x, mean, variance, target, eps, gamma, beta, where)


def normalized_by(
    x: LatticeArray,
    mean: LatticeArray,
    variance: LatticeArray,
    target: float,
    eps: float,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    where: str,
) -> FloatArray:
    """Return the same with mean and variance given, which broadcast against x."""
    if x.size == 0:
        return np.zeros(x.shape)
    centred = arithmetic.subtract(x, mean)
    added: Any = eps
    if not variance.is_int64 and (powers := _powers(variance, eps)).any():
        unit = _power_of_two(-powers)
        centred = arithmetic.multiply(centred, as_lattice(unit))
        variance = arithmetic.multiply(variance, as_lattice(unit * unit))
        added = (Fraction(eps) * unit * unit).astype(np.float64)
    return scaled(order.floats(centred), order.floats(variance), target, added, gamma, beta, where)


def _powers(variance: LatticeArray, eps: float) -> Any:
    """Return for each variance the power of two near the root of variance + eps, or 0 within."""
    values: list[GoldenExact] = variance.scalars().ravel().tolist()
    exponents = [binary_exponent(max(v, GoldenExact(Fraction(eps)))) if v else 0 for v in values]
    halves = [e // 2 if abs(e) > 900 else 0 for e in exponents]
    return np.array(halves, dtype=object).reshape(variance.shape)


_power_of_two = np.frompyfunc(lambda n: Fraction(2) ** n, 1, 1)


def binary_exponent(x: GoldenExact) -> int:
    """Return e with 2^(e-1) <= x < 2^(e+1) for an exact number x > 0."""
    return int(x).bit_length() if x >= 1 else -int(1 / x).bit_length()


def scaled(
    centred: FloatArray,
    variance: FloatArray,
    target: float,
    eps: Any,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    where: str,
) -> FloatArray:
    """Return centred·sqrt(target/(variance + eps))·gamma + beta."""
    if not np.all(variance + eps > 0):
        raise ValueError(
            f"{where}: eps must be positive where a variance is 0, got eps=0 and "
            f"{int(np.sum(variance == 0))} constant slices; pass eps=1e-5"
        )
    out = centred * np.sqrt(target / (variance + eps))
    if gamma is not None:
        out *= gamma
    if beta is not None:
        out += beta
    return out

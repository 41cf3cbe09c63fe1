"""Numbers that tell how a network fares: mean and variance of outputs, norms of residual paths."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.flux.backend import backend, contiguous
from syntonic.flux.device import to_host
from syntonic.lattice import arithmetic, reductions
from syntonic.lattice.array import LatticeArray
from syntonic.ops._channels import binary_exponent
from syntonic.ops.arguments import require_tensor
from syntonic.tensor import ResonantTensor
from syntonic.tensor.residual import (
    PhiResidualMode,
    exact_residual,
    pair_carried,
    residual_mode,
)
from syntonic.typing import ResidualModeName

__all__ = ["ComponentNorms", "OutputStats", "component_norms", "output_stats"]


class OutputStats(NamedTuple):
    """Mean and population variance of all elements of a tensor.

    See Also
    --------
    output_stats : what returns it.

    Examples
    --------
    >>> from syntonic import ResonantTensor, output_stats
    >>> mean, variance = output_stats(ResonantTensor([1, 2, 3, 4]))
    >>> mean, variance
    (GoldenExact('5/2'), GoldenExact('5/4'))
    """

    mean: GoldenExact | float
    variance: GoldenExact | float


class ComponentNorms(NamedTuple):
    """Euclidean norms of the two inputs and the output of a residual connection.

    See Also
    --------
    component_norms : what returns it.

    Examples
    --------
    >>> from syntonic import ResonantTensor, component_norms
    >>> x = ResonantTensor.from_flux([3.0, 4.0])
    >>> component_norms(x, x, "standard")
    ComponentNorms(identity=5.0, residual=5.0, output=10.0)
    """

    identity: float
    residual: float
    output: float


def output_stats(x: ResonantTensor) -> OutputStats:
    """Return the mean and the population variance of a whole tensor.

    Parameters
    ----------
    x : ResonantTensor
        Of any shape with at least one element, in either phase.

    Returns
    -------
    OutputStats
        Exact field elements when x is crystallized, float64 in flux.

    Raises
    ------
    ValueError
        x is empty.

    See Also
    --------
    component_norms : norms of identity, residual and output.
    ResonantTensor.var : exact variances along axes.

    Notes
    -----
    In flux two passes over chunks, merged by Chan's formula, with no sum of squares that could
    cancel. The kernel is `compute_output_stats`; on a GPU the call waits for it.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> output_stats(ResonantTensor([1, PHI]))
    OutputStats(mean=GoldenExact('1/2', '1/2'), variance=GoldenExact('1/2', '-1/4'))
    """
    where = "output_stats"
    if require_tensor(x, "x", where).size == 0:
        raise ValueError(f"{where}: x must have at least one element, got shape {x.shape}")
    if x.is_crystallized:
        mean, variance = (f(x._data).scalars().item() for f in (reductions.mean, reductions.var))
        return OutputStats(mean, variance)
    data = contiguous(x._data)
    mean, variance = to_host(backend("norm", data).output_stats(data)).tolist()
    return OutputStats(mean, variance)


def component_norms(
    identity: ResonantTensor,
    residual: ResonantTensor,
    mode: PhiResidualMode | ResidualModeName = "phi",
) -> ComponentNorms:
    """Return the Euclidean norms of identity, residual and their residual connection.

    Parameters
    ----------
    identity, residual, mode
        As for `phi_residual`, with the same errors.

    Returns
    -------
    ComponentNorms
        float64. Of crystallized tensors the sums of squares are exact, then rounded and rooted.
        In either phase they are scaled, so that they neither overflow nor vanish.

    See Also
    --------
    output_stats : mean and variance of one tensor.
    phi_residual : the connection that is measured.

    Notes
    -----
    The kernel is `phi_residual_component_norm`; on a GPU the call waits for it.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> norms = component_norms(ResonantTensor([3, 4]), ResonantTensor([3, 4]))
    >>> norms.identity, norms.output == float(5 * PHI)
    (5.0, True)
    """
    where = "component_norms"
    chosen = residual_mode(mode, where)
    pair_carried(identity, residual, where)
    if identity.is_crystallized:
        x, y = identity._data, residual._data
        return ComponentNorms(*map(_norm, (x, y, exact_residual(x, y, chosen))))
    x, y = contiguous(identity._data), contiguous(residual._data)
    norms = to_host(backend("residual", x).component_norms(x, y, chosen.value))
    return ComponentNorms(*norms.tolist())


def _norm(x: LatticeArray) -> float:
    """Return the root of the exact sum of squares, which itself may exceed every float."""
    total: GoldenExact = reductions.sum(arithmetic.square(x)).scalars().item()
    if total == 0:
        return 0.0
    half = binary_exponent(total) // 2
    return float(np.ldexp(float(total / Fraction(4) ** half) ** 0.5, half))

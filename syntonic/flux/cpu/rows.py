"""Layer norm in compiled loops: of rows, and of the rows of a residual connection.

A row's mean and sum of squared deviations M2 come from chunks of CHUNK elements, each in two
passes while it is in the level-1 cache, merged in order by Chan's formula. The second pass also
sums the deviations, which corrects the first. For the order of all sums see `sums`.

The mean stays a sum of two numbers, or a large mean would swallow small deviations. A row whose
squares leave the range of the dtype is scaled by a power of two first, which changes no bit of the
result, for all roundings scale along.

References
----------
T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance: analysis
and recommendations", The American Statistician 37 (1983), 242-247, eq. (1.7) and (2.1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.elementary import fma, inlined, wide_vectors
from syntonic.flux.cpu.factors import Factors
from syntonic.flux.cpu.sums import sum_deviations, sum_of, sum_scaled
from syntonic.jit.compile import njit
from syntonic.jit.floats import two_sum
from syntonic.jit.threads import in_threads
from syntonic.typing import FloatArray as Array

Doubles = npt.NDArray[np.float64]

__all__ = [
    "BOUND",
    "CHUNK",
    "LEAST",
    "deviations",
    "fits",
    "layer_norm_gradients",
    "layer_norm_of",
    "merge",
    "normalize_channels",
    "power_below",
    "power_outside",
    "row_moments",
    "row_statistics",
]

CHUNK = 1 << 12

_BLOCKS = (2, 32)
"""Blocks of rows, each with its own sums by column, so that threads can share the work: the least
and the largest number."""

_FEW = 16
"""Rows whose terms are added up in the dtype of the array before float64 takes over. A block has
as many at least, if there are enough: its sums by column take time too."""


# -- range ------------------------------------------------------------------------------------

LEAST = 2.0**-90, 2.0**-900
"""Variances, in float32 and float64, beside which it does not matter what squares of deviations
lose where they are no normal numbers: less than 2^-36 of them."""

BOUND = 2.0**32, 2.0**400
"""Deviations from 1/BOUND to BOUND can be multiplied by gradients without a thought."""


@inlined
def fits(variance: float, eps: float, wide: int) -> bool:
    """Tell whether no square of a deviation has overflowed, or vanished beside what matters."""
    return variance < math.inf and (variance >= LEAST[wide] or eps >= LEAST[wide] * 2.0**60)


@njit
def power_below(size: float, wide: int) -> float:
    """Return the power of two p that brings p·size near 1, or 1 for what has no size."""
    if not 0 < size < math.inf:
        return 1.0
    most = 1022 if wide else 126  # both p and 1/p are normal numbers
    return math.ldexp(1.0, -max(-most, min(most, math.frexp(size)[1])))


@njit
def power_outside(deviation: float, wide: int) -> float:
    """Return a power of two p that brings p·deviation near 1, or 1 if it is within BOUND."""
    bound = BOUND[wide]
    return 1.0 if 1 / bound <= deviation <= bound else power_below(deviation, wide)


@njit
def _multiply(x: Array, power: float) -> None:
    factor = x.dtype.type(power)
    for i in range(x.size):
        x[i] *= factor


@inlined
def _join(x: Array, y: Any, by: Any, power: float, out: Array) -> None:
    """Write x times a power of two or, with y, their residual connection times it."""
    p = out.dtype.type(power)
    for i in range(x.size):
        if y is None:
            out[i] = x[i] * p
        else:
            out[i] = fma(y[i] * p, by.inner, x[i] * p) * by.outer


@njit
def _size(x: Array) -> float:
    """Return the largest |x|, NaN aside."""
    size = 0.0
    for i in range(x.size):
        a = np.float64(abs(x[i]))
        size = a if a > size else size
    return size


@njit
def _rescale(x: Array, y: Any, by: Any, eps: float, out: Array) -> float:
    """Join x and y times p, so that neither squares nor eps·p² leave the range; return p."""
    size = _size(x)
    if y is not None:
        size = max(size, _size(y))
    p = power_below(max(size, math.sqrt(eps)) if size < math.inf else 0.0, out.itemsize // 8)
    _join(x, y, by, p, out)
    return p


# -- moments ----------------------------------------------------------------------------------


@njit
def deviations(x: Array, mean: float) -> tuple[float, float]:
    """Return the sums of x - mean and of its square in float64, for a mean far above them."""
    rest, squares = 0.0, 0.0
    for i in range(x.size):
        d = np.float64(x[i]) - mean
        rest += d
        squares += d * d
    return rest, squares


@inlined
def _moments(x: Array) -> tuple[float, float, float]:
    """Return the mean of a chunk in two parts, and M2.

    Where the rounding of the mean exceeds the deviation, the squares are taken from what the
    deviations sum to.
    """
    wide_vectors()
    share = 1.0 / x.size
    mean = np.float64(x.dtype.type(sum_of(x) * share))
    rest, squares = sum_deviations(x, mean)
    if rest * (rest * share) * 2 > squares:
        mean += rest * share
        rest, squares = deviations(x, mean)
    m2 = squares - rest * (rest * share)
    return mean, rest * share, 0.0 if m2 < 0 else m2  # a rounding error of nothing; NaN stays


@njit
def merge(
    n: float, mean: float, m2: float, n_more: float, mean_more: float, m2_more: float
) -> tuple[float, float]:
    """Return mean and M2 of n and n_more elements together, n_more > 0."""
    share = n_more / (n + n_more)
    d = mean_more - mean
    return mean + d * share, m2 + m2_more + d * (d * (n * share))


@njit
def _moments_of_chunks(x: Array) -> tuple[float, float, float]:
    pivot, mean, m2 = _moments(x[:CHUNK])
    for start in range(CHUNK, x.size, CHUNK):
        part = x[start : start + CHUNK]
        high, low, more = _moments(part)
        mean, m2 = merge(start, mean, m2, part.size, (high - pivot) + low, more)
    return pivot, mean, m2


@inlined  # a call takes a fifth of the time of a row of a thousand elements
def row_moments(x: Array) -> tuple[float, float, float]:
    """Return the mean of a row of any length in two parts, and M2.

    The first part is near the mean, so that the second keeps its digits where the mean is much
    larger than the deviation.
    """
    return _moments(x) if x.size <= CHUNK else _moments_of_chunks(x)


@inlined
def _statistics(
    row: Array, x: Array, y: Any, by: Any, eps: float, scratch: Array
) -> tuple[Any, float, float, float, float]:
    """Return a row, its mean in two parts and its variance, all times p or p², and p.

    The row is x or, with y, their residual connection, and p is 1; or it is times p in `scratch`.
    """
    p = 1.0
    high, low, m2 = row_moments(row)
    if not fits(m2 / x.size, eps, x.itemsize // 8):
        p = _rescale(x, y, by, eps, scratch)
        row = scratch
        high, low, m2 = row_moments(row)
        if m2 == 0:  # a constant, whose deviation is √eps, however large it is itself
            _multiply(scratch, 1 / p)
            return row, high / p, low / p, 0.0, 1.0
    mean, low = two_sum(high, low)
    return row, mean, low, m2 / x.size, p


@njit
def _layer_norm(
    first: int,
    last: int,
    x: Array,
    y: Any,
    by: Factors,
    root: float,
    eps: float,
    gamma: Array,
    beta: Array,
    out: Array,
    statistics: Doubles,
) -> None:
    """Normalise rows first, ..., last - 1 of x or, with y, of their residual connection."""
    wide_vectors()
    kind = out.dtype.type
    # Not in `target`: LLVM has vectors for loops that do not write where they read.
    joined = np.empty(0 if y is None else x.shape[1], out.dtype)
    for r in range(first, last):
        row, target = x[r], out[r]
        if y is None:
            row, mean, low, variance, p = _statistics(row, row, None, by, eps, target)
        else:
            _join(row, y[r], by, 1.0, joined)
            row, mean, low, variance, p = _statistics(joined, row, y[r], by, eps, joined)
        deviation = math.sqrt(variance + (eps * p) * p)
        middle, factor = kind(mean), root / deviation
        scale, shift = kind(factor), kind(-((mean - middle) + low) * factor)
        for i in range(row.size):
            target[i] = fma(fma(row[i] - middle, scale, shift), gamma[i], beta[i])
        statistics[0, r], statistics[1, r], statistics[2, r] = mean / p, low / p, deviation / p


@njit
def row_statistics(rows: Array, eps: float) -> Doubles:
    """Return each row's mean in two parts, variance and deviation, of shape (4, rows)."""
    out, scratch = np.empty((4, rows.shape[0])), np.empty(rows.shape[1], rows.dtype)
    for r in range(rows.shape[0]):
        _, mean, low, variance, p = _statistics(rows[r], rows[r], None, None, eps, scratch)
        out[0, r], out[1, r] = mean / p, low / p
        out[2, r], out[3, r] = variance / p / p, math.sqrt(variance) / p
    return out


@njit
def normalize_channels(
    rows: Array, target: float, eps: float, gamma: Array, beta: Array
) -> Doubles:
    """Normalise each row in place, with a gamma and a beta of its own; return `row_statistics`."""
    kind, out = rows.dtype.type, np.empty((4, rows.shape[0]))
    for r in range(rows.shape[0]):
        row, mean, low, variance, p = _statistics(rows[r], rows[r], None, None, eps, rows[r])
        factor = math.sqrt(target) / math.sqrt(variance + (eps * p) * p) * gamma[r]
        middle, scale = kind(mean), kind(factor)
        shift = kind(beta[r] - ((mean - middle) + low) * factor)
        for i in range(row.size):
            row[i] = fma(row[i] - middle, scale, shift)
        out[0, r], out[1, r] = mean / p, low / p
        out[2, r], out[3, r] = variance / p / p, math.sqrt(variance) / p
    return out


@njit
def _flush(few: Array, sums: Doubles) -> None:
    """Add the sums of a few rows to those of a block."""
    for i in range(sums.size):
        sums[i] += np.float64(few[i])
        few[i] = 0


@njit
def _layer_norm_gradient(
    first: int,
    last: int,
    blocks: int,
    grad: Array,
    x: Array,
    y: Any,
    by: Factors,
    root: float,
    gamma: Array,
    statistics: Doubles,
    gi: Array,
    gr: Any,
    sums: Doubles,
) -> None:
    """Treat blocks first, ..., last - 1 of the rows; sums[0], sums[1] are by block and column."""
    wide_vectors()
    rows, cols = x.shape
    kind = gi.dtype.type
    dgamma, dbeta = np.zeros(cols, gi.dtype), np.zeros(cols, gi.dtype)
    joined = np.empty(cols, gi.dtype)  # as in `_layer_norm`
    for block in range(first, last):
        sums[:, block] = 0.0
        start, stop = rows * block // blocks, rows * (block + 1) // blocks
        for r in range(start, stop):
            g, row, target = grad[r], x[r], gi[r]
            p = power_outside(statistics[2, r], gi.itemsize // 8)
            if y is not None:
                _join(x[r], y[r], by, p, joined)
                row = joined
            elif p != 1:
                _join(x[r], None, by, p, joined)
                row = joined
            mean, inverse = statistics[0, r] * p, 1.0 / (statistics[2, r] * p)
            middle = kind(mean)
            missed = (mean - middle) + statistics[1, r] * p
            total, dot = sum_scaled(g, row, gamma, middle)
            across = kind((dot - missed * total) * inverse * inverse / cols)
            along, scale, low = kind(total / cols), kind(inverse * root), kind(missed)
            for i in range(cols):
                d = (row[i] - middle) - low
                dgamma[i] = fma(g[i] * scale, d, dgamma[i])
                dbeta[i] += g[i]
                t = fma(-d, across, fma(g[i], gamma[i], -along)) * scale * by.identity
                target[i] = t
                if gr is not None:
                    gr[r, i] = t * by.residual
            if p != 1:
                _multiply(target, p)
                if gr is not None:
                    for i in range(cols):
                        gr[r, i] = target[i] * by.residual
            if (r - start) % _FEW == _FEW - 1 or r == stop - 1:
                _flush(dgamma, sums[0, block])
                _flush(dbeta, sums[1, block])


def layer_norm_of(
    x: Array,
    y: Array | None,
    by: Factors,
    target: float,
    eps: float,
    gamma: Array | None,
    beta: Array | None,
) -> tuple[Array, Doubles]:
    """Normalise the rows of x, or of the residual connection of x and y.

    Return the output and the rows' statistics, of shape (3, rows): the mean in two parts, and
    √(var + eps).
    """
    rows, cols = x.shape
    out, statistics = np.empty_like(x), np.empty((3, rows))
    if cols == 0:
        statistics[:] = np.nan
        return out, statistics
    gamma = np.ones(cols, x.dtype) if gamma is None else gamma
    beta = np.zeros(cols, x.dtype) if beta is None else beta
    options = by, math.sqrt(target), float(eps), gamma, beta
    in_threads(_layer_norm, rows, x.size, x, y, *options, out, statistics)
    return out, statistics


def layer_norm_gradients(
    grad: Array,
    x: Array,
    y: Array | None,
    by: Factors,
    target: float,
    gamma: Array | None,
    statistics: Doubles,
) -> tuple[Array, Array | None, Array, Array]:
    """Return the gradients by identity, residual (None: the same), gamma and beta."""
    rows, cols = x.shape
    gi = np.empty_like(x)
    gr = None if by.identity == by.residual else np.empty_like(x)
    gamma = np.ones(cols, x.dtype) if gamma is None else gamma
    blocks = max(1, min(rows, _BLOCKS[1], max(_BLOCKS[0], rows // _FEW)))
    sums = np.empty((2, blocks, cols))
    options = by, math.sqrt(target), gamma, statistics
    in_threads(_layer_norm_gradient, blocks, 4 * x.size, blocks, grad, x, y, *options, gi, gr, sums)
    added = np.empty((2, cols), x.dtype)
    _add_blocks(sums, added)
    return gi, gr, *added


@njit
def _add_blocks(sums: Doubles, out: Array) -> None:
    """Write the sums over blocks."""
    for k in range(2):
        for block in range(1, sums.shape[1]):
            _flush(sums[k, block], sums[k, 0])
        out[k] = sums[k, 0]

"""Batch norm over all channels of (N, C, S): passes in threads, and the numbers between them.

What Python calls is compiled whole. Passes empty the caches, and Python between them took 0.28 of
the 1.02 ms of forward and backward at 1024 x 1024.

A matrix (N, C·S) that is narrower than WIDE is folded, 2^k rows taken as one; the rows that are
left over are a matrix of their own. `crew` is what `jit.threads.crew` gives.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu import channels
from syntonic.flux.cpu.channels import BLOCK, RUN, SPLIT, STRETCH
from syntonic.flux.cpu.rows import BOUND, fits, merge
from syntonic.jit.compile import njit
from syntonic.jit.floats import two_sum
from syntonic.jit.threads import driver
from syntonic.typing import FloatArray as Array

Doubles = npt.NDArray[np.float64]
Crew = tuple[int, int, int]

__all__ = ["apply", "gradients", "merge_parts", "statistics_of"]

WIDE = 64
LARGE = 1 << 12
"""Arrays of fewer elements are not folded: that would take longer than the rest."""

_NEAR = 16  # elements of a channel whose mean is a first guess

_run_moments, _column_moments = driver(channels.run_moments), driver(channels.column_moments)
_to_runs, _to_columns = driver(channels.apply_to_runs), driver(channels.apply_to_columns)
_run_sums, _column_sums = driver(channels.run_sums), driver(channels.column_sums)
_run_gradients = driver(channels.run_gradients)
_column_gradients = driver(channels.column_gradients)


# -- matrices of columns ------------------------------------------------------------------------


@njit
def _fold(n: int, width: int) -> int:
    """Return how many rows of a width are taken as one."""
    fold = 1
    while fold * width < WIDE and 2 * fold <= n and n * width >= LARGE:
        fold *= 2
    return fold


@njit
def _matrix(x: Array, part: int, fold: int) -> tuple[Array, int]:
    """Return rows that are folded (part 0) or left over (1) as a matrix, and the fold of these."""
    n, count, inner = x.shape
    width, flat = count * inner, x.reshape(-1)
    folded = n // fold
    edge = folded * fold * width
    if part == 0:
        return flat[:edge].reshape((folded, fold * width)), fold
    return flat[edge:].reshape((n - folded * fold, width)), 1


@njit
def _by_column(values: Array, fold: int, inner: int) -> Array:
    """Return the values of channels for each column."""
    if fold == 1 and inner == 1:
        return values
    out = np.empty(fold * values.size * inner, values.dtype)
    for i in range(out.size):
        out[i] = values[i // inner % values.size]
    return out


@njit
def _shared(crew: Crew, items: int) -> tuple[int, int]:
    """Return the pool and how many pieces it gets; no pool for one item."""
    return (crew[0], min(items, crew[1])) if items > 1 else (0, 1)


@njit
def _items(matrix: Array) -> int:
    rows, cols = matrix.shape
    return -(-rows // SPLIT) * -(-cols // BLOCK)


@njit
def _per(n: int, inner: int) -> tuple[int, int]:
    """Return how many runs make an item, and how many items a channel has."""
    per = max(1, min(n, STRETCH // inner))
    return per, -(-n // per)


# -- statistics ---------------------------------------------------------------------------------


@njit
def merge_parts(
    done: int, each: int, total: int, means: Doubles, squares: Doubles, mean: Doubles, m2: Doubles
) -> int:
    """Merge tables of shape (parts, fold, C, S) into the mean and M2 of `done` elements each.

    A part has `each` elements in each place, the last one what is left of `total`. Return the new
    count.
    """
    for p in range(means.shape[0]):
        more = min(each, total - p * each)
        for f in range(means.shape[1]):
            for c in range(means.shape[2]):
                n = done
                for s in range(means.shape[3]):
                    u, v = means[p, f, c, s], squares[p, f, c, s]
                    if n == 0:
                        mean[c], m2[c] = u, v
                    else:
                        mean[c], m2[c] = merge(n, mean[c], m2[c], more, u, v)
                    n += more
            done += more * means.shape[3]
    return done


@njit
def _moments(crew: Crew, x: Array, pivots: Array, mean: Doubles, var: Doubles) -> None:
    """Write the means of the channels, less the pivots, and their variances."""
    n, count, inner = x.shape
    if inner >= RUN:
        per, parts = _per(n, inner)
        items = parts * count
        tables = np.empty((2, parts, 1, count, 1))
        means, squares = tables[0].reshape((parts, count)), tables[1].reshape((parts, count))
        pool, pieces = _shared(crew, items)
        _run_moments(pool, items, pieces, crew[2], per, x, pivots, means, squares)
        merge_parts(0, per * inner, n * inner, tables[0], tables[1], mean, var)
    else:
        done, folded = 0, _fold(n, count * inner)
        for part in range(2):
            matrix, fold = _matrix(x, part, folded)
            if matrix.size:
                rows, cols = matrix.shape
                parts, items = -(-rows // SPLIT), _items(matrix)
                about = _by_column(pivots, fold, inner)
                tables = np.empty((2, parts, fold, count, inner))
                means, squares = tables[0].reshape((parts, cols)), tables[1].reshape((parts, cols))
                pool, pieces = _shared(crew, items)
                _column_moments(pool, items, pieces, crew[2], matrix, about, means, squares)
                done = merge_parts(done, SPLIT, rows, tables[0], tables[1], mean, var)
    for c in range(count):
        var[c] /= n * inner


@njit
def statistics_of(crew: Crew, x: Array, eps: float, scaled: bool, table: Doubles) -> bool:
    """Write the statistics of channels, as `norm` describes them; tell whether they can stand.

    They cannot where a square has left the range of the dtype, if x was not scaled to avoid that.
    Where a mean is far from the pivot, moments are taken once more, about what then is near it.
    """
    n, count, _ = x.shape
    wide, few = x.itemsize // 8, min(n, _NEAR)
    pivots, mean, var = np.empty(count, x.dtype), np.empty(count), np.empty(count)
    for c in range(count):
        total = 0.0
        for i in range(few):
            total += np.float64(x[i, c, 0])
        pivots[c] = total / few
    _moments(crew, x, pivots, mean, var)
    fit, far = True, False
    for c in range(count):
        fit = fit and (scaled or fits(var[c], eps, wide))
        far = far or mean[c] * mean[c] > 16 * var[c]
    if fit and far:
        for c in range(count):
            if mean[c] * mean[c] > 16 * var[c]:
                pivots[c] = np.float64(pivots[c]) + mean[c]
        _moments(crew, x, pivots, mean, var)
    for c in range(count):
        table[0, c], table[1, c] = two_sum(np.float64(pivots[c]), mean[c])
        table[2, c], table[3, c] = var[c], math.sqrt(var[c])
    return fit


# -- normalization ------------------------------------------------------------------------------


@njit
def _centre(statistics: Doubles, eps: float, wide: int, middle: Array, rest: Doubles) -> bool:
    """Write what `norm` calls the centre; tell whether all deviations are near enough to 1."""
    bound = BOUND[wide]
    for c in range(middle.size):
        mean = statistics[0, c]
        middle[c] = mean
        rest[0, c] = (mean - np.float64(middle[c])) + statistics[1, c]
        deviation = math.sqrt(statistics[2, c] + eps)
        rest[1, c] = 1.0 / deviation
        if not 1.0 / bound <= deviation <= bound:
            return False
    return True


@njit
def apply(
    crew: Crew, x: Array, statistics: Doubles, eps: float, centred: bool, middle: Array,
    rest: Doubles, root: float, gamma: Array, beta: Array, out: Array,
) -> bool:  # fmt: skip
    """Write (x - mean)·root/√(var + eps)·gamma + beta, unless it needs a centre of x scaled.

    The centre is written first, if that was not done.
    """
    n, count, inner = x.shape
    if not (centred or _centre(statistics, eps, x.itemsize // 8, middle, rest)):
        return False
    low, inverse = rest[0], rest[1]
    scale, shift = np.empty(count, x.dtype), np.empty(count, x.dtype)
    for c in range(count):
        factor = inverse[c] * root * gamma[c]
        scale[c], shift[c] = factor, beta[c] - low[c] * factor
    if inner >= RUN:
        items = n * count
        pool, pieces = _shared(crew, items)
        _to_runs(pool, items, pieces, crew[2], x, middle, scale, shift, out)
    else:
        folded = _fold(n, count * inner)
        for part in range(2):
            matrix, fold = _matrix(x, part, folded)
            if matrix.size:
                items, target = _items(matrix), _matrix(out, part, folded)[0]
                m, s, b = (
                    _by_column(middle, fold, inner),
                    _by_column(scale, fold, inner),
                    _by_column(shift, fold, inner),
                )
                pool, pieces = _shared(crew, items)
                _to_columns(pool, items, pieces, crew[2], matrix, m, s, b, target)
    return True


# -- gradients ----------------------------------------------------------------------------------


@njit
def _sums(crew: Crew, grad: Array, x: Array, middle: Array, total: Doubles) -> None:
    """Write the sums of g and of g·(x - middle) by channel."""
    n, count, inner = x.shape
    total[:] = 0.0
    if inner >= RUN:
        per, parts = _per(n, inner)
        items, sums = parts * count, np.empty((2, parts, count))
        pool, pieces = _shared(crew, items)
        _run_sums(pool, items, pieces, crew[2], per, grad, x, middle, sums)
        _add_up(sums, 1, total)
    else:
        folded = _fold(n, count * inner)
        for part in range(2):
            matrix, fold = _matrix(x, part, folded)
            if matrix.size:
                items, by = _items(matrix), _matrix(grad, part, folded)[0]
                rows, cols = matrix.shape
                sums, about = (
                    np.empty((2, -(-rows // SPLIT), cols)),
                    _by_column(middle, fold, inner),
                )
                pool, pieces = _shared(crew, items)
                _column_sums(pool, items, pieces, crew[2], by, matrix, about, sums)
                _add_up(sums, inner, total)


@njit
def _add_up(sums: Doubles, inner: int, total: Doubles) -> None:
    """Add sums of shape (2, parts, columns) to those of the channels."""
    for k in range(2):
        for part in range(sums.shape[1]):
            for i in range(sums.shape[2]):
                total[k, i // inner % total.shape[1]] += sums[k, part, i]


@njit
def gradients(
    crew: Crew, grad: Array, x: Array, statistics: Doubles, eps: float, centred: bool,
    middle: Array, rest: Doubles, n: float, root: float, gamma: Array, dx: Array, sums: Array,
) -> bool:  # fmt: skip
    """Write the gradients by x, gamma and beta; see `apply`.

    n elements of a channel share its statistics.
    """
    count, inner = x.shape[1], x.shape[2]
    if not (centred or _centre(statistics, eps, x.itemsize // 8, middle, rest)):
        return False
    low, inverse = rest[0], rest[1]
    total = np.empty((2, count))
    _sums(crew, grad, x, middle, total)
    scale, along, across = (
        np.empty(count, x.dtype), np.empty(count, x.dtype), np.empty(count, x.dtype)
    )  # fmt: skip
    for c in range(count):
        about = total[1, c] - low[c] * total[0, c]
        slope = about * inverse[c] * inverse[c] / n
        scale[c] = inverse[c] * root * gamma[c]
        along[c], across[c] = total[0, c] / n - low[c] * slope, slope
        sums[0, c], sums[1, c] = about * inverse[c] * root, total[0, c]
    if inner >= RUN:
        items = x.shape[0] * count
        pool, pieces = _shared(crew, items)
        _run_gradients(pool, items, pieces, crew[2], grad, x, middle, scale, along, across, dx)
    else:
        folded = _fold(x.shape[0], count * inner)
        for part in range(2):
            matrix, fold = _matrix(x, part, folded)
            if matrix.size:
                items = _items(matrix)
                g, target = _matrix(grad, part, folded)[0], _matrix(dx, part, folded)[0]
                m, s, a, b = (
                    _by_column(middle, fold, inner),
                    _by_column(scale, fold, inner),
                    _by_column(along, fold, inner),
                    _by_column(across, fold, inner),
                )
                pool, pieces = _shared(crew, items)
                _column_gradients(pool, items, pieces, crew[2], g, matrix, m, s, a, b, target)
    return True

"""Moments of parts of a set of numbers merged to those of the whole: what several processes, or
several blocks of an array, share.

A part's moments are four numbers: its count n, its mean as two (the nearest float64 and what that
misses), and the sum M2 of the squares of its deviations from the mean. Without the second number of
the mean, M2 of parts whose means are large beside their deviations would lose all its digits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syntonic.errors import ShapeError
from syntonic.typing import FloatArray

__all__ = ["merge_moments"]


def merge_moments(parts: npt.ArrayLike) -> FloatArray:
    """Return the moments of numbers of which those of parts are known.

    Parameters
    ----------
    parts : array-like
        Of shape (k, 4, *), k >= 1, converted to float64: for each part the counts, means, what the
        means miss, and M2. Where a count is 0 the others are not looked at.

    Returns
    -------
    ndarray
        Of shape (4, *), float64: the same of all; zeros where all parts are empty.

    Raises
    ------
    ShapeError
        parts has another shape.

    Notes
    -----
    With p the first mean, d = (mean - p) + low and t = Σnd/n, the mean is p + t and M2 is
    ΣM2 + Σn(d - t)² (Chan, Golub and LeVeque, about a pivot). Sums are compensated, so that errors
    do not grow with k: some units in the last place of M2, and of the deviation in the mean.
    Squares of deviations must be within the range of float64. Equal parts in equal order give
    equal bits on every machine.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance",
    The American Statistician 37 (1983).

    Examples
    --------
    >>> one, three = [1, 1.0, 0.0, 0.0], [2, 4.0, 0.0, 2.0]      # 1; 3 and 5
    >>> merge_moments([one, three]).tolist()
    [3.0, 3.0, 0.0, 8.0]
    """
    table = np.asarray(parts, np.float64)
    if table.ndim < 2 or table.shape[0] < 1 or table.shape[1] != 4:
        raise ShapeError(
            f"merge_moments: parts must have shape (k, 4, ...), k >= 1, got {table.shape}; pass "
            "counts, means, what the means miss, and sums of squares for each part"
        )
    count, mean, low, m2 = np.moveaxis(table, 1, 0)
    full = count > 0
    with np.errstate(all="ignore"):
        pivot = np.take_along_axis(mean, np.argmax(full, axis=0)[None], axis=0)[0]
        pivot = np.where(full.any(axis=0), pivot, 0)
        off = np.where(full, (mean - pivot) + low, 0)
        n = count.sum(axis=0)
        shift = _sum(count * off) / np.maximum(n, 1)
        spread = np.where(full, count * (off - shift) ** 2, 0)
        whole = *_two_sum(pivot, shift), _sum(np.concatenate([np.where(full, m2, 0), spread]))
    return np.stack([n, *whole])


def _sum(terms: FloatArray) -> FloatArray:
    """Return sums along the first axis, compensated: within a unit in the last place or so."""
    total, missed = np.zeros((2, *terms.shape[1:]))
    for term in terms:
        total, error = _two_sum(total, term)
        missed = missed + error
    out: FloatArray = total + missed
    return out


def _two_sum(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return s = fl(x + y) and the error e, s + e = x + y (Knuth)."""
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)

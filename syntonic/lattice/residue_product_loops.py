"""Compiled steps of `residue_products`: the same floats as its own, without arrays in between.

All numbers are integers below 2^53, so each product and difference is exact. Importing this module
imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.jit.compile import njit

__all__ = ["carry", "least"]


@njit
def least(x: Any, p: Any) -> None:
    """Bring the rows of x to residues of least size modulo the elements of p."""
    for i in range(x.shape[0]):
        row, prime, inverse = x[i], p[i], 1.0 / p[i]
        for j in range(row.size):
            row[j] -= np.rint(row[j] * inverse) * prime


@njit
def carry(sums: Any, out: Any, base: float) -> None:
    """Write the digits of Σ sums_k base^k, for each k those of all numbers in a row."""
    above, inverse = np.zeros(sums.shape[1]), 1.0 / base
    for k in range(sums.shape[0]):
        row, digits = sums[k], out[k]
        for j in range(row.size):
            total = row[j] + above[j]
            above[j] = np.floor(total * inverse)
            digits[j] = np.uint16(np.int32(total - above[j] * base))

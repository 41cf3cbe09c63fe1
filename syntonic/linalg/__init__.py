"""Exact linear algebra over Q(φ), batched over leading axes.

Every function takes crystallized tensors or exact array-likes of shape (..., n, m) and returns
exact results: no pivot is too small, no rank depends on a tolerance. The algorithms are
multimodular, with as many primes as a proven bound asks for.

References
----------
J. von zur Gathen, J. Gerhard, *Modern Computer Algebra*, 3rd ed., Cambridge 2013, sections 5.5
and 16.6.
"""

from syntonic.linalg.fields import (
    charpoly,
    det,
    echelon,
    inv,
    nullspace,
    rank,
    solve,
    trace,
)
from syntonic.linalg.integral import hermite_form, lll, smith_form
from syntonic.linalg.norms import norm
from syntonic.linalg.products import chain_product, matmul, matrix_power
from syntonic.linalg.spaces import column_space, lu, row_space, rref

__all__ = [
    "chain_product",
    "charpoly",
    "column_space",
    "det",
    "echelon",
    "hermite_form",
    "inv",
    "lll",
    "lu",
    "matmul",
    "matrix_power",
    "norm",
    "nullspace",
    "rank",
    "row_space",
    "rref",
    "smith_form",
    "solve",
    "trace",
]


def __dir__() -> list[str]:
    return [*__all__]

"""The extension of the standard for matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syntonic.xp.wrapping import wrapped

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


def __dir__() -> list[str]:
    return [*__all__]


Function = Callable[..., Any]

cholesky: Function = wrapped("linalg.cholesky")
cross: Function = wrapped("linalg.cross")
det: Function = wrapped("linalg.det")
diagonal: Function = wrapped("linalg.diagonal")
eigh: Function = wrapped("linalg.eigh")
eigvalsh: Function = wrapped("linalg.eigvalsh")
inv: Function = wrapped("linalg.inv")
matmul: Function = wrapped("linalg.matmul")
matrix_norm: Function = wrapped("linalg.matrix_norm")
matrix_power: Function = wrapped("linalg.matrix_power")
matrix_rank: Function = wrapped("linalg.matrix_rank")
matrix_transpose: Function = wrapped("linalg.matrix_transpose")
outer: Function = wrapped("linalg.outer")
pinv: Function = wrapped("linalg.pinv")
qr: Function = wrapped("linalg.qr")
slogdet: Function = wrapped("linalg.slogdet")
solve: Function = wrapped("linalg.solve")
svd: Function = wrapped("linalg.svd")
svdvals: Function = wrapped("linalg.svdvals")
tensordot: Function = wrapped("linalg.tensordot")
trace: Function = wrapped("linalg.trace")
vecdot: Function = wrapped("linalg.vecdot")
vector_norm: Function = wrapped("linalg.vector_norm")

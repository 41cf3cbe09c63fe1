"""Functions of whole arrays: shapes, sums, order, sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syntonic.tensor import ResonantTensor
from syntonic.xp.wrapping import wrapped

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "broadcast_arrays",
    "broadcast_to",
    "can_cast",
    "clip",
    "concat",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "empty_like",
    "expand_dims",
    "flip",
    "full_like",
    "isdtype",
    "matmul",
    "matrix_transpose",
    "max",
    "mean",
    "meshgrid",
    "min",
    "moveaxis",
    "nonzero",
    "ones_like",
    "permute_dims",
    "prod",
    "repeat",
    "reshape",
    "result_type",
    "roll",
    "searchsorted",
    "sort",
    "squeeze",
    "stack",
    "std",
    "sum",
    "take",
    "take_along_axis",
    "tensordot",
    "tile",
    "tril",
    "triu",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "unstack",
    "var",
    "vecdot",
    "where",
    "zeros_like",
]

Returning = Callable[..., ResonantTensor]
Plain = Callable[..., Any]
"""To truth values, positions, or several arrays."""

all: Plain = wrapped("all")
any: Plain = wrapped("any")
argmax: Plain = wrapped("argmax")
argmin: Plain = wrapped("argmin")
argsort: Plain = wrapped("argsort")
broadcast_arrays: Plain = wrapped("broadcast_arrays")
broadcast_to: Returning = wrapped("broadcast_to")
can_cast: Plain = wrapped("can_cast")
clip: Returning = wrapped("clip")
concat: Returning = wrapped("concat")
count_nonzero: Plain = wrapped("count_nonzero")
cumulative_prod: Returning = wrapped("cumulative_prod")
cumulative_sum: Returning = wrapped("cumulative_sum")
diff: Returning = wrapped("diff")
empty_like: Returning = wrapped("empty_like")
expand_dims: Returning = wrapped("expand_dims")
flip: Returning = wrapped("flip")
full_like: Returning = wrapped("full_like")
isdtype: Plain = wrapped("isdtype")
matmul: Returning = wrapped("matmul")
matrix_transpose: Returning = wrapped("matrix_transpose")
max: Returning = wrapped("max")
mean: Returning = wrapped("mean")
meshgrid: Plain = wrapped("meshgrid")
min: Returning = wrapped("min")
moveaxis: Returning = wrapped("moveaxis")
nonzero: Plain = wrapped("nonzero")
ones_like: Returning = wrapped("ones_like")
permute_dims: Returning = wrapped("permute_dims")
prod: Returning = wrapped("prod")
repeat: Returning = wrapped("repeat")
reshape: Returning = wrapped("reshape")
result_type: Plain = wrapped("result_type")
roll: Returning = wrapped("roll")
searchsorted: Plain = wrapped("searchsorted")
sort: Returning = wrapped("sort")
squeeze: Returning = wrapped("squeeze")
stack: Returning = wrapped("stack")
std: Returning = wrapped("std")
sum: Returning = wrapped("sum")
take: Returning = wrapped("take")
take_along_axis: Returning = wrapped("take_along_axis")
tensordot: Returning = wrapped("tensordot")
tile: Returning = wrapped("tile")
tril: Returning = wrapped("tril")
triu: Returning = wrapped("triu")
unique_all: Plain = wrapped("unique_all")
unique_counts: Plain = wrapped("unique_counts")
unique_inverse: Plain = wrapped("unique_inverse")
unique_values: Plain = wrapped("unique_values")
unstack: Plain = wrapped("unstack")
var: Returning = wrapped("var")
vecdot: Returning = wrapped("vecdot")
where: Returning = wrapped("where")
zeros_like: Returning = wrapped("zeros_like")

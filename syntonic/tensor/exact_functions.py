"""The table of NumPy's array functions that have an exact form of their own.

Each form takes lattice arrays where NumPy takes arrays, with NumPy's signature, and returns
lattice arrays or plain arrays. The options are those that `options` passes on: what changes
nothing or has no exact meaning is dealt with there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.lattice import order as lattice_order
from syntonic.lattice.products import matmul
from syntonic.tensor import display
from syntonic.tensor import exact_joining as joining
from syntonic.tensor import exact_moving as moving
from syntonic.tensor import exact_norms as norms
from syntonic.tensor import exact_order as order
from syntonic.tensor import exact_padding as padding
from syntonic.tensor import exact_polynomials as polynomials
from syntonic.tensor import exact_products as products
from syntonic.tensor import exact_reductions as reductions
from syntonic.tensor import exact_sets as sets
from syntonic.tensor import exact_truth as truth

__all__ = ["EXACT"]

_SELF = {name: lambda x, *args, **kwargs: x for name in ("nan_to_num", "real_if_close", "require")}


def _linear_algebra(name: str) -> Callable[..., Any]:
    """Return a function of `exact_linalg`, which loads when it is first called."""

    def later(*args: Any, **kwargs: Any) -> Any:
        from syntonic.tensor import exact_linalg

        return getattr(exact_linalg, name)(*args, **kwargs)

    return later


EXACT: dict[str, Callable[..., Any]] = {
    **{
        f"linalg.{name}": _linear_algebra(name)
        for name in "det inv matrix_power matrix_rank solve tensorinv tensorsolve".split()
    },
    "poly": _linear_algebra("poly"),
    **_SELF,
    **dict.fromkeys(("sum", "nansum"), reductions.sum_),
    **dict.fromkeys(("prod", "nanprod"), reductions.prod),
    **dict.fromkeys(("mean", "nanmean"), reductions.mean),
    **dict.fromkeys(("var", "nanvar"), reductions.var),
    **dict.fromkeys(("cumsum", "nancumsum"), reductions.cumsum),
    **dict.fromkeys(("cumprod", "nancumprod"), reductions.cumprod),
    **dict.fromkeys(("max", "amax", "nanmax"), order.amax),
    **dict.fromkeys(("min", "amin", "nanmin"), order.amin),
    **dict.fromkeys(("argmax", "nanargmax"), order.argmax),
    **dict.fromkeys(("argmin", "nanargmin"), order.argmin),
    **dict.fromkeys(("round", "around"), order.round_),
    **dict.fromkeys(("median", "nanmedian"), order.median),
    **dict.fromkeys(("tensordot", "linalg.tensordot"), products.tensordot),
    **{
        name: joining.atleast(getattr(np, name))
        for name in ("atleast_1d", "atleast_2d", "atleast_3d")
    },
    **{
        name: joining.joiner(getattr(np, name))
        for name in ("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack")
    },
    **{
        name: joining.splitter(getattr(np, name))
        for name in ("hsplit", "vsplit", "dsplit", "unstack")
        if hasattr(np, name)
    },
    **{
        name: truth.on_truth(getattr(np, name))
        for name in ("all", "any", "argwhere", "count_nonzero", "flatnonzero", "nonzero")
    },
    **{name: joining.split(getattr(np, name)) for name in ("array_split", "split")},
    **dict.fromkeys(("isneginf", "isposinf"), truth.nowhere),
    "append": moving.append,
    "argpartition": order.argpartition,
    "argsort": order.argsort,
    "array2string": display.array2string,
    "array_repr": display.array_repr,
    "array_str": display.array_str,
    "array_equal": truth.array_equal,
    "array_equiv": truth.array_equiv,
    "astype": truth.as_type,
    "average": reductions.average,
    "block": moving.block,
    "broadcast_arrays": joining.broadcast_arrays,
    "choose": moving.choose,
    "clip": order.clip,
    "compress": joining.compress,
    "convolve": polynomials.convolve,
    "correlate": polynomials.correlate,
    "cross": products.cross,
    "cumulative_prod": reductions.cumulative_prod,
    "cumulative_sum": reductions.cumulative_sum,
    "diag_indices_from": moving.diag_indices_from,
    "diff": reductions.diff,
    "digitize": order.digitize,
    "dot": products.dot,
    "ediff1d": reductions.ediff1d,
    "einsum": products.einsum,
    "empty_like": joining.zeros_like,
    "extract": joining.extract,
    "fix": lattice_order.trunc,
    "full_like": joining.full_like,
    "imag": joining.zeros_like,
    "inner": products.inner,
    "insert": moving.insert,
    "intersect1d": sets.intersect1d,
    "iscomplex": lambda x: truth.nowhere(x)[()],
    "iscomplexobj": lambda x: False,
    "isin": sets.isin,
    "isreal": truth.everywhere,
    "isrealobj": lambda x: True,
    "ix_": moving.ix_,
    "kron": products.kron,
    "lexsort": order.lexsort,
    "linalg.cross": products.linalg_cross,
    "linalg.matmul": matmul,
    "linalg.matrix_norm": norms.matrix_norm,
    "linalg.multi_dot": products.multi_dot,
    "linalg.norm": norms.norm,
    "linalg.outer": products.linalg_outer,
    "linalg.trace": reductions.linalg_trace,
    "linalg.vecdot": products.vecdot,
    "linalg.vector_norm": norms.vector_norm,
    "meshgrid": moving.meshgrid,
    "ndim": lambda a: a.ndim,
    "ones_like": joining.ones_like,
    "outer": products.outer,
    "pad": padding.pad,
    "partition": order.partition,
    "piecewise": moving.piecewise,
    "polyadd": polynomials.polyadd,
    "polyder": polynomials.polyder,
    "polymul": polynomials.polymul,
    "polynomial.polynomial.polygrid2d": polynomials.polygrid2d,
    "polynomial.polynomial.polyval2d": polynomials.polyval2d,
    "polynomial.polynomial.polyvalnd": polynomials.polyvalnd,
    "polysub": polynomials.polysub,
    "polyval": polynomials.polyval,
    "ptp": order.ptp,
    "searchsorted": order.searchsorted,
    "select": moving.select,
    "setdiff1d": sets.setdiff1d,
    "setxor1d": sets.setxor1d,
    "shape": lambda a: a.shape,
    "size": joining.size,
    "sort": order.sort,
    "trace": reductions.trace,
    "tril_indices_from": moving.tril_indices_from,
    "trim_zeros": moving.trim_zeros,
    "triu_indices_from": moving.triu_indices_from,
    "union1d": sets.union1d,
    "unique": sets.unique,
    "unique_all": sets.unique_all,
    "unique_counts": sets.unique_counts,
    "unique_inverse": sets.unique_inverse,
    "unique_values": sets.unique_values,
    "vander": polynomials.vander,
    "vdot": products.vdot,
    "where": joining.where,
    "zeros_like": joining.zeros_like,
}

"""What Dask arrays of tensors say of the whole: variances, moments, syntony."""

from __future__ import annotations

from math import prod
from typing import Any

import dask
import dask.array as da
import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.dask.arrays import is_exact
from syntonic.errors import ShapeError
from syntonic.ops import blocks
from syntonic.tensor import ResonantTensor
from syntonic.typing import Axis, RealArrayLike

__all__ = ["moments_of", "syntony", "var"]


def _axes_of(x: Any, axis: Any, where: str) -> tuple[int, ...]:
    """Return axes as numbers from 0; all of them for None."""
    given = range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()
    if any(not -x.ndim <= i < x.ndim for i in given):
        raise np.exceptions.AxisError(f"{where}: axis must be one of {x.ndim}, got {axis}")
    return tuple(sorted({int(i) % x.ndim for i in given}))


def var(x: da.Array, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> da.Array:
    """Return variances along axes, over n - ddof.

    Parameters
    ----------
    x : dask.array.Array
        Of tensors in one phase.
    axis : int, tuple of int or None, default None
        The axes reduced; all by default.
    ddof : int, default 0
        What is taken from the number of elements.
    keepdims : bool, default False
        Whether reduced axes stay, with length 1.

    Returns
    -------
    dask.array.Array
        Exact where x is: the same whatever the chunks. In flux, moments of the blocks are merged,
        and the result is within some units in the last place of that of the whole.

    Raises
    ------
    ValueError
        n - ddof is not positive.
    AxisError
        There is no such axis.

    See Also
    --------
    syntony : another number of the whole.
    syntonic.ResonantTensor.var : of one tensor.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic import PHI, ResonantTensor
    >>> var(da.from_array(ResonantTensor([PHI, 1 - PHI]), chunks=1)).compute()
    ResonantTensor(5/4)
    """
    exact, axes = is_exact(x, "var"), _axes_of(x, axis, "var")
    n = prod(x.shape[i] for i in axes)
    if n <= ddof:
        raise ValueError(f"var: n - ddof must be positive, got n = {n} and ddof = {ddof}")
    if exact:
        total, squares = (each.sum(axis=axes, keepdims=keepdims) for each in (x, x * x))
        return (squares - total * total / n) / (n - ddof)
    whole = moments_of(x, axes)
    meta = ResonantTensor.from_flux(np.empty((0,) * x.ndim, x.dtype))
    out = whole.map_blocks(_variance, dtype=x.dtype, meta=meta, ddof=ddof, kind=x.dtype)
    return out if keepdims else out.squeeze(axis=axes)


def moments_of(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the moments of flux along axes, which stay with length 1, merged over the blocks."""
    return da.reduction(
        x, chunk=_moments, combine=_merged, aggregate=_merged, axis=axes, keepdims=True,
        dtype=blocks.MOMENTS, meta=np.empty((0,) * x.ndim, blocks.MOMENTS),
    )  # fmt: skip


def _moments(x: ResonantTensor, axis: Any, keepdims: bool) -> Any:
    return blocks.moments(x, tuple(axis))


def _merged(parts: Any, axis: Any, keepdims: bool) -> Any:
    return blocks.merged(parts, tuple(axis))


def _variance(whole: Any, ddof: int, kind: Any) -> ResonantTensor:
    return ResonantTensor.from_flux(blocks.variance(whole, ddof).astype(kind))


def syntony(x: da.Array, mode_norm_sq: da.Array | RealArrayLike | None = None) -> da.Array:
    """Return Σ v² exp(-|n|²/φ) / Σ v² over the modes n of the whole array.

    Parameters
    ----------
    x : dask.array.Array
        Of tensors in either phase.
    mode_norm_sq : array-like, optional
        The numbers |n|², of the shape of x; by default the flat index in x, squared. What the
        blocks carry is not asked.

    Returns
    -------
    dask.array.Array
        Of no axis: one float64.

    Raises
    ------
    ShapeError
        mode_norm_sq has another shape.

    See Also
    --------
    syntonic.ResonantTensor.syntony : of one tensor.
    var : another number of the whole.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic import ResonantTensor
    >>> float(syntony(da.from_array(ResonantTensor([1, 0, 0]), chunks=2)).compute())
    1.0
    """
    is_exact(x, "syntony")
    norms = [] if mode_norm_sq is None else [da.asarray(mode_norm_sq)]
    if norms and norms[0].shape != x.shape:
        raise ShapeError(f"syntony: mode_norm_sq must have shape {x.shape}, got {norms[0].shape}")
    norms = [each.rechunk(x.chunks) for each in norms]
    chunks = (*((1,) * len(each) for each in x.chunks), (3,))
    parts = da.map_blocks(
        _energies, x, *norms, chunks=chunks, new_axis=x.ndim, dtype=np.float64,
        meta=np.empty((0,) * (x.ndim + 1)), shape=x.shape,
    )  # fmt: skip
    return da.from_delayed(dask.delayed(_syntony)(parts), (), np.float64)


def _energies(
    x: ResonantTensor, norms: Any = None, *, shape: tuple[int, ...], block_info: Any = None
) -> Any:
    """Return the largest |v| of a block, and its sums of (v/largest)² with and without weights."""
    v = x.to_floats()
    if norms is None:
        starts = (first for first, _ in block_info[0]["array-location"])
        steps = [prod(shape[i + 1 :]) for i in range(v.ndim)]
        places = [
            (np.arange(n) + first) * float(step)
            for n, first, step in zip(v.shape, starts, steps, strict=True)
        ]
        norms = sum(np.ix_(*places), np.zeros(v.shape)) ** 2
    largest = np.abs(v).max(initial=0.0)
    energy = (v / largest) ** 2 if largest else v
    sums = largest, np.sum(energy * np.exp(-norms / PHI_FLOAT)), np.sum(energy)
    return np.reshape(sums, (1,) * v.ndim + (3,))


def _syntony(parts: Any) -> Any:
    largest, weighed, plain = np.reshape(parts, (-1, 3)).T
    most = largest.max(initial=0.0)
    if most == 0:
        return np.float64(0)
    scale = (largest / most) ** 2
    return np.float64(np.sum(scale * weighed) / np.sum(scale * plain))

"""What blocks of a larger array do each by itself, and what they tell each other first.

A block knows its own elements alone. Moments (see `moments`), exact sums and snap specifications of
blocks are merged; then each block is normalized by those of the whole, under the specification of
the whole, so that it gets the elements that the whole would have there.
"""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import Any

import numpy as np

from syntonic.flux.backend import backend, contiguous, narrowed
from syntonic.flux.device import to_host
from syntonic.ops import cycle
from syntonic.ops._channels import across_channels, by_channel, normalized_by
from syntonic.ops.moments import merge_moments
from syntonic.tensor import ResonantTensor
from syntonic.tensor.specification import SnapSpecification

__all__ = ["MOMENTS", "channels_normalized", "joined", "merged", "moments", "variance"]

MOMENTS = np.dtype([(name, np.float64) for name in ("count", "mean", "low", "m2")])
"""The four numbers of `ops.moments`, as one element of an array."""


def moments(x: ResonantTensor, axes: tuple[int, ...]) -> Any:
    """Return the moments of flux along axes, which stay with length 1, as an array of `MOMENTS`."""
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    n = prod(x.shape[i] for i in axes)
    data = contiguous(x._data.transpose(*kept, *axes)).reshape(1, -1, n) if x.size else None
    out = np.zeros(tuple(1 if i in axes else m for i, m in enumerate(x.shape)), MOMENTS)
    if data is not None:
        mean, low, var, _ = to_host(backend("norm", data).batch_norm_stats(data))
        for name, numbers in (("mean", mean), ("low", low), ("m2", var * n)):
            out[name] = numbers.reshape(out.shape)
        out["count"] = n
    return out


def merged(parts: Any, axes: tuple[int, ...]) -> Any:
    """Return the moments of parts that stand beside each other along axes."""
    kept = tuple(m for i, m in enumerate(parts.shape) if i not in axes)
    table = np.moveaxis(parts, axes, range(len(axes))).reshape(-1, *kept)
    whole = merge_moments(np.stack([table[name] for name in MOMENTS.names or ()], axis=1))
    out = np.zeros(tuple(1 if i in axes else m for i, m in enumerate(parts.shape)), MOMENTS)
    for name, numbers in zip(MOMENTS.names or (), whole, strict=True):
        out[name] = numbers.reshape(out.shape)
    return out


def variance(whole: Any, correction: float) -> Any:
    """Return M2/(n - correction), or raise where that is not positive."""
    n = whole["count"] - correction
    if (n <= 0).any():
        raise ValueError(
            f"var: n - ddof must be positive, got n = {int(whole['count'].min())} and ddof = "
            f"{correction}"
        )
    return whole["m2"] / n


def joined(specifications: Any) -> SnapSpecification:
    """Return the snap specification of a whole from those of its blocks."""
    return reduce(SnapSpecification.joined, specifications)


def channels_normalized(
    x: ResonantTensor,
    statistics: Any,
    target: float,
    eps: float,
    affine: tuple[Any, ...],
    snap_to: SnapSpecification | None,
    where: str,
) -> ResonantTensor:
    """Normalize the channels of a block (N, C, *) by statistics of the whole.

    Parameters
    ----------
    statistics
        In flux the moments of each channel; crystallized the exact means and variances, as a pair
        of tensors; of the shape of x with 1 for each axis but the second.
    affine
        Scale and shift, each None or an array (C,) of the block's channels.
    snap_to
        The specification of the whole; None for flux.
    """
    if snap_to is not None:
        mean, var = (each._data for each in statistics)
        scale, shift = (across_channels(p, x.ndim) for p in affine)
        values = normalized_by(x._data, mean, var, target, eps, scale, shift, where)
        return cycle.crystallized(x, values, snap_to)
    var = (statistics["m2"] / statistics["count"]).ravel()
    table = np.stack([statistics["mean"].ravel(), statistics["low"].ravel(), var, np.sqrt(var)])
    data = by_channel(x)
    affine = tuple(None if p is None else p.astype(data.dtype) for p in affine)
    out = backend("norm", data).batch_norm_apply(data, table, target, eps, *affine)
    return x._of(narrowed(out.reshape(x.shape), x._data.dtype), x._carried.normalized())

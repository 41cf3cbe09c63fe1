"""The golden operations over Dask arrays: each slice as in the whole, whatever the chunks."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import dask
import dask.array as da
import numpy as np

from syntonic.dask.arrays import is_exact
from syntonic.dask.reductions import moments_of
from syntonic.errors import ShapeError
from syntonic.ops import blocks, cycle
from syntonic.ops import syntonic_softmax as softmax_block
from syntonic.ops.arguments import number
from syntonic.ops.norm import GoldenNormMode, layer_norm
from syntonic.ops.softmax import SyntonicSoftmaxMode
from syntonic.tensor import ResonantTensor
from syntonic.typing import NormModeName, RealArrayLike, SoftmaxModeName

__all__ = [
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "syntonic_softmax",
]


def golden_layer_norm(
    x: da.Array,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: RealArrayLike | None = None,
    beta: RealArrayLike | None = None,
    *,
    rechunk: bool = True,
) -> da.Array:
    """Normalize over the last axis to a target variance, as `syntonic.golden_layer_norm`.

    Parameters
    ----------
    x : dask.array.Array
        Of tensors in either phase.
    mode, eps, gamma, beta
        As for `syntonic.golden_layer_norm`.
    rechunk : bool, default True
        Bring the last axis into one chunk, if it is cut; False refuses instead.

    Returns
    -------
    dask.array.Array
        In the phase of x. Crystallized: what the whole gives, snapped under the specification of
        the whole, for which x is computed once before.

    Raises
    ------
    ValueError
        The last axis is cut, and rechunk is False; or as for `syntonic.golden_layer_norm`.

    See Also
    --------
    syntonic.golden_layer_norm : of one tensor.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic.dask import from_lattice
    >>> a = da.from_array([[1], [3]], chunks=1)
    >>> x = from_lattice(a, 0 * a)
    >>> golden_layer_norm(x.reshape(1, 2), mode="standard", eps=0).compute().to_floats().tolist()
    [[-1.0, 1.0]]
    """
    where = "golden_layer_norm"
    exact = is_exact(x, where)
    if not x.ndim:
        raise ShapeError(f"{where}: x must have a last axis, got shape (); reshape it")
    x = _in_one_chunk(x, x.ndim - 1, rechunk, where)
    options: dict[str, Any] = {"mode": GoldenNormMode.of(mode, where), "eps": eps}
    options |= {"gamma": gamma, "beta": beta}
    return _mapped(partial(_layer_norm, **options), x, _specification(x) if exact else None)


def _layer_norm(x: ResonantTensor, snap_to: Any = None, **options: Any) -> ResonantTensor:
    return layer_norm(x, snap_to=None if snap_to is None else snap_to.item(), **options)


def syntonic_softmax(
    x: da.Array,
    dim: int = -1,
    mode_norms: RealArrayLike | None = None,
    *,
    syntony: da.Array | RealArrayLike | None = None,
    syntony_scale: float = 1.0,
    mode: SyntonicSoftmaxMode | SoftmaxModeName | None = None,
    syntony_floor: float = 1e-10,
    rechunk: bool = True,
) -> da.Array:
    """Return the softmax of x + scale·log w along one axis, as `syntonic.syntonic_softmax`.

    Parameters
    ----------
    x : dask.array.Array
        Logits, tensors in either phase.
    dim, mode_norms, syntony, syntony_scale, mode, syntony_floor
        As for `syntonic.syntonic_softmax`; weights are one for each class.
    rechunk : bool, default True
        Bring the axis into one chunk, if it is cut; False refuses instead.

    Returns
    -------
    dask.array.Array
        In the phase of x.

    Raises
    ------
    ValueError
        The axis is cut, and rechunk is False; or as for `syntonic.syntonic_softmax`.
    ShapeError
        syntony has one weight for each element.

    See Also
    --------
    syntonic.syntonic_softmax : of one tensor.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic.dask import from_lattice, wake
    >>> x = wake(from_lattice(da.zeros(2, dtype=int, chunks=1), da.zeros(2, dtype=int, chunks=1)))
    >>> syntonic_softmax(x).compute().flux_array.tolist()
    [0.5, 0.5]
    """
    where = "syntonic_softmax"
    is_exact(x, where)
    if (
        isinstance(dim, bool)
        or not isinstance(dim, (int, np.integer))
        or not (-x.ndim <= dim < x.ndim)
    ):
        raise ValueError(f"{where}: dim must be an axis of {x.ndim}, got {dim!r}")
    shape = np.shape(cast("Any", syntony))
    if len(shape) > 1:
        raise ShapeError(f"{where}: syntony must hold one weight for each class, got shape {shape}")
    x = _in_one_chunk(x, int(dim) % x.ndim, rechunk, where)
    options: dict[str, Any] = {
        "dim": dim, "mode_norms": mode_norms, "syntony": syntony, "mode": mode,
        "syntony_scale": syntony_scale, "syntony_floor": syntony_floor,
    }  # fmt: skip
    return _mapped(partial(softmax_block, **options), x)


def golden_batch_norm_1d(
    x: da.Array,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: RealArrayLike | None = None,
    beta: RealArrayLike | None = None,
) -> da.Array:
    """Normalize each feature of (N, C) over the batch, as `syntonic.golden_batch_norm_1d`.

    Parameters
    ----------
    x : dask.array.Array
        (N, C), tensors in either phase, in chunks of any shape.
    mode, eps, gamma, beta
        As for `syntonic.golden_batch_norm_1d`.

    Returns
    -------
    dask.array.Array
        In the phase of x. x is computed once for its statistics, and once to be normalized: keep
        it with `persist` if it is dear. Statistics are exact sums where x is crystallized, and the
        result is that of the whole; in flux they are merged moments, within some units in the last
        place.

    Raises
    ------
    ShapeError
        x has not two axes, or gamma or beta not shape (C,).
    ValueError
        As for `syntonic.golden_batch_norm_1d`.

    See Also
    --------
    golden_batch_norm_2d : of images.
    syntonic.golden_batch_norm_1d : of one tensor.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic.dask import from_lattice
    >>> a = da.from_array([[1], [3]], chunks=1)
    >>> x = from_lattice(a, 0 * a)
    >>> golden_batch_norm_1d(x, mode="standard", eps=0).compute().to_floats().tolist()
    [[-1.0], [1.0]]
    """
    return _batch_norm(x, "(N, C)", mode, eps, (gamma, beta), "golden_batch_norm_1d")


def golden_batch_norm_2d(
    x: da.Array,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: RealArrayLike | None = None,
    beta: RealArrayLike | None = None,
) -> da.Array:
    """Normalize each channel of (N, C, H, W), as `syntonic.golden_batch_norm_2d`.

    Parameters
    ----------
    x : dask.array.Array
        (N, C, H, W), tensors in either phase, in chunks of any shape.
    mode, eps, gamma, beta
        As for `syntonic.golden_batch_norm_2d`.

    Returns
    -------
    dask.array.Array
        As from `golden_batch_norm_1d`.

    Raises
    ------
    ShapeError
        x has not four axes, or gamma or beta not shape (C,).
    ValueError
        As for `syntonic.golden_batch_norm_2d`.

    See Also
    --------
    golden_batch_norm_1d : of (N, C).
    syntonic.golden_batch_norm_2d : of one tensor.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic.dask import from_lattice
    >>> a = da.from_array([[1], [3]], chunks=1)
    >>> x = from_lattice(a, 0 * a)
    >>> out = golden_batch_norm_2d(x[:, :, None, None], mode="standard", eps=0)
    >>> out.compute().to_floats().ravel().tolist()
    [-1.0, 1.0]
    """
    return _batch_norm(x, "(N, C, H, W)", mode, eps, (gamma, beta), "golden_batch_norm_2d")


def _batch_norm(x: Any, axes: str, mode: Any, eps: Any, affine: Any, where: str) -> Any:
    exact = is_exact(x, where)
    if x.ndim != axes.count(",") + 1:
        raise ShapeError(f"{where}: x must have shape {axes}, got {x.shape}; reshape it")
    target, added = GoldenNormMode.of(mode, where).target_variance, number(eps, "eps", where)
    over = tuple(i for i in range(x.ndim) if i != 1)
    statistics = _exact_statistics(x, over) if exact else [moments_of(x, over)]
    parameters = [_per_channel(p, x, name, where) for p, name in zip(affine, _AFFINE, strict=True)]
    given = [p for p in parameters if p is not None]
    function = partial(
        _normalized, has=tuple(p is not None for p in parameters), target=target, eps=added,
        where=where,
    )  # fmt: skip
    return _mapped(function, x, _specification(x) if exact else None, *statistics, *given)


_AFFINE = ("gamma", "beta")


def _per_channel(values: Any, x: Any, name: str, where: str) -> Any:
    """Return parameters as a Dask array cut as the channels are, which broadcasts against x."""
    if values is None:
        return None
    array = values.to_floats() if isinstance(values, ResonantTensor) else values
    array = np.asarray(array, np.float64)
    if array.shape != x.shape[1:2]:
        raise ShapeError(
            f"{where}: {name} must have shape {x.shape[1:2]}, got {array.shape}; pass one value "
            "per channel"
        )
    shape = (1, -1, *(1,) * (x.ndim - 2))
    return da.from_array(array.reshape(shape), chunks=(1, x.chunks[1], *(1,) * (x.ndim - 2)))


def _exact_statistics(x: Any, over: tuple[int, ...]) -> list[Any]:
    n = x.size // x.shape[1] if x.shape[1] else 0
    total, squares = (each.sum(axis=over, keepdims=True) for each in (x, x * x))
    mean = total / max(n, 1)
    return [mean, squares / max(n, 1) - mean * mean]


def _normalized(
    x: ResonantTensor, *given: Any, has: Any, target: float, eps: float, where: str
) -> ResonantTensor:
    """Normalize a block by the statistics of its channels, and the parameters there are."""
    arrays = list(given)
    snap_to = arrays.pop(0).item() if x.is_crystallized else None
    statistics = (arrays.pop(0), arrays.pop(0)) if x.is_crystallized else arrays.pop(0)
    affine = tuple(arrays.pop(0).ravel() if each else None for each in has)
    return blocks.channels_normalized(x, statistics, target, eps, affine, snap_to, where)


# -- what they share ----------------------------------------------------------------------------


def _mapped(function: Any, x: Any, *given: Any) -> Any:
    arrays = [each for each in given if each is not None]
    return da.map_blocks(function, x, *arrays, dtype=x.dtype, meta=x._meta, chunks=x.chunks)


def _in_one_chunk(x: Any, axis: int, rechunk: bool, where: str) -> Any:
    if len(x.chunks[axis]) == 1:
        return x
    if not rechunk:
        raise ValueError(
            f"{where}: axis {axis} must be in one chunk, got {len(x.chunks[axis])}; each would be "
            f"taken for the whole: x.rechunk({{{axis}: -1}})"
        )
    return x.rechunk({axis: -1})


def _specification(x: Any) -> Any:
    """Return the snap specification of the whole, as a Dask array of one object."""
    parts = x.map_blocks(
        _own, dtype=object, meta=np.empty((0,) * x.ndim, object),
        chunks=tuple((1,) * len(each) for each in x.chunks),
    )  # fmt: skip
    return da.from_delayed(dask.delayed(_joined)(parts), (), object)


def _own(x: ResonantTensor) -> Any:
    out = np.empty((1,) * x.ndim, object)
    out[(0,) * x.ndim] = cycle.specification(x)  # a full index takes a tuple for one object
    return out


def _joined(parts: Any) -> Any:
    out = np.empty((), object)
    out[()] = blocks.joined(parts.flat)
    return out

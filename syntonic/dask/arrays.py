"""Dask arrays of tensors from numbers, and between the phases."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import dask.array as da
import numpy as np
import numpy.typing as npt

from syntonic.errors import PhaseError, ShapeError
from syntonic.tensor import ResonantTensor
from syntonic.tensor.snap import snap as snap_block
from syntonic.typing import ComparableScalar, Real

__all__ = [
    "Snapped",
    "crystallize",
    "empty",
    "from_floats",
    "from_lattice",
    "is_exact",
    "snap",
    "wake",
]


class Snapped(NamedTuple):
    """What `snap` finds, as Dask arrays.

    Attributes
    ----------
    tensor : dask.array.Array
        The crystallized elements.
    denominator : int
        Their shared denominator.
    unique : dask.array.Array of bool or None
        Where the error bound proves the element; None without an error bound.

    See Also
    --------
    snap : makes it.

    Examples
    --------
    >>> import dask.array as da
    >>> found = snap(da.from_array([1.618, 0.5], chunks=1), error_bound=1e-3, precision=1)
    >>> found.tensor.compute(), found.unique.compute().tolist()
    (ResonantTensor([φ, -1 + φ], precision=1), [True, False])
    """

    tensor: Any
    denominator: int
    unique: Any


def empty(ndim: int, precision: int | None = None) -> ResonantTensor:
    """Return the exact tensor without elements that tells Dask what the blocks are."""
    return ResonantTensor.zeros((0,) * ndim, precision=precision)


def is_exact(x: Any, where: str) -> bool:
    """Return whether the blocks of a Dask array are crystallized; raise if they are no tensors."""
    meta = require_dask(x, "x", where)._meta
    if not isinstance(meta, ResonantTensor):
        raise TypeError(
            f"{where}: the blocks of x must be tensors, got {type(meta).__name__}; from_floats "
            "snaps, x.map_blocks(ResonantTensor.from_flux) keeps floats"
        )
    return meta.is_crystallized


def require_dask(x: Any, name: str, where: str) -> Any:
    """Return a Dask array, or raise TypeError."""
    if isinstance(x, da.Array):
        return x
    raise TypeError(
        f"{where}: {name} must be a Dask array, got {type(x).__name__}; da.from_array(x, chunks)"
    )


def from_lattice(
    a: da.Array, b: da.Array, denominator: int = 1, *, precision: int | None = None
) -> da.Array:
    """Build the Dask array of the exact tensor (a + bφ)/denominator.

    Parameters
    ----------
    a, b : dask.array.Array
        Integers or rationals, of one shape.
    denominator : int, default 1
        The common denominator, positive.
    precision : int, optional
        As for `ResonantTensor`.

    Returns
    -------
    dask.array.Array
        Of crystallized blocks.

    Raises
    ------
    ShapeError
        The shapes differ.
    TypeError
        a or b is no Dask array; when it is computed, it holds floats.

    See Also
    --------
    from_floats : from approximations.
    from_zarr : from a store.

    Examples
    --------
    >>> import dask.array as da
    >>> a, b = da.arange(4, chunks=2), da.arange(4, chunks=2)
    >>> from_lattice(a, b, denominator=2).sum().compute()
    ResonantTensor(3 + 3φ)
    """
    where = "from_lattice"
    require_dask(a, "a", where), require_dask(b, "b", where)
    if a.shape != b.shape:
        raise ShapeError(f"{where}: a and b must have one shape, got {a.shape} and {b.shape}")
    return da.map_blocks(
        ResonantTensor.from_lattice, a, b, dtype=object, meta=empty(a.ndim, precision),
        denominator=denominator, precision=precision,
    )  # fmt: skip


def from_floats(
    x: da.Array,
    *,
    precision: int | None = None,
    denominator: int | None = None,
    window: ComparableScalar | None = None,
) -> da.Array:
    """Build the Dask array of the lattice points nearest to floats.

    Parameters
    ----------
    x : dask.array.Array
        Floats or integers.
    precision, denominator, window
        As for `ResonantTensor.from_floats`; denominator="auto" would choose one for each block,
        and is refused.

    Returns
    -------
    dask.array.Array
        Of crystallized blocks.

    Raises
    ------
    ValueError
        denominator is "auto"; when it is computed, NaN or infinity is among the floats.
    TypeError
        x is no Dask array.

    See Also
    --------
    snap : also tells what is proved.
    syntonic.io.snap_file : from disk to disk.
    from_lattice : from exact numbers.

    Examples
    --------
    >>> import dask.array as da
    >>> from_floats(da.from_array([1.618034, 0.381966], chunks=1), precision=2).compute()
    ResonantTensor([φ, 2 - φ], precision=2)
    """
    if cast("object", denominator) == "auto":
        raise ValueError(
            'from_floats: denominator must be an integer, got "auto"; blocks would choose for '
            "themselves: ResonantTensor.from_floats of a part finds it"
        )
    require_dask(x, "x", "from_floats")
    return x.map_blocks(
        ResonantTensor.from_floats, dtype=object, meta=empty(x.ndim, precision),
        precision=precision, denominator=denominator, window=window,
    )  # fmt: skip


def snap(
    x: da.Array,
    *,
    precision: int | None = None,
    window: ComparableScalar | None = None,
    denominator: int = 1,
    error_bound: Real | None = None,
) -> Snapped:
    """Find the elements nearest to floats under a bound, as `syntonic.snap`, block by block.

    Parameters
    ----------
    x : dask.array.Array
        Floats or integers.
    precision, window, denominator, error_bound
        As for `syntonic.snap`.

    Returns
    -------
    Snapped
        `tensor`, `denominator` and `unique`; what is computed with both searches twice.

    Raises
    ------
    ValueError
        When it is computed: a bound is out of range, or NaN or infinity is among the floats.
    TypeError
        x is no Dask array.

    See Also
    --------
    from_floats : the tensor alone.
    syntonic.snap : of one array.
    syntonic.io.snap_file : from disk to disk.

    Examples
    --------
    >>> import dask.array as da
    >>> found = snap(da.from_array([1.6, 0.6], chunks=1), precision=3, error_bound=0.05)
    >>> found.tensor.compute(), found.unique.compute().tolist()
    (ResonantTensor([φ, -1 + φ], precision=3), [True, True])
    """
    require_dask(x, "x", "snap")
    bounds = {"precision": precision, "window": window, "denominator": denominator}
    tensor = x.map_blocks(_tensor, dtype=object, meta=empty(x.ndim, precision), **bounds)
    proved = None
    if error_bound is not None:
        proved = x.map_blocks(
            _unique, dtype=bool, meta=np.empty((0,) * x.ndim, bool), error_bound=error_bound,
            **bounds,
        )  # fmt: skip
    return Snapped(tensor, int(denominator), proved)


def _tensor(x: Any, **bounds: Any) -> ResonantTensor:
    return snap_block(x, **bounds).tensor


def _unique(x: Any, **bounds: Any) -> Any:
    return snap_block(x, **bounds).unique


def wake(x: da.Array, dtype: npt.DTypeLike = np.float64) -> da.Array:
    """Wake the blocks of an exact Dask array into flux; each float is correctly rounded.

    Parameters
    ----------
    x : dask.array.Array
        Of crystallized blocks.
    dtype : dtype, default float64
        As for `ResonantTensor.wake_flux`.

    Returns
    -------
    dask.array.Array
        Of flux blocks, each with a snap specification of its own: `crystallize` undoes it, after
        concatenating, rechunking and selecting as well.

    Raises
    ------
    PhaseError
        The blocks are in flux.

    See Also
    --------
    crystallize : the other way.
    syntonic.ResonantTensor.wake_flux : of one tensor.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic import PHI, ResonantTensor
    >>> x = wake(da.from_array(ResonantTensor([1, PHI, PHI**2]), chunks=2))
    >>> x.compute().to_floats().round(3).tolist()
    [1.0, 1.618, 2.618]
    """
    if not is_exact(x, "wake"):
        raise PhaseError("wake: the blocks must be crystallized, got flux; crystallize(x) first")
    return x.map_blocks(
        _woken, dtype=np.dtype(dtype), meta=x._meta.wake_flux(dtype=dtype), to=dtype
    )


def _woken(x: ResonantTensor, to: Any) -> ResonantTensor:
    return x.wake_flux(dtype=to)


def crystallize(
    x: da.Array,
    precision: int | None = None,
    *,
    denominator: int | None = None,
    window: ComparableScalar | None = None,
) -> da.Array:
    """Snap the blocks of a Dask array of flux, by what each remembers or by the bounds given.

    Parameters
    ----------
    x : dask.array.Array
        Of flux blocks.
    precision, denominator, window
        As for `ResonantTensor.crystallize`.

    Returns
    -------
    dask.array.Array
        Of crystallized blocks.

    Raises
    ------
    PhaseError
        The blocks are crystallized.

    See Also
    --------
    wake : the other way.
    from_floats : from floats that come from elsewhere.

    Examples
    --------
    >>> import dask.array as da
    >>> from syntonic import PHI, ResonantTensor
    >>> x = da.from_array(ResonantTensor([1, PHI, PHI**2]), chunks=2)
    >>> crystallize(wake(x)).compute()
    ResonantTensor([1, φ, 1 + φ])
    """
    if is_exact(x, "crystallize"):
        raise PhaseError("crystallize: the blocks must be in flux, got crystallized ones")
    bounds = {"precision": precision, "denominator": denominator, "window": window}
    return x.map_blocks(_crystallized, dtype=object, meta=empty(x.ndim, precision), **bounds)


def _crystallized(x: ResonantTensor, **bounds: Any) -> ResonantTensor:
    return x.crystallize(**bounds)

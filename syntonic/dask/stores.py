"""Exact Dask arrays in zarr stores, written and read block by block."""

from __future__ import annotations

import os
from math import lcm
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np

from syntonic.dask.arrays import empty, is_exact
from syntonic.errors import FormatError, PhaseError
from syntonic.io.stores import Store, blocks_of, carried_attribute
from syntonic.tensor import ResonantTensor

__all__ = ["from_zarr", "to_zarr"]

_EXPONENT = 1 << 13
"""Bits that numerators in a store may have: those of floats, and of some arithmetic with them."""


def to_zarr(
    x: da.Array,
    path: str | os.PathLike[str],
    *,
    denominator: int | None = None,
    resume: bool = False,
) -> None:
    """Compute an exact Dask array and write it to a zarr store, block by block.

    Parameters
    ----------
    x : dask.array.Array
        Of crystallized blocks, with at least one axis.
    path : path
        The store, seen by all workers: a new folder, or with `resume` one of the same array.
    denominator : int, optional
        The common denominator; if not given, x is computed once before to find it.
    resume : bool, default False
        Leave out the blocks that the store holds, after workers or the scheduler died.

    Raises
    ------
    PhaseError
        The blocks are in flux.
    FileExistsError
        The store exists, and resume is False.
    FormatError
        The store is that of another array; or x has no axis.
    ValueError
        The denominator does not serve an element.
    OverflowError
        A numerator has more than 8192 bits.

    See Also
    --------
    from_zarr : the way back.
    syntonic.io.snap_file : from a file of floats, without Dask.

    Examples
    --------
    >>> import dask.array as da
    >>> import syntonic
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from syntonic.dask import from_lattice
    >>> x = from_lattice(da.arange(2, chunks=1), da.ones(2, dtype=int, chunks=1))
    >>> with TemporaryDirectory() as folder:
    ...     to_zarr(x, Path(folder, "x.zarr"))
    ...     syntonic.io.load(Path(folder, "x.zarr")).equals(x.compute())
    True
    """
    if not is_exact(x, "to_zarr"):
        raise PhaseError("to_zarr: the blocks must be crystallized, got flux; crystallize(x) first")
    if not x.ndim:
        raise FormatError("a store holds arrays of at least one axis; reshape(1)", path=path)
    target, chunks = Path(path), tuple(max(1, *each) for each in x.chunks)
    x = x.rechunk(chunks)
    store = _store(target, x, chunks, denominator, resume)
    parts, regions = x.to_delayed(), list(blocks_of(x.shape, chunks))
    write = dask.delayed(_write)
    todo = [(block, parts[block[0]]) for block in regions if not store.done[block[0]]]
    dask.compute(*(write(str(target), block, part) for block, part in todo))


def _store(path: Path, x: Any, chunks: Any, denominator: int | None, resume: bool) -> Store:
    also = {"source": {"token": x.name}}
    if path.exists():
        if not resume:
            raise FileExistsError(17, "it exists; resume goes on with it", str(path))
        store = Store.open(path)
        if store.attributes.get("source") != also["source"]:
            raise FormatError("the store is that of another array; choose another name", path=path)
        return store
    if denominator is None:
        found = x.map_blocks(
            _denominator, dtype=object, meta=np.empty((0,) * x.ndim, object),
            chunks=tuple((1,) * len(each) for each in x.chunks),
        )  # fmt: skip
        denominator = lcm(*map(int, found.compute().ravel().tolist()))
    return Store.create(
        path, x.shape, chunks, denominator=denominator, precision=x._meta.precision,
        also=also | carried_attribute(x._meta), bounded=False, exponent=_EXPONENT,
    )  # fmt: skip


def _denominator(x: ResonantTensor) -> Any:
    out = np.empty((1,) * x.ndim, object)
    out.flat[0] = x.numerators()[2]
    return out


def _write(path: str, block: Any, x: ResonantTensor) -> None:
    store = Store.open(Path(path))
    a, b, denominator = x.numerators()
    factor, rest = divmod(store.denominator, denominator)
    if rest:
        raise ValueError(
            f"to_zarr: denominator must serve all elements, got {store.denominator}, and a block "
            f"needs {denominator}; leave it out, and it is found"
        )
    if factor > 1:
        a, b = (_times(part, factor) for part in (a, b))
    store.write(block, a, b)


def _times(numbers: Any, factor: int) -> Any:
    """Multiply integers, in int64 where that holds the products."""
    out = numbers.astype(object) * factor
    fits = all(-(1 << 63) <= int(n) < 1 << 63 for n in out.ravel().tolist())
    return out.astype(np.int64) if fits else out


def from_zarr(path: str | os.PathLike[str]) -> da.Array:
    """Return the Dask array of a zarr store, whose blocks are read when they are computed.

    Parameters
    ----------
    path : path
        A store of `to_zarr`, `syntonic.io.snap_file` or `syntonic.io.save`.

    Returns
    -------
    dask.array.Array
        Of crystallized blocks, in the chunks of the store.

    Raises
    ------
    FormatError
        It is no store; or, when it is computed, a block is not written.

    See Also
    --------
    syntonic.io.load : a whole tensor.

    Examples
    --------
    >>> import dask.array as da
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from syntonic.dask import from_lattice
    >>> x = from_lattice(da.arange(2, chunks=1), da.ones(2, dtype=int, chunks=1))
    >>> with TemporaryDirectory() as folder:
    ...     to_zarr(x, Path(folder, "x.zarr"))
    ...     from_zarr(Path(folder, "x.zarr")).compute().equals(x.compute())
    True
    """
    store = Store.open(Path(path))
    chunks = da.core.normalize_chunks(store.chunks, store.shape)
    carried = store.carried
    meta = empty(len(store.shape), carried.precision if carried.named else None)
    if 0 in store.shape:  # there is no block to read
        whole = ResonantTensor.zeros(store.shape, precision=meta.precision)
        return da.from_array(whole, chunks=store.chunks)
    name = f"syntonic-{dask.base.tokenize(str(path), store.attributes, store.done)}"
    return da.map_blocks(
        _read, chunks=chunks, dtype=object, meta=meta, name=name, path=str(path), shape=store.shape
    )


def _read(path: str, shape: Any, block_info: Any = None) -> ResonantTensor:
    store, place = Store.open(Path(path)), tuple(block_info[None]["chunk-location"])
    location = block_info[None]["array-location"]
    region = tuple(slice(first, last) for first, last in location)
    return ResonantTensor._of(store.read((place, region)), store.carried)

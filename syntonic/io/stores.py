"""Exact tensors in zarr stores: one group of integer arrays, read and written block by block.

A store is a group of zarr format 3, which any reader of zarr opens. Its attributes are "format"
("syntonic lattice"), "version", "field" ("Q(phi)"), "denominator" and "precision" or "window" (as
text); where floats of a file were snapped, "source"; and where it was a tensor before, "carried":
its precision and whether somebody chose it. Its arrays, uncompressed, in chunks that are the
blocks:

a, b
    The numerators of (a + bφ)/denominator, of the tensor's shape: a of int32, b of the narrowest
    type that holds the precision.
a_wide, a_limbs
    The same for blocks that int32 does not hold: of int64, and beyond that of uint64 limbs along
    one more axis, two's complement, the least first. b_wide and b_limbs where b has no bound. A
    chunk that is not written takes no space.
done
    For each block 0 (not written), or where its numerators are: 1 in a and b, 2 in a_wide, 3 in
    a_limbs; b likewise, where it has these.
unique
    Where an error bound proves the element, if one was given.
mode_norm_sq
    The squared mode norms, if they are set.

A block's flag is written last, and every chunk is a file that appears whole: whatever is killed,
the store holds whole blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from syntonic.constants import DEFAULT_PRECISION, INT64_MAX
from syntonic.errors import BackendUnavailableError, FormatError
from syntonic.lattice.array import LatticeArray, objects
from syntonic.tensor import ResonantTensor
from syntonic.tensor.specification import Carried, check_mode_norms

__all__ = [
    "Block",
    "Store",
    "blocks_of",
    "carried_attribute",
    "chunks_of",
    "is_store",
    "load_store",
    "save_store",
    "zarr_module",
]

_FORMAT, _VERSION = "syntonic lattice", 1
_NARROW, _WIDE, _LIMBS = 1, 2, 3
_SUFFIX = {_NARROW: "", _WIDE: "_wide", _LIMBS: "_limbs"}
_BLOCK = 1 << 20

Block = tuple[tuple[int, ...], tuple[slice, ...]]
"""Where a block stands in the grid of blocks, and in the array."""


def zarr_module(where: str) -> Any:
    """Return zarr, or say how it is installed."""
    try:
        import zarr
    except ImportError as error:
        raise BackendUnavailableError(
            f"{where}: zarr does not import ({error}); pip install zarr"
        ) from error
    return zarr


def chunks_of(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """Return the lengths of blocks of at most `size` elements that follow each other in memory."""
    out: list[int] = []
    for length in reversed(shape):
        out.append(max(1, min(length, size // prod(out))))
    return tuple(reversed(out))


def blocks_of(shape: tuple[int, ...], chunks: tuple[int, ...]) -> Iterator[Block]:
    """Yield the blocks of an array in the order of its elements."""
    for place in product(*map(range, _grid(shape, chunks))):
        starts = [k * n for k, n in zip(place, chunks, strict=True)]
        ends = [min(i + n, m) for i, n, m in zip(starts, chunks, shape, strict=True)]
        yield place, tuple(map(slice, starts, ends))


def _grid(shape: tuple[int, ...], chunks: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-m // n) for m, n in zip(shape, chunks, strict=True))


class Store:
    """A group that holds, or will hold, the blocks of an exact tensor."""

    def __init__(self, path: Path, group: Any) -> None:
        self.path, self.group = path, group
        self.attributes = dict(group.attrs)
        self._check()
        self.arrays = dict(group.arrays())
        self.shape, self.chunks = self.arrays["a"].shape, self.arrays["a"].chunks
        self.done = self.arrays["done"][...]

    @classmethod
    def create(
        cls,
        path: Path,
        shape: tuple[int, ...],
        chunks: tuple[int, ...],
        *,
        denominator: int,
        precision: int | None = None,
        window: str | None = None,
        exponent: int = 1024,
        bounded: bool = True,
        unique: bool = False,
        also: dict[str, Any] | None = None,
    ) -> Store:
        """Make an empty store for numbers below 2^exponent, with attributes besides.

        `bounded` says whether b obeys the precision.
        It appears under its name when all of its arrays are there.
        """
        bound = {"precision": str(precision)} if window is None else {"window": window}
        attributes = {
            "format": _FORMAT, "version": _VERSION, "field": "Q(phi)",
            "denominator": str(denominator), **bound, **(also or {}),
        }  # fmt: skip
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        group = zarr_module("zarr store").create_group(beside, zarr_format=3, attributes=attributes)
        limbs = (exponent + denominator.bit_length() + (precision or 0).bit_length() + 3) // 64 + 1
        bound_of_b = precision if bounded else None
        for name, kind in _parts(bound_of_b).items():
            _make(group, name, shape, chunks, kind)
        for name in ("a", "b") if bound_of_b is None or bound_of_b > INT64_MAX else ("a",):
            _make(group, f"{name}_wide", shape, chunks, "int64")
            _make(group, f"{name}_limbs", (*shape, limbs), (*chunks, limbs), "uint64")
        if unique:
            _make(group, "unique", shape, chunks, "uint8")
        _make(group, "done", _grid(shape, chunks), (1,) * len(shape), "uint8")
        os.rename(beside, path)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open a store of this format, or raise FormatError."""
        zarr = zarr_module("zarr store")
        try:
            group = zarr.open_group(path, mode="r+", zarr_format=3)
        except (ValueError, KeyError, FileNotFoundError) as error:
            raise FormatError("must be a zarr group of format 3", path=path) from error
        return cls(path, group)

    def _check(self) -> None:
        found = self.attributes
        if found.get("format") != _FORMAT or found.get("field") != "Q(phi)":
            raise FormatError(f'must be a group with format "{_FORMAT}"', path=self.path)
        if found.get("version") != _VERSION:
            raise FormatError(
                f"must be of version {_VERSION}, got {found.get('version')!r}; a newer syntonic "
                "may read it",
                path=self.path,
            )
        text = found.get("denominator")
        if not (isinstance(text, str) and text.isdecimal() and int(text) > 0):
            raise FormatError("denominator must be the text of a positive integer", path=self.path)
        match found.get("carried", ["0", False]):
            case [str(precision), bool()] if precision.isdecimal():
                pass
            case other:
                rule = "carried must be the text of a precision and a boolean"
                raise FormatError(f"{rule}, got {other!r}", path=self.path)
        if "a" not in self.group or "b" not in self.group or "done" not in self.group:
            raise FormatError("must hold the arrays a, b and done", path=self.path)

    @property
    def denominator(self) -> int:
        return int(self.attributes["denominator"])

    @property
    def carried(self) -> Carried:
        """What a tensor of this store carries."""
        if "carried" in self.attributes:
            precision, named = self.attributes["carried"]
            return Carried(int(precision), named=named)
        text = self.attributes.get("precision")  # bounds that a snap was given
        return Carried(DEFAULT_PRECISION) if text is None else Carried(int(text), named=True)

    def blocks(self) -> Iterator[Block]:
        return blocks_of(self.shape, self.chunks)

    # -- blocks -----------------------------------------------------------------------------

    def write(self, block: Block, a: Any, b: Any, unique: Any = None) -> None:
        """Write the numerators of a block, and then that it is there."""
        place, region = block
        width = max(self._width("a", a), self._width("b", b))
        for name, numbers in (("a", a), ("b", b)):
            own = f"{name}{_SUFFIX[width]}"
            own = own if own in self.arrays else name
            array = self.arrays[own]
            array[region] = _as_limbs(numbers, array.shape[-1]) if own.endswith("limbs") else (
                np.asarray(numbers, array.dtype)
            )  # fmt: skip
            self._keep(own, place)
        if unique is not None:
            self.arrays["unique"][region] = unique
            self._keep("unique", place)
        self.arrays["done"][place] = width
        self._keep("done", place)
        self.done[place] = width

    def _width(self, name: str, numbers: Any) -> int:
        """Return where numbers fit: 1 where the part has one array, which holds all of them."""
        if f"{name}_wide" not in self.arrays or numbers.size == 0:
            return _NARROW
        if numbers.dtype == object:
            return _LIMBS
        limits = np.iinfo(self.arrays[name].dtype)
        fits = limits.min <= numbers.min() and numbers.max() <= limits.max
        return _NARROW if fits else _WIDE

    def _keep(self, name: str, place: tuple[int, ...]) -> None:
        """Bring the file of a chunk to the disk, before the flag that says it is there."""
        chunk = (*place, 0) if name.endswith("limbs") else place
        path = self.path / name / "c" / "/".join(map(str, chunk))
        if not path.exists():  # all zeros, the value of what is not written
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, block: Block) -> LatticeArray:
        """Return the elements of a block that is written."""
        place, region = block
        width = int(self.done[place])
        if width == 0:
            raise FormatError(f"block {place} is not written; snap with resume", path=self.path)
        a, b = (self._numbers(name, width, region) for name in ("a", "b"))
        return LatticeArray.from_numerators(a, b, self.denominator)

    def _numbers(self, name: str, width: int, region: tuple[slice, ...]) -> Any:
        own = f"{name}{_SUFFIX.get(width, '')}"
        array = self.arrays[own if own in self.arrays else name]
        numbers = array[region]
        return _from_limbs(numbers) if array.ndim > len(region) else numbers.astype(np.int64)


def _parts(precision: int | None) -> dict[str, str]:
    """Return the dtypes of a and b: that of b holds the precision, where there is one."""
    if precision is None:
        return {"a": "int32", "b": "int32"}
    kinds = (f"int{8 << k}" for k in range(4))
    return {"a": "int32", "b": next((k for k in kinds if precision <= np.iinfo(k).max), "int64")}


def _make(group: Any, name: str, shape: Any, chunks: Any, kind: str) -> None:
    group.create_array(
        name, shape=shape, chunks=chunks, dtype=kind, fill_value=0, compressors=None, filters=None
    )


def _as_limbs(numbers: Any, count: int) -> Any:
    flat = (int(n).to_bytes(8 * count, "little", signed=True) for n in numbers.ravel().tolist())
    return np.frombuffer(b"".join(flat), "<u8").reshape(*numbers.shape, count)


def _from_limbs(limbs: Any) -> Any:
    size = 8 * limbs.shape[-1]
    data = np.ascontiguousarray(limbs.astype("<u8")).tobytes()
    parts = range(0, len(data), size)
    numbers = [int.from_bytes(data[k : k + size], "little", signed=True) for k in parts]
    return objects(np.fromiter(numbers, object, len(numbers))).reshape(limbs.shape[:-1])


# -- whole tensors ------------------------------------------------------------------------------


def carried_attribute(tensor: ResonantTensor) -> dict[str, Any]:
    """Return the attribute of a store that keeps what a tensor carries beside its numbers."""
    return {"carried": [str(tensor.precision), tensor._carried.named]}


def is_store(path: Path) -> bool:
    """Return whether a path is a folder with what zarr writes into a group."""
    return (path / "zarr.json").is_file()


def save_store(tensor: ResonantTensor, path: Path) -> None:
    """Write a crystallized tensor of at least one axis to a new store."""
    a, b, denominator = tensor._lattice("save").numerators()
    if not a.ndim:
        raise FormatError("a store holds tensors of at least one axis; reshape(1)", path=path)
    if path.exists():
        raise FileExistsError(17, "there is something already; a store is written anew", str(path))
    bits = max((int(n).bit_length() for x in (a, b) for n in _extremes(x)), default=0)
    largest = max((abs(int(n)) for n in _extremes(b)), default=0)
    store = Store.create(
        path, a.shape, chunks_of(a.shape, _BLOCK), denominator=denominator, exponent=bits + 1,
        precision=max(tensor.precision, largest), also=carried_attribute(tensor),
    )  # fmt: skip
    for block in store.blocks():
        store.write(block, a[block[1]], b[block[1]])
    if tensor.mode_norm_sq is not None:
        norms = tensor.mode_norm_sq
        store.group.create_array("mode_norm_sq", data=norms, chunks=store.chunks, compressors=None)


def _extremes(numbers: Any) -> list[Any]:
    return [numbers.min(), numbers.max()] if numbers.size else []


def load_store(path: Path) -> ResonantTensor:
    """Return the tensor of a store whose blocks are all written."""
    store = Store.open(path)
    if open_ := int((store.done == 0).sum()):
        raise FormatError(
            f"{open_} of {store.done.size} blocks are not written; snap with resume", path=path
        )
    a, b = (np.zeros(store.shape, np.int64 if store.done.max(initial=1) < _LIMBS else object)
            for _ in "ab")  # fmt: skip
    for place, region in store.blocks():
        for name, out in (("a", a), ("b", b)):
            out[region] = store._numbers(name, int(store.done[place]), region)
    x = LatticeArray.from_numerators(a, b, store.denominator)
    norms = store.arrays["mode_norm_sq"][...] if "mode_norm_sq" in store.arrays else None
    carried = store.carried.with_norms(check_mode_norms(norms, x.shape, "load"))
    return ResonantTensor._of(x, carried)

"""Snap an array on the disk to a store on the disk, in blocks, within a limit of memory."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from itertools import zip_longest
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from syntonic.constants import DEFAULT_PRECISION
from syntonic.errors import FormatError
from syntonic.exact.golden import GoldenExact
from syntonic.io.npy import npy_header
from syntonic.io.stores import Block, Store, chunks_of, is_store, zarr_module
from syntonic.rounding.snap import plan_of, snapped
from syntonic.typing import ComparableScalar, Real

__all__ = ["snap_file"]

StrPath = str | os.PathLike[str]

_PER_ELEMENT = 160
"""Bytes that an element of a block takes, in the blocks being read, snapped and written."""

_SLACK = 16 * 10**6
"""Bytes that are loaded with the first block: zarr's own threads and the executors."""

_ENDS = 1 << 16
_LARGEST_BLOCK, _LEAST_BLOCK = 1 << 20, 1 << 12
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


def snap_file(
    source: StrPath,
    target: StrPath,
    *,
    precision: int | None = None,
    window: ComparableScalar | None = None,
    denominator: int = 1,
    error_bound: Real | None = None,
    memory: int | str | None = None,
    resume: bool = False,
    progress: bool = False,
) -> int:
    """Snap an array of floats that may be larger than memory, block by block, to a zarr store.

    Parameters
    ----------
    source : path
        A `.npy` file in C order, or a zarr array, of float64, float32 or float16 and at least one
        axis.
    target : path
        The store: a new folder, or with `resume` one of the same call.
    precision, window, denominator, error_bound
        As for `syntonic.snap`; with an error bound the store says which elements are proved.
    memory : int or str, optional
        How many bytes the process may take in all: a number, or text such as "500MB" or "2GiB".
        By default it is not looked at, and blocks have about a million elements.
    resume : bool, default False
        Go on with a store that was left unfinished; blocks that it holds are not snapped again.
    progress : bool, default False
        Whether to show a progress bar on the error stream.

    Returns
    -------
    int
        How many blocks were snapped by this call.

    Raises
    ------
    BackendUnavailableError
        zarr is not installed.
    FileNotFoundError
        There is no such source.
    FileExistsError
        The target exists, and `resume` is False.
    FormatError
        The source is no such array; or the store is none, or is that of another source or of
        other bounds.
    ValueError
        NaN or infinity is among the floats; or the limit of memory is too low for a block.

    See Also
    --------
    load : the tensor of a store that fits into memory.

    Notes
    -----
    The elements are those of `syntonic.snap` of the whole array. Reading, snapping and writing
    overlap. A killed process leaves whole blocks, each on the disk before the store says so; what
    was in work is snapped again, to the same bytes. Beside the block the limit must hold Python and
    the compiled loops; blocks with numerators beyond int64 take more than others.

    Examples
    --------
    >>> import tempfile
    >>> import pytest
    >>> _ = pytest.importorskip("zarr")
    >>> from syntonic.io import load
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", np.array([0.618033988749895, 4.23606797749979]))
    ...     blocks = snap_file(f"{folder}/x.npy", f"{folder}/x.zarr")
    ...     blocks, load(f"{folder}/x.zarr")
    (1, ResonantTensor([-1 + φ, 1 + 2φ], precision=100))
    """
    plan_of(precision, window, denominator)  # refuses bounds before anything is made
    bounds = Bounds(precision, window, denominator, error_bound)
    floats, path = _opened(Path(source)), Path(target)
    size = _block_size(memory, bounds)
    if path.exists() and not resume:
        raise FileExistsError(errno.EEXIST, "it exists; resume goes on with it", str(path))
    make = _continued if path.exists() else _begun
    store = make(path, floats, bounds, size)
    todo = [block for block in store.blocks() if not store.done[block[0]]]
    total = store.done.size
    with tqdm(total=total, initial=total - len(todo), unit="block", disable=not progress) as bar:
        _run(floats, store, bounds, todo, bar)
    return len(todo)


class Bounds(NamedTuple):
    """The bounds of a snap, as `rounding.snap.snapped` takes them."""

    precision: int | None
    window: Any
    denominator: int
    error_bound: Any

    @property
    def stored(self) -> dict[str, str]:
        """What a store says of them, as text."""
        out = {"denominator": str(int(self.denominator))}
        if self.window is None:
            out["precision"] = str(DEFAULT_PRECISION if self.precision is None else self.precision)
        else:
            out["window"] = _text(self.window)
        return out if self.error_bound is None else out | {"error_bound": _text(self.error_bound)}


def _text(x: Any) -> str:
    return str(x if isinstance(x, GoldenExact) else GoldenExact(Fraction(x)))


def _run(floats: Floats, store: Store, bounds: Bounds, todo: list[Block], bar: Any) -> None:
    """Snap blocks; while one is snapped, the next is read and the one before is written."""
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        ahead = [reader.submit(floats.read, block) for block in todo[:1]]
        written: list[Future[None]] = []
        for block, following in zip_longest(todo, todo[1:]):
            x = ahead.pop().result()
            if following is not None:
                ahead.append(reader.submit(floats.read, following))
            a, b, _, unique, _ = snapped(x, *bounds)
            for each in written:
                each.result()
            written = [writer.submit(store.write, block, a, b, unique)]
            bar.update()
        for each in written:
            each.result()


# -- the store ----------------------------------------------------------------------------------


def _begun(path: Path, floats: Floats, bounds: Bounds, size: int) -> Store:
    stored = bounds.stored
    return Store.create(
        path,
        floats.shape,
        chunks_of(floats.shape, size),
        denominator=int(stored["denominator"]),
        precision=int(stored["precision"]) if "precision" in stored else None,
        window=stored.get("window"),
        exponent=np.finfo(floats.dtype).maxexp,
        unique=bounds.error_bound is not None,
        also={"source": floats.identity()} | stored,
    )


def _continued(path: Path, floats: Floats, bounds: Bounds, size: int) -> Store:
    """Open a store of the same call; blocks of another size are kept as they are."""
    store = Store.open(path)
    wanted = {"source": floats.identity(), **bounds.stored}
    bound_keys = ("source", "denominator", "precision", "window", "error_bound")
    for key in bound_keys:
        if store.attributes.get(key) != wanted.get(key):
            raise FormatError(
                f"the store is of another {key}: {store.attributes.get(key)!r}, and "
                f"{wanted.get(key)!r} is asked for; choose another name, or remove it",
                path=path,
            )
    if prod(store.chunks) > 2 * size:
        raise ValueError(
            f"snap_file: the blocks of {path} have {prod(store.chunks)} elements, and the limit of "
            f"memory leaves room for {size}; pass a higher one"
        )
    return store


# -- the floats ---------------------------------------------------------------------------------


class Floats:
    """An array on the disk, read block by block."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, block: Block) -> Any:
        """Return the floats of a block, all finite."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """Return what tells this array from another one, or from itself after a change."""
        raise NotImplementedError

    def _require(self, flag: bool, rule: str) -> None:
        if not flag:
            raise FormatError(rule, path=self.path)

    def _check(self) -> None:
        self._require(bool(self.shape), "the array must have at least one axis, got none")
        kind = self.dtype.kind == "f" and self.dtype.itemsize <= 8
        self._require(kind, f"the array must be float64, float32 or float16, got {self.dtype}")

    def _finite(self, x: Any, first: int | None, block: Block) -> Any:
        """Return x, or say where NaN or infinity stands; `first` is the byte where x begins."""
        wrong = np.flatnonzero(~np.isfinite(x))
        if wrong.size:
            at = np.unravel_index(wrong[0], x.shape)
            index = tuple(int(i) + s.start for i, s in zip(at, block[1], strict=True))
            byte = "" if first is None else f", byte {first + int(wrong[0]) * x.itemsize}"
            raise ValueError(
                f"{self.path}: {wrong.size} numbers of block {block[0]} are NaN or infinite, the "
                f"first at index {index}{byte}; replace them, and resume"
            )
        return x


class NpyFloats(Floats):
    """The array of a `.npy` file in C order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            head = file.read(1 << 16)
        self.shape, columns, self.dtype, self._start = npy_header(head, path)
        self._check()
        self._require(
            not columns or len(self.shape) == 1,
            "the array must be in C order, got Fortran's; save np.ascontiguousarray(x)",
        )
        length = self._start + prod(self.shape) * self.dtype.itemsize
        self._require(path.stat().st_size == length, f"the file must have {length} bytes")

    def read(self, block: Block) -> Any:
        starts = [each.start for each in block[1]]
        x: Any = np.empty([each.stop - each.start for each in block[1]], self.dtype)
        first = np.ravel_multi_index(starts, self.shape) if x.size else 0
        place = self._start + int(first) * self.dtype.itemsize
        with self.path.open("rb", buffering=0) as file:
            file.seek(place)
            view = memoryview(x).cast("B") if x.size else memoryview(b"")
            while view:
                count = file.readinto(view)
                self._require(bool(count), "the file became shorter while it was read")
                view = view[count:]
        return self._finite(x, place, block)

    def identity(self) -> dict[str, Any]:
        status, digest = self.path.stat(), hashlib.sha256()
        with self.path.open("rb") as file:
            digest.update(file.read(_ENDS))
            file.seek(max(0, status.st_size - _ENDS))
            digest.update(file.read(_ENDS))
        return {
            "shape": list(self.shape), "dtype": self.dtype.str, "size": status.st_size,
            "mtime_ns": status.st_mtime_ns, "token": digest.hexdigest(),
        }  # fmt: skip


class ZarrFloats(Floats):
    """A zarr array in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._array = zarr_module("snap_file").open_array(path, mode="r")
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError("must be a zarr array", path=path) from error
        self.shape, self.dtype = self._array.shape, self._array.dtype
        self._check()

    def read(self, block: Block) -> Any:
        return self._finite(np.asarray(self._array[block[1]]), None, block)

    def identity(self) -> dict[str, Any]:
        text = (self.path / "zarr.json").read_bytes()
        return {
            "shape": list(self.shape), "dtype": self.dtype.str,
            "token": hashlib.sha256(text).hexdigest(),
        }  # fmt: skip


def _opened(path: Path) -> Floats:
    return ZarrFloats(path) if is_store(path) else NpyFloats(path)


# -- memory -------------------------------------------------------------------------------------


def _block_size(memory: int | str | None, bounds: Bounds) -> int:
    """Return how many elements a block may have."""
    if memory is None:
        return _LARGEST_BLOCK
    limit = bytes_of(memory)
    snapped(np.linspace(0, 1, 1 << 16), *bounds)  # loads what is loaded once
    taken = resident()
    size = (limit - taken - _SLACK) // _PER_ELEMENT
    if size < _LEAST_BLOCK:
        least = taken + _SLACK + _LEAST_BLOCK * _PER_ELEMENT
        raise ValueError(
            f"snap_file: memory must hold the process, which takes {taken} bytes, and a block, got "
            f"{limit}; pass at least {least}"
        )
    return min(size, _LARGEST_BLOCK)


def bytes_of(memory: int | str) -> int:
    """Return a number of bytes given as one, or as text such as "1GB" or "512MiB"."""
    if isinstance(memory, str) and (match := _SIZE.fullmatch(memory.strip())):
        number, letter, binary = match.groups()
        unit = _UNITS[letter.upper()]
        factor = 1 << 10 * (len(str(unit)) // 3) if binary else unit
        return int(Fraction(number) * factor)
    if isinstance(memory, (int, np.integer)) and not isinstance(memory, bool):
        return int(memory)
    raise ValueError(
        f'snap_file: memory must be a number of bytes or text such as "1GB", got {memory!r}'
    )


def resident() -> int:
    """Return the bytes of memory that the process has, or has had where no more is known."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most << 10

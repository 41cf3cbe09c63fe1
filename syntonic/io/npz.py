"""Tensors in `.npz` files, without loss: `save` and `load`.

A file is an uncompressed zip archive of `.npy` arrays, as `numpy.savez` writes it, so that
`numpy.load` opens it too; nothing is pickled. Its arrays are

header
    UTF-8 bytes of a JSON object: "format" ("syntonic tensor"), "version", "phase", "precision",
    "named" (whether the precision was chosen, if that is not to be seen from it: 100 is the
    default), "denominator" (packed), "snap" (flux: precision, denominator and, where it is not
    "computed", the origin of the remembered snap) and "arrays", the names of the others. Integers
    without a bound are hexadecimal strings.
a, b
    Crystallized, if 64 bits hold all numerators: int64 arrays for (a + bφ)/denominator.
signs, lengths, limbs
    Crystallized otherwise: the numerators of a, the denominators of a, and the same of b, each in
    the tensor's shape. For each of these integers, `signs` (uint8) is 1 if it is negative,
    `lengths` (int64) counts its 64-bit limbs, and `limbs` (uint64) has these, the least first.
flux
    Flux: the floats.
mode_norm_sq
    The squared mode norms, if they are set.

Because nothing is compressed, no array is larger than the file, and sizes are compared before
anything is read.
"""

from __future__ import annotations

import errno
import json
import os
import re
import struct
import zipfile
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from gmpy2 import mpq, mpz

from syntonic.constants import DEFAULT_PRECISION, INT64_MAX
from syntonic.errors import FormatError
from syntonic.io.files import read_bytes, replacing
from syntonic.io.stores import is_store, load_store, save_store
from syntonic.lattice.array import LatticeArray, elementwise, objects
from syntonic.tensor import ResonantTensor
from syntonic.tensor.specification import Carried, Origin, SnapSpecification, check_mode_norms

__all__ = ["load", "save"]

_FORMAT = "syntonic tensor"
_VERSION = 1
_MEMBERS = {
    f"{name}.npy"
    for name in ("header", "a", "b", "signs", "lengths", "limbs", "flux", "mode_norm_sq")
}
_DTYPES = ("<i8", "<u8", "|u1", "<f8", "<f4", "<f2")
_NPY = b"\x93NUMPY\x01\x00"
_HEX = re.compile(r"[0-9a-f]+")
_ARRAY = re.compile(
    rb"\{'descr': '([<|][a-z][0-9])', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,18}, ){0,63}(?:[0-9]{1,18},?)?)\), \} *\n"
)
# What zipfile raises on damaged archives, on encrypted ones, and on methods it does not know.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    struct.error,
    ValueError,
    OverflowError,
)

_numerator = np.frompyfunc(lambda q: int(q.numerator), 1, 1)
_denominator = np.frompyfunc(lambda q: int(q.denominator), 1, 1)

Arrays = dict[str, Any]


def save(tensor: ResonantTensor, path: str | os.PathLike[str]) -> None:
    """Save a tensor to a `.npz` file, without loss; an exact one under `.zarr` to a zarr store.

    The file appears whole or not at all: after an error, whatever stood there is untouched.

    Parameters
    ----------
    tensor
        A tensor in either phase. Precision, mode norms and, in flux, the remembered snap are
        saved with it; flux on another device is copied to the CPU first.
    path
        The file. No extension is added to it. The folder of a store is made, and must be new.

    Raises
    ------
    TypeError
        If it is no tensor.

    See Also
    --------
    load : the other way.
    write : a figure, in a format of others.
    syntonic.torch.save : several tensors, as safetensors.

    Examples
    --------
    >>> import tempfile
    >>> from syntonic import PHI, ResonantTensor
    >>> t = ResonantTensor([[1, PHI], [PHI**-300 / 7, 0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(t, Path(folder, "t.npz"))
    ...     load(Path(folder, "t.npz")).equals(t)
    True
    """
    if not isinstance(tensor, ResonantTensor):
        raise TypeError(
            f"save: tensor must be a ResonantTensor, got {type(tensor).__name__}; "
            "models go to syntonic.io.write"
        )
    if Path(path).suffix == ".zarr" and tensor.is_crystallized:
        save_store(tensor, Path(path))
        return
    header: dict[str, Any] = {
        "format": _FORMAT,
        "version": _VERSION,
        "phase": str(tensor.phase),
        "precision": f"{tensor.precision:x}",
    }
    if tensor._carried.named != (tensor.precision != DEFAULT_PRECISION):
        header["named"] = tensor._carried.named
    arrays: Arrays = {}
    if tensor.is_crystallized:
        _put_lattice(tensor._lattice("save").pack(), header, arrays)
    else:
        _put_flux(tensor, header, arrays)
    if tensor.mode_norm_sq is not None:
        arrays["mode_norm_sq"] = tensor.mode_norm_sq.astype("<f8")
    header["arrays"] = sorted(arrays)
    text = json.dumps(header).encode("ascii")
    with replacing(path) as file:
        _write_arrays({"header": np.frombuffer(text, np.uint8), **arrays}, file)


def load(path: str | os.PathLike[str]) -> ResonantTensor:
    """Load a tensor from a `.npz` file that `save` wrote, or from a zarr store.

    Parameters
    ----------
    path
        The file, or the folder of a store. Nothing in it is executed or unpickled.

    Returns
    -------
    ResonantTensor
        The tensor in the phase in which it was saved, with its precision, mode norms and
        remembered snap.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If the file is damaged, is none of `save`, or is of a newer version.

    See Also
    --------
    save : the other way.
    read : a figure.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from syntonic import PHI, ResonantTensor, io
    >>> with TemporaryDirectory() as folder:
    ...     io.save(ResonantTensor([1, PHI]), Path(folder, "x.npz"))
    ...     io.load(Path(folder, "x.npz"))
    ResonantTensor([1, φ])
    """
    if is_store(Path(path)):
        return load_store(Path(path))
    file = _Saved(Path(path))
    precision = file.integer(file.header.get("precision"), least=0)
    named = file.header.get("named", precision != DEFAULT_PRECISION)
    if not isinstance(named, bool):
        file.fail("named must be true or false")
    snap = None
    data: Any
    if file.header.get("phase") == "flux":
        data, snap = file.flux(), file.snap()
    else:
        data = file.lattice()
    norms = file.array("mode_norm_sq", "f8") if "mode_norm_sq" in file.arrays else None
    try:
        norms = check_mode_norms(norms, data.shape, "load")
    except ValueError as error:
        file.fail(str(error).removeprefix("load: "))
    return ResonantTensor._of(data, Carried(precision, norms, snap, named))


# -- writing --------------------------------------------------------------------------------


def _put_lattice(x: LatticeArray, header: dict[str, Any], arrays: Arrays) -> None:
    if x.is_packed:
        a, b, denominator = x.numerators()
        header["denominator"] = f"{denominator:x}"
        arrays["a"], arrays["b"] = a.astype("<i8"), b.astype("<i8")
    else:
        # One denominator for each element: a common one could be longer than all of them.
        parts = [elementwise(f, y) for y in x.fractions() for f in (_numerator, _denominator)]
        arrays["signs"], arrays["lengths"], arrays["limbs"] = _limbs(np.stack(parts))


def _limbs(integers: Any) -> tuple[Any, Any, Any]:
    """Return the signs, the numbers of limbs and the limbs of an object array of ints."""
    flat = integers.ravel().tolist()
    counts = [-(-n.bit_length() // 64) for n in flat]
    data = b"".join(
        abs(n).to_bytes(8 * count, "little") for n, count in zip(flat, counts, strict=True)
    )
    signs = np.array([n < 0 for n in flat], np.uint8).reshape(integers.shape)
    return signs, np.array(counts, "<i8").reshape(integers.shape), np.frombuffer(data, "<u8")


def _put_flux(tensor: ResonantTensor, header: dict[str, Any], arrays: Arrays) -> None:
    array = tensor.to_device("cpu").flux_array
    arrays["flux"] = array.astype(array.dtype.newbyteorder("<"))
    snap = tensor._carried.snap
    if snap is not None:
        origin = [] if snap.origin is Origin.COMPUTED else [str(snap.origin)]
        header["snap"] = [f"{snap.precision:x}", f"{snap.denominator:x}", *origin]


def _write_arrays(arrays: Arrays, file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            # A fixed date, so that equal tensors give equal files.
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            with archive.open(entry, "w", force_zip64=True) as out:
                np.lib.format.write_array(
                    out, np.ascontiguousarray(array).reshape(array.shape), (1, 0), False
                )


# -- reading --------------------------------------------------------------------------------


class _Saved:
    """What a file says: its header and arrays, taken apart with checks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.arrays = {name: self._array(data) for name, data in self._members().items()}
        self.header = self._header()

    def fail(self, rule: str) -> NoReturn:
        raise FormatError(rule, path=self.path)

    def _members(self) -> dict[str, bytes]:
        """Return the bytes of each member of the archive."""
        if read_bytes(self.path, first=2) != b"PK":
            self.fail("must be a file of syntonic.io.save (.npz, a zip archive)")
        try:
            with zipfile.ZipFile(self.path) as archive:
                self._check_members(archive.infolist())
                return {each.filename[:-4]: archive.read(each) for each in archive.infolist()}
        except FormatError:
            raise
        except _ZIP_ERRORS as error:
            self.fail(f"the archive is damaged: {error}")
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self.fail("the archive is damaged: it refers to a place outside the file")

    def _check_members(self, members: list[zipfile.ZipInfo]) -> None:
        names = [each.filename for each in members]
        if not {*names} <= _MEMBERS or len({*names}) < len(names) or "header.npy" not in names:
            self.fail("must be a file of syntonic.io.save, got another archive")
        for each in members:
            if each.compress_type != zipfile.ZIP_STORED or each.compress_size != each.file_size:
                self.fail(f"{each.filename} must not be compressed")
        if sum(each.file_size for each in members) > self.path.stat().st_size:
            self.fail("the archive is damaged: its members are larger than the file")

    def _array(self, data: bytes) -> Any:
        """Return the array of a .npy file after a comparison of its shape with its length."""
        end = 10 + int.from_bytes(data[8:10], "little")
        match = _ARRAY.fullmatch(data, 10, end)
        if not data.startswith(_NPY) or len(data) < end or match is None:
            self.fail("an array must have a .npy header of version 1, in C order")
        if (name := match[1].decode()) not in _DTYPES:
            self.fail(f"an array must have one of the types {', '.join(_DTYPES)}, got {name}")
        dtype = np.dtype(name)
        shape = tuple(map(int, re.findall(rb"[0-9]+", match[2])))
        if len(data) - end != prod(shape) * dtype.itemsize:
            self.fail(f"an array of shape {shape} must have {prod(shape) * dtype.itemsize} bytes")
        try:
            array = np.frombuffer(data, dtype, offset=end).reshape(shape)
        except ValueError:  # no elements, but other axes beyond bounds
            self.fail(f"an array cannot have the shape {shape}")
        return array.astype(dtype.newbyteorder("="))

    def _header(self) -> dict[str, Any]:
        text = self.array("header", "u1").tobytes()
        try:
            header = json.loads(text)
        except (ValueError, RecursionError):
            self.fail("the header must be a JSON object")
        if not isinstance(header, dict) or header.get("format") != _FORMAT:
            self.fail(f'the header must be a JSON object with the format "{_FORMAT}"')
        version = header.get("version")
        if type(version) is not int or version < 1:
            self.fail("the version must be a positive integer")
        if version > _VERSION:
            self.fail(f"the version is {version}, newer than {_VERSION}; upgrade syntonic")
        if header.get("arrays") != sorted({*self.arrays} - {"header"}):
            self.fail("the archive is damaged: its members are not those that the header lists")
        if header.get("phase") not in ("flux", "crystallized"):
            self.fail('the phase must be "flux" or "crystallized"')
        return header

    def array(self, name: str, *kinds: str) -> Any:
        """Return an array after the check that it is there and of one of the types."""
        array = self.arrays.get(name)
        if array is None or array.dtype.str[1:] not in kinds:
            self.fail(f"an array {name} of type {' or '.join(kinds)} must be there")
        return array

    def integer(self, text: Any, *, least: int) -> int:
        """Return an integer of the header."""
        if not isinstance(text, str) or _HEX.fullmatch(text) is None or int(text, 16) < least:
            self.fail(f"integers of the header must be hexadecimal strings from {least}")
        return int(text, 16)

    def flux(self) -> Any:
        return self.array("flux", "f8", "f4", "f2")

    def snap(self) -> SnapSpecification | None:
        snap = self.header.get("snap")
        if snap is None:
            return None
        if not isinstance(snap, list) or len(snap) not in (2, 3):
            self.fail("snap must be a precision, a denominator and an origin")
        precision, denominator = self.integer(snap[0], least=0), self.integer(snap[1], least=1)
        if snap[2:] and snap[2] not in list(Origin):
            self.fail(f"the origin of snap must be one of {', '.join(Origin)}")
        return SnapSpecification(precision, denominator, *map(Origin, snap[2:]))

    def lattice(self) -> LatticeArray:
        if "signs" in self.arrays:
            return self._long_lattice()
        a, b = self.array("a", "i8"), self.array("b", "i8")
        denominator = self.integer(self.header.get("denominator"), least=1)
        if a.shape != b.shape or denominator > INT64_MAX:
            self.fail("a and b must have one shape, and the denominator at most 63 bits")
        return LatticeArray.packed(a, b, denominator)

    def _long_lattice(self) -> LatticeArray:
        signs, lengths = self.array("signs", "u1"), self.array("lengths", "i8")
        limbs = self.array("limbs", "u8")
        counts = lengths.ravel().tolist()
        if signs.shape != lengths.shape or signs.shape[:1] != (4,) or limbs.ndim != 1:
            self.fail("signs and lengths must have one shape (4, ...), and limbs one axis")
        if min(counts, default=0) < 0 or sum(counts) != limbs.size or signs.max(initial=0) > 1:
            self.fail("lengths must count the limbs, and signs must be 0 or 1")
        integers = _integers(signs.ravel().tolist(), counts, limbs.astype("<u8").tobytes())
        n = len(integers) // 4
        parts = [integers[k * n : (k + 1) * n] for k in range(4)]
        if not all(d > 0 for d in (*parts[1], *parts[3])):
            self.fail("the denominators must be positive")
        a, b = (objects(list(map(mpq, *pair))) for pair in (parts[:2], parts[2:]))
        return LatticeArray.rational(a.reshape(signs.shape[1:]), b.reshape(signs.shape[1:]))


def _integers(signs: list[int], counts: list[int], data: bytes) -> list[Any]:
    out = []
    start = 0
    for sign, count in zip(signs, counts, strict=True):
        size = mpz(int.from_bytes(data[start : start + 8 * count], "little"))
        out.append(-size if sign else size)
        start += 8 * count
    return out

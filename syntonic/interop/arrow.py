"""Exact tensors in Apache Arrow and Parquet, through pyarrow: an extension type over two integers.

The type is "syntonic.golden" over struct<a: int64, b: int64>, for (a + bφ)/denominator, with JSON
metadata {"denominator": "7"} and, where it says something, "shape" (arrays of Arrow have one axis)
and "precision". Whoever does not know the type reads the struct and keeps the metadata. Where 64
bits are too few, the storage is text, such as "1/2 + 3φ", on request.
"""

from __future__ import annotations

import json
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.errors import FormatError
from syntonic.exact.golden import GoldenExact
from syntonic.interop.parts import as_exact, carried, decimal, narrow, rebuilt, required
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

if TYPE_CHECKING:
    from pyarrow import Array, ChunkedArray

__all__ = ["from_arrow", "register", "to_arrow"]


def __dir__() -> list[str]:
    return [*__all__]


_NAME = "syntonic.golden"


def register() -> None:
    """Let pyarrow know the type, so that files give it back; `to_arrow` does so, too.

    Raises
    ------
    BackendUnavailableError
        pyarrow is not installed.

    See Also
    --------
    to_arrow, from_arrow : the conversions.

    Examples
    --------
    >>> import pytest
    >>> pyarrow = pytest.importorskip("pyarrow")
    >>> register()
    """
    _golden_type()


def to_arrow(t: ResonantTensor | ExactArrayLike, *, text: bool = False) -> Array:
    """Return an exact tensor as an array of Arrow.

    Parameters
    ----------
    t : ResonantTensor or exact array-like
        Crystallized. More than one axis is flattened in C order, and its shape kept in the type.
    text : bool, default False
        Store texts such as "1/2 + 3φ", of any length, in place of integers.

    Returns
    -------
    pyarrow.ExtensionArray
        Of the type "syntonic.golden". ``pyarrow.table({"x": array})`` goes to Parquet.

    Raises
    ------
    BackendUnavailableError
        pyarrow is not installed.
    PhaseError
        t is in flux.
    OverflowError
        A numerator has more than 64 bits, and text is False.

    See Also
    --------
    from_arrow : the way back.

    Examples
    --------
    >>> import pytest
    >>> pyarrow = pytest.importorskip("pyarrow")
    >>> from syntonic import PHI, ResonantTensor
    >>> to_arrow(ResonantTensor([1, PHI])).storage.to_pylist()
    [{'a': 1, 'b': 0}, {'a': 0, 'b': 1}]
    """
    where = "to_arrow"
    x = as_exact(t, where)
    pyarrow, kind = required("pyarrow", where), _golden_type()
    header: dict[str, Any] = {**carried(x)} if x.ndim == 1 else {"shape": [*x.shape], **carried(x)}
    if text:
        storage = pyarrow.array(list(map(str, x.ravel().tolist())), pyarrow.string())
    else:
        a, b, denominator = narrow(x, where, "pass text=True")
        storage = pyarrow.StructArray.from_arrays(list(map(pyarrow.array, (a, b))), ["a", "b"])
        header = {"denominator": decimal(denominator), **header}
    return pyarrow.ExtensionArray.from_storage(kind(storage.type, json.dumps(header)), storage)


def from_arrow(array: Array | ChunkedArray, *, denominator: int | None = None) -> ResonantTensor:
    """Return the tensor of an array of Arrow.

    Parameters
    ----------
    array : pyarrow.Array or ChunkedArray
        Of the type "syntonic.golden"; or its storage, structs of integers a and b, or texts.
    denominator : int, optional
        Of a bare storage, whose metadata are lost; 1 by default.

    Returns
    -------
    ResonantTensor
        Crystallized; of one axis, if the array is but a part of what it was.

    Raises
    ------
    FormatError
        It is of another type, or has null values.
    ValueError
        A denominator is given for the extension type, which has its own.

    See Also
    --------
    to_arrow : the way there.

    Examples
    --------
    >>> import pytest
    >>> pyarrow = pytest.importorskip("pyarrow")
    >>> from_arrow(pyarrow.array([{"a": 1, "b": 2}]), denominator=2)
    ResonantTensor([1/2 + φ])
    """
    where = "from_arrow"
    if hasattr(array, "combine_chunks"):
        array = array.combine_chunks()
    header: dict[str, Any] = {} if denominator is None else {"denominator": denominator}
    if getattr(array.type, "extension_name", None) == _NAME:
        if denominator is not None:
            raise ValueError(f"{where}: the array has a denominator; leave denominator out")
        header, array = json.loads(array.type.metadata), array.storage
    if array.null_count:
        raise FormatError(f"{where}: there must be no null values; drop or fill them")
    shape = header.get("shape", [len(array)])
    shape = tuple(shape) if prod(shape) == len(array) else (len(array),)
    if str(array.type) in ("string", "large_string"):
        values = [GoldenExact.parse(x) for x in array.to_pylist()]
        elements = np.fromiter(values, dtype=object, count=len(values))
        precision = int(header["precision"]) if "precision" in header else None
        return ResonantTensor(elements.reshape(shape), precision=precision)
    a, b = (_integers(array, name, where) for name in ("a", "b"))
    return rebuilt(a, b, header, shape, where)


def _integers(array: Any, name: str, where: str) -> Any:
    names = [field.name for field in array.type] if str(array.type).startswith("struct") else []
    if sorted(names) != ["a", "b"]:
        raise FormatError(
            f"{where}: array must be of the type {_NAME}, of structs of a and b, or of texts, got "
            f"{array.type}"
        )
    part = array.flatten()[names.index(name)]  # by flatten, so that a slice's offset counts
    if part.null_count or not str(part.type).startswith(("int", "uint")):
        raise FormatError(f"{where}: {name} must hold integers, without null values")
    return part.to_numpy(zero_copy_only=False)


@cache
def _golden_type() -> Any:
    """Return the class of the extension type, which is registered with it."""
    pyarrow = required("pyarrow", "interop.arrow")
    base: Any = pyarrow.ExtensionType

    class GoldenType(base):  # type: ignore[misc]
        """Numbers (a + bφ)/denominator, in the field Q(φ)."""

        def __init__(self, storage: Any, metadata: str) -> None:
            self.metadata = metadata
            super().__init__(storage, _NAME)

        def __arrow_ext_serialize__(self) -> bytes:
            return self.metadata.encode("utf-8")

        @classmethod
        def __arrow_ext_deserialize__(cls, storage: Any, serialized: bytes) -> Any:
            return cls(storage, serialized.decode("utf-8"))

    pyarrow.register_extension_type(GoldenType(pyarrow.string(), "{}"))
    return GoldenType

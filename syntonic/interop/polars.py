"""Exact tensors in polars: structs of three integers, a, b and the denominator.

A warning: ``polars.Series([PHI])`` is a column of Float64. polars takes every `numbers.Real` for a
float, and says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syntonic.errors import FormatError
from syntonic.exact.golden import GoldenExact
from syntonic.interop.parts import as_exact, narrow, required
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

if TYPE_CHECKING:
    from polars import Series

__all__ = ["from_struct", "to_struct"]


def __dir__() -> list[str]:
    return [*__all__]


_NAMES = ("a", "b", "denominator")


def to_struct(t: ResonantTensor | ExactArrayLike, name: str = "golden") -> Series:
    """Return an exact tensor as a column of structs of integers.

    Parameters
    ----------
    t : ResonantTensor or exact array-like, of one axis
        Crystallized.
    name : str, default "golden"
        The column's.

    Returns
    -------
    polars.Series
        Of Struct({"a": Int64, "b": Int64, "denominator": Int64}), each row standing for
        (a + bφ)/denominator. All rows have one denominator, so that sums of a and of b are exact.

    Raises
    ------
    BackendUnavailableError
        polars is not installed.
    PhaseError
        t is in flux.
    ValueError
        t has not one axis.
    OverflowError
        An integer has more than 64 bits.

    See Also
    --------
    from_struct : the way back.
    """
    where = "to_struct"
    x = as_exact(t, where)
    polars = required("polars", where)
    if x.ndim != 1:
        raise ValueError(f"{where}: t must have one axis, got shape {x.shape}; ravel it")
    remedy = "a column of texts, [str(v) for v in t.tolist()], holds any of them"
    a, b, denominator = narrow(x, where, remedy)
    if denominator >= 1 << 63:
        raise OverflowError(f"{where}: the denominator must fit 64 bits; {remedy}")
    columns = (a, b, np.full(len(a), denominator))
    parts = [polars.Series(key, part) for key, part in zip(_NAMES, columns, strict=True)]
    return polars.DataFrame(parts).to_struct(name)


def from_struct(column: Series) -> ResonantTensor:
    """Return the tensor of such a column.

    Parameters
    ----------
    column : polars.Series
        Of structs with integers a, b and, if it is not 1, denominator, which may differ from row
        to row.

    Returns
    -------
    ResonantTensor, shape (n,)
        Crystallized.

    Raises
    ------
    FormatError
        It has other fields, null values, or a denominator that is not positive.

    See Also
    --------
    to_struct : the way there.
    """
    where = "from_struct"
    fields = getattr(getattr(column, "dtype", None), "fields", None)
    names = {field.name for field in fields or ()}
    if not {"a", "b"} <= names <= {*_NAMES}:
        raise FormatError(f"{where}: column must be of structs of {', '.join(_NAMES)}")
    parts = [column.struct.field(key) for key in _NAMES if key in names]
    if not all(part.dtype.is_integer() for part in parts):
        raise FormatError(f"{where}: the fields must be integers")
    if any(part.null_count() for part in parts):
        raise FormatError(f"{where}: there must be no null values; drop or fill them")
    a, b, *denominators = (part.to_list() for part in parts)
    d = denominators[0] if denominators else [1] * len(a)
    if min(d, default=1) < 1:
        raise FormatError(f"{where}: denominators must be positive")
    return ResonantTensor(
        [GoldenExact.from_numerators(*row) for row in zip(a, b, d, strict=True)] or np.empty(0, int)
    )

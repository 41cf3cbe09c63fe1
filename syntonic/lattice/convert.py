"""From what users write (nested sequences, arrays of exact numbers) to a `LatticeArray`."""

from __future__ import annotations

import numbers
from fractions import Fraction
from typing import Any

import numpy as np
from gmpy2 import mpq, mpz

from syntonic.errors import ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.exact.operands import flint_triple, is_flint
from syntonic.foreign import ratio, require_unmasked
from syntonic.lattice.array import INT64_MAX, LatticeArray, objects

__all__ = ["as_lattice", "is_exact_scalar", "lattice_scalar"]

_MPZ, _MPQ = type(mpz()), type(mpq())
_PLAIN = {int, bool, Fraction, GoldenExact, _MPZ, _MPQ}
_EXACT = (numbers.Rational, GoldenExact, _MPZ, _MPQ, np.integer, np.bool_)
_FLINT_MATRICES = ("flint.types.fmpz_mat", "flint.types.fmpq_mat")
_FLOAT_REMEDY = (
    "use ResonantTensor.from_floats (or snap) to take the nearest lattice points, "
    "GoldenExact.from_float_exact for a float's exact binary value"
)


def is_exact_scalar(x: object) -> bool:
    """Return whether x is an exact number: int, Fraction, mpz, fmpz, NumPy integer, GoldenExact."""
    return _is_exact(type(x))


def _is_exact(kind: type) -> bool:
    return issubclass(kind, _EXACT) or is_flint(kind)


def lattice_scalar(x: Any) -> LatticeArray:
    """Return a 0-d array of one exact scalar."""
    p, q, d = map(int, _triple(x))
    bound = max(abs(p), abs(q))
    if bound <= INT64_MAX >= d:
        return LatticeArray.fresh(np.array(p, np.int64), np.array(q, np.int64), d, bound)
    return LatticeArray.from_numerators(*_columns([p], [q], ()), d)


def as_lattice(data: Any, where: str = "ResonantTensor") -> LatticeArray:
    """Convert exact numbers of any accepted kind to a `LatticeArray`.

    Parameters
    ----------
    data
        An exact scalar, a nested sequence of them, an integer or boolean array, an object array
        of exact scalars, or a matrix of FLINT's over the integers or the rationals.
    where
        The caller's name, for the error messages.

    Raises
    ------
    TypeError
        A float, a complex number or another foreign type is among the data.
    ShapeError
        The nested sequence is ragged.
    """
    if isinstance(data, LatticeArray):
        return data
    require_unmasked(data, where)
    if not isinstance(data, (np.ndarray, np.generic)):
        data = _to_object_array(data, where)
    kind = data.dtype.kind
    if kind in "ib":
        a = np.array(data, dtype=np.int64)
        return LatticeArray.packed(a, np.zeros_like(a))
    if kind == "u":
        data = data.astype(object)
    elif kind in "fc":
        raise TypeError(
            f"{where}: the data must be exact numbers, got an array of {data.dtype}; "
            + _FLOAT_REMEDY
        )
    elif kind != "O":
        raise TypeError(
            f"{where}: the data must be exact numbers, got an array of {data.dtype}; "
            "GoldenExact.parse reads one number from text"
        )
    return _from_objects(np.asarray(data), where)


def _to_object_array(data: Any, where: str) -> Any:
    if type(data) in (list, tuple) and _PLAIN.issuperset(map(type, data)):
        return np.fromiter(data, object, len(data))  # without a search for sequences
    if type(data).__module__ in _FLINT_MATRICES:
        rows = [x for row in data.tolist() for x in row]
        return np.fromiter(rows, object, len(rows)).reshape(data.nrows(), data.ncols())
    try:
        out = np.array(data, dtype=object)
    except ValueError as error:
        raise _ragged(where) from error
    for index, x in enumerate(out.flat):
        if isinstance(x, (list, tuple, np.ndarray)):
            raise _ragged(where)
        if hasattr(x, "__array__") and not isinstance(x, np.generic):
            out.flat[index] = np.asarray(x, dtype=object).item()  # a 0-d tensor
    return out


def _ragged(where: str) -> ShapeError:
    return ShapeError(
        f"{where}: nested sequences must have one length at each depth, got a ragged one"
    )


def _from_objects(data: Any, where: str) -> LatticeArray:
    values = data.ravel().tolist()
    kinds = set(map(type, values))
    if kinds <= {int, bool}:
        return LatticeArray.from_numerators(*_columns(values, [0] * len(values), data.shape))
    for kind in kinds:
        _check_kind(kind, data, where)
    triples = [_triple(x) for x in values]
    p, q, d = (list(column) for column in zip(*triples, strict=True))
    if set(d) == {1}:
        return LatticeArray.from_numerators(*_columns(p, q, data.shape))
    a = _column([mpq(n, e) for n, e in zip(p, d, strict=True)], data.shape)
    b = _column([mpq(n, e) for n, e in zip(q, d, strict=True)], data.shape)
    return LatticeArray.rational(a, b)


def _check_kind(kind: type, data: Any, where: str) -> None:
    if _is_exact(kind):
        return
    index = next(i for i in np.ndindex(data.shape) if type(data[i]) is kind)
    remedy = _FLOAT_REMEDY if issubclass(kind, (float, np.floating)) else "convert it first"
    raise TypeError(
        f"{where}: the data must be exact numbers (int, Fraction, mpz, mpq, GoldenExact), got "
        f"{kind.__name__}{f' at index {index}' if index else ''}; {remedy}"
    )


def _triple(x: Any) -> tuple[Any, Any, Any]:
    if isinstance(x, GoldenExact):
        return x.numerators()
    if isinstance(x, (np.integer, np.bool_)):
        return int(x), 0, 1
    if is_flint(type(x)):
        return flint_triple(x)
    top, bottom = ratio(x)
    return top, 0, bottom


def _columns(p: list[Any], q: list[Any], shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return two numerator arrays, int64 where all fit."""
    try:
        return (
            np.array([int(x) for x in p], dtype=np.int64).reshape(shape),
            np.array([int(x) for x in q], dtype=np.int64).reshape(shape),
        )
    except OverflowError:
        return _column(p, shape), _column(q, shape)


def _column(values: list[Any], shape: tuple[int, ...]) -> Any:
    # NumPy, given the whole list, would look at each element for a sequence.
    return objects(np.fromiter(values, object, len(values)).reshape(shape))

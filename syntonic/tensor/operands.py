"""Promotion: what may meet what, and what a result carries.

Exactness is never lost silently. Crystallized tensors meet exact numbers only, flux meets reals;
the two phases never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from syntonic.errors import PhaseError
from syntonic.exact.golden import GoldenExact
from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.build import as_lattice, is_exact_scalar, lattice_scalar
from syntonic.tensor.base import TensorBase
from syntonic.tensor.specification import Carried, merged

__all__ = [
    "exact_operand",
    "flux_operand",
    "replace_tensors",
    "single_phase",
    "tensors_in",
    "wrap",
]

_PLAIN = (int, float, np.number, np.bool_)


def tensors_in(args: Any) -> Iterator[TensorBase]:
    """Yield the tensors in nested tuples, lists and dicts of arguments."""
    if isinstance(args, TensorBase):
        yield args
    elif isinstance(args, (tuple, list)):
        for x in args:
            yield from tensors_in(x)
    elif isinstance(args, dict):
        yield from tensors_in(tuple(args.values()))


def replace_tensors(args: Any, function: Callable[[TensorBase], Any]) -> Any:
    """Return nested arguments with every tensor replaced."""
    if isinstance(args, TensorBase):
        return function(args)
    if isinstance(args, (tuple, list)):
        return type(args)(replace_tensors(x, function) for x in args)
    if isinstance(args, dict):
        return {key: replace_tensors(x, function) for key, x in args.items()}
    return args


def single_phase(tensors: Iterable[TensorBase], where: str) -> bool:
    """Return whether the tensors are all crystallized; raise PhaseError if phases mix."""
    phases = {t.is_crystallized for t in tensors}
    if len(phases) > 1:
        raise PhaseError(
            f"{where}: all tensors must be in one phase, got crystallized and flux; call "
            ".wake_flux() on the crystallized or .crystallize() on the flux ones"
        )
    return phases.pop()


def exact_operand(x: Any, where: str) -> LatticeArray:
    """Return what meets a crystallized tensor as a lattice array; floats raise TypeError."""
    if isinstance(x, TensorBase):
        return x._lattice(where)
    return lattice_scalar(x) if is_exact_scalar(x) else as_lattice(x, where)


def flux_operand(x: Any, dtype: np.dtype[Any], where: str) -> Any:
    """Return what meets flux as NumPy takes it; exact numbers are rounded once to dtype."""
    if isinstance(x, TensorBase):
        return x._flux(where)
    if isinstance(x, _PLAIN) and not isinstance(x, np.complexfloating):
        return x
    if is_exact_scalar(x):
        return order.floats(lattice_scalar(x), dtype)
    array = np.asarray(x)
    if array.dtype == object:
        return order.floats(as_lattice(array, where), dtype)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{where}: flux meets real numbers, got {array.dtype}; convert the operand first"
        )
    return array


def wrap(like: TensorBase, out: Any, carried: Carried) -> Any:
    """Return lattice arrays and floating arrays as tensors, everything else as it is."""
    if isinstance(out, (tuple, list)):
        return _rebuild(out, [wrap(like, x, carried) for x in out])
    if isinstance(out, LatticeArray):
        return like._of(out, carried)
    if not like.is_crystallized and getattr(getattr(out, "dtype", None), "kind", "") == "f":
        return like._of(np.asarray(out), carried)
    return out


def carried_by(tensors: Iterable[TensorBase]) -> Carried:
    """Return the merged metadata of operands."""
    return merged(t._carried for t in tensors)


def is_foreign(x: object) -> bool:
    """Return whether an operator should leave x to the other operand's class."""
    return not (
        isinstance(x, (TensorBase, GoldenExact, list, tuple, complex, *_PLAIN, np.ndarray))
        or (np.isscalar(x) and not isinstance(x, (str, bytes)))
        or is_exact_scalar(x)
    )


def _rebuild(like: Any, items: list[Any]) -> Any:
    if hasattr(like, "_fields"):  # a named tuple, as np.unique_all returns
        return type(like)(*items)
    return type(like)(items)

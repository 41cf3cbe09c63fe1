"""Promotion: what may meet what, and what a result carries.

Exactness is never lost silently. Crystallized tensors meet exact numbers only, flux meets reals;
the two phases never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from syntonic.device.array import DeviceLattice
from syntonic.errors import DeviceError, PhaseError
from syntonic.exact.golden import GoldenExact
from syntonic.flux.device import CPU, device_of, flux_result, is_cuda, is_flux_dtype
from syntonic.lattice import order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice, is_exact_scalar, lattice_scalar
from syntonic.tensor.base import TensorBase
from syntonic.tensor.specification import Carried, merged

__all__ = [
    "carried_by",
    "exact_operand",
    "flux_arguments",
    "flux_operand",
    "is_foreign",
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


def flux_arguments(args: Any, like: TensorBase, where: str) -> Any:
    """Return nested arguments with tensors, exact numbers and arrays of them as flux takes them.

    Integers alone stay as they are: they may be axes or counts, and NumPy promotes them itself.
    """
    if isinstance(args, dict):
        return {key: flux_arguments(x, like, where) for key, x in args.items()}
    if isinstance(args, (tuple, list)):
        if any(map(_is_exact_fraction, args)) and all(map(is_exact_scalar, args)):
            return flux_operand(args, like, where)
        return type(args)(flux_arguments(x, like, where) for x in args)
    objects = isinstance(args, np.ndarray) and args.dtype == object
    if isinstance(args, TensorBase) or objects or _is_exact_fraction(args):
        return flux_operand(args, like, where)
    return args


def _is_exact_fraction(x: Any) -> bool:
    return is_exact_scalar(x) and not isinstance(x, (int, np.integer, np.bool_))


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


def flux_operand(x: Any, like: TensorBase, where: str) -> Any:
    """Return what meets the flux tensor `like`, as its array library takes it.

    Exact numbers are rounded once, to the dtype of `like`.

    Raises
    ------
    DeviceError
        x is an array on another device.
    TypeError
        x is not real.
    """
    if isinstance(x, TensorBase):
        return _beside(x._flux(where), like, where)
    if isinstance(x, _PLAIN) and not isinstance(x, np.complexfloating):
        return x
    if is_exact_scalar(x):
        return _beside(order.floats(lattice_scalar(x), like.dtype), like, where)
    array = x if is_cuda(x) else np.asarray(x)
    if array.dtype == object:
        array = order.floats(as_lattice(array, where), like.dtype)
    if array.dtype.kind not in "fiub" and not is_flux_dtype(array.dtype):
        raise TypeError(
            f"{where}: flux meets real numbers, got {array.dtype}; flux_array is the plain array, "
            "for other arithmetic"
        )
    return _beside(array, like, where)


def _beside(array: Any, like: TensorBase, where: str) -> Any:
    """Return an array that is on the device of `like`; scalars of the CPU may go anywhere."""
    here, there = device_of(array), like.device
    if here == there:
        return array
    if here == CPU and array.ndim == 0:
        return array[()]
    raise DeviceError(
        f"{where}: all operands must be on one device, got {there} and {here}; move a tensor with "
        f'.to_device("{there}"), an array with ResonantTensor.from_flux(array).to_device("{there}")'
    )


def wrap(like: TensorBase, out: Any, carried: Carried) -> Any:
    """Return lattice arrays and floating arrays as tensors, everything else as it is."""
    if isinstance(out, (tuple, list)):
        return _rebuild(out, [wrap(like, x, carried) for x in out])
    if isinstance(out, (LatticeArray, DeviceLattice)):
        return like._of(out, carried)
    if isinstance(out, type):  # as np.common_type returns
        return out
    if not like.is_crystallized and hasattr(out, "dtype") and is_flux_dtype(out.dtype):
        return like._of(flux_result(out), carried)
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

"""What crystallized tensors on a CUDA device can do: the tables, and the refusal of all else.

Every operand lies on one device; exact scalars may come from the CPU, as into flux. Comparisons
give boolean arrays of the device's library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from syntonic.device import arithmetic, linalg, order, products
from syntonic.device.array import DeviceLattice, not_there
from syntonic.device.moves import to_device
from syntonic.errors import DeviceError
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import exact_operand
from syntonic.tensor.options import axis_errors

__all__ = ["FUNCTIONS", "LINALG", "UFUNCS", "among", "applied", "called"]


def _sum(a: DeviceLattice, axis: Any = None, keepdims: bool = False) -> DeviceLattice:
    axes = range(a.ndim) if axis is None else axis
    with axis_errors("np.sum"):
        axes = np.lib.array_utils.normalize_axis_tuple(axes, a.ndim)
    return arithmetic.sum(a, tuple(axes), bool(keepdims))


UFUNCS: dict[str, Callable[..., Any]] = {
    "add": arithmetic.add,
    "equal": order.equal,
    "matmul": products.matmul,
    "multiply": arithmetic.multiply,
    "negative": arithmetic.negative,
    "not_equal": lambda x, y: ~order.equal(x, y),
    "positive": lambda x: x,
    "square": lambda x: arithmetic.multiply(x, x),
    "subtract": arithmetic.subtract,
    **{
        name: partial(order.compare, name=name)
        for name in ("greater", "greater_equal", "less", "less_equal")
    },
}

LINALG: dict[str, Callable[..., Any]] = {
    "det": linalg.det,
    "inv": linalg.inverse,
    "matmul": products.matmul,
    "solve": linalg.solve,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "array_equal": order.all_equal,
    "ndim": lambda a: a.ndim,
    "shape": lambda a: a.shape,
    "sum": _sum,
    **{f"linalg.{name}": function for name, function in LINALG.items()},
}
"""Of NumPy, by their names; those that only move elements are in `functions.MOVES`."""

_ARGUMENTS = {"sum": ("axis", "keepdims")}


def among(tensors: Iterable[TensorBase]) -> bool:
    """Tell whether one of the tensors is exact and on a CUDA device."""
    return any(t._is_exact_on_device for t in tensors)


def applied(name: str, inputs: tuple[Any, ...], options: Any) -> Any:
    """Return a ufunc of tensors and exact scalars, or raise DeviceError where there is none."""
    if name not in UFUNCS:
        raise DeviceError(not_there(name, _device(inputs)))
    _require_no(options or {}, name, inputs)
    return _computed(UFUNCS[name], name, inputs)


def called(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], where: str = "") -> Any:
    """Return a function of NumPy or of `syntonic.linalg`, or raise DeviceError."""
    where = where or f"np.{name}"
    if name not in FUNCTIONS:
        raise DeviceError(not_there(where, _device((args, kwargs))))
    known = _ARGUMENTS.get(name, ())
    if known:
        args, kwargs = args[:1], {**dict(zip(known, args[1:], strict=False)), **kwargs}
        if not args:
            args = (kwargs.pop("a"),)
        kwargs = {key: x for key, x in kwargs.items() if x is not np._NoValue}
    _require_no({key: x for key, x in kwargs.items() if key not in known}, where, args)
    return _computed(partial(FUNCTIONS[name], **kwargs), where, args)


def _computed(function: Callable[..., Any], where: str, inputs: tuple[Any, ...]) -> Any:
    device = _device(inputs)
    operands = [_operand(x, device, where) for x in inputs]
    with operands[0].located():
        return function(*operands)


def _operand(x: Any, device: str, where: str) -> DeviceLattice:
    if isinstance(x, TensorBase) and x._is_exact_on_device:
        if x.device != device:
            raise DeviceError(
                f"{where}: all operands must be on one device, got {device} and {x.device}; move "
                f'a tensor with .to_device("{device}")'
            )
        return x._data
    found = exact_operand(x, where)
    if found.ndim:
        raise DeviceError(
            f"{where}: all operands must be on one device, got {device} and cpu; move a "
            f'tensor with .to_device("{device}"), an array with '
            f'ResonantTensor(array).to_device("{device}")'
        )
    return to_device(found, device, where)


def _device(inputs: Any) -> str:
    """Return the device of the first tensor that is on one, in nested arguments."""
    if isinstance(inputs, TensorBase):
        return inputs.device if inputs._is_exact_on_device else ""
    if isinstance(inputs, dict):
        inputs = tuple(inputs.values())
    if not isinstance(inputs, (tuple, list)):
        return ""
    return next(filter(None, map(_device, inputs)), "")


def _require_no(options: dict[str, Any], where: str, inputs: Any) -> None:
    if options:
        names = ", ".join(f"{key}=" for key in options)
        raise DeviceError(
            f"{where}: on {_device(inputs)} it takes no {names} of crystallized tensors; call "
            '.to_device("cpu") first'
        )
